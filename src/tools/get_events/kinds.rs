//! The kinds of events: those that a call can name, upstream's categories for them, and plain words for each.

use crate::{
    guard::Units,
    intervals::model::Event,
    tools::{
        absences::{self, Absence},
        answer::{
            sport_units::{SportUnits, in_yards},
            units::{self, positive},
        },
    },
};

/// A kind that a call can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Workouts,
    Races,
    Notes,
    Availability,
    Plan,
    Other,
}

/// The words for `kinds`.
pub(super) const KINDS: [(&str, Kind); 6] = [
    ("workouts", Kind::Workouts),
    ("races", Kind::Races),
    ("notes", Kind::Notes),
    ("availability", Kind::Availability),
    ("plan", Kind::Plan),
    ("other", Kind::Other),
];

impl Kind {
    /// Upstream's categories.
    const fn categories(self) -> &'static [&'static str] {
        match self {
            Self::Workouts => &["WORKOUT"],
            Self::Races => &["RACE_A", "RACE_B", "RACE_C"],
            Self::Notes => &["NOTE"],
            Self::Availability => &absences::CATEGORIES,
            Self::Plan => &[Event::TARGET, "PLAN", "SEASON_START"],
            Self::Other => &["SET_EFTP", "FITNESS_DAYS", "SET_FITNESS"],
        }
    }

    fn includes(self, event: &Event) -> bool {
        let category = event.category();
        // Only notes that limit availability count.
        let limits = self != Self::Availability || Absence::of(event).is_some();
        self.categories().contains(&category) && limits
    }
}

/// The categories besides absences whose entries may have several days.
const OF_MANY_DAYS: [&str; 5] = ["PLAN", Event::TARGET, "RACE_A", "RACE_B", "RACE_C"];

/// Upstream's categories for these kinds, each once; empty for all. With workouts come what they are compared with, absences
/// and targets, and races, which count for targets as well.
pub(super) fn categories(kinds: &[Kind]) -> Vec<&'static str> {
    let mut categories: Vec<&'static str> =
        kinds.iter().flat_map(|kind| kind.categories()).copied().collect();
    if kinds.contains(&Kind::Workouts) {
        categories.push(Event::TARGET);
        categories.extend(Kind::Races.categories());
    }
    if kinds.contains(&Kind::Workouts) || kinds.contains(&Kind::Races) {
        categories.extend(absences::CATEGORIES);
    }
    categories.sort_unstable();
    categories.dedup();
    categories
}

/// Those of [`categories`] whose entries may have begun before the range and extend into it.
pub(super) fn categories_of_many_days(kinds: &[Kind]) -> Vec<&'static str> {
    let wanted = categories(kinds);
    absences::CATEGORIES
        .into_iter()
        .chain(OF_MANY_DAYS)
        .filter(|category| wanted.is_empty() || wanted.contains(category))
        // What only workouts are compared with is in the range's own request.
        .filter(|category| {
            let kind = match *category {
                Event::TARGET => Kind::Plan,
                category if Kind::Races.categories().contains(&category) => Kind::Races,
                _ => return true,
            };
            kinds.is_empty() || kinds.contains(&kind)
        })
        .collect()
}

/// Whether an event is of one of these kinds; without kinds every event is.
pub(super) fn is_one_of(event: &Event, kinds: &[Kind]) -> bool {
    kinds.is_empty() || kinds.iter().any(|kind| kind.includes(event))
}

/// The numbers of a target or a setting: `load 400 · 10:00 h · 250 km`, `CTL 50 · ATL 60`.
pub(super) fn figures(event: &Event, own: Units) -> Vec<String> {
    let mut words = Vec::new();
    let mut add = |text: String, before: &str, after: &str| {
        if !text.is_empty() {
            words.push(format!("{before}{text}{after}"));
        }
    };
    match event.category() {
        "TARGET" => {
            let sport = SportUnits::of(event.sport(), own);
            add(units::whole(positive(event.load_target)), "load ", "");
            add(units::hours_minutes(positive(event.time_target)), "", " h");
            let metres = positive(event.distance_target);
            add(sport.with_pool(in_yards(metres)).way(metres, 0), "", "");
        }
        "SET_EFTP" => add(units::whole(event.icu_ftp), "", " W"),
        "FITNESS_DAYS" => {
            add(units::at_most(event.ctl_days, 1), "CTL ", " days");
            add(units::at_most(event.atl_days, 1), "ATL ", " days");
        }
        "SET_FITNESS" => {
            add(units::fixed(event.icu_ctl, 1), "CTL ", "");
            add(units::fixed(event.icu_atl, 1), "ATL ", "");
        }
        _ => {}
    }
    words
}
