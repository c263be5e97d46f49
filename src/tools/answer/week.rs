//! A week's name and its load in words.

use chrono::NaiveDate;

use super::units;
use crate::{
    tools::{arguments::Range, sums::and_unreadable},
    training::weeks::{Week, monday, sunday},
};

/// Follows the name of a week that the range cuts: ` (from Tue)`, ` (to Sat)`, ` (Tue–Sat)`, ` (Thu only)`; empty for a whole
/// week.
pub(crate) fn cut(week: NaiveDate, range: Range) -> String {
    let from = Some(range.oldest).filter(|oldest| week < *oldest);
    let to = Some(range.newest).filter(|newest| week == monday(*newest) && *newest < sunday(*newest));
    let only = range.oldest == range.newest;
    match (from, to) {
        (None, None) => String::new(),
        (_, Some(day)) | (Some(day), _) if only => day.format(" (%a only)").to_string(),
        (Some(from), Some(to)) => format!(" ({}–{})", from.format("%a"), to.format("%a")),
        (Some(from), None) => from.format(" (from %a)").to_string(),
        (None, Some(to)) => to.format(" (to %a)").to_string(),
    }
}

/// `322`; `0` for an empty week, `unknown` when none of its activities has a load.
pub(crate) fn load(week: &Week) -> String {
    match (week.count, week.with_load) {
        (0, _) => "0".to_owned(),
        (_, 0) => "unknown".to_owned(),
        _ => units::whole(week.load),
    }
}

/// The load that was done in a week, of which `closed` activities cannot be read: `322`, `150 (1 without)`, `302 + 1
/// unreadable`; `unknown` when something was done and nothing of it has a load.
pub(crate) fn done(week: &Week, closed: usize) -> String {
    let known = match (week.count, week.with_load) {
        (0, _) if closed > 0 => return "unknown".to_owned(),
        (count, with_load) if with_load > 0 && with_load < count => {
            format!("{} ({} without)", units::whole(week.load), count - with_load)
        }
        _ => load(week),
    };
    and_unreadable(known, closed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::samples::day;

    #[test]
    fn a_week_that_the_range_cuts_says_where() {
        let range = |oldest, newest| Range {
            oldest: day(oldest),
            newest: day(newest),
        };
        let week = day("2026-11-16");
        assert_eq!(cut(week, range("2026-11-16", "2026-11-22")), "");
        assert_eq!(cut(week, range("2026-11-16", "2026-11-21")), " (to Sat)");
        assert_eq!(cut(week, range("2026-11-17", "2026-11-21")), " (Tue–Sat)");
        for (only, says) in [
            ("2026-11-16", " (Mon only)"),
            ("2026-11-18", " (Wed only)"),
            ("2026-11-22", " (Sun only)"),
        ] {
            assert_eq!(cut(week, range(only, only)), says);
        }
        assert_eq!(cut(day("2026-11-09"), range("2026-11-01", "2026-11-21")), "");
    }

    #[test]
    fn an_unknown_load_is_not_zero() {
        let said = |count, with_load, sum| {
            load(&Week {
                count,
                with_load,
                load: sum,
            })
        };
        assert_eq!(
            [said(0, 0, 0.0), said(2, 0, 0.0), said(2, 1, 84.4)],
            ["0", "unknown", "84"]
        );
    }

    #[test]
    fn what_was_done_says_what_it_lacks() {
        let said = |count, with_load, sum, closed| {
            let week = Week {
                count,
                with_load,
                load: sum,
            };
            done(&week, closed)
        };
        assert_eq!(
            [
                said(0, 0, 0.0, 0),
                said(0, 0, 0.0, 2),
                said(2, 0, 0.0, 0),
                said(3, 2, 150.0, 0),
                said(3, 3, 302.0, 1)
            ],
            ["0", "unknown", "unknown", "150 (1 without)", "302 + 1 unreadable"]
        );
    }
}
