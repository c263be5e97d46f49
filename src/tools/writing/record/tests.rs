//! What is said of a change in place, from what was sent and what stands there afterwards.

use serde_json::{Value, json};

use super::*;
use crate::tools::{
    samples::{ana, ana_to_a_coach},
    writing::tests::change,
};

fn values(value: Value) -> Values {
    serde_json::from_value(value).unwrap()
}

fn day_id() -> RecordId {
    RecordId::Day("2026-11-28".parse().unwrap())
}

fn edit(stands: Value, changes: Value) -> Edit {
    Edit {
        of: day_id(),
        name: String::new(),
        context: Values::default(),
        stands: values(stands),
        changes: values(changes),
    }
}

fn record(there: Value) -> Record {
    Record {
        id: day_id(),
        values: values(there),
    }
}

/// How it is said to have ended, and what the journal has of it.
fn came_to(
    edit: &Edit,
    sent: &Sent,
    after: &Result<Vec<Record>, Error>,
) -> (ChangeState, Option<Values>, String) {
    let fate = judged(edit, sent, after, &ana());
    let ended = ended(edit, &fate);
    let left = match ended.after {
        Some(Left::Record(left)) => Some(left),
        _ => None,
    };
    let tried = Edited { number: 1, fate };
    (ended.state, left, tried.failed().unwrap_or_default())
}

#[test]
fn only_what_is_read_back_counts() {
    use ChangeState::{Held, Refused, Sent as Open};
    let edit = edit(
        json!({"weight": 61.2, "mood": 2}),
        json!({"weight": 61.4, "mood": 3}),
    );
    let there = |value| Ok(vec![record(value)]);
    for (sent, after, state, left, says) in [
        (
            Sent::Answered,
            there(json!({"weight": 61.400_002, "mood": 3})),
            Held,
            Some(json!({"weight": 61.400_002, "mood": 3})),
            "",
        ),
        // One was ignored: only the other one is ours.
        (
            Sent::Answered,
            there(json!({"weight": 61.4, "mood": 2})),
            Held,
            Some(json!({"weight": 61.4})),
            "",
        ),
        (
            Sent::Unanswered,
            there(json!({"weight": 61.4, "mood": 3})),
            Held,
            Some(json!({"weight": 61.4, "mood": 3})),
            "",
        ),
        (
            Sent::Answered,
            there(json!({"weight": 61.2, "mood": 2})),
            Refused,
            None,
            "all stands as before",
        ),
        (
            Sent::Unanswered,
            there(json!({"weight": 61.2, "mood": 2})),
            Open,
            None,
            "nothing has changed yet",
        ),
        (
            Sent::Answered,
            Err(Error::TimedOut),
            Open,
            None,
            "could not be read",
        ),
        (Sent::Answered, Ok(Vec::new()), Open, None, "not there any more"),
        // Finer than an athlete sees: what upstream rounded is as it was sent.
        (
            Sent::Answered,
            there(json!({"weight": 61.44, "mood": 3})),
            Held,
            Some(json!({"weight": 61.44, "mood": 3})),
            "",
        ),
        (
            Sent::Refused(Error::Rejected),
            there(json!({"weight": 61.4, "mood": 3})),
            Refused,
            None,
            "did not accept it",
        ),
        (
            Sent::Refused(Error::Strava),
            there(json!({})),
            Refused,
            None,
            "Strava does not let",
        ),
        (
            Sent::Stopped("the right ended".to_owned()),
            there(json!({})),
            Refused,
            None,
            "nothing was sent: the right ended",
        ),
    ] {
        let (ended, kept, text) = came_to(&edit, &sent, &after);
        assert_eq!((ended, kept), (state, left.map(values)), "{sent:?}: {text}");
        assert!(
            text.contains(says) && text.is_empty() == says.is_empty(),
            "{sent:?}: {text}"
        );
    }
}

