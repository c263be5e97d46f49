//! Closed sets: what a column holds one word of, as a type. The word of each stands here and nowhere else.
//!
//! No behaviour and no SQL: what a word means is said by whoever reads the row.

/// Declares an enum whose variants are words of a text column. A word that was written by an earlier version may follow
/// behind `|`. Any other word is an error of the row, unless `else` names what it counts as.
macro_rules! closed_set {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $($(#[$doc:meta])* $variant:ident = $word:literal $(| $old:literal)*,)+
        }
        $(else $other:ident)?
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The words of all of them, as a query takes a list.
            pub fn words() -> Vec<String> {
                Self::ALL.iter().map(Self::to_string).collect()
            }

            /// The word in the row.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// What a word means; none for one that is in no such row.
            pub fn of(word: &str) -> Option<Self> {
                match word {
                    $($word $(| $old)* => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = String::deserialize(deserializer)?;
                Self::of(&word).ok_or_else(|| serde::de::Error::custom(concat!("a word that is no ", stringify!($name))))
            }
        }

        impl sqlx::Type<sqlx::Postgres> for $name {
            fn type_info() -> sqlx::postgres::PgTypeInfo {
                <str as sqlx::Type<sqlx::Postgres>>::type_info()
            }

            fn compatible(ty: &sqlx::postgres::PgTypeInfo) -> bool {
                <str as sqlx::Type<sqlx::Postgres>>::compatible(ty)
            }
        }

        impl<'r> sqlx::Decode<'r, sqlx::Postgres> for $name {
            fn decode(value: sqlx::postgres::PgValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                let word = <&str as sqlx::Decode<sqlx::Postgres>>::decode(value)?;
                Self::of(word)
                    $(.or(Some(Self::$other)))?
                    .ok_or_else(|| concat!("a word that is no ", stringify!($name)).into())
            }
        }
    };
}
pub(crate) use closed_set;

closed_set! {
    /// How things stand between us and an athlete's intervals.icu account.
    pub enum ConnectionStatus {
        /// intervals.icu takes the token.
        Connected = "connected",
        /// intervals.icu refuses the token: the athlete must connect again.
        Reconnect = "reconnect",
        /// The athlete disconnected; the token is erased.
        Disconnected = "disconnected",
    }
}

closed_set! {
    /// What an athlete connected with.
    pub enum ConnectionKind {
        /// A consent at intervals.icu.
        OAuth = "oauth",
        /// The athlete's own API key.
        ApiKey = "api_key",
    }
}

closed_set! {
    /// Where an athlete's time zone was learnt.
    pub enum ZoneSource {
        /// From the settings at intervals.icu.
        Settings = "settings",
        /// From the newest activity.
        Activity = "activity",
        /// From the athlete, on the dashboard.
        Athlete = "athlete",
    }
}

closed_set! {
    /// Whether a coach can have the data of an athlete on the roster: the status of the connection, or that the account shows
    /// another athlete.
    pub enum MemberStatus {
        /// intervals.icu answers for the athlete.
        Connected = "connected",
        /// intervals.icu refuses the connection: the athlete must connect again.
        Reconnect = "reconnect",
        /// The athlete disconnected intervals.icu.
        Disconnected = "disconnected",
        /// The athlete's account shows another athlete: what was granted sleeps until this one is connected again.
        Replaced = "replaced",
    }
}

closed_set! {
    /// What a job does.
    pub enum JobKind {
        /// Sends a mail.
        Mail = "mail",
        /// Gives a consent back to intervals.icu.
        Revoke = "revoke",
    }
}

closed_set! {
    /// How far a job is.
    pub enum JobState {
        /// It waits, for the first try or the next.
        Pending = "pending",
        /// It is done.
        Done = "done",
        /// It was given up.
        Failed = "failed",
    }
}

closed_set! {
    /// Why the last try of a job failed.
    pub enum Failure {
        /// No mail server took the mail for now.
        NotDelivered = "not_delivered" | "not delivered for now",
        /// The mail server at that address refuses the mail.
        RefusedForGood = "refused_for_good" | "refused for good",
        /// It ran out of time.
        TookTooLong = "took_too_long" | "took too long",
        /// It panicked.
        Panicked = "panicked",
        /// Its payload does not open with our keys.
        DoesNotOpen = "does_not_open" | "does not open",
        /// What its payload holds cannot be read.
        Unreadable = "unreadable",
        /// The mail does not render.
        DoesNotRender = "does_not_render" | "does not render",
        /// The sender in the settings is none.
        NoSender = "no_sender" | "no sender",
        /// The recipient is no address.
        NoAddress = "no_address" | "no address",
        /// The coach whose URL it holds was erased.
        CoachIsGone = "coach_is_gone" | "the coach is gone",
        /// The coach's URL does not open with our keys.
        UrlDoesNotOpen = "url_does_not_open" | "the URL does not open",
        /// Our database did not answer.
        DatabaseAway = "database_away" | "the database did not answer",
        /// intervals.icu did not answer.
        UpstreamAway = "upstream_away" | "intervals.icu did not answer",
        /// intervals.icu refused.
        UpstreamRefused = "upstream_refused" | "intervals.icu refused",
        /// Something that only another version of the service knows.
        Other = "other",
    }
    else Other
}

closed_set! {
    /// Whether a tool only looks or also changes. No tool does both.
    pub enum Access {
        /// Looks.
        Read = "read",
        /// Changes.
        Write = "write",
    }
}

closed_set! {
    /// What came of a tool call.
    pub enum Outcome {
        /// It was answered.
        Ok = "ok",
        /// An argument was wrong.
        Input = "input",
        /// Somebody's leave was missing.
        Refused = "refused",
        /// intervals.icu must be connected again.
        Reconnect = "reconnect",
        /// It was asked to come back later.
        Busy = "busy",
        /// intervals.icu failed.
        Upstream = "upstream",
        /// We failed.
        Ours = "ours",
        /// The tool panicked.
        Panic = "panic",
        /// It ran out of time.
        TooLong = "too_long",
        /// The client hung up or took it back.
        Cancelled = "cancelled",
        /// The rights ended while it ran.
        Withheld = "withheld",
        /// A change that has not ended yet, or never did.
        Unfinished = "unfinished",
        /// Something that only another version of the service knows.
        Other = "other",
    }
    else Other
}

closed_set! {
    /// What a mail link is for.
    pub enum MailLinkKind {
        /// Confirms the address of a sign-up.
        Confirm = "confirm",
        /// Lets somebody choose a new password.
        Reset = "reset",
        /// Gives an account another address.
        Address = "address",
        /// Has a coach's URL mailed again.
        Resend = "resend",
        /// Gives a coach a new URL.
        Regenerate = "regenerate",
        /// Lets a coach look after the own roster.
        Roster = "roster",
    }
}

closed_set! {
    /// Whether a database belongs to a real installation or to a demo; neither opens the other's.
    pub enum Purpose {
        /// `icusync serve`.
        Real = "real",
        /// `icusync demo`.
        Demo = "demo",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_version_wrote_is_still_understood() {
        for (word, means) in [
            ("not delivered for now", Failure::NotDelivered),
            ("not_delivered", Failure::NotDelivered),
            ("the URL does not open", Failure::UrlDoesNotOpen),
        ] {
            assert_eq!(Failure::of(word), Some(means));
        }
        for set in Failure::ALL {
            assert_eq!(Failure::of(set.as_str()), Some(*set), "no word means two things");
        }
    }

    #[test]
    fn a_member_has_the_status_of_the_connection_or_is_replaced() {
        let members: Vec<&str> = MemberStatus::ALL.iter().map(|status| status.as_str()).collect();
        let connections = ConnectionStatus::ALL.iter().map(|status| status.as_str());
        assert_eq!(
            members,
            connections
                .chain([MemberStatus::Replaced.as_str()])
                .collect::<Vec<_>>()
        );
    }
}
