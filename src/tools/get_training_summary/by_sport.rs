//! The table by sport, and how it compares with the period before.

use crate::{
    guard::Units,
    tools::{
        answer::{
            table::Columns,
            units,
            words::{DOT, in_brackets, joined, named, with_unit},
        },
        sums::{self, Sum, and_unreadable, shown_secs},
    },
    training::summary,
};

/// The name of all sports together.
pub(super) const ALL: &str = "all";

/// The table of the sums, with a row for all of them if there are several, or activities that cannot be read. Days of another
/// year than this say theirs.
pub(super) fn table(
    sums: &[(String, Sum)],
    all: &Sum,
    unreadable: usize,
    (own, year): (Units, i32),
) -> String {
    type Row<'a> = (&'a str, &'a Sum, bool);
    let each = sums.iter().map(|(name, sum)| (name.as_str(), sum, false));
    let together = (sums.len() > 1 || unreadable > 0).then_some((ALL, all, true));
    let rows: Vec<Row<'_>> = each.chain(together).collect();
    let amount = |value: f64| (value > 0.0).then_some(value);
    let climbing = sums::climbing(sums);
    Columns::<Row<'_>>::new()
        .column("sport", |(name, ..)| (*name).to_owned())
        .column("activities", |(_, sum, is_all)| {
            let closed = if *is_all { unreadable } else { 0 };
            sums::with_unreadable(units::whole(sum.count), closed)
        })
        .column("time", |(_, sum, is_all)| {
            and_unreadable(sum.time_words(), if *is_all { unreadable } else { 0 })
        })
        .column("distance", |(name, sum, is_all)| {
            if *is_all {
                String::new()
            } else {
                distance(sum, name, own)
            }
        })
        .column("longest", |(_, sum, _)| {
            let on = sum.longest_on.map(|day| units::day_month_of(day, year));
            let time = units::hours_minutes(amount(sum.longest));
            joined([time, in_brackets(&on.unwrap_or_default())], " ")
        })
        .column(
            format!("climb {}", units::height_unit(own)),
            |(_, sum, is_all)| sum.climb_words(if *is_all { climbing } else { sum.count }, own),
        )
        .column("load", |(_, sum, is_all)| {
            and_unreadable(sum.load_words(), if *is_all { unreadable } else { 0 })
        })
        .column("avg IF", |(_, sum, _)| {
            units::fixed(summary::mean_intensity(sum.intensities.iter().copied()), 2)
        })
        .column("kcal", |(_, sum, _)| sum.kcal_words())
        .column("kinds", |(_, sum, is_all)| {
            if *is_all || sum.kinds.len() < 2 {
                return String::new();
            }
            let kinds = sum
                .kinds
                .iter()
                .map(|(kind, count)| format!("{kind} {}", units::whole(*count)));
            joined(kinds, ", ")
        })
        .table(&rows)
}

/// With a decimal below a hundred kilometres.
fn distance(sum: &Sum, name: &str, own: Units) -> String {
    const WHOLE_FROM: f64 = 100_000.0;
    sums::distance(sum, name, own, WHOLE_FROM)
}

/// What was done of a sport, or of all together, now and before.
pub(super) struct Change<'a> {
    pub(super) name: &'a str,
    pub(super) now: &'a Sum,
    pub(super) before: &'a Sum,
    /// Those of these that cannot be read, now and before.
    pub(super) closed: (usize, usize),
}

/// Now against before, several in a table, one in a line: `Ride: activities 16 / 15 · time 22:00 / 20:10 (+1:50, +9 %) · load 1013
/// / 950 (+63, +7 %)`. Every change is that of the two figures as shown. Without a time or distance of each activity there is
/// none: it would be that of what is known. A session without a load counts as none, as it does in CTL. Without `whole` there is no
/// change: some of any sport cannot be read, which took time and have a load, or one period is longer.
pub(super) fn changes(rows: &[Change<'_>], whole: bool, own: Units) -> String {
    if let [one] = rows {
        let words = [
            format!("{}: activities {}", one.name, one.activities()),
            named("time", &one.time(whole)),
            one.distance(whole, own),
            named("load", &one.load(whole)),
        ];
        return format!(" {}", joined(words, DOT));
    }
    let table = Columns::<Change<'_>>::new()
        .column("sport", |row| row.name.to_owned())
        .column("activities", Change::activities)
        .column("time", |row| row.time(whole))
        .column("distance", |row| row.distance(whole, own))
        .column("load", |row| row.load(whole))
        .table(rows);
    format!("\n{table}")
}

impl Change<'_> {
    fn all_have(&self, with: fn(&Sum) -> f64) -> bool {
        [self.now, self.before].iter().all(|sum| with(sum) >= sum.count)
    }

    /// `16 / 15 + 1 unreadable`
    fn activities(&self) -> String {
        format!(
            "{} / {}",
            sums::with_unreadable(units::whole(self.now.count), self.closed.0),
            sums::with_unreadable(units::whole(self.before.count), self.closed.1)
        )
    }

    /// `22:00 / 20:10 (+1:50, +9 %)`
    fn time(&self, whole: bool) -> String {
        let change = (whole && self.all_have(|sum| sum.with_time)).then(|| {
            let (now, before) = (shown_secs(self.now.secs), shown_secs(self.before.secs));
            signed(now - before, units::hours_minutes) + &and_percent(now, before)
        });
        against(&self.now.known_time(), &self.before.known_time(), change)
    }

    /// `217 km / 144 km (+51 %)`, `0 km / 9.1 km (-100 %)`; empty if neither has one.
    fn distance(&self, whole: bool, own: Units) -> String {
        let (now, before) = (self.now, self.before);
        let texts = (distance(now, self.name, own), distance(before, self.name, own));
        if self.name == ALL || (texts.0.is_empty() && texts.1.is_empty()) {
            return String::new();
        }
        let texts = (known(&texts.0, now, &texts.1), known(&texts.1, before, &texts.0));
        let change = (whole && self.all_have(|sum| sum.with_distance)).then(|| {
            let (now, before) = shown(&texts.0, &texts.1).unwrap_or((now.metres, before.metres));
            percent(now, before)
        });
        against(&texts.0, &texts.1, change)
    }

    /// `1013 / 950 (+63, +7 %)`, `0 / 61 (-61, -100 %)`; empty if neither has one.
    fn load(&self, whole: bool) -> String {
        let sums = [self.now, self.before];
        if sums.iter().all(|sum| sum.with_load <= 0.0) {
            return String::new();
        }
        let words = (
            and_unreadable(self.now.known_load(), self.closed.0),
            and_unreadable(self.before.known_load(), self.closed.1),
        );
        let (now, before) = (self.now.load.round(), self.before.load.round());
        let are_known = sums.iter().all(|sum| sum.with_load > 0.0 || sum.count <= 0.0);
        // What cannot be read has a load as well, so the change of the rest is none.
        let change =
            (whole && are_known).then(|| signed(now - before, units::whole) + &and_percent(now, before));
        against(&words.0, &words.1, change)
    }
}

