//! Whether an entry is on the calendar already: by the journal, then by what stands on its day.

use super::asked::Wanted;
use crate::{
    guard::journal::{Change, ChangeState},
    intervals::model::{EntryFields, Event, Held},
    tools::writing::entry::same_name,
};

/// What is to become of an entry.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    /// It is new, or the retry of a change that nobody knows the end of.
    New(Option<Box<Change>>),
    /// It is there already, put there by this change if that is known.
    There(Box<Held>, Option<i32>),
    /// One of its kind and name is on that day, with other values of these fields, and stays as it is.
    Other(Box<Held>, Vec<&'static str>),
    /// Several of its kind are on that day, and no name says which is meant.
    Several(Vec<i64>),
    /// The same, and it gets these values.
    Change(Box<Held>, Box<EntryFields>),
    /// The call has one of its kind and name for that day; this is its number.
    Twice(usize),
}

impl Verdict {
    /// The same where what stands there is to get the values that were asked for.
    pub(super) fn overwriting(self, wanted: &Wanted) -> Self {
        let Self::Other(held, names) = self else {
            return self;
        };
        let mut changes = wanted.fields.only(|name| names.contains(&name));
        if changes.start_date_local.is_some() {
            // A start goes with its end.
            changes.end_date_local = changes.end_date_local.or(held.fields.end_date_local);
        }
        // Figures of a limited day say nothing of another one.
        let availability = changes.training_availability.as_deref();
        if availability.is_some_and(|availability| availability != "LIMITED") {
            changes.max_training_time = held.fields.max_training_time.and(Some(0.0));
            let sports = held.fields.can_train_sports.as_ref();
            changes.can_train_sports = sports.map(|_| Vec::new());
        }
        Self::Change(held, Box::new(changes))
    }
}

/// What is to become of the entry at `at` of these, where `there` stands on the days concerned and `alike` are earlier changes
/// with its fingerprint, newest first.
pub(super) fn verdict(all: &[Wanted], at: usize, there: &[Held], alike: &[Change]) -> Verdict {
    let wanted = &all[at];
    if let Some(first) = all[..at].iter().position(|other| is_like(wanted, &other.fields)) {
        return Verdict::Twice(first + 1);
    }
    let of = |change: &Change| {
        there.iter().find(|held| {
            change.event_id == Some(held.id)
                || change.external_id.is_some() && held.fields.external_id == change.external_id
        })
    };
    let otherwise = |held: &Held| {
        let mut names = wanted.fields.not_in(&held.fields);
        let has_its_name = name(&wanted.fields) == name(&held.fields);
        names.retain(|name| !wanted.assumed.contains(name) && (*name != "name" || !has_its_name));
        names
    };
    let alike_there: Vec<&Held> = there
        .iter()
        .filter(|held| is_like(wanted, &held.fields))
        .collect();
    let as_wanted = alike_there.iter().find(|held| otherwise(held).is_empty());
    let is_namesake = |held: &&&Held| name(&held.fields) == name(&wanted.fields);
    let namesakes: Vec<&Held> = alike_there.iter().filter(is_namesake).copied().collect();
    let found = match (&alike_there[..], &namesakes[..]) {
        ([one], _) | (_, [one]) => Some(*one),
        _ => None,
    };
    let found = as_wanted.copied().or(found);
    let judged = |held: &Held, number: Option<i32>| match otherwise(held) {
        names if names.is_empty() => Verdict::There(Box::new(held.clone()), number),
        names => Verdict::Other(Box::new(held.clone()), names),
    };
    if found.is_none() && !alike_there.is_empty() {
        return Verdict::Several(alike_there.iter().map(|held| held.id).collect());
    }
    let open = alike.iter().find(|change| change.state == ChangeState::Sent);
    let held = alike
        .iter()
        .find(|change| change.state == ChangeState::Held && of(change).is_some());
    if let Some(change) = open.or(held) {
        return match (of(change), found) {
            (Some(held), _) => judged(held, Some(change.number)),
            // Somebody may have written the same by hand meanwhile.
            (None, Some(held)) => judged(held, None),
            (None, None) => Verdict::New(Some(Box::new(change.clone()))),
        };
    }
    found.map_or(Verdict::New(None), |held| judged(held, None))
}

