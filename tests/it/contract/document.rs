//! The part of OpenAPI 3.0 that upstream's document uses, and what breaks it.
//!
//! A violation is a short stable sentence, the same for every example of it, so that an exception can name it.

use std::collections::BTreeMap;

use serde_json::Value;

/// The document that an exchange is checked against.
pub struct Document {
    root: Value,
    operations: Vec<Operation>,
}

/// One method of one path.
pub struct Operation {
    /// Such as `GET`.
    pub method: String,
    /// As the document writes it, such as `/api/v1/athlete/{id}/events{format}`.
    pub path: String,
    pattern: Vec<Segment>,
    body: Value,
}

/// A segment of a path: literal text, then perhaps a parameter.
struct Segment {
    literal: String,
    parameter: bool,
}

impl Segment {
    fn read(text: &str) -> Self {
        let (literal, rest) = text.split_once('{').unwrap_or((text, ""));
        Self {
            literal: literal.to_owned(),
            parameter: !rest.is_empty(),
        }
    }

    /// `events{format}` is `events`, or `events` followed by a dot and something.
    fn fits(&self, text: &str) -> bool {
        match (self.literal.is_empty(), self.parameter) {
            (_, false) => text == self.literal,
            (true, true) => !text.is_empty(),
            (false, true) => text
                .strip_prefix(&self.literal)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
        }
    }
}

/// Violations, each with its first example.
#[derive(Default)]
pub struct Found(pub BTreeMap<String, String>);

impl Found {
    fn add(&mut self, what: String, example: &str) {
        let mut example = example.to_owned();
        example.truncate(example.floor_char_boundary(300));
        self.0.entry(what).or_insert(example);
    }
}

impl Document {
    pub fn read(text: &str) -> Self {
        let root: Value = serde_json::from_str(text).unwrap();
        let paths = root["paths"].as_object().expect("paths");
        let operations = paths
            .iter()
            .flat_map(|(path, methods)| {
                methods
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(move |(method, body)| Operation {
                        method: method.to_ascii_uppercase(),
                        path: path.clone(),
                        pattern: path.split('/').map(Segment::read).collect(),
                        body: body.clone(),
                    })
            })
            .collect();
        Self { root, operations }
    }

    /// All of them.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation of a request: of several that fit, the one with the most literal text.
    pub fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        let asked: Vec<&str> = path.split('/').collect();
        self.operations
            .iter()
            .filter(|operation| {
                operation.method == method
                    && operation.pattern.len() == asked.len()
                    && operation
                        .pattern
                        .iter()
                        .zip(&asked)
                        .all(|(segment, text)| segment.fits(text))
            })
            .max_by_key(|operation| {
                operation
                    .pattern
                    .iter()
                    .map(|segment| segment.literal.len())
                    .sum::<usize>()
            })
    }

    /// Checks the query: names that are known, values of their type, nothing missing.
    pub fn check_query(&self, operation: &Operation, query: &str, found: &mut Found) {
        let name = operation.name();
        let given: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        for (key, value) in &given {
            let Some(parameter) = operation
                .query_parameters()
                .find(|known| known["name"] == key.as_str())
            else {
                found.add(format!("{name}: unknown parameter {key}"), query);
                continue;
            };
            let schema = self.resolved(&parameter["schema"]);
            let one = |schema: &Value, text: &str| match schema["type"].as_str() {
                Some("integer") => text.parse::<i64>().is_ok(),
                Some("number") => text.parse::<f64>().is_ok_and(f64::is_finite),
                Some("boolean") => matches!(text, "true" | "false"),
                _ => schema["enum"]
                    .as_array()
                    .is_none_or(|words| words.iter().any(|word| word == text)),
            };
            let fits = if schema["type"] == "array" {
                let items = self.resolved(&schema["items"]);
                value.split(',').all(|text| one(items, text))
            } else {
                one(schema, value)
            };
            if !fits {
                found.add(format!("{name}: parameter {key} is not of its type"), query);
            }
        }
        for parameter in operation.query_parameters() {
            let key = parameter["name"].as_str().unwrap_or_default();
            if parameter["required"] == true && !given.iter().any(|(name, _)| name == key) {
                found.add(format!("{name}: parameter {key} is missing"), query);
            }
        }
    }

    /// Checks what was sent.
    pub fn check_sent(&self, operation: &Operation, kind: Option<&str>, sent: &[u8], found: &mut Found) {
        let name = operation.name();
        let content = &operation.body["requestBody"]["content"];
        if content.is_null() {
            if !sent.is_empty() {
                found.add(format!("{name}: a body that none asks for"), "");
            }
            return;
        }
        let media = kind.unwrap_or_default().split(';').next().unwrap_or_default();
        let Some(schema) = content.get(media).map(|content| &content["schema"]) else {
            found.add(format!("{name}: body of type {media}"), "");
            return;
        };
        self.check_json(&name, schema, sent, found);
    }

    /// Checks a good answer. Errors have no schemas in the document.
    pub fn check_answered(
        &self,
        operation: &Operation,
        status: u16,
        kind: Option<&str>,
        answered: &[u8],
        found: &mut Found,
    ) {
        let name = operation.name();
        let responses = &operation.body["responses"];
        let Some(response) = responses
            .get(status.to_string())
            .or_else(|| responses.get("default"))
        else {
            found.add(format!("{name}: status {status}"), "");
            return;
        };
        match response["content"].get("*/*") {
            None if answered.is_empty() => {}
            None => found.add(format!("{name}: an answer that is not described"), ""),
            Some(_) if kind.is_none_or(|kind| !kind.starts_with("application/json")) => {
                found.add(format!("{name}: answer of type {}", kind.unwrap_or("none")), "");
            }
            Some(content) => self.check_json(&name, &content["schema"], answered, found),
        }
    }

    fn check_json(&self, name: &str, schema: &Value, text: &[u8], found: &mut Found) {
        match serde_json::from_slice::<Value>(text) {
            Ok(value) => self.check(name, schema, &value, found),
            Err(_) => found.add(format!("{name}: not JSON"), &String::from_utf8_lossy(text)),
        }
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match named(schema) {
            Some(name) => &self.root["components"]["schemas"][name],
            None => schema,
        }
    }

    /// `at` names the place by the nearest schema that has a name. null counts as absent.
    fn check(&self, at: &str, schema: &Value, value: &Value, found: &mut Found) {
        if value.is_null() {
            return;
        }
        let at = named(schema).unwrap_or(at);
        let schema = self.resolved(schema);
        let wanted = schema["type"].as_str().unwrap_or("any");
        let fits = match wanted {
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => true,
        };
        if !fits {
            found.add(format!("{at}: not {wanted}"), &value.to_string());
            return;
        }
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            found.add(format!("{at}: not one of its words"), &value.to_string());
        }
        if schema["format"] == "date-time"
            && value
                .as_str()
                .is_none_or(|text| chrono::DateTime::parse_from_rfc3339(text).is_err())
        {
            found.add(format!("{at}: not a date with its time"), &value.to_string());
        }
        for item in value.as_array().into_iter().flatten() {
            self.check(&format!("{at}[]"), &schema["items"], item, found);
        }
        let known = schema["properties"].as_object();
        for (key, value) in value.as_object().into_iter().flatten() {
            let inner = format!("{at}.{key}");
            match known.and_then(|known| known.get(key)) {
                Some(schema) => self.check(&inner, schema, value, found),
                None if value.is_null() => {}
                None if schema["additionalProperties"].is_object() => {
                    // A map to objects without properties is Java's map to anything.
                    let inside = self.resolved(&schema["additionalProperties"]);
                    if inside["type"] != "object" || inside["properties"].is_object() {
                        self.check(&format!("{at}.*"), inside, value, found);
                    }
                }
                // An object without properties can have any shape.
                None if known.is_some() => found.add(format!("{inner}: unknown key"), &value.to_string()),
                None => {}
            }
        }
    }
}

