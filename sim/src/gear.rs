//! A person's gear: the seeded pieces and parts, what their activities add to them, reminders, and how a piece that somebody
//! writes reads on the wire.
//!
//! What clients write is kept by the store; which activity used which piece is said by the activities.

mod seeded;

use std::{
    collections::BTreeMap,
    ops::{Add, Sub},
};

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde_json::{Map, Value, json};

use super::{
    activity,
    athlete::stamp,
    dice::round,
    people::Person,
    refusal::Refusal,
    schema::{GEAR, GEAR_REMINDER, fill, is_in, made, number, text},
    world::{World, id_of},
};

type Object = Map<String, Value>;

/// Days whose activities count.
const COUNTED: i64 = 400;
/// Upstream's kinds of gear that are no part of another piece.
const WHOLE: &str = "\
    Bike Shoes Wetsuit RowingMachine Skis Snowboard Boat Board Equipment Accessories Apparel Computer Light Battery \
    Trainer CyclingShoes Paddle";
/// Its kinds of parts.
const PARTS: &str = "\
    Brake BrakePads Rotor Drivetrain BottomBracket Cassette Chain Chainrings Crankset Derailleur Pedals Lever Cable Frame \
    Fork Handlebar Headset Saddle Seatpost Shock Stem Axel Hub Tube Tyre Wheel Wheelset PowerMeter Cleats";
/// What a reminder can count.
const LIMITS: [&str; 4] = ["distance", "time", "activities", "days"];

/// Activities, seconds and metres.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Wear {
    pub(super) activities: i64,
    /// s, moving.
    pub(super) secs: f64,
    /// s.
    pub(super) elapsed: f64,
    pub(super) metres: f64,
}

impl Add for Wear {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            activities: self.activities + other.activities,
            secs: self.secs + other.secs,
            elapsed: self.elapsed + other.elapsed,
            metres: self.metres + other.metres,
        }
    }
}

impl Sub for Wear {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            activities: self.activities - other.activities,
            secs: self.secs - other.secs,
            elapsed: self.elapsed - other.elapsed,
            metres: self.metres - other.metres,
        }
    }
}

/// What the activities of each piece add up to, by its id.
pub(super) type Worn = BTreeMap<String, Wear>;

/// A piece or a part.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// As upstream shows it, but for what is counted and the reminders.
    pub(super) row: Object,
    /// Beside what its activities and the pieces that hold it add; below zero where a part is newer than what holds it.
    base: Wear,
    /// What each says and where it began to count.
    pub(super) reminders: Vec<Object>,
}

impl Piece {
    pub(super) fn id(&self) -> &str {
        text(&self.row, "id")
    }

    pub(super) fn is_part(&self) -> bool {
        self.row["component"] == true
    }

    fn holds(&self, id: &str) -> bool {
        let parts = self.row["component_ids"].as_array();
        parts.is_some_and(|parts| parts.iter().any(|part| part == id))
    }
}

/// Everything that a person has.
#[derive(Debug, Clone, Default)]
pub(super) struct Rack(pub(super) Vec<Piece>);

impl Rack {
    pub(super) fn find(&self, id: &str) -> Option<&Piece> {
        self.0.iter().find(|piece| piece.id() == id)
    }

    /// What a piece has been used for so far. A part is used with each piece that holds it.
    pub(super) fn total(&self, piece: &Piece, worn: &Worn) -> Wear {
        let own = |piece: &Piece| piece.base + worn.get(piece.id()).copied().unwrap_or_default();
        let holders = self.0.iter().filter(|holder| holder.holds(piece.id()));
        holders.map(own).fold(own(piece), Add::add)
    }

    /// What the activities of a piece, or of what holds it, add up to.
    pub(super) fn counted(&self, piece: &Piece, worn: &Worn) -> Wear {
        let of = |piece: &Piece| worn.get(piece.id()).copied().unwrap_or_default();
        let holders = self.0.iter().filter(|holder| holder.holds(piece.id()));
        holders.map(of).fold(of(piece), Add::add)
    }

