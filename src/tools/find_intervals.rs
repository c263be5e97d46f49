//! find_intervals: sets of intervals of a length and an intensity, or like those of an activity, one row a set, each against
//! the first.
//!
//! At most four requests. First the activity to compare with (`GET /activity/{id}?intervals=true`) or, for watts, beats or a
//! pace, the thresholds (`GET /athlete/{id}`). Then together intervals.icu's search, which knows no dates and answers its newest
//! matches only, and the list of the range with a summary of each activity's intervals, which reaches back where the search does
//! not and counts what Strava closes. Last the intervals of those that may fit, in one request; what fits is then judged by what
//! they measured.

mod rows;
mod sets;
mod table;
mod wanted;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{self, cut::Cut, sports_in_short, units},
    arguments::{self, Arguments, Detail, Range, Span, TEN_YEARS},
    one_activity,
    params::Param,
    part::{Part, Source, if_there, settle},
};
use crate::{
    guard::{Ask, AthleteCard},
    ids::ActivityId,
    intervals::{
        IntervalQuery,
        model::{self, Activity, ActivityDetail, InShort, SportSettings},
    },
    permissions,
    text::fenced,
    tool_error::ToolError,
    training::sports::{self, Tempo},
};
use sets::{Metric, NoSets, Set, hardest, sets_of};
use wanted::{Intensity, Length};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::FIND_INTERVALS,
    description: "Sets of intervals over time, each against the first: by length and intensity, or like an activity's main \
        set. A row a set: repetitions, power, pace or HR, spread, fade.",
    params: PARAMS,
    requests: "2–4",
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

/// Activities that one search answers: whole objects of some 7 kB each.
const SEARCHED: u32 = 100;
/// Activities of a list: ten years of somebody who trains almost daily.
const LISTED: usize = 3000;
/// Activities whose intervals are read at most.
const READ: usize = 60;
/// Bytes of an answer with intervals: well below what one may have.
const READ_BYTES: usize = 3_000_000;
/// Bytes of an activity without its intervals, and of one interval.
const BYTES: (usize, usize) = (8_000, 1_900);
/// Intervals of an activity of which the number of laps says little, and of one that is only known in short.
const FEW_LAPS: usize = 12;
const SOME_LAPS: usize = 30;

/// Rows of an answer at most.
const MOST_ROWS: usize = 30;

const SPAN: Span = Span {
    days: 365,
    ahead: 0,
    longest: TEN_YEARS,
};

const PARAMS: &[Param] = &[
    Param::activity_id_in("like", "Activity id; its hardest set is the reference"),
    Param::figure("length", 20, "Of one interval: 8m, 7-9m, 30s, 1km, 400mtr"),
    Param::figure(
        "intensity",
        30,
        "240-260W, 95%, 95-100% LTHR, 165bpm, 3:50-4:05/km",
    ),
    Param::count("reps", 1, 100, "Minimum repetitions"),
    Param::sport("Default: any, or that of like"),
    Param::oldest("a year before newest"),
    Param::newest("today"),
    Param::limit(20, MOST_ROWS),
    Param::detail("NP, power of runs"),
];

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    like: Option<ActivityId>,
    length: Option<Length>,
    intensity: Option<Intensity>,
    /// None: left to the tool.
    reps: Option<usize>,
    sports: Option<&'static [&'static str]>,
    range: Range,
    /// Why the range ends before it was asked to.
    to_today: String,
    limit: usize,
    detail: Detail,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let (range, to_today) = arguments.range_to_today(SPAN)?;
        if range.oldest > today {
            return Err(arguments::wrong(
                "oldest",
                "must not be after today: intervals are in the past",
            ));
        }
        let length = arguments.figure("length")?;
        let intensity = arguments.figure("intensity")?;
        let reps = arguments.count("reps")?;
        let asked = Self {
            like: arguments.activity_id_in("like")?,
            length: length.map(|text| Length::read("length", &text)).transpose()?,
            intensity: intensity
                .map(|text| Intensity::read("intensity", &text))
                .transpose()?,
            reps: arguments.gives("reps").then_some(reps),
            sports: arguments.sport()?,
            range,
            to_today,
            limit: arguments.limit()?,
            detail: arguments.detail()?,
        };
        if asked.like.is_none() && asked.length.is_none() && asked.intensity.is_none() {
            return Err(ToolError::Input(
                "Not done: say what to find: like with an activity id, or length, intensity or both."
                    .to_owned(),
            ));
        }
        Ok(asked)
    }
}

