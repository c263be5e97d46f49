//! update_activity: name, words, feel, RPE, tags, carbs, gear, sport and marks of finished activities, and which planned workout
//! one of them did.
//!
//! Two requests and one for each activity: what stands there (`GET /athlete/{id}/activities/{ids}`), the changes
//! (`PUT /activity/{id}`), and what stands there afterwards. Gear by name costs one more (`GET /athlete/{id}/gear`), a pairing two:
//! the entry (`GET /athlete/{id}/events/{eventId}`), and the activities around its day, so that no other pairing is lost.

mod asked;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use self::asked::{Asked, PARAMS, moves_figures};
use super::{
    Answer, Run, Tool,
    answer::{
        self, units,
        words::{DOT, joined},
    },
    gear, records,
    writing::{
        Writing,
        find::{self, Reader},
        record::{
            self, Edit, Edited, Fate, already_so, back, listed, outcome,
            pairing::{self, PAIRED},
            told,
        },
        said::{heading, undo_hint},
    },
};
use crate::{
    guard::{Ask, Granted},
    ids::ActivityId,
    intervals::model::{Gear, Held, Record, RecordId, Values, record::same},
    permissions,
    text::fenced,
    tool_error::ToolError,
    training::sports,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::UPDATE_ACTIVITY,
    description: "Changes finished activities, none from Strava; pairs one with its planned workout. Only what is given changes; \
        read back; undo_change puts old values back.",
    params: PARAMS,
    requests: "2, 1 more an activity",
    run: Run::Write(|granted, given| Box::pin(update(granted, given))),
};

/// Characters of an activity's name.
const NAME: usize = 60;

const NOT_THERE: &str =
    "there is no activity with this id for this athlete; get_training_history has the ids";
const FROM_STRAVA: &str = "it came from Strava, whose terms close it to the API, so nothing can be changed here. The athlete can \
     upload the original file to intervals.icu instead, and connect the device's own service (Garmin, Wahoo, COROS …) for future \
     activities";

async fn update(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let asked = Asked::read(given, ask.today())?;
    if asked.preview {
        let found = Found::read(&asked, &granted, Reader::Showing(ask)).await?;
        return previewed(ask, &found);
    }
    let mut writing = Writing::begin(&granted).await?;
    let done = update_in(&granted, &mut writing, &asked).await;
    writing.end(done).await
}

async fn update_in(granted: &Granted, writing: &mut Writing<'_>, asked: &Asked) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let found = Found::read(asked, granted, Reader::Writing(writing)).await?;
    let (edits, edited) = writing.edit_needed(found.edits()).await?;
    let already = found.edits().count() - edits.len();
    told(said(ask, asked, &found, &edits, &edited), &edited, already)
}

/// What the call is about.
#[derive(Debug)]
struct Found {
    /// Each activity, or why it cannot be changed.
    each: Vec<(ActivityId, Result<Edit, &'static str>)>,
    /// What is to be known of the gear and of the entry.
    notes: Vec<String>,
}

impl Found {
    async fn read(asked: &Asked, granted: &Granted, reader: Reader<'_>) -> Result<Self, ToolError> {
        let wanted: Vec<RecordId> = asked.ids.iter().cloned().map(RecordId::Activity).collect();
        let there = record::read(reader.upstream(), &wanted).await?;
        let stands = |id: &ActivityId| {
            let of = RecordId::Activity(id.clone());
            match there.iter().find(|record| record.id == of) {
                None => Err(NOT_THERE),
                Some(record) if is_from_strava(id, &record.values) => Err(FROM_STRAVA),
                Some(record) => Ok(record),
            }
        };
        let mut notes = Vec::new();
        let can_be = asked.ids.iter().any(|id| stands(id).is_ok());
        let piece = match asked.gear.as_deref().filter(|_| can_be) {
            None => None,
            Some(name) => {
                let all = reader.upstream().gear().await?;
                let piece = gear::meant(&all, name)?.clone();
                if !gear::retired(&piece).is_empty() {
                    notes.push(format!(
                        "Mind: {} is not in use any more.",
                        gear::in_words(&piece)
                    ));
                }
                Some(piece)
            }
        };
        if let (Some(entry), [id]) = (asked.pair_with, &asked.ids[..])
            && let Ok(record) = stands(id)
        {
            notes.extend(pair(entry, id, record, granted, reader).await?);
        }
        let edit = |id: &ActivityId| {
            let edit = stands(id).map(|record| edit(asked, record, piece.as_ref()));
            (id.clone(), edit)
        };
        Ok(Self {
            each: asked.ids.iter().map(edit).collect(),
            notes,
        })
    }

