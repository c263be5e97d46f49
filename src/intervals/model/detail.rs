//! `GET /activity/{id}?intervals=true`: one activity with its laps, and what belongs to it (histograms, weather, comments).
//!
//! Only what tools show. The fields that a list also has are in [`Activity`].

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use serde_with::apply;

use super::{
    super::{
        Error,
        lenient::{self, Lenient, Object},
    },
    Activity, Amount, Gear, figure,
};

/// One activity with its laps.
#[apply(
    Option => #[serde(default, deserialize_with = "Lenient::read")],
    Amount => #[serde(default, deserialize_with = "figure::read_amount")],
)]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ActivityDetail {
    /// The fields that a row of a list also has.
    #[serde(skip)]
    pub(crate) activity: Activity,
    /// Code and value of the fields that the athlete made; not read from lists.
    #[serde(skip)]
    pub(crate) own: Vec<(String, Value)>,
    /// The athlete's own words.
    pub(crate) description: Option<String>,
    /// s while recording.
    pub(crate) icu_recording_time: Amount,
    /// s.
    pub(crate) coasting_time: Amount,
    /// m.
    pub(crate) total_elevation_loss: Amount,
    /// m/s.
    pub(crate) max_speed: Amount,
    /// A commute.
    pub(crate) commute: Option<bool>,
    /// Measured power, not estimated.
    pub(crate) device_watts: Option<bool>,
    /// Work, J.
    pub(crate) icu_joules: Amount,
    /// Work above FTP, J.
    pub(crate) icu_joules_above_ftp: Amount,
    /// The largest drop of W′ balance, J.
    pub(crate) icu_max_wbal_depletion: Option<f64>,
    /// NP over average power.
    pub(crate) icu_variability_index: Amount,
    /// NP (or pace) over heart rate.
    pub(crate) icu_efficiency_factor: Amount,
    /// Average power over average HR.
    pub(crate) icu_power_hr: Amount,
    /// Power over heart rate in power zone 2.
    pub(crate) icu_power_hr_z2: Amount,
    /// Minutes behind that figure.
    pub(crate) icu_power_hr_z2_mins: Amount,
    /// rpm in power zone 2; for a run, of one leg.
    pub(crate) icu_cadence_z2: Amount,
    /// Percent on the right, as most evidence has it.
    pub(crate) avg_lr_balance: Amount,
    /// Fitness after it.
    pub(crate) icu_ctl: Option<f64>,
    /// Fatigue after it.
    pub(crate) icu_atl: Option<f64>,
    /// eFTP after it, W.
    pub(crate) icu_rolling_ftp: Amount,
    /// W′ used for this activity, J.
    pub(crate) icu_w_prime: Amount,
    /// Threshold speed used for this activity, m/s.
    pub(crate) threshold_pace: Amount,
    /// LTHR used for this activity, bpm.
    pub(crate) lthr: Amount,
    /// Body weight at the time, kg.
    pub(crate) icu_weight: Amount,
    /// Upper bounds, % of `icu_ftp`; 999 = open.
    pub(crate) icu_power_zones: Option<Vec<f64>>,
    /// Upper bounds, bpm; the last is the maximum.
    pub(crate) icu_hr_zones: Option<Vec<f64>>,
    /// Upper bounds, % of `threshold_pace`; 999 = open.
    pub(crate) pace_zones: Option<Vec<f64>>,
    /// % of FTP; 0 = not set.
    pub(crate) icu_sweet_spot_min: Option<f64>,
    /// % of FTP; 0 = not set.
    pub(crate) icu_sweet_spot_max: Option<f64>,
    /// Load by power.
    pub(crate) power_load: Amount,
    /// Load by heart rate.
    pub(crate) hr_load: Amount,
    /// TRIMP.
    pub(crate) trimp: Amount,
    /// Strain score (Xert's model).
    pub(crate) strain_score: Amount,
    /// Polarization index (Treff).
    pub(crate) polarization_index: Option<f64>,
    /// g, estimated.
    pub(crate) carbs_used: Amount,
    /// g, as the athlete entered.
    pub(crate) carbs_ingested: Amount,
    /// kg.
    pub(crate) kg_lifted: Amount,
    /// °C, from the device.
    pub(crate) average_temp: Option<f64>,
    /// °C, from the weather service.
    pub(crate) average_weather_temp: Option<f64>,
    /// °C.
    pub(crate) average_feels_like: Option<f64>,
    /// m/s.
    pub(crate) average_wind_speed: Amount,
    /// Ground contact time, ms.
    pub(crate) average_stance_time: Amount,
    /// mm.
    pub(crate) average_vertical_oscillation: Option<f64>,
    /// Percent.
    pub(crate) average_vertical_ratio: Option<f64>,
    /// mm.
    pub(crate) average_step_length: Amount,
    /// Ground contact, percent of the step.
    pub(crate) average_stance_time_percent: Option<f64>,
    /// Percent on the left.
    pub(crate) average_stance_time_balance: Option<f64>,
    /// kN/m.
    pub(crate) average_leg_spring_stiffness: Option<f64>,
    /// Body weights per second.
    pub(crate) average_impact_loading_rate: Option<f64>,
    /// m.
    pub(crate) average_stride: Amount,
    /// Whether there is a weather summary.
    pub(crate) has_weather: Option<bool>,
    /// Bike or shoes.
    pub(crate) gear: Option<Gear>,
    /// What measured the power.
    pub(crate) power_meter: Option<String>,
    /// Pool lengths swum.
    pub(crate) lengths: Amount,
    /// Laps in the recording; 0 if there are none.
    pub(crate) icu_lap_count: Option<i64>,
    /// The athlete changed the intervals by hand.
    pub(crate) icu_intervals_edited: Option<bool>,
    /// The athlete locked the intervals against new detection.
    pub(crate) lock_intervals: Option<bool>,
    /// Such as `3x 12m 224w`.
    pub(crate) interval_summary: Option<Vec<String>>,
    /// Which streams there are.
    pub(crate) stream_types: Option<Vec<String>>,
    /// The largest drop of heart rate within a minute.
    pub(crate) icu_hrr: Option<HeartRateRecovery>,
    /// Best efforts that it set.
    pub(crate) icu_achievements: Option<Vec<Achievement>>,
    /// When intervals.icu analysed it; None if not yet.
    pub(crate) analyzed: Option<DateTime<Utc>>,
    /// Its laps, in order; None or empty if it was not analysed.
    pub(crate) icu_intervals: Option<Vec<Interval>>,
    /// Laps that belong together.
    pub(crate) icu_groups: Option<Vec<IntervalGroup>>,
}

