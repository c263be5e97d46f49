//! `icusync serve` as an operator and a self-hoster meet it: start, health, metrics, stop, and the other commands.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use icusync::{
    config::Config,
    demo,
    guard::connection::token_place,
    ids::ConnectionId,
    secrets::{KeyRing, Random, Token, TokenKind},
    start,
    time::Clock,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use icusync_sim::Fault;
use sqlx::{Connection as _, PgConnection};

use crate::world::{Mcp, Page, fresh_database, scratch, sign_in, url_of};

pub(crate) fn icusync(arguments: &[&str], data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icusync"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for name in [
        "DATABASE_URL",
        "SMTP_URL",
        "SEAL_KEYS",
        "SIGN_UP",
        "LOG",
        "ACCEPT_LOST_SEALS",
        "PASSWORDS_AT_ONCE",
    ] {
        command.env_remove(name);
    }
    command.env("DATA_DIR", data_dir);
    command
}

/// Makes an account in the database of `settings` and returns its password.
pub(crate) async fn create_account(email: &str, data_dir: &Path, settings: &[(&str, &str)]) -> String {
    let mut command = icusync(&["account", "create", email], data_dir);
    let made = command.envs(settings.iter().copied()).output().await.unwrap();
    let said = String::from_utf8(made.stdout).unwrap();
    let errors = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{said}{errors}");
    let password = said.lines().find_map(|line| line.strip_prefix("password "));
    password.unwrap().to_owned()
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
    logged_since: Arc<Mutex<String>>,
    logging: tokio::task::JoinHandle<()>,
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
        // A service that writes a log wants it read.
        let logged_since = Arc::new(Mutex::new(String::new()));
        let since = logged_since.clone();
        let logging = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let mut since = since.lock().unwrap();
                since.push_str(&line);
                since.push('\n');
            }
        });
        Self {
            child,
            port,
            metrics,
            log,
            logged_since,
            logging,
        }
    }

    /// On the host of the pages.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// On the host of the connector URLs.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// [`Service::stop`], and everything that it logged.
    async fn stop_and_read(mut self) -> String {
        let logging = std::mem::replace(&mut self.logging, tokio::spawn(async {}));
        let (log, since) = (self.log.clone(), self.logged_since.clone());
        self.stop().await;
        logging.await.unwrap();
        log + &since.lock().unwrap()
    }

    /// Waits until it has ended on its own, with a failure.
    pub(crate) async fn fails(&mut self) {
        let ended = tokio::time::timeout(Duration::from_secs(40), self.child.wait())
            .await
            .expect("ends in time")
            .unwrap();
        assert!(!ended.success());
    }

    /// Stops it and waits until it has ended.
    pub(crate) async fn stop(mut self) {
        let pid = rustix::process::Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(40), self.child.wait()).await;
        let ended = ended.map(Result::unwrap).map(|status| status.success());
        let log = || self.logged_since.lock().unwrap().clone();
        assert!(ended == Ok(true), "{ended:?}: {}", log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_hoster_needs_nothing_but_the_binary() {
    let folder = scratch("serve-alone");
    let service = Service::start(&folder, &[]).await;
    assert!(
        service.log.contains("emails are written to this folder"),
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

    // Next to the running service, into its private database.
    let port = service.port.to_string();
    let password = create_account("me@example.test", &folder, &[]).await;
    let twice = icusync(&["account", "create", "Me@Example.test"], &folder)
        .output()
        .await
        .unwrap();
    assert!(String::from_utf8_lossy(&twice.stderr).contains("already has an account"));
    let signed = http
        .post(service.url("/sign-in"))
        .header("origin", service.url(""))
        .header("sec-fetch-site", "same-origin")
        .form(&[("email", "me@example.test"), ("password", &*password)])
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
    assert_eq!(elsewhere.status(), 404, "metrics are only on their own address");

    let keys = std::fs::metadata(folder.join("seal.keys")).unwrap();
    assert_eq!(keys.permissions().mode() & 0o777, 0o600);
    assert!(
        !folder.join("postgres/seal.keys").exists(),
        "next to the database, not in it"
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

/// Hard case 115: PostgreSQL is down, or says nothing, at start.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_reported_in_one_sentence() {
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
        assert!(!errors.contains("\"ready\""), "{errors}");
        errors.lines().last().unwrap_or_default().to_owned()
    };
    let keys = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let gone = "postgres://someone:s3cretpassword@127.0.0.1:1/icusync";
    let down = fails(&[("DATABASE_URL", gone), ("SEAL_KEYS", keys)]).await;
    assert!(
        down.contains("cannot reach PostgreSQL") && !down.contains("s3cretpassword"),
        "{down}"
    );
    // A server that accepts the connection and then says nothing.
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

#[tokio::test(flavor = "multi_thread")]
async fn a_number_out_of_its_range_is_refused_by_every_command_with_its_name() {
    let folder = scratch("serve-range");
    for arguments in [&SERVE[..], &["keys"], &["migrate"], &["healthcheck"]] {
        for (name, value) in [
            ("PASSWORDS_AT_ONCE", "0"),
            ("CALL_SECONDS", "-1"),
            ("MAILS_PER_DAY", "9999999999"),
        ] {
            let (well, said, errors) = run(arguments, &folder, &[(name, value)]).await;
            assert!(
                !well && said.is_empty() && errors.contains(name) && errors.contains(value),
                "{errors}"
            );
        }
    }
    assert!(!folder.exists(), "nothing was begun");
}

/// At "ready" every port is open.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_while_one_of_the_ports_is_taken() {
    let folder = scratch("serve-ports");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, setting) in [
        (
            ["serve", "--bind", "127.0.0.1:0", "--metrics-bind", &*taken],
            "METRICS_BIND",
        ),
        (
            ["serve", "--bind", &*taken, "--metrics-bind", "127.0.0.1:0"],
            "BIND",
        ),
    ] {
        let (well, _, errors) = run(&arguments, &folder, &[]).await;
        assert!(!well && !errors.contains("\"ready\""), "{errors}");
        let said = errors.lines().last().unwrap();
        assert!(
            said.contains(&format!("cannot listen on {setting} {taken}")),
            "{said}"
        );
        assert!(
            !folder.join("postgres").exists(),
            "no database was started for it"
        );
    }
}

/// The result of a command: whether it succeeded, its output, its errors.
pub(crate) async fn run(
    arguments: &[&str],
    folder: &Path,
    settings: &[(&str, &str)],
) -> (bool, String, String) {
    let mut command = icusync(arguments, folder);
    let done = tokio::time::timeout(
        Duration::from_mins(1),
        command.envs(settings.iter().copied()).output(),
    );
    let done = done.await.expect("ends in time").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.success(), text(done.stdout), text(done.stderr))
}

