use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::tools::figures::calendar_range;
use crate::tools::samples::{HOSTILE, day, rows, today};

const EVERYTHING: Shown = Shown {
    fitness: true,
    wellness: true,
    calendar: true,
    history: true,
};

/// Sixty days of the model from a steady 60, with the loads that `load` knows by days back.
fn model(today: NaiveDate, load: impl Fn(i64) -> Value) -> Vec<Value> {
    past(today)
        .oldest
        .iter_days()
        .take_while(|date| *date <= today)
        .map(|date| {
            let back = (today - date).num_days();
            json!({"id": date, "ctl": 60.0, "atl": 64.8, "rampRate": 2.9, "ctlLoad": load(back), "atlLoad": load(back)})
        })
        .collect()
}

/// The same, with the nights of someone who is well.
fn well(today: NaiveDate) -> Value {
    let mut days = model(today, |back| if back % 3 == 2 { Value::Null } else { json!(80) });
    for (at, row) in days.iter_mut().enumerate() {
        row["hrv"] = json!(62 + at % 7);
        row["restingHR"] = json!(45 + at % 2);
        row["sleepSecs"] = json!(26_000 + at % 5 * 600);
    }
    Value::Array(days)
}

#[expect(clippy::needless_pass_by_value, reason = "what json! makes is a value")]
fn event(id: i64, date: &str, category: &str, sport: &str, load: Value, paired: Value) -> Value {
    json!({"id": id, "start_date_local": format!("{date}T00:00:00"), "category": category, "type": sport,
        "name": format!("{sport} {id}"), "icu_training_load": load, "paired_activity_id": paired})
}

/// A week that went to plan, and a race on 6 December.
fn kept() -> Value {
    json!([
        event(1, "2026-11-16", "WORKOUT", "Ride", json!(80), json!("i1")),
        event(2, "2026-11-17", "WORKOUT", "Run", json!(80), json!("i2")),
        event(3, "2026-11-19", "WORKOUT", "Ride", json!(90), json!("i3")),
        event(4, "2026-11-21", "WORKOUT", "Ride", json!(120), Value::Null),
        event(5, "2026-11-22", "WORKOUT", "Ride", json!(50), Value::Null),
        event(6, "2026-12-06", "RACE_B", "Run", json!(150), Value::Null),
        event(7, "2026-12-20", "RACE_A", "Run", json!(190), Value::Null),
        {"id": 8, "start_date_local": "2026-11-18T00:00:00", "category": "NOTE", "name": "no session"},
    ])
}

fn came(wellness: Value, events: Value, activities: Value) -> Came {
    Came {
        wellness: (!wellness.is_null()).then(|| rows(wellness)),
        events: (!events.is_null()).then(|| rows(events)),
        activities: (!activities.is_null()).then(|| rows(activities)),
        has_long_absences: false,
    }
}

fn line(name: &str, id: &str, shown: Shown, today: NaiveDate, came: &Came) -> Line {
    Line {
        name: name.to_owned(),
        id: id.to_owned(),
        shown,
        today: Some(today),
        figures: Some(Figures::of(shown, came, today)),
        missing: Vec::new(),
    }
}

fn overview(lines: Vec<Line>) -> Overview {
    Overview {
        coach: "coach@example.test".to_owned(),
        on_roster: lines.len(),
        utc: today(),
        lines,
        unknown: Vec::new(),
        left: Vec::new(),
    }
}

fn text_of(line: Line) -> String {
    rows::render(overview(vec![line])).text
}

/// The cell of the only row under a header; empty when the column is left out.
fn cell(text: &str, header: &str) -> String {
    let mut lines = text.lines().skip(1);
    let headers: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let cells: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let at = headers.iter().position(|own| *own == header);
    at.and_then(|at| cells.get(at)).unwrap_or(&"").to_string()
}

fn flags_of(came: &Came, today: NaiveDate) -> String {
    cell(&text_of(line("Ana", "i1", EVERYTHING, today, came)), "flags")
}

