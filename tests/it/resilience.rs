//! One service, many sick athletes: an athlete whom intervals.icu answers properly gets answers as before.
//!
//! The service is a separate process with its usual settings, so that its memory can be read; only the upstream pace is raised,
//! because the cost of waiting for a turn depends on numbers, not on health (see `intervals::pace`). Hard cases 105 to 108 and
//! 111, all at once, and 119 at the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{Days, NaiveDate};
use icusync::{
    app::App,
    demo::{self, seed::Seeded},
    ids::{AccountId, ConnectionId, ConnectorId},
    mail::transport::{Captured, Transport},
    postgres, queries,
    secrets::{KeyRing, Password, PasswordHash, Random, Token, TokenKind},
    start::{self, Ingredients},
    time::Clock,
    words::ConnectionKind,
};
use icusync_sim::{self as sim, Fault, Mode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    serve_command::Service,
    world::{Mcp, fresh_database, scratch, url_of},
};

/// Sick athletes of each illness, each with one call running at any time.
const SICK_OF_EACH: u32 = 4;
/// Calls of each healthy athlete, before and during; during, as many more as it takes to outlast [`ENDED`] sick calls,
/// floods and bombs among them.
const CALLS: usize = 30;
/// How many sick calls end while the healthy ones are measured.
const ENDED: usize = 40;
/// Below the limit of calls a minute for one link.
const MOST_CALLS: usize = 110;
/// How long illnesses that would end immediately wait first, ms, so that most of them are in flight at any time.
const SLOW: u64 = 1500;
/// A call's own 25 s, and what a busy machine needs around it.
const DEADLINE: Duration = Duration::from_secs(28);
/// The healthy athletes' p95 among the sick: at most this many times their usual one …
const TIMES: u32 = 4;
/// … and this much more, for what two cores owe to forty calls next to it.
const MORE: Duration = Duration::from_secs(1);
/// How much the service may grow at its peak, KiB. One 200 MB answer that was read whole would be more.
const GROWTH: u64 = 150 * 1024;

/// Ids of athletes whom the simulator does not know begin like this.
const STRANGERS: &str = "i77";

/// A way of being broken, and what the answer says about it.
struct Illness {
    name: &'static str,
    fault: Fault,
    words: &'static str,
}

fn illnesses() -> Vec<Illness> {
    const LATE: &str = "intervals.icu took too long";
    const DOWN: &str = "is not answering properly";
    const ODD: &str = "could not be read. Try again";
    const LARGE: &str = "Ask for less";
    let of = |name, fault: Fault, words| Illness { name, fault, words };
    let slow = || Fault::on("").delay_ms(SLOW);
    let another = r#"[{"id":"i1","icu_athlete_id":"i900001","start_date_local":"2026-11-20T10:00:00"}]"#;
    vec![
        of("silent", Fault::on("").mode(Mode::Hang), LATE),
        of("a byte a second", Fault::on("").mode(Mode::Drip), LATE),
        of("503", slow().status(503), DOWN),
        of("reset", slow().mode(Mode::Reset), DOWN),
        of("cut off", slow().mode(Mode::Truncate), DOWN),
        of(
            "HTML",
            slow().status(200).body("<!doctype html><title>Hi</title>"),
            DOWN,
        ),
        of("no text", slow().mode(Mode::Garbage), ODD),
        of("deep nesting", slow().mode(Mode::Deep), ODD),
        of("200 MB", slow().mode(Mode::Huge), LARGE),
        of("gzip bomb", slow().mode(Mode::GzipBomb), LARGE),
        of(
            "another athlete",
            slow().status(200).body(another),
            "about another athlete",
        ),
        of("429", slow().status(429), "allows are used up. Try again in 30 s"),
        of(
            "429 for ten days",
            slow().status(429).header("retry-after", "864000"),
            "allows are used up. Try again in 24 h",
        ),
    ]
}

/// The service's accounts are made through an app on the same database and keys, which serves nobody.
pub(crate) async fn app_on(database: &str, keys: &str) -> App {
    let config = demo::config(0).unwrap();
    let pool = start::Reach::at(database).unwrap().pool(&config).await.unwrap();
    let ingredients = Ingredients {
        pool,
        keys: KeyRing::parse(keys).unwrap(),
        mail: Transport::Captured(Captured::default()),
        clock: Clock::system(),
        random: Random::from_os(),
    };
    start::app(config, ingredients).unwrap()
}