    /// Changes what there is; what each piece has been used for so far stays, whatever holds it then.
    pub(super) fn change<T>(&mut self, worn: &Worn, change: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.0.iter();
        let before: BTreeMap<String, Wear> = before
            .map(|piece| (piece.id().to_owned(), self.total(piece, worn)))
            .collect();
        let changed = change(self);
        // What holds others comes first, because a part counts what holds it.
        for is_part in [false, true] {
            for at in 0..self.0.len() {
                let piece = &self.0[at];
                if let Some(total) = before.get(piece.id()).filter(|_| piece.is_part() == is_part) {
                    let drift = *total - self.total(piece, worn);
                    self.0[at].base = self.0[at].base + drift;
                }
            }
        }
        changed
    }

    /// Sets what a piece has been used for so far; its parts keep theirs.
    pub(super) fn set_total(&mut self, id: &str, total: Wear, worn: &Worn) {
        let Some(piece) = self.find(id).cloned() else {
            return;
        };
        let drift = total - self.total(&piece, worn);
        for other in &mut self.0 {
            if other.id() == id {
                other.base = other.base + drift;
            } else if piece.holds(other.id()) {
                other.base = other.base - drift;
            }
        }
    }

    /// A piece as upstream shows it.
    pub(super) fn shown(&self, piece: &Piece, worn: &Worn, now: DateTime<Utc>) -> Object {
        let total = self.total(piece, worn);
        let mut row = piece.row.clone();
        let reminders = piece.reminders.iter();
        let reminders: Vec<Object> = reminders
            .map(|reminder| reminded(reminder, total, time(piece, total), now))
            .collect();
        fill(
            &mut row,
            json!({
                "distance": round(total.metres, 1), "time": time(piece, total), "activities": total.activities,
                "reminders": reminders,
            }),
        );
        row
    }
}

/// Seconds that count for a piece.
pub(super) fn time(piece: &Piece, total: Wear) -> f64 {
    if piece.row["use_elapsed_time"] == true {
        total.elapsed
    } else {
        total.secs
    }
}

/// A reminder with how far it is: due from 100 percent.
fn reminded(reminder: &Object, total: Wear, secs: f64, now: DateTime<Utc>) -> Object {
    let since = |name: &str| number(reminder, name).unwrap_or_default();
    let reset = text(reminder, "last_reset").parse::<DateTime<Utc>>();
    let days = reset.map_or(0, |reset| (now - reset).num_days());
    let activities = total.activities - reminder["starting_activities"].as_i64().unwrap_or_default();
    let (metres, secs) = (
        total.metres - since("starting_distance"),
        secs - since("starting_time"),
    );
    let used = [metres, secs, real(activities), real(days)];
    let percents = LIMITS.iter().zip(used).filter_map(|(limit, used)| {
        let limit = number(reminder, limit).filter(|limit| *limit > 0.0)?;
        Some(100.0 * used / limit)
    });
    let mut row = reminder.clone();
    fill(
        &mut row,
        json!({
            "percent_used": percents.fold(None, |most: Option<f64>, one| Some(most.map_or(one, |most| most.max(one))))
                .map(|percent| round(percent, 1)),
            "distance_used": round(metres, 1), "time_used": secs, "activities_used": activities, "days_used": days,
        }),
    );
    row
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn real(count: i64) -> f64 {
    count as f64
}

/// A new reminder of a piece, which counts from `total` on.
pub(super) fn blank_reminder(id: i64, piece: &Piece, total: Wear, now: DateTime<Utc>) -> Object {
    let mut reminder = made(GEAR_REMINDER, json!({"id": id, "gear_id": piece.id()}));
    reset(&mut reminder, piece, total, now);
    reminder
}

/// Lets a reminder count anew.
pub(super) fn reset(reminder: &mut Object, piece: &Piece, total: Wear, now: DateTime<Utc>) {
    fill(
        reminder,
        json!({
            "last_reset": stamp(now), "starting_distance": round(total.metres, 1), "starting_time": time(piece, total),
            "starting_activities": total.activities, "snoozed_until": null,
        }),
    );
}

/// A piece without anything in it.
pub(super) fn blank(person: &Person, id: &str) -> Piece {
    Piece {
        row: made(
            GEAR,
            json!({
                "id": id, "athlete_id": person.athlete_id, "use_elapsed_time": false, "component_ids": [],
                "activity_filters": [], "component": false,
            }),
        ),
        base: Wear::default(),
        reminders: Vec::new(),
    }
}

/// What a write says a piece has been used for, where it says so.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said {
    metres: Option<f64>,
    secs: Option<f64>,
    activities: Option<i64>,
}

