//! What a write says, in its preview and afterwards, over MCP: the same numbers, and what a person would otherwise find out too
//! late.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    roster::change,
    world::World,
    writes::{THRESHOLD, calendar, done, entry, on_saturday, refused, workout, writes},
};

fn push(all: &[Value]) -> Value {
    json!({ "workouts": all })
}

/// The lines of the steps and of what they go by.
fn steps(text: &str) -> Vec<&str> {
    let indented = text.lines().filter(|line| line.starts_with("  "));
    indented.take_while(|line| !line.contains("device: ")).collect()
}

async fn preview(world: &Arc<World>, link: &str, tool: &str, mut arguments: Value) -> String {
    arguments["preview"] = json!(true);
    done(world, link, tool, arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_has_the_numbers_that_stand_there_afterwards() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let ride = "- 10m Z1\n- 30m 60%\n- 10m 55.5%\n- 10m ramp Z1-Z3\n- 10m Z1-Z2\n- 5m Z1 HR\n- 5m 83% LTHR\n- 5m 200w\n- 5m 88-94%";
        let run = "- 10m Z1 HR\n- 10m Z1-Z2 HR\n- 10m 83% LTHR\n- 10m 75-82% LTHR\n- 10m 71% HR";
        for (at, (sport, text, indoor)) in [
            ("Ride", ride, false),
            ("Ride", ride, true),
            ("VirtualRide", ride, false),
            ("Run", run, false),
            ("Run", run, true),
        ]
        .into_iter()
        .enumerate()
        {
            let mut one = workout(sport, "2026-12-10", &format!("Numbers {at}"), text);
            one["indoor"] = json!(indoor);
            let would = preview(&world, &ana.link, "push_workout", push(&[one.clone()])).await;
            let is = done(&world, &ana.link, "push_workout", push(&[one])).await;
            assert_eq!(steps(&would), steps(&is), "{sport} {indoor}");
            assert!(is.contains("≤ ") && !is.contains(" 1–") && !is.contains(" min 2–"), "{is}");
            let id = entry(&world, ana, &format!("Numbers {at}"))["id"].clone();
            let edit = json!({"id": id, "indoor": !indoor});
            let would = preview(&world, &ana.link, "edit_workout", edit.clone()).await;
            let is = done(&world, &ana.link, "edit_workout", edit).await;
            assert_eq!(steps(&would), steps(&is), "{sport} {indoor}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_time_never_makes_a_workout_stand_on_two_days() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let one = workout("Ride", "2026-12-08", "Clock", "- 1h 60%");
        done(&world, &ana.link, "push_workout", push(&[one])).await;
        let id = entry(&world, ana, "Clock")["id"].clone();
        let stands = |start: &str, end: &str| {
            let held = entry(&world, ana, "Clock");
            assert_eq!(
                (&held["start_date_local"], &held["end_date_local"]),
                (&json!(start), &json!(end))
            );
        };
        for (to, start, end) in [
            ("2026-12-08 07:00", "2026-12-08T07:00:00", "2026-12-09T00:00:00"),
            ("2026-12-08 09:00", "2026-12-08T09:00:00", "2026-12-09T00:00:00"),
            ("2026-12-12 22:30", "2026-12-12T22:30:00", "2026-12-13T00:00:00"),
            ("2026-12-09 06:00", "2026-12-09T06:00:00", "2026-12-10T00:00:00"),
        ] {
            let edit = json!({"id": id, "new_date": to});
            done(&world, &ana.link, "edit_workout", edit).await;
            stands(start, end);
        }
        done(&world, &ana.link, "undo_change", json!({"changes": "4-5"})).await;
        stands("2026-12-08T09:00:00", "2026-12-09T00:00:00");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_time_of_the_same_day_is_no_other_day() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let mut one = workout("Ride", "2026-12-08 07:00", "Clock", "- 1h 60%");
        done(&world, &ana.link, "push_workout", push(&[one.clone()])).await;
        let id = entry(&world, ana, "Clock")["id"].clone();
        one["date"] = json!("2026-12-08 18:00");
        let again = done(&world, &ana.link, "push_workout", push(&[one])).await;
        assert!(
            again.contains("it has another start time: edit_workout"),
            "{again}"
        );
        let own = json!({"start_date_local": "2026-12-08T20:00:00"});
        assert!(world.sim.change_event(ana.person.slug, id.as_i64().unwrap(), own));
        let renamed = done(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "new_name": "Late"}),
        )
        .await;
        assert!(
            renamed.contains("Somebody changed its start time since IcuSync wrote it; that was kept."),
            "{renamed}"
        );
        let own = json!({"start_date_local": "2026-12-09T20:00:00", "name": "Later"});
        assert!(world.sim.change_event(ana.person.slug, id.as_i64().unwrap(), own));
        let edit = json!({"id": id, "new_date": "2026-12-10"});
        let said = refused(&world, &ana.link, "edit_workout", edit).await;
        assert!(said.contains("somebody changed day of "), "{said}");
        let shorter = done(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "length_percent": 50}),
        )
        .await;
        assert!(
            shorter.contains("Somebody changed its day, name since"),
            "{shorter}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_names_an_absence_that_began_before_the_week_and_both_weeks_of_a_move() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let one = workout("Ride", "2026-12-08", "Moved", "- 1h 60%");
        done(&world, &ana.link, "push_workout", push(&[one])).await;
        let id = entry(&world, ana, "Moved")["id"].clone();
        let away = json!({"category": "HOLIDAY", "name": "Away", "start_date_local": "2026-11-30T00:00:00",
            "end_date_local": "2026-12-29T00:00:00"});
        world.sim.add_event(ana.person.slug, away).unwrap();
        let edit = json!({"id": id, "new_date": "2026-12-17"});
        let would = preview(&world, &ana.link, "edit_workout", edit.clone()).await;
        assert!(would.contains("holiday «Away»"), "{would}");
        let is = done(&world, &ana.link, "edit_workout", edit).await;
        assert!(is.contains("holiday «Away»"), "{is}");
        assert!(is.contains("week of 7 Dec ") && is.contains(" · 14 Dec "), "{is}");
        let back = json!({"id": id, "new_date": "2026-12-09"});
        let back = done(&world, &ana.link, "edit_workout", back).await;
        assert!(
            back.contains("week of 7 Dec ") && back.contains(" · 14 Dec "),
            "{back}"
        );
        let far = json!({"id": id, "new_date": "2027-06-09"});
        let far = done(&world, &ana.link, "edit_workout", far).await;
        assert!(far.contains("week of 7 Jun ") && !far.contains(" Dec "), "{far}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_says_what_is_done_and_what_is_left_without_steps() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let all = calendar(&world, ana, "2026-11-20", "2026-11-28");
        let paired = all
            .iter()
            .find(|event| !event["paired_activity_id"].is_null() && event["category"] == "WORKOUT")
            .unwrap();
        let edit = json!({"id": paired["id"], "new_name": "Done"});
        let said = preview(&world, &ana.link, "edit_workout", edit).await;
        assert!(said.contains("It is done already"), "{said}");

        let one = workout("Ride", "2026-12-08", "Bare", "- 1h 60%");
        let plain = done(&world, &ana.link, "push_workout", push(&[one])).await;
        let id = entry(&world, ana, "Bare")["id"].clone();
        assert!(!plain.contains("done already"), "{plain}");
        let edit = json!({"id": id, "drop_steps": true});
        for said in [
            preview(&world, &ana.link, "edit_workout", edit.clone()).await,
            done(&world, &ana.link, "edit_workout", edit).await,
        ] {
            assert!(
                said.contains("No steps are left, so nothing goes to a device"),
                "{said}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effort_without_a_load_has_nothing_to_scale() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let one = json!({"sport": "strength", "date": "2026-12-08", "name": "Gym", "note": "Squats", "minutes": 45});
        done(&world, &ana.link, "push_workout", push(&[one])).await;
        let before = entry(&world, ana, "Gym");
        let id = before["id"].clone();
        for show in [true, false] {
            let edit = json!({"id": id, "effort_percent": 90, "preview": show});
            let said = refused(&world, &ana.link, "edit_workout", edit).await;
            assert!(said.contains("no steps and no planned load, so there is nothing to scale"), "{said}");
        }
        assert_eq!(entry(&world, ana, "Gym"), before);
        let both = json!({"id": id, "effort_percent": 90, "length_percent": 80});
        done(&world, &ana.link, "edit_workout", both).await;
        let after = entry(&world, ana, "Gym");
        assert_eq!((&after["moving_time"], &after["icu_training_load"]), (&json!(2160), &before["icu_training_load"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workout_of_times_and_distances_is_headed_by_both() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        for (sport, text, says) in [
            ("Ride", "- 1h30m 65%\n- 2.5km 60%", " · 1:30 + 2.5 km · "),
            (
                "Swim",
                "- 400mtr\n\n4x\n- 100mtr\n- 30s intensity=rest",
                " · 0:02 + 800 m",
            ),
            (
                "Run",
                "- 20m 75-82% LTHR\n- 5km 75-82% LTHR\n- 10m 75-82% LTHR",
                " · 0:30 + 5.0 km",
            ),
            ("Ride", "- 1h30m 65%", " · 1:30 · load "),
        ] {
            let one = push(&[workout(sport, "2026-12-10", &format!("Mixed {text}"), text)]);
            let would = preview(&world, &ana.link, "push_workout", one.clone()).await;
            assert!(would.contains(says), "{would}");
            let is = done(&world, &ana.link, "push_workout", one).await;
            assert!(is.contains(says.trim_end_matches(" · ")), "{is}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_a_name_in_one_call_are_judged_as_in_two() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let two = [
            workout("Ride", "2026-12-10", "Dup", "- 1h 60%"),
            workout("Ride", "2026-12-10 18:00", "dup", "- 2h 60%"),
        ];
        for _ in 0..2 {
            let said = done(&world, &ana.link, "push_workout", push(&two)).await;
            assert!(said.contains("allow_duplicate: true"), "{said}");
            assert_eq!(entry(&world, ana, "Dup")["moving_time"], 3600);
        }
        let mut both = push(&two);
        both["allow_duplicate"] = json!(true);
        done(&world, &ana.link, "push_workout", both).await;
        assert_eq!(entry(&world, ana, "dup")["moving_time"], 7200);

        let bare = push(&[json!({"sport": "Ride", "date": "2026-12-11", "name": "Bare"})]);
        let would = preview(&world, &ana.link, "push_workout", bare.clone()).await;
        let is = done(&world, &ana.link, "push_workout", bare).await;
        for said in [would, is] {
            assert!(
                said.contains("nothing but a name: no steps, note, time or load"),
                "{said}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_reads_for_whom_something_is_written_and_whose_changes_are_listed() {
    on_saturday(async |world| {
        let (ana, jack) = (world.ana(), world.jack());
        let coach = world.coaches().await[0].link.clone();
        change(&world, ana, &["push_workout", "get_events"], None).await;
        change(&world, jack, &["get_events"], None).await;
        world.let_write(ana).await;
        let own = push(&[workout("Run", "2026-12-09", "Hers", "- 30m 70-75% LTHR")]);
        done(&world, &ana.link, "push_workout", own).await;

        let roster = done(&world, &coach, "list_athletes", json!({})).await;
        let row = |name: &str| roster.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(
            row("Ana").contains("\tpush_workout\t") && row("Jack").contains("\tnothing\t"),
            "{roster}"
        );

        let mut all = push(&[workout("Run", "2026-12-10", "Both", "- 40m 70-75% LTHR")]);
        all["athletes"] = json!(["Ana", "Jack"]);
        let said = done(&world, &coach, "push_workout", all.clone()).await;
        let first = said.lines().next().unwrap();
        assert!(
            first.contains("To write 1 workout for Ana Berger (i900001), repeat") && !first.contains("Jack"),
            "{said}"
        );
        let token = said
            .split("confirm: \"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        all["confirm"] = json!(token);
        done(&world, &coach, "push_workout", all.clone()).await;
        let again = refused(&world, &coach, "push_workout", all).await;
        assert!(
            again.contains("does not fit") && again.contains("it was done then: list_changes"),
            "{again}"
        );

        let list = done(&world, &coach, "list_changes", json!({"athlete": "Ana"})).await;
        assert!(
            list.contains(" · 1 change of yours · ")
                && list.contains("What the athlete or others changed is not listed."),
            "{list}"
        );
        let list = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(
            list.contains(" · 2 changes · ") && !list.contains("not listed"),
            "{list}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_reads_which_name_and_whose_workouts_keep_a_call_back() {
    on_saturday(async |world| {
        let (ana, jack) = (world.ana(), world.jack());
        let coach = world.coaches().await[0].link.clone();
        for seeded in [ana, jack] {
            change(&world, seeded, &["push_workout", "get_events"], None).await;
        }
        let mut all = push(&[workout("Ride", "2026-12-10", "Both", THRESHOLD)]);
        all["athletes"] = json!(["Ana", "Nobody", "Jack"]);
        let said = refused(&world, &coach, "push_workout", all.clone()).await;
        assert!(
            said.contains("athletes 2 «Nobody»:\nNot done: no athlete on your roster"),
            "{said}"
        );
        // Jack has no FTP.
        all["athletes"] = json!(["Ana", "Jack"]);
        let said = refused(&world, &coach, "push_workout", all).await;
        assert!(
            said.contains("All workouts pass for Ana Berger (i900001): partial: true"),
            "{said}"
        );
        assert_eq!(writes(&world), Vec::<String>::new());
    })
    .await;
}
