//! The arguments of push_event: what each entry is, and what has no business on it.

use std::collections::HashSet;

use chrono::{Months, NaiveDate};

use crate::{
    intervals::model::{EntryFields, Event, end_after},
    tool_error::ToolError,
    tools::{
        answer::units,
        arguments::{Arguments, Moment, in_row, wrong},
        params::{Param, words_of},
        writing::entry::{self, NAME, NOTE, bulleted},
    },
    training::weeks::{days_in, monday, sunday},
};

/// Entries of one call.
const MOST_EVENTS: usize = 14;
/// Days of one entry, and between the first and the last of one call.
const MOST_DAYS: i64 = 366;
/// Months ahead, and back, that an entry may begin.
const AHEAD: Months = Months::new(24);
const BACK: Months = Months::new(120);
const KM: (f64, f64) = (0.1, 5000.0);
/// Up to a whole week.
const MINUTES: (f64, f64) = (1.0, 10_080.0);
const LOAD: (f64, f64) = (1.0, 5000.0);
const MINUTES_A_DAY: (f64, f64) = (1.0, 1440.0);
const WATTS: (f64, f64) = (30.0, 800.0);

pub(super) const PARAMS: &[Param] = &[
    Param::rows("events", EVENT, MOST_EVENTS, "").required(),
    Param::flag("overwrite", "Change one of that kind, name and date"),
    Param::flag("preview", ""),
];

const EVENT: &[Param] = &[
    Param::word("kind", &words_of(&KINDS), "").required(),
    Param::day("date", "First day; a race's start time may follow").required(),
    Param::day("last_date", "Last day, included"),
    Param::text("name", NAME, "Of a race or note"),
    Param::lines("text", NOTE, ""),
    Param::word("priority", &words_of(&PRIORITIES), "Default A"),
    Param::text("sport", 40, "Race and set_eftp need it"),
    Param::number("km", KM, ""),
    Param::number("minutes", MINUTES, ""),
    Param::number("load", LOAD, ""),
    Param::word("availability", &words_of(&AVAILABILITY), ""),
    Param::number("max_minutes", MINUTES_A_DAY, ""),
    Param::texts(
        "sports",
        10,
        "must be a list of up to 10 intervals.icu types",
        "Of a limited day",
    ),
    Param::number("watts", WATTS, ""),
    Param::text("color", 20, ""),
];

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Race,
    Note,
    WeekNote,
    WeekTarget,
    DayTarget,
    Holiday,
    Sick,
    Injured,
    SeasonStart,
    SetEftp,
}

const KINDS: [(&str, Kind); 10] = [
    ("race", Kind::Race),
    ("note", Kind::Note),
    ("week_note", Kind::WeekNote),
    ("week_target", Kind::WeekTarget),
    ("day_target", Kind::DayTarget),
    ("holiday", Kind::Holiday),
    ("sick", Kind::Sick),
    ("injured", Kind::Injured),
    ("season_start", Kind::SeasonStart),
    ("set_eftp", Kind::SetEftp),
];

const PRIORITIES: [(&str, &str); 3] = [("A", "RACE_A"), ("B", "RACE_B"), ("C", "RACE_C")];
const AVAILABILITY: [(&str, &str); 3] = [
    ("unavailable", UNAVAILABLE),
    ("limited", LIMITED),
    ("normal", NORMAL),
];
const UNAVAILABLE: &str = "UNAVAILABLE";
const LIMITED: &str = "LIMITED";
const NORMAL: &str = "NORMAL";

