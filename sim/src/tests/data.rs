//! What the data looks like, and how to request it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::*;
use crate::schema;

#[tokio::test]
async fn full_objects_list_every_property() {
    let bench = Bench::new().await;
    let has_all = |object: &Value, names: &str| {
        let missing: Vec<&str> = names
            .split_ascii_whitespace()
            .filter(|name| object.get(name).is_none())
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    };
    let athlete = bench.get("/athlete/0").await;
    has_all(&athlete, schema::ATHLETE);
    has_all(&athlete["sportSettings"][0], schema::SPORT_SETTINGS);
    assert_eq!(athlete["icu_api_key"], PEOPLE[0].api_key);
    assert_eq!(athlete["email"], PEOPLE[0].private_email);
    assert_eq!(
        (&athlete["timezone"], &athlete["sportSettings"][0]["ftp"]),
        (&json!("Europe/Berlin"), &json!(246))
    );
    let activities = bench.get("/athlete/0/activities?oldest=2026-10-01").await;
    let full = rows(&activities)
        .iter()
        .filter(|row| row["source"] != "STRAVA")
        .collect::<Vec<_>>();
    assert!(full.len() > 15, "{}", full.len());
    for row in full {
        has_all(row, schema::ACTIVITY);
    }
    has_all(
        &bench.get("/athlete/0/wellness?oldest=2026-11-20").await[0],
        schema::WELLNESS,
    );
    has_all(
        &bench.get("/athlete/0/events?oldest=2026-11-01").await[0],
        schema::EVENT,
    );
    assert_eq!(
        bench.get("/athlete/0/sport-settings/VirtualRide").await["ftp"],
        246
    );
    assert_eq!(
        bench.get("/athlete/0/custom-item").await[0]["content"]["code"],
        "SaunaMinutes"
    );
}

#[tokio::test]
async fn every_kind_of_custom_item_is_somebodys() {
    const KINDS: &str = "\
        FITNESS_CHART FITNESS_TABLE TRACE_CHART INPUT_FIELD ACTIVITY_FIELD INTERVAL_FIELD ACTIVITY_STREAM ACTIVITY_CHART \
        ACTIVITY_HISTOGRAM ACTIVITY_HEATMAP ACTIVITY_MAP ACTIVITY_PANEL ZONES";
    let bench = Bench::new().await;
    let mut kinds = std::collections::BTreeSet::new();
    for person in &PEOPLE {
        for item in rows(&bench.get_as(person.slug, "/athlete/0/custom-item").await) {
            assert_eq!(item["athlete_id"], person.athlete_id);
            kinds.insert(text(item, "type").to_owned());
            let path = format!("/athlete/0/custom-item/{}", item["id"]);
            assert_eq!(bench.get_as(person.slug, &path).await, *item);
        }
    }
    let unknown: Vec<&String> = kinds.iter().filter(|kind| !schema::is_in(KINDS, kind)).collect();
    assert_eq!(unknown, ["SEASON_WHEEL"], "and one that nobody knows");
    assert_eq!(kinds.len(), KINDS.split_ascii_whitespace().count() + 1);
    let mara = bench.get_as("mara", "/athlete/0/custom-item").await;
    let scripted = |item: &&Value| {
        let script = item["content"]["script"].as_str();
        script.is_some_and(|script| script.contains("streams.get"))
    };
    assert!(rows(&mara).iter().filter(scripted).count() >= 3);
    let often = |item: &Value| number(&item["usage_count"]) > 1000.0;
    assert!(rows(&mara).iter().any(often));
    assert_eq!(
        bench.status_as("ana", "/athlete/0/custom-item/30601").await,
        404,
        "another's"
    );
    assert_eq!(bench.status_as("ana", "/athlete/0/custom-item/1").await, 404);
    assert_eq!(bench.status_as("ana", "/athlete/0/custom-item/sauna").await, 500);
}

