//! Who gets in: scopes, codes and bearer tokens of the one OAuth application that the simulator knows.
//!
//! State and rules; the pages and the token endpoint are in `oauth`.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Duration, Utc};

use super::{
    dice::Dice,
    people::{PEOPLE, Person},
};

/// How long a code can be exchanged.
const CODE_LIFE: Duration = Duration::minutes(2);

/// A part of an account, in the order of upstream's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Area {
    Activity,
    Wellness,
    Calendar,
    Chats,
    Library,
    Settings,
}

impl Area {
    const ALL: [Self; 6] = [
        Self::Activity,
        Self::Wellness,
        Self::Calendar,
        Self::Chats,
        Self::Library,
        Self::Settings,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Activity => "ACTIVITY",
            Self::Wellness => "WELLNESS",
            Self::Calendar => "CALENDAR",
            Self::Chats => "CHATS",
            Self::Library => "LIBRARY",
            Self::Settings => "SETTINGS",
        }
    }
}

/// One area, to read or to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) area: Area,
    pub(super) write: bool,
}

impl Scope {
    /// Whether it allows `needed`: the right to write includes the right to read.
    pub(super) fn covers(self, needed: Self) -> bool {
        self.area == needed.area && (self.write || !needed.write)
    }

    /// The same area, only to read.
    pub(super) const fn to_read(self) -> Self {
        Self { write: false, ..self }
    }

    /// `ACTIVITY:WRITE`.
    pub(super) fn text(self) -> String {
        format!(
            "{}:{}",
            self.area.as_str(),
            if self.write { "WRITE" } else { "READ" }
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let (name, right) = text.split_once(':')?;
        let area = Area::ALL.into_iter().find(|area| area.as_str() == name)?;
        let write = match right {
            "READ" => false,
            "WRITE" => true,
            _ => return None,
        };
        Some(Self { area, write })
    }
}

/// Scopes by comma; the same area twice or an unknown one is refused with upstream's words.
pub(super) fn parse_scopes(text: &str) -> Result<Vec<Scope>, String> {
    let mut scopes: Vec<Scope> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let scope = Scope::parse(part).ok_or_else(|| format!("Invalid scope [{part}]"))?;
        if scopes.iter().any(|other| other.area == scope.area) {
            return Err("Duplicate scope".to_owned());
        }
        scopes.push(scope);
    }
    if scopes.is_empty() {
        Err("Missing scope".to_owned())
    } else {
        Ok(scopes)
    }
}

/// `ACTIVITY:WRITE,SETTINGS:READ`.
pub(super) fn scope_text(scopes: &[Scope]) -> String {
    scopes
        .iter()
        .map(|scope| scope.text())
        .collect::<Vec<_>>()
        .join(",")
}

#[derive(Debug)]
struct Code {
    person: &'static Person,
    scopes: Vec<Scope>,
    issued: DateTime<Utc>,
}

/// Everything that was handed out.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    codes: HashMap<String, Code>,
    /// The newest scopes by athlete id; they apply to older tokens too.
    grants: HashMap<&'static str, Vec<Scope>>,
    /// Tokens seen or minted, by athlete id.
    known: HashMap<&'static str, HashSet<String>>,
    revoked: HashSet<String>,
    counter: u64,
}

/// 16 bytes as 32 hex digits. A token contains whose it is and what it is for, under a checksum, so that it outlives a restart of
/// the simulator as a real one outlives ours: person, scopes, counter, time, checksum.
fn mint(person: &Person, scopes: &[Scope], counter: u64, now: DateTime<Utc>) -> String {
    let bits = Area::ALL.iter().rev().fold(0_u64, |bits, area| {
        let held = scopes.iter().find(|scope| scope.area == *area);
        bits << 2 | held.map_or(0, |scope| if scope.write { 2 } else { 1 })
    });
    let time = now.timestamp_millis().unsigned_abs() & 0xff_ffff_ffff;
    let high = u64::from(person.number) << 56 | bits << 44 | (counter & 0xf) << 40 | time;
    format!("{high:016x}{:016x}", checksum(high, counter >> 4))
}

/// The counter's upper part rides in the checksum's lowest byte.
fn checksum(high: u64, extra: u64) -> u64 {
    let extra = extra & 0xff;
    (Dice::of(&[high, extra, 0x1C0_5EED]).bits() & !0xff) | extra
}

fn read(token: &str) -> Option<(&'static Person, Vec<Scope>)> {
    if token.len() != 32 || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let (high, low) = token.split_at(16);
    let (high, low) = (
        u64::from_str_radix(high, 16).ok()?,
        u64::from_str_radix(low, 16).ok()?,
    );
    if checksum(high, low) != low {
        return None;
    }
    let person = PEOPLE
        .iter()
        .find(|person| u64::from(person.number) == high >> 56)?;
    let scopes = Area::ALL
        .into_iter()
        .enumerate()
        .filter_map(|(n, area)| match high >> 44 >> (2 * n) & 3 {
            1 => Some(Scope { area, write: false }),
            2 => Some(Scope { area, write: true }),
            _ => None,
        });
    Some((person, scopes.collect()))
}

/// What the fixed tokens may do.
fn fixed_scopes() -> Vec<Scope> {
    let areas = [Area::Activity, Area::Wellness, Area::Calendar, Area::Settings];
    areas.map(|area| Scope { area, write: true }).into()
}

