//! The question whether a client may come in as this person: asked each time, of athletes and coaches, with what it may do.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, StatusCode};

use super::{ClientWords, back, gone, leading_anywhere, opened, who};
use crate::{
    app::App,
    error::Problem,
    guard::{
        door::Came,
        policy::{self, Admission},
        session::{self, Session},
        sign_ins::{self, From, WRITE, code_place},
    },
    ids::CoachId,
    mail::{Address, Mail, NewApp, outbox},
    oauth::{
        answer::{self, Answer},
        authorize::{of_browser, refused_by_person},
        clients, redirects,
    },
    pages::{
        Fields, Frame, FromNetwork, MaybeSigned, NextPage, changes,
        draft::{Again, Kept},
        factor,
        frame::with_status,
        kept_out::{self, Whose},
        links::{self, Offered},
        provider,
    },
    permissions::{self, Access},
    policy::Kind,
    queries::{
        self,
        sign_in_log::How,
        sign_in_requests::{Agreed, Request},
        sign_ins::Owner,
    },
    secrets::{Token, TokenKind},
    words::{ConnectionStatus, SignInOutcome, Way},
};

/// Who is asked.
enum Person {
    Athlete {
        owner: Owner,
        email: String,
        /// The athlete's name at intervals.icu.
        name: String,
        /// What tools could change and intervals.icu shares for reading only, in words; empty for nothing.
        reads_only: String,
        /// Whether that is all that tools could change.
        is_read_only: bool,
        /// The identity of the outside provider by which the athlete came in.
        identity: Option<Identity>,
        /// Whether the policy lets them change something.
        writes: bool,
    },
    Coach {
        owner: Owner,
        email: String,
        athletes: usize,
        /// The identity of the outside provider by which the coach came in.
        identity: Option<Identity>,
        /// Whether the policy lets them change something.
        writes: bool,
    },
}

/// An identity of the outside provider, in words.
struct Identity {
    /// What people call the provider.
    provider: String,
    /// The address of the identity.
    address: String,
}

impl Identity {
    fn of(app: &App, address: Option<String>) -> Option<Self> {
        Some(Self {
            provider: provider::name(app)?,
            address: address?,
        })
    }

    /// The one by which somebody signed in to our pages.
    async fn of_session(app: &App, session: &Session) -> Result<Option<Self>, Problem> {
        let Some(id) = session.came.as_ref().and_then(|came| came.identity) else {
            return Ok(None);
        };
        let row = queries::identities::by_id(&app.pool, id).await?;
        Ok(Self::of(app, row.map(|row| row.email)))
    }
}

impl Person {
    fn is_athlete(&self) -> bool {
        matches!(self, Self::Athlete { .. })
    }

    /// The identity by which they came in.
    fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Athlete { identity, .. } | Self::Coach { identity, .. } => identity.as_ref(),
        }
    }

    fn owner(&self) -> Owner {
        match self {
            Self::Athlete { owner, .. } | Self::Coach { owner, .. } => *owner,
        }
    }

    /// Whether a client could make any change for this person.
    fn could_write(&self) -> bool {
        let is_read_only = matches!(
            self,
            Self::Athlete {
                is_read_only: true,
                ..
            }
        );
        self.lets_write() && !is_read_only
    }

    /// Whether the policy lets this person change something.
    fn lets_write(&self) -> bool {
        match self {
            Self::Athlete { writes, .. } | Self::Coach { writes, .. } => *writes,
        }
    }

    /// What the form carries, so that nobody agrees as somebody else than the page named.
    fn word(&self) -> String {
        match self.owner() {
            Owner::Account(id) => format!("athlete-{id}"),
            Owner::Coach(id) => format!("coach-{id}"),
        }
    }
}

/// Whether the client asked for more than reading.
fn asks_write(request: &Request) -> bool {
    request.scope.split(' ').any(|word| word == WRITE)
}

fn key_of(request: &Request) -> String {
    let host = request.client_host.as_deref();
    clients::key(
        &request.client_id,
        host,
        &request.client_name,
        &request.redirect_uri,
    )
}

