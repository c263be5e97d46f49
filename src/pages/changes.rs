//! Changes on the pages: whether the athlete's connector may make any, and what intervals.icu must allow.

pub(super) mod list;
pub(crate) mod undo;

use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use chrono::{DateTime, Utc};

use super::{
    Fields, NextPage, Signed,
    connections::{self, ask},
    done::Done,
    factor,
    links::Offered,
};
use crate::{
    app::App,
    error::Problem,
    guard::{coaches::GrantState, connection::scopes_of},
    ids::AccountId,
    intervals::Area,
    permissions::{self, Access, Group, Permission},
    queries::{self, connections::Connection, connectors::Link, grants::Grant, oauth_states::Bound},
    words::{ConnectionKind, ConnectionStatus, ConsentPurpose},
};

/// The box of the choice, and the field that says that the form had it.
const MAY_WRITE: &str = "may-write";
const CHOICE: &str = "choice";

/// Who may change something of the athlete's, and whether intervals.icu lets them.
pub(super) struct Writing {
    /// Whether the athlete's own connector may; None until the athlete has answered.
    own: Option<bool>,
    /// Whether the policy lets the athlete change something.
    lets: bool,
    /// Whether a coach may.
    coaches: bool,
    /// What somebody may change and intervals.icu lets IcuSync change.
    open: Vec<Area>,
    /// What somebody may change, but intervals.icu lets IcuSync only read.
    shut: Vec<Area>,
    /// What tools could change, but intervals.icu lets IcuSync only read.
    missing: Vec<Area>,
}

impl Writing {
    /// As these rows have it; `lets` says whether the policy lets the athlete change something.
    pub(super) fn of(
        link: Option<&Link>,
        lets: bool,
        grants: &[Grant],
        connection: Option<&Connection>,
        now: DateTime<Utc>,
    ) -> Self {
        let own = link.and_then(|link| link.may_write);
        let is_off = |tool: &Permission| {
            let mut off = link.iter().flat_map(|link| &link.groups_off);
            off.any(|word| word == tool.group.word())
        };
        let by_own = writes().filter(|tool| lets && own == Some(true) && !is_off(tool));
        let by_coaches: Vec<&Permission> = grants.iter().flat_map(|grant| changes_of(grant, now)).collect();
        let coaches = !by_coaches.is_empty();
        let used = areas_of(by_own.chain(by_coaches));
        let missing = connection.map_or_else(Vec::new, reads_only);
        let (shut, open) = used.into_iter().partition(|area| missing.contains(area));
        Self {
            own,
            lets,
            coaches,
            open,
            shut,
            missing,
        }
    }

    /// Whether the athlete's own connector may change something.
    pub(super) fn is_on(&self) -> bool {
        self.lets && self.is_chosen()
    }

    /// Whether the athlete lets it.
    pub(super) fn is_chosen(&self) -> bool {
        self.own == Some(true)
    }

    /// Whether the policy does not let it, whatever the athlete says.
    pub(super) fn is_forbidden(&self) -> bool {
        !self.lets
    }

    /// Whether the athlete has yet to say whether it may.
    pub(super) fn is_unanswered(&self) -> bool {
        self.lets && self.own.is_none()
    }

    /// Whether a coach may change something.
    pub(super) fn is_granted(&self) -> bool {
        self.coaches
    }

    /// Whether somebody may change something, but intervals.icu was connected for reading only.
    pub(super) fn lacks_consent(&self) -> bool {
        !self.shut.is_empty() && self.open.is_empty()
    }

    /// Whether intervals.icu lets a part of that be changed, and a part only be read.
    pub(super) fn lacks_a_part(&self) -> bool {
        !self.shut.is_empty() && !self.open.is_empty()
    }

    /// Whether intervals.icu asks the athlete, too, when changes are switched on.
    pub(super) fn asks_intervals(&self) -> bool {
        !self.missing.is_empty()
    }

    /// Whether that part is one thing, for the verb.
    pub(super) fn shuts_one(&self) -> bool {
        matches!(self.shut.as_slice(), [Area::Wellness | Area::Calendar])
    }

    /// What the athlete's own connector can do with a group of tools.
    pub(super) fn of_group(&self, offered: &Offered) -> &'static str {
        let changes = offered.tools.iter().filter(|tool| tool.access == Access::Write);
        let needed = areas_of(changes.copied());
        if needed.is_empty() || self.is_forbidden() {
            "reads"
        } else if !self.is_on() {
            "reads, and changes once that is switched on"
        } else if needed.iter().any(|area| self.missing.contains(area)) {
            "reads; intervals.icu is connected for reading only"
        } else {
            "reads and changes"
        }
    }

    /// What can be changed, in words.
    pub(super) fn open(&self) -> String {
        in_words(&self.open)
    }

    /// What can only be read, in words.
    pub(super) fn shut(&self) -> String {
        in_words(&self.shut)
    }
}

/// The tools that change something.
fn writes() -> impl Iterator<Item = &'static Permission> {
    let all = permissions::ALL.iter().copied();
    all.filter(|tool| tool.access == Access::Write)
}

