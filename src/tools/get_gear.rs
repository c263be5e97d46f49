//! get_gear: bikes, shoes and their parts, how far each has come, and what is due.
//!
//! One request (`GET /athlete/{id}/gear`).

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{
        self,
        cut::Cut,
        table::Columns,
        units::{self, positive},
        words::{counted, joined, listed},
    },
    arguments::Arguments,
    gear::{self, Row, columns, counts, day, reminder_name},
    params::Param,
};
use crate::{
    guard::{Ask, AthleteCard, Units},
    intervals::model::{Gear, GearReminder},
    permissions,
    tool_error::ToolError,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_GEAR,
    description: "Bikes, shoes and other gear at intervals.icu: distance, time, activities, purchase, parts, reminders and what is due.",
    params: PARAMS,
    requests: "1",
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const PARAMS: &[Param] = &[
    Param::text("gear", 100, "Name or id: only this, with its parts"),
    Param::words("include", &["retired"], "Also what is retired"),
];

/// Rows of each table.
const ROWS: usize = 60;

async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let arguments = Arguments::new(given, PARAMS, ask.today())?;
    let (wanted, retired) = (arguments.text("gear")?, arguments.includes("retired")?);
    let all = ask.upstream.gear().await?;
    let days = (ask.today(), ask.now.date_naive());
    let answer = match wanted {
        Some(text) => {
            let piece = gear::piece_or_part(&all, &text)?;
            let is_wanted =
                |one: &Gear| one.id == piece.id || one.id.as_deref().is_some_and(|id| piece.holds(id));
            render(&ask.card, days, &all, is_wanted, true)
        }
        None => render(&ask.card, days, &all, |one| retired || !one.is_retired(), false),
    };
    Ok(answer.and([answer::unread(&ask.upstream)]))
}

/// A reminder with its gear.
#[derive(Debug, Clone, Copy)]
struct Reminded<'a> {
    of: &'a Gear,
    reminder: &'a GearReminder,
}

fn render(
    card: &AthleteCard,
    (today, utc): (NaiveDate, NaiveDate),
    all: &[Gear],
    is_wanted: impl Fn(&Gear) -> bool,
    is_one: bool,
) -> Answer {
    let own = card.units;
    let wanted: Vec<&Gear> = all.iter().filter(|piece| is_wanted(piece)).collect();
    let in_order = in_order(&wanted);
    let parts = wanted.iter().filter(|piece| piece.is_part()).count();
    let left_out = all.len() - wanted.len();
    let counts = [
        counted(wanted.len() - parts, "piece", "pieces"),
        if parts > 0 {
            counted(parts, "part", "parts")
        } else {
            String::new()
        },
        if is_one || left_out == 0 {
            String::new()
        } else {
            format!("{left_out} retired left out")
        },
    ];
    let heading = answer::first_line(card, today, &[format!("gear: {}", joined(counts, ", "))]);
    if wanted.is_empty() {
        let none = if all.is_empty() {
            "No gear at intervals.icu.".to_owned()
        } else {
            "Everything is retired: include: [\"retired\"] shows it.".to_owned()
        };
        return Answer::of([heading, none]);
    }
    let rows: Vec<Row<'_>> = in_order.into_iter().map(|piece| gear::row(piece, all)).collect();
    let cut = Cut::after(ROWS, &rows);
    let more = cut.more("row", |_| "pass gear for one piece".to_owned());
    let reminders = reminders(&wanted);
    let due: Vec<String> = reminders
        .iter()
        .filter(|one| one.reminder.is_due(&utc.to_string()))
        .map(|one| due_in_words(*one, own))
        .collect();
    let due = match &due[..] {
        [] if reminders.is_empty() => String::new(),
        [] => "Nothing is due.".to_owned(),
        due => format!("Due: {}.", listed(due, 8)),
    };
    let shown = Cut::after(ROWS, &reminders);
    let more_reminders = shown.more("reminder", |_| "pass gear for one piece".to_owned());
    Answer::of([
        heading,
        due,
        columns(own).table(cut.shown),
        more,
        reminder_columns(own, utc).table(shown.shown),
        more_reminders,
    ])
}

/// What is in use first and by distance, each piece followed by its parts; a part on several comes after the first.
fn in_order<'a>(wanted: &[&'a Gear]) -> Vec<&'a Gear> {
    let by_distance = |pieces: &mut Vec<&Gear>| {
        let metres = |piece: &Gear| positive(piece.distance).unwrap_or_default();
        pieces.sort_by(|one, other| metres(other).total_cmp(&metres(one)));
        pieces.sort_by_key(|piece| piece.is_retired());
    };
    let (mut parts, mut whole): (Vec<&Gear>, Vec<&Gear>) =
        wanted.iter().copied().partition(|piece| piece.is_part());
    by_distance(&mut whole);
    by_distance(&mut parts);
    let mut all = Vec::with_capacity(wanted.len());
    for piece in whole {
        all.push(piece);
        let (on, rest): (Vec<&Gear>, Vec<&Gear>) = parts
            .into_iter()
            .partition(|part| part.id.as_deref().is_some_and(|id| piece.holds(id)));
        all.extend(on);
        parts = rest;
    }
    all.extend(parts);
    all
}

