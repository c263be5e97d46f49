//! update_gear: adds, names, retires, replaces and deletes bikes, shoes and their parts, and sets reminders.
//!
//! Three to seven requests: the gear (`GET /athlete/{id}/gear`), the change, and the gear afterwards; a new part that goes onto
//! something is two changes, each read back. What is deleted is listed and confirmed first.

mod asked;

use chrono::Duration;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use self::asked::{Asked, PARAMS, PARTS, Retired};
use super::{
    Answer, Run, Tool,
    answer::{
        self, counted,
        units::date,
        words::{joined, listed},
    },
    arguments::{Arguments, wrong},
    gear::{self, NAME},
    writing::{
        Writing,
        find::Reader,
        item::{self, Fate, Sought, Tried, Wish, field_words},
        said::{no_token, undo_hint},
    },
};
use crate::{
    guard::{Ask, Granted, Units},
    intervals::model::{Gear, GearReminder, Item, Shelf, Values, record::same},
    permissions,
    text::{clean, fenced},
    tool_error::ToolError,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::UPDATE_GEAR,
    description: "Adds (add: kind), renames, retires, replaces or deletes a bike, shoes or a part, or sets a reminder of it; one thing a \
        call. delete lists first, with a token. undo_change restores.",
    params: PARAMS,
    requests: "3–7",
    run: Run::Write(|granted, given| Box::pin(update(granted, given))),
};

/// What is known of a reminder that was put off.
const PUT_OFF: &str = "intervals.icu may keep it put off until then, also after an undo.";

/// What is to be done, from what stands there.
#[derive(Debug)]
struct Plan {
    wish: Wish,
    /// A new part goes onto this piece afterwards.
    onto: Option<Item>,
    /// `bike «Canyon»`
    title: String,
    /// What a preview says.
    would: String,
    /// What a preview warns of.
    warns: Vec<String>,
    /// The lines of a list before it is deleted.
    lines: Vec<String>,
}

async fn update(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let arguments = Arguments::new(given, PARAMS, ask.today())?;
    let asked = Asked::read(&arguments, ask)?;
    let lists = asked.delete && asked.confirm.is_none();
    if asked.preview || lists {
        let all = Reader::Showing(ask).upstream().gear().await?;
        let plan = planned(ask, &asked, &all)?;
        return if lists {
            list(&granted, &plan).await
        } else {
            Ok(previewed(ask, &plan))
        };
    }
    let mut writing = Writing::begin(&granted).await?;
    let done = update_in(&granted, &mut writing, &asked).await;
    writing.end(done).await
}

/// The plan, or why there is none.
type Planned = Result<Plan, ToolError>;

async fn update_in(granted: &Granted, writing: &mut Writing<'_>, asked: &Asked) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let all = writing.upstream().gear().await?;
    let plan = planned(ask, asked, &all)?;
    if asked.delete {
        let token = asked.confirm.as_deref().unwrap_or_default();
        let Some(seen) = granted.journal().confirm(token, &what(ask, &plan)).await? else {
            return Err(no_token());
        };
        if seen != mark(&plan) {
            return Err(ToolError::Input(format!(
                "Nothing was deleted: the {} changed since it was listed. Call again without confirm for a new list.",
                plan.title
            )));
        }
    }
    if let Wish::Change { item, changes, .. } = &plan.wish
        && changes
            .iter()
            .all(|(name, value)| same(item.values.get(name), value))
    {
        let heading = answer::first_line(&ask.card, ask.today(), &["nothing changed".to_owned()]);
        let line = format!("So already: {}.", plan.title);
        return Ok(Answer::of([heading, line]));
    }
    let there = Item::of_gear(&all);
    let mut tried = writing.put(std::slice::from_ref(&plan.wish), &there).await?;
    let made = match tried.first().map(|tried| &tried.fate) {
        Some(Fate::Stands { item, .. }) => Some(item.id.clone()),
        _ => None,
    };
    let mut onto = String::new();
    if let (Some(holder), Some(id)) = (&plan.onto, made) {
        let wish = putting(holder, &id);
        let there = writing.items(&[Sought::Gear]).await?;
        match writing.put(std::slice::from_ref(&wish), &there).await {
            Ok(put) => {
                onto = match put.first().and_then(Tried::failed) {
                    Some(why) => format!("It is not on {}: {why}", holder_name(holder)),
                    None => format!("It is on {}.", holder_name(holder)),
                };
                tried.extend(put);
            }
            Err(error) => onto = format!("It is not on {}: {error}", holder_name(holder)),
        }
    }
    let after = writing.upstream().gear().await.unwrap_or_default();
    item::told(said(ask, &plan, &tried, &after, onto), &tried[..1], false)
}

