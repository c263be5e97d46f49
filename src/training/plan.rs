//! Which activity did which planned workout.
//!
//! A pairing by intervals.icu or the athlete always counts. The rest is matched by day and family of sports (a VirtualRide for
//! a planned Ride): what has the plan's name first; then the greatest for a race, and for a workout the same sport, the nearest
//! duration first. An activity does only one workout, and so does a session that was recorded twice; but a race and a workout
//! of its sport that day are one session, so that one activity may do both.

use std::{cmp::Ordering, collections::HashMap};

use chrono::NaiveDate;

use super::sports::family;
use crate::text::names::words_of_title;

/// How many workouts, and how many activities, of one day are compared with each other.
const MOST_A_DAY: usize = 50;
/// An activity also does a plan that is at most this many times as long, or as short.
const ALIKE: f64 = 2.0;
/// What names an activity before or after a race.
const ASIDE: [&str; 8] = [
    "warmup",
    "wu",
    "cooldown",
    "cd",
    "einlaufen",
    "auslaufen",
    "einrollen",
    "ausrollen",
];

/// A workout or race on the calendar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned<'a> {
    /// Event id.
    pub id: Option<i64>,
    /// The day it is planned for.
    pub day: NaiveDate,
    /// Its sport.
    pub sport: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Whether it is a race.
    pub is_race: bool,
    /// s, planned.
    pub secs: Option<f64>,
    /// The paired activity.
    pub activity: Option<&'a str>,
}

/// An activity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done<'a> {
    /// Activity id.
    pub id: &'a str,
    /// The day on which it began.
    pub day: NaiveDate,
    /// Its sport; empty if it is closed by Strava.
    pub sport: &'a str,
    /// Its name.
    pub name: &'a str,
    /// s, moving.
    pub secs: Option<f64>,
    /// Its training load.
    pub load: Option<f64>,
    /// The paired event.
    pub event: Option<i64>,
}

/// How an activity belongs to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MatchedBy {
    /// intervals.icu or the athlete paired them.
    Paired,
    /// Same day and sport family.
    SameDay,
    /// Same day and sport family, and it also did the race of this workout's day, or the workout of this race's.
    Shared,
}

type Tie = Option<(usize, MatchedBy)>;

/// For each planned workout or race, the index of the activity that did it, if any. `twins` are the indices of activities that
/// are recordings of one session: unless both are paired, only one of them does a plan. The order of the rows does not matter.
///
/// Without a pairing, only fifty workouts and fifty activities of a day are compared, so that a calendar filled by a program
/// costs no more than one kept by people.
pub(crate) fn matched(planned: &[Planned<'_>], done: &[Done<'_>], twins: &[(usize, usize)]) -> Vec<Tie> {
    let (mut plans, mut dones): (Vec<usize>, Vec<usize>) =
        ((0..planned.len()).collect(), (0..done.len()).collect());
    plans.sort_by_key(|which| planned[*which].id);
    dones.sort_by_key(|at| done[*at].id);
    let mut ties = paired((planned, &plans), (done, &dones));
    let mut taken = Taken::new(done.len(), twins);
    for (which, tie) in ties.iter().enumerate() {
        if let Some((at, _)) = tie {
            taken.take(*at, which);
        }
    }
    let mut days: HashMap<NaiveDate, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for which in plans {
        let plan = &planned[which];
        let (plans, _) = days.entry(plan.day).or_default();
        if ties[which].is_none()
            && plan.activity.is_none()
            && !plan.sport.is_empty()
            && plans.len() < MOST_A_DAY
        {
            plans.push(which);
        }
    }
    for at in dones {
        let is_free = !taken.has(at) && done[at].event.is_none();
        if let Some((_, dones)) = days.get_mut(&done[at].day)
            && (is_free || taken.by(at).next().is_some())
            && dones.len() < MOST_A_DAY
        {
            dones.push(at);
        }
    }
    for (plans, dones) in days.into_values() {
        match_day((planned, &plans), (done, &dones), &mut ties, &mut taken);
    }
    ties
}

/// The pairings, in the order of the given indices.
fn paired((planned, plans): (&[Planned<'_>], &[usize]), (done, dones): (&[Done<'_>], &[usize])) -> Vec<Tie> {
    let mut ties = vec![None; planned.len()];
    let mut paired = vec![false; done.len()];
    let (mut by_id, mut by_event) = (HashMap::new(), HashMap::new());
    // In reverse, so that the first one is popped first.
    for &at in dones.iter().rev() {
        by_id.entry(done[at].id).or_insert_with(Vec::new).push(at);
        if let Some(event) = done[at].event {
            by_event.entry(event).or_insert_with(Vec::new).push(at);
        }
    }
    for &which in plans {
        let plan = &planned[which];
        let named = plan.activity.and_then(|id| by_id.get_mut(id));
        let naming = plan.id.and_then(|id| by_event.get_mut(&id));
        let found = first_free(named, &paired).or_else(|| first_free(naming, &paired));
        if let Some(at) = found {
            paired[at] = true;
            ties[which] = Some((at, MatchedBy::Paired));
        }
    }
    ties
}

