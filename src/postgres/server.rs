//! The server's process: created, started, watched, queried, stopped.
//!
//! Not here: which folder and which user; what the service keeps in the database. The few statements below make the
//! role and the database that `crate::queries` then works in.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr as _;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time::Instant;

use super::binaries::Binaries;
use super::directory::Directory;
use super::user::RunAs;
use super::{Kind, PrivateError};

/// How long a start may take, including recovery after a crash.
const START: Duration = Duration::from_mins(2);
/// How long the last owner's server may take to end.
const LAST: Duration = Duration::from_mins(1);
/// How long an immediate shutdown may take, and then a kill.
const IMMEDIATE: Duration = Duration::from_secs(5);
/// Between two checks of a process that is starting or ending.
const LOOK: Duration = Duration::from_millis(20);
/// Between two checks of a process that should stay.
const WATCH: Duration = Duration::from_secs(1);

/// How the server is asked to stop.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shutdown {
    /// Roll back what is open, write everything out.
    Fast,
    /// Drop everything.
    Immediate,
}

/// A running server. Dropping it sends a fast shutdown and does not wait.
#[derive(Debug)]
pub(super) struct Server {
    process: Child,
    socket: PathBuf,
    log: PathBuf,
}

/// Makes a cluster with `initdb`: UTF8, locale C, a superuser, entry by the local socket only.
pub(super) async fn initialise(
    binaries: &Binaries,
    directory: &Directory,
    run_as: &RunAs,
    kind: Kind,
    superuser: &str,
) -> Result<(), PrivateError> {
    let new = directory.prepare_new(run_as)?;
    let mut command = run_as.command(binaries.initdb());
    command.arg("-D").arg(&new).args(["--username", superuser]);
    command.args([
        "--encoding=UTF8",
        "--locale=C",
        "--auth-local=trust",
        "--auth-host=reject",
    ]);
    command.arg(match kind {
        Kind::Kept => "--data-checksums",
        Kind::Throwaway => "--no-sync",
    });
    let mut command = tokio::process::Command::from(command);
    let output = command
        .kill_on_drop(true)
        .output()
        .await
        .map_err(PrivateError::io("cannot run", binaries.initdb()))?;
    if output.status.success() {
        return directory.adopt_new(&new);
    }
    let said = last_lines(&String::from_utf8_lossy(&output.stderr), 3);
    Err(PrivateError::Initialise {
        dir: directory.cluster(),
        said,
    })
}

