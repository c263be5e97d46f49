//! The coaches that the athlete invited: what each may do and who used it last, and the buttons that revoke it.
//!
//! [`crate::guard`] knows what a grant allows at a call, and which email goes with a change.

pub(crate) mod grant;
pub(crate) mod invite;
mod note;
mod terms;

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sha2::{Digest as _, Sha256};

use super::{
    Frame, FromNetwork, Signed,
    done::{Done, JustDone},
    frame::page,
    when,
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        coaches::{self, GrantState, Grantor},
        log_buffer,
        session::Session,
    },
    ids::{AccountId, GrantId},
    mail::{Kind, Says, Why, outbox::Queued},
    permissions::{self, Access, Group},
    queries::{self, connections::Connection, grants::Grant, jobs::Delivery},
    words::{ConnectionStatus, Failure, JobState},
};

/// A grant as a card shows it.
pub(super) struct Card {
    /// The grant.
    pub(super) id: GrantId,
    /// The coach's address.
    pub(super) coach: String,
    /// The athlete who granted it, with the id; none while the account shows that athlete.
    pub(super) granted_as: Option<String>,
    /// Its state.
    pub(super) state: GrantState,
    /// What is granted, group by group.
    pub(super) tools: Vec<String>,
    /// The last day, in words.
    pub(super) until: Option<String>,
    /// When the athlete last sent the invite.
    pub(super) invited: String,
    /// When the coach last used it.
    pub(super) used: Option<String>,
    /// The client that last used it.
    pub(super) client: Option<String>,
    /// The athlete's note.
    pub(super) note: String,
    /// Why our emails do not reach the coach.
    pub(super) trouble: Option<String>,
}

impl Card {
    fn of(grant: Grant, trouble: Option<String>, zone: Tz, now: DateTime<Utc>) -> Self {
        Self {
            state: GrantState::of(&grant, now),
            id: grant.id,
            granted_as: (!grant.is_shown).then(|| format!("{} ({})", grant.athlete_name, grant.athlete_id)),
            coach: grant.coach_email,
            tools: in_words(&grant.tools),
            until: coaches::until(grant.expires_at, zone),
            invited: when::ago(now, grant.invited_at),
            used: grant.last_used_at.map(|at| when::ago(now, at)),
            client: grant.last_client.filter(|client| !client.is_empty()),
            note: grant.note,
            trouble,
        }
    }

    /// Whether it is an invite that has not been used.
    pub(super) fn is_invite(&self) -> bool {
        matches!(self.state, GrantState::Waiting | GrantState::Asleep)
    }

    /// Whether its last day is over.
    pub(super) fn is_over(&self) -> bool {
        self.state == GrantState::Expired
    }

    /// Whether another athlete granted it than the one that the account shows.
    pub(super) fn is_replaced(&self) -> bool {
        self.granted_as.is_some()
    }

    /// Its state, in words.
    pub(super) fn word(&self) -> &'static str {
        match self.state {
            GrantState::Waiting => "Not used yet",
            GrantState::InUse => "In use",
            GrantState::Asleep => "Asleep",
            GrantState::Expired => "Expired",
            GrantState::Replaced => "Another athlete’s",
        }
    }

    /// The class of the state's badge.
    pub(super) fn class(&self) -> &'static str {
        match self.state {
            GrantState::InUse => "good",
            GrantState::Asleep | GrantState::Replaced => "warn",
            GrantState::Waiting | GrantState::Expired => "",
        }
    }
}

