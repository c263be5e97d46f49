//! What becomes of the text of a workout that a client writes: its steps, time, distance and load, and what is lost.

use reqwest::Method;
use serde_json::{Value, json};

use super::*;

const EVENTS: &str = "/athlete/0/events";
const SWEET_SPOT: &str = "Warmup\n- 20m ramp 55-75% 85rpm\n\nMain set 3x\n- SST 12m 88-94% 88-92rpm\n- Easy 5m 55%\n\n\
    Cooldown\n- 10m ramp 60-45%";

/// The steps of a workout as Ana's calendar has it, and its time, distance and load.
async fn read(bench: &Bench, sport: &str, text: &str) -> (Value, Value) {
    let made = bench.put_on("ana", workout(sport, "Test", text)).await;
    let totals = json!([made["moving_time"], made["distance"], made["icu_training_load"]]);
    (made["workout_doc"]["steps"].clone(), totals)
}

#[tokio::test]
async fn a_written_workout_has_what_upstream_makes_of_its_text() {
    let bench = Bench::new().await;
    let made = bench
        .put_on("ana", workout("Ride", "Sweet spot", SWEET_SPOT))
        .await;
    // Ana's FTP is 246 W, as in the example that this is.
    let doc = &made["workout_doc"];
    assert_eq!(
        (&made["moving_time"], &doc["duration"]),
        (&json!(4860), &json!(4860))
    );
    assert_eq!(made["icu_training_load"], 82);
    assert!((number(&made["icu_intensity"]) - 77.936_346).abs() < 1e-5);
    assert_eq!(
        (&made["joules"], &doc["normalized_power"]),
        (&json!(872_760), &json!(192))
    );
    let steps = rows(&doc["steps"]);
    assert_eq!((steps.len(), &steps[1]["reps"]), (3, &json!(3)));
    assert!(!doc.to_string().contains("\"_power\""), "not resolved in storage");
    let list = bench
        .get("/athlete/0/events?oldest=2026-11-25&newest=2026-11-25&resolve=true")
        .await;
    let listed = rows(&list)
        .iter()
        .find(|event| event["id"] == made["id"])
        .unwrap();
    assert_eq!(listed, &bench.event("ana", &made["id"]).await);
    assert_eq!(
        listed["workout_doc"]["steps"][1]["steps"][0]["_power"],
        json!({"value": 223.0, "start": 216.0, "end": 231.0})
    );
    assert_eq!(
        listed["workout_doc"]["steps"][1]["steps"][1]["_power"],
        json!({"value": 135.0, "start": 131.0, "end": 139.0})
    );
    assert_eq!(bench.control("/rules", json!({"resolve_one": false})).await, 200);
    assert_eq!(
        &bench.event("ana", &made["id"]).await,
        &made,
        "only lists are documented"
    );
    bench.sim.rules(crate::Rules::default());
    let ana = Person::of_slug("ana").unwrap();
    let read = crate::read_workout(ana, "2026-11-25".parse().unwrap(), "Ride", false, SWEET_SPOT);
    for (field, value) in read.as_object().unwrap() {
        assert_eq!(value, &listed[field], "{field}");
    }
    let indoors = bench
        .send(
            Method::PUT,
            &format!("{EVENTS}/{}", made["id"]),
            json!({"indoor": true}),
        )
        .await;
    assert_eq!(indoors.0, 200);
    let indoors = bench.event("ana", &made["id"]).await;
    assert_eq!(
        indoors["workout_doc"]["steps"][1]["steps"][1]["_power"],
        json!({"value": 135.0})
    );
}

#[tokio::test]
async fn each_sport_is_resolved_by_its_own_thresholds_and_only_by_those_that_there_are() {
    let bench = Bench::new().await;
    let one = async |slug: &str, sport: &str, text: &str| {
        let made = bench.put_on(slug, workout(sport, "Test", text)).await;
        let event = bench.event(slug, &made["id"]).await;
        event["workout_doc"]["steps"][0].clone()
    };
    let run = one("jack", "Run", "- 10m 100% Pace").await;
    assert!(
        run["_pace"]["value"].is_number() && run["_distance"].is_number(),
        "{run}"
    );
    let swim = one("tria", "Swim", "- 400mtr 90% Pace").await;
    assert!(
        swim["_pace"]["value"].is_number() && swim["_pace"]["start"].is_null(),
        "{swim}"
    );
    let run = one("ana", "Run", "- 10m 100% Pace").await;
    assert_eq!(
        run,
        json!({"duration": 600, "pace": {"units": "%pace", "value": 100.0}})
    );
    let heart = one("ana", "Run", "- 10m 90% LTHR").await;
    assert!(heart["_hr"]["start"].is_number(), "{heart}");
    for text in ["- 10m 80%", "- 10m 90% LTHR", "- 10m 100% Pace"] {
        let step = one("nell", "Ride", text).await;
        assert!(!step.to_string().contains("\"_"), "{step}");
    }
    let newcomer = bench.put_on("nell", workout("Ride", "Test", "- 10m 80%")).await;
    assert_eq!(
        (&newcomer["moving_time"], &newcomer["icu_training_load"]),
        (&json!(600), &Value::Null)
    );
}

