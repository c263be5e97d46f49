//! What upstream says about one activity, and about the best of many: all of it must agree, and look like upstream's.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::*;
use crate::schema;

fn index(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// The points of a stream; none where nothing was recorded.
fn points(streams: &Value, name: &str) -> Option<Vec<Option<f64>>> {
    let stream = rows(streams).iter().find(|stream| stream["type"] == name)?;
    Some(rows(&stream["data"]).iter().map(Value::as_f64).collect())
}

/// What a stream recorded, without holes.
fn data(streams: &Value, name: &str) -> Option<Vec<f64>> {
    Some(points(streams, name)?.into_iter().flatten().collect())
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
    /// Recorded activities of a person since `oldest`, newest first.
    async fn recorded(&self, slug: &str, oldest: &str) -> Vec<Value> {
        let all = self
            .get_as(slug, &format!("/athlete/0/activities?oldest={oldest}"))
            .await;
        let recorded = |row: &&Value| {
            row["stream_types"]
                .as_array()
                .is_some_and(|types| types.len() > 1)
                && row["moving_time"].is_u64()
        };
        rows(&all).iter().filter(recorded).cloned().collect()
    }

    /// The curve of the day of an activity that is the only one of its sport's group on that day.
    async fn curve_of_the_day(&self, slug: &str, of: &str, activity: &Value) -> Value {
        let (day, sport) = (
            &activity["start_date_local"].as_str().unwrap()[..10],
            activity["type"].as_str().unwrap(),
        );
        let path = format!("/athlete/0/{of}-curves?type={sport}&curves=r.{day}.{day}");
        let set = self.get_as(slug, &path).await;
        assert_eq!(set["activities"].as_object().unwrap().len(), 1, "{path}");
        set["list"][0].clone()
    }
}

#[tokio::test]
async fn streams_add_up_to_what_the_activity_tells_of_itself() {
    let bench = Bench::new().await;
    for person in &PEOPLE {
        let activities = bench.recorded(person.slug, "2026-10-20").await;
        assert!(person.number > 2 || activities.len() > 12, "{}", activities.len());
        for activity in activities {
            let id = activity["id"].as_str().unwrap();
            let what = format!("{id} {}", activity["name"]);
            let streams = bench
                .get_as(person.slug, &format!("/activity/{id}/streams.json"))
                .await;
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
    for person in &PEOPLE {
        for activity in bench.recorded(person.slug, "2026-09-20").await {
            let id = activity["id"].as_str().unwrap();
            let what = format!("{id} {}", activity["name"]);
            let whole = bench
                .get_as(person.slug, &format!("/activity/{id}?intervals=true"))
                .await;
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
    let activities = bench.recorded("ana", "2026-06-01").await;
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
    let rides = bench.recorded("ana", "2026-11-01").await;
    let with_power = rides.iter().filter(|one| one["icu_average_watts"].is_u64());
    for activity in with_power.take(5) {
        let id = activity["id"].as_str().unwrap();
        let streams = bench
            .get(&format!("/activity/{id}/streams.json?types=watts,heartrate"))
            .await;
        let watts = data(&streams, "watts").unwrap();
        let curve = bench.curve_of_the_day("ana", "power", activity).await;
        for secs in [5, 60, 300, 1200] {
            let n = rows(&curve["secs"]).iter().position(|one| index(one) == secs);
            let shown = number(&curve["values"][n.unwrap()]);
            // What was held for a little longer was held for this long too.
            let longer = rows(&curve["secs"]).iter().map(index);
            let longer = longer.filter(|one| (secs..=secs + secs / 4).contains(one));
            let wanted = longer.map(|secs| best(&watts, secs)).fold(0.0, f64::max);
            near(shown, wanted, 1.0, &format!("{id} {secs} s"));
            compared += 1;
        }
        let whole = bench.get(&format!("/activity/{id}?intervals=true")).await;
        let points = points(&streams, "watts").unwrap();
        for lap in whole["icu_intervals"].as_array().into_iter().flatten() {
            let part = &points[index(&lap["start_index"])..index(&lap["end_index"])];
            let part: Vec<f64> = part.iter().copied().flatten().collect();
            near(number(&lap["average_watts"]), mean(&part), 0.6, id);
        }
        let buckets = bench.get(&format!("/activity/{id}/power-histogram")).await;
        let secs: f64 = rows(&buckets).iter().map(|bucket| number(&bucket["secs"])).sum();
        near(secs, number(&activity["moving_time"]), 0.0, id);
        assert_eq!(index(&buckets[0]["max"]) - index(&buckets[0]["min"]), 24);
    }
    assert_eq!(compared, 20);
    let runs = bench.recorded("jack", "2026-11-01").await;
    let run = runs.iter().find(|one| one["type"] == "Run").unwrap();
    let id = run["id"].as_str().unwrap();
    let streams = bench
        .get_as("jack", &format!("/activity/{id}/streams.json?types=distance"))
        .await;
    let distance = data(&streams, "distance").unwrap();
    let curve = bench.curve_of_the_day("jack", "pace", run).await;
    let n = rows(&curve["distance"])
        .iter()
        .position(|metres| *metres == 1000.0)
        .unwrap();
    let covers = |secs: usize| {
        let mut from_standing = std::iter::once(0.0).chain(distance.iter().copied());
        let ends = distance.iter().skip(secs - 1);
        ends.zip(from_standing.by_ref())
            .any(|(end, start)| end - start >= 999.9)
    };
    let secs = index(&curve["values"][n]);
    assert!(covers(secs) && !covers(secs - 1), "1 km in {secs} s");
    let times: Vec<f64> = rows(&curve["values"]).iter().map(number).collect();
    assert!(times.is_sorted());
    let paces = bench
        .get_as("jack", &format!("/activity/{id}/pace-histogram"))
        .await;
    let secs: f64 = rows(&paces).iter().map(|bucket| number(&bucket["secs"])).sum();
    assert!(secs > 600.0, "{secs}");
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
    let streams = bench
        .get(&format!("/activity/{id}/streams.json?types=watts"))
        .await;
    let watts = data(&streams, "watts").unwrap();
    near(number(&first["values"][n]), best(&watts, 300), 1.0, "300 s");
    let tired: f64 = rows(&list[2]["values"]).iter().map(number).sum();
    let fresh: f64 = rows(&list[1]["values"])[..rows(&list[2]["values"]).len()]
        .iter()
        .map(number)
        .sum();
    assert!(tired < fresh, "{tired} {fresh}");
    let paces = bench
        .get_as("jack", "/athlete/0/pace-curves?type=Run&curves=42d&gap=true")
        .await;
    assert_eq!(paces["list"][0]["type"], "GAP");
    let speed = number(&paces["list"][0]["paceModels"][0]["criticalSpeed"]);
    assert!((3.0..4.6).contains(&speed), "{speed}");
    let hearts = bench
        .get_as("jack", "/athlete/0/hr-curves?type=Run&curves=42d,s0")
        .await;
    assert!(number(&hearts["list"][0]["values"][0]) <= 190.0);
    assert!(!rows(&hearts["list"][1]["values"]).is_empty());
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
    let foreign = bench.recorded("jack", "2026-11-01").await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let closed = json!({"status": 422, "error": "Cannot read Strava activities via the API"});
    for part in [
        "streams.json",
        "streams.csv",
        "power-histogram",
        "hr-histogram",
        "pace-histogram",
        "messages",
        "weather-summary",
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
        ("/athlete/0/training-plan", 403),
    ] {
        assert_eq!(bench.ask(Method::GET, path).await.0, status, "{path}");
    }
    let token = bench.connect("ana", &["WELLNESS:READ"]).await["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let request = bench
        .request(Method::GET, &format!("/api/v1/activity/{own}/streams.json"))
        .bearer_auth(token);
    assert_eq!(request.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn real_climbs_long_rides_and_broken_sensors_are_there() {
    let bench = Bench::new().await;
    let mut climbing_days = Vec::new();
    let mut longest = 0;
    let mut seen = BTreeSet::new();
    for activity in bench.recorded("ana", "2026-05-01").await {
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
            .get(&format!(
                "/activity/{id}/streams.json?types=distance,altitude,watts"
            ))
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
    let runs = bench.recorded("jack", "2026-11-01").await;
    let run = runs.iter().find(|one| one["type"] == "Run").unwrap()["id"]
        .as_str()
        .unwrap();
    let path = format!("/activity/{run}/streams.csv?types=time,heartrate,stance_time,latlng");
    let csv = bench.as_person("jack", Method::GET, &path);
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
    let gear = bench.get("/athlete/0/gear").await;
    for name in schema::GEAR.split_ascii_whitespace() {
        assert!(gear[0].get(name).is_some(), "{name}");
    }
    assert!(rows(&gear).iter().any(|piece| piece["component"] == true));
    let plan = bench
        .request(Method::GET, "/api/v1/athlete/0/training-plan")
        .basic_auth("API_KEY", Some(PEOPLE[0].api_key));
    assert_eq!(
        json(plan.send().await.unwrap()).await["training_plan"]["type"],
        "PLAN"
    );
    let rides = bench.recorded("ana", "2026-10-01").await;
    let outdoors = rides.iter().find(|ride| ride["has_weather"] == true).unwrap()["id"]
        .as_str()
        .unwrap();
    let weather = bench.get(&format!("/activity/{outdoors}/weather-summary")).await;
    assert_eq!(weather["whole_activity"], true);
    assert!(
        weather["average_wind_speed"].is_f64() && weather["description"].is_string(),
        "{weather}"
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
        "streams.json",
        "power-histogram",
        "hr-histogram",
        "pace-histogram",
        "messages",
    ] {
        let answer = bench.get(&format!("/activity/{typed}/{part}")).await;
        assert!(part == "messages" || rows(&answer).is_empty(), "{part}");
    }
}

#[tokio::test]
async fn activities_are_found_by_their_intervals() {
    let bench = Bench::new().await;
    let path = "/athlete/0/activities/interval-search";
    let asked = |query: &str| format!("{path}?{query}");
    let all = "minSecs=400&maxSecs=800&minIntensity=80&maxIntensity=120";
    for missing in ["minSecs", "maxSecs", "minIntensity", "maxIntensity"] {
        let query: Vec<&str> = all.split('&').filter(|part| !part.starts_with(missing)).collect();
        let (status, body) = bench.ask(Method::GET, &asked(&query.join("&"))).await;
        assert_eq!(status, 422, "{missing}");
        assert!(text(&body, "error").contains(missing), "{body}");
    }
    let found = bench.get(&asked(all)).await;
    let found = rows(&found);
    assert!((2..=30).contains(&found.len()), "{}", found.len());
    assert!(found.is_sorted_by(|a, b| text(a, "start_date_local") >= text(b, "start_date_local")));
    for row in found.iter().take(5) {
        assert!(
            text(row, "source") != "STRAVA" && row.get("icu_intervals").is_none(),
            "{row}"
        );
        let whole = bench
            .get(&format!("/activity/{}?intervals=true", text(row, "id")))
            .await;
        let fits = |one: &&Value| {
            one["type"] == "WORK"
                && (400.0..=800.0).contains(&number(&one["moving_time"]))
                && (80.0..=120.0).contains(&number(&one["intensity"]))
        };
        assert!(rows(&whole["icu_intervals"]).iter().filter(fits).count() > 0);
    }
    let two = bench.get(&asked(&format!("{all}&limit=2"))).await;
    assert_eq!(
        rows(&two).iter().map(|row| text(row, "id")).collect::<Vec<_>>(),
        found
            .iter()
            .take(2)
            .map(|row| text(row, "id"))
            .collect::<Vec<_>>()
    );
    let many = bench.get(&asked(&format!("{all}&minReps=40"))).await;
    assert!(rows(&many).is_empty(), "{many}");
    for kind in ["AUTO", "POWER", "HR"] {
        let found = bench.get(&asked(&format!("{all}&type={kind}"))).await;
        assert!(!rows(&found).is_empty(), "{kind}");
    }
    assert_eq!(
        bench.ask(Method::GET, &asked(&format!("{all}&type=FTP"))).await.0,
        500
    );
}
