//! Connected apps: the clients that signed in as somebody, what each may do and its end, and the log of sign-ins. An athlete has a
//! page for them; a coach finds them on the roster, see [`super::for_coaches`].

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use http::HeaderMap;
use sqlx::PgConnection;

use super::{
    Fields, Frame, FromNetwork, NextPage, Signed,
    authorize::consent::elsewhere,
    done::{Done, JustDone},
    factor,
    frame::page,
    links::{self, Offered},
    steps::Copy,
    when::{self, When},
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        log_buffer,
        sign_ins::{self, From},
    },
    ids::{AccountId, ConnectorId},
    queries::{
        self,
        sign_in_log::Entry,
        sign_ins::{Listed, Owner},
    },
    words::{Factor, SignInOutcome, Way},
};

/// Rows of the log that are shown; the export has all.
const ROWS: i64 = 100;
/// What a client is called that has no name for itself.
const NAMELESS: &str = "An app without a name";

/// Where somebody's apps are listed, and what is said there.
pub(super) struct Place {
    /// Begins the paths of the buttons and of each app's page.
    pub(super) base: &'static str,
    /// The page with the list.
    pub(super) list: &'static str,
    /// What that is called.
    pub(super) title: &'static str,
    /// One was ended.
    pub(super) ended: Done,
    /// All were ended.
    pub(super) all_ended: Done,
    /// It had ended already.
    pub(super) gone: Done,
    /// What one may do was changed.
    pub(super) saved: Done,
}

const HERE: Place = Place {
    base: "/apps",
    list: "/apps",
    title: "Connected apps",
    ended: Done::AppEnded,
    all_ended: Done::AppsEnded,
    gone: Done::AppGone,
    saved: Done::AppSaved,
};

/// Somebody's apps and their log of sign-ins, for people.
pub(super) struct Apps {
    /// Begins the paths of the buttons.
    pub(super) base: &'static str,
    pub(super) rows: Vec<Row>,
    pub(super) log: Vec<Logged>,
    /// The zone of the times.
    pub(super) zone: &'static str,
    /// Whether the policy lets the owner change something.
    pub(super) writes: bool,
    /// After so many days without use an app ends by itself.
    pub(super) refresh_days: u32,
}

/// An app.
pub(super) struct Row {
    pub(super) id: ConnectorId,
    pub(super) name: String,
    pub(super) host: Option<String>,
    pub(super) leads_to: String,
    /// Titles of the groups that it may use.
    pub(super) groups: Vec<&'static str>,
    pub(super) may_write: bool,
    pub(super) agreed: When,
    pub(super) first_used: Option<When>,
    pub(super) used: Option<String>,
    /// The program that made the last call.
    pub(super) client: Option<String>,
    pub(super) ends: When,
}

impl Row {
    fn of(listed: Listed, zone: Option<Tz>, now: DateTime<Utc>) -> Self {
        let on = links::offered(&listed.groups_off)
            .into_iter()
            .filter(|offered| offered.on);
        Self {
            id: listed.id,
            name: named(listed.client_name),
            host: listed.client_host,
            leads_to: elsewhere(&listed.redirect_host).to_owned(),
            groups: on.map(|offered| offered.group.title()).collect(),
            may_write: listed.may_write,
            agreed: When::of(listed.created_at, zone),
            first_used: listed.first_used_at.map(|at| When::of(at, zone)),
            used: listed.last_used_at.map(|at| when::ago(now, at)),
            client: listed.last_client,
            ends: When::of(listed.ends_at, zone),
        }
    }
}

/// A row of the log.
pub(super) struct Logged {
    pub(super) when: When,
    /// The app; none for our own pages.
    pub(super) client: Option<String>,
    pub(super) outcome: &'static str,
    /// The way in, in words; none where it is not known.
    pub(super) way: Option<&'static str>,
    /// The factor besides, in words.
    pub(super) factor: Option<&'static str>,
    pub(super) good: bool,
    pub(super) network: String,
    pub(super) browser: String,
    pub(super) news: Vec<&'static str>,
}

impl Logged {
    fn of(entry: Entry, zone: Option<Tz>) -> Self {
        let news = [
            ("client", "new app"),
            ("network", "new network"),
            ("browser", "new browser"),
        ];
        let is_new = |word: &str| entry.news.iter().any(|new| new == word);
        Self {
            when: When::of(entry.at, zone),
            outcome: in_words(entry.outcome, entry.client.is_some()),
            way: entry.way.map(way_in_words),
            factor: entry.factor.map(factor_in_words),
            good: matches!(entry.outcome, SignInOutcome::Granted | SignInOutcome::Ended),
            news: news
                .into_iter()
                .filter(|(word, _)| is_new(word))
                .map(|(_, text)| text)
                .collect(),
            client: entry.client.map(named),
            network: entry.network,
            browser: entry.browser,
        }
    }
}

