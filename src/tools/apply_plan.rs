//! apply_plan: the workouts of a training plan onto the calendar of one athlete or of several, after a preview of every day.
//!
//! Texts are read from the library and checked again with the thresholds of each who receives them, then sent as push_workout sends
//! them. One request for the library (`GET /athlete/{id}/folders`), one for each athlete's settings, and those of
//! [`super::writing::push`].

use chrono::{Days, NaiveDate, NaiveTime};
use futures::future::join_all;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{
    Answer, Run, Source, Target, Tool,
    answer::{
        counted, units,
        words::{joined, listed},
    },
    arguments::{Arguments, Moment, wrong},
    library,
    params::Param,
    writing::{
        entry::{Entry, Prepared, Written},
        push::{Push, several},
    },
};
use crate::{
    guard::Ask,
    intervals::model::{Folder, Template, positive},
    permissions,
    tool_error::ToolError,
    training::weeks,
    workout::{Problem, Severity},
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::APPLY_PLAN,
    description: "Puts a training plan of the library on the calendar: first a preview of every day with what stands there, and a \
        token; with confirm it is written. Each text is checked with the thresholds of who gets it. At most 120 workouts an athlete.",
    params: PARAMS,
    requests: "6–8 an athlete, 1 for the library",
    run: Run::WriteFrom(|source, targets, given| Box::pin(apply(source, targets, given))),
};

const PARAMS: &[Param] = &[
    Param::text("plan", 100, "Name or id of the plan").required(),
    Param::day("start", "Monday on which its first applied week begins").required(),
    Param::text("weeks", 12, "Which of its weeks: 1-4, or 3. Default: all"),
    Param::text("confirm", 40, "Token of the preview"),
];

/// Workouts for one athlete, and for all of a call.
const MOST: usize = 120;
const MOST_OF_ALL: usize = 300;
/// Names in a line about what is left out.
const NAMED: usize = 6;

/// The workouts of a plan on their days.
struct Planned<'a> {
    folder: &'a Folder,
    /// The first and the last of its weeks, from 1.
    weeks: (i64, i64),
    workouts: Vec<(NaiveDate, &'a Template)>,
    /// What has no place on the calendar, a line each.
    left_out: Vec<String>,
}

async fn apply(source: Source, targets: Vec<Target>, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let from = source.ask.map_err(|error| {
        if targets.len() > 1 || targets.first().is_some_and(|target| target.name != source.name) {
            error.under(&format!(
                "The plan is to come from the library of {}.",
                source.name
            ))
        } else {
            error
        }
    })?;
    let arguments = Arguments::new(given.clone(), PARAMS, from.today())?;
    let start = arguments
        .day_to_plan("start")?
        .ok_or_else(|| wrong("start", "must be given"))?;
    let chosen = arguments
        .text("weeks")?
        .map(|text| weeks_named(&text))
        .transpose()?;
    let token = arguments.text("confirm")?;
    let named = arguments
        .text("plan")?
        .ok_or_else(|| wrong("plan", "must be given"))?;
    let folders = from.upstream.library().await?;
    let plan = Planned::of(library::folder(&folders, &named)?, start.day, chosen)?;
    plan.fits(targets.len())?;
    let about = plan.in_words(&source.name, &from, &targets);
    let pushes = join_all(targets.iter().map(|target| async {
        let granted = target.granted.as_ref().map_err(Clone::clone)?;
        let push = plan.push(granted.ask(), (targets.len(), &about)).await?;
        Ok((granted, push))
    }))
    .await;
    // The token is for these workouts as they are in the library now.
    let mut what = several::confirmed(&given, &targets);
    what.extend(plan.hash(from.card.id.as_str()));
    several::push(&targets, &pushes, &what, token.as_deref()).await
}

/// `1-4`, `3`: the first and the last week.
fn weeks_named(text: &str) -> Result<(i64, i64), ToolError> {
    let number = |text: &str| text.trim().trim_start_matches(['W', 'w']).parse::<i64>().ok();
    let (first, last) = match text.split_once(['-', '–']) {
        Some((first, last)) => (number(first), number(last)),
        None => (number(text), number(text)),
    };
    match (first, last) {
        (Some(first), Some(last)) if 1 <= first && first <= last => Ok((first, last)),
        _ => Err(wrong("weeks", "must be weeks of the plan, such as 1-4 or 3")),
    }
}

