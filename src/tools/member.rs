//! A member of a coach's roster: the grant in words, and how an argument names a member.

use serde_json::{Map, Value};

use super::{
    arguments::{self, Arguments},
    params::{ATHLETE, Param},
};
use crate::{
    guard::Member,
    permissions::{self, Group, Permission},
    tool_error::ToolError,
};

/// The granted tools; a group's word where the whole group is granted.
pub(super) fn granted(member: &Member) -> String {
    let names = names_of(|tool| member.grants(tool));
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names
    }
}

/// The tools that are not granted, likewise, without those that connectors begin without; empty when all are.
pub(super) fn not_granted(member: &Member) -> String {
    names_of(|tool| !tool.group.is_off_at_first() && !member.grants(tool))
}

fn names_of(chosen: impl Fn(&Permission) -> bool) -> String {
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
            .filter(|tool| chosen(tool))
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

/// The required `athlete` of a tool with these parameters.
pub(super) fn athlete(given: Map<String, Value>, params: &'static [Param]) -> Result<String, ToolError> {
    // There are no dates, so any day will do.
    let arguments = Arguments::new(given, params, chrono::NaiveDate::MIN)?;
    arguments
        .name_or_id(ATHLETE.name)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| arguments::wrong(ATHLETE.name, arguments::A_NAME))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::words::MemberStatus;

    #[test]
    fn what_is_not_granted_is_the_rest() {
        let member = Member::sample(
            "A",
            "i1",
            &["get_wellness", "push_wellness", "get_fitness"],
            MemberStatus::Connected,
        );
        assert_eq!(granted(&member), "get_fitness, wellness");
        assert_eq!(
            not_granted(&member),
            "profile, training, get_power_curves, calendar"
        );
        let everything = Member::sample(
            "A",
            "i1",
            &permissions::ALL.iter().map(|tool| tool.name).collect::<Vec<_>>(),
            MemberStatus::Connected,
        );
        assert_eq!(
            granted(&everything),
            "profile, training, fitness, wellness, calendar, library, gear, records, fields, files"
        );
        assert_eq!(not_granted(&everything), "");
    }

    #[test]
    fn only_a_name_or_an_id_is_accepted() {
        const PARAMS: &[Param] = &[ATHLETE.required()];
        let athlete = |given: Value| athlete(given.as_object().unwrap().clone(), PARAMS);
        assert_eq!(athlete(json!({"athlete": " Ana "})).unwrap(), "Ana");
        assert_eq!(athlete(json!({"athlete": 123})).unwrap(), "123");
        for given in [
            json!({}),
            json!({"athlete": null}),
            json!({"athlete": " "}),
            json!({"athlete": ["Ana"]}),
            json!({"athlete": true}),
            json!({"athlete": "Ana", "name": "x"}),
        ] {
            assert!(athlete(given.clone()).is_err(), "{given}");
        }
    }
}
