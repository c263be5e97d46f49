//! Gear: pieces, parts and reminders.
//!
//! The seeded ones and what becomes of a write are in `gear` above.

use axum::{Json, http::StatusCode};
use chrono::Duration;
use serde_json::{Value, json};

use super::{
    Object,
    ask::{Answer, Ask},
};
use crate::{
    athlete::stamp,
    gear::{Piece, Rack, Worn, blank, blank_reminder, lay, lay_reminder, reset},
    refusal::Refusal,
    schema::text,
    world::id_of,
};

/// `GET /athlete/{id}/gear`, as the activities of the last four hundred days used it.
pub(super) fn list(ask: &Ask) -> Json<Vec<Object>> {
    Json(ask.world.gear(ask.person))
}

/// The place of the piece that the path names.
fn place(ask: &Ask, rack: &Rack) -> Result<usize, Refusal> {
    let mut pieces = rack.0.iter();
    pieces
        .position(|piece| piece.id() == ask.which())
        .ok_or_else(Refusal::missing)
}

/// The gear and what the activities add to it.
fn opened(ask: &Ask) -> (Rack, Worn) {
    (ask.world.rack(ask.person), ask.world.worn(ask.person, false))
}

/// A piece as it is now.
fn shown(ask: &Ask, rack: &Rack, worn: &Worn, id: &str) -> Object {
    let found = rack.find(id);
    let shown = found.map(|piece| rack.shown(piece, worn, ask.world.now()));
    shown.unwrap_or_default()
}

/// Keeps the gear, unless what is written about the piece with this name is to be forgotten.
fn keep(ask: &Ask, name: &str, rack: Rack) {
    if !ask.forgets(name) {
        ask.world.write_rack(ask.person, rack);
    }
}

/// `POST /athlete/{id}/gear`.
pub(super) fn create(ask: &Ask) -> Answer<Object> {
    let body = ask.object()?;
    ask.refuse_ordered("gear", text(&body, "name"))?;
    let _writing = ask.world.writing();
    let (mut rack, worn) = opened(ask);
    let id = new_id(ask);
    let mut piece = blank(ask.person, &id);
    let said = lay(&rack, &mut piece, body)?;
    let name = text(&piece.row, "name").to_owned();
    rack.change(&worn, |rack| rack.0.push(piece));
    let total = rack.find(&id).map(|piece| rack.total(piece, &worn));
    rack.set_total(&id, said.over(total.unwrap_or_default()), &worn);
    let answer = shown(ask, &rack, &worn, &id);
    keep(ask, &name, rack);
    Ok(Json(answer))
}

/// An id that no piece has yet.
fn new_id(ask: &Ask) -> String {
    format!("g{}", ask.world.new_event_id())
}

/// `PUT /athlete/{id}/gear/{gearId}`: sparse.
pub(super) fn update(ask: &Ask) -> Answer<Object> {
    let body = ask.object()?;
    let _writing = ask.world.writing();
    let (mut rack, worn) = opened(ask);
    let at = place(ask, &rack)?;
    let mut piece = rack.0[at].clone();
    let name = text(&piece.row, "name").to_owned();
    ask.refuse_ordered("gear", &name)?;
    let said = lay(&rack, &mut piece, body)?;
    rack.change(&worn, |rack| rack.0[at] = piece);
    let total = said.over(rack.total(&rack.0[at], &worn));
    rack.set_total(ask.which(), total, &worn);
    let answer = shown(ask, &rack, &worn, ask.which());
    keep(ask, &name, rack);
    Ok(Json(answer))
}

/// `DELETE /athlete/{id}/gear/{gearId}`: its parts stay, and its activities still name it.
pub(super) fn delete(ask: &Ask) -> Result<StatusCode, Refusal> {
    let _writing = ask.world.writing();
    let (mut rack, worn) = opened(ask);
    let at = place(ask, &rack)?;
    let piece = rack.change(&worn, |rack| {
        for holder in &mut rack.0 {
            swap(holder, ask.which(), None);
        }
        rack.0.remove(at)
    });
    keep(ask, text(&piece.row, "name"), rack);
    Ok(StatusCode::OK)
}

/// Puts another part, or none, where a piece holds this one.
fn swap(holder: &mut Piece, part: &str, other: Option<&str>) {
    if let Some(Value::Array(parts)) = holder.row.get_mut("component_ids") {
        match other {
            Some(other) => parts
                .iter_mut()
                .filter(|one| *one == part)
                .for_each(|one| *one = json!(other)),
            None => parts.retain(|one| one != part),
        }
    }
}

/// `GET /athlete/{id}/gear/{gearId}/calc`: what its activities add up to.
pub(super) fn calc(ask: &Ask) -> Answer<Value> {
    let (rack, worn) = opened(ask);
    let wear = rack.counted(&rack.0[place(ask, &rack)?], &worn);
    Ok(Json(json!({
        "distance": wear.metres, "elapsed_time": wear.elapsed, "moving_time": wear.secs, "activities": wear.activities,
    })))
}

