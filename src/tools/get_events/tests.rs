use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::tools::samples::{HOSTILE, ana, day, joe, object, rows, stays_in_its_place, today};

fn asked(given: Value) -> Asked {
    Asked::read(object(given), today()).unwrap()
}

fn refusal(given: Value) -> String {
    Asked::read(object(given), today()).unwrap_err().to_string()
}

/// The answer from these events and activities.
fn of(card: &AthleteCard, given: Value, events: Value, done: Part<Vec<Activity>>) -> String {
    let came = Came {
        events: rows(events),
        not_earlier: String::new(),
        done,
        form: Part::NotAsked,
        week: Part::NotAsked,
    };
    render(card, today(), &asked(given), &came).text
}

fn answer(card: &AthleteCard, given: Value, events: Value) -> String {
    of(card, given, events, Part::NotAsked)
}

fn with_done(given: Value, events: Value, activities: Value) -> String {
    of(&ana(), given, events, Part::Got(rows(activities)))
}

fn sweet_spot(id: i64, date: &str) -> Value {
    json!({
        "id": id, "athlete_id": "i424242", "category": "WORKOUT", "type": "Ride", "name": "Sweet spot 3x12",
        "start_date_local": format!("{date}T00:00:00"), "end_date_local": format!("{}T00:00:00", day(date) + Days::new(1)),
        "description": "Warmup\n- 20m ramp 55-75% 85rpm\n\nMain set 3x\n- SST 12m 88-94% 88-92rpm\n- Easy 5m 55%\n\nCooldown\n- 10m ramp 60-45%",
        "indoor": false, "moving_time": 4860, "distance": 0.0, "icu_training_load": 82, "icu_intensity": 77.936_346,
        "target": null, "push_errors": null, "hide_from_athlete": false, "training_availability": "NORMAL",
        "workout_doc": {"ftp": 246, "lthr": 171, "target": "POWER", "steps": [
            {"duration": 1200, "ramp": true, "warmup": true, "power": {"units": "%ftp", "start": 55.0, "end": 75.0},
             "cadence": {"units": "rpm", "value": 85.0}, "_power": {"value": 159.0, "start": 135.0, "end": 184.0}},
            {"reps": 3, "text": "Main set 3x", "distance": 0, "duration": 3060, "steps": [
                {"text": "SST", "duration": 720, "power": {"units": "%ftp", "start": 88.0, "end": 94.0},
                 "cadence": {"units": "rpm", "start": 88.0, "end": 92.0}, "_power": {"value": 223.0, "start": 216.0, "end": 231.0}},
                {"text": "Easy", "duration": 300, "power": {"units": "%ftp", "value": 55.0}, "_power": {"value": 135.0, "start": 131.0, "end": 139.0}}]},
            {"duration": 600, "ramp": true, "cooldown": true, "power": {"units": "%ftp", "start": 60.0, "end": 45.0},
             "_power": {"value": 129.0, "start": 147.0, "end": 110.0}}]},
    })
}

fn thousands(id: i64, date: &str) -> Value {
    json!({
        "id": id, "category": "WORKOUT", "type": "Run", "name": "5x1km", "start_date_local": format!("{date}T06:30:00"),
        "moving_time": 3385, "distance": 10_471.591, "icu_training_load": 63, "icu_intensity": 81.854,
        "workout_doc": {"lthr": 171, "target": "PACE", "threshold_pace": 3.787_879, "pace_units": "MINS_KM",
            "description": "Flat course please", "steps": [
            {"text": "Easy", "duration": 900, "pace": {"units": "%pace", "start": 70.0, "end": 78.0}, "_pace": {"value": 2.8, "start": 2.6515, "end": 2.9545}},
            {"reps": 5, "text": "5x", "steps": [
                {"distance": 1000.0, "duration": 257, "pace": {"units": "secs/km", "start": 260.0, "end": 255.0}, "_pace": {"start": 3.846, "end": 3.9216}},
                {"text": "Jog", "duration": 120, "pace": {"units": "%pace", "value": 60.0}, "_pace": {"value": 2.2727}}]},
            {"duration": 600, "pace": {"units": "pace_zone", "value": 1.0}, "_pace": {"start": 2.35, "end": 2.9356}}]},
    })
}

