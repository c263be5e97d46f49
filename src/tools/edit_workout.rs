//! edit_workout: one entry of the calendar moved, renamed, shortened, made easier, or with other steps or words.
//!
//! At most six requests: the entry (`GET /athlete/{id}/events/{eventId}`, or its day), the settings if steps change, the absences
//! that began before the weeks concerned, the change (`PUT`, only the fields that change and never `workout_doc`), what stands
//! there afterwards, and what an earlier call left open.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Answer, Run, Tool, absences,
    answer::{self, units, words::around},
    arguments::{Arguments, Moment, Range, wrong},
    params::Param,
    part::if_there,
    writing::{
        Fate, Steps, Tried, Wish, Writing,
        entry::{
            self, Entry, NAME, NOTE, Prepared, Written, bulleted, changed_since, described, end_of, precisely,
        },
        field_words,
        find::{self, DATE, ENTRY_NAME, ID, Meant, Reader},
        said::{Scene, done_already, failed, stood, undo_hint},
        told,
    },
};
use crate::{
    guard::{Ask, Granted, journal},
    intervals::model::{self, EntryFields, Event, FOLLOWING, Held, end_after},
    permissions,
    text::fenced,
    tool_error::ToolError,
    training::weeks::{self, days_in},
    workout::{
        Problem, Workout,
        check::{self, MOST_CHARS},
        scale::{Scale, Unscalable},
        text::parse,
    },
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::EDIT_WORKOUT,
    description: "Changes one planned workout or other entry: move, rename, shorten, make easier, other steps (text as for \
        push_workout) or note. Only what is given changes; a note never replaces steps. Read back; undo_change undoes it.",
    params: PARAMS,
    requests: "4–6",
    run: Run::Write(|granted, given| Box::pin(edit(granted, given))),
};

const PERCENT: (f64, f64) = (10.0, 300.0);
/// Days of one entry.
const MOST_DAYS: i64 = 366;
/// Days that a move may go and still have the week that it left read back.
const NEAR: i64 = 60;
/// Rounded lengths that are named one by one.
const ROUNDED: usize = 4;
/// Arguments that say which entry is meant, or how to show it.
const NOT_OF_THE_CHANGE: [&str; 4] = ["id", "date", "name", "preview"];

const PARAMS: &[Param] = &[
    ID,
    DATE,
    ENTRY_NAME,
    Param::day("new_date", "Move there; a start time may follow"),
    Param::day("new_last_date", "Of several days"),
    Param::text("new_name", NAME, ""),
    Param::lines("text", MOST_CHARS, "All new steps"),
    Param::lines("note", NOTE, "New prose above the steps; empty takes it away"),
    Param::number("length_percent", PERCENT, "80: 20 % shorter"),
    Param::number("effort_percent", PERCENT, "90: 10 % easier"),
    Param::number("load", (1.0, 5000.0), "Without steps only"),
    Param::number("minutes", (1.0, 10_080.0), "Without steps only"),
    Param::flag("indoor", ""),
    Param::texts("tags", 10, "must be a list of up to 10 tags", ""),
    Param::text("color", 20, ""),
    Param::flag("drop_steps", "Keep only prose"),
    Param::flag("overwrite", "Even what somebody else changed since"),
    Param::flag("preview", ""),
];

/// What is to change.
#[derive(Debug)]
struct Asked {
    meant: Meant,
    new_date: Option<Moment>,
    new_last: Option<NaiveDate>,
    new_name: Option<String>,
    text: Option<String>,
    note: Option<String>,
    scale: Option<Scale>,
    load: Option<f64>,
    /// s
    secs: Option<f64>,
    indoor: Option<bool>,
    tags: Option<Vec<String>>,
    color: Option<String>,
    drop_steps: bool,
    overwrite: bool,
    preview: bool,
    /// What the call says of the change, in one order.
    call: String,
}

