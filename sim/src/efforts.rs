//! The best of every duration and distance: of one activity, and over many; and the models fitted to them.
//!
//! Pure numbers; parameters and wire form are in `api::curves`.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use serde_json::{Value, json};

use super::{
    dice::{round, whole},
    people::Person,
    track::{build, is_recorded, real, watts_of},
    training::Done,
};

/// Durations of the curves of power and heart rate, s.
pub(super) const SECS: [u32; 52] = [
    1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 90, 105, 120, 150, 180, 210, 240, 270, 300,
    330, 360, 420, 480, 540, 600, 720, 900, 1080, 1200, 1500, 1800, 2100, 2400, 2700, 3000, 3600, 4500, 5400,
    6300, 7200, 9000, 10_800, 12_600, 14_400, 16_200,
];

/// Distances of the curves of pace, m.
pub(super) const METRES: [f64; 26] = [
    50.0, 100.0, 200.0, 300.0, 400.0, 500.0, 800.0, 1000.0, 1200.0, 1500.0, 1609.344, 2000.0, 2414.016,
    3000.0, 3218.688, 4000.0, 5000.0, 8046.72, 10_000.0, 15_000.0, 16_093.44, 20_000.0, 21_097.5, 30_000.0,
    42_195.0, 50_000.0,
];

/// The best power of one activity, as far as it lasted, W by [`SECS`].
#[derive(Debug, Default)]
pub(super) struct ByPower {
    pub(super) fresh: Vec<u32>,
    /// After the work of [`AFTER_KJ`].
    pub(super) tired: [Vec<u32>; 2],
}

/// The other bests of one activity, as far as it lasted: bpm by [`SECS`], s by [`METRES`].
#[derive(Debug, Default)]
pub(super) struct Efforts {
    pub(super) heart: Vec<u32>,
    pub(super) pace: Vec<u32>,
    /// As on the flat.
    pub(super) graded: Vec<u32>,
}

/// Work after which the tired curves begin, kJ, as the sport settings have it.
pub(super) const AFTER_KJ: [u32; 2] = [1500, 2500];

/// Results by the activity's id. They are a pure function of it, and kept for good.
struct Memo<T>(Mutex<HashMap<String, Arc<T>>>);

impl<T> Memo<T> {
    fn get(&self, id: &str, find: impl FnOnce() -> T) -> Arc<T> {
        let known = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned();
        known.unwrap_or_else(|| {
            let found = Arc::new(find());
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(id.to_owned(), found.clone());
            found
        })
    }
}

static POWER: LazyLock<Memo<ByPower>> = LazyLock::new(|| Memo(Mutex::default()));
static OTHER: LazyLock<Memo<Efforts>> = LazyLock::new(|| Memo(Mutex::default()));

/// The best power.
pub(super) fn by_power(person: &Person, done: &Done) -> Arc<ByPower> {
    POWER.get(&done.id, || {
        let watts = watts_of(person, done);
        watts.map_or_else(ByPower::default, |watts| ByPower {
            fresh: highest(&watts),
            tired: AFTER_KJ.map(|kj| tired(&watts, kj)),
        })
    })
}

/// Everything but power.
pub(super) fn efforts(person: &Person, done: &Done) -> Arc<Efforts> {
    OTHER.get(&done.id, || find(person, done))
}

fn find(person: &Person, done: &Done) -> Efforts {
    if !is_recorded(done) {
        return Efforts::default();
    }
    let track = build(person, done);
    let mut efforts = Efforts {
        heart: track.heart.as_deref().map(highest).unwrap_or_default(),
        ..Efforts::default()
    };
    if let Some(distance) = track.distance.as_ref().filter(|_| !done.sport.ends_with("Ride")) {
        efforts.pace = fastest(distance);
        let mut far = 0.0;
        let mut add = |speed: &f64| {
            far += speed;
            far
        };
        let graded = track.graded.as_ref();
        let graded: Vec<f64> = graded.into_iter().flatten().map(&mut add).collect();
        efforts.graded = fastest(&graded);
    }
    efforts
}

/// The highest average of every duration that fits. A longer one may be a little higher than a shorter one.
fn highest(values: &[u32]) -> Vec<u32> {
    let mut sums = Vec::with_capacity(values.len() + 1);
    let mut sum = 0_u32;
    sums.push(0);
    for value in values {
        sum += value;
        sums.push(sum);
    }
    let most = values.iter().max().copied().unwrap_or_default();
    // The sum of a window changes by at most this when it moves on by one.
    let range = (most - values.iter().min().copied().unwrap_or_default()).max(1);
    let mut at = 0;
    let mut bests = Vec::new();
    for secs in SECS {
        let length = usize::try_from(secs).unwrap_or(usize::MAX);
        if length > values.len() {
            break;
        }
        // The best of the shorter one is a good guess, and what cannot beat it is skipped.
        at = at.min(values.len() - length);
        let mut best = sums[at + length] - sums[at];
        let mut n = length;
        while n < sums.len() {
            let now = sums[n] - sums[n - length];
            if now > best {
                (best, at) = (now, n - length);
            }
            n += usize::try_from((best - now) / range).unwrap_or_default().max(1);
        }
        bests.push(whole(f64::from(best) / f64::from(secs)));
    }
    bests
}

