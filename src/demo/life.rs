//! What the seeded people have done before anybody looks: the first read of each connection, and a few calls by the first
//! athlete and her coach.
//!
//! Nothing is written here that the product would not have written: the reads are those of connecting, and the calls come in by
//! the front door.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use axum::{body::Body, extract::ConnectInfo};
use chrono::{Datelike as _, Days, NaiveDate};
use chrono_tz::Tz;
use http::{Request, header};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt as _;
use url::Url;

use super::seed::{Seeded, SeededCoach};
use crate::{
    app::App,
    guard::{connection::scopes_of, profile},
    ids::AthleteId,
    intervals::{Credential, For},
    mail::Address,
    queries, routes,
};

/// How long one read of the settings may take.
const FIRST_READ: Duration = Duration::from_secs(5);
/// The most of an answer that is read.
const ANSWER_BYTES: usize = 1 << 20;

/// Reads the settings of every connection that was not read yet. If the first athlete's was not, she and her coach also make
/// their calls.
pub async fn live(app: &App, people: &[Seeded], coaches: &[SeededCoach]) -> anyhow::Result<()> {
    let mut is_new = Vec::new();
    for seeded in people {
        let read = first_read(app, seeded).await;
        is_new.push(read.with_context(|| format!("cannot read {}’s settings", seeded.person.name))?);
    }
    match (people.first(), coaches.first(), is_new.first()) {
        (Some(athlete), Some(coach), Some(true)) => calls(app, athlete, coach).await,
        _ => Ok(()),
    }
}

/// The first read of a connection, as after connecting. False if there was one before, or if the connection has ended.
async fn first_read(app: &App, seeded: &Seeded) -> anyhow::Result<bool> {
    let address = Address::parse(seeded.person.email)?;
    let Some(account) = queries::accounts::by_email(&app.pool, &address.key).await? else {
        return Ok(false);
    };
    let row = queries::connections::of_account(&app.pool, account.id).await?;
    let Some(row) = row.filter(|row| row.refreshed_at.is_none() && row.token_sealed.is_some()) else {
        return Ok(false);
    };
    let id: AthleteId = seeded
        .person
        .athlete_id
        .parse()
        .ok()
        .context("not an athlete id")?;
    let athlete = app.intervals.athlete(For {
        connection: row.id,
        write_number: row.write_number,
        athlete: id.clone(),
        credential: Credential::Bearer(SecretString::from(seeded.person.token)),
        scopes: scopes_of(row.kind, &row.scopes),
        caller: account.id.into(),
        is_athlete: true,
        deadline: Instant::now() + FIRST_READ,
    });
    let profile = profile::row_of(&athlete.profile().await?, &id);
    let now = app.clock.now();
    queries::connections::refresh(&app.pool, row.id, id.as_str(), &profile, now).await?;
    queries::connections::note_success(&app.pool, row.id, now).await?;
    Ok(true)
}

/// An evening's questions: the athlete's own, then her coach's, who also plans something.
async fn calls(app: &App, athlete: &Seeded, coach: &SeededCoach) -> anyhow::Result<()> {
    let zone: Tz = athlete.person.timezone.parse()?;
    let today = app.clock.now().with_timezone(&zone).date_naive();
    let id = athlete.person.athlete_id;
    let openers = json!({
        "sport": "Ride", "date": free_day(today), "name": "Openers",
        "text": "Warmup\n- 15m ramp 50-75%\n\nMain set 3x\n- 1m 105-110%\n- 3m 55%\n\nCooldown\n- 10m 55%",
    });
    let asked = [
        (&athlete.link, "get_fitness", json!({})),
        (&athlete.link, "get_training_history", json!({})),
        (&athlete.link, "get_events", json!({})),
        (&coach.link, "list_athletes", json!({})),
        (&coach.link, "get_wellness", json!({"athlete": id})),
        (
            &coach.link,
            "push_workout",
            json!({"athlete": id, "workouts": [openers]}),
        ),
    ];
    for (link, tool, arguments) in asked {
        call(app, link, tool, arguments)
            .await
            .with_context(|| format!("{tool} failed"))?;
    }
    Ok(())
}

/// The next Friday, on which the first athlete's own plan leaves room in winter.
fn free_day(today: NaiveDate) -> NaiveDate {
    let friday = chrono::Weekday::Fri.num_days_from_monday();
    let ahead = (friday + 7 - today.weekday().num_days_from_monday()) % 7;
    today + Days::new(u64::from(if ahead == 0 { 7 } else { ahead }))
}

/// Calls a tool as a client does, by a connector URL.
async fn call(app: &App, link: &str, tool: &str, arguments: Value) -> anyhow::Result<()> {
    let url = Url::parse(link)?;
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments},
    });
    let mut request = Request::post(url.path())
        .header(header::HOST, url.authority())
        .header(header::USER_AGENT, "IcuSync demo")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25")
        .body(Body::from(body.to_string()))?;
    let peer: SocketAddr = (std::net::Ipv4Addr::LOCALHOST, 0).into();
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = routes::service(app.clone()).oneshot(request).await?;
    let status = response.status();
    let answer = axum::body::to_bytes(response.into_body(), ANSWER_BYTES).await?;
    let answer: Value = serde_json::from_slice(&answer).with_context(|| format!("answered with {status}"))?;
    let result = &answer["result"];
    anyhow::ensure!(
        result.is_object() && result["isError"] != true,
        "refused: {}",
        result["content"][0]["text"]
    );
    Ok(())
}
