//! Wellness days, activities and sports are changed in place, with upstream's silences.

use reqwest::Method;
use serde_json::{Value, json};

use super::*;
use crate::{Fault, Mode, Of, Pairing, Rules};

const DAY: &str = "/athlete/0/wellness/2026-11-20";

impl Bench {
    /// A person's activity that pleases, newest first.
    pub(super) async fn activity(&self, slug: &str, pleases: impl Fn(&Value) -> bool) -> Value {
        let all = self.get_as(slug, "/athlete/0/activities?oldest=2026-10-01").await;
        let found = rows(&all).iter().find(|row| pleases(row));
        found
            .unwrap_or_else(|| panic!("no such activity of {slug}"))
            .clone()
    }

    async fn recorded_ride(&self) -> (Value, String) {
        let ride = self
            .activity("ana", |row| row["type"] == "Ride" && row["gear"].is_object())
            .await;
        let path = format!("/activity/{}", text(&ride, "id"));
        (ride, path)
    }

    /// What stands after a PUT that must be taken, read again.
    async fn put(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send(Method::PUT, path, body).await;
        assert_eq!(status, 200, "{answer}");
        self.get(path.split('?').next().unwrap()).await
    }

    async fn refused(&self, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.send(Method::PUT, path, body).await;
        (status, text(&answer, "error").to_owned())
    }
}

#[tokio::test]
async fn a_locked_day_keeps_its_values_and_says_nothing() {
    let bench = Bench::new().await;
    let before = bench.get(DAY).await;
    assert_eq!(
        bench
            .control(
                "/record",
                json!({"person": "ana", "of": {"day": "2026-11-20"}, "values": {"locked": true}})
            )
            .await,
        200
    );
    let after = bench.put(DAY, json!({"weight": 50.0, "locked": false})).await;
    assert_eq!(
        (&after["weight"], &after["locked"]),
        (&before["weight"], &json!(true))
    );
    bench.sim.rules(Rules {
        locks_hold: false,
        ..Rules::default()
    });
    let after = bench.put(DAY, json!({"weight": 50.0, "locked": false})).await;
    assert_eq!((&after["weight"], &after["locked"]), (&json!(50.0), &json!(true)));
    bench.sim.rules(Rules::default());
    let other = "/athlete/0/wellness/2026-11-19";
    let after = bench.put(other, json!({"weight": 51.0, "locked": true})).await;
    assert_eq!(
        (&after["weight"], &after["locked"]),
        (&json!(51.0), &json!(true)),
        "both at once"
    );
}

#[tokio::test]
async fn several_days_are_written_at_once_or_not_at_all() {
    let bench = Bench::new().await;
    let bulk = "/athlete/0/wellness-bulk";
    bench.sim.change(
        "ana",
        &Of::Day("2026-11-18".parse().unwrap()),
        json!({"locked": true}),
    );
    let locked = bench.get("/athlete/0/wellness/2026-11-18").await;
    let answer = bench
        .send(
            Method::PUT,
            bulk,
            json!([
                {"id": "2026-11-20", "weight": 60.1, "fatigue": -1}, {"id": "2026-11-19", "restingHR": 0},
                {"id": "2026-11-18", "weight": 1.0},
            ]),
        )
        .await;
    assert_eq!(answer, (200, json!("")), "no body");
    let row = bench.get(DAY).await;
    assert_eq!((&row["weight"], &row["fatigue"]), (&json!(60.1), &json!(-1)));
    assert_eq!(bench.get("/athlete/0/wellness/2026-11-19").await["restingHR"], 0);
    assert_eq!(bench.get("/athlete/0/wellness/2026-11-18").await, locked);
    let broken = json!([{"id": "2026-11-20", "weight": 70.0}, {"id": "2026-11-19", "feel": 1}]);
    assert_eq!(
        bench.refused(bulk, broken).await,
        (422, "Unrecognized wellness field [feel]".to_owned())
    );
    assert_eq!(bench.get(DAY).await["weight"], 60.1);
    assert_eq!(
        bench.refused(bulk, json!([{"weight": 70.0}])).await.0,
        422,
        "no day"
    );
    assert_eq!(
        bench.refused(bulk, json!({"id": "2026-11-20"})).await.0,
        400,
        "no list"
    );
}

