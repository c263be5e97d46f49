//! Sign-ins over OAuth: begun with a code, kept alive by refreshing, ended by their owner. And the log of every sign-in.
//!
//! Who may sign in, and the protocol, are elsewhere; how a token becomes a caller is in [`super::link`].

use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, header::USER_AGENT};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::limits::Network;
use crate::{
    app::App,
    ids::{ConnectorId, RequestId},
    queries::{
        self,
        sign_in_log::How,
        sign_in_requests::Coded,
        sign_ins::{self, New, Owner, Refresh},
    },
    secrets::{Place, Token, TokenHash, TokenKind},
    text::browser,
    words::SignInOutcome,
};

/// The scope in one line, as it is advertised to clients.
pub const SCOPES: &str = "read write";
/// Its words: reading, and changing something.
pub const READ: &str = "read";
/// The word for changing something.
pub const WRITE: &str = "write";
/// The word with which clients ask for a refresh token. Every sign-in has one, so it decides nothing.
pub const OFFLINE: &str = "offline_access";
/// The path of the metadata of the protected resource `PUBLIC_URL/mcp` (RFC 9728 section 3.1).
pub const RESOURCE_METADATA: &str = "/.well-known/oauth-protected-resource/mcp";

/// How long a refresh token that was used gives the same answer again.
pub const GRACE: Duration = Duration::seconds(60);
/// How many access tokens of one sign-in may be valid.
const ACCESS_KEPT: i64 = 20;
/// How many used refresh tokens of one sign-in are remembered, to know them when they come again.
const REFRESH_KEPT: i64 = 50;
/// How many characters of a browser's name for itself are read.
const USER_AGENT_CHARS: usize = 400;

/// Tokens that nobody has seen yet.
#[derive(Clone)]
pub(crate) struct Tokens {
    /// The access token.
    pub(crate) access: String,
    /// The refresh token.
    pub(crate) refresh: String,
    /// When the access token expires.
    pub(crate) expires_at: DateTime<Utc>,
    /// The words of the scope.
    pub(crate) scope: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

/// Why a refresh gave no tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRefreshed {
    /// No such token: never minted, ended, or purged.
    Unknown,
    /// It was given to another client.
    ForeignClient,
    /// It was not used for too long, or the sign-in has reached its end.
    Expired,
    /// It was used long ago. The sign-in was ended, because two parties have its tokens.
    Again,
}

/// What a refresh token's row keeps for [`GRACE`], sealed.
#[derive(Serialize, Deserialize)]
struct Answer {
    access: String,
    refresh: String,
    expires_at: DateTime<Utc>,
}

/// Where the code of a request is sealed.
pub(crate) const fn code_place(request: RequestId) -> Place {
    Place {
        table: "sign_in_requests",
        row: request.0,
        column: "code_sealed",
    }
}

const fn answer_place(row: Uuid) -> Place {
    Place {
        table: "refresh_tokens",
        row,
        column: "answer_sealed",
    }
}

/// Begins the sign-in that a code stands for, within `db`'s transaction, which has the request locked.
pub(crate) async fn begin(
    db: &mut PgConnection,
    app: &App,
    coded: &Coded,
    redirect_host: &str,
) -> anyhow::Result<Tokens> {
    let now = app.clock.now();
    let owner = owner_of(coded).ok_or_else(|| anyhow::anyhow!("a code that nobody agreed to"))?;
    let id = ConnectorId(app.random.uuid(&app.clock));
    let ends_at = now + Duration::days(i64::from(app.config.sign_in_days));
    let scope = granted(&coded.scope, coded.may_write);
    sign_ins::create(
        &mut *db,
        &New {
            id,
            owner,
            groups_off: &coded.groups_off,
            may_write: coded.may_write,
            client_id: &coded.client_id,
            client_name: &coded.client_name,
            client_host: coded.client_host.as_deref(),
            redirect_host,
            scope: &scope,
            now,
            ends_at,
        },
    )
    .await?;
    queries::sign_in_requests::spend(&mut *db, coded.id, id, now).await?;
    Ok(mint(db, app, id, &scope, ends_at).await?)
}

/// The words of the scope that a person granted (RFC 6749 section 5.1): those that were asked for, without changing if that was
/// left out. It says how the sign-in began; what it may do is looked up at each call.
fn granted(asked: &str, may_write: bool) -> String {
    let words = asked.split(' ').filter(|word| may_write || *word != WRITE);
    words.collect::<Vec<_>>().join(" ")
}

