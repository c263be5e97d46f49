//! Hard cases 104 to 109: statuses, retries, broken and endless answers, each bounded in time and memory.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    PROFILE, TOKEN, ana, client, client_with, handle, quick,
    server::{Reply, Server, answer, answer_bytes, head, json},
    settings,
};
use crate::intervals::{Area, Credential, Error, Limits, Scopes};

/// The error of a profile with this reply, and how many requests it took.
async fn from(reply: Reply) -> (Option<Error>, usize) {
    let server = Server::always(reply).await;
    let athlete = handle(&server.base);
    let error = athlete.profile().await.err();
    let sent = server.seen().len();
    assert_eq!(athlete.requests() as usize, sent);
    (error, sent)
}

#[tokio::test]
async fn each_status_has_its_meaning() {
    let denied = r#"{"status":403,"error":"Access denied"}"#;
    let strava = r#"{"status":422,"error":"Cannot read Strava activities via the API"}"#;
    for (status, body, error, sent) in [
        (401, "", Error::Unauthorized, 1),
        (403, denied, Error::Forbidden, 1),
        (403, "error code: 1010", Error::Unavailable, 1),
        (404, "", Error::NotFound, 1),
        (405, "", Error::Rejected, 1),
        (400, "", Error::Rejected, 1),
        (
            422,
            r#"{"status":422,"error":"Missing type"}"#,
            Error::Rejected,
            1,
        ),
        (422, strava, Error::Strava, 1),
        (500, "org.springframework.web.X", Error::Unavailable, 3),
        (502, "<html>", Error::Unavailable, 3),
        (503, "", Error::Unavailable, 3),
        (504, "", Error::Unavailable, 3),
        (501, "", Error::Unavailable, 1),
        (302, "", Error::Unavailable, 1),
    ] {
        assert_eq!(
            from(answer(status, "", body)).await,
            (Some(error), sent),
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn a_missing_scope_is_not_even_requested() {
    let server = Server::always(json("[]")).await;
    let mut of = ana();
    of.scopes = Scopes::Listed(vec!["ACTIVITY:WRITE".to_owned()]);
    let athlete = client(&server.base).athlete(of);
    assert_eq!(
        athlete.profile().await.unwrap_err(),
        Error::MissingScope(Area::Settings)
    );
    let (from, to) = (super::day("2026-11-01"), super::day("2026-11-07"));
    assert_eq!(
        athlete.wellness(from, to, &[]).await.unwrap_err(),
        Error::MissingScope(Area::Wellness)
    );
    assert_eq!(
        athlete.events(from, to, &[]).await.unwrap_err(),
        Error::MissingScope(Area::Calendar)
    );
    assert!(server.seen().is_empty());
    assert!(athlete.activities(&super::four_weeks()).await.unwrap().is_empty());
}

#[tokio::test]
async fn temporary_failures_are_tried_again() {
    for first in [
        answer(503, "", ""),
        answer(429, "Retry-After: 0\r\n", ""),
        answer(429, "Retry-After: Sat, 21 Nov 2026 07:59:00 GMT\r\n", ""),
        answer(429, "", ""),
        answer(429, "Retry-After: soon\r\n", ""),
        Reply::Reset(Vec::new()),
        Reply::Reset(head(200, "Content-Length: 1000\r\n")),
        Reply::Bytes(head(200, "Content-Length: 1000\r\n")),
        Reply::Bytes(b"nonsense\r\n\r\n".to_vec()),
    ] {
        let name = format!("{first:?}");
        let server = Server::start(
            move |number, _| {
                if number == 0 { first.clone() } else { json(PROFILE) }
            },
        )
        .await;
        let athlete = handle(&server.base);
        assert!(athlete.profile().await.is_ok(), "{name}");
        assert_eq!((athlete.requests(), server.seen().len()), (2, 2), "{name}");
    }
}

/// Hard case 105.
#[tokio::test]
async fn retry_after_is_honoured_only_within_the_deadline() {
    let begun = Instant::now();
    for (header, at_least, at_most) in [
        ("Retry-After: 37\r\n", 37, 37),
        ("Retry-After: 864000\r\n", 86_400, 86_400),
        ("Retry-After: Tue, 01 Dec 2026 08:00:00 GMT\r\n", 86_400, 86_400),
    ] {
        let (error, sent) = from(answer(429, header, "")).await;
        let Some(Error::Busy { retry_after }) = error else {
            panic!("{error:?}");
        };
        assert!(
            (at_least..=at_most).contains(&retry_after.as_secs()),
            "{retry_after:?}"
        );
        assert_eq!(sent, 1);
    }
    let (error, sent) = from(answer(429, "", "")).await;
    assert!(matches!(error, Some(Error::Busy { .. })));
    assert_eq!(sent, 3);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_named_wait_is_respected() {
    let server = Server::start(|number, _| {
        if number == 0 {
            answer(429, "Retry-After: 1\r\n", "")
        } else {
            json(PROFILE)
        }
    })
    .await;
    let begun = Instant::now();
    handle(&server.base).profile().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

/// Hard case 106.
#[tokio::test]
async fn writes_are_never_sent_twice() {
    for reply in [
        answer(503, "", ""),
        answer(500, "", ""),
        answer(429, "Retry-After: 0\r\n", ""),
        Reply::Reset(Vec::new()),
    ] {
        let server = Server::always(reply).await;
        let client = client(&server.base);
        assert!(
            client
                .disconnect(&Credential::Bearer(TOKEN.into()))
                .await
                .is_err()
        );
        assert_eq!(server.seen().len(), 1);
        assert!(client.exchange("code").await.is_err());
        assert_eq!(server.seen().len(), 2);
    }
}

/// Hard case 107: refused, no TLS, no such host.
#[tokio::test]
async fn an_unreachable_upstream_ends_in_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(handle(&refused).profile().await.unwrap_err(), Error::Unavailable);

    let rude = Server::rude().await;
    let no_tls = rude.base.replace("http://", "https://");
    assert_eq!(handle(&no_tls).profile().await.unwrap_err(), Error::Unavailable);

    let begun = Instant::now();
    let mut of = ana();
    of.deadline = begun + Duration::from_secs(2);
    let nowhere = client("https://intervals.invalid").athlete(of).profile().await;
    assert!(matches!(nowhere, Err(Error::Unavailable | Error::TimedOut)));
    assert!(begun.elapsed() < Duration::from_secs(4));
}

/// Hard case 107.
#[tokio::test]
async fn silent_and_dripping_answers_end_with_the_request_or_the_call() {
    for reply in [
        Reply::Silent,
        Reply::Drip(head(200, "Content-Length: 100000\r\n")),
        Reply::Drip(b"HTTP/1.1 200 OK\r\nX-Slow:".to_vec()),
        Reply::Drip(head(403, "Content-Length: 100000\r\n")),
    ] {
        let name = format!("{reply:?}");
        let server = Server::always(reply).await;
        let begun = Instant::now();

        let limits = Limits {
            total: Duration::from_millis(150),
            ..quick()
        };
        let athlete = client_with(settings(&server.base, limits)).athlete(ana());
        assert_eq!(athlete.profile().await.unwrap_err(), Error::TimedOut, "{name}");

        let mut of = ana();
        of.deadline = Instant::now() + Duration::from_millis(150);
        let athlete = client(&server.base).athlete(of);
        assert_eq!(athlete.profile().await.unwrap_err(), Error::TimedOut, "{name}");
        assert_eq!(server.seen().len(), 2, "{name}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{name}");
    }
}

#[tokio::test]
async fn after_the_deadline_nothing_is_sent() {
    let server = Server::always(json(PROFILE)).await;
    let mut of = ana();
    of.deadline = Instant::now();
    let athlete = client(&server.base).athlete(of);
    assert_eq!(athlete.profile().await.unwrap_err(), Error::TimedOut);
    assert!(server.seen().is_empty());
}

/// Hard case 108.
#[tokio::test]
async fn unreadable_answers_are_told_from_pages_and_from_too_much() {
    let deep = format!("{{\"id\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    for body in ["null", "[]", r#"{"id":"i1""#, "\u{feff}{}"] {
        assert_eq!(from(json(body)).await, (Some(Error::Garbled), 1), "{body}");
    }
    for body in ["", " \n", "<html>login</html>"] {
        assert_eq!(from(json(body)).await, (Some(Error::Unavailable), 1), "{body}");
    }
    // Depth is harmless where a scalar is expected; the answer then names no athlete.
    assert_eq!(from(json(&deep)).await.1, 1);
    let announced = Reply::Bytes(head(200, "Content-Length: 209715200\r\n"));
    assert_eq!(from(announced).await, (Some(Error::TooLarge), 1));
    let endless = Reply::Endless(head(200, ""));
    assert_eq!(from(endless).await, (Some(Error::TooLarge), 1));
    let no_gzip = answer(200, "Content-Encoding: gzip\r\n", "this is no gzip");
    assert_eq!(from(no_gzip).await, (Some(Error::Garbled), 1));
}

/// `length` blanks (a multiple of 258, plus one) as gzip: one literal, then matches of 258 bytes at distance 1, in the
/// fixed Huffman code of RFC 1951. There is no checksum, because no reader gets that far.
fn gzip_bomb(length: usize) -> Vec<u8> {
    let mut bits = Vec::new();
    let mut push = |value: u32, count: u32| (0..count).for_each(|bit| bits.push((value >> bit) & 1 == 1));
    push(0b011, 3);
    // Huffman codes have their highest bit first: ' ' is 0x50, length 258 is 1100_0101, distance 1 is 00000.
    push(0x50_u32.reverse_bits() >> 24, 8);
    for _ in 0..length / 258 {
        push(0b1100_0101_u32.reverse_bits() >> 24, 8);
        push(0, 5);
    }
    push(0, 7);
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    out.extend(bits.chunks(8).map(|byte| {
        byte.iter()
            .enumerate()
            .fold(0_u8, |out, (at, bit)| out | (u8::from(*bit) << at))
    }));
    out
}

/// Hard case 108.
#[tokio::test]
async fn a_gzip_bomb_is_counted_after_decompression() {
    let bomb = gzip_bomb(100 * 1024 * 1024);
    assert!(bomb.len() < 700_000);
    let (error, sent) = from(answer_bytes(200, "Content-Encoding: gzip\r\n", &bomb)).await;
    assert_eq!((error, sent), (Some(Error::TooLarge), 1));
    // Only the beginning of an error's body is read.
    let (error, sent) = from(answer_bytes(403, "Content-Encoding: gzip\r\n", &bomb)).await;
    assert_eq!((error, sent), (Some(Error::Unavailable), 1));
}

/// Hard case 109.
#[tokio::test]
async fn a_redirect_is_not_followed_and_carries_nothing_away() {
    let elsewhere = Server::always(json(PROFILE)).await;
    let location = format!("Location: {}/api/v1/athlete/i1\r\n", elsewhere.base);
    for status in [301, 302, 303, 307, 308] {
        let server = Server::always(answer(status, &location, "")).await;
        assert_eq!(
            handle(&server.base).profile().await.unwrap_err(),
            Error::Unavailable
        );
        assert_eq!(server.seen().len(), 1);
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn the_budget_follows_the_headers() {
    let server = Server::always(answer(
        200,
        "X-RateLimit-Limit: 2500,8000\r\nX-RateLimit-Remaining: 0,4000\r\n",
        PROFILE,
    ))
    .await;
    let client = client(&server.base);
    client.athlete(ana()).profile().await.unwrap();
    let mut jack = ana();
    jack.connection.0 = uuid::Uuid::from_u128(2);
    let busy = client.athlete(jack).profile().await.unwrap_err();
    assert!(matches!(busy, Error::Busy { .. }));
    assert_eq!(server.seen().len(), 1);
    // A kept answer is still returned.
    client.athlete(ana()).profile().await.unwrap();
    // An API key has its own counters.
    let mut key = ana();
    key.connection.0 = uuid::Uuid::from_u128(3);
    key.credential = Credential::ApiKey("k".into());
    client.athlete(key).profile().await.unwrap();
}

/// Hard case 110: our own words never quote upstream.
#[tokio::test]
async fn neither_logs_nor_metrics_quote_upstream_or_name_anyone() {
    let logs = Logs::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer({
            let logs = logs.clone();
            move || logs.clone()
        })
        .with_max_level(tracing::Level::TRACE)
        .finish();
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _subscribed = tracing::subscriber::set_default(subscriber);
    // With a single subscriber, another test's thread that comes first to a log line would switch it off for this one too.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _recorded = metrics::set_default_local_recorder(&recorder);
    for reply in [
        json(PROFILE),
        json(r#"{"id":"i2","name":"QUOTED"}"#),
        json("QUOTED"),
        answer(401, "", "QUOTED"),
        answer(403, "", "QUOTED"),
        answer(403, "", r#"{"error":"QUOTED"}"#),
        answer(422, "", r#"{"error":"QUOTED"}"#),
        answer(500, "", "QUOTED"),
        answer(302, "Location: https://QUOTED.example\r\n", ""),
        answer(429, "Retry-After: 99\r\n", "QUOTED"),
        Reply::Bytes(b"QUOTED\r\n\r\n".to_vec()),
        Reply::Reset(head(200, "Content-Length: 10\r\nX: QUOTED\r\n")),
        answer(200, "Content-Encoding: gzip\r\n", "QUOTED"),
    ] {
        let _ = from(reply).await;
    }
    let rude = Server::rude().await;
    let no_tls = rude.base.replace("http://", "https://");
    assert!(handle(&no_tls).profile().await.is_err());
    let (logs, metrics) = (logs.text(), metrics.render());
    for outcome in [
        "ok",
        "wrong_athlete",
        "garbled",
        "unauthorized",
        "edge_blocked",
        "forbidden",
        "rejected",
        "server_error",
        "redirected",
        "limited",
        "broken",
    ] {
        let line = format!(r#"icusync_upstream_requests_total{{endpoint="athlete",outcome="{outcome}"}}"#);
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    assert!(metrics.contains("icusync_upstream_seconds"));
    assert!(logs.contains("blocked at the edge"));
    for (kind, text) in [("logs", &logs), ("metrics", &metrics)] {
        for secret in [
            "QUOTED",
            TOKEN,
            "kSECRETk",
            "/athlete/i",
            "\"i1\"",
            "example.test",
        ] {
            assert!(!text.contains(secret), "{secret} in {kind}: {text}");
        }
    }
}

/// Collects what is logged on this thread.
#[derive(Clone, Default)]
struct Logs(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Logs {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl std::io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