impl Said {
    /// `total` with what was said instead.
    pub(super) fn over(self, total: Wear) -> Wear {
        Wear {
            activities: self.activities.unwrap_or(total.activities),
            secs: self.secs.unwrap_or(total.secs),
            elapsed: self.secs.unwrap_or(total.elapsed),
            metres: self.metres.unwrap_or(total.metres),
        }
    }
}

fn is_day(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|day| day.len() == 10 && day.parse::<NaiveDate>().is_ok())
}

/// Refuses a field that upstream's parser does not know or cannot read.
fn check(names: &str, name: &str, value: &Value) -> Result<(), Refusal> {
    if !is_in(names, name) {
        return Err(Refusal::malformed(format_args!("Unrecognized field \"{name}\"")));
    }
    let fits = match name {
        _ if value.is_null() => true,
        "distance" | "time" | "starting_distance" | "starting_time" | "percent_used" | "distance_used"
        | "time_used" => value.is_number(),
        "activities" | "days" | "starting_activities" | "activities_used" | "days_used" => value.is_i64(),
        "use_elapsed_time" | "component" => value.is_boolean(),
        "component_ids" | "reminders" | "activity_filters" => value.is_array(),
        "purchased" | "retired" => is_day(value),
        "type" => value
            .as_str()
            .is_some_and(|kind| is_in(WHOLE, kind) || is_in(PARTS, kind)),
        "id" if names == GEAR_REMINDER => value.is_i64(),
        _ => value.is_string(),
    };
    if fits {
        Ok(())
    } else {
        Err(Refusal::malformed(format_args!(
            "Cannot deserialize field \"{name}\""
        )))
    }
}

/// Lays `body` over a piece of `rack`, and says what it has been used for if the body does.
pub(super) fn lay(rack: &Rack, piece: &mut Piece, body: Object) -> Result<Said, Refusal> {
    body.iter()
        .try_for_each(|(name, value)| check(GEAR, name, value))?;
    let said = Said {
        metres: number(&body, "distance"),
        secs: number(&body, "time"),
        activities: body.get("activities").and_then(Value::as_i64),
    };
    let parts = body.get("component_ids").and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        let id = part.as_str().unwrap_or_default();
        if id == piece.id() || !rack.find(id).is_some_and(Piece::is_part) {
            return Err(Refusal::unprocessable(format!("Gear not found [{id}]")));
        }
    }
    let settable = "type name purchased notes use_elapsed_time retired component_ids activity_filters";
    piece
        .row
        .extend(body.into_iter().filter(|(name, _)| is_in(settable, name)));
    if text(&piece.row, "name").trim().is_empty() {
        return Err(Refusal::unprocessable("Name is required"));
    }
    if text(&piece.row, "type").is_empty() {
        return Err(Refusal::unprocessable("Missing type"));
    }
    // Which kinds are parts is upstream's own.
    let is_part = is_in(PARTS, text(&piece.row, "type"));
    piece.row.insert("component".into(), json!(is_part));
    Ok(said)
}

