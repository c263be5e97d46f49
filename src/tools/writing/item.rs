//! The one way of a change of an item, which gets its id from upstream when it is made: a folder of the library, a workout in it, a
//! piece of gear, a reminder of it, an activity that is entered by hand. Written down, sent, read back, compared.
//!
//! Which items to make, change or delete is the tools' decision; nothing here knows arguments.

pub(in crate::tools) mod back;

use chrono::NaiveDate;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Sent, Writing, came, entry::same_name, failure, stops};
use crate::{
    guard::journal::{Change, ChangeState, Ended, Intended, Kept, KeptItem, Left, OUR_KEYS},
    intervals::{
        self, Error,
        model::{ENTERED, Item, Shelf, Values, record::same},
    },
    text::{clean, fenced},
    tool_error::ToolError,
    tools::{
        Answer,
        answer::{self, counted, units, words::joined},
        library,
    },
    workout::{differences, text::parse},
};

/// Workouts that one request makes.
const BULK: usize = 60;

/// What is to become of one item.
#[derive(Debug, Clone)]
pub(in crate::tools) enum Wish {
    /// A new one.
    Make {
        shelf: Shelf,
        /// What people call the place it comes to.
        place: String,
        values: Values,
        /// What is to be in a folder.
        contents: Vec<Values>,
    },
    /// Other values for some fields of one that stands.
    Change {
        item: Item,
        place: String,
        /// Only what changes.
        changes: Values,
    },
    /// One goes, a folder with all that is in it; after it these, on the same shelf, get these fields.
    Delete {
        item: Item,
        place: String,
        also: Vec<(String, Values)>,
    },
    /// A part of gear is retired, and a new one comes where it was.
    Replace {
        old: Item,
        place: String,
        /// Of the new one.
        values: Values,
        /// What else changes: the old one and the pieces that hold it, with the fields that change as they stand.
        beside: Vec<(String, Values)>,
    },
}

/// What became of an item.
#[derive(Debug, Clone)]
pub(in crate::tools) enum Fate {
    /// It stands like this.
    Stands {
        item: Box<Item>,
        /// Fields that do not stand as they were sent.
        otherwise: Vec<String>,
        /// How many of what was to be in it are not there.
        lacking: usize,
    },
    /// It is gone, as was wanted.
    Gone,
    /// Nothing changed, and why.
    Not(String),
    /// It was not sent, and why.
    NotSent(String),
    /// It was sent, and what became of it is not known yet.
    Unknown(String),
}

/// A change that was tried.
#[derive(Debug, Clone)]
pub(in crate::tools) struct Tried {
    /// Its number in the list of changes.
    pub(in crate::tools) number: i32,
    pub(in crate::tools) fate: Fate,
}

impl Tried {
    /// Whether what was asked for came true, at least in part.
    pub(in crate::tools) fn came_true(&self) -> bool {
        matches!(self.fate, Fate::Stands { .. } | Fate::Gone)
    }

    /// Why it is not so; None if it is.
    pub(in crate::tools) fn failed(&self) -> Option<String> {
        match &self.fate {
            Fate::Stands { .. } | Fate::Gone => None,
            Fate::Not(why) => Some(format!("NOT done: {why}")),
            Fate::NotSent(why) => Some(format!("NOT done, nothing was sent: {why}")),
            Fate::Unknown(why) => Some(format!("NOT KNOWN whether it is done: {why}")),
        }
    }
}

/// Fields that upstream computes from the steps.
const COMPUTED: [&str; 4] = ["moving_time", "distance", "icu_training_load", "target"];

/// What a piece of gear has been used for: it grows with every activity.
const USED: [&str; 3] = ["distance", "time", "activities"];

/// Fields of a reminder that are not set but brought about.
const OF_REMINDERS: [&str; 2] = ["last_reset", "snoozed_until"];

