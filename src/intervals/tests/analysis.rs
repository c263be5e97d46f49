//! One activity in detail, its recording, and what belongs to it: requests, and what is refused.

use super::{
    handle,
    server::{Server, answer, json},
};
use crate::{
    ids::ActivityId,
    intervals::{Error, Histogram},
};

fn id() -> ActivityId {
    "i7".parse().unwrap()
}

#[tokio::test]
async fn an_activity_in_detail_is_accepted_only_with_its_owner_and_its_id() {
    let ask = |body: &'static str| async move {
        let server = Server::always(json(body)).await;
        let result = handle(&server.base).activity_detail(&id()).await;
        assert_eq!(server.seen()[0].line, "GET /api/v1/activity/i7?intervals=true");
        result.map(|detail| {
            let laps = detail.icu_intervals.unwrap_or_default();
            (detail.activity.name, detail.lthr, laps.len())
        })
    };
    let good = r#"{"id":"i7","icu_athlete_id":"i1","name":"Long ride","lthr":"171","skyline":1e999,
        "icu_intervals":[{"id":1},null,7,{"id":{}}],"gear":[1],"icu_hrr":"x"}"#;
    assert_eq!(
        ask(good).await,
        Ok((Some("Long ride".to_owned()), Some(171.0), 2))
    );
    let nulls = r#"{"id":"i7","icu_athlete_id":"i1","name":null,"icu_intervals":null,"icu_groups":null}"#;
    assert_eq!(ask(nulls).await, Ok((None, None, 0)));
    let (foreign, nobodys) = (r#"{"id":"i7","icu_athlete_id":"i2"}"#, r#"{"id":"i7"}"#);
    assert_eq!(ask(foreign).await, Err(Error::WrongAthlete));
    assert_eq!(ask(nobodys).await, Err(Error::Ownerless));
    for body in [r#"{"id":"i9","icu_athlete_id":"i1"}"#, "[]", "null"] {
        assert_eq!(ask(body).await, Err(Error::Garbled), "{body}");
    }
}

#[tokio::test]
async fn streams_keep_their_gaps_and_only_requested_ones_are_kept() {
    let body = r#"[{"type":"time","data":[0,1,2.5,"3"]},{"type":"watts","data":[null,0,"x",[1]],"data2":[1]},
        {"type":"MyOwn","data":[1]},{"type":"heartrate","data":null},7,{"type":null,"data":[1]}]"#;
    let server = Server::always(json(body)).await;
    let streams = handle(&server.base)
        .streams(&id(), &["time", "watts", "heartrate"])
        .await
        .unwrap();
    assert_eq!(
        server.seen()[0].line,
        "GET /api/v1/activity/i7/streams.json?types=time%2Cwatts%2Cheartrate"
    );
    let read: Vec<_> = streams
        .iter()
        .map(|stream| (stream.kind.as_deref().unwrap(), stream.data.clone()))
        .collect();
    assert_eq!(
        read,
        [
            ("time", vec![Some(0.0), Some(1.0), Some(2.5), Some(3.0)]),
            ("watts", vec![None, Some(0.0), None, None]),
            ("heartrate", vec![]),
        ]
    );
    for empty in ["[]", "null"] {
        let server = Server::always(json(empty)).await;
        assert_eq!(handle(&server.base).streams(&id(), &["time"]).await, Ok(vec![]));
    }
    let closed = answer(
        422,
        "",
        r#"{"status":422,"error":"Cannot read Strava activities via the API"}"#,
    );
    let server = Server::always(closed).await;
    assert_eq!(
        handle(&server.base).streams(&id(), &["time"]).await,
        Err(Error::Strava)
    );
}