/// The plan of a call, from what stands there.
fn planned(ask: &Ask, asked: &Asked, all: &[Gear]) -> Planned {
    if let Some(kind) = asked.add {
        return adding(asked, kind, all);
    }
    let piece = gear::piece_or_part(all, asked.gear.as_deref().unwrap_or_default())?;
    let Some(item) = Item::of_piece(piece) else {
        return Err(ToolError::Upstream(
            "Not done: intervals.icu gives this piece no id that can be used.".to_owned(),
        ));
    };
    match &asked.reminder {
        Some(name) => reminding(ask, asked, (piece, &item), name),
        None if asked.replace => replacing(ask, asked, (piece, item), all),
        None if asked.delete => Ok(deleting(ask, (piece, item), all)),
        None => changing(asked, (piece, item), all),
    }
}

fn adding(asked: &Asked, kind: &'static str, all: &[Gear]) -> Planned {
    let name = asked.name.clone().unwrap_or_default();
    let is_part = PARTS.contains(&kind);
    let onto = match &asked.on {
        Some(_) if !is_part => return Err(wrong("on", "is for parts, and this is a piece of its own")),
        Some(text) => Some(holder(all, text)?),
        None => None,
    };
    let twin = all.iter().find(|piece| {
        !piece.is_retired()
            && piece.kind.as_deref() == Some(kind)
            && piece
                .name
                .as_deref()
                .is_some_and(|own| own.trim().eq_ignore_ascii_case(name.trim()))
    });
    if let Some(twin) = twin {
        return Err(ToolError::Input(format!(
            "Not done: {} is there already. Give the new one another name, or change that one with gear.",
            gear::in_words(twin)
        )));
    }
    let mut values = Values::default();
    values.set("type", kind);
    values.set("name", name.as_str());
    if let Some(day) = asked.bought {
        values.set("purchased", day.to_string());
    }
    if let Some(note) = &asked.note {
        values.set("notes", note.as_str());
    }
    if let Some(day) = asked.retired.and_then(Retired::day) {
        values.set("retired", day);
    }
    let title = item::in_words(Shelf::Gear, &values, "");
    let would = match &onto {
        Some(holder) => format!("It would be new, on {}.", holder_name(holder)),
        None if is_part => "It would be new, on nothing yet: on puts it on a bike.".to_owned(),
        None => "It would be new.".to_owned(),
    };
    Ok(Plan {
        wish: Wish::Make {
            shelf: Shelf::Gear,
            place: String::new(),
            values,
            contents: Vec::new(),
        },
        onto,
        title,
        would,
        warns: Vec::new(),
        lines: Vec::new(),
    })
}

/// The piece that a part goes onto.
fn holder(all: &[Gear], text: &str) -> Result<Item, ToolError> {
    let piece = gear::meant(all, text)?;
    Item::of_piece(piece).ok_or_else(|| wrong("on", "must be a piece with an id"))
}

fn holder_name(item: &Item) -> String {
    fenced(item.values.text("name"), NAME)
}

/// The part onto the piece, beside what is on it.
fn putting(holder: &Item, part: &str) -> Wish {
    let mut ids: Vec<Value> = match holder.values.get("component_ids") {
        Value::Array(ids) => ids.clone(),
        _ => Vec::new(),
    };
    ids.push(Value::from(part));
    let mut changes = Values::default();
    changes.set("component_ids", ids);
    Wish::Change {
        item: holder.clone(),
        place: String::new(),
        changes,
    }
}