/// What must be read to see an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tools) enum Sought {
    Library,
    Gear,
    /// The activities of this day.
    Day(NaiveDate),
}

impl Sought {
    /// Where an item with these fields is; None of an activity without a day.
    pub(in crate::tools) fn of(shelf: Shelf, values: &Values) -> Option<Self> {
        match shelf {
            Shelf::Folder | Shelf::Template => Some(Self::Library),
            Shelf::Gear | Shelf::Reminder => Some(Self::Gear),
            Shelf::Activity => day_of(values).map(Self::Day),
        }
    }

    /// Where the item of a change is.
    fn of_kept(kept: &KeptItem) -> Option<Self> {
        let values = kept.before.as_ref().or(kept.after.as_ref())?;
        Self::of(kept.shelf, values)
    }
}

/// The local day of an activity.
pub(in crate::tools) fn day_of(values: &Values) -> Option<NaiveDate> {
    values.text("start_date_local").get(..10)?.parse().ok()
}

/// Every item as it stands where these are: one request for the library, one for gear, one for the activities of all days.
pub(in crate::tools) async fn read(
    upstream: &intervals::Athlete,
    sought: &[Sought],
) -> Result<Vec<Item>, Error> {
    let mut all = Vec::new();
    if sought.contains(&Sought::Library) {
        let folders = upstream.library().await?;
        all.extend(Item::of_library(&folders, upstream.id().as_str()));
    }
    if sought.contains(&Sought::Gear) {
        all.extend(Item::of_gear(&upstream.gear().await?));
    }
    let days = sought.iter().filter_map(|sought| match sought {
        Sought::Day(day) => Some(*day),
        _ => None,
    });
    if let (Some(oldest), Some(newest)) = (days.clone().min(), days.max()) {
        all.extend(upstream.activities_to_write(oldest, newest).await?);
    }
    Ok(all)
}

impl Wish {
    /// Which of the shelves it is on.
    pub(in crate::tools) fn shelf(&self) -> Shelf {
        match self {
            Self::Make { shelf, .. } => *shelf,
            Self::Change { item, .. } | Self::Delete { item, .. } | Self::Replace { old: item, .. } => {
                item.shelf
            }
        }
    }

    /// What must be read to see it.
    fn sought(&self) -> Option<Sought> {
        match self {
            Self::Make { shelf, values, .. } => Sought::of(*shelf, values),
            Self::Change { item, .. } | Self::Delete { item, .. } | Self::Replace { old: item, .. } => {
                Sought::of(item.shelf, &item.values)
            }
        }
    }

    /// What is written down of it; of what stands, `there` has the names.
    fn intended(&self, there: &[Item], undoes: Vec<Change>) -> Intended {
        let kept = match self {
            Self::Make {
                shelf,
                place,
                values,
                contents,
            } => KeptItem {
                shelf: *shelf,
                id: None,
                place: place.clone(),
                before: None,
                after: Some(values.clone()),
                contents: contents.clone(),
                namesakes: namesakes(*shelf, values, there)
                    .map(|item| item.id.clone())
                    .collect(),
                beside: Vec::new(),
            },
            Self::Replace {
                old,
                place,
                values,
                beside,
            } => KeptItem {
                shelf: old.shelf,
                id: None,
                place: place.clone(),
                before: None,
                after: Some(values.clone()),
                contents: Vec::new(),
                namesakes: namesakes(old.shelf, values, there)
                    .map(|item| item.id.clone())
                    .collect(),
                beside: beside.clone(),
            },
            Self::Change { item, place, changes } => KeptItem {
                shelf: item.shelf,
                id: Some(item.id.clone()),
                place: place.clone(),
                before: Some(item.values.clone()),
                after: Some(item.values.with(changes)),
                contents: Vec::new(),
                namesakes: Vec::new(),
                beside: Vec::new(),
            },
            Self::Delete { item, place, .. } => KeptItem {
                shelf: item.shelf,
                id: Some(item.id.clone()),
                place: place.clone(),
                before: Some(restorable(item)),
                after: None,
                contents: item.contents.iter().map(restorable).collect(),
                namesakes: Vec::new(),
                beside: Vec::new(),
            },
        };
        Intended {
            event_id: None,
            external_id: None,
            fingerprint: Some(fingerprint(&kept)),
            kept: Kept::Item(Box::new(kept)),
            undoes,
            instead_of: None,
        }
    }
}

