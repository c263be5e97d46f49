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
    training::{sports::family, summary},
};

/// Families whose activities usually have an elevation gain.
const CLIMB: [&str; 6] = ["Ride", "Run", "Walk", "Hike", "Snowshoe", "Ski"];
/// Those whose activities usually have calories.
const BURN: [&str; 2] = ["Ride", "Run"];

/// The table of the sums, with a row for all of them if there are several, or activities that cannot be read.
pub(super) fn table(sums: &[(String, Sum)], all: &Sum, unreadable: usize, own: Units) -> String {
    type Row<'a> = (&'a str, &'a Sum, bool);
    let each = sums.iter().map(|(name, sum)| (name.as_str(), sum, false));
    let together = (sums.len() > 1 || unreadable > 0).then_some(("all", all, true));
    let rows: Vec<Row<'_>> = each.chain(together).collect();
    let amount = |value: f64| (value > 0.0).then_some(value);
    // All together lack a figure only where a sport lacks it that has it.
    let with_figure = |with: fn(&Sum) -> f64, usual: &[&str]| {
        let has_it = |(name, sum): &&(String, Sum)| with(sum) > 0.0 || usual.contains(&family(name));
        sums.iter().filter(has_it).map(|(_, sum)| sum.count).sum::<f64>()
    };
    let (climbing, burning) = (
        with_figure(|sum| sum.with_climb, &CLIMB),
        with_figure(|sum| sum.with_kcal, &BURN),
    );
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
        .column("longest", |(_, sum, _)| units::hours_minutes(amount(sum.longest)))
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
        .column("kcal", |(_, sum, is_all)| {
            sum.kcal_words(if *is_all { burning } else { sum.count })
        })
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

/// `Ride: activities 16 / 15 · time 22:00 / 20:10 (+1:50, +9 %) · load 1013 / 950 (+63, +7 %)`, now against before. Every
/// change is that of the two figures as shown. Without a time or distance of each activity there is none: it would be that of
/// what is known. A session without a load counts as none, as it does in CTL. `closed` are those of these that cannot be read, now
/// and before. Without `whole`, some of any sport cannot be read: then there is no change, because they took time and have a load.
pub(super) fn change(
    name: &str,
    (now, before): (&Sum, &Sum),
    closed: (usize, usize),
    whole: bool,
    own: Units,
) -> String {
    let all_have = |with: fn(&Sum) -> f64| [now, before].iter().all(|sum| with(sum) >= sum.count);
    let against = |now: &str, before: &str, change: Option<String>| {
        let change = in_brackets(&change.unwrap_or_default());
        joined([format!("{now} / {before}"), change], " ")
    };
    let mut parts = vec![format!(
        "{name}: activities {} / {}",
        sums::with_unreadable(units::whole(now.count), closed.0),
        sums::with_unreadable(units::whole(before.count), closed.1)
    )];
    let change = (whole && all_have(|sum| sum.with_time)).then(|| {
        let (now, before) = (shown_secs(now.secs), shown_secs(before.secs));
        signed(now - before, units::hours_minutes) + &and_percent(now, before)
    });
    let time = against(&now.known_time(), &before.known_time(), change);
    parts.push(named("time", &time));
    if now.metres > 0.0 && before.metres > 0.0 && name != "all" {
        let (now_text, before_text) = (distance(now, name, own), distance(before, name, own));
        let change = (whole && all_have(|sum| sum.with_distance)).then(|| {
            let (now, before) = shown(&now_text, &before_text).unwrap_or((now.metres, before.metres));
            percent(now, before)
        });
        parts.push(against(&now_text, &before_text, change));
    }
    if now.with_load > 0.0 && before.with_load > 0.0 {
        let words = (
            and_unreadable(now.load_words(), closed.0),
            and_unreadable(before.load_words(), closed.1),
        );
        let (now, before) = (now.load.round(), before.load.round());
        // What cannot be read has a load as well, so the change of the rest is none.
        let change = whole.then(|| signed(now - before, units::whole) + &and_percent(now, before));
        parts.push(named("load", &against(&words.0, &words.1, change)));
    }
    parts.join(DOT)
}

/// The figures of two texts with the same unit, `18.9 km` and `9.0 km`; None with different ones.
fn shown(now: &str, before: &str) -> Option<(f64, f64)> {
    let (now, before) = (now.split_once(' ')?, before.split_once(' ')?);
    let figures = (now.0.parse().ok()?, before.0.parse().ok()?);
    (now.1 == before.1).then_some(figures)
}

fn signed(difference: f64, say: impl Fn(f64) -> String) -> String {
    let text = say(difference.abs());
    // Seconds next to whole minutes would suggest a precision that the two figures lack.
    let text = if text.starts_with("0:00:") {
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
        let said = |now, before| change("Ride", (&now, &before), (0, 0), true, Units::default());
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