/// One athlete of every kind: well, with every flag, with few grants, in another time zone, without an answer.
#[expect(clippy::too_many_lines, reason = "a list of people")]
fn everybody() -> Overview {
    let saturday = today();
    let well = line(
        "Ana Berger",
        "i1",
        EVERYTHING,
        saturday,
        &came(well(saturday), kept(), Value::Null),
    );

    let mut days = model(saturday, |back| if back < 9 { Value::Null } else { json!(95.4) });
    for row in &mut days {
        let date: NaiveDate = row["id"].as_str().unwrap().parse().unwrap();
        let back = (saturday - date).num_days();
        row["atl"] = json!(94.1);
        row["rampRate"] = json!(9.24);
        row["hrv"] = if back < 7 {
            json!(50 + back % 2)
        } else {
            json!(64 + back % 5)
        };
        row["restingHR"] = if back < 7 { json!(54) } else { json!(46) };
        row["sleepSecs"] = Value::Null;
    }
    let events = json!([
        event(1, "2026-11-14", "WORKOUT", "Ride", json!(80), Value::Null),
        event(2, "2026-11-16", "WORKOUT", "Run", json!(70), Value::Null),
        event(3, "2026-11-17", "WORKOUT", "Swim", json!(60), Value::Null),
        event(4, "2026-11-18", "RACE_C", "Ride", json!(60), Value::Null),
        event(5, "2026-11-20", "WORKOUT", "", Value::Null, Value::Null),
        event(6, "2026-11-21", "RACE_A", "Ride", json!(300), Value::Null),
    ]);
    let all_flags = line(
        "Bea Müller",
        "i2",
        EVERYTHING,
        saturday,
        &came(Value::Array(days), events, Value::Null),
    );

    let fitness = Shown {
        fitness: true,
        history: true,
        ..Shown::default()
    };
    let sunday = day("2026-11-22");
    let elsewhere = line(
        "Jack Nguyen",
        "i3",
        fitness,
        sunday,
        &came(
            Value::Array(model(sunday, |back| if back == 1 { json!(40) } else { json!(0) })),
            Value::Null,
            json!([{"id": "i77", "start_date_local": "2026-11-21T07:00:00", "type": "Run"},
                {"id": "78", "start_date_local": "2026-11-19T07:00:00", "source": "STRAVA"}]),
        ),
    );
    let nights = Shown {
        wellness: true,
        ..Shown::default()
    };
    let sdnn = line(
        "Nell Pike",
        "i4",
        nights,
        saturday,
        &came(
            json!([{"id": "2026-11-20", "hrvSDNN": 48, "restingHR": 50, "tempRestingHR": true, "sleepSecs": "25200"},
                {"id": "2026-10-01", "hrvSDNN": 56, "restingHR": 0, "hrv": null}]),
            Value::Null,
            Value::Null,
        ),
    );
    let plans = Shown {
        calendar: true,
        ..Shown::default()
    };
    let calendar = line(
        "Tria O’Shea",
        "i5",
        plans,
        saturday,
        &came(Value::Null, kept(), Value::Null),
    );
    let silent = |name: &str, id: &str, why: &str| Line {
        name: name.to_owned(),
        id: id.to_owned(),
        shown: EVERYTHING,
        today: None,
        figures: None,
        missing: vec![why.to_owned()],
    };
    let nothing = Line {
        shown: Shown::default(),
        missing: Vec::new(),
        ..silent("Zoe", "i8", "")
    };
    Overview {
        unknown: vec![(
            "Annå".to_owned(),
            "no athlete on your roster has this name or id.".to_owned(),
        )],
        left: vec![
            ("Yan".to_owned(), "i9".to_owned()),
            ("Yves".to_owned(), "i10".to_owned()),
        ],
        on_roster: 10,
        ..overview(vec![
            well,
            all_flags,
            elsewhere,
            sdnn,
            calendar,
            silent("Udo", "i6", RECONNECT),
            silent("Vera", "i7", TOO_LONG),
            nothing,
        ])
    }
}

