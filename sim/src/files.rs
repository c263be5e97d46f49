//! Files as upstream gives them out: the recording of an activity as its device wrote it, as FIT and as GPX; a planned workout
//! for trainers and head units. The same bytes each time, a point every few seconds.
//!
//! Which activity has what is decided here, who may have it elsewhere. A file that is very large, slow, cut off or missing is
//! a breakage on request, see `fault`.

mod fit;
mod plan;

use std::fmt::Write;

use chrono::{DateTime, Duration, SecondsFormat, Utc};

use super::{
    people::Person,
    terrain::{has_place, places},
    track::{Track, track},
    training::Done,
};

pub(super) use fit::{recording, workout};
pub(super) use plan::{Trainer, erg, mrc, zwo};

/// Seconds between two points.
const EVERY: usize = 10;

/// What a file tells beside where and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) power: bool,
    pub(super) heart: bool,
}

/// One moment of a recording.
#[derive(Debug, Clone, Copy)]
struct Point {
    at: DateTime<Utc>,
    /// Latitude and longitude, degrees.
    place: Option<(f64, f64)>,
    /// m above the sea.
    altitude: Option<f64>,
    /// m since the start.
    distance: Option<f64>,
    /// m/s.
    speed: Option<f64>,
    /// bpm.
    heart: Option<u32>,
    /// rpm; of a run: one leg.
    cadence: Option<u32>,
    /// W.
    power: Option<u32>,
}

/// A recording's points, each [`EVERY`] seconds and the last one; none for what was not recorded.
fn points(person: &Person, done: &Done, told: Told) -> Option<Vec<Point>> {
    let track: &Track = &*track(person, done)?;
    let start = person.utc(done.start);
    let place = track
        .distance
        .as_deref()
        .filter(|_| has_place(done))
        .map(|distance| places(person, done, distance));
    let at = |n: usize| Point {
        at: start + Duration::seconds(i64::from(track.time[n])),
        place: place.as_ref().map(|(north, east)| (north[n], east[n])),
        altitude: track.altitude.as_ref().map(|metres| metres[n]),
        distance: track.distance.as_ref().map(|metres| metres[n]),
        speed: track.speed.as_ref().map(|speed| speed[n]),
        heart: track.heart.as_ref().filter(|_| told.heart).map(|bpm| bpm[n]),
        cadence: track.cadence.as_ref().map(|rpm| rpm[n]),
        power: track.watts.as_ref().filter(|_| told.power).map(|watts| watts[n]),
    };
    let last = track.len().checked_sub(1)?;
    Some((0..last).step_by(EVERY).chain([last]).map(at).collect())
}

/// Text inside XML.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            _ => safe.push(letter),
        }
    }
    safe
}

/// GPX 1.1 of an activity called `name`; none without a place.
pub(super) fn gpx(person: &Person, done: &Done, name: &str, told: Told) -> Option<String> {
    let points = points(person, done, told)?;
    points.first()?.place?;
    let mut text = format!(
        concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
            "<gpx version=\"1.1\" creator=\"intervals.icu\" xmlns=\"http://www.topografix.com/GPX/1/1\" ",
            "xmlns:gpxtpx=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v1\">\n",
            "<trk><name>{}</name><type>{}</type><trkseg>\n"
        ),
        escaped(name),
        done.sport
    );
    for point in &points {
        let Some((latitude, longitude)) = point.place else {
            continue;
        };
        let time = point.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        // Writing to a text does not fail.
        let _ = write!(text, "<trkpt lat=\"{latitude:.6}\" lon=\"{longitude:.6}\">");
        if let Some(metres) = point.altitude {
            let _ = write!(text, "<ele>{metres:.1}</ele>");
        }
        let _ = write!(text, "<time>{time}</time>");
        let heart = point.heart.map(|bpm| format!("<gpxtpx:hr>{bpm}</gpxtpx:hr>"));
        let cadence = point.cadence.map(|rpm| format!("<gpxtpx:cad>{rpm}</gpxtpx:cad>"));
        let power = point.power.map(|watts| format!("<power>{watts}</power>"));
        let _ = writeln!(
            text,
            "<extensions>{}<gpxtpx:TrackPointExtension>{}{}</gpxtpx:TrackPointExtension></extensions></trkpt>",
            power.unwrap_or_default(),
            heart.unwrap_or_default(),
            cadence.unwrap_or_default()
        );
    }
    text.push_str("</trkseg></trk>\n</gpx>\n");
    Some(text)
}

/// CRC-32 as gzip has it.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    };
    !bytes.iter().fold(!0, step)
}

/// Gzip (RFC 1952) of `bytes`, in stored blocks (RFC 1951 3.2.4): nothing is made smaller.
pub(super) fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let blocks = bytes.chunks(0xffff);
    let count = blocks.len();
    for (n, block) in blocks.enumerate() {
        let length = u16::try_from(block.len()).unwrap_or_default();
        packed.push(u8::from(n + 1 == count));
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(block);
    }
    packed.extend(crc(bytes).to_le_bytes());
    packed.extend(u32::try_from(bytes.len()).unwrap_or_default().to_le_bytes());
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_one_that_everybody_knows() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn markup_in_a_name_stays_text() {
        assert_eq!(escaped("<b> & \"x\""), "&lt;b&gt; &amp; &quot;x&quot;");
    }
}
