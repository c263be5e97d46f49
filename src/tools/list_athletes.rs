//! list_athletes: whom a coach can ask about, and what each granted. No request upstream.
//!
//! Shows nothing of anybody's training: names, grants and connection states are what the coach was mailed or may know
//! without a grant.

use chrono::Duration;
use serde_json::{Map, Value};

use super::{
    Answer, RosterTool,
    answer::{self, table::Table, units},
    arguments::{self, Arguments},
};
use crate::{
    guard::{Member, Roster, roster::SELECTED_FOR},
    permissions::{self, Group, Permission},
    tool_error::ToolError,
    words::MemberStatus,
};

pub(super) const TOOL: RosterTool = RosterTool {
    name: "list_athletes",
    title: "Athletes on the roster",
    description: "The athletes on this coach's roster: name, what each granted (groups or tools), whether intervals.icu is \
        connected, until when, id; and who is selected.",
    schema,
    run: |roster, given| Box::pin(async move { run(&roster, given) }),
};

fn schema() -> Map<String, Value> {
    arguments::schema(&[])
}

fn run(roster: &Roster, given: Map<String, Value>) -> Result<Answer, ToolError> {
    none(given)?;
    Ok(render(
        roster.email(),
        roster.members(),
        roster.sleeping(),
        roster.selected(),
        &roster.dashboard(),
    ))
}

/// Refuses every argument.
fn none(mut given: Map<String, Value>) -> Result<(), ToolError> {
    given.retain(|_, value| !value.is_null());
    if given.is_empty() {
        return Ok(());
    }
    Err(ToolError::Input(
        "Not done: list_athletes takes no arguments.".to_owned(),
    ))
}

fn render(
    email: &str,
    members: &[Member],
    sleeping: &[Member],
    selected: Option<(&Member, Duration)>,
    dashboard: &str,
) -> Answer {
    let mut table = Table::new(["athlete", "granted", "intervals.icu", "until the end of", "id"]);
    for member in members {
        table.push(vec![
            member.name().to_owned(),
            granted(member),
            state(member.status()).to_owned(),
            member.until().map(units::date).unwrap_or_default(),
            member.athlete_id().to_owned(),
        ]);
    }
    let mut blocks = vec![
        format!(
            "Roster of {email} · {}",
            answer::counted(members.len(), "athlete", "athletes")
        ),
        table.render(),
    ];
    if members.is_empty() {
        blocks.push(format!(
            "Nobody is on this roster at the moment. An athlete can invite {email} under Coaches on {dashboard}."
        ));
    }
    let (unused, replaced): (Vec<&Member>, Vec<&Member>) = sleeping
        .iter()
        .partition(|member| member.unused() || member.status() != MemberStatus::Replaced);
    if !unused.is_empty() {
        blocks.push(format!(
            "Asleep, because nobody used the invite for 14 days: {}. The athlete can send it again under Coaches on \
             {dashboard}.",
            names(&unused)
        ));
    }
    if !replaced.is_empty() {
        blocks.push(format!(
            "Asleep, because the account shows another athlete now: {}. It wakes when the same athlete is connected again.",
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

/// What is granted: a group that is granted whole by its word, of the others the tools.
pub(super) fn granted(member: &Member) -> String {
    let told = told(|tool| member.may(tool));
    if told.is_empty() {
        "nothing".to_owned()
    } else {
        told
    }
}

/// What is not granted, likewise; empty when everything is.
pub(super) fn not_granted(member: &Member) -> String {
    told(|tool| !member.may(tool))
}

fn told(so: impl Fn(&Permission) -> bool) -> String {
    let mut groups: Vec<Group> = Vec::new();
    for tool in permissions::ALL {
        if !groups.contains(&tool.group) {
            groups.push(tool.group);
        }
    }
    let words = groups.into_iter().flat_map(|group| {
        let all = permissions::ALL.iter().filter(|tool| tool.group == group);
        let those: Vec<&str> = all
            .clone()
            .filter(|tool| so(tool))
            .map(|tool| tool.name)
            .collect();
        if those.len() == all.count() {
            vec![group.word()]
        } else {
            those
        }
    });
    words.collect::<Vec<&str>>().join(", ")
}

/// A member's arguments: `athlete`, and nothing else.
pub(super) fn athlete(given: Map<String, Value>) -> Result<String, ToolError> {
    const WANTED: &str = "write a name or an id, as list_athletes shows them";
    // It takes no dates, so any day will do.
    let arguments = Arguments::new(given, &["athlete"], chrono::NaiveDate::MIN)?;
    arguments
        .text_or_number("athlete", WANTED)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| arguments::wrong("athlete", WANTED))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
            // The last day ends in Berlin.
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
    fn nobody_is_said_with_what_to_do() {
        let answer = render("coach@example.test", &[], &[], None, DASHBOARD);
        insta::assert_snapshot!(answer.text);
    }

    #[test]
    fn what_is_not_granted_is_the_rest() {
        let member = Member::sample(
            "A",
            "i1",
            &["get_wellness", "get_fitness"],
            MemberStatus::Connected,
        );
        assert_eq!(granted(&member), "get_fitness, wellness");
        assert_eq!(
            not_granted(&member),
            "profile, training, get_power_curves, calendar"
        );
        let everything = Member::sample("A", "i1", &all(), MemberStatus::Connected);
        assert_eq!(
            granted(&everything),
            "profile, training, fitness, wellness, calendar"
        );
        assert_eq!(not_granted(&everything), "");
    }

    #[test]
    fn arguments_are_read_strictly() {
        let object = |value: Value| value.as_object().unwrap().clone();
        assert!(none(object(json!({"athlete": null}))).is_ok());
        assert!(none(object(json!({"athlete": "Ana"}))).is_err());
        assert_eq!(athlete(object(json!({"athlete": " Ana "}))).unwrap(), "Ana");
        assert_eq!(athlete(object(json!({"athlete": 123}))).unwrap(), "123");
        for given in [
            json!({}),
            json!({"athlete": null}),
            json!({"athlete": " "}),
            json!({"athlete": ["Ana"]}),
            json!({"athlete": true}),
            json!({"athlete": "Ana", "name": "x"}),
        ] {
            assert!(athlete(object(given.clone())).is_err(), "{given}");
        }
    }
}
