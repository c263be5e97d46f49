//! The table by sport, and how it compares with the period before.

use crate::{
    guard::Units,
    tools::{
        answer::{table::Columns, units, words::joined},
        sums::{self, Sum},
    },
    training::summary,
};

/// The table of the sums, with a row for all of them if there are several.
pub(super) fn table(sums: &[(String, Sum)], all: &Sum, own: Units) -> String {
    type Row<'a> = (&'a str, &'a Sum, bool);
    let each = sums.iter().map(|(name, sum)| (name.as_str(), sum, false));
    let together = (sums.len() > 1).then_some(("all", all, true));
    let rows: Vec<Row<'_>> = each.chain(together).collect();
    let amount = |value: f64| (value > 0.0).then_some(value);
    Columns::<Row<'_>>::new()
        .column("sport", |(name, ..)| (*name).to_owned())
        .column("activities", |(_, sum, _)| units::whole(sum.count))
        .column("time", |(_, sum, _)| units::hours_minutes(sum.secs))
        .column("distance", |(name, sum, is_all)| {
            if *is_all {
                String::new()
            } else {
                distance(sum, name, own)
            }
        })
        .column("longest", |(_, sum, _)| units::hours_minutes(amount(sum.longest)))
        .column(format!("climb {}", units::height_unit(own)), |(_, sum, _)| {
            units::height(amount(sum.climb), own)
        })
        .column("load", |(_, sum, _)| sum.load_words())
        .column("avg IF", |(_, sum, _)| {
            units::fixed(summary::mean_intensity(sum.intensities.iter().copied()), 2)
        })
        .column("kcal", |(_, sum, _)| units::whole(amount(sum.kcal)))
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
    sums::distance(sum.metres, name, own, WHOLE_FROM)
}

/// `Ride: activities 16 / 15 · time 22:00 / 20:10 (+1:50, +9 %) · load 1013 / 950 (+63, +7 %)`, now against before.
pub(super) fn change(name: &str, now: &Sum, before: &Sum, own: Units) -> String {
    let mut parts = vec![format!(
        "{name}: activities {} / {}",
        units::whole(now.count),
        units::whole(before.count)
    )];
    let time = |secs: f64| units::hours_minutes(secs);
    parts.push(format!(
        "time {} / {} ({}{})",
        time(now.secs),
        time(before.secs),
        signed(now.secs - before.secs, time),
        percent(now.secs, before.secs)
    ));
    if now.metres > 0.0 && before.metres > 0.0 && name != "all" {
        parts.push(format!(
            "{} / {} ({})",
            distance(now, name, own),
            distance(before, name, own),
            percent(now.metres, before.metres).trim_start_matches([',', ' '])
        ));
    }
    if now.with_load > 0.0 && before.with_load > 0.0 {
        parts.push(format!(
            "load {} / {} ({}{})",
            units::whole(now.load),
            units::whole(before.load),
            signed(now.load - before.load, units::whole),
            percent(now.load, before.load)
        ));
    }
    parts.join(" · ")
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

/// `, +7 %`; empty if there is nothing to compare with.
fn percent(now: f64, before: f64) -> String {
    if before <= 0.0 {
        return String::new();
    }
    format!(", {} %", units::signed((now / before - 1.0) * 100.0, 0))
}
