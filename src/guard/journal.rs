//! The journal of changes: what a tool that changes something may do with the database, and nothing else.
//!
//! A change is written down, with what stood there before, before it is sent ([`Journal::begin`]), and again with what stands
//! there after it ([`Journal::end`]). One change at a time for an athlete, on every instance ([`Journal::lease`]). What is kept
//! is sealed, for thirty days. A coach finds only the coach's own changes. No HTTP and no requests upstream.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{
    Caller,
    connection::away,
    offer::{Lack, Offer},
    policy,
};
use crate::{
    app::App,
    ids::{AccountId, ChangeId, CoachId, ConnectorId, LogId},
    intervals::model::{EntryFields, RecordId, Shelf, Values},
    permissions,
    queries::{
        activity_log::{self, Entry},
        callers,
        changes::{self, Filter, NewChange},
        connections, in_time,
    },
    secrets::{Place, TokenHash},
    tool_error::ToolError,
    words::Outcome,
};

pub use crate::words::ChangeState;

/// How each external id of ours begins.
pub(crate) const OUR_KEYS: &str = "icusync-";
/// How long a change can be undone.
const KEPT: TimeDelta = TimeDelta::days(30);
/// How many seconds a lease lasts unless it is renewed: longer than any request upstream.
const LEASE: f64 = 20.0;
/// How often a lease is renewed while its holder works.
const RENEW: Duration = Duration::from_secs(6);
/// The wait between two tries for a lease.
const POLL: Duration = Duration::from_millis(150);
/// What of a call's time is left for the change itself once it has its lease.
const SPARE: Duration = Duration::from_secs(3);
/// How long a preview can be confirmed.
const CONFIRM_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// How far back the same call is found again.
const SAME_WITHIN: TimeDelta = TimeDelta::days(30);
/// Changes of the same that are looked at together.
const ALIKE: i64 = 60;
/// Open changes, or those since one, that are looked at together.
const MOST_SINCE: i64 = 500;

/// What is kept of a change: sealed, for thirty days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Kept {
    /// Of something that is changed in place. First, because only it names what it is of.
    Record(KeptRecord),
    /// Of an item. Before the entry, because only it names its shelf.
    Item(Box<KeptItem>),
    /// Of an entry of the calendar.
    Entry(Box<KeptEntry>),
}

/// A record before and after a change: only the fields that the change is about, with those that follow from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptRecord {
    /// Its address.
    pub of: RecordId,
    /// What people call it: the name of an activity with its day, the sports of a group; empty for a day.
    pub name: String,
    /// Fields that only say how the others are read, such as the unit of a pace.
    pub context: Values,
    /// What stood there.
    pub before: Values,
    /// What stands there; until the end is known, what is meant to.
    pub after: Values,
}

/// An item before and after a change. Without a before it was made, without an after it was deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptItem {
    /// Which of the shelves it is on.
    pub shelf: Shelf,
    /// Upstream's id; None of a new one whose end is not known.
    pub id: Option<String>,
    /// What people call the place it is in, such as its folder; empty if it is in none.
    pub place: String,
    /// What stood there.
    pub before: Option<Values>,
    /// What stands there; until the end is known, what is meant to.
    pub after: Option<Values>,
    /// What was in a folder that was deleted, or is to be in one that is restored.
    #[serde(default)]
    pub contents: Vec<Values>,
    /// Of a new one: the ids of those with its name that stood there before it was sent.
    #[serde(default)]
    pub namesakes: Vec<String>,
    /// What else changes with it on its shelf: ids, and the fields that change as they stood.
    #[serde(default)]
    pub beside: Vec<(String, Values)>,
}

/// An entry of the calendar before and after a change. Without a before it was made, without an after it was deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptEntry {
    /// What stood there.
    pub before: Option<EntryFields>,
    /// What stands there; until the end is known, what is meant to.
    pub after: Option<EntryFields>,
}

impl Kept {
    /// Whether it is an entry that stood on the calendar before.
    fn stood_before(&self) -> bool {
        matches!(self, Self::Entry(kept) if kept.before.is_some())
    }

