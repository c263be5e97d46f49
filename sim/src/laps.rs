//! How an activity falls into intervals: by the steps of its workout, by kilometres or miles, by the lap button, or as
//! upstream found them; and what an interval and a group of them contain.
//!
//! Cutting and adding up only; the points are in `track`.

use std::{collections::BTreeMap, ops::Range};

use serde_json::{Map, Value, json};

use super::{
    dice::{round, whole},
    effort::Effort,
    people::Person,
    schema::{INTERVAL, INTERVAL_GROUP, fill, made, number},
    streams::{self, Extra},
    track::{Track, climbing, index, is_recorded, mean, mean_of, normalized, real, throw, track},
    training::Done,
    workout::POWER_ZONES,
};

/// What made the intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Cut {
    /// The device: a lap a step of the workout it was executing.
    Steps,
    /// Upstream: the same steps, found in the power of a file with one lap.
    Found,
    /// The device: a lap every this many metres.
    Every(f64),
    /// The athlete: the lap button, this many times.
    Button(u32),
    /// Nobody: one lap.
    Whole,
}

/// An interval's place and part.
#[derive(Debug, Clone)]
struct Lap {
    at: Range<usize>,
    work: bool,
    label: Option<String>,
    /// Laps with the same number are the same work.
    same: Option<usize>,
}

/// What made the intervals of `done`.
fn cut(person: &Person, done: &Done) -> Cut {
    let throw = |question| throw(person, done, question);
    let on_foot = done.sport.ends_with("Run");
    let mile = if person.country == "United States" {
        1609.344
    } else {
        1000.0
    };
    let steps = done.session.workout.steps().take(2).count();
    match done.distance {
        _ if steps > 1 && done.power.is_some() && throw("laps").chance(0.2) => Cut::Found,
        _ if steps > 1 => Cut::Steps,
        Some(metres) if done.sport == "Swim" && metres > 0.0 => {
            Cut::Every(mile / if mile > 1000.0 { 17.6 } else { 10.0 })
        }
        Some(metres) if on_foot && metres > 0.0 && throw("laps").chance(0.85) => Cut::Every(mile),
        Some(metres) if metres > 10.0 * mile && throw("laps").chance(0.4) => Cut::Every(5.0 * mile),
        Some(metres) if metres > 10.0 * mile && throw("laps").chance(0.7) => {
            Cut::Button(throw("presses").pick(&[3, 4, 5, 7]))
        }
        _ => Cut::Whole,
    }
}

/// Laps in the file.
fn lap_count(person: &Person, done: &Done) -> usize {
    match cut(person, done) {
        Cut::Steps => done.session.workout.steps().count(),
        Cut::Every(metres) => index((done.distance.unwrap_or_default() / metres).ceil()),
        Cut::Button(presses) => usize::try_from(presses).unwrap_or_default() + 1,
        Cut::Found | Cut::Whole => 1,
    }
}

/// Whether an interval of `done` may last about this long, s: judged without its recording, which costs much more to make.
pub(super) fn may_last(person: &Person, done: &Done, (least, most): (usize, usize)) -> bool {
    let within = |from: f64, to: f64| to >= real(least) && from <= real(most);
    let about = |secs: f64, off: f64| within(secs * (1.0 - off), secs * (1.0 + off));
    let secs = f64::from(done.secs);
    match cut(person, done) {
        Cut::Steps | Cut::Found => {
            let middle = |step: &Effort| step.target.0 + step.target.1;
            let hardest = done.session.workout.steps().map(|step| middle(&step)).max();
            let work = |step: &Effort| 10 * middle(step) >= 8 * hardest.unwrap_or_default();
            let mut steps = done.session.workout.steps().filter(work);
            steps.any(|step| about(f64::from(step.secs), 0.25))
        }
        Cut::Every(metres) => done.distance.is_some_and(|all| about(secs * metres / all, 0.3)),
        Cut::Button(presses) => within(
            0.3 * secs / f64::from(presses + 1),
            1.7 * secs / f64::from(presses + 1),
        ),
        Cut::Whole => about(secs, 0.05),
    }
}

/// Whether the athlete changed the intervals by hand.
fn is_edited(person: &Person, done: &Done) -> bool {
    let likely = match cut(person, done) {
        Cut::Button(_) => 0.5,
        Cut::Steps => 0.08,
        Cut::Found | Cut::Every(_) | Cut::Whole => 0.0,
    };
    throw(person, done, "edited").chance(likely)
}

