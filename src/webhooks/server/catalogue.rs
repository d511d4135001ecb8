//! The catalogue of what can be told: for each kind a JSON schema and a sample, made from its fields.

use crate::{
    platform::events,
    shared::event::{EventKind, Field, FieldKind},
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

/// The shape of a kind, as JSON Schema.
pub fn schema(kind: EventKind) -> Value {
    let properties: Map<String, Value> = kind.fields().iter().map(|field| (field.name.to_owned(), shape(field))).collect();
    let required: Vec<&str> = kind.fields().iter().map(|field| field.name).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind,
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": { "const": kind },
            "timestamp": { "type": "string", "format": "date-time" },
            "data": { "type": "object", "required": required, "properties": properties },
        },
    })
}

fn shape(field: &Field) -> Value {
    let text = match field.kind {
        FieldKind::Id(prefix) => json!({ "type": "string", "pattern": format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$") }),
        FieldKind::Word(words) => json!({ "type": "string", "enum": words }),
        FieldKind::Whole => json!({ "type": "integer" }),
    };
    if field.is_nullable { json!({ "anyOf": [text, { "type": "null" }] }) } else { text }
}

/// `data` as it might be: of nothing that exists.
pub fn sample_data(kind: EventKind) -> Value {
    let value = |field: &Field| match field.kind {
        FieldKind::Id(prefix) => format!("{prefix}_01kb3q9zw4e5d6f7g8h9jkmnpq").into(),
        FieldKind::Word(words) => words.first().copied().unwrap_or_default().into(),
        FieldKind::Whole => 1.into(),
    };
    Value::Object(kind.fields().iter().map(|field| (field.name.to_owned(), value(field))).collect())
}

/// A whole sample, as it would be sent.
pub fn sample(kind: EventKind) -> Value {
    let at = DateTime::<Utc>::from_timestamp(1_796_000_000, 0).unwrap_or_default();
    serde_json::from_str(&events::body(kind, at, &sample_data(kind))).unwrap_or_default()
}
