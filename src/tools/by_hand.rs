//! Activities that are entered and deleted by hand, in a line each.

use chrono::{Duration, NaiveDateTime};

use super::answer::{
    self,
    sport_units::SportUnits,
    units::{self, positive},
    words::{Line, joined, with_unit},
};
use crate::{
    guard::Units,
    intervals::model::{Item, Values},
    text::{clean, fenced},
};

/// From when to when it went.
pub(super) fn span(values: &Values) -> (Option<NaiveDateTime>, Option<NaiveDateTime>) {
    let from = values.text("start_date_local").parse::<NaiveDateTime>().ok();
    #[expect(clippy::cast_possible_truncation, reason = "days at most")]
    let long = Duration::seconds(values.number("moving_time").unwrap_or_default().clamp(0.0, 1e6) as i64);
    (from, from.map(|from| from + long))
}

/// `2026-11-18 Wed 07:00 · Yoga «Flow» · 1:00 · 5.2 km · load 40 · entered by hand · id i1`
pub(super) fn line(item: &Item, own: Units) -> String {
    let values = &item.values;
    let mut parts = vec![
        span(values).0.map(units::moment).unwrap_or_default(),
        joined(
            [
                answer::sport(values.text("type")),
                fenced(values.text("name"), 60),
            ],
            " ",
        ),
    ];
    parts.extend(figures(values, own));
    parts.push(match values.text("source") {
        "MANUAL" => "entered by hand".to_owned(),
        "STRAVA" => "from Strava".to_owned(),
        "" => String::new(),
        _ => "recorded".to_owned(),
    });
    parts.push(format!("id {}", clean(&item.id, 24)));
    joined(parts, " · ")
}

/// `1:00`, `5.2 km`, `350 m climb`, `HR 120`, `load 40`, `RPE 5`
fn figures(values: &Values, own: Units) -> Vec<String> {
    let number = |name: &str| positive(values.number(name));
    let own = SportUnits::of(values.text("type"), own);
    vec![
        units::hours_minutes(number("moving_time")),
        own.way(number("distance"), 1),
        Line::new()
            .figure(
                "climb",
                units::height_in_words(number("total_elevation_gain"), own.units),
                "",
            )
            .figure("HR", units::whole(number("average_heartrate")), "")
            .figure("load", units::whole(number("icu_training_load")), "")
            .figure("RPE", units::whole(number("icu_rpe")), "")
            .figure("feel", with_unit(units::whole(number("feel")), "of 5"), "")
            .text(),
    ]
}
