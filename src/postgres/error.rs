//! What can be wrong with a private cluster, each in one sentence that says what to do.
//!
//! Not here: any decision. A sentence holds paths, user names, process ids and PostgreSQL's own words, never a secret.

use std::path::PathBuf;

use super::OLDEST_MAJOR;

/// Why a private cluster does not run.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// No server binaries on PATH, by `pg_config` or in the usual places.
    #[error(
        "no PostgreSQL server was found on this machine: install it (Debian and Ubuntu: `apt-get install postgresql`; \
         macOS: `brew install postgresql@17`), or set DATABASE_URL to a database that runs elsewhere"
    )]
    NoBinaries,
    /// Every server found is older than any that the schema was tried with.
    #[error(
        "PostgreSQL {found} on this machine is too old: icusync needs {OLDEST_MAJOR} or later, or DATABASE_URL"
    )]
    TooOld {
        /// The newest major version found.
        found: u32,
    },
    /// A different major version from every server on this machine made the cluster.
    #[error(
        "the database in {} was made by PostgreSQL {data}, and this machine has PostgreSQL {found}: install the server \
         of PostgreSQL {data}, or migrate the data with pg_upgrade", dir.display()
    )]
    OtherMajor {
        /// The cluster's folder.
        dir: PathBuf,
        /// The major version in its `PG_VERSION`.
        data: u32,
        /// The major versions that this machine has, newest first.
        found: String,
    },
    /// The cluster's `PG_VERSION` does not contain a version.
    #[error("{} is not a readable PostgreSQL cluster: its PG_VERSION does not contain a version", dir.display())]
    NotACluster {
        /// The cluster's folder.
        dir: PathBuf,
    },
    /// Another living icusync owns the folder.
    #[error("{} is in use by another icusync ({owner}): stop it first, or choose another folder", dir.display())]
    InUse {
        /// The data folder.
        dir: PathBuf,
        /// `process 123`, or words for an owner that has not written its id yet.
        owner: String,
    },
    /// A PostgreSQL server that no icusync started runs on the cluster, or a left-over server does not end.
    #[error(
        "a PostgreSQL server (process {pid}) already runs on {}: stop it first (kill -INT {pid})", dir.display()
    )]
    ServerInUse {
        /// The cluster's folder.
        dir: PathBuf,
        /// The server's process id.
        pid: u32,
    },
    /// The user that the server runs as cannot enter a folder on the way to the data.
    #[error(
        "the user {user}, who runs PostgreSQL, may not enter {}: allow that (chmod o+x), or choose another data folder",
        dir.display()
    )]
    NotTraversable {
        /// The first folder from the root down that is closed.
        dir: PathBuf,
        /// The user's name.
        user: String,
    },
    /// The folder cannot be made or written to.
    #[error("the data folder {} cannot be written to: {source}", dir.display())]
    NotWritable {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The path exists and is not a folder, or is not absolute UTF-8.
    #[error("the data folder {} cannot be used: {why}", dir.display())]
    NotADirectory {
        /// The path.
        dir: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The cluster does not belong to the user who would run it.
    #[error(
        "{} belongs to user id {owner}, but PostgreSQL would run as {user} (user id {uid}): change its owner (chown -R), \
         or run it as its owner", dir.display()
    )]
    WrongOwner {
        /// The cluster's folder.
        dir: PathBuf,
        /// Whose it is.
        owner: u32,
        /// The user's name who would run it.
        user: String,
        /// That user's id.
        uid: u32,
    },
    /// A throw-away cluster was requested in a folder that already holds a cluster; its files would be removed at the end.
    #[error("{} already exists: a throw-away database needs a folder of its own", dir.display())]
    NotThrowaway {
        /// The cluster's folder.
        dir: PathBuf,
    },
    /// The service runs as root and there is no user to hand the server to.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has no user icusync, postgres or nobody: add one \
         (useradd --system icusync), or name one"
    )]
    NoUnprivilegedUser,
    /// The named user does not exist.
    #[error("there is no user {name} on this machine to run PostgreSQL as")]
    UnknownUser {
        /// The name.
        name: String,
    },
    /// The named user is root.
    #[error("PostgreSQL refuses to run as root: name another user than {name}")]
    UserIsRoot {
        /// The name.
        name: String,
    },
    /// A user was named, but only root can start a process as another user.
    #[error("only root can run PostgreSQL as {name}: leave the user out, or start as root")]
    CannotSwitch {
        /// The name.
        name: String,
    },
    /// `initdb` failed.
    #[error("PostgreSQL could not make a database in {}: {said}", dir.display())]
    Initialise {
        /// The cluster's folder.
        dir: PathBuf,
        /// The last lines of `initdb`'s output.
        said: String,
    },
    /// The server ended instead of starting, or ended later on its own.
    #[error("the private PostgreSQL ended: {said} (its log: {})", log.display())]
    Ended {
        /// The last line of the server's log.
        said: String,
        /// The log.
        log: PathBuf,
    },
    /// The server runs but does not accept connections.
    #[error("the private PostgreSQL does not answer after {seconds} s: {said} (its log: {})", log.display())]
    Silent {
        /// How long was waited.
        seconds: u64,
        /// What the last attempt to connect said.
        said: String,
        /// The log.
        log: PathBuf,
    },
    /// The server did not stop when asked to.
    #[error("the private PostgreSQL (process {pid}) did not stop when asked to")]
    DoesNotStop {
        /// The server's process id.
        pid: u32,
    },
    /// The role or its database could not be made.
    #[error("the private PostgreSQL runs, but its role and database could not be made: {0}")]
    Bootstrap(#[from] sqlx::Error),
    /// Anything else that the operating system refused.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What was tried, as `cannot read`.
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl PrivateError {
    /// For `map_err`: an [`PrivateError::Io`] on this path.
    pub(super) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}
