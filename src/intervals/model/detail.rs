//! `GET /activity/{id}?intervals=true`: one activity with its laps, and what belongs to it (histograms, weather, comments,
//! the planned workout).
//!
//! Only what tools show stands here. The fields that a list has too are [`Activity`]'s.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;

use super::{
    super::{Error, lenient},
    Activity,
};

/// One activity with its laps.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ActivityDetail {
    /// What a row of a list has too.
    #[serde(skip)]
    pub activity: Activity,
    /// The athlete's own words.
    #[serde(deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// s while recording.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_recording_time: Option<f64>,
    /// s.
    #[serde(deserialize_with = "lenient::number")]
    pub coasting_time: Option<f64>,
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub total_elevation_loss: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub max_speed: Option<f64>,
    /// A commute.
    #[serde(deserialize_with = "lenient::boolean")]
    pub commute: Option<bool>,
    /// Measured power, not estimated.
    #[serde(deserialize_with = "lenient::boolean")]
    pub device_watts: Option<bool>,
    /// Work, J.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_joules: Option<f64>,
    /// Work above FTP, J.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_joules_above_ftp: Option<f64>,
    /// The deepest fall of W′ balance, J.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_max_wbal_depletion: Option<f64>,
    /// NP over mean power.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_variability_index: Option<f64>,
    /// NP (or pace) over heart rate.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_efficiency_factor: Option<f64>,
    /// Mean power over mean heart rate.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_power_hr: Option<f64>,
    /// Power over heart rate within power zone 2.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_power_hr_z2: Option<f64>,
    /// Minutes that this stands on.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_power_hr_z2_mins: Option<f64>,
    /// rpm within power zone 2; of a run: one leg.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_cadence_z2: Option<f64>,
    /// Percent on the left.
    #[serde(deserialize_with = "lenient::number")]
    pub avg_lr_balance: Option<f64>,
    /// Fitness after it.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_ctl: Option<f64>,
    /// Fatigue after it.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_atl: Option<f64>,
    /// eFTP after it, W.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_rolling_ftp: Option<f64>,
    /// What it changed of the eFTP, W.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_rolling_ftp_delta: Option<f64>,
    /// W′ used for this activity, J.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_w_prime: Option<f64>,
    /// Pmax used for this activity, W.
    #[serde(deserialize_with = "lenient::number")]
    pub p_max: Option<f64>,
    /// Threshold speed used for this activity, m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub threshold_pace: Option<f64>,
    /// LTHR used for this activity, bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub lthr: Option<f64>,
    /// Maximum heart rate used for this activity, bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub athlete_max_hr: Option<f64>,
    /// bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_resting_hr: Option<f64>,
    /// Body weight at the time, kg.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_weight: Option<f64>,
    /// Upper bounds, % of `icu_ftp`; 999 = open.
    #[serde(deserialize_with = "lenient::numbers")]
    pub icu_power_zones: Option<Vec<f64>>,
    /// Upper bounds, bpm; the last is the maximum.
    #[serde(deserialize_with = "lenient::numbers")]
    pub icu_hr_zones: Option<Vec<f64>>,
    /// Upper bounds, % of `threshold_pace`; 999 = open.
    #[serde(deserialize_with = "lenient::numbers")]
    pub pace_zones: Option<Vec<f64>>,
    /// % of FTP; 0 = not set.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_sweet_spot_min: Option<f64>,
    /// % of FTP; 0 = not set.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_sweet_spot_max: Option<f64>,
    /// Seconds in each power zone, and in the sweet spot (`SS`), which overlaps them.
    #[serde(deserialize_with = "lenient::objects")]
    pub icu_zone_times: Option<Vec<ZoneTime>>,
    /// Seconds in each heart-rate zone.
    #[serde(deserialize_with = "lenient::numbers")]
    pub icu_hr_zone_times: Option<Vec<f64>>,
    /// Seconds in each pace zone.
    #[serde(deserialize_with = "lenient::numbers")]
    pub pace_zone_times: Option<Vec<f64>>,
    /// Seconds in each pace zone by grade adjusted pace.
    #[serde(deserialize_with = "lenient::numbers")]
    pub gap_zone_times: Option<Vec<f64>>,
    /// Whether the athlete counts pace zones by grade adjusted pace.
    #[serde(deserialize_with = "lenient::boolean")]
    pub use_gap_zone_times: Option<bool>,
    /// Load by power.
    #[serde(deserialize_with = "lenient::number")]
    pub power_load: Option<f64>,
    /// Load by heart rate.
    #[serde(deserialize_with = "lenient::number")]
    pub hr_load: Option<f64>,
    /// Load by pace.
    #[serde(deserialize_with = "lenient::number")]
    pub pace_load: Option<f64>,
    /// `AVG_HR`, `HR_ZONES` or `HRSS`.
    #[serde(deserialize_with = "lenient::text")]
    pub hr_load_type: Option<String>,
    /// TRIMP.
    #[serde(deserialize_with = "lenient::number")]
    pub trimp: Option<f64>,
    /// Strain score (Xert's model).
    #[serde(deserialize_with = "lenient::number")]
    pub strain_score: Option<f64>,
    /// Polarization index (Treff).
    #[serde(deserialize_with = "lenient::number")]
    pub polarization_index: Option<f64>,
    /// RPE × minutes.
    #[serde(deserialize_with = "lenient::number")]
    pub session_rpe: Option<f64>,
    /// g, estimated.
    #[serde(deserialize_with = "lenient::number")]
    pub carbs_used: Option<f64>,
    /// g, as the athlete said.
    #[serde(deserialize_with = "lenient::number")]
    pub carbs_ingested: Option<f64>,
    /// kg.
    #[serde(deserialize_with = "lenient::number")]
    pub kg_lifted: Option<f64>,
    /// °C, of the device.
    #[serde(deserialize_with = "lenient::number")]
    pub average_temp: Option<f64>,
    /// °C, of the device.
    #[serde(deserialize_with = "lenient::number")]
    pub min_temp: Option<f64>,
    /// °C, of the device.
    #[serde(deserialize_with = "lenient::number")]
    pub max_temp: Option<f64>,
    /// °C, of the weather service.
    #[serde(deserialize_with = "lenient::number")]
    pub average_weather_temp: Option<f64>,
    /// °C.
    #[serde(deserialize_with = "lenient::number")]
    pub average_feels_like: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub average_wind_speed: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub average_wind_gust: Option<f64>,
    /// Degrees.
    #[serde(deserialize_with = "lenient::number")]
    pub prevailing_wind_deg: Option<f64>,
    /// Percent of the time.
    #[serde(deserialize_with = "lenient::number")]
    pub headwind_percent: Option<f64>,
    /// Percent of the time.
    #[serde(deserialize_with = "lenient::number")]
    pub tailwind_percent: Option<f64>,
    /// °C.
    #[serde(deserialize_with = "lenient::number")]
    pub min_weather_temp: Option<f64>,
    /// °C.
    #[serde(deserialize_with = "lenient::number")]
    pub max_weather_temp: Option<f64>,
    /// Percent of the sky.
    #[serde(deserialize_with = "lenient::number")]
    pub average_clouds: Option<f64>,
    /// mm.
    #[serde(deserialize_with = "lenient::number")]
    pub max_rain: Option<f64>,
    /// cm.
    #[serde(deserialize_with = "lenient::number")]
    pub max_snow: Option<f64>,
    /// Ground contact time, ms.
    #[serde(deserialize_with = "lenient::number")]
    pub average_stance_time: Option<f64>,
    /// mm.
    #[serde(deserialize_with = "lenient::number")]
    pub average_vertical_oscillation: Option<f64>,
    /// Percent.
    #[serde(deserialize_with = "lenient::number")]
    pub average_vertical_ratio: Option<f64>,
    /// mm.
    #[serde(deserialize_with = "lenient::number")]
    pub average_step_length: Option<f64>,
    /// Ground contact, percent of the step.
    #[serde(deserialize_with = "lenient::number")]
    pub average_stance_time_percent: Option<f64>,
    /// Percent on the left.
    #[serde(deserialize_with = "lenient::number")]
    pub average_stance_time_balance: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub average_vertical_speed: Option<f64>,
    /// kN/m.
    #[serde(deserialize_with = "lenient::number")]
    pub average_leg_spring_stiffness: Option<f64>,
    /// Body weights a second.
    #[serde(deserialize_with = "lenient::number")]
    pub average_impact_loading_rate: Option<f64>,
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub average_stride: Option<f64>,
    /// Whether there is a weather summary.
    #[serde(deserialize_with = "lenient::boolean")]
    pub has_weather: Option<bool>,
    /// Bike or shoes.
    #[serde(deserialize_with = "lenient::maybe_object")]
    pub gear: Option<Gear>,
    /// What measured the power.
    #[serde(deserialize_with = "lenient::text")]
    pub power_meter: Option<String>,
    /// Pool lengths swum.
    #[serde(deserialize_with = "lenient::number")]
    pub lengths: Option<f64>,
    /// Laps that the recording has; 0 when it has none.
    #[serde(deserialize_with = "lenient::integer")]
    pub icu_lap_count: Option<i64>,
    /// The athlete changed the intervals by hand.
    #[serde(deserialize_with = "lenient::boolean")]
    pub icu_intervals_edited: Option<bool>,
    /// The athlete locked the intervals against new detection.
    #[serde(deserialize_with = "lenient::boolean")]
    pub lock_intervals: Option<bool>,
    /// Such as `3x 12m 224w`.
    #[serde(deserialize_with = "lenient::words")]
    pub interval_summary: Option<Vec<String>>,
    /// Which streams there are.
    #[serde(deserialize_with = "lenient::words")]
    pub stream_types: Option<Vec<String>>,
    /// Stream indices at which the recording was paused.
    #[serde(deserialize_with = "lenient::numbers")]
    pub recording_stops: Option<Vec<f64>>,
    /// The greatest fall of heart rate within a minute.
    #[serde(deserialize_with = "lenient::maybe_object")]
    pub icu_hrr: Option<HeartRateRecovery>,
    /// Bests that it set.
    #[serde(deserialize_with = "lenient::objects")]
    pub icu_achievements: Option<Vec<Achievement>>,
    /// When intervals.icu analysed it; None: not yet.
    #[serde(deserialize_with = "lenient::utc")]
    pub analyzed: Option<DateTime<Utc>>,
    /// Its laps, in order; None or empty when it was not analysed.
    #[serde(deserialize_with = "lenient::objects")]
    pub icu_intervals: Option<Vec<Interval>>,
    /// Laps that belong together.
    #[serde(deserialize_with = "lenient::objects")]
    pub icu_groups: Option<Vec<IntervalGroup>>,
}

