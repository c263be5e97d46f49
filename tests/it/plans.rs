//! A plan of the library onto calendars, copies of what is planned, and a template by its name: by athlete and coach, and what goes wrong
//! on the way.

use std::sync::Arc;

use icusync::demo::seed::Seeded;
use icusync_sim::{Fault, Given, Mode};
use serde_json::{Map, Value, json};

use crate::{
    roster::change,
    world::World,
    writes::{calendar, done, entry, on_saturday, refused, token, with, workout, writes},
    writes_library::with_library,
};

fn plan(weeks: &str) -> Value {
    json!({"plan": "Basis", "start": "2026-12-07 Mon", "weeks": weeks})
}

/// The planned workouts of somebody's days that came from this service.
fn planned(world: &World, seeded: &Seeded, oldest: &str, newest: &str) -> Vec<Map<String, Value>> {
    let mut all = calendar(world, seeded, oldest, newest);
    all.retain(|event| {
        event["external_id"]
            .as_str()
            .is_some_and(|key| key.starts_with("icusync-"))
    });
    all
}

/// Previews, confirms, and the answer.
async fn confirmed(world: &Arc<World>, link: &str, tool: &str, asked: Value) -> String {
    let preview = done(world, link, tool, asked.clone()).await;
    done(
        world,
        link,
        tool,
        with(asked, json!({"confirm": token(&preview)})),
    )
    .await
}

