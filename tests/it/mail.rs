//! The queue and the mails: once, in time, to the right person, and never in anybody's way.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::{DateTime, Duration, Utc};
use icusync::{
    guard::coaches,
    ids::{AccountId, JobId},
    jobs,
    mail::transport::{SendError, Transport},
    mail::{
        self, Above, AccountDeleted, Address, AddressChanged, AlreadyHere, AthleteReplaced, CoachInvite,
        CoachJoined, CoachLeft, CoachNewUrl, CoachRegenerate, CoachResend, CoachRoster, CoachUrl, Confirm,
        ConnectionAttention, Envelope, FactorAdded, FactorRemoved, GrantAsleep, GrantChanged, GrantEnded,
        Granting, How, IdentityAdded, IdentityCode, IdentityOther, Joined, Kind, Mail, May, NewAddress,
        NewApp, NewClient, PasswordChanged, PasswordIs, Reader, RecoveryBegun, RecoveryDone, RecoveryReady,
        Release, Reset, SignInCode, Turn, Why,
        outbox::{self, Queued},
    },
    permissions, queries,
    words::{ConnectionKind, JobKind},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};

use crate::{
    clients::{output, script, tool},
    world::{self, World},
};

/// How the mail server answers the recipient.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Takes,
    Later,
    Refuses,
    /// Does not accept our name and password (any more).
    KnowsUsNot,
    /// Accepts the message and never says so.
    HangsAtTheEnd,
}

/// A mail server on loopback that keeps what it receives.
struct MailServer {
    url: String,
    mood: Arc<Mutex<Mood>>,
    taken: Arc<Mutex<Vec<String>>>,
    tries: Arc<AtomicUsize>,
}

impl MailServer {
    async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("smtp://{}", listener.local_addr().unwrap()),
            mood: Arc::new(Mutex::new(mood)),
            taken: Arc::default(),
            tries: Arc::default(),
        };
        let (mood, taken, tries) = (server.mood.clone(), server.taken.clone(), server.tries.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, mood.clone(), taken.clone(), tries.clone()));
            }
        });
        server
    }

    fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

/// Runs `body` in a world that sends its mails to a server in `mood`.
async fn with_server<F: Future<Output = ()>>(mood: Mood, body: impl FnOnce(Arc<World>, MailServer) -> F) {
    let server = MailServer::start(mood).await;
    let url = server.url.clone();
    world::test_with(
        |config| config.smtp_url = Some(url.into()),
        |world| body(world, server),
    )
    .await;
}

async fn talk(
    mut stream: tokio::net::TcpStream,
    mood: Arc<Mutex<Mood>>,
    taken: Arc<Mutex<Vec<String>>>,
    tries: Arc<AtomicUsize>,
) -> Option<()> {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let now = *mood.lock().unwrap();
        let word = line
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let answer: &[u8] = match (word.as_str(), now) {
            ("RCPT", _) if line.contains("poison") => b"550 no such user\r\n",
            ("MAIL", Mood::KnowsUsNot) => {
                tries.fetch_add(1, Ordering::SeqCst);
                b"530 5.7.0 authentication required\r\n"
            }
            ("RCPT", Mood::Later) => {
                tries.fetch_add(1, Ordering::SeqCst);
                b"451 try later\r\n"
            }
            ("RCPT", Mood::Refuses) => {
                tries.fetch_add(1, Ordering::SeqCst);
                b"550 no such user\r\n"
            }
            ("DATA", _) => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                let mut message = String::new();
                while let Some(line) = lines.next_line().await.ok()? {
                    if line == "." {
                        break;
                    }
                    message.push_str(&line);
                    message.push('\n');
                }
                taken.lock().unwrap().push(message);
                if now == Mood::HangsAtTheEnd {
                    std::future::pending::<()>().await;
                }
                b"250 taken\r\n"
            }
            ("QUIT", _) => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        write.write_all(answer).await.ok()?;
    }
    Some(())
}

fn sample() -> Mail {
    Mail::Confirm(Confirm {
        link: "https://icusync.example/confirm/icum_sample".to_owned(),
    })
}

async fn enqueue(world: &World, to: &str) {
    let mut transaction = world.app.pool.begin().await.unwrap();
    let to = Address::parse(to).unwrap();
    let queued = outbox::enqueue(&mut transaction, &world.app, &to, None, sample())
        .await
        .unwrap();
    assert_eq!(queued, outbox::Queued::Queued);
    transaction.commit().await.unwrap();
}

/// The server accepts mails again; the one that waits leaves.
async fn server_takes_it(world: &World, server: &MailServer) {
    *server.mood.lock().unwrap() = Mood::Takes;
    world.clock.advance(Duration::seconds(40));
    jobs::run_due(&world.app).await.unwrap();
    assert_eq!((server.taken().len(), pending(world).await), (1, 0));
}

