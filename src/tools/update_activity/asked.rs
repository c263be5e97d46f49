//! The arguments of update_activity: which fields of an activity, and what each may be.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use crate::{
    ids::ActivityId,
    intervals::model::{Gear, Values},
    tool_error::ToolError,
    tools::{
        arguments::{Arguments, wrong},
        params::{Param, words_of},
        writing::{entry, record::pairing::PAIRED},
    },
    training::sports,
};

/// Activities of one call: each needs a request of its own.
const MOST: usize = 5;
/// Characters of a name.
const NAME: usize = 100;
/// Characters of a description.
const DESCRIPTION: usize = 5000;
/// Characters of the name of a piece of gear.
const GEAR: usize = 100;
/// Grams that nobody eats in one session.
const CARBS: (f64, f64) = (0.0, 3000.0);
/// Upstream's kinds of an activity, of which it has one.
const MARKS: [(&str, &str); 5] = [
    ("race", "RACE"),
    ("commute", "COMMUTE"),
    ("warmup", "WARMUP"),
    ("cooldown", "COOLDOWN"),
    ("none", "NONE"),
];
/// What upstream can leave out of an activity's figures, and its fields for that.
const IGNORE: [(&str, &str); 5] = [
    ("power", "icu_ignore_power"),
    ("hr", "icu_ignore_hr"),
    ("pace", "ignore_pace"),
    ("speed", "ignore_velocity"),
    ("time", "icu_ignore_time"),
];
/// What can be emptied: arguments and their fields; the last one is all of [`IGNORE`].
const CLEAR: [(&str, &str); 6] = [
    ("feel", "feel"),
    ("rpe", "icu_rpe"),
    ("carbs", "carbs_ingested"),
    ("description", "description"),
    ("tags", "tags"),
    ("ignore", ""),
];
const TAGS_MODES: [(&str, bool); 2] = [("add", false), ("replace", true)];
const IDS: &str =
    "must be 1 to 5 activity ids such as i98112345, from the last column of get_training_history";

pub(super) const PARAMS: &[Param] = &[
    Param::texts("ids", MOST, IDS, "1-5 activity ids").required(),
    Param::text("name", NAME, "Of one only"),
    Param::lines("description", DESCRIPTION, ""),
    Param::name_or_id("feel", "1 strong, 3 normal, 5 weak"),
    Param::number("rpe", (1.0, 10.0), "1-10, 10 hardest"),
    Param::texts("tags", 10, "must be a list of up to 10 tags", ""),
    Param::word("tags_mode", &words_of(&TAGS_MODES), ""),
    Param::number("carbs", CARBS, "Eaten, g"),
    Param::text("gear", GEAR, "Name of bike or shoes"),
    Param::sport("Type, such as TrailRun"),
    Param::word("mark", &words_of(&MARKS), ""),
    Param::words("ignore", &words_of(&IGNORE), "Bad data to leave out"),
    Param::words("clear", &words_of(&CLEAR), "Empty these"),
    Param::name_or_id("pair_with", "Id of the planned workout that one activity did"),
    Param::flag("preview", "Show, and change nothing"),
];

/// The call's arguments.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) ids: Vec<ActivityId>,
    name: Option<String>,
    description: Option<String>,
    feel: Option<usize>,
    rpe: Option<f64>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) replaces_tags: bool,
    /// g
    carbs: Option<f64>,
    pub(super) gear: Option<String>,
    sport: Option<&'static str>,
    mark: Option<&'static str>,
    /// Fields.
    ignore: Vec<&'static str>,
    /// Fields; an empty one for all of [`IGNORE`].
    clear: Vec<&'static str>,
    pub(super) pair_with: Option<i64>,
    pub(super) preview: bool,
}