/// One of each kind from today on, and events that extend into the range from before.
fn a_fortnight() -> Value {
    json!([
        {"id": 1, "category": "PLAN", "name": "Base 2", "start_date_local": "2026-11-02T00:00:00", "end_date_local": "2026-11-30T00:00:00"},
        {"id": 2, "category": "TARGET", "type": "Ride", "name": "Week", "for_week": true, "start_date_local": "2026-11-16T00:00:00",
         "end_date_local": "2026-11-23T00:00:00", "load_target": 400, "time_target": 36000, "distance_target": 250_000.0},
        {"id": 3, "category": "WORKOUT", "type": "Ride", "name": "Yesterday", "start_date_local": "2026-11-20T00:00:00", "moving_time": 3600},
        {"id": 4, "category": "NOTE", "name": "Long gone", "start_date_local": "2026-11-18T00:00:00", "end_date_local": "2026-11-19T00:00:00"},
        sweet_spot(130_000_451, "2026-11-22"),
        thousands(130_000_455, "2026-11-23"),
        {"id": 5, "category": "WORKOUT", "type": "WeightTraining", "name": "Gym", "start_date_local": "2026-11-24T18:00:00",
         "description": "3x8 squats\n3x8 deadlift", "moving_time": 3600, "icu_training_load": null, "icu_intensity": null,
         "distance": 0, "workout_doc": {"steps": []}, "indoor": true},
        {"id": 6, "category": "NOTE", "name": "Travel", "description": "Flight 09:00", "start_date_local": "2026-11-25T00:00:00",
         "training_availability": "LIMITED", "max_training_time": 3600, "can_train_sports": ["Run", "Swim"]},
        {"id": 7, "category": "SICK", "name": "Flu", "start_date_local": "2026-11-26T00:00:00", "end_date_local": "2026-11-29T00:00:00",
         "training_availability": "UNAVAILABLE"},
        {"id": 8, "category": "RACE_A", "type": "Run", "name": "City half marathon", "start_date_local": "2026-12-02T09:30:00",
         "moving_time": 5700, "distance": 21_097.5, "icu_training_load": 130, "workout_doc": {"steps": []}},
        {"id": 9, "category": "SET_FITNESS", "name": null, "start_date_local": "2026-12-03T00:00:00", "icu_ctl": 50.0, "icu_atl": 60.25},
        {"id": 10, "category": "FITNESS_DAYS", "start_date_local": "2026-12-03T00:00:00", "ctl_days": 42, "atl_days": 7},
        {"id": 11, "category": "SEASON_START", "name": "2027", "start_date_local": "2026-12-04T00:00:00"},
        {"id": 12, "category": "WORKOUT", "type": "Ride", "name": "After", "start_date_local": "2026-12-05T00:00:00"},
    ])
}

#[test]
fn reads_as_a_person_would_want_it() {
    insta::assert_snapshot!("concise", answer(&ana(), json!({}), a_fortnight()));
    insta::assert_snapshot!("full", answer(&ana(), json!({"detail": "full"}), a_fortnight()));
    insta::assert_snapshot!("imperial", answer(&joe(), json!({}), a_fortnight()));
}

#[test]
fn the_last_day_of_many_is_the_one_before_their_end() {
    let text = answer(&ana(), json!({}), a_fortnight());
    assert!(text.contains("2026-11-26 Thu – 2026-11-28 Sat\t"), "{text}");
    assert!(text.contains("2026-11-02 Mon – 2026-11-29 Sun\t"), "{text}");
    assert!(
        !text.contains("Yesterday") && !text.contains("Long gone") && !text.contains("After"),
        "{text}"
    );
}

