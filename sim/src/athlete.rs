//! How a person's account reads on the wire: profile and settings. It carries invented secrets on purpose, as
//! upstream does, so that tests can prove that they go no further.
//!
//! Nothing here depends on what was trained.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde_json::{Map, Value, json};

use super::{
    activity::{BIKE, TOURER},
    devices,
    dice::whole,
    items,
    people::{Build, FIRST_DAY, Person},
    schema::{ATHLETE, SPORT_SETTINGS, fill, made, text},
    workout::{Kind, PACE_ZONES, POWER_ZONES, SWEET_SPOT, Settings},
};

/// The custom wellness field of the cyclist.
pub(super) const CUSTOM_FIELD: &str = "SaunaMinutes";
/// A custom wellness field of the triathlete, a number.
pub(super) const CAFFEINE: &str = "CaffeineMg";
/// A custom wellness field of the triathlete, text.
pub(super) const WHERE: &str = "SleptWhere";

/// Whether `person` has a custom wellness field of this code.
pub(super) fn has_custom_field(person: &Person, code: &str) -> bool {
    match person.build {
        Build::Cyclist => code == CUSTOM_FIELD,
        Build::Triathlete => matches!(code, CAFFEINE | WHERE),
        Build::Runner | Build::Duathlete | Build::StravaOnly | Build::Newcomer => false,
    }
}

/// `GET /athlete/{id}`.
pub(super) fn full(person: &Person, now: DateTime<Utc>) -> Map<String, Value> {
    let today = person.local(now).date();
    let (known, imperial) = (person.is_known(), person.build == Build::Triathlete);
    let mut object = made(
        ATHLETE,
        json!({
            "id": person.athlete_id, "name": person.name, "firstname": person.first_name(),
            "lastname": person.last_name(), "profile_medium": "/img/athlete.png",
            "sex": known.then_some(person.sex),
            "city": known.then_some(person.city), "country": known.then_some(person.country),
            "timezone": person.timezone, "locale": "en", "languages": ["en"], "bikes": [], "shoes": [],
            "email": person.private_email, "icu_api_key": person.api_key,
            "icu_friend_invite_token": person.invite_token, "icu_date_of_birth": known.then_some(person.born),
            "height": known.then_some(person.height), "height_units": if imperial { "FEET" } else { "CM" },
            "measurement_preference": if imperial { "feet" } else { "meters" }, "weight_pref_lb": imperial,
            "fahrenheit": imperial, "wind_speed": if imperial { "MPH" } else { "KMH" },
            "rain": if imperial { "INCHES" } else { "MM" }, "date_format": "ISO8601", "time_format": "24H",
            "visibility": "PRIVATE", "icu_weight": known.then_some(person.weight), "icu_weight_sync": "NONE",
            "icu_resting_hr": known.then_some(person.resting_hr),
        }),
    );
    let since = if known {
        "2024-01-01T07:00:11.000+00:00"
    } else {
        "2026-11-13T16:40:52.000+00:00"
    };
    let strava = matches!(person.build, Build::Cyclist | Build::StravaOnly);
    fill(
        &mut object,
        json!({
            "status": "ACTIVE", "status_updated": since, "icu_activated": since,
            "icu_last_seen": stamp(now - Duration::hours(5)), "icu_admin": false, "icu_coach": false,
            "icu_permission": "WRITE", "icu_effort_secs": [5, 60, 300, 1200], "icu_form_as_percent": false,
            "icu_mmp_days": 42, "icu_wellness_prompt": true, "private_wellness_keys": [],
            "icu_track_menstrual_cycle": false, "icu_type_settings": [], "plan": "PREMIUM", "currency": "EUR",
            "strava_authorized": strava, "beta_user": false, "strava_id": strava.then_some(41_977_003),
            "icu_wellness_keys": match person.build {
                Build::Triathlete => vec![
                    "weight", "restingHR", "hrvSDNN", "sleepSecs", "sleepQuality", "fatigue", "menstrualPhase", "spO2",
                    CAFFEINE, WHERE,
                ],
                Build::StravaOnly => vec!["weight"],
                Build::Newcomer => Vec::new(),
                Build::Cyclist => vec![
                    "weight", "restingHR", "hrv", "sleepSecs", "sleepScore", "sleepQuality", "soreness", "fatigue",
                    "stress", "mood", "motivation", CUSTOM_FIELD,
                ],
                Build::Duathlete => vec![
                    "weight", "restingHR", "hrv", "sleepSecs", "sleepScore", "sleepQuality", "soreness", "fatigue", "mood",
                    "steps",
                ],
                Build::Runner => vec!["weight", "restingHR", "sleepSecs", "sleepScore", "soreness", "steps"],
            },
            "training_availability": usual_week(person), "custom_items": items::of(person),
            // For the account from Strava the list is missing here, though its own endpoint has it.
            "sportSettings": (person.build != Build::StravaOnly).then(|| sport_settings(person, today)),
        }),
    );
    fill(&mut object, devices::settings(person));
    object
}

