//! What the state of a connection means: usable, to be reconnected, or just refused by upstream.
//!
//! The only place that marks a connection. No tool logic and no HTML.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration as StdDuration,
};

use chrono::{DateTime, Duration, Utc};
use moka::future::Cache;

use super::log_buffer;
use crate::{
    app::App,
    ids::{AccountId, ConnectionId},
    intervals::{self, Credential, Scopes},
    mail::{Address, ConnectionAttention, Mail, outbox},
    queries::{
        accounts,
        connections::{self, Answered, Connection},
    },
    secrets::Place,
    text::names,
    tool_error::ToolError,
    words::{ConnectionKind, ConnectionStatus},
};

/// The time over which refusals are counted together.
const STORM: Duration = Duration::minutes(10);
/// More refused connections than this may be a storm …
const STORM_CONNECTIONS: usize = 5;
/// … if they are more than one in this many of those in use (5 %).
const STORM_SHARE: usize = 20;
/// A connection counts as in use if upstream answered for it within this time.
const IN_USE: Duration = Duration::hours(24);
/// The most refused connections to remember; a storm is far above the threshold by then.
const REMEMBERED: usize = 10_000;
/// How often a connection's row notes that upstream answered.
const NOTED_EVERY: Duration = Duration::minutes(1);

/// Distinguishes a dead token from an upstream that refuses everyone, and lets one caller at a time check a refusal.
pub struct Brake {
    refused: Mutex<VecDeque<(ConnectionId, DateTime<Utc>)>>,
    turns: Cache<AccountId, Arc<tokio::sync::Mutex<()>>>,
}

impl Default for Brake {
    fn default() -> Self {
        Self {
            refused: Mutex::default(),
            turns: Cache::builder()
                .max_capacity(10_000)
                .time_to_idle(StdDuration::from_mins(2))
                .build(),
        }
    }
}

impl Brake {
    /// Notes a refusal and returns how many connections were refused lately, including this one.
    fn note(&self, connection: ConnectionId, now: DateTime<Utc>) -> usize {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        // A time in the future was noted by a clock that was wrong.
        refused.retain(|(id, at)| *id != connection && (Duration::zero()..STORM).contains(&(now - *at)));
        refused.push_back((connection, now));
        if refused.len() > REMEMBERED {
            refused.pop_front();
        }
        refused.len()
    }
}

impl std::fmt::Debug for Brake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Brake")
    }
}

/// Whether this many refusals mean that upstream refuses IcuSync, not single athletes.
fn is_storm(refused: usize, in_use: usize) -> bool {
    refused > STORM_CONNECTIONS && refused.saturating_mul(STORM_SHARE) > in_use
}

/// What a connection of this kind and these scopes may do.
pub fn scopes_of(kind: ConnectionKind, scopes: &[String]) -> Scopes {
    match kind {
        ConnectionKind::ApiKey => Scopes::All,
        ConnectionKind::OAuth => Scopes::Listed(scopes.to_vec()),
    }
}

/// Where a connection's sealed token is stored.
pub const fn token_place(id: ConnectionId) -> Place {
    Place {
        table: "connections",
        row: id.0,
        column: "token_sealed",
    }
}

/// The credential of a usable connection, or what must be done first.
pub fn usable(app: &App, row: &Connection) -> Result<Credential, ToolError> {
    match (row.status, &row.token_sealed) {
        (ConnectionStatus::Connected, Some(sealed)) => {
            let text = app.keys.open_text(token_place(row.id), sealed).map_err(|error| {
                tracing::error!(%error, connection = %row.id, "a connection's token does not open");
                ToolError::Ours(format!(
                    "Not done: IcuSync cannot open its stored connection to intervals.icu. If this keeps happening, the \
                     athlete must reconnect on {}.",
                    app.config.dashboard_url()
                ))
            })?;
            Ok(match row.kind {
                ConnectionKind::ApiKey => Credential::ApiKey(text.into()),
                ConnectionKind::OAuth => Credential::Bearer(text.into()),
            })
        }
        (ConnectionStatus::Reconnect, _) => Err(reconnect(app, row)),
        _ => Err(ToolError::Reconnect(format!(
            "Not done: the intervals.icu account of {} was disconnected from IcuSync. The athlete can reconnect it on {}.",
            names::called(&row.athlete_name, &row.athlete_id),
            app.config.dashboard_url()
        ))),
    }
}

/// For an account that was never connected.
pub fn never(app: &App) -> ToolError {
    ToolError::Reconnect(format!(
        "Not done: intervals.icu is not connected to this IcuSync account yet. Connect it on {}, then try again.",
        app.config.dashboard_url()
    ))
}

/// For a coach whose athlete's account has shown another athlete since the call began. The other athlete is not named:
/// the coach must learn nothing about that athlete.
pub fn replaced() -> ToolError {
    ToolError::Refused(
        "Not done: this athlete's IcuSync account was just connected to another intervals.icu athlete, so the grant is paused \
         until this athlete is connected again. list_athletes shows the state of each grant."
            .to_owned(),
    )
}

/// For a connection whose token upstream refuses.
fn reconnect(app: &App, row: &Connection) -> ToolError {
    ToolError::Reconnect(format!(
        "Not done: intervals.icu no longer accepts the connection of {}. The athlete can reconnect on {}; then try \
         again.",
        names::called(&row.athlete_name, &row.athlete_id),
        app.config.dashboard_url()
    ))
}