impl Operation {
    /// Such as `GET /athlete/{id}/events{format}`.
    pub fn name(&self) -> String {
        format!(
            "{} {}",
            self.method,
            self.path.strip_prefix("/api/v1").unwrap_or(&self.path)
        )
    }

    /// What the document says about the query.
    pub fn query_parameters(&self) -> impl Iterator<Item = &Value> {
        self.body["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query")
    }
}

/// `Event` of `{"$ref": "#/components/schemas/Event"}`.
fn named(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

#[test]
fn each_violation_of_the_document_is_reported_once() {
    let document = Document::read(
        r##"{"paths": {"/api/v1/a/{id}/b{ext}": {"get": {
            "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
                {"name": "oldest", "in": "query", "required": true, "schema": {"type": "string"}},
                {"name": "secs", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}}
            ],
            "responses": {"200": {"content": {"*/*": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/B"}}}}}}
        }}, "/api/v1/a/{id}/{other}": {"get": {"responses": {"200": {}}}}},
        "components": {"schemas": {"B": {"type": "object", "properties": {
            "id": {"type": "integer"}, "at": {"type": "string", "format": "date-time"},
            "kind": {"type": "string", "enum": ["X"]}, "more": {"$ref": "#/components/schemas/B"}
        }}}}}"##,
    );
    let operation = document.operation("GET", "/api/v1/a/1/b.json").unwrap();
    assert_eq!(operation.name(), "GET /a/{id}/b{ext}");
    assert_eq!(
        document.operation("GET", "/api/v1/a/1/bc").unwrap().name(),
        "GET /a/{id}/{other}"
    );
    assert!(document.operation("POST", "/api/v1/a/1/b").is_none());
    assert!(document.operation("GET", "/api/v1/a/1").is_none());
    let mut found = Found::default();
    document.check_query(operation, "secs=5,60&x=1", &mut found);
    document.check_query(operation, "oldest=a&secs=5,b", &mut found);
    let body = r#"[{"id": null}, {"id": 1.5, "at": "2026-11-21", "kind": "Y", "more": {"new": 1, "id": "1"}}, {"more": {"new": 2}}]"#;
    let json = Some("application/json");
    document.check_answered(operation, 200, json, body.as_bytes(), &mut found);
    document.check_answered(operation, 201, json, b"[]", &mut found);
    let names: Vec<&str> = found.0.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "B.at: not a date with its time",
            "B.id: not integer",
            "B.kind: not one of its words",
            "B.new: unknown key",
            "GET /a/{id}/b{ext}: parameter oldest is missing",
            "GET /a/{id}/b{ext}: parameter secs is not of its type",
            "GET /a/{id}/b{ext}: status 201",
            "GET /a/{id}/b{ext}: unknown parameter x",
        ]
    );
}
