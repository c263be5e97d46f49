//! The arguments of update_gear: kinds, limits with their units, and what belongs into one call.

use chrono::NaiveDate;

use crate::{
    guard::Ask,
    tool_error::ToolError,
    tools::{
        arguments::{Arguments, wrong},
        gear::NAME,
        params::Param,
    },
};

/// Characters of a note.
const NOTE: usize = 500;
/// Days for which a reminder is put off.
const MOST_DAYS: f64 = 365.0;

pub(super) const PARAMS: &[Param] = &[
    Param::text("gear", 100, "Name or id of a piece or part"),
    Param::text("add", 30, "Kind of a new one: Bike, Shoes, Chain …"),
    Param::text("name", NAME, "New name"),
    Param::day("bought", "Day"),
    Param::lines("note", NOTE, "Words"),
    Param::text("retired", 10, "Day, or no"),
    Param::text("on", 100, "Put a part on this"),
    Param::flag("replace", "Retire a part, a new one like it takes its place"),
    Param::text("reminder", NAME, "Name of one, new or there"),
    Param::text("every", 40, "As 4000 km, 100 h, 50 activities or 180 days"),
    Param::flag("reset", "It is done: count anew"),
    Param::number("snooze_days", (0.0, MOST_DAYS), "Put it off"),
    Param::flag("delete", "The reminder, or the gear"),
    Param::text("confirm", 40, "Token of the list"),
    Param::flag("preview", ""),
];

/// Upstream's kinds of pieces, and of parts of them.
const WHOLE: [&str; 17] = [
    "Bike",
    "Shoes",
    "Wetsuit",
    "RowingMachine",
    "Skis",
    "Snowboard",
    "Boat",
    "Board",
    "Equipment",
    "Accessories",
    "Apparel",
    "Computer",
    "Light",
    "Battery",
    "Trainer",
    "CyclingShoes",
    "Paddle",
];
pub(super) const PARTS: [&str; 29] = [
    "Brake",
    "BrakePads",
    "Rotor",
    "Drivetrain",
    "BottomBracket",
    "Cassette",
    "Chain",
    "Chainrings",
    "Crankset",
    "Derailleur",
    "Pedals",
    "Lever",
    "Cable",
    "Frame",
    "Fork",
    "Handlebar",
    "Headset",
    "Saddle",
    "Seatpost",
    "Shock",
    "Stem",
    "Axel",
    "Hub",
    "Tube",
    "Tyre",
    "Wheel",
    "Wheelset",
    "PowerMeter",
    "Cleats",
];

/// The kind that a word means, in upstream's spelling: any case, with or without spaces and a final s.
fn kind_named(word: &str) -> Option<&'static str> {
    let plain = |text: &str| {
        let letters = text.chars().filter(|letter| letter.is_alphanumeric());
        let text: String = letters.flat_map(char::to_lowercase).collect();
        text.trim_end_matches('s').to_owned()
    };
    let wanted = match plain(word).as_str() {
        "tire" => "tyre".to_owned(),
        "shoe" => "shoe".to_owned(),
        "axle" => "axel".to_owned(),
        other => other.to_owned(),
    };
    WHOLE
        .iter()
        .chain(&PARTS)
        .copied()
        .find(|kind| plain(kind) == wanted)
}

/// Something to be done after so far, so long, so often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Every {
    pub(super) field: &'static str,
    /// In upstream's unit.
    pub(super) value: f64,
}

