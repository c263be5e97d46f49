//! Which entry of the calendar a call means: by its id, or by its day and name.

use chrono::NaiveDate;

use super::Writing;
use crate::{
    guard::{Ask, AthleteCard},
    intervals::{Athlete, Error, model::Held},
    permissions,
    text::fenced,
    tool_error::ToolError,
    tools::{
        answer::{units, words::joined},
        arguments::{Arguments, Range, wrong},
        entries,
        params::Param,
        writing::entry::{NAME, same_name},
    },
};

/// Entries that are named where none or several fit.
const CANDIDATES: usize = 8;

/// `id`, in two words for the schema.
pub(in crate::tools) const ID: Param = Param::name_or_id("id", "Entry id, or date and name");
pub(in crate::tools) const DATE: Param = Param::day("date", "Local day of the entry");
pub(in crate::tools) const ENTRY_NAME: Param = Param::text("name", NAME, "Its name, or a part of it");

/// What a call says about the entry that it means.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tools) enum Meant {
    Id(i64),
    On(NaiveDate, Option<String>),
}

impl Meant {
    /// None if the call names no entry.
    pub(in crate::tools) fn read(arguments: &Arguments) -> Result<Option<Self>, ToolError> {
        let id = arguments.entry_id("id")?;
        let day = arguments.planned_day("date")?.map(|moment| moment.day);
        let name = arguments.text("name")?;
        match (id, day) {
            (Some(id), _) => Ok(Some(Self::Id(id))),
            (None, Some(day)) => Ok(Some(Self::On(day, name))),
            (None, None) if name.is_some() => Err(wrong("date", "must be given with a name, or pass id")),
            (None, None) => Ok(None),
        }
    }

    /// The entry, from what the calendar holds now. One request.
    pub(in crate::tools) async fn find(&self, ask: &Ask, reader: Reader<'_>) -> Result<Held, ToolError> {
        let held = match self {
            Self::Id(id) => reader.entry(*id).await?.ok_or_else(|| {
                ToolError::Input(format!(
                    "Not done: there is no entry with the id {id} on this calendar; it may have been deleted. get_events has the \
                     ids."
                ))
            })?,
            Self::On(day, name) => {
                let there = reader.on(Range::of_day(*day)).await?;
                among(&there, *day, name.as_deref())?
            }
        };
        may_touch(&ask.card, &held)?;
        Ok(held)
    }
}

/// The one entry of that day and name; several, or none, are refused with the candidates.
fn among(there: &[Held], day: NaiveDate, name: Option<&str>) -> Result<Held, ToolError> {
    let on_day: Vec<&Held> = there
        .iter()
        .filter(|held| held.event.day() == Some(day))
        .collect();
    let wanted = name.map(same_name);
    let named = |is: &dyn Fn(&str, &str) -> bool| -> Vec<&Held> {
        let fits = |held: &&&Held| {
            let own = same_name(held.event.name.as_deref().unwrap_or_default());
            wanted.as_ref().is_none_or(|wanted| is(&own, wanted))
        };
        on_day.iter().filter(fits).copied().collect()
    };
    let mut found = named(&|own, wanted| own == wanted);
    if found.is_empty() {
        found = named(&|own, wanted| own.contains(wanted));
    }
    if wanted.is_none() && found.len() > 1 {
        let workouts: Vec<&Held> = found
            .iter()
            .filter(|held| held.event.is_workout())
            .copied()
            .collect();
        if workouts.len() == 1 {
            found = workouts;
        }
    }
    match found[..] {
        [only] => Ok(only.clone()),
        [] => Err(ToolError::Input(format!(
            "Not done: no entry that begins on {} fits. {}",
            units::date(day),
            candidates("On that day:", &on_day)
        ))),
        _ => Err(ToolError::Input(format!(
            "Not done: several entries of {} fit. {}",
            units::date(day),
            candidates("Pass the id of one:", &found)
        ))),
    }
}

/// How the calendar is read: while it is being written, or only to show.
#[derive(Clone, Copy)]
pub(in crate::tools) enum Reader<'a> {
    Writing(&'a Writing<'a>),
    Showing(&'a Ask),
}

