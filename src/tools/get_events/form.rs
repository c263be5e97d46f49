//! The form of race mornings: the model's figure at the end of the day before.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::{
    guard::Ask,
    permissions,
    tool_error::ToolError,
    tools::{
        answer::{
            units,
            words::{around, in_brackets, joined, with_unit},
        },
        arguments::Range,
        fitness::{self, Day, DoneToday, Seen, ToCome, Today, tell_apart, todays_plan},
        part::{Part, Source, settle},
    },
    training::{fitness::Fitness, weeks::back},
};

const WHAT: &str = "Form on race mornings";
/// Maximum requests of the whole call.
const REQUESTS: u32 = 5;

/// The model's days before races.
#[derive(Debug)]
pub(super) struct Mornings {
    days: BTreeMap<NaiveDate, Day>,
    today: NaiveDate,
    /// What is still to be done today and in no day of the model.
    to_come: Option<ToCome>,
    /// As much of today's load as may only be planned.
    in_doubt: Option<f64>,
}

impl Mornings {
    /// The end of the day before; None if intervals.icu has no row for it.
    fn of(&self, race: NaiveDate) -> Option<&Day> {
        self.days.get(&race.pred_opt()?)
    }

    /// Whether the race has a form of its morning.
    pub(super) fn has(&self, race: NaiveDate) -> bool {
        self.of(race).is_some()
    }

    /// `+0.3`, `+0.3 (-0.5 with today's plan)`; empty if it is not known.
    pub(super) fn form(&self, race: NaiveDate) -> String {
        let Some(day) = self.of(race) else {
            return String::new();
        };
        let with = self.with_todays_plan(day).map(|form| units::signed(form, 1));
        let with = with_unit(with.unwrap_or_default(), "with today's plan");
        joined([day.form(), in_brackets(&with)], " ")
    }

    /// The form at the end of a day with what is still to be done today.
    fn with_todays_plan(&self, day: &Day) -> Option<f64> {
        let to_come = self.to_come.filter(|to_come| to_come.end.is_some())?;
        let after = u32::try_from((day.date - self.today).num_days()).ok()?;
        let left = Fitness::left_of(to_come.load, f64::from(after));
        Some(day.fitness.form() + left.form())
    }

    /// What the column is. `next` is the first race after today that has it; `nothing_before` whether it is known that
    /// nothing is planned before that race.
    pub(super) fn in_words(&self, next: Option<NaiveDate>, nothing_before: bool) -> String {
        if self.days.is_empty() {
            return format!("{WHAT} left out: intervals.icu has no fitness for the day before.");
        }
        let what = "form a.m.: CTL - ATL at the end of the day before, by intervals.icu";
        match next {
            None => format!("{what}."),
            Some(race) if nothing_before => format!(
                "{what}; a projection, and nothing is planned before {}: both only fall.",
                units::date(race)
            ),
            Some(_) => format!(
                "{what}; a projection from what is planned until then{}.",
                self.without()
            ),
        }
    }

    /// What the projection leaves out, or may leave out, of today's plan; empty if it counts all of it.
    fn without(&self) -> String {
        let (perhaps, load, ours) = match (self.to_come, self.in_doubt) {
            (Some(to_come), _) if to_come.end.is_some() => {
                ("", Some(to_come.load), "(with it: computed by IcuSync)")
            }
            (Some(to_come), _) => ("", Some(to_come.load), ""),
            (None, in_doubt) => ("perhaps ", in_doubt, ""),
        };
        let load = units::whole(units::positive(load));
        around(&format!(", {perhaps}without today's open load"), &load, ours)
    }
}

/// One request, from the day before the first race to the day before the last; none without a race. If one is after today,
/// today's plan is read as well if it is not among the events, and today's activities if they tell whether the projection
/// counts that plan: at most [`REQUESTS`] in the whole call.
pub(super) async fn fetch(
    ask: &Ask,
    races: impl Iterator<Item = NaiveDate>,
    seen: Seen<'_>,
) -> Result<Part<Mornings>, ToolError> {
    let today = ask.today();
    let wanted: Vec<NaiveDate> = races.filter_map(|day| day.pred_opt()).collect();
    let (Some(&oldest), Some(&newest)) = (wanted.iter().min(), wanted.iter().max()) else {
        return Ok(Part::NotAsked);
    };
    if !ask.card.shows(&permissions::GET_FITNESS) {
        return Ok(Part::not_granted(WHAT, &permissions::GET_FITNESS));
    }
    let is_ahead = newest >= today;
    // Today's row and yesterday's show what the projection begins with.
    let oldest = if is_ahead {
        oldest.min(back(today, 1))
    } else {
        oldest
    };
    let (rows, plan) = tokio::join!(ask.upstream.wellness(oldest, newest, fitness::FIELDS), async {
        if is_ahead && seen.events.is_none() {
            todays_plan(ask).await
        } else {
            Ok(None)
        }
    });
    let plan = plan?;
    let rows = match settle(WHAT, Source::Fitness, rows)? {
        Part::Got(rows) => rows,
        Part::NotAsked => return Ok(Part::NotAsked),
        Part::Missing(why) => return Ok(Part::Missing(why)),
    };
    let seen = Seen {
        events: seen.events.or(plan.as_deref()),
        ..seen
    };
    let known = if is_ahead {
        tell_apart(ask, &rows, seen, REQUESTS).await?
    } else {
        Today::NOT_SHOWN
    };
    let mut days = fitness::days_of(&rows, Range { oldest, newest });
    days.retain(|day, _| wanted.contains(day));
    Ok(Part::Got(Mornings {
        days,
        today,
        to_come: known.to_come,
        in_doubt: match known.done {
            DoneToday::Unclear { at_most } => at_most,
            DoneToday::All | DoneToday::Part(_) => None,
        },
    }))
}