impl Kind {
    fn word(self) -> &'static str {
        let found = KINDS.iter().find(|(_, kind)| *kind == self);
        found.map_or("", |(word, _)| word)
    }

    const fn category(self) -> &'static str {
        match self {
            Self::Race => "RACE_A",
            Self::Note | Self::WeekNote => "NOTE",
            Self::WeekTarget | Self::DayTarget => Event::TARGET,
            Self::Holiday => "HOLIDAY",
            Self::Sick => "SICK",
            Self::Injured => "INJURED",
            Self::SeasonStart => "SEASON_START",
            Self::SetEftp => Event::SET_EFTP,
        }
    }

    /// The name of one that is given none; None if it needs one.
    const fn default_name(self) -> Option<&'static str> {
        match self {
            Self::Race | Self::Note | Self::WeekNote => None,
            Self::WeekTarget | Self::DayTarget => Some("Target"),
            Self::Holiday => Some("Holiday"),
            Self::Sick => Some("Sick"),
            Self::Injured => Some("Injured"),
            Self::SeasonStart => Some("Season start"),
            Self::SetEftp => Some("eFTP"),
        }
    }

    const fn is_for_week(self) -> bool {
        matches!(self, Self::WeekNote | Self::WeekTarget)
    }

    const fn is_target(self) -> bool {
        matches!(self, Self::WeekTarget | Self::DayTarget)
    }

    /// The arguments that it may have besides those of every kind.
    const fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Race => &["last_date", "priority", "sport", "km", "minutes", "load"],
            Self::WeekTarget | Self::DayTarget => &["sport", "km", "minutes", "load"],
            Self::Note | Self::Holiday | Self::Sick | Self::Injured => {
                &["last_date", "availability", "max_minutes", "sports"]
            }
            Self::WeekNote | Self::SeasonStart => &[],
            Self::SetEftp => &["sport", "watts"],
        }
    }
}

/// One entry as it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// `race`
    pub(super) kind: &'static str,
    pub(super) fields: EntryFields,
    /// Of the fields those that nobody asked for: one that stands there may have others.
    pub(super) assumed: Vec<&'static str>,
    /// What the person should know of how it was understood.
    pub(super) notes: Vec<String>,
}

impl Wanted {
    /// Whether its name was given.
    pub(super) fn is_named(&self) -> bool {
        !self.assumed.contains(&"name")
    }
}

/// The call's arguments.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) events: Vec<Wanted>,
    /// Whether one that stands there with other values is to get these.
    pub(super) overwrite: bool,
    pub(super) preview: bool,
}

impl Asked {
    pub(super) fn read(arguments: &Arguments, today: NaiveDate) -> Result<Self, ToolError> {
        let rows = arguments.rows("events")?;
        let overwrite = arguments.flag("overwrite")?;
        let events = rows.iter().enumerate().map(|(at, row)| {
            Wanted::read(row, overwrite, today).map_err(|error| in_row("events", at, &error))
        });
        let asked = Self {
            events: events.collect::<Result<_, _>>()?,
            overwrite,
            preview: arguments.flag("preview")?,
        };
        let (first, last) = asked.days();
        if days_in(first, last) > MOST_DAYS {
            return Err(wrong(
                "events",
                &format!("must be within {MOST_DAYS} days of each other; send them in several calls"),
            ));
        }
        Ok(asked)
    }

    /// The first and the last day of all.
    pub(super) fn days(&self) -> (NaiveDate, NaiveDate) {
        let first = self.events.iter().filter_map(|wanted| wanted.fields.day()).min();
        let last = self
            .events
            .iter()
            .filter_map(|wanted| wanted.fields.last_day())
            .max();
        (first.unwrap_or_default(), last.unwrap_or_default())
    }
}

/// What a row has besides kind, date and words.
#[derive(Debug)]
struct Given {
    last: Option<NaiveDate>,
    priority: Option<&'static str>,
    sport: Option<&'static str>,
    /// m
    metres: Option<f64>,
    /// s
    secs: Option<f64>,
    load: Option<f64>,
    availability: Option<&'static str>,
    /// s
    most: Option<f64>,
    sports: Vec<String>,
    watts: Option<f64>,
}

impl Given {
    fn read(row: &Arguments) -> Result<Self, ToolError> {
        let seconds = |minutes: f64| (minutes * 60.0).round();
        let sport = |word: &str| entry::sport_named(word).ok_or_else(|| wrong("sport", entry::SPORTS));
        let possible = |word: &&str| entry::sport_named(word).ok_or_else(|| wrong("sports", entry::SPORTS));
        let sports = row.texts("sports")?;
        let mut sports: Vec<&str> = sports.iter().map(possible).collect::<Result<_, _>>()?;
        let mut seen = HashSet::new();
        sports.retain(|sport| seen.insert(*sport));
        Ok(Self {
            last: row.planned_day("last_date")?.map(|moment| moment.day),
            priority: row.word("priority", &PRIORITIES)?,
            sport: row.text("sport")?.as_deref().map(sport).transpose()?,
            // To half a metre, which upstream's numbers keep as it is.
            metres: row.number("km")?.map(|km| (km * 2000.0).round() / 2.0),
            secs: row.number("minutes")?.map(seconds),
            load: row.number("load")?.map(f64::round),
            availability: row.word("availability", &AVAILABILITY)?,
            most: row.number("max_minutes")?.map(seconds),
            sports: sports.into_iter().map(str::to_owned).collect(),
            watts: row.number("watts")?.map(f64::round),
        })
    }

