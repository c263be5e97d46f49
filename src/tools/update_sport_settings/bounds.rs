//! Thresholds and bounds of zones as people write them: paces, watts, percentages. Pure, and nothing of the athlete's.

use serde_json::{Value, json};

use crate::{
    tool_error::ToolError,
    tools::{
        answer::units::PaceUnit,
        arguments::{number_and_unit, wrong},
    },
};

/// An open end, as upstream has it.
pub(super) const OPEN: f64 = 999.0;
/// Watts, as they are written.
pub(super) const WATTS: &[&str] = &["W", "watt", "watts"];
/// Zones of one kind.
pub(super) const MOST_ZONES: usize = 10;

/// A pace as it was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace {
    pub(super) secs: f64,
    /// None: the athlete's own.
    pub(super) unit: Option<PaceUnit>,
}

impl Pace {
    /// `4:40`, `4:40/km`, `7:30 min/mi`, `1:35 per 100m`
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.to_lowercase().replace("min/", "/").replace("per", "/");
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (clock, unit) = match text.split_once('/') {
            Some((clock, unit)) => (clock, Some(PaceUnit::named(unit)?)),
            None => (text.as_str(), None),
        };
        let (minutes, seconds) = clock.split_once(':')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(minutes) || !digits(seconds) || seconds.len() != 2 || !(1..=2).contains(&minutes.len()) {
            return None;
        }
        let (minutes, seconds): (u32, u32) = (minutes.parse().ok()?, seconds.parse().ok()?);
        let secs = f64::from(minutes * 60 + seconds);
        (seconds < 60 && secs > 0.0).then_some(Self { secs, unit })
    }

    /// The same for every way to write it.
    pub(super) fn understood(self) -> Value {
        json!([self.secs, self.unit.map(PaceUnit::name)])
    }

    /// m/s
    pub(super) fn speed(self, own: PaceUnit) -> f64 {
        self.unit.unwrap_or(own).speed(self.secs)
    }

    /// `7:30`
    pub(super) fn clock(self) -> String {
        let own = self.unit.or_else(|| PaceUnit::named("km"));
        own.map_or_else(String::new, |unit| unit.time(Some(unit.speed(self.secs))))
    }
}

/// Upper bounds as they were given, without an open end.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bounds {
    /// Of FTP, or of threshold speed.
    Percent(Vec<f64>),
    Watts(Vec<f64>),
    /// Slow to fast.
    Paces(Vec<Pace>),
}

impl Bounds {
    /// The same for every way to write them.
    pub(super) fn understood(&self) -> Value {
        match self {
            Self::Percent(all) => json!(["%", all]),
            Self::Watts(all) => json!(["W", all]),
            Self::Paces(all) => all.iter().map(|pace| pace.understood()).collect(),
        }
    }
}

/// Joules.
pub(super) fn joules(text: &str) -> Result<f64, ToolError> {
    let joules = match number_and_unit(text) {
        Some((number, unit)) if unit == "kj" => Some(number * 1000.0),
        Some((number, unit)) if ["", "j"].contains(&unit.as_str()) => Some(number),
        _ => None,
    };
    joules
        .filter(|joules| (1000.0..=60_000.0).contains(joules))
        .ok_or_else(|| {
            wrong(
                "w_prime",
                "must be from 1000 to 60000 J, or in kJ with its unit: \"20 kJ\"",
            )
        })
}

/// Bounds of power zones: % of FTP, or all in watts.
pub(super) fn power(figures: &[String]) -> Result<Bounds, ToolError> {
    let name = "power_zones";
    let unreadable = || wrong(name, POWER);
    let all: Option<Vec<(f64, String)>> = figures.iter().map(|text| number_and_unit(text)).collect();
    let all = all.ok_or_else(unreadable)?;
    let means_watts = |unit: &str| WATTS.iter().any(|watts| watts.eq_ignore_ascii_case(unit));
    if all
        .iter()
        .any(|(_, unit)| !unit.is_empty() && unit != "%" && !means_watts(unit))
    {
        return Err(unreadable());
    }
    let in_watts = all.iter().any(|(_, unit)| means_watts(unit));
    if in_watts && all.iter().any(|(_, unit)| unit == "%") {
        return Err(wrong(name, "must be all in % or all in W"));
    }
    let bounds = closed(all.into_iter().map(|(number, _)| number).collect());
    rising(name, &bounds)?;
    if in_watts {
        within(name, &bounds, (20.0, 2500.0), "W")?;
        return Ok(Bounds::Watts(bounds));
    }
    if bounds.first().is_some_and(|first| *first > 100.0) {
        return Err(wrong(
            name,
            "must begin below 100 % of FTP; bounds in watts have their unit: \"140 W\"",
        ));
    }
    within(name, &bounds, (1.0, 400.0), "% of FTP")?;
    Ok(Bounds::Percent(bounds))
}

