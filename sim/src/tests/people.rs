//! The people with something odd about them: what each must show, so that a reader of upstream meets all of it.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use reqwest::Method;
use serde_json::{Value, json};

use super::*;
use crate::{
    Person, schema,
    season::{Twist, plan},
    training::event_id,
};

const TWO_YEARS: &str = "/athlete/0/activities?oldest=2024-11-21";

fn start(row: &Value) -> chrono::NaiveDateTime {
    text(row, "start_date_local").parse().unwrap()
}

#[tokio::test]
async fn the_triathlete_measures_in_miles_and_has_a_threshold_a_sport() {
    let bench = Bench::new().await;
    let athlete = bench.get_as("tria", "/athlete/0").await;
    assert_eq!(text(&athlete, "lastname"), "O’Shea-Łuczak");
    assert_eq!(
        [
            &athlete["measurement_preference"],
            &athlete["weight_pref_lb"],
            &athlete["fahrenheit"]
        ],
        [&json!("feet"), &json!(true), &json!(true)]
    );
    let groups = rows(&athlete["sportSettings"]);
    let of = |key: &str| groups.iter().map(|group| group[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("ftp"), [json!(213), json!(null), json!(null), json!(null)]);
    assert_eq!(
        of("threshold_pace"),
        [json!(null), json!(3.355_705), json!(1.052_632), json!(null)]
    );
    assert_eq!(
        of("pace_units"),
        [json!(null), json!("MINS_MILE"), json!("SECS_100Y"), json!(null)]
    );
    assert_eq!(
        of("other"),
        [json!(false), json!(false), json!(false), json!(true)]
    );
    let swim = bench
        .get_as("tria", "/athlete/0/sport-settings/OpenWaterSwim")
        .await;
    assert_eq!((&swim["lthr"], &swim["hr_zones"][6]), (&json!(152), &json!(169)));
}

#[tokio::test]
async fn swims_are_whole_lengths_and_loaded_by_the_third_power() {
    let bench = Bench::new().await;
    let value = bench.get_as("tria", TWO_YEARS).await;
    let (mut pools, mut open) = (BTreeSet::new(), 0);
    for row in rows(&value)
        .iter()
        .filter(|row| text(row, "type").ends_with("Swim"))
    {
        if row["pool_length"].is_null() {
            assert!(
                row["lengths"].is_null() && text(row, "type") == "OpenWaterSwim",
                "{row}"
            );
            open += 1;
        } else {
            let (length, count) = (number(&row["pool_length"]), number(&row["lengths"]));
            assert!((number(&row["distance"]) - length * count).abs() < 0.01, "{row}");
            pools.insert(row["pool_length"].to_string());
        }
        if row["pace_load"].is_number() {
            let factor = number(&row["pace"]) / number(&row["threshold_pace"]);
            let load = number(&row["moving_time"]) * factor.powi(3) / 36.0;
            assert!((number(&row["icu_training_load"]) - load).abs() <= 0.6, "{row}");
            assert!((0.6..1.3).contains(&number(&row["average_speed"])), "{row}");
        }
    }
    assert_eq!(pools, BTreeSet::from(["22.86".to_owned(), "50.0".to_owned()]));
    assert!(open > 10, "{open}");
}

#[tokio::test]
async fn the_triathletes_recordings_hold_every_oddity() {
    let bench = Bench::new().await;
    let value = bench.get_as("tria", TWO_YEARS).await;
    let all = rows(&value);
    for row in all {
        let missing = schema::ACTIVITY
            .split_ascii_whitespace()
            .find(|name| row.get(name).is_none());
        assert_eq!(missing, None);
    }
    let some = |what: &str, test: &dyn Fn(&Value) -> bool| assert!(all.iter().any(test), "no {what}");
    some("walk of load 0", &|row| {
        row["type"] == "Walk" && row["icu_training_load"] == 0
    });
    some("strength without load", &|row| {
        row["type"] == "WeightTraining" && row["icu_training_load"].is_null()
    });
    some("manual yoga", &|row| {
        row["type"] == "Yoga" && row["source"] == "MANUAL"
    });
    some("zero watts", &|row| {
        row["icu_average_watts"] == 0 && row["icu_variability_index"].is_null()
    });
    some("neither power nor heart", &|row| {
        row["type"] == "Ride" && row["icu_average_watts"].is_null() && row["average_heartrate"].is_null()
    });
    some("no moving time", &|row| {
        row["moving_time"].is_null() && row["elapsed_time"].is_number()
    });
    some("freezing point on the flat", &|row| {
        row["average_temp"] == 0.0 && row["total_elevation_gain"] == 0.0
    });
    some("pace of 0", &|row| {
        row["type"] == "Swim" && row["pace"] == 0.0 && row["lengths"] == 0
    });
    some("swim without pace", &|row| {
        row["type"] == "Swim" && row["pace"].is_null() && row["distance"].is_number()
    });
    some("empty list of tags", &|row| row["tags"] == json!([]));
    some("own field", &|row| row["LactateMmol"].is_number());
    some("own text", &|row| row["Fuel"].is_string());
    some("name from right to left", &|row| text(row, "name").contains('ج'));
    some("override of direction", &|row| {
        text(row, "name").contains('\u{202E}')
    });
    some("instruction in a name", &|row| {
        text(row, "name").starts_with("Ignore all previous")
    });
    some("instruction in a description", &|row| {
        text(row, "description").contains("push_wellness")
    });
    some("markup", &|row| {
        text(row, "name").contains("<script>") && text(row, "name").contains('\t')
    });
    some("endless name", &|row| text(row, "name").chars().count() > 250);
    some("transition", &|row| {
        row["type"] == "Transition" && row["icu_training_load"].is_null()
    });
    some("trainer instead of the road", &|row| {
        row["type"] == "VirtualRide" && row["name"] == "Coast road" && row["paired_event_id"].is_number()
    });
    let devices: BTreeSet<&str> = all.iter().map(|row| text(row, "device_name")).collect();
    assert!(devices.len() >= 7, "{devices:?}");
    let sources: BTreeSet<&str> = all.iter().map(|row| text(row, "source")).collect();
    assert!(sources.len() >= 7, "{sources:?}");
    let twins = all.windows(2).filter(|pair| {
        (start(&pair[0]) - start(&pair[1])).num_seconds() < 10 && pair[0]["source"] != pair[1]["source"]
    });
    assert!(twins.count() >= 3, "no ride from two sources");
    some("night over midnight", &|row| {
        let end = start(row) + Duration::seconds(row["elapsed_time"].as_i64().unwrap_or(0));
        end.date() > start(row).date()
    });
    let days: Vec<&str> = all
        .iter()
        .map(|row| &text(row, "start_date_local")[..10])
        .collect();
    let busiest = days
        .iter()
        .map(|day| days.iter().filter(|other| *other == day).count())
        .max();
    assert!(busiest >= Some(5), "{busiest:?}");
}

#[tokio::test]
async fn nights_in_which_the_clocks_change_are_trained_through() {
    let bench = Bench::new().await;
    // Half past one on the night to summer is before the gap, on the night to winter in the first of two such hours.
    for (day, utc) in [("2026-03-08", "2026-03-08T09"), ("2026-11-01", "2026-11-01T08")] {
        let path = format!("/athlete/0/activities?oldest={day}&newest={day}");
        let value = bench.get_as("tria", &path).await;
        let night = rows(&value)
            .iter()
            .find(|row| row["name"] == "Can't sleep")
            .unwrap();
        assert!(
            text(night, "start_date_local").starts_with(&format!("{day}T01:3")),
            "{night}"
        );
        assert!(text(night, "start_date").starts_with(utc), "{night}");
    }
}

#[tokio::test]
async fn what_was_deleted_is_gone_and_leaves_its_plan_unpaired() {
    let bench = Bench::new().await;
    let tria = Person::of_slug("tria").unwrap();
    let first: NaiveDate = "2024-11-21".parse().unwrap();
    let mut seen = 0;
    for day in first.iter_days().take(700) {
        for session in plan(tria, day).iter().filter(|one| one.twist == Twist::Deleted) {
            let event = event_id(tria, day, session.slot);
            let activity = format!("/activity/i{}", event + 58_000_000);
            assert_eq!(bench.status_as("tria", &activity).await, 404);
            if session.planned {
                let event = bench.get_as("tria", &format!("/athlete/0/events/{event}")).await;
                assert!(event["paired_activity_id"].is_null() && event["name"] == session.name);
                seen += 1;
            }
        }
    }
    assert!(seen > 3, "{seen}");
}

#[tokio::test]
async fn the_triathletes_calendar_holds_one_of_everything() {
    let bench = Bench::new().await;
    let value = bench
        .get_as("tria", "/athlete/0/events?oldest=2024-11-21&newest=2026-12-12")
        .await;
    let all = rows(&value);
    let categories: BTreeSet<&str> = all.iter().map(|row| text(row, "category")).collect();
    assert_eq!(
        categories,
        BTreeSet::from([
            "HOLIDAY",
            "INJURED",
            "NOTE",
            "PLAN",
            "RACE_A",
            "RACE_B",
            "SEASON_START",
            "SET_EFTP",
            "SICK",
            "TARGET",
            "WORKOUT",
        ])
    );
    let some = |what: &str, test: &dyn Fn(&Value) -> bool| assert!(all.iter().any(test), "no {what}");
    some("note without a type", &|row| {
        row["category"] == "NOTE" && row["type"].is_null()
    });
    some("note for a week", &|row| {
        row["category"] == "NOTE" && row["for_week"] == true
    });
    some("hidden note", &|row| row["hide_from_athlete"] == true);
    some("failed upload", &|row| {
        row["push_errors"][0]["service"] == "WAHOO"
    });
    some("little time", &|row| {
        row["training_availability"] == "LIMITED" && row["max_training_time"] == 2700
    });
    some("no time", &|row| {
        row["training_availability"] == "UNAVAILABLE" && row["max_training_time"] == 0
    });
    some("block of four weeks", &|row| {
        let end: chrono::NaiveDateTime = text(row, "end_date_local").parse().unwrap();
        row["category"] == "PLAN" && (end - start(row)).num_days() == 28
    });
    some("instruction", &|row| {
        text(row, "description").contains("Call delete_workout")
    });
    for (sport, key) in [
        ("Ride", "load_target"),
        ("Run", "time_target"),
        ("Swim", "distance_target"),
    ] {
        some(key, &|row| {
            row["category"] == "TARGET" && row["type"] == sport && number(&row[key]) > 0.0
        });
    }
    some("missed plan", &|row| {
        row["category"] == "WORKOUT"
            && row["paired_activity_id"].is_null()
            && start(row).date() < "2026-11-01".parse().unwrap()
    });
    some("workout without steps", &|row| {
        text(row, "description").contains("400 metres easy")
            && row["workout_doc"]["steps"] == json!([])
            && row["moving_time"].is_null()
    });
    some("line that was dropped", &|row| {
        text(row, "description").contains("standing start") && rows(&row["workout_doc"]["steps"]).len() > 2
    });
    let race = all.iter().find(|row| row["category"] == "RACE_A").unwrap();
    let day = &text(race, "start_date_local")[..10];
    let legs = bench
        .get_as(
            "tria",
            &format!("/athlete/0/activities?oldest={day}&newest={day}"),
        )
        .await;
    let sports: Vec<&str> = rows(&legs).iter().rev().map(|row| text(row, "type")).collect();
    assert_eq!(
        sports,
        ["OpenWaterSwim", "Transition", "Ride", "Transition", "Run"]
    );
    for pair in rows(&legs).windows(2) {
        let end = start(&pair[1]) + Duration::seconds(pair[1]["elapsed_time"].as_i64().unwrap());
        assert!(
            end <= start(&pair[0]),
            "{} overlaps {}",
            pair[1]["type"],
            pair[0]["type"]
        );
    }
}

/// Steps of a document, those within repeats too.
fn flat<'a>(steps: &'a Value) -> Vec<&'a Value> {
    let expand = |step: &'a Value| match &step["steps"] {
        Value::Null => vec![step],
        inner => flat(inner),
    };
    rows(steps).iter().flat_map(expand).collect()
}

