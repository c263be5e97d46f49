//! The workout library: folders and plans with the templates in them.

use serde::Deserialize;
use serde_with::apply;

use super::{Event, Values};
use crate::intervals::lenient::{Lenient, Object};

/// A row of `GET /athlete/{id}/folders`: a folder or a plan.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Folder {
    /// Its id.
    pub(crate) id: Option<i64>,
    /// Whose it is: of one that is shared with the athlete, somebody else.
    pub(crate) athlete_id: Option<String>,
    /// `FOLDER` or `PLAN`.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// Its name.
    pub(crate) name: Option<String>,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// Weeks of a plan.
    pub(crate) duration_weeks: Option<i64>,
    /// With how many others it is shared.
    #[serde(rename = "sharedWithCount")]
    pub(crate) shared_with: Option<i64>,
    /// Whether the athlete may change it.
    #[serde(rename = "canEdit")]
    pub(crate) can_edit: Option<bool>,
    /// `PRIVATE`, `PUBLIC`.
    pub(crate) visibility: Option<String>,
    /// Whose it is, if it is shared with the athlete.
    pub(crate) owner: Option<Owner>,
    /// What is in it, in upstream's order.
    #[serde(skip)]
    pub(crate) templates: Vec<Template>,
}

impl Object for Folder {}

/// Whose folder it is.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Owner {
    /// The athlete's id.
    pub(crate) id: Option<String>,
    /// The athlete's name.
    pub(crate) name: Option<String>,
}

impl Object for Owner {}

impl Folder {
    /// Whether its workouts have days.
    pub(crate) fn is_plan(&self) -> bool {
        self.kind.as_deref() == Some("PLAN")
    }

    /// Whether the athlete may not change it.
    pub(crate) fn is_locked(&self) -> bool {
        self.can_edit == Some(false)
    }

    /// Whether it is shared with the athlete `own`, by somebody else.
    pub(crate) fn is_of_another(&self, own: &str) -> bool {
        let owner = self.owner.as_ref().and_then(|owner| owner.id.as_deref());
        [self.athlete_id.as_deref(), owner]
            .into_iter()
            .flatten()
            .any(|id| id != own)
    }

    /// Whether others see it: it is shared with some, or with everybody.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared_with.is_some_and(|count| count > 0) || self.visibility.as_deref() == Some("PUBLIC")
    }
}

/// A workout of the library.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its id.
    pub(crate) id: i64,
    /// Its day in a plan, from 0.
    pub(crate) day: Option<i64>,
    /// It is for a week of the plan and has no day of its own.
    pub(crate) for_week: bool,
    /// As reads show it: what a planned workout has, without a day.
    pub(crate) event: Event,
    /// As a write would set it.
    pub(crate) values: Values,
}

/// Fields of a template that a write may set. Never `workout_doc`: sent back, it loses the steps.
pub(crate) const TEMPLATE: [&str; 18] = [
    "folder_id",
    "day",
    "days",
    "name",
    "description",
    "type",
    "indoor",
    "moving_time",
    "distance",
    "icu_training_load",
    "target",
    "color",
    "tags",
    "carbs_per_hour",
    "for_week",
    "sub_type",
    "hide_from_athlete",
    "time",
];
