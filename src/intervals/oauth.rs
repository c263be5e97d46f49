//! Connecting and disconnecting: intervals.icu's three OAuth calls, and the check of whose a credential is.
//!
//! The state and its binding to a session are in the pages.

use std::{sync::atomic::AtomicU32, time::Duration};

use http::Method;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_with::apply;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use super::{
    Area, CallerKey, Client, Credential, Error, Scopes, Shared,
    budget::{Pool, Spender},
    lenient::{self, Lenient, Object},
    model,
    wire::{Call, USUAL_WAIT, mentions},
};
use crate::ids::AthleteId;

/// A page waits 10 s in total; its one call upstream may take this much of it.
const PAGE_TIME: Duration = Duration::from_secs(6);

/// The result of a consent.
#[derive(Debug, Clone)]
pub struct Connected {
    /// The bearer token; it never expires and needs no refresh.
    pub credential: Credential,
    /// The shared scopes, such as `ACTIVITY:WRITE`.
    pub scopes: Vec<String>,
    /// The athlete who consented.
    pub athlete_id: AthleteId,
    /// The athlete's name from upstream (not cleaned).
    pub athlete_name: String,
}

/// Why there is no token for a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// No OAuth app is configured.
    #[error("no intervals.icu app is configured")]
    NotConfigured,
    /// The code is unknown, used or older than two minutes: start again.
    #[error("intervals.icu did not accept the code")]
    CodeRefused,
    /// The client id or secret is wrong: the operator must act.
    #[error("intervals.icu does not know this app")]
    ClientRefused,
    /// 429, or our own budget.
    #[error("too many requests to intervals.icu")]
    Busy {
        /// Wait at least this long.
        retry_after: Duration,
    },
    /// No proper or readable answer. The code may have been used: start again.
    #[error("intervals.icu is not answering properly")]
    Unavailable,
}

/// `POST /api/oauth/token`. There is no refresh token and no expiry.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Default, Deserialize)]
struct Grant {
    access_token: Option<String>,
    scope: Option<String>,
    athlete: Option<Whose>,
}

#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Default, Deserialize)]
struct Whose {
    id: Option<String>,
    name: Option<String>,
}

impl Object for Whose {}

impl Grant {
    fn connected(self) -> Option<Connected> {
        let token = self.access_token?;
        // It goes into a header and into the database.
        let fits = (1..=512).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic());
        let athlete = self.athlete?;
        fits.then_some(Connected {
            credential: Credential::Bearer(token.into()),
            scopes: scopes(&self.scope.unwrap_or_default()),
            athlete_id: athlete.id?.parse().ok()?,
            athlete_name: athlete.name.unwrap_or_default(),
        })
    }
}

/// `ACTIVITY:WRITE,WELLNESS:READ`: each once, in upstream's order; anything of another form is left out.
fn scopes(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for scope in text
        .split([',', ' '])
        .map(|scope| scope.trim().to_ascii_uppercase())
    {
        let fits = scope.split_once(':').is_some_and(|(area, right)| {
            (1..=32).contains(&area.len())
                && area.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
                && matches!(right, "READ" | "WRITE")
        });
        if fits && !found.contains(&scope) {
            found.push(scope);
        }
    }
    found
}

impl Client {
    /// Where to send the athlete: `GET /oauth/authorize`, asking for `wanted`. None if no OAuth app is configured.
    pub fn authorize_url(&self, redirect_uri: &str, state: &str, wanted: Shared) -> Option<Url> {
        let app = self.0.app.as_ref()?;
        let mut url = self.0.url("/oauth/authorize");
        url.query_pairs_mut()
            .append_pair("client_id", &app.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &wanted.to_string())
            .append_pair("state", state);
        Some(url)
    }

    /// `POST /api/oauth/token`: turns the code of the callback into a token. Never sent twice.
    pub async fn exchange(&self, code: &str) -> Result<Connected, ExchangeError> {
        let app = self.0.app.as_ref().ok_or(ExchangeError::NotConfigured)?;
        let form = [
            ("client_id", app.client_id.as_str()),
            ("client_secret", app.client_secret.expose_secret()),
            ("code", code),
        ];
        let sent = AtomicU32::new(0);
        let mut call = self.plain_call("oauth_token", Method::POST, "/api/oauth/token", &sent);
        call.form = Some(&form);
        let reply = self.0.wire.send_once(&call).await.map_err(|error| match error {
            Error::Busy { retry_after } => ExchangeError::Busy { retry_after },
            _ => ExchangeError::Unavailable,
        })?;
        let status = reply.status.as_u16();
        match status {
            200..300 => {
                let grant: Option<Grant> = lenient::object(&reply.body).ok();
                grant.and_then(Grant::connected).ok_or_else(|| {
                    tracing::warn!(endpoint = call.endpoint, "an unreadable token answer");
                    ExchangeError::Unavailable
                })
            }
            // Both are a 404 and differ only in their text: "Code not found (expired?)" and "Client and/or secret
            // not found". A 404 of neither kind means that the API is not there.
            404 if mentions(&reply.body, "client") => Err(Self::client_refused(status)),
            404 if mentions(&reply.body, "code") => {
                tracing::info!(endpoint = call.endpoint, "the code was not accepted");
                Err(ExchangeError::CodeRefused)
            }
            401 => Err(Self::client_refused(status)),
            400 | 422 => {
                tracing::warn!(endpoint = call.endpoint, status, "the code was not accepted");
                Err(ExchangeError::CodeRefused)
            }
            429 => {
                let retry_after = reply.retry_after.unwrap_or(USUAL_WAIT);
                Err(ExchangeError::Busy { retry_after })
            }
            _ => {
                tracing::warn!(endpoint = call.endpoint, status, "no token");
                Err(ExchangeError::Unavailable)
            }
        }
    }

