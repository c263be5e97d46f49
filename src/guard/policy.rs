//! The policy in force, and where it is asked: at every call, session and sign-up. It is read with the question that each of them
//! asks anyway, by its number; a number that this process does not know yet costs one more.
//!
//! What a policy says is in [`crate::policy`]. No HTML.

pub mod command;

use std::{
    borrow::Cow,
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use uuid::Uuid;

use super::identities::{self, NotCurrent};
use crate::{
    app::App,
    config::SignUp,
    ids::{AccountId, CoachId},
    policy::{Kind, Person, Policy},
    queries::{
        Db, callers,
        callers::Found,
        in_time,
        policies::{self, Facts},
    },
    secrets::TokenKind,
    tool_error::ToolError,
    words::Way,
};

/// The newest policy that this process has read, by its number.
#[derive(Debug, Default)]
pub struct Policies {
    known: Mutex<Option<(i64, Arc<Policy>)>>,
    /// When it was last asked for pages that anybody can open.
    asked: Mutex<Option<Instant>>,
}

/// How long what was asked counts for pages that anybody can open: many open them, and they decide nothing.
const COUNTS_FOR: Duration = Duration::from_secs(5);

impl Policies {
    fn known(&self, version: i64) -> Option<Arc<Policy>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, policy) = known.as_ref()?;
        (*of == version).then(|| policy.clone())
    }

    fn last(&self) -> Option<Arc<Policy>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().map(|(_, policy)| policy.clone())
    }

    /// Whether it has to be asked again for the pages that anybody can open; whoever hears so asks, and nobody else meanwhile.
    fn must_be_asked(&self) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = asked.is_none_or(|at| at.elapsed() >= COUNTS_FOR);
        if is_due {
            *asked = Some(Instant::now());
        }
        is_due
    }

    fn keep(&self, version: i64, policy: &Arc<Policy>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|(of, _)| *of < version) {
            *known = Some((version, policy.clone()));
        }
    }
}

/// The policy with this number, which a question for somebody brought; 0 is that of an installation without one. One that this
/// version cannot read is an error, so that nobody gets in by what it might have said.
pub(crate) async fn of(db: impl Db<'_>, app: &App, version: i64) -> sqlx::Result<Arc<Policy>> {
    if let Some(known) = app.policies.known(version) {
        return Ok(known);
    }
    let text = if version == 0 {
        String::new()
    } else {
        policies::text_of(db, version)
            .await?
            .ok_or(sqlx::Error::RowNotFound)?
    };
    let policy = Policy::parse(&text, &app.config.oidc_groups_claim);
    let policy = policy.map_err(|mistake| {
        tracing::error!(version, %mistake, "the policy cannot be read: apply it again");
        sqlx::Error::Decode(Box::new(mistake))
    })?;
    let policy = Arc::new(policy);
    app.policies.keep(version, &policy);
    Ok(policy)
}

/// The policy as it is now, for what no question for somebody comes before.
pub(crate) async fn now(app: &App) -> sqlx::Result<Arc<Policy>> {
    let version = policies::version(&app.pool).await?;
    of(&app.pool, app, version).await
}

/// Somebody as the policy sees them.
pub(crate) fn person(kind: Kind, facts: &Facts) -> Person {
    let identity = facts
        .identity
        .as_ref()
        .filter(|identity| identity.refused_at.is_none());
    let ways = kind.ways().iter().copied().filter(|way| match way {
        Way::Password => facts.has_password,
        Way::Intervals => facts.has_intervals,
        Way::Passkey => facts.has_passkey,
        Way::Provider => identity.is_some(),
        // Every coach has an address.
        Way::Email => true,
    });
    Person {
        kind,
        address: facts.address_key.clone(),
        athlete_id: facts.athlete_id.clone(),
        ways: ways.collect(),
        claims: identity
            .map(|identity| identity.claims.clone())
            .unwrap_or_default(),
    }
}

/// Whether somebody may be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Yes.
    In,
    /// Not by the way in that they used, or by none that they have.
    AnotherWay,
    /// Not at all.
    Out,
    /// Not before the outside provider has said again what they may be let in for.
    NotCurrent(NotCurrent),
}

