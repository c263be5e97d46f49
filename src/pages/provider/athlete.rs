//! Somebody comes back from the provider as an athlete: to their account, to a new one, or to the page that asks for proof that the
//! account with their address is theirs.

use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::SET_COOKIE;

use super::{Back, By, Failed, said};
use crate::{
    app::App,
    error::Problem,
    guard::{
        self, accounts, door,
        identities::{self, Person},
        identity_offer,
    },
    mail::Address,
    oidc::Provider,
    pages::{entered, provider::join::JOIN},
    policy,
    queries::{self, accounts::Account, identities::Identity, sign_ins::Owner},
    words::Way,
};

/// How often it is looked again who somebody is, when that changed in between: two windows sign up at once.
const LOOKS: usize = 3;

/// What follows a sign-in at the provider.
pub(super) async fn landed(
    app: &App,
    provider: &Provider,
    person: &Person,
    by: By<'_>,
    back: Back,
) -> Result<Response, Problem> {
    for _ in 0..LOOKS {
        if let Some(response) = look(app, provider, person, by, back).await? {
            return Ok(response);
        }
    }
    said(app, provider, &Failed::Meanwhile, back)
}

/// One look; none if what was seen has changed since.
async fn look(
    app: &App,
    provider: &Provider,
    person: &Person,
    by: By<'_>,
    back: Back,
) -> Result<Option<Response>, Problem> {
    let known = queries::identities::as_athlete(&app.pool, provider.issuer(), &person.subject).await?;
    if let Some(known) = known {
        return sign_in(app, provider, &known, person, by, back).await;
    }
    let Some(address) = person.address() else {
        return said(app, provider, &Failed::NoAddress, back).map(Some);
    };
    match queries::accounts::by_email(&app.pool, &address.key).await? {
        Some(account) => ask_for_proof(app, provider, &account, person, (by, &address), back)
            .await
            .map(Some),
        None => sign_up(app, provider, person, (by, &address), back).await,
    }
}

/// Signs in to the account of a known identity, whatever its address is now.
async fn sign_in(
    app: &App,
    provider: &Provider,
    known: &Identity,
    person: &Person,
    by: By<'_>,
    back: Back,
) -> Result<Option<Response>, Problem> {
    let Some(account) = known.account_id else {
        return Ok(None);
    };
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    if !queries::accounts::lock(&mut *db, account).await? {
        return Ok(None);
    }
    let still = queries::identities::as_athlete(&mut *db, provider.issuer(), &person.subject).await?;
    let Some(known) = still.filter(|still| still.id == known.id) else {
        return Ok(None);
    };
    identities::note_sign_in(&mut *db, app, provider, &known, person).await?;
    let (came, path) = (person.came(known.id, known.factor_due), back.next.path());
    let entered = door::enter(&mut *db, app, account, &came, (by.headers, &by.from()), &path).await?;
    transaction.commit().await?;
    Ok(Some(entered::answer(
        entered,
        Redirect::to(&path).into_response(),
    )))
}

/// Makes an account with the verified address, if that may sign up.
async fn sign_up(
    app: &App,
    provider: &Provider,
    person: &Person,
    (by, address): (By<'_>, &Address),
    back: Back,
) -> Result<Option<Response>, Problem> {
    let stranger = policy::Person {
        address: Some(address.key.clone()),
        ways: vec![Way::Provider],
        claims: person.claims().clone(),
        ..policy::Person::unknown(policy::Kind::Athlete)
    };
    let sign_ups = guard::policy::sign_ups(app).await?;
    if !sign_ups.lets(&stranger, Way::Provider, |setting| setting.allows(&address.key)) {
        let closed = Failed::Closed(address.typed.clone());
        return said(app, provider, &closed, back).map(Some);
    }
    if let Err(full) = app.limits.provider_sign_up(by.network.0) {
        return said(app, provider, &Failed::TooMany(full), back).map(Some);
    }
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let Some(account) = accounts::create_with_address(&mut *db, app, address).await? else {
        return Ok(None);
    };
    let owner = Owner::Account(account);
    let Some(id) = identities::bind(&mut *db, app, provider.issuer(), owner, (person, false)).await? else {
        return Ok(None);
    };
    let (came, path) = (person.came(id, false), back.next.path());
    let entered = door::enter(&mut *db, app, account, &came, (by.headers, &by.from()), &path).await?;
    transaction.commit().await?;
    tracing::info!("an athlete signed up through the identity provider");
    Ok(Some(entered::answer(
        entered,
        Redirect::to(&path).into_response(),
    )))
}

/// The account with the address is here already: the identity waits until its owner proves to have it.
async fn ask_for_proof(
    app: &App,
    provider: &Provider,
    account: &Account,
    person: &Person,
    (by, address): (By<'_>, &Address),
    back: Back,
) -> Result<Response, Problem> {
    let owner = Owner::Account(account.id);
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let other = queries::identities::of(&mut *db, owner, provider.issuer()).await?;
    if other.is_some() {
        identities::tell_of_other(&mut *db, app, provider, owner, address, false).await?;
        identities::log_other(&mut *db, app, owner, &by.from()).await?;
    }
    let cookie = identity_offer::keep(&mut *db, app, provider, owner, (person, &back.next.word())).await?;
    transaction.commit().await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to(JOIN)).into_response())
}
