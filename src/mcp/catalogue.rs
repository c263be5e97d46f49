//! The list of tools as clients see it, built and checked once at start.
//!
//! The tools themselves are in [`crate::tools`]. There are two lists: an athlete's, and a coach's, which begins with the
//! roster's tools and gives every other tool an `athlete` argument. Connectors differ only in which entries they list: texts
//! and order never change, because clients cache a list for a long time. A coach's list does not depend on grants: each call
//! checks those.

use std::sync::Arc;

use rmcp::model;
use serde_json::{Map, Value};

use crate::{
    guard::offer::Offer,
    permissions::Access,
    tools::{
        ROSTER, RosterTool, Run, Tool,
        params::{self, ATHLETE, ATHLETES, FROM, Param},
    },
};

/// Most bytes of a description or of the instructions: some clients cut longer texts.
const TEXT_LIMIT: usize = 2048;

/// The tools in order, and their entries in both lists.
#[derive(Clone)]
pub(crate) struct Catalogue {
    tools: &'static [Tool],
    list: Arc<[model::Tool]>,
    /// The entries of the roster's tools.
    roster: Arc<[model::Tool]>,
    /// [`Self::list`], each entry with the `athlete` argument.
    for_coaches: Arc<[model::Tool]>,
}

/// The tool that a call names.
#[derive(Clone, Copy)]
pub(super) enum Called {
    /// A tool for one athlete's data.
    One(&'static Tool),
    /// A tool of the roster.
    Roster(&'static RosterTool),
}

impl Called {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::One(tool) => tool.name(),
            Self::Roster(tool) => tool.name,
        }
    }

    pub(super) fn access(self) -> Access {
        match self {
            Self::One(tool) => tool.permission.access,
            // They change only the selection.
            Self::Roster(_) => Access::Read,
        }
    }
}

/// A tool that some client would reject, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tool {tool} cannot be listed: {why}")]
pub(crate) struct Broken {
    /// Its name.
    pub tool: String,
    /// What is wrong.
    pub why: String,
}

impl Catalogue {
    /// Builds the lists. Fails with the first tool that breaks a rule of some client.
    pub(crate) fn new(tools: &'static [Tool]) -> Result<Self, Broken> {
        let all = tools
            .iter()
            .map(|tool| {
                (
                    tool.name(),
                    tool.permission.title,
                    tool.description,
                    tool.schema(),
                )
            })
            .chain(
                ROSTER
                    .iter()
                    .map(|tool| (tool.name, tool.title, tool.description, tool.schema())),
            );
        let mut names = Vec::new();
        for (name, title, description, schema) in all {
            let broken = |why: String| Broken {
                tool: name.to_owned(),
                why,
            };
            check(name, title, description, &schema).map_err(broken)?;
            if names.contains(&name) {
                return Err(broken("two tools have its name".to_owned()));
            }
            names.push(name);
        }
        if let Some(tool) = tools
            .iter()
            .find(|tool| tool.run.access() != tool.permission.access)
        {
            return Err(Broken {
                tool: tool.name().to_owned(),
                why: "it reads or writes differently from its permission".to_owned(),
            });
        }
        for tool in tools {
            let added = of_coaches(tool);
            let is_added = |param: &&Param| added.iter().any(|added| added.name == param.name);
            if let Some(param) = tool.params.iter().find(is_added) {
                return Err(Broken {
                    tool: tool.name().to_owned(),
                    why: format!(
                        "it declares the argument {}, which a coach's list adds",
                        param.name
                    ),
                });
            }
        }
        Ok(Self {
            tools,
            list: tools.iter().map(|tool| entry(tool, tool.schema())).collect(),
            roster: ROSTER.iter().map(entry_of_roster).collect(),
            for_coaches: tools
                .iter()
                .map(|tool| entry(tool, schema_for_coaches(tool)))
                .collect(),
        })
    }

    /// The tool with this name.
    pub(super) fn called(&self, name: &str) -> Option<Called> {
        let one = self.tools.iter().find(|tool| tool.name() == name);
        let of_roster = || ROSTER.iter().find(|tool| tool.name == name);
        one.map(Called::One).or_else(|| of_roster().map(Called::Roster))
    }

    /// The entry of the tool with this name.
    pub(crate) fn entry(&self, name: &str) -> Option<&model::Tool> {
        self.list
            .iter()
            .chain(&*self.roster)
            .find(|entry| entry.name == name)
    }

    /// The entries that an athlete's connector offers, in the order of the whole list.
    pub(crate) fn offered(&self, offer: &Offer) -> Vec<model::Tool> {
        self.left(offer, &self.list).collect()
    }

