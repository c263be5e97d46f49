//! What upstream sends, field by field: only what is named here enters the house. Everything may be null or absent,
//! and what has the wrong type is read as absent.
//!
//! Units are upstream's: seconds, metres, metres a second, kilograms, watts, beats a minute, percent (not fractions).

mod activity;
pub mod calendar;
pub(super) mod curves;
mod detail;
mod event;
mod figure;
mod streams;
pub mod weeks;
mod wellness;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::lenient;

pub use curves::{Curve, Curves, Effort, PaceModel, Point, PowerModel};
pub use detail::{
    Achievement, ActivityDetail, Bucket, Comment, Gear, HeartRateRecovery, Interval, IntervalGroup,
    PlannedWorkout, Weather, ZoneTime,
};
pub use figure::{amount, positive, sane};
pub use streams::Stream;

/// `GET /athlete/{id}`. Its secrets (API key, invite token, e-mail) are not named here and so never read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Athlete {
    /// Athlete id; checked against the connection's.
    #[serde(deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// Full name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// `M`, `F` or null.
    #[serde(deserialize_with = "lenient::text")]
    pub sex: Option<String>,
    /// IANA zone.
    #[serde(deserialize_with = "lenient::text")]
    pub timezone: Option<String>,
    /// `meters` or `feet`.
    #[serde(deserialize_with = "lenient::text")]
    pub measurement_preference: Option<String>,
    /// Weights in pounds.
    #[serde(deserialize_with = "lenient::boolean")]
    pub weight_pref_lb: Option<bool>,
    /// Temperatures in Fahrenheit.
    #[serde(deserialize_with = "lenient::boolean")]
    pub fahrenheit: Option<bool>,
    /// kg.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_weight: Option<f64>,
    /// kg, often null; fallback of `icu_weight`.
    #[serde(deserialize_with = "lenient::number")]
    pub weight: Option<f64>,
    /// metres.
    #[serde(deserialize_with = "lenient::number")]
    pub height: Option<f64>,
    /// bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_resting_hr: Option<f64>,
    /// Only for the age; never shown.
    #[serde(deserialize_with = "lenient::date")]
    pub icu_date_of_birth: Option<NaiveDate>,
    /// `ACTIVE`, `DORMANT`, `ARCHIVED`.
    #[serde(deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// Form shown as a percentage of CTL.
    #[serde(deserialize_with = "lenient::boolean")]
    pub icu_form_as_percent: Option<bool>,
    /// One record a sport group.
    #[serde(rename = "sportSettings", deserialize_with = "lenient::objects")]
    pub sport_settings: Option<Vec<SportSettings>>,
}

/// Thresholds and zones of a group of sports.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SportSettings {
    /// Sports of the group, such as Ride, VirtualRide.
    #[serde(deserialize_with = "lenient::words")]
    pub types: Option<Vec<String>>,
    /// The fallback record.
    #[serde(deserialize_with = "lenient::boolean")]
    pub other: Option<bool>,
    /// W.
    #[serde(deserialize_with = "lenient::number")]
    pub ftp: Option<f64>,
    /// W.
    #[serde(deserialize_with = "lenient::number")]
    pub indoor_ftp: Option<f64>,
    /// J.
    #[serde(deserialize_with = "lenient::number")]
    pub w_prime: Option<f64>,
    /// W.
    #[serde(deserialize_with = "lenient::number")]
    pub p_max: Option<f64>,
    /// Upper bounds, % of FTP; 999 = open.
    #[serde(deserialize_with = "lenient::numbers")]
    pub power_zones: Option<Vec<f64>>,
    /// Names.
    #[serde(deserialize_with = "lenient::texts")]
    pub power_zone_names: Option<Vec<String>>,
    /// bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub lthr: Option<f64>,
    /// bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub max_hr: Option<f64>,
    /// Upper bounds, bpm; the last is the maximum.
    #[serde(deserialize_with = "lenient::numbers")]
    pub hr_zones: Option<Vec<f64>>,
    /// Names.
    #[serde(deserialize_with = "lenient::texts")]
    pub hr_zone_names: Option<Vec<String>>,
    /// m/s, for runs and swims alike.
    #[serde(deserialize_with = "lenient::number")]
    pub threshold_pace: Option<f64>,
    /// Display only: `MINS_KM`, `SECS_100M` …
    #[serde(deserialize_with = "lenient::text")]
    pub pace_units: Option<String>,
    /// Upper bounds, % of threshold speed; 999 = open.
    #[serde(deserialize_with = "lenient::numbers")]
    pub pace_zones: Option<Vec<f64>>,
    /// Names.
    #[serde(deserialize_with = "lenient::texts")]
    pub pace_zone_names: Option<Vec<String>>,
    /// Such as `POWER_HR_PACE`.
    #[serde(deserialize_with = "lenient::text")]
    pub load_order: Option<String>,
    /// Last change.
    #[serde(deserialize_with = "lenient::utc")]
    pub updated: Option<DateTime<Utc>>,
    /// Upstream's model of the power curve; its `ftp` is the eFTP in W.
    pub mmp_model: Option<Value>,
}

