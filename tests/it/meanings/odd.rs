//! Values of a form that upstream seldom sends, and parts that were not read: none reads as something that was measured,
//! planned or missed.

use icusync_sim::Fault;
use serde_json::{Value, json};

use super::{
    ask, ask_at,
    detail::{activity, details},
    give, on_saturday, row,
    unread::serve,
};
use crate::roster::change;

const PAGE: &str = "<!doctype html><title>Maintenance</title>";

/// A planned workout that an activity did.
fn planned(id: i64, activity: &str, fields: &Value) -> Value {
    let mut event = json!({"id": id, "category": "WORKOUT", "type": "Ride", "name": "Steady", "moving_time": 600,
        "start_date_local": "2026-11-26T00:00:00", "paired_activity_id": activity});
    for (key, value) in fields.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

/// The ride that did it.
fn ridden(id: &str, event: &Value) -> Value {
    json!({"id": id, "type": "Ride", "start_date_local": "2026-11-26T07:00:00", "moving_time": 600, "distance": 5000,
        "icu_training_load": 10, "average_heartrate": 120, "paired_event_id": event})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pairing_with_entry_0_is_none() {
    on_saturday(async |world| {
        for none in [json!(0), json!("0"), json!(-1)] {
            let fields = json!({"moving_time": 1800, "distance": 6000, "paired_event_id": none});
            let text = details(&world, &fields, json!({"include": ["plan"]})).await;
            assert!(
                text.contains("Plan: no planned workout is paired with this activity.")
                    && !text.contains("planned workout 0")
                    && !text.contains("planned workout -1"),
                "{text}"
            );
        }
        let mut by_hand = ridden("i1", &json!(0));
        by_hand["source"] = json!("MANUAL");
        give(&world, world.jack(), json!({"activities": [by_hand]}));
        let text = ask(&world, world.jack(), "get_training_history", json!({})).await;
        assert!(
            text.contains("\tby hand\t") && !text.contains("marked done"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_has_the_same_words_beside_an_activity_as_in_the_calendar() {
    on_saturday(async |world| {
        let cue = format!("stay tall {}and breathe", "and relaxed ".repeat(8));
        let steps = json!([{"duration": 600, "text": cue, "power": {"value": 60, "units": "%ftp"}}]);
        for (person, own, says) in [
            (world.ana(), json!(""), "Stay seated, stop if the knee hurts."),
            (world.jack(), Value::Null, "Stay seated, stop if the knee hurts."),
            (world.tria(), json!("Only this."), "Only this."),
        ] {
            let event = json!({"description": format!("Stay seated, stop if the knee hurts.\n\n- {cue} 10m 60%"),
                "workout_doc": {"description": own, "ftp": 250, "steps": steps}});
            let rows = json!({"events": [planned(7, "i7", &event)], "activities": [ridden("i7", &json!(7))]});
            give(&world, person, rows);
            let full = json!({"id": "i7", "include": ["plan"], "detail": "full"});
            let text = ask(&world, person, "get_activity_detail", full).await;
            assert!(text.contains(&format!("\nits text: «{says}»")), "{text}");
            assert!(text.contains(&format!("10 min «{cue}» ")), "{text}");
            let concise = json!({"id": "i7", "include": ["plan"]});
            let text = ask(&world, person, "get_activity_detail", concise).await;
            assert!(
                text.contains("10 min «stay tall and relaxed ") && !text.contains(&cue),
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_targets_could_not_be_resolved_says_why() {
    on_saturday(async |world| {
        let steps = json!([{"duration": 600, "power": {"value": 60, "units": "%ftp"}}]);
        let event = planned(7, "i7", &json!({"workout_doc": {"steps": steps}}));
        let rows = json!({"events": [event], "activities": [ridden("i7", &json!(7))]});
        give(&world, world.jack(), rows);
        serve(&world, "/events?", PAGE);
        let asked = json!({"id": "i7", "include": ["plan"]});
        let text = ask(&world, world.jack(), "get_activity_detail", asked).await;
        let says = "\nTargets of the plan are not resolved: the calendar did not answer; try again in a few minutes.";
        assert!(text.contains(says) && text.contains("its steps"), "{text}");
        world.sim.clear_faults();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_zones_that_could_not_be_read_is_said() {
    on_saturday(async |world| {
        for (person, bounds) in [
            (world.ana(), json!([130, null, 151, 188])),
            (world.jack(), json!("130, 140, 151")),
            (world.tria(), json!({"1": 130})),
        ] {
            let id = person.person.athlete_id;
            let profile = json!({"id": id, "name": "Somebody", "timezone": "Europe/Berlin", "sportSettings": [
                {"types": ["Ride"], "ftp": 250, "lthr": 170, "power_zones": [55, 75, 999], "hr_zones": bounds}]});
            give(&world, person, json!({"answers": {format!("/athlete/{id}"): profile}}));
            let text = ask(&world, person, "get_athlete_profile", json!({})).await;
            assert!(
                text.contains("power zones W: Z1 ≤137") && !text.contains("HR zones"),
                "{text}"
            );
            assert!(
                text.ends_with("\n1 list of zones could not be read: left out."),
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_in_zones_that_could_not_be_read_are_said() {
    on_saturday(async |world| {
        for (mut fields, says) in [
            (
                json!({"icu_hr_zone_times": [600, null, 300]}),
                "1 list of zones could not be read: left out.",
            ),
            (
                json!({"pace_zone_times": "600", "gap_zone_times": [1, {}]}),
                "2 lists of zones could not be read: left out.",
            ),
            (
                json!({"icu_zone_times": [{"id": "Z1", "secs": 600}, {"id": "Z2", "secs": null}]}),
                "1 time in a zone could not be read: left out.",
            ),
        ] {
            (fields["type"], fields["moving_time"]) = (json!("Ride"), json!(900));
            let text = details(&world, &fields, json!({})).await;
            assert_eq!(text.lines().last(), Some(says), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_could_not_be_read_is_not_only_not_recorded() {
    on_saturday(async |world| {
        let time: Vec<usize> = (0..=600).collect();
        let of = |value: Value| vec![value; time.len()];
        let unread = "\n1 recorded channel could not be read: left out.";
        for (at, watts, is_unread) in [
            (0, vec![json!("100, 200")], true),
            (1, vec![json!({"0": 100})], true),
            (2, vec![json!(7)], true),
            // Nothing was recorded.
            (3, vec![Value::Null], false),
            // The one that has something.
            (4, vec![json!(of(Value::Null)), json!(of(json!(200)))], false),
            (5, vec![json!(of(json!(200))), json!(of(json!(100)))], false),
        ] {
            let id = format!("i78{at}");
            let mut streams = vec![
                json!({"type": "time", "data": time}),
                json!({"type": "heartrate", "data": of(json!(140))}),
            ];
            streams.extend(
                watts
                    .into_iter()
                    .map(|data| json!({"type": "watts", "data": data})),
            );
            let ride = activity(
                &json!({"id": id, "type": "Ride", "moving_time": 600, "average_heartrate": 140,
                "icu_average_watts": 200, "stream_types": ["time", "heartrate", "watts"]}),
            );
            let answers = json!({format!("/activity/{id}/streams.json"): streams});
            give(
                &world,
                world.ana(),
                json!({"activities": [ride], "answers": answers}),
            );
            let asked = json!({"id": id, "include": ["streams"]});
            let text = ask(&world, world.ana(), "get_activity_detail", asked).await;
            assert_eq!(text.contains(unread), is_unread, "{at}: {text}");
            let has_watts = text.lines().any(|line| line.contains("\t200"));
            assert_eq!(has_watts, at > 3, "{at}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn own_fields_with_several_choices_are_shown_and_a_day_with_a_field_twice_is_unread() {
    on_saturday(async |world| {
        let day = json!({"id": "2026-11-27", "Aches": ["knee", "hip"], "Sauna": [true, 3]});
        give(&world, world.ana(), json!({"wellness": [day]}));
        for detail in ["concise", "full"] {
            let text = ask(&world, world.ana(), "get_wellness", json!({"detail": detail})).await;
            assert!(
                text.contains("«knee», «hip»") && text.contains("yes, 3"),
                "{text}"
            );
        }
        for (person, twice) in [
            (world.jack(), r#""restingHR":48,"restingHR":61"#),
            (world.tria(), r#""hrv":60,"Sauna":48,"Sauna":61"#),
            (world.nell(), r#""ctl":48,"hrv":60,"ctl":61"#),
        ] {
            let rows = format!(r#"[{{"id":"2026-11-26","restingHR":47}},{{"id":"2026-11-27",{twice}}}]"#);
            serve(&world, "/wellness?", &rows);
            let text = ask(&world, person, "get_wellness", json!({})).await;
            assert!(
                text.contains("\n1 wellness day could not be read: neither shown nor counted."),
                "{text}"
            );
            assert!(text.contains("\t47") && !text.contains("61"), "{text}");
            world.sim.clear_faults();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_of_no_day_is_said_where_plans_are_judged() {
    on_saturday(async |world| {
        let coach = world.coaches().await[0].link.clone();
        let limited = json!({"category": "NOTE", "training_availability": "LIMITED"});
        for (person, name, absence) in [
            (world.ana(), "Ana Berger", json!({"category": "SICK"})),
            (world.jack(), "Jack", limited),
        ] {
            let mut absence = absence;
            (absence["id"], absence["start_date_local"]) = (json!(8), json!("2026-10-32T00:00:00"));
            let mut missed = planned(7, "", &json!({}));
            missed["paired_activity_id"] = Value::Null;
            let note = json!({"id": 9, "category": "NOTE", "start_date_local": "2026-10-33T00:00:00"});
            let rows = json!({"events": [missed, absence, note], "activities": []});
            give(&world, person, rows);
            change(
                &world,
                person,
                &["get_fitness", "get_events", "get_training_history"],
                None,
            )
            .await;
            for tool in ["get_training_history", "get_training_summary"] {
                let asked = json!({"oldest": "2026-10-01", "include": ["planned"]});
                let text = ask(&world, person, tool, asked).await;
                let says = "\n1 absence could not be read and is not counted: it has no readable date.";
                assert!(text.contains(says), "{tool}: {text}");
            }
            let asked = json!({"athletes": [name]});
            let text = ask_at(&world, &coach, "get_roster_overview", asked).await;
            assert!(
                text.contains("1 calendar entry with an unreadable date is not counted"),
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_is_sent_to_granted_tools_only() {
    on_saturday(async |world| {
        let coach = world.coaches().await[0].link.clone();
        let stubs: Vec<Value> = (21..=26)
            .map(|day| json!({"id": format!("770{day}"), "source": "STRAVA", "start_date_local": format!("2026-11-{day}T07:00:00")}))
            .collect();
        let mut open = planned(7, "", &json!({"icu_training_load": 24}));
        open["paired_activity_id"] = Value::Null;
        // Unreadable.
        let own_sums = json!({});
        give(
            &world,
            world.ana(),
            json!({"activities": stubs, "events": [open], "answers": {"/athlete-summary": own_sums}}),
        );
        let (history, summary) = ("get_training_history", "get_training_summary");
        for (tools, tool, includes, sent, word) in [
            (&[history][..], history, json!([]), false, "get_fitness"),
            (&[history, "get_fitness"], history, json!([]), true, "get_fitness"),
            (&[summary], summary, json!([]), false, "get_fitness"),
            (&[summary, "get_events"], summary, json!(["planned"]), false, "include=done"),
            (&[summary, "get_events", history], summary, json!(["planned"]), true, "include=done"),
        ] {
            change(&world, world.ana(), tools, None).await;
            let asked = json!({"athlete": "ana", "oldest": "2026-11-21", "include": includes});
            let text = ask_at(&world, &coach, tool, asked).await;
            assert_eq!(text.contains(word), sent, "{tools:?}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_coach_hides_may_be_in_a_projection_and_is_not_said_not_to_be_there() {
    on_saturday(async |world| {
        let says = "\nThe projection may hold entries that a coach hides from the athlete.";
        for (person, hidden) in [(world.ana(), true), (world.jack(), false)] {
            let ahead = json!({"id": 8, "category": "WORKOUT", "type": "Ride", "start_date_local": "2026-11-30T00:00:00",
                "icu_training_load": 90, "hide_from_athlete": hidden});
            let done = planned(7, "i7", &json!({"hide_from_athlete": hidden}));
            let rows = json!({"events": [ahead, done], "activities": [ridden("i7", &json!(7))]});
            give(&world, person, rows);
            let text = ask(&world, person, "get_fitness", json!({})).await;
            assert_eq!(text.contains(says), hidden, "{text}");
            let asked = json!({"id": "i7", "include": ["plan"]});
            let text = ask(&world, person, "get_activity_detail", asked).await;
            let left_out = "\nPlan left out: it is not among the entries that can be shown.";
            assert_eq!(text.contains(left_out), hidden, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_read_is_no_reason() {
    on_saturday(async |world| {
        let none = json!({"list": [], "activities": {}});
        let nowhere = json!({"/pace-curves": none, "/power-curves": none, "/hr-curves": none});
        // Longer than the days that tell the main sport.
        let rows = json!({"activities": [ridden("i7", &Value::Null)], "answers": nowhere});
        give(&world, world.ana(), rows.clone());
        let text = ask(&world, world.ana(), "get_power_curves", json!({"metric": "pace"})).await;
        let says = "no pace curve for Ride in this period, though an activity has recorded distance.";
        assert!(text.contains(says), "{text}");
        give(&world, world.jack(), rows);
        world.sim.fault(Fault::on("/activities?").status(200).body(PAGE));
        for tool in ["get_best_efforts", "get_power_curves"] {
            let text = ask(&world, world.jack(), tool, json!({"sport": "ride", "metric": "pace"})).await;
            let says = "with recorded distance; the activities of this period were not read.";
            assert!(text.contains(says), "{tool}: {text}");
        }
        world.sim.clear_faults();
        let stub = json!({"id": "77021", "source": "STRAVA", "start_date_local": "2026-11-24T07:00:00"});
        give(&world, world.bishnu(), json!({"activities": [stub]}));
        serve(&world, "/athlete-summary", PAGE);
        let text = ask(&world, world.bishnu(), "get_training_summary", json!({"oldest": "2026-11-23"})).await;
        let says = "\nintervals.icu's own sums by sport and week left out: intervals.icu did not answer; try again in a few minutes.";
        assert!(text.contains(says), "{text}");
        world.sim.clear_faults();
        // A histogram that was never made is not one of nothing.
        let ride = activity(&json!({"id": "i8", "type": "Ride", "moving_time": 600, "distance": 5000}));
        let answers = json!({"/activity/i8/pace-histogram": []});
        give(&world, world.tria(), json!({"activities": [ride], "answers": answers}));
        let asked = json!({"id": "i8", "include": ["pace_histogram"]});
        let text = ask(&world, world.tria(), "get_activity_detail", asked).await;
        assert!(
            text.contains("Pace histogram: intervals.icu has none for this activity."),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_own_fields_that_were_not_read_are_said() {
    on_saturday(async |world| {
        let day = json!({"id": "2026-11-27", "Sauna": 20, "restingHR": 48});
        let mut ride = ridden("i7", &Value::Null);
        ride["Lactate"] = json!(4.2);
        let rows = json!({"wellness": [day], "activities": [ride]});
        give(&world, world.ana(), rows);
        serve(&world, "/custom-item", PAGE);
        let says =
            "\nNames of own fields left out: intervals.icu did not answer; try again in a few minutes.";
        let text = ask(&world, world.ana(), "get_wellness", json!({"detail": "full"})).await;
        let sauna = row(&text, "date\t", "2026-11-27");
        assert!(sauna.values().any(|cell| cell == "20"), "{text}");
        assert!(text.contains(says), "{text}");
        let text = ask(&world, world.ana(), "get_activity_detail", json!({"id": "i7"})).await;
        assert!(text.contains("«Lactate»") && text.contains(says), "{text}");
        world.sim.clear_faults();
    })
    .await;
}