/// What is known about somebody, with what the outside provider says of them now, if that decides whether they may be in or change
/// something: it is asked again if what it said is too old. Asked before any of the decisions below; no transaction may be open.
pub(crate) async fn current<'a>(
    app: &App,
    policy: &Policy,
    kind: Kind,
    facts: &'a Facts,
) -> sqlx::Result<Result<Cow<'a, Facts>, NotCurrent>> {
    let Some(identity) = facts.identity.as_ref().filter(|_| !policy.is_empty()) else {
        return Ok(Ok(Cow::Borrowed(facts)));
    };
    let without = without_identity(facts);
    let is_in = calls(policy, kind, &without) == Admission::In;
    if is_in && writes(policy, kind, &without) {
        return Ok(Ok(Cow::Borrowed(facts)));
    }
    Ok(match identities::current(app, identity, &names(policy)).await? {
        Ok(claims) if claims == identity.claims => Ok(Cow::Borrowed(facts)),
        Ok(claims) => {
            let mut facts = facts.clone();
            if let Some(identity) = &mut facts.identity {
                identity.claims = claims;
            }
            Ok(Cow::Owned(facts))
        }
        // Without it they may still read.
        Err(_) if is_in => Ok(Cow::Owned(without)),
        Err(not_current) => Err(not_current),
    })
}

/// The names of the claims that a policy uses.
fn names(policy: &Policy) -> BTreeSet<String> {
    policy.claims().into_iter().map(str::to_owned).collect()
}

fn without_identity(facts: &Facts) -> Facts {
    Facts {
        identity: None,
        ..facts.clone()
    }
}

/// What counts of what is known about somebody, if the outside provider is not asked: what it said last, as long as that holds.
fn held<'a>(app: &App, facts: &'a Facts) -> Cow<'a, Facts> {
    match &facts.identity {
        Some(identity) if !identities::holds(app, identity) => Cow::Owned(without_identity(facts)),
        _ => Cow::Borrowed(facts),
    }
}

/// Whether somebody may call: by any way in that they have.
pub(crate) fn calls(policy: &Policy, kind: Kind, facts: &Facts) -> Admission {
    if policy.is_empty() {
        return Admission::In;
    }
    let person = person(kind, facts);
    if !policy.lets_in(&person, None).allowed {
        let by_others = kind
            .ways()
            .iter()
            .any(|way| policy.lets_in(&person, Some(*way)).allowed);
        return if by_others {
            Admission::AnotherWay
        } else {
            Admission::Out
        };
    }
    Admission::In
}

/// Whether somebody may be in who came in by `way`: where the policy names the ways in, one that is not known is none of them.
pub(crate) fn came_in(policy: &Policy, kind: Kind, facts: &Facts, way: Option<Way>) -> Admission {
    if policy.is_empty() {
        return Admission::In;
    }
    let person = person(kind, facts);
    let ways = kind.ways().iter().copied();
    let mut any = ways.map(|way| policy.lets_in(&person, Some(way)).allowed);
    if !any.any(|allowed| allowed) {
        return Admission::Out;
    }
    let is_in = way.map_or(!policy.names_ways(), |way| policy.allows(way).allowed);
    if is_in {
        Admission::In
    } else {
        Admission::AnotherWay
    }
}

/// Whether the owner of an account may come in by `way`.
pub(crate) async fn lets_account_in(
    db: &mut sqlx::PgConnection,
    app: &App,
    account: AccountId,
    way: Way,
) -> sqlx::Result<Admission> {
    let policy = of_now(&mut *db, app).await?;
    if policy.is_empty() {
        return Ok(Admission::In);
    }
    let known = policies::of_account(db, account, app.config.issuer()).await?;
    Ok(known.map_or(Admission::Out, |known| {
        came_in(&policy, Kind::Athlete, &known.facts, Some(way))
    }))
}

/// Somebody before the policy.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    policy: Arc<Policy>,
    kind: Kind,
    facts: Facts,
}

impl Standing {
    /// Whether they may be in who came in by `way`.
    pub(crate) fn came_in(&self, way: Option<Way>) -> Admission {
        came_in(&self.policy, self.kind, &self.facts, way)
    }

