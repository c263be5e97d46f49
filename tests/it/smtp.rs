//! The mails on a real mail server: a separate process on loopback that demands STARTTLS, with a certificate from an authority
//! made for the test.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use icusync::{
    guard::{
        coaches::{self, Grantor},
        connector,
    },
    jobs,
    mail::{
        Address, Confirm, Mail, outbox,
        transport::{SMTP_DEADLINE, Transport},
    },
    permissions,
    queries::{self, grants::Terms},
    words::Failure,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};
use tokio_util::sync::CancellationToken;

use crate::{
    clients::{script, tool},
    world::{World, scratch, test_with},
};

const COACH: &str = "sam@example.test";

/// The server: it prints its port, then every message that it accepted, one line of JSON each.
struct Server {
    port: u64,
    said: Lines<BufReader<ChildStdout>>,
    /// The authority's certificate.
    authority: PathBuf,
    folder: PathBuf,
    _process: Child,
}

impl Server {
    async fn start(manner: &str) -> Self {
        // Two tests may want the same behaviour at once.
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let folder = scratch(&format!("smtp-{}", NUMBER.fetch_add(1, Ordering::SeqCst)));
        std::fs::create_dir_all(&folder).unwrap();
        let mut process = Command::new(tool("ICUSYNC_PYTHON"))
            .args([
                script("python/mail_server.py").as_str(),
                folder.to_str().unwrap(),
                manner,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = line(&mut said).await;
        Self {
            port: first["port"].as_u64().unwrap(),
            said,
            authority: folder.join("authority.pem"),
            folder,
            _process: process,
        }
    }

    fn url(&self, query: &str) -> String {
        format!("smtp://localhost:{}{query}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn line(said: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = tokio::time::timeout(Duration::from_secs(30), said.next_line()).await;
    let line = line
        .expect("the server speaks in time")
        .unwrap()
        .expect("the server runs");
    serde_json::from_str(&line).unwrap()
}

/// Runs `body` in a world that sends its mails to the server.
async fn with<F: Future<Output = ()>>(
    server: Server,
    query: &str,
    trusted: Option<&Path>,
    body: impl FnOnce(Arc<World>, Server) -> F,
) {
    let (url, trusted) = (server.url(query), trusted.map(Path::to_path_buf));
    test_with(
        |config| {
            config.smtp_url = Some(url.into());
            config.smtp_ca_file = trusted;
            "IcuSync <mail@icusync.example>".clone_into(&mut config.mail_from);
        },
        |world| body(world, server),
    )
    .await;
}

/// Ana invites a coach; returns the coach's URL.
async fn invite(world: &World) -> String {
    let person = world.ana().person;
    let account = queries::accounts::by_email(&world.app.pool, person.email).await;
    let from = Grantor {
        account: account.unwrap().unwrap().id,
        email: person.email.to_owned(),
        athlete_id: person.athlete_id.to_owned(),
        athlete: "Ana Berger = Ünal 🚴".to_owned(),
        zone: person.timezone.parse().unwrap(),
    };
    let tools: Vec<String> = permissions::ALL.iter().map(|tool| tool.name.to_owned()).collect();
    let terms = Terms {
        tools: &tools,
        note: "Grüße =3D, and a dot:\n.\nthat ends nothing",
        expires_at: None,
    };
    let to = Address::parse(COACH).unwrap();
    let mut transaction = world.app.pool.begin().await.unwrap();
    coaches::invite(&mut transaction, &world.app, &from, &to, &terms)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let coach = queries::coaches::by_email(&world.app.pool, COACH).await.unwrap();
    let link = queries::connectors::of_coach(&world.app.pool, coach.unwrap().id).await;
    let url = connector::url(&world.app, &link.unwrap().unwrap()).unwrap();
    world.secret(url.rsplit('/').next().unwrap());
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_reaches_its_coach_through_a_real_server_with_starttls() {
    let server = Server::start("starttls").await;
    let authority = server.authority.clone();
    with(
        server,
        "?tls=required",
        Some(&authority),
        async |world, mut server| {
            let url = invite(&world).await;
            assert_eq!(jobs::run_due(&world.app).await.unwrap(), 1);
            assert_eq!(queries::jobs::waiting(&world.app.pool).await.unwrap(), 0);
            let mail = line(&mut server.said).await;
            assert!(
                mail["tls"]
                    .as_str()
                    .is_some_and(|version| version.starts_with("TLSv1.")),
                "{mail:#}"
            );
            assert_eq!(mail["from"], "mail@icusync.example");
            assert_eq!(mail["to"], serde_json::json!([COACH]));
            let header = |name: &str| mail["headers"][name].as_str().unwrap_or_default().to_owned();
            assert_eq!(
                header("subject"),
                "Ana Berger = Ünal 🚴 invites you as a coach on IcuSync"
            );
            assert_eq!(header("to"), COACH);
            assert_eq!(header("from"), "IcuSync <mail@icusync.example>");
            assert_eq!(header("auto-submitted"), "auto-generated");
            assert_eq!(header("mime-version"), "1.0");
            assert_eq!(header("date"), "Sat, 21 Nov 2026 08:00:00 +0000");
            let id: uuid::Uuid = header("message-id")
                .trim_start_matches('<')
                .split_once('@')
                .unwrap()
                .0
                .parse()
                .unwrap();
            assert_eq!(id.get_version_num(), 7);
            assert!(header("message-id").ends_with("@localhost>"));
            assert!(header("content-type").starts_with("multipart/alternative; boundary="));
            assert_eq!(mail["parts"].as_array().unwrap().len(), 2, "{mail:#}");
            let (text, html) = (&mail["parts"][0], &mail["parts"][1]);
            assert_eq!(
                (&text["type"], &html["type"]),
                (&"text/plain".into(), &"text/html".into())
            );
            let lines: Vec<&str> = text["content"].as_str().unwrap().lines().collect();
            assert!(
                lines.contains(&url.as_str()),
                "the URL, whole, alone on its line: {lines:#?}"
            );
            assert!(
                lines.contains(&"They write: «Grüße =3D, and a dot: . that ends nothing»"),
                "{lines:#?}"
            );
            assert!(html["content"].as_str().unwrap().contains(&url));
            assert!(html["content"].as_str().unwrap().trim_end().ends_with("</html>"));
            for raw in mail["raw"].as_str().unwrap().lines() {
                assert!(raw.len() <= 998, "RFC 5322, 2.1.1: {} octets", raw.len());
                assert!(raw.is_ascii(), "{raw}");
            }
        },
    )
    .await;
}

/// A mail that cannot be sent safely waits; it never goes in the clear.
#[tokio::test(flavor = "multi_thread")]
async fn without_starttls_or_a_known_certificate_the_mail_waits() {
    for (manner, trusts) in [("starttls", false), ("plain", true), ("other-name", true)] {
        let server = Server::start(manner).await;
        let authority = server.authority.clone();
        with(
            server,
            "?tls=required",
            trusts.then_some(authority.as_path()),
            async |world, server| {
                invite(&world).await;
                assert_eq!(jobs::run_due(&world.app).await.unwrap(), 1);
                let (state, failure, attempts): (String, Option<String>, i32) =
                    sqlx::query_as("select state, failure, attempts from jobs where name = 'coach_invite'")
                        .fetch_one(&world.app.pool)
                        .await
                        .unwrap();
                assert_eq!(
                    (state.as_str(), failure.as_deref(), attempts),
                    ("pending", Some(Failure::NotDelivered.as_str()), 1),
                    "{manner}"
                );
                let taken = std::fs::read_dir(&server.folder).unwrap();
                let taken = taken
                    .filter(|file| file.as_ref().unwrap().file_name() == "taken")
                    .count();
                assert_eq!(taken, 0, "{manner}: the server was given a message");
                sqlx::query("delete from jobs")
                    .execute(&world.app.pool)
                    .await
                    .unwrap();
            },
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_tls_from_the_first_byte_is_served_too() {
    let server = Server::start("tls").await;
    let authority = server.authority.clone();
    let url = format!("smtps://localhost:{}", server.port);
    test_with(
        |config| {
            config.smtp_url = Some(url.into());
            config.smtp_ca_file = Some(authority);
        },
        async |world| {
            let mut server = server;
            invite(&world).await;
            jobs::run_due(&world.app).await.unwrap();
            assert_eq!(line(&mut server.said).await["to"], serde_json::json!([COACH]));
        },
    )
    .await;
}

/// Puts a mail to `to` into the queue.
async fn enqueue(world: &World, to: &str) {
    let mail = Mail::Confirm(Confirm {
        link: "https://icusync.example/confirm/icum_sample".to_owned(),
    });
    let mut transaction = world.app.pool.begin().await.unwrap();
    outbox::enqueue(
        &mut transaction,
        &world.app,
        &Address::parse(to).unwrap(),
        None,
        mail,
    )
    .await
    .unwrap();
    transaction.commit().await.unwrap();
}

/// Mails whose first attempt has not ended.
const HANGING: &str =
    "from jobs where kind = 'mail' and state = 'pending' and attempts = 1 and failure is null";

/// Waits until this is so, for less time than a mail may hang.
async fn until(world: &World, question: &str) {
    let asked = async {
        let so = format!("select {question}");
        while !sqlx::query_scalar::<_, bool>(sqlx::AssertSqlSafe(so.clone()))
            .fetch_one(&world.app.pool)
            .await
            .unwrap()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SMTP_DEADLINE, asked)
        .await
        .unwrap_or_else(|_| panic!("{question}"));
}

/// Hard case 69.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_holds_back_only_the_mail_that_it_hangs_at() {
    let server = Server::start("starttls").await;
    let authority = server.authority.clone();
    with(
        server,
        "?tls=required",
        Some(&authority),
        async |world, mut server| {
            let shutdown = CancellationToken::new();
            let worker = tokio::spawn(jobs::run(world.app.clone(), shutdown.clone()));
            enqueue(&world, "hangs@example.test").await;
            assert_eq!(line(&mut server.said).await["hangs"], "hangs@example.test");
            // Other recipients, more than are served at once.
            for number in 0..12 {
                enqueue(&world, &format!("person{number}@example.test")).await;
            }
            for _ in 0..12 {
                let taken = line(&mut server.said).await;
                assert!(taken["to"][0].as_str().unwrap().starts_with("person"), "{taken}");
            }
            // All of them have left, and it still hangs.
            until(&world, &format!("count(*) = 1 {HANGING}")).await;
            // And another kind of job, when mail has no seat left. All are queued before the first is waited for: the queue is
            // read once a second, and one by one the first would be given up before the last has begun.
            for number in 0..7 {
                enqueue(&world, &format!("hangs{number}@example.test")).await;
            }
            for _ in 0..7 {
                line(&mut server.said).await;
            }
            let mut connection = world.app.pool.acquire().await.unwrap();
            jobs::enqueue_revoke(
                &mut connection,
                &world.app,
                None,
                "i4711",
                &"a token".to_owned().into(),
            )
            .await
            .unwrap();
            drop(connection);
            let revoked = "exists (select from jobs where kind = 'revoke' and state <> 'pending')";
            until(&world, &format!("{revoked} and count(*) >= 7 {HANGING}")).await;
            shutdown.cancel();
            worker.await.unwrap();
            // What was begun finishes before the worker ends.
            until(&world, &format!("count(*) = 0 {HANGING}")).await;
            sqlx::query("delete from jobs")
                .execute(&world.app.pool)
                .await
                .unwrap();
        },
    )
    .await;
}

#[test]
fn an_unusable_certificate_authority_is_reported_at_start() {
    icusync::install_crypto();
    let folder = scratch("authorities");
    std::fs::create_dir_all(&folder).unwrap();
    let (missing, empty, broken) = (
        folder.join("missing.pem"),
        folder.join("empty.pem"),
        folder.join("broken.pem"),
    );
    std::fs::write(&empty, "no certificate\n").unwrap();
    let text = "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n";
    std::fs::write(&broken, text).unwrap();
    for (file, said) in [
        (&missing, "cannot read the file"),
        (&empty, "holds no certificates"),
        (&broken, "cannot be used"),
    ] {
        let error = Transport::smtp(&"smtps://mail.example".to_owned().into(), Some(file)).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(said) && error.contains("SMTP_CA_FILE"), "{error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
