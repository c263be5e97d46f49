//! From settings to a running service: database, keys, mail, app, listeners; then back down in order.
//!
//! The command line is read in `main.rs`; nothing here decides what a request means.

use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr as _,
    time::Duration,
};

use anyhow::Context as _;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use secrecy::ExposeSecret as _;
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    app::{App, Parts},
    config::Config,
    guard::{
        connection::Brake,
        identities::Rechecks,
        limits::Limits,
        log_buffer::{self, LogBuffer},
        passkeys::Passkeys,
        policy::Policies,
        refused::{self, Refused},
    },
    intervals, jobs,
    mail::transport::Transport,
    mcp,
    oauth::documents::Fetcher,
    oidc::{self, Provider},
    postgres, queries, routes,
    secrets::{KeyRing, Look, Passwords, Random, Seals},
    server,
    time::{Clock, Heartbeat},
    words::Purpose,
};

/// How long to wait for a connection from the pool.
const ACQUIRE: Duration = Duration::from_secs(2);
/// How long to wait for a connection outside it, at start.
const CONNECT: Duration = Duration::from_secs(10);
/// How long to wait for changes whose callers were answered before their end. What is cut off is found out by the next change.
const WRITES: Duration = Duration::from_secs(3);
/// How long to write down what was only counted, once no more calls come.
const SETTLE: Duration = queries::PATIENCE;
/// How long to close the pool, once nothing needs it.
const CLOSE: Duration = Duration::from_secs(1);

/// Where this machine's installation keeps its data when no setting says so.
pub fn data_dir(config: &Config) -> anyhow::Result<PathBuf> {
    if let Some(dir) = &config.data_dir {
        return Ok(dir.clone());
    }
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/icusync"));
    }
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let base = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|dir| dir.is_absolute())
        .or_else(home);
    Ok(base
        .context("neither DATA_DIR nor HOME is set: set DATA_DIR to a folder for the data")?
        .join("icusync"))
}

/// The database to use: that of `DATABASE_URL`, or a private cluster that lives until [`Database::close`].
pub struct Database {
    reach: Reach,
    cluster: Option<postgres::Cluster>,
}

/// How to reach a running database. It holds the password of `DATABASE_URL` and is never printed.
#[derive(Clone)]
pub struct Reach(PgConnectOptions);

impl Database {
    /// Opens the configured database for the service itself. A private cluster that another service runs is refused.
    pub async fn own(config: &Config) -> anyhow::Result<Self> {
        if let Some(url) = &config.database_url {
            return Ok(Self {
                reach: Reach::at(url.expose_secret())?,
                cluster: None,
            });
        }
        Self::private(postgres::Options {
            data_dir: data_dir(config)?,
            run_as: config.postgres_user.clone(),
            kind: postgres::Kind::Kept,
        })
        .await
    }

    /// Opens the configured database for a command next to the service: it joins a running service's private cluster.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        if config.database_url.is_none()
            && let Some(url) = postgres::running(&data_dir(config)?)
        {
            return Ok(Self {
                reach: Reach::at(&url)?,
                cluster: None,
            });
        }
        Self::own(config).await
    }

    /// Starts a private cluster.
    pub async fn private(options: postgres::Options) -> anyhow::Result<Self> {
        let cluster = postgres::start(options).await?;
        Ok(Self {
            reach: Reach::at(&cluster.url())?,
            cluster: Some(cluster),
        })
    }

    /// How to reach it.
    pub fn reach(&self) -> Reach {
        self.reach.clone()
    }

    /// Resolves when a private cluster has ended without being asked to; never otherwise.
    pub async fn lost(&mut self) -> anyhow::Error {
        match &mut self.cluster {
            Some(cluster) => cluster.ended().await.into(),
            None => std::future::pending().await,
        }
    }

    /// Stops a private cluster and waits for its end; leaves any other database alone.
    pub async fn close(self) -> anyhow::Result<()> {
        match self.cluster {
            Some(cluster) => Ok(cluster.stop().await?),
            None => Ok(()),
        }
    }
}

