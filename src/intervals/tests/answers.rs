//! Requests on the wire and the answers that are accepted: other people's answers, pages, the cache.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use chrono::{Days, NaiveDate};
use secrecy::ExposeSecret as _;
use tokio::time::{Instant, timeout};
use url::Url;
use uuid::Uuid;

use super::{
    PROFILE, TOKEN, ana, client, client_with, day, four_weeks, handle, quick,
    server::{Server, json},
    settings,
};
use crate::intervals::{ActivityQuery, Credential, Error, Limits, Odd, model};

fn query(line: &str) -> Vec<(String, String)> {
    let target = line.split_once(' ').unwrap().1;
    let url = Url::parse("http://x").unwrap().join(target).unwrap();
    url.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn requests_say_who_we_are_and_ask_for_no_more_than_is_needed() {
    let server = Server::start(|_, seen| {
        json(if seen.line.ends_with("/athlete/i1") {
            PROFILE
        } else {
            "[]"
        })
    })
    .await;
    let athlete = handle(&server.base);
    athlete.profile().await.unwrap();
    athlete.activities(&four_weeks()).await.unwrap();
    athlete
        .wellness(day("2026-11-01"), day("2026-11-07"), &["ctl", "atl"])
        .await
        .unwrap();
    athlete
        .wellness(day("2026-11-01"), day("2026-11-07"), &[])
        .await
        .unwrap();
    athlete
        .events(day("2026-11-01"), day("2026-11-07"), &["WORKOUT", "RACE_A"])
        .await
        .unwrap();
    athlete
        .calendar(day("2026-11-01"), day("2026-11-07"), &[])
        .await
        .unwrap();
    athlete
        .calendar(day("2026-11-01"), day("2026-11-07"), &["NOTE", "SICK"])
        .await
        .unwrap();
    athlete.weeks(day("2026-11-01"), day("2026-11-07")).await.unwrap();
    athlete.search_activities("#a&limit=9 b/ü", 3).await.unwrap();
    athlete.custom_fields().await.unwrap();
    let seen = server.seen();
    let lines: Vec<_> = seen.iter().map(|seen| seen.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "GET /api/v1/athlete/i1",
            "GET /api/v1/athlete/i1/activities?oldest=2026-10-25&newest=2026-11-21&\
             fields=distance%2Cicu_athlete_id%2Cid%2Csource%2Cstart_date_local%2Ctype",
            "GET /api/v1/athlete/i1/wellness?oldest=2026-11-01&newest=2026-11-07&fields=atl%2Cctl%2Cid",
            "GET /api/v1/athlete/i1/wellness?oldest=2026-11-01&newest=2026-11-07",
            "GET /api/v1/athlete/i1/events?oldest=2026-11-01&newest=2026-11-07&category=WORKOUT%2CRACE_A",
            "GET /api/v1/athlete/i1/events?oldest=2026-11-01&newest=2026-11-07&resolve=true",
            "GET /api/v1/athlete/i1/events?oldest=2026-11-01&newest=2026-11-07&resolve=true&category=NOTE%2CSICK",
            "GET /api/v1/athlete/i1/athlete-summary?start=2026-11-01&end=2026-11-07",
            "GET /api/v1/athlete/i1/activities/search?q=%23a%26limit%3D9+b%2F%C3%BC&limit=3",
            "GET /api/v1/athlete/i1/custom-item",
        ]
    );
    assert_eq!(athlete.requests(), 10);
    for seen in &seen {
        let header = |name| seen.header(name).unwrap_or_default();
        let agent = format!("IcuSync/{} (+https://icusync.example)", env!("CARGO_PKG_VERSION"));
        assert_eq!(header("user-agent"), agent);
        assert_eq!(header("accept-language"), "en");
        assert_eq!(header("accept-encoding"), "gzip");
        assert_eq!(header("accept"), "application/json");
        assert_eq!(header("authorization"), format!("Bearer {TOKEN}"));
    }
}

