//! OAuth scopes of intervals.icu: an area with READ or WRITE, where WRITE implies READ.

/// What an athlete can share with IcuSync at intervals.icu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Area {
    /// Activities, streams, intervals, curves.
    Activity,
    /// Wellness and fitness.
    Wellness,
    /// Planned workouts and other events.
    Calendar,
    /// Profile, zones, thresholds, time zone, units.
    Settings,
}

impl Area {
    /// The areas that we request.
    pub const ALL: [Self; 4] = [Self::Activity, Self::Wellness, Self::Calendar, Self::Settings];

    /// Upstream's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activity => "ACTIVITY",
            Self::Wellness => "WELLNESS",
            Self::Calendar => "CALENDAR",
            Self::Settings => "SETTINGS",
        }
    }

    /// For people, in one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Activity => "activities",
            Self::Wellness => "wellness",
            Self::Calendar => "calendar",
            Self::Settings => "settings",
        }
    }

    /// For people, as in "you did not share your …".
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Activity => "activities",
            Self::Wellness => "wellness and fitness",
            Self::Calendar => "calendar",
            Self::Settings => "settings (zones, thresholds, units, time zone)",
        }
    }
}

/// What a connection allows. An API key allows everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scopes {
    /// An API key: everything.
    All,
    /// The scopes that the consent page returned, such as `ACTIVITY:WRITE`.
    Listed(Vec<String>),
}

impl Scopes {
    /// Whether `area` may be read.
    pub fn reads(&self, area: Area) -> bool {
        self.includes(area, &["READ", "WRITE"])
    }

    /// Whether `area` may be changed.
    pub fn writes(&self, area: Area) -> bool {
        self.includes(area, &["WRITE"])
    }

    fn includes(&self, area: Area, rights: &[&str]) -> bool {
        match self {
            Self::All => true,
            Self::Listed(list) => list.iter().any(|scope| {
                scope
                    .split_once(':')
                    .is_some_and(|(name, right)| name == area.as_str() && rights.contains(&right))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_implies_read_and_nothing_else() {
        let scopes = Scopes::Listed(vec![
            "ACTIVITY:WRITE".into(),
            "WELLNESS:READ".into(),
            "CHATS:WRITE".into(),
        ]);
        assert!(scopes.reads(Area::Activity) && scopes.writes(Area::Activity));
        assert!(scopes.reads(Area::Wellness) && !scopes.writes(Area::Wellness));
        assert!(!scopes.reads(Area::Calendar) && !scopes.reads(Area::Settings));
        assert!(Area::ALL.into_iter().all(|area| Scopes::All.writes(area)));
    }
}
