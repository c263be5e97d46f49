//! `make bench`: how many calls a second a release build of IcuSync answers, how fast, and at what price in CPU, statements
//! and memory, beside a bare proxy of the same upstream and beside another build.
//!
//! - [`service`]: a build at work, with a PostgreSQL of its own; [`seed`]: its people
//! - [`upstream`]: an intervals.icu that costs nothing; [`proxy`]: a bare proxy before it
//! - [`questions`]: what is asked; [`load`]: who asks; [`measure`]: what it cost
//! - [`rows`]: the rows of the table; [`soak`]: an hour of everything; [`report`]: the tables
//!
//! `scripts/bench` makes the builds and calls this. It touches one folder, listens on loopback only, and measures nothing but
//! what it has started itself.

mod load;
mod measure;
mod proxy;
mod questions;
mod report;
mod rows;
mod seed;
mod service;
mod soak;
mod upstream;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use icusync::{
    secrets::{KeyRing, Random},
    time::Clock,
};

use proxy::Proxy;
use report::Line;
use rows::{Candidate, Row};
use service::{Build, Counter, Service, Setting};
use upstream::Upstream;

/// The build under test, in the table.
const HEAD: &str = "HEAD";
/// The build that it is compared with.
const BASE: &str = "BASE";

/// Measures a release build of IcuSync.
#[derive(Parser)]
enum Command {
    /// The whole bench.
    Run(Options),
    /// The bare proxy, which the bench starts itself.
    #[command(hide = true)]
    Proxy {
        /// The upstream's port.
        upstream: u16,
    },
}

