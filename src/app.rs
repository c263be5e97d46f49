//! The running service's values: pool, clock, randomness, keys, clients, limits. Cheap to clone.
//!
//! No behaviour here: modules take what they need from it.

use std::sync::Arc;

use sqlx::PgPool;
use tokio_util::task::TaskTracker;

use crate::{
    config::Config,
    guard::{
        connection::Brake, identities::Rechecks, limits::Limits, log_buffer::LogBuffer, passkeys::Passkeys,
        policy::Policies, refused::Refused,
    },
    intervals,
    mail::transport::Transport,
    oauth::documents::Fetcher,
    oidc::Provider,
    secrets::{KeyRing, Passwords, Random, Seals},
    time::{Clock, Heartbeat},
};

/// Everything that is the same for every request.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub struct Parts {
    /// The settings.
    pub config: Config,
    /// PostgreSQL.
    pub pool: PgPool,
    /// What time it is.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    /// Seals and opens.
    pub keys: KeyRing,
    /// Whether the sealed values open.
    pub seals: Seals,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Asks for passkeys; none if `PUBLIC_URL` has an IP address instead of a name.
    pub passkeys: Option<Passkeys>,
    /// Talks to intervals.icu.
    pub intervals: intervals::Client,
    /// Fetches the metadata documents of clients.
    pub documents: Fetcher,
    /// The outside identity provider, if one is set up.
    pub provider: Option<Provider>,
    /// Where emails go.
    pub mail: Transport,
    /// Who may come in.
    pub policies: Policies,
    /// Who is being asked about at the outside identity provider.
    pub rechecks: Rechecks,
    /// Rate limits.
    pub limits: Limits,
    /// Tells one refused connection from an upstream that refuses everyone.
    pub brake: Brake,
    /// Calls that the rate limit refused and that are not in the log yet.
    pub refused: Refused,
    /// What calls left behind and is not written yet.
    pub log_buffer: LogBuffer,
    /// Changes that are being made, which nobody may be waiting for any more.
    pub writes: TaskTracker,
    /// Whether the queue is being worked on.
    pub worker: Heartbeat,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
