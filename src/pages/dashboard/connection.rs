//! The connection as the dashboard shows it.

use chrono::{DateTime, Utc};

use super::super::{connections, when};
use crate::{
    intervals::Area,
    queries::connections::Connection,
    words::{ConnectionKind, ConnectionStatus, ZoneSource},
};

/// The connection, as `parts/connection.html` shows it.
#[derive(Default)]
pub(super) struct Card {
    /// None if never connected.
    status: Option<ConnectionStatus>,
    pub(super) athlete: String,
    pub(super) athlete_id: String,
    pub(super) by_key: bool,
    pub(super) last_success: Option<String>,
    pub(super) zone: Option<String>,
    zone_by_athlete: bool,
    pub(super) unshared: Vec<&'static str>,
}

impl Card {
    /// Of this row.
    pub(super) fn of(row: Option<Connection>, now: DateTime<Utc>) -> Self {
        let Some(row) = row else {
            return Self::default();
        };
        Self {
            status: Some(row.status),
            unshared: connections::unshared(row.kind, &row.scopes),
            athlete: row.athlete_name,
            athlete_id: row.athlete_id,
            by_key: row.kind == ConnectionKind::ApiKey,
            last_success: row.last_success_at.map(|at| when::ago(now, at)),
            zone_by_athlete: row.zone_source == Some(ZoneSource::Athlete),
            zone: row.zone,
        }
    }

    /// Whether there has never been a connection.
    pub(super) fn is_new(&self) -> bool {
        self.status.is_none()
    }

    /// Whether data can be read.
    pub(super) fn is_connected(&self) -> bool {
        self.status == Some(ConnectionStatus::Connected)
    }

    /// Whether it works, and something is shared.
    pub(super) fn shares_something(&self) -> bool {
        self.is_connected() && !self.shares_nothing()
    }

    /// Whether it works, but every area was unticked.
    pub(super) fn shares_nothing(&self) -> bool {
        self.is_connected() && self.unshared.len() == Area::OF_EVERYBODY.len()
    }

    /// Whether intervals.icu no longer accepts it.
    pub(super) fn needs_reconnect(&self) -> bool {
        self.status == Some(ConnectionStatus::Reconnect)
    }

    /// Whether only the athlete can set the zone: it is not known, or the athlete set it.
    pub(super) fn asks_zone(&self) -> bool {
        self.shares_something() && (self.zone.is_none() || self.zone_by_athlete)
    }

    /// Whether the athlete has to do something here before anything else works.
    pub(super) fn is_urgent(&self) -> bool {
        let is_idle = !self.is_connected() && !self.needs_reconnect();
        is_idle || self.shares_nothing() || self.is_connected() && self.zone.is_none()
    }
}
