//! Which athlete a text names, and which one a call is about.

use proptest::prelude::*;

use super::*;
use crate::{permissions, words::MemberStatus};

fn member(name: &str, athlete: &str) -> Member {
    Member::sample(name, athlete, &["get_fitness"], MemberStatus::Connected)
}

/// The members that `text` means, each with the id: none, one, or several to choose from.
fn meant_by<'a>(members: &'a [Member], text: &str) -> Vec<&'a str> {
    let found = match find(members, text) {
        Meant::Nobody => Vec::new(),
        Meant::One(member) => vec![member],
        Meant::Several(members) | Meant::AtOdds(members) => members,
    };
    found.into_iter().map(Member::with_id).collect()
}

/// The one member that `text` means.
fn one<'a>(members: &'a [Member], text: &str) -> Option<&'a Member> {
    match find(members, text) {
        Meant::One(member) => Some(member),
        _ => None,
    }
}

#[test]
fn an_id_decides_and_words_are_those_of_a_name() {
    let members = [
        member("Ana Berger", "i1"),
        member("Bo", "i2"),
        member("Ana Maria Lopez", "123"),
        // A member whose name is another's id is not taken for that other.
        member("i1", "i4"),
        member("Tríona O’Shea-Łuczak", "i5"),
        member("Team 2", "55"),
    ];
    for (text, wanted) in [
        ("i1", &["Ana Berger (i1)"][..]),
        (" I1 ", &["Ana Berger (i1)"]),
        ("123", &["Ana Maria Lopez (123)"]),
        ("i4", &["athlete (i4)"]),
        ("athlete i4", &["athlete (i4)"]),
        ("athlete (i4)", &["athlete (i4)"]),
        ("id: i5", &["Tríona O’Shea-Łuczak (i5)"]),
        ("i123", &[]),
        ("Team 2", &["Team 2 (55)"]),
        ("team", &["Team 2 (55)"]),
        ("55", &["Team 2 (55)"]),
        ("Team 2 55", &["Team 2 (55)"]),
        ("Bo 55", &["Team 2 (55)", "Bo (i2)"]),
        ("BO", &["Bo (i2)"]),
        (" ana  berger ", &["Ana Berger (i1)"]),
        ("Lopez, Ana", &["Ana Maria Lopez (123)"]),
        ("Ana Berger (i1)", &["Ana Berger (i1)"]),
        // "selected" is not a word of the name, so id and name disagree, with one candidate.
        ("Ana Berger (i1) · selected", &["Ana Berger (i1)"]),
        ("Ana Berger (i99)", &[]),
        ("i1 i99", &[]),
        ("Berger 7", &[]),
        ("triona", &["Tríona O’Shea-Łuczak (i5)"]),
        ("O'Shea Luczak", &["Tríona O’Shea-Łuczak (i5)"]),
        ("athlete", &[]),
        ("An", &[]),
        ("", &[]),
        ("\u{301}", &[]),
        ("()", &[]),
    ] {
        assert_eq!(meant_by(&members, text), wanted, "{text:?}");
    }
    let twins = [
        member("Jo Kim", "i1"),
        member("JO  KIM", "i2"),
        member("Jo Kim Park", "i3"),
    ];
    assert_eq!(meant_by(&twins, "jo kim").len(), 3);
    assert_eq!(meant_by(&twins, "jo kim i2"), ["JO KIM (i2)"]);
    assert_eq!(meant_by(&twins, "i2 i3"), ["JO KIM (i2)", "Jo Kim Park (i3)"]);
    assert!(matches!(find(&twins, "Park i3 i2"), Meant::Several(both) if both.len() == 2));
}

