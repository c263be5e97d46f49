//! Changes as pages list them: what stood on the calendar before and after, by whom, and whether it can be undone.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde_json::Value;

use crate::{
    app::App,
    error::Problem,
    guard::{
        Units,
        journal::{self, Change, ChangeState, KeptItem, KeptRecord},
    },
    ids::{AccountId, LogId},
    intervals::model::{EntryFields, Shelf, Values},
    pages::{activity::Shown, when::When},
    queries::{
        self,
        changes::{self, Filter},
    },
    tools::{
        answer::units,
        item_in_words,
        records::{self, Changed},
    },
};

/// One change.
pub(in crate::pages) struct Row {
    /// What people and models call it.
    pub(in crate::pages) number: i32,
    /// When.
    pub(in crate::pages) when: When,
    /// "You", or the coach's name then.
    pub(in crate::pages) who: String,
    /// "New", "Edited", "Deleted"; "Changed" of something that is changed in place, and if nothing is kept.
    pub(in crate::pages) what: &'static str,
    /// What it is of, in short.
    pub(in crate::pages) title: String,
    /// The entry before; None for a new one.
    pub(in crate::pages) before: Option<Side>,
    /// The entry after; None for a deleted one.
    pub(in crate::pages) after: Option<Side>,
    /// Of something that is changed in place: each field that the change is about.
    pub(in crate::pages) fields: Vec<Changed>,
    /// How it stands.
    pub(in crate::pages) stands: String,
    /// Whether nothing came of it.
    pub(in crate::pages) is_refused: bool,
    /// Whether there is a button that undoes it.
    pub(in crate::pages) can_be_undone: bool,
}

/// The entry before or after.
pub(in crate::pages) struct Side {
    /// Its day, its time if it has one, and its name: `Thu 3 Dec 2026, 07:00, Threshold`.
    pub(in crate::pages) title: String,
    /// What else a change may be about: `0:45 h, load 30, indoors, tags key, colour red`.
    pub(in crate::pages) figures: String,
    /// Its text.
    pub(in crate::pages) text: String,
}

impl Side {
    fn of(fields: &EntryFields, own: Units) -> Self {
        let what = records::of_entry(fields, own);
        let start = fields
            .start_date_local
            .filter(|start| start.time() != NaiveTime::MIN);
        let listed = |parts: Vec<Option<String>>| parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let above_0 = |value: Option<f64>| value.filter(|value| *value > 0.0);
        let tags = fields.tags.as_ref().filter(|tags| !tags.is_empty());
        let color = fields.color.as_ref().filter(|color| !color.is_empty());
        Self {
            title: listed(vec![
                fields.day().map(in_words),
                start.map(|start| start.format("%H:%M").to_string()),
                fields.name.clone(),
            ]),
            figures: listed(vec![
                Some(what).filter(|what| !what.is_empty()),
                above_0(fields.moving_time).map(hours_and_minutes),
                above_0(fields.icu_training_load).map(|load| format!("load {load:.0}")),
                fields
                    .indoor
                    .filter(|indoor| *indoor)
                    .map(|_| "indoors".to_owned()),
                tags.map(|tags| format!("tags {}", tags.join(", "))),
                color.map(|color| format!("colour {color}")),
            ]),
            text: fields.description.clone().unwrap_or_default(),
        }
    }

