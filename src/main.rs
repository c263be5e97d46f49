//! The command line: parse, build the app, run, drain.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use icusync::{
    app::App,
    config::{Config, LogFormat},
    guard::{accounts, policy::command},
    jobs,
    mail::Address,
    policy, queries,
    secrets::{KeyRing, Password, Random, Sealed},
    start::{self, Database, Ingredients, Reach},
    time::Clock,
    words::{Factor, Purpose, Way},
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::filter_fn, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// Answers of intervals.icu are read into many small pieces that live for a minute, between others that live for a moment. The
/// C library's allocator keeps more memory in the holes between them than is in use, and takes a sixth of a call's time. Huge pages
/// are off: they fragment in the same way.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// Brings the database's schema up to date and exits.
    Migrate(Box<Config>),
    /// Manages accounts.
    Account {
        #[command(subcommand)]
        command: Account,
    },
    /// Manages the policy: who may come in, by which way, and who may change something.
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Prints a new key for SEAL_KEYS or the key file, with an id that is free there.
    Keys {
        /// Prints instead how many values each key still seals.
        #[arg(long)]
        status: bool,
        #[command(flatten)]
        config: Box<Config>,
    },
    /// Prints a log.
    Log {
        #[command(subcommand)]
        command: Log,
    },
    /// Asks the running service whether it is ready; for containers without curl.
    Healthcheck(Box<Config>),
    /// Runs everything on this machine with simulated athletes and touches nothing real.
    #[cfg(feature = "demo")]
    Demo(icusync::demo::Options),
}

#[derive(Subcommand)]
enum Account {
    /// Makes a confirmed account and prints its password once.
    Create {
        /// The email address to sign in with.
        email: String,
        #[command(flatten)]
        config: Box<Config>,
    },
}

#[derive(Subcommand)]
enum PolicyCommand {
    /// Applies a file: it takes effect at the next call, on every instance. An empty file ends the policy.
    Apply {
        /// The file; `-` reads standard input.
        file: PathBuf,
        #[command(flatten)]
        config: Box<Config>,
    },
    /// Prints the policy that is in force.
    Show(Box<Config>),
    /// Prints what somebody may do, and by which line of the policy.
    Test {
        /// An email address, or an athlete id such as i12345.
        who: String,
        #[command(flatten)]
        config: Box<Config>,
    },
}

