//! Signing in and out.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, header::SET_COOKIE};

use super::{
    Fields, Frame, FromNetwork, MaybeSigned, NextPage, authorize,
    done::{Done, JustDone},
    draft::{self, Typed},
    entered,
    form::Mistake,
    frame::page,
    kept_out::{self, Whose},
    passkeys, provider,
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        door::{self, Came},
        policy::{self, Admission},
        session::{self, Who},
        sign_ins::{self, From},
        tries,
    },
    ids::AccountId,
    mail::Address,
    policy::Kind,
    queries::{self, sign_in_log::How, sign_ins::Owner},
    secrets::PasswordHash,
    words::{SignInOutcome, Way},
};

/// What a draft says after a wrong address or password; the page has words of its own.
pub(super) const REFUSED: &str = "refused";

#[derive(Template)]
#[template(path = "pages/sign_in.html")]
#[expect(clippy::struct_excessive_bools, reason = "each way in is offered or not")]
struct Form {
    frame: Frame,
    open: bool,
    /// Whether one can sign in with a password.
    by_password: bool,
    /// Whether one can continue with intervals.icu.
    oauth: bool,
    /// What people call the outside identity provider, if one can continue with it.
    provider: Option<String>,
    email: String,
    next: NextPage,
    refused: bool,
    /// Why a passkey was not accepted.
    passkey_refused: Option<String>,
    /// None if there are no passkeys here.
    passkey: Option<passkeys::Button>,
    done: Option<Done>,
}

/// `GET /sign-in?next=`, or with `?done=` after something was done.
pub(crate) async fn form(
    State(app): State<App>,
    visitor: MaybeSigned,
    JustDone(done): JustDone,
    typed: Typed,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let next = NextPage::of_query(query.as_deref());
    if visitor.0.is_some() {
        return Ok(Redirect::to(&next.path()).into_response());
    }
    let kept = typed.by_anyone();
    let sign_ups = policy::sign_ups(&app).await?;
    let offered = sign_ups.offered(&app);
    let (passkey, cookie) = passkeys::Button::sign_in(&app, &headers, next)?
        .filter(|_| offered.passkey)
        .unzip();
    let form = Form {
        frame: Frame::of(false),
        open: sign_ups.is_open(),
        by_password: offered.password,
        oauth: offered.intervals,
        provider: provider::name(&app).filter(|_| offered.provider),
        email: kept.text_or_empty("email"),
        next,
        refused: kept.mistake_at("password").is_some(),
        passkey_refused: kept.mistake_at(passkeys::FIELD),
        passkey,
        done,
    };
    let cookie = cookie.map(|cookie| [(SET_COOKIE, cookie)]);
    let response = provider::leading_to_ways(&app, page(&form)?);
    Ok((cookie, response).into_response())
}

/// `POST /sign-in`: an unknown address and a wrong password get the same answer after the same work.
pub(crate) async fn sign_in(
    State(app): State<App>,
    from: FromNetwork,
    who: Option<axum::Extension<Who>>,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (email, password) = (fields.take("email")?, fields.take("password")?);
    let next = NextPage::of_fields(&mut fields);
    let address = Address::parse(&email);
    let key = address
        .as_ref()
        .map_or_else(|_| email.trim().to_lowercase(), |address| address.key.clone());
    app.limits.sign_in(from.0)?;
    let known = queries::accounts::credentials_of(&app.pool, &key).await?;
    let account = known.as_ref().map(|known| known.id);
    let hash = known.map(|known| known.password_hash);
    let (passwords, checked) = (app.passwords.clone(), hash.clone());
    let check = async move { passwords.verify_typed(password, hash).await };
    let fits = tries::sign_in(&app, from.0, &key, check).await??;
    if !policy::offered(&app).await?.password {
        return Ok(by_no_password(&app, account, &From::of(from.0, &headers)));
    }
    let wrong = || Mistake::new("password", REFUSED);
    let refused = || {
        let location = format!("/sign-in{}", next.query());
        Ok(draft::wrong(location, wrong()))
    };
    let log = From::of(from.0, &headers);
    let Some(account) = account.filter(|_| fits) else {
        if let Some(account) = account {
            let (owner, wrong) = (Owner::Account(account), SignInOutcome::WrongPassword);
            sign_ins::log_apart(&app, owner, None, (wrong, How::by(Way::Password)), log);
        }
        // Whoever came from a client stays with it.
        if let Some(request) = next.request()
            && let Some(again) = authorize::who_again(&app, &headers, request, wrong()).await?
        {
            return Ok(again);
        }
        return refused();
    };
    let mut transaction = app.pool.begin().await?;
    // If the password was changed while this one was being checked, every session has ended, and this one must not begin.
    let now = queries::accounts::lock_password_of(&mut *transaction, account).await?;
    if now.as_ref().map(PasswordHash::as_str) != checked.as_ref().map(PasswordHash::as_str) {
        return refused();
    }
    let came = Came::by(Way::Password);
    let path = next.path();
    let entered = door::enter(&mut transaction, &app, account, &came, (&headers, &log), &path).await?;
    transaction.commit().await?;
    if let Some(who) = who {
        who.note(account);
    }
    Ok(entered::answer(entered, Redirect::to(&path).into_response()))
}

/// The answer to any password where the policy has no passwords. It says nothing about this one.
fn by_no_password(app: &App, account: Option<AccountId>, from: &From) -> Response {
    if let Some(account) = account {
        let (owner, refused) = (
            Owner::Account(account),
            (SignInOutcome::NotAllowed, How::by(Way::Password)),
        );
        sign_ins::log_apart(app, owner, None, refused, from.clone());
    }
    let contact = app.config.support_email.clone();
    kept_out::page(contact, Whose::Stranger(Kind::Athlete), Admission::AnotherWay)
}

/// `POST /sign-out`.
pub(crate) async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let cookie = session::end(&app, &headers).await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}
