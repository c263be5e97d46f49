//! Mail links of every kind: requested with an address, opened, confirmed, spent.
//!
//! Opening one swaps its token for a short-lived cookie and a clean URL, and spends nothing. Only the button on the next
//! page acts. A link works until it expires or one of its kind for its address is spent. Only its page knows what the
//! button does.

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::{MethodRouter, get},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use http::{HeaderMap, StatusCode, header::SET_COOKIE};
use sha2::{Digest as _, Sha256};
use sqlx::{Acquire as _, Postgres, Transaction};
use subtle::ConstantTimeEq as _;

use super::{
    Frame, entered,
    for_coaches::{Asked, wish::Wish},
    frame::with_status,
    sent::{Sent, What},
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        cookie::{ADDRESS, CONFIRM, Cookie, ENTRY, RECOVER, REGENERATE, RELEASE, RESEND, RESET, ROSTER},
        door::{self, Came},
        limits::{FromNetwork, Network},
        policy, recovery,
        sign_ins::From,
        tries,
    },
    ids::{AccountId, RequestId},
    mail::{Address, Mail, outbox},
    queries::{
        self, Db,
        mail_links::{MailLink, MailLinkKind, NewMailLink},
    },
    secrets::{Password, PasswordHash, Token, TokenHash, TokenKind},
    words::Way,
};

/// How long the page with the button stays usable; after that, the link in the email must be opened again.
const COOKIE_AGE: Duration = Duration::minutes(30);

/// A kind of mail link and everything about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MailPage {
    kind: MailLinkKind,
    cookie: Cookie,
    /// Its path in an email, before the slash and the token.
    link: &'static str,
    /// The page with the button.
    path: &'static str,
    /// How long the link in the email works.
    lasts: Duration,
}

/// Confirming an address, and choosing the password of the account.
pub(crate) const CONFIRM_PAGE: MailPage = MailPage {
    kind: MailLinkKind::Confirm,
    cookie: CONFIRM,
    link: "/confirm",
    path: "/confirm",
    lasts: Duration::hours(24),
};
/// Choosing a new password.
pub(crate) const RESET_PAGE: MailPage = MailPage {
    kind: MailLinkKind::Reset,
    cookie: RESET,
    link: "/reset",
    path: "/reset",
    lasts: Duration::minutes(30),
};
/// Changing to a new address.
pub(crate) const ADDRESS_PAGE: MailPage = MailPage {
    kind: MailLinkKind::Address,
    cookie: ADDRESS,
    link: "/address",
    path: "/address",
    lasts: Duration::minutes(30),
};
/// Freeing an athlete from the account.
pub(crate) const RELEASE_PAGE: MailPage = MailPage {
    kind: MailLinkKind::Release,
    cookie: RELEASE,
    link: "/release",
    path: "/release",
    lasts: Duration::minutes(30),
};
/// Taking the lost factors off an account.
pub(crate) const RECOVER_PAGE: MailPage = MailPage {
    kind: MailLinkKind::Recover,
    cookie: RECOVER,
    link: recovery::LINK,
    path: "/recover",
    lasts: recovery::LINK_LASTS,
};
/// Resending a coach's URL.
pub(super) const RESEND_PAGE: MailPage = MailPage {
    kind: MailLinkKind::Resend,
    cookie: RESEND,
    link: "/for-coaches/resend",
    path: "/for-coaches/resend/confirm",
    lasts: Duration::minutes(10),
};
/// Regenerating a coach's URL.
pub(super) const REGENERATE_PAGE: MailPage = MailPage {
    kind: MailLinkKind::Regenerate,
    cookie: REGENERATE,
    link: "/for-coaches/regenerate",
    path: "/for-coaches/regenerate/confirm",
    lasts: Duration::minutes(10),
};
/// Opening a coach's roster.
pub(super) const ROSTER_PAGE: MailPage = MailPage {
    kind: MailLinkKind::Roster,
    cookie: ROSTER,
    link: "/for-coaches/roster",
    path: "/for-coaches/roster/confirm",
    lasts: Duration::minutes(10),
};

/// A request for a mail link, made by typing an address.
pub(super) struct AskedFor<'a> {
    /// Where the email goes.
    pub(super) to: &'a Address,
    /// The account that the link belongs to, and on whose behalf the email goes.
    pub(super) account: Option<AccountId>,
    /// Whether the email has a reader at all.
    pub(super) wanted: bool,
    /// The network of the request, if the address has neither an account nor an athlete: such emails are limited.
    pub(super) stranger: Option<Network>,
    /// The client's sign-in that the person comes from.
    pub(super) request: Option<RequestId>,
}

/// A link that was opened in this browser and still works.
pub(super) struct Opened {
    page: MailPage,
    token: Token,
    /// Its row.
    pub(super) link: MailLink,
}