/// The reminders of these, the furthest first.
fn reminders<'a>(wanted: &[&'a Gear]) -> Vec<Reminded<'a>> {
    let mut all: Vec<Reminded<'_>> = wanted
        .iter()
        .flat_map(|of| {
            let reminders = of.reminders.iter().flatten();
            reminders.map(|reminder| Reminded { of, reminder })
        })
        .collect();
    let percent = |one: &Reminded<'_>| one.reminder.percent_used.unwrap_or_default();
    all.sort_by(|one, other| percent(other).total_cmp(&percent(one)));
    all
}

fn due_in_words(one: Reminded<'_>, own: Units) -> String {
    format!(
        "{} of {} ({})",
        reminder_name(one.reminder),
        gear::name_of(one.of),
        counts(one.reminder, own)
    )
}

fn reminder_columns<'a>(own: Units, today: NaiveDate) -> Columns<'a, Reminded<'a>> {
    Columns::<Reminded<'_>>::new()
        .column("reminder", |one| reminder_name(one.reminder))
        .column("of", |one| gear::name_of(one.of))
        .column("counts", move |one| counts(one.reminder, own))
        .column("%", |one| units::whole(one.reminder.percent_used))
        .column("since", |one| day(one.reminder.last_reset.as_deref()))
        .column("put off until", move |one| {
            let until = day(one.reminder.snoozed_until.as_deref());
            if until > today.to_string() {
                until
            } else {
                String::new()
            }
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::samples::{HOSTILE, ana, rows, stays_in_its_place, today};

    fn rack() -> Vec<Gear> {
        rows(json!([
            {"id": "s1", "type": "Shoes", "name": "Trail", "distance": 412_300.0, "time": 132_400, "activities": 51,
             "activity_filters": [{"field_id": "type", "value": ["Run", "Hike"], "not": false}, {"field_id": "type", "value": ["Ride"], "not": true},
                {"field_id": "name", "value": "x"}, 7]},
            {"id": "w1", "type": "Wheelset", "name": "Zipp", "component": true, "distance": 900_000.0},
            {"id": "c1", "type": "Chain", "name": "Chain", "component": true, "distance": 4_312_400.0, "purchased": "2026-01-10",
             "reminders": [
                {"id": 1, "name": "Replace chain", "distance": 4_000_000.0, "distance_used": 4_312_400.0, "percent_used": 107.8,
                 "last_reset": "2026-01-10T00:00:00.000+00:00"},
                {"id": 2, "name": "Wax", "distance": 300_000.0, "time": 36_000, "distance_used": 0, "time_used": null, "percent_used": 0},
                {"id": 3, "name": "Look", "days": 180, "days_used": 315, "percent_used": 175, "snoozed_until": "2026-12-05T12:00:00Z"},
                "odd"
             ]},
            {"id": "b1", "type": "Bike", "name": "Canyon", "distance": 8_123_456.0, "time": 1_043_220, "activities": 241, "component_ids": ["c1", "w1"],
             "notes": "Two\nlines"},
            {"id": "b2", "type": "Bike", "name": "Ridley", "component_ids": ["w1", null]},
            {"id": "b3", "type": "Bike", "name": "Old", "retired": "2025-08-30", "distance": 1},
            {"name": null, "type": 3},
        ]))
    }

    #[test]
    fn parts_follow_their_piece_and_what_is_due_comes_first() {
        let all = rack();
        let days = (today(), today());
        let answer = render(&ana(), days, &all, |one| !one.is_retired(), false);
        insta::assert_snapshot!(answer.text);
        let answer = render(&ana(), days, &[], |_| true, false).text;
        assert!(answer.ends_with("No gear at intervals.icu."), "{answer}");
    }

    #[test]
    fn what_upstream_holds_stays_in_its_place() {
        let all: Vec<Gear> = rows(json!([
            {"id": HOSTILE, "type": HOSTILE, "name": HOSTILE, "retired": HOSTILE, "notes": HOSTILE, "purchased": HOSTILE,
             "component_ids": [HOSTILE], "activity_filters": [{"field_id": "type", "value": [HOSTILE]}],
             "reminders": [{"name": HOSTILE, "distance": 1e300, "distance_used": -1e300, "percent_used": 1e308, "last_reset": HOSTILE}]}
        ]));
        stays_in_its_place(&render(&ana(), (today(), today()), &all, |_| true, false).text);
    }
}
