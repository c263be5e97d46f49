//! The one way of a write to the calendar: what stands there, the journal, the request, what stands there afterwards.
//!
//! One write at a time for an athlete, on every instance: [`Writing`] holds the athlete's lease. What a tool says about a
//! write comes from what intervals.icu holds after it ([`Fate`]), never from what was sent. Which entries to write is the
//! tools' decision; nothing here knows arguments or answers.

mod beside;
pub(super) mod entry;
pub(super) mod find;
pub(super) mod item;
mod marks;
pub(super) mod push;
pub(super) mod record;
pub(super) mod said;
mod settle;
#[cfg(test)]
pub(super) mod tests;
pub(super) mod undo;

use chrono::TimeDelta;

use self::entry::NAME;
pub(super) use self::settle::look_up_open;
use super::{
    Answer,
    answer::{counted, units, words::joined},
    arguments::Range,
};
use crate::{
    guard::{
        Granted,
        journal::{Change, ChangeState, Ended, Intended, Journal, Kept, KeptEntry, Lease, Left, Noted},
    },
    intervals::{
        Athlete, Error,
        model::{EntryFields, FOLLOWING, Held},
    },
    text::fenced,
    tool_error::{ToolError, in_words},
    workout::{Workout, differences, differences::Difference, text::parse},
};

/// For a token that confirms nothing.
pub(super) const NO_TOKEN: &str = "Not done: this token does not fit. It is good for one call within ten minutes, with the same \
     arguments. Call without confirm for a new preview.";

/// Entries of one request.
const BULK: usize = 60;

/// For this long, the same call again is a client that did not hear the answer.
const SAME_CALL_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// What is to become of one entry.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    /// A new entry.
    Make {
        /// Its fields, without an external id.
        fields: EntryFields,
        /// The steps that `fields` has as text.
        steps: Option<Steps>,
        /// Found again when the same is asked for again.
        fingerprint: Option<[u8; 32]>,
        /// An earlier try of the very same, whose external id is used again: if that try landed late, it is this entry.
        retry: Option<Box<Change>>,
    },
    /// Other values for some fields of an entry that stands.
    Change {
        before: Box<Held>,
        /// Only what changes.
        changes: EntryFields,
        steps: Option<Steps>,
    },
    /// An entry goes.
    Delete { before: Box<Held> },
}

/// The steps of a text, as they must be read back.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    pub(super) sport: String,
    pub(super) workout: Workout,
    /// Prose above them.
    pub(super) prose: String,
}

/// What became of an entry.
#[derive(Debug, Clone)]
pub(super) enum Fate {
    /// It stands on the calendar like this.
    Stands(Box<Held>),
    /// It is gone, as was wanted.
    Gone,
    /// Nothing changed, and why.
    Not(String),
    /// intervals.icu took it, and nothing shows it; perhaps only not yet.
    NotYet(String),
    /// It was not sent, and why.
    NotSent(String),
    /// It was sent, and what became of it is not known yet.
    Unknown(String),
}

/// A change that was tried.
#[derive(Debug, Clone)]
pub(super) struct Tried {
    /// Its number in the list of changes.
    pub(super) number: i32,
    pub(super) fate: Fate,
    /// How the steps that stand there differ from those that were sent.
    pub(super) differences: Vec<Difference>,
    /// Fields that stand there otherwise than they were sent.
    pub(super) fields: Vec<&'static str>,
    /// The steps had to be sent in a safer form.
    pub(super) safer: bool,
}

/// What sending one entry came to, before anything was read back.
#[derive(Debug, Clone, PartialEq)]
enum Sent {
    Answered,
    Unanswered,
    Refused(Error),
    /// It never left.
    Kept(Error),
    /// It never left, because the lease or the right ended before, or could not be looked at.
    Stopped(String),
}

/// An athlete's calendar while it is being written.
pub(super) struct Writing<'a> {
    granted: &'a Granted,
    lease: Lease,
    /// Reads what stands there now.
    upstream: Athlete,
    /// What became of changes that an earlier call left open.
    settled: Vec<String>,
    /// The tools of which a coach must have all for what is being sent.
    needs: Vec<String>,
    /// Of a call that would do more if it came twice: by it, the same call is found again.
    pub(super) call: Option<[u8; 32]>,
}

impl<'a> Writing<'a> {
    /// Waits for the athlete's lease and settles what an earlier call left open. [`Writing::end`] gives the lease back.
    pub(super) async fn begin(granted: &'a Granted) -> Result<Self, ToolError> {
        let lease = granted.journal().lease(granted.answer_by()).await?;
        let mut writing = Self {
            granted,
            lease,
            upstream: granted.ask().upstream.clone(),
            settled: Vec::new(),
            needs: Vec::new(),
            call: None,
        };
        match writing.prepare().await {
            Ok(()) => Ok(writing),
            Err(error) => {
                writing.lease.release().await;
                Err(error)
            }
        }
    }

