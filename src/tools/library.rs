//! The workout library in words: which folder and which workout a text means, and the lines that show them.

use super::{
    answer::{
        self,
        sport_units::SportUnits,
        table::Columns,
        units::{self, positive},
        words::{counted, joined, listed},
    },
    arguments::Detail,
    entries, steps,
    writing::entry::{bulleted, described, place as place_of, same_name},
};
use crate::{
    guard::Units,
    intervals::model::{Folder, Template},
    text::{clean, fenced},
    tool_error::ToolError,
    workout::{doc::Doc, text::parse},
};

/// Characters of a name.
pub(super) const NAME: usize = 60;
/// Folders or workouts that are named where none or several fit.
const CANDIDATES: usize = 10;
/// Days of a week of a plan, from its first one.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The one folder or plan that a text means: by its id, its whole name, or else a part of it.
pub(super) fn folder<'a>(all: &'a [Folder], text: &str) -> Result<&'a Folder, ToolError> {
    let name = |folder: &Folder| same_name(folder.name.as_deref().unwrap_or_default());
    let found = fitting(all, text, |folder| folder.id, name);
    match found[..] {
        [only] => Ok(only),
        [] if all.is_empty() => Err(ToolError::Input(
            "Not done: this library is empty: there is no folder and no plan.".to_owned(),
        )),
        [] => Err(ToolError::Input(format!(
            "Not done: no folder or plan is called {}. There is {}.",
            fenced(text, NAME),
            listed(&all.iter().map(folder_in_words).collect::<Vec<_>>(), CANDIDATES)
        ))),
        _ => Err(ToolError::Input(format!(
            "Not done: several folders or plans fit {}. Pass the id of one: {}.",
            fenced(text, NAME),
            listed(
                &found.into_iter().map(folder_in_words).collect::<Vec<_>>(),
                CANDIDATES
            )
        ))),
    }
}

/// The one workout that a text means, with its folder: by its id, its whole name, or else a part of it.
pub(super) fn workout<'a>(
    folders: &[&'a Folder],
    text: &str,
) -> Result<(&'a Folder, &'a Template), ToolError> {
    let all: Vec<(&Folder, &Template)> = folders
        .iter()
        .flat_map(|folder| folder.templates.iter().map(|template| (*folder, template)))
        .collect();
    let name = |row: &(&Folder, &Template)| same_name(row.1.event.name.as_deref().unwrap_or_default());
    let found = fitting(&all, text, |row| Some(row.1.id), name);
    let in_words = |rows: &[&(&'a Folder, &'a Template)]| -> Vec<String> {
        let row = |(folder, template): &&(&Folder, &Template)| {
            format!("{} in {}", workout_in_words(template), folder_name(folder))
        };
        rows.iter().map(row).collect()
    };
    match found[..] {
        [only] => Ok(*only),
        [] if all.is_empty() => Err(ToolError::Input(
            "Not done: there is no workout in this library.".to_owned(),
        )),
        [] => Err(ToolError::Input(format!(
            "Not done: no workout of the library is called {}. get_library with query finds them by a part of the name.",
            fenced(text, NAME)
        ))),
        _ => Err(ToolError::Input(format!(
            "Not done: several workouts of the library fit {}. Pass the id of one: {}.",
            fenced(text, NAME),
            listed(&in_words(&found), CANDIDATES)
        ))),
    }
}

/// Those that a text means: the one with this id, else all of this name, else all with the text in their name.
fn fitting<'a, T>(
    all: &'a [T],
    text: &str,
    id: impl Fn(&T) -> Option<i64>,
    name: impl Fn(&T) -> String,
) -> Vec<&'a T> {
    let number = text.trim().parse::<i64>().ok();
    if let Some(found) = all.iter().find(|one| number.is_some() && id(one) == number) {
        return vec![found];
    }
    let wanted = same_name(text);
    let whole: Vec<&T> = all.iter().filter(|one| name(one) == wanted).collect();
    if !whole.is_empty() || wanted.is_empty() {
        return whole;
    }
    all.iter().filter(|one| name(one).contains(&wanted)).collect()
}

/// `«Base»`
pub(super) fn folder_name(folder: &Folder) -> String {
    let name = fenced(folder.name.as_deref().unwrap_or_default(), NAME);
    if name.is_empty() {
        "without a name".to_owned()
    } else {
        name
    }
}

/// `plan «Half marathon 8 wk» (id 880011)`
pub(super) fn folder_in_words(folder: &Folder) -> String {
    let id = folder.id.map(|id| format!("(id {id})")).unwrap_or_default();
    joined([kind(folder).to_owned(), folder_name(folder), id], " ")
}

/// `«Sweet spot 3x12» (id 7700101)`
pub(super) fn workout_in_words(template: &Template) -> String {
    let name = fenced(template.event.name.as_deref().unwrap_or_default(), NAME);
    joined([name, format!("(id {})", template.id)], " ")
}

/// `plan` or `folder`
pub(super) fn kind(folder: &Folder) -> &'static str {
    if folder.is_plan() { "plan" } else { "folder" }
}

