//! What the state of a connection means: usable, to be connected anew, or refused by upstream just now.
//!
//! The one place that marks a connection. No tool logic and no HTML.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration as StdDuration,
};

use chrono::{DateTime, Duration, Utc};
use moka::future::Cache;

use crate::{
    app::App,
    ids::{AccountId, ConnectionId},
    intervals::{self, Credential, Scopes},
    mail::{Address, ConnectionAttention, Mail, outbox},
    queries::{
        accounts,
        connections::{self, Connection},
    },
    secrets::Place,
    text::names,
    tool_error::ToolError,
    words::{ConnectionKind, ConnectionStatus},
};

/// Over which time refusals are counted together.
const STORM: Duration = Duration::minutes(10);
/// More than so many refused connections may be a storm …
const STORM_CONNECTIONS: usize = 5;
/// … when they are more than one in so many of those in use (5 %).
const STORM_SHARE: usize = 20;
/// A connection counts as in use when upstream answered for it this lately.
const IN_USE: Duration = Duration::hours(24);
/// Refused connections remembered at most; a storm is long over the threshold by then.
const REMEMBERED: usize = 10_000;
/// How often a connection's row hears that upstream answered.
const NOTED_EVERY: Duration = Duration::minutes(1);

/// Tells a dead token from an upstream that refuses everybody, and lets one caller at a time look into a refusal.
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
    /// Notes a refusal and tells how many connections were refused lately, this one included.
    fn note(&self, connection: ConnectionId, now: DateTime<Utc>) -> usize {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        // Times to come were noted by a clock that was wrong.
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

/// Whether so many refusals mean that upstream refuses us, not single athletes.
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

/// Where a connection's sealed token stands.
pub const fn token_place(id: ConnectionId) -> Place {
    Place {
        table: "connections",
        row: id.0,
        column: "token_sealed",
    }
}

/// The credential of a connection that can be used, or what must be done first.
pub fn usable(app: &App, row: &Connection) -> Result<Credential, ToolError> {
    match (row.status, &row.token_sealed) {
        (ConnectionStatus::Connected, Some(sealed)) => {
            let text = app.keys.open_text(token_place(row.id), sealed).map_err(|error| {
                tracing::error!(%error, connection = %row.id, "a connection's token does not open");
                ToolError::Ours(format!(
                    "Not done: IcuSync cannot open the stored access to intervals.icu. If this stays so, the athlete must connect \
                     again on {}.",
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
            "Not done: the intervals.icu account of {} was disconnected from IcuSync. The athlete can connect it again on {}.",
            names::called(&row.athlete_name, &row.athlete_id),
            app.config.dashboard_url()
        ))),
    }
}

/// For an athlete who never connected.
pub fn never(app: &App) -> ToolError {
    ToolError::Reconnect(format!(
        "Not done: intervals.icu is not connected to this IcuSync account yet. Connect it on {}, then ask again.",
        app.config.dashboard_url()
    ))
}

/// For a coach whose athlete's account has shown another athlete since the call began. The other one is not named: nothing of
/// that athlete is the coach's to know.
pub fn replaced() -> ToolError {
    ToolError::Refused(
        "Not done: this athlete's IcuSync account was just connected to another intervals.icu athlete, so what was granted is \
         asleep until this one is connected again. list_athletes says how things stand."
            .to_owned(),
    )
}

/// For a connection whose token upstream refuses.
fn reconnect(app: &App, row: &Connection) -> ToolError {
    ToolError::Reconnect(format!(
        "Not done: intervals.icu no longer accepts the connection of {}. The athlete can connect again on {}; then ask \
         again.",
        names::called(&row.athlete_name, &row.athlete_id),
        app.config.dashboard_url()
    ))
}

/// For the caller when our own database does not answer; the cause goes to the log.
pub fn away(error: &sqlx::Error) -> ToolError {
    tracing::error!(%error, "the database does not answer a tool call");
    ToolError::Ours(
        "Not done: IcuSync cannot reach its own records for the moment. Ask again in a minute.".to_owned(),
    )
}

/// Looks into a 401: asks once more, whose credential it is, and only then marks the connection and mails the athlete,
/// both once. Answers what to tell the caller.
pub async fn refused(app: &App, account: AccountId) -> ToolError {
    let turn = app.brake.turns.get_with(account, async { Arc::default() }).await;
    // Calls that run at once are refused at once: the first looks into it, the others read what it found.
    let _turn = turn.lock().await;
    match look_into(app, account).await {
        Ok(said) | Err(said) => said,
    }
}

async fn look_into(app: &App, account: AccountId) -> Result<ToolError, ToolError> {
    let row = connections::of_account(&app.pool, account)
        .await
        .map_err(|error| away(&error))?;
    let row = row.ok_or_else(|| never(app))?;
    let credential = usable(app, &row)?;
    match app.intervals.whoami(&credential).await {
        Err(intervals::Error::Unauthorized) => {}
        // Forbidden: the token lives, SETTINGS was left unticked.
        Ok(_) | Err(intervals::Error::Forbidden | intervals::Error::MissingScope(_)) => {
            return Ok(ToolError::Upstream(
                "Not done: intervals.icu refused this request, although it still accepts the connection. Ask again.".to_owned(),
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
            "Not done: intervals.icu refuses IcuSync for now, for many athletes at once. This connection is not to blame: ask \
             again in some minutes."
                .to_owned(),
        ));
    }
    mark(app, &row, now).await.map_err(|error| {
        tracing::error!(%error, connection = %row.id, "cannot mark a refused connection");
        reconnect(app, &row)
    })?;
    Ok(reconnect(app, &row))
}

/// Marks the connection and queues the mail in one transaction; does nothing when it was marked or renewed meanwhile.
async fn mark(app: &App, row: &Connection, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut transaction = app.pool.begin().await?;
    if !connections::mark_reconnect(&mut *transaction, row.id, row.write_number, now).await? {
        return Ok(());
    }
    if let Some(account) = accounts::by_id(&mut *transaction, row.account_id).await? {
        let to = Address::stored(&account.email, &account.email_key);
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
pub async fn note_success(
    app: &App,
    connection: ConnectionId,
    noted_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    let now = app.clock.now();
    if noted_at.is_some_and(|at| (Duration::zero()..NOTED_EVERY).contains(&(now - at))) {
        return Ok(());
    }
    connections::note_success(&app.pool, connection, now).await
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
        assert!(!is_storm(6, 120), "5 % exactly is no storm");
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