#[test]
fn reads_as_a_coach_would_want_it() {
    insta::assert_snapshot!("everybody", rows::render(everybody()).text);
}

#[test]
fn a_roster_whose_athletes_all_fail_still_names_them() {
    let mut failed = everybody();
    for line in &mut failed.lines {
        line.today = None;
        line.figures = None;
        line.missing = vec![TOO_LONG.to_owned()];
    }
    failed.unknown.clear();
    failed.left.clear();
    failed.on_roster = 8;
    insta::assert_snapshot!("nobody_answered", rows::render(failed).text);
}

#[test]
fn what_is_not_granted_is_not_shown_whatever_came() {
    let everything = came(
        well(today()),
        kept(),
        json!([{"id": "i77", "start_date_local": "2026-11-20T07:00:00", "type": "Handcycle"}]),
    );
    let with = |shown: Shown| text_of(line("Ana", "i1", shown, today(), &everything));
    let nothing = with(Shown::default());
    assert_eq!(cell(&nothing, "flags"), "");
    for header in [
        "form",
        "CTL",
        "load this week",
        "last load",
        "last activity",
        "resting HR bpm 7 d / 60 d",
        "next race",
    ] {
        assert_eq!(cell(&nothing, header), "", "{header}");
    }
    assert!(
        cell(&nothing, "left out").ends_with("get_fitness, get_wellness, get_events, get_training_history")
    );

    let fitness = with(Shown {
        fitness: true,
        ..Shown::default()
    });
    assert_eq!(
        (cell(&fitness, "CTL"), cell(&fitness, "load this week")),
        (
            "60.0".to_owned(),
            "240 (or 320: today's 80 may hold planned load); planned unknown".to_owned()
        )
    );
    assert_eq!(cell(&fitness, "form"), "-4.8 (may hold planned load)");
    assert!(
        !fitness.contains("planned\t") && !fitness.contains("2026-12-06") && !fitness.contains("Handcycle")
    );
    assert_eq!(cell(&fitness, "HRV ms 7 d / 60 d"), "");

    let wellness = with(Shown {
        wellness: true,
        ..Shown::default()
    });
    assert_eq!(cell(&wellness, "resting HR bpm 7 d / 60 d"), "45.6 / 45.5");
    assert_eq!(
        cell(&wellness, "CTL") + &cell(&wellness, "last load") + &cell(&wellness, "load this week"),
        ""
    );

    let calendar = with(Shown {
        calendar: true,
        ..Shown::default()
    });
    assert_eq!(
        cell(&calendar, "load this week"),
        "done unknown; 420 planned (250 of it done, 120 not paired, 50 open later)"
    );
    assert_eq!(
        cell(&calendar, "next race"),
        "«Run 6» B 2026-12-06 Sun in 15 days"
    );
    assert_eq!(
        cell(&calendar, "CTL") + &cell(&calendar, "last load") + &cell(&calendar, "last activity"),
        ""
    );

    let history = with(Shown {
        history: true,
        ..Shown::default()
    });
    assert_eq!(cell(&history, "last activity"), "2026-11-20 Fri Handcycle");
    assert_eq!(
        cell(&history, "load this week"),
        "unknown (1 without load); planned unknown"
    );
    assert_eq!(cell(&history, "CTL") + &cell(&history, "next race"), "");
}

