//! A coach's roster: what each athlete grants right now, which athlete a call is about, and access to that athlete's data.
//!
//! [`Roster`] has private fields and is built only here. No tool logic and no HTTP. What an opened grant allows is in
//! [`super::grant`], how grants begin and end in [`super::coaches`].

mod admitted;
mod find;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Duration, Utc};
use tokio::time::Instant;

pub(crate) use self::admitted::About;
use self::{
    admitted::admitted,
    find::{Meant, find},
};
use super::{
    Ask, Caller, Member,
    connection::{self, away},
    grant,
    link::{self, Known, Visitor},
    policy,
    touched::{Touch, Touched},
};
use crate::{
    app::App,
    ids::GrantId,
    permissions::{Access, Permission},
    queries::{
        callers::Owner,
        connections::{self as stored, Connection},
        connectors::{self, Selection},
        in_time,
    },
    secrets::TokenHash,
    text::names,
    tool_error::ToolError,
};

/// A selection lapses this long after its last use.
pub(crate) const SELECTED_FOR: Duration = Duration::minutes(60);
/// How often the use of a selection is written.
const RENEWED_EVERY: Duration = Duration::minutes(1);
/// An error names up to this many athletes, and counts the rest.
const NAMED: usize = 10;

/// The athlete of this grant, if it works now, with the connection. `None` if it does not, or the policy keeps the athlete off the
/// roster.
pub(super) async fn member_of(
    app: &App,
    known: &Known,
    grant: GrantId,
) -> Result<Option<(Member, Connection)>, ToolError> {
    let Some(Owner::Coach { roster, .. }) = &known.found.owner else {
        return Ok(None);
    };
    let Some(granted) = roster.iter().find(|granted| granted.member.grant_id == grant) else {
        return Ok(None);
    };
    let is_on = if policy::must_ask_first(app, &known.policy, &granted.facts) {
        let is_on = policy::is_on_roster_now(app, &known.policy, &granted.facts).await;
        is_on.map_err(|error| away(&error))?
    } else {
        policy::is_on_roster(app, &known.policy, &granted.facts)
    };
    let member = Member::of(granted.member.clone(), app.clock.now());
    let works = is_on && !member.asleep();
    Ok(works.then(|| (member, granted.connection.clone())))
}

/// How the athlete of a call was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The call names the athlete.
    Named,
    /// The only athlete on the roster.
    Only,
    /// The athlete was selected earlier through this connector.
    Selected,
}

/// Everything that a tool about the whole roster may know and do: the coach, the athletes, and access to each one's data.
pub struct Roster {
    app: App,
    caller: Caller,
    email: String,
    hash: TokenHash,
    members: Vec<Member>,
    sleeping: Vec<Member>,
    selection: Option<Selection>,
    now: DateTime<Utc>,
    deadline: Instant,
    touched: Touched,
    /// Whose call it is, and since when what was found counts.
    visitor: Visitor,
    /// The athletes' connections as they stood when the call began.
    connections: HashMap<GrantId, Connection>,
    opened: Mutex<HashMap<GrantId, Ask>>,
}

impl Roster {
    /// The current roster of the coach who calls as `visitor`, for one call about `about` that ends at `deadline`. The athletes
    /// whom the call touches are noted in `touched`.
    pub async fn of(
        app: &App,
        visitor: &Visitor,
        about: &About,
        deadline: Instant,
        touched: &Touched,
    ) -> Result<Self, ToolError> {
        let caller = visitor.caller.clone();
        let Caller::Coach { coach, email, .. } = &caller else {
            tracing::error!(link = %visitor.link(), "an athlete's link has no roster");
            return Err(ToolError::Ours(
                "Not done: this connector has no roster.".to_owned(),
            ));
        };
        let (now, hash, email) = (app.clock.now(), visitor.hash(), email.clone());
        let Some(Known { found, policy }) = visitor.known(app).await? else {
            return Err(link::ended());
        };
        let Some(Owner::Coach {
            id,
            roster,
            selection,
            ..
        }) = &found.owner
        else {
            return Err(link::ended());
        };
        if id != coach {
            tracing::error!(link = %visitor.link(), "a roster of another coach");
            return Err(connection::unreachable());
        }
        // A selection from the future was made before the clock was set back.
        let selection =
            (*selection).filter(|selection| (Duration::zero()..SELECTED_FOR).contains(&(now - selection.at)));
        let selected = selection.map(|selection| selection.grant_id);
        let on = admitted(app, &policy, roster, (about, selected), now).await?;
        let connections = on
            .iter()
            .map(|(granted, member)| (member.grant(), granted.connection.clone()));
        let connections: HashMap<GrantId, Connection> = connections.collect();
        let mut all: Vec<Member> = on.into_iter().map(|(_, member)| member).collect();
        all.sort_by(|a, b| {
            (a.words(), a.athlete_id(), a.grant()).cmp(&(b.words(), b.athlete_id(), b.grant()))
        });
        let (sleeping, members): (Vec<Member>, Vec<Member>) = all.into_iter().partition(Member::asleep);
        let is_on = |selection: &Selection| members.iter().any(|member| member.grant() == selection.grant_id);
        Ok(Self {
            app: app.clone(),
            email,
            hash,
            selection: selection.filter(is_on),
            members,
            sleeping,
            now,
            deadline,
            touched: touched.clone(),
            visitor: visitor.clone(),
            connections,
            opened: Mutex::default(),
            caller,
        })
    }