fn changing(asked: &Asked, (piece, item): (&Gear, Item), all: &[Gear]) -> Planned {
    let title = item::in_words(Shelf::Gear, &item.values, "");
    if let Some(text) = &asked.on {
        if !piece.is_part() {
            return Err(wrong("on", "is for parts, and this is a piece of its own"));
        }
        if asked.name.is_some() || asked.note.is_some() || asked.bought.is_some() || asked.retired.is_some() {
            return Err(ToolError::Input(
                "Not done: on moves a part by a call of its own: leave out name, note, bought and retired."
                    .to_owned(),
            ));
        }
        let holder = holder(all, text)?;
        let name = holder_name(&holder);
        if piece.id.as_deref().is_some_and(|id| holder_has(&holder, id)) {
            return Err(ToolError::Input(format!(
                "Not done: the {title} is on {name} already."
            )));
        }
        return Ok(Plan {
            wish: putting(&holder, &item.id),
            onto: None,
            would: format!("It would be on {name}, beside what is there."),
            warns: vec![on_others(piece, all)],
            title,
            lines: Vec::new(),
        });
    }
    let mut changes = Values::default();
    if let Some(name) = &asked.name {
        changes.set("name", name.as_str());
    }
    if let Some(day) = asked.bought {
        changes.set("purchased", day.to_string());
    }
    if let Some(note) = &asked.note {
        changes.set("notes", note.as_str());
    }
    if let Some(retired) = asked.retired {
        changes.set("retired", retired.day());
    }
    let would = changes.iter().map(|(name, value)| {
        let before = shown(item.values.get(name));
        format!("{}: {before} → {}", field_words(&[name.to_owned()]), shown(value))
    });
    Ok(Plan {
        would: joined(would, "; "),
        wish: Wish::Change {
            item,
            place: String::new(),
            changes,
        },
        onto: None,
        title,
        warns: Vec::new(),
        lines: Vec::new(),
    })
}

fn holder_has(holder: &Item, id: &str) -> bool {
    let ids = holder.values.get("component_ids").as_array();
    ids.is_some_and(|ids| ids.iter().any(|one| one == id))
}

/// What else a part is on; it stays there too.
fn on_others(piece: &Gear, all: &[Gear]) -> String {
    let id = piece.id.as_deref().unwrap_or_default();
    let names: Vec<String> = all
        .iter()
        .filter(|other| other.holds(id))
        .map(gear::name_of)
        .collect();
    if names.is_empty() {
        return String::new();
    }
    format!(
        "It stays on {} too, and counts with each; take it off at intervals.icu.",
        listed(&names, 4)
    )
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => fenced(text, 60),
        _ => "none".to_owned(),
    }
}

fn replacing(ask: &Ask, asked: &Asked, (piece, item): (&Gear, Item), all: &[Gear]) -> Planned {
    let title = item::in_words(Shelf::Gear, &item.values, "");
    if !piece.is_part() {
        return Err(ToolError::Input(format!(
            "Not done: the {title} is no part of another piece. To replace it, retire it and add the new one."
        )));
    }
    if piece.is_retired() {
        return Err(ToolError::Input(format!(
            "Not done: the {title} is retired already."
        )));
    }
    let mut values = Values::default();
    values.set("type", item.values.text("type"));
    let name = asked
        .name
        .clone()
        .unwrap_or_else(|| item.values.text("name").to_owned());
    values.set("name", name.as_str());
    let of_old = item.values.only(|name| name == "retired");
    let holders = all
        .iter()
        .filter(|other| other.holds(&item.id))
        .filter_map(Item::of_piece);
    let beside: Vec<(String, Values)> = std::iter::once((item.id.clone(), of_old))
        .chain(holders.map(|holder| {
            let on_it = holder.values.only(|name| name == "component_ids");
            (holder.id, on_it)
        }))
        .collect();
    let on: Vec<String> = all
        .iter()
        .filter(|other| other.holds(&item.id))
        .map(gear::name_of)
        .collect();
    let on = if on.is_empty() {
        String::new()
    } else {
        format!(", on {}", listed(&on, 4))
    };
    Ok(Plan {
        would: format!(
            "It would be retired {}, and a new {} would take its place{on}, with the same reminders, counting from 0.",
            date(ask.today()),
            fenced(&name, NAME)
        ),
        wish: Wish::Replace {
            old: item,
            place: String::new(),
            values,
            beside,
        },
        onto: None,
        title,
        warns: Vec::new(),
        lines: Vec::new(),
    })
}