    /// Whether they may change something once they are in.
    pub(crate) fn writes(&self) -> bool {
        writes(&self.policy, self.kind, &self.facts)
    }
}

/// A coach before the policy as it is now.
pub(crate) async fn of_coach(app: &App, coach: CoachId) -> sqlx::Result<Standing> {
    let policy = now(app).await?;
    let facts = if policy.is_empty() {
        None
    } else {
        policies::of_coach(&app.pool, coach, app.config.issuer()).await?
    };
    let standing = Standing {
        policy,
        kind: Kind::Coach,
        facts: facts.map(|known| known.facts).unwrap_or_default(),
    };
    let facts = match current(app, &standing.policy, Kind::Coach, &standing.facts).await? {
        Ok(facts) => facts.into_owned(),
        Err(_) => Facts {
            identity: None,
            ..standing.facts
        },
    };
    Ok(Standing { facts, ..standing })
}

/// Whether a coach may come in by `way`. The same statements for an address that is no coach's.
pub(crate) async fn lets_coach_in(
    db: &mut sqlx::PgConnection,
    app: &App,
    coach: Option<CoachId>,
    way: Way,
) -> sqlx::Result<Admission> {
    let policy = of_now(&mut *db, app).await?;
    if policy.is_empty() {
        return Ok(Admission::In);
    }
    let coach = coach.unwrap_or(CoachId(Uuid::nil()));
    let known = policies::of_coach(db, coach, app.config.issuer()).await?;
    Ok(known.map_or(Admission::Out, |known| {
        came_in(&policy, Kind::Coach, &known.facts, Some(way))
    }))
}

/// Whether a coach may change something, by what is known without asking the outside provider: for the athletes who grant it.
pub(crate) async fn lets_coach_write(app: &App, policy: &Policy, coach: CoachId) -> sqlx::Result<bool> {
    if policy.is_empty() {
        return Ok(true);
    }
    let known = policies::of_coach(&app.pool, coach, app.config.issuer()).await?;
    Ok(known.is_some_and(|known| writes(policy, Kind::Coach, &held(app, &known.facts))))
}

/// The policy as it is now, within a transaction.
pub(crate) async fn of_now(db: &mut sqlx::PgConnection, app: &App) -> sqlx::Result<Arc<Policy>> {
    let version = policies::version(&mut *db).await?;
    of(db, app, version).await
}

/// Whether somebody who is in may change something.
pub(crate) fn writes(policy: &Policy, kind: Kind, facts: &Facts) -> bool {
    policy.is_empty() || policy.lets_write(&person(kind, facts)).allowed
}

/// As what the owner of a connector calls.
pub(super) fn kind_of(found: &Found) -> Kind {
    match found.owner {
        Some(callers::Owner::Account { .. }) => Kind::Athlete,
        _ => Kind::Coach,
    }
}

/// Whether tokens of this kind open anything.
pub(crate) fn opens(policy: &Policy, kind: TokenKind) -> bool {
    kind != TokenKind::Link || policy.has_links()
}

/// Lets the owner of a connector call, or says what to do.
pub(crate) fn check_call(app: &App, policy: &Policy, found: &Found) -> Result<(), ToolError> {
    let kind = kind_of(found);
    let text = match calls(policy, kind, &found.facts) {
        Admission::In => return Ok(()),
        Admission::AnotherWay => format!(
            "Not done: this IcuSync now asks for another way to sign in. The {} can sign in that way once at {}; calls then work \
             again.",
            called(kind),
            app.config.page_url(door_of(kind))
        ),
        Admission::Out | Admission::NotCurrent(_) => format!(
            "Not done: the policy of this IcuSync does not let the {} in. {}",
            called(kind),
            ask_operator(app)
        ),
    };
    Err(ToolError::Refused(text))
}

/// Lets the owner of a connector change something, or says what to do.
pub(crate) fn check_write(app: &App, policy: &Policy, found: &Found) -> Result<(), ToolError> {
    let kind = kind_of(found);
    if writes(policy, kind, &found.facts) {
        return Ok(());
    }
    Err(ToolError::Refused(format!(
        "Not done: the policy of this IcuSync lets the {} read only. {}",
        called(kind),
        ask_operator(app)
    )))
}