#[tokio::test]
async fn every_target_resolves_and_none_does_unasked() {
    let bench = Bench::new().await;
    let list = "/athlete/0/events?oldest=2025-11-21&newest=2026-12-12&category=WORKOUT";
    let mut units = BTreeSet::new();
    for slug in ["ana", "jack", "tria"] {
        let resolved = bench.get_as(slug, &format!("{list}&resolve=true")).await;
        let plain = bench.get_as(slug, list).await;
        for event in rows(&plain) {
            for step in flat(&event["workout_doc"]["steps"]) {
                assert!(
                    step.as_object().unwrap().keys().all(|key| !key.starts_with('_')),
                    "{step}"
                );
            }
        }
        for event in rows(&resolved) {
            let steps = flat(&event["workout_doc"]["steps"]);
            let secs: u64 = steps.iter().map(|step| step["duration"].as_u64().unwrap()).sum();
            assert!(steps.is_empty() || secs > 0);
            for step in steps {
                for key in ["power", "hr", "pace"]
                    .into_iter()
                    .filter(|key| !step[key].is_null())
                {
                    let band = &step[format!("_{key}")];
                    let unit = text(&step[key], "units").to_owned();
                    assert!(band.is_object(), "{step}");
                    assert_eq!(band["value"].is_null(), unit.ends_with("_zone"), "{step}");
                    units.insert(unit);
                }
                let timed = step["distance"].is_null() && !step["pace"].is_null();
                assert_eq!(step["_distance"].is_number(), timed, "{step}");
            }
        }
    }
    assert_eq!(
        units.iter().map(String::as_str).collect::<Vec<_>>(),
        [
            "%ftp",
            "%hr",
            "%lthr",
            "%pace",
            "hr_zone",
            "pace_zone",
            "power_zone",
            "secs/100m",
            "secs/100y",
            "secs/km",
            "secs/mi",
            "w",
        ]
    );
}