fn deleting(ask: &Ask, (piece, item): (&Gear, Item), all: &[Gear]) -> Plan {
    let title = item::in_words(Shelf::Gear, &item.values, "");
    let table = gear::columns(ask.card.units).table(&[gear::row(piece, all)]);
    let mut lines = vec![table];
    let parts: Vec<String> = all
        .iter()
        .filter(|other| other.id.as_deref().is_some_and(|id| piece.holds(id)))
        .map(gear::in_words)
        .collect();
    if !parts.is_empty() {
        lines.push(format!("Its parts stay, on nothing: {}.", listed(&parts, 12)));
    }
    let holders: Vec<String> = all
        .iter()
        .filter(|other| other.holds(&item.id))
        .map(gear::name_of)
        .collect();
    if !holders.is_empty() {
        lines.push(format!(
            "It is on {}. After an undo it is on nothing; on puts it back.",
            listed(&holders, 4)
        ));
    }
    if !item.contents.is_empty() {
        let reminders = counted(item.contents.len(), "reminder", "reminders");
        lines.push(format!("{reminders} would go with it."));
    }
    lines.push(
        "Activities that used it lose it. An undo, for thirty days, makes it again under a new id with its totals; activities do not \
         get it back, and reminders begin anew. Retiring it keeps all of that: retired with a day."
            .to_owned(),
    );
    Plan {
        wish: Wish::Delete {
            item,
            place: String::new(),
            also: Vec::new(),
        },
        onto: None,
        title,
        would: "It would be gone.".to_owned(),
        warns: Vec::new(),
        lines,
    }
}

fn reminding(ask: &Ask, asked: &Asked, (piece, item): (&Gear, &Item), name: &str) -> Planned {
    let place = gear::name_of(piece);
    let found = named(piece, name)?;
    let there = found.and_then(|one| {
        let id = format!("{}/{}", item.id, one.id?);
        item.contents.iter().find(|item| item.id == id).cloned()
    });
    let Some(there) = there else {
        return new_reminder(asked, piece, item, name);
    };
    let title = item::in_words(Shelf::Reminder, &there.values, &place);
    if asked.delete {
        return Ok(Plan {
            wish: Wish::Delete {
                item: there,
                place,
                also: Vec::new(),
            },
            onto: None,
            lines: vec!["An undo, for thirty days, makes it again; it then begins to count anew.".to_owned()],
            title,
            would: "It would be gone.".to_owned(),
            warns: Vec::new(),
        });
    }
    let mut changes = Values::default();
    let mut warns = Vec::new();
    if let Some(name) = &asked.name {
        changes.set("name", name.as_str());
    }
    if let Some(every) = asked.every {
        for field in ["distance", "time", "activities", "days"] {
            if field == every.field {
                changes.set(field, every.value);
            } else if !there.values.get(field).is_null() {
                changes.set(field, Value::Null);
            }
        }
    }
    let today = ask.now.date_naive();
    if asked.reset {
        changes.set("last_reset", today.to_string());
        warns.push(
            "A reset cannot be undone: intervals.icu does not let a reminder count on from where it was."
                .to_owned(),
        );
    }
    if let Some(days) = asked.snooze {
        let until = (days > 0).then(|| (today + Duration::days(days)).to_string());
        changes.set("snoozed_until", until);
        warns.push(PUT_OFF.to_owned());
    }
    let would = changes.iter().map(|(name, value)| {
        let value = match value {
            Value::Null => "none".to_owned(),
            Value::Number(_) => in_units(name, value.as_f64(), ask.card.units),
            value => clean(value.as_str().unwrap_or_default(), 60),
        };
        format!("{} {value}", field_words(&[name.to_owned()]))
    });
    Ok(Plan {
        would: joined(would, ", "),
        wish: Wish::Change {
            item: there,
            place,
            changes,
        },
        onto: None,
        title,
        warns,
        lines: Vec::new(),
    })
}

