//! push_event: races, notes, targets, absences and marks onto the calendar of one athlete.
//!
//! At most five requests: what stands on the days concerned, the absences that began before them, the profile if there is a
//! race, whose day the usual week may limit, the entries in one (`POST /athlete/{id}/events/bulk?upsert=true`), and what stands
//! there afterwards. One more for what an earlier call left open, for each entry where upstream refused them together, and for
//! each that is overwritten (`PUT`).

mod asked;
mod same;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use self::{
    asked::{Asked, PARAMS, Wanted},
    same::{Verdict, verdict},
};
use super::{
    Answer, Run, Tool, absences,
    answer::{
        self, units,
        words::{around, joined},
    },
    arguments::{Arguments, Range, in_row, wrong},
    part::{Part, if_there},
    writing::{
        Fate, Tried, Wish, Writing,
        entry::{NAME, precisely, same_name},
        field_words,
        find::Reader,
        known_number,
        said::{Counts, Scene, done_already, failed, heading, id_for_now, not_there_yet, stood, undo_hint},
        told,
    },
};
use crate::{
    guard::{Ask, AthleteCard, Granted},
    intervals::model::{self, EntryFields, Event, Held},
    permissions,
    text::fenced,
    tool_error::ToolError,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::PUSH_EVENT,
    description: "Puts races, notes, targets, absences and marks on the calendar, for one day or several. Read back; the same \
        again changes nothing; undo_change undoes it. edit_workout and delete_workout work on these too.",
    params: PARAMS,
    requests: "3–5",
    run: Run::Write(|granted, given| Box::pin(push(granted, given))),
};

async fn push(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let today = granted.ask().today();
    let asked = Asked::read(&Arguments::new(given, PARAMS, today)?, today)?;
    if asked.preview {
        return asked.show(&granted).await;
    }
    let mut writing = Writing::begin(&granted).await?;
    let done = asked.write(&granted, &mut writing).await;
    writing.end(done).await
}

impl Wanted {
    /// What the entry is found again by.
    fn fingerprint(&self) -> [u8; 32] {
        let fields = EntryFields {
            name: self.fields.name.as_deref().map(same_name),
            ..self.fields.clone()
        };
        let mut hash = Sha256::new();
        hash.update(b"event");
        hash.update(serde_json::to_vec(&fields).unwrap_or_default());
        hash.finalize().into()
    }
}

impl Asked {
    /// The days of the entries.
    fn own_days(&self) -> Range {
        let (oldest, newest) = self.days();
        Range { oldest, newest }
    }

    /// The absences that began before those days.
    async fn earlier(&self, ask: &Ask) -> Result<Part<Vec<Event>>, ToolError> {
        let days = self.own_days();
        absences::earlier(&ask.upstream, days.oldest, days).await
    }

    /// The profile, if the usual week may limit the day of a race. An answer can do without it.
    async fn profile(&self, ask: &Ask) -> Result<Option<model::Athlete>, ToolError> {
        let has_race = self
            .events
            .iter()
            .any(|wanted| wanted.fields.as_event().is_race());
        if !has_race || !ask.card.shows(&permissions::GET_EVENTS) {
            return Ok(None);
        }
        if_there(ask.upstream.profile().await)
    }

