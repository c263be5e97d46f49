//! An identity came with the address of somebody who is here already: a code from that address, or the password of the account, is
//! typed in the same browser before the identity signs them in. Who has a second factor here shows it after that, too.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode, header::SET_COOKIE};
use sqlx::{Postgres, Transaction};

use super::{Back, By, Failed, coach, said};
use crate::{
    app::App,
    error::Problem,
    guard::{
        door, identities,
        identity_offer::{self, Asked, Typed as Judged, Waiting},
        policy, sign_ins,
    },
    oidc::Provider,
    pages::{
        Fields, Frame, FromNetwork, MaybeSigned, NextPage,
        draft::{self, Typed},
        entered,
        form::{Mistake, Wrong as _},
        frame::{page, with_status},
        proof,
    },
    queries::{self, identity_offers, sign_in_log::How, sign_ins::Owner},
    words::{ProviderPurpose, SignInOutcome, Way},
};

/// The page.
pub(in crate::pages) const JOIN: &str = "/sign-in/provider/join";

#[derive(Template)]
#[template(path = "pages/provider_join.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent questions of the template"
)]
struct Page<'a> {
    frame: Frame,
    name: &'a str,
    /// Where the code goes.
    email: &'a str,
    is_coach: bool,
    /// Whether another identity signs them in until now.
    replaces: bool,
    /// Whether the account's password does, too.
    password: bool,
    /// Whether a code was mailed and can be typed.
    has_code: bool,
    /// Whether codes were mistyped too often.
    is_over: bool,
    mistake: Option<Mistake>,
}

#[derive(Template)]
#[template(path = "pages/provider_gone.html")]
struct Gone<'a> {
    frame: Frame,
    name: &'a str,
}

fn gone(provider: &Provider, signed: bool) -> Result<Response, Problem> {
    let page = Gone {
        frame: Frame::of(signed),
        name: provider.name(),
    };
    with_status(StatusCode::GONE, &page)
}

/// How an identity that waits can be joined: whether it replaces another one, and whether a password does.
async fn terms(app: &App, provider: &Provider, waiting: &Waiting) -> Result<(bool, bool), Problem> {
    let other = queries::identities::of(&app.pool, waiting.owner, provider.issuer()).await?;
    let replaces = other.is_some();
    let Owner::Account(account) = waiting.owner else {
        return Ok((replaces, false));
    };
    let has_password = queries::accounts::password_of(&app.pool, account)
        .await?
        .is_some();
    let password = has_password && !replaces && policy::offered(app).await?.password;
    Ok((replaces, password))
}

