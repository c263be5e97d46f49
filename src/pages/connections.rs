//! Connecting and disconnecting intervals.icu: to its consent page and back, or with an API key.

pub(super) mod connect;

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use chrono::Duration;
use http::StatusCode;
use secrecy::SecretString;

use super::{
    Fields, Frame, FromNetwork, MaybeSigned, NextPage, Signed,
    changes::{self, Writing},
    done::Done,
    form::Mistake,
    frame::{form_page, leading_to_intervals, page, with_status},
};
use crate::{
    app::App,
    error::Problem,
    guard::{connection::scopes_of, session::Session},
    ids::RequestId,
    intervals::{Area, Credential, Error, ExchangeError},
    queries::{self, grants::Grant, oauth_states::Begun},
    secrets::{Token, TokenKind},
    words::{ConnectionKind, ConnectionStatus},
};
use connect::{Authorization, Made};

/// How long a started consent may take.
const STATE_FOR: Duration = Duration::minutes(10);
/// Longest API key or code that is passed on; upstream's have 32 characters.
const LONGEST_SECRET: usize = 200;

#[derive(Template)]
#[template(path = "pages/connect.html")]
struct Connect {
    frame: Frame,
    oauth: bool,
    keys: bool,
    connected_as: Option<String>,
    stakes: Stakes,
    writing: Writing,
    request: Option<RequestId>,
    mistake: Option<Mistake>,
}

#[derive(Template)]
#[template(path = "pages/connect_failed.html")]
struct Failed {
    frame: Frame,
    title: &'static str,
    text: &'static [&'static str],
    /// Where somebody who is signed in goes on: the dashboard, or a client's sign-in. None for somebody who is not.
    next: Option<NextPage>,
}

#[derive(Template)]
#[template(path = "pages/disconnect.html")]
struct Disconnect {
    frame: Frame,
    athlete: String,
    by_key: bool,
}

/// `GET /connect`.
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let request = NextPage::of_query(query.as_deref()).request();
    connect_page(&app, &signed.0, request, None).await
}

async fn connect_page(
    app: &App,
    session: &Session,
    request: Option<RequestId>,
    mistake: Option<Mistake>,
) -> Result<Response, Problem> {
    let connection = queries::connections::of_account(&app.pool, session.account).await?;
    let grants = queries::grants::of_account(&app.pool, session.account).await?;
    let link = queries::connectors::of_account(&app.pool, session.account).await?;
    let writing = Writing::of(link.as_ref(), &grants, connection.as_ref(), app.clock.now());
    let wrong = mistake.is_some();
    let template = Connect {
        frame: Frame::of(true),
        oauth: app.config.offers_oauth(),
        keys: app.config.offers_api_keys(),
        connected_as: connection
            .filter(|row| row.status == ConnectionStatus::Connected)
            .map(|row| row.athlete_name),
        stakes: Stakes::of(&grants),
        writing,
        request,
        mistake,
    };
    Ok(leading_to_intervals(form_page(wrong, &template)?))
}

/// What coaches were granted, by which athlete: shown before the button, because intervals.icu may send back another
/// athlete.
#[derive(Default)]
pub(super) struct Stakes {
    /// The athlete that the account shows.
    pub(super) athlete: String,
    /// The coaches to whom this athlete granted something.
    pub(super) coaches: Vec<String>,
    /// Other athletes who granted something while the account showed them.
    pub(super) others: Vec<String>,
}

impl Stakes {
    /// What is at stake if another athlete is connected to the account with these grants; empty if there are none.
    pub(super) fn of(grants: &[Grant]) -> Self {
        let mut stakes = Self::default();
        for grant in grants {
            if grant.is_shown {
                stakes.athlete.clone_from(&grant.athlete_name);
                stakes.coaches.push(grant.coach_email.clone());
            } else if !stakes.others.contains(&grant.athlete_name) {
                stakes.others.push(grant.athlete_name.clone());
            }
        }
        stakes
    }
}

/// `POST /connect`: redirects to intervals.icu with a state that only this session can bring back, once.
pub(crate) async fn begin(
    State(app): State<App>,
    signed: Signed,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let may_write = changes::chosen(&mut fields);
    let request_id = NextPage::of_fields(&mut fields).request();
    // intervals.icu gives every token of an athlete the rights of the latest consent, so that of a sign-in must ask for all.
    let writing = changes::wanted(&app, signed.0.account, may_write).await? || request_id.is_some();
    let state = Token::mint(TokenKind::State, &app.random);
    let callback = app.config.page_url("/connect/callback");
    let url = app
        .intervals
        .authorize_url(&callback, state.expose(), writing)
        .ok_or(Problem::NotFound)?;
    let now = app.clock.now();
    let ends = now + STATE_FOR;
    let begun = Begun {
        may_write,
        request_id,
    };
    queries::oauth_states::create(&app.pool, state.hash(), signed.0.hash, begun, now, ends).await?;
    Ok(Redirect::to(url.as_str()).into_response())
}

