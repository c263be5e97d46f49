//! The workout library on the pages: whether somebody may use it through IcuSync, and whether intervals.icu shares it.

use super::changes;
use crate::{
    app::App,
    guard::connection::scopes_of,
    ids::AccountId,
    intervals::Area,
    permissions::Group,
    queries::{self, connections::Connection, grants::Grant},
    words::{ConnectionKind, ConnectionStatus},
};

/// Whether one of the account's connectors offers the library, or a coach with one of its `grants` may use it.
pub(super) async fn is_wanted(app: &App, account: AccountId, grants: &[Grant]) -> sqlx::Result<bool> {
    let now = app.clock.now();
    let is_granted = grants
        .iter()
        .any(|grant| changes::may_use(grant, Group::Library, now));
    if is_granted {
        return Ok(true);
    }
    queries::connectors::any_offers(&app.pool, account, Group::Library.word()).await
}

/// Whether somebody may use the library, and intervals.icu does not share it.
pub(super) async fn is_unshared(
    app: &App,
    account: AccountId,
    connection: Option<&Connection>,
    grants: &[Grant],
) -> sqlx::Result<bool> {
    let lacks = |row: &&Connection| {
        row.status == ConnectionStatus::Connected
            && row.kind == ConnectionKind::OAuth
            && !scopes_of(row.kind, &row.scopes).reads(Area::Library)
    };
    match connection.filter(lacks) {
        Some(_) => is_wanted(app, account, grants).await,
        None => Ok(false),
    }
}
