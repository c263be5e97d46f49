//! A workout as intervals.icu keeps it: steps and repeats, with targets as written.
//!
//! Two workouts are the same when their [`canonical`](Workout::canonical) forms are equal. That is what a read-back compares,
//! so nothing is here that upstream does not return: section headings are the roles of their steps, and prose is not part of it.

use super::text::plain_cue;

/// A decimal number in ten-thousandths, so that equality is exact whatever way a number took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Number(i64);

impl Number {
    const PARTS: f64 = 10_000.0;

    /// The nearest number; `None` if it is negative, not finite or above 100 million.
    pub fn of(value: f64) -> Option<Self> {
        let fits = value.is_finite() && (0.0..=1e8).contains(&value);
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        fits.then(|| Self((value * Self::PARTS).round() as i64))
    }

    /// The number as a float.
    pub fn get(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most 1e12")]
        let parts = self.0 as f64;
        parts / Self::PARTS
    }

    fn whole(self) -> Self {
        Self((self.0 + 5_000) / 10_000 * 10_000)
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl From<u32> for Number {
    fn from(whole: u32) -> Self {
        Self(i64::from(whole) * 10_000)
    }
}

/// Without trailing zeros: `95`, `402.336`.
impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, parts) = (self.0 / 10_000, self.0 % 10_000);
        if parts == 0 {
            return write!(f, "{whole}");
        }
        write!(f, "{whole}.{}", format!("{parts:04}").trim_end_matches('0'))
    }
}

/// A planned workout: its steps in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Workout {
    /// In order.
    pub items: Vec<Item>,
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// One step.
    Step(Step),
    /// Steps that are done several times.
    Repeat(Repeat),
    /// What intervals.icu holds and nothing here knows, by its own words for it. Text cannot say it.
    Other(String),
}

/// Steps that are done several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// How often.
    pub count: u32,
    /// The heading without the count; may be empty.
    pub heading: String,
    /// In order. Text cannot nest repeats, so an inner one is written out.
    pub steps: Vec<Step>,
}

/// One step.
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags of the language that can be set together"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What the device shows; may be empty.
    pub cue: String,
    /// How long.
    pub length: Length,
    /// Ends when the lap button is pressed; the length is for planning only.
    pub until_lap: bool,
    /// What it is for, if that is given.
    pub role: Option<Role>,
    /// As written. intervals.icu keeps one for each of power, heart rate and pace; a device follows one.
    pub targets: Vec<Target>,
    /// The target changes evenly from its start to its end.
    pub ramp: bool,
    /// No target: ERG off.
    pub freeride: bool,
    /// As hard as possible.
    pub max_effort: bool,
    /// The device hides the power.
    pub hide_power: bool,
    /// rpm.
    pub cadence: Option<Span>,
}

impl Step {
    /// A step of this length with nothing else.
    pub fn of(length: Length) -> Self {
        Self {
            cue: String::new(),
            length,
            until_lap: false,
            role: None,
            targets: Vec::new(),
            ramp: false,
            freeride: false,
            max_effort: false,
            hide_power: false,
            cadence: None,
        }
    }
}

/// How long a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// s.
    Time(u32),
    /// m.
    Distance(Number),
}

/// What a step is for: `intensity` upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Warm-up.
    Warmup,
    /// Work without a nearer word.
    Active,
    /// Work between recoveries.
    Interval,
    /// Easy, but moving.
    Recovery,
    /// Standing.
    Rest,
    /// Cool-down.
    Cooldown,
    /// None of the others.
    Other,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Warmup,
        Self::Active,
        Self::Interval,
        Self::Recovery,
        Self::Rest,
        Self::Cooldown,
        Self::Other,
    ];

    /// Upstream's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Warmup => "warmup",
            Self::Active => "active",
            Self::Interval => "interval",
            Self::Recovery => "recovery",
            Self::Rest => "rest",
            Self::Cooldown => "cooldown",
            Self::Other => "other",
        }
    }

    /// The role that upstream's word names; `auto` and unknown words name none.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.word().eq_ignore_ascii_case(word.trim()))
    }
}

