//! The ways to sign in: a password, intervals.icu, and the outside identity provider. Each can be added, and be taken off while another
//! one is left.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode, header::SET_COOKIE};

use super::{
    Fields, Frame, NextPage, Signed,
    connections::{
        self, ask,
        connect::{self, Authorization, Made},
    },
    done::Done,
    draft::{self, Typed},
    factor,
    form::{Mistake, Wrong as _},
    frame::{self, with_status},
    proof::{self, Asks, Proof},
    provider,
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        policy::Offered,
        session::{self, Session},
    },
    intervals::Shared,
    mail::{self, Mail, PasswordIs, outbox},
    oidc::Provider,
    queries::{self, accounts, oauth_states::Bound, sign_ins::Owner},
    secrets::Password,
    words::{ConnectionStatus, ConsentPurpose, Way},
};

/// The page.
const HERE: &str = "/account/ways";

#[derive(Template)]
#[template(path = "pages/ways.html")]
struct Ways {
    frame: Frame,
    email: Option<String>,
    has_password: bool,
    /// The athlete whose sign-in with intervals.icu is a way in.
    athlete_id: Option<String>,
    /// Whether there is an intervals.icu app to sign in with.
    oauth: bool,
    /// What people call the outside identity provider, if one is set up.
    provider: Option<String>,
    /// The address there of the identity that is a way in.
    identity: Option<String>,
    /// The ways that work here.
    working: accounts::Ways,
    asks: Asks,
    next: NextPage,
    mistake: Option<Mistake>,
}

impl Ways {
    /// Whether a way can be taken off, because another is left.
    fn may_go(&self, way: Way) -> bool {
        self.working.without(way).has_lasting()
    }
}

/// `GET /account/ways`.
pub(crate) async fn show(State(app): State<App>, signed: Signed, typed: Typed) -> Result<Response, Problem> {
    let (app, session) = (&app, &signed.0);
    let account = queries::accounts::by_id(&app.pool, session.account)
        .await?
        .ok_or(Problem::NotFound)?;
    let provider = app.provider.as_ref();
    let identity = match provider {
        Some(provider) => {
            let owner = Owner::Account(session.account);
            queries::identities::of(&app.pool, owner, provider.issuer()).await?
        }
        None => None,
    };
    let page = Ways {
        frame: Frame::of(true),
        email: account.email,
        has_password: account.has_password,
        athlete_id: account.athlete_id,
        oauth: app.config.offers_oauth(),
        provider: provider::name(app),
        identity: identity.map(|identity| identity.email),
        working: working(&app.pool, app, session).await?,
        asks: Asks::of(app, session).await?,
        next: NextPage::Ways,
        mistake: typed.by(session.account).mistake(),
    };
    Ok(provider::leading_to_ways(app, frame::page(&page)?))
}

/// The page again, because the proof failed; `field` is the password's in this form.
pub(super) async fn unproved(app: &App, session: &Session, field: &'static str) -> Result<Response, Problem> {
    let asks = Asks::of(app, session).await?;
    let (other, text) = asks.refusal();
    let field = if asks.password() { field } else { other };
    Ok(draft::wrong(HERE, Mistake::new(field, text)))
}

/// The page again, because there is nothing to do.
pub(super) fn unchanged() -> Response {
    Redirect::to(HERE).into_response()
}

/// `POST /account/prove`: has the owner of an account without a password give a consent at intervals.icu, sign in at the outside
/// identity provider again, or show a passkey, and goes on to a page that asks for that.
pub(crate) async fn prove(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let next = NextPage::of_fields(&mut fields);
    match Asks::of(&app, &signed.0).await? {
        Asks::Provider(_) => return provider::way::prove(&app, &signed.0, &headers, next).await,
        Asks::Passkey => return Ok(Redirect::to(&factor::page_before(&next)).into_response()),
        Asks::Password | Asks::Consent | Asks::Nothing => {}
    }
    let begun = connections::begun(ConsentPurpose::Connect, None, next);
    let wanted = ask::wanted(&app, signed.0.account, false).await?;
    ask::go(&app, Bound::Session(signed.0.hash), &begun, wanted).await
}

