//! get_activity_detail: one activity in depth: its figures, time in zones and laps, and the parts that `include` adds.
//!
//! One request (`GET /activity/{id}?intervals=true`), which shows whose activity it is before any other request. Each
//! `include` costs one more (streams and splits one together, a plan of another day up to two more), at most three parts per
//! call; the names of the athlete's own fields cost one, where the activity has any. There is no word for the newest
//! activity: finding it would cost another request, and get_training_history lists it first, with its id.

mod laps;
mod parts;
mod recording;
mod summary;

#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{self, sport_units::SportUnits, units, words::sentence},
    arguments::{self, Arguments, Detail},
    one_activity::{self, first_line, has_power, lacks, take_weight},
    params::{Param, words_of},
    part::{Part, Source, not_granted, settle, why},
};
use crate::{
    guard::{Ask, AthleteCard},
    ids::ActivityId,
    intervals::{
        self, Error, Histogram,
        model::{ActivityDetail, Bucket, Comment, CustomField, Event, Stream, Weather},
    },
    permissions,
    tool_error::ToolError,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_ACTIVITY_DETAIL,
    description: "One activity in depth by its id: figures, time in zones, laps or intervals with their repeats. include \
        adds at most three at a time: streams (the recording, averaged over time steps), splits (by km or mile), \
        histograms, weather, plan (the planned workout), comments.",
    params: PARAMS,
    requests: "1–5",
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

/// How many requests `include` may add.
const MOST_PARTS: usize = 3;

/// What `include` can add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Include {
    Streams,
    Splits,
    Histogram(Histogram),
    Weather,
    Plan,
    Comments,
}

const PARTS: [(&str, Include); 8] = [
    ("streams", Include::Streams),
    ("splits", Include::Splits),
    ("power_histogram", Include::Histogram(Histogram::Power)),
    ("hr_histogram", Include::Histogram(Histogram::HeartRate)),
    ("pace_histogram", Include::Histogram(Histogram::Pace)),
    ("weather", Include::Weather),
    ("plan", Include::Plan),
    ("comments", Include::Comments),
];
/// A day and a night at one sample per second still fit into one answer from upstream.
const STREAMS: &[&str] = &[
    "time",
    "watts",
    "heartrate",
    "cadence",
    "velocity_smooth",
    "distance",
    "altitude",
    "fixed_altitude",
];
const SPLITS: &[&str] = &[
    "time",
    "watts",
    "heartrate",
    "velocity_smooth",
    "distance",
    "altitude",
    "fixed_altitude",
];

const PARAMS: &[Param] = &[
    Param::activity_id().required(),
    Param::words("include", &words_of(&PARTS), "What to add, at most three"),
    Param::moment(
        "from",
        "Only laps and streams from this time on: h:mm:ss since the start, or minutes",
    ),
    Param::moment("to", "… and up to this time"),
    Param::count("points", 60, 240, "Maximum rows of streams"),
    Param::detail("more columns, longer texts, own fields, up to 200 laps"),
];

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    id: ActivityId,
    include: Vec<Include>,
    window: Window,
    points: usize,
    detail: Detail,
}

/// A part of the activity, s since its start.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Window {
    from: Option<f64>,
    to: Option<f64>,
}

