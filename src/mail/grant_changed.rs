//! Tells a coach what an athlete grants now.

use serde::{Deserialize, Serialize};

use super::{Content, Granting, Whose, letter};

/// Tells a coach what an athlete grants now.
#[derive(Clone, Serialize, Deserialize)]
pub struct GrantChanged {
    /// Who it is, and what is granted now.
    #[serde(flatten)]
    pub grant: Granting,
}

impl Content for GrantChanged {
    letter! {
        GrantChanged, "mail/grant_changed.subject",
        "mail/grant_changed.txt", "mail/grant_changed.html"
    }

    fn about(&self) -> Option<&str> {
        Some(self.grant.athlete_email.as_written())
    }

    fn grant_mut(&mut self, whose: &Whose<'_>) -> Option<&mut Granting> {
        Some(&mut self.grant).filter(|grant| whose.is_named(&grant.athlete_id))
    }
}
