//! Real MCP clients, each in its own process, on a real connector URL.

use std::{path::Path, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::world::{self, World};

/// What `scripts/setup` found; a run without it says what to do instead of passing.
pub fn tool(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run the tests by `make test`"))
}

/// A file of `tests/clients`.
pub fn script(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name)
        .to_string_lossy()
        .into_owned()
}

/// Runs a program to its end; tells its output, or fails with what it said.
pub async fn output(program: &str, arguments: &[&str], limit: Duration) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(limit, command.output())
        .await
        .expect("ends in time")
        .unwrap();
    let (said, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{program} failed\n{said}\n{errors}");
    said.into_owned()
}

/// Each tool with its defaults.
async fn calls(world: &World) -> Vec<Value> {
    let mut calls = Vec::new();
    for tool in icusync::tools::CATALOGUE {
        let arguments = world.defaults(world.ana(), tool).await.unwrap();
        calls.push(json!({"name": tool.name, "arguments": arguments}));
    }
    calls
}

async fn walk(world: &World, url: &str) -> Vec<Value> {
    let calls: Vec<String> = calls(world).await.iter().map(Value::to_string).collect();
    let script = script("python/walk.py");
    let mut arguments = vec![script.as_str(), url];
    arguments.extend(calls.iter().map(String::as_str));
    let said = output(&tool("ICUSYNC_PYTHON"), &arguments, Duration::from_mins(2)).await;
    assert!(!said.contains(world.ana().person.token));
    said.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_python_client_lists_and_calls_every_tool_in_both_eras() {
    world::test(async |world| {
        let eras = walk(&world, &world.ana().link.clone()).await;
        assert_eq!(
            eras.iter()
                .map(|told| told["era"].as_str().unwrap())
                .collect::<Vec<_>>(),
            ["2026-07-28", "2025-11-25"]
        );
        for told in &eras {
            let listed: Vec<&str> = told["tools"]
                .as_array()
                .unwrap()
                .iter()
                .map(|tool| tool["name"].as_str().unwrap())
                .collect();
            let known: Vec<&str> = icusync::tools::CATALOGUE.iter().map(|tool| tool.name).collect();
            assert_eq!(listed, known);
            assert!(told["instructions"].as_str().unwrap().len() < 2048);
            for call in told["calls"].as_array().unwrap() {
                assert_eq!(call["isError"], false, "{call}");
                assert!(
                    call["text"].as_str().unwrap().starts_with("Ana Berger · "),
                    "{call}"
                );
            }
        }
        let log: i64 = sqlx::query_scalar("select count(*) from activity_log where outcome = 'ok'")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(
            log,
            i64::try_from(icusync::tools::CATALOGUE.len() * 2).unwrap(),
            "each call stands in the activity log"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_client_is_served_when_the_newest_revision_is_off() {
    world::test_with(
        |config| config.mcp_legacy_only = true,
        async |world| {
            let discovered = world
                .mcp(&world.jack().link)
                .modern("server/discover", json!({}))
                .await;
            assert_ne!(discovered.status, 200, "{}", discovered.answer);
            let call = world.mcp(&world.jack().link).call("get_fitness", json!({})).await;
            assert!(call.text().starts_with("Jack Nguyen · "), "{}", call.answer);
        },
    )
    .await;
}
