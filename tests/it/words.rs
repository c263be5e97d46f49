//! The closed sets of `src/words.rs` against the database: the same words, no literal of them in SQL except where an index needs
//! one, and rows of an earlier version. And wordings that the pages and emails no longer use.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use icusync::{
    jobs,
    queries::sealed::Store,
    secrets::Held,
    words::{
        Access, ChangeState, ConnectionKind, ConnectionStatus, ConsentPurpose, Failure, JobKind, JobState,
        MailLinkKind, MemberStatus, Outcome, Purpose, ZoneSource,
    },
};
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};

use crate::world::{fresh_database, test, url_of};

/// The columns that a check confines to words, with the words of their types.
fn confined() -> BTreeMap<&'static str, Vec<String>> {
    BTreeMap::from([
        ("activity_log.access", Access::words()),
        ("connections.kind", ConnectionKind::words()),
        ("connections.status", ConnectionStatus::words()),
        ("connections.zone_source", ZoneSource::words()),
        ("installation.kind", Purpose::words()),
        ("jobs.kind", JobKind::words()),
        ("jobs.state", JobState::words()),
        ("mail_links.kind", MailLinkKind::words()),
        ("oauth_states.purpose", ConsentPurpose::words()),
        ("changes.state", ChangeState::words()),
    ])
}

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort();
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_takes_exactly_the_words_that_there_are() {
    let mut db = PgConnection::connect(&url_of(&fresh_database().await))
        .await
        .unwrap();
    sqlx::migrate!().run(&mut db).await.unwrap();
    let checks: Vec<(String, String)> = sqlx::query_as(
        "select conrelid::regclass || '.' || a.attname, pg_get_constraintdef(c.oid)
         from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
         where contype = 'c' and cardinality(conkey) = 1",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    // The text between quotes: `CHECK ((kind = ANY (ARRAY['oauth'::text, 'api_key'::text])))`.
    let words_of =
        |check: &str| -> Vec<String> { check.split('\'').skip(1).step_by(2).map(str::to_owned).collect() };
    let taken: BTreeMap<&str, Vec<String>> = checks
        .iter()
        .map(|(column, check)| (column.as_str(), sorted(words_of(check))))
        .filter(|(_, words)| !words.is_empty())
        .collect();
    let known = confined()
        .into_iter()
        .map(|(column, words)| (column, sorted(words)))
        .collect();
    assert_eq!(taken, known);
}

/// The planner may use a partial index only where the query names its word: these stay, and no others.
const LITERALS: [(&str, &str, usize); 3] = [
    ("accounts.rs", "disconnected", 1),
    ("connections.rs", "disconnected", 1),
    ("jobs.rs", "pending", 3),
];

#[test]
fn sql_spells_a_word_only_where_an_index_needs_it() {
    let mut words: Vec<String> = confined().into_values().flatten().collect();
    words.extend([MemberStatus::words(), Outcome::words(), Failure::words()].concat());
    words.extend([Held::words(), Store::words()].concat());
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/queries")).unwrap() {
        let file = file.unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        let name = file.file_name().into_string().unwrap();
        for word in &words {
            let count = text.matches(&format!("'{word}'")).count();
            if count > 0 {
                found.insert((name.clone(), word.clone()), count);
            }
        }
    }
    let expected = LITERALS.map(|(file, word, count)| ((file.to_owned(), word.to_owned()), count));
    assert_eq!(found, BTreeMap::from(expected));
    assert_eq!(
        LITERALS.map(|(_, word, _)| word),
        [
            ConnectionStatus::Disconnected.as_str(),
            ConnectionStatus::Disconnected.as_str(),
            JobState::Pending.as_str()
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_and_the_search_for_an_athlete_go_by_their_indexes() {
    let mut db = PgConnection::connect(&url_of(&fresh_database().await))
        .await
        .unwrap();
    sqlx::migrate!().run(&mut db).await.unwrap();
    // For a table with hardly a row every plan is a scan.
    db.execute("set enable_seqscan = off").await.unwrap();
    // As a statement that is prepared for every value: its parameters are not known yet.
    db.execute("set plan_cache_mode = force_generic_plan")
        .await
        .unwrap();
    for (statement, index) in [
        (
            "select id from jobs where state = 'pending' and run_at <= $1 and kind = $2 order by run_at, id limit 8",
            "jobs_run_at_idx",
        ),
        (
            "select count(*) from jobs where state = 'pending' and kind = $2 and run_at <= $1",
            "jobs_run_at_idx",
        ),
        (
            "select from connections where athlete_id = $1 and kind = $2 and status <> 'disconnected'",
            "connections_athlete",
        ),
    ] {
        db.execute("deallocate all").await.unwrap();
        db.execute(sqlx::AssertSqlSafe(format!("prepare looked as {statement}")))
            .await
            .unwrap();
        let plan = db.fetch_all("explain execute looked (null, null)").await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        assert!(
            plan.iter().any(|line| line.contains(index)),
            "{statement}: {plan:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_version_wrote_is_read_and_what_a_later_one_writes_is_left_alone() {
    test(async |world| {
        let mut browser = world.browser();
        let asked = [("email", world.ana().person.email)];
        assert_eq!(browser.post("/forgot", &asked).await.status, 303);
        let prose = [
            ("not delivered for now", "not_delivered"),
            ("took too long", "took_too_long"),
            ("refused for good", "refused_for_good"),
            ("panicked", "panicked"),
            ("unknown kind", "other"),
            ("a reason of the year 2030", "other"),
        ];
        let mut ana = world.signed_in(world.ana()).await;
        for (stored, word) in prose {
            sqlx::query("update jobs set failure = $1").bind(stored).execute(&world.app.pool).await.unwrap();
            let file: Value = serde_json::from_str(&ana.post("/account/export", &[]).await.body).unwrap();
            let jobs = file["mails_and_revokes"].as_array().unwrap();
            assert!(!jobs.is_empty() && jobs.iter().all(|job| job["failure"] == word), "{stored}: {jobs:?}");
            assert_eq!(ana.get("/dashboard").await.status, 200);
        }
        // Only a later version works on a kind of its own, which stops neither the others nor the check of the keys.
        for change in [
            "alter table jobs drop constraint jobs_kind_check",
            "insert into jobs (id, kind, name, payload, state, created_at, run_at)
             select gen_random_uuid(), 'forecast', 'x', payload, state, created_at, run_at - interval '1 hour' from jobs limit 1",
        ] {
            world.app.pool.execute(change).await.unwrap();
        }
        assert_eq!(jobs::run_due(&world.app).await.unwrap(), 1);
        assert_eq!(world.mails_to(world.ana().person.email).await.len(), 1);
        let look = jobs::look(&world.app.pool, &world.app.keys).await.unwrap();
        assert_eq!(look.lost(), 0);
        let waiting: i32 = sqlx::query_scalar("select attempts from jobs where kind = 'forecast' and state = 'pending'")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(waiting, 0, "nobody here has tried it");
        world.app.pool.execute("delete from jobs where kind = 'forecast'").await.unwrap();
    })
    .await;
}

/// Wordings that are not English or are words for something else, and what took their place. See "How we write" in
/// CONTRIBUTING.md.
const NO_LONGER: [(&str, &str); 25] = [
    ("for the moment", "now"),
    ("at the moment", "now"),
    ("takes back", "revokes, undoes"),
    ("took back", "revoked, undid"),
    ("holds at once", "takes effect at the next call"),
    ("lets you do", "granted you"),
    ("let you do", "granted you"),
    ("what you may do", "what you were granted"),
    ("You may use", "Granted you"),
    ("fell asleep", "is paused"),
    ("is awake", "has resumed"),
    ("wakes up", "resumes"),
    ("goes on failing", "keeps failing"),
    ("go on working", "keep working"),
    ("computed anew", "recomputed"),
    ("have it mailed", "resend it"),
    ("Have it mailed", "Resend it"),
    ("have it replaced", "regenerate it"),
    ("Regenerate my token", "Regenerate my URL"),
    ("whoever invites", "anyone who invites"),
    ("Whoever holds", "Anyone who has"),
    ("Nobody grants you", "You have no grants"),
    ("look after", "secure, check"),
    ("Look into", "Check"),
    ("Nothing helped", "Still stuck"),
];

#[test]
fn no_page_and_no_email_goes_back_to_a_wording_that_was_replaced() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 100);
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for (wording, instead) in NO_LONGER {
            if text.contains(wording) {
                found.push(format!("{}: “{wording}” ({instead})", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
