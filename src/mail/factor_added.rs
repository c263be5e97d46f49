//! Tells a person that two-step sign-in was switched on, or has one more factor.

use serde::{Deserialize, Serialize};

use super::{Content, Theirs, letter};

/// Tells a person that two-step sign-in was switched on, or has one more factor.
#[derive(Clone, Serialize, Deserialize)]
pub struct FactorAdded {
    /// What its owner calls the passkey; none for codes of an app.
    pub passkey: Option<Theirs>,
    /// The network from which it was added.
    pub network: String,
    /// The browser, in words.
    pub browser: String,
    /// Whether it is the first factor.
    pub is_first: bool,
    /// The page with the factors, absolute.
    pub factors: String,
}

impl Content for FactorAdded {
    letter! { FactorAdded, "mail/factor_added.subject", "mail/factor_added.txt", "mail/factor_added.html" }
}
