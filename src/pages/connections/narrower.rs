//! What a consent that shares less than the one before has stopped.

use crate::{
    guard::coaches::GrantState,
    intervals::{Area, Shared},
    pages::changes::in_words,
    permissions::{self, Access, Permission},
    queries::{connections::Connection, grants::Grant},
    words::{ConnectionKind, ConnectionStatus},
};
use chrono::{DateTime, Utc};

/// What was shared before and is not now, and what no longer works because of that.
pub(in crate::pages) struct Narrower {
    /// What can no longer be read, in words; may be empty.
    pub(in crate::pages) unread: String,
    /// What can be read but no longer changed, in words; may be empty.
    pub(in crate::pages) unchanged: String,
    /// The groups with a tool that worked and no longer does.
    pub(in crate::pages) groups: Vec<&'static str>,
    /// The addresses of the coaches to whom one of these was granted.
    pub(in crate::pages) coaches: Vec<String>,
}

impl Narrower {
    /// Of this connection; none unless its last consent shares less than the one before.
    pub(in crate::pages) fn of(row: &Connection, grants: &[Grant], now: DateTime<Utc>) -> Option<Self> {
        let usable = row.kind == ConnectionKind::OAuth && row.status == ConnectionStatus::Connected;
        let before = Shared::of(row.scopes_before.as_deref().filter(|_| usable)?);
        let shared = Shared::of(&row.scopes);
        let all = || Area::ALL.into_iter();
        let unread: Vec<Area> = all()
            .filter(|area| before.reads(*area) && !shared.reads(*area))
            .collect();
        let unchanged: Vec<Area> = all()
            .filter(|area| before.writes(*area) && !shared.writes(*area) && shared.reads(*area))
            .collect();
        let works = |tool: &Permission, shared: Shared| {
            tool.needs.iter().all(|area| match tool.access {
                Access::Read => shared.reads(*area),
                Access::Write => shared.writes(*area),
            })
        };
        let stopped: Vec<&'static Permission> = permissions::ALL
            .iter()
            .copied()
            .filter(|tool| works(tool, before) && !works(tool, shared))
            .collect();
        let is_stopped = |name: &String| stopped.iter().any(|tool| tool.name == name);
        let mut groups: Vec<&'static str> = stopped.iter().map(|tool| tool.group.title()).collect();
        groups.dedup();
        let coaches = grants
            .iter()
            .filter(|grant| grant.is_shown && GrantState::of(grant, now).is_awake())
            .filter(|grant| grant.tools.iter().any(is_stopped))
            .map(|grant| grant.coach_email.clone())
            .collect();
        Some(Self {
            unread: in_words(&unread),
            unchanged: in_words(&unchanged),
            groups,
            coaches,
        })
    }
}