    /// What is to become of each, in their order.
    async fn verdicts(&self, granted: &Granted, there: &[Held]) -> Result<Vec<Verdict>, ToolError> {
        let mut verdicts: Vec<Verdict> = Vec::new();
        for (at, wanted) in self.events.iter().enumerate() {
            let needs_sport = wanted.fields.as_event().is_race() && wanted.fields.sport.is_none();
            let alike = granted.journal().alike(wanted.fingerprint()).await?;
            let found = verdict(&self.events, at, there, &alike);
            if let Verdict::Other(held, _) = &found
                && let Some(first) = changes_already(&verdicts, held)
            {
                verdicts.push(Verdict::Twice(first));
                continue;
            }
            verdicts.push(match found {
                Verdict::There(held, Some(number)) => {
                    Verdict::There(held, known_number(granted, &alike, number))
                }
                Verdict::New(_) if needs_sport => {
                    let error = wrong("sport", "must be given for a race");
                    return Err(in_row("events", at, &error));
                }
                verdict if self.overwrite && may_change(&granted.ask().card) => verdict.overwriting(wanted),
                // What the athlete has there is the calendar's: not even whether it is the same is told.
                Verdict::There(held, None) if !granted.ask().card.shows(&permissions::GET_EVENTS) => {
                    Verdict::Other(held, Vec::new())
                }
                verdict => verdict,
            });
        }
        Ok(verdicts)
    }

