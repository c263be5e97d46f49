//! What upstream tells of one activity, and of the best of many: that all of it agrees, and looks as upstream's does.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::*;
use crate::schema;

fn rows(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn index(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// What is recorded of a stream, without holes.
fn data(streams: &Value, name: &str) -> Option<Vec<f64>> {
    let stream = rows(streams).iter().find(|stream| stream["type"] == name)?;
    Some(rows(&stream["data"]).iter().filter_map(Value::as_f64).collect())
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len())
}

/// The best mean of `secs` seconds, as a reader of the stream would find it.
fn best(values: &[f64], secs: usize) -> f64 {
    values.windows(secs).map(mean).fold(0.0, f64::max)
}

#[track_caller]
fn near(found: f64, wanted: f64, tolerance: f64, what: &str) {
    assert!(
        (found - wanted).abs() <= tolerance,
        "{what}: {found}, not {wanted}"
    );
}

impl Bench {
    /// A person's answer to a GET, which must be 200.
    async fn read(&self, person: usize, path: &str) -> Value {
        let request = self.request(Method::GET, &format!("/api/v1{path}"));
        json(request.bearer_auth(PEOPLE[person].token).send().await.unwrap()).await
    }

    /// Recorded activities of a person since `oldest`, newest first.
    async fn recorded(&self, person: usize, oldest: &str) -> Vec<Value> {
        let all = self
            .read(person, &format!("/athlete/0/activities?oldest={oldest}"))
            .await;
        let recorded = |row: &&Value| {
            row["stream_types"]
                .as_array()
                .is_some_and(|types| types.len() > 1)
                && row["moving_time"].is_u64()
        };
        rows(&all).iter().filter(recorded).cloned().collect()
    }
}

#[tokio::test]
async fn streams_add_up_to_what_the_activity_tells_of_itself() {
    let bench = Bench::new().await;
    for person in 0..PEOPLE.len() {
        let activities = bench.recorded(person, "2026-10-20").await;
        assert!(person > 1 || activities.len() > 12, "{}", activities.len());
        for activity in activities {
            let id = activity["id"].as_str().unwrap();
            let what = format!("{id} {}", activity["name"]);
            let streams = bench.read(person, &format!("/activity/{id}/streams.json")).await;
            let names: Vec<&Value> = rows(&streams).iter().map(|stream| &stream["type"]).collect();
            assert_eq!(json!(names), activity["stream_types"], "{what}");
            let time = data(&streams, "time").unwrap();
            for stream in rows(&streams) {
                assert_eq!(
                    rows(&stream["data"]).len(),
                    time.len(),
                    "{what} {}",
                    stream["type"]
                );
            }
            assert!(time.is_sorted_by(|a, b| a < b));
            near(count(time.len()), number(&activity["moving_time"]), 0.0, &what);
            near(
                time.last().unwrap() + 1.0,
                number(&activity["elapsed_time"]),
                0.0,
                &what,
            );
            if let Some(watts) = data(&streams, "watts") {
                near(mean(&watts), number(&activity["icu_average_watts"]), 0.6, &what);
                near(
                    normalized(&watts),
                    number(&activity["icu_weighted_avg_watts"]),
                    3.0,
                    &what,
                );
            }
            if let Some(beats) = data(&streams, "heartrate") {
                near(mean(&beats), number(&activity["average_heartrate"]), 1.0, &what);
                near(
                    beats.iter().copied().fold(0.0, f64::max),
                    number(&activity["max_heartrate"]),
                    1.0,
                    &what,
                );
                assert!(beats.iter().all(|bpm| *bpm > 45.0), "{what}");
            }
            if let Some(turns) = data(&streams, "cadence") {
                let turning: Vec<f64> = turns.into_iter().filter(|rpm| *rpm > 0.0).collect();
                near(mean(&turning), number(&activity["average_cadence"]), 0.5, &what);
            }
            if let Some(distance) = data(&streams, "distance") {
                near(
                    *distance.last().unwrap(),
                    number(&activity["distance"]),
                    0.2,
                    &what,
                );
                assert!(distance.is_sorted(), "{what}");
            }
            if let Some(altitude) = data(&streams, "altitude") {
                let up: f64 = altitude.windows(2).map(|pair| (pair[1] - pair[0]).max(0.0)).sum();
                near(up, number(&activity["total_elevation_gain"]), 2.0, &what);
            }
            if let (Some(graded), Some(gap)) = (data(&streams, "ga_velocity"), activity["gap"].as_f64()) {
                near(mean(&graded), gap, 0.03, &what);
            }
        }
    }
}

/// As upstream does it: fourth-power mean of the 30 s rolling mean.
fn normalized(watts: &[f64]) -> f64 {
    let rolling = watts.windows(30).map(|window| mean(window).powi(4));
    (rolling.sum::<f64>() / count(watts.len() - 29)).powf(0.25)
}

#[tokio::test]
async fn intervals_cover_the_activity_and_agree_with_the_streams() {
    let bench = Bench::new().await;
    let mut kinds = BTreeSet::new();
    for person in 0..PEOPLE.len() {
        for activity in bench.recorded(person, "2026-09-20").await {
            let id = activity["id"].as_str().unwrap();
            let what = format!("{id} {}", activity["name"]);
            let whole = bench
                .read(person, &format!("/activity/{id}?intervals=true"))
                .await;
            let alone = bench.read(person, &format!("/activity/{id}/intervals")).await;
            assert_eq!(alone["icu_intervals"], whole["icu_intervals"], "{what}");
            assert_eq!(
                (&alone["id"], &alone["analyzed"]),
                (&whole["id"], &whole["analyzed"])
            );
            if whole["icu_intervals"].is_null() {
                assert!(whole["icu_groups"].is_null());
                kinds.insert("never cut");
                continue;
            }
            let intervals = rows(&whole["icu_intervals"]);
            for name in schema::INTERVAL.split_ascii_whitespace() {
                assert!(intervals[0].get(name).is_some(), "{name}");
            }
            let mut end = 0;
            for interval in intervals {
                assert_eq!(index(&interval["start_index"]), end, "{what}");
                end = index(&interval["end_index"]);
                assert!(end > index(&interval["start_index"]), "{what}");
            }
            near(count(end), number(&activity["moving_time"]), 0.0, &what);
            if let Some(metres) = activity["distance"].as_f64() {
                let sum: f64 = intervals.iter().map(|one| number(&one["distance"])).sum();
                near(sum, metres, 3.0, &what);
            }
            if activity["icu_joules"].is_u64() {
                let sum: f64 = intervals.iter().map(|one| number(&one["joules"])).sum();
                near(sum, number(&activity["icu_joules"]), 0.6 * count(end), &what);
            }
            let full: Vec<f64> = intervals[..intervals.len() - 1]
                .iter()
                .filter_map(|one| one["distance"].as_f64())
                .collect();
            let laps = number(&activity["icu_lap_count"]);
            if activity["icu_intervals_edited"] == true {
                assert!(intervals.iter().all(|one| one["label"].is_string()), "{what}");
                kinds.insert("edited");
            } else if !rows(&whole["icu_groups"]).is_empty() {
                kinds.insert(if laps > 1.0 { "steps" } else { "found" });
                let ids: BTreeSet<_> = intervals
                    .iter()
                    .filter_map(|one| one["group_id"].as_str())
                    .collect();
                for group in rows(&whole["icu_groups"]) {
                    assert!(ids.contains(group["id"].as_str().unwrap()), "{what}");
                    for name in schema::INTERVAL_GROUP.split_ascii_whitespace() {
                        assert!(group.get(name).is_some(), "{name}");
                    }
                }
            } else if full.len() > 2 && full.iter().all(|metres| (metres - full[0]).abs() < 25.0) {
                near(laps, count(intervals.len()), 1.0, &what);
                kinds.insert("by distance");
            }
        }
    }
    for kind in ["steps", "found", "by distance", "edited"] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
}

#[tokio::test]
async fn the_steps_of_a_workout_are_seen_in_the_watts() {
    let bench = Bench::new().await;
    let activities = bench.recorded(0, "2026-06-01").await;
    let is_hard = |row: &&Value| row["name"] == "VO2max 5x4" || row["name"] == "Threshold 4x8";
    let hard: Vec<&Value> = activities.iter().filter(is_hard).collect();
    assert!(!hard.is_empty());
    for activity in hard {
        let id = activity["id"].as_str().unwrap();
        let whole = bench.get(&format!("/activity/{id}?intervals=true")).await;
        let Some(intervals) = whole["icu_intervals"].as_array() else {
            continue;
        };
        let of = |kind: &str| -> Vec<f64> {
            let wanted = intervals.iter().filter(|one| one["type"] == kind);
            wanted.map(|one| number(&one["average_watts"])).collect()
        };
        let (work, rest) = (of("WORK"), of("RECOVERY"));
        assert_eq!(work.len(), if activity["name"] == "VO2max 5x4" { 5 } else { 4 });
        assert!(mean(&work) > 1.3 * mean(&rest), "{work:?} {rest:?}");
    }
}

#[tokio::test]
async fn curves_agree_with_the_streams() {
    let bench = Bench::new().await;
    let mut compared = 0;
    for activity in bench
        .recorded(0, "2026-11-01")
        .await
        .iter()
        .filter(|one| one["icu_average_watts"].is_u64())
        .take(5)
    {
        let id = activity["id"].as_str().unwrap();
        let streams = bench
            .get(&format!("/activity/{id}/streams?types=watts,heartrate"))
            .await;
        let watts = data(&streams, "watts").unwrap();
        let curve = bench.get(&format!("/activity/{id}/power-curve.json")).await;
        let at = |secs: usize| {
            rows(&curve["secs"])
                .iter()
                .position(|one| index(one) == secs)
                .unwrap()
        };
        for secs in [5, 60, 300, 1200] {
            let told = number(&curve["values"][at(secs)]);
            near(told, best(&watts, secs), 1.0, &format!("{id} {secs} s"));
            let from = index(&curve["start_index"][at(secs)]);
            assert_eq!(index(&curve["end_index"][at(secs)]), from + secs);
            compared += 1;
        }
        let efforts = bench
            .get(&format!(
                "/activity/{id}/best-efforts?stream=watts&duration=300&count=3"
            ))
            .await;
        near(
            number(&efforts["efforts"][0]["average"]),
            best(&watts, 300),
            0.6,
            id,
        );
        let stats = bench
            .get(&format!(
                "/activity/{id}/interval-stats?start_index=600&end_index=900"
            ))
            .await;
        near(number(&stats["average_watts"]), mean(&watts[599..899]), 0.6, id);
        let buckets = bench.get(&format!("/activity/{id}/power-histogram")).await;
        let secs: f64 = rows(&buckets).iter().map(|bucket| number(&bucket["secs"])).sum();
        near(secs, number(&activity["moving_time"]), 0.0, id);
        assert_eq!(index(&buckets[0]["max"]) - index(&buckets[0]["min"]), 24);
    }
    assert_eq!(compared, 20);
    let runs = bench.recorded(1, "2026-11-01").await;
    let run = runs.iter().find(|one| one["type"] == "Run").unwrap()["id"]
        .as_str()
        .unwrap();
    let streams = bench
        .read(1, &format!("/activity/{run}/streams?types=distance"))
        .await;
    let distance = data(&streams, "distance").unwrap();
    let curve = bench.read(1, &format!("/activity/{run}/pace-curve")).await;
    let n = rows(&curve["distance"])
        .iter()
        .position(|metres| *metres == 1000.0)
        .unwrap();
    let (from, secs) = (index(&curve["start_index"][n]), index(&curve["values"][n]));
    let before = if from == 0 { 0.0 } else { distance[from - 1] };
    assert!(distance[from + secs - 1] - before >= 999.9);
    let times: Vec<f64> = rows(&curve["values"]).iter().map(number).collect();
    assert!(times.is_sorted());
    let paces = bench.read(1, &format!("/activity/{run}/pace-histogram")).await;
    assert!(
        rows(&paces)
            .iter()
            .map(|bucket| number(&bucket["secs"]))
            .sum::<f64>()
            > 600.0
    );
}

#[tokio::test]
async fn curves_of_many_are_the_best_of_each() {
    let bench = Bench::new().await;
    let set = bench
        .get("/athlete/0/power-curves?type=Ride&curves=42d,r.2026-06-01.2026-06-30,r.2026-06-01.2026-06-30-kj0")
        .await;
    let list = rows(&set["list"]);
    assert_eq!(list.len(), 3);
    let first = &list[0];
    assert_eq!(
        (
            &first["id"],
            &first["label"],
            &first["start_date_local"],
            &first["end_date_local"]
        ),
        (
            &json!("42d"),
            &json!("42 days"),
            &json!("2026-10-11T00:00:00"),
            &json!("2026-11-21T00:00:00")
        )
    );
    for curve in list {
        let values: Vec<f64> = rows(&curve["values"]).iter().map(number).collect();
        assert!(
            values.is_sorted_by(|a, b| a >= b) && values.len() > 30,
            "{values:?}"
        );
        for name in ["secs", "activity_id", "watts_per_kg", "wkg_activity_id"] {
            assert_eq!(rows(&curve[name]).len(), values.len(), "{name}");
        }
        for id in rows(&curve["activity_id"]) {
            assert!(
                set["activities"][id.as_str().unwrap()]["name"].is_string(),
                "{id}"
            );
        }
        assert_eq!(rows(&curve["powerModels"]).len(), 4);
    }
    let model = &first["powerModels"][0];
    assert!(
        (190.0..290.0).contains(&number(&model["criticalPower"])),
        "{model}"
    );
    assert!((2000.0..40_000.0).contains(&number(&model["wPrime"])), "{model}");
    let n = rows(&first["secs"]).iter().position(|secs| *secs == 300).unwrap();
    let id = first["activity_id"][n].as_str().unwrap();
    let alone = bench.get(&format!("/activity/{id}/power-curve")).await;
    assert_eq!(alone["values"][n], first["values"][n]);
    let tired: f64 = rows(&list[2]["values"]).iter().map(number).sum();
    let fresh: f64 = rows(&list[1]["values"])[..rows(&list[2]["values"]).len()]
        .iter()
        .map(number)
        .sum();
    assert!(tired < fresh, "{tired} {fresh}");
    let each = bench
        .get("/athlete/0/activity-power-curves?oldest=2026-10-11&newest=2026-11-21&secs=5,300&type=Ride")
        .await;
    assert_eq!(each["secs"], json!([5, 300]));
    let bests = rows(&each["curves"]).iter().map(|row| number(&row["watts"][1]));
    near(
        bests.fold(0.0, f64::max),
        number(&first["values"][n]),
        0.0,
        "300 s",
    );
    let paces = bench
        .read(1, "/athlete/0/pace-curves?type=Run&curves=42d&gap=true")
        .await;
    assert_eq!(paces["list"][0]["type"], "GAP");
    let speed = number(&paces["list"][0]["paceModels"][0]["criticalSpeed"]);
    assert!((3.0..4.6).contains(&speed), "{speed}");
    let hearts = bench.read(1, "/athlete/0/hr-curves?type=Run&curves=42d,s0").await;
    assert!(number(&hearts["list"][0]["values"][0]) <= 190.0);
    assert!(!rows(&hearts["list"][1]["values"]).is_empty());
    let both = bench
        .get("/athlete/0/power-hr-curve?start=2026-10-11&end=2026-11-21")
        .await;
    assert_eq!(rows(&both["bpm"]).len(), rows(&both["minutes"]).len());
    assert_eq!(
        bench.get("/athlete/0/mmp-model?type=Ride").await["type"],
        "FFT_CURVES"
    );
}

#[tokio::test]
async fn all_time_is_answered_in_good_time() {
    let bench = Bench::new().await;
    let begun = std::time::Instant::now();
    let set = bench.get("/athlete/0/power-curves?type=Ride&curves=all").await;
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    let again = std::time::Instant::now();
    assert_eq!(
        bench.get("/athlete/0/power-curves?type=Ride&curves=all").await,
        set
    );
    assert!(again.elapsed() < begun.elapsed());
}

#[tokio::test]
async fn what_is_not_there_is_refused_as_upstream_does() {
    let bench = Bench::new().await;
    let all = bench.get("/athlete/0/activities?oldest=2026-01-01").await;
    let strava = rows(&all).iter().find(|row| row["source"] == "STRAVA").unwrap()["id"]
        .as_str()
        .unwrap();
    let own = rows(&all)
        .iter()
        .find(|row| row["source"] == "GARMIN_CONNECT")
        .unwrap()["id"]
        .as_str()
        .unwrap();
    let foreign = bench.recorded(1, "2026-11-01").await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let closed = json!({"status": 422, "error": "Cannot read Strava activities via the API"});
    for part in [
        "streams",
        "streams.json",
        "streams.csv",
        "intervals",
        "power-histogram",
        "time-at-hr",
        "power-curve",
        "hr-curve.json",
        "pace-curve",
        "map",
        "messages",
        "best-efforts?stream=watts&duration=60",
        "power-vs-hr.json",
        "weather-summary",
        "interval-stats?start_index=0&end_index=10",
        "segments",
        "hr-load-model",
    ] {
        assert_eq!(
            bench
                .ask(Method::GET, &format!("/activity/{strava}/{part}"))
                .await,
            (422, closed.clone()),
            "{part}"
        );
        assert_eq!(
            bench
                .ask(Method::GET, &format!("/activity/{foreign}/{part}"))
                .await
                .0,
            403,
            "{part}"
        );
        assert_eq!(
            bench.ask(Method::GET, &format!("/activity/i1/{part}")).await.0,
            404,
            "{part}"
        );
        assert_eq!(
            bench.ask(Method::GET, &format!("/activity/{own}/{part}")).await.0,
            200,
            "{part}"
        );
    }
    let (status, body) = bench.ask(Method::GET, "/athlete/0/power-curves").await;
    assert_eq!(status, 422);
    assert_eq!(
        body["error"],
        "Required request parameter 'type' for method parameter type ActivityType is not present"
    );
    for (path, status) in [
        ("/athlete/i900002/power-curves?type=Ride", 403),
        ("/athlete/0/power-curves?type=rad", 500),
        ("/athlete/0/power-curves?type=Ride&curves=nonsense", 422),
        ("/athlete/0/activities/interval-search?minSecs=1", 422),
        ("/athlete/0/activities-around", 422),
        ("/athlete/0/activities-around?activity_id=i1", 404),
        ("/athlete/0/training-plan", 403),
    ] {
        assert_eq!(bench.ask(Method::GET, path).await.0, status, "{path}");
    }
    let token = bench.connect("ana", &["WELLNESS:READ"]).await["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let request = bench
        .request(Method::GET, &format!("/api/v1/activity/{own}/streams"))
        .bearer_auth(token);
    assert_eq!(request.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn real_climbs_long_rides_and_broken_sensors_are_there() {
    let bench = Bench::new().await;
    let mut climbing_days = Vec::new();
    let mut longest = 0;
    let mut seen = BTreeSet::new();
    for activity in bench.recorded(0, "2026-05-01").await {
        let day: chrono::NaiveDate = activity["start_date_local"].as_str().unwrap()[..10]
            .parse()
            .unwrap();
        let names: Vec<&str> = rows(&activity["stream_types"])
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        seen.extend(names.iter().map(|name| (*name).to_owned()));
        longest = longest.max(index(&activity["moving_time"]));
        if number(&activity["total_elevation_gain"]) < 200.0 {
            continue;
        }
        let id = activity["id"].as_str().unwrap();
        let streams = bench
            .get(&format!("/activity/{id}/streams?types=distance,altitude,watts"))
            .await;
        let (far, high) = (
            data(&streams, "distance").unwrap(),
            data(&streams, "altitude").unwrap(),
        );
        let steep = |n: usize| {
            let ahead = far.partition_point(|metres| *metres < far[n] + 1500.0);
            ahead < far.len() && (high[ahead] - high[n]) / (far[ahead] - far[n]) >= 0.03
        };
        if (0..far.len()).step_by(30).any(steep) {
            climbing_days.push(day);
        }
        if names.contains(&"raw_watts") {
            let watts = rows(&streams)
                .iter()
                .find(|stream| stream["type"] == "watts")
                .unwrap();
            assert!(watts["anomalies"][0]["start_index"].is_u64());
            seen.insert("anomaly".to_owned());
        }
    }
    climbing_days.sort_unstable();
    let worst = climbing_days
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).num_days())
        .max()
        .unwrap();
    assert!(worst <= 21, "{worst} days without a climb");
    assert!(longest >= 15_000, "{longest}");
    for name in [
        "latlng",
        "temp",
        "w_bal",
        "dfa_a1",
        "respiration",
        "core_temperature",
        "skin_temperature",
        "fixed_altitude",
    ] {
        assert!(seen.contains(name), "{name}: {seen:?}");
    }
    let runs = bench.recorded(1, "2026-11-01").await;
    let run = runs.iter().find(|one| one["type"] == "Run").unwrap()["id"]
        .as_str()
        .unwrap();
    let csv = bench
        .request(
            Method::GET,
            &format!("/api/v1/activity/{run}/streams.csv?types=time,heartrate,stance_time,latlng"),
        )
        .bearer_auth(PEOPLE[1].token);
    let text = csv.send().await.unwrap().text().await.unwrap();
    let mut lines = text.lines();
    let head = lines.next().unwrap();
    assert!(
        head.starts_with("time,") && head.contains("lat,lng") && head.ends_with("stance_time"),
        "{head}"
    );
    assert!(lines.next().unwrap().starts_with("0,,"), "{text:.80}");
}

#[tokio::test]
async fn comments_hold_the_deleted_the_hostile_and_the_long() {
    let bench = Bench::new().await;
    let all = bench.get("/athlete/0/activities?oldest=2026-10-01").await;
    let mut most = Vec::new();
    for row in rows(&all).iter().filter(|row| row["source"] != "STRAVA") {
        let messages = bench
            .get(&format!("/activity/{}/messages", row["id"].as_str().unwrap()))
            .await;
        if rows(&messages).len() > most.len() {
            most = rows(&messages).to_vec();
        }
    }
    assert_eq!(most.len(), 6);
    for name in schema::MESSAGE.split_ascii_whitespace() {
        assert!(most[0].get(name).is_some(), "{name}");
    }
    assert!(
        most.iter()
            .any(|one| one["deleted"].is_string() && one["content"].is_null())
    );
    let texts: Vec<&str> = most.iter().filter_map(|one| one["content"].as_str()).collect();
    assert!(texts.iter().any(|text| text.chars().count() == 5000));
    assert!(
        texts
            .iter()
            .any(|text| text.contains('\u{202e}') && text.contains("delete_event"))
    );
    let authors: BTreeSet<_> = most
        .iter()
        .map(|one| one["athlete_id"].as_str().unwrap())
        .collect();
    assert!(authors.contains(ANA) && authors.len() > 1);
    let last = most[4]["id"].as_u64().unwrap();
    let activity = most[0]["activity_id"].as_str().unwrap();
    let rest = bench
        .get(&format!("/activity/{activity}/messages?sinceId={last}"))
        .await;
    assert_eq!(rows(&rest), &most[5..]);
}

#[tokio::test]
async fn the_small_lists_answer() {
    let bench = Bench::new().await;
    let rides = bench.recorded(0, "2026-10-01").await;
    let (one, two) = (rides[0]["id"].as_str().unwrap(), rides[1]["id"].as_str().unwrap());
    let both = bench
        .get(&format!("/athlete/0/activities/{two},i1,{one}?intervals=true"))
        .await;
    let ids: Vec<&Value> = rows(&both).iter().map(|row| &row["id"]).collect();
    assert_eq!(ids, [two, one]);
    assert!(both[0].get("icu_intervals").is_some());
    let around = bench
        .get(&format!("/athlete/0/activities-around?activity_id={two}&limit=5"))
        .await;
    assert!(rows(&around).len() == 5 && rows(&around).iter().all(|row| row["id"] != two));
    let hard = bench
        .get("/athlete/0/activities/interval-search?minSecs=200&maxSecs=280&minIntensity=100&maxIntensity=130&minReps=4&limit=3")
        .await;
    assert!(
        !rows(&hard).is_empty() && rows(&hard).iter().all(|row| row["name"] == "VO2max 5x4"),
        "{hard}"
    );
    assert!(rows(&bench.get("/athlete/0/activity-tags").await).contains(&json!("race")));
    assert_eq!(bench.get("/athlete/0/connections").await["zwift_connected"], true);
    let gear = bench.get("/athlete/0/gear").await;
    for name in schema::GEAR.split_ascii_whitespace() {
        assert!(gear[0].get(name).is_some(), "{name}");
    }
    assert!(rows(&gear).iter().any(|piece| piece["component"] == true));
    assert_eq!(
        bench.get("/athlete/0/weather-config").await["forecasts"][0]["enabled"],
        true
    );
    for path in [
        "/athlete/0/event-tags",
        "/athlete/0/fitness-model-events",
        "/pace_distances",
    ] {
        bench.get(path).await;
    }
    let defaults = bench.get("/athlete/0/sport-settings/Run/pace_distances").await;
    assert_eq!(defaults["defaults"][0], 400.0);
    let plan = bench
        .request(Method::GET, "/api/v1/athlete/0/training-plan")
        .basic_auth("API_KEY", Some(PEOPLE[0].api_key));
    assert_eq!(
        json(plan.send().await.unwrap()).await["training_plan"]["type"],
        "PLAN"
    );
    let outdoors = rides.iter().find(|ride| ride["has_weather"] == true).unwrap()["id"]
        .as_str()
        .unwrap();
    let weather = bench.get(&format!("/activity/{outdoors}/weather-summary")).await;
    assert_eq!(weather["whole_activity"], true);
    assert!(
        weather["average_wind_speed"].is_f64() && weather["description"].is_string(),
        "{weather}"
    );
    let map = bench.get(&format!("/activity/{outdoors}/map")).await;
    let inside = rows(&map["latlngs"]).iter().all(|point| {
        (number(&map["bounds"][0][0])..=number(&map["bounds"][1][0])).contains(&number(&point[0]))
    });
    assert!(inside);
    let bare = bench
        .get(&format!("/activity/{outdoors}/map?boundsOnly=true"))
        .await;
    assert!(bare["latlngs"].is_null());
    let (status, body) = bench
        .ask(Method::GET, &format!("/activity/{outdoors}/map?bounds=1,2"))
        .await;
    assert_eq!(
        (status, body["error"].as_str().unwrap()),
        (422, "Expected left, top, right, bottom for bounds")
    );
}

#[tokio::test]
async fn what_was_typed_in_has_nothing_inside() {
    let bench = Bench::new().await;
    let all = bench.get("/athlete/0/activities?oldest=2025-11-01").await;
    let typed = rows(&all).iter().find(|row| row["source"] == "MANUAL").unwrap()["id"]
        .as_str()
        .unwrap();
    let whole = bench.get(&format!("/activity/{typed}?intervals=true")).await;
    assert!(whole["icu_intervals"].is_null() && whole["icu_groups"].is_null());
    for part in [
        "streams",
        "power-histogram",
        "hr-histogram",
        "pace-histogram",
        "gap-histogram",
        "messages",
    ] {
        let answer = bench.get(&format!("/activity/{typed}/{part}")).await;
        assert!(part == "messages" || rows(&answer).is_empty(), "{part}");
    }
    assert!(rows(&bench.get(&format!("/activity/{typed}/power-curve")).await["values"]).is_empty());
    assert!(bench.get(&format!("/activity/{typed}/time-at-hr")).await["secs"].is_null());
    assert!(bench.get(&format!("/activity/{typed}/map")).await["latlngs"].is_null());
}