#[test]
fn two_requests_are_all_that_any_grant_takes_at_first_and_three_with_dates() {
    let window = Range {
        oldest: day("2026-11-01"),
        newest: day("2026-11-30"),
    };
    for bits in 0..16_u8 {
        let usable = Shown {
            fitness: bits & 1 != 0,
            wellness: bits & 2 != 0,
            calendar: bits & 4 != 0,
            history: bits & 8 != 0,
        };
        let requests = |reading: &Reading| {
            usize::from(reading.wellness.is_some())
                + usize::from(reading.events.is_some())
                + usize::from(reading.activities.is_some())
        };
        let now = Reading::of_now(usable, today());
        assert!(requests(&now) <= 2, "{usable:?}");
        let dated = Reading::of_window(window, usable, today());
        assert_eq!(
            requests(&dated),
            usize::from(usable.fitness || usable.wellness)
                + usize::from(usable.calendar)
                + usize::from(usable.history),
            "{usable:?}"
        );
        let ahead = Range {
            oldest: today() + Days::new(2),
            newest: today() + Days::new(8),
        };
        let plans = Reading::of_window(ahead, usable, today());
        // The model of the last day, where the plan may be shown.
        let projected = usable.calendar && usable.fitness;
        assert_eq!(
            requests(&plans),
            usize::from(usable.calendar) + usize::from(projected),
            "{usable:?}"
        );
        if let Some(fields) = fields(usable) {
            assert_eq!(fields.contains(&"ctl"), usable.fitness);
            assert_eq!(fields.contains(&"hrv"), usable.wellness);
            let loads = usable.fitness || (usable.history && usable.calendar);
            assert_eq!(fields.contains(&"ctlLoad"), loads, "{usable:?}");
        }
    }
}

#[test]
fn a_workout_of_today_is_open_and_one_of_eight_days_ago_is_past() {
    let idle = Value::Array(model(
        today(),
        |back| if back == 2 { json!(30) } else { Value::Null },
    ));
    let planned = |date: &str, paired: Value, activities: Value| {
        came(
            idle.clone(),
            json!([event(1, date, "WORKOUT", "Ride", json!(0), paired)]),
            activities,
        )
    };
    let flags = |date: &str, activities: Value| flags_of(&planned(date, Value::Null, activities), today());
    let read = || json!([{"id": "i9", "start_date_local": "2026-11-19T07:00:00", "type": "Run"}]);
    assert_eq!(flags("2026-11-21", read()), "");
    assert_eq!(flags("2026-11-20", read()), "missed 2026-11-20 Fri Ride");
    assert_eq!(flags("2026-11-19", read()), "missed 2026-11-19 Thu Ride");
    assert_eq!(flags("2026-11-14", read()), "missed 2026-11-14 Sat Ride");
    assert_eq!(flags("2026-11-13", read()), "");
    // Activities not read: what is known is the model's load, which a session can lack.
    assert_eq!(flags("2026-11-21", Value::Null), "");
    assert_eq!(
        flags("2026-11-20", Value::Null),
        "not paired, on days without load: 2026-11-20 Fri Ride"
    );
    assert_eq!(flags("2026-11-19", Value::Null), "not paired 2026-11-19 Thu Ride");
    let paired = |id: Value| flags_of(&planned("2026-11-20", id, read()), today());
    assert_eq!(paired(json!("i9")), "");
    assert_eq!(paired(json!("i5")), "unclear 2026-11-20 Fri Ride");
    assert_eq!(paired(json!("0")), "missed 2026-11-20 Fri Ride");
    // Without data about what was done, nothing is shown as missed.
    let calendar = Shown {
        calendar: true,
        ..Shown::default()
    };
    let blind = text_of(line(
        "Ana",
        "i1",
        calendar,
        today(),
        &planned("2026-11-20", Value::Null, Value::Null),
    ));
    assert_eq!(cell(&blind, "flags"), "not paired 2026-11-20 Fri Ride");
}

