//! What a device recorded of an activity, second by second: power, beats, cadence, track and height. It adds up to what the
//! activity says about itself, and the steps of its workout are visible in it.
//!
//! A pure function of person and activity, remembered for a while. How it reads on the wire is in `streams`.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use super::{
    dice::{Dice, round, whole},
    effort::Effort,
    people::Person,
    terrain::Terrain,
    training::{Done, Heart, Power, Source},
};

/// How many tracks are remembered.
const REMEMBERED: usize = 6;
/// Joules above critical power, as `activity` reports them.
pub(super) const W_PRIME: f64 = 17_400.0;

/// One value a recorded second each; a pause of the recording leaves none.
#[derive(Debug)]
pub(super) struct Track {
    /// Seconds since the start; jumps over pauses.
    pub(super) time: Vec<u32>,
    /// W.
    pub(super) watts: Option<Vec<u32>>,
    /// bpm.
    pub(super) heart: Option<Vec<u32>>,
    /// rpm; of a run: one leg.
    pub(super) cadence: Option<Vec<u32>>,
    /// m since the start.
    pub(super) distance: Option<Vec<f64>>,
    /// m/s.
    pub(super) speed: Option<Vec<f64>>,
    /// m.
    pub(super) altitude: Option<Vec<f64>>,
    /// m/s as on the flat, of runs.
    pub(super) graded: Option<Vec<f64>>,
    /// The steps of the workout as they were done, without holes.
    pub(super) stages: Vec<Stage>,
}

/// A part of an activity: one step as it was done.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) at: Range<usize>,
    pub(super) step: Option<Effort>,
}

/// Tracks by the activity's id, the last at the end.
type Kept = VecDeque<(String, Arc<Track>)>;

/// The tracks requested last.
static MEMO: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

/// A count as a number.
pub(super) fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The nearest index.
pub(super) fn index(x: f64) -> usize {
    usize::try_from(whole(x)).unwrap_or_default()
}

/// The mean; 0 for nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / real(values.len().max(1))
}

/// The mean of whole numbers; 0 for nothing.
pub(super) fn mean_of(values: &[u32]) -> f64 {
    values.iter().map(|value| f64::from(*value)).sum::<f64>() / real(values.len().max(1))
}

/// The throw that answers `question` about an activity.
pub(super) fn throw(person: &Person, done: &Done, question: &str) -> Dice {
    person.dice(done.day(), &format!("{question} {}", done.session.slot))
}

/// Pseudo-random numbers in a row (xorshift64*, Vigna 2016).
#[derive(Debug)]
pub(super) struct Noise(u64);

impl Noise {
    pub(super) fn of(person: &Person, done: &Done, question: &str) -> Self {
        Self(throw(person, done, question).bits() | 1)
    }

    /// -1 ≤ x < 1.
    pub(super) fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        f64::from(u32::try_from(bits).unwrap_or_default()) / 2_147_483_648.0 - 1.0
    }

    /// `count` numbers that change smoothly, with a new direction every `every` of them.
    pub(super) fn smooth(&mut self, count: usize, every: usize) -> Vec<f64> {
        let (mut from, mut to) = (self.next(), self.next());
        let mut values = Vec::with_capacity(count);
        let mut n = 0;
        while values.len() < count {
            let t = real(n) / real(every);
            values.push(from + (to - from) * t * t * (3.0 - 2.0 * t));
            n += 1;
            if n == every {
                (from, to, n) = (to, self.next(), 0);
            }
        }
        values
    }
}

/// What was recorded; none for an activity that was typed in or is closed to clients.
pub(super) fn track(person: &Person, done: &Done) -> Option<Arc<Track>> {
    if !is_recorded(done) {
        return None;
    }
    let kept = {
        let memo = MEMO.lock().unwrap_or_else(PoisonError::into_inner);
        memo.iter()
            .find(|(id, _)| *id == done.id)
            .map(|(_, track)| track.clone())
    };
    Some(kept.unwrap_or_else(|| {
        let track = Arc::new(build(person, done));
        let mut memo = MEMO.lock().unwrap_or_else(PoisonError::into_inner);
        memo.push_back((done.id.clone(), track.clone()));
        if memo.len() > REMEMBERED {
            memo.pop_front();
        }
        track
    }))
}

/// Whether a device recorded it and clients may read that.
pub(super) fn is_recorded(done: &Done) -> bool {
    !matches!(done.source, Source::Manual | Source::Strava) && done.secs > 0
}

