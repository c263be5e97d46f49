//! Reads arguments strictly and explains mistakes kindly, with the same names and forms in every tool.
//!
//! No rules of single tools here. Errors name the argument and what it must be; they never quote a value back.

mod figures;

use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _, Weekday};
use serde_json::{Map, Value};

pub(crate) use self::figures::number_and_unit;
use super::{
    answer::units,
    params::{self, Kind, MOST_ENTRIES, Param},
};
use crate::{
    ids::ActivityId,
    intervals::ActivityQuery,
    text::{as_written, clean},
    tool_error::ToolError,
    training::{
        sports,
        weeks::{self, days_in},
    },
    workout::check,
};

/// How much an answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Detail {
    /// What most questions need.
    #[default]
    Concise,
    /// Everything.
    Full,
}

impl Detail {
    /// `concise` or `full`, whichever applies.
    pub(crate) fn pick<T>(self, concise: T, full: T) -> T {
        match self {
            Self::Concise => concise,
            Self::Full => full,
        }
    }
}

/// Days from `oldest` to `newest`, inclusive, in the athlete's local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    /// First day.
    pub(crate) oldest: NaiveDate,
    /// Last day.
    pub(crate) newest: NaiveDate,
}

impl Range {
    /// One day.
    pub(crate) const fn of_day(day: NaiveDate) -> Self {
        Self {
            oldest: day,
            newest: day,
        }
    }

    /// The day's week.
    pub(crate) fn of_week(day: NaiveDate) -> Self {
        Self {
            oldest: weeks::monday(day),
            newest: weeks::sunday(day),
        }
    }

    /// How many days, inclusive.
    pub(crate) fn days(self) -> i64 {
        days_in(self.oldest, self.newest)
    }

    /// The part that is not after this day; None if there is none.
    pub(crate) fn up_to(self, day: NaiveDate) -> Option<Self> {
        (self.oldest <= day).then(|| Self {
            newest: self.newest.min(day),
            ..self
        })
    }

    /// `25 Oct – 21 Nov 2026`
    pub(crate) fn in_words(self) -> String {
        units::range(self.oldest, self.newest)
    }

    /// The query for these fields of its activities.
    pub(crate) const fn activities(self, fields: &'static [&'static str]) -> ActivityQuery {
        ActivityQuery {
            oldest: self.oldest,
            newest: self.newest,
            limit: None,
            fields,
        }
    }

    /// Whether the day is in it.
    pub(crate) fn contains(self, day: NaiveDate) -> bool {
        (self.oldest..=self.newest).contains(&day)
    }
}

/// The range that a tool uses when dates are left out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// Days of a range with only one end given, or none.
    pub(crate) days: u64,
    /// Days after today when no end is given.
    pub(crate) ahead: u64,
    /// The longest range in days.
    pub(crate) longest: i64,
}

/// Ten years, for data of which upstream sends only a few bytes a row.
pub(crate) const TEN_YEARS: i64 = 3653;
/// Days ahead that a range may reach: plans go no further.
const DAYS_AHEAD: u64 = 731;
/// The earliest day of a range: there are no recordings from before it.
const EARLIEST: Option<NaiveDate> = NaiveDate::from_ymd_opt(1980, 1, 1);

/// The arguments of one call, read by name. Reading a name that the tool did not declare, or declared as another kind, is
/// a bug of the tool and panics; a test over the whole catalogue reads them all.
#[derive(Debug)]
pub(crate) struct Arguments {
    given: Map<String, Value>,
    params: &'static [Param],
    today: NaiveDate,
}

impl Arguments {
    /// Refuses unknown names. `null` counts as left out.
    pub(crate) fn new(
        mut given: Map<String, Value>,
        params: &'static [Param],
        today: NaiveDate,
    ) -> Result<Self, ToolError> {
        params::check(&given, &[params])?;
        given.retain(|_, value| !value.is_null());
        Ok(Self { given, params, today })
    }

    /// A parameter's kind, and the value given.
    fn of(&self, name: &str) -> (Kind, Option<&Value>) {
        let param = self.params.iter().find(|param| param.name == name);
        let param = param.unwrap_or_else(|| panic!("{name} is read but not declared"));
        (param.kind, self.given.get(name))
    }

    /// A name or an id, trimmed. Some clients send ids of bare digits as numbers.
    pub(crate) fn name_or_id(&self, name: &str) -> Result<Option<String>, ToolError> {
        let (Kind::NameOrId, value) = self.of(name) else {
            other(name)
        };
        match value {
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            value => Ok(text(name, value, A_NAME)?.map(str::to_owned)),
        }
    }

