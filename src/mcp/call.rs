//! A tool call from its message to its reply: turn, grant, deadline, panic guard, a final check of the rights, the record.
//!
//! What is different for a coach is in `coach`. No tool logic, no SQL, no HTTP, and of the protocol only a call's result.

mod coach;

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt as _;
use rmcp::{
    ErrorData,
    model::{CallToolResult, ContentBlock},
};
use serde_json::{Map, Value};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{
    catalogue::Called,
    log::{self, Record},
};
use crate::{
    app::App,
    config::Config,
    guard::{
        Ask, Caller, Granted,
        clients::Uses,
        connection,
        file_link::FileLinks,
        grant::{self, WRITES_GO_ON, Waiting},
        journal::{Changes, Through},
        link::{self, Visitor},
        offer::Offer,
        progress::Progress,
        touched::{Touch, Touched},
    },
    ids::AccountId,
    permissions,
    queries::{PATIENCE, callers::Owner},
    tool_error::ToolError,
    tools::{Answer, Run, Running, Source, Target, Tool, answer::unread, arguments},
    words::{Access, ConnectionStatus, Outcome},
};

/// The most characters of an answer. Tools stay well below; this stops one that does not.
const ANSWER_LIMIT: usize = 60_000;
/// Steps of a request outside the call's own time: a wait while strangers flood us, the lookup of the link, then the
/// final check, the notes and the rows of the log. None takes longer than [`PATIENCE`].
const AROUND: u32 = 5;
const CUT: &str = "\n… cut here: use a shorter range or fewer rows.";

/// The longest that a request for a call can take, whatever the call does and however slow the database is.
pub fn longest(config: &Config) -> Duration {
    config.call_time() + AROUND * PATIENCE
}

/// Who sends a request, as the endpoint determined it; travels in the request's extensions.
#[derive(Clone)]
pub(super) struct Visit {
    /// The caller and their link.
    pub(super) visitor: Visitor,
    /// What the connector offers.
    pub(super) offer: Offer,
    /// The client's own name for itself.
    pub(super) client: String,
    /// The arguments of the call were not an object.
    pub(super) bad_arguments: bool,
}

/// What the caller gets: an answer, an error in words, or `Err(None)` if IcuSync failed.
type Reply = Result<String, Option<String>>;

/// How a tool's future ended.
enum Ending {
    Done(Result<Answer, ToolError>),
    /// The rate limit stopped the call before it began; how long to wait.
    Refused(Duration),
    Panicked,
    TooLong,
    Cancelled,
}

/// One call, from what it asks for to what it has touched so far.
pub(super) struct Call<'a> {
    app: &'a App,
    uses: &'a Uses,
    visit: &'a Visit,
    called: Called,
    arguments: Map<String, Value>,
    began: Instant,
    deadline: Instant,
    record: Record<'a>,
    touched: Touched,
    progress: Progress,
}

impl<'a> Call<'a> {
    /// A call that has just arrived.
    pub(super) fn begin(
        app: &'a App,
        uses: &'a Uses,
        visit: &'a Visit,
        called: Called,
        arguments: Map<String, Value>,
    ) -> Self {
        let began = Instant::now();
        let touched = Touched::default();
        if let Caller::Athlete { account, athlete, .. } = &visit.visitor.caller {
            let touch = Touch {
                athlete: athlete.clone().unwrap_or_default(),
                ..Touch::of(*account)
            };
            touched.note(touch, |_| ());
        }
        Self {
            app,
            uses,
            visit,
            called,
            arguments,
            began,
            deadline: began + app.config.call_time(),
            record: Record::begin(app, called, &visit.visitor.caller, &visit.client),
            touched,
            progress: Progress::default(),
        }
    }

    /// Makes the call, records it, and returns the reply. Gives up when `hung_up` is cancelled.
    pub(super) async fn answer(mut self, hung_up: &CancellationToken) -> Result<CallToolResult, ErrorData> {
        let (outcome, reply) = match self.ending(hung_up).await {
            Ending::Done(done) => self.after_writing(self.final_check(done).await),
            Ending::Refused(wait) => {
                // It touched nothing, so there is nothing to check, and a flood costs no queries.
                log::refused(
                    self.app,
                    self.called,
                    &self.visit.visitor.caller,
                    &self.visit.client,
                );
                self.note_link().await;
                return Ok(CallToolResult::error(vec![ContentBlock::text(busy(wait))]));
            }
            Ending::Panicked => (Outcome::Panic, Err(None)),
            Ending::TooLong => (Outcome::TooLong, Err(Some(self.too_long()))),
            Ending::Cancelled => (Outcome::Cancelled, Err(Some("Cancelled.".to_owned()))),
        };
        let touched = self.touched.all();
        let notes = async {
            tokio::join!(
                self.note_learned(outcome, &touched),
                self.note_uses(&touched),
                self.note_link()
            )
        };
        if timeout(PATIENCE, notes).await.is_err() {
            tracing::warn!("the notes of a call took too long");
        }
        self.record.end(outcome, self.began.elapsed(), &touched).await;
        match reply {
            Ok(text) => Ok(CallToolResult::success(vec![ContentBlock::text(text)])),
            Err(Some(text)) => Ok(CallToolResult::error(vec![ContentBlock::text(text)])),
            Err(None) => Err(ErrorData::internal_error(
                "IcuSync failed while answering. The failure was recorded.",
                None,
            )),
        }
    }

