//! The rows of the table: columns, cells, and special kinds.

use super::{Asked, Sort};
use crate::{
    guard::Units,
    intervals::model::Activity,
    text::{clean, fenced},
    tools::{
        answer::{
            self,
            sport_units::SportUnits,
            table::{Columns, first_within},
            units::{self, positive},
            words::{fenced_where, joined},
        },
        arguments::Detail,
        one_activity::DECOUPLING,
        plan_state::PERCENT,
        zone_base::times_of,
    },
};

/// The table. A column that no row fills is left out. A 0 that no sensor can mean (W, IF, HR, distance, kcal) is missing.
pub(super) fn table(rows: &[&Activity], units: Units, asked: &Asked) -> String {
    // Long names are shortened first, so that a month fits into 3,500 bytes whatever people call their rides.
    const WIDTHS: [usize; 4] = [48, 32, 24, 16];
    const BYTES_A_ROW: usize = 84;
    // A few rows have room for whole names.
    const ALWAYS: usize = 1500;
    if asked.detail == Detail::Full {
        return table_of(rows, units, asked, 80);
    }
    first_within(ALWAYS.max(BYTES_A_ROW * (rows.len() + 1)), &WIDTHS, |width| {
        table_of(rows, units, asked, width)
    })
}

fn table_of(rows: &[&Activity], units: Units, asked: &Asked, name_width: usize) -> String {
    type Row<'a> = &'a Activity;
    let detail = asked.detail;
    // What rows are sorted by is shown.
    let shows = |sort: Sort| detail == Detail::Full || asked.order == sort;
    let around_query = detail.pick(40, 140);
    let own = |row: &Activity| SportUnits::of_activity(row, units);
    let duration = match detail {
        Detail::Concise => units::hours_minutes,
        Detail::Full => units::hours_minutes_seconds,
    };
    Columns::<Row<'_>>::new()
        .column("date", |row| row.day().map(units::date).unwrap_or_default())
        .in_full("start", |row| {
            row.start_date_local.map(units::clock).unwrap_or_default()
        })
        .column("sport", |row| {
            let stub = match (row.is_closed_by_strava(), row.is_empty_stub()) {
                (true, _) => "(Strava)",
                (_, true) => "(empty)",
                _ => "",
            };
            joined([&answer::sport(row.sport()), stub], " ")
        })
        .in_full("kind", |row| kind(row))
        .column("name", |row| {
            let name = row.name.as_deref().unwrap_or_default();
            fenced_where(name, asked.words(), name_width)
        })
        .column("time", |row| duration(positive(row.moving_time)))
        .in_full("elapsed", |row| duration(positive(row.elapsed_time)))
        .column(units::distance_unit(units), |row| {
            own(row).under_long_unit(positive(row.metres()), 1)
        })
        .column(format!("climb {}", units::height_unit(units)), move |row| {
            let climb = row.climb().filter(|_| shows(Sort::Climb));
            units::height(climb, units)
        })
        .column("load", |row| units::whole(row.load()))
        .column("IF", |row| units::intensity(positive(row.icu_intensity)))
        .in_full("avg W", |row| units::whole(positive(row.icu_average_watts)))
        .column("NP W", |row| units::whole(positive(row.icu_weighted_avg_watts)))
        .column("pace", |row| own(row).only_pace(row.speed()))
        .in_full("GAP", |row| own(row).only_pace(row.gap))
        .column(format!("speed {}", units::speed_unit(units)), move |row| {
            let speed = row
                .speed()
                .filter(|_| shows(Sort::Speed) && own(row).pace.is_none());
            units::speed(positive(speed), units)
        })
        .column("HR", |row| units::whole(positive(row.average_heartrate)))
        .in_full("max HR", |row| units::whole(positive(row.max_heartrate)))
        .in_full("cadence (runs: steps/min)", |row| {
            own(row).cadence(positive(row.average_cadence))
        })
        .in_full(DECOUPLING, |row| units::fixed(row.decoupling, 1))
        .in_full("kcal", |row| units::whole(positive(row.calories)))
        .in_full(PERCENT, |row| units::whole(row.done_of_plan()))
        .in_full("above Z2 %", |row| above_zone_2(row))
        .column("RPE", |row| units::at_most(row.rpe(), 1))
        .in_full("sRPE", |row| units::whole(positive(row.session_rpe)))
        .column("feel (1 strong)", |row| units::whole(row.feel))
        .in_full("device", |row| {
            fenced(row.device_name.as_deref().unwrap_or_default(), 30)
        })
        .column("entered", |row| entered(row))
        .column("in the note", move |row| {
            fenced(&asked.in_note(row, around_query).unwrap_or_default(), 300)
        })
        .column("id", |row| clean(row.id.as_deref().unwrap_or_default(), 24))
        .table_in(detail, rows)
}

/// `by hand`, without a recording; `by hand (marked done)` if that is how a planned workout was done.
fn entered(row: &Activity) -> String {
    match (row.is_manual(), row.paired_event_id.is_some()) {
        (false, _) => "",
        (true, false) => "by hand",
        (true, true) => "by hand (marked done)",
    }
    .to_owned()
}

/// `22 (power)`, `31 (power, 4 zones)`: percent of the time in zones that was above zone 2, by the zones that the athlete
/// prefers; with their number where it is not a usual one, because zone 2 is then another.
fn above_zone_2(row: &Activity) -> String {
    let Some((measure, times)) = times_of(row, None).filter(|(_, times)| times.len() > 2) else {
        return String::new();
    };
    let all: f64 = times.iter().sum();
    let above: f64 = times[2..].iter().sum();
    let number = match times.len() {
        5 | 7 => String::new(),
        number => format!("{number} zones"),
    };
    let by = joined([measure.words(), &number], ", ");
    format!("{} ({by})", units::whole(above / all * 100.0))
}

/// What makes an activity special: race, commute, indoor …
fn kind(row: &Activity) -> String {
    let sub = clean(row.sub_type.as_deref().unwrap_or_default(), 20).to_lowercase();
    let mut words = Vec::new();
    if row.race == Some(true) && sub != "race" {
        words.push("race".to_owned());
    }
    if !sub.is_empty() && sub != "none" {
        words.push(sub);
    }
    if row.trainer == Some(true) {
        words.push("indoor".to_owned());
    }
    words.join(", ")
}
