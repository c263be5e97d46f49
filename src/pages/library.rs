//! The workout library on the pages: whether somebody may use it through IcuSync, and whether intervals.icu shares it.

use super::changes;
use crate::{
    app::App,
    guard::connection::scopes_of,
    ids::AccountId,
    intervals::{Area, Shared},
    permissions::Group,
    queries::{self, connections::Connection},
    words::{ConnectionKind, ConnectionStatus},
};

/// What to ask intervals.icu for because of the library: nothing while no connector of the account offers it and no coach may use it.
pub(super) async fn wanted(app: &App, account: AccountId, changes: bool) -> sqlx::Result<Shared> {
    let word = Group::Library.word();
    let offered = queries::connectors::any_offers(&app.pool, account, word).await?;
    let grants = queries::grants::of_account(&app.pool, account).await?;
    let now = app.clock.now();
    let is_granted = grants
        .iter()
        .any(|grant| changes::may_use(grant, Group::Library, now));
    Ok(match offered || is_granted {
        false => Shared::default(),
        true if changes => Shared::LIBRARY,
        true => Shared::LIBRARY_READ,
    })
}

/// Whether somebody may use the library, and intervals.icu does not share it.
pub(super) async fn is_unshared(
    app: &App,
    account: AccountId,
    connection: Option<&Connection>,
) -> sqlx::Result<bool> {
    let lacks = |row: &&Connection| {
        row.status == ConnectionStatus::Connected
            && row.kind == ConnectionKind::OAuth
            && !scopes_of(row.kind, &row.scopes).reads(Area::Library)
    };
    match connection.filter(lacks) {
        Some(_) => Ok(!wanted(app, account, false).await?.is_nothing()),
        None => Ok(false),
    }
}
