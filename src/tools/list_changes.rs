//! list_changes: what was changed through IcuSync, newest first, by whom, and whether it can be undone.
//!
//! No request upstream, unless the end of a change is not known: then one, for what stands on its days.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{self, counted, table::Columns, units},
    arguments::Arguments,
    params::Param,
    writing::{self, undo},
};
use crate::{
    guard::{
        Ask,
        journal::{Change, ChangeState, Changes},
    },
    permissions,
    text::clean,
    tool_error::ToolError,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::LIST_CHANGES,
    description: "Changes made through IcuSync, newest first: number for undo_change, by whom, what, how it ended.",
    params: PARAMS,
    requests: "0–1",
    run: Run::ReadChanges(|ask, changes, given| Box::pin(list(ask, changes, given))),
};

const PARAMS: &[Param] = &[Param::limit(20, 100)];

async fn list(ask: Ask, changes: Changes, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let limit = Arguments::new(given, PARAMS, ask.today())?.limit()?;
    let is_granted = |change: &Change| undo::is_allowed(&ask.card, change);
    let mut recent = changes.recent(limit, is_granted).await?;
    writing::look_up_open(&ask, &mut recent.shown).await;
    let hidden = (recent.not_granted, recent.not_offered);
    Ok(render(&ask, &recent.shown, hidden, recent.more))
}

/// `hidden`: made with tools that are not granted, and with tools that the connector does not offer.
fn render(ask: &Ask, shown: &[Change], (hidden, left_out): (usize, usize), more: bool) -> Answer {
    let of_all = if ask.card.is_for_coach() { " of yours" } else { "" };
    let count = match (more, shown.len()) {
        (true, 1) => format!("the newest change{of_all}"),
        (true, many) => format!("the newest {many} changes{of_all}"),
        (false, count) => format!("{}{of_all}", counted(count, "change", "changes")),
    };
    let heading = answer::first_line(&ask.card, ask.today(), &[count]);
    let table = Columns::<Change>::new()
        .column("change", |change| change.number.to_string())
        .column("when", |change| moment(ask, change.created_at))
        .column("by", |change| by(ask, change))
        .column("tool", |change| clean(&change.tool, 40))
        .column("what", |change| undo::what(change, ask.card.units))
        .column("how it ended", |change| undo::standing(change, ask.now))
        .table(shown);
    let hidden = if hidden == 0 {
        String::new()
    } else {
        format!(
            "{} made with tools that are not granted now: left out.",
            counted(hidden, "change", "changes")
        )
    };
    let left_out = if left_out == 0 {
        String::new()
    } else {
        format!(
            "{} made with tools that this connector does not offer: left out.",
            counted(left_out, "change", "changes")
        )
    };
    let older = if more {
        "Older ones: ask with a higher limit.".to_owned()
    } else {
        String::new()
    };
    let can_be = shown.iter().any(|change| change.state == ChangeState::Held);
    let undo = if can_be {
        "What is done can be undone for 30 days, as long as nobody changed it since.".to_owned()
    } else {
        String::new()
    };
    let others = if ask.card.is_for_coach() {
        "What the athlete or others changed is not listed.".to_owned()
    } else {
        String::new()
    };
    Answer::of([heading, table, hidden, left_out, older, undo, others])
}

fn moment(ask: &Ask, at: DateTime<Utc>) -> String {
    units::moment(at.with_timezone(&ask.card.zone).naive_local())
}

fn by(ask: &Ask, change: &Change) -> String {
    match &change.by {
        Some(coach) => clean(coach, 60),
        None if ask.card.is_for_coach() => "athlete".to_owned(),
        None => "you".to_owned(),
    }
}
