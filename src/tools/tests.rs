//! What holds for every tool of the catalogue.

use std::{collections::HashSet, time::Duration};

use super::*;

fn all(value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                visit(key, value);
                all(value, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| all(item, visit)),
        _ => {}
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the gate's log shows what each tool costs")]
fn the_list_keeps_its_budget() {
    let tokenizer = tiktoken_rs::o200k_base().unwrap();
    let (mut sum, mut reads) = (0, 0);
    for tool in CATALOGUE {
        let listed = serde_json::json!({
            "name": tool.name, "description": tool.description, "inputSchema": (tool.schema)(),
        });
        let tokens = tokenizer.encode_ordinary(&listed.to_string()).len();
        println!("{}: {tokens} tokens", tool.name);
        assert!(tokens <= 400, "{} takes {tokens} tokens", tool.name);
        sum += tokens;
        if tool.access == Access::Read {
            reads += tokens;
        }
    }
    println!("the list: {sum} tokens, {reads} of them for what only looks");
    assert!(sum <= 6000 && reads < 4000, "{sum}, {reads}");
}

#[test]
fn schemas_are_flat_and_portable() {
    for tool in CATALOGUE {
        let schema = Value::Object((tool.schema)());
        assert_eq!(schema["type"], "object");
        assert_eq!(schema["additionalProperties"], false);
        all(&schema, &mut |key, value| {
            assert!(
                ![
                    "$ref", "$defs", "$schema", "format", "title", "anyOf", "oneOf", "allOf"
                ]
                .contains(&key),
                "{}: {key}",
                tool.name
            );
            assert!(
                key != "type" || value.is_string(),
                "{}: a union of types",
                tool.name
            );
            assert!(!value.is_null(), "{}: {key} is null", tool.name);
        });
        for (name, property) in schema["properties"].as_object().unwrap() {
            assert!(name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
            assert!(
                property["description"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{}: {name}",
                tool.name
            );
        }
    }
}

#[test]
fn the_schemas_stand_as_they_were_published() {
    let listed: Map<String, Value> = CATALOGUE
        .iter()
        .map(|tool| (tool.name.to_owned(), Value::Object((tool.schema)())))
        .collect();
    insta::assert_snapshot!(serde_json::to_string_pretty(&listed).unwrap());
}

#[test]
fn every_row_of_the_catalogue_is_complete() {
    let names: HashSet<&str> = CATALOGUE.iter().map(|tool| tool.name).collect();
    assert_eq!(names.len(), CATALOGUE.len());
    for tool in CATALOGUE {
        assert!(tool.name.len() <= 64 && tool.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        assert!(by_name(tool.name).is_some_and(|found| std::ptr::eq(found, tool)));
        assert!(tool.lets.ends_with('.') && !tool.title.is_empty() && !tool.needs.is_empty());
        assert!(tool.description.len() < 2048);
        assert_eq!(tool.access, Access::Read);
    }
    assert!(by_name("push_workout").is_none());
}

#[test]
fn errors_say_whose_turn_it_is_and_never_quote_upstream() {
    use intervals::Error;
    let cases = [
        (
            Error::Unauthorized,
            Outcome::Reconnect,
            "connect intervals.icu again",
        ),
        (Error::Forbidden, Outcome::Refused, "only the athlete"),
        (
            Error::MissingScope(Area::Wellness),
            Outcome::Refused,
            "WELLNESS ticked",
        ),
        (Error::NotFound, Outcome::Input, "get_training_history"),
        (Error::Rejected, Outcome::Upstream, "shorter range"),
        (Error::Strava, Outcome::Upstream, "device's own service"),
        (
            Error::Busy {
                retry_after: Duration::from_hours(2),
            },
            Outcome::Busy,
            "in 2 h",
        ),
        (Error::Unavailable, Outcome::Upstream, "a few minutes"),
        (Error::TimedOut, Outcome::Upstream, "Ask again"),
        (Error::Garbled, Outcome::Upstream, "shorter range"),
        (Error::WrongAthlete, Outcome::Ours, "withheld"),
    ];
    for (error, outcome, says) in cases {
        let error = ToolError::from(error);
        let text = error.to_string();
        assert_eq!(error.outcome(), outcome, "{text}");
        assert!(
            text.starts_with("Not done: ") && text.contains(says) && text.len() < 300,
            "{text}"
        );
    }
    for (secs, words) in [
        (0, "1 s"),
        (12, "12 s"),
        (90, "2 min"),
        (3600, "60 min"),
        (5400, "2 h"),
        (86_000, "24 h"),
    ] {
        assert_eq!(in_words(Duration::from_secs(secs)), words);
    }
}
