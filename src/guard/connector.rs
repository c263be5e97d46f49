//! The token in a connector URL: minted, kept sealed, shown to its owner.
//!
//! Who a token belongs to is in `link`; callers decide who may regenerate one.

use crate::{
    app::App,
    ids::ConnectorId,
    queries::connectors::Link,
    secrets::{Place, Token, TokenHash, TokenKind},
};

/// A token that no one has seen yet.
pub(crate) struct Minted {
    /// The hash by which it is found.
    pub(crate) hash: TokenHash,
    /// The sealed token for the row of its link.
    pub(crate) sealed: Vec<u8>,
    /// The connector URL.
    pub(crate) url: String,
}

/// Where a link's token is stored. The name is part of what is sealed, so it stays what the table was called first.
pub const fn place(link: ConnectorId) -> Place {
    Place {
        table: "links",
        row: link.0,
        column: "token_sealed",
    }
}

/// A new token for `link`; the caller writes it to the link's row.
pub(crate) fn mint(app: &App, link: ConnectorId) -> Minted {
    let token = Token::mint(TokenKind::Link, &app.random);
    Minted {
        hash: token.hash(),
        sealed: app.keys.seal(place(link), token.expose().as_bytes(), &app.random),
        url: app.config.connector_url(token.expose()),
    }
}

/// The connector URL of `link`; none if its owner switched it off, or if it was sealed with a key that is gone. Where the policy
/// has no connector URLs, nobody is shown one: ask that first.
pub fn url(app: &App, link: &Link) -> Option<String> {
    match app.keys.open_text(place(link.id), link.token_sealed.as_ref()?) {
        Ok(token) => Some(app.config.connector_url(&token)),
        Err(error) => {
            tracing::error!(%error, "a link does not open; its owner can regenerate it");
            None
        }
    }
}
