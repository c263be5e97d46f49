//! push_event: races, notes, targets, absences and marks onto the calendar of one athlete.
//!
//! At most four requests: what stands on the days concerned and on those before, on which an absence may have begun, the
//! profile if there is a race, whose day the usual week may limit, the entries in one
//! (`POST /athlete/{id}/events/bulk?upsert=true`), and what stands there afterwards. One more for what an earlier call left open,
//! and for each entry where upstream refused them together.

mod asked;
mod same;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use self::{
    asked::{Asked, PARAMS, Wanted},
    same::{Verdict, verdict},
};
use super::{
    Answer, Run, Tool,
    absences::READ_BEFORE,
    answer::{self},
    arguments::{Arguments, Range},
    part::if_there,
    writing::{
        Fate, Tried, Wish, Writing,
        entry::same_name,
        field_words,
        find::Reader,
        known_number,
        said::{Scene, failed, heading, undo_hint},
        told, with_earlier,
    },
};
use crate::{
    guard::{Ask, Granted},
    intervals::model::{self, EntryFields, Held},
    permissions,
    tool_error::ToolError,
    training::weeks,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::PUSH_EVENT,
    description: "Puts races, notes, targets, absences and marks on the calendar, for a day or several, also past ones. Read back; \
        the same again changes nothing; undo_change takes it back. edit_workout and delete_workout work on these too.",
    params: PARAMS,
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

    /// The same with the days before, on which an absence may have begun.
    fn with_days_before(&self) -> Range {
        let days = self.own_days();
        Range {
            oldest: weeks::back(days.oldest, READ_BEFORE),
            ..days
        }
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
        let mut verdicts = Vec::new();
        for (at, wanted) in self.events.iter().enumerate() {
            let alike = granted.journal().alike(wanted.fingerprint()).await?;
            verdicts.push(match verdict(&self.events, at, there, &alike) {
                Verdict::There(held, Some(number)) => {
                    Verdict::There(held, known_number(granted, &alike, number))
                }
                verdict => verdict,
            });
        }
        Ok(verdicts)
    }

    fn scene<'a>(&self, ask: &'a Ask, profile: Option<&'a model::Athlete>, there: &'a [Held]) -> Scene<'a> {
        Scene {
            card: &ask.card,
            today: ask.today(),
            profile,
            there,
            mornings: None,
            count: self.events.len(),
            but: None,
        }
    }

    /// What would be written.
    async fn show(&self, granted: &Granted) -> Result<Answer, ToolError> {
        let ask = granted.ask();
        let (there, profile) = tokio::join!(
            Reader::Showing(ask).on(self.with_days_before()),
            self.profile(ask)
        );
        let (there, profile) = (there?, profile?);
        let verdicts = self.verdicts(granted, &there).await?;
        let scene = self.scene(ask, profile.as_ref(), &there);
        let (mut new, mut already, mut not) = (0, 0, 0);
        let mut lines = Vec::new();
        for (wanted, verdict) in self.events.iter().zip(&verdicts) {
            lines.extend(match verdict {
                Verdict::New(_) => {
                    new += 1;
                    let mut lines = scene.mark_previewed(&wanted.fields, "");
                    lines.extend(notes(wanted));
                    lines
                }
                Verdict::There(held, number) => {
                    already += 1;
                    vec![already_there(&scene, held, *number)]
                }
                verdict => {
                    not += 1;
                    scene.mark_not_written(&wanted.fields, &why_not(&scene, wanted, verdict))
                }
            });
        }
        let would = heading([
            (new, "to write"),
            (already, "already there"),
            (not, "not to be written"),
        ]);
        let parts = ["preview, nothing written".to_owned(), would];
        let first = answer::first_line(&ask.card, ask.today(), &parts);
        Ok(Answer::of(std::iter::once(first).chain(lines)))
    }

    async fn write(&self, granted: &Granted, writing: &mut Writing<'_>) -> Result<Answer, ToolError> {
        let ask = granted.ask();
        let (before, profile) = tokio::join!(writing.on(self.with_days_before()), self.profile(ask));
        let (before, profile) = (before?, profile?);
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
                _ => None,
            })
            .collect();
        let (tried, after) = if wishes.is_empty() {
            (Vec::new(), None)
        } else {
            writing.apply(wishes, self.own_days()).await?
        };
        let there = with_earlier(&before, after, self.own_days());
        let scene = self.scene(ask, profile.as_ref(), &there);
        let stands = |tried: &Tried| matches!(tried.fate, Fate::Stands(_));
        let is_there = |verdict: &Verdict| matches!(verdict, Verdict::There(..));
        let came_true = tried.iter().any(stands) || verdicts.iter().any(is_there);
        told(self.said(&scene, &verdicts, &tried), came_true, &tried)
    }

    fn said(&self, scene: &Scene<'_>, verdicts: &[Verdict], tried: &[Tried]) -> Answer {
        let (mut written, mut otherwise, mut already, mut not, mut unknown) = (Vec::new(), 0, 0, 0, 0);
        let mut lines = Vec::new();
        let mut tried = tried.iter();
        for (wanted, verdict) in self.events.iter().zip(verdicts) {
            lines.extend(match verdict {
                Verdict::New(_) => {
                    let Some(tried) = tried.next() else { continue };
                    if let Fate::Stands(held) = &tried.fate {
                        written.push(tried.number);
                        let how = if tried.fields.is_empty() {
                            "written"
                        } else {
                            otherwise += 1;
                            "written, but NOT AS SENT"
                        };
                        let mut lines = scene.standing(held, how, Some(tried), &[]);
                        lines.extend(notes(wanted));
                        lines
                    } else {
                        let count = if tried.left_nothing() {
                            &mut not
                        } else {
                            &mut unknown
                        };
                        *count += 1;
                        let why = failed(&tried.fate).unwrap_or_default();
                        let why = format!("{why} (change {})", tried.number);
                        scene.mark_not_written(&wanted.fields, &why)
                    }
                }
                Verdict::There(held, number) => {
                    already += 1;
                    vec![already_there(scene, held, *number)]
                }
                verdict => {
                    not += 1;
                    scene.mark_not_written(&wanted.fields, &why_not(scene, wanted, verdict))
                }
            });
        }
        let counts = heading([
            (written.len() - otherwise, "written"),
            (otherwise, "written, but NOT AS SENT"),
            (already, "already there"),
            (not, "not written"),
            (unknown, "not known"),
        ]);
        let first = answer::first_line(scene.card, scene.today, &[counts]);
        let undo = undo_hint(scene.card, written, "takes back what was written");
        Answer::of(std::iter::once(first).chain(lines).chain([undo]))
    }
}

