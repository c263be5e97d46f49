//! Changes that an earlier call sent and never saw the end of: because intervals.icu did not answer, or because this service
//! ended in between.

use chrono::{NaiveDate, TimeDelta};

use super::{
    Became, Writing,
    find::Reader,
    is_new, is_of, item, name_and_day, not_ignored,
    record::{back, settled},
    said::numbers as run_of,
    undo::is_allowed,
};
use crate::{
    guard::{
        Ask,
        journal::{Change, ChangeState, Ended, KeptEntry, Left},
    },
    intervals::model::{EntryFields, FOLLOWING, Held},
    tool_error::ToolError,
    tools::{arguments::Range, records},
};

/// What was sent may land for this long; until then it stays open, and the same new entry goes under its external id again.
const ON_ITS_WAY: TimeDelta = TimeDelta::minutes(10);
/// Days by which somebody may have moved an entry while the end of its change is not known.
const MOVED_BY: TimeDelta = TimeDelta::days(60);
/// What upstream sets where nothing was asked for.
const DEFAULTED: [&str; 2] = ["target", "training_availability"];
/// Days between the first and the last change that one request looks at.
const MOST_DAYS: i64 = 366;

impl Writing<'_> {
    /// Finds out what became of them, and says it in [`Writing::settled`]. What cannot be read now stays open.
    pub(super) async fn settle(&mut self) -> Result<(), ToolError> {
        let open = self.journal().open_ones().await?;
        let ask = self.granted.ask();
        let mut ends: Vec<(&Change, Ended, bool, String)> = Vec::new();
        if let Some((days, there)) = look_for(&open, Reader::Writing(self)).await {
            for change in open.iter().filter(|change| is_within(change, days)) {
                let became = Became::of(change, &there);
                let ended = end_of(change, became.as_ref());
                let nothing_shows =
                    ended.state == ChangeState::Refused || matches!(became, Some(Became::Other(_)));
                ends.push((change, ended, nothing_shows, told(change, became.as_ref())));
            }
        }
        let there = back::of_open(ask, &open, Reader::Writing(self)).await;
        for (change, kept) in open.iter().filter_map(|change| Some((change, change.record()?))) {
            let Some((_, now)) = there.iter().find(|(id, _)| *id == kept.of) else {
                continue;
            };
            let (ended, became) = settled(kept, now.as_ref(), ask.card.units);
            let nothing_shows = ended.state == ChangeState::Refused;
            let title = records::title(kept);
            let told = format!("Cut off earlier: change {}, {title}, {became}.", change.number);
            ends.push((change, ended, nothing_shows, told));
        }
        if let Some(there) = item::back::of_open(ask, &open, Reader::Writing(self)).await {
            for (change, kept) in open.iter().filter_map(|change| Some((change, change.item()?))) {
                let (ended, became) = item::settled(kept, &there);
                let nothing_shows = ended.state == ChangeState::Refused;
                let what = item::back::what(kept);
                let told = format!("Cut off earlier: change {}, {what}, {became}.", change.number);
                ends.push((change, ended, nothing_shows, told));
            }
        }
        let mut may_land = Vec::new();
        for (change, ended, nothing_shows, told) in ends {
            let is_open = nothing_shows && ask.now - change.sent_at < ON_ITS_WAY;
            if !is_open {
                let change = self.taking_back(change, &ended).await;
                self.journal().end(&change, ended).await?;
            }
            // A coach hears only of the coach's own changes, as far as the grants still go.
            let for_coach = ask.card.is_for_coach();
            if for_coach && !(self.journal().is_own(change) && is_allowed(&ask.card, change)) {
                continue;
            }
            if is_open {
                may_land.push(change.number);
            } else {
                self.settled.push(told);
            }
        }
        self.settled.extend(may_still_land(may_land));
        Ok(())
    }
}

