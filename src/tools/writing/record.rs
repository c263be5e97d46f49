//! The one way of a change in place: a wellness day, a finished activity, the settings of a sport. Written down, sent, read back,
//! compared field by field.
//!
//! Which fields may have which values is the tools' decision; nothing here knows arguments.

pub(in crate::tools) mod back;
pub(in crate::tools) mod pairing;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Sent, Writing, came, failure, refusal, stops};
use crate::{
    guard::{
        AthleteCard, Units,
        journal::{Change, ChangeState, Ended, Intended, Kept, KeptRecord, Left},
    },
    ids::{ActivityId, ChangeId},
    intervals::{
        self, Error, Scopes,
        model::{Record, RecordId, Values, record::same},
    },
    tool_error::ToolError,
    tools::{
        Answer,
        answer::{
            counted,
            words::{around, joined},
        },
        records::{self, Changed},
    },
};

/// What is to become of some fields of a record that stands.
#[derive(Debug, Clone)]
pub(in crate::tools) struct Edit {
    /// Its address.
    pub(in crate::tools) of: RecordId,
    /// What people call it; empty for a day.
    pub(in crate::tools) name: String,
    /// Fields that only say how the others are read.
    pub(in crate::tools) context: Values,
    /// All that was read of it.
    pub(in crate::tools) stands: Values,
    /// Only the fields that change, as they are to stand: null empties one, as far as upstream does that.
    pub(in crate::tools) changes: Values,
}

/// What became of a record.
#[derive(Debug, Clone)]
pub(in crate::tools) enum Fate {
    /// It stands like this, and some of it changed.
    Stands {
        /// All that was read back.
        now: Values,
        /// Fields that do not stand as they were sent.
        otherwise: Vec<String>,
    },
    /// It was not done: upstream refused it, or took it and changed nothing. The reason.
    Not(String),
    /// It was not sent, and why.
    NotSent(String),
    /// It was sent, and what became of it is not known yet.
    Unknown(String),
}

/// A change that was tried.
#[derive(Debug, Clone)]
pub(in crate::tools) struct Edited {
    /// Its number in the list of changes.
    pub(in crate::tools) number: i32,
    pub(in crate::tools) fate: Fate,
}

impl Edited {
    /// Whether anything of what was asked for came true.
    pub(in crate::tools) fn came_true(&self) -> bool {
        matches!(self.fate, Fate::Stands { .. })
    }

    /// Why it is not so; None if something of it is.
    pub(in crate::tools) fn failed(&self) -> Option<String> {
        match &self.fate {
            Fate::Stands { .. } => None,
            Fate::Not(why) => Some(format!("NOT changed: {why}")),
            Fate::NotSent(why) => Some(format!("NOT changed, nothing was sent: {why}")),
            Fate::Unknown(why) => Some(format!("NOT KNOWN whether it changed: {why}")),
        }
    }
}

impl Edit {
    /// The fields that do not stand as they are to.
    pub(in crate::tools) fn is_needed(&self) -> bool {
        !self.changes.not_in(&self.stands).is_empty()
    }

    /// Only what changes anything.
    #[must_use]
    pub(in crate::tools) fn needed(self) -> Self {
        let news: Vec<String> = self
            .changes
            .not_in(&self.stands)
            .into_iter()
            .map(str::to_owned)
            .collect();
        Self {
            changes: self.changes.only(|name| news.iter().any(|news| news == name)),
            ..self
        }
    }

    /// What undoes it again: the values from before.
    #[must_use]
    pub(in crate::tools) fn back(&self) -> Self {
        Self {
            changes: self.before(),
            stands: self.stands.with(&self.changes),
            ..self.clone()
        }
    }

    /// The values that the fields have which are to change.
    fn before(&self) -> Values {
        self.stands.of_the_fields_of(&self.changes)
    }

    /// `weight 61.2 → 61.4 kg`, for each field that is to change.
    pub(in crate::tools) fn would(&self, own: Units) -> Vec<Changed> {
        records::between(&self.of, &self.context, (&self.before(), &self.changes), own)
    }

    /// The same, with what stands there now, and with what upstream made of it elsewhere in the record.
    pub(in crate::tools) fn did(&self, now: &Values, own: Units) -> Vec<Changed> {
        let mut fields = self.changes.clone();
        for follows in records::following(&self.of, &self.changes) {
            if !same(self.stands.get(follows), now.get(follows)) {
                fields.set(*follows, Value::Null);
            }
        }
        let (before, after) = (
            self.stands.of_the_fields_of(&fields),
            now.of_the_fields_of(&fields),
        );
        records::between(&self.of, &self.context, (&before, &after), own)
    }