/// `POST /account/ways/intervals`: after the password, leads to intervals.icu, whose consent makes it a way in.
pub(crate) async fn add_intervals(
    State(app): State<App>,
    signed: Signed,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let typed = fields.optional("password");
    if let Some(first) = factor::asked(&app, &signed.0, NextPage::Ways).await? {
        return Ok(first);
    }
    if proof::in_session(&app, &signed.0, typed).await?.is_none() {
        return unproved(&app, &signed.0, "password-add").await;
    }
    let begun = connections::begun(ConsentPurpose::AddWay, None, NextPage::Account);
    let wanted = ask::wanted(&app, signed.0.account, false).await?;
    ask::go(&app, Bound::Session(signed.0.hash), &begun, wanted).await
}

#[derive(Template)]
#[template(path = "pages/way_refused.html")]
struct Refused {
    frame: Frame,
    /// The athlete whom the account shows, if that is not the one who came back.
    shown: Option<String>,
}

/// What follows the consent that makes intervals.icu a way in: the athlete must be the one whom the account shows, or the account
/// must show nobody, and no other account may be the athlete's.
pub(super) async fn added(app: &App, session: &Session, given: Authorization) -> Result<Response, Problem> {
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let row = queries::connections::of_account(&mut *db, session.account).await?;
    let other = row.filter(|row| {
        row.status != ConnectionStatus::Disconnected && row.athlete_id != given.athlete.as_str()
    });
    let made = match &other {
        Some(_) => Made::SignsInAsAnother,
        None => connect::write(&mut *db, app, session.account, &given, None).await?,
    };
    let Made::Connected(connected) = made else {
        drop(transaction);
        connect::give_back(app, &given).await?;
        let page = Refused {
            frame: Frame::of(true),
            shown: other.map(|row| row.athlete_name),
        };
        return with_status(StatusCode::CONFLICT, &page);
    };
    queries::accounts::set_athlete(&mut *db, session.account, given.athlete.as_str()).await?;
    queries::sessions::note_proof(&mut *db, session.hash, app.clock.now()).await?;
    transaction.commit().await?;
    let shares_nothing = Shared::of(&given.scopes).is_nothing();
    connect::first_read(app, session.account, &connected, given).await;
    Ok(if shares_nothing {
        Done::NothingShared.answer()
    } else {
        Done::WayAdded.answer()
    })
}

/// The ways into the account that work here: that are set up, and that the policy allows. One that is not lost with a device must
/// be left when another is taken off, so lock the account before.
pub(super) async fn working(
    db: impl queries::Db<'_>,
    app: &App,
    session: &Session,
) -> sqlx::Result<accounts::Ways> {
    let issuer = app.provider.as_ref().map(Provider::issuer);
    let there = accounts::ways_of(db, session.account, issuer).await?;
    let offered = Offered::of(app, &session.policy);
    Ok(accounts::Ways {
        password: there.password && offered.password,
        intervals: there.intervals && offered.intervals,
        provider: there.provider && offered.provider,
        passkey: there.passkey && offered.passkey,
    })
}

/// `POST /account/ways/intervals/off`: intervals.icu no longer signs in; the connection stays.
pub(crate) async fn intervals_off(
    State(app): State<App>,
    signed: Signed,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let typed = fields.optional("password");
    if let Some(first) = factor::asked(&app, &signed.0, NextPage::Ways).await? {
        return Ok(first);
    }
    let Some(proof) = proof::in_session(&app, &signed.0, typed).await? else {
        return unproved(&app, &signed.0, "password-intervals").await;
    };
    let mut transaction = app.pool.begin().await?;
    if !proof.holds(&app, &mut transaction).await? {
        drop(transaction);
        return unproved(&app, &signed.0, "password-intervals").await;
    }
    let there = working(&mut *transaction, &app, &signed.0).await?;
    if !there.without(Way::Intervals).has_lasting() {
        return Ok(unchanged());
    }
    let off = queries::accounts::clear_athlete(&mut *transaction, signed.0.account).await?;
    transaction.commit().await?;
    if off {
        Ok(Done::WayOff.answer())
    } else {
        Ok(unchanged())
    }
}

