//! Thresholds and zones changed and undone over MCP: shown first, confirmed, written, and said as the simulator holds them.

use std::sync::Arc;

use chrono::Duration;
use icusync::demo::seed::Seeded;
use icusync_sim::{Fault, Of, Rules};
use serde_json::{Value, json};

use crate::{
    roster::change,
    world::{Mcp, World},
    writes::{THRESHOLD, done, on_saturday, refused, threshold, token, writes},
};

const TOOL: &str = "update_sport_settings";

/// All groups of somebody's sport settings, as the simulator holds them.
async fn groups(world: &World, seeded: &Seeded) -> Vec<Value> {
    let person = seeded.person;
    let path = format!("/api/v1/athlete/{}/sport-settings", person.athlete_id);
    let answer = Mcp::client()
        .get(format!("{}{path}", world.sim.base_url))
        .header("user-agent", "settings-test/1.0")
        .bearer_auth(person.token)
        .send();
    answer.await.unwrap().json().await.unwrap()
}

/// The group with this sport, without what every write changes.
async fn group(world: &World, seeded: &Seeded, sport: &str) -> Value {
    let all = groups(world, seeded).await;
    let has = |group: &&Value| group["types"].as_array().unwrap().iter().any(|own| own == sport);
    let mut found = all.iter().find(has).unwrap().clone();
    found["updated"] = Value::Null;
    found
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(name, value)| same(value, &other[name]))
        }
        _ => match (one.as_f64(), other.as_f64()) {
            (Some(one), Some(other)) => (one - other).abs() < 1e-5,
            _ => one == other,
        },
    }
}

fn of(group: &Value) -> Of {
    Of::Sport(group["id"].as_i64().unwrap())
}

/// The first call and the second one with its token; both texts.
async fn confirmed(world: &Arc<World>, link: &str, arguments: Value) -> [String; 2] {
    let preview = done(world, link, TOOL, arguments.clone()).await;
    let mut again = arguments;
    again["confirm"] = token(&preview);
    [preview, done(world, link, TOOL, again).await]
}

/// The same where the second call comes to nothing.
async fn denied(world: &Arc<World>, link: &str, arguments: Value) -> String {
    let preview = done(world, link, TOOL, arguments.clone()).await;
    let mut again = arguments;
    again["confirm"] = token(&preview);
    refused(world, link, TOOL, again).await
}

fn number(text: &str) -> String {
    let rest = text
        .split("(change ")
        .nth(1)
        .unwrap_or_else(|| panic!("no number: {text}"));
    rest.split(')').next().unwrap().to_owned()
}

async fn undone(world: &Arc<World>, link: &str, text: &str) -> String {
    done(world, link, "undo_change", json!({"changes": number(text)})).await
}

fn for_ana(mut arguments: Value) -> Value {
    arguments["athlete"] = json!("Ana");
    arguments
}

fn assert_says(title: &str, text: &str, says: &[&str]) {
    for says in says {
        assert!(text.contains(says), "{title}, {says}: {text}");
    }
}

/// Arguments, what the answers say, and what stands there afterwards.
type Case = (Value, &'static [&'static str], Value);

