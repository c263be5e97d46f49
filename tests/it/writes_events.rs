//! Races, notes, targets and absences written, changed and undone over MCP, and what limits a day said where plans are made.

use std::sync::Arc;

use icusync_sim::{Fault, Mode};
use serde_json::{Map, Value, json};

use crate::{
    roster::change,
    world::World,
    writes::{all_named, calendar, done, entry, id_of, on_saturday, refused, with, workout, writes},
};

#[expect(clippy::needless_pass_by_value, reason = "calls read better")]
fn events(rows: Value) -> Value {
    json!({"events": rows})
}

/// One of each kind.
pub(crate) fn one_of_each() -> Value {
    json!([
        {"kind": "race", "date": "2026-12-20 Sun 10:30", "name": "City half", "sport": "Run", "priority": "B", "km": 21.0975,
         "minutes": 95, "load": 130, "text": "Bib 1207"},
        {"kind": "note", "date": "2026-12-07", "name": "Travel", "text": "Flight 09:00", "color": "#ff0000"},
        {"kind": "week_note", "date": "2026-12-09", "name": "Focus", "text": "Sleep"},
        {"kind": "week_target", "date": "2026-12-16 Wed", "sport": "Run", "load": 120, "minutes": 240, "km": 40},
        {"kind": "day_target", "date": "2026-12-18", "load": 60},
        {"kind": "holiday", "date": "2026-12-24", "last_date": "2026-12-30", "name": "Skiing", "availability": "unavailable"},
        {"kind": "sick", "date": "2026-11-24", "last_date": "2026-11-25"},
        {"kind": "injured", "date": "2026-12-12", "max_minutes": 40, "sports": ["swim", "Walk"]},
        {"kind": "season_start", "date": "2026-12-01"},
        {"kind": "set_eftp", "date": "2026-11-27", "sport": "Ride", "watts": 251},
    ])
}