/// Whether a change through a connector may be sent, as its row stands now: its kind of token, its owner, and for a coach the
/// athlete. The outside provider is not asked: it was when the call began.
pub(crate) fn may_change(app: &App, policy: &Policy, found: &Found, account: AccountId) -> bool {
    if policy.is_empty() {
        return true;
    }
    let (kind, facts) = (kind_of(found), held(app, &found.facts));
    let is_door_open = found.is_sign_in || policy.has_links();
    let is_in = calls(policy, kind, &facts) == Admission::In && writes(policy, kind, &facts);
    let is_athlete_in = match &found.owner {
        Some(callers::Owner::Coach { roster, .. }) => roster
            .iter()
            .filter(|granted| granted.member.account_id == account)
            .all(|granted| is_on_roster(app, policy, &granted.facts)),
        _ => true,
    };
    is_door_open && is_in && is_athlete_in
}

/// Whether an athlete is on the rosters of those whom they granted something: who may not sign in could not take it back. The
/// outside provider is not asked.
pub(crate) fn is_on_roster(app: &App, policy: &Policy, athlete: &Facts) -> bool {
    policy.is_empty() || calls(policy, Kind::Athlete, &held(app, athlete)) == Admission::In
}

/// Whether [`is_on_roster`] depends on what the outside provider says of an athlete, and that is too old.
pub(super) fn must_ask_first(app: &App, policy: &Policy, athlete: &Facts) -> bool {
    let Some(identity) = athlete.identity.as_ref().filter(|_| !policy.is_empty()) else {
        return false;
    };
    identities::is_due(app, identity, &names(policy))
        && calls(policy, Kind::Athlete, &without_identity(athlete)) != Admission::In
}

/// [`is_on_roster`] by what the outside provider says now. No transaction may be open.
pub(super) async fn is_on_roster_now(app: &App, policy: &Policy, athlete: &Facts) -> sqlx::Result<bool> {
    let current = current(app, policy, Kind::Athlete, athlete).await?;
    Ok(current.is_ok_and(|facts| calls(policy, Kind::Athlete, &facts) == Admission::In))
}

/// [`is_on_roster`] for an account, outside a call.
pub(crate) async fn lets_athlete_be_on_rosters(
    app: &App,
    policy: &Policy,
    account: AccountId,
) -> sqlx::Result<bool> {
    if policy.is_empty() {
        return Ok(true);
    }
    let known = policies::of_account(&app.pool, account, app.config.issuer()).await?;
    Ok(known.is_some_and(|known| is_on_roster(app, policy, &known.facts)))
}

/// The page where somebody comes in.
pub(crate) const fn door_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Athlete => "/sign-in",
        Kind::Coach => "/for-coaches",
    }
}

const fn called(kind: Kind) -> &'static str {
    match kind {
        Kind::Athlete => "athlete",
        Kind::Coach => "coach",
    }
}

/// Whom to ask about a decision of the policy.
pub(crate) fn ask_operator(app: &App) -> String {
    app.config.support_email.as_ref().map_or_else(
        || "Its operator can say why.".to_owned(),
        |address| format!("Its operator can say why: {address}."),
    )
}

/// Who may sign up: the policy, or the setting that is its short form.
#[derive(Debug, Clone)]
pub(crate) struct SignUps {
    policy: Arc<Policy>,
    setting: SignUp,
}

/// Who may sign up now.
pub(crate) async fn sign_ups(app: &App) -> sqlx::Result<SignUps> {
    Ok(SignUps {
        policy: now(app).await?,
        setting: app.config.sign_up(),
    })
}

/// The same for the pages that anybody can open.
pub(crate) async fn sign_ups_for_everyone(app: &App) -> SignUps {
    SignUps {
        policy: for_everyone(app).await,
        setting: app.config.sign_up(),
    }
}

/// The same as this process last knew it, for pages that only mention it.
pub(crate) fn sign_ups_last_known(app: &App) -> SignUps {
    SignUps {
        policy: last_known(app),
        setting: app.config.sign_up(),
    }
}