#[tokio::test]
async fn lists_are_newest_first_limited_and_reduced_to_the_fields() {
    let bench = Bench::new().await;
    let all = bench
        .get("/athlete/0/activities?oldest=2026-09-01&newest=2026-11-01")
        .await;
    let starts: Vec<&str> = rows(&all)
        .iter()
        .map(|row| row["start_date_local"].as_str().unwrap())
        .collect();
    assert!(starts.is_sorted_by(|a, b| a >= b) && starts.len() > 20);
    assert!(
        starts
            .iter()
            .all(|start| ("2026-09-01".."2026-11-02").contains(start))
    );
    let three = bench.get("/athlete/0/activities?oldest=2026-09-01&newest=2026-11-01&limit=3&fields=id,name,average_heartrate,nonsense").await;
    assert_eq!(rows(&three).len(), 3);
    for (row, full) in rows(&three).iter().zip(rows(&all)) {
        assert_eq!(row["id"], full["id"]);
        let keys: BTreeSet<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(
            keys.is_subset(&BTreeSet::from(["id", "name", "average_heartrate"])),
            "{keys:?}"
        );
        assert!(row.as_object().unwrap().values().all(|value| !value.is_null()));
    }
    let repeated = bench
        .get("/athlete/0/activities?oldest=2026-11-01&fields=id&fields=name&limit=1")
        .await;
    assert!(repeated[0].get("id").is_some() && repeated[0].get("type").is_none());
    let morning = bench
        .get("/athlete/0/activities?oldest=2026-09-01T00:00:00&newest=2026-09-01T23:59:59")
        .await;
    assert!(rows(&morning).iter().all(|row| {
        row["start_date_local"]
            .as_str()
            .unwrap()
            .starts_with("2026-09-01")
    }));
}

#[tokio::test]
async fn the_same_day_is_the_same_on_any_day() {
    let (spring, autumn) = (Bench::at("2026-03-01T12:00:00Z").await, Bench::new().await);
    let settled = |mut value: Value| {
        // A moment of the account, not of the day.
        value.as_object_mut().map(|object| object.remove("icu_last_seen"));
        value
    };
    for path in [
        "/athlete/0/activities?oldest=2025-06-01&newest=2026-02-20",
        "/athlete/0/wellness?oldest=2025-06-01&newest=2026-02-20",
        "/athlete/0/events?oldest=2025-12-01&newest=2026-02-20",
        "/athlete/0/athlete-summary?start=2025-12-01&end=2026-02-08",
    ] {
        let (early, late) = (settled(spring.get(path).await), settled(autumn.get(path).await));
        assert_eq!(early, late, "{path}");
        assert!(!rows(&early).is_empty());
    }
}

#[tokio::test]
async fn fitness_on_the_wire_follows_the_recursion_into_the_future() {
    let bench = Bench::new().await;
    let value = bench
        .get("/athlete/0/wellness?oldest=2026-06-01&newest=2026-12-20")
        .await;
    let rows = rows(&value);
    assert_eq!(rows.len(), 203);
    for (n, pair) in rows.windows(2).enumerate() {
        let load = number(&pair[1]["ctlLoad"]);
        for (key, days) in [("ctl", 42.0_f64), ("atl", 7.0)] {
            let (before, after) = (number(&pair[0][key]), number(&pair[1][key]));
            let expected = before + (load - before) * (1.0 - (-1.0 / days).exp());
            assert!((after - expected).abs() < 1e-4, "{key} of {}", pair[1]["id"]);
        }
        if n >= 7 {
            let ramp = number(&rows[n]["ctl"]) - number(&rows[n - 7]["ctl"]);
            assert!((number(&rows[n]["rampRate"]) - ramp).abs() < 1e-5);
        }
    }
    let today = rows.iter().position(|row| row["id"] == "2026-11-21").unwrap();
    let ahead = &rows[today + 1..];
    assert!(
        ahead.iter().any(|row| number(&row["ctlLoad"]) > 30.0),
        "no planned load"
    );
    assert!(
        ahead
            .iter()
            .all(|row| row["weight"].is_null() && row["restingHR"].is_null())
    );
    let last = bench
        .get("/athlete/0/activities?oldest=2026-11-01&newest=2026-11-20&limit=1")
        .await;
    let day = last[0]["start_date_local"].as_str().unwrap()[..10].to_owned();
    let row = rows.iter().find(|row| row["id"] == day.as_str()).unwrap();
    if let Some(ctl) = last[0]["icu_ctl"].as_f64() {
        assert!((ctl - number(&row["ctl"])).abs() < 1e-5);
    }
}

