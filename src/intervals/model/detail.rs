//! `GET /activity/{id}?intervals=true`: one activity with its laps, and what belongs to it (histograms, weather, comments,
//! the planned workout).
//!
//! Only what tools show stands here. The fields that a list has too are [`Activity`]'s.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;
use serde_with::apply;

use super::{
    super::{
        Error,
        lenient::{self, Lenient, Object},
    },
    Activity,
};

/// One activity with its laps.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ActivityDetail {
    /// What a row of a list has too.
    #[serde(skip)]
    pub activity: Activity,
    /// The athlete's own words.
    pub description: Option<String>,
    /// s while recording.
    pub icu_recording_time: Option<f64>,
    /// s.
    pub coasting_time: Option<f64>,
    /// m.
    pub total_elevation_loss: Option<f64>,
    /// m/s.
    pub max_speed: Option<f64>,
    /// A commute.
    pub commute: Option<bool>,
    /// Measured power, not estimated.
    pub device_watts: Option<bool>,
    /// Work, J.
    pub icu_joules: Option<f64>,
    /// Work above FTP, J.
    pub icu_joules_above_ftp: Option<f64>,
    /// The deepest fall of W′ balance, J.
    pub icu_max_wbal_depletion: Option<f64>,
    /// NP over mean power.
    pub icu_variability_index: Option<f64>,
    /// NP (or pace) over heart rate.
    pub icu_efficiency_factor: Option<f64>,
    /// Mean power over mean heart rate.
    pub icu_power_hr: Option<f64>,
    /// Power over heart rate within power zone 2.
    pub icu_power_hr_z2: Option<f64>,
    /// Minutes that this stands on.
    pub icu_power_hr_z2_mins: Option<f64>,
    /// rpm within power zone 2; of a run: one leg.
    pub icu_cadence_z2: Option<f64>,
    /// Percent on the left.
    pub avg_lr_balance: Option<f64>,
    /// Fitness after it.
    pub icu_ctl: Option<f64>,
    /// Fatigue after it.
    pub icu_atl: Option<f64>,
    /// eFTP after it, W.
    pub icu_rolling_ftp: Option<f64>,
    /// What it changed of the eFTP, W.
    pub icu_rolling_ftp_delta: Option<f64>,
    /// W′ used for this activity, J.
    pub icu_w_prime: Option<f64>,
    /// Pmax used for this activity, W.
    pub p_max: Option<f64>,
    /// Threshold speed used for this activity, m/s.
    pub threshold_pace: Option<f64>,
    /// LTHR used for this activity, bpm.
    pub lthr: Option<f64>,
    /// Maximum heart rate used for this activity, bpm.
    pub athlete_max_hr: Option<f64>,
    /// bpm.
    pub icu_resting_hr: Option<f64>,
    /// Body weight at the time, kg.
    pub icu_weight: Option<f64>,
    /// Upper bounds, % of `icu_ftp`; 999 = open.
    pub icu_power_zones: Option<Vec<f64>>,
    /// Upper bounds, bpm; the last is the maximum.
    pub icu_hr_zones: Option<Vec<f64>>,
    /// Upper bounds, % of `threshold_pace`; 999 = open.
    pub pace_zones: Option<Vec<f64>>,
    /// % of FTP; 0 = not set.
    pub icu_sweet_spot_min: Option<f64>,
    /// % of FTP; 0 = not set.
    pub icu_sweet_spot_max: Option<f64>,
    /// Load by power.
    pub power_load: Option<f64>,
    /// Load by heart rate.
    pub hr_load: Option<f64>,
    /// Load by pace.
    pub pace_load: Option<f64>,
    /// `AVG_HR`, `HR_ZONES` or `HRSS`.
    pub hr_load_type: Option<String>,
    /// TRIMP.
    pub trimp: Option<f64>,
    /// Strain score (Xert's model).
    pub strain_score: Option<f64>,
    /// Polarization index (Treff).
    pub polarization_index: Option<f64>,
    /// RPE × minutes.
    pub session_rpe: Option<f64>,
    /// g, estimated.
    pub carbs_used: Option<f64>,
    /// g, as the athlete said.
    pub carbs_ingested: Option<f64>,
    /// kg.
    pub kg_lifted: Option<f64>,
    /// °C, of the device.
    pub average_temp: Option<f64>,
    /// °C, of the device.
    pub min_temp: Option<f64>,
    /// °C, of the device.
    pub max_temp: Option<f64>,
    /// °C, of the weather service.
    pub average_weather_temp: Option<f64>,
    /// °C.
    pub average_feels_like: Option<f64>,
    /// m/s.
    pub average_wind_speed: Option<f64>,
    /// m/s.
    pub average_wind_gust: Option<f64>,
    /// Degrees.
    pub prevailing_wind_deg: Option<f64>,
    /// Percent of the time.
    pub headwind_percent: Option<f64>,
    /// Percent of the time.
    pub tailwind_percent: Option<f64>,
    /// °C.
    pub min_weather_temp: Option<f64>,
    /// °C.
    pub max_weather_temp: Option<f64>,
    /// Percent of the sky.
    pub average_clouds: Option<f64>,
    /// mm.
    pub max_rain: Option<f64>,
    /// cm.
    pub max_snow: Option<f64>,
    /// Ground contact time, ms.
    pub average_stance_time: Option<f64>,
    /// mm.
    pub average_vertical_oscillation: Option<f64>,
    /// Percent.
    pub average_vertical_ratio: Option<f64>,
    /// mm.
    pub average_step_length: Option<f64>,
    /// Ground contact, percent of the step.
    pub average_stance_time_percent: Option<f64>,
    /// Percent on the left.
    pub average_stance_time_balance: Option<f64>,
    /// m/s.
    pub average_vertical_speed: Option<f64>,
    /// kN/m.
    pub average_leg_spring_stiffness: Option<f64>,
    /// Body weights a second.
    pub average_impact_loading_rate: Option<f64>,
    /// m.
    pub average_stride: Option<f64>,
    /// Whether there is a weather summary.
    pub has_weather: Option<bool>,
    /// Bike or shoes.
    pub gear: Option<Gear>,
    /// What measured the power.
    pub power_meter: Option<String>,
    /// Pool lengths swum.
    pub lengths: Option<f64>,
    /// Laps that the recording has; 0 when it has none.
    pub icu_lap_count: Option<i64>,
    /// The athlete changed the intervals by hand.
    pub icu_intervals_edited: Option<bool>,
    /// The athlete locked the intervals against new detection.
    pub lock_intervals: Option<bool>,
    /// Such as `3x 12m 224w`.
    pub interval_summary: Option<Vec<String>>,
    /// Which streams there are.
    pub stream_types: Option<Vec<String>>,
    /// Stream indices at which the recording was paused.
    pub recording_stops: Option<Vec<f64>>,
    /// The greatest fall of heart rate within a minute.
    pub icu_hrr: Option<HeartRateRecovery>,
    /// Bests that it set.
    pub icu_achievements: Option<Vec<Achievement>>,
    /// When intervals.icu analysed it; None: not yet.
    pub analyzed: Option<DateTime<Utc>>,
    /// Its laps, in order; None or empty when it was not analysed.
    pub icu_intervals: Option<Vec<Interval>>,
    /// Laps that belong together.
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

    /// A stub: upstream knows it, but Strava's terms close its content to the API.
    pub fn is_closed_by_strava(&self) -> bool {
        let activity = &self.activity;
        activity.source.as_deref() == Some("STRAVA")
            && activity.sport.is_none()
            && activity.moving_time.is_none()
    }
}