#[test]
fn a_name_before_a_rename_still_means_its_athlete_unless_it_is_somebody_elses_now() {
    let members = [
        member("Jack One", "i2").known_as("Jack Nguyen"),
        member("Ana Novak", "i1").known_as("Ana Berger"),
        member("Bo Berger", "i3").known_as("Bo Nguyen"),
    ];
    for (text, wanted) in [
        ("jack nguyen", &["Jack One (i2)"][..]),
        ("Jack Nguyen (i2)", &["Jack One (i2)"]),
        ("Jack One", &["Jack One (i2)"]),
        ("nguyen", &["Jack One (i2)", "Bo Berger (i3)"]),
        ("berger", &["Bo Berger (i3)"]),
        ("one nguyen", &[]),
    ] {
        assert_eq!(meant_by(&members, text), wanted, "{text:?}");
    }
}

#[test]
fn a_name_that_is_part_of_another_matches_both() {
    let members = [member("Ana", "i2"), member("Ana Berger", "i1")];
    assert_eq!(meant_by(&members, "ana"), ["Ana (i2)", "Ana Berger (i1)"]);
    assert!(one(&members, "ana").is_none());
    assert_eq!(meant_by(&members, "ana berger"), ["Ana Berger (i1)"]);
}

#[test]
fn an_id_with_another_members_name_is_refused_with_both() {
    let members = [
        member("Ana Berger", "i1"),
        member("Jack", "i2"),
        member("Bo", "i3"),
    ];
    for (text, candidates) in [
        ("Jack (i1)", &["Ana Berger (i1)", "Jack (i2)"][..]),
        ("Zoe i1", &["Ana Berger (i1)"]),
        ("Bo i1 i2", &["Ana Berger (i1)", "Jack (i2)", "Bo (i3)"]),
    ] {
        assert!(matches!(find(&members, text), Meant::AtOdds(_)), "{text}");
        assert_eq!(meant_by(&members, text), candidates, "{text}");
    }
}

#[test]
fn an_athlete_who_came_back_with_another_account_is_one() {
    let gone = Member::sample("Ana", "i1", &[], MemberStatus::Disconnected);
    let here = Member::sample("Ana Berger", "i1", &[], MemberStatus::Reconnect);
    let both = [gone.clone(), here];
    for text in ["i1", "ana", "ana berger", "Ana Berger (i1)", "Ana (i1)"] {
        assert_eq!(meant_by(&both, text), ["Ana Berger (i1)"], "{text}");
    }
    assert_eq!(meant_by(&[gone], "i1"), ["Ana (i1)"]);
}

/// Names that someone could choose to be taken for Ana Berger (i900001).
const LIES: [&str; 12] = [
    "Ana Berger i900001",
    "Ana Berger (i900001)",
    "i900001",
    "900001",
    "Ana Berger",
    "ANA  BERGER",
    "Ana Berger (і900001)",
    "Ana Berger (ｉ９００００１)",
    "Ana Berger (i9\u{200b}00001)",
    "Ana Berger i900001 (i900001) · i900001",
    "athlete i900001",
    "Ana Berger, i900001, not i900002",
];

#[test]
fn no_name_takes_anothers_place() {
    for lie in LIES {
        let members = [member("Ana Berger", "i900001"), member(lie, "i900002")];
        for text in [
            "i900001",
            "Ana Berger (i900001)",
            "Ana Berger i900001",
            "berger I900001",
        ] {
            let meant = one(&members, text).map(Member::athlete_id);
            assert_eq!(meant, Some("i900001"), "{lie}: {text}");
        }
        // The name alone means both, or only its owner.
        assert!(
            one(&members, "Ana Berger").is_none_or(|member| member.athlete_id() == "i900001"),
            "{lie}"
        );
        // A coach never sees anyone else's id in a name.
        let shown = [members[1].name(), members[1].with_id()]
            .join(" ")
            .replace("i900002", "");
        assert!(!shown.contains(|c: char| c.is_numeric()), "{shown}");
        // When Ana is not on the roster, no one has her id.
        assert!(
            meant_by(&members[1..], "Ana Berger (i900001)").is_empty(),
            "{lie}"
        );
        assert!(meant_by(&members[1..], "i900001").is_empty(), "{lie}");
    }
}