impl ActivityDetail {
    /// Reads the object; [`Error::Garbled`] for anything else.
    pub fn from_json(body: &[u8]) -> Result<Self, Error> {
        // Read twice rather than flattened: unnamed fields are then skipped unread, however odd they are.
        let activity = lenient::object(body)?;
        let detail: Self = lenient::object(body)?;
        Ok(Self { activity, ..detail })
    }
}

/// An activity of a list, with what its intervals were in short.
#[derive(Debug, Clone, PartialEq)]
pub struct InShort {
    /// Its id.
    pub(crate) id: String,
    /// Athlete-local.
    pub(crate) start: NaiveDateTime,
    /// Upstream's word; empty if there is none.
    pub(crate) sport: String,
    /// Closed to the API by Strava.
    pub(crate) is_closed: bool,
    /// Any other stub.
    pub(crate) is_empty: bool,
    /// Such as `3x 12m 224w`.
    pub(crate) summary: Vec<String>,
}

impl InShort {
    /// What is kept of a row; None without an id or a start.
    pub(crate) fn of(detail: ActivityDetail) -> Option<Self> {
        let activity = detail.activity;
        Some(Self {
            start: activity.start_date_local?,
            sport: activity.sport().to_owned(),
            is_closed: activity.is_closed_by_strava(),
            is_empty: activity.is_empty_stub(),
            id: activity.id?,
            summary: detail.interval_summary.unwrap_or_default(),
        })
    }
}

