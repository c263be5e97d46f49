//! What a person goes by when doing a workout: its text, read with the person's thresholds, in whole percent of them.
//!
//! For recordings; what the calendar shows of a workout is `workout`'s alone.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use super::{
    dice::whole,
    workout::{Aim, HR_ZONES, Kind, PACE_ZONES, POWER_ZONES, Settings, Totals, Workout as Read, read},
};

/// What a workout's targets are percentages of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum By {
    /// FTP.
    Power,
    /// Threshold speed.
    #[default]
    Pace,
    /// Threshold speed of swims, where load grows with the third power.
    Swim,
    /// LTHR.
    Heart,
}

/// One duration at one effort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effort {
    /// s.
    pub(super) secs: u32,
    /// Start (or low end) and end (or high end), percent; equal for a point.
    pub(super) target: (u32, u32),
    pub(super) ramp: bool,
    /// rpm; equal for a point, 0 for none.
    pub(super) cadence: (u32, u32),
}

impl Effort {
    fn of(aim: Aim) -> Self {
        let target = match aim.percent {
            Some((low, high)) => (whole(low), whole(high)),
            None if aim.maxeffort => (150, 170),
            None => (58, 66),
        };
        let (low, high) = aim.cadence.unwrap_or_default();
        Self {
            secs: aim.secs,
            target,
            ramp: aim.ramp,
            cadence: (whole(low), whole(high)),
        }
    }
}

/// A workout to do.
#[derive(Debug, Default)]
pub(super) struct Workout {
    pub(super) by: By,
    pub(super) read: Read,
    steps: Vec<Effort>,
}

/// Text, sport, whose, and the bits of the thresholds: what a workout depends on. Everything else of a person is constant.
type Key = (String, &'static str, u32, [u64; 2]);

/// The results of a pure function: the same workouts recur.
static MEMO: LazyLock<Mutex<HashMap<Key, Arc<Workout>>>> = LazyLock::new(Mutex::default);

impl Workout {
    /// The workout of `text` for the person with this number, whose settings for `sport` are `settings`; remembered.
    pub(super) fn of(text: &str, sport: &'static str, number: u32, settings: &Settings) -> Arc<Self> {
        let bits = |number: Option<f64>| number.unwrap_or_default().to_bits();
        let thresholds = [bits(settings.ftp), bits(settings.threshold_pace)];
        let key = (text.to_owned(), sport, number, thresholds);
        let memo = || MEMO.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = memo().get(&key) {
            return known.clone();
        }
        let workout = Arc::new(Self::read(text, sport, settings));
        memo().insert(key, workout.clone());
        workout
    }

    fn read(text: &str, sport: &str, settings: &Settings) -> Self {
        let read = read(text, sport, settings);
        let by = match read.kind() {
            Some(Kind::Power) => By::Power,
            Some(Kind::Hr) => By::Heart,
            Some(Kind::Pace) if settings.swims => By::Swim,
            Some(Kind::Pace) | None => By::Pace,
        };
        let steps = read.aims().map(Effort::of).collect();
        Self { by, read, steps }
    }

    /// Every step in order, with repeats unrolled.
    pub(super) fn steps(&self) -> impl Iterator<Item = Effort> + '_ {
        self.steps.iter().copied()
    }

    pub(super) fn totals(&self) -> Totals {
        self.read.totals()
    }

    /// Seconds in each of the seven zones, at `effort` times the plan and smeared a little, as a real day does.
    pub(super) fn zone_secs(&self, effort: f64, secs: u32) -> [u32; 7] {
        let bounds = match self.by {
            By::Power => POWER_ZONES.map(f64::from),
            By::Pace | By::Swim => PACE_ZONES,
            By::Heart => HR_ZONES,
        };
        let mut zones = [0.0; 7];
        for step in self.steps() {
            let (low, high) = (f64::from(step.target.0), f64::from(step.target.1));
            for n in 0..4_u32 {
                let at = (low + (high - low) * (f64::from(n) + 0.5) / 4.0) * effort;
                let zone = bounds.iter().position(|bound| at <= *bound).unwrap_or(6);
                let part = f64::from(step.secs) / 4.0;
                for (zone, share) in [
                    (zone.saturating_sub(1), 0.14),
                    (zone, 0.8),
                    ((zone + 1).min(6), 0.06),
                ] {
                    zones[zone] += part * share;
                }
            }
        }
        let scale = f64::from(secs) / f64::from(self.totals().secs.max(1));
        zones.map(|zone| whole(zone * scale))
    }
}

/// `1h10m`, `15m`, `1m30s` as upstream's workout language writes it.
pub(super) fn duration(secs: u32) -> String {
    let (hours, minutes, rest) = (secs / 3600, secs / 60 % 60, secs % 60);
    let mut text = String::new();
    for (count, unit) in [(hours, 'h'), (minutes, 'm'), (rest, 's')] {
        if count > 0 {
            text.push_str(&count.to_string());
            text.push(unit);
        }
    }
    text
}