/// The highest averages after this much work.
fn tired(watts: &[u32], kj: u32) -> Vec<u32> {
    let mut joules = 0;
    let spent = watts.iter().position(|watts| {
        joules += watts;
        joules >= kj * 1000
    });
    highest(&watts[spent.unwrap_or(watts.len())..])
}

/// The shortest time for every distance covered; `distance` is metres since the start, once a second.
fn fastest(distance: &[f64]) -> Vec<u32> {
    let total = distance.last().copied().unwrap_or_default();
    let reached = |n: usize| n.checked_sub(1).map_or(0.0, |n| distance[n]);
    let best = |metres: f64| {
        let (mut best, mut from, mut to) = (distance.len(), 0, 0);
        while to < distance.len() {
            to += 1;
            while reached(to) - reached(from + 1) >= metres {
                from += 1;
            }
            if reached(to) - reached(from) >= metres {
                best = best.min(to - from);
            }
        }
        u32::try_from(best).unwrap_or(u32::MAX)
    };
    METRES
        .into_iter()
        .take_while(|metres| *metres <= total)
        .map(best)
        .collect()
}

/// Slope, intercept and r² of a straight line by least squares; none for fewer than two points.
fn line(points: &[(f64, f64)]) -> Option<(f64, f64, f64)> {
    if points.len() < 2 {
        return None;
    }
    let count = real(points.len());
    let (x, y) = points
        .iter()
        .fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    let (x, y) = (x / count, y / count);
    let sum = |of: fn(f64, f64) -> f64| {
        points
            .iter()
            .map(|point| of(point.0 - x, point.1 - y))
            .sum::<f64>()
    };
    let (xx, xy, yy) = (sum(|x, _| x * x), sum(|x, y| x * y), sum(|_, y| y * y));
    let slope = xy / xx;
    let fit = if yy > 0.0 { xy * xy / (xx * yy) } else { 1.0 };
    Some((slope, y - slope * x, fit))
}

/// Models of a power curve (work = CP·t + W′ between 3 and 20 min), values W by [`SECS`]. Efforts that were not all-out
/// give a W′ that nobody has; then the nearest realistic one, and the CP whose curve touches the values.
pub(super) fn power_models(values: &[u32]) -> Vec<Value> {
    let at: Vec<usize> = (0..values.len())
        .filter(|n| (180..=1200).contains(&SECS[*n]))
        .collect();
    let points: Vec<(f64, f64)> = at
        .iter()
        .map(|n| (f64::from(SECS[*n]), f64::from(SECS[*n]) * f64::from(values[*n])))
        .collect();
    let (Some((_, prime, _)), Some(first), Some(last)) = (line(&points), at.first(), at.last()) else {
        return Vec::new();
    };
    let prime = prime.clamp(9000.0, 26_000.0);
    let critical = points
        .iter()
        .map(|(secs, joules)| (joules - prime) / secs)
        .fold(0.0, f64::max);
    let peak = values.first().copied().unwrap_or_default();
    let model = |name: &str, cp: f64, prime: f64, peak: Option<u32>, inputs: Vec<usize>, ftp: f64| {
        let mut model = json!({
            "type": name, "criticalPower": whole(cp), "wPrime": whole(prime), "inputPointIndexes": inputs,
            "ftp": whole(ftp),
        });
        if let Some(peak) = peak {
            model["pMax"] = json!(peak);
        }
        model
    };
    let (three, two) = (vec![4, *first, *last], vec![4, *last]);
    vec![
        model("MS_2P", critical, prime, None, vec![*first, *last], critical),
        model(
            "MORTON_3P",
            critical * 0.99,
            prime * 1.08,
            Some(peak + 11),
            three.clone(),
            critical * 0.99,
        ),
        model(
            "FFT_CURVES",
            critical * 0.995,
            prime * 1.02,
            Some(peak + 3),
            two,
            critical * 1.01,
        ),
        model(
            "ECP",
            critical * 0.985,
            prime * 1.1,
            Some(peak + 6),
            three,
            critical * 1.003,
        ),
    ]
}

/// Critical speed of a pace curve (distance = CS·t + D′ between 2 and 40 min), values s by [`METRES`].
pub(super) fn pace_models(values: &[u32]) -> Vec<Value> {
    let at: Vec<usize> = (0..values.len())
        .filter(|n| (120..=2400).contains(&values[*n]))
        .collect();
    let points: Vec<(f64, f64)> = at.iter().map(|n| (f64::from(values[*n]), METRES[*n])).collect();
    let (Some((speed, prime, fit)), Some(first), Some(last)) = (line(&points), at.first(), at.last()) else {
        return Vec::new();
    };
    vec![json!({
        "type": "CS", "criticalSpeed": round(speed, 6), "dPrime": round(prime.max(0.0), 2), "r2": round(fit, 5),
        "inputPointIndexes": [first, last],
    })]
}
