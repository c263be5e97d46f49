//! What is said of a change, from what was sent and what stands there afterwards.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{
    ids::ChangeId,
    workout::{Settings, doc::Doc, resolve::Place, text::parse},
};

/// A moment of the tests.
pub(in crate::tools) fn now() -> DateTime<Utc> {
    "2026-12-01T08:00:00Z".parse().unwrap()
}

pub(in crate::tools) fn fields(value: Value) -> EntryFields {
    serde_json::from_value(value).unwrap()
}

/// An entry, as upstream answers with it.
pub(in crate::tools) fn held(id: i64, value: &Value) -> Held {
    let mut value = value.clone();
    value["id"] = json!(id);
    Held {
        id,
        event: serde_json::from_value(value.clone()).unwrap(),
        fields: fields(value),
    }
}

/// A ride of 3 December with these steps, as intervals.icu reads them.
pub(in crate::tools) fn ride(id: i64, text: &str) -> Held {
    let mut held = held(id, &ride_fields(text));
    let doc = Doc::of(
        &parse(text, "Ride").workout,
        "Ride",
        &Settings::default(),
        Place::Outdoors,
    );
    held.event.workout_doc = Some(Box::new(doc));
    held
}

pub(in crate::tools) fn ride_fields(text: &str) -> Value {
    json!({
        "category": "WORKOUT", "type": "Ride", "name": "Tempo", "start_date_local": "2026-12-03T00:00:00",
        "description": text,
    })
}

/// A change of the entry 7 that is open, with its external id if it makes it.
pub(in crate::tools) fn change(
    number: i32,
    before: Option<EntryFields>,
    after: Option<EntryFields>,
) -> Change {
    Change {
        id: ChangeId(Uuid::from_u128(u128::from(number.unsigned_abs()))),
        number,
        by: None,
        coach: None,
        tool: "push_workout".to_owned(),
        needs: vec!["push_workout".to_owned()],
        undoes: Vec::new(),
        state: ChangeState::Sent,
        event_id: before.is_some().then_some(7),
        external_id: before.is_none().then(|| format!("k{number}")),
        kept: Some(Kept::Entry(Box::new(KeptEntry { before, after }))),
        created_at: now(),
        sent_at: now(),
        kept_until: now() + TimeDelta::days(30),
    }
}

const STEPS: &str = "- 10m 60%";

fn make() -> (Wish, Change) {
    let new = fields(ride_fields(STEPS));
    let steps = Steps {
        sport: "Ride".to_owned(),
        workout: parse(STEPS, "Ride").workout,
        prose: String::new(),
    };
    let wish = Wish::Make {
        fields: new.clone(),
        steps: Some(steps),
        fingerprint: None,
        retry: None,
    };
    (wish, change(1, None, Some(new)))
}

fn made(text: &str) -> Held {
    let mut held = ride(9, text);
    held.fields.external_id = Some("k1".to_owned());
    held
}

fn rename() -> (Wish, Change) {
    let before = ride(7, STEPS);
    let changes = fields(json!({"name": "Easy"}));
    let change = change(2, Some(before.fields.clone()), Some(before.fields.with(&changes)));
    let wish = Wish::Change {
        before: Box::new(before),
        changes,
        steps: None,
    };
    (wish, change)
}

fn deletion() -> (Wish, Change) {
    let before = ride(7, STEPS);
    let change = change(3, Some(before.fields.clone()), None);
    let wish = Wish::Delete {
        before: Box::new(before),
    };
    (wish, change)
}

/// How a fate is kept, and what it says of failing.
fn came_to(
    (wish, change): (Wish, Change),
    sent: Sent,
    after: &Result<Vec<Held>, Error>,
) -> (ChangeState, String) {
    let tried = judged(&[wish], std::slice::from_ref(&change), &[sent], after).remove(0);
    let words = said::failed(&tried.fate).unwrap_or_default();
    (ended(&change, &tried).state, words)
}

