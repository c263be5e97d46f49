//! The rows of the table: columns, cells, and what makes a row special.

use crate::{
    guard::Units,
    intervals::model::Activity,
    text::clean,
    tools::{
        answer::{self, sport_units::SportUnits, table::Table, units},
        arguments::Detail,
    },
};

/// The table. A column that no row fills is left out.
pub(super) fn table(rows: &[&Activity], units: Units, detail: Detail) -> String {
    // Long names give way first, so that a month stays within 3,500 bytes whatever people call their rides.
    const WIDTHS: [usize; 4] = [48, 32, 24, 16];
    const BYTES_A_ROW: usize = 84;
    if detail == Detail::Full {
        return table_of(rows, units, detail, 80);
    }
    let mut text = String::new();
    for width in WIDTHS {
        text = table_of(rows, units, detail, width);
        if text.len() <= BYTES_A_ROW * (rows.len() + 1) {
            break;
        }
    }
    text
}

fn table_of(rows: &[&Activity], units: Units, detail: Detail, name_width: usize) -> String {
    let full = detail == Detail::Full;
    let long = units::distance_unit(units);
    let climb = format!("climb {}", units::height_unit(units));
    let speed = format!("speed {}", units::speed_unit(units));
    let columns: Vec<(&str, bool)> = vec![
        ("date", true),
        ("start", full),
        ("sport", true),
        ("kind", full),
        ("name", true),
        ("time", true),
        ("elapsed", full),
        (long, true),
        (&climb, full),
        ("load", true),
        ("IF", true),
        ("avg W", full),
        ("NP W", true),
        ("pace", true),
        ("GAP", full),
        (&speed, full),
        ("HR", true),
        ("max HR", full),
        ("cadence (runs: steps/min)", full),
        ("decoupling %", full),
        ("kcal", full),
        ("done % of plan", full),
        ("RPE", true),
        ("feel (1 strong)", true),
        ("device", full),
        ("id", true),
    ];
    let mut table = Table::new(columns.iter().filter(|(_, shown)| *shown).map(|(name, _)| *name));
    for row in rows {
        let cells = cells(row, units, detail, name_width);
        table.push(
            columns
                .iter()
                .zip(cells)
                .filter(|((_, shown), _)| *shown)
                .map(|(_, cell)| cell)
                .collect(),
        );
    }
    table.render()
}

/// All cells of a row, in the order of the columns.
fn cells(row: &Activity, units: Units, detail: Detail, name_width: usize) -> [String; 26] {
    let sport = row.sport.as_deref().unwrap_or_default();
    let own = SportUnits::of(sport, units);
    let stub = row.is_closed_by_strava();
    let name = if stub {
        "closed to the API by Strava".to_owned()
    } else {
        clean(row.name.as_deref().unwrap_or_default(), name_width)
    };
    let time = row.start_date_local;
    let duration = match detail {
        Detail::Concise => units::hours_minutes,
        Detail::Full => units::hours_minutes_seconds,
    };
    let speed = row.speed();
    [
        row.day().map(units::date).unwrap_or_default(),
        time.map(|time| time.format("%H:%M").to_string())
            .unwrap_or_default(),
        if stub {
            "(Strava)".to_owned()
        } else {
            answer::sport(sport)
        },
        kind(row),
        name,
        duration(row.moving_time),
        duration(row.elapsed_time),
        own.under_long_unit(row.metres(), 1),
        units::height(row.total_elevation_gain, units),
        units::whole(row.icu_training_load),
        units::fixed(row.icu_intensity.map(|percent| percent / 100.0), 2),
        units::whole(row.icu_average_watts),
        units::whole(row.icu_weighted_avg_watts),
        own.only_pace(speed),
        own.only_pace(row.gap),
        if own.pace.is_some() {
            String::new()
        } else {
            units::speed(speed, units)
        },
        units::whole(row.average_heartrate),
        units::whole(row.max_heartrate),
        own.cadence(row.average_cadence),
        units::fixed(row.decoupling, 1),
        units::whole(row.calories),
        units::whole(row.done_of_plan()),
        units::at_most(row.icu_rpe, 1),
        units::whole(row.feel),
        clean(row.device_name.as_deref().unwrap_or_default(), 30),
        clean(row.id.as_deref().unwrap_or_default(), 24),
    ]
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