/// `GET /connect/callback`: the return from intervals.icu. The state is spent before anything else is read.
pub(crate) async fn callback(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let signed = session.is_some();
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    let (Some(session), Ok(mut fields)) = (session, fields) else {
        return not_ours(signed);
    };
    let state = fields
        .optional("state")
        .and_then(|text| Token::parse(TokenKind::State, &text));
    let Some(state) = state else {
        return not_ours(signed);
    };
    let taken = queries::oauth_states::take(&app.pool, state.hash(), session.hash, app.clock.now());
    let Some(begun) = taken.await? else {
        return not_ours(signed);
    };
    let next = begun.request_id.map_or(NextPage::Dashboard, NextPage::Request);
    if let Some(error) = fields.optional("error") {
        return if error == "access_denied" {
            declined(next)
        } else {
            upstream_failed(next)
        };
    }
    let Some(code) = fields.optional("code").filter(|code| is_token_text(code)) else {
        return not_ours(signed);
    };
    let connected = match app.intervals.exchange(&code).await {
        Ok(connected) => connected,
        Err(ExchangeError::CodeRefused) => return too_late(next),
        Err(ExchangeError::Busy { .. } | ExchangeError::Unavailable) => return upstream_failed(next),
        Err(error @ (ExchangeError::ClientRefused | ExchangeError::NotConfigured)) => {
            tracing::error!(%error, "INTERVALS_CLIENT_ID or INTERVALS_CLIENT_SECRET is wrong");
            return misconfigured(next);
        }
    };
    let given = Authorization {
        credential: connected.credential,
        kind: ConnectionKind::OAuth,
        scopes: connected.scopes,
        athlete: connected.athlete_id,
        name: connected.athlete_name,
    };
    finish(&app, &session, given, begun).await
}

/// `POST /connect/key`: connects with an API key, for those who run their own IcuSync without an intervals.icu app.
pub(crate) async fn with_key(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    mut fields: Fields,
) -> Result<Response, Problem> {
    if !app.config.offers_api_keys() {
        return Err(Problem::NotFound);
    }
    let begun = Begun {
        may_write: changes::chosen(&mut fields),
        request_id: NextPage::of_fields(&mut fields).request(),
    };
    let key = fields.take("key")?;
    let key = key.trim();
    let mistake = if is_token_text(key) {
        app.limits.attempt(from.0)?;
        let credential = Credential::ApiKey(SecretString::from(key));
        match app.intervals.whoami(&credential).await {
            Ok((athlete, name)) => {
                let given = Authorization {
                    credential,
                    kind: ConnectionKind::ApiKey,
                    scopes: Vec::new(),
                    athlete,
                    name,
                };
                return finish(&app, &signed.0, given, begun).await;
            }
            Err(Error::Unauthorized | Error::Forbidden | Error::MissingScope(_)) => {
                "intervals.icu does not accept this key. Copy it again from Settings, Developer Settings."
            }
            Err(_) => {
                "intervals.icu is not answering right now. Your key was not stored; try again in a minute."
            }
        }
    } else {
        "Paste the key exactly as intervals.icu shows it, without spaces."
    };
    let mistake = Some(Mistake::new("key", mistake));
    connect_page(&app, &signed.0, begun.request_id, mistake).await
}

async fn finish(
    app: &App,
    session: &Session,
    given: Authorization,
    begun: Begun,
) -> Result<Response, Problem> {
    match connect::connect(app, session.account, &given, begun.may_write).await? {
        Made::Connected {
            id,
            write_number,
            replaced,
        } => {
            connect::first_read(app, session.account, id, write_number, given).await;
            if let Some(request) = begun.request_id {
                let next = NextPage::Request(request);
                return Ok(Redirect::to(&next.path()).into_response());
            }
            let done = match (replaced.asleep, replaced.awake) {
                (0, 0) => Done::Connected,
                (_, 0) => Done::ConnectedOther,
                (0, _) => Done::ConnectedBack,
                (_, _) => Done::ConnectedBoth,
            };
            Ok(done.answer())
        }
        Made::HeldByAnother => held(begun.request_id.map_or(NextPage::Dashboard, NextPage::Request)),
    }
}

