//! Moments, as pages show them: in the athlete's zone where it is known, else in UTC, and never a guess.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

/// A moment in two spellings.
#[derive(Debug, Clone)]
pub(super) struct When {
    /// For the `datetime` attribute.
    pub(super) iso: String,
    /// `Sat 21 Nov 2026, 07:40`.
    pub(super) text: String,
}

impl When {
    /// `at` in `zone`; without one in UTC, and it says so.
    pub(super) fn of(at: DateTime<Utc>, zone: Option<Tz>) -> Self {
        let text = match zone {
            Some(zone) => at.with_timezone(&zone).format("%a %-d %b %Y, %H:%M").to_string(),
            None => at.format("%a %-d %b %Y, %H:%M UTC").to_string(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_stand_in_the_athletes_zone() {
        let at: DateTime<Utc> = "2026-11-20T20:00:00Z".parse().unwrap();
        assert_eq!(When::of(at, None).text, "Fri 20 Nov 2026, 20:00 UTC");
        assert_eq!(
            When::of(at, Some(chrono_tz::Australia::Melbourne)).text,
            "Sat 21 Nov 2026, 07:00"
        );
        assert_eq!(When::of(at, None).iso, "2026-11-20T20:00:00Z");
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
