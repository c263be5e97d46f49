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
use crate::{guard::Granted, intervals::model::Values, permissions, tool_error::ToolError};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::UPDATE_SPORT_SETTINGS,
    description: "Changes thresholds and zones of a group of sports. First call: what would change and follow, and a token; the \
        same call with confirm writes. undo_change restores.",
    params: PARAMS,
    requests: "3",
    run: Run::Write(|granted, given| Box::pin(update(granted, given))),
};

async fn update(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let asked = Asked::read(given, granted.ask())?;
    // Also for a preview: what it shows is what a token is for, so it must not be from before.
    let mut writing = Writing::begin(&granted).await?;
    let done = update_in(&granted, &mut writing, &asked).await;
    writing.end(done).await
}

/// The settings that a preview was made from.
fn mark(stands: &Values) -> Vec<u8> {
    // It moves with what the tool does not touch, too.
    let stands = stands.only(|name| name != "updated");
    Sha256::digest(serde_json::to_vec(&stands).unwrap_or_default()).to_vec()
}

async fn update_in(granted: &Granted, writing: &mut Writing<'_>, asked: &Asked) -> Result<Answer, ToolError> {
    let (ask, journal) = (granted.ask(), granted.journal());
    let what = asked.what(ask);
    let seen = match asked.confirmed() {
        Some(token) => Some(journal.confirm(token, &what).await?.ok_or_else(no_token)?),
        None => None,
    };
    let plan = Plan::of(asked, &writing.upstream().sports().await?, &ask.card)?;
    let stands = mark(&plan.edit.stands);
    match seen {
        Some(seen) if seen != stands => Err(ToolError::Input(
            "Not done: these settings were changed since the preview. Call without confirm for a new one."
                .to_owned(),
        )),
        _ if !plan.edit.is_needed() => Ok(already(ask, &plan)),
        None => {
            let token = journal.confirmation(&what, &stands).await?;
            Ok(previewed(ask, &plan, &token))
        }
        Some(_) => {
            let edit = plan.edit.clone().needed();
            let edited = writing.edit(std::slice::from_ref(&edit)).await?;
            told(written(ask, &plan, &edit, &edited), &edited, 0)
        }
    }
}
