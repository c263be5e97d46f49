//! Who lives in the simulator: constants of each person, and how their thresholds grew.
//!
//! What they did on a day is in `season` and `training`; how it reads on the wire is in `athlete`, `activity`, `wellness`.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use super::dice::Dice;

/// The first day of every person's history, a Monday. Fixed, so that no past number moves as the clock moves on; any clock
/// from 2026 onwards sees at least two years.
pub const FIRST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(2024, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// How many days of planned events come after today.
pub const PLANNED_DAYS: i64 = 21;

/// Which kind of athlete a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Build {
    /// Rides with a power meter.
    Cyclist,
    /// Runs by pace.
    Runner,
    /// Swims, rides with a power meter and runs, in miles, pounds and yards.
    Triathlete,
    /// Rides with a power meter and runs by pace, in metric units, with nothing odd about it.
    Duathlete,
    /// Rides, and every ride comes from Strava.
    StravaOnly,
    /// Signed up a week ago and has given upstream no data.
    Newcomer,
}

/// Someone with an account at the simulated intervals.icu.
#[derive(Debug)]
pub struct Person {
    /// Short name, as the consent page and `?person=` know them.
    pub slug: &'static str,
    /// Full name.
    pub name: &'static str,
    /// Address of their demo account in our service (not the one that upstream knows); of a free person, one to sign up with.
    pub email: &'static str,
    /// `i…`; bare digits for an old sign-up through Strava.
    pub athlete_id: &'static str,
    /// API key of upstream's developer settings.
    pub api_key: &'static str,
    /// A bearer token that is authorised from the start, with ACTIVITY, WELLNESS, CALENDAR and SETTINGS, each WRITE.
    pub token: &'static str,
    /// IANA zone.
    pub timezone: &'static str,
    /// Upstream's own secrets, which must never leave our service: the address that upstream knows, and the invite token.
    pub private_email: &'static str,
    /// See `private_email`.
    pub invite_token: &'static str,
    /// Whether nobody's account shows this person yet, so that anyone who tries out signing up can be them.
    pub free: bool,
    pub(super) zone: Tz,
    pub(super) seed: u64,
    pub(super) number: u8,
    pub(super) build: Build,
    pub(super) sex: &'static str,
    pub(super) born: &'static str,
    pub(super) city: &'static str,
    pub(super) country: &'static str,
    pub(super) height: f64,
    pub(super) weight: f64,
    pub(super) resting_hr: u32,
    pub(super) lthr: u32,
    pub(super) max_hr: u32,
    pub(super) hr_zones: [u32; 7],
    /// FTP, W, with the day from which each holds; none without a power meter.
    ftps: &'static [Since],
    /// Threshold pace of runs, m/s, with the day from which each holds.
    run_paces: &'static [Since],
    /// Threshold pace of swims, m/s, with the day from which each holds.
    swim_paces: &'static [Since],
}

/// Year, month and day from which a threshold holds, and the threshold.
type Since = ((i32, u32, u32), f64);

