//! What Graph says where it says no.

use serde_json::json;

use crate::wire::Reply;

/// A no, with the status and the code that are documented for it.
#[derive(Debug)]
pub(super) struct Problem {
    status: u16,
    code: &'static str,
    message: String,
    /// The code of the details, and which property is meant.
    detail: Option<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
}

pub(super) type Answered<T> = Result<T, Problem>;

impl Problem {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), detail: None, headers: Vec::new() }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "Request_BadRequest", message)
    }

    pub(super) fn not_there(what: &str) -> Self {
        let message = format!(
            "Resource '{what}' does not exist or one of its queried reference-property objects are not present."
        );
        Self::new(404, "Request_ResourceNotFound", message)
    }

    pub(super) fn taken(property: &str) -> Self {
        let message = format!("Another object with the same value for property {property} already exists.");
        Self { detail: Some(("ObjectConflict", property.to_owned())), ..Self::bad(message) }
    }

    pub(super) fn unsupported_query(message: impl Into<String>) -> Self {
        Self::new(400, "Request_UnsupportedQuery", message)
    }

    pub(super) fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }

    pub(super) fn reply(self) -> Reply {
        let mut error = json!({
            "code": self.code, "message": self.message,
            "innerError": { "date": "2026-01-01T00:00:00", "request-id": "sim", "client-request-id": "sim" },
        });
        if let Some((code, target)) = self.detail {
            error["details"] = json!([{ "code": code, "message": self.message, "target": target }]);
        }
        let reply = Reply::new(self.status, json!({ "error": error }).to_string());
        let reply = reply.with("content-type", "application/json");
        self.headers.into_iter().fold(reply, |reply, (name, value)| reply.with(name, value))
    }
}
