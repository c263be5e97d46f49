//! Whether a plan was done, and by which activity.

use std::collections::HashSet;

use chrono::NaiveDate;

use crate::{
    intervals::model::{Activity, Event},
    text::clean,
    tools::{answer::units, part::Part},
    training::plan::{self, MatchedBy},
};

/// The state of an event.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct WorkoutState {
    /// For the table; empty when there is nothing to say yet.
    pub(super) words: String,
    /// Nothing left to do.
    pub(super) settled: bool,
    /// Shown as missed.
    pub(super) missed: bool,
    /// In the past, and activities were not read.
    pub(super) not_paired: bool,
    /// The activity that did it, by its index in the list.
    pub(super) activity: Option<usize>,
}

/// The state of each event on `today`, in the order of the events.
pub(super) fn states(events: &[&Event], done: &Part<Vec<Activity>>, today: NaiveDate) -> Vec<WorkoutState> {
    let activities = done.got().map_or(&[][..], Vec::as_slice);
    let ties = ties(events, activities);
    let closed: HashSet<NaiveDate> = activities
        .iter()
        .filter(|activity| activity.is_closed_by_strava())
        .filter_map(Activity::day)
        .collect();
    events
        .iter()
        .zip(ties)
        .map(|(event, tie)| state(event, tie, (activities, &closed), done, today))
        .collect()
}

fn ties(events: &[&Event], activities: &[Activity]) -> Vec<Option<(usize, MatchedBy)>> {
    let to_do: Vec<usize> = (0..events.len()).filter(|&at| events[at].is_to_do()).collect();
    let planned: Vec<plan::Planned<'_>> = to_do
        .iter()
        .filter_map(|&at| {
            Some(plan::Planned {
                id: events[at].id,
                day: events[at].day()?,
                sport: events[at].sport.as_deref().unwrap_or_default(),
                secs: units::sane(events[at].moving_time),
                activity: events[at].paired_with(),
            })
        })
        .collect();
    let (places, dones): (Vec<usize>, Vec<plan::Done<'_>>) = activities
        .iter()
        .enumerate()
        .filter_map(|(at, activity)| {
            let done = plan::Done {
                id: activity.id.as_deref()?,
                day: activity.day()?,
                sport: activity.sport(),
                secs: units::sane(activity.moving_time),
                event: activity.paired_event_id.filter(|id| *id > 0),
            };
            Some((at, done))
        })
        .unzip();
    let mut ties = vec![None; events.len()];
    // Rows without a day are not in the range, so each event of `to_do` has an entry in `planned`.
    if planned.len() == to_do.len() {
        for (at, tie) in to_do.into_iter().zip(plan::matched(&planned, &dones)) {
            ties[at] = tie.map(|(which, how)| (places[which], how));
        }
    }
    ties
}

fn state(
    event: &Event,
    tie: Option<(usize, MatchedBy)>,
    (activities, closed): (&[Activity], &HashSet<NaiveDate>),
    done: &Part<Vec<Activity>>,
    today: NaiveDate,
) -> WorkoutState {
    if !event.is_to_do() {
        return WorkoutState::default();
    }
    if let Some((at, how)) = tie {
        return WorkoutState {
            words: by(&activities[at], how),
            settled: true,
            activity: Some(at),
            ..WorkoutState::default()
        };
    }
    if let Some(id) = event.paired_with() {
        return WorkoutState {
            words: format!("done {}", clean(id, 24)),
            settled: true,
            ..WorkoutState::default()
        };
    }
    let Some(day) = event.day().filter(|day| *day < today) else {
        return WorkoutState::default();
    };
    match (done, closed.contains(&day)) {
        (Part::Got(_), true) => WorkoutState {
            words: "unclear: an activity that day is closed by Strava".to_owned(),
            settled: true,
            ..WorkoutState::default()
        },
        (Part::Got(_), false) => WorkoutState {
            words: "missed".to_owned(),
            settled: true,
            missed: true,
            ..WorkoutState::default()
        },
        _ => WorkoutState {
            words: "not paired".to_owned(),
            settled: true,
            not_paired: true,
            ..WorkoutState::default()
        },
    }
}

/// `done 1:16, load 79, 99 % of plan, i188800101`
fn by(activity: &Activity, how: MatchedBy) -> String {
    let id = clean(activity.id.as_deref().unwrap_or_default(), 24);
    if activity.is_closed_by_strava() {
        return format!("done {id} (closed by Strava)");
    }
    let mut words = Vec::new();
    let mut add = |text: String, before: &str, after: &str| {
        if !text.is_empty() {
            words.push(format!("{before}{text}{after}"));
        }
    };
    add(units::hours_minutes(activity.moving_time), "", "");
    add(units::whole(activity.icu_training_load), "load ", "");
    let compliance = activity
        .compliance
        .filter(|percent| how == MatchedBy::Paired && *percent > 0.0);
    add(units::whole(compliance), "", " % of plan");
    add(id, "", "");
    let unpaired = if how == MatchedBy::SameDay {
        " (not paired)"
    } else {
        ""
    };
    format!("done {}{unpaired}", words.join(", "))
}
