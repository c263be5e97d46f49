//! delete_activity: an activity that was entered by hand, after it was shown and confirmed. A recording is never deleted here.
//!
//! Four requests at most: the activity (`GET /activity/{id}`), the activities of its day (`GET /athlete/{id}/activities`), the
//! deletion (`DELETE /activity/{id}`), and the day afterwards.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Answer, Run, Tool,
    answer::{self, units::date},
    arguments::Arguments,
    by_hand,
    params::Param,
    writing::{
        Writing,
        find::Reader,
        item::{self, Fate, Sought, Tried, Wish},
        said::{no_token, undo_hint},
    },
};
use crate::{
    guard::{Ask, Granted},
    ids::ActivityId,
    intervals::{Athlete, model::Item},
    permissions,
    text::fenced,
    tool_error::ToolError,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::DELETE_ACTIVITY,
    description: "Deletes an activity that was entered by hand: shown first, with a token. Never a recording. undo_change enters it again.",
    params: PARAMS,
    requests: "2–4",
    run: Run::Write(|granted, given| Box::pin(delete(granted, given))),
};

const PARAMS: &[Param] = &[
    Param::activity_id().required(),
    Param::text("confirm", 40, "Token of what was shown"),
];

async fn delete(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let arguments = Arguments::new(given, PARAMS, ask.today())?;
    let id = arguments.the_activity_id()?;
    match arguments.text("confirm")? {
        None => {
            let item = find(Reader::Showing(ask).upstream(), &id).await?;
            let token = granted
                .journal()
                .confirmation(&what(ask, &id), &mark(&item))
                .await?;
            Ok(shown(ask, &item, &token))
        }
        Some(token) => {
            let mut writing = Writing::begin(&granted).await?;
            let done = delete_in(&granted, &mut writing, &id, &token).await;
            writing.end(done).await
        }
    }
}

/// The activity as it stands, if it was entered by hand. Two requests.
async fn find(upstream: &Athlete, id: &ActivityId) -> Result<Item, ToolError> {
    let activity = upstream.activity(id).await.map_err(ToolError::about_activity)?;
    let name = fenced(activity.name.as_deref().unwrap_or_default(), 80);
    if activity.is_closed_by_strava() {
        return Err(ToolError::Refused(
            "Not done: this activity came from Strava. It is deleted at Strava; then intervals.icu drops it too.".to_owned(),
        ));
    }
    if !activity.is_manual() {
        let day = activity.start_date_local.map(|start| date(start.date()));
        return Err(ToolError::Refused(format!(
            "Not done: {name} of {} is a recording, and IcuSync deletes none: what a device wrote cannot be brought back. The athlete can \
             delete it on its page at intervals.icu, under Actions. update_activity can leave its power, heart rate or pace out of the figures.",
            day.unwrap_or_default()
        )));
    }
    let day = activity.start_date_local.map(|start| start.date());
    let day = day
        .ok_or_else(|| ToolError::Upstream("Not done: intervals.icu does not say when it was.".to_owned()))?;
    let there = item::read(upstream, &[Sought::Day(day)]).await?;
    let mut found = there.into_iter().filter(Item::is_by_hand);
    found.find(|item| item.id == id.as_str()).ok_or_else(|| {
        ToolError::Upstream(
            "Not done: intervals.icu does not list this activity on its day. Try again.".to_owned(),
        )
    })
}

/// What a token confirms.
fn what(ask: &Ask, id: &ActivityId) -> Vec<u8> {
    json!(["delete activity", ask.card.id.as_str(), id.as_str()])
        .to_string()
        .into_bytes()
}

/// What it holds, so that what was shown is what goes.
fn mark(item: &Item) -> Vec<u8> {
    Sha256::digest(serde_json::to_vec(&item.values).unwrap_or_default()).to_vec()
}

const UNDO: &str =
    "An undo, for thirty days, enters it again under a new id; comments and a pairing do not come back.";

fn shown(ask: &Ask, item: &Item, token: &str) -> Answer {
    let heading = answer::first_line(
        &ask.card,
        ask.today(),
        &["activity to delete, nothing deleted".to_owned()],
    );
    Answer::of([
        heading,
        by_hand::line(item, ask.card.units),
        UNDO.to_owned(),
        format!("To delete exactly this, repeat the call with confirm: \"{token}\" within ten minutes."),
    ])
}

async fn delete_in(
    granted: &Granted,
    writing: &mut Writing<'_>,
    id: &ActivityId,
    token: &str,
) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let item = find(writing.upstream(), id).await?;
    let Some(seen) = granted.journal().confirm(token, &what(ask, id)).await? else {
        return Err(no_token());
    };
    if seen != mark(&item) {
        return Err(ToolError::Input(
            "Nothing was deleted: the activity changed since it was shown. Call again without confirm."
                .to_owned(),
        ));
    }
    let wish = Wish::Delete {
        item: item.clone(),
        place: String::new(),
        also: Vec::new(),
    };
    let tried = writing
        .put(std::slice::from_ref(&wish), std::slice::from_ref(&item))
        .await?;
    item::told(said(ask, &item, &tried), &tried, false)
}

fn said(ask: &Ask, item: &Item, tried: &[Tried]) -> Answer {
    let gone = tried.iter().any(|tried| matches!(tried.fate, Fate::Gone));
    let line = by_hand::line(item, ask.card.units);
    let lines = tried.iter().map(|tried| match tried.failed() {
        Some(why) => format!("{line}: {why}"),
        None => format!("Deleted: {line} (change {}).", tried.number),
    });
    let numbers = tried
        .iter()
        .filter(|tried| tried.came_true())
        .map(|tried| tried.number)
        .collect();
    let head = if gone { "deleted" } else { "not deleted" };
    Answer::of(
        std::iter::once(answer::first_line(&ask.card, ask.today(), &[head.to_owned()]))
            .chain(lines)
            .chain([undo_hint(&ask.card, numbers, "enters it again")]),
    )
}
