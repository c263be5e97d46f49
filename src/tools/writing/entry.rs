//! A workout that is to be on the calendar: read, checked, and as the fields that intervals.icu takes.
//!
//! Pure: nothing here sends anything.

use chrono::NaiveDateTime;
use sha2::{Digest as _, Sha256};

use super::{Steps, Wish};
use crate::{
    guard::journal::{Change, OUR_KEYS},
    intervals::model::{EntryFields, Event, Held, end_after},
    text::clean,
    tool_error::ToolError,
    tools::arguments::{Arguments, Moment, wrong},
    training::sports,
    workout::{
        Problem, Settings, Severity, Workout, check, differences, estimate,
        resolve::Place,
        text::{lines, parse, render},
    },
};

/// A workout for one athlete.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tools) struct Entry {
    /// An intervals.icu type.
    pub(in crate::tools) sport: String,
    pub(in crate::tools) on: Moment,
    pub(in crate::tools) name: String,
    /// Its steps; none for prose alone.
    pub(in crate::tools) workout: Workout,
    /// What stands above the steps.
    pub(in crate::tools) prose: String,
    /// Upstream computes it from steps.
    pub(in crate::tools) load: Option<f64>,
    /// s; upstream computes it from steps.
    pub(in crate::tools) secs: Option<f64>,
    pub(in crate::tools) indoor: bool,
    pub(in crate::tools) tags: Vec<String>,
    pub(in crate::tools) color: Option<String>,
}

/// Characters of a name.
pub(in crate::tools) const NAME: usize = 80;
/// Characters of prose.
pub(in crate::tools) const NOTE: usize = 2000;

impl Entry {
    /// It as something to write that is found again by this fingerprint; `retry` is an earlier try that nobody knows the
    /// end of.
    pub(in crate::tools) fn wish(&self, fingerprint: [u8; 32], retry: Option<Box<Change>>) -> Wish {
        Wish::Make {
            fields: self.fields(),
            steps: self.steps(),
            fingerprint: Some(fingerprint),
            retry,
        }
    }

    /// Its steps, as they must be read back.
    pub(in crate::tools) fn steps(&self) -> Option<Steps> {
        self.has_steps().then(|| Steps {
            sport: self.sport.clone(),
            workout: self.workout.clone(),
            prose: self.prose.clone(),
        })
    }

    pub(in crate::tools) fn has_steps(&self) -> bool {
        !self.workout.items.is_empty()
    }

    /// What intervals.icu reads the steps from.
    pub(in crate::tools) fn description(&self) -> String {
        described(&self.prose, &self.workout, &self.sport)
    }

    /// The fields of a new entry.
    pub(in crate::tools) fn fields(&self) -> EntryFields {
        let alone = !self.has_steps();
        EntryFields {
            category: Some("WORKOUT".to_owned()),
            start_date_local: Some(self.on.start()),
            sport: Some(self.sport.clone()),
            name: Some(self.name.clone()),
            description: Some(self.description()).filter(|text| !text.is_empty()),
            indoor: self.indoor.then_some(true),
            moving_time: self.secs.filter(|_| alone),
            icu_training_load: self.load.filter(|_| alone),
            tags: Some(self.tags.clone()).filter(|tags| !tags.is_empty()),
            color: self.color.clone(),
            ..EntryFields::default()
        }
    }

    /// The same for two entries that nobody could tell apart on the calendar: day, sport, name, steps, prose.
    pub(in crate::tools) fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [
            &self.on.start().to_string(),
            &self.sport,
            &same_name(&self.name),
            &self.description(),
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.finalize().into()
    }

    /// Of one that was written although another one stood there: so the same call again is told from the first of its kind.
    pub(in crate::tools) fn fingerprint_of_second(&self) -> [u8; 32] {
        Sha256::digest([&self.fingerprint()[..], b"second"].concat()).into()
    }

    pub(in crate::tools) fn place(&self) -> Place {
        place(self.indoor)
    }
}

/// A workout for one athlete, and what the checks say about it.
#[derive(Debug, Clone)]
pub(in crate::tools) struct Prepared {
    pub(in crate::tools) entry: Entry,
    /// In the order of the lines.
    pub(in crate::tools) problems: Vec<Problem>,
    /// The athlete's, for its sport.
    pub(in crate::tools) settings: Settings,
}