/// Each is shown without writing, written once confirmed, and undone.
async fn there_and_back(world: &Arc<World>, seeded: &Seeded, sport: &str, cases: Vec<Case>) {
    world.let_write(seeded).await;
    let before = group(world, seeded, sport).await;
    for (arguments, says, after) in cases {
        let title = arguments.to_string();
        world.sim.clear_requests();
        let [preview, text] = confirmed(world, &seeded.link, arguments).await;
        assert_says(
            &title,
            &preview,
            &["preview, nothing written", "Nothing is written yet"],
        );
        assert_eq!(writes(world).len(), 1, "{title}: {:?}", writes(world));
        assert!(
            world.sim.requests().len() <= 5,
            "{title}: {:?}",
            world.sim.requests()
        );
        assert_says(&title, &preview, says);
        assert_says(&title, &text, &[" · written · ", "undo_change with changes "]);
        let now = group(world, seeded, sport).await;
        for (field, value) in after.as_object().unwrap() {
            assert!(
                same(&now[field], value),
                "{title}, {field}: {} is not {value}",
                now[field]
            );
        }
        assert_ne!(now, before, "{title}");
        let back = undone(world, &seeded.link, &text).await;
        assert_says(&title, &back, &["1 change undone"]);
        let now = group(world, seeded, sport).await;
        assert!(same(&now, &before), "{title}: {back}: {now}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_threshold_is_shown_written_once_confirmed_and_taken_back() {
    on_saturday(async |world| {
        let cases: Vec<Case> = vec![
            (
                json!({"sport": "ride", "ftp": 255}),
                &[
                    "settings of Ride, VirtualRide, MountainBikeRide, GravelRide, TrackRide, Cyclocross: FTP 246 W → 255 W",
                    "Before: power zones at FTP 246 W: Z1 Active Recovery ≤135 · Z2 Endurance 136–184",
                    "After: power zones at FTP 255 W: Z1 Active Recovery ≤140 · Z2 Endurance 141–191",
                    "Indoor FTP stays 240 W.",
                    "Planned workouts in % or zones go by the new values",
                    "Past activities keep their figures",
                ],
                json!({"ftp": 255, "indoor_ftp": 240}),
            ),
            (
                json!({"sport": "cycling", "indoor_ftp": 250.4}),
                &["indoor FTP 240 W → 250 W", "After: indoor power zones at FTP 250 W: "],
                json!({"ftp": 246, "indoor_ftp": 250}),
            ),
            (
                json!({"sport": "Ride", "w_prime": "20 kJ"}),
                &["W′ 17.4 kJ → 20 kJ"],
                json!({"w_prime": 20_000}),
            ),
            (
                json!({"sport": "Ride", "w_prime": 18_250}),
                &["W′ 17.4 kJ → 18.25 kJ"],
                json!({"w_prime": 18_250}),
            ),
            (
                json!({"sport": "Ride", "pmax": 900}),
                &["Pmax 812 W → 900 W"],
                json!({"p_max": 900}),
            ),
            (
                json!({"sport": "virtual ride", "lthr": 170}),
                &["LTHR 168 bpm → 170 bpm", "Heart-rate zones are in bpm and do not move with LTHR"],
                json!({"lthr": 170, "hr_zones": [136, 150, 157, 167, 172, 177, 186]}),
            ),
            (
                json!({"sport": "Ride", "max_hr": 190}),
                &["max HR 186 bpm → 190 bpm", "Z7 ≤190 bpm", "keeps max HR only as its end"],
                json!({"max_hr": 190, "hr_zones": [136, 150, 157, 167, 172, 177, 190]}),
            ),
            (
                json!({"sport": "Ride", "ftp": 260, "indoor_ftp": 255, "lthr": 171, "max_hr": 188}),
                &["FTP 246 W → 260 W, indoor FTP 240 W → 255 W, LTHR 168 bpm → 171 bpm, max HR 186 bpm → 188 bpm"],
                json!({"ftp": 260, "indoor_ftp": 255, "lthr": 171, "max_hr": 188}),
            ),
        ];
        there_and_back(&world, world.ana(), "Ride", cases).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_of_a_lab_test_are_written_in_the_form_that_upstream_keeps() {
    on_saturday(async |world| {
        let cases: Vec<Case> = vec![
            (
                json!({"sport": "Ride", "power_zones": ["50", "70", "85", "100", "115", "140"]}),
                &["power zones Z1 ≤55 · ", "→ Z1 ≤50 · Z2 ≤70 · Z3 ≤85 · Z4 ≤100 · Z5 ≤115 · Z6 ≤140 · Z7 open (% of FTP)"],
                json!({"power_zones": [50, 70, 85, 100, 115, 140, 999]}),
            ),
            (
                json!({"sport": "Ride", "ftp": 250, "power_zones": ["150 W", "200", "251"], "zone_names": ["Easy", "Mid", "Hard", "Max"]}),
                &[
                    "in whole % of FTP (250 W), so 251 W becomes 250 W",
                    "After: power zones at FTP 250 W: Z1 «Easy» ≤150 · Z2 «Mid» 151–200 · Z3 «Hard» 201–250 · Z4 «Max» ≥251",
                ],
                json!({"ftp": 250, "power_zones": [60, 80, 100, 999], "power_zone_names": ["Easy", "Mid", "Hard", "Max"]}),
            ),
            (
                json!({"sport": "Ride", "hr_zones": [130, 145, 155, 165, 170, 175, 186]}),
                &["→ Z1 ≤130 · Z2 ≤145 · Z3 ≤155 · Z4 ≤165 · Z5 ≤170 · Z6 ≤175 · Z7 ≤186 bpm"],
                json!({"hr_zones": [130, 145, 155, 165, 170, 175, 186], "max_hr": 186}),
            ),
            (
                json!({"sport": "Ride", "hr_zones": [130, 145, 155, 165, 170, 175]}),
                &["The top heart-rate zone is added, up to max HR 186 bpm", "Z7 ≤186 bpm"],
                json!({"hr_zones": [130, 145, 155, 165, 170, 175, 186], "max_hr": 186}),
            ),
            (
                json!({"sport": "Ride", "hr_zones": [136, 150, 157, 167, 172, 177, 191]}),
                &["Max HR becomes 191 bpm with it", "max HR 186 bpm → 191 bpm"],
                json!({"max_hr": 191}),
            ),
            (
                json!({"sport": "Ride", "max_hr": 180, "hr_zones": [140, 160, 172], "zone_names": ["a", "b", "c", "d"]}),
                &["max HR 186 bpm → 180 bpm", "Z4 ≤180 bpm", "«a» · «b» · «c» · «d»"],
                json!({"max_hr": 180, "hr_zones": [140, 160, 172, 180], "hr_zone_names": ["a", "b", "c", "d"]}),
            ),
        ];
        there_and_back(&world, world.ana(), "Ride", cases).await;
        let cases: Vec<Case> = vec![
            (
                json!({"sport": "run", "pace_zones": ["77.5", "88", "94.3", "100", "103.4", "111.5"]}),
                &["pace zones Z1 ≤77.5 · Z2 ≤87.7", "→ Z1 ≤77.5 · Z2 ≤88 · ", "After: pace zones at 4:20/km: Z1 slower than 5:35"],
                json!({"pace_zones": [77.5, 88.0, 94.3, 100.0, 103.4, 111.5, 999.0]}),
            ),
            (
                json!({"sport": "run", "pace_zones": ["5:25/km", "4:20"], "zone_names": ["Easy", "Steady", "Hard"]}),
                &["keeps pace zones in % of threshold speed (4:20/km)", "Z1 ≤80 · Z2 ≤100 · Z3 open (% of threshold speed)"],
                json!({"pace_zones": [80, 100, 999], "pace_zone_names": ["Easy", "Steady", "Hard"]}),
            ),
        ];
        there_and_back(&world, world.jack(), "Run", cases).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_threshold_pace_is_in_the_athletes_unit_unless_it_has_its_own() {
    on_saturday(async |world| {
        let metric: Vec<Case> = vec![
            (
                json!({"sport": "run", "threshold_pace": "4:10"}),
                &[
                    "settings of Run, VirtualRun, TrailRun: threshold pace 4:20/km → 4:10/km",
                    "Before: pace zones at 4:20/km: ",
                    "After: pace zones at 4:10/km: ",
                ],
                json!({"threshold_pace": 4.0}),
            ),
            (
                json!({"sport": "run", "threshold_pace": "6:40/mi"}),
                &[
                    "6:40/mi is 4:09/km, in the unit of these settings",
                    "4:20/km → 4:09/km",
                ],
                json!({"threshold_pace": 4.023_36}),
            ),
            (
                json!({"sport": "run", "threshold_pace": "6:00/km"}),
                &["threshold pace 4:20/km → 6:00/km"],
                json!({"threshold_pace": 2.777_778}),
            ),
        ];
        there_and_back(&world, world.jack(), "Run", metric).await;
        let miles: Vec<Case> = vec![
            (
                json!({"sport": "run", "threshold_pace": "7:50"}),
                &["threshold pace 8:00/mi → 7:50/mi"],
                json!({"threshold_pace": 3.424_136}),
            ),
            (
                json!({"sport": "run", "threshold_pace": "4:50 min/km"}),
                &["4:50/km is 7:47/mi, in the unit of these settings"],
                json!({"threshold_pace": 3.448_276}),
            ),
        ];
        there_and_back(&world, world.tria(), "Run", miles).await;
        let yards: Vec<Case> = vec![
            (
                json!({"sport": "swim", "threshold_pace": "1:25"}),
                &["settings of Swim, OpenWaterSwim: threshold pace 1:27/100yd → 1:25/100yd"],
                json!({"threshold_pace": 1.075_765}),
            ),
            (
                json!({"sport": "swim", "threshold_pace": "1:32/100m"}),
                &["1:32/100m is 1:24/100yd, in the unit of these settings"],
                json!({"threshold_pace": 1.086_957}),
            ),
        ];
        there_and_back(&world, world.tria(), "Swim", yards).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pace_that_only_another_unit_explains_is_refused() {
    on_saturday(async |world| {
        let cases = [
            (world.jack(), "run", "7:30", "read as 7:30/km is far from 4:20/km"),
            (world.jack(), "run", "7:30", "\"7:30/km\" or \"7:30/mi\""),
            (world.jack(), "run", "1:30", "must be from 2:23/km to 13:53/km"),
            (
                world.jack(),
                "run",
                "20:00/km",
                "must be from 2:23/km to 13:53/km",
            ),
            (world.tria(), "run", "4:40", "read as 4:40/mi is far from 8:00/mi"),
            // No group of its own: the one for all others shows paces per kilometre.
            (
                world.jack(),
                "swim",
                "1:35",
                "must have its unit, such as \"1:35/100m\"",
            ),
            (
                world.jack(),
                "swim",
                "1:35/km",
                "must be from 0:43/100m to 4:10/100m, and 0:10/100m is not",
            ),
            (
                world.jack(),
                "rowing",
                "1:52",
                "must have its unit, such as \"1:52/500m\"",
            ),
            (
                world.tria(),
                "swim",
                "7:30",
                "must be from 0:40/100yd to 3:49/100yd",
            ),
            (world.tria(), "swim", "4:40/km", "must be from 0:40/100yd"),
        ];
        for seeded in [world.jack(), world.tria()] {
            world.let_write(seeded).await;
        }
        world.sim.clear_requests();
        for (seeded, sport, pace, says) in cases {
            let arguments = json!({"sport": sport, "threshold_pace": pace});
            let text = refused(&world, &seeded.link, TOOL, arguments).await;
            assert!(
                text.starts_with("Not done") && text.contains(says),
                "{pace}: {text}"
            );
        }
        assert_eq!(writes(&world), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn what_cannot_be_is_refused_before_anything_is_read() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        world.sim.clear_requests();
        for (field, value, says) in [
            ("ftp", json!(39), "ftp must be a number from 40 to 600"),
            ("ftp", json!(601), "ftp must be a number from 40 to 600"),
            ("ftp", json!(4.1), "ftp must be a number from 40 to 600"),
            (
                "indoor_ftp",
                json!(0),
                "indoor_ftp must be a number from 40 to 600",
            ),
            ("pmax", json!(99), "pmax must be a number from 100 to 3000"),
            ("pmax", json!(3001), "pmax must be a number from 100 to 3000"),
            ("lthr", json!(59), "lthr must be a number from 60 to 230"),
            ("lthr", json!(231), "lthr must be a number from 60 to 230"),
            ("max_hr", json!(79), "max_hr must be a number from 80 to 240"),
            ("max_hr", json!(241), "max_hr must be a number from 80 to 240"),
            ("w_prime", json!(20), "w_prime must be from 1000 to 60000 J"),
            ("w_prime", json!("61 kJ"), "w_prime must be from 1000 to 60000 J"),
            (
                "threshold_pace",
                json!(440),
                "threshold_pace must be a pace in minutes and seconds",
            ),
            (
                "threshold_pace",
                json!("440"),
                "threshold_pace must be a pace in minutes and seconds",
            ),
            (
                "threshold_pace",
                json!("4:60"),
                "threshold_pace must be a pace in minutes and seconds",
            ),
            (
                "threshold_pace",
                json!("4:40/parsec"),
                "threshold_pace must be a pace in minutes and seconds",
            ),
            (
                "power_zones",
                json!(["55", "75", "75"]),
                "power_zones must rise from zone to zone",
            ),
            (
                "power_zones",
                json!(["140", "190"]),
                "bounds in watts have their unit",
            ),
            ("power_zones", json!([]), "power_zones must be 1 to 10"),
            (
                "power_zones",
                json!(vec!["55"; 11]),
                "power_zones must be 1 to 10",
            ),
            ("power_zones", json!(["55 %", "200 W"]), "all in % or all in W"),
            (
                "hr_zones",
                json!([150, 140]),
                "hr_zones must rise from zone to zone: 140 comes after 150",
            ),
            (
                "hr_zones",
                json!([39, 140]),
                "hr_zones must be 1 to 10 upper bounds from 40 to 240",
            ),
            ("pace_zones", json!(["80", "70"]), "pace_zones must rise"),
            ("zone_names", json!(["a", "b"]), "zone_names must come with"),
            ("sport", json!("Jumping"), "sport must be ride, run, swim"),
            ("eftp", json!(250), "unknown argument «eftp»"),
        ] {
            let mut arguments = json!({"sport": "Ride"});
            arguments[field] = value;
            let text = refused(&world, &ana.link, TOOL, arguments).await;
            assert!(
                text.starts_with("Not done") && text.contains(says),
                "{says}: {text}"
            );
        }
        for (arguments, says) in [
            (json!({"ftp": 250}), "sport must be given"),
            (json!({"sport": "Ride"}), "nothing to change is given"),
            (
                json!({"sport": "Ride", "preview": true}),
                "nothing to change is given",
            ),
            (
                json!({"sport": "Ride", "lthr": 180, "max_hr": 180}),
                "lthr must be below max_hr",
            ),
            (
                json!({"sport": "Run", "pace_zones": ["5:00", "5:30"]}),
                "slow paces first",
            ),
            (json!({"sport": "Ride", "ftp": "255 bpm"}), "from 40 to 600 W"),
            (json!({"sport": "Ride", "lthr": "1,650"}), "from 60 to 230 bpm"),
        ] {
            let text = refused(&world, &ana.link, TOOL, arguments).await;
            assert!(
                text.starts_with("Not done") && text.contains(says),
                "{says}: {text}"
            );
        }
        let asked = world.sim.requests().into_iter();
        let asked = asked.filter(|request| !request.path.ends_with(ana.person.athlete_id));
        assert_eq!(asked.count(), 0);
        for arguments in [
            json!({"sport": "Ride", "ftp": 40}),
            json!({"sport": "Ride", "ftp": 600}),
            json!({"sport": "Ride", "pmax": 3000, "w_prime": "60 kJ"}),
        ] {
            let text = done(&world, &ana.link, TOOL, arguments).await;
            assert!(
                text.contains("is far from") && text.contains("check that it is meant"),
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_go_with_what_stands_there_is_refused_with_what_would() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        world.sim.clear_requests();
        for (arguments, says) in [
            (
                json!({"max_hr": 177}),
                "max HR 177 bpm is not above the end of the last but one heart-rate zone, 177 bpm. Pass hr_zones as well",
            ),
            (
                json!({"hr_zones": [130, 145, 155, 165, 170, 175, 183]}),
                "hr_zones ends at 183 bpm, below max HR 186 bpm",
            ),
            (
                json!({"hr_zones": [130, 145, 188], "max_hr": 186}),
                "hr_zones must not end above max_hr: 188 is above 186",
            ),
            (
                json!({"hr_zones": [130, 150, 186]}),
                "hr_zones makes 3 zones, with the top one, and 7 zones have names there. Pass zone_names",
            ),
            (
                json!({"power_zones": ["60", "80"]}),
                "power_zones makes 3 zones, with the top one, and 7 zones have names there. Pass zone_names",
            ),
            (
                json!({"power_zones": ["60", "80"], "zone_names": ["a", "b"]}),
                "power_zones makes 3, with the top one, and 2 names are given",
            ),
            (
                json!({"power_zones": ["199 W", "200 W"], "zone_names": ["a", "b", "c"]}),
                "power_zones must rise from zone to zone",
            ),
            (
                json!({"pace_zones": ["5:00/km", "4:00/km"]}),
                "Pass threshold_pace as well",
            ),
            (
                json!({"lthr": 190, "hr_zones": [130, 145, 155, 165, 170, 175, 188]}),
                "lthr must be below max HR: 190 bpm is not below 188 bpm",
            ),
        ] {
            let mut given = arguments;
            given["sport"] = json!("Ride");
            let text = refused(&world, &ana.link, TOOL, given).await;
            assert!(text.starts_with("Not done") && text.contains(says), "{says}: {text}");
        }
        let text = done(&world, &ana.link, TOOL, json!({"sport": "Ride", "lthr": 190})).await;
        assert!(
            text.contains("LTHR 190 bpm is not below max HR 186 bpm, which no heart does. The max HR stands there already"),
            "{text}"
        );
        let text = done(&world, &ana.link, TOOL, json!({"sport": "Ride", "ftp": 246})).await;
        assert!(text.contains("already so, nothing written") && !text.contains("confirm"), "{text}");
        assert_eq!(writes(&world), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sport_without_a_group_goes_by_the_one_for_all_others_which_is_said() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let [preview, text] = confirmed(&world, &ana.link, json!({"sport": "Yoga", "lthr": 165})).await;
        assert_says(
            "fallback",
            &preview,
            &[
                "settings of all other sports: LTHR 168 bpm → 165 bpm",
                "This sport has no group of its own",
            ],
        );
        assert_says(
            "fallback",
            &text,
            &["settings of all other sports: LTHR 168 bpm → 165 bpm (change 1)"],
        );
        assert_eq!(group(&world, ana, "Other").await["lthr"], 165);
        assert_eq!(group(&world, ana, "Ride").await["lthr"], 168);
        let list = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(
            list.contains("settings of all other sports (LTHR 168 bpm → 165 bpm)"),
            "{list}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swim_without_a_group_has_the_bounds_of_a_swim() {
    on_saturday(async |world| {
        let jack = world.jack();
        world.let_write(jack).await;
        let swim = json!({"sport": "swim", "threshold_pace": "1:35/100m"});
        let [preview, written] = confirmed(&world, &jack.link, swim).await;
        assert_says(
            "swim",
            &preview,
            &[
                "settings of all other sports: threshold pace not set → 15:50/km",
                "1:35/100m is 15:50/km, in the unit of these settings",
            ],
        );
        for says in [
            "no group of its own at intervals.icu",
            "1:35/100m is 15:50/km, in the unit of these settings",
        ] {
            assert!(written.contains(says), "{says}: {written}");
        }
        let stands = group(&world, jack, "Other").await;
        assert!(same(&stands["threshold_pace"], &json!(1.052_632)), "{stands}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_missing_after_all_is_named() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        crate::changes::run(&world, "update connections set kind = 'oauth', scopes = '{ACTIVITY:WRITE,WELLNESS:WRITE,CALENDAR:WRITE,SETTINGS:WRITE}'").await;
        world
            .sim
            .fault(Fault::on("PUT /").status(403).body(r#"{"status":403,"error":"Forbidden"}"#));
        let text = denied(&world, &ana.link, json!({"sport": "Ride", "ftp": 255})).await;
        assert_says(
            "settings",
            &text,
            &["the permission to change the athlete's settings", "Reconnect intervals.icu on the IcuSync dashboard"],
        );
        let day = json!({"days": [{"date": "2026-11-28", "values": {"weight": "61,9 kg"}}]});
        let text = refused(&world, &ana.link, "push_wellness", day).await;
        assert_says("wellness", &text, &["the permission to change the athlete's wellness"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_writes_exactly_what_was_shown_and_only_once() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let ftp = |watts: i64| json!({"sport": "Ride", "ftp": watts});
        let with = |mut arguments: Value, token: &Value| {
            arguments["confirm"] = token.clone();
            arguments
        };
        let before = group(&world, ana, "Ride").await;
        world.sim.clear_requests();
        let both = json!({"sport": "Ride", "ftp": 255, "lthr": before["lthr"]});
        let text = done(&world, &ana.link, TOOL, both).await;
        assert!(
            text.contains(&format!(
                "FTP 246 W → 255 W; already so: LTHR {} bpm",
                before["lthr"]
            )),
            "{text}"
        );
        let first = token(&done(&world, &ana.link, TOOL, ftp(255)).await);
        for (arguments, title) in [
            (with(ftp(255), &json!("0123456789abcdef")), "wrong"),
            (with(ftp(256), &first), "other arguments"),
        ] {
            let text = refused(&world, &ana.link, TOOL, arguments).await;
            assert!(text.contains("token does not fit"), "{title}: {text}");
        }
        let shown = done(&world, &ana.link, TOOL, {
            let mut again = with(ftp(255), &first);
            again["preview"] = json!(true);
            again
        });
        assert!(shown.await.contains("preview, nothing written"));

        let fresh = token(&done(&world, &ana.link, TOOL, ftp(255)).await);
        assert!(
            world
                .sim
                .change(ana.person.slug, &of(&before), json!({"lthr": 169}))
        );
        let text = refused(&world, &ana.link, TOOL, with(ftp(255), &fresh)).await;
        assert!(text.contains("were changed since the preview"), "{text}");
        assert!(
            world
                .sim
                .change(ana.person.slug, &of(&before), json!({"lthr": 168}))
        );

        let late = token(&done(&world, &ana.link, TOOL, ftp(255)).await);
        world.clock.advance(Duration::minutes(11));
        let text = refused(&world, &ana.link, TOOL, with(ftp(255), &late)).await;
        assert!(text.contains("token does not fit"), "expired: {text}");
        assert_eq!(writes(&world), Vec::<String>::new());

        let good = token(&done(&world, &ana.link, TOOL, ftp(255)).await);
        // The same in other words.
        let worded = json!({"ftp": "255,0 W", "indoor_ftp": null, "sport": "ride"});
        done(&world, &ana.link, TOOL, with(worded, &good)).await;
        let text = refused(&world, &ana.link, TOOL, with(ftp(255), &good)).await;
        assert!(
            text.contains("token does not fit") && text.contains("list_changes"),
            "twice: {text}"
        );
        assert_eq!(writes(&world).len(), 1);
        assert_eq!(group(&world, ana, "Ride").await["ftp"], 255);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn each_field_that_upstream_ignores_is_named() {
    on_saturday(async |world| {
        let (ana, jack) = (world.ana(), world.jack());
        world.let_write(ana).await;
        world.let_write(jack).await;
        let names = json!(["a", "b", "c"]);
        // What is asked for, the field that upstream ignores, and how the answer names it.
        let cases = [
            (
                ana,
                json!({"ftp": 255, "lthr": 170}),
                "ftp",
                "NOT TAKEN by intervals.icu: FTP, sent 255 W, still 246 W",
            ),
            (
                ana,
                json!({"ftp": 256, "indoor_ftp": 250}),
                "indoor_ftp",
                "indoor FTP, sent 250 W, still 240 W",
            ),
            (
                ana,
                json!({"ftp": 257, "w_prime": "20 kJ"}),
                "w_prime",
                "W′, sent 20 kJ, still 17.4 kJ",
            ),
            (
                ana,
                json!({"ftp": 258, "pmax": 900}),
                "p_max",
                "Pmax, sent 900 W, still 812 W",
            ),
            (
                ana,
                json!({"ftp": 259, "lthr": 171}),
                "lthr",
                "LTHR, sent 171 bpm, still ",
            ),
            (
                ana,
                json!({"ftp": 260, "max_hr": 190}),
                "hr_zones",
                "max HR, sent 190 bpm, still 186 bpm",
            ),
            (
                ana,
                json!({"ftp": 261, "max_hr": 190}),
                "hr_zones",
                "heart-rate zones, sent Z1 ≤136 · ",
            ),
            (
                ana,
                json!({"ftp": 262, "power_zones": ["50", "90"], "zone_names": names}),
                "power_zones",
                "power zones, sent Z1 ≤50 · ",
            ),
            (
                ana,
                json!({"ftp": 263, "power_zones": ["51", "90"], "zone_names": ["x", "y", "z"]}),
                "power_zone_names",
                "names of the power zones, sent «x» · ",
            ),
            (
                ana,
                json!({"ftp": 264, "hr_zones": [150, 170, 186], "zone_names": names}),
                "hr_zone_names",
                "names of the heart-rate zones, sent «a» · ",
            ),
            (
                jack,
                json!({"lthr": 173, "threshold_pace": "4:10"}),
                "threshold_pace",
                "threshold pace, sent 4:10/km, still 4:20/km",
            ),
            (
                jack,
                json!({"lthr": 174, "pace_zones": ["80", "100"], "zone_names": names}),
                "pace_zones",
                "pace zones, sent Z1 ≤80 · ",
            ),
            (
                jack,
                json!({"lthr": 175, "pace_zones": ["81", "100"], "zone_names": ["x", "y", "z"]}),
                "pace_zone_names",
                "names of the pace zones, sent «x» · ",
            ),
        ];
        for (seeded, mut arguments, field, says) in cases {
            arguments["sport"] = json!(if seeded.person.slug == "ana" {
                "Ride"
            } else {
                "Run"
            });
            world
                .sim
                .fault(Fault::on("/sport-settings/").ignoring(&[field]).times(1));
            let [_, text] = confirmed(&world, &seeded.link, arguments).await;
            assert_says(field, &text, &["written, but NOT AS SENT", says]);
            world.sim.clear_faults();
        }
        // Names that stand beside other zones than they were given for.
        world
            .sim
            .fault(Fault::on("/sport-settings/").ignoring(&["power_zones"]).times(1));
        let four =
            json!({"sport": "Ride", "power_zones": ["50", "70", "90"], "zone_names": ["a", "b", "c", "d"]});
        let [_, text] = confirmed(&world, &ana.link, four).await;
        assert_says(
            "names alone",
            &text,
            &["The names no longer fit the power zones: there are 3 zones and 4 names."],
        );
        world.sim.clear_faults();
        for (arguments, field, says) in [
            (
                json!({"sport": "Ride", "lthr": 160}),
                "lthr",
                "all stands as before; asked for LTHR ",
            ),
            (
                json!({"sport": "Ride", "pmax": 700}),
                "p_max",
                "asked for Pmax 812 W → 700 W (change ",
            ),
        ] {
            world
                .sim
                .fault(Fault::on("/sport-settings/").ignoring(&[field]).times(1));
            let text = denied(&world, &ana.link, arguments).await;
            assert_says(field, &text, &["not written", "NOT changed", says]);
            world.sim.clear_faults();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_upstream_makes_otherwise_or_moves_along_is_named() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let altered = Fault::on("/sport-settings/")
            .mode(icusync_sim::Mode::Alter)
            .times(1);
        world.sim.fault(altered.body(r#"{"ftp":250}"#));
        let [_, text] = confirmed(&world, &ana.link, json!({"sport": "Ride", "ftp": 255})).await;
        assert_says(
            "altered",
            &text,
            &[
                "written, but NOT AS SENT",
                "NOT AS SENT: FTP, sent 255 W, now 250 W",
            ],
        );
        let meddled = Fault::on("/sport-settings/")
            .mode(icusync_sim::Mode::Meddle)
            .times(1);
        world.sim.fault(meddled.body(r#"{"max_hr":199}"#));
        let [_, text] = confirmed(&world, &ana.link, json!({"sport": "Ride", "lthr": 170})).await;
        assert_says(
            "along",
            &text,
            &["Also otherwise now, though this call did not send it: max HR 186 bpm → 199 bpm"],
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_a_write_without_an_answer_is_found_out() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        world
            .sim
            .fault(Fault::on("/sport-settings/").status(500).after_writing().times(1));
        let [_, text] = confirmed(&world, &ana.link, json!({"sport": "Ride", "ftp": 255})).await;
        assert!(text.contains(" · written · "), "{text}");
        world.sim.clear_faults();

        let preview = done(&world, &ana.link, TOOL, json!({"sport": "Ride", "ftp": 260})).await;
        world
            .sim
            .fault(Fault::on("/sport-settings/").status(500).after_writing().times(1));
        world
            .sim
            .fault(Fault::on("GET /sport-settings").status(500).after(1));
        let again = json!({"sport": "Ride", "ftp": 260, "confirm": token(&preview)});
        let text = refused(&world, &ana.link, TOOL, again).await;
        assert_says(
            "not known",
            &text,
            &[
                "not known",
                "NOT KNOWN whether it changed",
                "asked for FTP 255 W → 260 W",
            ],
        );
        world.sim.clear_faults();
        let [settled, _] = confirmed(&world, &ana.link, json!({"sport": "Ride", "lthr": 170})).await;
        assert!(
            settled.contains("hange 2") && settled.contains("is done"),
            "{settled}"
        );
        assert_eq!(group(&world, ana, "Ride").await["ftp"], 260);

        world
            .sim
            .fault(Fault::on("/sport-settings/").status(422).times(1));
        let text = denied(&world, &ana.link, json!({"sport": "Ride", "ftp": 270})).await;
        assert_says("refused", &text, &["NOT changed: "]);
        assert_eq!(group(&world, ana, "Ride").await["ftp"], 260);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_very_next_answers_go_by_the_new_threshold_on_every_instance() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let elsewhere = world.other_instance().await.link(&ana.link);
        let plan = || {
            let mut plan = threshold("Key");
            plan["preview"] = json!(true);
            plan
        };
        for link in [&ana.link, &elsewhere] {
            let text = done(&world, link, "get_athlete_profile", json!({})).await;
            assert!(text.contains("FTP in use 246 W"), "{text}");
            let text = done(&world, link, "push_workout", plan()).await;
            assert!(text.contains("236–246 W"), "{text}");
        }
        confirmed(&world, &ana.link, json!({"sport": "Ride", "ftp": 300})).await;
        for link in [&ana.link, &elsewhere] {
            let text = done(&world, link, "get_athlete_profile", json!({})).await;
            assert!(
                text.contains("FTP in use 300 W") && !text.contains("FTP in use 246 W"),
                "{text}"
            );
            let text = done(&world, link, "push_workout", plan()).await;
            assert!(text.contains("288–300 W"), "{THRESHOLD}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_set_before_may_stay_and_that_is_said() {
    on_saturday(async |world| {
        let nell = world.nell();
        world.let_write(nell).await;
        let all = json!({"sport": "Ride", "ftp": 200, "lthr": 170});
        let may_stay = "Not set before: intervals.icu may be unable to empty FTP, LTHR again.";
        let [preview, text] = confirmed(&world, &nell.link, all.clone()).await;
        assert_says(
            "preview",
            &preview,
            &["FTP not set → 200 W, LTHR not set → 170 bpm", may_stay],
        );
        assert_says("written", &text, &[may_stay]);
        let number = number(&text);
        let shown = json!({"changes": number, "preview": true});
        let shown = done(&world, &nell.link, "undo_change", shown).await;
        assert_says(
            "preview",
            &shown,
            &["intervals.icu may be unable to empty FTP, LTHR again"],
        );
        let text = refused(&world, &nell.link, "undo_change", json!({"changes": number})).await;
        assert_says("undo", &text, &["FTP, still 200 W", "LTHR, still 170 bpm"]);

        world.sim.rules(Rules {
            record_nulls_clear: true,
            ..Rules::default()
        });
        let before = group(&world, nell, "Run").await;
        let [_, text] = confirmed(
            &world,
            &nell.link,
            json!({"sport": "Run", "threshold_pace": "5:00", "max_hr": 190}),
        )
        .await;
        undone(&world, &nell.link, &text).await;
        assert_eq!(group(&world, nell, "Run").await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_changed_since_is_not_taken_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let [_, text] = confirmed(
            &world,
            &ana.link,
            json!({"sport": "Ride", "ftp": 255, "lthr": 170}),
        )
        .await;
        let ride = group(&world, ana, "Ride").await;
        assert!(world.sim.change(ana.person.slug, &of(&ride), json!({"ftp": 261})));
        let arguments = json!({"changes": number(&text)});
        let back = refused(&world, &ana.link, "undo_change", arguments).await;
        assert!(back.contains("somebody changed it since (FTP)"), "{back}");
        assert_eq!(group(&world, ana, "Ride").await["ftp"], 261);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_needs_the_grant_sees_what_is_written_and_undoes_only_the_own() {
    on_saturday(async |world| {
        let ana = world.ana();
        let coach = world.coaches().await[0].link.clone();
        let ftp = |watts: i64| for_ana(json!({"sport": "Ride", "ftp": watts}));
        change(&world, ana, &["push_workout", "get_athlete_profile"], None).await;
        let text = refused(&world, &coach, TOOL, ftp(255)).await;
        assert!(text.contains("has not granted update_sport_settings"), "{text}");

        change(&world, ana, &[TOOL], None).await;
        world.sim.clear_requests();
        let [preview, written] = confirmed(&world, &coach, ftp(255)).await;
        for text in [&preview, &written] {
            assert_says("coach", text, &["Ana Berger (i900001)", "FTP 246 W → 255 W"]);
            let shown = text.split("Nothing is written yet").next().unwrap();
            for other in ["240", "Z1", "168", "186", "812"] {
                assert!(!shown.contains(other), "{other}: {text}");
            }
        }
        for (arguments, says) in [
            (
                json!({"sport": "Ride", "power_zones": ["150 W", "200 W"], "zone_names": ["a", "b", "c"]}),
                "Pass ftp as well",
            ),
            (
                json!({"sport": "Ride", "hr_zones": [130, 145, 150, 155, 160, 170]}),
                "Pass max_hr as well",
            ),
        ] {
            let text = refused(&world, &coach, TOOL, for_ana(arguments)).await;
            assert!(text.contains(says) && !text.contains("186"), "{text}");
        }
        world.let_write(ana).await;
        let [_, hers] = confirmed(&world, &ana.link, json!({"sport": "Ride", "lthr": 170})).await;
        let not_own = for_ana(json!({"changes": number(&hers)}));
        let text = refused(&world, &coach, "undo_change", not_own).await;
        assert!(text.contains("only what that coach changed"), "{text}");
        let own = for_ana(json!({"changes": number(&written)}));
        let text = done(&world, &coach, "undo_change", own).await;
        assert!(text.contains("FTP 255 W → 246 W"), "{text}");
        assert_eq!(group(&world, ana, "Ride").await["lthr"], 170);
        assert_eq!(group(&world, ana, "Ride").await["ftp"], 246);

        change(&world, ana, &[TOOL, "get_athlete_profile"], None).await;
        let preview = done(&world, &coach, TOOL, ftp(250)).await;
        assert!(
            preview.contains("After: power zones at FTP 250 W: Z1 Active Recovery"),
            "{preview}"
        );
    })
    .await;
}
