//! A coach's roster: which athletes grant what right now, which of them a call is about, and the way to one athlete's data.
//!
//! [`Roster`] has private fields and is built only here. No tool logic and no HTTP. What a grant gives once it is opened is
//! in [`super::grant`], how grants come and go in [`super::coaches`].

mod find;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Duration, Utc};
use tokio::time::Instant;

use self::find::{Meant, find};
use super::{
    Ask, Caller, Member,
    connection::{self, away},
    grant,
    link::Visitor,
    touched::{Touch, Touched},
};
use crate::{
    app::App,
    ids::GrantId,
    permissions::{Access, Permission},
    queries::{
        grants, in_time,
        links::{self, Selection},
    },
    secrets::TokenHash,
    tool_error::ToolError,
};

/// A selection lapses so long after its last use.
pub(crate) const SELECTED_FOR: Duration = Duration::minutes(60);
/// How often a selection that is used is written anew.
const RENEWED_EVERY: Duration = Duration::minutes(1);
/// Up to so many athletes are named in an error; of more it says how many there are.
const NAMED: usize = 10;

/// How it came about for whom a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The call names the athlete.
    Named,
    /// There is only this one on the roster.
    Only,
    /// The athlete was selected earlier through this connector.
    Selected,
}

/// Everything that a tool of the whole roster may know and do: a coach, the athletes, and the way to each one's data.
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
    opened: Mutex<HashMap<GrantId, Ask>>,
}

impl Roster {
    /// The roster of the coach who comes as `visitor`, as it stands now, for one call that ends at `deadline`. Whom the
    /// call touches is noted in `touched`.
    pub async fn of(
        app: &App,
        visitor: &Visitor,
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
        let rows = in_time(grants::roster_of(&app.pool, *coach, now));
        let selection = in_time(links::selection(&app.pool, hash));
        let (rows, selection) = tokio::try_join!(rows, selection).map_err(|error| away(&error))?;
        let mut all: Vec<Member> = rows.into_iter().map(|row| Member::of(row, now)).collect();
        all.sort_by(|a, b| {
            (a.words(), a.athlete_id(), a.grant()).cmp(&(b.words(), b.athlete_id(), b.grant()))
        });
        let (sleeping, members): (Vec<Member>, Vec<Member>) = all.into_iter().partition(Member::asleep);
        let live = |selection: &Selection| {
            // A selection from the future was made before the clock was set back.
            (Duration::zero()..SELECTED_FOR).contains(&(now - selection.at))
                && members.iter().any(|member| member.grant() == selection.grant_id)
        };
        Ok(Self {
            app: app.clone(),
            email,
            hash,
            selection: selection.filter(live),
            members,
            sleeping,
            now,
            deadline,
            touched: touched.clone(),
            opened: Mutex::default(),
            caller,
        })
    }

    /// The coach's address.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The moment of the call.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// When the call ends, whatever it has by then.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The athletes who can be asked about, by name, then by id.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The athletes whose grant sleeps, in the same order.
    pub fn sleeping(&self) -> &[Member] {
        &self.sleeping
    }

    /// The athlete selected through this connector, and for how long yet unless the selection is used.
    pub fn selected(&self) -> Option<(&Member, Duration)> {
        let selection = self.selection?;
        let member = self
            .members
            .iter()
            .find(|member| member.grant() == selection.grant_id)?;
        Some((member, SELECTED_FOR - (self.now - selection.at)))
    }

    /// Where athletes look after what they grant.
    pub fn dashboard(&self) -> String {
        self.app.config.dashboard_url()
    }

    /// The member whom `text` names. An id of intervals.icu in it decides, whatever anybody is called; without one it is
    /// words of a name, whatever their case and accents. What fits several, or an id beside somebody else's name, is refused
    /// with the candidates; unknown, ended, expired and sleeping are one answer, which does not repeat the text.
    pub fn find(&self, text: &str) -> Result<&Member, ToolError> {
        if self.members.is_empty() {
            return Err(self.nobody());
        }
        match find(&self.members, text) {
            Meant::One(member) => Ok(member),
            Meant::Nobody => Err(ToolError::Refused(
                "Not done: nobody of this name or id is on your roster. list_athletes names everybody who is.".to_owned(),
            )),
            Meant::Several(hits) => Err(ToolError::Input(format!(
                "Not done: several athletes on your roster fit. Name one by id: {}.",
                some(&hits)
            ))),
            Meant::AtOdds(hits) => Err(ToolError::Input(format!(
                "Not done: the id and the name that were passed do not belong together. Name one by id alone: {}.",
                some(&hits)
            ))),
        }
    }