#[tokio::test]
async fn what_upstream_cannot_read_is_lost_without_a_word() {
    let bench = Bench::new().await;
    let first = async |sport: &str, text: &str| read(&bench, sport, text).await.0[0].clone();
    let bare = json!({"duration": 600});
    assert_eq!(first("Run", "- 10m 150bpm").await, bare, "absolute bpm");
    assert_eq!(first("Run", "- 10m 168-175 HR").await, bare, "absolute bpm");
    let both = first("Run", "- 10m 80% LTHR 5:00/km Pace").await;
    assert!(
        both["hr"].is_object() && both["pace"].is_null(),
        "one target a step: {both}"
    );
    let (steps, totals) = read(&bench, "Ride", "- 15-20m 70%").await;
    assert_eq!((steps, &totals[0]), (json!([]), &Value::Null), "a range of time");
    let (steps, totals) = read(&bench, "Ride", "3x\n\n- 10m 90%\n- 5m 50%").await;
    assert_eq!(
        (rows(&steps).len(), &totals[0]),
        (2, &json!(900)),
        "a blank line after the heading"
    );
    let french = first("Ride", "Échauffement\n- 10m 50%").await;
    assert!(french["warmup"].is_null(), "{french}");
    let rest = first("Run", "- 10m 60% LTHR intensity=easy").await;
    assert!(rest["intensity"].is_null(), "{rest}");
    let swapped = first("Run", "- 10m 5:00-5:10/km Pace").await;
    assert_eq!(
        swapped["pace"],
        json!({"units": "secs/km", "start": 300.0, "end": 310.0}),
        "not sorted"
    );
    let metres = first("Swim", "- 100m 90% Pace").await;
    assert_eq!(metres["duration"], 6000, "m is minutes");
    let watts = read(&bench, "Run", "- 10m 80%").await;
    assert_eq!(
        watts.1[2],
        Value::Null,
        "a bare % is power, which a run has no threshold for"
    );
    let ramp = first("Ride", "- 10m ramp 80%").await;
    assert!(ramp["ramp"].is_null(), "{ramp}");
}

#[tokio::test]
async fn typed_times_and_distances_hold_only_without_steps() {
    let bench = Bench::new().await;
    let mut event = workout("Ride", "Typed", "- 1h 70%");
    event["moving_time"] = json!(60);
    event["distance"] = json!(40_000.0);
    event["icu_training_load"] = json!(7);
    let made = bench.put_on("ana", event.clone()).await;
    assert_eq!(
        (
            &made["moving_time"],
            &made["distance"],
            &made["icu_training_load"]
        ),
        (&json!(3600), &json!(0.0), &json!(49))
    );
    let path = format!("{EVENTS}/{}", made["id"]);
    let typed = json!({"moving_time": 60, "distance": 40_000.0, "icu_training_load": 55});
    let (_, changed) = bench.send(Method::PUT, &path, typed).await;
    assert_eq!(
        (
            &changed["moving_time"],
            &changed["distance"],
            &changed["icu_training_load"]
        ),
        (&json!(3600), &json!(0.0), &json!(55))
    );
    event["description"] = json!("Squats, then whatever is free.");
    event["type"] = json!("WeightTraining");
    event["distance_target"] = json!(500.0);
    let prose = bench.put_on("ana", event).await;
    assert_eq!(prose["workout_doc"]["steps"], json!([]));
    assert_eq!(
        (&prose["moving_time"], &prose["icu_training_load"]),
        (&json!(60), &json!(7))
    );
    assert_eq!(
        (&prose["distance"], &prose["distance_target"]),
        (&json!(0.0), &json!(500.0)),
        "an empty document takes the distance away"
    );
    let list = "/athlete/0/events?oldest=2026-11-22&newest=2026-12-10&category=WORKOUT";
    let seeded = bench.get(list).await;
    let strength = rows(&seeded)
        .iter()
        .find(|event| event["type"] == "WeightTraining");
    let strength = strength.unwrap();
    let path = format!("{EVENTS}/{}", strength["id"]);
    let (_, renamed) = bench.send(Method::PUT, &path, json!({"name": "Gym"})).await;
    for field in ["distance", "moving_time", "workout_doc", "description"] {
        assert_eq!(renamed[field], strength[field], "{field}");
    }
}

