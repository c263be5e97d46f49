//! Workout text as upstream reads it: steps, targets in the athlete's numbers, planned time, distance and load. A parser of
//! its own, with upstream's silent losses; it shares nothing with the service that is tested against it.
//!
//! Pure: no people, no days, no store, no HTTP. [`read`] is the way in: from text, sport and the athlete's settings for
//! that sport to everything that an event gets from its text.

mod doc;
mod estimate;
mod model;
mod resolve;
mod text;
mod token;

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

pub(crate) use doc::no_steps;
pub(crate) use estimate::{Totals, intensity};
pub(crate) use model::Kind;
pub(crate) use resolve::{HR_ZONES, Indoor};

use crate::dice::round;
use model::Item;

/// Upper bounds of the power zones, % of FTP, unless an athlete has others; all of the people have these.
pub(crate) const POWER_ZONES: [u32; 7] = [55, 75, 90, 105, 120, 150, 999];
/// Upper bounds of the pace zones, % of threshold speed, likewise.
pub(crate) const PACE_ZONES: [f64; 7] = [77.5, 87.7, 94.3, 100.0, 103.4, 111.5, 999.0];
/// Sweet spot, % of FTP, likewise.
pub(crate) const SWEET_SPOT: (u32, u32) = (84, 97);

/// An athlete's settings for one sport, as far as a plan needs them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// W.
    pub(crate) ftp: Option<f64>,
    /// Upper bounds, % of FTP.
    pub(crate) power_zones: Vec<f64>,
    /// % of FTP.
    pub(crate) sweet_spot: (f64, f64),
    /// bpm.
    pub(crate) lthr: Option<u32>,
    /// bpm.
    pub(crate) max_hr: Option<u32>,
    /// Upper bounds, bpm.
    pub(crate) hr_zones: Vec<u32>,
    /// m/s.
    pub(crate) threshold_pace: Option<f64>,
    /// Upper bounds, % of threshold speed.
    pub(crate) pace_zones: Vec<f64>,
    /// How the sport shows pace, such as `MINS_KM`.
    pub(crate) pace_units: Option<&'static str>,
    /// Which kind of target a workout goes by, where its steps have several.
    pub(crate) order: [Kind; 3],
    /// In the water load grows with the third power of speed, and a pace has no band.
    pub(crate) swims: bool,
}

impl Default for Settings {
    /// Upstream's zones for everyone who has set none, and no thresholds.
    fn default() -> Self {
        Self {
            ftp: None,
            power_zones: POWER_ZONES.map(f64::from).to_vec(),
            sweet_spot: (f64::from(SWEET_SPOT.0), f64::from(SWEET_SPOT.1)),
            lthr: None,
            max_hr: None,
            hr_zones: Vec::new(),
            threshold_pace: None,
            pace_zones: PACE_ZONES.to_vec(),
            pace_units: None,
            order: [Kind::Power, Kind::Hr, Kind::Pace],
            swims: false,
        }
    }
}

/// What upstream makes of a text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Workout {
    items: Vec<Item>,
    settings: Settings,
    totals: Totals,
}

/// A part of a workout as an athlete does it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Aim {
    /// s.
    pub(crate) secs: u32,
    /// Start (or low end) and end (or high end) in percent of the threshold. None without a target, or without a threshold.
    pub(crate) percent: Option<(f64, f64)>,
    pub(crate) ramp: bool,
    pub(crate) maxeffort: bool,
    /// rpm; equal for a point.
    pub(crate) cadence: Option<(f64, f64)>,
}

/// What can be made to go missing between a text and its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Each repeat's steps are done once.
    Repeats,
    Targets,
    Steps,
}

impl Loss {
    fn of(self, items: Vec<Item>) -> Vec<Item> {
        match self {
            Self::Steps => Vec::new(),
            Self::Repeats => items
                .iter()
                .flat_map(|item| item.steps().1)
                .cloned()
                .map(Item::Step)
                .collect(),
            Self::Targets => {
                let mut items = items;
                for step in items.iter_mut().flat_map(Item::steps_mut) {
                    step.target = None;
                    step.ramp = false;
                }
                items
            }
        }
    }
}

/// Reads `text` for an activity of the type `sport` by an athlete with `settings` for it.
pub(crate) fn read(text: &str, sport: &str, settings: &Settings) -> Workout {
    Workout::of(text::parse(text, sport), settings)
}

/// The same, with a loss that upstream's own parser does not have.
pub(crate) fn read_losing(loss: Option<Loss>, text: &str, sport: &str, settings: &Settings) -> Workout {
    let items = text::parse(text, sport);
    let items = match loss {
        Some(loss) => loss.of(items),
        None => items,
    };
    Workout::of(items, settings)
}

impl Workout {
    fn of(mut items: Vec<Item>, settings: &Settings) -> Self {
        settings.time(&mut items);
        let totals = estimate::totals(&items, settings);
        Self {
            items,
            settings: settings.clone(),
            totals,
        }
    }

    /// The workout of a `workout_doc`.
    pub(crate) fn of_doc(doc: &Value, settings: &Settings) -> Self {
        Self::of(doc::items(doc), settings)
    }

    /// Whether each step has a target in the athlete's own numbers; with a `kind`, one of that kind.
    pub(crate) fn aims_everywhere(&self, kind: Option<Kind>) -> bool {
        let mut steps = self.items.iter().flat_map(|item| item.steps().1);
        steps.all(|step| {
            let target = step.target.as_ref();
            target.is_some_and(|target| {
                kind.is_none_or(|kind| target.unit.kind() == kind)
                    && self.settings.resolved(target, Indoor(false)).is_some()
            })
        })
    }

    /// Whether upstream makes no step of the text. The event then keeps the time and load that a client typed in.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn totals(&self) -> Totals {
        self.totals
    }

    /// What the workout goes by. None without a target.
    pub(crate) fn kind(&self) -> Option<Kind> {
        estimate::kind(&self.items, &self.settings)
    }

    /// `workout_doc`; `resolve` adds absolute targets, as `resolve=true` does.
    pub(crate) fn doc(&self, resolve: Option<Indoor>) -> Value {
        doc::doc(&self.items, &self.totals, &self.settings, resolve)
    }

    /// The fields of an event that follow from the text, an object; without steps only the document.
    pub(crate) fn fields(&self, resolve: Option<Indoor>) -> Value {
        if self.is_empty() {
            return json!({"workout_doc": self.doc(resolve)});
        }
        let totals = self.totals;
        json!({
            "workout_doc": self.doc(resolve), "moving_time": totals.secs, "icu_training_load": totals.load,
            "icu_intensity": totals.load.map(|load| round(intensity(load, totals.secs), 6)),
            "distance": round(totals.distance, 3), "joules": totals.joules, "joules_above_ftp": 0,
        })
    }

    /// Each part in order, repeats unrolled; of a workout too long to count, nothing.
    pub(crate) fn aims(&self) -> impl Iterator<Item = Aim> {
        let items = if estimate::is_countable(&self.items) {
            &self.items[..]
        } else {
            &[]
        };
        estimate::unrolled(items).map(|step| Aim {
            secs: step.secs,
            percent: step
                .target
                .as_ref()
                .and_then(|target| self.settings.percent(target)),
            ramp: step.ramp,
            maxeffort: step.maxeffort,
            cadence: step.cadence.map(model::Span::ends),
        })
    }
}
