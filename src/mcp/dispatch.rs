//! A tool call from its message to its reply: turn, grant, deadline, panic guard, a last look at the rights, the record.
//!
//! What is different for a coach stands in `coach`. No tool logic, no SQL, no HTTP: who comes is read from the request by the endpoint.

mod coach;

use std::{borrow::Cow, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt as _;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CustomRequest,
        CustomResult, DiscoverResult, ErrorCode, Implementation, InitializeRequestParams, InitializeResult,
        ListToolsResult, PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::{
    catalogue::{Called, Catalogue},
    log::{self, Record},
};
use crate::{
    app::App,
    guard::{
        Caller,
        clients::Uses,
        connection::{self, Brake},
        grant,
        link::{Visitor, in_time},
        offer::Offer,
        touched::{Touch, Touched},
    },
    ids::AccountId,
    tools::{Answer, Tool, ToolError},
    words::{ConnectionStatus, Outcome},
};

/// Told to every client when it connects; some cut it at 2 KB.
const INSTRUCTIONS: &str = include_str!("instructions.txt");
/// The same for a coach's connector.
const INSTRUCTIONS_FOR_COACHES: &str = include_str!("instructions_coach.txt");
/// How long a client may keep the list: it changes with a new version of the service, and when the athlete switches a
/// group on or off. A call is checked each time, whatever list it comes from.
const LIST_FRESH_MS: u64 = 5 * 60 * 1000;
/// Characters of an answer. Tools end well before; this holds for one that does not.
const ANSWER_LIMIT: usize = 60_000;
const CUT: &str = "\n… cut here: ask for a shorter range or fewer rows.";

/// Who sends a request, as the endpoint found out; travels in the request's extensions.
#[derive(Clone)]
pub(super) struct Visit {
    /// Who.
    pub(super) visitor: Visitor,
    /// What their connector offers.
    pub(super) offer: Offer,
    /// The client's own name for itself.
    pub(super) client: String,
    /// The arguments of the call were no object.
    pub(super) bad_arguments: bool,
}

/// Answers MCP messages. Cheap to clone: one is made for each request.
#[derive(Clone)]
pub(super) struct Handler(Arc<Shared>);

struct Shared {
    app: App,
    brake: Arc<Brake>,
    uses: Uses,
    catalogue: Catalogue,
}

/// What a call tells its caller: an answer, an error in words, or that we failed.
type Said = Result<String, Option<String>>;

/// What became of a tool's future.
enum Ending {
    Done(Result<Answer, ToolError>),
    /// The rate limit let nothing begin; when to come back.
    Refused(Duration),
    Panicked,
    TooLong,
    Cancelled,
}

impl Handler {
    pub(super) fn new(app: App, brake: Brake, catalogue: Catalogue) -> Self {
        Self(Arc::new(Shared {
            app,
            brake: Arc::new(brake),
            uses: Uses::default(),
            catalogue,
        }))
    }

    async fn call(
        &self,
        visit: &Visit,
        called: Called,
        arguments: Map<String, Value>,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let app = &self.0.app;
        let started = Instant::now();
        let deadline = started + Duration::from_secs(app.config.call_seconds);
        let touched = Touched::default();
        if let Caller::Athlete { account, athlete, .. } = &visit.visitor.caller {
            let athlete = athlete.clone().unwrap_or_default();
            let touch = Touch {
                athlete,
                ..Touch::of(*account)
            };
            touched.note(touch, |_| ());
        }
        let record = Record::begin(app, called, &visit.visitor.caller, &visit.client);
        let running = async {
            let _turn = visit.visitor.turn().await?;
            Ok(self
                .run(visit, called, arguments, deadline, &record, &touched)
                .await)
        };
        let running = AssertUnwindSafe(running).catch_unwind();
        let ending = tokio::select! {
            biased;
            // The client hung up or cancelled: dropping the future aborts the call upstream.
            () = context.ct.cancelled() => Ending::Cancelled,
            ended = timeout_at(deadline, running) => match ended {
                Ok(Ok(Ok(done))) => Ending::Done(done),
                Ok(Ok(Err(wait))) => Ending::Refused(wait),
                Ok(Err(_)) => Ending::Panicked,
                Err(_) => Ending::TooLong,
            },
        };
        let (outcome, said) = match ending {
            Ending::Done(done) => self.last_look(visit, called, &touched, done).await,
            Ending::Refused(wait) => {
                // It touched nothing, so that there is nothing to look at once more, and a flood costs no queries.
                log::refused(app, called, &visit.visitor.caller, &visit.client);
                noted(visit.visitor.touch(app, &visit.client).await);
                return Ok(CallToolResult::error(vec![ContentBlock::text(busy(wait))]));
            }
            Ending::Panicked => (Outcome::Panic, Err(None)),
            Ending::TooLong => (Outcome::TooLong, Err(Some(self.too_long()))),
            Ending::Cancelled => (Outcome::Cancelled, Err(Some("Cancelled.".to_owned()))),
        };
        let touched = touched.all();
        tokio::join!(
            self.note_successes(outcome, &touched),
            self.note_uses(visit, &touched),
            async { noted(visit.visitor.touch(app, &visit.client).await) }
        );
        record.end(outcome, started.elapsed(), &touched).await;
        match said {
            Ok(text) => Ok(CallToolResult::success(vec![ContentBlock::text(text)])),
            Err(Some(text)) => Ok(CallToolResult::error(vec![ContentBlock::text(text)])),
            Err(None) => Err(ErrorData::internal_error(
                "IcuSync failed while answering. The failure was recorded.",
                None,
            )),
        }
    }

    /// Notes for the dashboards of whom upstream answered.
    async fn note_successes(&self, outcome: Outcome, touched: &[Touch]) {
        if outcome != Outcome::Ok {
            return;
        }
        let asked = touched
            .iter()
            .filter_map(|touch| touch.ties.iter().find(|tie| tie.intervals.requests() > 0));
        let notes = asked.map(|tie| {
            let note = connection::note_success(&self.0.app, tie.connection, tie.last_success_at);
            in_time(note)
        });
        futures::future::join_all(notes).await.into_iter().for_each(noted);
    }

    /// The call proper, once it has a turn: the rights, the tool.
    async fn run(
        &self,
        visit: &Visit,
        called: Called,
        arguments: Map<String, Value>,
        deadline: Instant,
        record: &Record<'_>,
        touched: &Touched,
    ) -> Result<Answer, ToolError> {
        if visit.bad_arguments {
            return Err(ToolError::Input(format!(
                "Not done: the arguments of {} are a JSON object with the names of its schema.",
                called.name()
            )));
        }
        if let Called::One(tool) = called {
            visit.offer.check(&self.0.app, &visit.visitor.caller, tool)?;
        }
        match (&visit.visitor.caller, called) {
            (Caller::Athlete { account, .. }, Called::One(tool)) => {
                self.run_own(visit, *account, tool, arguments, deadline, record, touched)
                    .await
            }
            (Caller::Athlete { .. }, Called::Roster(tool)) => Err(ToolError::Input(format!(
                "Not done: {} is for coaches. This connector speaks for one athlete only, and every other tool is about that \
                 athlete: call it without naming anybody.",
                tool.name
            ))),
            (Caller::Coach { .. }, called) => {
                self.run_for_coach(visit, called, arguments, deadline, record, touched)
                    .await
            }
        }
    }

    /// A tool on the athlete's own data.
    #[expect(clippy::too_many_arguments, reason = "they are the call, once")]
    async fn run_own(
        &self,
        visit: &Visit,
        account: AccountId,
        tool: &'static Tool,
        arguments: Map<String, Value>,
        deadline: Instant,
        record: &Record<'_>,
        touched: &Touched,
    ) -> Result<Answer, ToolError> {
        let Shared { app, brake, .. } = &*self.0;
        let (granted, tie) = grant::open(app, brake, &visit.visitor.caller, account, tool, deadline).await?;
        let athlete = tie.athlete.to_string();
        touched.note(Touch::of(account), |touch| {
            touch.athlete.clone_from(&athlete);
            touch.ties.push(tie);
        });
        record.stands(account, &athlete).await?;
        match (tool.run)(granted, arguments).await {
            // Whether the connection is dead or upstream merely stumbled is found out once, for all tools.
            Err(ToolError::Reconnect(_)) => Err(connection::refused(app, brake, account).await),
            done => done,
        }
    }

    /// Rights may have ended while the tool ran: what they no longer cover is withheld.
    async fn last_look(
        &self,
        visit: &Visit,
        called: Called,
        touched: &Touched,
        done: Result<Answer, ToolError>,
    ) -> (Outcome, Said) {
        if matches!(visit.visitor.caller, Caller::Coach { .. }) {
            return self.last_look_for_coach(visit, &touched.all(), done).await;
        }
        let app = &self.0.app;
        let standing = match visit.visitor.standing(app).await {
            Ok(Some(standing)) => standing,
            Ok(None) => return withheld(REPLACED),
            Err(error) => return refusal(&connection::away(&error)),
        };
        match done {
            Ok(answer) => {
                let touched = touched.all();
                let tie = touched.first().and_then(|touch| touch.ties.first());
                let athlete = tie.map(|tie| tie.athlete.as_str());
                let offer = visit.offer.with_off(standing.groups_off);
                let lacks = |tool: &Tool| offer.lacks(tool).is_some();
                if matches!(called, Called::One(tool) if lacks(tool)) {
                    withheld(&format!(
                        "Withheld: {} was switched off for this connector while the call was running.",
                        called.name()
                    ))
                } else if standing.status == Some(ConnectionStatus::Connected)
                    && standing.athlete_id.as_deref() == athlete
                {
                    (Outcome::Ok, Ok(bounded(answer.text)))
                } else {
                    withheld(&format!(
                        "Withheld: the connection to intervals.icu changed while the call was running. The athlete can look \
                         after it on {}.",
                        connection::dashboard(app)
                    ))
                }
            }
            Err(error) => refusal(&error),
        }
    }

    fn too_long(&self) -> String {
        format!(
            "Not done: this took longer than {} seconds. Ask again, or for a shorter range.",
            self.0.app.config.call_seconds
        )
    }
}

/// Who sends the request.
fn visit(context: &RequestContext<RoleServer>) -> Result<&Visit, ErrorData> {
    let parts = context.extensions.get::<http::request::Parts>();
    parts
        .and_then(|parts| parts.extensions.get::<Visit>())
        .ok_or_else(|| {
            tracing::error!("a request came past the endpoint");
            ErrorData::internal_error("IcuSync failed while answering.", None)
        })
}

/// What the client is told about this connector.
fn instructions(context: &RequestContext<RoleServer>) -> Result<String, ErrorData> {
    let text = match visit(context)?.visitor.caller {
        Caller::Athlete { .. } => INSTRUCTIONS,
        Caller::Coach { .. } => INSTRUCTIONS_FOR_COACHES,
    };
    Ok(text.to_owned())
}

/// For whoever calls through a URL that is no longer in use when the answer is ready.
const REPLACED: &str = "Withheld: this connector URL was replaced or ended while the call was running.";

fn withheld(text: &str) -> (Outcome, Said) {
    (Outcome::Withheld, Err(Some(text.to_owned())))
}

fn refusal(error: &ToolError) -> (Outcome, Said) {
    (error.outcome(), Err(Some(bounded(error.to_string()))))
}

/// For whoever got no turn.
fn busy(wait: Duration) -> String {
    let seconds = wait.as_secs().max(1);
    format!(
        "Not done: too many calls through this connector at once. Ask again in {seconds} second{}, with fewer calls at a \
         time.",
        if seconds == 1 { "" } else { "s" }
    )
}

/// A note for the dashboard that could not be made costs nobody an answer.
fn noted(done: sqlx::Result<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "cannot note a use");
    }
}