/// Everyone; the last one is free.
pub static PEOPLE: [Person; 6] = [
    Person {
        slug: "ana",
        name: "Ana Berger",
        email: "ana@example.test",
        athlete_id: "i900001",
        api_key: "simkey4ana2p9x7w3q5m8k1z6t0",
        token: "a1a000000000000000000000000000a1",
        timezone: "Europe/Berlin",
        private_email: "ana.berger@upstream.example.test",
        invite_token: "siminviteanaQ7f2",
        free: false,
        zone: Tz::Europe__Berlin,
        seed: 0xA7A0_BE56,
        number: 1,
        build: Build::Cyclist,
        sex: "F",
        born: "1990-05-17",
        city: "Freiburg im Breisgau",
        country: "Germany",
        height: 1.70,
        weight: 61.2,
        resting_hr: 46,
        lthr: 168,
        max_hr: 186,
        hr_zones: [136, 150, 157, 167, 172, 177, 186],
        ftps: &[
            ((2024, 1, 1), 208.0),
            ((2024, 4, 15), 216.0),
            ((2024, 7, 22), 224.0),
            ((2024, 11, 4), 218.0),
            ((2025, 2, 17), 227.0),
            ((2025, 5, 5), 234.0),
            ((2025, 8, 4), 239.0),
            ((2025, 11, 10), 233.0),
            ((2026, 2, 23), 240.0),
            ((2026, 5, 11), 246.0),
        ],
        run_paces: &[],
        swim_paces: &[],
    },
    Person {
        slug: "jack",
        name: "Jack Nguyen",
        email: "jack@example.test",
        athlete_id: "i900002",
        api_key: "simkey4jack8v1c5r9n2b6y3h0d",
        token: "b2b000000000000000000000000000b2",
        timezone: "Australia/Melbourne",
        private_email: "jack.nguyen@upstream.example.test",
        invite_token: "siminvitejackZ3k9",
        free: false,
        zone: Tz::Australia__Melbourne,
        seed: 0x1AC4_7D51,
        number: 2,
        build: Build::Runner,
        sex: "M",
        born: "1985-09-03",
        city: "Melbourne",
        country: "Australia",
        height: 1.79,
        weight: 72.4,
        resting_hr: 50,
        lthr: 172,
        max_hr: 190,
        hr_zones: [139, 154, 161, 171, 176, 181, 190],
        ftps: &[],
        run_paces: &[
            ((2024, 1, 1), 3.521_127),
            ((2024, 6, 3), 3.597_122),
            ((2025, 1, 6), 3.663_004),
            ((2025, 6, 9), 3.731_343),
            ((2026, 1, 5), 3.787_879),
            ((2026, 6, 8), 3.846_154),
        ],
        swim_paces: &[],
    },
    Person {
        slug: "tria",
        name: "Tríona O’Shea-Łuczak",
        email: "triona@example.test",
        athlete_id: "i900003",
        api_key: "simkey4tria3h7w2d9f5s1x8g4j",
        token: "c3c000000000000000000000000000c3",
        timezone: "America/Los_Angeles",
        private_email: "triona.oshea@upstream.example.test",
        invite_token: "siminvitetriaM5d1",
        free: false,
        zone: Tz::America__Los_Angeles,
        seed: 0x7A1A_70D3,
        number: 3,
        build: Build::Triathlete,
        sex: "F",
        born: "1979-02-28",
        city: "Santa Cruz",
        country: "United States",
        height: 1.66,
        weight: 58.97,
        resting_hr: 51,
        lthr: 161,
        max_hr: 178,
        hr_zones: [130, 144, 151, 160, 165, 170, 178],
        ftps: &[
            ((2024, 1, 1), 184.0),
            ((2024, 7, 8), 192.0),
            ((2025, 3, 3), 197.0),
            ((2025, 9, 1), 205.0),
            ((2026, 4, 6), 213.0),
        ],
        run_paces: &[
            ((2024, 1, 1), 3.191_489),
            ((2025, 5, 5), 3.276_539),
            ((2026, 7, 6), 3.355_705),
        ],
        swim_paces: &[
            ((2024, 1, 1), 0.98),
            ((2025, 2, 3), 1.016),
            ((2026, 8, 3), 1.052_632),
        ],
    },
    Person {
        slug: "bishnu",
        name: "Bishnu Tamang",
        email: "bishnu@example.test",
        athlete_id: "9000041",
        api_key: "simkey4bishnu6t2k8m4q1z7c3v",
        token: "d4d000000000000000000000000000d4",
        timezone: "Asia/Kathmandu",
        private_email: "bishnu.tamang@upstream.example.test",
        invite_token: "siminvitebishnuT8r4",
        free: false,
        zone: Tz::Asia__Kathmandu,
        seed: 0xB154_4E17,
        number: 4,
        build: Build::StravaOnly,
        sex: "M",
        born: "1995-11-30",
        city: "Pokhara",
        country: "Nepal",
        height: 1.68,
        weight: 60.5,
        resting_hr: 49,
        lthr: 170,
        max_hr: 189,
        hr_zones: [137, 152, 159, 169, 174, 179, 189],
        ftps: &[((2024, 1, 1), 221.0), ((2025, 10, 6), 232.0)],
        run_paces: &[],
        swim_paces: &[],
    },
    Person {
        slug: "nell",
        name: "Nell Pike",
        email: "nell@example.test",
        athlete_id: "i900005",
        api_key: "simkey4nell9b3n6p2r8w5y1f7l",
        token: "e5e000000000000000000000000000e5",
        timezone: "America/St_Johns",
        private_email: "nell.pike@upstream.example.test",
        invite_token: "siminvitenellG6s9",
        free: false,
        zone: Tz::America__St_Johns,
        seed: 0x4E11_0915,
        number: 5,
        build: Build::Newcomer,
        sex: "F",
        born: "2001-04-09",
        city: "St. John's",
        country: "Canada",
        height: 1.71,
        weight: 66.0,
        resting_hr: 60,
        lthr: 170,
        max_hr: 194,
        hr_zones: [137, 152, 159, 169, 174, 179, 194],
        ftps: &[],
        run_paces: &[],
        swim_paces: &[],
    },
    Person {
        slug: "mara",
        name: "Mara Lindqvist",
        email: "mara@example.test",
        athlete_id: "i900006",
        api_key: "simkey4mara5f9k2t7b1h6d3n8s",
        token: "f6f000000000000000000000000000f6",
        timezone: "Europe/Stockholm",
        private_email: "mara.lindqvist@upstream.example.test",
        invite_token: "siminvitemaraK4v8",
        free: true,
        zone: Tz::Europe__Stockholm,
        seed: 0x3A6A_11D9,
        number: 6,
        build: Build::Duathlete,
        sex: "F",
        born: "1988-03-22",
        city: "Gothenburg",
        country: "Sweden",
        height: 1.73,
        weight: 64.5,
        resting_hr: 48,
        lthr: 165,
        max_hr: 184,
        hr_zones: [133, 147, 154, 164, 169, 174, 184],
        ftps: &[
            ((2024, 1, 1), 212.0),
            ((2024, 5, 13), 221.0),
            ((2025, 1, 20), 216.0),
            ((2025, 5, 26), 228.0),
            ((2026, 2, 9), 224.0),
            ((2026, 6, 1), 236.0),
        ],
        run_paces: &[
            ((2024, 1, 1), 3.389_831),
            ((2024, 8, 12), 3.460_208),
            ((2025, 4, 7), 3.533_569),
            ((2026, 3, 16), 3.623_188),
        ],
        swim_paces: &[],
    },
];