/// How a sign-in went, for the person whose it is; of an app or on our own pages.
const fn in_words(outcome: SignInOutcome, app: bool) -> &'static str {
    match outcome {
        SignInOutcome::Granted if app => "Allowed",
        SignInOutcome::Granted => "Signed in",
        SignInOutcome::WrongPassword => "Wrong password",
        SignInOutcome::WrongCode => "Wrong code",
        SignInOutcome::WrongFactor => "Wrong second factor",
        SignInOutcome::PasskeyCopied => "Refused: this passkey may have been copied",
        SignInOutcome::NotAllowed => "Refused by the policy",
        SignInOutcome::OtherIdentity => "Refused: another identity than the known one",
        SignInOutcome::Declined => "Not allowed",
        SignInOutcome::CodeAgain => "Ended: its code came twice",
        SignInOutcome::TokenAgain => "Ended: an old token of it came again",
        SignInOutcome::CodeLate => "Refused: its code came too late",
        SignInOutcome::WrongRedirect => "Refused: its code was sent elsewhere",
        SignInOutcome::WrongVerifier => "Refused: somebody else came with its code",
        SignInOutcome::GivenBack => "Ended by the app",
        SignInOutcome::Ended => "Ended by you",
        SignInOutcome::Other => "Something that a newer version knows",
    }
}

/// A way in, for the person whose it is.
const fn way_in_words(way: Way) -> &'static str {
    match way {
        Way::Password => "password",
        Way::Intervals => "intervals.icu",
        Way::Provider => "identity provider",
        Way::Passkey => "passkey",
        Way::Email => "code by email",
    }
}

/// A factor, for the person whose it is.
const fn factor_in_words(factor: Factor) -> &'static str {
    match factor {
        Factor::Passkey => "passkey",
        Factor::Code => "code of an app",
        Factor::RecoveryCode => "recovery code",
        Factor::Provider => "second step at the provider",
    }
}

/// The name of an app as pages show it.
fn named(name: String) -> String {
    if name.is_empty() {
        NAMELESS.to_owned()
    } else {
        name
    }
}

impl Apps {
    /// What `place` lists for `owner`, with times in `zone`; `writes` says whether the policy lets them change something.
    pub(super) async fn of(
        app: &App,
        (owner, writes): (Owner, bool),
        place: &Place,
        zone: Option<Tz>,
    ) -> Result<Self, Problem> {
        log_buffer::flush(app).await;
        let now = app.clock.now();
        let listed = queries::sign_ins::all_of(&app.pool, owner, now).await?;
        let log = queries::sign_in_log::of(&app.pool, owner, ROWS).await?;
        Ok(Self {
            base: place.base,
            rows: listed
                .into_iter()
                .map(|listed| Row::of(listed, zone, now))
                .collect(),
            log: log.into_iter().map(|entry| Logged::of(entry, zone)).collect(),
            zone: zone.map_or("UTC", Tz::name),
            writes,
            refresh_days: app.config.refresh_days,
        })
    }
}

/// What the dashboard and the account say about an athlete's apps.
pub(super) struct Summary {
    /// How many there are.
    pub(super) count: usize,
    /// The last one that was used, and when.
    pub(super) last: Option<(String, String)>,
}

impl Summary {
    /// Of this account.
    pub(super) async fn of(app: &App, account: AccountId) -> Result<Self, Problem> {
        log_buffer::flush(app).await;
        let now = app.clock.now();
        let listed = queries::sign_ins::all_of(&app.pool, Owner::Account(account), now).await?;
        let count = listed.len();
        let last = listed
            .into_iter()
            .filter_map(|listed| Some((listed.last_used_at?, listed.client_name)))
            .max_by_key(|(at, _)| *at)
            .map(|(at, name)| (named(name), when::ago(now, at)));
        Ok(Self { count, last })
    }
}

#[derive(Template)]
#[template(path = "pages/apps.html")]
struct Page {
    frame: Frame,
    done: Option<Done>,
    apps: Apps,
    url: Copy,
}

/// `GET /apps`, with `?done=` after something was done.
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    JustDone(done): JustDone,
) -> Result<Response, Problem> {
    let account = signed.0.account;
    let connection = queries::connections::of_account(&app.pool, account).await?;
    let zone = connection.and_then(|row| row.zone?.parse().ok());
    page(&Page {
        frame: Frame::of(true),
        done,
        apps: Apps::of(&app, (Owner::Account(account), signed.0.writes), &HERE, zone).await?,
        url: Copy::of_sign_in("sign-in-url", &app.config),
    })
}

