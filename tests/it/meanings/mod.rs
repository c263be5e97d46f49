//! What a number means, on small inputs from life: upstream serves just these rows, a client asks, and the answer is read.
//!
//! One file for each family of tools. Rows are invented; fields not shown are absent.

mod calendar;
mod detail;
mod fitness;
mod lists;
mod metrics;
mod odd;
mod one_activity;
mod roster;
mod training;
mod unread;
mod wellness;

use std::sync::Arc;

use icusync::demo::seed::Seeded;
use serde_json::Value;

use crate::world::{self, World};

/// Saturday 2026-11-28 in everyone's zone; 10:00 in Berlin.
const NOW: &str = "2026-11-28T09:00:00Z";

/// Runs `body` on that Saturday.
async fn on_saturday<F: Future<Output = ()>>(body: impl FnOnce(Arc<World>) -> F) {
    world::test(async |world| {
        world.clock.set(NOW.parse().unwrap());
        body(world).await;
    })
    .await;
}

/// Upstream serves these rows for an athlete: `{"activities": […], "events": […], "wellness": […], "streams": {…}}`.
fn give(world: &World, seeded: &Seeded, rows: Value) {
    let rows = serde_json::from_value(rows).unwrap();
    assert!(world.sim.give(seeded.person.slug, rows));
}

/// The text of an answer through an athlete's own connector.
async fn ask(world: &Arc<World>, seeded: &Seeded, tool: &str, arguments: Value) -> String {
    ask_at(world, &seeded.link, tool, arguments).await
}

/// The text of an answer through a connector.
async fn ask_at(world: &Arc<World>, link: &str, tool: &str, arguments: Value) -> String {
    let call = world.mcp(link).call(tool, arguments).await;
    assert!(!call.is_error(), "{}", call.text());
    call.text().to_owned()
}

/// The paths that upstream was asked for by a call, without those of the daily look at the profile.
async fn asked_for(world: &Arc<World>, link: &str, tool: &str, arguments: Value) -> (String, Vec<String>) {
    let path_of_profile = |path: &str| {
        path.strip_prefix("/api/v1/athlete/")
            .is_some_and(|rest| !rest.contains('/'))
    };
    world.sim.clear_requests();
    let text = ask_at(world, link, tool, arguments).await;
    let paths = world.sim.requests().into_iter().map(|request| request.path);
    (text, paths.filter(|path| !path_of_profile(path)).collect())
}

/// The cells of the row of a table that begins with `first`, by the headers of the line that begins with `header`.
fn row(text: &str, header: &str, first: &str) -> std::collections::BTreeMap<String, String> {
    let line = |start: &str| {
        let found = text.lines().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no line begins with {start}: {text}"))
    };
    let cells = line(first).split('\t').map(str::to_owned);
    line(header).split('\t').map(str::to_owned).zip(cells).collect()
}
