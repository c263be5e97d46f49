//! Who calls, and what every answer needs to know about the athlete whose data it shows.
//!
//! Values only: how a token becomes a caller is in [`super::link`], what a caller may do in [`super::grant`].

use chrono_tz::Tz;

use crate::{
    ids::{AccountId, AthleteId, CoachId, ConnectorId},
    intervals::Scopes,
    permissions::Permission,
};

/// Who is calling, and through which link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// An athlete, through their own link.
    Athlete {
        /// The account.
        account: AccountId,
        /// The link.
        link: ConnectorId,
        /// The intervals.icu id of the athlete whom the account shows; none if it was never connected.
        athlete: Option<String>,
    },
    /// A coach, through their own link.
    Coach {
        /// The coach.
        coach: CoachId,
        /// The link.
        link: ConnectorId,
        /// The coach's address, which is their name in athletes' logs.
        email: String,
    },
}

impl Caller {
    /// The link that the caller came through.
    pub fn link(&self) -> ConnectorId {
        match self {
            Self::Athlete { link, .. } | Self::Coach { link, .. } => *link,
        }
    }
}

/// The units that an athlete prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Units {
    /// Miles, feet, yards.
    pub imperial: bool,
    /// Pounds.
    pub weight_in_lb: bool,
    /// Fahrenheit.
    pub fahrenheit: bool,
}

/// What every answer needs to know about its athlete, from the connection's row.
#[derive(Debug, Clone)]
pub struct AthleteCard {
    /// intervals.icu id.
    pub id: AthleteId,
    /// The name, cleaned.
    pub name: String,
    /// The athlete's time zone.
    pub zone: Tz,
    /// Preferred units.
    pub units: Units,
    /// What the athlete shared.
    pub scopes: Scopes,
    /// Which tools' data an answer may show.
    pub allowed: Allowed,
}

impl AthleteCard {
    /// Whether an answer may show what the tool of `permission` shows: to the athlete everything, to a coach what this
    /// athlete granted.
    pub fn shows(&self, permission: &Permission) -> bool {
        match &self.allowed {
            Allowed::Own => true,
            Allowed::Granted(granted) => granted.contains(&permission),
        }
    }

    /// Whether the answer is for a coach, who may have several athletes with one name.
    pub fn is_for_coach(&self) -> bool {
        matches!(self.allowed, Allowed::Granted(_))
    }
}

/// Which tools' data the caller may see.
#[derive(Debug, Clone)]
pub enum Allowed {
    /// All: the caller is the athlete.
    Own,
    /// What the athlete granted.
    Granted(Vec<&'static Permission>),
}
