//! The intervals.icu client against the simulated intervals.icu: both must read the documents in the same way, and
//! every breakage that the simulator knows must end in a typed error within its time (hard cases 104 to 111).
//!
//! Other failures of a TCP connection are tested with the client, in `src/intervals/tests`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Days, NaiveDate, Utc};
use icusync::{
    ids::ConnectionId,
    intervals::{
        ActivityQuery, Area, Athlete, CallerKey, Client, Credential, Error, For, Limits, OAuthApp, Scopes,
        Settings,
    },
    secrets::Random,
    time::Clock,
};
use icusync_sim::{self as sim, Fault, Mode, PEOPLE, Person};
use uuid::Uuid;

const NOW: &str = "2026-11-21T08:00:00Z";

struct Upstream {
    sim: sim::Running,
    client: Client,
}

impl Upstream {
    /// With a client that gives up soon.
    async fn start() -> Self {
        Self::within(Duration::from_millis(700)).await
    }

    /// With a client that waits for long lists from a busy machine.
    async fn patient() -> Self {
        Self::within(Duration::from_secs(15)).await
    }

    async fn within(total: Duration) -> Self {
        icusync::install_crypto();
        let now: DateTime<Utc> = NOW.parse().unwrap();
        let loopback = "127.0.0.1:0".parse().unwrap();
        let sim = sim::start(sim::Options {
            clock: Arc::new(move || now),
            redirect_uris: Vec::new(),
            client_id: "17".to_owned(),
            client_secret: "app-secret".to_owned(),
            ip_limit: false,
            listen: loopback,
            control_listen: loopback,
        })
        .await
        .unwrap();
        let settings = Settings {
            base: sim.base_url.parse().unwrap(),
            public_url: "https://icusync.example".parse().unwrap(),
            app: Some(OAuthApp {
                client_id: "17".to_owned(),
                client_secret: "app-secret".into(),
            }),
            per_second: 1000,
            per_day: 1000,
            limits: Limits {
                total,
                backoff: Duration::from_millis(1),
                ..Limits::default()
            },
        };
        let client = Client::new(settings, Clock::fake(now), Random::seeded([1; 32])).unwrap();
        Self { sim, client }
    }

    /// A fresh handle, which shares no answers with another one.
    fn open(&self, person: &Person, credential: Credential, scopes: Scopes) -> Athlete {
        let id =
            Uuid::from_u128(u128::from(self.sim.requests().len() as u64) << 8 | person.slug.len() as u128);
        self.client.athlete(For {
            connection: ConnectionId(id),
            write_number: 0,
            athlete: person.athlete_id.parse().unwrap(),
            credential,
            scopes,
            caller: CallerKey(id),
            is_athlete: true,
            deadline: tokio::time::Instant::now() + Duration::from_secs(20),
        })
    }

    fn handle(&self, person: &Person) -> Athlete {
        self.open(person, bearer(person), Scopes::All)
    }
}

fn bearer(person: &Person) -> Credential {
    Credential::Bearer(person.token.into())
}

fn today() -> NaiveDate {
    "2026-11-21".parse().unwrap()
}

fn activities_of(days: u64) -> ActivityQuery {
    ActivityQuery {
        oldest: today() - Days::new(days),
        newest: today(),
        limit: None,
        fields: &["type", "name", "moving_time", "distance", "icu_training_load"],
    }
}

/// People whose data can be read: not all of it closed by Strava, and more than a week of it.
fn readable() -> impl Iterator<Item = &'static Person> {
    PEOPLE
        .iter()
        .filter(|person| !matches!(person.slug, "bishnu" | "nell"))
}

#[tokio::test]
async fn both_sides_read_the_documents_alike() {
    let up = Upstream::patient().await;
    for person in readable() {
        for credential in [bearer(person), Credential::ApiKey(person.api_key.into())] {
            let athlete = up.open(person, credential, Scopes::All);
            let profile = athlete.profile().await.unwrap();
            assert_eq!(profile.timezone.as_deref(), Some(person.timezone));
            assert!(profile.sport_settings.is_some_and(|sports| !sports.is_empty()));

            let rows = athlete.activities(&activities_of(27)).await.unwrap();
            assert!(rows.len() > 10, "{} activities", rows.len());
            assert!(rows.is_sorted_by_key(|row| std::cmp::Reverse(row.start_date_local)));
            assert!(rows.iter().any(|row| row.icu_training_load.is_some()));
            let id = rows[0].id.clone().unwrap().parse().unwrap();
            let one = athlete.activity(&id).await.unwrap();
            assert_eq!(one.start_date_local, rows[0].start_date_local);

            let oldest = today() - Days::new(60);
            let wellness = athlete.wellness(oldest, today(), &["ctl", "atl"]).await.unwrap();
            assert!(wellness.len() > 50 && wellness.iter().all(|row| row.id.is_some()));
            assert!(wellness.iter().any(|row| row.ctl.is_some()));
            assert!(!athlete.wellness(oldest, today(), &[]).await.unwrap().is_empty());
            let events = athlete
                .events(today(), today() + Days::new(14), &["WORKOUT"])
                .await;
            assert!(!events.unwrap().is_empty());
            athlete.custom_fields().await.unwrap();
            assert_eq!(athlete.requests(), 7);
        }
    }
    for seen in up.sim.requests() {
        assert!(seen.user_agent.unwrap().starts_with("IcuSync/"));
        assert_eq!(seen.accept_language.as_deref(), Some("en"));
        assert_eq!(seen.status, Some(200));
    }
}