#[tokio::test]
async fn the_triathletes_mornings_have_zeros_and_fields_of_her_own() {
    let bench = Bench::new().await;
    let value = bench
        .get_as("tria", "/athlete/0/wellness?oldest=2024-11-21&newest=2026-11-21")
        .await;
    let some =
        |what: &str, test: &dyn Fn(&Value) -> bool| assert!(rows(&value).iter().any(test), "no {what}");
    some("night without sleep", &|row| row["sleepSecs"] == 0);
    some("caffeine of 0", &|row| row["CaffeineMg"] == 0);
    some("text of her own", &|row| row["SleptWhere"] == "plane ✈️");
    some("carried over resting heart rate", &|row| {
        row["restingHR"].is_number() && row["tempRestingHR"] == true
    });
    some("comment from right to left", &|row| {
        text(row, "comments").contains('ا')
    });
    some("instruction", &|row| text(row, "comments").contains("[system]"));
    assert!(
        rows(&value)
            .iter()
            .all(|row| row["hrv"].is_null() && rows(&row["sportInfo"]).len() == 3)
    );
    let path = "/athlete/0/wellness/2026-11-20";
    let put = async |body: Value| {
        let request = bench.as_person("tria", Method::PUT, path).json(&body);
        reply(request.send().await.unwrap()).await.0
    };
    assert_eq!(put(json!({"SleptWhere": "tent", "CaffeineMg": 0})).await, 200);
    assert_eq!(put(json!({"SleptWhere": 3})).await, 400);
    assert_eq!(put(json!({"SaunaMinutes": 3})).await, 422);
}

