//! What an entry of the calendar is, in a word or two, wherever one is named.

use std::borrow::Cow;

use chrono::NaiveTime;

use super::answer::{
    self,
    sport_units::{SportUnits, in_yards},
    units::{self, positive},
    words::{joined, named, with_unit},
};
use crate::{
    guard::Units,
    intervals::model::{Event, WeekdayAvailability},
    text::clean,
    training::weeks::days_in,
    workout::text,
};

/// An event's sport, as rows name it.
pub(in crate::tools) fn sport_of(event: &Event) -> String {
    answer::sport(event.sport())
}

/// The event in a word or two.
pub(in crate::tools) fn what(event: &Event) -> String {
    let sport = sport_of(event);
    let of_sport = |what: &str| {
        if sport.is_empty() {
            what.to_owned()
        } else {
            format!("{sport} {what}")
        }
    };
    let indoor = event.indoor == Some(true) && !sport.starts_with("Virtual");
    match event.category() {
        "WORKOUT" if sport.is_empty() => "workout, no sport".to_owned(),
        "WORKOUT" if indoor => format!("{sport} indoor"),
        "WORKOUT" => sport,
        "RACE_A" => of_sport("race A"),
        "RACE_B" => of_sport("race B"),
        "RACE_C" => of_sport("race C"),
        "NOTE" if event.for_week == Some(true) => "note for the week".to_owned(),
        "NOTE" => "note".to_owned(),
        "HOLIDAY" => "holiday".to_owned(),
        "SICK" => "sick".to_owned(),
        "INJURED" => "injured".to_owned(),
        "TARGET" if event.for_week == Some(false) => of_sport("target"),
        "TARGET" => of_sport("week target"),
        "PLAN" => "plan phase".to_owned(),
        "SEASON_START" => "season starts".to_owned(),
        "SET_EFTP" => of_sport("eFTP set"),
        "FITNESS_DAYS" => "days of CTL and ATL set".to_owned(),
        "SET_FITNESS" => "CTL and ATL set".to_owned(),
        "" => "kind not given".to_owned(),
        other => clean(other, 30).to_lowercase().replace('_', " "),
    }
}

/// The text of an entry for people: of one with steps what is not about them, which upstream may keep only among their lines.
pub(in crate::tools) fn prose(event: &Event) -> Cow<'_, str> {
    let written = event.description.as_deref().unwrap_or_default();
    let Some(workout) = event.workout_doc.as_ref().filter(|workout| workout.count() > 0) else {
        return written.into();
    };
    match workout.description.as_deref() {
        Some(prose) if !prose.trim().is_empty() => prose.into(),
        _ => text::parse(written, event.sport()).prose.into(),
    }
}

/// The event's day, or its first and last with how many they are: `2026-12-03 Thu – 2026-12-09 Wed (7 days)`.
pub(in crate::tools) fn days(event: &Event) -> String {
    let Some(first) = event.day() else {
        return String::new();
    };
    match event.last_day() {
        Some(last) if last > first && !event.is_workout() => {
            let count = answer::counted_days(days_in(first, last));
            format!("{} – {} ({count})", units::date(first), units::date(last))
        }
        _ => units::date(first),
    }
}

/// The time of day at which it begins; empty at midnight, which means that none is planned.
pub(in crate::tools) fn clock(event: &Event) -> String {
    let start = event
        .start_date_local
        .filter(|start| start.time() != NaiveTime::MIN);
    start.map(units::clock).unwrap_or_default()
}

/// `unavailable`, `limited: at most 1:00 a day, only Run, Swim`; empty without limits.
pub(in crate::tools) fn availability(event: &Event) -> String {
    in_words(
        event.training_availability.as_deref(),
        event.max_training_time,
        event.can_train_sports.as_deref(),
    )
}

/// The same for a weekday of the athlete's usual week.
pub(in crate::tools) fn availability_of(day: &WeekdayAvailability) -> String {
    in_words(
        day.training_availability.as_deref(),
        day.max_training_time,
        day.can_train_sports.as_deref(),
    )
}

fn in_words(availability: Option<&str>, most: Option<f64>, sports: Option<&[String]>) -> String {
    match availability {
        Some("UNAVAILABLE") => "unavailable".to_owned(),
        Some("LIMITED") => joined(["limited".to_owned(), limits(most, sports)], ": "),
        _ => String::new(),
    }
}

/// `at most 1:00 a day, only Run, Swim`: what a limited day allows; empty if that is not known.
fn limits(most: Option<f64>, sports: Option<&[String]>) -> String {
    let most = with_unit(named("at most", &units::hours_minutes(most)), "a day");
    let sports = sports.unwrap_or_default().iter().take(8);
    let sports = joined(sports.map(|sport| answer::sport(sport)), ", ");
    joined([most, named("only", &sports)], ", ")
}

/// The numbers of a target or a setting: `load 400`, `10:00`, `250 km`; `CTL 50`, `ATL 60`.
pub(in crate::tools) fn figures(event: &Event, own: Units) -> Vec<String> {
    let mut words = Vec::new();
    let mut add = |text: String, before: &str, after: &str| {
        if !text.is_empty() {
            words.push(format!("{before}{text}{after}"));
        }
    };
    match event.category() {
        "TARGET" => {
            let sport = SportUnits::of(event.sport(), own);
            add(units::whole(positive(event.load_target)), "load ", "");
            add(units::hours_minutes(positive(event.time_target)), "", "");
            let metres = positive(event.distance_target);
            add(sport.with_pool(in_yards(metres)).way(metres, 0), "", "");
        }
        "SET_EFTP" => add(units::whole(event.icu_ftp), "", " W"),
        "FITNESS_DAYS" => {
            add(units::at_most(event.ctl_days, 1), "CTL ", " days");
            add(units::at_most(event.atl_days, 1), "ATL ", " days");
        }
        "SET_FITNESS" => {
            add(units::fixed(event.icu_ctl, 1), "CTL ", "");
            add(units::fixed(event.icu_atl, 1), "ATL ", "");
        }
        _ => {}
    }
    words
}
