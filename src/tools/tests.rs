//! What holds for every tool of the catalogue.

use super::*;
use crate::permissions;

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
            "name": tool.name(), "description": tool.description, "inputSchema": (tool.schema)(),
        });
        let tokens = tokenizer.encode_ordinary(&listed.to_string()).len();
        println!("{}: {tokens} tokens", tool.name());
        assert!(tokens <= 400, "{} takes {tokens} tokens", tool.name());
        sum += tokens;
        if tool.permission.access == Access::Read {
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
                tool.name()
            );
            assert!(
                key != "type" || value.is_string(),
                "{}: a union of types",
                tool.name()
            );
            assert!(!value.is_null(), "{}: {key} is null", tool.name());
        });
        for (name, property) in schema["properties"].as_object().unwrap() {
            assert!(name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
            assert!(
                property["description"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{}: {name}",
                tool.name()
            );
        }
    }
}

#[test]
fn the_schemas_stand_as_they_were_published() {
    let listed: Map<String, Value> = CATALOGUE
        .iter()
        .map(|tool| (tool.name().to_owned(), Value::Object((tool.schema)())))
        .collect();
    insta::assert_snapshot!(serde_json::to_string_pretty(&listed).unwrap());
}

#[test]
fn the_catalogue_has_one_tool_for_each_permission_in_its_order() {
    let tools: Vec<&str> = CATALOGUE.iter().map(Tool::name).collect();
    let permissions: Vec<&str> = permissions::ALL.iter().map(|row| row.name).collect();
    assert_eq!(tools, permissions);
    assert_eq!(
        ROSTER.iter().map(|tool| tool.name).collect::<Vec<_>>(),
        permissions::OF_THE_ROSTER
    );
    for tool in CATALOGUE {
        assert!(tool.description.len() < 2048);
        assert_eq!(tool.run.access(), tool.permission.access, "{}", tool.name());
    }
}
