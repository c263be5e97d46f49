//! Passkeys: signing in with one, adding, renaming and taking them off, and the button with which any page asks for one.
//!
//! What the browser is asked and whether its answer is right, is in [`crate::guard::passkeys`].

use askama::Template;
use axum::{
    Extension,
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use chrono_tz::Tz;
use http::{HeaderMap, header::USER_AGENT};

use super::{
    Fields, Frame, FromNetwork, NextPage, Signed, assets, authorize,
    done::Done,
    draft::{self, Typed},
    entered, factor,
    factors::recovery_codes,
    form::{Mistake, Wrong as _},
    frame,
    proof::{self, Asks},
    ways,
    when::{self, When},
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        door::{self, Came, FACTOR_PAGE},
        factors,
        passkeys::{self, Answer, LONGEST_NAME, MOST, Purpose, Question, Refused, Shown},
        session::{Session, Who},
        sign_ins::{self, From},
        tries::{self, NoMore},
    },
    ids::{AccountId, PasskeyId},
    oauth::authorize::{browser, of_browser},
    queries::{self, passkeys::Listed, sign_in_log::How, sign_ins::Owner},
    secrets::TokenHash,
    text::{self, browser as browsers},
    words::{Factor, SignInOutcome, Way},
};

/// The field of the button, at which its mistakes are.
pub(super) const FIELD: &str = "passkey";
/// The page that adds one.
const NEW: &str = "/account/passkeys/new";
const NO_NAME: &str = "Give the passkey a name.";
const ONLY_WAY: &str = "This passkey is your only way to sign in. Add another way first.";

/// A button that asks for a passkey, for a template to include. It is hidden until the script finds that the browser can use
/// passkeys.
#[derive(Template)]
#[template(path = "parts/passkey.html")]
pub(super) struct Button {
    action: &'static str,
    label: &'static str,
    next: Option<NextPage>,
    /// Whether the browser may offer a passkey while the address is typed.
    autofill: bool,
    question: Question,
    script: &'static str,
}

impl Button {
    fn of(
        question: Question,
        (action, label): (&'static str, &'static str),
        next: Option<NextPage>,
        autofill: bool,
    ) -> Self {
        Self {
            action,
            label,
            next,
            autofill,
            question,
            script: assets::passkey_script(),
        }
    }

    /// For somebody who signs in, and goes on to `next`; with the `Set-Cookie` that ties it to the browser. None if there are no
    /// passkeys here.
    pub(super) fn sign_in(
        app: &App,
        headers: &HeaderMap,
        next: NextPage,
    ) -> Result<Option<(Self, http::HeaderValue)>, Problem> {
        let (browser, cookie) = browser(app, headers);
        let question = passkeys::ask(app, Purpose::SignIn, browser, &[])?;
        let target = ("/sign-in/passkey", "Use a passkey");
        Ok(question.map(|question| (Self::of(question, target, Some(next), true), cookie)))
    }

    /// For the second step of a sign-in. None if the account has no passkeys.
    pub(super) async fn step(
        app: &App,
        step: TokenHash,
        account: AccountId,
    ) -> Result<Option<Self>, Problem> {
        let question = ask_account(app, Purpose::Step, step, account).await?;
        let target = ("/sign-in/factor/passkey", "Use a passkey");
        Ok(question.map(|question| Self::of(question, target, None, false)))
    }

    /// For somebody who is signed in and shows again who is there, and goes on to `next`. None if the account has no passkeys.
    pub(super) async fn again(app: &App, session: &Session, next: NextPage) -> Result<Option<Self>, Problem> {
        let question = ask_account(app, Purpose::Again, session.hash, session.account).await?;
        let target = ("/account/factor/passkey", "Use a passkey");
        Ok(question.map(|question| Self::of(question, target, Some(next), false)))
    }
}

/// Asks for one of an account's passkeys; none if it has none.
async fn ask_account(
    app: &App,
    purpose: Purpose,
    bound: TokenHash,
    account: AccountId,
) -> Result<Option<Question>, Problem> {
    let have = queries::passkeys::of_account(&app.pool, account).await?;
    if have.is_empty() {
        return Ok(None);
    }
    Ok(passkeys::ask(app, purpose, bound, &have)?)
}

fn answer(fields: &mut Fields) -> Result<Answer, Problem> {
    Ok(Answer {
        state: fields.take("state")?,
        credential: fields.take(FIELD)?,
    })
}

fn mistake(refused: Refused) -> Mistake {
    Mistake::new(FIELD, &refused)
}

