//! What upstream sends, field by field: nothing else is read. Everything may be null or absent, and a value of the wrong
//! type is read as absent.
//!
//! Fields are `pub(crate)`, so that the compiler finds unused ones; the tests against the simulator read the few that are
//! `pub`. Units are upstream's: seconds, metres, metres per second, kilograms, watts, beats per minute, percent (not
//! fractions).

mod activity;
pub mod calendar;
pub(super) mod curves;
mod detail;
mod event;
mod figure;
mod gear;
mod item;
pub(crate) mod library;
mod own;
pub(crate) mod record;
mod settings;
mod sport;
mod streams;
pub mod weeks;
mod wellness;
mod written;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_with::apply;

use super::lenient::{self, Lenient, Object};

pub use calendar::{Event, WeekdayAvailability};
pub use curves::{Curve, Curves, Effort, PaceModel, Point, PowerModel};
pub use detail::{
    Achievement, ActivityDetail, Bucket, Comment, HeartRateRecovery, InShort, Interval, IntervalGroup,
    Weather,
};
pub(crate) use event::{Length, end_after};
pub(crate) use figure::{Amount, amount, positive, sane};
use figure::{Feel, Paired, Percent, Rpe};
pub use gear::{Gear, GearReminder};
pub(crate) use item::ENTERED;
pub use item::{Item, Shelf};
pub use library::{Folder, Template};
pub(crate) use own::own_fields;
pub use record::{Record, RecordId, Values};
use sport::Sport;
pub use streams::Stream;
pub(crate) use wellness::is_total;
pub(crate) use written::FOLLOWING;
pub use written::{EntryFields, Held};

/// `GET /athlete/{id}`. Its secrets (API key, invite token, email) have no field here, so they are never read.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Athlete {
    /// Athlete id; checked against the connection's.
    pub id: Option<String>,
    /// Full name.
    pub name: Option<String>,
    /// `M`, `F` or null.
    pub(crate) sex: Option<String>,
    /// IANA zone.
    pub timezone: Option<String>,
    /// `meters` or `feet`.
    pub(crate) measurement_preference: Option<String>,
    /// Weights in pounds.
    pub(crate) weight_pref_lb: Option<bool>,
    /// Temperatures in Fahrenheit.
    pub(crate) fahrenheit: Option<bool>,
    /// kg.
    pub(crate) icu_weight: Option<f64>,
    /// kg, often null; fallback of `icu_weight`.
    pub(crate) weight: Option<f64>,
    /// metres.
    pub(crate) height: Option<f64>,
    /// bpm.
    pub(crate) icu_resting_hr: Option<f64>,
    /// Only for the age; never shown.
    pub(crate) icu_date_of_birth: Option<NaiveDate>,
    /// `ACTIVE`, `DORMANT`, `ARCHIVED`.
    pub(crate) status: Option<String>,
    /// Planned workouts go to Garmin.
    pub(crate) icu_garmin_upload_workouts: Option<bool>,
    /// To Wahoo.
    pub(crate) wahoo_upload_workouts: Option<bool>,
    /// To COROS.
    pub(crate) coros_upload_workouts: Option<bool>,
    /// To Suunto.
    pub(crate) suunto_upload_workouts: Option<bool>,
    /// To Zwift.
    pub(crate) zwift_upload_workouts: Option<bool>,
    /// To Zepp.
    pub(crate) zepp_upload_workouts: Option<bool>,
    /// To Huawei.
    pub(crate) huawei_upload_workouts: Option<bool>,
    /// What each weekday usually allows.
    pub(crate) training_availability: Option<Vec<WeekdayAvailability>>,
    /// One record per group of sports.
    #[serde(rename = "sportSettings")]
    pub sport_settings: Option<Vec<SportSettings>>,
}

