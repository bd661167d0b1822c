//! What editors need to help with a document: its shape as JSON Schema, one file for each kind.

use serde_json::{Map, Value, json};

use crate::document::Kind;
use crate::shape::{self, Field, Form};

/// The letters of a name.
const NAME: &str = "^[a-z][a-z0-9-]{0,62}$";

/// Every kind with the name of its file and the text of its schema.
pub fn schemas() -> Vec<(String, String)> {
    let file = |kind: &Kind| format!("{}.json", kind.word().to_lowercase());
    let text = |kind: &Kind| format!("{:#}\n", schema(*kind));
    Kind::ALL.iter().map(|kind| (file(kind), text(kind))).collect()
}

/// The schema of a kind.
fn schema(kind: Kind) -> Value {
    let mut whole = fields(shape::ENVELOPE);
    let properties = whole.get_mut("properties").and_then(Value::as_object_mut);
    if let Some(properties) = properties {
        properties.insert("kind".to_owned(), json!({ "const": kind.word() }));
        properties.insert("spec".to_owned(), form(shape::sketch(kind)));
    }
    let mut all = Map::new();
    all.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    all.insert("title".to_owned(), json!(kind.word()));
    all.insert("description".to_owned(), json!(kind.says().trim()));
    all.extend(whole);
    Value::Object(all)
}

fn fields(fields: &[Field]) -> Map<String, Value> {
    let property = |field: &Field| {
        let mut inner = form(field.form);
        if let Some(inner) = inner.as_object_mut() {
            inner.insert("description".to_owned(), json!(field.says));
        }
        (field.key.to_owned(), inner)
    };
    let properties: Map<String, Value> = fields.iter().map(property).collect();
    let needed: Vec<&str> = fields.iter().filter(|field| field.needed).map(|field| field.key).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !needed.is_empty() {
        schema.insert("required".to_owned(), json!(needed));
    }
    schema
}

fn form(of: Form) -> Value {
    let pattern = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match of {
        Form::Text(length_max) => json!({ "type": "string", "minLength": 1, "maxLength": length_max }),
        Form::Name => pattern(NAME),
        Form::Expression => json!({ "type": ["string", "boolean"] }),
        Form::Word(words) => json!({ "enum": words }),
        Form::Days(days_max) => {
            json!({ "type": "string", "pattern": "^[0-9]{1,4}d$", "description": format!("at most {days_max}d") })
        }
        Form::Day => pattern(r"^person\.(firstDay|lastDay)( *[-+] *[0-9]{1,4}d)?$"),
        Form::Share => pattern("^[0-9]{1,3} *%$"),
        Form::Whole(from, to) => json!({ "type": "integer", "minimum": from, "maximum": to }),
        Form::Holding => pattern("^(role/[a-z][a-z0-9-]{0,62}|[a-z][a-z0-9-]{0,62}:.+)$"),
        Form::Fields(inner) => Value::Object(fields(inner)),
        Form::List(items_max, inner) => json!({ "type": "array", "maxItems": items_max, "items": form(*inner) }),
        Form::Map(inner) => json!({ "type": "object", "additionalProperties": form(*inner) }),
        Form::Either(forms) => json!({ "anyOf": forms.iter().map(|one| form(*one)).collect::<Vec<_>>() }),
        Form::Anything => json!({}),
    }
}
