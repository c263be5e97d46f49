//! The provider as a way into the account that is signed in: added, taken off, and asked to prove that its owner is there.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, header::SET_COOKIE};

use super::{Back, Failed, leave, said};
use crate::{
    app::App,
    error::Problem,
    guard::{
        door::Came,
        identities::{self, Person},
        session::{self, Session},
    },
    oidc::Provider,
    pages::{Fields, NextPage, Signed, done::Done, factor, proof, ways},
    queries::{self, sign_ins::Owner},
    words::{ProviderPurpose, Way},
};

/// `POST /account/ways/provider`: after the proof, leads to the provider, which becomes a way in.
pub(crate) async fn add(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    if let Some(first) = factor::asked(&app, &signed.0, NextPage::Ways).await? {
        return Ok(first);
    }
    let typed = fields.optional("password");
    if proof::in_session(&app, &signed.0, typed).await?.is_none() {
        return ways::unproved(&app, &signed.0, "password-provider-add").await;
    }
    leave(
        &app,
        &headers,
        ProviderPurpose::Add,
        Some(&signed.0),
        NextPage::Ways,
    )
    .await
}

/// Has the owner of an account prove to be there by signing in at the provider again, who then goes on to `next`.
pub(in crate::pages) async fn prove(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    next: NextPage,
) -> Result<Response, Problem> {
    leave(app, headers, ProviderPurpose::Prove, Some(session), next).await
}

/// What follows a sign-in at the provider that makes it a way in.
pub(super) async fn added(
    app: &App,
    provider: &Provider,
    session: &Session,
    person: &Person,
    back: Back,
) -> Result<Response, Problem> {
    if person.address().is_none() {
        return said(app, provider, &Failed::NoAddress, back);
    }
    let owner = Owner::Account(session.account);
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    if !queries::accounts::lock(&mut *db, session.account).await? {
        return said(app, provider, &Failed::Meanwhile, back);
    }
    if let Some(there) = queries::identities::of(&mut *db, owner, provider.issuer()).await? {
        if there.subject != person.subject {
            return said(app, provider, &Failed::HasAnother, back);
        }
        return Ok(Redirect::to(&NextPage::Ways.path()).into_response());
    }
    if identities::bind(&mut *db, app, provider.issuer(), owner, (person, false))
        .await?
        .is_none()
    {
        return said(app, provider, &Failed::Elsewhere, back);
    }
    identities::tell_of_added(&mut *db, app, provider, owner, person, false).await?;
    transaction.commit().await?;
    Ok(Done::ProviderAdded.answer())
}

/// What follows a sign-in at the provider that proves who is there: it must be the identity that is a way into the account.
pub(super) async fn proved(
    app: &App,
    provider: &Provider,
    session: &Session,
    person: &Person,
    back: Back,
) -> Result<Response, Problem> {
    let owner = Owner::Account(session.account);
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let identity = queries::identities::of(&mut *db, owner, provider.issuer()).await?;
    let Some(identity) = identity.filter(|identity| identity.subject == person.subject) else {
        return said(app, provider, &Failed::SomebodyElse, back);
    };
    identities::note_sign_in(&mut *db, app, provider, &identity, person).await?;
    queries::sessions::note_proof(&mut *db, session.hash, app.clock.now()).await?;
    transaction.commit().await?;
    Ok(Redirect::to(&back.next.path()).into_response())
}

/// `POST /account/ways/provider/off`: the provider no longer signs in, and sessions that came in through it end, except this one.
pub(crate) async fn off(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let session = &signed.0;
    if let Some(first) = factor::asked(&app, session, NextPage::Ways).await? {
        return Ok(first);
    }
    let typed = fields.optional("password");
    let Some(proof) = proof::in_session(&app, session, typed).await? else {
        return ways::unproved(&app, session, "password-provider").await;
    };
    let provider = app.provider.as_ref().ok_or(Problem::NotFound)?;
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    if !proof.holds(&app, &mut *db).await? {
        drop(transaction);
        return ways::unproved(&app, session, "password-provider").await;
    }
    let there = ways::working(&mut *db, &app, session).await?;
    if !there.without(Way::Provider).has_lasting() {
        return Ok(ways::unchanged());
    }
    queries::identities::end_of(&mut *db, Owner::Account(session.account), provider.issuer()).await?;
    let mut response = Done::ProviderOff.answer();
    // This session ended with the identity, if it came in by it.
    if let Some(came) = session.came.as_ref().filter(|came| came.identity.is_some()) {
        let came = Came {
            identity: None,
            provider_session: None,
            ..came.clone()
        };
        let now = Session {
            came: Some(came),
            ..session.clone()
        };
        let cookie = session::renew(&mut *db, &app, &now, false, &headers).await?;
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    transaction.commit().await?;
    Ok(response)
}