async fn pending(world: &World) -> i64 {
    queries::jobs::waiting(&world.app.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_leaves_once_however_many_workers_look() {
    with_server(Mood::Takes, async |world, server| {
        for number in 0..12 {
            enqueue(&world, &format!("person{number}@example.test")).await;
        }
        let workers = (0..4).map(|_| jobs::run_due(&world.app));
        futures::future::try_join_all(workers).await.unwrap();
        while jobs::run_due(&world.app).await.unwrap() > 0 {}
        let taken = server.taken();
        assert_eq!(taken.len(), 12);
        let ids: std::collections::BTreeSet<&str> = taken
            .iter()
            .flat_map(|mail| mail.lines())
            .filter(|line| line.starts_with("Message-ID:"))
            .collect();
        assert_eq!(ids.len(), 12);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_later_gets_another_attempt_and_one_that_refuses_gets_none() {
    with_server(Mood::Later, async |world, server| {
        enqueue(&world, "late@example.test").await;
        jobs::run_due(&world.app).await.unwrap();
        assert_eq!(
            (server.tries.load(Ordering::SeqCst), pending(&world).await),
            (1, 1)
        );
        jobs::run_due(&world.app).await.unwrap();
        assert_eq!(server.tries.load(Ordering::SeqCst), 1, "not before its time");
        server_takes_it(&world, &server).await;

        *server.mood.lock().unwrap() = Mood::Refuses;
        enqueue(&world, "nobody@example.test").await;
        jobs::run_due(&world.app).await.unwrap();
        assert_eq!(pending(&world).await, 0, "given up at once");
        let failed: i64 =
            sqlx::query_scalar("select count(*) from jobs where state = 'failed' and payload is null")
                .fetch_one(&world.app.pool)
                .await
                .unwrap();
        assert_eq!(failed, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_that_waits_falls_although_another_instance_did_the_work() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    with_server(Mood::Later, async |world, server| {
        enqueue(&world, "late@example.test").await;
        {
            let _ours = metrics::set_default_local_recorder(&recorder);
            jobs::run_due(&world.app).await.unwrap();
        }
        assert!(
            handle.render().contains("icusync_jobs_waiting 1"),
            "{}",
            handle.render()
        );
        *server.mood.lock().unwrap() = Mood::Takes;
        world.clock.advance(Duration::seconds(40));
        jobs::run_due(&world.app).await.unwrap();
        let _ours = metrics::set_default_local_recorder(&recorder);
        assert_eq!(jobs::run_due(&world.app).await.unwrap(), 0);
        assert!(
            handle.render().contains("icusync_jobs_waiting 0"),
            "{}",
            handle.render()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_smtp_password_loses_no_mail() {
    with_server(Mood::KnowsUsNot, async |world, server| {
        enqueue(&world, "someone@example.test").await;
        jobs::run_due(&world.app).await.unwrap();
        assert_eq!(
            (server.tries.load(Ordering::SeqCst), pending(&world).await),
            (1, 1),
            "it waits for the operator"
        );
        server_takes_it(&world, &server).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_row_blocks_nobody() {
    with_server(Mood::Takes, async |world, server| {
        enqueue(&world, "poison@example.test").await;
        enqueue(&world, "broken@example.test").await;
        sqlx::query(
            "update jobs set payload = 'x'::bytea where recipient = sha256('broken@example.test'::bytea)",
        )
        .execute(&world.app.pool)
        .await
        .unwrap();
        for number in 0..10 {
            enqueue(&world, &format!("fine{number}@example.test")).await;
        }
        while jobs::run_due(&world.app).await.unwrap() > 0 {}
        assert_eq!((server.taken().len(), pending(&world).await), (10, 0));
    })
    .await;
}

/// Hard cases 70 and 119: a job whose worker is gone is released.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_was_never_finished_runs_again_with_the_same_message_id() {
    with_server(Mood::Takes, async |world, server| {
        enqueue(&world, "twice@example.test").await;
        let now = world.clock.now();
        // Sent, and killed before that was noted.
        let claimed = queries::jobs::claim(
            &world.app.pool,
            JobKind::Mail,
            now,
            now + Duration::seconds(60),
            8,
        )
        .await
        .unwrap();
        let parcel = outbox::open(&world.app, claimed[0].id, &claimed[0].payload).unwrap();
        let envelope = Envelope {
            to: parcel.to,
            at: claimed[0].created_at,
            public_url: world.web.clone(),
            has_links: true,
        };
        let letter = parcel.mail.render(&envelope).unwrap();
        let from = world.app.config.mail_from.parse().unwrap();
        world
            .app
            .mail
            .send(claimed[0].id, &from, "localhost", &envelope, &letter)
            .await
            .unwrap();
        assert_eq!(
            jobs::run_due(&world.app).await.unwrap(),
            0,
            "the claim still holds"
        );
        world.clock.advance(Duration::seconds(61));
        assert_eq!(jobs::run_due(&world.app).await.unwrap(), 1);
        let taken = server.taken();
        let id = |mail: &String| {
            mail.lines()
                .find(|line| line.starts_with("Message-ID:"))
                .unwrap()
                .to_owned()
        };
        assert_eq!(taken.len(), 2);
        assert_eq!(id(&taken[0]), id(&taken[1]));
        assert!(taken.iter().all(|mail| mail.contains("confirm/icum_sample")));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_left_after_ten_seconds() {
    icusync::install_crypto();
    let server = MailServer::start(Mood::HangsAtTheEnd).await;
    let transport = Transport::smtp(&server.url.clone().into(), None).unwrap();
    let envelope = Envelope {
        to: "a@example.test".to_owned(),
        at: world::NOW.parse().unwrap(),
        public_url: "https://icusync.example".to_owned(),
        has_links: true,
    };
    let letter = sample().render(&envelope).unwrap();
    let from = "IcuSync <icusync@icusync.example>".parse().unwrap();
    let began = tokio::time::Instant::now();
    let sent = transport
        .send(
            JobId(uuid::Uuid::nil()),
            &from,
            "icusync.example",
            &envelope,
            &letter,
        )
        .await;
    assert_eq!(sent, Err(SendError::Later));
    assert!(began.elapsed() <= mail::transport::SMTP_DEADLINE + std::time::Duration::from_millis(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_gets_no_more_than_its_share() {
    world::test(async |world| {
        let to = Address::parse("flooded@example.test").unwrap();
        let mut queued = 0;
        for _ in 0..8 {
            let mut transaction = world.app.pool.begin().await.unwrap();
            let outcome = outbox::enqueue(&mut transaction, &world.app, &to, None, sample())
                .await
                .unwrap();
            queued += usize::from(outcome == outbox::Queued::Queued);
            transaction.commit().await.unwrap();
        }
        assert_eq!(queued, 3);
        assert_eq!(world.mails_to("flooded@example.test").await.len(), 3);
        world.clock.advance(Duration::minutes(61));
        enqueue(&world, "flooded@example.test").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_one_mail_holds_back_no_other() {
    world::test(async |world| {
        let ana = world.ana().person.email;
        for _ in 0..6 {
            world.browser().post("/sign-up", &[("email", ana)]).await;
        }
        assert_eq!(world.mails_to(ana).await.len(), 3, "three emails about it");
        world.browser().post("/forgot", &[("email", ana)]).await;
        let link = world.link_mailed_to(ana).await;
        assert!(link.starts_with("/reset/"), "{link}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resets_asked_for_at_once_all_work() {
    world::test(async |world| {
        let ana = world.ana().person.email;
        let asks = (0..3).map(|_| {
            let mut browser = world.browser();
            async move { browser.post("/forgot", &[("email", ana)]).await.status }
        });
        assert_eq!(futures::future::join_all(asks).await, [303; 3]);
        assert_eq!(world.mails_to(ana).await.len(), 3);
        let links: i64 = sqlx::query_scalar("select count(*) from mail_links")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(links, 3);
        world.link_mailed_to(ana).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_rolled_back_is_never_sent() {
    world::test(async |world| {
        let mut transaction = world.app.pool.begin().await.unwrap();
        let to = Address::parse("never@example.test").unwrap();
        outbox::enqueue(&mut transaction, &world.app, &to, None, sample())
            .await
            .unwrap();
        transaction.rollback().await.unwrap();
        assert!(world.mails_to("never@example.test").await.is_empty());
    })
    .await;
}

fn deleted(was_connected: Option<ConnectionKind>) -> Mail {
    Mail::AccountDeleted(AccountDeleted {
        was_connected,
        intervals: "https://intervals.icu/settings".to_owned(),
        is_coach: false,
    })
}

#[test]
fn the_last_mail_is_true_for_every_way_to_be_connected() {
    let envelope = Envelope {
        to: "ana@example.test".to_owned(),
        at: world::NOW.parse().unwrap(),
        public_url: "https://icusync.example".to_owned(),
        has_links: true,
    };
    for (was_connected, said, unsaid) in [
        (
            Some(ConnectionKind::OAuth),
            "asked intervals.icu to revoke it",
            "API key",
        ),
        (
            Some(ConnectionKind::ApiKey),
            "stays valid at intervals.icu until you replace it",
            "revoke",
        ),
        (None, "was deleted", "https://intervals.icu/settings"),
    ] {
        let letter = deleted(was_connected).render(&envelope).unwrap();
        for part in [&letter.text, &letter.html] {
            assert!(
                part.contains(said) && !part.contains(unsaid),
                "{was_connected:?}: {part}"
            );
            assert!(part.contains("This is our last email to you."));
        }
        assert!(!letter.text.contains("\n\n\n"), "{}", letter.text);
    }
}

fn envelope() -> Envelope {
    Envelope {
        to: "coach@example.test".to_owned(),
        at: world::NOW.parse().unwrap(),
        public_url: "https://icusync.example".to_owned(),
        has_links: true,
    }
}

fn at(path: &str) -> String {
    format!("https://icusync.example/{path}")
}

const URL: &str = "https://links.icusync.example/mcp/icul_sample4vQ8yTn2ZkD1xMhB7rJcWf0LsAe9pUoGi3XqE5xxxxx";

fn some_tools() -> Vec<May> {
    coaches::in_words(&["get_training_history", "get_training_summary", "get_fitness"].map(str::to_owned))
}

fn all_tools() -> Vec<May> {
    let names: Vec<String> = permissions::ALL.iter().map(|tool| tool.name.to_owned()).collect();
    coaches::in_words(&names)
}

fn granting(athlete: &str, email: &str) -> Granting {
    Granting {
        athlete_id: "i1001".to_owned(),
        athlete: athlete.into(),
        athlete_email: email.into(),
        note: "".into(),
        may: some_tools(),
        expires: None,
    }
}

fn joined(grant: Granting) -> Joined {
    Joined {
        account: AccountId(uuid::Uuid::nil()),
        first: true,
        grant,
    }
}

fn invite(grant: Granting) -> Mail {
    Mail::CoachInvite(CoachInvite {
        first: true,
        grant,
        url: Some(URL.to_owned()),
        for_coaches: at("for-coaches"),
    })
}

/// `mail` after its coach switched the connector URL off.
fn switched_off(mut mail: Mail) -> Mail {
    *mail.url_mut().unwrap() = None;
    mail
}

fn joining(athletes: Vec<Granting>, url: Option<&str>) -> Mail {
    Mail::CoachJoined(CoachJoined {
        joined: athletes.into_iter().map(joined).collect(),
        unused: url.is_some(),
        url: url.map(str::to_owned),
        for_coaches: at("for-coaches"),
    })
}

/// What makes it read differently from others of its kind, and the mail.
type Sample = (&'static str, Mail);

fn to_accounts() -> Vec<Sample> {
    vec![
        (
            "",
            Mail::Confirm(Confirm {
                link: at("confirm/icum_sample"),
            }),
        ),
        (
            "",
            Mail::AlreadyHere(AlreadyHere {
                sign_in: at("sign-in"),
                forgot: at("forgot"),
                by_intervals: false,
                by_provider: None,
            }),
        ),
        (
            "_by_intervals",
            Mail::AlreadyHere(AlreadyHere {
                sign_in: at("sign-in"),
                forgot: at("forgot"),
                by_intervals: true,
                by_provider: None,
            }),
        ),
        (
            "",
            Mail::Release(Release {
                athlete: "Ana Berger (i900001)".into(),
                link: at("release/icum_sample"),
            }),
        ),
        (
            "",
            Mail::Reset(Reset {
                link: at("reset/icum_sample"),
            }),
        ),
        (
            "",
            Mail::PasswordChanged(PasswordChanged {
                forgot: at("forgot"),
                how: PasswordIs::Changed,
            }),
        ),
        (
            "",
            Mail::ConnectionAttention(ConnectionAttention {
                athlete: "<script>alert(1)</script> & Söhne".into(),
                dashboard: at("dashboard"),
            }),
        ),
        (
            "",
            Mail::NewAddress(NewAddress {
                link: at("address/icum_sample"),
                is_first: false,
            }),
        ),
        (
            "",
            Mail::AddressChanged(AddressChanged {
                intervals: "https://intervals.icu/settings".to_owned(),
            }),
        ),
        ("", deleted(Some(ConnectionKind::OAuth))),
        (
            "_coach",
            Mail::AccountDeleted(AccountDeleted {
                was_connected: None,
                intervals: "https://intervals.icu/settings".to_owned(),
                is_coach: true,
            }),
        ),
    ]
}

fn about_invites() -> Vec<Sample> {
    let (ana, jack, tria) = (
        granting("Ana Berger", "ana@example.test"),
        granting("Jack Nguyen", "jack@example.test"),
        granting("Tríona O’Shea-Łuczak", "tria@example.test"),
    );
    let ana = Granting {
        note: "Hi Sam, as we said on Sunday: please look at my last block.".into(),
        may: all_tools(),
        expires: Some("Thursday, 31 December 2026".to_owned()),
        ..ana
    };
    let writing = Granting {
        note: "See you on Tuesday.".into(),
        ..jack.clone()
    };
    let until = Granting {
        may: all_tools(),
        expires: Some("Thursday, 31 December 2026".to_owned()),
        ..tria.clone()
    };
    vec![
        ("", invite(ana)),
        ("_short", invite(jack.clone())),
        ("_off", switched_off(invite(jack))),
        ("", joining(vec![tria], None)),
        ("_off", switched_off(joining(vec![writing.clone()], Some(URL)))),
        ("_many", joining(vec![writing, until], Some(URL))),
    ]
}

/// A coach's URL and the athletes whom it covers.
fn coach_url(athletes: &[&str]) -> CoachUrl {
    CoachUrl {
        url: Some(URL.to_owned()),
        athletes: athletes.iter().map(|name| (*name).into()).collect(),
        for_coaches: at("for-coaches"),
    }
}

fn about_urls() -> Vec<Sample> {
    vec![
        (
            "",
            Mail::CoachResend(CoachResend {
                link: at("for-coaches/resend/icum_sample"),
            }),
        ),
        (
            "",
            Mail::CoachRegenerate(CoachRegenerate {
                link: at("for-coaches/regenerate/icum_sample"),
            }),
        ),
        (
            "",
            Mail::CoachRoster(CoachRoster {
                link: at("for-coaches/roster/icum_sample"),
            }),
        ),
        (
            "",
            Mail::CoachUrl(coach_url(&["Ana Berger", "Jack Nguyen", "Tríona O’Shea-Łuczak"])),
        ),
        ("_alone", Mail::CoachUrl(coach_url(&[]))),
        ("_off", switched_off(Mail::CoachUrl(coach_url(&["Ana Berger"])))),
        ("", Mail::CoachNewUrl(CoachNewUrl(coach_url(&["Ana Berger"])))),
        (
            "_off",
            switched_off(Mail::CoachNewUrl(CoachNewUrl(coach_url(&["Ana Berger"])))),
        ),
    ]
}

fn about_grants() -> Vec<Sample> {
    let coach = mail::Theirs::from("coach@example.test");
    let mut mails = vec![
        (
            "",
            Mail::GrantChanged(GrantChanged {
                grant: Granting {
                    note: "The calendar too, now that we plan together.".into(),
                    ..granting("Ana Berger", "ana@example.test")
                },
            }),
        ),
        (
            "",
            Mail::GrantAsleep(GrantAsleep {
                coach: coach.clone(),
                coaches: at("coaches"),
            }),
        ),
        (
            "",
            Mail::NewClient(NewClient {
                coach: coach.clone(),
                client: "Anthropic/ClaudeAI".into(),
                coaches: at("coaches"),
                activity: at("activity"),
            }),
        ),
    ];
    for (name, why) in [
        ("_revoked", Why::Revoked),
        ("_expired", Why::Expired),
        ("_account_deleted", Why::AccountDeleted),
    ] {
        let athlete = "Ana Berger".into();
        mails.push((name, Mail::GrantEnded(GrantEnded { athlete, why })));
    }
    for (name, turn) in [("_away", Turn::Away), ("_back", Turn::Back)] {
        let replaced = AthleteReplaced {
            athlete_id: "i1001".to_owned(),
            athlete: "Ana Berger".into(),
            athlete_email: "ana@example.test".into(),
            turn,
        };
        mails.push((name, Mail::AthleteReplaced(replaced)));
    }
    for (name, how) in [
        ("_left", How::Left),
        ("_refused", How::Refused),
        ("_refused_all", How::RefusedAll),
        ("_erased", How::Erased),
    ] {
        let (coach, coaches) = (coach.clone(), at("coaches"));
        mails.push((name, Mail::CoachLeft(CoachLeft { coach, how, coaches })));
    }
    mails
}

/// Every mail of the service, and each variant that reads differently, with the name of its snapshot.
fn about_sign_ins() -> Vec<Sample> {
    let new_app = |may_write| {
        Mail::NewApp(NewApp {
            client: "Claude".into(),
            leads_to: "claude.ai".into(),
            may_write,
            apps: at("apps"),
        })
    };
    vec![
        (
            "",
            Mail::SignInCode(SignInCode {
                code: "K7QM 2XFD".to_owned(),
                client: "Claude".into(),
            }),
        ),
        (
            "",
            Mail::IdentityCode(IdentityCode {
                code: "482 915".to_owned(),
                provider: "Club Example".to_owned(),
            }),
        ),
        ("", identity_added(false, false)),
        ("_replaced", identity_added(true, false)),
        ("_coach", identity_added(true, true)),
        ("", identity_other(false, false)),
        ("_address", identity_other(true, false)),
        ("_coach", identity_other(false, true)),
        ("_address_coach", identity_other(true, true)),
        ("", new_app(false)),
        ("_writes", new_app(true)),
    ]
}

fn identity_added(replaced: bool, is_coach: bool) -> Mail {
    Mail::IdentityAdded(IdentityAdded {
        provider: "Club Example".to_owned(),
        address: "ana@club.example".into(),
        replaced,
        is_coach,
        page: page_of_ways(is_coach),
    })
}

fn identity_other(is_changed: bool, is_coach: bool) -> Mail {
    Mail::IdentityOther(IdentityOther {
        provider: "Club Example".to_owned(),
        address: "ana@club.example".into(),
        is_changed,
        is_coach,
        page: page_of_ways(is_coach),
    })
}

fn page_of_ways(is_coach: bool) -> String {
    let path = if is_coach { "for-coaches" } else { "account/ways" };
    format!("https://icusync.example/{path}")
}

/// The mails about two-step sign-in.
fn about_factors() -> Vec<Sample> {
    let (network, browser) = ("203.0.113.0/24".to_owned(), "Firefox on Windows".to_owned());
    let added = |passkey: Option<&str>| {
        Mail::FactorAdded(FactorAdded {
            passkey: passkey.map(Into::into),
            network: network.clone(),
            browser: browser.clone(),
            is_first: passkey.is_none(),
            factors: at("account/factors"),
        })
    };
    let removed = |passkey: Option<&str>| {
        Mail::FactorRemoved(FactorRemoved {
            passkey: passkey.map(Into::into),
            network: network.clone(),
            browser: browser.clone(),
            was_last: passkey.is_none(),
            factors: at("account/factors"),
        })
    };
    vec![
        ("_codes", added(None)),
        ("_passkey", added(Some("My phone"))),
        ("_codes", removed(None)),
        ("_passkey", removed(Some("My phone"))),
        (
            "",
            Mail::RecoveryBegun(RecoveryBegun {
                ready: "Mon 23 Nov 2026, 08:00 UTC".to_owned(),
                network: network.clone(),
                browser: browser.clone(),
                account: at("account"),
                forgot: at("forgot"),
            }),
        ),
        (
            "",
            Mail::RecoveryReady(RecoveryReady {
                link: at("recover/icum_x"),
            }),
        ),
        (
            "",
            Mail::RecoveryDone(RecoveryDone {
                network,
                browser,
                new_url: true,
                sign_in: at("sign-in"),
            }),
        ),
    ]
}

fn samples() -> Vec<(String, Mail)> {
    [
        about_factors(),
        to_accounts(),
        about_invites(),
        about_urls(),
        about_grants(),
        about_sign_ins(),
    ]
    .into_iter()
    .flatten()
    .map(|(way, mail)| (format!("{}{way}", mail.kind().name()), mail))
    .collect()
}

#[test]
fn every_mail_reads_well_and_escapes_what_people_chose() {
    let all = samples();
    for kind in Kind::ALL {
        assert!(
            all.iter().any(|(_, mail)| mail.kind() == *kind),
            "no sample of {kind:?}"
        );
    }
    for (name, mail) in all {
        let letter = mail.render(&envelope()).unwrap();
        assert!(!letter.html.contains("<script>") && !letter.subject.contains('\n'));
        for (part, text) in [("text", &letter.text), ("html", &letter.html)] {
            assert!(
                !text.contains("\n\n\n") && !text.contains("  \n"),
                "{name} {part}: {text}"
            );
        }
        insta::assert_snapshot!(
            format!("mail_{name}"),
            format!("Subject: {}\n\n{}", letter.subject, letter.text)
        );
        insta::assert_snapshot!(format!("mail_{name}_html"), letter.html);
    }
}

/// The queue names a mail as its payload does.
#[test]
fn a_mail_is_stored_under_the_name_of_its_kind() {
    for (_, mail) in samples() {
        let stored = serde_json::to_value(&mail).unwrap();
        assert_eq!(stored["mail"], mail.kind().name());
    }
}

/// Whether `now` says everything that `before` said.
fn holds(now: &Value, before: &Value) -> bool {
    match (now, before) {
        (Value::Object(now), Value::Object(before)) => before
            .iter()
            .all(|(name, value)| now.get(name).is_some_and(|now| holds(now, value))),
        (Value::Array(now), Value::Array(before)) => {
            now.len() == before.len() && now.iter().zip(before).all(|(now, before)| holds(now, before))
        }
        _ => now == before,
    }
}

/// What earlier versions left in the queue: every kind of mail as the last version wrote it, then four as older ones did.
#[tokio::test(flavor = "multi_thread")]
async fn what_versions_before_left_in_the_queue_is_sent_and_readable_for_them() {
    world::test(async |world| {
        world.coaches().await;
        let coach = "coach@example.test";
        let before = world.mails_to(coach).await.len();
        let queued: Vec<Value> = include_str!("mail/queued.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        for stored in &queued {
            let id = JobId(world.app.random.uuid(&world.clock));
            let parcel = json!({"to": coach, "mail": stored}).to_string();
            let payload = world
                .app
                .keys
                .seal(outbox::place(id), parcel.as_bytes(), &world.app.random);
            let insert = "insert into jobs (id, kind, name, payload, state, created_at, run_at)
                values ($1, 'mail', $2, $3, 'pending', $4, $4)";
            sqlx::query(insert)
                .bind(id.0)
                .bind(stored["mail"].as_str())
                .bind(payload)
                .bind(world.clock.now())
                .execute(&world.app.pool)
                .await
                .unwrap();
            let read: Mail = serde_json::from_value(stored.clone()).unwrap();
            let now = serde_json::to_value(read).unwrap();
            assert!(holds(&now, stored), "{now} from {stored}");
        }
        let sent = world.mails_to(coach).await;
        assert_eq!(sent.len() - before, queued.len());
        let texts: String = sent.iter().map(|mail| mail.letter.text.as_str()).collect();
        for said in [
            "as we said on Sunday",
            "See you on Tuesday.",
            "now that we plan together",
            "See past activities.",
        ] {
            assert!(texts.contains(said), "{said}");
        }
        for mail in &sent {
            for url in mail.letter.text.split("/mcp/").skip(1) {
                world.secret(url.split_whitespace().next().unwrap());
            }
        }
    })
    .await;
}

/// Queues a mail to `to` on nobody's behalf.
async fn queue(world: &World, to: &Address, mail: Mail) -> Queued {
    let mut transaction = world.app.pool.begin().await.unwrap();
    let queued = outbox::enqueue(&mut transaction, &world.app, to, None, mail).await;
    transaction.commit().await.unwrap();
    queued.unwrap()
}

/// The names of the mails in the queue, and in how many minutes each one leaves.
async fn leaving(world: &World) -> Vec<(String, i64)> {
    let rows: Vec<(String, DateTime<Utc>)> =
        sqlx::query_as("select name, run_at from jobs order by run_at, name")
            .fetch_all(&world.app.pool)
            .await
            .unwrap();
    let now = world.clock.now();
    rows.into_iter()
        .map(|(name, at)| (name, (at - now).num_minutes()))
        .collect()
}

/// One sample of each kind.
fn one_of_each() -> Vec<Mail> {
    let mut mails: Vec<Mail> = samples().into_iter().map(|(_, mail)| mail).collect();
    let mut seen = BTreeSet::new();
    mails.retain(|mail| seen.insert(mail.kind().name()));
    mails
}

async fn empty_the_queue(world: &World) {
    sqlx::query("delete from jobs")
        .execute(&world.app.pool)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mail_beyond_its_share_fares_as_its_kind_says() {
    world::test_with(
        |config| config.mails_per_hour = 1,
        async |world| {
            let to = Address::parse("somebody@example.test").unwrap();
            for mail in one_of_each() {
                let kind = mail.kind();
                assert_eq!(queue(&world, &to, mail.clone()).await, Queued::Queued, "{kind:?}");
                let second = queue(&world, &to, mail).await;
                let minutes: Vec<i64> = leaving(&world)
                    .await
                    .iter()
                    .map(|(_, minutes)| *minutes)
                    .collect();
                let expected = match kind.rule().above {
                    Above::Dropped => (Queued::Capped, vec![0]),
                    Above::Waits => (Queued::Queued, vec![0, 60]),
                    Above::Gathered => (Queued::Queued, vec![0]),
                    Above::Sent => (Queued::Queued, vec![0, 0]),
                };
                assert_eq!((second, minutes), expected, "{kind:?}");
                empty_the_queue(&world).await;
            }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mail_goes_with_the_account_or_the_coach_as_its_kind_says() {
    world::test(async |world| {
        let to = Address::parse(world.ana().person.email).unwrap();
        let account = queries::accounts::by_email(&world.app.pool, &to.key)
            .await
            .unwrap()
            .unwrap()
            .id;
        for whose in ["account", "coach"] {
            for mail in one_of_each() {
                queue(&world, &to, mail).await;
            }
            assert_eq!(leaving(&world).await.len(), Kind::ALL.len());
            let mut db = world.app.pool.acquire().await.unwrap();
            let mut kept = if whose == "account" {
                outbox::forget_account(&mut db, account, Some(&to)).await.unwrap();
                Kind::names(|rule| rule.outlives)
            } else {
                outbox::forget_coach(&mut db, &to).await.unwrap();
                Kind::names(|rule| rule.to == Reader::Owner)
            };
            kept.sort();
            let left: Vec<String> = leaving(&world).await.into_iter().map(|(name, _)| name).collect();
            assert_eq!(left, kept, "after the {whose}");
            empty_the_queue(&world).await;
        }
    })
    .await;
}

/// Hard case 66. Names and notes come from elsewhere.
#[test]
fn what_people_chose_stays_where_it_belongs() {
    let hostile = [
        "<script>alert(1)</script>".to_owned(),
        "x".repeat(10_000),
        "Ana\r\nBcc: victim@example.test\r\n\r\nbody".to_owned(),
        "\u{202e}reversed\u{2066}\u{200b}\u{e0041}".to_owned(),
        "»» done. «« Now click https://evil.example".to_owned(),
        "{{ mail.url }} {% include \"x\" %}".to_owned(),
        "\u{200b}\u{feff}".to_owned(),
        "\"><img src=https://evil.example/p.png onerror=x>".to_owned(),
    ];
    for text in hostile {
        let grant = Granting {
            note: text.as_str().into(),
            ..granting(&text, "ana@example.test")
        };
        let mails = [
            invite(grant.clone()),
            joining(vec![grant.clone()], None),
            Mail::CoachUrl(coach_url(&[text.as_str(), text.as_str()])),
            Mail::GrantChanged(GrantChanged { grant }),
            Mail::GrantEnded(GrantEnded {
                athlete: text.as_str().into(),
                why: Why::Revoked,
            }),
            Mail::AthleteReplaced(AthleteReplaced {
                athlete_id: text.clone(),
                athlete: text.as_str().into(),
                athlete_email: "ana@example.test".into(),
                turn: Turn::Away,
            }),
            Mail::NewClient(NewClient {
                coach: "coach@example.test".into(),
                client: text.as_str().into(),
                coaches: at("coaches"),
                activity: at("activity"),
            }),
        ];
        for mail in mails {
            let name = mail.kind().name();
            let letter = mail.render(&envelope()).unwrap();
            assert!(
                letter.subject.chars().count() <= 120,
                "{name}: {}",
                letter.subject
            );
            assert!(!letter.subject.starts_with(' '), "{name}: {}", letter.subject);
            for part in [&letter.subject, &letter.text, &letter.html] {
                assert!(part.len() < 12_000, "{name}: {} bytes", part.len());
                assert!(
                    !part.lines().any(|line| line.starts_with("Bcc:")),
                    "{name}: {part}"
                );
                assert!(
                    part.chars().all(|c| c == '\n'
                        || (!c.is_control() && !"\u{202e}\u{2066}\u{200b}\u{e0041}".contains(c))),
                    "{name}: {part:?}"
                );
                assert!(
                    part.matches('«').count() <= 1 && part.matches('»').count() <= 1,
                    "{name}: {part}"
                );
            }
            let page = scraper::Html::parse_document(&letter.html);
            let selector =
                scraper::Selector::parse("script, img, link, iframe, form, [src], [onerror]").unwrap();
            assert_eq!(page.select(&selector).count(), 0, "{name}: {}", letter.html);
            assert!(!letter.html.contains("icul_") || name == "coach_invite" || name == "coach_url");
        }
    }
}

/// Fields of a mail whose words are our own or the operator's, or whose address its owner has confirmed.
const OURS: [&str; 27] = [
    "provider",
    "page",
    "network",
    "browser",
    "ready",
    "factors",
    "apps",
    "code",
    "mail",
    "how",
    "why",
    "turn",
    "athlete_id",
    "account",
    "was_connected",
    "intervals",
    "sign_in",
    "forgot",
    "link",
    "url",
    "for_coaches",
    "dashboard",
    "coaches",
    "activity",
    "group",
    "lets",
    "expires",
];

/// Puts `text` into every field that somebody else writes, including those that no mail has yet; counts them.
fn written_by_others(value: &mut serde_json::Value, text: &str) -> usize {
    match value {
        serde_json::Value::String(field) => {
            text.clone_into(field);
            1
        }
        serde_json::Value::Array(items) => items.iter_mut().map(|item| written_by_others(item, text)).sum(),
        serde_json::Value::Object(fields) => fields
            .iter_mut()
            // An address is where its reader typed it, or its owner has confirmed it.
            .filter(|(name, _)| {
                !["coach", "athlete_email", "address"].contains(&name.as_str())
                    || Address::parse(text).is_err()
            })
            .filter(|(name, _)| !OURS.contains(&name.as_str()))
            .map(|(_, field)| written_by_others(field, text))
            .sum(),
        _ => 0,
    }
}

/// The first word that a mail program could make a link of, apart from our own URLs and the owners' addresses.
fn leads_somewhere(text: &str) -> Option<&str> {
    text.split_whitespace().find(|word| {
        let core = word.trim_matches(|c| "()<>\"“”«»,.:;".contains(c));
        let ours = core.starts_with("https://icusync.example")
            || [
                URL,
                "https://intervals.icu/settings",
                "intervals.icu",
                "203.0.113.0/24",
            ]
            .contains(&core)
            || [
                "coach@example.test",
                "ana@example.test",
                "jack@example.test",
                "tria@example.test",
            ]
            .contains(&core);
        !ours && could_be_a_link(core)
    })
}

/// Stricter than any mail program: anything that joins the parts of a URL, a host or an address inside a word.
fn could_be_a_link(word: &str) -> bool {
    let plain: String = word
        .chars()
        .map(|c| match c {
            '。' | '．' | '｡' | '․' => '.',
            '：' => ':',
            '／' => '/',
            '＠' => '@',
            c => c,
        })
        .collect();
    let number = plain.split_once(['.', ':']).is_some_and(|(whole, part)| {
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        digits(whole) && digits(part)
    });
    let joins = plain
        .trim_matches(|c: char| !c.is_alphanumeric())
        .contains(['.', ':', '@']);
    !number && (joins || ["//", "\\\\"].iter().any(|twice| plain.contains(twice)))
}

/// Text from others leads nowhere, in any part of any mail: mail programs make links of what looks like one.
#[test]
fn nothing_that_others_wrote_is_a_link() {
    let hostile = [
        "https://evil.example/login",
        "Ana Berger https://evil.example",
        "http:evil.example",
        "www.evil.example",
        "evil.example/x?y=1",
        "boss@evil.example",
        "mailto:boss@evil.example",
        "javascript:alert(1)",
        "tel:112",
        "\\\\evil\\share",
        "//evil/x",
        "evil。example/x",
        "https：／／evil．example",
        "evil․example @evil.example",
        "1.2.3.4/x",
        "<a href=https://evil.example>x</a>",
        "[x](https://evil.example)",
        "evil.\u{200b}example\u{2060}.com",
        "ev.il.ex.am.pl.e.".repeat(80).leak(),
    ];
    let mut hit = BTreeSet::new();
    for (name, mail) in samples() {
        for text in hostile {
            assert!(leads_somewhere(text).is_some(), "the judge is blind to {text}");
            let mut fields = serde_json::to_value(&mail).unwrap();
            if written_by_others(&mut fields, text) == 0 {
                continue;
            }
            hit.insert(name.clone());
            let mail: Mail = serde_json::from_value(fields).unwrap();
            let letter = mail.render(&envelope()).unwrap();
            let page = scraper::Html::parse_document(&letter.html);
            let body = scraper::Selector::parse("body").unwrap();
            let mut parts = vec![letter.subject.as_str(), letter.text.as_str()];
            parts.extend(page.select(&body).flat_map(|body| body.text()));
            for part in parts {
                assert_eq!(leads_somewhere(part), None, "{name}: {text}: {part}");
            }
            for link in page.select(&scraper::Selector::parse("[href], [src], [action]").unwrap()) {
                let href = link.value().attr("href").unwrap();
                assert!(
                    leads_somewhere(href).is_none() && !href.contains("evil"),
                    "{name}: {href}"
                );
            }
        }
    }
    assert_eq!(hit.len(), 36, "mails in which somebody else writes: {hit:?}");
}

/// How to begin comes first, and the key below it, for clients that cannot sign in.
#[test]
fn a_coach_learns_to_sign_in_before_the_url_that_needs_none() {
    let mut begun = 0;
    for (name, mail) in samples() {
        let letter = mail.render(&envelope()).unwrap();
        for part in [&letter.text, &letter.html] {
            let (steps, url) = (part.find("https://icusync.example/mcp"), part.find(URL));
            if ["coach_invite", "coach_joined"].contains(&mail.kind().name())
                && let Some(url) = url
            {
                begun += 1;
                assert!(steps.unwrap() < url, "{name}: {part}");
                assert!(
                    part[..url].contains("For clients that cannot sign in"),
                    "{name}: {part}"
                );
            }
            assert!(url.is_none() || steps.is_some(), "{name}: {part}");
        }
    }
    assert_eq!(begun, 6);
}

/// A coach's URL is for pasting: gateways rewrite and fetch links.
#[test]
fn a_coachs_url_is_never_a_link() {
    let mut held = 0;
    for (name, mail) in samples() {
        let letter = mail.render(&envelope()).unwrap();
        let page = scraper::Html::parse_document(&letter.html);
        let links = scraper::Selector::parse("[href]").unwrap();
        for link in page.select(&links) {
            assert!(!link.value().attr("href").unwrap().contains("/mcp/"), "{name}");
        }
        if letter.text.contains("/mcp/") {
            held += 1;
            assert!(
                letter.text.lines().any(|line| line == URL),
                "{name}: alone on its line"
            );
            assert!(letter.html.contains(URL), "{name}");
        }
        assert!(
            !name.ends_with("_off") || !letter.html.contains("/mcp/"),
            "{name}"
        );
    }
    assert_eq!(held, 6);
}

/// In a browser of a phone's width, by day and by night.
#[tokio::test(flavor = "multi_thread")]
async fn no_mail_scrolls_sideways_loads_anything_or_fails_in_the_dark() {
    let folder = world::scratch("mails");
    std::fs::create_dir_all(&folder).unwrap();
    let long = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewis";
    let mut mails = samples();
    let one = Granting {
        note: long.repeat(4).into(),
        ..granting(long, &format!("{long}@{long}.example"))
    };
    mails.push(("long".to_owned(), joining(vec![one], Some(URL))));
    let count = mails.len();
    for (name, mail) in mails {
        let letter = mail.render(&envelope()).unwrap();
        std::fs::write(folder.join(format!("{name}.html")), letter.html).unwrap();
    }
    let pictures = std::env::var("ICUSYNC_PICTURES").unwrap_or_default();
    let (modules, script) = (script("modules.mjs"), script("browser/mails.mjs"));
    let arguments = ["--import", &modules, &script, folder.to_str().unwrap(), &pictures];
    let said = output(
        &tool("ICUSYNC_NODE"),
        &arguments,
        std::time::Duration::from_mins(4),
    )
    .await;
    let report: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(report["wrong"], serde_json::json!([]), "{report:#}");
    assert_eq!(report["looked"], count * 2);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_takes_mails_that_only_their_owner_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = std::env::temp_dir().join(format!("icusync-mails-{}", std::process::id()));
    let transport = Transport::folder(folder.clone()).unwrap();
    let envelope = Envelope {
        to: "Ana@bücher.example".to_owned(),
        at: world::NOW.parse().unwrap(),
        public_url: "https://icusync.example".to_owned(),
        has_links: true,
    };
    let letter = sample().render(&envelope).unwrap();
    let from = "IcuSync <icusync@icusync.example>".parse().unwrap();
    transport
        .send(
            JobId(uuid::Uuid::nil()),
            &from,
            "icusync.example",
            &envelope,
            &letter,
        )
        .await
        .unwrap();
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let text = std::fs::read_to_string(file.path()).unwrap();
    assert!(text.contains("To: Ana@xn--bcher-kva.example"), "{text}");
    assert!(text.contains("Message-ID: <00000000-0000-0000-0000-000000000000@icusync.example>"));
    assert!(text.contains("Auto-Submitted: auto-generated"));
    std::fs::remove_dir_all(folder).unwrap();
}