/// `2026-11-18T18:01:44.120+00:00`, as upstream writes moments.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3f+00:00").to_string()
}

/// What the runner's week allows; nobody else has said so.
fn usual_week(person: &Person) -> Value {
    let day = |number: u8, availability: &str, secs: Option<u32>, sports: Option<[&str; 1]>| {
        json!({
            "day_of_week": number, "training_availability": availability, "max_training_time": secs,
            "can_train_sports": sports,
        })
    };
    match person.build {
        Build::Runner => json!([
            day(1, "NORMAL", None, None),
            day(2, "NORMAL", None, None),
            day(3, "LIMITED", Some(2700), Some(["Run"])),
            day(4, "NORMAL", None, None),
            day(5, "UNAVAILABLE", None, None),
            day(6, "NORMAL", None, None),
            day(7, "NORMAL", None, None),
        ]),
        _ => Value::Null,
    }
}

/// The sports of the first group.
const RIDES: [&str; 6] = [
    "Ride",
    "VirtualRide",
    "MountainBikeRide",
    "GravelRide",
    "TrackRide",
    "Cyclocross",
];
/// bpm by which the heart beats slower in the water; the zones follow.
const IN_WATER: u32 = 9;

/// What every sport group has.
fn group(person: &Person, number: i64, types: &[&str], day: NaiveDate) -> Map<String, Value> {
    let updated = person.utc(
        person
            .threshold_since(day)
            .and_hms_opt(18, 2, 55)
            .unwrap_or_default(),
    );
    let mut object = made(
        SPORT_SETTINGS,
        json!({
            "id": 2_410_000 + i64::from(person.number) * 10 + number, "athlete_id": person.athlete_id,
            "types": types, "warmup_time": 1200, "cooldown_time": 600,
            "sweet_spot_min": SWEET_SPOT.0, "sweet_spot_max": SWEET_SPOT.1, "power_spike_threshold": 30,
            "ftp_est_min_secs": 300, "use_laps_for_power_intervals": false,
            "keep_all_laps_for_power_intervals": false, "power_intervals_start_locked": false,
            "hr_load_type": "HRSS", "gap_model": "NONE", "elevation_correction": "AUTO", "use_gap_zone_times": false,
            "load_order": "POWER_HR_PACE", "tiz_order": "POWER_HR_PACE", "workout_order": "POWER_HR_PACE",
            "interval_display": "POWER_HR_PACE", "extract_workouts": true, "show_pauses": 30,
            "ignore_velocity": false, "update_activity_name_from_workout": true, "other": false,
            "use_distance_for_intervals": false, "eFTPSupported": false,
            "created": stamp(FIRST_DAY.and_hms_opt(7, 0, 11).unwrap_or_default().and_utc()), "updated": stamp(updated),
        }),
    );
    if person.is_known() {
        fill(
            &mut object,
            json!({
                "lthr": person.lthr, "max_hr": person.max_hr, "hr_zones": person.hr_zones,
                "hr_zone_names": [
                    "Recovery", "Aerobic", "Tempo", "SubThreshold", "SuperThreshold", "Aerobic Capacity", "Anaerobic",
                ],
            }),
        );
    }
    object
}

/// Pace as `Run` shows it or, for the triathlete, `Swim`.
pub(super) fn pace_units(person: &Person, swim: bool) -> &'static str {
    match (person.build, swim) {
        (Build::Triathlete, true) => "SECS_100Y",
        (_, true) => "SECS_100M",
        (Build::Triathlete, false) => "MINS_MILE",
        _ => "MINS_KM",
    }
}

