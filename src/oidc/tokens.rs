//! What the provider gives to be asked again with.

use std::fmt;

use chrono::{DateTime, Utc};
use openidconnect::{AccessToken, OAuth2TokenResponse as _, RefreshToken};
use serde::{Deserialize, Serialize};

use super::{Failure, discovery::TokenAnswer};

/// The longest token that is kept, in bytes.
const LONGEST: usize = 16 * 1024;

/// What the provider gave to be asked again with. To be sealed as its JSON; `Debug` says nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    access: String,
    /// Not known if the provider does not say.
    access_expires_at: Option<DateTime<Utc>>,
    refresh: Option<String>,
    /// A claim that was asked for was in the ID token alone, so that userinfo does not do to ask again.
    id_token_needed: bool,
}

impl Tokens {
    /// Those of an answer of the token endpoint. The provider may leave out the refresh token if the one before still counts.
    pub(super) fn of(
        answer: &TokenAnswer,
        now: DateTime<Utc>,
        before: Option<Self>,
    ) -> Result<Self, Failure> {
        let lives = answer
            .expires_in()
            .and_then(|lives| chrono::TimeDelta::from_std(lives).ok());
        let (refresh_before, id_token_needed) =
            before.map_or((None, false), |before| (before.refresh, before.id_token_needed));
        let refresh = answer.refresh_token().map(|token| token.secret().clone());
        let access = answer.access_token().secret();
        if !fits(access) || !refresh.as_deref().is_none_or(fits) {
            return Err(Failure::Wrong("token_not_plain"));
        }
        Ok(Self {
            access: access.clone(),
            access_expires_at: lives.and_then(|lives| now.checked_add_signed(lives)),
            refresh: refresh.or(refresh_before),
            id_token_needed,
        })
    }

    /// These with the refresh token of `before`, if they have none: many providers give one with the first consent only.
    #[must_use]
    pub fn or_refresh_of(mut self, before: &Self) -> Self {
        if self.refresh.is_none() {
            self.refresh.clone_from(&before.refresh);
        }
        self
    }

    /// What is to be kept instead of these after `old` were traded for `new`, with which these share the refresh token: it may work
    /// once only. None if there is nothing to change.
    #[must_use]
    pub fn after_trade(&self, old: &Self, new: &Self) -> Option<Self> {
        if self == old {
            return (new != old).then(|| new.clone());
        }
        let is_spent = self.refresh.is_some() && self.refresh == old.refresh && new.refresh != old.refresh;
        is_spent.then(|| Self {
            refresh: new.refresh.clone(),
            ..self.clone()
        })
    }

    /// Remembers whether a claim was in the ID token alone.
    pub(super) fn note_id_token(&mut self, is_needed: bool) {
        self.id_token_needed = is_needed;
    }

    /// Whether asking again needs a new ID token.
    pub(super) fn needs_id_token(&self) -> bool {
        self.id_token_needed
    }

    /// The access token, while it lives.
    pub(super) fn living_access(&self, now: DateTime<Utc>) -> Option<AccessToken> {
        let lives = self.access_expires_at.is_none_or(|ends| now < ends);
        lives.then(|| self.access())
    }

    /// The access token, whether it lives or not.
    pub(super) fn access(&self) -> AccessToken {
        AccessToken::new(self.access.clone())
    }

    /// The refresh token, if there is one.
    pub(super) fn refresh(&self) -> Option<RefreshToken> {
        self.refresh.clone().map(RefreshToken::new)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

/// It goes into a header and into the database.
fn fits(token: &str) -> bool {
    (1..=LONGEST).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic())
}