#[tokio::test]
async fn an_api_key_goes_as_basic() {
    let server = Server::always(json(PROFILE)).await;
    let mut of = ana();
    of.credential = Credential::ApiKey("key:1".into());
    client(&server.base).athlete(of).profile().await.unwrap();
    // printf 'API_KEY:key:1' | base64
    assert_eq!(
        server.seen()[0].header("authorization").unwrap(),
        "Basic QVBJX0tFWTprZXk6MQ=="
    );
}

#[tokio::test]
async fn fields_that_the_model_lacks_are_never_read() {
    let server = Server::always(json(PROFILE)).await;
    let profile = handle(&server.base).profile().await.unwrap();
    let shown = format!("{profile:?}");
    assert!(!shown.contains("kSECRETk") && !shown.contains("example.test"));
}

/// Hard case 111.
#[tokio::test]
async fn answers_about_another_athlete_are_refused() {
    let profile = |body: &'static str| async move {
        let server = Server::always(json(body)).await;
        handle(&server.base).profile().await.map(drop)
    };
    assert_eq!(profile(r#"{"id":"i1"}"#).await, Ok(()));
    for body in [r#"{"id":"i2"}"#, r#"{"id":1}"#, r#"{"id":null}"#, "{}"] {
        assert_eq!(profile(body).await, Err(Error::WrongAthlete), "{body}");
    }

    let foreign = r#"[{"id":"i7","icu_athlete_id":"i1"},{"id":"i8","icu_athlete_id":"i2"}]"#;
    let server = Server::always(json(foreign)).await;
    let athlete = handle(&server.base);
    let refused = Some(Error::WrongAthlete);
    assert_eq!(athlete.activities(&four_weeks()).await.err(), refused);
    assert_eq!(athlete.search_activities("x", 5).await.err(), refused);

    let server = Server::always(json(r#"[{"id":1,"athlete_id":"i2"}]"#)).await;
    let (from, to) = (day("2026-11-01"), day("2026-11-07"));
    let athlete = handle(&server.base);
    assert_eq!(athlete.events(from, to, &[]).await.err(), refused);
    assert_eq!(athlete.requests(), 1);
    assert_eq!(athlete.events(from, to, &[]).await.err(), refused);
    assert_eq!(athlete.requests(), 2, "a refused answer is not kept");
}

#[tokio::test]
async fn an_activity_is_accepted_only_with_its_owner_and_its_id() {
    let ask = |body: &'static str| async move {
        let server = Server::always(json(body)).await;
        let id = "i7".parse().unwrap();
        let result = handle(&server.base).activity(&id).await;
        assert_eq!(server.seen()[0].line, "GET /api/v1/activity/i7");
        result.map(|activity| activity.name)
    };
    let good = r#"{"id":"i7","icu_athlete_id":"i1","name":"Long ride"}"#;
    assert_eq!(ask(good).await, Ok(Some("Long ride".to_owned())));
    let (foreign, nobodys) = (r#"{"id":"i7","icu_athlete_id":"i2"}"#, r#"{"id":"i7"}"#);
    assert_eq!(ask(foreign).await, Err(Error::WrongAthlete));
    assert_eq!(ask(nobodys).await, Err(Error::Ownerless));
    assert_eq!(
        ask(r#"{"id":"i9","icu_athlete_id":"i1"}"#).await,
        Err(Error::Garbled)
    );
}

#[tokio::test]
async fn odd_rows_are_left_out_and_lists_come_in_order() {
    let body = r#"[null,{"id":"2026-11-03","ctl":"61.4"},{"id":"nonsense","ctl":1},{"id":"2026-11-01","ctl":[],
        "SaunaMinutes":20,"sportInfo":null}]"#;
    let server = Server::always(json(body)).await;
    let athlete = handle(&server.base);
    let rows = athlete
        .wellness(day("2026-11-01"), day("2026-11-07"), &[])
        .await
        .unwrap();
    let shown: Vec<_> = rows.iter().map(|row| (row.id, row.ctl)).collect();
    assert_eq!(
        shown,
        [
            (Some(day("2026-11-01")), None),
            (Some(day("2026-11-03")), Some(61.4))
        ]
    );
    assert_eq!(rows[0].rest.get("SaunaMinutes"), Some(&serde_json::json!(20)));

    let body =
        r#"[{"id":2,"start_date_local":"2026-11-05T00:00:00"},{"id":"1","start_date_local":"2026-11-02"}]"#;
    let server = Server::always(json(body)).await;
    let events = handle(&server.base)
        .events(day("2026-11-01"), day("2026-11-07"), &[])
        .await
        .unwrap();
    assert_eq!(
        events.iter().map(|e| e.id).collect::<Vec<_>>(),
        [Some(1), Some(2)]
    );
}

#[tokio::test]
async fn planned_load_comes_without_steps_and_descriptions_but_with_the_time_of_the_steps() {
    let body = r#"[{"id":1,"name":"Tempo","description":"- 20m 85%","icu_training_load":60,
        "workout_doc":{"steps":[{"duration":1200}]}}]"#;
    let server = Server::always(json(body)).await;
    let athlete = handle(&server.base);
    let (from, to) = (day("2026-11-01"), day("2026-11-07"));
    let read = |events: Vec<model::Event>| {
        let event = events.into_iter().next().unwrap();
        let steps = event.workout_doc.as_ref().map_or(0, |workout| workout.count());
        let planned = (event.icu_training_load, event.planned_secs());
        (event.name, planned, event.description, steps)
    };
    let name = || Some("Tempo".to_owned());
    let planned = (Some(60.0), Some(1200.0));
    let light = read(athlete.events(from, to, &[]).await.unwrap());
    assert_eq!(light, (name(), planned, None, 0));
    let whole = read(athlete.calendar(from, to, &[]).await.unwrap());
    assert_eq!(whole, (name(), planned, Some("- 20m 85%".to_owned()), 1));
}