/// What power zones must be.
pub(super) const POWER: &str =
    "must be 1 to 10 upper bounds, in % of FTP such as 55, or in watts such as \"140 W\"";

/// Bounds of pace zones: % of threshold speed, or paces from slow to fast.
pub(super) fn speeds(figures: &[String]) -> Result<Bounds, ToolError> {
    let name = "pace_zones";
    let unreadable = || wrong(name, SPEEDS);
    if figures.iter().any(|text| text.contains(':')) {
        let is_open = |text: &String| number_and_unit(text).is_some_and(|(number, _)| number >= OPEN);
        let open = figures.last().is_some_and(is_open);
        let closed = &figures[..figures.len() - usize::from(open)];
        let paces: Option<Vec<Pace>> = closed.iter().map(|text| Pace::read(text)).collect();
        let mut paces = paces.ok_or_else(unreadable)?;
        // A unit that is given once is that of all.
        let unit = paces.iter().find_map(|pace| pace.unit);
        for pace in &mut paces {
            pace.unit = pace.unit.or(unit);
        }
        // Without any unit, all have the same one.
        let speed = |pace: &Pace| pace.unit.map_or(1.0 / pace.secs, |unit| unit.speed(pace.secs));
        if paces.windows(2).any(|pair| speed(&pair[1]) <= speed(&pair[0])) {
            return Err(wrong(name, "must rise from zone to zone: slow paces first"));
        }
        return Ok(Bounds::Paces(paces));
    }
    let all: Option<Vec<(f64, String)>> = figures.iter().map(|text| number_and_unit(text)).collect();
    let all = all.filter(|all| all.iter().all(|(_, unit)| unit.is_empty() || unit == "%"));
    let bounds = closed(
        all.ok_or_else(unreadable)?
            .into_iter()
            .map(|(number, _)| number)
            .collect(),
    );
    rising(name, &bounds)?;
    if bounds.first().is_some_and(|first| *first > 100.0) {
        return Err(wrong(name, "must begin below 100 % of threshold speed"));
    }
    within(name, &bounds, (10.0, 250.0), "% of threshold speed")?;
    Ok(Bounds::Percent(bounds))
}

/// What pace zones must be.
pub(super) const SPEEDS: &str = "must be 1 to 10 upper bounds from slow to fast, in % of threshold speed such as 77.5, or paces such as \"5:40/km\"";

/// Without the open end, which is added again.
fn closed(mut bounds: Vec<f64>) -> Vec<f64> {
    if bounds.last() == Some(&OPEN) {
        bounds.pop();
    }
    bounds
}

/// Refuses bounds of which one is not above the one before.
pub(super) fn rising(name: &str, bounds: &[f64]) -> Result<(), ToolError> {
    match bounds.windows(2).find(|pair| pair[1] <= pair[0]) {
        Some(pair) => Err(wrong(
            name,
            &format!("must rise from zone to zone: {} comes after {}", pair[1], pair[0]),
        )),
        None => Ok(()),
    }
}

fn within(name: &str, bounds: &[f64], (from, to): (f64, f64), unit: &str) -> Result<(), ToolError> {
    let fits = !bounds.is_empty() && bounds.iter().all(|bound| (from..=to).contains(bound));
    if fits {
        Ok(())
    } else {
        Err(wrong(name, &format!("must be from {from} to {to} {unit}")))
    }
}