#[tokio::test]
async fn numbers_of_an_activity_agree() {
    let bench = Bench::new().await;
    let value = bench.get("/athlete/0/activities?oldest=2026-01-01").await;
    let mut seen = 0;
    for row in rows(&value)
        .iter()
        .filter(|row| row["icu_weighted_avg_watts"].is_number())
    {
        let (np, ftp) = (number(&row["icu_weighted_avg_watts"]), number(&row["icu_ftp"]));
        let secs = number(&row["moving_time"]);
        assert!((number(&row["icu_training_load"]) - secs * (np / ftp).powi(2) / 36.0).abs() <= 0.51);
        assert!((number(&row["icu_intensity"]) - 100.0 * np / ftp).abs() < 1e-3);
        assert!(number(&row["icu_average_watts"]) <= np && number(&row["elapsed_time"]) >= secs);
        assert!(
            row["average_heartrate"].is_null() || (90.0..186.0).contains(&number(&row["average_heartrate"]))
        );
        assert!((4.0..11.5).contains(&number(&row["average_speed"])), "{row}");
        seen += 1;
    }
    assert!(seen > 120, "{seen}");
    let value = bench
        .get_as("jack", "/athlete/0/activities?oldest=2026-01-01")
        .await;
    let runs: Vec<&Value> = rows(&value).iter().filter(|row| row["type"] == "Run").collect();
    assert!(runs.len() > 130, "{}", runs.len());
    for run in runs {
        let factor = number(&run["pace"]) / number(&run["threshold_pace"]);
        assert!(
            (number(&run["icu_training_load"]) - number(&run["moving_time"]) * factor * factor / 36.0).abs()
                <= 0.6
        );
        assert!(
            run["icu_average_watts"].is_null() && (78.0..92.0).contains(&number(&run["average_cadence"]))
        );
        assert!((2.2..4.4).contains(&number(&run["average_speed"])), "{run}");
    }
}

#[tokio::test]
async fn two_years_hold_every_sort_of_thing() {
    let bench = Bench::new().await;
    let value = bench.get("/athlete/0/activities?oldest=2024-11-21").await;
    let ana = rows(&value);
    let some = |what: &str, test: &dyn Fn(&Value) -> bool| assert!(ana.iter().any(test), "no {what}");
    some("stub", &|row| {
        row["source"] == "STRAVA"
            && row["id"]
                .as_str()
                .unwrap()
                .bytes()
                .all(|byte| byte.is_ascii_digit())
    });
    some("manual one without data", &|row| {
        row["source"] == "MANUAL" && row["icu_training_load"].is_null() && row["distance"].is_null()
    });
    some("ride indoors", &|row| {
        row["type"] == "VirtualRide" && row["trainer"] == true && row["source"] == "ZWIFT"
    });
    some("ride without heart rate", &|row| {
        row["icu_average_watts"].is_number() && row["average_heartrate"].is_null()
    });
    some("load of zero", &|row| {
        row["commute"] == true && row["icu_training_load"] == 0
    });
    some("race", &|row| row["race"] == true && row["sub_type"] == "RACE");
    some("coffee", &|row| row["name"] == "Kaffeefahrt ☕");
    some("missing RPE", &|row| {
        row["icu_rpe"].is_null() && row["icu_average_watts"].is_number()
    });
    let stub = ana.iter().find(|row| row["source"] == "STRAVA").unwrap();
    let keys: Vec<&str> = stub.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        BTreeSet::from_iter(keys),
        BTreeSet::from(["id", "icu_athlete_id", "start_date_local", "source", "_note"])
    );
    let value = bench
        .get_as("jack", "/athlete/0/activities?oldest=2024-11-21")
        .await;
    let jack = rows(&value);
    assert!(
        jack.iter()
            .any(|row| row["type"] == "WeightTraining" && row["average_heartrate"].is_null())
    );
    let marathon = jack
        .iter()
        .find(|row| row["name"] == "Canberra Marathon")
        .unwrap();
    assert!(
        (42_195.0..42_600.0).contains(&number(&marathon["distance"])) && marathon["race"] == true,
        "{marathon}"
    );
    assert!(
        (10_800.0..14_400.0).contains(&number(&marathon["moving_time"])),
        "{marathon}"
    );
    assert!(
        jack.iter()
            .any(|row| row["name"].as_str().is_some_and(|name| name.contains('\'')))
    );
}

