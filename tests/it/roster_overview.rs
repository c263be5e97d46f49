//! get_roster_overview through a coach's URL: by grant, with faults, and for a roster of twenty-five within a call's time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Json, Router, extract::Path, routing::get};
use chrono::{Days, NaiveDate};
use icusync::{
    app::App,
    demo::{self},
    guard::{
        accounts,
        coaches::{self, Grantor},
        connection, connector,
    },
    ids::ConnectionId,
    mail::Address,
    queries::{
        self,
        connections::{NewConnection, Profile},
        grants::Terms,
    },
    secrets::Random,
    start::{self, Ingredients},
    words::{ConnectionKind, ZoneSource},
};
use icusync_sim::{Fault, Mode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::world::{self, World};

const COACH: &str = "coach@example.test";

/// Refreshes each person's row, as the first call of a day does.
async fn settled(world: &Arc<World>) {
    for person in &world.people {
        let call = world
            .mcp(&person.link)
            .call("get_athlete_profile", json!({}))
            .await;
        assert!(!call.is_error(), "{}", call.text());
    }
    world.sim.clear_requests();
}

async fn answer_of(world: &Arc<World>, link: &str, arguments: Value) -> String {
    let call = world.mcp(link).call("get_roster_overview", arguments).await;
    assert!(!call.is_error(), "{}", call.text());
    call.text().to_owned()
}

/// The row that begins with `name`, by its headers.
fn row<'a>(text: &'a str, name: &str) -> Vec<(&'a str, &'a str)> {
    let headers = text.lines().nth(1).unwrap().split('\t');
    let row = text.lines().find(|line| line.starts_with(name));
    let row = row.unwrap_or_else(|| panic!("{name} is not in {text}"));
    headers.zip(row.split('\t')).collect()
}

fn cell<'a>(text: &'a str, name: &str, header: &str) -> &'a str {
    let row = row(text, name);
    row.into_iter()
        .find(|(own, _)| *own == header)
        .map_or("", |(_, cell)| cell)
}

