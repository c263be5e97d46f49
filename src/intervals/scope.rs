//! OAuth scopes of intervals.icu: an area with READ or WRITE, where WRITE implies READ.

use std::fmt;

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
    /// Folders, plans and templates of workouts. Only those are asked for it who switch the library on.
    Library,
}

impl Area {
    /// Every area that a tool needs.
    pub const ALL: [Self; 5] = [
        Self::Activity,
        Self::Wellness,
        Self::Calendar,
        Self::Settings,
        Self::Library,
    ];
    /// The areas that everybody is asked for.
    pub const OF_EVERYBODY: [Self; 4] = [Self::Activity, Self::Wellness, Self::Calendar, Self::Settings];

    /// Upstream's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activity => "ACTIVITY",
            Self::Wellness => "WELLNESS",
            Self::Calendar => "CALENDAR",
            Self::Settings => "SETTINGS",
            Self::Library => "LIBRARY",
        }
    }

    /// For people, in one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Activity => "activities",
            Self::Wellness => "wellness",
            Self::Calendar => "calendar",
            Self::Settings => "settings",
            Self::Library => "library",
        }
    }

    /// For people, as in "you did not share your …".
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Activity => "activities",
            Self::Wellness => "wellness and fitness",
            Self::Calendar => "calendar",
            Self::Settings => "settings (zones, thresholds, units, time zone)",
            Self::Library => "workout library",
        }
    }
}

/// What a consent page is to ask for, or what was shared: each area at most once, with READ or WRITE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shared([Right; Area::ALL.len()]);

/// What may be done in an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Right {
    #[default]
    None,
    Read,
    Write,
}

impl Shared {
    /// What everybody is asked for, to read.
    pub const READ: Self = Self([Right::Read, Right::Read, Right::Read, Right::Read, Right::None]);
    /// What everybody is asked for, to change.
    pub const WRITE: Self = Self([
        Right::Write,
        Right::Write,
        Right::Write,
        Right::Write,
        Right::None,
    ]);
    /// The library, to read.
    pub const LIBRARY_READ: Self = Self([Right::None, Right::None, Right::None, Right::None, Right::Read]);
    /// The library, to change.
    pub const LIBRARY: Self = Self([Right::None, Right::None, Right::None, Right::None, Right::Write]);

    /// What these scopes share. Unknown areas are left out.
    pub fn of(scopes: &[String]) -> Self {
        let listed = Scopes::Listed(scopes.to_vec());
        Self(Area::ALL.map(|area| match area {
            _ if listed.writes(area) => Right::Write,
            _ if listed.reads(area) => Right::Read,
            _ => Right::None,
        }))
    }

    /// What either of the two shares.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut both = self;
        for (right, other) in both.0.iter_mut().zip(other.0) {
            *right = (*right).max(other);
        }
        both
    }

    /// Whether nothing is shared.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }

    /// Whether an area may be read.
    pub fn reads(self, area: Area) -> bool {
        self.right(area) >= Right::Read
    }

    /// Whether an area may be changed.
    pub fn writes(self, area: Area) -> bool {
        self.right(area) == Right::Write
    }

    /// Whether this shares everything that `other` does.
    pub fn covers(self, other: Self) -> bool {
        self.or(other) == self
    }

    /// As one letter for each area, in the order of [`Area::ALL`]: `w`, `r` or `-`.
    pub fn letters(self) -> String {
        let letter = |right| match right {
            Right::None => '-',
            Right::Read => 'r',
            Right::Write => 'w',
        };
        self.0.into_iter().map(letter).collect()
    }

    /// Reads [`Shared::letters`], also those of a browser that remembers fewer areas; None for anything else.
    pub fn of_letters(letters: &str) -> Option<Self> {
        let of_before = letters.chars().count() == Area::OF_EVERYBODY.len();
        let letters = format!("{letters}{}", if of_before { "-" } else { "" });
        let rights: Option<Vec<Right>> = letters
            .chars()
            .map(|letter| match letter {
                '-' => Some(Right::None),
                'r' => Some(Right::Read),
                'w' => Some(Right::Write),
                _ => None,
            })
            .collect();
        rights?.try_into().ok().map(Self)
    }

    fn right(self, area: Area) -> Right {
        let mut all = Area::ALL.into_iter().zip(self.0);
        all.find(|(known, _)| *known == area)
            .map_or(Right::None, |(_, right)| right)
    }
}

/// As upstream writes it: `ACTIVITY:WRITE,WELLNESS:READ`.
impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (area, right) in Area::ALL.into_iter().zip(self.0) {
            let right = match right {
                Right::None => continue,
                Right::Read => "READ",
                Right::Write => "WRITE",
            };
            write!(f, "{comma}{}:{right}", area.as_str())?;
            comma = ",";
        }
        Ok(())
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

    #[test]
    fn what_is_shared_is_joined_and_compared() {
        let texts = |texts: &[&str]| Shared::of(&texts.iter().map(ToString::to_string).collect::<Vec<_>>());
        let some = texts(&["ACTIVITY:WRITE", "SETTINGS:READ", "CHATS:WRITE"]);
        assert_eq!(some.to_string(), "ACTIVITY:WRITE,SETTINGS:READ");
        assert!(some.writes(Area::Activity) && some.reads(Area::Settings) && !some.reads(Area::Wellness));
        let joined = some.or(Shared::READ);
        assert_eq!(
            joined.to_string(),
            "ACTIVITY:WRITE,WELLNESS:READ,CALENDAR:READ,SETTINGS:READ"
        );
        assert!(joined.covers(some) && joined.covers(Shared::READ) && !some.covers(joined));
        assert!(Shared::WRITE.covers(joined) && texts(&[]).is_nothing());
        let library = Shared::WRITE.or(Shared::LIBRARY);
        assert!(library.writes(Area::Library) && !Shared::WRITE.reads(Area::Library));
        for shared in [
            some,
            joined,
            Shared::READ,
            Shared::WRITE,
            library,
            Shared::default(),
        ] {
            assert_eq!(Shared::of_letters(&shared.letters()), Some(shared));
        }
        assert_eq!(
            Shared::of_letters("wwww"),
            Some(Shared::WRITE),
            "of a browser of before"
        );
        for letters in ["", "wwww--", "www", "wxww", "WWWW", "wwwé"] {
            assert_eq!(Shared::of_letters(letters), None, "{letters}");
        }
    }
}
