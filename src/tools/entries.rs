//! What an entry of the calendar is, in a word or two, wherever one is named.

use super::answer::{
    self, units,
    words::{joined, named, with_unit},
};
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

/// `unavailable`, `limited: at most 1:00 a day, only Run, Swim`; empty without limits.
pub(in crate::tools) fn availability(event: &Event) -> String {
    match event.training_availability.as_deref() {
        Some("UNAVAILABLE") => "unavailable".to_owned(),
        Some("LIMITED") => joined(["limited".to_owned(), limits(event)], ": "),
        _ => String::new(),
    }
}

/// `at most 1:00 a day, only Run, Swim`: what a limited day allows; empty if that is not known.
pub(in crate::tools) fn limits(event: &Event) -> String {
    let most = with_unit(
        named("at most", &units::hours_minutes(event.max_training_time)),
        "a day",
    );
    let sports = event.can_train_sports.iter().flatten().take(8);
    let sports = joined(sports.map(|sport| answer::sport(sport)), ", ");
    joined([most, named("only", &sports)], ", ")
}
