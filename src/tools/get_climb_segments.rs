//! get_climb_segments: the climbs of one activity, found in its recording.
//!
//! Two requests: `GET /activity/{id}?intervals=true`, which shows whose it is and has its sport, FTP and weight, and
//! `GET /activity/{id}/streams.json`. Only the first one for what cannot have climbs: a swim, a Strava stub, an activity
//! without altitude. How climbs are found stands in [`crate::training::climbs`].

#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{
        self,
        sport_units::SportUnits,
        table::Columns,
        units::{self, positive},
        words::{DOT, joined, named, with_unit},
    },
    arguments::{Arguments, Detail},
    one_activity::{self, closed, first_line, lacks, take_weight},
    params::Param,
    part::{Part, Source, not_granted, settle},
};
use crate::{
    guard::{Ask, AthleteCard},
    ids::ActivityId,
    intervals::model::{ActivityDetail, Stream},
    permissions,
    tool_error::ToolError,
    training::{
        climbs::{self, Climb, Flat, Profile, Rule, USUAL_GAIN},
        sports::{self, Tempo},
        streams::Track,
    },
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_CLIMB_SEGMENTS,
    description: "The climbs of one activity by its id, found in its recording: where, length, gain, mean and steepest \
        grade, category, time, VAM, power, W/kg, % of FTP, heart rate, speed or pace, cadence.",
    params: PARAMS,
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const ROWS: usize = 30;
const STREAMS: &[&str] = &[
    "time",
    "distance",
    "altitude",
    "fixed_altitude",
    "watts",
    "heartrate",
    "velocity_smooth",
    "cadence",
];

const PARAMS: &[Param] = &[
    Param::activity_id().required(),
    Param::count("min_gain", 30, 3000, "Least gain in metres"),
    Param::count("min_grade", 3, 25, "Least mean grade in percent"),
    Param::detail("each climb by quarters, and how power and heart rate changed"),
];

/// What was asked for.
#[derive(Debug)]
struct Asked {
    id: ActivityId,
    rule: Rule,
    detail: Detail,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        Ok(Self {
            id: arguments.the_activity_id()?,
            rule: Rule {
                least_gain: float(arguments.count("min_gain")?),
                least_grade: float(arguments.count("min_grade")?) / 100.0,
            },
            detail: arguments.detail()?,
        })
    }

    /// `at least 30 m of gain and 3 % over 500 m`
    fn in_words(&self, own: &SportUnits) -> String {
        format!(
            "at least {} of gain and {} % over {}",
            height(self.rule.least_gain, own),
            units::whole(self.rule.least_grade * 100.0),
            height(self.rule.least_length(), own),
        )
    }
}

/// Fetches what was asked for, and says it.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    let asked = Asked::read(given, today)?;
    let mut detail = one_activity::fetch(upstream, &asked.id).await?;
    let withheld = (!card.may(&permissions::GET_WELLNESS) && take_weight(&mut detail))
        .then(|| not_granted("W/kg and weight", &permissions::GET_WELLNESS));
    let streams = if detail.activity.is_closed_by_strava() || no_climbs(&detail).is_some() {
        Part::NotAsked
    } else {
        settle(
            "Climbs",
            Source::Activity,
            upstream.streams(&asked.id, STREAMS).await,
        )?
    };
    Ok(render(card, today, &asked, &detail, &streams).and(withheld))
}

/// Why the activity cannot have climbs, as far as that is known before its recording is read.
fn no_climbs(detail: &ActivityDetail) -> Option<&'static str> {
    let sport = detail.activity.sport();
    if matches!(Tempo::of(sport), Tempo::Swim | Tempo::Row) {
        return Some("No climbs: this is an activity on the water.");
    }
    if lacks(detail, &["time"]) {
        return Some("No climbs: this activity has no recording.");
    }
    if lacks(detail, &["altitude", "fixed_altitude"]) {
        return Some("No climbs: no altitude was recorded (indoors without a virtual course, say).");
    }
    if lacks(detail, &["distance", "velocity_smooth"]) {
        return Some("No climbs: no distance and no speed was recorded.");
    }
    None
}