/// A lap: an element of `icu_intervals`.
#[apply(
    Option => #[serde(default, deserialize_with = "Lenient::read")],
    Amount => #[serde(default, deserialize_with = "figure::read_amount")],
)]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Interval {
    /// `WORK` or `RECOVERY`, perhaps others.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// What the athlete or the planned step calls it.
    pub(crate) label: Option<String>,
    /// Shared by laps that belong together, such as `720s@224w89rpm`.
    pub(crate) group_id: Option<String>,
    /// s into the activity.
    pub(crate) start_time: Amount,
    /// s into the activity.
    pub(crate) end_time: Amount,
    /// s.
    pub(crate) moving_time: Amount,
    /// s.
    pub(crate) elapsed_time: Amount,
    /// m.
    pub(crate) distance: Amount,
    /// W.
    pub(crate) average_watts: Amount,
    /// W.
    pub(crate) max_watts: Amount,
    /// Normalized power, W.
    pub(crate) weighted_average_watts: Amount,
    /// W/kg.
    pub(crate) average_watts_kg: Amount,
    /// Load.
    pub(crate) training_load: Amount,
    /// Work, J.
    pub(crate) joules: Amount,
    /// Percent.
    pub(crate) decoupling: Option<f64>,
    /// Strain score.
    pub(crate) strain_score: Amount,
    /// W′ balance at its start, J.
    pub(crate) wbal_start: Option<f64>,
    /// W′ balance at its end, J.
    pub(crate) wbal_end: Option<f64>,
    /// Power zone of the average, from 1.
    pub(crate) zone: Amount,
    /// m/s.
    pub(crate) average_speed: Amount,
    /// m/s, grade-adjusted.
    pub(crate) gap: Amount,
    /// bpm.
    pub(crate) average_heartrate: Amount,
    /// bpm.
    pub(crate) max_heartrate: Amount,
    /// bpm.
    pub(crate) min_heartrate: Amount,
    /// rpm; for a run, of one leg.
    pub(crate) average_cadence: Amount,
    /// Nm.
    pub(crate) average_torque: Option<f64>,
    /// m.
    pub(crate) total_elevation_gain: Amount,
    /// A fraction: 0.031 is 3.1 %.
    pub(crate) average_gradient: Option<f64>,
    /// °C, from the device.
    pub(crate) average_temp: Option<f64>,
    /// Percent on the right, as most evidence has it.
    pub(crate) avg_lr_balance: Option<f64>,
    /// DFA α1.
    pub(crate) average_dfa_a1: Option<f64>,
    /// Breaths per minute.
    pub(crate) average_respiration: Amount,
    /// Muscle oxygen, percent.
    pub(crate) average_smo2: Amount,
    /// Total haemoglobin, g/dl.
    pub(crate) average_thb: Amount,
    /// mmol/l.
    pub(crate) average_lactate: Amount,
    /// Ground contact time, ms.
    pub(crate) average_stance_time: Amount,
    /// mm.
    pub(crate) average_vertical_oscillation: Option<f64>,
    /// Percent.
    pub(crate) average_vertical_ratio: Option<f64>,
    /// mm.
    pub(crate) average_step_length: Amount,
    /// Percent on the left.
    pub(crate) average_stance_time_balance: Option<f64>,
    /// kN/m.
    pub(crate) average_leg_spring_stiffness: Option<f64>,
    /// Body weights per second.
    pub(crate) average_impact_loading_rate: Option<f64>,
}

impl Object for Interval {}

impl Interval {
    /// Upstream's word for its kind in lower case, with spaces: `work`, `recovery`, `warm up`; empty if it has none.
    pub(crate) fn kind_in_words(&self) -> String {
        let kind = self.kind.as_deref().unwrap_or_default();
        kind.trim().to_lowercase().replace('_', " ")
    }

    /// Labelled as a recovery.
    pub(crate) fn is_recovery(&self) -> bool {
        self.kind_in_words() == "recovery"
    }
}

