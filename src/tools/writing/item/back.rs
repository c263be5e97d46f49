//! Taking changes of items back: what was made goes, what was changed or deleted comes back, unless somebody changed it since.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    COMPUTED, Fate, Sought, Tried, Wish, field_words, fingerprint, in_words, namesakes, otherwise, read,
};
use crate::{
    guard::{
        Ask, Granted,
        journal::{Change, KeptItem},
    },
    ids::ChangeId,
    intervals::{
        Area,
        model::{Item, Shelf, Values, record::same},
    },
    tool_error::ToolError,
    tools::{
        answer::words::{counted, in_brackets, joined},
        writing::{
            find::Reader,
            said::numbers as run_of,
            undo::{UNDER_WAY, can_be, is_allowed},
        },
    },
};

/// Items of one call: each needs a request of its own.
const MOST: usize = 20;

/// Changes of one item, newest first, and what taking them back would be.
#[derive(Debug)]
pub(in crate::tools::writing) struct Step {
    pub(in crate::tools::writing) changes: Vec<Change>,
    /// Or why they cannot be undone.
    pub(in crate::tools::writing) verdict: Result<Wish, String>,
}

/// `3 workouts`: what is in an item.
fn inside(shelf: Shelf, count: usize) -> String {
    match shelf {
        Shelf::Folder | Shelf::Template => counted(count, "workout", "workouts"),
        Shelf::Gear | Shelf::Reminder | Shelf::Activity => counted(count, "reminder", "reminders"),
    }
}

/// `new library workout «Sweet spot» in «Base»`, `deleted folder «Base» with 3 workouts`
pub(in crate::tools::writing) fn what(kept: &KeptItem) -> String {
    let values = kept
        .after
        .as_ref()
        .or(kept.before.as_ref())
        .cloned()
        .unwrap_or_default();
    let verb = match (&kept.before, &kept.after) {
        (None, _) => "new",
        (Some(_), None) => "deleted",
        (Some(_), Some(_)) => "edited",
    };
    let held = match kept.contents.len() {
        0 => String::new(),
        count => format!("with {}", inside(kept.shelf, count)),
    };
    let verb = if kept.beside.is_empty() { verb } else { "replaced" };
    let changed = match (&kept.before, &kept.after) {
        (Some(before), Some(after)) => {
            let mut names: Vec<String> = after.not_in(before).into_iter().map(str::to_owned).collect();
            if names.iter().any(|name| name == "description") {
                names.retain(|name| !COMPUTED.contains(&name.as_str()));
            }
            in_brackets(&field_words(&names))
        }
        _ => String::new(),
    };
    joined(
        [
            verb.to_owned(),
            in_words(kept.shelf, &values, &kept.place),
            held,
            changed,
        ],
        " ",
    )
}

impl Step {
    /// `change 14, new library workout «Sweet spot» in «Base»`
    pub(in crate::tools::writing) fn in_words(&self) -> String {
        let numbers = self.changes.iter().map(|change| change.number).collect();
        let many = if self.changes.len() == 1 {
            "change"
        } else {
            "changes"
        };
        let what = self.changes.iter().rev().find_map(Change::item).map(what);
        joined(
            [format!("{many} {}", run_of(numbers)), what.unwrap_or_default()],
            ", ",
        )
    }

    /// What a preview says.
    pub(in crate::tools::writing) fn would(&self) -> String {
        match &self.verdict {
            Ok(Wish::Delete { also, .. }) if !also.is_empty() => {
                "would delete it and put the old one back in its place".to_owned()
            }
            Ok(Wish::Delete { .. }) => "would delete it".to_owned(),
            Ok(Wish::Change { changes, .. }) => {
                let names: Vec<String> = changes.names().map(str::to_owned).collect();
                format!("would restore {}", field_words(&names))
            }
            Ok(Wish::Make { contents, shelf, .. }) if !contents.is_empty() => format!(
                "would make it again under a new id, with its {}",
                inside(*shelf, contents.len())
            ),
            Ok(Wish::Make { .. } | Wish::Replace { .. }) => "would make it again, under a new id".to_owned(),
            Err(why) => format!("cannot be undone: {why}"),
        }
    }

