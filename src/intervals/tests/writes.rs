//! Changes of the calendar: what is sent, sent once, and what each way of failing says about whether it happened.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{net::TcpListener, time::Instant};

use super::{
    ana, client, client_with, day, handle, quick,
    server::{Reply, Server, answer, head, json as ok},
    settings,
};
use crate::intervals::{Area, Athlete, Error, Limits, Scopes, model::EntryFields};

fn entry(value: Value) -> EntryFields {
    serde_json::from_value(value).unwrap()
}

fn ride() -> EntryFields {
    entry(json!({
        "category": "WORKOUT", "type": "Ride", "name": "Tempo", "external_id": "k1", "moving_time": 3600.0,
        "distance": 1500.5, "indoor": true, "start_date_local": "2026-12-03T00:00:00.250",
        "workout_doc": {"steps": []}, "uid": "u", "id": 7,
    }))
}

/// The errors of all four changes.
async fn changes(athlete: &Athlete) -> [Result<(), Error>; 4] {
    [
        athlete.push_events(&[ride()]).await,
        athlete.change_event(7, &ride()).await,
        athlete.delete_event(7, day("2026-12-01")).await,
        athlete.delete_events(&[7, 8]).await,
    ]
}

/// Every change meets this reply, ends in `error`, and is sent exactly once.
async fn each_ends_in(reply: Reply, limits: Limits, error: Error) {
    let name = format!("{reply:?}");
    let server = Server::always(reply).await;
    let athlete = client_with(settings(&server.base, limits)).athlete(ana());
    for result in changes(&athlete).await {
        assert_eq!(result, Err(error.clone()), "{name}");
    }
    assert_eq!((athlete.requests(), server.seen().len()), (4, 4), "{name}");
}

