//! What our client asks and what the simulator answers, compared with intervals.icu's own OpenAPI document.
//!
//! The document is not ours and not in this repository: `ICUSYNC_OPENAPI` names a copy of
//! `https://intervals.icu/api/v1/docs`. Without it these tests say so and check nothing.
//!
//! Where the live service is known to differ from its document, [`exceptions`] says so with the reason; an exception
//! that nothing uses fails.

mod document;
mod exceptions;

use std::sync::Arc;

use icusync_sim::{Exchange, Person};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{self, Mcp, World};
use document::{Document, Found};
use exceptions::EXCEPTIONS;

/// The document, or nothing and a line that says so.
fn document() -> Option<Document> {
    let Some(path) = std::env::var_os("ICUSYNC_OPENAPI").filter(|path| !path.is_empty()) else {
        eprintln!("NOT checked against upstream's OpenAPI document: ICUSYNC_OPENAPI names no copy of it");
        return None;
    };
    let text = std::fs::read_to_string(&path).expect("ICUSYNC_OPENAPI names a readable file");
    Some(Document::read(&text))
}

/// Checks request and answer. Errors have no schema in the document, so only good answers are checked.
fn check(document: &Document, exchange: &Exchange, found: &mut Found) {
    let request = &exchange.request;
    // OAuth's pages and its token endpoint are not described.
    let Some(path) = request.path.strip_prefix("/api/v1/") else {
        return;
    };
    let Some(operation) = document.operation(&request.method, &request.path) else {
        found
            .0
            .entry(format!("{} /{path}: not in the document", request.method))
            .or_default();
        return;
    };
    document.check_query(operation, &request.query, found);
    document.check_sent(operation, exchange.sent_type.as_deref(), &exchange.sent, found);
    let status = request.status.unwrap_or_default();
    if status < 400 {
        let kind = exchange.answered_type.as_deref();
        document.check_answered(operation, status, kind, &exchange.answered, found);
    }
}

/// Fails with everything that no exception names, and with every exception that named nothing.
fn judge(found: &Found) {
    let covers = |exception: &exceptions::Exception, what: &str| match exception.what.strip_suffix('*') {
        Some(beginning) => what.starts_with(beginning),
        None => what == exception.what,
    };
    let broken: Vec<String> = found
        .0
        .iter()
        .filter(|(what, _)| !EXCEPTIONS.iter().any(|exception| covers(exception, what)))
        .map(|(what, example)| format!("{what}\n    {example}"))
        .collect();
    assert!(
        broken.is_empty(),
        "{} violations of upstream's document\n{}",
        broken.len(),
        broken.join("\n")
    );
    let idle: Vec<&str> = EXCEPTIONS
        .iter()
        .filter(|exception| !found.0.keys().any(|what| covers(exception, what)))
        .map(|exception| exception.what)
        .collect();
    assert!(idle.is_empty(), "exceptions that nothing uses: {idle:?}");
    assert!(EXCEPTIONS.iter().all(|exception| exception.why.len() > 10));
}