impl Asked {
    pub(super) fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(with_ids_as_text(given), PARAMS, today)?;
        let ids = ids(&arguments)?;
        let mut clear = arguments.words("clear", &CLEAR)?;
        for (word, field) in CLEAR {
            if clear.contains(&field) && word != "ignore" && arguments.is_given(word) {
                return Err(wrong(word, "must be left out where clear empties it"));
            }
        }
        if arguments.is_empty_text("description") {
            clear.push("description");
        }
        let asked = Self {
            name: visible(&arguments, "name")?,
            description: arguments.lines("description")?,
            feel: arguments.feel("feel")?,
            rpe: arguments.whole_in("rpe", &["/10"])?,
            tags: tags(&arguments)?,
            replaces_tags: arguments.word("tags_mode", &TAGS_MODES)?.unwrap_or(false),
            carbs: arguments.whole_in("carbs", &["g", "gram", "grams"])?,
            gear: visible(&arguments, "gear")?,
            sport: sport(&arguments)?,
            mark: arguments.word("mark", &MARKS)?,
            ignore: arguments.words("ignore", &IGNORE)?,
            pair_with: arguments.entry_id("pair_with")?,
            preview: arguments.flag("preview")?,
            clear,
            ids,
        };
        for (name, is_given) in [
            ("name", asked.name.is_some()),
            ("pair_with", asked.pair_with.is_some()),
        ] {
            if is_given && asked.ids.len() > 1 {
                return Err(wrong(name, "must be for one activity: pass one id"));
            }
        }
        if asked.tags.as_ref().is_some_and(Vec::is_empty) && !asked.replaces_tags {
            return Err(wrong(
                "tags",
                "must have at least one tag, or tags_mode must be replace",
            ));
        }
        if asked.is_empty() {
            return Err(ToolError::Input(
                "Not done: nothing is to change. Pass name, description, feel, rpe, tags, carbs, gear, sport, mark, ignore, clear or \
                 pair_with."
                    .to_owned(),
            ));
        }
        Ok(asked)
    }

    fn is_empty(&self) -> bool {
        self.gear.is_none() && self.pair_with.is_none() && self.changes(&Values::default(), None).is_empty()
    }

    /// What is to change of an activity that stands like this.
    pub(super) fn changes(&self, stands: &Values, gear: Option<&Gear>) -> Values {
        let mut changes = Values::default();
        for field in &self.clear {
            match *field {
                "" => {
                    for (_, flag) in IGNORE {
                        changes.set(flag, false);
                    }
                }
                field => changes.set(field, Value::Null),
            }
        }
        for (field, text) in [
            ("name", self.name.as_deref()),
            ("description", self.description.as_deref()),
            ("type", self.sport),
        ] {
            if let Some(text) = text {
                changes.set(field, text);
            }
        }
        if let Some(feel) = self.feel {
            changes.set("feel", feel);
        }
        for (field, number) in [("icu_rpe", self.rpe), ("carbs_ingested", self.carbs)] {
            if let Some(number) = number {
                changes.set(field, number);
            }
        }
        if let Some(tags) = &self.tags {
            changes.set("tags", self.all_tags(stands, tags));
        }
        if let Some(gear) = gear {
            changes.set("gear", json!({"id": gear.id, "name": gear.name}));
        }
        if let Some(mark) = self.mark {
            // Whichever of the three upstream goes by, they say the same.
            changes.set("sub_type", mark);
            changes.set("race", mark == "RACE");
            changes.set("commute", mark == "COMMUTE");
        }
        for field in &self.ignore {
            changes.set(*field, true);
        }
        if let Some(entry) = self.pair_with {
            changes.set(PAIRED, entry);
        }
        changes
    }

    /// These tags, below those that stand there unless they are replaced.
    fn all_tags(&self, stands: &Values, tags: &[String]) -> Vec<String> {
        let there = stands.get("tags").as_array().into_iter().flatten();
        let mut all: Vec<String> = there
            .filter_map(Value::as_str)
            .filter(|_| !self.replaces_tags)
            .map(str::to_owned)
            .collect();
        for tag in tags {
            if !all.contains(tag) {
                all.push(tag.clone());
            }
        }
        all
    }
}

/// Whether a change of these fields lets upstream work out figures of the activity anew.
pub(super) fn moves_figures(changes: &Values) -> bool {
    changes
        .names()
        .any(|name| name == "type" || IGNORE.iter().any(|(_, field)| *field == name))
}

