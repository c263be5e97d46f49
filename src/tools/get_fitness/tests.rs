use chrono::Days;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    tools::samples::{HOSTILE, ana, day, object, rows, stays_in_its_place, today},
    training::fitness::{Fitness, course},
};

fn asked(given: Value) -> Asked {
    Asked::read(object(given), today(), &ana()).unwrap()
}

/// Rows as upstream computes them: 84 on three days of four, from the steady state of 60.
fn model(asked: &Asked) -> Vec<Wellness> {
    let range = asked.requested(today());
    let first = range.oldest;
    let count = usize::try_from(range.days()).unwrap();
    let loads: Vec<Option<f64>> = (0..count)
        .map(|at| if at % 4 == 3 { None } else { Some(84.0) })
        .collect();
    let states = course(Fitness { ctl: 60.0, atl: 60.0 }, loads.clone());
    let all: Vec<Value> = first
        .iter_days()
        .zip(states.iter().zip(&loads))
        .enumerate()
        .map(|(at, (date, (state, load)))| {
            let before = if at >= 7 { states[at - 7].ctl } else { 60.0 };
            json!({"id": date, "ctl": state.ctl, "atl": state.atl, "rampRate": state.ctl - before, "ctlLoad": load, "atlLoad": load,
                "sportInfo": [{"type": "Ride", "eftp": 239.4, "wPrime": 16_850.2, "pMax": 804.1}, {"type": "Run", "eftp": null}]})
        })
        .collect();
    rows(Value::Array(all))
}

fn answer(given: Value) -> String {
    let asked = asked(given);
    render(&ana(), today(), &asked, &model(&asked), (Today::NOT_SHOWN, &[])).text
}

#[test]
fn reads_as_a_person_would_want_it() {
    insta::assert_snapshot!(
        "daily",
        answer(json!({"oldest": "2026-11-12", "newest": "2026-11-25"}))
    );
    insta::assert_snapshot!(
        "weekly",
        answer(json!({"step": "week", "detail": "full", "newest": "2026-11-25"}))
    );
}

#[test]
fn the_default_is_four_weeks_back_and_one_ahead_by_day() {
    let plain = asked(json!({}));
    assert_eq!(
        (plain.range.oldest, plain.range.newest, plain.weekly),
        (day("2026-10-25"), day("2026-11-28"), false)
    );
    let text = answer(json!({}));
    assert!(text.starts_with("Ana Berger · 25 Oct – 28 Nov 2026 · 35 days · Europe/Berlin, today 2026-11-21 Sat\ndate\tCTL\tATL\tform\tform a.m.\tramp /wk\tload\n2026-11-28 Sat\t"), "{text}");
    assert_eq!(text.matches("\tplanned ").count(), 6, "{text}");
}

#[test]
fn a_projection_holds_today() {
    let ends = |given: Value| {
        let asked = asked(given);
        (
            asked.range.oldest,
            asked.range.newest,
            asked.also.is_some(),
            asked.requested(today()).oldest,
        )
    };
    let of = |oldest, newest, also, first| (day(oldest), day(newest), also, day(first));
    for (given, wanted) in [
        // Alone it goes back one span, and to today at least.
        (
            json!({"newest": "2026-11-25"}),
            of("2026-10-29", "2026-11-25", false, "2026-10-29"),
        ),
        (
            json!({"newest": "2027-01-31", "step": "day"}),
            of("2026-11-21", "2027-01-31", false, "2026-11-20"),
        ),
        (
            json!({"newest": "2027-01-31"}),
            of("2026-11-16", "2027-01-31", false, "2026-11-16"),
        ),
        (
            json!({"oldest": "2026-11-21", "newest": "2026-11-22"}),
            of("2026-11-21", "2026-11-22", false, "2026-11-20"),
        ),
        (
            json!({"oldest": "2026-12-01", "newest": "2026-12-02"}),
            of("2026-12-01", "2026-12-02", true, "2026-11-20"),
        ),
        (
            json!({"oldest": "2026-12-01", "step": "week"}),
            of("2026-11-30", "2027-01-03", true, "2026-11-16"),
        ),
        (
            json!({"newest": "2026-11-20"}),
            of("2026-10-24", "2026-11-20", false, "2026-10-24"),
        ),
    ] {
        assert_eq!(ends(given.clone()), wanted, "{given}");
    }
}

#[test]
fn a_cut_names_a_call_that_works_even_where_only_today_is_left() {
    let wanted = asked(json!({"oldest": "2026-12-01", "newest": "2026-12-03", "limit": 3}));
    let text = render(&ana(), today(), &wanted, &model(&wanted), (Today::NOT_SHOWN, &[])).text;
    assert!(
        text.contains("… 1 more row: use oldest=2026-11-21 newest=2026-11-21 step=day"),
        "{text}"
    );
}

#[test]
fn long_ranges_go_by_whole_weeks() {
    let year = asked(json!({"oldest": "2026-01-01"}));
    assert!(year.weekly);
    assert_eq!(
        (year.range.oldest, year.range.newest),
        (day("2025-12-29"), today())
    );
    assert_eq!(
        asked(json!({"oldest": "2026-01-01", "newest": "2026-03-31"}))
            .range
            .newest,
        day("2026-04-05")
    );
    assert!(!asked(json!({"oldest": "2026-01-01", "step": "day"})).weekly);
    let text = answer(json!({"oldest": "2026-01-01", "limit": 5}));
    assert!(text.contains("2026-11-16\t2026-11-21 Sat\t"), "{text}");
    assert!(
        text.contains("… 42 more rows: use oldest=2025-12-29 newest=2026-10-18 step=week"),
        "{text}"
    );
    let text = answer(json!({"oldest": "2026-11-01", "limit": 5}));
    assert!(
        text.contains("… 16 more rows: use oldest=2026-11-01 newest=2026-11-16 step=day"),
        "{text}"
    );
}

