//! Numbers, dates, durations, paces and distances as an athlete says them.
//!
//! Upstream's units go in (seconds, metres, metres per second, kilograms); text comes out. A missing value, or a number
//! that no body or day could produce, comes out empty.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime};

use super::words::with_unit;
use crate::{
    guard::Units,
    training::{
        lengths::{FOOT, MILE, YARD},
        sports::Tempo,
    },
};

pub(crate) use crate::intervals::model::{amount, positive, sane};

/// Kilograms per pound (international, 1959).
const POUND: f64 = 0.453_592_37;

/// `2026-11-20 Fri`
pub(crate) fn date(day: NaiveDate) -> String {
    day.format("%Y-%m-%d %a").to_string()
}

/// `20 Nov`
pub(crate) fn day_month(day: NaiveDate) -> String {
    day.format("%-d %b").to_string()
}

/// The same with its year, if that is not this one: `20 Nov 2025`.
pub(crate) fn day_month_of(day: NaiveDate, year: i32) -> String {
    if day.year() == year {
        day_month(day)
    } else {
        day.format("%-d %b %Y").to_string()
    }
}

/// `07:40`
pub(crate) fn clock(moment: NaiveDateTime) -> String {
    moment.format("%H:%M").to_string()
}

/// `2026-11-20 Fri 07:40`
pub(crate) fn moment(moment: NaiveDateTime) -> String {
    format!("{} {}", date(moment.date()), clock(moment))
}

/// `25 Oct – 21 Nov 2026`, `15 – 21 Nov 2026`, `20 Dec 2025 – 5 Jan 2026`, `21 Nov 2026`.
pub(crate) fn range(oldest: NaiveDate, newest: NaiveDate) -> String {
    let end = newest.format("%-d %b %Y");
    if oldest == newest {
        end.to_string()
    } else if oldest.year() != newest.year() {
        format!("{} – {end}", oldest.format("%-d %b %Y"))
    } else if oldest.month() != newest.month() {
        format!("{} – {end}", day_month(oldest))
    } else {
        format!("{} – {end}", oldest.format("%-d"))
    }
}

/// The value with this many decimals, halves rounded away from zero, without a negative zero.
pub(crate) fn fixed(value: impl Into<Option<f64>>, decimals: u8) -> String {
    shown(value, decimals).map_or_else(String::new, |value| format!("{value:.0$}", usize::from(decimals)))
}

/// The number that [`fixed`] writes. Differences beside two figures are computed from these, so that they agree with them.
pub(crate) fn shown(value: impl Into<Option<f64>>, decimals: u8) -> Option<f64> {
    let scale = 10_f64.powi(i32::from(decimals));
    let rounded = (sane(value.into())? * scale).round() / scale;
    Some(if rounded == 0.0 { 0.0 } else { rounded })
}

/// The second figure minus the first, both as shown: `+0.01`.
pub(crate) fn change(before: impl Into<Option<f64>>, after: impl Into<Option<f64>>, decimals: u8) -> String {
    let both = shown(before, decimals).zip(shown(after, decimals));
    signed(both.map(|(before, after)| after - before), decimals)
}

/// A whole number.
pub(crate) fn whole(value: impl Into<Option<f64>>) -> String {
    fixed(value, 0)
}

/// Like [`fixed`], without trailing zeros: `7`, `7.5`.
pub(crate) fn at_most(value: impl Into<Option<f64>>, decimals: u8) -> String {
    trimmed(fixed(value, decimals))
}

/// A figure without trailing zero decimals: `1.00` becomes `1`.
pub(crate) fn trimmed(figure: String) -> String {
    if figure.contains('.') {
        figure.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        figure
    }
}

/// An intensity factor from upstream's percentage: `0.86` from 86.2.
pub(crate) fn intensity(percent: Option<f64>) -> String {
    fixed(percent.map(|percent| percent / 100.0), 2)
}