/// Some clients send ids of bare digits as numbers.
fn with_ids_as_text(mut given: Map<String, Value>) -> Map<String, Value> {
    let text = |value: &mut Value| {
        if let Value::Number(number) = value {
            *value = Value::from(number.to_string());
        }
    };
    match given.get_mut("ids") {
        Some(Value::Array(ids)) => ids.iter_mut().for_each(text),
        Some(one) => text(one),
        None => {}
    }
    given
}

fn ids(arguments: &Arguments) -> Result<Vec<ActivityId>, ToolError> {
    let mut ids: Vec<ActivityId> = Vec::new();
    for text in arguments.texts("ids")? {
        let id = text.parse().map_err(|_| wrong("ids", IDS))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        return Err(wrong("ids", IDS));
    }
    Ok(ids)
}

/// A text that says something; None when left out.
fn visible(arguments: &Arguments, name: &str) -> Result<Option<String>, ToolError> {
    let text = arguments.name(name)?;
    if text.is_none() && arguments.is_given(name) {
        return Err(wrong(name, "must have at least one character"));
    }
    Ok(text)
}

fn tags(arguments: &Arguments) -> Result<Option<Vec<String>>, ToolError> {
    let mut all: Vec<String> = Vec::new();
    let Some(tags) = entry::tags(arguments)? else {
        return Ok(None);
    };
    for tag in tags {
        if !tag.is_empty() && !all.contains(&tag) {
            all.push(tag);
        }
    }
    Ok(Some(all))
}

