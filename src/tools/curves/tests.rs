use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{TimeZone as _, Utc};
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};
use uuid::Uuid;

use serde_json::{Value, json};

use super::*;
use crate::{
    ids::ConnectionId,
    intervals::{CallerKey, Client, Credential, For, Limits, Scopes, Settings, Window},
    secrets::Random,
    time::Clock,
    tools::{
        params::words_of,
        samples::{ana, day, object, rows, today},
    },
    words::Outcome,
};

/// Best efforts of a plausible rider, CP 234 W and W′ 18 kJ, times `factor`, from two activities.
pub(in crate::tools) fn power(id: &str, oldest: &str, newest: &str, factor: f64) -> Value {
    let secs = [
        1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 480, 600, 900, 1200, 1800, 2700, 3600, 4500,
    ];
    let watts: Vec<f64> = secs
        .iter()
        .map(|secs| ((234.0 + 18_200.0 / (f64::from(*secs) + 32.0)) * factor).round())
        .collect();
    let kg: Vec<f64> = watts
        .iter()
        .map(|watts| (watts / 0.642).round() / 100.0)
        .collect();
    let (short, long) = match newest {
        "2026-03-31" => ("i188600042", "i188600101"),
        "2026-08-23" => ("i188700042", "i188700101"),
        _ => ("i188800042", "i188800101"),
    };
    let ids: Vec<&str> = secs
        .iter()
        .map(|secs| if *secs < 600 { short } else { long })
        .collect();
    json!({"id": id, "start_date_local": format!("{oldest}T00:00:00"), "end_date_local": format!("{newest}T00:00:00"),
    "weight": 64.2, "secs": secs, "values": watts, "activity_id": ids, "watts_per_kg": kg, "wkg_activity_id": ids,
    "vo2max_5m": 55.45, "powerModels": [
        {"type": "MS_2P", "criticalPower": 237, "wPrime": 16600, "ftp": 237},
        {"type": "FFT_CURVES", "criticalPower": 236, "wPrime": 16850, "pMax": 804, "ftp": 239},
    ]})
}

/// Best efforts of a plausible runner, critical speed 3.72 m/s and D′ 214 m, slower with `factor`.
pub(in crate::tools) fn pace(id: &str, metres: &[f64], factor: f64) -> Value {
    let secs: Vec<f64> = metres
        .iter()
        .map(|metres| ((metres - 150.0).max(metres * 0.75) / 3.72 * factor).round())
        .collect();
    let ids = vec!["i188800077"; metres.len()];
    json!({"id": id, "start_date_local": "2026-10-11T00:00:00", "end_date_local": "2026-11-21T00:00:00", "weight": 64.2,
        "distance": metres, "values": secs, "activity_id": ids, "type": "PACE",
        "paceModels": [{"type": "CS", "criticalSpeed": 3.72, "dPrime": 214.0, "r2": 0.9987}]})
}

pub(in crate::tools) const RUN: &[f64] = &[
    100.0, 400.0, 800.0, 1000.0, 1609.344, 3000.0, 3218.688, 5000.0, 10_000.0, 21_097.5,
];

/// The activities that the samples name.
pub(in crate::tools) fn activities() -> Value {
    json!({
        "i188600042": {"start_date_local": "2026-02-11T18:00:00", "name": "Ramp test"},
        "i188600101": {"start_date_local": "2026-03-08T09:12:44", "name": "Club ride"},
        "i188700042": {"start_date_local": "2026-07-08T17:45:10", "name": "Crit"},
        "i188700101": {"start_date_local": "2026-08-12T19:01:02", "name": "Time trial 40k"},
        "i188800101": {"id": "i188800101", "start_date_local": "2026-11-18T17:32:05", "name": "Sweet spot 3x12"},
        "i188800042": {"id": "i188800042", "start_date_local": "2026-11-04T17:30:10", "name": "VO2 5x3"},
        "i188800077": {"id": "i188800077", "start_date_local": "2026-11-16T08:04:31", "name": "Parkrun & back"},
    })
}

