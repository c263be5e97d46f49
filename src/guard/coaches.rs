//! What athletes grant coaches: inviting, changing and ending, each with the mail that says so, in one transaction.
//!
//! What a grant is worth at a call stands in [`super::grant`]. No HTML, no tool logic.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;

use super::connector::{self, Minted};
use crate::{
    app::App,
    ids::{AccountId, CoachId, GrantId, LinkId},
    mail::{
        Address, AthleteReplaced, CoachInvite, CoachJoined, GrantChanged, GrantEnded, Granting, Joined, Mail,
        May, Turn, Whose, Why,
        outbox::{self, Queued},
    },
    permissions,
    queries::{
        self,
        connections::Connection,
        grants::{Grant, NewGrant, Terms},
    },
};

/// An invite that nobody uses for so long falls asleep: it must be sent again.
pub const SLEEPS_AFTER: Duration = Duration::days(14);

/// Whether an invite that was last sent at `invited_at` and first used at `first_used_at` has fallen asleep.
pub fn asleep(invited_at: DateTime<Utc>, first_used_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    first_used_at.is_none() && now - invited_at >= SLEEPS_AFTER
}

/// How things stand with a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState {
    /// An invite that nobody used yet.
    Waiting,
    /// The coach has used it.
    InUse,
    /// An invite that nobody used for [`SLEEPS_AFTER`].
    Asleep,
    /// Its last day is over.
    Expired,
    /// The account shows another athlete than the one who granted it; it wakes when that one is connected again.
    Replaced,
}