/// What all changes of an item are found by; of a new one, those that made the same.
pub(super) fn fingerprint(kept: &KeptItem) -> [u8; 32] {
    let what = match (&kept.id, &kept.after) {
        (Some(id), _) => format!("item {:?} {id}", kept.shelf),
        (None, after) => format!(
            "new item {:?} {}",
            kept.shelf,
            serde_json::to_string(after).unwrap_or_default()
        ),
    };
    Sha256::digest(what).into()
}

/// The fields of an item as an undo makes them again: steps that came from a file are text, and a reminder begins to count anew.
fn restorable(item: &Item) -> Values {
    match item.shelf {
        Shelf::Reminder => return item.values.only(|name| !OF_REMINDERS.contains(&name)),
        Shelf::Activity => {
            let is_sent = |name: &str| ENTERED.contains(&name) && name != "external_id";
            return item.values.only(is_sent);
        }
        Shelf::Folder | Shelf::Template | Shelf::Gear => {}
    }
    let mut values = item.values.clone();
    let doc = item.event.as_ref().and_then(|event| event.workout_doc.as_ref());
    let sport = values.text("type").to_owned();
    if let Some(doc) = doc.filter(|doc| doc.count() > 0)
        && parse(values.text("description"), &sport).workout.items.is_empty()
    {
        let prose = super::entry::bulleted(values.text("description"));
        let text = super::entry::described(&prose, &doc.workout(), &sport);
        values.set("description", text);
    }
    values
}

/// The name of an item.
fn name(values: &Values) -> String {
    same_name(values.text("name"))
}

/// The items of this name at the same place.
fn namesakes<'a>(shelf: Shelf, values: &Values, there: &'a [Item]) -> impl Iterator<Item = &'a Item> {
    const PLACES: [&str; 3] = ["folder_id", "gear_id", "start_date_local"];
    let (own, places) = (name(values), PLACES.map(|place| values.get(place).clone()));
    there.iter().filter(move |item| {
        item.shelf == shelf
            && name(&item.values) == own
            && PLACES
                .iter()
                .zip(&places)
                .all(|(place, wanted)| same(item.values.get(place), wanted))
    })
}

/// `«Sweet spot 3x12» in «Base»`, `folder «Base»`
pub(crate) fn in_words(shelf: Shelf, values: &Values, place: &str) -> String {
    let name = fenced(values.text("name"), library::NAME);
    match shelf {
        Shelf::Folder if values.text("type") == "PLAN" => joined(["plan", &name], " "),
        Shelf::Folder => joined(["folder", &name], " "),
        Shelf::Template if place.is_empty() => joined(["library workout", &name], " "),
        Shelf::Template => joined(["library workout", &name, "in", place], " "),
        Shelf::Gear => joined([&clean(values.text("type"), 20).to_lowercase(), &name], " "),
        Shelf::Activity => {
            let day = day_of(values).map(units::date).unwrap_or_default();
            let sport = answer::sport(values.text("type"));
            joined(["activity", &joined([sport, name, day], " ")], " ")
        }
        Shelf::Reminder if place.is_empty() => joined(["reminder", &name], " "),
        Shelf::Reminder => joined(["reminder", &name, "of", place], " "),
    }
}