/// Only the watts of a track, for code that goes through many activities.
pub(super) fn watts_of(person: &Person, done: &Done) -> Option<Vec<u32>> {
    let power = done.power.filter(|_| is_recorded(done))?;
    let count = usize::try_from(done.secs).unwrap_or_default();
    let shape = shape(person, done, &stages(done, count), count);
    Some(watts(
        person,
        done,
        power,
        &shape,
        &coasting(person, done, &shape),
    ))
}

/// The track, made from scratch.
pub(super) fn build(person: &Person, done: &Done) -> Track {
    let count = usize::try_from(done.secs).unwrap_or_default();
    let stages = stages(done, count);
    let shape = shape(person, done, &stages, count);
    let coasting = coasting(person, done, &shape);
    let power = done
        .power
        .map(|power| watts(person, done, power, &shape, &coasting));
    let smooth = power
        .as_ref()
        .map_or_else(|| shape.clone(), |watts| lagging(watts, 12.0));
    let way = done.distance.map(|metres| way(person, done, &smooth, metres));
    let graded = way
        .as_ref()
        .filter(|_| done.sport.ends_with("Run"))
        .map(|way| way.graded.clone());
    let strain = match (&power, &graded) {
        (Some(_), _) => lagging(power.as_deref().unwrap_or_default(), 25.0),
        (None, Some(graded)) => lagging_by(graded, 25.0),
        (None, None) => lagging_by(&shape, 25.0),
    };
    let heart = done.heart.map(|heart| beats(person, done, heart, &strain));
    let cadence = done
        .cadence
        .map(|rpm| turns(person, done, rpm, &stages, &coasting));
    let (distance, speed, altitude) = way.map_or((None, None, None), |way| {
        (Some(way.distance), Some(way.speed), way.altitude)
    });
    Track {
        time: clock(person, done, count),
        watts: power,
        heart,
        cadence,
        distance,
        speed,
        altitude,
        graded,
        stages,
    }
}

/// Seconds since the start, with the pauses that make up the elapsed time.
fn clock(person: &Person, done: &Done, count: usize) -> Vec<u32> {
    let pauses = pauses(person, done);
    let (mut late, mut next) = (0, 0);
    (0..count)
        .map(|n| {
            while let Some((_, secs)) = pauses.get(next).filter(|(at, _)| *at <= n) {
                late += secs;
                next += 1;
            }
            u32::try_from(n).unwrap_or_default() + late
        })
        .collect()
}

/// Before which points the recording was paused, and for how many seconds.
pub(super) fn pauses(person: &Person, done: &Done) -> Vec<(usize, u32)> {
    let idle = done.elapsed.saturating_sub(done.secs);
    let count = real(usize::try_from(done.secs).unwrap_or_default());
    if idle == 0 || count < 10.0 {
        return Vec::new();
    }
    let share = throw(person, done, "pause share").between(0.55, 0.9);
    let long = whole(f64::from(idle) * share);
    let at = |question: &str, low, high| index(count * throw(person, done, question).between(low, high));
    let pauses = [
        (at("pause one", 0.2, 0.45), idle - long),
        (at("pause two", 0.55, 0.8), long),
    ];
    pauses.into_iter().filter(|(_, secs)| *secs > 0).collect()
}

/// When each step of the workout was done: for as long as planned, the last one for as long as there was time.
fn stages(done: &Done, count: usize) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut at = 0;
    for step in done.session.workout.steps() {
        let end = count.min(at + usize::try_from(step.secs).unwrap_or_default());
        if end > at {
            stages.push(Stage {
                at: at..end,
                step: Some(step),
            });
            at = end;
        }
    }
    match stages.last_mut() {
        Some(last) => last.at.end = count,
        None => stages.push(Stage {
            at: 0..count,
            step: None,
        }),
    }
    stages
}

/// How hard it was meant to be, 1 = threshold, with differences between repetitions.
fn shape(person: &Person, done: &Done, stages: &[Stage], count: usize) -> Vec<f64> {
    let mut noise = Noise::of(person, done, "shape");
    let mut shape = Vec::with_capacity(count);
    for stage in stages {
        let (from, to, ramp) = stage.step.map_or((70.0, 70.0, false), |step| {
            (f64::from(step.target.0), f64::from(step.target.1), step.ramp)
        });
        let form = 1.0 + 0.012 * noise.next();
        let length = real(stage.at.len());
        for n in 0..stage.at.len() {
            let percent = if ramp {
                from + (to - from) * real(n) / length
            } else {
                f64::midpoint(from, to)
            };
            shape.push((percent * form / 100.0).max(0.2));
        }
    }
    shape
}

