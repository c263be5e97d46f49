//! `workout_doc`: a workout as intervals.icu holds and returns it.
//!
//! Reading never fails. What is odd is left out, what is not known is kept as `Other`, and what intervals.icu computed (the
//! time of a distance step, the targets that a device is given) is next to the steps and not part of them: so
//! [`Doc::workout`] of a read-back is equal to the workout that was sent, or [`differences`](super::differences()) says why not.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::{
    estimate,
    model::{Item, Kind, Length, Number, Per, Repeat, Role, Span, Step, Target, Unit, Workout},
    resolve::{Band, Place, Settings, needs_none},
};

/// A longer list of steps is read as none.
const MOST_STEPS: usize = 20_000;
/// A repeat inside a repeat is written out up to this many steps.
const MOST_WRITTEN_OUT: usize = 1000;

/// The document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Doc {
    /// The text that is not steps; devices show it as a note.
    pub description: Option<String>,
    /// The thresholds that resolve targets. Zones are not in a document.
    pub settings: Settings,
    /// The athlete's unit of pace for this sport: `MINS_KM`, `SECS_100M` …
    pub pace_units: Option<String>,
    /// `POWER`, `HR`, `PACE`.
    pub target: Option<String>,
    /// s, of all steps, as intervals.icu adds them up.
    pub total: Option<f64>,
    /// In order.
    pub items: Vec<Held>,
}

/// A line of the document.
#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    /// One step.
    Step(HeldStep),
    /// Steps that are done several times.
    Repeat(HeldRepeat),
    /// Nothing that is known here, by the names of its keys.
    Other(String),
}

/// A step, and what intervals.icu made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldStep {
    /// As written. Its length is 0 s if it has none.
    pub step: Step,
    /// s; for a distance computed from the target.
    pub secs: Option<f64>,
    /// W that the device is given.
    pub watts: Option<Band>,
    /// bpm that the device is given.
    pub bpm: Option<Band>,
    /// m/s that the device is given.
    pub speed: Option<Band>,
}

/// Steps that are done several times. Unlike text, a document may nest them.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldRepeat {
    /// How often.
    pub count: Option<f64>,
    /// Without the count.
    pub heading: String,
    /// s, of all rounds.
    pub secs: Option<f64>,
    /// In order.
    pub items: Vec<Held>,
}

impl<'de> Deserialize<'de> for Doc {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        Map::deserialize(json).map(|doc| Self::read(&doc))
    }
}

impl Doc {
    /// Reads the document.
    pub fn read(doc: &Map<String, Value>) -> Self {
        Self {
            description: text(doc.get("description")),
            settings: Settings {
                ftp: number(doc.get("ftp")),
                lthr: number(doc.get("lthr")),
                max_hr: number(doc.get("max_hr")),
                threshold_pace: number(doc.get("threshold_pace")),
                ..Settings::default()
            },
            pace_units: text(doc.get("pace_units")),
            target: text(doc.get("target")),
            total: number(doc.get("duration")),
            items: items(doc.get("steps")).unwrap_or_default(),
        }
    }

    /// The document that intervals.icu is expected to make of a workout.
    pub fn of(workout: &Workout, sport: &str, settings: &Settings, place: Place) -> Self {
        let step = |step: &Step| {
            let band = |kind: Kind| {
                let target = step.targets.iter().find(|target| target.unit.kind() == kind)?;
                settings.band(target, sport, place).ok()
            };
            Held::Step(HeldStep {
                secs: estimate::step(step, sport, settings).secs,
                watts: band(Kind::Power),
                bpm: band(Kind::HeartRate),
                speed: band(Kind::Pace),
                step: step.clone(),
            })
        };
        let items = workout.canonical().items.into_iter().map(|item| match item {
            Item::Step(own) => step(&own),
            Item::Repeat(repeat) => {
                let inner: Vec<Held> = repeat.steps.iter().map(step).collect();
                let count = f64::from(repeat.count);
                Held::Repeat(HeldRepeat {
                    count: Some(count),
                    heading: repeat.heading,
                    secs: secs_of(&inner).map(|secs| secs * count),
                    items: inner,
                })
            }
            Item::Other(what) => Held::Other(what),
        });
        let items: Vec<Held> = items.collect();
        Self {
            settings: settings.clone(),
            total: secs_of(&items),
            items,
            ..Self::default()
        }
    }