/// Upstream's answer with these curves.
pub(in crate::tools) fn answered(list: &[Value]) -> Curves {
    Curves::read(&json!({"list": list, "activities": activities()}))
}

pub(in crate::tools) fn subject(sport: &str, metric: Metric) -> Subject {
    Subject {
        sport: sport.to_owned(),
        metric,
        lacks: Vec::new(),
        has: Vec::new(),
        reason: Reason::NotRecorded,
        notes: Vec::new(),
    }
}

fn choice(given: Value) -> Result<Choice, ToolError> {
    const METRICS: [(&str, Metric); 4] = [
        ("power", Metric::Power),
        ("pace", Metric::Pace),
        ("gap", Metric::Gap),
        ("hr", Metric::HeartRate),
    ];
    const PARAMS: &[Param] = &[SPORT, Param::word("metric", &words_of(&METRICS), METRIC)];
    let arguments = Arguments::new(object(given), PARAMS, today()).unwrap();
    Choice::read(&arguments, &METRICS)
}

#[test]
fn a_family_becomes_its_first_sport_and_a_type_itself() {
    for (word, sport) in [
        ("ride", "Ride"),
        ("cycling", "Ride"),
        ("Running", "Run"),
        ("swim", "Swim"),
        ("row", "Rowing"),
        ("TrailRun", "TrailRun"),
        ("nordic ski", "NordicSki"),
        ("gym", "WeightTraining"),
    ] {
        let found = choice(json!({"sport": word, "metric": "gap"})).unwrap();
        assert_eq!(
            (found.sport, found.metric),
            (Some(sport), Some(Metric::Gap)),
            "{word}"
        );
    }
    // Upstream has no family for skiing, so it is not clear which sport to request.
    for word in ["ski", "quidditch"] {
        let error = choice(json!({"sport": word})).unwrap_err().to_string();
        assert!(error.contains("NordicSki"), "{error}");
    }
    assert!(choice(json!({"metric": "watts"})).is_err());
    assert_eq!(Metric::usual("VirtualRide"), Metric::Power);
    assert_eq!(Metric::usual("TrailRun"), Metric::Pace);
    assert_eq!(Metric::usual("OpenWaterSwim"), Metric::Pace);
    assert_eq!(Metric::usual("NordicSki"), Metric::HeartRate);
}

#[test]
fn two_days_make_a_range() {
    let range = dates("2026-01-01..2026-03-31").unwrap();
    assert_eq!(
        (range.oldest, range.newest),
        (day("2026-01-01"), day("2026-03-31"))
    );
    for bad in [
        "2026-03-31..2026-01-01",
        "2026-01-01",
        "..",
        "1900-01-01..2026-01-01",
        "2026-02-30..2026-03-01",
        "+22026-1-1..2026-01-01",
        "2026-01-01..２０２６-01-02",
    ] {
        assert!(dates(bad).is_none(), "{bad}");
    }
}

#[test]
fn the_main_sport_is_named_with_its_hours() {
    let found = rows(json!([
        {"type": "VirtualRide", "moving_time": 36_000, "icu_average_watts": 0},
        {"type": "Run", "moving_time": 30_000, "icu_average_watts": 250},
        {"type": "Ride", "moving_time": 3600},
        {"source": "STRAVA"},
    ]));
    let main = chosen(&ana(), &found, None).unwrap();
    assert_eq!((main.sport.as_str(), main.metric), ("Ride", Metric::HeartRate));
    assert_eq!(
        main.notes,
        [
            "Main sport of the last 90 days: Ride (11:00 of 19:20 moving).",
            "None of its activities has power: heart rate instead."
        ]
    );
    assert_eq!(
        chosen(&ana(), &found, Some(Metric::Power)).unwrap().metric,
        Metric::Power
    );
    let powered = rows(json!([{"type": "GravelRide", "moving_time": 60, "icu_weighted_avg_watts": 200}]));
    assert_eq!(chosen(&ana(), &powered, None).unwrap().metric, Metric::Power);
    for (found, why) in [
        (json!([]), "there is no activity"),
        (
            json!([{"id": "1", "source": "STRAVA"}]),
            "Strava closes all activities",
        ),
        (
            json!([{"id": "1", "source": "STRAVA"}, {"id": "i2"}]),
            "Strava closes some activities, the others have none",
        ),
        (json!([{"id": "i2"}]), "no activity has one"),
    ] {
        assert_eq!(
            chosen(&ana(), &rows(found), None).unwrap_err(),
            format!("No sport can be read in the last 90 days: {why}. Name a sport and an earlier period.")
        );
    }
}