impl Asked {
    fn read(given: Map<String, Value>, ask: &Ask) -> Result<Self, ToolError> {
        let call: BTreeMap<&String, &Value> = given
            .iter()
            .filter(|(name, value)| !NOT_OF_THE_CHANGE.contains(&name.as_str()) && !value.is_null())
            .collect();
        let call = json!(call).to_string();
        let arguments = Arguments::new(given, PARAMS, ask.today())?;
        let meant = Meant::read(&arguments)?;
        let part = |percent: Option<f64>| percent.unwrap_or(100.0) / 100.0;
        let (length, effort) = (
            arguments.number("length_percent")?,
            arguments.number("effort_percent")?,
        );
        let asked = Self {
            new_date: arguments.planned_day("new_date")?,
            new_last: arguments.planned_day("new_last_date")?.map(|moment| moment.day),
            new_name: arguments.name("new_name")?,
            text: arguments.lines("text")?,
            // An empty one takes the note away.
            note: arguments
                .lines("note")?
                .or(arguments.is_empty_text("note").then(String::new)),
            scale: length.or(effort).is_some().then(|| Scale {
                length: part(length),
                effort: part(effort),
            }),
            load: arguments.number("load")?,
            secs: arguments
                .number("minutes")?
                .map(|minutes| (minutes * 60.0).round()),
            indoor: arguments.choice("indoor")?,
            tags: entry::tags(&arguments)?,
            color: entry::color(&arguments)?,
            drop_steps: arguments.flag("drop_steps")?,
            overwrite: arguments.flag("overwrite")?,
            preview: arguments.flag("preview")?,
            meant: meant.ok_or_else(|| wrong("id", "must be given, or date and name"))?,
            call,
        };
        if asked.is_empty() {
            return Err(ToolError::Input(
                "Not done: nothing is to change. Pass new_date, new_last_date, new_name, text, note, length_percent, effort_percent, load, minutes, \
                 indoor, tags or color."
                    .to_owned(),
            ));
        }
        if asked.text.is_some() && (asked.scale.is_some() || asked.drop_steps) {
            return Err(ToolError::Input(
                "Not done: text replaces all steps, so neither a percentage nor drop_steps goes with it."
                    .to_owned(),
            ));
        }
        Ok(asked)
    }

    fn is_empty(&self) -> bool {
        self.new_date.is_none()
            && self.new_last.is_none()
            && self.new_name.is_none()
            && self.load.is_none()
            && self.secs.is_none()
            && self.indoor.is_none()
            && self.tags.is_none()
            && self.color.is_none()
            && !self.drop_steps
            && !self.changes_words()
    }

    /// What this change of this entry is found again by, if twice is more than once.
    fn fingerprint(&self, held: &Held) -> Option<[u8; 32]> {
        self.scale
            .map(|_| Sha256::digest(format!("edit {} {}", held.id, self.call)).into())
    }

    /// The new days of the entry, as far as they change.
    fn days_of(&self, event: &Event, today: NaiveDate) -> Result<EntryFields, ToolError> {
        let mut fields = EntryFields::default();
        if let Some(to) = self.new_date {
            let has_time = event.is_workout() || event.is_race();
            if to.time.is_some() && !has_time {
                return Err(wrong(
                    "new_date",
                    "must be without a time of day: only a workout or a race has one",
                ));
            }
            let is_for_week = event.for_week == Some(true);
            let to = Moment {
                day: if is_for_week {
                    weeks::monday(to.day)
                } else {
                    to.day
                },
                ..to
            };
            // What is no workout may be of the past.
            if event.is_workout() || to.day > today {
                to.to_plan("new_date", today)?;
            }
            (fields.start_date_local, fields.end_date_local) = moved(event, to);
        }
        if let Some(last) = self.new_last {
            fields.end_date_local = Some(end_with(event, fields.day(), last)?);
        }
        Ok(fields)
    }

