//! The athlete's figures as pieces of the dashboard. What they are is computed in [`crate::tools::at_a_glance`].

use askama::Template;
use chrono::NaiveDate;

use super::{chart::Chart, questions};
use crate::{
    tool_error::ToolError,
    tools::at_a_glance::{First, Gap, LastActivity, Night, Part, Rest, Status},
};

#[derive(Template)]
#[template(path = "parts/figures_first.html")]
struct FirstPiece<'a> {
    chart: Part<Chart>,
    last: Part<&'a LastActivity>,
    nights: [(&'static str, Part<NightTile>); 2],
    first: &'a First,
}

impl FirstPiece<'_> {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "askama passes references")]
    fn until(&self, day: &NaiveDate) -> String {
        until(*day, self.first.today)
    }
}

/// A night in words.
struct NightTile {
    value: Part<String>,
    when: String,
    measure: &'static str,
    week: String,
    base: String,
}

impl NightTile {
    fn of(night: &Part<Night>, today: NaiveDate) -> Part<Self> {
        let night = night.as_ref().map_err(|gap| *gap)?;
        let when = if night.day == today {
            "last night".to_owned()
        } else {
            format!("night to {}", day_of(night.day))
        };
        Ok(Self {
            value: night.value.clone(),
            when,
            measure: night.measure,
            week: night.week.clone(),
            base: night.base.clone(),
        })
    }
}

#[derive(Template)]
#[template(path = "parts/figures_rest.html")]
struct RestPiece<'a> {
    first: &'a First,
    rest: &'a Rest,
    questions: Vec<String>,
    /// Whether too few requests are left to ask.
    is_spared: bool,
    /// Whether something did not arrive.
    is_late: bool,
}

impl RestPiece<'_> {
    /// The class of a badge.
    #[expect(
        clippy::unused_self,
        clippy::trivially_copy_pass_by_ref,
        reason = "askama calls methods of the template, and passes references"
    )]
    fn class(&self, status: &Status) -> &'static str {
        match status {
            Status::Done => " good",
            Status::Missed => " warn",
            Status::Open | Status::Else => "",
        }
    }
}

#[derive(Template)]
#[template(path = "parts/figures_none.html")]
struct NonePiece {
    why: Why,
}

/// Why there are no figures at all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Upstream refused the connection.
    Refused,
    /// The time zone is not known.
    NoZone,
    /// They did not arrive.
    NotNow,
}

impl NonePiece {
    fn is(&self, why: &str) -> bool {
        match self.why {
            Why::Refused => why == "refused",
            Why::NoZone => why == "zone",
            Why::NotNow => false,
        }
    }
}

/// What is known first.
pub(super) fn first(first: &First) -> String {
    rendered(&FirstPiece {
        chart: first.fitness.as_ref().map(Chart::of).map_err(|gap| *gap),
        last: first.last.as_ref().map_err(|gap| *gap),
        nights: [
            ("Sleep", NightTile::of(&first.sleep, first.today)),
            ("HRV", NightTile::of(&first.hrv, first.today)),
        ],
        first,
    })
}

/// What is known last, and the questions made from all.
pub(super) fn rest(first: &First, rest: &Rest, is_spared: bool) -> String {
    let gaps = [
        first.fitness.as_ref().err(),
        first.last.as_ref().err(),
        first.race.as_ref().err(),
        rest.week.time.as_ref().err(),
    ];
    rendered(&RestPiece {
        first,
        rest,
        questions: questions::of(first, rest),
        is_spared,
        is_late: !is_spared && gaps.contains(&Some(&Gap::NotNow)),
    })
}

/// Instead of the figures.
pub(super) fn none(error: Option<&ToolError>) -> String {
    let why = match error {
        Some(ToolError::Reconnect(_)) => Why::Refused,
        Some(ToolError::Refused(_)) => Why::NoZone,
        _ => Why::NotNow,
    };
    rendered(&NonePiece { why })
}

fn rendered(template: &impl Template) -> String {
    template.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a piece of the dashboard cannot be drawn");
        String::new()
    })
}

/// `Sat 28 Nov`
pub(super) fn day_of(day: NaiveDate) -> String {
    day.format("%a %-d %b").to_string()
}

/// `today`, `tomorrow`, `in 12 days`
pub(super) fn until(day: NaiveDate, today: NaiveDate) -> String {
    match (day - today).num_days() {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    }
}
