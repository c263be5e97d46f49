//! Calendar events: lists, one event, and what clients write.
//!
//! The seeded calendar is in `calendar` above, what becomes of a write in `written`.

use std::collections::BTreeMap;

use axum::{Json, http::StatusCode};
use chrono::{Duration, NaiveDate};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Object,
    ask::{Answer, Ask},
};
use crate::{
    athlete::stamp,
    calendar::{CATEGORIES, blank_event},
    devices,
    fault::{Fault, Mode},
    front::Via,
    params::Params,
    refusal::Refusal,
    schema::text,
    world::{day_text, id_of},
    written::{How, Writing},
};

/// Days after today that a list without an end covers.
const AHEAD: i64 = 6;
/// The end of an open range.
const LAST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 30) {
    Some(day) => day,
    None => NaiveDate::MAX,
};
/// Number of the one application.
const APP_NUMBER: u32 = 315;

/// What is to be deleted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Doomed {
    id: Option<i64>,
    external_id: Option<String>,
}

/// The id in the path.
fn number(ask: &Ask) -> Result<i64, Refusal> {
    let id = ask.which();
    id.parse()
        .map_err(|_| Refusal::mismatch("eventId", "java.lang.Integer", id))
}

fn check_category(category: &str) -> Result<(), Refusal> {
    let known = CATEGORIES.contains(&category);
    if known {
        Ok(())
    } else {
        Err(Refusal::unprocessable(format!("Invalid category [{category}]")))
    }
}

/// Named categories, each checked.
fn categories(params: &Params) -> Result<Option<Vec<String>>, Refusal> {
    let named = params.list("category");
    named
        .iter()
        .flatten()
        .try_for_each(|category| check_category(category))?;
    Ok(named)
}

fn is_one_of(event: &Object, categories: &[String]) -> bool {
    categories.iter().any(|one| one == text(event, "category"))
}

/// `GET /athlete/{id}/events`.
pub(super) fn list(ask: &Ask) -> Answer<Vec<Object>> {
    let today = ask.today();
    let oldest = ask.params.first_day("oldest")?.unwrap_or(today);
    let newest = ask.params.last_day("newest")?;
    let newest = newest.unwrap_or(today + Duration::days(AHEAD));
    let limit = ask.params.count("limit")?.unwrap_or(usize::MAX);
    let wanted = categories(&ask.params)?;
    let is_wanted = |event: &Object| wanted.as_ref().is_none_or(|wanted| is_one_of(event, wanted));
    let events = ask
        .world
        .events(ask.person, oldest, newest, ask.params.flag("resolve"));
    Ok(Json(events.into_iter().filter(is_wanted).take(limit).collect()))
}

/// `GET /athlete/{id}/events/{id}`.
pub(super) fn one(ask: &Ask) -> Answer<Object> {
    let resolve = ask.params.flag("resolve") && ask.world.state().rules.resolve_one;
    let found = ask.world.event(ask.person, number(ask)?, resolve);
    found.map(Json).ok_or_else(Refusal::missing)
}

/// An event as it is after `body`, or why that cannot be. It is not kept yet.
fn laid(ask: &Ask, mut event: Object, body: Object, how: How) -> Result<Object, Refusal> {
    let name = text(if body.contains_key("name") { &body } else { &event }, "name").to_owned();
    let fault = ask.ordered(&name);
    if let Some(fault) = fault.filter(|fault| fault.mode == Mode::RefuseEntry) {
        return Err(refused(fault, &name));
    }
    let writing = Writing {
        person: ask.person,
        sports: ask.world.sports(ask.person),
        now: ask.world.now(),
        how,
        loss: fault.and_then(Fault::loss),
        rules: ask.world.state().rules,
    };
    writing.lay(&mut event, body)?;
    if let Some(fault) = fault.filter(|fault| fault.mode == Mode::RefusePush) {
        let message = fault.body.as_deref().unwrap_or("The workout was not accepted");
        let error = devices::refusal(devices::first_taker(ask.person), message, ask.world.now());
        event.insert("push_errors".into(), json!([error]));
    }
    Ok(event)
}

/// The ordered refusal of an entry.
fn refused(fault: &Fault, name: &str) -> Refusal {
    let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok());
    let mut refusal = Refusal::new(
        status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY),
        format!("Invalid workout [{name}]"),
    );
    if let Some(body) = &fault.body {
        refusal.body = serde_json::from_str(body).unwrap_or_else(|_| json!(body));
    }
    refusal
}

/// Keeps an event, or its deletion, unless it is to be forgotten.
fn keep(ask: &Ask, event: &Object, deleted: bool) {
    let forgotten = ask.forgets(text(event, "name"));
    if let Some(id) = id_of(event).filter(|_| !forgotten) {
        ask.world
            .write_event(ask.person, id, (!deleted).then(|| event.clone()));
    }
}

/// The application that asks; none with an API key.
pub(super) fn client(ask: &Ask) -> Value {
    match ask.via {
        Via::Bearer { .. } => json!(APP_NUMBER),
        Via::Key => Value::Null,
    }
}

