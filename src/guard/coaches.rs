//! What athletes grant coaches: inviting, changing and ending, each with its email in the same transaction.
//!
//! What a grant allows in a call is in `grant`. No HTML, no tool logic.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;

use super::connector::{self, Minted};
use crate::{
    app::App,
    ids::{AccountId, CoachId, ConnectorId, GrantId},
    mail::{
        Address, AthleteReplaced, CoachInvite, CoachJoined, GrantChanged, GrantEnded, Granting, Joined, Mail,
        May, Turn, Whose, Why,
        outbox::{self, Queued},
    },
    permissions::{self, Permission},
    queries::{
        self,
        connections::Connection,
        connectors::Link,
        grants::{Grant, NewGrant, Terms},
    },
};

/// An invite that is unused for this long is paused: it must be resent.
pub const SLEEPS_AFTER: Duration = Duration::days(14);

/// Whether an invite that was last sent at `invited_at` and first used at `first_used_at` is paused.
pub fn asleep(invited_at: DateTime<Utc>, first_used_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    first_used_at.is_none() && now - invited_at >= SLEEPS_AFTER
}

/// The state of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState {
    /// An invite that has not been used yet.
    Waiting,
    /// The coach has used it.
    InUse,
    /// An invite that was unused for [`SLEEPS_AFTER`].
    Asleep,
    /// The last day is over.
    Expired,
    /// The account shows another athlete than the one who granted it; it resumes when the granting athlete is connected again.
    Replaced,
}

impl GrantState {
    /// The state of `grant` at `now`.
    pub fn of(grant: &Grant, now: DateTime<Utc>) -> Self {
        if grant.expires_at.is_some_and(|at| at <= now) {
            Self::Expired
        } else if !grant.is_shown {
            Self::Replaced
        } else if asleep(grant.invited_at, grant.first_used_at, now) {
            Self::Asleep
        } else if grant.first_used_at.is_none() {
            Self::Waiting
        } else {
            Self::InUse
        }
    }

    /// Whether the coach could use it now.
    pub const fn is_awake(self) -> bool {
        matches!(self, Self::Waiting | Self::InUse)
    }
}

/// Whether `grant` already has these `terms`, in any order. Tools that this version does not know do not count: no form
/// shows them.
pub fn says(grant: &Grant, terms: &Terms<'_>) -> bool {
    let has = |tools: &[String], name: &str| tools.iter().any(|tool| tool == name);
    let same_tools = permissions::ALL
        .iter()
        .all(|tool| has(&grant.tools, tool.name) == has(terms.tools, tool.name));
    same_tools && grant.note == terms.note && grant.expires_at == terms.expires_at
}

/// These tools with those that they include, in the order of the catalogue; names that it does not know are left out.
pub fn with_included(tools: &[String]) -> Vec<String> {
    let named: Vec<&Permission> = tools
        .iter()
        .filter_map(|name| permissions::by_name(name))
        .collect();
    let granted = |tool: &Permission| {
        named
            .iter()
            .any(|named| *named == tool || named.includes() == Some(tool))
    };
    let tools = permissions::ALL.iter().filter(|tool| granted(tool));
    tools.map(|tool| tool.name.to_owned()).collect()
}

/// The athlete who grants.
#[derive(Debug, Clone)]
pub struct Grantor {
    /// The account.
    pub account: AccountId,
    /// The account's address, as typed.
    pub email: String,
    /// The athlete's intervals.icu id: the grant is this athlete's, even if the account later shows another.
    pub athlete_id: String,
    /// The athlete's name at intervals.icu.
    pub athlete: String,
    /// The athlete's time zone, in which days end; UTC if it is not known.
    pub zone: Tz,
}

/// The result of an invite.
#[derive(Debug, PartialEq, Eq)]
pub enum Invited {
    /// The coach refuses invites from this athlete. What was written must not be committed.
    Refused,
    /// The coach is new and gets a URL.
    New(GrantId, Queued),
    /// The coach already has a URL, which now covers this athlete too.
    Joined(GrantId, Queued),
    /// The athlete had invited this coach on the same terms, and the invite was paused: it resumes and is resent.
    Again(GrantId, Queued),
    /// The athlete had invited this coach on the same terms. Nothing was written, and no email is sent.
    Unchanged,
    /// The coach already has this other grant from the athlete. Nothing was written: an invite never changes a grant.
    Stands(Box<Grant>),
}