/// Whether upstream never cut the activity: recorded, but with nothing to cut by, or occasionally by mistake.
fn is_uncut(person: &Person, done: &Done) -> bool {
    !is_recorded(done)
        || (done.distance.is_none() && done.heart.is_none())
        || throw(person, done, "uncut").chance(0.02)
}

/// What the full object of an activity says about its analysis.
pub(super) fn tell(person: &Person, done: &Done, object: &mut Map<String, Value>) {
    let edited = is_edited(person, done);
    fill(
        object,
        json!({
            "stream_types": streams::types(person, done), "icu_lap_count": lap_count(person, done),
            "icu_intervals_edited": edited, "lock_intervals": edited && throw(person, done, "locked").chance(0.5),
        }),
    );
}

/// The laps of a track.
fn laps(person: &Person, done: &Done, track: &Track) -> Vec<Lap> {
    let mut laps = match cut(person, done) {
        Cut::Steps | Cut::Found => by_steps(track),
        Cut::Every(metres) => every(track, metres),
        Cut::Button(presses) => by_button(person, done, track, presses),
        Cut::Whole => vec![lap(0..track.len(), true)],
    };
    if is_edited(person, done) {
        let (mut works, count) = (0, laps.len());
        for (n, lap) in laps.iter_mut().enumerate() {
            works += usize::from(lap.work);
            lap.label = Some(match lap.work {
                true => format!("Rep {works}"),
                false if n == 0 => "Warm-up".to_owned(),
                false if n + 1 == count => "Cool-down".to_owned(),
                false => "Rest".to_owned(),
            });
        }
    }
    laps
}

fn lap(at: Range<usize>, work: bool) -> Lap {
    Lap {
        at,
        work,
        label: None,
        same: None,
    }
}

fn by_steps(track: &Track) -> Vec<Lap> {
    let middle = |n: usize| {
        track.stages[n]
            .step
            .map_or(0, |step| step.target.0 + step.target.1)
    };
    let hardest = (0..track.stages.len()).map(middle).max().unwrap_or_default();
    let mut known = Vec::new();
    let cut = |n: usize| {
        let stage = &track.stages[n];
        let work = 10 * middle(n) >= 8 * hardest;
        let same = stage.step.filter(|_| work).map(|step| {
            let key = (step.secs, step.target);
            known.iter().position(|other| *other == key).unwrap_or_else(|| {
                known.push(key);
                known.len() - 1
            })
        });
        Lap {
            same,
            ..lap(stage.at.clone(), work)
        }
    };
    (0..track.stages.len()).map(cut).collect()
}

fn every(track: &Track, metres: f64) -> Vec<Lap> {
    let mut laps = Vec::new();
    let (mut from, mut until) = (0, metres);
    let distance = track.distance.as_deref().unwrap_or_default();
    for (n, far) in distance.iter().enumerate() {
        if *far >= until && n > from {
            laps.push(lap(from..n + 1, true));
            (from, until) = (n + 1, until + metres);
        }
    }
    if from < track.len() {
        laps.push(lap(from..track.len(), true));
    }
    laps
}

fn by_button(person: &Person, done: &Done, track: &Track, presses: u32) -> Vec<Lap> {
    let mut laps = Vec::new();
    let mut from = 0;
    for n in 1..=presses {
        let share = (f64::from(n) + throw(person, done, &format!("press {n}")).between(-0.3, 0.3))
            / f64::from(presses + 1);
        let to = index(share * real(track.len())).clamp(from + 1, track.len().max(from + 1));
        laps.push(lap(from..to, n % 2 == 0));
        from = to;
    }
    laps.push(lap(from..track.len(), false));
    laps.retain(|lap| !lap.at.is_empty());
    laps
}

/// `icu_intervals` and `icu_groups` of an activity: null for what upstream never cut.
pub(super) fn intervals(person: &Person, done: &Done) -> [Value; 2] {
    let track = if is_uncut(person, done) {
        None
    } else {
        track(person, done)
    };
    let Some(track) = track else {
        return [Value::Null, Value::Null];
    };
    let teller = Teller::new(person, done, &track);
    let laps = laps(person, done, &track);
    let mut rows: Vec<Map<String, Value>> = laps.iter().map(|lap| teller.interval(lap.at.clone())).collect();
    let mut groups = Vec::new();
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (n, lap) in laps.iter().enumerate() {
        if let Some(same) = lap.same {
            members.entry(same).or_default().push(n);
        }
    }
    for members in members.into_values() {
        let group = group(&members.iter().map(|n| &rows[*n]).collect::<Vec<_>>());
        for n in members {
            rows[n].insert("group_id".into(), group["id"].clone());
        }
        groups.push(group);
    }
    for (n, (row, lap)) in rows.iter_mut().zip(&laps).enumerate() {
        fill(
            row,
            json!({"id": n + 1, "type": if lap.work { "WORK" } else { "RECOVERY" }, "label": lap.label}),
        );
    }
    [json!(rows), json!(groups)]
}