#[test]
fn an_open_change_ends_by_what_stands_there() {
    let kept = KeptRecord {
        of: day_id(),
        name: String::new(),
        context: Values::default(),
        before: values(json!({"weight": 61.2, "mood": null})),
        after: values(json!({"weight": 61.4, "mood": 3})),
    };
    for (there, state) in [
        (Some(json!({"weight": 61.4, "mood": 3})), ChangeState::Held),
        (Some(json!({"weight": 61.4})), ChangeState::Held),
        (Some(json!({"weight": 61.2})), ChangeState::Refused),
        (Some(json!({"weight": 70, "mood": 1})), ChangeState::Lost),
        (None, ChangeState::Lost),
    ] {
        let now = there.clone().map(record);
        assert_eq!(
            settled(&kept, now.as_ref(), Units::default()).0.state,
            state,
            "{there:?}"
        );
    }
}

fn made(number: i32, before: Value, after: Value) -> Change {
    Change {
        kept: Some(Kept::Record(KeptRecord {
            of: day_id(),
            name: String::new(),
            context: Values::default(),
            before: values(before),
            after: values(after),
        })),
        event_id: None,
        state: ChangeState::Held,
        ..change(number, None, None)
    }
}

/// What taking these back would send, or why nothing.
fn back_to(changes: &[Change], there: Value, later: &[Change]) -> Result<Value, String> {
    back::wish(changes, Some(&record(there)), later).map(|edit| json!(edit.changes))
}

#[test]
fn fields_go_back_to_what_they_were_before_the_oldest() {
    let first = made(
        1,
        json!({"weight": 61.0, "mood": null}),
        json!({"weight": 61.4, "mood": 2}),
    );
    let second = made(2, json!({"weight": 61.4}), json!({"weight": 61.8}));
    let now = json!({"weight": 61.8, "mood": 2, "steps": 9});
    assert_eq!(
        back_to(&[second.clone(), first.clone()], now.clone(), &[]),
        Ok(json!({"weight": 61.0, "mood": null}))
    );
    assert_eq!(
        back_to(std::slice::from_ref(&second), now.clone(), &[]),
        Ok(json!({"weight": 61.4}))
    );
    let why = back_to(
        std::slice::from_ref(&first),
        now.clone(),
        std::slice::from_ref(&second),
    )
    .unwrap_err();
    assert!(why.contains("change 2 came after it"), "{why}");
    // A later change of other fields hides none of these, and is no reason by itself.
    let other = made(3, json!({"steps": 1}), json!({"steps": 9}));
    let both = [other.clone(), second.clone()];
    let why = back_to(std::slice::from_ref(&first), now.clone(), &both).unwrap_err();
    assert!(why.contains("change 2 came after it"), "{why}");
    let why = back_to(std::slice::from_ref(&first), now.clone(), &[other]).unwrap_err();
    assert!(why.contains("somebody changed it since (weight)"), "{why}");
    let third = made(3, json!({"weight": 62.0}), json!({"weight": 61.8}));
    let why = back_to(&[third, first.clone()], now, &[]).unwrap_err();
    assert!(why.contains("a change in between"), "{why}");
    let why = back_to(&[first], json!({"weight": 61.0}), &[]).unwrap_err();
    assert!(why.contains("as it was before already"), "{why}");
    assert!(back::wish(&[second], None, &[]).is_err());
}

#[test]
fn a_field_is_emptied_as_its_kind_of_record_takes_it() {
    let of_activity = Edit {
        of: RecordId::Activity("i7".parse().unwrap()),
        ..edit(
            json!({"icu_rpe": 7, "name": "Ride", "tags": ["a"], "race": true, "gear": {"id": "b1"}}),
            json!({"icu_rpe": null, "name": null, "tags": null, "race": null, "gear": null, "feel": 2}),
        )
    };
    assert_eq!(
        json!(of_activity.body()),
        json!({"icu_rpe": -1, "name": "", "tags": [], "race": false, "gear": null, "feel": 2})
    );
    let of_day = edit(json!({"weight": 61.2}), json!({"weight": null}));
    assert_eq!(json!(of_day.body()), json!({"weight": null}));
}