impl Writing<'_> {
    /// Every item where these are, as it stands since the last request that changed something.
    pub(in crate::tools) async fn items(&self, sought: &[Sought]) -> Result<Vec<Item>, ToolError> {
        Ok(read(&self.upstream, sought).await?)
    }

    /// Makes these changes and reads back what stands there afterwards. The outcomes are in the order of the wishes; `there` is what
    /// stood there right before.
    pub(in crate::tools) async fn put(
        &mut self,
        wishes: &[Wish],
        there: &[Item],
    ) -> Result<Vec<Tried>, ToolError> {
        let undoes = wishes.iter().map(|_| Vec::new()).collect();
        self.put_undoing(wishes, undoes, there).await
    }

    /// The same; each wish undoes the changes at its place in `undoes`.
    pub(in crate::tools) async fn put_undoing(
        &mut self,
        wishes: &[Wish],
        undoes: Vec<Vec<Change>>,
        there: &[Item],
    ) -> Result<Vec<Tried>, ToolError> {
        let count = counted(wishes.len(), "change", "changes");
        self.announce(&count)?;
        let begun = match self.raise().await {
            Ok(()) => {
                let all = wishes.iter().zip(undoes);
                let intended = all.map(|(wish, undoes)| wish.intended(there, undoes));
                self.journal().begin(intended.collect(), &[]).await
            }
            Err(error) => Err(error),
        };
        let changes = begun.inspect_err(|_| self.granted.unsay())?;
        self.needs = changes.iter().flat_map(|change| change.needs.clone()).collect();
        let sent = self.send_items(wishes).await;
        self.say(format!("{count} sent, not read back yet"));
        self.look_anew().await;
        let after = self.read_items_back(wishes, &sent).await;
        let tried: Vec<Tried> = changes
            .iter()
            .zip(wishes)
            .zip(&sent)
            .map(|((change, wish), (sent, id))| Tried {
                number: change.number,
                fate: judged(change, wish, sent, id.as_deref(), after.as_ref()),
            })
            .collect();
        for (change, tried) in changes.iter().zip(&tried) {
            self.write_end(change, ended(change, &tried.fate)).await;
        }
        let left_something = |tried: &Tried| !matches!(tried.fate, Fate::Not(_) | Fate::NotSent(_));
        let sent = sent.into_iter().map(|(sent, _)| sent).collect();
        match self.lost(sent, after.as_ref().err()) {
            Some(error) if !tried.iter().any(left_something) => Err(error.into()),
            _ => Ok(tried),
        }
    }

    /// One request for each wish, and more for what is to be in a folder; with the ids of new ones, as far as upstream tells.
    async fn send_items(&mut self, wishes: &[Wish]) -> Vec<(Sent, Option<String>)> {
        let mut all = Vec::new();
        let mut stopped: Option<Sent> = None;
        for wish in wishes {
            let (sent, id) = match stopped.clone() {
                Some(rest) => (rest, None),
                None => self.send_item(wish).await,
            };
            stopped = stopped.or_else(|| stops(&sent));
            all.push((sent, id));
        }
        all
    }

    async fn send_item(&mut self, wish: &Wish) -> (Sent, Option<String>) {
        if let Err(stopped) = self.go_on().await {
            return (stopped, None);
        }
        match wish {
            Wish::Make {
                shelf,
                values,
                contents,
                ..
            } => match self.upstream.make_item(*shelf, &keyed(*shelf, values)).await {
                Ok(id) => {
                    let sent = match (&id, contents.is_empty()) {
                        (Some(gear), false) if *shelf == Shelf::Gear => self.remind(gear, contents).await,
                        (Some(folder), false) => self.fill(folder, contents).await,
                        _ => Sent::Answered,
                    };
                    (sent, id)
                }
                Err(error) => (came(Err(error)), None),
            },
            Wish::Change { item, changes, .. } => {
                let done = match item.shelf {
                    Shelf::Reminder => self.change_reminder(item, changes).await,
                    Shelf::Gear | Shelf::Activity => {
                        self.upstream.change_item(item.shelf, &item.id, changes).await
                    }
                    Shelf::Folder | Shelf::Template => {
                        let changes = emptied(changes, &item.values);
                        self.upstream.change_item(item.shelf, &item.id, &changes).await
                    }
                };
                (came(done), Some(item.id.clone()))
            }
            Wish::Delete { item, also, .. } => {
                let done = self.upstream.delete_item(item.shelf, &item.id).await;
                let mut sent = came(done);
                for (id, values) in also {
                    if sent != Sent::Answered || self.go_on().await.is_err() {
                        break;
                    }
                    // What does not come back is read, and told.
                    sent = match came(self.upstream.change_item(item.shelf, id, values).await) {
                        Sent::Unanswered => Sent::Unanswered,
                        _ => Sent::Answered,
                    };
                }
                (sent, Some(item.id.clone()))
            }
            Wish::Replace { old, values, .. } => {
                let named = values.only(|name| name == "name");
                match self.upstream.replace_gear(&old.id, &named).await {
                    Ok(id) => (Sent::Answered, id),
                    Err(error) => (came(Err(error)), None),
                }
            }
        }
    }

    /// Changes a reminder with all its fields, because nobody knows whether upstream keeps those that are left out.
    async fn change_reminder(&self, item: &Item, changes: &Values) -> Result<(), Error> {
        let whole = item.values.with(changes);
        let set = whole.only(|name| name != "gear_id" && !OF_REMINDERS.contains(&name));
        let today = self.granted.ask().now.date_naive();
        let until = whole.text("snoozed_until").parse::<NaiveDate>();
        // What is put off stays so: 0 may leave it, or end it.
        let snooze = until.map_or(0, |until| (until - today).num_days().max(0));
        let resets = changes.has("last_reset");
        self.upstream
            .change_reminder(&item.id, &set, resets, snooze)
            .await
    }

    /// Makes the reminders of a piece of gear that was just made. What of them is not there afterwards is told.
    async fn remind(&mut self, gear: &str, reminders: &[Values]) -> Sent {
        for reminder in reminders {
            if self.go_on().await.is_err() {
                break;
            }
            let mut values = unset_left_out(reminder);
            values.set("gear_id", gear);
            if self.upstream.make_item(Shelf::Reminder, &values).await.is_err() {
                break;
            }
        }
        Sent::Answered
    }

    /// Puts workouts into a folder that was just made. What of them is not there afterwards is told.
    async fn fill(&mut self, folder: &str, contents: &[Values]) -> Sent {
        let Ok(folder) = folder.parse::<i64>() else {
            return Sent::Answered;
        };
        for (at, some) in contents.chunks(BULK).enumerate() {
            let some: Vec<Values> = some
                .iter()
                .map(|values| {
                    let mut values = unset_left_out(values);
                    values.set("folder_id", folder);
                    values
                })
                .collect();
            let sent = match self.go_on().await {
                Ok(()) => came(self.upstream.make_templates(&some).await),
                Err(stopped) => stopped,
            };
            if sent != Sent::Answered {
                // The folder itself was answered: what is in it is read back.
                return Sent::Answered;
            }
            self.say(format!(
                "{} of {} restored",
                (at * BULK + some.len()),
                contents.len()
            ));
        }
        Sent::Answered
    }

    async fn read_items_back(
        &mut self,
        wishes: &[Wish],
        sent: &[(Sent, Option<String>)],
    ) -> Result<Vec<Item>, Error> {
        let is_held_back =
            |(sent, _): &(Sent, Option<String>)| matches!(sent, Sent::Kept(_) | Sent::Stopped(_));
        if sent.iter().all(is_held_back) {
            return Err(Error::TimedOut);
        }
        // Whoever waits for the lease should wait until this is read.
        let _ = self.lease.renew().await;
        let sought: Vec<Sought> = wishes.iter().filter_map(Wish::sought).collect();
        read(&self.upstream, &sought).await
    }
}