/// Where the rider pedals: 1 where the legs turn, 0 where not.
fn coasting(person: &Person, done: &Done, shape: &[f64]) -> Vec<f64> {
    let mut turning = vec![1.0; shape.len()];
    if done.session.indoor || !done.sport.ends_with("Ride") {
        return turning;
    }
    let mut noise = Noise::of(person, done, "coasting");
    let mut at = 150 + index(60.0 * (noise.next() + 1.0));
    while at + 20 < shape.len() {
        let length = 5 + index(3.0 * (noise.next() + 1.0));
        if shape[at] < 0.85 {
            turning[at..at + length].fill(0.0);
        }
        at += 260 + index(90.0 * (noise.next() + 1.0));
    }
    turning
}

/// Normalized power: the fourth-power mean of the 30 s rolling mean, the window growing at first.
pub(super) fn normalized(watts: &[f64]) -> f64 {
    let (mut window, mut sum) = (0.0, 0.0);
    for (n, now) in watts.iter().enumerate() {
        window += now;
        if n >= 30 {
            window -= watts[n - 30];
        }
        let rolling: f64 = if n < 30 {
            window / real(n + 1)
        } else {
            window / 30.0
        };
        let square = rolling * rolling;
        sum += square * square;
    }
    (sum / real(watts.len().max(1))).powf(0.25)
}

/// Watts whose mean is the activity's average and whose normalized power is the activity's.
fn watts(person: &Person, done: &Done, power: Power, shape: &[f64], turning: &[f64]) -> Vec<u32> {
    let mut noise = Noise::of(person, done, "watts");
    let slow = noise.smooth(shape.len(), 47);
    let quick: Vec<f64> = shape.iter().map(|_| 0.07 * noise.next()).collect();
    let sprint = sprint(person, done, power, shape.len());
    let average = f64::from(power.average);
    let wanted = average * real(shape.len()) - sprint.1.iter().sum::<f64>();
    let ridden = |shape: &[f64], restless: f64| {
        let mut watts: Vec<f64> = Vec::with_capacity(shape.len());
        for n in 0..shape.len() {
            let uneven = (1.0 + restless * slow[n] + quick[n]).max(0.12);
            watts.push(shape[n] * uneven * turning[n]);
        }
        let hole = sprint.0..sprint.0 + sprint.1.len();
        watts[hole.clone()].fill(0.0);
        let scale = wanted.max(0.0) / watts.iter().sum::<f64>().max(1e-9);
        for value in &mut watts {
            *value *= scale;
        }
        watts[hole].copy_from_slice(&sprint.1);
        watts
    };
    // Normalized power grows about with the square of the unrest: two measurements and a correction are enough.
    let target = f64::from(power.np);
    let fit = |shape: &[f64]| {
        let calm = normalized(&ridden(shape, 0.0));
        let mut restless = 0.5;
        for _ in 0..2 {
            let rise = normalized(&ridden(shape, restless)) - calm;
            let wanted = (target - calm).max(0.0) / rise.max(1e-6);
            restless = (restless * wanted.sqrt()).clamp(0.001, 0.95);
        }
        restless
    };
    let mut sharp = shape.to_vec();
    let mut restless = fit(&sharp);
    // Short sprints and long rests: more unrest than noise has, so the differences of the steps grow.
    for _ in 0..24 {
        if restless < 0.95 || power.average == 0 {
            break;
        }
        for (sharp, shape) in sharp.iter_mut().zip(shape) {
            *sharp *= shape.powf(0.15);
        }
        restless = fit(&sharp);
    }
    let mut owed = 0.0;
    let round_off = |value: f64| {
        let watts = whole(value + owed);
        owed += value - f64::from(watts);
        watts
    };
    ridden(&sharp, restless).into_iter().map(round_off).collect()
}

