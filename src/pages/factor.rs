//! The second factor, asked for again: before what a thief at an unlocked screen would want, whoever has a factor shows it, unless
//! that was a short time ago. What was typed into the form that leads here is kept.

pub(crate) mod lost;
pub(crate) mod recover;
pub(crate) mod step;

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::HeaderMap;

use super::{
    Fields, Frame, FromNetwork, NextPage, Signed,
    draft::{Kept, Typed},
    frame::page,
    passkeys,
};
use crate::{
    app::App,
    error::Problem,
    guard::{door::Came, factors, session::Session, sign_ins::From, tries::NoMore},
    queries::{self, factors::Factors},
    words::SignInOutcome,
};

/// The page.
const HERE: &str = "/account/factor";

/// Where somebody has to go first who wants to do something on the page `next`: to the page that asks for a factor, if the account
/// has one and none was shown a short time ago in this session.
pub(super) async fn first(app: &App, session: &Session, next: NextPage) -> Result<Option<String>, Problem> {
    if factors::is_fresh(app, session) || !queries::factors::has_any(&app.pool, session.account).await? {
        return Ok(None);
    }
    Ok(Some(before(next)))
}

/// The page that asks for a factor, and goes on to `next`.
pub(super) fn before(next: NextPage) -> String {
    format!("{HERE}?next={}", next.word())
}

/// [`first`] as a redirect.
pub(super) async fn asked(app: &App, session: &Session, next: NextPage) -> Result<Option<Response>, Problem> {
    let first = first(app, session, next).await?;
    Ok(first.map(|location| Redirect::to(&location).into_response()))
}

/// What was wrong with the last code, as the query says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// It was wrong.
    Wrong,
    /// There were too many wrong ones here.
    TooManyHere,
    /// There were too many wrong ones of this account.
    TooMany,
}

impl Said {
    const ALL: [Self; 3] = [Self::Wrong, Self::TooManyHere, Self::TooMany];

    /// Its word in the query.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::TooManyHere => "enough",
            Self::TooMany => "too-many",
        }
    }

    /// What a query says.
    pub(super) fn of_query(query: Option<&str>) -> Option<Self> {
        let mut fields = Fields::parse(query.unwrap_or_default().as_bytes()).ok()?;
        let word = fields.optional("said")?;
        Self::ALL.into_iter().find(|said| said.word() == word)
    }

    /// Why a code was not even looked at.
    pub(super) const fn of(no_more: NoMore) -> Self {
        match no_more {
            NoMore::OfOne => Self::TooManyHere,
            NoMore::OfAccount => Self::TooMany,
        }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Wrong => {
                "That code was not right, or was used before. Type the one that the app shows now; if it never fits, check that the \
                 clock of that device is right."
            }
            Self::TooManyHere => "There were too many wrong codes here. Wait an hour, or use a passkey.",
            Self::TooMany => {
                "There were too many wrong codes for this account today. A passkey or a recovery code still lets you in."
            }
        })
    }
}

/// What was wrong with the last code or passkey.
fn said(query: Option<&str>, kept: &Kept) -> Option<String> {
    let of_passkey = || kept.mistake_at(passkeys::FIELD);
    Said::of_query(query)
        .map(|said| said.to_string())
        .or_else(of_passkey)
}

#[derive(Template)]
#[template(path = "pages/factor_again.html")]
struct Again {
    frame: Frame,
    factors: Factors,
    passkey: Option<passkeys::Button>,
    said: Option<String>,
    /// Where the form goes.
    action: &'static str,
    /// Where to go on to.
    next_word: Option<String>,
}

/// `GET /account/factor?next=`.
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    typed: Typed,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let next = NextPage::of_query(query.as_deref());
    let factors = queries::factors::of_account(&app.pool, signed.0.account).await?;
    if !factors.has_any() {
        return Ok(Redirect::to(&next.path()).into_response());
    }
    page(&Again {
        frame: Frame::of(true),
        action: HERE,
        next_word: Some(next.word().into_owned()),
        factors,
        passkey: passkeys::Button::again(&app, &signed.0, next).await?,
        said: said(query.as_deref(), &typed.by(signed.0.account)),
    })
}

/// `POST /account/factor`: a code, and on to the page that wanted it.
pub(crate) async fn show_again(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (session, code) = (&signed.0, fields.take("code")?);
    let next = NextPage::of_fields(&mut fields);
    let said = match code_again(&app, session, &code, &From::of(from.0, &headers)).await? {
        None => return Ok(Redirect::to(&next.path()).into_response()),
        Some(said) => said.word(),
    };
    Ok(Redirect::to(&format!("{}&said={said}", before(next))).into_response())
}

/// Judges a code and notes in the session that it was shown; what is wrong with it otherwise.
async fn code_again(app: &App, session: &Session, code: &str, from: &From) -> Result<Option<Said>, Problem> {
    let account = session.account;
    let right = match factors::judge(app, session.hash, account, code).await? {
        Ok(right) => right,
        Err(no_more) => return Ok(Some(Said::of(no_more))),
    };
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let factor = match &right {
        Some(right) if queries::accounts::lock(&mut *db, account).await? => {
            factors::spend(&mut *db, account, right).await?
        }
        _ => None,
    };
    let Some(factor) = factor else {
        drop(transaction);
        let way = session.came.as_ref().map(|came: &Came| came.way);
        factors::log_wrong(app, account, way, SignInOutcome::WrongFactor, from).await?;
        return Ok(Some(Said::Wrong));
    };
    factors::shown_again(db, app, session, factor).await?;
    transaction.commit().await?;
    Ok(None)
}