    /// The workout, with repeats inside repeats written out. Not canonical: a range has the order in which it is held.
    pub fn workout(&self) -> Workout {
        let items = self.items.iter().map(|held| match held {
            Held::Step(held) => Item::Step(held.step.clone()),
            Held::Other(what) => Item::Other(what.clone()),
            Held::Repeat(repeat) => {
                let mut steps = Vec::new();
                if written_out(&repeat.items, &mut steps).is_none() {
                    return Item::Other("repeats inside repeats".to_owned());
                }
                Item::Repeat(Repeat {
                    count: repeat.rounds(),
                    heading: repeat.heading.clone(),
                    steps,
                })
            }
        });
        Workout {
            items: items.collect(),
        }
    }

    /// How many steps there are, counting those of repeats once, and repeats too.
    pub fn count(&self) -> usize {
        Held::count(&self.items)
    }

    /// The steps in order, counting those of repeats once.
    pub fn steps(&self) -> Vec<&HeldStep> {
        let mut steps = Vec::new();
        leaves(&self.items, &mut steps);
        steps
    }

    /// m of the first step that goes by distance.
    pub fn first_distance(&self) -> Option<f64> {
        self.steps().into_iter().find_map(|held| match held.step.length {
            Length::Distance(metres) if !metres.is_zero() => Some(metres.get()),
            Length::Distance(_) | Length::Time(_) => None,
        })
    }

    /// Whether a step's length is a distance.
    pub fn goes_by_distance(&self) -> bool {
        let mut steps = self.steps().into_iter();
        steps.any(|held| matches!(held.step.length, Length::Distance(_)))
    }

    /// The steps, numbered from 1 and counting those of repeats once, for which the device is given no target though it should
    /// be. Only of a document that was asked for with resolved targets.
    pub fn without_target(&self) -> Vec<usize> {
        let numbered = self.steps().into_iter().enumerate();
        numbered
            .filter(|(_, held)| {
                let resolved = [held.watts, held.bpm, held.speed];
                let is_set = resolved.iter().flatten().any(Band::is_set);
                !is_set && (!held.step.targets.is_empty() || !needs_none(&held.step))
            })
            .map(|(at, _)| at + 1)
            .collect()
    }

    /// The document as JSON, without what intervals.icu adds beyond steps and targets.
    pub fn json(&self) -> Value {
        let mut doc = Map::new();
        put(&mut doc, "description", self.description.as_deref());
        put(&mut doc, "duration", self.total);
        put(&mut doc, "ftp", self.settings.ftp);
        put(&mut doc, "lthr", self.settings.lthr);
        put(&mut doc, "max_hr", self.settings.max_hr);
        put(&mut doc, "threshold_pace", self.settings.threshold_pace);
        put(&mut doc, "pace_units", self.pace_units.as_deref());
        put(&mut doc, "target", self.target.as_deref());
        doc.insert("steps".to_owned(), self.items.iter().map(Held::json).collect());
        Value::Object(doc)
    }
}

impl Held {
    fn read(object: &Map<String, Value>) -> Self {
        if let Some(items) = items(object.get("steps")) {
            let count = number(object.get("reps"));
            let text = text(object.get("text")).unwrap_or_default();
            return Self::Repeat(HeldRepeat {
                heading: heading(&text, count).to_owned(),
                count,
                secs: number(object.get("duration")),
                items,
            });
        }
        let unknown: Vec<&str> = object
            .keys()
            .map(String::as_str)
            .filter(|key| !key.starts_with('_') && !KNOWN.contains(key))
            .collect();
        if !unknown.is_empty() && unknown.len() == object.len() {
            return Self::Other(unknown.join(", "));
        }
        Self::Step(HeldStep {
            step: step(object, &unknown),
            secs: number(object.get("duration")),
            watts: band(object.get("_power")),
            bpm: band(object.get("_hr")),
            speed: band(object.get("_pace")),
        })
    }