#[test]
fn each_curve_is_found_by_its_name() {
    let window = Window::Days(42);
    let fresh = CurveSpec::from(window);
    let tired = CurveSpec {
        window,
        fatigue: Fatigue::First,
    };
    let year = CurveSpec::from(Window::Years(1));
    let at = |list: Value, specs: &[CurveSpec], place| {
        curve_for(&Curves::read(&json!({"list": list})), specs, place)
            .and_then(|curve| curve.points.first().map(|point| point.value))
    };
    let curve =
        |id: Value, kj: Value, value: i32| json!({"id": id, "after_kj": kj, "secs": [5], "values": [value]});
    let (none, null) = (json!(null), json!(null));
    let swapped = json!([
        curve(json!("1y"), none.clone(), 2),
        curve(json!("42d"), none.clone(), 1)
    ]);
    assert_eq!(at(swapped.clone(), &[fresh, year], 0), Some(1.0));
    assert_eq!(at(swapped.clone(), &[fresh, year], 1), Some(2.0));
    assert_eq!(at(swapped, &[fresh, Window::All.into()], 1), None);
    // Fatigued curves, by their own name or by their work.
    for id in ["42d-kj0", "42d"] {
        let list = json!([curve(json!(id), json!(1000), 1), curve(json!("42d"), json!(0), 2)]);
        assert_eq!(at(list.clone(), &[fresh, tired], 0), Some(2.0), "{id}");
        assert_eq!(at(list, &[fresh, tired], 1), Some(1.0), "{id}");
    }
    let nameless = json!([
        curve(null.clone(), null.clone(), 1),
        curve(null.clone(), null.clone(), 2)
    ]);
    assert_eq!(at(nameless.clone(), &[fresh, year], 1), Some(2.0));
    assert_eq!(at(nameless, &[fresh], 0), None);
}

/// An upstream that answers by path and records the requests.
pub(in crate::tools) struct Upstream {
    base: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Upstream {
    pub(in crate::tools) async fn start(
        answer: impl Fn(&str) -> (u16, Value) + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        let app = axum::Router::new().fallback(move |uri: http::Uri| {
            let last = uri.path().rsplit('/').next().unwrap_or_default().to_owned();
            all.lock().unwrap().push(last.clone());
            let (status, body) = answer(&last);
            let status = http::StatusCode::from_u16(status).unwrap();
            async move { (status, axum::Json(body)) }
        });
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.unwrap();
        });
        Self { base, asked, task }
    }

    pub(in crate::tools) fn handle(&self) -> intervals::Athlete {
        crate::install_crypto();
        let settings = Settings {
            base: self.base.parse().unwrap(),
            public_url: "https://icusync.example".parse().unwrap(),
            app: None,
            per_second: 1000,
            per_day: 1000,
            limits: Limits {
                backoff: Duration::from_millis(1),
                ..Limits::default()
            },
        };
        let clock = Clock::fake(Utc.with_ymd_and_hms(2026, 11, 21, 8, 0, 0).unwrap());
        let client = Client::new(settings, clock, Random::seeded([7; 32])).unwrap();
        client.athlete(For {
            connection: ConnectionId(Uuid::from_u128(1)),
            write_number: 0,
            athlete: "i424242".parse().unwrap(),
            credential: Credential::Bearer("t".into()),
            scopes: Scopes::All,
            caller: CallerKey(Uuid::from_u128(1)),
            is_athlete: true,
            deadline: Instant::now() + Duration::from_secs(20),
        })
    }

    pub(in crate::tools) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn empty() -> (u16, Value) {
    (200, json!({"list": [{"id": "42d", "secs": [], "values": []}]}))
}

