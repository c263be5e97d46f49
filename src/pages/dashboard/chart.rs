//! Six weeks of CTL, ATL and form as a drawing and as a table.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::figures::day_of;
use crate::tools::at_a_glance::{Fitness, FitnessDay};

/// The drawing's own units: it is stretched to the width of the page.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 160.0;
/// Room above and below the lines.
const MARGIN: f64 = 6.0;
/// A scale that ends lower would make a newcomer's first week look like a mountain.
const LEAST: f64 = 10.0;

/// The drawing, its sentence and its table.
pub(super) struct Chart {
    /// Paths of CTL, of the area below it, of ATL and of form.
    pub(super) ctl: String,
    pub(super) area: String,
    pub(super) atl: String,
    pub(super) form: String,
    /// Where nothing is.
    pub(super) zero: String,
    /// What the drawing shows.
    pub(super) sentence: String,
    /// The newest figures: CTL, ATL; form with what today's counts.
    pub(super) now: [String; 3],
    /// The change of CTL in a week.
    pub(super) ramp: String,
    /// The day of the newest figures.
    pub(super) newest: String,
    pub(super) oldest: String,
    /// Newest first.
    pub(super) rows: Vec<Row>,
}

/// A day of the table.
pub(super) struct Row {
    pub(super) iso: String,
    pub(super) day: String,
    pub(super) figures: [String; 3],
}

/// Which place a figure of a day has in the drawing.
struct Scale {
    first: NaiveDate,
    days: i32,
    low: f64,
    high: f64,
}

impl Scale {
    fn of(days: &[FitnessDay], first: NaiveDate, last: NaiveDate) -> Self {
        let all = || days.iter().flat_map(FitnessDay::figures);
        Self {
            first,
            days: i32::try_from((last - first).num_days())
                .unwrap_or(i32::MAX)
                .max(1),
            low: all().fold(0.0, f64::min),
            high: all().fold(LEAST, f64::max),
        }
    }

    fn x(&self, day: NaiveDate) -> f64 {
        let since = i32::try_from((day - self.first).num_days()).unwrap_or(0);
        f64::from(since) * WIDTH / f64::from(self.days)
    }

    fn y(&self, figure: f64) -> f64 {
        let share = (figure - self.low) / (self.high - self.low);
        HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN)
    }

    /// `M0 80L14.6 78.2`; a single day is a dot.
    fn path(&self, days: &[FitnessDay], which: usize) -> String {
        let mut path = String::new();
        for day in days {
            let (x, y) = (self.x(day.date()), self.y(day.figures()[which]));
            let command = if path.is_empty() { 'M' } else { 'L' };
            // Writing to a text does not fail.
            let _ = write!(path, "{command}{x:.1} {y:.1}");
        }
        if days.len() == 1 {
            path.push_str("h.1");
        }
        path
    }
}

impl Chart {
    /// Of figures that have a day at least.
    pub(super) fn of(fitness: &Fitness) -> Self {
        let days = &fitness.days;
        let (first, last) = (days.first(), days.last());
        let date = |day: Option<&FitnessDay>| day.map(FitnessDay::date).unwrap_or_default();
        let scale = Scale::of(days, date(first), date(last));
        let words = |day: Option<&FitnessDay>| day.map(FitnessDay::words).unwrap_or_default();
        let [ctl, atl, _] = words(last);
        let line = scale.path(days, 0);
        let (zero, end) = (scale.y(0.0), scale.x(date(last)));
        Self {
            area: format!("{line}V{zero:.1}H{:.1}Z", scale.x(date(first))),
            ctl: line,
            atl: scale.path(days, 1),
            form: scale.path(days, 2),
            zero: format!("M0 {zero:.1}H{:.1}", end.max(WIDTH)),
            sentence: sentence((date(first), words(first)), (date(last), words(last))),
            now: [ctl, atl, fitness.form.clone()],
            ramp: fitness.ramp.clone(),
            oldest: day_of(date(first)),
            newest: day_of(date(last)),
            rows: days.iter().rev().map(Row::of).collect(),
        }
    }
}

impl Row {
    fn of(day: &FitnessDay) -> Self {
        Self {
            iso: day.date().to_string(),
            day: day_of(day.date()),
            figures: day.words(),
        }
    }
}

/// What the drawing shows, for those who do not see it.
fn sentence(first: (NaiveDate, [String; 3]), last: (NaiveDate, [String; 3])) -> String {
    let ((from, [ctl, atl, form]), (to, [ctl_now, atl_now, form_now])) = (first, last);
    if from == to {
        return format!(
            "On {}: CTL {ctl_now}, ATL {atl_now}, form {form_now}.",
            day_of(to)
        );
    }
    format!(
        "From {} to {}: CTL from {ctl} to {ctl_now}, ATL from {atl} to {atl_now}, form from {form} to {form_now}.",
        day_of(from),
        day_of(to)
    )
}