#[test]
fn nulls_zeros_and_gaps() {
    let wanted = asked(json!({"oldest": "2026-11-10"}));
    let found = rows(json!([
        {"id": "2026-11-10", "ctl": 0, "atl": 0, "rampRate": 0, "ctlLoad": 0},
        {"id": "2026-11-11", "ctl": null, "atl": null},
        {"id": "2026-11-12", "ctl": 30.04, "atl": 30.06, "rampRate": null, "ctlLoad": null, "atlLoad": 12},
        {"id": "2026-11-17", "ctl": 20.0, "atl": 45.0},
        {"id": null, "ctl": 1.0, "atl": 2.0},
        {"id": "2026-12-17", "ctl": 1.0, "atl": 2.0},
    ]));
    let text = render(&ana(), today(), &wanted, &found, (Today::NOT_SHOWN, &[])).text;
    assert!(text.contains("· 3 days ·"), "{text}");
    assert!(
        text.contains("2026-11-17 Tue\t20.0\t45.0\t-25.0\t+20.0\n"),
        "{text}"
    );
    assert!(text.contains("2026-11-12 Thu\t30.0\t30.1\t0.0\t\t12\n"), "{text}");
    assert!(text.contains("2026-11-10 Tue\t0.0\t0.0\t0.0\t0.0\t0\n"), "{text}");
    assert!(
        text.contains(
            "On 2026-11-17 Tue: CTL 20.0 · ATL 45.0 · form -25.0 (-125 % of CTL) · ramp +20.0 a week"
        ),
        "{text}"
    );
    assert!(
        text.contains("highest CTL 30.0 on 2026-11-12 Thu, lowest 0.0 on 2026-11-10 Tue"),
        "{text}"
    );
    assert!(!text.contains("projection"), "{text}");
}

#[test]
fn nothing_found_is_an_answer_with_name_and_range() {
    let text = render(&ana(), today(), &asked(json!({})), &[], (Today::NOT_SHOWN, &[])).text;
    assert!(
        text.starts_with("Ana Berger · 25 Oct – 28 Nov 2026 · 0 days ·")
            && text.contains("no fitness figures"),
        "{text}"
    );
    let ahead = asked(json!({"oldest": "2026-12-01", "newest": "2026-12-02"}));
    let found = rows(json!([{"id": "2026-12-01", "ctl": 50, "atl": 40, "ctlLoad": 0}]));
    let text = render(&ana(), today(), &ahead, &found, (Today::NOT_SHOWN, &[])).text;
    assert!(
        !text.contains("planned 0")
            && text.contains("Nothing with a load is planned on 2026-12-01 Tue.")
            && text.contains("projection")
            && !text.contains("Today:"),
        "{text}"
    );
}

#[test]
fn hostile_text_stays_inside() {
    let wanted = asked(json!({"detail": "full"}));
    let found = rows(
        json!([{"id": "2026-11-20", "ctl": 50, "atl": 40, "sportInfo": [{"type": HOSTILE, "eftp": 1}, "x", null, {"type": 1, "eftp": 200}]}]),
    );
    let text = render(&ana(), today(), &wanted, &found, (Today::NOT_SHOWN, &[])).text;
    assert!(
        text.lines()
            .any(|line| line.starts_with("Estimated by intervals.icu on 2026-11-20 Fri: «Ride› Ignore")),
        "{text}"
    );
    stays_in_its_place(&text);
    assert_eq!((text.matches('«').count(), text.matches('»').count()), (1, 1));
    let odd = rows(json!([{"id": "2026-11-20", "ctl": 50, "atl": 40, "sportInfo": "none"}]));
    assert!(
        !render(&ana(), today(), &wanted, &odd, (Today::NOT_SHOWN, &[]))
            .text
            .contains("Estimated")
    );
}

proptest! {
    #[test]
    fn ugly_data_gives_a_table_that_holds(
        found in prop::collection::vec((0_u64..60, any::<Option<f64>>(), prop::option::of(0.0..150.0_f64), any::<Option<f64>>()), 0..60),
        weekly in any::<bool>(), limit in 1_usize..40,
    ) {
        let found: Vec<Value> = found.into_iter().map(|(at, ctl, atl, load)| json!({
            "id": day("2026-10-25") + Days::new(at), "ctl": ctl.map(|ctl| ctl % 200.0), "atl": atl, "ctlLoad": load, "rampRate": ctl,
        })).collect();
        let wanted = asked(json!({"limit": limit, "step": if weekly { "week" } else { "day" }}));
        let text = render(&ana(), today(), &wanted, &rows(Value::Array(found)), (Today::NOT_SHOWN, &[])).text;
        let shown = text.lines().filter(|line| line.starts_with("2026-")).count();
        prop_assert!(shown <= limit);
        prop_assert!(!text.contains("NaN") && !text.contains("inf\t"));
    }
}
