//! Somebody comes back from the provider as a coach: for a client's sign-in, or for a visit to the roster. A verified address that
//! athletes invited needs no mailed code, unless another identity has it.

use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::SET_COOKIE;
use sqlx::PgConnection;

use super::{Back, By, Failed, said};
use crate::{
    app::App,
    error::Problem,
    guard::{
        coach_session,
        identities::{self, Person},
        identity_offer,
        policy::{self, Admission},
        sign_ins,
    },
    ids::{CoachId, IdentityId},
    oauth::authorize::of_browser,
    oidc::Provider,
    pages::{
        NextPage, authorize,
        kept_out::{self, Whose},
        provider::join::JOIN,
    },
    policy::Kind,
    queries::{self, coaches::Coach, sign_ins::Owner},
    words::{SignInOutcome, Way},
};

/// The page of a coach's visit.
const ROSTER: &str = "/for-coaches/my-roster";

/// What follows a sign-in at the provider.
pub(super) async fn landed(
    app: &App,
    provider: &Provider,
    person: &Person,
    by: By<'_>,
    back: Back,
) -> Result<Response, Problem> {
    let issuer = provider.issuer();
    let known = queries::identities::as_coach(&app.pool, issuer, &person.subject).await?;
    let coach = match known.and_then(|known| known.coach_id) {
        Some(coach) => queries::coaches::by_id(&app.pool, coach).await?,
        None => match person.address() {
            Some(address) => queries::coaches::by_email(&app.pool, &address.key).await?,
            None => return said(app, provider, &Failed::NoAddress, back),
        },
    };
    let not_invited = || {
        let address = person.address().map(|address| address.typed).unwrap_or_default();
        said(app, provider, &Failed::NotInvited(address), back)
    };
    let Some(coach) = coach else {
        return not_invited();
    };
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    // Erasing the coach waits, and so does another identity that comes with the same address.
    let Some(coach) = queries::coaches::locked(&mut *db, coach.id).await? else {
        return not_invited();
    };
    if !queries::grants::any_to(&mut *db, &coach.email_key).await? {
        return not_invited();
    }
    let owner = Owner::Coach(coach.id);
    let identity = match queries::identities::of(&mut *db, owner, issuer).await? {
        Some(identity) if identity.subject == person.subject => {
            identities::note_sign_in(&mut *db, app, provider, &identity, person).await?;
            identity.id
        }
        Some(_) => {
            let response = ask_for_code(&mut *db, app, provider, (&coach, person), (by, back)).await?;
            transaction.commit().await?;
            return Ok(response);
        }
        None => match identities::bind(&mut *db, app, issuer, owner, (person, false)).await? {
            Some(id) => {
                identities::tell_of_added(&mut *db, app, provider, owner, person, false).await?;
                id
            }
            None => return said(app, provider, &Failed::Meanwhile, back),
        },
    };
    let response = enter(&mut *db, app, coach.id, (identity, person), (by, back.next)).await?;
    transaction.commit().await?;
    Ok(response)
}

/// The coach has another identity: this one waits until a code from the coach's address is typed.
async fn ask_for_code(
    db: &mut PgConnection,
    app: &App,
    provider: &Provider,
    (coach, person): (&Coach, &Person),
    (by, back): (By<'_>, Back),
) -> Result<Response, Problem> {
    let owner = Owner::Coach(coach.id);
    if let Some(address) = person.address() {
        identities::tell_of_other(&mut *db, app, provider, owner, &address, false).await?;
    }
    identities::log_other(&mut *db, app, owner, &by.from()).await?;
    let cookie = identity_offer::keep(&mut *db, app, provider, owner, (person, &back.next.word())).await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to(JOIN)).into_response())
}

/// Lets a coach in within `db`'s transaction, which has the coach locked: into the client's sign-in that waits in this browser, else
/// to the roster.
pub(super) async fn enter(
    db: &mut PgConnection,
    app: &App,
    coach: CoachId,
    (identity, person): (IdentityId, &Person),
    (by, next): (By<'_>, NextPage),
) -> Result<Response, Problem> {
    let came = person.came(identity, false);
    let admission = policy::lets_coach_in(&mut *db, app, Some(coach), Way::Provider).await?;
    if admission != Admission::In {
        let refused = (SignInOutcome::NotAllowed, came.how());
        sign_ins::log_how(&mut *db, app, Owner::Coach(coach), None, refused, &by.from()).await?;
        let contact = app.config.support_email.clone();
        return Ok(kept_out::page(contact, Whose::Stranger(Kind::Coach), admission));
    }
    if let Some(request) = next.request() {
        let Some(browser) = of_browser(app, by.headers) else {
            return authorize::gone(false);
        };
        let now = app.clock.now();
        let waits = queries::sign_in_requests::lock(&mut *db, request, browser.hash(), now).await?;
        let Some(waits) = waits else {
            return authorize::gone(false);
        };
        queries::sign_in_requests::set_coach(&mut *db, waits.id, Some(coach), Some(identity)).await?;
        queries::sign_in_codes::end(&mut *db, waits.id).await?;
        return Ok(Redirect::to(&next.path()).into_response());
    }
    let named = (Some(identity), came.provider_session.as_deref());
    let cookie = coach_session::begin_by(&mut *db, app, coach, named, by.headers).await?;
    let granted = (SignInOutcome::Granted, came.how());
    sign_ins::log_how(&mut *db, app, Owner::Coach(coach), None, granted, &by.from()).await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to(ROSTER)).into_response())
}