    async fn ending(&mut self, hung_up: &CancellationToken) -> Ending {
        let deadline = self.deadline;
        let running = async {
            let _turn = self.visit.visitor.turn().await?;
            Ok(self.run().await)
        };
        let running = AssertUnwindSafe(running).catch_unwind();
        tokio::select! {
            biased;
            // The client hung up or cancelled: dropping the future aborts the call upstream.
            () = hung_up.cancelled() => Ending::Cancelled,
            ended = timeout_at(deadline, running) => match ended {
                Ok(Ok(Ok(done))) => Ending::Done(done),
                Ok(Ok(Err(wait))) => Ending::Refused(wait),
                Ok(Err(_)) => Ending::Panicked,
                Err(_) => Ending::TooLong,
            },
        }
    }

    /// The call itself, once it has a turn: the rights, the tool.
    async fn run(&mut self) -> Result<Answer, ToolError> {
        if self.visit.bad_arguments {
            return Err(ToolError::Input(format!(
                "Not done: the arguments of {} must be a JSON object with the names in its schema.",
                self.called.name()
            )));
        }
        let Visit { visitor, .. } = self.visit;
        let caller = &visitor.caller;
        let writes = matches!(self.called, Called::One(tool) if tool.permission.access == Access::Write);
        visitor.check_policy(self.app, writes).await?;
        if let Called::One(tool) = self.called {
            self.visit.offer.check(self.app, caller, tool.permission)?;
            self.may_write(tool)?;
        }
        let arguments = std::mem::take(&mut self.arguments);
        if let Called::One(Tool {
            run: Run::Say(say), ..
        }) = self.called
        {
            return say(&arguments);
        }
        match (caller, self.called) {
            (Caller::Athlete { account, .. }, Called::One(tool)) => {
                self.run_own(*account, tool, arguments).await
            }
            (Caller::Athlete { .. }, Called::Roster(tool)) => Err(ToolError::Input(format!(
                "Not done: {} is for coaches. This connector is for one athlete only, and every other tool is about that \
                 athlete: call it without naming anyone.",
                tool.name
            ))),
            (Caller::Coach { .. }, _) => self.run_for_coach(arguments).await,
        }
    }

    /// Lets a connector change something only while its switch is on.
    fn may_write(&self, tool: &Tool) -> Result<(), ToolError> {
        if tool.permission.access == Access::Read || self.visit.visitor.may_write() {
            return Ok(());
        }
        let Visit { offer, visitor, .. } = self.visit;
        Err(offer.may_not_write(self.app, &visitor.caller))
    }

    /// When the requests of a tool must end: those of a change may outlive the call.
    fn ends_at(&self, tool: &Tool) -> Instant {
        match tool.permission.access {
            Access::Read => self.deadline,
            Access::Write => self.deadline + WRITES_GO_ON,
        }
    }

    /// Runs a tool on the athlete's own data.
    async fn run_own(
        &self,
        account: AccountId,
        tool: &'static Tool,
        arguments: Map<String, Value>,
    ) -> Result<Answer, ToolError> {
        if tool.run.access() == Access::Write {
            arguments::within_limits(&arguments, tool.params, 1)?;
        }
        let Visit { visitor, .. } = self.visit;
        let known = visitor.known(self.app).await?;
        let row = match known.as_ref().and_then(|known| known.found.owner.as_ref()) {
            Some(Owner::Account { id, connection }) if *id == account => connection.as_deref().cloned(),
            _ => return Err(link::ended()),
        };
        let ends_at = self.ends_at(tool);
        let (ask, opened) =
            grant::open(self.app, &visitor.caller, row, None, tool.permission, ends_at).await?;
        self.touched.note(Touch::of(account), |touch| {
            touch.athlete = opened.athlete.to_string();
            touch.opened.push(opened);
        });
        match self.with_right(tool, ask, account, arguments).await {
            // Finds out, once for all tools, whether the connection no longer works or upstream only failed for a moment.
            Err(ToolError::Reconnect(_)) => Err(connection::refused(self.app, account).await),
            done => {
                if self.record.is_lost(account) {
                    let _ = connection::refused(self.app, account).await;
                }
                done
            }
        }
    }