/// The reminder of this name; None if there is none.
fn named<'a>(piece: &'a Gear, name: &str) -> Result<Option<&'a GearReminder>, ToolError> {
    let is_so = |one: &&GearReminder| {
        let own = one.name.as_deref().unwrap_or_default();
        own.trim().to_lowercase() == name.trim().to_lowercase()
    };
    let found: Vec<&GearReminder> = piece.reminders.iter().flatten().filter(is_so).collect();
    match found[..] {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        _ => Err(ToolError::Input(format!(
            "Not done: {} has several reminders called {}. Tell them apart at intervals.icu first.",
            gear::name_of(piece),
            fenced(name, NAME)
        ))),
    }
}

fn new_reminder(asked: &Asked, piece: &Gear, item: &Item, name: &str) -> Planned {
    let place = gear::name_of(piece);
    let Some(every) = asked
        .every
        .filter(|_| !asked.delete && !asked.reset && asked.snooze.is_none())
    else {
        let names: Vec<String> = piece
            .reminders
            .iter()
            .flatten()
            .map(|one| fenced(one.name.as_deref().unwrap_or_default(), NAME))
            .collect();
        let there = if names.is_empty() {
            "it has none".to_owned()
        } else {
            format!("it has {}", listed(&names, 12))
        };
        return Err(ToolError::Input(format!(
            "Not done: {place} has no reminder called {}: {there}. A new one needs every, such as 4000 km.",
            fenced(name, NAME)
        )));
    };
    let mut values = Values::default();
    values.set("gear_id", item.id.as_str());
    values.set("name", asked.name.as_deref().unwrap_or(name));
    values.set(every.field, every.value);
    Ok(Plan {
        title: item::in_words(Shelf::Reminder, &values, &place),
        would: "It would be new, and count from now.".to_owned(),
        wish: Wish::Make {
            shelf: Shelf::Reminder,
            place,
            values,
            contents: Vec::new(),
        },
        onto: None,
        warns: Vec::new(),
        lines: Vec::new(),
    })
}

/// A limit in the athlete's unit: `4000 km`, `100:00 h`, `50`.
fn in_units(field: &str, value: Option<f64>, own: Units) -> String {
    match field {
        "distance" => answer::units::distance_in_words(value, own, 0),
        "time" => format!("{} h", answer::units::hours_minutes(value)),
        _ => answer::units::whole(value),
    }
}

fn previewed(ask: &Ask, plan: &Plan) -> Answer {
    let heading = answer::first_line(
        &ask.card,
        ask.today(),
        &["preview, nothing changed".to_owned(), plan.title.clone()],
    );
    Answer::of(
        [heading, plan.would.clone()]
            .into_iter()
            .chain(plan.warns.clone()),
    )
}

/// What a token confirms.
fn what(ask: &Ask, plan: &Plan) -> Vec<u8> {
    let of = match &plan.wish {
        Wish::Delete { item, .. } => Some((item.shelf, item.id.clone())),
        _ => None,
    };
    json!(["delete gear", ask.card.id.as_str(), of])
        .to_string()
        .into_bytes()
}

/// What stands there, so that what was listed is what goes; what a ride adds changes nothing about that.
fn mark(plan: &Plan) -> Vec<u8> {
    let held = match &plan.wish {
        Wish::Delete { item, .. } => Some((
            item.values
                .only(|name| !["distance", "time", "activities"].contains(&name)),
            item.contents.iter().map(|one| one.id.clone()).collect::<Vec<_>>(),
        )),
        _ => None,
    };
    Sha256::digest(serde_json::to_vec(&held).unwrap_or_default()).to_vec()
}

async fn list(granted: &Granted, plan: &Plan) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let token = granted
        .journal()
        .confirmation(&what(ask, plan), &mark(plan))
        .await?;
    let heading = answer::first_line(
        &ask.card,
        ask.today(),
        &[format!("{} to delete, nothing deleted", plan.title)],
    );
    let end = format!(
        "Nothing is deleted yet. To delete exactly this, repeat the call with confirm: \"{token}\" within ten minutes."
    );
    Ok(Answer::of(
        std::iter::once(heading)
            .chain(plan.lines.iter().cloned())
            .chain([end]),
    ))
}

