//! Tells a person that a factor was taken off.

use serde::{Deserialize, Serialize};

use super::{Content, Theirs, letter};

/// Tells a person that a factor was taken off.
#[derive(Clone, Serialize, Deserialize)]
pub struct FactorRemoved {
    /// What its owner called the passkey; none for codes of an app.
    pub passkey: Option<Theirs>,
    /// The network from which it was taken off.
    pub network: String,
    /// The browser, in words.
    pub browser: String,
    /// Whether it was the last factor.
    pub was_last: bool,
    /// The page with the factors, absolute.
    pub factors: String,
}

impl Content for FactorRemoved {
    letter! { FactorRemoved, "mail/factor_removed.subject", "mail/factor_removed.txt", "mail/factor_removed.html" }
}