/// The numbers of the changes that a text says how to undo.
fn numbers(text: &str) -> String {
    let rest = text.rsplit("changes ").next().unwrap();
    rest.split(' ').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_previewed_day_by_day_written_and_taken_back_by_days_or_whole() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        let before = calendar(&world, ana, "2026-12-01", "2027-02-28");
        let preview = done(&world, &ana.link, "apply_plan", plan("1-4")).await;
        insta::assert_snapshot!(
            "preview_of_a_plan",
            preview.replace(token(&preview).as_str().unwrap(), "TOKEN")
        );
        assert_eq!(writes(&world), Vec::<String>::new());
        world.sim.clear_requests();
        let sure = with(plan("1-4"), json!({"confirm": token(&preview)}));
        let text = done(&world, &ana.link, "apply_plan", sure.clone()).await;
        insta::assert_snapshot!("a_plan_that_was_written", text);
        assert_eq!(
            writes(&world),
            ["POST /api/v1/athlete/i900001/events/bulk"],
            "never upstream's own apply-plan"
        );
        assert_eq!(planned(&world, ana, "2026-12-07", "2027-01-03").len(), 16);
        let again = refused(&world, &ana.link, "apply_plan", sure).await;
        assert!(again.contains("this token does not fit"), "{again}");
        let same = done(&world, &ana.link, "apply_plan", plan("1-4")).await;
        assert!(
            same.contains("16 already there") && !same.contains("confirm: "),
            "{same}"
        );

        let all = numbers(text.split("undoes").next().unwrap().trim_end());
        let week = format!("{all} 2026-12-14..2026-12-20");
        let undone = done(&world, &ana.link, "undo_change", json!({"changes": week})).await;
        assert!(undone.contains("4 changes undone"), "{undone}");
        assert_eq!(planned(&world, ana, "2026-12-14", "2026-12-20").len(), 0);
        assert_eq!(planned(&world, ana, "2026-12-07", "2027-01-03").len(), 12);
        let nothing = json!({"changes": format!("{all} 2030-01-01..2030-01-02")});
        let text = refused(&world, &ana.link, "undo_change", nothing).await;
        assert!(text.contains("none of these changes is of an entry on"), "{text}");
        for odd in ["1-3 2026-12-20..2026-12-14", "1-3 soon..later", "1-3 .."] {
            let text = refused(&world, &ana.link, "undo_change", json!({"changes": odd})).await;
            assert!(text.contains("must end in days"), "{odd}: {text}");
        }
        let undone = done(&world, &ana.link, "undo_change", json!({"changes": all})).await;
        assert!(
            undone.contains("12 changes undone, 4 changes not undone"),
            "{undone}"
        );
        assert_eq!(calendar(&world, ana, "2026-12-01", "2027-02-28"), before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_coach_applies_one_athletes_plan_to_two_others_with_their_own_thresholds() {
    on_saturday(async |world| {
        let [ana, jack, tria] = [world.ana(), world.jack(), world.tria()];
        let coach = world.coaches().await[0].link.clone();
        with_library(&world).await;
        let asked = with(
            plan("1-2"),
            json!({"from": "Ana", "athletes": ["Jack", "Tríona"]}),
        );
        change(&world, ana, &["get_training_history"], None).await;
        change(&world, jack, &["apply_plan"], None).await;
        let text = refused(&world, &coach, "apply_plan", asked.clone()).await;
        assert!(text.contains("has not granted get_library"), "{text}");
        change(&world, ana, &["get_library"], None).await;
        let preview = done(&world, &coach, "apply_plan", asked.clone()).await;
        assert!(preview.contains("of Ana Berger (i900001)"), "{preview}");
        assert!(
            preview.contains("Jack Nguyen (") && preview.contains("has not granted apply_plan"),
            "{preview}"
        );
        assert_eq!(writes(&world), Vec::<String>::new());
        change(&world, tria, &["apply_plan", "get_events"], None).await;
        let text = confirmed(&world, &coach, "apply_plan", asked.clone()).await;
        for seeded in [jack, tria] {
            let there = planned(&world, seeded, "2026-12-07", "2026-12-20");
            // Jack has no FTP for rides: only what needs none is written, and the rest says why.
            let some = if seeded.person.slug == "jack" { 1 } else { 8 };
            assert_eq!(there.len(), some, "{text}");
        }
        assert!(
            text.contains("1 written, 7 not written") && text.contains("there is no FTP for Ride"),
            "{text}"
        );
        assert!(planned(&world, ana, "2026-12-01", "2027-01-31").is_empty());
        // The library of Ana is not Jack's: what Jack granted is no way into it.
        change(&world, ana, &["get_training_history"], None).await;
        let text = refused(&world, &coach, "apply_plan", asked).await;
        assert!(text.contains("has not granted get_library"), "{text}");
        let logged: Vec<String> =
            sqlx::query_scalar("select distinct athlete_id from activity_log where tool = 'apply_plan'")
                .fetch_all(&world.app.pool)
                .await
                .unwrap();
        assert!(
            logged.contains(&ana.person.athlete_id.to_owned()) && logged.len() == 3,
            "{logged:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoke_between_preview_and_confirm_writes_nothing_for_that_athlete() {
    on_saturday(async |world| {
        let [ana, jack] = [world.ana(), world.jack()];
        let coach = world.coaches().await[0].link.clone();
        with_library(&world).await;
        for seeded in [ana, jack] {
            change(&world, seeded, &["get_library", "apply_plan", "get_events"], None).await;
        }
        let asked = with(plan("1"), json!({"from": "Ana", "athletes": ["Ana", "Jack"]}));
        let preview = done(&world, &coach, "apply_plan", asked.clone()).await;
        change(&world, jack, &["get_events"], None).await;
        let sure = with(asked, json!({"confirm": token(&preview)}));
        let text = done(&world, &coach, "apply_plan", sure).await;
        assert!(text.contains("has not granted apply_plan"), "{text}");
        assert_eq!(
            planned(&world, ana, "2026-12-07", "2026-12-13").len(),
            4,
            "{text}"
        );
        assert!(planned(&world, jack, "2026-12-07", "2026-12-13").is_empty());
    })
    .await;
}

/// A plan of so many weeks with a workout on each day.
fn long(weeks: i64) -> Given {
    let one = |day: i64| {
        json!({
            "id": 50_000 + day, "athlete_id": "i900001", "name": format!("Day {day}"), "type": "Ride", "day": day,
            "description": "- 1h 60%", "folder_id": 77, "moving_time": 3600, "icu_training_load": 36,
        })
    };
    let children: Vec<Value> = (0..weeks * 7).map(one).collect();
    let odd = json!([
        {"id": 1, "name": "For the week", "type": "Ride", "day": 3, "for_week": true},
        {"id": 2, "name": "Note", "type": null, "day": 2, "description": "Sleep"},
        {"id": 3, "name": "Whenever", "type": "Ride", "day": null},
    ]);
    let children: Vec<Value> = children
        .into_iter()
        .chain(odd.as_array().unwrap().clone())
        .collect();
    let folders =
        json!([{"id": 77, "type": "PLAN", "name": "Forty", "athlete_id": "i900001", "children": children}]);
    serde_json::from_value(json!({"answers": {"/folders": folders}})).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_weeks_over_a_holiday_come_in_parts_and_say_what_is_in_the_way() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        assert!(world.sim.give("ana", long(40)));
        let asked = |weeks: Option<&str>| json!({"plan": "Forty", "start": "2026-12-14", "weeks": weeks});
        let text = refused(&world, &ana.link, "apply_plan", asked(None)).await;
        assert!(
            text.contains("280 workouts")
                && text
                    .contains("weeks 1-17 with start 2026-12-14 Mon; weeks 18-34 with start 2027-04-12 Mon"),
            "{text}"
        );
        let holiday =
            json!({"kind": "holiday", "date": "2026-12-24", "last_date": "2026-12-30", "name": "Skiing"});
        done(&world, &ana.link, "push_event", json!({"events": [holiday]})).await;
        let preview = done(&world, &ana.link, "apply_plan", asked(Some("1-17"))).await;
        assert!(
            preview.contains("2026-12-24 Thu · Ride «Day 10»") && preview.contains("«Skiing»"),
            "{preview}"
        );
        assert!(
            preview.contains("119 to write") && preview.len() < 40_000,
            "{} {preview}",
            preview.len()
        );
        for left_out in [
            "for a whole week and no day of it: «For the week»",
            "without a sport: «Note»",
            "without a day in the plan: «Whenever»",
        ] {
            assert!(preview.contains(left_out), "{left_out}: {preview}");
        }
        world.sim.clear_requests();
        let sure = with(asked(Some("1-17")), json!({"confirm": token(&preview)}));
        let text = done(&world, &ana.link, "apply_plan", sure).await;
        assert_eq!(writes(&world).len(), 2, "119 in bulks of 60");
        assert_eq!(
            planned(&world, ana, "2026-12-14", "2027-04-30").len(),
            120,
            "the holiday is one: {text}"
        );
        let all = numbers(text.split("undoes").next().unwrap().trim_end());
        let undone = done(&world, &ana.link, "undo_change", json!({"changes": all})).await;
        assert!(undone.contains("119 changes undone"), "{undone}");
        assert_eq!(
            planned(&world, ana, "2026-12-14", "2027-04-30").len(),
            1,
            "the holiday stays"
        );
        for (start, says) in [("2026-12-15", "must be a Monday"), ("2026-11-02", "must")] {
            let odd = json!({"plan": "Forty", "start": start, "weeks": "1"});
            let text = refused(&world, &ana.link, "apply_plan", odd).await;
            assert!(text.contains(says), "{start}: {text}");
        }
        let beyond = refused(&world, &ana.link, "apply_plan", asked(Some("41"))).await;
        assert!(beyond.contains("which has 40"), "{beyond}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_in_the_middle_of_bulks_is_told_and_the_same_call_mends_it() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        assert!(world.sim.give("ana", long(10)));
        let asked = json!({"plan": "Forty", "start": "2026-12-14"});
        let preview = done(&world, &ana.link, "apply_plan", asked.clone()).await;
        let sure = with(asked.clone(), json!({"confirm": token(&preview)}));
        world
            .sim
            .fault(Fault::on("POST /events/bulk").status(500).after(1).times(1));
        let text = done(&world, &ana.link, "apply_plan", sure).await;
        assert!(
            text.contains("60 written") && text.contains("not known"),
            "{text}"
        );
        assert_eq!(planned(&world, ana, "2026-12-14", "2027-03-31").len(), 60);
        world.clock.set("2026-11-28T09:20:00Z".parse().unwrap());
        let text = confirmed(&world, &ana.link, "apply_plan", asked).await;
        assert!(
            text.contains("10 written") && text.contains("60 already there"),
            "{text}"
        );
        assert_eq!(planned(&world, ana, "2026-12-14", "2027-03-31").len(), 70);
        // One bad entry does not lose the others.
        world.sim.fault(
            Fault::on("POST /events/bulk")
                .mode(Mode::RefuseEntry)
                .entry("Day 71"),
        );
        assert!(world.sim.give("ana", long(12)));
        world.clock.set("2026-11-28T09:40:00Z".parse().unwrap());
        let text = confirmed(
            &world,
            &ana.link,
            "apply_plan",
            json!({"plan": "Forty", "start": "2027-02-22", "weeks": "11-12"}),
        )
        .await;
        assert!(
            text.contains("13 written") && text.contains("1 not written"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn planned_workouts_are_copied_to_later_weeks() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        done(
            &world,
            &ana.link,
            "push_workout",
            json!({"workouts": [workout("Ride", "2026-12-02", "Over-unders", "4x\n- 5m 95%\n- 2m 105%")]}),
        )
        .await;
        let asked = json!({"date": "2026-12-02", "name": "Over-unders", "times": 3, "weeks_apart": 2});
        let preview = done(&world, &ana.link, "repeat_events", asked.clone()).await;
        assert!(
            preview.contains("2026-12-16 Wed")
                && preview.contains("2026-12-30 Wed")
                && preview.contains("2027-01-13 Wed"),
            "{preview}"
        );
        let text = confirmed(&world, &ana.link, "repeat_events", asked).await;
        assert_eq!(
            planned(&world, ana, "2026-12-10", "2027-01-31").len(),
            3,
            "{text}"
        );
        let same = done(
            &world,
            &ana.link,
            "repeat_events",
            json!({"week": "2026-12-02", "times": 12}),
        )
        .await;
        assert!(
            same.contains("to write") && same.contains("already there"),
            "{same}"
        );
        for (odd, says) in [
            (json!({}), "must be given"),
            (
                json!({"week": "2026-12-02", "id": 5}),
                "must not be given beside an entry",
            ),
            (json!({"week": "2029-12-02"}), "no workout is planned in the week"),
            (json!({"week": "2026-12-02", "times": 13}), "times"),
        ] {
            let call = world.mcp(&ana.link).call("repeat_events", odd.clone()).await;
            assert!(
                call.is_error() && call.text().contains(says),
                "{odd}: {}",
                call.text()
            );
        }
        // What stands there under that name is named, and nothing is advised that copies cannot do.
        done(
            &world,
            &ana.link,
            "push_workout",
            json!({"workouts": [workout("Ride", "2026-12-09", "Over-unders", "- 1h 60%")]}),
        )
        .await;
        let beside = json!({"date": "2026-12-02", "name": "Over-unders", "times": 1});
        let text = done(&world, &ana.link, "repeat_events", beside).await;
        assert!(
            text.contains("another workout with this name and sport is on that day (id ")
                && !text.contains("allow_duplicate")
                && !text.contains("confirm: "),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_pushed_by_its_name() {
    on_saturday(async |world| {
        let ana = world.ana();
        let push = |template: &str| {
            json!({"workouts": [{"sport": "Ride", "date": "2026-12-11", "name": "Friday", "template": template}]})
        };
        sqlx::query("update connectors set may_write = true").execute(&world.app.pool).await.unwrap();
        let text = refused(&world, &ana.link, "push_workout", push("Threshold 4x8")).await;
        assert!(text.contains("switched off for this connector"), "{text}");
        with_library(&world).await;
        let text = done(&world, &ana.link, "push_workout", push("From a file")).await;
        let there = entry(&world, ana, "Friday");
        assert_eq!(there["moving_time"], 4320, "{text}");
        let unknown = refused(&world, &ana.link, "push_workout", push("Nothing like it")).await;
        assert!(unknown.contains("no workout of the library is called"), "{unknown}");
        let several = refused(&world, &ana.link, "push_workout", push("e")).await;
        assert!(several.contains("several workouts of the library fit"), "{several}");
        let both = json!({"workouts": [{"sport": "Ride", "date": "2026-12-11", "name": "F", "template": "VO2 5x3", "text": "- 1h 60%"}]});
        let text = refused(&world, &ana.link, "push_workout", both).await;
        assert!(text.contains("must not be given beside text"), "{text}");
    })
    .await;
}
