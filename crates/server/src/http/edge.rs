//! What surrounds every request, from the outside in: an id, a span, numbers, a place to work,
//! a time limit, a net under panics; and on the way out the form of refusals and the headers
//! that browsers heed.
//!
//! Logs name the route and never the path or the query, so that no secret that somebody put
//! into a URL gets there.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use tenure_api::problem::PROBLEM_TYPE;
use tenure_api::{Code, Problem};
use tenure_model::{Clock, Ids, RequestId, new_id};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use super::metrics::Metrics;
use super::refusal::Refusal;
use crate::config::Config;
use crate::limits::{REQUEST_ID_BYTES_MAX, RETRY_AFTER_SECONDS};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The limits of every request.
#[derive(Debug, Clone, Copy)]
pub struct EdgeLimits {
    /// The most bytes of a body.
    pub body_bytes_max: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How many requests are worked on at once.
    pub requests_max: usize,
}

impl From<&Config> for EdgeLimits {
    fn from(config: &Config) -> Self {
        Self {
            body_bytes_max: config.body_bytes_max.size(),
            body_timeout: config.body_seconds_max.get(),
            request_timeout: config.request_seconds_max.get(),
            requests_max: config.requests_max.size(),
        }
    }
}

/// The name of this request in logs and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTag(pub String);

/// What the edge needs.
#[derive(Debug, Clone)]
pub struct Edge {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    metrics: Metrics,
    places: Arc<Semaphore>,
    limits: EdgeLimits,
}

impl Edge {
    /// An edge with these limits.
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, metrics: Metrics, limits: EdgeLimits) -> Self {
        Self { clock, ids, metrics, places: Arc::new(Semaphore::new(limits.requests_max)), limits }
    }
}

/// Surrounds one request.
pub(super) async fn surround(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let started = edge.clock.elapsed();
    let tag = tag(request.headers(), &*edge.ids);
    let method = method(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "request",
        method,
        route,
        request_id = tag.0,
        actor = tracing::field::Empty,
        status = tracing::field::Empty
    );
    request.extensions_mut().insert(tag.clone());
    request.extensions_mut().insert(edge.limits);
    let open = edge.metrics.opened();
    let response = finish(work(&edge, request, next).instrument(span.clone()).await, &tag);
    drop(open);
    let took = edge.clock.elapsed().saturating_sub(started);
    let status = response.status().as_u16();
    edge.metrics.answered(method, &route, status, took);
    span.record("status", status);
    let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(status, took_us, "answered"));
    response
}

/// Runs the request with a place to work, in time, over a net.
async fn work(edge: &Edge, request: Request, next: Next) -> Response {
    let Ok(_place) = edge.places.clone().try_acquire_owned() else {
        let mut response = Refusal::new(Code::TooBusy).into_response();
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        return response;
    };
    let run = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(edge.limits.request_timeout, run).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            tracing::error!(panic = panic_words(&*panic), "a handler panicked");
            Refusal::new(Code::Internal).into_response()
        }
        Err(_) => {
            let seconds = edge.limits.request_timeout.as_secs_f64();
            Refusal::because(Code::TooSlow, format!("it took more than {seconds} s")).into_response()
        }
    }
}

fn panic_words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words")
}

/// The id that the caller gave, if it is one, or a new one.
fn tag(headers: &HeaderMap, ids: &dyn Ids) -> RequestTag {
    let mut values = headers.get_all(&REQUEST_ID).iter();
    let given = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().filter(|text| is_tag(text)),
        (Some(_), Some(_)) | (None, _) => None,
    };
    RequestTag(given.map_or_else(|| new_id::<RequestId>(ids).to_string(), str::to_owned))
}

fn is_tag(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    // Nothing that looks like a token of ours may get into a log by this way.
    plain && !text.is_empty() && text.len() <= REQUEST_ID_BYTES_MAX && !text.contains(crate::token::PREFIX)
}

/// One of the methods that exist, so that nobody can invent labels.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// Writes out a refusal, and the headers of every answer.
fn finish(mut response: Response, tag: &RequestTag) -> Response {
    if let Some(problem) = problem_of(&response) {
        write_problem(&mut response, problem, tag);
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&tag.0) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The refusal of this answer. The framework's own refusals are put into our form as well.
fn problem_of(response: &Response) -> Option<Problem> {
    if let Some(Refusal(problem)) = response.extensions().get::<Refusal>() {
        return Some((**problem).clone());
    }
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let ours = kind.starts_with(b"application/") || kind.starts_with(b"text/html");
    if ours || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let code = match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::WrongMethod,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::WrongMediaType,
        other if other.is_client_error() => Code::BadRequest,
        _ => Code::Internal,
    };
    Some(Problem::new(code))
}

fn write_problem(response: &mut Response, problem: Problem, tag: &RequestTag) {
    let problem = Problem { request_id: Some(tag.0.clone()), ..problem };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_TYPE));
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = Body::from(body);
}