    /// Of an item of the library, or of gear.
    fn of_item(kept: &KeptItem, values: &Values, own: Units) -> Self {
        let figure = |name: &str| values.number(name).filter(|value| *value > 0.0);
        let tags: Vec<&str> = match values.get("tags") {
            Value::Array(tags) => tags.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let contents = match (kept.shelf, kept.contents.len()) {
            (_, 0) => None,
            (Shelf::Gear | Shelf::Reminder, 1) => Some("1 reminder".to_owned()),
            (Shelf::Gear | Shelf::Reminder, count) => Some(format!("{count} reminders")),
            (_, 1) => Some("1 workout in it".to_owned()),
            (_, count) => Some(format!("{count} workouts in it")),
        };
        let shows_distance = matches!(kept.shelf, Shelf::Gear | Shelf::Reminder | Shelf::Activity);
        let far = figure("distance").filter(|_| shows_distance);
        let of_reminder = |name: &str| figure(name).filter(|_| kept.shelf == Shelf::Reminder);
        let parts = values.get("component_ids").as_array().map_or(0, Vec::len);
        let parts = match parts {
            0 => None,
            1 => Some("1 part on it".to_owned()),
            count => Some(format!("{count} parts on it")),
        };
        let retired = Some(values.text("retired")).filter(|day| !day.is_empty());
        let figures = [
            Some(values.text("type"))
                .filter(|_| kept.shelf == Shelf::Template)
                .map(str::to_owned),
            figure("moving_time").map(hours_and_minutes),
            figure("icu_training_load").map(|load| format!("load {load:.0}")),
            Some(format!("tags {}", tags.join(", "))).filter(|_| !tags.is_empty()),
            far.map(|metres| units::distance_in_words(Some(metres), own, 0)),
            of_reminder("time").map(hours_and_minutes),
            of_reminder("activities").map(|count| format!("{count:.0} activities")),
            of_reminder("days").map(|count| format!("{count:.0} days")),
            retired.map(|day| format!("retired {day}")),
            parts,
            contents,
        ];
        Self {
            title: values.text("name").to_owned(),
            figures: figures
                .into_iter()
                .flatten()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(", "),
            text: [values.text("description"), values.text("notes")].concat(),
        }
    }
}

impl Row {
    fn of(change: Change, shown: &Shown) -> Self {
        let stands = stands(&change, shown.zone);
        let is_refused = change.state == ChangeState::Refused;
        let can_be_undone = change.state == ChangeState::Held && change.kept.is_some();
        let (before, after) = change.entry().map_or((None, None), |kept| {
            (
                kept.before.as_ref().map(|fields| Side::of(fields, shown.units)),
                kept.after.as_ref().map(|fields| Side::of(fields, shown.units)),
            )
        });
        let (before, after) = match change.item() {
            Some(kept) => {
                let side = |values: &Option<Values>| {
                    values
                        .as_ref()
                        .map(|values| Side::of_item(kept, values, shown.units))
                };
                (side(&kept.before), side(&kept.after))
            }
            None => (before, after),
        };
        let of_entry = after.as_ref().or(before.as_ref()).map(|side| side.title.clone());
        let (title, fields) = match (change.record(), change.item()) {
            (Some(kept), _) => (records::title(kept), records::changed(kept, shown.units)),
            (None, Some(kept)) => {
                let values = kept
                    .after
                    .as_ref()
                    .or(kept.before.as_ref())
                    .cloned()
                    .unwrap_or_default();
                (item_in_words(kept.shelf, &values, &kept.place), Vec::new())
            }
            (None, None) => (of_entry.unwrap_or_default(), Vec::new()),
        };
        Self {
            number: change.number,
            when: When::of(change.created_at, shown.zone),
            who: change.by.unwrap_or_else(|| "You".to_owned()),
            what: match (&before, &after) {
                (None, Some(_)) => "New",
                (Some(_), None) => "Deleted",
                (Some(_), Some(_)) => "Edited",
                (None, None) => "Changed",
            },
            title,
            before,
            after,
            fields,
            stands,
            is_refused,
            can_be_undone,
        }
    }
}

/// How it ended, and until when it can be undone.
fn stands(change: &Change, zone: Option<Tz>) -> String {
    let until = change
        .kept_until
        .with_timezone(&zone.unwrap_or(Tz::UTC))
        .date_naive();
    match change.state {
        ChangeState::Held if change.kept.is_some() => {
            let restores = |kept: &KeptRecord| records::restores(&kept.of, &kept.before, &kept.after);
            let but = if change.record().is_none_or(restores) {
                ""
            } else {
                ", but nothing was set before, and intervals.icu may keep it"
            };
            format!("Can be undone until {}{but}", in_words(until))
        }
        ChangeState::Held => "Cannot be undone any more".to_owned(),
        ChangeState::Sent => "Sent to intervals.icu; the end is not known yet".to_owned(),
        ChangeState::Refused => "Changed nothing".to_owned(),
        ChangeState::Undone => "Undone".to_owned(),
        ChangeState::Lost => "Not known what became of it".to_owned(),
    }
}

/// `1:05 h`
fn hours_and_minutes(secs: f64) -> String {
    let minutes = (secs / 60.0).round();
    format!("{:.0}:{:02.0} h", (minutes / 60.0).floor(), minutes % 60.0)
}

fn in_words(day: NaiveDate) -> String {
    day.format("%a %-d %b %Y").to_string()
}

/// The newest `limit` changes of the athlete whom the account shows.
pub(in crate::pages) async fn newest(
    app: &App,
    account: AccountId,
    shown: &Shown,
    limit: i64,
) -> Result<Vec<Row>, Problem> {
    let rows = changes::of(&app.pool, account, &shown.athlete_id, &Filter::default(), limit).await?;
    Ok(rows
        .into_iter()
        .map(|row| Row::of(journal::opened(app, row), shown))
        .collect())
}

/// What each of these calls changed.
pub(in crate::pages) async fn by_calls(
    app: &App,
    account: AccountId,
    calls: &[LogId],
    shown: &Shown,
) -> Result<HashMap<LogId, Vec<Row>>, Problem> {
    let calls: Vec<_> = calls.iter().map(|call| call.0).collect();
    let mut by_call: HashMap<LogId, Vec<Row>> = HashMap::new();
    for row in queries::changes::of_calls(&app.pool, account, &calls).await? {
        let call = row.log_id;
        let change = Row::of(journal::opened(app, row), shown);
        by_call.entry(call).or_default().push(change);
    }
    Ok(by_call)
}
