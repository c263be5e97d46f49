//! delete_library_item: a workout of the library, or a folder or plan with all that is in it, after it was listed and confirmed.
//!
//! At most five requests: the library (`GET /athlete/{id}/folders`), of a folder with whom it is shared and which plan the calendar
//! follows (`…/folders/{folderId}/shared-with`, `GET …/training-plan`), the deletion, and the library afterwards.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Answer, Run, Tool,
    answer::{
        self, counted,
        words::{DOT, joined},
    },
    arguments::{Arguments, wrong},
    library,
    params::Param,
    writing::{
        Writing,
        find::Reader,
        item::{self, Fate, Tried, Wish},
        said::{no_token, undo_hint},
    },
};
use crate::{
    guard::{Ask, Granted},
    intervals::{
        Athlete,
        model::{Folder, Item, Template},
    },
    permissions,
    tool_error::ToolError,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::DELETE_LIBRARY_ITEM,
    description: "Deletes a workout of the library, or a folder or plan with everything in it: listed first, with a token. What is \
        shared with others is never deleted. The calendar stays as it is. undo_change restores.",
    params: PARAMS,
    requests: "2–5",
    run: Run::Write(|granted, given| Box::pin(delete(granted, given))),
};

const PARAMS: &[Param] = &[
    Param::text(
        "folder",
        100,
        "Name or id of a folder or plan; with workout: where that is",
    ),
    Param::text("workout", 100, "Name or id of a workout"),
    Param::text("confirm", 40, "Token of the list"),
];

/// Workouts of a folder that one call deletes: as many as a person can look through.
const MOST: usize = 120;

/// What is to go.
#[derive(Debug)]
struct Doomed {
    wish: Wish,
    /// The lines of the list.
    lines: Vec<String>,
    /// What it is, in words.
    title: String,
    /// A folder.
    is_folder: bool,
}

impl Doomed {
    /// From what stands in the library.
    fn find(ask: &Ask, folders: &[Folder], arguments: &Arguments) -> Result<Self, ToolError> {
        let (folder, workout) = (arguments.text("folder")?, arguments.text("workout")?);
        let own = ask.card.id.as_str();
        match (folder, workout) {
            (None, None) => Err(wrong("workout", "must be given, or folder")),
            (folder, Some(workout)) => {
                let within: Vec<&Folder> = match folder {
                    Some(folder) => vec![library::folder(folders, &folder)?],
                    None => folders.iter().collect(),
                };
                let (folder, template) = library::workout(&within, &workout)?;
                refuse_others(folder, own)?;
                Ok(Self::workout(folder, template))
            }
            (Some(folder), None) => {
                let folder = library::folder(folders, &folder)?;
                refuse_others(folder, own)?;
                Self::folder(folder)
            }
        }
    }

    fn workout(folder: &Folder, template: &Template) -> Self {
        let place = library::folder_name(folder);
        let item = Item::of_template(template);
        let title = format!("workout {} in {place}", library::workout_in_words(template));
        Self {
            lines: vec![line(template)],
            wish: Wish::Delete {
                item,
                place,
                also: Vec::new(),
            },
            title,
            is_folder: false,
        }
    }

    fn folder(folder: &Folder) -> Result<Self, ToolError> {
        let count = folder.templates.len();
        if count > MOST {
            return Err(ToolError::Input(format!(
                "Not done: {} holds {count} workouts, more than {MOST}, which is too many to look through and to restore. Delete it \
                 on intervals.icu, under Library.",
                library::folder_in_words(folder)
            )));
        }
        let Some(item) = Item::of_folder(folder) else {
            return Err(ToolError::Upstream("Not done: this folder has no id.".to_owned()));
        };
        Ok(Self {
            lines: folder.templates.iter().map(line).collect(),
            title: format!(
                "{} with {}",
                library::folder_in_words(folder),
                counted(count, "workout", "workouts")
            ),
            wish: Wish::Delete {
                item,
                place: String::new(),
                also: Vec::new(),
            },
            is_folder: true,
        })
    }

    fn item(&self) -> Option<&Item> {
        match &self.wish {
            Wish::Delete { item, .. } => Some(item),
            _ => None,
        }
    }

    /// What a token confirms.
    fn what(&self, ask: &Ask) -> Vec<u8> {
        let of = self.item().map(|item| (item.shelf, item.id.clone()));
        json!(["delete from the library", ask.card.id.as_str(), of])
            .to_string()
            .into_bytes()
    }

    /// What it holds, so that what was listed is what goes.
    fn mark(&self) -> Vec<u8> {
        let held = self.item().map(|item| {
            let inside: Vec<_> = item
                .contents
                .iter()
                .map(|item| (&item.id, &item.values))
                .collect();
            (&item.values, inside)
        });
        Sha256::digest(serde_json::to_vec(&held).unwrap_or_default()).to_vec()
    }

