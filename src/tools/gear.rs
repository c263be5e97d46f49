//! Bikes, shoes and whatever else an athlete uses: which one a name means, and a table of them.

use std::cmp::Reverse;

use crate::{
    guard::Units,
    intervals::model::{Gear, GearReminder},
    text::{clean, fenced},
    tool_error::ToolError,
    tools::answer::{
        self,
        cut::Cut,
        table::Columns,
        units::{self, positive},
        words::{in_brackets, joined, listed, on_one_line},
    },
};

/// Characters of a name.
pub(super) const NAME: usize = 60;
/// Pieces that are named where none or several fit.
const CANDIDATES: usize = 12;
/// Characters of a note.
const NOTE: usize = 120;
/// Rows of the table.
const ROWS: usize = 40;

/// The one piece that a text means: its id, its whole name, or else a part of its name. A part of another piece is none.
pub(super) fn meant<'a>(all: &'a [Gear], text: &str) -> Result<&'a Gear, ToolError> {
    among(
        &all.iter().filter(|piece| !piece.is_part()).collect::<Vec<_>>(),
        text,
    )
}

/// The same, of pieces and parts.
pub(super) fn piece_or_part<'a>(all: &'a [Gear], text: &str) -> Result<&'a Gear, ToolError> {
    among(&all.iter().collect::<Vec<_>>(), text)
}

fn among<'a>(whole: &[&'a Gear], text: &str) -> Result<&'a Gear, ToolError> {
    let wanted = plain(text);
    let by_id = whole
        .iter()
        .filter(|piece| piece.id.as_deref() == Some(text.trim()));
    let mut found: Vec<&Gear> = by_id.copied().collect();
    let name = |piece: &&Gear| plain(piece.name.as_deref().unwrap_or_default());
    if found.is_empty() {
        found = whole
            .iter()
            .filter(|piece| name(piece) == wanted)
            .copied()
            .collect();
    }
    if found.is_empty() {
        found = whole
            .iter()
            .filter(|piece| name(piece).contains(&wanted))
            .copied()
            .collect();
    }
    match found[..] {
        [only] => Ok(only),
        [] if whole.is_empty() => Err(ToolError::Input(
            "Not done: this athlete has no gear at intervals.icu. It is added there, under Settings, or with update_gear where that is \
             offered."
                .to_owned(),
        )),
        [] => Err(ToolError::Input(format!(
            "Not done: no gear is called {}. There is {}.",
            fenced(text, NAME),
            listed(&names(whole), CANDIDATES)
        ))),
        _ => Err(ToolError::Input(format!(
            "Not done: several pieces of gear fit {}. Pass the id of one: {}.",
            fenced(text, NAME),
            listed(&names(&found), CANDIDATES)
        ))),
    }
}

/// `Shoes «Ghost 14» (id g12, retired 2025-08-30)`
pub(super) fn in_words(piece: &Gear) -> String {
    let id = piece
        .id
        .as_deref()
        .map_or_else(String::new, |id| format!("id {}", clean(id, 24)));
    joined(
        [
            kind(piece),
            name_of(piece),
            in_brackets(&joined([id, retired(piece)], ", ")),
        ],
        " ",
    )
}

/// `retired 2025-08-30`; empty for what is in use.
pub(super) fn retired(piece: &Gear) -> String {
    match piece.retired.as_deref().map(|day| clean(day, 10)) {
        Some(day) if !day.is_empty() => format!("retired {day}"),
        _ => String::new(),
    }
}