fn hearts() -> (u16, Value) {
    (
        200,
        json!({"list": [{"id": "42d", "secs": [5, 60], "values": [186, 184]}]}),
    )
}

async fn fetched(upstream: &Upstream, given: Value) -> Result<Found, ToolError> {
    let specs = [CurveSpec::from(Window::Days(42))];
    fetch(
        &upstream.handle(),
        &ana(),
        today(),
        choice(given).unwrap(),
        &specs,
    )
    .await
}

fn curves_in(found: Found) -> (Subject, Curves) {
    match found {
        Found::Curves(subject, curves) => (subject, curves),
        Found::NoSport(why) => panic!("{why}"),
    }
}

#[tokio::test]
async fn a_named_sport_takes_one_request() {
    let upstream = Upstream::start(|_| hearts()).await;
    let (subject, _) = curves_in(fetched(&upstream, json!({"sport": "ride"})).await.unwrap());
    assert_eq!(subject.metric, Metric::Power);
    assert_eq!(upstream.asked(), ["power-curves"]);
}

#[tokio::test]
async fn without_a_sport_the_main_one_is_found_first() {
    let upstream = Upstream::start(|path| {
        if path == "activities" {
            (200, json!([{"id": "i1", "type": "Run", "moving_time": 3600, "start_date_local": "2026-11-20T07:00:00"}]))
        } else {
            hearts()
        }
    })
    .await;
    let (subject, _) = curves_in(fetched(&upstream, json!({})).await.unwrap());
    assert_eq!((subject.sport.as_str(), subject.metric), ("Run", Metric::Pace));
    assert_eq!(upstream.asked(), ["activities", "pace-curves"]);
    let idle = Upstream::start(|_| (200, json!([]))).await;
    assert!(matches!(
        fetched(&idle, json!({})).await.unwrap(),
        Found::NoSport(_)
    ));
    assert_eq!(idle.asked(), ["activities"]);
}

#[tokio::test]
async fn without_power_heart_rate_is_used_unless_power_was_requested() {
    let answer = |path: &str| if path == "hr-curves" { hearts() } else { empty() };
    let upstream = Upstream::start(answer).await;
    let (subject, found) = curves_in(fetched(&upstream, json!({"sport": "ride"})).await.unwrap());
    assert_eq!(subject.metric, Metric::HeartRate);
    assert_eq!(subject.notes, ["No power in this period: heart rate instead."]);
    assert_eq!(found.list[0].points.len(), 2);
    assert_eq!(upstream.asked(), ["power-curves", "hr-curves", "pace-curves"]);

    let upstream = Upstream::start(answer).await;
    let given = json!({"sport": "ride", "metric": "power"});
    let (subject, _) = curves_in(fetched(&upstream, given).await.unwrap());
    assert_eq!(
        (subject.metric, subject.has),
        (Metric::Power, vec![Metric::HeartRate])
    );
    assert_eq!(
        upstream.asked(),
        ["power-curves", "hr-curves", "pace-curves", "activities"]
    );

    // With neither, the sport's usual metric is the one that is missing.
    let upstream = Upstream::start(|_| empty()).await;
    let (subject, _) = curves_in(fetched(&upstream, json!({"sport": "run"})).await.unwrap());
    assert_eq!(subject.metric, Metric::Pace);
}

#[tokio::test]
async fn a_failed_heart_rate_request_degrades_and_a_lost_connection_ends_the_call() {
    let upstream = Upstream::start(|path| {
        if path == "hr-curves" {
            (422, json!({}))
        } else {
            empty()
        }
    })
    .await;
    let (subject, _) = curves_in(fetched(&upstream, json!({"sport": "ride"})).await.unwrap());
    assert_eq!(subject.metric, Metric::Power);
    let upstream = Upstream::start(|path| {
        if path == "hr-curves" {
            (401, json!({}))
        } else {
            empty()
        }
    })
    .await;
    let error = fetched(&upstream, json!({"sport": "ride"})).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Reconnect);
}
