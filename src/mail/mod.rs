//! Mails: one struct a mail, three templates each, the outbox that queues them and the transport that sends them.
//!
//! No decision about who gets a mail is made here, and no mail leaves but through the queue.

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
mod grant_asleep;
mod grant_changed;
mod grant_ended;
mod letter;
mod new_address;
mod new_client;
pub mod outbox;
mod password_changed;
mod reset;
mod theirs;
pub mod transport;

pub use account_deleted::AccountDeleted;
pub use address::{Address, BadAddress};
pub use address_changed::AddressChanged;
pub use already_here::AlreadyHere;
pub use athlete_replaced::{AthleteReplaced, Turn};
pub use coach_invite::{CoachInvite, May};
pub use coach_joined::{CoachJoined, Joined};
pub use coach_left::{CoachLeft, How};
pub use coach_new_url::CoachNewUrl;
pub use coach_regenerate::CoachRegenerate;
pub use coach_resend::CoachResend;
pub use coach_roster::CoachRoster;
pub use coach_url::CoachUrl;
pub use confirm::Confirm;
pub use connection_attention::ConnectionAttention;
pub use grant_asleep::GrantAsleep;
pub use grant_changed::GrantChanged;
pub use grant_ended::{GrantEnded, Why};
pub use letter::{Envelope, Letter};
pub use new_address::NewAddress;
pub use new_client::NewClient;
pub use password_changed::PasswordChanged;
pub use reset::Reset;
pub use theirs::Theirs;

use serde::{Deserialize, Serialize};

/// Every mail of the service. What a variant holds is sealed in the queue until the mail is sent.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "mail", rename_all = "snake_case")]
pub enum Mail {
    /// To somebody who signs up.
    Confirm(Confirm),
    /// To somebody who signs up again.
    AlreadyHere(AlreadyHere),
    /// To somebody who forgot the password.
    Reset(Reset),
    /// To somebody whose password was changed.
    PasswordChanged(PasswordChanged),
    /// To an athlete whose connection intervals.icu no longer accepts.
    ConnectionAttention(ConnectionAttention),
    /// To the address that an account is to have.
    NewAddress(NewAddress),
    /// To the address that an account had.
    AddressChanged(AddressChanged),
    /// To somebody whose account is gone.
    AccountDeleted(AccountDeleted),
    /// To a coach whom an athlete invites, with the personal URL.
    CoachInvite(CoachInvite),
    /// To a coach whom another athlete invited.
    CoachJoined(CoachJoined),
    /// To a coach who wants the URL again: the link that confirms it.
    CoachResend(CoachResend),
    /// To a coach: the URL again.
    CoachUrl(CoachUrl),
    /// To a coach who wants another URL: the link that confirms it.
    CoachRegenerate(CoachRegenerate),
    /// To a coach: the new URL.
    CoachNewUrl(CoachNewUrl),
    /// To a coach who wants to see the own roster: the link to it.
    CoachRoster(CoachRoster),
    /// To a coach whose rights an athlete changed.
    GrantChanged(GrantChanged),
    /// To a coach whose rights for an athlete ended.
    GrantEnded(GrantEnded),
    /// To a coach: whose account shows another athlete now, or the same one again.
    AthleteReplaced(AthleteReplaced),
    /// To an athlete whose coach left.
    CoachLeft(CoachLeft),
    /// To an athlete whose invite nobody used.
    GrantAsleep(GrantAsleep),
    /// To an athlete whose coach uses another client.
    NewClient(NewClient),
}

/// Names of the mails that a coach gets as a coach. They go when the coach's address is erased; an account of the same
/// address keeps its own.
pub const TO_COACHES: [&str; 10] = [
    "coach_invite",
    "coach_joined",
    "coach_resend",
    "coach_url",
    "coach_regenerate",
    "coach_new_url",
    "coach_roster",
    "grant_changed",
    "grant_ended",
    "athlete_replaced",
];

impl Mail {
    /// The mail's name: in the queue's row and in the log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Confirm(_) => "confirm",
            Self::AlreadyHere(_) => "already_here",
            Self::Reset(_) => "reset",
            Self::PasswordChanged(_) => "password_changed",
            Self::ConnectionAttention(_) => "connection_attention",
            Self::NewAddress(_) => "new_address",
            Self::AddressChanged(_) => "address_changed",
            Self::AccountDeleted(_) => "account_deleted",
            Self::CoachInvite(_) => "coach_invite",
            Self::CoachJoined(_) => "coach_joined",
            Self::CoachResend(_) => "coach_resend",
            Self::CoachUrl(_) => "coach_url",
            Self::CoachRegenerate(_) => "coach_regenerate",
            Self::CoachNewUrl(_) => "coach_new_url",
            Self::CoachRoster(_) => "coach_roster",
            Self::GrantChanged(_) => "grant_changed",
            Self::GrantEnded(_) => "grant_ended",
            Self::AthleteReplaced(_) => "athlete_replaced",
            Self::CoachLeft(_) => "coach_left",
            Self::GrantAsleep(_) => "grant_asleep",
            Self::NewClient(_) => "new_client",
        }
    }

    /// Whom beside its reader it tells of, where what one person does must not hold back the news of another.
    pub fn about(&self) -> Option<&str> {
        match self {
            Self::CoachInvite(mail) => Some(mail.athlete_email.as_written()),
            Self::GrantChanged(mail) => Some(mail.athlete_email.as_written()),
            Self::AthleteReplaced(mail) => Some(mail.athlete_email.as_written()),
            Self::CoachLeft(mail) => Some(mail.coach.as_written()),
            Self::GrantAsleep(mail) => Some(mail.coach.as_written()),
            Self::NewClient(mail) => Some(mail.coach.as_written()),
            _ => None,
        }
    }

    /// The coach's connector URL that stands in it.
    pub const fn url_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::CoachInvite(mail) => Some(&mut mail.url),
            Self::CoachJoined(mail) => mail.url.as_mut(),
            Self::CoachUrl(mail) => Some(&mut mail.url),
            Self::CoachNewUrl(mail) => Some(&mut mail.url),
            _ => None,
        }
    }

    /// The text, for the address and time in `envelope`.
    pub fn render(&self, envelope: &Envelope) -> askama::Result<Letter> {
        match self {
            Self::Confirm(mail) => mail.render(envelope),
            Self::AlreadyHere(mail) => mail.render(envelope),
            Self::Reset(mail) => mail.render(envelope),
            Self::PasswordChanged(mail) => mail.render(envelope),
            Self::ConnectionAttention(mail) => mail.render(envelope),
            Self::NewAddress(mail) => mail.render(envelope),
            Self::AddressChanged(mail) => mail.render(envelope),
            Self::AccountDeleted(mail) => mail.render(envelope),
            Self::CoachInvite(mail) => mail.render(envelope),
            Self::CoachJoined(mail) => mail.render(envelope),
            Self::CoachResend(mail) => mail.render(envelope),
            Self::CoachUrl(mail) => mail.render(envelope),
            Self::CoachRegenerate(mail) => mail.render(envelope),
            Self::CoachNewUrl(mail) => mail.render(envelope),
            Self::CoachRoster(mail) => mail.render(envelope),
            Self::GrantChanged(mail) => mail.render(envelope),
            Self::GrantEnded(mail) => mail.render(envelope),
            Self::AthleteReplaced(mail) => mail.render(envelope),
            Self::CoachLeft(mail) => mail.render(envelope),
            Self::GrantAsleep(mail) => mail.render(envelope),
            Self::NewClient(mail) => mail.render(envelope),
        }
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({})", self.name())
    }
}