/// What a plan for `sport` needs of [`sport_settings`], as they are on `day`.
pub(super) fn settings(person: &Person, day: NaiveDate, sport: &str) -> Settings {
    let settings = if person.is_known() {
        Settings {
            lthr: Some(person.lthr),
            max_hr: Some(person.max_hr),
            hr_zones: person.hr_zones.to_vec(),
            ..Settings::default()
        }
    } else {
        Settings::default()
    };
    let by_pace = |swims, threshold_pace| Settings {
        threshold_pace,
        pace_units: Some(pace_units(person, swims)),
        order: [Kind::Pace, Kind::Hr, Kind::Power],
        swims,
        ..settings.clone()
    };
    match sport {
        "Run" | "VirtualRun" | "TrailRun" => {
            by_pace(false, has_run_pace(person).then(|| person.threshold_pace(day)))
        }
        "Swim" | "OpenWaterSwim" if person.build == Build::Triathlete => {
            let in_water = |bpm: u32| bpm - IN_WATER;
            Settings {
                lthr: settings.lthr.map(in_water),
                max_hr: settings.max_hr.map(in_water),
                hr_zones: person.hr_zones.map(in_water).to_vec(),
                ..by_pace(true, Some(person.swim_pace(day)))
            }
        }
        _ if RIDES.contains(&sport) && person.has_power() => Settings {
            ftp: Some(person.ftp(day)),
            ..settings
        },
        _ => settings,
    }
}

/// What clients wrote about a person's groups of sports, by id.
pub(super) type Sports = std::collections::BTreeMap<i64, Map<String, Value>>;

/// [`sport_settings`], with what clients wrote.
pub(super) fn amended_groups(person: &Person, day: NaiveDate, sports: &Sports) -> Vec<Value> {
    let mut groups = sport_settings(person, day);
    for group in groups.iter_mut().filter_map(Value::as_object_mut) {
        let written = group["id"].as_i64().and_then(|id| sports.get(&id));
        group.extend(written.cloned().unwrap_or_default());
    }
    groups
}

/// The words for how a sport shows pace.
const PACE_UNITS: [&str; 8] = [
    "SECS_100M",
    "SECS_100Y",
    "MINS_KM",
    "MINS_MILE",
    "SECS_500M",
    "SECS_400M",
    "SECS_250M",
    "NONE",
];

fn kind_of(word: &str) -> Option<Kind> {
    match word {
        "POWER" => Some(Kind::Power),
        "HR" => Some(Kind::Hr),
        "PACE" => Some(Kind::Pace),
        _ => None,
    }
}

/// [`settings`], with what clients wrote.
pub(super) fn amended(person: &Person, day: NaiveDate, sport: &str, sports: &Sports) -> Settings {
    let mut settings = settings(person, day, sport);
    let groups = sport_settings(person, day);
    let group = groups.iter().find(|group| is_for(group, sport));
    let Some(written) = group.and_then(|group| sports.get(&group["id"].as_i64()?)) else {
        return settings;
    };
    let bpm = |name: &str, now: Option<u32>| match written.get(name) {
        Some(value) => value.as_f64().map(whole),
        None => now,
    };
    let many = |name: &str| -> Option<Vec<f64>> {
        let bounds = written.get(name)?.as_array()?;
        Some(bounds.iter().filter_map(Value::as_f64).collect())
    };
    (settings.lthr, settings.max_hr) = (bpm("lthr", settings.lthr), bpm("max_hr", settings.max_hr));
    if let Some(ftp) = written.get("ftp") {
        settings.ftp = ftp.as_f64();
    }
    if let Some(pace) = written.get("threshold_pace") {
        settings.threshold_pace = pace.as_f64();
    }
    if let Some(bounds) = many("hr_zones") {
        settings.hr_zones = bounds.into_iter().map(whole).collect();
    }
    let order: Vec<Kind> = text(written, "workout_order")
        .split('_')
        .filter_map(kind_of)
        .collect();
    settings.order = order.try_into().unwrap_or(settings.order);
    let units = PACE_UNITS
        .into_iter()
        .find(|units| *units == text(written, "pace_units"));
    settings.pace_units = units.or(settings.pace_units);
    settings.power_zones = many("power_zones").unwrap_or(settings.power_zones);
    settings.pace_zones = many("pace_zones").unwrap_or(settings.pace_zones);
    settings
}

/// The id of the bike that a ride gets where none is named.
fn default_bike(person: &Person) -> &'static str {
    match person.build {
        Build::Duathlete => TOURER.0,
        _ => BIKE.0,
    }
}

/// Whether the person's runs have a threshold pace.
fn has_run_pace(person: &Person) -> bool {
    let by_pace_too = matches!(person.build, Build::Duathlete | Build::Triathlete);
    person.is_known() && !person.has_power() || by_pace_too
}

/// The sports of a group of settings.
pub(super) fn types(group: &Value) -> impl Iterator<Item = &str> {
    let types = group["types"].as_array().into_iter().flatten();
    types.filter_map(Value::as_str)
}

/// Whether a group of settings is for this sport.
pub(super) fn is_for(group: &Value, sport: &str) -> bool {
    types(group).any(|one| one == sport)
}