impl Prepared {
    /// The entry as far as others of its day need it, with how long it takes.
    pub(in crate::tools) fn as_event(&self) -> Event {
        let estimate = estimate::whole(&self.entry.workout, &self.entry.sport, &self.settings);
        let fields = EntryFields {
            moving_time: estimate.secs.or(self.entry.secs),
            ..self.entry.fields()
        };
        fields.as_event()
    }

    pub(in crate::tools) fn is_refused(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.severity == Severity::Refuse)
    }

    /// Why it is not written: `line 3: …; write …`.
    pub(in crate::tools) fn refusal(&self) -> String {
        let mut reasons: Vec<(&Problem, Vec<usize>)> = Vec::new();
        let refused = self
            .problems
            .iter()
            .filter(|problem| problem.severity == Severity::Refuse);
        for problem in refused {
            let same = |(other, _): &&mut (&Problem, Vec<usize>)| {
                (&other.why, &other.instead) == (&problem.why, &problem.instead)
            };
            match reasons.iter_mut().find(same) {
                Some((_, lines)) => lines.push(problem.line),
                None => reasons.push((problem, vec![problem.line])),
            }
        }
        let reasons = reasons.into_iter().map(|(problem, lines)| {
            let lines: Vec<String> = lines
                .into_iter()
                .filter(|line| *line > 0)
                .map(|line| line.to_string())
                .collect();
            let lines = match lines.len() {
                0 => String::new(),
                1 => format!("line {}: ", lines[0]),
                _ => format!("lines {}: ", lines.join(", ")),
            };
            format!("{lines}{}; {}", problem.why, problem.instead)
        });
        reasons.collect::<Vec<_>>().join(" | ")
    }
}

pub(in crate::tools) fn place(indoor: bool) -> Place {
    if indoor { Place::Indoors } else { Place::Outdoors }
}

/// Where an entry ends that is moved to `start`: by as many whole days later or earlier as it begins. A start time keeps the day
/// of its end, so that it never stands on one more day.
pub(in crate::tools) fn end_of(
    start: NaiveDateTime,
    before: NaiveDateTime,
    end: Option<NaiveDateTime>,
) -> Option<NaiveDateTime> {
    let days = start.date() - before.date();
    let end = end.and_then(|end| end.checked_add_signed(days));
    end.filter(|end| *end > start).or_else(|| end_after(start.date()))
}

/// The fields, with the start named as a time of day where both are of one day, and the kind of races as their priority.
pub(in crate::tools) fn precisely(
    mut names: Vec<&'static str>,
    own: &EntryFields,
    other: &EntryFields,
) -> Vec<&'static str> {
    if own.day() == other.day() {
        for name in names.iter_mut().filter(|name| **name == "start_date_local") {
            *name = "start_time";
        }
    }
    if own.as_event().is_race() && other.as_event().is_race() {
        for name in names.iter_mut().filter(|name| **name == "category") {
            *name = "priority";
        }
    }
    names
}

/// A name as people compare names: without case and doubled spaces.
pub(in crate::tools) fn same_name(name: &str) -> String {
    let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// Whether the entry has steps that are not in its text: they came from a file or a library.
pub(in crate::tools) fn is_from_file(held: &Held) -> bool {
    let text = held.fields.description.as_deref().unwrap_or_default();
    let doc = held.event.workout_doc.as_ref();
    doc.is_some_and(|doc| !doc.workout().items.is_empty())
        && parse(text, held.event.sport()).workout.items.is_empty()
}

/// The fields of an entry as an undo writes them: steps that came from a file or a library are text.
pub(in crate::tools) fn restorable(held: &Held) -> EntryFields {
    let mut fields = held.fields.clone();
    let sport = held.event.sport();
    if is_from_file(held) {
        let workout = held
            .event
            .workout_doc
            .as_ref()
            .map(|doc| doc.workout())
            .unwrap_or_default();
        let text = fields.description.as_deref().unwrap_or_default();
        fields.description = Some(described(&bulleted(text), &workout, sport));
    }
    fields
}

/// For an entry that another program wrote and an undo writes again.
pub(in crate::tools) const KEY_IS_LOST: &str = "NOT restored: the key by which the program that wrote it finds it, so that program may write it once more";

/// Whether another program wrote the entry and finds it by a key of its own.
pub(in crate::tools) fn is_of_another_program(fields: &EntryFields) -> bool {
    fields
        .external_id
        .as_ref()
        .is_some_and(|key| !key.starts_with(OUR_KEYS))
}

/// The fields in which an entry differs from a kept state; the text of steps that came from a file is no difference.
pub(in crate::tools) fn differing(kept: &EntryFields, held: &Held) -> Vec<&'static str> {
    let mut names = kept.differing(&held.fields);
    if kept.description == restorable(held).description {
        names.retain(|name| *name != "description");
    }
    names
}

