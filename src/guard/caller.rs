//! Who calls, and what every answer needs to know of the athlete whose data it holds.
//!
//! Values only: how somebody becomes a caller stands in [`super::link`], what they may do in [`super::grant`].

use chrono_tz::Tz;

use crate::{
    ids::{AccountId, AthleteId, CoachId, LinkId},
    intervals::Scopes,
    permissions::Permission,
};

/// Who is calling, and by which way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// An athlete, through the own link.
    Athlete {
        /// The account.
        account: AccountId,
        /// The link.
        link: LinkId,
        /// The intervals.icu id of the athlete whom the account shows, when there ever was one.
        athlete: Option<String>,
    },
    /// A coach, through the own link.
    Coach {
        /// The coach.
        coach: CoachId,
        /// The link.
        link: LinkId,
        /// The coach's address: the name in athletes' logs.
        email: String,
    },
}

impl Caller {
    /// The link that the caller came through.
    pub fn link(&self) -> LinkId {
        match self {
            Self::Athlete { link, .. } | Self::Coach { link, .. } => *link,
        }
    }
}

/// How an athlete likes numbers to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Units {
    /// Miles, feet, yards.
    pub imperial: bool,
    /// Pounds.
    pub weight_in_lb: bool,
    /// Fahrenheit.
    pub fahrenheit: bool,
}

/// What every answer needs to know of its athlete; it stands in the connection's row.
#[derive(Debug, Clone)]
pub struct AthleteCard {
    /// intervals.icu id.
    pub id: AthleteId,
    /// Name, cleaned.
    pub name: String,
    /// The athlete's zone.
    pub zone: Tz,
    /// Preferred units.
    pub units: Units,
    /// What the athlete shared.
    pub scopes: Scopes,
    /// Which tools' data an answer may hold.
    pub allowed: Allowed,
}

impl AthleteCard {
    /// Whether an answer may hold what the tool of `permission` shows: of the own athlete all, for a coach what this athlete
    /// granted.
    pub fn shows(&self, permission: &Permission) -> bool {
        match &self.allowed {
            Allowed::Own => true,
            Allowed::Granted(granted) => granted.contains(&permission),
        }
    }

    /// Whether a coach reads the answer, who may have several athletes of one name.
    pub fn is_for_coach(&self) -> bool {
        matches!(self.allowed, Allowed::Granted(_))
    }
}

/// Which tools' data the caller may see.
#[derive(Debug, Clone)]
pub enum Allowed {
    /// All: it is the athlete's own.
    Own,
    /// What the athlete granted.
    Granted(Vec<&'static Permission>),
}
