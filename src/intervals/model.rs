//! What upstream sends, field by field: only what is named here enters the house. Everything may be null or absent,
//! and what has the wrong type is read as absent.
//!
//! Units are upstream's: seconds, metres, metres a second, kilograms, watts, beats a minute, percent (not fractions).

pub mod calendar;
pub(super) mod curves;
mod detail;
mod streams;
pub mod weeks;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, de::SeqAccess};
use serde_json::{Map, Value};
use serde_with::apply;

use super::lenient::{Lenient, Object};

pub use curves::{Curve, Curves, Effort, PaceModel, Point, PowerModel};
pub use detail::{
    Achievement, ActivityDetail, Bucket, Comment, Gear, HeartRateRecovery, Interval, IntervalGroup,
    PlannedWorkout, Weather,
};
pub use streams::Stream;

/// `GET /athlete/{id}`. Its secrets (API key, invite token, e-mail) are not named here and so never read.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Athlete {
    /// Athlete id; checked against the connection's.
    pub id: Option<String>,
    /// Full name.
    pub name: Option<String>,
    /// `M`, `F` or null.
    pub sex: Option<String>,
    /// IANA zone.
    pub timezone: Option<String>,
    /// `meters` or `feet`.
    pub measurement_preference: Option<String>,
    /// Weights in pounds.
    pub weight_pref_lb: Option<bool>,
    /// Temperatures in Fahrenheit.
    pub fahrenheit: Option<bool>,
    /// kg.
    pub icu_weight: Option<f64>,
    /// kg, often null; fallback of `icu_weight`.
    pub weight: Option<f64>,
    /// metres.
    pub height: Option<f64>,
    /// bpm.
    pub icu_resting_hr: Option<f64>,
    /// Only for the age; never shown.
    pub icu_date_of_birth: Option<NaiveDate>,
    /// `ACTIVE`, `DORMANT`, `ARCHIVED`.
    pub status: Option<String>,
    /// Form shown as a percentage of CTL.
    pub icu_form_as_percent: Option<bool>,
    /// One record a sport group.
    #[serde(rename = "sportSettings")]
    pub sport_settings: Option<Vec<SportSettings>>,
}

/// Thresholds and zones of a group of sports.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct SportSettings {
    /// Sports of the group, such as Ride, VirtualRide.
    pub types: Option<Vec<String>>,
    /// The fallback record.
    pub other: Option<bool>,
    /// W.
    pub ftp: Option<f64>,
    /// W.
    pub indoor_ftp: Option<f64>,
    /// J.
    pub w_prime: Option<f64>,
    /// W.
    pub p_max: Option<f64>,
    /// Upper bounds, % of FTP; 999 = open.
    pub power_zones: Option<Vec<f64>>,
    /// Names.
    pub power_zone_names: Option<Vec<Option<String>>>,
    /// bpm.
    pub lthr: Option<f64>,
    /// bpm.
    pub max_hr: Option<f64>,
    /// Upper bounds, bpm; the last is the maximum.
    pub hr_zones: Option<Vec<f64>>,
    /// Names.
    pub hr_zone_names: Option<Vec<Option<String>>>,
    /// m/s, for runs and swims alike.
    pub threshold_pace: Option<f64>,
    /// Display only: `MINS_KM`, `SECS_100M` …
    pub pace_units: Option<String>,
    /// Upper bounds, % of threshold speed; 999 = open.
    pub pace_zones: Option<Vec<f64>>,
    /// Names.
    pub pace_zone_names: Option<Vec<Option<String>>>,
    /// Such as `POWER_HR_PACE`.
    pub load_order: Option<String>,
    /// Last change.
    pub updated: Option<DateTime<Utc>>,
    /// Upstream's model of the power curve; its `ftp` is the eFTP in W.
    pub mmp_model: Option<PowerModel>,
}

impl Object for SportSettings {}