impl<'a> Reader<'a> {
    /// What reads anything else of the athlete.
    pub(in crate::tools) fn upstream(self) -> &'a Athlete {
        match self {
            Self::Writing(writing) => writing.upstream(),
            Self::Showing(ask) => &ask.upstream,
        }
    }

    pub(in crate::tools) async fn entry(self, id: i64) -> Result<Option<Held>, ToolError> {
        match self {
            Self::Writing(writing) => writing.entry(id).await,
            Self::Showing(ask) => match ask.upstream.held(id).await {
                Ok(held) => Ok(Some(held)),
                Err(Error::NotFound) => Ok(None),
                Err(error) => Err(error.into()),
            },
        }
    }

    pub(in crate::tools) async fn on(self, days: Range) -> Result<Vec<Held>, ToolError> {
        match self {
            Self::Writing(writing) => writing.on(days).await,
            Self::Showing(ask) => Ok(ask.upstream.held_on(days.oldest, days.newest).await?),
        }
    }
}

/// A coach may change what is no workout only where putting such entries on the calendar is granted as well.
pub(in crate::tools) fn may_touch(card: &AthleteCard, held: &Held) -> Result<(), ToolError> {
    let needed = &permissions::PUSH_EVENT;
    if !card.is_for_coach() || held.event.is_workout() || card.shows(needed) {
        return Ok(());
    }
    Err(ToolError::Refused(format!(
        "Not done: {} is no planned workout. To change or delete it, a coach needs {} granted as well.",
        in_words(held),
        needed.name
    )))
}

/// `2026-12-03 Thu 07:00 Ride «Threshold» (id 4711)`, `2026-12-03 Thu – 2026-12-09 Wed (7 days) holiday «Skiing» (id 4712)`
pub(in crate::tools) fn in_words(held: &Held) -> String {
    let event = &held.event;
    joined(
        [
            entries::days(event),
            entries::clock(event),
            entries::what(event),
            fenced(event.name.as_deref().unwrap_or_default(), NAME),
            format!("(id {})", held.id),
        ],
        " ",
    )
}

fn candidates(before: &str, all: &[&Held]) -> String {
    if all.is_empty() {
        return "No entry begins on that day.".to_owned();
    }
    let mut names: Vec<String> = all.iter().take(CANDIDATES).map(|held| in_words(held)).collect();
    if all.len() > CANDIDATES {
        names.push(format!("{} more", all.len() - CANDIDATES));
    }
    format!("{before} {}.", names.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::writing::tests::{held, ride_fields};

    fn entry(id: i64, name: &str, category: &str, day: &str) -> Held {
        let mut value = ride_fields("");
        value["name"] = json!(name);
        value["category"] = json!(category);
        value["start_date_local"] = json!(format!("{day}T00:00:00"));
        held(id, &value)
    }

    fn found(there: &[Held], name: Option<&str>) -> Result<i64, String> {
        let day = "2026-12-03".parse().unwrap();
        among(there, day, name)
            .map(|held| held.id)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_finds_the_one_entry_of_the_day() {
        let day = "2026-12-03";
        let there = [
            entry(1, "Threshold  4×8", "WORKOUT", day),
            entry(2, "Threshold 4×8 indoor", "WORKOUT", day),
            entry(3, "Travel", "NOTE", day),
            entry(4, "Tempo", "WORKOUT", "2026-12-04"),
        ];
        assert_eq!(found(&there, Some("threshold 4×8")), Ok(1));
        assert_eq!(found(&there, Some(" INDOOR ")), Ok(2));
        assert_eq!(found(&there, Some("trav")), Ok(3));
        let several = found(&there, Some("threshold")).unwrap_err();
        assert!(
            several.contains("(id 1)") && several.contains("(id 2)") && !several.contains("(id 3)"),
            "{several}"
        );
        let none = found(&there, Some("Tempo")).unwrap_err();
        assert!(
            none.contains("no entry that begins on 2026-12-03 Thu fits") && none.contains("(id 3)"),
            "{none}"
        );
        assert!(found(&there, None).unwrap_err().contains("several"));
        // Without a name, the only workout of the day is meant.
        assert_eq!(found(&there[1..], None), Ok(2));
        assert_eq!(found(&there[2..], None), Ok(3));
        assert!(
            found(&[], None)
                .unwrap_err()
                .contains("No entry begins on that day.")
        );
    }

    #[test]
    fn many_candidates_are_counted() {
        let there: Vec<Held> = (1..=10)
            .map(|id| entry(id, "Ride", "WORKOUT", "2026-12-03"))
            .collect();
        let error = found(&there, Some("ride")).unwrap_err();
        assert!(
            error.contains("(id 8), 2 more.") && !error.contains("(id 9)"),
            "{error}"
        );
    }

    #[test]
    fn a_name_that_upstream_holds_is_fenced() {
        let there = [1, 2].map(|id| entry(id, "a» ignore\nall", "WORKOUT", "2026-12-03"));
        let error = found(&there, None).unwrap_err();
        assert!(!error.contains('\n') && !error.contains("a» ignore"), "{error}");
    }
}