    /// A day: `YYYY-MM-DD` (a time after it is ignored), `today` or `yesterday`.
    pub(crate) fn day(&self, name: &str) -> Result<Option<NaiveDate>, ToolError> {
        let wanted = "must be a day as YYYY-MM-DD, such as 2026-11-20";
        let (Kind::Day, value) = self.of(name) else {
            other(name)
        };
        let Some(text) = text(name, value, wanted)? else {
            return Ok(None);
        };
        let day = match text {
            "today" => Some(self.today),
            "yesterday" => self.today.pred_opt(),
            _ => text
                .get(..10)
                .filter(|_| text.len() == 10 || text[10..].starts_with(['T', ' ']))
                .filter(|day| day.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
                .and_then(|day| day.parse().ok()),
        };
        day.map(Some).ok_or_else(|| wrong(name, wanted))
    }

    /// `oldest` and `newest`. `oldest` alone runs to today, or for one span if it is in the future; `newest` alone ends one
    /// span; without either, the range is the span up to today plus the tool's days ahead. An end that was not given is
    /// never what is wrong.
    pub(crate) fn range(&self, span: Span) -> Result<Range, ToolError> {
        let on = |day: NaiveDate, days| day.checked_add_days(Days::new(days)).unwrap_or(day);
        let earliest = EARLIEST.unwrap_or(NaiveDate::MIN);
        let latest = on(self.today, DAYS_AHEAD);
        let given = [("oldest", self.day("oldest")?), ("newest", self.day("newest")?)];
        let wrong_end = |is: &dyn Fn(NaiveDate) -> bool| {
            let mut ends = given.into_iter();
            ends.find_map(|(name, day)| day.is_some_and(is).then_some(name))
        };
        if let Some(name) = wrong_end(&|day| day < earliest) {
            return Err(wrong(name, "must be after 1979"));
        }
        if let Some(name) = wrong_end(&|day| day > latest) {
            return Err(wrong(name, "must be at most two years ahead"));
        }
        let back = |day: NaiveDate| {
            let first = day.checked_sub_days(Days::new(span.days - 1));
            first.unwrap_or(day).max(earliest)
        };
        let (oldest, newest) = match (given[0].1, given[1].1) {
            (Some(oldest), Some(newest)) => (oldest, newest),
            (Some(oldest), None) if oldest > self.today => (oldest, on(oldest, span.days - 1).min(latest)),
            (Some(oldest), None) => (oldest, self.today),
            (None, Some(newest)) => (back(newest), newest),
            (None, None) => (back(self.today), on(self.today, span.ahead)),
        };
        if newest < oldest {
            return Err(wrong("oldest", "must not be after newest"));
        }
        let range = Range { oldest, newest };
        if range.days() > span.longest {
            return Err(ToolError::Input(format!(
                "Not done: the range has {} days, but this tool reads at most {} days at once. Use a shorter one with \
                 oldest and newest.",
                range.days(),
                span.longest
            )));
        }
        Ok(range)
    }

    /// The range of a tool about what is past: it ends today, and says so where more was asked:
    /// `asked to 2026-12-13; today here is 2026-11-28`. One that has not begun stays as it was asked.
    pub(crate) fn range_to_today(&self, span: Span) -> Result<(Range, String), ToolError> {
        let (asked, today) = (self.range(span)?, self.today);
        let to_today = if self.given.contains_key("oldest") {
            asked.up_to(today)
        } else {
            Some(Range {
                oldest: asked.oldest.min(weeks::back(today, span.days - 1)),
                newest: today,
            })
        };
        Ok(match to_today {
            Some(range) if asked.newest > today => {
                let newest = asked.newest;
                (range, format!("asked to {newest}; today here is {today}"))
            }
            _ => (asked, String::new()),
        })
    }

    /// Whether either end of the range was given.
    pub(crate) fn has_range(&self) -> bool {
        self.gives("oldest") || self.gives("newest")
    }

    /// Whether the argument was given.
    pub(crate) fn gives(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// One of the parameter's words, as the value in the table; None when left out. The table must have every word.
    pub(crate) fn word<T: Copy>(&self, name: &str, table: &[(&str, T)]) -> Result<Option<T>, ToolError> {
        let (Kind::Word(words), value) = self.of(name) else {
            other(name)
        };
        same_words(name, words, table);
        let wanted = match words {
            [] | [_] => format!("must be {}", words.concat()),
            [first @ .., last] => format!("must be {} or {last}", first.join(", ")),
        };
        let Some(text) = text(name, value, &wanted)? else {
            return Ok(None);
        };
        let found = named(table, text).ok_or_else(|| wrong(name, &wanted))?;
        Ok(Some(found))
    }

    /// A list of the parameter's words (or one alone, or several with commas), as the values in the table. The table must
    /// have every word.
    pub(crate) fn words<T: Copy>(&self, name: &str, table: &[(&str, T)]) -> Result<Vec<T>, ToolError> {
        let (Kind::Words(words), value) = self.of(name) else {
            other(name)
        };
        same_words(name, words, table);
        let any = if words.len() > 1 { "any of " } else { "" };
        let wanted = format!("must be {any}{}", words.join(", "));
        let Some(value) = value else {
            return Ok(Vec::new());
        };
        texts_in(value)
            .ok_or_else(|| wrong(name, &wanted))?
            .into_iter()
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| named(table, text).ok_or_else(|| wrong(name, &wanted)))
            .collect()
    }

    /// Whether `include` has `word`, the only one that it takes.
    pub(crate) fn includes(&self, word: &str) -> Result<bool, ToolError> {
        Ok(!self.words("include", &[(word, ())])?.is_empty())
    }

    /// `detail`, concise by default.
    pub(crate) fn detail(&self) -> Result<Detail, ToolError> {
        let table = [("concise", Detail::Concise), ("full", Detail::Full)];
        Ok(self.word("detail", &table)?.unwrap_or_default())
    }

    /// `limit`, the maximum number of rows.
    pub(crate) fn limit(&self) -> Result<usize, ToolError> {
        self.count("limit")
    }

    /// A whole number from 1 to the parameter's maximum; its default when left out.
    pub(crate) fn count(&self, name: &str) -> Result<usize, ToolError> {
        let (Kind::Count { default, most }, value) = self.of(name) else {
            other(name)
        };
        let wanted = format!("must be a whole number from 1 to {most}");
        let number = match value {
            None => return Ok(default),
            Some(Value::Number(number)) => whole(number),
            Some(Value::String(text)) if text.len() < 10 => text.trim().parse().ok(),
            Some(_) => None,
        };
        number
            .and_then(|number| usize::try_from(number).ok())
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| wrong(name, &wanted))
    }

    /// `id`, an activity's id: text, or a bare number as for activities from Strava; None when left out.
    pub(crate) fn activity_id(&self) -> Result<Option<ActivityId>, ToolError> {
        self.activity_id_in("id")
    }

    /// The same under another name.
    pub(crate) fn activity_id_in(&self, name: &str) -> Result<Option<ActivityId>, ToolError> {
        let (Kind::ActivityId, value) = self.of(name) else {
            other(name)
        };
        let text = match value {
            None => return Ok(None),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(_) => String::new(),
        };
        text.parse().map(Some).map_err(|_| wrong(name, AN_ID))
    }

    /// `id`, required.
    pub(crate) fn the_activity_id(&self) -> Result<ActivityId, ToolError> {
        self.activity_id()?.ok_or_else(|| wrong("id", AN_ID))
    }

