//! Creates an account with its link in one transaction, however the address was confirmed.

use super::connector::{self, Minted};
use crate::{
    app::App,
    ids::{AccountId, ConnectorId},
    mail::Address,
    queries,
    secrets::PasswordHash,
};

/// Creates an account and its link within `db`'s transaction; `None` if the address already has an account.
pub async fn create(
    db: &mut sqlx::PgConnection,
    app: &App,
    address: &Address,
    password: &PasswordHash,
) -> anyhow::Result<Option<AccountId>> {
    let now = app.clock.now();
    let id = AccountId(app.random.uuid(&app.clock));
    let made = queries::accounts::create(&mut *db, id, &address.typed, &address.key, password, now).await?;
    if made.is_some() {
        let link = ConnectorId(app.random.uuid(&app.clock));
        let Minted { hash, sealed, .. } = connector::mint(app, link);
        queries::connectors::create(db, link, id, hash, &sealed, now).await?;
    }
    Ok(made)
}
