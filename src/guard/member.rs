//! An athlete on a coach's roster: what is granted, for how long, and the athlete's name.
//!
//! [`Member`] has private fields and is built only here, from a row. Which member a text means is in [`super::roster`].

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::coaches;
use crate::{
    ids::{AccountId, GrantId},
    permissions::{self, Permission},
    queries::grants,
    text::names,
    words::MemberStatus,
};

/// An athlete who grants the coach something.
#[derive(Debug, Clone)]
pub struct Member {
    grant: GrantId,
    account: AccountId,
    name: String,
    with_id: String,
    words: Vec<String>,
    words_before: Vec<String>,
    athlete: String,
    status: MemberStatus,
    tools: Vec<&'static Permission>,
    expires_at: Option<DateTime<Utc>>,
    zone: Tz,
    asleep: bool,
    never_used: bool,
}

impl Member {
    pub(super) fn of(row: grants::Member, now: DateTime<Utc>) -> Self {
        Self {
            grant: row.grant_id,
            account: row.account_id,
            name: names::called(&row.athlete_name, &row.athlete_id),
            with_id: names::with_id(&row.athlete_name, &row.athlete_id),
            words: words_of(&row.athlete_name),
            words_before: words_of(&row.granted_as),
            athlete: row.athlete_id,
            status: row.status,
            // A name that this version does not know is another version's tool, and grants nothing here.
            tools: permissions::ALL
                .iter()
                .copied()
                .filter(|tool| row.tools.iter().any(|name| name == tool.name))
                .collect(),
            expires_at: row.expires_at,
            zone: row.zone.and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC),
            asleep: coaches::asleep(row.invited_at, row.first_used_at, now),
            never_used: row.first_used_at.is_none(),
        }
    }

    /// The grant.
    pub fn grant(&self) -> GrantId {
        self.grant
    }

    /// The athlete's name, cleaned and without anything that reads like an id; never empty.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name with the id, `Ana Berger (i1)`: two athletes may share a name, but never an id.
    pub fn with_id(&self) -> &str {
        &self.with_id
    }

    /// The words of the name, by which a text can mean this athlete; none if the name is only an id.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// The words of the name under which the coach came to know this athlete; mostly the same.
    pub(super) fn words_before(&self) -> &[String] {
        &self.words_before
    }

    /// The athlete's id at intervals.icu.
    pub fn athlete_id(&self) -> &str {
        &self.athlete
    }

    /// Whether the athlete's data can be read.
    pub fn status(&self) -> MemberStatus {
        self.status
    }

    /// The granted tools, in the order of the catalogue.
    pub fn tools(&self) -> &[&'static Permission] {
        &self.tools
    }

    /// Whether the tool of `permission` is granted.
    pub fn grants(&self, permission: &Permission) -> bool {
        self.tools.contains(&permission)
    }

    /// The last day of the grant, in the athlete's time zone.
    pub fn until(&self) -> Option<NaiveDate> {
        Some(coaches::last_day(self.expires_at?, self.zone))
    }

    /// The athlete's account.
    pub(crate) fn account(&self) -> AccountId {
        self.account
    }

    /// Whether the coach never used the grant.
    pub(crate) fn never_used(&self) -> bool {
        self.never_used
    }

    /// Whether the invite was unused for so long that the athlete must resend it.
    pub fn unused(&self) -> bool {
        self.asleep
    }

    /// Whether the grant has no effect now: the invite was unused for so long that the athlete must resend it, or the
    /// account shows another athlete.
    pub fn asleep(&self) -> bool {
        self.asleep || self.status == MemberStatus::Replaced
    }

    /// A member for tests.
    #[cfg(test)]
    pub(crate) fn sample(name: &str, athlete: &str, tools: &[&str], status: MemberStatus) -> Self {
        let row = grants::Member {
            grant_id: GrantId(uuid::Uuid::from_u128(1)),
            account_id: AccountId(uuid::Uuid::from_u128(2)),
            account_email: String::new(),
            tools: tools.iter().map(|name| (*name).to_owned()).collect(),
            expires_at: None,
            invited_at: DateTime::UNIX_EPOCH,
            first_used_at: Some(DateTime::UNIX_EPOCH),
            last_used_at: None,
            last_client: None,
            athlete_name: name.to_owned(),
            granted_as: name.to_owned(),
            athlete_id: athlete.to_owned(),
            status,
            zone: Some("Europe/Berlin".to_owned()),
        };
        Self::of(row, DateTime::UNIX_EPOCH)
    }

    /// The same member, who had another name before.
    #[cfg(test)]
    pub(crate) fn known_as(self, name: &str) -> Self {
        Self {
            words_before: words_of(name),
            ..self
        }
    }

    /// The same member with a grant that expires.
    #[cfg(test)]
    pub(crate) fn expiring(self, at: &str) -> Self {
        Self {
            expires_at: Some(at.parse().unwrap()),
            ..self
        }
    }
}

/// The words of a name by which a text can mean its athlete.
fn words_of(name: &str) -> Vec<String> {
    names::Named::of(&names::shown(name)).words
}
