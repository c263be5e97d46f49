//! Another intervals.icu athlete on an account: whose grants are paused, whose resume, and what everyone learns of it.

use std::sync::Arc;

use icusync::{
    ids::{AccountId, CoachId},
    queries::{
        self,
        grants::{Grant, Leave},
    },
};
use serde_json::{Value, json};

use crate::{
    connections::{ALL, connect},
    database::until_waiting,
    world::{Browser, Page, World, test, test_with, url_of},
};

const COACH: &str = "coach@example.test";
const UNKNOWN: &str =
    "Not done: no athlete on your roster has this name or id. list_athletes names everyone on it.";

/// Takes Nell's athlete from her own account, so that another account can connect it.
async fn free_nell(world: &Arc<World>) {
    let mut nell = world.signed_in(&world.nell().clone()).await;
    let gone = nell.post("/disconnect", &[]).await;
    assert_eq!(gone.location(), "/dashboard?done=disconnected");
    world.mails_to("nobody@example.test").await;
}

async fn answer_of(url: &str, tool: &str, arguments: Value) -> String {
    crate::world::Mcp::at(url)
        .call(tool, arguments)
        .await
        .text()
        .to_owned()
}

async fn account(world: &World, email: &str) -> AccountId {
    let account = queries::accounts::by_email(&world.app.pool, email).await;
    account.unwrap().unwrap().id
}

async fn coach(world: &World) -> CoachId {
    let coach = queries::coaches::by_email(&world.app.pool, COACH).await;
    coach.unwrap().unwrap().id
}

async fn grants(world: &World) -> Vec<Grant> {
    let account = account(world, world.ana().person.email).await;
    queries::grants::of_account(&world.app.pool, account)
        .await
        .unwrap()
}

async fn subjects(world: &World) -> Vec<String> {
    let mails = world.mails_to(COACH).await;
    mails.into_iter().map(|mail| mail.letter.subject).collect()
}

/// Lets Ana's account connect as `slug`; returns where that leads.
async fn turn_into(world: &World, browser: &mut Browser, slug: &str) -> String {
    let person = world.people.iter().find(|seeded| seeded.person.slug == slug);
    let back = connect(world, browser, person.unwrap().person, &ALL).await;
    assert_eq!(back.status, 303, "{}", back.text());
    world.mails_to("nobody@example.test").await;
    back.location().to_owned()
}

/// Grants `to` one tool, until a last day if it is not empty.
async fn invite(browser: &mut Browser, to: &str, tool: &str, last_day: &str) -> Page {
    let tool = format!("tool-{tool}");
    let fields = [("email", to), ("note", ""), ("last-day", last_day), (&tool, "on")];
    browser.post("/coaches/invite", &fields).await
}

