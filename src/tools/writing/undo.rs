//! Taking changes back: what was made goes, what was edited or deleted comes back, unless somebody changed it since.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    Fate, Steps, Tried, Wish, Writing, asked_for,
    entry::{self, bulleted, changed_since, precisely, restorable, same_name},
    field_words,
    find::{self, Reader},
    item, name_and_day,
    record::{Edited, back, listed as listed_fields},
    said::{failed, figures, numbers as run_of},
    settle::around,
};
use crate::{
    guard::{
        Ask, AthleteCard, Granted, Units,
        journal::{Change, ChangeState, KeptEntry},
    },
    ids::ChangeId,
    intervals::{
        Area, Error,
        model::{EntryFields, FOLLOWING, Held, Item},
    },
    permissions,
    text::fenced,
    tool_error::ToolError,
    tools::{
        Answer,
        answer::{
            self, counted, units,
            words::{in_brackets, joined, listed, named},
        },
        arguments::{Range, wrong},
        records,
    },
    workout::text::parse,
};

/// Changes of one call: as many as one call makes for an athlete.
const MOST: usize = 120;
/// Edits of one call: each needs a request of its own.
const MOST_EDITS: usize = 3;
/// Days between the first and the last entry of one call.
const MOST_DAYS: i64 = 366;

/// Whether the reader may see the change and undo it: to a coach the tools that it needs must be granted.
pub(in crate::tools) fn is_allowed(card: &AthleteCard, change: &Change) -> bool {
    let shows = |name: &String| permissions::by_name(name).is_some_and(|tool| card.shows(tool));
    !card.is_for_coach() || change.needs.iter().all(shows)
}

/// `new «Threshold» 2026-12-03 Thu`, `wellness 2026-11-28 Sat (weight 61.2 → 61.4 kg)`
pub(in crate::tools) fn what(change: &Change, own: Units) -> String {
    if let Some(record) = change.record() {
        let changed = listed_fields(&records::changed(record, own));
        return joined([records::title(record), in_brackets(&changed)], " ");
    }
    if let Some(item) = change.item() {
        return item::back::what(item);
    }
    let Some(kept) = change.entry() else {
        return String::new();
    };
    let verb = match (&kept.before, &kept.after) {
        (None, _) => "new",
        (Some(_), None) => "deleted",
        (Some(_), Some(_)) => "edited",
    };
    joined([verb.to_owned(), name_and_day(kept), edited(kept)], " ")
}

/// `(name, description)`: what an edit changed.
fn edited(kept: &KeptEntry) -> String {
    let (Some(before), Some(after)) = (&kept.before, &kept.after) else {
        return String::new();
    };
    let names = precisely(asked_for(before, after), before, after);
    let clock = |fields: &EntryFields| fields.start_date_local.map(|start| start.time());
    let moved = |fields: &EntryFields| match fields.start_date_local {
        Some(start) if clock(before) != clock(after) => units::moment(start),
        start => start.map(|start| units::date(start.date())).unwrap_or_default(),
    };
    let title = |fields: &EntryFields| fenced(fields.name.as_deref().unwrap_or_default(), 40);
    let words = names.iter().map(|name| match *name {
        "start_date_local" => format!("to {}", moved(after)),
        "name" => format!("now {}", title(after)),
        name => field_words(&[name]),
    });
    in_brackets(&joined(words, ", "))
}

/// How it ended, and whether it can still be undone.
pub(in crate::tools) fn standing(change: &Change, now: DateTime<Utc>) -> String {
    match change.state {
        ChangeState::Sent => "sent; the end is not known yet".to_owned(),
        ChangeState::Refused => "changed nothing".to_owned(),
        ChangeState::Lost => "not known what became of it".to_owned(),
        ChangeState::Undone => "undone".to_owned(),
        ChangeState::Held if change.kept.is_none() || change.kept_until < now => {
            "done; cannot be undone any more".to_owned()
        }
        ChangeState::Held => "done".to_owned(),
    }
}

/// Which changes are to be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Which {
    /// Their numbers, the newest first.
    pub(crate) numbers: Vec<i32>,
    /// Of these, only those of entries on these days.
    pub(crate) days: Option<Range>,
}

impl Which {
    /// One change.
    pub(crate) fn one(number: i32) -> Self {
        Self {
            numbers: vec![number],
            days: None,
        }
    }
}

/// `14-16, 19`, `14-133 2026-12-07..2026-12-13`
pub(in crate::tools) fn which(text: &str) -> Result<Which, ToolError> {
    let (text, days) = match text.trim().rsplit_once(char::is_whitespace) {
        Some((numbers, days)) if days.contains("..") => (numbers.trim_end_matches([',', ';']), Some(days)),
        _ => (text, None),
    };
    let days = days.map(|days| {
        let (oldest, newest) = days.split_once("..")?;
        let range = Range {
            oldest: oldest.parse().ok()?,
            newest: newest.parse().ok()?,
        };
        Some(range).filter(|range| range.oldest <= range.newest)
    });
    let days = match days {
        Some(None) => {
            return Err(wrong(
                "changes",
                "must end in days such as 2026-12-07..2026-12-13, or in none",
            ));
        }
        Some(days) => days,
        None => None,
    };
    Ok(Which {
        numbers: numbers(text)?,
        days,
    })
}