impl ActivityDetail {
    /// Reads the object; [`Error::Garbled`] when it is none.
    pub fn from_json(body: &[u8]) -> Result<Self, Error> {
        // Read twice rather than flattened: what nobody names is skipped unread, however odd it is.
        let activity = lenient::object(body)?;
        let detail: Self = lenient::object(body)?;
        Ok(Self { activity, ..detail })
    }
}

/// A lap: an element of `icu_intervals`. Indices are those of the streams, the end excluded.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Interval {
    /// Number within the activity.
    #[serde(deserialize_with = "lenient::integer")]
    pub id: Option<i64>,
    /// `WORK` or `RECOVERY`.
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// What the athlete or the planned step calls it.
    #[serde(deserialize_with = "lenient::text")]
    pub label: Option<String>,
    /// Shared by laps that belong together, such as `720s@224w89rpm`.
    #[serde(deserialize_with = "lenient::text")]
    pub group_id: Option<String>,
    /// First sample of the streams.
    #[serde(deserialize_with = "lenient::integer")]
    pub start_index: Option<i64>,
    /// Sample after the last.
    #[serde(deserialize_with = "lenient::integer")]
    pub end_index: Option<i64>,
    /// s into the activity.
    #[serde(deserialize_with = "lenient::number")]
    pub start_time: Option<f64>,
    /// s into the activity.
    #[serde(deserialize_with = "lenient::number")]
    pub end_time: Option<f64>,
    /// s.
    #[serde(deserialize_with = "lenient::number")]
    pub moving_time: Option<f64>,
    /// s.
    #[serde(deserialize_with = "lenient::number")]
    pub elapsed_time: Option<f64>,
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub distance: Option<f64>,
    /// W.
    #[serde(deserialize_with = "lenient::number")]
    pub average_watts: Option<f64>,
    /// W.
    #[serde(deserialize_with = "lenient::number")]
    pub min_watts: Option<f64>,
    /// W.
    #[serde(deserialize_with = "lenient::number")]
    pub max_watts: Option<f64>,
    /// Normalized power, W.
    #[serde(deserialize_with = "lenient::number")]
    pub weighted_average_watts: Option<f64>,
    /// W/kg.
    #[serde(deserialize_with = "lenient::number")]
    pub average_watts_kg: Option<f64>,
    /// Percent of FTP.
    #[serde(deserialize_with = "lenient::number")]
    pub intensity: Option<f64>,
    /// Load.
    #[serde(deserialize_with = "lenient::number")]
    pub training_load: Option<f64>,
    /// Work, J.
    #[serde(deserialize_with = "lenient::number")]
    pub joules: Option<f64>,
    /// Work above FTP, J.
    #[serde(deserialize_with = "lenient::number")]
    pub joules_above_ftp: Option<f64>,
    /// Percent.
    #[serde(deserialize_with = "lenient::number")]
    pub decoupling: Option<f64>,
    /// Strain score.
    #[serde(deserialize_with = "lenient::number")]
    pub strain_score: Option<f64>,
    /// W′ balance at its begin, J.
    #[serde(deserialize_with = "lenient::number")]
    pub wbal_start: Option<f64>,
    /// W′ balance at its end, J.
    #[serde(deserialize_with = "lenient::number")]
    pub wbal_end: Option<f64>,
    /// Power zone of the mean, from 1.
    #[serde(deserialize_with = "lenient::number")]
    pub zone: Option<f64>,
    /// W.
    #[serde(deserialize_with = "lenient::number")]
    pub zone_min_watts: Option<f64>,
    /// W.
    #[serde(deserialize_with = "lenient::number")]
    pub zone_max_watts: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub average_speed: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub max_speed: Option<f64>,
    /// m/s, grade adjusted.
    #[serde(deserialize_with = "lenient::number")]
    pub gap: Option<f64>,
    /// bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub average_heartrate: Option<f64>,
    /// bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub min_heartrate: Option<f64>,
    /// bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub max_heartrate: Option<f64>,
    /// rpm; of a run: one leg.
    #[serde(deserialize_with = "lenient::number")]
    pub average_cadence: Option<f64>,
    /// Nm.
    #[serde(deserialize_with = "lenient::number")]
    pub average_torque: Option<f64>,
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub total_elevation_gain: Option<f64>,
    /// A fraction: 0.031 is 3.1 %.
    #[serde(deserialize_with = "lenient::number")]
    pub average_gradient: Option<f64>,
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub min_altitude: Option<f64>,
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub max_altitude: Option<f64>,
    /// °C, of the device.
    #[serde(deserialize_with = "lenient::number")]
    pub average_temp: Option<f64>,
    /// Percent on the left.
    #[serde(deserialize_with = "lenient::number")]
    pub avg_lr_balance: Option<f64>,
    /// DFA α1.
    #[serde(deserialize_with = "lenient::number")]
    pub average_dfa_a1: Option<f64>,
    /// Breaths a minute.
    #[serde(deserialize_with = "lenient::number")]
    pub average_respiration: Option<f64>,
    /// Volume of a breath, as the sensor gives it.
    #[serde(deserialize_with = "lenient::number")]
    pub average_tidal_volume: Option<f64>,
    /// Muscle oxygen, percent.
    #[serde(deserialize_with = "lenient::number")]
    pub average_smo2: Option<f64>,
    /// Total haemoglobin, g/dl.
    #[serde(deserialize_with = "lenient::number")]
    pub average_thb: Option<f64>,
    /// Muscle oxygen of the second sensor, percent.
    #[serde(deserialize_with = "lenient::number")]
    pub average_smo2_2: Option<f64>,
    /// Total haemoglobin of the second sensor, g/dl.
    #[serde(deserialize_with = "lenient::number")]
    pub average_thb_2: Option<f64>,
    /// mmol/l.
    #[serde(deserialize_with = "lenient::number")]
    pub average_lactate: Option<f64>,
    /// Ground contact time, ms.
    #[serde(deserialize_with = "lenient::number")]
    pub average_stance_time: Option<f64>,
    /// mm.
    #[serde(deserialize_with = "lenient::number")]
    pub average_vertical_oscillation: Option<f64>,
    /// Percent.
    #[serde(deserialize_with = "lenient::number")]
    pub average_vertical_ratio: Option<f64>,
    /// mm.
    #[serde(deserialize_with = "lenient::number")]
    pub average_step_length: Option<f64>,
    /// Ground contact, percent of the step.
    #[serde(deserialize_with = "lenient::number")]
    pub average_stance_time_percent: Option<f64>,
    /// Percent on the left.
    #[serde(deserialize_with = "lenient::number")]
    pub average_stance_time_balance: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub average_vertical_speed: Option<f64>,
    /// kN/m.
    #[serde(deserialize_with = "lenient::number")]
    pub average_leg_spring_stiffness: Option<f64>,
    /// Body weights a second.
    #[serde(deserialize_with = "lenient::number")]
    pub average_impact_loading_rate: Option<f64>,
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub average_stride: Option<f64>,
    /// °C, of the weather service.
    #[serde(deserialize_with = "lenient::number")]
    pub average_weather_temp: Option<f64>,
    /// °C.
    #[serde(deserialize_with = "lenient::number")]
    pub average_feels_like: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub average_wind_speed: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub average_wind_gust: Option<f64>,
    /// Degrees.
    #[serde(deserialize_with = "lenient::number")]
    pub prevailing_wind_deg: Option<f64>,
    /// Percent of the time.
    #[serde(deserialize_with = "lenient::number")]
    pub headwind_percent: Option<f64>,
    /// Percent of the time.
    #[serde(deserialize_with = "lenient::number")]
    pub tailwind_percent: Option<f64>,
}