/// Arguments that send every tool that reads through all of its questions. A tool that is missing here fails the test.
fn questions(tool: &str, activities: &[String]) -> Option<Vec<Value>> {
    let newest = activities.first().map_or("i1", String::as_str);
    Some(match tool {
        "get_athlete_profile" => vec![json!({}), json!({"detail": "full"})],
        "get_training_history" => vec![
            json!({}),
            json!({"detail": "full", "include": ["planned"], "oldest": "2026-11-01"}),
            json!({"oldest": "2022-01-01", "newest": "2026-11-21", "sport": "ride"}),
            json!({"query": "long"}),
            json!({"query": "#race"}),
        ],
        "get_fitness" => vec![
            json!({}),
            json!({"oldest": "2025-01-01", "newest": "2026-12-20", "detail": "full"}),
        ],
        "get_wellness" => vec![json!({}), json!({"detail": "full", "oldest": "2026-06-01"})],
        "get_activity_detail" => {
            let mut all: Vec<Value> = activities.iter().take(12).map(|id| json!({"id": id})).collect();
            for include in ["streams", "histograms", "splits", "weather", "plan", "comments"] {
                all.extend(
                    activities
                        .iter()
                        .take(6)
                        .map(|id| json!({"id": id, "include": [include]})),
                );
            }
            all
        }
        "get_extended_metrics" => vec![
            json!({}),
            json!({"id": newest}),
            json!({"id": newest, "include": ["streams"]}),
        ],
        "get_climb_segments" => activities.iter().take(6).map(|id| json!({"id": id})).collect(),
        "get_best_efforts" => vec![
            json!({}),
            json!({"sport": "ride", "metric": "power", "compare": "previous"}),
            json!({"sport": "run", "metric": "pace"}),
            json!({"sport": "swim", "metric": "pace"}),
            json!({"sport": "ride", "metric": "hr"}),
        ],
        "find_intervals" => {
            let by = |intensity: &str| json!({"length": "3-15m", "intensity": intensity, "reps": 2});
            let hard = ["200-300W", "85-110%", "150-170bpm", "3:50-5:00/km"];
            let mut all: Vec<Value> = hard.into_iter().map(by).collect();
            all.push(json!({"length": "1km", "sport": "run", "oldest": "2017-01-01"}));
            all.extend(activities.iter().take(6).map(|id| json!({"like": id})));
            all
        }
        "get_power_curves" => vec![
            json!({}),
            json!({"sport": "run", "metric": "pace"}),
            json!({"sport": "run", "metric": "gap"}),
            json!({"sport": "ride", "metric": "hr"}),
        ],
        "get_training_summary" => vec![json!({}), json!({"include": ["planned"]})],
        "get_library" | "get_custom_items" => vec![json!({})],
        "get_gear" => vec![json!({}), json!({"include": ["retired"]})],
        "get_file" => {
            let kinds = ["original", "fit", "gpx"];
            let newest = activities.iter().take(4);
            newest
                .flat_map(|id| kinds.map(|kind| json!({"activity": id, "kind": kind})))
                .collect()
        }
        "get_events" => vec![
            json!({}),
            json!({"include": ["done"], "oldest": "2026-10-20", "detail": "full"}),
        ],
        _ => return None,
    })
}