    /// What became of it, or why nothing did.
    pub(in crate::tools::writing) fn became(&self, tried: Option<&Tried>) -> Result<String, String> {
        let wish = self.verdict.as_ref().map_err(Clone::clone)?;
        let tried = tried.ok_or_else(|| "it was not tried".to_owned())?;
        let number = format!("(change {})", tried.number);
        match (&tried.fate, wish) {
            (Fate::Gone, Wish::Delete { also, .. }) if !also.is_empty() => Ok(format!(
                "it is gone, and the old one is back in its place {number}"
            )),
            (Fate::Gone, wish) if matches!(wish.shelf(), Shelf::Folder | Shelf::Template) => {
                Ok(format!("it is gone from the library {number}"))
            }
            (Fate::Gone, _) => Ok(format!("it is gone {number}")),
            (
                Fate::Stands {
                    item,
                    otherwise,
                    lacking,
                },
                wish,
            ) => {
                let stands = match wish {
                    Wish::Make { .. } => format!("it is back under the new id {}", item.id),
                    _ => "it stands as before".to_owned(),
                };
                let not = if otherwise.is_empty() {
                    String::new()
                } else {
                    format!("NOT restored: {}", field_words(otherwise))
                };
                let lacking = match lacking {
                    0 => String::new(),
                    count => format!("{} of it NOT restored", inside(wish.shelf(), *count)),
                };
                Ok(joined([joined([stands, not, lacking], "; "), number], " "))
            }
            (Fate::Not(why) | Fate::NotSent(why) | Fate::Unknown(why), _) => Err(why.clone()),
        }
    }
}

/// The steps that take these changes back, and what stands there now. One request.
pub(in crate::tools::writing) async fn planned(
    granted: &Granted,
    changes: Vec<Change>,
    reader: Reader<'_>,
) -> Result<(Vec<Step>, Vec<Item>), ToolError> {
    if changes.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let scopes = &granted.ask().card.scopes;
    let mut steps = Vec::new();
    let mut groups: Vec<((Shelf, String), Vec<Change>)> = Vec::new();
    for change in changes {
        let of = change
            .item()
            .and_then(|kept| Some((kept.shelf, kept.id.clone()?)));
        match (can_be(&change), of) {
            (Err(why), _) => steps.push(Step {
                changes: vec![change],
                verdict: Err(why),
            }),
            (Ok(()), None) => steps.push(Step {
                changes: vec![change],
                verdict: Err("nothing is kept of it".to_owned()),
            }),
            (Ok(()), Some(of)) => match groups.iter_mut().find(|(known, _)| *known == of) {
                Some((_, all)) => all.push(change),
                None => groups.push((of, vec![change])),
            },
        }
    }
    if groups.len() > MOST {
        return Err(ToolError::Input(format!(
            "Not done: one call undoes changes of at most {MOST} items of the library, gear and activities entered by hand. Name fewer changes."
        )));
    }
    let is_shut = |shelf: Shelf| (!scopes.writes(shelf.area())).then(|| not_connected_for(shelf.area()));
    let sought: Vec<Sought> = groups
        .iter()
        .filter(|((shelf, _), _)| is_shut(*shelf).is_none())
        .flat_map(|(_, changes)| changes.iter().filter_map(Change::item))
        .filter_map(Sought::of_kept)
        .collect();
    let there = match reader {
        Reader::Writing(writing) => writing.items(&sought).await?,
        Reader::Showing(ask) => read(&ask.upstream, &sought).await?,
    };
    let open = granted.journal().open_ones().await?;
    // What goes with this very call is not in its folder any more.
    let going: BTreeSet<String> = groups
        .iter()
        .filter(|((shelf, _), changes)| {
            let made = changes
                .last()
                .and_then(Change::item)
                .is_some_and(|kept| kept.before.is_none());
            *shelf == Shelf::Template && made
        })
        .map(|((_, id), _)| id.clone())
        .collect();
    for ((shelf, id), changes) in groups {
        let verdict = if let Some(why) = is_shut(shelf) {
            Err(why)
        } else {
            let later = later(granted, &changes).await?;
            wish(&changes, (&there, &going), &open, later, &id)
        };
        steps.push(Step { changes, verdict });
    }
    steps.sort_by_key(|step| std::cmp::Reverse(step.changes.first().map(|change| change.number)));
    Ok((steps, there))
}