/// An account connected to an athlete whom the simulator does not know; returns its token.
async fn stranger(app: &App, hash: &PasswordHash, athlete: &str) -> String {
    let now = app.clock.now();
    let fresh = || app.random.uuid(&app.clock);
    let (account, connection) = (AccountId(fresh()), ConnectionId(fresh()));
    let email = format!("{athlete}@example.test");
    queries::accounts::create(&app.pool, account, &email, &email, hash, now)
        .await
        .unwrap()
        .unwrap();
    let token = Token::mint(TokenKind::Link, &app.random);
    let link = ConnectorId(fresh());
    let place = icusync::guard::connector::place(link);
    let sealed = app.keys.seal(place, token.expose().as_bytes(), &app.random);
    queries::connectors::create(&app.pool, link, account, token.hash(), &sealed, now)
        .await
        .unwrap();
    let place = icusync::guard::connection::token_place(connection);
    let sealed = app.keys.seal(place, b"a token of upstream's", &app.random);
    let scopes = [
        "ACTIVITY:WRITE",
        "CALENDAR:WRITE",
        "SETTINGS:WRITE",
        "WELLNESS:WRITE",
    ];
    let new = queries::connections::NewConnection {
        id: connection,
        account_id: account,
        athlete_id: athlete,
        athlete_name: "A Stranger",
        kind: ConnectionKind::OAuth,
        scopes: &scopes.map(str::to_owned),
        scopes_before: None,
        now,
    };
    queries::connections::connect(&app.pool, new, &sealed)
        .await
        .unwrap();
    token.expose().to_owned()
}

/// Accounts of athletes with each illness; each one's illness and token.
async fn fall_sick(app: &App, sim: &sim::Running) -> Vec<(&'static str, String)> {
    let password = Password::choose(demo::seed::PASSWORD.to_owned(), "").unwrap();
    let hash = app.passwords.hash(password).await;
    let mut sick = Vec::new();
    for (kind, illness) in illnesses().into_iter().enumerate() {
        for number in 0..SICK_OF_EACH {
            let athlete = format!("{STRANGERS}{kind:02}{number}");
            let token = stranger(app, &hash, &athlete).await;
            sim.fault(illness.fault.clone().athlete(&athlete));
            sick.push((illness.name, token));
        }
    }
    // As after a first call, so that a call begins with its own request.
    let known =
        "update connections set refreshed_at = now(), zone = 'Europe/Berlin', zone_source = 'settings'";
    sqlx::query(known).execute(&app.pool).await.unwrap();
    sick
}

/// Waits until this many strangers have reached upstream.
async fn arrived(sim: &sim::Running, strangers: usize) {
    let count = || {
        let asked = sim.requests().into_iter().filter_map(|request| request.athlete);
        asked
            .filter(|id| id.starts_with(STRANGERS))
            .collect::<BTreeSet<_>>()
            .len()
    };
    let all = async {
        while count() < strangers {
            tokio::task::yield_now().await;
        }
    };
    let all = tokio::time::timeout(DEADLINE, all).await;
    all.expect("every sick call reaches upstream");
}

/// A line for each kind of call: the healthy ones and the readiness, before and during, and each illness.
fn table(usual: &(Times, Times), during: &(Times, Times), outcomes: &Outcomes) -> String {
    let head = ["calls", "median ms", "p95 ms", "max ms"];
    let mut table = format!(
        "{:<28}{:>6}{:>10}{:>10}{:>10}\n",
        "", head[0], head[1], head[2], head[3]
    );
    table += &usual.0.line("healthy, all well");
    table += &during.0.line("healthy among the sick");
    table += &usual.1.line("ready, all well");
    table += &during.1.line("ready among the sick");
    for (illness, calls) in outcomes {
        let times = Times(calls.iter().map(|(took, _)| *took).collect());
        table += &times.line(&format!("sick: {illness}"));
    }
    table
}

