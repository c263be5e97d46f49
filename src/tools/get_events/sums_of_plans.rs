//! The sums of the range's plans: by sport, what of them is still open, and by week, beside the week's targets.

use chrono::NaiveDate;

use super::{Asked, Found, kinds, kinds::Kind};
use crate::{
    guard::Units,
    intervals::model::Event,
    tools::{
        answer::{
            sport_units::{SportUnits, in_yards},
            units::{self, positive},
            week,
            words::{around, joined, named, with_unit},
        },
        arguments::{Detail, Range},
        plan_state::Planned,
        planned,
        sums::{self, Sum, name_of},
    },
    training::weeks,
};

/// Most weeks in an answer: half a year.
const WEEKS: usize = 27;

/// A workout or race of the range: its day, and what is planned.
type Plan<'a> = (NaiveDate, (&'a Event, Planned));

/// Two lines, one without workouts; empty when nothing is planned.
pub(super) fn lines(found: &[Found<'_>], targets: &[&Event], asked: &Asked, own: Units) -> String {
    let range = asked.range;
    let plans = |open: bool| -> Vec<Plan<'_>> {
        found
            .iter()
            .filter(|row| row.event.is_to_do() && (!open || row.is_open()))
            .filter_map(|row| {
                let day = row.day().filter(|day| range.contains(*day))?;
                Some((day, (row.event, row.planned)))
            })
            .collect()
    };
    let all = plans(false);
    if all.is_empty() {
        return String::new();
    }
    let exact = asked.detail == Detail::Full;
    let planned = format!("Planned: {}", by_sport(&all, &plans(true), exact));
    if !asked.kinds.is_empty() && !asked.names(Kind::Workouts) {
        return planned;
    }
    format!(
        "{planned}\nWeeks (Mon), planned load: {}",
        by_week(&all, targets, range, own)
    )
}

/// `Ride 3 · 3:00 · load 200 | of that still open 2 · 2:00 · load 139`
fn by_sport(all: &[Plan<'_>], open: &[Plan<'_>], exact: bool) -> String {
    let by_sport = sums::by_sport(rows(all), exact);
    let sum = Sum::of(rows(all));
    let rounded = sums::rounded(&by_sport, &sum, true);
    let whole = (by_sport.len() > 1).then(|| sum.line("all", String::new()));
    let split = !open.is_empty() && open.len() < all.len();
    let open = split.then(|| Sum::of(rows(open)).line("of that still open", String::new()));
    let lines = by_sport.iter().map(|(sport, sum)| sum.line(sport, String::new()));
    let lines = joined(lines.chain(whole).chain(open), " | ");
    joined([lines.as_str(), rounded], ". ")
}

fn rows<'a>(plans: &[Plan<'a>]) -> impl Iterator<Item = (&'a Event, Planned)> {
    plans.iter().map(|(_, plan)| *plan)
}

/// `16 Nov (from Sat) 206 · 23 Nov 175 of target 85 · 30 Nov 225, 175 of Ride target 160`
fn by_week(all: &[Plan<'_>], targets: &[&Event], range: Range, own: Units) -> String {
    let loads = all
        .iter()
        .map(|(day, (_, planned))| (*day, units::sane(planned.load)));
    let weeks = weeks::weekly(range.oldest, range.newest, loads);
    let words = weeks.iter().take(WEEKS).map(|(monday, load)| {
        let cut = week::cut(*monday, range);
        let of_week: Vec<(&Event, Planned)> = all
            .iter()
            .filter(|(day, _)| weeks::monday(*day) == *monday)
            .map(|(_, plan)| *plan)
            .collect();
        let targets: Vec<&Event> = targets
            .iter()
            .copied()
            .filter(|target| target.day().is_some_and(|day| weeks::monday(day) == *monday))
            .collect();
        let targets: Vec<String> = if cut.is_empty() {
            let against = |target: &&Event| against(target, &of_week, own);
            targets.iter().flat_map(against).collect()
        } else {
            vec![alone(&targets, own)]
        };
        let load = week::done(load, 0);
        // What is compared with a target of the same load is not said twice.
        let of_target = targets
            .first()
            .filter(|target| target.starts_with(&format!("{load} of ")));
        let load = Some(load).filter(|_| of_target.is_none()).unwrap_or_default();
        let week = format!("{}{cut}", units::day_month(*monday));
        named(&week, &joined(std::iter::once(load).chain(targets), ", "))
    });
    words.collect::<Vec<_>>().join(" · ")
}

/// The targets of a week that the range cuts: `week targets Ride load 213, Run 4:00 h`.
fn alone(targets: &[&Event], own: Units) -> String {
    let targets: Vec<String> = targets
        .iter()
        .map(|target| planned::target(target, own))
        .filter(|words| !words.is_empty())
        .collect();
    let name = if targets.len() > 1 {
        "week targets"
    } else {
        "week target"
    };
    named(name, &targets.join(", "))
}

/// What is planned for a week beside its target: `85 of target 100`, `143 of Ride target 160`, `3:46 h of Run target 4:00 h`;
/// `Swim target 5000 m (planned distance not known)`.
fn against(target: &Event, plans: &[(&Event, Planned)], own: Units) -> Vec<String> {
    let sport = target.sport();
    let name = joined([kinds::sport_of(target).as_str(), "target"], " ");
    let is_of_sport = |event: &Event| {
        sport.is_empty() || name_of(event.sport.as_deref(), false) == name_of(Some(sport), false)
    };
    let sum = Sum::of(plans.iter().filter(|(event, _)| is_of_sport(event)).copied());
    // In the unit of the target, to be compared with it.
    let pool = in_yards(positive(target.distance_target)).or(sum.pools.in_yards(own));
    let way = |metres| SportUnits::of(sport, own).with_pool(pool).way(metres, 0);
    let hours = |secs: Option<f64>| with_unit(units::hours_minutes(secs), "h");
    let of = |what: &str, planned: String, target: String| match planned.as_str() {
        "" if sum.count > 0.0 => around(&name, &target, &format!("(planned {what} not known)")),
        "" => around(&format!("0 of {name}"), &target, ""),
        planned => around(&format!("{planned} of {name}"), &target, ""),
    };
    let (secs, metres) = (Some(sum.secs), Some(sum.metres));
    let time = sum.of_those(sum.with_time, hours(secs), "without a time");
    let distance = sum.of_those(sum.with_distance, way(metres), "without a distance");
    vec![
        of(
            "load",
            sum.load_words(),
            units::whole(positive(target.load_target)),
        ),
        of("time", time, hours(positive(target.time_target))),
        of("distance", distance, way(positive(target.distance_target))),
    ]
}