fn said(ask: &Ask, plan: &Plan, tried: &[Tried], all: &[Gear], onto: String) -> Answer {
    let verb = match &plan.wish {
        Wish::Make { .. } => "Added",
        Wish::Change { .. } => "Changed",
        Wish::Delete { .. } => "Deleted",
        Wish::Replace { .. } => "Replaced",
    };
    let first = tried.first();
    let (line, shows) = match first.map(|tried| (tried, &tried.fate)) {
        Some((tried, Fate::Stands { item, otherwise, .. })) => {
            let not = if otherwise.is_empty() {
                String::new()
            } else {
                format!(" intervals.icu did not take: {}.", field_words(otherwise))
            };
            let line = format!("{verb}: {} (change {}).{not}", plan.title, tried.number);
            (line, Some(item.id.clone()))
        }
        Some((tried, Fate::Gone)) => (format!("{verb}: {} (change {}).", plan.title, tried.number), None),
        Some((tried, _)) => (
            format!("{}: {}", plan.title, tried.failed().unwrap_or_default()),
            None,
        ),
        None => (String::new(), None),
    };
    // The piece, also of a reminder, and what was replaced.
    let mut ids: Vec<&str> = shows
        .iter()
        .map(|id| id.split('/').next().unwrap_or(id))
        .collect();
    if let (Wish::Replace { old, .. }, true) = (&plan.wish, shows.is_some()) {
        ids.push(&old.id);
    }
    let rows: Vec<gear::Row<'_>> = ids
        .iter()
        .filter_map(|id| all.iter().find(|piece| piece.id.as_deref() == Some(id)))
        .map(|piece| gear::row(piece, all))
        .collect();
    let changed = match (&plan.wish, &shows) {
        (Wish::Change { .. }, Some(_)) => plan.would.clone(),
        _ => String::new(),
    };
    let reminder = shows
        .as_deref()
        .and_then(|id| reminder_line(id, all, ask.card.units));
    let numbers: Vec<i32> = tried
        .iter()
        .filter(|tried| tried.came_true())
        .map(|tried| tried.number)
        .collect();
    let resets = matches!(&plan.wish, Wish::Change { changes, .. } if changes.has("last_reset"));
    let is_put_off = matches!(&plan.wish, Wish::Change { changes, .. } if changes.has("snoozed_until"));
    let undo = match &plan.wish {
        _ if resets => "A reset cannot be undone.".to_owned(),
        _ if is_put_off => joined(
            [undo_hint(&ask.card, numbers, "takes it back"), PUT_OFF.to_owned()],
            " ",
        ),
        Wish::Delete { .. } => undo_hint(&ask.card, numbers, "makes it again"),
        _ => undo_hint(&ask.card, numbers, "takes it back"),
    };
    let done = first.is_some_and(Tried::came_true);
    let head = if done {
        verb.to_lowercase()
    } else {
        format!("not {}", verb.to_lowercase())
    };
    Answer::of([
        answer::first_line(&ask.card, ask.today(), &[format!("gear {head}")]),
        line,
        changed,
        onto,
        reminder.unwrap_or_default(),
        gear::columns(ask.card.units).table(&rows),
        undo,
    ])
}

/// How far a reminder with this id is: `«Wax»: 0 of 300 km since 2026-11-28`. None of anything else.
fn reminder_line(id: &str, all: &[Gear], own: Units) -> Option<String> {
    let (gear, number) = id.split_once('/')?;
    let piece = all.iter().find(|piece| piece.id.as_deref() == Some(gear))?;
    let mut reminders = piece.reminders.iter().flatten();
    let reminder = reminders.find(|one| one.id.is_some_and(|id| id.to_string() == number))?;
    let since = gear::day(reminder.last_reset.as_deref());
    let until = gear::day(reminder.snoozed_until.as_deref());
    let parts = [
        gear::counts(reminder, own),
        answer::words::named("since", &since),
        answer::words::named("put off until", &until),
    ];
    Some(format!(
        "{}: {}.",
        gear::reminder_name(reminder),
        joined(parts, ", ")
    ))
}