impl Reach {
    /// Reads a PostgreSQL URL.
    pub fn at(url: &str) -> anyhow::Result<Self> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| anyhow::anyhow!("DATABASE_URL is not a PostgreSQL URL"))?;
        Ok(Self(options.log_statements(log::LevelFilter::Off)))
    }

    /// Brings the schema up to date. Instances that start together take turns: sqlx holds an advisory lock.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        let mut connection = self.connect().await?;
        sqlx::migrate!()
            .run(&mut connection)
            .await
            .context("cannot bring the database's schema up to date")
    }

    /// Refuses a database that has a schema but is not marked as a demo's; an empty one is fine.
    pub async fn refuse_unmarked(&self) -> anyhow::Result<()> {
        let mut connection = self.connect().await?;
        let is_ours = match queries::installation::kind(&mut connection).await? {
            queries::installation::Kind::Empty => true,
            queries::installation::Kind::Unmarked => false,
            queries::installation::Kind::Marked(kind) => kind == Purpose::Demo,
        };
        anyhow::ensure!(
            is_ours,
            "this database was not made by a demo: `icusync demo` never opens real data"
        );
        Ok(())
    }

    /// Opens one connection. A server that accepts it and then says nothing counts as unreachable.
    async fn connect(&self) -> anyhow::Result<PgConnection> {
        tokio::time::timeout(CONNECT, self.0.connect())
            .await
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))
            .map_err(unreachable)
    }

    /// The pool: two seconds for a connection, five for a statement.
    pub async fn pool(&self, config: &Config) -> anyhow::Result<PgPool> {
        let options = self.0.clone().application_name("icusync").options([
            ("statement_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "15s"),
        ]);
        PgPoolOptions::new()
            .max_connections(config.database_connections)
            .acquire_timeout(ACQUIRE)
            // After an abandoned query, sqlx asks its connection whether it is alive, and waits for ever if the network
            // swallows the question. A pool full of those leaves nothing until TCP gives up.
            .after_release(|connection, _| {
                Box::pin(async move {
                    let alive = tokio::time::timeout(ACQUIRE, connection.ping()).await;
                    alive.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
                })
            })
            .connect_with(options)
            .await
            .map_err(unreachable)
    }
}

fn unreachable(error: sqlx::Error) -> anyhow::Error {
    anyhow::Error::new(error)
        .context("cannot reach PostgreSQL: check DATABASE_URL and that the server is running")
}

/// Marks the database as `purpose`, or refuses one that is marked otherwise.
pub async fn claim(pool: &PgPool, purpose: Purpose, clock: &Clock) -> anyhow::Result<()> {
    let marked = queries::installation::mark(pool, purpose, clock.now()).await?;
    anyhow::ensure!(
        marked == purpose,
        "this database belongs to a {marked} installation: `icusync serve` never opens a demo's data, and `icusync demo` never \
         opens real data"
    );
    Ok(())
}

/// Where this machine's installation keeps its keys when `SEAL_KEYS` is not set.
pub fn key_file_path(config: &Config) -> anyhow::Result<PathBuf> {
    Ok(data_dir(config)?.join("seal.keys"))
}

/// The existing key ring: from `SEAL_KEYS`, otherwise from the key file.
pub fn known_keys(config: &Config) -> anyhow::Result<Option<KeyRing>> {
    if let Some(ring) = config.key_ring()? {
        return Ok(Some(ring));
    }
    let Ok(path) = key_file_path(config) else {
        return Ok(None);
    };
    let is_there = path
        .try_exists()
        .with_context(|| format!("cannot look for the key file {}", path.display()))?;
    is_there.then(|| read_key_file(&path)).transpose()
}

/// [`known_keys`], or those of a key file made now: only for a database that holds nothing sealed, or whose sealed values
/// were given up (`ACCEPT_LOST_SEALS`).
pub async fn keys(config: &Config, pool: &PgPool, random: &Random) -> anyhow::Result<KeyRing> {
    if let Some(ring) = known_keys(config)? {
        return Ok(ring);
    }
    let path = key_file_path(config)?;
    if !config.accept_lost_seals {
        let fresh = KeyRing::parse(&KeyRing::generate(random))?;
        let look = jobs::look(pool, &fresh).await?;
        anyhow::ensure!(
            look.lost() == 0,
            "there is no key file {}, but the database holds values that one has sealed: {}. Put the key file back from your backup. {ACCEPT}",
            path.display(),
            look.counts(),
        );
    }
    key_file(&path, random)
}

