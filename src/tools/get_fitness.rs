//! get_fitness: CTL, ATL, form, ramp and load, day by day or week by week, past and projected.
//!
//! `GET /athlete/{id}/wellness`, whose rows contain the model; rows after today are upstream's projection. Where today is
//! shown, `GET /athlete/{id}/events` of today as well, for what is still planned, and where both have a load, `/activities` of
//! today: the row may count what is only planned.

mod eftp;
mod rows;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, ops::Bound};

use chrono::NaiveDate;
use serde_json::{Map, Value};

use self::{eftp::Estimates, rows::Days};
use super::{
    Answer, MOST_REQUESTS, Run, Tool,
    answer::{self, cut::Cut, units, words::joined},
    arguments::{Arguments, Detail, Range, Span, TEN_YEARS},
    fitness::{
        Day, DoneToday, FIELDS, Seen, Today, as_granted, days_of, plan_until, ramps_of_ours, shows_plan,
        standing, tell_apart, to_come_in_words,
    },
    params::Param,
    part::{Part, not_granted},
};
use crate::{
    guard::{Ask, AthleteCard},
    intervals::model::{Event, Wellness},
    permissions,
    tool_error::ToolError,
    training::weeks::{self, back},
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_FITNESS,
    description: "Fitness (CTL), fatigue (ATL), form (TSB), ramp and load at the end of each day or week. Default: the last 28 \
        days and the next 7, projected from planned workouts. A later newest alone projects from today.",
    params: PARAMS,
    requests: "2–4",
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const SPAN: Span = Span {
    days: 28,
    ahead: 7,
    longest: TEN_YEARS,
};
/// In ranges up to a week, every row has the form of its morning.
const MORNINGS: i64 = 7;
/// Longer ranges go by week unless the call asks for days.
const DAYS_AT_MOST: i64 = 42;

const FULL_FIELDS: &[&str] = &["id", "ctl", "atl", "rampRate", "ctlLoad", "atlLoad", "sportInfo"];

const PARAMS: &[Param] = &[
    Param::oldest("the last 28 days"),
    Param::newest("7 days ahead, or today when oldest is given"),
    Param::word("step", &["day", "week"], "Default: day, or week over 42 days"),
    Param::detail("estimated FTP, W′ and Pmax by sport"),
    Param::limit(60, 200),
];

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    /// The days to show.
    range: Range,
    /// The days to show as well: today, or this week, where the range begins later. A projection needs its beginning.
    also: Option<Range>,
    /// Whether projected days are left out.
    without_plan: bool,
    weekly: bool,
    detail: Detail,
    limit: usize,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate, card: &AthleteCard) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let mut range = arguments.range(SPAN)?;
        if arguments.day("oldest")?.is_none() {
            range.oldest = range.oldest.min(today);
        }
        let weekly = arguments.word("step", &[("day", false), ("week", true)])?;
        let weekly = weekly.unwrap_or(range.days() > DAYS_AT_MOST);
        let without_plan = range.newest > today && !shows_plan(card);
        if weekly {
            // Whole weeks: the load of a part of one would read as an easy week.
            range.oldest = weeks::monday(range.oldest);
            let end = weeks::sunday(range.newest);
            if end <= today || range.newest > today {
                range.newest = end;
            }
        }
        if without_plan {
            range.newest = range.newest.min(today);
        }
        let now = if weekly {
            Range::of_week(today)
        } else {
            Range::of_day(today)
        };
        Ok(Self {
            range,
            also: (range.oldest > now.newest && !without_plan).then_some(now),
            without_plan,
            weekly,
            detail: arguments.detail()?,
            limit: arguments.limit()?,
        })
    }

    /// The days to request: from the evening before the first morning, and from yesterday where today is shown.
    fn requested(&self, today: NaiveDate) -> Range {
        let mut oldest = self.also.map_or(self.range.oldest, |also| also.oldest);
        if self.has_all_mornings() {
            oldest = back(oldest, 1);
        }
        if self.range.newest >= today {
            oldest = oldest.min(back(today, 1));
        }
        Range { oldest, ..self.range }
    }

    fn has_all_mornings(&self) -> bool {
        !self.weekly && self.range.days() <= MORNINGS
    }

    fn shows(&self, day: NaiveDate) -> bool {
        self.range.contains(day) || self.also.is_some_and(|also| also.contains(day))
    }

    /// `1 – 10 Dec 2026 and today`
    fn in_words(&self) -> String {
        let also = match (self.also, self.weekly) {
            (None, _) => "",
            (Some(_), false) => " and today",
            (Some(_), true) => " and this week",
        };
        format!("{}{also}", self.range.in_words())
    }
}

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    let asked = Asked::read(given, today, card)?;
    if asked.range.newest < asked.range.oldest {
        let lines = [answer::first_line(card, today, &[]), plan_not_granted()];
        return Ok(Answer::of(lines));
    }
    let requested = asked.requested(today);
    let fields = if asked.weekly {
        FULL_FIELDS
    } else {
        asked.detail.pick(FIELDS, FULL_FIELDS)
    };
    let plan = async {
        if asked.shows(today) {
            plan_until(&ask, asked.range.newest.max(today)).await
        } else {
            Ok(Part::NotAsked)
        }
    };
    let (rows, plan) = tokio::join!(
        upstream.wellness(requested.oldest, requested.newest, fields),
        plan
    );
    let (rows, plan) = (rows?, plan?);
    let known = if asked.shows(today) {
        let seen = Seen {
            activities: None,
            events: plan.got().map(Vec::as_slice),
        };
        tell_apart(&ask, &rows, seen, MOST_REQUESTS).await?
    } else {
        Today::NOT_SHOWN
    };
    let events = plan.got().map_or(&[][..], Vec::as_slice);
    let hidden = if asked.range.newest > today && upstream.hides_load_after(today) {
        "The projection may hold entries that a coach hides from the athlete."
    } else {
        ""
    };
    let answer = render(card, today, &asked, &rows, (known, events));
    Ok(answer.and([plan.missing(), hidden.to_owned()]))
}