impl MailPage {
    /// Mints a link, writes it and the email that `mail` makes with it, and commits.
    ///
    /// Nobody learns whether an email is sent: everything is written in any case, to a savepoint, which is rolled back if
    /// the email is not wanted or above a limit. Every case runs the same statements.
    pub(super) async fn ask(
        self,
        mut transaction: Transaction<'static, Postgres>,
        app: &App,
        asked: AskedFor<'_>,
        mail: impl FnOnce(String) -> Mail + Send,
    ) -> Result<(), Problem> {
        let AskedFor {
            to,
            account,
            wanted,
            stranger,
            request,
        } = asked;
        let now = app.clock.now();
        let token = Token::mint(TokenKind::Mail, &app.random);
        let url = app.config.page_url(&format!("{}/{}", self.link, token.expose()));
        let link = NewMailLink {
            hash: token.hash(),
            kind: self.kind,
            email: &to.typed,
            email_key: &to.key,
            account_id: account,
            request_id: request,
            now,
            expires_at: now + self.lasts,
        };
        let mut written = transaction.begin().await?;
        let is_stranger = stranger.is_some();
        tries::one_ask_at_a_time(&mut written).await?;
        let lives = queries::mail_links::lives(&mut *written, self.kind, &to.key, account, now).await?;
        // Someone who makes up tags must not get an email for each of them.
        let made_up = is_stranger && to.key != to.mailbox();
        queries::mail_links::create(&mut *written, link).await?;
        let within = tries::mail_to_stranger(&mut written, app, stranger.filter(|_| wanted)).await?;
        let queued = outbox::ask(&mut written, app, to, account, mail(url), !lives && !made_up).await?;
        if wanted && within && queued == outbox::Queued::Queued {
            written.commit().await?;
        } else {
            written.rollback().await?;
        }
        Ok(transaction.commit().await?)
    }

    /// The route of the link in an email.
    pub(crate) fn opening(self) -> MethodRouter<App> {
        get(
            async move |State(app): State<App>, token: Result<Path<String>, PathRejection>| {
                self.open(&app, token.as_deref().map_or("", String::as_str))
            },
        )
    }

    /// Answers the opening of a mail link with `text` as its token: sets the cookie, and redirects to the clean URL. Text
    /// of the wrong form clears the cookie, so that the next page is the same as for a spent link.
    pub(super) fn open(self, app: &App, text: &str) -> Response {
        let https = app.config.public_url.is_https();
        let cookie = match Token::parse(TokenKind::Mail, text) {
            Some(token) => self.cookie.set(token.expose(), COOKIE_AGE, https),
            None => self.cookie.clear(https),
        };
        // A mistake behind another link is none behind this one.
        let cookies = AppendHeaders([(SET_COOKIE, cookie), (SET_COOKIE, ENTRY.clear(https))]);
        (cookies, Redirect::to(self.path)).into_response()
    }

    /// The link that was opened in this browser, while it works. Spends nothing.
    pub(super) async fn opened(
        self,
        db: impl Db<'_>,
        app: &App,
        headers: &HeaderMap,
    ) -> Result<Option<Opened>, Problem> {
        let token = self.cookie.read(headers, app.config.public_url.is_https());
        let Some(token) = token.and_then(|text| Token::parse(TokenKind::Mail, text)) else {
            return Ok(None);
        };
        let link = queries::mail_links::peek(db, token.hash(), self.kind, app.clock.now()).await?;
        Ok(link.map(|link| Opened {
            page: self,
            token,
            link,
        }))
    }

    /// [`MailPage::opened`] for a button whose page carried `form`.
    pub(super) async fn pressed(
        self,
        db: impl Db<'_>,
        app: &App,
        headers: &HeaderMap,
        form: &str,
    ) -> Result<Option<Opened>, Problem> {
        let opened = self.opened(db, app, headers).await?;
        Ok(opened.filter(|opened| is_form_of(&opened.token, form)))
    }
}

impl Opened {
    /// What the page's form carries.
    pub(super) fn form(&self) -> String {
        form_id(&self.token)
    }

    /// The hash of its token, by which attempts behind this link are counted.
    pub(super) fn hash(&self) -> TokenHash {
        self.token.hash()
    }

    /// The hash of a password that was chosen behind this link. Each press of the button costs a hash, so presses are counted.
    pub(super) async fn hash_of(&self, app: &App, password: Password) -> Result<PasswordHash, Problem> {
        tries::press(app, self.hash()).await??;
        Ok(app.passwords.hash(password).await)
    }