/// `GET /sign-in/provider/join`.
pub(crate) async fn show(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Problem> {
    let provider = app.provider.as_ref().ok_or(Problem::NotFound)?;
    let Some(waiting) = identity_offer::of_browser(&app, &headers).await? else {
        return gone(provider, session.is_some());
    };
    let Some(to) = identities::address_of(&app.pool, waiting.owner).await? else {
        return gone(provider, session.is_some());
    };
    let (replaces, password) = terms(&app, provider, &waiting).await?;
    page(&Page {
        frame: Frame::of(session.is_some()),
        name: provider.name(),
        email: &to.typed,
        is_coach: matches!(waiting.owner, Owner::Coach(_)),
        replaces,
        password,
        has_code: waiting.has_code(&app),
        is_over: waiting.is_over(),
        mistake: typed.by_anyone().mistake(),
    })
}

/// `POST /sign-in/provider/join/code`: mails a code to the address.
pub(crate) async fn mail_code(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    from: FromNetwork,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let provider = app.provider.as_ref().ok_or(Problem::NotFound)?;
    let Some(waiting) = identity_offer::of_browser(&app, &headers).await? else {
        return gone(provider, session.is_some());
    };
    let Some(to) = identities::address_of(&app.pool, waiting.owner).await? else {
        return gone(provider, session.is_some());
    };
    app.limits.attempt(from.0)?;
    match identity_offer::ask(&app, provider, &waiting, &to).await? {
        Asked::Sent => Ok(Redirect::to(JOIN).into_response()),
        Asked::Waits => Ok(draft::wrong(JOIN, Mistake::new("code", WAITS))),
        Asked::Gone => gone(provider, session.is_some()),
    }
}

const WAITS: &str = "No new code was sent: one was asked for within the last ten minutes, or this address has had six within an \
                     hour. Look for the email, also in the spam folder, or try again later.";
const OVER: &str = "This code no longer works: it was mistyped too often, or its ten minutes are over.";
const NOT_ITS: &str = "This is not the password of that account. Passwords tell capital letters apart.";

/// `POST /sign-in/provider/join`: the right code or password joins the identity, and signs in.
pub(crate) async fn join(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    network: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let provider = app.provider.as_ref().ok_or(Problem::NotFound)?;
    let Some(waiting) = identity_offer::of_browser(&app, &headers).await? else {
        return gone(provider, session.is_some());
    };
    let by = By {
        headers: &headers,
        network: &network,
    };
    if let Some(code) = fields.optional("code") {
        app.limits.sign_in(network.0)?;
        return by_code(&app, provider, &waiting, &code, by).await;
    }
    let password = fields.take("password")?;
    by_password(&app, provider, &waiting, password, by).await
}

async fn by_code(
    app: &App,
    provider: &Provider,
    waiting: &Waiting,
    code: &str,
    by: By<'_>,
) -> Result<Response, Problem> {
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let Some(waiting) = lock(&mut *db, app, waiting).await? else {
        return gone(provider, false);
    };
    let judged = identity_offer::try_code(&mut *db, app, &waiting, code).await?;
    if judged == Judged::Right {
        return bind(transaction, app, provider, &waiting, by).await;
    }
    transaction.commit().await?;
    let (wrong, from) = (SignInOutcome::WrongCode, by.from());
    sign_ins::log_apart(app, waiting.owner, None, (wrong, How::by(Way::Provider)), from);
    let text = match judged {
        Judged::Wrong(1) => "That is not the code. One try is left.".to_owned(),
        Judged::Wrong(left) => format!("That is not the code. {left} tries are left."),
        Judged::Right | Judged::Over => OVER.to_owned(),
    };
    Ok(draft::wrong(JOIN, Mistake::new("code", &text)))
}

async fn by_password(
    app: &App,
    provider: &Provider,
    waiting: &Waiting,
    password: String,
    by: By<'_>,
) -> Result<Response, Problem> {
    let (Owner::Account(account), (_, true)) = (waiting.owner, terms(app, provider, waiting).await?) else {
        return Ok(Redirect::to(JOIN).into_response());
    };
    let wrong = || draft::wrong(JOIN, Mistake::new("password", NOT_ITS));
    let Some(proof) = proof::at_sign_in(app, by.network.0, account, password).await? else {
        let refused = (SignInOutcome::WrongPassword, How::by(Way::Provider));
        sign_ins::log_apart(app, waiting.owner, None, refused, by.from());
        return Ok(wrong());
    };
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    if !proof.holds(app, &mut *db).await? {
        return Ok(wrong());
    }
    let Some(waiting) = lock(&mut *db, app, waiting).await? else {
        return gone(provider, false);
    };
    let other = queries::identities::of(&mut *db, waiting.owner, provider.issuer()).await?;
    if other.is_some() {
        return Ok(Redirect::to(JOIN).into_response());
    }
    bind(transaction, app, provider, &waiting, by).await
}

/// Locks the owner, then the identity that waits; none if either is gone.
async fn lock(db: &mut sqlx::PgConnection, app: &App, waiting: &Waiting) -> sqlx::Result<Option<Waiting>> {
    if !sign_ins::lock_owner(&mut *db, waiting.owner).await? {
        return Ok(None);
    }
    identity_offer::lock(db, app, waiting.hash).await
}

/// Binds the identity, in the place of another one if there is one, and lets its owner in. An account with a second factor asks for
/// that, now and until it was shown once, whatever the provider asks for: a mailbox alone must not get around it.
async fn bind(
    mut transaction: Transaction<'static, Postgres>,
    app: &App,
    provider: &Provider,
    waiting: &Waiting,
    by: By<'_>,
) -> Result<Response, Problem> {
    let db = &mut *transaction;
    let (owner, person) = (waiting.owner, &waiting.person);
    let next = NextPage::of_word(&waiting.offer.next);
    let purpose = match owner {
        Owner::Account(_) => ProviderPurpose::Athlete,
        Owner::Coach(_) => ProviderPurpose::Coach,
    };
    let factor_due = match owner {
        Owner::Account(account) => queries::factors::has_any(&mut *db, account).await?,
        Owner::Coach(_) => false,
    };
    let replaced = queries::identities::end_of(&mut *db, owner, provider.issuer()).await?;
    let bound = identities::bind(&mut *db, app, provider.issuer(), owner, (person, factor_due)).await?;
    let Some(id) = bound else {
        let back = Back { purpose, next };
        return said(app, provider, &Failed::Elsewhere, back);
    };
    identities::tell_of_added(&mut *db, app, provider, owner, person, replaced).await?;
    identity_offers::end(&mut *db, waiting.offer.id).await?;
    let path = next.path();
    let mut response = match owner {
        Owner::Coach(coach) => coach::enter(&mut *db, app, coach, (id, person), (by, next)).await?,
        Owner::Account(account) => {
            let came = person.came(id, factor_due);
            let entered = door::enter(&mut *db, app, account, &came, (by.headers, &by.from()), &path).await?;
            entered::answer(entered, Redirect::to(&path).into_response())
        }
    };
    transaction.commit().await?;
    tracing::info!(replaced, "an identity of the provider was joined");
    response
        .headers_mut()
        .append(SET_COOKIE, identity_offer::forget(app));
    Ok(response)
}