/// The fields in which an entry is not as a change left it, without what upstream computes for it.
pub(in crate::tools) fn changed_since(left: &EntryFields, held: &Held) -> Vec<&'static str> {
    let event = &held.event;
    let has_steps = event.workout_doc.as_ref().is_some_and(|doc| doc.count() > 0);
    let mut names = differing(left, held);
    names.retain(|name| match *name {
        "external_id" => false,
        "end_date_local" => !event.is_workout(),
        "moving_time" => !has_steps && event.paired_with().is_none(),
        "distance" | "icu_training_load" => !has_steps,
        _ => true,
    });
    names
}

/// Characters of a tag.
const TAG: usize = 40;

/// The tags of an entry; None when left out.
pub(in crate::tools) fn tags(arguments: &Arguments) -> Result<Option<Vec<String>>, ToolError> {
    let tags = arguments.texts("tags")?;
    Ok(arguments
        .is_given("tags")
        .then(|| tags.into_iter().map(|tag| clean(tag, TAG)).collect()))
}

/// The colour of an entry; None when left out.
pub(in crate::tools) fn color(arguments: &Arguments) -> Result<Option<String>, ToolError> {
    let color = arguments.text("color")?;
    if color.as_deref().is_some_and(|color| !is_color(color)) {
        return Err(wrong(
            "color",
            "must be #rrggbb or a plain colour, such as red or orange",
        ));
    }
    Ok(color)
}

/// The plain colours among the names of CSS.
const COLORS: [&str; 28] = [
    "aqua",
    "black",
    "blue",
    "brown",
    "coral",
    "crimson",
    "cyan",
    "fuchsia",
    "gold",
    "gray",
    "green",
    "grey",
    "indigo",
    "lime",
    "magenta",
    "maroon",
    "navy",
    "olive",
    "orange",
    "pink",
    "purple",
    "red",
    "silver",
    "teal",
    "turquoise",
    "violet",
    "white",
    "yellow",
];

fn is_color(color: &str) -> bool {
    match color.strip_prefix('#') {
        Some(hex) => [3, 6, 8].contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit()),
        None => COLORS.contains(&color.to_lowercase().as_str()),
    }
}

/// What a sport must be.
pub(in crate::tools) const SPORTS: &str = "must be an intervals.icu type, such as Run, TrailRun, Ride, VirtualRide, Swim, WeightTraining, Yoga, Other";

/// The one sport that a word names: never guessed, but `run` is a Run.
pub(in crate::tools) fn sport_named(word: &str) -> Option<&'static str> {
    sports::meant_by(word).and_then(|sports| sports.first().copied())
}

/// Prose above steps, apart from each other.
pub(in crate::tools) fn described(prose: &str, workout: &Workout, sport: &str) -> String {
    let steps = render(workout, sport);
    let parts = [prose.trim(), &steps].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n\n")
}

/// Steps and prose that were written for a workout, checked for an athlete with these settings.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::tools) struct Written {
    pub(in crate::tools) workout: Workout,
    pub(in crate::tools) prose: String,
    /// In the order of the lines.
    pub(in crate::tools) problems: Vec<Problem>,
}