/// What repetitions of the same work have in common: averages, and `720s@224w89rpm` as the id.
fn group(rows: &[&Map<String, Value>]) -> Map<String, Value> {
    let middle = |name: &str| {
        let values: Vec<f64> = rows.iter().filter_map(|row| number(row, name)).collect();
        (!values.is_empty()).then(|| mean(&values))
    };
    let count = |name: &str| middle(name).map(whole);
    let watts = count("average_watts").map(|watts| format!("{watts}w"));
    let bpm = count("average_heartrate").map(|bpm| format!("{bpm}bpm"));
    let rpm = count("average_cadence").map(|rpm| format!("{rpm}rpm"));
    let id = format!(
        "{}s@{}{}",
        count("moving_time").unwrap_or_default(),
        watts.or(bpm).unwrap_or_default(),
        rpm.unwrap_or_default()
    );
    made(
        INTERVAL_GROUP,
        json!({
            "id": id, "count": rows.len(), "start_index": rows.first().and_then(|row| row.get("start_index")),
            "distance": middle("distance").map(|x| round(x, 4)), "moving_time": count("moving_time"),
            "elapsed_time": count("elapsed_time"), "average_watts": count("average_watts"),
            "min_watts": count("min_watts"), "max_watts": count("max_watts"),
            "average_watts_kg": middle("average_watts_kg").map(|x| round(x, 4)), "intensity": count("intensity"),
            "weighted_average_watts": count("weighted_average_watts"), "joules": count("joules"),
            "average_speed": middle("average_speed").map(|x| round(x, 4)),
            "gap": middle("gap").map(|x| round(x, 4)), "average_heartrate": count("average_heartrate"),
            "average_cadence": middle("average_cadence").map(|x| round(x, 4)),
        }),
    )
}

/// Adds up parts of one activity.
struct Teller<'a> {
    person: &'a Person,
    done: &'a Done,
    track: &'a Track,
    balance: Option<Vec<f64>>,
    extras: Vec<(&'static str, Extra)>,
}

/// Lowest and highest of whole numbers.
fn span(values: &[u32]) -> (Option<u32>, Option<u32>) {
    (values.iter().min().copied(), values.iter().max().copied())
}

fn edges(values: &[f64]) -> Option<(f64, f64)> {
    (!values.is_empty()).then(|| {
        let fold = |from, pick: fn(f64, f64) -> f64| values.iter().copied().fold(from, pick);
        (fold(f64::MAX, f64::min), fold(f64::MIN, f64::max))
    })
}

impl<'a> Teller<'a> {
    fn new(person: &'a Person, done: &'a Done, track: &'a Track) -> Self {
        let critical = done.power.map_or(0.0, |power| f64::from(power.ftp) - 10.0);
        Self {
            person,
            done,
            track,
            balance: track.balance(critical),
            extras: streams::extras(person, done, track),
        }
    }

    /// Schema `Interval` of the points `at`; without id, type, group and label.
    fn interval(&self, at: Range<usize>) -> Map<String, Value> {
        let time = &self.track.time[at.clone()];
        let start = time.first().copied().unwrap_or_default();
        let end = time.last().map_or(start, |last| last + 1);
        let mut row = made(
            INTERVAL,
            json!({
                "start_index": at.start, "end_index": at.end, "start_time": start, "end_time": end,
                "moving_time": at.len(), "elapsed_time": end - start,
                "average_temp": self.done.temperature,
            }),
        );
        self.power(&at, &mut row);
        self.way(&at, &mut row);
        self.body(&at, &mut row);
        row
    }