/// Thousands: kilojoules from joules.
pub(crate) fn kilo(value: impl Into<Option<f64>>, decimals: u8) -> String {
    fixed(value.into().map(|value| value / 1000.0), decimals)
}

/// With its sign: `+3.4`, `-4.8`, `0.0`.
pub(crate) fn signed(value: impl Into<Option<f64>>, decimals: u8) -> String {
    let value = value.into();
    let text = fixed(value, decimals);
    if sane(value).is_some_and(|value| value > 0.0) && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        format!("+{text}")
    } else {
        text
    }
}

/// Whole seconds, to be split into hours and minutes.
#[expect(clippy::cast_possible_truncation, reason = "bounded by `sane` to nine digits")]
fn seconds(value: Option<f64>) -> Option<i64> {
    sane(value)
        .filter(|value| *value >= 0.0)
        .map(|value| value.round() as i64)
}

/// Hours and minutes, `1:15`; less than half a minute is `<0:01`.
pub(crate) fn hours_minutes(secs: impl Into<Option<f64>>) -> String {
    match seconds(secs.into()) {
        None => String::new(),
        Some(1..30) => "<0:01".to_owned(),
        Some(secs) => {
            let minutes = (secs + 30) / 60;
            format!("{}:{:02}", minutes / 60, minutes % 60)
        }
    }
}

/// Hours, minutes and seconds, `1:15:30`.
pub(crate) fn hours_minutes_seconds(secs: impl Into<Option<f64>>) -> String {
    seconds(secs.into()).map_or_else(String::new, |secs| {
        format!("{}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60)
    })
}

/// The distance that a pace's time is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PaceUnit {
    /// Its length in metres.
    metres: f64,
    /// As written after the slash.
    name: &'static str,
}

impl PaceUnit {
    const KM: Self = Self {
        metres: 1000.0,
        name: "km",
    };
    const MI: Self = Self {
        metres: MILE,
        name: "mi",
    };
    const M100: Self = Self {
        metres: 100.0,
        name: "100m",
    };
    const YD100: Self = Self {
        metres: 100.0 * YARD,
        name: "100yd",
    };
    const M250: Self = Self {
        metres: 250.0,
        name: "250m",
    };
    const M400: Self = Self {
        metres: 400.0,
        name: "400m",
    };
    const M500: Self = Self {
        metres: 500.0,
        name: "500m",
    };

    /// The unit that the athlete set for a sport (upstream's `pace_units`), if it is one.
    pub(crate) fn set_as(word: &str) -> Option<Self> {
        Some(match word {
            "MINS_KM" => Self::KM,
            "MINS_MILE" => Self::MI,
            "SECS_100M" => Self::M100,
            "SECS_100Y" => Self::YD100,
            "SECS_250M" => Self::M250,
            "SECS_400M" => Self::M400,
            "SECS_500M" => Self::M500,
            _ => return None,
        })
    }

