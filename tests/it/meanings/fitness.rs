//! Form, fitness and what today holds.

use std::sync::Arc;

use chrono::Duration;
use icusync::demo::seed::Seeded;
use serde_json::{Value, json};

use super::{ask, ask_at, asked_for, give, on_saturday, row};
use crate::{roster::change, world::World};

/// The row of `day`, where upstream computed it from the end of the day before, `(CTL, ATL)`, and this load.
fn day(date: &str, before: (f64, f64), load: f64) -> (Value, (f64, f64)) {
    let step = |value: f64, days: f64| value + (load - value) * (1.0 - (-1.0 / days).exp());
    let end = (step(before.0, 42.0), step(before.1, 7.0));
    let row = json!({"id": date, "ctl": end.0, "atl": end.1, "ctlLoad": load, "atlLoad": load});
    (row, end)
}

/// Yesterday, ended with this CTL and ATL, and today with this load.
fn until_today(yesterday: (f64, f64), load: f64) -> Value {
    let today = day("2026-11-28", yesterday, load).0;
    json!([{"id": "2026-11-27", "ctl": yesterday.0, "atl": yesterday.1, "ctlLoad": 0, "atlLoad": 0}, today])
}

/// A workout of today that is not paired.
fn planned(load: u32) -> Value {
    json!({"id": 501, "category": "WORKOUT", "type": "Ride", "start_date_local": "2026-11-28T00:00:00",
        "icu_training_load": load, "moving_time": 3600, "paired_activity_id": null})
}

/// A ride of today.
fn ridden(load: u32) -> Value {
    json!({"id": "i1", "type": "Ride", "start_date_local": "2026-11-28T08:00:00", "moving_time": 3600, "icu_training_load": load})
}

/// Upstream serves these rows for Ana from now on, to those who ask the same again, too.
async fn give_ana(world: &World, rows: Value) {
    give(world, world.ana(), rows);
    forget(world).await;
}

/// No answer of upstream is kept.
async fn forget(world: &World) {
    let statement = "update connections set write_number = write_number + 1";
    sqlx::query(statement).execute(&world.app.pool).await.unwrap();
}

/// The connector of a coach whom `seeded` grants these tools.
async fn coach(world: &Arc<World>, seeded: &Seeded, tools: &[&str]) -> String {
    let link = world.coaches().await.remove(0).link;
    change(world, seeded, tools, None).await;
    link
}

fn line<'a>(text: &'a str, start: &str) -> &'a str {
    let found = text.lines().find(|line| line.starts_with(start));
    found.unwrap_or_else(|| panic!("no line begins with {start}: {text}"))
}

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