    /// Whether it is of an entry that is known to be none of the planned workouts.
    fn is_of_no_workout(&self) -> bool {
        let Self::Entry(kept) = self else {
            return false;
        };
        [&kept.before, &kept.after]
            .into_iter()
            .flatten()
            .any(EntryFields::is_no_workout)
    }
}

/// A change that was made through IcuSync.
#[derive(Debug, Clone)]
pub struct Change {
    /// The row.
    pub id: ChangeId,
    /// What people and models call it.
    pub number: i32,
    /// The coach's name at the time; None for the athlete.
    pub by: Option<String>,
    /// The coach; None for the athlete, and once the coach is erased.
    pub coach: Option<CoachId>,
    /// The tool that made it.
    pub tool: String,
    /// The tools of which a coach must have all to see it and undo it: its own, or those of what it undid.
    pub needs: Vec<String>,
    /// The changes that it undoes.
    pub undoes: Vec<ChangeId>,
    /// How it stands.
    pub state: ChangeState,
    /// The entry.
    pub event_id: Option<i64>,
    /// Ours, of a new entry.
    pub external_id: Option<String>,
    /// What it changed, before and after; None once it is erased.
    pub kept: Option<Kept>,
    /// When it was written down.
    pub created_at: DateTime<Utc>,
    /// When it was sent last.
    pub sent_at: DateTime<Utc>,
    /// Until when it can be undone.
    pub kept_until: DateTime<Utc>,
}

impl Change {
    /// The entry of the calendar before and after; None if it is of something else, or once it is erased.
    pub fn entry(&self) -> Option<&KeptEntry> {
        match &self.kept {
            Some(Kept::Entry(entry)) => Some(entry),
            _ => None,
        }
    }

    /// The item before and after; None if it is of something else, or once it is erased.
    pub fn item(&self) -> Option<&KeptItem> {
        match &self.kept {
            Some(Kept::Item(item)) => Some(item),
            _ => None,
        }
    }

    /// The record before and after; None if it is of something else, or once it is erased.
    pub fn record(&self) -> Option<&KeptRecord> {
        match &self.kept {
            Some(Kept::Record(record)) => Some(record),
            _ => None,
        }
    }
}

/// A change that is about to be sent.
#[derive(Debug)]
pub struct Intended {
    /// The entry, if it stands.
    pub event_id: Option<i64>,
    /// Ours, for a new entry.
    pub external_id: Option<String>,
    /// Of what was asked for; of a record, of its address.
    pub fingerprint: Option<[u8; 32]>,
    /// What it changes, before and as it is meant to be.
    pub kept: Kept,
    /// The changes that it undoes.
    pub undoes: Vec<Change>,
    /// Somebody else's open change of the same, whose external id it takes over, so that both can only be one entry.
    pub instead_of: Option<ChangeId>,
}

/// Changes of which the newest are looked at for those to show.
const MOST_RECENT: usize = 1000;

/// The newest changes.
#[derive(Debug, Default)]
pub struct Recent {
    /// The newest first.
    pub shown: Vec<Change>,
    /// How many among them were made with tools that are not granted now.
    pub not_granted: usize,
    /// How many among them were made with tools that the connector does not offer.
    pub not_offered: usize,
    /// Whether there are older ones to show.
    pub more: bool,
}

/// How a change ended.
#[derive(Debug)]
pub struct Ended {
    /// How it stands.
    pub state: ChangeState,
    /// The entry, if it stands.
    pub event_id: Option<i64>,
    /// What it left, if that is known.
    pub after: Option<Left>,
}

/// What a change left.
#[derive(Debug)]
pub enum Left {
    /// An entry of the calendar.
    Entry(Box<EntryFields>),
    /// The fields of a record that the change is about.
    Record(Values),
    /// An item: its id, and its fields unless it is gone.
    Item(String, Option<Values>),
}

