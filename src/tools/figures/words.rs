//! Form and load of an athlete in words, the same for every tool that shows them.

use super::{Held, Load, Shown};
use crate::tools::{
    answer::{
        units,
        words::{around, in_brackets, joined},
    },
    fitness::{Day, ToCome},
    sums::with_unreadable,
};

/// `+10.9 (done only; +2.7 with today's plan)`, `+12.6 (24 still open today, +9.8 with it)`, `-8.7 (projected, without 24 still
/// open today)`, `-4.8`
pub(in crate::tools) fn form(
    day: Option<&Day>,
    (held, to_come): (Held, Option<ToCome>),
    shown: Shown,
) -> String {
    let Some(day) = day else {
        return String::new();
    };
    let signed = |form: f64| units::signed(form, 1);
    let counts = match held {
        Held::Nothing => String::new(),
        Held::LeftOut(None) => "done only".to_owned(),
        Held::LeftOut(Some(with)) => format!("done only; {} with today's plan", signed(with)),
        Held::Plan => "with today's plan".to_owned(),
        Held::Perhaps if shown.calendar => "perhaps with today's plan".to_owned(),
        Held::Perhaps => MAY_HOLD.to_owned(),
        Held::Projected => "projected".to_owned(),
    };
    let open = to_come.map_or_else(String::new, |to_come| {
        let perhaps = if to_come.is_certain { "" } else { "perhaps " };
        let load = units::whole(to_come.load);
        match held {
            Held::Projected => format!("without {load} {perhaps}still open today"),
            // Of a plan of which the row counts a part.
            Held::LeftOut(_) | Held::Plan => format!("{load} more {perhaps}still open today"),
            Held::Nothing | Held::Perhaps => {
                let with = to_come.end.map(|end| format!("{} with it", signed(end.form())));
                joined(
                    [
                        format!("{load} {perhaps}still open today"),
                        with.unwrap_or_default(),
                    ],
                    ", ",
                )
            }
        }
    });
    joined([day.form(), in_brackets(&joined([counts, open], ", "))], " ")
}

/// What is said of figures of today where the calendar may not be shown.
const MAY_HOLD: &str = "may hold planned load";

/// `322`, `229 (or 253: today's 24 perhaps only planned)`, `390 (CTL counts 150)`, `60 (1 without load)`, `60 + 1
/// unreadable`
pub(in crate::tools) fn done(load: Load, may_tell_plans: bool) -> String {
    let perhaps = if may_tell_plans {
        "perhaps only planned"
    } else {
        MAY_HOLD
    };
    let or = load.unclear.map(|unclear| {
        let most = units::whole(load.sum + unclear);
        format!("or {most}: today's {} {perhaps}", units::whole(unclear))
    });
    let for_ctl = around("CTL counts", &units::whole(load.for_ctl), "");
    let without = Some(load.without).filter(|count| *count > 0);
    let without = without.map_or_else(String::new, |count| format!("{count} without load"));
    let remarks = joined([or.unwrap_or_default(), for_ctl, without], "; ");
    let sum = if load.is_unknown() {
        UNKNOWN.to_owned()
    } else {
        units::whole(load.sum)
    };
    let known = joined([sum, in_brackets(&remarks)], " ");
    with_unreadable(known, load.closed)
}

/// Said of what depends on plans that may not be shown, or did not arrive.
pub(in crate::tools) const UNKNOWN: &str = "unknown";
