//! Mails. Each has a file, three templates and a row in the table below; the outbox queues them, the transport sends them.
//!
//! Nothing here decides who gets a mail, and no mail is sent except through the queue.

mod account_deleted;
mod address;
mod address_changed;
mod already_here;
mod athlete_replaced;
mod coach_invite;
mod coach_joined;
mod coach_left;
mod coach_new_url;
mod coach_regenerate;
mod coach_resend;
mod coach_roster;
mod coach_url;
mod confirm;
mod connection_attention;
mod factor_added;
mod factor_removed;
mod grant_asleep;
mod grant_changed;
mod grant_ended;
mod granting;
mod identity_added;
mod identity_code;
mod identity_other;
mod letter;
mod new_address;
mod new_app;
mod new_client;
pub mod outbox;
mod password_changed;
mod recovery_begun;
mod recovery_done;
mod recovery_ready;
mod release;
mod reset;
mod rule;
mod sign_in_code;
mod theirs;
pub mod transport;

pub use address::{Address, BadAddress};
pub use athlete_replaced::Turn;
pub use coach_joined::Joined;
pub use coach_left::How;
pub use grant_ended::Why;
pub use granting::{Granting, May, Whose};
pub use letter::{Envelope, Letter};
pub use password_changed::PasswordIs;
pub use rule::{Above, Limit, Reader, Rule, Says};
pub use theirs::Theirs;

use letter::{Content, Withdrawn, letter};
use serde::{Deserialize, Serialize};
use theirs::Harmless;

/// Builds [`Kind`] and [`Mail`] from the table, one row per mail.
macro_rules! mails {
    ($(
        $(#[$doc:meta])*
        $Mail:ident $file:ident ($to:ident, $limit:ident, $above:ident, $says:ident, $outlives:literal);
    )*) => {
        $(pub use $file::$Mail;)*

        /// Every kind of mail.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$doc])* $Mail,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$Mail,)*];

            /// Its name in the queue and in the log, which is also that of its file and templates.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Mail => stringify!($file),)*
                }
            }

            /// The rule of its row.
            pub const fn rule(self) -> Rule {
                match self {
                    $(Self::$Mail => Rule {
                        to: Reader::$to,
                        limit: Limit::$limit,
                        above: Above::$above,
                        says: Says::$says,
                        outlives: $outlives,
                    },)*
                }
            }
        }

        /// A mail. The content of a variant is sealed in the queue until the mail is sent.
        #[derive(Clone, Serialize, Deserialize)]
        #[serde(tag = "mail", rename_all = "snake_case")]
        pub enum Mail {
            $($(#[$doc])* $Mail($Mail),)*
        }

        impl Mail {
            /// Its kind.
            pub const fn kind(&self) -> Kind {
                match self {
                    $(Self::$Mail(_) => Kind::$Mail,)*
                }
            }

            fn content(&self) -> &dyn Content {
                match self {
                    $(Self::$Mail(mail) => mail,)*
                }
            }

            fn content_mut(&mut self) -> &mut dyn Content {
                match self {
                    $(Self::$Mail(mail) => mail,)*
                }
            }
        }
    };
}

