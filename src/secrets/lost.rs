//! Sealed values that no key opens: what they were, and whether the operator has accepted it. No SQL, and no value, here.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::words::closed_set;

closed_set! {
    /// What a sealed value holds. A job's carries the word of the job's kind.
    pub enum Held {
        /// An athlete's connection to intervals.icu.
        Connection = "connection",
        /// An athlete's connector URL.
        AthleteUrl = "athlete_url",
        /// A coach's connector URL.
        CoachUrl = "coach_url",
        /// An email that waits to be sent.
        Mail = "mail",
        /// A token that waits to be revoked at intervals.icu.
        Revoke = "revoke",
        /// A calendar entry before and after a change.
        Change = "change",
        /// What the outside identity provider is asked with about somebody.
        Identity = "identity",
        /// The secret of an account's one-time codes.
        Totp = "totp",
    }
}

impl Held {
    /// The number of them, in words for the operator.
    fn counted(self, count: u64) -> String {
        let (one, more) = match self {
            Self::Connection => ("connection to intervals.icu", "connections to intervals.icu"),
            Self::AthleteUrl => ("athlete's connector URL", "athletes' connector URLs"),
            Self::CoachUrl => ("coach's connector URL", "coaches' connector URLs"),
            Self::Mail => ("waiting email", "waiting emails"),
            Self::Revoke => (
                "waiting revoke at intervals.icu",
                "waiting revokes at intervals.icu",
            ),
            Self::Change => ("change that can be undone", "changes that can be undone"),
            Self::Identity => (
                "identity that has to sign in at the identity provider again",
                "identities that have to sign in at the identity provider again",
            ),
            Self::Totp => ("secret of one-time codes", "secrets of one-time codes"),
        };
        format!("{count} {}", if count == 1 { one } else { more })
    }
}

/// What one key sealed, and how much of it opens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Whether the ring has a key with this id. It may still be a different key.
    pub on_ring: bool,
    /// Values that open.
    pub opened: u64,
    /// Values that do not.
    pub lost: BTreeMap<Held, u64>,
}

impl Sealed {
    /// How many do not open.
    pub fn lost(&self) -> u64 {
        self.lost.values().sum()
    }

    /// Whether the key is missing or a different one, rather than single values damaged.
    fn key_fails(&self) -> bool {
        self.lost() > self.opened
    }
}

/// Every sealed value by the id of its key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look(pub BTreeMap<String, Sealed>);

impl Look {
    /// How many values do not open.
    pub fn lost(&self) -> u64 {
        self.0.values().map(Sealed::lost).sum()
    }

    /// What is lost, under any key, in words for the operator.
    pub fn counts(&self) -> String {
        let mut counts: BTreeMap<Held, u64> = BTreeMap::new();
        for (held, count) in self.0.values().flat_map(|key| &key.lost) {
            *counts.entry(*held).or_default() += count;
        }
        in_words(&counts)
    }

    /// What is lost, by key, in words for the operator; empty if everything opens.
    pub fn words(&self) -> String {
        let of_key = |(id, key): (&String, &Sealed)| {
            let why = match (key.on_ring, key.key_fails()) {
                (false, _) => format!("sealed with the key {id}, which is missing"),
                (true, true) => format!("sealed with a different key from the {id} that is set"),
                (true, false) => format!("damaged or moved, under the key {id}"),
            };
            format!("{} ({why})", in_words(&key.lost))
        };
        let lost = self.0.iter().filter(|(_, key)| key.lost() > 0);
        lost.map(of_key).collect::<Vec<_>>().join("; ")
    }
}

fn in_words(counts: &BTreeMap<Held, u64>) -> String {
    let counted: Vec<String> = counts.iter().map(|(held, count)| held.counted(*count)).collect();
    counted.join(", ")
}

/// Whether the sealed values open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Openable {
    /// Nobody has checked yet.
    Unknown,
    /// All of them.
    All,
    /// Not all: those that do not were accepted as lost, or are damaged, and another key would not help.
    Some,
    /// A key is missing or wrong here: another instance seals with one that this one does not have.
    KeyFails,
}

