//! Whether a workout is on the calendar already: by the journal, then by what stands on its day.

use crate::{
    guard::journal::{Change, ChangeState},
    intervals::model::Held,
    tools::writing::entry::{Entry, is_same, same_name},
};

/// What is to become of a workout that passed the checks.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    /// It is new, or the retry of a change that nobody knows the end of.
    New(Option<Change>),
    /// It is there already, put there by this change if that is known.
    There(Box<Held>, Option<i32>),
    /// Another one of this name and sport is on that day.
    Other(Box<Held>),
    /// The call has the same workout twice; this is the first one's number.
    Twice(usize),
}

/// What is to become of the workout at `at` of these, where `there` stands on the days concerned and `alike` are earlier
/// changes with its fingerprint.
pub(super) fn verdict(
    all: &[Entry],
    at: usize,
    there: &[Held],
    alike: &[Change],
    allow_duplicate: bool,
) -> Verdict {
    let entry = &all[at];
    let on_its_day = || there.iter().filter(|held| held.event.day() == Some(entry.on.day));
    let of = |change: &Change| {
        on_its_day().find(|held| {
            change.event_id == Some(held.id)
                || change.external_id.is_some() && held.fields.external_id == change.external_id
        })
    };
    let open = alike.iter().find(|change| change.state == ChangeState::Sent);
    if let Some(open) = open {
        return match of(open) {
            Some(held) => Verdict::There(Box::new(held.clone()), Some(open.number)),
            None => Verdict::New(Some(open.clone())),
        };
    }
    if allow_duplicate {
        return Verdict::New(None);
    }
    let first = all[..at]
        .iter()
        .position(|other| other.fingerprint() == entry.fingerprint());
    if let Some(first) = first {
        return Verdict::Twice(first + 1);
    }
    let held = alike.iter().filter(|change| change.state == ChangeState::Held);
    for change in held {
        if let Some(held) = of(change) {
            return Verdict::There(Box::new(held.clone()), Some(change.number));
        }
    }
    let is_named_so = |held: &&Held| {
        let event = &held.event;
        event.is_workout()
            && event.sport() == entry.sport
            && same_name(event.name.as_deref().unwrap_or_default()) == same_name(&entry.name)
    };
    let named_so: Vec<&Held> = on_its_day().filter(is_named_so).collect();
    let same = named_so.iter().find(|held| is_same(entry, &held.event));
    match (same, named_so.first()) {
        (Some(held), _) => Verdict::There(Box::new((*held).clone()), None),
        (None, Some(held)) => Verdict::Other(Box::new((*held).clone())),
        (None, None) => Verdict::New(None),
    }
}