    /// An error if somebody else uses the folder; a line if the athlete's own calendar follows it. Two requests.
    async fn in_use(&self, upstream: &Athlete) -> Result<String, ToolError> {
        let Some(item) = self.item().filter(|_| self.is_folder) else {
            return Ok(String::new());
        };
        let (shared, plan) = tokio::join!(upstream.folder_is_shared_with(&item.id), upstream.plan_in_use());
        match shared {
            Ok(0) => {}
            Ok(count) => return Err(shared_with(&self.title, count)),
            Err(_) => {
                return Err(ToolError::Upstream(format!(
                    "Not done: whether others share the {} could not be looked at. Try again, or delete it on intervals.icu.",
                    self.title
                )));
            }
        }
        let follows = plan
            .ok()
            .flatten()
            .is_some_and(|plan| plan.to_string() == item.id);
        Ok(if follows {
            "The athlete's calendar follows this plan now; what it put there stays.".to_owned()
        } else {
            String::new()
        })
    }
}

fn shared_with(title: &str, count: usize) -> ToolError {
    ToolError::Refused(format!(
        "Not done: the {title} is shared with {}, who would lose it too. It can be deleted on intervals.icu, once it is shared with \
         nobody.",
        counted(count, "other", "others")
    ))
}

/// An error for what others have to do with.
fn refuse_others(folder: &Folder, own: &str) -> Result<(), ToolError> {
    if library::is_others(folder, own) {
        return Err(ToolError::Refused(format!(
            "Not done: {} is {}: only its owner deletes from it.",
            library::folder_in_words(folder),
            library::sharing(folder, own)
        )));
    }
    if folder.is_shared() {
        return Err(ToolError::Refused(format!(
            "Not done: {} is {}, and they would lose what is deleted too. It can be deleted on intervals.icu.",
            library::folder_in_words(folder),
            library::sharing(folder, own)
        )));
    }
    Ok(())
}

/// `W2 Wed · Run «Tempo» (id 7)`
fn line(template: &Template) -> String {
    let what = joined(
        [
            super::entries::what(&template.event),
            library::workout_in_words(template),
        ],
        " ",
    );
    joined([library::place(template), what], DOT)
}

async fn delete(granted: Granted, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let arguments = Arguments::new(given, PARAMS, ask.today())?;
    match arguments.text("confirm")? {
        None => {
            let upstream = Reader::Showing(ask).upstream();
            let doomed = Doomed::find(ask, &upstream.library().await?, &arguments)?;
            let in_use = doomed.in_use(upstream).await?;
            list(&granted, &doomed, in_use).await
        }
        Some(token) => {
            let mut writing = Writing::begin(&granted).await?;
            let done = delete_in(&granted, &mut writing, &arguments, &token).await;
            writing.end(done).await
        }
    }
}

async fn list(granted: &Granted, doomed: &Doomed, in_use: String) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let token = granted
        .journal()
        .confirmation(&doomed.what(ask), &doomed.mark())
        .await?;
    let heading = answer::first_line(
        &ask.card,
        ask.today(),
        &[format!("{} to delete, nothing deleted", doomed.title)],
    );
    let undo = if doomed.is_folder {
        "An undo makes it again under new ids, for thirty days; comments and attachments in it do not come back."
    } else {
        "An undo makes it again under a new id, for thirty days."
    };
    let end = format!(
        "Nothing is deleted yet. To delete exactly this, repeat the call with confirm: \"{token}\" within ten minutes."
    );
    Ok(Answer::of(
        std::iter::once(heading)
            .chain(doomed.lines.iter().cloned())
            .chain([in_use, undo.to_owned(), end]),
    ))
}

async fn delete_in(
    granted: &Granted,
    writing: &mut Writing<'_>,
    arguments: &Arguments,
    token: &str,
) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    let folders = writing.upstream().library().await?;
    let doomed = Doomed::find(ask, &folders, arguments)?;
    let Some(seen) = granted.journal().confirm(token, &doomed.what(ask)).await? else {
        return Err(no_token());
    };
    if seen != doomed.mark() {
        return Err(ToolError::Input(format!(
            "Nothing was deleted: the {} changed since it was listed. Call again without confirm for a new list.",
            doomed.title
        )));
    }
    doomed.in_use(writing.upstream()).await?;
    let there = Item::of_library(&folders, ask.card.id.as_str());
    let tried = writing.put(std::slice::from_ref(&doomed.wish), &there).await?;
    item::told(said(ask, &doomed, &tried), &tried, false)
}

fn said(ask: &Ask, doomed: &Doomed, tried: &[Tried]) -> Answer {
    let gone = tried.iter().any(|tried| matches!(tried.fate, Fate::Gone));
    let lines = tried.iter().map(|tried| match tried.failed() {
        Some(why) => format!("{}: {why}", doomed.title),
        None => format!(
            "The {} is gone from the library (change {}).",
            doomed.title, tried.number
        ),
    });
    let numbers = tried
        .iter()
        .filter(|tried| tried.came_true())
        .map(|tried| tried.number)
        .collect();
    let head = if gone { "deleted" } else { "not deleted" };
    Answer::of(
        std::iter::once(answer::first_line(&ask.card, ask.today(), &[head.to_owned()]))
            .chain(lines)
            .chain([undo_hint(&ask.card, numbers, "makes it again")]),
    )
}
