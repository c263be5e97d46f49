//! What a call would make of the settings of a group of sports as they stand: the fields, with what is set along and what was
//! converted. Pure.

use serde_json::{Value, json};

use super::{
    asked::{Asked, MAX_HR},
    bounds::{Bounds, MOST_ZONES, OPEN, Pace, percents_of, rising},
};
use crate::{
    guard::{AthleteCard, Units},
    intervals::model::{Record, Values, positive},
    permissions,
    tool_error::ToolError,
    tools::{
        answer::{
            self,
            units::{self, PaceUnit},
            words::listed,
        },
        arguments::wrong,
        records::{
            self,
            sport::{pace_of, types},
        },
        writing::record::Edit,
    },
    training::sports::{Tempo, stands_for},
};

/// So many times what stands there, or the other way round, is worth a second look.
const FAR: f64 = 1.25;
/// Sports of a group that are named.
const NAMED: usize = 15;

/// What is to become of the settings.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) edit: Edit,
    /// What was converted, rounded or set along.
    pub(super) notes: Vec<String>,
    /// What may be a mistake.
    pub(super) warnings: Vec<String>,
}

/// Whether whoever asks may read this field of the settings: a coach to whom the profile is not granted reads those that the
/// call writes.
pub(super) fn sees(card: &AthleteCard, changes: &Values, name: &str) -> bool {
    card.shows(&permissions::GET_ATHLETE_PROFILE) || changes.names().any(|own| own == name)
}

impl Plan {
    pub(super) fn of(asked: &Asked, all: &[Record], card: &AthleteCard) -> Result<Self, ToolError> {
        let (record, is_fallback) = group(asked, all)?;
        let context = record
            .values
            .only(|name| ["types", "other", "pace_units"].contains(&name));
        let name = name(&record.values);
        let mut draft = Draft {
            asked,
            stands: &record.values,
            card,
            unit: pace_of(&context, card.units),
            asked_in: asked_in(asked, &context, is_fallback, card.units),
            changes: Values::default(),
            notes: Vec::new(),
        };
        if is_fallback {
            draft.notes.push(
                "This sport has no group of its own at intervals.icu, so the settings for all other sports change: those of every \
                 sport without a group."
                    .to_owned(),
            );
        }
        for (field, number) in &asked.numbers {
            draft.changes.set(*field, *number);
        }
        draft.pace()?;
        draft.power()?;
        draft.heart()?;
        draft.below_max()?;
        draft.speeds()?;
        let Draft { changes, notes, .. } = draft;
        let mut plan = Self {
            edit: Edit {
                of: record.id.clone(),
                name,
                context,
                stands: record.values.clone(),
                changes,
            },
            notes,
            warnings: Vec::new(),
        };
        plan.warn(card);
        Ok(plan)
    }

    /// Names what is far from what stands there, and a threshold that is not below the maximum.
    fn warn(&mut self, card: &AthleteCard) {
        // A threshold pace far from the one there was refused, or has its unit and is meant.
        const NUMBERS: [&str; 6] = ["ftp", "indoor_ftp", "w_prime", "p_max", "lthr", "max_hr"];
        let Edit {
            of,
            context,
            stands,
            changes,
            ..
        } = &self.edit;
        for name in NUMBERS {
            let both = positive(stands.number(name)).zip(changes.number(name));
            if both.is_some_and(|(before, after)| is_far(before, after)) {
                let shown = |values: &Values| records::shown(of, name, values.get(name), context, card.units);
                self.warnings.push(format!(
                    "{} {} is far from {}: check that it is meant.",
                    records::label(of, name),
                    shown(changes),
                    shown(stands)
                ));
            }
        }
        let after = stands.with(changes);
        let seen = |name: &str| positive(after.number(name)).filter(|_| sees(card, changes, name));
        let touched = changes.names().any(|name| ["lthr", "max_hr"].contains(&name));
        if let (true, Some((lthr, max))) = (touched, seen("lthr").zip(seen("max_hr")))
            && lthr >= max
        {
            let stays = if changes.names().any(|name| name == "lthr") {
                "max HR"
            } else {
                "LTHR"
            };
            self.warnings.push(format!(
                "LTHR {lthr} bpm is not below max HR {max} bpm, which no heart does. The {stays} stands there already: change it as \
                 well, or check what was asked for."
            ));
        }
    }
}

fn is_far(before: f64, after: f64) -> bool {
    after > before * FAR || after < before / FAR
}