impl Athlete {
    /// The services to which intervals.icu sends planned workouts.
    pub(crate) fn takes_workouts(&self) -> Vec<&'static str> {
        [
            (self.icu_garmin_upload_workouts, "Garmin"),
            (self.wahoo_upload_workouts, "Wahoo"),
            (self.coros_upload_workouts, "COROS"),
            (self.suunto_upload_workouts, "Suunto"),
            (self.zwift_upload_workouts, "Zwift"),
            (self.zepp_upload_workouts, "Zepp"),
            (self.huawei_upload_workouts, "Huawei"),
        ]
        .into_iter()
        .filter_map(|(is_on, name)| (is_on == Some(true)).then_some(name))
        .collect()
    }
}

/// Thresholds and zones of a group of sports.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct SportSettings {
    /// Sports of the group, such as Ride, VirtualRide.
    pub(crate) types: Option<Vec<String>>,
    /// The record for all other sports.
    pub(crate) other: Option<bool>,
    /// W.
    pub(crate) ftp: Option<f64>,
    /// W.
    pub(crate) indoor_ftp: Option<f64>,
    /// J.
    pub(crate) w_prime: Option<f64>,
    /// W.
    pub(crate) p_max: Option<f64>,
    /// Upper bounds, % of FTP; 999 = open.
    pub(crate) power_zones: Option<Vec<f64>>,
    /// Names.
    pub(crate) power_zone_names: Option<Vec<Option<String>>>,
    /// bpm.
    pub(crate) lthr: Option<f64>,
    /// bpm.
    pub(crate) max_hr: Option<f64>,
    /// Upper bounds, bpm; the last is the maximum.
    pub(crate) hr_zones: Option<Vec<f64>>,
    /// Names.
    pub(crate) hr_zone_names: Option<Vec<Option<String>>>,
    /// m/s, for runs and swims alike.
    pub(crate) threshold_pace: Option<f64>,
    /// Display only: `MINS_KM`, `SECS_100M` …
    pub(crate) pace_units: Option<String>,
    /// Upper bounds, % of threshold speed; 999 = open.
    pub(crate) pace_zones: Option<Vec<f64>>,
    /// Names.
    pub(crate) pace_zone_names: Option<Vec<Option<String>>>,
    /// Such as `POWER_HR_PACE`.
    pub(crate) load_order: Option<String>,
    /// Last change.
    pub(crate) updated: Option<DateTime<Utc>>,
    /// Upstream's model of the power curve; its `ftp` is the eFTP in W.
    pub(crate) mmp_model: Option<PowerModel>,
}

impl Object for SportSettings {}