/// Hard case 114: empty ranges.
#[tokio::test]
async fn an_empty_range_is_empty_without_asking() {
    let server = Server::always(json("[]")).await;
    let athlete = handle(&server.base);
    let (from, to) = (day("2026-11-07"), day("2026-11-01"));
    assert!(athlete.wellness(from, to, &[]).await.unwrap().is_empty());
    assert!(athlete.events(from, to, &[]).await.unwrap().is_empty());
    let mut query = four_weeks();
    (query.oldest, query.newest) = (from, to);
    assert!(athlete.activities(&query).await.unwrap().is_empty());
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn custom_fields_are_those_with_a_code() {
    let body = r#"[{"type":"INPUT_FIELD","name":"Sauna minutes","content":{"code":"SaunaMinutes"}},
        {"type":"FITNESS_CHART","name":"x","content":{"code":"Y"}},{"type":"INPUT_FIELD","name":"no code","content":null},
        {"type":"ACTIVITY_FIELD","name":"Lactate","content":{"code":"LactateMmol"}},
        {"type":"INPUT_FIELD","name":null,"content":{"code":"Plain"}},{"type":"INPUT_FIELD","content":{"code":"a b"}}]"#;
    let server = Server::always(json(body)).await;
    let athlete = handle(&server.base);
    let fields = athlete.custom_fields().await.unwrap();
    let field = |of, code: &str, name: &str| model::CustomField {
        of,
        code: code.to_owned(),
        name: name.to_owned(),
    };
    assert_eq!(
        fields,
        [
            field(model::FieldOf::Day, "SaunaMinutes", "Sauna minutes"),
            field(model::FieldOf::Day, "Plain", "Plain")
        ]
    );
    assert_eq!(
        athlete.activity_fields().await.unwrap(),
        [field(model::FieldOf::Activity, "LactateMmol", "Lactate")]
    );
    assert_eq!(athlete.requests(), 1);
}