/// Without the fields that have no value: upstream takes what is left out for none.
fn unset_left_out(values: &Values) -> Values {
    values.only(|name| !same(values.get(name), &Value::Null) || values.get(name).is_boolean())
}

/// The fields of a new item as they are sent: an activity with a key by which upstream knows it again, so that the same call never
/// makes a second one.
pub(in crate::tools) fn keyed(shelf: Shelf, values: &Values) -> Values {
    let mut values = unset_left_out(values);
    if shelf == Shelf::Activity {
        let what = serde_json::to_vec(&values).unwrap_or_default();
        let digest: [u8; 32] = Sha256::digest(what).into();
        let key = u128::from_be_bytes(digest[..16].try_into().unwrap_or_default());
        values.set("external_id", format!("{OUR_KEYS}{key:032x}"));
    }
    values
}

/// The changes as upstream takes them: an emptied text is an empty one, an emptied list an empty list.
fn emptied(changes: &Values, stands: &Values) -> Values {
    let field = |(name, value): (&str, &Value)| {
        let sent = match (value, stands.get(name)) {
            (Value::Null, Value::String(_)) => Value::from(""),
            (Value::Null, Value::Array(_)) => Value::Array(Vec::new()),
            (Value::Null, Value::Bool(_)) => Value::Bool(false),
            (Value::Null, Value::Number(_)) => Value::from(0),
            (value, _) => value.clone(),
        };
        (name.to_owned(), sent)
    };
    changes.iter().map(field).collect()
}