impl Every {
    /// `4000 km`, `2500 mi`, `100 h`, `50 activities`, `180 days`, `6 months`; a bare number means nothing.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let split = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '_' | ' ')))?;
        let (number, unit) = text.split_at(split);
        let number: String = number.chars().filter(|c| !matches!(c, ',' | '_' | ' ')).collect();
        let number: f64 = number.parse().ok()?;
        let (field, factor, most) = match unit.trim() {
            "km" | "kilometres" | "kilometers" => ("distance", 1000.0, 1e8),
            "mi" | "miles" | "mile" => ("distance", 1609.344, 1e8),
            "m" | "metres" | "meters" => ("distance", 1.0, 1e8),
            "h" | "hours" | "hour" | "hrs" => ("time", 3600.0, 1e8),
            "activities" | "activity" | "rides" | "runs" | "times" | "sessions" => ("activities", 1.0, 1e5),
            "days" | "day" | "d" => ("days", 1.0, 1e4),
            "weeks" | "week" => ("days", 7.0, 1e4),
            "months" | "month" => ("days", 30.0, 1e4),
            "years" | "year" => ("days", 365.0, 1e4),
            _ => return None,
        };
        let value = (number * factor).round();
        (number.is_finite() && value >= 1.0 && value <= most).then_some(Self { field, value })
    }
}

/// The call's arguments.
#[expect(clippy::struct_excessive_bools, reason = "arguments")]
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) gear: Option<String>,
    pub(super) add: Option<&'static str>,
    pub(super) name: Option<String>,
    pub(super) bought: Option<NaiveDate>,
    pub(super) note: Option<String>,
    pub(super) retired: Option<Retired>,
    pub(super) on: Option<String>,
    pub(super) replace: bool,
    pub(super) reminder: Option<String>,
    pub(super) every: Option<Every>,
    pub(super) reset: bool,
    pub(super) snooze: Option<i64>,
    pub(super) delete: bool,
    pub(super) confirm: Option<String>,
    pub(super) preview: bool,
}

impl Asked {
    pub(super) fn read(arguments: &Arguments, ask: &Ask) -> Result<Self, ToolError> {
        let kinds = || {
            format!(
                "must be a kind of gear at intervals.icu: {}; or a part: {}",
                WHOLE.join(", "),
                PARTS.join(", ")
            )
        };
        let add = match arguments.text("add")? {
            Some(word) => Some(kind_named(&word).ok_or_else(|| wrong("add", &kinds()))?),
            None => None,
        };
        let retired = match arguments.text("retired")? {
            Some(text) => Some(retired_on(&text, ask)?),
            None => None,
        };
        let every = match arguments.text("every")? {
            Some(text) => Some(Every::read(&text).ok_or_else(|| {
                wrong(
                    "every",
                    "must be a number with its unit, such as 4000 km, 2500 mi, 100 h, 50 activities or 180 days",
                )
            })?),
            None => None,
        };
        let bought = arguments.day("bought")?;
        if bought.is_some_and(|day| day > ask.today()) {
            return Err(wrong("bought", "must not be after today"));
        }
        let snooze = arguments.number("snooze_days")?;
        #[expect(clippy::cast_possible_truncation, reason = "small")]
        let snooze = snooze.map(|days| days.round() as i64);
        let asked = Self {
            gear: arguments.text("gear")?,
            add,
            name: arguments.name("name")?,
            bought,
            note: arguments.lines("note")?,
            retired,
            on: arguments.text("on")?,
            replace: arguments.flag("replace")?,
            reminder: arguments.name("reminder")?,
            every,
            reset: arguments.flag("reset")?,
            snooze,
            delete: arguments.flag("delete")?,
            confirm: arguments.text("confirm")?,
            preview: arguments.flag("preview")?,
        };
        asked.fits()?;
        Ok(asked)
    }

