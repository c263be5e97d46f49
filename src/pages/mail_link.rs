//! Links that stand in mails: opening one swaps its token for a short-lived cookie and a clean URL, and spends nothing.
//! Only the button on the page that follows acts.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use http::{HeaderMap, StatusCode, header::SET_COOKIE};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Frame, frame::with_status};
use crate::{
    app::App,
    error::Problem,
    guard::cookie::{ADDRESS, CONFIRM, Cookie, REGENERATE, RESEND, RESET, ROSTER},
    secrets::{Token, TokenKind},
};

/// How long the page with the button stays usable; then the mail's link must be opened again.
const COOKIE_AGE: Duration = Duration::minutes(30);

/// A kind of mail link, with the cookie and the page that belong to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct MailPage {
    cookie: Cookie,
    path: &'static str,
}

/// Confirming an address.
pub(super) const CONFIRM_PAGE: MailPage = MailPage {
    cookie: CONFIRM,
    path: "/confirm",
};
/// Choosing a new password.
pub(super) const RESET_PAGE: MailPage = MailPage {
    cookie: RESET,
    path: "/reset",
};
/// Taking on a new address.
pub(super) const ADDRESS_PAGE: MailPage = MailPage {
    cookie: ADDRESS,
    path: "/address",
};
/// Having a coach's URL mailed again.
pub(super) const RESEND_PAGE: MailPage = MailPage {
    cookie: RESEND,
    path: "/for-coaches/resend/confirm",
};
/// Replacing a coach's URL.
pub(super) const REGENERATE_PAGE: MailPage = MailPage {
    cookie: REGENERATE,
    path: "/for-coaches/regenerate/confirm",
};
/// Looking after a coach's roster.
pub(super) const ROSTER_PAGE: MailPage = MailPage {
    cookie: ROSTER,
    path: "/for-coaches/roster/confirm",
};

impl MailPage {
    /// Answers the opening of a mail's link with `text` as its token: sets the cookie, and goes to the clean URL.
    /// Text of the wrong form clears it, so that the page that follows is the same as for a spent link.
    pub(super) fn open(self, app: &App, text: &str) -> Response {
        let https = app.config.public_url.is_https();
        let cookie = match Token::parse(TokenKind::Mail, text) {
            Some(token) => self.cookie.set(token.expose(), COOKIE_AGE, https),
            None => self.cookie.clear(https),
        };
        ([(SET_COOKIE, cookie)], Redirect::to(self.path)).into_response()
    }

    /// The token that the cookie holds.
    pub(super) fn token(self, app: &App, headers: &HeaderMap) -> Option<Token> {
        Token::parse(
            TokenKind::Mail,
            self.cookie.read(headers, app.config.public_url.is_https())?,
        )
    }

    /// Adds the `Set-Cookie` that forgets the token.
    pub(super) fn forget(self, app: &App, response: &mut Response) {
        response
            .headers_mut()
            .append(SET_COOKIE, self.cookie.clear(app.config.public_url.is_https()));
    }
}

/// What the page's form carries: it ties the button to the very link that the page was about, so that a second mail
/// opened in another tab is not acted on by mistake, and a form from elsewhere is worth nothing.
pub(super) fn form_id(token: &Token) -> String {
    let digest = Sha256::new()
        .chain_update(b"icusync form ")
        .chain_update(token.expose());
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

/// Whether `sent` is the form id of `token`.
pub(super) fn is_form_of(token: &Token, sent: &str) -> bool {
    form_id(token).as_bytes().ct_eq(sent.as_bytes()).into()
}

#[derive(Template)]
#[template(path = "pages/gone.html")]
struct Gone {
    frame: Frame,
}

/// The one page for links that were used, expired, replaced or made up.
pub(super) fn gone(signed: bool) -> Result<Response, Problem> {
    with_status(
        StatusCode::GONE,
        &Gone {
            frame: Frame::of(signed),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Random;

    #[test]
    fn a_form_belongs_to_one_token() {
        let random = Random::seeded([3; 32]);
        let one = Token::mint(TokenKind::Mail, &random);
        let other = Token::mint(TokenKind::Mail, &random);
        assert!(is_form_of(&one, &form_id(&one)));
        assert!(!is_form_of(&one, &form_id(&other)) && !is_form_of(&one, ""));
        assert!(!form_id(&one).contains(&one.expose()[5..20]));
    }
}