/// `GET /athlete/{id}/sport-settings`, as they are on `day`. Each person has a sport without thresholds; the newcomer has
/// no others.
pub(super) fn sport_settings(person: &Person, day: NaiveDate) -> Vec<Value> {
    let mut ride = group(person, 1, &RIDES, day);
    let mut run = group(person, 2, &["Run", "VirtualRun", "TrailRun"], day);
    let mut other = group(person, 3, &["Other"], day);
    let names = [
        "Zone 1", "Zone 2", "Zone 3", "Zone 4", "Zone 5a", "Zone 5b", "Zone 5c",
    ];
    if person.has_power() {
        let ftp = whole(person.ftp(day));
        fill(
            &mut ride,
            json!({
                "ftp": ftp, "indoor_ftp": ftp - 6, "w_prime": 17_400, "p_max": 812, "power_zones": POWER_ZONES,
                "power_zone_names": [
                    "Active Recovery", "Endurance", "Tempo", "Threshold", "VO2 Max", "Anaerobic", "Neuromuscular",
                ],
                "after_kj0": 1500, "after_kj1": 2500, "default_gear_id": default_bike(person), "default_workout_time": "17:30",
                "p30s_exponent": 4.0, "eFTPSupported": true, "mmp_model": {
                    "type": "FFT_CURVES", "criticalPower": ftp - 10, "wPrime": 16_850, "pMax": 804,
                    "inputPointIndexes": [93, 101], "ftp": ftp - 4,
                },
            }),
        );
    }
    if has_run_pace(person) {
        fill(
            &mut run,
            json!({
                "threshold_pace": person.threshold_pace(day), "pace_zones": PACE_ZONES, "pace_zone_names": names,
            }),
        );
    }
    fill(
        &mut run,
        json!({
            "pace_units": pace_units(person, false), "pace_load_type": "RUN", "gap_model": "STRAVA_RUN",
            "best_effort_distances": [400.0, 1000.0, 5000.0, 10_000.0, 21_097.5], "pace_curve_start": 100.0,
            "load_order": "PACE_HR_POWER", "tiz_order": "PACE_HR_POWER", "workout_order": "PACE_HR_POWER",
            "interval_display": "PACE_HR_POWER",
        }),
    );
    fill(&mut other, json!({"other": true, "load_order": "HR_POWER_PACE"}));
    let mut groups = vec![ride, run];
    if person.build == Build::Triathlete {
        let mut swim = group(person, 4, &["Swim", "OpenWaterSwim"], day);
        fill(
            &mut swim,
            json!({
                "lthr": person.lthr - IN_WATER, "max_hr": person.max_hr - IN_WATER,
                "hr_zones": person.hr_zones.map(|bpm| bpm - IN_WATER),
                "threshold_pace": person.swim_pace(day), "pace_zones": PACE_ZONES, "pace_zone_names": names,
                "pace_units": pace_units(person, true), "pace_load_type": "SWIM", "load_order": "PACE_HR_POWER",
                "tiz_order": "PACE_HR_POWER", "workout_order": "PACE_HR_POWER", "interval_display": "PACE_HR_POWER",
                "best_effort_distances": [91.44, 365.76, 1508.76], "pace_curve_start": 25.0,
            }),
        );
        groups.push(swim);
    }
    groups.push(other);
    groups.into_iter().map(Value::Object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::PEOPLE;

    #[test]
    fn a_plan_is_read_by_the_settings_that_are_shown() {
        let day = FIRST_DAY + chrono::Duration::days(700);
        for person in &PEOPLE {
            for group in sport_settings(person, day) {
                let sport = types(&group).next().unwrap();
                let settings = settings(person, day, sport);
                let order = group["workout_order"].as_str().unwrap();
                let kinds = settings.order.map(|kind| format!("{kind:?}").to_uppercase());
                assert_eq!(kinds.join("_"), order, "{} {sport}", person.slug);
                assert_eq!(json!(settings.ftp.map(whole)), group["ftp"]);
                assert_eq!(json!(settings.threshold_pace), group["threshold_pace"]);
                assert_eq!(json!(settings.lthr), group["lthr"]);
                assert_eq!(json!(settings.max_hr), group["max_hr"]);
                assert_eq!(json!(settings.pace_units), group["pace_units"]);
                let zones = (!settings.hr_zones.is_empty()).then_some(&settings.hr_zones);
                assert_eq!(json!(zones), group["hr_zones"], "{} {sport}", person.slug);
            }
        }
    }
}
