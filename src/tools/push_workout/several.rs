//! The same workouts for several athletes of a coach.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::{Map, Value, json};

use super::{Plan, Previewed, Seen};
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

/// The same workouts for several athletes: a preview with a token first, then, with the token, the writes, each with an
/// outcome of its own.
pub(super) async fn push(targets: Vec<Target>, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let plans = plans(&targets, &given).await;
    let (mut refused, mut pass) = (Vec::new(), Vec::new());
    for (plan, target) in plans.iter().zip(&targets) {
        if let Ok((_, plan)) = plan {
            match plan.refusal() {
                Some(refusal) => refused.push(format!("{}: {refusal}", target.name)),
                None => pass.push(target.name.as_str()),
            }
        }
    }
    if !refused.is_empty() {
        if !pass.is_empty() {
            let pass = pass.join(", ");
            refused.push(format!(
                "All workouts pass for {pass}: partial: true leaves out only what is refused for others."
            ));
        }
        return Err(ToolError::Input(refused.join("\n")));
    }
    let Some((first, plan)) = plans.iter().find_map(|plan| plan.as_ref().ok()) else {
        // Nobody can be written for: the arguments are wrong, or nobody granted it.
        let errors = plans.into_iter().filter_map(Result::err);
        let errors = errors.zip(&targets).map(|(error, target)| (target, error));
        return Err(several_errors(errors.collect()));
    };
    let what = confirmed(&given, &targets);
    match plan.asked.confirm.as_deref().filter(|_| !plan.asked.preview) {
        Some(token) => {
            let Some(seen) = first.journal().confirm(token, &what).await? else {
                return Err(no_token());
            };
            write(&targets, &plans, &seen).await
        }
        None => preview(&targets, &plans, first, &what).await,
    }
}

/// The plan for an athlete, or why there is none.
type PlanOf<'a> = Result<(&'a Granted, Plan), ToolError>;

/// The plan for each athlete. With `partial`, what the checks refuse for one athlete keeps nothing from the others.
async fn plans<'a>(targets: &'a [Target], given: &Map<String, Value>) -> Vec<PlanOf<'a>> {
    join_all(targets.iter().map(|target| async {
        let granted = target.granted.as_ref().map_err(Clone::clone)?;
        let plan = Plan {
            athletes: targets.len(),
            ..Plan::of(granted.ask(), given.clone()).await?
        };
        match plan.refusal().filter(|_| plan.asked.partial) {
            Some(refusal) => Err(refusal),
            None => Ok((granted, plan)),
        }
    }))
    .await
}

/// Writes for each athlete who was in the preview; `seen` is what that was made from.
async fn write(targets: &[Target], plans: &[PlanOf<'_>], seen: &[u8]) -> Result<Answer, ToolError> {
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
    plans: &[PlanOf<'_>],
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
        format!(
            "Nothing is written yet. To write {} for {whose}, repeat the call with confirm: \"{token}\" and without preview, within \
             ten minutes.",
            counted(new, "workout", "workouts")
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
fn confirmed(given: &Map<String, Value>, targets: &[Target]) -> Vec<u8> {
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