#[tokio::test]
async fn a_change_sends_the_closed_set_and_nothing_else() {
    let server = Server::start(|_, seen| match seen.line.split(' ').next() {
        Some("POST") => ok(r#"[{"id":7,"athlete_id":"i1"}]"#),
        _ => ok(r#"{"id":7,"athlete_id":"i1"}"#),
    })
    .await;
    for result in changes(&handle(&server.base)).await {
        assert_eq!(result, Ok(()));
    }
    let seen = server.seen();
    let lines: Vec<_> = seen.iter().map(|seen| seen.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "POST /api/v1/athlete/i1/events/bulk?upsert=true",
            "PUT /api/v1/athlete/i1/events/7",
            "DELETE /api/v1/athlete/i1/events/7?notBefore=2026-12-01",
            "PUT /api/v1/athlete/i1/events/bulk-delete",
        ]
    );
    // As text, because 3600 and 3600.0 are equal as JSON.
    let whole = r#""moving_time":3600,"#;
    assert!(seen[0].body.contains(whole) && seen[1].body.contains(whole));
    let fields = json!({
        "category": "WORKOUT", "type": "Ride", "name": "Tempo", "external_id": "k1", "moving_time": 3600,
        "distance": 1500.5, "indoor": true, "start_date_local": "2026-12-03T00:00:00",
    });
    let sent = |at: usize| serde_json::from_str::<Value>(&seen[at].body).unwrap();
    assert_eq!(sent(0), json!([fields]));
    assert_eq!(sent(1), fields);
    assert_eq!(seen[2].body, "");
    assert_eq!(sent(3), json!([{"id": 7}, {"id": 8}]));
    for at in [0, 1, 3] {
        assert_eq!(
            seen[at].header("content-type").as_deref(),
            Some("application/json")
        );
    }
}

#[tokio::test]
async fn a_refusal_keeps_its_own_error_and_is_not_repeated() {
    let busy = |seconds| Error::Busy {
        retry_after: Duration::from_secs(seconds),
    };
    for (status, headers, body, error) in [
        (401, "", "", Error::Unauthorized),
        (403, "", r#"{"status":403}"#, Error::Forbidden),
        (403, "", "error code: 1010", Error::Unavailable),
        (404, "", "", Error::NotFound),
        (400, "", "", Error::Rejected),
        (422, "", r#"{"status":422}"#, Error::Rejected),
        (429, "Retry-After: 0\r\n", "", busy(0)),
        (429, "", "", busy(30)),
        (302, "Location: /elsewhere\r\n", "", Error::Unavailable),
    ] {
        each_ends_in(answer(status, headers, body), quick(), error).await;
    }
}

#[tokio::test]
async fn a_change_without_a_known_answer_is_unanswered_and_not_repeated() {
    for status in [500, 501, 502, 503, 504, 520] {
        each_ends_in(
            answer(status, "Retry-After: 0\r\n", ""),
            quick(),
            Error::Unanswered,
        )
        .await;
    }
    for reply in [
        Reply::Reset(Vec::new()),
        Reply::Bytes(Vec::new()),
        Reply::Bytes(b"nonsense\r\n\r\n".to_vec()),
        Reply::Reset(head(200, "Content-Length: 1000\r\n")),
        Reply::Bytes(head(200, "Content-Length: 1000\r\n")),
        Reply::Bytes(head(200, "Content-Length: 99999999\r\n")),
        Reply::Endless(head(200, "")),
        answer(200, "Content-Encoding: gzip\r\n", "no gzip"),
    ] {
        each_ends_in(reply, quick(), Error::Unanswered).await;
    }
    for slow in [Reply::Silent, Reply::Drip(head(200, ""))] {
        let limits = Limits {
            total: Duration::from_millis(80),
            ..quick()
        };
        each_ends_in(slow, limits, Error::Unanswered).await;
    }
}

#[tokio::test]
async fn an_unreadable_success_is_unanswered() {
    for body in ["", "<html>", "{", r#""7""#, "null"] {
        let server = Server::always(ok(body)).await;
        let athlete = handle(&server.base);
        let [pushed, changed, _, deleted] = changes(&athlete).await;
        for result in [pushed, changed, deleted] {
            assert_eq!(result, Err(Error::Unanswered), "{body}");
        }
        assert_eq!(server.seen().len(), 4);
    }
}

#[tokio::test]
async fn an_answer_about_another_athlete_is_unanswered() {
    let server = Server::start(|_, seen| match seen.line.split(' ').next() {
        Some("POST") => ok(r#"[{"id":7,"athlete_id":"i1"},{"id":8,"athlete_id":"i2"}]"#),
        _ => ok(r#"{"id":7,"athlete_id":"i2"}"#),
    })
    .await;
    let athlete = handle(&server.base);
    assert_eq!(athlete.push_events(&[ride()]).await, Err(Error::Unanswered));
    assert_eq!(athlete.change_event(7, &ride()).await, Err(Error::Unanswered));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn bulk_deletion_is_answered_by_a_number_or_an_object() {
    for body in ["2", r#"{"eventsDeleted":2}"#] {
        let server = Server::always(ok(body)).await;
        assert_eq!(
            handle(&server.base).delete_events(&[7, 8]).await,
            Ok(()),
            "{body}"
        );
    }
}

#[tokio::test]
async fn what_never_left_is_not_unanswered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for result in changes(&handle(&base)).await {
        assert_eq!(result, Err(Error::Unavailable));
    }

    let server = Server::always(ok("{}")).await;
    let mut of = ana();
    of.deadline = Instant::now();
    for result in changes(&client(&server.base).athlete(of)).await {
        assert_eq!(result, Err(Error::TimedOut));
    }
    for (scopes, error) in [
        (
            &["CALENDAR:READ", "ACTIVITY:WRITE"][..],
            Error::ReadOnly(Area::Calendar),
        ),
        (&[], Error::MissingScope(Area::Calendar)),
    ] {
        let mut of = ana();
        of.scopes = Scopes::Listed(scopes.iter().map(|&scope| scope.to_owned()).collect());
        for result in changes(&client(&server.base).athlete(of)).await {
            assert_eq!(result, Err(error.clone()));
        }
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn entries_are_read_anew_after_a_write_and_only_of_this_athlete() {
    let server = Server::start(|number, seen| {
        let row = format!(
            r#"{{"id":7,"athlete_id":"i1","name":"{number}","start_date_local":"2026-12-03T00:00:00","workout_doc":{{}}}}"#
        );
        match seen.line.as_str() {
            line if line.ends_with("/events/7") => ok(&row),
            line if line.ends_with("/events/8") => ok(&row),
            line if line.ends_with("/events/9") => ok(r#"{"id":9,"athlete_id":"i2"}"#),
            _ => ok(&format!("[{row}]")),
        }
    })
    .await;
    let athlete = handle(&server.base);
    let name = |held: crate::intervals::model::Held| held.fields.name.unwrap();
    assert_eq!(name(athlete.held(7).await.unwrap()), "0");
    assert_eq!(name(athlete.held(7).await.unwrap()), "0");
    let later = athlete.reading_after(1);
    assert_eq!(name(later.held(7).await.unwrap()), "1");
    let (from, to) = (day("2026-12-03"), day("2026-12-04"));
    let listed = later.held_on(from, to).await.unwrap();
    assert_eq!((listed.len(), listed[0].id), (1, 7));
    assert_eq!(listed[0].fields.names(), ["start_date_local", "name"]);
    assert_eq!(
        server.seen().last().unwrap().line,
        "GET /api/v1/athlete/i1/events?oldest=2026-12-03&newest=2026-12-04&resolve=true"
    );
    assert!(later.held_on(to, from).await.unwrap().is_empty());
    assert_eq!(later.held(8).await.unwrap_err(), Error::Garbled);
    assert_eq!(later.held(9).await.unwrap_err(), Error::WrongAthlete);
    assert_eq!(athlete.requests(), 5);
}