/// A lap: an element of `icu_intervals`. Indices are those of the streams, the end excluded.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Interval {
    /// Number within the activity.
    pub id: Option<i64>,
    /// `WORK` or `RECOVERY`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What the athlete or the planned step calls it.
    pub label: Option<String>,
    /// Shared by laps that belong together, such as `720s@224w89rpm`.
    pub group_id: Option<String>,
    /// First sample of the streams.
    pub start_index: Option<i64>,
    /// Sample after the last.
    pub end_index: Option<i64>,
    /// s into the activity.
    pub start_time: Option<f64>,
    /// s into the activity.
    pub end_time: Option<f64>,
    /// s.
    pub moving_time: Option<f64>,
    /// s.
    pub elapsed_time: Option<f64>,
    /// m.
    pub distance: Option<f64>,
    /// W.
    pub average_watts: Option<f64>,
    /// W.
    pub min_watts: Option<f64>,
    /// W.
    pub max_watts: Option<f64>,
    /// Normalized power, W.
    pub weighted_average_watts: Option<f64>,
    /// W/kg.
    pub average_watts_kg: Option<f64>,
    /// Percent of FTP.
    pub intensity: Option<f64>,
    /// Load.
    pub training_load: Option<f64>,
    /// Work, J.
    pub joules: Option<f64>,
    /// Work above FTP, J.
    pub joules_above_ftp: Option<f64>,
    /// Percent.
    pub decoupling: Option<f64>,
    /// Strain score.
    pub strain_score: Option<f64>,
    /// W′ balance at its begin, J.
    pub wbal_start: Option<f64>,
    /// W′ balance at its end, J.
    pub wbal_end: Option<f64>,
    /// Power zone of the mean, from 1.
    pub zone: Option<f64>,
    /// W.
    pub zone_min_watts: Option<f64>,
    /// W.
    pub zone_max_watts: Option<f64>,
    /// m/s.
    pub average_speed: Option<f64>,
    /// m/s.
    pub max_speed: Option<f64>,
    /// m/s, grade adjusted.
    pub gap: Option<f64>,
    /// bpm.
    pub average_heartrate: Option<f64>,
    /// bpm.
    pub min_heartrate: Option<f64>,
    /// bpm.
    pub max_heartrate: Option<f64>,
    /// rpm; of a run: one leg.
    pub average_cadence: Option<f64>,
    /// Nm.
    pub average_torque: Option<f64>,
    /// m.
    pub total_elevation_gain: Option<f64>,
    /// A fraction: 0.031 is 3.1 %.
    pub average_gradient: Option<f64>,
    /// m.
    pub min_altitude: Option<f64>,
    /// m.
    pub max_altitude: Option<f64>,
    /// °C, of the device.
    pub average_temp: Option<f64>,
    /// Percent on the left.
    pub avg_lr_balance: Option<f64>,
    /// DFA α1.
    pub average_dfa_a1: Option<f64>,
    /// Breaths a minute.
    pub average_respiration: Option<f64>,
    /// Volume of a breath, as the sensor gives it.
    pub average_tidal_volume: Option<f64>,
    /// Muscle oxygen, percent.
    pub average_smo2: Option<f64>,
    /// Total haemoglobin, g/dl.
    pub average_thb: Option<f64>,
    /// Muscle oxygen of the second sensor, percent.
    pub average_smo2_2: Option<f64>,
    /// Total haemoglobin of the second sensor, g/dl.
    pub average_thb_2: Option<f64>,
    /// mmol/l.
    pub average_lactate: Option<f64>,
    /// Ground contact time, ms.
    pub average_stance_time: Option<f64>,
    /// mm.
    pub average_vertical_oscillation: Option<f64>,
    /// Percent.
    pub average_vertical_ratio: Option<f64>,
    /// mm.
    pub average_step_length: Option<f64>,
    /// Ground contact, percent of the step.
    pub average_stance_time_percent: Option<f64>,
    /// Percent on the left.
    pub average_stance_time_balance: Option<f64>,
    /// m/s.
    pub average_vertical_speed: Option<f64>,
    /// kN/m.
    pub average_leg_spring_stiffness: Option<f64>,
    /// Body weights a second.
    pub average_impact_loading_rate: Option<f64>,
    /// m.
    pub average_stride: Option<f64>,
    /// °C, of the weather service.
    pub average_weather_temp: Option<f64>,
    /// °C.
    pub average_feels_like: Option<f64>,
    /// m/s.
    pub average_wind_speed: Option<f64>,
    /// m/s.
    pub average_wind_gust: Option<f64>,
    /// Degrees.
    pub prevailing_wind_deg: Option<f64>,
    /// Percent of the time.
    pub headwind_percent: Option<f64>,
    /// Percent of the time.
    pub tailwind_percent: Option<f64>,
}