/// The name as people compare it.
fn name(fields: &EntryFields) -> String {
    same_name(fields.name.as_deref().unwrap_or_default())
}

/// Whether nobody could tell the two apart by kind, first day and name. Of some kinds a day has only one: a target of a sport,
/// which upstream would overwrite, and what was given no name of its own.
fn is_like(wanted: &Wanted, other: &EntryFields) -> bool {
    let own = &wanted.fields;
    let kind = |fields: &EntryFields| {
        let category = fields.category.clone().unwrap_or_default();
        let category = if category.starts_with("RACE_") {
            "RACE".to_owned()
        } else {
            category
        };
        (category, fields.for_week == Some(true))
    };
    let sport = |fields: &EntryFields| fields.sport.clone().unwrap_or_default();
    let is_of_day = kind(own) == kind(other) && own.day() == other.day();
    let category = own.category.as_deref().unwrap_or_default();
    match category {
        Event::TARGET | Event::SET_EFTP => is_of_day && sport(own) == sport(other),
        _ => is_of_day && (!wanted.is_named() || name(own) == name(other)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tools::writing::tests::{change, fields, held};

    fn wanted(value: Value, is_named: bool) -> Wanted {
        Wanted {
            kind: "note",
            fields: fields(value),
            assumed: if is_named { Vec::new() } else { vec!["name"] },
            notes: Vec::new(),
        }
    }

    fn note(name: &str, text: &str) -> Value {
        json!({"category": "NOTE", "name": name, "start_date_local": "2026-12-03T00:00:00",
               "end_date_local": "2026-12-04T00:00:00", "description": text})
    }

    /// `new`, `there 7 by 1`, `other 7: description`, `twice 1`
    fn says(all: &[Wanted], there: &[Held], alike: &[Change]) -> String {
        match verdict(all, all.len() - 1, there, alike) {
            Verdict::New(None) => "new".to_owned(),
            Verdict::New(Some(change)) => format!("retry {}", change.number),
            Verdict::There(held, None) => format!("there {}", held.id),
            Verdict::There(held, Some(number)) => format!("there {} by {number}", held.id),
            Verdict::Other(held, names) => format!("other {}: {}", held.id, names.join(" ")),
            Verdict::Change(held, changes) => format!("change {}: {}", held.id, changes.names().join(" ")),
            Verdict::Several(ids) => format!("several {} {}", ids[0], ids[1]),
            Verdict::Twice(first) => format!("twice {first}"),
        }
    }

    #[test]
    fn the_same_note_twice_is_one() {
        let own = [wanted(note("travel", "late"), true)];
        let there = [held(7, &note(" Travel", "late"))];
        assert_eq!(says(&own, &[], &[]), "new");
        assert_eq!(says(&own, &there, &[]), "there 7");
        assert_eq!(
            says(&own, &[held(7, &note("Travel", "early"))], &[]),
            "other 7: description"
        );
        assert_eq!(says(&own, &[held(7, &note("Camp", "late"))], &[]), "new");
        let mut race = note("Travel", "late");
        race["category"] = json!("RACE_A");
        assert_eq!(says(&own, &[held(7, &race)], &[]), "new");
        let two = [own[0].clone(), wanted(note("Travel", "x"), true)];
        assert_eq!(says(&two, &[], &[]), "twice 1");
    }

    #[test]
    fn what_nobody_asked_for_stays_as_it_stands() {
        let race = |more: Value| {
            let mut race = json!({"category": "RACE_A", "name": "Half", "type": "Run", "start_date_local": "2026-12-06T00:00:00",
                                  "end_date_local": "2026-12-07T00:00:00"});
            race.as_object_mut()
                .unwrap()
                .extend(crate::tools::samples::object(more));
            race
        };
        let there = [held(
            7,
            &race(
                json!({"category": "RACE_B", "start_date_local": "2026-12-06T10:30:00", "end_date_local": "2026-12-08T00:00:00",
                         "distance": 21000.0, "color": "red"}),
            ),
        )];
        let mut own = wanted(race(json!({})), true);
        own.assumed = vec!["category", "start_date_local", "end_date_local"];
        assert_eq!(says(&[own.clone()], &there, &[]), "there 7");
        own.fields.distance = Some(21097.5);
        assert_eq!(says(&[own.clone()], &there, &[]), "other 7: distance");
        let changes = |own: &Wanted| match verdict(std::slice::from_ref(own), 0, &there, &[]).overwriting(own)
        {
            Verdict::Change(_, changes) => serde_json::to_value(*changes).unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(changes(&own), json!({"distance": 21097.5}));
        own.assumed = vec!["end_date_local"];
        assert_eq!(
            changes(&own),
            json!({"category": "RACE_A", "distance": 21097.5, "start_date_local": "2026-12-06T00:00:00",
                   "end_date_local": "2026-12-08T00:00:00"})
        );
    }

    #[test]
    fn without_a_name_one_of_the_kind_is_enough_and_a_day_has_one_target_of_a_sport() {
        let sick = |name: &str, end: &str| json!({"category": "SICK", "name": name, "start_date_local": "2026-12-03T00:00:00", "end_date_local": end});
        let own = [wanted(sick("Sick", "2026-12-05T00:00:00"), false)];
        let two = [
            held(6, &sick("Cold", "2026-12-04T00:00:00")),
            held(7, &sick("Flu", "2026-12-05T00:00:00")),
        ];
        assert_eq!(says(&own, &two, &[]), "there 7");
        let two = [
            held(6, &sick("Cold", "2026-12-04T00:00:00")),
            held(7, &sick("Flu", "2026-12-06T00:00:00")),
        ];
        assert_eq!(says(&own, &two, &[]), "several 6 7");
        let two = [two[0].clone(), held(8, &sick("sick", "2026-12-06T00:00:00"))];
        assert_eq!(says(&own, &two, &[]), "other 8: end_date_local");
        assert_eq!(
            says(&own, &[held(7, &sick("Flu", "2026-12-05T00:00:00"))], &[]),
            "there 7"
        );
        assert_eq!(
            says(&own, &[held(7, &sick("Flu", "2026-12-04T00:00:00"))], &[]),
            "other 7: end_date_local"
        );
        let target = |sport: &str, load: f64| {
            json!({"category": "TARGET", "type": sport, "name": "Week", "for_week": true, "load_target": load,
                   "start_date_local": "2026-11-30T00:00:00"})
        };
        let own = [wanted(target("Ride", 400.0), true)];
        assert_eq!(says(&own, &[held(7, &target("Run", 400.0))], &[]), "new");
        assert_eq!(
            says(&own, &[held(7, &target("Ride", 300.0))], &[]),
            "other 7: load_target"
        );
    }

    #[test]
    fn the_same_call_again_takes_up_its_own_change() {
        let own = [wanted(note("Travel", "late"), true)];
        let open = [change(1, None, Some(own[0].fields.clone()))];
        assert_eq!(says(&own, &[], &open), "retry 1");
        let mut landed = held(9, &note("Travel", "late"));
        landed.fields.external_id = Some("k1".to_owned());
        assert_eq!(says(&own, &[landed], &open), "there 9 by 1");
        let mut done = change(2, None, Some(own[0].fields.clone()));
        (done.state, done.event_id) = (ChangeState::Held, Some(7));
        let renamed = held(7, &note("Trip", "late"));
        assert_eq!(says(&own, &[renamed], &[done.clone()]), "other 7: name");
        assert_eq!(says(&own, &[], &[done]), "new");
    }
}
