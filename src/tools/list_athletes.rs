//! list_athletes: the athletes on a coach's roster, and what each granted. No request upstream.
//!
//! Shows no training data: only names, grants and connection states, which the coach knows from emails or may know without
//! a grant.

use chrono::{Duration, NaiveDate};
use serde_json::{Map, Value};

use super::{
    Answer, RosterTool,
    answer::{self, table::Columns, units, words::joined},
    arguments::Arguments,
    member::granted,
    params::Param,
};
use crate::{
    guard::{Member, Roster, roster::SELECTED_FOR},
    permissions,
    tool_error::ToolError,
    words::{Access, MemberStatus},
};

pub(super) const TOOL: RosterTool = RosterTool {
    name: "list_athletes",
    title: "Athletes on the roster",
    description: "The athletes on this coach's roster: name, what each granted (groups or tools), with which tools you may change something, whether intervals.icu is \
        connected, last day of the grant, id; and who is selected.",
    params: PARAMS,
    requests: "0",
    run: |roster, given| Box::pin(async move { run(&roster, given) }),
};

const PARAMS: &[Param] = &[];

fn run(roster: &Roster, given: Map<String, Value>) -> Result<Answer, ToolError> {
    // There are no dates, so any day will do.
    Arguments::new(given, PARAMS, NaiveDate::MIN)?;
    Ok(render(
        roster.email(),
        roster.members(),
        roster.sleeping(),
        roster.selected(),
        &roster.dashboard(),
    ))
}

fn render(
    email: &str,
    members: &[Member],
    sleeping: &[Member],
    selected: Option<(&Member, Duration)>,
    dashboard: &str,
) -> Answer {
    let columns = Columns::<Member>::new()
        .column("athlete", |member| member.name().to_owned())
        .column("granted", granted)
        .column("may change", may_change)
        .column("intervals.icu", |member| state(member.status()).to_owned())
        .column("until the end of", |member| {
            member.until().map(units::date).unwrap_or_default()
        })
        .column("id", |member| member.athlete_id().to_owned());
    let mut blocks = vec![
        format!(
            "Roster of {email} · {}",
            answer::counted(members.len(), "athlete", "athletes")
        ),
        columns.table(members),
    ];
    if members.is_empty() {
        blocks.push(format!(
            "No athlete is on this roster now. An athlete can invite {email} under Coaches on {dashboard}."
        ));
    }
    let (unused, replaced): (Vec<&Member>, Vec<&Member>) = sleeping
        .iter()
        .partition(|member| member.unused() || member.status() != MemberStatus::Replaced);
    if !unused.is_empty() {
        blocks.push(format!(
            "Paused, because the invite was not used for 14 days: {}. The athlete can resend it under Coaches on \
             {dashboard}.",
            names(&unused)
        ));
    }
    if !replaced.is_empty() {
        blocks.push(format!(
            "Paused, because the account shows another athlete now: {}. The grant resumes when the same athlete is connected again.",
            names(&replaced)
        ));
    }
    if let Some((member, left)) = selected {
        blocks.push(format!(
            "Selected through this connector: {}, for {} min more, then for {} after each use.",
            member.with_id(),
            left.num_minutes().max(1),
            SELECTED_FOR.num_minutes()
        ));
    }
    Answer::of(blocks)
}

/// The granted tools that write; `nothing` if all of them only read.
fn may_change(member: &Member) -> String {
    let tools = permissions::ALL
        .iter()
        .filter(|tool| tool.access == Access::Write && member.grants(tool));
    let names = joined(tools.map(|tool| tool.name), ", ");
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names
    }
}

fn names(members: &[&Member]) -> String {
    let names: Vec<&str> = members.iter().map(|member| member.with_id()).collect();
    names.join(", ")
}

const fn state(status: MemberStatus) -> &'static str {
    match status {
        MemberStatus::Connected => "connected",
        MemberStatus::Reconnect => "must reconnect",
        MemberStatus::Disconnected => "not connected",
        MemberStatus::Replaced => "shows another athlete",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DASHBOARD: &str = "https://icusync.example/dashboard";

    fn all() -> Vec<&'static str> {
        permissions::ALL.iter().map(|tool| tool.name).collect()
    }

    #[test]
    fn a_roster_of_every_kind() {
        let members = [
            Member::sample("Ana Berger", "i1001", &all(), MemberStatus::Connected),
            Member::sample(
                "Bishnu",
                "1003",
                &["get_fitness", "get_events", "a_tool_to_come"],
                MemberStatus::Reconnect,
            )
            // The last day ends in Berlin's time.
            .expiring("2026-12-31T23:00:00Z"),
            Member::sample("\u{202e}", "i9", &["a_tool_to_come"], MemberStatus::Disconnected),
        ];
        let sleeping = [Member::sample(
            "Nell Pike",
            "i1005",
            &all(),
            MemberStatus::Connected,
        )];
        let selected = Some((&members[1], Duration::seconds(2559)));
        let answer = render("coach@example.test", &members, &sleeping, selected, DASHBOARD);
        insta::assert_snapshot!(answer.text);
    }

    #[test]
    fn an_empty_roster_says_what_to_do() {
        let answer = render("coach@example.test", &[], &[], None, DASHBOARD);
        insta::assert_snapshot!(answer.text);
    }
}