    /// The entries that a coach's connector offers: the roster's tools, then those of the others that its URL leaves.
    pub(crate) fn offered_to_coach(&self, offer: &Offer) -> Vec<model::Tool> {
        let roster = self.roster.iter().cloned();
        roster.chain(self.left(offer, &self.for_coaches)).collect()
    }

    fn left(&self, offer: &Offer, list: &[model::Tool]) -> impl Iterator<Item = model::Tool> {
        let both = self.tools.iter().zip(list);
        both.filter(|(tool, _)| offer.lacks(tool.permission).is_none())
            .map(|(_, entry)| entry.clone())
    }
}

/// What a coach's list adds to a tool, to name the athletes.
const fn of_coaches(tool: &Tool) -> &'static [Param] {
    match tool.run {
        Run::Say(_) => &[],
        Run::Read(_) | Run::ReadChanges(_) | Run::ReadLinks(_) | Run::Write(_) => &[ATHLETE],
        Run::WriteEach(_) => &[ATHLETE, ATHLETES],
        Run::WriteFrom(_) => &[ATHLETE, ATHLETES, FROM],
    }
}

/// A tool's schema with what names the athletes.
fn schema_for_coaches(tool: &Tool) -> Map<String, Value> {
    let params: Vec<Param> = tool.params.iter().chain(of_coaches(tool)).copied().collect();
    params::schema(&params)
}

/// A tool's entry. Each hint is explicit, because the protocol's defaults would be wrong.
fn entry(tool: &Tool, schema: Map<String, Value>) -> model::Tool {
    let title = tool.permission.title;
    model::Tool::new(tool.name(), tool.description, schema)
        .with_title(title)
        .with_annotations(hints(title, tool.permission.access == Access::Read))
}

/// The same for a tool of the roster. Selecting an athlete changes no one's data.
fn entry_of_roster(tool: &RosterTool) -> model::Tool {
    model::Tool::new(tool.name, tool.description, tool.schema())
        .with_title(tool.title)
        .with_annotations(hints(tool.title, true))
}

fn hints(title: &str, reads: bool) -> model::ToolAnnotations {
    model::ToolAnnotations::with_title(title)
        .read_only(reads)
        .destructive(!reads)
        .idempotent(reads)
        // Accounts of known athletes, not the open web.
        .open_world(false)
}

fn check(name: &str, title: &str, description: &str, schema: &Map<String, Value>) -> Result<(), String> {
    let name_fits = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !name_fits {
        return Err("a name is 1 to 64 of a-z, 0-9 and _".to_owned());
    }
    if title.is_empty() || description.is_empty() {
        return Err("it has no title or no description".to_owned());
    }
    if description.len() > TEXT_LIMIT {
        return Err(format!("its description is longer than {TEXT_LIMIT} bytes"));
    }
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err("its schema is not of type object".to_owned());
    }
    if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err("its schema allows unknown arguments".to_owned());
    }
    for key in ["anyOf", "oneOf", "allOf", "not", "if"] {
        if schema.contains_key(key) {
            return Err(format!(
                "its schema has {key} at the top, for which some clients reject the whole list"
            ));
        }
    }
    portable(schema)
}

/// Allows only what every client's validator and every model provider understands.
fn portable(schema: &Map<String, Value>) -> Result<(), String> {
    for (key, value) in schema {
        match key.as_str() {
            "$ref" | "$defs" | "$schema" | "$id" | "definitions" | "format" | "title" | "nullable" => {
                return Err(format!("its schema uses {key}"));
            }
            "type" if !value.is_string() => return Err("its schema has a union of types".to_owned()),
            "type" if value == "null" => return Err("its schema has the type null".to_owned()),
            "enum"
                if value
                    .as_array()
                    .is_some_and(|values| values.contains(&Value::Null)) =>
            {
                return Err("its schema has null in an enum".to_owned());
            }
            "properties" => {
                for (name, property) in value.as_object().into_iter().flatten() {
                    let fits = (1..=64).contains(&name.len())
                        && name
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
                    if !fits {
                        return Err(format!("its schema has a property named {name:?}"));
                    }
                    if let Value::Object(property) = property {
                        portable(property)?;
                    }
                }
            }
            // Data, not schema.
            "default" | "const" | "examples" | "enum" => {}
            _ => nested(value)?,
        }
    }
    Ok(())
}