/// A row of `GET /athlete/{id}/activities`, as far as asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Activity {
    /// `i…`, or bare digits from Strava.
    #[serde(deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// Whose; checked.
    #[serde(deserialize_with = "lenient::text")]
    pub icu_athlete_id: Option<String>,
    /// Athlete-local.
    #[serde(deserialize_with = "lenient::local")]
    pub start_date_local: Option<NaiveDateTime>,
    /// IANA zone of the recording.
    #[serde(deserialize_with = "lenient::text")]
    pub timezone: Option<String>,
    /// One of 60 sports.
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    pub sport: Option<String>,
    /// Where it came from; `STRAVA` marks a stub.
    #[serde(deserialize_with = "lenient::text")]
    pub source: Option<String>,
    /// Title.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// s.
    #[serde(deserialize_with = "lenient::number")]
    pub moving_time: Option<f64>,
    /// s.
    #[serde(deserialize_with = "lenient::number")]
    pub elapsed_time: Option<f64>,
    /// m, from the file.
    #[serde(deserialize_with = "lenient::number")]
    pub distance: Option<f64>,
    /// m; the one to use.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_distance: Option<f64>,
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub total_elevation_gain: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub average_speed: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub pace: Option<f64>,
    /// m/s, grade adjusted.
    #[serde(deserialize_with = "lenient::number")]
    pub gap: Option<f64>,
    /// bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub average_heartrate: Option<f64>,
    /// bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub max_heartrate: Option<f64>,
    /// rpm; of a run: one leg.
    #[serde(deserialize_with = "lenient::number")]
    pub average_cadence: Option<f64>,
    /// W.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_average_watts: Option<f64>,
    /// W, normalized power.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_weighted_avg_watts: Option<f64>,
    /// W used for this activity.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_ftp: Option<f64>,
    /// Training load.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_training_load: Option<f64>,
    /// Percent: 66.8 is IF 0.668.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_intensity: Option<f64>,
    /// kcal.
    #[serde(deserialize_with = "lenient::number")]
    pub calories: Option<f64>,
    /// Percent.
    #[serde(deserialize_with = "lenient::number")]
    pub decoupling: Option<f64>,
    /// 1–10 (Borg CR10).
    #[serde(deserialize_with = "lenient::number")]
    pub icu_rpe: Option<f64>,
    /// 1–5, 1 = strong.
    #[serde(deserialize_with = "lenient::number")]
    pub feel: Option<f64>,
    /// Percent of the plan.
    #[serde(deserialize_with = "lenient::number")]
    pub compliance: Option<f64>,
    /// The event that it was paired with.
    #[serde(deserialize_with = "lenient::integer")]
    pub paired_event_id: Option<i64>,
    /// Indoors.
    #[serde(deserialize_with = "lenient::boolean")]
    pub trainer: Option<bool>,
    /// Such as `COMMUTE`, `RACE`.
    #[serde(deserialize_with = "lenient::text")]
    pub sub_type: Option<String>,
    /// A race.
    #[serde(deserialize_with = "lenient::boolean")]
    pub race: Option<bool>,
    /// Recording device.
    #[serde(deserialize_with = "lenient::text")]
    pub device_name: Option<String>,
    /// Display of pace in this sport may depend on the pool, m.
    #[serde(deserialize_with = "lenient::number")]
    pub pool_length: Option<f64>,
    /// Tags.
    #[serde(deserialize_with = "lenient::words")]
    pub tags: Option<Vec<String>>,
    /// s in each power zone, Z1 first; sweet spot, which overlaps, is left out.
    #[serde(rename = "icu_zone_times", deserialize_with = "zone_times")]
    pub power_zone_times: Option<Vec<f64>>,
    /// s in each heart-rate zone.
    #[serde(rename = "icu_hr_zone_times", deserialize_with = "lenient::numbers")]
    pub hr_zone_times: Option<Vec<f64>>,
    /// s in each pace zone.
    #[serde(deserialize_with = "lenient::numbers")]
    pub pace_zone_times: Option<Vec<f64>>,
    /// s in each pace zone by grade-adjusted pace.
    #[serde(deserialize_with = "lenient::numbers")]
    pub gap_zone_times: Option<Vec<f64>>,
    /// Whether the athlete reads pace zones by grade-adjusted pace.
    #[serde(deserialize_with = "lenient::boolean")]
    pub use_gap_zone_times: Option<bool>,
    /// Which zones the athlete reads time in zones by, such as `POWER_HR_PACE`.
    #[serde(deserialize_with = "lenient::text")]
    pub tiz_order: Option<String>,
}