impl<'a> Planned<'a> {
    fn of(folder: &'a Folder, start: NaiveDate, chosen: Option<(i64, i64)>) -> Result<Self, ToolError> {
        if !folder.is_plan() {
            return Err(ToolError::Input(format!(
                "Not done: {} is no training plan, so its workouts have no days. push_workout plans them one by one.",
                library::folder_in_words(folder)
            )));
        }
        if weeks::monday(start) != start {
            let (before, after) = (weeks::monday(start), weeks::monday(start) + Days::new(7));
            return Err(wrong(
                "start",
                &format!(
                    "must be a Monday, because the weeks of a plan begin on one: {} or {}",
                    units::date(before),
                    units::date(after)
                ),
            ));
        }
        let all = library::weeks(folder).unwrap_or(0);
        let (first, last) = chosen.unwrap_or((1, all.max(1)));
        if first > all {
            return Err(wrong(
                "weeks",
                &format!("must be among the weeks of the plan, which has {all}"),
            ));
        }
        let last = last.min(all);
        let (mut workouts, mut left_out) = (Vec::new(), Vec::new());
        let mut without = |why: &str, templates: Vec<String>| {
            if !templates.is_empty() {
                left_out.push(format!("Left out, {why}: {}.", listed(&templates, NAMED)));
            }
        };
        let (mut for_weeks, mut sportless, mut dayless) = (Vec::new(), Vec::new(), Vec::new());
        for template in &folder.templates {
            let name = library::workout_in_words(template);
            let Some(day) = template.day.filter(|day| *day >= 0) else {
                dayless.push(name);
                continue;
            };
            if !(first..=last).contains(&(day / 7 + 1)) {
                continue;
            }
            let offset = u64::try_from(day - (first - 1) * 7).unwrap_or_default();
            let date = start.checked_add_days(Days::new(offset));
            match date {
                _ if template.for_week => for_weeks.push(name),
                _ if template.event.sport().is_empty() => sportless.push(name),
                Some(date) => workouts.push((date, template)),
                None => dayless.push(name),
            }
        }
        without("for a whole week and no day of it", for_weeks);
        without("without a sport", sportless);
        without("without a day in the plan", dayless);
        workouts.sort_by_key(|(day, template)| (*day, template.id));
        if workouts.is_empty() {
            return Err(ToolError::Input(joined(
                std::iter::once(format!(
                    "Not done: nothing of {} has a day in these weeks.",
                    library::folder_in_words(folder)
                ))
                .chain(left_out),
                "\n",
            )));
        }
        Ok(Self {
            folder,
            weeks: (first, last),
            workouts,
            left_out,
        })
    }

    /// An error with the weeks to ask for if these are too many for one call.
    fn fits(&self, athletes: usize) -> Result<(), ToolError> {
        let most = MOST.min(MOST_OF_ALL / athletes.max(1));
        if self.workouts.len() <= most {
            return Ok(());
        }
        let week_of = |template: &Template| template.day.unwrap_or_default() / 7 + 1;
        let mut parts: Vec<(i64, i64, usize)> = Vec::new();
        for week in self.weeks.0..=self.weeks.1 {
            let count = self
                .workouts
                .iter()
                .filter(|(_, template)| week_of(template) == week)
                .count();
            match parts.last_mut() {
                Some(part) if part.2 + count <= most => *part = (part.0, week, part.2 + count),
                _ => parts.push((week, week, count)),
            }
        }
        let start = self
            .workouts
            .first()
            .map_or(NaiveDate::MIN, |(day, _)| weeks::monday(*day));
        let calls = parts.iter().map(|(first, last, _)| {
            let weeks = u64::try_from(first - self.weeks.0).unwrap_or_default();
            format!(
                "weeks {first}-{last} with start {}",
                units::date(start + Days::new(7 * weeks))
            )
        });
        Err(ToolError::Input(format!(
            "Not done: {} for {} are more than {MOST} an athlete or {MOST_OF_ALL} in one call. Ask in parts: {}.",
            counted(self.workouts.len(), "workout", "workouts"),
            counted(athletes, "athlete", "athletes"),
            joined(calls, "; ")
        )))
    }