/// An upstream with one activity a day, two on Sundays at the same second, that lists them as the real one does.
async fn decade() -> Server {
    Server::start(|_, seen| {
        let pairs = query(&seen.line);
        let get = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let oldest: NaiveDate = get("oldest").unwrap().parse().unwrap();
        let newest: NaiveDate = get("newest").unwrap().get(..10).unwrap().parse().unwrap();
        let limit = get("limit").map_or(usize::MAX, |limit| limit.parse().unwrap());
        let days = newest
            .iter_days()
            .rev()
            .take_while(|day| *day >= oldest)
            .flat_map(|day| {
                let twice = day.format("%u").to_string() == "7";
                (0..=u8::from(twice)).map(move |number| (day, number))
            });
        let mut body = String::from("[");
        for (day, number) in days.take(limit) {
            if body.len() > 1 {
                body.push(',');
            }
            let id = day.format("%Y%m%d");
            write!(
                body,
                r#"{{"id":"i{id}{number}","icu_athlete_id":"i1","start_date_local":"{day}T07:00:00"}}"#
            )
            .unwrap();
        }
        body.push(']');
        json(&body)
    })
    .await
}

/// Hard case 114: years.
#[tokio::test]
async fn long_ranges_are_read_in_pages_without_gaps_or_duplicates() {
    let server = decade().await;
    let athlete = handle(&server.base);
    let newest = day("2026-11-21");
    let mut query = ActivityQuery {
        oldest: newest - Days::new(3649),
        newest,
        limit: None,
        fields: &[],
    };
    let rows = athlete.activities(&query).await.unwrap();
    assert_eq!(rows.len(), 3650 + 521);
    assert_eq!(server.seen().len(), 2);
    assert!(rows.is_sorted_by_key(|row| std::cmp::Reverse(row.start_date_local)));
    assert_eq!(rows[0].id.as_deref(), Some("i202611210"));

    query.limit = Some(31);
    assert_eq!(athlete.activities(&query).await.unwrap().len(), 31);
    assert_eq!(server.seen().len(), 3);
    query.limit = Some(1500);
    assert_eq!(athlete.activities(&query).await.unwrap().len(), 1500);
    query.limit = Some(0);
    assert!(athlete.activities(&query).await.unwrap().is_empty());

    query.limit = None;
    query.oldest = newest - Days::new(30 * 365);
    assert_eq!(
        athlete.activities(&query).await.unwrap_err(),
        Error::TooLarge,
        "never cut without an error"
    );
}

#[tokio::test]
async fn an_odd_row_in_a_full_page_costs_only_itself() {
    let body = r#"[{"id":"i7","start_date_local":"2026-11-01T07:00:00"},null]"#;
    let server = Server::always(json(body)).await;
    let mut query = four_weeks();
    query.limit = Some(2);
    let athlete = handle(&server.base);
    let rows = athlete.activities(&query).await.unwrap();
    let unread: Vec<_> = athlete.unread().into_iter().collect();
    assert_eq!(
        (rows.len(), unread),
        (1, vec![((Odd::Unreadable, ["activity", "activities"]), 1)])
    );
    assert_eq!(athlete.requests(), 1);
}

#[tokio::test]
async fn pages_that_repeat_themselves_end() {
    let row = r#"{"id":"i1","start_date_local":"2026-11-01T07:00:00"}"#;
    let server = Server::always(json(&format!("[{}]", vec![row; 3000].join(",")))).await;
    let mut query = four_weeks();
    query.limit = Some(5000);
    let athlete = handle(&server.base);
    assert_eq!(athlete.activities(&query).await.unwrap_err(), Error::TooLarge);
    assert!(athlete.requests() <= 3);
}