/// Arguments that send every tool that changes something through its requests, with `made`, an entry of the calendar, and
/// `activity`, a recorded ride, and `by_hand`, an activity that was entered. A tool that is missing here fails the test.
fn changes(tool: &str, made: i64, activity: &str, by_hand: &str) -> Option<Vec<Value>> {
    Some(match tool {
        "push_workout" => vec![crate::changes::workout("2026-12-15", "Pushed")],
        "edit_workout" => vec![json!({"id": made, "new_date": "2026-12-16", "new_name": "Moved"})],
        "delete_workout" => vec![json!({"id": made})],
        "push_wellness" => {
            let day = |date: &str| json!({"date": date, "values": {"weight": "60.0 kg", "Sauna minutes": 20, "note": "ok"}});
            vec![
                json!({"days": [day("2026-11-18")]}),
                json!({"days": [day("2026-11-19"), day("2026-11-20")]}),
            ]
        }
        "push_event" => vec![json!({"events": crate::writes_events::one_of_each()})],
        "update_activity" => vec![
            json!({
                "ids": [activity], "name": "New", "description": "Windy", "feel": "good", "rpe": 7, "tags": ["one"], "carbs": 60,
                "gear": "Cube Nuroad", "sport": "GravelRide", "mark": "race", "ignore": ["hr", "power", "pace", "speed", "time"],
            }),
            json!({"ids": [activity], "clear": ["feel", "rpe", "carbs", "description", "tags", "ignore"], "mark": "none"}),
        ],
        "save_workout" => vec![
            json!({
                "folder": "Winter", "make_folder": true, "name": "Hills", "sport": "Ride", "text": "4x\n- 8m 96-100%\n- 4m 55%",
                "note": "Seated", "tags": ["key"], "indoor": true,
            }),
            json!({"folder": "Basis", "day": 9, "name": "Extra", "sport": "Run", "text": "- 40m Z2 HR"}),
            json!({"id": "7701001", "name": "Renamed", "folder": "Basis", "day": 3, "text": "- 1h 60%", "tags": []}),
        ],
        "delete_library_item" => vec![json!({"workout": "Renamed"}), json!({"folder": "Key sessions"})],
        "update_gear" => vec![
            json!({"add": "Bike", "name": "Tandem", "bought": "2026-11-01", "note": "For two"}),
            json!({"add": "Chain", "name": "Tandem chain", "on": "Tandem"}),
            json!({"gear": "Tandem chain", "reminder": "Wax", "every": "300 km"}),
            json!({"gear": "Tandem chain", "reminder": "Wax", "every": "20 h", "snooze_days": 7}),
            json!({"gear": "Tandem chain", "replace": true, "name": "Tandem chain 2"}),
            json!({"gear": "Tandem chain 2", "reminder": "Wax", "delete": true}),
            json!({"gear": "Tandem chain 2", "name": "Tandem chain 3", "retired": "2026-11-20"}),
            json!({"gear": "Tandem chain 3", "delete": true}),
        ],
        "add_activity" => vec![json!({
            "sport": "Yoga", "start": "2026-11-18 06:00", "name": "Contract", "minutes": 60, "distance": "1 km", "climb": "10 m",
            "hr": 90, "load": 20, "rpe": 3, "feel": "good", "description": "At home", "tags": ["calm"],
        })],
        "delete_activity" => vec![json!({"id": by_hand})],
        "apply_plan" => vec![
            json!({"plan": "Basis", "start": "2026-12-28", "weeks": "1-2"}),
            json!({"plan": "Basis", "start": "2027-02-01"}),
        ],
        "repeat_events" => vec![json!({"week": "2026-12-28", "times": 2, "weeks_apart": 3})],
        "update_sport_settings" => vec![json!({
            "sport": "ride", "ftp": 250, "indoor_ftp": 240, "w_prime": "18 kJ", "pmax": 900, "lthr": 170,
        })],
        _ => return None,
    })
}

/// Every tool that changes something, for one person, who then takes all of it back.
async fn change_all(world: &Arc<World>) {
    let ana = world.ana();
    world.let_write(ana).await;
    let client = world.mcp(&ana.link);
    let pushed = client
        .call("push_workout", crate::changes::workout("2026-12-15", "First"))
        .await;
    assert!(!pushed.is_error(), "{}", pushed.text());
    let made = crate::changes::named(world, ana, "2026-12-15", "First").await[0];
    let activity = activities_of(world, ana.person).await.swap_remove(0);
    let all = world
        .at_intervals(ana, "activities?oldest=2026-06-01&newest=2026-11-21")
        .await;
    let by_hand = all
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["source"] == "MANUAL");
    let by_hand = by_hand.unwrap()["id"].as_str().unwrap().to_owned();
    for kind in ["zwo", "mrc", "erg", "fit"] {
        let file = client
            .call("get_file", json!({"event": made, "kind": kind}))
            .await;
        assert!(!file.is_error(), "{}", file.text());
    }
    let writes = |tool: &&&icusync::permissions::Permission| tool.access == icusync::words::Access::Write;
    for tool in icusync::permissions::ALL.iter().filter(writes) {
        let all = changes(tool.name, made, &activity, &by_hand)
            .unwrap_or_else(|| panic!("no changes for {} in the contract test", tool.name));
        for arguments in all {
            let call = client.call(tool.name, arguments.clone()).await;
            assert!(!call.is_error(), "{}: {}", tool.name, call.text());
            if call.text().contains("confirm: \"") {
                let mut again = arguments;
                again["confirm"] = crate::writes::token(call.text());
                let call = client.call(tool.name, again).await;
                assert!(!call.is_error(), "{}: {}", tool.name, call.text());
            }
        }
    }
    let changes = client.call("list_changes", json!({})).await;
    assert!(!changes.is_error(), "{}", changes.text());
    let last: i32 = sqlx::query_scalar("select max(number) from changes")
        .fetch_one(&world.app.pool)
        .await
        .unwrap();
    let undone = client
        .call("undo_change", json!({"changes": format!("1-{last}")}))
        .await;
    assert!(undone.text().contains("undone"), "{}", undone.text());
}

