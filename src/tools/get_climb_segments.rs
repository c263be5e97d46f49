//! get_climb_segments: the climbs of one activity, found in its recording.
//!
//! Two requests: `GET /activity/{id}?intervals=true`, which shows whose activity it is and has sport, FTP and weight, and
//! `GET /activity/{id}/streams.json`. Only the first for activities that cannot have climbs: a swim, a Strava stub, one
//! without altitude. How climbs are found is in [`crate::training::climbs`].

#[cfg(test)]
mod tests;

use std::ops::Range;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{
        self,
        sport_units::SportUnits,
        table::Columns,
        units::{self, hours_minutes_seconds as clock, positive},
        words::{Line, around, joined, sentence},
    },
    arguments::{Arguments, Detail},
    one_activity::{self, first_line, lacks, take_weight},
    params::Param,
    part::{Part, Source, not_granted, settle},
};
use crate::{
    guard::{Ask, AthleteCard, Units},
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
    description: "The climbs of one activity by its id, found in its recording: where, length, gain, average and steepest \
        grade, category, time, VAM, power, W/kg, % of FTP, HR, speed or pace, cadence.",
    params: PARAMS,
    requests: "2",
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
    Param::count("min_gain", 30, 3000, "Minimum gain in metres"),
    Param::count("min_grade", 3, 25, "Minimum average grade in percent"),
    Param::detail("each climb by quarters, and how power and HR changed"),
];

/// The call's arguments.
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

    /// ` (in metres, now 30)`, for athletes who read feet.
    fn gain_in_metres(&self, own: Units) -> String {
        let now = Some(self.rule.least_gain).filter(|_| own.imperial);
        now.map_or_else(String::new, |now| {
            format!(" (in metres, now {})", units::whole(now))
        })
    }

    /// `at least 30 m of gain and 3 % over 500 m`
    fn in_words(&self, own: Units) -> String {
        format!(
            "at least {} of gain and {} % over {}",
            units::height_in_words(Some(self.rule.least_gain), own),
            units::whole(self.rule.least_grade * 100.0),
            units::height_in_words(Some(self.rule.least_length()), own),
        )
    }
}

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    let asked = Asked::read(given, today)?;
    let mut detail = one_activity::fetch(upstream, &asked.id).await?;
    let withheld = (!card.shows(&permissions::GET_WELLNESS) && take_weight(&mut detail))
        .then(|| not_granted("W/kg and weight", &permissions::GET_WELLNESS));
    if let Some(stub) = one_activity::stub(card, today, &detail) {
        return Ok(stub);
    }
    let streams = if no_climbs(&detail).is_some() {
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

/// Why the activity cannot have climbs, if that is known before its recording is fetched.
fn no_climbs(detail: &ActivityDetail) -> Option<&'static str> {
    let sport = detail.activity.sport();
    if matches!(Tempo::of(sport), Tempo::Swim | Tempo::Row) {
        return Some("No climbs: this activity was in or on the water.");
    }
    if lacks(detail, &["time"]) {
        return Some("No climbs: this activity has no recording.");
    }
    if lacks(detail, &["altitude", "fixed_altitude"]) {
        return Some("No climbs: no altitude was recorded (for example indoors without a virtual course).");
    }
    if lacks(detail, &["distance", "velocity_smooth"]) {
        return Some("No climbs: neither distance nor speed was recorded.");
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
            SportUnits::of_activity(activity, card.units),
        ),
    });
    blocks.push(answer::garmin_line([activity.origin()]));
    Answer::of(blocks)
}

/// The climbs of a recording, or why there is none.
fn found(asked: &Asked, detail: &ActivityDetail, streams: &[Stream], own: SportUnits) -> Vec<String> {
    let Some(track) = one_activity::track(streams) else {
        return vec!["No climbs: this activity has no recording.".to_owned()];
    };
    let profile = match Profile::of(&track) {
        Ok(profile) => profile,
        Err(Flat::NoAltitude) if one_activity::altitude_stands(streams) => {
            return vec!["No climbs: the recorded altitude never moves, so none was measured.".to_owned()];
        }
        Err(Flat::NoAltitude) => return vec!["No climbs: no altitude was recorded.".to_owned()],
        Err(Flat::NoDistance) => {
            return vec!["No climbs: no distance was recorded, or nothing moved.".to_owned()];
        }
    };
    let way = Way {
        detail,
        track: &track,
        profile: &profile,
        own,
    };
    let climbs = profile.climbs(asked.rule);
    let whole = way.whole_gain();
    if climbs.is_empty() {
        let span = profile.span();
        let span = span
            .map(|(low, high)| format!(", between {} and {} above the sea", way.high(low), way.high(high)));
        return vec![format!(
            "No climb of {} found; {whole}{}. Smaller ones: use a lower min_gain{} or min_grade.",
            asked.in_words(own.units),
            span.unwrap_or_default(),
            asked.gain_in_metres(own.units)
        )];
    }
    let (climbs, more) = largest(&climbs);
    let sum: f64 = climbs.iter().map(|(_, climb)| climb.gain).sum();
    let head = Line::new()
        .words(format!(
            "{} of {} (found by IcuSync in distance and altitude)",
            answer::counted(climbs.len(), "climb", "climbs"),
            asked.in_words(own.units)
        ))
        .words(format!("{} in total", way.high(sum)))
        .words(whole);
    let mut blocks = vec![head.text(), way.table(&climbs), more, way.notes()];
    if asked.detail == Detail::Full {
        blocks.push(way.quarters(&climbs));
        blocks.push(way.fades(&climbs));
    }
    blocks
}