#[tokio::test]
async fn one_activity_and_searches() {
    let bench = Bench::new().await;
    let value = bench.get("/athlete/0/activities?oldest=2025-01-01").await;
    let (first, stub) = (
        &value[0],
        rows(&value).iter().find(|row| row["source"] == "STRAVA").unwrap(),
    );
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
    assert_eq!(bench.get(&format!("/activity/{}", id(first))).await, *first);
    assert_eq!(bench.get(&format!("/activity/{}", id(stub))).await, *stub);
    assert_eq!(
        bench.ask(Method::GET, "/activity/i1").await,
        (404, json!({"status": 404, "error": "Not found"}))
    );
    let foreign = bench.status_as("jack", &format!("/activity/{}", id(first))).await;
    assert_eq!(foreign, 403);
    let found = bench.get("/athlete/0/activities/search?q=fELDberg&limit=2").await;
    assert_eq!(rows(&found).len(), 2);
    assert!(
        rows(&found)
            .iter()
            .all(|row| row["name"] == "Grüße vom Feldberg" && row.as_object().unwrap().len() == 9)
    );
    let races = bench.get("/athlete/0/activities/search?q=%23race").await;
    assert!(rows(&races).len() >= 3 && rows(&races).iter().all(|row| row["race"] == true));
    assert_eq!(
        bench.get("/athlete/0/activities/search?q=%23rac").await,
        json!([])
    );
}

#[tokio::test]
async fn today_is_the_persons_and_fills_as_it_passes() {
    // Still the 20th in Berlin, half past midnight of the 21st in Melbourne.
    let bench = Bench::at("2026-11-20T13:30:00Z").await;
    let jack = async |path: &str| bench.get_as("jack", path).await;
    assert!(
        rows(&jack("/athlete/0/wellness?oldest=2026-11-21&newest=2026-11-21").await)[0]["steps"].is_number()
    );
    assert_eq!(
        jack("/athlete/0/activities?oldest=2026-11-21").await,
        json!([]),
        "it is half past midnight there"
    );
    bench.advance(Duration::hours(10));
    assert_eq!(
        rows(&jack("/athlete/0/activities?oldest=2026-11-21").await).len(),
        1
    );
    let events = jack("/athlete/0/events?oldest=2026-11-16&newest=2026-11-20").await;
    assert!(rows(&events).iter().any(|event| {
        event["paired_activity_id"]
            .as_str()
            .is_some_and(|id| id.starts_with('i'))
    }));
}

#[tokio::test]
async fn the_calendar_reaches_three_weeks_ahead() {
    let bench = Bench::new().await;
    let value = bench
        .get("/athlete/0/events?oldest=2026-11-22&newest=2027-03-01")
        .await;
    let days: Vec<&str> = rows(&value)
        .iter()
        .map(|event| &event["start_date_local"].as_str().unwrap()[..10])
        .collect();
    assert!(
        days.is_sorted() && *days.last().unwrap() <= "2026-12-12" && *days.last().unwrap() >= "2026-12-08"
    );
    assert!(
        rows(&value)
            .iter()
            .all(|event| event["icu_ctl"].is_null() && event["paired_activity_id"].is_null())
    );
    let workouts = bench
        .get("/athlete/0/events?oldest=2026-11-22&newest=2026-12-12&category=WORKOUT&limit=4&resolve=true")
        .await;
    assert_eq!(rows(&workouts).len(), 4);
    for event in rows(&workouts) {
        assert_eq!(event["category"], "WORKOUT");
        assert_eq!(event["workout_doc"]["duration"], event["moving_time"]);
        let step = &event["workout_doc"]["steps"][0];
        assert!(step["_power"]["value"].is_number(), "{step}");
    }
    let default = bench.get("/athlete/0/events").await;
    assert!(
        rows(&default)
            .iter()
            .all(|event| ("2026-11-21".."2026-11-28").contains(&event["start_date_local"].as_str().unwrap()))
    );
    let target = bench
        .get("/athlete/0/events?oldest=2026-11-16&newest=2026-11-16&category=TARGET")
        .await;
    assert!(number(&target[0]["load_target"]) > 100.0);
}

#[tokio::test]
async fn the_summary_adds_up() {
    let bench = Bench::new().await;
    let summary = bench
        .get("/athlete/0/athlete-summary?start=2026-11-02&end=2026-11-15")
        .await;
    let dates: Vec<&str> = rows(&summary)
        .iter()
        .map(|row| row["date"].as_str().unwrap())
        .collect();
    assert_eq!(dates, ["2026-11-09", "2026-11-02"]);
    let wellness = bench
        .get("/athlete/0/wellness?oldest=2026-11-09&newest=2026-11-15")
        .await;
    let load: f64 = rows(&wellness).iter().map(|row| number(&row["ctlLoad"])).sum();
    assert!((number(&summary[0]["training_load"]) - load).abs() < 1e-6);
    assert_eq!(summary[0]["fitness"], wellness[6]["ctl"]);
    let categories = rows(&summary[0]["byCategory"]);
    let counted: f64 = categories.iter().map(|one| number(&one["count"])).sum();
    assert!((counted - number(&summary[0]["count"])).abs() < f64::EPSILON);
}