    /// The coach's address.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// When the call began.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// When the call ends, finished or not.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The athletes whose grants work now, by name, then by id.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The athletes whose grants are paused, in the same order.
    pub fn sleeping(&self) -> &[Member] {
        &self.sleeping
    }

    /// The athlete selected through this connector, and the time until the selection lapses if it is not used.
    pub fn selected(&self) -> Option<(&Member, Duration)> {
        let selection = self.selection?;
        let member = self
            .members
            .iter()
            .find(|member| member.grant() == selection.grant_id)?;
        Some((member, SELECTED_FOR - (self.now - selection.at)))
    }

    /// Where athletes manage their grants.
    pub fn dashboard(&self) -> String {
        self.app.config.dashboard_url()
    }

    /// The member whom `text` names. An intervals.icu id in it decides, whatever the members' names; without one its words are
    /// matched with names, ignoring case and accents. Several matches, or an id with another member's name, are refused with the
    /// candidates. Unknown, ended, expired and paused get one answer, which does not repeat the text.
    pub fn find(&self, text: &str) -> Result<&Member, ToolError> {
        if self.members.is_empty() {
            return Err(self.nobody());
        }
        match find(&self.members, text) {
            Meant::One(member) => Ok(member),
            Meant::Nobody => Err(ToolError::Refused(
                "Not done: no athlete on your roster has this name or id. list_athletes names everyone on it.".to_owned(),
            )),
            Meant::Several(members) => Err(ToolError::Input(format!(
                "Not done: several athletes on your roster match. Name one by id: {}.",
                some(&members)
            ))),
            Meant::AtOdds(members) => Err(ToolError::Input(format!(
                "Not done: the id and the name do not belong together. Name one athlete by id alone: {}.",
                some(&members)
            ))),
        }
    }

    /// The athlete whom a call is about: the one that `argument` names, else the only one on the roster, else, for a
    /// read, the one last selected through this connector.
    pub fn whom(&self, argument: Option<&str>, access: Access) -> Result<(&Member, How), ToolError> {
        if let Some(text) = argument.map(str::trim).filter(|text| !text.is_empty()) {
            return Ok((self.find(text)?, How::Named));
        }
        match (&self.members[..], self.selected(), access) {
            ([], _, _) => Err(self.nobody()),
            ([only], _, _) => Ok((only, How::Only)),
            (_, Some((member, _)), Access::Read) => Ok((member, How::Selected)),
            (members, _, Access::Read) => Err(ToolError::Input(format!(
                "Not done: this call names no athlete. Pass athlete, or select one with select_athlete first. {}",
                who_is_on(members)
            ))),
            (members, _, Access::Write) => Err(ToolError::Input(format!(
                "Not done: a change must name its athlete, because another chat may have selected someone else through this \
                 connector. Pass athlete. {}",
                who_is_on(members)
            ))),
        }
    }

    /// Selects the athlete that later reads through this connector are about when they name none.
    pub async fn select(&self, member: &Member) -> Result<(), ToolError> {
        self.touch(member, |_| ());
        let done = in_time(connectors::select(
            &self.app.pool,
            self.hash,
            member.grant(),
            self.now,
        ))
        .await;
        if done.map_err(|error| away(&error))? {
            Ok(())
        } else {
            Err(ToolError::Refused(format!(
                "Not done: the grant of {} or this connector ended a moment ago. list_athletes says who is on your roster.",
                member.with_id()
            )))
        }
    }