/// For the caller if the database does not answer; the cause goes to the log.
pub fn away(error: &sqlx::Error) -> ToolError {
    tracing::error!(%error, "the database does not answer a tool call");
    unreachable()
}

/// For the caller if the database does not answer.
pub(super) fn unreachable() -> ToolError {
    ToolError::Ours("Not done: IcuSync cannot reach its own records now. Try again in a minute.".to_owned())
}

/// Checks a 401: asks upstream once more whose credential it is, and only if that is refused too marks the connection
/// and emails the athlete, each once. Returns the error for the caller.
pub async fn refused(app: &App, account: AccountId) -> ToolError {
    let turn = app.brake.turns.get_with(account, async { Arc::default() }).await;
    // Calls that run at the same time are refused at the same time: the first checks it, the others read what it found.
    let _turn = turn.lock().await;
    match check_refusal(app, account).await {
        Ok(reply) | Err(reply) => reply,
    }
}

async fn check_refusal(app: &App, account: AccountId) -> Result<ToolError, ToolError> {
    let row = connections::of_account(&app.pool, account)
        .await
        .map_err(|error| away(&error))?;
    let row = row.ok_or_else(|| never(app))?;
    let credential = usable(app, &row)?;
    match app.intervals.whoami(&credential).await {
        Err(intervals::Error::Unauthorized) => {}
        // Forbidden: the token still works, SETTINGS was not shared.
        Ok(_) | Err(intervals::Error::Forbidden | intervals::Error::MissingScope(_)) => {
            return Ok(ToolError::Upstream(
                "Not done: intervals.icu refused this request, although it still accepts the connection. Try again.".to_owned(),
            ));
        }
        Err(error) => return Ok(error.into()),
    }
    let now = app.clock.now();
    let refused_here = app.brake.note(row.id, now);
    let counts = connections::marked_and_used(&app.pool, now - STORM, now - IN_USE).await;
    let (marked, in_use) = counts.map_err(|error| away(&error))?;
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    if is_storm(refused_here.max(count(marked) + 1), count(in_use)) {
        metrics::counter!("icusync_refusals_braked_total").increment(1);
        tracing::warn!(
            refused_here,
            marked,
            in_use,
            "intervals.icu refuses many connections: none is marked for now"
        );
        return Ok(ToolError::Upstream(
            "Not done: intervals.icu is refusing IcuSync for many athletes at once. This connection is not the cause: try \
             again in a few minutes."
                .to_owned(),
        ));
    }
    mark(app, &row, now).await.map_err(|error| {
        tracing::error!(%error, connection = %row.id, "cannot mark a refused connection");
        reconnect(app, &row)
    })?;
    Ok(reconnect(app, &row))
}

/// Marks the connection and queues the email in one transaction; does nothing if it was marked or reconnected meanwhile.
async fn mark(app: &App, row: &Connection, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut transaction = app.pool.begin().await?;
    if !connections::mark_reconnect(&mut *transaction, row.id, row.write_number, now).await? {
        return Ok(());
    }
    let account = accounts::by_id(&mut *transaction, row.account_id).await?;
    // Without an address, the dashboard alone says so.
    if let Some(to) = account.as_ref().and_then(Address::of) {
        let mail = Mail::ConnectionAttention(ConnectionAttention {
            athlete: row.athlete_name.as_str().into(),
            dashboard: app.config.dashboard_url(),
        });
        outbox::enqueue(&mut transaction, app, &to, Some(row.account_id), mail).await?;
    }
    transaction.commit().await?;
    metrics::counter!("icusync_connections_marked_total").increment(1);
    tracing::info!(connection = %row.id, "marked a connection that intervals.icu refuses");
    Ok(())
}

/// Notes that upstream answered, at most once a minute for each connection.
pub(super) fn note_success(
    app: &App,
    connection: ConnectionId,
    connected_at: DateTime<Utc>,
    noted_at: Option<DateTime<Utc>>,
) {
    let at = app.clock.now();
    if !noted_at.is_some_and(|noted| (Duration::zero()..NOTED_EVERY).contains(&(at - noted))) {
        log_buffer::note_answer(app, connection, Answered { at, connected_at });
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_storm_is_many_and_a_share() {
        assert!(
            !is_storm(1, 1) && !is_storm(5, 5),
            "few connections are marked one by one"
        );
        assert!(is_storm(6, 6) && is_storm(6, 119));
        assert!(!is_storm(6, 120), "exactly 5 % is not a storm");
        assert!(!is_storm(50, 1_000) && is_storm(51, 1_000));
    }

    #[test]
    fn a_connection_counts_once_and_only_for_ten_minutes() {
        let brake = Brake::default();
        let start: DateTime<Utc> = "2026-11-21T08:00:00Z".parse().unwrap();
        let id = |n| ConnectionId(Uuid::from_u128(n));
        assert_eq!(brake.note(id(1), start), 1);
        assert_eq!(brake.note(id(1), start + Duration::minutes(1)), 1);
        assert_eq!(brake.note(id(2), start + Duration::minutes(9)), 2);
        assert_eq!(
            brake.note(id(3), start + Duration::minutes(11)),
            2,
            "the first one lapsed"
        );
        assert_eq!(
            brake.note(id(4), start - Duration::days(1)),
            1,
            "the clock was set back"
        );
    }
}