#[tokio::test]
async fn a_document_in_the_body_is_no_way_to_keep_steps() {
    let bench = Bench::new().await;
    let made = bench.put_on("ana", workout("Ride", "Steps", "- 1h 70%")).await;
    let path = format!("{EVENTS}/{}", made["id"]);
    let (status, renamed) = bench.send(Method::PUT, &path, json!({"name": "Kept"})).await;
    assert_eq!((status, &renamed["workout_doc"]), (200, &made["workout_doc"]));
    let mut whole = renamed;
    whole["name"] = json!("Lost");
    let (status, lost) = bench.send(Method::PUT, &path, whole).await;
    assert_eq!((status, &lost["workout_doc"]["steps"]), (200, &json!([])));
    assert_eq!(
        (&lost["description"], &lost["distance"]),
        (&json!("- 1h 70%"), &json!(0.0))
    );
    let (_, again) = bench
        .send(Method::PUT, &path, json!({"description": "- 30m 60%"}))
        .await;
    assert_eq!(again["moving_time"], 1800, "text brings them back");
    let doc = json!({"steps": [{"duration": 300, "power": {"units": "%ftp", "value": 50}}]});
    let mut event = workout("Ride", "By document", "");
    event.as_object_mut().unwrap().remove("description");
    event["workout_doc"] = doc.clone();
    let made = bench.put_on("ana", event.clone()).await;
    assert_eq!(made["moving_time"], 300, "one without text is taken");
    event["description"] = json!("Nothing that reads as a step");
    let wiped = bench.put_on("ana", event).await;
    assert_eq!(
        (&wiped["workout_doc"]["steps"], &wiped["description"]),
        (&json!([]), &json!("")),
        "with text that has no steps, both are gone"
    );
}

#[tokio::test]
async fn a_moved_entry_keeps_its_length_and_a_write_is_later_than_the_one_before() {
    let bench = Bench::new().await;
    let mut camp = workout("Ride", "Two days", "- 1h 70%");
    camp["end_date_local"] = json!("2026-11-27T00:00:00");
    let made = bench.put_on("ana", camp).await;
    let path = format!("{EVENTS}/{}", made["id"]);
    let (_, moved) = bench
        .send(
            Method::PUT,
            &path,
            json!({"start_date_local": "2026-11-23T00:00:00"}),
        )
        .await;
    assert_eq!(moved["end_date_local"], "2026-11-25T00:00:00");
    assert!(
        text(&moved, "updated") > text(&made, "updated"),
        "though the clock stands still"
    );
    let (_, run) = bench
        .send(
            Method::PUT,
            &path,
            json!({"type": "Run", "paired_activity_id": "i1", "uid": "mine"}),
        )
        .await;
    assert_eq!(
        (&run["icu_training_load"], &run["paired_activity_id"], &run["uid"]),
        (&Value::Null, &Value::Null, &made["uid"]),
        "read again for the new sport; pairing from this side is ignored"
    );
}