/// One number or a range, in the order in which it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// One number.
    At(Number),
    /// From, to.
    Between(Number, Number),
}

impl Span {
    /// From and to; twice the same for one number.
    pub fn ends(self) -> (Number, Number) {
        match self {
            Self::At(only) => (only, only),
            Self::Between(from, to) => (from, to),
        }
    }

    /// Whether it is a range.
    pub fn is_range(self) -> bool {
        matches!(self, Self::Between(from, to) if from != to)
    }

    /// Text has no parts of these.
    fn whole(self) -> Self {
        match self {
            Self::At(only) => Self::At(only.whole()),
            Self::Between(from, to) => Self::Between(from.whole(), to.whole()),
        }
    }

    fn canonical(self) -> Self {
        match self {
            Self::Between(from, to) if from == to => Self::At(from),
            same => same,
        }
    }
}

/// What to hold during a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What the numbers are.
    pub unit: Unit,
    /// The numbers.
    pub span: Span,
    /// What the device averages over: `3s`, `lap` …
    pub averaged: Option<String>,
}

/// What a target's numbers are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// % of FTP.
    PercentFtp,
    /// W.
    Watts,
    /// A power zone, from 1.
    PowerZone,
    /// A zone of the athlete's own second set.
    CustomZone,
    /// % of the best power over this many s; 0 if that is not given.
    PercentMmp(u32),
    /// % of the maximum heart rate.
    PercentMaxHr,
    /// % of LTHR.
    PercentLthr,
    /// A heart-rate zone, from 1.
    HrZone,
    /// bpm. intervals.icu has no such target and drops it.
    Bpm,
    /// % of threshold speed.
    PercentPace,
    /// A pace zone, from 1.
    PaceZone,
    /// s per this length.
    Pace(Per),
    /// A unit that is not known here, by upstream's name.
    Other(Kind, String),
}

/// What a target is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Power.
    Power,
    /// Heart rate.
    HeartRate,
    /// Pace.
    Pace,
    /// Not known.
    Other,
}

impl Unit {
    /// Whether its numbers are zones.
    pub fn is_zone(&self) -> bool {
        matches!(
            self,
            Self::PowerZone | Self::CustomZone | Self::HrZone | Self::PaceZone
        )
    }

    /// What it measures.
    pub fn kind(&self) -> Kind {
        match self {
            Self::PercentFtp | Self::Watts | Self::PowerZone | Self::CustomZone | Self::PercentMmp(_) => {
                Kind::Power
            }
            Self::PercentMaxHr | Self::PercentLthr | Self::HrZone | Self::Bpm => Kind::HeartRate,
            Self::PercentPace | Self::PaceZone | Self::Pace(_) => Kind::Pace,
            Self::Other(kind, _) => *kind,
        }
    }
}

/// The length that a pace is given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// 1 km.
    Km,
    /// 1 mile.
    Mile,
    /// 100 m.
    M100,
    /// 100 yd.
    Yd100,
    /// 500 m.
    M500,
    /// 400 m.
    M400,
    /// 250 m.
    M250,
}

impl Per {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Km,
        Self::Mile,
        Self::M100,
        Self::Yd100,
        Self::M500,
        Self::M400,
        Self::M250,
    ];

    /// How the text says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Km => "km",
            Self::Mile => "mi",
            Self::M100 => "100m",
            Self::Yd100 => "100y",
            Self::M500 => "500m",
            Self::M400 => "400m",
            Self::M250 => "250m",
        }
    }

    /// The length that the word names.
    pub fn named(word: &str) -> Option<Self> {
        if word.eq_ignore_ascii_case("mile") {
            return Some(Self::Mile);
        }
        Self::ALL
            .into_iter()
            .find(|per| per.word().eq_ignore_ascii_case(word))
    }

    /// What a pace without a unit is given for in this sport.
    pub fn of_sport(sport: &str) -> Self {
        match sport {
            "Swim" | "OpenWaterSwim" => Self::M100,
            "Rowing" => Self::M500,
            _ => Self::Km,
        }
    }

    /// m.
    pub fn metres(self) -> f64 {
        match self {
            Self::Km => 1000.0,
            Self::Mile => MILE,
            Self::M100 => 100.0,
            Self::Yd100 => 100.0 * YARD,
            Self::M500 => 500.0,
            Self::M400 => 400.0,
            Self::M250 => 250.0,
        }
    }
}

