//! The coach's whole path as people walk it: a browser for the pages, the captured mails, the official Python client for
//! Claude.

use std::time::Duration;

use icusync::demo::seed::PASSWORD;
use serde_json::{Value, json};

use crate::{
    browser::run,
    clients::{output, script, tool},
    world::{World, inbox, test},
};

/// Not a coach of anybody yet.
const COACH: &str = "carla@coaching.example.test";

/// Where a step happens: the pages, the captured mails, with or without JavaScript.
struct Path<'a> {
    world: &'a World,
    inbox: String,
    mode: &'static str,
}

impl Path<'_> {
    /// Walks one step in a fresh browser.
    async fn step(&self, words: &[&str]) -> Value {
        let mut arguments = vec![self.world.web.as_str(), &self.inbox, self.mode];
        arguments.extend(words);
        let report = run("browser/coach-path.mjs", &arguments).await;
        assert_eq!(report["problems"], json!([]), "{words:?}");
        for secret in [&report["secret"], &report["url"]] {
            if let Some(secret) = secret.as_str() {
                self.world.secret(secret.rsplit('/').next().unwrap());
            }
        }
        report
    }

    /// What the official client hears, the same in both eras: the tools' names, and for each call whether it failed and
    /// its text.
    async fn ask(&self, url: &str, calls: &[(&str, Value)]) -> (Vec<String>, Vec<(bool, String)>) {
        let script = script("python/walk.py");
        let calls: Vec<String> = calls
            .iter()
            .map(|(name, arguments)| json!({"name": name, "arguments": arguments}).to_string())
            .collect();
        let mut arguments = vec![script.as_str(), url];
        arguments.extend(calls.iter().map(String::as_str));
        let said = output(&tool("ICUSYNC_PYTHON"), &arguments, Duration::from_mins(2)).await;
        let eras: Vec<Value> = said
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(eras.len(), 2);
        let report = &eras[1];
        let names = report["tools"].as_array().unwrap().iter();
        let names = names
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect();
        let answers = report["calls"].as_array().unwrap().iter();
        let answers = answers
            .map(|call| {
                (
                    call["isError"].as_bool().unwrap(),
                    call["text"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        (names, answers)
    }

    /// Whether the link host knows the URL at all.
    async fn knocks(&self, url: &str) -> u16 {
        self.world.mcp(url).request("tools/list", json!({})).await.status
    }
}

async fn walk(mode: &'static str) {
    test(async |world| {
        let path = Path {
            world: &world,
            inbox: inbox(&world).await,
            mode,
        };
        let url = invited(&path).await;
        granted_and_revoked(&path, &url).await;
        let log = world.signed_in(&world.ana().clone()).await.get("/activity").await;
        assert!(log.body.contains(COACH), "{}", log.body);
        by_the_public_page(&path, &url).await;
    })
    .await;
}

/// Ana invites, Jack joins the same URL.
async fn invited(path: &Path<'_>) -> String {
    let (ana, jack) = (path.world.ana().person, path.world.jack().person);

    // Ana invites, the mail's URL works, and covers what she ticked.
    let report = path
        .step(&[
            "invite",
            ana.email,
            PASSWORD,
            COACH,
            "get_training_history",
            "get_athlete_profile",
        ])
        .await;
    let url = report["url"].as_str().unwrap().to_owned();
    let (tools, answers) = path
        .ask(
            &url,
            &[
                ("list_athletes", json!({})),
                ("select_athlete", json!({"athlete": "ana berger"})),
                ("get_training_history", json!({})),
                ("get_wellness", json!({})),
            ],
        )
        .await;
    assert_eq!(tools[..2], ["list_athletes", "select_athlete"]);
    assert!(tools.contains(&"get_roster_overview".to_owned()) && tools.contains(&"get_wellness".to_owned()));
    let [(failed, listed), (_, selected), (_, read), (refused, refusal)] = &answers[..] else {
        panic!("{answers:?}")
    };
    assert!(
        !failed && listed.contains("Ana Berger") && !listed.contains("Jack"),
        "{listed}"
    );
    assert!(selected.contains("Ana Berger"), "{selected}");
    assert!(read.starts_with("Ana Berger (i900001) · "), "{read}");
    assert!(
        *refused && refusal.contains("has not granted get_wellness"),
        "{refusal}"
    );

    // Jack joins the same URL; after that, reads follow the selection and say so.
    let joined = path
        .step(&["invite", jack.email, PASSWORD, COACH, "get_fitness"])
        .await;
    assert_eq!(
        joined["url"],
        Value::Null,
        "a URL that is in use is not mailed about"
    );
    let (_, answers) = path
        .ask(
            &url,
            &[
                ("select_athlete", json!({"athlete": "jack"})),
                ("get_fitness", json!({})),
                ("get_fitness", json!({"athlete": "Ana"})),
                ("get_roster_overview", json!({})),
            ],
        )
        .await;
    assert!(answers[1].1.starts_with("Jack Nguyen"), "{}", answers[1].1);
    assert!(
        answers[2].0
            && answers[2]
                .1
                .contains("Ana Berger (i900001) has not granted get_fitness")
    );
    assert!(answers[3].1.contains("Ana Berger") && answers[3].1.contains("Jack Nguyen"));
    url
}

/// Ana grants one more tool, then revokes everything.
async fn granted_and_revoked(path: &Path<'_>, url: &str) {
    let ana = path.world.ana().person;
    let report = path
        .step(&["grant", ana.email, PASSWORD, COACH, "get_wellness"])
        .await;
    assert!(report["mail"].as_str().unwrap().contains("Ana Berger"));
    let (_, answers) = path
        .ask(url, &[("get_wellness", json!({"athlete": "Ana"}))])
        .await;
    assert!(
        !answers[0].0 && answers[0].1.starts_with("Ana Berger (i900001) · "),
        "{answers:?}"
    );
    let report = path.step(&["revoke", ana.email, PASSWORD, COACH]).await;
    assert!(report["mail"].as_str().unwrap().contains("Ana Berger"));
    let (_, answers) = path
        .ask(
            url,
            &[
                ("get_wellness", json!({"athlete": "Ana"})),
                ("list_athletes", json!({})),
            ],
        )
        .await;
    assert!(answers[0].0 && !answers[0].1.contains("Berger"), "{answers:?}");
    assert!(!answers[1].1.contains("Ana Berger") && answers[1].1.contains("Jack Nguyen"));
}

/// The coach has the same URL resent, then regenerated, then leaves Jack.
async fn by_the_public_page(path: &Path<'_>, url: &str) {
    let report = path.step(&["resend", COACH]).await;
    assert_eq!(report["url"], url);
    let report = path.step(&["regenerate", COACH]).await;
    let fresh = report["url"].as_str().unwrap().to_owned();
    assert_ne!(fresh, url);
    assert_eq!(path.knocks(url).await, 404);
    let (_, answers) = path.ask(&fresh, &[("get_fitness", json!({}))]).await;
    assert!(
        answers[0].1.starts_with("Jack Nguyen (i900002) · "),
        "{answers:?}"
    );
    let report = path.step(&["leave", COACH, "Jack Nguyen"]).await;
    assert!(report["left"].as_str().unwrap().starts_with("You have left."));
    let (_, answers) = path.ask(&fresh, &[("get_fitness", json!({}))]).await;
    assert!(answers[0].0, "{answers:?}");
    let mails = path.world.mails_to(path.world.jack().person.email).await;
    assert!(
        mails.iter().any(|mail| mail.letter.text.contains(COACH)),
        "Jack gets an email"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn invited_asked_refused_granted_revoked_resent_regenerated_and_left() {
    walk("with-javascript").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn and_the_same_without_javascript() {
    walk("without-javascript").await;
}