#[test]
fn what_is_called_different_looks_different() {
    let said = |stands: Value, sent: Value, now: Value| {
        let edit = edit(stands, sent);
        let now = values(now);
        let card = ana();
        let there = Ok(vec![Record {
            id: day_id(),
            values: now.clone(),
        }]);
        match judged(&edit, &Sent::Answered, &there, &card) {
            Fate::Stands { otherwise, .. } => outcome(&edit, &now, &otherwise, card.units).join("; "),
            fate => format!("{fate:?}"),
        }
    };
    let weight = |kg: f64| json!({"weight": kg});
    for (stands, sent, now, says) in [
        (
            weight(61.4),
            weight(61.44),
            weight(61.44),
            "weight 61.40 kg → 61.44 kg",
        ),
        (
            weight(61.4),
            weight(61.44),
            weight(61.4),
            "weight stays 61.40 kg: intervals.icu did not keep the finer 61.44 kg",
        ),
        (
            weight(61.2),
            weight(61.44),
            weight(61.4),
            "weight 61.2 kg → 61.4 kg",
        ),
        (
            weight(61.2),
            weight(61.44),
            weight(61.5),
            "NOT AS SENT: weight, sent 61.4 kg, now 61.5 kg",
        ),
        (
            json!({"sleepSecs": 27_000}),
            json!({"sleepSecs": 27_010}),
            json!({"sleepSecs": 27_010}),
            "sleep 7:30:00 h → 7:30:10 h",
        ),
        (
            json!({"comments": "slept well\nlate"}),
            json!({"comments": "slept well late"}),
            json!({"comments": "slept well late"}),
            "note «slept well late» → «slept well late» with other line breaks or spaces",
        ),
        (
            json!({"comments": format!("{}a", "long ".repeat(60))}),
            json!({"comments": format!("{}b", "long ".repeat(60))}),
            json!({"comments": format!("{}b", "long ".repeat(60))}),
            "note …«g long long a» → …«g long long b»",
        ),
        (
            json!({"soreness": 2}),
            json!({"soreness": 3}),
            json!({"soreness": 3}),
            "soreness 2 avg → 3/4 high (1 best)",
        ),
    ] {
        let text = said(stands, sent, now);
        assert!(text.ends_with(says), "{says}: {text}");
    }
    let pace = |speed: f64| {
        let of = RecordId::Sport(7);
        let context = values(json!({"types": ["Run"]}));
        let both = (&json!(3.57), &json!(speed));
        records::apart(&of, "threshold_pace", both, &context, Units::default())
    };
    assert_eq!(pace(3.571_429), ("4:40.1/km".to_owned(), "4:40.0/km".to_owned()));
    assert_eq!(pace(4.0), ("4:40/km".to_owned(), "4:10/km".to_owned()));
}

#[test]
fn a_missing_permission_is_named_with_who_can_give_it() {
    let edit = edit(json!({"weight": 61.2}), json!({"weight": 61.4}));
    let connected = |card: AthleteCard| AthleteCard {
        scopes: Scopes::Listed(vec!["WELLNESS:WRITE".to_owned()]),
        ..card
    };
    for (card, says) in [
        (
            connected(ana()),
            "the permission to change the athlete's wellness and fitness seems to be missing. Reconnect intervals.icu",
        ),
        (
            connected(ana_to_a_coach(&["push_wellness"])),
            "The athlete can reconnect intervals.icu on the IcuSync dashboard and allow changes of WELLNESS",
        ),
        (ana(), "intervals.icu does not allow it"),
    ] {
        let fate = judged(&edit, &Sent::Refused(Error::Forbidden), &Ok(Vec::new()), &card);
        assert!(matches!(&fate, Fate::Not(why) if why.contains(says)), "{fate:?}");
    }
}
