//! Questions to copy, made from what is there.

use super::figures::{day_of, until};
use crate::tools::at_a_glance::{First, LastActivity, NextRace, Rest, Status};

/// How many are shown.
const MOST: usize = 5;

/// Three to five questions, the most personal first.
pub(super) fn of(first: &First, rest: &Rest) -> Vec<String> {
    let missed = rest.plan.as_ref().ok().and_then(|plan| {
        let mut missed = plan.undone.iter().rev();
        missed.find(|entry| entry.status == Status::Missed)
    });
    let hrv_is_low = first.hrv.as_ref().is_ok_and(|hrv| hrv.is_low);
    let is_planned = rest.plan.as_ref().is_ok_and(|plan| {
        let mut entries = plan.days.iter().flat_map(|day| &day.entries);
        entries.any(|entry| entry.status == Status::Open)
    });
    let some = [
        first.last.as_ref().ok().and_then(about_last),
        missed.map(|entry| {
            let what = if entry.name.is_empty() {
                entry.what.clone()
            } else {
                format!("“{}”", entry.name)
            };
            format!(
                "I missed {what} on {}. Should I make it up, move it or let it go?",
                day_of(entry.day)
            )
        }),
        hrv_is_low.then(|| {
            "My HRV of the last seven days is below my 60-day average. What may be behind it, and should I train easier?".to_owned()
        }),
        first.race.as_ref().ok().map(|race| about_race(race, first)),
        is_planned.then(|| {
            "How is my week going against the plan, and would you change anything in the days that are left?".to_owned()
        }),
    ];
    let always = if first.fitness.is_ok() {
        [
            "How have my fitness, fatigue and form developed over the last six weeks?",
            "What should I train in the next seven days?",
            "Compare my last four weeks with the four before.",
        ]
    } else {
        [
            "What do my settings at intervals.icu lack, so that you can read my training?",
            "What should I train in the next seven days?",
            "How do I get my activities and my sleep into intervals.icu?",
        ]
    };
    let mut questions: Vec<String> = some.into_iter().flatten().collect();
    let room = 3_usize.saturating_sub(questions.len()).max(1);
    questions.extend(always.into_iter().take(room).map(str::to_owned));
    questions.truncate(MOST);
    questions
}

fn about_last(last: &LastActivity) -> Option<String> {
    let name = last.name.as_ref()?;
    let day = day_of(last.began.date());
    Some(format!(
        "How did “{name}” on {day} go, and what can I learn from it?"
    ))
}

fn about_race(race: &NextRace, first: &First) -> String {
    let name = if race.name.is_empty() {
        "My next race".to_owned()
    } else {
        format!("My race “{}”", race.name)
    };
    format!(
        "{name} is {}. Am I on track, and what matters most until then?",
        until(race.day, first.today)
    )
}
