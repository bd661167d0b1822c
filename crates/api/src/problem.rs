//! What a door answers when it refuses: `application/problem+json` of RFC 9457 with a stable
//! code and, for a body, the place of everything that is wrong with it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::codes::Code;
use crate::limits::{FIELD_ERRORS_MAX, QUOTE_LETTERS_MAX};

/// The media type of a [`Problem`].
pub const PROBLEM_TYPE: &str = "application/problem+json";

/// One thing wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Where, as a JSON pointer; empty for the whole body.
    #[schema(examples("/lastDay"))]
    pub pointer: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl FieldError {
    /// This reason at this place.
    pub fn new(pointer: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), reason: reason.into() }
    }
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// A URI that names the kind of problem and never changes.
    #[serde(rename = "type")]
    #[schema(examples("urn:tenure:error:TEN-E0104"))]
    pub kind: String,
    /// The kind in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This very case, and the way out of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The stable code.
    #[schema(examples("TEN-E0104"))]
    pub code: String,
    /// The request, as it appears in the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What is wrong with the body, place by place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// The problem of this code, without more to say.
    pub fn new(code: Code) -> Self {
        let entry = code.entry();
        Self {
            kind: format!("urn:tenure:error:{}", entry.code),
            title: entry.title.to_owned(),
            status: entry.status.unwrap_or(500),
            detail: None,
            code: entry.code.to_owned(),
            request_id: None,
            errors: Vec::new(),
        }
    }

    /// Says what this very case is.
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Names the places. At most [`FIELD_ERRORS_MAX`] are told.
    pub fn errors(self, mut errors: Vec<FieldError>) -> Self {
        errors.truncate(FIELD_ERRORS_MAX);
        Self { errors, ..self }
    }
}

/// The user's words for an error message: in backticks, short, and without control letters.
pub fn quoted(text: &str) -> String {
    let mut letters: String =
        text.chars().take(QUOTE_LETTERS_MAX).map(|c| if c.is_control() { '�' } else { c }).collect();
    if text.chars().nth(QUOTE_LETTERS_MAX).is_some() {
        letters.push('…');
    }
    format!("`{letters}`")
}

/// One step of a JSON pointer, escaped.
pub fn pointer_step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_the_standard() {
        let problem = Problem::new(Code::NotFound).detail("there is no person `x`");
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["type"], "urn:tenure:error:TEN-E0107");
        assert_eq!(json["status"], 404);
        assert!(json.get("errors").is_none() && json.get("requestId").is_none());
        assert_eq!(serde_json::from_value::<Problem>(json).unwrap(), problem);
    }

    #[test]
    fn words_of_the_user_cannot_break_the_line_or_grow_without_end() {
        assert_eq!(quoted("a\nb"), "`a�b`");
        assert_eq!(quoted(&"x".repeat(1_000)).chars().count(), QUOTE_LETTERS_MAX + 3);
        assert_eq!(pointer_step("a/b~c"), "a~1b~0c");
    }
}
