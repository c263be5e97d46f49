//! MCP messages as rmcp delivers them: initialize and discover, the list, and a call.
//!
//! No tool logic, no SQL, no HTTP: the endpoint reads from the request who sends it; the call itself is in [`super::call`].

use std::{borrow::Cow, sync::Arc};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CustomRequest, CustomResult, DiscoverResult,
        ErrorCode, Implementation, InitializeRequestParams, InitializeResult, ListToolsResult,
        PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
};
use tracing::Instrument as _;

use super::{
    call::{Call, Visit},
    catalogue::Catalogue,
};
use crate::{
    app::App,
    guard::{Caller, clients::Uses},
};

/// Sent to every client when it connects; some cut it at 2 KB.
const INSTRUCTIONS: &str = include_str!("instructions.txt");
/// The same for a coach's connector.
const INSTRUCTIONS_FOR_COACHES: &str = include_str!("instructions_coach.txt");
/// How long a client may keep the list: it changes with a new version of the service, and when the athlete switches a
/// group on or off. A call is checked each time, whatever list it comes from.
const LIST_FRESH_MS: u64 = 5 * 60 * 1000;
/// If rmcp cannot read the params of a call, it passes the call on as an unknown method.
const CALL: &str = "tools/call";

/// Answers MCP messages. Cheap to clone: one is made for each request.
#[derive(Clone)]
pub(super) struct Handler(Arc<Shared>);

struct Shared {
    app: App,
    uses: Uses,
    catalogue: Catalogue,
}

impl Handler {
    pub(super) fn new(app: App, catalogue: Catalogue) -> Self {
        Self(Arc::new(Shared {
            app,
            uses: Uses::default(),
            catalogue,
        }))
    }
}

/// Who sends the request.
fn visit(context: &RequestContext<RoleServer>) -> Result<&Visit, ErrorData> {
    let parts = context.extensions.get::<http::request::Parts>();
    parts
        .and_then(|parts| parts.extensions.get::<Visit>())
        .ok_or_else(|| {
            tracing::error!("a request bypassed the endpoint");
            ErrorData::internal_error("IcuSync failed while answering.", None)
        })
}

/// The instructions for this connector.
fn instructions(context: &RequestContext<RoleServer>) -> Result<String, ErrorData> {
    let text = match visit(context)?.visitor.caller {
        Caller::Athlete { .. } => INSTRUCTIONS,
        Caller::Coach { .. } => INSTRUCTIONS_FOR_COACHES,
    };
    Ok(text.to_owned())
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
                "There is no tool with this name: see tools/list.",
                None,
            ));
        };
        let arguments = request.arguments.unwrap_or_default();
        let span = tracing::info_span!("tool_call", tool = called.name(), link = %visit.visitor.link());
        Call::begin(&self.0.app, &self.0.uses, &visit, called, arguments)
            .answer(&context.ct)
            .instrument(span)
            .await
            .map(Into::into)
    }

    /// rmcp also calls this for a method that it knows, if the params are malformed.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        Err(if request.method == CALL {
            ErrorData::invalid_params(
                "The params of tools/call are malformed: it needs the name of a tool.",
                None,
            )
        } else {
            ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "This method is unknown.", None)
        })
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
}