#[derive(clap::Args)]
struct Options {
    /// A folder for the data, which every user can pass through.
    #[arg(long)]
    folder: PathBuf,
    /// The program to measure.
    #[arg(long)]
    binary: PathBuf,
    /// Its commit.
    #[arg(long)]
    commit: String,
    /// The program to compare it with.
    #[arg(long, requires = "base_commit")]
    base_binary: Option<PathBuf>,
    /// Its commit.
    #[arg(long)]
    base_commit: Option<String>,
    /// Seconds for each row.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Only the rows whose names contain this.
    #[arg(long, default_value = "")]
    rows: String,
    /// A soak of this many minutes instead of the table.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1440))]
    minutes: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    icusync::install_crypto();
    let outcome = match Command::parse() {
        Command::Proxy { upstream } => proxy::serve(upstream).await.map(|()| true),
        Command::Run(options) => {
            tokio::select! {
                outcome = run(&options) => outcome,
                // What was started is stopped as it is dropped.
                _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
            }
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether there was no error.
async fn run(options: &Options) -> anyhow::Result<bool> {
    let upstream = Upstream::start().await?;
    let build = Build {
        name: HEAD,
        commit: options.commit.clone(),
        binary: options.binary.clone(),
    };
    let quiet = options.minutes.map(|_| "warn");
    let head = candidate(build, &options.folder, &upstream, quiet).await?;
    if let Some(minutes) = options.minutes {
        say(&about(&head, None).await?)?;
        return soak::run(&head, minutes).await;
    }
    let base = match (&options.base_binary, &options.base_commit) {
        (Some(binary), Some(commit)) => {
            let build = Build {
                name: BASE,
                commit: commit.clone(),
                binary: binary.clone(),
            };
            match candidate(build, &options.folder, &upstream, None).await {
                Ok(base) => Some(base),
                Err(error) => {
                    say(&format!(
                        "Without BASE, whose schema or settings are not those of this bench: {error:#}"
                    ))?;
                    None
                }
            }
        }
        _ => None,
    };
    let proxy = Proxy::start(upstream.port, &options.folder).await?;
    say(&about(&head, base.as_ref()).await?)?;
    let bench = Bench {
        head,
        base,
        proxy,
        upstream,
        seconds: Duration::from_secs(options.seconds),
        rows: options.rows.clone(),
    };
    let lines = bench.table().await?;
    say(&bench.end(&lines))?;
    Ok(lines.iter().all(|line| line.figures.errors == 0))
}

/// A build with its people, ready to be asked.
async fn candidate(
    build: Build,
    folder: &Path,
    upstream: &Upstream,
    log: Option<&'static str>,
) -> anyhow::Result<Candidate> {
    let setting = Setting {
        folder: folder.join(build.name.to_lowercase()),
        keys: KeyRing::generate(&Random::from_os()),
        upstream: upstream.port,
        log,
    };
    let service = Service::start(&build, &setting).await?;
    let began = Instant::now();
    let people = seed::seed(&service.database_url, &setting.keys).await?;
    service.settle().await?;
    say(&format!(
        "{}: {} athletes seeded in {:.1} s",
        build.name,
        people.athletes.len(),
        began.elapsed().as_secs_f64()
    ))?;
    Ok(Candidate::new(
        service,
        people,
        Clock::system().now().date_naive(),
    ))
}

/// Everything that is measured together.
struct Bench {
    head: Candidate,
    base: Option<Candidate>,
    proxy: Proxy,
    upstream: Upstream,
    seconds: Duration,
    /// Part of the names of the rows to measure.
    rows: String,
}

impl Bench {
    /// Row by row, one build after the other, so that what else the machine does meets both alike.
    async fn table(&self) -> anyhow::Result<Vec<Line>> {
        say(report::TITLES)?;
        let mut lines = Vec::new();
        for row in Row::ALL.into_iter().filter(|row| row.name().contains(&self.rows)) {
            for candidate in std::iter::once(&self.head).chain(&self.base) {
                let figures = candidate.row(row, &self.upstream, self.seconds).await?;
                self.print(
                    &mut lines,
                    Line {
                        row: Some(row),
                        question: row.name(),
                        by: candidate.service.build.name.to_owned(),
                        figures,
                    },
                )?;
            }
            let bare = report::bare_path(row).and_then(|path| self.upstream.question(path));
            if let Some(question) = bare {
                let figures = self.proxy.row(&question, &self.upstream, self.seconds).await;
                self.print(
                    &mut lines,
                    Line {
                        row: None,
                        question: String::from("… bare answer through a proxy"),
                        by: self.proxy.name.clone(),
                        figures,
                    },
                )?;
            }
        }
        Ok(lines)
    }

    #[expect(clippy::unused_self, reason = "prints what the bench has measured")]
    fn print(&self, lines: &mut Vec<Line>, line: Line) -> anyhow::Result<()> {
        say(&report::line(&line))?;
        lines.push(line);
        Ok(())
    }

    /// What follows the table.
    fn end(&self, lines: &[Line]) -> String {
        if self.base.is_none() {
            return String::from("\nBASE=<commit> compares with that commit's build.");
        }
        let pairs = report::pairs(lines, HEAD, BASE);
        format!(
            "\n{}\n{}",
            report::ratios(&pairs),
            report::goals(lines, HEAD, &pairs)
        )
    }
}

/// What is above the table.
async fn about(head: &Candidate, base: Option<&Candidate>) -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism()?;
    let version = head.service.postgres_version().await?;
    let counted = match head.service.counter {
        Counter::Statements => "every statement, by pg_stat_statements",
        Counter::Transactions => "transactions, by pg_stat_database: pg_stat_statements is not installed",
    };
    let mut text = format!(
        "\n{cores} cores, which the callers, the upstream and PostgreSQL share with the service.\n\
         PostgreSQL {version}: the private one that each service runs itself, with fsync.\nStatements: {counted}.\n"
    );
    for candidate in std::iter::once(head).chain(base) {
        let service = &candidate.service;
        let line = format!(
            "{}: {}, at most {} requests a second upstream\n",
            service.build.name, service.build.commit, service.pace
        );
        text.push_str(&line);
    }
    Ok(text)
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