/// What the next step is.
enum Step {
    Agree(Person),
    /// The athlete has to connect intervals.icu first.
    Connect {
        email: String,
    },
    Who,
    /// The policy does not let the coach in.
    KeptOut(Admission),
}

/// The coach who is asked, or why the policy keeps them out.
async fn step_of_coach(app: &App, request: &Request, id: CoachId, email: &str) -> Result<Step, Problem> {
    let standing = policy::of_coach(app, id).await?;
    let admission = standing.came_in(Some(way_of_coach(request)));
    if admission != Admission::In {
        return Ok(Step::KeptOut(admission));
    }
    let roster = queries::grants::roster_of(&app.pool, id, app.clock.now()).await?;
    Ok(Step::Agree(Person::Coach {
        owner: Owner::Coach(id),
        email: email.to_owned(),
        athletes: roster.len(),
        identity: Identity::of(app, request.identity_email.clone()),
        writes: standing.writes(),
    }))
}

/// Who is asked, or what is missing before anybody can be.
async fn step(app: &App, request: &Request, session: Option<&Session>) -> Result<Step, Problem> {
    if let (Some(id), Some(email)) = (request.coach_id, &request.coach_email) {
        return step_of_coach(app, request, id, email).await;
    }
    let Some(session) = session else {
        return Ok(Step::Who);
    };
    let email = session.who.clone();
    let connection = queries::connections::of_account(&app.pool, session.account).await?;
    let Some(connection) = connection.filter(|row| row.status == ConnectionStatus::Connected) else {
        return Ok(Step::Connect { email });
    };
    let reads_only = changes::reads_only(&connection);
    Ok(Step::Agree(Person::Athlete {
        owner: Owner::Account(session.account),
        email,
        is_read_only: changes::is_everything(&reads_only),
        reads_only: changes::in_words(&reads_only),
        name: connection.athlete_name,
        identity: Identity::of_session(app, session).await?,
        writes: session.writes,
    }))
}

#[derive(Template)]
#[template(path = "pages/authorize_consent.html")]
struct Consent {
    frame: Frame,
    client: ClientWords,
    next: NextPage,
    person: Person,
    groups: Vec<Offered>,
    may_write: bool,
    /// Whether the client asked for more than reading.
    asks_write: bool,
    is_new: bool,
    mistake: Option<&'static str>,
}

impl Consent {
    fn shown(&self) -> String {
        links::shown(&self.groups)
    }
}

#[derive(Template)]
#[template(path = "pages/authorize_connect.html")]
struct Connect {
    frame: Frame,
    client: ClientWords,
    next: NextPage,
    email: String,
    oauth: bool,
}

#[derive(Template)]
#[template(path = "pages/authorize_done.html")]
struct Done {
    frame: Frame,
    client: ClientWords,
    /// Whether a coach signed in, who has no account.
    is_coach: bool,
}

/// The page that says that the client is signed in: it has its tokens.
fn done(request: &Request, session: Option<&Session>) -> Result<Response, Problem> {
    crate::pages::frame::page(&Done {
        frame: Frame::of(session.is_some()),
        client: ClientWords::of(request),
        is_coach: request.agreed_coach_id.is_some(),
    })
}

