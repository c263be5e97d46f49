//! Every SQL statement of the service: one file per group of tables, one function per question, the executor first.
//!
//! No decisions here, no HTTP, no clock: times come in as parameters. Transactions begin in the handlers.

pub mod accounts;
pub mod activity_log;
pub mod callers;
pub mod changes;
pub mod coaches;
pub mod connections;
pub mod connectors;
pub(crate) mod consents;
pub mod factors;
pub mod file_links;
pub mod grants;
pub mod identities;
pub(crate) mod identity_offers;
pub mod installation;
pub mod jobs;
pub(crate) mod mail_links;
pub(crate) mod oauth_clients;
pub(crate) mod oauth_states;
pub mod passkeys;
pub mod policies;
pub(crate) mod provider_states;
pub mod recoveries;
pub(crate) mod recovery_codes;
pub mod sealed;
pub mod sessions;
pub(crate) mod sign_in_codes;
pub mod sign_in_log;
pub(crate) mod sign_in_requests;
pub mod sign_in_steps;
pub mod sign_ins;
pub(crate) mod spent;
pub(crate) mod totp;
pub(crate) mod tries;

use std::time::Duration;

use sqlx::postgres::Postgres;
use tokio::time::timeout;

/// Anything a statement can run on: the pool, a connection, a transaction.
pub trait Db<'c>: sqlx::Executor<'c, Database = Postgres> {}
impl<'c, E: sqlx::Executor<'c, Database = Postgres>> Db<'c> for E {}

/// How long a query around a call may take, including getting a connection; after that the database counts as unavailable.
pub const PATIENCE: Duration = Duration::from_millis(2500);

/// Runs a query that must not keep a caller waiting: it fails after [`PATIENCE`].
pub async fn in_time<T>(query: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    timeout(PATIENCE, query)
        .await
        .unwrap_or(Err(sqlx::Error::PoolTimedOut))
}