fn plan_not_granted() -> String {
    not_granted("Projected days", &permissions::GET_EVENTS)
}

/// `plan` are the workouts and races from today on; empty if they are not known.
fn render(
    card: &AthleteCard,
    today: NaiveDate,
    asked: &Asked,
    rows: &[Wellness],
    (known, plan): (Today, &[Event]),
) -> Answer {
    let mut all = days_of(rows, asked.requested(today));
    let done = as_granted(card, &mut all, today, known.done);
    let shown: BTreeMap<NaiveDate, Day> = all
        .iter()
        .filter(|(date, _)| asked.shows(**date))
        .map(|(date, day)| (*date, *day))
        .collect();
    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            asked.in_words(),
            if asked.weekly {
                "by week".to_owned()
            } else {
                answer::counted(shown.len(), "day", "days")
            },
        ],
    )];
    let left_out = if asked.without_plan {
        plan_not_granted()
    } else {
        String::new()
    };
    let lost = lost(rows, &shown, asked);
    if shown.is_empty() {
        blocks.push(nothing(rows, asked, today).to_owned());
        blocks.push(to_come_in_words(known.to_come, false));
        blocks.push(unreadable(&lost));
        blocks.push(left_out);
        return Answer::of(blocks);
    }
    let days = Days {
        lost: &lost,
        shown: &shown,
        all: &all,
        today,
        done,
        to_come: known.to_come,
        all_mornings: asked.has_all_mornings(),
        plan,
    };
    let all_rows = if asked.weekly { days.weekly() } else { days.daily() };
    let cut = Cut::after(asked.limit, &all_rows);
    let estimates = if asked.weekly {
        Estimates::of(rows, today, |day| asked.shows(day))
    } else {
        Estimates::default()
    };
    let (columns, others) = estimates.split(asked.detail);
    blocks.push(rows::table(cut.shown, asked.weekly, columns));
    blocks.push(cut.more("row", |next| {
        let step = if asked.weekly { "week" } else { "day" };
        format!(
            "use oldest={} newest={} step={step}",
            asked.range.oldest.min(next.until),
            next.until
        )
    }));
    let this_week = weeks::monday(today);
    let shows_this_week = shown.keys().any(|day| weeks::monday(*day) == this_week);
    blocks.push(joined(
        [
            standing(&shown, today, done),
            no_row_of_today(&shown, asked, today).to_owned(),
            to_come_in_words(known.to_come, asked.weekly && shows_this_week),
        ],
        "\n",
    ));
    blocks.push(extremes(&shown, today, done));
    if asked.detail == Detail::Full {
        blocks.push(eftp::latest(rows, today));
    }
    blocks.push(left_out);
    blocks.push(unreadable(&lost));
    blocks.push(joined(
        [meaning(&days, asked), eftp::meaning(columns, others)],
        " ",
    ));
    blocks.push(joined(
        [
            ramps_of_ours(cut.shown.iter().map(|row| &row.day)).as_str(),
            rows::why_two_loads(shown.values()),
        ],
        " ",
    ));
    // A row of the model does not say which devices recorded its loads.
    blocks.push(answer::MAY_BE_GARMIN.to_owned());
    Answer::of(blocks)
}

const NONE_OF_TODAY: &str = "intervals.icu has no fitness figures for today yet.";

/// That no day of the range can be shown; `rows` holds the days just before it as well.
fn nothing(rows: &[Wellness], asked: &Asked, today: NaiveDate) -> &'static str {
    if asked.range == Range::of_day(today) {
        NONE_OF_TODAY
    } else if rows.iter().all(|row| row.ctl.is_none() && row.atl.is_none()) {
        "intervals.icu has no fitness figures in this range: they begin with the first activity that has a load."
    } else {
        "intervals.icu has no fitness figures in this range."
    }
}

