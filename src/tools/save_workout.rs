//! save_workout: a workout of the library, new or changed, from workout text.
//!
//! At most five requests: the settings, the library (`GET /athlete/{id}/folders`), the folder if it is to be made (`POST …/folders`),
//! the workout (`POST /athlete/{id}/workouts`, or `PUT …/workouts/{workoutId}` with only what changes), and the library afterwards.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{
        self,
        sport_units::SportUnits,
        words::{DOT, joined, named},
    },
    arguments::{Arguments, Moment, visible_lines, wrong},
    library,
    params::Param,
    steps,
    writing::{
        Writing,
        entry::{self, Entry, NAME, NOTE, Prepared, Written, described},
        item::{self, Fate, Sought, Tried, Wish},
        said::{Figures, undo_hint, warnings},
    },
};
use crate::{
    guard::{Ask, Granted},
    intervals::model::{self, Folder, Item, Shelf, Template, Values},
    permissions,
    text::fenced,
    tool_error::ToolError,
    workout::{Problem, check, doc::Doc, text::parse},
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::SAVE_WORKOUT,
    description: "Saves a workout in the library: new into a folder (make_folder: true makes one), or with id changes one. text as \
        for push_workout: get_workout_guide has the language. In a plan, day is its day from 1. Checked like a push; undoable.",
    params: PARAMS,
    requests: "4–5",
    run: Run::Write(|granted, given| Box::pin(save(granted, given))),
};

/// Characters of a text.
const TEXT: usize = 20_000;
/// Days of a plan.
const MOST_DAYS: f64 = 1000.0;

const PARAMS: &[Param] = &[
    Param::name_or_id("id", "Of a workout to change"),
    Param::text("folder", 100, "Name or id of its folder or plan"),
    Param::flag("make_folder", "Make a folder of that name"),
    Param::text("name", NAME, "Its name"),
    Param::text("sport", 40, "Ride, Run …"),
    Param::lines("text", TEXT, "Steps; replaces all"),
    Param::lines("note", NOTE, "Words above the steps"),
    Param::flag("indoor", ""),
    Param::texts("tags", 10, "must be a list of up to 10 tags", ""),
    Param::number("day", (1.0, MOST_DAYS), "In a plan: 1 is its first Monday"),
    Param::flag("preview", ""),
];

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    id: Option<i64>,
    folder: Option<String>,
    make_folder: bool,
    name: Option<String>,
    sport: Option<&'static str>,
    text: Option<String>,
    note: Option<String>,
    indoor: Option<bool>,
    tags: Option<Vec<String>>,
    /// From 0.
    day: Option<i64>,
    preview: bool,
}

impl Asked {
    fn read(arguments: &Arguments) -> Result<Self, ToolError> {
        let sport = match arguments.text("sport")? {
            Some(word) => Some(entry::sport_named(&word).ok_or_else(|| wrong("sport", entry::SPORTS))?),
            None => None,
        };
        let day = arguments.number("day")?;
        if day.is_some_and(|day| day.fract() != 0.0) {
            return Err(wrong(
                "day",
                "must be a whole number: 1 is the first Monday of the plan, 8 the second",
            ));
        }
        #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
        let asked = Self {
            id: arguments.entry_id("id")?,
            folder: arguments.text("folder")?,
            make_folder: arguments.flag("make_folder")?,
            name: arguments.name("name")?,
            sport,
            text: arguments.lines("text")?.map(|text| visible_lines(&text)),
            note: arguments.lines("note")?.map(|note| visible_lines(&note)),
            indoor: arguments.choice("indoor")?,
            tags: entry::tags(arguments)?,
            day: day.map(|day| day as i64 - 1),
            preview: arguments.flag("preview")?,
        };
        if asked.id.is_none() {
            let needed = [
                ("folder", asked.folder.is_none()),
                ("name", asked.name.is_none()),
                ("sport", asked.sport.is_none()),
            ];
            if let Some((name, _)) = needed.iter().find(|(_, lacks)| *lacks) {
                return Err(wrong(
                    name,
                    "must be given for a new workout; to change one, pass its id",
                ));
            }
        }
        Ok(asked)
    }

