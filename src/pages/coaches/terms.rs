//! The part of a form that says what a coach may do and until when, the same for an invite and an edit.
//!
//! Only the ticked boxes count: a preset ticks them and is not remembered.

use chrono::{DateTime, Months, Utc};
use chrono_tz::Tz;

use super::{note, zone_of};
use crate::{
    error::Problem,
    guard::{
        coaches::{self, last_day},
        presets::Preset,
    },
    pages::{
        Fields, changes,
        form::{Mistake, day},
        when::end_of,
    },
    permissions::{self, Access, Group, Permission},
    queries::{
        connections::Connection,
        grants::{self, Grant},
    },
};

/// The longest that a grant can last without being extended.
const LONGEST: Months = Months::new(24);

/// What a form says about a grant, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    /// As typed.
    pub(super) note: String,
    /// `2026-11-21`, or empty.
    pub(super) last_day: String,
    /// Names of the tools that are ticked, in the order of the catalogue.
    pub(super) tools: Vec<String>,
}

/// A draft that can be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked {
    /// Names of tools; at least one.
    pub(super) tools: Vec<String>,
    /// Cleaned.
    pub(super) note: String,
    /// When it ends automatically.
    pub(super) expires_at: Option<DateTime<Utc>>,
}

impl Checked {
    /// The same for the guard.
    pub(super) fn terms(&self) -> grants::Terms<'_> {
        grants::Terms {
            tools: &self.tools,
            note: &self.note,
            expires_at: self.expires_at,
        }
    }
}

impl Draft {
    /// A form that has not been filled in yet.
    pub(super) fn new() -> Self {
        Self {
            note: String::new(),
            last_day: String::new(),
            tools: names(&Preset::ReadOnly.tools()),
        }
    }

    /// The current grant. A last day that is over is left out, so that saving makes the grant usable again.
    pub(super) fn of_grant(grant: &Grant, zone: Tz, now: DateTime<Utc>) -> Self {
        let last = grant.expires_at.filter(|at| *at > now);
        let tools = permissions::ALL
            .iter()
            .filter(|tool| grant.tools.iter().any(|name| name == tool.name));
        Self {
            note: grant.note.clone(),
            last_day: last.map(|at| last_day(at, zone).to_string()).unwrap_or_default(),
            tools: tools.map(|tool| tool.name.to_owned()).collect(),
        }
    }

    /// Takes the form's fields. What a ticked tool includes is ticked too.
    pub(super) fn of(fields: &mut Fields) -> Result<Self, Problem> {
        let ticked: Vec<String> = permissions::ALL
            .iter()
            .filter(|tool| fields.optional(&field_of(tool.name)).is_some())
            .map(|tool| tool.name.to_owned())
            .collect();
        let tools = coaches::with_included(&ticked);
        Ok(Self {
            note: fields.take("note")?,
            last_day: fields.take("last-day")?.trim().to_owned(),
            tools,
        })
    }

    /// The same with the boxes of a preset ticked, and no others.
    #[must_use]
    pub(super) fn with(self, preset: Preset) -> Self {
        Self {
            tools: names(&preset.tools()),
            ..self
        }
    }

    /// What the draft means, its days in `zone`, or its mistakes. While the last day is that of `current`, its exact moment
    /// is kept, even if the athlete has moved to another zone since.
    pub(super) fn check(
        &self,
        current: Option<DateTime<Utc>>,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<Checked, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        if self.tools.is_empty() {
            mistakes.push(Mistake::new("tools", "Tick at least one tool."));
        }
        let expires_at = self.expires_at(current, zone, now).unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            None
        });
        let note = note::read(&self.note).unwrap_or_else(|mistake| {
            mistakes.push(Mistake::new("note", &mistake));
            String::new()
        });
        if mistakes.is_empty() {
            Ok(Checked {
                tools: self.tools.clone(),
                note,
                expires_at,
            })
        } else {
            Err(mistakes)
        }
    }

    fn expires_at(
        &self,
        current: Option<DateTime<Utc>>,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Mistake> {
        const FIELD: &str = "last-day";
        let Some(last) = day(FIELD, &self.last_day)? else {
            return Ok(None);
        };
        let kept = current.filter(|at| *at > now && last_day(*at, zone) == last);
        if kept.is_some() {
            return Ok(kept);
        }
        let today = now.with_timezone(&zone).date_naive();
        if last < today {
            return Err(Mistake::new(
                FIELD,
                "This day is over. Choose today or a later day, or leave it empty.",
            ));
        }
        if today.checked_add_months(LONGEST).is_some_and(|most| last > most) {
            return Err(Mistake::new(
                FIELD,
                "Choose a day within the next two years, or leave it empty.",
            ));
        }
        Ok(Some(end_of(last, zone)))
    }
}