/// Waits until no server runs on the folder's cluster although nobody owned the folder: it is the last owner's, which that
/// owner or its watchdog is stopping. A server that outlived its watchdog too is stopped here; one that no icusync
/// started is left alone, and refused.
pub(super) async fn outlive_the_last(directory: &Directory, run_as: &RunAs) -> Result<(), PrivateError> {
    let cluster = directory.cluster();
    let deadline = Instant::now() + LAST;
    let mut signalled = false;
    while let Some(postmaster) = Postmaster::read(&cluster)? {
        if !is_server_of(postmaster.pid, &cluster, run_as.uid) {
            return forget(&cluster);
        }
        let ours = postmaster.socket.map(|socket| directory.knows_socket(&socket));
        if ours == Some(false) || Instant::now() > deadline {
            return Err(PrivateError::ServerInUse {
                dir: cluster,
                pid: number(postmaster.pid),
            });
        }
        if ours == Some(true) && !signalled {
            tracing::info!(
                pid = number(postmaster.pid),
                "waiting for the last private PostgreSQL to end"
            );
            // It may have ended by now; then there is nothing left to do.
            let _ = rustix::process::kill_process(postmaster.pid, Signal::INT);
            signalled = true;
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Removes the process id that a crash left in the cluster: it may belong to another process by now, which would keep the
/// server from starting. The folder's lock is ours, so no other icusync is about to use it.
fn forget(cluster: &Path) -> Result<(), PrivateError> {
    let path = Postmaster::path(cluster);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(PrivateError::io("cannot remove", path)(error))
        }
        _ => Ok(()),
    }
}

impl Server {
    /// Starts `postgres` on the cluster. It listens only on the socket.
    pub(super) fn spawn(
        binaries: &Binaries,
        directory: &Directory,
        socket: PathBuf,
        run_as: &RunAs,
        kind: Kind,
    ) -> Result<Self, PrivateError> {
        let log = directory.log();
        let output = directory.open_log()?;
        let errors = output
            .try_clone()
            .map_err(PrivateError::io("cannot write", &log))?;
        let mut command = run_as.command(binaries.postgres());
        command
            .arg("-D")
            .arg(directory.cluster())
            .stdout(output)
            .stderr(errors);
        for setting in settings(&socket, kind) {
            command.arg("-c").arg(setting);
        }
        let process = command
            .spawn()
            .map_err(PrivateError::io("cannot run", binaries.postgres()))?;
        Ok(Self { process, socket, log })
    }

    /// The server's process id.
    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The folder of its socket.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Waits until the server accepts connections.
    pub(super) async fn wait_until_ready(&mut self, superuser: &str) -> Result<(), PrivateError> {
        let deadline = Instant::now() + START;
        loop {
            if self.has_ended() {
                return Err(self.epitaph());
            }
            let said = match connect(&self.socket, superuser).await {
                Ok(connection) => {
                    close(connection).await;
                    return Ok(());
                }
                Err(error) => error.to_string(),
            };
            if Instant::now() > deadline {
                return Err(PrivateError::Silent {
                    seconds: START.as_secs(),
                    said,
                    log: self.log.clone(),
                });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Makes the service's role and its database, each if missing: this completes a start that was interrupted.
    pub(super) async fn bootstrap(&self, superuser: &str) -> Result<(), PrivateError> {
        let mut connection = connect(&self.socket, superuser).await?;
        let role = sqlx::query("select 1 from pg_roles where rolname = 'icusync'");
        if role.fetch_optional(&mut connection).await?.is_none() {
            sqlx::query("create role icusync login createdb")
                .execute(&mut connection)
                .await?;
        }
        let database = sqlx::query("select 1 from pg_database where datname = 'icusync'");
        if database.fetch_optional(&mut connection).await?.is_none() {
            let create = "create database icusync owner icusync template template0 encoding 'UTF8'";
            sqlx::query(create).execute(&mut connection).await?;
        }
        close(connection).await;
        Ok(())
    }

    /// Resolves when the process is gone.
    pub(super) async fn ended(&mut self) -> PrivateError {
        while !self.has_ended() {
            tokio::time::sleep(WATCH).await;
        }
        self.epitaph()
    }

    /// Stops the server, with increasing force if it does not end.
    pub(super) async fn stop(&mut self, how: Shutdown, patience: Duration) -> Result<(), PrivateError> {
        let first = match how {
            Shutdown::Fast => Signal::INT,
            Shutdown::Immediate => Signal::QUIT,
        };
        for (signal, patience) in [
            (first, patience),
            (Signal::QUIT, IMMEDIATE),
            (Signal::KILL, IMMEDIATE),
        ] {
            self.signal(signal);
            let deadline = Instant::now() + patience;
            while Instant::now() < deadline {
                if self.has_ended() {
                    return Ok(());
                }
                tokio::time::sleep(LOOK).await;
            }
        }
        Err(PrivateError::DoesNotStop { pid: self.pid() })
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// Only if it is still the server's process: a child that was waited for has returned its id.
    fn signal(&mut self, signal: Signal) {
        if self.has_ended() {
            return;
        }
        if let Some(pid) = pid_of(self.pid()) {
            // It may end between the check and the signal; then there is nothing left to do.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    fn epitaph(&self) -> PrivateError {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        PrivateError::Ended {
            said: last_lines(&text, 1),
            log: self.log.clone(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal(Signal::INT);
    }
}

/// A small shell that briefly outlives this process: if we go without dismissing it, it ends the server, a kept one in good
/// order, a throw-away one immediately and with its files.
#[derive(Debug)]
pub(super) struct Watchdog(Child);

/// `$1` is the signal for the server `$2`, `$3` the data folder, to be removed if empty, the rest what to remove. Reading
/// ends when our end of the pipe closes, however we ended. The script first checks the process id in the cluster, because
/// it may belong to another process by now.
const WATCHDOG: &str = r#"
trap '' INT TERM HUP
read -r word && [ "$word" = dismissed ] && exit 0
signal=$1 server=$2 data=$3; shift 3
if [ "$(head -n 1 "$data/postgres/postmaster.pid" 2>/dev/null)" = "$server" ]; then
    kill -s "$signal" "$server" 2>/dev/null
    tries=0
    while kill -0 "$server" 2>/dev/null && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
fi
[ $# -gt 0 ] || exit 0
rm -rf -- "$@"
rmdir -- "$data" 2>/dev/null
"#;

impl Watchdog {
    /// Watches over the server and the files of its folder.
    pub(super) fn over(server: &Server, directory: &Directory, kind: Kind) -> Result<Self, PrivateError> {
        let mut files = directory.everything();
        let data = files.pop().unwrap_or_default();
        let (signal, files) = match kind {
            Kind::Kept => ("INT", Vec::new()),
            Kind::Throwaway => ("QUIT", files),
        };
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", WATCHDOG, "icusync-watchdog", signal])
            .arg(server.pid().to_string())
            .arg(data)
            .args(files);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/");
        command
            .spawn()
            .map(Self)
            .map_err(PrivateError::io("cannot run", "/bin/sh"))
    }

    /// The server has been stopped and the files are taken care of.
    pub(super) fn dismiss(mut self) {
        use std::io::Write as _;
        if let Some(mut pipe) = self.0.stdin.take() {
            let _ = pipe.write_all(b"dismissed\n");
        }
        let _ = self.0.wait();
    }
}

/// The first lines of the cluster's `postmaster.pid` (PostgreSQL's `pidfile.h`): process id, data folder, start time,
/// port, socket folder.
#[derive(Debug)]
struct Postmaster {
    pid: Pid,
    /// Not yet written while the server is coming up.
    socket: Option<PathBuf>,
}

impl Postmaster {
    fn path(cluster: &Path) -> PathBuf {
        cluster.join("postmaster.pid")
    }

    fn read(cluster: &Path) -> Result<Option<Self>, PrivateError> {
        let path = Self::path(cluster);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(PrivateError::io("cannot read", path)(error)),
        };
        let lines: Vec<&str> = text.lines().collect();
        // Single-user mode writes its process id with a minus.
        let pid = lines
            .first()
            .and_then(|line| line.trim().trim_start_matches('-').parse().ok())
            .and_then(pid_of);
        let socket = lines
            .get(4)
            .map(|line| line.trim())
            .filter(|line| !line.is_empty())
            .map(PathBuf::from);
        Ok(pid.map(|pid| Self { pid, socket }))
    }
}

/// The URL of a database on the socket, for sqlx and libpq alike.
pub(super) fn url(socket: &Path, role: &str, database: &str) -> String {
    let encode = |text: &str| {
        url::form_urlencoded::byte_serialize(text.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    let (socket, database) = (encode(&socket.to_string_lossy()), encode(database));
    format!("postgres://{role}@localhost:5432/{database}?host={socket}&sslmode=disable")
}

async fn connect(socket: &Path, superuser: &str) -> Result<PgConnection, sqlx::Error> {
    let options = PgConnectOptions::from_str(&url(socket, superuser, "postgres"))?;
    let options = options
        .application_name("icusync start")
        .disable_statement_logging();
    let timeout = Duration::from_secs(5);
    tokio::time::timeout(timeout, PgConnection::connect_with(&options))
        .await
        .unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

async fn close(connection: PgConnection) {
    // The server drops a connection that was not closed politely all the same.
    let _ = connection.close().await;
}

fn settings(socket: &Path, kind: Kind) -> Vec<String> {
    // A list, in which a name with commas or blanks is quoted.
    let quoted = socket.to_string_lossy().replace('"', "\"\"");
    let mut settings = vec![
        "listen_addresses=".to_owned(),
        format!("unix_socket_directories=\"{quoted}\""),
        "unix_socket_permissions=0700".to_owned(),
        "port=5432".to_owned(),
        "ssl=off".to_owned(),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
        "jit=off".to_owned(),
        // The log is for the server's own state. Errors of statements go to the service, which reports them without values;
        // here they would appear with them.
        "log_destination=stderr".to_owned(),
        "logging_collector=off".to_owned(),
        "log_min_messages=log".to_owned(),
        "log_min_error_statement=panic".to_owned(),
        "log_error_verbosity=terse".to_owned(),
        "log_checkpoints=off".to_owned(),
        "log_statement=none".to_owned(),
        "log_min_duration_statement=-1".to_owned(),
    ];
    let rest: &[&str] = match kind {
        Kind::Kept => &["max_connections=60", "shared_buffers=64MB"],
        Kind::Throwaway => &[
            "max_connections=300",
            "shared_buffers=32MB",
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "autovacuum=off",
            "max_wal_senders=0",
            "wal_level=minimal",
        ],
    };
    settings.extend(rest.iter().map(ToString::to_string));
    settings
}

fn pid_of(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}

fn is_alive(pid: Pid) -> bool {
    // A process of another user is alive too.
    !matches!(
        rustix::process::test_kill_process(pid),
        Err(rustix::io::Errno::SRCH)
    )
}

/// Whether the process lives, belongs to the user and was started as a server of the cluster.
fn is_server_of(pid: Pid, cluster: &Path, uid: u32) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let another_users =
        std::fs::metadata(format!("/proc/{}", number(pid))).is_ok_and(|found| found.uid() != uid);
    is_alive(pid) && !another_users && runs_on(pid, cluster)
}

/// Whether the process was started with the cluster's path among its arguments; a process that has ended and was not waited
/// for has none. Where neither /proc nor `ps` can tell, a living process counts as the server.
fn runs_on(pid: Pid, cluster: &Path) -> bool {
    let id = number(pid).to_string();
    let arguments = std::fs::read(format!("/proc/{id}/cmdline")).or_else(|_| {
        Command::new("ps")
            .args(["-o", "command=", "-p", &id])
            .output()
            .map(|output| output.stdout)
    });
    let cluster = cluster.as_os_str().as_encoded_bytes();
    arguments.map_or(true, |arguments| {
        arguments.windows(cluster.len()).any(|part| part == cluster)
    })
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let last = lines[lines.len().saturating_sub(count)..].join("; ");
    if last.is_empty() {
        "it said nothing".to_owned()
    } else {
        last
    }
}