    /// Every field of a new workout.
    fn values_of_new(&self, folder: &Place, (name, sport): (&str, &str), prepared: &Prepared) -> Values {
        let mut values = Values::default();
        if let Place::There(id) = *folder {
            values.set("folder_id", id);
        }
        values.set("name", name);
        values.set("type", sport);
        let description = prepared.entry.description();
        if !description.is_empty() {
            values.set("description", description);
        }
        if let Some(day) = self.day {
            values.set("day", day);
        }
        if let Some(indoor) = self.indoor {
            values.set("indoor", indoor);
        }
        if let Some(tags) = self.tags.as_ref().filter(|tags| !tags.is_empty()) {
            values.set("tags", tags.clone());
        }
        values
    }
}

impl Asked {
    /// The text, checked with the athlete's settings for the sport.
    fn prepare(
        &self,
        profile: &model::Athlete,
        (text, note): (&str, &str),
        (name, sport): (&str, &str),
    ) -> Prepared {
        let settings = profile.settings_for(sport);
        let written = Written::read(text, note, sport, &settings);
        Prepared {
            entry: Entry {
                sport: sport.to_owned(),
                // A workout of the library has no day.
                on: Moment {
                    day: NaiveDate::default(),
                    time: None,
                },
                name: name.to_owned(),
                workout: written.workout,
                prose: written.prose,
                load: None,
                secs: None,
                indoor: self.indoor.unwrap_or_default(),
                tags: Vec::new(),
                color: None,
            },
            problems: written.problems,
            settings,
        }
    }
}

async fn save(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let asked = Asked::read(&Arguments::new(given, PARAMS, ask.today())?)?;
    let profile = ask.upstream.profile().await?;
    if asked.preview {
        let folders = ask.upstream.library().await?;
        let plan = Plan::of(ask, &asked, &profile, &folders)?;
        return Ok(plan.previewed(ask));
    }
    let mut writing = Writing::begin(&granted).await?;
    let done = save_in(&granted, &mut writing, &asked, &profile).await;
    writing.end(done).await
}

async fn save_in(
    granted: &Granted,
    writing: &mut Writing<'_>,
    asked: &Asked,
    profile: &model::Athlete,
) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let folders = writing.upstream().library().await?;
    let plan = Plan::of(ask, asked, profile, &folders)?;
    if let Some(item) = &plan.there {
        return Ok(plan.already(ask, item));
    }
    let mut there = Item::of_library(&folders, ask.card.id.as_str());
    let mut tried: Vec<Tried> = Vec::new();
    let folder = match &plan.folder {
        Place::There(id) => *id,
        Place::New(values) => {
            let wish = Wish::Make {
                shelf: Shelf::Folder,
                place: String::new(),
                values: values.clone(),
                contents: Vec::new(),
            };
            let made = writing.put(std::slice::from_ref(&wish), &there).await?;
            tried.extend(made);
            let id = match tried.first().map(|tried| &tried.fate) {
                Some(Fate::Stands { item, .. }) => item.id.parse::<i64>().ok(),
                _ => None,
            };
            let Some(id) = id else {
                return item::told(plan.said(ask, &tried, None), &tried, false);
            };
            there = writing.items(&[Sought::Library]).await?;
            id
        }
    };
    let mut wish = plan.wish.clone();
    if let Wish::Make { values, .. } = &mut wish {
        values.set("folder_id", folder);
    }
    let saved = match writing.put(std::slice::from_ref(&wish), &there).await {
        Ok(saved) => saved,
        // The folder stands: that must be told.
        Err(error) if !tried.is_empty() => {
            let answer = plan.said(ask, &tried, Some(&error.to_string()));
            return Ok(answer);
        }
        Err(error) => return Err(error),
    };
    tried.extend(saved);
    item::told(plan.said(ask, &tried, None), &tried[tried.len() - 1..], false)
}

/// Where the workout comes to.
#[derive(Debug)]
enum Place {
    There(i64),
    /// The fields of a folder that is to be made.
    New(Values),
}

/// What the checks made of a call.
#[derive(Debug)]
struct Plan {
    folder: Place,
    /// `«Base»`
    place: String,
    wish: Wish,
    /// The same stands there already.
    there: Option<Box<Item>>,
    /// The text, if it is new or changes.
    prepared: Option<Prepared>,
    /// What the person should know of the name.
    of_name: Option<Problem>,
}

