//! A refusal of a handler or an extractor. The edge writes it out as problem+json, because only
//! the edge knows the request id.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tenure_api::{Code, FieldError, Problem};

/// A request was refused.
#[derive(Debug, Clone)]
pub struct Refusal(pub(super) Box<Problem>);

impl Refusal {
    /// Refused with this code.
    pub fn new(code: Code) -> Self {
        Problem::new(code).into()
    }
    /// Refused with this code, and what this very case is.
    pub fn because(code: Code, detail: impl Into<String>) -> Self {
        Problem::new(code).detail(detail).into()
    }
    /// The body is wrong in these places.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        Problem::new(Code::BadBody).errors(errors).into()
    }
    /// There is nothing of this name that the caller may see.
    pub fn absent(noun: &str, name: &str) -> Self {
        Self::because(Code::NotFound, format!("there is no {noun} {}", tenure_api::problem::quoted(name)))
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What a word of a query names; a word that names nothing is refused with those that there are.
pub(super) fn word_of<T: Copy, const N: usize>(
    word: &str,
    what: &str,
    all: [T; N],
    say: impl Fn(T) -> &'static str,
) -> Result<T, Refusal> {
    all.into_iter().find(|one| say(*one) == word).ok_or_else(|| {
        let known = all.map(say).join(", ");
        let named = tenure_api::problem::quoted(word);
        Refusal::because(Code::BadRequest, format!("{named} is not a {what}; use one of {known}"))
    })
}

/// Takes nothing and refuses with "not found": the end of every path that is no operation.
pub(super) async fn nowhere() -> Refusal {
    Refusal::because(Code::NotFound, "there is no operation at this path")
}

/// The path is one of ours and the method is not.
pub(super) async fn wrong_method() -> Refusal {
    Refusal::new(Code::WrongMethod)
}

/// A part of the request that a layer put there and that is missing: a fault of ours.
pub(super) fn missing(what: &'static str) -> Refusal {
    tracing::error!(what, "a layer is missing around a handler");
    Refusal::new(Code::Internal)
}

/// Reads something that a layer put into the request.
pub(super) fn laid<T: Clone + Send + Sync + 'static>(
    parts: &axum::http::request::Parts,
    what: &'static str,
) -> Result<T, Refusal> {
    parts.extensions.get::<T>().cloned().ok_or_else(|| missing(what))
}

impl<S: Send + Sync> FromRequestParts<S> for super::edge::RequestTag {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &S) -> Result<Self, Refusal> {
        laid(parts, "request id")
    }
}