/// What an operator can do when the keys are gone.
const ACCEPT: &str = "If the key is gone for good, start with --accept-lost-seals (ACCEPT_LOST_SEALS=true). Athletes then \
    reconnect intervals.icu, athletes and coaches regenerate their connector URLs, and waiting emails are not sent.";

/// Checks whether the keys open every sealed value, and refuses to start if they do not, unless that is accepted.
pub async fn look_at_seals(app: &App) -> anyhow::Result<()> {
    let look = jobs::look(&app.pool, &app.keys)
        .await
        .context("cannot check whether the sealed values open")?;
    accept_or_refuse(&app.config, &look)?;
    app.seals.accept(&look);
    jobs::note(&app.seals, look);
    Ok(())
}

fn accept_or_refuse(config: &Config, look: &Look) -> anyhow::Result<()> {
    let lost = look.lost();
    if lost == 0 {
        return Ok(());
    }
    let keys = if config.seal_keys.is_some() {
        "SEAL_KEYS".to_owned()
    } else {
        format!("the key file {}", key_file_path(config)?.display())
    };
    anyhow::ensure!(
        config.accept_lost_seals,
        "{lost} sealed values do not open with {keys}: {}. Put the missing key back there, behind the first. {ACCEPT}",
        look.words()
    );
    tracing::warn!(
        lost,
        what = look.words(),
        "accepted as lost: athletes reconnect intervals.icu, athletes and coaches regenerate their connector URLs, waiting \
         emails are not sent; remove ACCEPT_LOST_SEALS once the page Status calls the keys good"
    );
    Ok(())
}

/// Reads a key file, or makes one that only its owner can read.
pub fn key_file(path: &Path, random: &Random) -> anyhow::Result<KeyRing> {
    make_key_file(path, random).with_context(|| format!("cannot make the key file {}", path.display()))?;
    read_key_file(path)
}

/// Makes a key file if there is none. It appears whole or not at all, whatever happens meanwhile. If several processes try at
/// once, one makes it and the others find it.
fn make_key_file(path: &Path, random: &Random) -> std::io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    // Only its owner can read it.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{}", KeyRing::generate(random))?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => std::fs::File::open(folder)?.sync_all()?,
        Err(taken) if taken.error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(()),
        Err(other) => return Err(other.error),
    }
    tracing::info!(file = %path.display(), "made a key file: without it, sealed tokens cannot be opened, so back it up");
    Ok(())
}

fn read_key_file(path: &Path) -> anyhow::Result<KeyRing> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the key file {}", path.display()))?;
    KeyRing::parse(text.trim()).map_err(|error| anyhow::anyhow!("the key file {}: {error}", path.display()))
}

/// Where emails go: SMTP if it is set, otherwise a folder next to the data, which is logged.
pub fn transport(config: &Config) -> anyhow::Result<Transport> {
    if let Some(url) = &config.smtp_url {
        return Transport::smtp(url, config.smtp_ca_file.as_deref());
    }
    let folder = data_dir(config)?.join("mail");
    tracing::warn!(folder = %folder.display(), "no SMTP_URL: emails are written to this folder instead of being sent");
    Transport::folder(folder)
}

/// What an app needs apart from the settings.
pub struct Ingredients {
    /// PostgreSQL.
    pub pool: PgPool,
    /// The key ring.
    pub keys: KeyRing,
    /// Where emails go.
    pub mail: Transport,
    /// What time it is.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
}

/// Puts an app together.
pub fn app(config: Config, from: Ingredients) -> anyhow::Result<App> {
    let documents = Fetcher::web(config.public_url.as_str())?;
    app_with(config, from, documents)
}