    /// Refuses what the entry cannot have.
    fn fits(&self, event: &Event, has_steps: bool) -> Result<(), ToolError> {
        if self.indoor.is_some() && !event.is_workout() {
            return Err(wrong(
                "indoor",
                "must be left out: only a workout is indoor or outdoor",
            ));
        }
        for (given, name, what) in [
            (self.load, "load", "a planned load"),
            (self.secs, "minutes", "a planned time"),
        ] {
            if given.is_some() && !has_figures(event) {
                return Err(ToolError::Input(format!(
                    "Not done: only a workout, a race or a target has {what}. What a note or an absence leaves of a day is changed by \
                     push_event with max_minutes and overwrite: true."
                )));
            }
            if given.is_some() && has_steps {
                return Err(wrong(
                    name,
                    "must be left out: intervals.icu computes it from the steps",
                ));
            }
        }
        Ok(())
    }

    /// Whether steps change.
    fn changes_steps(&self) -> bool {
        self.text.is_some() || self.scale.is_some() || self.drop_steps
    }

    /// Whether the description changes.
    fn changes_words(&self) -> bool {
        self.changes_steps() || self.note.is_some()
    }
}

/// The change of one entry, worked out.
#[derive(Debug)]
struct Change {
    fields: EntryFields,
    /// The entry as it will be.
    prepared: Prepared,
    steps: Option<Steps>,
    /// Lengths that are not exactly the percentage that was asked for.
    rounded: Vec<String>,
}

impl Change {
    /// The entry's last day after it.
    fn last_day(&self, held: &Held) -> NaiveDate {
        let day = self.prepared.entry.on.day;
        let last = held.fields.with(&self.fields).last_day();
        last.filter(|last| days_in(day, *last) <= MOST_DAYS)
            .unwrap_or(day)
    }

    fn rounded(&self) -> String {
        let shown: Vec<&str> = self.rounded.iter().take(ROUNDED).map(String::as_str).collect();
        let more = match self.rounded.len().saturating_sub(ROUNDED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if shown.is_empty() {
            return String::new();
        }
        format!("Lengths are rounded: {}{more}.", shown.join(", "))
    }

    fn of(
        asked: &Asked,
        held: &Held,
        profile: Option<&model::Athlete>,
        today: NaiveDate,
    ) -> Result<Self, ToolError> {
        let event = &held.event;
        let indoor = asked.indoor.unwrap_or(event.indoor == Some(true));
        let settings = profile
            .map(|profile| profile.settings_for(event.sport()))
            .unwrap_or_default();
        let now = Words::of(event);
        let words = now.changed(asked, event, &settings)?;
        let mut fields = asked.days_of(event, today)?;
        fields.name.clone_from(&asked.new_name);
        fields.indoor = asked.indoor;
        fields.tags.clone_from(&asked.tags);
        fields.color.clone_from(&asked.color);
        let mut problems = words.problems;
        problems.extend(asked.new_name.as_deref().and_then(check::name));
        if asked.changes_words() {
            fields.description = Some(described(&words.prose, &words.workout, event.sport()));
        }
        let has_steps = !words.workout.items.is_empty();
        asked.fits(event, has_steps)?;
        if event.category() == Event::TARGET {
            (fields.load_target, fields.time_target) = (asked.load, asked.secs);
        } else {
            (fields.icu_training_load, fields.moving_time) = (asked.load, asked.secs);
        }
        if let Some(scale) = asked.scale.filter(|_| !has_steps) {
            let longer = (scale.length - 1.0).abs() > f64::EPSILON;
            let secs = event.own_secs().filter(|_| longer);
            fields.moving_time = asked.secs.or(secs.map(|secs| (secs * scale.length).round()));
            let part = scale.length * scale.effort * scale.effort;
            let load = event.icu_training_load.filter(|load| *load > 0.0);
            fields.icu_training_load = asked.load.or(load.map(|load| (load * part).round()));
            if fields.moving_time.is_none() && fields.icu_training_load.is_none() {
                let lacking = if longer {
                    "no planned time and no planned load"
                } else {
                    "no planned load"
                };
                return Err(ToolError::Input(format!(
                    "Not done: this entry has no steps and {lacking}, so there is nothing to scale. Write its steps with text."
                )));
            }
        }
        let start = fields
            .start_date_local
            .or(event.start_date_local)
            .unwrap_or_default();
        // Upstream computes both anew from steps that change.
        let computed = has_steps && asked.changes_steps();
        let entry = Entry {
            sport: event.sport().to_owned(),
            on: Moment::of(start),
            name: asked
                .new_name
                .clone()
                .or_else(|| event.name.clone())
                .unwrap_or_default(),
            workout: words.workout,
            prose: words.prose,
            load: fields
                .icu_training_load
                .or(event.icu_training_load)
                .filter(|_| !computed),
            secs: fields.moving_time.or(event.own_secs()).filter(|_| !computed),
            indoor,
            tags: fields
                .tags
                .clone()
                .or(held.fields.tags.clone())
                .unwrap_or_default(),
            color: fields.color.clone().or(held.fields.color.clone()),
        };
        Ok(Self {
            rounded: words.rounded,
            steps: asked.changes_words().then(|| entry.steps()).flatten(),
            fields,
            prepared: Prepared {
                entry,
                problems,
                settings,
            },
        })
    }
}

/// The steps and the prose of an entry.
struct Words {
    workout: Workout,
    prose: String,
    problems: Vec<Problem>,
    rounded: Vec<String>,
}

impl Words {
    fn of(event: &Event) -> Self {
        let description = event.description.as_deref().unwrap_or_default();
        let parsed = parse(description, event.sport());
        let workout = event
            .workout_doc
            .as_ref()
            .map(|doc| doc.workout())
            .unwrap_or_default();
        Self {
            // Without steps every line is prose, also those that only look like steps.
            prose: if workout.items.is_empty() {
                description.to_owned()
            } else {
                parsed.prose
            },
            workout,
            problems: Vec::new(),
            rounded: Vec::new(),
        }
    }