#[test]
fn only_ten_of_many_are_named() {
    let many: Vec<Member> = (0..12).map(|n| member("Jo Kim", &format!("i{n}"))).collect();
    let all: Vec<&Member> = many.iter().collect();
    assert!(some(&all).ends_with("Jo Kim (i9) and 2 more"), "{}", some(&all));
    assert_eq!(
        who_is_on(&many),
        "There are 12 athletes on your roster; list_athletes names them."
    );
    assert_eq!(who_is_on(&many[..2]), "On your roster: Jo Kim (i0), Jo Kim (i1).");
}

#[test]
fn a_member_is_what_its_row_says_and_nothing_more() {
    let member = Member::sample(
        " \u{202e}Ana\tBerger\u{200b} ",
        "i1",
        &["get_events", "a_tool_to_come", "get_fitness"],
        MemberStatus::Connected,
    );
    assert_eq!(member.name(), "Ana Berger");
    let names: Vec<&str> = member.tools().iter().map(|tool| tool.name).collect();
    assert_eq!(
        names,
        ["get_fitness", "get_events"],
        "in the order of the catalogue"
    );
    assert!(member.grants(&permissions::GET_EVENTS) && !member.grants(&permissions::GET_WELLNESS));
    assert_eq!(
        Member::sample("\u{200b}", "i1", &[], MemberStatus::Connected).name(),
        "athlete i1"
    );
    // Midnight in Berlin ends the day before.
    let until = member.clone().expiring("2026-12-31T23:00:00Z").until();
    assert_eq!(until, Some("2026-12-31".parse().unwrap()));
    assert_eq!(member.until(), None);
}

proptest! {
    #[test]
    fn a_text_names_only_members_and_finds_each_by_name_and_by_id(
        text in "\\PC{0,30}|i?[0-9]{1,3}|[a-cA-CÀ-ž' -]{0,9}",
        names in prop::collection::vec("\\PC{0,20}|[a-c]{1,3}( [a-c]{1,3})?", 0..6),
    ) {
        let members: Vec<Member> = names
            .iter()
            .enumerate()
            .map(|(n, name)| member(name, &format!("i{n}")))
            .collect();
        for found in meant_by(&members, &text) {
            let named = members.iter().any(|member| member.with_id() == found);
            prop_assert!(named && !text.trim().is_empty());
        }
        for member in &members {
            prop_assert_eq!(one(&members, member.athlete_id()).map(Member::athlete_id), Some(member.athlete_id()));
            let by_both = one(&members, member.with_id());
            prop_assert_eq!(by_both.map(Member::athlete_id), Some(member.athlete_id()), "{}", member.with_id());
            // A member whose name has no words to compare is found only by id.
            if !member.words().is_empty() {
                prop_assert!(meant_by(&members, &member.words().join(" ")).contains(&member.with_id()));
            }
        }
    }

    /// Whatever name a member chooses, another member's id means that other, alone or with the name.
    #[test]
    fn no_name_that_one_member_chooses_changes_whom_anothers_id_means(
        chosen in "\\PC{0,40}|(Ana|Berger|i?90000[12]|[()і １²·'\u{200b}\u{301}-]){0,8}",
        other in "\\PC{0,20}|Ana Berger|Ana|(Ana|i?90000[12]| ){0,4}",
        before in any::<bool>(),
    ) {
        let ana = member(&other, "i900001");
        let liar = member(&chosen, "i900002");
        let members = if before { [liar, ana.clone()] } else { [ana.clone(), liar] };
        for text in [ana.athlete_id(), ana.with_id(), &format!("athlete {}", ana.athlete_id())] {
            let meant = one(&members, text).map(Member::athlete_id);
            prop_assert_eq!(meant, Some("i900001"), "{}", text);
        }
        let without = [members[usize::from(!before)].clone()];
        prop_assert!(meant_by(&without, ana.athlete_id()).is_empty());
    }
}