/// `POST /apps/end`: ends one app. If it was pressed twice, or the app was never this athlete's, the answer is that it had ended
/// already.
pub(crate) async fn end(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let owner = Owner::Account(signed.0.account);
    let from = From::of(from.0, &headers);
    let mut transaction = app.pool.begin().await?;
    let done = end_one(&mut transaction, &app, owner, &HERE, &from, &mut fields).await?;
    transaction.commit().await?;
    Ok(done.answer())
}

/// Ends the app that a form names, and says what became of it.
pub(super) async fn end_one(
    db: &mut PgConnection,
    app: &App,
    owner: Owner,
    place: &Place,
    from: &From,
    fields: &mut Fields,
) -> Result<Done, Problem> {
    let id = fields.take("app")?.parse().map_err(|_| Problem::BadForm)?;
    let ended = sign_ins::end_one(db, app, owner, ConnectorId(id), from).await?;
    Ok(if ended { place.ended } else { place.gone })
}

/// `POST /apps/end-all`: ends all of them.
pub(crate) async fn end_all(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let owner = Owner::Account(signed.0.account);
    let from = From::of(from.0, &headers);
    let mut transaction = app.pool.begin().await?;
    sign_ins::end_all(&mut transaction, &app, owner, &from).await?;
    transaction.commit().await?;
    Ok(HERE.all_ended.answer())
}

/// Whether the box "Also end all connected apps" was ticked.
pub(super) fn end_apps_ticked(fields: &mut Fields) -> bool {
    fields.optional("end-apps").is_some()
}

#[derive(Template)]
#[template(path = "pages/app.html")]
struct Rights {
    frame: Frame,
    place: &'static Place,
    id: ConnectorId,
    name: String,
    coach: bool,
    groups: Vec<Offered>,
    may_write: bool,
    /// Whether the policy lets the owner change something.
    writes: bool,
}

impl Rights {
    fn shown(&self) -> String {
        links::shown(&self.groups)
    }
}

/// The app that a path names. Whatever is not an id is an app that is not there.
pub(super) fn id_in(path: Result<Path<String>, PathRejection>) -> Result<ConnectorId, Problem> {
    let text = path.map_err(|_| Problem::NotFound)?.0;
    text.parse().map(ConnectorId).map_err(|_| Problem::NotFound)
}

/// The page on which what one app may do is changed.
pub(super) async fn rights(
    app: &App,
    (owner, writes): (Owner, bool),
    place: &'static Place,
    id: ConnectorId,
    signed: bool,
) -> Result<Response, Problem> {
    let listed = queries::sign_ins::one_of(&app.pool, owner, id, app.clock.now()).await?;
    let listed = listed.ok_or(Problem::NotFound)?;
    page(&Rights {
        frame: Frame::of(signed),
        place,
        id,
        name: named(listed.client_name),
        coach: matches!(owner, Owner::Coach(_)),
        groups: links::offered(&listed.groups_off),
        may_write: listed.may_write,
        writes,
    })
}

/// Writes what one app may do from its next call on.
pub(super) async fn set_rights(
    db: &mut PgConnection,
    app: &App,
    owner: Owner,
    id: ConnectorId,
    (may_write, mut fields): (bool, Fields),
) -> Result<(), Problem> {
    let listed = queries::sign_ins::one_of(&mut *db, owner, id, app.clock.now()).await?;
    let listed = listed.ok_or(Problem::NotFound)?;
    let off = links::chosen_off(listed.groups_off, &mut fields)?;
    if !queries::sign_ins::set_rights(db, owner, id, &off, may_write).await? {
        return Err(Problem::NotFound);
    }
    Ok(())
}

/// `GET /apps/{app}`: what one app may do.
pub(crate) async fn form(
    State(app): State<App>,
    signed: Signed,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let owner = (Owner::Account(signed.0.account), signed.0.writes);
    rights(&app, owner, &HERE, id_in(path)?, true).await
}

/// `POST /apps/{app}`: changes that.
pub(crate) async fn save(
    State(app): State<App>,
    signed: Signed,
    path: Result<Path<String>, PathRejection>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (owner, id) = (Owner::Account(signed.0.account), id_in(path)?);
    let may_write = fields.optional("may-write").is_some();
    let listed = queries::sign_ins::one_of(&app.pool, owner, id, app.clock.now()).await?;
    let could_write = listed.is_some_and(|listed| listed.may_write);
    if may_write
        && !could_write
        && let Some(first) = factor::asked(&app, &signed.0, NextPage::App(id)).await?
    {
        return Ok(first);
    }
    let mut transaction = app.pool.begin().await?;
    set_rights(&mut transaction, &app, owner, id, (may_write, fields)).await?;
    transaction.commit().await?;
    Ok(HERE.saved.answer())
}