/// Everything that can be written of a wellness day, an activity and a sport, as any client writes it.
async fn put_all(world: &World, person: &Person) {
    let athlete = format!("/api/v1/athlete/{}", person.athlete_id);
    let activity = activities_of(world, person).await.swap_remove(0);
    let day = json!({
        "weight": 61.2, "restingHR": 44, "hrv": 70.5, "sleepSecs": 27_000, "sleepQuality": 2, "soreness": 1, "locked": false,
        "comments": "ok", "menstrualPhase": "PERIOD", "SaunaMinutes": 20,
    });
    let mut other = day.clone();
    other["id"] = json!("2026-11-19");
    let writes = [
        (format!("{athlete}/wellness/2026-11-20"), day),
        (format!("{athlete}/wellness-bulk"), json!([other])),
        (
            format!("/api/v1/activity/{activity}"),
            json!({
                "name": "New", "description": "text", "feel": 2, "icu_rpe": 7, "tags": ["one"], "carbs_ingested": 60,
                "gear": {"id": "b9000102"}, "sub_type": "RACE", "race": true, "commute": false, "type": "GravelRide",
                "icu_ignore_time": false, "icu_ignore_power": false, "icu_ignore_hr": true, "ignore_velocity": false,
                "ignore_pace": false, "paired_event_id": -1,
            }),
        ),
        (
            format!("{athlete}/sport-settings/Ride?recalcHrZones=false"),
            json!({
                "ftp": 250, "indoor_ftp": 240, "lthr": 168, "max_hr": 190, "threshold_pace": 3.9, "w_prime": 18_000,
                "p_max": 800, "hr_zones": [136, 150, 157, 167, 172, 177, 190], "power_zones": [55, 75, 90, 105, 120, 150, 999],
                "pace_zones": [77.5, 87.7, 100.0], "power_zone_names": ["one"], "hr_zone_names": ["one"],
                "pace_zone_names": ["one"], "load_order": "HR_POWER_PACE",
            }),
        ),
    ];
    for (path, body) in writes {
        send(world, person, Method::PUT, &path, Some(body)).await;
    }
}