/// `[{"id": "Z1", "secs": 822}, …, {"id": "SS", …}]` as the seconds of Z1, Z2 …; a zone that is not named has none.
fn zone_times<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<f64>>, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Zone {
        #[serde(deserialize_with = "lenient::text")]
        id: Option<String>,
        #[serde(deserialize_with = "lenient::number")]
        secs: Option<f64>,
    }
    const MOST: usize = 20;
    let zones: Option<Vec<Zone>> = lenient::objects(deserializer)?;
    let mut times = Vec::new();
    for zone in zones.into_iter().flatten() {
        let number = zone.id.as_deref().and_then(|id| id.strip_prefix('Z'));
        let number = number.and_then(|number| number.parse::<usize>().ok());
        let Some(number) = number.filter(|number| (1..=MOST).contains(number)) else {
            continue;
        };
        if times.len() < number {
            times.resize(number, 0.0);
        }
        times[number - 1] = zone.secs.unwrap_or(0.0);
    }
    Ok((!times.is_empty()).then_some(times))
}

/// A row of `GET /athlete/{id}/wellness`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Wellness {
    /// The day.
    #[serde(deserialize_with = "lenient::date")]
    pub id: Option<NaiveDate>,
    /// Fitness.
    #[serde(deserialize_with = "lenient::number")]
    pub ctl: Option<f64>,
    /// Fatigue.
    #[serde(deserialize_with = "lenient::number")]
    pub atl: Option<f64>,
    /// CTL gained in seven days.
    #[serde(rename = "rampRate", deserialize_with = "lenient::number")]
    pub ramp_rate: Option<f64>,
    /// The day's load as it enters CTL.
    #[serde(rename = "ctlLoad", deserialize_with = "lenient::number")]
    pub ctl_load: Option<f64>,
    /// The day's load as it enters ATL.
    #[serde(rename = "atlLoad", deserialize_with = "lenient::number")]
    pub atl_load: Option<f64>,
    /// Everything else, custom fields too, under upstream's names.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A row of `GET /athlete/{id}/events`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Event {
    /// Event id.
    #[serde(deserialize_with = "lenient::integer")]
    pub id: Option<i64>,
    /// Whose; checked when present.
    #[serde(deserialize_with = "lenient::text")]
    pub athlete_id: Option<String>,
    /// `WORKOUT`, `RACE_A`, `NOTE` …
    #[serde(deserialize_with = "lenient::text")]
    pub category: Option<String>,
    /// Athlete-local.
    #[serde(deserialize_with = "lenient::local")]
    pub start_date_local: Option<NaiveDateTime>,
    /// Athlete-local, excluded.
    #[serde(deserialize_with = "lenient::local")]
    pub end_date_local: Option<NaiveDateTime>,
    /// Sport; notes have none.
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    pub sport: Option<String>,
    /// Title.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// s.
    #[serde(deserialize_with = "lenient::number")]
    pub moving_time: Option<f64>,
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub distance: Option<f64>,
    /// Planned load.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_training_load: Option<f64>,
    /// Weekly target (`TARGET`).
    #[serde(deserialize_with = "lenient::number")]
    pub load_target: Option<f64>,
    /// The activity that did it, when paired.
    #[serde(deserialize_with = "lenient::text")]
    pub paired_activity_id: Option<String>,
}

/// A wellness field that the athlete made: an `INPUT_FIELD` of `GET /athlete/{id}/custom-item`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// The key in wellness rows, such as `SaunaMinutes`.
    pub code: String,
    /// What the athlete calls it (not cleaned).
    pub name: String,
}
