//! Who asks, for whom, and with what credential. Only values: the client uses them.

use secrecy::SecretString;
use tokio::time::Instant;
use uuid::Uuid;

use super::Scopes;
use crate::ids::{AccountId, AthleteId, ConnectionId, ConnectorId};

/// Proves to intervals.icu that we have access. Mute in `Debug`.
#[derive(Debug, Clone)]
pub enum Credential {
    /// An OAuth access token.
    Bearer(SecretString),
    /// An API key, sent as Basic with the user name `API_KEY`.
    ApiKey(SecretString),
}

/// Who causes a call, so that one caller's flood does not delay the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallerKey(pub Uuid);

impl From<ConnectorId> for CallerKey {
    fn from(link: ConnectorId) -> Self {
        Self(link.0)
    }
}

impl From<AccountId> for CallerKey {
    fn from(account: AccountId) -> Self {
        Self(account.0)
    }
}

/// For whom a handle is opened, and within what bounds.
#[derive(Debug, Clone)]
pub struct For {
    /// The connection; the cache never crosses it.
    pub connection: ConnectionId,
    /// The connection's write number, read with the grant; answers under an older number are never used.
    pub write_number: i64,
    /// The athlete.
    pub athlete: AthleteId,
    /// The athlete's credential.
    pub credential: Credential,
    /// What the athlete shared; areas that are known to be missing are not even requested.
    pub scopes: Scopes,
    /// Who causes the calls.
    pub caller: CallerKey,
    /// Whether the calendar is read for the athlete: what the athlete's coach hid there is left out.
    pub is_athlete: bool,
    /// When all calls through the handle must end.
    pub deadline: Instant,
}
