//! What gets its id from upstream when it is made, and may be changed and deleted: a folder of the library, a workout in it.

use serde::{Deserialize, Serialize};

use super::{Event, Folder, Template, Values};
use crate::intervals::Area;

/// Where items of a kind are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shelf {
    /// Folders and plans of the library: `/athlete/{id}/folders`.
    Folder,
    /// Workouts of the library: `/athlete/{id}/workouts`.
    Template,
}

impl Shelf {
    /// The area that must be shared for changing one.
    pub(crate) const fn area(self) -> Area {
        match self {
            Self::Folder | Self::Template => Area::Library,
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
    /// What is in a folder.
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
}