/// Whose the sign-in of a code is.
pub(crate) fn owner_of(coded: &Coded) -> Option<Owner> {
    Owner::of(coded.agreed_account_id, coded.agreed_coach_id)
}

/// Mints a pair of tokens for a sign-in within `db`'s transaction.
async fn mint(
    db: &mut PgConnection,
    app: &App,
    id: ConnectorId,
    scope: &str,
    ends_at: DateTime<Utc>,
) -> sqlx::Result<Tokens> {
    let now = app.clock.now();
    let days = |days: u32| (now + Duration::days(i64::from(days))).min(ends_at);
    let access = Token::mint(TokenKind::Access, &app.random);
    let refresh = Token::mint(TokenKind::Refresh, &app.random);
    let expires_at = days(app.config.access_days);
    sign_ins::add_access(&mut *db, access.hash(), id, now, expires_at).await?;
    sign_ins::trim_access(&mut *db, id, ACCESS_KEPT, now).await?;
    let row = app.random.uuid(&app.clock);
    sign_ins::add_refresh(db, row, refresh.hash(), id, now, days(app.config.refresh_days)).await?;
    Ok(Tokens {
        access: access.expose().to_owned(),
        refresh: refresh.expose().to_owned(),
        expires_at,
        scope: scope.to_owned(),
    })
}

/// Exchanges a refresh token for new tokens (RFC 6749 section 6), and rotates it (RFC 9700 section 4.14.2). Used again within
/// [`GRACE`], by two windows or after an answer that was lost, it gives the same answer; later its sign-in ends, with a row in
/// the owner's log for which `from` says who asked.
pub(crate) async fn refresh(
    app: &App,
    hash: TokenHash,
    client_id: &str,
    from: &From,
) -> anyhow::Result<Result<Tokens, NotRefreshed>> {
    let now = app.clock.now();
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let Some(row) = sign_ins::lock_refresh(&mut *db, hash).await? else {
        return Ok(Err(NotRefreshed::Unknown));
    };
    if row.client_id != client_id {
        return Ok(Err(NotRefreshed::ForeignClient));
    }
    if row.expires_at <= now || row.ends_at <= now {
        return Ok(Err(NotRefreshed::Expired));
    }
    let Some(used_at) = row.used_at else {
        let tokens = mint(&mut *db, app, row.id, &row.scope, row.ends_at).await?;
        let answer = Answer {
            access: tokens.access.clone(),
            refresh: tokens.refresh.clone(),
            expires_at: tokens.expires_at,
        };
        let sealed = app
            .keys
            .seal(answer_place(row.row), &serde_json::to_vec(&answer)?, &app.random);
        sign_ins::use_refresh(&mut *db, row.row, &sealed, now).await?;
        sign_ins::trim_refresh(&mut *db, row.id, REFRESH_KEPT).await?;
        transaction.commit().await?;
        return Ok(Ok(tokens));
    };
    // A use in the future was made before the clock was set back.
    if now - used_at < GRACE {
        // Another instance's clock may be ahead, so that the copy is gone: no reason to take its owner for a thief.
        return Ok(opened(app, &row).ok_or(NotRefreshed::Unknown));
    }
    if let Some(owner) = Owner::of(row.account_id, row.coach_id) {
        log(
            &mut *db,
            app,
            owner,
            Some(&label(&row.client_name, &row.redirect_host)),
            SignInOutcome::TokenAgain,
            from,
        )
        .await?;
    }
    sign_ins::end(&mut *db, row.id).await?;
    transaction.commit().await?;
    Ok(Err(NotRefreshed::Again))
}

/// What the token's use answered, if it still opens.
fn opened(app: &App, row: &Refresh) -> Option<Tokens> {
    let plain = app.keys.open(answer_place(row.row), row.answer_sealed.as_ref()?);
    let plain = plain
        .inspect_err(|error| tracing::error!(%error, "the answer to a refresh does not open"))
        .ok()?;
    let answer: Answer = serde_json::from_slice(&plain).ok()?;
    Some(Tokens {
        access: answer.access,
        refresh: answer.refresh,
        expires_at: answer.expires_at,
        scope: row.scope.clone(),
    })
}