impl Plan {
    fn of(ask: &Ask, asked: &Asked, profile: &model::Athlete, folders: &[Folder]) -> Result<Self, ToolError> {
        let own = ask.card.id.as_str();
        let plan = match asked.id {
            Some(id) => Self::of_change(asked, profile, (folders, own), id)?,
            None => Self::of_new(asked, profile, (folders, own))?,
        };
        match plan.prepared.as_ref().filter(|prepared| prepared.is_refused()) {
            Some(prepared) => Err(ToolError::Input(format!(
                "Not done, nothing was saved. get_workout_guide has the language.\n{}",
                prepared.refusal()
            ))),
            None => Ok(plan),
        }
    }

    fn of_new(
        asked: &Asked,
        profile: &model::Athlete,
        (folders, own): (&[Folder], &str),
    ) -> Result<Self, ToolError> {
        let wanted = asked.folder.as_deref().unwrap_or_default();
        let name = asked.name.clone().unwrap_or_default();
        let sport = asked.sport.unwrap_or_default().to_owned();
        let (folder, place) = match library::folder(folders, wanted) {
            Ok(folder) => {
                if library::is_others(folder, own) {
                    return Err(of_another(folder, own));
                }
                let id = folder.id.unwrap_or_default();
                (Place::There(id), library::folder_name(folder))
            }
            Err(error) => {
                let exists = |folder: &&Folder| {
                    entry::same_name(folder.name.as_deref().unwrap_or_default())
                        .contains(&entry::same_name(wanted))
                };
                if !asked.make_folder || folders.iter().any(|folder| exists(&folder)) || is_number(wanted) {
                    return Err(if asked.make_folder {
                        error
                    } else {
                        error.and(&[MAKE.to_owned()])
                    });
                }
                let mut values = Values::default();
                values.set("type", "FOLDER");
                values.set("name", wanted);
                (Place::New(values), fenced(wanted, library::NAME))
            }
        };
        let stands_in = match folder {
            Place::There(id) => folders.iter().find(|folder| folder.id == Some(id)),
            Place::New(_) => None,
        };
        let is_plan = stands_in.is_some_and(Folder::is_plan);
        match (asked.day, is_plan) {
            (None, true) => {
                return Err(wrong(
                    "day",
                    "must be given in a plan: 1 is its first Monday, 8 the second",
                ));
            }
            (Some(_), false) => return Err(wrong("day", "is only for a plan, and this is a folder")),
            _ => {}
        }
        let prepared = asked.prepare(
            profile,
            (
                asked.text.as_deref().unwrap_or_default(),
                asked.note.as_deref().unwrap_or_default(),
            ),
            (&name, &sport),
        );
        let values = asked.values_of_new(&folder, (&name, &sport), &prepared);
        let namesake = |template: &&Template| {
            let own = template.event.name.as_deref().unwrap_or_default();
            entry::same_name(own) == entry::same_name(&name) && (!is_plan || template.day == asked.day)
        };
        let there = stands_in.and_then(|folder| folder.templates.iter().find(namesake));
        let there = match there.map(Item::of_template) {
            Some(item) if item::otherwise(&values, &item).is_empty() => Some(Box::new(item)),
            Some(item) => {
                return Err(ToolError::Input(format!(
                    "Not done: {place} has a workout of that name already, and it differs ({}): pass id {} to change that one, or \
                     another name.",
                    item::field_words(&item::otherwise(&values, &item)),
                    item.id
                )));
            }
            None => None,
        };
        Ok(Self {
            folder,
            wish: Wish::Make {
                shelf: Shelf::Template,
                place: place.clone(),
                values,
                contents: Vec::new(),
            },
            place,
            there,
            prepared: Some(prepared),
            of_name: check::name(&name),
        })
    }