#[tokio::test]
async fn a_read_is_answered_from_memory_for_its_time_and_for_its_owner() {
    let server = Server::start(|_, seen| {
        let id = seen.line.rsplit('/').next().unwrap();
        json(&format!(r#"{{"id":"{id}"}}"#))
    })
    .await;
    let client = client(&server.base);
    let first = client.athlete(ana());
    first.profile().await.unwrap();
    first.profile().await.unwrap();
    let second = client.athlete(ana());
    second.profile().await.unwrap();
    assert_eq!((first.requests(), second.requests()), (1, 0));

    let mut written = ana();
    written.write_number += 1;
    client.athlete(written).profile().await.unwrap();
    assert_eq!(server.seen().len(), 2, "nothing from before a write");

    let mut jack = ana();
    jack.connection.0 = Uuid::from_u128(2);
    jack.athlete = "i2".parse().unwrap();
    jack.credential = Credential::Bearer("f".repeat(32).into());
    let profile = client.athlete(jack).profile().await.unwrap();
    assert_eq!(profile.id.as_deref(), Some("i2"));
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert_ne!(seen[2].header("authorization"), seen[0].header("authorization"));
}

#[tokio::test]
async fn a_kept_answer_expires() {
    let server = Server::always(json(PROFILE)).await;
    let limits = Limits {
        cache_for: Duration::from_millis(50),
        ..quick()
    };
    let athlete = client_with(settings(&server.base, limits)).athlete(ana());
    let begun = Instant::now();
    timeout(Duration::from_secs(10), async {
        while athlete.requests() < 2 {
            athlete.profile().await.unwrap();
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(45));
}

#[tokio::test]
async fn many_at_once_share_one_request() {
    let server = Server::always(json(PROFILE)).await;
    let client = client(&server.base);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..10 {
        let mut of = ana();
        of.caller.0 = Uuid::from_u128(number);
        let athlete = client.athlete(of);
        tasks.spawn(async move { (athlete.profile().await.unwrap(), athlete.requests()) });
    }
    let sent: u32 = tasks.join_all().await.iter().map(|(_, sent)| sent).sum();
    assert_eq!((sent, server.seen().len()), (1, 1));
}

#[tokio::test]
async fn the_share_of_a_day_ends_in_busy_until_midnight() {
    let server = Server::always(json("[]")).await;
    let mut settings = settings(&server.base, quick());
    settings.per_day = 3;
    let client = client_with(settings);
    let athlete = client.athlete(ana());
    for text in ["a", "b", "c"] {
        athlete.search_activities(text, 1).await.unwrap();
    }
    // The clock of these tests shows 08:00 UTC.
    assert_eq!(
        athlete.search_activities("d", 1).await.unwrap_err(),
        Error::Busy {
            retry_after: Duration::from_hours(16)
        }
    );
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn handles_are_sendable_and_mute() {
    fn sendable<T: Send>(value: T) -> T {
        value
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let athlete = Arc::new(handle("http://127.0.0.1:9"));
    let query = four_weeks();
    drop(sendable(athlete.profile()));
    drop(sendable(athlete.activities(&query)));
    drop(sendable(athlete.wellness(query.oldest, query.newest, &[])));
    drop(sendable(athlete.events(query.oldest, query.newest, &[])));
    let of = ana();
    let Credential::Bearer(token) = &of.credential else {
        panic!("a bearer");
    };
    assert_eq!(token.expose_secret(), TOKEN);
    assert!(!format!("{of:?} {athlete:?}").contains(TOKEN));
}

#[tokio::test]
async fn a_calendar_of_another_athlete_is_refused_and_weeks_of_others_are_left_out() {
    let server = Server::start(|_, seen| {
        json(if seen.line.contains("/events") {
            r#"[{"id":2,"athlete_id":"i1","start_date_local":"2026-11-02"},{"id":1,"athlete_id":"i2"}]"#
        } else {
            r#"[{"date":"2026-11-02","athlete_id":"i2","email":"x@example.test"},{"date":"2026-10-26","athlete_id":"i1"},
                {"date":"2026-11-02","athlete_id":"i1","byCategory":[{"category":"Ride","count":"2"},3]},{"date":"2026-11-02"}]"#
        })
    })
    .await;
    let athlete = handle(&server.base);
    let (from, to) = (day("2026-11-01"), day("2026-11-07"));
    assert!(matches!(
        athlete.calendar(from, to, &[]).await,
        Err(Error::WrongAthlete)
    ));
    let weeks = athlete.weeks(from, to).await.unwrap();
    let days: Vec<_> = weeks.iter().map(|week| week.date.unwrap()).collect();
    assert_eq!(days, [day("2026-11-02"), day("2026-10-26")]);
    assert_eq!(weeks[0].by_category.as_ref().unwrap()[0].count, Some(2.0));
    assert_eq!(athlete.requests(), 2);
    assert!(athlete.calendar(to, from, &[]).await.unwrap().is_empty());
    assert!(athlete.weeks(to, from).await.unwrap().is_empty());
    assert_eq!(
        athlete.requests(),
        2,
        "a range that runs backwards sends no request"
    );
}