    /// What stands there of the fields that were to change: `weight 61.4 kg, soreness 2/4 avg (1 best)`.
    pub(in crate::tools) fn standing(&self, own: Units) -> String {
        let stands = self.before();
        let all = records::between(&self.of, &self.context, (&stands, &stands), own);
        let words = all.iter().map(Changed::as_it_stands);
        joined(words, ", ")
    }

    fn intended(&self, undoes: Vec<Change>) -> Intended {
        Intended {
            event_id: None,
            external_id: None,
            fingerprint: Some(fingerprint(&self.of)),
            kept: Kept::Record(KeptRecord {
                of: self.of.clone(),
                name: self.name.clone(),
                context: self.context.clone(),
                before: self.before(),
                after: self.changes.clone(),
            }),
            undoes,
            instead_of: None,
        }
    }
}

/// What all changes of a record are found by.
fn fingerprint(of: &RecordId) -> [u8; 32] {
    let address = serde_json::to_string(of).unwrap_or_default();
    Sha256::digest(format!("record {address}")).into()
}

/// The records with these addresses as they stand, one request for each kind. A day without a row stands empty; an activity or a
/// group of sports that is not there is absent.
pub(in crate::tools) async fn read(
    upstream: &intervals::Athlete,
    wanted: &[RecordId],
) -> Result<Vec<Record>, Error> {
    let mut found = Vec::new();
    let days: Vec<NaiveDate> = wanted.iter().filter_map(day).collect();
    if let (Some(oldest), Some(newest)) = (days.iter().min(), days.iter().max()) {
        let rows = upstream.days(*oldest, *newest).await?;
        let row = |day: &NaiveDate| {
            let id = RecordId::Day(*day);
            let row = rows.iter().find(|row| row.id == id).cloned();
            row.unwrap_or(Record {
                id,
                values: Values::default(),
            })
        };
        found.extend(days.iter().map(row));
    }
    let activities: Vec<ActivityId> = wanted.iter().filter_map(activity).cloned().collect();
    found.extend(upstream.activities_as_they_stand(&activities).await?);
    if wanted.iter().any(|id| matches!(id, RecordId::Sport(_))) {
        let sports = upstream.sports().await?;
        found.extend(sports.into_iter().filter(|sport| wanted.contains(&sport.id)));
    }
    Ok(found)
}

fn day(id: &RecordId) -> Option<NaiveDate> {
    match id {
        RecordId::Day(day) => Some(*day),
        _ => None,
    }
}

fn activity(id: &RecordId) -> Option<&ActivityId> {
    match id {
        RecordId::Activity(id) => Some(id),
        _ => None,
    }
}

