//! get_workout_guide: the language of planned workouts, the same for everyone. No request upstream, and no athlete.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{Answer, Run, Tool, arguments::Arguments};
use crate::{permissions, tool_error::ToolError};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_WORKOUT_GUIDE,
    description: "The whole language of workout texts, with examples.",
    params: &[],
    requests: "0",
    run: Run::Say(say),
};

const GUIDE: &str = include_str!("get_workout_guide/guide.md");

fn say(given: &Map<String, Value>) -> Result<Answer, ToolError> {
    // There are no dates, so any day will do.
    Arguments::new(given.clone(), TOOL.params, NaiveDate::MIN)?;
    Ok(Answer {
        text: GUIDE.trim_end().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workout::{Settings, check};

    /// A guide with an example that the checks refuse would teach mistakes.
    #[test]
    fn every_example_passes_the_checks() {
        let settings = Settings {
            ftp: Some(246.0),
            lthr: Some(171.0),
            max_hr: Some(188.0),
            threshold_pace: Some(3.9),
            power_zones: vec![55.0, 75.0, 90.0, 105.0, 120.0, 150.0, 999.0],
            hr_zones: vec![135.0, 150.0, 160.0, 170.0, 188.0],
            pace_zones: vec![77.0, 87.0, 94.0, 100.0, 103.0, 111.0, 999.0],
        };
        let mut sports = Vec::new();
        for example in GUIDE.split("```").skip(1).step_by(2) {
            let (sport, text) = example.split_once('\n').unwrap();
            let checked = check::text(text, sport, &settings);
            assert!(
                checked.problems.is_empty(),
                "{sport}\n{text}\n{:?}",
                checked.problems
            );
            assert!(checked.prose.is_empty(), "{sport}: {}", checked.prose);
            assert!(checked.workout.steps().count() > 1, "{sport}");
            sports.push(sport);
        }
        assert!(
            ["Ride", "Run", "Swim"].iter().all(|sport| sports.contains(sport)),
            "{sports:?}"
        );
    }
}