    fn changed(
        self,
        asked: &Asked,
        event: &Event,
        settings: &crate::workout::Settings,
    ) -> Result<Self, ToolError> {
        if !asked.changes_words() {
            return Ok(self);
        }
        if !event.is_workout() && (asked.text.is_some() || asked.scale.is_some()) {
            return Err(ToolError::Input(
                "Not done: only a workout has steps, so neither text nor a percentage goes with this entry. push_event with overwrite: \
                 true changes what else it has."
                    .to_owned(),
            ));
        }
        let sport = event.sport();
        let mut words = self;
        if let Some(note) = &asked.note {
            words.prose.clone_from(note);
        }
        if let Some(text) = &asked.text {
            let written = Written::read(text, &words.prose, sport, settings);
            return Ok(Self {
                workout: written.workout,
                prose: written.prose,
                problems: written.problems,
                rounded: Vec::new(),
            });
        }
        if asked.drop_steps {
            words.workout = Workout::default();
        }
        if let Some(scale) = asked.scale {
            let scaled = scale.of(&words.workout, sport).map_err(unscalable)?;
            words.rounded = scale.rounded(&words.workout, &scaled, sport);
            words.workout = scaled;
        }
        // What stands as prose must not become steps, and steps must survive being written as text.
        let note = Written::read("", &words.prose, sport, settings);
        words.prose = if words.workout.items.is_empty() && asked.note.is_none() && !asked.drop_steps {
            words.prose
        } else {
            bulleted(&words.prose)
        };
        words.problems = note.problems;
        words
            .problems
            .extend(check::check(&words.workout, &[], sport, settings));
        Ok(words)
    }
}

fn unscalable(why: Unscalable) -> ToolError {
    ToolError::Input(
        match why {
            Unscalable::Zone => {
                "Not done: some targets are zones, which have no percentage. Write the steps with text, or change only \
                 length_percent."
            }
            Unscalable::Unknown => {
                "Not done: some steps are of a kind that cannot be written as text. Change the entry at intervals.icu, or replace \
                 all its steps with text."
            }
        }
        .to_owned(),
    )
}

/// The new start and end: on as many days as before, and at the same time of day unless another is given.
fn moved(event: &Event, to: Moment) -> (Option<NaiveDateTime>, Option<NaiveDateTime>) {
    let before = event.start_date_local.unwrap_or_default();
    let start = to.day.and_time(to.time.unwrap_or(before.time()));
    (Some(start), end_of(start, before, event.end_date_local))
}

/// Whether the entry has a time and a load: its own, or those to reach.
fn has_figures(event: &Event) -> bool {
    event.is_to_do() || event.category() == Event::TARGET
}

/// The end of an entry that begins on `first`, or where it does now, and has this last day.
fn end_with(event: &Event, first: Option<NaiveDate>, last: NaiveDate) -> Result<NaiveDateTime, ToolError> {
    if event.is_workout() {
        return Err(wrong("new_last_date", "must be left out: a workout has one day"));
    }
    if event.for_week == Some(true) || event.is_week_target() {
        return Err(wrong(
            "new_last_date",
            "must be left out: this is for a whole week",
        ));
    }
    let first = first.or(event.day()).unwrap_or(last);
    if last < first {
        let first = units::date(first);
        return Err(wrong(
            "new_last_date",
            &format!("must not be before the first day, {first}"),
        ));
    }
    if days_in(first, last) > MOST_DAYS {
        return Err(wrong(
            "new_last_date",
            &format!("must be within {MOST_DAYS} days of the first day"),
        ));
    }
    end_after(last).ok_or_else(|| wrong("new_last_date", "must be a day of the calendar"))
}

/// The days of an entry before and after a change, the later one last; only the new one if they are far apart.
fn days_of(before: &Held, to: NaiveDate) -> Vec<NaiveDate> {
    let from = before
        .event
        .day()
        .filter(|from| (*from - to).num_days().abs() <= NEAR);
    let mut days: Vec<NaiveDate> = from.into_iter().chain([to]).collect();
    days.sort_unstable();
    days
}

/// The whole weeks of these days.
fn weeks_of(days: &[NaiveDate]) -> Range {
    let first = days.iter().min().copied().unwrap_or_default();
    let last = days.iter().max().copied().unwrap_or_default();
    Range {
        oldest: weeks::monday(first),
        newest: weeks::sunday(last),
    }
}

/// What is left of an entry whose steps go.
fn without_steps(asked: &Asked, before: &Held, after: &Entry) -> &'static str {
    let had = before
        .event
        .workout_doc
        .as_ref()
        .is_some_and(|doc| doc.count() > 0);
    if asked.drop_steps && had && !after.has_steps() {
        "No steps are left, so nothing goes to a device; time and load are those of the steps that went, until minutes and load \
         say otherwise."
    } else {
        ""
    }
}