const SERVE: [&str; 5] = ["serve", "--bind", "127.0.0.1:0", "--metrics-bind", "127.0.0.1:0"];

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_opens_nothing_is_found_at_start_unless_the_loss_is_accepted() {
    let folder = scratch("serve-lost");
    let url = url_of(&fresh_database().await);
    let random = Random::from_os();
    let first = KeyRing::generate(&random);
    let settings = |keys| [("DATABASE_URL", url.as_str()), ("SEAL_KEYS", keys)];
    create_account("me@example.test", &folder, &settings(&first)).await;

    // A different key with the same id, and one with another id.
    let same_id = KeyRing::generate(&random);
    let other_id = same_id.replace("k1:", "k7:");
    for (keys, why) in [
        (&same_id, "a different key from the k1"),
        (&other_id, "the key k1, which is missing"),
    ] {
        let (well, _, errors) = run(&SERVE, &folder, &settings(keys)).await;
        assert!(!well);
        let said = errors.lines().last().unwrap();
        for words in [
            "1 athlete's connector URL",
            why,
            "SEAL_KEYS",
            "--accept-lost-seals",
            "ACCEPT_LOST_SEALS",
            "regenerate",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert!(!errors.contains(keys.split_once(':').unwrap().1));
    }
    // The lost key comes back behind the new one, and everything is well.
    let both = format!("{other_id},{first}");
    let service = Service::start(&folder, &settings(&both)).await;
    let http = Mcp::client();
    let get = async |service: &Service, path: &str| {
        let answer = http.get(service.url(path)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(get(&service, "/readyz").await, (200, "ready\n".to_owned()));
    assert!(
        get(&service, "/status")
            .await
            .1
            .contains("Everything we can check works.")
    );
    service.stop().await;
    // Resealed by now, perhaps: the first key alone may open nothing any more. Accepted, it starts and does not report itself healthy.
    let third = KeyRing::generate(&random).replace("k1:", "k9:");
    let mut accepting = settings(&third).to_vec();
    accepting.push(("ACCEPT_LOST_SEALS", "true"));
    let service = Service::start(&folder, &accepting).await;
    assert!(
        service.log.contains("1 athlete's connector URL") && service.log.contains("accepted as lost"),
        "{}",
        service.log
    );
    let (status, ready) = get(&service, "/readyz").await;
    assert!(
        status == 200 && ready.contains("some sealed values are lost"),
        "{status} {ready}"
    );
    let (_, page) = get(&service, "/status").await;
    assert!(
        page.contains("Something is not working as it should") && page.contains("are lost"),
        "{page}"
    );
    service.stop().await;
    let (well, _, errors) = run(
        &[&SERVE[..], &["--accept-lost-seals=false"]].concat(),
        &folder,
        &settings(&third),
    )
    .await;
    assert!(!well && errors.contains("do not open with SEAL_KEYS"), "{errors}");
    tokio::fs::remove_dir_all(&folder).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_file_is_not_replaced_over_what_it_sealed() {
    let folder = scratch("serve-key-file");
    let file = folder.join("seal.keys");
    // The first key of all: before there is a file, and then next to it.
    let (well, key, hint) = run(&["keys"], &folder, &[]).await;
    assert!(
        well && key.starts_with("k1:") && hint.contains("SEAL_KEYS"),
        "{hint}"
    );
    create_account("me@example.test", &folder, &[]).await;
    let made = std::fs::read_to_string(&file).unwrap();
    let (well, key, hint) = run(&["keys"], &folder, &[]).await;
    assert!(
        well && key.starts_with("k2:") && hint.contains(file.to_str().unwrap()),
        "{hint}"
    );
    let (well, output, errors) = run(&["keys", "--status"], &folder, &[]).await;
    assert!(well, "{errors}");
    assert_eq!(output, "k1\t1 sealed values\tseals\n");
    // As the hint says: in front, with a comma.
    std::fs::write(&file, format!("{},{made}", key.trim())).unwrap();
    let (_, output, _) = run(&["keys", "--status"], &folder, &[]).await;
    assert_eq!(
        output,
        "k2\t0 sealed values\tseals\nk1\t1 sealed values\topens, and is being replaced by the first key\n"
    );
    assert!(run(&["keys"], &folder, &[]).await.1.starts_with("k3:"));
    // A different key with the same id does not fit the existing values.
    std::fs::write(&file, KeyRing::generate(&Random::from_os())).unwrap();
    let (_, output, _) = run(&["keys", "--status"], &folder, &[]).await;
    assert!(output.contains("1 of them do not open"), "{output}");

    for broken in ["nonsense", "k1:AAAA", ""] {
        std::fs::write(&file, broken).unwrap();
        for arguments in [&["keys"][..], &["keys", "--status"], &SERVE] {
            let (well, output, errors) = run(arguments, &folder, &[]).await;
            assert!(!well && output.is_empty(), "{arguments:?}: {output}");
            assert!(
                errors.contains("the key file") && errors.contains(file.to_str().unwrap()),
                "{errors}"
            );
        }
    }
    let twice = format!("{0},{0}", key.trim());
    for broken in ["nonsense", "k1:AAAA", "", " , ", twice.as_str()] {
        for arguments in [&["keys"][..], &["keys", "--status"], &SERVE] {
            let (well, output, errors) = run(arguments, &folder, &[("SEAL_KEYS", broken)]).await;
            let said = errors.lines().last().unwrap();
            assert!(
                !well && output.is_empty() && said.contains("icusync: SEAL_KEYS: "),
                "{broken}: {said}"
            );
        }
    }

    std::fs::remove_file(&file).unwrap();
    for arguments in [&SERVE[..], &["account", "create", "you@example.test"]] {
        let (well, _, errors) = run(arguments, &folder, &[]).await;
        assert!(
            !well && errors.contains("there is no key file") && errors.contains("1 athlete's connector URL"),
            "{errors}"
        );
        assert!(!file.exists(), "a new key would hide that the old one is missing");
    }
    let (well, _, errors) = run(&["keys", "--status"], &folder, &[]).await;
    assert!(
        !well && errors.contains("neither SEAL_KEYS nor a key file"),
        "{errors}"
    );
    let service = Service::start(&folder, &[("ACCEPT_LOST_SEALS", "true")]).await;
    assert!(
        service.log.contains("made a key file") && service.log.contains("accepted as lost"),
        "{}",
        service.log
    );
    service.stop().await;
    std::fs::write(&file, made).unwrap();
    Service::start(&folder, &[]).await.stop().await;
    tokio::fs::remove_dir_all(&folder).await.unwrap();
}

/// Hard case 38, whatever LOG says.
#[tokio::test(flavor = "multi_thread")]
async fn no_level_of_logging_writes_down_a_secret() {
    let folder = scratch("serve-trace");
    let password = create_account("me@example.test", &folder, &[]).await;
    let settings = [
        ("LOG", "trace"),
        ("SIGN_UP", "open"),
        ("SIGN_INS_PER_MINUTE", "1000"),
    ];
    let service = Service::start(&folder, &settings).await;
    let http = Mcp::client();
    let random = Random::from_os();
    let mut secrets = vec![password.clone()];
    let mut secret = |text: String| {
        secrets.push(text.clone());
        text
    };
    let send = async |cookie: &str, path: &str, fields: &[(&str, &str)]| {
        let form = http.post(service.url(path)).header("cookie", cookie);
        let form = form.header("origin", service.url("")).form(fields);
        form.send().await.unwrap()
    };
    let typed = [("email", "me@example.test"), ("password", &*password)];
    let signed = send("", "/sign-in", &typed).await;
    assert_eq!(signed.status(), 303);
    let cookie = signed.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap();
    secret(cookie.split_once('=').unwrap().1.to_owned());
    let post = async |path: &str, fields: &[(&str, &str)]| send(cookie, path, fields).await;
    let get = async |url: String| http.get(url).header("cookie", cookie).send().await.unwrap();
    // The connector URL, shown and used, well and badly.
    let dashboard = get(service.url("/connector")).await.text().await.unwrap();
    let link = link_in(&dashboard);
    secret(link.strip_prefix("/mcp/").unwrap().to_owned());
    let argument = secret(Token::mint(TokenKind::Mail, &random).expose().to_owned());
    let mcp = Mcp::at(&service.link(&link));
    let _ = mcp
        .call("get_fitness", serde_json::json!({"newest": argument}))
        .await;
    let _ = mcp.call(&argument, serde_json::json!({})).await;
    let nobodys = secret(Token::mint(TokenKind::Link, &random).expose().to_owned());
    for url in [
        service.link(&format!("/mcp/{nobodys}")),
        service.url(&format!("/mcp/{nobodys}")),
        service.link(&link),
        service.link(&format!("{link}/")),
    ] {
        get(url.clone()).await;
        http.post(&url)
            .header("accept", "*/*")
            .body("{")
            .send()
            .await
            .unwrap();
    }
    // Every path that a mail leads to, with a token of its kind.
    for path in [
        "/confirm",
        "/reset",
        "/address",
        "/for-coaches/resend",
        "/for-coaches/regenerate",
        "/for-coaches/roster",
    ] {
        let token = secret(Token::mint(TokenKind::Mail, &random).expose().to_owned());
        get(service.url(&format!("{path}/{token}"))).await;
        get(service.url(&format!("{path}/{token}?{token}#x"))).await;
    }
    get(service.url(&format!("/connect/callback?code={argument}&state={argument}"))).await;
    // Real ones, as the mails bring them.
    assert_eq!(
        post("/forgot", &[("email", "me@example.test")]).await.status(),
        303
    );
    let mailed = mailed_link(&folder.join("mail"), "/reset/").await;
    secret(mailed.rsplit('/').next().unwrap().to_owned());
    get(service.url(&mailed)).await;
    // Forms with passwords, right and wrong.
    for path in [
        "/sign-in",
        "/sign-up",
        "/account/password",
        "/account/address",
        "/account/delete",
        "/reset",
        "/confirm",
    ] {
        let typed = secret(Token::mint(TokenKind::Mail, &random).expose().to_owned());
        let fields = [
            ("email", "you@example.test"),
            ("password", &*typed),
            ("current", &*typed),
            ("form", &*typed),
            ("word", "x"),
        ];
        post(path, &fields).await;
    }

    let log = service.stop_and_read().await;
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.len() > 30, "{log}");
    let found: Vec<&String> = secrets
        .iter()
        .filter(|secret| log.contains(secret.as_str()))
        .collect();
    assert!(found.is_empty(), "{} secrets in the log: {log}", found.len());
    // Not only these secrets: no other crate logs anything at the levels where it would write down data in transit.
    for line in &lines {
        let (level, target) = (line["level"].as_str().unwrap(), line["target"].as_str().unwrap());
        let ours = target == "icusync" || target.starts_with("icusync::");
        assert!(ours || !matches!(level, "DEBUG" | "TRACE"), "{line}");
    }
    tokio::fs::remove_dir_all(&folder).await.unwrap();
}

/// The path of the connector URL on its page, where a masked one stands before it.
fn link_in(dashboard: &str) -> String {
    let whole = dashboard.split("id=\"connector-url\">").nth(1).unwrap();
    let url = whole.split('<').next().unwrap();
    url[url.find("/mcp/icul_").unwrap()..].to_owned()
}

/// Signs in, connects with an API key and lets the connector change the calendar; the path of the connector URL.
async fn connector(service: &Service, password: &str, api_key: &str) -> String {
    let http = Mcp::client();
    let send = async |cookie: &str, path: &str, fields: &[(&str, &str)]| {
        let form = http.post(service.url(path)).header("cookie", cookie);
        let sent = form
            .header("origin", service.url(""))
            .form(fields)
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 303, "{path}");
        sent
    };
    let signed = send(
        "",
        "/sign-in",
        &[("email", "me@example.test"), ("password", password)],
    )
    .await;
    let cookie = signed.headers()["set-cookie"].to_str().unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap();
    send(
        cookie,
        "/connect/key",
        &[("key", api_key), ("choice", "1"), ("may-write", "on")],
    )
    .await;
    let page = http.get(service.url("/connector")).header("cookie", cookie);
    let page = page.send().await.unwrap().text().await.unwrap();
    link_in(&page)
}

/// The service is killed after it has written new tokens and before the client has read them: asked again within the grace, the
/// next service gives the same ones.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_a_kill_cut_off_gives_its_answer_again() {
    let folder = scratch("serve-refresh");
    let config = demo::config(0).unwrap();
    let sim = demo::simulate(&Clock::system(), &config, 0, 0).await.unwrap();
    let ana = icusync_sim::Person::of_slug("ana").unwrap();
    let (url, keys) = (
        url_of(&fresh_database().await),
        KeyRing::generate(&Random::from_os()),
    );
    let settings = [
        ("DATABASE_URL", &*url),
        ("SEAL_KEYS", &*keys),
        ("INTERVALS_URL", &*sim.base_url),
    ];
    let password = create_account("me@example.test", &folder, &settings).await;
    let mut service = Service::start(&folder, &settings).await;
    connector(&service, &password, ana.api_key).await;
    let (id, first) = tokens(&service, &password).await;

    let form = format!(
        "grant_type=refresh_token&client_id={id}&refresh_token={}",
        first["refresh_token"].as_str().unwrap()
    );
    let request = format!(
        "POST /token HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        service.port,
        form.len()
    );
    let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", service.port))
        .await
        .unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut socket, request.as_bytes())
        .await
        .unwrap();
    let mut db = PgConnection::connect(&url).await.unwrap();
    let issued = async {
        let used = "select exists (select from refresh_tokens where used_at is not null)";
        while !sqlx::query_scalar::<_, bool>(used)
            .fetch_one(&mut db)
            .await
            .unwrap()
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), issued)
        .await
        .unwrap();
    service.child.kill().await.unwrap();
    drop(socket);

    let next = Service::start(&folder, &settings).await;
    let again = Mcp::client().post(next.url("/token")).body(form.clone());
    let again = again
        .header("content-type", "application/x-www-form-urlencoded")
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 200);
    let again: serde_json::Value = again.json().await.unwrap();
    let count: i64 = sqlx::query_scalar("select count(*) from refresh_tokens")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(count, 2, "one lineage");
    db.close().await.unwrap();
    let client = Mcp::at(&next.url("/mcp")).with_token(again["access_token"].as_str().unwrap());
    assert_eq!(client.request("ping", serde_json::json!({})).await.status, 200);
    next.stop().await;
}

