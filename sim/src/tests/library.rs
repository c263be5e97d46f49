//! The workout library over HTTP: what is seeded, what a write becomes, and what is refused.

use reqwest::Method;
use serde_json::{Value, json};

use super::*;
use crate::{Fault, Mode, people::Build, schema};

const ALL: &str = "ACTIVITY:WRITE,WELLNESS:WRITE,CALENDAR:WRITE,SETTINGS:WRITE,LIBRARY:WRITE";

impl Bench {
    /// Whose people allow the library too.
    async fn with_library() -> Self {
        let bench = Self::new().await;
        for person in &PEOPLE {
            assert!(bench.sim.allow(person.slug, ALL));
        }
        bench
    }

    /// A person's folder with this name, with what is in it.
    async fn folder(&self, slug: &str, name: &str) -> Value {
        let all = self.get_as(slug, "/athlete/0/folders").await;
        let found = rows(&all).iter().find(|folder| folder["name"] == name);
        found.cloned().unwrap_or_else(|| panic!("no {name} in {all}"))
    }
}

fn ids(children: &Value) -> Vec<i64> {
    rows(children)
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn the_library_is_listed_whole_and_by_upstreams_names() {
    let bench = Bench::with_library().await;
    let settled = |person: &&Person| person.build != Build::Newcomer;
    for person in PEOPLE.iter().filter(settled) {
        let folders = bench.get_as(person.slug, "/athlete/0/folders").await;
        let names: Vec<&str> = rows(&folders)
            .iter()
            .map(|folder| folder["name"].as_str().unwrap())
            .collect();
        assert_eq!(
            (names[0], names[2], names[3]),
            ("Key sessions", "Club", "From the coach")
        );
        for folder in rows(&folders) {
            let folder = folder.as_object().unwrap();
            let mut expected: Vec<&str> = schema::FOLDER.split_ascii_whitespace().collect();
            expected.sort_unstable();
            let mut found: Vec<&str> = folder.keys().map(String::as_str).collect();
            found.sort_unstable();
            assert_eq!(found, expected);
            for child in rows(&folder["children"]) {
                assert_eq!(child["folder_id"], folder["id"]);
                let child = child.as_object().unwrap();
                assert!(
                    schema::WORKOUT
                        .split_ascii_whitespace()
                        .all(|name| child.contains_key(name))
                );
                let unknown = child.keys().find(|name| !schema::is_in(schema::WORKOUT, name));
                assert_eq!(unknown, None);
            }
            assert_eq!(folder["num_workouts"], rows(&folder["children"]).len());
        }
        let own = bench.get_as(person.slug, "/athlete/0/workouts").await;
        assert!(
            rows(&own)
                .iter()
                .all(|workout| workout["athlete_id"] == person.athlete_id)
        );
    }
    let newcomer = PEOPLE.iter().find(|person| !settled(person)).unwrap().slug;
    assert_eq!(bench.get_as(newcomer, "/athlete/0/folders").await, json!([]));
    assert_eq!(bench.get_as(newcomer, "/athlete/0/workouts").await, json!([]));
}

#[tokio::test]
async fn a_plan_has_days_and_a_file_has_steps_without_text() {
    let bench = Bench::with_library().await;
    let plan = bench.folder("ana", "Basis & Aufbau, 8 Wochen").await;
    assert_eq!(
        (&plan["type"], &plan["duration_weeks"]),
        (&json!("PLAN"), &json!(8))
    );
    let days: Vec<i64> = rows(&plan["children"])
        .iter()
        .map(|row| row["day"].as_i64().unwrap())
        .collect();
    assert_eq!((days.len(), days[..5].to_vec()), (32, vec![1, 3, 5, 6, 8]));
    assert!(days.is_sorted() && days.last() == Some(&55));
    let sessions = bench.folder("ana", "Key sessions").await;
    let named = |name: &str| {
        let found = rows(&sessions["children"]).iter().find(|row| row["name"] == name);
        found.cloned().unwrap()
    };
    let file = named("From a file");
    assert_eq!(file["description"], Value::Null);
    assert!(!rows(&file["workout_doc"]["steps"]).is_empty());
    let prose = named("Strength A");
    assert!(text(&prose, "description").starts_with("Three rounds"));
    assert!(prose["workout_doc"]["steps"].as_array().is_none_or(Vec::is_empty));
    assert_eq!(
        (&prose["moving_time"], &prose["targets"]),
        (&Value::Null, &Value::Null)
    );
    let ride = named("Sweet spot 3x12");
    assert_eq!(ride["targets"], json!(["POWER"]));
    assert_eq!(ride["moving_time"], 60 * (20 + 3 * 17 + 10));
    assert_eq!(
        bench.get(&format!("/athlete/0/workouts/{}", ride["id"])).await,
        ride
    );
    let tags = bench.get("/athlete/0/workout-tags").await;
    assert_eq!(
        tags,
        json!([
            "endurance",
            "gym",
            "key",
            "race week",
            "sweetspot",
            "threshold",
            "vo2"
        ])
    );
}

#[tokio::test]
async fn the_library_is_its_owners_and_asks_its_own_scope() {
    let bench = Bench::new().await;
    for path in ["folders", "workouts", "workouts/7701001", "workout-tags"] {
        let path = format!("/athlete/0/{path}");
        assert_eq!(
            bench.status_as("ana", &path).await,
            403,
            "{path} without the scope"
        );
    }
    assert!(bench.sim.allow("ana", "LIBRARY:READ"));
    assert_eq!(bench.status_as("ana", "/athlete/0/folders").await, 200);
    let body = json!({"name": "x", "type": "FOLDER"});
    let (status, _) = bench.send(Method::POST, "/athlete/0/folders", body).await;
    assert_eq!(status, 403, "a scope to read does not write");
    assert!(bench.sim.allow("ana", ALL) && bench.sim.allow("jack", ALL));
    assert_eq!(bench.status_as("jack", "/athlete/i900001/folders").await, 403);
    let session = ids(&bench.folder("ana", "Key sessions").await["children"])[0];
    let foreign = format!("/athlete/0/workouts/{session}");
    assert_eq!(bench.status_as("jack", &foreign).await, 404);
    assert_eq!(bench.status_as("ana", "/athlete/0/workouts/1").await, 404);
    assert_eq!(bench.status_as("ana", "/athlete/0/workouts/one").await, 500);
}

#[tokio::test]
async fn what_another_shares_can_be_read_and_not_written() {
    let bench = Bench::with_library().await;
    let theirs = bench.folder("ana", "From the coach").await;
    assert_eq!(
        (&theirs["canEdit"], &theirs["owner"]["name"]),
        (&json!(false), &json!("Kim Coach"))
    );
    let folder = format!("/athlete/0/folders/{}", theirs["id"]);
    let workout = format!("/athlete/0/workouts/{}", theirs["children"][0]["id"]);
    assert_eq!(bench.get(&workout).await, theirs["children"][0]);
    let change = json!({"name": "Mine"});
    assert_eq!(bench.send(Method::PUT, &folder, change.clone()).await.0, 403);
    assert_eq!(bench.send(Method::PUT, &workout, change).await.0, 403);
    assert_eq!(bench.ask(Method::DELETE, &folder).await.0, 403);
    assert_eq!(bench.ask(Method::DELETE, &workout).await.0, 403);
    let new = json!({"folder_id": theirs["id"], "type": "Ride", "name": "In", "description": "- 1h 60%"});
    assert_eq!(bench.send(Method::POST, "/athlete/0/workouts", new).await.0, 403);
    let own = ids(&bench.folder("ana", "Key sessions").await["children"])[0];
    let moved = json!({"folder_id": theirs["id"]});
    let own = format!("/athlete/0/workouts/{own}");
    assert_eq!(bench.send(Method::PUT, &own, moved).await.0, 403);
    assert_eq!(
        bench.folder("ana", "From the coach").await,
        theirs,
        "nothing moved"
    );
    let club = bench.folder("ana", "Club").await;
    let shared = format!("/athlete/0/folders/{}/shared-with", club["id"]);
    let shared = bench.get(&shared).await;
    assert_eq!(rows(&shared).len(), 2);
    let sessions = bench.folder("ana", "Key sessions").await;
    let shared = format!("/athlete/0/folders/{}/shared-with", sessions["id"]);
    assert_eq!(bench.get(&shared).await, json!([]));
}

#[tokio::test]
async fn workouts_are_made_changed_moved_and_deleted() {
    let bench = Bench::with_library().await;
    let (status, folder) = bench
        .send(
            Method::POST,
            "/athlete/0/folders",
            json!({"name": "Winter", "type": "FOLDER"}),
        )
        .await;
    assert_eq!(status, 200, "{folder}");
    let (status, made) = bench
        .send(
            Method::POST,
            "/athlete/0/workouts",
            json!({
                "folder_id": folder["id"], "type": "Ride", "name": "Hills", "description": "4x\n- 8m 100%\n- 4m 55%",
                "tags": ["key"], "moving_time": 5, "icu_intensity": 3, "athlete_id": "i900002",
            }),
        )
        .await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(
        (&made["moving_time"], &made["athlete_id"], &made["targets"]),
        (&json!(4 * 12 * 60), &json!(ANA), &json!(["POWER"])),
        "the text and the path win"
    );
    let load = number(&made["icu_training_load"]);
    let intensity = 100.0 * (load * 36.0 / 2880.0).sqrt();
    assert!((number(&made["icu_intensity"]) - intensity).abs() < 1e-4);
    let path = format!("/athlete/0/workouts/{}", made["id"]);
    assert_eq!(bench.get(&path).await, made);
    assert_eq!(bench.folder("ana", "Winter").await["children"], json!([made]));
    bench.advance(Duration::minutes(3));
    let plan = bench.folder("ana", "Basis & Aufbau, 8 Wochen").await;
    let change = json!({"name": "Hills, long", "folder_id": plan["id"], "day": 9, "tags": []});
    let (_, changed) = bench.send(Method::PUT, &path, change).await;
    assert_eq!(
        (&changed["name"], &changed["day"], &changed["description"]),
        (&json!("Hills, long"), &json!(9), &made["description"])
    );
    assert_eq!(changed["workout_doc"], made["workout_doc"], "sparse");
    assert_ne!(changed["updated"], made["updated"]);
    assert_eq!(bench.folder("ana", "Winter").await["children"], json!([]));
    let (_, run) = bench.send(Method::PUT, &path, json!({"type": "Run"})).await;
    assert_eq!(
        run["icu_training_load"],
        Value::Null,
        "she has no power as a runner"
    );
    let (_, bare) = bench
        .send(Method::PUT, &path, json!({"workout_doc": run["workout_doc"]}))
        .await;
    assert!(
        bare["workout_doc"]["steps"].as_array().is_none_or(Vec::is_empty),
        "a document that is sent back loses its steps"
    );
    assert_eq!(bench.ask(Method::DELETE, &path).await, (200, json!([made["id"]])));
    assert_eq!(bench.ask(Method::DELETE, &path).await.0, 404);
    assert_eq!(bench.ask(Method::GET, &path).await.0, 404);
}

#[tokio::test]
async fn a_bulk_is_made_whole_or_not_at_all() {
    let bench = Bench::with_library().await;
    let folder = bench.folder("jack", "Key sessions").await;
    let of = |name: &str| json!({"folder_id": folder["id"], "type": "Run", "name": name, "description": "- 40m Z2 HR"});
    let bulk = "/athlete/0/workouts/bulk";
    let (status, made) = bench
        .send_as("jack", Method::POST, bulk, json!([of("One"), of("Two")]))
        .await;
    assert_eq!((status, rows(&made).len()), (200, 2));
    assert!(made[0]["id"] != made[1]["id"]);
    let mut bad = of("Four");
    bad["type"] = Value::Null;
    let (status, refused) = bench
        .send_as("jack", Method::POST, bulk, json!([of("Three"), bad]))
        .await;
    assert_eq!((status, &refused["error"]), (422, &json!("Missing type")));
    let after = bench.folder("jack", "Key sessions").await;
    assert_eq!(
        rows(&after["children"]).len(),
        rows(&folder["children"]).len() + 2
    );
    assert_eq!(bench.send_as("jack", Method::POST, bulk, json!({})).await.0, 400);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_upstreams_words() {
    let bench = Bench::with_library().await;
    let folder = bench.folder("ana", "Key sessions").await["id"].clone();
    let cases = [
        (json!({"type": "Ride", "name": "x"}), 422, "Folder is required"),
        (json!({"folder_id": folder, "name": "x"}), 422, "Missing type"),
        (
            json!({"folder_id": 1, "type": "Ride", "name": "x"}),
            404,
            "Not found",
        ),
        (
            json!({"folder_id": folder, "type": "Ride", "color2": "x"}),
            400,
            "JSON parse error: Unrecognized field \"color2\"",
        ),
        (
            json!({"folder_id": folder, "type": "Ride", "day": "Monday"}),
            400,
            "JSON parse error: Cannot deserialize field \"day\"",
        ),
        (
            json!({"folder_id": folder, "type": "Ride", "tags": "key"}),
            400,
            "JSON parse error: Cannot deserialize field \"tags\"",
        ),
        (
            json!({"folder_id": folder, "type": "Ride", "target": "WATTS"}),
            400,
            "JSON parse error: Cannot deserialize field \"target\"",
        ),
    ];
    for (body, status, error) in cases {
        let (found, answer) = bench
            .send(Method::POST, "/athlete/0/workouts", body.clone())
            .await;
        assert_eq!((found, &answer["error"]), (status, &json!(error)), "{body}");
    }
    for (body, status) in [
        (json!({"type": "FOLDER"}), 422),
        (json!({"name": "x", "type": "BOX"}), 400),
        (json!({"name": "x", "parent": 3}), 400),
        (json!([1]), 400),
    ] {
        let answer = bench.send(Method::POST, "/athlete/0/folders", body.clone()).await;
        assert_eq!(answer.0, status, "{body}: {}", answer.1);
    }
}

#[tokio::test]
async fn a_folder_goes_with_everything_in_it() {
    let bench = Bench::with_library().await;
    let plan = bench.folder("ana", "Basis & Aufbau, 8 Wochen").await;
    let path = format!("/athlete/0/folders/{}", plan["id"]);
    let (status, renamed) = bench
        .send(
            Method::PUT,
            &path,
            json!({"name": "Grundlage", "num_workouts": 1, "canEdit": false}),
        )
        .await;
    assert_eq!(
        (status, &renamed["name"], &renamed["canEdit"], &renamed["type"]),
        (200, &json!("Grundlage"), &json!(true), &json!("PLAN"))
    );
    let before = rows(&bench.get("/athlete/0/workouts").await).len();
    assert_eq!(bench.ask(Method::DELETE, &path).await.0, 200);
    assert_eq!(
        rows(&bench.get("/athlete/0/workouts").await).len(),
        before - rows(&plan["children"]).len()
    );
    let inside = format!("/athlete/0/workouts/{}", plan["children"][0]["id"]);
    assert_eq!(bench.status_as("ana", &inside).await, 404);
    assert_eq!(bench.ask(Method::DELETE, &path).await.0, 404);
    assert!(
        !bench
            .sim
            .library("jack")
            .iter()
            .any(|(folder, _)| folder["name"] == "Grundlage")
    );
    assert_eq!(bench.sim.library("jack").len(), 4, "another's stays");
}

#[tokio::test]
async fn writes_to_the_library_go_wrong_on_request() {
    let bench = Bench::with_library().await;
    let folder = bench.folder("ana", "Key sessions").await;
    let new = |name: &str| json!({"folder_id": folder["id"], "type": "Ride", "name": name, "description": "3x\n- 5m 100%\n- 5m 50%"});
    let path = "/athlete/0/workouts";
    bench.sim.fault(
        Fault::on("POST /workouts")
            .mode(Mode::RefuseEntry)
            .entry("Bad")
            .times(1),
    );
    let (status, answer) = bench.send(Method::POST, path, new("Bad one")).await;
    assert_eq!(
        (status, &answer["error"]),
        (422, &json!("Invalid workout [Bad one]"))
    );
    bench
        .sim
        .fault(Fault::on("POST /workouts").mode(Mode::FlattenRepeats).times(1));
    let (_, flat) = bench.send(Method::POST, path, new("Flat")).await;
    assert_eq!(flat["moving_time"], 600);
    bench
        .sim
        .fault(Fault::on("POST /workouts").ignoring(&["tags"]).times(1));
    let mut tagged = new("Tagged");
    tagged["tags"] = json!(["key"]);
    let (_, answer) = bench.send(Method::POST, path, tagged).await;
    assert_eq!(answer["tags"], Value::Null);
    bench
        .sim
        .fault(Fault::on("/workouts").mode(Mode::Forget).times(1));
    let (status, forgotten) = bench.send(Method::POST, path, new("Gone")).await;
    let forgotten = format!("{path}/{}", forgotten["id"]);
    assert_eq!((status, bench.status_as("ana", &forgotten).await), (200, 404));
    let at = format!("/athlete/0/folders/{}", folder["id"]);
    bench
        .sim
        .fault(Fault::on("DELETE /folders").mode(Mode::Forget).times(1));
    assert_eq!(bench.ask(Method::DELETE, &at).await.0, 200);
    assert_eq!(
        bench.folder("ana", "Key sessions").await["id"],
        folder["id"],
        "still there"
    );
}

#[tokio::test]
async fn somebody_else_changes_the_library() {
    let bench = Bench::with_library().await;
    let folder = bench.folder("ana", "Key sessions").await;
    let inside = folder["children"][0]["id"].as_i64().unwrap();
    assert!(
        bench
            .sim
            .change_library("ana", inside, Some(json!({"name": "Theirs"})))
    );
    let path = format!("/athlete/0/workouts/{inside}");
    assert_eq!(bench.get(&path).await["name"], "Theirs");
    let meddling = Fault::on("PUT /workouts").mode(Mode::Meddle).times(1);
    bench.sim.fault(meddling.body("{\"day\":5}"));
    let (status, answer) = bench.send(Method::PUT, &path, json!({"day": 2})).await;
    assert_eq!((status, &answer["day"]), (200, &json!(2)));
    assert_eq!(bench.get(&path).await["day"], 5);
    assert!(!bench.sim.change_library("ana", inside, Some(json!(3))));
    assert!(bench.sim.change_library("ana", inside, None));
    assert_eq!(bench.status_as("ana", &path).await, 404);
    assert!(!bench.sim.change_library("ana", inside, None));
    assert!(!bench.sim.change_library("nobody", inside, None));
}
