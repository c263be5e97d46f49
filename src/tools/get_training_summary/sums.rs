//! What a set of activities adds up to, and how it is said.

use std::collections::BTreeMap;

use crate::{
    guard::Units,
    intervals::model::Activity,
    tools::answer::{
        self,
        sport_units::SportUnits,
        table::Table,
        units::{self, positive},
    },
    training::{sports, summary},
};

/// Sums over activities. What is missing does not count, and is counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sum {
    pub(super) count: f64,
    /// s.
    pub(super) secs: f64,
    /// m.
    pub(super) metres: f64,
    /// m.
    pub(super) climb: f64,
    pub(super) load: f64,
    /// How many had a load.
    pub(super) with_load: f64,
    /// kcal.
    pub(super) kcal: f64,
    /// Seconds and IF of those that have both.
    pub(super) intensities: Vec<(f64, f64)>,
    /// s, the longest.
    pub(super) longest: f64,
    /// How many of each exact sport.
    pub(super) kinds: BTreeMap<String, f64>,
}

impl Sum {
    pub(super) fn add(&mut self, row: &Activity) {
        let secs = units::amount(row.moving_time);
        self.count += 1.0;
        self.secs += secs;
        self.metres += units::amount(row.metres());
        self.climb += units::amount(row.total_elevation_gain);
        self.kcal += units::amount(row.calories);
        if let Some(load) = units::sane(row.icu_training_load) {
            self.load += load;
            self.with_load += 1.0;
        }
        let intensity = units::positive(row.icu_intensity);
        self.intensities
            .extend(intensity.map(|percent| (secs, percent / 100.0)));
        self.longest = self.longest.max(secs);
        let sport = answer::sport(row.sport.as_deref().unwrap_or(answer::NO_SPORT));
        *self.kinds.entry(sport).or_default() += 1.0;
    }

    /// The load; empty when no activity had one.
    pub(super) fn load_words(&self) -> String {
        let without = self.count - self.with_load;
        if self.with_load <= 0.0 {
            String::new()
        } else if without > 0.0 {
            format!("{} ({} without)", whole(self.load), whole(without))
        } else {
            whole(self.load)
        }
    }
}

pub(super) fn whole(value: f64) -> String {
    units::whole(Some(value))
}

/// The name that a sport is summed under: its family's, or with every kind on its own its own.
pub(super) fn name_of(sport: Option<&str>, each_kind: bool) -> String {
    let sport = sport.unwrap_or(answer::NO_SPORT);
    answer::sport(if each_kind { sport } else { sports::family(sport) })
}

/// Sums by sport (family), most time first.
pub(super) fn by_sport<'a>(
    rows: impl IntoIterator<Item = &'a Activity>,
    each_kind: bool,
) -> Vec<(String, Sum)> {
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for row in rows {
        sums.entry(name_of(row.sport.as_deref(), each_kind))
            .or_default()
            .add(row);
    }
    let mut sums: Vec<(String, Sum)> = sums.into_iter().collect();
    sums.sort_by(|a, b| b.1.secs.total_cmp(&a.1.secs));
    sums
}

pub(super) fn total<'a>(rows: impl IntoIterator<Item = &'a Activity>) -> Sum {
    let mut sum = Sum::default();
    rows.into_iter().for_each(|row| sum.add(row));
    sum
}

/// `512 km`, `24 mi`; of swims `6400 m`, `7000 yd`. Empty without any.
pub(super) fn distance(metres: f64, name: &str, own: Units) -> String {
    let decimals = u8::from(metres < 100_000.0);
    SportUnits::of(name, own).way(positive(Some(metres)), decimals)
}

/// The table of the sums, with a row for all of them when there are several.
pub(super) fn table(sums: &[(String, Sum)], all: &Sum, own: Units) -> String {
    let climb = format!("climb {}", units::height_unit(own));
    let mut table = Table::new([
        "sport", "sessions", "time", "distance", "longest", &climb, "load", "mean IF", "kcal", "kinds",
    ]);
    let several = sums.len() > 1;
    let rows = sums
        .iter()
        .map(|(name, sum)| (name.as_str(), sum))
        .chain(several.then_some(("all", all)));
    for (name, sum) in rows {
        let is_all = several && std::ptr::eq(sum, all);
        let kinds: Vec<String> = sum
            .kinds
            .iter()
            .map(|(kind, count)| format!("{kind} {}", whole(*count)))
            .collect();
        let mean = summary::mean_intensity(sum.intensities.iter().copied());
        let amount = |value: f64| (value > 0.0).then_some(value);
        table.push(vec![
            name.to_owned(),
            whole(sum.count),
            units::hours_minutes(Some(sum.secs)),
            if is_all {
                String::new()
            } else {
                distance(sum.metres, name, own)
            },
            units::hours_minutes(amount(sum.longest)),
            units::height(amount(sum.climb), own),
            sum.load_words(),
            units::fixed(mean, 2),
            units::whole(amount(sum.kcal)),
            if is_all || kinds.len() < 2 {
                String::new()
            } else {
                kinds.join(", ")
            },
        ]);
    }
    table.render()
}

/// `Ride: sessions 16 / 15 · time 22:00 / 20:10 (+1:50, +9 %) · load 1013 / 950 (+63, +7 %)`, now against before.
pub(super) fn change(name: &str, now: &Sum, before: &Sum, own: Units) -> String {
    let mut parts = vec![format!(
        "{name}: sessions {} / {}",
        whole(now.count),
        whole(before.count)
    )];
    let time = |secs: f64| units::hours_minutes(Some(secs));
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
            distance(now.metres, name, own),
            distance(before.metres, name, own),
            percent(now.metres, before.metres).trim_start_matches([',', ' '])
        ));
    }
    if now.with_load > 0.0 && before.with_load > 0.0 {
        parts.push(format!(
            "load {} / {} ({}{})",
            whole(now.load),
            whole(before.load),
            signed(now.load - before.load, whole),
            percent(now.load, before.load)
        ));
    }
    parts.join(" · ")
}

fn signed(difference: f64, say: impl Fn(f64) -> String) -> String {
    let text = say(difference.abs());
    // Seconds beside whole minutes would be an exactness that the two figures do not have.
    let text = if text.starts_with("0:00:") {
        "0:00".to_owned()
    } else {
        text
    };
    // A difference that rounds away has no sign.
    if !text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        text
    } else if difference < 0.0 {
        format!("-{text}")
    } else {
        format!("+{text}")
    }
}

/// `, +7 %`; nothing when there is nothing to compare with.
fn percent(now: f64, before: f64) -> String {
    if before <= 0.0 {
        return String::new();
    }
    format!(", {} %", units::signed(Some((now / before - 1.0) * 100.0), 0))
}