/// What the last check of the sealed values found, for anyone who asks how the service is.
#[derive(Default)]
pub struct Seals(Mutex<Known>);

#[derive(Default)]
struct Known {
    accepted: Look,
    last: Option<Look>,
}

impl Seals {
    /// Accepts everything that does not open now as lost.
    pub fn accept(&self, look: &Look) {
        self.known().accepted = look.clone();
    }

    /// Notes a check, and returns whether it differs from the one before.
    pub fn note(&self, look: Look) -> bool {
        let mut known = self.known();
        let before = known.last.as_ref().map(Look::words);
        let is_news = before != Some(look.words());
        known.last = Some(look);
        is_news
    }

    /// The state by the last check.
    pub fn state(&self) -> Openable {
        let known = self.known();
        let Some(last) = &known.last else {
            return Openable::Unknown;
        };
        let accepted = |id: &str| known.accepted.0.get(id).map_or(0, Sealed::lost);
        let fails = |(id, key): (&String, &Sealed)| key.key_fails() && key.lost() > accepted(id);
        if last.0.iter().any(fails) {
            Openable::KeyFails
        } else if last.lost() > 0 {
            Openable::Some
        } else {
            Openable::All
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Id, whether the ring has it, how many opened, which did not.
    type Key<'a> = (&'a str, bool, u64, &'a [(Held, u64)]);

    fn look(keys: &[Key]) -> Look {
        let of = |(id, on_ring, opened, lost): &Key| {
            let key = Sealed {
                on_ring: *on_ring,
                opened: *opened,
                lost: lost.iter().copied().collect(),
            };
            ((*id).to_owned(), key)
        };
        Look(keys.iter().map(of).collect())
    }

    #[test]
    fn lost_values_are_listed_by_kind_and_key() {
        let look = look(&[
            ("k1", true, 0, &[(Held::Connection, 9), (Held::AthleteUrl, 1)]),
            ("k2", false, 0, &[(Held::CoachUrl, 2)]),
            ("k3", true, 7, &[(Held::Mail, 1)]),
            ("k4", true, 5, &[]),
        ]);
        assert_eq!(look.lost(), 13);
        assert_eq!(
            look.counts(),
            "9 connections to intervals.icu, 1 athlete's connector URL, 2 coaches' connector URLs, 1 waiting email"
        );
        assert_eq!(
            look.words(),
            "9 connections to intervals.icu, 1 athlete's connector URL (sealed with a different key from the k1 that is set); \
             2 coaches' connector URLs (sealed with the key k2, which is missing); \
             1 waiting email (damaged or moved, under the key k3)"
        );
    }

    #[test]
    fn a_failing_key_is_distinguished_from_damage_and_accepted_losses() {
        let all = look(&[("k1", true, 5, &[])]);
        let damaged = look(&[("k1", true, 5, &[(Held::Mail, 1)])]);
        let foreign = look(&[("k1", true, 5, &[]), ("k2", false, 0, &[(Held::AthleteUrl, 1)])]);
        let more = look(&[("k1", true, 5, &[]), ("k2", false, 0, &[(Held::AthleteUrl, 2)])]);
        let wrong = look(&[("k1", true, 2, &[(Held::AthleteUrl, 3)])]);

        let seals = Seals::default();
        assert_eq!(seals.state(), Openable::Unknown);
        for (look, state) in [
            (&all, Openable::All),
            (&damaged, Openable::Some),
            (&foreign, Openable::KeyFails),
            (&wrong, Openable::KeyFails),
            (&all, Openable::All),
        ] {
            assert!(seals.note(look.clone()), "news: {look:?}");
            assert!(!seals.note(look.clone()));
            assert_eq!(seals.state(), state, "{look:?}");
        }
        seals.accept(&foreign);
        seals.note(foreign);
        assert_eq!(
            seals.state(),
            Openable::Some,
            "accepted, but not reported as healthy"
        );
        seals.note(more);
        assert_eq!(seals.state(), Openable::KeyFails, "somebody still seals with it");
        seals.note(all);
        assert_eq!(seals.state(), Openable::All);
    }
}
