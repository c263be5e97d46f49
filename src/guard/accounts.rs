//! How an account comes into being: with its link, in one transaction, however the address was confirmed.

use crate::{
    app::App,
    ids::{AccountId, LinkId},
    mail::Address,
    queries,
    secrets::{PasswordHash, Place, Token, TokenKind},
};

/// Where a link's token stands.
pub const fn link_place(id: LinkId) -> Place {
    Place {
        table: "links",
        row: id.0,
        column: "token_sealed",
    }
}

/// Makes an account and its link within `db`'s transaction; `None` when the address has one already.
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
        let link = LinkId(app.random.uuid(&app.clock));
        let token = Token::mint(TokenKind::Link, &app.random);
        let sealed = app
            .keys
            .seal(link_place(link), token.expose().as_bytes(), &app.random);
        queries::links::create(db, link, id, token.hash(), &sealed, now).await?;
    }
    Ok(made)
}
