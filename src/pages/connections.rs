//! Connecting and disconnecting intervals.icu: to its consent page and back, or with an API key.

pub(super) mod ask;
pub(super) mod connect;
pub(super) mod narrower;
pub(super) mod waiting;

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode};
use secrecy::SecretString;

use super::{
    Fields, Frame, FromNetwork, MaybeSigned, NextPage, Signed,
    changes::{self, Writing},
    done::Done,
    draft::{self, Typed},
    form::Mistake,
    frame::{leading_to_intervals, page, with_status},
    ways,
    with_intervals::{self, join::JOIN},
};
use crate::{
    app::App,
    error::Problem,
    guard::{connection::scopes_of, session::Session},
    intervals::{Area, Credential, Error, ExchangeError, Shared},
    oauth::authorize::of_browser,
    queries::{
        self,
        grants::Grant,
        oauth_states::{Begun, Bound},
    },
    secrets::{Token, TokenKind},
    words::{ConnectionKind, ConnectionStatus, ConsentPurpose},
};
use connect::{Authorization, Made};

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
    next: NextPage,
    mistake: Option<Mistake>,
}

#[derive(Template)]
#[template(path = "pages/connect_failed.html")]
struct Failed {
    frame: Frame,
    title: &'static str,
    text: &'static [&'static str],
    /// How to go on; None for somebody of whom nothing is known.
    back: Option<Back>,
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
    typed: Typed,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let session = signed.0;
    let connection = queries::connections::of_account(&app.pool, session.account).await?;
    let grants = queries::grants::of_account(&app.pool, session.account).await?;
    let link = queries::connectors::of_account(&app.pool, session.account).await?;
    let writing = Writing::of(
        link.as_ref(),
        session.writes,
        &grants,
        connection.as_ref(),
        app.clock.now(),
    );
    let template = Connect {
        frame: Frame::of(true),
        oauth: app.config.offers_oauth(),
        keys: app.config.offers_api_keys(),
        connected_as: connection
            .filter(|row| row.status == ConnectionStatus::Connected)
            .map(|row| row.athlete_name),
        stakes: Stakes::of(&grants),
        writing,
        next: NextPage::of_query(query.as_deref()),
        mistake: typed.by(session.account).mistake(),
    };
    Ok(leading_to_intervals(page(&template)?))
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

/// `POST /connect`: redirects to intervals.icu. With `changes` it asks to change everything, too.
pub(crate) async fn begin(
    State(app): State<App>,
    signed: Signed,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let changes = fields.optional("changes").is_some();
    let next = NextPage::of_fields(&mut fields);
    let wanted = ask::wanted(&app, signed.0.account, changes).await?;
    let begun = begun(ConsentPurpose::Connect, None, next);
    ask::go(&app, Bound::Session(signed.0.hash), &begun, wanted).await
}

/// What is kept with a state for a consent with this purpose, after which the athlete goes on to `next`.
pub(super) fn begun(purpose: ConsentPurpose, may_write: Option<bool>, next: NextPage) -> Begun {
    let word = |next: NextPage| (next != NextPage::Dashboard).then(|| next.word().into_owned());
    Begun {
        purpose,
        may_write,
        request_id: next.request(),
        next: next.request().is_none().then(|| word(next)).flatten(),
    }
}

/// The page to go on to.
fn next_of(begun: &Begun) -> NextPage {
    let other = || {
        begun
            .next
            .as_deref()
            .map_or(NextPage::Dashboard, NextPage::of_word)
    };
    begun.request_id.map_or_else(other, NextPage::Request)
}

