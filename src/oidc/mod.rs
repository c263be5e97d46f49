//! The only code that calls the outside identity provider (OpenID Connect Core 1.0 and Discovery 1.0): it sends a person there
//! and reads who came back, asks again what it knows of them, and reads its logout tokens.
//!
//! Nothing here knows of accounts, rows or pages. What the provider says is checked and handed on; whom it means to us, and
//! what they may, is decided elsewhere. No text of the provider's gets into an error or the log.

mod again;
mod claims;
mod discovery;
mod http;
mod logout;
mod sign_in;
mod tokens;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use chrono::TimeDelta;
use secrecy::SecretString;
use tokio::{sync::Mutex, time::Instant};

pub use self::{
    again::{Again, Said},
    claims::NoEmail,
    logout::LogoutToken,
    sign_in::{Answer, Purpose, Secrets, Signed},
    tokens::Tokens,
};
use self::{discovery::Remembered, http::Wire};
use crate::{
    config::{Config, Issuer},
    secrets::Random,
    time::Clock,
};

/// The values that a person has of each claim that was asked for. A claim that the provider does not send has none.
pub type Claims = BTreeMap<String, Vec<String>>;

/// The time for everything that one question to the provider takes, however many requests that are.
const TIME: Duration = Duration::from_secs(5);
/// How far the provider's clock may be from ours.
const SKEW: TimeDelta = TimeDelta::minutes(2);
/// How long a sign-in at the provider proves who is there.
const FRESH: TimeDelta = TimeDelta::minutes(5);

/// Why the provider did not say what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It cannot be reached, fails, or takes too long. It may work later.
    #[error("the identity provider does not answer")]
    Away,
    /// It said something that it must not, or that does not belong to what was asked: a word for the log. The word `clock`
    /// means that everything else was right, but its clock and ours differ.
    #[error("the identity provider's answer was not accepted: {0}")]
    Wrong(&'static str),
    /// It no longer answers for this person: they have to sign in there.
    #[error("the identity provider refused")]
    Refused,
}

impl Failure {
    /// What the `error` of a callback means (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6).
    pub fn of_callback(error: &str) -> Self {
        Self::of_word(error).unwrap_or(Self::Wrong("callback_error"))
    }

    /// What an error means that is about the provider's state or about the person; none for one about us as its client.
    fn of_word(error: &str) -> Option<Self> {
        match error {
            "server_error" | "temporarily_unavailable" => Some(Self::Away),
            "access_denied"
            | "login_required"
            | "interaction_required"
            | "consent_required"
            | "account_selection_required"
            | "unmet_authentication_requirements" => Some(Self::Refused),
            _ => None,
        }
    }
}

/// What the provider needs to know of us, and we of it.
#[derive(Clone)]
pub struct Settings {
    issuer: Issuer,
    client_id: String,
    client_secret: SecretString,
    name: String,
    scopes: Vec<String>,
    trusted_amr: Vec<String>,
    public_url: String,
}

impl Settings {
    /// Those of a service; none if no provider is set up.
    pub fn of(config: &Config) -> Option<Self> {
        let words = |list: &[String]| {
            let words = list.iter().map(|word| word.trim().to_owned());
            words.filter(|word| !word.is_empty()).collect()
        };
        Some(Self {
            issuer: config.oidc_issuer.clone()?,
            client_id: config.oidc_client_id.clone()?,
            client_secret: config.oidc_client_secret.clone()?,
            name: config.provider_name()?.to_owned(),
            scopes: config
                .oidc_scopes
                .split_ascii_whitespace()
                .map(str::to_owned)
                .collect(),
            trusted_amr: words(&config.oidc_trusted_amr),
            public_url: config.public_url.as_str().to_owned(),
        })
    }
}

/// The outside identity provider. Cheap to clone; clones share what they know of it. It is asked for its metadata when it is
/// first needed, so that a service starts without it.
#[derive(Clone)]
pub struct Provider(Arc<Parts>);

struct Parts {
    settings: Settings,
    wire: Wire,
    clock: Clock,
    random: Random,
    remembered: Mutex<Remembered>,
}

impl Provider {
    /// Builds the client. The process must have installed its TLS provider first.
    pub fn new(settings: Settings, clock: Clock, random: Random) -> anyhow::Result<Self> {
        let wire = Wire::new(&settings.public_url, settings.issuer.is_plain_http())?;
        Ok(Self(Arc::new(Parts {
            settings,
            wire,
            clock,
            random,
            remembered: Mutex::default(),
        })))
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.0.settings.name
    }

    /// Its identifier: with a subject, the name of an identity.
    pub fn issuer(&self) -> &str {
        self.0.settings.issuer.as_str()
    }

    /// Whether the operator trusts that these methods of a sign-in (the claim `amr`) include a second factor.
    pub fn trusts(&self, amr: &[String]) -> bool {
        amr.iter()
            .any(|method| self.0.settings.trusted_amr.contains(method))
    }

    /// When a question that is asked now has taken too long.
    fn deadline() -> Instant {
        Instant::now() + TIME
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}
