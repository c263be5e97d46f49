//! Form, fitness and what today holds.

use serde_json::json;

use super::{ask, give, on_saturday, row};

#[tokio::test(flavor = "multi_thread")]
async fn rows_given_to_upstream_are_what_a_client_reads() {
    on_saturday(async |world| {
        give(
            &world,
            world.ana(),
            json!({"wellness": [{"id": "2026-11-27", "ctl": 60.0, "atl": 55.0, "ctlLoad": 0, "atlLoad": 0}]}),
        );
        let text = ask(&world, world.ana(), "get_fitness", json!({})).await;
        let day = row(&text, "date", "2026-11-27 Fri");
        assert_eq!(
            (day["CTL"].as_str(), day["form"].as_str()),
            ("60.0", "+5.0"),
            "{text}"
        );
    })
    .await;
}
