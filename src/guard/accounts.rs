//! Creates an account with its link in one transaction, whatever its way in.

use super::connector::{self, Minted};
use crate::{
    app::App,
    ids::{AccountId, AthleteId, ConnectorId},
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
    Ok(with_link(db, app, made).await?)
}

/// The same for an athlete who signs in with intervals.icu, with a confirmed address or none yet; `None` if the athlete or the
/// address already has an account.
pub async fn create_of_athlete(
    db: &mut sqlx::PgConnection,
    app: &App,
    athlete: &AthleteId,
    address: Option<&Address>,
) -> sqlx::Result<Option<AccountId>> {
    let now = app.clock.now();
    let id = AccountId(app.random.uuid(&app.clock));
    let address = address.map(|address| (address.typed.as_str(), address.key.as_str()));
    let made = queries::accounts::create_of_athlete(&mut *db, id, athlete.as_str(), address, now).await?;
    with_link(db, app, made).await
}

/// The same for somebody whose confirmed address comes from the outside identity provider, without a password; `None` if the address
/// already has an account. The caller binds the identity in the same transaction.
pub async fn create_with_address(
    db: &mut sqlx::PgConnection,
    app: &App,
    address: &Address,
) -> sqlx::Result<Option<AccountId>> {
    let now = app.clock.now();
    let id = AccountId(app.random.uuid(&app.clock));
    let address = (address.typed.as_str(), address.key.as_str());
    let made = queries::accounts::create_with_address(&mut *db, id, address, now).await?;
    with_link(db, app, made).await
}

async fn with_link(
    db: &mut sqlx::PgConnection,
    app: &App,
    made: Option<AccountId>,
) -> sqlx::Result<Option<AccountId>> {
    if let Some(id) = made {
        let link = ConnectorId(app.random.uuid(&app.clock));
        let Minted { hash, sealed, .. } = connector::mint(app, link);
        queries::connectors::create(db, link, id, hash, &sealed, app.clock.now()).await?;
    }
    Ok(made)
}
