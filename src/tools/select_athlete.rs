//! select_athlete: from here on a read through this connector that names nobody means this athlete.
//!
//! At most two requests: `GET /athlete/{id}` for thresholds, `GET /athlete/{id}/wellness` for form, each only where its tool is
//! granted. The selection stands whether upstream answers or not.

use serde_json::{Map, Value};

use super::{
    Answer, RosterTool,
    answer::{self, units},
    fitness, member,
    params::{self, Param},
    thresholds,
};
use crate::{
    guard::{Ask, Member, Roster, roster::SELECTED_FOR},
    permissions::{GET_ATHLETE_PROFILE, GET_FITNESS, Permission},
    tool_error::ToolError,
    words::MemberStatus,
};

pub(super) const TOOL: RosterTool = RosterTool {
    name: "select_athlete",
    title: "Select an athlete",
    description: "Selects whom later reads through this connector mean when they name no athlete; lapses 60 minutes after its \
        last use. Answers what is granted and, as far as granted, thresholds by sport and current form.",
    params: PARAMS,
    run: |roster, given| Box::pin(async move { run(&roster, given).await }),
};

const PARAMS: &[Param] = &[params::ATHLETE.required()];

async fn run(roster: &Roster, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let text = member::athlete(given, PARAMS)?;
    let member = roster.find(&text)?;
    roster.select(member).await?;
    if member.status() != MemberStatus::Connected {
        return Ok(Answer::of([
            alone(member),
            terms(member),
            unconnected(member, &roster.dashboard()),
        ]));
    }
    // One after the other: what the first asks the database serves the second too.
    let profile = open(roster, member, &GET_ATHLETE_PROFILE).await;
    let fitness = open(roster, member, &GET_FITNESS).await;
    let first = [&profile, &fitness]
        .into_iter()
        .find_map(|part| part.as_ref()?.as_ref().ok())
        .map_or_else(|| alone(member), first_line);
    let (thresholds, form) = tokio::join!(
        told(
            roster,
            member,
            "thresholds",
            &GET_ATHLETE_PROFILE,
            profile,
            thresholds
        ),
        told(roster, member, "form", &GET_FITNESS, fitness, form),
    );
    Ok(Answer::of([first, terms(member), thresholds, form]))
}

/// The right to use `tool`; none when it is not granted.
async fn open(roster: &Roster, member: &Member, tool: &'static Permission) -> Option<Result<Ask, ToolError>> {
    if !member.grants(tool) {
        return None;
    }
    Some(roster.open(member, tool).await)
}

/// One part of the answer, or why it is missing.
async fn told<F: Future<Output = Result<String, ToolError>>>(
    roster: &Roster,
    member: &Member,
    part: &str,
    tool: &Permission,
    opened: Option<Result<Ask, ToolError>>,
    read: impl FnOnce(Ask) -> F,
) -> String {
    let error = match opened {
        None => return format!("{part}: {} is not granted", tool.name),
        Some(Err(error)) => error,
        Some(Ok(ask)) => match read(ask).await {
            Ok(text) => return text,
            Err(error) => roster.looked_into(member, error).await,
        },
    };
    format!("{part}: {error}")
}

async fn thresholds(ask: Ask) -> Result<String, ToolError> {
    let athlete = ask.upstream.profile().await?;
    let lines = thresholds::lines(&ask.card, &athlete);
    if lines.is_empty() {
        return Ok("thresholds: no sport settings at intervals.icu".to_owned());
    }
    Ok(format!("Thresholds by sport\n{}", lines.join("\n")))
}

async fn form(ask: Ask) -> Result<String, ToolError> {
    let line = fitness::current(&ask.upstream, ask.today()).await?;
    if line.is_empty() {
        return Ok("form: intervals.icu has no fitness figures of the last 7 days".to_owned());
    }
    // As in get_fitness: a row of the model does not say which devices its loads came from.
    Ok(format!(
        "Form (CTL - ATL)\n{line}\nMay derive in part from Garmin device data."
    ))
}

fn first_line(ask: &Ask) -> String {
    answer::first_line(&ask.card, ask.today(), &["selected".to_owned()])
}

/// The first line when nothing was opened, so that no zone and no date are known.
fn alone(member: &Member) -> String {
    format!("{} · selected", member.with_id())
}

/// What may be done, and for how long.
fn terms(member: &Member) -> String {
    let not = member::not_granted(member);
    let not = if not.is_empty() {
        not
    } else {
        format!("\nNot granted: {not}")
    };
    let until = member
        .until()
        .map(|day| format!(" · until the end of {}", units::date(day)))
        .unwrap_or_default();
    format!(
        "Reads through this connector that name no athlete are about {} from now on, until {} minutes pass without one. \
         Changes always name their athlete.\nGranted: {}{until}{not}",
        member.name(),
        SELECTED_FOR.num_minutes(),
        member::granted(member),
    )
}

fn unconnected(member: &Member, dashboard: &str) -> String {
    let name = member.name();
    match member.status() {
        MemberStatus::Connected => String::new(),
        MemberStatus::Reconnect => format!(
            "No data for now: intervals.icu no longer accepts the connection of {name}, who can connect again on {dashboard}."
        ),
        MemberStatus::Disconnected => format!(
            "No data for now: {name} disconnected intervals.icu from IcuSync, and can connect it again on {dashboard}."
        ),
        MemberStatus::Replaced => format!("No data for now: the account of {name} shows another athlete."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_connected_is_selected_all_the_same() {
        let tools = ["get_fitness", "get_power_curves", "get_events"];
        let told: Vec<String> = [MemberStatus::Reconnect, MemberStatus::Disconnected]
            .into_iter()
            .map(|state| {
                let member =
                    Member::sample("Ana Berger", "i1001", &tools, state).expiring("2026-12-31T23:00:00Z");
                let unconnected = unconnected(&member, "https://icusync.example/dashboard");
                Answer::of([alone(&member), terms(&member), unconnected]).text
            })
            .collect();
        insta::assert_snapshot!(told.join("\n\n"));
    }
}