fn notes(wanted: &Wanted) -> impl Iterator<Item = String> {
    wanted.notes.iter().map(|note| format!("  note: {note}"))
}

/// What is on the calendar already.
fn already_there(scene: &Scene<'_>, held: &Held, number: Option<i32>) -> String {
    let how = match number {
        Some(number) => format!("already there (change {number}), nothing written"),
        None => "already there, nothing written".to_owned(),
    };
    format!("{} · {how} · id {}", scene.now(held), held.id)
}

/// Fields of such an entry that an edit reaches.
const EDITABLE: [&str; 7] = [
    "description",
    "color",
    "end_date_local",
    "icu_training_load",
    "moving_time",
    "load_target",
    "time_target",
];

/// Why an entry is not written although nothing is wrong with it.
fn why_not(scene: &Scene<'_>, wanted: &Wanted, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Twice(first) => format!(
            "not written: events {first} of this call is of its kind and name on that day; give it another name"
        ),
        Verdict::Other(held, names) => {
            // What the entry holds is the calendar's.
            let with = if scene.card.shows(&permissions::GET_EVENTS) {
                format!(", with another {}", field_words(names))
            } else {
                String::new()
            };
            let else_name = if wanted.fields.as_event().category() == model::Event::TARGET {
                ""
            } else {
                "; or give this one another name"
            };
            let is_editable = |name: &&str| EDITABLE.contains(name);
            let how = if names.iter().all(is_editable) {
                format!("edit_workout with id {} changes that", held.id)
            } else {
                format!("delete_workout with id {} makes room for it", held.id)
            };
            format!("not written: one of its kind and name is on that day already{with}: {how}{else_name}")
        }
        Verdict::New(_) | Verdict::There(..) => String::new(),
    }
}
