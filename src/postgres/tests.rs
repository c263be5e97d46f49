//! The real thing in folders of its own: started, stopped, killed, refused.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};

use super::{Cluster, Kind, Options, PrivateError, running, start};

/// Set in the process that a test starts in order to kill it: the folder of the cluster that it holds.
const HOLD: &str = "ICUSYNC_TEST_HOLD";

/// A folder of the test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new("/tmp").join(format!("icusync-test-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        set_mode(&path, 0o755);
        Self(path)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o777
}

fn options(data: &Path, kind: Kind) -> Options {
    Options {
        data_dir: data.to_path_buf(),
        run_as: None,
        kind,
    }
}

async fn kept(data: &Path) -> Cluster {
    start(options(data, Kind::Kept)).await.unwrap()
}

async fn refusal(data: &Path) -> PrivateError {
    start(options(data, Kind::Kept))
        .await
        .expect_err("it should have been refused")
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

async fn text(url: &str, question: &'static str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let answer = sqlx::query_scalar(question)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    answer
}

async fn run(url: &str, statement: &'static str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Until the condition holds; a test that waits a minute has failed.
async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    while !condition() {
        assert!(
            std::time::Instant::now() < deadline,
            "waited in vain until {what}"
        );
        tokio::task::yield_now().await;
    }
}

/// Runs this test again in a process of its own, which starts a cluster, says so, and holds it until it is killed.
fn hold_elsewhere(test: &str, data: &Path) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("postgres::tests::{test}"), "--nocapture"])
        .env(HOLD, data)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The test harness writes the test's name before it without ending the line.
    let held = lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("held ").map(|(_, pid)| pid.to_owned()));
    (
        child,
        held.expect("the other process ended without holding a cluster"),
    )
}

/// In the process that a test starts in order to kill it: holds a cluster. Its watchdog is dismissed when it must not see
/// the end.
async fn hold(kind: Kind, is_watched: bool) -> bool {
    let Some(data) = std::env::var_os(HOLD) else {
        return false;
    };
    let cluster = start(options(Path::new(&data), kind)).await.unwrap();
    run(&cluster.url(), "create table if not exists kept (word text)").await;
    run(&cluster.url(), "insert into kept values ('still here')").await;
    let Cluster {
        mut server,
        watchdog,
        directory: _owned,
        ..
    } = cluster;
    let mut watchdog = Some(watchdog);
    if !is_watched {
        watchdog.take().unwrap().dismiss();
    }
    #[expect(clippy::print_stdout, reason = "the killer reads it")]
    {
        println!("held {}", server.pid());
    }
    panic!("{}", server.ended().await);
}

fn kill_9(mut process: Child) {
    process.kill().unwrap();
    process.wait().unwrap();
}

/// A process's state letter and process group, from /proc or, where there is none, from `ps`.
fn process(pid: &str) -> Option<(char, String)> {
    let line = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .or_else(|| {
            let output = Command::new("ps")
                .args(["-o", "stat=,ppid=,pgid=", "-p", pid])
                .output()
                .ok()?;
            String::from_utf8(output.stdout).ok()
        })?;
    // In /proc the name comes before them, in brackets, and may contain anything.
    let line = line.rsplit_once(')').map_or(line.as_str(), |(_, rest)| rest);
    let mut fields = line.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.nth(1)?.to_owned()))
}

/// Whether the process lives; one that has ended and was not waited for does not.
fn is_running(pid: &str) -> bool {
    process(pid).is_some_and(|(state, _)| state != 'Z')
}