#[tokio::test]
async fn an_activity_is_changed_sparsely_and_shows_it_everywhere() {
    let bench = Bench::new().await;
    let (ride, path) = bench.recorded_ride().await;
    let id = text(&ride, "id");
    let after = bench
        .put(
            &path,
            json!({
                "name": "Harder than it looks", "icu_rpe": 8, "feel": 4, "tags": ["windy"], "carbs_ingested": 90,
                "icu_training_load": 999, "distance": 1.0, "icu_ignore_hr": true,
            }),
        )
        .await;
    let minutes = ride["moving_time"].as_u64().unwrap() / 60;
    assert_eq!(
        (
            &after["session_rpe"],
            &after["icu_training_load"],
            &after["distance"],
            &after["icu_ignore_hr"]
        ),
        (
            &json!(8 * minutes),
            &ride["icu_training_load"],
            &ride["distance"],
            &json!(true)
        )
    );
    assert_eq!(
        (&after["name"], &after["feel"]),
        (&json!("Harder than it looks"), &json!(4))
    );
    let listed = bench
        .get("/athlete/0/activities?oldest=2026-10-01&fields=id,name,icu_rpe")
        .await;
    let row = rows(&listed).iter().find(|row| text(row, "id") == id).unwrap();
    assert_eq!(
        *row,
        json!({"id": id, "name": "Harder than it looks", "icu_rpe": 8})
    );
    for query in ["harder", "%23windy"] {
        let found = bench
            .get(&format!("/athlete/0/activities/search?q={query}"))
            .await;
        assert_eq!(found[0]["id"], id, "{query}");
    }
    let cleared = bench
        .put(
            &path,
            json!({"icu_rpe": -1, "feel": null, "tags": [], "description": ""}),
        )
        .await;
    assert_eq!(
        (
            &cleared["icu_rpe"],
            &cleared["session_rpe"],
            &cleared["feel"],
            &cleared["tags"]
        ),
        (&Value::Null, &Value::Null, &json!(4), &json!([]))
    );
    bench.sim.rules(Rules {
        record_nulls_clear: true,
        minus_one_clears: false,
        ..Rules::default()
    });
    let flipped = bench.put(&path, json!({"icu_rpe": -1, "feel": null})).await;
    assert_eq!(
        (&flipped["icu_rpe"], &flipped["feel"]),
        (&json!(-1), &Value::Null)
    );
}

#[tokio::test]
async fn rpe_and_sport_enter_the_sums_of_the_week() {
    let bench = Bench::new().await;
    let (ride, path) = bench.recorded_ride().await;
    let day = &text(&ride, "start_date_local")[..10];
    let week = format!("/athlete/0/athlete-summary?start={day}&end={day}");
    let srpe = |week: &Value| week[0]["srpe"].as_u64().unwrap();
    let before = bench.get(&week).await;
    bench
        .put(&path, json!({"icu_rpe": 10, "type": "GravelRide"}))
        .await;
    let after = bench.get(&week).await;
    let minutes = ride["moving_time"].as_u64().unwrap() / 60;
    let felt = ride["session_rpe"].as_u64().unwrap_or_default();
    assert_eq!(srpe(&after), srpe(&before) - felt + 10 * minutes);
    let sports = rows(&after[0]["byCategory"]);
    assert!(sports.iter().any(|sport| sport["category"] == "GravelRide"));
    assert_eq!(before[0]["training_load"], after[0]["training_load"]);
}

