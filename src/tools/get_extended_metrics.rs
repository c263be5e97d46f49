//! get_extended_metrics: metrics beyond time, power and heart rate: running dynamics, W′, durability, DFA α1,
//! temperatures, respiration, muscle oxygen, for one activity or over a range.
//!
//! With an id: one request (`GET /activity/{id}?intervals=true`), and with `include: streams` one more for metrics that only
//! the recording has. Without: one request (`GET /athlete/{id}/activities`), for at most the newest thousand activities.
//! Figures are intervals.icu's own unless the line says otherwise; no verdicts.

mod metrics;
mod one;
mod trend;

#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    arguments::{self, Arguments, Detail, Range, Span, Sport},
    one_activity::{self, lacks},
    params::Param,
    part::{Part, Source, settle},
};
use crate::{guard::Ask, ids::ActivityId, intervals::model::Stream, permissions, tool_error::ToolError};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_EXTENDED_METRICS,
    description: "Running dynamics (ground contact, oscillation, balance, step length, stiffness), W′ balance, decoupling, \
        efficiency factor, HR recovery, DFA α1, core temperature, respiration, SmO2, L/R balance. With id: one activity. \
        Without: each activity of a range (default 28 days), averages by sport, second half against first.",
    params: PARAMS,
    requests: "1–2",
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const SPAN: Span = Span {
    days: 28,
    ahead: 0,
    longest: 366,
};
/// Maximum activities that one request reads.
const READ: usize = 1000;

const PARAMS: &[Param] = &[
    Param::activity_id(),
    Param::words(
        "include",
        &["streams"],
        "Needs id. streams: what only the recording has (DFA α1, body temperature, respiration, SmO2)",
    ),
    Param::oldest("28 days up to newest"),
    Param::newest("today"),
    Param::sport("ride, run, swim … or one exact type"),
    Param::detail("more columns"),
    Param::limit(40, 200),
];

/// The call's arguments.
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
    /// Says so if it was asked to go on after today.
    cut: String,
    /// As given, and the types that it means.
    sport: Option<Sport>,
    detail: Detail,
    limit: usize,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let sport = arguments.sport_in_words()?;
        let streams = arguments.includes("streams")?;
        let detail = arguments.detail()?;
        let limit = arguments.limit()?;
        if let Some(id) = arguments.activity_id()? {
            if arguments.has_range() || sport.is_some() {
                return Err(arguments::wrong(
                    "id",
                    "is for one activity: leave out oldest, newest and sport, or leave out id",
                ));
            }
            return Ok(Self::One { id, streams, detail });
        }
        if streams {
            return Err(arguments::wrong(
                "include",
                "must come with id: streams are of one activity; take its id from the last column of get_training_history",
            ));
        }
        let (range, cut) = arguments.range_to_today(SPAN)?;
        Ok(Self::Trend(Trend {
            range,
            cut,
            sport,
            detail,
            limit,
        }))
    }
}

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    match Asked::read(given, today)? {
        Asked::One { id, streams, detail } => {
            let activity = one_activity::fetch(upstream, &id).await?;
            if let Some(stub) = one_activity::stub(card, today, &activity) {
                return Ok(stub);
            }
            let streams: Part<Vec<Stream>> = if !streams {
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