impl Person {
    /// What nobody outside may see: API key, bearer token, invite token, upstream's address.
    pub fn secrets(&self) -> [&'static str; 4] {
        [self.api_key, self.token, self.invite_token, self.private_email]
    }

    /// Who the consent page takes a browser for that it does not know.
    pub(super) fn first_free() -> &'static Self {
        PEOPLE.iter().find(|person| person.free).unwrap_or(&PEOPLE[0])
    }

    /// The person with this short name.
    pub fn of_slug(slug: &str) -> Option<&'static Self> {
        PEOPLE.iter().find(|person| person.slug == slug)
    }

    pub(super) fn first_name(&self) -> &'static str {
        self.name.split(' ').next().unwrap_or(self.name)
    }

    pub(super) fn last_name(&self) -> &'static str {
        self.name.split(' ').nth(1).unwrap_or_default()
    }

    /// The throw that answers `question` about this person's `day`.
    pub(super) fn dice(&self, day: NaiveDate, question: &str) -> Dice {
        Dice::throw(self.seed, day, question)
    }

    /// Local date and time at `now`.
    pub(super) fn local(&self, now: DateTime<Utc>) -> NaiveDateTime {
        now.with_timezone(&self.zone).naive_local()
    }

    /// The moment of a local time; of a doubled hour the first, of a skipped one the hour after.
    pub(super) fn utc(&self, local: NaiveDateTime) -> DateTime<Utc> {
        let found = self.zone.from_local_datetime(&local).earliest();
        found.map_or_else(
            || {
                let later = self
                    .zone
                    .from_local_datetime(&(local + Duration::hours(1)))
                    .earliest();
                later.map_or_else(|| local.and_utc(), |at| at.to_utc())
            },
            |at| at.to_utc(),
        )
    }

    /// Whether the person gave upstream any data: body, thresholds, mornings. A person without any has constants too, but they
    /// are nowhere on the wire.
    pub(super) fn is_known(&self) -> bool {
        self.build != Build::Newcomer
    }

    /// Whether the person's bike has a power meter.
    pub(super) fn has_power(&self) -> bool {
        !self.ftps.is_empty()
    }

    /// Day of the last change of a threshold up to `day`.
    pub(super) fn threshold_since(&self, day: NaiveDate) -> NaiveDate {
        let all = [self.ftps, self.run_paces, self.swim_paces];
        let since = all.into_iter().filter_map(|rows| row(rows, day));
        since.map(|(since, _)| since).max().unwrap_or(FIRST_DAY)
    }

    /// FTP on `day`, W; 0 without a power meter.
    pub(super) fn ftp(&self, day: NaiveDate) -> f64 {
        row(self.ftps, day).map_or(0.0, |(_, watts)| watts)
    }

    /// Threshold pace of runs on `day`, m/s.
    pub(super) fn threshold_pace(&self, day: NaiveDate) -> f64 {
        row(self.run_paces, day).map_or(3.4, |(_, speed)| speed)
    }

    /// Threshold pace of swims on `day`, m/s.
    pub(super) fn swim_pace(&self, day: NaiveDate) -> f64 {
        row(self.swim_paces, day).map_or(0.8, |(_, speed)| speed)
    }

    /// Whether the clocks change in the night before `day`.
    pub(super) fn clocks_change(&self, day: NaiveDate) -> bool {
        let noon = |day: NaiveDate| self.utc(day.and_time(NOON));
        noon(day) - noon(day - Duration::days(1)) != Duration::days(1)
    }

    /// Whether the person is ill on `day`: Monday to Friday of one week a year, in their winter.
    pub(super) fn is_ill(&self, day: NaiveDate) -> bool {
        let week = day.iso_week();
        let Some(new_year) = NaiveDate::from_ymd_opt(week.year(), 1, 1) else {
            return false;
        };
        let first = match self.build {
            Build::Cyclist | Build::Duathlete | Build::StravaOnly | Build::Newcomer => 5,
            Build::Runner => 28,
            Build::Triathlete => 2,
        };
        let ill = self.dice(new_year, "ill").pick(&[0, 1, 2, 3, 4]) + first;
        week.week() == ill && !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
    }
}