fn nested(value: &Value) -> Result<(), String> {
    match value {
        Value::Object(schema) => portable(schema),
        Value::Array(schemas) => schemas.iter().try_for_each(nested),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        guard::offer::Narrow,
        permissions::{Group, OFF_AT_FIRST, Permission},
        tools::{CATALOGUE, Run},
    };

    fn tool(name: &'static str, params: &'static [Param]) -> Tool {
        let permission = Permission {
            name,
            title: "T",
            group: Group::Profile,
            access: Access::Read,
            needs: &[],
            lets: "L",
        };
        Tool {
            permission: Box::leak(Box::new(permission)),
            description: "D",
            params,
            requests: "none",
            run: Run::Read(|_, _| Box::pin(async { unreachable!("never called") })),
        }
    }

    fn refused(schema: fn() -> Map<String, Value>) -> String {
        check("x", "T", "D", &schema()).err().unwrap_or_default()
    }

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn every_client_can_list_every_tool() {
        let catalogue = Catalogue::new(CATALOGUE).unwrap();
        assert_eq!(catalogue.list.len(), CATALOGUE.len());
        for (entry, tool) in catalogue.list.iter().zip(CATALOGUE) {
            let hints = entry.annotations.as_ref().unwrap();
            assert_eq!(
                (entry.name.as_ref(), entry.title.as_deref()),
                (tool.name(), Some(tool.permission.title))
            );
            assert_eq!(hints.title.as_deref(), Some(tool.permission.title));
            assert_eq!(hints.read_only_hint, Some(tool.permission.access == Access::Read));
            assert!(
                hints.destructive_hint.is_some()
                    && hints.idempotent_hint.is_some()
                    && hints.open_world_hint.is_some()
            );
            assert!(entry.output_schema.is_none());
        }
    }

    #[test]
    fn a_coachs_list_is_the_rosters_tools_and_the_others_with_one_more_argument() {
        let catalogue = Catalogue::new(CATALOGUE).unwrap();
        let coachs = catalogue.offered_to_coach(&Offer::default());
        let names: Vec<&str> = coachs.iter().map(|entry| entry.name.as_ref()).collect();
        let wanted = ROSTER
            .iter()
            .map(|tool| tool.name)
            .chain(CATALOGUE.iter().map(Tool::name));
        assert_eq!(names, wanted.collect::<Vec<_>>());
        for (entry, own) in coachs[ROSTER.len()..].iter().zip(&*catalogue.list) {
            let mut schema = (*entry.input_schema).clone();
            let properties = schema["properties"].as_object_mut().unwrap();
            let is_from = matches!(
                catalogue.called(&entry.name),
                Some(Called::One(Tool {
                    run: Run::WriteFrom(_),
                    ..
                }))
            );
            let added = [ATHLETE.name, ATHLETES.name, FROM.name].map(|name| {
                if name == FROM.name && !is_from {
                    return None;
                }
                let added = properties.remove(name)?;
                Some(added["type"].as_str().unwrap().to_owned())
            });
            let (one, several) = (Some("string".to_owned()), Some("array".to_owned()));
            let expected = match catalogue.called(&entry.name) {
                Some(Called::One(Tool { run: Run::Say(_), .. })) => [None, None, None],
                Some(Called::One(Tool {
                    run: Run::WriteEach(_),
                    ..
                })) => [one, several, None],
                Some(Called::One(Tool {
                    run: Run::WriteFrom(_),
                    ..
                })) => [one.clone(), several, one],
                _ => [one, None, None],
            };
            assert_eq!(added, expected, "{}", entry.name);
            assert_eq!(
                (&schema, &entry.description),
                (&*own.input_schema, &own.description)
            );
            assert!(own.input_schema["properties"].get(ATHLETE.name).is_none());
        }
        let narrow = Narrow::parse(Some("tools=wellness&readonly=1")).unwrap();
        let left = catalogue.offered_to_coach(&Offer::new(Vec::new(), narrow));
        // get_wellness and list_changes.
        assert_eq!(left.len(), ROSTER.len() + 2);
        for entry in &coachs[..ROSTER.len()] {
            let hints = entry.annotations.as_ref().unwrap();
            assert_eq!(
                (hints.read_only_hint, hints.idempotent_hint),
                (Some(true), Some(true))
            );
        }
        insta::assert_snapshot!(serde_json::to_string_pretty(&coachs).unwrap());
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "the gate's log shows what the list costs")]
    fn a_coachs_list_keeps_its_budget() {
        let tokenizer = tiktoken_rs::o200k_base().unwrap();
        let catalogue = Catalogue::new(CATALOGUE).unwrap();
        let tokens = |offer: &Offer| -> usize {
            let list = catalogue.offered_to_coach(offer);
            let tokens = list.iter().map(|entry| {
                let (name, description, schema) = (&entry.name, &entry.description, &entry.input_schema);
                let listed = json!({"name": name, "description": description, "inputSchema": schema});
                tokenizer.encode_ordinary(&listed.to_string()).len()
            });
            tokens.sum()
        };
        let first = Offer::new(OFF_AT_FIRST.map(str::to_owned).to_vec(), Narrow::default());
        let (sum, all) = (tokens(&first), tokens(&Offer::default()));
        println!("a coach's list: {sum} tokens; with every group on {all}");
        assert!(sum <= 7000 && all <= 10_500, "{sum}, {all}");
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "the gate's log shows what they cost")]
    fn arguments_that_few_questions_need_keep_their_budget() {
        let tokenizer = tiktoken_rs::o200k_base().unwrap();
        let catalogue = Catalogue::new(CATALOGUE).unwrap();
        let tokens = [
            ("get_training_history", "sort"),
            ("get_training_history", "min_time"),
            ("get_training_summary", "compare"),
            ("get_wellness", "step"),
            ("get_wellness", "query"),
            ("get_events", "query"),
        ]
        .map(|(tool, argument)| {
            let entry = catalogue.list.iter().find(|entry| entry.name == tool).unwrap();
            let schema = &entry.input_schema["properties"][argument];
            assert!(schema.is_object(), "{tool} {argument}");
            tokenizer
                .encode_ordinary(&format!("\"{argument}\":{schema},"))
                .len()
        });
        let sum: usize = tokens.iter().sum();
        println!("arguments that few questions need: {tokens:?}, {sum} tokens");
        assert!(sum <= 200, "{sum}");
    }

    #[test]
    fn what_breaks_a_client_is_refused_at_start() {
        let fine = || {
            object(
                &json!({"type": "object", "additionalProperties": false, "properties":
                {"title": {"type": "string", "description": "a property may be called title", "default": null},
                 "days": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}}}),
            )
        };
        assert_eq!(refused(fine), "");
        let not_object = || object(&json!({"type": "string"}));
        let open = || object(&json!({"type": "object"}));
        let top = || object(&json!({"type": "object", "additionalProperties": false, "anyOf": []}));
        let reference = || {
            object(
                &json!({"type": "object", "additionalProperties": false, "properties": {"a": {"$ref": "#/x"}}}),
            )
        };
        let union = || {
            object(&json!({"type": "object", "additionalProperties": false,
                "properties": {"a": {"type": ["number", "null"]}}}))
        };
        let deep = || {
            object(&json!({"type": "object", "additionalProperties": false,
                "properties": {"a": {"type": "array", "items": {"anyOf": [{"type": "null"}]}}}}))
        };
        let format = || {
            object(&json!({"type": "object", "additionalProperties": false,
                "properties": {"a": {"type": "string", "format": "date"}}}))
        };
        let name = || {
            object(
                &json!({"type": "object", "additionalProperties": false, "properties": {"a b": {"type": "string"}}}),
            )
        };
        for (schema, why) in [
            (not_object as fn() -> _, "not of type object"),
            (open, "unknown arguments"),
            (top, "anyOf at the top"),
            (reference, "uses $ref"),
            (union, "union of types"),
            (deep, "type null"),
            (format, "uses format"),
            (name, "property named"),
        ] {
            assert!(refused(schema).contains(why), "{why}: {:?}", refused(schema));
        }
        let twice: &'static [Tool] = Box::leak(Box::new([tool("x", &[]), tool("x", &[])]));
        assert!(Catalogue::new(twice).is_err());
        let own: &'static [Tool] = Box::leak(Box::new([tool("x", &[ATHLETE])]));
        let why = Catalogue::new(own).err().map(|broken| broken.why);
        assert!(why.is_some_and(|why| why.contains("argument athlete")));
        let taken: &'static [Tool] = Box::leak(Box::new([tool("list_athletes", &[])]));
        assert!(Catalogue::new(taken).is_err(), "the roster's names are taken");
        let write = Tool {
            run: Run::Write(|_, _| Box::pin(async { unreachable!("never called") })),
            ..tool("x", &[])
        };
        let granted_as_read: &'static [Tool] = Box::leak(Box::new([write]));
        assert!(Catalogue::new(granted_as_read).is_err());
        let loud: &'static [Tool] = Box::leak(Box::new([tool("Get-X", &[])]));
        assert!(Catalogue::new(loud).is_err());
    }
}