/// `GET /connect/callback`: the return from intervals.icu. The state is spent before anything else is read.
pub(crate) async fn callback(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    from: FromNetwork,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let signed = session.is_some();
    let Ok(mut fields) = Fields::parse(query.unwrap_or_default().as_bytes()) else {
        return not_ours(signed);
    };
    let state = fields
        .optional("state")
        .and_then(|text| Token::parse(TokenKind::State, &text));
    let Some(state) = state else {
        return not_ours(signed);
    };
    let bound = (
        session.as_ref().map(|session| session.hash),
        of_browser(&app, &headers).map(|browser| browser.hash()),
    );
    let now = app.clock.now();
    let Some(begun) = queries::oauth_states::take(&app.pool, state.hash(), bound.0, bound.1, now).await?
    else {
        return not_ours(signed);
    };
    let back = Back {
        next: next_of(&begun),
        signs_in: begun.purpose == ConsentPurpose::SignIn,
        allows: begun.may_write == Some(true),
    };
    if let Some(error) = fields.optional("error") {
        return if error == "access_denied" {
            declined(back)
        } else {
            upstream_failed(back)
        };
    }
    let Some(code) = fields.optional("code").filter(|code| is_token_text(code)) else {
        return not_ours(signed);
    };
    let connected = match app.intervals.exchange(&code).await {
        Ok(connected) => connected,
        Err(ExchangeError::CodeRefused) => return too_late(back),
        Err(ExchangeError::Busy { .. } | ExchangeError::Unavailable) => return upstream_failed(back),
        Err(error @ (ExchangeError::ClientRefused | ExchangeError::NotConfigured)) => {
            tracing::error!(%error, "INTERVALS_CLIENT_ID or INTERVALS_CLIENT_SECRET is wrong");
            return misconfigured(back);
        }
    };
    let given = Authorization {
        credential: connected.credential,
        kind: ConnectionKind::OAuth,
        scopes: connected.scopes,
        athlete: connected.athlete_id,
        name: connected.athlete_name,
    };
    let scopes = given.scopes.clone();
    let response = match (begun.purpose, &session) {
        (ConsentPurpose::SignIn, _) => with_intervals::landed(&app, &headers, from, given, back.next).await?,
        (ConsentPurpose::Connect, Some(session)) => finish(&app, session, given, &begun).await?,
        (ConsentPurpose::AddWay, Some(session)) => ways::added(&app, session, given).await?,
        // A state of these is bound to a session.
        (ConsentPurpose::Connect | ConsentPurpose::AddWay, None) => return not_ours(false),
    };
    Ok(ask::remembered(&app, &scopes, response))
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
    let may_write = changes::chosen(&mut fields);
    let begun = begun(
        ConsentPurpose::Connect,
        may_write,
        NextPage::of_fields(&mut fields),
    );
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
                return finish(&app, &signed.0, given, &begun).await;
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
    let location = format!("/connect{}", next_of(&begun).query());
    Ok(draft::wrong(location, Mistake::new("key", mistake)))
}

async fn finish(
    app: &App,
    session: &Session,
    given: Authorization,
    begun: &Begun,
) -> Result<Response, Problem> {
    let (next, kind) = (next_of(begun), given.kind);
    // A consent that shares no right to change anything allows no changes, whatever button led to it.
    let shared = Shared::of(&given.scopes);
    let allows = |area| kind == ConnectionKind::ApiKey || shared.writes(area);
    let lacks_changes = begun.may_write == Some(true) && !Area::OF_EVERYBODY.into_iter().any(allows);
    let may_write = begun.may_write.filter(|_| !lacks_changes);
    match connect::connect(app, session.account, &given, may_write).await? {
        Made::Connected(connected) => {
            note_proof(app, session, &given).await?;
            let replaced = connected.replaced;
            connect::first_read(app, session.account, &connected, given).await;
            if next != NextPage::Dashboard {
                return Ok(Redirect::to(&next.path()).into_response());
            }
            let done = match (replaced.asleep, replaced.awake) {
                (0, 0) if lacks_changes => Done::WritingNotShared,
                (0, 0) if may_write == Some(true) && !Area::OF_EVERYBODY.into_iter().all(allows) => {
                    Done::WritingLacksAPart
                }
                (0, 0) if may_write == Some(true) && kind == ConnectionKind::OAuth => Done::WritingOn,
                (0, 0) if shared.is_nothing() && kind == ConnectionKind::OAuth => Done::NothingShared,
                (0, 0) => Done::Connected,
                (_, 0) => Done::ConnectedOther,
                (0, _) => Done::ConnectedBack,
                (_, _) => Done::ConnectedBoth,
            };
            Ok(done.answer())
        }
        Made::HeldByAnother => {
            let page = Redirect::to(JOIN).into_response();
            if given.kind == ConnectionKind::ApiKey {
                return held(next);
            }
            waiting::keep(app, &given, Some(session), next, page).await
        }
        Made::SignsInAsAnother => {
            connect::give_back(app, &given).await?;
            signs_in_as_another(next)
        }
    }
}

/// Notes that the athlete of an account that signs in with intervals.icu gave a consent in this session.
pub(super) async fn note_proof(app: &App, session: &Session, given: &Authorization) -> Result<(), Problem> {
    let account = queries::accounts::by_id(&app.pool, session.account).await?;
    let is_way = account.is_some_and(|account| account.is_way_of(given.athlete.as_str()));
    if given.kind == ConnectionKind::OAuth && is_way {
        queries::sessions::note_proof(&app.pool, session.hash, app.clock.now()).await?;
    }
    Ok(())
}

/// Connects an account with a consent that waited.
pub(super) async fn finish_waiting(
    app: &App,
    session: &Session,
    given: Authorization,
    next: NextPage,
) -> Result<Response, Problem> {
    let begun = begun(ConsentPurpose::Connect, None, next);
    finish(app, session, given, &begun).await
}