    /// `plan «Base» of Ana Berger, weeks 1–4`
    fn in_words(&self, owner: &str, from: &Ask, targets: &[Target]) -> String {
        let of = match targets {
            [only] if only.name == owner && !from.card.is_for_coach() => String::new(),
            _ => format!("of {owner}"),
        };
        let weeks = match self.weeks {
            (first, last) if first == last => format!("week {first}"),
            (first, last) => format!("weeks {first}–{last}"),
        };
        joined(
            [
                joined(["plan", &library::folder_name(self.folder), &of], " "),
                weeks,
            ],
            ", ",
        )
    }

    /// What a token is for.
    fn hash(&self, owner: &str) -> [u8; 32] {
        let workouts: Vec<_> = self
            .workouts
            .iter()
            .map(|(day, template)| (day.to_string(), template.id, &template.values))
            .collect();
        Sha256::digest(serde_json::to_vec(&(owner, self.folder.id, workouts)).unwrap_or_default()).into()
    }

    /// The workouts for one athlete, checked with the athlete's own settings. One request.
    async fn push(&self, ask: &Ask, (athletes, about): (usize, &str)) -> Result<Push, ToolError> {
        let profile = ask.upstream.profile().await?;
        let all = self.workouts.iter();
        let (over, to_come): (Vec<&(NaiveDate, &Template)>, Vec<_>) =
            all.partition(|(day, _)| *day < ask.today());
        let prepared: Vec<Prepared> = to_come
            .into_iter()
            .map(|(day, template)| prepared(template, *day, &profile))
            .collect();
        if prepared.is_empty() {
            return Err(ToolError::Input(
                "Not done: every day of these weeks is over. Choose a later start.".to_owned(),
            ));
        }
        let mut left_out = self.left_out.clone();
        if !over.is_empty() {
            left_out.push(format!(
                "Left out, their days are over: {}.",
                counted(over.len(), "workout", "workouts")
            ));
        }
        Ok(Push {
            prepared,
            profile,
            athletes,
            allow_duplicate: false,
            about: about.to_owned(),
            left_out,
            is_short: true,
        })
    }
}

/// A workout of the library for this day, checked with these settings.
fn prepared(template: &Template, day: NaiveDate, profile: &crate::intervals::model::Athlete) -> Prepared {
    let event = &template.event;
    let sport = event.sport();
    let settings = profile.settings_for(sport);
    let written = Written::read(&library::text(template), "", sport, &settings);
    let mut problems = written.problems;
    if library::is_from_file(template) {
        problems.push(Problem {
            line: 0,
            severity: Severity::Warn,
            why: "its steps came from a file".to_owned(),
            instead: "they are sent as text".to_owned(),
        });
    }
    let has_steps = !written.workout.items.is_empty();
    let time = template.values.text("time").parse::<NaiveTime>().ok();
    Prepared {
        entry: Entry {
            sport: sport.to_owned(),
            on: Moment { day, time },
            name: event.name.clone().unwrap_or_else(|| sport.to_owned()),
            workout: written.workout,
            prose: written.prose,
            // intervals.icu computes both from steps.
            load: positive(event.icu_training_load).filter(|_| !has_steps),
            secs: positive(event.moving_time).filter(|_| !has_steps),
            indoor: event.indoor == Some(true),
            tags: event.tags.clone().unwrap_or_default(),
            color: Some(template.values.text("color").to_owned()).filter(|color| !color.is_empty()),
        },
        problems,
        settings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_are_one_or_a_range() {
        for (text, found) in [
            ("3", Some((3, 3))),
            ("1-4", Some((1, 4))),
            ("W2–w3", Some((2, 3))),
            (" 2 - 5 ", Some((2, 5))),
        ] {
            assert_eq!(weeks_named(text).ok(), found, "{text}");
        }
        for odd in ["", "0", "4-1", "a", "1-", "-3", "1.5"] {
            assert!(weeks_named(odd).is_err(), "{odd}");
        }
    }
}