/// Writes a refusal into the log of the person whose passkey it was, if that is known.
fn log(app: &App, refused: Refused, way: Way, from: From) {
    let Some(account) = refused.account() else {
        return;
    };
    let outcome = match refused {
        Refused::Copied(_) => SignInOutcome::PasskeyCopied,
        _ => SignInOutcome::WrongFactor,
    };
    let how = How {
        way: Some(way),
        factor: Some(Factor::Passkey),
    };
    sign_ins::log_apart(app, Owner::Account(account), None, (outcome, how), from);
}

/// Counts a wrong passkey with the wrong codes of a step or a session; an error if there were too many. One that only came too late
/// does not count.
async fn counted(
    app: &App,
    shown_in: TokenHash,
    account: AccountId,
    refused: Refused,
) -> sqlx::Result<Result<(), NoMore>> {
    if refused == Refused::Late {
        return Ok(Ok(()));
    }
    let wrong = tries::factor(app, shown_in, account, false, async { Ok(None::<()>) }).await?;
    Ok(wrong.map(drop))
}

/// `POST /sign-in/passkey`: signs in whoever's passkey it is. It is both factors, so nothing else is asked for.
pub(crate) async fn sign_in(
    State(app): State<App>,
    from: FromNetwork,
    who: Option<Extension<Who>>,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let given = answer(&mut fields)?;
    let next = NextPage::of_fields(&mut fields);
    app.limits.sign_in(from.0)?;
    let Some(browser) = of_browser(&app, &headers) else {
        return sign_in_again(&app, &headers, next, Refused::Late).await;
    };
    let log_from = From::of(from.0, &headers);
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let asked = (Purpose::SignIn, browser.hash());
    let shown = match passkeys::check(&mut *db, &app, asked, None, &given).await? {
        Ok(shown) => shown,
        Err(refused) => {
            drop(transaction);
            log(&app, refused, Way::Passkey, log_from);
            return sign_in_again(&app, &headers, next, refused).await;
        }
    };
    let came = Came {
        factor: Some(Factor::Passkey),
        is_proof: true,
        ..Came::by(Way::Passkey)
    };
    let path = next.path();
    let entered = door::enter(&mut *db, &app, shown.account, &came, (&headers, &log_from), &path).await?;
    transaction.commit().await?;
    if let Some(who) = who {
        who.note(shown.account);
    }
    Ok(entered::answer(entered, Redirect::to(&path).into_response()))
}

/// Back to the page with the button, which says why.
async fn sign_in_again(
    app: &App,
    headers: &HeaderMap,
    next: NextPage,
    refused: Refused,
) -> Result<Response, Problem> {
    if let Some(request) = next.request()
        && let Some(again) = authorize::who_again(app, headers, request, mistake(refused)).await?
    {
        return Ok(again);
    }
    let location = format!("/sign-in{}", next.query());
    Ok(draft::wrong(location, mistake(refused)))
}

/// `POST /sign-in/factor/passkey`: the second step of a sign-in.
pub(crate) async fn step(
    State(app): State<App>,
    from: FromNetwork,
    who: Option<Extension<Who>>,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let given = answer(&mut fields)?;
    let over = || Redirect::to(FACTOR_PAGE).into_response();
    let Some(hash) = door::step_of(&app, &headers) else {
        return Ok(over());
    };
    let Some(step) = queries::sign_in_steps::living(&app.pool, hash, app.clock.now()).await? else {
        return Ok(over());
    };
    let from = From::of(from.0, &headers);
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let asked = (Purpose::Step, hash);
    if let Err(refused) = passkeys::check(&mut *db, &app, asked, Some(step.account_id), &given).await? {
        drop(transaction);
        log(&app, refused, step.way, from);
        if counted(&app, hash, step.account_id, refused).await?.is_err() {
            return factor::step::enough(&app, hash).await;
        }
        return Ok(draft::wrong(FACTOR_PAGE, mistake(refused)));
    }
    let Some((cookie, path)) = door::pass(&mut *db, &app, hash, Factor::Passkey, (&headers, &from)).await?
    else {
        return Ok(over());
    };
    transaction.commit().await?;
    if let Some(who) = who {
        who.note(step.account_id);
    }
    Ok(factor::step::passed(&app, cookie, &path))
}

/// A passkey as a row shows it.
struct Row {
    id: PasskeyId,
    name: String,
    used: String,
    added: When,
    /// Whether it cannot sign in alone.
    only_after: bool,
}

/// The account's passkeys, for the page of its factors to include.
#[derive(Template)]
#[template(path = "parts/passkeys.html")]
pub(super) struct Card {
    rows: Vec<Row>,
    /// Whether there can be passkeys here.
    available: bool,
    full: bool,
    has_address: bool,
}

