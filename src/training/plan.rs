//! Which activity did which planned workout.
//!
//! A pairing by intervals.icu or the athlete always counts. The rest is matched by day: the same sport first, then another
//! sport of its family (a VirtualRide for a planned Ride), the nearest duration first. An activity does only one workout, and
//! so does a session that was recorded twice.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::sports::family;

/// How many workouts, and how many activities, of one day are compared with each other.
const MOST_A_DAY: usize = 50;

/// A workout or race on the calendar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned<'a> {
    /// Event id.
    pub id: Option<i64>,
    /// The day it is planned for.
    pub day: NaiveDate,
    /// Its sport.
    pub sport: &'a str,
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
    /// s, moving.
    pub secs: Option<f64>,
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
}

/// For each planned workout or race, the index of the activity that did it, if any. `twins` are the indices of activities that
/// are recordings of one session: unless both are paired, only one of them does a plan.
///
/// Without a pairing, only the first fifty workouts and the first fifty activities of a day are compared, so that a calendar
/// filled by a program costs no more than one kept by people.
pub(crate) fn matched(
    planned: &[Planned<'_>],
    done: &[Done<'_>],
    twins: &[(usize, usize)],
) -> Vec<Option<(usize, MatchedBy)>> {
    let mut ties: Vec<Option<(usize, MatchedBy)>> = vec![None; planned.len()];
    let mut paired = vec![false; done.len()];
    let (mut by_id, mut by_event) = (HashMap::new(), HashMap::new());
    // In reverse, so that the first one is popped first.
    for (at, one) in done.iter().enumerate().rev() {
        by_id.entry(one.id).or_insert_with(Vec::new).push(at);
        if let Some(event) = one.event {
            by_event.entry(event).or_insert_with(Vec::new).push(at);
        }
    }
    for (plan, tie) in planned.iter().zip(&mut ties) {
        let named = plan.activity.and_then(|id| by_id.get_mut(id));
        let naming = plan.id.and_then(|id| by_event.get_mut(&id));
        let found = first_free(named, &paired).or_else(|| first_free(naming, &paired));
        if let Some(at) = found {
            paired[at] = true;
            *tie = Some((at, MatchedBy::Paired));
        }
    }
    let mut taken = Taken::new(done.len(), twins);
    for (at, _) in ties.iter().flatten() {
        taken.take(*at);
    }
    let mut days: HashMap<NaiveDate, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (which, plan) in planned.iter().enumerate() {
        let (plans, _) = days.entry(plan.day).or_default();
        if ties[which].is_none()
            && plan.activity.is_none()
            && !plan.sport.is_empty()
            && plans.len() < MOST_A_DAY
        {
            plans.push(which);
        }
    }
    for (at, one) in done.iter().enumerate() {
        if let Some((_, dones)) = days.get_mut(&one.day)
            && !taken.has(at)
            && one.event.is_none()
            && dones.len() < MOST_A_DAY
        {
            dones.push(at);
        }
    }
    for (plans, dones) in days.into_values() {
        match_day(planned, done, (&plans, &dones), &mut ties, &mut taken);
    }
    ties
}

/// Which activities did a plan, or are recordings of a session that did.
struct Taken {
    taken: Vec<bool>,
    twins: HashMap<usize, Vec<usize>>,
}

impl Taken {
    fn new(count: usize, pairs: &[(usize, usize)]) -> Self {
        let mut twins: HashMap<usize, Vec<usize>> = HashMap::new();
        for &(a, b) in pairs {
            twins.entry(a).or_default().push(b);
            twins.entry(b).or_default().push(a);
        }
        Self {
            taken: vec![false; count],
            twins,
        }
    }

    fn has(&self, at: usize) -> bool {
        self.taken[at]
    }

    fn take(&mut self, at: usize) {
        self.taken[at] = true;
        for twin in self.twins.get(&at).into_iter().flatten() {
            self.taken[*twin] = true;
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

/// Matches the rest of one day.
fn match_day(
    planned: &[Planned<'_>],
    done: &[Done<'_>],
    (plans, dones): (&[usize], &[usize]),
    ties: &mut [Option<(usize, MatchedBy)>],
    taken: &mut Taken,
) {
    for same in [(|a, b| a == b) as fn(&str, &str) -> bool, |a, b| {
        family(a) == family(b)
    }] {
        let mut near: Vec<(f64, usize, usize)> = Vec::new();
        for &which in plans {
            for &at in dones {
                let (plan, one) = (&planned[which], &done[at]);
                if ties[which].is_none() && !taken.has(at) && same(plan.sport, one.sport) {
                    near.push((apart(plan.secs, one.secs), which, at));
                }
            }
        }
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
        for (_, which, at) in near {
            if ties[which].is_none() && !taken.has(at) {
                taken.take(at);
                ties[which] = Some((at, MatchedBy::SameDay));
            }
        }
    }
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
            secs: Some(minutes * 60.0),
            activity: None,
        }
    }

    fn did(id: &'static str, on: u32, sport: &'static str, minutes: f64) -> Done<'static> {
        Done {
            id,
            day: day(on),
            sport,
            secs: Some(minutes * 60.0),
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

    proptest! {
        #[test]
        fn no_activity_is_used_twice(
            plans in prop::collection::vec((0_i64..9, 1_u32..5, 0_usize..4, 1.0..300.0_f64), 0..12),
            dones in prop::collection::vec((1_u32..5, 0_usize..4, 1.0..300.0_f64, prop::option::of(0_i64..9)), 0..12),
        ) {
            const SPORTS: [&str; 4] = ["Ride", "VirtualRide", "Run", "Yoga"];
            let plans: Vec<_> = plans.iter().map(|(id, on, sport, minutes)| plan(*id, *on, SPORTS[*sport], *minutes)).collect();
            let ids: Vec<String> = (0..dones.len()).map(|n| format!("i{n}")).collect();
            let dones: Vec<_> = dones.iter().zip(&ids).map(|((on, sport, minutes, event), id)| Done {
                id, day: day(*on), sport: SPORTS[*sport], secs: Some(minutes * 60.0), event: *event,
            }).collect();
            let ties = matched(&plans, &dones, &[]);
            let mut used: Vec<usize> = ties.iter().flatten().map(|tie| tie.0).collect();
            let count = used.len();
            used.sort_unstable();
            used.dedup();
            prop_assert_eq!(used.len(), count);
            for (plan, tie) in plans.iter().zip(&ties) {
                if let Some((at, MatchedBy::SameDay)) = tie {
                    prop_assert!(plan.day == dones[*at].day && family(plan.sport) == family(dones[*at].sport));
                }
            }
        }
    }
}
