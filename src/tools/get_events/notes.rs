//! The sentences below the table: what its words mean, what is not known, and what is not shown.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;

use super::{Asked, Came, Found, kinds::Kind, rows};
use crate::{
    intervals::model::{Activity, Event},
    text::fenced,
    tools::{
        absences::{self, Absences},
        answer::{self, words},
        day_limits::DayLimits,
        entries,
        plan_state::{self, Doubt, State, Timeless},
        planned,
        sums::Sum,
    },
};

/// Absences in the range that a call for workouts or races alone does not list.
pub(super) fn absent(absences: &Absences, asked: &Asked, today: NaiveDate) -> String {
    if asked.lists(Kind::Availability) || !asked.has_plans() {
        return String::new();
    }
    let within = absences.within(asked.range.oldest, asked.range.newest);
    let words: Vec<String> = within.map(|absence| absence.in_words(today)).collect();
    if words.is_empty() {
        String::new()
    } else {
        format!("In this range: {}; see kinds=availability.", words.join(", "))
    }
}

/// What limits the days of the range, and what the athlete's week usually allows.
pub(super) fn limits(came: &Came, asked: &Asked) -> [String; 2] {
    if !asked.lists(Kind::Availability) || asked.query.is_some() {
        return [String::new(), String::new()];
    }
    let limits = DayLimits::of(&came.events, came.usual_week());
    [limits.by_day(asked.range), limits.usual_week()]
}

