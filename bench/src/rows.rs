//! The rows of the table: each is one question, asked by 16 connections of one build at a time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    load::{Callers, Outcome, Running},
    measure::{self, Memory, percentile},
    proxy::Proxy,
    questions::{self, Door, Place},
    seed::{LARGE_ROSTER, People, ROSTER},
    service::{Service, Used},
    upstream::Upstream,
};

/// Connections that ask at the same time.
pub(crate) const CONNECTIONS: usize = 16;
/// How long a row is asked before it is measured.
pub(crate) const WARM_UP: Duration = Duration::from_secs(2);
/// What a service writes behind an answer is written by then.
const SETTLE: Duration = Duration::from_millis(1500);
/// How long a row may take that ends by itself.
const LONGEST: Duration = Duration::from_mins(5);
/// How often to look whether it has.
const LOOK: Duration = Duration::from_millis(5);
/// Ordinary athletes, on nobody's roster.
const ORDINARY: std::ops::Range<usize> = 500..564;

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    /// get_wellness of one athlete.
    Wellness(Door),
    /// get_training_history of 31 days of one athlete.
    History(Door),
    /// get_wellness of every athlete, once each.
    InTurn(Door),
    /// The overview of a coach.
    Overview(Door),
    /// get_wellness of ordinary athletes, with a coach of many beside them or without.
    Ordinary {
        /// Whether the coach asks for the overview all the time.
        beside_a_coach: bool,
    },
}

impl Row {
    /// All of them, in the order of the table. What the last ones leave in the service's memory expires a minute later, which
    /// costs time too.
    pub(crate) const ALL: [Self; 10] = [
        Self::Wellness(Door::Link),
        Self::Wellness(Door::SignIn),
        Self::History(Door::Link),
        Self::History(Door::SignIn),
        Self::Overview(Door::Link),
        Self::Overview(Door::SignIn),
        Self::Ordinary {
            beside_a_coach: false,
        },
        Self::Ordinary { beside_a_coach: true },
        Self::InTurn(Door::Link),
        Self::InTurn(Door::SignIn),
    ];

    /// How the table calls it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Wellness(door) => format!("get_wellness, cached, {}", door.name()),
            Self::History(door) => format!("history, 31 days, cached, {}", door.name()),
            Self::InTurn(door) => format!("10,000 athletes in turn, {}", door.name()),
            Self::Overview(door) => format!("overview of {ROSTER}, cached, {}", door.name()),
            Self::Ordinary {
                beside_a_coach: false,
            } => String::from("64 athletes, cached, link"),
            Self::Ordinary { beside_a_coach: true } => format!("… beside a coach of {LARGE_ROSTER}"),
        }
    }

    /// Whether the answers come from the service's memory.
    pub(crate) const fn is_cached(self) -> bool {
        matches!(self, Self::Wellness(_) | Self::History(_))
    }

    /// Every athlete is asked about once, and not before.
    const fn ends_by_itself(self) -> bool {
        matches!(self, Self::InTurn(_))
    }

    fn callers(self, place: &Place) -> Callers {
        let ask = match self {
            Self::Wellness(door) => place.wellness(door),
            Self::History(door) => place.history(door),
            // Another week for each door: what one has asked for is in the service's memory when the other asks.
            Self::InTurn(Door::Link) => place.in_turn(Door::Link, 1, 1),
            Self::InTurn(Door::SignIn) => place.in_turn(Door::SignIn, 2, 1),
            Self::Overview(door) => place.overview(door, &place.people.coach),
            Self::Ordinary { .. } => place.some(Door::Link, ORDINARY),
        };
        place.callers(CONNECTIONS, ask)
    }

    /// The coach beside the callers, who waits for each answer.
    fn beside(self, place: &Place) -> Option<Callers> {
        let beside = matches!(self, Self::Ordinary { beside_a_coach: true });
        beside.then(|| place.callers(1, place.overview(Door::Link, &place.people.large_coach)))
    }
}

/// What a row came to. What a proxy does not have is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// Calls that were answered rightly.
    pub(crate) calls: usize,
    /// In this time.
    pub(crate) seconds: f64,
    /// Calls a second.
    pub(crate) rate: f64,
    /// Median, ms.
    pub p50: f64,
    /// 99th percentile, ms.
    pub p99: f64,
    /// CPU time of the service a call, ms.
    pub(crate) service_cpu: f64,
    /// CPU time of PostgreSQL a call, ms.
    pub(crate) postgres_cpu: Option<f64>,
    /// Statements a call.
    pub(crate) statements: Option<f64>,
    /// Requests to the upstream a call.
    pub(crate) upstream: f64,
    /// Memory at the end of the row.
    pub(crate) memory: Memory,
    /// Calls that were not answered rightly.
    pub(crate) errors: u64,
    /// The first of them.
    pub(crate) first_error: Option<String>,
}