    /// A time in an activity, in seconds since its start: given as `1:02:30` or as a number of minutes. None when left out.
    pub(crate) fn moment(&self, name: &str) -> Result<Option<f64>, ToolError> {
        let wanted = "must be h:mm:ss since the start, such as 0:12:30, or minutes as a number";
        let (Kind::Moment, value) = self.of(name) else {
            other(name)
        };
        let minutes = match value {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) if text.contains(':') => clock(text.trim()).map(|secs| secs / 60.0),
            Some(Value::String(text)) if text.len() < 10 => text.trim().parse().ok(),
            Some(_) => None,
        };
        minutes
            .filter(|minutes| (0.0..=LONGEST_MINUTES).contains(minutes))
            .map(|minutes| Some(minutes * 60.0))
            .ok_or_else(|| wrong(name, wanted))
    }

    /// Free text, cleaned; None when left out or when nothing visible remains.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, ToolError> {
        let (Kind::Text(most), value) = self.of(name) else {
            other(name)
        };
        free_words(name, value, most)
    }

    /// A name to keep as it was written; None when left out or empty.
    pub(crate) fn name(&self, name: &str) -> Result<Option<String>, ToolError> {
        // Its length and kind are those of any text.
        let is_there = self.text(name)?.is_some();
        let written = self.of(name).1.and_then(Value::as_str).map(as_written);
        Ok(written.filter(|written| is_there && !written.is_empty()))
    }

    /// The types of activity that `sport` means; None when left out.
    pub(crate) fn sport(&self) -> Result<Option<&'static [&'static str]>, ToolError> {
        Ok(self.sport_in_words()?.map(|(_, sports)| sports))
    }

    /// `sport` as given, cleaned, and the types of activity that it means; None when left out.
    pub(crate) fn sport_in_words(&self) -> Result<Option<Sport>, ToolError> {
        let (Kind::Sport, value) = self.of("sport") else {
            other("sport")
        };
        let Some(word) = free_words("sport", value, SPORT_CHARS)? else {
            return Ok(None);
        };
        let sports = sports::meant_by(&word).ok_or_else(|| {
            wrong(
                "sport",
                "must be ride, run, swim, ski, row or strength, or an intervals.icu type such as TrailRun, Walk, Yoga",
            )
        })?;
        Ok(Some((word, sports)))
    }

    /// A list of texts, trimmed; empty ones are left out.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<&str>, ToolError> {
        let (Kind::Texts { most, wanted }, value) = self.of(name) else {
            other(name)
        };
        let Some(value) = value else {
            return Ok(Vec::new());
        };
        let texts: Vec<&str> = texts_in(value)
            .ok_or_else(|| wrong(name, wanted))?
            .into_iter()
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .take(most + 1)
            .collect();
        if texts.len() > most {
            return Err(wrong(name, wanted));
        }
        Ok(texts)
    }

    /// true or false; false when left out.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ToolError> {
        Ok(self.choice(name)?.unwrap_or(false))
    }

    /// true or false; None when left out.
    pub(crate) fn choice(&self, name: &str) -> Result<Option<bool>, ToolError> {
        let (Kind::Flag, value) = self.of(name) else {
            other(name)
        };
        match value {
            None => Ok(None),
            Some(Value::Bool(is)) => Ok(Some(*is)),
            Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(wrong(name, "must be true or false")),
        }
    }

    /// Lines of text as they were written, except what nobody can see; None when left out or when nothing visible remains.
    pub(crate) fn lines(&self, name: &str) -> Result<Option<String>, ToolError> {
        let (Kind::Lines(most), value) = self.of(name) else {
            other(name)
        };
        let wanted = format!("must be text of at most {most} characters");
        let Some(trimmed) = text(name, value, &wanted)? else {
            return Ok(None);
        };
        // The first line may be indented like the others.
        let text = value.and_then(Value::as_str).unwrap_or(trimmed);
        let text = text.trim_end().trim_start_matches(['\n', '\r']);
        if text.chars().take(most + 1).count() > most {
            return Err(wrong(name, &wanted));
        }
        Ok(Some(visible_lines(text)).filter(|text| !text.trim().is_empty()))
    }

    /// Whether it was given at all.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.of(name).1.is_some()
    }

    /// Whether a text was given that says nothing.
    pub(crate) fn is_empty_text(&self, name: &str) -> bool {
        let text = self.of(name).1.and_then(Value::as_str);
        text.is_some_and(|text| text.trim().is_empty())
    }

    /// A day of the calendar, with the time of day if one is given: `2026-12-03`,
    /// `2026-12-03T07:00`, `2026-12-03 Thu`, `tomorrow`. A weekday that is not the day's is refused.
    pub(crate) fn planned_day(&self, name: &str) -> Result<Option<Moment>, ToolError> {
        let wanted = "must be a day as YYYY-MM-DD, such as 2026-12-03 or 2026-12-03 Thu";
        let (Kind::Day, value) = self.of(name) else {
            other(name)
        };
        let Some(text) = text(name, value, wanted)? else {
            return Ok(None);
        };
        let moment = Moment::read(text, self.today).map_err(|wrong_day| match wrong_day {
            WrongDay::Unreadable => wrong(name, wanted),
            WrongDay::Part(what) => wrong(name, &format!("{wanted}; {what}")),
            WrongDay::Weekday(day) => wrong(
                name,
                &format!(
                    "must have the weekday of its day: {} is a {}",
                    day,
                    day.format("%A")
                ),
            ),
        })?;
        Ok(Some(moment))
    }

    /// The same; it must be from today to two years ahead.
    pub(crate) fn day_to_plan(&self, name: &str) -> Result<Option<Moment>, ToolError> {
        let moment = self.planned_day(name)?;
        moment.map(|moment| moment.to_plan(name, self.today)).transpose()
    }

    /// A number within the parameter's bounds; None when left out.
    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, ToolError> {
        self.number_in(name, &[])
    }

    /// The id of a calendar entry; None when left out.
    pub(crate) fn entry_id(&self, name: &str) -> Result<Option<i64>, ToolError> {
        let (Kind::NameOrId, value) = self.of(name) else {
            other(name)
        };
        let id = match value {
            None => return Ok(None),
            Some(Value::Number(number)) => whole(number).and_then(|id| i64::try_from(id).ok()),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        id.filter(|id| *id > 0).map(Some).ok_or_else(|| {
            wrong(
                name,
                "must be the id of a calendar entry, from the last column of get_events",
            )
        })
    }

    /// An object of names and values, in the order of the names; empty when left out.
    pub(crate) fn values(&self, name: &str) -> Result<Map<String, Value>, ToolError> {
        let (Kind::Values, value) = self.of(name) else {
            other(name)
        };
        match value {
            None => Ok(Map::new()),
            Some(Value::Object(values)) => Ok(values.clone()),
            // Some clients send an object inside an argument as text.
            Some(Value::String(text)) => match serde_json::from_str(text) {
                Ok(Value::Object(values)) => Ok(values),
                _ => Err(wrong(name, "must be an object of names and values")),
            },
            Some(_) => Err(wrong(name, "must be an object of names and values")),
        }
    }

    /// A list of objects, each read as arguments of its own. Their errors name the row: `workouts 3: date must be …`.
    pub(crate) fn rows(&self, name: &str) -> Result<Vec<Self>, ToolError> {
        let (Kind::Rows { fields, most }, value) = self.of(name) else {
            other(name)
        };
        let wanted = format!("must be a list of 1 to {most} objects");
        let parsed;
        let value = match value {
            // Some clients send a list inside an argument as text.
            Some(Value::String(text)) => {
                parsed = serde_json::from_str(text).map_err(|_| wrong(name, &wanted))?;
                Some(&parsed)
            }
            value => value,
        };
        let rows: &[Value] = match value {
            Some(Value::Array(rows)) => rows,
            Some(one @ Value::Object(row))
                if row.keys().any(|key| fields.iter().any(|field| field.name == key)) =>
            {
                std::slice::from_ref(one)
            }
            _ => return Err(wrong(name, &wanted)),
        };
        if rows.is_empty() || rows.len() > most {
            return Err(wrong(name, &wanted));
        }
        let read = |(at, row): (usize, &Value)| {
            let Value::Object(row) = row else {
                return Err(wrong(name, &wanted));
            };
            Self::new(row.clone(), fields, self.today).map_err(|error| in_row(name, at, &error))
        };
        rows.iter().enumerate().map(read).collect()
    }

    /// A list of numbers (or one alone, or text).
    pub(crate) fn numbers(&self, name: &str) -> Result<Vec<f64>, ToolError> {
        self.numbers_in(name, &[])
    }
}

