//! Closed sets: columns that hold one of a few words, as types. The words are here and nowhere else.
//!
//! No behaviour and no SQL: the code that reads a row decides what its word means.

/// Declares an enum whose variants are words of a text column. A word that an earlier version wrote may follow
/// after `|`. Any other word is an error of the row, unless `else` names what it counts as.
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

            /// All the words, as the list that a query takes.
            pub fn words() -> Vec<String> {
                Self::ALL.iter().map(Self::to_string).collect()
            }

            /// The word in the row.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// What a word means; none for an unknown word.
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
                Self::of(&word).ok_or_else(|| serde::de::Error::custom(concat!("not a word of ", stringify!($name))))
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
                    .ok_or_else(|| concat!("not a word of ", stringify!($name)).into())
            }
        }
    };
}
pub(crate) use closed_set;

closed_set! {
    /// The state of an athlete's connection to intervals.icu.
    pub enum ConnectionStatus {
        /// intervals.icu accepts the token.
        Connected = "connected",
        /// intervals.icu refuses the token: the athlete must reconnect.
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
    /// What a consent at intervals.icu is for.
    pub enum ConsentPurpose {
        /// It connects the account of somebody who is signed in.
        Connect = "connect",
        /// It signs in or up, and connects.
        SignIn = "sign_in",
        /// It makes intervals.icu a way into an account with a password.
        AddWay = "add_way",
    }
}

closed_set! {
    /// Where an athlete's time zone comes from.
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
        /// intervals.icu refuses the connection: the athlete must reconnect.
        Reconnect = "reconnect",
        /// The athlete disconnected intervals.icu.
        Disconnected = "disconnected",
        /// The athlete's account shows another athlete: the grants are paused until this one is connected again.
        Replaced = "replaced",
    }
}

closed_set! {
    /// What a job does.
    pub enum JobKind {
        /// Sends an email.
        Mail = "mail",
        /// Asks intervals.icu to revoke a token.
        Revoke = "revoke",
    }
}

closed_set! {
    /// How far a job has got.
    pub enum JobState {
        /// It waits for the first or the next attempt.
        Pending = "pending",
        /// It is done.
        Done = "done",
        /// It was given up.
        Failed = "failed",
    }
}

closed_set! {
    /// Why the last attempt at a job failed.
    pub enum Failure {
        /// No mail server has accepted the email yet.
        NotDelivered = "not_delivered" | "not delivered for now",
        /// The mail server at that address refuses the email.
        RefusedForGood = "refused_for_good" | "refused for good",
        /// It ran out of time.
        TookTooLong = "took_too_long" | "took too long",
        /// It panicked.
        Panicked = "panicked",
        /// Its payload does not open with our keys.
        DoesNotOpen = "does_not_open" | "does not open",
        /// The content of its payload cannot be read.
        Unreadable = "unreadable",
        /// The email does not render.
        DoesNotRender = "does_not_render" | "does not render",
        /// The sender in the settings is not valid.
        NoSender = "no_sender" | "no sender",
        /// The recipient is not an address.
        NoAddress = "no_address" | "no address",
        /// The coach whose connector URL it holds was erased.
        CoachIsGone = "coach_is_gone" | "the coach is gone",
        /// The coach's connector URL does not open with our keys.
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
    /// Whether a tool reads or changes something. No tool does both.
    pub enum Access {
        /// Reads.
        Read = "read",
        /// Changes.
        Write = "write",
    }
}

closed_set! {
    /// How a change stands.
    pub enum ChangeState {
        /// Written down; its end is not known yet.
        Sent = "sent",
        /// intervals.icu held it when it was read back.
        Held = "held",
        /// It changed nothing.
        Refused = "refused",
        /// A later change took it back.
        Undone = "undone",
        /// What became of it could not be found out.
        Lost = "lost",
    }
}

closed_set! {
    /// How a tool call ended.
    pub enum Outcome {
        /// It was answered.
        Ok = "ok",
        /// An argument was wrong.
        Input = "input",
        /// It was not allowed.
        Refused = "refused",
        /// intervals.icu must be reconnected.
        Reconnect = "reconnect",
        /// The caller has to wait.
        Busy = "busy",
        /// intervals.icu failed.
        Upstream = "upstream",
        /// IcuSync failed.
        Ours = "ours",
        /// The tool panicked.
        Panic = "panic",
        /// It ran out of time.
        TooLong = "too_long",
        /// The client hung up or cancelled.
        Cancelled = "cancelled",
        /// The access ended while it ran.
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
        /// Lets a person choose a new password.
        Reset = "reset",
        /// Gives an account another address.
        Address = "address",
        /// Frees an athlete from the account, whose owner proves by it to be the athlete's.
        Release = "release",
        /// Resends a coach's connector URL.
        Resend = "resend",
        /// Regenerates a coach's connector URL.
        Regenerate = "regenerate",
        /// Lets a coach manage their roster.
        Roster = "roster",
        /// Takes the lost factors off an account.
        Recover = "recover",
    }
}

closed_set! {
    /// How a sign-in went, or why it was refused.
    pub enum SignInOutcome {
        /// It was granted: the person signed in, or agreed to a client.
        Granted = "granted",
        /// The password was wrong.
        WrongPassword = "wrong_password",
        /// The mailed code was wrong.
        WrongCode = "wrong_code",
        /// The one-time code, recovery code or passkey after the way in was wrong.
        WrongFactor = "wrong_factor",
        /// A passkey's counter went back: there may be two of it.
        PasskeyCopied = "passkey_copied",
        /// The policy does not let the person in, or not by this way.
        NotAllowed = "not_allowed",
        /// The provider's identity is not the one that is bound to the address.
        OtherIdentity = "other_identity",
        /// The person said no to a client.
        Declined = "declined",
        /// A client's code came a second time: the sign-in was ended.
        CodeAgain = "code_again",
        /// A refresh token came again long after its use: the sign-in was ended.
        TokenAgain = "token_again",
        /// A client came with its code too late.
        CodeLate = "code_late",
        /// A client came with a code that was sent elsewhere.
        WrongRedirect = "wrong_redirect",
        /// Whoever came with a code was not the client that began (RFC 7636).
        WrongVerifier = "wrong_verifier",
        /// The client gave its access back (RFC 7009).
        GivenBack = "given_back",
        /// The owner ended it.
        Ended = "ended",
        /// Something that only another version of the service knows.
        Other = "other",
    }
    else Other
}

closed_set! {
    /// How somebody comes in.
    pub enum Way {
        /// The address and its password, or a mail link that stands for them.
        Password = "password",
        /// A consent at intervals.icu.
        Intervals = "intervals",
        /// The outside identity provider.
        Provider = "provider",
        /// A passkey alone.
        Passkey = "passkey",
        /// A code or a link by email: a coach.
        Email = "email",
    }
}

closed_set! {
    /// What somebody went to the outside identity provider for.
    pub enum ProviderPurpose {
        /// To sign in as an athlete.
        Athlete = "athlete",
        /// To sign in as a coach.
        Coach = "coach",
        /// To make the provider a way into the account that is signed in.
        Add = "add",
        /// To prove that the owner of the account that is signed in is there.
        Prove = "prove",
    }
}

closed_set! {
    /// What somebody shows besides the way in.
    pub enum Factor {
        /// A passkey with user verification.
        Passkey = "passkey",
        /// A one-time code of an app.
        Code = "code",
        /// A recovery code.
        RecoveryCode = "recovery_code",
        /// The provider asked for one, and the operator trusts it to.
        Provider = "provider",
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