/// What a write of any client's answers, which must be taken.
async fn send(world: &World, person: &Person, method: Method, path: &str, body: Option<Value>) -> Value {
    let request = Mcp::client()
        .request(method, format!("{}{path}", world.sim.base_url))
        .header("user-agent", "contract-test/1.0")
        .bearer_auth(person.token);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

/// Gear with its parts and reminders, items of every kind, and what is typed in and deleted, as any client asks and writes.
async fn shelve_all(world: &World, person: &Person) {
    let athlete = format!("/api/v1/athlete/{}", person.athlete_id);
    for list in ["gear", "custom-item"] {
        let (_, rows) = get(world, person, &format!("{athlete}/{list}")).await;
        assert!(!ids(&rows).is_empty(), "{list}");
        for id in ids(&rows) {
            let path = match list {
                "gear" => format!("{athlete}/gear/{id}/calc"),
                _ => format!("{athlete}/{list}/{id}"),
            };
            assert_eq!(get(world, person, &path).await.0, 200, "{path}");
        }
    }
    let part = json!({
        "type": "Chain", "name": "Chain", "purchased": "2026-11-01", "notes": "Waxed", "distance": 120_000.0, "time": 3600.0,
        "activities": 2, "use_elapsed_time": false,
    });
    let part = send(
        world,
        person,
        Method::POST,
        &format!("{athlete}/gear"),
        Some(part),
    )
    .await;
    let part = format!("{athlete}/gear/{}", part["id"].as_str().unwrap());
    let reminder =
        json!({"name": "New", "distance": 4_000_000.0, "time": 1.0e6, "activities": 90, "days": 365});
    let made = send(
        world,
        person,
        Method::POST,
        &format!("{part}/reminder"),
        Some(reminder.clone()),
    )
    .await;
    let at = format!("{part}/reminder/{}", made["reminders"][0]["id"]);
    let put = format!("{at}?reset=true&snoozeDays=14");
    send(world, person, Method::PUT, &put, Some(reminder)).await;
    let retired = json!({"retired": "2026-11-20", "notes": null});
    send(world, person, Method::PUT, &part, Some(retired)).await;
    let new = json!({"name": "Chain, new"});
    send(world, person, Method::POST, &format!("{part}/replace"), Some(new)).await;
    send(world, person, Method::DELETE, &at, None).await;
    send(world, person, Method::DELETE, &part, None).await;
    let manual = json!({
        "type": "Yoga", "start_date_local": "2026-11-18T07:00:00", "name": "Flow", "description": "At home", "moving_time": 3600,
        "elapsed_time": 3700, "distance": 0.0, "icu_training_load": 20, "external_id": "ours-1", "icu_rpe": 3, "feel": 2,
        "total_elevation_gain": 0.0, "average_heartrate": 90, "max_heartrate": 110, "calories": 100, "tags": ["one"],
    });
    let path = format!("{athlete}/activities/manual");
    let made = send(world, person, Method::POST, &path, Some(manual.clone())).await;
    let all = json!([manual]);
    send(world, person, Method::POST, &format!("{path}/bulk"), Some(all)).await;
    let made = format!("/api/v1/activity/{}", made["id"].as_str().unwrap());
    assert_eq!(get(world, person, &made).await.0, 200);
    send(world, person, Method::DELETE, &made, None).await;
}

/// Ids of a person's newest activities, Strava's among them.
async fn activities_of(world: &World, person: &Person) -> Vec<String> {
    let path = format!(
        "/api/v1/athlete/{}/activities?oldest=2026-10-01&fields=id",
        person.athlete_id
    );
    let (_, rows) = get(world, person, &path).await;
    ids(&rows)
}

fn ids(rows: &Value) -> Vec<String> {
    let text = |id: &Value| {
        id.as_str()
            .map(str::to_owned)
            .or_else(|| id.as_i64().map(|id| id.to_string()))
    };
    rows.as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| text(&row["id"]))
        .collect()
}

/// Asks the simulator as a client with its own name.
async fn get(world: &World, person: &Person, path: &str) -> (u16, Value) {
    let answer = Mcp::client()
        .get(format!("{}{path}", world.sim.base_url))
        .header("user-agent", "contract-test/1.0")
        .bearer_auth(person.token)
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

/// Every tool that reads, for every person, with each of its ways.
async fn ask_all(world: &Arc<World>) {
    world.with_everything_shared().await;
    world.with_every_group().await;
    for seeded in &world.people {
        let activities = activities_of(world, seeded.person).await;
        let reads = |tool: &&&icusync::permissions::Permission| tool.access == icusync::words::Access::Read;
        for tool in icusync::permissions::ALL.iter().filter(reads) {
            let questions = questions(tool.name, &activities)
                .unwrap_or_else(|| panic!("no questions for {} in the contract test", tool.name));
            for arguments in questions {
                let call = world.mcp(&seeded.link).call(tool.name, arguments).await;
                assert_eq!(call.status, 200, "{}", call.answer);
            }
        }
    }
}

/// A value for a parameter that the document requires.
fn sample(name: &str) -> &'static str {
    match name {
        "oldest" | "start" => "2026-11-01",
        "newest" | "end" => "2026-11-21",
        "type" => "Ride",
        "q" => "ride",
        "secs" => "5,60,300",
        "distances" => "400,1000",
        "minSecs" | "minIntensity" | "end_index" => "60",
        "maxSecs" => "900",
        "maxIntensity" => "130",
        "stream" => "watts",
        "category" => "WORKOUT",
        "ext" => "zwo",
        "start_index" => "0",
        "bounds" => "0,90,90,0",
        _ => "1",
    }
}