    fn of_change(
        asked: &Asked,
        profile: &model::Athlete,
        (folders, own): (&[Folder], &str),
        id: i64,
    ) -> Result<Self, ToolError> {
        let all: Vec<&Folder> = folders.iter().collect();
        let (folder, template) = library::workout(&all, &id.to_string())?;
        if template.id != id {
            return Err(ToolError::Input(format!(
                "Not done: this library has no workout with the id {id}. get_library has the ids."
            )));
        }
        if library::is_others(folder, own) {
            return Err(of_another(folder, own));
        }
        let to = match asked.folder.as_deref() {
            Some(text) => library::folder(folders, text)?,
            None => folder,
        };
        if library::is_others(to, own) {
            return Err(of_another(to, own));
        }
        if asked.day.is_some() && !to.is_plan() {
            return Err(wrong("day", "is only for a plan, and this is in a folder"));
        }
        if to.is_plan() && !folder.is_plan() && asked.day.is_none() {
            return Err(wrong(
                "day",
                "must be given in a plan: 1 is its first Monday, 8 the second",
            ));
        }
        let item = Item::of_template(template);
        let sport = asked.sport.unwrap_or_else(|| template.event.sport()).to_owned();
        let name = asked
            .name
            .as_deref()
            .unwrap_or_else(|| item.values.text("name"))
            .to_owned();
        let has_text = asked.text.is_some() || asked.note.is_some();
        let prepared = has_text.then(|| {
            let standing = parse(item.values.text("description"), template.event.sport());
            let steps = asked.text.clone().unwrap_or_else(|| kept_steps(template));
            let note = asked.note.clone().unwrap_or(standing.prose);
            asked.prepare(profile, (&steps, &note), (&name, &sport))
        });
        let mut changes = Values::default();
        if let Some(prepared) = &prepared {
            changes.set("description", prepared.entry.description());
        }
        if let Some(name) = &asked.name {
            changes.set("name", name.as_str());
        }
        if let Some(sport) = asked.sport {
            changes.set("type", sport);
        }
        if let Some(indoor) = asked.indoor {
            changes.set("indoor", indoor);
        }
        if let Some(tags) = &asked.tags {
            changes.set("tags", tags.clone());
        }
        if let Some(day) = asked.day {
            changes.set("day", day);
        }
        if to.id != folder.id {
            changes.set("folder_id", to.id);
        }
        if changes.is_empty() {
            return Err(ToolError::Input(
                "Not done: nothing to change was given. Pass name, folder, day, sport, text, note, indoor or tags.".to_owned(),
            ));
        }
        let news = item::otherwise(&changes, &item);
        let changes = changes.only(|name| news.iter().any(|news| news == name));
        let place = library::folder_name(to);
        Ok(Self {
            folder: Place::There(to.id.unwrap_or_default()),
            there: changes.is_empty().then(|| Box::new(item.clone())),
            wish: Wish::Change {
                item,
                place: place.clone(),
                changes,
            },
            place,
            prepared,
            of_name: asked.name.as_deref().and_then(check::name),
        })
    }

    /// What is said besides of the text.
    fn problems(&self) -> String {
        let of_text = self.prepared.iter().flat_map(|prepared| &prepared.problems);
        let all: Vec<Problem> = of_text.chain(&self.of_name).cloned().collect();
        joined(warnings(&all), "\n")
    }

    /// The figures and the steps that would stand there.
    fn would_be(&self, ask: &Ask) -> [String; 2] {
        let Some(prepared) = &self.prepared else {
            return Default::default();
        };
        let entry = &prepared.entry;
        let doc = Doc::of(&entry.workout, &entry.sport, &prepared.settings, entry.place());
        let own = SportUnits::of(&entry.sport, ask.card.units);
        let steps = if entry.has_steps() {
            steps::lines(&doc, &entry.sport, ask.card.units)
        } else {
            vec![named("note:", &fenced(&entry.prose, NOTE))]
        };
        [
            Figures::estimated(prepared, &doc).in_words(&own),
            joined(steps, "\n"),
        ]
    }

    fn what(&self) -> String {
        let values = match &self.wish {
            Wish::Make { values, .. } => values.clone(),
            Wish::Change { item, changes, .. } => item.values.with(changes),
            Wish::Delete { item, .. } | Wish::Replace { old: item, .. } => item.values.clone(),
        };
        let place = match self.folder {
            Place::New(_) => format!("{} (a new folder)", self.place),
            Place::There(_) => self.place.clone(),
        };
        item::in_words(Shelf::Template, &values, &place)
    }

    fn previewed(&self, ask: &Ask) -> Answer {
        if let Some(item) = &self.there {
            return self.already(ask, item);
        }
        let would = match &self.wish {
            Wish::Change { changes, .. } => {
                let names: Vec<String> = changes.names().map(str::to_owned).collect();
                format!("would change {}", item::field_words(&names))
            }
            _ => "would be new".to_owned(),
        };
        let [figures, steps] = self.would_be(ask);
        Answer::of([
            answer::first_line(&ask.card, ask.today(), &["preview, nothing saved".to_owned()]),
            joined([format!("{}: {would}", self.what()), figures], DOT),
            steps,
            self.problems(),
        ])
    }

