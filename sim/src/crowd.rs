//! A great many small activities from the ten years before everyone's history, for lists and limits at that size.
//!
//! A person has none unless a test or the demo asks for them.

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime};

use super::{
    dice::{Dice, round, whole},
    people::{FIRST_DAY, Person},
    season::jog,
    training::{Done, Source, bare},
};

/// Days before the first over which they are spread.
const DAYS: i64 = 3652;

/// `count` activities, oldest first, the last of them before [`FIRST_DAY`]. Ids contain person and number, so that a larger
/// crowd has new ones.
pub(super) fn activities(person: &Person, count: usize) -> Vec<Done> {
    let total = u64::try_from(count).unwrap_or(u64::MAX).max(1);
    let span = u64::try_from(DAYS * 86_400).unwrap_or_default();
    let begin = first_moment();
    (0..total)
        .take(count)
        .map(|number| {
            let dice = Dice::of(&[u64::from(person.number), number, 0xC0]);
            let seconds = u128::from(span) * u128::from(number) / u128::from(total);
            let start = begin + Duration::seconds(i64::try_from(seconds).unwrap_or_default());
            let secs = whole(dice.between(600.0, 1800.0));
            let session = jog(start.time(), secs);
            let id = format!("i{}", 100_000_000 + u64::from(person.number) * 1_000_000 + number);
            let speed = Dice::of(&[dice.bits(), 1]).between(2.1, 3.2);
            Done {
                distance: Some(round(speed * f64::from(secs), 1)),
                load: Some(whole(f64::from(secs) / 150.0)),
                ..bare(id, session, Source::Upload, start, secs)
            }
        })
        .collect()
}

fn first_moment() -> NaiveDateTime {
    let day: NaiveDate = FIRST_DAY - Duration::days(DAYS);
    day.and_time(NaiveTime::MIN)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::people::PEOPLE;

    #[test]
    fn they_lie_in_order_before_the_first_day_and_are_distinct() {
        let all = activities(&PEOPLE[0], 10_000);
        assert_eq!(all.len(), 10_000);
        assert!(all.is_sorted_by_key(|done| done.start));
        assert!(all[0].day() == FIRST_DAY - Duration::days(DAYS) && all[9999].day() < FIRST_DAY);
        let ids: BTreeSet<_> = all.iter().map(|done| done.id.clone()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(activities(&PEOPLE[0], 0).is_empty());
    }
}