    fn edits(&self) -> impl Iterator<Item = &Edit> {
        self.each.iter().filter_map(|(_, edit)| edit.as_ref().ok())
    }
}

fn edit(asked: &Asked, record: &Record, piece: Option<&Gear>) -> Edit {
    Edit {
        of: record.id.clone(),
        name: title(&record.values),
        context: Values::default(),
        changes: asked.changes(&record.values, piece),
        stands: record.values.clone(),
    }
}

/// `Ride «Lunch ride» 2026-11-20 Fri`
fn title(stands: &Values) -> String {
    joined(
        [
            answer::sport(stands.text("type")),
            fenced(stands.text("name"), NAME),
            day_of(stands).map(units::date).unwrap_or_default(),
        ],
        " ",
    )
}

fn day_of(stands: &Values) -> Option<NaiveDate> {
    stands.text("start_date_local").get(..10)?.parse().ok()
}

/// Upstream has little more than the id and the start of what Strava sent.
fn is_from_strava(id: &ActivityId, stands: &Values) -> bool {
    let is_bare = id.as_str().bytes().all(|byte| byte.is_ascii_digit());
    let is_empty = ["type", "name", "moving_time"]
        .iter()
        .all(|name| stands.get(name).is_null());
    stands.text("source") == "STRAVA" || !stands.text("_note").is_empty() || (is_bare && is_empty)
}

/// Whether the activity may be paired with the entry: what is to be known of that, or why not.
async fn pair(
    entry: i64,
    id: &ActivityId,
    record: &Record,
    granted: &Granted,
    reader: Reader<'_>,
) -> Result<Vec<String>, ToolError> {
    let not = |why: String| ToolError::Input(format!("Not done: {why}. Nothing was changed."));
    match record.values.get(PAIRED).as_i64().filter(|paired| *paired > 0) {
        Some(paired) if paired == entry => return Ok(Vec::new()),
        Some(paired) => {
            return Err(not(format!(
                "activity {id} is paired with entry {paired} already, and that pairing is kept: the athlete can end it on the \
                 activity's page at intervals.icu"
            )));
        }
        None => {}
    }
    let sees = sees_calendar(granted);
    let held = reader.entry(entry).await?.ok_or_else(|| {
        let how = if sees { "; get_events has the ids" } else { "" };
        not(format!(
            "there is no entry with the id {entry} on this calendar{how}"
        ))
    })?;
    if let Some(why) =
        pairing::hindered(&held, id).or_else(|| pairing::too_far(&held, day_of(&record.values), sees))
    {
        return Err(not(why));
    }
    if let Some(why) = pairing::taken_by_another(reader.upstream(), &held, id).await? {
        return Err(not(why));
    }
    Ok(vec![joined(
        [
            format!("The entry: {}.", entry_in_words(granted, &held)),
            differs(&held, &record.values, sees),
        ],
        " ",
    )])
}

/// Whether what is on the calendar may be told.
fn sees_calendar(granted: &Granted) -> bool {
    let calendar = &permissions::GET_EVENTS;
    granted.ask().card.shows(calendar) && granted.journal().offers(calendar)
}

/// What an entry is besides its id is for the calendar to show, where it is granted and offered.
fn entry_in_words(granted: &Granted, held: &Held) -> String {
    if sees_calendar(granted) {
        find::in_words(held)
    } else {
        format!("id {}", held.id)
    }
}

/// Where the plan and what was done do not fit.
fn differs(held: &Held, stands: &Values, sees: bool) -> String {
    let (planned, done) = (held.event.sport(), stands.text("type"));
    let days = held
        .event
        .day()
        .zip(day_of(stands))
        .filter(|(plan, did)| plan != did);
    let day = days.map(|(plan, did)| {
        if !sees {
            return "of another day than the activity".to_owned();
        }
        format!(
            "planned for {}, and the activity was on {}",
            units::date(plan),
            units::date(did)
        )
    });
    let other_sport = !sports::is_vague(planned) && sports::family(planned) != sports::family(done);
    let sport = other_sport.then(|| "of another sport than the activity".to_owned());
    let all: Vec<String> = day.into_iter().chain(sport).collect();
    if all.is_empty() {
        String::new()
    } else {
        format!("Mind: it is {}.", all.join(", and "))
    }
}

fn previewed(ask: &Ask, found: &Found) -> Result<Answer, ToolError> {
    let own = ask.card.units;
    let heading = answer::first_line(&ask.card, ask.today(), &["preview, nothing changed".to_owned()]);
    let lines = found.each.iter().map(|(id, edit)| match edit {
        Err(why) => format!("{id}: {why}."),
        Ok(edit) if edit.is_needed() => {
            let would = edit.clone().needed().would(own);
            let would = joined([listed(&would), already_so(edit, own)], "; ");
            format!("{}: {would}", called(id, edit))
        }
        Ok(edit) => format!("{}: already so: {}", called(id, edit), edit.standing(own)),
    });
    let stays = stays(found.edits());
    let answer = Answer::of(
        std::iter::once(heading)
            .chain(lines)
            .chain(found.notes.clone())
            .chain(stays),
    );
    if found.edits().next().is_none() {
        return Err(ToolError::Input(answer.text));
    }
    Ok(answer)
}

/// `Ride «Lunch ride» 2026-11-20 Fri · i98112345`
fn called(id: &ActivityId, edit: &Edit) -> String {
    joined([edit.name.as_str(), id.as_str()], DOT)
}

fn said(ask: &Ask, asked: &Asked, found: &Found, edits: &[Edit], edited: &[Edited]) -> Answer {
    let own = ask.card.units;
    let (mut done, mut already, mut not, mut unknown) = (0, 0, 0, 0);
    // The changes of which an undo restores anything.
    let mut restorable = Vec::new();
    let (mut lines, mut stand): (Vec<String>, Vec<&Edit>) = (Vec::new(), Vec::new());
    for (id, edit) in &found.each {
        let edit = match edit {
            Ok(edit) => edit,
            Err(why) => {
                not += 1;
                lines.push(format!("{id}: NOT changed: {why}."));
                continue;
            }
        };
        let Some(at) = edits.iter().position(|needed| needed.of == edit.of) else {
            already += 1;
            lines.push(format!(
                "{}: already so: {}",
                called(id, edit),
                edit.standing(own)
            ));
            continue;
        };
        let so = already_so(edit, own);
        let (edit, Some(tried)) = (&edits[at], edited.get(at)) else {
            continue;
        };
        let text = match &tried.fate {
            Fate::Stands { now, otherwise } => {
                done += 1;
                restorable.extend(back::restores(edit).then_some(tried.number));
                stand.push(edit);
                let mut outcome = outcome(edit, now, otherwise, own);
                outcome.extend([how_tagged(asked, edit, otherwise).to_owned(), so]);
                joined(outcome, "; ")
            }
            fate => {
                *if matches!(fate, Fate::Unknown(_)) {
                    &mut unknown
                } else {
                    &mut not
                } += 1;
                format!("{} {}", labels(edit), tried.failed().unwrap_or_default())
            }
        };
        lines.push(format!("{}: {text} (change {})", called(id, edit), tried.number));
    }
    let counts = heading([
        (done, "changed"),
        (already, "already so"),
        (not, "not changed"),
        (unknown, "not known"),
    ]);
    let heading = answer::first_line(&ask.card, ask.today(), &[counts]);
    let anew = if stand.iter().any(|edit| moves_figures(&edit.changes)) {
        "intervals.icu may take a while to work out load and other figures of that activity anew.".to_owned()
    } else {
        String::new()
    };
    let stays = stays(stand.iter().copied());
    let undo = undo_hint(&ask.card, restorable, "undoes that");
    Answer::of(
        std::iter::once(heading)
            .chain(lines)
            .chain(found.notes.clone())
            .chain([anew])
            .chain(stays)
            .chain([undo]),
    )
}

/// `RPE, feel`
fn labels(edit: &Edit) -> String {
    let labels: Vec<String> = edit
        .changes
        .names()
        .map(|name| records::label(&edit.of, name))
        .collect();
    labels.join(", ")
}

/// Whether tags went beside those that stood there, or instead of them.
fn how_tagged(asked: &Asked, edit: &Edit, otherwise: &[String]) -> &'static str {
    let is_done =
        edit.changes.names().any(|name| name == "tags") && !otherwise.iter().any(|name| name == "tags");
    match (is_done && asked.tags.is_some(), asked.replaces_tags) {
        (false, _) => "",
        (true, true) => "tags replaced",
        (true, false) => "tags added to those there",
    }
}

/// What an undo cannot empty again, and what it perhaps cannot.
fn stays<'a>(edits: impl Iterator<Item = &'a Edit>) -> [String; 2] {
    let (mut gear, mut values) = (false, Vec::new());
    for edit in edits {
        let is_new = |(name, value): &(&str, &Value)| {
            same(edit.stands.get(name), &Value::Null) && !same(value, &Value::Null)
        };
        for (name, value) in edit.changes.iter().filter(is_new) {
            let label = records::label(&edit.of, name);
            match value {
                Value::Object(_) => gear = true,
                // Texts, lists and marks are emptied like any other value.
                Value::Number(_) if !values.contains(&label) => values.push(label),
                _ => {}
            }
        }
    }
    let gear = if gear {
        "The gear stays: intervals.icu has no way to take it off again but by hand on the activity's page."
            .to_owned()
    } else {
        String::new()
    };
    let values = if values.is_empty() {
        String::new()
    } else {
        format!(
            "Not set before: {}. An undo asks intervals.icu to empty that again, and says whether it did.",
            values.join(", ")
        )
    };
    [gear, values]
}
