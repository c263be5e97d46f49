//! The provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0): section 2.6, apart from whether
//! the token came before.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{
    JsonWebKey as _, JsonWebKeyAlgorithm, JsonWebKeyUse, JwsSigningAlgorithm as _,
    core::{CoreJsonWebKey, CoreJwsSigningAlgorithm},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Failure, Provider, SKEW,
    discovery::{ALGORITHMS, Known, Looks},
};

/// The member of `events` that makes a token a logout token (section 2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The longest token, in bytes.
const LONGEST: usize = 16 * 1024;
/// The longest name in a token, in bytes.
const LONGEST_NAME: usize = 255;
/// How long before a token comes it may have been made.
const RECENT: TimeDelta = TimeDelta::minutes(5);

/// Whose session the provider ended. A token must count once: `jti` is to be remembered until 10 minutes after `issued_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutToken {
    /// `sub`: all sessions of this person, if there is no `sid`.
    pub subject: Option<String>,
    /// `sid`: this session.
    pub sid: Option<String>,
    /// The name of the token.
    pub jti: String,
    /// When it was made.
    pub issued_at: DateTime<Utc>,
}

/// The header of a signed token (RFC 7515 section 4.1). One that demands an extension is refused, because none is known.
#[derive(Deserialize)]
struct Header {
    alg: CoreJwsSigningAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

/// What a logout token can say (section 2.4).
#[derive(Deserialize)]
struct Payload {
    iss: String,
    aud: Audience,
    iat: f64,
    exp: f64,
    jti: String,
    events: Map<String, Value>,
    sub: Option<String>,
    sid: Option<String>,
    nonce: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A token in three parts, its signature not checked yet.
struct Parts<'a> {
    header: Header,
    payload: Vec<u8>,
    signed: &'a [u8],
    signature: Vec<u8>,
}

impl Provider {
    /// What a logout token says. Whoever sends it is a stranger until the signature is checked: no word of it is used before.
    pub async fn logout_token(&self, text: &str) -> Result<LogoutToken, Failure> {
        let parts = parts(text).ok_or(Failure::Wrong("logout_token"))?;
        if !ALGORITHMS.contains(&parts.header.alg) {
            return Err(Failure::Wrong("alg"));
        }
        if !is_logout(parts.header.typ.as_deref()) || parts.header.crit.is_some() {
            return Err(Failure::Wrong("typ"));
        }
        let deadline = Self::deadline();
        let known = self.known(deadline).await?;
        if !is_signed(&known, &parts) {
            match self.known_anew(&known, Looks::LogoutTokens, deadline).await? {
                Some(anew) if is_signed(&anew, &parts) => {}
                // It may be a new key's: nobody could look, so that nobody knows.
                None if !names_key(&known, &parts) => return Err(Failure::Away),
                _ => return Err(Failure::Wrong("signature")),
            }
        }
        let payload = serde_json::from_slice(&parts.payload).map_err(|_| Failure::Wrong("logout_token"))?;
        self.check(payload)
    }