    /// Runs the tool with the opened right.
    async fn with_right(
        &self,
        tool: &Tool,
        ask: Ask,
        account: AccountId,
        arguments: Map<String, Value>,
    ) -> Result<Answer, ToolError> {
        match tool.run {
            Run::Say(say) => say(&arguments),
            Run::Read(read) => {
                let upstream = ask.upstream.clone();
                let answer = read(ask, arguments).await?;
                Ok(answer.and([unread(&upstream)]))
            }
            Run::ReadChanges(read) => {
                let caller = &self.visit.visitor.caller;
                let changes = Changes::new(
                    self.app,
                    account,
                    ask.card.id.as_str(),
                    caller,
                    Some(self.visit.offer.clone()),
                );
                read(ask, changes, arguments).await
            }
            Run::ReadLinks(read) => {
                let Visit {
                    visitor,
                    offer,
                    client,
                    ..
                } = self.visit;
                let links = FileLinks::new(
                    self.app,
                    account,
                    visitor,
                    offer.is_sign_in(),
                    client,
                    &self.touched,
                );
                read(ask, links, arguments).await
            }
            Run::Write(write) => {
                let granted = self.granted(ask, account).await?;
                self.apart(write(granted, arguments)).await
            }
            Run::WriteEach(write) => {
                let name = ask.card.name.clone();
                let granted = self.granted(ask, account).await?;
                let target = Target {
                    name,
                    granted: Ok(granted),
                };
                self.apart(write(vec![target], arguments)).await
            }
            Run::WriteFrom(write) => {
                let name = ask.card.name.clone();
                let source = Source {
                    name: name.clone(),
                    ask: grant::needs(self.app, &permissions::GET_LIBRARY, &ask.card.scopes)
                        .map(|()| ask.clone()),
                };
                let granted = self.granted(ask, account).await?;
                let target = Target {
                    name,
                    granted: Ok(granted),
                };
                self.apart(write(source, vec![target], arguments)).await
            }
        }
    }

    /// The right to change something, once the change is in the log of `account`.
    async fn granted(&self, ask: Ask, account: AccountId) -> Result<Granted, ToolError> {
        let through = Through::Connector(self.visit.visitor.hash(), self.visit.offer.clone());
        let journal = self.record.journal(account, &ask, through).await?;
        let waiting = Waiting {
            until: self.deadline,
            progress: self.progress.clone(),
        };
        Ok(ask.into_granted(journal, waiting))
    }

    /// Runs a change in a task of its own, so that a caller who hangs up or is answered in between leaves no half of it. Then
    /// its rows in the log get their end from here.
    async fn apart(&self, change: Running) -> Result<Answer, ToolError> {
        let (end, ended) = oneshot::channel();
        let late = self.record.late(&self.touched.all());
        let task = async move {
            let done = AssertUnwindSafe(change).catch_unwind().await;
            let Err(done) = end.send(done) else { return };
            let outcome = match done {
                Ok(Ok(_)) => Outcome::Ok,
                Ok(Err(error)) => error.outcome(),
                Err(_) => Outcome::Panic,
            };
            late.end(outcome).await;
        };
        self.app.writes.spawn(task.in_current_span());
        match ended.await {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => Err(ToolError::Ours(match self.progress.said() {
                Some(said) => format!(
                    "Not known: IcuSync is shutting down: {said}. The next change says what became of it."
                ),
                None => "Not done: IcuSync is shutting down. Try again in a moment.".to_owned(),
            })),
        }
    }

    /// Rights may have ended while a tool ran that took longer than what was found about the caller counts: an answer that they
    /// no longer cover is withheld.
    async fn final_check(&self, done: Result<Answer, ToolError>) -> (Outcome, Reply) {
        let Visit { visitor, offer, .. } = self.visit;
        if !visitor.must_look_again() {
            return match done {
                Ok(answer) => (Outcome::Ok, Ok(bounded(answer.text))),
                Err(error) => refusal(&error),
            };
        }
        if matches!(visitor.caller, Caller::Coach { .. }) {
            return self.final_check_for_coach(done).await;
        }
        let now = match visitor.live(self.app).await {
            Ok(Some(now)) => now,
            Ok(None) => return withheld(REPLACED),
            Err(error) => return refusal(&connection::away(&error)),
        };
        match visitor.still_known(self.app, now.policy).await {
            Ok(Some(_)) => {}
            Ok(None) => return withheld(REPLACED),
            Err(error) => return withheld_by_policy(&error),
        }
        let answer = match done {
            Ok(answer) => answer,
            Err(error) => return refusal(&error),
        };
        let touched = self.touched.all();
        let opened = touched.first().and_then(|touch| touch.opened.first());
        let athlete = opened.map(|opened| opened.athlete.as_str());
        let offer = offer.with_off(now.groups_off);
        if matches!(self.called, Called::One(tool) if offer.lacks(tool.permission).is_some()) {
            return withheld(&format!(
                "Withheld: {} was switched off for this connector while the call was running.",
                self.called.name()
            ));
        }
        let says = matches!(self.called, Called::One(Tool { run: Run::Say(_), .. }));
        let connected =
            now.status == Some(ConnectionStatus::Connected) && now.athlete_id.as_deref() == athlete;
        if !says && !connected {
            return withheld(&format!(
                "Withheld: the connection to intervals.icu changed while the call was running. The athlete can check it on \
                 {}.",
                self.app.config.dashboard_url()
            ));
        }
        (Outcome::Ok, Ok(bounded(answer.text)))
    }

