//! The form of race mornings: the model's figure at the end of the day before.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::{
    guard::Ask,
    intervals::model::Activity,
    permissions,
    tool_error::ToolError,
    tools::{
        answer::{
            units,
            words::{around, in_brackets, joined, with_unit},
        },
        arguments::Range,
        fitness::{self, Day, DoneToday, Seen, Today, tell_apart_with_done, todays_plan},
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
    todays_plan: TodaysPlan,
    /// Today's activities, if only they tell what the projection counts.
    done_today: Option<Vec<Activity>>,
}

/// What the projection counts of what is still to be done today.
#[derive(Debug)]
enum TodaysPlan {
    /// Nothing is to be done, or it is not known.
    None,
    /// It counts this load, and the end of today without it is this much lower or higher.
    Counted(f64, Option<Fitness>),
    /// It leaves out this load, and the end of today with it is this much lower or higher.
    LeftOut(f64, Option<Fitness>),
    /// The same, but an activity whose sport is not known may have done some of it.
    PerhapsLeftOut(f64),
    /// It perhaps counts as much as this.
    InDoubt(f64),
}

impl TodaysPlan {
    fn of(rows: &BTreeMap<NaiveDate, Day>, today: NaiveDate, known: Today) -> Self {
        let differs = |other: Option<Fitness>| {
            let of_row = rows.get(&today)?.fitness;
            let other = other?;
            Some(Fitness {
                ctl: other.ctl - of_row.ctl,
                atl: other.atl - of_row.atl,
            })
        };
        match (known.to_come, known.done) {
            (Some(to_come), _) if to_come.load > 0.0 && to_come.perhaps_done => {
                Self::PerhapsLeftOut(to_come.load)
            }
            (Some(to_come), _) if to_come.load > 0.0 => Self::LeftOut(to_come.load, differs(to_come.end)),
            (_, DoneToday::Part(part)) if part.is_planned => Self::Counted(part.rest, differs(part.fitness)),
            (
                _,
                DoneToday::Unclear {
                    at_most: Some(load), ..
                },
            ) => Self::InDoubt(load),
            _ => Self::None,
        }
    }
}

impl Mornings {
    /// The end of the day before; None if intervals.icu has no row for it.
    fn of(&self, race: NaiveDate) -> Option<&Day> {
        self.days.get(&race.pred_opt()?)
    }

    /// Today's activities, where they were read.
    pub(super) fn done_today(&self) -> Option<&[Activity]> {
        self.done_today.as_deref()
    }

    /// Whether the race has a form of its morning.
    pub(super) fn has(&self, race: NaiveDate) -> bool {
        self.of(race).is_some()
    }

    /// `+0.3`, `+0.3 (-0.5 with today's plan)`, `-0.5 (+0.3 without today's plan)`; empty if it is not known.
    pub(super) fn form(&self, race: NaiveDate) -> String {
        let Some(day) = self.of(race) else {
            return String::new();
        };
        let other = match self.todays_plan {
            TodaysPlan::Counted(_, other) => self.other(day, other, "without today's plan"),
            TodaysPlan::LeftOut(_, other) => self.other(day, other, "with today's plan"),
            TodaysPlan::None | TodaysPlan::PerhapsLeftOut(_) | TodaysPlan::InDoubt(_) => String::new(),
        };
        joined([day.form(), in_brackets(&other)], " ")
    }

    /// The form at the end of a day if the end of today `differs` this much; empty for a day before.
    fn other(&self, day: &Day, differs: Option<Fitness>, what: &str) -> String {
        let days = u32::try_from((day.date - self.today).num_days()).ok();
        let form = differs
            .zip(days)
            .map(|(differs, days)| day.fitness.form() + differs.decayed(f64::from(days)).form());
        with_unit(units::signed(form, 1), what)
    }

    /// What the column is. `next` is the first race after today that has it; `nothing_before` whether it is known that
    /// nothing is planned from today to that race, `ruled_out` whether an absence or a limit rules out some of it.
    pub(super) fn in_words(&self, next: Option<NaiveDate>, nothing_before: bool, ruled_out: bool) -> String {
        if self.days.is_empty() {
            return format!("{WHAT} left out: intervals.icu has no fitness for the day before.");
        }
        let what = "form a.m.: CTL - ATL at the end of the day before, by intervals.icu";
        match next {
            None => format!("{what}."),
            Some(race) if nothing_before => format!(
                "{what}; after today a projection, and nothing is planned between today and {}: both only fall.",
                units::date(race)
            ),
            Some(_) => format!(
                "{what}; after today a projection from what is planned until then{}{}.",
                if ruled_out { ", ruled out or not" } else { "" },
                self.of_today()
            ),
        }
    }

    /// What the projection has of today's plan; empty if nothing is left of that, or it is not known.
    fn of_today(&self) -> String {
        let of_ours = |what: &str, differs: Option<Fitness>| {
            differs.map_or_else(String::new, |_| {
                format!("(IcuSync computed the figure {what} it)")
            })
        };
        match self.todays_plan {
            TodaysPlan::None => String::new(),
            TodaysPlan::Counted(load, other) => around(
                ", with today's open load",
                &units::whole(load),
                &of_ours("without", other),
            ),
            TodaysPlan::LeftOut(load, other) => around(
                ", without today's open load",
                &units::whole(load),
                &of_ours("with", other),
            ),
            TodaysPlan::PerhapsLeftOut(load) => around(
                ", without today's load",
                &units::whole(load),
                "that is perhaps still open",
            ),
            TodaysPlan::InDoubt(load) => around(
                "; today's load in it may hold up to",
                &units::whole(load),
                "that is only planned",
            ),
        }
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
    // Today's row and yesterday's show what the projection begins with, some weeks whether CTL and ATL count the same.
    let oldest = if is_ahead {
        oldest.min(back(today, 28))
    } else {
        oldest
    };
    let (rows, plan) = tokio::join!(ask.upstream.wellness(oldest, newest, fitness::FIELDS), async {
        if is_ahead && seen.events.is_none() {
            todays_plan(ask).await
        } else {
            Ok(Part::NotAsked)
        }
    });
    let plan = plan?;
    let rows = match settle(WHAT, Source::Fitness, rows)? {
        Part::Got(rows) => rows,
        Part::NotAsked => return Ok(Part::NotAsked),
        Part::Missing(why) => return Ok(Part::Missing(why)),
    };
    let seen = Seen {
        events: seen.events.or(plan.got().map(Vec::as_slice)),
        ..seen
    };
    let (known, done_today) = if is_ahead {
        tell_apart_with_done(ask, &rows, seen, REQUESTS).await?
    } else {
        (Today::NOT_SHOWN, None)
    };
    let mut days = fitness::days_of(&rows, Range { oldest, newest });
    let todays_plan = TodaysPlan::of(&days, today, known);
    days.retain(|day, _| wanted.contains(day));
    Ok(Part::Got(Mornings {
        days,
        today,
        todays_plan,
        done_today,
    }))
}
