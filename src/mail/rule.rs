//! What can hold for a kind of mail: the words of the table in [`super`]. Nothing acts here.

/// What holds for every mail of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Who reads it.
    pub to: Reader,
    /// What it counts against.
    pub share: Share,
    /// What becomes of it beyond its share.
    pub beyond: Beyond,
    /// What of a grant it tells.
    pub tells: Tells,
    /// Whether it still makes sense when the account of its address, or on whose behalf it is sent, is gone. A link for ten
    /// minutes does not: it went with the account's.
    pub outlives: bool,
}

/// Who reads a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Whoever has an account, had one, or may get one.
    Owner,
    /// A coach: such mails go when the coach's address is erased, and an account of the same address keeps its own.
    Coach,
}

/// What a mail counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Its own hourly share of the address. Any stranger can have some of these sent by typing an address, and a flood of them
    /// must never hold back a mail that its owner waits for; the others tell of what somebody else did or may have done, and
    /// must not be held back by whatever that somebody had sent before.
    Address,
    /// The same, and the daily share of the account on whose behalf it is sent.
    Account,
}

/// What becomes of a mail beyond its share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// It is lost, and the person is told nothing.
    Dropped,
    /// It waits for the next hour: what such mails say last must reach their reader. What is changed meanwhile goes into the one
    /// that waits, or takes its place, so there are never two.
    Waits,
    /// It goes into one that waits; one leaves an hour, with everything that came up.
    Gathered,
    /// It leaves. It cannot be had by asking again and again: a new URL takes a mail's link, which has its own share, and a grant
    /// ends once for each time that it was mailed.
    Sent,
}

/// What of a grant a mail tells. While it waits it follows the grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// Nothing that could change.
    Nothing,
    /// Whether it counts at the moment: not sent when it ends.
    State,
    /// What is granted: rewritten when that changes, and not sent when it ends.
    Terms,
}
