//! Planned workouts written, changed, deleted and taken back over MCP: what is said of each is what the simulator holds.

use std::sync::Arc;

use icusync::{demo::seed::Seeded, mail::Address, queries};
use serde_json::{Value, json};

use crate::world::{self, World};

/// Saturday 2026-11-28 in everyone's zone; 10:00 in Berlin.
const NOW: &str = "2026-11-28T09:00:00Z";

const THRESHOLD: &str =
    "Warmup\n- 15m ramp 50-70%\n\n4x\n- 8m 96-100%\n- 4m 55% intensity=recovery\n\nCooldown\n- 10m 50%";

async fn on_saturday<F: Future<Output = ()>>(body: impl FnOnce(Arc<World>) -> F) {
    world::test(async |world| {
        world.clock.set(NOW.parse().unwrap());
        body(world).await;
    })
    .await;
}

/// Lets an athlete's own connector change the calendar.
pub(crate) async fn may_write(world: &World, seeded: &Seeded) {
    let address = Address::parse(seeded.person.email).unwrap();
    let account = queries::accounts::by_email(&world.app.pool, &address.key)
        .await
        .unwrap()
        .unwrap();
    queries::links::set_may_write(&world.app.pool, account.id, Some(true))
        .await
        .unwrap();
}

/// The text of an answer, an error or not.
async fn say(world: &Arc<World>, link: &str, tool: &str, arguments: Value) -> String {
    world.mcp(link).call(tool, arguments).await.text().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn look() {
    on_saturday(async |world| {
        let ana = world.ana();
        may_write(&world, ana).await;
        let push = json!({"workouts": [
            {"sport": "Ride", "date": "2026-12-03 Thu", "name": "Threshold 4x8", "text": THRESHOLD, "note": "Stay seated."},
            {"sport": "WeightTraining", "date": "2026-12-04", "name": "Strength A", "note": "- Squats 3x10\n- Plank 3x1m", "minutes": 45, "load": 20},
        ]});
        for (tool, arguments) in [
            ("push_workout", { let mut push = push.clone(); push["preview"] = json!(true); push }),
            ("push_workout", push.clone()),
            ("push_workout", push.clone()),
            ("list_changes", json!({})),
            ("edit_workout", json!({"date": "2026-12-03", "name": "threshold", "new_date": "2026-12-05", "length_percent": 75})),
            ("edit_workout", json!({"date": "2026-12-05", "name": "threshold", "note": "Ride outside."})),
            ("undo_change", json!({"changes": "4, 3", "preview": true})),
            ("undo_change", json!({"changes": "4, 3"})),
            ("delete_workout", json!({"date": "2026-12-04", "name": "Strength A"})),
            ("delete_workout", json!({"oldest": "2026-11-28", "newest": "2026-12-06"})),
            ("list_changes", json!({})),
            ("undo_change", json!({"changes": "1-6"})),
            ("list_changes", json!({})),
            ("push_workout", json!({"workouts": [{"sport": "Run", "date": "2026-12-03 Fri", "name": "x"}]})),
            ("push_workout", json!({"workouts": [{"sport": "Run", "date": "2026-12-03", "name": "x", "text": "- 400m 95% Pace\n- 10m 150-160bpm"}]})),
        ] {
            world.sim.clear_requests();
            let text = say(&world, &ana.link, tool, arguments.clone()).await;
            println!("=== {tool} {arguments}\n{text}\n--- {} requests", world.sim.requests().len());
            world.clock.advance(chrono::Duration::seconds(1));
        }
    })
    .await;
}
