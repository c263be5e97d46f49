//! From a way in to a session: the one door. Who has a second factor is asked for it after every way in, and until then there is
//! no session: only a step, which opens the page that asks.
//!
//! What a factor is, and whether the one that was shown is right, are elsewhere. No HTML.

use chrono::Duration;
use http::{HeaderMap, HeaderValue};
use sqlx::PgConnection;

use super::{
    cookie::STEP,
    factors,
    policy::{self, Admission},
    session,
    sign_ins::{self, From},
};
use crate::{
    app::App,
    ids::{AccountId, IdentityId},
    queries::{self, sign_in_log::How, sign_in_steps, sign_ins::Owner},
    secrets::{Token, TokenHash, TokenKind},
    words::{Factor, SignInOutcome, Way},
};

/// The page that asks for the second factor.
pub(crate) const FACTOR_PAGE: &str = "/sign-in/factor";
/// How long it may take to show the second factor.
pub(crate) const STEP_LASTS: Duration = Duration::minutes(10);

/// How somebody came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Came {
    /// The way in.
    pub way: Way,
    /// The factor that was shown already.
    pub factor: Option<Factor>,
    /// Whether the way in also proves who is there, as a consent at intervals.icu or a passkey does.
    pub is_proof: bool,
    /// The identity of the outside provider, if that is the way.
    pub identity: Option<IdentityId>,
    /// The provider's own name for its session (`sid`).
    pub provider_session: Option<String>,
}

impl Came {
    /// By a way that shows one factor.
    pub(crate) const fn by(way: Way) -> Self {
        Self {
            way,
            factor: None,
            is_proof: false,
            identity: None,
            provider_session: None,
        }
    }

    /// By a consent at intervals.icu.
    pub(crate) fn by_consent() -> Self {
        Self {
            is_proof: true,
            ..Self::by(Way::Intervals)
        }
    }

    /// As the log of sign-ins has it.
    pub(crate) const fn how(&self) -> How {
        How {
            way: Some(self.way),
            factor: self.factor,
        }
    }
}

/// What a way in opened.
#[derive(Debug)]
pub(crate) enum Entered {
    /// A session, with its `Set-Cookie`.
    Session(HeaderValue),
    /// [`FACTOR_PAGE`], with the `Set-Cookie` by which it opens.
    Step(HeaderValue),
    /// Nothing: the policy does not let the person in, or not by this way. With the operator's address.
    KeptOut(Admission, Option<String>),
}

/// Whether the policy lets the owner of an account in by this way; if not, the log says so. Ask it before what a way in changes
/// besides.
pub(crate) async fn admission(
    db: &mut PgConnection,
    app: &App,
    account: AccountId,
    came: &Came,
    from: &From,
) -> sqlx::Result<Admission> {
    let admission = policy::lets_account_in(&mut *db, app, account, came.way).await?;
    if admission != Admission::In {
        let refused = (SignInOutcome::NotAllowed, came.how());
        sign_ins::log_how(db, app, Owner::Account(account), None, refused, from).await?;
    }
    Ok(admission)
}

/// Lets somebody in within `db`'s transaction, who goes on to `next_path`, a path of ours: begins a session and writes the log,
/// or a step if the account has a factor that was not shown yet. Whom the policy does not let in gets neither.
pub(crate) async fn enter(
    db: &mut PgConnection,
    app: &App,
    account: AccountId,
    came: &Came,
    (headers, from): (&HeaderMap, &From),
    next_path: &str,
) -> sqlx::Result<Entered> {
    let admission = admission(&mut *db, app, account, came, from).await?;
    if admission != Admission::In {
        return Ok(Entered::KeptOut(admission, app.config.support_email.clone()));
    }
    if came.factor.is_none() && queries::factors::has_any(&mut *db, account).await? {
        return wait(db, app, account, came, next_path).await.map(Entered::Step);
    }
    begin(db, app, account, came, (headers, from))
        .await
        .map(Entered::Session)
}

/// Begins the session, and writes the log. A factor that was shown ends an open recovery.
async fn begin(
    db: &mut PgConnection,
    app: &App,
    account: AccountId,
    came: &Came,
    (headers, from): (&HeaderMap, &From),
) -> sqlx::Result<HeaderValue> {
    if came.factor.is_some() {
        factors::shown(&mut *db, account).await?;
    }
    let cookie = session::begin(&mut *db, app, account, came, headers).await?;
    let granted = (SignInOutcome::Granted, came.how());
    sign_ins::log_how(db, app, Owner::Account(account), None, granted, from).await?;
    Ok(cookie)
}

async fn wait(
    db: &mut PgConnection,
    app: &App,
    account: AccountId,
    came: &Came,
    next_path: &str,
) -> sqlx::Result<HeaderValue> {
    let token = Token::mint(TokenKind::Step, &app.random);
    let now = app.clock.now();
    let step = sign_in_steps::Step {
        account_id: account,
        way: came.way,
        identity_id: came.identity,
        provider_session: came.provider_session.clone(),
        is_proof: came.is_proof,
        next_path: next_path.to_owned(),
    };
    sign_in_steps::create(db, token.hash(), &step, now, now + STEP_LASTS).await?;
    Ok(STEP.set(token.expose(), STEP_LASTS, app.config.public_url.is_https()))
}

/// The hash of the step that the browser's cookie names. A malformed cookie costs no query.
pub(crate) fn step_of(app: &App, headers: &HeaderMap) -> Option<TokenHash> {
    let value = STEP.read(headers, app.config.public_url.is_https())?;
    Some(Token::parse(TokenKind::Step, value)?.hash())
}

/// The `Set-Cookie` that forgets a step.
pub(crate) fn forget_step(app: &App) -> HeaderValue {
    STEP.clear(app.config.public_url.is_https())
}

/// Ends a step within `db`'s transaction with the factor that was shown, begins the session and writes the log. Returns the
/// `Set-Cookie` and the path to go on to; none if the step is over, because it was finished elsewhere or the account's sessions
/// were ended.
pub(crate) async fn pass(
    db: &mut PgConnection,
    app: &App,
    step: TokenHash,
    factor: Factor,
    (headers, from): (&HeaderMap, &From),
) -> sqlx::Result<Option<(HeaderValue, String)>> {
    let Some(step) = sign_in_steps::take(&mut *db, step, app.clock.now()).await? else {
        return Ok(None);
    };
    let came = Came {
        way: step.way,
        factor: Some(factor),
        is_proof: step.is_proof,
        identity: step.identity_id,
        provider_session: step.provider_session,
    };
    if let Some(identity) = came.identity {
        queries::identities::note_factor(&mut *db, identity).await?;
    }
    let cookie = begin(db, app, step.account_id, &came, (headers, from)).await?;
    Ok(Some((cookie, step.next_path)))
}