/// `GET /disconnect`.
pub(crate) async fn disconnect_page(State(app): State<App>, signed: Signed) -> Result<Response, Problem> {
    let connection = queries::connections::of_account(&app.pool, signed.0.account).await?;
    match connection.filter(|row| row.status != ConnectionStatus::Disconnected) {
        Some(row) => page(&Disconnect {
            frame: Frame::of(true),
            athlete: row.athlete_name,
            by_key: row.kind == ConnectionKind::ApiKey,
        }),
        None => Ok(Redirect::to("/dashboard").into_response()),
    }
}

/// `POST /disconnect`: erases the token here and queues its revoke upstream, in one transaction.
pub(crate) async fn disconnect(State(app): State<App>, signed: Signed) -> Result<Response, Problem> {
    let account = signed.0.account;
    let mut transaction = app.pool.begin().await?;
    let ended = connect::disconnect(&mut transaction, &app, account, Some(account)).await?;
    let by_key = ended == Some(ConnectionKind::ApiKey);
    transaction.commit().await?;
    let done = if by_key {
        Done::KeyErased
    } else {
        Done::Disconnected
    };
    Ok(done.answer())
}

/// The areas that the athlete did not share, in words, for the dashboard.
pub(crate) fn unshared(kind: ConnectionKind, scopes: &[String]) -> Vec<&'static str> {
    let scopes = scopes_of(kind, scopes);
    Area::ALL
        .into_iter()
        .filter(|area| !scopes.reads(*area))
        .map(Area::in_words)
        .collect()
}

/// Whether a text can be a code or an API key: visible ASCII of limited length.
fn is_token_text(text: &str) -> bool {
    (1..=LONGEST_SECRET).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

fn failed(
    status: StatusCode,
    next: Option<NextPage>,
    title: &'static str,
    text: &'static [&'static str],
) -> Result<Response, Problem> {
    Ok(leading_to_intervals(with_status(
        status,
        &Failed {
            frame: Frame::of(next.is_some()),
            title,
            text,
            next,
        },
    )?))
}

/// One page for a state that is forged, expired, spent or another session's: telling them apart would only help an
/// attacker.
fn not_ours(signed: bool) -> Result<Response, Problem> {
    failed(
        StatusCode::BAD_REQUEST,
        signed.then_some(NextPage::Dashboard),
        "This connect attempt cannot be finished",
        &[
            "It was started in another browser, took longer than ten minutes, or was finished already. Nothing was connected or changed.",
            "Start again from your dashboard, in this browser.",
        ],
    )
}

fn declined(next: NextPage) -> Result<Response, Problem> {
    failed(
        StatusCode::OK,
        Some(next),
        "You declined, and nothing was shared",
        &[
            "intervals.icu told us that you did not allow access. IcuSync has received nothing.",
            "If only a part of it worried you: you can untick areas on that page. IcuSync then works with what you leave ticked, and says what is missing.",
        ],
    )
}

fn too_late(next: NextPage) -> Result<Response, Problem> {
    failed(
        StatusCode::BAD_REQUEST,
        Some(next),
        "That took a little too long",
        &[
            "intervals.icu gives us two minutes to finish after you press Allow, and they had passed. Nothing was connected or changed.",
        ],
    )
}

fn upstream_failed(next: NextPage) -> Result<Response, Problem> {
    failed(
        StatusCode::BAD_GATEWAY,
        Some(next),
        "intervals.icu did not finish the connection",
        &[
            "Your consent went through, but intervals.icu is not answering properly right now. Nothing was connected or changed. Try again in a few minutes.",
        ],
    )
}

fn misconfigured(next: NextPage) -> Result<Response, Problem> {
    failed(
        StatusCode::INTERNAL_SERVER_ERROR,
        Some(next),
        "IcuSync is not set up correctly",
        &[
            "intervals.icu does not recognise this IcuSync. That is for whoever runs it to repair; trying again will not help. It has been noted.",
        ],
    )
}

fn held(next: NextPage) -> Result<Response, Problem> {
    failed(
        StatusCode::CONFLICT,
        Some(next),
        "This athlete is connected to another IcuSync account",
        &[
            "An intervals.icu athlete belongs to one IcuSync account at a time. Nothing changed here or there, and we kept no key to your data.",
            "If the other account is yours, sign in with its e-mail address (there is a link for a forgotten password), disconnect there, and come back.",
            "If you meant another athlete, sign out at intervals.icu first, then connect again.",
        ],
    )
}