impl Card {
    /// Those of an account.
    pub(super) async fn of(
        app: &App,
        account: AccountId,
        has_address: bool,
        zone: Option<Tz>,
    ) -> Result<Self, Problem> {
        let now = app.clock.now();
        let have = queries::passkeys::of_account(&app.pool, account).await?;
        let row = |listed: Listed| Row {
            id: listed.id,
            name: listed.name,
            used: listed
                .last_used_at
                .map_or_else(|| "not yet".to_owned(), |at| when::ago(now, at)),
            added: When::of(listed.created_at, zone),
            only_after: listed.is_discoverable == Some(false),
        };
        Ok(Self {
            full: have.len() >= MOST,
            rows: have.into_iter().map(row).collect(),
            available: app.passkeys.is_some(),
            has_address,
        })
    }
}

#[derive(Template)]
#[template(path = "pages/passkey_new.html")]
struct New {
    frame: Frame,
    /// Once it is proved who is there.
    question: Option<Question>,
    name: String,
    asks: Asks,
    next: NextPage,
    script: &'static str,
    mistake: Option<Mistake>,
}

/// `GET /account/passkeys/new`: first asks who is there, then for the passkey. Making one and then failing the proof would leave a
/// passkey on the device that IcuSync does not know.
pub(crate) async fn new(
    State(app): State<App>,
    signed: Signed,
    typed: Typed,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let session = signed.0;
    if let Some(first) = factor::asked(&app, &session, NextPage::NewPasskey).await? {
        return Ok(first);
    }
    let have = queries::passkeys::of_account(&app.pool, session.account).await?;
    let Some(address) = session.email.as_deref().filter(|_| have.len() < MOST) else {
        return Ok(to_factors());
    };
    let question = if proof::is_recent(&app, &session).await? {
        passkeys::ask_for_new(&app, session.hash, session.account, address, &have)?
    } else {
        None
    };
    if app.passkeys.is_none() {
        return Ok(to_factors());
    }
    let page = New {
        frame: Frame::of(true),
        question,
        name: browsers::in_words(agent(&headers)),
        asks: Asks::of(&app, &session).await?,
        next: NextPage::NewPasskey,
        script: assets::passkey_script(),
        mistake: typed.by(session.account).mistake(),
    };
    Ok(page.asks.leading(frame::page(&page)?))
}

fn to_factors() -> Response {
    Redirect::to(&NextPage::Factors.path()).into_response()
}