impl Object for Interval {}

/// Laps that belong together: an element of `icu_groups`. Figures are means over them.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct IntervalGroup {
    /// The `group_id` of its laps.
    pub id: Option<String>,
    /// How many laps.
    pub count: Option<i64>,
    /// s, of one.
    pub moving_time: Option<f64>,
    /// s, of one.
    pub elapsed_time: Option<f64>,
    /// m, of one.
    pub distance: Option<f64>,
    /// W.
    pub average_watts: Option<f64>,
    /// Normalized power, W.
    pub weighted_average_watts: Option<f64>,
    /// Percent of FTP.
    pub intensity: Option<f64>,
    /// m/s.
    pub average_speed: Option<f64>,
    /// m/s, grade adjusted.
    pub gap: Option<f64>,
    /// bpm.
    pub average_heartrate: Option<f64>,
    /// bpm.
    pub max_heartrate: Option<f64>,
    /// rpm; of a run: one leg.
    pub average_cadence: Option<f64>,
    /// m.
    pub total_elevation_gain: Option<f64>,
    /// A fraction.
    pub average_gradient: Option<f64>,
}

impl Object for IntervalGroup {}

/// What it was done with.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Gear {
    /// Gear id.
    pub id: Option<String>,
    /// As the athlete calls it.
    pub name: Option<String>,
    /// m so far.
    pub distance: Option<f64>,
}

