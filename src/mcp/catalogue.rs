//! The list of tools as clients see it, built and checked once at start.
//!
//! What a tool is stands in [`crate::tools`]. What differs from one connector to another is only which entries are in its
//! list: their texts and their order never change, because clients keep a list for long.

use std::sync::Arc;

use rmcp::model;
use serde_json::{Map, Value};

use crate::{
    guard::offer::Offer,
    tools::{Access, Tool},
};

/// Bytes of a description or of the instructions; some clients cut there.
const TEXT_LIMIT: usize = 2048;

/// The tools, in order, with their entries in the list.
#[derive(Clone)]
pub struct Catalogue {
    tools: &'static [Tool],
    list: Arc<[model::Tool]>,
}

/// A tool that some client would not take, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tool {tool} cannot be listed: {why}")]
pub struct Broken {
    /// Its name.
    pub tool: String,
    /// What is wrong.
    pub why: String,
}

impl Catalogue {
    /// Builds the list, or names the first tool that breaks a rule which some client depends on.
    pub fn new(tools: &'static [Tool]) -> Result<Self, Broken> {
        for (at, tool) in tools.iter().enumerate() {
            let broken = |why: String| Broken {
                tool: tool.name.to_owned(),
                why,
            };
            check(tool).map_err(broken)?;
            if tools[..at].iter().any(|earlier| earlier.name == tool.name) {
                return Err(broken("its name stands twice".to_owned()));
            }
        }
        Ok(Self {
            tools,
            list: tools.iter().map(entry).collect(),
        })
    }

    /// The tool with this name.
    pub fn tool(&self, name: &str) -> Option<&'static Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// The entry of the tool with this name.
    pub fn entry(&self, name: &str) -> Option<&model::Tool> {
        self.list.iter().find(|entry| entry.name == name)
    }

    /// All entries, always in the same order.
    pub fn list(&self) -> &[model::Tool] {
        &self.list
    }

    /// The entries of what a connector offers, in the order of all.
    pub fn offered(&self, offer: &Offer) -> Vec<model::Tool> {
        self.tools
            .iter()
            .zip(&*self.list)
            .filter(|(tool, _)| offer.lacks(tool).is_none())
            .map(|(_, entry)| entry.clone())
            .collect()
    }
}

/// What clients are told of a tool: each hint is stated, because their defaults differ from what is true.
fn entry(tool: &Tool) -> model::Tool {
    let reads = tool.access == Access::Read;
    let annotations = model::ToolAnnotations::with_title(tool.title)
        .read_only(reads)
        .destructive(!reads)
        .idempotent(reads)
        // One athlete's own account, not the open web.
        .open_world(false);
    model::Tool::new(tool.name, tool.description, (tool.schema)())
        .with_title(tool.title)
        .with_annotations(annotations)
}

fn check(tool: &Tool) -> Result<(), String> {
    let name_fits = (1..=64).contains(&tool.name.len())
        && tool
            .name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !name_fits {
        return Err("a name is 1 to 64 of a-z, 0-9 and _".to_owned());
    }
    if tool.title.is_empty() || tool.description.is_empty() {
        return Err("it has no title or no description".to_owned());
    }
    if tool.description.len() > TEXT_LIMIT {
        return Err(format!("its description is longer than {TEXT_LIMIT} bytes"));
    }
    let schema = (tool.schema)();
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err("its schema is not of type object".to_owned());
    }
    if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err("its schema lets unknown arguments pass".to_owned());
    }
    for key in ["anyOf", "oneOf", "allOf", "not", "if"] {
        if schema.contains_key(key) {
            return Err(format!(
                "its schema has {key} at the top, for which some hosts reject the whole list"
            ));
        }
    }
    portable(&schema)
}

/// Only what every client's validator and every model's provider understand.
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
    use crate::tools::{CATALOGUE, Group};

    fn tool(name: &'static str, schema: fn() -> Map<String, Value>) -> Tool {
        Tool {
            name,
            title: "T",
            group: Group::Profile,
            access: Access::Read,
            needs: &[],
            description: "D",
            lets: "L",
            schema,
            run: |_, _| Box::pin(async { unreachable!("never called") }),
        }
    }

    fn refused(schema: fn() -> Map<String, Value>) -> String {
        let tools: &'static [Tool] = Box::leak(Box::new([tool("x", schema)]));
        Catalogue::new(tools)
            .err()
            .map(|broken| broken.why)
            .unwrap_or_default()
    }

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn every_tool_of_ours_can_be_listed_by_every_client() {
        let catalogue = Catalogue::new(CATALOGUE).unwrap();
        assert_eq!(catalogue.list().len(), CATALOGUE.len());
        for (entry, tool) in catalogue.list().iter().zip(CATALOGUE) {
            let hints = entry.annotations.as_ref().unwrap();
            assert_eq!(
                (entry.name.as_ref(), entry.title.as_deref()),
                (tool.name, Some(tool.title))
            );
            assert_eq!(hints.title.as_deref(), Some(tool.title));
            assert_eq!(hints.read_only_hint, Some(tool.access == Access::Read));
            assert!(
                hints.destructive_hint.is_some()
                    && hints.idempotent_hint.is_some()
                    && hints.open_world_hint.is_some()
            );
            assert!(entry.output_schema.is_none());
        }
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
        let twice: &'static [Tool] = Box::leak(Box::new([tool("x", fine), tool("x", fine)]));
        assert!(Catalogue::new(twice).is_err());
        let loud: &'static [Tool] = Box::leak(Box::new([tool("Get-X", fine)]));
        assert!(Catalogue::new(loud).is_err());
    }
}
