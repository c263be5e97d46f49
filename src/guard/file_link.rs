//! Download links: minted in a call, shown on a page, spent by its button, once and within ten minutes.
//!
//! A link is no right by itself. Whoever asked for it must still have the right to the file when its page is shown and when its
//! button is pressed: the connector, its groups, the policy, the grant and the connection are looked up each time. What is
//! downloaded is never stored.

use std::{io, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use futures::{Stream, StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};
use tracing::Instrument as _;
use uuid::Uuid;

use super::{
    Ask, Caller,
    caller::Allowed,
    connection::{self, unreachable},
    grant::{self, Opened},
    link::{self, Known, Visitor},
    offer::{Narrow, Offer},
    roster,
    touched::Touched,
};
use crate::{
    app::App,
    ids::{AccountId, LogId},
    intervals::{self, Content, FileId},
    permissions,
    queries::{
        activity_log::{self, Entry},
        callers::Owner,
        connections::Connection,
        file_links::{self, FileLink, Spent},
        in_time,
    },
    secrets::{Place, Token, TokenHash, TokenKind},
    tool_error::ToolError,
    words::{Access, Outcome},
};

/// How long a link is good.
pub(crate) const LASTS: TimeDelta = TimeDelta::minutes(10);
/// The most bytes of a file.
pub(crate) const MOST_BYTES: u64 = 60_000_000;
/// How long a file may be on its way, from the press of the button.
pub(crate) const LONGEST: Duration = Duration::from_mins(1);
/// The most files of one athlete that are on their way, on all instances.
const AT_ONCE: i64 = 2;
/// Pieces that wait for a slow reader.
const WAITING: usize = 4;

/// What a link is for, as its page says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedFile {
    /// The file.
    pub file: FileId,
    /// The name of the activity or workout; empty without one.
    pub name: String,
    /// Its sport, in words.
    pub sport: String,
    /// Its local day.
    pub day: Option<NaiveDate>,
    /// Bytes, if upstream announces them.
    pub size: Option<u64>,
}

/// The right to mint links, for one athlete, in one call.
pub struct FileLinks {
    app: App,
    account: AccountId,
    caller: Caller,
    /// The token of a link, which ends with it; None of a sign-in.
    token: Option<TokenHash>,
    client: String,
    touched: Touched,
}

/// A link, in the clear.
#[derive(Debug)]
pub struct Minted {
    /// The URL.
    pub url: String,
    /// Until when it is good.
    pub until: DateTime<Utc>,
}

impl FileLinks {
    /// For the data of `account`, which the call of `visitor` through `client` has opened.
    pub(crate) fn new(
        app: &App,
        account: AccountId,
        visitor: &Visitor,
        is_sign_in: bool,
        client: &str,
        touched: &Touched,
    ) -> Self {
        Self {
            app: app.clone(),
            account,
            caller: visitor.caller.clone(),
            token: (!is_sign_in).then(|| visitor.hash()),
            client: client.to_owned(),
            touched: touched.clone(),
        }
    }

    /// Mints a link to a file of the athlete whom the call has opened.
    pub async fn mint(&self, file: &LinkedFile) -> Result<Minted, ToolError> {
        let app = &self.app;
        let touched = self.touched.all();
        let touch = touched.iter().find(|touch| touch.account == self.account);
        let Some((touch, opened)) = touch.and_then(|touch| Some((touch, touch.opened.first()?))) else {
            tracing::error!("a download link of nobody");
            return Err(unreachable());
        };
        let now = app.clock.now();
        let id = app.random.uuid(&app.clock);
        let plain = serde_json::to_vec(file).map_err(|error| {
            tracing::error!(%error, "cannot write down a file");
            unreachable()
        })?;
        let token = Token::mint(TokenKind::File, &app.random);
        let row = FileLink {
            id,
            connector_id: self.caller.link(),
            token_hash: self.token.map(|hash| hash.as_bytes().to_vec()),
            account_id: self.account,
            grant_id: touch.grant,
            connection_id: opened.connection,
            athlete_id: opened.athlete.to_string(),
            client: self.client.clone(),
            sealed: app.keys.seal(place(id), &plain, &app.random),
            created_at: now,
            expires_at: now + LASTS,
        };
        let done = in_time(file_links::create(&app.pool, token.hash(), &row)).await;
        done.map_err(|error| connection::away(&error))?;
        Ok(Minted {
            url: app.config.page_url(&format!("/files/{}", token.expose())),
            until: row.expires_at,
        })
    }
}