/// The result of an edit.
#[derive(Debug)]
pub enum Edited {
    /// The grant is not this athlete's, or has ended.
    Gone,
    /// It was changed after the form was shown: this is the current grant, and nothing was written.
    Stale(Box<Grant>),
    /// It already says all this: nothing was written, and no email is sent.
    Unchanged,
    /// The account shows another athlete than the one who granted it, and only that one may change it: nothing was written.
    Replaced,
    /// It is changed.
    Saved(Queued),
}

/// Counts one invite or resend of this account within `db`'s transaction; false if it has sent as many as a day allows.
/// The count is exact even for simultaneous invites.
pub async fn may_invite(db: &mut PgConnection, app: &App, account: AccountId) -> sqlx::Result<bool> {
    let now = app.clock.now();
    let most = i32::try_from(app.config.invites_per_day).unwrap_or(i32::MAX);
    queries::accounts::count_invite(db, account, now - Duration::days(1), now, most).await
}

/// Invites the coach with the address `to` within `db`'s transaction. One address is one coach with one URL, whoever
/// invites it and however often; email goes to the address as it was first typed.
pub async fn invite(
    db: &mut PgConnection,
    app: &App,
    from: &Grantor,
    to: &Address,
    terms: &Terms<'_>,
) -> anyhow::Result<Invited> {
    let tools = with_included(terms.tools);
    let terms = &terms.of(&tools);
    let now = app.clock.now();
    let fresh = CoachId(app.random.uuid(&app.clock));
    let coach = queries::coaches::of_address(&mut *db, fresh, &to.typed, &to.key, now).await?;
    if queries::coaches::refuses(&mut *db, coach.id, from.account).await? {
        return Ok(Invited::Refused);
    }
    let address = Address::stored(&coach.email, &coach.email_key);
    let current = queries::grants::lock_of_pair(&mut *db, coach.id, from.account, &from.athlete_id);
    if let Some(grant) = current.await? {
        return invite_granted(db, app, from, grant, terms).await;
    }
    let id = GrantId(app.random.uuid(&app.clock));
    let new = NewGrant {
        id,
        coach_id: coach.id,
        account_id: from.account,
        athlete_id: &from.athlete_id,
        athlete_name: &from.athlete,
        athlete_zone: Some(from.zone.name()),
        now,
    };
    queries::grants::create(&mut *db, new, terms).await?;
    if let Some(link) = queries::connectors::of_coach(&mut *db, coach.id).await? {
        let begun = queries::connectors::any_used_by_coach(&mut *db, coach.id).await?;
        let mail = joining(app, from, terms, Some(&link).filter(|_| !begun), true);
        let queued = outbox::enqueue(db, app, &address, Some(from.account), mail).await?;
        return Ok(Invited::Joined(id, queued));
    }
    let url = make_link(db, app, coach.id).await?;
    let mail = invitation(app, from, terms, url, true);
    let queued = outbox::enqueue(db, app, &address, Some(from.account), mail).await?;
    Ok(Invited::New(id, queued))
}

/// An invite to a coach who already has a grant from this athlete. It is taken as an invite only if the terms are the
/// same: the athlete must see a change before it is made.
async fn invite_granted(
    db: &mut PgConnection,
    app: &App,
    from: &Grantor,
    grant: Grant,
    terms: &Terms<'_>,
) -> anyhow::Result<Invited> {
    let now = app.clock.now();
    match GrantState::of(&grant, now) {
        GrantState::Waiting | GrantState::InUse if says(&grant, terms) => Ok(Invited::Unchanged),
        GrantState::Asleep if says(&grant, terms) => {
            let queued = invite_again(db, app, from, &grant, terms).await?;
            queries::grants::resent(db, grant.id, from.account, now).await?;
            Ok(Invited::Again(grant.id, queued))
        }
        _ => Ok(Invited::Stands(Box::new(grant))),
    }
}

/// The email that tells a coach how to begin, with what this athlete grants; the `first` about this grant, or a resend.
fn invitation(app: &App, from: &Grantor, terms: &Terms<'_>, url: String, first: bool) -> Mail {
    Mail::CoachInvite(CoachInvite {
        first,
        grant: granting(from, terms),
        url: Some(url),
        for_coaches: app.config.for_coaches_url(),
    })
}

