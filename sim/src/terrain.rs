//! The ground under an activity: climbs, descents and the track on the map.
//!
//! A function of the activity's length and climbing; the speed on it is in `track`.

use super::{
    dice::{Dice, round},
    people::Person,
    training::{Done, Source},
};

/// Latitude and longitude in degrees, metres above the sea.
const TOWNS: [(&str, (f64, f64, f64)); 5] = [
    ("Freiburg im Breisgau", (47.9990, 7.8421, 278.0)),
    ("Melbourne", (-37.8304, 144.9796, 14.0)),
    ("Santa Cruz", (36.9741, -122.0308, 10.0)),
    ("Pokhara", (28.2096, 83.9856, 822.0)),
    ("St. John's", (47.5615, -52.7126, 40.0)),
];
/// Where everyone else lives.
const ELSEWHERE: (f64, f64, f64) = (46.2044, 6.1432, 375.0);
/// The virtual island, as the devices of its riders record it.
const ISLAND: (f64, f64, f64) = (-11.636_4, 166.972_1, 9.0);
/// Metres in a degree of latitude.
const DEGREE: f64 = 111_320.0;
/// Descents as a share of the climbing; `activity` reports the same as the elevation loss.
const DOWN: f64 = 0.985;

/// Altitude by distance, piecewise linear.
#[derive(Debug)]
pub(super) struct Terrain {
    /// Metres from the start, metres above the sea.
    points: Vec<(f64, f64)>,
}

/// Goes along a terrain, forwards only.
#[derive(Debug)]
pub(super) struct Walker<'a> {
    points: &'a [(f64, f64)],
    at: usize,
}

/// Where the person's activity begins.
fn home(person: &Person, done: &Done) -> (f64, f64, f64) {
    if done.source == Source::Zwift {
        return ISLAND;
    }
    let town = TOWNS.iter().find(|(city, _)| *city == person.city);
    town.map_or(ELSEWHERE, |(_, place)| *place)
}

fn throw(person: &Person, done: &Done, question: &str) -> Dice {
    person.dice(done.day(), &format!("terrain {question} {}", done.session.slot))
}

/// How many climbs, how many metres up and how long each.
fn climbs(person: &Person, done: &Done, metres: f64, up: f64) -> Vec<(f64, f64)> {
    if up < 150.0 || metres < 8000.0 {
        return Vec::new();
    }
    let count = if up > 300.0 && throw(person, done, "three").chance(0.6) {
        3
    } else {
        2
    };
    let share = if up / metres > 0.03 { 0.9 } else { 0.75 };
    let longest = (0.44 * metres / f64::from(count)).min(8000.0);
    (0..count)
        .map(|n| {
            let weight = throw(person, done, &format!("weight {n}")).between(0.9, 1.1);
            let gain = share * up * weight / f64::from(count);
            let grade = throw(person, done, &format!("grade {n}")).between(0.035, 0.075);
            let length = (gain / grade).clamp(1500.0, longest.max(1500.0));
            (gain.min(0.08 * length), length)
        })
        .collect()
}

impl Terrain {
    /// The ground of `done`; none without a track or altitude.
    pub(super) fn of(person: &Person, done: &Done) -> Option<Self> {
        let (metres, up) = (done.distance?, done.climb?);
        let mut points = vec![(0.0, home(person, done).2)];
        let climbs = climbs(person, done, metres, up);
        let steep: f64 = climbs.iter().map(|(_, length)| 1.8 * length).sum();
        let high: f64 = climbs.iter().map(|(gain, _)| gain).sum();
        let spans = f64::from(u32::try_from(climbs.len()).unwrap_or_default()) + 1.0;
        let (flat, rolling) = ((metres - steep).max(0.0) / spans, (up - high).max(0.0) / spans);
        for n in 0..=climbs.len() {
            roll(&mut points, flat, rolling);
            let Some((gain, length)) = climbs.get(n) else {
                break;
            };
            let pieces: [f64; 6] = std::array::from_fn(|piece| {
                throw(person, done, &format!("piece {n} {piece}")).between(0.75, 1.25)
            });
            let sum: f64 = pieces.iter().sum();
            for piece in pieces {
                step(&mut points, length / 6.0, gain * piece / sum);
            }
            step(&mut points, 0.8 * length, -gain * DOWN);
        }
        Some(Self { points })
    }

    pub(super) fn walker(&self) -> Walker<'_> {
        Walker {
            points: &self.points,
            at: 0,
        }
    }
}

/// Continues for this many metres, and up by this many.
fn step(points: &mut Vec<(f64, f64)>, metres: f64, up: f64) {
    let (far, high) = points.last().copied().unwrap_or_default();
    points.push((far + metres, high + up));
}

/// Small waves of about ten metres each.
fn roll(points: &mut Vec<(f64, f64)>, metres: f64, up: f64) {
    let mut waves = 1.0;
    while up / waves > 12.0 {
        waves += 1.0;
    }
    let mut left = waves;
    while left > 0.5 {
        step(points, 0.5 * metres / waves, up / waves);
        step(points, 0.5 * metres / waves, -DOWN * up / waves);
        left -= 1.0;
    }
}

impl Walker<'_> {
    /// Altitude (m) and grade (1 = 100 %) this far from the start.
    pub(super) fn at(&mut self, metres: f64) -> (f64, f64) {
        while self.at + 2 < self.points.len() && self.points[self.at + 1].0 < metres {
            self.at += 1;
        }
        let (Some(from), Some(to)) = (self.points.get(self.at), self.points.get(self.at + 1)) else {
            return (self.points.first().map_or(0.0, |point| point.1), 0.0);
        };
        let length = to.0 - from.0;
        if length <= 0.0 {
            return (to.1, 0.0);
        }
        let grade = (to.1 - from.1) / length;
        let within = (metres - from.0).clamp(0.0, length);
        (from.1 + grade * within, grade)
    }
}

/// Whether a device would know where it is: outdoors, or on the virtual island.
pub(super) fn has_place(done: &Done) -> bool {
    done.distance.is_some() && done.sport != "Swim" && (!done.session.indoor || done.source == Source::Zwift)
}

/// Latitudes and longitudes of a winding loop from home, at so many metres each.
pub(super) fn places(person: &Person, done: &Done, distance: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (latitude, longitude, _) = home(person, done);
    let total = distance.last().copied().unwrap_or(1.0).max(1.0);
    let (turn, winding) = (
        throw(person, done, "heading").between(0.0, std::f64::consts::TAU),
        throw(person, done, "winding").between(0.5, 0.9),
    );
    let (mut north, mut east, mut last) = (0.0, 0.0, 0.0);
    let wide = DEGREE * latitude.to_radians().cos();
    let mut places = (
        Vec::with_capacity(distance.len()),
        Vec::with_capacity(distance.len()),
    );
    for metres in distance {
        let along = std::f64::consts::TAU * metres / total;
        let heading = turn + along + winding * (7.0 * along).sin();
        north += (metres - last) * heading.cos();
        east += (metres - last) * heading.sin();
        last = *metres;
        places.0.push(round(latitude + north / DEGREE, 6));
        places.1.push(round(longitude + east / wide, 6));
    }
    places
}