/// What is in use first, then by distance. Parts, such as a chain, are only counted.
pub(super) fn table(all: &[Gear], own: Units) -> String {
    let mut whole: Vec<&Gear> = all.iter().filter(|piece| !piece.is_part()).collect();
    let parts = all.len() - whole.len();
    let metres = |piece: &&Gear| positive(piece.distance).unwrap_or_default();
    whole.sort_by(|one, other| metres(other).total_cmp(&metres(one)));
    whole.sort_by_key(|piece| !retired(piece).is_empty());
    if whole.is_empty() {
        return "No gear at intervals.icu.".to_owned();
    }
    let cut = Cut::after(ROWS, &whole);
    let table = Columns::<&Gear>::new()
        .column("gear", |piece| kind(piece))
        .column("name", |piece| name_of(piece))
        .column(units::distance_unit(own), |piece| {
            units::distance(positive(piece.distance), own, 0)
        })
        .column("time h:mm", |piece| units::hours_minutes(positive(piece.time)))
        .column("retired", |piece| {
            clean(piece.retired.as_deref().unwrap_or_default(), 10)
        })
        .column("id", |piece| clean(piece.id.as_deref().unwrap_or_default(), 24))
        .table(cut.shown);
    let left = match (cut.left.len(), parts) {
        (0, 0) => String::new(),
        (0, parts) => format!("Left out: parts ({parts})."),
        (more, parts) => format!("Left out: {more} more, parts ({parts})."),
    };
    joined([table, left], "\n")
}

fn names(pieces: &[&Gear]) -> Vec<String> {
    let mut pieces = pieces.to_vec();
    pieces.sort_by_key(|piece| Reverse(retired(piece).is_empty()));
    pieces.into_iter().map(in_words).collect()
}

pub(super) fn kind(piece: &Gear) -> String {
    clean(piece.kind.as_deref().unwrap_or("Gear"), 20)
}

pub(super) fn name_of(piece: &Gear) -> String {
    fenced(piece.name.as_deref().unwrap_or_default(), NAME)
}

/// A piece or a part of one, as a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    piece: &'a Gear,
    /// Names of what it is on.
    all: &'a [Gear],
}

impl Row<'_> {
    /// What it is on: `«Canyon»`, `«Canyon», «Ridley»`.
    fn on(&self) -> String {
        let Some(id) = self.piece.id.as_deref() else {
            return String::new();
        };
        let holders = self.all.iter().filter(|other| other.holds(id));
        joined(holders.map(name_of), ", ")
    }
}

/// The columns of pieces and parts.
pub(super) fn columns<'a>(own: Units) -> Columns<'a, Row<'a>> {
    Columns::<Row<'_>>::new()
        .column("gear", |row| kind(row.piece))
        .column("name", |row| name_of(row.piece))
        .column("on", Row::on)
        .column(units::distance_unit(own), move |row| {
            units::distance(positive(row.piece.distance), own, 0)
        })
        .column("time h:mm", |row| units::hours_minutes(positive(row.piece.time)))
        .column("activities", |row| units::whole(positive(row.piece.activities)))
        .column("by itself for", |row| {
            joined(row.piece.sports().into_iter().map(answer::sport), ", ")
        })
        .column("bought", |row| day(row.piece.purchased.as_deref()))
        .column("retired", |row| day(row.piece.retired.as_deref()))
        .column("note", |row| {
            fenced(&on_one_line(row.piece.notes.as_deref().unwrap_or_default()), NOTE)
        })
        .column("id", |row| clean(row.piece.id.as_deref().unwrap_or_default(), 24))
}

/// The rows of one piece.
pub(super) fn row<'a>(piece: &'a Gear, all: &'a [Gear]) -> Row<'a> {
    Row { piece, all }
}

/// The day of a day or of a moment.
pub(super) fn day(text: Option<&str>) -> String {
    let day = text.unwrap_or_default();
    clean(day.get(..10).unwrap_or(day), 10)
}

/// A limit with what of it is used: `4312 of 4000 km`.
type Counted = (Option<f64>, Option<f64>);

fn of(used: impl Fn(f64) -> String, (done, limit): Counted, unit: &str) -> String {
    match positive(limit) {
        Some(limit) => joined(
            [
                format!("{} of {}", used(done.unwrap_or_default()), used(limit)),
                unit.to_owned(),
            ],
            " ",
        ),
        None => String::new(),
    }
}

