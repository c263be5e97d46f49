//! The sums of the range's plans: by sport, what of them is still open, and by week, beside the week's targets.

use chrono::NaiveDate;

use super::{Asked, Found, kinds::Kind};
use crate::{
    guard::Units,
    intervals::model::Event,
    tools::{
        answer::{
            self,
            sport_units::{SportUnits, in_yards},
            units::{self, positive},
            week,
            words::{around, joined, named},
        },
        arguments::{Detail, Range},
        entries,
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

/// What the sums are of.
pub(super) struct Summed<'a, 'b> {
    /// The rows that were asked for.
    pub(super) found: &'b [Found<'a>],
    /// The others of the range.
    pub(super) others: &'b [Found<'a>],
    pub(super) targets: &'b [&'a Event],
    /// What of `found` was done or not, if that was not read: `, done or not`.
    pub(super) unread: &'b str,
    /// Whether some that are open may be done, because no activities of their day were read.
    pub(super) perhaps_done: bool,
}

/// Two lines, one without workouts; empty when nothing is planned.
pub(super) fn lines(summed: &Summed<'_, '_>, asked: &Asked, own: Units) -> String {
    let all = plans(summed.found, asked.range, |_| true);
    if all.is_empty() {
        return String::new();
    }
    let exact = asked.detail == Detail::Full;
    let open = plans(summed.found, asked.range, |row| {
        row.is_open() && !row.is_ruled_out
    });
    let ruled_out = plans(summed.found, asked.range, |row| row.is_open() && row.is_ruled_out);
    let still_open = if summed.perhaps_done {
        "of that open, or not known to be done"
    } else {
        "of that still open"
    };
    let parts = by_sport(&all, (still_open, &open, &ruled_out), exact);
    let planned = format!("Planned{}: {parts}", summed.unread);
    if !asked.lists(Kind::Workouts) || asked.query.is_some() {
        return planned;
    }
    let others = plans(summed.others, asked.range, |_| true);
    format!(
        "{planned}\nWeeks (Mon), planned load: {}",
        by_week((&all, &ruled_out), &others, summed.targets, asked, own)
    )
}

/// The workouts and races of the range that are wanted.
fn plans<'a>(rows: &[Found<'a>], range: Range, wants: impl Fn(&Found<'a>) -> bool) -> Vec<Plan<'a>> {
    rows.iter()
        .filter(|row| row.event.is_to_do() && wants(row))
        .filter_map(|row| {
            let day = row.day().filter(|day| range.contains(*day))?;
            Some((day, (row.event, row.planned)))
        })
        .collect()
}

/// `Ride 4 · 4:00 · load 260 | of that still open 2 · 2:00 · load 139 | ruled out by absence or limit 1 · 1:00 · load 60`
fn by_sport(
    all: &[Plan<'_>],
    (still_open, open, ruled_out): (&str, &[Plan<'_>], &[Plan<'_>]),
    exact: bool,
) -> String {
    let by_sport = sums::by_sport(rows(all), exact);
    let sum = Sum::of(rows(all));
    let rounded = sums::rounded(&by_sport, &sum, true);
    let whole = (by_sport.len() > 1).then(|| sum.line("all", String::new()));
    let part = |of: &[Plan<'_>], name: &str| {
        let is_part = !of.is_empty() && of.len() < all.len();
        is_part.then(|| Sum::of(rows(of)).line(name, String::new()))
    };
    let lines = by_sport.iter().map(|(sport, sum)| sum.line(sport, String::new()));
    let lines = lines.chain(whole).chain(part(open, still_open)).chain(
        (!ruled_out.is_empty())
            .then(|| Sum::of(rows(ruled_out)).line("ruled out by absence or limit", String::new())),
    );
    let lines = joined(lines, " | ");
    joined([lines.as_str(), rounded], ". ")
}

fn rows<'a>(plans: &[Plan<'a>]) -> impl Iterator<Item = (&'a Event, Planned)> {
    plans.iter().map(|(_, plan)| *plan)
}