/// What these tools need, each once.
pub(super) fn areas_of<'a>(tools: impl Iterator<Item = &'a Permission>) -> Vec<Area> {
    let needed: Vec<Area> = tools.flat_map(|tool| tool.needs.iter().copied()).collect();
    let mut areas = Area::ALL.to_vec();
    areas.retain(|area| needed.contains(area));
    areas
}

/// `calendar`, `activities and wellness`, `activities, wellness and settings`.
pub(super) fn in_words(areas: &[Area]) -> String {
    match areas {
        [] => String::new(),
        [one] => one.word().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(|area| area.word()).collect();
            format!("{} and {}", first.join(", "), last.word())
        }
    }
}

/// Whether these are all areas that everybody is asked to let tools change.
pub(super) fn is_everything(areas: &[Area]) -> bool {
    Area::OF_EVERYBODY.iter().all(|area| areas.contains(area))
}

/// What tools change and the connection, if it is in use, does not let them.
pub(super) fn reads_only(connection: &Connection) -> Vec<Area> {
    if connection.status != ConnectionStatus::Connected {
        return Vec::new();
    }
    let scopes = scopes_of(connection.kind, &connection.scopes);
    let mut areas = areas_of(writes());
    // Who never shared the library lacks nothing.
    let is_asked = |area: &Area| Area::OF_EVERYBODY.contains(area) || scopes.reads(*area);
    areas.retain(|area| !scopes.writes(*area) && is_asked(area));
    areas
}

/// The tools of a grant, if the grant counts.
fn tools_of(grant: &Grant, now: DateTime<Utc>) -> impl Iterator<Item = &'static Permission> {
    let counts = grant.is_shown && GrantState::of(grant, now).is_awake();
    let tools = grant.tools.iter().filter_map(|name| permissions::by_name(name));
    tools.filter(move |_| counts)
}

/// The tools of a grant that change something, if the grant counts.
fn changes_of(grant: &Grant, now: DateTime<Utc>) -> Vec<&'static Permission> {
    tools_of(grant, now)
        .filter(|tool| tool.access == Access::Write)
        .collect()
}

/// Whether a grant holds a tool of this group, and counts.
pub(super) fn may_use(grant: &Grant, group: Group, now: DateTime<Utc>) -> bool {
    tools_of(grant, now).any(|tool| tool.group == group)
}

/// What the athlete chose in a form that connects; None if it had no such choice.
pub(super) fn chosen(fields: &mut Fields) -> Option<bool> {
    let asked = fields.optional(CHOICE).is_some();
    let ticked = fields.optional(MAY_WRITE).is_some();
    asked.then_some(ticked)
}

/// Whether the athlete's own connector may change something, or a coach: then intervals.icu is to be asked for it.
pub(super) async fn wanted(app: &App, account: AccountId, grants: &[Grant]) -> sqlx::Result<bool> {
    let link = queries::connectors::of_account(&app.pool, account).await?;
    let writing = Writing::of(link.as_ref(), true, grants, None, app.clock.now());
    Ok(writing.is_on() || writing.is_granted())
}

/// Whether intervals.icu has to be asked before the connector can change anything: it was connected for reading only.
fn asks_first(connection: &Connection) -> bool {
    connection.kind == ConnectionKind::OAuth && !reads_only(connection).is_empty()
}

/// `POST /link/writing`: whether the athlete's connector may change something. It takes effect at the next call, on every
/// instance. Where intervals.icu was connected for reading only, it leads there first: the switch goes on with that consent.
pub(crate) async fn choose(
    State(app): State<App>,
    signed: Signed,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let may = match fields.take(MAY_WRITE)?.as_str() {
        "on" => true,
        "off" => false,
        _ => return Err(Problem::BadForm),
    };
    let account = signed.0.account;
    if may && !signed.0.writes {
        return Ok(Redirect::to("/connector").into_response());
    }
    if may && let Some(first) = factor::asked(&app, &signed.0, NextPage::Connector).await? {
        return Ok(first);
    }
    let connection = queries::connections::of_account(&app.pool, account).await?;
    if may && app.config.offers_oauth() && connection.as_ref().is_some_and(asks_first) {
        let wanted = ask::wanted(&app, account, true).await?;
        let begun = connections::begun(ConsentPurpose::Connect, Some(true), NextPage::Dashboard);
        return ask::go(&app, Bound::Session(signed.0.hash), &begun, wanted).await;
    }
    queries::connectors::set_may_write(&app.pool, account, Some(may)).await?;
    let link = queries::connectors::of_account(&app.pool, account).await?;
    let writing = Writing::of(link.as_ref(), true, &[], connection.as_ref(), app.clock.now());
    let done = match may {
        false => Done::WritingOff,
        true if writing.lacks_consent() => Done::WritingLacksConsent,
        true if writing.lacks_a_part() => Done::WritingLacksAPart,
        true => Done::WritingOn,
    };
    Ok(done.answer())
}