/// The account's pages name the athlete, and nobody can change what another athlete granted.
async fn nobody_changes_what_somebody_else_granted(world: &World, browser: &mut Browser) {
    let list = browser.get("/coaches").await.text();
    assert!(
        list.contains("Granted by another athlete") && list.contains("Granted by Ana Berger (i900001)"),
        "{list}"
    );
    let grant = grants(world).await.remove(0);
    let path = format!("/coaches/{}", grant.id);
    let edit = [
        ("version", "1"),
        ("note", ""),
        ("last-day", ""),
        ("tool-get_events", "on"),
    ];
    for page in [
        browser.get(&path).await,
        browser.post(&path, &edit).await,
        browser.post(&format!("{path}/resend"), &[]).await,
    ] {
        assert_eq!(page.location(), "/coaches?done=another-athletes");
    }
    assert_eq!(grants(world).await, [grant]);
    let before = browser.get("/connect").await.text();
    assert!(
        before.contains("The grants of Ana Berger to coaches are paused."),
        "{before}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_stays_with_the_athlete_who_gave_it() {
    test(async |world| {
        let url = world.coaches().await[0].link.clone();
        let other = world.other_instance().await;
        free_nell(&world).await;
        let fitness = answer_of(&url, "get_fitness", json!({"athlete": "ana"})).await;
        assert!(fitness.starts_with("Ana Berger"), "{fitness}");
        answer_of(&url, "select_athlete", json!({"athlete": "ana"})).await;

        // The page says so before the button.
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let before = browser.get("/connect").await.text();
        assert!(
            before.contains("Connect as Ana Berger to keep your coaches")
                && before.contains(&format!("{COACH} cannot see that athlete")),
            "{before}"
        );
        let heard = subjects(&world).await.len();
        assert_eq!(
            turn_into(&world, &mut browser, "nell").await,
            "/dashboard?done=connected-other"
        );
        let after = browser.get("/dashboard?done=connected-other").await.text();
        assert!(after.contains("Nell Pike") && after.contains("Your coaches cannot see this athlete"));

        // No data of either athlete reaches the coach, under any name, on any instance.
        for at in [url.clone(), other.link(&url)] {
            for athlete in [
                "Ana Berger",
                "ana",
                "i900001",
                "Nell Pike",
                world.nell().person.athlete_id,
            ] {
                for tool in ["get_fitness", "get_wellness", "get_athlete_profile", "get_events"] {
                    assert_eq!(
                        answer_of(&at, tool, json!({"athlete": athlete})).await,
                        UNKNOWN,
                        "{tool} {athlete}"
                    );
                }
                assert_eq!(
                    answer_of(&at, "select_athlete", json!({"athlete": athlete})).await,
                    UNKNOWN
                );
            }
            let selected = answer_of(&at, "get_fitness", json!({})).await;
            assert!(
                selected.starts_with("Not done: this call names no athlete"),
                "the selection ended: {selected}"
            );
            let list = answer_of(&at, "list_athletes", json!({})).await;
            assert!(
                list.contains("Paused, because the account shows another athlete now: Ana Berger"),
                "{list}"
            );
            let overview = answer_of(&at, "get_roster_overview", json!({})).await;
            for text in [&list, &overview] {
                assert!(
                    !text.contains("Nell") && !text.contains(world.nell().person.athlete_id),
                    "{text}"
                );
            }
            assert!(!overview.contains("Ana Berger"), "{overview}");
        }
        let mails = world.mails_to(COACH).await;
        assert_eq!(mails.len(), heard + 1);
        let mail = &mails.last().unwrap().letter;
        assert_eq!(mail.subject, "Your access to Ana Berger on IcuSync is paused");
        assert!(
            !mail.text.contains("Nell") && !mail.html.contains("Nell"),
            "{}",
            mail.text
        );

        nobody_changes_what_somebody_else_granted(&world, &mut browser).await;

        // The same athlete again, and everything is as it was.
        assert_eq!(
            turn_into(&world, &mut browser, "ana").await,
            "/dashboard?done=connected-back"
        );
        for at in [url.clone(), other.link(&url)] {
            let fitness = answer_of(&at, "get_fitness", json!({"athlete": "ana"})).await;
            assert!(fitness.starts_with("Ana Berger"), "{fitness}");
        }
        assert_eq!(
            subjects(&world).await.last().unwrap(),
            "Your access to Ana Berger on IcuSync has resumed"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_athletes_of_one_account_grant_one_coach_each_their_own() {
    test(async |world| {
        let url = world.coaches().await[0].link.clone();
        free_nell(&world).await;
        answer_of(&url, "get_fitness", json!({"athlete": "ana"})).await;
        let mut browser = world.signed_in(&world.ana().clone()).await;
        turn_into(&world, &mut browser, "nell").await;
        let anas = grants(&world).await.remove(0);

        // The form knows the coach, and nothing of the other athlete's grant.
        let form = browser.get(&format!("/coaches/invite?like={}", anas.id)).await;
        assert_eq!(form.attribute("#email", "value").as_deref(), Some(COACH));
        assert!(
            form.text().contains("what you tick here of Nell Pike")
                && form.attribute("#last-day", "value").as_deref() == Some(""),
            "{}",
            form.text()
        );
        let sent = invite(&mut browser, COACH, "get_wellness", "").await;
        assert_eq!(sent.location(), "/coaches?done=sent");
        let now = grants(&world).await;
        assert_eq!(now.len(), 2);
        assert!(now.contains(&anas), "the other's is untouched");
        let wellness = answer_of(&url, "get_wellness", json!({"athlete": "nell"})).await;
        assert!(wellness.starts_with("Nell Pike"), "{wellness}");
        let fitness = answer_of(&url, "get_fitness", json!({"athlete": "nell"})).await;
        assert!(
            fitness.starts_with("Nell Pike (i900005) has not granted get_fitness"),
            "{fitness}"
        );
        assert_eq!(
            answer_of(&url, "get_wellness", json!({"athlete": "ana"})).await,
            UNKNOWN
        );

        let back = turn_into(&world, &mut browser, "ana").await;
        assert_eq!(back, "/dashboard?done=connected-both");
        assert_eq!(
            answer_of(&url, "get_wellness", json!({"athlete": "nell"})).await,
            UNKNOWN
        );
        let fitness = answer_of(&url, "get_fitness", json!({"athlete": "ana"})).await;
        assert!(fitness.starts_with("Ana Berger"), "{fitness}");

        // The coach leaves one of the two.
        let nells = grants(&world)
            .await
            .into_iter()
            .find(|grant| grant.id != anas.id)
            .unwrap();
        let gone = browser.post(&format!("/coaches/{}/revoke", nells.id), &[]).await;
        assert_eq!(gone.location(), "/coaches?done=revoked");
        let left: Vec<_> = grants(&world).await.iter().map(|grant| grant.id).collect();
        assert_eq!(left, [anas.id]);
        let mails = world.mails_to(COACH).await;
        assert_eq!(
            mails.last().unwrap().letter.subject,
            "Nell Pike revoked your access on IcuSync"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_who_never_learnt_of_a_grant_gets_no_email_that_it_is_paused() {
    test(async |world| {
        world.coaches().await;
        free_nell(&world).await;
        let mut browser = world.signed_in(&world.ana().clone()).await;
        // Three athletes joined this hour, so the mail about a fourth waits for the next.
        invite(&mut browser, "new@coach.example", "get_fitness", "").await;
        sqlx::query("update jobs set run_at = run_at + interval '30 minutes' where state = 'pending'")
            .execute(&world.app.pool)
            .await
            .unwrap();
        turn_into(&world, &mut browser, "nell").await;
        world.clock.advance(chrono::Duration::hours(1));
        assert!(world.mails_to("new@coach.example").await.is_empty());
        let mut browser = world.signed_in(&world.ana().clone()).await;
        turn_into(&world, &mut browser, "ana").await;
        let mails = world.mails_to("new@coach.example").await;
        assert_eq!(mails.len(), 1, "the invite, once it can be used");
        assert!(
            mails[0].letter.text.contains("/mcp/icul_"),
            "{}",
            mails[0].letter.text
        );
        let url = mails[0].letter.text.split("/mcp/").nth(1).unwrap();
        world.secret(url.split_whitespace().next().unwrap());
    })
    .await;
}

/// An account may move between athletes as often and as fast as somebody likes: it ends where it ends.
#[tokio::test(flavor = "multi_thread")]
async fn going_back_and_forth_mails_the_coach_the_final_state() {
    test_with(
        |config| config.mails_per_hour = 1,
        async |world| {
            let url = world.coaches().await[0].link.clone();
            free_nell(&world).await;
            answer_of(&url, "get_fitness", json!({"athlete": "ana"})).await;
            let mut browser = world.signed_in(&world.ana().clone()).await;
            for slug in ["nell", "ana", "nell", "ana", "nell"] {
                turn_into(&world, &mut browser, slug).await;
            }
            let asleep = |subjects: &[String]| {
                subjects
                    .iter()
                    .filter(|subject| subject.contains("Ana Berger on IcuSync is"))
                    .cloned()
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                asleep(&subjects(&world).await),
                ["Your access to Ana Berger on IcuSync is paused"]
            );
            world.clock.advance(chrono::Duration::hours(2));
            assert_eq!(
                asleep(&subjects(&world).await),
                [
                    "Your access to Ana Berger on IcuSync is paused",
                    "Your access to Ana Berger on IcuSync is paused",
                ],
                "the last mail says what happened last"
            );
            assert_eq!(
                answer_of(&url, "get_fitness", json!({"athlete": "ana"})).await,
                UNKNOWN
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coachs_own_page_names_who_granted_and_leaves_one_athlete_at_a_time() {
    test(async |world| {
        world.coaches().await;
        free_nell(&world).await;
        let mut browser = world.signed_in(&world.ana().clone()).await;
        turn_into(&world, &mut browser, "nell").await;
        invite(&mut browser, COACH, "get_wellness", "").await;
        world.mails_to(COACH).await;

        let mut visitor = world.on_roster_page(COACH).await;
        let roster = visitor.get("/for-coaches/my-roster").await.text();
        assert!(
            roster.contains("resumes when Ana Berger is connected there again")
                && roster.contains("Nell Pike"),
            "{roster}"
        );
        let coach = coach(&world).await;
        let ids = |grants: &[Grant]| -> Vec<String> {
            let mine = grants.iter().filter(|grant| grant.coach_id == coach);
            mine.map(|grant| grant.athlete_id.clone()).collect()
        };
        let all = grants(&world).await;
        assert_eq!(ids(&all).len(), 2);
        let anas = all.iter().find(|grant| grant.athlete_id == "i900001").unwrap();
        let left = visitor
            .post("/for-coaches/my-roster/leave", &[("grant", &anas.id.to_string())])
            .await;
        assert_eq!(left.location(), "/for-coaches/my-roster?done=left");
        assert_eq!(ids(&grants(&world).await), [world.nell().person.athlete_id]);
        // Refusing an account covers all of it, and remembers the athletes whom the coach knew there.
        let account = account(&world, world.ana().person.email).await.to_string();
        let refused = visitor
            .post("/for-coaches/my-roster/refuse", &[("athlete", &account)])
            .await;
        assert_eq!(refused.location(), "/for-coaches/my-roster?done=refused");
        turn_into(&world, &mut browser, "ana").await;
        let roster = visitor.get("/for-coaches/my-roster").await.text();
        assert!(
            roster.contains("Nell Pike") && !roster.contains("Ana Berger"),
            "{roster}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_and_the_export_name_the_athlete() {
    test(async |world| {
        let url = world.coaches().await[0].link.clone();
        free_nell(&world).await;
        answer_of(&url, "get_fitness", json!({"athlete": "ana"})).await;
        let mut browser = world.signed_in(&world.ana().clone()).await;
        turn_into(&world, &mut browser, "nell").await;
        world.clock.advance(chrono::Duration::minutes(1));
        answer_of(&world.ana().link.clone(), "get_wellness", json!({})).await;
        let nell = world.nell().person.athlete_id;
        let file: Value = serde_json::from_str(&browser.post("/account/export", &[]).await.body).unwrap();
        let rows: Vec<_> = file["activity_log"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["tool"].as_str().unwrap(), row["athlete_id"].as_str().unwrap()))
            .collect();
        assert_eq!(rows, [("get_wellness", nell), ("get_fitness", "i900001")]);
        assert_eq!(file["grants"][0]["athlete_id"], "i900001");
        assert_eq!(file["grants"][0]["athlete_name"], "Ana Berger");
        let page = browser.get("/activity").await.text();
        assert!(
            page.contains("Nell Pike") && page.contains("on i900001"),
            "{page}"
        );
        let csv = browser.get("/activity.csv").await.body;
        assert!(csv.contains("i900001") && csv.contains(nell), "{csv}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_is_logged_with_its_athlete_too() {
    test(async |world| {
        let ana = world.ana().clone();
        answer_of(&ana.link, "get_fitness", json!({"nonsense": 1})).await;
        let mut browser = world.signed_in(&ana).await;
        browser.post("/disconnect", &[]).await;
        answer_of(&ana.link, "get_fitness", json!({})).await;
        world.logged().await;
        let whose: Vec<String> = sqlx::query_scalar("select athlete_id from activity_log")
            .fetch_all(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(whose, ["i900001", "i900001"]);
        world.mails_to("nobody@example.test").await;
    })
    .await;
}

/// An athlete who invited their own address pressed the button, and the page says so.
#[tokio::test(flavor = "multi_thread")]
async fn an_athlete_who_coaches_nobody_else_gets_no_mail_about_it() {
    test(async |world| {
        free_nell(&world).await;
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let own = world.ana().person.email;
        invite(&mut browser, own, "get_fitness", "").await;
        let mails = world.mails_to(own).await;
        let url = mails.last().unwrap().letter.text.split("/mcp/").nth(1).unwrap();
        world.secret(url.split_whitespace().next().unwrap());
        let grant = grants(&world).await.remove(0);
        let now = world.clock.now();
        queries::grants::used(&world.app.pool, grant.id, "Claude", now)
            .await
            .unwrap();
        turn_into(&world, &mut browser, "nell").await;
        assert_eq!(
            turn_into(&world, &mut browser, "ana").await,
            "/dashboard?done=connected-back"
        );
        assert_eq!(world.mails_to(own).await.len(), mails.len());
    })
    .await;
}

/// A ticked form is about the athlete whom it names, whoever was connected to the account meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_was_drawn_for_one_athlete_grants_nothing_of_another() {
    test(async |world| {
        free_nell(&world).await;
        let mut browser = world.signed_in(&world.ana().clone()).await;
        for (drawn, shown) in [("ana", "nell"), ("nell", "ana")] {
            turn_into(&world, &mut browser, drawn).await;
            let form = browser.get("/coaches/invite").await;
            let athlete = form.attribute("input[name=athlete]", "value").unwrap();
            turn_into(&world, &mut browser, shown).await;
            let fields = [
                ("email", "new@coach.example"),
                ("athlete", &athlete),
                ("note", "my note"),
                ("last-day", ""),
                ("tool-get_wellness", "on"),
            ];
            let page = browser.post("/coaches/invite", &fields).await;
            assert_eq!(page.status, 422);
            assert!(
                page.text()
                    .contains("Your account shows another athlete than when you opened this form"),
                "{}",
                page.text()
            );
            // What was typed stays, under the name of the athlete whom the account shows.
            assert_eq!(
                page.attribute("#email", "value").as_deref(),
                Some("new@coach.example")
            );
            assert_ne!(page.attribute("input[name=athlete]", "value").unwrap(), athlete);
            assert!(grants(&world).await.is_empty());
            assert!(world.mails_to("new@coach.example").await.is_empty());
        }
    })
    .await;
}

/// Connecting takes its locks in the same order as everyone else: the coach, then the grants.
#[tokio::test(flavor = "multi_thread")]
async fn connecting_another_athlete_waits_in_no_circle_with_a_coach_who_leaves() {
    test(async |world| {
        world.coaches().await;
        free_nell(&world).await;
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let coach = coach(&world).await;
        let mut leaving = world.app.pool.begin().await.unwrap();
        queries::coaches::locked(&mut *leaving, coach).await.unwrap();
        let leave = async {
            until_waiting(&url_of(&world.database), 1).await;
            let left = queries::grants::leave(&mut *leaving, coach, Leave::All).await;
            assert_eq!(left.unwrap().len(), 3);
            leaving.commit().await.unwrap();
        };
        let (went, ()) = tokio::join!(turn_into(&world, &mut browser, "nell"), leave);
        assert_eq!(went, "/dashboard?done=connected");
    })
    .await;
}

/// An ended grant does not resume, and what a coach's URL covers is only what it opens.
#[tokio::test(flavor = "multi_thread")]
async fn a_paused_grant_is_not_listed_as_covered_and_an_expired_one_has_ended() {
    test(async |world| {
        let url = world.coaches().await[0].link.clone();
        free_nell(&world).await;
        answer_of(&url, "get_fitness", json!({"athlete": "ana"})).await;
        sqlx::query("update grants set expires_at = $1 where athlete_id = 'i900001'")
            .bind(world.clock.now() + chrono::Duration::days(3))
            .execute(&world.app.pool)
            .await
            .unwrap();
        let mut browser = world.signed_in(&world.ana().clone()).await;
        turn_into(&world, &mut browser, "nell").await;

        world
            .browser()
            .post("/for-coaches/resend", &[("email", COACH)])
            .await;
        let (mut visitor, page) = world.opened(COACH).await;
        visitor.press(&page, &[]).await;
        let mails = world.mails_to(COACH).await;
        let text = &mails.last().unwrap().letter.text;
        assert!(
            text.contains("Jack Nguyen") && !text.contains("Ana Berger"),
            "{text}"
        );

        world.clock.advance(chrono::Duration::days(3));
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let page = browser.get("/coaches").await.text();
        assert!(
            page.contains("These have expired") && !page.contains("resume when the same"),
            "{page}"
        );
        let grant = grants(&world).await.remove(0);
        let before = world.mails_to(COACH).await.len();
        let gone = browser.post(&format!("/coaches/{}/revoke", grant.id), &[]).await;
        assert_eq!(gone.location(), "/coaches?done=removed");
        assert_eq!(world.mails_to(COACH).await.len(), before);
    })
    .await;
}

/// The resent invite names the last day in the athlete's time zone.
#[tokio::test(flavor = "multi_thread")]
async fn an_invite_that_wakes_names_the_last_day_of_before() {
    test(async |world| {
        free_nell(&world).await;
        let tria = world.tria().clone();
        // So that the zone is known.
        answer_of(&tria.link, "get_athlete_profile", json!({})).await;
        let mut browser = world.signed_in(&tria).await;
        let coach = "new@coach.example";
        invite(&mut browser, coach, "get_fitness", "2026-12-31").await;
        let first = world.mails_to(coach).await.remove(0).letter.text;
        turn_into(&world, &mut browser, "nell").await;
        turn_into(&world, &mut browser, "tria").await;
        let mails = world.mails_to(coach).await;
        let again = &mails.last().unwrap().letter.text;
        for text in [&first, again] {
            assert!(text.contains("Access until Thursday, 31 December 2026"), "{text}");
        }
        let url = first.split("/mcp/").nth(1).unwrap();
        world.secret(url.split_whitespace().next().unwrap());
    })
    .await;
}