/// `16 Nov (from Sat) 206 · 23 Nov 175 of target 85 · 30 Nov 225, 175 of Ride target 160`. The targets are those of everything
/// that is planned, so the `others` count as well: `23 Nov 242, 73 of it ruled out, 111 of Ride target 160`.
fn by_week<'a>(
    (all, ruled_out): (&[Plan<'a>], &[Plan<'a>]),
    others: &[Plan<'a>],
    targets: &[&Event],
    asked: &Asked,
    own: Units,
) -> String {
    let range = asked.range;
    let loads = all
        .iter()
        .map(|(day, (_, planned))| (*day, units::sane(planned.load)));
    let weeks = weeks::weekly(range.oldest, range.newest, loads);
    let words = weeks.iter().take(WEEKS).map(|(monday, load)| {
        let cut = week::cut(*monday, range);
        let of_week = |plans: &[Plan<'a>]| -> Vec<(&'a Event, Planned)> {
            let of_week = plans.iter().filter(|(day, _)| weeks::monday(*day) == *monday);
            of_week.map(|(_, plan)| *plan).collect()
        };
        let targets: Vec<&Event> = targets
            .iter()
            .copied()
            .filter(|target| target.day().is_some_and(|day| weeks::monday(day) == *monday))
            .collect();
        let targets: Vec<String> = if cut.is_empty() {
            let (listed, others) = (of_week(all), of_week(others));
            let against = |target: &&Event| against(target, &listed, &others, own);
            targets.iter().flat_map(against).collect()
        } else if asked.lists(Kind::Plan) {
            Vec::new()
        } else {
            vec![alone(&targets, own)]
        };
        let load = week::done(load, 0);
        let not_possible = Sum::of(of_week(ruled_out)).load_words();
        let not_possible = around("", &not_possible, "of it ruled out");
        // What is compared with a target of the same load is not said twice.
        let of_target = targets
            .first()
            .filter(|target| target.starts_with(&format!("{load} of ")));
        let load = Some(load).filter(|_| of_target.is_none()).unwrap_or_default();
        let week = format!("{}{cut}", units::day_month(*monday));
        let mut said: Vec<String> = std::iter::once(load).chain(targets).collect();
        said.retain(|part| !part.is_empty());
        said.insert(said.len().min(1), not_possible);
        named(&week, &joined(said, ", "))
    });
    let left: Vec<_> = weeks.iter().skip(WEEKS).collect();
    let more = left.first().map(|(monday, _)| {
        format!(
            "… {}: use oldest={monday} newest={}",
            answer::counted(left.len(), "more week", "more weeks"),
            range.newest
        )
    });
    words.chain(more).collect::<Vec<_>>().join(" · ")
}

/// The targets of a week that the range cuts, where they have no rows: `week targets Ride load 213, Run 4:00`.
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

/// What is planned for a week beside its target: `85 of target 100`, `143 of Ride target 160`, `3:46 of Run target 4:00`;
/// `Swim target 5000 m (planned distance not known)`, `169 of Ride target 170 (with entries not listed)`.
fn against(
    target: &Event,
    listed: &[(&Event, Planned)],
    others: &[(&Event, Planned)],
    own: Units,
) -> Vec<String> {
    let sport = target.sport();
    let name = joined([entries::sport_of(target).as_str(), "target"], " ");
    let is_of_sport = |event: &Event| {
        sport.is_empty() || name_of(event.sport.as_deref(), false) == name_of(Some(sport), false)
    };
    let plans = listed.iter().chain(others);
    let sum = Sum::of(plans.filter(|(event, _)| is_of_sport(event)).copied());
    let more = if others.iter().any(|(event, _)| is_of_sport(event)) {
        "(with entries not listed)"
    } else {
        ""
    };
    // In the unit of the target, to be compared with it.
    let pool = in_yards(positive(target.distance_target)).or(sum.pools.in_yards(own));
    let way = |metres| SportUnits::of(sport, own).with_pool(pool).way(metres, 0);
    let of = |what: &str, planned: String, target: String| match planned.as_str() {
        "" if sum.count > 0.0 => around(&name, &target, &format!("(planned {what} not known)")),
        "" => around(&format!("0 of {name}"), &target, ""),
        planned => around(&format!("{planned} of {name}"), &target, more),
    };
    let distance = sum.of_those(sum.with_distance, way(Some(sum.metres)), "without a distance");
    vec![
        of(
            "load",
            sum.load_words(),
            units::whole(positive(target.load_target)),
        ),
        of(
            "time",
            sum.time_words(),
            units::hours_minutes(positive(target.time_target)),
        ),
        of("distance", distance, way(positive(target.distance_target))),
    ]
}
