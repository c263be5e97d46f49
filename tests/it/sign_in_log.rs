//! The log of sign-ins as an operator prints it: `icusync log sign-ins`. What a person sees of it is in `apps` and `factors`.

use std::sync::Arc;

use chrono::Duration;
use icusync::{secrets::KeyRing, time::Clock};

use crate::{
    factors::{first_step, step, with_codes},
    passkeys::{at_sign_in, send, with_passkey},
    serve_command::run,
    world::{World, scratch, test, url_of},
};

/// Waits until the log has so many rows: some are written after the answer.
async fn rows(world: &World, wanted: i64) {
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let there: i64 = sqlx::query_scalar("select count(*) from sign_in_log")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        if there == wanted {
            return;
        }
        assert!(tokio::time::Instant::now() < until, "{there} rows, not {wanted}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// What the command prints, by line and column.
async fn printed(world: &World, options: &[&str]) -> Vec<Vec<String>> {
    let folder = scratch("log-sign-ins");
    std::fs::create_dir_all(&folder).unwrap();
    let arguments = [&["log", "sign-ins"], options].concat();
    let (url, keys) = (url_of(&world.database), KeyRing::generate(&world.app.random));
    // Far from UTC, so that a local time would show.
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("SEAL_KEYS", keys.as_str()),
        ("TZ", "Asia/Kathmandu"),
    ];
    let (ok, said, errors) = run(&arguments, &folder, &settings).await;
    assert!(ok && errors.is_empty(), "{said}{errors}");
    std::fs::remove_dir_all(&folder).unwrap();
    for secret in world.secrets() {
        assert!(!said.contains(&secret), "a secret is printed: {}…", &secret[..6]);
    }
    for never in [
        "icul_", "icus_", "icum_", "icua_", "icur_", "icuc_", "$argon2", "\u{1b}",
    ] {
        assert!(!said.contains(never), "{never} is printed: {said}");
    }
    let line = |line: &str| line.split('\t').map(str::to_owned).collect();
    said.lines().map(line).collect()
}

/// Everybody signs in in one of the ways, a second apart; the lines that the log must have, oldest first.
async fn sign_ins(world: &Arc<World>) -> Vec<[String; 7]> {
    let (ana, jack) = (world.ana().clone(), world.jack().clone());
    let mut lines: Vec<[String; 7]> = Vec::new();
    let mut expect = async |words: [&str; 6]| {
        let at = world.clock.now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let [who, email, outcome, way, factor, client] = words.map(str::to_owned);
        lines.push([at, who, email, outcome, way, factor, client]);
        rows(world, i64::try_from(lines.len()).unwrap()).await;
        world.clock.advance(Duration::seconds(31));
    };
    let (to_ana, to_jack) = (ana.person.email, jack.person.email);

    let wrong = [("email", to_ana), ("password", "not the password")];
    world.browser().post("/sign-in", &wrong).await;
    expect(["athlete", to_ana, "wrong_password", "password", "-", "-"]).await;
    let (_, app, codes) = with_codes(world, &ana).await;
    expect(["athlete", to_ana, "granted", "password", "-", "-"]).await;
    let mut browser = first_step(world, &ana).await;
    assert_eq!(step(&mut browser, "no code").await, "/sign-in/factor?said=wrong");
    expect(["athlete", to_ana, "wrong_factor", "password", "-", "-"]).await;
    assert_eq!(step(&mut browser, &app.code(world, 0)).await, "/activity");
    expect(["athlete", to_ana, "granted", "password", "code", "-"]).await;
    let mut browser = first_step(world, &ana).await;
    assert_eq!(step(&mut browser, &codes[0]).await, "/activity");
    expect(["athlete", to_ana, "granted", "password", "recovery_code", "-"]).await;

    let (_, key) = with_passkey(world, &jack).await;
    expect(["athlete", to_jack, "granted", "password", "-", "-"]).await;
    let (mut browser, asked) = at_sign_in(world).await;
    let inside = send(&mut browser, &asked, &key.get(&asked)).await;
    assert_eq!(inside.location(), "/dashboard", "{}", inside.text());
    expect(["athlete", to_jack, "granted", "passkey", "passkey", "-"]).await;

    let coach = world.coaches().await.remove(0).email;
    world.app_of_coach(coach, false).await;
    expect(["coach", coach, "granted", "email", "-", "Claude (claude.ai)"]).await;
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_reads_who_came_by_which_way_and_factor_and_no_secret() {
    test(async |world| {
        // The command goes by the machine's clock.
        let now = Clock::system().now();
        world.clock.set(now - Duration::hours(1));
        let lines = sign_ins(&world).await;
        let jacks = world.jack().person.email;
        let whole = |line: &[String; 7]| {
            let mut line = line.to_vec();
            line.extend(["127.0.0.0/24", "Mozilla/5.0 (Test; rv:1.0)"].map(str::to_owned));
            line
        };
        let newest_first: Vec<Vec<String>> = lines.iter().rev().map(whole).collect();
        assert_eq!(printed(&world, &[]).await, newest_first);
        let his: Vec<Vec<String>> = newest_first
            .iter()
            .filter(|line| line[2] == jacks)
            .cloned()
            .collect();
        assert_eq!(his.len(), 2);
        assert_eq!(printed(&world, &["--of", &jacks.to_uppercase()]).await, his);

        // A week, unless another time is asked for.
        world.clock.set(now - Duration::days(10));
        world.signed_in(world.nell()).await;
        rows(&world, i64::try_from(lines.len() + 1).unwrap()).await;
        assert_eq!(printed(&world, &[]).await.len(), lines.len());
        let more = printed(&world, &["--days", "11"]).await;
        assert_eq!(more.len(), lines.len() + 1);
        assert_eq!(more.last().unwrap()[2], world.nell().person.email);

        // What a client calls itself makes no line and no column, and does nothing to a terminal.
        sqlx::query("update sign_in_log set client = E'Evil\tgranted\x1b[2J\nathlete'")
            .execute(&world.app.pool)
            .await
            .unwrap();
        let evil = printed(&world, &[]).await;
        assert_eq!(evil.len(), lines.len());
        for line in evil {
            assert_eq!(
                (line.len(), line[6].as_str()),
                (9, "Evil granted [2J athlete"),
                "{line:?}"
            );
        }
    })
    .await;
}
