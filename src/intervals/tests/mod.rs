//! The client against a raw TCP server that can misbehave in every way that HTTP libraries hide.

mod analysis;
mod answers;
mod curves;
mod intervals;
mod oauth;
mod server;
mod wire;
mod writes;

use std::time::Duration;

use chrono::{NaiveDate, TimeZone as _, Utc};
use tokio::time::Instant;
use uuid::Uuid;

use super::{ActivityQuery, Athlete, CallerKey, Client, Credential, For, Limits, OAuthApp, Scopes, Settings};
use crate::{ids::ConnectionId, secrets::Random, time::Clock};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const PROFILE: &str = r#"{"id":"i1","name":"Ana","icu_api_key":"kSECRETk","email":"ana@example.test"}"#;

/// Limits with which a broken server costs only milliseconds.
fn quick() -> Limits {
    Limits {
        total: Duration::from_secs(5),
        backoff: Duration::from_millis(1),
        ..Limits::default()
    }
}

fn settings(base: &str, limits: Limits) -> Settings {
    Settings {
        base: base.parse().unwrap(),
        public_url: "https://icusync.example".parse().unwrap(),
        app: Some(OAuthApp {
            client_id: "17".to_owned(),
            client_secret: "app-secret".into(),
        }),
        per_second: 1000,
        per_day: 1000,
        limits,
    }
}

fn client_with(settings: Settings) -> Client {
    // Another test in this process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock = Clock::fake(Utc.with_ymd_and_hms(2026, 11, 21, 8, 0, 0).unwrap());
    Client::new(settings, clock, Random::seeded([7; 32])).unwrap()
}

fn client(base: &str) -> Client {
    client_with(settings(base, quick()))
}

fn ana() -> For {
    For {
        connection: ConnectionId(Uuid::from_u128(1)),
        write_number: 0,
        athlete: "i1".parse().unwrap(),
        credential: Credential::Bearer(TOKEN.into()),
        scopes: Scopes::All,
        caller: CallerKey(Uuid::from_u128(1)),
        is_athlete: true,
        deadline: Instant::now() + Duration::from_secs(20),
    }
}

fn handle(base: &str) -> Athlete {
    client(base).athlete(ana())
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn four_weeks() -> ActivityQuery {
    ActivityQuery {
        oldest: day("2026-10-25"),
        newest: day("2026-11-21"),
        limit: None,
        fields: &["type", "distance", "id"],
    }
}