#[test]
fn the_week_is_measured_by_its_days_that_are_over() {
    let loads = |by_day: [i64; 6]| {
        // Saturday is day 0, Monday five days back.
        Value::Array(model(today(), move |back| {
            usize::try_from(5 - back)
                .ok()
                .and_then(|at| by_day.get(at))
                .map_or(json!(50), |load| json!(load))
        }))
    };
    let plan = |load: Value| {
        json!([
            event(1, "2026-11-16", "WORKOUT", "Ride", load, json!("i1")),
            event(2, "2026-11-18", "WORKOUT", "Ride", json!(100), json!("i2")),
            event(3, "2026-11-21", "WORKOUT", "Ride", json!(200), Value::Null),
            event(3, "2026-11-21", "WORKOUT", "Ride", json!(200), Value::Null),
        ])
    };
    let flags = |by_day, planned| flags_of(&came(loads(by_day), plan(planned), Value::Null), today());
    assert_eq!(
        flags([100, 0, 40, 0, 0, 0], json!(100)),
        "",
        "70 % to yesterday, whatever today brings"
    );
    assert_eq!(
        flags([100, 0, 39, 0, 0, 300], json!(100)),
        "load 70 % of plan to date (139 of 200)"
    );
    assert_eq!(flags([160, 0, 100, 0, 0, 0], json!(100)), "");
    assert_eq!(
        flags([161, 0, 100, 0, 0, 0], json!(100)),
        "load 131 % of plan to date (261 of 200)"
    );
    assert_eq!(
        flags([161, 0, 100, 0, 0, 0], Value::Null),
        "",
        "more may have been planned than is known"
    );
    let text = text_of(line(
        "Ana",
        "i1",
        EVERYTHING,
        today(),
        &came(loads([100, 0, 40, 0, 0, 7]), plan(Value::Null), Value::Null),
    ));
    assert_eq!(
        cell(&text, "load this week"),
        "140 (or 147: today's 7 perhaps only planned); 300 planned (100 of it done, 200 not paired, 1 without load)"
    );

    // On a Monday nothing of the week is over.
    let monday = day("2026-11-16");
    let flags = flags_of(
        &came(
            Value::Array(model(monday, |_| json!(0.5))),
            plan(json!(100)),
            Value::Null,
        ),
        monday,
    );
    assert_eq!(flags, "");
    let none = text_of(line(
        "Ana",
        "i1",
        EVERYTHING,
        today(),
        &came(loads([0; 6]), json!([]), Value::Null),
    ));
    assert_eq!(cell(&none, "load this week"), "0; nothing planned");
}

#[test]
fn seven_days_without_anything_and_fourteen_to_a_race() {
    let quiet = |days: i64| {
        let loads = Value::Array(model(
            today(),
            move |back| if back < days { json!(0) } else { json!(60) },
        ));
        flags_of(&came(loads, Value::Null, Value::Null), today())
    };
    assert_eq!(quiet(6), "");
    assert_eq!(quiet(7), "no load for 7 days");
    assert_eq!(quiet(100), "no load in 60 days");
    assert_eq!(
        flags_of(&came(json!([]), Value::Null, Value::Null), today()),
        "no load in 60 days"
    );
    assert_eq!(
        flags_of(&came(Value::Null, Value::Null, json!([])), today()),
        "no activity in 60 days"
    );
    let race = |date: &str| {
        flags_of(
            &came(
                Value::Null,
                json!([event(1, date, "RACE_A", "Run", Value::Null, Value::Null)]),
                Value::Null,
            ),
            today(),
        )
    };
    assert_eq!(race("2026-11-21"), "race today");
    assert_eq!(race("2026-11-22"), "race in 1 day");
    assert_eq!(race("2026-12-05"), "race in 14 days");
    assert_eq!(race("2026-12-06"), "");
    assert_eq!(race("2027-01-16"), "");
}

#[test]
fn a_stale_model_says_of_when_it_is() {
    let old = json!([{"id": "2026-11-18", "ctl": 50.0, "atl": 20.0}, {"id": "2026-11-11", "ctl": 40.5, "atl": 20.0}]);
    let text = text_of(line(
        "Ana",
        "i1",
        EVERYTHING,
        today(),
        &came(old, Value::Null, Value::Null),
    ));
    assert_eq!(
        (cell(&text, "as of"), cell(&text, "form")),
        ("2026-11-18 Wed".to_owned(), "+30.0".to_owned())
    );
    assert_eq!(cell(&text, "flags"), "ramp +9.5; no load in 60 days");
}

