//! `icusync demo`: the real service with a simulated intervals.icu, seeded people and captured mail, on this machine only.
//!
//! It never reads the environment, binds loopback only, and marks its database, so it cannot touch a real installation.

mod guide;
mod inbox;
mod life;
pub mod seed;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use guide::Guide;
pub use inbox::router as inbox;
pub use life::live;

use icusync_sim as sim;

use crate::{
    config::{Config, Origin, SignUp},
    mail::transport::{Captured, Transport},
    postgres,
    secrets::{KeyRing, Random},
    start::{self, Database, Ingredients, Reach},
    time::Clock,
    words::Purpose,
};

/// The options of `icusync demo`.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// The port of the service, on localhost; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// An intervals.icu to use instead of the simulated one: https, or on this machine.
    #[arg(long)]
    pub intervals_url: Option<Origin>,
    /// Keeps the demo's data here; without it, the data is deleted at the end.
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
    /// Prints one line of JSON when ready, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Prints everybody's connector URL too.
    #[arg(long)]
    pub all: bool,
}

/// The OAuth app of the demo at the simulated intervals.icu.
pub const CLIENT_ID: &str = "315";
/// Its secret; it opens nothing but the simulator.
pub const CLIENT_SECRET: &str = "demo-client-secret";

/// Runs the demo until Ctrl-C or SIGTERM.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let shutdown = start::shutdown_on_signals()?;
    let scratch = match &options.data_dir {
        Some(_) => None,
        None => Some(scratch_dir(&Random::from_os())),
    };
    let outcome = run_in(&options, scratch.clone(), shutdown).await;
    if let Some(dir) = scratch {
        let _ = std::fs::remove_dir_all(dir);
    }
    outcome
}

async fn run_in(
    options: &Options,
    scratch: Option<PathBuf>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let (data_dir, kind) = match (&options.data_dir, scratch) {
        (Some(dir), _) => (dir.clone(), postgres::Kind::Kept),
        (None, Some(dir)) => (dir, postgres::Kind::Throwaway),
        (None, None) => anyhow::bail!("no folder for the demo's data"),
    };
    let listeners = listen(options.port).await?;
    if !options.json {
        say("Starting a private PostgreSQL and a simulated intervals.icu …")?;
    }
    let private = postgres::Options {
        data_dir: data_dir.clone(),
        run_as: None,
        kind,
    };
    let mut database = Database::private(private).await?;
    let reach = database.reach();
    let ended = tokio::select! {
        ended = run_on(&reach, options, listeners, shutdown.clone()) => ended,
        lost = database.lost() => Err(lost),
    };
    shutdown.cancel();
    database.close().await?;
    ended
}

async fn run_on(
    database: &Reach,
    options: &Options,
    listeners: Vec<TcpListener>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    database.refuse_unmarked().await?;
    database.migrate().await?;
    let (clock, random) = (Clock::system(), Random::from_os());
    let mut config = config(listeners[0].local_addr()?.port())?;
    let simulator = if let Some(url) = &options.intervals_url {
        config.intervals_url = url.clone();
        None
    } else {
        let running = simulate(&clock, &config, 0, 0).await?;
        config.intervals_url = origin(&running.base_url)?;
        Some(running)
    };
    let pool = database.pool(&config).await?;
    start::claim(&pool, Purpose::Demo, &clock).await?;
    let keys = match &options.data_dir {
        Some(dir) => start::key_file(&dir.join("seal.keys"), &random)?,
        None => KeyRing::parse(&KeyRing::generate(&random))?,
    };
    let mails = Captured::default();
    let mail = Transport::Captured(mails.clone());
    let app = start::app(
        config,
        Ingredients {
            pool,
            keys,
            mail,
            clock,
            random,
        },
    )?;
    let people = seed::seed(&app).await?;
    seed::seed_writing(&app).await?;
    let coaches = seed::seed_coaches(&app).await?;
    if simulator.is_some() {
        life::live(&app, &people, &coaches).await?;
    }
    let inbox = TcpListener::bind(loopback(0))
        .await
        .context("cannot listen for the captured mails")?;
    let inbox_at = inbox.local_addr()?;
    let mut guide = Guide::new(&app, people, coaches, inbox_at);
    if let Some(simulator) = &simulator {
        guide = guide.simulated(&simulator.control_url);
    }
    say(&ready(options, &guide))?;
    tokio::try_join!(start::run(app, listeners, shutdown.clone()), async {
        Ok(crate::server::serve(inbox, inbox::router(mails, guide, inbox_at), shutdown.clone()).await?)
    })?;
    if let Some(simulator) = simulator {
        simulator.stop().await;
    }
    Ok(())
}

/// The settings of a demo at `port`: nothing comes from the environment.
pub fn config(port: u16) -> anyhow::Result<Config> {
    let mut config = Config::defaults();
    config.public_url = origin(&format!("http://localhost:{port}"))?;
    config.link_url = origin(&format!("http://127.0.0.1:{port}"))?;
    config.bind = loopback(port);
    config.intervals_client_id = Some(CLIENT_ID.to_owned());
    config.intervals_client_secret = Some(CLIENT_SECRET.to_owned().into());
    config.intervals_api_keys = Some(true);
    config.sign_up = Some(SignUp::Open);
    config.mail_from = String::from("IcuSync demo <demo@localhost.test>");
    Ok(config)
}

/// Starts the simulated intervals.icu for a service with `config`.
pub async fn simulate(
    clock: &Clock,
    config: &Config,
    port: u16,
    control: u16,
) -> anyhow::Result<sim::Running> {
    let clock = clock.clone();
    sim::start(sim::Options {
        clock: Arc::new(move || clock.now()),
        redirect_uris: vec![config.page_url("/connect/callback")],
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        ip_limit: false,
        listen: loopback(port),
        control_listen: loopback(control),
    })
    .await
}

/// What the demo prints when it is ready.
fn ready(options: &Options, guide: &Guide) -> String {
    if options.json {
        return guide.json();
    }
    let mut text = guide.screen();
    if options.all {
        text.push_str(&guide.everyone());
    }
    text.push_str(match options.data_dir {
        Some(_) => "\nCtrl-C ends it and keeps the data.",
        None => "\nCtrl-C ends it and deletes everything.",
    });
    text
}

/// 127.0.0.1 and, if the machine has it, ::1: browsers take either for `localhost`.
async fn listen(port: u16) -> anyhow::Result<Vec<TcpListener>> {
    let first = TcpListener::bind(loopback(port)).await.with_context(|| {
        format!("port {port} is taken: choose another with --port, or a free one with --port 0")
    })?;
    let same: SocketAddr = (std::net::Ipv6Addr::LOCALHOST, first.local_addr()?.port()).into();
    let mut listeners = vec![first];
    listeners.extend(TcpListener::bind(same).await);
    Ok(listeners)
}

fn loopback(port: u16) -> SocketAddr {
    (std::net::Ipv4Addr::LOCALHOST, port).into()
}

fn origin(url: &str) -> anyhow::Result<Origin> {
    url.parse().map_err(|error: String| anyhow::anyhow!(error))
}

fn scratch_dir(random: &Random) -> PathBuf {
    let name = u64::from_be_bytes(random.bytes());
    std::env::temp_dir().join(format!("icusync-demo-{name:016x}"))
}

fn say(line: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{line}").context("cannot write to the terminal")
}