    /// Refuses what the kind has not, and what it lacks. One that stands there may have what a race lacks.
    fn check(&self, kind: Kind, overwrite: bool) -> Result<(), ToolError> {
        let all = [
            ("last_date", self.last.is_some()),
            ("priority", self.priority.is_some()),
            ("sport", self.sport.is_some()),
            ("km", self.metres.is_some()),
            ("minutes", self.secs.is_some()),
            ("load", self.load.is_some()),
            ("availability", self.availability.is_some()),
            ("max_minutes", self.most.is_some()),
            ("sports", !self.sports.is_empty()),
            ("watts", self.watts.is_some()),
        ];
        let stranger = all
            .into_iter()
            .find(|(name, given)| *given && !kind.takes().contains(name));
        if let Some((name, _)) = stranger {
            let one = match name {
                "last_date" if kind.is_for_week() => "it is for the whole week of date".to_owned(),
                _ => format!("it does not go with kind {}", kind.word()),
            };
            return Err(wrong(name, &format!("must be left out: {one}")));
        }
        let has_figure = self.metres.or(self.secs).or(self.load).is_some();
        match kind {
            Kind::Race if self.sport.is_none() && !overwrite => {
                Err(wrong("sport", "must be given for a race"))
            }
            Kind::SetEftp if self.sport.is_none() => Err(wrong("sport", "must be given for set_eftp")),
            Kind::SetEftp if self.watts.is_none() => Err(wrong("watts", "must be given for set_eftp")),
            _ if kind.is_target() && !has_figure => {
                Err(wrong("load", "must be given for a target, or minutes or km"))
            }
            _ => Ok(()),
        }
    }

    /// What of the days is left for training; a figure alone says that they are limited.
    fn availability(&self) -> Result<Option<&'static str>, ToolError> {
        let has_limit = self.most.is_some() || !self.sports.is_empty();
        match self.availability {
            Some(UNAVAILABLE | NORMAL) if has_limit => Err(wrong(
                "availability",
                "must be limited with max_minutes or sports",
            )),
            Some(LIMITED) if !has_limit => {
                Err(wrong("max_minutes", "must be given for limited days, or sports"))
            }
            None if has_limit => Ok(Some(LIMITED)),
            availability => Ok(availability),
        }
    }
}

impl Wanted {
    fn read(row: &Arguments, overwrite: bool, today: NaiveDate) -> Result<Self, ToolError> {
        let kind = row
            .word("kind", &KINDS)?
            .ok_or_else(|| wrong("kind", "must be given"))?;
        let on = row
            .planned_day("date")?
            .ok_or_else(|| wrong("date", "must be given"))?;
        let given = Given::read(row)?;
        given.check(kind, overwrite)?;
        let (start, last) = days(kind, on, given.last, today)?;
        let name = row.name("name")?;
        let assumed = [
            ("name", name.is_none()),
            ("category", kind == Kind::Race && given.priority.is_none()),
            ("start_date_local", on.time.is_none()),
            ("end_date_local", given.last.is_none() && !kind.is_for_week()),
        ];
        let assumed = assumed.into_iter().filter_map(|(name, is)| is.then_some(name));
        let name = name
            .or(kind.default_name().map(str::to_owned))
            .ok_or_else(|| wrong("name", &format!("must be given for kind {}", kind.word())))?;
        // An empty one takes the text away.
        let text = row.lines("text")?.or(row.is_empty_text("text").then(String::new));
        let is_race = kind == Kind::Race;
        let is_target = kind.is_target();
        let to_reach = |figure: Option<f64>| figure.filter(|_| is_target);
        let of_race = |figure: Option<f64>| figure.filter(|_| is_race);
        let fields = EntryFields {
            category: Some(given.priority.unwrap_or(kind.category()).to_owned()),
            start_date_local: Some(start.start()),
            end_date_local: end_after(last),
            sport: given.sport.map(str::to_owned),
            name: Some(name),
            // Upstream could read the lines of a race as steps.
            description: if is_race {
                text.as_deref().map(bulleted)
            } else {
                text
            },
            for_week: (kind.is_for_week() || is_target).then_some(kind.is_for_week()),
            moving_time: of_race(given.secs),
            distance: of_race(given.metres),
            icu_training_load: of_race(given.load),
            time_target: to_reach(given.secs),
            distance_target: to_reach(given.metres),
            load_target: to_reach(given.load),
            training_availability: given.availability()?.map(str::to_owned),
            max_training_time: given.most,
            can_train_sports: Some(given.sports.clone()).filter(|sports| !sports.is_empty()),
            icu_ftp: given.watts,
            color: entry::color(row)?,
            ..EntryFields::default()
        };
        let mut notes = Vec::new();
        if is_race && given.priority.is_none() {
            notes.push(
                "It is an A race, because no priority was given: B and C are for lesser ones.".to_owned(),
            );
        }
        if (is_race || is_target) && last < today {
            notes.push(format!("{} is past.", units::date(last)));
        }
        Ok(Self {
            kind: kind.word(),
            fields,
            assumed: assumed.collect(),
            notes,
        })
    }
}

