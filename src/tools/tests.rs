//! What is true of every tool in the catalogue.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{
    curves::tests::Upstream,
    samples::{ana, noon, object},
    *,
};
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
    let (mut sum, mut reads, mut all) = (0, 0, 0);
    for tool in CATALOGUE {
        let listed = serde_json::json!({
            "name": tool.name(), "description": tool.description, "inputSchema": tool.schema(),
        });
        let tokens = tokenizer.encode_ordinary(&listed.to_string()).len();
        println!("{}: {tokens} tokens", tool.name());
        let most = match tool.name() {
            "push_workout" => 700,
            "edit_workout" => 330,
            "delete_workout" => 165,
            "push_event" | "push_wellness" | "update_activity" | "update_sport_settings" => 350,
            "find_intervals" => 300,
            "list_changes" => 80,
            "undo_change" => 100,
            "get_workout_guide" => 40,
            _ if tool.permission.group.is_off_at_first() => 350,
            _ => 400,
        };
        assert!(tokens <= most, "{} takes {tokens} tokens", tool.name());
        all += tokens;
        if tool.permission.group.is_off_at_first() {
            continue;
        }
        sum += tokens;
        if tool.permission.access == Access::Read {
            reads += tokens;
        }
    }
    println!("the list: {sum} tokens, {reads} of them for reads; with every group on {all}");
    assert!(
        sum <= 6000 && reads < 4000 && all <= 9000,
        "{sum}, {reads}, {all}"
    );
}

const NAMES_THAT_SAY_ALL: [&str; 11] = [
    "workouts",
    "events",
    "new_name",
    "preview",
    "indoor",
    "tags",
    "color",
    "days",
    "description",
    "mark",
    "tags_mode",
];

#[test]
fn schemas_are_flat_and_portable() {
    for tool in CATALOGUE {
        let schema = Value::Object(tool.schema());
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
        let required = schema["required"].as_array().into_iter().flatten();
        for name in required {
            assert!(schema["properties"].get(name.as_str().unwrap()).is_some());
        }
        for (name, property) in schema["properties"].as_object().unwrap() {
            // A name that says all needs no description: every token is paid for in each conversation.
            if NAMES_THAT_SAY_ALL.contains(&name.as_str()) {
                continue;
            }
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
        .map(|tool| (tool.name().to_owned(), Value::Object(tool.schema())))
        .collect();
    insta::assert_snapshot!(serde_json::to_string_pretty(&listed).unwrap());
}

#[test]
fn the_catalogue_has_one_tool_for_each_permission_in_its_order() {
    let tools: Vec<&str> = CATALOGUE.iter().map(Tool::name).collect();
    let granted: Vec<&str> = permissions::ALL.iter().map(|row| row.name).collect();
    let free: Vec<&str> = permissions::WITHOUT_GRANT.iter().map(|row| row.name).collect();
    let of = |names: &[&str]| {
        tools
            .iter()
            .copied()
            .filter(|tool| names.contains(tool))
            .collect::<Vec<_>>()
    };
    assert_eq!((of(&granted), of(&free)), (granted.clone(), free.clone()));
    assert_eq!(tools.len(), granted.len() + free.len());
    assert_eq!(
        ROSTER.iter().map(|tool| tool.name).collect::<Vec<_>>(),
        permissions::OF_THE_ROSTER
    );
    for tool in CATALOGUE {
        assert!(tool.description.len() < 2048);
        assert_eq!(tool.run.access(), tool.permission.access, "{}", tool.name());
    }
}

/// A parameter that a tool forgets to read would be accepted without effect. Reading one that it lacks, as another kind or
/// with other words, panics.
#[tokio::test]
async fn every_tool_reads_each_of_its_parameters_and_no_other() {
    let upstream = Upstream::start(|_| (404, json!({"status": 404, "error": "Not Found"}))).await;
    for tool in CATALOGUE {
        // The others need a database: tests/it/writes.rs.
        let Run::Read(run) = tool.run else { continue };
        let refused = async |given: Map<String, Value>| {
            let ask = Ask {
                upstream: upstream.handle(),
                card: ana(),
                now: noon(),
            };
            run(ask, given).await.unwrap_err().to_string()
        };
        for param in tool.params {
            let mut given = Map::from_iter([(param.name.to_owned(), json!({"sent": 1}))]);
            if tool
                .params
                .iter()
                .any(|own| own.required && own.name != param.name)
            {
                given.insert("id".to_owned(), json!("i1"));
            }
            let text = refused(given).await;
            let about = format!("Not done: {} must be ", param.name);
            assert!(text.starts_with(&about), "{} {}: {text}", tool.name(), param.name);
        }
        let text = refused(object(json!({"unheard_of": 1}))).await;
        let takes: Vec<&str> = tool.params.iter().map(|param| param.name).collect();
        let takes = if takes.is_empty() {
            "no arguments".to_owned()
        } else {
            takes.join(", ")
        };
        let says = format!("«unheard_of». This tool takes {takes}.");
        assert!(text.ends_with(&says), "{}: {text}", tool.name());
    }
    assert!(
        upstream.asked().is_empty(),
        "no request goes out before all arguments are read"
    );
}

#[test]
fn no_tool_and_nothing_below_the_tools_names_a_tool() {
    let names: HashSet<&str> = CATALOGUE
        .iter()
        .map(Tool::name)
        .chain(ROSTER.iter().map(|tool| tool.name))
        .collect();
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tools");
    let (mut tools, mut wrong) = (HashSet::new(), Vec::new());
    for file in sources(&room) {
        let inside = file.strip_prefix(&room).unwrap().to_string_lossy();
        // The catalogue names every tool, and so do its tests.
        if ["mod.rs", "withheld.rs"].contains(&&*inside) || inside.ends_with("tests.rs") {
            continue;
        }
        let own = inside.split(['/', '.']).next().unwrap_or_default();
        tools.extend(names.get(own));
        let text = std::fs::read_to_string(&file).unwrap();
        let others = words_of_code(&text);
        let others = others
            .iter()
            .filter(|word| **word != own && names.contains(word.as_str()));
        wrong.extend(others.map(|other| format!("{inside} names {other}")));
    }
    assert_eq!(tools, names, "is the scan broken?");
    assert!(
        wrong.is_empty(),
        "what two tools share belongs in a file that is not a tool:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_scan_sees_words_of_code_but_not_of_texts() {
    let text = r#"
        //! get_a in a comment.
        #[cfg(test)]
        mod tests;
        use super::{get_b, answer};
        fn f() { get_c::read("get_d \" get_e"); let c = '"'; get_f() }
        #[cfg(test)]
        mod tests { use super::get_g; }
    "#;
    let mut found: Vec<String> = words_of_code(text)
        .into_iter()
        .filter(|word| word.starts_with("get"))
        .collect();
    found.sort_unstable();
    assert_eq!(found, ["get_b", "get_c", "get_f"]);
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
    found
}

/// The words of a source outside comments, strings and its tests, which come last by convention.
fn words_of_code(text: &str) -> HashSet<String> {
    let text = text.split("mod tests {").next().unwrap_or_default();
    let mut code = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => while chars.next().is_some_and(|c| c != '\n') {},
            '\'' if chars.peek() == Some(&'"') => drop(chars.next()),
            '"' => {
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    if c == '\\' {
                        chars.next();
                    }
                }
            }
            c => code.push(c),
        }
    }
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
        .map(str::to_owned)
        .collect()
}