/// These tools, group by group, in the order of the catalogue: `Training`, `1 of 2 fitness tools`, `Calendar, and may change it`. Names unknown to this
/// version are left out, because no coach can use them.
fn in_words(tools: &[String]) -> Vec<String> {
    let mut groups: Vec<Group> = Vec::new();
    for tool in permissions::ALL.iter().copied() {
        if !groups.contains(&tool.group) {
            groups.push(tool.group);
        }
    }
    let count = |group: Group, access: Option<Access>, granted: bool| {
        permissions::ALL
            .iter()
            .filter(|tool| tool.group == group && access.is_none_or(|access| tool.access == access))
            .filter(|tool| !granted || tools.iter().any(|name| name == tool.name))
            .count()
    };
    let words = groups.into_iter().filter_map(|group| {
        let (some, all) = (count(group, None, true), count(group, None, false));
        let (changes, all_changes) = (
            count(group, Some(Access::Write), true),
            count(group, Some(Access::Write), false),
        );
        let text = match some {
            0 => return None,
            _ if some == all || changes == 0 && some == all - all_changes => group.title().to_owned(),
            _ => format!("{some} of {all} {} tools", group.word()),
        };
        Some(match (all_changes, changes) {
            (0, _) => text,
            (_, 0) => format!("{text}, reading only"),
            _ if some == all && group == Group::Profile => format!("{text}, and may change them"),
            _ if some == all => format!("{text}, and may change it"),
            (_, 1) => format!("{text}, 1 of which changes something"),
            (_, changes) => format!("{text}, {changes} of which change something"),
        })
    });
    words.collect()
}

/// Why the newest email to someone did not arrive, if it failed, in words that follow "could not be delivered".
pub(super) fn failed(delivery: &Delivery) -> Option<&'static str> {
    if delivery.state != JobState::Failed {
        return None;
    }
    Some(match delivery.failure {
        Some(Failure::RefusedForGood) => "the mail server at that address refuses them",
        Some(Failure::NotDelivered | Failure::TookTooLong) => {
            "for two days no mail server at that address took them, and we have given up"
        }
        _ => "something broke on our side",
    })
}

/// The same for an email to a coach, or that it is late.
fn trouble(delivery: &Delivery) -> Option<String> {
    if let Some(why) = failed(delivery) {
        return Some(format!("Our mails could not be delivered: {why}."));
    }
    let late = delivery.state == JobState::Pending && delivery.failure.is_some();
    late.then(|| "The last mail has not got through yet. We go on trying for two days.".to_owned())
}

/// The grants of an account as cards, in their order.
pub(super) async fn cards(
    app: &App,
    account: AccountId,
    grants: Vec<Grant>,
    zone: Tz,
) -> Result<Vec<Card>, Problem> {
    let now = app.clock.now();
    if grants.is_empty() {
        return Ok(Vec::new());
    }
    let digest = |key: &str| Sha256::digest(key.as_bytes()).to_vec();
    let recipients: Vec<Vec<u8>> = grants
        .iter()
        .map(|grant| digest(&grant.coach_email_key))
        .collect();
    // Only emails that say what is granted: if they arrive, the address works.
    let names = Kind::names(|rule| rule.says == Says::Terms);
    let mails = queries::jobs::newest_mails(&app.pool, account, &names, &recipients).await?;
    let mails: HashMap<Vec<u8>, Delivery> = mails
        .into_iter()
        .map(|mail| (mail.recipient.clone(), mail))
        .collect();
    let card = |grant: Grant| {
        let trouble = mails.get(&digest(&grant.coach_email_key)).and_then(trouble);
        Card::of(grant, trouble, zone, now)
    };
    Ok(grants.into_iter().map(card).collect())
}

/// The athlete as the grantor, from the session and the connection's row.
fn grantor(session: &Session, connection: Option<&Connection>) -> Grantor {
    let name = connection.map(|row| row.athlete_name.clone());
    Grantor {
        account: session.account,
        // Who has no address is asked for one before the first invite.
        email: session.email.clone().unwrap_or_default(),
        athlete_id: connection.map(|row| row.athlete_id.clone()).unwrap_or_default(),
        // Before intervals.icu has been read there is no name.
        athlete: name
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| session.who.clone()),
        zone: zone_of(connection),
    }
}

/// The athlete's time zone; UTC if it is not known.
pub(super) fn zone_of(connection: Option<&Connection>) -> Tz {
    connection
        .and_then(|row| row.zone.as_ref()?.parse().ok())
        .unwrap_or(Tz::UTC)
}