/// The email to a coach who already has a connector, with what this athlete grants; the `first` about this grant, or a
/// resend. A coach of whom no client was used yet gets the steps again, with the URL of the `unused` link.
fn joining(app: &App, from: &Grantor, terms: &Terms<'_>, unused: Option<&Link>, first: bool) -> Mail {
    let url = unused.and_then(|link| connector::url(app, link));
    let joined = Joined {
        account: from.account,
        first,
        grant: granting(from, terms),
    };
    Mail::CoachJoined(CoachJoined {
        joined: vec![joined],
        unused: unused.is_some(),
        url,
        for_coaches: app.config.for_coaches_url(),
    })
}

/// What this athlete grants, for an email.
fn granting(from: &Grantor, terms: &Terms<'_>) -> Granting {
    Granting {
        athlete_id: from.athlete_id.clone(),
        athlete: from.athlete.as_str().into(),
        athlete_email: from.email.as_str().into(),
        note: terms.note.into(),
        may: in_words(terms.tools),
        expires: until(terms.expires_at, from.zone),
    }
}

/// Changes a grant of `from` within `db`'s transaction, unless it is no longer at `version`, and emails the coach. A
/// paused grant resumes; an expired grant begins again.
pub async fn change(
    db: &mut PgConnection,
    app: &App,
    from: &Grantor,
    id: GrantId,
    version: i32,
    terms: &Terms<'_>,
) -> anyhow::Result<Edited> {
    let tools = with_included(terms.tools);
    let terms = &terms.of(&tools);
    let now = app.clock.now();
    let Some(grant) = lock_with_coach(db, from.account, id).await? else {
        return Ok(Edited::Gone);
    };
    let state = GrantState::of(&grant, now);
    if !grant.is_shown {
        return Ok(Edited::Replaced);
    }
    if state.is_awake() && says(&grant, terms) {
        return Ok(Edited::Unchanged);
    }
    if grant.version != version {
        return Ok(Edited::Stale(Box::new(grant)));
    }
    queries::grants::change(&mut *db, id, from.account, version, terms, now).await?;
    let queued = mail_new_terms(db, app, &whose(from, &grant), &grant, terms).await?;
    Ok(Edited::Saved(queued))
}

/// Resends an unused invite within `db`'s transaction; its fourteen days begin again. None if the coach has used it, if it
/// has ended or expired, or if it is not this athlete's. If the coach has had too many emails lately, it stays as it was.
pub async fn resend(
    db: &mut PgConnection,
    app: &App,
    from: &Grantor,
    id: GrantId,
) -> anyhow::Result<Option<Queued>> {
    let now = app.clock.now();
    let grant = lock_with_coach(db, from.account, id).await?;
    let can_be_resent = |grant: &Grant| {
        matches!(
            GrantState::of(grant, now),
            GrantState::Waiting | GrantState::Asleep
        )
    };
    let Some(grant) = grant.filter(can_be_resent) else {
        return Ok(None);
    };
    let terms = Terms {
        tools: &grant.tools,
        note: &grant.note,
        expires_at: grant.expires_at,
    };
    let queued = invite_again(db, app, &whose(from, &grant), &grant, &terms).await?;
    if queued == Queued::Queued {
        queries::grants::resent(&mut *db, id, from.account, now).await?;
    }
    Ok(Some(queued))
}

/// The grant of this account, locked after its coach: athletes who invite one coach at the same time must see each
/// other's email. An invite, and a coach who leaves, lock in the same order.
pub async fn lock_with_coach(
    db: &mut PgConnection,
    account: AccountId,
    id: GrantId,
) -> sqlx::Result<Option<Grant>> {
    let Some(grant) = queries::grants::one_of_account(&mut *db, account, id).await? else {
        return Ok(None);
    };
    queries::coaches::locked(&mut *db, grant.coach_id).await?;
    queries::grants::lock_one_of_account(db, account, id).await
}

/// The athlete whose grant it is, read from the locked grant: the account may have shown another athlete a moment ago.
fn whose(from: &Grantor, grant: &Grant) -> Grantor {
    Grantor {
        athlete_id: grant.athlete_id.clone(),
        athlete: grant.athlete_name.clone(),
        ..from.clone()
    }
}

/// Emails a coach the new terms of `grant`. If it was never used and no longer could be, the coach is invited again:
/// the email with the URL is too long ago.
async fn mail_new_terms(
    db: &mut PgConnection,
    app: &App,
    from: &Grantor,
    grant: &Grant,
    terms: &Terms<'_>,
) -> anyhow::Result<Queued> {
    if grant.first_used_at.is_none() && !GrantState::of(grant, app.clock.now()).is_awake() {
        return invite_again(db, app, from, grant, terms).await;
    }
    tell_changed(db, app, from, &address_of(grant), terms).await
}