impl Window {
    fn is_all(self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Whether something from `begin` to `end` overlaps with it; anything without times does.
    fn touches(self, begin: Option<f64>, end: Option<f64>) -> bool {
        let before = end.zip(self.from).is_some_and(|(end, from)| end <= from);
        let after = begin.zip(self.to).is_some_and(|(begin, to)| begin >= to);
        !before && !after
    }

    /// `from 0:12:30 to the end`
    fn in_words(self) -> String {
        let clock = |secs| units::hours_minutes_seconds(secs);
        format!(
            "from {} to {}",
            self.from.map_or_else(|| "the start".to_owned(), clock),
            self.to.map_or_else(|| "the end".to_owned(), clock)
        )
    }
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let id = arguments.the_activity_id()?;
        let include = arguments.words("include", &PARTS)?;
        let window = Window {
            from: arguments.moment("from")?,
            to: arguments.moment("to")?,
        };
        if let (Some(from), Some(to)) = (window.from, window.to)
            && to <= from
        {
            return Err(arguments::wrong("to", "must be after from"));
        }
        let asked = Self {
            id,
            include,
            window,
            points: arguments.count("points")?,
            detail: arguments.detail()?,
        };
        let parts = PARTS.iter().filter(|(_, part)| asked.wants(*part)).count();
        // Streams and splits share one request.
        let shared = asked.wants(Include::Streams) && asked.wants(Include::Splits);
        let parts = parts - usize::from(shared);
        if parts > MOST_PARTS {
            return Err(arguments::wrong(
                "include",
                "must name at most three parts at a time (streams and splits count as one); use a second call for the \
                 others",
            ));
        }
        Ok(asked)
    }

    /// Whether this part is requested.
    fn wants(&self, part: Include) -> bool {
        self.include.contains(&part)
    }

    /// The requested histograms, in order.
    fn histograms(&self) -> impl Iterator<Item = Histogram> {
        PARTS.iter().filter_map(|(_, part)| match part {
            Include::Histogram(histogram) if self.wants(*part) => Some(*histogram),
            _ => None,
        })
    }

    /// The streams to request. None: no recording is needed.
    fn channels(&self) -> Option<&'static [&'static str]> {
        match (self.wants(Include::Streams), self.wants(Include::Splits)) {
            (true, _) => Some(STREAMS),
            (false, true) => Some(SPLITS),
            (false, false) => None,
        }
    }
}

/// Everything that the answer needs.
#[derive(Debug)]
struct Found {
    detail: ActivityDetail,
    /// The names of the athlete's own fields, as far as they can be read.
    names: Vec<CustomField>,
    streams: Part<Vec<Stream>>,
    histograms: Vec<(Histogram, Part<Vec<Bucket>>)>,
    weather: Part<Weather>,
    plan: Part<Event>,
    comments: Part<Vec<Comment>>,
}

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    let asked = Asked::read(given, today)?;
    let mut detail = one_activity::fetch(upstream, &asked.id).await?;
    if let Some(stub) = one_activity::stub(card, today, &detail) {
        return Ok(stub);
    }
    let withheld = withhold(card, &asked, &mut detail, today);
    let (names, streams, histograms, weather, plan, comments) = tokio::join!(
        names(upstream, &detail),
        streams(upstream, &asked, &detail),
        histograms(upstream, &asked, &detail),
        weather(upstream, &asked, &detail),
        plan(upstream, card, &asked, &detail),
        comments(upstream, &asked),
    );
    let (names, (plan, unresolved)) = (names?, plan?);
    let found = Found {
        names: names.got().cloned().unwrap_or_default(),
        streams: streams?,
        histograms: histograms?,
        weather: weather?,
        plan,
        comments: comments?,
        detail,
    };
    let answer = render(card, today, &asked, &found);
    Ok(answer.and([unresolved, names.missing()]).and(withheld))
}

/// Removes what another tool shows and is not granted, and says so.
fn withhold(card: &AthleteCard, asked: &Asked, detail: &mut ActivityDetail, today: NaiveDate) -> Vec<String> {
    let is_of_today = summary::is_of_today(detail, today);
    let mut left = Vec::new();
    let mut take_fitness = |what, tool| {
        let (ctl, atl) = (detail.icu_ctl.take(), detail.icu_atl.take());
        left.extend(ctl.or(atl).map(|_| not_granted(what, tool)));
    };
    if !card.shows(&permissions::GET_FITNESS) {
        take_fitness("CTL, ATL and form after it", &permissions::GET_FITNESS);
    } else if !card.shows(&permissions::GET_EVENTS) && is_of_today {
        take_fitness(
            "CTL, ATL and form after it (they may hold planned load)",
            &permissions::GET_EVENTS,
        );
    }
    if !card.shows(&permissions::GET_FITNESS)
        && !card.shows(&permissions::GET_POWER_CURVES)
        && detail.icu_rolling_ftp.take().is_some()
    {
        left.push(not_granted("eFTP after it", &permissions::GET_POWER_CURVES));
    }
    if !card.shows(&permissions::GET_EVENTS) {
        let kept = detail.activity.done_of_plan().is_some();
        detail.activity.compliance = None;
        let planned = detail.activity.paired_event_id.take().is_some();
        // A plan that was asked for has a line of its own.
        if (planned || kept) && !asked.wants(Include::Plan) {
            left.push(not_granted(
                "Planned workout and its compliance",
                &permissions::GET_EVENTS,
            ));
        }
    }
    if !card.shows(&permissions::GET_WELLNESS) && take_weight(detail) && has_power(detail) {
        left.push(not_granted("W/kg", &permissions::GET_WELLNESS));
    }
    left
}