/// Whether a change is of an entry that is, or was, on these days.
fn is_on(change: &Change, days: Range) -> bool {
    let kept = change.entry();
    let fields = kept.and_then(|kept| kept.after.as_ref().or(kept.before.as_ref()));
    fields
        .and_then(EntryFields::day)
        .is_some_and(|day| days.contains(day))
}

/// `14-16, 19`
fn numbers(text: &str) -> Result<Vec<i32>, ToolError> {
    let wanted = || {
        wrong(
            "changes",
            "must be numbers from list_changes, such as 14 or 14-16, 19",
        )
    };
    let mut all = BTreeSet::new();
    let text = text.replace(" - ", "-").replace(" – ", "-");
    for part in text.split([',', ' ', ';']).filter(|part| !part.is_empty()) {
        let number = |text: &str| {
            text.trim()
                .trim_start_matches('#')
                .parse::<i32>()
                .map_err(|_| wanted())
        };
        let (first, last) = match part.split_once(['-', '–']) {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(part)?, number(part)?),
        };
        if first < 1 || last < first {
            return Err(wanted());
        }
        if usize::try_from(last - first).is_ok_and(|many| many >= MOST) {
            return Err(wrong("changes", &format!("must name at most {MOST} changes")));
        }
        all.extend(first..=last);
    }
    if all.is_empty() {
        return Err(wanted());
    }
    if all.len() > MOST {
        return Err(wrong("changes", &format!("must name at most {MOST} changes")));
    }
    // The newest first: what was changed twice is undone in that order.
    Ok(all.into_iter().rev().collect())
}

/// Changes of one entry, newest first, and what taking them back would be.
#[derive(Debug)]
struct Step {
    changes: Vec<Change>,
    /// Or why they cannot be undone.
    verdict: Result<Wish, String>,
}

impl Step {
    /// `change 14, new «Threshold» 2026-12-03 Thu`
    fn in_words(&self, own: Units) -> String {
        let numbers = self.changes.iter().map(|change| change.number).collect();
        let many = if self.changes.len() == 1 {
            "change"
        } else {
            "changes"
        };
        let what = self
            .changes
            .last()
            .map(|change| what(change, own))
            .unwrap_or_default();
        joined([format!("{many} {}", run_of(numbers)), what], ", ")
    }
}

/// Takes these changes back, or only says what that would do.
pub(crate) async fn undo(granted: &Granted, which: &Which, preview: bool) -> Result<Answer, ToolError> {
    let ask = granted.ask();
    if preview {
        let plan = planned(granted, which, Reader::Showing(ask)).await?;
        return Ok(previewed(ask, &plan));
    }
    let mut writing = Writing::begin(granted).await?;
    let done = undo_in(granted, &mut writing, which).await;
    writing.end(done).await
}

async fn undo_in(granted: &Granted, writing: &mut Writing<'_>, which: &Which) -> Result<Answer, ToolError> {
    let plan = planned(granted, which, Reader::Writing(writing)).await?;
    let steps = &plan.entries;
    let (mut wishes, mut undoes) = (Vec::new(), Vec::new());
    for step in steps {
        if let Ok(wish) = &step.verdict {
            wishes.push(wish.clone());
            undoes.push(step.changes.clone());
        }
    }
    let days = days_of(steps.iter().flat_map(|step| &step.changes));
    let tried = match days.filter(|_| !wishes.is_empty()) {
        Some(days) => writing.apply_undoing(wishes, undoes, days).await?.0,
        None => Vec::new(),
    };
    let edited = edit_back(writing, &plan.records).await;
    let came_true = |tried: &Tried| matches!(tried.fate, Fate::Stands(_) | Fate::Gone);
    let any = tried.iter().any(came_true);
    let edited = match edited {
        // What became of the entries must be told.
        Err(error) if tried.is_empty() => return Err(error),
        edited => edited,
    };
    let any = any || edited.iter().flatten().any(Edited::came_true);
    let is_tried = !tried.is_empty() || edited.as_ref().is_ok_and(|edited| !edited.is_empty());
    let put = match put_back(writing, &plan).await {
        // The same of the records.
        Err(error) if !is_tried => return Err(error),
        put => put,
    };
    let any = any || put.iter().flatten().any(item::Tried::came_true);
    let is_tried = is_tried || put.as_ref().is_ok_and(|put| !put.is_empty());
    let answer = said(granted.ask(), &plan, tried, edited, put);
    match (any, is_tried) {
        (true, _) => Ok(answer),
        (false, true) => Err(ToolError::Upstream(answer.text)),
        (false, false) => Err(ToolError::Input(answer.text)),
    }
}

/// Changes the records back.
async fn edit_back(writing: &mut Writing<'_>, steps: &[back::Step]) -> Result<Vec<Edited>, ToolError> {
    let (mut edits, mut undoes) = (Vec::new(), Vec::new());
    for step in steps {
        if let Ok(edit) = &step.verdict {
            edits.push(edit.clone());
            undoes.push(step.changes.clone());
        }
    }
    if edits.is_empty() {
        return Ok(Vec::new());
    }
    writing.edit_undoing(&edits, undoes).await
}