fn names(tools: &[&Permission]) -> Vec<String> {
    tools.iter().map(|tool| tool.name.to_owned()).collect()
}

/// The name and id of a tool's box.
fn field_of(tool: &str) -> String {
    format!("tool-{tool}")
}

/// A draft, ready to be drawn.
pub(super) struct Sheet {
    /// What is in the fields.
    pub(super) draft: Draft,
    /// The boxes; tools that read and tools that change something are apart.
    pub(super) parts: Vec<Part>,
    /// The buttons that tick them.
    pub(super) presets: Vec<Ticks>,
    /// The time zone of the days.
    pub(super) zone: Tz,
    /// The earliest last day.
    pub(super) first: String,
    /// The latest last day.
    pub(super) last: String,
    /// Ids of fields with mistakes.
    wrong: Vec<String>,
}

/// The tools of a group that read, or those that change something.
pub(super) struct Part {
    /// The group.
    pub(super) group: Group,
    /// Whether they read or change something.
    pub(super) access: Access,
    /// Each tool, and whether it is ticked.
    pub(super) tools: Vec<(&'static Permission, bool)>,
    /// Whether intervals.icu was connected for reading only what they change, so that no coach can change it yet.
    pub(super) reads_only: bool,
}

impl Part {
    /// Its id.
    pub(super) fn word(&self) -> String {
        let access = if self.changes() { "changes" } else { "reads" };
        format!("{}-{access}", self.group.word())
    }

    /// Whether its tools change something.
    pub(super) fn changes(&self) -> bool {
        self.access == Access::Write
    }
}

/// A preset as a button.
pub(super) struct Ticks {
    /// Which.
    pub(super) preset: Preset,
    /// The ids of the boxes that it ticks, separated by spaces.
    pub(super) boxes: String,
}

impl Sheet {
    /// `draft` with these mistakes marked, for the athlete of `connection`.
    pub(super) fn of(
        draft: Draft,
        connection: Option<&Connection>,
        now: DateTime<Utc>,
        mistakes: &[Mistake],
    ) -> Self {
        let zone = zone_of(connection);
        let mut parts: Vec<Part> = Vec::new();
        let shut = connection.map_or_else(Vec::new, changes::reads_only);
        for tool in permissions::ALL.iter().copied() {
            let reads_only =
                tool.access == Access::Write && tool.needs.iter().any(|area| shut.contains(area));
            let ticked = draft.tools.iter().any(|name| name == tool.name);
            let known = parts
                .iter_mut()
                .find(|part| part.group == tool.group && part.access == tool.access);
            match known {
                Some(part) => {
                    part.tools.push((tool, ticked));
                    part.reads_only |= reads_only;
                }
                None => parts.push(Part {
                    group: tool.group,
                    access: tool.access,
                    tools: vec![(tool, ticked)],
                    reads_only,
                }),
            }
        }
        let presets = Preset::ALL.map(|preset| Ticks {
            preset,
            boxes: preset
                .tools()
                .iter()
                .map(|tool| field_of(tool.name))
                .collect::<Vec<_>>()
                .join(" "),
        });
        let today = now.with_timezone(&zone).date_naive();
        Self {
            draft,
            parts,
            presets: presets.into(),
            zone,
            first: today.to_string(),
            last: today.checked_add_months(LONGEST).unwrap_or(today).to_string(),
            wrong: mistakes.iter().map(|mistake| mistake.field.to_string()).collect(),
        }
    }