#[test]
fn nobody_is_lost_in_a_large_roster() {
    let lines: Vec<Line> = (0..400)
        .map(|at| {
            line(
                &format!("Athlete {at} {}", "x".repeat(60)),
                &format!("i{at}"),
                EVERYTHING,
                today(),
                &came(well(today()), kept(), Value::Null),
            )
        })
        .collect();
    let text = rows::render(overview(lines)).text;
    assert!(text.len() < 70_000, "{}", text.len());
    assert!((0..400).all(|at| text.contains(&format!("Athlete {at} "))));
    let more = text.lines().find(|line| line.starts_with("… ")).unwrap();
    assert!(
        more.contains("i399]") && more.contains("Use athletes=["),
        "{more}"
    );
    for row in text.lines().filter(|line| line.starts_with("Athlete ")) {
        assert!(row.split('\t').next_back().unwrap().starts_with('i'), "{row}");
    }
}

#[test]
fn errors_are_cut_to_a_few_words() {
    use intervals::Error;
    let hour = Duration::from_hours(1);
    for error in [
        Error::Unauthorized,
        Error::Forbidden,
        Error::MissingScope(intervals::Area::Wellness),
        Error::NotFound,
        Error::Rejected,
        Error::Strava,
        Error::Busy { retry_after: hour },
        Error::Unavailable,
        Error::TimedOut,
        Error::Garbled,
        Error::WrongAthlete,
    ] {
        let words = reason(&error);
        assert!(
            !words.is_empty() && words.len() < 80 && !words.contains('\t') && !words.ends_with('.'),
            "{words}"
        );
    }
    assert_eq!(
        lost(&ToolError::Reconnect("Not done: long words. More.".to_owned())),
        RECONNECT
    );
    assert_eq!(
        lost(&Error::Busy { retry_after: hour }.into()),
        "intervals.icu allows no more requests; try again in 60 min"
    );
    assert_eq!(
        lost(&ToolError::Ours("Not done: a fault. Write.".to_owned())),
        "a fault"
    );
}

proptest! {
    #[test]
    fn no_figure_and_no_name_breaks_a_row(
        figures in prop::collection::vec(prop::option::of(any::<f64>()), 8),
        backs in prop::collection::vec(-3_i64..70, 1..20),
        name in any::<String>(),
    ) {
        let at = |n: usize| figures[n % figures.len()].filter(|value| value.is_finite());
        let wellness: Vec<Value> = backs.iter().map(|back| json!({
            "id": today() - chrono::Duration::days(*back), "ctl": at(0), "atl": at(1), "rampRate": at(2), "ctlLoad": at(3),
            "atlLoad": at(4), "hrv": at(5), "hrvSDNN": at(6), "restingHR": at(7), "sleepSecs": at(0),
        })).collect();
        let events: Vec<Value> = backs.iter().enumerate().map(|(id, back)| json!({
            "id": id, "start_date_local": format!("{}T00:00:00", today() - chrono::Duration::days(*back)),
            "category": if back % 3 == 0 { "RACE_A" } else { "WORKOUT" }, "type": &name, "name": HOSTILE.to_owned() + &name,
            "icu_training_load": at(1),
        })).collect();
        let text = text_of(line("Ana", "i1", EVERYTHING, today(), &came(Value::Array(wellness), Value::Array(events), Value::Null)));
        prop_assert!(!text.contains("NaN") && !text.contains("inf"));
        let lines: Vec<&str> = text.lines().collect();
        prop_assert_eq!(lines[1].split('\t').count(), lines[2].split('\t').count());
        prop_assert!(lines[2].ends_with("\ti1") && lines[3].ends_with("with flags."));
    }
}

#[test]
fn days_run_from_the_week_or_the_seven_days_that_may_have_been_missed() {
    let saturday = calendar_range(today());
    assert_eq!(
        (saturday.oldest, saturday.newest),
        (day("2026-11-14"), today() + Days::new(56))
    );
    let monday = calendar_range(day("2026-11-16"));
    assert_eq!(monday.oldest, day("2026-11-09"));
    assert_eq!(past(today()).days(), 60);
}