/// Puts the items back.
async fn put_back(writing: &mut Writing<'_>, plan: &Plan) -> Result<Vec<item::Tried>, ToolError> {
    let (mut wishes, mut undoes) = (Vec::new(), Vec::new());
    for step in &plan.items {
        if let Ok(wish) = &step.verdict {
            wishes.push(wish.clone());
            undoes.push(step.changes.clone());
        }
    }
    if wishes.is_empty() {
        return Ok(Vec::new());
    }
    writing.put_undoing(&wishes, undoes, &plan.shelves).await
}

/// What taking changes back would be.
#[derive(Debug)]
struct Plan {
    /// Of the calendar's entries.
    entries: Vec<Step>,
    /// Of what is changed in place.
    records: Vec<back::Step>,
    /// Of items.
    items: Vec<item::back::Step>,
    /// The items as they stand.
    shelves: Vec<Item>,
}

/// The changes and what taking each back would be, from what stands there now.
async fn planned(granted: &Granted, which: &Which, reader: Reader<'_>) -> Result<Plan, ToolError> {
    let ask = granted.ask();
    let mut changes = granted.journal().numbered(&which.numbers).await?;
    let missing: Vec<String> = which
        .numbers
        .iter()
        .filter(|number| !changes.iter().any(|change| change.number == **number))
        .map(i32::to_string)
        .collect();
    if !missing.is_empty() {
        let whose = if ask.card.is_for_coach() {
            " A coach sees and undoes only what that coach changed, for this athlete."
        } else {
            " It does not exist, or belongs to another athlete or to a tool that this connector does not offer."
        };
        return Err(ToolError::Input(format!(
            "Not done: there is no change {} here.{whose} list_changes has the numbers.",
            missing.join(", ")
        )));
    }
    if let Some(change) = changes.iter().find(|change| !is_allowed(&ask.card, change)) {
        let which_are = if change.needs.len() == 1 {
            "which is not granted"
        } else {
            "not all of which are granted"
        };
        return Err(ToolError::Refused(format!(
            "Not done: change {} was made with {}, {which_are} any more.",
            change.number,
            listed(&change.needs, change.needs.len())
        )));
    }
    if let Some(days) = which.days {
        changes.retain(|change| is_on(change, days));
        if changes.is_empty() {
            return Err(ToolError::Input(format!(
                "Not done: none of these changes is of an entry on {}.",
                days.in_words()
            )));
        }
    }
    let ids: BTreeSet<ChangeId> = changes.iter().map(|change| change.id).collect();
    let (moot, changes): (Vec<Change>, Vec<Change>) = changes.into_iter().partition(|change| {
        change.state == ChangeState::Held && change.undoes.iter().any(|undone| ids.contains(undone))
    });
    let (records, changes): (Vec<Change>, Vec<Change>) =
        changes.into_iter().partition(|change| change.record().is_some());
    let (items, changes): (Vec<Change>, Vec<Change>) =
        changes.into_iter().partition(|change| change.item().is_some());
    let mut entries = planned_entries(granted, changes, reader).await?;
    entries.extend(moot.into_iter().map(|change| Step {
        changes: vec![change],
        verdict: Err(MOOT.to_owned()),
    }));
    let (items, shelves) = item::back::planned(granted, items, reader).await?;
    Ok(Plan {
        records: back::planned(granted, records, reader).await?,
        entries,
        items,
        shelves,
    })
}

/// For an undo that is named together with what it undid.
const MOOT: &str = "it undid a change that is in this call too, so that is undone already";

/// The same of entries of the calendar.
async fn planned_entries(
    granted: &Granted,
    changes: Vec<Change>,
    reader: Reader<'_>,
) -> Result<Vec<Step>, ToolError> {
    let ask = granted.ask();
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    if !ask.card.scopes.reads(Area::Calendar) {
        return Err(Error::MissingScope(Area::Calendar).into());
    }
    if !ask.card.scopes.writes(Area::Calendar) {
        return Err(Error::ReadOnly(Area::Calendar).into());
    }
    let open: Vec<&Change> = changes.iter().filter(|change| can_be(change).is_ok()).collect();
    let days = days_of(open.iter().copied());
    if days.is_some_and(|days| days.days() > MOST_DAYS) {
        return Err(ToolError::Input(
            "Not done: these changes are more than a year apart. Take them back in several calls.".to_owned(),
        ));
    }
    let mut there = match days {
        Some(days) => reader.on(days).await?,
        None => Vec::new(),
    };
    // An entry that somebody moved is elsewhere, and so may be one that was said to be deleted.
    let elsewhere: BTreeSet<i64> = open
        .iter()
        .filter_map(|change| change.event_id)
        .filter(|id| !there.iter().any(|held| held.id == *id))
        .collect();
    match (elsewhere.first(), days) {
        (Some(id), _) if elsewhere.len() == 1 => there.extend(reader.entry(*id).await?),
        (Some(_), Some(days)) => there = reader.on(around(days)).await?,
        _ => {}
    }
    let mut last_of = BTreeMap::new();
    let ids: BTreeSet<i64> = changes.iter().filter_map(|change| change.event_id).collect();
    for id in ids {
        let last = granted.journal().last_of(id).await?;
        let is_known = |last: &Change| {
            !ask.card.is_for_coach() || granted.journal().is_own(last) && is_allowed(&ask.card, last)
        };
        if let Some(last) = last.filter(is_known) {
            last_of.insert(id, last.number);
        }
    }
    let sees = ask.card.shows(&permissions::GET_EVENTS);
    let open = granted.journal().open_ones().await?;
    let deletions = changes
        .iter()
        .filter(|change| can_be(change).is_ok() && change.entry().is_some_and(|kept| kept.after.is_none()));
    let made_since = match deletions.map(|change| change.created_at).min() {
        Some(since) => granted.journal().made_since(since).await?,
        None => Vec::new(),
    };
    let scene = Scene {
        made_since: &made_since,
        there: &there,
        open: &open,
        last: &last_of,
        sees,
    };
    let steps = steps_of(changes, &scene);
    let is_edit = |step: &&Step| matches!(step.verdict, Ok(Wish::Change { .. }));
    if steps.iter().filter(is_edit).count() > MOST_EDITS {
        return Err(ToolError::Input(format!(
            "Not done: one call undoes edits of at most {MOST_EDITS} entries. Name fewer changes."
        )));
    }
    Ok(steps)
}