    /// The unit that people write after the slash: `km`, `mile`, `100m`, `100y`.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "km" | "k" => Self::KM,
            "mi" | "mile" | "miles" => Self::MI,
            "100m" => Self::M100,
            "100y" | "100yd" | "100yds" => Self::YD100,
            "250m" => Self::M250,
            "400m" => Self::M400,
            "500m" => Self::M500,
            _ => return None,
        })
    }

    /// Whether both are for a length of a pool, for one of rowing, or for a kilometre or mile: one may be read for the other
    /// only then.
    pub(crate) fn is_like(self, other: Self) -> bool {
        let kind = |unit: Self| (unit.metres < 200.0, unit.metres < 900.0);
        kind(self) == kind(other)
    }

    /// The speed in m/s at which its distance takes this many seconds.
    pub(crate) fn speed(self, secs: f64) -> f64 {
        self.metres / secs
    }

    /// Per kilometre or per mile.
    pub(crate) const fn long(units: Units) -> Self {
        if units.imperial { Self::MI } else { Self::KM }
    }

    /// A sport's usual unit, where the athlete's own choice is not known. None: the sport does not go by pace.
    pub(crate) fn usual(tempo: Tempo, units: Units) -> Option<Self> {
        Some(match (tempo, units.imperial) {
            (Tempo::Foot, _) => Self::long(units),
            (Tempo::Swim, false) => Self::M100,
            (Tempo::Swim, true) => Self::YD100,
            (Tempo::Row, _) => Self::M500,
            (Tempo::Other, _) => return None,
        })
    }

    /// `4:35` from a speed in m/s; empty when standing still.
    pub(crate) fn time(self, speed: Option<f64>) -> String {
        let secs = sane(speed)
            .filter(|speed| *speed > 0.0)
            .map(|speed| self.metres / speed);
        seconds(secs).map_or_else(String::new, |secs| format!("{}:{:02}", secs / 60, secs % 60))
    }

    /// The same with so many decimals of a second: `4:35.4/km`.
    pub(crate) fn pace_finely(self, speed: Option<f64>, decimals: u8) -> String {
        let scale = 10_f64.powi(i32::from(decimals));
        let secs = sane(speed)
            .filter(|speed| *speed > 0.0)
            .map(|speed| self.metres / speed);
        let secs = sane(secs).map(|secs| (secs * scale).round() / scale);
        secs.map_or_else(String::new, |secs| {
            let width = 3 + usize::from(decimals);
            format!(
                "{}:{:0width$.*}/{}",
                (secs / 60.0).floor(),
                usize::from(decimals),
                secs % 60.0,
                self.name
            )
        })
    }

    /// `4:35/km` from a speed in m/s.
    pub(crate) fn pace(self, speed: Option<f64>) -> String {
        let time = self.time(speed);
        if time.is_empty() {
            time
        } else {
            format!("{time}/{}", self.name)
        }
    }

    /// As written after the slash: `km`, `mi`, `100m`.
    pub(crate) const fn name(self) -> &'static str {
        self.name
    }
}

/// `km` or `mi`
pub(crate) const fn distance_unit(units: Units) -> &'static str {
    if units.imperial { "mi" } else { "km" }
}

/// Metres in the athlete's long unit, with this many decimals.
pub(crate) fn distance(metres: Option<f64>, units: Units, decimals: u8) -> String {
    let per = if units.imperial { MILE } else { 1000.0 };
    fixed(metres.map(|metres| metres / per), decimals)
}

/// The same with the unit: `38.2 km`.
pub(crate) fn distance_in_words(metres: Option<f64>, units: Units, decimals: u8) -> String {
    with_unit(distance(metres, units, decimals), distance_unit(units))
}

/// `m` or `ft`
pub(crate) const fn height_unit(units: Units) -> &'static str {
    if units.imperial { "ft" } else { "m" }
}

/// Metres of height in the athlete's short unit.
pub(crate) fn height(metres: Option<f64>, units: Units) -> String {
    whole(metres.map(|metres| if units.imperial { metres / FOOT } else { metres }))
}

/// The same with the unit: `312 m`.
pub(crate) fn height_in_words(metres: Option<f64>, units: Units) -> String {
    with_unit(height(metres, units), height_unit(units))
}

/// `kg` or `lb`
pub(crate) const fn weight_unit(units: Units) -> &'static str {
    if units.weight_in_lb { "lb" } else { "kg" }
}

/// Kilograms in the athlete's unit.
pub(crate) fn weight(kg: Option<f64>, units: Units) -> String {
    fixed(kg.map(|kg| if units.weight_in_lb { kg / POUND } else { kg }), 1)
}

/// The same with the unit: `61.2 kg`.
pub(crate) fn weight_in_words(kg: Option<f64>, units: Units) -> String {
    weight_in_words_finely(kg, units, 0)
}

/// The same with so many decimals more: `61.24 kg`.
pub(crate) fn weight_in_words_finely(kg: Option<f64>, units: Units, more: u8) -> String {
    let weight = kg.map(|kg| if units.weight_in_lb { kg / POUND } else { kg });
    with_unit(fixed(weight, 1 + more), weight_unit(units))
}