/// The fields in which an item stands otherwise than `wanted`, apart from what upstream computes from steps. A text is the same if its
/// steps and its words are.
pub(in crate::tools) fn otherwise(wanted: &Values, item: &Item) -> Vec<String> {
    let now = &item.values;
    let sport = wanted.text("type");
    let sport = if sport.is_empty() { now.text("type") } else { sport };
    let text = if wanted.has("description") { wanted } else { now };
    let parsed = parse(text.text("description"), sport);
    let doc = item.event.as_ref().and_then(|event| event.workout_doc.as_ref());
    let there = doc.map(|doc| doc.workout()).unwrap_or_default();
    let has_steps = !parsed.workout.items.is_empty() || !there.items.is_empty();
    let is_same_text = || {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let now = parse(now.text("description"), sport);
        words(&parsed.prose) == words(&now.prose) && differences(&parsed.workout, &there, sport).is_empty()
    };
    let steps_differ = item.shelf == Shelf::Template
        && wanted.has("description")
        && !differences(&parsed.workout, &there, sport).is_empty();
    let differs = |name: &&str| match *name {
        "description" if item.shelf == Shelf::Template => {
            steps_differ || !same(wanted.get(name), now.get(name)) && !is_same_text()
        }
        name if item.shelf == Shelf::Gear && USED.contains(&name) => false,
        name if item.shelf == Shelf::Template && COMPUTED.contains(&name) => {
            !has_steps && !same(wanted.get(name), now.get(name))
        }
        // What is left out of a new one is upstream's to set.
        "days" | "sub_type" => {
            !same(wanted.get(name), &Value::Null) && !same(wanted.get(name), now.get(name))
        }
        name => !same(wanted.get(name), now.get(name)),
    };
    wanted.names().filter(differs).map(str::to_owned).collect()
}

/// The item of a change, from what stands there: by its id or, of a new one, as the one of this name that was not there before.
pub(super) fn found<'a>(kept: &KeptItem, id: Option<&str>, there: &'a [Item]) -> Option<&'a Item> {
    let on_shelf = || there.iter().filter(|item| item.shelf == kept.shelf);
    if let Some(id) = id.or(kept.id.as_deref()) {
        return on_shelf().find(|item| item.id == id);
    }
    let wanted = kept.after.as_ref()?;
    let is_new = |item: &&Item| !kept.namesakes.contains(&item.id);
    let all: Vec<&Item> = namesakes(kept.shelf, wanted, there).filter(is_new).collect();
    all.iter()
        .find(|item| otherwise(wanted, item).is_empty())
        .or(all.first())
        .copied()
}

