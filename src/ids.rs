//! Newtypes for every id, so that one kind can never be used as another.
//!
//! Secrets do not live here (see [`crate::secrets`]), nor does anything that is looked up.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
        #[sqlx(transparent)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id! {
    /// A person's account (UUID v7).
    AccountId
}
uuid_id! {
    /// A browser session as pages name it (UUID v4). Its proof is the cookie, which is never an id.
    SessionId
}
uuid_id! {
    /// An account's connection to one intervals.icu athlete (UUID v7).
    ConnectionId
}
uuid_id! {
    /// One connector, a link or a sign-in (UUID v7). Its tokens are [`crate::secrets::Token`]s.
    ConnectorId
}
uuid_id! {
    /// A sign-in that a client began (UUID v7). Its proof is the cookie of the browser, never the id.
    RequestId
}
uuid_id! {
    /// A coach: an address with one connector URL (UUID v7).
    CoachId
}
uuid_id! {
    /// What one athlete allows one coach (UUID v7).
    GrantId
}
uuid_id! {
    /// A person of the outside identity provider, bound to an account or a coach (UUID v7).
    IdentityId
}
uuid_id! {
    /// A passkey (UUID v7).
    PasskeyId
}
uuid_id! {
    /// The secret of an account's one-time codes (UUID v7); another secret has another id.
    TotpId
}
uuid_id! {
    /// One row of the queue (UUID v7); also the local part of a mail's Message-ID.
    JobId
}
uuid_id! {
    /// One row of the activity log (UUID v7).
    LogId
}
uuid_id! {
    /// One change that was made through IcuSync (UUID v7).
    ChangeId
}

/// An id from upstream or from a caller that does not have the required form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}")]
pub struct BadId {
    /// What the id should have been, in a person's words ("activity id").
    pub kind: &'static str,
}

macro_rules! upstream_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $prefixes:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(String);

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl $name {
            /// The id exactly as upstream spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let digits = $prefixes.iter().find_map(|p| text.strip_prefix(*p)).unwrap_or(text);
                let fits = (1..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
                fits.then(|| Self(text.to_owned())).ok_or(BadId { kind: $kind })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

upstream_id! {
    /// An intervals.icu athlete: `i` and digits, or bare digits (old sign-ups). Never add or strip the `i`.
    AthleteId, "athlete id", ["i"]
}
upstream_id! {
    /// An intervals.icu activity: `i` and digits, or bare digits when it came from Strava.
    ActivityId, "activity id", ["i"]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_passes_is_one_segment_of_a_path(text in "\\PC{0,30}|i?[0-9]{0,25}") {
            if let Ok(id) = text.parse::<ActivityId>() {
                prop_assert_eq!(id.as_str(), &text);
                prop_assert!(text.len() <= 21 && text.bytes().all(|b| b.is_ascii_alphanumeric()));
            }
            prop_assert_eq!(text.parse::<AthleteId>().is_ok(), text.parse::<ActivityId>().is_ok());
        }
    }

    #[test]
    fn upstream_ids_keep_their_spelling_and_refuse_paths() {
        for good in ["i98112345", "19900112233", "i1"] {
            assert_eq!(good.parse::<ActivityId>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "i",
            "../athlete/i2",
            "i1/..",
            "i1?x",
            "I1",
            "ii1",
            "i١",
            "i1 ",
            "123456789012345678901",
        ] {
            assert!(bad.parse::<ActivityId>().is_err(), "{bad:?} was accepted");
            assert!(bad.parse::<AthleteId>().is_err(), "{bad:?} was accepted");
        }
    }
}