/// The changes that a caller may know of. It reads only.
#[derive(Clone)]
pub struct Changes {
    app: App,
    account: AccountId,
    athlete: String,
    coach: Option<CoachId>,
    /// What the connector offers; None on a page.
    offer: Option<Offer>,
}

impl Changes {
    pub(crate) fn new(
        app: &App,
        account: AccountId,
        athlete: &str,
        caller: &Caller,
        offer: Option<Offer>,
    ) -> Self {
        Self {
            offer,
            app: app.clone(),
            account,
            athlete: athlete.to_owned(),
            coach: match caller {
                Caller::Athlete { .. } => None,
                Caller::Coach { coach, .. } => Some(*coach),
            },
        }
    }

    /// The newest so many of those that the connector offers and `is_granted` takes.
    pub async fn recent(
        &self,
        limit: usize,
        is_granted: impl Fn(&Change) -> bool,
    ) -> Result<Recent, ToolError> {
        let is_shown = |change: &Change| self.offers(change) && is_granted(change);
        let mut read = limit.saturating_add(1);
        let all = loop {
            let found = self
                .of(Filter::default(), i64::try_from(read).unwrap_or(i64::MAX))
                .await?;
            let are_all = found.len() < read || read >= MOST_RECENT;
            if are_all || found.iter().filter(|change| is_shown(change)).count() > limit {
                break found;
            }
            // Some of those read are not to be shown, and others may stand behind them.
            read = MOST_RECENT;
        };
        let mut recent = Recent::default();
        for change in all {
            match (self.offers(&change), is_granted(&change)) {
                (true, true) if recent.shown.len() == limit => {
                    recent.more = true;
                    break;
                }
                (true, true) => recent.shown.push(change),
                (true, false) => recent.not_granted += 1,
                (false, _) => recent.not_offered += 1,
            }
        }
        Ok(recent)
    }

    /// Whether the connector offers the tools that made the change. One that may only read shows what it could not do.
    fn offers(&self, change: &Change) -> bool {
        let mut needed = change.needs.iter().filter_map(|name| permissions::by_name(name));
        needed.all(|tool| self.offers_tool(tool))
    }

    fn offers_tool(&self, tool: &permissions::Permission) -> bool {
        let lack = self.offer.as_ref().and_then(|offer| offer.lacks(tool));
        lack.is_none_or(|lack| lack == Lack::ReadOnly)
    }

    async fn of(&self, filter: Filter<'_>, limit: i64) -> Result<Vec<Change>, ToolError> {
        let filter = Filter {
            coach: self.coach,
            ..filter
        };
        self.whoever_made(filter, limit).await
    }

    /// The same, whoever made them: only for what a write must know before it is sent.
    async fn whoever_made(&self, filter: Filter<'_>, limit: i64) -> Result<Vec<Change>, ToolError> {
        let rows = in_time(changes::of(
            &self.app.pool,
            self.account,
            &self.athlete,
            &filter,
            limit,
        ));
        let rows = rows.await.map_err(|error| away(&error))?;
        Ok(rows.into_iter().map(|row| opened(&self.app, row)).collect())
    }
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Changes")
    }
}

/// A row with what is kept of it.
pub(crate) fn opened(app: &App, row: changes::Change) -> Change {
    let kept = row.sealed.as_deref().and_then(|sealed| {
        let plain = app.keys.open(place(row.id), sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    });
    Change {
        id: row.id,
        number: row.number,
        by: row.caller,
        coach: row.coach_id,
        tool: row.tool,
        needs: row.needs,
        undoes: row.undoes.into_iter().map(ChangeId).collect(),
        state: row.state,
        event_id: row.event_id,
        external_id: row.external_id,
        kept: kept.filter(|_| row.kept_until > app.clock.now()),
        created_at: row.created_at,
        sent_at: row.sent_at,
        kept_until: row.kept_until,
    }
}

/// Where what is kept of a change is stored.
pub(crate) const fn place(id: ChangeId) -> Place {
    Place {
        table: "changes",
        row: id.0,
        column: "sealed",
    }
}

/// The journal of one call that changes something for one athlete. It exists only once the call is in the activity log.
#[derive(Debug, Clone)]
pub struct Journal {
    changes: Changes,
    row: LogId,
    link: ConnectorId,
    caller: Option<String>,
    tool: String,
    through: Through,
    notes: Notes,
}

/// What a call learns for its row in the log, while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noted {
    /// How it ended for this athlete, where the call as a whole ended otherwise.
    Ended(Outcome),
    /// intervals.icu refused the connection, although something may have landed.
    Lost,
}

