//! The athlete who just gave a consent belongs to another account: two ways in are joined only in one browser, by somebody who has
//! just proved both, the consent and a password. Which one depends on the account.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::HeaderMap;
use sqlx::PgConnection;

use super::{Next, sign_in};
use crate::{
    app::App,
    error::Problem,
    guard::session::Session,
    ids::AccountId,
    mail::outbox,
    oidc::Provider,
    pages::{
        Fields, Frame, FromNetwork, MaybeSigned,
        connections::{connect, waiting},
        draft::{self, Typed},
        form::{Mistake, Wrong as _},
        frame::{leading_to_intervals, page, with_status},
        proof::{self, Proof},
    },
    queries::{self, accounts::Account},
    words::ConnectionStatus,
};

/// The page.
pub(in crate::pages) const JOIN: &str = "/sign-in/join";

/// What can be done about an athlete who belongs to another account.
enum Way {
    /// That account has a password: who knows it makes intervals.icu a second way into it.
    ItsPassword {
        /// Whether its owner can free the athlete by an email.
        by_mail: bool,
    },
    /// That account signs in with intervals.icu, and this one, which is signed in here and has nothing to lose, gives it its address
    /// and password.
    OwnPassword,
    /// That account signs in with something else than a password or intervals.icu: who signs in there adds intervals.icu.
    ItsOther {
        /// Whether its owner can free the athlete by an email.
        by_mail: bool,
    },
    /// That account signs in with intervals.icu, and the two cannot become one.
    Apart,
}

impl Way {
    /// For this session and the account that the athlete belongs to.
    async fn of(app: &App, session: Option<&Session>, holder: &Account) -> Result<Self, Problem> {
        if holder.athlete_id.is_none() {
            let by_mail = holder.email.is_some();
            return Ok(if holder.has_password {
                Self::ItsPassword { by_mail }
            } else {
                Self::ItsOther { by_mail }
            });
        }
        let Some(session) = session else {
            return Ok(Self::Apart);
        };
        let own = queries::accounts::by_id(&app.pool, session.account).await?;
        let connection = queries::connections::of_account(&app.pool, session.account).await?;
        let grants = queries::grants::of_account(&app.pool, session.account).await?;
        let is_empty =
            grants.is_empty() && connection.is_none_or(|row| row.status == ConnectionStatus::Disconnected);
        let issuer = app.provider.as_ref().map(Provider::issuer);
        let ways = queries::accounts::ways_of(&app.pool, session.account, issuer).await?;
        // A password that is given away must not leave factors behind that somebody set up beside it.
        let has_factor = queries::factors::has_any(&app.pool, session.account).await?;
        let can_give = own.is_some_and(|own| own.has_password) && ways.count() == 1 && !has_factor;
        Ok(if is_empty && can_give && holder.email.is_none() {
            Self::OwnPassword
        } else {
            Self::Apart
        })
    }
}

#[derive(Template)]
#[template(path = "pages/join.html")]
struct Page {
    frame: Frame,
    athlete: String,
    way: Way,
    /// Whose account is signed in here.
    own: Option<String>,
    mistake: Option<Mistake>,
}

#[derive(Template)]
#[template(path = "pages/consent_gone.html")]
struct Gone {
    frame: Frame,
    oauth: bool,
}

/// The page for a consent that was used, has expired, or was given in another browser.
pub(super) fn gone(app: &App, signed: bool) -> Result<Response, Problem> {
    let page = Gone {
        frame: Frame::of(signed),
        oauth: app.config.offers_oauth(),
    };
    Ok(leading_to_intervals(with_status(http::StatusCode::GONE, &page)?))
}

/// `GET /sign-in/join`.
pub(crate) async fn show(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Problem> {
    let session = session.as_ref();
    let Some(waiting) = waiting::of_browser(&app, &headers).await? else {
        return gone(&app, session.is_some());
    };
    let holder = queries::accounts::of_athlete(&app.pool, waiting.athlete.as_str()).await?;
    let Some(holder) = holder else {
        // Somebody freed the athlete meanwhile.
        return Ok(Redirect::to(super::release::GO_ON).into_response());
    };
    page(&Page {
        frame: Frame::of(session.is_some()),
        athlete: waiting.called(),
        way: Way::of(&app, session, &holder).await?,
        own: session.map(|session| session.who.clone()),
        mistake: typed.by_anyone().mistake(),
    })
}

/// `POST /sign-in/join`: checks the password, joins, and signs in.
pub(crate) async fn join(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let typed = fields.take("password")?;
    let Some(waiting) = waiting::of_browser(&app, &headers).await? else {
        return gone(&app, session.is_some());
    };
    let Some(holder) = queries::accounts::of_athlete(&app.pool, waiting.athlete.as_str()).await? else {
        return Ok(Redirect::to(super::release::GO_ON).into_response());
    };
    let way = Way::of(&app, session.as_ref(), &holder).await?;
    let asked = match (&way, &session) {
        (Way::ItsPassword { .. }, _) => holder.id,
        (Way::OwnPassword, Some(session)) => session.account,
        _ => return Ok(Redirect::to(JOIN).into_response()),
    };
    let wrong = || draft::wrong(JOIN, Mistake::new("password", NOT_ITS));
    let Some(proof) = proof::behind_link(&app, waiting.hash(), asked, typed).await? else {
        return Ok(wrong());
    };
    // A way in is added only by somebody who has shown the second step too: signed in, on the page of the ways.
    if queries::factors::has_any(&app.pool, asked).await? {
        return Ok(draft::wrong(JOIN, Mistake::new("password", HAS_FACTOR)));
    }
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    if !proof.holds(&app, &mut *db).await? {
        return Ok(wrong());
    }
    let Some(given) = waiting.take(&mut *db, &app).await? else {
        return gone(&app, session.is_some());
    };
    if let Way::OwnPassword = way {
        let joined = give_password(&mut *db, &app, &proof, holder.id).await?;
        if !joined {
            drop(transaction);
            return Ok(Redirect::to(JOIN).into_response());
        }
    } else {
        queries::accounts::set_athlete(&mut *db, holder.id, waiting.athlete.as_str()).await?;
    }
    tracing::info!("two ways into an account were joined");
    let next = Next::joined_at(waiting.next());
    let response = sign_in(transaction, &app, holder.id, given, (&headers, from), next).await?;
    Ok(waiting::forgotten(&app, response))
}

const HAS_FACTOR: &str = "That account has two-step sign-in. Sign in to it with the password and the second step, then add intervals.icu under \
     Account, Ways to sign in.";
const NOT_ITS: &str = "This is not the password of that account. Passwords tell capital letters apart.";

/// Deletes the account that `proof` is about, which has nothing but its way in, and gives that to the account `to`; false if either
/// changed meanwhile.
async fn give_password(
    db: &mut PgConnection,
    app: &App,
    proof: &Proof,
    to: AccountId,
) -> Result<bool, Problem> {
    let from = proof.account.id;
    let (Some(address), Some(hash)) = (proof.address(), proof.password()) else {
        return Ok(false);
    };
    if !queries::grants::of_account(&mut *db, from).await?.is_empty() {
        return Ok(false);
    }
    if connect::disconnect(&mut *db, app, from, None).await?.is_some() {
        return Ok(false);
    }
    outbox::forget_account(&mut *db, from, Some(&address)).await?;
    queries::accounts::delete(&mut *db, from).await?;
    let address = (address.typed.as_str(), address.key.as_str());
    Ok(queries::accounts::take_over_password(db, to, address, hash, app.clock.now()).await?)
}