/// All climbs, or the largest by gain, in the order of the route with their numbers, and how to see only those.
fn largest(climbs: &[Climb]) -> (Vec<Numbered<'_>>, String) {
    let numbered: Vec<Numbered<'_>> = (1..).zip(climbs).collect();
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
        "… {} smaller climbs left out: use min_gain={} for only the largest.",
        climbs.len() - shown.len(),
        units::whole(least.floor())
    );
    (shown, more)
}

/// A grade or a change as a percentage with one decimal.
fn percent(fraction: f64) -> String {
    units::fixed(fraction * 100.0, 1)
}

/// The category of a climb of a ride: length in metres times grade in percent (Strava's rule), from 3 % on.
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

/// A climb with its number in the order of the route.
type Numbered<'a> = (usize, &'a Climb);

/// A climb, and what the table computes from its samples.
struct Row<'a> {
    number: usize,
    climb: &'a Climb,
    /// s
    moving: f64,
    /// s
    stopped: f64,
    watts: Option<f64>,
}

/// A quarter of a climb by length.
struct Quarter {
    /// The climb's number, from 1.
    number: usize,
    /// The quarter's number, from 1.
    which: usize,
    grade: Option<f64>,
    /// s, moving.
    secs: f64,
    watts: Option<f64>,
    heart: Option<f64>,
    speed: Option<f64>,
    cadence: Option<f64>,
}

/// The recorded route, with everything that describes its climbs.
struct Way<'a> {
    detail: &'a ActivityDetail,
    track: &'a Track,
    profile: &'a Profile,
    own: SportUnits,
}

