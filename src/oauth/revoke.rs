//! `POST /revoke` (RFC 7009): a client gives a token back. A refresh token ends the whole sign-in, an access token only itself.
//!
//! The answer is the same whether there was such a token (section 2.2), and a client touches no other client's.

use axum::{body::Bytes, extract::State, response::IntoResponse as _, response::Response};
use http::{HeaderMap, StatusCode};

use super::{
    error::{self, OAuthError, refused},
    token::read,
};
use crate::{
    app::App,
    guard::{
        limits::FromNetwork,
        sign_ins::{self, From},
    },
    queries,
    secrets::{Token, TokenKind},
    words::SignInOutcome,
};

/// `POST /revoke`. The hint (section 2.1) is not needed: a token shows what it is.
pub(crate) async fn revoke(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let asked = read(&app, "revoke", &headers, &body).await?;
    let Some(text) = asked.form.get("token") else {
        refused("revoke", &asked.client.id, "no_token");
        return Err(OAuthError::new("invalid_request", "token is missing."));
    };
    let refresh = Token::parse(TokenKind::Refresh, text);
    let access = Token::parse(TokenKind::Access, text);
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let of_refresh = match &refresh {
        Some(token) => queries::sign_ins::of_refresh(&mut *db, token.hash()).await?,
        None => None,
    };
    if let Some(found) = of_refresh.filter(|found| found.client_id == asked.client.id)
        && queries::sign_ins::end(&mut *db, found.id).await?
        && let Some(owner) = found.owner()
    {
        let client = sign_ins::label(&found.client_name, &found.redirect_host);
        let from = From::of(from.0, &headers);
        sign_ins::log(
            &mut *db,
            &app,
            owner,
            Some(&client),
            SignInOutcome::GivenBack,
            &from,
        )
        .await?;
    }
    if let Some(token) = &access {
        let found = queries::sign_ins::of_access(&mut *db, token.hash()).await?;
        if found.is_some_and(|found| found.client_id == asked.client.id) {
            queries::sign_ins::end_access(&mut *db, token.hash()).await?;
        }
    }
    transaction.commit().await?;
    let mut response = StatusCode::OK.into_response();
    error::no_store(response.headers_mut());
    Ok(response)
}