/// What a set must be like.
#[derive(Debug)]
struct Wanted {
    length: Option<Length>,
    /// Any of these; none means any intensity.
    intensities: Vec<Intensity>,
    reps: usize,
    sports: Option<&'static [&'static str]>,
}

impl Wanted {
    fn of(asked: &Asked) -> Self {
        Self {
            length: asked.length,
            intensities: asked.intensity.into_iter().collect(),
            reps: asked.reps.unwrap_or(1),
            sports: asked.sports,
        }
    }

    /// What is like the reference. At least half as many repetitions, so that a day that ended early is there too.
    fn like(asked: &Asked, reference: &Set<'_>) -> Self {
        let sport = reference.detail.activity.sport();
        Self {
            length: Length::like(reference),
            intensities: Intensity::like(reference),
            reps: asked.reps.unwrap_or_else(|| reference.reps().div_ceil(2)),
            sports: asked.sports.or_else(|| sports::meant_by(sports::family(sport))),
        }
    }

    /// What the sets are measured by; None: what their sport goes by.
    fn metric(&self) -> Option<Metric> {
        self.intensities.first().and_then(|one| one.of)
    }

    fn tempo(&self) -> Option<Tempo> {
        let first = self.sports.and_then(|sports| sports.first());
        first.map(|sport| Tempo::of(sport))
    }

    fn takes(&self, set: &Set<'_>) -> bool {
        self.has_length(set)
            && (self.intensities.is_empty() || self.intensities.iter().any(|one| one.takes(set)))
    }

    fn has_length(&self, set: &Set<'_>) -> bool {
        set.reps() >= self.reps
            && self
                .length
                .is_none_or(|length| length.takes(set.secs(), set.metres()))
    }

    /// Whether the activity as a whole allows it: no repetition beats faster than the heart ever did.
    fn is_possible_in(&self, activity: &Activity) -> bool {
        let Some(most) = units::positive(activity.max_heartrate) else {
            return true;
        };
        let is_reached = |one: &Intensity| {
            one.of != Some(Metric::HeartRate) || one.scale != wanted::Scale::Absolute || one.low <= most
        };
        self.intensities.is_empty() || self.intensities.iter().any(is_reached)
    }

    /// The query, and whether its percents stand for the intensity: without a threshold the search cannot know it.
    fn query(&self, settings: &[&SportSettings]) -> (IntervalQuery, bool) {
        let pace = self.intensities.iter().find(|one| {
            one.of == Some(Metric::Pace) && one.scale == wanted::Scale::Absolute && one.high.is_finite()
        });
        let secs = self
            .length
            .map_or((5, 5 * 3600), |length| length.secs(self.tempo(), pace));
        // What is like a set by its part of the threshold is enough for the search: it knows no other measure.
        let relative: Vec<Intensity> = self
            .intensities
            .iter()
            .copied()
            .filter(|one| one.scale != wanted::Scale::Absolute)
            .collect();
        let known = if relative.is_empty() {
            &self.intensities
        } else {
            &relative
        };
        let percent = wanted::percents(known, settings);
        let query = IntervalQuery {
            secs,
            percent: percent.unwrap_or(wanted::any_percent()),
            of: percent.map_or(crate::intervals::IntensityOf::Auto, |_| {
                wanted::searched(&self.intensities)
            }),
            reps: u32::try_from(self.reps).unwrap_or(u32::MAX),
            limit: SEARCHED,
        };
        (query, percent.is_some())
    }
}

/// An activity that may have such sets.
#[derive(Debug)]
struct Candidate {
    id: ActivityId,
    day: NaiveDate,
    /// How many intervals it has, as far as that can be told.
    laps: usize,
}

/// How many candidates, the newest, fit into one answer.
fn fitting(all: &[Candidate]) -> usize {
    let bytes = |one: &Candidate| BYTES.0 + BYTES.1 * one.laps.max(FEW_LAPS);
    let sums = all.iter().scan(0, |sum, one| {
        *sum += bytes(one);
        Some(*sum)
    });
    let count = sums.take_while(|sum| *sum <= READ_BYTES).count();
    count.clamp(1, READ)
}

