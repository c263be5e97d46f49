//! The activity log on screen: the owner's calls, all of them, page by page.

use icusync::{
    ids::LogId,
    queries::{self, activity_log::Entry},
};

use crate::world::{Page, test};

#[tokio::test(flavor = "multi_thread")]
async fn the_activity_log_is_the_owners_and_turns_its_pages() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let account = queries::accounts::by_email(&world.app.pool, world.ana().person.email)
            .await
            .unwrap()
            .unwrap()
            .id;
        for n in 0..65 {
            world.clock.advance(chrono::Duration::minutes(1));
            let entry = Entry {
                id: LogId(world.app.random.uuid(&world.clock)),
                at: world.clock.now(),
                account_id: account,
                athlete_id: world.ana().person.athlete_id.to_owned(),
                caller: None,
                client: format!("client-{n:02}"),
                tool: "get_fitness".to_owned(),
                access: "read".to_owned(),
                outcome: "ok".to_owned(),
                duration_ms: 420,
                upstream_requests: 1,
            };
            queries::activity_log::write(&world.app.pool, &entry)
                .await
                .unwrap();
        }
        let mut seen = Vec::new();
        let mut path = "/activity".to_owned();
        loop {
            let page = browser.get(&path).await;
            let clients = clients_on(&page);
            assert!(clients.len() <= 30);
            seen.extend(clients);
            let older = scraper::Html::parse_document(&page.body)
                .select(&scraper::Selector::parse("nav[aria-label=Pages] a[href*=before]").unwrap())
                .next()
                .map(|link| link.attr("href").unwrap().to_owned());
            match older {
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
            "explain select * from activity_log where account_id = $1 and ($2::uuid is null or id < $2) order by id desc limit 30",
        )
        .bind(uuid::Uuid::nil())
        .bind(uuid::Uuid::max())
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains("activity_log_account_id_id_idx") && !plan.contains("Sort"), "{plan}");
        // The pool gets it back as it was.
        sqlx::query("reset all").execute(&mut *connection).await.unwrap();
    })
    .await;
}

fn clients_on(page: &Page) -> Vec<String> {
    let html = scraper::Html::parse_document(&page.body);
    let cells = scraper::Selector::parse("td[data-label=Client]").unwrap();
    html.select(&cells).map(|cell| cell.text().collect()).collect()
}
