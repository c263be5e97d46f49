//! push_workout: planned workouts onto the calendar of one athlete, or of several whom a coach names.
//!
//! One request for the athlete's settings, and those of [`super::writing::push`]. What the athletes' connectors may do and whose turn
//! it is are decided before.

mod asked;

use futures::future::join_all;
use serde_json::{Map, Value};

use self::asked::{Asked, PARAMS};
use super::{
    Answer, Run, Target, Tool,
    arguments::Arguments,
    writing::{
        self,
        push::{Push, several},
    },
};
use crate::{guard::Granted, permissions, text::fenced, tool_error::ToolError};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::PUSH_WORKOUT,
    description: include_str!("push_workout/description.txt"),
    params: PARAMS,
    requests: "4–5, 1 more with a template",
    run: Run::WriteEach(|targets, given| Box::pin(push(targets, given))),
};

/// What the checks made of a call for one athlete. One request, for the athlete's settings; none if the arguments are wrong.
///
/// One more for the library (`GET /athlete/{id}/folders`) where a workout names a template in it.
async fn checked(granted: &Granted, given: Map<String, Value>) -> Result<(Asked, Push), ToolError> {
    let ask = granted.ask();
    let mut asked = Asked::read(&Arguments::new(given, PARAMS, ask.today())?)?;
    if asked.workouts.iter().any(|wanted| wanted.template.is_some()) {
        may_read_library(granted)?;
        let folders = ask.upstream.library().await?;
        let filled = asked
            .workouts
            .into_iter()
            .map(|wanted| wanted.with_template(&folders));
        asked.workouts = filled.collect::<Result<_, _>>()?;
    }
    let profile = ask.upstream.profile().await?;
    let prepared = asked.workouts.iter().map(|wanted| wanted.prepare(&profile));
    let push = Push {
        prepared: prepared.collect(),
        profile,
        athletes: 1,
        allow_duplicate: asked.allow_duplicate,
        about: String::new(),
        left_out: Vec::new(),
        is_short: false,
    };
    Ok((asked, push))
}

/// An error where a template cannot be named: for a coach it must be granted, and the connector must offer the library.
fn may_read_library(granted: &Granted) -> Result<(), ToolError> {
    let tool = &permissions::GET_LIBRARY;
    if !granted.journal().offers(tool) {
        return Err(ToolError::Refused(format!(
            "Not done: template names a workout of the library, and its tools are switched off for this connector. With text instead, \
             the steps are in the call. Switched on where the connector's groups are, under \"{}\".",
            tool.group.title()
        )));
    }
    if !granted.ask().card.shows(tool) {
        return Err(ToolError::Refused(format!(
            "Not done: template names a workout of the library, and the athlete has not granted {}. With text instead, the steps are in \
             the call.",
            tool.name
        )));
    }
    Ok(())
}

/// The error if the checks refuse a workout and the others may not go without it.
fn refusal(asked: &Asked, push: &Push) -> Option<ToolError> {
    let refused: Vec<String> = push
        .prepared
        .iter()
        .enumerate()
        .filter(|(_, prepared)| prepared.is_refused())
        .map(|(at, prepared)| {
            let name = fenced(&prepared.entry.name, writing::entry::NAME);
            format!("workouts {} {name}: {}", at + 1, prepared.refusal())
        })
        .collect();
    let all = refused.len() == push.prepared.len();
    let none_goes = all || !asked.partial;
    (!refused.is_empty() && none_goes).then(|| {
        let others = if all {
            ""
        } else {
            " The others pass: partial: true writes them alone."
        };
        ToolError::Input(format!(
            "Not done, nothing was written.{others} get_workout_guide has the language.\n{}",
            refused.join("\n")
        ))
    })
}

async fn push(mut targets: Vec<Target>, given: Map<String, Value>) -> Result<Answer, ToolError> {
    if targets.len() > 1 {
        return push_each(&targets, &given).await;
    }
    let Some(target) = targets.pop() else {
        return Err(ToolError::Input("Not done: no athlete was named.".to_owned()));
    };
    let granted = target.granted?;
    let (asked, push) = checked(&granted, given).await?;
    if asked.confirm.is_some() && !asked.preview {
        return Err(ToolError::Input(
            "Not done: a token confirms a push for several athletes only. Without confirm, one athlete's workouts are written \
             at once."
                .to_owned(),
        ));
    }
    if let Some(refusal) = refusal(&asked, &push) {
        return Err(refusal);
    }
    if asked.preview {
        return Ok(push.preview(&granted).await?.answer);
    }
    push.write(&granted, None).await
}

/// The same workouts for several athletes: a preview with a token first, then, with the token, the writes, each with an outcome of its
/// own. With `partial`, what the checks refuse for one athlete keeps nothing from the others.
async fn push_each(targets: &[Target], given: &Map<String, Value>) -> Result<Answer, ToolError> {
    let all = join_all(targets.iter().map(|target| async {
        let granted = target.granted.as_ref().map_err(Clone::clone)?;
        let (asked, push) = checked(granted, given.clone()).await?;
        let push = Push {
            athletes: targets.len(),
            ..push
        };
        let refusal = refusal(&asked, &push);
        match refusal {
            Some(refusal) if asked.partial => Err(refusal),
            refusal => Ok((granted, asked, push, refusal)),
        }
    }))
    .await;
    let (mut refused, mut pass) = (Vec::new(), Vec::new());
    for (found, target) in all.iter().zip(targets) {
        match found {
            Ok((.., Some(refusal))) => refused.push(format!("{}: {refusal}", target.name)),
            Ok((.., None)) => pass.push(target.name.as_str()),
            Err(_) => {}
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
    let asked = all
        .iter()
        .find_map(|found| found.as_ref().ok())
        .map(|(_, asked, ..)| asked);
    let token = asked
        .filter(|asked| !asked.preview)
        .and_then(|asked| asked.confirm.clone());
    let pushes: Vec<several::PushOf<'_>> = all
        .into_iter()
        .map(|found| found.map(|(granted, _, push, _)| (granted, push)))
        .collect();
    let what = several::confirmed(given, targets);
    several::push(targets, &pushes, &what, token.as_deref()).await
}