async fn edit(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let asked = Asked::read(given, granted.ask())?;
    if asked.preview {
        return preview(granted.ask(), &asked).await;
    }
    let mut writing = Writing::begin(&granted).await?;
    let done = edit_in(&granted, &mut writing, &asked).await;
    writing.end(done).await
}

/// The entry, and its change worked out.
async fn worked_out(
    ask: &Ask,
    asked: &Asked,
    reader: Reader<'_>,
) -> Result<(Held, Change, Option<model::Athlete>), ToolError> {
    let held = asked.meant.find(ask, reader).await?;
    let profile = if held.event.is_workout() {
        Some(ask.upstream.profile().await?)
    } else if held.event.is_race() {
        // For what the usual week allows, without which an answer can do.
        if_there(ask.upstream.profile().await)?
    } else {
        None
    };
    let change = Change::of(asked, &held, profile.as_ref(), ask.today())?;
    if change.prepared.is_refused() {
        return Err(ToolError::Input(format!(
            "Not done, nothing was changed. {}. get_workout_guide has the language.",
            change.prepared.refusal()
        )));
    }
    Ok((held, change, profile))
}

async fn preview(ask: &Ask, asked: &Asked) -> Result<Answer, ToolError> {
    let (held, change, profile) = worked_out(ask, asked, Reader::Showing(ask)).await?;
    let day = change.prepared.entry.on.day;
    let weeks = weeks_of(&[day, change.last_day(&held)]);
    let (there, earlier) = tokio::join!(
        Reader::Showing(ask).on(weeks),
        absences::earlier(&ask.upstream, weeks.oldest, weeks)
    );
    let (there, earlier) = (there?, earlier?);
    let scene = Scene {
        card: &ask.card,
        today: ask.today(),
        profile: profile.as_ref(),
        there: &there,
        beside: earlier.got().map(Vec::as_slice).unwrap_or_default(),
        mornings: None,
        count: 1,
        but: Some(held.id),
    };
    let heading = answer::first_line(&ask.card, ask.today(), &["preview, nothing changed".to_owned()]);
    let lines = if held.event.is_workout() {
        scene.previewed(&change.prepared)
    } else {
        scene.mark_previewed(&held.fields.with(&change.fields), "")
    };
    Ok(Answer::of(
        [heading, format!("Now: {}", stood(&scene, &held, &change.fields))]
            .into_iter()
            .chain(lines)
            .chain([
                without_steps(asked, &held, &change.prepared.entry).to_owned(),
                change.rounded(),
                done_already(&held).to_owned(),
                earlier.missing(),
                cannot_take_back(&held, &change.fields),
            ]),
    ))
}

