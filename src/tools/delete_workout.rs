//! delete_workout: one entry of the calendar at once, or the workouts of a range after they were listed and confirmed.
//!
//! At most four requests: the entry or the range, the deletion (`DELETE /athlete/{id}/events/{eventId}`, or
//! `PUT /athlete/{id}/events/bulk-delete` with the ids of the confirmed list, never upstream's own range), what stands there
//! afterwards, and what an earlier call left open.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Answer, Run, Tool,
    answer::{
        self, counted,
        words::{around, joined},
    },
    arguments::{Arguments, Range, wrong},
    params::Param,
    writing::{
        Fate, Tried, Wish, Writing, entry,
        find::{self, DATE, ENTRY_NAME, ID, Meant, Reader},
        said::{failed, heading, no_token, undo_hint},
        told,
    },
};
use crate::{
    guard::{Ask, Granted},
    intervals::model::Held,
    permissions,
    tool_error::ToolError,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::DELETE_WORKOUT,
    description: "Deletes one entry of any kind at once (id, or date and name), or a range's workouts from today on: listed first, with a token. \
        undo_change restores.",
    params: PARAMS,
    requests: "3–4",
    run: Run::Write(|granted, given| Box::pin(delete(granted, given))),
};

const PARAMS: &[Param] = &[
    ID,
    DATE,
    ENTRY_NAME,
    Param::day("oldest", "Range: first day"),
    Param::day("newest", "Range: last day"),
    Param::text("confirm", 40, "Token of the list"),
    Param::flag("preview", ""),
];

/// Days of a range.
const MOST_DAYS: i64 = 366;
/// Workouts of a range.
const MOST: usize = 100;

/// What is to go.
#[derive(Debug)]
enum Asked {
    /// With a token, if one was given: an entry that is paired with an activity needs it.
    One(Meant, Option<String>),
    Range(Range, Option<String>),
}

impl Asked {
    fn read(arguments: &Arguments, ask: &Ask) -> Result<Self, ToolError> {
        let meant = Meant::read(arguments)?;
        let oldest = arguments.planned_day("oldest")?.map(|moment| moment.day);
        let newest = arguments.planned_day("newest")?.map(|moment| moment.day);
        let confirm = arguments.text("confirm")?;
        match (meant, oldest, newest) {
            (Some(meant), None, None) => Ok(Self::One(meant, confirm)),
            (Some(_), ..) => Err(ToolError::Input(
                "Not done: pass one entry (id, or date and name) or a range (oldest and newest), not both."
                    .to_owned(),
            )),
            (None, Some(oldest), Some(newest)) => {
                let range = Range { oldest, newest };
                if newest < oldest {
                    return Err(wrong("oldest", "must not be after newest"));
                }
                if oldest < ask.today() {
                    return Err(wrong(
                        "oldest",
                        "must be today or later: what is past goes only one by one, with id or date",
                    ));
                }
                if range.days() > MOST_DAYS {
                    return Err(wrong(
                        "newest",
                        &format!("must be within {MOST_DAYS} days of oldest"),
                    ));
                }
                Ok(Self::Range(range, confirm))
            }
            (None, Some(_), None) => Err(wrong("newest", "must be given with oldest")),
            (None, None, Some(_)) => Err(wrong("oldest", "must be given with newest")),
            (None, None, None) => Err(wrong(
                "id",
                "must be given, or date and name, or oldest and newest",
            )),
        }
    }
}

async fn delete(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let arguments = Arguments::new(given, PARAMS, ask.today())?;
    let preview = arguments.flag("preview")?;
    let asked = Asked::read(&arguments, ask)?;
    match asked {
        Asked::One(meant, _) if preview => {
            let held = meant.find(ask, Reader::Showing(ask)).await?;
            Ok(Answer::of([
                answer::first_line(&ask.card, ask.today(), &["preview, nothing deleted".to_owned()]),
                line(&held),
                cannot_take_back(&[held]),
            ]))
        }
        Asked::Range(range, confirm) if preview || confirm.is_none() => list(&granted, range).await,
        asked => {
            let mut writing = Writing::begin(&granted).await?;
            let done = delete_in(&granted, &mut writing, asked).await;
            writing.end(done).await
        }
    }
}

