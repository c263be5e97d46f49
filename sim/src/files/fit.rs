//! FIT files: little endian, one definition for each kind of message, as Garmin's protocol 1.0 has it.

use chrono::{DateTime, Utc};

use super::{Point, Told, points};
use crate::{
    dice::whole,
    people::Person,
    training::Done,
    workout::{Aim, Kind},
};

/// 1989-12-31T00:00:00Z, from which FIT counts seconds.
const EPOCH: i64 = 631_065_600;
/// Profile version 21.32.
const PROFILE: u16 = 2132;
/// Characters of a workout's name, with the zero at its end.
const NAME: usize = 16;

/// A field: its number, size and base type.
type Field = (u8, u8, u8);

const ENUM: (u8, u8) = (1, 0x00);
const U8: (u8, u8) = (1, 0x02);
const U16: (u8, u8) = (2, 0x84);
const S32: (u8, u8) = (4, 0x85);
const U32: (u8, u8) = (4, 0x86);
const U32Z: (u8, u8) = (4, 0x8c);

const fn field(number: u8, (size, kind): (u8, u8)) -> Field {
    (number, size, kind)
}

/// FIT's own sum, 16 bits.
fn sum(bytes: &[u8]) -> u16 {
    const TABLE: [u16; 16] = [
        0x0000, 0xcc01, 0xd801, 0x1400, 0xf001, 0x3c00, 0x2800, 0xe401, 0xa001, 0x6c00, 0x7800, 0xb401,
        0x5000, 0x9c01, 0x8801, 0x4400,
    ];
    let half = |crc: u16, nibble: u8| (crc >> 4) ^ TABLE[usize::from((crc ^ u16::from(nibble)) & 0xf)];
    bytes
        .iter()
        .fold(0, |crc, byte| half(half(crc, byte & 0xf), byte >> 4))
}

/// A file that grows message by message.
struct File(Vec<u8>);

impl File {
    /// Says what messages of `local` number contain.
    fn define(&mut self, local: u8, global: u16, fields: &[Field]) {
        self.0.extend([0x40 | local, 0, 0]);
        self.0.extend(global.to_le_bytes());
        self.0.push(u8::try_from(fields.len()).unwrap_or_default());
        for (number, size, kind) in fields {
            self.0.extend([*number, *size, *kind]);
        }
    }

    /// The message that says what the file is: 4 an activity, 5 a workout.
    fn says_it_is(&mut self, kind: u8, serial: u32, at: u32) {
        let fields = [
            field(0, ENUM),
            field(1, U16),
            field(2, U16),
            field(3, U32Z),
            field(4, U32),
        ];
        self.define(0, 0, &fields);
        self.0.extend([0, kind]);
        // For development: of no manufacturer.
        self.0.extend(255_u16.to_le_bytes());
        self.0.extend(1_u16.to_le_bytes());
        self.0.extend(serial.to_le_bytes());
        self.0.extend(at.to_le_bytes());
    }

    /// With its header and its sum.
    fn closed(self) -> Vec<u8> {
        let mut file = vec![14, 0x10];
        file.extend(PROFILE.to_le_bytes());
        file.extend(u32::try_from(self.0.len()).unwrap_or_default().to_le_bytes());
        file.extend(b".FIT");
        let of_header = sum(&file);
        file.extend(of_header.to_le_bytes());
        file.extend(self.0);
        let of_all = sum(&file);
        file.extend(of_all.to_le_bytes());
        file
    }
}

fn moment(at: DateTime<Utc>) -> u32 {
    u32::try_from(at.timestamp() - EPOCH).unwrap_or_default()
}

/// Degrees as FIT's half circles.
#[expect(clippy::cast_possible_truncation, reason = "no angle on earth is too large")]
fn half_circles(degrees: f64) -> i32 {
    (degrees / 180.0 * 2_147_483_648.0).round() as i32
}

fn short(number: f64) -> u16 {
    u16::try_from(whole(number)).unwrap_or(u16::MAX)
}