/// As the grid says it for an athlete's question.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_coachs_question_about_three_athletes_costs_is_bounded() {
    world::test(async |world| {
        settled(&world).await;
        let coaches = world.coaches().await;
        for (tool, arguments, most) in [
            ("get_roster_overview", json!({}), 2200),
            (
                "get_roster_overview",
                json!({"oldest": "2026-10-26", "newest": "2026-11-21"}),
                2600,
            ),
            ("list_athletes", json!({}), 900),
            ("select_athlete", json!({"athlete": "ana"}), 1000),
        ] {
            let answer = world.mcp(&coaches[0].link).call(tool, arguments).await;
            let size = answer.text().len();
            assert!(size <= most, "{tool}: {size} bytes\n{}", answer.text());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_athletes_row_holds_what_that_athlete_granted() {
    world::test(async |world| {
        settled(&world).await;
        let coaches = world.coaches().await;
        let text = answer_of(&world, &coaches[0].link, json!({})).await;
        insta::assert_snapshot!("roster_overview", text);
        // Jack grants training and fitness, Tríona fitness, wellness and calendar.
        assert_eq!(
            cell(&text, "Jack", "left out"),
            "not granted: get_wellness, get_events"
        );
        assert_eq!(cell(&text, "Jack", "HRV ms 7 d / 60 d"), "");
        assert_eq!(
            cell(&text, "Jack", "load this week"),
            "182 (2 without load); planned unknown"
        );
        assert!(!cell(&text, "Jack", "last activity").is_empty());
        assert_eq!(
            cell(&text, "Tríona", "left out"),
            "not granted: get_training_history"
        );
        assert_eq!(cell(&text, "Tríona", "last activity"), "");
        assert_eq!(cell(&text, "Ana", "left out"), "");

        let asked = world.sim.requests();
        for (person, requests) in [(world.ana(), 2), (world.jack(), 2), (world.tria(), 3)] {
            let id = person.person.athlete_id;
            let count = asked
                .iter()
                .filter(|one| one.athlete.as_deref() == Some(id))
                .count();
            assert_eq!(count, requests, "{id}");
        }
        assert!(
            asked
                .iter()
                .all(|one| !one.path.contains("/events") || one.athlete.as_deref() != Some("i900002"))
        );

        world.logged().await;
        let rows: Vec<String> = sqlx::query_scalar(
            "select concat_ws('|', tool, outcome, caller, athlete_id, upstream_requests) from activity_log
             where coach_id is not null order by athlete_id",
        )
        .fetch_all(&world.app.pool)
        .await
        .unwrap();
        // Two of Tríona's workouts are not paired: an absence that began long ago might explain them.
        let expected: Vec<String> = [
            ("i900001", 2),
            ("i900002", 2),
            (world.tria().person.athlete_id, 3),
        ]
        .iter()
        .map(|(id, requests)| format!("get_roster_overview|ok|{COACH}|{id}|{requests}"))
        .collect();
        assert_eq!(rows, expected);

        // The second coach coaches only herself.
        let own = answer_of(&world, &coaches[1].link, json!({})).await;
        assert!(
            own.starts_with("Roster of triona@example.test · 1 athlete · "),
            "{own}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn named_athletes_alone_are_asked_about_and_a_wrong_name_costs_only_itself() {
    world::test(async |world| {
        settled(&world).await;
        let coaches = world.coaches().await;
        let link = &coaches[0].link;
        let text = answer_of(
            &world,
            link,
            json!({"athletes": ["TRIONA", "i900002", "Jack Nguyen", "Nell Pike"]}),
        )
        .await;
        assert!(
            text.starts_with(&format!("Roster of {COACH} · 2 of 3 athletes · ")),
            "{text}"
        );
        assert!(
            text.contains("\nJack Nguyen\t") && text.contains("\nTríona") && !text.contains("Ana Berger"),
            "{text}"
        );
        assert!(
            text.contains("«Nell Pike»: no athlete on your roster has this name or id."),
            "{text}"
        );
        let asked = world.sim.requests();
        assert!(asked.iter().all(|one| one.athlete.as_deref() != Some("i900001")));

        let call = world
            .mcp(link)
            .call("get_roster_overview", json!({"athletes": ["Nell Pike"]}))
            .await;
        assert!(
            call.is_error()
                && call
                    .text()
                    .starts_with("Not done: no athlete on your roster has this name"),
            "{}",
            call.text()
        );
        let call = world
            .mcp(link)
            .call("get_roster_overview", json!({"athlete": "Ana"}))
            .await;
        assert!(
            call.is_error() && call.text().contains("athletes"),
            "{}",
            call.text()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_athlete_without_an_answer_is_named_and_the_others_are_shown() {
    world::test_with(
        |config| config.call_seconds = 6,
        async |world| {
            settled(&world).await;
            let coaches = world.coaches().await;
            let link = &coaches[0].link;
            let (ana, jack, tria) = (world.ana().person, world.jack().person, world.tria().person);
            world.sim.fault(
                Fault::on("/wellness")
                    .athlete(ana.athlete_id)
                    .status(404)
                    .body("{\"status\":404}"),
            );
            world
                .sim
                .fault(Fault::on("").athlete(jack.athlete_id).mode(Mode::Hang));
            world.sim.revoke(tria.token);
            let text = answer_of(&world, link, json!({})).await;
            // Jack's silence takes the time in which her activities could say what was done.
            assert_eq!(
                cell(&text, "Ana", "left out"),
                "fitness and wellness: intervals.icu answered that it is not there; activities: took too long; try again"
            );
            assert_eq!(
                cell(&text, "Ana", "load this week"),
                "done unknown; 404 planned (198 of it done, 87 not paired, 119 open later)",
                "{text}"
            );
            let why = cell(&text, "Jack", "left out");
            assert!(
                why.starts_with(
                    "fitness: took too long; try again; activities: took too long; try again; not granted: "
                ),
                "{why}"
            );
            assert!(
                cell(&text, "Tríona", "left out").starts_with("must reconnect intervals.icu"),
                "{text}"
            );

            // The next call knows that Tríona must reconnect, and asks nothing for her.
            world.sim.clear_faults();
            world.sim.clear_requests();
            let text = answer_of(&world, link, json!({})).await;
            assert!(
                cell(&text, "Tríona", "left out").starts_with("must reconnect intervals.icu"),
                "{text}"
            );
            assert!(
                !cell(&text, "Jack", "CTL").is_empty() && !cell(&text, "Ana", "CTL").is_empty(),
                "{text}"
            );
            let asked = world.sim.requests();
            assert!(
                asked
                    .iter()
                    .all(|one| one.athlete.as_deref() != Some(tria.athlete_id))
            );
        },
    )
    .await;
}

// Checking a refused connection costs one more request, which may hang like any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_that_cannot_be_looked_into_costs_only_its_row() {
    world::test_with(
        |config| config.call_seconds = 6,
        async |world| {
            settled(&world).await;
            let coaches = world.coaches().await;
            world.sim.revoke(world.tria().person.token);
            world.sim.fault(Fault::on("/athlete/0").mode(Mode::Hang));
            let text = answer_of(&world, &coaches[0].link, json!({})).await;
            assert!(
                cell(&text, "Tríona", "left out").starts_with("took too long; try again"),
                "{text}"
            );
            assert!(
                !cell(&text, "Jack", "CTL").is_empty() && !cell(&text, "Ana", "CTL").is_empty(),
                "{text}"
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coachs_answer_names_what_an_ungranted_tool_would_add() {
    world::test(async |world| {
        settled(&world).await;
        let coaches = world.coaches().await;
        let mcp = world.mcp(&coaches[0].link);
        let planned = |athlete: &str| json!({"athlete": athlete, "include": ["planned"]});
        let jack = mcp.call("get_training_history", planned("Jack Nguyen")).await;
        assert!(
            jack.text()
                .contains("\nPlanned load left out: get_events is not granted."),
            "{}",
            jack.text()
        );
        assert!(
            world
                .sim
                .requests()
                .iter()
                .all(|one| !one.path.contains("/events"))
        );
        let ana = mcp.call("get_training_history", planned("Ana Berger")).await;
        assert!(
            ana.text().contains("; 404 planned") && !ana.text().contains("left out"),
            "{}",
            ana.text()
        );
    })
    .await;
}

/// What a small intervals.icu of many athletes was asked.
#[derive(Default)]
pub(crate) struct Seen {
    requests: AtomicU32,
}

/// intervals.icu for any number of athletes: each one's figures contain the number in the id.
pub(crate) async fn many(today: NaiveDate, seen: Arc<Seen>) -> String {
    let counted = seen.clone();
    let wellness = move |Path(id): Path<String>| {
        counted.requests.fetch_add(1, Ordering::SeqCst);
        let number: f64 = id.trim_start_matches('i').parse().unwrap();
        let days = (0..60_u64).rev().map(|back| {
            json!({"id": today - Days::new(back), "ctl": number, "atl": number + 2.5, "ctlLoad": 50, "hrv": 60,
                "restingHR": 45, "sleepSecs": 27_000})
        });
        let days: Vec<Value> = days.collect();
        async move { Json(days) }
    };
    let events = move |Path(id): Path<String>| {
        seen.requests.fetch_add(1, Ordering::SeqCst);
        let race = json!([{"id": 1, "athlete_id": id, "category": "RACE_A", "type": "Run", "name": format!("Race of {id}"),
            "start_date_local": format!("{}T00:00:00", today + Days::new(30))}]);
        async move { Json(race) }
    };
    let router = Router::new()
        .route("/api/v1/athlete/{id}/wellness", get(wellness))
        .route("/api/v1/athlete/{id}/events", get(events));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    base
}

/// Signs up an athlete who grants [`COACH`] everything; the row is fresh.
pub(crate) async fn granting(app: &App, number: usize, password: &icusync::secrets::PasswordHash) {
    let (now, name) = (app.clock.now(), format!("Athlete {number:02}"));
    let athlete_id = format!("i{}", 100 + number);
    let address = Address::parse(&format!("athlete{number}@example.test")).unwrap();
    let mut transaction = app.pool.begin().await.unwrap();
    let account = accounts::create(&mut transaction, app, &address, password)
        .await
        .unwrap()
        .unwrap();
    let id = ConnectionId(app.random.uuid(&app.clock));
    let scopes: Vec<String> = icusync::intervals::Area::OF_EVERYBODY
        .iter()
        .map(|area| format!("{}:WRITE", area.as_str()))
        .collect();
    let connection = NewConnection {
        id,
        account_id: account,
        athlete_id: &athlete_id,
        athlete_name: &name,
        kind: ConnectionKind::OAuth,
        scopes: &scopes,
        scopes_before: None,
        now,
    };
    let sealed = app
        .keys
        .seal(connection::token_place(id), b"token-of-nobody", &app.random);
    queries::connections::connect(&mut *transaction, connection, &sealed)
        .await
        .unwrap();
    let profile = Profile {
        athlete_name: name.clone(),
        zone: Some(("Europe/Berlin".to_owned(), ZoneSource::Settings)),
        imperial: false,
        weight_in_lb: false,
        fahrenheit: false,
        thresholds_on: None,
    };
    queries::connections::refresh(&mut *transaction, id, &athlete_id, &profile, now)
        .await
        .unwrap();
    let from = Grantor {
        account,
        email: address.typed.clone(),
        athlete_id: athlete_id.clone(),
        athlete: name,
        zone: chrono_tz::Europe::Berlin,
    };
    let tools: Vec<String> = icusync::permissions::ALL
        .iter()
        .map(|tool| tool.name.to_owned())
        .collect();
    let terms = Terms {
        tools: &tools,
        note: "",
        expires_at: None,
    };
    let coach = Address::parse(COACH).unwrap();
    coaches::invite(&mut transaction, app, &from, &coach, &terms)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
}

/// Two requests for each of twenty-five athletes, at the eight a second that go out by default.
#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::print_stdout,
    reason = "the gate's log shows how long a large roster takes"
)]
async fn twenty_five_athletes_are_answered_for_in_one_call() {
    world::test(async |world| {
        let seen = Arc::new(Seen::default());
        let base = many(NaiveDate::from_ymd_opt(2026, 11, 21).unwrap(), seen.clone()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ports = demo::config(listener.local_addr().unwrap().port()).unwrap();
        let mut config = world.app.config.clone();
        config.intervals_url = base.parse().unwrap();
        (config.public_url, config.link_url, config.bind) = (ports.public_url, ports.link_url, ports.bind);
        assert_eq!((config.intervals_per_second, config.call_seconds), (8, 25));
        let ingredients = Ingredients {
            pool: world.app.pool.clone(),
            keys: world.app.keys.clone(),
            mail: world.app.mail.clone(),
            clock: world.clock.clone(),
            random: Random::from_os(),
        };
        let app = start::app(config, ingredients).unwrap();
        let shutdown = CancellationToken::new();
        tokio::spawn(icusync::server::serve(
            listener,
            icusync::routes::service(app.clone()),
            shutdown.clone(),
        ));

        let password = icusync::secrets::Password::choose("a long enough password".to_owned(), "").unwrap();
        let password = app.passwords.hash(password).await;
        for number in 0..25 {
            granting(&app, number, &password).await;
        }
        let key = Address::parse(COACH).unwrap().key;
        let coach = queries::coaches::by_email(&app.pool, &key)
            .await
            .unwrap()
            .unwrap();
        let link = queries::connectors::of_coach(&app.pool, coach.id)
            .await
            .unwrap()
            .unwrap();
        let link = connector::url(&app, &link).unwrap();
        world.secret(link.rsplit('/').next().unwrap());

        let begun = Instant::now();
        let text = answer_of(&world, &link, json!({})).await;
        let took = begun.elapsed();
        println!("25 athletes took {} ms", took.as_millis());
        assert_eq!(seen.requests.load(Ordering::SeqCst), 50);
        assert!(took < Duration::from_secs(20), "{took:?}");
        assert!(
            text.starts_with(&format!(
                "Roster of {COACH} · 25 athletes · this week Mon 16 Nov to today 2026-11-21 Sat\n"
            )),
            "{text}"
        );
        for number in 0..25 {
            let name = format!("Athlete {number:02}");
            assert_eq!(cell(&text, &name, "CTL"), format!("{}.0", 100 + number));
            assert!(cell(&text, &name, "next race").starts_with(&format!("«Race of i{}»", 100 + number)));
            assert_eq!(cell(&text, &name, "left out"), "");
        }
        shutdown.cancel();
    })
    .await;
}
