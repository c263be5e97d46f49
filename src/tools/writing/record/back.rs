//! Taking changes of records back: each field gets the value that it had before, unless somebody changed it since.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Edit, Edited, Fate, fingerprint, listed, pairing, read};
use crate::{
    guard::{Ask, Granted, Units, journal::Change},
    intervals::model::{Record, RecordId, Values, record::same},
    tool_error::ToolError,
    tools::{
        answer::words::joined,
        records,
        writing::{
            find::Reader,
            said::numbers as run_of,
            undo::{can_be, is_allowed},
        },
    },
};

/// Activities of one call: each needs a request of its own.
const MOST_ACTIVITIES: usize = 5;
/// Records of open changes that are looked up together.
const MOST_OPEN: usize = 30;

/// Changes of one record, newest first, and what taking them back would be.
#[derive(Debug)]
pub(in crate::tools::writing) struct Step {
    pub(in crate::tools::writing) changes: Vec<Change>,
    /// Or why they cannot be undone.
    pub(in crate::tools::writing) verdict: Result<Edit, String>,
}

impl Step {
    /// `change 14, wellness 2026-11-28 Sat`
    pub(in crate::tools::writing) fn in_words(&self) -> String {
        let numbers = self.changes.iter().map(|change| change.number).collect();
        let many = if self.changes.len() == 1 {
            "change"
        } else {
            "changes"
        };
        let title = self.changes.iter().find_map(Change::record).map(records::title);
        joined(
            [format!("{many} {}", run_of(numbers)), title.unwrap_or_default()],
            ", ",
        )
    }

    /// What a preview says.
    pub(in crate::tools::writing) fn would(&self, own: Units) -> String {
        match &self.verdict {
            Ok(edit) => {
                let would = format!("would change {}", listed(&edit.would(own)));
                joined([would, may_stay(edit)], "; ")
            }
            Err(why) => format!("cannot be undone: {why}"),
        }
    }

    /// What became of it, with the numbers of the changes that stand all the same, or why nothing did.
    pub(in crate::tools::writing) fn became(
        &self,
        edited: Option<Edited>,
        own: Units,
    ) -> Result<(String, Vec<i32>), String> {
        let edit = self.verdict.as_ref().map_err(Clone::clone)?;
        let edited = edited.ok_or_else(|| "it was not tried".to_owned())?;
        let Fate::Stands { now, otherwise } = &edited.fate else {
            let all: Vec<&str> = edit.changes.names().collect();
            let stays = still(edit, &edit.stands, &all, own);
            return Err(match (&edited.fate, stays.is_empty()) {
                (Fate::Not(_), false) => stays,
                _ => edited.failed().unwrap_or_default(),
            });
        };
        let otherwise: Vec<&str> = otherwise.iter().map(String::as_str).collect();
        let done = Edit {
            changes: edit.changes.only(|name| !otherwise.contains(&name)),
            ..edit.clone()
        };
        let not: Vec<String> = otherwise
            .iter()
            .filter(|name| !same(edit.changes.get(name), &Value::Null))
            .map(|name| records::label(&edit.of, name))
            .collect();
        let not = if not.is_empty() {
            String::new()
        } else {
            format!("NOT restored: {}", not.join(", "))
        };
        let stays = still(edit, now, &otherwise, own);
        let words = joined([listed(&done.did(now, own)), stays, not], "; ");
        let unmoved = |name: &str| same(edit.stands.get(name), now.get(name));
        let not_restored = edit.changes.only(unmoved);
        let stand = self.changes.iter().filter(|change| stands(change, &not_restored));
        let stand = stand.map(|change| change.number).collect();
        Ok((format!("{words} (change {})", edited.number), stand))
    }
}

/// Whether a change that was to be undone stands as it was, because none of its fields was restored.
pub(super) fn stands(change: &Change, not_restored: &Values) -> bool {
    let kept = change.record();
    kept.is_some_and(|kept| kept.after.names().all(|name| not_restored.has(name)))
}