/// What decides whether a change can be undone.
struct Scene<'a> {
    /// What stands there.
    there: &'a [Held],
    /// Changes of which nobody knows the end.
    open: &'a [Change],
    /// The numbers of the entries' last changes, as far as whoever asks may know them.
    last: &'a BTreeMap<i64, i32>,
    /// Entries that were made since the first deletion, and the changes that made them.
    made_since: &'a [(i64, i32)],
    /// Whether whoever asks may see the calendar.
    sees: bool,
}

/// The changes by their entries, each entry's newest first: several of one entry are undone at once if nothing came in
/// between.
fn steps_of(changes: Vec<Change>, scene: &Scene<'_>) -> Vec<Step> {
    let mut groups: Vec<(Vec<Change>, Option<String>)> = Vec::new();
    for change in changes {
        if let Err(why) = can_be(&change) {
            groups.push((vec![change], Some(why)));
            continue;
        }
        let of_its_entry = groups.iter_mut().find(|(newer, why)| {
            let is_its = |newer: &Change| newer.event_id.is_some() && newer.event_id == change.event_id;
            why.is_none() && newer.iter().any(is_its)
        });
        match of_its_entry {
            Some((newer, _)) if newer.last().is_some_and(|newer| follows(newer, &change)) => {
                newer.push(change);
            }
            Some(_) => {
                let why = "a change in between is not in this call: undo that first";
                groups.push((vec![change], Some(why.to_owned())));
            }
            None => groups.push((vec![change], None)),
        }
    }
    let step = |(changes, why): (Vec<Change>, Option<String>)| Step {
        verdict: why.map_or_else(|| wish(&changes, scene), Err),
        changes,
    };
    groups.into_iter().map(step).collect()
}

/// Whether the newer change found what the older one left, or restored that.
fn follows(newer: &Change, older: &Change) -> bool {
    let (Some(newer_kept), Some(left)) = (newer.entry(), older.entry().and_then(|kept| kept.after.as_ref()))
    else {
        return false;
    };
    let restored = newer_kept.after.as_ref().filter(|_| !newer.undoes.is_empty());
    let text = |fields: &EntryFields| bulleted(fields.description.as_deref().unwrap_or_default());
    let is_left = |found: &EntryFields| {
        // Steps of a file were added to the text as text.
        let longer = text(found).starts_with(&text(left));
        let differing = left.differing(found);
        let mut own = differing.iter().filter(|name| !FOLLOWING.contains(name));
        own.all(|name| *name == "description" && longer)
    };
    newer_kept.before.iter().chain(restored).any(is_left)
}

/// Whether a change can be undone, or why not.
pub(super) fn can_be(change: &Change) -> Result<(), String> {
    match change.state {
        ChangeState::Held if change.kept.is_some() => Ok(()),
        ChangeState::Held => {
            Err("what was there before is no longer kept: it cannot be undone any more".to_owned())
        }
        ChangeState::Undone => Err("it was undone already".to_owned()),
        ChangeState::Refused => Err("it changed nothing".to_owned()),
        ChangeState::Sent => Err("its end is not known yet: try again in a few minutes".to_owned()),
        ChangeState::Lost => Err("what became of it is not known".to_owned()),
    }
}

