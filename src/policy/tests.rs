use proptest::prelude::*;

use super::*;

const CLUB: &str = "\
# Who may come in
ways provider passkey
links off
sign-up on

athletes domain club.example # members
athletes athlete i12345
athletes group triathlon
coaches group Coaches of the club
writing claim https://club.example/role head coach
";

fn club() -> Policy {
    Policy::parse(CLUB, "groups").unwrap()
}

fn athlete(address: &str) -> Person {
    Person {
        address: Some(address.to_owned()),
        ..Person::unknown(Kind::Athlete)
    }
}

fn with(person: Person, name: &str, value: &str) -> Person {
    let claims = Claims::from([(name.to_owned(), vec!["other".to_owned(), value.to_owned()])]);
    Person { claims, ..person }
}

#[test]
fn a_decision_names_its_line() {
    let policy = club();
    let ana = athlete("ana@club.example");
    for (verdict, allowed, by) in [
        (
            policy.lets_in(&ana, Some(Way::Provider)),
            true,
            "line 6: athletes domain club.example",
        ),
        (
            policy.lets_in(&ana, Some(Way::Password)),
            false,
            "line 2: ways provider passkey",
        ),
        (
            policy.lets_in(&ana, None),
            false,
            "has none of these ways in, line 2: ways provider passkey",
        ),
        (policy.lets_write(&ana), false, "no line of writing matches"),
        (
            policy.lets_sign_up(&ana, Way::Provider, false),
            true,
            "line 6: athletes domain club.example",
        ),
        (
            policy.lets_in(&athlete("ana@sub.club.example"), Some(Way::Passkey)),
            false,
            "no line of athletes matches",
        ),
        (
            Policy::none().lets_in(&ana, Some(Way::Email)),
            true,
            "no line says otherwise",
        ),
        (
            Policy::none().lets_sign_up(&ana, Way::Password, false),
            false,
            "no line says otherwise",
        ),
    ] {
        assert_eq!((verdict.allowed, verdict.by.to_string().as_str()), (allowed, by));
    }
    assert!(!policy.has_links() && policy.needs_provider() && policy.names_ways());
    assert_eq!(
        policy.claims().into_iter().collect::<Vec<_>>(),
        ["groups", "https://club.example/role"]
    );
}

#[test]
fn somebody_comes_in_by_any_line_of_the_own_section() {
    let policy = club();
    let in_by = |person: &Person| policy.lets_in(person, Some(Way::Provider)).allowed;
    let by_id = |id: &str| Person {
        athlete_id: Some(id.to_owned()),
        ..Person::unknown(Kind::Athlete)
    };
    assert!(in_by(&by_id("i12345")) && !in_by(&by_id("i1234")));
    let stranger = athlete("ana@elsewhere.example");
    assert!(!in_by(&stranger));
    assert!(in_by(&with(stranger.clone(), "groups", "triathlon")));
    assert!(
        !in_by(&with(stranger.clone(), "groups", "Triathlon")),
        "values are compared exactly"
    );
    assert!(
        !in_by(&with(stranger.clone(), "Groups", "triathlon")),
        "and names"
    );
    let coach = Person {
        kind: Kind::Coach,
        ..stranger
    };
    assert!(
        !in_by(&with(coach.clone(), "groups", "triathlon")),
        "that line is for athletes"
    );
    assert!(in_by(&with(coach.clone(), "groups", "Coaches of the club")));
    let head = with(coach, "https://club.example/role", "head coach");
    assert!(policy.lets_write(&head).allowed);
}

#[test]
fn the_groups_are_in_the_claim_of_the_settings() {
    let policy = Policy::parse("athletes group a", "roles").unwrap();
    let ana = athlete("ana@club.example");
    assert!(policy.lets_in(&with(ana.clone(), "roles", "a"), None).allowed);
    assert!(!policy.lets_in(&with(ana, "groups", "a"), None).allowed);
}

#[test]
fn a_way_counts_only_if_the_person_has_it() {
    let policy = Policy::parse("ways provider password", "groups").unwrap();
    let having = |ways: &[Way]| Person {
        ways: ways.to_vec(),
        ..Person::unknown(Kind::Athlete)
    };
    assert!(
        policy
            .lets_in(&having(&[Way::Intervals, Way::Password]), None)
            .allowed
    );
    assert!(!policy.lets_in(&having(&[Way::Intervals]), None).allowed);
    assert!(!policy.lets_in(&having(&[]), None).allowed);
    assert!(Policy::none().lets_in(&having(&[]), None).allowed);
}

#[test]
fn addresses_and_domains_have_one_spelling() {
    let policy = Policy::parse(
        "athletes address Ana.Berger@Bücher.example\nathletes domain CLUB.Example",
        "groups",
    );
    let policy = policy.unwrap();
    for address in ["ana.berger@xn--bcher-kva.example", "x@club.example"] {
        assert!(policy.lets_in(&athlete(address), None).allowed, "{address}");
    }
    assert_eq!(
        policy.to_string(),
        "athletes address ana.berger@xn--bcher-kva.example\nathletes domain club.example\n"
    );
    assert!(policy.lets_addresses_in());
    assert!(
        !Policy::parse("athletes group x", "groups")
            .unwrap()
            .lets_addresses_in()
    );
}