#[test]
fn every_way_to_give_a_range() {
    let range = |given| {
        let range = asked(given).range;
        (range.oldest.to_string(), range.newest.to_string())
    };
    let ends = |oldest: &str, newest: &str| (oldest.to_owned(), newest.to_owned());
    assert_eq!(range(json!({})), ends("2026-11-21", "2026-12-04"));
    assert_eq!(
        range(json!({"oldest": "2026-11-02"})),
        ends("2026-11-02", "2026-11-15")
    );
    assert_eq!(
        range(json!({"oldest": "2026-12-24"})),
        ends("2026-12-24", "2027-01-06")
    );
    assert_eq!(
        range(json!({"newest": "2026-11-29"})),
        ends("2026-11-21", "2026-11-29")
    );
    assert_eq!(
        range(json!({"newest": "yesterday"})),
        ends("2026-11-07", "2026-11-20")
    );
    assert_eq!(
        range(json!({"oldest": "2026-01-01", "newest": "2026-12-31"})),
        ends("2026-01-01", "2026-12-31")
    );
    assert!(
        refusal(json!({"oldest": "2026-01-01", "newest": "2027-12-31"})).contains("at most 366 days at once")
    );
    assert!(refusal(json!({"oldest": "1901-01-01"})).contains("after 1979"));
    assert!(refusal(json!({"oldest": "2029-01-01"})).contains("two years ahead"));
    assert!(refusal(json!({"oldest": "2026-11-22", "newest": "2026-11-21"})).contains("oldest"));
    assert!(refusal(json!({"kinds": ["dreams"]})).contains("kinds must be any of workouts"));
    assert!(refusal(json!({"sport": "quidditch"})).contains("sport"));
    assert!(refusal(json!({"limit": 3})).contains("unknown argument"));
}

#[test]
fn what_extends_into_the_range_is_read_from_a_year_before_without_workouts() {
    let earlier = |given| {
        let asked = asked(given);
        let days = asked.earlier();
        (days.oldest, days.newest, asked.reads_from())
    };
    assert_eq!(
        earlier(json!({})),
        (day("2023-11-19"), day("2026-11-15"), day("2026-11-16"))
    );
    assert_eq!(
        earlier(json!({"oldest": "2026-11-23"})),
        (day("2023-11-21"), day("2026-11-22"), day("2026-11-23"))
    );
    assert_eq!(kinds::categories(&[]), Vec::<&str>::new());
    assert_eq!(
        kinds::categories(&[Kind::Notes, Kind::Availability]),
        ["HOLIDAY", "INJURED", "NOTE", "SICK"]
    );
    assert_eq!(
        kinds::categories(&[Kind::Workouts]),
        [
            "HOLIDAY", "INJURED", "NOTE", "RACE_A", "RACE_B", "RACE_C", "SICK", "TARGET", "WORKOUT"
        ]
    );
    let of_many_days = kinds::categories_of_many_days;
    assert_eq!(of_many_days(&[Kind::Other]), Vec::<&str>::new());
    assert_eq!(of_many_days(&[Kind::Plan]), ["PLAN", "TARGET"]);
    assert_eq!(of_many_days(&[Kind::Workouts]), absences::CATEGORIES);
    assert_eq!(
        of_many_days(&[]),
        [
            "SICK", "INJURED", "HOLIDAY", "NOTE", "PLAN", "TARGET", "RACE_A", "RACE_B", "RACE_C"
        ]
    );
}

fn ids(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| line.starts_with("20") && line.contains('\t'))
        .filter_map(|line| line.rsplit('\t').next())
        .collect()
}

#[test]
fn kinds_and_sports_narrow() {
    let of = |given| answer(&ana(), given, a_fortnight());
    assert_eq!(ids(&of(json!({"kinds": ["races"]}))), ["8"]);
    assert_eq!(ids(&of(json!({"kinds": ["availability"]}))), ["6", "7"]);
    assert_eq!(ids(&of(json!({"kinds": "plan"}))), ["1", "2", "11"]);
    assert_eq!(ids(&of(json!({"kinds": "other"}))), ["9", "10"]);
    assert_eq!(
        ids(&of(json!({"kinds": "workouts, races", "sport": "run"}))),
        ["130000455", "8"]
    );
    let text = of(json!({"sport": "run"}));
    assert!(
        !text.contains("Sweet spot") && text.contains("\tnote\t«Travel»"),
        "{text}"
    );
    let text = of(json!({"kinds": ["workouts"], "sport": "yoga"}));
    assert!(
        text.contains("\nNothing of that on the calendar in this range.\nIn this range: limited 25 Nov (at most 1:00 a day, only Run, Swim), sick 26–28 Nov; see kinds=availability."),
        "{text}"
    );
    let text = answer(&ana(), json!({}), json!([]));
    assert_eq!(
        text,
        "Ana Berger · 21 Nov – 4 Dec 2026 · 0 events · Europe/Berlin, today 2026-11-21 Sat\nNothing on the calendar in this range."
    );
}