/// What became of a wish, from what stands there afterwards; `id` is what upstream answered.
fn judged(
    change: &Change,
    wish: &Wish,
    sent: &Sent,
    id: Option<&str>,
    after: Result<&Vec<Item>, &Error>,
) -> Fate {
    let unanswered = match sent {
        Sent::Refused(error) => return Fate::Not(refused(error).to_owned()),
        Sent::Kept(error) => return Fate::NotSent(failure(error)),
        Sent::Stopped(why) => return Fate::NotSent(why.clone()),
        Sent::Answered => false,
        Sent::Unanswered => true,
    };
    let there = match after {
        Ok(there) => there,
        Err(error) => {
            return Fate::Unknown(format!(
                "it was sent, but what stands there now could not be read: {}",
                failure(error)
            ));
        }
    };
    let Some(kept) = change.item() else {
        return Fate::Unknown("nothing is kept of it".to_owned());
    };
    let look = match wish.shelf() {
        Shelf::Folder | Shelf::Template => "get_library",
        Shelf::Gear | Shelf::Reminder => "get_gear",
        Shelf::Activity => "get_training_history",
    };
    let said = |stands: &str| {
        Fate::Unknown(if unanswered {
            format!("intervals.icu did not answer, and {stands}; look again with {look} in a minute")
        } else {
            format!("intervals.icu said that it is done, but {stands}")
        })
    };
    let item = found(kept, id, there);
    match (wish, item) {
        (Wish::Delete { also, item, .. }, None) => {
            let is_back = |(id, values): &&(String, Values)| {
                let stands = there
                    .iter()
                    .find(|other| other.shelf == item.shelf && other.id == *id);
                stands.is_some_and(|stands| otherwise(values, stands).is_empty())
            };
            if also.iter().all(|one| is_back(&one)) {
                Fate::Gone
            } else {
                said("it is gone, while what it replaced is not back as it was")
            }
        }
        (Wish::Replace { beside, .. }, Some(item)) => Fate::Stands {
            otherwise: if beside.iter().all(|(id, before)| is_replaced(id, before, there)) {
                Vec::new()
            } else {
                vec!["the place of the old one".to_owned()]
            },
            lacking: 0,
            item: Box::new(item.clone()),
        },
        (Wish::Replace { .. }, None) => said("the new one is not there"),
        (Wish::Delete { .. }, Some(_)) => said("it is still there"),
        (Wish::Make { .. }, None) => said("it is not there"),
        (Wish::Change { .. }, None) => {
            Fate::Not("it is not there any more: somebody deleted it meanwhile".to_owned())
        }
        (Wish::Make { values, contents, .. }, Some(item)) => Fate::Stands {
            otherwise: otherwise(&unset_left_out(values), item),
            lacking: contents.len().saturating_sub(item.contents.len()),
            item: Box::new(item.clone()),
        },
        (
            Wish::Change {
                item: before,
                changes,
                ..
            },
            Some(item),
        ) => {
            let otherwise = otherwise(changes, item);
            let unmoved = |name: &str| same(before.values.get(name), item.values.get(name));
            if !otherwise.is_empty()
                && otherwise.len() == changes.names().count()
                && changes.names().all(unmoved)
            {
                return if unanswered {
                    said("it stands as before")
                } else {
                    Fate::Not("intervals.icu said that it was saved, but all stands as before".to_owned())
                };
            }
            Fate::Stands {
                otherwise,
                lacking: 0,
                item: Box::new(item.clone()),
            }
        }
    }
}

