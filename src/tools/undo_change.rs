//! undo_change: changes made through IcuSync are undone, as long as intervals.icu still holds what they left.
//!
//! At most five requests: what stands on the days concerned, an entry that is elsewhere now, the undo (new entries and
//! deletions in one request each, an edit in one of its own), and what stands there afterwards.

use serde_json::{Map, Value};

use super::{Answer, Run, Tool, arguments::Arguments, params::Param, writing::undo};
use crate::{guard::Granted, permissions, tool_error::ToolError};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::UNDO_CHANGE,
    description: "Takes changes back by their numbers, if nobody changed the entry since: what was written goes, what was edited or \
        deleted comes back.",
    params: PARAMS,
    requests: "3–5",
    run: Run::Write(|granted, given| Box::pin(run(granted, given))),
};

const PARAMS: &[Param] = &[
    Param::figure(
        "changes",
        200,
        "Numbers: 14, or 14-16, 19. Edits of up to 3 entries in one call",
    )
    .required(),
    Param::flag("preview", ""),
];

async fn run(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let arguments = Arguments::new(given, PARAMS, granted.ask().today())?;
    let which = undo::which(arguments.figure("changes")?.as_deref().unwrap_or_default())?;
    undo::undo(&granted, &which, arguments.flag("preview")?).await
}