impl Writing<'_> {
    /// The records with these addresses, as they stand since the last request that changed something.
    pub(in crate::tools) async fn records(&self, wanted: &[RecordId]) -> Result<Vec<Record>, ToolError> {
        Ok(read(&self.upstream, wanted).await?)
    }

    /// Of these edits, those that change anything, and what came of making just them.
    pub(in crate::tools) async fn edit_needed<'e>(
        &mut self,
        all: impl Iterator<Item = &'e Edit>,
    ) -> Result<(Vec<Edit>, Vec<Edited>), ToolError> {
        let needed = all.filter(|edit| edit.is_needed()).cloned().map(Edit::needed);
        let edits: Vec<Edit> = needed.collect();
        if edits.is_empty() {
            return Ok((edits, Vec::new()));
        }
        let edited = self.edit(&edits).await?;
        Ok((edits, edited))
    }

    /// Makes these changes and reads back what stands there afterwards. The outcomes are in the order of the edits.
    pub(in crate::tools) async fn edit(&mut self, edits: &[Edit]) -> Result<Vec<Edited>, ToolError> {
        let undoes = edits.iter().map(|_| Vec::new()).collect();
        self.edit_undoing(edits, undoes).await
    }

    /// The same; each edit undoes the changes at its place in `undoes`.
    pub(in crate::tools) async fn edit_undoing(
        &mut self,
        edits: &[Edit],
        undoes: Vec<Vec<Change>>,
    ) -> Result<Vec<Edited>, ToolError> {
        let count = counted(edits.len(), "change", "changes");
        self.announce(&count)?;
        let begun = match self.raise().await {
            Ok(()) => {
                let intended = edits
                    .iter()
                    .zip(undoes)
                    .map(|(edit, undoes)| edit.intended(undoes));
                self.journal().begin(intended.collect(), &[]).await
            }
            Err(error) => Err(error),
        };
        let changes = begun.inspect_err(|_| self.granted.unsay())?;
        self.needs = changes.iter().flat_map(|change| change.needs.clone()).collect();
        let sent = self.send_edits(edits).await;
        self.say(format!("{count} sent, not read back yet"));
        self.look_anew().await;
        let after = self.read_records_back(edits, &sent).await;
        let card = &self.granted.ask().card;
        let fates = edits
            .iter()
            .zip(&sent)
            .map(|(edit, sent)| judged(edit, sent, &after, card));
        let edited: Vec<Edited> = changes
            .iter()
            .zip(fates)
            .map(|(change, fate)| Edited {
                number: change.number,
                fate,
            })
            .collect();
        for ((change, edited), edit) in changes.iter().zip(&edited).zip(edits) {
            let ended = ended(edit, &edited.fate);
            let change = self.taking_back(change, &ended).await;
            self.write_end(&change, ended).await;
        }
        match self.lost(sent, after.as_ref().err()) {
            Some(error) if edited.iter().all(|edited| !left_something(&edited.fate)) => Err(error.into()),
            _ => Ok(edited),
        }
    }

    /// The change as one that undoes only what it did: of several changes, one of which no field was restored stands as it was.
    pub(super) async fn taking_back(&self, change: &Change, ended: &Ended) -> Change {
        let mut taking = change.clone();
        let (Some(kept), Some(Left::Record(left))) = (change.record(), &ended.after) else {
            return taking;
        };
        let not_restored = kept.after.only(|name| !left.has(name));
        if change.undoes.len() < 2 || not_restored.is_empty() {
            return taking;
        }
        let all = match self.journal().alike(fingerprint(&kept.of)).await {
            Ok(all) => all,
            Err(error) => {
                tracing::error!(%error, "which changes stand all the same could not be looked at");
                return taking;
            }
        };
        let stand = |id: &ChangeId| {
            let undone = all.iter().find(|undone| undone.id == *id);
            undone.is_some_and(|undone| back::stands(undone, &not_restored))
        };
        taking.undoes.retain(|id| !stand(id));
        taking
    }

    /// Days in one request, everything else in one each.
    async fn send_edits(&mut self, edits: &[Edit]) -> Vec<Sent> {
        let mut sent = vec![Sent::Stopped(String::new()); edits.len()];
        let days: Vec<(usize, (NaiveDate, Values))> = edits
            .iter()
            .enumerate()
            .filter_map(|(at, edit)| Some((at, (day(&edit.of)?, edit.body()))))
            .collect();
        let mut stopped = self.send_days(&days, &mut sent).await;
        for (at, edit) in edits.iter().enumerate() {
            if day(&edit.of).is_some() {
                continue;
            }
            sent[at] = match stopped.clone() {
                Some(rest) => rest,
                None => match self.go_on().await {
                    Ok(()) => came(match &edit.of {
                        RecordId::Activity(id) => self.upstream.change_activity(id, &edit.body()).await,
                        RecordId::Sport(id) => self.upstream.change_sport(*id, &edit.body()).await,
                        RecordId::Day(_) => Ok(()),
                    }),
                    Err(stopped) => stopped,
                },
            };
            stopped = stopped.or_else(|| stops(&sent[at]));
        }
        sent
    }

    /// All days in one request. One that upstream refuses takes the others with it: then they go one by one.
    async fn send_days(&mut self, days: &[(usize, (NaiveDate, Values))], sent: &mut [Sent]) -> Option<Sent> {
        if days.is_empty() {
            return None;
        }
        let all: Vec<(NaiveDate, Values)> = days.iter().map(|(_, day)| day.clone()).collect();
        let together = match self.go_on().await {
            Ok(()) => came(self.upstream.change_days(&all).await),
            Err(stopped) => stopped,
        };
        for (at, _) in days {
            sent[*at] = together.clone();
        }
        if days.len() == 1 || !matches!(together, Sent::Refused(Error::Rejected)) {
            return stops(&together);
        }
        let mut stopped = None;
        for (number, (at, day)) in days.iter().enumerate() {
            sent[*at] = match stopped.clone() {
                Some(rest) => rest,
                None => match self.go_on().await {
                    Ok(()) => came(self.upstream.change_days(std::slice::from_ref(day)).await),
                    Err(stopped) => stopped,
                },
            };
            stopped = stopped.or_else(|| stops(&sent[*at]));
            self.say(format!("{} of {} sent one by one", number + 1, days.len()));
        }
        stopped
    }

    async fn read_records_back(&mut self, edits: &[Edit], sent: &[Sent]) -> Result<Vec<Record>, Error> {
        if sent
            .iter()
            .all(|sent| matches!(sent, Sent::Kept(_) | Sent::Stopped(_)))
        {
            return Err(Error::TimedOut);
        }
        // Whoever waits for the lease should wait until this is read.
        let _ = self.lease.renew().await;
        let all: Vec<RecordId> = edits.iter().map(|edit| edit.of.clone()).collect();
        read(&self.upstream, &all).await
    }
}