/// The group that has the sport, or the one for all others, and whether it is that.
fn group<'a>(asked: &Asked, all: &'a [Record]) -> Result<(&'a Record, bool), ToolError> {
    let sports = asked.sport.1;
    let of = |sport: &str| {
        all.iter()
            .find(|record| types(&record.values).any(|own| own == sport))
    };
    // "Ride" is a sport and a family.
    let first = sports
        .first()
        .filter(|first| sports.iter().all(|sport| stands_for(sport) == **first));
    if let Some(record) = first.and_then(|first| of(first)) {
        return Ok((record, false));
    }
    let mut found: Vec<&Record> = Vec::new();
    for record in sports.iter().filter_map(|sport| of(sport)) {
        if !found.iter().any(|other| other.id == record.id) {
            found.push(record);
        }
    }
    match found[..] {
        [one] => Ok((one, false)),
        [] => {
            let fallback = all.iter().find(|record| is_other(&record.values));
            fallback.map(|record| (record, true)).ok_or_else(|| {
                ToolError::Input(
                    "Not done: intervals.icu has no settings for this sport, nor any for all other sports. The athlete can add \
                     the sport there in the settings."
                        .to_owned(),
                )
            })
        }
        _ => {
            let names: Vec<String> = found.iter().map(|record| name(&record.values)).collect();
            Err(ToolError::Input(format!(
                "Not done: this word means sports of several groups: {}. Name one sport.",
                names.join("; ")
            )))
        }
    }
}

fn is_other(values: &Values) -> bool {
    values.get("other") == &Value::Bool(true)
}

/// What people call the group: its sports.
fn name(values: &Values) -> String {
    if is_other(values) {
        return "all other sports".to_owned();
    }
    let sports: Vec<String> = types(values).map(answer::sport).collect();
    listed(&sports, NAMED)
}

/// How the speed of the sport that was asked for is expressed.
fn tempo(asked: &Asked) -> Tempo {
    Tempo::of(asked.sport.1.first().copied().unwrap_or_default())
}

/// The unit in which people give paces of the sport that was asked for: that of its own settings, and otherwise its usual one.
fn asked_in(asked: &Asked, context: &Values, is_fallback: bool, own: Units) -> PaceUnit {
    let of_settings = pace_of(context, own);
    let tempo = tempo(asked);
    let is_own = !is_fallback && types(context).next().map(Tempo::of) == Some(tempo);
    PaceUnit::usual(tempo, own)
        .filter(|usual| !is_own && !usual.is_like(of_settings))
        .unwrap_or(of_settings)
}

/// The numbers of a list.
pub(super) fn numbers(value: &Value) -> Vec<f64> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(Value::as_f64).collect()
}

/// The changes as they come together.
struct Draft<'a> {
    asked: &'a Asked,
    stands: &'a Values,
    card: &'a AthleteCard,
    /// In which the settings show paces.
    unit: PaceUnit,
    /// In which people give paces of the sport that was asked for; the same, unless it is another sport's.
    asked_in: PaceUnit,
    changes: Values,
    notes: Vec<String>,
}

