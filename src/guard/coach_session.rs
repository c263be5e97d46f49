//! A coach's short visit to their roster page: begun by the button on the page of a mail link, found by the hash of its
//! cookie, and ended after half an hour.
//!
//! A coach has no account: a visit opens the roster page and nothing else. No HTML and no redirects.

use std::sync::Arc;

use chrono::Duration;
use http::{HeaderMap, HeaderValue};

use super::{
    cookie::VISIT,
    policy::{self, Admission},
};
use crate::{
    app::App,
    ids::{CoachId, IdentityId},
    policy::{Kind, Policy},
    queries::{self, coaches::Coach},
    secrets::{Token, TokenHash, TokenKind},
    words::Way,
};

/// How long a visit lasts, even if it is used.
pub(crate) const LASTS: Duration = Duration::minutes(30);

/// Whose request it is, by the cookie of a visit.
#[derive(Debug, Clone)]
pub(crate) enum Visitor {
    /// Nobody's whose visit lasts.
    Stranger,
    /// That of a coach whose visit lasts.
    In(Box<Visiting>),
    /// That of a coach whom the policy does not let in, or not by the way in which they came.
    KeptOut(Admission),
}

/// A coach whose visit lasts.
#[derive(Debug, Clone)]
pub(crate) struct Visiting {
    /// The coach.
    pub(crate) coach: Coach,
    /// The policy that lets them in.
    pub(crate) policy: Arc<Policy>,
    /// Whether it lets them change something.
    pub(crate) writes: bool,
}

/// Whose visit the request's cookie names, while it lasts. A malformed cookie costs no query.
pub(crate) async fn visitor(app: &App, headers: &HeaderMap) -> sqlx::Result<Visitor> {
    let Some(hash) = hash_of(app, headers) else {
        return Ok(Visitor::Stranger);
    };
    let (issuer, now) = (app.config.issuer(), app.clock.now());
    let Some(visit) = queries::coaches::of_session(&app.pool, hash, issuer, now).await? else {
        return Ok(Visitor::Stranger);
    };
    let policy = policy::of(&app.pool, app, visit.policy).await?;
    let way = if visit.by_provider {
        Way::Provider
    } else {
        Way::Email
    };
    let facts = match policy::current(app, &policy, Kind::Coach, &visit.facts).await? {
        Ok(facts) => facts,
        Err(why) => return Ok(Visitor::KeptOut(Admission::NotCurrent(why))),
    };
    Ok(match policy::came_in(&policy, Kind::Coach, &facts, Some(way)) {
        Admission::In => Visitor::In(Box::new(Visiting {
            writes: policy::writes(&policy, Kind::Coach, &facts),
            coach: visit.coach,
            policy,
        })),
        kept => Visitor::KeptOut(kept),
    })
}

/// Begins a visit within `db`'s transaction and ends the one that the browser came with. Returns the `Set-Cookie`.
pub(crate) async fn begin(
    db: &mut sqlx::PgConnection,
    app: &App,
    coach: CoachId,
    headers: &HeaderMap,
) -> sqlx::Result<HeaderValue> {
    begin_by(db, app, coach, (None, None), headers).await
}

/// The same for a coach who came in by an identity of the outside provider, with the provider's own name for its session.
pub(crate) async fn begin_by(
    db: &mut sqlx::PgConnection,
    app: &App,
    coach: CoachId,
    by: (Option<IdentityId>, Option<&str>),
    headers: &HeaderMap,
) -> sqlx::Result<HeaderValue> {
    if let Some(old) = hash_of(app, headers) {
        queries::coaches::end_session(&mut *db, old).await?;
    }
    let token = Token::mint(TokenKind::Visit, &app.random);
    let now = app.clock.now();
    queries::coaches::begin_session_by(db, token.hash(), coach, by, now, now + LASTS).await?;
    Ok(VISIT.set(token.expose(), LASTS, app.config.public_url.is_https()))
}

/// Ends the visit that the browser came with, if any. Returns the `Set-Cookie` that forgets it.
pub(crate) async fn end(app: &App, headers: &HeaderMap) -> sqlx::Result<HeaderValue> {
    if let Some(hash) = hash_of(app, headers) {
        queries::coaches::end_session(&app.pool, hash).await?;
    }
    Ok(forget(app))
}

/// The `Set-Cookie` that forgets a visit.
pub(crate) fn forget(app: &App) -> HeaderValue {
    VISIT.clear(app.config.public_url.is_https())
}

fn hash_of(app: &App, headers: &HeaderMap) -> Option<TokenHash> {
    let value = VISIT.read(headers, app.config.public_url.is_https())?;
    Some(Token::parse(TokenKind::Visit, value)?.hash())
}