const fn place(id: Uuid) -> Place {
    Place {
        table: "file_links",
        row: id,
        column: "sealed",
    }
}

/// Why a link shows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dead {
    /// It was used, is over, was never minted, or the right to the file has ended. Which of these, nobody is told.
    Gone,
    /// Nobody can be asked now.
    Away,
}

/// A link that is good, with the right that it stands for as it is now.
#[derive(Debug)]
pub(crate) struct Good {
    row: FileLink,
    caller: Caller,
    ask: Ask,
    opened: Opened,
    /// What is downloaded.
    pub(crate) file: LinkedFile,
}

/// The link with this token, and the right to its file. Sends no request to intervals.icu.
pub(crate) async fn find(app: &App, token: &str) -> Result<Good, Dead> {
    let token = Token::parse(TokenKind::File, token).ok_or(Dead::Gone)?;
    let row = in_time(file_links::find(&app.pool, token.hash(), app.clock.now())).await;
    let row = row.map_err(|error| away(&error))?.ok_or(Dead::Gone)?;
    let plain = app.keys.open(place(row.id), &row.sealed).map_err(|error| {
        tracing::error!(%error, "a download link does not open");
        Dead::Gone
    })?;
    let file = serde_json::from_slice(&plain).map_err(|error| {
        tracing::error!(%error, "a download link cannot be read");
        Dead::Gone
    })?;
    let (caller, ask, opened) = right(app, &row).await.map_err(|error| match error {
        ToolError::Ours(_) | ToolError::Busy { .. } => Dead::Away,
        _ => Dead::Gone,
    })?;
    Ok(Good {
        row,
        caller,
        ask,
        opened,
        file,
    })
}

fn away(error: &sqlx::Error) -> Dead {
    tracing::warn!(%error, "cannot look up a download link");
    Dead::Away
}

/// The right of whoever asked for the link, as it is now.
async fn right(app: &App, row: &FileLink) -> Result<(Caller, Ask, Opened), ToolError> {
    // The token of a sign-in may end by itself while the link is good.
    let used_at = row.created_at.min(app.clock.now());
    let hash = in_time(file_links::token_of(&app.pool, row, used_at)).await;
    let hash = hash.map_err(|error| connection::away(&error))?;
    let hash = hash
        .and_then(|hash| TokenHash::of_bytes(&hash))
        .ok_or_else(link::ended)?;
    let known = link::known_at(app, hash, used_at).await?;
    let known = known.ok_or_else(link::ended)?;
    let caller = link::caller_of(&known.found).ok_or_else(unreachable)?;
    let offer = Offer::new(known.found.groups_off.clone(), Narrow::default());
    offer.check(app, &caller, &permissions::GET_FILE)?;
    let (connection, allowed) = opens(app, &known, row).await?.ok_or_else(link::ended)?;
    if connection.id != row.connection_id || connection.athlete_id != row.athlete_id {
        return Err(connection::replaced());
    }
    let deadline = Instant::now() + LONGEST;
    let handle = grant::handle(app, &connection, caller.link().into(), allowed, deadline)?;
    let (ask, opened) = handle.of_row(app, connection)?;
    grant::needs(app, &permissions::GET_FILE, &ask.card.scopes)?;
    Ok((caller, ask, opened))
}

/// The connection that the owner of the connector may open for the link, if there is one.
async fn opens(app: &App, known: &Known, row: &FileLink) -> Result<Option<(Connection, Allowed)>, ToolError> {
    match (&known.found.owner, row.grant_id) {
        (Some(Owner::Account { id, connection }), None) if *id == row.account_id => {
            let own = connection.as_deref().cloned();
            Ok(own.map(|connection| (connection, Allowed::Own)))
        }
        (Some(Owner::Coach { .. }), Some(grant)) => {
            let found = roster::member_of(app, known, grant).await?;
            Ok(found
                .filter(|(member, _)| {
                    member.account() == row.account_id
                        && member.athlete_id() == row.athlete_id
                        && member.grants(&permissions::GET_FILE)
                })
                .map(|(member, connection)| (connection, Allowed::Granted(member.tools().to_vec()))))
        }
        _ => Ok(None),
    }
}

