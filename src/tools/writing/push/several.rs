//! Workouts for one or several athletes, with a preview and a token first.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::{Map, Value, json};

use super::{Previewed, Push, Seen};
use crate::{
    guard::{Granted, journal::Noted},
    tool_error::ToolError,
    tools::{
        Answer, Target,
        answer::{counted, words::joined},
        writing::said::no_token,
    },
    words::Outcome,
};

/// Workouts for one athlete and the right to write them, or why there is none.
pub(in crate::tools) type PushOf<'a> = Result<(&'a Granted, Push), ToolError>;

/// Workouts for each of these athletes: a preview with a token that confirms `what` first, then, with the token, the writes, each with
/// an outcome of its own.
pub(in crate::tools) async fn push(
    targets: &[Target],
    pushes: &[PushOf<'_>],
    what: &[u8],
    token: Option<&str>,
) -> Result<Answer, ToolError> {
    let Some((first, _)) = pushes.iter().find_map(|push| push.as_ref().ok()) else {
        // Nobody can be written for: the arguments are wrong, or nobody granted it.
        let errors = pushes.iter().filter_map(|push| push.as_ref().err());
        return Err(several_errors(targets.iter().zip(errors.cloned()).collect()));
    };
    match token {
        Some(token) => {
            let Some(seen) = first.journal().confirm(token, what).await? else {
                return Err(no_token());
            };
            write(targets, pushes, &seen).await
        }
        None => preview(targets, pushes, first, what).await,
    }
}

/// Writes for each athlete who was in the preview; `seen` is what that was made from.
async fn write(targets: &[Target], plans: &[PushOf<'_>], seen: &[u8]) -> Result<Answer, ToolError> {
    let seen: BTreeMap<String, Seen> = serde_json::from_slice(seen).unwrap_or_default();
    let seen = &seen;
    let outcomes = join_all(plans.iter().map(|plan| async move {
        let (granted, plan) = plan.as_ref().map_err(Clone::clone)?;
        let Some(seen) = seen.get(granted.ask().card.id.as_str()) else {
            return Err(ToolError::Input(
                "Not written: the preview had no answer for this athlete. Call again for a new preview."
                    .to_owned(),
            ));
        };
        plan.write(granted, Some(*seen)).await
    }))
    .await;
    note(targets, &outcomes);
    let failed = outcomes
        .iter()
        .find_map(|outcome| outcome.as_ref().err().cloned());
    let came_true = outcomes.iter().any(Result::is_ok);
    let answer = each(targets, outcomes);
    match failed {
        Some(error) if !came_true => Err(error.saying(&answer.text)),
        _ => Ok(answer),
    }
}

/// Notes for each athlete's log how it ended, and whether the connection was refused.
fn note(targets: &[Target], outcomes: &[Result<Answer, ToolError>]) {
    for (target, outcome) in targets.iter().zip(outcomes) {
        if let Ok(granted) = &target.granted {
            granted.journal().note(Noted::Ended(ended(outcome)));
            if matches!(outcome, Err(ToolError::Reconnect(_))) {
                granted.journal().note(Noted::Lost);
            }
        }
    }
}

/// What would be written for each, with a token that confirms `what`.
async fn preview(
    targets: &[Target],
    plans: &[PushOf<'_>],
    first: &Granted,
    what: &[u8],
) -> Result<Answer, ToolError> {
    let previews = join_all(plans.iter().map(|plan| async {
        match plan {
            Ok((granted, plan)) => plan.preview(granted).await,
            Err(error) => Err(error.clone()),
        }
    }))
    .await;
    let new: usize = previews.iter().flatten().map(|preview| preview.new).sum();
    let has_new =
        |preview: &Result<Previewed, ToolError>| preview.as_ref().is_ok_and(|preview| preview.new > 0);
    let whose = targets
        .iter()
        .zip(&previews)
        .filter(|(_, preview)| has_new(preview));
    let whose = joined(whose.map(|(target, _)| target.name.clone()), ", ");
    // Without one of the calendars there is no token: nobody is left out unseen.
    let complete = plans
        .iter()
        .zip(&previews)
        .all(|(plan, preview)| plan.is_err() || preview.is_ok());
    let seen: BTreeMap<&str, Seen> = plans
        .iter()
        .zip(&previews)
        .filter_map(|(plan, preview)| {
            let (granted, _) = plan.as_ref().ok()?;
            Some((granted.ask().card.id.as_str(), preview.as_ref().ok()?.seen))
        })
        .collect();
    let seen = serde_json::to_vec(&seen).unwrap_or_default();
    let answers: Vec<Result<Answer, ToolError>> =
        previews.into_iter().map(|preview| Ok(preview?.answer)).collect();
    note(targets, &answers);
    let answer = each(targets, answers);
    if new == 0 {
        return Ok(answer);
    }
    let begins = if complete {
        let token = first.journal().confirmation(what, &seen).await?;
        // A plan and copies always begin with a preview, so that no argument asks for it.
        let is_asked = plans.iter().flatten().any(|(_, plan)| !plan.is_copy());
        format!(
            "Nothing is written yet. To write {} for {whose}, repeat the call with confirm: \"{token}\"{}, within ten minutes.",
            counted(new, "workout", "workouts"),
            if is_asked { " and without preview" } else { "" },
        )
    } else {
        "Nothing is written. Try again when every calendar can be read.".to_owned()
    };
    // First, so that no limit cuts it off.
    Ok(Answer::of([begins, answer.text]))
}

/// How a write ended for one athlete, for the activity log.
fn ended(outcome: &Result<Answer, ToolError>) -> Outcome {
    outcome.as_ref().map_or_else(ToolError::outcome, |_| Outcome::Ok)
}

/// What a token confirms: the arguments and the athletes.
pub(in crate::tools) fn confirmed(given: &Map<String, Value>, targets: &[Target]) -> Vec<u8> {
    let arguments: Map<String, Value> = given
        .iter()
        .filter(|(name, value)| !["confirm", "preview"].contains(&name.as_str()) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    json!([arguments, names]).to_string().into_bytes()
}

/// Characters of the answers for all athletes: within the limit of any answer.
const MOST_CHARACTERS: usize = 50_000;

/// The outcomes of several athletes, one below the other, each with as much room as the others.
fn each(targets: &[Target], outcomes: Vec<Result<Answer, ToolError>>) -> Answer {
    let room = MOST_CHARACTERS / targets.len().max(1);
    Answer::of(targets.iter().zip(outcomes).map(|(target, outcome)| {
        let text = match outcome {
            Ok(answer) => answer.text,
            Err(error) => {
                let text = error.to_string();
                if text.starts_with(&target.name) {
                    text
                } else {
                    format!("{}\n{text}", target.name)
                }
            }
        };
        shortened(text, room)
    }))
}

/// The text without lines from its middle if it is longer than `room` characters: it ends with what undoes it.
fn shortened(text: String, room: usize) -> String {
    if text.chars().count() <= room {
        return text;
    }
    let lines: Vec<&str> = text.lines().collect();
    let ending = lines.len().saturating_sub(3);
    let end = lines[ending..].join("\n");
    let mut left = room.saturating_sub(end.chars().count());
    let mut begins: Vec<&str> = Vec::new();
    for line in &lines[..ending] {
        let length = line.chars().count() + 1;
        if length > left {
            break;
        }
        left -= length;
        begins.push(line);
    }
    let cut = ending - begins.len();
    format!(
        "{}\n… {cut} lines left out: send fewer workouts in one call to see them all.\n{end}",
        begins.join("\n")
    )
}

fn several_errors(errors: Vec<(&Target, ToolError)>) -> ToolError {
    let text = errors
        .iter()
        .map(|(target, error)| format!("{}: {error}", target.name))
        .collect::<Vec<_>>()
        .join("\n");
    match errors.into_iter().next() {
        Some((_, ToolError::Refused(_))) => ToolError::Refused(text),
        _ => ToolError::Input(text),
    }
}
