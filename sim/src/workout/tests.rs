//! The vectors of the language, its silent losses one by one, and random text.

use proptest::prelude::*;

use super::*;

/// The athlete whose numbers the vectors were made with.
fn athlete(sport: &str) -> Settings {
    let settings = Settings {
        lthr: Some(171),
        max_hr: Some(188),
        hr_zones: vec![138, 153, 160, 170, 175, 180, 188],
        ..Settings::default()
    };
    let by_pace = |threshold, units, swims| Settings {
        threshold_pace: Some(threshold),
        pace_units: Some(units),
        order: [Kind::Pace, Kind::Hr, Kind::Power],
        swims,
        ..settings.clone()
    };
    match sport {
        "Run" => by_pace(3.787_879, "MINS_KM", false),
        "Swim" => by_pace(0.980_392, "SECS_100M", true),
        _ => Settings {
            ftp: Some(246.0),
            ..settings
        },
    }
}

fn of(sport: &str, text: &str) -> Workout {
    read(text, sport, &athlete(sport))
}

/// The steps of a document.
fn steps(sport: &str, text: &str) -> Value {
    of(sport, text).doc(None)["steps"].clone()
}

/// Without what `resolve=true` adds, except the distance of timed steps; numbers as upstream shows them.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let shown = fields
                .iter()
                .filter(|(name, _)| !["_power", "_hr", "_pace"].contains(&name.as_str()));
            shown
                .map(|(name, value)| (name.clone(), comparable(value)))
                .collect()
        }
        Value::Array(values) => values.iter().map(comparable).collect(),
        Value::Number(number) => json!(round(number.as_f64().unwrap(), 3)),
        other => other.clone(),
    }
}

#[test]
fn each_vector_has_its_steps_and_totals() {
    let vectors: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 18);
    for vector in vectors {
        let workout = of(
            vector["sport"].as_str().unwrap(),
            vector["text"].as_str().unwrap(),
        );
        let doc = workout.doc(Some(Indoor(false)));
        assert_eq!(
            comparable(&doc["steps"]),
            comparable(&vector["steps"]),
            "steps of {}",
            vector["name"]
        );
        let (totals, fields) = (workout.totals(), workout.fields(None));
        let ours = json!({
            "duration": totals.secs, "distance": totals.distance, "normalized_power": totals.np,
            "average_watts": totals.average, "joules": totals.joules,
            "icu_training_load": totals.load, "icu_intensity": fields["icu_intensity"],
        });
        for (name, theirs) in vector["totals"].as_object().unwrap() {
            assert_eq!(
                comparable(&ours[name]),
                comparable(theirs),
                "{name} of {}",
                vector["name"]
            );
        }
    }
}