fn not_connected_for(area: Area) -> String {
    format!(
        "intervals.icu is not connected for changing the athlete's {} any more",
        area.in_words()
    )
}

/// The number of a change of the item that came after these, as far as whoever asks may know of it.
async fn later(granted: &Granted, changes: &[Change]) -> Result<Option<i32>, ToolError> {
    let (Some(newest), Some(kept)) = (changes.first(), changes.first().and_then(Change::item)) else {
        return Ok(None);
    };
    let card = &granted.ask().card;
    let by_id = fingerprint(&KeptItem {
        id: kept.id.clone(),
        ..kept.clone()
    });
    let all = granted.journal().alike(by_id).await?;
    let is_known = |change: &Change| {
        !card.is_for_coach() || granted.journal().is_own(change) && is_allowed(card, change)
    };
    let is_later =
        |change: &&Change| change.number > newest.number && can_be(change).is_ok() && is_known(change);
    Ok(all.iter().find(is_later).map(|change| change.number))
}

/// What takes these changes of one item back, the newest first, or why nothing can.
fn wish(
    changes: &[Change],
    (there, going): (&[Item], &BTreeSet<String>),
    open: &[Change],
    later: Option<i32>,
    id: &str,
) -> Result<Wish, String> {
    let kept = || changes.iter().filter_map(Change::item);
    let (Some(newest), Some(oldest)) = (kept().next(), kept().next_back()) else {
        return Err("nothing is kept of it".to_owned());
    };
    let ids: BTreeSet<ChangeId> = changes.iter().map(|change| change.id).collect();
    if open
        .iter()
        .any(|open| open.undoes.iter().any(|id| ids.contains(id)))
    {
        return Err(UNDER_WAY.to_owned());
    }
    let item = there
        .iter()
        .find(|item| item.shelf == newest.shelf && item.id == id);
    match (&oldest.before, &newest.after, item) {
        (None, None, _) => Err("it is gone, as it was before all of these changes".to_owned()),
        (Some(_), None, Some(_)) => Err("it is there again".to_owned()),
        (Some(before), None, None) => made_again(newest, before, there),
        (_, Some(_), None) => Err(match later {
            Some(number) => format!("change {number} came after it: undo that first"),
            None => "it is not there any more: somebody deleted it".to_owned(),
        }),
        (before, Some(after), Some(item)) => {
            untouched(after, item, later)?;
            match before {
                None => gone(oldest, item, (there, going)),
                Some(before) => changed_back(changes, before, item, oldest),
            }
        }
    }
}

/// An error if the item does not stand as the change left it.
fn untouched(after: &Values, item: &Item, later: Option<i32>) -> Result<(), String> {
    let theirs = otherwise(after, item);
    match (theirs.is_empty(), later) {
        (true, _) => Ok(()),
        (false, Some(number)) => Err(format!("change {number} came after it: undo that first")),
        (false, None) => Err(format!(
            "somebody changed it since ({}); what stands there now is kept",
            field_words(&theirs)
        )),
    }
}