/// The distance; of nothing done `0 km`, in the unit of the `other`, and `unknown` if nothing of what was done has one.
fn known(text: &str, sum: &Sum, other: &str) -> String {
    match text {
        "" if sum.count > 0.0 => "unknown".to_owned(),
        "" => with_unit("0".to_owned(), other.split(' ').nth(1).unwrap_or_default()),
        _ => text.to_owned(),
    }
}

fn against(now: &str, before: &str, change: Option<String>) -> String {
    let change = in_brackets(&change.unwrap_or_default());
    joined([format!("{now} / {before}"), change], " ")
}

/// The figures of two texts with the same unit, `18.9 km` and `9.0 km`; None with different ones.
fn shown(now: &str, before: &str) -> Option<(f64, f64)> {
    let (now, before) = (now.split_once(' ')?, before.split_once(' ')?);
    let figures = (now.0.parse().ok()?, before.0.parse().ok()?);
    (now.1 == before.1).then_some(figures)
}

fn signed(difference: f64, say: impl Fn(f64) -> String) -> String {
    let text = say(difference.abs());
    // Seconds next to whole minutes are no change.
    let text = if text.starts_with('<') {
        "0:00".to_owned()
    } else {
        text
    };
    // A difference that rounds to zero has no sign.
    if !text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        text
    } else if difference < 0.0 {
        format!("-{text}")
    } else {
        format!("+{text}")
    }
}

/// `+7 %`; empty if there is nothing to compare with.
fn percent(now: f64, before: f64) -> String {
    if before <= 0.0 {
        return String::new();
    }
    with_unit(units::signed((now / before - 1.0) * 100.0, 0), "%")
}

/// `, +7 %`; empty if there is nothing to compare with.
fn and_percent(now: f64, before: f64) -> String {
    let percent = percent(now, before);
    if percent.is_empty() {
        percent
    } else {
        format!(", {percent}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(secs: f64, metres: f64, load: f64) -> Sum {
        Sum {
            count: 1.0,
            with_time: 1.0,
            with_load: 1.0,
            with_distance: 1.0,
            secs,
            metres,
            load,
            ..Sum::default()
        }
    }

    #[test]
    fn a_change_is_that_of_the_figures_shown() {
        let said = |now: Sum, before: Sum| {
            let change = Change {
                name: "Ride",
                now: &now,
                before: &before,
                closed: (0, 0),
            };
            changes(&[change], true, Units::default()).trim_start().to_owned()
        };
        assert_eq!(
            said(sum(3629.0, 10_040.0, 80.4), sum(3631.0, 10_060.0, 80.6)),
            "Ride: activities 1 / 1 · time 1:00 / 1:01 (-0:01, -2 %) · 10.0 km / 10.1 km (-1 %) · load 80 / 81 (-1, -1 %)"
        );
        assert_eq!(
            said(sum(3629.0, 10_060.0, 80.4), sum(3571.0, 10_140.0, 79.5)),
            "Ride: activities 1 / 1 · time 1:00 / 1:00 (0:00, 0 %) · 10.1 km / 10.1 km (0 %) · load 80 / 80 (0, 0 %)"
        );
        assert_eq!(
            said(sum(0.0, 20.0, 0.2), sum(0.0, 20.0, 0.3)),
            "Ride: activities 1 / 1 · time 0:00 / 0:00 (0:00) · 0.0 km / 0.0 km · load 0 / 0 (0)"
        );
    }
}