/// Laps that belong together: an element of `icu_groups`. Figures are means over them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct IntervalGroup {
    /// The `group_id` of its laps.
    #[serde(deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// How many laps.
    #[serde(deserialize_with = "lenient::integer")]
    pub count: Option<i64>,
    /// s, of one.
    #[serde(deserialize_with = "lenient::number")]
    pub moving_time: Option<f64>,
    /// s, of one.
    #[serde(deserialize_with = "lenient::number")]
    pub elapsed_time: Option<f64>,
    /// m, of one.
    #[serde(deserialize_with = "lenient::number")]
    pub distance: Option<f64>,
    /// W.
    #[serde(deserialize_with = "lenient::number")]
    pub average_watts: Option<f64>,
    /// Normalized power, W.
    #[serde(deserialize_with = "lenient::number")]
    pub weighted_average_watts: Option<f64>,
    /// Percent of FTP.
    #[serde(deserialize_with = "lenient::number")]
    pub intensity: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub average_speed: Option<f64>,
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
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub total_elevation_gain: Option<f64>,
    /// A fraction.
    #[serde(deserialize_with = "lenient::number")]
    pub average_gradient: Option<f64>,
}

/// Time in one power zone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ZoneTime {
    /// `Z1` … `Z7`, or `SS` for the sweet spot.
    #[serde(deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// s.
    #[serde(deserialize_with = "lenient::number")]
    pub secs: Option<f64>,
}

