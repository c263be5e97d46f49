//! Sleep, HRV and the rest of a morning.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use std::sync::Mutex;

use super::{ask, give, on_saturday, row};

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
        assert!(text.contains("\nimplausible, in no average: "), "{text}");
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
    assert!(!text.contains("implausible"), "{text}");
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
            "HRV SDNN 52 / 52 (9 of 60 days)\nrMSSD not recorded in this range; SDNN is not comparable with rMSSD.\n"
        ),
        "{text}"
    );
    // A single rMSSD hides none of it.
    let value = |back| json!({"hrv": if back == 2 { json!(61) } else { json!(0) }, "hrvSDNN": 48.5});
    let text = answer(days(9, value), json!({})).await;
    assert!(
        text.contains(" · 7 of 7 days with entries · ")
            && text.contains(": HRV SDNN 49 / 49 (9 of 60 days) · HRV 61 (1 of 7 days) / 61 (1 of 60 days)\nSDNN is not comparable with rMSSD.\n")
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
            && text.contains(": HRV 45 / 45 · HRV SDNN 80 (2 of 7 days) / 80 (2 of 60 days)\n"),
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
        text.contains(": HRV 45 / 45\n") && text.contains("Also recorded (detail=full): HRV SDNN\n"),
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
            && text.contains("Also recorded (detail=full): SpO2")
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
            && text.contains("average to 2026-11-27 Fri: HRV 46 / 46 · resting HR bpm 48.0 / 48.0\n"),
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
    assert!(!text.contains("implausible"), "{text}");
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
                    !text.contains("implausible") && !text.contains("without "),
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
        for odd in [9, 5, -1] {
            let rows = days(
                7,
                |back| json!({key: if back == 2 { odd } else { 2 }, "restingHR": 48}),
            );
            let text = answer(rows, json!({"detail": "full"})).await;
            let cell = |day: &str| row(&text, "date\t", day)[&format!("{name} /4 (1 best)")].clone();
            assert_eq!(cell("2026-11-26"), format!("{odd} (implausible)"), "{text}");
            assert!(cell("2026-11-25").starts_with("2 "), "{text}");
            let said = format!("\nimplausible, in no average: {name} beyond 1–4 /4 (1 best)\n");
            assert!(text.contains(&said), "{text}");
        }
        // 0 is not given.
        let text = answer(
            days(7, |_| json!({key: 0, "restingHR": 48})),
            json!({"detail": "full"}),
        )
        .await;
        assert!(!text.contains(name) && !text.contains("implausible"), "{text}");
    }
}
