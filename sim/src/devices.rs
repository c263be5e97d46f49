//! Which services a person connected, which of them take planned workouts, and what those refuse.
//!
//! Nothing is sent anywhere: a refusal is worked out when an entry is written.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde_json::{Map, Value, json};

use super::{
    athlete::stamp,
    people::{Build, Person},
    workout::{Kind, Workout},
};

/// A service that upstream knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Garmin,
    Zwift,
    Wahoo,
    Suunto,
    Coros,
    Polar,
    Strava,
}

/// Days ahead of today whose workouts are sent to devices, today included.
const AHEAD: i64 = 7;

/// Keys of `GET /athlete/{id}/connections`, each with its service; none for what nobody here has.
const CONNECTIONS: [(&str, Option<Service>); 20] = [
    ("garmin_health_connected", Some(Service::Garmin)),
    ("garmin_training_connected", Some(Service::Garmin)),
    ("polar_connected", Some(Service::Polar)),
    ("suunto_connected", Some(Service::Suunto)),
    ("coros_connected", Some(Service::Coros)),
    ("concept2_connected", None),
    ("zepp_connected", None),
    ("huawei_connected", None),
    ("wahoo_connected", Some(Service::Wahoo)),
    ("zwift_connected", Some(Service::Zwift)),
    ("oura_connected", None),
    ("whoop_connected", None),
    ("strava_connected", Some(Service::Strava)),
    ("dropbox_connected", None),
    ("hammerhead_connected", None),
    ("tp_virtual_connected", None),
    ("rouvy_connected", None),
    ("mywhoosh_connected", None),
    ("biketerra_connected", None),
    ("tymewear_connected", None),
];

/// Keys of the athlete that say who gets planned workouts.
const UPLOADS: [(&str, Option<Service>); 7] = [
    ("icu_garmin_upload_workouts", Some(Service::Garmin)),
    ("suunto_upload_workouts", Some(Service::Suunto)),
    ("coros_upload_workouts", Some(Service::Coros)),
    ("zepp_upload_workouts", None),
    ("huawei_upload_workouts", None),
    ("wahoo_upload_workouts", Some(Service::Wahoo)),
    ("zwift_upload_workouts", Some(Service::Zwift)),
];

impl Service {
    /// As `push_errors` names it.
    const fn word(self) -> &'static str {
        match self {
            Self::Garmin => "GARMIN",
            Self::Zwift => "ZWIFT",
            Self::Wahoo => "WAHOO",
            Self::Suunto => "SUUNTO",
            Self::Coros => "COROS",
            Self::Polar => "POLAR",
            Self::Strava => "STRAVA",
        }
    }
}

/// What a person connected.
fn connected(person: &Person) -> &'static [Service] {
    match person.build {
        Build::Cyclist => &[Service::Garmin, Service::Zwift, Service::Strava],
        Build::Runner => &[Service::Garmin],
        Build::Duathlete => &[Service::Garmin, Service::Zwift],
        Build::Triathlete => &[
            Service::Garmin,
            Service::Zwift,
            Service::Wahoo,
            Service::Suunto,
            Service::Coros,
            Service::Polar,
        ],
        Build::StravaOnly => &[Service::Strava],
        Build::Newcomer => &[],
    }
}

/// Which of them get planned workouts. The triathlete's Garmin and Coros only bring activities.
fn takers(person: &Person) -> &'static [Service] {
    match person.build {
        Build::Cyclist | Build::Duathlete => &[Service::Garmin, Service::Zwift],
        Build::Runner => &[Service::Garmin],
        Build::Triathlete => &[Service::Wahoo, Service::Suunto],
        Build::StravaOnly | Build::Newcomer => &[],
    }
}

/// `GET /athlete/{id}/connections`.
pub(super) fn connections(person: &Person) -> Map<String, Value> {
    let has = |service: Option<Service>| service.is_some_and(|service| connected(person).contains(&service));
    let mut object: Map<String, Value> = CONNECTIONS
        .into_iter()
        .map(|(key, service)| (key.to_owned(), json!(has(service))))
        .collect();
    object.insert("id".into(), json!(person.athlete_id));
    object
}

/// The athlete's own settings about devices, an object.
pub(super) fn settings(person: &Person) -> Value {
    let garmin = connected(person).contains(&Service::Garmin);
    let mut settings = json!({
        "icu_garmin_health": garmin, "icu_garmin_training": garmin, "icu_garmin_sync_activities": garmin,
        "icu_garmin_download_wellness": garmin, "icu_garmin_outdoor_power_range": 2.5, "icu_garmin_hr_range": 1.5,
        "garmin_pace_range": 2.5,
    });
    for (key, service) in UPLOADS {
        settings[key] = json!(service.is_some_and(|service| takers(person).contains(&service)));
    }
    settings
}

/// Why a service refused a workout: what `push_errors` lists.
pub(super) fn refusal(service: Service, message: &str, at: DateTime<Utc>) -> Value {
    json!({"service": service.word(), "message": message, "date": stamp(at)})
}

/// The service that would get a person's workouts first.
pub(super) fn first_taker(person: &Person) -> Service {
    takers(person).first().copied().unwrap_or(Service::Garmin)
}

/// `push_errors` of a workout that is written now: Wahoo wants a target on every step, of power on a ride. None if nobody
/// refuses it, and for a day that is not sent yet or any more.
pub(super) fn refusals(
    person: &Person,
    (day, sport): (NaiveDate, &str),
    workout: &Workout,
    now: DateTime<Utc>,
) -> Option<Value> {
    let today = person.local(now).date();
    let is_sent = today <= day && day < today + Duration::days(AHEAD) && !workout.is_empty();
    if !is_sent || !takers(person).contains(&Service::Wahoo) {
        return None;
    }
    let message = match sport {
        "Ride" | "VirtualRide" if !workout.aims_everywhere(Some(Kind::Power)) => {
            "422: every step needs a power target"
        }
        "Run" | "VirtualRun" | "TrailRun" if !workout.aims_everywhere(None) => "422: targets is missing",
        _ => return None,
    };
    Some(json!([refusal(Service::Wahoo, message, now)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::PEOPLE;

    #[test]
    fn nobody_takes_workouts_unless_connected() {
        for person in &PEOPLE {
            assert!(
                takers(person)
                    .iter()
                    .all(|taker| connected(person).contains(taker))
            );
            assert_eq!(connections(person)["id"], person.athlete_id);
        }
    }
}