fn render(
    card: &AthleteCard,
    today: NaiveDate,
    asked: &Asked,
    detail: &ActivityDetail,
    streams: &Part<Vec<Stream>>,
) -> Answer {
    if detail.activity.is_closed_by_strava() {
        return closed(card, today, detail);
    }
    let activity = &detail.activity;
    let mut blocks = vec![first_line(card, today, detail)];
    blocks.extend(match (streams, no_climbs(detail)) {
        (_, Some(why)) => vec![why.to_owned()],
        (Part::Missing(why), _) => vec![why.clone()],
        (Part::NotAsked, _) => Vec::new(),
        (Part::Got(streams), _) => found(
            asked,
            detail,
            streams,
            &SportUnits::of_activity(activity, card.units),
        ),
    });
    blocks.push(answer::garmin_line([activity.origin()]));
    Answer::of(blocks)
}

/// The climbs of a recording, or why there is none.
fn found(asked: &Asked, detail: &ActivityDetail, streams: &[Stream], own: &SportUnits) -> Vec<String> {
    let Some(track) = one_activity::track(streams) else {
        return vec!["No climbs: this activity has no recording.".to_owned()];
    };
    let profile = match Profile::of(&track) {
        Ok(profile) => profile,
        Err(Flat::NoAltitude) => return vec!["No climbs: no altitude was recorded.".to_owned()],
        Err(Flat::NoDistance) => {
            return vec!["No climbs: no distance was recorded, or nothing moved.".to_owned()];
        }
    };
    let climbs = profile.climbs(asked.rule);
    let whole = whole_gain(detail, &profile, own);
    if climbs.is_empty() {
        let low_high = profile.span().map_or_else(String::new, |(low, high)| {
            format!(
                ", between {} and {} above the sea",
                height(low, own),
                height(high, own)
            )
        });
        return vec![format!(
            "No climb of {} found; {whole}{low_high}. Smaller ones: ask with a lower min_gain or min_grade.",
            asked.in_words(own)
        )];
    }
    let (climbs, more) = largest(&climbs);
    let sum: f64 = climbs.iter().map(|(_, climb)| climb.gain).sum();
    let mut blocks = vec![
        joined(
            [
                format!(
                    "{} of {} (found by IcuSync in distance and altitude)",
                    answer::counted(climbs.len(), "climb", "climbs"),
                    asked.in_words(own)
                ),
                format!("together {} up", height(sum, own)),
                whole,
            ],
            DOT,
        ),
        climbs_table(&climbs, &track, &profile, detail, own),
        more,
        notes(detail, &track, own),
    ];
    if asked.detail == Detail::Full {
        blocks.push(quarters(&climbs, &track, &profile, own));
        blocks.push(fades(&climbs, &track, &profile));
    }
    blocks
}

/// All of them, or the largest by gain in the order of the way, each with its number, and how to see fewer.
fn largest(climbs: &[Climb]) -> (Vec<(usize, &Climb)>, String) {
    let numbered: Vec<(usize, &Climb)> = (1..).zip(climbs).collect();
    if climbs.len() <= ROWS {
        return (numbered, String::new());
    }
    let mut gains: Vec<f64> = climbs.iter().map(|climb| climb.gain).collect();
    gains.sort_by(|a, b| b.total_cmp(a));
    let least = gains[ROWS - 1];
    let shown: Vec<_> = numbered
        .into_iter()
        .filter(|(_, climb)| climb.gain >= least)
        .take(ROWS)
        .collect();
    let more = format!(
        "… {} smaller climbs left out: the largest alone come with min_gain={}",
        climbs.len() - shown.len(),
        units::whole(least.floor())
    );
    (shown, more)
}

/// `the whole gain is 812 m`
fn whole_gain(detail: &ActivityDetail, profile: &Profile, own: &SportUnits) -> String {
    match units::sane(detail.activity.total_elevation_gain) {
        Some(gain) => format!("the whole gain is {}", height(gain, own)),
        None => format!(
            "the whole gain is {} (sum of the profile)",
            height(profile.gain(), own)
        ),
    }
}

/// `1040 m`
fn height(metres: f64, own: &SportUnits) -> String {
    with_unit(
        units::height(Some(metres), own.units),
        units::height_unit(own.units),
    )
}

/// A grade or a change as a percentage with one decimal.
fn percent(fraction: f64) -> String {
    units::fixed(fraction * 100.0, 1)
}

