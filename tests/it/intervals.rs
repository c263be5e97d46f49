//! find_intervals through its front door: the same session months apart, for the athlete and for a coach, and what cannot be
//! compared.

use std::sync::Arc;

use icusync::demo::seed::Seeded;
use serde_json::{Value, json};

use crate::world::{self, World};

const TOOL: &str = "find_intervals";

/// The text of an answer, and the paths that upstream was asked for, without the daily look at the profile.
async fn ask(world: &Arc<World>, link: &str, arguments: Value) -> (String, Vec<String>) {
    world.sim.clear_requests();
    let call = world.mcp(link).call(TOOL, arguments).await;
    assert!(!call.is_error(), "{}", call.text());
    let asked = world.sim.requests().into_iter().map(|request| request.path);
    (call.text().to_owned(), asked.collect())
}

/// The newest activity of a person with this in its name.
async fn newest(world: &Arc<World>, seeded: &Seeded, name: &str) -> String {
    let mcp = world.mcp(&seeded.link);
    let listed = mcp
        .call(
            "get_training_history",
            json!({"query": name, "oldest": "2026-01-01"}),
        )
        .await;
    let row = listed
        .text()
        .lines()
        .find(|line| line.contains(name) && line.starts_with("2026-"));
    let id = row.and_then(|row| row.rsplit('\t').next());
    id.unwrap_or_else(|| panic!("{}", listed.text())).to_owned()
}

/// The rows of a table, as cells by the headers of the line before them.
fn rows(text: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut headers: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines().filter(|line| line.contains('\t')) {
        let cells: Vec<&str> = line.split('\t').collect();
        if cells[0] == "date" {
            headers = cells;
        } else {
            let row = headers.iter().zip(cells);
            found.push(
                row.map(|(name, cell)| ((*name).to_owned(), cell.to_owned()))
                    .collect(),
            );
        }
    }
    found
}

fn give(world: &World, seeded: &Seeded, activities: &[Value]) {
    let given = serde_json::from_value(json!({ "activities": activities })).unwrap();
    assert!(world.sim.give(seeded.person.slug, given));
}

