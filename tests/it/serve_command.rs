//! `icusync serve` as an operator and a self-hoster meet it: start, health, metrics, stop, and the commands beside it.

use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::world::{Mcp, fresh_database, scratch, url_of};

fn icusync(arguments: &[&str], data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icusync"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for name in ["DATABASE_URL", "SMTP_URL", "SEAL_KEYS", "SIGN_UP"] {
        command.env_remove(name);
    }
    command.env("DATA_DIR", data_dir);
    command
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A running service and what it logged until it was ready.
pub(crate) struct Service {
    child: Child,
    port: u16,
    metrics: u16,
    log: String,
}

impl Service {
    /// Waits until it is ready. Both of its hosts are this machine.
    pub(crate) async fn start(data_dir: &Path, settings: &[(&str, &str)]) -> Self {
        let (port, metrics) = (free_port(), free_port());
        let mut command = icusync(&["serve"], data_dir);
        command
            .env("BIND", format!("127.0.0.1:{port}"))
            .env("METRICS_BIND", format!("127.0.0.1:{metrics}"))
            .env("PUBLIC_URL", format!("http://localhost:{port}"))
            .env("LINK_URL", format!("http://127.0.0.1:{port}"))
            .envs(settings.iter().copied());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        let ready = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                log.push_str(&line);
                log.push('\n');
                if line.contains("\"ready\"") {
                    return true;
                }
            }
            false
        };
        let ready = tokio::time::timeout(Duration::from_mins(1), ready)
            .await
            .expect("ready in time");
        assert!(ready, "the service did not start: {log}");
        // Whoever writes a log wants it read.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            child,
            port,
            metrics,
            log,
        }
    }

    /// On the host of the pages.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// On the host of the token URLs.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Waits until it has ended by itself, with a failure.
    pub(crate) async fn fails(&mut self) {
        let ended = tokio::time::timeout(Duration::from_secs(40), self.child.wait())
            .await
            .expect("ends in time")
            .unwrap();
        assert!(!ended.success());
    }

    /// Tells it to stop and waits until it has.
    pub(crate) async fn stop(mut self) {
        let pid = rustix::process::Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(40), self.child.wait())
            .await
            .expect("ends in time")
            .unwrap();
        assert!(ended.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_hoster_needs_nothing_but_the_binary() {
    let folder = scratch("serve-alone");
    let service = Service::start(&folder, &[]).await;
    assert!(
        service.log.contains("mails are written to this folder"),
        "{}",
        service.log
    );
    let http = Mcp::client();
    let page = http
        .get(service.url("/sign-up"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("closed"), "sign-up is closed by default");

    // Beside the running service, into its own private database.
    let port = service.port.to_string();
    let made = icusync(&["account", "create", "me@example.test"], &folder)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(made.stdout).unwrap();
    assert!(
        made.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let password = said
        .lines()
        .find_map(|line| line.strip_prefix("password "))
        .unwrap();
    let twice = icusync(&["account", "create", "Me@Example.test"], &folder)
        .output()
        .await
        .unwrap();
    assert!(String::from_utf8_lossy(&twice.stderr).contains("has an account already"));
    let signed = http
        .post(service.url("/sign-in"))
        .header("origin", service.url(""))
        .header("sec-fetch-site", "same-origin")
        .form(&[("email", "me@example.test"), ("password", password)])
        .send()
        .await
        .unwrap();
    assert_eq!(signed.status(), 303);
    assert_eq!(signed.headers()["location"], "/dashboard");

    let check = icusync(&["healthcheck", "--bind", &format!("127.0.0.1:{port}")], &folder)
        .status()
        .await
        .unwrap();
    assert!(check.success());
    for path in ["/healthz", "/readyz"] {
        let answer = http
            .get(service.url(path))
            .header("host", "10.0.0.1")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{path} answers under any Host");
    }
    let metrics = http
        .get(format!("http://127.0.0.1:{}/metrics", service.metrics))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(metrics.contains("icusync_http_requests_total"), "{metrics}");
    let elsewhere = http.get(service.url("/metrics")).send().await.unwrap();
    assert_eq!(elsewhere.status(), 404, "metrics stand on their own address only");

    let keys = std::fs::metadata(folder.join("seal.keys")).unwrap();
    assert_eq!(keys.permissions().mode() & 0o777, 0o600);
    assert!(
        !folder.join("postgres/seal.keys").exists(),
        "beside the database, not in it"
    );
    service.stop().await;
    let down = icusync(&["healthcheck", "--bind", &format!("127.0.0.1:{port}")], &folder)
        .status()
        .await
        .unwrap();
    assert!(!down.success());

    let again = Service::start(&folder, &[]).await;
    assert!(!again.log.contains("made a key file"), "the same keys as before");
    again.stop().await;
    tokio::fs::remove_dir_all(&folder).await.unwrap();
}

/// Hard case 118.
#[tokio::test(flavor = "multi_thread")]
async fn two_instances_start_together_on_one_database_and_see_each_other() {
    let folder = scratch("serve-twice");
    let url = url_of(&fresh_database().await);
    let keys = String::from_utf8(icusync(&["keys"], &folder).output().await.unwrap().stdout).unwrap();
    let settings = [("DATABASE_URL", url.as_str()), ("SEAL_KEYS", keys.trim())];
    let migrate = async || {
        let mut command = icusync(&["migrate"], &folder);
        command.envs(settings).status().await.unwrap()
    };
    let (first, second, one, two) = tokio::join!(
        Service::start(&folder, &settings),
        Service::start(&folder, &settings),
        migrate(),
        migrate()
    );
    assert!(one.success() && two.success());
    let http = Mcp::client();
    for service in [&first, &second] {
        assert_eq!(
            http.get(service.url("/readyz")).send().await.unwrap().status(),
            200
        );
        assert!(!service.log.contains(url.as_str()) && !service.log.contains(keys.trim()));
    }
    first.stop().await;
    second.stop().await;
    tokio::fs::remove_dir_all(&folder).await.unwrap();
}

/// Hard case 115: PostgreSQL is down, or says nothing, at the start.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_said_in_one_sentence() {
    let folder = scratch("serve-wrong");
    let fails = async |settings: &[(&str, &str)]| {
        let mut command = icusync(
            &["serve", "--bind", "127.0.0.1:0", "--metrics-bind", "127.0.0.1:0"],
            &folder,
        );
        let output = tokio::time::timeout(
            Duration::from_mins(1),
            command.envs(settings.iter().copied()).output(),
        );
        let output = output.await.unwrap().unwrap();
        assert!(!output.status.success());
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        errors.lines().last().unwrap_or_default().to_owned()
    };
    let keys = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let gone = "postgres://someone:s3cretpassword@127.0.0.1:1/icusync";
    let down = fails(&[("DATABASE_URL", gone), ("SEAL_KEYS", keys)]).await;
    assert!(
        down.contains("cannot reach PostgreSQL") && !down.contains("s3cretpassword"),
        "{down}"
    );
    // A server that takes the connection and then says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let silent = format!("postgres://someone@127.0.0.1:{port}/icusync");
    let silent = fails(&[("DATABASE_URL", &silent), ("SEAL_KEYS", keys)]).await;
    assert!(silent.contains("cannot reach PostgreSQL"), "{silent}");
    let keyless = fails(&[("DATABASE_URL", gone)]).await;
    assert!(
        keyless.contains("SEAL_KEYS") && !keyless.contains("s3cretpassword"),
        "{keyless}"
    );
    let one_host = fails(&[
        ("PUBLIC_URL", "https://a.example"),
        ("LINK_URL", "https://a.example"),
    ])
    .await;
    assert!(one_host.contains("must be different hosts"), "{one_host}");
    let half = fails(&[("INTERVALS_CLIENT_ID", "1")]).await;
    assert!(half.contains("INTERVALS_CLIENT_SECRET"), "{half}");
    let clear = fails(&[
        ("SMTP_URL", "smtp://u:hunter22@mail.example"),
        ("DATABASE_URL", &url_of(&fresh_database().await)),
        ("SEAL_KEYS", keys),
    ])
    .await;
    assert!(
        clear.contains("in the clear") && !clear.contains("hunter22"),
        "{clear}"
    );
}