/// The question, or the step before it.
pub(super) async fn show(
    app: &App,
    headers: &HeaderMap,
    request: &Request,
    session: Option<&Session>,
    (kept, mistake): (&Kept, Option<&'static str>),
) -> Result<Response, Problem> {
    let (client, next) = (ClientWords::of(request), NextPage::Request(request.id));
    let frame = Frame::of(session.is_some());
    if request.code_used_at.is_some() {
        return done(request, session);
    }
    let person = match step(app, request, session).await? {
        Step::Who => return who(app, headers, request, session, &Kept::default()).await,
        Step::KeptOut(why) => {
            let contact = app.config.support_email.clone();
            return Ok(kept_out::page(contact, Whose::Stranger(Kind::Coach), why));
        }
        Step::Connect { email } => {
            let connect = Connect {
                frame,
                client,
                next,
                email,
                oauth: app.config.offers_oauth(),
            };
            return Ok(leading_anywhere(crate::pages::frame::page(&connect)?));
        }
        Step::Agree(person) => person,
    };
    let key = key_of(request);
    let before = queries::sign_in_log::choice(&app.pool, person.owner(), &key).await?;
    let mut off = before
        .as_ref()
        .map_or_else(links::off_at_first, |choice| choice.groups_off.clone());
    let asks_write = asks_write(request);
    // What was chosen before the second step was asked for again.
    let chosen = kept.fields().filter(|_| kept.form() == next.path());
    let may_write = match &before {
        _ if chosen.is_some() => kept.is_ticked("may-write", false),
        Some(choice) => choice.may_write,
        // Whoever only calls itself a known client gets nothing in advance.
        None => client.is_trusted && writes_by_default(app, &person).await?,
    };
    if let Some(mut chosen) = chosen {
        off = links::chosen_off(off, &mut chosen)?;
    }
    let status = if mistake.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let consent = Consent {
        frame,
        client,
        next,
        groups: links::offered(&off),
        may_write: asks_write && may_write,
        asks_write,
        is_new: before.is_none(),
        person,
        mistake,
    };
    Ok(leading_anywhere(with_status(status, &consent)?))
}

/// Whether the box for changes is ticked for a client that is new: for an athlete who lets the own link make changes, and
/// for a coach to whom somebody granted a change.
async fn writes_by_default(app: &App, person: &Person) -> Result<bool, Problem> {
    Ok(match person.owner() {
        Owner::Account(account) => {
            let link = queries::connectors::of_account(&app.pool, account).await?;
            link.is_some_and(|link| link.may_write == Some(true))
        }
        Owner::Coach(coach) => {
            let roster = queries::grants::roster_of(&app.pool, coach, app.clock.now()).await?;
            let tools = roster.iter().flat_map(|member| &member.tools);
            tools
                .filter_map(|name| permissions::by_name(name))
                .any(|tool| tool.access == Access::Write)
        }
    })
}

/// `POST /authorize/{request}`: yes or no.
pub(crate) async fn decide(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    from: FromNetwork,
    headers: HeaderMap,
    Path(id): Path<String>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let decision = fields.take("decision")?;
    let Some(request) = opened(&app, &headers, &id).await? else {
        return gone(session.is_some());
    };
    let from = From::of(from.0, &headers);
    match decision.as_str() {
        "allow" => allow(&app, &headers, &request, session.as_ref(), &from, fields).await,
        "deny" => deny(&app, &headers, &request, session.as_ref(), &from).await,
        _ => Err(Problem::BadForm),
    }
}

/// Sends the client away, also after a yes whose code nobody has exchanged. Whoever is not signed in may do that too. Once there
/// are tokens it is too late for this answer, which would say that there are none.
async fn deny(
    app: &App,
    headers: &HeaderMap,
    request: &Request,
    session: Option<&Session>,
    from: &From,
) -> Result<Response, Problem> {
    let Some(browser) = of_browser(app, headers) else {
        return gone(session.is_some());
    };
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let now = app.clock.now();
    let locked = queries::sign_in_requests::lock(&mut *db, request.id, browser.hash(), now).await?;
    let Some(request) = locked else {
        return gone(session.is_some());
    };
    if request.code_used_at.is_some() {
        return done(&request, session);
    }
    let owner = request
        .coach_id
        .map(Owner::Coach)
        .or(session.map(|session| Owner::Account(session.account)));
    if let Some(owner) = owner {
        let client = ClientWords::of(&request).label();
        sign_ins::log(&mut *db, app, owner, Some(&client), SignInOutcome::Declined, from).await?;
    }
    queries::sign_in_requests::delete(&mut *db, request.id).await?;
    transaction.commit().await?;
    refused_by_person(&request.client_id);
    let answer = Answer::Error("access_denied", "The person said no.");
    let state = request.client_state.as_deref();
    let url = answer::url(&app.config, &request.redirect_uri, state, answer);
    back(&url, &request.client_name)
}

/// Writes what the person agreed to and sends the client its code. A second press gives the same answer, as long as the code can
/// be exchanged.
async fn allow(
    app: &App,
    headers: &HeaderMap,
    request: &Request,
    session: Option<&Session>,
    from: &From,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let named = fields.take("as")?;
    let Step::Agree(person) = step(app, request, session).await? else {
        return show(app, headers, request, session, (&Kept::default(), None)).await;
    };
    if person.word() != named {
        let mistake = "Somebody else is signed in now than on the page before. Look again, and then decide.";
        return show(app, headers, request, session, (&Kept::default(), Some(mistake))).await;
    }
    let owner = person.owner();
    let key = key_of(request);
    let before = queries::sign_in_log::choice(&app.pool, owner, &key).await?;
    let wrote = before.as_ref().is_some_and(|choice| choice.may_write);
    let off = links::chosen_off(
        before.map_or_else(links::off_at_first, |choice| choice.groups_off),
        &mut fields,
    )?;
    if links::offered(&off).iter().all(|offered| !offered.on) {
        let mistake = "Tick at least one group of tools, or choose Do not allow.";
        return show(app, headers, request, session, (&Kept::default(), Some(mistake))).await;
    }
    let asks_write = asks_write(request);
    let may_write = asks_write && person.could_write() && fields.optional("may-write").is_some();
    // A client that asks to read says nothing about what the person thinks of changes.
    if let (true, Owner::Account(_), Some(session)) = (may_write, owner, session)
        && let Some(first) = factor::first(app, session, NextPage::Request(request.id)).await?
    {
        return Ok(Again::later(NextPage::Request(request.id).path(), first).answer());
    }
    if let Owner::Coach(coach) = owner
        && let Some(first) = first_of_coach(app, coach, session, request).await?
    {
        return Ok(Again::later(NextPage::Request(request.id).path(), first).answer());
    }
    let remembered = if asks_write { may_write } else { wrote };

    let Some(browser) = of_browser(app, headers) else {
        return gone(session.is_some());
    };
    let now = app.clock.now();
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    // Whoever ends all apps of this person holds the same lock, and ends the session or the visit with it: what was true when the
    // page was drawn is looked at again.
    if !sign_ins::lock_owner(&mut *db, owner).await? {
        return gone(session.is_some());
    }
    let Some(locked) = queries::sign_in_requests::lock(&mut *db, request.id, browser.hash(), now).await?
    else {
        return gone(session.is_some());
    };
    if !is_still(app, &mut *db, owner, &locked, session, now).await? {
        drop(transaction);
        return who(app, headers, request, None, &Kept::default()).await;
    }
    if locked.code_expires_at.is_some() {
        drop(transaction);
        return again(app, &locked, owner, session);
    }
    let code = Token::mint(TokenKind::Code, &app.random);
    let sealed = app
        .keys
        .seal(code_place(request.id), code.expose().as_bytes(), &app.random);
    let agreed = Agreed {
        account_id: match owner {
            Owner::Account(id) => Some(id),
            Owner::Coach(_) => None,
        },
        coach_id: match owner {
            Owner::Coach(id) => Some(id),
            Owner::Account(_) => None,
        },
        groups_off: &off,
        may_write,
        code: code.hash(),
        code_sealed: &sealed,
        code_expires_at: now + Duration::minutes(i64::from(app.config.code_minutes)),
    };
    queries::sign_in_requests::agree(&mut *db, request.id, &agreed).await?;
    let is_new = queries::sign_in_log::choose(&mut *db, owner, &key, &off, remembered, now).await?;
    let client = ClientWords::of(request).label();
    let granted = (SignInOutcome::Granted, how_of(owner, &locked, session));
    sign_ins::log_how(&mut *db, app, owner, Some(&client), granted, from).await?;
    if let (true, Owner::Account(account)) = (is_new, owner) {
        tell_of_new_app(db, app, account, request, may_write).await?;
    }
    transaction.commit().await?;
    let state = request.client_state.as_deref();
    let url = answer::url(
        &app.config,
        &request.redirect_uri,
        state,
        Answer::Code(code.expose()),
    );
    back(&url, &request.client_name)
}

/// Where a coach has to go first whose address is an account's with a second step: otherwise whoever reads that mailbox could come in
/// as its coach, past the step, also to what the account granted its own address.
async fn first_of_coach(
    app: &App,
    coach: CoachId,
    session: Option<&Session>,
    request: &Request,
) -> Result<Option<String>, Problem> {
    let Some(coach) = queries::coaches::by_id(&app.pool, coach).await? else {
        return Ok(None);
    };
    let Some(account) = queries::accounts::by_email(&app.pool, &coach.email_key).await? else {
        return Ok(None);
    };
    let next = NextPage::Request(request.id);
    if let Some(session) = session.filter(|session| session.account == account.id) {
        return factor::first(app, session, next).await;
    }
    let has_factor = queries::factors::has_any(&app.pool, account.id).await?;
    Ok(has_factor.then(|| format!("/sign-in{}", next.query())))
}

/// How a coach came in.
fn way_of_coach(request: &Request) -> Way {
    if request.identity_id.is_some() {
        Way::Provider
    } else {
        Way::Email
    }
}

/// How whoever agrees came in.
fn how_of(owner: Owner, request: &Request, session: Option<&Session>) -> How {
    match owner {
        Owner::Account(_) => session
            .and_then(|session| session.came.as_ref())
            .map_or_else(How::default, Came::how),
        Owner::Coach(_) => How {
            way: Some(way_of_coach(request)),
            factor: None,
        },
    }
}

/// Whether the person who was asked is still the one: the session lives, or the coach's code still counts.
async fn is_still(
    app: &App,
    db: &mut sqlx::PgConnection,
    owner: Owner,
    locked: &Request,
    asked: Option<&Session>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    match (owner, asked) {
        (Owner::Coach(coach), _) => Ok(locked.coach_id == Some(coach)),
        (Owner::Account(account), Some(asked)) => {
            let (began, used) = (now - session::ABSOLUTE, now - session::IDLE);
            let issuer = app.config.issuer();
            let living = queries::sessions::living(db, asked.hash, issuer, began, used).await?;
            Ok(living.is_some_and(|living| living.account_id == account))
        }
        (Owner::Account(_), None) => Ok(false),
    }
}

/// The same answer once more, if the same person pressed again and the code is still good.
fn again(app: &App, request: &Request, owner: Owner, session: Option<&Session>) -> Result<Response, Problem> {
    let agreed = Owner::of(request.agreed_account_id, request.agreed_coach_id);
    if request.code_used_at.is_some() && agreed == Some(owner) {
        return done(request, session);
    }
    let now = app.clock.now();
    let lives = request.code_expires_at.is_some_and(|expires| expires > now);
    let code = request
        .code_sealed
        .as_ref()
        .filter(|_| lives && agreed == Some(owner));
    let code = code.and_then(|sealed| app.keys.open_text(code_place(request.id), sealed).ok());
    let Some(code) = code else {
        return gone(session.is_some());
    };
    let state = request.client_state.as_deref();
    let url = answer::url(&app.config, &request.redirect_uri, state, Answer::Code(&code));
    back(&url, &request.client_name)
}

/// Where a client was sent, for somebody who may read it on another computer.
pub(in crate::pages) fn elsewhere(leads_to: &str) -> &str {
    if leads_to == redirects::THIS_COMPUTER {
        "a program on the computer where it was allowed"
    } else {
        leads_to
    }
}

/// Queues the mail about a client that the athlete never signed in with before.
async fn tell_of_new_app(
    db: &mut sqlx::PgConnection,
    app: &App,
    account: crate::ids::AccountId,
    request: &Request,
    may_write: bool,
) -> Result<(), Problem> {
    let owner = queries::accounts::by_id(&mut *db, account).await?;
    // Without an address, the page Connected apps alone says so.
    let Some(to) = owner.as_ref().and_then(Address::of) else {
        return Ok(());
    };
    let client = ClientWords::of(request);
    let mail = Mail::NewApp(NewApp {
        client: client.name.as_str().into(),
        leads_to: elsewhere(&client.leads_to).into(),
        may_write,
        apps: app.config.page_url("/apps"),
    });
    outbox::enqueue(db, app, &to, Some(account), mail).await?;
    Ok(())
}
