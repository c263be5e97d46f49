//! Consents that wait: the athlete is known, but not yet the account that it is for. What waits is bound to the browser in which it was
//! given, works once, and is revoked at intervals.icu when its time is over.

use axum::response::Response;
use chrono::Duration;
use http::{HeaderMap, header::SET_COOKIE};
use sqlx::PgConnection;

use super::connect::Authorization;
use crate::{
    app::App,
    error::Problem,
    guard::{cookie::CONSENT, session::Session},
    ids::AthleteId,
    intervals::Credential,
    jobs,
    pages::NextPage,
    queries::{
        self,
        consents::{Consent, NewConsent},
    },
    secrets::{Token, TokenHash, TokenKind},
    text::names,
    words::ConnectionKind,
};

/// How long a consent waits.
const WAITS: Duration = Duration::minutes(60);

/// A consent that waits in this browser.
pub(in crate::pages) struct Waiting {
    hash: TokenHash,
    consent: Consent,
    /// The athlete who gave it.
    pub(in crate::pages) athlete: AthleteId,
}

/// Keeps a consent, and returns `response` with the cookie that finds it again. `session` is that of somebody who is signed in and
/// wanted to connect.
pub(in crate::pages) async fn keep(
    app: &App,
    given: &Authorization,
    session: Option<&Session>,
    next: NextPage,
    mut response: Response,
) -> Result<Response, Problem> {
    let Credential::Bearer(token) = &given.credential else {
        return Ok(response);
    };
    let now = app.clock.now();
    let (own, ends, word) = (
        Token::mint(TokenKind::Consent, &app.random),
        now + WAITS,
        next.word(),
    );
    let mut transaction = app.pool.begin().await?;
    let athlete = given.athlete.as_str();
    let job_id = jobs::enqueue_revoke_at(&mut transaction, app, None, athlete, token, ends).await?;
    let new = NewConsent {
        hash: own.hash(),
        athlete_id: athlete,
        athlete_name: &given.name,
        scopes: &given.scopes,
        job_id,
        session: session.map(|session| session.hash),
        next: (next != NextPage::Dashboard).then_some(&*word),
        now,
        expires_at: ends,
    };
    queries::consents::create(&mut *transaction, new).await?;
    transaction.commit().await?;
    let cookie = CONSENT.set(own.expose(), WAITS, app.config.public_url.is_https());
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

/// The consent that waits in this browser.
pub(in crate::pages) async fn of_browser(app: &App, headers: &HeaderMap) -> Result<Option<Waiting>, Problem> {
    let value = CONSENT.read(headers, app.config.public_url.is_https());
    let Some(token) = value.and_then(|text| Token::parse(TokenKind::Consent, text)) else {
        return Ok(None);
    };
    let hash = token.hash();
    let consent = queries::consents::peek(&app.pool, hash, app.clock.now()).await?;
    Ok(consent.and_then(|consent| {
        let athlete = consent.athlete_id.parse().ok()?;
        Some(Waiting {
            hash,
            consent,
            athlete,
        })
    }))
}

impl Waiting {
    /// The athlete by name and id.
    pub(in crate::pages) fn called(&self) -> String {
        names::called(&self.consent.athlete_name, self.athlete.as_str())
    }

    /// Whether somebody who is signed in wanted to connect; otherwise somebody wanted to sign in.
    pub(in crate::pages) fn connects(&self) -> bool {
        self.consent.connects
    }

    /// The page to go on to.
    pub(in crate::pages) fn next(&self) -> NextPage {
        self.consent
            .next
            .as_deref()
            .map_or(NextPage::Dashboard, NextPage::of_word)
    }

    /// By what wrong passwords on its page are counted.
    pub(in crate::pages) fn hash(&self) -> TokenHash {
        self.hash
    }

    /// Spends it within `db`'s transaction: the token is the caller's. None if it was spent meanwhile.
    pub(in crate::pages) async fn take(
        &self,
        db: &mut PgConnection,
        app: &App,
    ) -> Result<Option<Authorization>, Problem> {
        let payload = queries::consents::take(db, self.hash, app.clock.now()).await?;
        let token = payload.and_then(|payload| jobs::token_of(app, self.consent.job_id, &payload));
        Ok(token.map(|token| Authorization {
            credential: Credential::Bearer(token),
            kind: ConnectionKind::OAuth,
            scopes: self.consent.scopes.clone(),
            athlete: self.athlete.clone(),
            name: self.consent.athlete_name.clone(),
        }))
    }
}

/// `response` with the `Set-Cookie` that forgets the consent, unless it keeps another one.
pub(in crate::pages) fn forgotten(app: &App, mut response: Response) -> Response {
    let https = app.config.public_url.is_https();
    let mut set = response.headers().get_all(SET_COOKIE).iter();
    if !set.any(|cookie| CONSENT.is_set_by(cookie, https)) {
        response.headers_mut().append(SET_COOKIE, CONSENT.clear(https));
    }
    response
}