#[tokio::test]
async fn starts_stops_and_keeps_what_was_written() {
    let folder = Folder::new("kept");
    let cluster = kept(&folder.data()).await;
    let url = cluster.url();
    run(&url, "create table kept as select 'Zürich'::text as word").await;
    assert_eq!(text(&url, "show server_encoding").await, "UTF8");
    assert_eq!(
        text(
            &url,
            "select datcollate || ' ' || datctype from pg_database where datname = 'icusync'"
        )
        .await,
        "C C"
    );
    assert_eq!(text(&url, "show timezone").await, "UTC");
    assert_eq!(text(&url, "show fsync").await, "on");
    assert_eq!(
        text(
            &url,
            "select rolsuper::text from pg_roles where rolname = current_user"
        )
        .await,
        "false"
    );
    // One database per test: the role may make one, and reach it.
    run(&url, r#"create database "a name with blanks""#).await;
    assert_eq!(
        text(
            &cluster.url_for("a name with blanks"),
            "select current_database()::text"
        )
        .await,
        "a name with blanks"
    );
    let pid = cluster.pid().to_string();
    cluster.stop().await.unwrap();
    assert!(!is_running(&pid));

    let again = kept(&folder.data()).await;
    assert_eq!(text(&again.url(), "select word from kept").await, "Zürich");
    again.stop().await.unwrap();
}

#[tokio::test]
async fn listens_on_a_closed_socket_and_nowhere_else() {
    let folder = Folder::new("socket");
    let cluster = kept(&folder.data()).await;
    assert_eq!(text(&cluster.url(), "show listen_addresses").await, "");
    let socket = folder.data().join("socket");
    assert_eq!(mode(&socket), 0o700);
    assert_eq!(mode(&folder.data().join("postgres")), 0o700);
    assert_eq!(mode(&folder.data().join("postgres.log")), 0o600);
    let server = folder.data().join("postgres").metadata().unwrap().uid();
    assert_eq!(socket.metadata().unwrap().uid(), server);
    if is_root() {
        assert_ne!(server, 0);
        // What is next to the database is out of its user's reach.
        assert_eq!(
            (folder.data().metadata().unwrap().uid(), mode(&folder.data())),
            (0, 0o711)
        );
    } else {
        assert_eq!(mode(&folder.data()), 0o700);
    }
    // A process group of its own: the terminal's Ctrl-C does not reach it.
    let group = |pid: u32| process(&pid.to_string()).unwrap().1;
    assert_eq!(group(cluster.pid()), cluster.pid().to_string());
    assert_ne!(group(std::process::id()), group(cluster.pid()));
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_long_path_gets_a_short_socket() {
    let folder = Folder::new("long");
    let data = folder.0.join("a".repeat(60)).join("b".repeat(60));
    let cluster = kept(&data).await;
    assert_eq!(text(&cluster.url(), "select 'reached'::text").await, "reached");
    let lock = std::fs::read_to_string(data.join("icusync.lock")).unwrap();
    let socket = PathBuf::from(lock.lines().nth(1).unwrap());
    assert!(
        socket.starts_with("/tmp") && socket.exists(),
        "{}",
        socket.display()
    );
    assert_eq!(mode(&socket), 0o700);
    cluster.stop().await.unwrap();
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_kept_server_ends_in_order_with_its_killed_service() {
    if hold(Kind::Kept, true).await {
        return;
    }
    let folder = Folder::new("killed");
    let (holder, server) = hold_elsewhere(
        "a_kept_server_ends_in_order_with_its_killed_service",
        &folder.data(),
    );
    kill_9(holder);
    eventually("the server is gone", || !is_running(&server)).await;
    assert!(
        !folder.data().join("postgres/postmaster.pid").exists(),
        "it was not stopped in order"
    );
    let cluster = kept(&folder.data()).await;
    assert_eq!(text(&cluster.url(), "select word from kept").await, "still here");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_nobody_watched_is_stopped_by_the_next_start() {
    if hold(Kind::Kept, false).await {
        return;
    }
    let folder = Folder::new("unwatched");
    // Once with the socket next to the cluster, once with one in /tmp.
    for name in ["data".to_owned(), "c".repeat(90)] {
        let data = folder.0.join(name);
        let (holder, server) =
            hold_elsewhere("a_server_that_nobody_watched_is_stopped_by_the_next_start", &data);
        kill_9(holder);
        assert!(is_running(&server), "the server should have outlived its parent");
        let cluster = kept(&data).await;
        assert!(!is_running(&server));
        assert_eq!(text(&cluster.url(), "select word from kept").await, "still here");
        cluster.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_killed_with_its_service_is_recovered() {
    if hold(Kind::Kept, false).await {
        return;
    }
    let folder = Folder::new("crash");
    let (holder, server) = hold_elsewhere("a_server_killed_with_its_service_is_recovered", &folder.data());
    kill_9(holder);
    assert!(
        Command::new("kill")
            .args(["-9", &server])
            .status()
            .unwrap()
            .success()
    );
    eventually("the server is gone", || !is_running(&server)).await;
    assert!(folder.data().join("postgres/postmaster.pid").exists());

    let cluster = kept(&folder.data()).await;
    assert_eq!(text(&cluster.url(), "select word from kept").await, "still here");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_stale_process_id_that_another_process_has_now_does_no_harm() {
    let folder = Folder::new("reused");
    let cluster = kept(&folder.data()).await;
    let pidfile = folder.data().join("postgres/postmaster.pid");
    let text = std::fs::read_to_string(&pidfile).unwrap();
    cluster.stop().await.unwrap();
    let mut bystander = Command::new("sleep").arg("600").spawn().unwrap();
    let text = text.replacen(text.lines().next().unwrap(), &bystander.id().to_string(), 1);
    std::fs::write(&pidfile, text).unwrap();

    let cluster = kept(&folder.data()).await;
    cluster.stop().await.unwrap();
    assert!(
        bystander.try_wait().unwrap().is_none(),
        "the bystander was killed"
    );
    kill_9(bystander);
}

#[tokio::test]
async fn a_second_start_is_refused_by_name_and_process() {
    if hold(Kind::Kept, true).await {
        return;
    }
    let folder = Folder::new("second");
    let (holder, server) = hold_elsewhere("a_second_start_is_refused_by_name_and_process", &folder.data());
    let refused = refusal(&folder.data()).await;
    assert_eq!(
        refused.to_string(),
        format!(
            "{} is in use by another icusync (process {}): stop it first, or choose another folder",
            folder.data().display(),
            holder.id()
        )
    );
    assert!(is_running(&server), "the refused start did harm");
    kill_9(holder);
    kept(&folder.data()).await.stop().await.unwrap();
}

#[tokio::test]
async fn a_command_next_to_the_service_finds_its_cluster() {
    if hold(Kind::Kept, true).await {
        return;
    }
    let folder = Folder::new("beside");
    assert_eq!(running(&folder.data()), None);
    let (holder, _) = hold_elsewhere("a_command_next_to_the_service_finds_its_cluster", &folder.data());
    let url = running(&folder.data()).unwrap();
    assert_eq!(text(&url, "select word from kept").await, "still here");
    kill_9(holder);
    assert_eq!(
        running(&folder.data()),
        None,
        "the next start waits for a killed service's server"
    );
    let cluster = kept(&folder.data()).await;
    assert_eq!(running(&folder.data()), Some(cluster.url()));
    cluster.stop().await.unwrap();
    assert_eq!(running(&folder.data()), None);
}

#[tokio::test]
async fn two_starts_at_once_leave_one() {
    let folder = Folder::new("race");
    let data = folder.data();
    let (one, two) = tokio::join!(
        start(options(&data, Kind::Kept)),
        start(options(&data, Kind::Kept))
    );
    let (winner, loser) = if one.is_ok() { (one, two) } else { (two, one) };
    assert!(matches!(loser, Err(PrivateError::InUse { .. })), "{loser:?}");
    winner.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_somebody_started_by_hand_is_left_alone() {
    let folder = Folder::new("by-hand");
    let cluster = kept(&folder.data()).await;
    cluster.stop().await.unwrap();
    let run_as = super::RunAs::choose(None).unwrap();
    let elsewhere = folder.0.join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    run_as.give(&elsewhere).unwrap();
    let mut by_hand = run_as
        .command(super::Binaries::find(None).unwrap().postgres())
        .arg("-D")
        .arg(folder.data().join("postgres"))
        .args([
            "-c",
            "listen_addresses=",
            "-c",
            &format!("unix_socket_directories={}", elsewhere.display()),
        ])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("it listens", || elsewhere.join(".s.PGSQL.5432").exists()).await;
    let refused = refusal(&folder.data()).await;
    assert!(
        matches!(&refused, PrivateError::ServerInUse { pid, .. } if *pid == by_hand.id()),
        "{refused}"
    );
    assert!(by_hand.try_wait().unwrap().is_none(), "it was stopped");
    assert!(
        Command::new("kill")
            .args(["-INT", &by_hand.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    by_hand.wait().unwrap();
}

#[tokio::test]
async fn another_major_version_is_named() {
    let folder = Folder::new("major");
    kept(&folder.data()).await.stop().await.unwrap();
    std::fs::write(folder.data().join("postgres/PG_VERSION"), "9\n").unwrap();
    let refused = refusal(&folder.data()).await;
    assert!(
        matches!(refused, PrivateError::OtherMajor { data: 9, .. }),
        "{refused}"
    );
    std::fs::write(folder.data().join("postgres/PG_VERSION"), "").unwrap();
    assert!(matches!(
        refusal(&folder.data()).await,
        PrivateError::NotACluster { .. }
    ));
}

#[tokio::test]
async fn a_closed_folder_on_the_way_is_named() {
    let folder = Folder::new("closed");
    let closed = folder.0.join("closed");
    std::fs::create_dir(&closed).unwrap();
    set_mode(&closed, if is_root() { 0o700 } else { 0o000 });
    let refused = refusal(&closed.join("deep/data")).await;
    if is_root() {
        let sentence = refused.to_string();
        assert!(
            matches!(&refused, PrivateError::NotTraversable { dir, .. } if *dir == closed),
            "{sentence}"
        );
        assert!(
            sentence.contains("may not enter") && sentence.contains("chmod o+x"),
            "{sentence}"
        );
    } else {
        assert!(matches!(refused, PrivateError::NotWritable { .. }), "{refused}");
    }
    set_mode(&closed, 0o700);
}

#[tokio::test]
async fn a_closed_empty_folder_that_is_handed_over_is_opened_just_enough() {
    let folder = Folder::new("handed");
    std::fs::create_dir(folder.data()).unwrap();
    set_mode(&folder.data(), 0o700);
    kept(&folder.data()).await.stop().await.unwrap();
    assert_eq!(mode(&folder.data()), if is_root() { 0o701 } else { 0o700 });
}

#[tokio::test]
async fn a_path_that_is_not_a_folder_or_cannot_be_written_is_named() {
    let folder = Folder::new("unusable");
    let file = folder.0.join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(refusal(&file).await, PrivateError::NotADirectory { .. }));
    assert!(matches!(
        refusal(&file.join("data")).await,
        PrivateError::NotWritable { .. }
    ));
    // Nobody can make anything in /proc.
    assert!(matches!(
        refusal(Path::new("/proc/icusync")).await,
        PrivateError::NotWritable { .. }
    ));
    assert!(matches!(
        refusal(&folder.0.join("a\nb")).await,
        PrivateError::NotADirectory { .. }
    ));
}

#[tokio::test]
async fn a_cluster_of_somebody_else_is_named() {
    let folder = Folder::new("owner");
    kept(&folder.data()).await.stop().await.unwrap();
    if !is_root() {
        // Only root can give a folder away, so only root can get here.
        return;
    }
    std::os::unix::fs::chown(folder.data().join("postgres"), Some(54321), None).unwrap();
    let refused = refusal(&folder.data()).await;
    assert!(
        matches!(refused, PrivateError::WrongOwner { owner: 54321, .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn a_throwaway_leaves_nothing() {
    let folder = Folder::new("throwaway");
    let cluster = start(options(&folder.data(), Kind::Throwaway)).await.unwrap();
    assert_eq!(text(&cluster.url(), "show fsync").await, "off");
    let pid = cluster.pid().to_string();
    cluster.stop().await.unwrap();
    assert!(!is_running(&pid) && !folder.data().exists());
}

#[tokio::test]
async fn a_throwaway_ends_with_its_killed_parent() {
    if hold(Kind::Throwaway, true).await {
        return;
    }
    let folder = Folder::new("throwaway-killed");
    let (holder, server) = hold_elsewhere("a_throwaway_ends_with_its_killed_parent", &folder.data());
    kill_9(holder);
    eventually("the server is gone", || !is_running(&server)).await;
    eventually("its files are gone", || !folder.data().exists()).await;
}

#[tokio::test]
async fn a_throwaway_never_takes_a_kept_cluster() {
    let folder = Folder::new("precious");
    kept(&folder.data()).await.stop().await.unwrap();
    let refused = start(options(&folder.data(), Kind::Throwaway)).await.unwrap_err();
    assert!(matches!(refused, PrivateError::NotThrowaway { .. }), "{refused}");
    assert!(folder.data().join("postgres/PG_VERSION").exists());
}

#[tokio::test]
async fn dropped_it_stops_and_a_start_waits_for_it() {
    let folder = Folder::new("dropped");
    let cluster = kept(&folder.data()).await;
    let before = cluster.pid();
    drop(cluster);
    let cluster = kept(&folder.data()).await;
    assert_ne!(cluster.pid(), before);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn an_end_from_outside_is_reported() {
    let folder = Folder::new("ended");
    let mut cluster = kept(&folder.data()).await;
    assert!(
        Command::new("kill")
            .args(["-INT", &cluster.pid().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let ended = tokio::time::timeout(Duration::from_mins(1), cluster.ended())
        .await
        .unwrap();
    assert!(matches!(ended, PrivateError::Ended { .. }), "{ended}");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_half_made_cluster_is_made_again() {
    let folder = Folder::new("half");
    let new = folder.data().join("postgres.new");
    std::fs::create_dir_all(&new).unwrap();
    std::fs::write(new.join("PG_VERSION"), "15\n").unwrap();
    set_mode(&folder.data(), 0o711);
    kept(&folder.data()).await.stop().await.unwrap();
    assert!(!new.exists());
}