/// That today is missing, where the range has it.
fn no_row_of_today(shown: &BTreeMap<NaiveDate, Day>, asked: &Asked, today: NaiveDate) -> &'static str {
    if asked.shows(today) && !shown.contains_key(&today) {
        NONE_OF_TODAY
    } else {
        ""
    }
}

/// How many days have figures that cannot be shown.
fn unreadable(lost: &[NaiveDate]) -> String {
    match lost.len() {
        0 => String::new(),
        1 => "1 day left out: its CTL or ATL is missing or negative.".to_owned(),
        days => format!("{days} days left out: their CTL or ATL is missing or negative."),
    }
}

/// The days of the model that cannot be shown.
fn lost(rows: &[Wellness], shown: &BTreeMap<NaiveDate, Day>, asked: &Asked) -> Vec<NaiveDate> {
    let of_the_model = rows.iter().filter(|row| row.ctl.is_some() || row.atl.is_some());
    let days = of_the_model.filter_map(|row| row.id);
    days.filter(|day| asked.shows(*day) && !shown.contains_key(day))
        .collect()
}

/// What a row means, and where its figures come from.
fn meaning(days: &Days<'_>, asked: &Asked) -> String {
    let row = if asked.weekly {
        "Each row is the end of its last day, its load included."
    } else if days.has_mornings() && days.leaves_mornings_out() {
        "Each row is the end of its day, its load included; form a.m. (from today on) is the form at the end of the day before."
    } else if days.has_mornings() {
        "Each row is the end of its day, its load included; form a.m. is the form at the end of the day before."
    } else {
        "Each row is the end of its day, its load included; the form of a morning is that at the end of the day before."
    };
    let after_today = (Bound::Excluded(days.today), Bound::Unbounded);
    let ahead: Vec<&Day> = days.shown.range(after_today).map(|(_, day)| day).collect();
    let left_out = days.to_come.filter(|to_come| to_come.load > 0.0);
    let projected = match left_out.map(|to_come| units::whole(to_come.load)) {
        _ if ahead.is_empty() => String::new(),
        None => "Rows after today are intervals.icu's projection from all that is planned, ruled out by an absence or not."
            .to_owned(),
        Some(load) => format!(
            "Rows after today are intervals.icu's projection from what is planned after today, ruled out by an absence or \
             not: today's open load {load} is in the form of none of them."
        ),
    };
    joined(
        [
            row,
            "Form = CTL - ATL.",
            &projected,
            &unplanned(&ahead, days.today),
        ],
        " ",
    )
}

/// On which of the days `ahead` nothing is planned; empty if something is on the last of them, and if there are none.
fn unplanned(ahead: &[&Day], today: NaiveDate) -> String {
    let is_planned = |day: &&&Day| day.loads.is_some_and(|loads| loads.whole() > 0.0);
    let planned = ahead.iter().filter(is_planned).map(|day| day.date).max();
    let (Some(first), Some(last)) = (ahead.first(), ahead.last()) else {
        return String::new();
    };
    if planned == Some(last.date) {
        return String::new();
    }
    let until = units::date(last.date);
    match planned {
        Some(day) => format!(
            "Nothing with a load is planned after {} up to {until}: later rows only decay.",
            units::date(day)
        ),
        None if Some(first.date) == today.succ_opt() => {
            format!("Nothing with a load is planned after today up to {until}: later rows only decay.")
        }
        // The days before it are not shown.
        None if first.date == last.date => format!("Nothing with a load is planned on {until}."),
        None => format!(
            "Nothing with a load is planned from {} to {until}: these rows only decay.",
            units::date(first.date)
        ),
    }
}

/// The highest and lowest CTL of the days up to today; without today where its CTL is not known without what is planned.
fn extremes(days: &BTreeMap<NaiveDate, Day>, today: NaiveDate, done: DoneToday) -> String {
    let ctl = |day: &Day| match done {
        DoneToday::Part(part) if day.date == today => part.fitness.map(|fitness| fitness.ctl),
        DoneToday::Unclear { .. } if day.date == today => None,
        _ => Some(day.fitness.ctl),
    };
    let past: Vec<&Day> = days.range(..=today).map(|(_, day)| day).collect();
    let known = past.iter().filter_map(|day| Some((day.date, ctl(day)?)));
    let known: Vec<(NaiveDate, f64)> = known.collect();
    let order = |a: &&(NaiveDate, f64), b: &&(NaiveDate, f64)| a.1.total_cmp(&b.1);
    let until = if past.last().map(|day| day.date) < Some(today) {
        ""
    } else if known.len() < past.len() {
        ", up to yesterday"
    } else if matches!(done, DoneToday::Part(_)) {
        ", up to today with what is done only"
    } else {
        ", up to today"
    };
    match (known.iter().max_by(order), known.iter().min_by(order)) {
        (Some(high), Some(low)) if high.0 != low.0 => format!(
            "Of these days{until}: highest CTL {} on {}, lowest {} on {}.",
            units::fixed(high.1, 1),
            units::date(high.0),
            units::fixed(low.1, 1),
            units::date(low.0)
        ),
        _ => String::new(),
    }
}
