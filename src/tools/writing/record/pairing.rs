//! Pairing a finished activity with a planned workout, from the activity's side: never over another pairing.

use chrono::NaiveDate;

use super::Edit;
use crate::{
    ids::ActivityId,
    intervals::{
        self,
        model::{Held, RecordId},
    },
    tool_error::ToolError,
    tools::{answer::units, arguments::Range, writing::find::Reader},
    training::weeks::back,
};

/// The field of an activity that says with which entry it is paired.
pub(in crate::tools) const PAIRED: &str = "paired_event_id";
const FIELDS: &[&str] = &[PAIRED];
/// Days between a plan and what was done of it: within a week it may have been moved, beyond that it is another session.
const MOST_DAYS: i64 = 6;

/// Why this entry must not be paired with the activity, as far as the entry shows it; None if it may be.
pub(in crate::tools) fn hindered(held: &Held, activity: &ActivityId) -> Option<String> {
    if !held.event.is_workout() {
        return Some(format!(
            "entry {} is no planned workout, and only these are paired with activities",
            held.id
        ));
    }
    let other = held.event.paired_with()?;
    (other != activity.as_str()).then(|| taken(held.id, other))
}

/// Why this entry is for another time than the activity, which was on `did`; None if it is near enough. `sees`: the day of the entry
/// may be told.
pub(in crate::tools) fn too_far(held: &Held, did: Option<NaiveDate>, sees: bool) -> Option<String> {
    let (plan, did) = held.event.day().zip(did)?;
    if (plan - did).num_days().abs() <= MOST_DAYS {
        return None;
    }
    let planned = if sees {
        format!("planned for {}", units::date(plan))
    } else {
        "for another time".to_owned()
    };
    Some(format!(
        "entry {} is {planned}, and the activity was on {}: only what is at most {MOST_DAYS} days apart is paired",
        held.id,
        units::date(did)
    ))
}

/// Why it must not be, as far as the activities around its day show it. One request.
pub(in crate::tools) async fn taken_by_another(
    upstream: &intervals::Athlete,
    held: &Held,
    activity: &ActivityId,
) -> Result<Option<String>, ToolError> {
    let Some(day) = held.event.day() else {
        return Ok(None);
    };
    let around = Range {
        oldest: back(day, 1),
        newest: day.succ_opt().unwrap_or(day),
    };
    let there = upstream.activities(&around.activities(FIELDS)).await?;
    let other = there.iter().find_map(|row| {
        let id = row.id.as_deref()?;
        (row.paired_event_id == Some(held.id) && id != activity.as_str()).then_some(id)
    });
    Ok(other.map(|other| taken(held.id, other)))
}

/// The edit, unless it pairs with an entry that is gone by now or paired with another activity.
pub(super) async fn as_free_as_before(
    edit: Edit,
    reader: Reader<'_>,
) -> Result<Result<Edit, String>, ToolError> {
    let entry = edit.changes.get(PAIRED).as_i64().filter(|id| *id > 0);
    let (RecordId::Activity(activity), Some(entry)) = (&edit.of, entry) else {
        return Ok(Ok(edit));
    };
    let why = match reader.entry(entry).await? {
        None => Some(format!("entry {entry} is not on the calendar any more")),
        Some(held) => hindered(&held, activity),
    };
    Ok(why.map_or(Ok(edit), Err))
}

fn taken(entry: i64, other: &str) -> String {
    let other = crate::text::clean(other, 24);
    format!("entry {entry} is paired with activity {other} already, and that pairing is kept")
}