/// m/s of climbing as metres (or feet) an hour.
fn vam(gain: f64, secs: f64, own: &SportUnits) -> String {
    if secs > 0.0 {
        units::height(Some(gain * 3600.0 / secs), own.units)
    } else {
        String::new()
    }
}

/// The category of a climb of a ride: metres of length times percent of grade (Strava's rule), from 3 % on.
fn category(climb: &Climb) -> &'static str {
    let score = climb.length() * climb.grade() * 100.0;
    if climb.grade() < 0.03 {
        return "–";
    }
    [
        (80_000.0, "HC"),
        (64_000.0, "1"),
        (32_000.0, "2"),
        (16_000.0, "3"),
        (8_000.0, "4"),
    ]
    .into_iter()
    .find(|(least, _)| score >= *least)
    .map_or("–", |(_, category)| category)
}

fn is_ride(detail: &ActivityDetail) -> bool {
    sports::family(detail.activity.sport()) == "Ride"
}

/// A climb with its number, and what the table reckons of its samples.
struct Row<'a> {
    number: usize,
    climb: &'a Climb,
    /// s
    moving: f64,
    /// s
    stopped: f64,
    watts: Option<f64>,
}

fn climbs_table(
    climbs: &[(usize, &Climb)],
    track: &Track,
    profile: &Profile,
    detail: &ActivityDetail,
    own: &SportUnits,
) -> String {
    let long = units::distance_unit(own.units);
    let short = units::height_unit(own.units);
    let rides = is_ride(detail);
    let rows: Vec<Row<'_>> = climbs
        .iter()
        .map(|&(number, climb)| {
            let (moving, stopped) = profile.times(track, climb.samples.clone());
            Row {
                number,
                climb,
                moving,
                stopped,
                watts: profile.mean(track, "watts", climb.samples.clone()),
            }
        })
        .collect();
    let mean = |row: &Row, channel| profile.mean(track, channel, row.climb.samples.clone());
    let over = |row: &Row, of: Option<f64>| Some(row.watts? / positive(of)?);
    let clock = units::hours_minutes_seconds;
    Columns::<Row<'_>>::new()
        .column("climb", |row| row.number.to_string())
        .column(format!("from {long}"), |row| {
            units::distance(Some(row.climb.from), own.units, 1)
        })
        .column(format!("length {long}"), |row| {
            units::distance(Some(row.climb.length()), own.units, 2)
        })
        .column(format!("gain {short}"), |row| {
            units::height(Some(row.climb.gain), own.units)
        })
        .column("grade %", |row| percent(row.climb.grade()))
        .column("steepest 100 m %", |row| percent(row.climb.steepest))
        .column("category", |row| {
            if rides { category(row.climb) } else { "" }.to_owned()
        })
        .column("time", |row| clock(Some(row.moving)))
        .column("stopped", |row| {
            clock(Some(row.stopped).filter(|secs| *secs >= 1.0))
        })
        .column(format!("VAM {short}/h"), |row| {
            vam(row.climb.gain, row.moving, own)
        })
        .column("W", |row| units::whole(row.watts))
        .column("W/kg", |row| units::fixed(over(row, detail.icu_weight), 2))
        .column("% FTP", |row| {
            units::whole(over(row, detail.activity.icu_ftp).map(|part| part * 100.0))
        })
        .column("HR", |row| units::whole(mean(row, "heartrate")))
        .column("max HR", |row| {
            units::whole(climbs::highest(track, "heartrate", row.climb.samples.clone()))
        })
        .column(own.speed_header(), |row| {
            own.speed_cell((row.moving > 0.0).then(|| row.climb.length() / row.moving))
        })
        .column(own.turns(), |row| own.cadence(mean(row, "cadence")))
        .table(&rows)
}