    fn scene<'a>(
        &self,
        ask: &'a Ask,
        profile: Option<&'a model::Athlete>,
        there: &'a [Held],
        beside: &'a [Event],
    ) -> Scene<'a> {
        Scene {
            card: &ask.card,
            today: ask.today(),
            profile,
            there,
            beside,
            mornings: None,
            count: self.events.len(),
            but: None,
        }
    }

    /// What would be written.
    async fn show(&self, granted: &Granted) -> Result<Answer, ToolError> {
        let ask = granted.ask();
        let (there, earlier, profile) = tokio::join!(
            Reader::Showing(ask).on(self.own_days()),
            self.earlier(ask),
            self.profile(ask)
        );
        let (there, earlier, profile) = (there?, earlier?, profile?);
        let verdicts = self.verdicts(granted, &there).await?;
        // What would be written is beside the others too.
        let mut beside: Vec<Event> = earlier.got().cloned().unwrap_or_default();
        for (at, (wanted, verdict)) in self.events.iter().zip(&verdicts).enumerate() {
            if let Verdict::New(_) = verdict {
                beside.push(not_there_yet(at, wanted.fields.as_event()));
            }
        }
        let scene = self.scene(ask, profile.as_ref(), &there, &beside);
        let (mut new, mut change, mut already, mut not) = (0, 0, 0, 0);
        let mut lines = Vec::new();
        for (at, (wanted, verdict)) in self.events.iter().zip(&verdicts).enumerate() {
            lines.extend(match verdict {
                Verdict::New(_) => {
                    new += 1;
                    let scene = Scene {
                        but: Some(id_for_now(at)),
                        ..scene
                    };
                    let mut lines = scene.mark_previewed(&wanted.fields, "");
                    lines.extend(notes(wanted));
                    lines
                }
                Verdict::Change(held, changes) => {
                    change += 1;
                    let how = format!("to change: {}", changed_words(held, changes));
                    let scene = Scene {
                        but: Some(held.id),
                        ..scene
                    };
                    let mut lines = scene.mark_previewed(&held.fields.with(changes), &how);
                    lines.push(format!(
                        "  now: {} · id {}",
                        stood(&scene, held, changes),
                        held.id
                    ));
                    lines.push(around(" ", done_already(held), ""));
                    lines
                }
                Verdict::There(held, number) => {
                    already += 1;
                    already_there(&scene, wanted, held, *number)
                }
                verdict => {
                    not += 1;
                    scene.mark_not_written(&wanted.fields, &why_not(&scene, wanted, verdict))
                }
            });
        }
        let would = heading([
            (new, "to write"),
            (change, "to change"),
            (already, "already there"),
            (not, "not to be written"),
        ]);
        let parts = ["preview, nothing written".to_owned(), would];
        let first = answer::first_line(&ask.card, ask.today(), &parts);
        Ok(Answer::of(
            std::iter::once(first).chain(lines).chain([earlier.missing()]),
        ))
    }

    async fn write(&self, granted: &Granted, writing: &mut Writing<'_>) -> Result<Answer, ToolError> {
        let ask = granted.ask();
        let (before, earlier, profile) =
            tokio::join!(writing.on(self.own_days()), self.earlier(ask), self.profile(ask));
        let (before, earlier, profile) = (before?, earlier?, profile?);
        let verdicts = self.verdicts(granted, &before).await?;
        let wishes: Vec<Wish> = self
            .events
            .iter()
            .zip(&verdicts)
            .filter_map(|(wanted, verdict)| match verdict {
                Verdict::New(retry) => Some(Wish::Make {
                    fields: wanted.fields.clone(),
                    steps: None,
                    fingerprint: Some(wanted.fingerprint()),
                    retry: retry.clone(),
                }),
                Verdict::Change(held, changes) => Some(Wish::Change {
                    before: held.clone(),
                    changes: (**changes).clone(),
                    steps: None,
                }),
                Verdict::There(..) | Verdict::Other(..) | Verdict::Several(_) | Verdict::Twice(_) => None,
            })
            .collect();
        let (tried, after) = if wishes.is_empty() {
            (Vec::new(), None)
        } else {
            writing.apply(wishes, self.own_days()).await?
        };
        let there = after.unwrap_or(before);
        let beside = earlier.got().map(Vec::as_slice).unwrap_or_default();
        let scene = self.scene(ask, profile.as_ref(), &there, beside);
        let stands = |tried: &Tried| matches!(tried.fate, Fate::Stands(_));
        let is_there = |verdict: &Verdict| matches!(verdict, Verdict::There(..));
        let came_true = tried.iter().any(stands) || verdicts.iter().any(is_there);
        let answer = self.said(&scene, &verdicts, &tried, earlier.missing());
        told(answer, came_true, &tried)
    }

    fn said(&self, scene: &Scene<'_>, verdicts: &[Verdict], tried: &[Tried], missing: String) -> Answer {
        let mut counts = Counts::default();
        let mut lines = Vec::new();
        let mut tried = tried.iter();
        for (wanted, verdict) in self.events.iter().zip(verdicts) {
            lines.extend(match verdict {
                Verdict::New(_) => {
                    let Some(tried) = tried.next() else { continue };
                    counts.add(tried, !tried.fields.is_empty(), false);
                    let mut lines = became(scene, wanted, tried, None);
                    lines.extend(notes(wanted));
                    lines
                }
                Verdict::Change(held, changes) => {
                    let Some(tried) = tried.next() else { continue };
                    counts.add(tried, !tried.fields.is_empty(), true);
                    became(scene, wanted, tried, Some((held, changes)))
                }
                Verdict::There(held, number) => {
                    counts.already += 1;
                    already_there(scene, wanted, held, *number)
                }
                verdict => {
                    counts.not += 1;
                    scene.mark_not_written(&wanted.fields, &why_not(scene, wanted, verdict))
                }
            });
        }
        let first = answer::first_line(scene.card, scene.today, &[counts.in_words()]);
        let changed = counts.changed + counts.changed_otherwise;
        let what = match (changed, counts.written + counts.otherwise) {
            (0, _) => "undoes what was written",
            (_, 0) => "undoes what was changed",
            _ => "undoes what was written and changed",
        };
        let undo = undo_hint(scene.card, counts.stand, what);
        Answer::of(std::iter::once(first).chain(lines).chain([missing, undo]))
    }
}

/// What became of an entry that was sent: a new one, or what stood there with these changes.
fn became(
    scene: &Scene<'_>,
    wanted: &Wanted,
    tried: &Tried,
    before: Option<(&Held, &EntryFields)>,
) -> Vec<String> {
    let Fate::Stands(held) = &tried.fate else {
        let why = failed(&tried.fate).unwrap_or_default();
        let why = format!("{why} (change {})", tried.number);
        return scene.mark_not_written(&wanted.fields, &why);
    };
    let how = match (before, tried.fields.is_empty()) {
        (None, true) => "written".to_owned(),
        (None, false) => "written, but NOT AS SENT".to_owned(),
        (Some((before, changes)), true) => format!("changed: {}", changed_words(before, changes)),
        (Some(_), false) => "changed, but NOT AS SENT".to_owned(),
    };
    let mut lines = scene.standing(held, &how, Some(tried), &[]);
    if let Some((before, changes)) = before {
        lines.push(format!("  before: {}", stood(scene, before, changes)));
        lines.push(around(" ", done_already(before), ""));
    }
    lines
}