/// A past week: paired, done unpaired by a virtual ride, missed, on a day with a Strava stub, a race paired to a stub.
fn a_past_week() -> (Value, Value) {
    let plan = |id: i64, date: &str, sport: &str, secs: i64| {
        json!({"id": id, "category": "WORKOUT", "type": sport, "name": format!("plan {id}"), "moving_time": secs,
               "icu_training_load": 50, "start_date_local": format!("{date}T00:00:00")})
    };
    let mut paired = plan(1, "2026-11-16", "Ride", 3600);
    paired["paired_activity_id"] = json!("i91");
    let mut elsewhere = plan(6, "2026-11-20", "Run", 600);
    elsewhere["paired_activity_id"] = json!("i999");
    let mut race = plan(7, "2026-11-20", "Swim", 600);
    race["category"] = json!("RACE_C");
    let events = json!([
        paired, plan(2, "2026-11-17", "Ride", 3600), plan(3, "2026-11-17", "Ride", 7200), plan(4, "2026-11-18", "Run", 3600),
        plan(5, "2026-11-19", "Run", 3600), elsewhere, race, plan(8, "2026-11-21", "Run", 600),
        {"id": 9, "category": "NOTE", "name": "n", "start_date_local": "2026-11-16T00:00:00"},
    ]);
    let activities = json!([
        {"id": "i91", "type": "Ride", "start_date_local": "2026-11-16T10:00:00", "moving_time": 4560, "icu_training_load": 79,
         "compliance": 98.7, "paired_event_id": 1, "source": "GARMIN_CONNECT", "device_name": "Garmin Edge 840"},
        {"id": "i92", "type": "VirtualRide", "start_date_local": "2026-11-17T10:00:00", "moving_time": 6900,
         "icu_training_load": 0, "compliance": 0, "paired_event_id": null},
        {"id": "i93", "type": "Yoga", "start_date_local": "2026-11-18T10:00:00", "moving_time": 6900, "device_name": "Garmin Fenix 7"},
        {"id": "94", "source": "STRAVA", "start_date_local": "2026-11-19T10:00:00"},
        {"id": "95", "source": "STRAVA", "start_date_local": "2026-11-20T10:00:00", "paired_event_id": 7},
    ]);
    (events, activities)
}

#[test]
fn done_missed_and_unclear_are_distinct() {
    let (events, activities) = a_past_week();
    let given = json!({"oldest": "2026-11-16", "newest": "2026-11-22", "include": ["done"]});
    let text = with_done(given, events.clone(), activities);
    insta::assert_snapshot!("done", text);
    assert!(!text.contains("Fenix"), "only devices of what is shown: {text}");

    let text = answer(
        &ana(),
        json!({"oldest": "2026-11-16", "newest": "2026-11-22"}),
        events.clone(),
    );
    assert!(text.contains("\tdone i91\t1\n"), "{text}");
    assert_eq!(text.matches("\tnot paired\t").count(), 5, "{text}");
    assert!(
        !text.contains("missed") && text.contains("include=done"),
        "{text}"
    );

    let why = "What was done left out: the activities did not answer; try again in a few minutes.";
    let given = json!({"oldest": "2026-11-16", "include": "done"});
    let text = of(&ana(), given, events, Part::Missing(why.into()));
    assert!(
        text.contains(why) && text.contains("\tdone i91\t") && !text.contains("missed"),
        "{text}"
    );
    assert!(
        text.contains("not paired: no activity is paired with it.\n") && !text.contains("include=done"),
        "{text}"
    );
}

#[test]
fn an_error_of_a_device_service_is_shown_and_fenced() {
    let mut event = sweet_spot(1, "2026-11-22");
    event["push_errors"] = json!([{"service": "GARMIN", "message": "Step 3» has\nno target"}, {"service": null, "message": null}, 7]);
    event["hide_from_athlete"] = json!(true);
    let text = answer(&ana(), json!({}), json!([event]));
    assert!(
        text.contains("\thidden from the athlete; not sent to «GARMIN»: «Step 3› has no target»; not sent to «a device service»\t1\n"),
        "{text}"
    );
}

