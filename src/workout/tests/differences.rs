use crate::workout::{differences, text::parse};

fn said(sent: &str, held: &str, sport: &str) -> Vec<String> {
    let (sent, held) = (parse(sent, sport).workout, parse(held, sport).workout);
    let all = differences(&sent.canonical(), &held, sport);
    all.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_held_otherwise_is_said_step_by_step() {
    const SENT: &str =
        "Warmup\n- 10m ramp 50-75%\n\nMain 4x\n- Hard 4m 105-110% 90rpm\n- Easy 3m 50%\n\nCooldown\n- 5m 45%";
    let edited = |from: &str, to: &str| said(SENT, &SENT.replace(from, to), "Ride");
    for (from, to, says) in [
        ("", "", vec![]),
        // Which way a range is written does not matter to the device, but intervals.icu would hold it like that.
        (
            "105-110%",
            "110-105%",
            vec!["step 2 (Hard 4m 105-110% 90rpm): its range is held the wrong way round"],
        ),
        (
            " 105-110%",
            "",
            vec!["step 2 (Hard 4m 105-110% 90rpm): its target 105-110% is missing"],
        ),
        (
            "105-110%",
            "105-110% HR",
            vec![
                "step 2 (Hard 4m 105-110% 90rpm): its target 105-110% is missing; it has the target 105-110% HR, \
                 which was not sent",
            ],
        ),
        (
            "105-110% 90rpm",
            "105%",
            vec!["step 2 (Hard 4m 105-110% 90rpm): its target is 105%, not 105-110%; its cadence is missing"],
        ),
        (
            "Hard 4m",
            "Ha 5m",
            vec!["step 2 (Hard 4m 105-110% 90rpm): it is 5m long, not 4m; its label is cut short"],
        ),
        (
            "ramp ",
            "",
            vec!["step 1 (10m ramp 50-75% intensity=warmup): it is steady, not a ramp"],
        ),
        (
            "Cooldown",
            "",
            vec!["step 4 (5m 45% intensity=cooldown): it is not marked as cooldown"],
        ),
        ("- Easy 3m 50%\n", "", vec!["step 3 (Easy 3m 50%): it is missing"]),
        (
            "Main 4x",
            "Main 3x",
            vec!["step 2 (Hard 4m 105-110% 90rpm): its repeat is done 3 times, not 4"],
        ),
        (
            "Main",
            "Set",
            vec!["step 2 (Hard 4m 105-110% 90rpm): its repeat has another heading"],
        ),
        (
            "Main 4x\n",
            "",
            vec![
                "step 2 (Hard 4m 105-110% 90rpm): it is held once, outside its repeat of 4",
                "step 3 (Easy 3m 50%): it is held once, outside its repeat of 4",
            ],
        ),
        (
            "90rpm\n",
            "90rpm\n\n",
            vec!["step 3 (Easy 3m 50%): it is held once, outside its repeat of 4"],
        ),
        (
            "- 5m 45%",
            "- 5m 45%\n- 1h Z2",
            vec!["a step is held that was not sent (1h Z2 intensity=cooldown)"],
        ),
    ] {
        assert_eq!(edited(from, to), says, "{from} → {to}");
    }
    let flat = "- Hard 4m 105-110% 90rpm\n- Easy 3m 50%\n".repeat(4);
    let flattened = SENT.replace("Main 4x\n- Hard 4m 105-110% 90rpm\n- Easy 3m 50%\n", &flat);
    assert_eq!(
        said(SENT, &flattened, "Ride"),
        ["step 2 (Hard 4m 105-110% 90rpm): its repeat is held as single steps, one round after the other"]
    );
    assert_eq!(
        said(SENT, "", "Ride").len(),
        4,
        "nothing is held: every step is missing"
    );
}

#[test]
fn a_pace_that_is_held_from_fast_to_slow_is_a_difference() {
    assert_eq!(
        said("- 1km 5:10-5:00/km Pace", "- 1km 5:10-5:00/km Pace", "Run"),
        Vec::<String>::new()
    );
    assert_eq!(
        said("- 1km 5:10-5:00/km Pace", "- 1km 5:00-5:10/km Pace", "Run"),
        ["step 1 (1km 5:10-5:00/km Pace): its range is held the wrong way round"]
    );
    assert_eq!(
        said("- 400mtr 90-95% Pace", "- 400m 90-95% Pace", "Run"),
        ["step 1 (400mtr 90-95% Pace): it is 6h40m long, not 400mtr"]
    );
}

#[test]
fn a_list_without_end_is_compared_as_a_whole() {
    let long = "- 1m 50%\n".repeat(5000);
    let longer = "- 1m 50%\n".repeat(5001);
    assert_eq!(
        said(&long, &longer, "Ride"),
        ["5001 steps are held, 5000 were sent"]
    );
    assert_eq!(said(&long, &long, "Ride"), Vec::<String>::new());
}