#[tokio::test]
async fn strava_closes_everything_but_the_load() {
    let bench = Bench::new().await;
    let bishnu = Person::of_slug("bishnu").unwrap();
    assert!(bishnu.athlete_id.bytes().all(|byte| byte.is_ascii_digit()));
    let path = format!("/athlete/{}/activities?oldest=2024-11-21", bishnu.athlete_id);
    let value = bench.get_as("bishnu", &path).await;
    assert!(rows(&value).len() > 300, "{}", rows(&value).len());
    for row in rows(&value) {
        assert_eq!(row.as_object().unwrap().len(), 5);
        assert_eq!(
            (&row["source"], &row["icu_athlete_id"]),
            (&json!("STRAVA"), &json!(bishnu.athlete_id))
        );
        assert!(text(row, "id").bytes().all(|byte| byte.is_ascii_digit()));
    }
    let reduced = bench
        .get_as(
            "bishnu",
            &format!("{path}&fields=id,name,icu_training_load&limit=3"),
        )
        .await;
    assert!(
        rows(&reduced)
            .iter()
            .all(|row| row.as_object().unwrap().len() == 1),
        "{reduced}"
    );
    assert_eq!(
        bench
            .get_as("bishnu", "/athlete/0/activities/search?q=ride")
            .await,
        json!([])
    );
    let wellness = bench
        .get_as(
            "bishnu",
            "/athlete/0/wellness?oldest=2026-11-04&newest=2026-11-20",
        )
        .await;
    for row in rows(&wellness) {
        assert!(number(&row["ctl"]) > 20.0);
        for name in ["weight", "restingHR", "hrv", "sleepSecs", "sportInfo", "comments"] {
            assert!(row[name].is_null(), "{name}");
        }
    }
    let athlete = bench.get_as("bishnu", "/athlete/0").await;
    assert_eq!(
        (&athlete["sportSettings"], &athlete["id"]),
        (&Value::Null, &json!(bishnu.athlete_id))
    );
    let events = bench
        .get_as("bishnu", "/athlete/0/events?oldest=2026-11-01&newest=2026-11-20")
        .await;
    assert!(
        rows(&events).len() >= 2
            && rows(&events)
                .iter()
                .all(|event| event["paired_activity_id"].is_null())
    );
}