/// What takes these changes of one entry back, the newest first, or why nothing can.
fn wish(changes: &[Change], scene: &Scene<'_>) -> Result<Wish, String> {
    let kept = || changes.iter().filter_map(|change| change.entry());
    let (Some(newest), Some(oldest)) = (kept().next(), kept().next_back()) else {
        return Err("nothing is kept of it".to_owned());
    };
    let id = changes.first().and_then(|change| change.event_id);
    let held = scene.there.iter().find(|held| Some(held.id) == id);
    let retry = being_taken_back(changes, scene.open)?;
    match (&oldest.before, &newest.after) {
        (None, None) if changes.len() == 1 => Err("nothing is kept of it".to_owned()),
        (_, None) if held.is_some() => Err("the entry is there again".to_owned()),
        (None, None) => Err("it is gone, as it was before all of these changes".to_owned()),
        (Some(before), None) => made_again(changes, before, retry, scene),
        (_, Some(_)) if retry.is_some() => Err(UNDER_WAY.to_owned()),
        (None, Some(after)) => {
            let before = untouched(changes, after, held, scene)?;
            if before.event.paired_with().is_some() {
                return Err(
                    "it was done: an activity is paired with it, and a deletion would lose that for good; \
                     delete it by itself if that is meant"
                        .to_owned(),
                );
            }
            Ok(Wish::Delete { before })
        }
        (Some(before), Some(after)) => {
            let edits = kept().filter_map(|kept| kept.before.as_ref().zip(kept.after.as_ref()));
            let names: BTreeSet<&str> = edits
                .flat_map(|(before, after)| asked_for(before, after))
                .collect();
            changed_back(untouched(changes, after, held, scene)?, before, &names)
        }
    }
}

/// Figures that 0 may stand for none of.
const NUMBERS: [&str; 8] = [
    "moving_time",
    "distance",
    "icu_training_load",
    "load_target",
    "time_target",
    "distance_target",
    "max_training_time",
    "icu_ftp",
];

pub(super) const UNDER_WAY: &str =
    "it is being undone; how that ends is not known yet: try again in a few minutes";

/// The open change that undoes just these; an error if one undoes some of them and others.
fn being_taken_back(changes: &[Change], open: &[Change]) -> Result<Option<Box<Change>>, String> {
    let ids: BTreeSet<ChangeId> = changes.iter().map(|change| change.id).collect();
    let open = open
        .iter()
        .find(|open| open.undoes.iter().any(|id| ids.contains(id)));
    match open {
        None => Ok(None),
        Some(open) if open.undoes.iter().copied().collect::<BTreeSet<_>>() == ids => {
            Ok(Some(Box::new(open.clone())))
        }
        Some(_) => Err(UNDER_WAY.to_owned()),
    }
}

/// The entry, if it stands there as the change left it.
fn untouched(
    changes: &[Change],
    after: &EntryFields,
    held: Option<&Held>,
    scene: &Scene<'_>,
) -> Result<Box<Held>, String> {
    let id = changes.first().and_then(|change| change.event_id);
    let newest = changes.first().map_or(0, |change| change.number);
    let later = id
        .and_then(|id| scene.last.get(&id))
        .filter(|last| **last > newest);
    let Some(held) = held else {
        return Err(match later {
            Some(number) => format!("change {number} came after it: undo that first"),
            None => {
                "the entry is not there any more: somebody deleted it, or moved it to a day far from there"
                    .to_owned()
            }
        });
    };
    let theirs = changed_since(after, held);
    if let Some(number) = later.filter(|_| !theirs.is_empty()) {
        return Err(format!("change {number} came after it: undo that first"));
    }
    match (theirs.is_empty(), scene.sees) {
        (true, _) => Ok(Box::new(held.clone())),
        (false, true) => Err(format!(
            "{} was changed since: {}; what stands there now is kept",
            find::in_words(held),
            field_words(&theirs)
        )),
        (false, false) => Err("the entry was changed since; what stands there now is kept".to_owned()),
    }
}

fn made_again(
    changes: &[Change],
    before: &EntryFields,
    retry: Option<Box<Change>>,
    scene: &Scene<'_>,
) -> Result<Wish, String> {
    let newest = changes.first().map_or(0, |change| change.number);
    let title = |fields: &EntryFields| same_name(fields.name.as_deref().unwrap_or_default());
    let is_same = |held: &&Held| {
        let other = ["description", "type", "category"];
        let is_later = |(id, number): &(i64, i32)| *id == held.id && *number > newest;
        scene.made_since.iter().any(is_later)
            && held.fields.start_date_local == before.start_date_local
            && title(&held.fields) == title(before)
            && !before
                .differing(&restorable(held))
                .iter()
                .any(|name| other.contains(name))
    };
    if let Some(held) = scene.there.iter().find(is_same) {
        let id = if scene.sees {
            format!(" (id {})", held.id)
        } else {
            String::new()
        };
        return Err(format!("the same stands there already{id}"));
    }
    Ok(Wish::Make {
        fields: EntryFields {
            external_id: None,
            ..before.clone()
        },
        steps: steps(before),
        fingerprint: None,
        retry,
    })
}