/// `priority, distance`
fn changed_words(before: &Held, changes: &EntryFields) -> String {
    let after = before.fields.with(changes);
    let mut names = precisely(changes.names(), &before.fields, &after);
    // It goes with the start.
    names.retain(|name| *name != "end_date_local" || before.fields.last_day() != after.last_day());
    field_words(&names)
}

/// The number of the row of the call that changes this entry already.
fn changes_already(verdicts: &[Verdict], held: &Held) -> Option<usize> {
    let is_it = |verdict: &Verdict| matches!(verdict, Verdict::Change(other, _) if other.id == held.id);
    verdicts.iter().position(is_it).map(|at| at + 1)
}

/// Whether the caller may change what stands there, and see what that was: a coach only where both are granted.
fn may_change(card: &AthleteCard) -> bool {
    card.shows(&permissions::EDIT_WORKOUT) && card.shows(&permissions::GET_EVENTS)
}

fn notes(wanted: &Wanted) -> impl Iterator<Item = String> {
    wanted.notes.iter().map(|note| format!("  {note}"))
}

/// What is on the calendar already. To a coach without the calendar no more of it than was asked for.
fn already_there(scene: &Scene<'_>, wanted: &Wanted, held: &Held, number: Option<i32>) -> Vec<String> {
    let how = match number {
        Some(number) => format!("already there (change {number}), nothing written"),
        None => "already there, nothing written".to_owned(),
    };
    let how = format!("{how} · id {}", held.id);
    if scene.card.shows(&permissions::GET_EVENTS) {
        vec![format!("{} · {how}", scene.now(held))]
    } else {
        let name = wanted.fields.name.as_deref().filter(|_| wanted.is_named());
        let name = fenced(name.unwrap_or_default(), NAME);
        let day = wanted.fields.day().map(units::date).unwrap_or_default();
        vec![format!("{day} · {} · {how}", joined([wanted.kind, &name], " "))]
    }
}

/// Why an entry is not written although nothing is wrong with it.
fn why_not(scene: &Scene<'_>, wanted: &Wanted, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Twice(first) => format!(
            "not written: events {first} of this call is of its kind and name on that day; give it another name"
        ),
        Verdict::Other(held, names) => {
            // What the entry holds is the calendar's.
            let (with, now) = if scene.card.shows(&permissions::GET_EVENTS) {
                let names = precisely(names.clone(), &wanted.fields, &held.fields);
                let with = format!(", with another {}", field_words(&names));
                (with, format!(". There now: {}", scene.now(held)))
            } else {
                (String::new(), String::new())
            };
            let id = held.id;
            let how = if may_change(scene.card) {
                "overwrite: true gives it these values"
            } else {
                "a coach changes it only with edit_workout granted as well"
            };
            let else_name = if wanted.fields.as_event().category() == Event::TARGET {
                ""
            } else {
                "; or give this one another name"
            };
            format!(
                "not written: one of its kind and name (id {id}) is on that day already{with}: {how}{else_name}{now}"
            )
        }
        Verdict::Several(ids) => {
            let ids = joined(ids.iter().map(ToString::to_string), ", ");
            let how = if wanted.is_named() {
                "edit_workout changes one by its id"
            } else {
                "give the name of the one that is meant"
            };
            format!("not written: several of its kind are on that day (ids {ids}): {how}")
        }
        Verdict::New(_) | Verdict::Change(..) | Verdict::There(..) => String::new(),
    }
}