/// When an entry begins, and its last day.
fn days(
    kind: Kind,
    on: Moment,
    last: Option<NaiveDate>,
    today: NaiveDate,
) -> Result<(Moment, NaiveDate), ToolError> {
    if on.time.is_some() && kind != Kind::Race {
        return Err(wrong(
            "date",
            "must be without a time of day: only a race has one",
        ));
    }
    if today.checked_add_months(AHEAD).is_some_and(|most| on.day > most) {
        return Err(wrong("date", "must be at most two years ahead"));
    }
    if today.checked_sub_months(BACK).is_some_and(|least| on.day < least) {
        return Err(wrong("date", "must be at most ten years back"));
    }
    if kind.is_for_week() {
        let first = Moment {
            day: monday(on.day),
            time: None,
        };
        return Ok((first, sunday(on.day)));
    }
    let last = last.unwrap_or(on.day);
    if last < on.day {
        let first = units::date(on.day);
        return Err(wrong("last_date", &format!("must not be before date, {first}")));
    }
    if days_in(on.day, last) > MOST_DAYS {
        return Err(wrong(
            "last_date",
            &format!("must be within {MOST_DAYS} days of date"),
        ));
    }
    Ok((on, last))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tools::samples::{day, object};

    fn read(row: &Value) -> Result<Wanted, String> {
        let today = day("2026-11-21");
        let arguments = Arguments::new(object(json!({"events": [row]})), PARAMS, today).unwrap();
        let asked = Asked::read(&arguments, today).map_err(|error| error.to_string())?;
        Ok(asked.events.into_iter().next().unwrap())
    }

    fn fields(row: &Value) -> Value {
        serde_json::to_value(read(row).unwrap().fields).unwrap()
    }

    #[test]
    fn each_kind_is_one_category_and_ends_after_its_last_day() {
        for (row, is) in [
            (
                json!({"kind": "race", "date": "2026-12-06 07:30", "name": "City half", "sport": "run", "priority": "b",
                       "km": 21.0975, "minutes": 95, "load": 130, "text": "- 10m easy"}),
                json!({"category": "RACE_B", "start_date_local": "2026-12-06T07:30:00", "end_date_local": "2026-12-07T00:00:00",
                       "type": "Run", "name": "City half", "description": "• 10m easy", "moving_time": 5700.0,
                       "distance": 21097.5, "icu_training_load": 130.0}),
            ),
            (
                json!({"kind": "holiday", "date": "2026-12-03 Thu", "last_date": "2026-12-09 Wed", "availability": "unavailable"}),
                json!({"category": "HOLIDAY", "start_date_local": "2026-12-03T00:00:00", "end_date_local": "2026-12-10T00:00:00",
                       "name": "Holiday", "training_availability": "UNAVAILABLE"}),
            ),
            (
                json!({"kind": "week_target", "date": "2026-12-10", "load": 420.4, "sport": "Ride"}),
                json!({"category": "TARGET", "start_date_local": "2026-12-07T00:00:00", "end_date_local": "2026-12-14T00:00:00",
                       "type": "Ride", "name": "Target", "for_week": true, "load_target": 420.0}),
            ),
            (
                json!({"kind": "day_target", "date": "2026-12-10", "minutes": 90, "km": 30}),
                json!({"category": "TARGET", "start_date_local": "2026-12-10T00:00:00", "end_date_local": "2026-12-11T00:00:00",
                       "name": "Target", "for_week": false, "time_target": 5400.0, "distance_target": 30000.0}),
            ),
            (
                json!({"kind": "week_note", "date": "2026-12-13", "name": "Focus", "text": "- breathe", "color": "red"}),
                json!({"category": "NOTE", "start_date_local": "2026-12-07T00:00:00", "end_date_local": "2026-12-14T00:00:00",
                       "name": "Focus", "description": "- breathe", "for_week": true, "color": "red"}),
            ),
            (
                json!({"kind": "injured", "date": "2026-11-02", "last_date": "2026-11-02", "max_minutes": 40, "sports": ["swim"]}),
                json!({"category": "INJURED", "start_date_local": "2026-11-02T00:00:00", "end_date_local": "2026-11-03T00:00:00",
                       "name": "Injured", "training_availability": "LIMITED", "max_training_time": 2400.0,
                       "can_train_sports": ["Swim"]}),
            ),
            (
                json!({"kind": "set_eftp", "date": "2026-11-20", "sport": "Ride", "watts": 250}),
                json!({"category": "SET_EFTP", "start_date_local": "2026-11-20T00:00:00", "end_date_local": "2026-11-21T00:00:00",
                       "type": "Ride", "name": "eFTP", "icu_ftp": 250.0}),
            ),
        ] {
            assert_eq!(fields(&row), is, "{row}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let race = |more: Value| {
            let mut race = json!({"kind": "race", "date": "2026-12-06", "name": "Half", "sport": "Run"});
            race.as_object_mut().unwrap().extend(object(more));
            race
        };
        let note = |more: Value| {
            let mut note = json!({"kind": "note", "date": "2026-12-06", "name": "Travel"});
            note.as_object_mut().unwrap().extend(object(more));
            note
        };
        for (row, says) in [
            (race(json!({"sport": null})), "sport must be given for a race"),
            (race(json!({"name": " "})), "name must be given for kind race"),
            (race(json!({"priority": "D"})), "priority must be A, B or C"),
            (race(json!({"watts": 250})), "watts must be left out"),
            (
                race(json!({"last_date": "2026-12-05"})),
                "last_date must not be before date, 2026-12-06 Sun",
            ),
            (
                race(json!({"date": "2028-12-06"})),
                "date must be at most two years ahead",
            ),
            (
                race(json!({"date": "2016-11-20"})),
                "date must be at most ten years back",
            ),
            (race(json!({"kind": "RACE_A"})), "kind must be race, note"),
            (
                note(json!({"priority": "A"})),
                "priority must be left out: it does not go with kind note",
            ),
            (
                note(json!({"last_date": "2027-12-07"})),
                "last_date must be within 366 days of date",
            ),
            (
                note(json!({"date": "2026-12-06 07:00"})),
                "date must be without a time of day",
            ),
            (
                note(json!({"availability": "limited"})),
                "max_minutes must be given for limited days, or sports",
            ),
            (
                note(json!({"availability": "unavailable", "max_minutes": 30})),
                "availability must be limited",
            ),
            (
                note(json!({"sports": ["Quidditch"]})),
                "sports must be an intervals.icu type",
            ),
            (
                note(json!({"kind": "week_note", "last_date": "2026-12-12"})),
                "last_date must be left out: it is for the whole week",
            ),
            (
                note(json!({"kind": "week_target"})),
                "load must be given for a target, or minutes or km",
            ),
            (
                note(json!({"kind": "set_eftp", "sport": "Ride"})),
                "watts must be given for set_eftp",
            ),
            (note(json!({"color": "#12"})), "color must be"),
        ] {
            let error = read(&row).unwrap_err();
            assert!(
                error.contains("events 1") && error.contains(says),
                "{row}: {error}"
            );
        }
    }

    #[test]
    fn a_race_says_how_it_was_understood() {
        let race = |date: &str| {
            read(&json!({"kind": "race", "date": date, "name": "Half", "sport": "Run"}))
                .unwrap()
                .notes
        };
        assert!(matches!(&race("2026-12-06")[..], [one] if one.contains("It is an A race")));
        assert!(
            race("2024-12-06")
                .iter()
                .any(|note| note == "2024-12-06 Fri is past.")
        );
        let sick = read(&json!({"kind": "sick", "date": "2026-11-03"})).unwrap();
        assert!(sick.notes.is_empty() && !sick.is_named());
    }
}
