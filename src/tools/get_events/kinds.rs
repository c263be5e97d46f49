//! The kinds of events: those that a call can name, upstream's categories for them, and plain words for each.

use crate::{
    intervals::model::Event,
    tools::absences::{self, Absence},
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

/// What upstream calls a target that got no name.
pub(super) const TARGETS_NAME: &str = "Week";

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