/// Which activities did a plan, or are recordings of a session that did.
struct Taken {
    used: Vec<bool>,
    twins: HashMap<usize, Vec<usize>>,
    /// The plans that an activity did.
    by: HashMap<usize, Vec<usize>>,
}

impl Taken {
    fn new(count: usize, pairs: &[(usize, usize)]) -> Self {
        let mut twins: HashMap<usize, Vec<usize>> = HashMap::new();
        for &(a, b) in pairs {
            twins.entry(a).or_default().push(b);
            twins.entry(b).or_default().push(a);
        }
        Self {
            used: vec![false; count],
            twins,
            by: HashMap::new(),
        }
    }

    fn has(&self, at: usize) -> bool {
        self.used[at]
    }

    /// The plans that it did.
    fn by(&self, at: usize) -> impl Iterator<Item = usize> {
        self.by.get(&at).into_iter().flatten().copied()
    }

    fn take(&mut self, at: usize, plan: usize) {
        self.by.entry(at).or_default().push(plan);
        self.used[at] = true;
        for twin in self.twins.get(&at).into_iter().flatten() {
            self.used[*twin] = true;
        }
    }
}

/// The first index that is not taken; `places` has them in reverse.
fn first_free(places: Option<&mut Vec<usize>>, taken: &[bool]) -> Option<usize> {
    let places = places?;
    while let Some(at) = places.pop() {
        if !taken[at] {
            return Some(at);
        }
    }
    None
}

/// How well an activity fits a plan; the least fits best.
#[derive(Debug, Clone, Copy)]
struct Fit {
    name: Name,
    is_workout: bool,
    then: [f64; 2],
}

impl Fit {
    fn of(plan: &Planned<'_>, one: &Done<'_>, name: Name, by_load: bool) -> Self {
        let other_sport = f64::from(u8::from(plan.sport != one.sport));
        let then = if plan.is_race {
            let size = if by_load { one.load } else { one.secs };
            [-size.unwrap_or(0.0), other_sport]
        } else {
            [other_sport, apart(plan.secs, one.secs)]
        };
        Self {
            name,
            is_workout: !plan.is_race,
            then,
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let first = (self.name, self.is_workout).cmp(&(other.name, other.is_workout));
        let then = self.then.iter().zip(&other.then);
        then.fold(first, |order, (a, b)| order.then(a.total_cmp(b)))
    }
}

/// What an activity's name says about a plan's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Same,
    Contained,
    Other,
    /// Of something before or after the race.
    Aside,
}

impl Name {
    fn of(plan: &[String], is_race: bool, one: &[String]) -> Self {
        let whole = |words: &[String]| words.concat();
        let (planned, done) = (whole(plan), whole(one));
        if !planned.is_empty() && planned == done {
            Self::Same
        } else if is_race && is_aside(one) && !is_aside(plan) {
            Self::Aside
        } else if is_within(&planned, one) || is_within(&done, plan) {
            Self::Contained
        } else {
            Self::Other
        }
    }
}

fn is_aside(name: &[String]) -> bool {
    ASIDE.iter().any(|aside| is_within(aside, name))
}

/// Whether some of the words that follow each other are this text, spaces aside.
fn is_within(text: &str, words: &[String]) -> bool {
    let from = |at: usize| {
        let mut rest = text;
        for word in &words[at..] {
            match rest.strip_prefix(word.as_str()) {
                Some("") => return true,
                Some(after) => rest = after,
                None => return false,
            }
        }
        false
    };
    !text.is_empty() && (0..words.len()).any(from)
}

