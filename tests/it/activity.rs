//! The activity log on screen: the owner's calls, all of them or those that fit, page by page, and as a file.

use icusync::{
    ids::{AccountId, LogId},
    queries::{self, activity_log::Entry},
    words::{Access, Outcome},
};

use crate::world::{Page, World, test};

async fn account_of(world: &World, email: &str) -> AccountId {
    let account = queries::accounts::by_email(&world.app.pool, email).await.unwrap();
    account.unwrap().id
}

/// One call, now.
async fn write(world: &World, account: AccountId, client: &str, tool: &str, outcome: Outcome) {
    let entry = Entry {
        id: LogId(world.app.random.uuid(&world.clock)),
        at: world.clock.now(),
        account_id: account,
        athlete_id: world.ana().person.athlete_id.to_owned(),
        caller: None,
        coach_id: None,
        client: client.to_owned(),
        tool: tool.to_owned(),
        access: Access::Read,
        outcome,
        duration_ms: 420,
        upstream_requests: 1,
        calls: 1,
    };
    queries::activity_log::write(&world.app.pool, &entry)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_activity_log_is_the_owners_and_turns_its_pages() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let account = account_of(&world, world.ana().person.email).await;
        for n in 0..65 {
            world.clock.advance(chrono::Duration::minutes(1));
            write(
                &world,
                account,
                &format!("client-{n:02}"),
                "get_fitness",
                Outcome::Ok,
            )
            .await;
        }
        let mut seen = Vec::new();
        let mut path = "/activity".to_owned();
        loop {
            let page = browser.get(&path).await;
            let clients = clients_on(&page);
            assert!(clients.len() <= 30);
            seen.extend(clients);
            match older_on(&page) {
                Some(older) => path = older,
                None => break,
            }
        }
        let expected: Vec<String> = (0..65).rev().map(|n| format!("client-{n:02}")).collect();
        assert_eq!(seen, expected, "each row once, newest first");
        let mut jack = world.signed_in(&world.jack().clone()).await;
        assert!(
            clients_on(&jack.get(&path).await).is_empty(),
            "nobody sees another's calls"
        );
        assert!(browser.get("/dashboard").await.text().contains("client-64"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_log_is_read_from_an_index_and_not_sorted() {
    test(async |world| {
        let mut connection = world.app.pool.acquire().await.unwrap();
        // So that a table of no rows is planned like one of many.
        for off in ["set enable_seqscan = off", "set enable_sort = off"] {
            sqlx::query(off).execute(&mut *connection).await.unwrap();
        }
        let plan: Vec<String> = sqlx::query_scalar(
            "explain select * from activity_log where account_id = $1 and ($2::uuid is null or id < $2) \
             and ($3::text is null or tool = $3) order by id desc limit 30",
        )
        .bind(uuid::Uuid::nil())
        .bind(uuid::Uuid::max())
        .bind("get_fitness")
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        let plan = plan.join("\n");
        assert!(
            plan.contains("activity_log_account_id_id_idx") && !plan.contains("Sort"),
            "{plan}"
        );
        // The pool gets it back unchanged.
        sqlx::query("reset all").execute(&mut *connection).await.unwrap();
    })
    .await;
}

fn clients_on(page: &Page) -> Vec<String> {
    let html = scraper::Html::parse_document(&page.body);
    let cells = scraper::Selector::parse("td[data-label=Client]").unwrap();
    html.select(&cells).map(|cell| cell.text().collect()).collect()
}

fn older_on(page: &Page) -> Option<String> {
    page.attribute("nav[aria-label=Pages] a[href*=before]", "href")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_finds_what_fits_and_its_pages_do_not_shift_while_calls_arrive() {
    test(async |world| {
        let ana = world.ana().clone();
        let account = account_of(&world, ana.person.email).await;
        let mut browser = world.signed_in(&ana).await;
        for n in 0..70 {
            world.clock.advance(chrono::Duration::seconds(30));
            let (client, tool, outcome) = match n % 5 {
                0 => ("Claude & \"co\" 1.0", "get_wellness", Outcome::Ok),
                1 => ("Cursor 2", "get_fitness", Outcome::Busy),
                2 => ("Cursor 2", "get_fitness", Outcome::Panic),
                _ => ("Cursor 2", "get_fitness", Outcome::Ok),
            };
            write(&world, account, client, tool, outcome).await;
        }
        let count = async |browser: &mut crate::world::Browser, query: &str| {
            let page = browser.get(&format!("/activity.csv?{query}")).await;
            assert_eq!(page.status, 200, "{query}");
            page.body.lines().count() - 1
        };
        for (query, expected) in [
            ("", 70),
            ("tool=get_wellness", 14),
            ("tool=get_fitness&outcome=ok", 28),
            ("outcome=failed", 28),
            ("outcome=busy", 14),
            ("outcome=ours", 14),
            ("access=read", 70),
            ("access=write", 0),
            ("client=Cursor+2", 56),
            ("client=Claude+%26+%22co%22+1.0&outcome=failed", 0),
            ("tool=nonsense", 0),
            ("from=2026-11-21&to=2026-11-21", 70),
            ("from=2026-11-22", 0),
            ("to=2026-11-20", 0),
        ] {
            assert_eq!(count(&mut browser, query).await, expected, "{query}");
        }
        // 42 of 70 were answered: a page of 30 and a page of 12, though a call arrives between them.
        let first = browser.get("/activity?outcome=ok").await;
        assert_eq!(clients_on(&first).len(), 30);
        let chosen = first.attribute("#outcome option[selected]", "value");
        assert_eq!(chosen.as_deref(), Some("ok"), "the form shows what it filters");
        world.clock.advance(chrono::Duration::seconds(1));
        write(&world, account, "Late", "get_fitness", Outcome::Ok).await;
        let older = older_on(&first).unwrap();
        assert!(older.contains("outcome=ok&before="), "{older}");
        let second = browser.get(&older).await;
        assert_eq!(clients_on(&second).len(), 12);
        assert!(!clients_on(&second).contains(&"Late".to_owned()) && older_on(&second).is_none());
        assert!(second.attribute("nav[aria-label=Pages] a", "href").unwrap() == "/activity?outcome=ok");
        // The client's name survives the form and the link to the file.
        let one = browser.get("/activity?client=Claude+%26+%22co%22+1.0").await;
        assert_eq!(
            one.attribute("#client option[selected]", "value").as_deref(),
            Some("Claude & \"co\" 1.0")
        );
        let file = one.attribute("a[download]", "href").unwrap();
        assert_eq!(browser.get(&file).await.body.lines().count(), 15);
        assert!(one.text().contains("Show all"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_the_athletes_own_and_a_bad_day_is_reported() {
    test(async |world| {
        // 08:00 in UTC on the 21st; Melbourne is eleven hours ahead. At 14:00 UTC it is the 22nd there.
        let jack = world.jack().clone();
        let account = account_of(&world, jack.person.email).await;
        let mut browser = world.signed_in(&jack).await;
        world
            .mcp(&jack.link)
            .call("get_athlete_profile", serde_json::json!({}))
            .await;
        world.clock.advance(chrono::Duration::hours(6));
        write(&world, account, "After midnight", "get_fitness", Outcome::Ok).await;
        let page = browser.get("/activity?from=2026-11-22&to=2026-11-22").await;
        assert_eq!(clients_on(&page), ["After midnight"]);
        assert_eq!(clients_on(&browser.get("/activity?to=2026-11-21").await).len(), 1);
        let wrong = browser.get("/activity?from=2026-11-23&to=2026-11-22").await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text().contains("The last day lies before the first one."));
        assert!(clients_on(&wrong).is_empty());
        let wrong = browser.get("/activity?from=gestern&to=2026-13-01").await;
        assert_eq!(
            wrong.text().matches("Write a day as year, month and day").count(),
            2
        );
        assert_eq!(browser.get("/activity.csv?from=gestern").await.status, 400);
        assert_eq!(browser.get("/activity?tool=a&tool=b").await.status, 400);
        for (query, says) in [
            ("?tool=get_wellness", "No call matches this filter."),
            ("?before=00000000-0000-0000-0000-000000000000", "No older calls."),
            (
                "?tool=get_wellness&before=00000000-0000-0000-0000-000000000000",
                "No older calls that match.",
            ),
        ] {
            let page = browser.get(&format!("/activity{query}")).await;
            assert!(page.text().contains(says), "{query}: {}", page.text());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_the_owners_whole_and_harmless() {
    test(async |world| {
        let ana = world.ana().clone();
        let account = account_of(&world, ana.person.email).await;
        let mut browser = world.signed_in(&ana).await;
        sqlx::query("update connections set zone = 'Europe/Berlin', zone_source = 'settings' where account_id = $1")
            .bind(account.0)
            .execute(&world.app.pool)
            .await
            .unwrap();
        // More than two reads of a thousand, with evil in the first and the last row.
        write(&world, account, "=HYPERLINK(\"http://evil\",\"x\")", "get_fitness", Outcome::Ok).await;
        sqlx::query(
            "insert into activity_log select gen_random_uuid(), at, account_id, athlete_id, caller, 'Zürich, 1', tool, access, \
             outcome, duration_ms, upstream_requests from activity_log, generate_series(1, 2500) where account_id = $1",
        )
        .bind(account.0)
        .execute(&world.app.pool)
        .await
        .unwrap();
        let page = browser.get("/activity.csv").await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), "text/csv; charset=utf-8; header=present");
        assert_eq!(
            page.header("content-disposition"),
            "attachment; filename=\"icusync-activity-2026-11-21.csv\""
        );
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        let lines: Vec<&str> = page.body.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 2502);
        assert!(lines[0].starts_with("time (UTC),time (athlete),time zone,athlete id,who,client,tool,"));
        let evil: Vec<&&str> = lines.iter().filter(|line| line.contains("HYPERLINK")).collect();
        assert_eq!(
            evil,
            [&&*format!(
                "2026-11-21T08:00:00Z,2026-11-21 09:00:00,Europe/Berlin,{},You,\
                 \"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\",get_fitness,read,Answered,420,1,1",
                ana.person.athlete_id
            )]
        );
        assert_eq!(lines.iter().filter(|line| line.contains(",\"Zürich, 1\",")).count(), 2500);
        let mut jack = world.signed_in(&world.jack().clone()).await;
        assert_eq!(jack.get("/activity.csv").await.body.lines().count(), 1, "the head alone");
        let away = world.browser().get("/activity.csv").await;
        assert!(away.location().starts_with("/sign-in"));
    })
    .await;
}
