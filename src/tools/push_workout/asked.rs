//! The arguments of push_workout: what each workout is, and what has no business on a calendar.

use crate::{
    intervals::model::{self, Folder, positive},
    tool_error::ToolError,
    tools::{
        arguments::{Arguments, Moment, in_row, wrong},
        library,
        params::Param,
        writing::entry::{self, Entry, NAME, NOTE, Prepared, Written},
    },
    workout::{
        Problem, Severity,
        check::{self, MOST_CHARS},
    },
};

/// Workouts of one call for one athlete.
pub(super) const MOST_WORKOUTS: usize = 28;
/// A planned load.
const LOADS: (f64, f64) = (1.0, 2000.0);
/// Minutes of a workout without steps.
const MINUTES: (f64, f64) = (1.0, 1440.0);

pub(super) const PARAMS: &[Param] = &[
    Param::rows("workouts", WORKOUT, MOST_WORKOUTS, "").required(),
    Param::flag("preview", "Show what would be written, and write nothing"),
    Param::flag("partial", "Write the valid ones even if others are refused"),
    Param::flag(
        "allow_duplicate",
        "Also where that day has one of this name and sport",
    ),
    Param::text("confirm", 40, "Token of the preview, for several athletes"),
];

const WORKOUT: &[Param] = &[
    Param::text(
        "sport",
        40,
        "Run, Ride, Swim, WeightTraining … or another intervals.icu type",
    )
    .required(),
    Param::day(
        "date",
        "Athlete's local day, best with its weekday: 2026-12-03 Thu; a start time may follow: 07:00",
    )
    .required(),
    Param::text(
        "name",
        NAME,
        "Short, kind first; it becomes the activity's public title",
    )
    .required(),
    Param::lines("text", MOST_CHARS, "The steps; leave out for prose only"),
    Param::text("template", 100, "Instead of text: a library workout"),
    Param::lines("note", NOTE, "Prose above the steps"),
    Param::number("load", LOADS, "Planned load, without steps only"),
    Param::number("minutes", MINUTES, "Planned time, without steps only"),
    Param::flag("indoor", ""),
    Param::texts("tags", 10, "must be a list of up to 10 tags", ""),
    Param::text("color", 20, "As #rrggbb or a colour's name"),
];

/// One workout as it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub(super) sport: &'static str,
    pub(super) on: Moment,
    pub(super) name: String,
    pub(super) text: String,
    /// A workout of the library that has the text.
    pub(super) template: Option<String>,
    pub(super) note: String,
    /// Only without steps: upstream computes it from these.
    pub(super) load: Option<f64>,
    /// s; only without steps.
    pub(super) secs: Option<f64>,
    pub(super) indoor: bool,
    pub(super) tags: Vec<String>,
    pub(super) color: Option<String>,
}

/// The call's arguments.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) workouts: Vec<Wanted>,
    pub(super) preview: bool,
    pub(super) partial: bool,
    pub(super) allow_duplicate: bool,
    pub(super) confirm: Option<String>,
}

impl Asked {
    pub(super) fn read(arguments: &Arguments) -> Result<Self, ToolError> {
        let rows = arguments.rows("workouts")?;
        let workouts = rows
            .iter()
            .enumerate()
            .map(|(at, row)| Wanted::read(row).map_err(|error| in_row("workouts", at, &error)));
        Ok(Self {
            workouts: workouts.collect::<Result<_, _>>()?,
            preview: arguments.flag("preview")?,
            partial: arguments.flag("partial")?,
            allow_duplicate: arguments.flag("allow_duplicate")?,
            confirm: arguments.text("confirm")?,
        })
    }
}

impl Wanted {
    /// The same with the steps and words of the template that it names, if it names one, from this library.
    pub(super) fn with_template(self, folders: &[Folder]) -> Result<Self, ToolError> {
        let Some(named) = &self.template else {
            return Ok(self);
        };
        if !self.text.trim().is_empty() {
            return Err(wrong("template", "must not be given beside text"));
        }
        let all: Vec<&Folder> = folders.iter().collect();
        let (_, template) = library::workout(&all, named)?;
        let event = &template.event;
        let no_steps = event.workout_doc.as_ref().is_none_or(|doc| doc.count() == 0);
        Ok(Self {
            text: library::text(template),
            load: self
                .load
                .or(positive(event.icu_training_load).filter(|_| no_steps)),
            secs: self.secs.or(positive(event.moving_time).filter(|_| no_steps)),
            tags: if self.tags.is_empty() {
                event.tags.clone().unwrap_or_default()
            } else {
                self.tags
            },
            indoor: self.indoor || event.indoor == Some(true),
            ..self
        })
    }

    /// Reads its text with the athlete's settings.
    pub(super) fn prepare(&self, profile: &model::Athlete) -> Prepared {
        let settings = profile.settings_for(self.sport);
        let written = Written::read(&self.text, &self.note, self.sport, &settings);
        let mut problems = written.problems;
        problems.extend(check::name(&self.name));
        if !written.workout.items.is_empty() && (self.load.is_some() || self.secs.is_some()) {
            problems.push(Problem {
                line: 0,
                severity: Severity::Warn,
                why: "intervals.icu computes time and load from the steps".to_owned(),
                instead: "load and minutes were left out".to_owned(),
            });
        }
        let is_empty = written.workout.items.is_empty() && written.prose.is_empty();
        if is_empty && self.load.is_none() && self.secs.is_none() {
            problems.push(Problem {
                line: 0,
                severity: Severity::Warn,
                why: "nothing but a name: no steps, note, time or load".to_owned(),
                instead: "edit_workout can add them".to_owned(),
            });
        }
        Prepared {
            entry: Entry {
                sport: self.sport.to_owned(),
                on: self.on,
                name: self.name.clone(),
                workout: written.workout,
                prose: written.prose,
                load: self.load,
                secs: self.secs,
                indoor: self.indoor,
                tags: self.tags.clone(),
                color: self.color.clone(),
            },
            problems,
            settings,
        }
    }

    fn read(row: &Arguments) -> Result<Self, ToolError> {
        let needed = |name: &str| wrong(name, "must be given");
        let sport = row.text("sport")?.ok_or_else(|| needed("sport"))?;
        Ok(Self {
            sport: sport_named(&sport)?,
            on: row.day_to_plan("date")?.ok_or_else(|| needed("date"))?,
            name: row.name("name")?.ok_or_else(|| needed("name"))?,
            text: row.lines("text")?.unwrap_or_default(),
            template: row.text("template")?,
            note: row.lines("note")?.unwrap_or_default(),
            load: row.number("load")?,
            secs: row.number("minutes")?.map(|minutes| (minutes * 60.0).round()),
            indoor: row.flag("indoor")?,
            tags: entry::tags(row)?.unwrap_or_default(),
            color: entry::color(row)?,
        })
    }
}

/// The sport of the argument.
fn sport_named(word: &str) -> Result<&'static str, ToolError> {
    entry::sport_named(word).ok_or_else(|| wrong("sport", entry::SPORTS))
}
