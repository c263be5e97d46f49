//! The right to use one tool for one athlete. [`Granted`] has private fields and is built only here.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::{
    ids::{AccountId, AthleteId, ConnectionId, LinkId},
    intervals::{self, Area, Scopes, model},
    queries::connections::Profile,
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
        /// The connection, when there is one.
        connection: Option<ConnectionId>,
    },
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
    /// When a threshold last changed.
    pub thresholds_on: Option<NaiveDate>,
    /// What the athlete shared.
    pub scopes: Scopes,
}

/// The right to use one tool for one athlete, with a ready handle on that athlete's data and no other.
pub struct Granted {
    caller: Caller,
    card: AthleteCard,
    now: DateTime<Utc>,
    intervals: intervals::Athlete,
}

impl Granted {
    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whose data.
    pub fn athlete(&self) -> &AthleteCard {
        &self.card
    }

    /// The moment of the call.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The athlete's own date.
    pub fn today(&self) -> NaiveDate {
        self.now.with_timezone(&self.card.zone).date_naive()
    }

    /// Whether the athlete shared `area` for reading.
    pub fn shares(&self, area: Area) -> bool {
        self.card.scopes.reads(area)
    }

    /// The athlete's data upstream.
    pub fn intervals(&self) -> &intervals::Athlete {
        &self.intervals
    }

    /// `GET /athlete/{id}`, which also refreshes the connection's row (name, zone, units).
    pub async fn profile(&self) -> Result<model::Athlete, intervals::Error> {
        todo!()
    }
}

/// What a profile from upstream says for the connection's row.
pub fn row_of(athlete: &model::Athlete) -> Profile {
    let _ = athlete;
    todo!()
}