async fn streams(
    upstream: &intervals::Athlete,
    asked: &Asked,
    detail: &ActivityDetail,
) -> Result<Part<Vec<Stream>>, ToolError> {
    let Some(channels) = asked.channels() else {
        return Ok(Part::NotAsked);
    };
    let what = match (asked.wants(Include::Streams), asked.wants(Include::Splits)) {
        (true, true) => "Streams and splits",
        (true, false) => "Streams",
        _ => "Splits",
    };
    if lacks(detail, &["time"]) {
        return Ok(Part::Missing(format!("{what}: this activity has no recording.")));
    }
    settle(
        what,
        Source::Activity,
        upstream.streams(&asked.id, channels).await,
    )
}

async fn histograms(
    upstream: &intervals::Athlete,
    asked: &Asked,
    detail: &ActivityDetail,
) -> Result<Vec<(Histogram, Part<Vec<Bucket>>)>, ToolError> {
    let answers = asked.histograms().map(|of| async move {
        let (what, of_what, streams): (_, _, &[&str]) = match of {
            Histogram::Power => ("Power histogram", "power", &["watts"]),
            Histogram::HeartRate => ("HR histogram", "heart rate", &["heartrate"]),
            Histogram::Pace => ("Pace histogram", "speed", &["velocity_smooth", "distance"]),
        };
        if lacks(detail, streams) {
            return Ok((of, Part::Missing(format!("{what}: no {of_what} recorded."))));
        }
        Ok((
            of,
            settle(what, Source::Activity, upstream.histogram(&asked.id, of).await)?,
        ))
    });
    futures::future::join_all(answers).await.into_iter().collect()
}

async fn weather(
    upstream: &intervals::Athlete,
    asked: &Asked,
    detail: &ActivityDetail,
) -> Result<Part<Weather>, ToolError> {
    if !asked.wants(Include::Weather) {
        return Ok(Part::NotAsked);
    }
    if detail.has_weather == Some(false) {
        return Ok(Part::Missing(
            "Weather: intervals.icu has none for this activity.".to_owned(),
        ));
    }
    settle("Weather", Source::Activity, upstream.weather(&asked.id).await)
}

/// The planned workout, and why its targets are not resolved if the list that has them failed.
async fn plan(
    upstream: &intervals::Athlete,
    card: &AthleteCard,
    asked: &Asked,
    detail: &ActivityDetail,
) -> Result<(Part<Event>, String), ToolError> {
    const WHAT: &str = "Plan";
    let without = |part| Ok((part, String::new()));
    if asked.wants(Include::Plan) && !card.shows(&permissions::GET_EVENTS) {
        return without(Part::not_granted(WHAT, &permissions::GET_EVENTS));
    }
    match (asked.wants(Include::Plan), detail.activity.paired_event_id) {
        (false, _) => without(Part::NotAsked),
        (true, None) => without(Part::Missing(
            "Plan: no planned workout is paired with this activity.".to_owned(),
        )),
        (true, Some(event)) => match resolved(upstream, detail.activity.day(), event).await {
            Ok((event, failed)) => {
                let cause = failed.map(|error| why(&error, "the calendar"));
                Ok((
                    Part::Got(event),
                    sentence(
                        "Targets of the plan are not resolved:",
                        &cause.unwrap_or_default(),
                    ),
                ))
            }
            // It is deleted, or kept from the athlete.
            Err(Error::NotFound) => without(Part::Missing(
                "Plan left out: it is not among the entries that can be shown.".to_owned(),
            )),
            // What an entry says of itself does not make the activity another athlete's.
            Err(error @ Error::WrongAthlete) => without(Part::Missing(format!(
                "Plan left out: {}.",
                why(&error, "the calendar")
            ))),
            Err(error) => without(settle(WHAT, Source::Activity, Err(error))?),
        },
    }
}