/// Only what was changed goes back, as these fields name it: somebody else may have changed the rest.
fn changed_back(held: Box<Held>, before: &EntryFields, names: &BTreeSet<&str>) -> Result<Wish, String> {
    let steps = steps(before);
    // Upstream computes these from steps; with a text alone they go back with it.
    let with_text = names.contains("description") && steps.is_none();
    let computed = ["moving_time", "distance", "icu_training_load"];
    let mut changes = held
        .fields
        .changes_to(before)
        .only(|name| names.contains(name) || with_text && computed.contains(&name));
    if let (Some(start), Some(now), Some(end), false) = (
        changes.start_date_local,
        held.fields.start_date_local,
        held.fields.end_date_local,
        names.contains("end_date_local"),
    ) {
        // On as many days as it is now.
        changes.end_date_local = entry::end_of(start, now, Some(end));
    }
    if changes.is_empty() {
        return Err("the entry is as it was before already".to_owned());
    }
    Ok(Wish::Change {
        steps: steps.filter(|_| changes.description.is_some()),
        changes,
        before: held,
    })
}

/// The steps of a kept state.
fn steps(fields: &EntryFields) -> Option<Steps> {
    if fields.is_no_workout() {
        return None;
    }
    let sport = fields.sport.clone()?;
    let parsed = parse(fields.description.as_deref()?, &sport);
    (!parsed.workout.items.is_empty()).then_some(Steps {
        sport,
        workout: parsed.workout,
        prose: parsed.prose,
    })
}

fn days_of<'a>(changes: impl Iterator<Item = &'a Change>) -> Option<Range> {
    let kept = changes.filter_map(|change| change.entry());
    let days: Vec<NaiveDate> = kept
        .flat_map(|kept| [&kept.before, &kept.after])
        .flatten()
        .filter_map(EntryFields::day)
        .collect();
    let (oldest, newest) = (days.iter().min()?, days.iter().max()?);
    Some(Range {
        oldest: *oldest,
        newest: *newest,
    })
}

fn previewed(ask: &Ask, plan: &Plan) -> Answer {
    let heading = answer::first_line(&ask.card, ask.today(), &["preview, nothing undone".to_owned()]);
    let lines = plan.entries.iter().map(|step| {
        let would = match &step.verdict {
            Ok(Wish::Delete { .. }) => "would take it off the calendar".to_owned(),
            Ok(Wish::Change { changes, .. }) => format!("would restore {}", field_words(&changes.names())),
            Ok(Wish::Make { .. }) => {
                let back = "would put it back, under a new id; a pairing with an activity is not restored";
                let kept = step.changes.last().and_then(|change| change.entry());
                let before = kept.and_then(|kept| kept.before.as_ref());
                let key = before.filter(|before| entry::is_of_another_program(before));
                joined([back, key.map_or("", |_| entry::KEY_IS_LOST)], "; ")
            }
            Err(why) => format!("cannot be undone: {why}"),
        };
        format!("{}: {would}", step.in_words(ask.card.units))
    });
    let of_records = plan
        .records
        .iter()
        .map(|step| format!("{}: {}", step.in_words(), step.would(ask.card.units)));
    let of_items = plan
        .items
        .iter()
        .map(|step| format!("{}: {}", step.in_words(), step.would()));
    Answer::of(
        std::iter::once(heading)
            .chain(lines)
            .chain(of_records)
            .chain(of_items),
    )
}

fn said(
    ask: &Ask,
    plan: &Plan,
    tried: Vec<Tried>,
    edited: Result<Vec<Edited>, ToolError>,
    put: Result<Vec<item::Tried>, ToolError>,
) -> Answer {
    let own = ask.card.units;
    let mut tried = tried.into_iter();
    let (mut done, mut not) = (0, 0);
    let mut lines = Vec::new();
    let mut said = |count: usize, what: String, outcome: Result<(String, Vec<i32>), String>| {
        lines.push(match outcome {
            Ok((became, stand)) => {
                done += count - stand.len();
                not += stand.len();
                let but = match stand.len() {
                    0 => String::new(),
                    1 => format!(" but for change {}", run_of(stand)),
                    _ => format!(" but for changes {}", run_of(stand)),
                };
                format!("{what}: undone{but}, {became}")
            }
            Err(why) => {
                not += count;
                format!("{what}: NOT undone, {why}")
            }
        });
    };
    for step in &plan.entries {
        let outcome = match &step.verdict {
            Err(why) => Err(why.clone()),
            Ok(wish) => match tried.next() {
                None => Err("it was not tried".to_owned()),
                Some(tried) => match failed(&tried.fate) {
                    Some(why) => Err(why.replace("not written: ", "")),
                    None => Ok((became(ask, step, wish, &tried), Vec::new())),
                },
            },
        };
        said(step.changes.len(), step.in_words(own), outcome);
    }
    let (mut edited, failure) = match edited {
        Ok(edited) => (edited.into_iter(), None),
        Err(error) => (Vec::new().into_iter(), Some(error.to_string())),
    };
    for step in &plan.records {
        let outcome = match (&step.verdict, &failure) {
            (Ok(_), Some(failure)) => Err(failure.clone()),
            (Ok(_), None) => step.became(edited.next(), own),
            (Err(why), _) => Err(why.clone()),
        };
        said(step.changes.len(), step.in_words(), outcome);
    }
    let (mut put, failure) = match put {
        Ok(put) => (put.into_iter(), None),
        Err(error) => (Vec::new().into_iter(), Some(error.to_string())),
    };
    for step in &plan.items {
        let outcome = match (&step.verdict, &failure) {
            (Ok(_), Some(failure)) => Err(failure.clone()),
            (Ok(_), None) => step
                .became(put.next().as_ref())
                .map(|became| (became, Vec::new())),
            (Err(why), _) => Err(why.clone()),
        };
        said(step.changes.len(), step.in_words(), outcome);
    }
    let parts = [(done, "undone"), (not, "not undone")];
    let parts = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", counted(count, "change", "changes")));
    let heading = answer::first_line(&ask.card, ask.today(), &[joined(parts, ", ")]);
    Answer::of(std::iter::once(heading).chain(lines))
}