fn agent(headers: &HeaderMap) -> &str {
    let agent = headers.get(USER_AGENT);
    agent.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// `POST /account/passkeys/prove`: the password, before a passkey is made.
pub(crate) async fn prove(
    State(app): State<App>,
    signed: Signed,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let typed = fields.optional("password");
    if proof::in_session(&app, &signed.0, typed).await?.is_none() {
        let (field, text) = Asks::of(&app, &signed.0).await?.refusal();
        return Ok(draft::wrong(NEW, Mistake::new(field, text)));
    }
    queries::sessions::note_proof(&app.pool, signed.0.hash, app.clock.now()).await?;
    Ok(Redirect::to(NEW).into_response())
}

/// What somebody calls a passkey; none if nothing of it can be seen.
fn name_in(fields: &mut Fields) -> Result<Option<String>, Problem> {
    let name = text::clean(&fields.take("name")?, LONGEST_NAME);
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// `POST /account/passkeys`: adds the passkey that the browser made. Who is there is not asked again: the question was for this
/// session, after the proof, and lasts five minutes, and what is refused now would stay on the device.
pub(crate) async fn add(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let session = &signed.0;
    let given = answer(&mut fields)?;
    // It is on the device already: a name that says nothing is no reason to lose it.
    let name = name_in(&mut fields)?.unwrap_or_else(|| browsers::in_words(agent(&headers)));
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    if !queries::accounts::lock(&mut *db, session.account).await? {
        return Err(Problem::NotFound);
    }
    let whose = (session.hash, session.account);
    let is_first = !queries::factors::has_any(&mut *db, session.account).await?;
    if let Err(refused) = passkeys::add(&mut *db, &app, whose, &name, &given).await? {
        return Ok(draft::wrong(NEW, mistake(refused)));
    }
    factors::shown_again(&mut *db, &app, session, Factor::Passkey).await?;
    let from = From::of(from.0, &headers);
    let codes = factors::added(&mut *db, &app, session.account, is_first, Some(&name), &from).await?;
    transaction.commit().await?;
    Ok(match codes {
        Some(codes) => recovery_codes::shown_once(&app, session, codes),
        None => Done::PasskeyAdded.answer(),
    })
}

#[derive(Template)]
#[template(path = "pages/passkey_one.html")]
struct One {
    frame: Frame,
    id: PasskeyId,
    name: String,
    /// Whether no other factor is left without it.
    is_last: bool,
    asks: Asks,
    next: NextPage,
    mistake: Option<Mistake>,
}

/// The id in a path. Whatever is not one is a passkey that is not there.
fn id_in(path: &str) -> Option<PasskeyId> {
    path.parse().ok().map(PasskeyId)
}

/// `GET /account/passkeys/{passkey}`.
pub(crate) async fn one(
    State(app): State<App>,
    signed: Signed,
    typed: Typed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let session = signed.0;
    let have = queries::passkeys::of_account(&app.pool, session.account).await?;
    let factors = queries::factors::of_account(&app.pool, session.account).await?;
    let is_last = have.len() == 1 && factors.codes_since.is_none();
    let Some(listed) = have.into_iter().find(|listed| Some(listed.id) == id_in(&id)) else {
        return Ok(Done::PasskeyGone.answer());
    };
    let page = One {
        frame: Frame::of(true),
        id: listed.id,
        is_last,
        name: listed.name,
        asks: Asks::of(&app, &session).await?,
        next: NextPage::Passkey(listed.id),
        mistake: typed.by(session.account).mistake(),
    };
    Ok(page.asks.leading(frame::page(&page)?))
}

/// `POST /account/passkeys/{passkey}`: renames it.
pub(crate) async fn rename(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let name = name_in(&mut fields)?;
    let Some(id) = id_in(&id) else {
        return Ok(Done::PasskeyGone.answer());
    };
    let Some(name) = name else {
        let here = NextPage::Passkey(id).path();
        return Ok(draft::wrong(here, Mistake::new("name", NO_NAME)));
    };
    let renamed = queries::passkeys::rename(&app.pool, signed.0.account, id, &name).await?;
    Ok(if renamed {
        Done::PasskeyRenamed.answer()
    } else {
        Done::PasskeyGone.answer()
    })
}

/// `POST /account/passkeys/{passkey}/off`. Of two tabs that take it off at once one does, and the other says that it is gone.
pub(crate) async fn off(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    headers: HeaderMap,
    Path(id): Path<String>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let typed = fields.optional("password");
    let session = &signed.0;
    let Some(id) = id_in(&id) else {
        return Ok(Done::PasskeyGone.answer());
    };
    if let Some(first) = factor::asked(&app, session, NextPage::Passkey(id)).await? {
        return Ok(first);
    }
    let here = NextPage::Passkey(id).path();
    let Some(proof) = proof::in_session(&app, session, typed).await? else {
        return unproved(&app, session, &here).await;
    };
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    if !proof.holds(&app, &mut *db).await? {
        drop(transaction);
        return unproved(&app, session, &here).await;
    }
    // Where the operator took the other ways away.
    let is_last = queries::passkeys::of_account(&mut *db, session.account)
        .await?
        .len()
        < 2;
    if is_last && !ways::working(&mut *db, &app, session).await?.has_lasting() {
        return Ok(draft::wrong(here, Mistake::new("off-button", ONLY_WAY)));
    }
    let Some(name) = queries::passkeys::take_off(&mut *db, session.account, id).await? else {
        return Ok(Done::PasskeyGone.answer());
    };
    let from = From::of(from.0, &headers);
    factors::taken_off(&mut *db, &app, session.account, Some(&name), &from).await?;
    transaction.commit().await?;
    Ok(Done::PasskeyOff.answer())
}

async fn unproved(app: &App, session: &Session, here: &str) -> Result<Response, Problem> {
    let (field, text) = Asks::of(app, session).await?.refusal();
    Ok(draft::wrong(here, Mistake::new(field, text)))
}

/// `POST /account/factor/passkey`: shows again who is there, and goes on.
pub(crate) async fn again(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let session = &signed.0;
    let given = answer(&mut fields)?;
    let next = NextPage::of_fields(&mut fields);
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let asked = (Purpose::Again, session.hash);
    match passkeys::check(&mut *db, &app, asked, Some(session.account), &given).await? {
        Ok(Shown { .. }) => {
            factors::shown_again(&mut *db, &app, session, Factor::Passkey).await?;
            // A passkey signs in alone, so that it also proves who is there.
            queries::sessions::note_proof(&mut *db, session.hash, app.clock.now()).await?;
            transaction.commit().await?;
            Ok(Redirect::to(&next.path()).into_response())
        }
        Err(refused) => {
            drop(transaction);
            let way = session.came.as_ref().map_or(Way::Passkey, |came| came.way);
            log(&app, refused, way, From::of(from.0, &headers));
            // The limit is for codes: who has a passkey that is right is not kept waiting.
            let _ = counted(&app, session.hash, session.account, refused).await?;
            let location = format!("/account/factor{}", next.query());
            Ok(draft::wrong(location, mistake(refused)))
        }
    }
}
