//! select_athlete: later reads through this connector that name no athlete are about this one.
//!
//! At most four requests: `GET /athlete/{id}` for thresholds, `GET /athlete/{id}/wellness` for form, each only where its tool is
//! granted, and where today has a load what tells whether it was done. The selection is valid whether upstream answers or not.

use serde_json::{Map, Value};

use super::{
    Answer, RosterTool,
    answer::{self, units},
    fitness, member,
    params::{self, Param},
    thresholds,
};
use crate::{
    guard::{Ask, AthleteCard, Member, Roster, roster::SELECTED_FOR},
    permissions::{GET_ATHLETE_PROFILE, GET_FITNESS, Permission},
    text::names,
    tool_error::ToolError,
    words::MemberStatus,
};

pub(super) const TOOL: RosterTool = RosterTool {
    name: "select_athlete",
    title: "Select an athlete",
    description: "Selects the athlete that later reads through this connector are about when they name none; lapses 60 minutes \
        after its last use. Answers with what is granted and, where granted, thresholds by sport and current form.",
    params: PARAMS,
    requests: "0–4",
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
            terms(member, member.name()),
            unconnected(member, &roster.dashboard()),
        ]));
    }
    // One after the other: the second can use what the first read from the database.
    let profile = open(roster, member, &GET_ATHLETE_PROFILE).await;
    let fitness = open(roster, member, &GET_FITNESS).await;
    let ask = [&profile, &fitness]
        .into_iter()
        .find_map(|part| part.as_ref()?.as_ref().ok())
        .cloned();
    let ((thresholds, profile), form) = tokio::join!(
        part_or_why(
            roster,
            member,
            "thresholds",
            &GET_ATHLETE_PROFILE,
            profile,
            thresholds
        ),
        part_or_why(roster, member, "form", &GET_FITNESS, fitness, async |ask| {
            Ok((form(ask).await?, ()))
        }),
    );
    // The member's row may be older than what opening it read, and that older than the profile.
    let card = profile.or_else(|| ask.as_ref().map(|ask| ask.card.clone()));
    let name = card.as_ref().map_or(member.name(), |card| &card.name);
    let name = names::called(name, member.athlete_id());
    let first = match (card, ask) {
        (Some(card), Some(ask)) => first_line(&Ask { card, ..ask }),
        _ => alone(member),
    };
    Ok(Answer::of([first, terms(member, &name), thresholds, form.0]))
}

/// Opens `tool`; None if it is not granted.
async fn open(roster: &Roster, member: &Member, tool: &'static Permission) -> Option<Result<Ask, ToolError>> {
    if !member.grants(tool) {
        return None;
    }
    Some(roster.open(member, tool).await)
}

/// One part of the answer with what else was read, or why it is missing.
async fn part_or_why<T, F: Future<Output = Result<(String, T), ToolError>>>(
    roster: &Roster,
    member: &Member,
    part: &str,
    tool: &Permission,
    opened: Option<Result<Ask, ToolError>>,
    read: impl FnOnce(Ask) -> F,
) -> (String, Option<T>) {
    let error = match opened {
        None => return (format!("{part}: {} is not granted", tool.name), None),
        Some(Err(error)) => error,
        Some(Ok(ask)) => match read(ask).await {
            Ok((text, more)) => return (text, Some(more)),
            Err(error) => roster.looked_into(member, error).await,
        },
    };
    (format!("{part}: {error}"), None)
}

/// The thresholds, and the card with the profile's current values.
async fn thresholds(ask: Ask) -> Result<(String, AthleteCard), ToolError> {
    let athlete = ask.upstream.profile().await?;
    let card = thresholds::fresh(&ask.card, &athlete);
    let lines = thresholds::lines(&ask.card, &athlete);
    let text = if lines.is_empty() {
        "thresholds: no sport settings at intervals.icu".to_owned()
    } else {
        format!("Thresholds by sport\n{}", lines.join("\n"))
    };
    Ok((text, card))
}

async fn form(ask: Ask) -> Result<String, ToolError> {
    let line = fitness::current(&ask).await?;
    if line.is_empty() {
        return Ok("form: intervals.icu has no fitness figures of the last 7 days".to_owned());
    }
    // As in get_fitness: a row of the model does not say which devices recorded its loads.
    Ok(format!("Form (CTL - ATL)\n{line}\n{}", answer::MAY_BE_GARMIN))
}

fn first_line(ask: &Ask) -> String {
    answer::first_line(&ask.card, ask.today(), &["selected".to_owned()])
}

/// The first line if nothing could be opened, so that neither zone nor date is known.
fn alone(member: &Member) -> String {
    format!("{} · selected", member.with_id())
}

/// The grant, its end, and how long the selection lasts, of the member with this name.
fn terms(member: &Member, name: &str) -> String {
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
        "From now on, reads through this connector that name no athlete are about {name}, until {} minutes pass without \
         one.\nGranted: {}{until}{not}",
        SELECTED_FOR.num_minutes(),
        member::granted(member),
    )
}

fn unconnected(member: &Member, dashboard: &str) -> String {
    let name = member.name();
    match member.status() {
        MemberStatus::Connected => String::new(),
        MemberStatus::Reconnect => format!(
            "No data for now: intervals.icu no longer accepts the connection of {name}, who can reconnect on {dashboard}."
        ),
        MemberStatus::Disconnected => format!(
            "No data for now: {name} disconnected intervals.icu from IcuSync, and can reconnect it on {dashboard}."
        ),
        MemberStatus::Replaced => format!("No data for now: the account of {name} shows another athlete."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_athlete_who_is_not_connected_can_be_selected() {
        let tools = ["get_fitness", "get_power_curves", "get_events"];
        let texts: Vec<String> = [MemberStatus::Reconnect, MemberStatus::Disconnected]
            .into_iter()
            .map(|state| {
                let member =
                    Member::sample("Ana Berger", "i1001", &tools, state).expiring("2026-12-31T23:00:00Z");
                let unconnected = unconnected(&member, "https://icusync.example/dashboard");
                Answer::of([alone(&member), terms(&member, member.name()), unconnected]).text
            })
            .collect();
        insta::assert_snapshot!(texts.join("\n\n"));
    }
}