fn byte(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn sport(name: &str) -> u8 {
    match name {
        _ if name.ends_with("Run") => 1,
        _ if name.ends_with("Ride") => 2,
        "Swim" | "OpenWaterSwim" => 5,
        "Walk" => 11,
        "Hike" => 17,
        _ => 0,
    }
}

/// What a device recorded; none for what was typed in or is closed.
pub(in super::super) fn recording(person: &Person, done: &Done, told: Told) -> Option<Vec<u8>> {
    let points = points(person, done, told)?;
    let start = person.utc(done.start);
    let mut file = File(Vec::new());
    file.says_it_is(4, 900_000 + u32::from(person.number), moment(start));
    let fields = [
        field(253, U32),
        field(0, S32),
        field(1, S32),
        field(5, U32),
        field(2, U16),
        field(6, U16),
        field(7, U16),
        field(3, U8),
        field(4, U8),
    ];
    file.define(1, 20, &fields);
    for point in &points {
        file.record(point);
    }
    file.define(
        2,
        18,
        &[
            field(253, U32),
            field(2, U32),
            field(7, U32),
            field(8, U32),
            field(9, U32),
            field(5, ENUM),
        ],
    );
    let end = points.last().map_or(start, |point| point.at);
    file.0.push(2);
    for number in [
        moment(end),
        moment(start),
        done.elapsed * 1000,
        done.secs * 1000,
        done.distance.map_or(u32::MAX, |metres| whole(metres * 100.0)),
    ] {
        file.0.extend(number.to_le_bytes());
    }
    file.0.push(sport(done.sport));
    Some(file.closed())
}

impl File {
    /// All ones where there is nothing.
    fn record(&mut self, point: &Point) {
        let (north, east) = point.place.map_or((i32::MAX, i32::MAX), |(north, east)| {
            (half_circles(north), half_circles(east))
        });
        let distance = point.distance.map_or(u32::MAX, |metres| whole(metres * 100.0));
        self.0.push(1);
        self.0.extend(moment(point.at).to_le_bytes());
        self.0.extend(north.to_le_bytes());
        self.0.extend(east.to_le_bytes());
        self.0.extend(distance.to_le_bytes());
        let altitude = point.altitude.map(|metres| (metres + 500.0) * 5.0);
        let speed = point.speed.map(|speed| speed * 1000.0);
        for number in [altitude, speed, point.power.map(f64::from)] {
            self.0.extend(number.map_or(u16::MAX, short).to_le_bytes());
        }
        for number in [point.heart, point.cadence] {
            self.0.push(number.map_or(u8::MAX, byte));
        }
    }
}

/// A planned workout. `threshold` is the speed (m/s) that a pace is a share of.
pub(in super::super) fn workout(
    name: &str,
    sport_name: &str,
    (kind, threshold): (Option<Kind>, Option<f64>),
    aims: &[Aim],
    at: DateTime<Utc>,
) -> Vec<u8> {
    let mut file = File(Vec::new());
    file.says_it_is(5, 1, moment(at));
    let size = u8::try_from(NAME).unwrap_or_default();
    file.define(1, 26, &[field(4, ENUM), field(6, U16), (8, size, 0x07)]);
    file.0.extend([1, sport(sport_name)]);
    let count = u16::try_from(aims.len()).unwrap_or(u16::MAX);
    file.0.extend(count.to_le_bytes());
    let mut letters = [0; NAME];
    let cut = name.floor_char_boundary(NAME - 1);
    letters[..cut].copy_from_slice(&name.as_bytes()[..cut]);
    file.0.extend(letters);
    let fields = [
        field(254, U16),
        field(2, U32),
        field(4, U32),
        field(5, U32),
        field(6, U32),
        field(1, ENUM),
        field(3, ENUM),
    ];
    file.define(2, 27, &fields);
    for (n, aim) in (0_u16..).zip(aims) {
        // Power and beats above these are watts and bpm; below, percent.
        let target = match kind {
            Some(Kind::Power) => Some((4, 1.0)),
            Some(Kind::Hr) => Some((1, 1.0)),
            Some(Kind::Pace) => threshold.map(|speed| (0, speed * 10.0)),
            None => None,
        };
        let (target, low, high) = match (target, aim.percent) {
            (Some((target, unit)), Some((start, end))) => {
                (target, whole(start.min(end) * unit), whole(start.max(end) * unit))
            }
            _ => (2, 0, 0),
        };
        file.0.push(2);
        file.0.extend(n.to_le_bytes());
        for number in [aim.secs * 1000, 0, low, high] {
            file.0.extend(number.to_le_bytes());
        }
        file.0.extend([0, target]);
    }
    file.closed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_over_a_file_with_its_sum_is_nothing() {
        let mut file = File(Vec::new());
        file.says_it_is(4, 7, 1000);
        let file = file.closed();
        assert_eq!((&file[8..12], file[0]), (&b".FIT"[..], 14));
        assert_eq!((sum(&file[..14]), sum(&file)), (0, 0));
        // CRC-16/ARC, which FIT's is.
        assert_eq!(sum(b"123456789"), 0xbb3d);
    }

    #[test]
    fn half_circles_go_around_the_earth() {
        assert_eq!(half_circles(90.0), 1 << 30);
        assert_eq!(half_circles(-180.0), i32::MIN);
    }
}