impl Figures {
    /// CPU time of both a call, ms.
    pub(crate) fn cpu(&self) -> f64 {
        self.service_cpu + self.postgres_cpu.unwrap_or_default()
    }
}

/// A service at work, with its people.
pub(crate) struct Candidate {
    /// The service.
    pub(crate) service: Service,
    /// What is asked of it.
    pub(crate) place: Place,
}

impl Candidate {
    /// A service whose people these are.
    pub(crate) fn new(service: Service, people: People, today: chrono::NaiveDate) -> Self {
        let place = Place {
            port: service.port,
            people: Arc::new(people),
            today,
        };
        Self { service, place }
    }

    /// Measures a row.
    pub(crate) async fn row(
        &self,
        row: Row,
        upstream: &Upstream,
        seconds: Duration,
    ) -> anyhow::Result<Figures> {
        let callers = row.callers(&self.place);
        let beside = row.beside(&self.place);
        if !row.ends_by_itself() {
            warm_up(&callers).await;
        }
        let aside = beside.as_ref().map(Callers::start);
        tokio::time::sleep(SETTLE).await;
        let (before, asked) = (self.service.used().await?, upstream.requests());
        let limit = if row.ends_by_itself() { LONGEST } else { seconds };
        let (mut outcome, took) = ask(&callers, limit).await;
        if let Some(aside) = aside {
            let coach = aside.stop();
            outcome.errors += coach.errors;
            outcome.first_error = outcome.first_error.or(coach.first_error);
        }
        let asked = upstream.requests() - asked;
        tokio::time::sleep(SETTLE).await;
        let used = Used::between(before, self.service.used().await?);
        let mut figures = Figures::of(outcome, took, asked, self.service.memory());
        let calls = figures.whole();
        figures.service_cpu = millis(used.service) / calls;
        figures.postgres_cpu = Some(millis(used.postgres) / calls);
        figures.statements = Some(f64::from(i32::try_from(used.statements).unwrap_or(i32::MAX)) / calls);
        Ok(figures)
    }
}

impl Proxy {
    /// Measures the same question about the upstream's bare answer.
    pub(crate) async fn row(&self, question: &str, upstream: &Upstream, seconds: Duration) -> Figures {
        let callers = questions::bare(self.port, CONNECTIONS, question);
        warm_up(&callers).await;
        let (before, asked) = (measure::cpu_of_family(self.pid()), upstream.requests());
        let (outcome, took) = ask(&callers, seconds).await;
        let asked = upstream.requests() - asked;
        let used = measure::cpu_of_family(self.pid()).saturating_sub(before);
        let mut figures = Figures::of(outcome, took, asked, measure::memory_of_family(self.pid()));
        figures.service_cpu = millis(used) / figures.whole();
        figures
    }
}

async fn warm_up(callers: &Callers) {
    let running = callers.start();
    tokio::time::sleep(WARM_UP).await;
    // What fails now fails again when it counts.
    finish(running).await;
}

/// Asks until there is nothing left to ask, at most for this long.
async fn ask(callers: &Callers, limit: Duration) -> (Outcome, Duration) {
    let began = Instant::now();
    let running = callers.start();
    while began.elapsed() < limit && !running.is_done() {
        tokio::time::sleep(LOOK).await;
    }
    let outcome = finish(running).await;
    (outcome, began.elapsed())
}

/// Waits for the last answers, on a thread that may block.
async fn finish(running: Running) -> Outcome {
    let stopped = tokio::task::spawn_blocking(move || running.stop()).await;
    stopped.unwrap_or_default()
}

impl Figures {
    fn of(outcome: Outcome, took: Duration, asked: u64, memory: Memory) -> Self {
        let mut micros = outcome.micros;
        micros.sort_unstable();
        let at = |part| f64::from(percentile(&micros, part)) / 1000.0;
        let mut figures = Self {
            calls: micros.len(),
            seconds: took.as_secs_f64(),
            p50: at(0.5),
            p99: at(0.99),
            memory,
            errors: outcome.errors,
            first_error: outcome.first_error,
            ..Self::default()
        };
        figures.rate = figures.whole() / figures.seconds.max(0.001);
        figures.upstream = f64::from(u32::try_from(asked).unwrap_or(u32::MAX)) / figures.whole();
        figures
    }

    /// The calls as a divisor.
    fn whole(&self) -> f64 {
        f64::from(u32::try_from(self.calls.max(1)).unwrap_or(u32::MAX))
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