/// Refuses what is too much or too long for a change for so many athletes. That depends on nobody's day or settings, so it is
/// done before anything is read for them.
pub(crate) fn within_limits(
    given: &Map<String, Value>,
    params: &'static [Param],
    athletes: usize,
) -> Result<(), ToolError> {
    Arguments::new(given.clone(), params, NaiveDate::MIN)?.within_limits(athletes)
}

impl Arguments {
    fn within_limits(&self, athletes: usize) -> Result<(), ToolError> {
        for param in self.params {
            let name = param.name;
            match param.kind {
                Kind::Text(_) => drop(self.text(name)?),
                Kind::Lines(_) => {
                    if let Some(problem) = self.lines(name)?.as_deref().and_then(check::too_long) {
                        let wanted = format!("must be shorter: {}; {}", problem.why, problem.instead);
                        return Err(wrong(name, &wanted));
                    }
                }
                Kind::Rows { .. } => {
                    let rows = self.rows(name)?;
                    let count = rows.len();
                    if count * athletes > MOST_ENTRIES {
                        return Err(ToolError::Input(format!(
                            "Not done: {count} workouts for {athletes} athletes are more than {MOST_ENTRIES} in one call. Send fewer."
                        )));
                    }
                    for (at, row) in rows.iter().enumerate() {
                        row.within_limits(1).map_err(|error| in_row(name, at, &error))?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A local day, and a time of day if one is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) day: NaiveDate,
    pub(crate) time: Option<NaiveTime>,
}

/// Why a text is no day.
#[derive(Debug, PartialEq, Eq)]
enum WrongDay {
    Unreadable,
    /// What of it is none.
    Part(&'static str),
    /// The weekday beside this day is another day's.
    Weekday(NaiveDate),
}

impl Moment {
    /// The start, as upstream has it: midnight if no time is planned.
    pub(crate) fn start(self) -> NaiveDateTime {
        self.day.and_time(self.time.unwrap_or(NaiveTime::MIN))
    }

    /// It, if something can be planned for it: from today to two years ahead; `name` is the argument.
    pub(crate) fn to_plan(self, name: &str, today: NaiveDate) -> Result<Self, ToolError> {
        if self.day < today {
            let was = units::date(self.day);
            let today = units::date(today);
            return Err(wrong(
                name,
                &format!("must be today or later: {was} is past, today here is {today}"),
            ));
        }
        if (self.day - today).num_days() > DAYS_AHEAD.cast_signed() {
            return Err(wrong(name, "must be at most two years ahead"));
        }
        Ok(self)
    }

    /// Of a start as upstream has it.
    pub(crate) fn of(start: NaiveDateTime) -> Self {
        Self {
            day: start.date(),
            time: Some(start.time()).filter(|time| *time != NaiveTime::MIN),
        }
    }

    fn read(text: &str, today: NaiveDate) -> Result<Self, WrongDay> {
        let (mut day, mut time, mut weekday) = (None, None, None);
        let words = text.split([' ', ',', '(', ')']).filter(|word| !word.is_empty());
        let parts = words.flat_map(|word| match word.split_once('T') {
            Some((day, time)) if day.ends_with(|c: char| c.is_ascii_digit()) => vec![day, time],
            _ => vec![word],
        });
        for part in parts {
            if let Ok(read) = part.parse::<Weekday>() {
                once(&mut weekday, read)?;
            } else if let Some(read) = day_of(part, today) {
                once(&mut day, read)?;
            } else if let Some(read) = time_of(part) {
                once(&mut time, read)?;
            } else {
                return Err(WrongDay::Part(not_read(part)));
            }
        }
        let day = day.ok_or(WrongDay::Unreadable)?;
        if weekday.is_some_and(|weekday| weekday != day.weekday()) {
            return Err(WrongDay::Weekday(day));
        }
        Ok(Self {
            day,
            time: time.filter(|time| *time != NaiveTime::MIN),
        })
    }
}

/// `sport` as given, and the types of activity that it means.
pub(crate) type Sport = (String, &'static [&'static str]);

/// A bug of the tool, not the caller's mistake: see [`Arguments`].
fn other(name: &str) -> ! {
    panic!("{name} is read as another kind than declared")
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), WrongDay> {
    place.replace(value).map_or(Ok(()), |_| Err(WrongDay::Unreadable))
}

/// Which part of a planned day this is, as far as it looks.
fn not_read(part: &str) -> &'static str {
    let begins_with_digit = part.starts_with(|c: char| c.is_ascii_digit());
    if begins_with_digit && (part.contains(':') || !part.contains(['-', '.', '/'])) {
        "its time is no time of day such as 07:00 or 18:30"
    } else if begins_with_digit {
        "there is no such day"
    } else {
        "its words are no weekday in English"
    }
}

fn day_of(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    match text.to_ascii_lowercase().as_str() {
        "today" => Some(today),
        "tomorrow" => today.succ_opt(),
        "yesterday" => today.pred_opt(),
        text => Some(text)
            .filter(|day| day.len() == 10 && day.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
            .and_then(|day| day.parse().ok()),
    }
}

/// `7:00`, `07:00:00`, `07:00:00.000`, to the second, as upstream has it. No leap second: few can write it.
fn time_of(text: &str) -> Option<NaiveTime> {
    let fits = text.len() <= 12
        && text.contains(':')
        && text.bytes().all(|b| b.is_ascii_digit() || b".:".contains(&b));
    let formats = ["%H:%M", "%H:%M:%S", "%H:%M:%S%.f"];
    let mut read = formats
        .iter()
        .filter_map(|format| NaiveTime::parse_from_str(text, format).ok());
    read.next()
        .filter(|time| fits && time.nanosecond() < 1_000_000_000)
        .and_then(|time| time.with_nanosecond(0))
}

/// The lines of a text without what nobody can see; line ends of every kind become `\n`.
pub(crate) fn visible_lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let line = |line: &str| {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        format!("{}{}", " ".repeat(indent), as_written(line))
    };
    let lines: Vec<String> = text.split('\n').map(line).collect();
    lines.join("\n")
}

/// The same error, naming the row of the list that it is about.
pub(crate) fn in_row(name: &str, at: usize, error: &ToolError) -> ToolError {
    let text = error.to_string();
    let text = text.strip_prefix("Not done: ").unwrap_or(&text);
    ToolError::Input(format!("Not done: {name} {}: {text}", at + 1))
}

/// Checks that a parameter's words are those that the tool reads.
fn same_words<T>(name: &str, words: &[&str], table: &[(&str, T)]) {
    let read = table.iter().map(|(word, _)| *word);
    assert!(
        read.clone().eq(words.iter().copied()),
        "{name} has the words {words:?}, but {:?} are read",
        read.collect::<Vec<_>>()
    );
}

/// The value of a word in the table, ignoring case.
fn named<T: Copy>(table: &[(&str, T)], text: &str) -> Option<T> {
    let row = table.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    row.map(|(_, means)| *means)
}

/// A text, trimmed; `wanted` says what it must be.
fn text<'a>(name: &str, value: Option<&'a Value>, wanted: &str) -> Result<Option<&'a str>, ToolError> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim())),
        Some(_) => Err(wrong(name, wanted)),
    }
}