/// `km/h` or `mph`
pub(crate) const fn speed_unit(units: Units) -> &'static str {
    if units.imperial { "mph" } else { "km/h" }
}

/// m/s in the athlete's unit.
pub(crate) fn speed(metres_a_second: Option<f64>, units: Units) -> String {
    let per = if units.imperial { MILE } else { 1000.0 };
    fixed(metres_a_second.map(|speed| speed * 3600.0 / per), 1)
}

/// The same with the unit: `30.1 km/h`.
pub(crate) fn speed_in_words(metres_a_second: Option<f64>, units: Units) -> String {
    with_unit(speed(metres_a_second, units), speed_unit(units))
}

/// `°C` or `°F`
pub(crate) const fn temperature_unit(units: Units) -> &'static str {
    if units.fahrenheit { "°F" } else { "°C" }
}

/// Degrees Celsius in the athlete's unit, with at most one decimal.
pub(crate) fn temperature(celsius: Option<f64>, units: Units) -> String {
    let degrees = celsius.map(|celsius| {
        if units.fahrenheit {
            celsius * 1.8 + 32.0
        } else {
            celsius
        }
    });
    at_most(degrees, 1)
}

/// The same with the unit: `7.3 °C`.
pub(crate) fn temperature_in_words(celsius: Option<f64>, units: Units) -> String {
    with_unit(temperature(celsius, units), temperature_unit(units))
}