/// Of these fields, those that were not set before and stand all the same, in a sentence.
fn still(edit: &Edit, now: &Values, names: &[&str], own: Units) -> String {
    let stays: Vec<String> = names
        .iter()
        .filter(|name| same(edit.changes.get(name), &Value::Null) && !same(now.get(name), &Value::Null))
        .map(|name| {
            let value = records::shown(&edit.of, name, now.get(name), &edit.context, own);
            format!("{}, still {value}", records::label(&edit.of, name))
        })
        .collect();
    if stays.is_empty() {
        String::new()
    } else {
        format!(
            "intervals.icu did not empty what was not set before: {}; it can be removed there by hand",
            stays.join(", ")
        )
    }
}

/// The fields that an undo may leave, because they were not set before.
fn unset(edit: &Edit) -> impl Iterator<Item = &str> {
    let all = edit.changes.iter();
    // Texts, lists and marks are emptied like any other value.
    let unset = all.filter(|(name, value)| {
        let stands = edit.stands.get(name);
        let is_sent_empty = stands.is_boolean() || stands.is_string() || stands.is_array();
        same(value, &Value::Null) && !is_sent_empty
    });
    unset.map(|(name, _)| name)
}

/// Whether an undo of what this edit did can restore anything.
pub(in crate::tools) fn restores(edit: &Edit) -> bool {
    records::restores(&edit.of, &edit.before(), &edit.changes)
}

/// What an undo may leave, because it was not set before.
pub(in crate::tools) fn may_stay(edit: &Edit) -> String {
    let unset: Vec<String> = unset(edit).map(|name| records::label(&edit.of, name)).collect();
    if unset.is_empty() {
        String::new()
    } else {
        format!("intervals.icu may be unable to empty {} again", unset.join(", "))
    }
}

/// The steps that take these changes back, from what stands there now. One request for each kind of record.
pub(in crate::tools::writing) async fn planned(
    granted: &Granted,
    changes: Vec<Change>,
    reader: Reader<'_>,
) -> Result<Vec<Step>, ToolError> {
    let scopes = &granted.ask().card.scopes;
    let mut steps = Vec::new();
    let mut groups: Vec<(RecordId, Vec<Change>)> = Vec::new();
    for change in changes {
        if let Err(why) = can_be(&change) {
            steps.push(Step {
                changes: vec![change],
                verdict: Err(why),
            });
            continue;
        }
        let Some(of) = change.record().map(|kept| kept.of.clone()) else {
            continue;
        };
        match groups.iter_mut().find(|(id, _)| *id == of) {
            Some((_, all)) => all.push(change),
            None => groups.push((of, vec![change])),
        }
    }
    let is_activity = |(id, _): &&(RecordId, Vec<Change>)| matches!(id, RecordId::Activity(_));
    if groups.iter().filter(is_activity).count() > MOST_ACTIVITIES {
        return Err(ToolError::Input(format!(
            "Not done: one call undoes changes of at most {MOST_ACTIVITIES} activities. Name fewer changes."
        )));
    }
    let may_change = |id: &&RecordId| scopes.writes(id.area());
    let wanted: Vec<RecordId> = groups
        .iter()
        .map(|(id, _)| id)
        .filter(may_change)
        .cloned()
        .collect();
    let there = match reader {
        Reader::Writing(writing) => writing.records(&wanted).await?,
        Reader::Showing(ask) => read(&ask.upstream, &wanted).await?,
    };
    for (of, changes) in groups {
        let verdict = if scopes.writes(of.area()) {
            let later = later(granted, &of, &changes).await?;
            match wish(&changes, there.iter().find(|record| record.id == of), &later) {
                Ok(edit) => pairing::as_free_as_before(edit, reader).await?,
                Err(why) => Err(why),
            }
        } else {
            Err(format!(
                "intervals.icu is not connected for changing the athlete's {} any more",
                of.area().in_words()
            ))
        };
        steps.push(Step { changes, verdict });
    }
    steps.sort_by_key(|step| std::cmp::Reverse(step.changes.first().map(|change| change.number)));
    Ok(steps)
}