#[tokio::test]
async fn what_belongs_to_an_activity_is_read_leniently() {
    let server = Server::start(|_, seen| {
        json(match seen.line.rsplit('/').next().unwrap() {
            "pace-histogram" => {
                r#"[{"min":150,"max":174,"secs":9},{"start":100,"secs":"4"},{"min":null,"secs":1},null]"#
            }
            "messages" => {
                r#"[{"created":"2026-11-18T18:30:12.101+00:00","content":"b"},{"content":"gone","deleted":"2026-11-18"},
                {"content":"gone too","deleted_by_id":"i2"},{"created":"2026-11-17T18:30:12Z","content":"a"}]"#
            }
            "weather-summary" => r#"{"average_weather_temp":"5.8","description":7}"#,
            _ => r#"{"id":130,"athlete_id":"i1","name":"Plan"}"#,
        })
    })
    .await;
    let athlete = handle(&server.base);
    let bars = athlete.histogram(&id(), Histogram::Pace).await.unwrap();
    let bars: Vec<_> = bars.iter().map(|bar| (bar.min, bar.secs)).collect();
    assert_eq!(bars, [(Some(100.0), Some(4.0)), (Some(150.0), Some(9.0))]);
    let comments = athlete.comments(&id()).await.unwrap();
    let words: Vec<_> = comments
        .iter()
        .filter_map(|comment| comment.content.as_deref())
        .collect();
    assert_eq!(words, ["a", "b"]);
    assert_eq!(
        athlete.weather(&id()).await.unwrap().average_weather_temp,
        Some(5.8)
    );
    assert_eq!(athlete.event(130).await.unwrap().name.as_deref(), Some("Plan"));
    assert_eq!(athlete.event(131).await.err(), Some(Error::Garbled));
    let lines: Vec<String> = server.seen().iter().map(|seen| seen.line.clone()).collect();
    assert_eq!(
        lines,
        [
            "GET /api/v1/activity/i7/pace-histogram",
            "GET /api/v1/activity/i7/messages",
            "GET /api/v1/activity/i7/weather-summary",
            "GET /api/v1/athlete/i1/events/130",
            "GET /api/v1/athlete/i1/events/131",
        ]
    );
    let server = Server::always(json(r#"{"id":130,"athlete_id":"i2"}"#)).await;
    let refused = handle(&server.base).event(130).await.err();
    assert_eq!(refused, Some(Error::WrongAthlete));
}

#[tokio::test]
async fn extended_rows_are_one_request_and_only_this_athletes() {
    let ask = |body: &'static str| async move {
        let server = Server::always(json(body)).await;
        let result = handle(&server.base)
            .extended_activities(
                super::day("2026-11-01"),
                super::day("2026-11-21"),
                1000,
                &["decoupling", "id"],
            )
            .await;
        assert_eq!(
            server.seen()[0].line,
            "GET /api/v1/athlete/i1/activities?oldest=2026-11-01&newest=2026-11-21\
             &fields=decoupling%2Cicu_athlete_id%2Cid%2Csource%2Cstart_date_local&limit=1000"
        );
        result.map(|rows| {
            let figures =
                |row: crate::intervals::model::ActivityDetail| (row.activity.id, row.average_stance_time);
            rows.into_iter().map(figures).collect::<Vec<_>>()
        })
    };
    let rows = r#"[{"id":"a","start_date_local":"2026-11-02T08:00:00","average_stance_time":"243.5"},7,
        {"id":"b","icu_athlete_id":"i1","start_date_local":"2026-11-03T08:00:00","average_stance_time":[1]},{"type":"Run"}]"#;
    assert_eq!(
        ask(rows).await,
        Ok(vec![
            (Some("b".to_owned()), None),
            (Some("a".to_owned()), Some(243.5))
        ])
    );
    assert_eq!(ask("[]").await, Ok(vec![]));
    assert_eq!(
        ask(r#"[{"id":"a","icu_athlete_id":"i2"}]"#).await,
        Err(Error::WrongAthlete)
    );
    for body in ["[1,2]", "{}", "null"] {
        assert_eq!(ask(body).await, Err(Error::Garbled), "{body}");
    }
}