#[derive(Subcommand)]
enum Log {
    /// Prints who signed in or was refused, newest first: time, who, outcome, way in, second step, client, network, browser,
    /// separated by tabs. It has no secrets.
    SignIns {
        /// Of so many days; the log is kept for 90.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=90))]
        days: u16,
        /// Of this email address only.
        #[arg(long, value_name = "ADDRESS")]
        of: Option<String>,
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
            // One sentence for people, then its causes. Settings that hold secrets never appear in an error.
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
        Command::Policy { command } => policy_command(command).await,
        Command::Keys {
            status: false,
            config,
        } => fresh_key(&config),
        Command::Keys { status: true, config } => keys_status(&config).await,
        Command::Log {
            command: Log::SignIns { days, of, config },
        } => log_sign_ins(&config, days, of.as_deref()).await,
        Command::Healthcheck(config) => healthcheck(&config).await,
        #[cfg(feature = "demo")]
        Command::Demo(options) => {
            // The screen in the terminal is for a person; a program that reads JSON leaves standard error to whoever debugs it.
            let directives = if options.json { "warn,icusync=info" } else { "warn" };
            log_to_stderr(directives, LogFormat::Text)?;
            icusync::demo::run(options).await
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    log_to_stderr(&config.log, config.log_format)?;
    config.check()?;
    let shutdown = start::shutdown_on_signals()?;
    let metrics = start::record_metrics()?;
    let ports = Ports {
        pages_and_links: start::listen("BIND", config.bind).await?,
        metrics: start::listen("METRICS_BIND", config.metrics_bind).await?,
    };
    let mut database = Database::own(&config).await?;
    let reach = database.reach();
    let mut serving = Box::pin(serve_on(&reach, config, ports, metrics, shutdown.clone()));
    let ended = tokio::select! {
        ended = &mut serving => ended,
        lost = database.lost() => {
            // Running requests still answer in our own words that the database is away.
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

/// Every port of the service, bound before anything else happens.
struct Ports {
    pages_and_links: TcpListener,
    metrics: TcpListener,
}

async fn serve_on(
    database: &Reach,
    config: Config,
    ports: Ports,
    metrics: PrometheusHandle,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let bind = config.bind;
    let app = real_app(database, config).await?;
    start::look_at_seals(&app).await?;
    command::check_at_start(&app).await?;
    tracing::info!(
        public_url = app.config.public_url.as_str(),
        link_url = app.config.link_url.as_str(),
        %bind,
        sign_up = ?app.config.sign_up(),
        "ready"
    );
    tokio::try_join!(
        start::run(app, vec![ports.pages_and_links], shutdown.clone()),
        start::serve_metrics(ports.metrics, metrics, shutdown)
    )
    .map(|_| ())
}

/// The app of a real installation, on a database that is up to date and marked as real.
async fn real_app(database: &Reach, config: Config) -> anyhow::Result<App> {
    database.migrate().await?;
    let (clock, random) = (Clock::system(), Random::from_os());
    let pool = database.pool(&config).await?;
    start::claim(&pool, Purpose::Real, &clock).await?;
    let keys = start::keys(&config, &pool, &random).await?;
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
    let hash = app
        .passwords
        .hash(Password::choose(password.clone(), &address.typed)?)
        .await;
    let mut transaction = app.pool.begin().await?;
    let made = accounts::create(&mut transaction, &app, address, &hash).await?;
    anyhow::ensure!(made.is_some(), "this address already has an account");
    transaction.commit().await?;
    app.pool.close().await;
    let sign_in = app.config.page_url("/sign-in");
    print(&format!(
        "account {}\npassword {password}\nsign in at {sign_in}",
        address.typed
    ))
}

async fn policy_command(command: PolicyCommand) -> anyhow::Result<()> {
    log_to_stderr("warn", LogFormat::Text)?;
    match command {
        PolicyCommand::Apply { file, config } => {
            let text = policy_file(&file)?;
            with_app(*config, async |app| command::apply(app, &text).await).await
        }
        PolicyCommand::Show(config) => with_app(*config, async |app| command::show(app).await).await,
        PolicyCommand::Test { who, config } => {
            with_app(*config, async |app| command::test(app, &who).await).await
        }
    }
}

/// A policy's file: no more of it than a policy may have.
fn policy_file(file: &Path) -> anyhow::Result<String> {
    let named = || format!("cannot read the policy {}", file.display());
    let from: Box<dyn std::io::Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).with_context(named)?)
    };
    let mut text = Vec::new();
    std::io::Read::take(from, policy::MOST_BYTES as u64 + 1)
        .read_to_end(&mut text)
        .with_context(named)?;
    anyhow::ensure!(
        text.len() <= policy::MOST_BYTES,
        "the policy {} is longer than {} KiB",
        file.display(),
        policy::MOST_BYTES / 1024
    );
    String::from_utf8(text).with_context(|| format!("{} is not UTF-8 text", file.display()))
}

/// Prints what `ask` says about the installation's app.
async fn with_app(
    config: Config,
    ask: impl AsyncFnOnce(&App) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    config.check()?;
    let database = Database::open(&config).await?;
    let said = async {
        let app = real_app(&database.reach(), config).await?;
        let said = ask(&app).await;
        app.pool.close().await;
        said
    };
    let said = said.await;
    database.close().await?;
    print(&said?)
}

/// Prints another key, or the first one, alone on standard output, and says on standard error where it goes.
fn fresh_key(config: &Config) -> anyhow::Result<()> {
    let random = Random::from_os();
    let known = start::known_keys(config)?;
    print(&known.as_ref().map_or_else(
        || KeyRing::generate(&random),
        |ring| ring.generate_another(&random),
    ))?;
    let place = match known {
        None => {
            "set SEAL_KEYS to this; without SEAL_KEYS the first `icusync serve` makes a key file".to_owned()
        }
        Some(_) if config.seal_keys.is_some() => {
            "SEAL_KEYS=NEW,OLD: put it in front, with a comma before the others, and restart \
             (with several instances, first put it behind the others on all of them)"
                .to_owned()
        }
        Some(_) => format!(
            "put it in front of the keys in {}, with a comma between them and all on one line, and restart",
            start::key_file_path(config)?.display()
        ),
    };
    let _ = writeln!(std::io::stderr(), "{place}");
    Ok(())
}

async fn log_sign_ins(config: &Config, days: u16, of: Option<&str>) -> anyhow::Result<()> {
    log_to_stderr("warn", LogFormat::Text)?;
    config.check()?;
    let address = of.map(Address::parse).transpose()?;
    let database = Database::open(config).await?;
    let printed = print_sign_ins(&database.reach(), config, days, address.as_ref()).await;
    database.close().await?;
    printed
}

async fn print_sign_ins(
    database: &Reach,
    config: &Config,
    days: u16,
    of: Option<&Address>,
) -> anyhow::Result<()> {
    let pool = database.pool(config).await?;
    let since = Clock::system().now() - chrono::Duration::days(i64::from(days));
    let rows = queries::sign_in_log::of_all(&pool, since, of.map(|of| of.key.as_str()))
        .await
        .context("cannot read the log of sign-ins: is the schema up to date (`icusync migrate`)?")?;
    pool.close().await;
    for row in rows {
        let who = row.email.as_deref().unwrap_or("an athlete without an address");
        let at = row.at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let fields: [&str; 9] = [
            &at,
            if row.is_coach { "coach" } else { "athlete" },
            who,
            row.outcome.as_str(),
            row.way.map_or("-", Way::as_str),
            row.factor.map_or("-", Factor::as_str),
            row.client.as_deref().unwrap_or("-"),
            &row.network,
            &row.browser,
        ];
        // A client chooses its own name.
        print(
            &fields
                .map(|field| field.replace(char::is_control, " "))
                .join("\t"),
        )?;
    }
    Ok(())
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
    let keys = start::known_keys(config)?.with_context(|| match start::key_file_path(config) {
        Ok(path) => format!("there is neither SEAL_KEYS nor a key file {}", path.display()),
        Err(error) => format!("there is no SEAL_KEYS, and {error}"),
    })?;
    let pool = database.pool(config).await?;
    let uses = jobs::key_use(&pool, &keys)
        .await
        .context("cannot count the sealed values: is the schema up to date (`icusync migrate`)?")?;
    let look = jobs::look(&pool, &keys)
        .await
        .context("cannot check whether the sealed values open")?;
    pool.close().await;
    let place = if config.seal_keys.is_some() {
        "SEAL_KEYS"
    } else {
        "the key file"
    };
    for key in uses {
        let lost = look.0.get(&key.id).map_or(0, Sealed::lost);
        let state = match (key.known, key.seals, key.values) {
            (false, ..) => format!("not in {place}: nobody can open them"),
            _ if lost > 0 => {
                format!(
                    "{lost} of them do not open: the key in {place} is a different one, or they are damaged"
                )
            }
            (_, true, _) => "seals".to_owned(),
            (_, _, 0) => format!("no longer used: you can remove it from {place}"),
            _ => "opens, and is being replaced by the first key".to_owned(),
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

/// `GET /readyz` over plain HTTP/1.1, on the address that the service listens on.
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
        .context("no answer within 4 s")??;
    anyhow::ensure!(answer.starts_with("HTTP/1.1 200"), "not ready");
    Ok(())
}

fn log_to_stderr(directives: &str, format: LogFormat) -> anyhow::Result<()> {
    let wanted = EnvFilter::try_new(directives).context("LOG is not a list of tracing directives")?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.compact().with_target(false).boxed(),
    };
    // Layers of their own rather than filters of the third: such filters sometimes lose a line after somebody (sqlx does) has
    // asked whether a line would be logged and then logged none.
    tracing_subscriber::registry()
        .with(filter_fn(may_be_logged))
        .with(wanted)
        .with(lines)
        .init();
    Ok(())
}

/// Whatever LOG says, other crates log at `info` at most: below that they write paths, bodies and wire data, which carry
/// tokens and passwords. Our own code never does.
fn may_be_logged(line: &Metadata<'_>) -> bool {
    let room = line.target().split("::").next();
    room == Some(env!("CARGO_CRATE_NAME")) || *line.level() <= Level::INFO
}

fn print(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}").context("cannot write to the terminal")
}