/// One type: a word for several that upstream treats alike is the first of them, `run` a Run.
fn sport(arguments: &Arguments) -> Result<Option<&'static str>, ToolError> {
    match arguments.sport()? {
        None => Ok(None),
        Some([only]) => Ok(Some(only)),
        Some([first, second, ..]) if sports::stands_for(second) == *first => Ok(Some(first)),
        Some(several) => Err(wrong("sport", &format!("must be one of {}", several.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::samples::{object, today};

    fn read(mut given: Value) -> Result<Asked, String> {
        if given.get("ids").is_none() {
            given["ids"] = json!("i1");
        }
        Asked::read(object(given), today()).map_err(|error| error.to_string())
    }

    fn changes(given: Value, stands: Value) -> Value {
        let stands: Values = serde_json::from_value(stands).unwrap();
        serde_json::to_value(read(given).unwrap().changes(&stands, None)).unwrap()
    }

    #[test]
    fn each_argument_is_a_field_of_upstream() {
        for (given, fields) in [
            (json!({"name": " Lunch\nride "}), json!({"name": "Lunch ride"})),
            (json!({"description": "a\nb"}), json!({"description": "a\nb"})),
            (json!({"description": ""}), json!({"description": null})),
            (json!({"feel": 2}), json!({"feel": 2})),
            (json!({"feel": 2.0}), json!({"feel": 2})),
            (json!({"feel": "5/5"}), json!({"feel": 5})),
            (json!({"feel": " Strong"}), json!({"feel": 1})),
            (json!({"rpe": "7"}), json!({"icu_rpe": 7.0})),
            (json!({"rpe": "7/10"}), json!({"icu_rpe": 7.0})),
            (json!({"carbs": "60 g"}), json!({"carbs_ingested": 60.0})),
            (json!({"carbs": 0}), json!({"carbs_ingested": 0.0})),
            (json!({"sport": "run"}), json!({"type": "Run"})),
            (json!({"sport": "rowing"}), json!({"type": "Rowing"})),
            (json!({"sport": "strength"}), json!({"type": "WeightTraining"})),
            (json!({"sport": "gravel ride"}), json!({"type": "GravelRide"})),
            (
                json!({"mark": "race"}),
                json!({"sub_type": "RACE", "race": true, "commute": false}),
            ),
            (
                json!({"mark": "none"}),
                json!({"sub_type": "NONE", "race": false, "commute": false}),
            ),
            (
                json!({"ignore": "hr, power"}),
                json!({"icu_ignore_hr": true, "icu_ignore_power": true}),
            ),
            (
                json!({"clear": ["ignore"], "ignore": ["hr"]}),
                json!({"icu_ignore_power": false, "icu_ignore_hr": true, "ignore_pace": false, "ignore_velocity": false,
                    "icu_ignore_time": false}),
            ),
            (
                json!({"clear": ["rpe", "tags"]}),
                json!({"icu_rpe": null, "tags": null}),
            ),
            (json!({"pair_with": 4711}), json!({"paired_event_id": 4711})),
            (
                json!({"tags": ["b", "c", "c", ""]}),
                json!({"tags": ["a", "b", "c"]}),
            ),
            (
                json!({"tags": "c", "tags_mode": "replace"}),
                json!({"tags": ["c"]}),
            ),
            (json!({"tags": [], "tags_mode": "replace"}), json!({"tags": []})),
        ] {
            assert_eq!(
                changes(given.clone(), json!({"tags": ["a", "b"]})),
                fields,
                "{given}"
            );
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_name() {
        for (given, says) in [
            (json!({}), "nothing is to change"),
            (json!({"ids": [], "rpe": 1}), "ids must be 1 to 5"),
            (json!({"ids": "Lunch ride", "rpe": 1}), "ids must be 1 to 5"),
            (
                json!({"ids": ["i1", "i2", "i3", "i4", "i5", "i6"], "rpe": 1}),
                "ids must be 1 to 5",
            ),
            (
                json!({"ids": ["i1", "i2"], "name": "x"}),
                "name must be for one activity",
            ),
            (
                json!({"ids": ["i1", "i2"], "pair_with": 7}),
                "pair_with must be for one activity",
            ),
            (
                json!({"name": " \u{200b}"}),
                "name must have at least one character",
            ),
            (
                json!({"name": "x".repeat(101)}),
                "name must be text of at most 100",
            ),
            (
                json!({"description": "x".repeat(5001)}),
                "description must be text of at most 5000",
            ),
            (json!({"feel": 0}), "feel must be 1 strong"),
            (json!({"feel": 6}), "feel must be 1 strong"),
            (json!({"feel": 1.5}), "feel must be 1 strong"),
            (json!({"feel": "great"}), "feel must be 1 strong"),
            (json!({"rpe": 0}), "rpe must be a number from 1 to 10"),
            (json!({"rpe": "7 W"}), "rpe must be a number from 1 to 10"),
            (json!({"rpe": 11}), "rpe must be a number from 1 to 10"),
            (json!({"rpe": 6.5}), "rpe must be a whole number"),
            (json!({"carbs": -1}), "carbs must be a number from 0 to 3000"),
            (json!({"carbs": 3001}), "carbs must be a number from 0 to 3000"),
            (json!({"tags": []}), "tags must have at least one tag"),
            (
                json!({"tags": ["a"], "tags_mode": "set"}),
                "tags_mode must be add or replace",
            ),
            (json!({"gear": ""}), "gear must have at least one character"),
            (
                json!({"sport": "ski"}),
                "sport must be one of AlpineSki, BackcountrySki",
            ),
            (json!({"sport": "Curling"}), "sport must be ride, run"),
            (
                json!({"mark": "goal"}),
                "mark must be race, commute, warmup, cooldown or none",
            ),
            (
                json!({"ignore": ["watts"]}),
                "ignore must be any of power, hr, pace, speed, time",
            ),
            (
                json!({"clear": ["name"]}),
                "clear must be any of feel, rpe, carbs",
            ),
            (
                json!({"clear": ["feel"], "feel": 2}),
                "feel must be left out where clear empties it",
            ),
            (
                json!({"pair_with": "Threshold"}),
                "pair_with must be the id of a calendar entry",
            ),
            (
                json!({"icu_training_load": 80}),
                "unknown argument «icu_training_load»",
            ),
        ] {
            let error = read(given.clone()).map(|_| ()).unwrap_err();
            assert!(error.contains(says), "{given}: {error}");
        }
    }

    #[test]
    fn ids_are_read_in_every_form_and_once() {
        for given in [json!(["i1", 27, "i1"]), json!("i1, 27"), json!([" i1", "27"])] {
            let asked = read(json!({"ids": given, "rpe": 1})).unwrap();
            let ids: Vec<&str> = asked.ids.iter().map(ActivityId::as_str).collect();
            assert_eq!(ids, ["i1", "27"], "{given}");
        }
        assert_eq!(read(json!({"ids": 27, "rpe": 1})).unwrap().ids.len(), 1);
    }
}