/// A row of `GET /athlete/{id}/activities`, as far as asked for.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Activity {
    /// `i…`, or bare digits from Strava.
    pub id: Option<String>,
    /// Whose; checked.
    pub icu_athlete_id: Option<String>,
    /// Athlete-local.
    pub start_date_local: Option<NaiveDateTime>,
    /// IANA zone of the recording.
    pub timezone: Option<String>,
    /// One of 60 sports.
    #[serde(rename = "type")]
    pub sport: Option<String>,
    /// Where it came from; `STRAVA` marks a stub.
    pub source: Option<String>,
    /// Title.
    pub name: Option<String>,
    /// s.
    pub moving_time: Option<f64>,
    /// s.
    pub elapsed_time: Option<f64>,
    /// m, from the file.
    pub distance: Option<f64>,
    /// m; the one to use.
    pub icu_distance: Option<f64>,
    /// m.
    pub total_elevation_gain: Option<f64>,
    /// m/s.
    pub average_speed: Option<f64>,
    /// m/s.
    pub pace: Option<f64>,
    /// m/s, grade adjusted.
    pub gap: Option<f64>,
    /// bpm.
    pub average_heartrate: Option<f64>,
    /// bpm.
    pub max_heartrate: Option<f64>,
    /// rpm; of a run: one leg.
    pub average_cadence: Option<f64>,
    /// W.
    pub icu_average_watts: Option<f64>,
    /// W, normalized power.
    pub icu_weighted_avg_watts: Option<f64>,
    /// W used for this activity.
    pub icu_ftp: Option<f64>,
    /// Training load.
    pub icu_training_load: Option<f64>,
    /// Percent: 66.8 is IF 0.668.
    pub icu_intensity: Option<f64>,
    /// kcal.
    pub calories: Option<f64>,
    /// Percent.
    pub decoupling: Option<f64>,
    /// 1–10 (Borg CR10).
    pub icu_rpe: Option<f64>,
    /// 1–5, 1 = strong.
    pub feel: Option<f64>,
    /// Percent of the plan.
    pub compliance: Option<f64>,
    /// The event that it was paired with.
    pub paired_event_id: Option<i64>,
    /// Indoors.
    pub trainer: Option<bool>,
    /// Such as `COMMUTE`, `RACE`.
    pub sub_type: Option<String>,
    /// A race.
    pub race: Option<bool>,
    /// Recording device.
    pub device_name: Option<String>,
    /// Display of pace in this sport may depend on the pool, m.
    pub pool_length: Option<f64>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Time in power zones.
    #[serde(rename = "icu_zone_times")]
    pub power_zone_times: Option<PowerZoneTimes>,
    /// s in each heart-rate zone.
    #[serde(rename = "icu_hr_zone_times")]
    pub hr_zone_times: Option<Vec<f64>>,
    /// s in each pace zone.
    pub pace_zone_times: Option<Vec<f64>>,
    /// s in each pace zone by grade-adjusted pace.
    pub gap_zone_times: Option<Vec<f64>>,
    /// Whether the athlete reads pace zones by grade-adjusted pace.
    pub use_gap_zone_times: Option<bool>,
    /// Which zones the athlete reads time in zones by, such as `POWER_HR_PACE`.
    pub tiz_order: Option<String>,
}

/// Time in power zones: upstream's `[{"id": "Z1", "secs": 822}, …, {"id": "SS", "secs": 400}]`.
#[derive(Debug, Clone, Default)]
pub struct PowerZoneTimes {
    /// s in each zone, Z1 first; of a zone that is not named nothing is known.
    pub zones: Vec<Option<f64>>,
    /// s in the sweet spot, which overlaps the zones.
    pub sweet_spot: Option<f64>,
}

impl Lenient for PowerZoneTimes {
    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        const MOST: usize = 20;
        let mut times = Self::default();
        for ZoneTime { id, secs } in Vec::from_list(list)?.into_iter().flatten() {
            let Some(id) = id else { continue };
            let number = id.strip_prefix('Z').and_then(|number| number.parse().ok());
            match number {
                Some(number @ 1..=MOST) => {
                    times.zones.resize(times.zones.len().max(number), None);
                    times.zones[number - 1] = secs;
                }
                _ if id == "SS" => times.sweet_spot = secs,
                _ => {}
            }
        }
        Ok(Some(times))
    }
}

#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Deserialize)]
struct ZoneTime {
    id: Option<String>,
    secs: Option<f64>,
}

impl Object for ZoneTime {}

/// A row of `GET /athlete/{id}/wellness`.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Wellness {
    /// The day.
    pub id: Option<NaiveDate>,
    /// Fitness.
    pub ctl: Option<f64>,
    /// Fatigue.
    pub atl: Option<f64>,
    /// CTL gained in seven days.
    #[serde(rename = "rampRate")]
    pub ramp_rate: Option<f64>,
    /// The day's load as it enters CTL.
    #[serde(rename = "ctlLoad")]
    pub ctl_load: Option<f64>,
    /// The day's load as it enters ATL.
    #[serde(rename = "atlLoad")]
    pub atl_load: Option<f64>,
    /// Everything else, custom fields too, under upstream's names.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A row of `GET /athlete/{id}/events`.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Event {
    /// Event id.
    pub id: Option<i64>,
    /// Whose; checked when present.
    pub athlete_id: Option<String>,
    /// `WORKOUT`, `RACE_A`, `NOTE` …
    pub category: Option<String>,
    /// Athlete-local.
    pub start_date_local: Option<NaiveDateTime>,
    /// Athlete-local, excluded.
    pub end_date_local: Option<NaiveDateTime>,
    /// Sport; notes have none.
    #[serde(rename = "type")]
    pub sport: Option<String>,
    /// Title.
    pub name: Option<String>,
    /// s.
    pub moving_time: Option<f64>,
    /// m.
    pub distance: Option<f64>,
    /// Planned load.
    pub icu_training_load: Option<f64>,
    /// Weekly target (`TARGET`).
    pub load_target: Option<f64>,
    /// The activity that did it, when paired.
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
