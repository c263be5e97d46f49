//! Values derived from an activity's fields: its day, whether it can be read, how far and how fast it went.
//!
//! No text for people, and nothing that needs another activity.

use chrono::NaiveDate;

use super::{Activity, ActivityDetail, positive, sane};

impl Activity {
    /// The local day on which it began, even if it went past midnight.
    pub(crate) fn day(&self) -> Option<NaiveDate> {
        self.start_date_local.map(|start| start.date())
    }

    /// Upstream's word for its sport; empty if it has none.
    pub(crate) fn sport(&self) -> &str {
        self.sport.as_deref().unwrap_or_default()
    }

    /// A stub: upstream knows it, but Strava's terms close its content to the API. Its sport may be told all the same.
    pub(crate) fn is_closed_by_strava(&self) -> bool {
        let note = self.note.as_deref().unwrap_or_default().to_lowercase();
        !self.has_size() && (self.source.as_deref() == Some("STRAVA") || note.contains("strava"))
    }

    /// Another stub: upstream sends no sport, time, distance or load of it, so it is closed for another reason, or empty.
    pub(crate) fn is_empty_stub(&self) -> bool {
        let says_nothing = self.sport.is_none() || self.note.is_some();
        !self.has_size() && says_nothing && !self.is_closed_by_strava()
    }

    /// Any stub.
    pub(crate) fn is_stub(&self) -> bool {
        self.is_closed_by_strava() || self.is_empty_stub()
    }

    /// Whether upstream sends a time, a distance or a load.
    fn has_size(&self) -> bool {
        [
            self.moving_time,
            self.elapsed_time,
            self.metres(),
            self.icu_training_load,
        ]
        .into_iter()
        .any(|figure| positive(figure).is_some())
    }

    /// Whether it has watts above 0, as far as the fields that were asked for tell.
    pub(crate) fn has_power(&self) -> bool {
        [self.icu_weighted_avg_watts, self.icu_average_watts]
            .into_iter()
            .any(|watts| positive(watts).is_some())
    }

    /// Training load. None also where upstream sends 0 because nothing was recorded to compute one from: no power, no heart
    /// rate, no load by pace.
    pub(crate) fn load(&self) -> Option<f64> {
        let is_measured =
            self.has_power() || positive(self.average_heartrate).is_some() || self.pace_load.is_some();
        sane(self.icu_training_load).filter(|load| *load > 0.0 || is_measured)
    }

    /// Elevation gain, m. None also where upstream sends 0 beside an altitude that never moved: none was measured.
    pub(crate) fn climb(&self) -> Option<f64> {
        let heights = self.min_altitude.zip(self.max_altitude);
        let stands = heights.is_some_and(|(low, high)| (high - low).abs() < f64::EPSILON);
        self.total_elevation_gain.filter(|gain| *gain > 0.0 || !stands)
    }

    /// How hard it felt, 1–10: as entered at intervals.icu, otherwise on the device.
    pub(crate) fn rpe(&self) -> Option<f64> {
        self.icu_rpe.or(self.perceived_exertion)
    }

    /// Entered by hand, without a recording.
    pub(crate) fn is_manual(&self) -> bool {
        self.source.as_deref() == Some("MANUAL")
    }

    /// Whether it is of one of these sports, or may be: a stub whose sport is not told.
    pub(crate) fn may_be_of(&self, sports: Option<&[&str]>) -> bool {
        self.is_of(sports) || self.is_stub() && self.sport().is_empty()
    }

    /// Whether it is of one of these sports; None means any.
    pub(crate) fn is_of(&self, sports: Option<&[&str]>) -> bool {
        sports.is_none_or(|sports| sports.contains(&self.sport()))
    }

    /// m: the distance that intervals.icu says to use, otherwise the file's.
    pub(crate) fn metres(&self) -> Option<f64> {
        positive(self.icu_distance).or(sane(self.distance))
    }

    /// m/s while moving: the pace, otherwise the average speed, otherwise distance over moving time.
    pub(crate) fn speed(&self) -> Option<f64> {
        positive(self.pace)
            .or(positive(self.average_speed))
            .or_else(|| Some(self.metres()? / positive(self.moving_time)?))
    }

    /// Percent of the plan that was done. None without a plan, and where upstream cannot tell: it sends 0 for both, and what was
    /// recorded is never 0 % of anything.
    pub(crate) fn done_of_plan(&self) -> Option<f64> {
        self.compliance.filter(|percent| *percent > 0.0)
    }

    /// The service it came from, and the device, for the line about the origin of data.
    pub(crate) fn origin(&self) -> (Option<&str>, Option<&str>) {
        (self.source.as_deref(), self.device_name.as_deref())
    }
}

impl AsRef<Activity> for Activity {
    fn as_ref(&self) -> &Activity {
        self
    }
}