    /// Whether what was given belongs together: one thing a call.
    fn fits(&self) -> Result<(), ToolError> {
        let refuse = |text: &str| Err(ToolError::Input(format!("Not done: {text}")));
        let of_reminder = self.every.is_some() || self.reset || self.snooze.is_some();
        let of_piece =
            self.bought.is_some() || self.note.is_some() || self.retired.is_some() || self.on.is_some();
        match (self.add, &self.gear) {
            (Some(_), Some(_)) => {
                return refuse("pass add for something new, or gear for what is there, not both.");
            }
            (None, None) => return Err(wrong("gear", "must be given, or add for something new")),
            (Some(_), None) if self.name.is_none() => {
                return Err(wrong("name", "must be given for something new"));
            }
            (Some(_), None) if self.reminder.is_some() || of_reminder || self.replace || self.delete => {
                return refuse("add first, then set reminders or replace it with another call.");
            }
            _ => {}
        }
        if self.reminder.is_none() && of_reminder {
            return Err(wrong(
                "reminder",
                "must be given with every, reset or snooze_days",
            ));
        }
        if self.reminder.is_some() && (of_piece || self.replace) {
            return refuse(
                "a reminder is set by a call of its own: leave out bought, note, retired, on and replace.",
            );
        }
        if self.delete && (of_piece || of_reminder || self.replace || self.name.is_some()) {
            return refuse("delete goes with gear, or with gear and reminder, and nothing else.");
        }
        if self.replace
            && (self.note.is_some() || self.retired.is_some() || self.on.is_some() || self.bought.is_some())
        {
            return refuse("replace takes gear and, for the new one, name: the old one is retired today.");
        }
        let nothing = self.name.is_none() && !of_piece && !of_reminder;
        if self.add.is_none() && nothing && !self.replace && !self.delete {
            return refuse(
                "nothing to change was given. Pass name, retired, note, bought, on, replace, a reminder with every, reset or \
                 snooze_days, or delete.",
            );
        }
        Ok(())
    }
}

/// Whether something is in use.
#[derive(Debug, Clone, Copy)]
pub(super) enum Retired {
    /// Not since this day.
    On(NaiveDate),
    /// It is, again.
    Not,
}

impl Retired {
    /// As upstream has it: the day, or none.
    pub(super) fn day(self) -> Option<String> {
        match self {
            Self::On(day) => Some(day.to_string()),
            Self::Not => None,
        }
    }
}

fn retired_on(text: &str, ask: &Ask) -> Result<Retired, ToolError> {
    let word = text.trim().to_lowercase();
    match word.as_str() {
        "no" | "false" | "never" => return Ok(Retired::Not),
        "yes" | "true" | "today" | "now" => return Ok(Retired::On(ask.today())),
        _ => {}
    }
    let day = word.get(..10).and_then(|day| day.parse::<NaiveDate>().ok());
    day.filter(|day| *day <= ask.today())
        .map(Retired::On)
        .ok_or_else(|| {
            wrong(
                "retired",
                "must be a day up to today, YYYY-MM-DD, or no to use it again",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_as_people_write_them() {
        for (word, kind) in [
            ("bike", Some("Bike")),
            ("SHOES", Some("Shoes")),
            ("shoe", Some("Shoes")),
            ("brake pads", Some("BrakePads")),
            ("power meter", Some("PowerMeter")),
            ("tire", Some("Tyre")),
            ("tyres", Some("Tyre")),
            ("chain rings", Some("Chainrings")),
            ("Cleats", Some("Cleats")),
            ("car", None),
            ("", None),
        ] {
            assert_eq!(kind_named(word), kind, "{word}");
        }
    }

    #[test]
    fn a_limit_has_a_unit() {
        let every = |text: &str| Every::read(text).map(|every| (every.field, every.value));
        for (text, read) in [
            ("4000 km", Some(("distance", 4_000_000.0))),
            ("4,000km", Some(("distance", 4_000_000.0))),
            ("2500 mi", Some(("distance", 4_023_360.0))),
            ("100 h", Some(("time", 360_000.0))),
            ("1.5 hours", Some(("time", 5400.0))),
            ("50 rides", Some(("activities", 50.0))),
            ("6 months", Some(("days", 180.0))),
            ("1 year", Some(("days", 365.0))),
            ("4000", None),
            ("0 km", None),
            ("-5 km", None),
            ("km", None),
            ("1e9 km", None),
            ("999999999 km", None),
            ("5 parsecs", None),
            ("", None),
        ] {
            assert_eq!(every(text), read, "{text}");
        }
    }
}
