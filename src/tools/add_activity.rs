//! add_activity: a finished session that nothing recorded, entered by hand.
//!
//! Three or four requests: the activities of that day (`GET /athlete/{id}/activities`), the entry
//! (`POST /athlete/{id}/activities/manual/bulk`, with a key of ours, so that the same call makes one activity), and the day
//! afterwards. Where an activity of the sport is on that day already, it is shown and confirmed first: both would count.

use chrono::{Duration, NaiveDateTime};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Answer, Run, Tool,
    answer::{
        self,
        units::{self, positive},
        words::listed,
    },
    arguments::{Arguments, number_and_unit, visible_lines, wrong},
    by_hand::{line, span},
    params::Param,
    writing::{
        Writing,
        entry::{self, same_name},
        find::Reader,
        item::{self, Fate, Sought, Tried, Wish, field_words},
        said::{no_token, undo_hint},
    },
};
use crate::{
    guard::{Ask, Granted, Units},
    intervals::model::{Item, Shelf, Values, record::same},
    permissions,
    tool_error::ToolError,
    training::sports,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::ADD_ACTIVITY,
    description: "Enters a finished session that nothing recorded: it counts in fitness by its load. Not for plans (push_workout), nor where a \
        device will still upload it: both would count. Undoable.",
    params: PARAMS,
    requests: "3",
    run: Run::Write(|granted, given| Box::pin(add(granted, given))),
};

/// Characters of a name.
const NAME: usize = 100;
/// Characters of a description.
const DESCRIPTION: usize = 5000;
/// A day. `45:00` is 45 hours: whoever means minutes must hear of it.
const MOST_MINUTES: f64 = 1440.0;
const MOST_METRES: f64 = 2_000_000.0;
const MOST_CLIMB: f64 = 20_000.0;
/// A device may still upload what began less than this ago.
const UPLOADS_LAG: Duration = Duration::hours(48);

const PARAMS: &[Param] = &[
    Param::text("sport", 40, "Type, such as Yoga, Run").required(),
    Param::day("start", "Local day and time: 2026-11-18 07:00").required(),
    Param::text("name", NAME, "Title"),
    Param::number("minutes", (1.0, MOST_MINUTES), "Moving, or h:mm").required(),
    Param::figure("distance", 20, "With its unit: 10.5 km, 1500 m"),
    Param::figure("climb", 20, "350 m, 1150 ft"),
    Param::number("hr", (30.0, 230.0), "Average"),
    Param::number("load", (0.0, 1000.0), "Training load"),
    Param::number("rpe", (1.0, 10.0), "1-10, 10 hardest"),
    Param::name_or_id("feel", "1 strong, 5 weak"),
    Param::lines("description", DESCRIPTION, ""),
    Param::texts("tags", 10, "must be a list of up to 10 tags", ""),
    Param::text("confirm", 40, "Token of a preview"),
    Param::flag("preview", ""),
];

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    values: Values,
    start: NaiveDateTime,
    sport: &'static str,
    confirm: Option<String>,
    preview: bool,
}

impl Asked {
    fn read(arguments: &Arguments, ask: &Ask) -> Result<Self, ToolError> {
        let mut values = Values::default();
        if let Some(metres) = metres(arguments, "distance", MOST_METRES)? {
            values.set("distance", metres);
        }
        if let Some(climb) = metres(arguments, "climb", MOST_CLIMB)? {
            values.set("total_elevation_gain", climb);
        }
        for (name, field) in [
            ("hr", "average_heartrate"),
            ("load", "icu_training_load"),
            ("rpe", "icu_rpe"),
        ] {
            if let Some(number) = arguments.whole_in(name, &["bpm", "/10"])? {
                values.set(field, number);
            }
        }
        if let Some(feel) = arguments.feel("feel")? {
            values.set("feel", feel);
        }
        if let Some(text) = arguments.lines("description")? {
            values.set("description", visible_lines(&text));
        }
        if let Some(tags) = entry::tags(arguments)?.filter(|tags| !tags.is_empty()) {
            values.set("tags", tags);
        }
        let name = arguments.name("name")?;
        let (confirm, preview) = (arguments.text("confirm")?, arguments.flag("preview")?);
        let secs = arguments.minutes("minutes")?;
        let word = arguments.text("sport")?.unwrap_or_default();
        let sport = entry::sport_named(&word).ok_or_else(|| wrong("sport", entry::SPORTS))?;
        let secs = secs.ok_or_else(|| wrong("minutes", "must be given"))?;
        let start = start(arguments, ask)?;
        values.set("type", sport);
        values.set("name", name.unwrap_or_else(|| answer::sport(sport)));
        values.set("moving_time", secs.round());
        values.set("start_date_local", start.format("%Y-%m-%dT%H:%M:%S").to_string());
        Ok(Self {
            values,
            start,
            sport,
            confirm,
            preview,
        })
    }

