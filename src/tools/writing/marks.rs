//! What is said of an entry that is no workout: a race, a note, an absence, a target, a mark.

use super::{
    Tried, field_words,
    said::{Figures, Scene, look, note},
};
use crate::{
    intervals::model::{EntryFields, Event, Held},
    permissions,
    text::fenced,
    tools::{
        absences::Reason,
        answer::{
            sport_units::SportUnits,
            units::{self, positive},
            words::{DOT, joined},
        },
        entries,
    },
};

/// What becomes of plans on the days of an absence.
const NOT_MOVED: &str = "nothing planned was moved or deleted";

impl Scene<'_> {
    /// An entry as it stands on the calendar.
    pub(super) fn mark(&self, held: &Held, how: &str, tried: Option<&Tried>) -> Vec<String> {
        let [title, figures] = self.mark_in_words(&held.event);
        let number = tried.map_or_else(String::new, |tried| format!("change {}", tried.number));
        let id = format!("id {}", held.id);
        let mut lines = vec![joined([title, how.to_owned(), figures, number, id], DOT)];
        if tried.is_some() || self.card.shows(&permissions::GET_EVENTS) {
            lines.extend(words_of(&held.fields));
        }
        let names = tried.map_or(&[][..], |tried| &tried.fields[..]);
        // The last day goes with the first one.
        let has_moved = names.contains(&"start_date_local");
        let own = names
            .iter()
            .filter(|name| !has_moved || **name != "end_date_local");
        lines.extend(own.map(|name| format!("  NOT taken: {}", self.stands(name, &held.fields))));
        lines.extend(self.days_of(&held.event, Some(held.id)));
        lines
    }

    /// An entry as it would be with these fields.
    pub(in crate::tools) fn mark_previewed(&self, fields: &EntryFields, how: &str) -> Vec<String> {
        let event = fields.as_event();
        let [title, figures] = self.mark_in_words(&event);
        let mut lines = vec![joined([title, how.to_owned(), figures], DOT)];
        lines.extend(words_of(fields));
        lines.extend(self.days_of(&event, self.but));
        lines
    }

    /// An entry that was not written, and why.
    pub(in crate::tools) fn mark_not_written(&self, fields: &EntryFields, why: &str) -> Vec<String> {
        let [title, _] = self.mark_in_words(&fields.as_event());
        vec![format!("{title}{DOT}{why}")]
    }

    /// `2026-12-03 Thu – 2026-12-09 Wed (7 days) · holiday «Skiing»`, and its figures.
    pub(super) fn mark_in_words(&self, event: &Event) -> [String; 2] {
        let own = SportUnits::of_plan(event, self.card.units);
        let days = joined([entries::days(event), entries::clock(event)], " ");
        let name = fenced(event.name.as_deref().unwrap_or_default(), super::NAME);
        let title = joined([days, joined([entries::what(event), name], " ")], DOT);
        let plan = if event.is_race() {
            Figures::of(event).in_words(&own)
        } else {
            String::new()
        };
        let figures = entries::figures(event, self.card.units);
        let figures = joined(
            std::iter::once(plan)
                .chain(figures)
                .chain([entries::availability(event)]),
            DOT,
        );
        [title, figures]
    }

    /// What limits its days, and what else is on them. What is for a whole week, or only marks a day, is beside nothing.
    fn days_of(&self, event: &Event, own: Option<i64>) -> Vec<String> {
        let (Some(first), Some(last)) = (event.day(), event.last_day()) else {
            return Vec::new();
        };
        let is_mark = [
            "TARGET",
            "SEASON_START",
            "SET_EFTP",
            "PLAN",
            "FITNESS_DAYS",
            "SET_FITNESS",
        ];
        if event.for_week == Some(true) || is_mark.contains(&event.category()) {
            return Vec::new();
        }
        let limits = if event.is_race() && first == last {
            self.limits_of(first, (event.sport(), event.planned_secs()), own)
        } else {
            self.limits_within((first, last), event.is_race(), own)
        };
        let moves = if Reason::of(event).is_some() {
            NOT_MOVED
        } else {
            ""
        };
        let lines = [limits, self.other_entries((first, last), own, moves)];
        lines.into_iter().filter(|line| !line.is_empty()).collect()
    }

    /// `last day (stands 2026-12-03 Thu)`
    fn stands(&self, name: &'static str, fields: &EntryFields) -> String {
        let value = self.value(name, fields);
        let value = if value.is_empty() {
            "none".to_owned()
        } else {
            value
        };
        format!("{} (stands {value})", field_words(&[name]))
    }

    fn value(&self, name: &str, fields: &EntryFields) -> String {
        let event = fields.as_event();
        let own = SportUnits::of(event.sport(), self.card.units);
        let flag = |is: Option<bool>| if is == Some(true) { "yes" } else { "no" }.to_owned();
        match name {
            "start_date_local" => fields.start_date_local.map(units::moment).unwrap_or_default(),
            "end_date_local" => fields.last_day().map(units::date).unwrap_or_default(),
            "category" => entries::what(&event),
            "type" => entries::sport_of(&event),
            "name" => fenced(fields.name.as_deref().unwrap_or_default(), 60),
            "description" => fenced(fields.description.as_deref().unwrap_or_default(), 120),
            "moving_time" => units::hours_minutes(positive(fields.moving_time)),
            "time_target" => units::hours_minutes(positive(fields.time_target)),
            "max_training_time" => units::hours_minutes(positive(fields.max_training_time)),
            "distance" => own.way(positive(fields.distance), 1),
            "distance_target" => own.way(positive(fields.distance_target), 1),
            "icu_training_load" => units::whole(positive(fields.icu_training_load)),
            "load_target" => units::whole(positive(fields.load_target)),
            "icu_ftp" => units::whole(positive(fields.icu_ftp)),
            "color" => fenced(fields.color.as_deref().unwrap_or_default(), 20),
            "tags" => fields.tags.as_deref().unwrap_or_default().join(", "),
            "can_train_sports" => fields.can_train_sports.as_deref().unwrap_or_default().join(", "),
            "training_availability" => entries::availability(&event),
            "for_week" => flag(fields.for_week),
            _ => String::new(),
        }
    }
}

/// Its text, tags and colour.
fn words_of(fields: &EntryFields) -> impl Iterator<Item = String> {
    let tags = fields.tags.as_deref().unwrap_or_default();
    note(fields.description.as_deref().unwrap_or_default())
        .into_iter()
        .chain(look(tags, fields.color.as_deref()))
}