#[test]
fn what_stands_there_decides_whatever_was_answered() {
    use ChangeState::{Held as Done, Refused, Sent as Open};
    let renamed = || {
        let mut held = ride(7, STEPS);
        held.fields.name = Some("Easy".to_owned());
        held
    };
    let rejected = || Sent::Refused(Error::Rejected);
    let cases = vec![
        (make(), Sent::Answered, vec![made(STEPS)], Done, ""),
        (make(), Sent::Unanswered, vec![made(STEPS)], Done, ""),
        (make(), rejected(), vec![made(STEPS)], Done, ""),
        (make(), rejected(), vec![], Refused, "did not accept it"),
        (
            make(),
            Sent::Answered,
            vec![],
            Open,
            "but it is not on the calendar",
        ),
        (
            make(),
            Sent::Answered,
            vec![ride(9, STEPS)],
            Open,
            "but it is not on the calendar",
        ),
        (make(), Sent::Unanswered, vec![], Open, "not known"),
        (rename(), Sent::Answered, vec![renamed()], Done, ""),
        (rename(), Sent::Unanswered, vec![renamed()], Done, ""),
        (
            rename(),
            Sent::Answered,
            vec![ride(7, STEPS)],
            Open,
            "but the entry is as it was",
        ),
        (
            rename(),
            Sent::Unanswered,
            vec![ride(7, STEPS)],
            Open,
            "the entry is as it was",
        ),
        (
            rename(),
            Sent::Answered,
            vec![ride(8, STEPS)],
            Refused,
            "deleted it meanwhile",
        ),
        (
            rename(),
            Sent::Refused(Error::Forbidden),
            vec![renamed()],
            Refused,
            "does not allow it",
        ),
        (deletion(), Sent::Answered, vec![ride(8, STEPS)], Done, ""),
        (deletion(), Sent::Unanswered, vec![], Done, ""),
        (
            deletion(),
            Sent::Answered,
            vec![ride(7, STEPS)],
            Open,
            "but it is still there",
        ),
        (
            deletion(),
            Sent::Unanswered,
            vec![ride(7, STEPS)],
            Open,
            "still there",
        ),
    ];
    for (wish, sent, there, state, says) in cases {
        let case = format!("{wish:?} {sent:?} {there:?}");
        let (as_kept, words) = came_to(wish, sent, &Ok(there));
        assert_eq!(as_kept, state, "{words} {case}");
        assert!(
            words.contains(says) && words.is_empty() == says.is_empty(),
            "{words} {case}"
        );
    }
}

#[test]
fn what_could_not_be_read_back_is_not_known_and_what_was_not_sent_is_refused() {
    let unread = &Err(Error::TimedOut);
    let (state, words) = came_to(make(), Sent::Answered, unread);
    assert_eq!(state, ChangeState::Sent);
    assert!(words.contains("could not be read"), "{words}");
    let busy = Error::Busy {
        retry_after: Duration::from_mins(1),
    };
    for (error, says) in [(busy, "used up"), (Error::Unanswered, "the request before it")] {
        let (state, words) = came_to(rename(), Sent::Kept(error), unread);
        assert_eq!(state, ChangeState::Refused);
        assert!(words.contains(says), "{words}");
    }
}

#[test]
fn a_change_to_what_stands_there_already_is_done() {
    let before = ride(7, STEPS);
    let same = Wish::Change {
        before: Box::new(before.clone()),
        changes: fields(json!({"name": "Tempo"})),
        steps: None,
    };
    let kept = change(2, Some(before.fields.clone()), Some(before.fields.clone()));
    let (state, words) = came_to((same, kept), Sent::Answered, &Ok(vec![before]));
    assert_eq!((state, words.as_str()), (ChangeState::Held, ""));
}

#[test]
fn steps_and_fields_that_are_read_otherwise_are_named() {
    let judge = |held: Held| {
        let (wish, change) = make();
        judged(&[wish], &[change], &[Sent::Answered], &Ok(vec![held])).remove(0)
    };
    let same = judge(made(STEPS));
    assert!(same.differences.is_empty() && same.fields.is_empty(), "{same:?}");
    assert!(!judge(made("- 20m 60%")).differences.is_empty());
    // No steps were understood at all.
    let mut flat = made(STEPS);
    flat.event.workout_doc = None;
    assert!(!judge(flat).differences.is_empty());
    let mut other = made(STEPS);
    other.fields.name = Some("Race".to_owned());
    other.fields.moving_time = Some(1.0);
    other.fields.description = Some("rewritten".to_owned());
    assert_eq!(judge(other).fields, ["name"]);
}

#[test]
fn nothing_more_is_sent_after_silence_or_a_limit() {
    assert_eq!(stops(&Sent::Answered), None);
    assert_eq!(stops(&Sent::Refused(Error::Rejected)), None);
    assert_eq!(stops(&Sent::Unanswered), Some(Sent::Kept(Error::Unanswered)));
    assert_eq!(
        stops(&came(Err(Error::TimedOut))),
        Some(Sent::Kept(Error::TimedOut))
    );
    let stopped = || Sent::Stopped("the right ended".to_owned());
    assert_eq!(stops(&stopped()), Some(stopped()));
    assert!(matches!(
        came(Err(Error::NotFound)),
        Sent::Refused(Error::NotFound)
    ));
    assert!(matches!(came(Err(Error::Unanswered)), Sent::Unanswered));
}

#[test]
fn field_words_are_each_said_once() {
    assert_eq!(
        field_words(&[
            "start_date_local",
            "end_date_local",
            "description",
            "hide_from_athlete",
            "sub_type"
        ]),
        "day, text, whether it is hidden, sub type"
    );
    assert_eq!(field_words(&["external_id"]), "");
}