#[test]
fn the_measured_workout_has_its_measured_doc() {
    let text = "Warmup\n- 20m ramp 55-75% 85rpm\n\nMain set 3x\n- SST 12m 88-94% 88-92rpm\n- Easy 5m 55%\n\n\
        Cooldown\n- 10m ramp 60-45%";
    let doc = of("Ride", text).doc(Some(Indoor(false)));
    let zones: Vec<u64> = doc["zoneTimes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|zone| zone["secs"].as_u64().unwrap())
        .collect();
    assert_eq!(zones, [1306, 1394, 0, 2160, 0, 0, 0, 2160]);
    assert_eq!(doc["zoneTimes"][6]["percentRange"], "151% +");
    assert_eq!(doc["zoneTimes"][7]["percentRange"], "84% - 97%");
    let power = |step: &Value| step["_power"].clone();
    assert_eq!(
        power(&doc["steps"][0]),
        json!({"value": 159.0, "start": 135.0, "end": 184.0})
    );
    let inner = &doc["steps"][1]["steps"];
    assert_eq!(
        power(&inner[0]),
        json!({"value": 223.0, "start": 216.0, "end": 231.0})
    );
    assert_eq!(
        power(&inner[1]),
        json!({"value": 135.0, "start": 131.0, "end": 139.0})
    );
    assert_eq!(
        power(&doc["steps"][2]),
        json!({"value": 129.0, "start": 147.0, "end": 110.0})
    );
    assert_eq!(
        (
            &doc["normalized_power"],
            &doc["variability_index"],
            &doc["ftp"],
            &doc["lthr"]
        ),
        (&json!(192), &json!(1.066_667), &json!(246), &json!(171))
    );
}

#[test]
fn paces_resolve_with_a_band_on_land_only() {
    let run = of("Run", "- 1km 4:20-4:15/km Pace\n- Jog 2m 60% Pace\n- 10m Z1 Pace");
    let doc = run.doc(Some(Indoor(false)));
    let steps = &doc["steps"];
    assert_eq!(
        steps[0]["_pace"],
        json!({"value": 3.883_861, "start": 3.846_154, "end": 3.921_569})
    );
    assert!(steps[0]["_distance"].is_null(), "it has one");
    assert_eq!(
        steps[1]["_pace"],
        json!({"value": 2.272_727, "start": 2.215_909, "end": 2.329_546})
    );
    assert_eq!(
        steps[2]["_pace"],
        json!({"start": 2.348_485, "end": 2.935_606}),
        "a zone has no middle"
    );
    let swim = of("Swim", "- Easy 300mtr 70% Pace").doc(Some(Indoor(false)));
    assert_eq!(swim["steps"][0]["_pace"], json!({"value": 0.686_274}));
}

#[test]
fn heart_rates_are_of_the_threshold_of_the_maximum_or_a_zone() {
    let run = of(
        "Run",
        "- 10m 75-80% LTHR\n- 20m Z2 HR\n- 5m 70% HR\n- 5m 90% LTHR",
    );
    let doc = run.doc(Some(Indoor(false)));
    let bands: Vec<&Value> = (0..4).map(|at| &doc["steps"][at]["_hr"]).collect();
    assert_eq!(
        bands,
        [
            &json!({"value": 132.0, "start": 128.0, "end": 136.0}),
            &json!({"start": 139.0, "end": 153.0}),
            &json!({"value": 131.0, "start": 129.0, "end": 133.0}),
            &json!({"value": 153.0, "start": 150.0, "end": 156.0}),
        ]
    );
    assert_eq!((&doc["target"], &doc["duration"]), (&json!("HR"), &json!(2400)));
    assert_eq!(
        of("Run", "- 1h 100% LTHR").totals().load,
        Some(100),
        "an hour at LTHR"
    );
}

#[test]
fn zones_and_watts_resolve_indoors_to_points() {
    let doc = of("Ride", "- 30m Z2 85rpm\n- 5m 120w\n- 10m Z1-Z3").doc(Some(Indoor(true)));
    assert_eq!(doc["steps"][0]["_power"], json!({"start": 137.0, "end": 184.0}));
    assert_eq!(doc["steps"][1]["_power"], json!({"value": 120.0}));
    assert_eq!(doc["steps"][2]["_power"], json!({"start": 2.0, "end": 221.0}));
    let outdoors = of("Ride", "- 5m 120w").doc(Some(Indoor(false)));
    assert_eq!(
        outdoors["steps"][0]["_power"],
        json!({"value": 120.0, "start": 117.0, "end": 123.0})
    );
}

#[test]
fn without_a_threshold_a_target_stays_as_it_is_written() {
    let run = read("- 10m 90% Pace\n- 1km 90% Pace", "Run", &Settings::default());
    let doc = run.doc(Some(Indoor(false)));
    assert_eq!(
        doc["steps"],
        json!([
            {"duration": 600, "pace": {"units": "%pace", "value": 90.0}},
            {"distance": 1000.0, "pace": {"units": "%pace", "value": 90.0}},
        ])
    );
    assert_eq!(
        (run.totals().load, &run.fields(None)["icu_intensity"]),
        (None, &Value::Null)
    );
    let absolute = read("- 1km 5:00/km Pace", "Run", &Settings::default());
    assert_eq!(absolute.totals().secs, 300, "an absolute pace needs none");
}

/// Cases of what the text is about, its sport, the text, and the steps that upstream makes of it.
#[track_caller]
fn each<const N: usize>(cases: [(&str, &str, &str, Value); N]) {
    for (what, sport, text, left) in cases {
        assert_eq!(steps(sport, text), left, "{what}: {text}");
    }
}

#[test]
fn targets_and_lengths_are_lost_without_a_word() {
    each([
        (
            "absolute bpm",
            "Run",
            "- 20m 168-175 HR",
            json!([{"duration": 1200}]),
        ),
        ("absolute bpm", "Run", "- 20m 145bpm", json!([{"duration": 1200}])),
        (
            "a second target",
            "Run",
            "- 20m 80% HR 5:00/km Pace",
            json!([{"duration": 1200, "hr": {"units": "%hr", "value": 80.0}}]),
        ),
        (
            "a zone of two digits",
            "Ride",
            "- 10m Z03",
            json!([{"duration": 600}]),
        ),
        (
            "a pace without the word",
            "Run",
            "- 20m 5:00/km",
            json!([{"duration": 1200}]),
        ),
        (
            "per 100 mtr",
            "Swim",
            "- 5m 1:45/100mtr Pace",
            json!([{"duration": 300}]),
        ),
        ("a range of durations", "Ride", "- 15-20m 60%", json!([])),
        (
            "words for units",
            "Run",
            "- 400 metres easy\n- 30 secs strides\n- 30sec 90% Pace",
            json!([]),
        ),
    ]);
}

#[test]
fn headings_flags_and_labels_are_lost_without_a_word() {
    each([
        (
            "a section in French",
            "Ride",
            "Échauffement\n- 10m 50%",
            json!([
                {"duration": 600, "power": {"units": "%ftp", "value": 50.0}},
            ]),
        ),
        (
            "an unknown intensity",
            "Ride",
            "- 10m 50% intensity=easy",
            json!([
                {"duration": 600, "power": {"units": "%ftp", "value": 50.0}},
            ]),
        ),
        (
            "a blank line below a count",
            "Ride",
            "3x\n\n- 10m 50%",
            json!([
                {"duration": 600, "power": {"units": "%ftp", "value": 50.0}},
            ]),
        ),
        (
            "a count in front",
            "Ride",
            "3x Over-unders\n- 10m 50%",
            json!([
                {"duration": 600, "power": {"units": "%ftp", "value": 50.0}},
            ]),
        ),
        (
            "a count with a dash",
            "Ride",
            "- 3x 1m 80%",
            json!([
                {"text": "3x", "duration": 60, "power": {"units": "%ftp", "value": 80.0}},
            ]),
        ),
        (
            "a ramp to one end",
            "Ride",
            "- 10m ramp 75%",
            json!([
                {"duration": 600, "power": {"units": "%ftp", "value": 75.0}},
            ]),
        ),
        (
            "a ramp in the label",
            "Ride",
            "- ramp up 10m 50-75%",
            json!([
                {"text": "ramp up", "duration": 600, "power": {"units": "%ftp", "start": 50.0, "end": 75.0}},
            ]),
        ),
        (
            "a repeat in a repeat",
            "Ride",
            "2x\n- 5m 90%\n3x\n- 1m 50%",
            json!([
                {"reps": 2, "text": "2x", "distance": 0, "duration": 600, "steps": [
                    {"duration": 300, "power": {"units": "%ftp", "value": 90.0}},
                ]},
                {"reps": 3, "text": "3x", "distance": 0, "duration": 180, "steps": [
                    {"duration": 60, "power": {"units": "%ftp", "value": 50.0}},
                ]},
            ]),
        ),
        (
            "flags of a counted warm-up",
            "Ride",
            "Warmup 2x\n- 5m 50%",
            json!([
                {"reps": 2, "text": "Warmup 2x", "distance": 0, "duration": 600, "steps": [
                    {"duration": 300, "power": {"units": "%ftp", "value": 50.0}},
                ]},
            ]),
        ),
        ("a length of nothing", "Ride", "- 0mtr 50%", json!([])),
        (
            "words of syntax in the label",
            "Ride",
            "- 85% Z2 10m",
            json!([
                {"duration": 600, "power": {"units": "power_zone", "value": 2.0}},
            ]),
        ),
    ]);
}

#[test]
fn times_and_paces_are_read_in_every_form() {
    each([
        (
            "slower end last, as written",
            "Run",
            "- 10m 5:00-5:10/km Pace",
            json!([
                {"duration": 600, "pace": {"units": "secs/km", "start": 300.0, "end": 310.0}},
            ]),
        ),
        (
            "both ends with a unit",
            "Run",
            "- 1mi 7:15/mi-7:00/mi Pace",
            json!([
                {"duration": 427, "distance": 1609.344, "pace": {"units": "secs/mi", "start": 435.0, "end": 420.0}},
            ]),
        ),
        (
            "the sport's unit",
            "Swim",
            "- 1m 1:35 Pace",
            json!([
                {"duration": 60, "pace": {"units": "secs/100m", "value": 95.0}},
            ]),
        ),
        (
            "every way of a time",
            "Ride",
            "- 1h2m30s 50%\n- 5m30 50%\n- 1'30\" 50%\n- 1.5h 50%",
            json!([
                {"duration": 3750, "power": {"units": "%ftp", "value": 50.0}},
                {"duration": 330, "power": {"units": "%ftp", "value": 50.0}},
                {"duration": 90, "power": {"units": "%ftp", "value": 50.0}},
                {"duration": 5400, "power": {"units": "%ftp", "value": 50.0}},
            ]),
        ),
        (
            "a dash for a hyphen",
            "Ride",
            "- 10m 50–60%",
            json!([
                {"duration": 600, "power": {"units": "%ftp", "start": 50.0, "end": 60.0}},
            ]),
        ),
    ]);
}

#[test]
fn what_upstream_knows_is_kept_in_any_case_and_with_any_white_space() {
    each([
        (
            "the word Power",
            "Ride",
            "- 1m Z6 Power",
            json!([
                {"duration": 60, "power": {"units": "power_zone", "value": 6.0}},
            ]),
        ),
        (
            "less than a percent",
            "Ride",
            "- 10m 0.95%",
            json!([
                {"duration": 600, "power": {"units": "%ftp", "value": 0.95}},
            ]),
        ),
        (
            "best power and custom zones",
            "Ride",
            "- 10m 60% MMP 5m hidepower\n- 1m CZ2",
            json!([
                {"duration": 600, "hidepower": true, "power": {"units": "%mmp", "value": 60.0, "duration": 300}},
                {"duration": 60, "power": {"units": "custom_zone", "value": 2.0}},
            ]),
        ),
        (
            "either case",
            "Ride",
            "WARM UP\n- 10M RAMP 50-75% 90RPM Intensity=Warmup\n\nset 2X\n- 1m 120W",
            json!([
                {"duration": 600, "ramp": true, "warmup": true, "intensity": "warmup",
                 "power": {"units": "%ftp", "start": 50.0, "end": 75.0}, "cadence": {"units": "rpm", "value": 90.0}},
                {"reps": 2, "text": "set 2X", "distance": 0, "duration": 120, "steps": [
                    {"duration": 60, "power": {"units": "w", "value": 120.0}},
                ]},
            ]),
        ),
        (
            "HTML, escaped",
            "Ride",
            "- Hard & <low> 1m 90%",
            json!([
                {"text": "Hard &amp; &lt;low&gt;", "duration": 60, "power": {"units": "%ftp", "value": 90.0}},
            ]),
        ),
        (
            "tabs, CRLF, emoji",
            "Ride",
            "\t2x\r\n-\t🔥 sprint\t1m\t90%\r\n  - 2m 50%\r\n",
            json!([
                {"reps": 2, "text": "2x", "distance": 0, "duration": 360, "steps": [
                    {"text": "🔥 sprint", "duration": 60, "power": {"units": "%ftp", "value": 90.0}},
                    {"duration": 120, "power": {"units": "%ftp", "value": 50.0}},
                ]},
            ]),
        ),
        (
            "a rest after a length",
            "Swim",
            "- 200mtr 95% Pace 30s rest",
            json!([
                {"duration": 30, "distance": 200.0, "pace": {"units": "%pace", "value": 95.0}},
            ]),
        ),
    ]);
}

#[test]
fn prose_makes_no_step_and_leaves_what_was_typed() {
    let prose = of(
        "WeightTraining",
        "Squat 3×8, deadlift 3×5, step-ups 2×12\n\nPlank until it shakes.",
    );
    assert!(prose.is_empty());
    assert_eq!(prose.fields(None), json!({"workout_doc": no_steps()}));
    assert_eq!(prose.kind(), None);
}

#[test]
fn steps_without_a_target_count_no_watts() {
    let ride = of(
        "Ride",
        "- Warmup 10m 55% Press lap\n- 20m freeride\n- 10s maxeffort\n- 5m 50%",
    );
    assert_eq!((ride.totals().secs, ride.totals().load), (2110, Some(11)));
    let free = of("Ride", "- 20m freeride");
    assert_eq!((free.kind(), free.totals().load), (None, None));
    assert_eq!(free.doc(None)["target"], "AUTO");
}

#[test]
fn a_workout_goes_by_the_first_kind_in_the_sports_order() {
    let text = "- 10m 75% HR\n- 10m 90% Pace\n- 10m 90%";
    assert_eq!(of("Ride", text).kind(), Some(Kind::Power));
    assert_eq!(of("Run", text).kind(), Some(Kind::Pace));
    assert_eq!(of("Run", "- 10m 90%\n- 10m 75% HR").kind(), Some(Kind::Hr));
}

#[test]
fn endless_workouts_have_a_length_and_no_load() {
    for text in [
        "- 999999h 90%",
        "999999999999x\n- 1m 90%",
        "99999999x\n- 5km 90% HR",
        "999999999x\n- 9999999h 90%",
    ] {
        let workout = of("Ride", text);
        assert_eq!(workout.totals().load, None, "{text}");
        assert_eq!(workout.aims().count(), 0);
        assert!(!workout.is_empty() && workout.doc(Some(Indoor(false)))["steps"][0].is_object());
    }
    assert_eq!(steps("Ride", &format!("- {}m 90%", "9".repeat(400))), json!([]));
    let fast = of(
        "Run",
        "- 1km 0:00/km Pace\n- 10m 0% Pace\n- 10m Z9 Pace\n- 1km Z0 Pace",
    );
    assert!(fast.doc(Some(Indoor(false))).is_object() && fast.totals().distance.is_finite());
}

#[test]
fn five_hundred_steps_and_a_megabyte_are_read() {
    let many = "- On 1m 90% 85rpm\n".repeat(500);
    let workout = of("Ride", &many);
    assert_eq!((workout.totals().secs, workout.aims().count()), (30_000, 500));
    for piece in [
        "- 1m 90%\n",
        "- 1m ",
        "🔥\t",
        "9",
        "-",
        "x\n",
        "9x\n",
        "press ",
        "Z2-",
        "<!>",
        "- \r\n",
    ] {
        let text = piece.repeat(1_000_000 / piece.len());
        assert!(of("Ride", &text).doc(Some(Indoor(false))).is_object(), "{piece}");
    }
}

#[test]
fn a_clients_document_is_read_as_far_as_upstream_knows_it() {
    let doc = json!({"steps": [
        {"duration": 600, "power": {"units": "%ftp", "value": 50}, "mood": "fine", "intensity": "WARMUP"},
        {"reps": 2, "steps": [{"duration": 60, "hr": {"units": "bpm", "value": 150}}, {"text": "no length"}]},
        {"distance": 1000, "pace": {"units": "secs/km", "start": 300, "end": 290}},
        {"steps": []},
        7,
    ]});
    let workout = Workout::of_doc(&doc, &athlete("Run"));
    assert_eq!(
        workout.doc(None)["steps"],
        json!([
            {"duration": 600, "power": {"units": "%ftp", "value": 50.0}, "intensity": "warmup"},
            {"reps": 2, "text": "", "distance": 0, "duration": 120, "steps": [{"duration": 60}]},
            {"duration": 295, "distance": 1000.0, "pace": {"units": "secs/km", "start": 300.0, "end": 290.0}},
        ])
    );
    assert!(Workout::of_doc(&json!(null), &athlete("Run")).is_empty());
}

#[test]
fn losses_can_be_ordered() {
    let text = "- 10m 50%\n\n3x\n- 1m ramp 90-100%\n- 2m 55%\n";
    let with = |loss| read_losing(Some(loss), text, "Ride", &athlete("Ride"));
    let flat = with(Loss::Repeats);
    assert_eq!(flat.totals().secs, 780);
    assert_eq!(flat.doc(None)["steps"].as_array().unwrap().len(), 3);
    let aimless = with(Loss::Targets);
    assert_eq!((aimless.totals().secs, aimless.totals().load), (1140, None));
    assert_eq!(aimless.doc(None)["steps"][0], json!({"duration": 600}));
    assert!(!aimless.aims_everywhere(None) && flat.aims_everywhere(Some(Kind::Power)));
    assert!(!flat.aims_everywhere(Some(Kind::Pace)));
    assert_eq!(with(Loss::Steps).doc(None), no_steps());
}

/// Words and lines that mean something, so that random text is not all prose.
fn language() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("-".to_owned()),
        Just("\n- ".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\n\n".to_owned()),
        Just("\nWarmup\n".to_owned()),
        Just("Press lap".to_owned()),
        Just("ramp".to_owned()),
        Just("freeride".to_owned()),
        Just("Pace".to_owned()),
        Just("HR".to_owned()),
        Just("LTHR".to_owned()),
        Just("MMP".to_owned()),
        "\n[a-z ]{0,6}[0-9]{1,3} ?x\n",
        "[0-9]{1,3}[hms'\"]",
        "[0-9]{1,4}(mtr|km|mi|yrd)",
        "[0-9]{1,3}(-[0-9]{1,3})?(%|w|rpm)",
        "Z[0-9](-Z[0-9])?",
        "[0-9]{1,2}:[0-9]{2}(-[0-9]{1,2}:[0-9]{2})?(/km|/mi|/100m)?",
        "(intensity|power|hr)=[a-z0-9]{1,6}",
        "\\PC{0,5}",
    ];
    proptest::collection::vec(word, 0..60).prop_map(|words| words.join(" "))
}

