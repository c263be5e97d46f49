//! Connecting, checking whose a credential is, disconnecting.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::{
    PROFILE, TOKEN, client, client_with, quick,
    server::{Reply, Server, answer, json},
    settings,
};
use crate::intervals::{Credential, Error, ExchangeError, Shared};

fn bearer() -> Credential {
    Credential::Bearer(TOKEN.into())
}

#[tokio::test]
async fn the_consent_page_gets_four_areas_and_is_asked_for_changes_only_where_they_are_wanted() {
    let client = client("https://intervals.icu");
    let to = "https://icusync.example/connect/callback?x=1";
    let reading = client.authorize_url(to, "st&te", Shared::READ).unwrap();
    let scope = "ACTIVITY:READ,WELLNESS:READ,CALENDAR:READ,SETTINGS:READ";
    assert!(
        reading.query_pairs().any(|(_, value)| value == scope),
        "{reading}"
    );
    let url = client.authorize_url(to, "st&te", Shared::WRITE).unwrap();
    assert_eq!(
        (url.host_str(), url.path()),
        (Some("intervals.icu"), "/oauth/authorize")
    );
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        pairs,
        [
            pair("client_id", "17"),
            pair("redirect_uri", "https://icusync.example/connect/callback?x=1"),
            pair(
                "scope",
                "ACTIVITY:WRITE,WELLNESS:WRITE,CALENDAR:WRITE,SETTINGS:WRITE"
            ),
            pair("state", "st&te"),
        ]
    );
    assert!(!url.as_str().contains("app-secret"));
}

#[tokio::test]
async fn without_an_app_there_is_no_consent() {
    let server = Server::always(json("{}")).await;
    let mut settings = settings(&server.base, quick());
    settings.app = None;
    let client = client_with(settings);
    assert!(
        client
            .authorize_url("https://x.example", "s", Shared::WRITE)
            .is_none()
    );
    assert_eq!(
        client.exchange("code").await.unwrap_err(),
        ExchangeError::NotConfigured
    );
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_code_becomes_a_token() {
    let body = r#"{"token_type":"Bearer","access_token":"0123456789abcdef0123456789abcdef",
        "scope":"ACTIVITY:WRITE,SETTINGS:WRITE","athlete":{"id":"2049151","name":"Ana Berger"}}"#;
    let server = Server::always(json(body)).await;
    let connected = client(&server.base).exchange("c&de=1").await.unwrap();
    let Credential::Bearer(token) = &connected.credential else {
        panic!("a bearer");
    };
    assert_eq!(token.expose_secret(), TOKEN);
    assert_eq!(connected.athlete_id.as_str(), "2049151");
    assert_eq!(connected.athlete_name, "Ana Berger");
    assert_eq!(connected.scopes, ["ACTIVITY:WRITE", "SETTINGS:WRITE"]);
    assert!(!format!("{connected:?}").contains(TOKEN));
    let seen = &server.seen()[0];
    assert_eq!(seen.line, "POST /api/oauth/token");
    assert_eq!(seen.body, "client_id=17&client_secret=app-secret&code=c%26de%3D1");
    assert_eq!(
        seen.header("content-type").unwrap(),
        "application/x-www-form-urlencoded"
    );
    assert!(seen.header("authorization").is_none());
}

#[tokio::test]
async fn a_refused_exchange_says_whose_turn_it_is() {
    let code = r#"{"status":404,"error":"Code not found (expired?)"}"#;
    let app = r#"{"status":404,"error":"Client and/or secret not found"}"#;
    let route = r#"{"timestamp":"2026-11-21","status":404,"error":"Not Found","path":"/api/oauth/token"}"#;
    let minute = Duration::from_mins(1);
    for (reply, error) in [
        (answer(404, "", code), ExchangeError::CodeRefused),
        (answer(404, "", app), ExchangeError::ClientRefused),
        (answer(404, "", route), ExchangeError::Unavailable),
        (answer(422, "", "{}"), ExchangeError::CodeRefused),
        (answer(500, "", ""), ExchangeError::Unavailable),
        (
            answer(302, "Location: /login\r\n", ""),
            ExchangeError::Unavailable,
        ),
        (
            answer(429, "Retry-After: 60\r\n", ""),
            ExchangeError::Busy { retry_after: minute },
        ),
        (json("<html>"), ExchangeError::Unavailable),
        (json(r#"{"access_token":"x"}"#), ExchangeError::Unavailable),
        (Reply::Reset(Vec::new()), ExchangeError::Unavailable),
    ] {
        let name = format!("{reply:?}");
        let server = Server::always(reply).await;
        assert_eq!(
            client(&server.base).exchange("code").await.unwrap_err(),
            error,
            "{name}"
        );
        assert_eq!(server.seen().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn whoami_distinguishes_a_dead_credential_from_one_without_settings() {
    let server = Server::always(json(PROFILE)).await;
    let asked = client(&server.base);
    let (id, name) = asked.whoami(&bearer()).await.unwrap();
    assert_eq!((id.as_str(), name.as_str()), ("i1", "Ana"));
    asked.whoami(&Credential::ApiKey("k".into())).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 2, "never from the cache");
    assert_eq!(seen[0].line, "GET /api/v1/athlete/0");
    assert!(seen[1].header("authorization").unwrap().starts_with("Basic "));
    for (reply, error) in [
        (answer(401, "", ""), Error::Unauthorized),
        (
            answer(403, "", r#"{"status":403,"error":"Access denied"}"#),
            Error::Forbidden,
        ),
        (answer(503, "", ""), Error::Unavailable),
        (json(r#"{"id":"../x"}"#), Error::Garbled),
    ] {
        let server = Server::always(reply).await;
        assert_eq!(client(&server.base).whoami(&bearer()).await.unwrap_err(), error);
    }
}

#[tokio::test]
async fn disconnecting_revokes_a_token_and_leaves_a_key_alone() {
    for (status, result) in [
        (200, Ok(())),
        (204, Ok(())),
        (401, Ok(())),
        (500, Err(Error::Unavailable)),
    ] {
        let server = Server::always(answer(status, "", "")).await;
        assert_eq!(client(&server.base).disconnect(&bearer()).await, result);
        let seen = server.seen();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].line, "DELETE /api/v1/disconnect-app");
    }
    let server = Server::always(answer(200, "", "")).await;
    let key = Credential::ApiKey("k".into());
    client(&server.base).disconnect(&key).await.unwrap();
    assert!(server.seen().is_empty());
}