#[tokio::test]
async fn marks_and_the_sub_type_follow_each_other() {
    let bench = Bench::new().await;
    let (_, path) = bench.recorded_ride().await;
    for (body, sub_type, race, commute) in [
        (json!({"race": true}), "RACE", true, false),
        (json!({"commute": true}), "COMMUTE", false, true),
        (json!({"race": false}), "COMMUTE", false, true),
        (json!({"commute": false}), "NONE", false, false),
        (json!({"sub_type": "RACE", "commute": true}), "RACE", true, false),
        (json!({"sub_type": "WARMUP"}), "WARMUP", false, false),
    ] {
        let after = bench.put(&path, body.clone()).await;
        assert_eq!(
            (&after["sub_type"], &after["race"], &after["commute"]),
            (&json!(sub_type), &json!(race), &json!(commute)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn what_an_activity_cannot_be_is_refused() {
    let bench = Bench::new().await;
    let (ride, path) = bench.recorded_ride().await;
    for (body, status) in [
        (json!({"sub_type": "FUN"}), 400),
        (json!({"type": "Riding"}), 400),
        (json!({"feel": "strong"}), 400),
        (json!({"tags": "windy"}), 400),
        (json!({"tss": 90}), 400),
        (json!({"gear": {"id": "b1"}}), 422),
        (json!({"paired_event_id": 5}), 422),
    ] {
        assert_eq!(bench.refused(&path, body.clone()).await.0, status, "{body}");
    }
    assert_eq!(bench.get(&path).await, ride, "nothing half");
    assert_eq!(bench.refused("/activity/i1", json!({})).await.0, 404);
    let jack = bench
        .send_as("jack", Method::PUT, &path, json!({"name": "Mine"}))
        .await;
    assert_eq!(jack.0, 403);
    let strava = bench.activity("bishnu", |row| row["source"] == "STRAVA").await;
    let path = format!("/activity/{}", text(&strava, "id"));
    let (status, answer) = bench
        .send_as("bishnu", Method::PUT, &path, json!({"name": "Mine"}))
        .await;
    assert_eq!(
        (status, text(&answer, "error")),
        (422, "Cannot update Strava activities")
    );
}

#[tokio::test]
async fn gear_changes_and_cannot_be_taken_off() {
    let bench = Bench::new().await;
    let (_, path) = bench.recorded_ride().await;
    let distance = |gear: &Value| {
        let piece = rows(gear).iter().find(|piece| piece["id"] == "b9000102").unwrap();
        number(&piece["distance"])
    };
    let before = distance(&bench.get("/athlete/0/gear").await);
    let after = bench.put(&path, json!({"gear": {"id": "b9000102"}})).await;
    assert_eq!(after["gear"]["name"], "Cube Nuroad");
    assert!(distance(&bench.get("/athlete/0/gear").await) > before);
    let after = bench.put(&path, json!({"gear": null})).await;
    assert_eq!(after["gear"]["name"], "Cube Nuroad");
    let shoes = bench.get_as("jack", "/athlete/0/gear").await;
    let named = rows(&shoes)
        .iter()
        .filter(|piece| piece["name"] == "Asics Novablast");
    assert_eq!(named.count(), 2);
    assert!(rows(&shoes).iter().any(|piece| piece["retired"].is_string()));
}

#[tokio::test]
async fn several_activities_come_at_once_without_what_is_not_there() {
    let bench = Bench::new().await;
    let all = bench.get("/athlete/0/activities?oldest=2026-10-01").await;
    let (new, old) = (text(&all[0], "id"), text(&all[2], "id"));
    let foreign = bench.activity("jack", |_| true).await;
    let path = format!(
        "/athlete/{ANA}/activities/{old},i1,{new},{}",
        text(&foreign, "id")
    );
    assert_eq!(bench.get(&path).await, json!([all[0], all[2]]));
    let strava = bench.activity("bishnu", |row| row["source"] == "STRAVA").await;
    let path = format!("/athlete/0/activities/{}", text(&strava, "id"));
    assert_eq!(bench.get_as("bishnu", &path).await, json!([strava]));
}

#[tokio::test]
async fn a_pairing_shows_on_both_sides_and_displaces_others() {
    let bench = Bench::new().await;
    let of_event = |event: &Value| format!("/athlete/0/events/{}", event["id"]);
    let paired = bench
        .activity("ana", |row| {
            row["paired_event_id"].is_i64() && row["source"] != "STRAVA"
        })
        .await;
    let open = bench
        .activity("ana", |row| {
            row["paired_event_id"].is_null() && row["source"] != "STRAVA"
        })
        .await;
    let (event, other) = (&paired["paired_event_id"], text(&open, "id"));
    let (taken, path) = (format!("/athlete/0/events/{event}"), format!("/activity/{other}"));
    assert_eq!(bench.get(&taken).await["paired_activity_id"], paired["id"]);
    assert_eq!(
        bench.put(&path, json!({"paired_event_id": event})).await["paired_event_id"],
        *event
    );
    assert_eq!(bench.get(&taken).await["paired_activity_id"], other);
    let displaced = bench.get(&format!("/activity/{}", text(&paired, "id"))).await;
    assert_eq!(displaced["paired_event_id"], Value::Null);
    bench.sim.pairing(Pairing::ShowsDone);
    let made = bench.put_on("ana", workout("Ride", "Own", "- 20m 60%")).await;
    bench.put(&path, json!({"paired_event_id": made["id"]})).await;
    let own = bench.get(&of_event(&made)).await;
    assert_eq!(
        (&own["paired_activity_id"], &own["moving_time"]),
        (&json!(other), &open["moving_time"])
    );
    assert_eq!(bench.get(&taken).await["paired_activity_id"], Value::Null);
    bench.put(&path, json!({"paired_event_id": -1})).await;
    let own = bench.get(&of_event(&made)).await;
    assert_eq!(
        (&own["paired_activity_id"], &own["moving_time"]),
        (&Value::Null, &json!(1200))
    );
}

#[tokio::test]
async fn thresholds_are_written_and_workouts_go_by_them() {
    let bench = Bench::new().await;
    let path = "/athlete/0/sport-settings/Ride?recalcHrZones=false";
    let before = bench.get("/athlete/0/sport-settings/Ride").await;
    let seeded = bench
        .get("/athlete/0/events?oldest=2026-11-22&newest=2026-12-10&category=WORKOUT&resolve=true")
        .await;
    let has_watts = |event: &&Value| event["workout_doc"]["steps"][0]["_power"].is_object();
    let planned = rows(&seeded).iter().find(has_watts).unwrap();
    let made = bench.put_on("ana", workout("Ride", "Own", "- 20m 50%")).await;
    let after = bench
        .put(path, json!({"ftp": 300, "pace_threshold": 4.0, "id": 7}))
        .await;
    assert_eq!((&after["ftp"], &after["id"]), (&json!(300), &before["id"]));
    assert!(after.get("pace_threshold").is_none() && after["updated"] != before["updated"]);
    let whole = bench.get("/athlete/0").await;
    assert_eq!(whole["sportSettings"][0], after);
    let own = bench.event("ana", &made["id"]).await;
    assert_eq!(own["workout_doc"]["steps"][0]["_power"]["value"], 150.0);
    assert_eq!(own["icu_training_load"], made["icu_training_load"]);
    let again = bench.event("ana", &planned["id"]).await;
    let watts = |event: &Value| number(&event["workout_doc"]["steps"][0]["_power"]["end"]);
    assert!(watts(&again) > watts(planned));
    assert_eq!(again["icu_training_load"], planned["icu_training_load"]);
    let next = bench.put_on("ana", workout("Ride", "Next", "- 1h 150w")).await;
    assert!((number(&next["icu_intensity"]) - 50.0).abs() < 0.5);
}

#[tokio::test]
async fn the_highest_heart_rate_goes_by_the_last_bound() {
    let bench = Bench::new().await;
    let path = "/athlete/0/sport-settings/2410011?recalcHrZones=";
    let still = bench.put(&format!("{path}false"), json!({"max_hr": 195})).await;
    assert_eq!(still["max_hr"], 186, "ignored");
    let zones = json!([130, 145, 155, 166, 171, 176, 190]);
    let lab = bench
        .put(&format!("{path}false"), json!({"hr_zones": zones}))
        .await;
    assert_eq!((&lab["max_hr"], &lab["hr_zones"]), (&json!(190), &zones));
    let moved = bench
        .put(&format!("{path}true"), json!({"lthr": 172, "max_hr": 192}))
        .await;
    assert_eq!(
        (&moved["max_hr"], &moved["hr_zones"][6], &moved["lthr"]),
        (&json!(192), &json!(192), &json!(172))
    );
    assert!(moved["hr_zones"][0].as_u64() > Some(130));
}

#[tokio::test]
async fn sport_settings_are_refused_as_upstream_refuses_them() {
    let bench = Bench::new().await;
    let path = "/athlete/0/sport-settings/Run";
    let without = bench.refused(path, json!({"ftp": 250})).await;
    assert!(
        without.0 == 422 && without.1.contains("recalcHrZones"),
        "{without:?}"
    );
    let path = format!("{path}?recalcHrZones=false");
    let invalid = (422, "Invalid threshold pace".to_owned());
    for pace in [440.0, 0.0, -1.0] {
        assert_eq!(
            bench.refused(&path, json!({"threshold_pace": pace})).await,
            invalid
        );
    }
    assert_eq!(bench.refused(&path, json!({"load_order": "PACE"})).await.0, 400);
    assert_eq!(bench.refused(&path, json!({"lthr": "168"})).await.0, 400);
    assert_eq!(
        bench
            .refused("/athlete/0/sport-settings/Chess?recalcHrZones=false", json!({}))
            .await
            .0,
        404
    );
    let nothing = bench.put(&path, json!({"lthr": null})).await;
    assert_eq!(nothing["lthr"], 168);
}

#[tokio::test]
async fn a_field_is_ignored_or_changed_without_a_word() {
    let bench = Bench::new().await;
    let (ride, path) = bench.recorded_ride().await;
    let sport = "/athlete/0/sport-settings/Ride?recalcHrZones=false";
    bench
        .sim
        .fault(Fault::on("PUT /activity/").ignoring(&["feel"]).times(1));
    let after = bench.put(&path, json!({"feel": 5, "name": "New"})).await;
    assert_eq!((&after["feel"], &after["name"]), (&ride["feel"], &json!("New")));
    assert_eq!(bench.put(&path, json!({"feel": 5})).await["feel"], 5, "once");
    let fault = json!({"match": "PUT /wellness-bulk", "mode": "ignore", "fields": ["weight"], "times": 1});
    assert_eq!(bench.control("/fault", fault).await, 200);
    let before = bench.get(DAY).await;
    bench
        .send(
            Method::PUT,
            "/athlete/0/wellness-bulk",
            json!([{"id": "2026-11-20", "weight": 1.0, "steps": 5}]),
        )
        .await;
    let row = bench.get(DAY).await;
    assert_eq!((&row["weight"], &row["steps"]), (&before["weight"], &json!(5)));
    bench.sim.fault(
        Fault::on("PUT /sport-settings/")
            .mode(Mode::Alter)
            .body(r#"{"ftp": 251, "lthr": 1}"#)
            .times(1),
    );
    let after = bench.put(sport, json!({"ftp": 250})).await;
    assert_eq!((&after["ftp"], &after["lthr"]), (&json!(251), &json!(168)));
    bench.sim.fault(
        Fault::on("POST /events")
            .ignoring(&["color"])
            .entry("Own")
            .times(1),
    );
    let mut event = workout("Ride", "Own", "- 20m 50%");
    event["color"] = json!("red");
    assert_eq!(bench.put_on("ana", event).await["color"], Value::Null);
}

#[tokio::test]
async fn what_is_forgotten_is_answered_and_not_kept() {
    let bench = Bench::new().await;
    let (ride, path) = bench.recorded_ride().await;
    for (path, body, name, value) in [
        (path.as_str(), json!({"name": "New"}), "name", json!("New")),
        (DAY, json!({"weight": 50.5}), "weight", json!(50.5)),
        (
            "/athlete/0/sport-settings/Ride?recalcHrZones=false",
            json!({"ftp": 200}),
            "ftp",
            json!(200),
        ),
    ] {
        bench.sim.fault(Fault::on("PUT ").mode(Mode::Forget).times(1));
        let (status, answer) = bench.send(Method::PUT, path, body).await;
        assert_eq!((status, &answer[name]), (200, &value));
        let kept = bench.get(path.split('?').next().unwrap()).await;
        assert_ne!(kept[name], value, "{path}");
    }
    bench.sim.fault(
        Fault::on("GET /activity/")
            .mode(Mode::Meddle)
            .body(r#"{"name":"Theirs"}"#)
            .times(1),
    );
    assert_eq!(bench.get(&path).await["name"], ride["name"]);
    assert_eq!(bench.get(&path).await["name"], "Theirs");
}

#[tokio::test]
async fn each_area_wants_its_own_right_to_write() {
    let bench = Bench::new().await;
    let (_, activity) = bench.recorded_ride().await;
    let sport = "/athlete/0/sport-settings/Ride?recalcHrZones=false";
    let all = [activity.as_str(), DAY, sport];
    for (scopes, open) in [
        ("ACTIVITY:WRITE,WELLNESS:READ,SETTINGS:READ", 0),
        ("ACTIVITY:READ,WELLNESS:WRITE,SETTINGS:READ", 1),
        ("ACTIVITY:READ,WELLNESS:READ,SETTINGS:WRITE", 2),
    ] {
        assert!(bench.sim.allow("ana", scopes));
        for (n, path) in all.into_iter().enumerate() {
            let status = bench.send(Method::PUT, path, json!({})).await.0;
            assert_eq!(status, if n == open { 200 } else { 403 }, "{scopes} {path}");
        }
    }
}
