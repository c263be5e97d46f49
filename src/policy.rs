//! The policy of an installation: who may come in by which way, who may change something, who may sign up. Values and decisions,
//! pure.
//!
//! [`Policy::parse`] reads the operator's file. What is known about somebody is a [`Person`]; each decision is a [`Verdict`] that
//! names the line it follows from. Where the text is kept, and where it is asked, is in `guard::policy`.

mod file;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use self::file::{MOST_BYTES, Mistake};
use crate::words::Way;

/// The claims of somebody at the identity provider: each with its values.
pub type Claims = BTreeMap<String, Vec<String>>;

/// As what somebody comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// With an account.
    Athlete,
    /// Invited by athletes.
    Coach,
}

impl Kind {
    /// The ways in that there are for them.
    pub const fn ways(self) -> &'static [Way] {
        match self {
            Self::Athlete => &[Way::Password, Way::Intervals, Way::Passkey, Way::Provider],
            Self::Coach => &[Way::Email, Way::Provider],
        }
    }

    const fn section(self) -> Section {
        match self {
            Self::Athlete => Section::Athletes,
            Self::Coach => Section::Coaches,
        }
    }
}

/// What the policy looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// As what they come.
    pub kind: Kind,
    /// The key of the confirmed address.
    pub address: Option<String>,
    /// The id at intervals.icu.
    pub athlete_id: Option<String>,
    /// The ways in that they have.
    pub ways: Vec<Way>,
    /// What the provider last said about them; empty without an identity.
    pub claims: Claims,
}

impl Person {
    /// Somebody about whom nothing is known.
    pub fn unknown(kind: Kind) -> Self {
        Self {
            kind,
            address: None,
            athlete_id: None,
            ways: Vec::new(),
            claims: Claims::new(),
        }
    }
}

/// The rules of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    rules: Vec<Rule>,
    /// The claim that `group` is about.
    groups_claim: String,
}

/// One rule, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The number of its line, from 1.
    pub line: usize,
    says: Says,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Says {
    Ways(Vec<Way>),
    Links(bool),
    SignUp(bool),
    Allow(Section, Matcher),
}

/// A list of lines of which one has to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Who comes in as an athlete.
    Athletes,
    /// Who comes in as a coach.
    Coaches,
    /// Who may change something.
    Writing,
}

impl Section {
    /// All of them, in the order of the docs.
    pub const ALL: [Self; 3] = [Self::Athletes, Self::Coaches, Self::Writing];

    /// The word with which its lines begin.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Athletes => "athletes",
            Self::Coaches => "coaches",
            Self::Writing => "writing",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Matcher {
    Anyone,
    Nobody,
    /// The key of an address.
    Address(String),
    /// The key of a domain, without those below it.
    Domain(String),
    Athlete(String),
    Claim {
        name: String,
        value: String,
    },
    Group(String),
}

/// A decision, and what it follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict<'p> {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why.
    pub by: By<'p>,
}

/// What a decision follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By<'p> {
    /// This line.
    Rule(&'p Rule),
    /// The section has lines, and none of them matches.
    NoLine(Section),
    /// No line says anything about it.
    Default,
    /// The person has none of the ways in that the policy allows.
    NoWay(&'p Rule),
}

impl std::fmt::Display for By<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rule(rule) => write!(f, "line {}: {rule}", rule.line),
            Self::NoLine(section) => write!(f, "no line of {} matches", section.word()),
            Self::Default => f.write_str("no line says otherwise"),
            Self::NoWay(rule) => write!(f, "has none of these ways in, line {}: {rule}", rule.line),
        }
    }
}

/// What counts where no line says otherwise.
const fn default(allowed: bool) -> Verdict<'static> {
    Verdict {
        allowed,
        by: By::Default,
    }
}

impl Policy {
    /// The policy of an installation without one: everything as the settings say.
    pub fn none() -> Self {
        Self {
            rules: Vec::new(),
            groups_claim: String::new(),
        }
    }