const NOON: NaiveTime = match NaiveTime::from_hms_opt(12, 0, 0) {
    Some(noon) => noon,
    None => NaiveTime::MIN,
};

/// The row that holds on `day`; before the first one, the first.
fn row(rows: &[Since], day: NaiveDate) -> Option<(NaiveDate, f64)> {
    let date = |(y, m, d): (i32, u32, u32)| NaiveDate::from_ymd_opt(y, m, d).unwrap_or(FIRST_DAY);
    let mut dated = rows.iter().map(|(since, value)| (date(*since), *value));
    let first = dated.clone().next();
    dated.rfind(|(since, _)| *since <= day).or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    #[test]
    fn thresholds_grow_over_the_seasons() {
        let (ana, jack) = (&PEOPLE[0], &PEOPLE[1]);
        assert_eq!(FIRST_DAY.weekday(), Weekday::Mon);
        assert!((ana.ftp(day(2026, 11, 21)) - 246.0).abs() < f64::EPSILON);
        assert!(ana.ftp(day(2024, 12, 1)) < ana.ftp(day(2025, 12, 1)));
        assert!(jack.threshold_pace(day(2024, 3, 1)) < jack.threshold_pace(day(2026, 7, 1)));
        assert_eq!(ana.threshold_since(day(2026, 11, 21)), day(2026, 5, 11));
    }

    #[test]
    fn everybody_lies_ill_five_days_a_year() {
        for person in &PEOPLE {
            let ill = FIRST_DAY
                .iter_days()
                .take(728)
                .filter(|day| person.is_ill(*day))
                .count();
            assert_eq!(ill, 10, "{}", person.name);
        }
    }

    #[test]
    fn local_times_survive_the_change_of_clocks() {
        let ana = &PEOPLE[0];
        let skipped = day(2026, 3, 29).and_hms_opt(2, 30, 0).unwrap();
        assert_eq!(ana.utc(skipped).to_rfc3339(), "2026-03-29T01:30:00+00:00");
        let doubled = day(2026, 10, 25).and_hms_opt(2, 30, 0).unwrap();
        assert_eq!(ana.utc(doubled).to_rfc3339(), "2026-10-25T00:30:00+00:00");
        let changes = |slug: &str| {
            let person = Person::of_slug(slug).unwrap();
            let days = day(2026, 1, 1).iter_days().take(365);
            days.filter(|day| person.clocks_change(*day)).collect::<Vec<_>>()
        };
        assert_eq!(changes("ana"), [day(2026, 3, 29), day(2026, 10, 25)]);
        assert_eq!(changes("tria"), [day(2026, 3, 8), day(2026, 11, 1)]);
        assert_eq!(changes("bishnu"), []);
    }

    #[test]
    fn nobody_is_taken_for_another() {
        let distinct = |of: fn(&Person) -> &'static str| {
            let all: std::collections::BTreeSet<_> = PEOPLE.iter().map(of).collect();
            assert_eq!(all.len(), PEOPLE.len());
        };
        distinct(|person| person.slug);
        distinct(|person| person.name);
        distinct(|person| person.email);
        distinct(|person| person.athlete_id);
        distinct(|person| person.api_key);
        distinct(|person| person.token);
        distinct(|person| person.private_email);
        distinct(|person| person.invite_token);
        for person in &PEOPLE {
            assert_eq!(person.zone.name(), person.timezone);
            assert_eq!(person.hr_zones[6], person.max_hr);
        }
    }
}