/// At most [`ANSWER_LIMIT`] characters, ending with a whole row.
fn bounded(mut text: String) -> String {
    let room = ANSWER_LIMIT - CUT.chars().count();
    // Bytes first: counting characters of every short answer would be wasted.
    if text.len() > ANSWER_LIMIT && text.chars().count() > ANSWER_LIMIT {
        let end = text.char_indices().nth(room).map_or(text.len(), |(at, _)| at);
        let row = text[..end].rfind('\n').unwrap_or(end);
        text.truncate(row);
        text.push_str(CUT);
    }
    text
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let info = Implementation::new("IcuSync", env!("CARGO_PKG_VERSION"))
            .with_title("IcuSync")
            .with_website_url(self.0.app.config.public_url.as_str());
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(info)
            .with_instructions(INSTRUCTIONS)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(if self.0.app.config.mcp_legacy_only {
            ProtocolVersion::known_up_to(&ProtocolVersion::V_2025_11_25)
        } else {
            ProtocolVersion::KNOWN_VERSIONS
        })
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let mut result = self.negotiate_initialize(&request)?;
        result.instructions = Some(instructions(&context)?);
        Ok(result)
    }

    async fn discover(&self, context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        let mut result = DiscoverResult::from_server_info(versions, self.get_info());
        result.instructions = Some(instructions(&context)?);
        result.ttl_ms = LIST_FRESH_MS;
        result.cache_scope = CacheScope::Private;
        Ok(result)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        if request.is_some_and(|request| request.cursor.is_some()) {
            return Err(ErrorData::invalid_params(
                "The list has one page: send no cursor.",
                None,
            ));
        }
        let visit = visit(&context)?;
        let list = match &visit.visitor.caller {
            Caller::Athlete { .. } => self.0.catalogue.offered(&visit.offer),
            Caller::Coach { .. } => self.0.catalogue.offered_to_coach(&visit.offer),
        };
        Ok(ListToolsResult::with_all_items(list)
            .with_ttl_ms(LIST_FRESH_MS)
            .with_cache_scope(CacheScope::Private))
    }

    fn get_tool(&self, name: &str) -> Option<rmcp::model::Tool> {
        self.0.catalogue.entry(name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let visit = visit(&context)?.clone();
        let Some(called) = self.0.catalogue.called(&request.name) else {
            return Err(ErrorData::invalid_params(
                "There is no tool of this name: see tools/list.",
                None,
            ));
        };
        let arguments = request.arguments.unwrap_or_default();
        let span = tracing::info_span!("tool_call", tool = called.name(), link = %visit.visitor.link());
        self.call(&visit, called, arguments, &context)
            .instrument(span)
            .await
            .map(Into::into)
    }

    /// Also where rmcp brings a method that it does know, when the params are malformed.
    async fn on_custom_request(
        &self,
        _: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let text = "This method is not known here, or its params are malformed.";
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, text, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instructions_fit_every_client() {
        for text in [INSTRUCTIONS, INSTRUCTIONS_FOR_COACHES] {
            assert!(text.len() < 2048, "{} bytes", text.len());
            assert!(
                text.is_ascii(),
                "a client that cuts by bytes must not cut a character"
            );
        }
    }

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
    fn waiting_is_told_in_seconds() {
        assert!(busy(Duration::from_millis(300)).contains("in 1 second,"));
        assert!(busy(Duration::from_secs(10)).contains("in 10 seconds,"));
    }
}