/// What it was done with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Gear {
    /// Gear id.
    #[serde(deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// As the athlete calls it.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// m so far.
    #[serde(deserialize_with = "lenient::number")]
    pub distance: Option<f64>,
}

/// The greatest fall of heart rate within a minute (`icu_hrr`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct HeartRateRecovery {
    /// s into the activity.
    #[serde(deserialize_with = "lenient::number")]
    pub start_time: Option<f64>,
    /// bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub start_bpm: Option<f64>,
    /// bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub end_bpm: Option<f64>,
    /// W meanwhile.
    #[serde(deserialize_with = "lenient::number")]
    pub average_watts: Option<f64>,
    /// Beats fallen.
    #[serde(deserialize_with = "lenient::number")]
    pub hrr: Option<f64>,
}

/// A best that the activity set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Achievement {
    /// `BEST_POWER`, `BEST_PACE`, `FTP_UP` or `LTHR_UP`.
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// W.
    #[serde(deserialize_with = "lenient::number")]
    pub watts: Option<f64>,
    /// s.
    #[serde(deserialize_with = "lenient::number")]
    pub secs: Option<f64>,
    /// The new threshold.
    #[serde(deserialize_with = "lenient::number")]
    pub value: Option<f64>,
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub distance: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub pace: Option<f64>,
}