    fn count(items: &[Self]) -> usize {
        let one = |held: &Self| match held {
            Self::Repeat(repeat) => 1 + Self::count(&repeat.items),
            Self::Step(_) | Self::Other(_) => 1,
        };
        items.iter().map(one).sum()
    }

    /// s, with all rounds.
    fn secs(&self) -> Option<f64> {
        match self {
            Self::Step(held) => positive(held.secs),
            Self::Other(_) => None,
            Self::Repeat(repeat) => {
                let once = secs_of(&repeat.items).filter(|secs| *secs > 0.0);
                once.map(|once| once * positive(repeat.count).unwrap_or(1.0))
                    .or(positive(repeat.secs))
            }
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Step(held) => held.json(),
            Self::Other(what) => json!({ what: true }),
            Self::Repeat(repeat) => {
                let count = repeat.rounds();
                let mut object = Map::new();
                let heading = format!("{} {count}x", repeat.heading);
                put(&mut object, "text", Some(heading.trim_start()));
                put(&mut object, "reps", Some(count));
                put(&mut object, "distance", Some(0));
                put(&mut object, "duration", repeat.secs);
                object.insert("steps".to_owned(), repeat.items.iter().map(Self::json).collect());
                Value::Object(object)
            }
        }
    }
}

impl HeldRepeat {
    /// How often, as a whole number; once if it is not given.
    pub fn rounds(&self) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float is cut to the range"
        )]
        let count = positive(self.count).map_or(1, |count| count.round() as u32);
        count.max(1)
    }
}

impl HeldStep {
    /// A step without targets that a device is given.
    pub fn of(step: Step, secs: Option<f64>) -> Self {
        Self {
            step,
            secs,
            watts: None,
            bpm: None,
            speed: None,
        }
    }

    fn json(&self) -> Value {
        let mut object = Map::new();
        let step = &self.step;
        put(
            &mut object,
            "text",
            Some(step.cue.as_str()).filter(|cue| !cue.is_empty()),
        );
        match step.length {
            Length::Time(secs) => put(&mut object, "duration", Some(secs)),
            Length::Distance(metres) => {
                put(&mut object, "distance", Some(metres.get()));
                put(&mut object, "duration", self.secs);
            }
        }
        for (key, set) in [
            ("until_lap_press", step.until_lap),
            ("ramp", step.ramp),
            ("freeride", step.freeride),
            ("maxeffort", step.max_effort),
            ("hidepower", step.hide_power),
        ] {
            put(&mut object, key, set.then_some(true));
        }
        put(&mut object, "intensity", step.role.map(Role::word));
        for target in &step.targets {
            let (key, units) = units_of(&target.unit);
            let mut numbers = span_json(target.span, &units);
            put(&mut numbers, "target", target.averaged.as_deref());
            if let Unit::PercentMmp(secs) = target.unit {
                put(&mut numbers, "duration", Some(secs).filter(|secs| *secs > 0));
            }
            object.insert(key.to_owned(), Value::Object(numbers));
        }
        if let Some(span) = step.cadence {
            object.insert("cadence".to_owned(), Value::Object(span_json(span, "rpm")));
        }
        for (key, band) in [("_power", self.watts), ("_hr", self.bpm), ("_pace", self.speed)] {
            if let Some(band) = band {
                let mut numbers = Map::new();
                put(&mut numbers, "value", band.value);
                put(&mut numbers, "start", band.start);
                put(&mut numbers, "end", band.end);
                object.insert(key.to_owned(), Value::Object(numbers));
            }
        }
        Value::Object(object)
    }
}

/// What a step may have, computed or not.
const KNOWN: [&str; 21] = [
    "text",
    "text_locale",
    "duration",
    "distance",
    "reps",
    "steps",
    "until_lap_press",
    "warmup",
    "cooldown",
    "intensity",
    "ramp",
    "freeride",
    "maxeffort",
    "hidepower",
    "power",
    "hr",
    "pace",
    "cadence",
    "prompts",
    "id",
    "locale",
];

