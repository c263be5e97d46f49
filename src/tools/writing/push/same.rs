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
    New(Option<Box<Change>>),
    /// It is there already, put there by this change if that is known.
    There(Box<Held>, Option<i32>),
    /// Another one of this name and sport is on that day.
    Other(Box<Held>),
    /// The call has the same workout twice; this is the first one's number.
    Twice(usize),
    /// The call has another one of this name and sport for that day; this is its number.
    Namesake(usize),
}

/// What is to become of the workout at `at` of these, where `there` stands on the days concerned and `alike` are earlier
/// changes with its fingerprint, newest first; with `allow_duplicate`, those that allowed it too.
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
    let is_like = |other: &Entry| other.fingerprint() == entry.fingerprint();
    let first = all[..at].iter().position(is_like);
    if let Some(first) = first.filter(|_| !allow_duplicate) {
        return Verdict::Twice(first + 1);
    }
    let named_so: Vec<&Held> = named_like(entry, there).collect();
    let same = named_so.iter().copied().find(|held| is_same(entry, &held.event));
    // Each of several that are alike is a change of its own: two of one external id would be one entry.
    let before = all[..at].iter().filter(|other| is_like(other)).count();
    let open = alike.iter().filter(|change| change.state == ChangeState::Sent);
    let held = alike
        .iter()
        .filter(|change| change.state == ChangeState::Held && of(change).is_some());
    if let Some(change) = open.chain(held).nth(before) {
        return match of(change) {
            Some(held) => Verdict::There(Box::new(held.clone()), Some(change.number)),
            // Somebody may have written the same by hand meanwhile.
            None => match same.filter(|_| !allow_duplicate) {
                Some(held) => Verdict::There(Box::new(held.clone()), None),
                None => Verdict::New(Some(Box::new(change.clone()))),
            },
        };
    }
    if allow_duplicate {
        return Verdict::New(None);
    }
    match (same, named_so.first()) {
        (Some(held), _) => Verdict::There(Box::new(held.clone()), None),
        (None, Some(held)) => Verdict::Other(Box::new((*held).clone())),
        (None, None) => match all[..at].iter().position(|other| is_namesake(other, entry)) {
            Some(first) => Verdict::Namesake(first + 1),
            None => Verdict::New(None),
        },
    }
}

/// Whether the two are of one day, sport and name.
fn is_namesake(other: &Entry, entry: &Entry) -> bool {
    other.on.day == entry.on.day
        && other.sport == entry.sport
        && same_name(&other.name) == same_name(&entry.name)
}

/// The workouts of this one's day, sport and name.
fn named_like<'a>(entry: &'a Entry, there: &'a [Held]) -> impl Iterator<Item = &'a Held> {
    there.iter().filter(|held| {
        let event = &held.event;
        event.day() == Some(entry.on.day)
            && event.is_workout()
            && event.sport() == entry.sport
            && same_name(event.name.as_deref().unwrap_or_default()) == same_name(&entry.name)
    })
}