/// A bar of a histogram (`GET /activity/{id}/power-histogram`, `hr-histogram`, `pace-histogram`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Bucket {
    /// Lower end; also sent as `start`.
    #[serde(alias = "start", deserialize_with = "lenient::number")]
    pub min: Option<f64>,
    /// Upper end, included for watts and beats.
    #[serde(deserialize_with = "lenient::number")]
    pub max: Option<f64>,
    /// s within it.
    #[serde(deserialize_with = "lenient::number")]
    pub secs: Option<f64>,
}

/// `GET /activity/{id}/weather-summary`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Weather {
    /// In words, by the athlete's own pattern.
    #[serde(deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// °C, of the device.
    #[serde(deserialize_with = "lenient::number")]
    pub average_temp: Option<f64>,
    /// °C, of the weather service.
    #[serde(deserialize_with = "lenient::number")]
    pub average_weather_temp: Option<f64>,
    /// °C.
    #[serde(deserialize_with = "lenient::number")]
    pub average_feels_like: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub average_wind_speed: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub average_wind_gust: Option<f64>,
    /// Degrees.
    #[serde(deserialize_with = "lenient::number")]
    pub prevailing_wind_deg: Option<f64>,
    /// Percent of the time.
    #[serde(deserialize_with = "lenient::number")]
    pub headwind_percent: Option<f64>,
    /// Percent of the time.
    #[serde(deserialize_with = "lenient::number")]
    pub tailwind_percent: Option<f64>,
    /// °C.
    #[serde(deserialize_with = "lenient::number")]
    pub min_weather_temp: Option<f64>,
    /// °C.
    #[serde(deserialize_with = "lenient::number")]
    pub max_weather_temp: Option<f64>,
    /// °C.
    #[serde(deserialize_with = "lenient::number")]
    pub min_feels_like: Option<f64>,
    /// °C.
    #[serde(deserialize_with = "lenient::number")]
    pub max_feels_like: Option<f64>,
    /// m/s.
    #[serde(deserialize_with = "lenient::number")]
    pub max_wind_gust: Option<f64>,
    /// Degrees.
    #[serde(deserialize_with = "lenient::number")]
    pub average_yaw: Option<f64>,
    /// mm.
    #[serde(deserialize_with = "lenient::number")]
    pub max_rain: Option<f64>,
    /// mm.
    #[serde(deserialize_with = "lenient::number")]
    pub max_showers: Option<f64>,
    /// cm.
    #[serde(deserialize_with = "lenient::number")]
    pub max_snow: Option<f64>,
    /// Percent of the sky.
    #[serde(deserialize_with = "lenient::number")]
    pub average_clouds: Option<f64>,
}