/// What the columns stand on, and what was not recorded.
fn notes(detail: &ActivityDetail, track: &Track, own: &SportUnits) -> String {
    let power = track.channel("watts").is_some();
    let rides = is_ride(detail);
    let then = joined(
        [
            named(
                "FTP",
                &with_unit(units::whole(positive(detail.activity.icu_ftp)), "W"),
            ),
            named(
                "weight",
                &with_unit(
                    units::weight(positive(detail.icu_weight), own.units),
                    units::weight_unit(own.units),
                ),
            ),
        ],
        ", ",
    );
    let missing = joined(
        [
            ("power", "watts"),
            ("heart rate", "heartrate"),
            ("cadence", "cadence"),
        ]
        .into_iter()
        .filter(|(name, channel)| track.channel(channel).is_none() && (rides || *name != "power"))
        .map(|(name, _)| name.to_owned()),
        ", ",
    );
    joined(
        [
            "means are of the time under way".to_owned(),
            if rides {
                "category: length in metres × grade in % (Strava's rule)".to_owned()
            } else {
                String::new()
            },
            if power {
                named("at that time", &then)
            } else {
                String::new()
            },
            if power && detail.device_watts == Some(false) {
                "power estimated, no power meter".to_owned()
            } else {
                String::new()
            },
            named("not recorded:", &missing),
        ],
        DOT,
    )
}

/// A quarter of a climb by length: grade, moving time, power, heart rate, speed.
struct Quarter {
    grade: Option<f64>,
    secs: f64,
    watts: Option<f64>,
    heart: Option<f64>,
    speed: Option<f64>,
    cadence: Option<f64>,
}

fn quarters_of(climb: &Climb, track: &Track, profile: &Profile) -> [Quarter; 4] {
    let length = climb.length() / 4.0;
    [0.0, 1.0, 2.0, 3.0].map(|number| {
        let from = climb.from + number * length;
        let to = from + length;
        let samples = profile.samples(from, to);
        let (secs, _) = profile.times(track, samples.clone());
        let rise = profile
            .height(to)
            .zip(profile.height(from))
            .map(|(top, foot)| top - foot);
        Quarter {
            grade: rise.map(|rise| rise / length),
            secs,
            watts: profile.mean(track, "watts", samples.clone()),
            heart: profile.mean(track, "heartrate", samples.clone()),
            speed: (secs > 0.0).then(|| length / secs),
            cadence: profile.mean(track, "cadence", samples),
        }
    })
}

fn quarters(climbs: &[(usize, &Climb)], track: &Track, profile: &Profile, own: &SportUnits) -> String {
    type Row = (usize, usize, Quarter);
    let rows: Vec<Row> = climbs
        .iter()
        .flat_map(|(number, climb)| {
            (1..)
                .zip(quarters_of(climb, track, profile))
                .map(|(which, quarter)| (*number, which, quarter))
        })
        .collect();
    let columns = Columns::<Row>::new()
        .column("climb", |(number, ..)| number.to_string())
        .column("quarter", |(_, which, _)| which.to_string())
        .column("grade %", |(.., quarter)| {
            quarter.grade.map(percent).unwrap_or_default()
        })
        .column("time", |(.., quarter)| units::hours_minutes_seconds(quarter.secs))
        .column("W", |(.., quarter)| units::whole(quarter.watts))
        .column("HR", |(.., quarter)| units::whole(quarter.heart))
        .column(own.speed_header(), |(.., quarter)| own.speed_cell(quarter.speed))
        .column(own.turns(), |(.., quarter)| own.cadence(quarter.cadence));
    format!("Quarters by length:\n{}", columns.table(&rows))
}

/// `Last quarter against the first: climb 1 power -4 %, HR +6 % | …`
fn fades(climbs: &[(usize, &Climb)], track: &Track, profile: &Profile) -> String {
    let change = |first: Option<f64>, last: Option<f64>| {
        let part = units::sane(last)? / positive(first)?;
        Some((part - 1.0) * 100.0)
    };
    let each = climbs.iter().filter_map(|(number, climb)| {
        let [first, .., last] = quarters_of(climb, track, profile);
        let changes = joined(
            [
                named(
                    "power",
                    &with_unit(units::signed(change(first.watts, last.watts), 0), "%"),
                ),
                named(
                    "HR",
                    &with_unit(units::signed(change(first.heart, last.heart), 0), "%"),
                ),
            ],
            ", ",
        );
        (!changes.is_empty()).then(|| format!("climb {number} {changes}"))
    });
    named("Last quarter against the first:", &joined(each, " | "))
}

fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(USUAL_GAIN, f64::from)
}