    fn power(&self, at: &Range<usize>, row: &mut Map<String, Value>) {
        let (Some(watts), Some(power)) = (&self.track.watts, self.done.power) else {
            return;
        };
        let watts = &watts[at.clone()];
        let numbers: Vec<f64> = watts.iter().map(|watts| f64::from(*watts)).collect();
        let (ftp, average, np) = (f64::from(power.ftp), mean(&numbers), normalized(&numbers));
        let (min, max) = span(watts);
        let zone = POWER_ZONES
            .iter()
            .position(|bound| 100.0 * average <= f64::from(*bound) * ftp)
            .unwrap_or(6);
        let bound = |zone: usize| whole((f64::from(POWER_ZONES[zone]) * ftp / 100.0).floor());
        let above: f64 = numbers.iter().map(|watts| (watts - ftp).max(0.0)).sum();
        let at_end = |n: usize| {
            self.balance
                .as_ref()
                .and_then(|left| left.get(n))
                .map(|left| round(*left, 0))
        };
        let kg = self.person.weight;
        fill(
            row,
            json!({
                "average_watts": whole(average), "weighted_average_watts": whole(np), "min_watts": min,
                "max_watts": max, "average_watts_kg": round(average / kg, 4),
                "max_watts_kg": max.map(|max| round(f64::from(max) / kg, 4)), "intensity": whole(100.0 * np / ftp),
                "training_load": round(real(at.len()) * (np / ftp).powi(2) / 36.0, 3),
                "joules": whole(numbers.iter().sum()), "joules_above_ftp": whole(above),
                "wbal_start": at_end(at.start).map(whole_signed), "wbal_end": at_end(at.end.max(1) - 1).map(whole_signed),
                "zone": zone + 1, "zone_min_watts": if zone == 0 { 0 } else { bound(zone - 1) + 1 },
                "zone_max_watts": if zone == 6 { 9999 } else { bound(zone) },
            }),
        );
    }

    fn way(&self, at: &Range<usize>, row: &mut Map<String, Value>) {
        let (Some(distance), Some(speed)) = (&self.track.distance, &self.track.speed) else {
            return;
        };
        let before = at.start.checked_sub(1).map_or(0.0, |n| distance[n]);
        let metres = distance[at.clone()].last().map_or(0.0, |last| last - before);
        let average = metres / real(at.len().max(1));
        let pair = edges(&speed[at.clone()]);
        fill(
            row,
            json!({
                "distance": round(metres, 1), "average_speed": round(average, 4),
                "min_speed": pair.map(|pair| pair.0), "max_speed": pair.map(|pair| pair.1),
                "gap": self.track.graded.as_ref().map(|graded| round(mean(&graded[at.clone()]), 4)),
            }),
        );
        if self.done.power.is_none() && self.done.sport.ends_with("Run") {
            let threshold = self.person.threshold_pace(self.done.day());
            let share = average / threshold;
            fill(
                row,
                json!({
                    "intensity": whole(100.0 * share),
                    "training_load": round(real(at.len()) * share * share / 36.0, 3),
                }),
            );
        }
        if let (Some(altitude), true) = (&self.track.altitude, metres > 0.0) {
            let part = &altitude[at.start.saturating_sub(1)..at.end];
            let pair = edges(part);
            let rise = part.last().unwrap_or(&0.0) - part.first().unwrap_or(&0.0);
            fill(
                row,
                json!({
                    "total_elevation_gain": round(climbing(part), 1), "min_altitude": pair.map(|pair| pair.0),
                    "max_altitude": pair.map(|pair| pair.1), "average_gradient": round(rise / metres, 5),
                }),
            );
        }
    }

    fn body(&self, at: &Range<usize>, row: &mut Map<String, Value>) {
        if let Some(heart) = &self.track.heart {
            let (min, max) = span(&heart[at.clone()]);
            fill(
                row,
                json!({
                    "average_heartrate": whole(mean_of(&heart[at.clone()])), "min_heartrate": min, "max_heartrate": max,
                }),
            );
        }
        if let Some(cadence) = &self.track.cadence {
            let turning: Vec<u32> = cadence[at.clone()]
                .iter()
                .copied()
                .filter(|rpm| *rpm > 0)
                .collect();
            let (min, max) = span(&turning);
            let average = mean_of(&turning);
            let speed = number(row, "average_speed").filter(|_| self.done.sport.ends_with("Run"));
            fill(
                row,
                json!({
                    "average_cadence": round(average, 5), "min_cadence": min, "max_cadence": max,
                    "average_stride": speed.filter(|_| average > 0.0).map(|speed| round(speed * 30.0 / average, 3)),
                }),
            );
        }
        for (name, extra) in &self.extras {
            let key = format!("average_{name}");
            let values: Vec<f64> = extra.values[at.clone()].iter().flatten().copied().collect();
            if row.contains_key(&key) && !values.is_empty() {
                row.insert(key, json!(round(mean(&values), 3)));
            }
        }
    }
}

/// The nearest whole number, below zero too.
fn whole_signed(x: f64) -> i64 {
    let size = i64::from(whole(x.abs()));
    if x < 0.0 { -size } else { size }
}
