//! Whom a text names, and for whom a call is.

use proptest::prelude::*;

use super::*;

fn member(name: &str, athlete: &str) -> Member {
    Member::sample(name, athlete, &["get_fitness"], State::Connected)
}

fn hits(members: &[Member], text: &str) -> Vec<String> {
    find(members, text).into_iter().map(Member::with_id).collect()
}

#[test]
fn an_id_counts_before_a_name_and_a_whole_name_before_its_words() {
    let members = [
        member("Ana Berger", "i1"),
        member("Ana", "i2"),
        member("Ana Maria Lopez", "123"),
        // Whoever calls themselves by another's id is not taken for them.
        member("i1", "i4"),
        member("Tríona O’Shea-Łuczak", "i5"),
    ];
    for (text, wanted) in [
        ("i1", &["Ana Berger (i1)"][..]),
        ("123", &["Ana Maria Lopez (123)"]),
        ("i123", &[]),
        ("ANA", &["Ana (i2)"]),
        (" ana  berger ", &["Ana Berger (i1)"]),
        ("Lopez, Ana", &["Ana Maria Lopez (123)"]),
        ("Ana Berger (i1)", &["Ana Berger (i1)"]),
        ("Ana Berger (i2)", &[]),
        ("triona", &["Tríona O’Shea-Łuczak (i5)"]),
        ("O'Shea Luczak", &["Tríona O’Shea-Łuczak (i5)"]),
        ("An", &[]),
        ("", &[]),
        ("\u{301}", &[]),
    ] {
        assert_eq!(hits(&members, text), wanted, "{text:?}");
    }
    let twins = [
        member("Jo Kim", "i1"),
        member("JO  KIM", "i2"),
        member("Jo Kim Park", "i3"),
    ];
    assert_eq!(hits(&twins, "jo kim"), ["Jo Kim (i1)", "JO KIM (i2)"]);
    assert_eq!(hits(&twins, "jo").len(), 3);
    assert_eq!(hits(&twins, "jo kim i2"), ["JO KIM (i2)"]);
}

#[test]
fn an_athlete_who_came_back_with_another_account_is_one() {
    let gone = Member::sample("Ana", "i1", &[], State::Disconnected);
    let here = Member::sample("Ana Berger", "i1", &[], State::Reconnect);
    let both = [gone.clone(), here];
    assert_eq!(hits(&both, "i1"), ["Ana Berger (i1)"]);
    assert_eq!(
        hits(&both, "ana"),
        ["Ana (i1)"],
        "the whole name names the other one"
    );
    assert_eq!(hits(&[gone], "i1"), ["Ana (i1)"]);
}

#[test]
fn of_many_only_some_are_named() {
    let many: Vec<Member> = (0..12).map(|n| member("Jo Kim", &format!("i{n}"))).collect();
    let all: Vec<&Member> = many.iter().collect();
    assert!(some(&all).ends_with("Jo Kim (i9) and 2 more"), "{}", some(&all));
    assert_eq!(
        whom_there_is(&many),
        "There are 12 athletes on your roster; list_athletes names them."
    );
    assert_eq!(
        whom_there_is(&many[..2]),
        "On your roster: Jo Kim (i0), Jo Kim (i1)."
    );
}

#[test]
fn a_member_is_what_its_row_says_and_no_more() {
    let member = Member::sample(
        " \u{202e}Ana\tBerger\u{200b} ",
        "i1",
        &["get_events", "a_tool_to_come", "get_fitness"],
        State::Connected,
    );
    assert_eq!(member.name(), "Ana Berger");
    let names: Vec<&str> = member.tools().iter().map(|tool| tool.name).collect();
    assert_eq!(
        names,
        ["get_fitness", "get_events"],
        "in the order of the catalogue"
    );
    assert!(member.may("get_events") && !member.may("get_wellness") && !member.may("a_tool_to_come"));
    assert_eq!(
        Member::sample("\u{200b}", "i1", &[], State::Connected).name(),
        "athlete i1"
    );
    // Midnight in Berlin ends the day before.
    let until = member.clone().expiring("2026-12-31T23:00:00Z").until();
    assert_eq!(until, Some("2026-12-31".parse().unwrap()));
    assert_eq!(member.until(), None);
}

proptest! {
    #[test]
    fn a_text_names_nobody_but_members_and_every_member_by_name_and_id(
        text in "\\PC{0,30}|i?[0-9]{1,3}|[a-cA-CÀ-ž' -]{0,9}",
        names in prop::collection::vec("\\PC{0,20}|[a-c]{1,3}( [a-c]{1,3})?", 0..6),
    ) {
        let members: Vec<Member> = names
            .iter()
            .enumerate()
            .map(|(n, name)| member(name, &format!("i{n}")))
            .collect();
        for hit in find(&members, &text) {
            let named = members.iter().any(|member| std::ptr::eq(member, hit));
            prop_assert!(named && !text.trim().is_empty());
        }
        for member in &members {
            let by_id = find(&members, member.athlete_id());
            prop_assert!(matches!(by_id[..], [one] if std::ptr::eq(one, member)));
            // A name of nothing that can be compared is found by its id only; one that is an id names whose id it is.
            let taken = members.iter().any(|other| other.athlete == member.name);
            if !member.words.is_empty() && !taken {
                prop_assert!(find(&members, member.name()).iter().any(|hit| std::ptr::eq(*hit, member)));
            }
        }
    }
}