/// [`app`] with another way to fetch the metadata documents of clients.
pub fn app_with(config: Config, from: Ingredients, documents: Fetcher) -> anyhow::Result<App> {
    let Ingredients {
        pool,
        keys,
        mail,
        clock,
        random,
    } = from;
    let intervals = intervals::Client::new(intervals::Settings::of(&config), clock.clone(), random.clone())?;
    let provider = oidc::Settings::of(&config)
        .map(|settings| Provider::new(settings, clock.clone(), random.clone()))
        .transpose()?;
    let passwords = Passwords::new(config.passwords_at_once, random.clone());
    let limits = Limits::new(&config);
    let passkeys = Passkeys::of(&config)?;
    let log_buffer = LogBuffer::new(config.database_connections);
    Ok(App::new(Parts {
        config,
        pool,
        clock,
        random,
        keys,
        seals: Seals::default(),
        passwords,
        passkeys,
        intervals,
        documents,
        provider,
        mail,
        policies: Policies::default(),
        rechecks: Rechecks::default(),
        limits,
        brake: Brake::default(),
        refused: Refused::default(),
        log_buffer,
        writes: TaskTracker::new(),
        worker: Heartbeat::default(),
    }))
}

/// Runs the service on `listeners` until `shutdown`, then drains: running requests and jobs finish first.
pub async fn run(app: App, listeners: Vec<TcpListener>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let router = routes::service(app.clone());
    let mut worker = tokio::spawn(jobs::run(app.clone(), shutdown.clone()));
    let patience = server::Patience {
        drain: mcp::longest_call(&app.config),
        proxies: app.config.trusted_proxies.clone(),
        ..server::Patience::default()
    };
    let servers = listeners
        .into_iter()
        .map(|listener| server::serve_with(listener, router.clone(), shutdown.clone(), patience.clone()));
    tokio::try_join!(
        async {
            let ended = futures::future::try_join_all(servers).await;
            ended.context("the server ended")
        },
        async {
            tokio::select! {
                ended = &mut worker => ended.context("the worker ended"),
                () = drained(&app, &shutdown) => {
                    // Their claims lapse, and another instance runs them again.
                    worker.abort();
                    tracing::warn!("jobs were still running when the time to drain had passed");
                    Ok(())
                }
            }
        }
    )?;
    // Changes whose callers were answered before their end.
    app.writes.close();
    if tokio::time::timeout(WRITES, app.writes.wait()).await.is_err() {
        tracing::warn!(
            "some changes were still running; the next change for these athletes finds out what became of them"
        );
    }
    // A hanging connection must not keep the process from ending.
    let (refusals, rows) = tokio::join!(
        tokio::time::timeout(SETTLE, refused::settle(&app)),
        tokio::time::timeout(SETTLE, log_buffer::settle(&app)),
    );
    if refusals.is_err() {
        tracing::warn!("some calls that the rate limit refused could not be written down");
    }
    if rows.is_err() {
        let rows = log_buffer::waiting(&app);
        tracing::error!(
            rows,
            "rows of the activity log are lost: the database took too long"
        );
    }
    if tokio::time::timeout(CLOSE, app.pool.close()).await.is_err() {
        tracing::warn!("connections to PostgreSQL were still in use at the end");
    }
    Ok(())
}

/// Resolves when the time to drain after `shutdown` has passed.
async fn drained(app: &App, shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(mcp::longest_call(&app.config)).await;
}

/// The longest that [`run`] takes to end after `shutdown`, so that nothing running is cut off.
pub fn longest_end(config: &Config) -> Duration {
    mcp::longest_call(config) + WRITES + SETTLE + CLOSE
}

/// Installs the metrics recorder of this process.
pub fn record_metrics() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .install_recorder()
        .context("cannot install the metrics recorder")
}

/// Listens on the address of a setting.
pub async fn listen(setting: &str, bind: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(bind)
        .await
        .with_context(|| format!("cannot listen on {setting} {bind}"))
}

/// Serves `/metrics` on its own, private address until `shutdown`.
pub async fn serve_metrics(
    listener: TcpListener,
    handle: PrometheusHandle,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let upkeep = handle.clone();
    let router = axum::Router::new().route(
        "/metrics",
        axum::routing::get(move || std::future::ready(handle.render())),
    );
    let ticks = shutdown.clone();
    tokio::spawn(async move {
        let mut every = tokio::time::interval(Duration::from_secs(5));
        while !ticks.is_cancelled() {
            every.tick().await;
            upkeep.run_upkeep();
        }
    });
    server::serve(listener, router, shutdown)
        .await
        .context("the metrics server ended")
}

/// Cancelled by SIGTERM or Ctrl-C.
pub fn shutdown_on_signals() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let shutdown = CancellationToken::new();
    let cancel = shutdown.clone();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        cancel.cancel();
    });
    Ok(shutdown)
}