/// Whether something that changes with a replaced part stands otherwise than before.
fn is_replaced(id: &str, before: &Values, there: &[Item]) -> bool {
    let now = there
        .iter()
        .find(|item| item.shelf == Shelf::Gear && item.id == id);
    now.is_some_and(|now| !otherwise(before, now).is_empty())
}

/// A refusal by upstream, in our words.
fn refused(error: &Error) -> &'static str {
    match error {
        Error::NotFound => "it is not there any more",
        Error::Forbidden => "intervals.icu does not allow it",
        _ => "intervals.icu did not accept it",
    }
}

/// How a change ended, for the journal.
fn ended(change: &Change, fate: &Fate) -> Ended {
    let end = |state, after| Ended {
        state,
        event_id: None,
        after,
    };
    let id = || change.item().and_then(|kept| kept.id.clone()).unwrap_or_default();
    match fate {
        Fate::Stands { item, .. } => end(
            ChangeState::Held,
            Some(Left::Item(item.id.clone(), Some(item.values.clone()))),
        ),
        Fate::Gone => end(ChangeState::Held, Some(Left::Item(id(), None))),
        Fate::Not(_) | Fate::NotSent(_) => end(ChangeState::Refused, None),
        Fate::Unknown(_) => end(ChangeState::Sent, None),
    }
}

/// How an open change of an item ended, from what stands there now, and in words.
pub(super) fn settled(kept: &KeptItem, there: &[Item]) -> (Ended, &'static str) {
    let end = |state, after| Ended {
        state,
        event_id: None,
        after,
    };
    let item = found(kept, None, there);
    let held = |item: &Item| {
        let left = Left::Item(item.id.clone(), Some(item.values.clone()));
        (end(ChangeState::Held, Some(left)), "is done")
    };
    match (&kept.before, &kept.after, item) {
        (_, None, None) => {
            let id = kept.id.clone().unwrap_or_default();
            (end(ChangeState::Held, Some(Left::Item(id, None))), "is done")
        }
        (_, None, Some(_)) | (None, Some(_), None) => (end(ChangeState::Refused, None), "changed nothing"),
        (None, Some(_), Some(item)) => held(item),
        (Some(_), Some(_), None) => (end(ChangeState::Lost, None), "can no longer be found"),
        (Some(before), Some(after), Some(item)) => {
            let news = after.only(|name| !same(before.get(name), after.get(name)));
            let not_yet = otherwise(&news, item);
            if not_yet.len() < news.names().count() {
                held(item)
            } else if news
                .names()
                .all(|name| same(before.get(name), item.values.get(name)))
            {
                (end(ChangeState::Refused, None), "changed nothing")
            } else {
                (
                    end(ChangeState::Lost, None),
                    "stands neither as it was sent nor as it was before",
                )
            }
        }
    }
}

/// The answer, as an error if nothing of what was asked for came true: then nobody must read it as done.
pub(in crate::tools) fn told(answer: Answer, tried: &[Tried], already: bool) -> Result<Answer, ToolError> {
    match (already || tried.iter().any(Tried::came_true), tried.is_empty()) {
        (true, _) => Ok(answer),
        (false, true) => Err(ToolError::Input(answer.text)),
        (false, false) => Err(ToolError::Upstream(answer.text)),
    }
}

/// What people call a field.
pub(in crate::tools) fn field_words(names: &[String]) -> String {
    let word = |name: &String| match name.as_str() {
        "description" => "text".to_owned(),
        "type" => "sport".to_owned(),
        "icu_training_load" => "load".to_owned(),
        "moving_time" => "time".to_owned(),
        "folder_id" => "folder".to_owned(),
        "day" => "day of the plan".to_owned(),
        "color" => "colour".to_owned(),
        "component_ids" => "parts on it".to_owned(),
        "last_reset" => "when it was done last".to_owned(),
        "snoozed_until" => "put off until".to_owned(),
        other => other.replace('_', " "),
    };
    joined(names.iter().map(word), ", ")
}