/// On some rides one sprint: where, and its watts.
fn sprint(person: &Person, done: &Done, power: Power, count: usize) -> (usize, Vec<f64>) {
    // Nor on a ride whose meter sent zeros.
    let free = !done.session.indoor && count > 1800 && power.average > 50;
    if !free || !throw(person, done, "sprint?").chance(0.4) {
        return (0, Vec::new());
    }
    let at = index(real(count) * throw(person, done, "sprint at").between(0.3, 0.8));
    let peak = f64::from(power.ftp) * throw(person, done, "sprint").between(2.1, 3.2);
    let course = [0.6, 0.9, 1.0, 0.99, 0.97, 0.94, 0.9, 0.84, 0.75];
    (at, course.iter().map(|share| share * peak).collect())
}

/// An exponential mean that trails by `secs`.
fn lagging(values: &[u32], secs: f64) -> Vec<f64> {
    let numbers: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
    lagging_by(&numbers, secs)
}

/// See [`lagging`].
fn lagging_by(values: &[f64], secs: f64) -> Vec<f64> {
    let mut last = values.first().copied().unwrap_or_default() * 0.8;
    values
        .iter()
        .map(|value| {
            last += (value - last) / secs;
            last
        })
        .collect()
}

/// A distance that ends where the activity ends.
struct Way {
    distance: Vec<f64>,
    speed: Vec<f64>,
    altitude: Option<Vec<f64>>,
    graded: Vec<f64>,
}

/// How much slower than on the flat at a grade: on foot as upstream's `gap` counts it, on wheels rougher.
fn slowed(on_foot: bool, grade: f64) -> f64 {
    match (on_foot, grade > 0.0) {
        (true, true) => 1.0 / (1.0 + 3.3 * grade),
        (true, false) => 1.0,
        (false, true) => 1.0 / (1.0 + 17.0 * grade),
        (false, false) => 1.0 + 8.0 * (-grade).min(0.08),
    }
}

fn way(person: &Person, done: &Done, effort: &[f64], metres: f64) -> Way {
    let on_foot = !done.sport.ends_with("Ride");
    let mut noise = Noise::of(person, done, "way");
    let gusts = noise.smooth(effort.len(), 23);
    let usual = mean(effort).max(1e-9);
    let power = if done.power.is_some() { 0.4 } else { 1.0 };
    let flat: Vec<f64> = effort
        .iter()
        .zip(&gusts)
        .map(|(effort, gust)| {
            // A rest in the pool is at the wall.
            if done.sport == "Swim" && *effort <= 0.45 {
                return 0.0;
            }
            (effort / usual).max(0.2).powf(power) * (1.0 + 0.03 * gust)
        })
        .collect();
    let terrain = Terrain::of(person, done);
    // How fast the flat has to be for the distance to end where it should.
    let mut scale = metres / real(effort.len().max(1));
    let go = |scale: f64| {
        let mut walker = terrain.as_ref().map(Terrain::walker);
        let mut far = 0.0;
        let mut distance = Vec::with_capacity(flat.len());
        for flat in &flat {
            let grade = walker.as_mut().map_or(0.0, |walker| walker.at(far).1);
            far += scale * flat * slowed(on_foot, grade);
            distance.push(far);
        }
        distance
    };
    let mut distance = go(scale);
    for _ in 0..2 {
        scale *= metres / distance.last().copied().unwrap_or(metres).max(1e-9);
        distance = go(scale);
    }
    let stretch = metres / distance.last().copied().unwrap_or(metres).max(1e-9);
    for value in &mut distance {
        *value *= stretch;
    }
    let mut last = 0.0;
    let mut speed = Vec::with_capacity(distance.len());
    let mut graded = Vec::with_capacity(distance.len());
    let mut walker = terrain.as_ref().map(Terrain::walker);
    for far in &distance {
        let now = far - last;
        last = *far;
        let grade = walker.as_mut().map_or(0.0, |walker| walker.at(*far).1);
        speed.push(round(now, 3));
        graded.push(round(now * (1.0 + 3.3 * grade.max(0.0)), 3));
    }
    let altitude = terrain.map(|terrain| heights(&terrain, &distance, done.climb.unwrap_or_default()));
    Way {
        distance: distance.into_iter().map(|far| round(far, 1)).collect(),
        speed,
        altitude,
        graded,
    }
}

/// Altitudes whose climbing adds up to `up`.
fn heights(terrain: &Terrain, distance: &[f64], up: f64) -> Vec<f64> {
    let mut walker = terrain.walker();
    let raw: Vec<f64> = distance.iter().map(|far| walker.at(*far).0).collect();
    let climbed = climbing(&raw);
    let stretch = if climbed > 0.0 { up / climbed } else { 1.0 };
    let start = raw.first().copied().unwrap_or_default();
    raw.into_iter()
        .map(|high| round(start + (high - start) * stretch, 1))
        .collect()
}