    /// Whether it has no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether somebody may come in: by `way`, or without one, by any way that they have.
    pub fn lets_in(&self, person: &Person, way: Option<Way>) -> Verdict<'_> {
        let by_way = match way {
            Some(way) => self.allows(way),
            None => self.allows_one_of(&person.ways),
        };
        if by_way.allowed {
            self.matched(person.kind.section(), person)
        } else {
            by_way
        }
    }

    /// Whether somebody who is let in may change something.
    pub fn lets_write(&self, person: &Person) -> Verdict<'_> {
        self.matched(Section::Writing, person)
    }

    /// Whether somebody may make an account by `way`; `by_default` is what the settings say.
    pub fn lets_sign_up(&self, person: &Person, way: Way, by_default: bool) -> Verdict<'_> {
        let open = self.sign_up(by_default);
        if open.allowed {
            self.lets_in(person, Some(way))
        } else {
            open
        }
    }

    /// Whether there are sign-ups at all; `by_default` is what the settings say.
    pub fn sign_up(&self, by_default: bool) -> Verdict<'_> {
        let said = self.rules.iter().find_map(|rule| match rule.says {
            Says::SignUp(open) => Some(rule.verdict(open)),
            _ => None,
        });
        said.unwrap_or_else(|| default(by_default))
    }

    /// Whether this way in is allowed.
    pub fn allows(&self, way: Way) -> Verdict<'_> {
        self.allows_one(|rule, ways| rule.verdict(ways.contains(&way)))
    }

    fn allows_one_of(&self, had: &[Way]) -> Verdict<'_> {
        self.allows_one(|rule, ways| {
            if ways.iter().any(|way| had.contains(way)) {
                rule.verdict(true)
            } else {
                Verdict {
                    allowed: false,
                    by: By::NoWay(rule),
                }
            }
        })
    }

    fn allows_one<'p>(&'p self, decide: impl Fn(&'p Rule, &'p [Way]) -> Verdict<'p>) -> Verdict<'p> {
        let said = self.rules.iter().find_map(|rule| match &rule.says {
            Says::Ways(ways) => Some(decide(rule, ways)),
            _ => None,
        });
        said.unwrap_or_else(|| default(true))
    }

    /// Whether it names the ways in, so that one that is not known is none of them.
    pub fn names_ways(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.says, Says::Ways(_)))
    }

    /// Whether connector URLs are used.
    pub fn has_links(&self) -> bool {
        self.rules.iter().all(|rule| rule.says != Says::Links(false))
    }

    /// Whether an address alone can let an athlete in.
    pub fn lets_addresses_in(&self) -> bool {
        let mut lines = self.lines(Section::Athletes).peekable();
        lines.peek().is_none()
            || lines.any(|(_, matcher)| {
                matches!(
                    matcher,
                    Matcher::Anyone | Matcher::Address(_) | Matcher::Domain(_)
                )
            })
    }

    /// The claims that its rules use.
    pub fn claims(&self) -> BTreeSet<&str> {
        let claims = self.rules.iter().filter_map(|rule| match &rule.says {
            Says::Allow(_, Matcher::Claim { name, .. }) => Some(name.as_str()),
            Says::Allow(_, Matcher::Group(_)) => Some(self.groups_claim.as_str()),
            _ => None,
        });
        claims.collect()
    }

    /// Whether it can only be kept with an identity provider.
    pub fn needs_provider(&self) -> bool {
        self.line_with(Way::Provider).is_some()
    }

    /// The first line that has a meaning only if this way in is set up.
    pub fn line_with(&self, way: Way) -> Option<&Rule> {
        self.rules.iter().find(|rule| match &rule.says {
            Says::Ways(ways) => ways.contains(&way),
            Says::Allow(_, Matcher::Claim { .. } | Matcher::Group(_)) => way == Way::Provider,
            _ => false,
        })
    }

    /// How many lines a section has.
    pub fn count(&self, section: Section) -> usize {
        self.lines(section).count()
    }

    /// The first line of a section that matches, or what else decides.
    fn matched(&self, section: Section, person: &Person) -> Verdict<'_> {
        let mut lines = self.lines(section).peekable();
        if lines.peek().is_none() {
            return default(true);
        }
        let none = Verdict {
            allowed: false,
            by: By::NoLine(section),
        };
        let first = lines.find(|(_, matcher)| self.matches(matcher, person));
        first.map_or(none, |(rule, _)| rule.verdict(true))
    }

    fn lines(&self, section: Section) -> impl Iterator<Item = (&Rule, &Matcher)> {
        self.rules.iter().filter_map(move |rule| match &rule.says {
            Says::Allow(of, matcher) if *of == section => Some((rule, matcher)),
            _ => None,
        })
    }

    fn matches(&self, matcher: &Matcher, person: &Person) -> bool {
        let address = person.address.as_deref();
        let has = |name: &str, value: &String| {
            let values = person.claims.get(name);
            values.is_some_and(|values| values.contains(value))
        };
        match matcher {
            Matcher::Anyone => true,
            Matcher::Nobody => false,
            Matcher::Address(key) => address == Some(key),
            Matcher::Domain(domain) => address
                .and_then(|address| address.rsplit_once('@'))
                .is_some_and(|(_, of)| of == domain),
            Matcher::Athlete(id) => person.athlete_id.as_ref() == Some(id),
            Matcher::Claim { name, value } => has(name, value),
            Matcher::Group(value) => has(&self.groups_claim, value),
        }
    }
}

impl Rule {
    fn verdict(&self, allowed: bool) -> Verdict<'_> {
        Verdict {
            allowed,
            by: By::Rule(self),
        }
    }
}