/// Lays `body` over a reminder.
pub(super) fn lay_reminder(reminder: &mut Object, body: Object) -> Result<(), Refusal> {
    body.iter()
        .try_for_each(|(name, value)| check(GEAR_REMINDER, name, value))?;
    let settable = "name distance time activities days starting_distance starting_time starting_activities";
    reminder.extend(body.into_iter().filter(|(name, _)| is_in(settable, name)));
    if text(reminder, "name").trim().is_empty() {
        return Err(Refusal::unprocessable("Name is required"));
    }
    if LIMITS.iter().all(|limit| reminder[*limit].is_null()) {
        return Err(Refusal::unprocessable("Reminder has no limit"));
    }
    Ok(())
}

impl World {
    /// What a person's activities of the last four hundred days add up to, by piece: as they are now, or as they were before
    /// anybody wrote.
    pub(super) fn worn(&self, person: &'static Person, as_seeded: bool) -> Worn {
        let since = self.local(person) - Duration::days(COUNTED);
        let fields = ["gear", "moving_time", "elapsed_time", "distance"].map(str::to_owned);
        let rows = if as_seeded {
            let (history, now) = (self.lived(person), self.local(person));
            let known = history.known(now).filter(|done| done.start > since);
            known
                .map(|done| activity::row(person, done, Some(&fields)))
                .collect()
        } else {
            self.activity_rows(person, usize::MAX, Some(&fields), |done| done.start > since)
        };
        let mut worn = Worn::new();
        for row in rows {
            let Some(id) = row.get("gear").and_then(|gear| gear["id"].as_str()) else {
                continue;
            };
            let wear = worn.entry(id.to_owned()).or_default();
            *wear = *wear
                + Wear {
                    activities: 1,
                    secs: number(&row, "moving_time").unwrap_or_default(),
                    elapsed: number(&row, "elapsed_time").unwrap_or_default(),
                    metres: number(&row, "distance").unwrap_or_default(),
                };
        }
        worn
    }

    /// A person's gear as it is now.
    pub(super) fn rack(&self, person: &'static Person) -> Rack {
        let written = self.state().racks.get(person.slug).cloned();
        written.unwrap_or_else(|| seeded::rack(person, &self.worn(person, true)))
    }

    /// Keeps a person's gear.
    pub(super) fn write_rack(&self, person: &'static Person, rack: Rack) {
        self.state().racks.insert(person.slug, rack);
    }

    /// A person's gear as upstream shows it.
    pub(super) fn gear(&self, person: &'static Person) -> Vec<Object> {
        let (rack, worn, now) = (self.rack(person), self.worn(person, false), self.now());
        rack.0.iter().map(|piece| rack.shown(piece, &worn, now)).collect()
    }

    /// Somebody else lays `change` over a piece, unchecked, or without one deletes it. False if there is none.
    pub(super) fn meddle_with_gear(&self, person: &'static Person, id: &str, change: Option<Object>) -> bool {
        let _writing = self.writing();
        self.lay_over_gear(person, id, change)
    }

    /// The same, for who keeps other writers out already.
    pub(super) fn lay_over_gear(&self, person: &'static Person, id: &str, change: Option<Object>) -> bool {
        let mut rack = self.rack(person);
        let Some(at) = rack.0.iter().position(|piece| piece.id() == id) else {
            return false;
        };
        match change {
            None => {
                let worn = self.worn(person, false);
                rack.change(&worn, |rack| rack.0.remove(at));
            }
            Some(mut change) => {
                if let Some(Value::Array(reminders)) = change.remove("reminders") {
                    let objects = reminders.into_iter().filter_map(|one| one.as_object().cloned());
                    rack.0[at].reminders = objects.filter(|one| id_of(one).is_some()).collect();
                }
                rack.0[at].row.extend(change);
            }
        }
        self.write_rack(person, rack);
        true
    }
}
