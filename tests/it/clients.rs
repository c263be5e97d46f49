//! Real MCP clients, each in its own process, on a real connector URL.

use std::{
    path::Path,
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use icusync::{
    permissions::Access,
    tools::{CATALOGUE, Tool},
};
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

/// Runs a program to its end; returns its output, or fails with what it said.
pub async fn output(program: &str, arguments: &[&str], limit: Duration) -> String {
    let run = run(program, arguments, limit, None).await;
    assert!(run.success, "{program} failed\n{}", run.whole);
    run.said
}

/// A program that has run to its end.
pub struct Run {
    /// It ended with 0.
    pub success: bool,
    /// What it wrote on its standard output.
    pub said: String,
    /// That, and its standard error.
    pub whole: String,
}

async fn run(program: &str, arguments: &[&str], limit: Duration, home: Option<&Path>) -> Run {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    if let Some(home) = home {
        command.env("HOME", home);
    }
    let ended = tokio::time::timeout(limit, command.output()).await;
    let ended = ended.expect("ends in time").unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let whole = format!("{said}\n{}", String::from_utf8_lossy(&ended.stderr));
    Run {
        success: ended.status.success(),
        said,
        whole,
    }
}

/// A file of the packages that the set-up installed.
pub fn package(path: &str) -> String {
    let packages = tool("ICUSYNC_NODE_MODULES");
    Path::new(&packages).join(path).to_string_lossy().into_owned()
}

/// Runs a Node program as a client.
pub async fn node(world: &World, arguments: &[&str], limit: Duration) -> Run {
    let modules = script("modules.mjs");
    let mut all = vec!["--import", modules.as_str()];
    all.extend(arguments);
    client(world, &tool("ICUSYNC_NODE"), &all, limit).await
}

/// Runs a client with a home of its own, because some leave things there. It may repeat the URL that it was given, whose token
/// is removed from its output; no other secret may be there.
async fn client(world: &World, program: &str, arguments: &[&str], limit: Duration) -> Run {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let home = world::scratch(&format!("home-{}", NUMBER.fetch_add(1, Ordering::SeqCst)));
    std::fs::create_dir_all(&home).unwrap();
    let run = run(program, arguments, limit, Some(&home)).await;
    std::fs::remove_dir_all(&home).unwrap();
    quiet(world, run)
}

fn quiet(world: &World, mut run: Run) -> Run {
    for text in [&mut run.said, &mut run.whole] {
        for seeded in &world.people {
            let token = seeded.link.rsplit('/').next().unwrap();
            *text = text.replace(token, "TOKEN");
        }
        let known = world.secrets();
        assert!(
            known.iter().all(|secret| !text.contains(secret)),
            "a client received a secret"
        );
    }
    run
}

/// A client that answers later than this is broken.
const LIMIT: Duration = Duration::from_mins(3);
/// Tools that change something.
fn changes() -> impl Iterator<Item = &'static Tool> {
    CATALOGUE.iter().filter(|tool| tool.run.access() == Access::Write)
}

/// What no tool takes.
const NONSENSE: &str = "no_such_argument";

/// Each tool with its defaults, and last a call that no tool can take.
async fn calls(world: &World) -> Vec<Value> {
    let mut calls = Vec::new();
    for tool in CATALOGUE {
        calls.push(json!({"name": tool.name(), "arguments": world.defaults(world.ana(), tool).await.expect("Ana has activities")}));
    }
    calls.push(json!({"name": CATALOGUE[0].name(), "arguments": {NONSENSE: true}}));
    calls
}

fn names(tools: &Value) -> Vec<&str> {
    tools
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect()
}

fn catalogue() -> Vec<&'static str> {
    CATALOGUE.iter().map(Tool::name).collect()
}

/// Asserts that an answer is the expected one: a tool's answer about Ana, or the refusal of the nonsense.
fn right(call: &Value, is_error: bool, text: &str) {
    if call["arguments"].get(NONSENSE).is_some() {
        assert!(is_error && text.starts_with("Not done"), "{call}: {text}");
    } else {
        // The guide is the same for everyone, and changes are refused while the switch is off or say what they lack.
        let is_guide = call["name"] == "get_workout_guide" && text.starts_with("# How a workout is written");
        let is_change = changes().any(|tool| call["name"] == tool.name());
        if is_change {
            assert!(
                is_error && text.contains("this connector may change nothing"),
                "{call}: {text}"
            );
        } else {
            assert!(
                !is_error && (is_guide || text.starts_with("Ana Berger · ")),
                "{call}: {text}"
            );
        }
    }
}

/// Judges what a client prints: a line of JSON for each era, as `tests/clients/python/walk.py` says.
async fn judge(world: &World, run: &Run, calls: &[Value], eras: &[&str]) {
    assert!(run.success, "{}", run.whole);
    let report: Vec<Value> = run
        .said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        report
            .iter()
            .map(|report| report["era"].as_str().unwrap())
            .collect::<Vec<_>>(),
        eras
    );
    for report in &report {
        assert_eq!(names(&report["tools"]), catalogue());
        let instructions = report["instructions"].as_str().unwrap();
        assert!(instructions.contains("intervals.icu") && instructions.len() < 2048);
        let answers = report["calls"].as_array().unwrap();
        assert_eq!(answers.len(), calls.len());
        for (call, answer) in calls.iter().zip(answers) {
            right(
                call,
                answer["isError"].as_bool().unwrap(),
                answer["text"].as_str().unwrap(),
            );
        }
    }
    logged(world, "ok", (CATALOGUE.len() - changes().count()) * eras.len()).await;
    logged(world, "refused", changes().count() * eras.len()).await;
    logged(world, "input", eras.len()).await;
}