#[tokio::test(flavor = "multi_thread")]
async fn form_of_a_morning_is_the_row_before() {
    on_saturday(async |world| {
        let rows = json!([
            {"id": "2026-11-26", "ctl": 60.0, "atl": 50.0, "ctlLoad": 0, "atlLoad": 0},
            {"id": "2026-11-27", "ctl": 59.0, "atl": 44.0, "ctlLoad": 0, "atlLoad": 0},
            {"id": "2026-11-28", "ctl": 57.6, "atl": 38.2, "ctlLoad": 0, "atlLoad": 0},
            {"id": "2026-11-29", "ctl": 61.5, "atl": 59.7, "ctlLoad": 200, "atlLoad": 200},
        ]);
        give(
            &world,
            world.ana(),
            json!({"wellness": rows, "activities": [], "events": []}),
        );
        let text = ask(&world, world.ana(), "get_fitness", json!({})).await;
        let race = row(&text, "date", "2026-11-29 Sun");
        assert_eq!(
            (race["form"].as_str(), race["form a.m."].as_str()),
            ("+1.8", "+19.4"),
            "{text}"
        );
        let today = row(&text, "date", "2026-11-28 Sat");
        assert_eq!(
            (today["form a.m."].as_str(), today["load"].as_str()),
            ("+15.0", "0 so far"),
            "{text}"
        );
        assert_eq!(row(&text, "date", "2026-11-27 Fri")["form a.m."], "", "{text}");
        assert_eq!(
            text.matches("Each row is the end of its day, its load included")
                .count(),
            1
        );
        // Of a few days each has it.
        let past = json!({"oldest": "2026-11-27", "newest": "2026-11-28"});
        let text = ask(&world, world.ana(), "get_fitness", past).await;
        assert_eq!(row(&text, "date", "2026-11-28 Sat")["form a.m."], "+15.0", "{text}");
        let before = json!([{"id": "2026-11-18", "ctl": 61.0, "atl": 50.5}, {"id": "2026-11-19", "ctl": 60.0, "atl": 45.0}]);
        give(&world, world.tria(), json!({"wellness": before, "activities": [], "events": []}));
        let one = json!({"oldest": "2026-11-19", "newest": "2026-11-19"});
        let (text, asked) = asked_for(&world, &world.tria().link, "get_fitness", one).await;
        assert_eq!(row(&text, "date", "2026-11-19 Thu")["form a.m."], "+10.5", "{text}");
        assert_eq!(asked.len(), 1, "{asked:?}");
        // The first row of a range has it too, for the same requests.
        for oldest in ["2026-11-28", "2026-11-29"] {
            let given = json!({"oldest": oldest, "newest": "2026-11-29"});
            forget(&world).await;
            let (text, asked) = asked_for(&world, &world.ana().link, "get_fitness", given).await;
            assert_eq!(
                row(&text, "date", "2026-11-29 Sun")["form a.m."],
                "+19.4",
                "{text}"
            );
            assert_eq!(
                row(&text, "date", "2026-11-28 Sat")["form a.m."],
                "+15.0",
                "{text}"
            );
            assert!(!text.contains("\n2026-11-27"), "{text}");
            assert_eq!(asked.len(), 2, "{asked:?}");
        }
        let past = ask(
            &world,
            world.ana(),
            "get_fitness",
            json!({"newest": "2026-11-27"}),
        )
        .await;
        assert!(!past.contains("a.m.") && !past.contains("today's"), "{past}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ride_that_is_only_planned_is_not_todays_form() {
    on_saturday(async |world| {
        for (yesterday, done, plan, row_says, with, without) in [
            ((60.0, 55.0), 0, 75, "0 + planned 75", "CTL 60.4 · ATL 57.7 · form +2.7", "CTL 58.6 · ATL 47.7 · form +10.9"),
            ((60.0, 55.0), 41, 43, "41 + planned 43", "CTL 60.6 · ATL 58.9 · form +1.7", "CTL 59.6 · ATL 53.1 · form +6.4"),
            ((35.0, 70.0), 20, 120, "20 + planned 120", "CTL 37.5 · ATL 79.3 · form -41.8", "CTL 34.6 · ATL 63.3 · form -28.7"),
        ] {
            let activities = if done == 0 { json!([]) } else { json!([ridden(done)]) };
            let load = f64::from(done + plan);
            let rows = json!({"wellness": until_today(yesterday, load), "activities": activities, "events": [planned(plan)]});
            give_ana(&world, rows).await;
            let (text, asked) = asked_for(&world, &world.ana().link, "get_fitness", json!({})).await;
            assert_eq!(asked.len(), 3, "{asked:?}");
            let today = row(&text, "date", "2026-11-28 Sat");
            assert_eq!(today["load"], row_says, "{text}");
            assert_eq!(format!("CTL {} · ATL {} · form {}", today["CTL"], today["ATL"], today["form"]), with, "{text}");
            let today = line(&text, "Today ");
            assert!(today.starts_with(&format!("Today with what is done only: {without} (")), "{text}");
            assert!(today.ends_with(&format!(", computed by IcuSync. Its row also holds {plan} that is only planned.")), "{text}");
            assert!(!text.contains("not counted above"), "{text}");
            // The highest CTL was not today's with the plan.
            assert!(!text.contains("highest 60.4 on 2026-11-28"), "{text}");
            assert!(line(&text, "Of these days").starts_with("Of these days, up to today with what is done only: highest CTL "), "{text}");
            // The week as well: planned load is not done.
            let week = ask(&world, world.ana(), "get_fitness", json!({"step": "week"})).await;
            assert_eq!(row(&week, "week", "2026-11-23")["load"], row_says, "{week}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_todays_row_leaves_the_plan_out_it_is_not_taken_out_again() {
    on_saturday(async |world| {
        for (yesterday, done) in [((60.0, 55.0), 41), ((35.0, 70.0), 120)] {
            let mut run = planned(75);
            run["type"] = json!("Run");
            let rows = json!({"wellness": until_today(yesterday, f64::from(done)), "activities": [ridden(done)], "events": [run]});
            give_ana(&world, rows).await;
            let text = ask(&world, world.ana(), "get_fitness", json!({})).await;
            assert_eq!(row(&text, "date", "2026-11-28 Sat")["load"], format!("{done} so far"), "{text}");
            assert!(!text.contains("only planned"), "{text}");
            // What is still to be done is named, and where today ends with it.
            let (_, end) = day("2026-11-28", yesterday, f64::from(done) + 75.0);
            let says = format!("Still planned today, not counted above: load 75. With it, form at the end of today (tomorrow a.m.) is {:+.1}, computed by IcuSync.", end.0 - end.1);
            assert_eq!(line(&text, "Still planned"), says, "{text}");
        }
        // The ride did the plan, though it is not paired with it.
        let rows = json!({"wellness": until_today((60.0, 55.0), 41.0), "activities": [ridden(41)], "events": [planned(75)]});
        give_ana(&world, rows).await;
        let text = ask(&world, world.ana(), "get_fitness", json!({})).await;
        assert_eq!(row(&text, "date", "2026-11-28 Sat")["load"], "41 so far", "{text}");
        assert!(!text.contains("planned today"), "{text}");
        // Nothing yet: the activities tell no more.
        let rows = json!({"wellness": until_today((60.0, 55.0), 0.0), "activities": [], "events": [planned(75)]});
        give_ana(&world, rows).await;
        let (text, asked) = asked_for(&world, &world.ana().link, "get_fitness", json!({})).await;
        assert_eq!((row(&text, "date", "2026-11-28 Sat")["load"].as_str(), asked.len()), ("0 so far", 2), "{text}");
        assert!(line(&text, "Today: ").starts_with("Today: CTL 58.6 · ATL 47.7 · form +10.9"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read_about_today_is_not_claimed() {
    on_saturday(async |world| {
        let rows =
            json!({"wellness": until_today((60.0, 55.0), 75.0), "activities": [], "events": [planned(50)]});
        give_ana(&world, rows).await;
        // The calendar without the activities.
        let link = coach(&world, world.ana(), &["get_fitness", "get_events"]).await;
        let given = json!({"athlete": "ana"});
        let (text, asked) = asked_for(&world, &link, "get_fitness", given.clone()).await;
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert!(
            line(&text, "Today: ").contains("may hold up to 50 of load that is only planned"),
            "{text}"
        );
        assert_eq!(
            row(&text, "date", "2026-11-28 Sat")["load"],
            "75 (up to 50 planned)",
            "{text}"
        );
        assert!(!text.contains("Projected days left out"), "{text}");
        // Nothing is planned, so the load was done.
        let rows = json!({"wellness": until_today((60.0, 55.0), 75.0), "events": []});
        give_ana(&world, rows).await;
        let text = ask_at(&world, &link, "get_fitness", given.clone()).await;
        assert_eq!(
            row(&text, "date", "2026-11-28 Sat")["load"],
            "75 so far",
            "{text}"
        );
        // Neither.
        change(&world, world.ana(), &["get_fitness"], None).await;
        let (text, asked) = asked_for(&world, &link, "get_fitness", given).await;
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(
            line(&text, "Today: ").contains("may hold load that is only planned"),
            "{text}"
        );
        assert_eq!(
            row(&text, "date", "2026-11-28 Sat")["load"],
            "75 (may be planned)",
            "{text}"
        );
        let selected = ask_at(&world, &link, "select_athlete", json!({"athlete": "ana"})).await;
        assert!(
            line(&selected, "Today: ").contains("may hold load that is only planned"),
            "{selected}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_of_todays_load_that_no_plan_has_is_not_called_planned() {
    on_saturday(async |world| {
        let paired = |id: &str| {
            let mut plan = planned(75);
            plan["paired_activity_id"] = json!(id);
            plan
        };
        let uploaded = json!({"id": "i1", "type": "Ride", "start_date_local": "2026-11-28T08:00:00", "moving_time": 3600,
            "icu_training_load": null, "paired_event_id": 501});
        for (activities, events, load) in [
            // Nothing is planned and nothing was recorded: a load by hand.
            (json!([]), json!([]), "75 so far"),
            // The ride is paired, and not analysed yet.
            (json!([uploaded]), json!([paired("i1")]), "75 so far"),
            // It did the plan, but is not paired with it yet.
            (json!([{"id": "i1", "type": "Ride", "start_date_local": "2026-11-28T08:00:00"}]), json!([planned(75)]), "75 (perhaps all planned)"),
            // The plans do not add up to what no activity has.
            (json!([]), json!([planned(60)]), "75 (up to 60 planned)"),
            (json!([ridden(30)]), json!([planned(120)]), "75 (up to 45 planned)"),
        ] {
            let rows = json!({"wellness": until_today((60.0, 55.0), 75.0), "activities": activities, "events": events});
            give_ana(&world, rows).await;
            let text = ask(&world, world.ana(), "get_fitness", json!({})).await;
            assert_eq!(row(&text, "date", "2026-11-28 Sat")["load"], load, "{text}");
            assert!(!text.contains("also holds") && !text.contains("not counted above"), "{text}");
        }
        // The calendar cannot be read: what no activity has may be planned.
        let rows = json!({"wellness": until_today((60.0, 55.0), 75.0), "activities": [ridden(30)],
            "answers": {"/events": {"odd": true}}});
        give_ana(&world, rows).await;
        let text = ask(&world, world.ana(), "get_fitness", json!({})).await;
        assert_eq!(row(&text, "date", "2026-11-28 Sat")["load"], "30 so far + 45 in no activity", "{text}");
        assert!(line(&text, "Today ").ends_with("Its row also holds 45 that is in no activity, perhaps only planned."), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_without_rows_is_no_sign_that_the_athlete_is_new() {
    on_saturday(async |world| {
        let yesterday = json!({"id": "2026-11-27", "ctl": 59.0, "atl": 44.0, "ctlLoad": 0, "atlLoad": 0});
        let given = json!({"wellness": [yesterday], "activities": [], "events": [planned(61)]});
        give(&world, world.ana(), given);
        let from = async |oldest: &str| {
            let given = json!({"oldest": oldest, "newest": oldest});
            ask(&world, world.ana(), "get_fitness", given).await
        };
        let text = from("2026-11-28").await;
        assert!(
            text.contains("\nintervals.icu has no fitness figures for today yet.\n"),
            "{text}"
        );
        assert!(
            text.contains("\nStill planned today (activities not read), not counted above: load 61."),
            "{text}"
        );
        assert!(!text.contains("they begin"), "{text}");

        let broken = json!([
            {"id": "2026-11-19", "ctl": 58.0, "atl": -1.0},
            {"id": "2026-11-27", "ctl": 59.0, "atl": 44.0, "ctlLoad": 0, "atlLoad": 0},
        ]);
        give(
            &world,
            world.ana(),
            json!({"wellness": broken, "activities": [], "events": []}),
        );
        let text = from("2026-11-19").await;
        assert!(
            text.contains("\nintervals.icu has no fitness figures in this range.\n"),
            "{text}"
        );
        assert!(
            text.contains("\n1 day left out: its CTL or ATL is missing or negative."),
            "{text}"
        );
        let text = from("2026-08-03").await;
        assert!(
            text.contains("in this range: they begin with the first activity that has a load."),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn today_without_a_row_and_figures_that_cannot_be_are_not_read_as_facts() {
    on_saturday(async |world| {
        let rows = json!([
            {"id": "2026-11-25", "ctl": -4.0, "atl": 50.0, "ctlLoad": 10, "atlLoad": 10},
            {"id": "2026-11-26", "ctl": 60.0, "atl": 50.0, "ctlLoad": -3, "atlLoad": -3},
            {"id": "2026-11-27", "ctl": 59.0, "atl": 44.0, "ctlLoad": 0, "atlLoad": 0},
        ]);
        for today in [
            json!({"id": "2026-11-28", "ctl": null, "atl": null}),
            json!({"id": "2026-11-30", "ctl": null}),
        ] {
            let mut rows = rows.clone();
            rows.as_array_mut().unwrap().push(today);
            give_ana(
                &world,
                json!({"wellness": rows, "activities": [], "events": [planned(61)]}),
            )
            .await;
            let text = ask(&world, world.ana(), "get_fitness", json!({})).await;
            assert!(text.contains("On 2026-11-27 Fri: CTL 59.0"), "{text}");
            assert!(
                text.contains("\nintervals.icu has no fitness figures for today yet.\n"),
                "{text}"
            );
            assert_eq!(
                line(&text, "Still planned"),
                "Still planned today (activities not read), not counted above: load 61.",
                "{text}"
            );
            let day = row(&text, "date", "2026-11-26 Thu");
            assert_eq!(
                (
                    day["CTL"].as_str(),
                    day.get("load").map(String::as_str).unwrap_or_default()
                ),
                ("60.0", ""),
                "{text}"
            );
            assert!(
                !text.contains("\n2026-11-25")
                    && text.contains("\n1 day left out: its CTL or ATL is missing or negative."),
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_morning_says_whether_todays_plan_is_in_it() {
    on_saturday(async |world| {
        let race = |date: &str| json!({"id": 502, "category": "RACE_A", "type": "Run", "start_date_local": format!("{date}T09:00:00")});
        let swim = json!({"id": 503, "category": "WORKOUT", "type": "Swim", "start_date_local": "2026-11-28T00:00:00",
            "icu_training_load": 33});
        let k = |days: f64| 1.0 - (-1.0 / days).exp();
        // What a load of today still changes two days later.
        let later = |load: f64| load * (k(42.0) * (-2.0_f64 / 42.0).exp() - k(7.0) * (-2.0_f64 / 7.0).exp());
        for (load, activities, plans, form, says) in [
            (0.0, json!([]), json!([planned(75)]), format!("+18.0 ({:+.1} with today's plan)", 18.0 + later(75.0)),
                "; after today a projection from what is planned until then, without today's open load 75 (IcuSync computed the figure with it)."),
            (75.0, json!([]), json!([planned(75)]), format!("+18.0 ({:+.1} without today's plan)", 18.0 - later(75.0)),
                "; after today a projection from what is planned until then, with today's open load 75 (IcuSync computed the figure without it)."),
            (0.0, json!([]), json!([]), "+18.0".to_owned(), "; after today a projection, and nothing is planned between today and 2026-12-01 Tue: both only fall."),
            (40.0, json!([ridden(40)]), json!([swim]), format!("+18.0 ({:+.1} with today's plan)", 18.0 + later(33.0)),
                "; after today a projection from what is planned until then, without today's open load 33 (IcuSync computed the figure with it)."),
            // What is closed by Strava may be the load of today.
            (40.0, json!([{"id": "1", "source": "STRAVA", "start_date_local": "2026-11-28T07:00:00"}]), json!([swim]), "+18.0".to_owned(),
                "; after today a projection from what is planned until then; today's load in it may hold up to 33 that is only planned."),
        ] {
            let mut wellness = until_today((60.0, 55.0), load);
            wellness.as_array_mut().unwrap().push(json!({"id": "2026-11-30", "ctl": 58.0, "atl": 40.0, "ctlLoad": 0}));
            let mut events = plans;
            events.as_array_mut().unwrap().push(race("2026-12-01"));
            give_ana(&world, json!({"wellness": wellness, "activities": activities, "events": events})).await;
            // The same, whatever else the call asks for.
            for given in [json!({}), json!({"include": ["done"]}), json!({"kinds": ["races"]}),
                json!({"oldest": "2026-11-29"}), json!({"oldest": "2026-11-29", "include": ["done"]})] {
                forget(&world).await;
                let (text, asked) = asked_for(&world, &world.ana().link, "get_events", given.clone()).await;
                assert!(asked.len() <= 5, "{asked:?}");
                assert_eq!(row(&text, "date", "2026-12-01 Tue")["form a.m."], form, "{given} {text}");
                let knows_plans = given == json!({}) || given == json!({"include": ["done"]});
                if knows_plans || !says.contains("nothing is planned") {
                    assert!(line(&text, "form a.m.: ").ends_with(says), "{given} {text}");
                }
            }
        }
        // A past race has it, too.
        let rows = json!({"wellness": [{"id": "2026-11-14", "ctl": 53.6, "atl": 48.9}, {"id": "2026-11-15", "ctl": 55.0, "atl": 80.0}],
            "activities": [], "events": [race("2026-11-15")]});
        give_ana(&world, rows).await;
        let given = json!({"oldest": "2026-11-10", "newest": "2026-11-20"});
        let (text, asked) = asked_for(&world, &world.ana().link, "get_events", given).await;
        assert_eq!(row(&text, "date", "2026-11-15 Sun")["form a.m."], "+4.7", "{text}");
        assert!(line(&text, "form a.m.: ").ends_with("by intervals.icu.") && asked.len() == 3, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_another_tool_shows_a_coach_leaves_no_plan_to_be_worked_out() {
    on_saturday(async |world| {
        let mut run = ridden(40);
        run["type"] = json!("Run");
        let rows = json!({"wellness": until_today((60.0, 55.0), 115.0), "activities": [run], "events": [planned(75)]});
        give_ana(&world, rows).await;
        for tool in ["get_training_summary", "get_activity_detail", "get_training_history"] {
            forget(&world).await;
            let link = coach(&world, world.ana(), &["get_fitness", tool]).await;
            let text = ask_at(&world, &link, "get_fitness", json!({"athlete": "ana"})).await;
            assert_eq!(row(&text, "date", "2026-11-28 Sat")["load"], "40 so far", "{tool} {text}");
            assert!(!text.contains("115") && !text.contains("75"), "{tool} {text}");
        }
        forget(&world).await;
        let link = coach(&world, world.ana(), &["get_fitness", "get_wellness"]).await;
        let text = ask_at(&world, &link, "get_fitness", json!({"athlete": "ana"})).await;
        assert_eq!(row(&text, "date", "2026-11-28 Sat")["load"], "115 (may be planned)", "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_may_count_for_fatigue_only_is_not_computed_into_ctl() {
    on_saturday(async |world| {
        let race = json!({"id": 502, "category": "RACE_A", "type": "Run", "start_date_local": "2026-11-29T09:00:00"});
        for (strength, computed) in [(json!({"ctlLoad": 0, "atlLoad": 40}), false), (json!({"ctlLoad": 40, "atlLoad": 40}), true)] {
            let mut wellness = until_today((60.0, 55.0), 0.0);
            let mut earlier = json!({"id": "2026-11-20", "ctl": 60.0, "atl": 55.0});
            earlier.as_object_mut().unwrap().extend(strength.as_object().unwrap().clone());
            wellness.as_array_mut().unwrap().push(earlier);
            give_ana(&world, json!({"wellness": wellness, "activities": [], "events": [planned(40), race]})).await;
            let fitness = ask(&world, world.ana(), "get_fitness", json!({})).await;
            assert!(line(&fitness, "Still planned today").contains(": load 40"), "{fitness}");
            assert_eq!(line(&fitness, "Still planned today").contains("With it, form"), computed, "{fitness}");
            forget(&world).await;
            let events = ask(&world, world.ana(), "get_events", json!({})).await;
            assert!(events.contains("without today's open load 40"), "{events}");
            assert_eq!(events.contains("with today's plan)"), computed, "{events}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_closed_by_strava_leaves_todays_load_unclear() {
    on_saturday(async |world| {
        let closed = json!({"id": "123", "source": "STRAVA", "start_date_local": "2026-11-28T07:00:00"});
        let wellness = until_today((60.0, 55.0), 90.0);
        for (events, load, requests) in [
            (json!([planned(45)]), "90 (up to 45 planned)", 3),
            (json!([planned(80)]), "90 (up to 60 planned)", 3),
            (json!([]), "90 so far", 2),
        ] {
            let activities = json!([closed, ridden(30)]);
            let rows = json!({"wellness": wellness, "activities": activities, "events": events});
            give_ana(&world, rows).await;
            let (text, asked) = asked_for(&world, &world.ana().link, "get_fitness", json!({})).await;
            assert_eq!(row(&text, "date", "2026-11-28 Sat")["load"], load, "{text}");
            assert_eq!(asked.len(), requests, "{asked:?}");
        }
        let link = coach(&world, world.ana(), &["get_fitness", "get_training_history"]).await;
        let text = ask_at(&world, &link, "get_fitness", json!({"athlete": "ana"})).await;
        assert_eq!(
            row(&text, "date", "2026-11-28 Sat")["load"],
            "90 (may be planned)",
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demos_people_read_the_same_of_today_in_both_worlds() {
    on_saturday(async |world| {
        let mut differ = 0;
        for hour in [0, 5, 14, 21, 26, 40] {
            world.clock.set("2026-11-24T00:00:00Z".parse().unwrap());
            world.clock.advance(Duration::hours(hour));
            for seeded in [world.ana(), world.jack(), world.tria()] {
                let read = async |holds_plan| {
                    world.sim.count_todays_plan(holds_plan);
                    forget(&world).await;
                    let text = ask(&world, seeded, "get_fitness", json!({})).await;
                    let today = text.lines().next().unwrap().rsplit("today ").next().unwrap();
                    (row(&text, "date", today), text)
                };
                let ((without, plain), (with, text)) = (read(false).await, read(true).await);
                if with["load"] == without["load"] {
                    continue;
                }
                let Some(done) = without["load"].strip_suffix(" so far") else {
                    // Closed by Strava.
                    assert!(without["load"].contains("may be planned"), "{plain}");
                    continue;
                };
                differ += 1;
                assert!(with["load"].starts_with(&format!("{done} + planned ")), "{text}");
                let figures = format!(
                    "CTL {} · ATL {} · form {} (",
                    without["CTL"], without["ATL"], without["form"]
                );
                assert!(
                    line(&plain, "Today: ").starts_with(&format!("Today: {figures}")),
                    "{plain}"
                );
                let only = format!("Today with what is done only: {figures}");
                assert!(line(&text, "Today ").starts_with(&only), "{text}");
                assert!(line(&plain, "Still planned today").contains(": load "), "{plain}");
                assert!(!text.contains("Still planned today"), "{text}");
            }
        }
        assert!(differ > 3, "{differ}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_begins_at_today_and_says_where_the_plan_ends() {
    on_saturday(async |world| {
        let mut rows =
            vec![json!({"id": "2026-11-27", "ctl": 60.0, "atl": 55.0, "ctlLoad": 0, "atlLoad": 0})];
        let mut end = (60.0, 55.0);
        for at in 0..90_u64 {
            let date = "2026-11-28".parse::<chrono::NaiveDate>().unwrap() + chrono::Days::new(at);
            let load = if (1..=22).contains(&at) && at % 2 == 0 {
                60.0
            } else {
                0.0
            };
            let (row, after) = day(&date.to_string(), end, load);
            rows.push(row);
            end = after;
        }
        give(
            &world,
            world.ana(),
            json!({"wellness": rows, "activities": [], "events": []}),
        );
        let says = "is planned after 2026-12-20 Sun up to 2027-01-31 Sun: later rows only decay";
        let ana = world.ana();
        let text = ask(
            &world,
            ana,
            "get_fitness",
            json!({"newest": "2027-01-31", "step": "day", "limit": 200}),
        )
        .await;
        assert!(
            text.contains(says) && text.contains("\n2026-11-28 Sat\t") && !text.contains("\n2026-11-27"),
            "{text}"
        );
        let (text, asked) =
            asked_for(&world, &ana.link, "get_fitness", json!({"newest": "2027-01-31"})).await;
        assert!(
            text.contains("by week") && text.contains(says) && text.contains("\n2026-11-23\t"),
            "{text}"
        );
        // Today's plan was read a moment ago.
        assert!(text.contains("Today: CTL 58.6") && asked.len() == 1, "{text}");
        // Today is in, whatever the first day.
        let given = json!({"oldest": "2026-12-24", "newest": "2026-12-31"});
        let text = ask(&world, ana, "get_fitness", given).await;
        assert!(
            text.starts_with("Ana Berger · 24 – 31 Dec 2026 and today · 9 days"),
            "{text}"
        );
        assert!(
            text.contains("\n2026-11-28 Sat\t") && text.contains("Today: CTL 58.6"),
            "{text}"
        );
        assert!(
            text.contains(
                "Nothing with a load is planned from 2026-12-24 Thu to 2026-12-31 Thu: these rows only decay."
            ),
            "{text}"
        );
        // The days between today and a single day are not judged.
        let given = json!({"oldest": "2027-01-31", "newest": "2027-01-31"});
        let text = ask(&world, ana, "get_fitness", given).await;
        assert!(
            text.contains("Nothing with a load is planned on 2027-01-31 Sun.") && !text.contains("decay"),
            "{text}"
        );
        let given = json!({"oldest": "2026-12-21", "newest": "2026-12-31", "step": "week"});
        let text = ask(&world, ana, "get_fitness", given).await;
        assert!(
            text.contains("and this week · by week") && text.contains("\n2026-11-23\t2026-11-29 Sun"),
            "{text}"
        );
        // A plan up to the last row has no end to name.
        let text = ask(&world, ana, "get_fitness", json!({"newest": "2026-12-20"})).await;
        assert!(
            !text.contains("only decay") && text.contains("\n2026-11-28 Sat\t"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_with_two_loads_shows_both() {
    on_saturday(async |world| {
        let load = |at: u32| if at.is_multiple_of(2) { (50, 90) } else { (0, 40) };
        let rows: Vec<Value> = (19..=28)
            .map(|at| json!({"id": format!("2026-11-{at}"), "ctl": 44.8, "atl": 62.8, "ctlLoad": load(at).0, "atlLoad": load(at).1}))
            .collect();
        let activities = json!([
            {"id": "i1", "type": "Run", "start_date_local": "2026-11-28T07:00:00", "icu_training_load": 50},
            {"id": "i2", "type": "WeightTraining", "start_date_local": "2026-11-28T08:00:00", "icu_training_load": 40},
        ]);
        give(&world, world.ana(), json!({"wellness": rows, "activities": activities}));
        let text = ask(&world, world.ana(), "get_fitness", json!({})).await;
        assert_eq!(row(&text, "date", "2026-11-28 Sat")["load"], "50 for CTL, 90 for ATL so far", "{text}");
        assert_eq!(row(&text, "date", "2026-11-27 Fri")["load"], "0 for CTL, 40 for ATL", "{text}");
        assert_eq!(text.matches("some sports count for fatigue (ATL) only").count(), 1, "{text}");
        let week = ask(&world, world.ana(), "get_fitness", json!({"step": "week"})).await;
        assert!(row(&week, "week", "2026-11-23")["load"].starts_with("150 for CTL, 390 for ATL"), "{week}");
        // Upstream sent no ramp.
        assert!(text.contains("2 of the ramps") || text.contains("Ramp computed by IcuSync: CTL minus CTL 7 days before."), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ramp_of_ours_says_so() {
    on_saturday(async |world| {
        let rows = json!([
            {"id": "2026-11-20", "ctl": 50.0, "atl": 50.0, "rampRate": 1.0},
            {"id": "2026-11-21", "ctl": 51.0, "atl": 50.0, "rampRate": 1.2},
            {"id": "2026-11-27", "ctl": 53.0, "atl": 50.0, "rampRate": 2.9},
            {"id": "2026-11-28", "ctl": 54.4, "atl": 50.0, "rampRate": null, "ctlLoad": 0},
        ]);
        give(
            &world,
            world.ana(),
            json!({"wellness": rows, "activities": [], "events": []}),
        );
        let text = ask(&world, world.ana(), "get_fitness", json!({})).await;
        assert_eq!(row(&text, "date", "2026-11-28 Sat")["ramp /wk"], "+3.4", "{text}");
        assert!(
            text.contains("Ramp of 2026-11-28 Sat computed by IcuSync: CTL minus CTL 7 days before."),
            "{text}"
        );
        let past = ask(
            &world,
            world.ana(),
            "get_fitness",
            json!({"newest": "2026-11-27"}),
        )
        .await;
        assert!(!past.contains("IcuSync"), "{past}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_without_the_calendar_sees_nothing_planned() {
    on_saturday(async |world| {
        let (tomorrow, _) = day("2026-11-29", (60.35, 57.66), 120.0);
        let mut rows = until_today((60.0, 55.0), 75.0);
        rows.as_array_mut().unwrap().push(tomorrow);
        let rows = json!({"wellness": rows, "activities": [], "events": [planned(75)]});
        give_ana(&world, rows).await;
        let left_out = "Projected days left out: get_events is not granted.";
        // Without the activities: today's figures as they are, with what they may hold.
        let link = coach(&world, world.ana(), &["get_fitness"]).await;
        let get = async |given: Value| {
            let mut given = given;
            given["athlete"] = json!("ana");
            ask_at(&world, &link, "get_fitness", given).await
        };
        for given in [
            json!({}),
            json!({"newest": "2026-12-31"}),
            json!({"step": "week"}),
            json!({"oldest": "2026-11-20", "newest": "2026-11-30"}),
        ] {
            let text = get(given.clone()).await;
            assert!(text.lines().any(|line| line == left_out), "{given}: {text}");
            assert!(
                !text.contains("2026-11-29") && !text.contains("projection"),
                "{given}: {text}"
            );
            assert!(
                line(&text, "Today: ").contains("may hold load that is only planned"),
                "{text}"
            );
        }
        let past = get(json!({"oldest": "2026-11-20"})).await;
        assert!(!past.contains(left_out), "{past}");
        let ahead = get(json!({"oldest": "2026-12-01", "newest": "2026-12-09"})).await;
        assert!(ahead.ends_with(left_out) && !ahead.contains('\t'), "{ahead}");
        // With the activities: what is done, and the plan is not shown.
        change(
            &world,
            world.ana(),
            &["get_fitness", "get_training_history"],
            None,
        )
        .await;
        let text = get(json!({})).await;
        let today = row(&text, "date", "2026-11-28 Sat");
        assert_eq!(
            (
                today["CTL"].as_str(),
                today["form"].as_str(),
                today["load"].as_str()
            ),
            ("58.6", "+10.9", "0 so far"),
            "{text}"
        );
        assert!(
            line(&text, "Today ").starts_with("Today with what is done only: CTL 58.6")
                && line(&text, "Today ").ends_with("computed by IcuSync"),
            "{text}"
        );
        assert!(!text.contains("75") && !text.contains("60.4"), "{text}");
        let selected = ask_at(&world, &link, "select_athlete", json!({"athlete": "ana"})).await;
        assert!(
            line(&selected, "Today ").starts_with("Today with what is done only: CTL 58.6"),
            "{selected}"
        );
        // With the calendar: all of it.
        change(
            &world,
            world.ana(),
            &["get_fitness", "get_training_history", "get_events"],
            None,
        )
        .await;
        let text = get(json!({})).await;
        assert!(
            text.contains("0 + planned 75") && text.contains("\n2026-11-29 Sun\t"),
            "{text}"
        );
        assert!(!text.contains("left out"), "{text}");
    })
    .await;
}

/// Upstream's profile of `seeded` has this name from now on.
async fn rename(world: &World, seeded: &Seeded, name: &str) {
    let person = seeded.person;
    let profile = json!({"id": person.athlete_id, "name": name, "timezone": person.timezone});
    let path = format!("/athlete/{}", person.athlete_id);
    give(world, seeded, json!({"answers": {path: profile}}));
    forget(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_one_name_after_a_rename() {
    on_saturday(async |world| {
        // The profile is granted: the answer reads the new name itself.
        let link = coach(&world, world.ana(), &["get_fitness", "get_athlete_profile"]).await;
        let select =
            async |name: &str| ask_at(&world, &link, "select_athlete", json!({"athlete": name})).await;
        assert!(select("ana").await.contains("are about Ana Berger,"));
        rename(&world, world.ana(), "Ana Novak").await;
        let text = select("ana").await;
        assert!(
            text.starts_with("Ana Novak (") && text.contains("are about Ana Novak,"),
            "{text}"
        );
        assert!(!text.contains("Berger"), "{text}");
        // It is not: the day's first call reads it while it opens the data.
        assert!(select("jack").await.contains("are about Jack Nguyen,"));
        rename(&world, world.jack(), "Jack One").await;
        world.clock.advance(Duration::seconds(25 * 3600));
        let text = select("jack").await;
        assert!(
            text.starts_with("Jack One (") && text.contains("are about Jack One,"),
            "{text}"
        );
        assert!(!text.contains("Nguyen"), "{text}");
        // The same where the athlete was selected earlier.
        world.clock.advance(Duration::seconds(23 * 3600 + 1800));
        assert!(select("jack").await.contains("are about Jack One,"));
        rename(&world, world.jack(), "Jack Two").await;
        world.clock.advance(Duration::seconds(45 * 60));
        let text = ask_at(&world, &link, "get_fitness", json!({"athlete": ""})).await;
        assert!(
            text.starts_with("Jack Two (i900002), selected earlier") && !text.contains("Jack One"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_the_argument_that_was_given() {
    on_saturday(async |world| {
        for (given, says) in [
            (
                json!({"oldest": "2031-01-01"}),
                "oldest must be at most two years ahead",
            ),
            (
                json!({"newest": "2031-01-01"}),
                "newest must be at most two years ahead",
            ),
            (json!({"newest": "1970-01-01"}), "newest must be after 1979"),
            (json!({"oldest": "1970-01-01"}), "oldest must be after 1979"),
        ] {
            let call = world
                .mcp(&world.ana().link)
                .call("get_fitness", given.clone())
                .await;
            assert!(
                call.is_error() && call.text().contains(says),
                "{given}: {}",
                call.text()
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_perhaps_done_today_is_not_still_planned_for_sure() {
    on_saturday(async |world| {
        let mut run = planned(75);
        run["type"] = json!("Run");
        for other in [
            json!({"id": "9", "source": "STRAVA", "start_date_local": "2026-11-28T09:30:00"}),
            json!({"id": "i9", "start_date_local": "2026-11-28T09:30:00", "moving_time": 1800, "icu_training_load": 0}),
        ] {
            let rows = json!({"wellness": until_today((60.0, 55.0), 41.0), "activities": [ridden(41), other], "events": [run]});
            give_ana(&world, rows).await;
            let text = ask(&world, world.ana(), "get_fitness", json!({})).await;
            let says = "Still planned today, or done by an activity that is closed by Strava or has no sport, not counted above: load 75";
            assert!(line(&text, "Still planned").starts_with(says), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workout_of_a_race_that_was_done_today_is_not_still_planned() {
    on_saturday(async |world| {
        let mut workout = planned(80);
        workout["type"] = json!("Ride");
        let mut race = workout.clone();
        (race["id"], race["category"]) = (json!(502), json!("RACE_A"));
        for paired in [Value::Null, json!(501), json!(502)] {
            let mut done = ridden(95);
            done["paired_event_id"] = paired;
            let rows = json!({"wellness": until_today((60.0, 55.0), 95.0), "activities": [done], "events": [workout, race]});
            give_ana(&world, rows).await;
            let text = ask(&world, world.ana(), "get_fitness", json!({})).await;
            assert_eq!(row(&text, "date", "2026-11-28 Sat")["load"], "95 so far", "{text}");
            assert!(!text.contains("Still planned"), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_whose_plans_have_no_load_does_not_read_as_nothing_planned() {
    on_saturday(async |world| {
        let ahead = [("29", 0.0), ("30", 0.0)].map(|(day, load)| (format!("2026-11-{day}"), load));
        let later = [("01", 40.0), ("02", 0.0), ("03", 0.0)].map(|(day, load)| (format!("2026-12-{day}"), load));
        let mut wellness = until_today((60.0, 55.0), 0.0);
        let mut end = (58.6, 47.7);
        for (date, load) in ahead.into_iter().chain(later) {
            let (row, after) = day(&date, end, load);
            wellness.as_array_mut().unwrap().push(row);
            end = after;
        }
        let plan = |id: u32, date: &str, load: Value| {
            json!({"id": id, "category": "WORKOUT", "type": "Run", "start_date_local": format!("{date}T00:00:00"),
                "name": "Strides by feel", "icu_training_load": load, "moving_time": 2400})
        };
        let events = json!([
            plan(1, "2026-11-29", Value::Null),
            plan(2, "2026-11-30", json!(0)),
            plan(3, "2026-12-01", json!(40)),
            plan(4, "2026-12-01", Value::Null),
            plan(5, "2026-12-03", Value::Null),
            plan(6, "2026-12-03", Value::Null),
        ]);
        give_ana(&world, json!({"wellness": wellness, "activities": [], "events": events})).await;
        let (text, asked) = asked_for(&world, &world.ana().link, "get_fitness", json!({})).await;
        assert_eq!(asked.len(), 2, "{asked:?}");
        for (date, says) in [
            ("2026-11-29", "planned: 1 without load"),
            ("2026-11-30", "planned: 1 without load"),
            ("2026-12-01", "planned 40 (1 without load)"),
            ("2026-12-02", ""),
            ("2026-12-03", "planned: 2 without load"),
        ] {
            let row = row(&text, "date", date);
            assert_eq!(row.get("load").map_or("", String::as_str), says, "{text}");
        }
        let weeks = ask(&world, world.ana(), "get_fitness", json!({"step": "week"})).await;
        for (monday, says) in [
            ("2026-11-23", "0 + planned: 1 without load"),
            ("2026-11-30", "planned 40 (4 without load)"),
        ] {
            assert_eq!(row(&weeks, "week", monday)["load"], says, "{weeks}");
        }
        // In the sums of the calendar, too.
        let given = json!({"oldest": "2026-11-30", "newest": "2026-12-06"});
        let text = ask(&world, world.ana(), "get_events", given).await;
        assert!(line(&text, "Weeks (Mon), planned load: ").ends_with("30 Nov 40 (4 without)"), "{text}");
        let given = json!({"oldest": "2026-11-29", "newest": "2026-11-30"});
        let text = ask(&world, world.ana(), "get_events", given).await;
        assert!(line(&text, "Weeks (Mon), planned load: ").contains("unknown"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_begins_with_today_says_so() {
    on_saturday(async |world| {
        let mut wellness = until_today((60.0, 55.0), 0.0);
        let (tomorrow, _) = day("2026-11-29", (58.6, 47.7), 0.0);
        wellness.as_array_mut().unwrap().push(tomorrow);
        give(
            &world,
            world.ana(),
            json!({"wellness": wellness, "activities": [], "events": []}),
        );
        for (given, part) in [
            (json!({}), true),
            (json!({"oldest": "2026-11-10", "newest": "2026-11-29"}), true),
            (json!({"oldest": "2026-11-28", "newest": "2026-12-15"}), false),
            (json!({"oldest": "2026-11-27", "newest": "2026-11-29"}), false),
        ] {
            let text = ask(&world, world.ana(), "get_fitness", given).await;
            let yesterday = text
                .contains("\n2026-11-27 Fri\t")
                .then(|| row(&text, "date", "2026-11-27")["form a.m."].clone());
            assert_eq!(
                text.contains("; form a.m. (from today on) is the form at the end of the day before."),
                part,
                "{text}"
            );
            assert_eq!(
                text.contains("; form a.m. is the form at the end of the day before."),
                !part,
                "{text}"
            );
            assert!(!part || yesterday.is_some_and(|form| form.is_empty()), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eftp_of_each_week_is_told_for_the_main_sports() {
    on_saturday(async |world| {
        let days = |info: &dyn Fn(i64) -> Value| -> Vec<Value> {
            let first: chrono::NaiveDate = "2026-10-05".parse().unwrap();
            let row = |at: i64| {
                json!({"id": first + Duration::days(at), "ctl": 50, "atl": 50, "ctlLoad": 0, "atlLoad": 0, "sportInfo": info(at)})
            };
            (0..70).map(row).collect()
        };
        let sport = |name: &str, eftp: Value| json!({"type": name, "eftp": eftp, "wPrime": 17_000, "pMax": 0});
        let weekly = json!({"step": "week", "oldest": "2026-10-05", "newest": "2026-12-06"});

        // One sport, with a hole, a zero and a week of neither; a projection estimates nothing.
        let ride = |at: i64| match at {
            0..7 => json!(null),
            7..14 => json!([sport("Ride", json!(0)), sport("Run", json!(null))]),
            20 => json!([]),
            _ => json!([sport("Run", json!(-1)), sport("Ride", json!(230.4 + f64::from(i32::try_from(at).unwrap())))]),
        };
        give_ana(&world, json!({"wellness": days(&ride), "events": [], "activities": []})).await;
        let text = ask(&world, world.ana(), "get_fitness", weekly.clone()).await;
        let eftp = |week: &str| row(&text, "week (Mon)", week).get("Ride eFTP W").cloned().unwrap_or_default();
        assert_eq!(
            ["2026-11-30", "2026-11-23", "2026-11-16", "2026-10-19", "2026-10-12", "2026-10-05"].map(eftp),
            ["", "284", "278", "249", "", ""],
            "{text}"
        );
        assert!(!text.contains("Run eFTP"), "{text}");
        assert!(text.contains(" eFTP is the FTP that intervals.icu estimates from recent efforts, the week's latest up to today.\n"), "{text}");
        let full = ask(&world, world.ana(), "get_fitness", json!({"detail": "full", "step": "week"})).await;
        assert!(line(&full, "Estimated by").ends_with(": Ride eFTP 284 W, W′ 17.0 kJ."), "{full}");
        // By day there is no such column.
        let text = ask(&world, world.ana(), "get_fitness", json!({})).await;
        assert!(!text.contains("eFTP"), "{text}");

        // Many sports: the main ones, and the others by name.
        let many = |_| json!(["Rowing", "Run", "Ride", "Ride", "Swim", "Kite\tSurf"].map(|name| sport(name, json!(200))));
        give_ana(&world, json!({"wellness": days(&many), "events": [], "activities": []})).await;
        let text = ask(&world, world.ana(), "get_fitness", weekly.clone()).await;
        assert!(text.contains("\tload\tRide eFTP W\tRun eFTP W\n"), "{text}");
        assert!(text.contains(" With detail=full also of Rowing, Swim, «Kite Surf».\n"), "{text}");
        let mut all = weekly;
        all["detail"] = json!("full");
        let full = ask(&world, world.ana(), "get_fitness", all).await;
        assert!(full.contains("\tRide eFTP W\tRun eFTP W\tRowing eFTP W\tSwim eFTP W\t«Kite Surf» eFTP W\n"), "{full}");
        assert!(!full.contains("detail=full"), "{full}");

        // None at all.
        give_ana(&world, json!({"wellness": days(&|_| json!(null)), "events": [], "activities": []})).await;
        let text = ask(&world, world.ana(), "get_fitness", json!({"step": "week"})).await;
        assert!(!text.contains("eFTP"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_open_load_of_today_is_in_the_week_and_said_to_be_in_no_later_row() {
    on_saturday(async |world| {
        let later = |load: u32| {
            let mut event = planned(load);
            event["id"] = json!(502);
            event["start_date_local"] = json!("2026-11-29T00:00:00");
            event
        };
        for (done, open, without, week, says) in [
            (
                0,
                31,
                false,
                "0 + planned 131",
                Some("today's open load 31 is in the form of none of them."),
            ),
            (
                41,
                75,
                true,
                "41 + planned 175 (1 without load)",
                Some("today's open load 75 is in the form of none of them."),
            ),
            (41, 0, true, "41 + planned 100 (1 without load)", None),
            (41, 0, false, "41 + planned 100", None),
        ] {
            let of_today = |id: u32, load: Value| {
                let mut event = planned(0);
                (event["id"], event["type"], event["icu_training_load"]) = (json!(id), json!("Run"), load);
                event
            };
            let mut events = vec![later(100)];
            events.extend((open > 0).then(|| of_today(503, json!(open))));
            events.extend(without.then(|| of_today(504, json!(null))));
            let mut rows = until_today((60.0, 55.0), f64::from(done));
            let today = rows[1].clone();
            let end = (today["ctl"].as_f64().unwrap(), today["atl"].as_f64().unwrap());
            rows.as_array_mut().unwrap().push(day("2026-11-29", end, 100.0).0);
            let activities = if done == 0 {
                json!([])
            } else {
                json!([ridden(done)])
            };
            give_ana(
                &world,
                json!({"wellness": rows, "activities": activities, "events": events}),
            )
            .await;
            let by_week = ask(&world, world.ana(), "get_fitness", json!({"step": "week"})).await;
            assert_eq!(row(&by_week, "week", "2026-11-23")["load"], week, "{by_week}");
            let by_day = ask(&world, world.ana(), "get_fitness", json!({})).await;
            assert_eq!(
                row(&by_day, "date", "2026-11-29")["load"],
                "planned 100",
                "{by_day}"
            );
            for (text, counted) in [
                (&by_week, "only in the load above: "),
                (&by_day, "not counted above: "),
            ] {
                match says {
                    Some(says) => assert!(
                        text.contains(says) && !text.contains("all that is planned"),
                        "{text}"
                    ),
                    None => assert!(text.contains("from all that is planned"), "{text}"),
                }
                assert_eq!(
                    text.contains("Still planned today"),
                    text.contains(counted),
                    "{text}"
                );
                assert_eq!(text.contains(counted), open > 0 || without, "{text}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_absence_rules_out_is_not_still_to_be_done_today() {
    on_saturday(async |world| {
        let wellness = until_today((60.0, 55.0), 0.0);
        let sick = |first: &str| {
            json!({"id": 502, "category": "SICK", "name": "Flu", "start_date_local": format!("{first}T00:00:00"),
                "end_date_local": "2026-12-02T00:00:00"})
        };
        let open = "Still planned today";
        for (events, is_open) in [
            (json!([planned(60)]), true),
            (json!([planned(60), sick("2026-11-28")]), false),
            // Begun before today.
            (json!([sick("2026-11-20"), planned(60)]), false),
        ] {
            give_ana(&world, json!({"wellness": wellness, "activities": [], "events": events})).await;
            for arguments in [json!({}), json!({"step": "week"})] {
                let text = ask(&world, world.ana(), "get_fitness", arguments).await;
                assert_eq!(text.contains(open), is_open, "{text}");
            }
            let link = world.coaches().await.remove(0).link;
            let text = ask_at(&world, &link, "get_roster_overview", json!({"athletes": ["ana"]})).await;
            assert_eq!(text.contains("still open today"), is_open, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weeks_load_says_which_of_its_days_it_lacks() {
    on_saturday(async |world| {
        for (others, says) in [(0, "unknown (1 day left out)"), (20, "40 (1 day left out)")] {
            let rows: Vec<Value> = (16..=18)
                .map(|at| {
                    let lost = at == 17;
                    let load = if lost { 61 } else { others };
                    let ctl = if lost { Value::Null } else { json!(50) };
                    json!({"id": format!("2026-11-{at}"), "ctl": ctl, "atl": 40, "ctlLoad": load, "atlLoad": load})
                })
                .collect();
            give_ana(&world, json!({"wellness": rows, "activities": [], "events": []})).await;
            let text = ask(&world, world.ana(), "get_fitness", json!({"step": "week"})).await;
            assert_eq!(row(&text, "week", "2026-11-16")["load"], says, "{text}");
        }
    })
    .await;
}
