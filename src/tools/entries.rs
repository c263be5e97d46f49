//! What an entry of the calendar is, in a word or two, wherever one is named.

use super::answer::{self, units};
use crate::{intervals::model::Event, text::clean};

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

/// `no training`, `limited: at most 1:00 a day, only Run, Swim`; empty without limits.
pub(in crate::tools) fn availability(event: &Event) -> String {
    match event.training_availability.as_deref() {
        Some("UNAVAILABLE") => "no training".to_owned(),
        Some("LIMITED") => {
            let mut words = Vec::new();
            if let Some(secs) = units::sane(event.max_training_time) {
                words.push(format!("at most {} a day", units::hours_minutes(secs)));
            }
            let sports: Vec<String> = event
                .can_train_sports
                .iter()
                .flatten()
                .take(8)
                .map(|sport| answer::sport(sport))
                .filter(|sport| !sport.is_empty())
                .collect();
            if !sports.is_empty() {
                words.push(format!("only {}", sports.join(", ")));
            }
            if words.is_empty() {
                "limited training".to_owned()
            } else {
                format!("limited: {}", words.join(", "))
            }
        }
        _ => String::new(),
    }
}
