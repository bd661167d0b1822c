//! Who asks, and whether they could ever be allowed: what stands in front of every operation
//! that is not public.
//!
//! Whether this caller may do this to *this* thing is asked by the use case, of the policies.
//! Here only those are sent away who may not do it to anything, so that no handler can forget.

use std::fmt::Debug;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::future::BoxFuture;
use tenure_api::Code;
use tenure_model::Actor;

use super::pages::session;
use super::refusal::{Refusal, laid};
use crate::limits::TOKEN_BYTES_MAX;
use crate::token::{TokenHash, looks_right};

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    Not,
    /// It has expired or was revoked.
    Ended,
    /// Who it stands for.
    As(Actor),
}

/// The tokens cannot be looked up now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("tokens cannot be looked up")]
pub struct GateUnavailable;

/// Knows tokens and roles. The store and the policies stand behind it.
pub trait Gate: Send + Sync + Debug {
    /// Whom the token of this hash stands for. Must do the same work for every hash.
    fn who(&self, hash: TokenHash) -> BoxFuture<'_, Result<Known, GateUnavailable>>;
    /// Whether this actor may do this to anything at all.
    fn may(&self, actor: &Actor, action: &str) -> bool;
}

/// Who asks; there is always somebody behind a guarded operation.
#[derive(Debug, Clone)]
pub struct Caller(pub Actor);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        laid(parts, "caller")
    }
}

/// What guards one operation.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    pub(super) gate: Arc<dyn Gate>,
    pub(super) action: &'static str,
}

/// Lets a request through to its handler, with its caller, or refuses it.
pub(super) async fn guard(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    match admit(&guard, request.headers()).await {
        Ok(caller) => {
            tracing::Span::current().record("actor", caller.0.name.as_str());
            // The secret has done its work; nothing behind this needs to hold it.
            request.headers_mut().remove(header::AUTHORIZATION);
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => challenge(refusal),
    }
}

async fn admit(guard: &Guard, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let text = bearer(headers)?;
    // Also what cannot be a token is hashed and looked up, so that the time tells nothing.
    let known = guard.gate.who(TokenHash::of(text)).await;
    let right = looks_right(text);
    match known {
        Err(GateUnavailable) => Err(Refusal::new(Code::StoreUnavailable)),
        Ok(Known::As(actor)) if right => {
            if guard.gate.may(&actor, guard.action) {
                Ok(Caller(actor))
            } else {
                Err(Refusal::because(Code::Forbidden, format!("this needs the action `{}`", guard.action)))
            }
        }
        Ok(Known::Ended) if right => Err(Refusal::new(Code::EndedToken)),
        Ok(Known::As(_) | Known::Ended | Known::Not) => Err(Refusal::new(Code::UnknownToken)),
    }
}

/// Who came with a browser; nobody until they have signed in.
#[derive(Debug, Clone)]
pub struct Visitor(pub Option<Actor>);

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        laid(parts, "visitor")
    }
}

/// Lets a request through to a page, with whoever has signed in. A form that no page of ours sent is
/// refused, whoever's browser sends it.
pub(super) async fn visit(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    if request.method() == Method::POST && !session::is_ours(request.headers()) {
        return Refusal::because(Code::Forbidden, "this form was not sent by a page of ours").into_response();
    }
    let visitor = match session::token(request.headers()) {
        None => None,
        Some(token) => match guard.gate.who(TokenHash::of(token)).await {
            Err(GateUnavailable) => return Refusal::new(Code::StoreUnavailable).into_response(),
            Ok(Known::As(actor)) if looks_right(token) => Some(actor),
            Ok(Known::As(_) | Known::Ended | Known::Not) => None,
        },
    };
    if let Some(actor) = &visitor {
        if !guard.gate.may(actor, guard.action) {
            let said = format!("this needs the action `{}`", guard.action);
            return Refusal::because(Code::Forbidden, said).into_response();
        }
        tracing::Span::current().record("actor", actor.name.as_str());
    }
    request.headers_mut().remove(header::COOKIE);
    request.extensions_mut().insert(Visitor(visitor));
    next.run(request).await
}

/// The one bearer token of the request.
fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Refusal::new(Code::NoToken));
    };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.len() > TOKEN_BYTES_MAX {
        return Err(Refusal::new(Code::NoToken));
    }
    Ok(token)
}

fn challenge(refusal: Refusal) -> Response {
    let error = if refusal.0.code == Code::NoToken.as_str() { "" } else { ", error=\"invalid_token\"" };
    let unauthenticated = refusal.0.status == 401;
    let mut response = refusal.into_response();
    if unauthenticated && let Ok(value) = HeaderValue::from_str(&format!("Bearer realm=\"tenure\"{error}")) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}