    /// A change that was made stands, even if its answer is withheld.
    fn after_writing(&self, (outcome, reply): (Outcome, Reply)) -> (Outcome, Reply) {
        match reply {
            Err(Some(text)) if outcome == Outcome::Withheld && self.progress.said().is_some() => {
                let text = format!(
                    "{text} What was sent to intervals.icu before that was not undone: the athlete's activity log says how it \
                     ended."
                );
                (outcome, Err(Some(text)))
            }
            reply => (outcome, reply),
        }
    }

    /// Notes for the dashboards which athletes upstream answered for, and what the call learned about them.
    async fn note_learned(&self, outcome: Outcome, touched: &[Touch]) {
        if outcome != Outcome::Ok {
            return;
        }
        let asked = touched
            .iter()
            .filter_map(|touch| touch.opened.iter().find(|opened| opened.intervals.requests() > 0));
        let notes = asked.map(|opened| opened.note_learned(self.app));
        futures::future::join_all(notes).await.into_iter().for_each(noted);
    }

    /// Notes that the link was used.
    async fn note_link(&self) {
        noted(self.visit.visitor.touch(self.app, &self.visit.client).await);
    }

    fn too_long(&self) -> String {
        let seconds = self.app.config.call_seconds;
        if let Some(said) = self.progress.said_or_stopped() {
            return format!(
                "Not finished within {seconds} seconds: {said}. The rest goes on by itself; list_changes says how it ended. Do \
                 not send it again before that."
            );
        }
        format!(
            "Not done: this took longer than {} seconds. Try again, or ask for a shorter range.",
            self.app.config.call_seconds
        )
    }
}

/// For a caller whose URL is no longer in use when the answer is ready.
const REPLACED: &str = "Withheld: this connector URL was regenerated or ended while the call was running.";

fn withheld(text: &str) -> (Outcome, Reply) {
    (Outcome::Withheld, Err(Some(text.to_owned())))
}

/// For a caller whom the policy does not let in any more when the answer is ready.
fn withheld_by_policy(error: &ToolError) -> (Outcome, Reply) {
    match error {
        ToolError::Refused(text) => withheld(&text.replacen("Not done:", "Withheld:", 1)),
        other => refusal(other),
    }
}

fn refusal(error: &ToolError) -> (Outcome, Reply) {
    (error.outcome(), Err(Some(bounded(error.to_string()))))
}

/// For a caller who got no turn.
fn busy(wait: Duration) -> String {
    let seconds = wait.as_secs().max(1);
    format!(
        "Not done: too many calls through this connector at once. Try again in {seconds} second{}, with fewer calls at a \
         time.",
        if seconds == 1 { "" } else { "s" }
    )
}

/// A failure to write a note for the dashboard does not fail the call.
fn noted(done: sqlx::Result<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "cannot note a use");
    }
}

/// At most [`ANSWER_LIMIT`] characters, ending with a whole row.
fn bounded(mut text: String) -> String {
    let room = ANSWER_LIMIT - CUT.chars().count();
    // Bytes first, so that the characters of short answers need no counting.
    if text.len() > ANSWER_LIMIT && text.chars().count() > ANSWER_LIMIT {
        let end = text.char_indices().nth(room).map_or(text.len(), |(at, _)| at);
        let row = text[..end].rfind('\n').unwrap_or(end);
        text.truncate(row);
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_ends_with_a_whole_row() {
        let row = "2026-11-20 Fri\tRide\t1:15\té\n";
        let long = bounded(row.repeat(10_000));
        assert!(long.chars().count() <= ANSWER_LIMIT);
        let body = long.strip_suffix(CUT).unwrap();
        assert!(body.ends_with('é') && body.lines().all(|line| line == row.trim_end()));
        let short = "é".repeat(ANSWER_LIMIT);
        assert_eq!(bounded(short.clone()), short);
        assert!(bounded("x".repeat(ANSWER_LIMIT + 1)).ends_with(CUT));
    }

    #[test]
    fn a_wait_is_in_seconds() {
        assert!(busy(Duration::from_millis(300)).contains("in 1 second,"));
        assert!(busy(Duration::from_secs(10)).contains("in 10 seconds,"));
    }
}