/// A row of `GET /athlete/{id}/activities`, with the requested fields.
#[apply(
    Option => #[serde(default, deserialize_with = "Lenient::read")],
    Amount => #[serde(default, deserialize_with = "figure::read_amount")],
    Percent => #[serde(default, deserialize_with = "figure::read_percent")],
    Sport => #[serde(default, deserialize_with = "sport::read_sport")],
    Rpe => #[serde(default, deserialize_with = "figure::read_rpe")],
    Feel => #[serde(default, deserialize_with = "figure::read_feel")],
    Paired => #[serde(default, deserialize_with = "figure::read_paired")],
)]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Activity {
    /// `i…`, or bare digits from Strava.
    pub id: Option<String>,
    /// Whose; checked.
    pub(crate) icu_athlete_id: Option<String>,
    /// Athlete-local.
    pub start_date_local: Option<NaiveDateTime>,
    /// The same instant, in UTC.
    pub(crate) start_date: Option<DateTime<Utc>>,
    /// IANA zone of the recording.
    pub(crate) timezone: Option<String>,
    /// One of 60 sports.
    #[serde(rename = "type")]
    pub(crate) sport: Sport,
    /// Where it came from.
    pub(crate) source: Option<String>,
    /// Why upstream sends nothing else: only stubs have it.
    #[serde(rename = "_note")]
    note: Option<String>,
    /// Title.
    pub name: Option<String>,
    /// The athlete's note; in a list only where it is asked for.
    pub(crate) description: Option<String>,
    /// s.
    pub(crate) moving_time: Amount,
    /// s.
    pub(crate) elapsed_time: Amount,
    /// m, from the file.
    pub(crate) distance: Amount,
    /// m; the one to use.
    pub(crate) icu_distance: Amount,
    /// m, as it was sent: see [`Activity::climb`].
    pub(crate) total_elevation_gain: Amount,
    /// m above the sea.
    pub(crate) min_altitude: Option<f64>,
    /// m above the sea.
    pub(crate) max_altitude: Option<f64>,
    /// m/s.
    pub(crate) average_speed: Amount,
    /// m/s.
    pub(crate) pace: Amount,
    /// m/s, grade-adjusted.
    pub(crate) gap: Amount,
    /// bpm.
    pub(crate) average_heartrate: Amount,
    /// bpm.
    pub(crate) max_heartrate: Amount,
    /// rpm; for a run, of one leg.
    pub(crate) average_cadence: Amount,
    /// W.
    pub(crate) icu_average_watts: Amount,
    /// W, normalized power.
    pub(crate) icu_weighted_avg_watts: Amount,
    /// W used for this activity.
    pub(crate) icu_ftp: Amount,
    /// Training load as it was sent: see [`Activity::load`].
    pub icu_training_load: Amount,
    /// Load by pace.
    pub(crate) pace_load: Amount,
    /// Percent: 66.8 is IF 0.668.
    pub(crate) icu_intensity: Percent,
    /// kcal.
    pub(crate) calories: Amount,
    /// Percent.
    pub(crate) decoupling: Option<f64>,
    /// 1–10 (Borg CR10), as the athlete entered it at intervals.icu.
    icu_rpe: Rpe,
    /// 1–10, as it was entered on the device.
    perceived_exertion: Rpe,
    /// RPE × minutes.
    pub(crate) session_rpe: Amount,
    /// 1–5, 1 = strong.
    pub(crate) feel: Feel,
    /// Percent of the plan.
    pub(crate) compliance: Amount,
    /// The paired event.
    pub(crate) paired_event_id: Paired,
    /// Indoors.
    pub(crate) trainer: Option<bool>,
    /// Such as `COMMUTE`, `RACE`.
    pub(crate) sub_type: Option<String>,
    /// A race.
    pub(crate) race: Option<bool>,
    /// Recording device.
    pub(crate) device_name: Option<String>,
    /// m; may decide the unit of pace.
    pub(crate) pool_length: Amount,
    /// Tags.
    pub(crate) tags: Option<Vec<String>>,
    /// Time in power zones.
    #[serde(rename = "icu_zone_times")]
    pub(crate) power_zone_times: Option<PowerZoneTimes>,
    /// s in each heart-rate zone.
    #[serde(rename = "icu_hr_zone_times")]
    pub(crate) hr_zone_times: Option<Vec<f64>>,
    /// s in each pace zone.
    pub(crate) pace_zone_times: Option<Vec<f64>>,
    /// s in each pace zone by grade-adjusted pace.
    pub(crate) gap_zone_times: Option<Vec<f64>>,
    /// Whether the athlete's pace zones go by grade-adjusted pace.
    pub(crate) use_gap_zone_times: Option<bool>,
    /// The athlete's order of zones for time in zones, such as `POWER_HR_PACE`.
    pub(crate) tiz_order: Option<String>,
}

/// Time in power zones: upstream's `[{"id": "Z1", "secs": 822}, …, {"id": "SS", "secs": 400}]`.
#[derive(Debug, Clone, Default)]
pub struct PowerZoneTimes {
    /// s in each zone, Z1 first; `None` for a zone that upstream leaves out.
    pub(crate) zones: Vec<Option<f64>>,
    /// s in the sweet spot, which overlaps the zones.
    pub(crate) sweet_spot: Option<f64>,
}