/// Why the button brought no file.
#[derive(Debug)]
pub(crate) enum NotSent {
    /// The link is no longer good.
    Dead(Dead),
    /// Others are on their way. The link stays good.
    Crowded,
    /// More than [`MOST_BYTES`], as upstream announces it.
    TooLarge(u64),
    /// intervals.icu did not send it.
    Failed {
        /// Why.
        error: ToolError,
        /// Whether trying again can help: then the link stays good.
        again: bool,
    },
}

impl Good {
    /// The athlete's name: for a coach with the id.
    pub(crate) fn whose(&self) -> &str {
        &self.ask.card.name
    }

    /// The athlete's id.
    pub(crate) fn athlete_id(&self) -> &str {
        self.ask.card.id.as_str()
    }

    /// The address of the coach who asked for it; None if the athlete did.
    pub(crate) fn coach(&self) -> Option<&str> {
        match &self.caller {
            Caller::Athlete { .. } => None,
            Caller::Coach { email, .. } => Some(email),
        }
    }

    /// The client through which it was asked for.
    pub(crate) fn client(&self) -> &str {
        &self.row.client
    }

    /// The athlete's time zone.
    pub(crate) fn zone(&self) -> Tz {
        self.ask.card.zone
    }

    /// Until when it is good.
    pub(crate) fn until(&self) -> DateTime<Utc> {
        self.row.expires_at
    }

    /// Spends the link, and begins to fetch the file for `browser`. Each attempt has a row in the athlete's log from before the
    /// link is spent.
    pub(crate) async fn fetch(&self, app: &App, browser: &str) -> Result<(Content, Transfer), NotSent> {
        let began = Instant::now();
        let log = LogId(app.random.uuid(&app.clock));
        let entry = self.entry(app, log, browser);
        let written = in_time(activity_log::write(&app.pool, &entry)).await;
        written.map_err(|error| NotSent::Dead(away(&error)))?;
        let mut transfer = Transfer(Some(OnItsWay {
            app: app.clone(),
            link: None,
            log,
            began,
            opened: self.opened.clone(),
        }));
        let spent = in_time(self.spend(app)).await;
        match spent.map_err(|error| away(&error)) {
            Ok(Spent::Now) => transfer.spent(self.row.id),
            Ok(Spent::Before) => {
                transfer.end(Outcome::Refused, false).await;
                return Err(NotSent::Dead(Dead::Gone));
            }
            Ok(Spent::Crowded) => {
                transfer.end(Outcome::Busy, false).await;
                return Err(NotSent::Crowded);
            }
            Err(dead) => {
                transfer.end(Outcome::Ours, false).await;
                return Err(NotSent::Dead(dead));
            }
        }
        let file = async {
            let download = self.ask.upstream.file(&self.file.file).await?;
            let size = download.size;
            Ok((download.content().await?, size))
        };
        let answer = timeout_at(began + LONGEST, file).await;
        match answer.unwrap_or(Err(intervals::Error::TimedOut)) {
            Ok((content, size)) => match size.filter(|size| *size > MOST_BYTES) {
                Some(size) => {
                    transfer.end(Outcome::Upstream, false).await;
                    Err(NotSent::TooLarge(size))
                }
                None => Ok((content, transfer)),
            },
            Err(error) => {
                let error = match ToolError::from(error) {
                    ToolError::Reconnect(_) => connection::refused(app, self.row.account_id).await,
                    error => error,
                };
                let again = matches!(error.outcome(), Outcome::Busy | Outcome::Upstream);
                transfer.end(error.outcome(), again).await;
                Err(NotSent::Failed { error, again })
            }
        }
    }

    async fn spend(&self, app: &App) -> sqlx::Result<Spent> {
        let now = app.clock.now();
        let mut transaction = app.pool.begin().await?;
        let until = now + LONGEST;
        let spent = file_links::spend(&mut transaction, &self.row, AT_ONCE, now, until).await?;
        transaction.commit().await?;
        Ok(spent)
    }

    fn entry(&self, app: &App, id: LogId, browser: &str) -> Entry {
        let (caller, coach_id) = match &self.caller {
            Caller::Athlete { .. } => (None, None),
            Caller::Coach { coach, email, .. } => (Some(email.clone()), Some(*coach)),
        };
        Entry {
            id,
            at: app.clock.now(),
            account_id: self.row.account_id,
            athlete_id: self.row.athlete_id.clone(),
            caller,
            coach_id,
            client: format!("{browser}, download"),
            tool: permissions::GET_FILE.name.to_owned(),
            access: Access::Read,
            outcome: Outcome::Unfinished,
            duration_ms: 0,
            upstream_requests: 0,
            calls: 1,
        }
    }
}