/// The policy for the pages that anybody can open, at most a few seconds old. They work without the database: then it is as it was
/// when it was last read.
pub(crate) async fn for_everyone(app: &App) -> Arc<Policy> {
    if app.policies.must_be_asked()
        && let Ok(policy) = in_time(now(app)).await
    {
        return policy;
    }
    last_known(app)
}

/// The policy as this process last read it, for what only mentions it.
pub(crate) fn last_known(app: &App) -> Arc<Policy> {
    app.policies.last().unwrap_or_else(|| Arc::new(Policy::none()))
}

impl SignUps {
    /// The policy.
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The ways in that are allowed and set up.
    pub(crate) fn offered(&self, app: &App) -> Offered {
        Offered::of(app, &self.policy)
    }

    /// Whether anyone can sign up in some way.
    pub(crate) fn is_open(&self) -> bool {
        if self.policy.is_empty() {
            return self.setting != SignUp::Closed;
        }
        let by_default = self.setting != SignUp::Closed;
        let ways = Kind::Athlete.ways();
        self.policy.sign_up(by_default).allowed && ways.iter().any(|way| self.policy.allows(*way).allowed)
    }

    /// Whether anyone can sign up with an address and a password.
    pub(crate) fn is_open_to_passwords(&self) -> bool {
        self.is_open() && self.policy.allows(Way::Password).allowed
    }

    /// Whether the person with this address key may sign up by `way`.
    pub(crate) fn allows(&self, email_key: &str, way: Way) -> bool {
        let person = Person {
            address: Some(email_key.to_owned()),
            ..Person::unknown(Kind::Athlete)
        };
        self.lets(&person, way, |setting| setting.allows(email_key))
    }

    /// Whether the athlete with this id may sign up with intervals.icu, without an address.
    pub(crate) fn allows_athlete(&self, athlete_id: &str) -> bool {
        let person = Person {
            athlete_id: Some(athlete_id.to_owned()),
            ..Person::unknown(Kind::Athlete)
        };
        self.lets(&person, Way::Intervals, |setting| {
            setting.allows_athlete(athlete_id)
        })
    }

    /// Whether somebody about whom this is known may sign up by `way`.
    pub(crate) fn lets(&self, person: &Person, way: Way, by_setting: impl Fn(&SignUp) -> bool) -> bool {
        if self.policy.is_empty() {
            return by_setting(&self.setting);
        }
        let by_default = self.setting != SignUp::Closed;
        self.policy.lets_sign_up(person, way, by_default).allowed
    }

    /// Whether an address can be one that may sign up.
    pub(crate) fn takes_addresses(&self) -> bool {
        if self.policy.is_empty() {
            self.setting.takes_addresses()
        } else {
            self.is_open() && self.policy.lets_addresses_in()
        }
    }
}

/// The ways in that the sign-in pages offer, as far as the policy is concerned.
#[expect(clippy::struct_excessive_bools, reason = "each way in is offered or not")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offered {
    /// The address and its password.
    pub(crate) password: bool,
    /// A consent at intervals.icu.
    pub(crate) intervals: bool,
    /// The outside provider.
    pub(crate) provider: bool,
    /// A passkey.
    pub(crate) passkey: bool,
    /// A code or a link by email: for coaches.
    pub(crate) email: bool,
}

impl Offered {
    /// Those that are allowed and set up.
    pub(crate) fn of(app: &App, policy: &Policy) -> Self {
        let is = |way| policy.allows(way).allowed && is_set_up(app, way);
        Self {
            password: is(Way::Password),
            intervals: is(Way::Intervals),
            provider: is(Way::Provider),
            passkey: is(Way::Passkey),
            email: is(Way::Email),
        }
    }
}

/// The ways in that sign-in pages offer now.
pub(crate) async fn offered(app: &App) -> sqlx::Result<Offered> {
    Ok(Offered::of(app, &*now(app).await?))
}

/// Whether the settings make this way in possible.
fn is_set_up(app: &App, way: Way) -> bool {
    match way {
        Way::Password | Way::Email => true,
        Way::Intervals => app.config.offers_oauth(),
        Way::Provider => app.config.offers_provider(),
        Way::Passkey => app.passkeys.is_some(),
    }
}