    /// What a token confirms.
    fn what(&self, ask: &Ask) -> Vec<u8> {
        json!(["add activity", ask.card.id.as_str(), self.values])
            .to_string()
            .into_bytes()
    }
}

/// When it began: not in the future.
fn start(arguments: &Arguments, ask: &Ask) -> Result<NaiveDateTime, ToolError> {
    let moment = arguments
        .planned_day("start")?
        .ok_or_else(|| wrong("start", "must be given"))?;
    if moment.time.is_none() {
        return Err(wrong(
            "start",
            "must have its time of day too, such as 2026-11-18 07:00: that keeps it apart from others of the day",
        ));
    }
    let now = ask.now.with_timezone(&ask.card.zone).naive_local();
    let start = moment.start();
    if start > now {
        return Err(wrong(
            "start",
            "must not be in the future: this is for what is done. push_workout plans",
        ));
    }
    Ok(start)
}

/// A length with its unit, in metres.
fn metres(arguments: &Arguments, name: &str, most: f64) -> Result<Option<f64>, ToolError> {
    let Some(text) = arguments.figure(name)? else {
        return Ok(None);
    };
    let metres = number_and_unit(&text).and_then(|(number, unit)| {
        let factor = match unit.as_str() {
            "km" => 1000.0,
            "m" | "mtr" => 1.0,
            "mi" | "mile" | "miles" => 1609.344,
            "yd" | "y" | "yards" => 0.9144,
            "ft" | "feet" => 0.3048,
            _ => return None,
        };
        Some(number * factor)
    });
    metres
        .filter(|metres| *metres > 0.0 && *metres <= most)
        .map(|metres| Some((metres * 10.0).round() / 10.0))
        .ok_or_else(|| {
            let most = units::whole(Some(most / 1000.0));
            wrong(
                name,
                &format!("must have its unit, km, mi, m, yd or ft, and be above 0 and at most {most} km"),
            )
        })
}

async fn add(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let asked = Asked::read(&Arguments::new(given, PARAMS, ask.today())?, ask)?;
    let day = [Sought::Day(asked.start.date())];
    if asked.preview {
        let there = item::read(Reader::Showing(ask).upstream(), &day).await?;
        return Ok(previewed(ask, &asked, &there));
    }
    let mut writing = Writing::begin(&granted).await?;
    let done = add_in(&granted, &mut writing, &asked, &day).await;
    writing.end(done).await
}

async fn add_in(
    granted: &Granted,
    writing: &mut Writing<'_>,
    asked: &Asked,
    day: &[Sought],
) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let there = writing.items(day).await?;
    if let Some(same) = there.iter().find(|item| is_the_same(item, asked)) {
        let heading = answer::first_line(&ask.card, ask.today(), &["nothing entered".to_owned()]);
        return Ok(Answer::of([
            heading,
            format!("It stands there already: {}.", line(same, ask.card.units)),
        ]));
    }
    let own = item::keyed(Shelf::Activity, &asked.values);
    let was_entered = |item: &&Item| same(item.values.get("external_id"), own.get("external_id"));
    if let Some(changed) = there.iter().find(was_entered) {
        // Sent again, it would be overwritten.
        return Err(ToolError::Input(format!(
            "Not done: this was entered before, and changed since: {}. update_activity changes it, delete_activity deletes it.",
            line(changed, ask.card.units)
        )));
    }
    let alike = alike(&there, asked);
    if !alike.is_empty() {
        let mark = mark(&alike);
        let seen = match &asked.confirm {
            None => return confirm_first(granted, asked, &alike, &mark).await,
            Some(token) => granted.journal().confirm(token, &asked.what(ask)).await?,
        };
        match seen {
            None => return Err(no_token()),
            Some(seen) if seen != mark => return confirm_first(granted, asked, &alike, &mark).await,
            Some(_) => {}
        }
    }
    let wish = Wish::Make {
        shelf: Shelf::Activity,
        place: String::new(),
        values: asked.values.clone(),
        contents: Vec::new(),
    };
    let tried = writing.put(std::slice::from_ref(&wish), &there).await?;
    item::told(said(ask, asked, &tried), &tried, false)
}

/// Whether the activity that is to be entered stands there.
fn is_the_same(item: &Item, asked: &Asked) -> bool {
    item.is_by_hand()
        && same_name(item.values.text("name")) == same_name(asked.values.text("name"))
        && item::otherwise(&asked.values, item).is_empty()
}