impl Lenient for PowerZoneTimes {
    fn read<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Self>, D::Error> {
        Ok(Vec::read(json)?.map(Self::from))
    }
}

impl From<Vec<ZoneTime>> for PowerZoneTimes {
    fn from(list: Vec<ZoneTime>) -> Self {
        const MOST: usize = 20;
        let mut times = Self::default();
        for ZoneTime { id, secs } in list {
            let id = id.as_deref().unwrap_or_default();
            match id.strip_prefix('Z').map(str::parse) {
                Some(Ok(number @ 1..=MOST)) => {
                    times.zones.resize(times.zones.len().max(number), None);
                    times.zones[number - 1] = secs;
                    lenient::leave_out(lenient::ZONE_TIME, usize::from(secs.is_none()));
                }
                _ if id == "SS" => times.sweet_spot = secs,
                _ => {}
            }
        }
        times
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
#[derive(Debug, Clone, Default)]
pub struct Wellness {
    /// The day.
    pub id: Option<NaiveDate>,
    /// Fitness.
    pub ctl: Option<f64>,
    /// Fatigue.
    pub(crate) atl: Option<f64>,
    /// CTL gained in seven days.
    pub(crate) ramp_rate: Option<f64>,
    /// The day's load as used for CTL.
    pub(crate) ctl_load: Option<f64>,
    /// The day's load as used for ATL.
    pub(crate) atl_load: Option<f64>,
    /// Everything else, including custom fields, under upstream's names.
    pub rest: wellness::Rest,
}

/// A row of `GET /athlete/{id}/custom-item`: a chart, field or anything else that the athlete made.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct CustomItem {
    /// Upstream's id.
    pub(crate) id: Option<i64>,
    /// Whose it is; checked.
    pub(crate) athlete_id: Option<String>,
    /// `INPUT_FIELD`, `FITNESS_CHART` …; newer ones may come.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// The athlete's name for it.
    pub(crate) name: Option<String>,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// `PRIVATE`, `FOLLOWERS` or `PUBLIC`.
    pub(crate) visibility: Option<String>,
    /// How many athletes use it.
    pub(crate) usage_count: Option<f64>,
    /// What it is made of.
    pub(crate) content: Option<CustomContent>,
    /// Whose it was first.
    pub(crate) from_athlete: Option<MadeBy>,
}

impl Object for CustomItem {}

/// What an item is made of, as far as it can be said in words.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct CustomContent {
    /// The key of its values in other answers.
    pub(crate) code: Option<String>,
    /// `numeric`, `text` or `select`.
    #[serde(rename = "type")]
    pub(crate) holds: Option<String>,
    /// How days or laps are put together: `SUM`, `MAX` …
    pub(crate) aggregate: Option<String>,
    /// The unit.
    pub(crate) units: Option<String>,
    /// The channel that it goes by.
    pub(crate) stream: Option<String>,
    /// A program; never shown.
    script: Option<String>,
}

impl CustomContent {
    /// Whether a program makes its values.
    pub(crate) fn is_computed(&self) -> bool {
        self.script
            .as_deref()
            .is_some_and(|script| !script.trim().is_empty())
    }
}

/// Who made something.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct MadeBy {
    /// The name.
    pub(crate) name: Option<String>,
}

impl Object for MadeBy {}

impl Object for CustomContent {}

/// What a field that the athlete made belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldOf {
    /// A wellness day: `INPUT_FIELD`.
    Day,
    /// An activity: `ACTIVITY_FIELD`.
    Activity,
}

/// A field that the athlete made: an item of `GET /athlete/{id}/custom-item`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// What it belongs to.
    pub(crate) of: FieldOf,
    /// The key in upstream's rows, such as `SaunaMinutes`.
    pub(crate) code: String,
    /// The athlete's name for it (not cleaned).
    pub(crate) name: String,
}
