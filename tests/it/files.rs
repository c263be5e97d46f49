//! Downloads: a link from a tool, its page, its button, and everything that ends it.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, Method};
use icusync::demo::seed::Seeded;
use icusync_sim::{Fault, HUGE, Mode};
use serde_json::{Value, json};

use crate::{
    roster::{change, revoke},
    world::{Mcp, World, test},
    writes::{done, refused},
};

const TOOL: &str = "get_file";
const LOG: &str = "select concat_ws('|', tool, access, outcome, client, coalesce(caller, '-'), upstream_requests) from activity_log \
                   where client like '%download' order by at, id";

/// What a request brought.
struct Got {
    status: u16,
    headers: HeaderMap,
    /// Up to where it broke off.
    bytes: Vec<u8>,
    broken: bool,
}

impl Got {
    fn text(&self) -> String {
        let html = scraper::Html::parse_document(&String::from_utf8_lossy(&self.bytes));
        let words: Vec<&str> = html
            .root_element()
            .text()
            .flat_map(str::split_whitespace)
            .collect();
        words.join(" ")
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn send(method: Method, url: &str) -> Got {
    let request = Mcp::client().request(method, url);
    let request = request.header(
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    );
    let mut answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let mut bytes = Vec::new();
    let broken = loop {
        match answer.chunk().await {
            Ok(Some(piece)) => bytes.extend_from_slice(&piece),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    Got {
        status,
        headers,
        bytes,
        broken,
    }
}

async fn get(url: &str) -> Got {
    send(Method::GET, url).await
}

async fn press(url: &str) -> Got {
    send(Method::POST, url).await
}

/// The link in an answer.
pub(crate) fn link_in(world: &World, text: &str) -> String {
    let mut lines = text.lines().filter(|line| line.starts_with("http"));
    let url = lines.next().unwrap_or_else(|| panic!("no link in {text}"));
    assert!(url.starts_with(&format!("{}/files/icud_", world.web)), "{url}");
    world.secret(url.rsplit('/').next().unwrap());
    url.to_owned()
}

/// A link through a connector URL.
async fn link(world: &Arc<World>, connector: &str, asked: Value) -> String {
    link_in(world, &done(world, connector, TOOL, asked).await)
}

/// The newest activity of somebody that is so.
async fn activity(world: &World, seeded: &Seeded, is_so: impl Fn(&Value) -> bool) -> String {
    let rows = world
        .at_intervals(seeded, "activities?oldest=2026-06-01&newest=2026-11-30")
        .await;
    let row = rows.as_array().unwrap().iter().find(|row| is_so(row));
    row.unwrap()["id"].as_str().unwrap().to_owned()
}

/// A ride of Ana's outdoors.
pub(crate) async fn ride(world: &World) -> String {
    activity(world, world.ana(), |row| {
        row["type"] == "Ride" && row["source"] == "GARMIN_CONNECT" && row["device_watts"] == true
    })
    .await
}

/// What intervals.icu sends of a file.
async fn upstream(world: &World, seeded: &Seeded, path: &str) -> Vec<u8> {
    let answer = Mcp::client()
        .get(format!("{}/api/v1/{path}", world.sim.base_url))
        .header("user-agent", "IcuSync tests")
        .basic_auth("API_KEY", Some(seeded.person.api_key))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.bytes().await.unwrap().into()
}

/// The paths that upstream was asked for.
fn asked(world: &World) -> Vec<String> {
    let requests = world.sim.requests().into_iter();
    requests.map(|request| request.path).collect()
}

/// The rows of the log that downloads wrote, once the last one has ended.
async fn logged(world: &World, count: usize) -> Vec<String> {
    for _ in 0..100 {
        let rows: Vec<String> = sqlx::query_scalar(LOG).fetch_all(&world.app.pool).await.unwrap();
        if rows.len() == count && rows.iter().all(|row| !row.contains("|unfinished|")) {
            return rows;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    panic!(
        "{:?}",
        sqlx::query_scalar::<_, String>(LOG)
            .fetch_all(&world.app.pool)
            .await
    );
}

/// A page that says only that the link is over.
async fn is_over(url: &str, why: &str) {
    for method in [Method::GET, Method::POST] {
        let got = send(method.clone(), url).await;
        assert_eq!(got.status, 410, "{method} {why}");
        let text = got.text();
        assert!(text.contains("no longer works"), "{why}: {text}");
        for told in ["Ana", "Ride", "GPX", "i900001"] {
            assert!(!text.contains(told), "{why}: {text}");
        }
        assert_eq!(got.header("cache-control"), "no-store");
        assert_eq!(got.header("x-robots-tag"), "noindex, nofollow");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_athlete_downloads_a_gpx_once_and_the_log_says_so() {
    test(async |world| {
        let ana = world.ana();
        let ride = ride(&world).await;
        let off = refused(&world, &ana.link, TOOL, json!({"activity": ride})).await;
        assert!(off.contains("switched off for this connector"), "{off}");
        world.with_every_group().await;
        done(&world, &ana.link, "get_athlete_profile", json!({})).await;
        world.sim.clear_requests();
        let answer = done(&world, &ana.link, TOOL, json!({"activity": ride, "kind": "gpx"})).await;
        let path = format!("/api/v1/activity/{ride}");
        assert_eq!(asked(&world), [path.clone(), format!("{path}/gpx-file")]);
        let url = link_in(&world, &answer);
        let told = answer.replace(url.rsplit('/').next().unwrap(), "TOKEN");
        insta::assert_snapshot!(
            "a_link_to_a_gpx",
            told.replace(&world.web, "https://icusync.example")
        );

        world.sim.clear_requests();
        for method in [Method::HEAD, Method::GET, Method::GET, Method::HEAD] {
            let shown = send(method, &url).await;
            assert_eq!(shown.status, 200);
            assert_eq!(shown.header("cache-control"), "no-store");
            assert_eq!(shown.header("x-robots-tag"), "noindex, nofollow");
            assert_eq!(shown.header("referrer-policy"), "no-referrer");
        }
        let page = get(&url).await.text();
        for told in [
            "Ana Berger (i900001)",
            "Ride",
            "GPX",
            " KB",
            "Asked for by the athlete",
            "until 09:10 (Europe/Berlin)",
            "can show where the athlete lives",
        ] {
            assert!(page.contains(told), "{told}: {page}");
        }
        assert_eq!(
            asked(&world),
            [""; 0],
            "a scanner costs nothing and spends nothing"
        );

        let file = press(&url).await;
        assert_eq!((file.status, file.broken), (200, false));
        assert_eq!(file.header("content-type"), "application/octet-stream");
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        assert_eq!(file.header("cache-control"), "no-store");
        let name = file.header("content-disposition");
        assert!(
            name.starts_with("attachment; filename=\"2026-11-")
                && name.ends_with(&format!("-ride-{ride}.gpx\"")),
            "{name}"
        );
        let own = upstream(&world, ana, &format!("activity/{ride}/gpx-file")).await;
        assert_eq!(file.bytes, own);
        assert_eq!(file.header("content-length"), own.len().to_string());
        assert_eq!(
            logged(&world, 1).await,
            ["get_file|read|ok|Firefox on Linux, download|-|1"]
        );
        is_over(&url, "pressed twice").await;
        assert_eq!(logged(&world, 1).await.len(), 1);
        let text = world.signed_in(ana).await.get("/activity").await.text();
        assert!(text.contains("Firefox on Linux, download"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_comes_unpacked_and_a_workout_for_each_device() {
    test(async |world| {
        world.with_every_group().await;
        let ana = world.ana();
        let ride = ride(&world).await;
        let url = link(&world, &ana.link, json!({"activity": ride})).await;
        assert!(get(&url).await.text().contains("original file"));
        let original = press(&url).await;
        assert!(
            original
                .header("content-disposition")
                .ends_with(&format!("{ride}.fit\"")),
            "{:?}",
            original.headers
        );
        let made = upstream(&world, ana, &format!("activity/{ride}/fit-file")).await;
        assert_eq!(
            original.bytes, made,
            "what the device wrote is packed upstream only"
        );
        let url = link(&world, &ana.link, json!({"activity": ride, "kind": "fit"})).await;
        assert_eq!(press(&url).await.bytes, made);

        let steps = "- 10m 60%\n\n3x\n- 8m 95%\n- 4m 55%";
        let day = "2026-11-24T00:00:00";
        let event = json!({"category": "WORKOUT", "start_date_local": day, "type": "Ride", "name": "Over <&> \"under\"",
            "description": steps});
        let id = world.sim.add_event("ana", event).unwrap();
        for format in ["zwo", "mrc", "erg", "fit"] {
            let asked = json!({"event": id, "kind": format});
            let answer = done(&world, &ana.link, TOOL, asked).await;
            assert!(answer.contains("«Over <&> \"under\"»"), "{answer}");
            assert!(!answer.contains("lives"), "{answer}");
            let url = link_in(&world, &answer);
            let page = get(&url).await.text();
            assert!(
                page.contains("Planned workout, Ride: Over <&> \"under\"") && page.contains("Tue 24 Nov 2026"),
                "{page}"
            );
            let got = press(&url).await;
            let path = format!("athlete/i900001/events/{id}/download.{format}");
            assert_eq!(got.bytes, upstream(&world, ana, &path).await, "{format}");
            let name = format!("attachment; filename=\"2026-11-24-ride-planned-{id}.{format}\"");
            assert_eq!(got.header("content-disposition"), name);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_file_is_refused_with_the_reason() {
    test(async |world| {
        world.with_every_group().await;
        let (ana, jack, tria) = (world.ana(), world.jack(), world.tria());
        let bishnu = world.bishnu();
        let typed = activity(&world, ana, |row| row["source"] == "MANUAL").await;
        let pool = activity(&world, tria, |row| row["pool_length"].is_number()).await;
        let closed = activity(&world, bishnu, |row| row["source"] == "STRAVA").await;
        let ride = ride(&world).await;
        let note = json!({"category": "NOTE", "name": "Rest", "start_date_local": "2026-11-25T00:00:00"});
        let note = world.sim.add_event("ana", note).unwrap();
        let easy = json!({"category": "WORKOUT", "type": "Ride", "name": "Easy", "start_date_local": "2026-11-25T00:00:00",
            "description": "- 1h Z2 HR"});
        let easy = world.sim.add_event("ana", easy).unwrap();
        for (of, asked, says) in [
            (bishnu, json!({"activity": closed}), "came from Strava, whose terms"),
            (ana, json!({"activity": typed}), "was typed in"),
            (
                tria,
                json!({"activity": pool, "kind": "gpx"}),
                "no position was recorded",
            ),
            (
                jack,
                json!({"activity": ride}),
                "not one of this athlete's activities",
            ),
            (ana, json!({"activity": "i1"}), "no activity with this id"),
            (
                ana,
                json!({"activity": ride, "kind": "zwo"}),
                "must be original, fit or gpx",
            ),
            (
                ana,
                json!({"event": easy, "kind": "gpx"}),
                "must be zwo, mrc, erg or fit",
            ),
            (ana, json!({"event": easy, "kind": "zwo"}), "kind fit holds heart rate"),
            (ana, json!({"event": note}), "«Rest», is no planned workout"),
            (ana, json!({"event": 1}), "no entry with the id 1"),
            (ana, json!({"event": easy, "activity": ride}), "not both"),
            (ana, json!({}), "activity must be given"),
        ] {
            let text = refused(&world, &of.link, TOOL, asked.clone()).await;
            assert!(text.contains(says), "{asked}: {text}");
            assert!(!text.contains("/files/"), "{asked}: {text}");
        }
        assert!(
            !link(&world, &ana.link, json!({"event": easy}))
                .await
                .is_empty(),
            "a watch takes it"
        );
        let links: i64 = sqlx::query_scalar("select count(*) from file_links")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(links, 1, "what is refused leaves no link");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_needs_the_grant_and_a_link_ends_with_it() {
    test(async |world| {
        let ana = world.ana();
        let coach = world.coaches().await[0].link.clone();
        world.with_every_group().await;
        let ride = ride(&world).await;
        let asked = json!({"athlete": "ana", "activity": ride, "kind": "gpx"});
        let without = refused(&world, &coach, TOOL, asked.clone()).await;
        assert!(
            without.contains("has not granted get_file to coach@example.test"),
            "{without}"
        );
        let granted = ["get_training_history", "get_file"];
        change(&world, ana, &granted, None).await;
        let answer = done(&world, &coach, TOOL, asked.clone()).await;
        assert!(answer.starts_with("Ana Berger (i900001)"), "{answer}");
        let url = link_in(&world, &answer);
        let page = get(&url).await.text();
        assert!(
            page.contains("Asked for by coach@example.test") && page.contains("Ana Berger (i900001)"),
            "{page}"
        );
        assert_eq!(press(&url).await.status, 200);
        assert_eq!(
            logged(&world, 1).await,
            ["get_file|read|ok|Firefox on Linux, download|coach@example.test|1"]
        );

        let url = link(&world, &coach, asked.clone()).await;
        change(&world, ana, &["get_training_history"], None).await;
        is_over(&url, "the tool was taken back").await;
        change(&world, ana, &granted, None).await;
        assert_eq!(get(&url).await.status, 200, "and given again in time");

        sqlx::query("update connectors set groups_off = '{files}' where coach_id is not null")
            .execute(&world.app.pool)
            .await
            .unwrap();
        is_over(&url, "the group was switched off").await;
        world.with_every_group().await;

        revoke(&world, ana).await;
        is_over(&url, "revoked").await;
        assert_eq!(logged(&world, 1).await.len(), 1, "nothing was downloaded");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_with_its_time_its_connector_its_connection_and_its_app() {
    test(async |world| {
        world.with_every_group().await;
        let ana = world.ana().clone();
        let ride = ride(&world).await;
        let asked = json!({"activity": ride, "kind": "gpx"});

        let url = link(&world, &ana.link, asked.clone()).await;
        world.clock.advance(chrono::Duration::seconds(599));
        assert_eq!(get(&url).await.status, 200);
        world.clock.advance(chrono::Duration::seconds(1));
        is_over(&url, "ten minutes").await;

        // A sign-in goes on under other tokens, and ends with the app.
        let (program, tokens) = world.app_of(&ana, false).await;
        world.with_every_group().await;
        let answer = program.mcp(tokens.access()).call(TOOL, asked.clone()).await;
        assert!(!answer.is_error(), "{}", answer.text());
        let url = link_in(&world, answer.text());
        let fresh = program.refresh(tokens.refresh()).await;
        assert_eq!(fresh.status, 200, "{}", fresh.body);
        sqlx::query("update access_tokens set expires_at = $1")
            .bind(world.clock.now() + chrono::Duration::seconds(60))
            .execute(&world.app.pool)
            .await
            .unwrap();
        world.clock.advance(chrono::Duration::seconds(120));
        assert_eq!(
            get(&url).await.status,
            200,
            "an access token may end while the link is good"
        );
        program.revoke(fresh.refresh()).await;
        is_over(&url, "the app signed out").await;

        let url = link(&world, &ana.link, asked.clone()).await;
        let mut browser = world.signed_in(&ana).await;
        let again = browser.post("/link/regenerate", &[]).await;
        assert_eq!(again.status, 303, "{}", again.text());
        is_over(&url, "regenerated").await;

        let jack = world.jack().clone();
        let run = activity(&world, &jack, |row| {
            row["type"] == "Run" && row["source"] != "MANUAL" && row["source"] != "STRAVA"
        })
        .await;
        let url = link(&world, &jack.link, json!({"activity": run})).await;
        assert_eq!(get(&url).await.status, 200);
        let mut browser = world.signed_in(&jack).await;
        assert_eq!(browser.post("/disconnect", &[]).await.status, 303);
        is_over(&url, "disconnected").await;

        for odd in ["icud_", "icul_abc", "%00", "%ff", &"x".repeat(5_000)] {
            let url = format!("{}/files/{odd}", world.web);
            let status = get(&url).await.status;
            assert!([404, 410].contains(&status), "{odd}: {status}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_breaks_off_is_broken_off_and_a_failure_before_it_spends_nothing() {
    test(async |world| {
        world.with_every_group().await;
        let ana = world.ana();
        let ride = ride(&world).await;
        let asked = json!({"activity": ride, "kind": "gpx"});
        let fault = || Fault::on("/gpx-file").times(1);

        let url = link(&world, &ana.link, asked.clone()).await;
        for (broken, says) in [
            (fault().status(500), "not answering properly"),
            (fault().status(429), "used up"),
            (
                fault().body("<!doctype html><title>Down for maintenance</title>"),
                "not answering properly",
            ),
        ] {
            world.sim.fault(broken);
            let failed = press(&url).await;
            assert_eq!(failed.status, 502, "{}", failed.text());
            let text = failed.text();
            assert!(text.contains(says) && text.contains("Download"), "{text}");
            assert!(!text.contains("Not done"), "{text}");
        }
        let file = press(&url).await;
        assert_eq!(
            (file.status, file.broken),
            (200, false),
            "the link was still good"
        );

        let url = link(&world, &ana.link, asked.clone()).await;
        world.sim.fault(fault().mode(Mode::Cut));
        let cut = press(&url).await;
        assert!(cut.broken, "half a file is not taken for a whole one");
        is_over(&url, "it was passed on in part").await;

        let url = link(&world, &ana.link, asked.clone()).await;
        world.sim.fault(fault().mode(Mode::Huge));
        let huge = press(&url).await;
        assert!(
            huge.broken && huge.bytes.len() <= 60_000_000,
            "{}",
            huge.bytes.len()
        );
        assert!(huge.bytes.len() > 40_000_000, "{}", huge.bytes.len());

        // One that says so at once is refused in the answer.
        let length = HUGE.to_string();
        world
            .sim
            .fault(fault().mode(Mode::Huge).header("content-length", &length));
        let text = refused(&world, &ana.link, TOOL, asked.clone()).await;
        assert!(
            text.contains("this file has 200 MB, and IcuSync passes on at most 60 MB"),
            "{text}"
        );
        let url = link(&world, &ana.link, asked.clone()).await;
        world
            .sim
            .fault(fault().mode(Mode::Huge).header("content-length", &length));
        let large = press(&url).await;
        assert_eq!(large.status, 502);
        assert!(large.text().contains("The file has 200 MB"), "{}", large.text());

        let rows = logged(&world, 7).await;
        // All of one moment by the world's clock.
        let mut outcomes: Vec<&str> = rows.iter().map(|row| row.split('|').nth(2).unwrap()).collect();
        outcomes.sort_unstable();
        assert_eq!(
            outcomes,
            [
                "busy", "ok", "upstream", "upstream", "upstream", "upstream", "upstream"
            ]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_files_of_an_athlete_at_once_and_a_third_waits_for_its_press() {
    test(async |world| {
        world.with_every_group().await;
        let ana = world.ana();
        let ride = ride(&world).await;
        let asked = json!({"activity": ride, "kind": "gpx"});
        let mut urls = Vec::new();
        for _ in 0..3 {
            urls.push(link(&world, &ana.link, asked.clone()).await);
        }
        let other = world.other_instance().await;
        let there = |url: &str| url.replace(&world.web, &other.web);
        world
            .sim
            .fault(Fault::on("/gpx-file").times(2).mode(Mode::Drip).body("<gpx>"));
        let begin = async |url: String| {
            let answer = Mcp::client().post(url).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            answer
        };
        // Both hang: upstream sends a byte a second.
        let slow = tokio::spawn(begin(urls[0].clone()));
        let slower = tokio::spawn(begin(there(&urls[1])));
        let counted = async || {
            let counted = "select count(*) from file_links where running_until is not null";
            sqlx::query_scalar::<_, i64>(counted)
                .fetch_one(&world.app.pool)
                .await
                .unwrap()
        };
        while counted().await < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let third = press(&there(&urls[2])).await;
        assert_eq!(third.status, 429, "{}", third.text());
        assert!(
            third.text().contains("Two files of this athlete"),
            "{}",
            third.text()
        );
        drop((slow.await.unwrap(), slower.await.unwrap()));
        let mut third = press(&urls[2]).await;
        for _ in 0..200 {
            if third.status == 200 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            third = press(&urls[2]).await;
        }
        assert_eq!(third.status, 200, "whoever gives up makes room");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_downloads_nothing() {
    test(async |world| {
        world.with_every_group().await;
        let ride = ride(&world).await;
        let url = link(&world, &world.ana().link, json!({"activity": ride})).await;
        let forged = Mcp::client()
            .post(&url)
            .header("sec-fetch-site", "cross-site")
            .header("origin", "https://evil.example")
            .send()
            .await
            .unwrap();
        assert_eq!(forged.status(), 403);
        assert_eq!(press(&url).await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_presses_at_once_one_downloads() {
    test(async |world| {
        world.with_every_group().await;
        let ride = ride(&world).await;
        let other = world.other_instance().await;
        for _ in 0..3 {
            let url = link(
                &world,
                &world.ana().link,
                json!({"activity": ride, "kind": "gpx"}),
            )
            .await;
            let there = url.replace(&world.web, &other.web);
            let presses = (0..6).map(|at| press(if at % 2 == 0 { &url } else { &there }));
            let all = futures::future::join_all(presses).await;
            let mut statuses: Vec<u16> = all.iter().map(|got| got.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 410, 410, 410, 410, 410]);
            let file = all.iter().find(|got| got.status == 200).unwrap();
            assert!(!file.broken && file.bytes.starts_with(b"<?xml"));
        }
        // Those that came too late may have a row too, which says so.
        let downloads = "select count(*) from activity_log where client like '%download' and outcome = 'ok'";
        for _ in 0..100 {
            let count: i64 = sqlx::query_scalar(downloads)
                .fetch_one(&world.app.pool)
                .await
                .unwrap();
            if count == 3 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        panic!("three downloads are not in the log");
    })
    .await;
}