    /// Gives the lease back. What was settled is told below the answer, whatever that is.
    pub(super) async fn end(self, done: Result<Answer, ToolError>) -> Result<Answer, ToolError> {
        self.lease.release().await;
        match done {
            Ok(answer) => Ok(answer.and(self.settled)),
            Err(error) => Err(error.and(&self.settled)),
        }
    }

    async fn prepare(&mut self) -> Result<(), ToolError> {
        self.raise().await?;
        self.settle().await
    }

    fn journal(&self) -> &'a Journal {
        self.granted.journal()
    }

    /// What stands on these days.
    pub(super) async fn on(&self, days: Range) -> Result<Vec<Held>, ToolError> {
        Ok(self.upstream.held_on(days.oldest, days.newest).await?)
    }

    /// One entry; None if there is none with this id.
    pub(super) async fn entry(&self, id: i64) -> Result<Option<Held>, ToolError> {
        match self.upstream.held(id).await {
            Ok(held) => Ok(Some(held)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The fields of the entry as the last change through IcuSync left them; None if there was none.
    pub(super) async fn last_written(&self, event: i64) -> Result<Option<EntryFields>, ToolError> {
        let last = self.journal().last_of(event).await?;
        Ok(last.and_then(|change| change.entry()?.after.clone()))
    }

    /// The change by which this very call was made a moment ago, if the entry stands as it left it.
    pub(super) async fn made_before(&self, held: &Held, call: [u8; 32]) -> Result<Option<Change>, ToolError> {
        let Some(last) = self.journal().last_of(held.id).await? else {
            return Ok(None);
        };
        let same = self.journal().alike(call).await?;
        let is_it = last.state == ChangeState::Held
            && same.iter().any(|change| change.number == last.number)
            && self.granted.ask().now - last.created_at < SAME_CALL_WITHIN;
        let stands = |change: &Change| {
            let after = change.entry().and_then(|kept| kept.after.as_ref());
            after.is_some_and(|after| entry::changed_since(after, held).is_empty())
        };
        Ok(Some(last).filter(|last| is_it && stands(last)))
    }

    /// Reads what stands there since the last request that changed something.
    pub(super) fn upstream(&self) -> &Athlete {
        &self.upstream
    }

    /// Makes these changes, and reads back what stands on `days` afterwards, which include the days of all of them. The
    /// outcomes are in the order of the wishes. Without what stands there, nothing could be read back.
    pub(super) async fn apply(
        &mut self,
        wishes: Vec<Wish>,
        days: Range,
    ) -> Result<(Vec<Tried>, Option<Vec<Held>>), ToolError> {
        let undoes = wishes.iter().map(|_| Vec::new()).collect();
        self.apply_undoing(wishes, undoes, days).await
    }

    /// The same; each wish undoes the changes at its place in `undoes`.
    pub(super) async fn apply_undoing(
        &mut self,
        wishes: Vec<Wish>,
        undoes: Vec<Vec<Change>>,
        days: Range,
    ) -> Result<(Vec<Tried>, Option<Vec<Held>>), ToolError> {
        let count = counted(wishes.len(), "change", "changes");
        self.announce(&count)?;
        let begun = match self.raise().await {
            Ok(()) => self.journaled(&wishes, undoes).await,
            Err(error) => Err(error),
        };
        let changes = begun.inspect_err(|_| self.granted.unsay())?;
        let sent = self.send(&wishes, &changes, days).await;
        self.say(format!("{count} sent, not read back yet"));
        self.look_anew().await;
        let mut after = self.read_back(&wishes, &sent, days).await;
        let mut tried = judged(&wishes, &changes, &sent, &after);
        if self.send_safer(&wishes, &mut tried).await {
            self.look_anew().await;
            after = self.read_back(&wishes, &sent, days).await;
            // What was written out is compared as it was sent the second time.
            let resent: Vec<Wish> = wishes
                .iter()
                .zip(&tried)
                .map(|(wish, tried)| if tried.safer { wish.safer() } else { wish.clone() })
                .collect();
            let judged = judged(&resent, &changes, &sent, &after);
            for ((tried, again), resent) in tried.iter_mut().zip(judged).zip(&resent) {
                match again.fate {
                    // It stands there: only how it was read the second time is not known.
                    Fate::Unknown(_) => tried.is_sent_as(resent),
                    _ if tried.safer => *tried = Tried { safer: true, ..again },
                    _ => {}
                }
            }
        }
        for ((change, tried), wish) in changes.iter().zip(&tried).zip(&wishes) {
            // An earlier try of it may still land.
            if wish.retry().is_some() && matches!(tried.fate, Fate::NotSent(_)) {
                continue;
            }
            self.write_end(change, ended(change, tried)).await;
        }
        match self.lost(sent, after.as_ref().err()) {
            Some(error) if tried.iter().all(Tried::left_nothing) => Err(error.into()),
            _ => Ok((tried, after.ok())),
        }
    }

    /// Says that something is about to be sent; an error if nobody would hear of it any more.
    fn announce(&self, count: &str) -> Result<(), ToolError> {
        if self.granted.say(format!("{count} being sent")) {
            return Ok(());
        }
        Err(ToolError::Upstream(
            "Not done: there was no time left to send anything.".to_owned(),
        ))
    }

    /// Writes down how a change ended.
    async fn write_end(&self, change: &Change, ended: Ended) {
        // It has been sent: a database that is away cannot undo that, and the next change finds out what became of it.
        if let Err(error) = self.journal().end(change, ended).await {
            tracing::error!(%error, "how a change ended could not be written down");
        }
    }

    /// The error by which the connection was refused before something left, if it was. A refusal is noted, also one of reading
    /// back.
    fn lost(&self, sent: Vec<Sent>, unread: Option<&Error>) -> Option<Error> {
        let lost = sent.into_iter().find_map(|sent| match sent {
            Sent::Kept(error @ (Error::Unauthorized | Error::WrongAthlete)) => Some(error),
            _ => None,
        });
        if lost.is_some() || matches!(unread, Some(Error::Unauthorized)) {
            self.journal().note(Noted::Lost);
        }
        lost
    }

    /// Says how far it is, once something was sent.
    fn say(&self, text: String) {
        // What has begun goes on, whatever was told.
        let _ = self.granted.say(text);
    }

    /// Writes down what is about to be sent; without that nothing is.
    async fn journaled(
        &mut self,
        wishes: &[Wish],
        undoes: Vec<Vec<Change>>,
    ) -> Result<Vec<Change>, ToolError> {
        let journal = self.journal();
        let mut again: Vec<Option<Change>> = Vec::new();
        let mut intended = Vec::new();
        for (wish, undoes) in wishes.iter().zip(undoes) {
            let meant = wish.intended(journal, undoes);
            let own = wish.retry().filter(|open| journal.is_own(open));
            again.push(own.map(|open| Change {
                kept: Some(meant.kept.clone()),
                ..open.clone()
            }));
            if own.is_none() {
                intended.push(Intended {
                    fingerprint: meant.fingerprint.or(self.call),
                    ..meant
                });
            }
        }
        let sent_again: Vec<Change> = again.iter().flatten().cloned().collect();
        let new = journal.begin(intended, &sent_again).await?;
        let mut new = new.into_iter();
        let changes: Vec<Change> = again
            .into_iter()
            .filter_map(|again| again.or_else(|| new.next()))
            .collect();
        self.needs = changes.iter().flat_map(|change| change.needs.clone()).collect();
        Ok(changes)
    }

    /// Keeps the lease for one more request. An error if somebody else has had it since, or if the right ended meanwhile.
    async fn go_on(&mut self) -> Result<(), Sent> {
        let kept = self.lease.renew().await;
        let may = match kept {
            Ok(()) => self.journal().may_go_on(&self.needs).await,
            Err(error) => Err(error),
        };
        may.map_err(|error| {
            let text = error.to_string();
            Sent::Stopped(text.strip_prefix("Not done: ").unwrap_or(&text).to_owned())
        })
    }

    /// From now on no instance answers from before this moment.
    async fn raise(&mut self) -> Result<(), ToolError> {
        let number = self.journal().raise().await?;
        self.upstream = self.upstream.reading_after(number);
        Ok(())
    }

    /// The same once something was sent: a database that is away must not keep from reading back.
    async fn look_anew(&mut self) {
        let number = match self.journal().raise().await {
            Ok(number) => number,
            Err(error) => {
                tracing::error!(%error, "other instances may answer from before a change for a minute");
                self.journal().number_of_its_own()
            }
        };
        self.upstream = self.upstream.reading_after(number);
    }

    /// Sends everything: new entries in one request, deletions in one, and one for each change.
    async fn send(&mut self, wishes: &[Wish], changes: &[Change], days: Range) -> Vec<Sent> {
        let mut sent = vec![Sent::Stopped(String::new()); wishes.len()];
        let new: Vec<(usize, EntryFields)> = wishes
            .iter()
            .zip(changes)
            .enumerate()
            .filter_map(|(at, (wish, change))| Some((at, wish.new_fields(change)?)))
            .collect();
        if !new.is_empty() {
            self.send_new(&new, days, &mut sent).await;
        }
        let mut stopped = new.iter().find_map(|(at, _)| stops(&sent[*at]));
        for (at, wish) in wishes.iter().enumerate() {
            let Wish::Change { before, changes, .. } = wish else {
                continue;
            };
            sent[at] = match stopped.clone() {
                Some(rest) => rest,
                None => match self.go_on().await {
                    Ok(()) => came(self.upstream.change_event(before.id, changes).await),
                    Err(stopped) => stopped,
                },
            };
            stopped = stopped.or_else(|| stops(&sent[at]));
        }
        self.send_deletions(wishes, stopped, &mut sent).await;
        sent
    }

    /// All new entries, so many in one request.
    async fn send_new(&mut self, new: &[(usize, EntryFields)], days: Range, sent: &mut [Sent]) {
        let mut stopped: Option<Sent> = None;
        let mut done = 0;
        for bulk in new.chunks(BULK) {
            if let Some(rest) = stopped.clone() {
                for (at, _) in bulk {
                    sent[*at] = rest.clone();
                }
                continue;
            }
            self.send_bulk(bulk, days, sent).await;
            stopped = bulk.iter().find_map(|(at, _)| stops(&sent[*at]));
            done += bulk.len();
            if new.len() > BULK {
                self.say(format!("{done} of {} sent", new.len()));
            }
        }
    }

    /// New entries in one request. One that upstream refuses can take the others with it: then what stands there is read, and the rest
    /// goes one by one.
    async fn send_bulk(&mut self, new: &[(usize, EntryFields)], days: Range, sent: &mut [Sent]) {
        let fields: Vec<EntryFields> = new.iter().map(|(_, fields)| fields.clone()).collect();
        let all = match self.go_on().await {
            Ok(()) => came(self.upstream.push_events(&fields).await.map(drop)),
            Err(stopped) => stopped,
        };
        // Only a body that is not accepted can be the fault of one entry in it.
        let refused = matches!(all, Sent::Refused(Error::Rejected));
        for (at, _) in new {
            sent[*at] = all.clone();
        }
        if !refused || new.len() == 1 || self.raise().await.is_err() {
            return;
        }
        let Ok(there) = self.upstream.held_on(days.oldest, days.newest).await else {
            return;
        };
        let mut stopped = None;
        for (number, (at, fields)) in new.iter().enumerate() {
            let stands = there.iter().any(|held| {
                held.fields.external_id.is_some() && held.fields.external_id == fields.external_id
            });
            sent[*at] = match stopped.clone() {
                _ if stands => Sent::Answered,
                Some(rest) => rest,
                None => match self.go_on().await {
                    Ok(()) => came(self.upstream.push_events(std::slice::from_ref(fields)).await),
                    Err(stopped) => stopped,
                },
            };
            stopped = stopped.or_else(|| stops(&sent[*at]));
            let told = format!("{} of {} sent one by one", number + 1, new.len());
            self.say(told);
        }
    }

    async fn send_deletions(&mut self, wishes: &[Wish], stopped: Option<Sent>, sent: &mut [Sent]) {
        let doomed: Vec<(usize, i64)> = wishes
            .iter()
            .enumerate()
            .filter_map(|(at, wish)| match wish {
                Wish::Delete { before } => Some((at, before.id)),
                _ => None,
            })
            .collect();
        if doomed.is_empty() {
            return;
        }
        let today = self.granted.ask().today();
        let all = match (stopped, &doomed[..], self.go_on().await) {
            (Some(rest), ..) => rest,
            (None, _, Err(stopped)) => stopped,
            (None, [(_, id)], Ok(())) => match came(self.upstream.delete_event(*id, today).await) {
                // Somebody else deleted it a moment ago.
                Sent::Refused(Error::NotFound) => Sent::Answered,
                sent => sent,
            },
            (None, _, Ok(())) => return self.delete_in_bulks(&doomed, sent).await,
        };
        for (at, _) in doomed {
            sent[at] = all.clone();
        }
    }

    /// Deletions, so many in one request; the right to the first was looked at.
    async fn delete_in_bulks(&mut self, doomed: &[(usize, i64)], sent: &mut [Sent]) {
        let mut stopped: Option<Sent> = None;
        for (number, bulk) in doomed.chunks(BULK).enumerate() {
            if number > 0 && stopped.is_none() {
                stopped = self.go_on().await.err();
            }
            let ids: Vec<i64> = bulk.iter().map(|(_, id)| *id).collect();
            let all = match stopped.clone() {
                Some(rest) => rest,
                None => came(self.upstream.delete_events(&ids).await),
            };
            stopped = stopped.or_else(|| stops(&all));
            for (at, _) in bulk {
                sent[*at] = all.clone();
            }
        }
    }

    /// What stands there after anything was sent.
    async fn read_back(&mut self, wishes: &[Wish], sent: &[Sent], days: Range) -> Result<Vec<Held>, Error> {
        let nothing_sent = sent
            .iter()
            .all(|sent| matches!(sent, Sent::Kept(_) | Sent::Stopped(_)));
        if nothing_sent {
            return Err(Error::TimedOut);
        }
        // Whoever waits for the lease should wait until this is read.
        let _ = self.lease.renew().await;
        let mut there = self.upstream.held_on(days.oldest, days.newest).await?;
        // An entry that was to move may stand where it was, and one that was to go may have been moved.
        for (wish, sent) in wishes.iter().zip(sent) {
            let (before, may_stand) = match (wish, sent) {
                (Wish::Change { before, .. }, Sent::Answered | Sent::Unanswered)
                | (Wish::Delete { before }, Sent::Unanswered) => (before, true),
                (Wish::Change { before, .. } | Wish::Delete { before }, _) => (before, false),
                (Wish::Make { .. }, _) => continue,
            };
            if !may_stand || there.iter().any(|held| held.id == before.id) {
                continue;
            }
            match self.upstream.held(before.id).await {
                Ok(held) => there.push(held),
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(there)
    }

    /// Lays steps that were read differently once more, written out and without labels, over the entries that stand, one by
    /// one; whether anything was sent. Only where that may mend everything: otherwise the form that was asked for stays. By their
    /// ids: under the external id, an entry that was moved since would be pulled back.
    async fn send_safer(&mut self, wishes: &[Wish], tried: &mut [Tried]) -> bool {
        for (wish, tried) in wishes.iter().zip(tried.iter_mut()) {
            let (Wish::Make { .. }, Fate::Stands(held)) = (wish, &tried.fate) else {
                continue;
            };
            let all = &tried.differences;
            let mends = !all.is_empty() && all.iter().all(|difference| difference.by_form);
            let steps = wish.steps().filter(|_| mends);
            let Some(description) = steps.and_then(Steps::safer) else {
                continue;
            };
            if self.go_on().await.is_err() {
                break;
            }
            let fields = EntryFields {
                description: Some(description),
                ..EntryFields::default()
            };
            let sent = came(self.upstream.change_event(held.id, &fields).await);
            tried.safer = matches!(sent, Sent::Answered | Sent::Unanswered);
            if stops(&sent).is_some() {
                break;
            }
        }
        tried.iter().any(|tried| tried.safer)
    }
}

impl Tried {
    /// Keeps what was sent the second time as what stands there.
    fn is_sent_as(&mut self, resent: &Wish) {
        if let (
            Fate::Stands(held),
            Wish::Make {
                steps: Some(steps), ..
            },
            true,
        ) = (&mut self.fate, resent, self.safer)
        {
            held.fields.description = Some(entry::described(&steps.prose, &steps.workout, &steps.sport));
        }
    }

    /// Whether the calendar is as it was.
    pub(super) fn left_nothing(&self) -> bool {
        matches!(self.fate, Fate::Not(_) | Fate::NotYet(_) | Fate::NotSent(_))
    }
}

impl Wish {
    fn retry(&self) -> Option<&Change> {
        match self {
            Self::Make { retry, .. } => retry.as_deref(),
            Self::Change { .. } | Self::Delete { .. } => None,
        }
    }

    /// The same with its steps in the safer form.
    fn safer(&self) -> Self {
        let mut safer = self.clone();
        if let Self::Make {
            steps: Some(steps), ..
        } = &mut safer
            && let Some(workout) = entry::safer(&steps.workout)
        {
            steps.workout = workout;
        }
        safer
    }

    pub(super) fn steps(&self) -> Option<&Steps> {
        match self {
            Self::Make { steps, .. } | Self::Change { steps, .. } => steps.as_ref(),
            Self::Delete { .. } => None,
        }
    }

    /// The fields of a new entry, with its external id.
    fn new_fields(&self, change: &Change) -> Option<EntryFields> {
        let Self::Make { fields, .. } = self else {
            return None;
        };
        Some(EntryFields {
            external_id: change.external_id.clone(),
            ..fields.clone()
        })
    }

    /// What the journal has of it before it is sent.
    fn intended(&self, journal: &Journal, undoes: Vec<Change>) -> Intended {
        let (before, after) = match self {
            Self::Make { fields, .. } => (None, Some(fields.clone())),
            Self::Change { before, changes, .. } => {
                let before = if changes.description.is_some() {
                    entry::restorable(before)
                } else {
                    before.fields.clone()
                };
                let after = before.with(changes);
                (Some(before), Some(after))
            }
            Self::Delete { before } => (Some(entry::restorable(before)), None),
        };
        Intended {
            event_id: match self {
                Self::Make { .. } => None,
                Self::Change { before, .. } | Self::Delete { before } => Some(before.id),
            },
            external_id: matches!(self, Self::Make { .. }).then(|| {
                let of_another = self.retry().and_then(|open| open.external_id.clone());
                of_another.unwrap_or_else(|| journal.external_id())
            }),
            instead_of: self.retry().map(|open| open.id),
            fingerprint: match self {
                Self::Make { fingerprint, .. } => *fingerprint,
                _ => None,
            },
            kept: Kept::Entry(Box::new(KeptEntry { before, after })),
            undoes,
        }
    }
}

impl Steps {
    /// The description with the steps in a form that leaves less to be read otherwise; None if there is none.
    fn safer(&self) -> Option<String> {
        let safer = entry::safer(&self.workout)?;
        Some(entry::described(&self.prose, &safer, &self.sport))
    }
}

/// The answer, as an error if nothing of what was asked for came true: then nobody must read it as done.
pub(super) fn told(answer: Answer, came_true: bool, tried: &[Tried]) -> Result<Answer, ToolError> {
    match (came_true, tried.is_empty()) {
        (true, _) => Ok(answer),
        (false, true) => Err(ToolError::Input(answer.text)),
        (false, false) => Err(ToolError::Upstream(answer.text)),
    }
}

/// The number of one of these changes, if the caller may hear it: a coach could do nothing with somebody else's.
pub(super) fn known_number(granted: &Granted, changes: &[Change], number: i32) -> Option<i32> {
    let is_known = |change: &&Change| !granted.ask().card.is_for_coach() || granted.journal().is_own(change);
    let change = changes.iter().find(|change| change.number == number);
    change.filter(is_known).map(|change| change.number)
}

/// What an answer means for what was sent.
fn came(answer: Result<(), Error>) -> Sent {
    match answer {
        Ok(()) => Sent::Answered,
        Err(Error::Unanswered) => Sent::Unanswered,
        Err(error @ (Error::Rejected | Error::NotFound | Error::Forbidden | Error::Strava)) => {
            Sent::Refused(error)
        }
        Err(error) => Sent::Kept(error),
    }
}

/// What becomes of the rest after this, if nothing more is sent.
fn stops(sent: &Sent) -> Option<Sent> {
    match sent {
        Sent::Kept(_) | Sent::Stopped(_) => Some(sent.clone()),
        Sent::Unanswered => Some(Sent::Kept(Error::Unanswered)),
        Sent::Answered | Sent::Refused(_) => None,
    }
}

/// Fields in plain words, each once, without those that follow from others.
pub(super) fn field_words(names: &[&'static str]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for name in names {
        let word = match *name {
            "start_date_local" => "day",
            "description" => "text",
            "type" => "sport",
            "icu_training_load" => "load",
            "moving_time" => "time",
            "training_availability" => "availability",
            "color" => "colour",
            "hide_from_athlete" => "whether it is hidden",
            "category" => "kind",
            "for_week" => "whether it is for the week",
            "load_target" => "target load",
            "time_target" => "target time",
            "distance_target" => "target distance",
            "max_training_time" => "most time a day",
            "can_train_sports" => "possible sports",
            "icu_ftp" => "eFTP",
            // It goes with the first one.
            "end_date_local" if names.iter().any(|name| name.starts_with("start_")) => continue,
            "end_date_local" => "last day",
            "external_id" => continue,
            other => other,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ").replace('_', " ")
}

/// What became of each wish, from what stands there afterwards.
fn judged(
    wishes: &[Wish],
    changes: &[Change],
    sent: &[Sent],
    after: &Result<Vec<Held>, Error>,
) -> Vec<Tried> {
    let refused = sent
        .iter()
        .filter(|sent| matches!(sent, Sent::Refused(_)))
        .count();
    let all = wishes.iter().zip(changes).zip(sent);
    all.map(|((wish, change), sent)| {
        let fate = fate(change, sent, after, refused == 1);
        let (differences, fields) = match &fate {
            Fate::Stands(held) => (
                steps_read_otherwise(wish, held),
                fields_read_otherwise(wish, held),
            ),
            _ => (Vec::new(), Vec::new()),
        };
        Tried {
            number: change.number,
            fate,
            differences,
            fields,
            safer: false,
        }
    })
    .collect()
}

/// What became of the entry of one change, from what stands on the calendar.
enum Became<'a> {
    /// It stands there, with some of what was asked for.
    Stands(&'a Held),
    /// It stands there with none of what was asked for, but not as it was before either.
    Other(&'a Held),
    /// It is gone, as it should.
    Gone,
    /// Of what was asked for, all is as it was before.
    AsBefore,
    /// It is not there, although it should be.
    Missing,
}

impl<'a> Became<'a> {
    /// None if nothing is kept of the change. Only what was asked for counts: somebody else may have changed the rest.
    fn of(change: &Change, there: &'a [Held]) -> Option<Self> {
        let kept = change.entry()?;
        let found = there.iter().find(|held| is_of(change, held));
        Some(match (&kept.before, &kept.after, found) {
            (_, None, None) => Self::Gone,
            (_, None, Some(_)) => Self::AsBefore,
            (_, Some(_), None) => Self::Missing,
            (None, Some(_), Some(held)) => Self::Stands(held),
            (Some(before), Some(after), Some(held)) => {
                let asked = asked_for(before, after);
                let (not_after, not_before) = (entry::differing(after, held), entry::differing(before, held));
                if asked.is_empty() || asked.iter().any(|name| !not_after.contains(name)) {
                    Self::Stands(held)
                } else if asked.iter().any(|name| not_before.contains(name)) {
                    Self::Other(held)
                } else {
                    Self::AsBefore
                }
            }
        })
    }
}

/// The fields that a change was about: what follows from others, and what upstream computes from steps or a new text, only if it
/// was about nothing else.
fn asked_for(before: &EntryFields, after: &EntryFields) -> Vec<&'static str> {
    let all = before.differing(after);
    let sport = after.sport.as_deref().unwrap_or_default();
    let text = after.description.as_deref().unwrap_or_default();
    let no_workout = after.is_no_workout();
    let is_computed =
        !no_workout && (all.contains(&"description") || !parse(text, sport).workout.items.is_empty());
    let is_longer = no_workout && before.days() != after.days();
    let mut own = all.clone();
    own.retain(|name| match *name {
        "end_date_local" => is_longer,
        "external_id" => false,
        "moving_time" | "distance" | "icu_training_load" => !is_computed,
        _ => true,
    });
    if own.is_empty() { all } else { own }
}

/// Whether it is the entry of the change.
fn is_of(change: &Change, held: &Held) -> bool {
    change.event_id == Some(held.id)
        || change.external_id.is_some() && held.fields.external_id == change.external_id
}

/// Whether the change is a new entry.
fn is_new(change: &Change) -> bool {
    change.entry().is_some_and(|kept| kept.before.is_none())
}

/// `alone`: nothing else was refused in the same request.
fn fate(change: &Change, sent: &Sent, after: &Result<Vec<Held>, Error>, alone: bool) -> Fate {
    let became = after.as_ref().ok().and_then(|there| Became::of(change, there));
    let unanswered = match (sent, &became) {
        // One of several may have been taken and another one refused.
        (Sent::Refused(_), Some(Became::Stands(held))) if is_new(change) => {
            return Fate::Stands(Box::new((*held).clone()));
        }
        (Sent::Refused(_), Some(Became::Gone)) => return Fate::Gone,
        (Sent::Refused(error), None) if !alone => {
            return Fate::Unknown(format!(
                "{}, perhaps only some of them; what stands there now could not be read",
                refusal(error)
            ));
        }
        (Sent::Refused(Error::NotFound), Some(Became::AsBefore)) => {
            return Fate::Not(refusal(&Error::Rejected));
        }
        (Sent::Refused(error), _) => return Fate::Not(refusal(error)),
        (Sent::Kept(error), _) => return Fate::NotSent(failure(error)),
        (Sent::Stopped(why), _) => return Fate::NotSent(why.clone()),
        (Sent::Answered, _) => false,
        (Sent::Unanswered, _) => true,
    };
    if let Err(error) = after {
        return Fate::Unknown(format!(
            "it was sent, but what stands there now could not be read: {}",
            failure(error)
        ));
    }
    let deletes = change.entry().is_some_and(|kept| kept.after.is_none());
    let taken = if deletes { "deleted" } else { "saved" };
    let said = |stands: &str| {
        if unanswered {
            let settles = if is_new(change) {
                "; the same call again settles it"
            } else {
                ""
            };
            Fate::Unknown(format!("intervals.icu did not answer, and {stands}{settles}"))
        } else {
            Fate::NotYet(format!("intervals.icu said that it was {taken}, but {stands}"))
        }
    };
    match became {
        Some(Became::Other(_)) if unanswered => {
            Fate::Unknown("intervals.icu did not answer, and somebody else changed the entry".to_owned())
        }
        Some(Became::Stands(held) | Became::Other(held)) => Fate::Stands(Box::new(held.clone())),
        Some(Became::Gone) => Fate::Gone,
        Some(Became::AsBefore) if deletes => said("it is still there"),
        Some(Became::AsBefore) => said("the entry is as it was"),
        Some(Became::Missing) if is_new(change) => said("it is not on the calendar"),
        Some(Became::Missing) | None => {
            Fate::Not("the entry is not there any more: somebody deleted it meanwhile".to_owned())
        }
    }
}

fn steps_read_otherwise(wish: &Wish, held: &Held) -> Vec<Difference> {
    let Some(steps) = wish.steps() else {
        return Vec::new();
    };
    let there = held
        .event
        .workout_doc
        .as_ref()
        .map(|doc| doc.workout())
        .unwrap_or_default();
    differences(&steps.workout, &there, &steps.sport)
}

/// Fields that were sent and stand there with another value. The text has its own comparison, and so has what upstream
/// computes from it.
fn fields_read_otherwise(wish: &Wish, held: &Held) -> Vec<&'static str> {
    let wanted = match wish {
        Wish::Make { fields, .. } => fields,
        Wish::Change { changes, .. } => changes,
        Wish::Delete { .. } => return Vec::new(),
    };
    let mut names = wanted.not_in(&held.fields);
    let last = EntryFields {
        start_date_local: wanted.start_date_local.or(held.fields.start_date_local),
        end_date_local: wanted.end_date_local,
        ..EntryFields::default()
    };
    // A workout has one day, and of others the last day counts, not its hour.
    if held.event.is_workout() || last.last_day() == held.fields.last_day() {
        names.retain(|name| *name != "end_date_local");
    }
    if wish.steps().is_some() {
        names.retain(|name| !["description", "moving_time", "distance", "icu_training_load"].contains(name));
    }
    names
}

/// How a change ended, for the journal.
fn ended(change: &Change, tried: &Tried) -> Ended {
    match &tried.fate {
        Fate::Stands(held) => Ended {
            state: ChangeState::Held,
            event_id: Some(held.id),
            after: Some(Left::Entry(Box::new(left(change, held)))),
        },
        Fate::Gone => Ended {
            state: ChangeState::Held,
            event_id: None,
            after: None,
        },
        Fate::Not(_) | Fate::NotSent(_) => Ended {
            state: ChangeState::Refused,
            event_id: None,
            after: None,
        },
        Fate::NotYet(_) | Fate::Unknown(_) => Ended {
            state: ChangeState::Sent,
            event_id: None,
            after: None,
        },
    }
}

/// What a change left, from the entry as it was read back at once: of an entry that stood before, what was meant, as far as it was
/// not ignored, and what follows from it, because somebody else may have changed anything meanwhile.
fn left(change: &Change, held: &Held) -> EntryFields {
    match change.entry() {
        Some(KeptEntry {
            before: Some(before),
            after: Some(after),
        }) => {
            let follows = held.fields.only(|name| FOLLOWING.contains(&name));
            not_ignored(before, after, held).with(&follows)
        }
        _ => held.fields.clone(),
    }
}

/// What was meant, with the values from before where the entry still has these.
fn not_ignored(before: &EntryFields, after: &EntryFields, held: &Held) -> EntryFields {
    let moved = before.differing(&held.fields);
    let mut ignored = before.differing(after);
    ignored.retain(|name| !moved.contains(name));
    let taken = after.only(|name| !ignored.contains(&name));
    taken.with(&before.only(|name| ignored.contains(&name)))
}

/// A refusal by upstream, in our words.
fn refusal(error: &Error) -> String {
    match error {
        Error::NotFound => "the entry is not there any more",
        Error::Forbidden => "intervals.icu does not allow it",
        _ => "intervals.icu did not accept it",
    }
    .to_owned()
}

/// A failure of upstream, in our words.
fn failure(error: &Error) -> String {
    match error {
        Error::Busy { retry_after } => format!(
            "the requests that intervals.icu allows are used up: try again in {}",
            in_words(*retry_after)
        ),
        Error::Unanswered => "intervals.icu did not answer the request before it".to_owned(),
        error => {
            let text = ToolError::from(error.clone()).to_string();
            text.strip_prefix("Not done: ").unwrap_or(&text).to_owned()
        }
    }
}

/// `«Threshold» 2026-12-03 Thu`, of what was before or else of what is after.
pub(super) fn name_and_day(kept: &KeptEntry) -> String {
    let Some(fields) = kept.before.as_ref().or(kept.after.as_ref()) else {
        return String::new();
    };
    let day = fields.day().map(units::date).unwrap_or_default();
    let name = fenced(fields.name.as_deref().unwrap_or_default(), NAME);
    joined([name, day], " ")
}