#[tokio::test]
async fn the_newcomer_has_given_no_data() {
    let bench = Bench::new().await;
    let athlete = bench.get_as("nell", "/athlete/0").await;
    for name in [
        "sex",
        "icu_date_of_birth",
        "height",
        "icu_weight",
        "icu_resting_hr",
        "city",
    ] {
        assert!(athlete[name].is_null(), "{name}");
    }
    assert_eq!(
        (&athlete["status"], &athlete["timezone"]),
        (&json!("ACTIVE"), &json!("America/St_Johns"))
    );
    for group in rows(&athlete["sportSettings"]) {
        for name in [
            "ftp",
            "lthr",
            "max_hr",
            "threshold_pace",
            "power_zones",
            "hr_zones",
            "pace_zones",
            "hr_zone_names",
            "mmp_model",
        ] {
            assert!(group[name].is_null(), "{name}");
        }
        assert!(!rows(&group["types"]).is_empty());
    }
    let value = bench.get_as("nell", TWO_YEARS).await;
    assert_eq!(rows(&value).len(), 2);
    for row in rows(&value) {
        for name in [
            "icu_training_load",
            "icu_ctl",
            "average_heartrate",
            "icu_average_watts",
            "icu_weight",
            "device_name",
        ] {
            assert!(row[name].is_null(), "{name}");
        }
    }
    let wellness = bench
        .get_as("nell", "/athlete/0/wellness?oldest=2026-11-14&newest=2026-11-21")
        .await;
    for row in rows(&wellness) {
        let shown: BTreeSet<&str> = row
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(
            shown,
            BTreeSet::from(["id", "updated", "locked", "tempWeight", "tempRestingHR"])
        );
    }
    assert_eq!(
        bench
            .get_as("nell", "/athlete/0/events?oldest=2026-01-01&newest=2026-12-31")
            .await,
        json!([])
    );
    let summary = bench
        .get_as(
            "nell",
            "/athlete/0/athlete-summary?start=2026-11-16&end=2026-11-20",
        )
        .await;
    assert!(
        summary[0]["weight"].is_null() && summary[0]["count"] == 1,
        "{summary}"
    );
}