/// The changes of the record that came after these, newest first, as far as whoever asks may know of them.
async fn later(granted: &Granted, of: &RecordId, changes: &[Change]) -> Result<Vec<Change>, ToolError> {
    let newest = changes.first().map_or(0, |change| change.number);
    let card = &granted.ask().card;
    let is_known = |change: &Change| {
        !card.is_for_coach() || granted.journal().is_own(change) && is_allowed(card, change)
    };
    let all = granted.journal().alike(fingerprint(of)).await?;
    Ok(all
        .into_iter()
        .filter(|change| change.number > newest && can_be(change).is_ok() && is_known(change))
        .collect())
}

/// What takes these changes of one record back, the newest first, or why nothing can.
pub(super) fn wish(changes: &[Change], there: Option<&Record>, later: &[Change]) -> Result<Edit, String> {
    let Some(now) = there else {
        return Err("it is not there any more".to_owned());
    };
    let kept = || changes.iter().filter_map(Change::record);
    let Some(newest) = kept().next() else {
        return Err("nothing is kept of it".to_owned());
    };
    let mut target: BTreeMap<String, Value> = BTreeMap::new();
    let mut left: BTreeMap<String, Value> = BTreeMap::new();
    for kept in kept() {
        for (name, after) in kept.after.iter() {
            if target.get(name).is_some_and(|newer| !same(newer, after)) {
                return Err("a change in between is not in this call: undo that first".to_owned());
            }
            target.insert(name.to_owned(), kept.before.get(name).clone());
            left.entry(name.to_owned()).or_insert_with(|| after.clone());
        }
    }
    let (target, left): (Values, Values) = (target.into_iter().collect(), left.into_iter().collect());
    if target.not_in(&now.values).is_empty() {
        return Err("it is as it was before already".to_owned());
    }
    let theirs = left.not_in(&now.values);
    if theirs.is_empty() {
        let edit = Edit {
            of: now.id.clone(),
            name: newest.name.clone(),
            context: newest.context.clone(),
            stands: now.values.clone(),
            changes: target,
        };
        return Ok(edit.needed());
    }
    let touches = |change: &Change| {
        let kept = change.record();
        kept.is_some_and(|kept| kept.after.names().any(|name| theirs.contains(&name)))
    };
    if let Some(later) = later.iter().find(|later| touches(later)) {
        return Err(format!("change {} came after it: undo that first", later.number));
    }
    let labels: Vec<String> = theirs.iter().map(|name| records::label(&now.id, name)).collect();
    Err(format!(
        "somebody changed it since ({}); what stands there now is kept",
        labels.join(", ")
    ))
}

/// The records of open changes as they stand, as far as they can be read; None beside one that is not there.
pub(in crate::tools::writing) async fn of_open(
    ask: &Ask,
    open: &[Change],
    reader: Reader<'_>,
) -> Vec<(RecordId, Option<Record>)> {
    let mut wanted: Vec<RecordId> = open
        .iter()
        .filter_map(Change::record)
        .map(|kept| kept.of.clone())
        .filter(|of| ask.card.scopes.reads(of.area()))
        .collect();
    wanted.sort();
    wanted.dedup();
    wanted.truncate(MOST_OPEN);
    let found = match reader {
        _ if wanted.is_empty() => return Vec::new(),
        Reader::Writing(writing) => writing.records(&wanted).await,
        Reader::Showing(ask) => read(&ask.upstream, &wanted).await.map_err(Into::into),
    };
    let Ok(found) = found else {
        return Vec::new();
    };
    let one = |id: RecordId| {
        let record = found.iter().find(|record| record.id == id).cloned();
        (id, record)
    };
    wanted.into_iter().map(one).collect()
}
