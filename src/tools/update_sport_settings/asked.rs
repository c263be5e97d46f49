//! The arguments of update_sport_settings, read before anything is asked for.

use serde_json::{Map, Value, json};

use super::bounds::{Bounds, MOST_ZONES, POWER, Pace, SPEEDS, WATTS, joules, power, rising, speeds};
use crate::{
    guard::Ask,
    text::clean,
    tool_error::ToolError,
    tools::{
        arguments::{Arguments, Sport, wrong},
        params::{Numbers, Param},
    },
};

/// W
const FTP: (f64, f64) = (40.0, 600.0);
/// W
const PMAX: (f64, f64) = (100.0, 3000.0);
/// bpm
const LTHR: (f64, f64) = (60.0, 230.0);
/// bpm
pub(super) const MAX_HR: (f64, f64) = (80.0, 240.0);
/// Characters of a zone's name.
const ZONE_NAME: usize = 40;

pub(super) const PARAMS: &[Param] = &[
    Param::sport("All sports of its group change").required(),
    Param::number("ftp", FTP, "W"),
    Param::number("indoor_ftp", FTP, "W"),
    Param::figure("w_prime", 20, "J, or \"20 kJ\""),
    Param::number("pmax", PMAX, "W"),
    Param::number("lthr", LTHR, "bpm"),
    Param::number("max_hr", MAX_HR, "bpm"),
    Param::figure("threshold_pace", 20, "4:40, or with a unit: 7:30/mi, 1:27/100y"),
    Param::texts(
        "power_zones",
        MOST_ZONES,
        POWER,
        "Upper bounds: % of FTP or \"140 W\"",
    ),
    Param::numbers(
        "hr_zones",
        Numbers {
            most: MOST_ZONES,
            from: 40.0,
            to: 240.0,
            wanted: "must be 1 to 10 upper bounds from 40 to 240 bpm",
            whole: true,
        },
        "Upper bounds, max HR last",
    ),
    Param::texts(
        "pace_zones",
        MOST_ZONES,
        SPEEDS,
        "Upper bounds: % of threshold speed or paces",
    ),
    Param::texts(
        "zone_names",
        MOST_ZONES,
        "must be a list of at most 10 names, one for each zone",
        "For all zones given",
    ),
    Param::text("confirm", 40, "Token of the first call"),
    Param::flag("preview", ""),
];

/// Numbers under our name and upstream's, with the units that may be written beside them.
const NUMBERS: [(&str, &str, &[&str]); 5] = [
    ("ftp", "ftp", WATTS),
    ("indoor_ftp", "indoor_ftp", WATTS),
    ("pmax", "p_max", WATTS),
    ("lthr", "lthr", BPM),
    ("max_hr", "max_hr", BPM),
];
const BPM: &[&str] = &["bpm", "/min", "1/min"];

/// The call's arguments.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) sport: Sport,
    /// Under upstream's names, in upstream's units.
    pub(super) numbers: Vec<(&'static str, f64)>,
    pub(super) pace: Option<Pace>,
    pub(super) power: Option<Bounds>,
    /// bpm; empty when left out.
    pub(super) hr: Vec<f64>,
    pub(super) speeds: Option<Bounds>,
    /// Of the zones of each kind that is given.
    pub(super) names: Vec<String>,
    confirm: Option<String>,
    preview: bool,
}

impl Asked {
    pub(super) fn read(given: Map<String, Value>, ask: &Ask) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, ask.today())?;
        let mut numbers = Vec::new();
        for (name, upstreams, units) in NUMBERS {
            let number = arguments.number_in(name, units)?;
            numbers.extend(number.map(|number| (upstreams, number.round())));
        }
        if let Some(text) = arguments.figure("w_prime")? {
            numbers.push(("w_prime", joules(&text)?.round()));
        }
        let pace = match arguments.figure("threshold_pace")? {
            Some(text) => Some(Pace::read(&text).ok_or_else(|| wrong("threshold_pace", PACE))?),
            None => None,
        };
        let hr: Vec<f64> = arguments
            .numbers_in("hr_zones", BPM)?
            .into_iter()
            .map(f64::round)
            .collect();
        rising("hr_zones", &hr)?;
        let zones = |figures: Vec<String>, read: fn(&[String]) -> Result<Bounds, ToolError>| {
            (!figures.is_empty()).then(|| read(&figures)).transpose()
        };
        let asked = Self {
            power: zones(arguments.figures("power_zones")?, power)?,
            speeds: zones(arguments.figures("pace_zones")?, speeds)?,
            names: names(&arguments)?,
            confirm: arguments.text("confirm")?,
            preview: arguments.flag("preview")?,
            sport: arguments
                .sport_in_words()?
                .ok_or_else(|| wrong("sport", "must be given, such as ride"))?,
            numbers,
            pace,
            hr,
        };
        let has_zones = asked.power.is_some() || asked.speeds.is_some() || !asked.hr.is_empty();
        if !asked.names.is_empty() && !has_zones {
            return Err(wrong(
                "zone_names",
                "must come with power_zones, hr_zones or pace_zones",
            ));
        }
        if asked.numbers.is_empty() && asked.pace.is_none() && !has_zones {
            return Err(ToolError::Input(
                "Not done: nothing to change is given. Pass a threshold or zones, such as ftp: 255."
                    .to_owned(),
            ));
        }
        asked.plausible()?;
        Ok(asked)
    }

    /// Refuses what cannot be, whatever the athlete has.
    fn plausible(&self) -> Result<(), ToolError> {
        let given = |name: &str| self.numbers.iter().find(|(own, _)| *own == name);
        match (given("lthr"), given("max_hr")) {
            (Some((_, lthr)), Some((_, max))) if lthr >= max => Err(wrong("lthr", "must be below max_hr")),
            _ => Ok(()),
        }
    }

    /// The token, if this call is to write.
    pub(super) fn confirmed(&self) -> Option<&str> {
        self.confirm.as_deref().filter(|_| !self.preview)
    }

    /// What a token confirms, besides what stood there: all that was understood, in whatever words it was asked for.
    pub(super) fn what(&self, ask: &Ask) -> Vec<u8> {
        let bounds = |bounds: &Option<Bounds>| bounds.as_ref().map(Bounds::understood);
        json!([
            "settings",
            ask.card.id.as_str(),
            self.sport.1,
            self.numbers,
            self.pace.map(Pace::understood),
            bounds(&self.power),
            self.hr,
            bounds(&self.speeds),
            self.names,
        ])
        .to_string()
        .into_bytes()
    }
}

/// What a threshold pace must be.
const PACE: &str = "must be a pace in minutes and seconds, such as 4:40 or 7:30/mi";

fn names(arguments: &Arguments) -> Result<Vec<String>, ToolError> {
    let names = arguments.texts("zone_names")?;
    if names.iter().any(|name| name.chars().count() > ZONE_NAME) {
        let wanted = format!("must be names of at most {ZONE_NAME} characters");
        return Err(wrong("zone_names", &wanted));
    }
    Ok(names.into_iter().map(|name| clean(name, ZONE_NAME)).collect())
}