    fn already(&self, ask: &Ask, item: &Item) -> Answer {
        Answer::of([
            answer::first_line(&ask.card, ask.today(), &["already so, nothing sent".to_owned()]),
            format!("{} stands there just so (id {}).", self.what(), item.id),
            self.problems(),
        ])
    }

    /// `tried` has the folder, if one was made, then the workout; `failure`: why that was not tried.
    fn said(&self, ask: &Ask, tried: &[Tried], failure: Option<&str>) -> Answer {
        let mut lines = Vec::new();
        let of_folder = matches!(self.folder, Place::New(_))
            .then(|| tried.first())
            .flatten();
        if let Some(tried) = of_folder {
            lines.push(match tried.failed() {
                Some(why) => format!("folder {}: {why}", self.place),
                None => format!("folder {} is new (change {})", self.place, tried.number),
            });
        }
        let of_workout = tried.get(usize::from(of_folder.is_some()));
        let mut head = "not saved";
        match (of_workout, failure) {
            (Some(tried), _) => match (&tried.fate, tried.failed()) {
                (Fate::Stands { item, otherwise, .. }, _) => {
                    head = if otherwise.is_empty() {
                        "saved"
                    } else {
                        "saved, but NOT AS SENT"
                    };
                    lines.push(self.standing(ask, tried.number, item, otherwise));
                }
                (_, why) => lines.push(format!("{}: {}", self.what(), why.unwrap_or_default())),
            },
            (None, Some(why)) => lines.push(format!("{}: NOT saved: {why}", self.what())),
            (None, None) => lines.push(format!("{}: NOT saved: its folder is not there.", self.what())),
        }
        let numbers = tried
            .iter()
            .filter(|tried| tried.came_true())
            .map(|tried| tried.number)
            .collect();
        Answer::of(
            std::iter::once(answer::first_line(&ask.card, ask.today(), &[head.to_owned()]))
                .chain(lines)
                .chain([
                    self.problems(),
                    undo_hint(
                        &ask.card,
                        numbers,
                        if of_folder.is_some() {
                            "takes them back"
                        } else {
                            "takes it back"
                        },
                    ),
                    "In a browser where the library is open, reload the page to see it.".to_owned(),
                ]),
        )
    }

    fn standing(&self, ask: &Ask, number: i32, item: &Item, otherwise: &[String]) -> String {
        let of = |event: &model::Event| {
            let own = SportUnits::of_plan(event, ask.card.units);
            let figures = Figures::of(event).in_words(&own);
            let doc = event.workout_doc.as_ref().filter(|doc| doc.count() > 0);
            let doc = doc.and_then(|doc| library::resolved(doc, event.sport()));
            let lines = doc.map(|doc| steps::lines(&doc, event.sport(), ask.card.units));
            (figures, joined(lines.unwrap_or_default(), "\n"))
        };
        let (figures, steps) = item.event.as_deref().map(of).unwrap_or_default();
        let not = if otherwise.is_empty() {
            String::new()
        } else {
            format!("NOT AS SENT: {}", item::field_words(otherwise))
        };
        let heading = joined(
            [self.what(), figures, format!("id {} (change {number})", item.id)],
            DOT,
        );
        joined([heading, steps, not], "\n")
    }
}

/// The steps of a workout as text, also of one that came from a file.
fn kept_steps(template: &Template) -> String {
    let doc = template.event.workout_doc.as_ref();
    let workout = doc.map(|doc| doc.workout()).unwrap_or_default();
    described("", &workout, template.event.sport())
}

fn is_number(text: &str) -> bool {
    text.trim().parse::<i64>().is_ok()
}

const MAKE: &str = "With make_folder: true a folder of this name is made.";

fn of_another(folder: &Folder, own: &str) -> ToolError {
    ToolError::Refused(format!(
        "Not done: {} is {}: only its owner changes it. Save into a folder of the athlete's own.",
        library::folder_in_words(folder),
        library::sharing(folder, own)
    ))
}