/// Which activities may have such sets, newest first.
#[derive(Debug)]
struct Candidates {
    ids: Vec<Candidate>,
    /// The day back to which the search reached, if there may be more.
    reach: Option<NaiveDate>,
    /// How many of the ids the list's summaries gave.
    by_summary: usize,
}

/// What was searched, and what came of it.
#[derive(Debug)]
struct Found {
    list: Part<Vec<InShort>>,
    candidates: Candidates,
    /// Those that were read.
    read: Vec<ActivityDetail>,
    /// Of the candidates that were not read: how many, and the day of the newest.
    left: Option<(usize, NaiveDate)>,
}

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    let asked = Asked::read(given, today)?;
    let Some(id) = &asked.like else {
        let wanted = Wanted::of(&asked);
        let profile = if needs_thresholds(&wanted) {
            if_there(upstream.profile().await)?
        } else {
            None
        };
        let settings = settings_of(profile.as_ref(), &wanted);
        let found = find(&ask, &asked, &wanted, &settings).await?;
        return Ok(rows::render(card, today, &asked, &wanted, None, &found));
    };
    let like = one_activity::fetch(upstream, id).await?;
    if let Some(stub) = one_activity::stub(card, today, &like) {
        return Ok(stub);
    }
    let metric = asked.intensity.and_then(|one| one.of);
    let sets = match sets_of(&like, metric, card.units) {
        Ok(sets) => sets,
        Err(why) => return Ok(no_reference(card, today, &like, why)),
    };
    let own = Wanted::of(&asked);
    let fitting: Vec<&Set<'_>> = sets.iter().filter(|set| own.takes(set)).collect();
    // A single lap is the core of a session only where nothing was repeated.
    let repeated: Vec<&Set<'_>> = fitting.iter().copied().filter(|set| set.reps() > 1).collect();
    let pick = if repeated.is_empty() { fitting } else { repeated };
    let Some(reference) = hardest(pick) else {
        return Ok(rows::none_like_that(card, today, &like, &sets));
    };
    let wanted = Wanted::like(&asked, reference);
    let then = SportSettings {
        ftp: like.activity.icu_ftp,
        lthr: like.lthr,
        threshold_pace: like.threshold_pace,
        ..SportSettings::default()
    };
    let found = find(&ask, &asked, &wanted, &[&then]).await?;
    let reference = rows::Reference {
        set: reference,
        others: sets.iter().filter(|set| !std::ptr::eq(*set, reference)).collect(),
    };
    Ok(rows::render(
        card,
        today,
        &asked,
        &wanted,
        Some(&reference),
        &found,
    ))
}

/// Whether only the athlete's thresholds turn the intensity into percent.
fn needs_thresholds(wanted: &Wanted) -> bool {
    wanted
        .intensities
        .iter()
        .any(|one| one.scale == wanted::Scale::Absolute)
}

/// The settings of these sports.
fn settings_of<'a>(profile: Option<&'a model::Athlete>, wanted: &Wanted) -> Vec<&'a SportSettings> {
    let all = profile.and_then(|profile| profile.sport_settings.as_deref());
    let is_of = |own: &&SportSettings| {
        wanted.sports.is_none_or(|sports| {
            let mut types = own.types.iter().flatten();
            types.any(|own| sports.contains(&own.as_str()))
        })
    };
    all.unwrap_or_default().iter().filter(is_of).collect()
}

/// Why an activity is no reference.
fn no_reference(card: &AthleteCard, today: NaiveDate, like: &ActivityDetail, why: NoSets) -> Answer {
    let why = match why {
        NoSets::Uncut if like.activity.is_manual() => "it was entered by hand",
        NoSets::Uncut if like.analyzed.is_none() => {
            "intervals.icu has not analysed it yet; try again in a few minutes"
        }
        NoSets::Uncut => "intervals.icu lists none",
        NoSets::AutoLaps => "its laps are the device's auto-laps",
        NoSets::NoWork => "none of its laps is a part that was worked",
    };
    Answer::of([
        one_activity::first_line(card, today, like),
        format!(
            "This activity has no intervals to compare with: {why}. Use length and intensity instead of like."
        ),
    ])
}

