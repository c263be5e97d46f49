//! `icusync demo` as a person at a terminal meets it.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use icusync::postgres;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
};

use crate::world::{Mcp, scratch};

/// A running `icusync demo --json`.
struct Demo {
    child: Child,
    rest: BufReader<ChildStdout>,
    ready: Value,
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icusync"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // The environment of a real installation must not reach the demo.
    command
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/real")
        .env("SMTP_URL", "smtp://127.0.0.1:1");
    command
}

impl Demo {
    async fn start(arguments: &[&str]) -> Self {
        let mut child = command(&[&["demo", "--json", "--port", "0"], arguments].concat())
            .spawn()
            .unwrap();
        let mut rest = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        tokio::time::timeout(Duration::from_mins(1), rest.read_line(&mut line))
            .await
            .expect("ready in time")
            .unwrap();
        if line.is_empty() {
            let mut errors = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut errors)
                .await
                .unwrap();
            panic!("the demo did not start: {errors}");
        }
        Self {
            child,
            rest,
            ready: serde_json::from_str(&line).unwrap(),
        }
    }

    fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap()
    }

    /// Ctrl-C; returns the rest of stdout.
    async fn end(mut self) -> String {
        rustix::process::kill_process(self.pid(), rustix::process::Signal::INT).unwrap();
        let mut rest = String::new();
        self.rest.read_to_string(&mut rest).await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait())
            .await
            .expect("ends in time")
            .unwrap();
        assert!(ended.success());
        rest
    }
}

