//! Workouts onto the calendar of one athlete, from what the checks made of them to what stands there afterwards: what push_workout
//! and apply_plan share.
//!
//! At most four requests and one for each bulk: what stands on the weeks concerned, the absences that began before them, the entries
//! (`POST /athlete/{id}/events/bulk?upsert=true`), and what stands there afterwards. One more for each entry whose repeats or labels
//! upstream read differently, to send it once more in a safer form, and one to read those back; one for each entry of a bulk that
//! upstream refused.

mod same;
pub(in crate::tools) mod several;

use sha2::{Digest as _, Sha256};

use self::same::{Verdict, twins, verdict};
use super::{
    Fate, Tried, Wish, Writing,
    entry::{Entry, Prepared},
    known_number,
    said::{Counts, Scene, failed, heading, id_for_now, not_there_yet, not_written, numbers, undo_hint},
    told,
};
use crate::{
    guard::{Ask, Granted, journal::Change},
    intervals::{
        self,
        model::{self, Event, Held},
    },
    tool_error::ToolError,
    tools::{
        Answer, MOST_REQUESTS, absences,
        answer::{
            self,
            words::{DOT, around, joined},
        },
        arguments::Range,
        day_form::Mornings,
        part::Part,
    },
    training::weeks,
};

/// Workouts for one athlete's calendar, checked with the athlete's settings.
#[derive(Debug)]
pub(in crate::tools) struct Push {
    pub(in crate::tools) profile: model::Athlete,
    pub(in crate::tools) prepared: Vec<Prepared>,
    /// For how many athletes the call writes.
    pub(in crate::tools) athletes: usize,
    /// Also where the day has one of the same name and sport.
    pub(in crate::tools) allow_duplicate: bool,
    /// What they are of, beside the counts; empty for workouts of the call itself.
    pub(in crate::tools) about: String,
    /// What is left out before anything is sent, a line each.
    pub(in crate::tools) left_out: Vec<String>,
    /// Whether each takes one line, without its steps: there are many.
    pub(in crate::tools) is_short: bool,
}

impl Push {
    /// The whole weeks of the workouts.
    fn weeks(&self) -> Range {
        let days = || self.prepared.iter().map(|prepared| prepared.entry.on.day);
        let first = days().min().unwrap_or_default();
        let last = days().max().unwrap_or_default();
        Range {
            oldest: weeks::monday(first),
            newest: weeks::sunday(last),
        }
    }

    /// The absences that began before the weeks.
    async fn earlier(&self, ask: &Ask) -> Result<Part<Vec<Event>>, ToolError> {
        let weeks = self.weeks();
        absences::earlier(&ask.upstream, weeks.oldest, weeks).await
    }

    /// How a part of many is taken back.
    fn some_days(&self, stand: &[i32]) -> String {
        if !self.is_short || stand.len() < 2 {
            return String::new();
        }
        let first = weeks::monday(self.days().oldest);
        format!(
            "Of these only one: its own number; only some days, such as a week: \"{} {}..{}\".",
            numbers(stand.to_vec()),
            first,
            weeks::sunday(first)
        )
    }

    fn days(&self) -> Range {
        let days = || self.prepared.iter().map(|prepared| prepared.entry.on.day);
        Range {
            oldest: days().min().unwrap_or_default(),
            newest: days().max().unwrap_or_default(),
        }
    }

    /// The form of their mornings; of many workouts it is not asked for.
    async fn mornings(&self, ask: &Ask, upstream: &intervals::Athlete) -> Result<Part<Mornings>, ToolError> {
        if self.is_short {
            return Ok(Part::NotAsked);
        }
        Mornings::fetch(ask, upstream, self.days()).await
    }