    /// Notes that the selection was used, at most once a minute. A failure to write this does not fail the call.
    pub async fn renew_selection(&self) {
        let Some(selection) = self
            .selection
            .filter(|selection| self.now - selection.at >= RENEWED_EVERY)
        else {
            return;
        };
        let grant = selection.grant_id;
        let done = in_time(connectors::use_selection(
            &self.app.pool,
            self.hash,
            grant,
            self.now,
        ))
        .await;
        if let Err(error) = done {
            tracing::warn!(%error, "cannot renew a selection");
        }
    }

    /// Opens the right to use `tool` for this athlete, or says who must do what first. Several athletes can be opened
    /// at the same time. Another tool for an athlete who is already open costs no query.
    pub async fn open(&self, member: &Member, tool: &'static Permission) -> Result<Ask, ToolError> {
        if tool.is_granted() && !member.grants(tool) {
            self.touch(member, |_| ());
            return Err(self.ungranted(member, tool));
        }
        // All of them, not only the one that is called: they also decide what else its answer may show.
        self.touch(member, |touch| {
            touch.tools = member.tools().iter().map(|tool| tool.name).collect();
        });
        if let Some(open) = self.open_already(member.grant()) {
            grant::needs(&self.app, tool, &open.card.scopes)?;
            return Ok(open);
        }
        let row = if self.visitor.must_look_again() {
            let row = in_time(stored::of_account(&self.app.pool, member.account())).await;
            row.map_err(|error| away(&error))?
        } else {
            self.connections.get(&member.grant()).cloned()
        };
        let (ask, opened) =
            grant::open(&self.app, &self.caller, row, Some(member), tool, self.deadline).await?;
        self.touch(member, |touch| touch.opened.push(opened));
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.insert(member.grant(), ask.clone());
        Ok(ask)
    }

    /// The member's name with the id, the newest known: opening a member's data can read a new name.
    pub(crate) fn called(&self, member: &Member) -> String {
        self.open_already(member.grant()).map_or_else(
            || member.with_id().to_owned(),
            |ask| names::with_id(&ask.card.name, member.athlete_id()),
        )
    }

    fn open_already(&self, grant: GrantId) -> Option<Ask> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.get(&grant).cloned()
    }

    /// The error to answer with when a request for this athlete failed with `error`. If it means a refused connection,
    /// the refusal is checked, as in every call; other errors stay as they are.
    pub async fn looked_into(&self, member: &Member, error: ToolError) -> ToolError {
        if !matches!(error, ToolError::Reconnect(_)) || self.open_already(member.grant()).is_none() {
            return error;
        }
        self.touch(member, |touch| touch.lost = true);
        connection::refused(&self.app, member.account()).await
    }

    fn touch(&self, member: &Member, change: impl FnOnce(&mut Touch)) {
        let fresh = Touch {
            athlete: member.athlete_id().to_owned(),
            name: member.with_id().to_owned(),
            grant: Some(member.grant()),
            is_first_use: member.never_used(),
            ..Touch::of(member.account())
        };
        self.touched.note(fresh, change);
    }

    fn ungranted(&self, member: &Member, tool: &Permission) -> ToolError {
        let name = member.name();
        let granted: Vec<&str> = member.tools().iter().map(|tool| tool.name).collect();
        let granted = if granted.is_empty() {
            "nothing".to_owned()
        } else {
            granted.join(", ")
        };
        ToolError::Refused(format!(
            "{} has not granted {} to {}. {name} can change that under Coaches on {}. {name} granted you: \
             {granted}.",
            member.with_id(),
            tool.name,
            self.email,
            self.dashboard()
        ))
    }

    /// For a coach whose roster is empty.
    fn nobody(&self) -> ToolError {
        let asleep = if self.sleeping.is_empty() {
            ""
        } else {
            " Some athletes' grants are paused: list_athletes names these athletes and says why."
        };
        ToolError::Refused(format!(
            "Not done: no athlete is on your roster now. An athlete can invite {} under Coaches on {}; this connector then \
             covers that athlete without any change here.{asleep}",
            self.email,
            self.dashboard()
        ))
    }
}

impl std::fmt::Debug for Roster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Roster({})", self.caller.link())
    }
}

fn who_is_on(members: &[Member]) -> String {
    if members.len() > NAMED {
        return format!(
            "There are {} athletes on your roster; list_athletes names them.",
            members.len()
        );
    }
    let members: Vec<&Member> = members.iter().collect();
    format!("On your roster: {}.", some(&members))
}

/// Names with ids, at most [`NAMED`] of them.
fn some(members: &[&Member]) -> String {
    let named: Vec<&str> = members
        .iter()
        .take(NAMED)
        .map(|member| member.with_id())
        .collect();
    let more = match members.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", named.join(", "))
}
