//! Mails: one struct a mail, three templates each, the outbox that queues them and the transport that sends them.
//!
//! No decision about who gets a mail is made here, and no mail leaves but through the queue.

mod account_deleted;
mod address;
mod address_changed;
mod already_here;
mod confirm;
mod connection_attention;
mod letter;
mod new_address;
pub mod outbox;
mod password_changed;
mod reset;
pub mod transport;

pub use account_deleted::AccountDeleted;
pub use address::{Address, BadAddress};
pub use address_changed::AddressChanged;
pub use already_here::AlreadyHere;
pub use confirm::Confirm;
pub use connection_attention::ConnectionAttention;
pub use letter::{Envelope, Letter};
pub use new_address::NewAddress;
pub use password_changed::PasswordChanged;
pub use reset::Reset;

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
}

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
        }
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({})", self.name())
    }
}