async fn edit_in(granted: &Granted, writing: &mut Writing<'_>, asked: &Asked) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let (held, change, profile) = worked_out(ask, asked, Reader::Writing(writing)).await?;
    if let Some(call) = asked.fingerprint(&held) {
        if let Some(made) = writing.made_before(&held, call).await? {
            return Ok(made_before(ask, &held, asked, &made));
        }
        writing.call = Some(call);
    }
    if held.fields.has_all_of(&change.fields) {
        return Ok(Answer::of([
            answer::first_line(&ask.card, ask.today(), &["nothing to change".to_owned()]),
            format!("{} is like that already.", find::in_words(&held)),
        ]));
    }
    let since = if asked.overwrite {
        String::new()
    } else {
        not_somebody_elses(writing, &held, &change.fields).await?
    };
    let days = days_of(&held, change.prepared.entry.on.day);
    let wish = Wish::Change {
        before: Box::new(held.clone()),
        changes: change.fields.clone(),
        steps: change.steps.clone(),
    };
    let mut with_last = days.clone();
    with_last.push(change.last_day(&held));
    let weeks = weeks_of(&with_last);
    let earlier = absences::earlier(&ask.upstream, weeks.oldest, weeks).await?;
    let (tried, after) = writing.apply(vec![wish], weeks).await?;
    let Some(tried) = tried.into_iter().next() else {
        return Err(ToolError::Ours("Not done: nothing was tried.".to_owned()));
    };
    let there = after.unwrap_or_default();
    let scene = Scene {
        card: &ask.card,
        today: ask.today(),
        profile: profile.as_ref(),
        there: &there,
        beside: earlier.got().map(Vec::as_slice).unwrap_or_default(),
        mornings: None,
        count: 1,
        but: None,
    };
    let notes = [
        without_steps(asked, &held, &change.prepared.entry).to_owned(),
        since,
        done_already(&held).to_owned(),
        earlier.missing(),
    ];
    let answer = said(&scene, &held, &change, &tried, (&days, notes));
    told(
        answer,
        matches!(tried.fate, Fate::Stands(_)),
        std::slice::from_ref(&tried),
    )
}

