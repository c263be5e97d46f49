//! An athlete's thresholds and zones for the workouts of one sport.

use super::{Athlete, SportSettings, positive};
use crate::workout::Settings;

impl Athlete {
    /// The settings for workouts of `sport`: those of its group, otherwise those for all other sports; without either, none are
    /// set. An indoor FTP does not count: intervals.icu resolves the targets of an indoor workout by the FTP too.
    pub fn settings_for(&self, sport: &str) -> Settings {
        let groups = || self.sport_settings.iter().flatten();
        let own = groups()
            .find(|group| group.types.iter().flatten().any(|own| own == sport))
            .or_else(|| groups().find(|group| group.other == Some(true)));
        own.map(SportSettings::of_workouts).unwrap_or_default()
    }
}

impl SportSettings {
    fn of_workouts(&self) -> Settings {
        let zones = |bounds: &Option<Vec<f64>>| bounds.clone().unwrap_or_default();
        Settings {
            ftp: positive(self.ftp),
            lthr: positive(self.lthr),
            max_hr: positive(self.max_hr),
            threshold_pace: positive(self.threshold_pace),
            power_zones: zones(&self.power_zones),
            hr_zones: zones(&self.hr_zones),
            pace_zones: zones(&self.pace_zones),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::intervals::lenient::object;

    #[test]
    fn a_workout_goes_by_the_settings_of_its_sport() {
        let athlete = json!({"id": "i1", "sportSettings": [
            {"types": ["Ride", "VirtualRide"], "ftp": 246, "indoor_ftp": 238, "lthr": 171, "power_zones": [55, 75]},
            {"types": null, "ftp": 1},
            {"types": ["Run"], "ftp": 0, "threshold_pace": 3.788, "lthr": 0},
            {"types": [], "other": true, "max_hr": 190},
        ]});
        let athlete: Athlete = object(athlete.to_string().as_bytes()).unwrap();
        let ride = athlete.settings_for("VirtualRide");
        assert_eq!((ride.ftp, ride.power_zones), (Some(246.0), vec![55.0, 75.0]));
        let run = athlete.settings_for("Run");
        assert_eq!((run.ftp, run.lthr, run.threshold_pace), (None, None, Some(3.788)));
        assert_eq!(athlete.settings_for("Swim").max_hr, Some(190.0));
        assert_eq!(Athlete::default().settings_for("Swim"), Settings::default());
    }
}
