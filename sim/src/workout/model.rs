//! What upstream makes of workout text: steps, repeats, targets. Data only; an athlete's numbers are in `resolve`.

/// What a target is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Power,
    Hr,
    Pace,
}

impl Kind {
    /// The key in a step.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Hr => "hr",
            Self::Pace => "pace",
        }
    }
}

/// What the seconds of an absolute pace are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Per {
    Km,
    Mile,
    Mi,
    Metres100,
    Yards100,
    Metres500,
    Metres400,
    Metres250,
}

impl Per {
    /// `mile` before `mi`, which it begins with.
    pub(super) const ALL: [Self; 8] = [
        Self::Km,
        Self::Mile,
        Self::Mi,
        Self::Metres100,
        Self::Yards100,
        Self::Metres500,
        Self::Metres400,
        Self::Metres250,
    ];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Km => "km",
            Self::Mile => "mile",
            Self::Mi => "mi",
            Self::Metres100 => "100m",
            Self::Yards100 => "100y",
            Self::Metres500 => "500m",
            Self::Metres400 => "400m",
            Self::Metres250 => "250m",
        }
    }

    pub(super) const fn metres(self) -> f64 {
        match self {
            Self::Km => 1000.0,
            Self::Mile | Self::Mi => 1609.344,
            Self::Metres100 => 100.0,
            Self::Yards100 => 91.44,
            Self::Metres500 => 500.0,
            Self::Metres400 => 400.0,
            Self::Metres250 => 250.0,
        }
    }

    /// Of a pace without a unit.
    pub(super) fn of_sport(sport: &str) -> Self {
        match sport {
            "Swim" | "OpenWaterSwim" => Self::Metres100,
            "Rowing" => Self::Metres500,
            _ => Self::Km,
        }
    }
}

/// What a target's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Watts,
    /// % of FTP.
    Ftp,
    PowerZone,
    CustomZone,
    /// % of the best power over a duration.
    Mmp,
    /// % of the maximum heart rate.
    MaxHr,
    /// % of LTHR.
    Lthr,
    HrZone,
    /// % of threshold speed.
    Threshold,
    PaceZone,
    /// Seconds for a distance.
    Clock(Per),
}

impl Unit {
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Watts | Self::Ftp | Self::PowerZone | Self::CustomZone | Self::Mmp => Kind::Power,
            Self::MaxHr | Self::Lthr | Self::HrZone => Kind::Hr,
            Self::Threshold | Self::PaceZone | Self::Clock(_) => Kind::Pace,
        }
    }

    /// The unit that `workout_doc` names so.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        const PLAIN: [Unit; 10] = [
            Unit::Watts,
            Unit::Ftp,
            Unit::PowerZone,
            Unit::CustomZone,
            Unit::Mmp,
            Unit::MaxHr,
            Unit::Lthr,
            Unit::HrZone,
            Unit::Threshold,
            Unit::PaceZone,
        ];
        let clocks = Per::ALL.into_iter().map(Self::Clock);
        PLAIN.into_iter().chain(clocks).find(|unit| unit.word() == word)
    }

    /// As `workout_doc` names it.
    pub(super) fn word(self) -> String {
        let word = match self {
            Self::Watts => "w",
            Self::Ftp => "%ftp",
            Self::PowerZone => "power_zone",
            Self::CustomZone => "custom_zone",
            Self::Mmp => "%mmp",
            Self::MaxHr => "%hr",
            Self::Lthr => "%lthr",
            Self::HrZone => "hr_zone",
            Self::Threshold => "%pace",
            Self::PaceZone => "pace_zone",
            Self::Clock(per) => return format!("secs/{}", per.word()),
        };
        word.to_owned()
    }
}

/// One number, or two in the order in which they are written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Span {
    One(f64),
    Two(f64, f64),
}

impl Span {
    pub(super) fn of(first: f64, last: Option<f64>) -> Self {
        last.map_or(Self::One(first), |last| Self::Two(first, last))
    }

    pub(super) const fn ends(self) -> (f64, f64) {
        match self {
            Self::One(value) => (value, value),
            Self::Two(start, end) => (start, end),
        }
    }
}

/// `power=3s`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Averaging {
    pub(super) kind: Kind,
    pub(super) over: String,
}

/// What a step aims at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    pub(super) unit: Unit,
    pub(super) span: Span,
    /// s, of the best power that a percentage is of.
    pub(super) over: Option<u32>,
    /// Over how long the device averages.
    pub(super) averaged: Option<String>,
}

impl Target {
    pub(super) const fn new(unit: Unit, span: Span) -> Self {
        Self {
            unit,
            span,
            over: None,
            averaged: None,
        }
    }

    /// The middle of a range, as a target.
    pub(super) fn middle(&self) -> Self {
        let (start, end) = self.span.ends();
        Self::new(self.unit, Span::One(f64::midpoint(start, end)))
    }
}

/// The section that a step is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Warmup,
    Cooldown,
}

impl Section {
    /// The flag of a step.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Warmup => "warmup",
            Self::Cooldown => "cooldown",
        }
    }
}

/// One line of a workout that upstream kept.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of workout_doc")]
pub(super) struct Step {
    /// What the device shows; empty for none.
    pub(super) text: String,
    /// s; 0 where the text has only a distance and no pace says how long it takes.
    pub(super) secs: u32,
    /// m, where the text has it.
    pub(super) metres: Option<f64>,
    pub(super) ramp: bool,
    pub(super) freeride: bool,
    pub(super) maxeffort: bool,
    pub(super) hidepower: bool,
    pub(super) until_lap_press: bool,
    pub(super) intensity: Option<&'static str>,
    pub(super) section: Option<Section>,
    pub(super) target: Option<Target>,
    /// rpm.
    pub(super) cadence: Option<Span>,
}

/// A step, or steps that are repeated.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    Step(Step),
    Repeat {
        reps: u32,
        /// The whole heading, `Main set 3x`.
        text: String,
        steps: Vec<Step>,
    },
}

impl Item {
    /// How often its steps are done, and the steps.
    pub(super) fn steps(&self) -> (u32, &[Step]) {
        match self {
            Self::Step(step) => (1, std::slice::from_ref(step)),
            Self::Repeat { reps, steps, .. } => (*reps, steps),
        }
    }

    pub(super) fn steps_mut(&mut self) -> &mut [Step] {
        match self {
            Self::Step(step) => std::slice::from_mut(step),
            Self::Repeat { steps, .. } => steps,
        }
    }

    /// s, repeats included.
    pub(super) fn secs(&self) -> u32 {
        let (reps, steps) = self.steps();
        let once = steps
            .iter()
            .fold(0_u32, |sum, step| sum.saturating_add(step.secs));
        once.saturating_mul(reps)
    }
}