/// Metres upwards.
pub(super) fn climbing(altitude: &[f64]) -> f64 {
    altitude.windows(2).map(|pair| (pair[1] - pair[0]).max(0.0)).sum()
}

/// Beats that follow the strain, with the activity's average and maximum.
fn beats(person: &Person, done: &Done, heart: Heart, strain: &[f64]) -> Vec<u32> {
    let mut noise = Noise::of(person, done, "beats");
    let wander = noise.smooth(strain.len(), 31);
    let top = strain.iter().copied().fold(1e-9, f64::max);
    let length = real(strain.len().max(1));
    let mut raw = Vec::with_capacity(strain.len());
    for (n, strain) in strain.iter().enumerate() {
        let waking = 1.0 - 0.3 * (-real(n) / 90.0).exp();
        let drift = 1.0 + 0.05 * real(n) / length;
        raw.push((0.45 + 0.55 * strain / top) * waking * drift + 0.006 * wander[n]);
    }
    let (average, max) = (f64::from(heart.average), f64::from(heart.max));
    let lowest = raw.iter().copied().fold(f64::MAX, f64::min);
    let highest = raw.iter().copied().fold(f64::MIN, f64::max);
    let floor = average - (f64::from(person.resting_hr) + 22.0).min(average - 1.0);
    // The raw value around which the beats turn: the higher it is, the less is far below the average.
    let (mut low, mut high) = (mean(&raw), highest);
    let scales = |middle: f64| {
        let above: f64 = raw.iter().map(|value| (value - middle).max(0.0)).sum();
        let below: f64 = raw.iter().map(|value| (middle - value).max(0.0)).sum();
        let up = (max - average) / (highest - middle).max(1e-9);
        (up, up * above / below.max(1e-9))
    };
    if scales(low).1 * (low - lowest) > floor {
        for _ in 0..12 {
            let middle = f64::midpoint(low, high);
            if scales(middle).1 * (middle - lowest) > floor {
                low = middle;
            } else {
                high = middle;
            }
        }
        low = high;
    }
    let (up, down) = scales(low);
    let beat = |value: &f64| {
        let away = value - low;
        whole(average + away * if away > 0.0 { up } else { down }).min(heart.max)
    };
    raw.iter().map(beat).collect()
}

/// Turns of the legs, none while coasting, whose mean (without the zeros) is the activity's.
fn turns(person: &Person, done: &Done, rpm: f64, stages: &[Stage], turning: &[f64]) -> Vec<u32> {
    let mut noise = Noise::of(person, done, "turns");
    let wander = noise.smooth(turning.len(), 19);
    let mut raw: Vec<f64> = Vec::with_capacity(turning.len());
    for stage in stages {
        let aim = stage.step.map_or((0, 0), |step| step.cadence);
        let middle = if aim.0 > 0 {
            f64::from(aim.0 + aim.1) / 2.0
        } else {
            rpm
        };
        raw.extend(
            stage
                .at
                .clone()
                .map(|n| middle + 1.6 * wander[n] + 1.2 * noise.next()),
        );
    }
    let ridden: Vec<f64> = raw
        .iter()
        .zip(turning)
        .filter(|(_, turning)| **turning > 0.0)
        .map(|(raw, _)| *raw)
        .collect();
    let shift = rpm - mean(&ridden);
    let mut owed = 0.0;
    let turn = |(raw, turning): (&f64, &f64)| {
        if *turning <= 0.0 {
            return 0;
        }
        let exact = (raw + shift).max(1.0);
        let turns = whole(exact + owed);
        owed += exact - f64::from(turns);
        turns
    };
    raw.iter().zip(turning).map(turn).collect()
}

impl Track {
    /// Points.
    pub(super) fn len(&self) -> usize {
        self.time.len()
    }

    /// Remaining W′ (Froncioni, Clarke and Skiba's differential model), J; only with power.
    pub(super) fn balance(&self, critical: f64) -> Option<Vec<f64>> {
        let mut left = W_PRIME;
        let watts = self.watts.as_ref()?;
        let spend = |watts: &u32| {
            let over = f64::from(*watts) - critical;
            left -= if over > 0.0 {
                over
            } else {
                over * (W_PRIME - left) / W_PRIME
            };
            left
        };
        Some(watts.iter().map(spend).collect())
    }
}