impl AsRef<Activity> for ActivityDetail {
    fn as_ref(&self) -> &Activity {
        &self.activity
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn activity(fields: Value) -> Activity {
        serde_json::from_value(fields).unwrap()
    }

    #[test]
    fn a_night_ride_belongs_to_the_day_it_began_on() {
        let ride = activity(json!({"start_date_local": "2026-11-20T23:50:00", "moving_time": 7200}));
        assert_eq!(ride.day(), NaiveDate::from_ymd_opt(2026, 11, 20));
        assert_eq!(activity(json!({})).day(), None);
    }

    #[test]
    fn a_stub_has_no_time_distance_or_load() {
        let note = "STRAVA activities are not available via the API";
        for (fields, by_strava, empty) in [
            (json!({"source": "STRAVA"}), true, false),
            (
                json!({"source": "STRAVA", "type": "Ride", "moving_time": 0, "distance": null}),
                true,
                false,
            ),
            (json!({"_note": note}), true, false),
            (json!({"_note": "gone", "type": "Ride"}), false, true),
            (
                json!({"source": "WAHOO", "type": "  ", "name": "Ride"}),
                false,
                true,
            ),
            (json!({}), false, true),
            (
                json!({"source": "STRAVA", "type": "Ride", "moving_time": 60}),
                false,
                false,
            ),
            (
                json!({"source": "STRAVA", "_note": note, "icu_training_load": 50}),
                false,
                false,
            ),
            (
                json!({"type": "WeightTraining", "moving_time": null}),
                false,
                false,
            ),
            (json!({"distance": 1000}), false, false),
        ] {
            let row = activity(fields.clone());
            assert_eq!(
                (row.is_closed_by_strava(), row.is_empty_stub()),
                (by_strava, empty),
                "{fields}"
            );
        }
    }

    #[test]
    fn a_load_of_zero_is_one_only_where_it_could_be_computed() {
        for (fields, load) in [
            (json!({}), None),
            (json!({"icu_training_load": 30}), Some(30.0)),
            (json!({"icu_training_load": 0}), None),
            (
                json!({"icu_training_load": 0, "average_heartrate": 0, "icu_average_watts": 0}),
                None,
            ),
            (
                json!({"icu_training_load": 0, "average_heartrate": 84}),
                Some(0.0),
            ),
            (
                json!({"icu_training_load": 0, "icu_average_watts": 30}),
                Some(0.0),
            ),
            (
                json!({"icu_training_load": 0, "icu_weighted_avg_watts": 30}),
                Some(0.0),
            ),
            (json!({"icu_training_load": 0, "pace_load": 0}), Some(0.0)),
            (json!({"average_heartrate": 84}), None),
        ] {
            assert_eq!(activity(fields.clone()).load(), load, "{fields}");
        }
    }

    #[test]
    fn an_altitude_that_never_moved_measured_no_climb() {
        for (fields, climb) in [
            (json!({"total_elevation_gain": 0}), Some(0.0)),
            (
                json!({"total_elevation_gain": 0, "min_altitude": 10, "max_altitude": null}),
                Some(0.0),
            ),
            (
                json!({"total_elevation_gain": 0, "min_altitude": 10, "max_altitude": 12.4}),
                Some(0.0),
            ),
            (
                json!({"total_elevation_gain": 0, "min_altitude": 10, "max_altitude": 10}),
                None,
            ),
            (
                json!({"total_elevation_gain": 0, "min_altitude": -3.5, "max_altitude": -3.5}),
                None,
            ),
            (
                json!({"total_elevation_gain": 40, "min_altitude": 10, "max_altitude": 10}),
                Some(40.0),
            ),
        ] {
            assert_eq!(activity(fields.clone()).climb(), climb, "{fields}");
        }
    }

    #[test]
    fn how_hard_it_felt_may_come_from_the_device() {
        let rpe = |fields| activity(fields).rpe();
        assert_eq!(
            rpe(json!({"icu_rpe": null, "perceived_exertion": 6.5})),
            Some(6.5)
        );
        assert_eq!(rpe(json!({"icu_rpe": 0, "perceived_exertion": 6})), Some(6.0));
        assert_eq!(rpe(json!({"icu_rpe": 4, "perceived_exertion": 6})), Some(4.0));
        assert_eq!(rpe(json!({"perceived_exertion": 0})), None);
    }

    #[test]
    fn sports_are_those_named_or_all() {
        let run = activity(json!({"type": "Run"}));
        assert!(run.is_of(None) && run.is_of(Some(&["Walk", "Run"])) && !run.is_of(Some(&["Ride"])));
        assert!(!activity(json!({})).is_of(Some(&["Run"])));
        for (word, sport) in [
            ("virtual_ride", "VirtualRide"),
            ("RUN", "Run"),
            ("  ", ""),
            ("Juggling", "Juggling"),
        ] {
            assert_eq!(activity(json!({ "type": word })).sport(), sport);
        }
    }

    #[test]
    fn the_speed_is_the_best_known_one() {
        let far = |fields| activity(fields).metres();
        assert_eq!(far(json!({"icu_distance": 10, "distance": 11})), Some(10.0));
        assert_eq!(far(json!({"icu_distance": 0, "distance": 11})), Some(11.0));
        assert_eq!(far(json!({"icu_distance": 1e12, "distance": 11})), Some(11.0));
        let fast = |fields| activity(fields).speed();
        assert_eq!(fast(json!({"pace": 3, "average_speed": 2})), Some(3.0));
        assert_eq!(fast(json!({"pace": 0, "average_speed": 2})), Some(2.0));
        assert_eq!(fast(json!({"distance": 100, "moving_time": 50})), Some(2.0));
        assert_eq!(fast(json!({"distance": 100, "moving_time": 0})), None);
    }

    #[test]
    fn zero_percent_of_a_plan_is_not_known() {
        let done = |fields| activity(fields).done_of_plan();
        assert_eq!(done(json!({"compliance": 0})), None);
        assert_eq!(done(json!({"compliance": 0, "paired_event_id": 7})), None);
        assert_eq!(done(json!({"compliance": 97})), Some(97.0));
    }
}