fn is_connected(connection: Option<&Connection>) -> bool {
    connection.is_some_and(|row| row.status == ConnectionStatus::Connected)
}

/// The grant that a path names. Text that is not an id is not found, and neither is another account's grant.
fn named(path: Result<Path<String>, PathRejection>) -> Result<GrantId, Problem> {
    let text = path.map_err(|_| Problem::NotFound)?.0;
    text.parse().map(GrantId).map_err(|_| Problem::NotFound)
}

/// Cards under one heading.
struct Section {
    id: &'static str,
    title: &'static str,
    lead: &'static str,
    cards: Vec<Card>,
}

#[derive(Template)]
#[template(path = "pages/coaches.html")]
struct Coaches {
    frame: Frame,
    done: Option<Done>,
    connected: bool,
    athlete: String,
    sections: Vec<Section>,
}

/// `GET /coaches`, with `?done=` after something was done.
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    JustDone(done): JustDone,
) -> Result<Response, Problem> {
    let account = signed.0.account;
    log_buffer::flush(&app).await;
    let connection = queries::connections::of_account(&app.pool, account).await?;
    let grants = queries::grants::of_account(&app.pool, account).await?;
    let mut cards = cards(&app, account, grants, zone_of(connection.as_ref())).await?;
    let mut section = |id, state, title, lead| {
        let of_state = cards.extract_if(.., |card| card.state == state).collect();
        Section {
            id,
            title,
            lead,
            cards: of_state,
        }
    };
    let mut sections = vec![
        section(
            "waiting",
            GrantState::Waiting,
            "Invited",
            "The coach has not used it yet. After 14 days without use an invite is paused.",
        ),
        section(
            "in-use",
            GrantState::InUse,
            "Coaching you",
            "Every call on your data is in your activity log.",
        ),
        section(
            "asleep",
            GrantState::Asleep,
            "Paused",
            "These were not used for 14 days, so they have no effect. Resend one to resume it.",
        ),
        section(
            "expired",
            GrantState::Expired,
            "Expired",
            "These have expired and have no effect. Edit one to grant it again.",
        ),
        section(
            "another-athletes",
            GrantState::Replaced,
            "Granted by another athlete",
            "These are paused: they give no access to that athlete or to the one who is connected now. They resume when the \
             same athlete is connected here again.",
        ),
    ];
    sections.retain(|section| !section.cards.is_empty());
    page(&Coaches {
        frame: Frame::of(true),
        done,
        connected: is_connected(connection.as_ref()),
        athlete: connection.map(|row| row.athlete_name).unwrap_or_default(),
        sections,
    })
}

/// `POST /coaches/{grant}/revoke`: ends the grant with the commit, on every instance. If it was pressed twice, or the grant
/// was never this athlete's, the answer is that it had ended already.
pub(crate) async fn revoke(
    State(app): State<App>,
    signed: Signed,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = named(path)?;
    let account = signed.0.account;
    let mut transaction = app.pool.begin().await?;
    let Some(grant) = coaches::lock_with_coach(&mut transaction, account, id).await? else {
        return Ok(Done::Gone.answer());
    };
    let done = match GrantState::of(&grant, app.clock.now()) {
        GrantState::Expired => Done::Removed,
        _ if grant.first_used_at.is_none() => Done::Withdrawn,
        _ => Done::Revoked,
    };
    coaches::end(&mut transaction, &app, &grant, Why::Revoked).await?;
    transaction.commit().await?;
    Ok(done.answer())
}