/// Shared by a journal and whoever ends its row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<Noted>>>);

impl Notes {
    /// How it ended for this athlete, if that was noted.
    pub(crate) fn ended(&self) -> Option<Outcome> {
        self.lock().iter().rev().find_map(|noted| match noted {
            Noted::Ended(outcome) => Some(*outcome),
            Noted::Lost => None,
        })
    }

    /// Whether intervals.icu refused the connection.
    pub(crate) fn is_lost(&self) -> bool {
        self.lock().contains(&Noted::Lost)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Noted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a change is made.
#[derive(Debug, Clone)]
pub(crate) enum Through {
    /// By a connector, whose URL must be in use and, for an athlete, its switch on; and what it offers.
    Connector(TokenHash, Offer),
    /// On a page.
    Page,
}

impl Through {
    fn offer(&self) -> Option<Offer> {
        match self {
            Self::Connector(_, offer) => Some(offer.clone()),
            Self::Page => None,
        }
    }
}

impl Journal {
    /// Writes the call into the activity log; without that nothing is sent.
    pub(crate) async fn open(
        app: &App,
        row: &Entry,
        caller: &Caller,
        through: Through,
    ) -> Result<Self, ToolError> {
        let written = in_time(activity_log::write(&app.pool, row)).await;
        written.map_err(|error| away(&error))?;
        Ok(Self {
            changes: Changes::new(app, row.account_id, &row.athlete_id, caller, through.offer()),
            row: row.id,
            link: caller.link(),
            caller: row.caller.clone(),
            tool: row.tool.clone(),
            through,
            notes: Notes::default(),
        })
    }

    /// Notes something for the call's row in the log.
    pub(crate) fn note(&self, noted: Noted) {
        self.notes.lock().push(noted);
    }

    /// What is noted.
    pub(crate) fn notes(&self) -> Notes {
        self.notes.clone()
    }

    /// Whether the connector of the call offers this tool, if only for reading: what it does not offer, its answers do not show.
    pub(crate) fn offers(&self, tool: &permissions::Permission) -> bool {
        self.changes.offers_tool(tool)
    }

    /// The call's row in the activity log.
    pub fn row(&self) -> LogId {
        self.row
    }

    fn app(&self) -> &App {
        &self.changes.app
    }

    /// Whether the caller made this change.
    pub(crate) fn is_own(&self, change: &Change) -> bool {
        change.coach == self.changes.coach && change.by.is_some() == self.caller.is_some()
    }

    /// A new external id: random, so that it says nothing.
    pub(crate) fn external_id(&self) -> String {
        let app = self.app();
        format!("{OUR_KEYS}{}", Uuid::from_bytes(app.random.bytes()).simple())
    }

    /// Waits until no other change for this athlete is running, but not so long that no time is left before `answer_by`.
    pub(crate) async fn lease(&self, answer_by: Instant) -> Result<Lease, ToolError> {
        let lease = Lease {
            app: self.app().clone(),
            athlete: self.changes.athlete.clone(),
            holder: Uuid::from_bytes(self.app().random.bytes()),
            kept: None,
        };
        let until = answer_by.checked_sub(SPARE).unwrap_or(answer_by);
        loop {
            if lease.take().await? {
                return Ok(lease.kept());
            }
            if Instant::now() + POLL >= until {
                return Err(ToolError::Busy {
                    text:
                        "Not done: another change for this athlete is still running. Try again in a moment."
                            .to_owned(),
                    retry_after: Duration::from_secs(5),
                });
            }
            sleep(POLL).await;
        }
    }

    /// Raises the number of the athlete's writes and returns it: no answer from before is used after this, on any instance.
    pub(crate) async fn raise(&self) -> Result<i64, ToolError> {
        let raised = in_time(connections::raise_write_number(
            &self.app().pool,
            self.changes.account,
            &self.changes.athlete,
        ));
        raised
            .await
            .map_err(|error| away(&error))?
            .ok_or_else(not_allowed_any_more)
    }

    /// A number that no other read uses, for when the database cannot be asked.
    pub(crate) fn number_of_its_own(&self) -> i64 {
        let bytes: [u8; 8] = self.app().random.bytes();
        -(i64::from_be_bytes(bytes).saturating_abs() / 2) - 1
    }

    /// Writes changes down before they are sent, and numbers them in this order; `again` are open ones of the caller's own that
    /// are sent once more, as they are meant now. Refused if the account does not show the athlete any more, if the connector's
    /// URL or switch went out of use, or if the coach may no longer do this.
    pub(crate) async fn begin(
        &self,
        intended: Vec<Intended>,
        again: &[Change],
    ) -> Result<Vec<Change>, ToolError> {
        in_time(self.write_down(intended, again))
            .await
            .map_err(|error| away(&error))?
            .ok_or_else(not_allowed_any_more)
    }

    async fn write_down(
        &self,
        intended: Vec<Intended>,
        again: &[Change],
    ) -> sqlx::Result<Option<Vec<Change>>> {
        let Changes {
            app,
            account,
            athlete,
            coach,
            ..
        } = &self.changes;
        let count = i32::try_from(intended.len()).unwrap_or(i32::MAX);
        let now = app.clock.now();
        let mut db = app.pool.begin().await?;
        let last = changes::next_numbers(&mut *db, *account, count).await?;
        let Some(last) = last else { return Ok(None) };
        let needed = intended.iter().flat_map(|intended| self.needs(intended));
        let needed: Vec<String> = again
            .iter()
            .flat_map(|change| change.needs.clone())
            .chain(needed)
            .collect();
        if !self.is_allowed(&mut db, &needed).await? {
            return Ok(None);
        }
        for change in again {
            let sealed = sealed(app, change.id, change.kept.as_ref());
            changes::send_again(&mut *db, change.id, self.row, &sealed, now).await?;
        }
        let mut written = Vec::new();
        for (number, intended) in (last - count + 1..).zip(intended) {
            if let Some(open) = intended.instead_of {
                changes::give_up(&mut *db, open, now).await?;
            }
            let undoes: Vec<Uuid> = intended.undoes.iter().map(|undone| undone.id.0).collect();
            let needs = self.needs(&intended);
            let fingerprint = intended.fingerprint.map(|of| app.keys.fingerprint(&of));
            let change = Change {
                id: ChangeId(app.random.uuid(&app.clock)),
                number,
                by: self.caller.clone(),
                coach: *coach,
                tool: self.tool.clone(),
                needs,
                undoes: undoes.iter().copied().map(ChangeId).collect(),
                state: ChangeState::Sent,
                event_id: intended.event_id,
                external_id: intended.external_id,
                kept: Some(intended.kept),
                created_at: now,
                sent_at: now,
                kept_until: now + KEPT,
            };
            let sealed = sealed(app, change.id, change.kept.as_ref());
            let row = NewChange {
                id: change.id,
                log_id: self.row,
                account_id: *account,
                athlete_id: athlete,
                number,
                coach_id: *coach,
                caller: self.caller.as_deref(),
                tool: &self.tool,
                needs: &change.needs,
                undoes: &undoes,
                event_id: change.event_id,
                external_id: change.external_id.as_deref(),
                fingerprint: fingerprint.as_ref().map(<[u8; 32]>::as_slice),
                sealed: &sealed,
                now,
                kept_until: change.kept_until,
            };
            changes::write(&mut *db, &row).await?;
            written.push(change);
        }
        db.commit().await?;
        Ok(Some(written))
    }

    /// Whether the account shows the athlete, the connector's URL and switch are in use, and a coach may use all of these tools. If
    /// so, all of it stays so until the transaction ends.
    async fn is_allowed(&self, db: &mut sqlx::PgConnection, tools: &[String]) -> sqlx::Result<bool> {
        let Changes {
            app,
            account,
            athlete,
            coach,
            ..
        } = &self.changes;
        if !changes::is_shown(&mut *db, *account, athlete).await? {
            return Ok(false);
        }
        if let Some(coach) = coach {
            let now = app.clock.now();
            if !changes::is_granted(&mut *db, *coach, *account, athlete, tools, now).await? {
                return Ok(false);
            }
        }
        let Through::Connector(hash, _) = &self.through else {
            return Ok(true);
        };
        let Some(now) = changes::connector(&mut *db, *hash, app.clock.now()).await? else {
            return Ok(false);
        };
        if !self.is_in_the_policy(db, *hash, now.policy).await? {
            return Ok(false);
        }
        let mut needed = tools.iter().filter_map(|name| permissions::by_name(name));
        let is_off =
            |tool: &permissions::Permission| now.groups_off.iter().any(|word| word == tool.group.word());
        Ok(now.may_write && !needed.any(is_off))
    }

    /// Whether the policy with this number lets the connector with this token make the change.
    async fn is_in_the_policy(
        &self,
        db: &mut sqlx::PgConnection,
        hash: TokenHash,
        version: i64,
    ) -> sqlx::Result<bool> {
        let app = self.app();
        let policy = policy::of(&mut *db, app, version).await?;
        if policy.is_empty() {
            return Ok(true);
        }
        let now = app.clock.now();
        let found = callers::of_tokens(db, &[hash], app.config.issuer(), now, now).await?;
        Ok(found
            .first()
            .is_some_and(|found| policy::may_change(app, &policy, found, self.changes.account)))
    }

    /// An error if the right to what is being sent ended since it was written down.
    pub(crate) async fn may_go_on(&self, tools: &[String]) -> Result<(), ToolError> {
        let look = async {
            let mut db = self.app().pool.begin().await?;
            let allowed = self.is_allowed(&mut db, tools).await?;
            db.commit().await?;
            sqlx::Result::Ok(allowed)
        };
        if in_time(look).await.map_err(|error| away(&error))? {
            return Ok(());
        }
        Err(ToolError::Refused(
            "Not done: what this call may do changed while it was running.".to_owned(),
        ))
    }

    /// The tools of which a coach must have all granted for this: the tool of the call if it is granted by its name, with the one
    /// for entries that are no workouts if this is one, and with the one for changes if that tool changes one; otherwise those of
    /// what is undone.
    fn needs(&self, intended: &Intended) -> Vec<String> {
        if permissions::by_name(&self.tool).is_some() {
            let pushes = self.tool == permissions::PUSH_EVENT.name;
            let also = match pushes {
                true if intended.kept.stood_before() => Some(permissions::EDIT_WORKOUT.name),
                false if intended.kept.is_of_no_workout() => Some(permissions::PUSH_EVENT.name),
                _ => None,
            };
            let also = also.map(str::to_owned);
            return std::iter::once(self.tool.clone()).chain(also).collect();
        }
        let needed: BTreeSet<&String> = intended.undoes.iter().flat_map(|undone| &undone.needs).collect();
        needed.into_iter().cloned().collect()
    }

    /// Writes down how a change ended. If it is on the calendar, those that it undoes are undone, and all changes of
    /// their entry follow it to the id under which it was restored.
    pub(crate) async fn end(&self, change: &Change, ended: Ended) -> Result<(), ToolError> {
        in_time(self.write_end(change, ended))
            .await
            .map_err(|error| away(&error))
    }

    async fn write_end(&self, change: &Change, ended: Ended) -> sqlx::Result<()> {
        let Changes { app, account, .. } = &self.changes;
        let kept = match (ended.after, &change.kept) {
            (Some(Left::Entry(after)), Some(Kept::Entry(kept))) => Some(Kept::Entry(Box::new(KeptEntry {
                before: kept.before.clone(),
                after: Some(*after),
            }))),
            (Some(Left::Record(after)), Some(Kept::Record(kept))) => Some(Kept::Record(KeptRecord {
                before: kept.before.of_the_fields_of(&after),
                after,
                ..kept.clone()
            })),
            (Some(Left::Item(id, after)), Some(Kept::Item(kept))) => Some(Kept::Item(Box::new(KeptItem {
                id: Some(id),
                after,
                ..(**kept).clone()
            }))),
            _ => None,
        };
        let sealed = kept.as_ref().map(|kept| sealed(app, change.id, Some(kept)));
        let taken_back = ended.state == ChangeState::Held;
        let undone: Vec<Uuid> = change
            .undoes
            .iter()
            .filter(|_| taken_back)
            .map(|id| id.0)
            .collect();
        let mut db = app.pool.begin().await?;
        let restored = ended.event_id.filter(|_| taken_back);
        let moved = match restored {
            Some(new) => changes::entry_of(&mut *db, *account, &undone)
                .await?
                .filter(|old| *old != new)
                .map(|old| (old, new)),
            None => None,
        };
        let all = [&undone[..], &[change.id.0]].concat();
        changes::lock(&mut *db, *account, &all, moved.map(|(old, _)| old)).await?;
        let is_news = changes::end(
            &mut *db,
            change.id,
            ended.state,
            ended.event_id,
            sealed.as_deref(),
            app.clock.now(),
        )
        .await?;
        if is_news {
            changes::undone(&mut *db, &undone).await?;
            if let Some((old, new)) = moved {
                changes::follow(&mut *db, *account, old, new).await?;
            }
        }
        db.commit().await
    }

    /// Changes of which nobody knows the end, whoever made them. Only the holder of the lease may settle them.
    pub(crate) async fn open_ones(&self) -> Result<Vec<Change>, ToolError> {
        let filter = Filter {
            states: Some(&[ChangeState::Sent]),
            ..Filter::default()
        };
        self.changes.whoever_made(filter, MOST_SINCE).await
    }

    /// The entries that were made since then with the numbers of the changes that made them, whoever did.
    pub(crate) async fn made_since(&self, since: DateTime<Utc>) -> Result<Vec<(i64, i32)>, ToolError> {
        let filter = Filter {
            since: Some(since),
            states: Some(&[ChangeState::Held]),
            ..Filter::default()
        };
        let found = self.changes.whoever_made(filter, MOST_SINCE).await?;
        let is_new = |change: &Change| change.entry().is_some_and(|kept| kept.before.is_none());
        let made = found.into_iter().filter(is_new);
        Ok(made
            .filter_map(|change| Some((change.event_id?, change.number)))
            .collect())
    }

    /// Earlier changes of the same, newest first, whoever made them: two callers who ask for the same get it once. Of a record,
    /// all changes of it.
    pub(crate) async fn alike(&self, fingerprint: [u8; 32]) -> Result<Vec<Change>, ToolError> {
        let fingerprint = self.app().keys.fingerprint(&fingerprint);
        let filter = Filter {
            fingerprint: Some(&fingerprint),
            since: Some(self.app().clock.now() - SAME_WITHIN),
            ..Filter::default()
        };
        self.changes.whoever_made(filter, ALIKE).await
    }

    /// The changes with these numbers that the caller may know of, newest first.
    pub(crate) async fn numbered(&self, numbers: &[i32]) -> Result<Vec<Change>, ToolError> {
        let filter = Filter {
            numbers: Some(numbers),
            ..Filter::default()
        };
        let limit = i64::try_from(numbers.len()).unwrap_or(i64::MAX);
        let mut found = self.changes.of(filter, limit).await?;
        found.retain(|change| self.changes.offers(change));
        Ok(found)
    }

    /// The last change that left its mark on an entry, whoever made it.
    pub(crate) async fn last_of(&self, event: i64) -> Result<Option<Change>, ToolError> {
        let filter = Filter {
            event: Some(event),
            states: Some(&[ChangeState::Held, ChangeState::Undone]),
            ..Filter::default()
        };
        let found = self.changes.whoever_made(filter, 1).await?;
        Ok(found.into_iter().next())
    }

    /// A token that confirms `what` once, through this link, within ten minutes; `seen` comes back with it.
    pub(crate) async fn confirmation(&self, what: &[u8], seen: &[u8]) -> Result<String, ToolError> {
        let app = self.app();
        let token = Uuid::from_bytes(app.random.bytes()).simple().to_string();
        let expires_at = app.clock.now() + CONFIRM_WITHIN;
        let (key, what) = (hash(token.as_bytes()), hash(what));
        let asked = in_time(changes::ask_to_confirm(
            &app.pool, &key, self.link, &what, seen, expires_at,
        ));
        asked.await.map_err(|error| away(&error))?;
        Ok(token)
    }

    /// Uses a token up; what its preview was made from, or None if it does not confirm `what`.
    pub(crate) async fn confirm(&self, token: &str, what: &[u8]) -> Result<Option<Vec<u8>>, ToolError> {
        let app = self.app();
        let (key, what) = (hash(token.trim().as_bytes()), hash(what));
        let confirmed = in_time(changes::confirm(
            &app.pool,
            &key,
            self.link,
            &what,
            app.clock.now(),
        ));
        confirmed.await.map_err(|error| away(&error))
    }
}

/// The right to change an athlete's calendar, which one call at a time has.
pub(crate) struct Lease {
    app: App,
    athlete: String,
    holder: Uuid,
    /// Keeps it while a request waits for its turn; ends with it.
    kept: Option<AbortOnDropHandle<()>>,
}

impl Lease {
    /// Renews it again and again until it is dropped.
    fn kept(mut self) -> Self {
        let (pool, athlete, holder) = (self.app.pool.clone(), self.athlete.clone(), self.holder);
        let keep = async move {
            loop {
                sleep(RENEW).await;
                // Before each request it is looked at: here a failure is no news.
                let _ = in_time(changes::keep_lease(&pool, &athlete, holder, LEASE)).await;
            }
        };
        self.kept = Some(AbortOnDropHandle::new(tokio::spawn(keep)));
        self
    }

    async fn take(&self) -> Result<bool, ToolError> {
        let taken = in_time(changes::take_lease(
            &self.app.pool,
            &self.athlete,
            self.holder,
            LEASE,
        ));
        taken.await.map_err(|error| away(&error))
    }

    /// Keeps the lease for the next request; an error if somebody else has had it since, even if it is free again.
    pub(crate) async fn renew(&mut self) -> Result<(), ToolError> {
        let kept = in_time(changes::keep_lease(
            &self.app.pool,
            &self.athlete,
            self.holder,
            LEASE,
        ));
        if kept.await.map_err(|error| away(&error))? {
            return Ok(());
        }
        Err(ToolError::Ours(
            "Not done: another change of this calendar began meanwhile: send it again.".to_owned(),
        ))
    }

    /// Gives it back. A failure costs the next change only a wait.
    pub(crate) async fn release(mut self) {
        self.kept = None;
        let done = in_time(changes::release_lease(&self.app.pool, &self.athlete, self.holder)).await;
        if let Err(error) = done {
            tracing::warn!(%error, "a lease could not be given back");
        }
    }
}

fn sealed(app: &App, id: ChangeId, kept: Option<&Kept>) -> Vec<u8> {
    let plain = serde_json::to_vec(&kept).unwrap_or_default();
    app.keys.seal(place(id), &plain, &app.random)
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn not_allowed_any_more() -> ToolError {
    ToolError::Refused(
        "Not done: what this call may do changed while it was running. Nothing was sent to intervals.icu."
            .to_owned(),
    )
}