    /// Whether there is a mistake in this field.
    pub(super) fn wrong(&self, field: &str) -> bool {
        self.wrong.iter().any(|wrong| wrong == field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-21T12:00:00Z";

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn draft(last_day: &str) -> Draft {
        Draft {
            last_day: last_day.to_owned(),
            ..Draft::new()
        }
    }

    fn ends(last_day: &str, zone: Tz) -> Result<Option<DateTime<Utc>>, String> {
        draft(last_day)
            .check(None, zone, at(NOW))
            .map(|checked| checked.expires_at)
            .map_err(|mistakes| mistakes[0].text.clone())
    }

    #[test]
    fn it_ends_with_the_last_day_where_the_athlete_is() {
        for (day, zone, end) in [
            ("2026-11-30", chrono_tz::Europe::Berlin, "2026-11-30T23:00:00Z"),
            ("2027-06-30", chrono_tz::Europe::Berlin, "2027-06-30T22:00:00Z"),
            // In Melbourne it is 23:00 on the 21st: today ends in an hour.
            (
                "2026-11-21",
                chrono_tz::Australia::Melbourne,
                "2026-11-21T13:00:00Z",
            ),
            // The next day begins with a jump of the clocks from midnight to one.
            ("2027-09-04", chrono_tz::America::Santiago, "2027-09-05T04:00:00Z"),
            ("2028-11-21", chrono_tz::UTC, "2028-11-22T00:00:00Z"),
        ] {
            assert_eq!(ends(day, zone), Ok(Some(at(end))), "{day} {zone}");
        }
        assert_eq!(ends("", chrono_tz::UTC), Ok(None));
        for (day, says) in [
            ("2026-11-20", "is over"),
            ("2028-11-22", "two years"),
            ("9999-12-31", "Write a day"),
            ("soon", "Write a day"),
            ("2027-02-29", "Write a day"),
        ] {
            assert!(ends(day, chrono_tz::UTC).unwrap_err().contains(says), "{day}");
        }
        // Where it is the 22nd already, the 21st is over.
        assert!(ends("2026-11-21", chrono_tz::Pacific::Kiritimati).is_err());
    }

    #[test]
    fn a_last_day_stays_the_same_moment_when_the_athlete_moves() {
        let end = at("2026-12-24T23:00:00Z");
        let current = Some(end);
        let shown = last_day(end, chrono_tz::America::Denver).to_string();
        assert_eq!(shown, "2026-12-24");
        let kept = draft(&shown).check(current, chrono_tz::America::Denver, at(NOW));
        assert_eq!(kept.unwrap().expires_at, current);
        let moved = draft("2026-12-25").check(current, chrono_tz::America::Denver, at(NOW));
        assert_eq!(moved.unwrap().expires_at, Some(at("2026-12-26T07:00:00Z")));
    }

    #[test]
    fn every_mistake_is_shown_at_once() {
        let draft = Draft {
            note: "evil.com".to_owned(),
            last_day: "x".to_owned(),
            tools: Vec::new(),
        };
        let mistakes = draft.check(None, chrono_tz::UTC, at(NOW)).unwrap_err();
        let fields: Vec<&str> = mistakes.iter().map(|mistake| &*mistake.field).collect();
        assert_eq!(fields, ["tools", "last-day", "note"]);
        let sheet = Sheet::of(draft, None, at(NOW), &mistakes);
        assert!(sheet.wrong("note") && sheet.wrong("tools") && !sheet.wrong("email"));
    }

    #[test]
    fn a_sheet_holds_each_tool_once_and_reads_and_changes_apart() {
        let sheet = Sheet::of(Draft::new(), None, at(NOW), &[]);
        let shown: Vec<&str> = sheet
            .parts
            .iter()
            .flat_map(|part| part.tools.iter().map(|(tool, _)| tool.name))
            .collect();
        assert_eq!(shown.len(), permissions::ALL.len());
        for part in &sheet.parts {
            assert!(
                part.tools
                    .iter()
                    .all(|(tool, _)| tool.group == part.group && tool.access == part.access)
            );
        }
        let ticked = sheet
            .parts
            .iter()
            .flat_map(|part| &part.tools)
            .filter(|(_, on)| *on)
            .count();
        assert_eq!(
            ticked,
            Preset::ReadOnly.tools().len(),
            "reading is ticked to begin with"
        );
        assert_eq!(
            sheet.presets[2].boxes.split(' ').count(),
            permissions::ALL.len(),
            "{}",
            sheet.presets[2].boxes
        );
        assert_eq!(
            (sheet.first.as_str(), sheet.last.as_str()),
            ("2026-11-21", "2028-11-21")
        );
    }

    #[test]
    fn a_form_ticks_what_it_names_and_nothing_else() {
        let body = "note=&last-day=&tool-get_fitness=on&tool-nonsense=on&get_wellness=on&tools=get_events";
        let mut fields = Fields::parse(body.as_bytes()).unwrap();
        assert_eq!(Draft::of(&mut fields).unwrap().tools, ["get_fitness"]);
        assert!(Draft::of(&mut Fields::parse(b"note=").unwrap()).is_err());
        let ticked = draft("").with(Preset::Everything);
        assert_eq!(ticked.tools.len(), permissions::ALL.len());
    }
}