/// `POST /account/ways/password`: gives an account without a password one, for its confirmed address, and ends every other session.
pub(crate) async fn set_password(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let chosen = fields.take("password")?;
    if let Some(first) = factor::asked(&app, &signed.0, NextPage::Ways).await? {
        return Ok(first);
    }
    let Some(proof) = proof::in_session(&app, &signed.0, None).await? else {
        return unproved(&app, &signed.0, "prove").await;
    };
    let Some(address) = proof.address().filter(|_| !proof.account.has_password) else {
        return Ok(unchanged());
    };
    let password = match Password::choose(chosen, &address.typed) {
        Ok(password) => password,
        Err(error) => return Ok(draft::wrong(HERE, Mistake::new("password", &error))),
    };
    let hash = app.passwords.hash(password).await;
    let mut transaction = app.pool.begin().await?;
    if !proof.holds(&app, &mut transaction).await? {
        drop(transaction);
        return unproved(&app, &signed.0, "prove").await;
    }
    queries::accounts::set_password(&mut *transaction, proof.account.id, &hash).await?;
    queries::sessions::end_all(&mut *transaction, proof.account.id).await?;
    tell_of_password(&mut transaction, &app, &proof, PasswordIs::Set).await?;
    let cookie = session::renew(&mut transaction, &app, &signed.0, true, &headers).await?;
    transaction.commit().await?;
    Ok(([(SET_COOKIE, cookie)], Done::PasswordSet.answer()).into_response())
}

/// `POST /account/ways/password/off`: deletes the password, and ends every other session and open mail link.
pub(crate) async fn password_off(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let typed = fields.optional("password");
    if let Some(first) = factor::asked(&app, &signed.0, NextPage::Ways).await? {
        return Ok(first);
    }
    let Some(proof) = proof::in_session(&app, &signed.0, typed).await? else {
        return unproved(&app, &signed.0, "password-off").await;
    };
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    if !proof.holds(&app, &mut *db).await? {
        drop(transaction);
        return unproved(&app, &signed.0, "password-off").await;
    }
    let there = working(&mut *db, &app, &signed.0).await?;
    let is_only = !there.without(Way::Password).has_lasting();
    if is_only || !queries::accounts::clear_password(&mut *db, proof.account.id).await? {
        drop(transaction);
        return Ok(unchanged());
    }
    queries::sessions::end_all(&mut *db, proof.account.id).await?;
    queries::mail_links::end_all(&mut *db, proof.account.id).await?;
    tell_of_password(&mut *db, &app, &proof, PasswordIs::Deleted).await?;
    let cookie = session::renew(&mut *db, &app, &signed.0, false, &headers).await?;
    transaction.commit().await?;
    Ok(([(SET_COOKIE, cookie)], Done::PasswordOff.answer()).into_response())
}

/// Queues the email that says what was done to the password.
async fn tell_of_password(
    db: &mut sqlx::PgConnection,
    app: &App,
    proof: &Proof,
    how: PasswordIs,
) -> Result<(), Problem> {
    let Some(address) = proof.address() else {
        return Ok(());
    };
    let changed = Mail::PasswordChanged(mail::PasswordChanged {
        forgot: app.config.page_url("/forgot"),
        how,
    });
    outbox::enqueue(db, app, &address, Some(proof.account.id), changed).await?;
    Ok(())
}