/// A row of `GET /activity/{id}/messages`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Comment {
    /// Who wrote it.
    #[serde(deserialize_with = "lenient::text")]
    pub athlete_id: Option<String>,
    /// When.
    #[serde(deserialize_with = "lenient::utc")]
    pub created: Option<DateTime<Utc>>,
    /// What.
    #[serde(deserialize_with = "lenient::text")]
    pub content: Option<String>,
    /// When it was deleted; null: it stands.
    #[serde(deserialize_with = "lenient::text")]
    pub deleted: Option<String>,
    /// Who deleted it; null: it stands.
    #[serde(deserialize_with = "lenient::text")]
    pub deleted_by_id: Option<String>,
    /// Only whether there is one; never shown.
    #[serde(deserialize_with = "lenient::text")]
    pub attachment_url: Option<String>,
}

/// `GET /athlete/{id}/events/{eventId}`, as far as a comparison with what was done needs it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PlannedWorkout {
    /// Event id; checked.
    #[serde(deserialize_with = "lenient::integer")]
    pub id: Option<i64>,
    /// Whose; checked.
    #[serde(deserialize_with = "lenient::text")]
    pub athlete_id: Option<String>,
    /// `WORKOUT`, `RACE_A` …
    #[serde(deserialize_with = "lenient::text")]
    pub category: Option<String>,
    /// Athlete-local.
    #[serde(deserialize_with = "lenient::local")]
    pub start_date_local: Option<NaiveDateTime>,
    /// One of 60 sports.
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    pub sport: Option<String>,
    /// Title.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Its text, with the steps in the workout language.
    #[serde(deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// s.
    #[serde(deserialize_with = "lenient::number")]
    pub moving_time: Option<f64>,
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub distance: Option<f64>,
    /// Planned load.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_training_load: Option<f64>,
    /// Percent.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_intensity: Option<f64>,
    /// Planned indoors.
    #[serde(deserialize_with = "lenient::boolean")]
    pub indoor: Option<bool>,
}
