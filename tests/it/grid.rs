//! Every athlete of the demo, every tool: a correct and readable answer, or a correct and helpful refusal, each on record.
//!
//! The records in `snapshots/` are what a model reads; read a changed one as the athlete would.

use icusync::tools::{CATALOGUE, Run, Tool};
use serde_json::json;

use crate::world;

/// The most bytes of each tool's default answer: what a conversation pays for a question.
const BYTES: [(&str, usize); 13] = [
    ("get_athlete_profile", 2000),
    ("get_training_history", 4400),
    ("get_training_summary", 3000),
    ("get_activity_detail", 3200),
    ("get_extended_metrics", 2800),
    ("get_climb_segments", 1200),
    ("get_best_efforts", 1300),
    ("find_intervals", 3600),
    ("get_fitness", 2500),
    ("get_power_curves", 1400),
    ("get_wellness", 1400),
    ("get_events", 4700),
    ("get_library", 1000),
];

/// The same for the other tools that read.
const SHORT: usize = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn every_athlete_gets_an_answer_or_a_helpful_refusal_from_every_tool() {
    world::test(async |world| {
        world.with_everything_shared().await;
        world.with_every_group().await;
        for seeded in &world.people {
            let listed = world.mcp(&seeded.link).request("tools/list", json!({})).await;
            let listed = listed.answer["result"]["tools"].as_array().unwrap();
            assert_eq!(listed.len(), CATALOGUE.len());
            // What changes something is refused before it knows whose it is, and the guide is the same for everyone.
            let reads =
                |tool: &&Tool| matches!(tool.run, Run::Read(_) | Run::ReadChanges(_) | Run::ReadLinks(_));
            for tool in CATALOGUE.iter().filter(reads) {
                let name = tool.name();
                // A person without an activity asks for one that nobody has.
                let asked = world.defaults(seeded, tool).await;
                let asked = asked.unwrap_or_else(|| json!({"id": "i1"}));
                let call = world.mcp(&seeded.link).call(name, asked).await;
                assert_eq!(call.status, 200, "{}", call.answer);
                let text = call.text();
                let person = seeded.person;
                if call.is_error() {
                    assert!(text.starts_with("Not done: "), "{name}: {text}");
                } else {
                    let line = text.lines().next().unwrap();
                    assert!(line.starts_with(&format!("{} · ", person.name)), "{name}: {line}");
                    assert!(
                        line.contains(&format!(" · {}, today 2026-11-2", person.timezone)),
                        "{name}: {line}"
                    );
                }
                let most = BYTES
                    .iter()
                    .find(|(of, _)| *of == name)
                    .map_or(SHORT, |(_, most)| *most);
                assert!(
                    text.len() <= most,
                    "{name} for {}: {} bytes\n{text}",
                    person.name,
                    text.len()
                );
                for (bad, why) in [
                    ("null", "a null is nothing to a reader"),
                    ("NaN", "not a number"),
                    ("inf", "not a number"),
                    ("\t\t\n", "a row of nothing"),
                    ("None", "a word of our language"),
                    ("Some(", "a word of our language"),
                    ("\u{202e}", "turns the text around"),
                ] {
                    // "None of" is English.
                    let said = text.replace("None of", "");
                    assert!(!said.contains(bad), "{name} for {}: {why}\n{text}", person.name);
                }
                for other in world
                    .people
                    .iter()
                    .filter(|other| other.person.slug != person.slug)
                {
                    assert!(!text.contains(other.person.name), "{name}: {text}");
                }
                let record = if call.is_error() {
                    format!("(a tool error)\n{text}")
                } else {
                    text.to_owned()
                };
                // A link is another one each time.
                let record: Vec<&str> = record
                    .lines()
                    .map(|line| {
                        if line.contains("/files/icud_") {
                            "(a link)"
                        } else {
                            line
                        }
                    })
                    .collect();
                let record = record.join("\n");
                insta::assert_snapshot!(format!("{}__{name}", person.slug), record);
            }
        }
    })
    .await;
}