#[test]
fn what_is_not_understood_is_refused_with_its_line_and_what_to_write() {
    let long = format!("links on\n# {}\n", "x".repeat(70_000));
    let many = "athletes anyone\n".repeat(2_001);
    for (text, line, says) in [
        ("link off", 1, "a line begins with ways, links, sign-up"),
        ("\n\nWays password", 3, "unknown rule «Ways»"),
        ("ways", 1, "at least one of password, intervals"),
        ("ways passwords", 1, "unknown way in «passwords»"),
        ("ways password password", 1, "twice"),
        ("ways password\n# x\nways email", 3, "line 1 already has ways"),
        ("links off\nlinks off", 2, "line 1 already has links"),
        ("links", 1, "write links on or links off"),
        ("sign-up maybe", 1, "write sign-up on or sign-up off"),
        ("athletes", 1, "write athletes and then anyone"),
        ("athletes everyone", 1, "write athletes and then anyone"),
        ("athletes anyone else", 1, "nothing follows anyone"),
        ("coaches address", 1, "write coaches address name@club.example"),
        (
            "coaches address a@b",
            1,
            "write coaches address name@club.example",
        ),
        ("coaches domain @club.example", 1, "without an @"),
        ("coaches domain club", 1, "write coaches domain club.example"),
        ("coaches domain a.example b.example", 1, "one domain a line"),
        ("coaches athlete i1", 1, "coaches have no athlete id"),
        ("athletes athlete Ana", 1, "write athletes athlete i12345"),
        ("writing claim", 1, "write writing claim NAME VALUE"),
        ("writing claim role # x", 1, "write writing claim NAME VALUE"),
        ("writing group  # coaches", 1, "write writing group VALUE"),
        ("athletes group a\0b", 1, "a character that is no text"),
        ("# a\0b", 1, "a character that is no text"),
        (long.as_str(), 2, "longer than 64 KiB"),
        (many.as_str(), 2_001, "more than 2000 rules"),
    ] {
        let mistake = Policy::parse(text, "groups").unwrap_err();
        assert_eq!(mistake.line, line, "{mistake}");
        assert!(mistake.text.contains(says), "{mistake}");
    }
}

#[test]
fn an_empty_file_is_no_policy() {
    for text in ["", "\n\n", "# nothing\n  # yet\r\n", "\u{feff}"] {
        assert!(Policy::parse(text, "groups").unwrap().is_empty(), "{text:?}");
    }
    let windows = Policy::parse("\u{feff}links off\r\nathletes group team#1\r\n", "groups").unwrap();
    assert_eq!(windows.to_string(), "links off\nathletes group team#1\n");
}

fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("ways"),
        Just("links"),
        Just("sign-up"),
        Just("athletes"),
        Just("coaches"),
        Just("writing"),
        Just("address"),
        Just("domain"),
        Just("athlete"),
        Just("claim"),
        Just("group"),
        Just("anyone"),
        Just("on"),
        Just("off"),
        Just("provider"),
        Just("email"),
        Just("a@club.example"),
        Just("club.example"),
        Just("i1"),
        Just("#"),
    ];
    let some = prop_oneof![6 => word.prop_map(str::to_owned), 1 => "\\PC{0,6}"];
    let line = prop::collection::vec(some, 0..4).prop_map(|words| words.join(" "));
    prop::collection::vec(line, 0..4).prop_map(|lines| lines.join("\n"))
}

/// A line of `athletes`.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("athletes anyone".to_owned()),
        Just("athletes nobody".to_owned()),
        "athletes address [abc]@[de]\\.example",
        "athletes domain [de]\\.example",
        "athletes athlete i[1-3]",
        "athletes claim [xy] [12]",
        "athletes group [12]",
    ]
}

fn somebody() -> impl Strategy<Value = Person> {
    let address = prop::option::of("[abc]@[de]\\.example");
    let athlete_id = prop::option::of("i[1-3]");
    let claims = prop::collection::btree_map("[xy]|groups", prop::collection::vec("[12]", 0..3), 0..3);
    (address, athlete_id, claims).prop_map(|(address, athlete_id, claims)| Person {
        address,
        athlete_id,
        claims,
        ..Person::unknown(Kind::Athlete)
    })
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}|(\\PC|\\n|\\t|\\r){0,200}") {
        let _ = Policy::parse(&text, "groups");
    }

    #[test]
    fn a_policy_that_is_printed_is_the_same(text in text()) {
        if let Ok(policy) = Policy::parse(&text, "groups") {
            prop_assert_eq!(Policy::parse(&policy.to_string(), "groups"), Ok(policy));
        }
    }

    #[test]
    fn a_line_more_takes_nobodys_right_away(
        lines in prop::collection::vec(line(), 1..5),
        more in line(),
        person in somebody(),
    ) {
        let before = Policy::parse(&lines.join("\n"), "groups").unwrap();
        let after = Policy::parse(&format!("{}\n{more}", lines.join("\n")), "groups").unwrap();
        let (before, after) = (before.lets_in(&person, None), after.lets_in(&person, None));
        prop_assert!(after.allowed || !before.allowed);
        prop_assert!(!before.allowed || after.by.to_string() == before.by.to_string());
    }
}