fn became(ask: &Ask, step: &Step, wish: &Wish, tried: &Tried) -> String {
    let number = format!("(change {})", tried.number);
    let Fate::Stands(held) = &tried.fate else {
        return format!("it is off the calendar {number}");
    };
    let mut words = vec![match wish {
        Wish::Make { .. } => format!("it is back under the new id {}", held.id),
        _ => joined(
            [
                format!("it stands again as {}", find::in_words(held)),
                figures(&ask.card, ask.today(), &held.event),
            ],
            ", ",
        ),
    }];
    let has_words = matches!(wish, Wish::Change { changes, .. } if changes.description.is_some());
    if has_words && !held.event.is_workout() {
        let text = fenced(held.fields.description.as_deref().unwrap_or_default(), 200);
        words.push(named("note:", &text));
    }
    words.extend(tried.differences.iter().take(4).map(ToString::to_string));
    let wanted = step
        .changes
        .last()
        .and_then(|change| change.entry()?.before.as_ref());
    let mut lacking = match wish {
        Wish::Change { changes, .. } => changes.not_in(&held.fields),
        _ => wanted
            .map(|wanted| wanted.differing(&held.fields))
            .unwrap_or_default(),
    };
    let is_span = wanted.is_some_and(EntryFields::is_no_workout);
    lacking.retain(|name| *name != "external_id" && (is_span || *name != "end_date_local"));
    if wish.steps().is_some() {
        lacking.retain(|name| !FOLLOWING.contains(name) && *name != "description");
    }
    if !lacking.is_empty() {
        words.push(format!("NOT restored: {}", field_words(&lacking)));
    }
    if let (Wish::Change { changes, .. }, Some(wanted)) = (wish, wanted) {
        // Whether intervals.icu can empty a number is not known.
        let zeros = changes.only(|name| !wanted.names().contains(&name));
        let zeros: Vec<&str> = zeros
            .names()
            .into_iter()
            .filter(|name| NUMBERS.contains(name))
            .collect();
        if !zeros.is_empty() {
            words.push(format!("0 instead of none: {}", field_words(&zeros)));
        }
    }
    if matches!(wish, Wish::Make { .. }) && wanted.is_some_and(entry::is_of_another_program) {
        words.push(entry::KEY_IS_LOST.to_owned());
    }
    format!("{} {number}", joined(words, "; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::writing::tests::{change, fields, ride, ride_fields};

    const TEXT: &str = "- 10m 60%";

    fn own() -> EntryFields {
        fields(ride_fields(TEXT))
    }

    fn named(name: &str) -> EntryFields {
        own().with(&fields(json!({"name": name})))
    }

    /// A change of entry 7 that intervals.icu held.
    fn done(number: i32, before: Option<EntryFields>, after: Option<EntryFields>) -> Change {
        Change {
            state: ChangeState::Held,
            event_id: Some(7),
            ..change(number, before, after)
        }
    }

    fn there(name: &str) -> Vec<Held> {
        let mut held = ride(7, TEXT);
        held.fields.name = Some(name.to_owned());
        held.event.name = Some(name.to_owned());
        vec![held]
    }

    /// For each step its changes, and what it would do or why not.
    fn would(changes: Vec<Change>, there: &[Held]) -> Vec<(Vec<i32>, String)> {
        let scene = Scene {
            there,
            open: &[],
            last: &BTreeMap::new(),
            made_since: &[],
            sees: true,
        };
        let steps = steps_of(changes, &scene);
        let in_words = steps.into_iter().map(|step| {
            let numbers = step.changes.iter().map(|change| change.number).collect();
            let words = match step.verdict {
                Ok(Wish::Make { fields, .. }) => format!("make {}", fields.name.unwrap_or_default()),
                Ok(Wish::Change { changes, .. }) => format!("change {:?}", changes.names()),
                Ok(Wish::Delete { before }) => format!("delete {}", before.id),
                Err(why) => why,
            };
            (numbers, words)
        });
        in_words.collect()
    }

    fn is(numbers: &[i32], words: &str) -> Vec<(Vec<i32>, String)> {
        vec![(numbers.to_vec(), words.to_owned())]
    }

    #[test]
    fn each_kind_of_change_has_its_opposite() {
        let made = || done(1, None, Some(own()));
        let edited = || done(2, Some(own()), Some(named("Race")));
        let deleted = || done(3, Some(own()), None);
        assert_eq!(would(vec![made()], &there("Tempo")), is(&[1], "delete 7"));
        assert_eq!(
            would(vec![edited()], &there("Race")),
            is(&[2], "change [\"name\"]")
        );
        assert_eq!(would(vec![deleted()], &[]), is(&[3], "make Tempo"));
        assert_eq!(
            would(vec![deleted()], &there("Tempo")),
            is(&[3], "the entry is there again")
        );
        for change in [made(), edited()] {
            let gone = would(vec![change], &[]).remove(0).1;
            assert!(gone.contains("somebody deleted it"), "{gone}");
        }
        for change in [made(), edited()] {
            let theirs = would(vec![change], &there("Theirs")).remove(0).1;
            assert!(theirs.contains("was changed since: name;"), "{theirs}");
        }
    }

    #[test]
    fn what_upstream_computes_is_nobodys_change() {
        let mut there = there("Tempo");
        there[0].fields.moving_time = Some(600.0);
        there[0].fields.icu_training_load = Some(12.0);
        there[0].fields.external_id = Some("k1".to_owned());
        assert_eq!(
            would(vec![done(1, None, Some(own()))], &there),
            is(&[1], "delete 7")
        );
    }

    #[test]
    fn several_changes_of_one_entry_are_one_step_back() {
        let made = || done(1, None, Some(own()));
        let race = || done(2, Some(own()), Some(named("Race")));
        let easy = || done(3, Some(named("Race")), Some(named("Easy")));
        let deleted = || done(4, Some(named("Easy")), None);
        assert_eq!(
            would(vec![easy(), race()], &there("Easy")),
            is(&[3, 2], "change [\"name\"]")
        );
        assert_eq!(
            would(vec![easy(), race(), made()], &there("Easy")),
            is(&[3, 2, 1], "delete 7")
        );
        assert_eq!(
            would(vec![deleted(), easy(), race()], &[]),
            is(&[4, 3, 2], "make Tempo")
        );
        let all = would(vec![deleted(), easy(), race(), made()], &[]);
        assert_eq!(
            all,
            is(&[4, 3, 2, 1], "it is gone, as it was before all of these changes")
        );
        // There and back again.
        let back = done(3, Some(named("Race")), Some(own()));
        assert_eq!(
            would(vec![back, race()], &there("Tempo")),
            is(&[3, 2], "the entry is as it was before already")
        );
    }

    #[test]
    fn a_change_in_between_stops_the_older_ones() {
        let made = done(1, None, Some(own()));
        let easy = done(3, Some(named("Race")), Some(named("Easy")));
        let steps = would(vec![easy, made], &there("Easy"));
        assert_eq!(steps[0], (vec![3], "change [\"name\"]".to_owned()));
        assert!(steps[1].1.contains("a change in between"), "{steps:?}");
    }

    #[test]
    fn changes_of_two_entries_are_two_steps() {
        let other = Change {
            event_id: Some(8),
            ..done(2, None, Some(own()))
        };
        let both = [there("Tempo"), vec![ride(8, TEXT)]].concat();
        let steps = would(vec![other, done(1, None, Some(own()))], &both);
        assert_eq!(
            steps,
            [(vec![2], "delete 8".to_owned()), (vec![1], "delete 7".to_owned())]
        );
    }

    #[test]
    fn what_cannot_be_taken_back_says_why() {
        for (state, says) in [
            (ChangeState::Undone, "undone already"),
            (ChangeState::Refused, "changed nothing"),
            (ChangeState::Sent, "not known yet"),
            (ChangeState::Lost, "is not known"),
        ] {
            let change = Change {
                state,
                ..done(1, None, Some(own()))
            };
            let why = would(vec![change], &there("Tempo")).remove(0).1;
            assert!(why.contains(says), "{why}");
        }
        let mut erased = done(1, None, Some(own()));
        erased.kept = None;
        assert!(
            would(vec![erased], &there("Tempo"))[0]
                .1
                .contains("no longer kept")
        );
        assert_eq!(
            would(vec![done(1, None, None)], &[]),
            is(&[1], "nothing is kept of it")
        );
    }

    #[test]
    fn what_is_made_again_has_its_steps_and_no_old_key() {
        let before = own().with(&fields(json!({"external_id": "k1"})));
        let scene = Scene {
            there: &[],
            open: &[],
            last: &BTreeMap::new(),
            made_since: &[],
            sees: true,
        };
        let Ok(Wish::Make {
            fields, steps, retry, ..
        }) = made_again(&[], &before, None, &scene)
        else {
            panic!("not made");
        };
        assert!(fields.external_id.is_none() && retry.is_none());
        assert_eq!(steps.unwrap().workout, parse(TEXT, "Ride").workout);
    }

    #[test]
    fn numbers_come_alone_as_lists_and_as_ranges() {
        let read = |text: &str| numbers(text).map_err(|error| error.to_string());
        assert_eq!(read("14"), Ok(vec![14]));
        assert_eq!(read(" #14, 16-18;20"), Ok(vec![20, 18, 17, 16, 14]));
        assert_eq!(read("3–4, 4"), Ok(vec![4, 3]));
        assert_eq!(read("3 - 4, 9 – 10"), Ok(vec![10, 9, 4, 3]));
        for odd in ["", "x", "0", "5-3", "1-999", "-1", "1.5", "99999999999"] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }
}
