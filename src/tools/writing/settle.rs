//! Changes that an earlier call sent and never saw the end of: because intervals.icu did not answer, or because this service
//! ended in between.

use chrono::{NaiveDate, TimeDelta};

use super::{Writing, name_and_day};
use crate::{
    guard::Ask,
    guard::journal::{Change, ChangeState, Ended, Kept},
    intervals::model::Held,
    tool_error::ToolError,
    tools::arguments::Range,
};

/// A new entry that is not on the calendar may still be on its way for this long: until then, the same call uses its external
/// id again.
const ON_ITS_WAY: TimeDelta = TimeDelta::minutes(10);
/// Days between the first and the last change that one request looks at.
const MOST_DAYS: i64 = 366;

impl Writing<'_> {
    /// Finds out what became of them, and says it in [`Writing::settled`]. What cannot be read now stays open.
    pub(super) async fn settle(&mut self) -> Result<(), ToolError> {
        let open = self.journal().open_ones().await?;
        let Some(days) = days_of(&open) else {
            return Ok(());
        };
        let Ok(there) = self.upstream.held_on(days.oldest, days.newest).await else {
            return Ok(());
        };
        let now = self.granted.ask().now;
        for change in open
            .iter()
            .filter(|change| days_of(std::slice::from_ref(*change)).is_some())
        {
            let ended = end_of(change, &there);
            let on_its_way = ended.state == ChangeState::Refused && now - change.created_at < ON_ITS_WAY;
            if on_its_way && is_new(change) {
                continue;
            }
            let told = told(change, &ended);
            self.journal().end(change, ended, &[]).await?;
            self.settled.push(told);
        }
        Ok(())
    }
}

/// Lets open changes show what became of them, as far as one request tells. Nothing is written down: the next change does that.
pub(in crate::tools) async fn look_up_open(ask: &Ask, changes: &mut [Change]) -> Result<(), ToolError> {
    let open: Vec<Change> = changes
        .iter()
        .filter(|change| change.state == ChangeState::Sent)
        .cloned()
        .collect();
    let Some(days) = days_of(&open) else {
        return Ok(());
    };
    let Ok(there) = ask.upstream.held_on(days.oldest, days.newest).await else {
        return Ok(());
    };
    for change in changes
        .iter_mut()
        .filter(|change| change.state == ChangeState::Sent)
    {
        let ended = end_of(change, &there);
        // What is not there may still be on its way.
        if ended.state == ChangeState::Held {
            change.state = ended.state;
        }
    }
    Ok(())
}

fn is_new(change: &Change) -> bool {
    let kept = change.kept.as_ref();
    kept.is_some_and(|kept| kept.before.is_none())
}

/// The days on which the entries stand or stood, as far as one request reaches from the newest back.
fn days_of(changes: &[Change]) -> Option<Range> {
    let days = || {
        changes
            .iter()
            .filter_map(|change| change.kept.as_ref())
            .flat_map(days)
    };
    let newest = days().max()?;
    let oldest = days()
        .filter(|day| (newest - *day).num_days() < MOST_DAYS)
        .min()?;
    Some(Range { oldest, newest })
}

fn days(kept: &Kept) -> impl Iterator<Item = NaiveDate> {
    [&kept.before, &kept.after]
        .into_iter()
        .flatten()
        .filter_map(|fields| fields.day())
}

/// What became of a change, from what stands there.
fn end_of(change: &Change, there: &[Held]) -> Ended {
    let found = there.iter().find(|held| {
        change.event_id == Some(held.id)
            || change.external_id.is_some() && held.fields.external_id == change.external_id
    });
    let stands = |held: &Held| Ended {
        state: ChangeState::Held,
        event_id: Some(held.id),
        after: Some(held.fields.clone()),
    };
    let nothing = |state| Ended {
        state,
        event_id: change.event_id,
        after: None,
    };
    let Some(kept) = &change.kept else {
        return nothing(ChangeState::Lost);
    };
    match (&kept.before, &kept.after, found) {
        (None, _, Some(held)) => stands(held),
        (None, _, None) | (Some(_), None, Some(_)) => nothing(ChangeState::Refused),
        (Some(_), None, None) => nothing(ChangeState::Held),
        (Some(before), Some(_), Some(held)) if *before == held.fields => nothing(ChangeState::Refused),
        (Some(_), Some(_), Some(held)) => stands(held),
        (Some(_), Some(_), None) => nothing(ChangeState::Lost),
    }
}

/// `Cut off earlier: change 14, «Threshold» 2026-12-03 Thu, is on the calendar.`
fn told(change: &Change, ended: &Ended) -> String {
    let kept = change.kept.as_ref();
    let what = kept.map(name_and_day).unwrap_or_default();
    let gone = kept.is_some_and(|kept| kept.after.is_none());
    let became = match (ended.state, gone) {
        (ChangeState::Held, false) => "is on the calendar",
        (ChangeState::Held, true) => "is deleted",
        (ChangeState::Refused, _) => "changed nothing",
        _ => "can no longer be found on the calendar",
    };
    format!("Cut off earlier: change {}, {what}, {became}.", change.number)
}