/// Of an entry, what a client can set.
fn settable(event: &Map<String, Value>) -> Value {
    let names = [
        "category",
        "type",
        "start_date_local",
        "end_date_local",
        "name",
        "description",
        "moving_time",
        "distance",
        "icu_training_load",
        "for_week",
        "load_target",
        "time_target",
        "distance_target",
        "training_availability",
        "max_training_time",
        "can_train_sports",
        "icu_ftp",
        "color",
    ];
    let is_said = |value: &Value| !value.is_null() && *value != json!(false) && *value != json!("NORMAL");
    let held = names.into_iter().filter_map(|name| {
        Some((
            name.to_owned(),
            event.get(name).filter(|value| is_said(value))?.clone(),
        ))
    });
    Value::Object(held.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_each_kind_lands_once_as_it_was_meant_and_can_be_taken_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let before = calendar(&world, ana, "2026-11-16", "2027-01-03");
        let push = events(one_of_each());

        world.sim.clear_requests();
        let text = done(&world, &ana.link, "push_event", with(push.clone(), json!({"preview": true}))).await;
        assert!(text.starts_with("Ana Berger · preview, nothing written · 10 to write · Europe/Berlin"), "{text}");
        assert_eq!(writes(&world), Vec::<String>::new());

        world.sim.clear_requests();
        let text = done(&world, &ana.link, "push_event", push.clone()).await;
        assert!(text.contains(" · 10 written · ") && !text.contains("NOT"), "{text}");
        assert_eq!(writes(&world).len(), 1);
        assert!(world.sim.requests().len() <= 4, "{:?}", world.sim.requests());
        for (name, is, says) in [
            (
                "City half",
                json!({"category": "RACE_B", "type": "Run", "start_date_local": "2026-12-20T10:30:00",
                       "end_date_local": "2026-12-21T00:00:00", "description": "Bib 1207", "moving_time": 5700,
                       "distance": 21097.5, "icu_training_load": 130}),
                "2026-12-20 Sun 10:30 · Run race B «City half» · written · 1:35 · 21.1 km · load 130 (IF 0.91)",
            ),
            (
                "Travel",
                json!({"category": "NOTE", "start_date_local": "2026-12-07T00:00:00", "end_date_local": "2026-12-08T00:00:00",
                       "description": "Flight 09:00", "color": "#ff0000"}),
                "2026-12-07 Mon · note «Travel» · written",
            ),
            (
                "Focus",
                json!({"category": "NOTE", "start_date_local": "2026-12-07T00:00:00", "end_date_local": "2026-12-14T00:00:00",
                       "description": "Sleep", "for_week": true}),
                "2026-12-07 Mon – 2026-12-13 Sun (7 days) · note for the week «Focus»",
            ),
            (
                "Skiing",
                json!({"category": "HOLIDAY", "start_date_local": "2026-12-24T00:00:00",
                       "end_date_local": "2026-12-31T00:00:00", "training_availability": "UNAVAILABLE"}),
                "2026-12-24 Thu – 2026-12-30 Wed (7 days) · holiday «Skiing» · written · unavailable",
            ),
            (
                "Sick",
                json!({"category": "SICK", "start_date_local": "2026-11-24T00:00:00", "end_date_local": "2026-11-26T00:00:00"}),
                "2026-11-24 Tue – 2026-11-25 Wed (2 days) · sick «Sick»",
            ),
            (
                "Injured",
                json!({"category": "INJURED", "start_date_local": "2026-12-12T00:00:00",
                       "end_date_local": "2026-12-13T00:00:00", "training_availability": "LIMITED", "max_training_time": 2400,
                       "can_train_sports": ["Swim", "Walk"]}),
                "2026-12-12 Sat · injured «Injured» · written · limited: at most 0:40 a day, only Swim, Walk",
            ),
            (
                "Season start",
                json!({"category": "SEASON_START", "start_date_local": "2026-12-01T00:00:00",
                       "end_date_local": "2026-12-02T00:00:00"}),
                "2026-12-01 Tue · season starts «Season start»",
            ),
            (
                "eFTP",
                json!({"category": "SET_EFTP", "type": "Ride", "start_date_local": "2026-11-27T00:00:00",
                       "end_date_local": "2026-11-28T00:00:00", "icu_ftp": 251}),
                "2026-11-27 Fri · Ride eFTP set «eFTP» · written · 251 W",
            ),
        ] {
            assert_eq!(settable(&entry(&world, ana, name)), with(is, json!({"name": name})), "{name}");
            assert!(text.contains(says), "{says}: {text}");
        }
        let targets: Vec<Value> = all_named(&world, ana, "Target").iter().map(settable).collect();
        assert_eq!(
            targets,
            [
                json!({"category": "TARGET", "type": "Run", "name": "Target", "start_date_local": "2026-12-14T00:00:00",
                       "end_date_local": "2026-12-21T00:00:00", "for_week": true, "load_target": 120, "time_target": 14400,
                       "distance_target": 40000}),
                json!({"category": "TARGET", "name": "Target", "start_date_local": "2026-12-18T00:00:00",
                       "end_date_local": "2026-12-19T00:00:00", "load_target": 60}),
            ]
        );
        assert!(text.contains("Run week target «Target» · written · load 120 · 4:00 · 40 km"), "{text}");

        world.sim.clear_requests();
        let again = done(&world, &ana.link, "push_event", push).await;
        assert!(again.contains(" · 10 already there · ") && again.contains("already there (change 1)"), "{again}");
        assert_eq!(writes(&world), Vec::<String>::new());

        let list = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(list.contains("push_event\tnew «Skiing» 2026-12-24 Thu"), "{list}");
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "1-10"})).await;
        assert!(text.contains(" · 10 changes undone · "), "{text}");
        assert_eq!(calendar(&world, ana, "2026-11-16", "2027-01-03"), before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_before_anything_is_asked() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "get_athlete_profile", json!({})).await;
        world.sim.clear_requests();
        for (row, says) in [
            (
                json!({"kind": "holiday", "date": "2026-12-09", "last_date": "2026-12-03"}),
                "last_date must not be before date",
            ),
            (
                json!({"kind": "sick", "date": "2026-12-01", "last_date": "2027-12-05"}),
                "last_date must be within 366 days",
            ),
            (
                json!({"kind": "party", "date": "2026-12-01"}),
                "kind must be race, note",
            ),
            (
                json!({"kind": "note", "date": "2026-12-01"}),
                "name must be given for kind note",
            ),
            (
                json!({"kind": "race", "date": "2026-12-01", "name": "Half"}),
                "sport must be given for a race",
            ),
            (
                json!({"kind": "note", "date": "2026-12-01", "name": "x", "priority": "A"}),
                "priority must be left out",
            ),
            (
                json!({"kind": "note", "date": "2026-12-01 Mon", "name": "x"}),
                "date must have the weekday of its day",
            ),
            (
                json!({"kind": "sick", "date": "2026-12-01", "availability": "limited"}),
                "max_minutes must be given",
            ),
            (
                json!({"kind": "week_target", "date": "2026-12-01"}),
                "load must be given for a target",
            ),
            (
                json!({"kind": "note", "date": "2026-12-01", "name": "x", "external_id": "y"}),
                "unknown argument «external_id»",
            ),
        ] {
            let text = refused(&world, &ana.link, "push_event", events(json!([row.clone()]))).await;
            assert!(text.contains("events 1") && text.contains(says), "{row}: {text}");
        }
        let far = json!([{"kind": "sick", "date": "2026-12-01"}, {"kind": "sick", "date": "2024-12-01"}]);
        let text = refused(&world, &ana.link, "push_event", events(far)).await;
        assert!(text.contains("within 366 days of each other"), "{text}");
        assert_eq!(world.sim.requests().len(), 0, "{:?}", world.sim.requests());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_keeps_its_length_when_it_moves_and_gets_another_one_when_that_is_asked_for() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let skiing = events(
            json!([{"kind": "holiday", "date": "2026-12-24", "last_date": "2026-12-30", "name": "Skiing"}]),
        );
        done(&world, &ana.link, "push_event", skiing).await;
        let id = id_of(&world, ana, "Skiing");
        let days = |world: &World| {
            let held = entry(world, ana, "Skiing");
            [held["start_date_local"].clone(), held["end_date_local"].clone()]
        };
        let text = done(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "new_date": "2026-12-26"}),
        )
        .await;
        assert!(
            text.contains("Before: 2026-12-24 Thu – 2026-12-30 Wed (7 days)"),
            "{text}"
        );
        assert!(
            text.contains("2026-12-26 Sat – 2027-01-01 Fri (7 days) · holiday «Skiing» · now"),
            "{text}"
        );
        assert_eq!(days(&world), ["2026-12-26T00:00:00", "2027-01-02T00:00:00"]);

        let longer = json!({"date": "2026-12-26", "name": "skiing", "new_last_date": "2027-01-03 Sun"});
        let preview = done(
            &world,
            &ana.link,
            "edit_workout",
            with(longer.clone(), json!({"preview": true})),
        )
        .await;
        assert!(
            preview.contains("2026-12-26 Sat – 2027-01-03 Sun (9 days)"),
            "{preview}"
        );
        let text = done(&world, &ana.link, "edit_workout", longer).await;
        assert!(
            text.contains("2026-12-26 Sat – 2027-01-03 Sun (9 days)"),
            "{text}"
        );
        assert_eq!(days(&world), ["2026-12-26T00:00:00", "2027-01-04T00:00:00"]);
        let list = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(
            list.contains("edited «Skiing» 2026-12-26 Sat (last day)"),
            "{list}"
        );

        // Both at once, and back.
        let both = json!({"id": id, "new_date": "2026-12-20", "new_last_date": "2026-12-21"});
        done(&world, &ana.link, "edit_workout", both).await;
        assert_eq!(days(&world), ["2026-12-20T00:00:00", "2026-12-22T00:00:00"]);
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "4"})).await;
        assert!(
            text.contains("it stands again as 2026-12-26 Sat – 2027-01-03 Sun (9 days) holiday «Skiing»"),
            "{text}"
        );
        assert_eq!(days(&world), ["2026-12-26T00:00:00", "2027-01-04T00:00:00"]);
        done(&world, &ana.link, "undo_change", json!({"changes": "3"})).await;
        assert_eq!(days(&world), ["2026-12-26T00:00:00", "2027-01-02T00:00:00"]);

        for (given, says) in [
            (
                json!({"id": id, "new_last_date": "2026-12-25"}),
                "must not be before the first day, 2026-12-26 Sat",
            ),
            (
                json!({"id": id, "new_last_date": "2028-12-25"}),
                "within 366 days",
            ),
            (
                json!({"id": id, "minutes": 30}),
                "only a workout, a race or a target",
            ),
        ] {
            let text = refused(&world, &ana.link, "edit_workout", given.clone()).await;
            assert!(text.contains(says), "{given}: {text}");
        }
        let text = done(&world, &ana.link, "delete_workout", json!({"id": id})).await;
        assert!(
            text.contains("2026-12-26 Sat – 2027-01-01 Fri (7 days) holiday «Skiing»")
                && text.contains("deleted"),
            "{text}"
        );
        assert_eq!(all_named(&world, ana, "Skiing").len(), 0);
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "7"})).await;
        assert!(
            text.contains("it is back under the new id") && !text.contains("NOT"),
            "{text}"
        );
        assert_eq!(days(&world), ["2026-12-26T00:00:00", "2027-01-02T00:00:00"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn overwrite_says_what_was_replaced_and_empties_what_is_given_empty() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let race = json!({"kind": "race", "date": "2026-12-20 08:15", "name": "Half", "sport": "Run", "text": "Bib 7", "color": "red"});
        let limited = json!({"kind": "holiday", "date": "2026-12-24", "max_minutes": 30, "sports": ["Run", "run"]});
        let text = done(&world, &ana.link, "push_event", events(json!([race, limited]))).await;
        assert!(text.contains("(at most 0:30 a day, only Run)") || text.contains("only Run") && !text.contains("Run, Run"), "{text}");
        let overwrite = |row: Value| with(events(json!([row])), json!({"overwrite": true}));
        for (row, says) in [
            // Neither kind nor day change: priority and start time do. The sport of the race need not be said again.
            (json!({"kind": "race", "date": "2026-12-20 09:00", "name": "Half", "priority": "B"}), "· changed: priority, start time ·"),
            (
                json!({"kind": "race", "date": "2026-12-20", "name": "Half", "text": "Bib 8", "color": "blue"}),
                "before: 2026-12-20 Sun 09:00 · Run race B «Half» · note: «Bib 7» · colour red",
            ),
            (json!({"kind": "race", "date": "2026-12-20", "name": "Half", "text": ""}), "note: «Bib 8»"),
            (json!({"kind": "holiday", "date": "2026-12-24", "availability": "unavailable"}), "holiday «Holiday» · changed: availability"),
        ] {
            let text = done(&world, &ana.link, "push_event", overwrite(row)).await;
            assert!(text.contains(" · 1 changed · ") && text.contains(says) && !text.contains("NOT"), "{says}: {text}");
        }
        let held = entry(&world, ana, "Half");
        assert_eq!((&held["description"], &held["start_date_local"]), (&json!(""), &json!("2026-12-20T09:00:00")));
        let held = entry(&world, ana, "Holiday");
        assert_eq!((&held["training_availability"], &held["max_training_time"]), (&json!("UNAVAILABLE"), &json!(0)));
        let normal = json!({"kind": "holiday", "date": "2026-12-24", "availability": "normal"});
        done(&world, &ana.link, "push_event", overwrite(normal)).await;
        assert_eq!(entry(&world, ana, "Holiday")["training_availability"], "NORMAL");
        let text = refused(&world, &ana.link, "push_event", overwrite(json!({"kind": "race", "date": "2026-12-21", "name": "x"}))).await;
        assert!(text.contains("events 1: sport must be given for a race"), "{text}");
        let list = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(list.contains("edited «Half» 2026-12-20 Sun (priority, start time)"), "{list}");
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "5"})).await;
        assert!(text.contains("it stands again as 2026-12-20 Sun 09:00 Run race B «Half»") && text.contains("note: «Bib 8»"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_alike_none_is_taken_for_the_one_that_was_meant() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let entry = |category: &str, name: &str, text: &str| {
            let event = json!({"category": category, "name": name, "start_date_local": "2026-12-10T00:00:00", "description": text,
                               "end_date_local": "2026-12-12T00:00:00"});
            world.sim.add_event(ana.person.slug, event).unwrap()
        };
        let ids = [
            entry("NOTE", "Twin", "a"),
            entry("NOTE", "Twin", "b"),
            entry("SICK", "Flu", ""),
            entry("SICK", "Covid", ""),
            entry("INJURED", "Knee", ""),
        ];
        let overwrite = |row: Value| with(events(json!([row])), json!({"overwrite": true}));
        world.sim.clear_requests();
        for (row, says) in [
            (
                json!({"kind": "note", "date": "2026-12-10", "name": "Twin", "text": "z"}),
                format!("(ids {}, {}): edit_workout changes one by its id", ids[0], ids[1]),
            ),
            (
                json!({"kind": "sick", "date": "2026-12-10", "last_date": "2026-12-14"}),
                format!("(ids {}, {}): give the name of the one that is meant", ids[2], ids[3]),
            ),
        ] {
            let text = refused(&world, &ana.link, "push_event", overwrite(row)).await;
            assert!(text.contains(&says), "{says}: {text}");
        }
        assert_eq!(writes(&world), Vec::<String>::new());
        let there = json!({"kind": "note", "date": "2026-12-10", "name": "Twin", "text": "b"});
        let text = done(&world, &ana.link, "push_event", events(json!([there]))).await;
        assert!(text.contains(&format!("already there, nothing written · id {}", ids[1])), "{text}");
        // Nor does a call change one entry twice.
        let both = json!([
            {"kind": "injured", "date": "2026-12-10", "last_date": "2026-12-14"},
            {"kind": "injured", "date": "2026-12-10", "last_date": "2026-12-15", "name": "Knee"},
        ]);
        let text = done(&world, &ana.link, "push_event", with(events(both), json!({"overwrite": true}))).await;
        assert!(text.contains(" · 1 changed, 1 not written · ") && text.contains("events 1 of this call"), "{text}");
        let flu = json!({"kind": "sick", "date": "2026-12-10", "last_date": "2026-12-14", "name": "flu"});
        let text = done(&world, &ana.link, "push_event", overwrite(flu)).await;
        assert!(text.contains("sick «Flu» · changed: last day") && text.contains(&format!("id {}", ids[2])), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_of_several_says_of_each_other_what_the_write_will() {
    on_saturday(async |world| {
        let jack = world.jack();
        world.let_write(jack).await;
        let both = events(json!([
            {"kind": "holiday", "date": "2027-03-20", "last_date": "2027-03-23", "name": "Skiing"},
            {"kind": "race", "date": "2027-03-21", "name": "Snow run", "sport": "Run", "priority": "C"},
            {"kind": "note", "date": "2027-03-26", "name": "Guests", "max_minutes": 60},
        ]));
        for arguments in [with(both.clone(), json!({"preview": true})), both] {
            let text = done(&world, &jack.link, "push_event", arguments).await;
            for says in [
                "that day: holiday «Skiing» 20–23 Mar (day 2 of 4)",
                "on these days too: 2027-03-21 Sun Run race C «Snow run»",
            ] {
                assert!(text.contains(says), "{says}: {text}");
            }
        }
        // Two days before its last, another one begins.
        let race = json!({"category": "RACE_C", "type": "Ride", "name": "Stages", "start_date_local": "2027-05-01T00:00:00",
                          "end_date_local": "2027-05-05T00:00:00"});
        world.sim.add_event(jack.person.slug, race).unwrap();
        let note = events(json!([{"kind": "note", "date": "2027-05-03", "name": "Travel"}]));
        let text = done(&world, &jack.link, "push_event", note).await;
        assert!(text.contains("that day too: 2027-05-01 Sat – 2027-05-04 Tue (4 days) Ride race C «Stages»"), "{text}");
        let run = |name: &str| workout("Run", "2027-03-26", name, "- 40m easy");
        let rows = json!({"workouts": [run("Dawn"), run("Dusk")]});
        for arguments in [with(rows.clone(), json!({"preview": true})), rows] {
            let text = done(&world, &jack.link, "push_workout", arguments).await;
            assert_eq!(text.matches("NOT kept: 1:20 planned that day is more than 1:00").count(), 2, "{text}");
        }
        let text = done(&world, &jack.link, "get_events", json!({"oldest": "2027-03-15", "newest": "2027-03-28"})).await;
        assert_eq!(text.matches("(over the day's limit)").count(), 2, "{text}");
        // The usual week counts as well.
        let long = json!({"workouts": [workout("Run", "2027-03-31", "Long", "- 55m easy"), workout("Ride", "2027-04-07", "Spin", "- 30m easy")]});
        done(&world, &jack.link, "push_workout", long).await;
        let text = done(&world, &jack.link, "get_events", json!({"oldest": "2027-03-29", "newest": "2027-04-08"})).await;
        assert!(text.contains("(over the day's limit)") && text.contains("(no sport of that day)"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_a_week_moves_to_a_monday_and_only_a_race_has_a_time_of_day() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let all = events(json!([
            {"kind": "week_note", "date": "2026-12-16", "name": "Focus"},
            {"kind": "note", "date": "2026-12-17", "name": "Travel"},
            {"kind": "race", "date": "2026-12-20", "name": "Hillclimb", "sport": "Ride", "priority": "C"},
        ]));
        done(&world, &ana.link, "push_event", all).await;
        for (name, to, start, end) in [
            (
                "Focus",
                "2026-12-24",
                "2026-12-21T00:00:00",
                "2026-12-28T00:00:00",
            ),
            (
                "Travel",
                "2026-11-02",
                "2026-11-02T00:00:00",
                "2026-11-03T00:00:00",
            ),
            (
                "Hillclimb",
                "2026-12-19 09:15",
                "2026-12-19T09:15:00",
                "2026-12-20T00:00:00",
            ),
        ] {
            let given = json!({"id": id_of(&world, ana, name), "new_date": to});
            done(&world, &ana.link, "edit_workout", given).await;
            let held = entry(&world, ana, name);
            assert_eq!(
                (&held["start_date_local"], &held["end_date_local"]),
                (&json!(start), &json!(end)),
                "{name}"
            );
        }
        let list = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(list.contains("(to 2026-12-19 Sat 09:15)"), "{list}");
        let focus = id_of(&world, ana, "Focus");
        for (given, says) in [
            (
                json!({"id": focus, "new_last_date": "2027-01-10"}),
                "new_last_date must be left out: this is for a whole week",
            ),
            (
                json!({"id": focus, "indoor": true}),
                "indoor must be left out: only a workout is indoor or outdoor",
            ),
        ] {
            let text = refused(&world, &ana.link, "edit_workout", given).await;
            assert!(text.contains(says), "{text}");
        }
        for name in ["Focus", "Travel"] {
            let given = json!({"id": id_of(&world, ana, name), "new_date": "2026-12-18 07:00"});
            let text = refused(&world, &ana.link, "edit_workout", given).await;
            assert!(
                text.contains("without a time of day: only a workout or a race has one"),
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_a_target_and_of_a_race_can_be_changed_and_taken_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let both = events(json!([
            {"kind": "week_target", "date": "2026-12-16", "sport": "Swim", "load": 120},
            {"kind": "race", "date": "2026-12-20", "name": "Hillclimb", "sport": "Ride", "minutes": 60},
        ]));
        done(&world, &ana.link, "push_event", both).await;
        let target = id_of(&world, ana, "Target");
        let text = done(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": target, "load": 150, "minutes": 180}),
        )
        .await;
        assert!(
            text.contains("Swim week target «Target» · now · load 150 · 3:00"),
            "{text}"
        );
        let held = entry(&world, ana, "Target");
        assert_eq!(
            (&held["load_target"], &held["time_target"]),
            (&json!(150), &json!(10800))
        );
        done(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id_of(&world, ana, "Hillclimb"), "minutes": 50, "load": 90}),
        )
        .await;
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "3,4"})).await;
        assert!(
            text.contains("0 instead of none: target time") && text.contains("0 instead of none: load"),
            "{text}"
        );
        assert_eq!(entry(&world, ana, "Target")["load_target"], 120);
        assert_eq!(entry(&world, ana, "Hillclimb")["moving_time"], 3600);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_twice_is_there_already_and_another_one_is_never_overwritten() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let note = |name: &str, text: &str| json!({"kind": "note", "date": "2026-12-07", "name": name, "text": text});
        let week = json!({"category": "TARGET", "type": "Run", "name": "Week", "for_week": true, "load_target": 90,
                          "start_date_local": "2026-12-07T00:00:00", "end_date_local": "2026-12-14T00:00:00"});
        let week = world.sim.add_event(ana.person.slug, week).unwrap();
        let all = events(json!([note("Travel", "late"), note(" travel", "early"), note("Dentist", "")]));
        let text = done(&world, &ana.link, "push_event", all).await;
        assert!(text.contains(" · 2 written, 1 not written · "), "{text}");
        assert!(text.contains("events 1 of this call is of its kind and name on that day"), "{text}");
        let text = refused(&world, &ana.link, "push_event", events(json!([note("Travel", "early")]))).await;
        let id = id_of(&world, ana, "Travel");
        let how = format!("(id {id}) is on that day already, with another text: overwrite: true gives it these values");
        assert!(text.contains(&how), "{text}");
        let target = json!({"kind": "week_target", "date": "2026-12-08", "sport": "Run", "load": 120});
        world.sim.clear_requests();
        let text = refused(&world, &ana.link, "push_event", events(json!([target]))).await;
        let how = format!("(id {week}) is on that day already, with another target load: overwrite: true");
        assert!(text.contains(&how) && !text.contains("another name"), "{text}");
        assert!(text.contains("There now: 2026-12-07 Mon – 2026-12-13 Sun (7 days) · Run week target «Week» · load 90"), "{text}");
        assert_eq!(writes(&world), Vec::<String>::new());
        assert_eq!(entry(&world, ana, "Travel")["description"], "late");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn overwrite_changes_only_what_was_asked_for_and_can_be_taken_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let both = json!([
            {"kind": "race", "date": "2026-12-20 10:30", "name": "City half", "sport": "Run", "priority": "B", "km": 21, "text": "Bib 7"},
            {"kind": "holiday", "date": "2026-12-24", "last_date": "2026-12-30", "name": "Skiing"},
            {"kind": "set_eftp", "date": "2026-11-27", "sport": "Ride", "watts": 251},
        ]);
        done(&world, &ana.link, "push_event", events(both)).await;
        let before = ["City half", "Skiing", "eFTP"].map(|name| settable(&entry(&world, ana, name)));
        // No priority, no time, no last day: those stay.
        let again = json!([
            {"kind": "race", "date": "2026-12-20", "name": "city half", "sport": "TrailRun", "km": 21.1, "minutes": 110},
            {"kind": "holiday", "date": "2026-12-24", "availability": "limited", "max_minutes": 45, "sports": ["Run"]},
            {"kind": "set_eftp", "date": "2026-11-27", "sport": "Ride", "watts": 255},
            {"kind": "note", "date": "2026-12-24", "name": "Packing"},
        ]);
        let again = with(events(again), json!({"overwrite": true}));
        world.sim.clear_requests();
        let text = done(&world, &ana.link, "push_event", with(again.clone(), json!({"preview": true}))).await;
        assert!(text.contains(" · preview, nothing written · 1 to write, 3 to change · "), "{text}");
        assert!(text.contains("to change: sport, time, distance") && text.contains("  now: 2026-12-20 Sun 10:30 · Run race B"), "{text}");
        assert_eq!(writes(&world), Vec::<String>::new());
        let text = done(&world, &ana.link, "push_event", again.clone()).await;
        assert!(text.contains(" · 1 written, 3 changed · "), "{text}");
        assert!(text.contains("2026-12-20 Sun 10:30 · TrailRun race B «City half» · changed: sport, time, distance"), "{text}");
        assert!(
            text.contains("2026-12-24 Thu – 2026-12-30 Wed (7 days) · holiday «Skiing» · changed: availability, most time a day, possible sports"),
            "{text}"
        );
        assert!(text.contains("  before: 2026-11-27 Fri · Ride eFTP set «eFTP» · 251 W"), "{text}");
        assert!(text.contains("changes 4-7 undoes what was written and changed"), "{text}");
        let race = settable(&entry(&world, ana, "City half"));
        assert_eq!(
            race,
            json!({"category": "RACE_B", "type": "TrailRun", "start_date_local": "2026-12-20T10:30:00",
                   "end_date_local": "2026-12-21T00:00:00", "name": "City half", "description": "Bib 7", "distance": 21100,
                   "moving_time": 6600})
        );
        assert_eq!(entry(&world, ana, "Skiing")["end_date_local"], "2026-12-31T00:00:00");
        assert_eq!(entry(&world, ana, "eFTP")["icu_ftp"], 255);

        world.sim.clear_requests();
        let text = done(&world, &ana.link, "push_event", again).await;
        assert!(text.contains(" · 4 already there · "), "{text}");
        assert_eq!(writes(&world), Vec::<String>::new());
        done(&world, &ana.link, "undo_change", json!({"changes": "4-7"})).await;
        let after = ["City half", "Skiing", "eFTP"].map(|name| settable(&entry(&world, ana, name)));
        let without = |mut all: [Value; 3]| {
            // Numbers are emptied with 0, as undo says.
            all[0].as_object_mut().unwrap().retain(|name, _| name != "moving_time");
            all[1].as_object_mut().unwrap().retain(|name, _| !["max_training_time", "can_train_sports"].contains(&name.as_str()));
            all
        };
        assert_eq!(without(after), without(before));
        assert_eq!(all_named(&world, ana, "Packing").len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_overwrite_could_not_change_is_named() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let race = |km: u32| {
            json!({"events": [{"kind": "race", "date": "2026-12-20", "name": "Hillclimb", "sport": "Ride", "km": km}], "overwrite": true})
        };
        done(&world, &ana.link, "push_event", race(10)).await;
        for (fault, says) in [
            (Fault::on("PUT /events").ignoring(&["distance"]), "but the entry is as it was"),
            (Fault::on("PUT /events").mode(Mode::RefuseEntry), "intervals.icu did not accept it"),
        ] {
            world.sim.fault(fault);
            let text = refused(&world, &ana.link, "push_event", race(12)).await;
            world.sim.clear_faults();
            assert!(text.contains(" · 1 not written · ") && text.contains(says), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_ignored_keeps_no_undo_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let race = |priority: &str| {
            let race = json!({"kind": "race", "date": "2026-12-20", "name": "Hillclimb", "sport": "Ride", "km": 12, "priority": priority});
            with(events(json!([race])), json!({"overwrite": true}))
        };
        world.sim.fault(Fault::on("/events").ignoring(&["distance"]));
        let text = done(&world, &ana.link, "push_event", race("A")).await;
        assert!(text.contains(" · 1 written, but NOT AS SENT · "), "{text}");
        let text = done(&world, &ana.link, "push_event", race("B")).await;
        world.sim.clear_faults();
        assert!(text.contains(" · 1 changed, but NOT AS SENT · ") && text.contains("NOT taken: distance"), "{text}");
        let list = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(list.contains("edited «Hillclimb» 2026-12-20 Sun (priority)"), "{list}");
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        assert!(text.contains("it stands again as 2026-12-20 Sun Ride race A «Hillclimb»"), "{text}");
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert!(text.contains("it is off the calendar"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_overwrites_only_where_changing_is_granted_too() {
    on_saturday(async |world| {
        let (ana, coach) = (world.ana(), world.coaches().await[0].link.clone());
        let race = |km: u32| {
            let race =
                json!({"kind": "race", "date": "2026-12-20", "name": "Hillclimb", "sport": "Ride", "km": km});
            for_ana(with(events(json!([race])), json!({"overwrite": true})))
        };
        granted(&world, &["push_event", "get_events"]).await;
        done(&world, &coach, "push_event", race(10)).await;
        let text = refused(&world, &coach, "push_event", race(12)).await;
        assert!(
            text.contains("a coach changes it only with edit_workout granted as well"),
            "{text}"
        );
        granted(&world, &["push_event", "edit_workout", "get_events"]).await;
        let text = done(&world, &coach, "push_event", race(12)).await;
        assert!(text.contains(" · 1 changed · "), "{text}");
        granted(&world, &["push_event", "get_events"]).await;
        let text = refused(&world, &coach, "undo_change", for_ana(json!({"changes": "2"}))).await;
        assert!(text.contains("edit_workout"), "{text}");
        assert_eq!(entry(&world, ana, "Hillclimb")["distance"], 12000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_that_began_months_ago_limits_a_plan_of_today() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let leave = json!({"category": "INJURED", "name": "Achilles", "start_date_local": "2025-03-02T00:00:00",
                           "end_date_local": "2027-01-11T00:00:00"});
        world.sim.add_event(ana.person.slug, leave).unwrap();
        let says = "that day: injured «Achilles» 2 Mar 2025 – 10 Jan 2027 (day 643 of 680)";
        let ride = json!({"workouts": [workout("Ride", "2026-12-04", "Spin", "- 45m 60%")]});
        for arguments in [with(ride.clone(), json!({"preview": true})), ride] {
            let text = done(&world, &ana.link, "push_workout", arguments).await;
            assert!(text.contains(says), "{text}");
        }
        let race = events(json!([{"kind": "race", "date": "2026-12-04", "name": "Sprint", "sport": "Run"}]));
        for arguments in [with(race.clone(), json!({"preview": true})), race] {
            let text = done(&world, &ana.link, "push_event", arguments).await;
            assert!(text.contains(says), "{text}");
        }
        let edit = json!({"id": id_of(&world, ana, "Spin"), "new_date": "2026-12-05"});
        for arguments in [with(edit.clone(), json!({"preview": true})), edit] {
            let text = done(&world, &ana.link, "edit_workout", arguments).await;
            assert!(text.contains("that day: injured «Achilles» 2 Mar 2025 – 10 Jan 2027 (day 644 of 680)"), "{text}");
        }
        // Without that part the plan is written all the same, and the answer says what it did not see.
        world.sim.fault(Fault::on("/events?oldest=2023-12-05").status(404));
        let run = json!({"workouts": [workout("Run", "2026-12-07", "Strides", "- 30m 70-78% LTHR")]});
        let text = done(&world, &ana.link, "push_workout", run).await;
        assert!(text.contains(" · 1 written · ") && text.contains("Absences begun before 2026-12-07 Mon left out: "), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_a_limited_day_has_no_room_for_says_so_before_and_after() {
    on_saturday(async |world| {
        let jack = world.jack();
        world.let_write(jack).await;
        let guests = events(json!([{"kind": "note", "date": "2026-12-12", "name": "Guests", "max_minutes": 60}]));
        done(&world, &jack.link, "push_event", guests).await;
        let plan = |sport: &str, date: &str, minutes: u32| {
            json!({"workouts": [workout(sport, date, "Easy hour", &format!("- {minutes}m easy"))]})
        };
        for (at, (sport, date, minutes, says)) in [
            ("Run", "2026-12-12", 90, "(at most 1:00 a day) – NOT kept: 1:30 is more than 1:00"),
            ("Run", "2026-12-12", 45, "(at most 1:00 a day)\n"),
            // The usual week of the profile.
            ("Ride", "2026-12-02", 40, "usual week: Wed limited: at most 0:45 a day, only Run – NOT kept: 1:30 planned that day is more than 0:45, Ride is not one of its sports"),
        ]
        .into_iter()
        .enumerate()
        {
            let preview = with(plan(sport, date, minutes), json!({"preview": true}));
            let text = done(&world, &jack.link, "push_workout", preview).await;
            assert!(text.contains(says), "{date} {minutes}: {text}");
            let text = done(&world, &jack.link, "push_workout", plan(sport, date, minutes)).await;
            assert!(text.contains(says), "{date} {minutes}: {text}");
            done(&world, &jack.link, "undo_change", json!({"changes": (2 * at + 2).to_string()})).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_limits_a_day_is_said_of_every_plan_for_it_and_shown_on_each_of_its_days() {
    on_saturday(async |world| {
        let (ana, jack) = (world.ana(), world.jack());
        world.let_write(ana).await;
        world.let_write(jack).await;
        let away = events(json!([
            {"kind": "holiday", "date": "2026-12-03", "last_date": "2026-12-09", "name": "Skiing"},
            {"kind": "note", "date": "2026-12-11", "name": "No training: wedding"},
            {"kind": "note", "date": "2026-12-12", "name": "Guests", "max_minutes": 60},
        ]));
        done(&world, &ana.link, "push_event", away).await;
        let skiing = "that day: holiday «Skiing» 3–9 Dec (day 2 of 7)";

        let race = json!({"kind": "race", "date": "2026-12-04", "name": "Night run", "sport": "Run"});
        let text = done(&world, &ana.link, "push_event", events(json!([race]))).await;
        assert!(text.contains(" · 1 written · ") && text.contains(skiing), "{text}");
        assert!(text.contains("It is an A race"), "{text}");
        let ride = json!({"workouts": [workout("Ride", "2026-12-04", "Spin", "- 45m 60%")]});
        let text = done(&world, &ana.link, "push_workout", ride.clone()).await;
        assert!(text.contains(" · 1 written · ") && text.contains(skiing), "{text}");
        let id = id_of(&world, ana, "Spin");
        for (to, says) in [
            ("2026-12-09", "that day: holiday «Skiing» 3–9 Dec (day 7 of 7)"),
            ("2026-12-11", "that day: note «No training: wedding» 11 Dec"),
            (
                "2026-12-12",
                "that day: limited «Guests» 12 Dec (at most 1:00 a day) – NOT kept: 2:35 planned that day is more than 1:00\n",
            ),
        ] {
            let text = done(&world, &ana.link, "edit_workout", json!({"id": id, "new_date": to})).await;
            assert!(text.contains(says), "{to}: {text}");
        }
        let text = done(&world, &ana.link, "edit_workout", json!({"id": id, "new_date": "2026-12-10"})).await;
        assert!(!text.contains("that day: "), "{text}");

        // A sick day over plans moves nothing, and says so.
        let sick = json!({"kind": "sick", "date": "2026-12-10", "name": "Flu"});
        let text = done(&world, &ana.link, "push_event", events(json!([sick]))).await;
        assert!(text.contains("«Spin»") && text.contains("nothing planned was moved or deleted"), "{text}");
        assert_eq!(entry(&world, ana, "Spin")["start_date_local"], "2026-12-10T00:00:00");

        // The range begins in the middle of the holiday.
        let text = done(&world, &ana.link, "get_events", json!({"oldest": "2026-12-07", "newest": "2026-12-11"})).await;
        assert!(text.contains("2026-12-03 Thu – 2026-12-09 Wed\t"), "{text}");
        assert!(
            text.contains(
                "Limits by day: 2026-12-07 Mon – 2026-12-09 Wed holiday «Skiing» (days 5–7 of 7); 2026-12-10 Thu sick «Flu»; 2026-12-11 Fri note «No training: wedding»."
            ),
            "{text}"
        );

        // The usual week of the profile.
        let text = done(&world, &jack.link, "get_events", json!({})).await;
        let week = "Usual week, as the profile has it: Wed limited: at most 0:45 a day, only Run; Fri unavailable.";
        assert!(text.contains(week), "{text}");
        let run = |date: &str| json!({"workouts": [workout("Run", date, "Strides", "- 30m 70-78% LTHR")]});
        let text = done(&world, &jack.link, "push_workout", run("2026-12-04")).await;
        assert!(text.contains("that day: usual week: Fri unavailable"), "{text}");
        let text = done(&world, &jack.link, "push_workout", run("2026-12-03")).await;
        assert!(!text.contains("usual week"), "{text}");
        let race = json!({"kind": "race", "date": "2026-12-02", "name": "Parkrun", "sport": "Run", "priority": "C"});
        let text = done(&world, &jack.link, "push_event", events(json!([race]))).await;
        assert!(text.contains("that day: usual week: Wed limited: at most 0:45 a day, only Run"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_field_that_upstream_does_not_take_is_named_with_what_stands_instead() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let race = |name: &str| {
            json!({"kind": "race", "date": "2026-12-20 10:30", "name": name, "sport": "Run", "km": 10, "minutes": 50, "load": 70,
                   "color": "red", "text": "Bib 7"})
        };
        let note = |name: &str| {
            json!({"kind": "note", "date": "2026-12-07", "last_date": "2026-12-09", "name": name, "max_minutes": 40, "sports": ["Run"]})
        };
        let target = |name: &str| {
            json!({"kind": "week_target", "date": "2026-12-16", "sport": "Row", "name": name, "load": 90, "minutes": 60, "km": 12})
        };
        let eftp = |name: &str| json!({"kind": "set_eftp", "date": "2026-11-27", "name": name, "sport": "Ride", "watts": 251});
        for (at, (row, instead, says)) in [
            (race("0"), json!({"category": "RACE_C"}), "NOT taken: kind (stands Run race C)"),
            (race("1"), json!({"start_date_local": "2026-12-20T00:00:00"}), "NOT taken: day (stands 2026-12-20 Sun 00:00)"),
            (race("2"), json!({"type": "Ride"}), "NOT taken: sport (stands Ride)"),
            (race("3"), json!({"distance": 0}), "NOT taken: distance (stands none)"),
            (race("4"), json!({"moving_time": 600}), "NOT taken: time (stands 0:10)"),
            (race("5"), json!({"icu_training_load": 12}), "NOT taken: load (stands 12)"),
            (race("6"), json!({"color": "blue"}), "NOT taken: colour (stands «blue»)"),
            (race("7"), json!({"description": ""}), "NOT taken: text (stands none)"),
            (note("8"), json!({"end_date_local": "2026-12-08T00:00:00"}), "NOT taken: last day (stands 2026-12-07 Mon)"),
            (note("9"), json!({"training_availability": "NORMAL"}), "NOT taken: availability (stands none)"),
            (note("10"), json!({"max_training_time": null}), "NOT taken: most time a day (stands none)"),
            (note("11"), json!({"can_train_sports": ["Swim"]}), "NOT taken: possible sports (stands Swim)"),
            (note("12"), json!({"name": "Other"}), "NOT taken: name (stands «Other»)"),
            (target("13"), json!({"load_target": null}), "NOT taken: target load (stands none)"),
            (target("14"), json!({"time_target": 60}), "NOT taken: target time (stands 0:01)"),
            (target("15"), json!({"distance_target": 0}), "NOT taken: target distance (stands none)"),
            (target("16"), json!({"for_week": false}), "NOT taken: whether it is for the week (stands no)"),
            (eftp("17"), json!({"icu_ftp": null}), "NOT taken: eFTP (stands none)"),
        ]
        .into_iter()
        .enumerate()
        {
            world.sim.fault(Fault::on("POST /events/bulk").mode(Mode::Meddle).body(instead.to_string()));
            let text = done(&world, &ana.link, "push_event", events(json!([row]))).await;
            world.sim.clear_faults();
            assert!(text.contains(" · 1 written, but NOT AS SENT · ") && text.contains(says), "{at} {instead}: {text}");
            assert_eq!(text.matches("NOT taken").count(), 1, "{at} {instead}: {text}");
            done(&world, &ana.link, "undo_change", json!({"changes": (2 * at + 1).to_string()})).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_upstream_forgets_or_refuses_is_not_said_to_be_written() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let note = events(json!([{"kind": "note", "date": "2026-12-07", "name": "Travel"}]));
        for (fault, says) in [
            (
                Fault::on("POST /events/bulk").mode(Mode::Forget),
                "said that it was saved, but it is not on the calendar",
            ),
            (
                Fault::on("POST /events/bulk").mode(Mode::RefuseEntry),
                "intervals.icu did not accept it",
            ),
        ] {
            world.sim.fault(fault);
            let text = refused(&world, &ana.link, "push_event", note.clone()).await;
            world.sim.clear_faults();
            assert!(
                text.contains(" · 1 not written · ") && text.contains(says),
                "{text}"
            );
            assert_eq!(all_named(&world, ana, "Travel").len(), 0);
        }
        let lost = Fault::on("POST /events/bulk").status(500).after_writing();
        world.sim.fault(lost);
        let text = done(&world, &ana.link, "push_event", note.clone()).await;
        world.sim.clear_faults();
        assert!(text.contains(" · 1 written · "), "{text}");
        let text = done(&world, &ana.link, "push_event", note).await;
        assert!(text.contains(" · 1 already there · "), "{text}");
        assert_eq!(all_named(&world, ana, "Travel").len(), 1);
    })
    .await;
}

/// A call for Ana.
fn for_ana(arguments: Value) -> Value {
    with(arguments, json!({"athlete": "Ana"}))
}

async fn granted(world: &Arc<World>, tools: &[&str]) {
    change(world, world.ana(), tools, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_needs_push_event_for_everything_that_is_no_workout() {
    on_saturday(async |world| {
        let (ana, coach) = (world.ana(), world.coaches().await[0].link.clone());
        let race = json!({"kind": "race", "date": "2026-12-20", "name": "Hillclimb", "sport": "Ride", "priority": "B"});
        let push = for_ana(events(json!([race])));
        granted(&world, &["push_workout", "edit_workout", "delete_workout", "get_events"]).await;
        world.sim.clear_requests();
        let text = refused(&world, &coach, "push_event", push.clone()).await;
        assert!(text.contains("has not granted push_event"), "{text}");

        granted(&world, &["push_workout", "edit_workout", "delete_workout", "get_events", "push_event"]).await;
        let text = done(&world, &coach, "push_event", push.clone()).await;
        assert!(text.contains("Ride race B «Hillclimb»") && text.contains("undo_change with athlete i900001 and changes 1"), "{text}");
        let id = id_of(&world, ana, "Hillclimb");
        done(&world, &coach, "edit_workout", for_ana(json!({"id": id, "new_name": "Hill climb"}))).await;

        // Without it, what it made can be neither changed nor undone, whatever tool changed it last.
        granted(&world, &["push_workout", "edit_workout", "delete_workout", "get_events"]).await;
        for (tool, arguments) in [
            ("edit_workout", json!({"id": id, "new_name": "x"})),
            ("delete_workout", json!({"id": id})),
        ] {
            let text = refused(&world, &coach, tool, for_ana(arguments)).await;
            assert!(text.contains("is no planned workout. To change or delete it, a coach needs push_event"), "{tool}: {text}");
        }
        for number in ["1", "2"] {
            let text = refused(&world, &coach, "undo_change", for_ana(json!({"changes": number}))).await;
            assert!(text.contains("push_event"), "{text}");
        }
        let list = done(&world, &coach, "list_changes", for_ana(json!({}))).await;
        assert!(list.contains("2 changes made with tools that are not granted now: left out."), "{list}");
        granted(&world, &["push_event", "get_events"]).await;
        let text = refused(&world, &coach, "undo_change", for_ana(json!({"changes": "2"}))).await;
        assert!(text.contains("edit_workout"), "{text}");
        assert_eq!(entry(&world, ana, "Hill climb")["category"], "RACE_B");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_without_the_calendar_hears_nothing_of_what_else_is_on_it() {
    on_saturday(async |world| {
        let (ana, coach) = (world.ana(), world.coaches().await[0].link.clone());
        for (category, name) in [("HOLIDAY", "Secret trip"), ("NOTE", "Secret note")] {
            let event = json!({"category": category, "name": name, "start_date_local": "2026-12-20T00:00:00",
                               "training_availability": "UNAVAILABLE"});
            world.sim.add_event(ana.person.slug, event).unwrap();
        }
        granted(&world, &["push_event"]).await;
        let race = json!({"kind": "race", "date": "2026-12-20", "name": "Hillclimb", "sport": "Ride", "priority": "B"});
        let text = done(&world, &coach, "push_event", for_ana(events(json!([race])))).await;
        assert!(text.contains("entries that day; the day is marked unavailable"), "{text}");
        let limited = json!({"category": "NOTE", "name": "Secret", "start_date_local": "2026-12-22T00:00:00",
                             "training_availability": "LIMITED", "max_training_time": 3600});
        world.sim.add_event(ana.person.slug, limited).unwrap();
        let sick = json!({"kind": "sick", "date": "2026-12-22"});
        let text = done(&world, &coach, "push_event", for_ana(events(json!([sick])))).await;
        assert!(text.contains("1 other entry that day; the day is marked limited"), "{text}");

        // What the athlete entered is not told, and not even whether it is the same.
        let injured = json!({"category": "INJURED", "name": "Hernia surgery", "start_date_local": "2027-01-05T00:00:00",
                             "end_date_local": "2027-01-21T00:00:00", "training_availability": "LIMITED", "max_training_time": 1800});
        let half = json!({"category": "RACE_C", "type": "Run", "name": "Wed half", "start_date_local": "2027-01-06T09:00:00",
                          "end_date_local": "2027-01-07T00:00:00", "moving_time": 6000, "distance": 21097});
        for event in [injured, half] {
            world.sim.add_event(ana.person.slug, event).unwrap();
        }
        let rows = json!([
            {"kind": "injured", "date": "2027-01-05"},
            {"kind": "race", "date": "2027-01-06", "name": "Wed half", "sport": "Run"},
        ]);
        let other = json!([
            {"kind": "injured", "date": "2027-01-05", "last_date": "2027-01-09"},
            {"kind": "race", "date": "2027-01-06", "name": "Wed half", "sport": "Run", "km": 10},
        ]);
        for rows in [rows, other] {
            let preview = with(events(rows.clone()), json!({"preview": true}));
            let previewed = done(&world, &coach, "push_event", for_ana(preview)).await;
            let text = refused(&world, &coach, "push_event", for_ana(events(rows))).await;
            for text in [&previewed, &text] {
                assert_eq!(text.matches(") is on that day already: a coach changes it only with").count(), 2, "{text}");
            }
            for secret in ["Hernia", "2027-01-20", "16 days", "0:30", "09:00", "race C", "1:40", "21.1"] {
                assert!(!text.contains(secret), "{secret}: {text}");
            }
        }
        assert!(!text.contains("Secret") && !text.contains("holiday"), "{text}");
        let note = json!({"kind": "note", "date": "2026-12-20", "name": "Secret note", "text": "mine"});
        let text = refused(&world, &coach, "push_event", for_ana(events(json!([note])))).await;
        assert!(text.contains("is on that day already: a coach changes it only with edit_workout granted"), "{text}");
        assert!(!text.contains("another text"), "{text}");
    })
    .await;
}