/// The whole percentages of FTP whose zones end nearest to these watts: upstream keeps no others, and rounds watts down.
pub(super) fn percents_of(watts: &[f64], ftp: f64) -> Vec<f64> {
    let nearest = |watts: &f64| {
        let below = (watts * 100.0 / ftp).floor();
        let off = |percent: f64| ((percent * ftp / 100.0).floor() - watts).abs();
        if off(below + 1.0) < off(below) {
            below + 1.0
        } else {
            below
        }
    };
    watts.iter().map(nearest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_pace_is_minutes_and_seconds_with_or_without_a_unit() {
        let km = PaceUnit::named("km").unwrap();
        for (text, secs, unit) in [
            ("4:40", 280.0, None),
            ("4:40/km", 280.0, Some("km")),
            (" 7:30 min/mi", 450.0, Some("mi")),
            ("7:30 / Mile", 450.0, Some("mi")),
            ("1:35 per 100m", 95.0, Some("100m")),
            ("1:27/100y", 87.0, Some("100y")),
            ("0:58/100yd", 58.0, Some("100y")),
            ("1:45/500m", 105.0, Some("500m")),
        ] {
            let unit = unit.and_then(PaceUnit::named);
            assert_eq!(Pace::read(text), Some(Pace { secs, unit }), "{text}");
        }
        for text in [
            "440", "4.40", "4:4", "4:60", "0:00", "4:40/h", "4:40/", "-4:40", "4:40:00", "", ":40", "123:00",
        ] {
            assert_eq!(Pace::read(text), None, "{text}");
        }
        let pace = Pace::read("4:10").unwrap();
        assert_eq!((pace.speed(km), pace.clock()), (4.0, "4:10".to_owned()));
    }

    #[test]
    fn work_is_in_joules_or_kilojoules() {
        let read = |text: &str| joules(text).map_err(|error| error.to_string());
        assert_eq!(read("20 kJ"), Ok(20_000.0));
        assert_eq!(read("17400"), Ok(17_400.0));
        assert_eq!(read("1000 J"), Ok(1000.0));
        assert_eq!(read("60 kj"), Ok(60_000.0));
        assert_eq!(read("17,4 kJ"), Ok(17_400.0));
        for text in [
            "20", "999", "60001", "0.9 kJ", "60.1 kJ", "20 kcal", "x", "-20000",
        ] {
            assert!(
                read(text).unwrap_err().contains("w_prime must be from 1000"),
                "{text}"
            );
        }
    }

    #[test]
    fn power_bounds_are_percentages_or_watts_and_rise() {
        let read = |all: &[&str]| power(&texts(all)).map_err(|error| error.to_string());
        assert_eq!(
            read(&["55", "75.0", "90 %", "999"]),
            Ok(Bounds::Percent(vec![55.0, 75.0, 90.0]))
        );
        assert_eq!(
            read(&["140 W", "190", "230w"]),
            Ok(Bounds::Watts(vec![140.0, 190.0, 230.0]))
        );
        for (all, says) in [
            (
                &["55", "55"][..],
                "must rise from zone to zone: 55 comes after 55",
            ),
            (&["90", "75"], "75 comes after 90"),
            (&["140", "190"], "bounds in watts have their unit"),
            (&["140 W", "90 %"], "all in % or all in W"),
            (&["55", "401"], "from 1 to 400 % of FTP"),
            (&["10 W", "200 W"], "from 20 to 2500 W"),
            (&["999"], "from 1 to 400"),
            (&["5 min"], "must be 1 to 10 upper bounds"),
            (&["x"], "must be 1 to 10 upper bounds"),
        ] {
            let text = read(all).unwrap_err();
            assert!(text.contains(says), "{all:?}: {text}");
        }
    }

    #[test]
    fn pace_bounds_are_percentages_or_paces() {
        let read = |all: &[&str]| speeds(&texts(all)).map_err(|error| error.to_string());
        assert_eq!(
            read(&["77.5", "100", "999.0"]),
            Ok(Bounds::Percent(vec![77.5, 100.0]))
        );
        let km = PaceUnit::named("km");
        let pace = |secs| Pace { secs, unit: km };
        assert_eq!(
            read(&["6:00", "5:00/km", "999"]),
            Ok(Bounds::Paces(vec![pace(360.0), pace(300.0)]))
        );
        for (all, says) in [
            (&["77.5", "70"][..], "must rise"),
            (&["120", "130"], "begin below 100 % of threshold speed"),
            (&["77.5", "251"], "from 10 to 250"),
            (&["6:00", "5"], "must be 1 to 10 upper bounds"),
            (&["5:00", "6:00"], "slow paces first"),
            (&["5:00/km", "8:10/mi"], "slow paces first"),
            (&["5:00", "5:00"], "slow paces first"),
            (&["77.5 W"], "must be 1 to 10 upper bounds"),
        ] {
            let text = read(all).unwrap_err();
            assert!(text.contains(says), "{all:?}: {text}");
        }
    }

    #[test]
    fn watts_become_the_percentage_that_ends_nearest() {
        assert_eq!(percents_of(&[135.0, 200.0, 255.0], 255.0), [53.0, 79.0, 100.0]);
        assert_eq!(percents_of(&[79.0], 100.0), [79.0]);
    }
}
