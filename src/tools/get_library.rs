//! get_library: the folders and plans of the workout library, the workouts in one of them with their steps, or those that a search
//! finds.
//!
//! One request (`GET /athlete/{id}/folders`), which has every folder with all its workouts.

use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{
        self,
        cut::Cut,
        table::Columns,
        units::{self, positive},
        words::{self, contains, counted, joined, on_one_line},
    },
    arguments::{Arguments, Detail},
    library::{self, Row},
    params::Param,
};
use crate::{
    guard::Ask,
    intervals::model::{Folder, Template},
    permissions,
    text::fenced,
    tool_error::ToolError,
    training::sports,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_LIBRARY,
    description: "The workout library at intervals.icu: folders and training plans; with folder the workouts in it, by plan day, \
        with their steps; with query those whose name or tag it is, in all of it.",
    params: PARAMS,
    requests: "1",
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const PARAMS: &[Param] = &[
    Param::text("folder", 100, "Name or id of a folder or plan"),
    Param::text("query", 100, "Part of a workout's name, or a tag"),
    Param::sport("ride, run, swim, ski, row or one exact type"),
    Param::detail("all steps, longer notes, up to 300 rows"),
];

/// Rows of the table.
const ROWS: usize = 60;
const MOST_ROWS: usize = 300;
/// Bytes of steps.
const BYTES: usize = 3500;
const MOST_BYTES: usize = 25_000;
/// Characters of a folder's description.
const NOTE: usize = 160;

async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let arguments = Arguments::new(given, PARAMS, ask.today())?;
    let asked = Asked {
        folder: arguments.text("folder")?,
        query: arguments.text("query")?,
        sport: arguments.sport()?,
        detail: arguments.detail()?,
    };
    let folders = ask.upstream.library().await?;
    let answer = render(&ask, &folders, &asked)?;
    Ok(answer.and([answer::unread(&ask.upstream)]))
}

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    folder: Option<String>,
    query: Option<String>,
    sport: Option<&'static [&'static str]>,
    detail: Detail,
}

impl Asked {
    fn wants(&self, template: &Template) -> bool {
        let name = template.event.name.as_deref().unwrap_or_default();
        let has_tag = |wanted: &str| {
            let mut tags = template.event.tags.iter().flatten();
            tags.any(|tag| tag.trim().trim_start_matches('#').to_lowercase() == wanted.trim().to_lowercase())
        };
        let is_named = self
            .query
            .as_deref()
            .is_none_or(|query| match query.trim().strip_prefix('#') {
                Some(tag) => has_tag(tag),
                None => contains(name, query) || has_tag(query),
            });
        let is_of_sport = self
            .sport
            .is_none_or(|sports| sports.contains(&template.event.sport()));
        is_named && is_of_sport
    }
}

fn render(ask: &Ask, folders: &[Folder], asked: &Asked) -> Result<Answer, ToolError> {
    let folder = match &asked.folder {
        Some(text) => Some(library::folder(folders, text)?),
        None => None,
    };
    if folder.is_none() && asked.query.is_none() && asked.sport.is_none() {
        return Ok(all(ask, folders));
    }
    let looked_in: Vec<&Folder> = match folder {
        Some(folder) => vec![folder],
        None => folders.iter().collect(),
    };
    let mut rows: Vec<Row<'_>> = looked_in
        .iter()
        .flat_map(|folder| {
            let wanted = folder.templates.iter().filter(|template| asked.wants(template));
            wanted.map(|template| Row { folder, template })
        })
        .collect();
    if let Some(folder) = folder.filter(|folder| folder.is_plan()) {
        debug_assert!(rows.iter().all(|row| row.folder.id == folder.id));
        rows.sort_by_key(|row| row.template.day.unwrap_or(i64::MAX));
    }
    Ok(found(ask, folder, &rows, asked))
}

/// Every folder and plan.
fn all(ask: &Ask, folders: &[Folder]) -> Answer {
    let own = ask.card.id.as_str();
    let plans = folders.iter().filter(|folder| folder.is_plan()).count();
    let workouts: usize = folders.iter().map(|folder| folder.templates.len()).sum();
    let heading = answer::first_line(
        &ask.card,
        ask.today(),
        &[
            "workout library".to_owned(),
            joined(
                [
                    counted(folders.len() - plans, "folder", "folders"),
                    counted(plans, "plan", "plans"),
                    counted(workouts, "workout", "workouts"),
                ],
                ", ",
            ),
        ],
    );
    if folders.is_empty() {
        return Answer::of([heading, "The library is empty.".to_owned()]);
    }
    let sports = |folder: &Folder| {
        let mut found: Vec<&str> = Vec::new();
        for template in &folder.templates {
            let sport = template.event.sport();
            if !sport.is_empty() && !found.contains(&sport) {
                found.push(sport);
            }
        }
        joined(found.into_iter().take(4).map(answer::sport), ", ")
    };
    let cut = Cut::after(MOST_ROWS, folders);
    let table = Columns::<Folder>::new()
        .column("kind", |folder| library::kind(folder).to_owned())
        .column("name", library::folder_name)
        .column("workouts", |folder| folder.templates.len().to_string())
        .column("weeks", |folder| {
            library::weeks(folder)
                .map(|weeks| weeks.to_string())
                .unwrap_or_default()
        })
        .column("sports", sports)
        .column("sharing", |folder| library::sharing(folder, own))
        .column("about", |folder| {
            fenced(
                &on_one_line(folder.description.as_deref().unwrap_or_default()),
                NOTE,
            )
        })
        .column("id", |folder| {
            folder.id.map(|id| id.to_string()).unwrap_or_default()
        })
        .table(cut.shown);
    Answer::of([
        heading,
        table,
        cut.more("folder", |_| "use query to search in all of them".to_owned()),
    ])
}