impl Object for Gear {}

/// The greatest fall of heart rate within a minute (`icu_hrr`).
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct HeartRateRecovery {
    /// s into the activity.
    pub start_time: Option<f64>,
    /// bpm.
    pub start_bpm: Option<f64>,
    /// bpm.
    pub end_bpm: Option<f64>,
    /// W meanwhile.
    pub average_watts: Option<f64>,
    /// Beats fallen.
    pub hrr: Option<f64>,
}

impl Object for HeartRateRecovery {}

/// A best that the activity set.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Achievement {
    /// `BEST_POWER`, `BEST_PACE`, `FTP_UP` or `LTHR_UP`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// W.
    pub watts: Option<f64>,
    /// s.
    pub secs: Option<f64>,
    /// The new threshold.
    pub value: Option<f64>,
    /// m.
    pub distance: Option<f64>,
    /// m/s.
    pub pace: Option<f64>,
}

impl Object for Achievement {}

/// A bar of a histogram (`GET /activity/{id}/power-histogram`, `hr-histogram`, `pace-histogram`).
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Bucket {
    /// Lower end; also sent as `start`.
    #[serde(alias = "start")]
    pub min: Option<f64>,
    /// Upper end, included for watts and beats.
    pub max: Option<f64>,
    /// s within it.
    pub secs: Option<f64>,
}

/// `GET /activity/{id}/weather-summary`.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Weather {
    /// In words, by the athlete's own pattern.
    pub description: Option<String>,
    /// °C, of the device.
    pub average_temp: Option<f64>,
    /// °C, of the weather service.
    pub average_weather_temp: Option<f64>,
    /// °C.
    pub average_feels_like: Option<f64>,
    /// m/s.
    pub average_wind_speed: Option<f64>,
    /// m/s.
    pub average_wind_gust: Option<f64>,
    /// Degrees.
    pub prevailing_wind_deg: Option<f64>,
    /// Percent of the time.
    pub headwind_percent: Option<f64>,
    /// Percent of the time.
    pub tailwind_percent: Option<f64>,
    /// °C.
    pub min_weather_temp: Option<f64>,
    /// °C.
    pub max_weather_temp: Option<f64>,
    /// °C.
    pub min_feels_like: Option<f64>,
    /// °C.
    pub max_feels_like: Option<f64>,
    /// m/s.
    pub max_wind_gust: Option<f64>,
    /// Degrees.
    pub average_yaw: Option<f64>,
    /// mm.
    pub max_rain: Option<f64>,
    /// mm.
    pub max_showers: Option<f64>,
    /// cm.
    pub max_snow: Option<f64>,
    /// Percent of the sky.
    pub average_clouds: Option<f64>,
}

/// A row of `GET /activity/{id}/messages`.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Comment {
    /// Who wrote it.
    pub athlete_id: Option<String>,
    /// When.
    pub created: Option<DateTime<Utc>>,
    /// What.
    pub content: Option<String>,
    /// When it was deleted; null: it stands.
    pub deleted: Option<String>,
    /// Who deleted it; null: it stands.
    pub deleted_by_id: Option<String>,
    /// Only whether there is one; never shown.
    pub attachment_url: Option<String>,
}

/// `GET /athlete/{id}/events/{eventId}`, as far as a comparison with what was done needs it.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PlannedWorkout {
    /// Event id; checked.
    pub id: Option<i64>,
    /// Whose; checked.
    pub athlete_id: Option<String>,
    /// `WORKOUT`, `RACE_A` …
    pub category: Option<String>,
    /// Athlete-local.
    pub start_date_local: Option<NaiveDateTime>,
    /// One of 60 sports.
    #[serde(rename = "type")]
    pub sport: Option<String>,
    /// Title.
    pub name: Option<String>,
    /// Its text, with the steps in the workout language.
    pub description: Option<String>,
    /// s.
    pub moving_time: Option<f64>,
    /// m.
    pub distance: Option<f64>,
    /// Planned load.
    pub icu_training_load: Option<f64>,
    /// Percent.
    pub icu_intensity: Option<f64>,
    /// Planned indoors.
    pub indoor: Option<bool>,
}
