//! A build at work: `icusync serve` with a data folder of its own and the PostgreSQL that it starts there itself, as for
//! whoever hosts it without `DATABASE_URL`.

use std::{
    fs::File,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::measure::{self, Memory};

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often to look whether it has.
const LOOK: Duration = Duration::from_millis(50);
/// The setting of its pace at most, before and after it was raised for the bench.
const PACES: [u32; 2] = [100_000, 1_000];

/// A build to measure.
#[derive(Debug, Clone)]
pub(crate) struct Build {
    /// How the table calls it.
    pub(crate) name: &'static str,
    /// The commit.
    pub(crate) commit: String,
    /// The program.
    pub(crate) binary: PathBuf,
}

/// What stays the same when a service is started again.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// Its own folder, which holds the database's.
    pub(crate) folder: PathBuf,
    /// `SEAL_KEYS`.
    pub(crate) keys: String,
    /// The port of the upstream.
    pub(crate) upstream: u16,
    /// `LOG`, if not the default.
    pub(crate) log: Option<&'static str>,
}

/// A running service. It is stopped when it is dropped.
pub(crate) struct Service {
    /// Which build.
    pub(crate) build: Build,
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
    /// The requests a second that it may send upstream.
    pub(crate) pace: u32,
    /// Its database, as the superuser.
    pub(crate) database: PgPool,
    /// The URL of its database, as the service's own role.
    pub(crate) database_url: String,
    /// Where statements are counted.
    pub(crate) counter: Counter,
    process: Child,
    postmaster: u32,
}

/// Where statements are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    /// Each of them, in `pg_stat_statements`.
    Statements,
    /// Transactions, in `pg_stat_database`: PostgreSQL came without the other.
    Transactions,
}

/// What a service had used at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    /// The CPU time of the service.
    pub(crate) service: Duration,
    /// The CPU time of its PostgreSQL.
    pub(crate) postgres: Duration,
    /// Statements in its database.
    pub(crate) statements: i64,
}

impl Service {
    /// Starts it on a fresh folder. It starts twice: PostgreSQL counts statements only if it was told so before.
    pub(crate) async fn start(build: &Build, setting: &Setting) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&setting.folder)?;
        let mut refused = None;
        for pace in PACES {
            match Self::start_once(build, setting, pace).await {
                Ok(service) => return service.counting(setting).await,
                Err(error) => refused.get_or_insert(error),
            };
        }
        Err(refused.unwrap_or_else(|| anyhow::anyhow!("no pace to try")))
    }

    async fn counting(mut self, setting: &Setting) -> anyhow::Result<Self> {
        let known = "select exists (select from pg_available_extensions where name = 'pg_stat_statements')";
        if !sqlx::query_scalar(known).fetch_one(&self.database).await? {
            return Ok(self);
        }
        for statement in [
            "alter system set shared_preload_libraries = 'pg_stat_statements'",
            "create extension pg_stat_statements",
        ] {
            sqlx::query(statement).execute(&self.database).await?;
        }
        self.stop().await?;
        let mut again = Self::start_once(&self.build, setting, self.pace).await?;
        again.counter = Counter::Statements;
        Ok(again)
    }

    async fn start_once(build: &Build, setting: &Setting, pace: u32) -> anyhow::Result<Self> {
        let log = setting.folder.join("service.log");
        let port = free_port()?;
        let process = command(build, setting, pace, port, &log)?
            .spawn()
            .with_context(|| format!("cannot run {}", build.binary.display()))?;
        let data = setting.folder.join("data");
        let mut starting = Starting(Some(process));
        starting.until_ready(port, &log).await?;
        let database_url =
            icusync::postgres::running(&data).context("the service runs no PostgreSQL of its own")?;
        let superuser = database_url.replacen("//icusync@", "//postgres@", 1);
        let database = PgPoolOptions::new()
            .max_connections(2)
            .connect(&superuser)
            .await?;
        let pid_file = std::fs::read_to_string(data.join("postgres/postmaster.pid"))?;
        let postmaster = pid_file.lines().next().and_then(|line| line.trim().parse().ok());
        Ok(Self {
            build: build.clone(),
            port,
            pace,
            database,
            database_url,
            counter: Counter::Transactions,
            process: starting.0.take().context("the service has ended")?,
            postmaster: postmaster.context("postmaster.pid names no process")?,
        })
    }

    /// What it has used until now.
    pub(crate) async fn used(&self) -> anyhow::Result<Used> {
        Ok(Used {
            service: measure::cpu(self.pid()),
            postgres: measure::cpu_of_family(self.postmaster),
            statements: self.statements().await?,
        })
    }

    async fn statements(&self) -> anyhow::Result<i64> {
        // Not those of the bench itself, which asks as another role.
        let statement = match self.counter {
            Counter::Statements => {
                "select coalesce(sum(calls), 0)::bigint from pg_stat_statements where userid = 'icusync'::regrole"
            }
            Counter::Transactions => {
                "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
            }
        };
        Ok(sqlx::query_scalar(statement).fetch_one(&self.database).await?)
    }

    /// The memory of the service, without its PostgreSQL.
    pub(crate) fn memory(&self) -> Memory {
        measure::memory(self.pid())
    }

    /// Its open files and sockets.
    pub(crate) fn open_files(&self) -> usize {
        measure::open_files(self.pid())
    }

    /// Its connections to PostgreSQL.
    pub(crate) async fn connections(&self) -> anyhow::Result<i64> {
        let statement = "select count(*) from pg_stat_activity where usename = 'icusync'";
        Ok(sqlx::query_scalar(statement).fetch_one(&self.database).await?)
    }

    /// Jobs that wait in its queue.
    pub(crate) async fn queue(&self) -> anyhow::Result<i64> {
        let statement = "select count(*) from jobs where state = 'pending'";
        Ok(sqlx::query_scalar(statement).fetch_one(&self.database).await?)
    }

    /// The version of its PostgreSQL.
    pub(crate) async fn postgres_version(&self) -> anyhow::Result<String> {
        Ok(sqlx::query_scalar("show server_version")
            .fetch_one(&self.database)
            .await?)
    }

    /// Lets the database settle after it was filled: its statistics, and what it has not yet written to disk.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        for statement in ["vacuum analyze", "checkpoint"] {
            sqlx::query(statement).execute(&self.database).await?;
        }
        Ok(())
    }

    /// Stops it and its PostgreSQL, and waits for their end.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        self.database.close().await;
        terminate(&self.process);
        let deadline = Instant::now() + PATIENCE;
        while self.process.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "the service does not stop");
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// A process that is not ready yet. It is stopped when it is dropped.
struct Starting(Option<Child>);