async fn fails(arguments: &[&str]) -> String {
    let output = tokio::time::timeout(Duration::from_mins(1), command(arguments).output())
        .await
        .unwrap()
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_line_of_json_tells_all_and_everything_in_it_answers() {
    let demo = Demo::start(&[]).await;
    let ready = &demo.ready;
    for key in ["web", "mcp", "links", "mail", "intervals"] {
        assert!(
            ready[key].as_str().unwrap().starts_with("http://"),
            "{key}: {ready}"
        );
    }
    let coaches = ready["coaches"].as_array().unwrap();
    let emails: Vec<_> = coaches
        .iter()
        .map(|coach| coach["email"].as_str().unwrap())
        .collect();
    assert_eq!(emails, ["coach@example.test", "triona@example.test"]);
    let http = Mcp::client();
    let status = async |url: &str| http.get(url).send().await.unwrap().status().as_u16();
    assert_eq!(status(ready["web"].as_str().unwrap()).await, 200);
    assert_eq!(
        status(ready["mcp"].as_str().unwrap()).await,
        401,
        "clients sign in there"
    );
    assert_eq!(status(ready["mail"].as_str().unwrap()).await, 200);
    let foreign = http
        .get(ready["mail"].as_str().unwrap())
        .header("host", "evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(
        foreign.status(),
        403,
        "captured mail answers under its own name only"
    );
    let foreign = http
        .get(format!(
            "{}/_control/requests",
            ready["control"].as_str().unwrap()
        ))
        .header("host", "evil.example");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    let athletes = ready["athletes"].as_array().unwrap();
    assert!(athletes.len() >= 2);
    assert!(
        athletes
            .iter()
            .all(|athlete| athlete["name"] != ready["free"]["name"])
    );
    assert_eq!(ready["free"]["name"], "Mara Lindqvist");
    for athlete in athletes {
        let call = Mcp::at(athlete["link"].as_str().unwrap())
            .call("get_athlete_profile", json!({}))
            .await;
        assert!(!call.is_error(), "{}", call.answer);
        assert!(
            call.text().starts_with(athlete["name"].as_str().unwrap()),
            "{}",
            call.text()
        );
        for key in ["email", "password", "athlete_id", "token"] {
            assert!(!athlete[key].as_str().unwrap().is_empty());
        }
    }
    may_write(ready).await;
    assert_eq!(demo.end().await, "", "nothing else on stdout");
}

/// The demo's data as the pages show them: connected, read, with calls and a change in Ana's log; and the free person's consent.
#[tokio::test(flavor = "multi_thread")]
async fn the_seeded_pages_are_true_from_the_first_look() {
    let demo = Demo::start(&[]).await;
    let ready = &demo.ready;
    let text = |key: &str| ready[key].as_str().unwrap().to_owned();
    for athlete in ready["athletes"].as_array().unwrap() {
        let (web, session) = (text("web"), signed_in(&text("web"), athlete).await);
        let page = async |path: &str| {
            let request = Mcp::client()
                .get(format!("{web}{path}"))
                .header("cookie", &session);
            let page = request.send().await.unwrap();
            assert_eq!(page.status(), 200);
            page.text().await.unwrap()
        };
        let dashboard = page("/dashboard").await;
        assert!(
            !dashboard.contains("may not tell us"),
            "{}: {dashboard}",
            athlete["name"]
        );
        let log = page("/activity").await;
        let is_ana = athlete["name"] == "Ana Berger";
        assert_eq!(log.contains("IcuSync demo"), is_ana, "{log}");
        assert_eq!(
            log.contains("coach@example.test") && log.contains("Openers"),
            is_ana,
            "{log}"
        );
    }
    let page = Mcp::client()
        .get(format!("{}/try", text("mail")))
        .send()
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    for link in [&ready["athletes"][4]["link"], &ready["coaches"][1]["link"]] {
        assert!(page.contains(link.as_str().unwrap()), "{page}");
    }
    assert!(
        page.contains("Mara Lindqvist") && page.contains("train-with-icusync"),
        "{page}"
    );
    demo.end().await;
}

/// The session cookie of an athlete who signs in with the printed password.
async fn signed_in(web: &str, athlete: &Value) -> String {
    let request = Mcp::client().post(format!("{web}/sign-in"));
    let request = request
        .header("origin", web)
        .header("sec-fetch-site", "same-origin");
    let form = [("email", &athlete["email"]), ("password", &athlete["password"])];
    let answer = request
        .form(&form.map(|(name, value)| (name, value.as_str().unwrap())))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 303);
    let cookies = answer.headers().get_all("set-cookie").iter();
    let pairs = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
    pairs.collect::<Vec<_>>().join("; ")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_shows_one_screen_and_everybody_on_request() {
    for all in [false, true] {
        let arguments = ["demo", "--port", "0", "--all"];
        let mut child = command(&arguments[..if all { 4 } else { 3 }]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut screen = Vec::new();
        let read = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                let is_last = line.starts_with("Ctrl-C");
                screen.push(line);
                if is_last {
                    break;
                }
            }
        };
        tokio::time::timeout(Duration::from_mins(1), read)
            .await
            .expect("ready in time");
        let pid = rustix::process::Pid::from_raw(child.id().unwrap().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        assert!(child.wait().await.unwrap().success());
        let mut errors = String::new();
        let mut stderr = child.stderr.take().unwrap();
        stderr.read_to_string(&mut errors).await.unwrap();
        assert_eq!(errors, "", "nothing but the screen");
        let long = screen.iter().find(|line| line.chars().count() > 80);
        assert_eq!(long, None, "{screen:#?}");
        let text = screen.join("\n");
        assert_eq!(screen.len() <= 24, !all, "{text}");
        assert_eq!(text.contains("nell@example.test"), all, "{text}");
        for needed in [
            "Mara Lindqvist",
            "ana@example.test / ",
            "claude mcp add",
            "/try",
            "/mcp/",
        ] {
            assert!(text.contains(needed), "{needed}: {text}");
        }
    }
}

/// The first athlete's connector may change the calendar, and the first coach that of this athlete and one more.
async fn may_write(ready: &Value) {
    assert_eq!(ready["writing"], true);
    let preview = async |url: &Value, athlete: Option<&Value>| {
        let workout =
            json!({"sport": "Ride", "date": "tomorrow", "name": "Easy", "text": "- 30m 60-65% LTHR"});
        let mut given = json!({"workouts": [workout], "preview": true});
        if let Some(athlete) = athlete {
            given["athlete"] = athlete.clone();
        }
        let call = Mcp::at(url.as_str().unwrap()).call("push_workout", given).await;
        (!call.is_error(), call.text().to_owned())
    };
    let athletes = ready["athletes"].as_array().unwrap();
    let coach = &ready["coaches"][0]["link"];
    let (done, text) = preview(&athletes[0]["link"], None).await;
    assert!(done, "{text}");
    let (done, text) = preview(&athletes[1]["link"], None).await;
    assert!(!done && text.contains("May change my data"), "{text}");
    let mut coached = 0;
    for athlete in athletes {
        coached += usize::from(preview(coach, Some(&athlete["athlete_id"])).await.0);
    }
    assert_eq!(coached, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_data_come_back_and_a_real_installation_is_never_opened() {
    let folder = scratch("demo-kept");
    let data_dir = folder.to_str().unwrap();
    let demo = Demo::start(&["--data-dir", data_dir]).await;
    let link = demo.ready["athletes"][0]["link"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let second = fails(&["demo", "--json", "--port", "0", "--data-dir", data_dir]).await;
    assert!(
        second.contains(&demo.child.id().unwrap().to_string()),
        "names who owns the folder: {second}"
    );
    demo.end().await;

    let again = Demo::start(&["--data-dir", data_dir]).await;
    assert!(
        again.ready["athletes"][0]["link"]
            .as_str()
            .unwrap()
            .ends_with(&link),
        "the same token"
    );
    again.end().await;

    let real = serve_refuses(&folder).await;
    assert!(real.contains("demo"), "{real}");
    tokio::fs::remove_dir_all(&folder).await.unwrap();

    // A database with a schema and no mark of a demo.
    let folder = scratch("demo-real");
    let options = postgres::Options {
        data_dir: folder.clone(),
        run_as: None,
        kind: postgres::Kind::Kept,
    };
    let database = icusync::start::Database::private(options).await.unwrap();
    database.reach().migrate().await.unwrap();
    database.close().await.unwrap();
    let refused = fails(&[
        "demo",
        "--json",
        "--port",
        "0",
        "--data-dir",
        folder.to_str().unwrap(),
    ])
    .await;
    assert!(refused.contains("not made by a demo"), "{refused}");
    tokio::fs::remove_dir_all(&folder).await.unwrap();
}

/// Starts `serve` over `data_dir`, which must end with an error.
async fn serve_refuses(data_dir: &Path) -> String {
    let mut command = command(&["serve", "--bind", "127.0.0.1:0", "--metrics-bind", "127.0.0.1:0"]);
    command
        .env_remove("DATABASE_URL")
        .env_remove("SMTP_URL")
        .env("DATA_DIR", data_dir);
    let output = tokio::time::timeout(Duration::from_mins(1), command.output())
        .await
        .expect("refuses at once")
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_upstream_must_be_safe_and_a_taken_port_is_named() {
    let refused = fails(&[
        "demo",
        "--json",
        "--port",
        "0",
        "--intervals-url",
        "http://intervals.example",
    ])
    .await;
    assert!(refused.contains("https"), "{refused}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = fails(&["demo", "--json", "--port", &port]).await;
    assert!(refused.contains(&format!("port {port} is taken")), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_upstream_gets_the_seeded_tokens() {
    let first = Demo::start(&[]).await;
    let upstream = first.ready["intervals"].as_str().unwrap();
    let second = Demo::start(&["--intervals-url", upstream]).await;
    assert_eq!(second.ready["intervals"], first.ready["intervals"]);
    assert_eq!(
        second.ready["athletes"][1]["token"],
        first.ready["athletes"][1]["token"]
    );
    assert!(second.ready.get("control").is_none(), "it starts no simulator");
    let call = Mcp::at(second.ready["athletes"][1]["link"].as_str().unwrap())
        .call("get_fitness", json!({}))
        .await;
    assert!(!call.is_error(), "{}", call.answer);
    second.end().await;
    first.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_runs_when_the_service_stops_is_answered() {
    let data = scratch("demo-drain");
    let demo = Demo::start(&["--data-dir", data.to_str().unwrap()]).await;
    let control = demo.ready["control"].as_str().unwrap().to_owned();
    let http = Mcp::client();
    let slow = json!({"match": "/wellness", "delay": 2500, "times": 1});
    let set = http
        .post(format!("{control}/_control/fault"))
        .json(&slow)
        .send()
        .await
        .unwrap();
    assert_eq!(set.status(), 200);
    let asked_so_far = async || {
        let requests = http
            .get(format!("{control}/_control/requests"))
            .send()
            .await
            .unwrap();
        requests.text().await.unwrap().matches("/wellness").count()
    };
    let before = asked_so_far().await;
    let link = demo.ready["athletes"][1]["link"].as_str().unwrap().to_owned();
    let call = tokio::spawn(async move { Mcp::at(&link).call("get_wellness", json!({})).await });
    let asked = async {
        loop {
            if asked_so_far().await > before {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), asked)
        .await
        .expect("the call reaches upstream");
    demo.end().await;
    let call = call.await.unwrap();
    assert!(call.status == 200 && !call.is_error(), "{call:?}");
    tokio::fs::remove_dir_all(&data).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_demo_leaves_no_server_and_no_files() {
    let mut demo = Demo::start(&[]).await;
    let before = left_over();
    assert!(!before.is_empty());
    let pid = demo.pid();
    demo.child.kill().await.unwrap();
    let mine: Vec<PathBuf> = before
        .into_iter()
        .filter(|folder| owner(folder) == Some(pid.as_raw_nonzero().get()))
        .collect();
    assert_eq!(mine.len(), 1);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while mine[0].join("postgres").exists() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{} is still there",
            mine[0].display()
        );
        tokio::task::yield_now().await;
    }
    let _ = std::fs::remove_dir_all(&mine[0]);
}

/// The folders of demos that are running.
fn left_over() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(std::env::temp_dir()).unwrap();
    let named = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("icusync-demo-"))
    };
    entries.map(|entry| entry.unwrap().path()).filter(named).collect()
}

/// The process in a folder's lock.
fn owner(folder: &Path) -> Option<i32> {
    std::fs::read_to_string(folder.join("icusync.lock"))
        .ok()?
        .lines()
        .next()?
        .parse()
        .ok()
}