#[tokio::test]
async fn who_has_little_to_tell_is_read_without_complaint() {
    let up = Upstream::patient().await;
    let oldest = today() - Days::new(27);
    for (person, rows_expected) in [("bishnu", 10..30), ("nell", 2..3)] {
        let person = Person::of_slug(person).unwrap();
        let athlete = up.handle(person);
        let profile = athlete.profile().await.unwrap();
        assert_eq!(profile.id.as_deref(), Some(person.athlete_id));
        assert_eq!(profile.timezone.as_deref(), Some(person.timezone));
        let rows = athlete.activities(&activities_of(27)).await.unwrap();
        assert!(rows_expected.contains(&rows.len()), "{}", rows.len());
        assert!(rows.iter().all(|row| row.icu_training_load.is_none()));
        for row in &rows {
            let id = row.id.clone().unwrap().parse().unwrap();
            let one = athlete.activity(&id).await.unwrap();
            assert_eq!(one.start_date_local, row.start_date_local);
        }
        let wellness = athlete.wellness(oldest, today(), &[]).await.unwrap();
        assert_eq!(wellness.len(), 28);
        assert_eq!(
            wellness[0].ctl.is_some(),
            person.slug == "bishnu",
            "load counts, closed or not"
        );
        assert!(wellness.iter().all(|row| row.rest.get("sportInfo").is_none()));
        athlete.events(oldest, today(), &[]).await.unwrap();
        athlete.custom_fields().await.unwrap();
    }
}

#[tokio::test]
async fn two_years_come_whole_and_in_few_requests() {
    let up = Upstream::patient().await;
    for person in readable() {
        let athlete = up.handle(person);
        let rows = athlete.activities(&activities_of(729)).await.unwrap();
        let sent = athlete.requests();
        assert!(
            rows.len() > 300 && sent <= 3,
            "{} rows in {sent} requests",
            rows.len()
        );
        // Year by year, unpaged, gives the same.
        let mut halves = Vec::new();
        for (oldest, newest) in [(364, 0), (729, 365)] {
            let query = ActivityQuery {
                oldest: today() - Days::new(oldest),
                newest: today() - Days::new(newest),
                ..activities_of(0)
            };
            halves.extend(athlete.activities(&query).await.unwrap());
        }
        let ids = |rows: &[icusync::intervals::model::Activity]| -> Vec<_> {
            let mut ids: Vec<_> = rows.iter().map(|row| row.id.clone().unwrap()).collect();
            ids.sort();
            ids
        };
        assert_eq!(ids(&rows), ids(&halves));
    }
}

#[tokio::test]
async fn a_search_finds_what_the_list_names() {
    let up = Upstream::patient().await;
    let athlete = up.handle(&PEOPLE[0]);
    let rows = athlete.activities(&activities_of(60)).await.unwrap();
    let name = rows.iter().find_map(|row| row.name.clone()).unwrap();
    let found = athlete.search_activities(&name, 5).await.unwrap();
    assert!(!found.is_empty() && found.len() <= 5);
    assert!(
        found
            .iter()
            .all(|row| row.name.as_deref().is_some_and(|found| found.contains(&name)))
    );
}