/// What a token for a range confirms, besides what it lists.
fn what(ask: &Ask, range: Range) -> Vec<u8> {
    json!([
        "delete",
        ask.card.id.as_str(),
        range.oldest.to_string(),
        range.newest.to_string()
    ])
    .to_string()
    .into_bytes()
}

fn workouts(there: Vec<Held>, range: Range) -> Vec<Held> {
    let is_one =
        |held: &Held| held.event.is_workout() && held.event.day().is_some_and(|day| range.contains(day));
    there.into_iter().filter(is_one).collect()
}

/// What a token for one entry confirms.
fn what_of(ask: &Ask, held: &Held) -> Vec<u8> {
    json!(["delete", ask.card.id.as_str(), held.id])
        .to_string()
        .into_bytes()
}

/// Whether the token is for this entry as it stands.
async fn is_confirmed(granted: &Granted, held: &Held, token: Option<String>) -> Result<bool, ToolError> {
    let Some(token) = token else {
        return Ok(false);
    };
    match granted
        .journal()
        .confirm(&token, &what_of(granted.ask(), held))
        .await?
    {
        Some(seen) => Ok(seen == mark(held)),
        None => Err(no_token()),
    }
}

/// An entry that was done loses its pairing for good, so it takes a second call.
async fn ask_about_paired(granted: &Granted, held: &Held) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let token = granted
        .journal()
        .confirmation(&what_of(ask, held), &mark(held))
        .await?;
    let end = format!(
        "Nothing is deleted yet. To delete it all the same, repeat the call with confirm: \"{token}\" within ten minutes."
    );
    Ok(Answer::of([
        answer::first_line(&ask.card, ask.today(), &["nothing deleted".to_owned()]),
        line(held),
        cannot_take_back(std::slice::from_ref(held)),
        end,
    ]))
}

async fn list(granted: &Granted, range: Range) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let found = workouts(Reader::Showing(ask).on(range).await?, range);
    let count = counted(found.len(), "workout", "workouts");
    let heading = answer::first_line(
        &ask.card,
        ask.today(),
        &[range.in_words(), format!("{count} to delete, nothing deleted")],
    );
    if found.is_empty() {
        return Ok(Answer::of([
            heading,
            "No workout is planned in this range.".to_owned(),
        ]));
    }
    if found.len() > MOST {
        return Err(ToolError::Input(format!(
            "Not done: {count} are more than {MOST} in one call. Use a shorter range."
        )));
    }
    let seen: Vec<u8> = found.iter().flat_map(mark).collect();
    let token = granted.journal().confirmation(&what(ask, range), &seen).await?;
    let end = format!(
        "Nothing is deleted yet. To delete exactly these, repeat the call with confirm: \"{token}\" within ten minutes. Other \
         entries of these days stay."
    );
    Ok(Answer::of(
        std::iter::once(heading)
            .chain(found.iter().map(line))
            .chain([cannot_take_back(&found), end]),
    ))
}

/// An entry's id and what it holds, and whether an activity is paired with it.
fn mark(held: &Held) -> [u8; MARK] {
    let mut mark = [0; MARK];
    let (id, rest) = mark.split_at_mut(8);
    id.copy_from_slice(&held.id.to_be_bytes());
    let is_done = held.event.paired_with().is_some();
    let hash = Sha256::digest(serde_json::to_vec(&(&held.fields, is_done)).unwrap_or_default());
    rest.copy_from_slice(&hash[..8]);
    mark
}

const MARK: usize = 16;

/// The ids of a list that are not among what was found.
fn gone_since(seen: &[u8], found: &[Held]) -> Vec<i64> {
    let ids = seen.chunks(MARK).filter_map(|mark| mark.first_chunk());
    ids.map(|id| i64::from_be_bytes(*id))
        .filter(|id| found.iter().all(|held| held.id != *id))
        .collect()
}

fn line(held: &Held) -> String {
    let done = if held.event.paired_with().is_some() {
        "done: an activity is paired with it"
    } else {
        ""
    };
    joined([find::in_words(held), done.to_owned()], ", ")
}