    /// For whom a call is: the athlete whom `argument` names, else the only one on the roster, else, for what only looks,
    /// the one selected last through this connector.
    pub fn whom(&self, argument: Option<&str>, access: Access) -> Result<(&Member, How), ToolError> {
        if let Some(text) = argument.map(str::trim).filter(|text| !text.is_empty()) {
            return Ok((self.find(text)?, How::Named));
        }
        match (&self.members[..], self.selected(), access) {
            ([], _, _) => Err(self.nobody()),
            ([only], _, _) => Ok((only, How::Only)),
            (_, Some((member, _)), Access::Read) => Ok((member, How::Selected)),
            (members, _, Access::Read) => Err(ToolError::Input(format!(
                "Not done: say for whom. Pass athlete, or select somebody with select_athlete first. {}",
                whom_there_is(members)
            ))),
            (members, _, Access::Write) => Err(ToolError::Input(format!(
                "Not done: a change names its athlete, because another chat may have selected somebody else through this \
                 connector. Pass athlete. {}",
                whom_there_is(members)
            ))),
        }
    }

    /// Selects an athlete for later calls through this connector that name none.
    pub async fn select(&self, member: &Member) -> Result<(), ToolError> {
        self.touch(member, |_| ());
        let done = in_time(links::select(&self.app.pool, self.hash, member.grant(), self.now)).await;
        if done.map_err(|error| away(&error))? {
            Ok(())
        } else {
            // The grant or the URL ended a moment ago; the last look says which.
            Err(ToolError::Refused("Not done: nobody was selected.".to_owned()))
        }
    }

    /// Notes that the selection was used, at most once a minute. A note that cannot be written costs nobody an answer.
    pub async fn renew_selection(&self) {
        let Some(selection) = self
            .selection
            .filter(|selection| self.now - selection.at >= RENEWED_EVERY)
        else {
            return;
        };
        let grant = selection.grant_id;
        let done = in_time(links::use_selection(&self.app.pool, self.hash, grant, self.now)).await;
        if let Err(error) = done {
            tracing::warn!(%error, "cannot renew a selection");
        }
    }

    /// Opens the right to use `tool` for this athlete, or says who must do what first. Several athletes can be opened at
    /// once. A further tool of an athlete who is open already costs no query.
    pub async fn open(&self, member: &Member, tool: &'static Permission) -> Result<Ask, ToolError> {
        if !member.grants(tool) {
            self.touch(member, |_| ());
            return Err(self.ungranted(member, tool));
        }
        // All of them, not only the one that is called: what an answer holds beside its own follows them too.
        self.touch(member, |touch| {
            touch.tools = member.tools().iter().map(|tool| tool.name).collect();
        });
        if let Some(open) = self.open_already(member.grant()) {
            grant::needs(&self.app, tool, &open.card.scopes)?;
            return Ok(open);
        }
        let (ask, opened) = grant::open(&self.app, &self.caller, Some(member), tool, self.deadline).await?;
        self.touch(member, |touch| touch.opened.push(opened));
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.insert(member.grant(), ask.clone());
        Ok(ask)
    }

    fn open_already(&self, grant: GrantId) -> Option<Ask> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.get(&grant).cloned()
    }

    /// What to say of an error that asking for this athlete brought: one that means a refused connection is looked into, as
    /// for every call; the others stay as they are.
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
            "{} has not granted {} to {}. {name} can change that under Coaches on {}. What you may use for {name}: \
             {granted}.",
            member.with_id(),
            tool.name,
            self.email,
            self.dashboard()
        ))
    }

    /// For a coach on whose roster nobody is.
    fn nobody(&self) -> ToolError {
        let asleep = if self.sleeping.is_empty() {
            ""
        } else {
            " What some granted sleeps: list_athletes names them, and says why."
        };
        ToolError::Refused(format!(
            "Not done: nobody is on your roster at the moment. An athlete can invite {} under Coaches on {}; this connector \
             then covers that athlete too, without a change here.{asleep}",
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

fn whom_there_is(members: &[Member]) -> String {
    if members.len() > NAMED {
        return format!(
            "There are {} athletes on your roster; list_athletes names them.",
            members.len()
        );
    }
    let members: Vec<&Member> = members.iter().collect();
    format!("On your roster: {}.", some(&members))
}

/// Names with ids, of too many only the first.
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