#[tokio::test]
async fn errors_read_as_upstreams() {
    let bench = Bench::new().await;
    let error = async |method, path: &str| {
        let (status, body) = bench.ask(method, path).await;
        (
            status,
            body["error"].as_str().unwrap_or_default().to_owned(),
            body,
        )
    };
    let (status, text, _) = error(Method::GET, "/athlete/0/activities").await;
    assert_eq!(status, 422);
    assert_eq!(
        text,
        "Required request parameter 'oldest' for method parameter type String is not present"
    );
    assert_eq!(error(Method::GET, "/athlete/0/activities/search").await.0, 422);
    for path in [
        "/athlete/0/activities?oldest=yesterday",
        "/athlete/0/activities?oldest=2026-11-01&limit=many",
        "/athlete/0/activities?oldest=-262143-01-01T00:00:00",
        "/athlete/0/wellness/2026-13-01",
        "/athlete/0/events/abc",
    ] {
        let (status, text, _) = error(Method::GET, path).await;
        assert_eq!(status, 500, "{path}");
        assert!(
            text.starts_with(
                "org.springframework.web.method.annotation.MethodArgumentTypeMismatchException: "
            )
        );
    }
    let (status, text, body) = error(Method::GET, "/nope/at/all").await;
    assert_eq!(
        (status, text.as_str(), &body["path"]),
        (404, "Not Found", &json!("/api/v1/nope/at/all"))
    );
    assert!(
        body["timestamp"]
            .as_str()
            .unwrap()
            .starts_with("2026-11-21T12:00:00")
    );
    let (status, text, _) = error(Method::POST, "/athlete/0/wellness").await;
    assert_eq!((status, text.as_str()), (405, "Method Not Allowed"));
    assert_eq!(
        error(Method::GET, "/athlete/0/events?category=workout").await.0,
        422
    );
}

#[tokio::test]
async fn long_ranges_are_answered_quickly() {
    let bench = Bench::new().await;
    bench.get("/athlete/0").await;
    let begun = std::time::Instant::now();
    let ten_years = bench
        .get("/athlete/0/activities?oldest=2016-01-01&fields=id,name")
        .await;
    assert!(rows(&ten_years).len() > 600);
    bench
        .get("/athlete/0/wellness?oldest=2016-01-01&newest=2030-01-01")
        .await;
    bench
        .get("/athlete/0/events?oldest=2016-01-01&newest=2030-01-01")
        .await;
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    eprintln!("ten years of three lists: {:?}", begun.elapsed());
}

#[tokio::test]
async fn todays_row_can_hold_what_is_still_planned() {
    let bench = Bench::at("2026-11-24T05:00:00Z").await;
    let mut differ = 0;
    let begin: DateTime<Utc> = "2026-11-24T05:00:00Z".parse().unwrap();
    let known = || PEOPLE.iter().filter(|person| person.is_known());
    for (at, person) in (0..7).flat_map(|at| known().map(move |person| (at, person))) {
        let now = begin + Duration::hours(7 * at);
        *bench.clock.lock().unwrap() = now;
        let today = person.local(now).date();
        let path = |what: &str| format!("/athlete/0/{what}?oldest={today}&newest={today}");
        let load = async || number(&bench.get_as(person.slug, &path("wellness")).await[0]["ctlLoad"]);
        let events = bench.get_as(person.slug, &path("events")).await;
        let open = rows(&events)
            .iter()
            .filter(|event| event["category"] == "WORKOUT" && event["paired_activity_id"].is_null());
        let planned: f64 = open.map(|event| number(&event["icu_training_load"])).sum();
        let without = load().await;
        bench.sim.count_todays_plan(true);
        let with = load().await;
        bench.sim.count_todays_plan(false);
        assert!((with - without - planned).abs() < 1e-6, "{}: {with}", person.name);
        differ += u8::from(planned > 0.0);
    }
    assert!(differ > 2, "{differ}");
    *bench.clock.lock().unwrap() = begin;
    let set = async |body: Value| bench.control("/model", body).await;
    let ana = "/athlete/0/wellness?oldest=2026-11-24&newest=2026-11-24";
    let before = bench.get(ana).await;
    assert_eq!(set(json!({"today_holds_plan": true})).await, 200);
    assert_ne!(bench.get(ana).await, before);
    assert_eq!(set(json!({"today_holds_plan": false})).await, 200);
    assert_eq!(bench.get(ana).await, before);
    assert_eq!(set(json!({"today": true})).await, 422);
}