/// `POST /athlete/{id}/gear/{gearId}/replace`: the part is retired, and a copy of it, with what the body says and with its
/// reminders from the beginning, takes its place. Answers both.
pub(super) fn replace(ask: &Ask) -> Answer<Vec<Object>> {
    let body = ask.object()?;
    let _writing = ask.world.writing();
    let (mut rack, worn) = opened(ask);
    let at = place(ask, &rack)?;
    let old = rack.0[at].clone();
    let name = text(&old.row, "name").to_owned();
    ask.refuse_ordered("gear", &name)?;
    if !old.is_part() {
        return Err(Refusal::unprocessable("Only components can be replaced"));
    }
    let (id, today) = (new_id(ask), ask.today());
    let mut new = blank(ask.person, &id);
    for copied in [
        "type",
        "name",
        "notes",
        "use_elapsed_time",
        "component_ids",
        "activity_filters",
    ] {
        new.row.insert(copied.into(), old.row[copied].clone());
    }
    new.row.insert("purchased".into(), json!(today));
    let said = lay(&rack, &mut new, body)?;
    rack.change(&worn, |rack| {
        rack.0[at].row.insert("retired".into(), json!(today));
        for holder in &mut rack.0 {
            swap(holder, ask.which(), Some(&id));
        }
        rack.0.push(new);
    });
    let total = said.over(crate::gear::Wear::default());
    rack.set_total(&id, total, &worn);
    let piece = rack.find(&id).cloned().ok_or_else(Refusal::missing)?;
    let again = |reminder: &Object| {
        let mut again = reminder.clone();
        again.insert("id".into(), json!(ask.world.new_event_id()));
        again.insert("gear_id".into(), json!(id));
        reset(&mut again, &piece, total, ask.world.now());
        again
    };
    let reminders = old.reminders.iter().map(again).collect();
    if let Some(new) = rack.0.last_mut() {
        new.reminders = reminders;
    }
    let both = [ask.which(), &id].map(|id| shown(ask, &rack, &worn, id));
    keep(ask, &name, rack);
    Ok(Json(both.into()))
}

/// `POST /athlete/{id}/gear/{gearId}/reminder`: it counts from now on.
pub(super) fn create_reminder(ask: &Ask) -> Answer<Object> {
    let body = ask.object()?;
    let _writing = ask.world.writing();
    let (mut rack, worn) = opened(ask);
    let at = place(ask, &rack)?;
    let piece = &rack.0[at];
    let total = rack.total(piece, &worn);
    let mut reminder = blank_reminder(ask.world.new_event_id(), piece, total, ask.world.now());
    lay_reminder(&mut reminder, body)?;
    rack.0[at].reminders.push(reminder);
    Ok(answered(ask, at, rack, &worn))
}

/// The reminder that the path names, of the piece at `at`.
fn reminder(ask: &Ask, piece: &Piece) -> Result<usize, Refusal> {
    let id = ask.part();
    let id: i64 = id
        .parse()
        .map_err(|_| Refusal::mismatch("reminderId", "java.lang.Integer", id))?;
    let mut all = piece.reminders.iter();
    all.position(|reminder| id_of(reminder) == Some(id))
        .ok_or_else(Refusal::missing)
}

/// `PUT /athlete/{id}/gear/{gearId}/reminder/{reminderId}`: sparse; with `reset=true` it counts anew, with `snoozeDays` it
/// says nothing for as long.
pub(super) fn update_reminder(ask: &Ask) -> Answer<Object> {
    let resets = match ask.params.get("reset") {
        None => return Err(Refusal::absent("reset", "boolean")),
        Some("true") => true,
        Some("false") => false,
        Some(other) => return Err(Refusal::mismatch("reset", "boolean", other)),
    };
    let days = ask.params.get("snoozeDays");
    let days = days.ok_or_else(|| Refusal::absent("snoozeDays", "int"))?;
    let days: u16 = days
        .parse()
        .map_err(|_| Refusal::mismatch("snoozeDays", "int", days))?;
    let body = ask.object()?;
    let _writing = ask.world.writing();
    let (mut rack, worn) = opened(ask);
    let at = place(ask, &rack)?;
    let piece = rack.0[at].clone();
    let which = reminder(ask, &piece)?;
    let (total, now) = (rack.total(&piece, &worn), ask.world.now());
    let reminder = &mut rack.0[at].reminders[which];
    lay_reminder(reminder, body)?;
    if resets {
        reset(reminder, &piece, total, now);
    }
    if days > 0 {
        let until = stamp(now + Duration::days(i64::from(days)));
        reminder.insert("snoozed_until".into(), json!(until));
    }
    Ok(answered(ask, at, rack, &worn))
}

/// `DELETE /athlete/{id}/gear/{gearId}/reminder/{reminderId}`.
pub(super) fn delete_reminder(ask: &Ask) -> Answer<Object> {
    let _writing = ask.world.writing();
    let (mut rack, worn) = opened(ask);
    let at = place(ask, &rack)?;
    let which = reminder(ask, &rack.0[at])?;
    rack.0[at].reminders.remove(which);
    Ok(answered(ask, at, rack, &worn))
}

/// Keeps the gear and answers the piece at `at`.
fn answered(ask: &Ask, at: usize, rack: Rack, worn: &Worn) -> Json<Object> {
    let answer = rack.shown(&rack.0[at], worn, ask.world.now());
    keep(ask, text(&answer, "name"), rack);
    Json(answer)
}
