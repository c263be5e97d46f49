//! The emails to coaches and their athletes, and when: together where they can wait, once, and true when they leave.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use icusync::{
    demo::seed::Seeded,
    guard::{
        coaches::{self, Edited, Grantor, Invited},
        connector,
    },
    ids::{CoachId, ConnectorId},
    jobs,
    mail::{
        Address, CoachNewUrl, CoachUrl, Envelope, GrantChanged, Granting, Mail, NewClient, Why,
        outbox::{self, Queued},
        transport::CapturedMail,
    },
    queries::{
        self,
        grants::{Grant, Terms},
        sign_ins,
    },
    words::{Failure, JobKind},
};

use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{
    database::until_waiting,
    world::{World, test, test_with, url_of},
};

const COACH: &str = "sam@example.test";

async fn grantor(world: &World, seeded: &Seeded) -> Grantor {
    let account = queries::accounts::by_email(&world.app.pool, seeded.person.email).await;
    let account = account.unwrap().unwrap();
    Grantor {
        account: account.id,
        email: account.email.unwrap(),
        athlete_id: seeded.person.athlete_id.to_owned(),
        athlete: seeded.person.name.to_owned(),
        zone: seeded.person.timezone.parse().unwrap(),
    }
}

async fn invite_until(
    world: &World,
    seeded: &Seeded,
    to: &str,
    tools: &[&str],
    expires_at: Option<DateTime<Utc>>,
) -> Invited {
    let tools: Vec<String> = tools.iter().map(|name| (*name).to_owned()).collect();
    let terms = Terms {
        tools: &tools,
        note: "",
        expires_at,
    };
    let from = grantor(world, seeded).await;
    let mut transaction = world.app.pool.begin().await.unwrap();
    let to = Address::parse(to).unwrap();
    let invited = coaches::invite(&mut transaction, &world.app, &from, &to, &terms).await;
    transaction.commit().await.unwrap();
    invited.unwrap()
}

async fn invite(world: &World, seeded: &Seeded) -> Invited {
    invite_until(world, seeded, COACH, &["get_fitness"], None).await
}

/// Writes other tools into the grant; returns whether the coach gets a mail.
async fn edit(world: &World, seeded: &Seeded, tool: &str) -> Queued {
    let terms = Terms {
        tools: &[tool.to_owned()],
        note: "",
        expires_at: None,
    };
    let from = grantor(world, seeded).await;
    let grant = grant(world, seeded).await;
    let mut transaction = world.app.pool.begin().await.unwrap();
    let edited = coaches::change(
        &mut transaction,
        &world.app,
        &from,
        grant.id,
        grant.version,
        &terms,
    );
    let Edited::Saved(queued) = edited.await.unwrap() else {
        panic!("not saved");
    };
    transaction.commit().await.unwrap();
    queued
}

async fn grant(world: &World, seeded: &Seeded) -> Grant {
    let account = grantor(world, seeded).await.account;
    let grants = queries::grants::of_account(&world.app.pool, account)
        .await
        .unwrap();
    grants
        .into_iter()
        .find(|grant| grant.coach_email_key == COACH)
        .unwrap()
}

async fn revoke(world: &World, seeded: &Seeded) {
    let grant = grant(world, seeded).await;
    let mut transaction = world.app.pool.begin().await.unwrap();
    let ended = coaches::end(&mut transaction, &world.app, &grant, Why::Revoked).await;
    transaction.commit().await.unwrap();
    assert!(ended.unwrap());
}

async fn coach_id(world: &World) -> CoachId {
    let coach = queries::coaches::by_email(&world.app.pool, COACH).await.unwrap();
    coach.unwrap().id
}

/// The coach's current URL; no log may contain it.
async fn url(world: &World) -> String {
    let link = queries::connectors::of_coach(&world.app.pool, coach_id(world).await).await;
    let url = connector::url(&world.app, &link.unwrap().unwrap()).unwrap();
    world.secret(url.rsplit('/').next().unwrap());
    url
}