/// `POST /connect/narrower`: the athlete leaves it at what is shared now, although it was more.
pub(crate) async fn leave_narrower(State(app): State<App>, signed: Signed) -> Result<Response, Problem> {
    queries::connections::forget_scopes_before(&app.pool, signed.0.account).await?;
    Ok(Done::LeftNarrower.answer())
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
    Area::OF_EVERYBODY
        .into_iter()
        .filter(|area| !scopes.reads(*area))
        .map(Area::in_words)
        .collect()
}

/// Whether a text can be a code or an API key: visible ASCII of limited length.
fn is_token_text(text: &str) -> bool {
    (1..=LONGEST_SECRET).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Who came back from intervals.icu without a connection, and from where.
#[derive(Debug, Clone, Copy)]
struct Back {
    next: NextPage,
    /// Whether somebody wanted to sign in; otherwise somebody who is signed in wanted to connect.
    signs_in: bool,
    /// Whether the consent was to allow changes.
    allows: bool,
}

impl Back {
    fn of(next: NextPage) -> Self {
        Self {
            next,
            signs_in: false,
            allows: false,
        }
    }
}

fn failed(
    status: StatusCode,
    back: Option<Back>,
    title: &'static str,
    text: &'static [&'static str],
) -> Result<Response, Problem> {
    Ok(leading_to_intervals(with_status(
        status,
        &Failed {
            frame: Frame::of(back.is_some_and(|back| !back.signs_in)),
            title,
            text,
            back,
        },
    )?))
}

/// One page for a state that is forged, expired, spent or another session's: telling them apart would only help an
/// attacker.
fn not_ours(signed: bool) -> Result<Response, Problem> {
    failed(
        StatusCode::BAD_REQUEST,
        signed.then_some(Back::of(NextPage::Dashboard)),
        "This connect attempt cannot be finished",
        &[
            "It was started in another browser, took longer than ten minutes, or was finished already. Nothing was connected or changed.",
            "Start again, in this browser.",
        ],
    )
}

fn declined(back: Back) -> Result<Response, Problem> {
    let text: &[&str] = if back.signs_in {
        &[
            "You pressed Deny at intervals.icu, so you are not signed in, and no account was made. IcuSync has received nothing.",
            "If only some of it worried you: you can untick areas on that page. IcuSync then works with what you leave ticked, and says what is missing.",
        ]
    } else if back.allows {
        &[
            "You pressed Deny at intervals.icu. Your connection still works as before: Claude can read your data, and changes stay off.",
        ]
    } else {
        &[
            "You pressed Deny at intervals.icu. IcuSync has received nothing, and nothing was changed.",
            "If only some of it worried you: you can untick areas on that page. IcuSync then works with what you leave ticked, and says what is missing.",
        ]
    };
    failed(
        StatusCode::OK,
        Some(back),
        "You declined, and nothing was shared",
        text,
    )
}

fn too_late(back: Back) -> Result<Response, Problem> {
    failed(
        StatusCode::BAD_REQUEST,
        Some(back),
        "That took a little too long",
        &[
            "intervals.icu gives us two minutes to finish after you press Allow, and they had passed. Nothing was connected or changed.",
        ],
    )
}

fn upstream_failed(back: Back) -> Result<Response, Problem> {
    failed(
        StatusCode::BAD_GATEWAY,
        Some(back),
        "intervals.icu did not finish the connection",
        &[
            "Your consent went through, but intervals.icu is not answering properly right now. Nothing was connected or changed. Try again in a few minutes.",
        ],
    )
}

fn misconfigured(back: Back) -> Result<Response, Problem> {
    failed(
        StatusCode::INTERNAL_SERVER_ERROR,
        Some(back),
        "IcuSync is not set up correctly",
        &[
            "intervals.icu does not recognise this IcuSync. Only its operator can fix that; trying again will not help. It has been logged.",
        ],
    )
}

/// For an account that signs in with intervals.icu and came back as another athlete.
fn signs_in_as_another(next: NextPage) -> Result<Response, Problem> {
    failed(
        StatusCode::CONFLICT,
        Some(Back::of(next)),
        "Another athlete is signed in at intervals.icu",
        &[
            "You sign in to this account with intervals.icu, so it can only show the athlete whom you sign in as. Nothing was changed, and our new access to the other athlete is given back.",
            "To connect this account, sign out at intervals.icu and sign in there as its athlete. To use the other athlete, sign out here and choose Continue with intervals.icu.",
        ],
    )
}

fn held(next: NextPage) -> Result<Response, Problem> {
    failed(
        StatusCode::CONFLICT,
        Some(Back::of(next)),
        "This athlete is connected to another IcuSync account",
        &[
            "An intervals.icu athlete belongs to one IcuSync account at a time. Nothing was changed, and your API key was not stored.",
            "If the other account is yours, sign in to it, disconnect intervals.icu there, and come back.",
            "If you meant another athlete, sign out at intervals.icu first, then reconnect.",
        ],
    )
}