/// Those that may be the same session: of the same kind of sport, or at the same time. Of a stub nobody knows.
fn alike<'a>(there: &'a [Item], asked: &Asked) -> Vec<&'a Item> {
    let (from, to) = span(&asked.values);
    let is_alike = |item: &&Item| {
        let sport = item.values.text("type");
        let of_its_kind = sport.is_empty() || sports::family(sport) == sports::family(asked.sport);
        let (begun, ended) = span(&item.values);
        let meets = from
            .zip(to)
            .zip(begun.zip(ended))
            .is_some_and(|((from, to), (begun, ended))| begun < to && from < ended);
        of_its_kind || meets
    };
    there.iter().filter(is_alike).collect()
}

fn mark(alike: &[&Item]) -> Vec<u8> {
    let ids: Vec<&str> = alike.iter().map(|item| item.id.as_str()).collect();
    Sha256::digest(ids.join(",")).to_vec()
}

/// What it would be, in a line.
fn wanted(asked: &Asked, own: Units) -> String {
    line(
        &Item {
            shelf: Shelf::Activity,
            id: "new".to_owned(),
            values: asked.values.clone(),
            event: None,
            contents: Vec::new(),
        },
        own,
    )
    .replace(" · id new", "")
}

/// What is on that day and may be the same session.
fn already(alike: &[&Item], own: Units) -> String {
    let lines: Vec<String> = alike.iter().map(|item| line(item, own)).collect();
    format!(
        "There on that day already: {}. If that is the same session, both would count.",
        listed(&lines, 5)
    )
}

fn no_load(asked: &Asked) -> String {
    if positive(asked.values.number("icu_training_load")).is_none() {
        "Without a load it does not count in fitness, unless intervals.icu works one out.".to_owned()
    } else {
        String::new()
    }
}

/// A recording may follow.
fn may_follow(ask: &Ask, asked: &Asked) -> String {
    let now = ask.now.with_timezone(&ask.card.zone).naive_local();
    if now - asked.start < UPLOADS_LAG {
        "Should a device still upload a recording of it, both count: delete_activity then takes this one away.".to_owned()
    } else {
        String::new()
    }
}

fn previewed(ask: &Ask, asked: &Asked, there: &[Item]) -> Answer {
    let heading = answer::first_line(&ask.card, ask.today(), &["preview, nothing entered".to_owned()]);
    let alike = alike(there, asked);
    let already = if alike.is_empty() {
        String::new()
    } else {
        already(&alike, ask.card.units)
    };
    Answer::of([
        heading,
        wanted(asked, ask.card.units),
        already,
        no_load(asked),
        may_follow(ask, asked),
    ])
}

async fn confirm_first(
    granted: &Granted,
    asked: &Asked,
    alike: &[&Item],
    mark: &[u8],
) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let token = granted.journal().confirmation(&asked.what(ask), mark).await?;
    let heading = answer::first_line(&ask.card, ask.today(), &["nothing entered yet".to_owned()]);
    Ok(Answer::of([
        heading,
        wanted(asked, ask.card.units),
        already(alike, ask.card.units),
        format!(
            "To enter it all the same, repeat the call with confirm: \"{token}\" within ten minutes. update_activity changes the one that is there."
        ),
    ]))
}

fn said(ask: &Ask, asked: &Asked, tried: &[Tried]) -> Answer {
    let (done, lines): (bool, Vec<String>) = match tried.first().map(|tried| (tried, &tried.fate)) {
        Some((tried, Fate::Stands { item, otherwise, .. })) => {
            let not = if otherwise.is_empty() {
                String::new()
            } else {
                format!("intervals.icu did not take: {}.", field_words(otherwise))
            };
            let load = if positive(item.values.number("icu_training_load")).is_some() {
                String::new()
            } else {
                "It has no load, so it does not count in fitness.".to_owned()
            };
            let line = line(item, ask.card.units);
            (
                true,
                vec![
                    format!("{line} (change {})", tried.number),
                    not,
                    load,
                    may_follow(ask, asked),
                ],
            )
        }
        Some((tried, _)) => (false, vec![tried.failed().unwrap_or_default()]),
        None => (false, Vec::new()),
    };
    let head = if done { "entered" } else { "not entered" };
    let numbers = tried
        .iter()
        .filter(|tried| tried.came_true())
        .map(|tried| tried.number)
        .collect();
    Answer::of(
        std::iter::once(answer::first_line(&ask.card, ask.today(), &[head.to_owned()]))
            .chain(lines)
            .chain([undo_hint(&ask.card, numbers, "deletes it again")]),
    )
}