/// A percentage that came again before anything else changed: most likely nobody heard the first answer.
fn made_before(ask: &Ask, held: &Held, asked: &Asked, made: &journal::Change) -> Answer {
    let again = if asked.overwrite {
        "without overwrite"
    } else {
        "with overwrite: true"
    };
    Answer::of([
        answer::first_line(
            &ask.card,
            ask.today(),
            &["already done, nothing changed".to_owned()],
        ),
        format!(
            "{} was changed by this very call a moment ago (change {}). To do it once more all the same, repeat the call {again}.",
            find::in_words(held),
            made.number
        ),
    ])
}

fn said(
    scene: &Scene<'_>,
    before: &Held,
    change: &Change,
    tried: &Tried,
    (days, notes): (&[NaiveDate], [String; 4]),
) -> Answer {
    let heading = |what: &str| answer::first_line(scene.card, scene.today, &[what.to_owned()]);
    let Fate::Stands(held) = &tried.fate else {
        let why = failed(&tried.fate)
            .unwrap_or_default()
            .replace("not written", "not changed");
        return Answer::of([
            heading(if tried.left_nothing() {
                "not changed"
            } else {
                "not known whether it changed"
            }),
            format!("{}: {why} (change {})", find::in_words(before), tried.number),
        ]);
    };
    let meanwhile: Vec<&'static str> = before
        .fields
        .differing(&held.fields)
        .into_iter()
        .filter(|name| !change.fields.names().contains(name) && !FOLLOWING.contains(name))
        .collect();
    let meanwhile = if meanwhile.is_empty() {
        String::new()
    } else {
        format!(
            "Somebody else changed {} meanwhile; that was kept.",
            field_words(&precisely(meanwhile, &before.fields, &held.fields))
        )
    };
    let changed = if tried.differences.is_empty() && tried.fields.is_empty() {
        "changed"
    } else {
        "changed, but NOT AS SENT"
    };
    Answer::of(
        [
            heading(changed),
            format!("Before: {}", stood(scene, before, &change.fields)),
        ]
        .into_iter()
        .chain(scene.standing(held, "now", Some(tried), &change.prepared.problems))
        .chain(notes)
        .chain([
            change.rounded(),
            scene.weeks(days.iter().copied().chain(held.event.day()), ""),
            meanwhile,
        ])
        .chain([
            cannot_take_back(before, &change.fields),
            undo_hint(scene.card, vec![tried.number], "undoes it"),
        ]),
    )
}

/// Refuses to replace what somebody else changed after IcuSync wrote it; what else they changed is said.
async fn not_somebody_elses(
    writing: &Writing<'_>,
    held: &Held,
    changes: &EntryFields,
) -> Result<String, ToolError> {
    let Some(last) = writing.last_written(held.id).await? else {
        return Ok(String::new());
    };
    let all = changed_since(&last, held);
    let asked = changes.names();
    let theirs: Vec<&'static str> = all.iter().copied().filter(|name| asked.contains(name)).collect();
    if theirs.is_empty() {
        let all = field_words(&precisely(all, &last, &held.fields));
        return Ok(around(
            "Somebody changed its",
            &all,
            "since IcuSync wrote it; that was kept.",
        ));
    }
    let description = held.event.description.as_deref().unwrap_or_default();
    let shown = if theirs.contains(&"description") {
        format!(" It is now: {}", fenced(description, 600))
    } else {
        String::new()
    };
    Err(ToolError::Input(format!(
        "Not done: somebody changed {} of {} at intervals.icu since IcuSync wrote it.{shown} Look at it with get_events; to replace it \
         all the same, repeat the call with overwrite: true.",
        field_words(&precisely(theirs, &last, &held.fields)),
        find::in_words(held)
    )))
}

/// What an undo could not restore.
fn cannot_take_back(held: &Held, changes: &EntryFields) -> String {
    if changes.description.is_some() && entry::is_from_file(held) {
        "These steps came from a file or a library: an undo brings them back as text.".to_owned()
    } else {
        String::new()
    }
}
