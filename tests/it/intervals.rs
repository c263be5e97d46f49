//! find_intervals through its front door.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::world::{self, World};

#[tokio::test(flavor = "multi_thread")]
async fn explore_for_now() {
    world::test(async |world| {
        for seeded in &world.people {
            let mcp = world.mcp(&seeded.link);
            let listed = mcp
                .call(
                    "get_training_history",
                    json!({"limit": 60, "oldest": "2026-09-21"}),
                )
                .await;
            let ids: Vec<&str> = listed
                .text()
                .lines()
                .filter(|l| l.starts_with("2026-"))
                .filter_map(|l| l.rsplit('\t').next())
                .collect();
            println!("##### {}", seeded.person.name);
            let mut shown = 0;
            for id in ids {
                world.sim.clear_requests();
                let call = mcp.call("find_intervals", json!({"like": id})).await;
                if call.text().contains("no intervals to compare") || call.text().contains("came from Strava")
                {
                    continue;
                }
                println!(
                    "=== like {id} {} requests\n{}\n",
                    world.sim.requests().len(),
                    call.text()
                );
                shown += 1;
                if shown == 3 {
                    break;
                }
            }
            for args in [
                json!({"length": "8m", "intensity": "90-105%"}),
                json!({"length":"3-5m","intensity":"240-300W"}),
                json!({"length":"1km","sport":"run"}),
                json!({"intensity":"165bpm","length":"5-20m"}),
                json!({"length":"100mtr","sport":"swim","limit":3}),
                json!({"length":"10-13m","oldest":"2017-01-01"}),
            ] {
                world.sim.clear_requests();
                let start = std::time::Instant::now();
                let call = mcp.call("find_intervals", args.clone()).await;
                println!(
                    "=== {args} {} requests {:?}\n{}\n",
                    world.sim.requests().len(),
                    start.elapsed(),
                    call.text()
                );
            }
        }
    })
    .await;
}