    /// What is to become of each workout that passed the checks, in their order; None for one that did not.
    fn verdicts(&self, granted: &Granted, there: &[Held], alike: &[Vec<Change>]) -> Vec<Option<Verdict>> {
        let entries: Vec<Entry> = self
            .prepared
            .iter()
            .map(|prepared| prepared.entry.clone())
            .collect();
        let verdict = |(at, prepared): (usize, &Prepared)| {
            let alike = alike.get(at).map_or(&[][..], Vec::as_slice);
            (!prepared.is_refused()).then(|| {
                match verdict(&entries, at, there, alike, self.allow_duplicate) {
                    Verdict::There(held, Some(number)) => {
                        Verdict::There(held, known_number(granted, alike, number))
                    }
                    verdict => verdict,
                }
            })
        };
        self.prepared.iter().enumerate().map(verdict).collect()
    }

    fn scene<'a>(
        &'a self,
        ask: &'a Ask,
        (there, beside): (&'a [Held], &'a [Event]),
        mornings: &'a Part<Mornings>,
    ) -> Scene<'a> {
        Scene {
            card: &ask.card,
            today: ask.today(),
            profile: Some(&self.profile),
            there,
            beside,
            mornings: mornings.got(),
            count: self.prepared.len() * self.athletes,
            but: None,
        }
    }

    /// What would be written. At most three more requests.
    pub(in crate::tools) async fn preview(&self, granted: &Granted) -> Result<Previewed, ToolError> {
        let ask = granted.ask();
        let weeks = self.weeks();
        let (there, earlier, mornings) = tokio::join!(
            ask.upstream.held_on(weeks.oldest, weeks.newest),
            self.earlier(ask),
            self.mornings(ask, &ask.upstream)
        );
        let (there, earlier, mornings) = (there?, earlier?, mornings?);
        let alike = self.alike(granted).await?;
        let verdicts = self.verdicts(granted, &there, &alike);
        // What would be written is beside the others too.
        let mut beside: Vec<Event> = earlier.got().cloned().unwrap_or_default();
        for (at, (prepared, verdict)) in self.prepared.iter().zip(&verdicts).enumerate() {
            if let Some(Verdict::New(_)) = verdict {
                beside.push(not_there_yet(at, prepared.as_event()));
            }
        }
        let scene = self.scene(ask, (&there, &beside), &mornings);
        let mut lines = Vec::new();
        let (mut new, mut already, mut not) = (0, 0, 0);
        for (at, (prepared, verdict)) in self.prepared.iter().zip(&verdicts).enumerate() {
            lines.extend(match verdict {
                None => {
                    not += 1;
                    not_written(prepared, &format!("refused: {}", prepared.refusal()))
                }
                Some(Verdict::New(_)) => {
                    new += 1;
                    let scene = Scene {
                        but: Some(id_for_now(at)),
                        ..scene
                    };
                    if self.is_short {
                        vec![scene.in_short(prepared)]
                    } else {
                        scene.previewed(prepared)
                    }
                }
                Some(Verdict::There(held, number)) => {
                    already += 1;
                    self.already(&scene, prepared, held, *number)
                }
                Some(Verdict::Other(held)) => {
                    not += 1;
                    scene.other(prepared, held, self.is_copy())
                }
                Some(Verdict::Twice(first)) => {
                    not += 1;
                    not_written(prepared, &self.twice(*first))
                }
                Some(Verdict::Namesake(first)) => {
                    not += 1;
                    not_written(prepared, &self.namesake(*first))
                }
            });
        }
        let would = heading([
            (new, "to write"),
            (already, "already there"),
            (not, "not to be written"),
        ]);
        let heading = answer::first_line(
            &ask.card,
            ask.today(),
            &[self.about.clone(), "preview, nothing written".to_owned(), would],
        );
        let days = self.prepared.iter().map(|prepared| prepared.entry.on.day);
        let weeks = scene.weeks(days, " without these");
        Ok(Previewed {
            answer: Answer::of(
                std::iter::once(heading)
                    .chain(lines)
                    .chain(self.left_out.clone())
                    .chain([weeks, mornings.missing(), earlier.missing()]),
            ),
            seen: seen(&there, &self.prepared),
            new,
        })
    }

    /// Whether the workouts are somewhere already, in a plan or on the calendar, so that nobody typed them for this call.
    fn is_copy(&self) -> bool {
        !self.about.is_empty()
    }

    fn twice(&self, first: usize) -> String {
        if self.is_copy() {
            return "not written: the same workout comes earlier on that day".to_owned();
        }
        format!(
            "not written: the same as workouts {first} of this call; for a second one: allow_duplicate: true"
        )
    }

    fn namesake(&self, first: usize) -> String {
        if self.is_copy() {
            return "not written: another workout with this name and sport comes earlier on that day"
                .to_owned();
        }
        format!(
            "not written: workouts {first} of this call has this name and sport for that day; give it another name, or for a second \
             one: allow_duplicate: true"
        )
    }

    /// What the workout is found again by: for a second one of a kind, only by the call that allowed it.
    fn fingerprint(&self, prepared: &Prepared) -> [u8; 32] {
        if self.allow_duplicate {
            prepared.entry.fingerprint_of_second()
        } else {
            prepared.entry.fingerprint()
        }
    }

    /// What is there already; where a second one was allowed, beside what, and how to get one more.
    fn already(
        &self,
        scene: &Scene<'_>,
        prepared: &Prepared,
        held: &Held,
        number: Option<i32>,
    ) -> Vec<String> {
        let mut lines = scene.already(prepared, held, number);
        if self.allow_duplicate {
            let others = twins(&prepared.entry, scene.there, held.id);
            let beside = around(
                "beside id",
                &joined(others.iter().map(ToString::to_string), ", "),
                "",
            );
            lines.push(format!(
                "  {}; one more needs another name or start time",
                joined(["written by this very call", &beside], " ")
            ));
        }
        lines
    }

    async fn alike(&self, granted: &Granted) -> Result<Vec<Vec<Change>>, ToolError> {
        let mut alike = Vec::new();
        for prepared in &self.prepared {
            alike.push(granted.journal().alike(self.fingerprint(prepared)).await?);
        }
        Ok(alike)
    }

    /// Writes the workouts. At most five more requests, if upstream takes them as they are.
    pub(in crate::tools) async fn write(
        &self,
        granted: &Granted,
        previewed: Option<Seen>,
    ) -> Result<Answer, ToolError> {
        let mut writing = Writing::begin(granted).await?;
        let done = self.write_in(granted, &mut writing, previewed).await;
        writing.end(done).await
    }

    async fn write_in(
        &self,
        granted: &Granted,
        writing: &mut Writing<'_>,
        previewed: Option<Seen>,
    ) -> Result<Answer, ToolError> {
        let ask = granted.ask();
        let (before, earlier) = tokio::join!(writing.on(self.weeks()), self.earlier(ask));
        let (before, earlier) = (before?, earlier?);
        if previewed.is_some_and(|previewed| previewed != seen(&before, &self.prepared)) {
            return Err(ToolError::Input(
                "Not written: this athlete's calendar or thresholds changed since the preview. Call again for this athlete for a new \
                 preview."
                    .to_owned(),
            ));
        }
        let alike = self.alike(granted).await?;
        let verdicts = self.verdicts(granted, &before, &alike);
        let wishes: Vec<Wish> = self
            .prepared
            .iter()
            .zip(&verdicts)
            .filter_map(|(prepared, verdict)| match verdict {
                Some(Verdict::New(retry)) => {
                    Some(prepared.entry.wish(self.fingerprint(prepared), retry.clone()))
                }
                _ => None,
            })
            .collect();
        let (tried, after) = if wishes.is_empty() {
            (Vec::new(), None)
        } else {
            writing.apply(wishes, self.weeks()).await?
        };
        let is_read_back = tried.is_empty() || after.is_some();
        let there = after.unwrap_or(before);
        // Beside the absences.
        let mornings = if ask.upstream.requests() <= MOST_REQUESTS {
            // What was written must be told, whatever else cannot be read.
            let fetched = self.mornings(ask, writing.upstream()).await;
            fetched.unwrap_or_else(|_| {
                Part::Missing("Form of the mornings left out: it could not be read.".to_owned())
            })
        } else {
            Part::NotAsked
        };
        let beside = earlier.got().map(Vec::as_slice).unwrap_or_default();
        let scene = self.scene(ask, (&there, beside), &mornings);
        let stands = |tried: &Tried| matches!(tried.fate, Fate::Stands(_));
        let is_there = |verdict: &Option<Verdict>| matches!(verdict, Some(Verdict::There(..)));
        let came_true = tried.iter().any(stands) || verdicts.iter().any(is_there);
        let missing = [mornings.missing(), earlier.missing()];
        let answer = self.said(&scene, &verdicts, tried.clone(), missing, is_read_back);
        told(answer, came_true, &tried)
    }

    fn said(
        &self,
        scene: &Scene<'_>,
        verdicts: &[Option<Verdict>],
        tried: Vec<Tried>,
        missing: [String; 2],
        is_read_back: bool,
    ) -> Answer {
        let mut lines = Vec::new();
        let mut counts = Counts::default();
        let mut tried = tried.into_iter();
        for (prepared, verdict) in self.prepared.iter().zip(verdicts) {
            lines.extend(match verdict {
                None => {
                    counts.not += 1;
                    not_written(prepared, &format!("not written: {}", prepared.refusal()))
                }
                Some(Verdict::There(held, number)) => {
                    counts.already += 1;
                    self.already(scene, prepared, held, *number)
                }
                Some(Verdict::Other(held)) => {
                    counts.not += 1;
                    scene.other(prepared, held, self.is_copy())
                }
                Some(Verdict::Twice(first)) => {
                    counts.not += 1;
                    not_written(prepared, &self.twice(*first))
                }
                Some(Verdict::Namesake(first)) => {
                    counts.not += 1;
                    not_written(prepared, &self.namesake(*first))
                }
                Some(Verdict::New(_)) => {
                    let Some(tried) = tried.next() else { continue };
                    let otherwise = !tried.differences.is_empty();
                    counts.add(&tried, otherwise, false);
                    if let Fate::Stands(held) = &tried.fate {
                        let how = if otherwise {
                            "written, but NOT AS SENT"
                        } else {
                            "written"
                        };
                        if self.is_short && !otherwise {
                            let number = format!("change {}", tried.number);
                            vec![joined([scene.now(held), number, format!("id {}", held.id)], DOT)]
                        } else {
                            scene.standing(held, how, Some(&tried), &prepared.problems)
                        }
                    } else {
                        let why = failed(&tried.fate).unwrap_or_default();
                        not_written(prepared, &format!("{why} (change {})", tried.number))
                    }
                }
            });
        }
        let heading = answer::first_line(scene.card, scene.today, &[self.about.clone(), counts.in_words()]);
        let days = self.prepared.iter().map(|prepared| prepared.entry.on.day);
        let some = self.some_days(&counts.stand);
        let undo = undo_hint(scene.card, counts.stand, "undoes what was written");
        // The weeks' loads from before would be told as those of now.
        let weeks = if is_read_back {
            scene.weeks(days, "")
        } else {
            String::new()
        };
        let end = std::iter::once(weeks)
            .chain(missing)
            .chain([joined([undo, some], " ")]);
        let lines = lines.into_iter().chain(self.left_out.clone());
        Answer::of(std::iter::once(heading).chain(lines).chain(end))
    }
}

/// A hash of what a preview was made from.
pub(in crate::tools) type Seen = [u8; 32];

/// A preview for one athlete.
pub(in crate::tools) struct Previewed {
    pub(in crate::tools) answer: Answer,
    /// What it was made from.
    seen: Seen,
    /// How many workouts would be written.
    new: usize,
}

/// What stands there and what the targets were resolved with, in a form that changes when any of it does.
fn seen(there: &[Held], prepared: &[Prepared]) -> Seen {
    let mut hash = Sha256::new();
    for prepared in prepared {
        hash.update(format!("{:?}", prepared.settings));
    }
    for held in there {
        hash.update(held.id.to_be_bytes());
        hash.update(serde_json::to_vec(&held.fields).unwrap_or_default());
    }
    hash.finalize().into()
}