/// Seconds of a document's steps, repeats unrolled.
fn flat_secs(steps: &Value) -> u64 {
    let steps = steps.as_array().unwrap().iter();
    steps
        .map(|step| match &step["steps"] {
            Value::Null => step["duration"].as_u64().unwrap_or_default(),
            inner => step["reps"].as_u64().unwrap() * flat_secs(inner),
        })
        .sum()
}

/// Takes away what `resolve=true` adds.
fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.starts_with('_'));
            fields.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in "\\PC*|(?s).{0,200}", sport in "Ride|Run|Swim|Rowing|Yoga") {
        let workout = of(&sport, &text);
        prop_assert!(workout.doc(Some(Indoor(false)))["steps"].is_array());
    }

    #[test]
    fn totals_are_the_sum_of_the_steps(text in language(), sport in "Ride|Run|Swim") {
        let workout = of(&sport, &text);
        let (totals, doc) = (workout.totals(), workout.doc(Some(Indoor(true))));
        prop_assert_eq!(u64::from(totals.secs), flat_secs(&doc["steps"]));
        prop_assert_eq!(&doc["duration"], &json!(totals.secs));
        let aims: u64 = workout.aims().map(|aim| u64::from(aim.secs)).sum();
        prop_assert!(aims == u64::from(totals.secs) || !estimate::is_countable(&workout.items));
        prop_assert!(totals.distance.is_finite() && totals.distance >= 0.0);
        // A line has a length, or upstream drops it.
        for item in &workout.items {
            prop_assert!(item.steps().1.iter().all(|step| step.secs > 0 || step.metres.is_some()));
        }
    }

    #[test]
    fn resolving_only_adds(text in language(), sport in "Ride|Run|Swim") {
        let workout = of(&sport, &text);
        let (plain, resolved) = (workout.doc(None), workout.doc(Some(Indoor(false))));
        let (plain, mut resolved) = (plain["steps"].to_string(), resolved["steps"].clone());
        strip(&mut resolved);
        prop_assert_eq!(plain, resolved.to_string());
    }

    #[test]
    fn a_document_reads_as_the_workout_that_it_shows(text in language(), sport in "Ride|Run|Swim") {
        let workout = of(&sport, &text);
        let read = Workout::of_doc(&workout.doc(None), &athlete(&sport));
        prop_assert_eq!(&read, &workout);
    }
}
