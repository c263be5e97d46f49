//! Activities that are typed in, and the deletion of any.
//!
//! What becomes of such a write is in `manual` above.

use axum::Json;
use serde_json::{Value, json};

use super::{
    Object,
    ask::{Answer, Ask},
    events::client,
    training::gear_of,
};
use crate::{manual::Typing, refusal::Refusal, schema::text, training::Source};

/// Makes or changes activities: all of them, or none. `upsert` says whether one with an external id that the application used
/// before is that activity again.
fn write_all(ask: &Ask, bodies: Vec<Object>, upsert: bool) -> Result<Vec<Object>, Refusal> {
    let _writing = ask.world.writing();
    let pieces = ask.world.gear(ask.person);
    let typing = Typing {
        person: ask.person,
        now: ask.world.now(),
        rules: ask.world.state().rules,
        client: client(ask),
        gear: &|id| gear_of(&pieces, id),
    };
    let mut all: Vec<(String, Object)> = Vec::new();
    for body in bodies {
        ask.refuse_ordered("activity", text(&body, "name"))?;
        let external_id = text(&body, "external_id").to_owned();
        let is_it = |values: &Object| {
            upsert
                && !external_id.is_empty()
                && text(values, "external_id") == external_id
                && values.get("oauth_client_id") == Some(&typing.client)
        };
        let now = all.iter().rev().find(|(_, values)| is_it(values)).cloned();
        let known = now.or_else(|| ask.world.typed(ask.person, is_it));
        let values = typing.lay(known.as_ref().map(|(_, values)| values), body)?;
        if let Some(event) = values.get("paired_event_id").and_then(Value::as_i64)
            && ask.world.event(ask.person, event, false).is_none()
        {
            return Err(Refusal::unprocessable(format!("Event not found [{event}]")));
        }
        let id = known.map_or_else(|| ask.world.new_activity_id(), |(id, _)| id);
        all.push((id, values));
    }
    let mut answers = Vec::new();
    for (id, values) in all {
        let done = typing.done(&id, &values).ok_or_else(Refusal::unreadable)?;
        if ask.forgets(text(&values, "name")) {
            let mut row = crate::activity::row(ask.person, &done, None);
            row.extend(values);
            answers.push(row);
        } else {
            ask.world.write_typed(ask.person, done, values);
            // Fitness after it is known now.
            answers.extend(ask.world.activity_rows(ask.person, 1, None, |done| done.id == id));
        }
    }
    Ok(answers)
}

/// `POST /athlete/{id}/activities/manual`: always a new one.
pub(super) fn create(ask: &Ask) -> Answer<Object> {
    let mut made = write_all(ask, vec![ask.object()?], false)?;
    made.pop().map(Json).ok_or_else(Refusal::unreadable)
}

/// `POST /athlete/{id}/activities/manual/bulk`: upserts on the external id.
pub(super) fn create_bulk(ask: &Ask) -> Answer<Vec<Object>> {
    write_all(ask, ask.body()?, true).map(Json)
}

/// `DELETE /activity/{id}`: any but Strava's, recordings too.
pub(super) fn delete(ask: &Ask) -> Answer<Value> {
    let _writing = ask.world.writing();
    let done = ask.done()?;
    if done.source == Source::Strava {
        return Err(Refusal::unprocessable("Cannot delete Strava activities"));
    }
    let row = ask.world.activity_row(ask.person, &done);
    if !ask.forgets(text(&row, "name")) {
        ask.world.delete_activity(ask.person, &done.id);
    }
    Ok(Json(
        json!({"id": done.id, "icu_athlete_id": ask.person.athlete_id}),
    ))
}