#[test]
fn hostile_text_stays_in_its_cell_or_fence() {
    let mut workout = sweet_spot(1, "2026-11-22");
    workout["name"] = json!(HOSTILE);
    workout["workout_doc"]["description"] = json!(HOSTILE);
    workout["workout_doc"]["steps"][0]["text"] = json!(HOSTILE);
    workout["tags"] = json!([HOSTILE]);
    workout["type"] = json!("Ride\n\tx");
    let note = json!({"id": 2, "category": "NOTE\nX", "name": HOSTILE, "description": HOSTILE, "start_date_local": "2026-11-22",
        "training_availability": HOSTILE, "can_train_sports": [HOSTILE]});
    for detail in ["concise", "full"] {
        let text = answer(&ana(), json!({"detail": detail}), json!([workout, note]));
        assert_eq!(ids(&text), ["1", "2"], "{text}");
        stays_in_its_place(&text);
        assert_eq!(text.matches('«').count(), text.matches('»').count(), "{text}");
    }
}

#[test]
fn rows_of_nulls_and_zeros_are_rows() {
    let names = [
        "id",
        "category",
        "end_date_local",
        "type",
        "name",
        "description",
        "indoor",
        "moving_time",
        "distance",
        "icu_training_load",
        "icu_intensity",
        "target",
        "workout_doc",
        "push_errors",
        "hide_from_athlete",
        "for_week",
        "paired_activity_id",
        "load_target",
        "training_availability",
        "max_training_time",
        "can_train_sports",
        "tags",
    ];
    let mut nulls = json!({"start_date_local": "2026-11-22T00:00:00"});
    for name in names {
        nulls[name] = Value::Null;
    }
    let zeros = json!({"id": 0, "category": "WORKOUT", "type": "Ride", "start_date_local": "2026-11-22T00:00:00", "moving_time": 0,
        "distance": 0, "icu_training_load": 0, "icu_intensity": 0, "paired_activity_id": "0"});
    let undated = json!({"id": 5, "category": "WORKOUT", "start_date_local": "soon"});
    let text = answer(&ana(), json!({}), json!([nulls, zeros, undated]));
    assert!(text.contains("· 1 workout, 1 other entry ·"), "{text}");
    assert!(text.contains("2026-11-22 Sun\tkind not given\n"), "{text}");
    // A plan whose load is 0 has none; its id is 0.
    assert!(
        text.contains("2026-11-22 Sun\tRide\t0\nPlanned: Ride 1\n"),
        "{text}"
    );
}

fn many(days: u64, a_day: i64) -> Value {
    let start = today();
    Value::Array(
        (0..days)
            .flat_map(|at| (0..a_day).map(move |which| (at, which)))
            .map(|(at, which)| {
                let date = (start + Days::new(at)).to_string();
                let id = 1000 + i64::try_from(at).unwrap() * 10 + which;
                if (at + u64::try_from(which).unwrap()).is_multiple_of(2) {
                    sweet_spot(id, &date)
                } else {
                    thousands(id, &date)
                }
            })
            .collect(),
    )
}

#[test]
fn a_fortnight_stays_short_and_says_how_to_get_the_steps() {
    let text = answer(&ana(), json!({}), many(14, 1));
    assert!(text.len() <= 4096, "{} bytes\n{text}", text.len());
    assert_eq!(ids(&text).len(), 14);
    assert!(
        text.contains("left out: use oldest=2026-11-2") && text.contains("newest=2026-12-04 detail=full"),
        "{text}"
    );
    assert!(
        text.contains("2026-11-21 Sat · «Sweet spot 3x12» · FTP 246 W:\n20 min warm-up"),
        "{text}"
    );

    let mut wordy = many(14, 1);
    for event in wordy.as_array_mut().unwrap() {
        event["name"] = json!("Extraordinarily long morning ride around the whole of the lake and back home");
        event["workout_doc"]["description"] = json!("words ".repeat(200));
    }
    let text = answer(&ana(), json!({}), wordy);
    assert!(text.len() <= 4096, "{} bytes\n{text}", text.len());

    let text = answer(&ana(), json!({"detail": "full"}), many(14, 1));
    assert_eq!(
        text.matches("Sweet spot 3x12» · FTP").count() + text.matches("5x1km» · ").count(),
        14,
        "{text}"
    );
    assert!(!text.contains("left out"), "{text}");
}

