//! Connecting and disconnecting: the three OAuth calls of intervals.icu, and the question whose credential this is.
//!
//! The state and its binding to a session live with the pages.

use std::time::Duration;

use url::Url;

use super::{Client, Credential, Error};
use crate::ids::AthleteId;

/// What came of a finished consent.
#[derive(Debug, Clone)]
pub struct Connected {
    /// The bearer token: it neither expires nor refreshes.
    pub credential: Credential,
    /// The scopes left ticked, such as `ACTIVITY:WRITE`.
    pub scopes: Vec<String>,
    /// Who consented.
    pub athlete_id: AthleteId,
    /// The name, as upstream has it (not cleaned).
    pub athlete_name: String,
}

/// Why a code brought no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// No OAuth app is configured here.
    #[error("no intervals.icu app is configured")]
    NotConfigured,
    /// The code is unknown, used or older than two minutes: start again.
    #[error("intervals.icu did not take the code")]
    CodeRefused,
    /// Client id or secret are wrong: the operator's turn.
    #[error("intervals.icu does not know this app")]
    ClientRefused,
    /// 429, or our own budget.
    #[error("too many requests to intervals.icu for the moment")]
    Busy {
        /// Wait at least so long.
        retry_after: Duration,
    },
    /// Not answering properly, or with something unreadable. The code may be spent: start again.
    #[error("intervals.icu is not answering properly")]
    Unavailable,
}

impl Client {
    /// Where to send the athlete: `GET /oauth/authorize` with ACTIVITY, WELLNESS, CALENDAR and SETTINGS, each WRITE.
    /// None when no OAuth app is configured.
    pub fn authorize_url(&self, redirect_uri: &str, state: &str) -> Option<Url> {
        let _ = (redirect_uri, state);
        todo!()
    }

    /// `POST /api/oauth/token`: turns the code of the callback into a token. Never sent twice.
    pub async fn exchange(&self, code: &str) -> Result<Connected, ExchangeError> {
        let _ = code;
        todo!()
    }

    /// `DELETE /api/v1/disconnect-app`: revokes a bearer token. Success too when upstream no longer knows the token, and
    /// for an API key, which only its owner can revoke.
    pub async fn disconnect(&self, credential: &Credential) -> Result<(), Error> {
        let _ = credential;
        todo!()
    }

    /// `GET /athlete/0`: whose credential this is. [`Error::Unauthorized`] means that it is dead; [`Error::Forbidden`]
    /// that it lives, but SETTINGS was not shared.
    pub async fn whoami(&self, credential: &Credential) -> Result<(AthleteId, String), Error> {
        let _ = credential;
        todo!()
    }
}
