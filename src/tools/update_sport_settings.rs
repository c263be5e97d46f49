//! update_sport_settings: the thresholds and zones of one group of sports, after they were shown and confirmed.
//!
//! At most three requests: the settings (`GET /athlete/{id}/sport-settings`), the values
//! (`PUT /athlete/{id}/sport-settings/{id}?recalcHrZones=false`), and what stands there afterwards.

mod asked;
mod bounds;
mod plan;
mod said;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use self::{
    asked::{Asked, PARAMS},
    plan::Plan,
    said::{already, previewed, written},
};
use super::{
    Answer, Run, Tool,
    writing::{Writing, record::told, said::no_token},
};
use crate::{
    guard::{Ask, Granted},
    intervals::model::Values,
    permissions,
    tool_error::ToolError,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::UPDATE_SPORT_SETTINGS,
    description: "Changes thresholds and zones of a group of sports: FTP, LTHR, max HR, threshold pace, W′, Pmax. First call: what \
        would change and follow, with a token; the same with confirm writes. Read back; undo_change restores.",
    params: PARAMS,
    run: Run::Write(|granted, given| Box::pin(update(granted, given))),
};

async fn update(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let asked = Asked::read(given, ask)?;
    if asked.confirmed().is_some() {
        let mut writing = Writing::begin(&granted).await?;
        let done = update_in(&granted, &mut writing, &asked).await;
        return writing.end(done).await;
    }
    let plan = Plan::of(&asked, &ask.upstream.sports().await?, &ask.card)?;
    if !plan.edit.is_needed() {
        return Ok(already(ask, &plan));
    }
    let seen = mark(&plan.edit.stands);
    let token = granted.journal().confirmation(&asked.what(ask), &seen).await?;
    Ok(previewed(ask, &plan, &token))
}

/// The settings that a preview was made from.
fn mark(stands: &Values) -> Vec<u8> {
    // It moves with what the tool does not touch, too.
    let stands = stands.only(|name| name != "updated");
    Sha256::digest(serde_json::to_vec(&stands).unwrap_or_default()).to_vec()
}

async fn update_in(granted: &Granted, writing: &mut Writing<'_>, asked: &Asked) -> Result<Answer, ToolError> {
    let ask: &Ask = granted.ask();
    let token = asked.confirmed().unwrap_or_default();
    let Some(seen) = granted.journal().confirm(token, &asked.what(ask)).await? else {
        return Err(no_token());
    };
    let plan = Plan::of(asked, &writing.upstream().sports().await?, &ask.card)?;
    if mark(&plan.edit.stands) != seen {
        return Err(ToolError::Input(
            "Not done: these settings were changed since the preview. Call without confirm for a new one."
                .to_owned(),
        ));
    }
    if !plan.edit.is_needed() {
        return Ok(already(ask, &plan));
    }
    let edit = plan.edit.clone().needed();
    let edited = writing.edit(std::slice::from_ref(&edit)).await?;
    told(written(ask, &plan, &edit, &edited), &edited, 0)
}