/// Every call of every illness ended in time and said what is the matter.
fn judge(outcomes: &Outcomes) {
    for illness in illnesses() {
        let calls = &outcomes[illness.name];
        assert!(
            calls.len() >= SICK_OF_EACH as usize,
            "{}: {}",
            illness.name,
            calls.len()
        );
        for (took, text) in calls {
            assert!(*took < DEADLINE, "{}: {took:?}", illness.name);
            let reported = text.starts_with("refused: Not done: ") && text.contains(illness.words);
            assert!(reported, "{}: {text}", illness.name);
        }
    }
}

/// Hard case 119: a service that is stopped in the middle of a call answers first.
async fn stop_in_a_call(service: Service, sim: &sim::Running, mcp: &Mcp, days: Value) {
    sim.clear_requests();
    sim.fault(Fault::on("/wellness").delay_ms(SLOW));
    let stop = async {
        while sim.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        service.stop().await;
    };
    let (call, ()) = tokio::join!(mcp.call("get_wellness", days), stop);
    assert!(!call.is_error(), "{}", call.text());
}

/// A service with a private database of its own and Ana on it; her connector.
async fn private_service(folder: &Path, sim: &sim::Running) -> (Service, Mcp) {
    let settings = [
        ("INTERVALS_URL", sim.base_url.as_str()),
        ("INTERVALS_CLIENT_ID", demo::CLIENT_ID),
        ("INTERVALS_CLIENT_SECRET", demo::CLIENT_SECRET),
        ("CALLS_PER_MINUTE", "20"),
    ];
    let service = Service::start(folder, &settings).await;
    let keys = std::fs::read_to_string(folder.join("seal.keys")).unwrap();
    let app = app_on(&postgres::running(folder).unwrap(), keys.trim()).await;
    let people = demo::seed::seed(&app).await.unwrap();
    app.pool.close().await;
    let ana = people.iter().find(|seeded| seeded.person.slug == "ana").unwrap();
    let token = ana.link.rsplit('/').next().unwrap();
    let mcp = Mcp::at(&service.link(&format!("/mcp/{token}")));
    (service, mcp)
}

/// Hard case 115, for a self-hoster: calls that run when the private database is killed get our own error.
#[tokio::test(flavor = "multi_thread")]
async fn a_private_database_that_is_killed_costs_a_running_call_an_answer_in_our_words() {
    icusync::install_crypto();
    let folder = scratch("killed-database");
    let sim = demo::simulate(&Clock::system(), &demo::config(0).unwrap(), 0, 0)
        .await
        .unwrap();
    let (mut service, ana) = private_service(&folder, &sim).await;
    // So that the next call waits only for upstream.
    assert!(!ana.call("get_wellness", json!({})).await.is_error());
    sim.clear_requests();
    sim.fault(Fault::on("/wellness").delay_ms(SLOW));
    let kill = async {
        while sim.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        let file = std::fs::read_to_string(folder.join("postgres/postmaster.pid")).unwrap();
        let pid = file.lines().next().unwrap().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    };
    let days = json!({"oldest": "2026-01-01", "newest": "2026-01-07"});
    let (call, ()) = tokio::join!(ana.call("get_wellness", days), kill);
    assert!(
        call.is_error()
            && call
                .text()
                .starts_with("Not done: IcuSync cannot reach its own records"),
        "{call:?}"
    );
    service.fails().await;
    tokio::fs::remove_dir_all(&folder).await.unwrap();
}

/// Hard case 119: what was counted and not written yet is written before the service ends.
#[tokio::test(flavor = "multi_thread")]
async fn no_refused_call_is_lost_when_the_service_stops() {
    icusync::install_crypto();
    let folder = scratch("refused-at-the-end");
    let sim = demo::simulate(&Clock::system(), &demo::config(0).unwrap(), 0, 0)
        .await
        .unwrap();
    let (service, ana) = private_service(&folder, &sim).await;
    let calls = futures::future::join_all((0..190).map(|_| ana.call("list_athletes", json!({})))).await;
    let refused = calls
        .iter()
        .filter(|call| call.text().contains("too many calls"))
        .count();
    assert!(refused > 100, "{refused}");
    service.stop().await;
    let database = start::Database::private(postgres::Options {
        data_dir: folder.clone(),
        run_as: None,
        kind: postgres::Kind::Kept,
    })
    .await
    .unwrap();
    let pool = database.reach().pool(&demo::config(0).unwrap()).await.unwrap();
    let counted: i64 = sqlx::query_scalar("select sum(calls) from activity_log where outcome = 'busy'")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(usize::try_from(counted).unwrap(), refused);
    pool.close().await;
    database.close().await.unwrap();
    tokio::fs::remove_dir_all(&folder).await.unwrap();
}