impl Draft<'_> {
    /// Of the sport that was asked for: the settings may be those of others too.
    fn tempo(&self) -> Tempo {
        tempo(self.asked)
    }

    /// Refuses a pace whose unit nobody can know: the settings show another than the sport has.
    fn has_unit(&self, argument: &str, pace: Pace) -> Result<(), ToolError> {
        if pace.unit.is_some() || self.asked_in == self.unit {
            return Ok(());
        }
        Err(wrong(
            argument,
            &format!(
                "must have its unit, such as \"{}/{}\": these settings show paces per {}, and this sport has them per {}",
                pace.clock(),
                self.asked_in.name(),
                self.unit.name(),
                self.asked_in.name()
            ),
        ))
    }

    /// Threshold pace as a speed.
    fn pace(&mut self) -> Result<(), ToolError> {
        let Some(pace) = self.asked.pace else {
            return Ok(());
        };
        self.has_unit("threshold_pace", pace)?;
        let speed = pace.speed(self.unit);
        let (slow, fast) = match self.tempo() {
            Tempo::Foot => (1.2, 7.0),
            Tempo::Swim => (0.4, 2.3),
            Tempo::Row => (1.5, 7.0),
            Tempo::Other => (0.4, 15.0),
        };
        let shown = |speed: f64| self.unit.pace(Some(speed));
        if !(slow..=fast).contains(&speed) {
            let shown = |speed: f64| self.asked_in.pace(Some(speed));
            let other = match pace.unit {
                Some(_) => String::new(),
                None => format!(". Another unit is written with it: {}", self.units_of(pace)),
            };
            return Err(wrong(
                "threshold_pace",
                &format!(
                    "must be from {} to {}, and {} is not{other}",
                    shown(fast),
                    shown(slow),
                    shown(speed)
                ),
            ));
        }
        let before = positive(self.stands.number("threshold_pace"));
        if let (None, Some(before)) = (pace.unit, before.filter(|before| is_far(*before, speed))) {
            return Err(ToolError::Input(format!(
                "Not done: threshold_pace read as {} is far from {}, which is set there. With its unit it is taken all the \
                 same: {}.",
                shown(speed),
                shown(before),
                self.units_of(pace)
            )));
        }
        if let Some(unit) = pace.unit.filter(|unit| *unit != self.unit) {
            self.notes.push(format!(
                "{}/{} is {}, in the unit of these settings.",
                pace.clock(),
                unit.name(),
                shown(speed)
            ));
        }
        self.changes.set("threshold_pace", rounded(speed));
        Ok(())
    }

    /// `"7:30/mi" or "7:30/km"`
    fn units_of(&self, pace: Pace) -> String {
        let units = match self.tempo() {
            Tempo::Swim => ["100m", "100y"],
            Tempo::Row => ["500m", "km"],
            _ => ["km", "mi"],
        };
        let clock = pace.clock();
        units.map(|unit| format!("\"{clock}/{unit}\"")).join(" or ")
    }

    /// A threshold that zones are written by; not one that a coach could read off the answer.
    fn threshold(&self, field: &str, argument: &str) -> Result<f64, ToolError> {
        let after = self.stands.with(&self.changes);
        let seen = positive(after.number(field)).filter(|_| sees(self.card, &self.changes, field));
        seen.ok_or_else(|| {
            ToolError::Input(format!(
                "Not done: zones in this unit are kept in % of the threshold. Pass {argument} as well, or the zones in %."
            ))
        })
    }

    fn power(&mut self) -> Result<(), ToolError> {
        let percents = match &self.asked.power {
            None => return Ok(()),
            Some(Bounds::Watts(watts)) => {
                let ftp = self.threshold("ftp", "ftp")?;
                let percents = percents_of(watts, ftp);
                let ends = percents.iter().map(|percent| (percent * ftp / 100.0).floor());
                let off: Vec<String> = watts
                    .iter()
                    .zip(ends)
                    .filter(|(watts, end)| (*watts - end).abs() > 0.5)
                    .map(|(watts, end)| format!("{watts} W becomes {end} W"))
                    .collect();
                let off = if off.is_empty() {
                    String::new()
                } else {
                    format!(", so {}", off.join(", "))
                };
                self.notes.push(format!(
                    "intervals.icu keeps power zones in whole % of FTP ({ftp} W){off}; they move with FTP."
                ));
                percents
            }
            Some(Bounds::Percent(percents)) => {
                if percents.iter().any(|percent| percent.fract() != 0.0) {
                    self.notes.push(
                        "intervals.icu keeps power zones in whole % of FTP, so they are rounded.".to_owned(),
                    );
                }
                percents.iter().map(|percent| percent.round()).collect()
            }
            Some(Bounds::Paces(_)) => Vec::new(),
        };
        rising("power_zones", &percents)?;
        self.set_open("power", percents)
    }

    fn speeds(&mut self) -> Result<(), ToolError> {
        let percents = match &self.asked.speeds {
            None => return Ok(()),
            Some(Bounds::Paces(paces)) => {
                for pace in paces {
                    self.has_unit("pace_zones", *pace)?;
                }
                let threshold = self.threshold("threshold_pace", "threshold_pace")?;
                let percent = |pace: &Pace| {
                    let percent = pace.speed(self.unit) / threshold * 100.0;
                    (percent * 10.0).round() / 10.0
                };
                let percents: Vec<f64> = paces.iter().map(percent).collect();
                if percents.iter().any(|percent| !(10.0..=250.0).contains(percent)) {
                    return Err(wrong(
                        "pace_zones",
                        "must be from 10 to 250 % of threshold speed; paces in another unit are written with it",
                    ));
                }
                rising("pace_zones", &percents)?;
                self.notes.push(format!(
                    "intervals.icu keeps pace zones in % of threshold speed ({}), so they move with it.",
                    self.unit.pace(Some(threshold))
                ));
                percents
            }
            Some(Bounds::Percent(percents)) => percents.clone(),
            Some(Bounds::Watts(_)) => Vec::new(),
        };
        self.set_open("pace", percents)
    }

    /// Sets bounds with an open end above them.
    fn set_open(&mut self, kind: &str, mut bounds: Vec<f64>) -> Result<(), ToolError> {
        bounds.push(OPEN);
        self.set(kind, &bounds)
    }

    /// Sets bounds with their names.
    fn set(&mut self, kind: &str, bounds: &[f64]) -> Result<(), ToolError> {
        let argument = format!("{kind}_zones");
        let count = bounds.len();
        if count > MOST_ZONES {
            return Err(wrong(&argument, "must be at most 10 zones, the top one included"));
        }
        let field = format!("{kind}_zone_names");
        let (given, standing) = (self.asked.names.len(), self.named(&field));
        if given > 0 && given != count {
            return Err(wrong(
                "zone_names",
                &format!(
                    "must be as many as the zones: {argument} makes {count}, with the top one, and {given} names are given"
                ),
            ));
        }
        if given == 0 && standing > 0 && standing != count {
            return Err(ToolError::Input(format!(
                "Not done: {argument} makes {count} zones, with the top one, and {standing} zones have names there. Pass zone_names \
                 as well."
            )));
        }
        if given > 0 {
            self.changes.set(field, json!(self.asked.names));
        }
        self.changes.set(argument, json!(bounds));
        Ok(())
    }

    fn named(&self, field: &str) -> usize {
        self.stands.get(field).as_array().map_or(0, Vec::len)
    }

    /// Heart-rate zones and max HR, which upstream keeps as the end of the top zone.
    fn heart(&mut self) -> Result<(), ToolError> {
        let max = self.changes.number("max_hr");
        if self.asked.hr.is_empty() {
            return max.map_or(Ok(()), |max| self.top_zone(max));
        }
        let mut bounds = self.asked.hr.clone();
        let top = bounds.last().copied().unwrap_or_default();
        let stood = positive(self.stands.number("max_hr"));
        match (max, stood) {
            (Some(max), _) if top > max => {
                return Err(wrong(
                    "hr_zones",
                    &format!("must not end above max_hr: {top} is above {max}"),
                ));
            }
            (Some(max), _) if top < max => self.end_at(&mut bounds, max),
            (None, Some(stood)) if top < stood && !sees(self.card, &self.changes, "max_hr") => {
                return Err(ToolError::Input(
                    "Not done: hr_zones must end with max HR. Pass max_hr as well.".to_owned(),
                ));
            }
            (None, Some(stood)) if top < stood => {
                let names = match self.asked.names.len() {
                    0 => self.named("hr_zone_names"),
                    given => given,
                };
                if names != bounds.len() + 1 {
                    return Err(ToolError::Input(format!(
                        "Not done: hr_zones ends at {top} bpm, below max HR {stood} bpm, and intervals.icu keeps max HR as the end \
                         of the top zone. End it with {stood}, or pass max_hr: {top} as well."
                    )));
                }
                self.end_at(&mut bounds, stood);
            }
            (None, stood) if stood != Some(top) => {
                if !(MAX_HR.0..=MAX_HR.1).contains(&top) {
                    return Err(wrong(
                        "hr_zones",
                        &format!("must end with max HR, from {} to {} bpm", MAX_HR.0, MAX_HR.1),
                    ));
                }
                self.notes.push(format!(
                    "Max HR becomes {top} bpm with it: intervals.icu keeps it as the end of the top zone."
                ));
                self.changes.set("max_hr", top);
            }
            _ => {}
        }
        self.set("hr", &bounds)
    }

    /// Refuses an LTHR that is not below a max HR of the same call, which heart-rate zones may have set.
    fn below_max(&self) -> Result<(), ToolError> {
        match (self.changes.number("lthr"), self.changes.number("max_hr")) {
            (Some(lthr), Some(max)) if lthr >= max => Err(wrong(
                "lthr",
                &format!("must be below max HR: {lthr} bpm is not below {max} bpm, where hr_zones end"),
            )),
            _ => Ok(()),
        }
    }

    fn end_at(&mut self, bounds: &mut Vec<f64>, max: f64) {
        bounds.push(max);
        self.notes.push(format!(
            "The top heart-rate zone is added, up to max HR {max} bpm."
        ));
    }

    /// Moves the end of the top zone along with max HR.
    fn top_zone(&mut self, max: f64) -> Result<(), ToolError> {
        let mut bounds = numbers(self.stands.get("hr_zones"));
        match bounds.pop() {
            None => return Ok(()),
            Some(top) if (top - max).abs() < 0.5 => return Ok(()),
            Some(_) => {}
        }
        if let Some(below) = bounds.last().filter(|below| **below >= max) {
            return Err(ToolError::Input(format!(
                "Not done: max HR {max} bpm is not above the end of the last but one heart-rate zone, {} bpm. Pass hr_zones as well.",
                units::whole(*below)
            )));
        }
        bounds.push(max);
        self.notes.push(
            "The top heart-rate zone ends there with it: intervals.icu keeps max HR only as its end."
                .to_owned(),
        );
        self.changes.set("hr_zones", json!(bounds));
        Ok(())
    }
}

/// m/s as upstream has them.
fn rounded(speed: f64) -> f64 {
    (speed * 1e6).round() / 1e6
}