/// The ids of the others of its kind on its day.
pub(super) fn twins(entry: &Entry, there: &[Held], own: i64) -> Vec<i64> {
    named_like(entry, there)
        .map(|held| held.id)
        .filter(|id| *id != own)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        tools::{
            arguments::Moment,
            writing::tests::{change, ride},
        },
        workout::text::parse,
    };

    const TEXT: &str = "- 10m 60%";

    fn entry(name: &str, text: &str) -> Entry {
        let parsed = parse(text, "Ride");
        Entry {
            sport: "Ride".to_owned(),
            on: Moment {
                day: "2026-12-03".parse().unwrap(),
                time: None,
            },
            name: name.to_owned(),
            workout: parsed.workout,
            prose: parsed.prose,
            load: None,
            secs: None,
            indoor: false,
            tags: Vec::new(),
            color: None,
        }
    }

    fn alike(number: i32, state: ChangeState, event_id: Option<i64>) -> Change {
        Change {
            state,
            event_id,
            ..change(number, None, None)
        }
    }

    /// `new`, `retry 1`, `there 7 by 1`, `other 7`, `twice 1`
    fn says(all: &[Entry], there: &[Held], alike: &[Change], allow_duplicate: bool) -> String {
        match verdict(all, all.len() - 1, there, alike, allow_duplicate) {
            Verdict::New(None) => "new".to_owned(),
            Verdict::New(Some(change)) => format!("retry {}", change.number),
            Verdict::There(held, None) => format!("there {}", held.id),
            Verdict::There(held, Some(number)) => format!("there {} by {number}", held.id),
            Verdict::Other(held) => format!("other {}", held.id),
            Verdict::Twice(first) => format!("twice {first}"),
            Verdict::Namesake(first) => format!("namesake of {first}"),
        }
    }

    #[test]
    fn what_stands_on_the_day_is_told_apart_by_its_steps() {
        let one = [entry("tempo ", TEXT)];
        let there = [ride(7, TEXT)];
        assert_eq!(says(&one, &[], &[], false), "new");
        assert_eq!(says(&one, &there, &[], false), "there 7");
        assert_eq!(
            says(&[entry("Tempo", "- 20m 60%")], &there, &[], false),
            "other 7"
        );
        assert_eq!(says(&[entry("Easy", TEXT)], &there, &[], false), "new");
        assert_eq!(says(&one, &there, &[], true), "new");
        assert_eq!(
            says(&one, &[ride(6, "- 5m 60%"), ride(7, TEXT)], &[], false),
            "there 7"
        );
        let mut tomorrow = entry("Tempo", TEXT);
        tomorrow.on.day = "2026-12-04".parse().unwrap();
        assert_eq!(says(&[tomorrow], &there, &[], false), "new");
        let mut run = entry("Tempo", TEXT);
        run.sport = "Run".to_owned();
        assert_eq!(says(&[run], &there, &[], false), "new");
    }

    #[test]
    fn one_call_is_judged_as_two_would_be() {
        let two = [entry("Tempo", TEXT), entry("tempo ", "- 20m 60%")];
        assert_eq!(says(&two, &[], &[], false), "namesake of 1");
        assert_eq!(says(&two, &[], &[], true), "new");
        assert_eq!(says(&two, &[ride(7, "- 20m 60%")], &[], false), "there 7");
        let open = [alike(1, ChangeState::Sent, None)];
        assert_eq!(says(&two, &[], &open, false), "retry 1");
        for other in ["Easy", "Tempo 2"] {
            assert_eq!(
                says(&[entry(other, TEXT), entry("Tempo", TEXT)], &[], &[], false),
                "new"
            );
        }
    }

    #[test]
    fn words_alone_are_compared_as_words() {
        let there = [ride(7, "Bring  lights.\r\n• and a spare tube")];
        let same = entry("Tempo", "Bring lights.\n\n• and a spare tube");
        assert_eq!(says(&[same], &there, &[], false), "there 7");
        assert_eq!(
            says(&[entry("Tempo", "Bring a coat.")], &there, &[], false),
            "other 7"
        );
    }

    #[test]
    fn the_journal_knows_what_was_renamed_since() {
        let one = [entry("Threshold", TEXT)];
        let there = [ride(7, TEXT)];
        let by = |state| [alike(1, state, Some(7))];
        assert_eq!(says(&one, &there, &by(ChangeState::Held), false), "there 7 by 1");
        assert_eq!(says(&one, &there, &by(ChangeState::Held), true), "there 7 by 1");
        assert_eq!(says(&one, &[], &by(ChangeState::Held), false), "new");
        for state in [ChangeState::Undone, ChangeState::Refused, ChangeState::Lost] {
            assert_eq!(says(&one, &there, &by(state), false), "new", "{state:?}");
        }
    }

    #[test]
    fn the_same_call_again_takes_up_its_own_change() {
        let one = entry("Tempo", TEXT);
        let open = [
            alike(1, ChangeState::Sent, None),
            alike(2, ChangeState::Sent, None),
        ];
        let mut landed = ride(9, TEXT);
        landed.fields.external_id = Some("k1".to_owned());
        for allow in [false, true] {
            assert_eq!(says(std::slice::from_ref(&one), &[], &open, allow), "retry 1");
            assert_eq!(
                says(std::slice::from_ref(&one), &[landed.clone()], &open, allow),
                "there 9 by 1"
            );
        }
    }

    #[test]
    fn two_of_one_call_are_never_one_entry_unsaid() {
        let two = [entry("Tempo", TEXT), entry("Tempo", TEXT)];
        let open = |count: i32| -> Vec<Change> {
            (1..=count)
                .map(|number| alike(number, ChangeState::Sent, None))
                .collect()
        };
        for count in 0..3 {
            assert_eq!(says(&two, &[], &open(count), false), "twice 1");
        }
        assert_eq!(says(&two, &[], &[], true), "new");
        assert_eq!(says(&two, &[], &open(1), true), "new");
        assert_eq!(says(&two, &[], &open(2), true), "retry 2");
        // What stands counts as one of them, whether the other one's end is known or not.
        let there = [ride(7, TEXT), ride(8, TEXT)];
        let held = |number, id| alike(number, ChangeState::Held, Some(id));
        assert_eq!(says(&two[..1], &there, &[held(1, 7)], true), "there 7 by 1");
        assert_eq!(
            says(&two, &there, &[held(2, 8), held(1, 7)], true),
            "there 7 by 1"
        );
        assert_eq!(says(&two, &there, &[held(1, 7)], true), "new");
        let mixed = [alike(2, ChangeState::Sent, None), held(1, 7)];
        assert_eq!(says(&two, &there[..1], &mixed, true), "there 7 by 1");
        assert_eq!(says(&two[..1], &there[..1], &mixed, true), "retry 2");
        assert_eq!(says(&two[..1], &[], &[held(1, 7)], true), "new");
        assert_eq!(
            says(&[entry("Easy", TEXT), entry("Tempo", TEXT)], &[], &[], false),
            "new"
        );
    }
}