impl Edit {
    /// The fields as upstream takes them.
    fn body(&self) -> Values {
        let field = |(name, value): (&str, &Value)| {
            let sent = if same(value, &Value::Null) {
                self.of.empties(name, self.stands.get(name))
            } else {
                value.clone()
            };
            (name.to_owned(), sent)
        };
        self.changes.iter().map(field).collect()
    }
}

/// What became of an edit, from what stands there afterwards.
fn judged(edit: &Edit, sent: &Sent, after: &Result<Vec<Record>, Error>, card: &AthleteCard) -> Fate {
    let unanswered = match sent {
        Sent::Refused(error) => return Fate::Not(refused(error, &edit.of, card)),
        Sent::Kept(error) => return Fate::NotSent(failure(error)),
        Sent::Stopped(why) => return Fate::NotSent(why.clone()),
        Sent::Answered => false,
        Sent::Unanswered => true,
    };
    let there = match after {
        Ok(there) => there,
        Err(error) => {
            return Fate::Unknown(format!(
                "it was sent, but what stands there now could not be read: {}",
                failure(error)
            ));
        }
    };
    let Some(now) = there.iter().find(|record| record.id == edit.of) else {
        return Fate::Unknown("it was sent, and it is not there any more".to_owned());
    };
    let otherwise = not_as_sent(edit, &now.values, card.units);
    let before = edit.before();
    let moved = before.not_in(&now.values);
    match (moved.is_empty(), unanswered) {
        // Of what was asked for, nothing may have been new.
        (true, false) if !otherwise.is_empty() => {
            Fate::Not("intervals.icu said that it was saved, but all stands as before".to_owned())
        }
        (true, true) if !otherwise.is_empty() => {
            Fate::Unknown("intervals.icu did not answer, and nothing has changed yet".to_owned())
        }
        _ => Fate::Stands {
            otherwise: otherwise.into_iter().map(str::to_owned).collect(),
            now: now.values.clone(),
        },
    }
}

/// The fields that stand otherwise than they were sent, for an athlete who sees figures in these units: what upstream rounded below
/// that is as it was sent.
fn not_as_sent<'e>(edit: &'e Edit, now: &Values, own: Units) -> Vec<&'e str> {
    let as_sent = |name: &str| {
        let both = (edit.changes.get(name), now.get(name));
        records::looks_the_same(&edit.of, name, both, &edit.context, own)
    };
    edit.changes.names().filter(|name| !as_sent(name)).collect()
}

/// A refusal by upstream, in our words.
fn refused(error: &Error, of: &RecordId, card: &AthleteCard) -> String {
    match error {
        Error::Forbidden if matches!(card.scopes, Scopes::Listed(_)) => {
            let area = of.area();
            let who = if card.is_for_coach() {
                "The athlete can reconnect"
            } else {
                "Reconnect"
            };
            format!(
                "intervals.icu does not allow it: the permission to change the athlete's {} seems to be missing. {who} intervals.icu \
                 on the IcuSync dashboard and allow changes of {}",
                area.in_words(),
                area.as_str()
            )
        }
        Error::NotFound => "it is not there any more".to_owned(),
        Error::Strava => "Strava does not let anyone change it through intervals.icu".to_owned(),
        error => refusal(error),
    }
}

fn left_something(fate: &Fate) -> bool {
    matches!(fate, Fate::Stands { .. } | Fate::Unknown(_))
}

/// How a change ended, for the journal: what it left are the fields that are not as before.
fn ended(edit: &Edit, fate: &Fate) -> Ended {
    match fate {
        Fate::Stands { now, .. } => Ended {
            state: ChangeState::Held,
            event_id: None,
            after: Some(Left::Record(left(&edit.before(), now))),
        },
        Fate::Not(_) | Fate::NotSent(_) => Ended {
            state: ChangeState::Refused,
            event_id: None,
            after: None,
        },
        Fate::Unknown(_) => Ended {
            state: ChangeState::Sent,
            event_id: None,
            after: None,
        },
    }
}

