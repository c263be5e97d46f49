//! Dates and times in the forms that upstream sends.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// A date, perhaps with a time and an offset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) date: NaiveDate,
    time: Option<NaiveTime>,
    /// East of UTC.
    offset: Option<Duration>,
}

impl Moment {
    /// `2026-11-18`, `2026-11-18T17:32`, `2026-11-18 17:32:05.118`, each with `Z`, `+01:00` or `+0100`, or without.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let date = NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()?;
        let rest = text.get(10..)?;
        if rest.is_empty() {
            return Some(Self {
                date,
                time: None,
                offset: None,
            });
        }
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let (clock, offset) = match rest.find(['Z', 'z', '+', '-']) {
            Some(at) => (rest.get(..at)?, Some(offset(rest.get(at..)?)?)),
            None => (rest, None),
        };
        let time = ["%H:%M:%S%.f", "%H:%M"]
            .iter()
            .find_map(|form| NaiveTime::parse_from_str(clock, form).ok())?;
        Some(Self {
            date,
            time: Some(time),
            offset,
        })
    }

    /// The local time, whatever the offset.
    pub(super) fn local(self) -> NaiveDateTime {
        self.date.and_time(self.time.unwrap_or_default())
    }

    pub(super) fn utc(self) -> Option<DateTime<Utc>> {
        let local = self.local();
        Some(
            local
                .checked_sub_signed(self.offset.unwrap_or_default())?
                .and_utc(),
        )
    }
}

fn offset(text: &str) -> Option<Duration> {
    if text.eq_ignore_ascii_case("z") {
        return Some(Duration::zero());
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    if !(digits.len() == 2 || digits.len() == 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..).unwrap_or("").parse().unwrap_or(0);
    Some(Duration::minutes(sign * (hours * 60 + minutes)))
}
