//! Invites a coach: the first athlete, how to sign in, the connector URL for clients that cannot.

use serde::{Deserialize, Serialize};

use super::{Content, Granting, Whose, Withdrawn, letter};

/// Invites a coach: the first athlete, how to sign in, the connector URL for clients that cannot.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoachInvite {
    /// Whether this mail is how the coach learns of the grant. Earlier versions did not store it.
    #[serde(default)]
    pub first: bool,
    /// Who invites, and what is granted.
    #[serde(flatten)]
    pub grant: Granting,
    /// The coach's connector URL; none if the coach switched it off.
    pub url: Option<String>,
    /// The page For Coaches, absolute.
    pub for_coaches: String,
}

impl Content for CoachInvite {
    letter! { CoachInvite, "mail/coach_invite.subject", "mail/coach_invite.txt", "mail/coach_invite.html" }

    fn about(&self) -> Option<&str> {
        Some(self.grant.athlete_email.as_written())
    }

    fn url_mut(&mut self) -> Option<&mut Option<String>> {
        Some(&mut self.url)
    }

    fn grant_mut(&mut self, whose: &Whose<'_>) -> Option<&mut Granting> {
        Some(&mut self.grant).filter(|grant| whose.is_named(&grant.athlete_id))
    }

    fn withdraw(&mut self, whose: &Whose<'_>) -> Withdrawn {
        let first = self.first;
        let mine = self.grant_mut(whose);
        mine.map_or(Withdrawn::Nothing, |_| Withdrawn::Whole { first })
    }
}