/// m.
pub(super) const MILE: f64 = 1609.344;
/// m.
pub(super) const YARD: f64 = 0.9144;

impl Workout {
    /// The form in which workouts are compared: what upstream would lose or write differently is taken out, what means the
    /// same is written the same. Applying it twice changes nothing more.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let items = self.items.iter().filter_map(|item| match item {
            Item::Step(step) => step.canonical().map(Item::Step),
            Item::Repeat(repeat) => repeat.canonical().map(Item::Repeat),
            Item::Other(what) => Some(Item::Other(what.clone())),
        });
        Self {
            items: items.collect(),
        }
    }

    /// Every step once, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.items.iter().flat_map(|item| match item {
            Item::Step(step) => std::slice::from_ref(step),
            Item::Repeat(repeat) => &repeat.steps,
            Item::Other(_) => &[],
        })
    }
}

impl Repeat {
    fn canonical(&self) -> Option<Self> {
        let steps: Vec<Step> = self.steps.iter().filter_map(Step::canonical).collect();
        (self.count > 0 && !steps.is_empty()).then(|| Self {
            count: self.count,
            heading: plain_cue(&self.heading),
            steps,
        })
    }
}

impl Step {
    /// None for a step without a length, which upstream drops.
    pub(super) fn canonical(&self) -> Option<Self> {
        let is_empty = match self.length {
            Length::Time(secs) => secs == 0,
            Length::Distance(metres) => metres.is_zero(),
        };
        if is_empty {
            return None;
        }
        let mut targets: Vec<Target> = Vec::new();
        for target in self.targets.iter().map(Target::canonical) {
            // Upstream keeps one of each kind, the last.
            targets.retain(|earlier| earlier.unit.kind() != target.unit.kind());
            targets.push(target);
        }
        targets.sort_by_key(|target| target.unit.kind() as u8);
        let ramp = self.ramp && targets.iter().any(|target| target.span.is_range());
        Some(Self {
            cue: plain_cue(&self.cue),
            targets: targets.into_iter().map(|target| target.in_order(ramp)).collect(),
            ramp,
            cadence: self.cadence.map(|span| span.whole().canonical()),
            ..self.clone()
        })
    }
}

impl Step {
    /// Whether a range goes from its faster or higher end to the other, though the step is no ramp.
    pub(super) fn is_backwards(&self) -> bool {
        let mut all = self.targets.iter().map(Target::canonical);
        all.any(|target| target.clone().in_order(self.ramp) != target)
    }
}

impl Target {
    fn canonical(&self) -> Self {
        let whole = self.unit.is_zone() || matches!(self.unit, Unit::Pace(_));
        let span = if whole { self.span.whole() } else { self.span };
        let can_average = matches!(self.unit.kind(), Kind::Power | Kind::HeartRate);
        let averaged = self.averaged.as_deref().filter(|over| {
            can_average && !over.is_empty() && over.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        Self {
            span: span.canonical(),
            averaged: averaged.map(str::to_ascii_lowercase),
            ..self.clone()
        }
    }

    /// The slower end of a pace range first, and the lower end of any other; a ramp goes where it was written to go.
    fn in_order(self, ramp: bool) -> Self {
        let span = match self.span {
            Span::Between(from, to) if !ramp => {
                let (low, high) = (from.min(to), from.max(to));
                if matches!(self.unit, Unit::Pace(_)) {
                    Span::Between(high, low)
                } else {
                    Span::Between(low, high)
                }
            }
            same => same,
        };
        Self { span, ..self }
    }
}