    fn client_refused(status: u16) -> ExchangeError {
        tracing::error!(
            status,
            "intervals.icu does not know this app: check INTERVALS_CLIENT_ID and INTERVALS_CLIENT_SECRET"
        );
        ExchangeError::ClientRefused
    }

    /// `DELETE /api/v1/disconnect-app`: revokes a bearer token. Also succeeds if upstream no longer knows the token, and
    /// for an API key, which only its owner can revoke. Sent once: the queue tries again.
    pub async fn disconnect(&self, credential: &Credential) -> Result<(), Error> {
        if matches!(credential, Credential::ApiKey(_)) {
            return Ok(());
        }
        let sent = AtomicU32::new(0);
        let mut call = self.plain_call("disconnect", Method::DELETE, "/api/v1/disconnect-app", &sent);
        call.credential = Some(credential);
        match self.0.wire.ask(&call, |_| Ok(())).await {
            Ok(()) => Ok(()),
            Err(failure) if failure.error == Error::Unauthorized => Ok(()),
            Err(failure) => Err(failure.error),
        }
    }

    /// `GET /athlete/0`: whose credential this is. [`Error::Unauthorized`] means that it no longer works;
    /// [`Error::Forbidden`] that it works, but SETTINGS is not shared. Never from the cache.
    pub async fn whoami(&self, credential: &Credential) -> Result<(AthleteId, String), Error> {
        let sent = AtomicU32::new(0);
        let mut call = self.plain_call("whoami", Method::GET, "/api/v1/athlete/0", &sent);
        call.credential = Some(credential);
        call.area = Some((Area::Settings, &Scopes::All));
        if matches!(credential, Credential::Bearer(_)) {
            call.spender.pool = Pool::App;
        }
        let read = |body: &[u8]| {
            let athlete: model::Athlete = lenient::object(body)?;
            let id = athlete.id.and_then(|id| id.parse().ok()).ok_or(Error::Garbled)?;
            Ok((id, athlete.name.unwrap_or_default()))
        };
        self.0
            .wire
            .ask(&call, read)
            .await
            .map_err(|failure| failure.error)
    }

    /// A call that uses no athlete's share.
    fn plain_call<'a>(
        &self,
        endpoint: &'static str,
        method: Method,
        path: &str,
        sent: &'a AtomicU32,
    ) -> Call<'a> {
        Call {
            method,
            endpoint,
            url: self.0.url(path),
            credential: None,
            form: None,
            json: None,
            area: None,
            spender: Spender {
                caller: CallerKey(Uuid::nil()),
                athlete: None,
                pool: Pool::Unknown,
            },
            deadline: Instant::now() + PAGE_TIME,
            sent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_upstream_writes_them_and_nothing_else() {
        assert_eq!(
            scopes("ACTIVITY:WRITE,WELLNESS:READ"),
            ["ACTIVITY:WRITE", "WELLNESS:READ"]
        );
        assert_eq!(
            scopes(" activity:write , ACTIVITY:WRITE CALENDAR:WRITE,,X,<b>:READ,A:ADMIN"),
            ["ACTIVITY:WRITE", "CALENDAR:WRITE"]
        );
        assert!(scopes("").is_empty());
    }

    #[test]
    fn a_grant_needs_a_token_and_an_athlete() {
        let read = |text: &str| {
            lenient::object::<Grant>(text.as_bytes())
                .ok()
                .and_then(Grant::connected)
        };
        let good =
            read(r#"{"access_token":"ab","scope":"ACTIVITY:READ","athlete":{"id":2049151,"name":"Ana"}}"#)
                .unwrap();
        assert_eq!(
            (good.athlete_id.as_str(), good.athlete_name.as_str()),
            ("2049151", "Ana")
        );
        assert!(
            read(r#"{"access_token":"ab","scope":null,"athlete":{"id":"i1"}}"#)
                .is_some_and(|c| c.scopes.is_empty())
        );
        for bad in [
            "{}",
            "[]",
            r#"{"access_token":"","athlete":{"id":"i1"}}"#,
            r#"{"access_token":"a\r\nb","athlete":{"id":"i1"}}"#,
            r#"{"access_token":"ab"}"#,
            r#"{"access_token":"ab","athlete":{"id":"../i1"}}"#,
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