/// How long calls took, and how the slowest twentieth did.
#[derive(Debug, Clone, Default)]
struct Times(Vec<Duration>);

impl Times {
    fn at(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        let last = sorted.len() - 1;
        sorted[(last * percent).div_ceil(100).min(last)]
    }

    fn line(&self, name: &str) -> String {
        let ms = |percent| self.at(percent).as_millis();
        let count = self.0.len();
        format!(
            "{name:<28}{count:>6}{:>10}{:>10}{:>10}\n",
            ms(50),
            ms(95),
            ms(100)
        )
    }
}

/// Asks for a week that nobody has asked for before, [`CALLS`] times and until it is `enough`; returns how long it took.
async fn healthy(mcp: &Mcp, name: &str, mut newest: NaiveDate, enough: impl Fn() -> bool) -> Times {
    let mut times = Times::default();
    while times.0.len() < CALLS || (times.0.len() < MOST_CALLS && !enough()) {
        newest = newest - Days::new(1);
        let days = json!({"oldest": newest - Days::new(6), "newest": newest});
        let begun = Instant::now();
        let call = mcp.call("get_wellness", days).await;
        times.0.push(begun.elapsed());
        assert!(!call.is_error(), "{}", call.text());
        assert!(call.text().starts_with(name), "{}", call.text());
    }
    times
}

/// Whether the service says it is ready, which asks the database, at least as often and as long.
async fn ready(http: &reqwest::Client, url: &str, enough: impl Fn() -> bool) -> Times {
    let mut times = Times::default();
    while times.0.len() < CALLS || (times.0.len() < 10 * MOST_CALLS && !enough()) {
        let begun = Instant::now();
        assert_eq!(http.get(url).send().await.unwrap().status(), 200);
        times.0.push(begun.elapsed());
    }
    times
}

/// `VmRSS` and its peak `VmHWM` of a process, KiB (proc_pid_status(5)).
pub(crate) fn memory(pid: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':')
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap()
    };
    (of("VmRSS"), of("VmHWM"))
}

/// How long the sick calls took and what they brought, by illness.
type Outcomes = BTreeMap<&'static str, Vec<(Duration, String)>>;

/// Where the sick calls are counted.
#[derive(Default)]
struct Ward {
    in_flight: AtomicUsize,
    ended: AtomicUsize,
    outcomes: Mutex<Outcomes>,
}