/// What an undo could not restore.
fn cannot_take_back(doomed: &[Held]) -> String {
    let paired = doomed
        .iter()
        .filter(|held| held.event.paired_with().is_some())
        .count();
    let files = doomed.iter().filter(|held| entry::is_from_file(held)).count();
    let pairing = (paired > 0).then(|| {
        let entries = counted(paired, "entry", "entries");
        format!(
            "An undo restores entries under new ids and cannot pair them again: {entries} would lose the pairing with its activity."
        )
    });
    let files = (files > 0).then(|| {
        let entries = counted(files, "entry has", "entries have");
        format!("{entries} steps from a file or a library: an undo brings them back as text.")
    });
    joined(pairing.into_iter().chain(files), "\n")
}

async fn delete_in(granted: &Granted, writing: &mut Writing<'_>, asked: Asked) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let (doomed, left, gone) = match asked {
        Asked::One(meant, confirm) => {
            let held = meant.find(ask, Reader::Writing(writing)).await?;
            if held.event.paired_with().is_some() && !is_confirmed(granted, &held, confirm).await? {
                return ask_about_paired(granted, &held).await;
            }
            (vec![held], Vec::new(), Vec::new())
        }
        Asked::Range(range, confirm) => {
            let token = confirm.unwrap_or_default();
            let Some(seen) = granted.journal().confirm(&token, &what(ask, range)).await? else {
                return Err(no_token());
            };
            let found = workouts(writing.on(range).await?, range);
            let gone = gone_since(&seen, &found);
            let was_listed = |held: &Held| seen.chunks(MARK).any(|listed| listed == mark(held));
            let (doomed, left) = found.into_iter().partition(was_listed);
            (doomed, left, gone)
        }
    };
    let days = doomed.iter().filter_map(|held| held.event.day());
    let (Some(oldest), Some(newest)) = (days.clone().min(), days.max()) else {
        return Ok(said(ask, &[], &[], (&left, &gone)));
    };
    let wishes = doomed.iter().map(|held| Wish::Delete {
        before: Box::new(held.clone()),
    });
    let (tried, _) = writing.apply(wishes.collect(), Range { oldest, newest }).await?;
    let came_true = tried.iter().any(|tried| matches!(tried.fate, Fate::Gone));
    told(said(ask, &doomed, &tried, (&left, &gone)), came_true, &tried)
}

/// What came of a confirmed list, and what of its days is otherwise since: entries that are left, ids that are gone.
fn said(ask: &Ask, doomed: &[Held], tried: &[Tried], (left, gone_before): (&[Held], &[i64])) -> Answer {
    let (mut gone, mut not, mut unknown) = (Vec::new(), 0, 0);
    let lines: Vec<String> = doomed
        .iter()
        .zip(tried)
        .map(|(held, tried)| match failed(&tried.fate) {
            None => {
                gone.push(tried.number);
                format!("{}: deleted (change {})", line(held), tried.number)
            }
            Some(why) => {
                let count = if tried.left_nothing() {
                    &mut not
                } else {
                    &mut unknown
                };
                *count += 1;
                let why = why.replace("not written", "not deleted");
                format!("{}: {why} (change {})", line(held), tried.number)
            }
        })
        .collect();
    let heading = heading([
        (gone.len(), "deleted"),
        (not, "not deleted"),
        (unknown, "not known"),
        (left.len(), "left, new or changed since the list"),
        (gone_before.len(), "gone since the list"),
    ]);
    let heading = if heading.is_empty() {
        "nothing was there to delete".to_owned()
    } else {
        heading
    };
    let left = left.iter().map(|held| {
        format!(
            "{}: left, because it is new or was changed since the list",
            line(held)
        )
    });
    let gone_before: Vec<String> = gone_before.iter().map(ToString::to_string).collect();
    let gone_before = around(
        "Gone since the list, deleted or moved out of these days by somebody else: id",
        &gone_before.join(", "),
        "",
    );
    let what = if gone.len() == 1 {
        "restores it, under a new id"
    } else {
        "restores them, under new ids"
    };
    let undo = undo_hint(&ask.card, gone, what);
    let deleted: Vec<Held> = doomed
        .iter()
        .zip(tried)
        .filter(|(_, tried)| matches!(tried.fate, Fate::Gone))
        .map(|(held, _)| held.clone())
        .collect();
    let lost = cannot_take_back(&deleted);
    Answer::of(
        std::iter::once(answer::first_line(&ask.card, ask.today(), &[heading]))
            .chain(lines)
            .chain(left)
            .chain([gone_before])
            .chain([lost, undo]),
    )
}