impl Written {
    /// Reads `text`, with `note` as prose above it.
    pub(in crate::tools) fn read(text: &str, note: &str, sport: &str, settings: &Settings) -> Self {
        let checked = check::text(text, sport, settings);
        let note = bulleted(note);
        let mut problems = checked.problems;
        let read = parse(&note, sport);
        if !read.workout.items.is_empty() || !visible(&read.prose).eq(visible(&note)) {
            problems.push(Problem {
                line: 0,
                severity: Severity::Refuse,
                why: "a line of the note would become a step or a repeat".to_owned(),
                instead: "write steps in text, and no line of the note like one".to_owned(),
            });
        }
        let prose = [note.trim(), checked.prose.trim()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("\n\n");
        Self {
            workout: checked.workout,
            prose,
            problems,
        }
    }
}

/// The lines that have anything to see.
fn visible(text: &str) -> impl Iterator<Item = &str> {
    lines(text).map(str::trim).filter(|line| !line.is_empty())
}

/// Whether intervals.icu would read the line as a heading of the steps below it, but not with a bullet. The heading of a
/// repeat stays one.
fn is_heading(line: &str) -> bool {
    let is_prose = |line: &str| !parse(line, "").prose.is_empty();
    !line.trim().is_empty() && !is_prose(line) && is_prose(&format!("• {line}"))
}

/// Prose with bullets instead of dashes, which intervals.icu would read as steps, and before lone words such as Warmup; a
/// rule is an empty line.
pub(in crate::tools) fn bulleted(prose: &str) -> String {
    let line = |line: &str| match line.trim_start().strip_prefix('-') {
        Some(rest) => match rest.trim_start_matches('-').trim() {
            "" => String::new(),
            rest => format!("• {rest}"),
        },
        None if is_heading(line) => format!("• {}", line.trim()),
        None => line.trim_end().to_owned(),
    };
    lines(prose).map(line).collect::<Vec<_>>().join("\n")
}

/// A safer way to write steps that intervals.icu read differently: repeats written out, without labels.
pub(in crate::tools) fn safer(workout: &Workout) -> Option<Workout> {
    use crate::workout::model::Item;
    let mut items = Vec::new();
    for item in &workout.items {
        match item {
            Item::Step(step) => items.push(step.clone()),
            Item::Repeat(repeat) => {
                for _ in 0..repeat.count {
                    items.extend(repeat.steps.iter().cloned());
                }
            }
            Item::Other(_) => return None,
        }
        if items.len() > check::MOST_LINES {
            return None;
        }
    }
    let items = items.into_iter().map(|mut step| {
        step.cue.clear();
        Item::Step(step)
    });
    let safer = Workout {
        items: items.collect(),
    };
    (safer != *workout).then_some(safer)
}

impl Entry {
    /// Whether the event has the steps in the form in which they are sent once more.
    pub(in crate::tools) fn is_safer_form(&self, event: &Event) -> bool {
        let there = event.workout_doc.as_ref().map(|doc| doc.workout());
        let safer = safer(&self.workout).zip(there);
        safer.is_some_and(|(safer, there)| differences(&safer, &there, &self.sport).is_empty())
    }
}

/// Whether nobody could tell the two apart: the same steps or, without any, the same words.
pub(in crate::tools) fn is_same(entry: &Entry, event: &Event) -> bool {
    let there = event
        .workout_doc
        .as_ref()
        .map(|doc| doc.workout())
        .unwrap_or_default();
    if !entry.has_steps() && there.items.is_empty() {
        let words = |text: &str| {
            let text = bulleted(text);
            text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        return words(&entry.prose) == words(event.description.as_deref().unwrap_or_default());
    }
    differences(&entry.workout, &there, &entry.sport).is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::workout::{
        model::Item,
        tests::{a_workout, settings},
    };

    /// Prose as people and models write it, with what could be read as something else.
    fn a_prose() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            3 => proptest::sample::select(vec![
                "", " ", "4x", "  3x", "Main set 4x", "0x", "4X", "Warmup", "warm-up:", "Cooldown", "Einfahren:", "-", "---",
                "- 10m Z2", " - 10m Z2", "- - 10m 80%", "-10m 80%", "–10m 80%", "• 5m 90%", "10m Z2 then home", "🚴 easy",
                "- [x] bring gels", "* 20m 95%", "• 4x", "-4x", "- 4x", "- Warmup", "# Plan", "a\u{2028}- 5m 90%", "\u{b}4x",
            ]).prop_map(str::to_owned),
            1 => "\\PC{0,20}",
            1 => "[-–•x0-9 mZ%]{0,10}",
        ];
        let end = proptest::sample::select(vec!["\n", "\r\n", "\r", "\n\n", "\u{85}"]);
        proptest::collection::vec((line, end), 0..8).prop_map(|lines| {
            lines
                .into_iter()
                .flat_map(|(line, end)| [line, end.to_owned()])
                .collect()
        })
    }

