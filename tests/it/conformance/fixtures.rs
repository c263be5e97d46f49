//! What the suite requires of a server: tools, resources and prompts with agreed names and answers.
//!
//! The answers are written as they go over the wire. What a server without sessions cannot do (ask the client something in the
//! middle of a call, before 2026-07-28) is left out, so that the suite meets an unknown tool and continues.

use std::sync::{Arc, Mutex};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
        GetPromptRequestParams, GetPromptResponse, GetPromptResult, InputRequiredResult, InputResponses,
        ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
        PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult,
        ServerConfig, ServerNotification, SetLevelRequestMethod, SetLevelRequestParams,
        SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
    },
    service::{RequestContext, SubscriptionContext, SubscriptionSink},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// One red pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// A WAV file without a sample.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";
/// What a round hands out and accepts back; nothing else is accepted.
const ROUND_1: &str = "round-1";
const ROUND_2: &str = "round-2";

/// The fixtures. Cheap to clone: one is made for each request.
#[derive(Clone, Default)]
pub(super) struct Fixtures {
    listeners: Arc<Mutex<Vec<SubscriptionSink>>>,
}

type Context = RequestContext<RoleServer>;

/// A model type from its wire form.
fn from<T: DeserializeOwned>(wire: Value) -> T {
    let text = wire.to_string();
    serde_json::from_value(wire).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn tools() -> Vec<Value> {
    let plain = [
        ("test_simple_text", "Answers with text."),
        ("test_image_content", "Answers with an image."),
        ("test_audio_content", "Answers with sound."),
        ("test_embedded_resource", "Answers with a resource."),
        (
            "test_multiple_content_types",
            "Answers with text, an image and a resource.",
        ),
        ("test_tool_with_logging", "Logs while it runs."),
        ("test_tool_with_progress", "Tells how far it is."),
        ("test_error_handling", "Fails."),
        ("test_missing_capability", "Needs a client that samples."),
        ("test_streaming_elicitation", "Asks for a name."),
        ("test_logging_tool", "Logs when it is asked to."),
        (
            "test_trigger_tool_change",
            "Tells listeners of a change of the tools.",
        ),
        (
            "test_trigger_prompt_change",
            "Tells listeners of a change of the prompts.",
        ),
        ("test_input_required_result_elicitation", "Asks for a name."),
        ("test_input_required_result_sampling", "Asks the client's model."),
        ("test_input_required_result_list_roots", "Asks for the roots."),
        (
            "test_input_required_result_request_state",
            "Asks, and hands out a state.",
        ),
        (
            "test_input_required_result_multiple_inputs",
            "Asks three things at once.",
        ),
        ("test_input_required_result_multi_round", "Asks twice."),
        (
            "test_input_required_result_tampered_state",
            "Asks, and takes no other state than its own.",
        ),
        (
            "test_input_required_result_capabilities",
            "Asks only what the client can answer.",
        ),
    ];
    let mut tools: Vec<Value> = plain
        .iter()
        .map(|(name, description)| {
            json!({"name": name, "description": description,
                "inputSchema": {"type": "object", "properties": {}}})
        })
        .collect();
    tools.push(
        json!({"name": "test_custom_header", "description": "Takes an argument that stands in a header too.",
        "inputSchema": {"type": "object", "required": ["region"],
            "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}}),
    );
    tools.push(
        json!({"name": "json_schema_2020_12_tool", "description": "Has a schema of many words.",
        "inputSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": {"address": {"$anchor": "addressDef", "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
            "properties": {
                "name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
                "contactMethod": {"type": "string", "enum": ["phone", "email"]},
                "phone": {"type": "string"}, "email": {"type": "string"}},
            "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
            "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
            "then": {"required": ["phone"]},
            "else": {"required": ["email"]},
            "additionalProperties": false}}),
    );
    tools
}

fn said(text: impl Into<String>) -> CallToolResponse {
    content(&json!([{"type": "text", "text": text.into()}]))
}

fn content(content: &Value) -> CallToolResponse {
    from::<CallToolResult>(json!({"resultType": "complete", "content": content})).into()
}

fn resource(uri: &str, kind: &str, text: &str) -> Value {
    json!({"type": "resource", "resource": {"uri": uri, "mimeType": kind, "text": text}})
}

fn image() -> Value {
    json!({"type": "image", "data": PNG, "mimeType": "image/png"})
}

/// A question to the person at the client, for one property.
fn form(message: &str, property: &str, kind: &str) -> Value {
    let mut schema = json!({"type": "object", "properties": {}, "required": [property]});
    schema["properties"][property] = json!({"type": kind});
    json!({"method": "elicitation/create", "params": {"message": message, "requestedSchema": schema}})
}

fn sampling(question: &str) -> Value {
    json!({"method": "sampling/createMessage", "params": {"maxTokens": 100,
        "messages": [{"role": "user", "content": {"type": "text", "text": question}}]}})
}

fn roots() -> Value {
    json!({"method": "roots/list", "params": {}})
}

fn ask(requests: &Value, state: Option<&str>) -> InputRequiredResult {
    let mut result = json!({"resultType": "input_required", "inputRequests": requests});
    if let Some(state) = state {
        result["requestState"] = json!(state);
    }
    from(result)
}

/// The answer to a question; anything else counts as none.
fn answer<'a>(responses: Option<&'a InputResponses>, key: &str) -> Option<&'a Value> {
    responses?.get(key).filter(|response| response.is_object())
}

fn bad_state() -> ErrorData {
    ErrorData::invalid_params("This is not the state that was handed out.", None)
}

impl Fixtures {
    async fn log(context: &Context, text: &str) {
        let notification: ServerNotification = from(json!({"method": "notifications/message",
            "params": {"level": "info", "logger": "fixtures", "data": text}}));
        let _ = context.peer.send_notification(notification).await;
    }

    async fn call(
        &self,
        request: CallToolRequestParams,
        context: &Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let can = context.client_capabilities().unwrap_or_default();
        Ok(match &*request.name {
            "test_simple_text" => said("This is a simple text response for testing."),
            "test_image_content" => content(&json!([image()])),
            "test_audio_content" => content(&json!([{"type": "audio", "data": WAV, "mimeType": "audio/wav"}])),
            "test_embedded_resource" => content(&json!([resource(
                "test://embedded-resource",
                "text/plain",
                "This is an embedded resource content."
            )])),
            "test_multiple_content_types" => content(&json!([
                {"type": "text", "text": "Multiple content types test:"},
                image(),
                resource("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
            ])),
            "test_error_handling" => from::<CallToolResult>(json!({"resultType": "complete", "isError": true,
                "content": [{"type": "text", "text": "This tool intentionally returns an error for testing"}]}))
            .into(),
            "test_tool_with_logging" => {
                for text in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
                    Self::log(context, text).await;
                }
                said("Logged.")
            }
            "test_logging_tool" => {
                if context.meta.log_level().is_some() {
                    Self::log(context, "As asked.").await;
                }
                said("Logged, if that was asked for.")
            }
            "test_tool_with_progress" => {
                if let Some(token) = context.meta.get_progress_token() {
                    for progress in [0, 50, 100] {
                        let notification: ServerNotification = from(json!({"method": "notifications/progress",
                            "params": {"progressToken": token, "progress": progress, "total": 100}}));
                        let _ = context.peer.send_notification(notification).await;
                    }
                }
                said("Done.")
            }
            "test_missing_capability" => {
                if can.sampling.is_none() {
                    let needed = from(json!({"sampling": {}}));
                    return Err(ErrorData::missing_required_client_capability(needed));
                }
                said("The client samples.")
            }
            "test_trigger_tool_change" | "test_trigger_prompt_change" => {
                let listeners = self.listeners.lock().unwrap().clone();
                for listener in listeners {
                    // A listener that did not ask for this, or has left, gets nothing.
                    let _ = if request.name.contains("tool") {
                        listener.notify_tool_list_changed().await
                    } else {
                        listener.notify_prompt_list_changed().await
                    };
                }
                said("Told.")
            }
            "test_custom_header" => said("Taken."),
            "json_schema_2020_12_tool" => said("Nothing was wanted."),
            _ => return asking(&request, can.elicitation.is_some(), can.sampling.is_some()),
        })
    }
}

/// The tools that ask back (SEP-2322).
fn asking(
    request: &CallToolRequestParams,
    can_elicit: bool,
    can_sample: bool,
) -> Result<CallToolResponse, ErrorData> {
    let responses = request.input_responses.as_ref();
    let state = request.request_state.as_deref();
    let ok = || form("Please confirm", "ok", "boolean");
    Ok(match &*request.name {
        "test_input_required_result_elicitation" | "test_streaming_elicitation" => {
            match answer(responses, "user_name").and_then(|given| given["content"]["name"].as_str()) {
                Some(name) => said(format!("Hello, {name}!")),
                None => ask(
                    &json!({"user_name": form("What is your name?", "name", "string")}),
                    None,
                )
                .into(),
            }
        }
        "test_input_required_result_sampling" => match answer(responses, "capital_question") {
            Some(given) => said(given["content"]["text"].as_str().unwrap_or_default()),
            None => ask(
                &json!({"capital_question": sampling("What is the capital of France?")}),
                None,
            )
            .into(),
        },
        "test_input_required_result_list_roots" => match answer(responses, "client_roots") {
            Some(given) => said(given["roots"].to_string()),
            None => ask(&json!({"client_roots": roots()}), None).into(),
        },
        "test_input_required_result_request_state" | "test_input_required_result_tampered_state" => {
            match (answer(responses, "confirm"), state) {
                (Some(_), Some(ROUND_1)) => said("state-ok"),
                (_, Some(_)) => return Err(bad_state()),
                _ => ask(&json!({"confirm": ok()}), Some(ROUND_1)).into(),
            }
        }
        "test_input_required_result_multiple_inputs" => {
            let given = ["user_name", "greeting", "client_roots"].map(|key| answer(responses, key));
            match state {
                Some(ROUND_1) if given.iter().all(Option::is_some) => said("All three came."),
                Some(state) if state != ROUND_1 => return Err(bad_state()),
                _ => {
                    let questions = json!({"user_name": form("What is your name?", "name", "string"),
                        "greeting": sampling("Generate a greeting"), "client_roots": roots()});
                    ask(&questions, Some(ROUND_1)).into()
                }
            }
        }
        "test_input_required_result_multi_round" => match state {
            None => ask(
                &json!({"step1": form("Step 1: What is your name?", "name", "string")}),
                Some(ROUND_1),
            )
            .into(),
            Some(ROUND_1) if answer(responses, "step1").is_some() => {
                let question = form("Step 2: What is your favorite color?", "color", "string");
                ask(&json!({"step2": question}), Some(ROUND_2)).into()
            }
            Some(ROUND_2) if answer(responses, "step2").is_some() => said("Both came."),
            Some(_) => return Err(bad_state()),
        },
        "test_input_required_result_capabilities" => {
            let mut questions = json!({});
            if can_elicit {
                questions["user_name"] = form("What is your name?", "name", "string");
            }
            if can_sample {
                questions["greeting"] = sampling("Generate a greeting");
            }
            ask(&questions, None).into()
        }
        _ => return Err(ErrorData::invalid_params("There is no tool of this name.", None)),
    })
}

impl ServerHandler for Fixtures {
    fn get_info(&self) -> ServerConfig {
        from(json!({
            "protocolVersion": "2025-11-25",
            "serverInfo": {"name": "fixtures", "version": "1.0.0"},
            "capabilities": {
                "completions": {}, "logging": {},
                "prompts": {"listChanged": true},
                "resources": {"subscribe": true},
                "tools": {"listChanged": true},
            },
        }))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(
            tools().into_iter().map(from).collect(),
        ))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools().into_iter().find(|tool| tool["name"] == name).map(from)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        self.call(request, &context).await
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        let entry = |uri: &str, name: &str, kind: &str| json!({"uri": uri, "name": name, "description": name, "mimeType": kind});
        let resources = [
            entry("test://static-text", "A text", "text/plain"),
            entry("test://static-binary", "An image", "image/png"),
            entry(
                "test://watched-resource",
                "A text that may be watched",
                "text/plain",
            ),
        ];
        Ok(ListResourcesResult::with_all_items(
            resources.into_iter().map(from).collect(),
        ))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = json!({"uriTemplate": "test://template/{id}/data", "name": "A template",
            "description": "Answers with its id.", "mimeType": "application/json"});
        Ok(ListResourceTemplatesResult::with_all_items(vec![from(template)]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.as_str();
        let template = uri
            .strip_prefix("test://template/")
            .and_then(|rest| rest.strip_suffix("/data"));
        let contents = match (uri, template) {
            ("test://static-text", _) => json!({"uri": uri, "mimeType": "text/plain",
                "text": "This is the content of the static text resource."}),
            ("test://watched-resource", _) => {
                json!({"uri": uri, "mimeType": "text/plain", "text": "It stands still."})
            }
            ("test://static-binary", _) => json!({"uri": uri, "mimeType": "image/png", "blob": PNG}),
            (_, Some(id)) => json!({"uri": uri, "mimeType": "application/json",
                "text": json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")}).to_string()}),
            _ => {
                return Err(ErrorData::resource_not_found(
                    "Resource not found",
                    Some(json!({"uri": uri})),
                ));
            }
        };
        Ok(from::<ReadResourceResult>(json!({"resultType": "complete", "contents": [contents]})).into())
    }

    async fn subscribe(&self, _: SubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let sink = context.sink().clone();
        self.listeners.lock().unwrap().push(sink.clone());
        context.cancelled().await;
        self.listeners
            .lock()
            .unwrap()
            .retain(|other| other.id() != sink.id());
        Ok(())
    }

    async fn set_level(&self, _: SetLevelRequestParams, context: Context) -> Result<(), ErrorData> {
        // Since 2026-07-28 each request gives its own level.
        if context.meta.protocol_version().is_some() {
            return Err(ErrorData::method_not_found::<SetLevelRequestMethod>());
        }
        Ok(())
    }

    async fn complete(&self, _: CompleteRequestParams, _: Context) -> Result<CompleteResult, ErrorData> {
        Ok(from(
            json!({"resultType": "complete", "completion": {"values": ["test"], "total": 1, "hasMore": false}}),
        ))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        let argument =
            |name: &str| json!({"name": name, "description": "Stands in the prompt.", "required": true});
        let prompts = [
            json!({"name": "test_simple_prompt", "description": "A sentence."}),
            json!({"name": "test_prompt_with_arguments", "description": "A sentence with two words of yours.",
                "arguments": [argument("arg1"), argument("arg2")]}),
            json!({"name": "test_prompt_with_embedded_resource", "description": "A sentence about a resource.",
                "arguments": [argument("resourceUri")]}),
            json!({"name": "test_prompt_with_image", "description": "A sentence about an image."}),
            json!({"name": "test_input_required_result_prompt", "description": "Asks first."}),
        ];
        Ok(ListPromptsResult::with_all_items(
            prompts.into_iter().map(from).collect(),
        ))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        let argument = |name: &str| {
            let arguments = request.arguments.as_ref();
            arguments
                .and_then(|given| given.get(name)?.as_str())
                .unwrap_or_default()
        };
        let text = |text: String| json!({"type": "text", "text": text});
        let parts = match &*request.name {
            "test_simple_prompt" => vec![text("This is a simple prompt for testing.".to_owned())],
            "test_prompt_with_arguments" => vec![text(format!(
                "Prompt with arguments: arg1='{}', arg2='{}'",
                argument("arg1"),
                argument("arg2")
            ))],
            "test_prompt_with_embedded_resource" => vec![
                resource(
                    argument("resourceUri"),
                    "text/plain",
                    "Embedded resource content for testing.",
                ),
                text("Please process the embedded resource above.".to_owned()),
            ],
            "test_prompt_with_image" => vec![image(), text("Please analyze the image above.".to_owned())],
            "test_input_required_result_prompt" => {
                let responses = request.input_responses.as_ref();
                let Some(given) = answer(responses, "user_context") else {
                    let question = form("What context should the prompt use?", "context", "string");
                    return Ok(ask(&json!({"user_context": question}), None).into());
                };
                vec![text(given["content"]["context"].to_string())]
            }
            _ => {
                return Err(ErrorData::invalid_params(
                    "There is no prompt of this name.",
                    None,
                ));
            }
        };
        let messages: Vec<Value> = parts
            .into_iter()
            .map(|part| json!({"role": "user", "content": part}))
            .collect();
        Ok(from::<GetPromptResult>(json!({"resultType": "complete", "messages": messages})).into())
    }
}
