//! Sports, and the families that people mean by "ride" or "run".
//!
//! The names are upstream's (`type` of an activity).

/// Every sport of intervals.icu.
const SPORTS: [&str; 60] = [
    "Ride",
    "Run",
    "Swim",
    "WeightTraining",
    "Hike",
    "Walk",
    "AlpineSki",
    "BackcountrySki",
    "Badminton",
    "Canoeing",
    "Crossfit",
    "EBikeRide",
    "EMountainBikeRide",
    "Elliptical",
    "Golf",
    "GravelRide",
    "TrackRide",
    "Handcycle",
    "HighIntensityIntervalTraining",
    "Hockey",
    "IceSkate",
    "InlineSkate",
    "Kayaking",
    "Kitesurf",
    "MountainBikeRide",
    "Cyclocross",
    "NordicSki",
    "OpenWaterSwim",
    "Padel",
    "Pilates",
    "Pickleball",
    "Racquetball",
    "Rugby",
    "RockClimbing",
    "RollerSki",
    "Rowing",
    "Sail",
    "Skateboard",
    "Snowboard",
    "Snowshoe",
    "Soccer",
    "Squash",
    "StairStepper",
    "StandUpPaddling",
    "Surfing",
    "TableTennis",
    "Tennis",
    "TrailRun",
    "Transition",
    "Velomobile",
    "VirtualRide",
    "VirtualRow",
    "VirtualRun",
    "VirtualSki",
    "WaterSport",
    "Wheelchair",
    "Windsurf",
    "Workout",
    "Yoga",
    "Other",
];

/// A family: its name, the words that people use for it, and its sports.
struct Family {
    name: &'static str,
    words: &'static [&'static str],
    sports: &'static [&'static str],
    /// Whether upstream has it in one settings group by default, under its first sport.
    is_one_upstream: bool,
}

const FAMILIES: [Family; 6] = [
    Family {
        name: "Ride",
        words: &["ride", "rides", "riding", "bike", "biking", "cycling"],
        sports: &[
            "Ride",
            "VirtualRide",
            "GravelRide",
            "MountainBikeRide",
            "TrackRide",
            "Cyclocross",
            "EBikeRide",
            "EMountainBikeRide",
            "Velomobile",
        ],
        is_one_upstream: true,
    },
    Family {
        name: "Run",
        words: &["run", "runs", "running"],
        sports: &["Run", "VirtualRun", "TrailRun"],
        is_one_upstream: true,
    },
    Family {
        name: "Swim",
        words: &["swim", "swims", "swimming"],
        sports: &["Swim", "OpenWaterSwim"],
        is_one_upstream: true,
    },
    Family {
        name: "Ski",
        words: &["ski", "skiing"],
        sports: &[
            "AlpineSki",
            "BackcountrySki",
            "NordicSki",
            "RollerSki",
            "VirtualSki",
        ],
        is_one_upstream: false,
    },
    Family {
        name: "Row",
        words: &["row", "rowing"],
        sports: &["Rowing", "VirtualRow"],
        is_one_upstream: true,
    },
    Family {
        name: "Strength",
        words: &["strength", "weights", "gym"],
        sports: &["WeightTraining"],
        is_one_upstream: false,
    },
];

/// The sports that a word means, ignoring case and spaces: all of a family, or the one of that name. None if unknown.
pub(crate) fn meant_by(word: &str) -> Option<&'static [&'static str]> {
    let word = letters(word);
    if let Some(family) = FAMILIES
        .iter()
        .find(|family| family.words.contains(&word.as_str()))
    {
        return Some(family.sports);
    }
    named(&word).map(std::slice::from_ref)
}

/// The sport of that name as upstream spells it, ignoring case and spaces: `VirtualRide` for `virtual_ride`. None if unknown.
pub(crate) fn spelled(word: &str) -> Option<&'static str> {
    named(&letters(word)).copied()
}