/// The planned workout with its targets resolved, which only a list of a day has, or why that list failed. Nearly every plan is of
/// the activity's day.
async fn resolved(
    upstream: &intervals::Athlete,
    day: Option<NaiveDate>,
    id: i64,
) -> Result<(Event, Option<Error>), Error> {
    let on = |day: NaiveDate| async move {
        let found = upstream.calendar(day, day, &Event::TO_DO).await?;
        Ok::<_, Error>(found.into_iter().find(|event| event.id == Some(id)))
    };
    let mut failed = None;
    if let Some(day) = day {
        match on(day).await {
            Ok(Some(event)) => return Ok((event, None)),
            Ok(None) => {}
            Err(error) => failed = Some(error),
        }
    }
    let event = upstream.event(id).await?;
    if event.workout_doc.is_none() {
        return Ok((event, None));
    }
    match event.day().filter(|own| Some(*own) != day) {
        Some(own) => match on(own).await {
            Ok(found) => Ok((found.unwrap_or(event), None)),
            Err(error) => Ok((event, Some(error))),
        },
        None => Ok((event, failed)),
    }
}

/// The names of the athlete's own fields, if the activity has any.
async fn names(
    upstream: &intervals::Athlete,
    detail: &ActivityDetail,
) -> Result<Part<Vec<CustomField>>, ToolError> {
    if detail.own.is_empty() {
        return Ok(Part::NotAsked);
    }
    settle(
        "Names of own fields",
        Source::Other,
        upstream.activity_fields().await,
    )
}

/// Beside comments that cannot be shown, for whoever would then write one.
const NO_COMMENTING: &str =
    "IcuSync cannot add comments either: intervals.icu's permission for that opens private chats too.";

async fn comments(upstream: &intervals::Athlete, asked: &Asked) -> Result<Part<Vec<Comment>>, ToolError> {
    if !asked.wants(Include::Comments) {
        return Ok(Part::NotAsked);
    }
    let found = settle("Comments", Source::Activity, upstream.comments(&asked.id).await)?;
    Ok(match found {
        Part::Missing(why) => Part::Missing(format!("{why} {NO_COMMENTING}")),
        found => found,
    })
}

fn render(card: &AthleteCard, today: NaiveDate, asked: &Asked, found: &Found) -> Answer {
    let detail = &found.detail;
    let manner = SportUnits::of_activity(&detail.activity, card.units);
    let mut blocks = vec![first_line(card, today, detail)];
    blocks.extend(summary::lines(
        (detail, &found.names),
        &manner,
        asked.detail,
        today,
    ));
    blocks.push(summary::zones(detail, &manner));
    blocks.push(laps::block(
        (detail, found.plan.got()),
        &manner,
        asked.window,
        asked.detail,
    ));
    blocks.push(
        found
            .streams
            .text(|streams| recording::block(streams, &manner, asked)),
    );
    for (of, bars) in &found.histograms {
        blocks.push(bars.text(|bars| parts::histogram(*of, bars, detail, &manner)));
    }
    blocks.push(found.weather.text(|weather| parts::weather(weather, card.units)));
    blocks.push(
        found
            .plan
            .text(|plan| parts::plan(plan, detail, &manner, asked.detail)),
    );
    blocks.push(
        found
            .comments
            .text(|comments| parts::comments(comments, card, asked.detail)),
    );
    blocks.push(answer::garmin_line([detail.activity.origin()]));
    Answer::of(blocks)
}