/// What the words of the rows mean, each once, where a row has them.
pub(super) fn meanings(rows: &[Found<'_>], activities: &[Activity], can_compare: bool) -> Vec<String> {
    let states = || rows.iter().filter_map(|row| row.state);
    let mut lines = Vec::new();
    if states().any(State::is_missed) {
        lines.push(plan_state::MISSED.to_owned());
    }
    if states().any(|state| state.of_plan(activities).is_some()) {
        lines.push(plan_state::OF_PLAN.to_owned());
    }
    if states().any(|state| matches!(state, State::NotPaired(_))) {
        let hint = if can_compare {
            "; include=done searches for one of that day and sport"
        } else {
            ""
        };
        lines.push(format!("not paired: no activity is paired with it{hint}."));
    }
    lines.extend(in_doubt(rows, can_compare));
    lines
}

/// Follows the word for the sums, where some of their plans were perhaps done: those up to the day `unread_to`, of which no
/// activities were read. `can_compare`: they could be requested.
pub(super) fn done_or_not(
    found: &[Found<'_>],
    unread_to: Option<NaiveDate>,
    can_compare: bool,
) -> &'static str {
    let is_unread = |row: &Found<'_>| row.state.is_some() && row.day() <= unread_to;
    match found.iter().any(is_unread) {
        false => "",
        true if can_compare => ", done or not (include=done says which)",
        true => ", done or not",
    }
}

/// What a filter by sport leaves out that may concern the athlete of that sport: `Not counted: 2 planned workouts without a
/// sport (1:00, load 75), 1 race of sport Other (5:00, load 330): 6 Dec «Lake Tri»`.
pub(super) fn of_no_fixed_sport(left_out: &[Found<'_>]) -> String {
    let mut groups: BTreeMap<(bool, String), Vec<&Found<'_>>> = BTreeMap::new();
    for row in left_out {
        let sport = entries::sport_of(row.event);
        groups.entry((row.event.is_race(), sport)).or_default().push(row);
    }
    planned::not_counted(groups.into_iter().map(|((are_races, sport), rows)| {
        let sum = Sum::of(rows.iter().map(|row| (row.event, row.planned)));
        let nouns = if are_races {
            ("race", "races")
        } else {
            ("planned workout", "planned workouts")
        };
        let of = match sport.as_str() {
            "" => "without a sport".to_owned(),
            sport => format!("of sport {sport}"),
        };
        let names: Vec<String> = rows.into_iter().filter(|_| are_races).map(Found::name).collect();
        words::joined(
            [planned::with_size(&sum, nouns, &of), words::listed(&names, NAMED)],
            ": ",
        )
    }))
}

/// The absences that may reach into the range unseen, said where they were asked for, or would explain what was missed.
pub(super) fn not_read(rows: &[Found<'_>], asked: &Asked) -> String {
    let blamed = rows.iter().filter_map(|row| row.state).any(State::is_missed);
    let asked_for = asked.kinds.contains(&Kind::Availability) && asked.query.is_none() && !rows.is_empty();
    if !blamed && !asked_for {
        return String::new();
    }
    absences::not_read(asked.earlier().oldest)
}

/// Most entries that a sentence names.
const NAMED: usize = 3;

/// What paired entries may show instead of the plan. `can_compare`: the activities could be requested.
fn in_doubt(rows: &[Found<'_>], can_compare: bool) -> Vec<String> {
    let of = |is: &dyn Fn(&Found<'_>) -> bool| -> Vec<String> {
        rows.iter().filter(|row| is(row)).map(Found::name).collect()
    };
    let its = |count: usize| if count == 1 { "its" } else { "their" };
    let mut lines = Vec::new();
    for steps in [Timeless::NoSteps, Timeless::ByDistance, Timeless::Open] {
        for (doubt, is) in [
            (Doubt::Time, "is what was done, so the planned time is not known"),
            (Doubt::UnreadTime, "may be what was done"),
        ] {
            let names = of(&|row| row.planned.doubt == Some(doubt) && Timeless::of(row.event) == steps);
            if !names.is_empty() {
                let compare = if can_compare {
                    " (include=done compares)"
                } else {
                    ""
                };
                lines.push(format!(
                    "{} ({}): {} time {is}{compare}.",
                    steps.of_entries(names.len()),
                    words::listed(&names, NAMED),
                    its(names.len())
                ));
            }
        }
    }
    let names = of(&|row| row.planned.doubt == Some(Doubt::Load));
    if !names.is_empty() {
        lines.push(format!(
            "{} ({}): {} load may be what was done; the time is from the steps.",
            answer::counted(names.len(), "paired entry", "paired entries"),
            words::listed(&names, NAMED),
            its(names.len())
        ));
    }
    lines
}

/// Workouts still to be done that have no steps for a device, by whether they have a text.
pub(super) fn unstructured(rows: &[Found<'_>]) -> String {
    let without = rows
        .iter()
        .filter(|row| row.event.is_workout() && row.is_open() && !rows::has_steps(row.event));
    let (with_text, empty): (Vec<_>, Vec<_>) =
        without.partition(|row| !fenced(row.event.description.as_deref().unwrap_or_default(), 30).is_empty());
    let said = [
        ("No structured steps (a watch gets only the text):", with_text),
        ("No steps and no text (nothing for a watch):", empty),
    ];
    let said = said.map(|(what, rows)| {
        let names: Vec<String> = rows.into_iter().map(Found::name).collect();
        if names.is_empty() {
            String::new()
        } else {
            format!("{what} {}.", words::listed(&names, NAMED))
        }
    });
    words::joined(said, " ")
}

/// What `form a.m.` is, or why it is missing.
pub(super) fn form_in_words(found: &[Found<'_>], asked: &Asked, came: &Came, today: NaiveDate) -> String {
    came.form.text(|mornings| {
        let races = found.iter().filter(|row| row.event.is_race());
        let next = races
            .filter_map(Found::day)
            .find(|day| *day > today && mornings.has(*day));
        // The plans before the race are known only if they were requested, from today on and of every sport.
        let knows = asked.lists(Kind::Workouts) && asked.range.oldest <= today;
        let is_between = |event: &&Event| {
            event.is_to_do() && event.day().is_some_and(|day| day >= today && Some(day) < next)
        };
        let empty = knows && !came.events.iter().any(|event| is_between(&event));
        let ruled_out = found.iter().any(|row| {
            let counts = row.is_open() && row.planned.load.is_some_and(|load| load > 0.0);
            counts && row.is_ruled_out && row.day() < next
        });
        mornings.in_words(next, empty, ruled_out)
    })
}

/// Entries that are not shown because no calendar has their day.
pub(super) fn unreadable(events: &[Event], asked: &Asked) -> String {
    let mut seen = HashSet::new();
    let found: Vec<&Event> = events
        .iter()
        .filter(|event| event.day().is_none() && asked.wants(event))
        .filter(|event| event.id.is_none_or(|id| seen.insert(id)))
        .collect();
    if found.is_empty() {
        return String::new();
    }
    let named: Vec<String> = found
        .iter()
        .take(NAMED)
        .map(|event| {
            let id = event.id.map(|id| format!("id {id}")).unwrap_or_default();
            words::joined([fenced(event.name.as_deref().unwrap_or_default(), 30), id], " ")
        })
        .collect();
    format!(
        "{} with an unreadable date, not shown: {}.",
        answer::counted(found.len(), "entry", "entries"),
        named.join(", ")
    )
}