    /// Steps among prose.
    fn a_text() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            3 => proptest::sample::select(vec!["- 10m 60%", "- Easy 5m 70%", "4x", "Warmup", "", "- 30s maxeffort", "- 1km 90% Pace"])
                .prop_map(|line| format!("{line}\n")),
            1 => a_prose(),
        ];
        proptest::collection::vec(line, 0..8).prop_map(|lines| lines.concat())
    }

    fn a_sport() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(vec!["Ride", "Run", "Swim", "WeightTraining"])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn steps_below_any_prose_are_read_back(prose in a_prose(), workout in a_workout(), sport in a_sport()) {
            let text = described(&bulleted(&prose), &workout, sport);
            prop_assert_eq!(parse(&text, sport).workout, workout.canonical(), "{}", text);
        }

        #[test]
        fn what_is_not_refused_comes_back_whole(note in a_prose(), text in a_text(), sport in a_sport()) {
            let written = Written::read(&text, &note, sport, &settings(sport));
            if written.problems.iter().all(|problem| problem.severity != Severity::Refuse) {
                let sent = described(&written.prose, &written.workout, sport);
                let read = parse(&sent, sport);
                prop_assert_eq!(&read.workout, &written.workout.canonical(), "{}", sent);
                prop_assert!(visible(&read.prose).eq(visible(&written.prose)), "{sent}");
            }
        }

        #[test]
        fn bullets_are_set_once(prose in a_prose()) {
            let once = bulleted(&prose);
            prop_assert!(visible(&bulleted(&once)).eq(visible(&once)), "{once}");
            prop_assert!(parse(&once, "Ride").workout.items.is_empty(), "{once}");
        }

        #[test]
        fn a_safer_form_has_the_same_efforts_in_the_same_order(workout in a_workout()) {
            if let Some(safer) = safer(&workout) {
                let items = safer.items.iter().all(|item| matches!(item, Item::Step(step) if step.cue.is_empty()));
                prop_assert!(items);
                let count = |item: &Item| match item {
                    Item::Repeat(repeat) => repeat.steps.len() * repeat.count as usize,
                    _ => 1,
                };
                prop_assert_eq!(safer.items.len(), workout.items.iter().map(count).sum::<usize>());
                prop_assert_eq!(super::safer(&safer), None);
            }
        }
    }

    #[test]
    fn a_note_keeps_its_words_and_never_becomes_steps() {
        let read = |note: &str| Written::read("- 10m 60%", note, "Ride", &settings("Ride"));
        let kept = read("Warmup\r\n- 20m Z2 alone\n---\nWeekly plan 🚴");
        assert_eq!(kept.prose, "• Warmup\n• 20m Z2 alone\n\nWeekly plan 🚴");
        assert_eq!(kept.problems, []);
        let refused = read("Do this\n4x");
        assert!(
            refused
                .problems
                .iter()
                .any(|problem| problem.why.contains("a repeat"))
        );
    }

    #[test]
    fn nobody_tells_entries_of_one_fingerprint_apart() {
        let entry = |name: &str, text: &str, time: Option<&str>| Entry {
            sport: "Ride".to_owned(),
            on: Moment {
                day: "2026-12-03".parse().unwrap(),
                time: time.map(|time| time.parse().unwrap()),
            },
            name: name.to_owned(),
            workout: parse(text, "Ride").workout,
            prose: String::new(),
            load: None,
            secs: None,
            indoor: false,
            tags: Vec::new(),
            color: None,
        };
        let one = entry("Tempo  ride", "- 10m 60%", None).fingerprint();
        assert_eq!(
            entry("tempo ride", "- 600s 60%", Some("00:00:00")).fingerprint(),
            one
        );
        for other in [
            entry("Tempo", "- 10m 60%", None),
            entry("Tempo ride", "- 11m 60%", None),
            entry("Tempo ride", "- 10m 60%", Some("07:00:00")),
        ] {
            assert_ne!(other.fingerprint(), one, "{other:?}");
        }
        let alone = entry("Yoga", "", None);
        assert!(alone.steps().is_none() && alone.fields().description.is_none());
    }
}
