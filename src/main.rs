//! The command line: parse, build the app, run, drain.

use std::{io::Write as _, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use icusync::{
    app::App,
    config::{Config, LogFormat},
    guard::accounts,
    jobs,
    mail::Address,
    secrets::{KeyRing, Password, Random},
    start::{self, Database, Ingredients, Purpose, Reach},
    time::Clock,
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[derive(Parser)]
#[command(
    name = "icusync",
    version,
    about = "Connects intervals.icu to Claude and other MCP clients through one URL"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the service.
    Serve(Box<Config>),
    /// Brings the database's schema up to date, and ends.
    Migrate(Box<Config>),
    /// Manages accounts.
    Account {
        #[command(subcommand)]
        command: Account,
    },
    /// Prints a fresh key for SEAL_KEYS, under an id that is not taken there.
    Keys {
        /// Prints instead how many sealed values each key still holds.
        #[arg(long)]
        status: bool,
        #[command(flatten)]
        config: Box<Config>,
    },
    /// Asks the running service whether it is ready; for containers without curl.
    Healthcheck(Box<Config>),
    /// Runs everything on this machine with simulated athletes: nothing real is touched.
    #[cfg(feature = "demo")]
    Demo(icusync::demo::Options),
}

#[derive(Subcommand)]
enum Account {
    /// Makes a confirmed account and prints its password once.
    Create {
        /// The address to sign in with.
        email: String,
        #[command(flatten)]
        config: Box<Config>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    icusync::install_crypto();
    icusync::layers::quiet_panics();
    match run(Cli::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One sentence for people, causes after it; settings that hold secrets never stand in an error.
            let _ = writeln!(std::io::stderr(), "icusync: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(config) => serve(*config).await,
        Command::Migrate(config) => migrate(&config).await,
        Command::Account {
            command: Account::Create { email, config },
        } => create_account(*config, &email).await,
        Command::Keys {
            status: false,
            config,
        } => print(&fresh_key(&config)),
        Command::Keys { status: true, config } => keys_status(&config).await,
        Command::Healthcheck(config) => healthcheck(&config).await,
        #[cfg(feature = "demo")]
        Command::Demo(options) => {
            log_to_stderr("warn,icusync=info", LogFormat::Text)?;
            icusync::demo::run(options).await
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    log_to_stderr(&config.log, config.log_format)?;
    config.check()?;
    let shutdown = start::shutdown_on_signals()?;
    let metrics = start::record_metrics()?;
    let listener = TcpListener::bind(config.bind)
        .await
        .with_context(|| format!("cannot listen on BIND {}", config.bind))?;
    let mut database = Database::own(&config).await?;
    let reach = database.reach();
    let mut serving = Box::pin(serve_on(&reach, config, listener, metrics, shutdown.clone()));
    let ended = tokio::select! {
        ended = &mut serving => ended,
        lost = database.lost() => {
            // What runs is told in our words that the database is away.
            shutdown.cancel();
            if let Err(error) = serving.await {
                tracing::warn!(%error, "the service ended with its database");
            }
            Err(lost)
        }
    };
    shutdown.cancel();
    database.close().await?;
    ended
}

async fn serve_on(
    database: &Reach,
    config: Config,
    listener: TcpListener,
    metrics: PrometheusHandle,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let metrics_bind = config.metrics_bind;
    let bind = config.bind;
    let app = real_app(database, config).await?;
    tracing::info!(
        public_url = app.config.public_url.as_str(),
        link_url = app.config.link_url.as_str(),
        %bind,
        sign_up = ?app.config.sign_up(),
        "ready"
    );
    tokio::try_join!(
        start::run(app, vec![listener], shutdown.clone()),
        start::serve_metrics(metrics_bind, metrics, shutdown)
    )
    .map(|_| ())
}

/// The app of a real installation, on a database that is up to date and marked as one.
async fn real_app(database: &Reach, config: Config) -> anyhow::Result<App> {
    database.migrate().await?;
    let (clock, random) = (Clock::system(), Random::from_os());
    let pool = database.pool(&config).await?;
    start::claim(&pool, Purpose::Real, &clock).await?;
    let keys = start::keys(&config, &random)?;
    let mail = start::transport(&config)?;
    start::app(
        config,
        Ingredients {
            pool,
            keys,
            mail,
            clock,
            random,
        },
    )
}

async fn migrate(config: &Config) -> anyhow::Result<()> {
    log_to_stderr(&config.log, config.log_format)?;
    let database = Database::open(config).await?;
    let reach = database.reach();
    let done = async {
        reach.migrate().await?;
        let pool = reach.pool(config).await?;
        start::claim(&pool, Purpose::Real, &Clock::system()).await
    };
    let done = done.await;
    database.close().await?;
    done
}

async fn create_account(config: Config, email: &str) -> anyhow::Result<()> {
    log_to_stderr("warn", LogFormat::Text)?;
    config.check()?;
    let address = Address::parse(email)?;
    let database = Database::open(&config).await?;
    let made = account_in(&database.reach(), config, &address).await;
    database.close().await?;
    made
}

async fn account_in(database: &Reach, config: Config, address: &Address) -> anyhow::Result<()> {
    let app = real_app(database, config).await?;
    let password = random_password(&app.random);
    let hash = app.passwords.hash(Password::choose(password.clone())?).await;
    let mut transaction = app.pool.begin().await?;
    let made = accounts::create(&mut transaction, &app, address, &hash).await?;
    anyhow::ensure!(made.is_some(), "this address has an account already");
    transaction.commit().await?;
    app.pool.close().await;
    let sign_in = app.config.public_url.join("/sign-in");
    print(&format!(
        "account {}\npassword {password}\nsign in at {sign_in}",
        address.typed
    ))
}

/// A key to be put in front of those of SEAL_KEYS, or the only one when there are none that can be read.
fn fresh_key(config: &Config) -> String {
    let random = Random::from_os();
    match config.key_ring() {
        Ok(Some(ring)) => ring.generate_another(&random),
        Ok(None) | Err(_) => KeyRing::generate(&random),
    }
}

async fn keys_status(config: &Config) -> anyhow::Result<()> {
    log_to_stderr("warn", LogFormat::Text)?;
    config.check()?;
    let database = Database::open(config).await?;
    let counted = count_keys(&database.reach(), config).await;
    database.close().await?;
    counted
}

async fn count_keys(database: &Reach, config: &Config) -> anyhow::Result<()> {
    let keys = start::keys(config, &Random::from_os())?;
    let pool = database.pool(config).await?;
    let uses = jobs::key_use(&pool, &keys)
        .await
        .context("cannot count the sealed values: is the schema up to date (`icusync migrate`)?")?;
    pool.close().await;
    for key in uses {
        let state = match (key.known, key.seals, key.values) {
            (false, ..) => "is not in SEAL_KEYS: nobody can open them",
            (_, true, _) => "seals",
            (_, _, 0) => "is no longer used: it can leave SEAL_KEYS",
            _ => "opens, and is being replaced by the first key",
        };
        print(&format!("{}\t{} sealed values\t{state}", key.id, key.values))?;
    }
    Ok(())
}

/// 20 characters of a 32-letter alphabet without look-alikes: 100 bits.
fn random_password(random: &Random) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    random
        .bytes::<20>()
        .map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]))
        .iter()
        .collect()
}

/// `GET /readyz` over plain HTTP/1.1 on the address that the service listens on.
async fn healthcheck(config: &Config) -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut at = config.bind;
    if at.ip().is_unspecified() {
        at.set_ip(if at.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(at).await?;
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nHost: healthcheck\r\nConnection: close\r\n\r\n")
            .await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = tokio::time::timeout(std::time::Duration::from_secs(4), ask)
        .await
        .context("no answer in 4 s")??;
    anyhow::ensure!(answer.starts_with("HTTP/1.1 200"), "not ready");
    Ok(())
}

fn log_to_stderr(directives: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter =
        tracing_subscriber::EnvFilter::try_new(directives).context("LOG is no list of tracing directives")?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Json => lines.json().flatten_event(true).init(),
        LogFormat::Text => lines.compact().with_target(false).init(),
    }
    Ok(())
}

fn print(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}").context("cannot write to the terminal")
}