impl Ward {
    /// Calls again and again until `end`; the last call is waited for.
    async fn suffer(self: Arc<Self>, illness: &'static str, link: String, end: CancellationToken) {
        let mcp = Mcp::at(&link);
        while !end.is_cancelled() {
            let begun = Instant::now();
            self.in_flight.fetch_add(1, Ordering::SeqCst);
            let call = mcp.call("get_training_history", json!({})).await;
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            self.ended.fetch_add(1, Ordering::SeqCst);
            let text = format!(
                "{} {}",
                if call.is_error() { "refused:" } else { "answered:" },
                call.text()
            );
            let mut outcomes = self.outcomes.lock().unwrap();
            outcomes.entry(illness).or_default().push((begun.elapsed(), text));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the numbers are what somebody runs it for")]
async fn many_sick_athletes_do_not_keep_the_healthy_ones_waiting() {
    icusync::install_crypto();
    let (folder, random, clock) = (scratch("resilience"), Random::from_os(), Clock::system());
    let (database, keys) = (url_of(&fresh_database().await), KeyRing::generate(&random));
    let app = app_on(&database, &keys).await;
    let sim = demo::simulate(&clock, &app.config, 0, 0).await.unwrap();
    let people: Vec<Seeded> = demo::seed::seed(&app).await.unwrap();
    let mut sick = fall_sick(&app, &sim).await;
    let token_of = |slug: &str| {
        let seeded = people.iter().find(|seeded| seeded.person.slug == slug).unwrap();
        seeded.link.rsplit('/').next().unwrap().to_owned()
    };
    // A person whom upstream knows, so that recovery can be seen too.
    let tria = sim::Person::of_slug("tria").unwrap();
    sim.fault(Fault::on("").status(503).delay_ms(SLOW).athlete(tria.athlete_id));
    sick.push(("503", token_of("tria")));
    let settings = [
        ("DATABASE_URL", database.as_str()),
        ("SEAL_KEYS", keys.as_str()),
        ("INTERVALS_URL", sim.base_url.as_str()),
        ("INTERVALS_CLIENT_ID", demo::CLIENT_ID),
        ("INTERVALS_CLIENT_SECRET", demo::CLIENT_SECRET),
        ("INTERVALS_PER_SECOND", "200"),
    ];
    let service = Service::start(&folder, &settings).await;
    let links = service.link("/mcp/");
    let link = |token: &str| format!("{links}{token}");
    let (http, readyz) = (Mcp::client(), service.url("/readyz"));
    let well = [("Ana Berger · ", "ana"), ("Jack Nguyen · ", "jack")]
        .map(|(name, slug)| (name, Mcp::at(&link(&token_of(slug)))));
    let [(ana_name, ana), (jack_name, jack)] = &well;
    let today = clock.now().date_naive();
    let round = async |newest: NaiveDate, enough: &dyn Fn() -> bool| {
        let (ana, jack, ready) = tokio::join!(
            healthy(ana, ana_name, newest, enough),
            healthy(jack, jack_name, newest, enough),
            ready(&http, &readyz, enough)
        );
        (Times([ana.0, jack.0].concat()), ready)
    };
    // The first calls of all do what later ones find done, here and in the simulator.
    for (_, mcp) in &well {
        assert!(!mcp.call("get_wellness", json!({})).await.is_error());
    }
    let usual = round(today - Days::new(10), &|| true).await;

    let pid = service.pid();
    let (before, _) = memory(pid);
    // Writing 5 resets the peak (proc_pid_clear_refs(5)).
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
    let (ward, end, athletes) = (Arc::new(Ward::default()), CancellationToken::new(), sick.len());
    let mut calls = tokio::task::JoinSet::new();
    for (illness, token) in &sick {
        calls.spawn(ward.clone().suffer(illness, link(token), end.clone()));
    }
    arrived(&sim, athletes - 1).await;
    let in_flight_first = ward.in_flight.load(Ordering::SeqCst);
    let ended = || ward.ended.load(Ordering::SeqCst);
    let ended_before = ended();
    let during = round(today - Days::new(60), &|| ended() - ended_before >= ENDED).await;
    let ended_during = ended() - ended_before;
    let in_flight_last = ward.in_flight.load(Ordering::SeqCst);
    end.cancel();
    while let Some(ended) = calls.join_next().await {
        ended.unwrap();
    }
    let (after, peak) = memory(pid);

    let outcomes = std::mem::take(&mut *ward.outcomes.lock().unwrap());
    let mut table = table(&usual, &during, &outcomes);
    let [before_mib, peak_mib, after_mib] = [before, peak, after].map(|kib| kib / 1024);
    writeln!(
        table,
        "sick calls in flight: {in_flight_first} first, {in_flight_last} last, {ended_during} ended meanwhile\n\
         memory, MiB: {before_mib} before, {peak_mib} at most, {after_mib} after"
    )
    .unwrap();
    println!("{table}");

    assert!(
        in_flight_first.min(in_flight_last) >= 40 && ended_during >= ENDED,
        "{table}"
    );
    for (usual, during) in [(&usual.0, &during.0), (&usual.1, &during.1)] {
        assert!(during.at(95) <= usual.at(95) * TIMES + MORE, "{table}");
    }
    assert!(peak <= before + GROWTH, "{table}");
    judge(&outcomes);

    sim.clear_faults();
    let call = Mcp::at(&link(&token_of("tria")))
        .call("get_training_history", json!({}))
        .await;
    assert!(
        !call.is_error(),
        "well again, and answered at once: {}",
        call.text()
    );
    let days = json!({"oldest": today - Days::new(200), "newest": today - Days::new(190)});
    stop_in_a_call(service, &sim, ana, days).await;
    app.pool.close().await;
    tokio::fs::remove_dir_all(&folder).await.unwrap();
}