fn letters(word: &str) -> String {
    word.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn named(word: &str) -> Option<&'static &'static str> {
    SPORTS.iter().find(|sport| sport.eq_ignore_ascii_case(word))
}

/// Whether this is a sport on upstream's list or one of our families, spelled as there.
pub(crate) fn is_known(sport: &str) -> bool {
    SPORTS.contains(&sport) || FAMILIES.iter().any(|family| family.name == sport)
}

/// Whether activities of other sports may belong to a plan of this one: Other, Workout, or a word that no activity has, such
/// as a triathlon.
pub(crate) fn is_vague(sport: &str) -> bool {
    ["Other", "Workout"].contains(&sport) || !is_known(sport)
}

fn family_of(sport: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.sports.contains(&sport))
}

/// The family of a sport: `Ride` for a VirtualRide; the sport itself if it has none.
pub(crate) fn family(sport: &str) -> &str {
    family_of(sport).map_or(sport, |family| family.name)
}

/// The sport under which upstream has a sport's settings and curves: `Ride` for a VirtualRide, `Rowing` for a
/// VirtualRow, `Yoga` for itself.
pub(crate) fn stands_for(sport: &str) -> &str {
    family_of(sport)
        .filter(|family| family.is_one_upstream)
        .and_then(|family| family.sports.first().copied())
        .unwrap_or(sport)
}

/// How the speed of a sport is expressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tempo {
    /// Time per kilometre or mile.
    Foot,
    /// Time per hundred metres or yards.
    Swim,
    /// Time per five hundred metres.
    Row,
    /// Speed, not pace.
    Other,
}

impl Tempo {
    /// That of a sport of intervals.icu.
    pub(crate) fn of(sport: &str) -> Self {
        match sport {
            "Run" | "VirtualRun" | "TrailRun" | "Walk" | "Hike" | "Snowshoe" => Self::Foot,
            "Swim" | "OpenWaterSwim" => Self::Swim,
            "Rowing" | "VirtualRow" => Self::Row,
            _ => Self::Other,
        }
    }

    /// Cadence as athletes count it: on foot upstream counts one leg, and steps per minute are twice that.
    pub(crate) fn cadence(self, upstreams: f64) -> f64 {
        if self == Self::Foot {
            upstreams * 2.0
        } else {
            upstreams
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_includes_its_sports_and_a_name_only_itself() {
        assert!(meant_by("ride").unwrap().contains(&"VirtualRide"));
        assert!(meant_by("RIDE").unwrap().contains(&"GravelRide"));
        assert_eq!(meant_by("virtual ride"), Some(&["VirtualRide"][..]));
        assert_eq!(meant_by("trailrun"), Some(&["TrailRun"][..]));
        assert_eq!(meant_by("Weight_Training"), Some(&["WeightTraining"][..]));
        assert_eq!(meant_by("quidditch"), None);
        assert_eq!(meant_by(""), None);
        assert_eq!(meant_by("\u{202e}"), None);
    }

    #[test]
    fn a_sport_has_one_spelling() {
        for (word, sport) in [
            ("Ride", "Ride"),
            ("VIRTUAL_RIDE", "VirtualRide"),
            ("trail run", "TrailRun"),
        ] {
            assert_eq!(spelled(word), Some(sport));
        }
        assert_eq!(["cycling", "quidditch", ""].map(spelled), [None; 3]);
    }

    #[test]
    fn families_have_only_real_sports_and_every_sport_is_found() {
        for family in &FAMILIES {
            assert!(family.sports.iter().all(|sport| SPORTS.contains(sport)));
        }
        for sport in SPORTS {
            assert!(meant_by(sport).unwrap().contains(&sport), "{sport}");
            assert!(
                family(sport) == sport || meant_by(family(sport)).unwrap().contains(&sport),
                "{sport}"
            );
        }
        assert_eq!(
            [family("VirtualRide"), family("Yoga"), family("")],
            ["Ride", "Yoga", ""]
        );
    }

    #[test]
    fn runs_count_one_leg_and_rides_do_not() {
        let cadence = ["TrailRun", "Ride", "Swim"].map(|sport| Tempo::of(sport).cadence(85.0).to_string());
        assert_eq!(cadence, ["170", "85", "85"]);
    }

    #[test]
    fn upstream_separates_skiing_and_joins_rowing() {
        assert_eq!(
            ["VirtualRide", "VirtualRow", "NordicSki", "Yoga", ""].map(stands_for),
            ["Ride", "Rowing", "NordicSki", "Yoga", ""]
        );
    }
}
