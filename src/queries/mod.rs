//! Every SQL statement of the service: one file per group of tables, one function per question, the executor first.
//!
//! No decisions here, no HTTP, no clock: times come in as parameters. Transactions begin in the handlers.

pub mod accounts;
pub mod activity_log;
pub mod coaches;
pub mod connections;
pub mod grants;
pub mod installation;
pub mod jobs;
pub mod links;
pub mod mail_links;
pub mod oauth_states;
pub mod sealed;
pub mod sessions;
pub mod tries;

use sqlx::postgres::Postgres;

/// Anything a statement can run on: the pool, a connection, a transaction.
pub trait Db<'c>: sqlx::Executor<'c, Database = Postgres> {}
impl<'c, E: sqlx::Executor<'c, Database = Postgres>> Db<'c> for E {}