/// Lets open changes show what became of them, as far as can be read. Nothing is written down: the next change does that.
pub(in crate::tools) async fn look_up_open(ask: &Ask, changes: &mut [Change]) {
    let open: Vec<Change> = changes
        .iter()
        .filter(|change| change.state == ChangeState::Sent)
        .cloned()
        .collect();
    let records = back::of_open(ask, &open, Reader::Showing(ask)).await;
    for change in changes
        .iter_mut()
        .filter(|change| change.state == ChangeState::Sent)
    {
        let stands = change.record().and_then(|kept| {
            let (_, now) = records.iter().find(|(id, _)| *id == kept.of)?;
            Some(settled(kept, now.as_ref(), ask.card.units).0.state)
        });
        if stands == Some(ChangeState::Held) {
            change.state = ChangeState::Held;
        }
    }
    if let Some(there) = item::back::of_open(ask, &open, Reader::Showing(ask)).await {
        for change in changes
            .iter_mut()
            .filter(|change| change.state == ChangeState::Sent)
        {
            let stands = change.item().map(|kept| item::settled(kept, &there).0.state);
            if stands == Some(ChangeState::Held) {
                change.state = ChangeState::Held;
            }
        }
    }
    let Some((days, there)) = look_for(&open, Reader::Showing(ask)).await else {
        return;
    };
    for change in changes
        .iter_mut()
        .filter(|change| change.state == ChangeState::Sent && is_within(change, days))
    {
        // What is not there may still be on its way.
        let became = Became::of(change, &there);
        if matches!(became, Some(Became::Stands(_) | Became::Gone)) {
            change.state = ChangeState::Held;
        }
    }
}

/// What stands on the days of these changes, and their entries if they are elsewhere: one request, and another one if an entry is
/// not on its days. None if there are none, or if nothing can be read.
async fn look_for(open: &[Change], reader: Reader<'_>) -> Option<(Range, Vec<Held>)> {
    let days = days_of(open)?;
    let mut there = reader.on(days).await.ok()?;
    let elsewhere: Vec<&Change> = open
        .iter()
        .filter(|change| is_within(change, days) && !there.iter().any(|held| is_of(change, held)))
        .collect();
    match elsewhere[..] {
        [] => {}
        [
            Change {
                event_id: Some(id), ..
            },
        ] => there.extend(reader.entry(*id).await.ok()?),
        _ => there = reader.on(around(days)).await.ok()?,
    }
    Some((days, there))
}

/// The days on which entries of these days may stand after somebody moved them.
pub(super) fn around(days: Range) -> Range {
    Range {
        oldest: days.oldest.checked_sub_signed(MOVED_BY).unwrap_or(days.oldest),
        newest: days.newest.checked_add_signed(MOVED_BY).unwrap_or(days.newest),
    }
}

/// The days on which the entries stand or stood, as far as one request reaches from the newest back.
fn days_of(changes: &[Change]) -> Option<Range> {
    let days = || changes.iter().filter_map(|change| change.entry()).flat_map(days);
    let newest = days().max()?;
    let oldest = days()
        .filter(|day| (newest - *day).num_days() < MOST_DAYS)
        .min()?;
    Some(Range { oldest, newest })
}

/// Whether what was read of these days tells what became of the change.
fn is_within(change: &Change, range: Range) -> bool {
    let Some(kept) = change.entry() else {
        return false;
    };
    days(kept).next().is_some() && days(kept).all(|day| range.contains(day))
}

fn days(kept: &KeptEntry) -> impl Iterator<Item = NaiveDate> {
    [&kept.before, &kept.after]
        .into_iter()
        .flatten()
        .filter_map(EntryFields::day)
}

/// What became of a change, from what stands there. What it left is what was meant, with what upstream computes: the rest may be
/// somebody else's.
fn end_of(change: &Change, became: Option<&Became<'_>>) -> Ended {
    let nothing = |state| Ended {
        state,
        event_id: change.event_id,
        after: None,
    };
    match became {
        Some(Became::Stands(held)) => {
            let meant = change.entry().and_then(|kept| {
                let after = kept.after.as_ref()?;
                let before = kept.before.as_ref();
                Some(before.map_or_else(|| after.clone(), |before| not_ignored(before, after, held)))
            });
            let computed = held
                .fields
                .only(|name| FOLLOWING.contains(&name) || DEFAULTED.contains(&name));
            Ended {
                state: ChangeState::Held,
                event_id: Some(held.id),
                after: meant.map(|meant| Left::Entry(Box::new(meant.with(&computed)))),
            }
        }
        Some(Became::Gone) => nothing(ChangeState::Held),
        Some(Became::AsBefore) => nothing(ChangeState::Refused),
        Some(Became::Missing) if is_new(change) => nothing(ChangeState::Refused),
        Some(Became::Missing | Became::Other(_)) | None => nothing(ChangeState::Lost),
    }
}

/// `Not known yet: change 14: nothing shows it, but it may still land within a few minutes.`
fn may_still_land(all: Vec<i32>) -> Option<String> {
    let (change, it, they) = match all.len() {
        0 => return None,
        1 => ("change", "it", "it"),
        _ => ("changes", "them", "they"),
    };
    let numbers = run_of(all);
    Some(format!(
        "Not known yet: {change} {numbers}: nothing shows {it}, but {they} may still land within a few minutes."
    ))
}

