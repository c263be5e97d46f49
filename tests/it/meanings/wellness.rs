//! Sleep, HRV and the rest of a morning.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use std::sync::Mutex;

use super::{ask, asked_for, give, on_saturday, row};

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 28).unwrap()
}

/// `count` days up to today, each with these values by the number of days back.
fn days(count: u64, values: impl Fn(u64) -> Value) -> Vec<Value> {
    let day = |back: u64| {
        let mut row = values(back);
        row["id"] = json!(today() - Days::new(back));
        row
    };
    (0..count).rev().map(day).collect()
}

/// What Ana reads of these days. Each answer has a world of its own, since answers of upstream are kept for a minute.
async fn answer(wellness: Vec<Value>, arguments: Value) -> String {
    let text = Mutex::default();
    on_saturday(async |world| {
        give(&world, world.ana(), json!({"wellness": wellness}));
        *text.lock().unwrap() = ask(&world, world.ana(), "get_wellness", arguments).await;
    })
    .await;
    text.into_inner().unwrap()
}

/// HRV of 44 to 47.
fn hrv(back: u64) -> f64 {
    [44.0, 45.0, 46.0, 47.0][usize::try_from(back % 4).unwrap()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glitch_is_shown_and_marked_and_in_no_average() {
    for (key, usual, glitch, shown, header, average) in [
        (
            "hrv",
            45.0,
            255.0,
            "255",
            "HRV rMSSD ms",
            "HRV 45 / 45 (without 255 on 2026-11-25)",
        ),
        (
            "hrv",
            60.0,
            190.0,
            "190",
            "HRV rMSSD ms",
            "HRV 60 / 60 (without 190 on 2026-11-25)",
        ),
        (
            "hrv",
            60.0,
            3.0,
            "3",
            "HRV rMSSD ms",
            "HRV 60 / 60 (without 3 on 2026-11-25)",
        ),
        (
            "hrvSDNN",
            52.0,
            700.0,
            "700",
            "HRV SDNN ms",
            "HRV SDNN 52 / 52 (without 700 on 2026-11-25)",
        ),
        (
            "restingHR",
            48.0,
            250.0,
            "250",
            "resting HR bpm",
            "resting HR bpm 48.0 / 48.0 (without 250 on 2026-11-25)",
        ),
        (
            "restingHR",
            48.0,
            14.0,
            "14",
            "resting HR bpm",
            "resting HR bpm 48.0 / 48.0 (without 14 on 2026-11-25)",
        ),
        (
            "sleepSecs",
            27_000.0,
            108_000.0,
            "30.0",
            "sleep h",
            "sleep 7.5 / 7.5 (without 30 on 2026-11-25) h",
        ),
        ("weight", 61.2, 6.1, "6.1", "weight kg", ""),
        ("spO2", 97.0, 3.0, "3", "SpO2 %", ""),
    ] {
        let value = |back| json!({key: if back == 3 { glitch } else { usual }});
        let text = answer(days(60, value), json!({"detail": "full"})).await;
        let day = row(&text, "date", "2026-11-25 Wed");
        assert_eq!(day[header], format!("{shown} (implausible)"), "{text}");
        assert!(text.contains(average), "{average}: {text}");
        assert_eq!(text.matches("(implausible)").count(), 1, "{text}");
        assert!(text.contains("\nImplausible, in no average: "), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_night_and_a_bad_week_are_no_glitch() {
    let value = |back| match back {
        0..7 => json!({"hrv": 26.0, "restingHR": 61}),
        20 => json!({"hrv": 24.0, "restingHR": 58}),
        _ => json!({"hrv": hrv(back), "restingHR": 48}),
    };
    let text = answer(days(60, value), json!({"oldest": "2026-11-01"})).await;
    assert!(!text.contains("mplausible"), "{text}");
    assert!(
        text.contains(": HRV 26 / 43 · resting HR bpm 61.0 / 49.7"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sdnn_stands_in_for_an_rmssd_that_nobody_recorded() {
    let value = |_| json!({"hrv": null, "hrvSDNN": 52.0});
    let text = answer(days(9, value), json!({})).await;
    assert!(text.contains(" · 7 of 7 days with entries · "), "{text}");
    assert_eq!(row(&text, "date", "2026-11-27 Fri")["HRV SDNN ms"], "52");
    assert!(
        text.contains(
            "HRV SDNN 52 / 52 (9 of 60 days).\nrMSSD not recorded in this range; SDNN is not comparable with rMSSD.\n"
        ),
        "{text}"
    );
    // A single rMSSD hides none of it.
    let value = |back| json!({"hrv": if back == 2 { json!(61) } else { json!(0) }, "hrvSDNN": 48.5});
    let text = answer(days(9, value), json!({})).await;
    assert!(
        text.contains(" · 7 of 7 days with entries · ")
            && text.contains(": HRV SDNN 49 / 49 (9 of 60 days) · HRV 61 (1 of 7 days) / 61 (1 of 60 days).\nSDNN is not comparable with rMSSD.\n")
            && !text.contains("detail=full"),
        "{text}"
    );
    let of = |date: &str, measure: &str| row(&text, "date", date)[measure].clone();
    assert_eq!(
        (
            of("2026-11-26 Thu", "HRV rMSSD ms"),
            of("2026-11-27 Fri", "HRV SDNN ms")
        ),
        ("61".to_owned(), "49".to_owned()),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_measure_of_hrv_has_its_column_where_a_day_has_it_alone() {
    // Another device for two days.
    let value = |back| {
        if back < 2 {
            json!({"hrvSDNN": 80})
        } else {
            json!({"hrv": 45})
        }
    };
    let text = answer(days(60, value), json!({})).await;
    assert!(
        text.contains(" · 7 of 7 days with entries · ")
            && text.contains(": HRV 45 / 45 · HRV SDNN 80 (2 of 7 days) / 80 (2 of 60 days).\n"),
        "{text}"
    );
    assert_eq!(
        row(&text, "date", "2026-11-27 Fri")["HRV SDNN ms"],
        "80",
        "{text}"
    );
    // For ten days: rMSSD is not recorded in this range only.
    let value = |back| {
        if back < 10 {
            json!({"hrvSDNN": 80})
        } else {
            json!({"hrv": 45})
        }
    };
    let text = answer(days(60, value), json!({})).await;
    assert!(
        text.contains("\nrMSSD not recorded in this range; SDNN"),
        "{text}"
    );
    // Where every day has both, one is enough.
    let value = |_| json!({"hrv": 45, "hrvSDNN": 80});
    let text = answer(days(60, value), json!({})).await;
    assert!(
        text.contains(": HRV 45 / 45.\n")
            && text.contains("Also recorded, shown with detail=full: HRV SDNN.\n"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn days_to_come_have_no_entries_to_lack() {
    let value = |_| json!({"restingHR": 48});
    let cut = "asked to 2026-12-05; today here is 2026-11-28";
    for (given, title) in [
        (
            json!({"oldest": "2026-11-20", "newest": "2026-12-05"}),
            format!("20 – 28 Nov 2026 · {cut} · 9 of 9 days with entries"),
        ),
        (
            json!({"newest": "2026-12-05"}),
            format!("22 – 28 Nov 2026 · {cut} · 7 of 7 days with entries"),
        ),
    ] {
        let text = answer(days(60, value), given).await;
        assert!(text.starts_with(&format!("Ana Berger · {title} · ")), "{text}");
        assert!(
            text.contains("to 2026-11-28 Sat: resting HR bpm 48.0 / 48.0"),
            "{text}"
        );
    }
    let given = json!({"oldest": "2026-12-01", "newest": "2026-12-05"});
    let text = answer(days(60, value), given).await;
    assert!(
        text.starts_with("Ana Berger · 1 – 5 Dec 2026 · Europe/Berlin")
            && text.contains("\nNo wellness entries yet: the range is in the future.\n")
            && text.contains("resting HR bpm 48.0 / 48.0"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn days_with_rarer_fields_alone_are_days_with_entries() {
    let value = |back| {
        if back < 3 {
            json!({"spO2": 96.5})
        } else {
            json!({"weight": 61, "tempWeight": true})
        }
    };
    let text = answer(days(9, value), json!({})).await;
    assert!(
        text.contains(" · 3 of 7 days with entries (3 only with detail=full) · ")
            && text.contains("\nAlso recorded, shown with detail=full: SpO2.\n")
            && !text.contains("No wellness entries"),
        "{text}"
    );
    let full = answer(days(9, value), json!({"detail": "full"})).await;
    assert!(full.contains(" · 3 of 7 days with entries · "), "{full}");
}

#[tokio::test(flavor = "multi_thread")]
async fn this_morning_is_not_yet_a_day() {
    let full = |back: u64| json!({"hrv": hrv(back), "restingHR": 48, "steps": 8000, "kcalConsumed": 2400});
    let morning = json!({"restingHR": 41, "hrv": null, "respiration": null, "steps": 0, "kcalConsumed": 0,
            "updated": "2026-11-28T08:46:00Z"});
    let value = |back| if back == 0 { morning.clone() } else { full(back) };
    let text = answer(days(15, value), json!({"detail": "full"})).await;
    let day = row(&text, "date", "2026-11-28 Sat");
    assert_eq!(
        (day["date"].as_str(), day["resting HR bpm"].as_str()),
        ("2026-11-28 Sat, today so far", "41"),
        "{text}"
    );
    assert!(!day.contains_key("steps") || day["steps"].is_empty(), "{text}");
    assert_eq!(row(&text, "date", "2026-11-27 Fri")["steps"], "8000");
    assert!(
            text.contains(
                "7-day against 60-day average to 2026-11-27 Fri: HRV 46 / 46 (14 of 60 days) · resting HR bpm 48.0 / 48.0 (14 of 60 days)"
            ),
            "{text}"
        );

    // Once all that is usual is there, today counts.
    let value = |back| {
        if back == 0 {
            json!({"restingHR": 41, "hrv": 66, "steps": 312})
        } else {
            full(back)
        }
    };
    let text = answer(days(15, value), json!({})).await;
    assert!(
            text.contains("average to 2026-11-28 Sat: HRV 48 / 47 (15 of 60 days) · resting HR bpm 47.0 / 47.5 (15 of 60 days)"),
            "{text}"
        );
    assert_eq!(row(&text, "date", "2026-11-28 Sat")["steps"], "312");

    // Nothing yet: sixty days to yesterday.
    let value = |back| {
        if back == 0 {
            json!({"steps": 0})
        } else {
            full(back)
        }
    };
    let text = answer(days(80, value), json!({})).await;
    assert!(
        text.contains(" · 6 of 7 days with entries · ")
            && text.contains("average to 2026-11-27 Fri: HRV 46 / 46 · resting HR bpm 48.0 / 48.0.\n"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zero_is_shown_only_where_it_can_be() {
    let value = |back| match back {
        2 => {
            json!({"hrv": 0, "restingHR": 0, "weight": 0, "sleepSecs": 0, "spO2": 0, "sleepScore": 0, "steps": 0, "kcalConsumed": 0})
        }
        _ => {
            json!({"hrv": 60, "restingHR": 48, "weight": 70.5, "sleepSecs": 27_000, "spO2": 97, "sleepScore": 80, "steps": 9000, "kcalConsumed": 2000})
        }
    };
    let text = answer(days(60, value), json!({"detail": "full"})).await;
    let day = row(&text, "date", "2026-11-26 Thu");
    for header in [
        "HRV rMSSD ms",
        "resting HR bpm",
        "weight kg",
        "sleep h",
        "SpO2 %",
        "sleep score /100",
    ] {
        assert_eq!(day[header], "", "{header}: {text}");
    }
    assert_eq!(
        (day["steps"].as_str(), day["calories eaten kcal"].as_str()),
        ("0", "0"),
        "{text}"
    );
    assert!(
        text.contains(": HRV 60 / 60 · resting HR bpm 48.0 / 48.0 · sleep 7.5 / 7.5 h"),
        "{text}"
    );
    assert!(!text.contains("mplausible"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_real_is_marked_and_seven_days_are_short() {
    on_saturday(async |world| {
        for person in &world.people {
            for arguments in [
                json!({}),
                json!({"oldest": "2025-12-01", "limit": 200, "detail": "full"}),
            ] {
                let is_default = arguments == json!({});
                let text = ask(&world, person, "get_wellness", arguments).await;
                assert!(
                    !text.contains("mplausible") && !text.contains("without "),
                    "{text}"
                );
                assert!(!is_default || text.len() <= 1300, "{}: {text}", text.len());
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_outside_its_scale_is_shown_as_implausible() {
    let scales = [
        ("sleepQuality", "sleep quality"),
        ("soreness", "soreness"),
        ("fatigue", "fatigue"),
        ("stress", "stress"),
        ("mood", "mood"),
        ("motivation", "motivation"),
        ("injury", "injury"),
        ("hydration", "hydration"),
    ];
    for (key, name) in scales {
        for odd in [9, 5] {
            let rows = days(
                7,
                |back| json!({key: if back == 2 { odd } else { 2 }, "restingHR": 48}),
            );
            let text = answer(rows, json!({"detail": "full"})).await;
            let cell = |day: &str| row(&text, "date\t", day)[&format!("{name} /4 (1 best)")].clone();
            assert_eq!(cell("2026-11-26"), format!("{odd} (implausible)"), "{text}");
            assert!(cell("2026-11-25").starts_with("2 "), "{text}");
            let said = format!("\nImplausible, in no average: {name} beyond 1–4 /4 (1 best).\n");
            assert!(text.contains(&said), "{text}");
        }
        // 0 is not given, and -1 takes a value away.
        let none = |back: u64| if back.is_multiple_of(2) { 0 } else { -1 };
        let text = answer(
            days(7, |back| json!({key: none(back), "restingHR": 48})),
            json!({"detail": "full"}),
        )
        .await;
        assert!(!text.contains(name) && !text.contains("mplausible"), "{text}");
    }
}

/// What cannot be 0 or less, with a value that can be and its header.
const VITALS: [(&str, f64, &str); 14] = [
    ("hrv", 60.0, "HRV rMSSD ms"),
    ("hrvSDNN", 55.0, "HRV SDNN ms"),
    ("restingHR", 48.0, "resting HR bpm"),
    ("avgSleepingHR", 52.0, "sleeping HR bpm"),
    ("spO2", 97.0, "SpO2 %"),
    ("respiration", 14.0, "respiration /min"),
    ("weight", 70.5, "weight kg"),
    ("sleepSecs", 27_000.0, "sleep h"),
    ("sleepScore", 80.0, "sleep score /100"),
    ("readiness", 70.0, "readiness (higher better)"),
    ("systolic", 120.0, "systolic mmHg"),
    ("bodyFat", 14.0, "body fat %"),
    ("vo2max", 52.0, "VO2max ml/kg/min"),
    ("baevskySI", 60.0, "Baevsky stress index"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_vital_of_zero_or_less_is_no_sample_in_any_form() {
    for none in [
        json!(0),
        json!(-1),
        json!(-1.0),
        json!("0"),
        json!("-1"),
        json!(" 0.0 "),
    ] {
        let row = |back: u64| {
            let value = |usual: f64| if back % 2 == 1 { none.clone() } else { json!(usual) };
            let fields = VITALS.map(|(key, usual, _)| (key.to_owned(), value(usual)));
            let mut row = Value::Object(fields.into_iter().collect());
            row["mood"] = json!(2);
            row
        };
        let text = answer(days(60, row), json!({"detail": "full"})).await;
        for (key, _, header) in VITALS {
            assert_eq!(
                self::row(&text, "date", "2026-11-27 Fri")
                    .get(header)
                    .map_or("", String::as_str),
                "",
                "{key} {none}: {text}"
            );
            assert_ne!(
                self::row(&text, "date", "2026-11-26 Thu")[header],
                "",
                "{key} {none}: {text}"
            );
        }
        assert!(
            text.contains(": HRV 60 / 60 · resting HR bpm 48.0 / 48.0 · sleep 7.5 / 7.5 h")
                && !text.contains("mplausible"),
            "{none}: {text}"
        );
        // Nothing else in a range: no entries at all.
        let row = |_| {
            Value::Object(
                VITALS
                    .map(|(key, ..)| (key.to_owned(), none.clone()))
                    .into_iter()
                    .collect(),
            )
        };
        let text = answer(days(60, row), json!({})).await;
        assert!(
            text.contains("\nNo wellness entries in this range.") && !text.contains("average"),
            "{none}: {text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vital_of_minus_one_is_missing_to_a_coach_and_in_the_profile_too() {
    on_saturday(async |world| {
        for (person, none) in [(world.ana(), 0), (world.jack(), -1)] {
            let rows = days(60, |back| {
                let usual = back > 20 || back == 1;
                let of = |value: f64| if usual { json!(value) } else { json!(none) };
                json!({"hrv": of(60.0), "restingHR": of(48.0), "sleepSecs": of(27_000.0), "hrvSDNN": none})
            });
            let profile = json!({"id": person.person.athlete_id, "name": person.person.name, "timezone": person.person.timezone,
                "icu_resting_hr": none, "icu_weight": none, "weight": none, "height": none});
            let path = format!("/athlete/{}", person.person.athlete_id);
            give(&world, person, json!({"wellness": rows, "answers": {path: profile}}));
            let text = ask(&world, person, "get_athlete_profile", json!({})).await;
            assert!(text.contains("not set: age, sex, weight, height, resting HR"), "{text}");
        }
        let coach = world.coaches().await.swap_remove(0);
        for athlete in ["Ana Berger", "Jack Nguyen"] {
            let tools = ["get_wellness"].as_slice();
            sqlx::query("update grants set tools = $1").bind(tools).execute(&world.app.pool).await.unwrap();
            let asked = json!({"athletes": [athlete]});
            let text = super::ask_at(&world, &coach.link, "get_roster_overview", asked).await;
            let shown = row(&text, "athlete\t", athlete);
            for (vital, usual) in [("sleep h", "7.5"), ("HRV ms", "60 "), ("resting HR bpm", "48.0")] {
                let cell = format!("{} ", shown[&format!("{vital} 7 d / 60 d")].replace(" d)", ""));
                assert_eq!(cell.matches(usual).count(), 2, "{text}");
                assert!(!cell.contains('-') && !text.contains("mplausible"), "{text}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_with_any_one_field_is_a_day_with_an_entry_and_the_field_is_named() {
    for (key, value, name) in [
        ("avgSleepingHR", json!(50), "sleeping HR"),
        ("hydration", json!(2), "hydration"),
        ("hydrationVolume", json!(2.5), "fluids"),
        ("spO2", json!(96.5), "SpO2"),
        ("respiration", json!(13.5), "respiration"),
        ("systolic", json!(118), "systolic"),
        ("bloodGlucose", json!(5.1), "blood glucose"),
        ("lactate", json!(1.2), "lactate"),
        ("bodyFat", json!(14.1), "body fat"),
        ("abdomen", json!(80), "abdomen"),
        ("vo2max", json!(52), "VO2max"),
        ("kcalConsumed", json!(0), "calories eaten"),
        ("protein", json!(120), "protein"),
        ("menstrualPhase", json!("LUTEAL"), "cycle phase"),
        (
            "menstrualPhasePredicted",
            json!("OVULATION"),
            "cycle phase (predicted)",
        ),
    ] {
        let text = answer(
            days(20, |back| {
                if (1..4).contains(&back) {
                    json!({key: value})
                } else {
                    json!({})
                }
            }),
            json!({}),
        )
        .await;
        assert!(
            text.contains(" · 3 of 7 days with entries (3 only with detail=full) · ")
                && text.contains(&format!("\nAlso recorded, shown with detail=full: {name}.\n"))
                && !text.contains("No wellness entries"),
            "{key}: {text}"
        );
    }
    // SDNN is a common column where it stands alone, beside an rMSSD of 0 or -1 too.
    for none in [json!(null), json!(0), json!(-1)] {
        let text = answer(
            days(
                60,
                |back| json!({"hrv": none, "hrvSDNN": if back < 7 { 50 } else { 60 }}),
            ),
            json!({}),
        )
        .await;
        assert_eq!(
            row(&text, "date", "2026-11-27 Fri")["HRV SDNN ms"],
            "50",
            "{text}"
        );
        assert!(
            text.contains(" · 7 of 7 days with entries · ") && text.contains(": HRV SDNN 50 / 59.\n"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_today_that_is_not_complete_says_so() {
    const SAID: &str = " Today's row is not complete, and in no average.\n";
    let full = |back: u64| json!({"hrv": hrv(back), "restingHR": 48, "sleepSecs": 27_000, "steps": 8000});
    for (morning, is_partial) in [
        (json!({"restingHR": 41}), true),
        (json!({"hrv": 45, "restingHR": 41}), true),
        (json!({"steps": 312}), true),
        (json!({"comments": "slept badly"}), true),
        (json!({"hrv": 45, "restingHR": 48, "sleepSecs": 27_000}), false),
        // Nothing yet.
        (json!({"steps": 0}), false),
    ] {
        let value = |back| if back == 0 { morning.clone() } else { full(back) };
        let text = answer(days(60, value), json!({})).await;
        assert_eq!(text.contains(SAID), is_partial, "{morning}: {text}");
        assert_eq!(
            text.contains("average to 2026-11-28"),
            morning["sleepSecs"].is_number(),
            "{text}"
        );
    }
    // A range before today has no word of it.
    let value = |back| {
        if back == 0 {
            json!({"restingHR": 41})
        } else {
            full(back)
        }
    };
    let text = answer(days(60, value), json!({"newest": "2026-11-26"})).await;
    assert!(!text.contains("Today"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_that_nobody_recorded_are_not_a_sleep_that_nobody_rated() {
    let text = answer(
        days(9, |_| json!({"sleepQuality": 2, "sleepScore": 80})),
        json!({}),
    )
    .await;
    assert!(
        text.contains("\nNot recorded in this range: hours of sleep, HRV, resting HR, weight.\n"),
        "{text}"
    );
}

/// A year of mornings: a resting heart rate of 40 plus the month, a weight on Mondays, 8000 steps.
fn year(back: u64) -> Value {
    use chrono::Datelike as _;
    let day = today() - Days::new(back);
    let mut row = json!({"restingHR": 40 + day.month(), "hrv": hrv(back), "steps": 8000, "soreness": 1 + day.day() % 2});
    if day.weekday() == chrono::Weekday::Mon {
        row["weight"] = json!(60.0);
    }
    row
}

#[tokio::test(flavor = "multi_thread")]
async fn weeks_and_months_are_means_with_the_number_of_their_days() {
    let text = answer(days(400, year), json!({"step": "month", "oldest": "2026-01-15"})).await;
    assert!(
        text.starts_with("Ana Berger · 15 Jan – 28 Nov 2026 · by month · 318 of 318 days with entries · "),
        "{text}"
    );
    let november = row(&text, "month\t", "2026-11 ");
    assert_eq!(
        [
            "month",
            "days",
            "resting HR bpm",
            "weight kg",
            "steps",
            "soreness /4 (1 best)"
        ]
        .map(|header| november[header].as_str()),
        ["2026-11 (to 28)", "28", "51.0", "60.0 (4)", "8000 (27)", "1.5"],
        "{text}"
    );
    let january = row(&text, "month\t", "2026-01 ");
    assert_eq!(
        (
            january["month"].as_str(),
            january["days"].as_str(),
            january["resting HR bpm"].as_str()
        ),
        ("2026-01 (from 15)", "17", "41.0"),
        "{text}"
    );
    assert_eq!(row(&text, "month\t", "2026-10\t")["days"], "31", "{text}");
    assert!(text.contains("\nEach figure is the mean of the days that have it: in brackets how many, where fewer than the row's. Nothing is summed. Today's steps so far are not counted.\n"), "{text}");
    assert!(!text.contains("7-day against"), "{text}");

    let text = answer(days(400, year), json!({"step": "week"})).await;
    assert!(
        text.starts_with("Ana Berger · 31 Aug – 28 Nov 2026 · by week · 90 of 90 days with entries · "),
        "{text}"
    );
    let this = row(&text, "week (Mon)\t", "2026-11-23");
    assert_eq!(
        (
            this["week (Mon)"].as_str(),
            this["days"].as_str(),
            this["resting HR bpm"].as_str()
        ),
        ("2026-11-23 (to Sat)", "6", "51.0"),
        "{text}"
    );
    assert_eq!(
        row(&text, "week (Mon)\t", "2026-10-26")["resting HR bpm"],
        "50.1",
        "six days of October, one of November: {text}"
    );
    assert_eq!(
        text.lines().filter(|line| line.starts_with("2026-")).count(),
        13,
        "{text}"
    );

    // A year of weeks in one short answer.
    let text = answer(days(400, year), json!({"step": "week", "oldest": "2025-11-29"})).await;
    assert_eq!(
        text.lines().filter(|line| line.starts_with("202")).count(),
        53,
        "{text}"
    );
    assert!(
        text.len() < 3500 && !text.contains("more row"),
        "{}: {text}",
        text.len()
    );
    assert!(text.contains("\n2025-11-24 (from Sat)\t2\t"), "{text}");
    let text = answer(
        days(400, year),
        json!({"step": "week", "oldest": "2025-11-29", "limit": 10}),
    )
    .await;
    assert!(
        text.contains("… 43 more rows: use oldest=2025-11-29 newest=2026-09-20 step=week.\n"),
        "{text}"
    );
    let text = answer(days(400, year), json!({"step": "month", "limit": 2})).await;
    assert!(
        text.starts_with("Ana Berger · 1 Nov 2025 – 28 Nov 2026 · by month · "),
        "{text}"
    );
    assert!(
        text.contains("… 11 more rows: use oldest=2025-11-01 newest=2026-09-30 step=month.\n"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn means_leave_out_what_is_no_sample_and_say_what_they_do_not_show() {
    let value = |back: u64| match back {
        0 => json!({"restingHR": 60}),
        3 => {
            json!({"hrv": 255, "restingHR": 48, "Legs": "heavy", "Sauna": 20, "comments": "late", "weight": 61, "tempWeight": true})
        }
        5 => {
            json!({"hrv": 0, "restingHR": -1, "menstrualPhase": "LUTEAL", "Sauna": 10, "kcalConsumed": 2000})
        }
        40..60 => json!({}),
        _ => json!({"hrv": 45, "restingHR": 48, "soreness": 2}),
    };
    let text = answer(days(90, value), json!({"step": "week", "oldest": "2026-09-28"})).await;
    let this = row(&text, "week (Mon)\t", "2026-11-23");
    assert_eq!(
        [
            "week (Mon)",
            "days",
            "HRV rMSSD ms",
            "resting HR bpm",
            "soreness /4 (1 best)",
            "Sauna"
        ]
        .map(|header| this[header].as_str()),
        [
            "2026-11-23 (to Fri)",
            "5",
            "45 (3)",
            "48.0 (4)",
            "2.0 (3)",
            "15 (2)"
        ],
        "{text}"
    );
    assert!(
        !this.contains_key("weight kg") && !text.contains("heavy") && !text.contains("«late»"),
        "{text}"
    );
    assert!(
        text.contains(" Today is not complete, and not counted.\n"),
        "{text}"
    );
    assert!(text.contains("\nWith step=day also: Legs, 1 note.\n"), "{text}");
    assert!(text.contains("\nNo entries in 2 of 9 weeks.\n"), "{text}");
    assert!(
        text.contains("\nImplausible, in no average: HRV rMSSD beyond 5–250 ms.\n"),
        "{text}"
    );
    assert!(
        text.contains("\nAlso recorded, shown with detail=full: calories eaten, cycle phase.\n"),
        "{text}"
    );
    // Weeks that hold only rarer fields are weeks with entries.
    let text = answer(
        days(30, |_| json!({"spO2": 96})),
        json!({"step": "week", "oldest": "2026-11-09"}),
    )
    .await;
    assert!(
        text.contains(" · 20 of 20 days with entries (20 only with detail=full) · ")
            && text.contains("\n2026-11-16\t7\n"),
        "{text}"
    );
    let text = answer(
        days(30, |_| json!({"spO2": 96})),
        json!({"step": "week", "oldest": "2026-11-09", "detail": "full"}),
    )
    .await;
    assert_eq!(
        row(&text, "week (Mon)\t", "2026-11-16")["SpO2 %"],
        "96.0",
        "{text}"
    );
    // Before anything was entered.
    let text = answer(days(30, |_| json!({})), json!({"step": "month"})).await;
    assert!(text.contains("\nNo wellness entries in this range."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_the_days_by_their_notes() {
    let value = |back: u64| match back {
        2 => json!({"comments": "Left KNEE sore", "restingHR": 48}),
        100 => {
            json!({"comments": format!("{} then the knee again", "long story ".repeat(40)), "restingHR": 50})
        }
        300 => json!({"comments": "kneecap\nfine"}),
        380 => json!({"comments": "knee, long ago"}),
        10 | 200 => json!({"comments": "tired"}),
        _ => json!({"restingHR": 47}),
    };
    let text = answer(days(400, value), json!({"query": "knee"})).await;
    assert!(
        text.starts_with("Ana Berger · 29 Nov 2025 – 28 Nov 2026 · notes with «knee» · 3 of 5 notes · "),
        "{text}"
    );
    let found: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("202"))
        .map(|line| &line[..10])
        .collect();
    assert_eq!(found, ["2026-11-26", "2026-08-20", "2026-02-01"], "{text}");
    assert_eq!(
        row(&text, "date\t", "2026-11-26")["note"],
        "«Left KNEE sore»",
        "{text}"
    );
    assert!(
        row(&text, "date\t", "2026-08-20")["note"].contains("then the knee again"),
        "{text}"
    );
    assert!(
        !text.contains("7-day against") && !text.contains("Not recorded"),
        "{text}"
    );
    let text = answer(
        days(400, value),
        json!({"query": "knee", "oldest": "2025-11-01", "limit": 2}),
    )
    .await;
    assert!(
        text.contains(" · 4 of 6 notes · ")
            && text.contains("… 2 more rows: use oldest=2025-11-01 newest=2026-02-01, same query.\n"),
        "{text}"
    );
    let text = answer(days(400, value), json!({"query": "hip", "oldest": "2026-11-01"})).await;
    assert!(
        text.contains(" · notes with «hip» · 0 of 2 notes · ")
            && text.ends_with("\nNo note in this range has «hip»."),
        "{text}"
    );
    let text = answer(days(90, |_| json!({"restingHR": 47})), json!({"query": "hip"})).await;
    assert!(text.ends_with("\nNo day in this range has a note."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_no_calendar_has_is_not_lost_without_a_word() {
    for (odd, said) in [
        (
            vec!["2026-10-32"],
            "1 wellness day could not be read: neither shown nor counted.",
        ),
        (
            vec!["2026-10-xx", "2026-11-2"],
            "2 wellness days could not be read: neither shown nor counted.",
        ),
    ] {
        let mut rows = days(9, |_| json!({"restingHR": 48}));
        rows.extend(odd.into_iter().map(|id| json!({"id": id, "restingHR": 47})));
        let text = answer(rows, json!({"newest": "2026-11-28"})).await;
        assert_eq!(text.lines().last(), Some(said), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_weeks_is_short_for_everyone() {
    on_saturday(async |world| {
        for person in &world.people {
            for (step, rows) in [("week", 53), ("month", 13)] {
                let asked = json!({"step": step, "oldest": "2025-11-29"});
                let text = ask(&world, person, "get_wellness", asked).await;
                let shown = text.lines().filter(|line| line.starts_with("202")).count();
                assert!(shown <= rows && !text.contains("more row"), "{text}");
                assert!(text.len() <= 6000, "{}: {text}", text.len());
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn means_of_nothing_explain_no_table_and_each_week_is_counted() {
    for (wellness, given, says) in [
        (
            vec![],
            json!({"step": "month"}),
            "No wellness entries in this range.",
        ),
        (
            days(30, year),
            json!({"step": "week", "oldest": "2027-01-01"}),
            "No wellness entries yet",
        ),
    ] {
        let text = answer(wellness, given).await;
        assert!(
            text.contains(says) && !text.contains("Each figure") && !text.contains("summed"),
            "{text}"
        );
    }
    // On a Monday without an entry, its week lacks one; with an entry that does not count yet, it has one.
    for (with_today, says) in [
        (false, "No entries in 12 of 13 weeks."),
        (true, "No entries in 11 of 13 weeks."),
    ] {
        on_saturday(async |world| {
            world.clock.set("2026-11-30T09:00:00Z".parse().unwrap());
            let mut rows =
                vec![json!({"id": "2026-11-21", "restingHR": 50, "sleepSecs": 28000, "steps": 4000})];
            rows.extend(with_today.then(|| json!({"id": "2026-11-30", "steps": 400})));
            give(&world, world.ana(), json!({"wellness": rows}));
            let text = ask(&world, world.ana(), "get_wellness", json!({"step": "week"})).await;
            assert!(
                text.starts_with("Ana Berger · 7 Sep – 30 Nov 2026 · by week") && text.contains(says),
                "{text}"
            );
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_shows_the_place_deep_in_a_note() {
    let filler = "Nothing to report from the whole long day. ".repeat(60);
    for (query, note) in [
        ("knee", format!("{filler}Left Knee sore.")),
        (
            "KNEE sore",
            format!("{filler}\n\nknee  sore since the morning. {filler}"),
        ),
        ("knee", format!("Knee. {filler}")),
    ] {
        for detail in ["concise", "full"] {
            let rows = vec![
                json!({"id": "2026-11-26", "comments": note}),
                json!({"id": "2026-11-25", "comments": filler}),
            ];
            let text = answer(rows, json!({"query": query, "detail": detail})).await;
            let row = text.lines().find(|line| line.starts_with("2026-11-26")).unwrap();
            assert!(row.to_lowercase().contains(&query.to_lowercase()), "{row}");
            assert!(row.len() < 1100 && !text.contains("\n2026-11-25"), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_the_athletes_own_has_one_name() {
    on_saturday(async |world| {
        for (items, name) in [
            (json!([{"type": "INPUT_FIELD", "name": "Sauna minutes", "content": {"code": "SaunaMinutes"}}]), "«Sauna minutes» SaunaMinutes"),
            (json!([{"type": "INPUT_FIELD", "name": "Saunagänge» ♨", "content": {"code": "SaunaMinutes"}}]), "«Saunagänge› ♨» SaunaMinutes"),
            (json!([]), "SaunaMinutes"),
        ] {
            let nell = world.nell();
            give(
                &world,
                nell,
                json!({"wellness": [{"id": "2026-11-26", "restingHR": 50, "SaunaMinutes": 15}], "answers": {"/custom-item": items}}),
            );
            sqlx::query("update connections set write_number = write_number + 1")
                .execute(&world.app.pool)
                .await
                .unwrap();
            // Everywhere by its code; the name costs a request, so only full has it beside the code.
            for given in [json!({}), json!({"step": "week"}), json!({"detail": "full"})] {
                let full = given["detail"] == "full";
                let (text, paths) = asked_for(&world, &nell.link, "get_wellness", given).await;
                let header = if full { name } else { "SaunaMinutes" };
                assert!(text.contains(&format!("\t{header}")), "{name}: {text}");
                let named = paths.iter().any(|path| path.ends_with("/custom-item"));
                assert_eq!(named, full, "{paths:?}");
            }
        }
    })
    .await;
}
