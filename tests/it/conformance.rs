//! The protocol's own conformance suite, in both eras: against the service as it is, and against [`fixtures`] behind the
//! service's front door.
//!
//! What the suite wants and does not get is in `tests/clients/conformance/*.yml`, each with its reason. An entry that no
//! longer fails, fails the test.

#[expect(
    deprecated,
    reason = "the older revision still asks for what the newer one has dropped"
)]
mod fixtures;

use std::{collections::BTreeSet, path::Path, time::Duration};

use icusync::{
    config::Config,
    mail::transport::Transport,
    mcp, routes,
    secrets::Random,
    server,
    start::{self, Ingredients},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::fixtures::Fixtures;
use crate::{
    clients::{node, package, script},
    world::{self, World},
};

/// The suite takes some seconds, and longer on a machine that is also building.
const LIMIT: Duration = Duration::from_mins(4);

/// What one run of the suite said of each scenario.
struct Verdict {
    whole: String,
    passed: BTreeSet<String>,
}

impl Verdict {
    /// Asserts that these scenarios, which the revision runs but does not score, passed too.
    fn also_passed(&self, scenarios: &[&str]) {
        for scenario in scenarios {
            assert!(self.passed.contains(*scenario), "{scenario}\n{}", self.whole);
        }
    }
}

/// Runs what `revision` requires of servers, judged by a baseline that holds exactly what fails.
async fn run(world: &World, url: &str, revision: &str, baseline: &str) -> Verdict {
    let baseline = script(&format!("conformance/{baseline}-{revision}.yml"));
    let suite = package("@modelcontextprotocol/conformance/dist/index.js");
    let arguments = [
        &suite,
        "server",
        "--url",
        url,
        "--requirements",
        revision,
        "--expected-failures",
        &baseline,
    ];
    let run = node(world, &arguments, LIMIT).await;
    assert!(run.success, "{}", run.whole);
    let entries = |text: &str, mark: &str| -> BTreeSet<String> {
        let entries = text.lines().filter_map(|line| line.strip_prefix(mark));
        entries.map(|entry| entry.trim().to_owned()).collect()
    };
    // The suite itself skips an entry whose check never ran.
    assert_eq!(
        entries(&std::fs::read_to_string(Path::new(&baseline)).unwrap(), "  - "),
        entries(&run.whole, "  ~ "),
        "the baseline and what failed\n{}",
        run.whole
    );
    // `✓ scenario: 3 passed, 0 failed`; a scenario with nothing to check has passed nothing.
    let passed = run
        .whole
        .lines()
        .filter_map(|line| line.strip_prefix("✓ ")?.split_once(": "))
        .filter(|(_, counts)| !counts.starts_with("0 passed"))
        .map(|(scenario, _)| scenario);
    Verdict {
        passed: passed.map(str::to_owned).collect(),
        whole: run.whole.clone(),
    }
}

/// The fixtures behind the service's layers, hosts, gate and accept loop; returns their URL.
async fn serve_fixtures(world: &World, shutdown: CancellationToken) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut config = world.app.config.clone();
    config.link_url = format!("http://127.0.0.1:{port}").parse().unwrap();
    config.public_url = format!("http://localhost:{port}").parse().unwrap();
    let ingredients = Ingredients {
        pool: world.app.pool.clone(),
        keys: world.app.keys.clone(),
        mail: Transport::Captured(world.mails.clone()),
        clock: world.clock.clone(),
        random: Random::from_os(),
    };
    let app = start::app(config, ingredients).unwrap();
    let router = routes::service_with(app, |app| mcp::mount(app, Fixtures::default()));
    tokio::spawn(server::serve(listener, router, shutdown));
    format!(
        "http://127.0.0.1:{port}/mcp/{}",
        world.ana().link.rsplit('/').next().unwrap()
    )
}

async fn with_fixtures(revision: &'static str, also: &'static [&'static str]) {
    let strict = |config: &mut Config| config.mcp_header_shim = false;
    world::test_with(strict, async |world| {
        let shutdown = CancellationToken::new();
        let _end = shutdown.clone().drop_guard();
        let url = serve_fixtures(&world, shutdown).await;
        run(&world, &url, revision, "fixtures").await.also_passed(also);
    })
    .await;
}

async fn as_it_is(revision: &'static str, also: &'static [&'static str]) {
    let strict = |config: &mut Config| config.mcp_header_shim = false;
    world::test_with(strict, async |world| {
        let url = world.ana().link.clone();
        run(&world, &url, revision, "service").await.also_passed(also);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_passes_what_2026_07_28_requires_of_any_server() {
    as_it_is("2026-07-28", &["http-header-validation"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_passes_what_2025_11_25_requires_of_any_server() {
    as_it_is("2025-11-25", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fixtures_behind_the_endpoint_pass_2026_07_28() {
    let also = &[
        "http-header-validation",
        "http-custom-header-server-validation",
        "json-schema-2020-12",
    ];
    with_fixtures("2026-07-28", also).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fixtures_behind_the_endpoint_pass_2025_11_25() {
    with_fixtures("2025-11-25", &["json-schema-2020-12"]).await;
}
