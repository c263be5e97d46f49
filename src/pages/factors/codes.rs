//! One-time codes of an app: switched on with the first code, and taken off.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::HeaderMap;

use super::{HERE as FACTORS, recovery_codes};
use crate::{
    app::App,
    error::Problem,
    guard::{
        factors::{self, Confirmed},
        session::Session,
        sign_ins::From,
        totp::Qr,
    },
    pages::{
        Fields, Frame, FromNetwork, NextPage, Signed,
        done::Done,
        draft::{self, Typed},
        factor,
        form::{Mistake, Wrong as _},
        frame,
        proof::{self, Asks},
    },
    queries,
};

/// The page.
const HERE: &str = "/account/factors/codes";
const WRONG: &str = "That is not the code of this secret. Type the six digits that the app shows now; if they never fit, check that the clock of \
     that device is right.";

/// What the app is to be told.
struct Secret {
    /// As a picture; none if it cannot be drawn.
    qr: Option<Qr>,
    /// As text.
    text: String,
    /// As a link, for an app on this device.
    url: String,
}

/// How far codes have got.
enum Codes {
    Off,
    Waits(Secret),
    On,
}

#[derive(Template)]
#[template(path = "pages/factors_codes.html")]
struct Page {
    frame: Frame,
    state: Codes,
    /// Whether taking it off switches two-step sign-in off.
    is_last: bool,
    email: String,
    asks: Asks,
    next: NextPage,
    mistake: Option<Mistake>,
}

/// `GET /account/factors/codes`.
pub(crate) async fn show(State(app): State<App>, signed: Signed, typed: Typed) -> Result<Response, Problem> {
    let (app, session) = (&app, &signed.0);
    let Some(email) = session.email.clone() else {
        return Ok(Redirect::to(FACTORS).into_response());
    };
    if let Some(first) = factor::asked(app, session, NextPage::FactorCodes).await? {
        return Ok(first);
    }
    let factors = queries::factors::of_account(&app.pool, session.account).await?;
    let state = match factors::waiting_secret(app, session).await? {
        _ if factors.codes_since.is_some() => Codes::On,
        Some(secret) => {
            let url = secret.url(&email)?;
            Codes::Waits(Secret {
                qr: Qr::of(&url),
                text: secret.in_groups(),
                url,
            })
        }
        None => Codes::Off,
    };
    let page = Page {
        frame: Frame::of(true),
        state,
        is_last: factors.passkeys == 0,
        email,
        asks: Asks::of(app, session).await?,
        next: NextPage::FactorCodes,
        mistake: typed.by(session.account).mistake(),
    };
    Ok(page.asks.leading(frame::page(&page)?))
}

/// The page again, because the proof failed.
async fn unproved(app: &App, session: &Session) -> Result<Response, Problem> {
    let (field, text) = Asks::of(app, session).await?.refusal();
    Ok(draft::wrong(HERE, Mistake::new(field, text)))
}

/// `POST /account/factors/codes`: makes a secret, which counts once a code of it was typed.
pub(crate) async fn begin(
    State(app): State<App>,
    signed: Signed,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (session, typed) = (&signed.0, fields.optional("password"));
    if session.email.is_none() {
        return Ok(Redirect::to(FACTORS).into_response());
    }
    if let Some(first) = factor::asked(&app, session, NextPage::FactorCodes).await? {
        return Ok(first);
    }
    if proof::in_session(&app, session, typed).await?.is_none() {
        return unproved(&app, session).await;
    }
    factors::begin_codes(&app, session).await?;
    Ok(Redirect::to(HERE).into_response())
}

/// `POST /account/factors/codes/confirm`: the first code switches them on.
pub(crate) async fn confirm(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (session, code) = (&signed.0, fields.take("code")?);
    if let Some(first) = factor::asked(&app, session, NextPage::FactorCodes).await? {
        return Ok(first);
    }
    match factors::confirm_codes(&app, session, &code, &From::of(from.0, &headers)).await? {
        Confirmed::On(Some(codes)) => Ok(recovery_codes::shown_once(&app, session, codes)),
        Confirmed::On(None) => Ok(Done::CodesOn.answer()),
        Confirmed::Wrong => Ok(draft::wrong(HERE, Mistake::new("code", WRONG))),
        Confirmed::Gone => Ok(Redirect::to(HERE).into_response()),
    }
}

/// `POST /account/factors/codes/off`: takes them off. Of two tabs one does, and both end on the page that says how it is now.
pub(crate) async fn off(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (session, typed) = (&signed.0, fields.optional("password"));
    if let Some(first) = factor::asked(&app, session, NextPage::FactorCodes).await? {
        return Ok(first);
    }
    let Some(proof) = proof::in_session(&app, session, typed).await? else {
        return unproved(&app, session).await;
    };
    let mut transaction = app.pool.begin().await?;
    if !proof.holds(&app, &mut transaction).await? {
        drop(transaction);
        return unproved(&app, session).await;
    }
    let from = From::of(from.0, &headers);
    factors::codes_off(&mut transaction, &app, session.account, &from).await?;
    transaction.commit().await?;
    Ok(Done::CodesOff.answer())
}
