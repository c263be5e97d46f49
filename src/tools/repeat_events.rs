//! repeat_events: planned workouts copied to later weeks, after a preview.
//!
//! Two requests, for what is copied and for the athlete's settings, and those of [`super::writing::push`].

use chrono::Days;
use serde_json::{Map, Value};

use super::{
    Answer, Run, Target, Tool,
    answer::{counted, words::joined},
    arguments::{Arguments, Moment, Range, wrong},
    params::Param,
    writing::{
        entry::{self, Entry, Prepared, Written},
        find::{DATE, ENTRY_NAME, ID, Meant, Reader},
        push::{Push, several},
    },
};
use crate::{
    guard::{Ask, Granted},
    intervals::model::{self, Held, positive},
    permissions,
    tool_error::ToolError,
    training::weeks,
    workout::text::parse,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::REPEAT_EVENTS,
    description: "Copies a planned workout (id, or date and name), or all workouts of the week that has the day week, to later weeks: \
        first a preview with a token, then, with confirm, the copies.",
    params: PARAMS,
    requests: "5–8",
    run: Run::Write(|granted, given| Box::pin(repeat(granted, given))),
};

/// Copies of each.
const MOST_COPIES: usize = 12;
/// Weeks between two copies.
const MOST_APART: usize = 8;
/// Workouts that one call writes.
const MOST: usize = 120;

const PARAMS: &[Param] = &[
    ID,
    DATE,
    ENTRY_NAME,
    Param::day("week", "Instead: a day of the week to copy"),
    Param::count("times", 1, MOST_COPIES, "Copies"),
    Param::count("weeks_apart", 1, MOST_APART, "Weeks from one copy to the next"),
    Param::text("confirm", 40, "Token of the preview"),
];

async fn repeat(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let arguments = Arguments::new(given.clone(), PARAMS, ask.today())?;
    let (times, apart) = (arguments.count("times")?, arguments.count("weeks_apart")?);
    let token = arguments.text("confirm")?;
    let originals = originals(ask, &arguments).await?;
    if originals.len() * times > MOST {
        return Err(ToolError::Input(format!(
            "Not done: {} copied {times} times are more than {MOST} in one call. Ask for fewer copies.",
            counted(originals.len(), "workout", "workouts")
        )));
    }
    let profile = ask.upstream.profile().await?;
    let mut prepared = Vec::new();
    for copy in 1..=times {
        let later = Days::new(u64::try_from(7 * apart * copy).unwrap_or_default());
        for held in &originals {
            let start = held
                .event
                .start_date_local
                .and_then(|start| start.checked_add_days(later));
            let on = start
                .map(Moment::of)
                .ok_or_else(|| wrong("times", "must end before the calendar does"))?;
            if on.day < ask.today() {
                return Err(ToolError::Input(
                    "Not done: a copy would be on a day that is over. Copies go to today or later."
                        .to_owned(),
                ));
            }
            prepared.push(copied(held, on, &profile));
        }
    }
    let push = Push {
        prepared,
        profile,
        athletes: 1,
        allow_duplicate: false,
        about: format!(
            "{} copied {}",
            counted(originals.len(), "workout", "workouts"),
            counted(times, "time", "times")
        ),
        left_out: Vec::new(),
        is_short: true,
    };
    let target = Target {
        name: ask.card.name.clone(),
        granted: Ok(granted),
    };
    let targets = [target];
    let pushes: Vec<several::PushOf<'_>> = targets
        .iter()
        .filter_map(|target| target.granted.as_ref().ok())
        .zip([push])
        .map(Ok)
        .collect();
    let what = several::confirmed(&given, &targets);
    several::push(&targets, &pushes, &what, token.as_deref()).await
}

/// The workouts to copy. One request.
async fn originals(ask: &Ask, arguments: &Arguments) -> Result<Vec<Held>, ToolError> {
    let week = arguments.planned_day("week")?.map(|moment| moment.day);
    match (Meant::read(arguments)?, week) {
        (Some(_), Some(_)) => Err(wrong("week", "must not be given beside an entry")),
        (None, None) => Err(wrong("id", "must be given, or date and name, or week")),
        (Some(meant), None) => {
            let held = meant.find(ask, Reader::Showing(ask)).await?;
            if held.event.is_workout() {
                Ok(vec![held])
            } else {
                Err(ToolError::Input(
                    "Not done: only planned workouts are copied. push_event puts races, notes and the like on several days."
                        .to_owned(),
                ))
            }
        }
        (None, Some(day)) => {
            let days = Range {
                oldest: weeks::monday(day),
                newest: weeks::sunday(day),
            };
            let mut found = Reader::Showing(ask).on(days).await?;
            found.retain(|held| held.event.is_workout());
            if found.is_empty() {
                return Err(ToolError::Input(joined(
                    ["Not done: no workout is planned in the week", &days.in_words()],
                    " ",
                )));
            }
            Ok(found)
        }
    }
}

/// The same workout on another day, checked again with the athlete's settings.
fn copied(held: &Held, on: Moment, profile: &model::Athlete) -> Prepared {
    let event = &held.event;
    let sport = event.sport();
    let settings = profile.settings_for(sport);
    let fields = entry::restorable(held);
    let text = fields.description.as_deref().unwrap_or_default();
    let written = Written::read(text, "", sport, &settings);
    let has_steps = !parse(text, sport).workout.items.is_empty();
    Prepared {
        entry: Entry {
            sport: sport.to_owned(),
            on,
            name: event.name.clone().unwrap_or_default(),
            workout: written.workout,
            prose: written.prose,
            load: positive(event.icu_training_load).filter(|_| !has_steps),
            secs: positive(event.moving_time).filter(|_| !has_steps),
            indoor: event.indoor == Some(true),
            tags: fields.tags.clone().unwrap_or_default(),
            color: fields.color.clone().filter(|color| !color.is_empty()),
        },
        problems: written.problems,
        settings,
    }
}