/// Metres in whole yards.
pub(crate) fn yards(metres: Option<f64>) -> String {
    whole(metres.map(|metres| metres / YARD))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const METRIC: Units = Units {
        imperial: false,
        weight_in_lb: false,
        fahrenheit: false,
    };
    const IMPERIAL: Units = Units {
        imperial: true,
        weight_in_lb: true,
        fahrenheit: true,
    };

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn dates_and_ranges() {
        assert_eq!(date(day("2026-11-20")), "2026-11-20 Fri");
        assert_eq!(
            range(day("2026-10-25"), day("2026-11-21")),
            "25 Oct – 21 Nov 2026"
        );
        assert_eq!(range(day("2026-11-15"), day("2026-11-21")), "15 – 21 Nov 2026");
        assert_eq!(
            range(day("2025-12-20"), day("2026-01-05")),
            "20 Dec 2025 – 5 Jan 2026"
        );
        assert_eq!(range(day("2026-11-21"), day("2026-11-21")), "21 Nov 2026");
    }

    #[test]
    fn numbers_round_as_people_round() {
        assert_eq!(whole(2.5), "3");
        assert_eq!(whole(-0.4), "0");
        assert_eq!(whole(0.0), "0");
        assert_eq!(fixed(0.864_9, 2), "0.86");
        assert_eq!(fixed(-0.04, 1), "0.0");
        assert_eq!(signed(3.36, 1), "+3.4");
        assert_eq!(signed(0.04, 1), "0.0");
        assert_eq!(signed(-4.8, 1), "-4.8");
        assert_eq!(change(1.194, 1.196, 2), "+0.01");
        assert_eq!(change(1.196, 1.204, 2), "0.00");
        assert_eq!(
            (change(None, 1.0, 2), change(-0.04, -0.06, 1)),
            (String::new(), "-0.1".to_owned())
        );
        assert_eq!(at_most(7.0, 1), "7");
        assert_eq!(at_most(7.5, 1), "7.5");
        assert_eq!(at_most(100.0, 1), "100");
        assert_eq!(whole(None), "");
        assert_eq!(whole(f64::NAN), "");
        assert_eq!(whole(1e300), "");
    }

    #[test]
    fn durations() {
        assert_eq!(hours_minutes(4500.0), "1:15");
        assert_eq!(hours_minutes(4529.0), "1:15");
        assert_eq!(hours_minutes(4530.0), "1:16");
        assert_eq!(hours_minutes(40.0), "0:01");
        assert_eq!(hours_minutes(29.0), "<0:01");
        assert_eq!(hours_minutes(59.7), "0:01");
        assert_eq!(hours_minutes(0.0), "0:00");
        assert_eq!(hours_minutes(66_600.0), "18:30");
        assert_eq!(hours_minutes(-5.0), "");
        assert_eq!(hours_minutes(None), "");
        assert_eq!(hours_minutes_seconds(4530.0), "1:15:30");
        assert_eq!(hours_minutes_seconds(86_400.0), "24:00:00");
    }

    #[test]
    fn paces_by_sport_and_preference() {
        let pace = |tempo, units, speed| PaceUnit::usual(tempo, units).map(|unit| unit.pace(Some(speed)));
        assert_eq!(pace(Tempo::Foot, METRIC, 1000.0 / 275.0).unwrap(), "4:35/km");
        assert_eq!(pace(Tempo::Foot, IMPERIAL, MILE / 442.0).unwrap(), "7:22/mi");
        assert_eq!(pace(Tempo::Swim, METRIC, 100.0 / 98.0).unwrap(), "1:38/100m");
        assert_eq!(pace(Tempo::Swim, IMPERIAL, 91.44 / 98.0).unwrap(), "1:38/100yd");
        assert_eq!(pace(Tempo::Row, IMPERIAL, 4.0).unwrap(), "2:05/500m");
        assert_eq!(pace(Tempo::Other, METRIC, 8.0), None);
        assert_eq!(
            PaceUnit::set_as("SECS_100Y").unwrap().pace(Some(0.9144)),
            "1:40/100yd"
        );
        assert!(PaceUnit::set_as("NONE").is_none());
        assert_eq!(PaceUnit::KM.pace(Some(0.0)), "");
        assert_eq!(PaceUnit::KM.pace(Some(1e-12)), "");
    }

    #[test]
    fn the_athletes_units() {
        assert_eq!(distance(Some(38_200.0), METRIC, 1), "38.2");
        assert_eq!(distance(Some(38_200.0), IMPERIAL, 1), "23.7");
        assert_eq!(weight(Some(61.2), METRIC), "61.2");
        assert_eq!(weight(Some(61.2), IMPERIAL), "134.9");
        assert_eq!(height(Some(1000.0), IMPERIAL), "3281");
        assert_eq!(speed(Some(10.0), METRIC), "36.0");
        assert_eq!(speed(Some(10.0), IMPERIAL), "22.4");
        assert_eq!(temperature(Some(-40.0), IMPERIAL), "-40");
        assert_eq!(temperature(Some(36.66), METRIC), "36.7");
        assert_eq!(temperature(Some(36.66), IMPERIAL), "98");
        assert_eq!(yards(Some(22.86)), "25");
    }

    proptest! {
        #[test]
        fn no_figure_panics_or_grows(value in any::<f64>(), decimals in 0_u8..4) {
            for text in [
                fixed(value, decimals), signed(value, decimals), at_most(value, decimals),
                hours_minutes(value), hours_minutes_seconds(value),
                PaceUnit::KM.pace(Some(value)), distance(Some(value), IMPERIAL, 1), weight(Some(value), IMPERIAL),
            ] {
                prop_assert!(text.len() <= 18, "{text}");
                prop_assert!(!text.contains("NaN") && !text.contains("inf"));
                prop_assert!(!text.starts_with('-') || text.parse() != Ok(0.0), "{text}");
            }
        }

        #[test]
        fn a_duration_is_right_to_half_a_minute(secs in 60_u32..1_000_000) {
            let text = hours_minutes(f64::from(secs));
            let (hours, minutes) = text.split_once(':').unwrap();
            let back = hours.parse::<i64>().unwrap() * 3600 + minutes.parse::<i64>().unwrap() * 60;
            prop_assert!((back - i64::from(secs)).abs() <= 30);
        }
    }
}