/// The fields that are not as before, as they stand now; all of them if none is.
fn left(before: &Values, now: &Values) -> Values {
    let moved = before.not_in(now);
    let all = now.of_the_fields_of(before);
    if moved.is_empty() {
        return all;
    }
    all.only(|name| moved.contains(&name))
}

/// How an open change of a record ended, from what stands there now, and in words.
pub(super) fn settled(kept: &KeptRecord, now: Option<&Record>, own: Units) -> (Ended, &'static str) {
    let ended = |state, after| Ended {
        state,
        event_id: None,
        after,
    };
    let Some(now) = now else {
        return (ended(ChangeState::Lost, None), "can no longer be found");
    };
    let moved = kept.before.not_in(&now.values);
    let as_sent = |name: &str| {
        let both = (kept.after.get(name), now.values.get(name));
        records::looks_the_same(&kept.of, name, both, &kept.context, own)
    };
    let otherwise: Vec<&str> = kept.after.names().filter(|name| !as_sent(name)).collect();
    if otherwise.is_empty() || (!moved.is_empty() && otherwise.len() < kept.after.names().count()) {
        let left = Left::Record(left(&kept.before, &now.values));
        return (ended(ChangeState::Held, Some(left)), "is done");
    }
    if moved.is_empty() {
        (ended(ChangeState::Refused, None), "changed nothing")
    } else {
        (
            ended(ChangeState::Lost, None),
            "stands neither as it was sent nor as it was before",
        )
    }
}

/// `weight 61.2 → 61.4 kg`, one below the other's place: a comma between.
pub(in crate::tools) fn listed(all: &[Changed]) -> String {
    let words: Vec<String> = all.iter().map(Changed::in_words).collect();
    words.join(", ")
}

/// `already so: feel 2/5 (1 strong)`: what was asked for and stands there, beside what changes; empty if there is nothing of it.
pub(in crate::tools) fn already_so(edit: &Edit, own: Units) -> String {
    let news = edit.changes.not_in(&edit.stands);
    let so = Edit {
        changes: edit.changes.only(|name| !news.contains(&name)),
        ..edit.clone()
    };
    around("already so:", &so.standing(own), "")
}

/// What is said of an edit that came true at least in part: each field before and after, then the fields that upstream did not take
/// as they were sent, each by its name.
pub(in crate::tools) fn outcome(edit: &Edit, now: &Values, otherwise: &[String], own: Units) -> Vec<String> {
    let is_otherwise = |name: &str| otherwise.iter().any(|other| other == name);
    let done = Edit {
        changes: edit.changes.only(|name| !is_otherwise(name)),
        ..edit.clone()
    };
    let (rounded, moved): (Vec<&str>, Vec<&str>) = done
        .changes
        .names()
        .partition(|name| same(edit.stands.get(name), now.get(name)));
    let moved = Edit {
        changes: done.changes.only(|name| moved.contains(&name)),
        ..edit.clone()
    };
    let mut lines = vec![listed(&moved.did(now, own))];
    let sent_and_stands = |name: &str| {
        let both = (edit.changes.get(name), now.get(name));
        let (sent, stands) = records::apart(&edit.of, name, both, &edit.context, own);
        [sent, stands].map(|text| {
            if text.is_empty() {
                "not set".to_owned()
            } else {
                text
            }
        })
    };
    for name in rounded {
        let [sent, stands] = sent_and_stands(name);
        let label = records::label(&edit.of, name);
        lines.push(format!(
            "{label} stays {stands}: intervals.icu did not keep the finer {sent}"
        ));
    }
    for name in otherwise {
        let label = records::label(&edit.of, name);
        let [sent, stands] = sent_and_stands(name);
        lines.push(if same(edit.stands.get(name), now.get(name)) {
            format!("NOT TAKEN by intervals.icu: {label}, sent {sent}, still {stands}")
        } else {
            format!("NOT AS SENT: {label}, sent {sent}, now {stands}")
        });
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// The answer, as an error if nothing of what was asked for came true.
pub(in crate::tools) fn told(answer: Answer, edited: &[Edited], already: usize) -> Result<Answer, ToolError> {
    let came_true = already > 0 || edited.iter().any(Edited::came_true);
    match (came_true, edited.is_empty()) {
        (true, _) => Ok(answer),
        (false, true) => Err(ToolError::Input(answer.text)),
        (false, false) => Err(ToolError::Upstream(answer.text)),
    }
}
