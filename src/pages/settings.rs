//! The account: its address, the browsers that are signed in, and how to change, export or delete it.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use chrono_tz::Tz;
use http::{HeaderMap, header::SET_COOKIE};

use super::{
    Fields, Frame, FromNetwork, Signed,
    apps::{Summary, end_apps_ticked},
    done::{Done, JustDone},
    frame::page,
    when::{self, When},
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        session,
        sign_ins::{self, From},
    },
    ids::{AccountId, SessionId},
    oidc::Provider,
    queries::{self, factors::Factors, sessions::Listed, sign_ins::Owner},
    text::browser,
};

/// A session as a row shows it.
struct Row {
    id: SessionId,
    device: String,
    began: When,
    used: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "pages/settings.html")]
struct Settings {
    frame: Frame,
    done: Option<Done>,
    email: Option<String>,
    has_password: bool,
    /// The ways in, in words.
    ways: String,
    since: When,
    zone: String,
    rows: Vec<Row>,
    apps: Summary,
    factors: Factors,
}

/// `GET /account`, with `?done=` after something was done.
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    JustDone(done): JustDone,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let session = signed.0;
    let account = queries::accounts::by_id(&app.pool, session.account)
        .await?
        .ok_or(Problem::NotFound)?;
    let connection = queries::connections::of_account(&app.pool, session.account).await?;
    let zone: Option<Tz> = connection.and_then(|row| row.zone?.parse().ok());
    let sessions = queries::sessions::of_account(
        &app.pool,
        session.account,
        session.hash,
        now - session::ABSOLUTE,
        now - session::IDLE,
    )
    .await?;
    let row = |listed: Listed| Row {
        id: listed.id,
        device: browser::in_words(&listed.user_agent),
        began: When::of(listed.created_at, zone),
        used: when::ago(now, listed.last_seen_at),
        current: listed.current,
    };
    page(&Settings {
        frame: Frame::of(true),
        done,
        email: account.email,
        has_password: account.has_password,
        ways: in_words(&app, session.account).await?,
        since: When::of(account.created_at, zone),
        zone: zone.map_or("UTC", Tz::name).to_owned(),
        rows: sessions.into_iter().map(row).collect(),
        apps: Summary::of(&app, session.account).await?,
        factors: queries::factors::of_account(&app.pool, session.account).await?,
    })
}

/// The ways into an account, in words.
async fn in_words(app: &App, account: AccountId) -> Result<String, Problem> {
    let provider = app.provider.as_ref();
    let ways = queries::accounts::ways_of(&app.pool, account, provider.map(Provider::issuer)).await?;
    let all = [
        (ways.intervals, "intervals.icu"),
        (ways.provider, provider.map_or("", Provider::name)),
        (ways.passkey, "passkey"),
        (ways.password, "password"),
    ];
    let there: Vec<&str> = all
        .into_iter()
        .filter(|(is_there, _)| *is_there)
        .map(|(_, name)| name)
        .collect();
    Ok(match there.as_slice() {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => there.concat(),
    })
}

/// `POST /account/sessions/end`: ends one session, by its name on the page; nothing if it has ended or is someone else's.
pub(crate) async fn end_session(
    State(app): State<App>,
    signed: Signed,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let named = fields.take("session")?.parse().map_err(|_| Problem::BadForm)?;
    queries::sessions::end_named(&app.pool, signed.0.account, SessionId(named)).await?;
    Ok(Done::SessionEnded.answer())
}

/// `POST /account/sessions/end-others`: ends every session but this one.
pub(crate) async fn end_other_sessions(State(app): State<App>, signed: Signed) -> Result<Response, Problem> {
    queries::sessions::end_others(&app.pool, signed.0.account, signed.0.hash).await?;
    Ok(Done::OtherSessionsEnded.answer())
}

/// `POST /account/sessions/end-all`: ends every session, this one too; if the box is ticked, ends all connected apps.
pub(crate) async fn end_all_sessions(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let account = signed.0.account;
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    queries::sessions::end_all(&mut *db, account).await?;
    let ended = if end_apps_ticked(&mut fields) {
        let from = From::of(from.0, &headers);
        sign_ins::end_all(db, &app, Owner::Account(account), &from).await?
    } else {
        0
    };
    transaction.commit().await?;
    let cookie = session::end(&app, &headers).await?;
    let done = if ended > 0 {
        Done::SignedOutEverywhereAppsEnded
    } else {
        Done::SignedOutEverywhere
    };
    Ok(([(SET_COOKIE, cookie)], done.answer()).into_response())
}