/// `Cut off earlier: change 14, «Threshold» 2026-12-03 Thu, is on the calendar.`
fn told(change: &Change, became: Option<&Became<'_>>) -> String {
    let what = change.entry().map(name_and_day).unwrap_or_default();
    let became = match became {
        Some(Became::Stands(_)) => "is on the calendar",
        Some(Became::Gone) => "is deleted",
        Some(Became::AsBefore) => "changed nothing",
        Some(Became::Missing) if is_new(change) => "changed nothing",
        Some(Became::Other(_)) => "is on the calendar, but neither as it was sent nor as it was before",
        Some(Became::Missing) | None => "can no longer be found on the calendar",
    };
    format!("Cut off earlier: change {}, {what}, {became}.", change.number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::writing::tests::{change, fields, ride, ride_fields};

    #[test]
    fn what_stands_there_says_how_an_open_change_ended() {
        use ChangeState::{Held as Done, Lost, Refused};
        let own = || fields(ride_fields("easy"));
        let renamed = || own().with(&fields(json!({"name": "Race"})));
        let other = ride(8, "easy");
        let mut new = ride(9, "easy");
        new.fields.external_id = Some("k1".to_owned());
        let mut moved = ride(7, "easy");
        moved.fields.name = Some("Race".to_owned());
        for (change, there, state, event_id) in [
            (
                change(1, None, Some(own())),
                vec![other.clone(), new],
                Done,
                Some(9),
            ),
            (change(1, None, Some(own())), vec![other.clone()], Refused, None),
            (
                change(2, Some(own()), Some(renamed())),
                vec![moved],
                Done,
                Some(7),
            ),
            (
                change(2, Some(own()), Some(renamed())),
                vec![ride(7, "easy")],
                Refused,
                Some(7),
            ),
            (
                change(2, Some(own()), Some(renamed())),
                vec![other.clone()],
                Lost,
                Some(7),
            ),
            (change(3, Some(own()), None), vec![other], Done, Some(7)),
            (
                change(3, Some(own()), None),
                vec![ride(7, "easy")],
                Refused,
                Some(7),
            ),
        ] {
            let ended = end_of(&change, Became::of(&change, &there).as_ref());
            assert_eq!(
                (ended.state, ended.event_id),
                (state, event_id),
                "{change:?} {there:?}"
            );
            let stands = state == Done && change.number != 3;
            assert_eq!(ended.after.is_some(), stands, "{change:?}");
        }
        let mut erased = change(4, None, Some(own()));
        erased.kept = None;
        assert_eq!(end_of(&erased, Became::of(&erased, &[]).as_ref()).state, Lost);
    }

    #[test]
    fn an_entry_without_external_ids_is_nobodys() {
        let mut odd = change(1, None, Some(fields(ride_fields("easy"))));
        odd.external_id = None;
        assert_eq!(
            end_of(&odd, Became::of(&odd, &[ride(7, "easy")]).as_ref()).state,
            ChangeState::Refused
        );
    }

    #[test]
    fn one_request_settles_only_what_it_reads() {
        let on = |number, day: &str| {
            change(
                number,
                None,
                Some(fields(json!({"start_date_local": format!("{day}T00:00:00")}))),
            )
        };
        let (near, far) = (on(1, "2026-12-03"), on(2, "2028-01-01"));
        let days = days_of(&[near.clone(), far.clone()]).unwrap();
        assert!(!is_within(&near, days) && is_within(&far, days));
        let mut dayless = change(3, None, Some(fields(json!({"name": "x"}))));
        assert!(!is_within(&dayless, days));
        dayless.kept = None;
        assert!(!is_within(&dayless, days));
        assert_eq!(days_of(&[dayless]), None);
        let moved = change(
            4,
            Some(fields(json!({"start_date_local": "2026-12-03T00:00:00"}))),
            Some(fields(json!({"start_date_local": "2026-12-10T00:00:00"}))),
        );
        assert_eq!(days_of(&[moved]).unwrap().days(), 8);
    }

    #[test]
    fn each_end_is_told_with_its_number() {
        let own = || fields(ride_fields("easy"));
        let told = |change: &Change, there: &[Held]| told(change, Became::of(change, there).as_ref());
        assert_eq!(
            told(&change(14, Some(own()), None), &[]),
            "Cut off earlier: change 14, «Tempo» 2026-12-03 Thu, is deleted."
        );
        assert!(told(&change(2, None, Some(own())), &[]).ends_with("changed nothing."));
        assert!(told(&change(2, Some(own()), Some(own())), &[]).contains("can no longer be found"));
    }
}