/// Hard case 104: a 401 is not tried again.
#[tokio::test]
async fn rights_end_where_upstream_ends_them() {
    let up = Upstream::patient().await;
    let [ana, jack, ..] = &PEOPLE;
    // Ana's token on Jack's data: what a mix-up of our own would look like.
    let mixed = up.open(jack, bearer(ana), Scopes::All);
    assert_eq!(mixed.profile().await.unwrap_err(), Error::Forbidden);
    // Jack's activity by its id, through Ana's handle.
    let rows = up.handle(jack).activities(&activities_of(27)).await.unwrap();
    let foreign = rows[0].id.clone().unwrap().parse().unwrap();
    let refused = up.handle(ana).activity(&foreign).await.unwrap_err();
    assert!(matches!(
        refused,
        Error::Forbidden | Error::NotFound | Error::WrongAthlete
    ));
    // What was not shared is known without asking.
    let before = up.sim.requests().len();
    let narrow = Scopes::Listed(vec!["ACTIVITY:READ".to_owned()]);
    let narrow = up.open(ana, bearer(ana), narrow);
    assert_eq!(
        narrow.profile().await.unwrap_err(),
        Error::MissingScope(Area::Settings)
    );
    assert_eq!(up.sim.requests().len(), before);

    let (id, name) = up.client.whoami(&bearer(ana)).await.unwrap();
    assert_eq!((id.as_str(), name.as_str()), (ana.athlete_id, ana.name));
    up.client.disconnect(&bearer(ana)).await.unwrap();
    let athlete = up.handle(ana);
    assert_eq!(athlete.profile().await.unwrap_err(), Error::Unauthorized);
    assert_eq!(athlete.requests(), 1, "a dead token is not tried again");
    assert_eq!(
        up.client.whoami(&bearer(ana)).await.unwrap_err(),
        Error::Unauthorized
    );
    up.client.disconnect(&bearer(ana)).await.unwrap();
}

/// Hard cases 106 to 109 and 111.
#[tokio::test]
async fn every_breakage_ends_in_a_typed_error_and_in_time() {
    let up = Upstream::start().await;
    let any = || Fault::on("/api/v1/");
    let elsewhere = "https://elsewhere.example/";
    for (fault, error, sent) in [
        (any().status(401), Error::Unauthorized, 1),
        (any().status(403).body("error code: 1010"), Error::Unavailable, 1),
        (any().status(404), Error::NotFound, 1),
        (any().status(500).body("java.lang.X"), Error::Unavailable, 3),
        (any().status(502).body("<html>"), Error::Unavailable, 3),
        (any().status(503), Error::Unavailable, 3),
        (
            any().status(302).header("location", elsewhere),
            Error::Unavailable,
            1,
        ),
        (any().status(200).body("<html>"), Error::Unavailable, 1),
        (any().status(200).body(""), Error::Unavailable, 1),
        (any().status(200).body("null"), Error::Garbled, 1),
        (any().mode(Mode::Hang), Error::TimedOut, 1),
        (any().mode(Mode::Drip), Error::TimedOut, 1),
        (any().mode(Mode::Reset), Error::Unavailable, 3),
        (any().mode(Mode::Truncate), Error::Unavailable, 3),
        (any().mode(Mode::Huge), Error::TooLarge, 1),
        (any().mode(Mode::GzipBomb), Error::TooLarge, 1),
        (any().mode(Mode::Garbage), Error::Garbled, 1),
        (any().mode(Mode::Deep), Error::Garbled, 1),
        (any().mode(Mode::WrongAthlete), Error::WrongAthlete, 1),
    ] {
        let name = format!("{fault:?}");
        up.sim.clear_faults();
        up.sim.fault(fault);
        let begun = Instant::now();
        let athlete = up.handle(&PEOPLE[0]);
        assert_eq!(athlete.profile().await.unwrap_err(), error, "{name}");
        assert_eq!(athlete.requests(), sent, "{name}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{name}");
    }
    up.sim.clear_faults();
    up.handle(&PEOPLE[0]).profile().await.unwrap();
}

/// Hard cases 105 and 106.
#[tokio::test]
async fn what_passes_is_overcome() {
    let up = Upstream::start().await;
    for fault in [
        Fault::on("").status(503),
        Fault::on("").status(429).header("retry-after", "0"),
        Fault::on("").mode(Mode::Reset),
        Fault::on("").mode(Mode::Truncate),
    ] {
        let name = format!("{fault:?}");
        up.sim.fault(fault.times(1));
        let athlete = up.handle(&PEOPLE[1]);
        athlete.profile().await.expect(&name);
        assert_eq!(athlete.requests(), 2, "{name}");
    }
    up.sim
        .fault(Fault::on("").status(429).header("retry-after", "864000").times(1));
    let busy = up.handle(&PEOPLE[1]).profile().await.unwrap_err();
    assert!(matches!(busy, Error::Busy { .. }));
}

#[tokio::test]
async fn an_empty_pool_is_left_alone() {
    let up = Upstream::start().await;
    up.sim.set_remaining(1, 4000);
    up.handle(&PEOPLE[0]).profile().await.unwrap();
    let before = up.sim.requests().len();
    for person in &PEOPLE {
        let busy = up.handle(person).activities(&activities_of(7)).await.unwrap_err();
        assert!(matches!(busy, Error::Busy { .. }), "{busy:?}");
    }
    assert_eq!(up.sim.requests().len(), before, "nothing is sent");
}