/// Resends the invite with the coach's unchanged URL; without the steps and the URL if a client was already used.
async fn invite_again(
    db: &mut PgConnection,
    app: &App,
    from: &Grantor,
    grant: &Grant,
    terms: &Terms<'_>,
) -> anyhow::Result<Queued> {
    let link = queries::connectors::of_coach(&mut *db, grant.coach_id).await?;
    let begun = queries::connectors::any_used_by_coach(&mut *db, grant.coach_id).await?;
    let unused = link.as_ref().filter(|_| !begun);
    let mail = match unused.and_then(|link| connector::url(app, link)) {
        Some(url) => invitation(app, from, terms, url, false),
        None => joining(app, from, terms, unused, false),
    };
    outbox::enqueue(db, app, &address_of(grant), Some(from.account), mail).await
}

fn address_of(grant: &Grant) -> Address {
    Address::stored(&grant.coach_email, &grant.coach_email_key)
}

/// Emails a coach what an athlete grants now: in the email about this athlete that is still waiting, else in one of its own.
pub async fn tell_changed(
    db: &mut PgConnection,
    app: &App,
    from: &Grantor,
    to: &Address,
    terms: &Terms<'_>,
) -> anyhow::Result<Queued> {
    let grant = granting(from, terms);
    if outbox::rewrite_grant(&mut *db, app, to, from.account, &grant).await? {
        return Ok(Queued::Queued);
    }
    let changed = Mail::GrantChanged(GrantChanged { grant });
    outbox::enqueue(db, app, to, Some(from.account), changed).await
}

/// Ends a grant for the athlete within `db`'s transaction; false if it had already ended. An email tells the coach,
/// unless it would be no news: the email about the grant was never sent, or the grant had already expired.
pub async fn end(db: &mut PgConnection, app: &App, grant: &Grant, why: Why) -> anyhow::Result<bool> {
    if !queries::grants::end(&mut *db, grant.id, grant.account_id).await? {
        return Ok(false);
    }
    let to = address_of(grant);
    let unheard = withdraw(&mut *db, app, grant).await?;
    // A coach who used it knows about it, with or without an email.
    if (unheard && grant.first_used_at.is_none())
        || GrantState::of(grant, app.clock.now()) == GrantState::Expired
    {
        return Ok(true);
    }
    let mail = Mail::GrantEnded(GrantEnded {
        athlete: grant.athlete_name.as_str().into(),
        why,
    });
    // On no account's behalf: an account that is being deleted takes the emails on its behalf with it.
    outbox::enqueue(db, app, &to, None, mail).await?;
    Ok(true)
}

/// Takes a grant out of the emails that are still waiting; true if the coach never got an email about it.
async fn withdraw(db: &mut PgConnection, app: &App, grant: &Grant) -> anyhow::Result<bool> {
    let whose = Whose {
        account: grant.account_id,
        athlete_id: &grant.athlete_id,
    };
    outbox::withdraw_grant(db, app, &address_of(grant), &whose).await
}

/// Emails the coaches, within `db`'s transaction, that the account shows another athlete than `before`: the grants of
/// `before` are paused, and earlier grants of the athlete `now` resume. The connection's row is already written.
/// Returns how many grants are concerned.
pub async fn athlete_replaced(
    db: &mut PgConnection,
    app: &App,
    before: &Connection,
    now: &Grantor,
) -> anyhow::Result<Replaced> {
    let concerned = [before.athlete_id.as_str(), now.athlete_id.as_str()];
    let mut grants = queries::grants::of_account(&mut *db, now.account).await?;
    grants.retain(|grant| concerned.contains(&grant.athlete_id.as_str()));
    // Coaches before grants, as when a coach leaves or an athlete invites or edits; in one order, as two accounts may
    // share coaches.
    let coaches: BTreeSet<CoachId> = grants.iter().map(|grant| grant.coach_id).collect();
    for coach in coaches {
        queries::coaches::locked(&mut *db, coach).await?;
    }
    queries::grants::remember_athlete(
        &mut *db,
        before.account_id,
        &before.athlete_id,
        &before.athlete_name,
        before.zone.as_deref(),
    )
    .await?;
    let (mut asleep, mut awake) = (0, 0);
    for known in grants {
        // Read again with a lock: it may have been changed or ended meanwhile.
        let grant = queries::grants::lock_one_of_account(&mut *db, now.account, known.id).await?;
        let Some(grant) = grant else {
            continue;
        };
        if grant.athlete_id == now.athlete_id {
            awake += 1;
            mail_awake(db, app, now, &grant).await?;
        } else {
            asleep += 1;
            mail_asleep(db, app, now, &grant).await?;
        }
    }
    Ok(Replaced { asleep, awake })
}