/// So many repetitions of so many seconds at these watts.
fn ride(id: &str, day: &str, (reps, secs, watts): (u32, u32, u32), more: &Value) -> Value {
    let lap = |kind: &str, from: u32, secs: u32, watts: u32| {
        json!({"type": kind, "start_time": from, "end_time": from + secs, "moving_time": secs, "elapsed_time": secs,
            "average_watts": watts, "weighted_average_watts": watts, "average_heartrate": 150, "intensity": watts * 100 / 250})
    };
    let mut laps = vec![lap("RECOVERY", 0, 600, 120)];
    for rep in 0..reps {
        let from = 600 + rep * (secs + 180);
        laps.push(lap("WORK", from, secs, watts));
        laps.push(lap("RECOVERY", from + secs, 180, 120));
    }
    let mut ride = json!({"id": id, "type": "Ride", "name": "Threshold", "start_date_local": format!("{day}T17:00:00"),
        "moving_time": 5400, "elapsed_time": 5400, "icu_ftp": 250, "lthr": 165, "icu_average_watts": 190, "source": "WAHOO",
        "analyzed": "2026-11-20T19:00:00Z", "icu_lap_count": laps.len(), "icu_intervals": laps});
    for (key, value) in more.as_object().unwrap() {
        ride[key] = value.clone();
    }
    ride
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_session_months_ago_is_one_answer_of_four_requests() {
    world::test(async |world| {
        let ana = world.ana();
        let id = newest(&world, ana, "Threshold 4x8").await;
        let (text, asked) = ask(&world, &ana.link, json!({"like": id})).await;
        assert!(asked.len() <= 4, "{asked:?}");
        let found = rows(&text);
        assert!(found.len() > 3, "{text}");
        let first = &found[0];
        assert_eq!(
            first["change W"], "=",
            "the newest of its name is the reference: {text}"
        );
        assert!(first["set"] == "4× 0:08:00" && first["id"] == id, "{text}");
        let of_name = |row: &&std::collections::BTreeMap<String, String>| row["name"] == "«Threshold 4x8»";
        let others: Vec<_> = found[1..].iter().filter(of_name).collect();
        assert!(others.len() > 2, "{text}");
        let watts = |row: &std::collections::BTreeMap<String, String>| row["W"].parse::<i64>().unwrap();
        for row in &others {
            let change = watts(row) - watts(first);
            let shown = row["change W"].split(' ').next().unwrap().parse::<i64>().unwrap();
            assert_eq!(shown, change, "{row:?}");
            let (low, high) = row["lowest–highest W"].split_once('–').unwrap();
            let (low, high): (i64, i64) = (low.parse().unwrap(), high.parse().unwrap());
            assert!(low <= watts(row) && watts(row) <= high, "{row:?}");
        }
        assert!(text.contains("changes are against the reference"), "{text}");
        assert!(text.contains("closed to the API by Strava"), "{text}");
        // What the laps of one of them say in detail is what the row says.
        let detail = world
            .mcp(&ana.link)
            .call("get_activity_detail", json!({"id": others[0]["id"]}))
            .await;
        let set = format!("4× 0:08:00 · {} W", others[0]["W"]);
        assert!(detail.text().contains(&set), "{set}: {}", detail.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_by_pace_in_the_athletes_own_unit() {
    world::test(async |world| {
        let tria = world.tria();
        let (text, asked) = ask(
            &world,
            &tria.link,
            json!({"sport": "run", "length": "8-9m", "intensity": "7:50-8:50/mi", "reps": 3}),
        )
        .await;
        assert!(asked.len() <= 4, "{asked:?}");
        let found = rows(&text);
        assert!(found.len() > 2, "{text}");
        for row in found {
            assert!(
                row["pace /mi"].as_str() >= "7:50" && row["pace /mi"].as_str() <= "8:50",
                "{row:?}"
            );
            assert!(
                row["each"].ends_with(" mi") && row["set"].starts_with("3× "),
                "{row:?}"
            );
        }
        assert!(text.contains("changes are against the oldest row"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_compares_where_it_is_granted_and_nowhere_else() {
    world::test(async |world| {
        let coaches = world.coaches().await;
        let (ana, tria) = (world.ana(), world.tria());
        let id = newest(&world, ana, "Threshold 4x8").await;
        let (own, _) = ask(&world, &ana.link, json!({"like": id})).await;
        let link = &coaches[0].link;
        let (text, _) = ask(&world, link, json!({"like": id, "athlete": ana.person.name})).await;
        let named = format!("{} ({}) · ", ana.person.name, ana.person.athlete_id);
        assert_eq!(text, own.replacen(&format!("{} · ", ana.person.name), &named, 1));
        // Tríona granted fitness, wellness and the calendar.
        world.sim.clear_requests();
        let refused = world
            .mcp(link)
            .call(TOOL, json!({"length": "8m", "athlete": tria.person.name}))
            .await;
        assert!(
            refused.is_error() && refused.text().contains("has not granted find_intervals"),
            "{}",
            refused.text()
        );
        assert!(world.sim.requests().is_empty());
        // Ana's activity is none of Jack's.
        let jack = world.jack().person.name;
        let foreign = world
            .mcp(link)
            .call(TOOL, json!({"like": id, "athlete": jack}))
            .await;
        assert!(
            foreign.is_error() && !foreign.text().contains("Threshold"),
            "{}",
            foreign.text()
        );
    })
    .await;
}

/// Hard case 221: the search knows no dates and answers its newest matches only.
#[tokio::test(flavor = "multi_thread")]
async fn ten_years_are_searched_beyond_the_newest_matches_and_the_answer_says_how() {
    world::test(async |world| {
        let jack = world.jack();
        let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let mut all: Vec<Value> = (0..120)
            .map(|at| {
                let day = today - chrono::Days::new(2 * at);
                ride(
                    &format!("i{}", 5000 + at),
                    &day.to_string(),
                    (4, 480, 250),
                    &json!({}),
                )
            })
            .collect();
        let summary = json!({"interval_summary": ["4x 8m 240w"]});
        all.push(ride("i9", "2018-03-06", (4, 480, 240), &summary));
        let other = json!({"interval_summary": ["10x 1m 340w"]});
        all.push(ride("i8", "2018-02-06", (10, 60, 340), &other));
        give(&world, jack, &all);
        let asked_for =
            json!({"length": "8m", "intensity": "90-105%", "oldest": "2016-11-23", "newest": "2019-01-01"});
        let (text, asked) = ask(&world, &jack.link, asked_for).await;
        assert!(asked.len() <= 4, "{asked:?}");
        let found = rows(&text);
        assert!(found.len() == 1 && found[0]["id"] == "i9", "{text}");
        assert!(
            text.contains("gives its newest 100 matches only, here back to 2026-05-"),
            "{text}"
        );
        // Over all of it, what is not read yet is named with the call that reads it.
        let whole = json!({"length": "8m", "intensity": "90-105%", "oldest": "2016-11-23"});
        let (text, asked) = ask(&world, &jack.link, whole.clone()).await;
        assert!(asked.len() <= 4 && rows(&text).len() == 20, "{text}");
        let next = text
            .split("use newest=")
            .nth(1)
            .unwrap()
            .split('.')
            .next()
            .unwrap();
        let mut again = whole;
        again["newest"] = json!(next);
        let (more, _) = ask(&world, &jack.link, again).await;
        let ids = |text: &str| {
            rows(text)
                .into_iter()
                .map(|row| row["id"].clone())
                .collect::<Vec<_>>()
        };
        let (one, other) = (ids(&text), ids(&more));
        assert!(one.iter().all(|id| !other.contains(id)), "no row twice: {more}");
        assert_eq!(other[0], "i5020", "and none left out: {more}");
    })
    .await;
}

/// Hard case 222: watts, and no FTP that turns them into the percent of the search.
#[tokio::test(flavor = "multi_thread")]
async fn watts_are_found_without_an_ftp() {
    world::test(async |world| {
        let jack = world.jack();
        let bare = |watts: &str| json!({"icu_ftp": null, "interval_summary": [format!("4x 8m {watts}w")]});
        let mut rides = [
            ride("i1", "2026-11-18", (4, 480, 250), &bare("250")),
            ride("i2", "2026-08-18", (4, 480, 241), &bare("241")),
        ];
        for lap in rides
            .iter_mut()
            .flat_map(|ride| ride["icu_intervals"].as_array_mut().unwrap())
        {
            lap["intensity"] = Value::Null;
        }
        give(&world, jack, &rides);
        for arguments in [
            json!({"length": "8m", "intensity": "235-255W"}),
            json!({"like": "i1"}),
        ] {
            let (text, asked) = ask(&world, &jack.link, arguments).await;
            assert!(asked.len() <= 4, "{asked:?}");
            let found = rows(&text);
            assert_eq!(found.len(), 2, "{text}");
            assert!(found[0]["W"] == "250" && found[1]["W"] == "241", "{text}");
            assert!(
                text.contains("% of FTP is missing where no FTP was set"),
                "{text}"
            );
        }
    })
    .await;
}

/// Hard case 223: another FTP, another power meter, indoors and outdoors between the sets.
#[tokio::test(flavor = "multi_thread")]
async fn what_makes_two_sets_hard_to_compare_is_named() {
    world::test(async |world| {
        let jack = world.jack();
        let rides = [
            ride(
                "i1",
                "2026-11-18",
                (3, 720, 225),
                &json!({"power_meter": "FAVERO ASSIOMA", "trainer": true}),
            ),
            ride(
                "i2",
                "2026-08-18",
                (3, 720, 210),
                &json!({"power_meter": "4iiii", "icu_ftp": 233}),
            ),
            // Hearts that no strap heard, and a set that ended early.
            ride("i3", "2026-07-18", (2, 720, 0), &json!({})),
        ];
        give(&world, jack, &rides);
        let (text, _) = ask(&world, &jack.link, json!({"like": "i1"})).await;
        let found = rows(&text);
        assert_eq!(
            found.len(),
            2,
            "a power meter that sent zeros measured nothing: {text}"
        );
        let (now, then) = (&found[0], &found[1]);
        assert!(
            now["% of FTP then"] == "90" && now["% of newest FTP"] == "90",
            "{text}"
        );
        assert!(
            then["% of FTP then"] == "90" && then["% of newest FTP"] == "84",
            "{text}"
        );
        assert_eq!(then["change W"], "-15 (-6.7 %)", "{text}");
        assert!(now["where"] == "indoor" && then["where"].is_empty(), "{text}");
        assert!(
            now["power by"] == "FAVERO ASSIOMA" && then["power by"] == "4iiii",
            "{text}"
        );
        for says in [
            "FTP 233 W, FTP 250 W",
            "different devices (4iiii, FAVERO ASSIOMA)",
            "Indoors: 1 of 2 sets",
        ] {
            assert!(text.contains(says), "{says}: {text}");
        }
    })
    .await;
}

/// Hard case 224: an activity that has no set to compare with.
#[tokio::test(flavor = "multi_thread")]
async fn an_activity_without_a_set_says_why_and_costs_one_request() {
    world::test(async |world| {
        let jack = world.jack();
        let auto: Vec<Value> = (0..6)
            .map(|at| {
                json!({"type": "WORK", "start_time": at * 300, "end_time": at * 300 + 300, "moving_time": 300,
                "elapsed_time": 300, "distance": 1000, "average_speed": 3.33, "intensity": 80})
            })
            .collect();
        let run = json!({"type": "Run", "icu_lap_count": 6, "icu_intervals": auto});
        let stub = json!({"id": "99", "source": "STRAVA", "start_date_local": "2026-11-12T08:00:00",
            "_note": "STRAVA activities are not available via the API"});
        let rides = [
            ride("i1", "2026-11-18", (0, 0, 0), &run),
            ride("i2", "2026-11-17", (0, 0, 0), &json!({"icu_intervals": null})),
            ride(
                "i3",
                "2026-11-16",
                (0, 0, 0),
                &json!({"icu_intervals": null, "analyzed": null}),
            ),
            ride(
                "i4",
                "2026-11-15",
                (0, 0, 0),
                &json!({"icu_intervals": null, "source": "MANUAL"}),
            ),
            ride("i5", "2026-11-14", (0, 0, 0), &json!({})),
            stub,
        ];
        give(&world, jack, &rides);
        for (id, says) in [
            ("i1", "its laps are the device's auto-laps"),
            ("i2", "intervals.icu lists none"),
            ("i3", "not analysed it yet"),
            ("i4", "entered by hand"),
            ("i5", "none of its laps is a part that was worked"),
            ("99", "came from Strava"),
        ] {
            let (text, asked) = ask(&world, &jack.link, json!({"like": id})).await;
            assert!(text.contains(says), "{text}");
            assert_eq!(
                asked.iter().filter(|path| path.contains("/activity/")).count(),
                1,
                "{asked:?}"
            );
            assert!(
                !asked.iter().any(|path| path.contains("interval-search")),
                "{asked:?}"
            );
        }
        // In a search by length, auto-laps are left out and named.
        let (text, _) = ask(&world, &jack.link, json!({"length": "5m", "sport": "run"})).await;
        assert!(
            text.contains("1 activity with laps of that length left out: auto-laps"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edited_intervals_are_a_set_without_upstreams_groups() {
    world::test(async |world| {
        let jack = world.jack();
        let edited = json!({"icu_intervals_edited": true, "lock_intervals": true});
        let rides = [
            ride("i1", "2026-11-18", (5, 360, 236), &edited),
            ride("i2", "2026-11-04", (5, 360, 231), &json!({})),
        ];
        give(&world, jack, &rides);
        let (text, _) = ask(&world, &jack.link, json!({"like": "i1"})).await;
        let found = rows(&text);
        assert!(
            found.len() == 2 && found.iter().all(|row| row["set"] == "5× 0:06:00"),
            "{text}"
        );
        assert_eq!(found[1]["change W"], "-5 (-2.1 %)");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_arguments_are_refused_by_name_before_anything_is_read() {
    world::test(async |world| {
        let ana = world.ana();
        for (arguments, says) in [
            (json!({}), "say what to find"),
            (
                json!({"length": "400m"}),
                "length must be at most 5 hours: m means minutes",
            ),
            (
                json!({"length": "8"}),
                "length must be a time or a distance with its unit",
            ),
            (
                json!({"length": "8m", "intensity": "hard"}),
                "intensity must be one of",
            ),
            (json!({"like": "../i1"}), "like must be an activity id"),
            (json!({"length": "8m", "reps": 0}), "reps must be a whole number"),
            (
                json!({"length": "8m", "limit": 31}),
                "limit must be a whole number from 1 to 30",
            ),
            (json!({"length": "8m", "sport": "quidditch"}), "sport must be"),
            (
                json!({"length": "8m", "oldest": "2010-01-01"}),
                "at most 3653 days",
            ),
            (json!({"lenght": "8m"}), "Did you mean length?"),
        ] {
            world.sim.clear_requests();
            let call = world.mcp(&ana.link).call(TOOL, arguments.clone()).await;
            assert!(
                call.is_error() && call.text().contains(says),
                "{arguments}: {}",
                call.text()
            );
            let asked = world.sim.requests();
            assert!(
                asked.iter().all(|request| !request.path.contains("/activit")),
                "{arguments}"
            );
        }
    })
    .await;
}