/// A file on its way to a browser. Dropped before it began to arrive there, as when the browser has gone, it leaves the link good.
pub(crate) struct Transfer(Option<OnItsWay>);

/// An open row in the log, and what counts against the files that an athlete may have at once.
struct OnItsWay {
    app: App,
    link: Option<Uuid>,
    log: LogId,
    began: Instant,
    opened: Opened,
}

impl Drop for Transfer {
    fn drop(&mut self) {
        if let Some(open) = self.0.take() {
            let tracker = open.app.writes.clone();
            tracker.spawn(open.end(Outcome::Cancelled, true).in_current_span());
        }
    }
}

impl Transfer {
    /// The link with this id was spent for it.
    fn spent(&mut self, link: Uuid) {
        if let Some(open) = &mut self.0 {
            open.link = Some(link);
        }
    }

    async fn end(mut self, outcome: Outcome, is_good_again: bool) {
        if let Some(open) = self.0.take() {
            open.end(outcome, is_good_again).await;
        }
    }

    /// Passes the content on as it comes, from a task that ends the row in the log however it ends. What breaks off, is longer than
    /// [`MOST_BYTES`] or takes longer than [`LONGEST`] breaks off for the browser too, so that it is not taken for whole.
    pub(crate) fn send(mut self, content: Content) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let (give, mut take) = mpsc::channel(WAITING);
        if let Some(open) = self.0.take() {
            let tracker = open.app.writes.clone();
            tracker.spawn(open.pass_on(content, give).in_current_span());
        }
        stream::poll_fn(move |context| take.poll_recv(context))
    }
}

impl OnItsWay {
    async fn pass_on(self, content: Content, give: mpsc::Sender<io::Result<Bytes>>) {
        let passed = timeout_at(self.began + LONGEST, pass_on(content, &give)).await;
        let outcome = passed.unwrap_or(Outcome::TooLong);
        if !matches!(outcome, Outcome::Ok | Outcome::Cancelled) {
            tracing::warn!(%outcome, "a file was broken off");
            let broken = io::Error::other("the file was broken off");
            let _ = timeout(Duration::from_secs(1), give.send(Err(broken))).await;
        }
        drop(give);
        self.end(outcome, false).await;
    }

    async fn end(self, outcome: Outcome, is_good_again: bool) {
        let Self { app, opened, .. } = &self;
        let ms = i32::try_from(self.began.elapsed().as_millis()).unwrap_or(i32::MAX);
        let requests = opened.intervals.requests();
        metrics::counter!("icusync_downloads_total", "outcome" => outcome.as_str()).increment(1);
        tracing::info!(%outcome, ms, requests, "download");
        if let Some(link) = self.link {
            let done = in_time(file_links::ended(&app.pool, link, is_good_again)).await;
            if let Err(error) = done {
                tracing::warn!(%error, "cannot note that a file is not on its way any more");
            }
        }
        let requests = i32::try_from(requests).unwrap_or(i32::MAX);
        let done = in_time(activity_log::finish(&app.pool, self.log, outcome, ms, requests)).await;
        if let Err(error) = done {
            metrics::counter!("icusync_activity_log_failures_total").increment(1);
            tracing::error!(%error, "cannot write how a download ended into the activity log");
        }
        if outcome == Outcome::Ok {
            let noted = opened.note_learned(app).await;
            if let Err(error) = noted {
                tracing::warn!(%error, "cannot note a use");
            }
        }
    }
}

/// Passes the content on until it ends, in whatever way.
async fn pass_on(mut content: Content, give: &mpsc::Sender<io::Result<Bytes>>) -> Outcome {
    let mut passed = 0;
    loop {
        let piece = tokio::select! {
            biased;
            () = give.closed() => return Outcome::Cancelled,
            piece = content.bytes.next() => piece,
        };
        let Some(piece) = piece else {
            return Outcome::Ok;
        };
        let Ok(piece) = piece else {
            return Outcome::Upstream;
        };
        passed += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if passed > MOST_BYTES {
            return Outcome::Upstream;
        }
        if give.send(Ok(piece)).await.is_err() {
            return Outcome::Cancelled;
        }
    }
}

impl std::fmt::Debug for FileLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileLinks")
    }
}

impl std::fmt::Debug for Transfer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transfer")
    }
}
