//! Continue with intervals.icu: signs in and up by a consent there, which connects in the same step. The account is the athlete.
//!
//! Who comes back as an athlete that another account shows is asked for that account's password ([`join`]); its owner can also
//! free the athlete by an email ([`release`]). Where only some addresses may sign up, a new athlete confirms one first
//! ([`first_address`]).

pub(crate) mod first_address;
pub(crate) mod join;
pub(crate) mod release;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode, header::SET_COOKIE};
use sqlx::{Postgres, Transaction};

use super::{
    Fields, Frame, FromNetwork, MaybeSigned, NextPage,
    connections::{
        self, ask,
        connect::{self, Authorization, Made},
        waiting,
    },
    done::Done,
    entered,
    frame::with_status,
    kept_out::{self, Whose},
    mail_link::{CONFIRM_PAGE, Opened},
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        accounts,
        door::{self, Came},
        policy::{self, Admission},
        sign_ins::From,
    },
    ids::AccountId,
    intervals::Shared,
    mail::Address,
    oauth::authorize::browser,
    policy::Kind,
    queries::{self, oauth_states::Bound},
    words::ConsentPurpose,
};

/// `POST /sign-in/intervals`: redirects to intervals.icu with a state that only this browser can bring back, once.
pub(crate) async fn begin(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let next = NextPage::of_fields(&mut fields);
    if session.is_some() {
        return Ok(Redirect::to(&next.path()).into_response());
    }
    app.limits.attempt(from.0)?;
    if app.config.offers_oauth() && !policy::offered(&app).await?.intervals {
        let contact = app.config.support_email.clone();
        return Ok(kept_out::page(
            contact,
            Whose::Stranger(Kind::Athlete),
            Admission::AnotherWay,
        ));
    }
    let (browser, cookie) = browser(&app, &headers);
    let begun = connections::begun(ConsentPurpose::SignIn, None, next);
    let wanted = ask::wanted_by_browser(&app, &headers);
    let mut response = ask::go(&app, Bound::Browser(browser), &begun, wanted).await?;
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

/// What follows a consent of somebody who wants to sign in.
pub(super) async fn landed(
    app: &App,
    headers: &HeaderMap,
    from: FromNetwork,
    given: Authorization,
    next: NextPage,
) -> Result<Response, Problem> {
    let athlete = given.athlete.as_str();
    let owner = queries::accounts::of_athlete(&app.pool, athlete).await?;
    if let Some(owner) = &owner
        && owner.is_way_of(athlete)
    {
        let transaction = app.pool.begin().await?;
        let next = Next::back_at(next);
        return sign_in(transaction, app, owner.id, given, (headers, from), next).await;
    }
    if owner.is_some() {
        return join_first(app, &given, next).await;
    }
    let rule = policy::sign_ups(app).await?;
    if rule.allows_athlete(athlete) {
        app.limits.sign_up(from.0)?;
        return sign_up(app, given, (headers, from), next).await;
    }
    if rule.takes_addresses() {
        let page = Redirect::to(first_address::PATH).into_response();
        return waiting::keep(app, &given, None, next, page).await;
    }
    connect::give_back(app, &given).await?;
    closed()
}

async fn join_first(app: &App, given: &Authorization, next: NextPage) -> Result<Response, Problem> {
    let page = Redirect::to(join::JOIN).into_response();
    waiting::keep(app, given, None, next, page).await
}

/// Makes an account for the athlete, connects it and signs this browser in.
async fn sign_up(
    app: &App,
    given: Authorization,
    by: (&HeaderMap, FromNetwork),
    next: NextPage,
) -> Result<Response, Problem> {
    let mut transaction = app.pool.begin().await?;
    let made = accounts::create_of_athlete(&mut transaction, app, &given.athlete, None).await?;
    let Some(account) = made else {
        // A second press of the button made it meanwhile.
        drop(transaction);
        let owner = queries::accounts::of_athlete(&app.pool, given.athlete.as_str()).await?;
        let own = owner.filter(|owner| owner.is_way_of(given.athlete.as_str()));
        return match own {
            Some(own) => {
                sign_in(
                    app.pool.begin().await?,
                    app,
                    own.id,
                    given,
                    by,
                    Next::back_at(next),
                )
                .await
            }
            None => join_first(app, &given, next).await,
        };
    };
    tracing::info!("an athlete signed up with intervals.icu");
    sign_in(transaction, app, account, given, by, Next::first_at(next)).await
}

/// What the button behind a sign-up link does in the browser where a consent waits: makes the account of the athlete with the
/// address that the link confirms. The link says that the address may sign up.
pub(super) async fn sign_up_confirmed(
    app: &App,
    opened: &Opened,
    headers: &HeaderMap,
    from: FromNetwork,
) -> Result<Response, Problem> {
    let Some(waiting) = waiting::of_browser(app, headers).await? else {
        return join::gone(app, false);
    };
    let mut transaction = app.pool.begin().await?;
    let Some(link) = opened.spend(&mut *transaction, app).await? else {
        return CONFIRM_PAGE.gone(app, headers, false);
    };
    let Some(given) = waiting.take(&mut transaction, app).await? else {
        return join::gone(app, false);
    };
    let address = Address::stored(&link.email, &link.email_key);
    let made = accounts::create_of_athlete(&mut transaction, app, &given.athlete, Some(&address)).await?;
    let Some(account) = made else {
        // Somebody made an account of the athlete or the address meanwhile.
        return CONFIRM_PAGE.gone(app, headers, false);
    };
    let next = Next::first_at(waiting.next());
    let response = sign_in(transaction, app, account, given, (headers, from), next).await?;
    Ok(opened.forgotten(app, waiting::forgotten(app, response)))
}

/// Where somebody goes on who has just signed in.
#[derive(Debug, Clone, Copy)]
struct Next {
    page: NextPage,
    /// What happened, for the dashboard to say.
    done: Option<Done>,
}

impl Next {
    fn first_at(page: NextPage) -> Self {
        Self {
            page,
            done: Some(Done::Connected),
        }
    }

    fn back_at(page: NextPage) -> Self {
        Self { page, done: None }
    }

    fn joined_at(page: NextPage) -> Self {
        Self {
            page,
            done: Some(Done::Joined),
        }
    }
}

/// Connects the account within `transaction`, signs this browser in, commits and goes on.
async fn sign_in(
    mut transaction: Transaction<'static, Postgres>,
    app: &App,
    account: AccountId,
    given: Authorization,
    (headers, from): (&HeaderMap, FromNetwork),
    next: Next,
) -> Result<Response, Problem> {
    let (db, from) = (&mut *transaction, From::of(from.0, headers));
    let came = Came::by_consent();
    let admission = door::admission(&mut *db, app, account, &came, &from).await?;
    if admission != Admission::In {
        transaction.commit().await?;
        connect::give_back(app, &given).await?;
        let contact = app.config.support_email.clone();
        return Ok(kept_out::page(contact, Whose::Stranger(Kind::Athlete), admission));
    }
    let connected = match connect::write(&mut *db, app, account, &given, None).await? {
        Made::Connected(connected) => connected,
        Made::HeldByAnother | Made::SignsInAsAnother => {
            drop(transaction);
            return join_first(app, &given, next.page).await;
        }
    };
    let done = if Shared::of(&given.scopes).is_nothing() {
        Some(Done::NothingShared)
    } else {
        next.done
    };
    let response = match (next.page, done) {
        (NextPage::Dashboard, Some(done)) => done.answer(),
        (page, _) => Redirect::to(&page.path()).into_response(),
    };
    let path = entered::path_of(&response);
    let entered = door::enter(&mut *db, app, account, &came, (headers, &from), &path).await?;
    transaction.commit().await?;
    connect::first_read(app, account, &connected, given).await;
    Ok(entered::answer(entered, response))
}

#[derive(Template)]
#[template(path = "pages/sign_up_closed.html")]
struct Closed {
    frame: Frame,
}

/// The page for an athlete who may not sign up.
fn closed() -> Result<Response, Problem> {
    let frame = Frame::of(false);
    with_status(StatusCode::FORBIDDEN, &Closed { frame })
}
