//! The path and the query of a request, with refusals of ours.

use axum::extract::{FromRequestParts, Path, Query as AxumQuery};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use tenure_api::Code;

use super::refusal::Refusal;

/// The variables of the path. A name that cannot be read names nothing.
#[derive(Debug, Clone)]
pub struct Place<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Place<T> {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(place)) => Ok(Self(place)),
            Err(rejection) => Err(Refusal::because(Code::NotFound, without_stop(&rejection.body_text()))),
        }
    }
}

/// The query.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match AxumQuery::<T>::from_request_parts(parts, state).await {
            Ok(AxumQuery(query)) => Ok(Self(query)),
            Err(rejection) => Err(Refusal::because(Code::BadRequest, without_stop(&rejection.body_text()))),
        }
    }
}

/// The last part of a message of the framework: the reason, without its own introduction.
fn without_stop(text: &str) -> String {
    let reason = text.split_once(": ").map_or(text, |(_, reason)| reason);
    reason.chars().filter(|letter| !letter.is_control()).take(300).collect::<String>()
}