/// Matches the rest of one day.
fn match_day(
    (planned, plans): (&[Planned<'_>], &[usize]),
    (done, dones): (&[Done<'_>], &[usize]),
    ties: &mut [Tie],
    taken: &mut Taken,
) {
    if plans.is_empty() || dones.is_empty() {
        return;
    }
    let names: Vec<Vec<String>> = dones.iter().map(|at| words_of_title(done[*at].name)).collect();
    let mut fits: Vec<(Fit, usize, usize)> = Vec::new();
    for &which in plans {
        let plan = &planned[which];
        let name = words_of_title(plan.name);
        let of_family = || {
            let all = dones.iter().zip(&names);
            all.filter(|(at, _)| family(done[**at].sport) == family(plan.sport))
        };
        let by_load = of_family().all(|(at, _)| done[*at].load.is_some_and(|load| load > 0.0));
        fits.extend(of_family().map(|(at, other)| {
            let name = Name::of(&name, plan.is_race, other);
            (Fit::of(plan, &done[*at], name, by_load), which, *at)
        }));
    }
    // Stable, so that the order of the indices decides between equals.
    fits.sort_by(|a, b| a.0.cmp(&b.0));
    for (fit, which, at) in fits {
        if ties[which].is_some() {
            continue;
        }
        let how = if !taken.has(at) {
            MatchedBy::SameDay
        } else if may_share(planned, which, &done[at], fit.name, taken.by(at)) {
            MatchedBy::Shared
        } else {
            continue;
        };
        taken.take(at, which);
        ties[which] = Some((at, how));
    }
}

/// Whether the activity that did these plans did this one as well: they are a race and a workout of its sport, of one day, and
/// it has this one's name or is about as long.
fn may_share(
    planned: &[Planned<'_>],
    which: usize,
    one: &Done<'_>,
    name: Name,
    mut by: impl Iterator<Item = usize>,
) -> bool {
    let plan = &planned[which];
    let is_beside = |other: &Planned<'_>| {
        other.is_race != plan.is_race && other.day == plan.day && family(other.sport) == family(plan.sport)
    };
    let is_alike = match (plan.secs, one.secs) {
        (Some(a), Some(b)) => a.max(b) <= ALIKE * a.min(b),
        _ => true,
    };
    // One that only was recorded beside another did no plan of its own.
    let first = by.next();
    first.is_some_and(|first| is_beside(&planned[first]) && by.all(|other| is_beside(&planned[other])))
        && (name <= Name::Contained || is_alike)
}

/// Seconds between two durations; f64::MAX if one is unknown.
fn apart(a: Option<f64>, b: Option<f64>) -> f64 {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs(),
        _ => f64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, number).unwrap()
    }

    fn plan(id: i64, on: u32, sport: &'static str, minutes: f64) -> Planned<'static> {
        Planned {
            id: Some(id),
            day: day(on),
            sport,
            name: "",
            is_race: false,
            secs: Some(minutes * 60.0),
            activity: None,
        }
    }

    fn did(id: &'static str, on: u32, sport: &'static str, minutes: f64) -> Done<'static> {
        Done {
            id,
            day: day(on),
            sport,
            name: "",
            secs: Some(minutes * 60.0),
            load: None,
            event: None,
        }
    }

    #[test]
    fn a_pairing_wins_whatever_the_day_and_sport() {
        let plans = [plan(1, 16, "Ride", 60.0), plan(2, 17, "Ride", 60.0)];
        let dones = [
            Done {
                event: Some(1),
                ..did("a", 17, "Run", 20.0)
            },
            did("b", 17, "Ride", 60.0),
        ];
        assert_eq!(
            matched(&plans, &dones, &[]),
            [Some((0, MatchedBy::Paired)), Some((1, MatchedBy::SameDay))]
        );
        let plans = [Planned {
            activity: Some("b"),
            ..plan(1, 3, "Swim", 60.0)
        }];
        assert_eq!(matched(&plans, &dones, &[]), [Some((1, MatchedBy::Paired))]);
        let gone = [Planned {
            activity: Some("elsewhere"),
            ..plan(1, 17, "Ride", 60.0)
        }];
        assert_eq!(matched(&gone, &dones[1..], &[]), [None]);
    }

    #[test]
    fn a_day_filled_by_a_program_costs_little_and_pairings_still_count() {
        let plans: Vec<Planned<'_>> = (0..20_000).map(|id| plan(id, 16, "Ride", 60.0)).collect();
        let mut dones = vec![did("a", 16, "Ride", 60.0); 20_000];
        dones[19_999].event = Some(19_999);
        let ties = matched(&plans, &dones, &[]);
        assert_eq!(ties[0], Some((0, MatchedBy::SameDay)));
        assert_eq!(ties[19_999], Some((19_999, MatchedBy::Paired)));
        assert_eq!(ties.iter().flatten().count(), MOST_A_DAY + 1);
    }

    #[test]
    fn a_family_matches_and_one_activity_does_one_workout() {
        let plans = [
            plan(1, 16, "Ride", 60.0),
            plan(2, 16, "Ride", 180.0),
            plan(3, 16, "Run", 30.0),
        ];
        let one = [did("a", 16, "VirtualRide", 170.0)];
        assert_eq!(
            matched(&plans, &one, &[]),
            [None, Some((0, MatchedBy::SameDay)), None]
        );
        let exact_first = [did("a", 16, "VirtualRide", 60.0), did("b", 16, "Ride", 300.0)];
        assert_eq!(
            matched(&plans[..1], &exact_first, &[]),
            [Some((1, MatchedBy::SameDay))],
            "the same sport before the family"
        );
        let next_day = [did("a", 17, "Ride", 60.0)];
        assert_eq!(matched(&plans[..1], &next_day, &[]), [None]);
        let of_another = [Done {
            event: Some(99),
            ..did("a", 16, "Ride", 60.0)
        }];
        assert_eq!(matched(&plans[..1], &of_another, &[]), [None]);
        assert_eq!(
            matched(&[plan(1, 16, "", 60.0)], &[did("a", 16, "", 60.0)], &[]),
            [None]
        );
    }

    #[test]
    fn a_session_that_was_recorded_twice_does_one_workout() {
        let plans = [plan(1, 16, "Ride", 60.0), plan(2, 16, "Ride", 59.0)];
        let twice = [did("a", 16, "VirtualRide", 60.0), did("b", 16, "Ride", 59.0)];
        assert_eq!(
            matched(&plans, &twice, &[(0, 1)]),
            [None, Some((1, MatchedBy::SameDay))]
        );
        let paired = Planned {
            activity: Some("a"),
            ..plans[0]
        };
        let by_pairing = Some((0, MatchedBy::Paired));
        assert_eq!(
            matched(&[paired, plans[1]], &twice, &[(0, 1)]),
            [by_pairing, None]
        );
        let both = Planned {
            activity: Some("b"),
            ..plans[1]
        };
        assert_eq!(
            matched(&[paired, both], &twice, &[(0, 1)]),
            [by_pairing, Some((1, MatchedBy::Paired))],
            "a pairing always counts"
        );
        let third = [twice[0], twice[1], did("c", 16, "Ride", 20.0)];
        assert_eq!(
            matched(&[paired, plans[1]], &third, &[(0, 1)]),
            [by_pairing, Some((2, MatchedBy::SameDay))]
        );
    }

    #[test]
    fn a_name_comes_first_and_a_race_is_no_warm_up() {
        let named = |plan: Planned<'static>, name| Planned { name, ..plan };
        let called = |one: Done<'static>, name| Done { name, ..one };
        let race = |name| Planned {
            is_race: true,
            ..named(plan(1, 16, "Run", 90.0), name)
        };
        let plans = [
            named(plan(1, 16, "Run", 60.0), "Easy"),
            named(plan(2, 16, "Run", 60.0), "VO2 max  Intervalle"),
        ];
        let one = [called(did("a", 16, "TrailRun", 61.0), "Zwift: vo2max intervallé")];
        assert_eq!(matched(&plans, &one, &[]), [None, Some((0, MatchedBy::SameDay))]);
        let lap = did("a", 16, "Run", 90.0);
        for (name, dones, at) in [
            (
                "Gran Fondo",
                vec![
                    called(lap, "to the start"),
                    called(did("b", 16, "Run", 180.0), "gran-fondo"),
                ],
                1,
            ),
            (
                "City Half",
                vec![
                    called(lap, "City Half warm up"),
                    called(did("b", 16, "Run", 30.0), "Morning"),
                ],
                1,
            ),
            ("City Half", vec![lap, did("b", 16, "Run", 91.0)], 1),
            (
                "5k",
                vec![
                    Done {
                        load: Some(20.0),
                        ..did("a", 16, "Run", 40.0)
                    },
                    Done {
                        load: Some(25.0),
                        ..did("b", 16, "Run", 18.0)
                    },
                ],
                1,
            ),
            ("5k", vec![called(lap, "Warm-up")], 0),
            (
                "Warm-up race",
                vec![called(did("a", 16, "Run", 10.0), "Warm-up race"), lap],
                0,
            ),
        ] {
            assert_eq!(
                matched(&[race(name)], &dones, &[]),
                [Some((at, MatchedBy::SameDay))],
                "{name}"
            );
        }
        assert!(!is_within("plan1", &words_of_title("Plan 12")) && !is_within("", &[]));
    }

    #[test]
    fn a_race_and_a_workout_of_its_sport_are_one_session() {
        let race = Planned {
            is_race: true,
            ..plan(2, 16, "Run", 90.0)
        };
        let plans = [plan(1, 16, "TrailRun", 80.0), race, plan(3, 16, "Ride", 80.0)];
        let one = did("a", 16, "Run", 92.0);
        let (same, shared) = (Some((0, MatchedBy::SameDay)), Some((0, MatchedBy::Shared)));
        let paired = Some((0, MatchedBy::Paired));
        assert_eq!(matched(&plans, &[one], &[]), [shared, same, None]);
        for (event, ties) in [
            (1, [paired, shared, None]),
            (2, [shared, paired, None]),
            (3, [None, None, paired]),
        ] {
            let one = Done {
                event: Some(event),
                ..one
            };
            assert_eq!(matched(&plans, &[one], &[]), ties, "{event}");
        }
        // What is much shorter was not the race as well, and one activity does one race and one workout.
        let openers = Done {
            event: Some(1),
            ..did("a", 16, "Run", 20.0)
        };
        assert_eq!(matched(&plans, &[openers], &[]), [paired, None, None]);
        let two = [plans[0], plans[0], race, race];
        let ties = matched(&two, &[one], &[]);
        assert_eq!(ties.iter().flatten().count(), 2, "{ties:?}");
        // The warm-up beside it is not the race.
        let dones = [
            Done {
                event: Some(1),
                ..one
            },
            did("b", 16, "Run", 10.0),
        ];
        assert_eq!(matched(&plans, &dones, &[]), [paired, shared, None]);
    }

    proptest! {
        #[test]
        fn an_activity_does_one_workout_and_one_race_at_most_whatever_the_order_of_the_rows(
            plans in prop::collection::vec((1_u32..4, 0_usize..4, 1.0..300.0_f64, 0_usize..4, any::<bool>(), 0_usize..30), 0..10),
            dones in prop::collection::vec((1_u32..4, 0_usize..4, 1.0..300.0_f64, 0_usize..4, prop::option::of(0_i64..9)), 0..10),
            turn in 0_usize..10,
        ) {
            const SPORTS: [&str; 4] = ["Ride", "VirtualRide", "Run", "Yoga"];
            const NAMES: [&str; 4] = ["", "Easy", "City Half", "easy warm-up"];
            let ids: Vec<String> = (0..30).map(|n| format!("i{n}")).collect();
            let mut plans: Vec<_> = (0..).zip(&plans).map(|(id, (on, sport, minutes, name, is_race, paired))| Planned {
                id: Some(id), day: day(*on), sport: SPORTS[*sport], name: NAMES[*name], is_race: *is_race,
                secs: Some(minutes * 60.0), activity: ids.get(*paired).map(String::as_str).filter(|_| *paired < 5),
            }).collect();
            let mut dones: Vec<_> = dones.iter().zip(&ids).map(|((on, sport, minutes, name, event), id)| Done {
                id, day: day(*on), sport: SPORTS[*sport], name: NAMES[*name], secs: Some(minutes * 60.0), load: None, event: *event,
            }).collect();
            let by_id = |plans: &[Planned<'_>], dones: &[Done<'_>]| {
                let ties = matched(plans, dones, &[]);
                let mut ties: Vec<_> = plans.iter().zip(ties).map(|(plan, tie)| (plan.id, tie.map(|(at, how)| (dones[at].id.to_owned(), how)))).collect();
                ties.sort_by_key(|(id, _)| *id);
                ties
            };
            let ties = matched(&plans, &dones, &[]);
            for at in 0..dones.len() {
                let of = |is_race: bool| plans.iter().zip(&ties).filter(|(plan, tie)| plan.is_race == is_race && tie.is_some_and(|tie| tie.0 == at)).count();
                prop_assert!(of(true) <= 1 && of(false) <= 1);
            }
            for (plan, tie) in plans.iter().zip(&ties) {
                match tie {
                    Some((at, MatchedBy::Paired)) => {
                        prop_assert!(plan.activity == Some(dones[*at].id) || plan.id == dones[*at].event);
                    }
                    Some((at, _)) => {
                        prop_assert!(plan.day == dones[*at].day && family(plan.sport) == family(dones[*at].sport) && plan.activity.is_none());
                    }
                    // A pairing with an activity that is there and that no other plan is paired with wins.
                    None => prop_assert!(plan.activity.is_none_or(|id| dones.iter().position(|one| one.id == id)
                        .is_none_or(|at| ties.contains(&Some((at, MatchedBy::Paired)))))),
                }
            }
            let before = by_id(&plans, &dones);
            let (of_plans, of_dones) = (turn.min(plans.len()), turn.min(dones.len()));
            plans.rotate_left(of_plans);
            plans.reverse();
            dones.rotate_left(of_dones);
            prop_assert_eq!(by_id(&plans, &dones), before);
        }
    }
}