#[tokio::test]
async fn null_empties_a_field_or_does_not() {
    let bench = Bench::new().await;
    let mut event = workout("Ride", "Red", "- 1h 70%");
    event["color"] = json!("red");
    let made = bench.put_on("ana", event).await;
    let path = format!("{EVENTS}/{}", made["id"]);
    let null = json!({"color": null, "description": null});
    assert_eq!(bench.control("/rules", json!({"nulls_clear": false})).await, 200);
    let (_, same) = bench.send(Method::PUT, &path, null.clone()).await;
    assert_eq!(
        (&same["color"], &same["description"]),
        (&json!("red"), &json!("- 1h 70%"))
    );
    bench.sim.rules(crate::Rules::default());
    let (_, empty) = bench.send(Method::PUT, &path, null).await;
    assert_eq!(
        (&empty["color"], &empty["description"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        empty["workout_doc"]["steps"],
        json!([]),
        "and without text there are no steps"
    );
}

#[tokio::test]
async fn only_known_fields_and_words_are_read() {
    let bench = Bench::new().await;
    let good = workout("Ride", "Fine", "- 1h 70%");
    let with = |name: &str, value: Value| {
        let mut event = good.clone();
        event[name] = value;
        event
    };
    let cases = [
        with("steps", json!([])),
        with("file_contents", json!("<zwo>")),
        with("category", json!("RACE")),
        with("category", json!("GOAL")),
        with("category", json!("workout")),
        with("sub_type", json!("TEMPO")),
        with("target", json!("WATTS")),
        with("training_availability", json!("NO")),
        with("moving_time", json!("1h")),
        with("indoor", json!("yes")),
        with("tags", json!("a,b")),
        with("name", json!(["x"])),
        with("workout_doc", json!([])),
    ];
    let list = "/athlete/0/events?oldest=2026-11-25&newest=2026-11-25";
    let before = bench.get(list).await;
    let made = bench.put_on("ana", good.clone()).await;
    let path = format!("{EVENTS}/{}", made["id"]);
    for case in cases {
        for (method, path) in [(Method::POST, EVENTS), (Method::PUT, path.as_str())] {
            let (status, answer) = bench.send(method, path, case.clone()).await;
            assert_eq!(status, 400, "{case}: {answer}");
            assert!(text(&answer, "error").starts_with("JSON parse error"), "{answer}");
        }
    }
    assert_eq!(bench.event("ana", &made["id"]).await["name"], "Fine");
    assert_eq!(rows(&bench.get(list).await).len(), rows(&before).len() + 1);
    let category = bench.ask(Method::GET, "/athlete/0/events?category=RACE").await;
    assert_eq!(category.0, 422, "in a query, another word for it");
}

#[tokio::test]
async fn connections_say_which_device_takes_workouts() {
    let bench = Bench::new().await;
    let takers = async |slug: &str| {
        let athlete = bench.get_as(slug, "/athlete/0").await;
        let connections = bench.get_as(slug, "/athlete/0/connections").await;
        assert_eq!(connections["id"], athlete["id"]);
        let fields = athlete.as_object().unwrap().iter();
        let on = fields.filter(|(name, value)| name.ends_with("_upload_workouts") && **value == true);
        let takers: Vec<String> = on
            .map(|(name, _)| {
                name.trim_start_matches("icu_")
                    .trim_end_matches("_upload_workouts")
                    .to_owned()
            })
            .collect();
        for taker in &takers {
            let key = if taker == "garmin" {
                "garmin_training_connected"
            } else {
                &format!("{taker}_connected")
            };
            assert_eq!(connections[key], true, "{slug} {taker}");
        }
        takers
    };
    assert_eq!(takers("ana").await, ["garmin", "zwift"]);
    assert_eq!(takers("jack").await, ["garmin"]);
    assert_eq!(takers("tria").await, ["suunto", "wahoo"]);
    assert_eq!(takers("bishnu").await, [""; 0]);
    assert_eq!(takers("nell").await, [""; 0]);
    assert_eq!(
        bench.get_as("tria", "/athlete/0/connections").await["coros_connected"],
        true
    );
}

#[tokio::test]
async fn a_device_refuses_a_step_that_it_cannot_aim_at() {
    let bench = Bench::new().await;
    let errors = async |slug: &str, event: Value| bench.put_on(slug, event).await["push_errors"].clone();
    let refused = errors("tria", workout("Ride", "By heart", "- 1h 80% LTHR")).await;
    assert_eq!(
        (&refused[0]["service"], &refused[0]["message"]),
        (&json!("WAHOO"), &json!("422: every step needs a power target"))
    );
    assert!(text(&refused[0], "date").parse::<DateTime<Utc>>().is_ok());
    assert_eq!(
        errors("tria", workout("Ride", "By power", "- 1h 80%")).await,
        Value::Null
    );
    assert_eq!(
        errors("tria", workout("Run", "By power", "- 1h 80%")).await[0]["message"],
        "422: targets is missing"
    );
    let mut far = workout("Ride", "Not sent yet", "- 1h 80% LTHR");
    far["start_date_local"] = json!("2026-12-15T00:00:00");
    assert_eq!(errors("tria", far).await, Value::Null);
    assert_eq!(
        errors("ana", workout("Ride", "By heart", "- 1h 80% LTHR")).await,
        Value::Null
    );
    let made = bench
        .put_on("tria", workout("Ride", "By heart", "- 1h 80% LTHR"))
        .await;
    let path = format!("{EVENTS}/{}", made["id"]);
    let (_, mended) = bench
        .send_as("tria", Method::PUT, &path, json!({"description": "- 1h 70%"}))
        .await;
    assert_eq!(mended["push_errors"], Value::Null);
}