/// Laps that belong together: an element of `icu_groups`. Figures are averages over them.
#[apply(
    Option => #[serde(default, deserialize_with = "Lenient::read")],
    Amount => #[serde(default, deserialize_with = "figure::read_amount")],
)]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct IntervalGroup {
    /// The `group_id` of its laps.
    pub(crate) id: Option<String>,
    /// s, of one lap.
    pub(crate) moving_time: Amount,
    /// s, of one lap.
    pub(crate) elapsed_time: Amount,
    /// m, of one lap.
    pub(crate) distance: Amount,
    /// W.
    pub(crate) average_watts: Amount,
    /// m/s.
    pub(crate) average_speed: Amount,
    /// bpm.
    pub(crate) average_heartrate: Amount,
    /// rpm; for a run, of one leg.
    pub(crate) average_cadence: Amount,
}

impl Object for IntervalGroup {}

/// The largest drop of heart rate within a minute (`icu_hrr`).
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct HeartRateRecovery {
    /// s into the activity.
    pub(crate) start_time: Option<f64>,
    /// bpm.
    pub(crate) start_bpm: Option<f64>,
    /// bpm.
    pub(crate) end_bpm: Option<f64>,
    /// W during that minute.
    pub(crate) average_watts: Option<f64>,
    /// bpm, the drop.
    pub(crate) hrr: Option<f64>,
}

impl Object for HeartRateRecovery {}

/// A best effort or threshold that the activity set.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Achievement {
    /// `BEST_POWER`, `BEST_PACE`, `FTP_UP` or `LTHR_UP`.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// W.
    pub(crate) watts: Option<f64>,
    /// s.
    pub(crate) secs: Option<f64>,
    /// The new threshold.
    pub(crate) value: Option<f64>,
    /// m.
    pub(crate) distance: Option<f64>,
    /// m/s.
    pub(crate) pace: Option<f64>,
}

impl Object for Achievement {}

/// A bar of a histogram (`GET /activity/{id}/power-histogram`, `hr-histogram`, `pace-histogram`).
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Bucket {
    /// Lower end; also sent as `start`.
    #[serde(alias = "start")]
    pub(crate) min: Option<f64>,
    /// Upper end, inclusive for watts and beats.
    pub(crate) max: Option<f64>,
    /// s in it.
    pub(crate) secs: Option<f64>,
}

/// `GET /activity/{id}/weather-summary`.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Weather {
    /// In words, in the format that the athlete chose.
    pub(crate) description: Option<String>,
    /// °C, from the device.
    pub(crate) average_temp: Option<f64>,
    /// °C, from the weather service.
    pub(crate) average_weather_temp: Option<f64>,
    /// °C.
    pub(crate) average_feels_like: Option<f64>,
    /// m/s.
    pub(crate) average_wind_speed: Option<f64>,
    /// m/s.
    pub(crate) average_wind_gust: Option<f64>,
    /// Degrees.
    pub(crate) prevailing_wind_deg: Option<f64>,
    /// Percent of the time.
    pub(crate) headwind_percent: Option<f64>,
    /// Percent of the time.
    pub(crate) tailwind_percent: Option<f64>,
    /// °C.
    pub(crate) min_weather_temp: Option<f64>,
    /// °C.
    pub(crate) max_weather_temp: Option<f64>,
    /// °C.
    pub(crate) min_feels_like: Option<f64>,
    /// °C.
    pub(crate) max_feels_like: Option<f64>,
    /// mm.
    pub(crate) max_rain: Option<f64>,
    /// mm.
    pub(crate) max_showers: Option<f64>,
    /// cm.
    pub(crate) max_snow: Option<f64>,
    /// Percent of the sky.
    pub(crate) average_clouds: Option<f64>,
}

/// A row of `GET /activity/{id}/messages`.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Comment {
    /// Who wrote it.
    pub(crate) athlete_id: Option<String>,
    /// When.
    pub(crate) created: Option<DateTime<Utc>>,
    /// What.
    pub(crate) content: Option<String>,
    /// When it was deleted; null if it was not.
    pub(crate) deleted: Option<String>,
    /// Who deleted it; null if no one did.
    pub(crate) deleted_by_id: Option<String>,
    /// Only to know whether there is one; never shown.
    pub(crate) attachment_url: Option<String>,
}