impl Starting {
    async fn until_ready(&mut self, port: u16, log: &Path) -> anyhow::Result<()> {
        let process = self.0.as_mut().context("the service has ended")?;
        let deadline = Instant::now() + PATIENCE;
        while !is_ready(port).await {
            if let Some(status) = process.try_wait()? {
                let log = std::fs::read_to_string(log).unwrap_or_default();
                let last = log.lines().last().unwrap_or("it said nothing");
                bail!("the service did not start ({status}): {last}");
            }
            ensure!(
                Instant::now() < deadline,
                "the service is not ready after {PATIENCE:?}: {}",
                log.display()
            );
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(process) = &mut self.0 {
            end(process);
        }
    }
}

async fn is_ready(port: u16) -> bool {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let answered = async {
        let mut stream = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let request = format!("GET /readyz HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    answered
        .await
        .is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200"))
}

/// The settings: those that lift every limit, and the places. Nothing comes from the environment but where programs are.
fn command(build: &Build, setting: &Setting, pace: u32, port: u16, log: &Path) -> anyhow::Result<Command> {
    let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let metrics = free_port()?;
    let mut command = Command::new(&build.binary);
    command.arg("serve").env_clear();
    for name in ["PATH", "HOME"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("DATA_DIR", setting.folder.join("data"))
        .env("SEAL_KEYS", &setting.keys)
        .env("BIND", format!("127.0.0.1:{port}"))
        .env("METRICS_BIND", format!("127.0.0.1:{metrics}"))
        .env("PUBLIC_URL", format!("http://localhost:{port}"))
        .env("LINK_URL", format!("http://127.0.0.1:{port}"))
        .env("INTERVALS_URL", format!("http://127.0.0.1:{}", setting.upstream))
        .env("INTERVALS_CLIENT_ID", "315")
        .env("INTERVALS_CLIENT_SECRET", "bench")
        .env("INTERVALS_PER_SECOND", pace.to_string())
        .env("INTERVALS_PER_DAY", "1000000")
        .env("CALLS_PER_MINUTE", "1000000")
        .env("CALLS_AT_ONCE", "1000")
        .env("STRANGERS_PER_MINUTE", "1000000");
    if let Some(log) = setting.log {
        command.env("LOG", log);
    }
    command
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    Ok(command)
}

/// A port on 127.0.0.1 that nobody listens on now.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

/// Asks a process of ours to end, if it has not ended yet.
fn terminate(process: &Child) {
    if let Some(pid) = i32::try_from(process.id()).ok().and_then(Pid::from_raw) {
        // It may have ended by itself.
        let _ = kill_process(pid, Signal::TERM);
    }
}

/// Ends a process of ours and waits for it.
pub(crate) fn end(process: &mut Child) {
    if matches!(process.try_wait(), Ok(None)) {
        terminate(process);
        let _ = process.wait();
    }
}

impl Used {
    /// What was used between two moments.
    pub(crate) fn between(before: Self, after: Self) -> Self {
        Self {
            service: after.service.saturating_sub(before.service),
            postgres: after.postgres.saturating_sub(before.postgres),
            statements: after.statements - before.statements,
        }
    }
}