/// The workouts of a folder, or those found.
fn found(ask: &Ask, folder: Option<&Folder>, rows: &[Row<'_>], asked: &Asked) -> Answer {
    let own = ask.card.units;
    let count = counted(rows.len(), "workout", "workouts");
    let filter = joined(
        [
            asked
                .query
                .as_deref()
                .map(|query| fenced(query, 60))
                .unwrap_or_default(),
            asked.sport.map(answer::sports_in_short).unwrap_or_default(),
        ],
        ", ",
    );
    let place = match folder {
        Some(folder) => joined(
            [
                library::folder_in_words(folder),
                library::weeks(folder)
                    .map(|weeks| counted(usize::try_from(weeks).unwrap_or_default(), "week", "weeks"))
                    .unwrap_or_default(),
                library::sharing(folder, ask.card.id.as_str()),
            ],
            ", ",
        ),
        None => "workout library".to_owned(),
    };
    let heading = answer::first_line(&ask.card, ask.today(), &[place, filter, count]);
    if rows.is_empty() {
        let why = match (folder, asked.query.is_some() || asked.sport.is_some()) {
            (Some(_), false) => "Nothing is in it.",
            (Some(_), true) => "Nothing in it fits.",
            (None, _) => "No workout of the library fits.",
        };
        return Answer::of([heading, why.to_owned()]);
    }
    let limit = asked.detail.pick(ROWS, MOST_ROWS);
    let cut = Cut::after(limit, rows);
    let more = cut.more("workout", |next| {
        let full = if asked.detail == Detail::Concise && rows.len() <= MOST_ROWS {
            "use detail=full"
        } else {
            "narrow it with query or sport"
        };
        let from = library::place(next.template);
        joined(
            [full.to_owned(), words::around("(the next is of", &from, ")")],
            " ",
        )
    });
    let about = folder
        .and_then(|folder| folder.description.as_deref())
        .unwrap_or_default();
    let about = words::named(
        "about:",
        &fenced(&on_one_line(about), asked.detail.pick(NOTE, 1000)),
    );
    Answer::of([
        heading,
        about,
        library::table(cut.shown, own, asked.detail),
        more,
        sums(rows),
        with_steps(cut.shown, ask, asked.detail),
    ])
}

/// `Ride 12 · 14:30 · load 640 | Run 3 · 2:10 · load 120`
fn sums(rows: &[Row<'_>]) -> String {
    let mut by_sport: Vec<(&str, usize, f64, f64)> = Vec::new();
    for Row { template, .. } in rows {
        let event = &template.event;
        let sport = sports::family(event.sport());
        let (secs, load) = (
            event.planned_secs().unwrap_or_default(),
            positive(event.icu_training_load).unwrap_or_default(),
        );
        match by_sport.iter_mut().find(|sum| sum.0 == sport) {
            Some(sum) => *sum = (sport, sum.1 + 1, sum.2 + secs, sum.3 + load),
            None => by_sport.push((sport, 1, secs, load)),
        }
    }
    let words = by_sport.into_iter().map(|(sport, count, secs, load)| {
        let name = if sport.is_empty() {
            answer::NO_SPORT.to_owned()
        } else {
            answer::sport(sport)
        };
        joined(
            [
                format!("{name} {count}"),
                units::hours_minutes(positive(Some(secs))),
                words::named("load", &units::whole(positive(Some(load)))),
            ],
            words::DOT,
        )
    });
    joined(words, " | ")
}

/// The steps of as many workouts as fit, those that are alike once, and how to get the others.
fn with_steps(rows: &[Row<'_>], ask: &Ask, detail: Detail) -> String {
    let room = detail.pick(BYTES, MOST_BYTES);
    let mut blocks: Vec<(String, Vec<i64>, String)> = Vec::new();
    for Row { template, .. } in rows {
        let Some((thresholds, lines)) = library::lines(template, ask.card.units, detail) else {
            continue;
        };
        let name = fenced(template.event.name.as_deref().unwrap_or_default(), library::NAME);
        // Also without thresholds: what follows the first line are the steps.
        let steps = format!("{thresholds}\n{}", joined(lines, "\n"));
        match blocks
            .iter_mut()
            .find(|(other, _, same)| *other == name && *same == steps)
        {
            Some((_, ids, _)) => ids.push(template.id),
            None => blocks.push((name, vec![template.id], steps)),
        }
    }
    let (mut shown, mut spent, mut left) = (Vec::new(), 0, 0);
    for (name, ids, steps) in blocks {
        let first = ids.first().map(i64::to_string).unwrap_or_default();
        let same = match ids.len() {
            0 | 1 => String::new(),
            count => format!(" and {} more like it", count - 1),
        };
        let (thresholds, lines) = steps.split_once('\n').unwrap_or((&steps, ""));
        let heading = joined(
            [format!("{name} (id {first}{same})"), thresholds.to_owned()],
            words::DOT,
        );
        let block = format!("{heading}:\n{lines}");
        spent += block.len() + 1;
        if left > 0 || spent > room && !shown.is_empty() {
            left += ids.len();
        } else {
            shown.push(block);
        }
    }
    if shown.is_empty() {
        return String::new();
    }
    let rest = match left {
        0 => String::new(),
        left => format!(
            "Steps of {} left out: {}.",
            counted(left, "workout", "workouts"),
            detail.pick("use detail=full, or query for one", "narrow it with query")
        ),
    };
    joined(
        std::iter::once("Steps, by the thresholds that the library keeps with them:".to_owned())
            .chain(shown)
            .chain([rest]),
        "\n",
    )
}