/// What was made goes; a folder only if nothing is in it that this call does not take away too.
fn gone(kept: &KeptItem, item: &Item, (there, going): (&[Item], &BTreeSet<String>)) -> Result<Wish, String> {
    let used = item.values.number("activities").unwrap_or_default();
    if item.shelf == Shelf::Gear
        && used
            > kept
                .after
                .as_ref()
                .and_then(|after| after.number("activities"))
                .unwrap_or_default()
    {
        return Err("activities have used it since; update_gear deletes it if that is meant".to_owned());
    }
    if item.shelf == Shelf::Activity && !item.is_by_hand() {
        return Err("it is a recording now; that is deleted on its page at intervals.icu".to_owned());
    }
    if item.shelf == Shelf::Folder {
        let is_in_it = |other: &&Item| {
            other.shelf == Shelf::Template
                && other.values.get("folder_id").as_i64().map(|id| id.to_string()) == Some(item.id.clone())
        };
        let others = there
            .iter()
            .filter(is_in_it)
            .filter(|other| !going.contains(&other.id))
            .count();
        if others > 0 {
            return Err(format!(
                "{} in it now; delete_library_item deletes it with them if that is meant",
                if others == 1 {
                    "1 workout is".to_owned()
                } else {
                    format!("{others} workouts are")
                }
            ));
        }
    }
    Ok(Wish::Delete {
        item: item.clone(),
        place: kept.place.clone(),
        also: kept.beside.clone(),
    })
}

/// What was deleted is made again.
fn made_again(kept: &KeptItem, before: &Values, there: &[Item]) -> Result<Wish, String> {
    if kept.shelf == Shelf::Reminder {
        let gear = before.text("gear_id");
        if !there
            .iter()
            .any(|item| item.shelf == Shelf::Gear && item.id == gear)
        {
            return Err("its gear is not there any more".to_owned());
        }
    }
    if kept.shelf == Shelf::Template {
        let folder = before.get("folder_id").as_i64().map(|id| id.to_string());
        let stands = |item: &Item| item.shelf == Shelf::Folder && Some(&item.id) == folder.as_ref();
        if !there.iter().any(stands) {
            return Err("its folder is not there any more".to_owned());
        }
    }
    let is_same = |item: &&Item| {
        otherwise(&before.only(|name| name != "day"), item).is_empty()
            && same(before.get("day"), item.values.get("day"))
    };
    if matches!(kept.shelf, Shelf::Template | Shelf::Activity)
        && let Some(item) = namesakes(kept.shelf, before, there).find(is_same)
    {
        return Err(format!("the same stands there already (id {})", item.id));
    }
    Ok(Wish::Make {
        shelf: kept.shelf,
        place: kept.place.clone(),
        values: before.clone(),
        contents: kept.contents.clone(),
    })
}

/// Only what these changes changed goes back: somebody else may have changed the rest.
fn changed_back(changes: &[Change], before: &Values, item: &Item, kept: &KeptItem) -> Result<Wish, String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for kept in changes.iter().filter_map(Change::item) {
        if let (Some(before), Some(after)) = (&kept.before, &kept.after) {
            names.extend(after.not_in(before).into_iter().map(str::to_owned));
            names.extend(before.not_in(after).into_iter().map(str::to_owned));
        }
    }
    let target: Values = names
        .iter()
        .map(|name| (name.clone(), before.get(name).clone()))
        .collect::<Vec<(String, Value)>>()
        .into_iter()
        .collect();
    if otherwise(&target, item).is_empty() {
        return Err("it is as it was before already".to_owned());
    }
    if target.has("last_reset") {
        return Err("intervals.icu does not let a reminder count on from where it was".to_owned());
    }
    Ok(Wish::Change {
        item: item.clone(),
        place: kept.place.clone(),
        changes: target,
    })
}

/// The items of open changes as they stand; None if there are none, or if nothing can be read.
pub(in crate::tools::writing) async fn of_open(
    ask: &Ask,
    open: &[Change],
    reader: Reader<'_>,
) -> Option<Vec<Item>> {
    let sought: Vec<Sought> = open
        .iter()
        .filter_map(Change::item)
        .filter(|kept| ask.card.scopes.reads(kept.shelf.area()))
        .filter_map(Sought::of_kept)
        .collect();
    if sought.is_empty() {
        return None;
    }
    match reader {
        Reader::Writing(writing) => writing.items(&sought).await.ok(),
        Reader::Showing(ask) => read(&ask.upstream, &sought).await.ok(),
    }
}
