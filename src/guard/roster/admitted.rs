//! Whom of the athletes that grant a coach something the policy leaves on the roster of a call.
//!
//! Where that depends on what the outside provider says of an athlete, it is asked again when that is too old: before a call about
//! one athlete, about this one; before a call about many, about as many as there is time for. For the others what it said last counts,
//! as long as that holds.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

use super::find::{Meant, find};
use crate::{
    app::App,
    guard::{Member, connection::away, policy},
    ids::GrantId,
    policy::Policy,
    queries::callers::Granted,
    tool_error::ToolError,
};

/// About how many athletes the provider is asked at the same time.
const AT_ONCE: usize = 4;
/// How long a call waits for what it says of many athletes, and of the one whom the call is about.
const FOR_MANY: Duration = Duration::from_secs(3);
const FOR_ONE: Duration = Duration::from_secs(12);

/// Whom a call is about.
#[derive(Debug, Clone)]
pub enum About {
    /// Everyone on the roster.
    Everyone,
    /// Those whom these texts name.
    Named(Vec<String>),
    /// The only athlete, or the selected one.
    Unnamed,
}

/// An athlete who grants the coach something.
struct Candidate<'f> {
    granted: &'f Granted,
    member: Member,
    is_on: bool,
    /// Whether the provider may say otherwise now.
    is_due: bool,
}

/// Those who are on the roster. `selected` is the athlete whom a call means that names none.
pub(super) async fn admitted<'f>(
    app: &App,
    policy: &Policy,
    granted: &'f [Granted],
    (about, selected): (&About, Option<GrantId>),
    now: DateTime<Utc>,
) -> Result<Vec<(&'f Granted, Member)>, ToolError> {
    let mut all: Vec<Candidate<'_>> = granted
        .iter()
        .map(|granted| Candidate {
            granted,
            member: Member::of(granted.member.clone(), now),
            is_on: policy::is_on_roster(app, policy, &granted.facts),
            is_due: policy::must_ask_first(app, policy, &granted.facts),
        })
        .collect();
    loop {
        // Somebody who is off now leaves the name to another.
        let due = due(&all, about, selected);
        if due.is_empty() {
            break;
        }
        ask(app, policy, &mut all, &due).await?;
    }
    let on = all.into_iter().filter(|candidate| candidate.is_on);
    Ok(on
        .map(|candidate| (candidate.granted, candidate.member))
        .collect())
}

/// About whom the provider is to be asked before the call: first those whom it would bring back, then by the age of what it said.
fn due(all: &[Candidate<'_>], about: &About, selected: Option<GrantId>) -> Vec<usize> {
    let mut due: Vec<usize> = (0..all.len()).filter(|at| all[*at].is_due).collect();
    if due.is_empty() {
        return due;
    }
    let awake: Vec<Member> = all
        .iter()
        .filter(|candidate| (candidate.is_on || candidate.is_due) && !candidate.member.asleep())
        .map(|candidate| candidate.member.clone())
        .collect();
    let selected = selected.filter(|grant| awake.len() > 1 && awake.iter().any(|one| one.grant() == *grant));
    let meant: Option<Vec<GrantId>> = match (about, selected) {
        (About::Named(texts), _) => Some(texts.iter().flat_map(|text| grants(&awake, text)).collect()),
        (About::Unnamed, Some(selected)) => Some(vec![selected]),
        (About::Unnamed | About::Everyone, _) => None,
    };
    if let Some(meant) = meant {
        due.retain(|at| meant.contains(&all[*at].member.grant()));
    }
    due.sort_by_key(|at| {
        let identity = all[*at].granted.facts.identity.as_ref();
        (all[*at].is_on, identity.and_then(|identity| identity.claims_at))
    });
    due
}

/// The grants of those whom a text may mean.
fn grants(members: &[Member], text: &str) -> Vec<GrantId> {
    let meant = match find(members, text) {
        Meant::Nobody => Vec::new(),
        Meant::One(member) => vec![member],
        Meant::Several(members) | Meant::AtOdds(members) => members,
    };
    meant.into_iter().map(Member::grant).collect()
}

/// Asks the provider about these; each is asked about once, whether the answer comes in time or not. No transaction is open.
async fn ask(app: &App, policy: &Policy, all: &mut [Candidate<'_>], due: &[usize]) -> Result<(), ToolError> {
    let mut asks = Vec::with_capacity(due.len());
    for at in due {
        all[*at].is_due = false;
        asks.push(asked(app, policy, *at, all[*at].granted));
    }
    let until = Instant::now() + if due.len() == 1 { FOR_ONE } else { FOR_MANY };
    let mut answers = std::pin::pin!(stream::iter(asks).buffer_unordered(AT_ONCE));
    while let Ok(Some((at, is_on))) = timeout_at(until, answers.next()).await {
        all[at].is_on = is_on.map_err(|error| away(&error))?;
    }
    Ok(())
}

async fn asked(app: &App, policy: &Policy, at: usize, granted: &Granted) -> (usize, sqlx::Result<bool>) {
    let is_on = policy::is_on_roster_now(app, policy, &granted.facts).await;
    (at, is_on)
}