fn items(list: Option<&Value>) -> Option<Vec<Held>> {
    let list = list?.as_array()?;
    if list.len() > MOST_STEPS {
        return None;
    }
    Some(list.iter().filter_map(Value::as_object).map(Held::read).collect())
}

fn step(object: &Map<String, Value>, unknown: &[&str]) -> Step {
    let set = |key: &str| flag(object.get(key)).unwrap_or(false);
    let distance = positive(number(object.get("distance")).map(unwidened)).and_then(Number::of);
    let mut step = Step::of(match distance {
        Some(metres) => Length::Distance(metres),
        None => Length::Time(whole_secs(number(object.get("duration")))),
    });
    step.cue = text(object.get("text")).unwrap_or_default();
    step.until_lap = set("until_lap_press");
    step.ramp = set("ramp");
    step.freeride = set("freeride");
    step.max_effort = set("maxeffort");
    step.hide_power = set("hidepower");
    let intensity = text(object.get("intensity")).unwrap_or_default();
    step.role = Role::named(&intensity)
        .or(set("warmup").then_some(Role::Warmup))
        .or(set("cooldown").then_some(Role::Cooldown));
    step.cadence = object.get("cadence").and_then(Value::as_object).and_then(span);
    for (key, kind) in [
        ("power", Kind::Power),
        ("hr", Kind::HeartRate),
        ("pace", Kind::Pace),
    ] {
        step.targets.extend(target(kind, object.get(key)));
    }
    for key in unknown {
        let target = target(Kind::Other, object.get(*key)).filter(|target| match &target.unit {
            Unit::Other(_, name) => !name.is_empty(),
            _ => true,
        });
        step.targets.extend(target);
    }
    step
}

fn target(kind: Kind, value: Option<&Value>) -> Option<Target> {
    let object = value?.as_object()?;
    let units = text(object.get("units")).unwrap_or_default();
    Some(Target {
        unit: unit(kind, &units, object),
        span: span(object)?,
        averaged: text(object.get("target")).filter(|over| !over.is_empty()),
    })
}

fn unit(kind: Kind, units: &str, object: &Map<String, Value>) -> Unit {
    let word = units.trim().to_ascii_lowercase();
    match (kind, word.as_str()) {
        (Kind::Power, "%ftp") => Unit::PercentFtp,
        (Kind::Power, "w" | "watts") => Unit::Watts,
        (Kind::Power, "power_zone") => Unit::PowerZone,
        (Kind::Power, "custom_zone") => Unit::CustomZone,
        (Kind::Power, "%mmp") => Unit::PercentMmp(best_over(object)),
        (Kind::HeartRate, "%hr") => Unit::PercentMaxHr,
        (Kind::HeartRate, "%lthr") => Unit::PercentLthr,
        (Kind::HeartRate, "hr_zone") => Unit::HrZone,
        (Kind::HeartRate, "bpm") => Unit::Bpm,
        (Kind::Pace, "%pace") => Unit::PercentPace,
        (Kind::Pace, "pace_zone") => Unit::PaceZone,
        (Kind::Pace, "secs/100yd") => Unit::Pace(Per::Yd100),
        (Kind::Pace, per) => match per.strip_prefix("secs/").and_then(Per::named) {
            Some(per) => Unit::Pace(per),
            None => Unit::Other(kind, units.to_owned()),
        },
        _ => Unit::Other(kind, units.to_owned()),
    }
}

/// s of a % of the best power. Upstream's key for it is not known for certain: it is the number that is no end of the range.
fn best_over(object: &Map<String, Value>) -> u32 {
    let mut others = object
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "value" | "start" | "end"));
    whole_secs(others.find_map(|(_, value)| positive(number(Some(value)))))
}

/// The key of a unit's kind, and upstream's name of the unit.
fn units_of(unit: &Unit) -> (&'static str, String) {
    let key = match unit.kind() {
        Kind::Power => "power",
        Kind::HeartRate => "hr",
        Kind::Pace => "pace",
        Kind::Other => "other",
    };
    let units = match unit {
        Unit::PercentFtp => "%ftp",
        Unit::Watts => "w",
        Unit::PowerZone => "power_zone",
        Unit::CustomZone => "custom_zone",
        Unit::PercentMmp(_) => "%mmp",
        Unit::PercentMaxHr => "%hr",
        Unit::PercentLthr => "%lthr",
        Unit::HrZone => "hr_zone",
        Unit::Bpm => "bpm",
        Unit::PercentPace => "%pace",
        Unit::PaceZone => "pace_zone",
        Unit::Pace(per) => return (key, format!("secs/{}", per.word())),
        Unit::Other(_, units) => units,
    };
    (key, units.to_owned())
}

