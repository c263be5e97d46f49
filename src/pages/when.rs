//! Moments as pages show them: in the athlete's zone if it is known, otherwise in UTC, and never a guess.

use chrono::{DateTime, Days, Duration, NaiveDate, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::time;

/// A moment in two formats.
#[derive(Debug, Clone)]
pub(super) struct When {
    /// For the `datetime` attribute.
    pub(super) iso: String,
    /// `Sat 21 Nov 2026, 07:40`.
    pub(super) text: String,
}

impl When {
    /// `at` in `zone`; without a zone in UTC, and the text says so.
    pub(super) fn of(at: DateTime<Utc>, zone: Option<Tz>) -> Self {
        let text = match zone {
            Some(zone) => at.with_timezone(&zone).format("%a %-d %b %Y, %H:%M").to_string(),
            None => time::in_utc(at),
        };
        Self {
            iso: at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            text,
        }
    }
}

/// How long ago `at` was, in the largest unit that fits: "just now", "5 minutes ago", "3 days ago".
pub(super) fn ago(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let passed = now - at;
    let (number, unit) = if passed < Duration::minutes(1) {
        return "just now".to_owned();
    } else if passed < Duration::hours(1) {
        (passed.num_minutes(), "minute")
    } else if passed < Duration::days(1) {
        (passed.num_hours(), "hour")
    } else {
        (passed.num_days(), "day")
    };
    format!("{number} {unit}{} ago", if number == 1 { "" } else { "s" })
}

/// The first moment of a day: after the jump if clocks jump over midnight, and the first midnight if there are two.
pub(super) fn start_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    // No zone jumps by more than a day (Samoa skipped 30 December 2011).
    (0..=96)
        .find_map(|quarters| {
            zone.from_local_datetime(&(midnight + TimeDelta::minutes(15 * quarters)))
                .earliest()
        })
        .map_or_else(|| midnight.and_utc(), |at| at.to_utc())
}

/// The moment at which a day is over.
pub(super) fn end_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
    start_of(next, zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::coaches::last_day;

    #[test]
    fn moments_are_in_the_athletes_zone() {
        let at: DateTime<Utc> = "2026-11-20T20:00:00Z".parse().unwrap();
        assert_eq!(When::of(at, None).text, "Fri 20 Nov 2026, 20:00 UTC");
        assert_eq!(
            When::of(at, Some(chrono_tz::Australia::Melbourne)).text,
            "Sat 21 Nov 2026, 07:00"
        );
        assert_eq!(When::of(at, None).iso, "2026-11-20T20:00:00Z");
    }

    #[test]
    fn what_ends_with_a_day_has_that_last_day_also_when_clocks_change() {
        for (zone, day, end) in [
            (chrono_tz::Europe::Berlin, "2026-11-21", "2026-11-21T23:00:00Z"),
            (chrono_tz::Europe::Berlin, "2027-03-28", "2027-03-28T22:00:00Z"),
            (chrono_tz::Europe::Berlin, "2026-10-25", "2026-10-25T23:00:00Z"),
            (chrono_tz::America::Santiago, "2026-09-05", "2026-09-06T04:00:00Z"),
            (chrono_tz::Asia::Kathmandu, "2026-12-31", "2026-12-31T18:15:00Z"),
            (chrono_tz::UTC, "2028-02-29", "2028-03-01T00:00:00Z"),
        ] {
            let day: NaiveDate = day.parse().unwrap();
            assert_eq!(
                end_of(day, zone),
                end.parse::<DateTime<Utc>>().unwrap(),
                "{zone} {day}"
            );
            assert_eq!(last_day(end_of(day, zone), zone), day, "{zone} {day}");
        }
    }

    #[test]
    fn ages_are_rough_and_right() {
        let now = DateTime::from_timestamp(1_795_214_400, 0).unwrap();
        for (back, text) in [
            (Duration::seconds(-5), "just now"),
            (Duration::seconds(59), "just now"),
            (Duration::seconds(60), "1 minute ago"),
            (Duration::minutes(59), "59 minutes ago"),
            (Duration::hours(1), "1 hour ago"),
            (Duration::hours(47), "1 day ago"),
            (Duration::days(9), "9 days ago"),
        ] {
            assert_eq!(ago(now, now - back), text);
        }
    }
}