async fn regenerate(world: &World) -> String {
    let id = coach_id(world).await;
    let mut transaction = world.app.pool.begin().await.unwrap();
    let made = coaches::regenerate(&mut transaction, &world.app, id)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let made = made.unwrap();
    world.secret(made.rsplit('/').next().unwrap());
    made
}

async fn enqueue(world: &World, to: &str, from: Option<&Seeded>, mail: Mail) -> Queued {
    let account = match from {
        Some(seeded) => Some(grantor(world, seeded).await.account),
        None => None,
    };
    let to = Address::parse(to).unwrap();
    let mut transaction = world.app.pool.begin().await.unwrap();
    let queued = outbox::enqueue(&mut transaction, &world.app, &to, account, mail).await;
    transaction.commit().await.unwrap();
    queued.unwrap()
}

fn subjects(mails: &[CapturedMail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.letter.subject.as_str()).collect()
}

async fn waiting(world: &World) -> i64 {
    queries::jobs::waiting(&world.app.pool).await.unwrap()
}

/// A coach who signed in has begun as well as one who pasted the URL.
#[tokio::test(flavor = "multi_thread")]
async fn a_coach_who_signed_in_does_not_get_the_steps_again() {
    test(async |world| {
        invite(&world, world.ana()).await;
        // Two mails that are due at once are sent in any order.
        assert_eq!(world.mails_to(COACH).await.len(), 1);
        let url = url(&world).await;
        let sign_in = ConnectorId(world.app.random.uuid(&world.app.clock));
        let now = world.app.clock.now();
        let new = sign_ins::New {
            id: sign_in,
            owner: sign_ins::Owner::Coach(coach_id(&world).await),
            groups_off: &[],
            may_write: true,
            client_id: "https://claude.ai/oauth/mcp-oauth-client-metadata",
            client_name: "Claude",
            client_host: Some("claude.ai"),
            redirect_host: "claude.ai",
            scope: "read write",
            now,
            ends_at: now + Duration::days(365),
        };
        let mut db = world.app.pool.acquire().await.unwrap();
        sign_ins::create(&mut db, &new).await.unwrap();
        for (athlete, used) in [(world.jack(), false), (world.nell(), true)] {
            if used {
                queries::connectors::touch(&mut *db, sign_in, None, "Claude", now)
                    .await
                    .unwrap();
            }
            world.clock.advance(Duration::hours(2));
            assert!(matches!(invite(&world, athlete).await, Invited::Joined(..)));
            let mails = world.mails_to(COACH).await;
            let text = &mails.last().unwrap().letter.text;
            assert_eq!(text.contains("How to begin"), !used, "{text}");
            assert_eq!(text.contains(&url), !used, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn athletes_who_join_within_an_hour_go_in_one_mail() {
    test(async |world| {
        assert!(matches!(invite(&world, world.ana()).await, Invited::New(..)));
        let mails = world.mails_to(COACH).await;
        assert_eq!(subjects(&mails), ["Ana Berger invites you as a coach on IcuSync"]);
        assert!(mails[0].letter.text.contains(&url(&world).await));

        // The first to join is mailed immediately.
        world.clock.advance(Duration::minutes(5));
        assert!(matches!(invite(&world, world.jack()).await, Invited::Joined(..)));
        let mails = world.mails_to(COACH).await;
        assert_eq!(mails[1].letter.subject, "Jack Nguyen joined your IcuSync roster");
        assert!(mails[1].letter.text.contains("nothing to change in Claude"));
        assert!(
            mails[1].letter.text.contains(&url(&world).await),
            "again: no client has used it"
        );

        world.clock.advance(Duration::minutes(10));
        invite(&world, world.tria()).await;
        world.clock.advance(Duration::minutes(10));
        invite(&world, world.nell()).await;
        assert_eq!(
            (world.mails_to(COACH).await.len(), waiting(&world).await),
            (2, 1),
            "the others wait together"
        );
        world.clock.advance(Duration::minutes(39));
        assert_eq!(world.mails_to(COACH).await.len(), 2);
        world.clock.advance(Duration::minutes(1));
        let mails = world.mails_to(COACH).await;
        assert_eq!(mails.len(), 3);
        assert_eq!(mails[2].letter.subject, "2 athletes joined your IcuSync roster");
        for name in [world.tria().person.name, world.nell().person.name] {
            assert!(mails[2].letter.text.contains(name), "{}", mails[2].letter.text);
        }
        assert!(!mails[2].letter.text.contains("Ana Berger"));

        // And the next hour begins with that mail.
        world.clock.advance(Duration::minutes(10));
        invite(&world, world.bishnu()).await;
        world.clock.advance(Duration::minutes(49));
        assert_eq!(world.mails_to(COACH).await.len(), 3);
        world.clock.advance(Duration::minutes(1));
        assert_eq!(world.mails_to(COACH).await.len(), 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_athletes_who_join_at_once_none_is_lost() {
    test(async |world| {
        invite(&world, world.ana()).await;
        let at_once = [world.jack(), world.tria(), world.nell(), world.bishnu()];
        futures::future::join_all(at_once.map(|seeded| invite(&world, seeded))).await;
        let mut mails = world.mails_to(COACH).await;
        assert_eq!(mails.len(), 2, "{:?}", subjects(&mails));
        // Sent side by side, in whatever order.
        mails.sort_by_key(|mail| mail.letter.subject.starts_with('4'));
        assert_eq!(mails[1].letter.subject, "4 athletes joined your IcuSync roster");
        for seeded in at_once {
            assert_eq!(
                mails[1].letter.text.matches(seeded.person.email).count(),
                1,
                "{}",
                mails[1].letter.text
            );
        }
    })
    .await;
}

/// Resends an invite; the transaction is still open.
async fn resent(world: &World, seeded: &Seeded) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let (from, id) = (grantor(world, seeded).await, grant(world, seeded).await.id);
    let mut transaction = world.app.pool.begin().await.unwrap();
    let queued = coaches::resend(&mut transaction, &world.app, &from, id).await;
    assert_eq!(queued.unwrap(), Some(Queued::Queued));
    transaction
}

// Resent at the same moment, they still find each other.
#[tokio::test(flavor = "multi_thread")]
async fn of_invites_that_are_sent_again_at_once_one_mail_tells() {
    test(async |world| {
        for seeded in [world.ana(), world.jack()] {
            invite(&world, seeded).await;
        }
        world.clock.advance(Duration::hours(2));
        world.mails_to(COACH).await;
        world.clock.advance(Duration::hours(2));
        let link = queries::connectors::of_coach(&world.app.pool, coach_id(&world).await).await;
        let link = link.unwrap().unwrap().id;
        queries::connectors::touch(&world.app.pool, link, None, "claude", world.clock.now())
            .await
            .unwrap();
        let (first, second) = (resent(&world, world.ana()).await, async {
            resent(&world, world.jack()).await.commit().await.unwrap();
        });
        let commit = async {
            until_waiting(&url_of(&world.database), 1).await;
            first.commit().await.unwrap();
        };
        tokio::join!(second, commit);
        let before = world.mails.all().len();
        let mails = world.mails_to(COACH).await;
        assert_eq!(
            mails.last().unwrap().letter.subject,
            "2 athletes joined your IcuSync roster"
        );
        assert_eq!(world.mails.all().len(), before + 1, "{:?}", subjects(&mails));
    })
    .await;
}

// Two tabs of one athlete: the second one invites while the first one revokes.
#[tokio::test(flavor = "multi_thread")]
async fn an_invite_that_meets_a_revoke_starts_over() {
    test(async |world| {
        invite(&world, world.ana()).await;
        world.mails_to(COACH).await;
        let first = grant(&world, world.ana()).await.id;
        let url = url_of(&world.database);
        let mut other = PgConnection::connect(&url).await.unwrap();
        other.execute("begin; delete from grants").await.unwrap();
        let commit = async {
            until_waiting(&url, 1).await;
            other.execute("commit").await.unwrap();
        };
        let again = invite_until(&world, world.ana(), COACH, &["get_wellness"], None);
        let (invited, ()) = tokio::join!(again, commit);
        assert!(matches!(invited, Invited::Joined(..)), "{invited:?}");
        let stands = grant(&world, world.ana()).await;
        assert!(
            stands.id != first && stands.tools == ["get_wellness"],
            "{stands:?}"
        );
    })
    .await;
}

// The name is in mails to addresses that a stranger typed, and its owner writes it at will.
#[tokio::test(flavor = "multi_thread")]
async fn no_mail_program_finds_a_link_in_a_name() {
    test(async |world| {
        for (name, shown) in [
            (
                "Win at https://evil.example/x",
                "Win at https: / /evil. example/x",
            ),
            ("www.evil.example bit．ly", "www. evil. example bit． ly"),
            ("J.P. St.John", "J. P. St. John"),
            ("boss@evil.example", "boss@ evil. example"),
            ("https://evil.example", "https: / /evil. example"),
        ] {
            let mail = changed(name, "ana@example.test", "");
            let envelope = Envelope {
                to: COACH.to_owned(),
                at: world.clock.now(),
                public_url: world.web.clone(),
                has_links: true,
            };
            let letter = mail.render(&envelope).unwrap();
            assert_eq!(
                letter.subject,
                format!("{shown} changed what you were granted on IcuSync")
            );
            assert!(letter.text.contains(shown), "{}", letter.text);
            for part in [&letter.text, &letter.html] {
                assert!(name == shown || !part.contains(name), "{part}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_a_worker_has_taken_is_not_touched() {
    test(async |world| {
        invite(&world, world.ana()).await;
        world.mails_to(COACH).await;
        invite(&world, world.jack()).await;
        let now = world.clock.now();
        let claimed = queries::jobs::claim(
            &world.app.pool,
            JobKind::Mail,
            now,
            now + Duration::seconds(60),
            8,
        )
        .await
        .unwrap();
        assert_eq!(claimed.len(), 1);
        invite(&world, world.tria()).await;
        revoke(&world, world.jack()).await;
        let held = outbox::open(&world.app, claimed[0].id, &claimed[0].payload).unwrap();
        let Mail::CoachJoined(held) = held.mail else {
            panic!("another mail");
        };
        assert_eq!(held.joined.len(), 1);
        assert_eq!(
            waiting(&world).await,
            3,
            "the one that is leaving, the one for the next hour, and that Jack took it back"
        );
        // The worker is gone; the claim lapses.
        world.clock.advance(Duration::seconds(61));
        let mails = world.mails_to(COACH).await;
        assert_eq!(mails.len(), 3);
        world.clock.advance(Duration::hours(1));
        let mails = world.mails_to(COACH).await;
        assert!(
            mails[3].letter.subject.contains("O’Shea"),
            "{:?}",
            subjects(&mails)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_before_its_email_is_never_mailed() {
    test(async |world| {
        // An invite that never left.
        invite(&world, world.ana()).await;
        url(&world).await;
        revoke(&world, world.ana()).await;
        assert_eq!(subjects(&world.mails_to(COACH).await), [""; 0]);

        invite(&world, world.ana()).await;
        assert_eq!(
            world.mails_to(COACH).await.len(),
            1,
            "the URL came with the mail about joining"
        );
        invite(&world, world.jack()).await;
        invite(&world, world.tria()).await;
        revoke(&world, world.jack()).await;
        assert_eq!(waiting(&world).await, 1);
        world.clock.advance(Duration::hours(1));
        let mails = world.mails_to(COACH).await;
        assert_eq!(mails.len(), 2);
        assert!(!mails[1].letter.text.contains("Jack"), "{}", mails[1].letter.text);

        invite(&world, world.jack()).await;
        revoke(&world, world.jack()).await;
        assert_eq!(waiting(&world).await, 0, "a mail about nobody is deleted");

        // A grant that the coach learnt of is mailed when it ends.
        revoke(&world, world.tria()).await;
        let mails = world.mails_to(COACH).await;
        assert_eq!(
            mails.last().unwrap().letter.subject,
            "Tríona O’Shea-Łuczak revoked your access on IcuSync"
        );
    })
    .await;
}

// Whether the coach has learnt of a grant follows from its mails, not from when they were written.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_mailed_to_coaches_who_learnt_of_the_beginning() {
    test(async |world| {
        // Learnt, and mailed again within the minute.
        invite(&world, world.ana()).await;
        assert_eq!(world.mails_to(COACH).await.len(), 1);
        url(&world).await;
        resent(&world, world.ana()).await.commit().await.unwrap();
        revoke(&world, world.ana()).await;
        let mails = world.mails_to(COACH).await;
        assert_eq!(
            subjects(&mails[1..]),
            ["Ana Berger revoked your access on IcuSync"],
            "and not that the invite was sent again"
        );

        // Never learnt, because the second mail went into the first one, which still waits.
        invite(&world, world.jack()).await;
        world.mails_to(COACH).await;
        invite(&world, world.tria()).await;
        world.clock.advance(Duration::minutes(10));
        let link = queries::connectors::of_coach(&world.app.pool, coach_id(&world).await).await;
        let link = link.unwrap().unwrap().id;
        queries::connectors::touch(&world.app.pool, link, None, "claude", world.clock.now())
            .await
            .unwrap();
        resent(&world, world.tria()).await.commit().await.unwrap();
        assert_eq!(waiting(&world).await, 1);
        revoke(&world, world.tria()).await;
        assert_eq!(waiting(&world).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_before_the_mail_has_left_is_in_that_mail() {
    test(async |world| {
        invite(&world, world.ana()).await;
        world.mails_to(COACH).await;
        invite(&world, world.jack()).await;
        world.mails_to(COACH).await;
        invite(&world, world.tria()).await;
        assert_eq!(edit(&world, world.tria(), "get_wellness").await, Queued::Queued);
        assert_eq!(waiting(&world).await, 1);
        world.clock.advance(Duration::hours(1));
        let mails = world.mails_to(COACH).await;
        let text = &mails.last().unwrap().letter.text;
        assert!(
            text.contains("See sleep, HRV") && !text.contains("fatigue, form"),
            "{text}"
        );
        // After that a change has its own mail.
        edit(&world, world.tria(), "get_fitness").await;
        let mails = world.mails_to(COACH).await;
        let last = &mails.last().unwrap().letter;
        assert!(
            last.subject.contains("changed what you were granted"),
            "{}",
            last.subject
        );
        assert!(last.text.contains("fatigue, form"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mail_leaves_with_a_url_that_no_longer_works() {
    test(async |world| {
        invite(&world, world.ana()).await;
        let first = url(&world).await;
        invite(&world, world.jack()).await;
        let for_coaches = world.app.config.for_coaches_url();
        let athletes = vec!["Ana Berger".into()];
        let again = Mail::CoachUrl(CoachUrl {
            url: Some(first.clone()),
            athletes: athletes.clone(),
            for_coaches: for_coaches.clone(),
        });
        enqueue(&world, COACH, None, again).await;
        let second = regenerate(&world).await;
        let mail = Mail::CoachNewUrl(CoachNewUrl(CoachUrl {
            url: Some(second.clone()),
            athletes,
            for_coaches,
        }));
        enqueue(&world, COACH, None, mail).await;
        let third = regenerate(&world).await;
        assert_eq!(waiting(&world).await, 4);
        let mails = world.mails_to(COACH).await;
        assert_eq!(mails.len(), 4);
        for mail in mails {
            for part in [&mail.letter.text, &mail.letter.html] {
                assert!(part.contains(&third), "{part}");
                assert!(!part.contains(&first) && !part.contains(&second), "{part}");
            }
        }

        // A coach who is gone gets none at all.
        invite(&world, world.nell()).await;
        let erased = queries::coaches::erase(&world.app.pool, coach_id(&world).await).await;
        assert!(erased.unwrap());
        world.clock.advance(Duration::hours(1));
        assert_eq!(world.mails_to(COACH).await.len(), 4);
        let failure: String = sqlx::query_scalar("select failure from jobs where state = 'failed'")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(Failure::of(&failure), Some(Failure::CoachIsGone));
    })
    .await;
}

fn changed(athlete: &str, email: &str, note: &str) -> Mail {
    Mail::GrantChanged(GrantChanged {
        grant: Granting {
            athlete_id: "i1001".to_owned(),
            athlete: athlete.into(),
            athlete_email: email.into(),
            note: note.into(),
            may: vec![],
            expires: None,
        },
    })
}

fn client(of: &str, name: &str) -> Mail {
    Mail::NewClient(NewClient {
        coach: of.into(),
        client: name.into(),
        coaches: "https://icusync.example/coaches".to_owned(),
        activity: "https://icusync.example/activity".to_owned(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_kept_in_the_dark_by_what_somebody_else_sends() {
    test_with(
        |config| {
            config.mails_per_hour = 1;
            config.mails_per_day = 1;
        },
        async |world| {
            // First invites, and those who join, are never dropped.
            for seeded in &world.people {
                for to in [COACH, "kim@example.test", "lee@example.test"] {
                    invite_until(&world, seeded, to, &["get_fitness"], None).await;
                }
            }
            for to in [COACH, "kim@example.test", "lee@example.test"] {
                let mails = world.mails_to(to).await;
                let text: String = mails.iter().map(|mail| mail.letter.text.as_str()).collect();
                for seeded in &world.people {
                    assert!(text.contains(seeded.person.email), "{to}: {text}");
                }
            }
            // Each athlete's change has a limit of its own, and what is above it waits.
            for seeded in [world.ana(), world.jack()] {
                let mail = changed(seeded.person.name, seeded.person.email, "first");
                assert_eq!(enqueue(&world, COACH, Some(seeded), mail).await, Queued::Queued);
            }
            let before = world.mails_to(COACH).await.len();
            for tool in ["get_wellness", "get_events", "get_power_curves"] {
                edit(&world, world.ana(), tool).await;
            }
            assert_eq!(world.mails_to(COACH).await.len(), before);
            assert_eq!(waiting(&world).await, 1, "one mail, however often");
            world.clock.advance(Duration::hours(1));
            let mails = world.mails_to(COACH).await;
            assert_eq!(mails.len(), before + 1);
            let text = &mails.last().unwrap().letter.text;
            assert!(
                text.contains("See power, pace") && !text.contains("sleep"),
                "{text}"
            );

            // A coach who makes up names floods nobody, and hides no other coach.
            let ana = world.ana().person.email;
            let mut queued = 0;
            for number in 0..10 {
                let mail = client(COACH, &format!("forged-{number}"));
                queued += i32::from(enqueue(&world, ana, Some(world.ana()), mail).await == Queued::Queued);
            }
            assert_eq!(queued, 1);
            let other = client("kim@example.test", "Cursor");
            assert_eq!(
                enqueue(&world, ana, Some(world.ana()), other).await,
                Queued::Queued
            );
            // An end is always mailed.
            for seeded in &world.people {
                revoke(&world, seeded).await;
            }
            let mails = world.mails_to(COACH).await;
            let ends = mails
                .iter()
                .filter(|mail| mail.letter.subject.contains("revoked your access"));
            assert_eq!(ends.count(), world.people.len());
        },
    )
    .await;
}

/// Everything that time does, on two instances at once.
async fn time_passes(world: &Arc<World>) {
    let (one, other) = tokio::join!(jobs::tell_grants(&world.app), jobs::tell_grants(&world.app));
    one.unwrap();
    other.unwrap();
    jobs::tell_grants(&world.app).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_tells_the_athlete_once_about_a_paused_invite() {
    test(async |world| {
        for seeded in &world.people {
            invite(&world, seeded).await;
        }
        world.mails_to(COACH).await;
        // Jack's is in use.
        let used = grant(&world, world.jack()).await;
        queries::grants::used(&world.app.pool, used.id, "Claude", world.clock.now())
            .await
            .unwrap();
        let ana = world.ana().person.email;
        world.clock.advance(Duration::days(14) - Duration::seconds(1));
        time_passes(&world).await;
        assert!(world.mails_to(ana).await.is_empty());
        world.clock.advance(Duration::seconds(1));
        time_passes(&world).await;
        let mails = world.mails_to(ana).await;
        assert_eq!(subjects(&mails), ["Your invite to sam@example.test is paused"]);
        assert!(
            mails[0].letter.text.contains(&format!("{}/coaches", world.web)),
            "{}",
            mails[0].letter.text
        );
        assert!(world.mails_to(world.jack().person.email).await.is_empty());
        assert_eq!(world.mails_to(world.nell().person.email).await.len(), 1);

        // Resent, it may be paused again.
        let again = grant(&world, world.ana()).await;
        let woken = queries::grants::resent(&world.app.pool, again.id, again.account_id, world.clock.now());
        assert!(woken.await.unwrap());
        world.clock.advance(Duration::days(13));
        time_passes(&world).await;
        assert_eq!(world.mails_to(ana).await.len(), 1);
        world.clock.advance(Duration::days(2));
        time_passes(&world).await;
        assert_eq!(world.mails_to(ana).await.len(), 2);
        assert_eq!(world.mails_to(world.nell().person.email).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_tells_the_coach_once_that_a_grant_expired() {
    test(async |world| {
        let ends = world.clock.now() + Duration::days(2);
        invite_until(&world, world.ana(), COACH, &["get_fitness"], Some(ends)).await;
        invite(&world, world.jack()).await;
        let before = world.mails_to(COACH).await.len();
        world.clock.set(ends - Duration::seconds(1));
        time_passes(&world).await;
        assert_eq!(world.mails_to(COACH).await.len(), before);
        world.clock.set(ends);
        time_passes(&world).await;
        let mails = world.mails_to(COACH).await;
        assert_eq!(mails.len(), before + 1);
        let letter = &mails[before].letter;
        assert_eq!(letter.subject, "Your access to Ana Berger on IcuSync has expired");
        assert!(letter.text.contains("has expired"));
        assert!(
            world.mails_to(world.ana().person.email).await.is_empty(),
            "the athlete chose the day"
        );
        // Revoked afterwards, it is not news.
        revoke(&world, world.ana()).await;
        assert_eq!(world.mails_to(COACH).await.len(), before + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mark_is_set_without_its_mail() {
    test(async |world| {
        invite(&world, world.ana()).await;
        world.mails_to(COACH).await;
        world.clock.advance(Duration::days(15));
        for sql in [
            "create function stop() returns trigger language plpgsql as $$ begin raise 'no mail today'; end $$",
            "create trigger stop before insert on jobs for each row execute function stop()",
        ] {
            sqlx::query(sql).execute(&world.app.pool).await.unwrap();
        }
        assert!(jobs::tell_grants(&world.app).await.is_err());
        sqlx::query("drop trigger stop on jobs")
            .execute(&world.app.pool)
            .await
            .unwrap();
        time_passes(&world).await;
        assert_eq!(world.mails_to(world.ana().person.email).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn coaches_are_told_apart() {
    test(async |world| {
        for to in [COACH, "kim@example.test"] {
            for seeded in [world.ana(), world.jack(), world.tria()] {
                invite_until(&world, seeded, to, &["get_fitness"], None).await;
                if seeded.person.slug == "jack" {
                    world.mails_to(to).await;
                }
            }
        }
        revoke(&world, world.tria()).await;
        assert_eq!(waiting(&world).await, 1, "Kim's stays as it is");
        world.clock.advance(Duration::hours(1));
        assert_eq!(world.mails_to(COACH).await.len(), 2);
        assert_eq!(world.mails_to("kim@example.test").await.len(), 3);
    })
    .await;
}