/// Every reading operation of the document, for one person; returns how many of them the simulator knows.
async fn walk(world: &World, document: &Document, person: &'static Person) -> usize {
    let activities = activities_of(world, person).await;
    let events = format!(
        "/api/v1/athlete/{}/events?oldest=2026-10-01&newest=2026-12-20",
        person.athlete_id
    );
    let events = ids(&get(world, person, &events).await.1);
    let athlete = format!("/api/v1/athlete/{}", person.athlete_id);
    let first = async |list: &str| {
        let (_, rows) = get(world, person, &format!("{athlete}/{list}")).await;
        ids(&rows).into_iter().next().unwrap_or_else(|| "1".to_owned())
    };
    let (gear, item) = (first("gear").await, first("custom-item").await);
    let planned = first("events?oldest=2026-11-22&newest=2026-12-20&category=WORKOUT").await;
    let mut known = 0;
    for operation in document
        .operations()
        .iter()
        .filter(|operation| operation.method == "GET")
    {
        let query: Vec<String> = operation
            .query_parameters()
            .filter(|parameter| parameter["required"] == true)
            .filter_map(|parameter| parameter["name"].as_str())
            // Activities around one need one.
            .map(|name| match name {
                "activity_id" => format!("{name}={}", activities.first().map_or("i1", String::as_str)),
                _ => format!("{name}={}", sample(name)),
            })
            .collect();
        let several = if operation.path.starts_with("/api/v1/activity/") {
            8
        } else {
            1
        };
        let mut answered = false;
        for activity in activities
            .iter()
            .take(several)
            .map(String::as_str)
            .chain(["i1"])
            .take(several)
        {
            let mut path = operation.path.clone();
            let subject = if path.starts_with("/api/v1/activity/") {
                activity
            } else {
                person.athlete_id
            };
            // Of what is on the calendar only a workout is a file.
            path = path.replace("{eventId}/download{ext}", &format!("{planned}/download.fit"));
            for (parameter, value) in [
                ("{gearId}", gear.as_str()),
                ("{itemId}", item.as_str()),
                ("{athleteId}", person.athlete_id),
                ("{eventId}", events.first().map_or("1", String::as_str)),
                ("{ids}", &activities.join(",")),
                ("{date}", "2026-11-20"),
                ("{ext}", ""),
                ("{format}", ""),
                ("{id}", subject),
            ] {
                // The settings of a sport go by its name, after the athlete.
                let value = if parameter == "{id}" && path.contains("/sport-settings/") {
                    "Ride"
                } else {
                    value
                };
                path = path.replace(parameter, value);
            }
            if path.contains('{') {
                path = path
                    .split('/')
                    .map(|part| if part.starts_with('{') { "1" } else { part })
                    .collect::<Vec<_>>()
                    .join("/");
            }
            let separator = if query.is_empty() { "" } else { "?" };
            let (status, _) = get(world, person, &format!("{path}{separator}{}", query.join("&"))).await;
            answered |= status == 200;
        }
        known += usize::from(answered);
    }
    known
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_ask_and_what_the_simulator_answers_are_upstreams_own() {
    let Some(document) = document() else { return };
    world::test(async |world| {
        world.sim.keep_exchanges();
        ask_all(&world).await;
        change_all(&world).await;
        let asked = world.sim.take_exchanges();
        assert!(asked.len() >= 20, "{} requests", asked.len());
        let mut most = 0;
        let people: Vec<&'static Person> = world.people.iter().map(|seeded| seeded.person).collect();
        let mut walked = Vec::new();
        for person in people {
            most = most.max(walk(&world, &document, person).await);
            walked.extend(world.sim.take_exchanges());
        }
        put_all(&world, world.ana().person).await;
        shelve_all(&world, world.ana().person).await;
        // Nobody's account shows her, but she has a piece of everything.
        shelve_all(&world, Person::of_slug("mara").unwrap()).await;
        walked.extend(world.sim.take_exchanges());
        assert!(most >= 12, "{most} operations answered");
        let mut found = Found::default();
        for exchange in asked.iter().chain(&walked) {
            check(&document, exchange, &mut found);
        }
        eprintln!(
            "{} requests of our client and {} others held against the document; {most} operations answered",
            asked.len(),
            walked.len()
        );
        judge(&found);
    })
    .await;
}
