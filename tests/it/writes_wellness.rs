//! Wellness days written and undone over MCP: what is said of each value is what the simulator holds.

use std::sync::Arc;

use icusync::demo::seed::Seeded;
use icusync_sim::{Fault, Mode, Of, Rules};
use serde_json::{Value, json};

use crate::{
    changes::{coach, let_write, run},
    world::World,
    writes::{done, on_saturday, refused, writes},
};

const DAY: &str = "2026-11-28";

/// A call for one day.
#[expect(clippy::needless_pass_by_value, reason = "calls read better")]
fn day(date: &str, values: Value) -> Value {
    json!({"days": [{"date": date, "values": values}]})
}

/// What intervals.icu has of a day.
async fn held(world: &World, seeded: &Seeded, day: &str) -> Value {
    world.at_intervals(seeded, &format!("wellness/{day}")).await
}

/// Lets somebody else write these values of a day.
fn meddle(world: &World, seeded: &Seeded, day: &str, values: Value) {
    assert!(
        world
            .sim
            .change(seeded.person.slug, &Of::Day(day.parse().unwrap()), values)
    );
}

async fn free(world: &Arc<World>) -> Seeded {
    let ana = world.ana().clone();
    let_write(world, &ana).await;
    meddle(
        world,
        &ana,
        DAY,
        json!({"weight": 61.2, "soreness": null, "restingHR": 46, "sleepSecs": null, "comments": null, "mood": null}),
    );
    ana
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_written_read_back_and_taken_back() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        let values = json!({"weight": 61.4, "restingHR": 44});
        let preview = json!({"days": [{"date": DAY, "values": values}], "preview": true});
        let text = done(&world, &ana.link, "push_wellness", preview).await;
        assert!(text.contains("preview, nothing written") && text.contains("weight 61.2 kg → 61.4 kg"), "{text}");
        assert!(writes(&world).is_empty());

        let text = done(&world, &ana.link, "push_wellness", day("2026-11-28 Sat", values.clone())).await;
        for says in [
            "Ana Berger",
            "1 day written",
            "2026-11-28 Sat: ",
            "resting HR 46 bpm → 44 bpm",
            "weight 61.2 kg → 61.4 kg",
            "(change 1)",
            "undo_change with changes 1 undoes that.",
        ] {
            assert!(text.contains(says), "{says}: {text}");
        }
        assert!(!text.contains("empty"), "both were set before: {text}");
        let stands = held(&world, &ana, DAY).await;
        assert_eq!((&stands["weight"], &stands["restingHR"]), (&json!(61.4), &json!(44)));
        assert_eq!(writes(&world), [format!("PUT /api/v1/athlete/{}/wellness/{DAY}", ana.person.athlete_id)]);

        let text = done(&world, &ana.link, "push_wellness", day(DAY, values)).await;
        assert!(text.contains("1 day already so") && text.contains("already so: resting HR 44 bpm, weight 61.4 kg"), "{text}");
        assert_eq!(writes(&world).len(), 1, "what stands there is not sent again");

        let list = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(list.contains("wellness 2026-11-28 Sat (resting HR 46 bpm → 44 bpm, weight 61.2 kg → 61.4 kg)"), "{list}");

        let preview = done(&world, &ana.link, "undo_change", json!({"changes": "1", "preview": true})).await;
        assert!(preview.contains("would change resting HR 44 bpm → 46 bpm, weight 61.4 kg → 61.2 kg"), "{preview}");
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert!(text.contains("change 1, wellness 2026-11-28 Sat: undone, resting HR 44 bpm → 46 bpm, weight 61.4 kg → 61.2 kg (change 2)"), "{text}");
        let stands = held(&world, &ana, DAY).await;
        assert_eq!((&stands["weight"], &stands["restingHR"]), (&json!(61.2), &json!(46)));
        let again = refused(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert!(again.contains("undone already"), "{again}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_set_before_stays_and_both_answers_say_so() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        let values = json!({"weight": 61.4, "soreness": 2, "note": "slept\nbadly"});
        let text = done(&world, &ana.link, "push_wellness", day(DAY, values)).await;
        for says in [
            "soreness not set → 2/4 avg (1 best)",
            "note not set → «slept badly»",
            "An undo cannot empty what was not set before",
        ] {
            assert!(text.contains(says), "{says}: {text}");
        }
        let preview = done(
            &world,
            &ana.link,
            "undo_change",
            json!({"changes": "1", "preview": true}),
        )
        .await;
        assert!(
            preview.contains("intervals.icu may be unable to empty soreness again"),
            "{preview}"
        );
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        for says in [
            "undone, weight 61.4 kg → 61.2 kg",
            "did not empty what was not set before: soreness, still 2/4 avg (1 best)",
        ] {
            assert!(text.contains(says), "{says}: {text}");
        }
        let stands = held(&world, &ana, DAY).await;
        assert_eq!(
            (&stands["weight"], &stands["soreness"]),
            (&json!(61.2), &json!(2))
        );

        let text = done(&world, &ana.link, "push_wellness", day(DAY, json!({"mood": 1}))).await;
        assert!(
            text.contains("mood not set → 1/4 great (1 best) (change 3)"),
            "{text}"
        );
        let text = refused(&world, &ana.link, "undo_change", json!({"changes": "3"})).await;
        assert!(
            text.contains(
                "NOT undone, intervals.icu did not empty what was not set before: mood, still 1/4 great"
            ),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_changes_taken_back_together_one_that_stands_all_the_same_is_not_counted() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        done(
            &world,
            &ana.link,
            "push_wellness",
            day(DAY, json!({"weight": 61.4})),
        )
        .await;
        let text = done(&world, &ana.link, "push_wellness", day(DAY, json!({"mood": 1}))).await;
        assert!(
            text.contains("An undo cannot empty what was not set before")
                && !text.contains("undo_change with"),
            "{text}"
        );
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "1-2"})).await;
        for says in [
            " · 1 change undone, 1 change not undone · ",
            "undone but for change 2, weight 61.4 kg → 61.2 kg",
            "did not empty what was not set before: mood, still 1/4 great (1 best)",
        ] {
            assert!(text.contains(says), "{says}: {text}");
        }
        let list = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(
            list.contains("mood not set → 1/4 great (1 best))\tdone"),
            "{list}"
        );
        let text = refused(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        assert!(text.contains("NOT undone, intervals.icu did not empty"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_kept_as_it_was_written_and_can_be_emptied() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        let note = "slept «badly»\nsee [map](https://maps.example) 🚴\u{200d}♀\u{fe0f}";
        let text = done(
            &world,
            &ana.link,
            "push_wellness",
            day(DAY, json!({"note": note, "weight": 61.2})),
        )
        .await;
        assert!(text.contains("already so: weight 61.2 kg"), "{text}");
        assert_eq!(held(&world, &ana, DAY).await["comments"], note);
        for empty in [json!({"note": ""}), json!({"note": null})] {
            let text = done(&world, &ana.link, "push_wellness", day(DAY, empty)).await;
            assert!(
                text.contains("→ not set") || text.contains("already so"),
                "{text}"
            );
            assert_eq!(held(&world, &ana, DAY).await["comments"], "");
        }
        done(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        assert_eq!(held(&world, &ana, DAY).await["comments"], note);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_days_go_in_one_request_each_with_its_outcome() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        meddle(
            &world,
            &ana,
            "2026-11-27",
            json!({"weight": 61.0, "sleepSecs": 27_000}),
        );
        let call = json!({"days": [
            {"values": {"sleep": "7:30", "Sleep quality": "good"}},
            {"date": "2026-11-27 Fri", "values": {"weight": 61.0}},
            {"date": "yesterday", "values": {"mood": 1}},
        ]});
        let text = refused(&world, &ana.link, "push_wellness", call).await;
        assert!(
            text.contains("days 3: date must be another day: 2026-11-27 Fri is there twice"),
            "{text}"
        );

        let call = json!({"days": [
            {"values": {"sleep": "7:30", "sleep_quality": "good"}},
            {"date": "2026-11-27 Fri", "values": {"weight": "135.4 lb", "sleepHours": 7}},
            {"date": "2026-11-26", "values": {"weight": 61.1}},
        ]});
        meddle(&world, &ana, "2026-11-26", json!({"weight": 61.1}));
        let text = done(&world, &ana.link, "push_wellness", call).await;
        for says in [
            "2 days written, 1 day already so",
            "2026-11-28 Sat: sleep not set → 7:30 h",
            "sleep quality",
            "2/4 good (1 best) (change 2)",
            "2026-11-27 Fri: sleep 7:30 h → 7:00 h, weight 61.0 kg → 61.4 kg",
            "2026-11-26 Thu: already so: weight 61.1 kg",
            "undo_change with changes 1-2",
        ] {
            assert!(text.contains(says), "{says}: {text}");
        }
        assert_eq!(
            writes(&world),
            [format!(
                "PUT /api/v1/athlete/{}/wellness-bulk",
                ana.person.athlete_id
            )]
        );
        assert_eq!(held(&world, &ana, DAY).await["sleepSecs"], json!(27_000));
        assert_eq!(held(&world, &ana, "2026-11-27").await["weight"], json!(61.416));

        // Both days at once, in one request again.
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "1-2"})).await;
        assert!(text.contains("sleep 7:00 h → 7:30 h"), "{text}");
        assert_eq!(writes(&world).len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn own_fields_go_by_code_or_label() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        meddle(&world, &ana, DAY, json!({"SaunaMinutes": 10}));
        let text = done(
            &world,
            &ana.link,
            "push_wellness",
            day(DAY, json!({"SaunaMinutes": 20})),
        )
        .await;
        assert!(text.contains("SaunaMinutes 10 → 20"), "{text}");
        assert_eq!(held(&world, &ana, DAY).await["SaunaMinutes"], json!(20));
        let text = refused(
            &world,
            &ana.link,
            "push_wellness",
            day(DAY, json!({"soarness": 2})),
        )
        .await;
        assert!(
            text.contains("no wellness field «soarness». Did you mean soreness?")
                && text.contains("SaunaMinutes"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_before_anything_is_sent() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        for (values, says) in [
            (
                json!({"soreness": 7}),
                "soreness must be 1 to 4, where 1 is best: 1 low, 2 avg, 3 high, 4 extreme",
            ),
            (json!({"soreness": 0}), "1 to 4"),
            (json!({"soreness": 2.5}), "1 to 4"),
            (json!({"mood": "fine"}), "1 great, 2 good, 3 ok, 4 grumpy"),
            (
                json!({"weight": 612}),
                "weight must be a number from 20 to 300 kg",
            ),
            (json!({"weight": "61 stone"}), "weight must be a number"),
            (json!({"weight": "61 %"}), "weight must be a number"),
            (
                json!({"weight": "61,400 kg"}),
                "weight must be a number from 20 to 300 kg",
            ),
            (json!({"weight": "7h30"}), "weight must be a number"),
            (
                json!({"steps": "12.345"}),
                "steps must be a whole number from 0 to 200000",
            ),
            (
                json!({"sleepSecs": 450}),
                "sleepSecs must be from 1800 to 72000 seconds; hours are given as sleep: 7.5",
            ),
            (json!({"sleep": "7h75"}), "or as 7:30"),
            (
                json!({"systolic": 80, "diastolic": 120}),
                "diastolic must be below systolic",
            ),
            (json!({"weight": 135}), "is far from 61.9 kg of 2026-11-27 Fri"),
            (
                json!({"weight": -1}),
                "cannot be emptied from here: intervals.icu ignores an empty value of it",
            ),
            (
                json!({"weight": null}),
                "cannot be emptied from here: intervals.icu ignores an empty value of it",
            ),
            (json!({"weight": {"kg": 61}}), "weight must be a number"),
            (
                json!({"sleep": 27_000}),
                "sleep must be a number from 0.5 to 20 h, or as 7:30",
            ),
            (json!({"sleep": "7:75"}), "or as 7:30"),
            (
                json!({"restingHR": 300}),
                "restingHR must be a number from 25 to 120 bpm",
            ),
            (json!({"sleepScore": 101}), "from 0 to 100"),
            (json!({"locked": true}), "does not lock a day"),
            (json!({"ctl": 60}), "computes ctl itself"),
            (json!({"weight": 61, "bodyweight": 62}), "must be given once"),
            (json!({"menstrualPhase": "moon"}), "must be period, follicular"),
            (json!({"note": "x".repeat(2001)}), "at most 2000 characters"),
            (json!({}), "values must have at least one field"),
        ] {
            let text = refused(&world, &ana.link, "push_wellness", day(DAY, values)).await;
            assert!(text.contains(says), "{says}: {text}");
        }
        for (date, says) in [
            (
                "2026-11-29",
                "must not be in the future: today here is 2026-11-28 Sat",
            ),
            ("2026-11-28 Sun", "weekday of its day"),
            ("2010-01-01", "within ten years"),
        ] {
            let text = refused(&world, &ana.link, "push_wellness", day(date, json!({"mood": 1}))).await;
            assert!(text.contains(says), "{says}: {text}");
        }
        assert!(writes(&world).is_empty());
        // With its unit, a value is no mistake of units.
        let text = done(
            &world,
            &ana.link,
            "push_wellness",
            day(DAY, json!({"weight": "80 kg"})),
        )
        .await;
        assert!(text.contains("weight 61.2 kg → 80.0 kg"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_field_that_is_ignored_without_a_word_is_named() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        let all = json!({
            "weight": 61.9, "restingHR": 51, "hrv": 77, "hrvSDNN": 88, "kcalConsumed": 2345, "sleepSecs": 6.25, "sleepScore": 71,
            "sleepQuality": 3, "avgSleepingHR": 53, "soreness": 3, "fatigue": 4, "stress": 3, "mood": 4, "motivation": 4, "spO2": 93,
            "injury": 3, "systolic": 131, "diastolic": 83, "hydration": 3, "hydrationVolume": 2.7, "readiness": 33,
            "baevskySI": 77, "bloodGlucose": 5.7, "lactate": 1.7, "bodyFat": 21.7, "abdomen": 77, "vo2max": 51, "note": "tired",
            "steps": 12_345, "respiration": 17, "carbohydrates": 277, "protein": 97, "fatTotal": 67, "menstrualPhase": "luteal",
        });
        for (name, value) in all.as_object().unwrap() {
            let upstream = if name == "note" { "comments" } else { name };
            world.sim.fault(Fault::on("PUT /wellness").ignoring(&[upstream]));
            let mut values = json!({"SaunaMinutes": 1});
            let before = held(&world, &ana, DAY).await;
            let minutes = before["SaunaMinutes"].as_f64().unwrap_or_default();
            values["SaunaMinutes"] = json!(minutes + 1.0);
            values[name] = value.clone();
            let text = done(&world, &ana.link, "push_wellness", day(DAY, values)).await;
            world.sim.clear_faults();
            let after = held(&world, &ana, DAY).await;
            assert_eq!(before[upstream], after[upstream], "{name}");
            assert_eq!(after["SaunaMinutes"].as_f64(), Some(minutes + 1.0));
            assert_eq!(text.matches("NOT TAKEN by intervals.icu: ").count(), 1, "{name}: {text}");
            assert!(text.contains("SaunaMinutes"), "{name}: {text}");

            world.sim.fault(Fault::on("PUT /wellness").ignoring(&[upstream]));
            let text = refused(&world, &ana.link, "push_wellness", day(DAY, json!({name: value}))).await;
            world.sim.clear_faults();
            assert!(text.contains("NOT changed: intervals.icu said that it was saved, but all stands as before"), "{name}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_the_athlete_locked_is_told_as_unchanged() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        world.sim.rules(Rules {
            locks_hold: true,
            ..Rules::default()
        });
        meddle(&world, &ana, DAY, json!({"locked": true}));
        let text = refused(
            &world,
            &ana.link,
            "push_wellness",
            day(DAY, json!({"weight": 61.9})),
        )
        .await;
        assert!(
            text.contains("all stands as before; the athlete locked this day"),
            "{text}"
        );
        assert_eq!(held(&world, &ana, DAY).await["weight"], json!(61.2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_of_one_day_keep_each_others_fields() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        let coach = coach(&world, &["push_wellness", "get_wellness"]).await;
        let mut of_coach = day(DAY, json!({"fatigue": 3}));
        of_coach["athlete"] = json!(ana.person.athlete_id);
        let (hers, his) = tokio::join!(
            done(
                &world,
                &ana.link,
                "push_wellness",
                day(DAY, json!({"weight": 61.5}))
            ),
            done(&world, &coach.link, "push_wellness", of_coach),
        );
        assert!(
            hers.contains("weight 61.2 kg → 61.5 kg") && !hers.contains("fatigue"),
            "{hers}"
        );
        assert!(
            his.contains("→ 3/4 high (1 best)") && !his.contains("weight"),
            "{his}"
        );
        let stands = held(&world, &ana, DAY).await;
        assert_eq!((&stands["weight"], &stands["fatigue"]), (&json!(61.5), &json!(3)));

        // Somebody else has changed one of them since: nothing is laid over it.
        meddle(&world, &ana, DAY, json!({"weight": 62.0}));
        let number = if hers.contains("(change 1)") { "1" } else { "2" };
        let text = refused(&world, &ana.link, "undo_change", json!({"changes": number})).await;
        assert!(
            text.contains("somebody changed it since (weight); what stands there now is kept"),
            "{text}"
        );
        assert_eq!(held(&world, &ana, DAY).await["weight"], json!(62.0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_changes_of_a_day_are_taken_back_in_their_order_or_at_once() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        for weight in [61.4, 61.6, 61.8] {
            done(
                &world,
                &ana.link,
                "push_wellness",
                day(DAY, json!({"weight": weight})),
            )
            .await;
        }
        let text = refused(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        assert!(text.contains("change 3 came after it: undo that first"), "{text}");
        let text = refused(&world, &ana.link, "undo_change", json!({"changes": "1, 3"})).await;
        assert!(text.contains("a change in between is not in this call"), "{text}");
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "1-3"})).await;
        assert!(
            text.contains(
                "changes 1-3, wellness 2026-11-28 Sat: undone, weight 61.8 kg → 61.2 kg (change 4)"
            ),
            "{text}"
        );
        assert_eq!(held(&world, &ana, DAY).await["weight"], json!(61.2));
        // An undo can be undone too.
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "4"})).await;
        assert!(text.contains("weight 61.2 kg → 61.8 kg"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_needs_the_grant_and_undoes_only_the_coachs_own() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        let coach = coach(&world, &["push_workout", "get_wellness"]).await;
        let athlete = json!(ana.person.athlete_id);
        let mut call = day(DAY, json!({"weight": 61.5}));
        call["athlete"] = athlete.clone();
        let text = refused(&world, &coach.link, "push_wellness", call.clone()).await;
        assert!(text.contains("has not granted push_wellness"), "{text}");
        done(
            &world,
            &ana.link,
            "push_wellness",
            day(DAY, json!({"mood": 2, "restingHR": 45})),
        )
        .await;
        run(&world, "update grants set tools = '{push_wellness}'").await;
        let text = done(&world, &coach.link, "push_wellness", call).await;
        assert!(
            text.contains("(change 2)")
                && text.contains(&format!(
                    "undo_change with athlete {} and changes 2",
                    ana.person.athlete_id
                )),
            "{text}"
        );
        // What it was on other days is not granted.
        let mut far = day("2026-11-10", json!({"weight": 160}));
        far["athlete"] = athlete.clone();
        let text = refused(&world, &coach.link, "push_wellness", far).await;
        assert!(
            text.contains("weight 160.0 kg is far from what this athlete weighed about then"),
            "{text}"
        );
        let undo = |number: &str| json!({"athlete": athlete, "changes": number});
        let text = refused(&world, &coach.link, "undo_change", undo("1")).await;
        assert!(text.contains("no change 1 here"), "{text}");
        let list = done(&world, &coach.link, "list_changes", json!({"athlete": athlete})).await;
        assert!(
            list.contains("weight") && !list.contains("mood") && !list.contains("resting"),
            "{list}"
        );
        run(&world, "update grants set tools = '{push_workout}'").await;
        let text = refused(&world, &coach.link, "undo_change", undo("2")).await;
        assert!(
            text.contains("push_wellness, which is not granted any more"),
            "{text}"
        );
        run(&world, "update grants set tools = '{push_wellness}'").await;
        let text = done(&world, &coach.link, "undo_change", undo("2")).await;
        assert!(text.contains("weight 61.5 kg → 61.2 kg"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_off_is_settled_by_the_next_change() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        world.sim.fault(Fault::on("PUT /wellness").mode(Mode::Reset));
        world
            .sim
            .fault(Fault::on("GET /wellness").after(1).status(500).times(9));
        let text = refused(
            &world,
            &ana.link,
            "push_wellness",
            day(DAY, json!({"weight": 61.4})),
        )
        .await;
        assert!(text.contains("NOT KNOWN whether it changed"), "{text}");
        world.sim.clear_faults();
        let list = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(list.contains("weight 61.2 kg → 61.4 kg"), "{list}");
        let text = done(&world, &ana.link, "push_wellness", day(DAY, json!({"mood": 2}))).await;
        let landed = held(&world, &ana, DAY).await["weight"] == json!(61.4);
        let says = if landed {
            "Cut off earlier: change 1, wellness 2026-11-28 Sat, is done."
        } else {
            "Not known yet: change 1"
        };
        assert!(text.contains(says), "{landed}: {text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_one_day_keeps_none_of_the_others_back() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        world.sim.fault(Fault::on("PUT /wellness-bulk").status(422));
        let call = json!({"days": [
            {"date": DAY, "values": {"weight": 61.4}},
            {"date": "2026-11-27", "values": {"weight": 61.3}},
        ]});
        let text = done(&world, &ana.link, "push_wellness", call).await;
        assert!(text.contains("2 days written"), "{text}");
        assert_eq!(writes(&world).len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_a_group_and_a_narrowed_url_hold() {
    on_saturday(async |world| {
        let ana = world.ana().clone();
        let call = || day(DAY, json!({"weight": 61.4}));
        let text = refused(&world, &ana.link, "push_wellness", call()).await;
        assert!(text.starts_with("Not done: this connector may"), "{text}");
        let_write(&world, &ana).await;
        let text = refused(&world, &format!("{}?readonly=1", ana.link), "push_wellness", call()).await;
        assert!(text.contains("readonly=1"), "{text}");
        let text = refused(&world, &format!("{}?tools=calendar", ana.link), "push_wellness", call()).await;
        assert!(text.contains("tools="), "{text}");
        // What changes something brings along what undoes it.
        let narrow = format!("{}?tools=wellness", ana.link);
        done(&world, &narrow, "push_wellness", call()).await;
        done(&world, &narrow, "list_changes", json!({})).await;
        done(&world, &narrow, "undo_change", json!({"changes": "1"})).await;
        world.sim.clear_requests();
        run(&world, "update connections set scopes = '{ACTIVITY:READ,WELLNESS:READ,CALENDAR:WRITE,SETTINGS:READ}', kind = 'oauth'").await;
        let text = refused(&world, &ana.link, "push_wellness", call()).await;
        assert!(text.contains("for reading only"), "{text}");
        assert!(writes(&world).is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_named_with_its_own_undo_is_not_done_again() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        done(
            &world,
            &ana.link,
            "push_wellness",
            day(DAY, json!({"weight": 61.4})),
        )
        .await;
        done(&world, &ana.link, "undo_change", json!({"changes": 1})).await;
        let text = refused(&world, &ana.link, "undo_change", json!({"changes": "1-2"})).await;
        assert!(
            text.contains("it undid a change that is in this call too"),
            "{text}"
        );
        assert!(text.contains("undone already"), "{text}");
        assert_eq!(held(&world, &ana, DAY).await["weight"], json!(61.2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_connector_does_not_offer_it_neither_lists_nor_takes_back() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        done(
            &world,
            &ana.link,
            "push_workout",
            crate::changes::workout("2026-12-01", "Secret"),
        )
        .await;
        done(
            &world,
            &ana.link,
            "push_wellness",
            day(DAY, json!({"weight": 61.4})),
        )
        .await;
        let narrow = format!("{}?tools=wellness", ana.link);
        let list = done(&world, &narrow, "list_changes", json!({})).await;
        assert!(list.contains("weight") && !list.contains("Secret"), "{list}");
        assert!(
            list.contains("1 change made with tools that this connector does not offer: left out."),
            "{list}"
        );
        let text = refused(&world, &narrow, "undo_change", json!({"changes": "1"})).await;
        assert!(text.contains("no change 1 here"), "{text}");
        let list = done(
            &world,
            &format!("{}?readonly=1", ana.link),
            "list_changes",
            json!({}),
        )
        .await;
        assert!(list.contains("weight") && list.contains("Secret"), "{list}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_read_as_people_write_them() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        for (values, field, stands, says) in [
            (
                json!({"weight": "61,4 kg"}),
                "weight",
                json!(61.4),
                "weight 61.2 kg → 61.4 kg",
            ),
            (
                json!({"sleep": "7h30"}),
                "sleepSecs",
                json!(27_000),
                "sleep not set → 7:30 h",
            ),
            (
                json!({"sleep": "7 h 40 min"}),
                "sleepSecs",
                json!(27_600),
                "→ 7:40 h",
            ),
            (json!({"sleep": "7:50"}), "sleepSecs", json!(28_200), "→ 7:50 h"),
            (json!({"sleep": "7,5 h"}), "sleepSecs", json!(27_000), "→ 7:30 h"),
            (
                json!({"sleepSecs": 25_200}),
                "sleepSecs",
                json!(25_200),
                "sleepSecs 25200 was read as seconds: 7:00 h.",
            ),
            (
                json!({"sleepSecs": 6.5}),
                "sleepSecs",
                json!(23_400),
                "sleepSecs was read as hours: 6:30 h.",
            ),
            (
                json!({"restingHR": "44 bpm"}),
                "restingHR",
                json!(44),
                "resting HR 46 bpm → 44 bpm",
            ),
            (
                json!({"hydrationVolume": "500 ml"}),
                "hydrationVolume",
                json!(0.5),
                "fluids not set → 0.5 l",
            ),
            (
                json!({"calories": "2400 kcal"}),
                "kcalConsumed",
                json!(2400),
                "calories eaten not set → 2400 kcal",
            ),
        ] {
            let text = done(&world, &ana.link, "push_wellness", day(DAY, values)).await;
            assert!(text.contains(says), "{says}: {text}");
            let now = held(&world, &ana, DAY).await;
            assert_eq!(now[field].as_f64(), stands.as_f64(), "{says}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_before_it_is_sent_is_no_change() {
    on_saturday(async |world| {
        let ana = free(&world).await;
        refused(
            &world,
            &ana.link,
            "push_wellness",
            day(DAY, json!({"weight": 612})),
        )
        .await;
        refused(
            &world,
            &ana.link,
            "push_wellness",
            day(DAY, json!({"weight": 135})),
        )
        .await;
        refused(
            &world,
            &ana.link,
            "update_activity",
            json!({"ids": ["i1"], "rpe": 7}),
        )
        .await;
        refused(
            &world,
            &ana.link,
            "update_sport_settings",
            json!({"sport": "Ride", "max_hr": 177}),
        )
        .await;
        let list = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(!list.contains("wellness") && !list.contains("settings"), "{list}");
        let text = done(
            &world,
            &ana.link,
            "push_wellness",
            day(DAY, json!({"weight": 61.4})),
        )
        .await;
        assert!(text.contains("(change 1)"), "{text}");
        let mut browser = world.signed_in(&ana).await;
        let preview = json!({"days": [{"date": DAY, "values": {"weight": 61.9}}], "preview": true});
        done(&world, &ana.link, "push_wellness", preview).await;
        refused(&world, &ana.link, "undo_change", json!({"changes": "7"})).await;
        let page = browser.get("/activity").await.text();
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        for says in [
            "push_wellness changed Answered",
            "push_wellness changed nothing Answered",
            "push_wellness not done Could not be done",
            "undo_change not done Could not be done",
        ] {
            assert!(page.contains(says), "{says}: {page}");
        }
    })
    .await;
}