/// How many grants changed because the account shows another athlete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replaced {
    /// How many were paused.
    pub asleep: usize,
    /// How many are no longer paused for that reason.
    pub awake: usize,
}

async fn mail_asleep(db: &mut PgConnection, app: &App, now: &Grantor, grant: &Grant) -> anyhow::Result<()> {
    let expired = grant.expires_at.is_some_and(|at| at <= app.clock.now());
    let unheard = withdraw(&mut *db, app, grant).await?;
    if expired || (unheard && grant.first_used_at.is_none()) {
        return Ok(());
    }
    mail_replaced(db, app, now, grant, Turn::Away).await
}

/// An email tells a coach who used the grant that it works again. A coach who did not gets the invite again, because
/// the email with it may have been withdrawn.
async fn mail_awake(db: &mut PgConnection, app: &App, now: &Grantor, grant: &Grant) -> anyhow::Result<()> {
    withdraw(&mut *db, app, grant).await?;
    match GrantState::of(grant, app.clock.now()) {
        GrantState::InUse => mail_replaced(db, app, now, grant, Turn::Back).await,
        GrantState::Waiting => {
            let terms = Terms {
                tools: &grant.tools,
                note: &grant.note,
                expires_at: grant.expires_at,
            };
            invite_again(db, app, now, grant, &terms).await.map(drop)
        }
        GrantState::Asleep | GrantState::Expired | GrantState::Replaced => Ok(()),
    }
}

async fn mail_replaced(
    db: &mut PgConnection,
    app: &App,
    now: &Grantor,
    grant: &Grant,
    turn: Turn,
) -> anyhow::Result<()> {
    // Athletes who coach themselves know it: they made the connection.
    if Address::parse(&now.email).is_ok_and(|own| own.key == grant.coach_email_key) {
        return Ok(());
    }
    let mail = Mail::AthleteReplaced(AthleteReplaced {
        athlete_id: grant.athlete_id.clone(),
        athlete: grant.athlete_name.as_str().into(),
        athlete_email: now.email.as_str().into(),
        turn,
    });
    let to = address_of(grant);
    outbox::enqueue(db, app, &to, Some(now.account), mail)
        .await
        .map(drop)
}

/// Makes the coach's link, and returns the URL.
async fn make_link(db: &mut PgConnection, app: &App, coach: CoachId) -> anyhow::Result<String> {
    let id = ConnectorId(app.random.uuid(&app.clock));
    let Minted { hash, sealed, url } = connector::mint(app, id);
    queries::connectors::create_for_coach(db, id, coach, hash, &sealed, app.clock.now()).await?;
    Ok(url)
}

/// Gives the coach a new URL within `db`'s transaction; the old one stops working with the commit. None if the coach
/// has no URL.
pub async fn regenerate(db: &mut PgConnection, app: &App, coach: CoachId) -> anyhow::Result<Option<String>> {
    let Some(link) = queries::connectors::of_coach(&mut *db, coach).await? else {
        return Ok(None);
    };
    let Minted { hash, sealed, url } = connector::mint(app, link.id);
    let done = queries::connectors::regenerate_for_coach(db, coach, hash, &sealed, app.clock.now()).await?;
    Ok(done.then_some(url))
}

/// What these tools let a coach do, by group, in the order of the catalogue.
pub fn in_words(tools: &[String]) -> Vec<May> {
    let mut groups: Vec<May> = Vec::new();
    for tool in permissions::ALL
        .iter()
        .filter(|tool| tools.iter().any(|name| name == tool.name))
    {
        let lets = tool.lets.to_owned();
        match groups.iter_mut().find(|may| may.group == tool.group.title()) {
            Some(may) => may.lets.push(lets),
            None => groups.push(May {
                group: tool.group.title().to_owned(),
                lets: vec![lets],
            }),
        }
    }
    groups
}

/// The last day of a grant that expires at `at`, inclusive, in the athlete's time zone.
pub fn last_day(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    (at - Duration::seconds(1)).with_timezone(&zone).date_naive()
}

/// The same in words, of a grant that has an end.
pub fn until(expires_at: Option<DateTime<Utc>>, zone: Tz) -> Option<String> {
    Some(last_day(expires_at?, zone).format("%A, %-d %B %Y").to_string())
}