/// A whole sign-in of the account: the client's id, and the tokens.
async fn tokens(service: &Service, password: &str) -> (String, serde_json::Value) {
    let http = Mcp::client();
    let redirect = "http://127.0.0.1:1/cb";
    let asked = serde_json::json!({"redirect_uris": [redirect], "token_endpoint_auth_method": "none"});
    let registered = http
        .post(service.url("/register"))
        .json(&asked)
        .send()
        .await
        .unwrap();
    let registered: serde_json::Value = registered.json().await.unwrap();
    let id = registered["client_id"].as_str().unwrap().to_owned();
    let verifier = "v".repeat(43);
    let challenge = sign_in::challenge(&verifier);
    let cookie_of = |answer: &reqwest::Response| {
        let set = answer.headers()["set-cookie"].to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    };
    let form = [("email", "me@example.test"), ("password", password)];
    let signed = http
        .post(service.url("/sign-in"))
        .header("origin", service.url(""))
        .form(&form);
    let session = cookie_of(&signed.send().await.unwrap());
    let query = crate::world::form(&[
        ("response_type", "code"),
        ("client_id", &id),
        ("redirect_uri", redirect),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let begun = http
        .get(service.url(&format!("/authorize?{query}")))
        .send()
        .await
        .unwrap();
    let cookies = format!("{session}; {}", cookie_of(&begun));
    let path = begun.headers()["location"].to_str().unwrap().to_owned();
    let page = http
        .get(service.url(&path))
        .header("cookie", &cookies)
        .send()
        .await
        .unwrap();
    let page = Page {
        status: page.status().as_u16(),
        headers: page.headers().clone(),
        body: page.text().await.unwrap(),
    };
    let mut fields = sign_in::consent_fields(&page, false);
    fields.push(("decision".to_owned(), "allow".to_owned()));
    let allowed = http
        .post(service.url(&path))
        .header("origin", service.url(""))
        .header("cookie", &cookies);
    let allowed = allowed.form(&fields).send().await.unwrap();
    let code = sign_in::query(allowed.headers()["location"].to_str().unwrap(), "code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("client_id", &id),
        ("code_verifier", &verifier),
    ];
    let tokens = http.post(service.url("/token")).form(&form).send().await.unwrap();
    (id, tokens.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_service_sent_is_found_by_the_next_one_and_lands_once() {
    let folder = scratch("serve-killed");
    let config = demo::config(0).unwrap();
    let clock = Clock::system();
    let sim = demo::simulate(&clock, &config, 0, 0).await.unwrap();
    let ana = icusync_sim::Person::of_slug("ana").unwrap();
    let (url, keys) = (
        url_of(&fresh_database().await),
        KeyRing::generate(&Random::from_os()),
    );
    let settings = [
        ("DATABASE_URL", &*url),
        ("SEAL_KEYS", &*keys),
        ("INTERVALS_URL", &*sim.base_url),
        ("SIGN_INS_PER_MINUTE", "1000"),
    ];
    let password = create_account("me@example.test", &folder, &settings).await;
    let mut service = Service::start(&folder, &settings).await;
    let path = connector(&service, &password, ana.api_key).await;
    let day = clock.now().date_naive() + chrono::Days::new(3);
    let push = serde_json::json!({"workouts": [
        {"sport": "Ride", "date": day.to_string(), "name": "Orphan", "text": "- 30m 60-65%"}
    ]});
    let landed = || {
        let there = sim.events(ana.slug, day, day);
        there.iter().filter(|event| event["name"] == "Orphan").count()
    };
    sim.fault(
        Fault::on("POST /events/bulk")
            .delay_ms(20_000)
            .after_writing()
            .times(1),
    );
    let message = serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "push_workout", "arguments": push}});
    let sent = Mcp::client()
        .post(service.link(&path))
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25")
        .json(&message);
    let mut call = tokio::spawn(async move { sent.send().await?.text().await });
    let lands = async {
        while landed() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = lands => {}
        answered = &mut call => panic!("it was answered: {answered:?}"),
    }
    service.child.kill().await.unwrap();
    assert!(call.await.unwrap().is_err(), "nobody answers");
    // Nobody gives its turn back: it lapses.
    let mut db = PgConnection::connect(&url).await.unwrap();
    let lapse = "update write_leases set until = now() - interval '1 second'";
    assert_eq!(
        sqlx::query(lapse).execute(&mut db).await.unwrap().rows_affected(),
        1
    );
    db.close().await.unwrap();

    let next = Service::start(&folder, &settings).await;
    let client = Mcp::at(&next.link(&path));
    let list = client.call("list_changes", serde_json::json!({})).await;
    assert!(list.text().contains("new «Orphan»"), "{}", list.text());
    let again = client.call("push_workout", push).await;
    assert!(
        again.text().contains("Cut off earlier: change 1, «Orphan»")
            && again.text().contains("already there (change 1)"),
        "{}",
        again.text()
    );
    assert_eq!(landed(), 1);
    let undone = client
        .call("undo_change", serde_json::json!({"changes": "1"}))
        .await;
    assert_eq!(landed(), 0, "{}", undone.text());
    next.stop().await;
}

/// The first path with this beginning in a mail of the folder, once one is there.
async fn mailed_link(folder: &Path, beginning: &str) -> String {
    let found = async {
        loop {
            let mails = std::fs::read_dir(folder).into_iter().flatten();
            let texts = mails.map(|mail| std::fs::read_to_string(mail.unwrap().path()).unwrap());
            // Long lines of a mail are broken with "=" at the end (quoted-printable, RFC 2045 section 6.7).
            for text in texts.map(|text| text.replace("=\r\n", "")) {
                if let Some(at) = text.find(beginning) {
                    return text[at..].split_whitespace().next().unwrap().to_owned();
                }
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found)
        .await
        .expect("a mail in time")
}

#[test]
fn a_key_file_is_there_whole_or_not_at_all() {
    let folder = scratch("key-file");
    std::fs::create_dir_all(&folder).unwrap();
    // A file left by a process that was killed while making one.
    let (path, leftover) = (folder.join("seal.keys"), folder.join(".tmpAb3dEf"));
    std::fs::write(&leftover, "k1:AAAAAAAA").unwrap();
    // Several processes that start at once agree on one.
    let made: Vec<KeyRing> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| start::key_file(&path, &Random::from_os()).unwrap()))
            .collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    let text = std::fs::read_to_string(&path).unwrap();
    let (random, place) = (Random::from_os(), token_place(ConnectionId(uuid::Uuid::nil())));
    let sealed = KeyRing::parse(text.trim()).unwrap().seal(place, b"x", &random);
    assert!(
        made.iter().all(|ring| ring.open(place, &sealed).is_ok()),
        "all have the key of the file"
    );
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let mut left: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, [".tmpAb3dEf", "seal.keys"], "and nothing else");
    // An existing one is never overwritten, whatever it contains.
    for stands in ["", "k1:AAAA", &*text] {
        std::fs::write(&path, stands).unwrap();
        assert_eq!(start::key_file(&path, &random).is_ok(), stands == text);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), stands);
    }
    // A folder in which no file can be made.
    let nowhere = Path::new("/dev/null/seal.keys");
    let error = format!("{:#}", start::key_file(nowhere, &random).unwrap_err());
    assert!(
        error.contains("cannot make the key file /dev/null/seal.keys"),
        "{error}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn every_way_to_stop_the_service_leaves_it_enough_time() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    let number_after = |text: &str, words: &str| -> u64 {
        let at = text.find(words).unwrap_or_else(|| panic!("{words:?} in {text}")) + words.len();
        let digits: String = text[at..].chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    };
    let fly = read("fly.toml");
    let mut config = Config::defaults();
    if fly.lines().any(|line| line.starts_with("CALL_SECONDS")) {
        config.call_seconds = number_after(&fly, "\nCALL_SECONDS = \"");
    }
    let (needs, allowed) = (
        start::longest_end(&config),
        Duration::from_secs(number_after(&fly, "\nkill_timeout = \"")),
    );
    assert!(
        needs <= allowed && allowed <= needs + Duration::from_secs(10),
        "{needs:?} {allowed:?}"
    );
    for (file, words) in [
        ("Dockerfile", "docker stop --time "),
        ("docs/self-hosting.md", "so allow "),
    ] {
        assert_eq!(
            Duration::from_secs(number_after(&read(file), words)),
            allowed,
            "{file}"
        );
    }
    assert!(
        needs > icusync::mcp::longest_call(&config)
            && icusync::mcp::longest_call(&config) > config.call_time()
    );
    config.call_seconds += 100;
    assert_eq!(start::longest_end(&config), needs + Duration::from_secs(100));
}

#[test]
fn the_image_exposes_no_metrics_unless_somebody_asks_for_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["Dockerfile", "fly.toml"] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        let set = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let exposes = |line: &&str| {
            line.contains("METRICS_BIND") || line.contains("9464") || line.contains("[metrics]")
        };
        assert_eq!(
            set.filter(exposes).collect::<Vec<_>>(),
            Vec::<&str>::new(),
            "{file}"
        );
    }
    let config = icusync::config::Config::defaults();
    assert!(config.metrics_bind.ip().is_loopback());
}