/// Who else has to do with it: `of «Coach Kim», read only`, `shared with 3 others`; empty for one of one's own.
pub(super) fn sharing(folder: &Folder, own: &str) -> String {
    if is_others(folder, own) {
        let owner = folder.owner.as_ref().and_then(|owner| owner.name.as_deref());
        let owner = match fenced(owner.unwrap_or_default(), NAME) {
            name if name.is_empty() => "somebody else".to_owned(),
            name => name,
        };
        return format!("of {owner}, read only");
    }
    match folder.shared_with {
        Some(count @ 1..) => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            format!("shared with {}", counted(count, "other", "others"))
        }
        _ if folder.is_shared() => "public".to_owned(),
        _ => String::new(),
    }
}

/// The text of a workout: its words and its steps, also of one whose steps came from a file.
pub(super) fn text(template: &Template) -> String {
    let own = template.event.description.as_deref().unwrap_or_default();
    let sport = template.event.sport();
    match template
        .event
        .workout_doc
        .as_ref()
        .filter(|_| is_from_file(template))
    {
        Some(doc) => described(&bulleted(own), &doc.workout(), sport),
        None => own.to_owned(),
    }
}

/// Whether it has steps that are not in its text.
pub(super) fn is_from_file(template: &Template) -> bool {
    let own = template.event.description.as_deref().unwrap_or_default();
    let doc = template.event.workout_doc.as_ref();
    doc.is_some_and(|doc| doc.count() > 0) && parse(own, template.event.sport()).workout.items.is_empty()
}

/// Whether only somebody else may change it.
pub(super) fn is_others(folder: &Folder, own: &str) -> bool {
    folder.is_of_another(own) || folder.is_locked()
}

/// How many weeks a plan has: upstream's number, or else those of its last day.
pub(super) fn weeks(folder: &Folder) -> Option<i64> {
    let of_days = folder.templates.iter().filter_map(|template| template.day).max();
    let of_days = of_days.filter(|day| *day >= 0).map(|day| day / 7 + 1);
    folder
        .duration_weeks
        .filter(|weeks| *weeks > 0)
        .max(of_days)
        .filter(|_| folder.is_plan())
}

/// `W2 Wed` of the day with this number, from 0.
pub(super) fn day_of_plan(day: i64) -> String {
    let name = usize::try_from(day.rem_euclid(7))
        .ok()
        .and_then(|day| DAYS.get(day));
    match (day >= 0, name) {
        (true, Some(name)) => format!("W{} {name}", day / 7 + 1),
        _ => String::new(),
    }
}

/// The place of a workout in its plan: `W2 Wed`, `W2` for one of the whole week.
pub(super) fn place(template: &Template) -> String {
    match template.day {
        Some(day) if template.for_week && day >= 0 => format!("W{}", day / 7 + 1),
        Some(day) => day_of_plan(day),
        None => String::new(),
    }
}

/// A workout with the folder that it is in.
pub(super) struct Row<'a> {
    pub(super) folder: &'a Folder,
    pub(super) template: &'a Template,
}

/// The table of workouts; with the folder of each where they are of several.
pub(super) fn table(rows: &[Row<'_>], own: Units, detail: Detail) -> String {
    let is_of_several = rows
        .iter()
        .any(|row| rows.first().is_some_and(|first| first.folder.id != row.folder.id));
    let sport = |row: &Row<'_>| SportUnits::of_plan(&row.template.event, own);
    let metres = |row: &Row<'_>| {
        let event = &row.template.event;
        event.metres_of_steps().or(positive(event.distance))
    };
    Columns::<Row<'_>>::new()
        .column("folder", |row| {
            if is_of_several {
                folder_name(row.folder)
            } else {
                String::new()
            }
        })
        .column("day", |row| place(row.template))
        .column("what", |row| entries::what(&row.template.event))
        .column("name", |row| {
            fenced(row.template.event.name.as_deref().unwrap_or_default(), NAME)
        })
        .column("time", |row| {
            units::hours_minutes(row.template.event.planned_secs())
        })
        .column("distance", |row| sport(row).way(metres(row), 1))
        .column("load", |row| {
            units::whole(positive(row.template.event.icu_training_load))
        })
        .column("IF", |row| {
            units::intensity(positive(row.template.event.icu_intensity))
        })
        .column("tags", |row| {
            let tags = row.template.event.tags.iter().flatten().take(10);
            joined(tags.map(|tag| clean(tag, 40)), ", ")
        })
        .column("note", |row| {
            let text = answer::words::on_one_line(&entries::prose(&row.template.event));
            fenced(&text, detail.pick(120, 600))
        })
        .column("id", |row| row.template.id.to_string())
        .table_in(detail, rows)
}

/// The steps of a workout, with the thresholds that they go by; none without steps.
pub(super) fn lines(template: &Template, own: Units, detail: Detail) -> Option<(String, Vec<String>)> {
    let sport = template.event.sport();
    let doc = template.event.workout_doc.as_ref();
    let doc = doc.and_then(|doc| resolved(doc, sport))?;
    let written = match detail {
        Detail::Concise => steps::lines,
        Detail::Full => steps::whole_lines,
    };
    Some((steps::thresholds(&doc, sport, own), written(&doc, sport, own)))
}

/// The steps with their targets in W, bpm and pace, by the thresholds that the library keeps with them; None without steps.
pub(super) fn resolved(doc: &Doc, sport: &str) -> Option<Doc> {
    // A library is for no day: a single number is not widened into a range, as it would be outdoors.
    (doc.count() > 0).then(|| Doc::of(&doc.workout(), sport, &doc.settings, place_of(true)))
}