#[test]
fn few_workouts_show_their_steps_whatever_their_day() {
    let events = json!([sweet_spot(1, "2026-11-10"), thousands(2, "2026-11-12")]);
    let text = answer(&ana(), json!({"oldest": "2026-11-09"}), events);
    assert!(
        text.contains("2026-11-10 Tue · «Sweet spot")
            && text.contains("2026-11-12 Thu · «5x1km» · threshold 4:24/km:"),
        "{text}"
    );
}

#[test]
fn a_past_week_with_steps_leaves_room_for_the_coming_days() {
    let events = json!([
        sweet_spot(1, "2026-11-17"),
        sweet_spot(2, "2026-11-18"),
        sweet_spot(3, "2026-11-19"),
        thousands(4, "2026-11-22")
    ]);
    let text = answer(
        &ana(),
        json!({"oldest": "2026-11-16", "newest": "2026-11-23"}),
        events,
    );
    assert!(text.contains("2026-11-22 Sun · «5x1km»"), "{text}");
    assert!(
        text.contains("Steps of 3 workouts left out: use oldest=2026-11-17 newest=2026-11-19 detail=full"),
        "{text}"
    );
}

/// Follows the line for what was cut until nothing is left, and returns the ids in the order they came.
fn follow(events: &Value, mut given: Value) -> Vec<String> {
    let mut found = Vec::new();
    for _ in 0..100 {
        let text = answer(&ana(), given.clone(), events.clone());
        found.extend(ids(&text).into_iter().map(str::to_owned));
        let Some(line) = text.lines().find(|line| line.starts_with("… ")) else {
            return found;
        };
        let part = |name: &str| {
            line.split_ascii_whitespace()
                .find_map(|word| word.strip_prefix(name))
                .unwrap()
                .trim_end_matches([',', '.'])
                .to_owned()
        };
        given["oldest"] = json!(part("oldest="));
        given["newest"] = json!(part("newest="));
    }
    panic!("never ends")
}

#[test]
fn following_the_line_for_what_was_cut_finds_everything_once() {
    let events = many(200, 2);
    let found = follow(&events, json!({"newest": "2027-06-08"}));
    assert_eq!(found.len(), 400);
    assert_eq!(found.iter().collect::<HashSet<_>>().len(), 400);
    let text = answer(&ana(), json!({"detail": "full", "newest": "2027-06-08"}), events);
    assert_eq!(ids(&text).len(), 200);
    assert!(
        text.len() < 60_000 && text.contains("a shorter range"),
        "{}",
        text.len()
    );
}

#[test]
fn one_crowded_day_is_cut_and_says_so() {
    let crowd: Vec<Value> = (0..80)
        .map(|id| json!({"id": id, "category": "NOTE", "name": "n", "start_date_local": "2026-11-22"}))
        .collect();
    let text = answer(&ana(), json!({}), json!(crowd));
    assert_eq!(ids(&text).len(), 60);
    assert!(
        text.contains(
            "… 20 more rows, the rest of 2026-11-22 among them: use oldest=2026-11-22 and kinds or sport"
        ),
        "{text}"
    );
}

proptest! {
    #[test]
    fn whatever_upstream_sends_the_answer_keeps_its_lines(
        events in prop::collection::vec(
            (any::<i64>(), "[A-Z_]{0,8}|WORKOUT|RACE_A|NOTE|TARGET", 0_u32..40, any::<f64>(), ".{0,40}"), 0..20),
    ) {
        let events: Vec<Value> = events.iter().map(|(id, category, on, number, text)| {
            let date = day("2026-11-10") + Days::new(u64::from(*on));
            json!({"id": id, "category": category, "start_date_local": date.to_string(), "moving_time": number, "distance": number,
                   "icu_training_load": number, "icu_intensity": number, "name": text, "description": text, "type": text,
                   "load_target": number, "max_training_time": number, "training_availability": "LIMITED",
                   "workout_doc": {"steps": [{"duration": number, "text": text, "power": {"units": text, "value": number}}]}})
        }).collect();
        let text = answer(&ana(), json!({"include": "done"}), json!(events));
        prop_assert!(text.starts_with("Ana Berger · "));
        prop_assert!(!text.contains("NaN") && !text.contains('\r'));
    }
}