/// `POST /coaches/{grant}/resend`: resends an invite that has not been used.
pub(crate) async fn resend(
    State(app): State<App>,
    signed: Signed,
    client: FromNetwork,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = named(path)?;
    app.limits.attempt(client.0)?;
    let account = signed.0.account;
    let connection = queries::connections::of_account(&app.pool, account).await?;
    if !is_connected(connection.as_ref()) {
        return Ok(Redirect::to("/coaches/invite").into_response());
    }
    let from = grantor(&signed.0, connection.as_ref());
    let mut transaction = app.pool.begin().await?;
    // If the transaction is dropped without a commit, the invite does not count.
    if !coaches::may_invite(&mut transaction, &app, account).await? {
        return Ok(Done::TooManyInvites.answer());
    }
    match coaches::resend(&mut transaction, &app, &from, id).await? {
        Some(Queued::Queued) => {
            transaction.commit().await?;
            Ok(Done::Resent.answer())
        }
        Some(Queued::Capped) => Ok(Done::NotResent.answer()),
        None => {
            let current = queries::grants::one_of_account(&mut *transaction, account, id).await?;
            let done = match current {
                Some(grant) if !grant.is_shown => Done::GrantedByAnother,
                Some(grant) if grant.first_used_at.is_some() => Done::AlreadyUsed,
                _ => Done::Gone,
            };
            Ok(done.answer())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(names: &[&str]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        in_words(&names)
    }

    #[test]
    fn a_grant_is_listed_by_group() {
        assert_eq!(words(&["get_fitness", "get_power_curves"]), ["Fitness and form"]);
        let of = |group: Group| permissions::ALL.iter().filter(move |tool| tool.group == group);
        let reading = |group: Group, text: String| {
            let can_change = of(group).any(|tool| tool.access == Access::Write);
            if can_change {
                format!("{text}, reading only")
            } else {
                text
            }
        };
        let one_of = |group: Group| {
            let text = format!("1 of {} {} tools", of(group).count(), group.word());
            reading(group, text)
        };
        assert_eq!(
            words(&["get_wellness", "get_training_history", "get_fitness"]),
            [
                one_of(Group::Training),
                one_of(Group::Fitness),
                reading(Group::Wellness, "Wellness".to_owned())
            ],
            "in the order of the catalogue"
        );
        assert_eq!(words(&["get_tarot"]), Vec::<String>::new());
        let all: Vec<&str> = permissions::ALL.iter().map(|tool| tool.name).collect();
        assert!(words(&all)[0].starts_with("Profile and zones"));
        assert!(words(&all).iter().all(|text| !text.contains(" of ")));
        assert!(words(&all).contains(&"Calendar, and may change it".to_owned()));
        let calendar = permissions::ALL
            .iter()
            .filter(|tool| tool.group == Group::Calendar)
            .count();
        for (granted, says) in [
            (&["get_events"][..], "Calendar, reading only".to_owned()),
            (
                &["get_events", "push_workout"],
                format!("2 of {calendar} calendar tools, 1 of which changes something"),
            ),
            (
                &["get_events", "edit_workout", "delete_workout"],
                format!("3 of {calendar} calendar tools, 2 of which change something"),
            ),
        ] {
            assert_eq!(words(granted), [says]);
        }
    }

    #[test]
    fn only_a_mail_that_did_not_arrive_is_mentioned() {
        let delivery = |state: JobState, failure: Option<Failure>| Delivery {
            recipient: Vec::new(),
            state,
            failure,
        };
        for (state, failure, says) in [
            (JobState::Done, None, None),
            (JobState::Done, Some(Failure::NotDelivered), None),
            (JobState::Pending, None, None),
            (
                JobState::Pending,
                Some(Failure::NotDelivered),
                Some("not got through yet"),
            ),
            (
                JobState::Failed,
                Some(Failure::RefusedForGood),
                Some("refuses them"),
            ),
            (JobState::Failed, Some(Failure::NotDelivered), Some("given up")),
            (JobState::Failed, Some(Failure::TookTooLong), Some("given up")),
            (
                JobState::Failed,
                Some(Failure::DoesNotRender),
                Some("on our side"),
            ),
            (JobState::Failed, Some(Failure::Other), Some("on our side")),
            (JobState::Failed, None, Some("on our side")),
        ] {
            let text = trouble(&delivery(state, failure));
            match says {
                Some(words) => assert!(text.unwrap().contains(words), "{state} {failure:?}"),
                None => assert_eq!(text, None, "{state} {failure:?}"),
            }
        }
    }
}