/// What a reminder counts: `4312 of 4000 km`.
pub(super) fn counts(reminder: &GearReminder, own: Units) -> String {
    let far = |metres: f64| {
        let far = units::distance(Some(metres), own, 0);
        if far.is_empty() { "0".to_owned() } else { far }
    };
    let long = |secs: f64| {
        let long = units::hours_minutes(Some(secs));
        if long.is_empty() { "0:00".to_owned() } else { long }
    };
    let number = |count: f64| units::whole(Some(count));
    let all = [
        of(
            far,
            (reminder.distance_used, reminder.distance),
            units::distance_unit(own),
        ),
        of(long, (reminder.time_used, reminder.time), "h"),
        of(
            number,
            (reminder.activities_used, reminder.activities),
            "activities",
        ),
        of(number, (reminder.days_used, reminder.days), "days"),
    ];
    joined(all, ", ")
}

pub(super) fn reminder_name(reminder: &GearReminder) -> String {
    fenced(reminder.name.as_deref().unwrap_or_default(), NAME)
}

/// A name without case and extra spaces.
fn plain(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tools::samples::{HOSTILE, ana, rows, stays_in_its_place};

    fn shelf() -> Vec<Gear> {
        rows(json!([
            {"id": "g3", "type": "Shoes", "name": "Ghost 14", "distance": 902_345.0, "time": 300_000, "retired": "2025-08-30"},
            {"id": "b1", "type": "Bike", "name": "Canyon  Endurace", "distance": 8_123_456.0, "time": 1_000_000},
            {"id": "b1c", "type": "Chain", "name": "Canyon chain", "component": true},
            {"id": "g1", "type": "Shoes", "name": "Novablast", "distance": 0, "component": false, "retired": null},
            {"id": "g2", "type": "Shoes", "name": "Novablast", "distance": 88_000.0},
            {"id": "g4", "type": "Shoes", "name": "Novablast trail"},
        ]))
    }

    fn id(text: &str) -> Result<String, String> {
        meant(&shelf(), text)
            .map(|piece| piece.id.clone().unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_means_one_piece_or_is_refused_with_the_candidates() {
        for (text, found) in [
            ("canyon endurace", "b1"),
            (" CANYON ", "b1"),
            ("g2", "g2"),
            ("trail", "g4"),
            ("ghost", "g3"),
        ] {
            assert_eq!(id(text).as_deref(), Ok(found), "{text}");
        }
        let several = id("novablast").unwrap_err();
        assert!(
            several.contains("several pieces of gear fit «novablast». Pass the id of one: Shoes «Novablast» (id g1), Shoes «Novablast» (id g2)."),
            "{several}"
        );
        let none = id("chain").unwrap_err();
        assert!(
            none.contains("no gear is called «chain»")
                && none.ends_with("Shoes «Ghost 14» (id g3, retired 2025-08-30)."),
            "{none}"
        );
        assert!(!none.contains("b1c"), "{none}");
        assert!(meant(&[], "x").unwrap_err().to_string().contains("has no gear"));
    }

    #[test]
    fn the_table_has_what_is_in_use_first_and_no_parts() {
        assert_eq!(
            table(&shelf(), ana().units),
            "gear\tname\tkm\ttime h:mm\tretired\tid\n\
             Bike\t«Canyon Endurace»\t8123\t277:47\t\tb1\n\
             Shoes\t«Novablast»\t88\t\t\tg2\n\
             Shoes\t«Novablast»\t\t\t\tg1\n\
             Shoes\t«Novablast trail»\t\t\t\tg4\n\
             Shoes\t«Ghost 14»\t902\t83:20\t2025-08-30\tg3\n\
             Left out: parts (1)."
        );
        assert_eq!(table(&[], ana().units), "No gear at intervals.icu.");
    }

    #[test]
    fn what_upstream_holds_stays_in_its_place() {
        let all: Vec<Gear> = rows(json!([
            {"id": HOSTILE, "type": HOSTILE, "name": HOSTILE, "retired": HOSTILE}, {"id": 7, "name": Value::Null}
        ]));
        stays_in_its_place(&table(&all, ana().units));
        let error = meant(&all, HOSTILE).map_or_else(|error| error.to_string(), in_words);
        assert!(!error.contains('\n'), "{error}");
    }
}