/// Each call is in the activity log, under the client's name.
async fn logged(world: &World, outcome: &str, rows: usize) {
    world.logged().await;
    let found: i64 = sqlx::query_scalar(
        "select count(*) from activity_log where outcome = $1 and client <> 'unknown client' and client not like 'world-%'",
    )
    .bind(outcome)
    .fetch_one(&world.app.pool)
    .await
    .unwrap();
    assert_eq!(usize::try_from(found).unwrap(), rows, "{outcome}");
}

/// Walks with a client that a script drives.
async fn walk(program: Program, eras: &'static [&'static str]) {
    world::test(async |world| {
        world.with_everything_shared().await;
        world.with_every_group().await;
        let calls = calls(&world).await;
        let url = world.ana().link.clone();
        let said: Vec<String> = calls.iter().map(Value::to_string).collect();
        let (Program::Python(name) | Program::Node(name)) = program;
        let script = script(name);
        let mut arguments = vec![script.as_str(), url.as_str()];
        arguments.extend(said.iter().map(String::as_str));
        let run = match program {
            Program::Python(_) => client(&world, &tool("ICUSYNC_PYTHON"), &arguments, LIMIT).await,
            Program::Node(_) => node(&world, &arguments, LIMIT).await,
        };
        judge(&world, &run, &calls, eras).await;
    })
    .await;
}

/// A script of `tests/clients`.
#[derive(Clone, Copy)]
enum Program {
    Python(&'static str),
    Node(&'static str),
}

const BOTH: &[&str] = &["2026-07-28", "2025-11-25"];

#[tokio::test(flavor = "multi_thread")]
async fn the_official_python_client_in_both_eras() {
    walk(Program::Python("python/walk.py"), BOTH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fastmcp_in_both_eras() {
    walk(Program::Python("python/walk_fastmcp.py"), BOTH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_client_with_initialize() {
    walk(Program::Node("node/legacy.mjs"), &["2025-11-25"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_client_with_discover() {
    walk(Program::Node("node/modern.mjs"), &["2026-07-28"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mcp_remote() {
    walk(Program::Node("node/remote.mjs"), &["over stdio"]).await;
}

/// The Inspector's command line: one process per request.
async fn inspect(world: &World, era: &str, question: &[&str]) -> Run {
    let inspector = package("@modelcontextprotocol/inspector/clients/launcher/build/index.js");
    let url = world.ana().link.clone();
    let mut arguments = vec![
        inspector.as_str(),
        "--cli",
        &url,
        "--transport",
        "http",
        "--protocol-era",
        era,
    ];
    arguments.extend(question);
    node(world, &arguments, LIMIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_lists_in_both_eras_and_finds_every_schema_portable() {
    world::test(async |world| {
        world.with_everything_shared().await;
        world.with_every_group().await;
        for era in ["modern", "legacy"] {
            let listed = inspect(
                &world,
                era,
                &["--method", "tools/list", "--format", "json", "--strict"],
            )
            .await;
            assert!(listed.success, "{}", listed.whole);
            let list: Value = serde_json::from_str(&listed.said).unwrap();
            assert_eq!(names(&list["result"]["tools"]), catalogue());
            let beside = listed.whole.strip_prefix(&listed.said).unwrap().trim();
            assert_eq!(beside, "", "--strict reports");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_calls_every_tool() {
    world::test(async |world| {
        world.with_everything_shared().await;
        world.with_every_group().await;
        let calls = calls(&world).await;
        // A process per call is expensive: the eras take turns, two at a time. The nonsense comes in both.
        let nonsense = calls.last().unwrap().clone();
        let questions = calls
            .iter()
            .chain([&nonsense])
            .zip(["modern", "legacy"].into_iter().cycle());
        let questions: Vec<_> = questions.collect();
        for pair in questions.chunks(2) {
            futures::future::join_all(pair.iter().map(async |(call, era)| {
                let (name, arguments) = (call["name"].as_str().unwrap(), call["arguments"].to_string());
                let question = [
                    "--method",
                    "tools/call",
                    "--tool-name",
                    name,
                    "--tool-args-json",
                    &arguments,
                    "--format",
                    "json",
                    "-q",
                ];
                let run = inspect(&world, era, &question).await;
                let answer: Value =
                    serde_json::from_str(&run.said).unwrap_or_else(|_| panic!("{}", run.whole));
                let answer = &answer["result"];
                let text = answer["content"][0]["text"]
                    .as_str()
                    .unwrap_or_else(|| panic!("{answer}"));
                right(call, answer["isError"].as_bool().unwrap_or(false), text);
            }))
            .await;
        }
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