mails! {
    // The struct, its file and templates         reader,  limit,   above it,  says,   outlives the account
    /// To a person who signs up.
    Confirm              confirm               (Owner,   Address, Dropped,  Nothing, false);
    /// To a person who signs up again.
    AlreadyHere          already_here          (Owner,   Address, Dropped,  Nothing, false);
    /// To a person who forgot the password.
    Reset                reset                 (Owner,   Address, Dropped,  Nothing, false);
    /// To a person whose password was changed.
    PasswordChanged      password_changed      (Owner,   Address, Dropped,  Nothing, false);
    /// To an athlete whose connection intervals.icu no longer accepts.
    ConnectionAttention  connection_attention  (Owner,   Account, Dropped,  Nothing, false);
    /// To an account's future address.
    NewAddress           new_address           (Owner,   Account, Dropped,  Nothing, false);
    /// To an account's previous address.
    AddressChanged       address_changed       (Owner,   Address, Dropped,  Nothing, false);
    /// To a person whose account was deleted.
    AccountDeleted       account_deleted       (Owner,   Address, Dropped,  Nothing, false);
    /// To a coach whom an athlete invites: how to begin.
    CoachInvite          coach_invite          (Coach,   Address, Dropped,  Terms,   true);
    /// To a coach whom another athlete invited.
    CoachJoined          coach_joined          (Coach,   Address, Gathered, Terms,   true);
    /// To the owner of an account whose athlete gave a consent for another one: the link that frees the athlete.
    Release              release               (Owner,   Address, Dropped,  Nothing, false);
    /// To a coach who wants the connector URL again: the link that confirms it.
    CoachResend          coach_resend          (Coach,   Address, Dropped,  Nothing, false);
    /// To a coach: the connector URL again.
    CoachUrl             coach_url             (Coach,   Address, Dropped,  Nothing, true);
    /// To a coach who wants to regenerate the connector URL: the link that confirms it.
    CoachRegenerate      coach_regenerate      (Coach,   Address, Dropped,  Nothing, false);
    /// To a coach: the new connector URL.
    CoachNewUrl          coach_new_url         (Coach,   Address, Sent,     Nothing, true);
    /// To a coach who wants to see their roster: the link to it.
    CoachRoster          coach_roster          (Coach,   Address, Dropped,  Nothing, false);
    /// To a coach whose grant an athlete changed.
    GrantChanged         grant_changed         (Coach,   Address, Waits,    Terms,   true);
    /// To a coach whose grant ended.
    GrantEnded           grant_ended           (Coach,   Address, Sent,     Nothing, true);
    /// To a coach: an athlete's account now shows another athlete, or the same one again.
    AthleteReplaced      athlete_replaced      (Coach,   Address, Waits,    State,   true);
    /// To an athlete whose coach left.
    CoachLeft            coach_left            (Owner,   Address, Dropped,  Nothing, false);
    /// To an athlete whose invite nobody used.
    GrantAsleep          grant_asleep          (Owner,   Address, Dropped,  Nothing, false);
    /// To an athlete whose coach uses another client.
    NewClient            new_client            (Owner,   Address, Dropped,  Nothing, false);
    /// To a coach who signs in for a client: the code.
    SignInCode           sign_in_code          (Coach,   Address, Sent,     Nothing, false);
    /// To an athlete who signed in for a client that was not seen before.
    NewApp               new_app               (Owner,   Address, Dropped,  Nothing, false);
    /// To somebody who is here already and came back from the outside provider: the code.
    IdentityCode         identity_code         (Owner,   Address, Sent,     Nothing, false);
    /// To somebody whom an identity of the outside provider signs in.
    IdentityAdded        identity_added        (Owner,   Address, Dropped,  Nothing, false);
    /// To somebody with whose address another person came back from the outside provider.
    IdentityOther        identity_other        (Owner,   Address, Dropped,  Nothing, false);
    /// To a person whose sign-in has a new factor.
    FactorAdded          factor_added          (Owner,   Address, Dropped,  Nothing, false);
    /// To a person whose factor was taken off.
    FactorRemoved        factor_removed        (Owner,   Address, Dropped,  Nothing, false);
    /// To a person for whose account a recovery was begun: few may begin in a day.
    RecoveryBegun        recovery_begun        (Owner,   Address, Sent,     Nothing, false);
    /// To the same person: the link that takes all factors off.
    RecoveryReady        recovery_ready        (Owner,   Address, Sent,     Nothing, false);
    /// To the same person: all factors are off.
    RecoveryDone         recovery_done         (Owner,   Address, Sent,     Nothing, false);
}

impl Kind {
    /// The names of the kinds for which `is_so`, as the queries of the queue take them.
    pub fn names(is_so: impl Fn(Rule) -> bool) -> Vec<String> {
        let kinds = Self::ALL.iter().filter(|kind| is_so(kind.rule()));
        kinds.map(|kind| kind.name().to_owned()).collect()
    }
}

impl Mail {
    /// The text, for the address and time in `envelope`.
    pub fn render(&self, envelope: &Envelope) -> askama::Result<Letter> {
        self.content().render(envelope)
    }

    /// The coach's connector URL in it, if it is a mail that brings one; none in it if the coach switched the URL off.
    pub fn url_mut(&mut self) -> Option<&mut Option<String>> {
        self.content_mut().url_mut()
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({})", self.kind().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_dropped_uses_up_no_other_mails_limit() {
        for kind in Kind::ALL {
            let rule = kind.rule();
            let (to_a_coach, own_limit) = (rule.to == Reader::Coach, rule.limit == Limit::Address);
            assert!(rule.above == Above::Dropped || own_limit, "{kind:?}");
            assert!(!rule.outlives || (to_a_coach && own_limit), "{kind:?}");
            assert!(
                rule.says == Says::Nothing || (to_a_coach && rule.outlives),
                "{kind:?}"
            );
        }
    }
}
