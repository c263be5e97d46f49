//! A private PostgreSQL cluster for installations without `DATABASE_URL`, for the demo and for tests.
//!
//! It finds the machine's server binaries, makes a cluster once, starts and stops it with the service, and keeps two
//! services from sharing one directory. The data folder contains:
//!
//! ```text
//! DATA/icusync.lock    who owns the folder (flock; the process id and the socket folder in plain text)
//! DATA/postgres/       the cluster; belongs to the unprivileged user when the service runs as root
//! DATA/socket/         the one Unix socket, rights 0700 (a folder in /tmp when DATA's path is too long for a socket)
//! DATA/postgres.log    the server's own output; no statements, no values
//! ```
//!
//! Clients get in by `trust`: the socket's folder has rights 0700 and belongs to the server's user, so anyone who can
//! reach the socket could read the files too, and a password next to them would protect nothing. `peer` would shut the
//! service out when it runs as root and the server as another user. There is no TCP listener at all.
//!
//! A watchdog ends the server with the process that started it, however that process ends. A start that finds the last
//! server still running waits for its end.
//!
//! Not here: the schema (`migrations/`), the service's queries (`crate::queries`), settings (`crate::config` chooses the
//! folder and passes it in).

mod binaries;
mod directory;
mod error;
mod server;
mod user;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::PrivateError;

use binaries::Binaries;
use directory::Directory;
use server::{Server, Watchdog};
use user::RunAs;

/// The oldest major version that the migrations were tried with (Debian 12 has it).
pub const OLDEST_MAJOR: u32 = 15;

/// The role that the service connects as: it may create databases but is not a superuser.
const ROLE: &str = "icusync";
/// The database that belongs to [`ROLE`].
const DATABASE: &str = "icusync";
/// The cluster's superuser, used only to make the role and its database.
const SUPERUSER: &str = "postgres";

/// How long a fast shutdown may take before the server has to drop everything.
const FAST_SHUTDOWN: Duration = Duration::from_secs(20);

/// What the cluster is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Data that must outlive the process.
    Kept,
    /// A cluster for a test run or a demo: no fsync, little memory, many connections. Its files are removed with it, even
    /// when this process is killed. It refuses a folder that already holds a cluster.
    Throwaway,
}

/// How to run a private cluster.
#[derive(Debug, Clone)]
pub struct Options {
    /// The service's data folder; made if missing. The cluster is in `postgres/` inside it, so that the rest of the
    /// folder (keys, mails) stays out of the database's reach.
    pub data_dir: PathBuf,
    /// The operating system's user for the server when the service runs as root, which PostgreSQL refuses to do. If
    /// none: the first of `icusync`, `postgres`, `nobody` that exists. When not root, it must be the current user.
    pub run_as: Option<String>,
    /// What the cluster is for.
    pub kind: Kind,
}

/// A running private cluster, owned by this process. [`Cluster::stop`] ends it; dropping it tells the server to stop
/// and does not wait.
#[derive(Debug)]
pub struct Cluster {
    // Order matters on drop: the server gets its signal before the lock goes.
    server: Server,
    watchdog: Watchdog,
    directory: Directory,
    kind: Kind,
}

/// Starts the cluster in `options.data_dir`, and makes it first if there is none. Returns once the server accepts
/// connections and the role and its database exist.
///
/// # Errors
/// One clear sentence per cause: see [`PrivateError`].
pub async fn start(options: Options) -> Result<Cluster, PrivateError> {
    let run_as = RunAs::choose(options.run_as.as_deref())?;
    let mut directory = Directory::claim(&options.data_dir, &run_as)?;
    let made_by = directory.made_by(&run_as)?;
    if options.kind == Kind::Throwaway && made_by.is_some() {
        return Err(PrivateError::NotThrowaway {
            dir: directory.cluster(),
        });
    }
    server::outlive_the_last(&directory, &run_as).await?;
    let is_new = made_by.is_none();
    let binaries = Binaries::find(made_by)?;
    if is_new {
        server::initialise(&binaries, &directory, &run_as, options.kind, SUPERUSER).await?;
    }
    let socket = directory.prepare_socket(&run_as)?;
    let mut server = Server::spawn(&binaries, &directory, socket, &run_as, options.kind)?;
    let watchdog = Watchdog::over(&server, &directory, options.kind)?;
    server.wait_until_ready(SUPERUSER).await?;
    server.bootstrap(SUPERUSER).await?;
    tracing::info!(
        pid = server.pid(),
        major = binaries.major,
        "started the private PostgreSQL"
    );
    Ok(Cluster {
        server,
        watchdog,
        directory,
        kind: options.kind,
    })
}

/// The URL of the service's database in `data_dir` when another living icusync runs a cluster there, for a command
/// such as `icusync account create` next to a running service. The cluster belongs to the other process and ends with
/// it, so a service must not use this: it calls [`start`], which refuses. `None` when nobody owns the folder, or the
/// owner is still starting.
pub fn running(data_dir: &Path) -> Option<String> {
    directory::socket_of_owner(data_dir).map(|socket| server::url(&socket, ROLE, DATABASE))
}

impl Cluster {
    /// The URL of the service's own database, for sqlx: `postgres://icusync@localhost:5432/icusync?host=<socket folder>`.
    pub fn url(&self) -> String {
        self.url_for(DATABASE)
    }

    /// The URL of another database of this cluster, as the same role. The database need not exist.
    pub fn url_for(&self, database: &str) -> String {
        server::url(self.server.socket(), ROLE, database)
    }

    /// The process id of the server.
    #[cfg(test)]
    fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Resolves when the server has ended without being asked to (killed from outside, say). The service then has no
    /// database, and should stop with the error that this returns. Never resolves otherwise.
    pub async fn ended(&mut self) -> PrivateError {
        self.server.ended().await
    }

    /// Stops the server: fast shutdown (open transactions are rolled back, committed ones are kept), then, if it has not
    /// ended after 20 s, immediate shutdown. A throw-away cluster's files are removed.
    ///
    /// # Errors
    /// When the process is still there after that, or the files could not be removed.
    pub async fn stop(self) -> Result<(), PrivateError> {
        let Self {
            mut server,
            watchdog,
            directory,
            kind,
        } = self;
        match kind {
            Kind::Kept => server.stop(server::Shutdown::Fast, FAST_SHUTDOWN).await?,
            Kind::Throwaway => server.stop(server::Shutdown::Immediate, FAST_SHUTDOWN).await?,
        }
        watchdog.dismiss();
        directory.release(kind)
    }
}