    fn check(&self, said: Payload) -> Result<LogoutToken, Failure> {
        let wrong = |word| Err(Failure::Wrong(word));
        if said.iss != self.issuer() {
            return wrong("iss");
        }
        if !said.aud.names(&self.0.settings.client_id) {
            return wrong("aud");
        }
        if said.nonce.is_some() {
            return wrong("nonce");
        }
        if !said.events.get(EVENT).is_some_and(Value::is_object) {
            return wrong("events");
        }
        let fits = |name: &&String| (1..=LONGEST_NAME).contains(&name.len());
        let names = [said.sub.as_ref(), said.sid.as_ref()];
        if names.iter().all(Option::is_none) || !names.iter().flatten().all(fits) {
            return wrong("sub");
        }
        if !fits(&&said.jti) {
            return wrong("jti");
        }
        let now = self.0.clock.now();
        let Some(issued_at) = instant(said.iat) else {
            return wrong("iat");
        };
        let Some(expires) = instant(said.exp) else {
            return wrong("exp");
        };
        // The provider's times are only compared: one far away is no time that ours could be added to.
        if now - SKEW >= expires || issued_at > now + SKEW || issued_at < now - RECENT {
            return wrong("clock");
        }
        Ok(LogoutToken {
            subject: said.sub,
            sid: said.sid,
            jti: said.jti,
            issued_at,
        })
    }
}

impl Audience {
    fn names(&self, client_id: &str) -> bool {
        match self {
            Self::One(name) => name == client_id,
            Self::Many(names) => names.iter().any(|name| name == client_id),
        }
    }
}

/// `header.payload.signature` (RFC 7515 section 3.1).
fn parts(text: &str) -> Option<Parts<'_>> {
    if text.len() > LONGEST {
        return None;
    }
    let (signed, signature) = text.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let header = URL_SAFE_NO_PAD.decode(header).ok()?;
    Some(Parts {
        header: serde_json::from_slice(&header).ok()?,
        payload: URL_SAFE_NO_PAD.decode(payload).ok()?,
        signed: signed.as_bytes(),
        signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
    })
}

/// Whether a token is of the kind (section 2.4). Many providers still say only that it is a token.
fn is_logout(typ: Option<&str>) -> bool {
    let typ = typ.map(str::to_ascii_lowercase);
    let typ = typ
        .as_deref()
        .map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
    matches!(typ, None | Some("logout+jwt" | "jwt"))
}

/// Whether a token names a key that the provider has.
fn names_key(known: &Known, parts: &Parts<'_>) -> bool {
    let kid = parts.header.kid.as_deref();
    let mut names = known.keys.keys().iter().filter_map(CoreJsonWebKey::key_id);
    kid.is_some_and(|kid| names.any(|name| name.as_str() == kid))
}

/// Whether a key of the provider's that may be meant made the signature.
fn is_signed(known: &Known, parts: &Parts<'_>) -> bool {
    let alg = &parts.header.alg;
    let is_meant = |key: &&CoreJsonWebKey| {
        let is_named = parts
            .header
            .kid
            .as_ref()
            .is_none_or(|kid| key.key_id().is_some_and(|id| id.as_str() == kid));
        let may_sign = key.key_use().is_none_or(JsonWebKeyUse::allows_signature);
        let fits = match key.signing_alg() {
            JsonWebKeyAlgorithm::Unspecified => true,
            JsonWebKeyAlgorithm::Algorithm(of_key) => of_key == alg,
            JsonWebKeyAlgorithm::Unsupported => false,
        };
        is_named && may_sign && fits && alg.key_type().as_ref() == Some(key.key_type())
    };
    let mut keys = known.keys.keys().iter().filter(is_meant);
    keys.any(|key| key.verify_signature(alg, parts.signed, &parts.signature).is_ok())
}

/// A time in seconds since 1970, which may have a fraction (RFC 7519 section 2).
fn instant(seconds: f64) -> Option<DateTime<Utc>> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float that is no time of ours becomes one far away"
    )]
    DateTime::from_timestamp(seconds as i64, 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}|[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,3}", seconds in any::<f64>()) {
            let _ = parts(&text);
            let _ = instant(seconds);
            let header = URL_SAFE_NO_PAD.encode(&text);
            let token = format!("{header}.e30.AAAA");
            prop_assert!(parts(&token).is_none());
        }
    }

    #[test]
    fn a_kind_is_compared_without_case_and_with_or_without_application() {
        for typ in [
            None,
            Some("logout+jwt"),
            Some("LOGOUT+JWT"),
            Some("application/logout+jwt"),
            Some("JWT"),
        ] {
            assert!(is_logout(typ), "{typ:?}");
        }
        for typ in [Some(""), Some("at+jwt"), Some("application/"), Some("logout")] {
            assert!(!is_logout(typ), "{typ:?}");
        }
    }
}