#[tokio::test]
async fn ten_thousand_activities_are_listed_limited_and_paged() {
    let bench = Bench::new().await;
    let fitness = "/athlete/0/wellness?oldest=2024-01-01&newest=2026-11-21";
    let before = (
        bench.get_as("jack", fitness).await,
        bench.get_as("jack", TWO_YEARS).await,
    );
    assert!(bench.sim.crowd("jack", 10_000) && !bench.sim.crowd("nobody", 1));
    let begun = std::time::Instant::now();
    let fields = "fields=id,name,start_date_local,distance";
    let all = bench
        .get_as(
            "jack",
            &format!("/athlete/0/activities?oldest=2010-01-01&newest=2023-12-31&{fields}"),
        )
        .await;
    assert_eq!(rows(&all).len(), 10_000);
    assert!(
        rows(&all)
            .windows(2)
            .all(|pair| start(&pair[0]) >= start(&pair[1]))
    );
    assert!(rows(&all).iter().all(|row| row.as_object().unwrap().len() == 4));
    let newest = bench
        .get_as(
            "jack",
            "/athlete/0/activities?oldest=2010-01-01&newest=2020-06-30&limit=7",
        )
        .await;
    let expected: Vec<&Value> = rows(&all)
        .iter()
        .filter(|row| text(row, "start_date_local") < "2020-07-01")
        .take(7)
        .map(|row| &row["id"])
        .collect();
    assert_eq!(
        rows(&newest).iter().map(|row| &row["id"]).collect::<Vec<_>>(),
        expected
    );
    let one = bench
        .get_as("jack", &format!("/activity/{}", text(&newest[6], "id")))
        .await;
    assert_eq!(one, newest[6]);
    let found = bench
        .get_as("jack", "/athlete/0/activities/search?q=jog&limit=20")
        .await;
    assert_eq!(rows(&found).len(), 20);
    // Page by page, as upstream has it: the end moves to before the last one seen.
    let (mut seen, mut end) = (BTreeSet::new(), "2023-12-31T23:59:59".to_owned());
    loop {
        let page = bench
            .get_as(
                "jack",
                &format!("/athlete/0/activities?oldest=2010-01-01&newest={end}&limit=2000&{fields}"),
            )
            .await;
        let Some(last) = rows(&page).last() else { break };
        end = (start(last) - Duration::seconds(1))
            .format("%Y-%m-%dT%H:%M:%S")
            .to_string();
        seen.extend(rows(&page).iter().map(|row| text(row, "id").to_owned()));
    }
    assert_eq!(seen.len(), 10_000);
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(
        before,
        (
            bench.get_as("jack", fitness).await,
            bench.get_as("jack", TWO_YEARS).await
        )
    );

    let knob = async |body: Value| bench.control("/crowd", body).await;
    let old = "/athlete/0/activities?oldest=2010-01-01&newest=2023-12-31&fields=id";
    assert_eq!(knob(json!({"person": "jack", "activities": 3})).await, 200);
    assert_eq!(rows(&bench.get_as("jack", old).await).len(), 3);
    assert_eq!(knob(json!({"person": "jack", "activities": 0})).await, 200);
    assert_eq!(bench.get_as("jack", old).await, json!([]));
    assert_eq!(knob(json!({"person": "nobody", "activities": 3})).await, 422);
    assert_eq!(knob(json!({"person": "jack", "activities": 100_001})).await, 422);
}

#[tokio::test]
async fn everybodys_past_stays_as_it_was() {
    let (spring, autumn) = (Bench::at("2026-03-01T12:00:00Z").await, Bench::new().await);
    for slug in ["tria", "bishnu", "nell"] {
        for path in [
            "/athlete/0/activities?oldest=2025-06-01&newest=2026-02-20",
            "/athlete/0/wellness?oldest=2025-06-01&newest=2026-02-20",
            "/athlete/0/events?oldest=2025-12-01&newest=2026-02-20",
        ] {
            let (early, late) = (spring.get_as(slug, path).await, autumn.get_as(slug, path).await);
            assert_eq!(early, late, "{slug} {path}");
        }
    }
}

#[tokio::test]
async fn a_paired_entry_shows_what_was_planned_or_what_was_done() {
    let bench = Bench::new().await;
    let knob = async |body: Value| bench.control("/pairing", body).await;
    let list = "/athlete/0/events?oldest=2026-11-01&newest=2026-11-19&category=WORKOUT";
    let off_plan = async || {
        let events = bench.get_as("ana", list).await;
        let paired = rows(&events)
            .iter()
            .filter(|event| event["paired_activity_id"].is_string() && event["workout_doc"]["duration"] != 0);
        paired
            .filter(|event| event["moving_time"] != event["workout_doc"]["duration"])
            .count()
    };
    assert_eq!(off_plan().await, 0);
    assert_eq!(knob(json!("shows_done")).await, 200);
    assert!(off_plan().await > 3);
    assert_eq!(knob(json!("keeps_plan")).await, 200);
    assert_eq!(off_plan().await, 0);
    assert_eq!(knob(json!("loses_it")).await, 422);
}
