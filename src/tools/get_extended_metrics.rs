//! get_extended_metrics: what goes beyond time, power and heart rate: running dynamics, W′, durability, DFA α1,
//! temperatures, breath, muscle oxygen. Of one activity, or over a range.
//!
//! With an id: one request (`GET /activity/{id}?intervals=true`), and with `include: streams` one more for what only the
//! recording has. Without: one request (`GET /athlete/{id}/activities`), at most its newest thousand activities. Figures
//! are intervals.icu's own unless the line says otherwise; no verdicts.

mod metrics;
mod one;
mod trend;

#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::{
    Answer, Run, Tool,
    arguments::{self, Arguments, Detail, Range, Span},
    one_activity::{self, lacks},
    part::{Part, Source, settle},
};
use crate::{
    guard::Ask, ids::ActivityId, intervals::model::Stream, permissions, tool_error::ToolError,
    training::sports,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_EXTENDED_METRICS,
    description: "Running dynamics (ground contact, oscillation, balance, step length, stiffness), W′ balance, decoupling, \
        efficiency factor, HR recovery, DFA α1, core temperature, respiration, SmO2, L/R balance. With id: one activity. \
        Without: each activity of a range (default 28 days), means by sport, first against second half.",
    schema,
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const NAMES: &[&str] = &["id", "include", "oldest", "newest", "sport", "detail", "limit"];
const SPAN: Span = Span {
    days: 28,
    ahead: 0,
    longest: 366,
};
const ROWS: usize = 40;
const MOST_ROWS: usize = 200;
/// Activities that one request reads at most.
const READ: usize = 1000;

fn schema() -> Map<String, Value> {
    arguments::schema(&[
        arguments::activity_id(),
        (
            "include",
            json!({"type": "array", "items": {"type": "string", "enum": ["streams"]}, "description": "With id. streams: what only the recording has (DFA α1, body temperature, breath, SmO2)"}),
        ),
        arguments::oldest("28 days back"),
        arguments::newest("today"),
        (
            "sport",
            json!({"type": "string", "description": "ride, run, swim … or one exact type"}),
        ),
        arguments::detail("more columns"),
        arguments::limit(ROWS, MOST_ROWS),
    ])
}

/// What was asked for.
#[derive(Debug)]
enum Asked {
    One {
        id: ActivityId,
        streams: bool,
        detail: Detail,
    },
    Trend(Trend),
}

#[derive(Debug)]
struct Trend {
    range: Range,
    /// The word, and what it means.
    sport: Option<(String, &'static [&'static str])>,
    detail: Detail,
    limit: usize,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, NAMES, today)?;
        let sport = arguments.words("sport", 40)?;
        let streams = !arguments.list("include", &["streams"])?.is_empty();
        let detail = arguments.detail()?;
        let limit = arguments.limit(ROWS, MOST_ROWS)?;
        if let Some(id) = arguments.activity_id()? {
            if arguments.has_range() || sport.is_some() {
                return Err(arguments::wrong(
                    "id",
                    "it asks for one activity; leave out oldest, newest and sport, or the id",
                ));
            }
            return Ok(Self::One { id, streams, detail });
        }
        if streams {
            return Err(arguments::wrong(
                "include",
                "streams belong to one activity; give its id, from the last column of get_training_history",
            ));
        }
        let sport = sport
            .map(|word| {
                let sports = sports::meant_by(&word).ok_or_else(|| {
                    arguments::wrong(
                        "sport",
                        "write ride, run, swim, ski, row or strength, or a type of intervals.icu such as TrailRun, Walk",
                    )
                });
                sports.map(|sports| (word, sports))
            })
            .transpose()?;
        Ok(Self::Trend(Trend {
            range: arguments.range(SPAN)?,
            sport,
            detail,
            limit,
        }))
    }
}

/// Fetches what was asked for, and says it.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    match Asked::read(given, today)? {
        Asked::One { id, streams, detail } => {
            let activity = one_activity::fetch(upstream, &id).await?;
            let streams: Part<Vec<Stream>> = if !streams || activity.activity.is_closed_by_strava() {
                Part::NotAsked
            } else if lacks(&activity, one::STREAMS) {
                Part::Missing("Streams: none of these was recorded.".to_owned())
            } else {
                settle(
                    "Streams",
                    Source::Activity,
                    upstream.streams(&id, one::WITH_TIME).await,
                )?
            };
            Ok(one::render(card, today, detail, &activity, &streams))
        }
        Asked::Trend(asked) => {
            let Range { oldest, newest } = asked.range;
            let found = upstream
                .extended_activities(oldest, newest, READ, metrics::FIELDS)
                .await?;
            Ok(trend::render(card, today, &asked, &found))
        }
    }
}