    /// Spends the link and every other of its kind for its address; none if it was spent. Lock the account or the coach
    /// first.
    pub(super) async fn spend(&self, db: impl Db<'_>, app: &App) -> sqlx::Result<Option<MailLink>> {
        queries::mail_links::take(db, self.hash(), self.page.kind, app.clock.now()).await
    }

    /// Signs this browser in, commits what the button did, and answers.
    pub(super) async fn sign_in(
        &self,
        mut transaction: Transaction<'static, Postgres>,
        app: &App,
        account: AccountId,
        (headers, from): (&HeaderMap, FromNetwork),
        answer: Response,
    ) -> Result<Response, Problem> {
        let (from, path) = (From::of(from.0, headers), entered::path_of(&answer));
        let came = Came::by(Way::Password);
        let entered = door::enter(&mut transaction, app, account, &came, (headers, &from), &path).await?;
        transaction.commit().await?;
        Ok(self.forgotten(app, entered::answer(entered, answer)))
    }

    /// `response` with the `Set-Cookie` that clears the token.
    pub(super) fn forgotten(&self, app: &App, mut response: Response) -> Response {
        let forget = self.page.cookie.clear(app.config.public_url.is_https());
        response.headers_mut().append(SET_COOKIE, forget);
        response
    }
}

/// Defines the page behind a mail link on which a password is typed, from its template; its `draw` shows it.
macro_rules! password_page {
    ($page:ident, $template:literal) => {
        #[derive(askama::Template)]
        #[template(path = $template)]
        struct $page {
            frame: $crate::pages::Frame,
            email: String,
            form: String,
            mistake: Option<$crate::pages::form::Mistake>,
        }

        impl $page {
            fn draw(
                signed: bool,
                opened: &$crate::pages::mail_link::Opened,
                mistake: Option<$crate::pages::form::Mistake>,
            ) -> Result<axum::response::Response, $crate::error::Problem> {
                let page = Self {
                    frame: $crate::pages::Frame::of(signed),
                    email: opened.link.email.clone(),
                    form: opened.form(),
                    mistake,
                };
                $crate::pages::frame::page(&page)
            }
        }
    };
}

pub(super) use password_page;

/// What the page's form carries: it ties the button to the link that the page was about, so that a second email opened in
/// another tab is not acted on by mistake, and a form from elsewhere has no effect.
fn form_id(token: &Token) -> String {
    let digest = Sha256::new()
        .chain_update(b"icusync form ")
        .chain_update(token.expose());
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

/// Whether `sent` is the form id of `token`.
fn is_form_of(token: &Token, sent: &str) -> bool {
    form_id(token).as_bytes().ct_eq(sent.as_bytes()).into()
}

#[derive(Template)]
#[template(path = "pages/gone.html")]
struct Gone {
    frame: Frame,
    kind: MailLinkKind,
    /// Whether a new account can be made.
    is_open: bool,
    /// The address that the last link of this kind went to.
    email: String,
    /// For a coach's link: the forms that lead on.
    forms: Vec<Asked>,
}

impl MailPage {
    /// The page for its links that were used, have expired, ended with another link or were made up: the same for all of
    /// them. It leads to a new one.
    pub(super) fn gone(self, app: &App, headers: &HeaderMap, signed: bool) -> Result<Response, Problem> {
        // Nothing is asked for this page: whoever shows it may hold a transaction.
        let sign_ups = policy::sign_ups_last_known(app);
        let sent = self
            .what()
            .and_then(|what| Sent::read(app, headers, &[what], None));
        let email = sent.map(|sent| sent.email);
        let forms = match self.kind {
            MailLinkKind::Resend | MailLinkKind::Regenerate | MailLinkKind::Roster => {
                let typed = email.clone().unwrap_or_default();
                let wishes = Wish::with(sign_ups.policy()).into_iter();
                wishes.map(|wish| Asked::new(wish, typed.clone())).collect()
            }
            MailLinkKind::Confirm
            | MailLinkKind::Reset
            | MailLinkKind::Address
            | MailLinkKind::Release
            | MailLinkKind::Recover => Vec::new(),
        };
        let gone = Gone {
            frame: Frame::of(signed),
            kind: self.kind,
            is_open: sign_ups.is_open_to_passwords(),
            email: email.unwrap_or_default(),
            forms,
        };
        with_status(StatusCode::GONE, &gone)
    }

    /// What its links are requested for; none if no form with an address requests them.
    pub(super) fn what(self) -> Option<What> {
        Some(match self.kind {
            MailLinkKind::Confirm => What::Confirm,
            MailLinkKind::Reset => What::Reset,
            MailLinkKind::Address => What::Address,
            MailLinkKind::Resend => What::Resend,
            MailLinkKind::Regenerate => What::Regenerate,
            MailLinkKind::Roster => What::Roster,
            MailLinkKind::Release | MailLinkKind::Recover => return None,
        })
    }
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
