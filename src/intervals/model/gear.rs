//! Bikes, shoes and their parts, and what reminds of them.

use serde::Deserialize;
use serde_with::apply;

use crate::intervals::lenient::{Lenient, Object};

/// Bike or shoes of an activity, or a row of `GET /athlete/{id}/gear`: a piece, or a part of one.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Gear {
    /// Upstream's id.
    pub(crate) id: Option<String>,
    /// Whose it is; checked.
    pub(crate) athlete_id: Option<String>,
    /// `Bike`, `Shoes`, `Chain` …
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// The day since which it is not used any more.
    pub(crate) retired: Option<String>,
    /// A part of another piece.
    pub(crate) component: Option<bool>,
    /// The athlete's name for it.
    pub(crate) name: Option<String>,
    /// The day of purchase.
    pub(crate) purchased: Option<String>,
    /// The athlete's words.
    pub(crate) notes: Option<String>,
    /// m so far.
    pub(crate) distance: Option<f64>,
    /// s so far.
    pub(crate) time: Option<f64>,
    /// How many activities so far.
    pub(crate) activities: Option<f64>,
    /// Whether `time` is elapsed and not moving time.
    pub(crate) use_elapsed_time: Option<bool>,
    /// Ids of the parts on it.
    pub(crate) component_ids: Option<Vec<String>>,
    /// What is due for it, and when.
    pub(crate) reminders: Option<Vec<GearReminder>>,
    /// By what an activity gets it by itself.
    pub(crate) activity_filters: Option<Vec<GearFilter>>,
}

impl Object for Gear {}

/// One condition on which an activity gets a piece of gear by itself.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct GearFilter {
    /// What of the activity: `type` is its sport.
    pub(crate) field_id: Option<String>,
    /// One of these; None where it is no list of words.
    pub(crate) value: Option<Vec<String>>,
    /// None of these.
    pub(crate) not: Option<bool>,
}

impl Object for GearFilter {}

/// A reminder of a piece of gear: after so far, so long, so many activities or days.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct GearReminder {
    /// Upstream's id.
    pub(crate) id: Option<i64>,
    /// What is to be done.
    pub(crate) name: Option<String>,
    /// Every so many m.
    pub(crate) distance: Option<f64>,
    /// Every so many s.
    pub(crate) time: Option<f64>,
    /// Every so many activities.
    pub(crate) activities: Option<f64>,
    /// Every so many days.
    pub(crate) days: Option<f64>,
    /// When it was done last, with a time in UTC.
    pub(crate) last_reset: Option<String>,
    /// Put off until then, with a time in UTC.
    pub(crate) snoozed_until: Option<String>,
    /// Percent of what it counts, the furthest of them; 100 is due.
    pub(crate) percent_used: Option<f64>,
    /// m since then.
    pub(crate) distance_used: Option<f64>,
    /// s since then.
    pub(crate) time_used: Option<f64>,
    /// Activities since then.
    pub(crate) activities_used: Option<f64>,
    /// Days since then.
    pub(crate) days_used: Option<f64>,
}

impl Object for GearReminder {}

impl Gear {
    /// Whether it is a part of another piece, such as a chain.
    pub(crate) fn is_part(&self) -> bool {
        self.component == Some(true)
    }

    /// Whether it is in use no more.
    pub(crate) fn is_retired(&self) -> bool {
        self.retired.as_deref().is_some_and(|day| !day.trim().is_empty())
    }

    /// The sports whose activities get it by themselves; none if nothing says so.
    pub(crate) fn sports(&self) -> Vec<&str> {
        let of_sports =
            |filter: &&GearFilter| filter.field_id.as_deref() == Some("type") && filter.not != Some(true);
        let filters = self.activity_filters.iter().flatten().filter(of_sports);
        let values = filters.flat_map(|filter| filter.value.iter().flatten());
        values.map(String::as_str).collect()
    }

    /// Whether this part is on it.
    pub(crate) fn holds(&self, part: &str) -> bool {
        self.component_ids.iter().flatten().any(|id| id == part)
    }
}

impl GearReminder {
    /// Whether it is due: it counts to the end, and is not put off beyond this day (UTC).
    pub(crate) fn is_due(&self, today: &str) -> bool {
        let put_off = self.snoozed_until.as_deref().and_then(|moment| moment.get(..10));
        self.percent_used.is_some_and(|percent| percent >= 100.0)
            && put_off.is_none_or(|until| until <= today)
    }
}