fn free_words(name: &str, value: Option<&Value>, most: usize) -> Result<Option<String>, ToolError> {
    let wanted = format!("must be text of at most {most} characters");
    let Some(text) = text(name, value, &wanted)? else {
        return Ok(None);
    };
    if text.chars().take(most + 1).count() > most {
        return Err(wrong(name, &wanted));
    }
    Ok(Some(clean(text, most)).filter(|text| !text.is_empty()))
}

/// A list of texts: an array, or one text with commas.
fn texts_in(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(text.split(',').collect()),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// What an activity id must be.
const AN_ID: &str = "must be an activity id such as i98112345, from the last column of get_training_history";
/// What a person's name or id must be.
pub(crate) const A_NAME: &str = "must be a name or an id, as in list_athletes";
/// Maximum characters of a sport's name.
const SPORT_CHARS: usize = 40;
/// No activity lasts longer: almost seventy days.
const LONGEST_MINUTES: f64 = 100_000.0;

/// A whole number; some clients send every number as a float.
fn whole(number: &serde_json::Number) -> Option<u64> {
    let of_float = || {
        let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
        format!("{float:.0}").parse().ok()
    };
    number.as_u64().or_else(of_float)
}

/// Seconds of `h:mm:ss`. None for two parts, which could be hours or minutes.
fn clock(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split(':').collect();
    let number = |text: &str, most: f64| {
        let fits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<f64>().ok().filter(|number| fits && *number <= most)
    };
    let [hours, minutes, seconds] = parts.as_slice() else {
        return None;
    };
    Some(number(hours, 9999.0)? * 3600.0 + number(minutes, 59.0)? * 60.0 + number(seconds, 59.0)?)
}

/// The error about a wrong argument: its name and what it must be, as in `must be a day`.
pub(crate) fn wrong(name: &str, wanted: &str) -> ToolError {
    ToolError::Input(format!("Not done: {name} {wanted}."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::tools::params::{Numbers, words_of};

    const INCLUDE: [(&str, u8); 2] = [("planned", 1), ("notes", 2)];
    const PARAMS: &[Param] = &[
        Param::oldest(""),
        Param::newest(""),
        Param::detail(""),
        Param::limit(60, 200),
        Param::text("query", 100, ""),
        Param::words("include", &words_of(&INCLUDE), ""),
        Param::activity_id(),
        Param::moment("from", ""),
        Param::texts("windows", 2, "must be two", ""),
        Param::numbers(
            "durations",
            Numbers {
                most: 3,
                from: 1.0,
                to: 100.0,
                wanted: "must be some",
                whole: true,
            },
            "",
        ),
    ];
    const MONTH: Span = Span {
        days: 28,
        ahead: 0,
        longest: TEN_YEARS,
    };

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn read(value: Value) -> Arguments {
        let Value::Object(given) = value else {
            panic!("not an object")
        };
        Arguments::new(given, PARAMS, day("2026-11-21")).unwrap()
    }

    fn range(value: Value) -> Result<(String, String), String> {
        read(value)
            .range(MONTH)
            .map(|range| (range.oldest.to_string(), range.newest.to_string()))
            .map_err(|error| error.to_string())
    }

    fn ends(oldest: &str, newest: &str) -> (String, String) {
        (oldest.to_owned(), newest.to_owned())
    }

    #[test]
    fn every_way_to_give_a_range() {
        assert_eq!(range(json!({})).unwrap(), ends("2026-10-25", "2026-11-21"));
        assert_eq!(
            range(json!({"oldest": null, "newest": null})).unwrap(),
            ends("2026-10-25", "2026-11-21")
        );
        assert_eq!(
            range(json!({"oldest": "2026-11-01"})).unwrap(),
            ends("2026-11-01", "2026-11-21")
        );
        assert_eq!(
            range(json!({"oldest": "2026-12-01"})).unwrap(),
            ends("2026-12-01", "2026-12-28")
        );
        assert_eq!(
            range(json!({"newest": "2026-03-31"})).unwrap(),
            ends("2026-03-04", "2026-03-31")
        );
        assert_eq!(
            range(json!({"oldest": "yesterday", "newest": "today"})).unwrap(),
            ends("2026-11-20", "2026-11-21")
        );
        assert_eq!(
            range(json!({"oldest": "2026-11-20T23:59:59", "newest": " 2026-11-21 "})).unwrap(),
            ends("2026-11-20", "2026-11-21")
        );
        assert_eq!(
            range(json!({"oldest": "2024-02-29", "newest": "2024-02-29"})).unwrap(),
            ends("2024-02-29", "2024-02-29")
        );
        let ahead = Span { ahead: 7, ..MONTH };
        assert_eq!(read(json!({})).range(ahead).unwrap().newest, day("2026-11-28"));
    }

    #[test]
    fn what_is_past_ends_today() {
        let range = |value: Value| {
            let (range, words) = read(value).range_to_today(MONTH).unwrap();
            (range.oldest.to_string(), range.newest.to_string(), words)
        };
        let is = |oldest: &str, newest: &str, words: &str| (oldest.into(), newest.into(), words.into());
        let cut = "asked to 2026-12-05; today here is 2026-11-21";
        assert_eq!(
            range(json!({"oldest": "2026-11-20", "newest": "2026-12-05"})),
            is("2026-11-20", "2026-11-21", cut)
        );
        assert_eq!(
            range(json!({"newest": "2026-12-05"})),
            is("2026-10-25", "2026-11-21", cut)
        );
        assert_eq!(
            range(json!({"newest": "2026-11-20"})),
            is("2026-10-24", "2026-11-20", "")
        );
        assert_eq!(
            range(json!({"oldest": "2026-11-22", "newest": "2026-12-05"})),
            is("2026-11-22", "2026-12-05", "")
        );
        assert_eq!(range(json!({})), is("2026-10-25", "2026-11-21", ""));
    }

    #[test]
    fn every_way_to_get_a_range_wrong() {
        for (value, says) in [
            (
                json!({"oldest": "2026-11-22", "newest": "2026-11-21"}),
                "oldest must not be after newest",
            ),
            (json!({"oldest": "2010-01-01"}), "the range has"),
            (
                json!({"oldest": "1900-01-01", "newest": "1900-01-02"}),
                "oldest must be after 1979",
            ),
            (json!({"newest": "0001-01-01"}), "newest must be after 1979"),
            (
                json!({"oldest": "9999-12-31"}),
                "oldest must be at most two years ahead",
            ),
            (
                json!({"oldest": "2026-11-01", "newest": "9999-12-31"}),
                "newest must be at most two years ahead",
            ),
            (json!({"oldest": "+262142-12-31"}), "YYYY-MM-DD"),
            (json!({"oldest": "2026-02-30"}), "YYYY-MM-DD"),
            (json!({"oldest": "21.11.2026"}), "YYYY-MM-DD"),
            (json!({"newest": "2026-11-21x"}), "YYYY-MM-DD"),
            (json!({"newest": 20_261_121}), "YYYY-MM-DD"),
            (json!({"newest": "２０２６-11-21"}), "YYYY-MM-DD"),
            (json!({"newest": ["2026-11-21"]}), "YYYY-MM-DD"),
        ] {
            let error = range(value.clone()).unwrap_err();
            assert!(error.contains(says), "{value}: {error}");
        }
    }

    #[test]
    fn an_unknown_argument_is_refused_by_its_name() {
        let given = Map::from_iter([("x\u{202e}".repeat(10_000), json!({"a": [[[1]]]}))]);
        let error = Arguments::new(given, PARAMS, day("2026-11-21"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("unknown argument «xxx") && error.contains("This tool takes oldest, newest"),
            "{error}"
        );
        assert!(error.len() < 250 && !error.contains('\u{202e}'), "{error}");
    }

    #[test]
    #[should_panic(expected = "sport is read but not declared")]
    fn an_undeclared_parameter_cannot_be_read() {
        let _ = read(json!({})).sport();
    }

    #[test]
    #[should_panic(expected = "oldest is read as another kind than declared")]
    fn a_parameter_cannot_be_read_as_another_kind() {
        let _ = read(json!({})).text("oldest");
    }

    #[test]
    #[should_panic(expected = "include has the words")]
    fn an_undeclared_word_cannot_be_read() {
        let _ = read(json!({})).words("include", &[("planned", 1), ("weather", 2)]);
    }

    #[test]
    fn limits_words_and_lists() {
        let limit = |value| read(json!({"limit": value})).limit().ok();
        assert_eq!(read(json!({})).limit().unwrap(), 60);
        assert_eq!(limit(json!(5)), Some(5));
        assert_eq!(limit(json!(5.0)), Some(5));
        assert_eq!(limit(json!("5")), Some(5));
        for bad in [
            json!(0),
            json!(201),
            json!(-1),
            json!(1.5),
            json!(1e300),
            json!(u64::MAX),
            json!("five"),
            json!([5]),
            json!(true),
        ] {
            assert_eq!(limit(bad.clone()), None, "{bad}");
        }
        assert_eq!(read(json!({"detail": "FULL"})).detail().unwrap(), Detail::Full);
        assert_eq!(read(json!({})).detail().unwrap(), Detail::Concise);
        assert!(
            read(json!({"detail": "all"}))
                .detail()
                .unwrap_err()
                .to_string()
                .contains("concise or full")
        );
        let query = |text: &str| read(json!({"query": text})).text("query");
        assert_eq!(query("  sweet\u{200b}  spot ").unwrap().unwrap(), "sweet spot");
        assert_eq!(query(" \u{202e} ").unwrap(), None);
        assert!(query(&"x".repeat(1_000_000)).unwrap_err().to_string().len() < 100);
        let list = |value| read(json!({"include": value})).words("include", &INCLUDE).ok();
        assert_eq!(list(json!(["planned"])), Some(vec![1]));
        assert_eq!(list(json!("planned, Notes")), Some(vec![1, 2]));
        assert_eq!(list(json!([])), Some(vec![]));
        assert_eq!(list(json!(["planned", 1])), None);
        assert_eq!(list(json!("weather")), None);
        assert_eq!(list(json!({"planned": true})), None);
    }

    #[test]
    fn lists_of_texts_and_of_numbers() {
        let texts = |value| {
            read(json!({"windows": value}))
                .texts("windows")
                .map(|texts| texts.iter().map(ToString::to_string).collect::<Vec<_>>())
                .map_err(|error| error.to_string())
        };
        assert_eq!(texts(json!(null)).unwrap(), [""; 0]);
        assert_eq!(texts(json!([" 42d ", ""])).unwrap(), ["42d"]);
        assert_eq!(texts(json!("42d, 1y")).unwrap(), ["42d", "1y"]);
        for bad in [
            json!(["a", "b", "c"]),
            json!("a,b,c"),
            json!([1]),
            json!({"a": 1}),
        ] {
            assert_eq!(
                texts(bad.clone()).unwrap_err(),
                "Not done: windows must be two.",
                "{bad}"
            );
        }
        let numbers = |value| read(json!({"durations": value})).numbers("durations").ok();
        assert_eq!(read(json!({})).numbers("durations").unwrap(), [0.0; 0]);
        assert_eq!(numbers(json!([5, "60", 1.5])), Some(vec![5.0, 60.0, 1.5]));
        assert_eq!(numbers(json!(5)), Some(vec![5.0]));
        assert_eq!(numbers(json!("5, 60")), Some(vec![5.0, 60.0]));
        for bad in [
            json!([0]),
            json!([101]),
            json!([1, 2, 3, 4]),
            json!("1,2,3,4"),
            json!("five"),
            json!("NaN"),
            json!([null]),
            json!([[1]]),
            json!(true),
            json!({}),
        ] {
            assert_eq!(numbers(bad.clone()), None, "{bad}");
        }
    }

    #[test]
    fn ids_and_moments_of_an_activity() {
        let id = |value: Value| read(json!({"id": value})).activity_id();
        assert_eq!(id(json!(" i98112345 ")).unwrap().unwrap().as_str(), "i98112345");
        assert_eq!(
            id(json!(19_900_112_233_u64)).unwrap().unwrap().as_str(),
            "19900112233"
        );
        assert_eq!(read(json!({})).activity_id().unwrap(), None);
        assert!(read(json!({})).the_activity_id().is_err());
        for bad in [
            json!("latest"),
            json!("i1/../athlete/i2"),
            json!("i1?x"),
            json!("i\u{661}"),
            json!(-3),
            json!(1.5),
            json!(["i1"]),
            json!("i".repeat(100_000)),
        ] {
            let error = id(bad).unwrap_err().to_string();
            assert!(
                error.contains("get_training_history") && error.len() < 200,
                "{error}"
            );
        }
        let moment = |value: Value| read(json!({"from": value})).moment("from").ok().flatten();
        assert_eq!(moment(json!("0:12:30")), Some(750.0));
        assert_eq!(moment(json!("10:00:05")), Some(36_005.0));
        assert_eq!(
            (moment(json!(90)), moment(json!("12.5"))),
            (Some(5400.0), Some(750.0))
        );
        assert_eq!(moment(json!(0)), Some(0.0));
        for bad in [
            json!("12:30"),
            json!("0:60:00"),
            json!("1:2:3:4"),
            json!("-1"),
            json!("NaN"),
            json!(1e300),
            json!("::"),
            json!("soon"),
            json!([1]),
        ] {
            assert_eq!(moment(bad.clone()), None, "{bad}");
            assert!(read(json!({"from": bad})).moment("from").is_err());
        }
    }

    const ROW: &[Param] = &[
        Param::day("date", ""),
        Param::text("name", 20, ""),
        Param::lines("text", 40, ""),
        Param::number("load", (1.0, 2000.0), ""),
        Param::flag("indoor", ""),
        Param::name_or_id("id", ""),
    ];
    const LIST: &[Param] = &[Param::rows("workouts", ROW, 3, "")];

    /// Arguments of one row; today is Saturday.
    fn row(value: Value) -> Arguments {
        let Value::Object(given) = value else {
            panic!("not an object")
        };
        Arguments::new(given, ROW, day("2026-11-21")).unwrap()
    }

    #[test]
    fn a_day_may_have_its_weekday_and_a_time() {
        let planned = |text: &str| {
            let moment = row(json!({"date": text})).planned_day("date");
            moment
                .map(|moment| moment.unwrap().start().to_string())
                .map_err(|error| error.to_string())
        };
        for (text, is) in [
            ("2026-12-03", "2026-12-03 00:00:00"),
            ("2026-12-03 Thu", "2026-12-03 00:00:00"),
            ("Thursday, 2026-12-03", "2026-12-03 00:00:00"),
            (" thu (2026-12-03) 7:00 ", "2026-12-03 07:00:00"),
            ("2026-12-03T07:00", "2026-12-03 07:00:00"),
            ("2026-12-03T07:00:05.900", "2026-12-03 07:00:05"),
            ("2026-12-03T00:00:00", "2026-12-03 00:00:00"),
            ("today", "2026-11-21 00:00:00"),
            ("Tomorrow 18:30", "2026-11-22 18:30:00"),
            ("yesterday", "2026-11-20 00:00:00"),
            ("Tomorrow, Sunday", "2026-11-22 00:00:00"),
            ("2028-02-29", "2028-02-29 00:00:00"),
        ] {
            assert_eq!(planned(text).as_deref(), Ok(is), "{text}");
        }
        for odd in [
            "",
            "Thu",
            "next Thursday",
            "7:00",
            "2026-02-30",
            "2027-02-29",
            "3.12.2026",
            "12/03/2026",
            "2026-12-3",
            "20261203",
            "2026-12-03 24:00",
            "2026-12-03 7:60",
            "2026-12-03 07:00:60",
            "2026-12-03 7 pm",
            "2026-12-03T07:00Z",
            "2026-12-03T07:00+01:00",
            "2026-12-03 2026-12-04",
            "2026-12-03 Thu Fri",
            "2026-12-03 7:00 8:00",
            "+2026-12-03",
            "TT",
            "T",
        ] {
            let error = planned(odd).unwrap_err();
            assert!(error.contains("must be a day as YYYY-MM-DD"), "{odd}: {error}");
        }
        for (odd, part) in [
            ("2026-12-03 25:00", "its time"),
            ("2026-12-03 7am", "its time"),
            ("2026-02-30", "no such day"),
            ("03.12.2026", "no such day"),
            ("2026-12-03 Donnerstag", "weekday in English"),
        ] {
            let error = planned(odd).unwrap_err();
            assert!(error.contains(part), "{odd}: {error}");
        }
        let error = planned("2026-12-03 Fri").unwrap_err();
        assert!(error.contains("2026-12-03 is a Thursday"), "{error}");
        assert_eq!(row(json!({"date": null})).planned_day("date").unwrap(), None);
        assert!(row(json!({"date": 20_261_203})).planned_day("date").is_err());
    }

    #[test]
    fn plans_are_for_the_two_years_from_today() {
        let plan = |text: &str| {
            let moment = row(json!({"date": text})).day_to_plan("date");
            moment
                .map(|moment| moment.unwrap().day.to_string())
                .map_err(|error| error.to_string())
        };
        for text in ["2026-11-21", "2026-11-22", "2028-11-21"] {
            assert_eq!(plan(text).as_deref(), Ok(text));
        }
        let error = plan("yesterday").unwrap_err();
        assert!(
            error.contains("2026-11-20 Fri is past") && error.contains("today here is 2026-11-21 Sat"),
            "{error}"
        );
        assert!(plan("2028-11-22").unwrap_err().contains("two years ahead"));
    }

    #[test]
    fn flags_numbers_and_ids_of_entries() {
        let flag = |value: Value| row(json!({"indoor": value})).choice("indoor").ok();
        assert_eq!(flag(json!(true)), Some(Some(true)));
        assert_eq!(flag(json!(" False ")), Some(Some(false)));
        assert_eq!(flag(json!(null)), Some(None));
        assert!(!row(json!({})).flag("indoor").unwrap());
        for bad in [json!("yes"), json!(1), json!([true]), json!("")] {
            assert_eq!(flag(bad.clone()), None, "{bad}");
        }
        let number = |value: Value| row(json!({"load": value})).number("load").ok();
        assert_eq!(number(json!(1)), Some(Some(1.0)));
        assert_eq!(number(json!(" 62.5 ")), Some(Some(62.5)));
        assert_eq!(number(json!(2000)), Some(Some(2000.0)));
        assert_eq!(number(json!(null)), Some(None));
        for bad in [
            json!(0.99),
            json!(2000.1),
            json!("NaN"),
            json!("inf"),
            json!("-inf"),
            json!(""),
            json!("x"),
            json!([5]),
            json!(true),
        ] {
            assert_eq!(number(bad.clone()), None, "{bad}");
        }
        let id = |value: Value| row(json!({"id": value})).entry_id("id").ok();
        assert_eq!(id(json!(4711)), Some(Some(4711)));
        assert_eq!(id(json!(4711.0)), Some(Some(4711)));
        assert_eq!(id(json!(" 4711 ")), Some(Some(4711)));
        assert_eq!(id(json!(null)), Some(None));
        for bad in [
            json!(0),
            json!(-1),
            json!(1.5),
            json!(u64::MAX),
            json!(1e300),
            json!("i98"),
            json!(""),
            json!([1]),
        ] {
            assert_eq!(id(bad.clone()), None, "{bad}");
        }
    }

    #[test]
    fn lines_keep_their_breaks_and_nothing_unseen() {
        let lines = |text: &str| {
            row(json!({"text": text}))
                .lines("text")
                .map_err(|error| error.to_string())
        };
        assert_eq!(
            lines("4x\r\n- 8m 90%\r- 4m 50%\n").unwrap().unwrap(),
            "4x\n- 8m 90%\n- 4m 50%"
        );
        assert_eq!(lines("a\n\n\nb\u{200b}\u{202e}c").unwrap().unwrap(), "a\n\n\nbc");
        assert_eq!(lines(" \n \u{200b} \r\n").unwrap(), None);
        assert!(lines(&"x".repeat(40)).is_ok());
        assert!(
            lines(&"x".repeat(41))
                .unwrap_err()
                .contains("at most 40 characters")
        );
        assert!(row(json!({"text": ["- 8m 90%"]})).lines("text").is_err());
    }

    #[test]
    fn rows_are_lists_of_objects_even_as_text() {
        let rows = |value: Value| {
            let given = Map::from_iter([("workouts".to_owned(), value)]);
            let arguments = Arguments::new(given, LIST, day("2026-11-21")).unwrap();
            let rows = arguments.rows("workouts").map_err(|error| error.to_string())?;
            let names = rows
                .iter()
                .map(|row| row.text("name").unwrap().unwrap_or_default());
            Ok::<_, String>(names.collect::<Vec<_>>())
        };
        assert_eq!(
            rows(json!([{"name": "a"}, {"name": "b", "load": null}])).unwrap(),
            ["a", "b"]
        );
        assert_eq!(rows(json!({"name": "a"})).unwrap(), ["a"]);
        assert_eq!(rows(json!(r#" [{"name": "a"}] "#)).unwrap(), ["a"]);
        assert_eq!(rows(json!(r#"{"name": "a"}"#)).unwrap(), ["a"]);
        for bad in [
            json!(null),
            json!([]),
            json!("[]"),
            json!("a"),
            json!(""),
            json!({}),
            json!({"x": 1}),
            json!([1]),
            json!([[{"name": "a"}]]),
            json!([{}, {}, {}, {}]),
            json!("[".repeat(100_000)),
            json!(5),
            json!([null]),
            json!("\"[]\""),
        ] {
            let error = rows(bad).unwrap_err();
            assert_eq!(error, "Not done: workouts must be a list of 1 to 3 objects.");
        }
        let error = rows(json!([{"name": "a"}, {"nam": "b"}])).unwrap_err();
        assert!(
            error.starts_with("Not done: workouts 2: unknown argument «nam»"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_a_day_panic_and_no_error_is_long(text in any::<String>()) {
            let arguments = read(json!({"oldest": text, "query": text, "detail": text, "limit": text, "include": text,
                "id": text, "from": text}));
            for error in [
                arguments.activity_id().err(), arguments.moment("from").err(), arguments.range(MONTH).err(), arguments.text("query").err(), arguments.detail().err(),
                arguments.limit().err(), arguments.words("include", &INCLUDE).err(),
            ].into_iter().flatten() {
                prop_assert!(error.to_string().len() < 200);
            }
        }

        #[test]
        fn any_text_is_a_day_or_says_what_a_day_is(
            text in prop_oneof![any::<String>(), "[-0-9T: ,()a-zA-Z]{0,30}", "2026-1[0-2]-[0-3][0-9][T ][0-2]?[0-9]:[0-5][0-9]"],
        ) {
            match row(json!({"date": text, "text": text, "load": text, "indoor": text, "id": text})).planned_day("date") {
                Ok(moment) => {
                    let start = moment.unwrap().start();
                    prop_assert_eq!(Moment::of(start), moment.unwrap());
                    let again = row(json!({"date": start.to_string()})).planned_day("date").unwrap();
                    prop_assert_eq!(again, moment);
                }
                Err(error) => prop_assert!(error.to_string().len() < 200),
            }
        }

        #[test]
        fn an_accepted_range_is_sound(oldest in -4000_i64..1000, newest in -4000_i64..1000, which in 0..4) {
            let at = |days: i64| (day("2026-11-21") + chrono::Duration::days(days)).to_string();
            let mut given = Map::new();
            if which & 1 == 1 { given.insert("oldest".into(), json!(at(oldest))); }
            if which & 2 == 2 { given.insert("newest".into(), json!(at(newest))); }
            if let Ok(range) = Arguments::new(given, PARAMS, day("2026-11-21")).unwrap().range(MONTH) {
                prop_assert!((1..=TEN_YEARS).contains(&range.days()));
                prop_assert!(range.contains(range.oldest) && range.contains(range.newest));
            }
        }
    }
}