impl GrantState {
    /// How things stand with `grant` at `now`.
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

/// Whether `grant` says what `terms` say, in whatever order. Tools that are not of this version do not count: no form
/// shows them.
pub fn says(grant: &Grant, terms: &Terms<'_>) -> bool {
    let has = |tools: &[String], name: &str| tools.iter().any(|tool| tool == name);
    let same_tools = permissions::ALL
        .iter()
        .all(|tool| has(&grant.tools, tool.name) == has(terms.tools, tool.name));
    same_tools && grant.note == terms.note && grant.expires_at == terms.expires_at
}

/// The athlete who grants something.
#[derive(Debug, Clone)]
pub struct Grantor {
    /// The account.
    pub account: AccountId,
    /// Its address, as typed.
    pub email: String,
    /// The athlete's intervals.icu id: the grant is this athlete's, whoever else the account may show later.
    pub athlete_id: String,
    /// The athlete's name at intervals.icu.
    pub athlete: String,
    /// The athlete's zone, in which days end; UTC when it is not known.
    pub zone: Tz,
}

/// What became of an invite.
#[derive(Debug, PartialEq, Eq)]
pub enum Invited {
    /// The coach takes no invites from this athlete. Nothing was written that may be committed.
    Refused,
    /// The coach is new and gets a URL.
    New(GrantId, Queued),
    /// The coach has a URL already, which covers this athlete too from now on.
    Joined(GrantId, Queued),
    /// The athlete had invited this coach before on the same terms, and the invite slept: it is awake and mailed once more.
    Again(GrantId, Queued),
    /// The athlete had invited this coach before on the same terms. Nothing was written, and nobody is mailed.
    Unchanged,
    /// The athlete has granted this coach something else already: this. Nothing was written: an invite never changes what stands.
    Stands(Box<Grant>),
}

/// What became of an edit.
#[derive(Debug)]
pub enum Edited {
    /// The grant is none of this athlete's, or has ended.
    Gone,
    /// Somebody changed it after the form was drawn: this is what stands now, and nothing was written.
    Stale(Box<Grant>),
    /// It says all this already: nothing was written, and nobody is mailed.
    Unchanged,
    /// The account shows another athlete than the one who granted it, and nobody changes what somebody else granted: nothing was
    /// written.
    Replaced,
    /// It is changed.
    Saved(Queued),
}

/// Counts one invite or resend of this account within `db`'s transaction; false when it has sent as many as a day allows.
/// Of several at once none slips through.
pub async fn may_invite(db: &mut PgConnection, app: &App, account: AccountId) -> sqlx::Result<bool> {
    let now = app.clock.now();
    let most = i32::try_from(app.config.invites_per_day).unwrap_or(i32::MAX);
    queries::accounts::count_invite(db, account, now - Duration::days(1), now, most).await
}

/// Invites the coach with the address `to` within `db`'s transaction. One address is one coach with one URL, however often
/// and by whomever it is invited; mail goes to the address as it was first typed.
pub async fn invite(
    db: &mut PgConnection,
    app: &App,
    from: &Grantor,
    to: &Address,
    terms: &Terms<'_>,
) -> anyhow::Result<Invited> {
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
    if let Some(link) = queries::links::of_coach(&mut *db, coach.id).await? {
        let url = match link.last_used_at {
            Some(_) => None,
            None => connector::url(app, &link),
        };
        let mail = joining(app, from, terms, url, true);
        let queued = outbox::enqueue(db, app, &address, Some(from.account), mail).await?;
        return Ok(Invited::Joined(id, queued));
    }
    let url = make_link(db, app, coach.id).await?;
    let mail = invitation(app, from, terms, url, true);
    let queued = outbox::enqueue(db, app, &address, Some(from.account), mail).await?;
    Ok(Invited::New(id, queued))
}

/// An invite to a coach who has a grant of this athlete. Only what says the same can be meant as an invite: whatever would change
/// the grant is the athlete's to see first.
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

/// The mail that brings a coach the URL, with what this athlete grants; the `first` about this grant, or sent again.
fn invitation(app: &App, from: &Grantor, terms: &Terms<'_>, url: String, first: bool) -> Mail {
    Mail::CoachInvite(CoachInvite {
        first,
        grant: granting(from, terms),
        url,
        for_coaches: app.config.for_coaches_url(),
    })
}

/// The mail to a coach who has a URL already, with what this athlete grants; the `first` about this grant, or sent again.
fn joining(app: &App, from: &Grantor, terms: &Terms<'_>, url: Option<String>, first: bool) -> Mail {
    let joined = Joined {
        account: from.account,
        first,
        grant: granting(from, terms),
    };
    Mail::CoachJoined(CoachJoined {
        joined: vec![joined],
        url,
        for_coaches: app.config.for_coaches_url(),
    })
}

/// What this athlete grants, for a mail.
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

/// Changes a grant of `from`'s within `db`'s transaction, unless it is no longer at `version`, and tells the coach. One that
/// sleeps wakes up; one that expired begins anew.
pub async fn change(
    db: &mut PgConnection,
    app: &App,
    from: &Grantor,
    id: GrantId,
    version: i32,
    terms: &Terms<'_>,
) -> anyhow::Result<Edited> {
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
    let queued = tell_new_terms(db, app, &whose(from, &grant), &grant, terms).await?;
    Ok(Edited::Saved(queued))
}

/// Mails an invite that nobody used once more within `db`'s transaction; its fourteen days begin again. Nothing when the
/// coach has used it, when it has ended or expired, or when it is none of this athlete's. When the coach had too many mails
/// lately, it stays as it was.
pub async fn resend(
    db: &mut PgConnection,
    app: &App,
    from: &Grantor,
    id: GrantId,
) -> anyhow::Result<Option<Queued>> {
    let now = app.clock.now();
    let grant = lock_with_coach(db, from.account, id).await?;
    let resent = |grant: &Grant| {
        matches!(
            GrantState::of(grant, now),
            GrantState::Waiting | GrantState::Asleep
        )
    };
    let Some(grant) = grant.filter(resent) else {
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

/// The grant of this account, locked after its coach: athletes who join one coach at once must see each other's mail. The
/// order is that of an invite and of a coach who leaves.
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

/// The athlete whose grant it is, as it says itself under its lock: the account may have shown another one a moment ago.
fn whose(from: &Grantor, grant: &Grant) -> Grantor {
    Grantor {
        athlete_id: grant.athlete_id.clone(),
        athlete: grant.athlete_name.clone(),
        ..from.clone()
    }
}

/// Tells a coach what `grant` says from now on. Whoever never used it and could not do so any more is invited again: the
/// mail with the URL is long ago.
async fn tell_new_terms(
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

/// Mails the invite with the coach's URL as it is; a coach with a client that has it needs no URL.
async fn invite_again(
    db: &mut PgConnection,
    app: &App,
    from: &Grantor,
    grant: &Grant,
    terms: &Terms<'_>,
) -> anyhow::Result<Queued> {
    let link = queries::links::of_coach(&mut *db, grant.coach_id).await?;
    let unused = link.filter(|link| link.last_used_at.is_none());
    let mail = match unused.and_then(|link| connector::url(app, &link)) {
        Some(url) => invitation(app, from, terms, url, false),
        None => joining(app, from, terms, None, false),
    };
    outbox::enqueue(db, app, &address_of(grant), Some(from.account), mail).await
}

fn address_of(grant: &Grant) -> Address {
    Address::stored(&grant.coach_email, &grant.coach_email_key)
}

/// Tells a coach what an athlete grants from now on: in the mail about this athlete that still waits, else in one of its own.
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

/// Ends a grant at the athlete's word within `db`'s transaction; false when it had ended already. The coach is told, unless
/// there is no news in it: the mail that would have told of the grant never left, or the grant had expired by itself.
pub async fn end(db: &mut PgConnection, app: &App, grant: &Grant, why: Why) -> anyhow::Result<bool> {
    if !queries::grants::end(&mut *db, grant.id, grant.account_id).await? {
        return Ok(false);
    }
    let to = address_of(grant);
    let unheard = withdraw(&mut *db, app, grant).await?;
    // Who used it knows of it, mail or not.
    if (unheard && grant.first_used_at.is_none())
        || GrantState::of(grant, app.clock.now()) == GrantState::Expired
    {
        return Ok(true);
    }
    let mail = Mail::GrantEnded(GrantEnded {
        athlete: grant.athlete_name.as_str().into(),
        why,
    });
    // On nobody's behalf: when the account is being deleted, the mails on its behalf go with it.
    outbox::enqueue(db, app, &to, None, mail).await?;
    Ok(true)
}

/// Takes a grant out of the mails that still wait; true when the coach never heard of it.
async fn withdraw(db: &mut PgConnection, app: &App, grant: &Grant) -> anyhow::Result<bool> {
    let whose = Whose {
        account: grant.account_id,
        athlete_id: &grant.athlete_id,
    };
    outbox::withdraw_grant(db, app, &address_of(grant), &whose).await
}

/// Tells the coaches, within `db`'s transaction, that the account shows another athlete than `before`: what `before` granted fell
/// asleep, and what the athlete of `now` had granted is awake again. The connection's row is written already. Answers whether
/// any coach was concerned.
pub async fn athlete_replaced(
    db: &mut PgConnection,
    app: &App,
    before: &Connection,
    now: &Grantor,
) -> anyhow::Result<Replaced> {
    let concerned = [before.athlete_id.as_str(), now.athlete_id.as_str()];
    let mut grants = queries::grants::of_account(&mut *db, now.account).await?;
    grants.retain(|grant| concerned.contains(&grant.athlete_id.as_str()));
    // Every coach before any grant, as whoever leaves, invites or edits does, and in one order, as two accounts may share coaches.
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
        // Read again under its lock: it may have been changed or ended meanwhile.
        let grant = queries::grants::lock_one_of_account(&mut *db, now.account, known.id).await?;
        let Some(grant) = grant else {
            continue;
        };
        if grant.athlete_id == now.athlete_id {
            awake += 1;
            tell_awake(db, app, now, &grant).await?;
        } else {
            asleep += 1;
            tell_asleep(db, app, now, &grant).await?;
        }
    }
    Ok(Replaced { asleep, awake })
}

/// How many grants it concerned that the account shows another athlete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replaced {
    /// Fell asleep.
    pub asleep: usize,
    /// Are no longer asleep for that reason.
    pub awake: usize,
}

async fn tell_asleep(db: &mut PgConnection, app: &App, now: &Grantor, grant: &Grant) -> anyhow::Result<()> {
    let over = grant.expires_at.is_some_and(|at| at <= app.clock.now());
    let unheard = withdraw(&mut *db, app, grant).await?;
    if over || (unheard && grant.first_used_at.is_none()) {
        return Ok(());
    }
    tell_replaced(db, app, now, grant, Turn::Away).await
}

/// Whoever used the grant is told that it counts again; whoever did not gets the invite once more, as the mail with it may have
/// been taken back.
async fn tell_awake(db: &mut PgConnection, app: &App, now: &Grantor, grant: &Grant) -> anyhow::Result<()> {
    withdraw(&mut *db, app, grant).await?;
    match GrantState::of(grant, app.clock.now()) {
        GrantState::InUse => tell_replaced(db, app, now, grant, Turn::Back).await,
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

async fn tell_replaced(
    db: &mut PgConnection,
    app: &App,
    now: &Grantor,
    grant: &Grant,
    turn: Turn,
) -> anyhow::Result<()> {
    // Whoever coaches only the own athlete knows: it is the person who connected.
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

/// Makes the coach's link; answers the URL.
async fn make_link(db: &mut PgConnection, app: &App, coach: CoachId) -> anyhow::Result<String> {
    let id = LinkId(app.random.uuid(&app.clock));
    let Minted { hash, sealed, url } = connector::mint(app, id);
    queries::links::create_for_coach(db, id, coach, hash, &sealed, app.clock.now()).await?;
    Ok(url)
}

/// Gives the coach a new URL within `db`'s transaction; the old one stops working with the commit. Nothing when the coach
/// has none.
pub async fn regenerate(db: &mut PgConnection, app: &App, coach: CoachId) -> anyhow::Result<Option<String>> {
    let Some(link) = queries::links::of_coach(&mut *db, coach).await? else {
        return Ok(None);
    };
    let Minted { hash, sealed, url } = connector::mint(app, link.id);
    let done = queries::links::regenerate_for_coach(db, coach, hash, &sealed, app.clock.now()).await?;
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

/// The last day of a grant, in the athlete's own zone: it ends with that day.
pub fn until(expires_at: Option<DateTime<Utc>>, zone: Tz) -> Option<String> {
    let last = (expires_at? - Duration::seconds(1)).with_timezone(&zone);
    Some(last.format("%A, %-d %B %Y").to_string())
}