/// Ends one of somebody's sign-ins within `db`'s transaction, with a row in the log for which `from` says who asked; false if
/// there is no such.
pub(crate) async fn end_one(
    db: &mut PgConnection,
    app: &App,
    owner: Owner,
    id: ConnectorId,
    from: &From,
) -> sqlx::Result<bool> {
    let Some(ended) = sign_ins::end_of(&mut *db, owner, id).await? else {
        return Ok(false);
    };
    let client = label(&ended.client_name, &ended.redirect_host);
    log(db, app, owner, Some(&client), SignInOutcome::Ended, from).await?;
    Ok(true)
}

/// Ends all of somebody's sign-ins within `db`'s transaction, and what they agreed to and no client has fetched yet. The log gets
/// a row for each name of a client. Returns how many sign-ins there were.
pub(crate) async fn end_all(
    db: &mut PgConnection,
    app: &App,
    owner: Owner,
    from: &From,
) -> sqlx::Result<usize> {
    // Whoever agrees at this moment waits, and then looks again at who is signed in.
    lock_owner(&mut *db, owner).await?;
    match owner {
        Owner::Account(account) => {
            queries::sign_in_requests::end_agreed_of_account(&mut *db, account).await?;
        }
        Owner::Coach(coach) => {
            queries::sign_in_requests::end_agreed_of_coach(&mut *db, coach).await?;
            queries::sign_in_codes::end_of_coach(&mut *db, coach).await?;
        }
    }
    let mut clients: Vec<String> = sign_ins::end_all_of(&mut *db, owner)
        .await?
        .iter()
        .map(|ended| label(&ended.client_name, &ended.redirect_host))
        .collect();
    let ended = clients.len();
    clients.sort_unstable();
    clients.dedup();
    for client in &clients {
        log(&mut *db, app, owner, Some(client), SignInOutcome::Ended, from).await?;
    }
    Ok(ended)
}

/// Locks somebody until the transaction ends, before anything of theirs; false if they are gone.
pub(crate) async fn lock_owner(db: &mut PgConnection, owner: Owner) -> sqlx::Result<bool> {
    match owner {
        Owner::Account(account) => queries::accounts::lock(db, account).await,
        Owner::Coach(coach) => Ok(queries::coaches::locked(db, coach).await?.is_some()),
    }
}

/// A client as the log names it: what it calls itself, and where it was sent, because anybody can call themselves anything.
pub(crate) fn label(name: &str, redirect_host: &str) -> String {
    format!("{name} ({redirect_host})")
}

/// Who asked, as the log of sign-ins keeps it.
#[derive(Debug, Clone)]
pub(crate) struct From {
    /// The network's prefix, such as 203.0.113.0/24.
    pub(crate) network: String,
    /// The browser in words.
    pub(crate) browser: String,
}

impl From {
    /// The sender of a request.
    pub(crate) fn of(network: Network, headers: &HeaderMap) -> Self {
        let agent = headers
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let agent: String = agent.chars().take(USER_AGENT_CHARS).collect();
        Self {
            network: network.prefix(),
            browser: browser::in_words(&agent),
        }
    }
}

/// [`log_how`] of a refusal, apart, so that the answer takes as long as where there is nobody whose log it is.
pub(crate) fn log_apart(
    app: &App,
    owner: Owner,
    client: Option<String>,
    (outcome, how): (SignInOutcome, How),
    from: From,
) {
    let app = app.clone();
    tokio::spawn(async move {
        let said = log_how(&app.pool, &app, owner, client.as_deref(), (outcome, how), &from);
        if let Err(error) = said.await {
            tracing::warn!(%error, %outcome, "cannot write the log of sign-ins");
        }
    });
}

/// Writes a row into somebody's log of sign-ins.
pub(crate) async fn log(
    db: impl queries::Db<'_>,
    app: &App,
    owner: Owner,
    client: Option<&str>,
    outcome: SignInOutcome,
    from: &From,
) -> sqlx::Result<()> {
    log_how(db, app, owner, client, (outcome, How::default()), from).await
}

/// [`log()`] with the way in and the factor.
pub(crate) async fn log_how(
    db: impl queries::Db<'_>,
    app: &App,
    owner: Owner,
    client: Option<&str>,
    (outcome, how): (SignInOutcome, How),
    from: &From,
) -> sqlx::Result<()> {
    metrics::counter!("icusync_sign_ins_total", "outcome" => outcome.as_str()).increment(1);
    let row = queries::sign_in_log::New {
        id: app.random.uuid(&app.clock),
        at: app.clock.now(),
        owner,
        client,
        outcome,
        network: &from.network,
        browser: &from.browser,
        how,
    };
    queries::sign_in_log::write(db, &row).await
}