impl Tokens {
    /// A code for what `person` allowed, 32 hex digits.
    pub(super) fn issue_code(
        &mut self,
        person: &'static Person,
        scopes: Vec<Scope>,
        now: DateTime<Utc>,
    ) -> String {
        self.counter += 1;
        let part = |n| Dice::of(&[self.counter, now.timestamp_micros().unsigned_abs(), n]).bits();
        let code = format!("{:016x}{:016x}", part(1), part(2));
        self.codes.retain(|_, code| now - code.issued <= CODE_LIFE);
        self.codes.insert(
            code.clone(),
            Code {
                person,
                scopes,
                issued: now,
            },
        );
        code
    }

    /// The token for a code: once, and within two minutes.
    pub(super) fn exchange(
        &mut self,
        code: &str,
        now: DateTime<Utc>,
    ) -> Option<(String, &'static Person, Vec<Scope>)> {
        let Code {
            person,
            scopes,
            issued,
        } = self.codes.remove(code)?;
        if now - issued > CODE_LIFE {
            return None;
        }
        self.counter += 1;
        let token = mint(person, &scopes, self.counter, now);
        self.revoked.remove(&token);
        self.known
            .entry(person.athlete_id)
            .or_default()
            .insert(token.clone());
        self.grants.insert(person.athlete_id, scopes.clone());
        Some((token, person, scopes))
    }

    /// Whose token it is and what it may do now.
    pub(super) fn holder(&mut self, token: &str) -> Option<(&'static Person, Vec<Scope>)> {
        if self.revoked.contains(token) {
            return None;
        }
        let fixed = PEOPLE
            .iter()
            .find(|person| person.token == token)
            .map(|person| (person, fixed_scopes()));
        let (person, scopes) = fixed.or_else(|| read(token))?;
        self.known
            .entry(person.athlete_id)
            .or_default()
            .insert(token.to_owned());
        Some((
            person,
            self.grants.get(person.athlete_id).cloned().unwrap_or(scopes),
        ))
    }

    /// What the person allows from now on.
    pub(super) fn grant(&mut self, person: &'static Person, scopes: Vec<Scope>) {
        self.grants.insert(person.athlete_id, scopes);
    }

    /// Makes the token unknown.
    pub(super) fn revoke(&mut self, token: &str) {
        self.revoked.insert(token.to_owned());
    }

    /// Ends the application's connection to a person: every token of it becomes unknown.
    pub(super) fn disconnect(&mut self, person: &'static Person) {
        self.grants.remove(person.athlete_id);
        self.revoke(person.token);
        self.revoked
            .extend(self.known.remove(person.athlete_id).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn scopes_are_read_strictly() {
        assert_eq!(
            scope_text(&parse_scopes("ACTIVITY:WRITE, SETTINGS:READ").unwrap()),
            "ACTIVITY:WRITE,SETTINGS:READ"
        );
        assert_eq!(
            parse_scopes("ACTIVITY:READ,ACTIVITY:WRITE").unwrap_err(),
            "Duplicate scope"
        );
        assert_eq!(
            parse_scopes("activity:read").unwrap_err(),
            "Invalid scope [activity:read]"
        );
        assert_eq!(
            parse_scopes("ATHLETE:READ").unwrap_err(),
            "Invalid scope [ATHLETE:READ]"
        );
        assert_eq!(parse_scopes("").unwrap_err(), "Missing scope");
    }

    #[test]
    fn a_code_works_once_and_for_two_minutes() {
        let mut tokens = Tokens::default();
        let scopes = parse_scopes("WELLNESS:READ").unwrap();
        let code = tokens.issue_code(&PEOPLE[0], scopes.clone(), at(0));
        assert_eq!(code.len(), 32);
        assert!(tokens.exchange(&code, at(120)).is_some());
        assert!(tokens.exchange(&code, at(120)).is_none(), "twice");
        let code = tokens.issue_code(&PEOPLE[0], scopes, at(200));
        assert!(tokens.exchange(&code, at(321)).is_none(), "late");
    }

    #[test]
    fn tokens_outlive_the_process_and_take_the_newest_scopes() {
        let mut tokens = Tokens::default();
        let mut connect = |text: &str| {
            let code = tokens.issue_code(&PEOPLE[1], parse_scopes(text).unwrap(), at(0));
            tokens.exchange(&code, at(1)).unwrap().0
        };
        let (old, new) = (connect("ACTIVITY:WRITE,CHATS:READ"), connect("WELLNESS:READ"));
        assert_ne!(old, new);
        let (person, scopes) = tokens.holder(&old).unwrap();
        assert_eq!(
            (person.slug, scope_text(&scopes).as_str()),
            ("jack", "WELLNESS:READ")
        );
        let (person, scopes) = Tokens::default().holder(&old).unwrap();
        assert_eq!(
            (person.slug, scope_text(&scopes).as_str()),
            ("jack", "ACTIVITY:WRITE,CHATS:READ")
        );
    }

    #[test]
    fn forged_and_revoked_tokens_are_unknown() {
        let mut tokens = Tokens::default();
        let code = tokens.issue_code(&PEOPLE[0], parse_scopes("ACTIVITY:READ").unwrap(), at(0));
        let token = tokens.exchange(&code, at(1)).unwrap().0;
        let forged = format!("02{}", &token[2..]);
        assert!(tokens.holder(&forged).is_none());
        assert!(tokens.holder("ffffffffffffffffffffffffffffffff").is_none());
        assert!(tokens.holder("é").is_none());
        tokens.revoke(&token);
        assert!(tokens.holder(&token).is_none() && tokens.holder(PEOPLE[0].token).is_some());
        tokens.disconnect(&PEOPLE[0]);
        assert!(tokens.holder(PEOPLE[0].token).is_none());
        assert!(PEOPLE.iter().all(|person| person.token.len() == 32));
    }
}
