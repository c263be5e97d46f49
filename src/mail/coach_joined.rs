//! Tells a coach that more athletes have joined the roster; the connector stays the same.

use serde::{Deserialize, Serialize};

use super::{Content, Granting, Whose, Withdrawn, letter};
use crate::ids::AccountId;

/// Athletes in one mail; more go in another.
const MOST: usize = 50;

/// Tells a coach that more athletes have joined the roster; the connector stays the same.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoachJoined {
    /// Who, in the order of their invites.
    pub joined: Vec<Joined>,
    /// Whether no client of the coach has been used yet. Earlier versions did not store it.
    #[serde(default)]
    pub unused: bool,
    /// The connector URL again, if it is unused and not switched off.
    pub url: Option<String>,
    /// The page For Coaches, absolute.
    pub for_coaches: String,
}

/// One athlete who joined.
#[derive(Clone, Serialize, Deserialize)]
pub struct Joined {
    /// The athlete's account.
    pub account: AccountId,
    /// Whether this mail is how the coach learns of the grant. Earlier versions did not store it.
    #[serde(default)]
    pub first: bool,
    /// Who joined, and what is granted.
    #[serde(flatten)]
    pub grant: Granting,
}

impl Joined {
    fn is_of(&self, whose: &Whose<'_>) -> bool {
        self.account == whose.account && whose.is_named(&self.grant.athlete_id)
    }

    fn whose(&self) -> Whose<'_> {
        Whose {
            account: self.account,
            athlete_id: &self.grant.athlete_id,
        }
    }
}

impl CoachJoined {
    /// Moves the athletes of `later` into this mail, replacing what it says about them. False if there is no room for them, or
    /// `later` has none.
    pub(super) fn take_in(&mut self, later: &mut Self) -> bool {
        if later.joined.is_empty() || self.joined.len() + later.joined.len() > MOST {
            return false;
        }
        for mut new in later.joined.drain(..) {
            if let Withdrawn::Part { first } | Withdrawn::Whole { first } = self.withdraw(&new.whose()) {
                new.first |= first;
            }
            self.joined.push(new);
        }
        self.unused = later.unused;
        self.url.clone_from(&later.url);
        true
    }

    /// Whether the coach still has to begin. A mail of an earlier version has the URL then.
    fn begins(&self) -> bool {
        self.unused || self.url.is_some()
    }
}

impl Content for CoachJoined {
    letter! { CoachJoined, "mail/coach_joined.subject", "mail/coach_joined.txt", "mail/coach_joined.html" }

    fn url_mut(&mut self) -> Option<&mut Option<String>> {
        Some(&mut self.url).filter(|url| url.is_some())
    }

    /// The account of its only athlete; none if there are several.
    fn sent_for(&self, _: Option<AccountId>) -> Option<AccountId> {
        match self.joined.as_slice() {
            [only] => Some(only.account),
            _ => None,
        }
    }

    fn grant_mut(&mut self, whose: &Whose<'_>) -> Option<&mut Granting> {
        let mine = self.joined.iter_mut().find(|joined| joined.is_of(whose));
        mine.map(|joined| &mut joined.grant)
    }

    fn withdraw(&mut self, whose: &Whose<'_>) -> Withdrawn {
        let before = self.joined.len();
        let first = self
            .joined
            .iter()
            .any(|joined| joined.first && joined.is_of(whose));
        self.joined.retain(|joined| !joined.is_of(whose));
        match self.joined.len() {
            0 => Withdrawn::Whole { first },
            now if now < before => Withdrawn::Part { first },
            _ => Withdrawn::Nothing,
        }
    }
}
