//! An athlete's thresholds and zones for the workouts of one sport.

use super::{Athlete, SportSettings, positive};
use crate::workout::{Settings, resolve::Place};

impl Athlete {
    /// The settings for workouts of `sport`: those of its group, otherwise those for all other sports; without either, none are
    /// set. Indoors the indoor FTP counts, if there is one.
    pub fn settings_for(&self, sport: &str, place: Place) -> Settings {
        let groups = || self.sport_settings.iter().flatten();
        let own = groups()
            .find(|group| group.types.iter().flatten().any(|own| own == sport))
            .or_else(|| groups().find(|group| group.other == Some(true)));
        own.map(|own| own.of_workouts(place)).unwrap_or_default()
    }
}

impl SportSettings {
    fn of_workouts(&self, place: Place) -> Settings {
        let indoor = positive(self.indoor_ftp).filter(|_| place == Place::Indoors);
        let zones = |bounds: &Option<Vec<f64>>| bounds.clone().unwrap_or_default();
        Settings {
            ftp: indoor.or(positive(self.ftp)),
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
        let ride = athlete.settings_for("VirtualRide", Place::Outdoors);
        assert_eq!((ride.ftp, ride.power_zones), (Some(246.0), vec![55.0, 75.0]));
        assert_eq!(athlete.settings_for("Ride", Place::Indoors).ftp, Some(238.0));
        let run = athlete.settings_for("Run", Place::Indoors);
        assert_eq!((run.ftp, run.lthr, run.threshold_pace), (None, None, Some(3.788)));
        assert_eq!(athlete.settings_for("Swim", Place::Outdoors).max_hr, Some(190.0));
        assert_eq!(
            Athlete::default().settings_for("Swim", Place::Outdoors),
            Settings::default()
        );
    }
}
