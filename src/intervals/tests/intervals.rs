//! The search for intervals, and the intervals of several activities: requests, and what is refused.

use super::{
    day, handle,
    server::{Server, json},
};
use crate::{
    ids::ActivityId,
    intervals::{Error, IntensityOf, IntervalQuery},
};

fn query() -> IntervalQuery {
    IntervalQuery {
        secs: (431, 529),
        percent: (85, 118),
        of: IntensityOf::Power,
        reps: 2,
        limit: 100,
    }
}

#[tokio::test]
async fn a_search_sends_each_bound_and_reads_only_this_athletes_rows() {
    let body = r#"[{"id":"i1","icu_athlete_id":"i1","start_date_local":"2026-08-18T17:00:00","type":"Ride"},
        {"id":"i2","icu_athlete_id":"i1","start_date_local":"2026-11-18T17:00:00","type":"Ride"},7,{"id":"i3"}]"#;
    let server = Server::always(json(body)).await;
    let handle = handle(&server.base);
    let found = handle.search_intervals(&query()).await.unwrap();
    assert_eq!(
        server.seen()[0].line,
        "GET /api/v1/athlete/i1/activities/interval-search?minSecs=431&maxSecs=529&minIntensity=85&maxIntensity=118&type=POWER&\
         minReps=2&limit=100"
    );
    let ids: Vec<_> = found
        .iter()
        .filter_map(|row| row.activity.id.as_deref())
        .collect();
    assert_eq!(ids, ["i2", "i1"], "newest first, without what could not be read");
    assert_eq!(handle.unread().into_values().sum::<usize>(), 2);
    let foreign = r#"[{"id":"i1","icu_athlete_id":"i2","start_date_local":"2026-08-18T17:00:00"}]"#;
    let server = Server::always(json(foreign)).await;
    let refused = super::handle(&server.base).search_intervals(&query()).await;
    assert_eq!(refused.unwrap_err(), Error::WrongAthlete);
}

#[tokio::test]
async fn several_activities_come_with_their_intervals_and_no_other_athletes() {
    let body = r#"[{"id":"i1","icu_athlete_id":"i1","start_date_local":"2026-08-18T17:00:00","icu_intervals":[{"type":"WORK"},null]},
        {"id":"i2","icu_athlete_id":"i2","start_date_local":"2026-11-18T17:00:00","name":"Another's"},
        {"id":"i3","start_date_local":"2026-11-18T17:00:00"},
        {"id":"i9","icu_athlete_id":"i1","start_date_local":"2026-11-18T17:00:00"}]"#;
    let server = Server::always(json(body)).await;
    let ids: Vec<ActivityId> = ["i1", "i2", "i3"].iter().map(|id| id.parse().unwrap()).collect();
    let found = handle(&server.base)
        .activities_with_intervals(&ids)
        .await
        .unwrap();
    assert_eq!(
        server.seen()[0].line,
        "GET /api/v1/athlete/i1/activities/i1,i2,i3?intervals=true"
    );
    assert_eq!(
        found.len(),
        1,
        "neither another's, nor nobody's, nor one that was not asked for"
    );
    assert_eq!(found[0].icu_intervals.as_ref().map(Vec::len), Some(1));
    // None is no request.
    let none = handle(&server.base).activities_with_intervals(&[]).await.unwrap();
    assert!(none.is_empty() && server.seen().len() == 1);
}

#[tokio::test]
async fn a_range_in_short_is_one_request_whatever_its_length() {
    let body = r#"[{"id":"i1","icu_athlete_id":"i1","start_date_local":"2018-08-18T17:00:00","type":"Ride","moving_time":3600,
        "interval_summary":["3x 12m 223w",7]},
        {"id":"7","icu_athlete_id":"i1","start_date_local":"2019-08-18T17:00:00","source":"STRAVA"}]"#;
    let server = Server::always(json(body)).await;
    let list = handle(&server.base)
        .intervals_in_short(day("2016-11-21"), day("2026-11-21"), 3000)
        .await
        .unwrap();
    let line = server.seen()[0].line.clone();
    assert!(
        line.starts_with("GET /api/v1/athlete/i1/activities?oldest=2016-11-21&newest=2026-11-21&fields=")
            && line.contains("interval_summary")
            && line.ends_with("&limit=3000"),
        "{line}"
    );
    assert!(list[0].is_closed && list[0].summary.is_empty());
    assert_eq!(
        (list[1].summary[0].as_str(), list[1].sport.as_str()),
        ("3x 12m 223w", "Ride")
    );
}