impl Way<'_> {
    /// `1040 m`
    fn high(&self, metres: f64) -> String {
        units::height_in_words(Some(metres), self.own.units)
    }

    /// `elevation gain 812 m`
    fn whole_gain(&self) -> String {
        match units::sane(self.detail.activity.total_elevation_gain) {
            Some(gain) => format!("elevation gain {}", self.high(gain)),
            None => format!(
                "elevation gain {} (sum of the profile)",
                self.high(self.profile.gain())
            ),
        }
    }

    fn is_ride(&self) -> bool {
        sports::family(self.detail.activity.sport()) == "Ride"
    }

    /// The average of a channel while moving.
    fn mean(&self, channel: &str, samples: &Range<usize>) -> Option<f64> {
        self.profile.mean(self.track, channel, samples.clone())
    }

    fn table(&self, climbs: &[Numbered<'_>]) -> String {
        let (own, imperial) = (&self.own, self.own.units);
        let (long, short) = (units::distance_unit(imperial), units::height_unit(imperial));
        let rows = climbs.iter().map(|&(number, climb)| {
            let (moving, stopped) = self.profile.times(self.track, climb.samples.clone());
            Row {
                number,
                climb,
                moving,
                stopped,
                watts: self.mean("watts", &climb.samples),
            }
        });
        let over = |row: &Row, of: Option<f64>| Some(row.watts? / positive(of)?);
        let over_time = |row: &Row, way: f64| (row.moving > 0.0).then(|| way / row.moving);
        Columns::<Row<'_>>::new()
            .column("climb", |row| row.number.to_string())
            .column(format!("from {long}"), |row| {
                units::distance(Some(row.climb.from), imperial, 1)
            })
            .column(format!("length {long}"), |row| {
                units::distance(Some(row.climb.length()), imperial, 2)
            })
            .column(format!("gain {short}"), |row| {
                units::height(Some(row.climb.gain), imperial)
            })
            .column("grade %", |row| percent(row.climb.grade()))
            .column("steepest 100 m %", |row| percent(row.climb.steepest))
            .column("category", |row| {
                if self.is_ride() { category(row.climb) } else { "" }.to_owned()
            })
            .column("time", |row| clock(row.moving))
            .column("stopped", |row| {
                clock(Some(row.stopped).filter(|secs| *secs >= 1.0))
            })
            .column(format!("VAM {short}/h"), |row| {
                units::height(over_time(row, row.climb.gain * 3600.0), imperial)
            })
            .column("W", |row| units::whole(row.watts))
            .column("W/kg", |row| units::fixed(over(row, self.detail.icu_weight), 2))
            .column("% FTP", |row| {
                units::whole(over(row, self.detail.activity.icu_ftp).map(|part| part * 100.0))
            })
            .column("HR", |row| {
                units::whole(self.mean("heartrate", &row.climb.samples))
            })
            .column("max HR", |row| {
                units::whole(climbs::highest(
                    self.track,
                    "heartrate",
                    row.climb.samples.clone(),
                ))
            })
            .column(own.speed_header(), |row| {
                own.speed_cell(over_time(row, row.climb.length()))
            })
            .column(own.turns(), |row| {
                own.cadence(self.mean("cadence", &row.climb.samples))
            })
            .table(&rows.collect::<Vec<_>>())
    }

    /// What the columns are based on, and what was not recorded.
    fn notes(&self) -> String {
        let has = |channel: &str| self.track.channel(channel).is_some();
        let weight = units::weight_in_words(positive(self.detail.icu_weight), self.own.units);
        let then = [
            around("FTP", &units::whole(positive(self.detail.activity.icu_ftp)), "W"),
            around("weight", &weight, ""),
        ];
        let then = if has("watts") {
            joined(then, ", ")
        } else {
            String::new()
        };
        let missing = [
            ("power", !has("watts") && self.is_ride()),
            ("heart rate", !has("heartrate")),
            ("cadence", !has("cadence")),
        ];
        let missing = missing.into_iter().filter(|(_, missing)| *missing);
        let estimated = has("watts") && self.detail.device_watts == Some(false);
        let when = |is: bool, words: &'static str| if is { words } else { "" };
        joined(
            [
                "Averages are over moving time.",
                when(
                    self.is_ride(),
                    "Category: length in metres × grade in % (Strava's rule).",
                ),
                &sentence("In use at that time:", &then),
                when(estimated, "Power is estimated, without a power meter."),
                &sentence("Not recorded:", &joined(missing.map(|(name, _)| name), ", ")),
            ],
            " ",
        )
    }

    fn quarters_of(&self, (number, climb): Numbered<'_>) -> [Quarter; 4] {
        let length = climb.length() / 4.0;
        let quarter = |which: usize, after: f64| {
            let from = climb.from + after * length;
            let to = from + length;
            let samples = self.profile.samples(from, to);
            let (secs, _) = self.profile.times(self.track, samples.clone());
            let rise = self.profile.height(to).zip(self.profile.height(from));
            Quarter {
                number,
                which,
                grade: rise.map(|(top, foot)| (top - foot) / length),
                secs,
                watts: self.mean("watts", &samples),
                heart: self.mean("heartrate", &samples),
                speed: (secs > 0.0).then(|| length / secs),
                cadence: self.mean("cadence", &samples),
            }
        };
        [quarter(1, 0.0), quarter(2, 1.0), quarter(3, 2.0), quarter(4, 3.0)]
    }

    fn quarters(&self, climbs: &[Numbered<'_>]) -> String {
        let own = &self.own;
        let rows: Vec<Quarter> = climbs.iter().flat_map(|climb| self.quarters_of(*climb)).collect();
        let columns = Columns::<Quarter>::new()
            .column("climb", |row| row.number.to_string())
            .column("quarter", |row| row.which.to_string())
            .column("grade %", |row| row.grade.map(percent).unwrap_or_default())
            .column("time", |row| clock(row.secs))
            .column("W", |row| units::whole(row.watts))
            .column("HR", |row| units::whole(row.heart))
            .column(own.speed_header(), |row| own.speed_cell(row.speed))
            .column(own.turns(), |row| own.cadence(row.cadence));
        format!("Quarters by length:\n{}", columns.table(&rows))
    }

    /// `Last quarter against the first: climb 1 power -4 %, HR +6 % | …`
    fn fades(&self, climbs: &[Numbered<'_>]) -> String {
        // Of the quarters as shown.
        let change = |first: Option<f64>, last: Option<f64>| {
            let part = units::shown(last, 0)? / positive(units::shown(first, 0))?;
            Some((part - 1.0) * 100.0)
        };
        let each = climbs.iter().map(|climb| {
            let [first, .., last] = self.quarters_of(*climb);
            let changes = [
                around("power", &units::signed(change(first.watts, last.watts), 0), "%"),
                around("HR", &units::signed(change(first.heart, last.heart), 0), "%"),
            ];
            around(&format!("climb {}", climb.0), &joined(changes, ", "), "")
        });
        around("Last quarter against the first:", &joined(each, " | "), "")
    }
}

fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(USUAL_GAIN, f64::from)
}