/// From its start to its end, or the only number that there is.
fn span(object: &Map<String, Value>) -> Option<Span> {
    let of = |key: &str| number(object.get(key)).and_then(Number::of);
    match (of("start"), of("end"), of("value")) {
        (Some(start), Some(end), _) => Some(Span::Between(start, end)),
        (Some(only), None, None) | (None, Some(only), None) | (_, _, Some(only)) => Some(Span::At(only)),
        (None, None, None) => None,
    }
}

fn span_json(span: Span, units: &str) -> Map<String, Value> {
    let mut numbers = Map::new();
    put(&mut numbers, "units", Some(units));
    match span {
        Span::At(only) => put(&mut numbers, "value", Some(only.get())),
        Span::Between(from, to) => {
            put(&mut numbers, "start", Some(from.get()));
            put(&mut numbers, "end", Some(to.get()));
        }
    }
    numbers
}

fn band(value: Option<&Value>) -> Option<Band> {
    let object = value?.as_object()?;
    Some(Band {
        value: number(object.get("value")),
        start: number(object.get("start")),
        end: number(object.get("end")),
    })
}

/// A heading without the count that repeats at its end: `Main set 4x`.
fn heading(text: &str, count: Option<f64>) -> &str {
    let text = text.trim();
    let counted = text
        .strip_suffix(['x', 'X'])
        .filter(|_| positive(count).is_some())
        .map(str::trim_end)
        .and_then(|counted| {
            let rest = counted.trim_end_matches(|c: char| c.is_ascii_digit());
            (rest.len() < counted.len()).then_some(rest)
        });
    counted.unwrap_or(text).trim_end()
}

/// None if there are too many.
fn written_out(items: &[Held], steps: &mut Vec<Step>) -> Option<()> {
    for held in items {
        match held {
            Held::Step(held) => steps.push(held.step.clone()),
            Held::Other(_) => return None,
            Held::Repeat(repeat) => {
                let begin = steps.len();
                written_out(&repeat.items, steps)?;
                let once = steps[begin..].to_vec();
                for _ in 1..repeat.rounds() {
                    steps.extend_from_slice(&once);
                    if once.is_empty() || steps.len() > MOST_WRITTEN_OUT {
                        break;
                    }
                }
                if steps.len() > MOST_WRITTEN_OUT {
                    return None;
                }
            }
        }
    }
    Some(())
}

fn leaves<'a>(items: &'a [Held], steps: &mut Vec<&'a HeldStep>) {
    for held in items {
        match held {
            Held::Step(held) => steps.push(held),
            Held::Repeat(repeat) => leaves(&repeat.items, steps),
            Held::Other(_) => {}
        }
    }
}

fn secs_of(items: &[Held]) -> Option<f64> {
    items.iter().map(Held::secs).sum()
}

fn positive(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite() && *value > 0.0)
}

fn whole_secs(secs: Option<f64>) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is cut to the range"
    )]
    positive(secs).map_or(0, |secs| secs.min(1e9).round() as u32)
}

/// A number that went through 32 bits (1609.344 as 1609.343994140625), as it was.
fn unwidened(value: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "compared with what it was")]
    let narrow = value as f32;
    if f64::from(narrow).to_bits() == value.to_bits() {
        narrow.to_string().parse().unwrap_or(value)
    } else {
        value
    }
}

/// A finite number, or one written as text.
fn number(value: Option<&Value>) -> Option<f64> {
    let number = match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// Text; a number becomes its digits.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// True or false; also 1, 0, `"true"`.
fn flag(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Bool(set) => Some(*set),
        Value::Number(number) => Some(number.as_f64()? != 0.0),
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

fn put(object: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.into());
    }
}