/// The search, the list, and the intervals of what may fit.
async fn find(
    ask: &Ask,
    asked: &Asked,
    wanted: &Wanted,
    settings: &[&SportSettings],
) -> Result<Found, ToolError> {
    let upstream = &ask.upstream;
    let (query, is_known) = wanted.query(settings);
    let range = asked.range;
    let (searched, list) = tokio::join!(
        upstream.search_intervals(&query),
        upstream.intervals_in_short(range.oldest, range.newest, LISTED),
    );
    let searched = searched?;
    let list = settle("Activities outside the search", Source::Activities, list)?;
    let candidates = choose(asked, wanted, (&query, is_known), &searched, list.got());
    let cut = Cut::by_days(fitting(&candidates.ids), &candidates.ids, |one| Some(one.day));
    let ids: Vec<ActivityId> = cut.shown.iter().map(|one| one.id.clone()).collect();
    let left = cut.left.first().map(|next| (cut.left.len(), next.day));
    let read = upstream.activities_with_intervals(&ids).await?;
    Ok(Found {
        list,
        candidates,
        read,
        left,
    })
}

/// Which activities to read: those that the search found and, where it did not reach or could not know the intensity, those whose
/// summary may fit.
fn choose(
    asked: &Asked,
    wanted: &Wanted,
    (query, is_known): (&IntervalQuery, bool),
    searched: &[ActivityDetail],
    list: Option<&Vec<InShort>>,
) -> Candidates {
    let is_full = searched.len() >= usize::try_from(SEARCHED).unwrap_or(usize::MAX);
    let oldest = searched.iter().filter_map(|row| row.activity.day()).min();
    let reach = oldest.filter(|oldest| is_full && *oldest > asked.range.oldest);
    let mut seen: HashSet<String> = asked.like.iter().map(|id| id.as_str().to_owned()).collect();
    let mut ids = Vec::new();
    let mut take = |id: Option<&str>, day: NaiveDate, laps: usize| {
        let Some(id) = id.and_then(|id| id.parse::<ActivityId>().ok()) else {
            return false;
        };
        let is_new = asked.range.contains(day) && seen.insert(id.as_str().to_owned());
        if is_new {
            ids.push(Candidate { id, day, laps });
        }
        is_new
    };
    for row in searched {
        let activity = &row.activity;
        let is_possible = activity.is_of(wanted.sports) && wanted.is_possible_in(activity);
        if let Some(day) = activity.day().filter(|_| is_possible) {
            let laps = row.icu_lap_count.and_then(|count| usize::try_from(count).ok());
            take(activity.id.as_deref(), day, laps.unwrap_or(SOME_LAPS));
        }
    }
    let mut by_summary = 0;
    for row in list.into_iter().flatten() {
        let day = row.start.date();
        let is_beyond = !is_known || reach.is_some_and(|reach| day <= reach);
        let is_of = wanted
            .sports
            .is_none_or(|sports| sports.contains(&row.sport.as_str()));
        let may_be = || {
            let mut texts = row.summary.iter();
            texts.any(|text| wanted::may_be(text, wanted.length, query.secs))
        };
        if is_beyond && is_of && may_be() {
            by_summary += usize::from(take(Some(&row.id), day, SOME_LAPS));
        }
    }
    ids.sort_by_key(|one| std::cmp::Reverse(one.day));
    Candidates {
        ids,
        reach,
        by_summary,
    }
}

/// What was searched for, in the first line: `intervals of 0:07:12–0:08:48 at 95–105 % of FTP`.
fn subject(card: &AthleteCard, wanted: &Wanted, reference: Option<&ActivityDetail>) -> String {
    if let Some(like) = reference {
        let activity = &like.activity;
        let name = fenced(activity.name.as_deref().unwrap_or_default(), 60);
        let day = activity.day().map(units::date).unwrap_or_default();
        return answer::words::joined(["intervals like those of", &day, &name], " ");
    }
    let sports = wanted.sports.map(sports_in_short).unwrap_or_default();
    let sports = answer::words::in_brackets(&sports);
    let own = rows::units_of(wanted, card.units);
    let length = wanted
        .length
        .map(|length| length.in_words(&own))
        .unwrap_or_default();
    let hard: Vec<String> = wanted
        .intensities
        .iter()
        .map(|one| one.in_words(card.units))
        .collect();
    answer::words::joined(
        [
            "intervals".to_owned(),
            answer::words::named("of", &length),
            answer::words::named("at", &hard.join(" or ")),
            sports,
        ],
        " ",
    )
}