/// A new event without anything in it.
fn blank(ask: &Ask) -> Object {
    let mut event = blank_event(ask.person, ask.world.new_event_id());
    event.insert("oauth_client_id".into(), client(ask));
    event
}

/// Whether the event has this external id from the application that asks.
fn is_called(ask: &Ask, event: &Object, external_id: &str) -> bool {
    let finds = matches!(ask.via, Via::Bearer { .. }) || ask.world.state().rules.upsert_by_key;
    finds
        && !external_id.is_empty()
        && text(event, "external_id") == external_id
        && event.get("oauth_client_id") == Some(&client(ask))
}

/// `POST /athlete/{id}/events`. `upsertOnUid` finds nothing, because no event has an id that a client gave it.
pub(super) fn create(ask: &Ask) -> Answer<Object> {
    let event = laid(ask, blank(ask), ask.object()?, How::Made)?;
    keep(ask, &event, false);
    Ok(Json(event))
}

/// `POST /athlete/{id}/events/bulk`: all of them, or none. With `upsert=true` an entry whose external id the application
/// used before is that entry again, wherever it has been moved.
pub(super) fn create_bulk(ask: &Ask) -> Answer<Vec<Object>> {
    let (upsert, stamps) = (ask.params.flag("upsert"), ask.params.flag("updatePlanApplied"));
    let _writing = ask.world.writing();
    let written = ask.world.written_events(ask.person);
    let mut events: Vec<Object> = Vec::new();
    for body in ask.body::<Vec<Object>>()? {
        let external_id = text(&body, "external_id");
        let mut known = events.iter().rev().chain(&written);
        let found = known
            .find(|event| upsert && is_called(ask, event, external_id))
            .cloned();
        let mut event = laid(ask, found.unwrap_or_else(|| blank(ask)), body, How::Made)?;
        if stamps {
            event.insert("plan_applied".into(), json!(stamp(ask.world.now())));
        }
        events.push(event);
    }
    for event in &events {
        keep(ask, event, false);
    }
    Ok(Json(events))
}

/// The event that the path names, to be changed.
fn named(ask: &Ask) -> Result<Object, Refusal> {
    let event = ask.world.event(ask.person, number(ask)?, false);
    event.ok_or_else(Refusal::missing)
}

/// `PUT /athlete/{id}/events/{id}`.
pub(super) fn update(ask: &Ask) -> Answer<Object> {
    let body = ask.object()?;
    let _writing = ask.world.writing();
    let event = laid(ask, named(ask)?, body, How::Changed)?;
    keep(ask, &event, false);
    Ok(Json(event))
}

/// `DELETE /athlete/{id}/events/{id}`. With `others=true` also those that were put on the calendar by the same call, except
/// those before `notBefore`, which does not protect the event itself.
pub(super) fn delete(ask: &Ask) -> Answer<Value> {
    let not_before = ask.params.first_day("notBefore")?;
    let _writing = ask.world.writing();
    let event = named(ask)?;
    if ask.params.flag("others") && !text(&event, "plan_applied").is_empty() {
        let is_other = |other: &&Object| {
            other.get("plan_applied") == event.get("plan_applied")
                && not_before.is_none_or(|day| day_text(other) >= day.to_string())
        };
        let written = ask.world.written_events(ask.person);
        for other in written.iter().filter(is_other) {
            keep(ask, other, true);
        }
    }
    keep(ask, &event, true);
    Ok(Json(json!({})))
}

/// `PUT /athlete/{id}/events/bulk-delete`: by id or, of those that the application made, by external id, which wins. What
/// does not exist is passed over.
pub(super) fn delete_bulk(ask: &Ask) -> Answer<Value> {
    let doomed: Vec<Doomed> = ask.body()?;
    let _writing = ask.world.writing();
    let mut deleted = BTreeMap::new();
    for Doomed { id, external_id } in doomed {
        let found = match external_id {
            Some(external_id) => {
                let mut written = ask.world.written_events(ask.person).into_iter();
                written.find(|event| is_called(ask, event, &external_id))
            }
            None => id.and_then(|id| ask.world.event(ask.person, id, false)),
        };
        deleted.extend(found.and_then(|event| Some((id_of(&event)?, event))));
    }
    for event in deleted.values() {
        keep(ask, event, true);
    }
    Ok(Json(json!({"eventsDeleted": deleted.len()})))
}

/// `DELETE /athlete/{id}/events`: without `newest`, everything after `oldest` goes, as at upstream.
pub(super) fn delete_range(ask: &Ask) -> Result<StatusCode, Refusal> {
    let oldest = ask.params.first_day("oldest")?;
    let oldest = oldest.ok_or_else(|| Refusal::absent("oldest", "String"))?;
    let newest = ask.params.last_day("newest")?.unwrap_or(LAST_DAY);
    let wanted = categories(&ask.params)?.ok_or_else(|| Refusal::absent("category", "List"))?;
    let _writing = ask.world.writing();
    let doomed = ask.world.events(ask.person, oldest, newest, false);
    let doomed = doomed.iter().filter(|event| is_one_of(event, &wanted));
    for event in doomed {
        keep(ask, event, true);
    }
    Ok(StatusCode::OK)
}
