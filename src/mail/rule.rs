//! The rules of a kind of mail: the columns of the table in [`super`]. Nothing is decided here.

/// The rules of every mail of a kind: its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Who reads it.
    pub to: Reader,
    /// Which limit it counts against.
    pub limit: Limit,
    /// What happens to it above the limit.
    pub above: Above,
    /// What it says about a grant.
    pub says: Says,
    /// Whether it is still sent when the account behind it, or the account with its address, is deleted. A mail link is not: it
    /// was deleted with the account.
    pub outlives: bool,
}

/// Who reads a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The owner of an account, including a past or future one.
    Owner,
    /// A coach. The mail is deleted when the coach's address is erased; an account with the same address keeps its own mails.
    Coach,
}

/// The limit that a mail counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// How many of this mail the address gets in an hour. Strangers can have some of these sent by typing an address, and a
    /// flood of them must not hold back a mail that its owner is waiting for. The others report what another person did or may
    /// have done, and nothing that this person sent before may hold them back.
    Address,
    /// The same, and how many mails a day are sent for the account.
    Account,
}

/// What happens to a mail above its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Above {
    /// It is not sent, and nobody learns of it.
    Dropped,
    /// It waits for the next hour, because its reader must learn the final state. A later change is written into it or
    /// replaces it, so there are never two.
    Waits,
    /// It goes into one that is waiting. One is sent an hour, with everyone who joined in between.
    Gathered,
    /// It is sent. Nobody can request these over and over: a new URL takes a mail link, which has its own limit, and a grant
    /// ends once for each time that it was mailed.
    Sent,
}

/// What a mail says about a grant. As long as it waits, it follows the grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Nothing that can change.
    Nothing,
    /// Whether the grant works now. Not sent when the grant ends.
    State,
    /// What is granted. Rewritten when that changes, and not sent when the grant ends.
    Terms,
}
