//! A planned workout as text for trainers: ZWO (Zwift), MRC (percent of FTP) and ERG (watts).

use std::fmt::Write;

use super::escaped;
use crate::{dice::whole, workout::Aim};

/// What a trainer is told of a workout.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Trainer<'a> {
    pub(in super::super) name: &'a str,
    pub(in super::super) description: &'a str,
    pub(in super::super) sport: &'a str,
    pub(in super::super) aims: &'a [Aim],
}

/// Zwift's: shares of the threshold. What has no target is a free ride.
pub(in super::super) fn zwo(workout: Trainer<'_>) -> String {
    let sport = if workout.sport.ends_with("Run") {
        "run"
    } else {
        "bike"
    };
    let mut text = format!(
        "<workout_file>\n<author>intervals.icu</author>\n<name>{}</name>\n<description>{}</description>\n\
         <sportType>{sport}</sportType>\n<workout>\n",
        escaped(workout.name),
        escaped(workout.description)
    );
    for aim in workout.aims {
        let cadence = aim
            .cadence
            .map(|(low, high)| format!(" Cadence=\"{}\"", whole(f64::midpoint(low, high))));
        let cadence = cadence.unwrap_or_default();
        let secs = aim.secs;
        // Writing to a text does not fail.
        let _ = match aim.percent {
            None => writeln!(text, "<FreeRide Duration=\"{secs}\"{cadence}/>"),
            Some((start, end)) if aim.ramp => writeln!(
                text,
                "<Ramp Duration=\"{secs}\" PowerLow=\"{:.3}\" PowerHigh=\"{:.3}\"{cadence}/>",
                start / 100.0,
                end / 100.0
            ),
            Some((start, end)) => writeln!(
                text,
                "<SteadyState Duration=\"{secs}\" Power=\"{:.3}\"{cadence}/>",
                f64::midpoint(start, end) / 100.0
            ),
        };
    }
    text.push_str("</workout>\n</workout_file>\n");
    text
}

/// Percent of FTP by minutes.
pub(in super::super) fn mrc(workout: Trainer<'_>) -> String {
    course(workout, "MINUTES PERCENT", 1.0)
}

/// Watts by minutes, for an FTP in W.
pub(in super::super) fn erg(workout: Trainer<'_>, ftp: f64) -> String {
    course(workout, "MINUTES WATTS", ftp / 100.0)
}

fn course(workout: Trainer<'_>, columns: &str, unit: f64) -> String {
    let one_line = |text: &str| text.lines().collect::<Vec<_>>().join(" ");
    let mut text = format!(
        "[COURSE HEADER]\r\nVERSION = 2\r\nUNITS = ENGLISH\r\nDESCRIPTION = {}\r\nFILE NAME = {}\r\n{columns}\r\n\
         [END COURSE HEADER]\r\n[COURSE DATA]\r\n",
        one_line(workout.description),
        one_line(workout.name)
    );
    let mut secs = 0;
    for aim in workout.aims {
        let (start, end) = aim.percent.unwrap_or_default();
        let (start, end) = if aim.ramp {
            (start, end)
        } else {
            (f64::midpoint(start, end), f64::midpoint(start, end))
        };
        for (share, at) in [(start, secs), (end, secs + aim.secs)] {
            // Writing to a text does not fail.
            let _ = write!(text, "{:.2}\t{:.0}\r\n", f64::from(at) / 60.0, share * unit);
        }
        secs += aim.secs;
    }
    text.push_str("[END COURSE DATA]\r\n");
    text
}
