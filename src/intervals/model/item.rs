//! What gets its id from upstream when it is made, and may be changed and deleted: a folder of the library, a workout in it, a piece
//! of gear, a reminder of it, an activity that is entered by hand.

use serde::{Deserialize, Serialize};

use super::{Event, Folder, Gear, GearReminder, Template, Values};
use crate::intervals::Area;

/// Where items of a kind are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shelf {
    /// Folders and plans of the library: `/athlete/{id}/folders`.
    Folder,
    /// Workouts of the library: `/athlete/{id}/workouts`.
    Template,
    /// Bikes, shoes and their parts: `/athlete/{id}/gear`.
    Gear,
    /// Reminders of gear: `/athlete/{id}/gear/{gearId}/reminder`. The id of one is `gear/number`.
    Reminder,
    /// Activities of a day; only those entered by hand are made and deleted: `/athlete/{id}/activities/manual/bulk`,
    /// `/activity/{id}`.
    Activity,
}

impl Shelf {
    /// The area that must be shared for changing one.
    pub(crate) const fn area(self) -> Area {
        match self {
            Self::Folder | Self::Template => Area::Library,
            Self::Gear | Self::Reminder | Self::Activity => Area::Activity,
        }
    }
}

/// An item as it stands.
#[derive(Debug, Clone)]
pub struct Item {
    /// Which of the shelves it is on.
    pub(crate) shelf: Shelf,
    /// Upstream's id.
    pub(crate) id: String,
    /// Its fields, as a write would set them.
    pub(crate) values: Values,
    /// A workout as reads show it.
    pub(crate) event: Option<Box<Event>>,
    /// What is in a folder; the reminders of a piece of gear.
    pub(crate) contents: Vec<Self>,
}

impl Item {
    /// All items of a library that are the athlete's own.
    pub(crate) fn of_library(folders: &[Folder], own: &str) -> Vec<Self> {
        let own = folders.iter().filter(|folder| !folder.is_of_another(own));
        own.flat_map(|folder| {
            let workouts = folder.templates.iter().map(Self::of_template);
            Self::of_folder(folder).into_iter().chain(workouts)
        })
        .collect()
    }

    /// A folder with what is in it; None without an id.
    pub(crate) fn of_folder(folder: &Folder) -> Option<Self> {
        let mut values = Values::default();
        values.set("type", folder.kind.clone());
        values.set("name", folder.name.clone());
        values.set("description", folder.description.clone());
        Some(Self {
            shelf: Shelf::Folder,
            id: folder.id?.to_string(),
            values,
            event: None,
            contents: folder.templates.iter().map(Self::of_template).collect(),
        })
    }

    /// A workout of the library.
    pub(crate) fn of_template(template: &Template) -> Self {
        Self {
            shelf: Shelf::Template,
            id: template.id.to_string(),
            values: template.values.clone(),
            event: Some(Box::new(template.event.clone())),
            contents: Vec::new(),
        }
    }

    /// All pieces of gear, and their reminders. What has no usable id is left out.
    pub(crate) fn of_gear(all: &[Gear]) -> Vec<Self> {
        let pieces = all.iter().filter_map(Self::of_piece);
        pieces
            .flat_map(|piece| {
                let reminders = piece.contents.clone();
                std::iter::once(piece).chain(reminders)
            })
            .collect()
    }

    /// A piece of gear with its reminders.
    pub(crate) fn of_piece(piece: &Gear) -> Option<Self> {
        // It becomes a part of a path.
        let is_usable = |id: &&String| {
            !id.is_empty()
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        };
        let id = piece.id.as_ref().filter(is_usable)?.clone();
        let mut values = Values::default();
        values.set("type", piece.kind.clone());
        values.set("name", piece.name.clone());
        values.set("purchased", piece.purchased.clone());
        values.set("notes", piece.notes.clone());
        values.set("retired", piece.retired.clone());
        values.set("distance", piece.distance);
        values.set("time", piece.time);
        values.set("activities", piece.activities);
        values.set("use_elapsed_time", piece.use_elapsed_time);
        values.set("component_ids", piece.component_ids.clone());
        let reminders = piece.reminders.iter().flatten();
        Some(Self {
            shelf: Shelf::Gear,
            contents: reminders.filter_map(|one| Self::of_reminder(&id, one)).collect(),
            id,
            values,
            event: None,
        })
    }

    /// A reminder of the piece of gear with this id. Moments are days.
    fn of_reminder(gear: &str, reminder: &GearReminder) -> Option<Self> {
        let day = |moment: &Option<String>| {
            moment
                .as_deref()
                .and_then(|moment| moment.get(..10))
                .map(str::to_owned)
        };
        let mut values = Values::default();
        values.set("gear_id", gear);
        values.set("name", reminder.name.clone());
        values.set("distance", reminder.distance);
        values.set("time", reminder.time);
        values.set("activities", reminder.activities);
        values.set("days", reminder.days);
        values.set("last_reset", day(&reminder.last_reset));
        values.set("snoozed_until", day(&reminder.snoozed_until));
        Some(Self {
            shelf: Shelf::Reminder,
            id: format!("{gear}/{}", reminder.id?),
            values,
            event: None,
            contents: Vec::new(),
        })
    }

    /// Whether it is an activity that was entered by hand.
    pub(crate) fn is_by_hand(&self) -> bool {
        self.shelf == Shelf::Activity && self.values.text("source") == "MANUAL"
    }
}

/// Fields that an activity is entered with.
pub(crate) const ENTERED: [&str; 14] = [
    "type",
    "name",
    "description",
    "start_date_local",
    "moving_time",
    "distance",
    "total_elevation_gain",
    "average_heartrate",
    "icu_training_load",
    "icu_rpe",
    "feel",
    "tags",
    "gear",
    "external_id",
];
