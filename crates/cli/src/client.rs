//! Asks a server over HTTP API version 1, and turns every way of failing into a [`CliError`].
//!
//! Answers stay JSON: what this version does not know of them is handed on to scripts all the
//! same. A token goes to the server that was named, over TLS or within this machine, and nowhere
//! else; redirects are not followed.

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tenure_api::Method;
use tenure_model::{Clock as _, SystemClock};

use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::{ANSWER_BYTES_MAX, CONNECT_TIMEOUT, PAGE_ITEMS, PAGES_MAX, STREAM_TIME_MAX};
use crate::output::Output;
use crate::places::{self, Path};
use crate::progress;

/// The media type of a stream of events.
const EVENT_STREAM: &str = "text/event-stream";

/// Which server, and how patiently.
#[derive(Debug, Clone)]
pub struct Target {
    /// The address, as it was said.
    pub server: String,
    /// How long one request may take.
    pub timeout: Duration,
}

/// Asks one server.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<SecretString>,
    output: Output,
    clock: SystemClock,
}

/// A part of the query.
pub type Query<'a> = (&'a str, String);

impl Client {
    /// A client of this server.
    pub fn new(target: Target, token: Option<SecretString>, output: Output) -> Result<Self, CliError> {
        let base = read_server(&target.server)?;
        // Whoever installed one before us chose the same: it is the only one in this binary.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT.min(target.timeout))
            .timeout(target.timeout)
            .user_agent(concat!("tenure/", env!("CARGO_PKG_VERSION")));
        if base.scheme() == "http" {
            // Within this machine: no proxy, and no need of the machine's certificates.
            builder = builder.no_proxy().tls_certs_only([]);
        }
        let http = builder.build().map_err(|error| {
            CliError::new(Exit::Failed, code::BAD_SERVER, "cannot prepare a connection")
                .caused_by(&error)
                .hint("install the certificates of the authorities: package `ca-certificates`")
        })?;
        Ok(Self { http, base, token, output, clock: SystemClock::new() })
    }

    /// The address.
    pub fn server(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Asks without sending a body.
    pub async fn ask(&self, path: &Path) -> Result<Value, CliError> {
        self.exchange(path, &[], None).await
    }

    /// Asks with a query.
    pub async fn query(&self, path: &Path, query: &[Query<'_>]) -> Result<Value, CliError> {
        self.exchange(path, query, None).await
    }

    /// Asks and sends this.
    pub async fn send(&self, path: &Path, body: &Value) -> Result<Value, CliError> {
        self.exchange(path, &[], Some(body)).await
    }

    /// Asks how the server is. It says so even where it is not well.
    pub async fn health(&self) -> Result<Value, CliError> {
        let path = places::READYZ.path();
        let (status, json, bytes) = self.read(self.request(&path)).await?;
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(health) if json && health.get("checks").is_some() => Ok(health),
            Ok(_) | Err(_) => self.read_answer(status, json, &bytes),
        }
    }

    /// Reads a list, page by page, up to this many items.
    pub async fn list(&self, path: &Path, query: &[Query<'_>], items_max: usize) -> Result<Vec<Value>, CliError> {
        let mut items = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let wanted = PAGE_ITEMS.min(items_max.saturating_sub(items.len()));
            let mut query = query.to_vec();
            query.push(("limit", wanted.to_string()));
            query.extend(after.take().map(|after| ("after", after)));
            let mut page = self.query(path, &query).await?;
            let Some(Value::Array(more)) = page.get_mut("items").map(Value::take) else {
                return Err(self.not_tenure().cause("a page of a list has no items"));
            };
            items.extend(more);
            after = page.get("next").and_then(Value::as_str).map(ToOwned::to_owned);
            if after.is_none() || items.len() >= items_max {
                break;
            }
        }
        items.truncate(items_max);
        Ok(items)
    }

    /// Opens a stream of events. None when this server has none at that place.
    pub async fn stream(&self, path: &Path) -> Result<Option<reqwest::Response>, CliError> {
        let request = self.request(path).header("accept", EVENT_STREAM).timeout(STREAM_TIME_MAX);
        let response = request.send().await.map_err(|error| self.failed(error))?;
        let is_stream = is_media_type(&response, EVENT_STREAM);
        self.output.detail(&format!("{} {} -> {}", path.method.as_str(), path.path, response.status()));
        Ok((response.status().is_success() && is_stream).then_some(response))
    }

    /// How far the clock of the server is from ours; positive when it is ahead. None when it does not say.
    pub async fn clock_skew(&self, path: &Path) -> Result<Option<SignedDuration>, CliError> {
        let response = self.request(path).send().await.map_err(|error| self.failed(error))?;
        let said = response.headers().get("date").and_then(|value| value.to_str().ok());
        let theirs = said.and_then(|said| jiff::fmt::rfc2822::parse(said).ok());
        Ok(theirs.map(|theirs| theirs.timestamp().duration_since(self.clock.now())))
    }

    fn request(&self, path: &Path) -> reqwest::RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path().trim_end_matches('/'), path.path));
        let method = match path.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    async fn exchange(&self, path: &Path, query: &[Query<'_>], body: Option<&Value>) -> Result<Value, CliError> {
        let mut request = self.request(path);
        if !query.is_empty() {
            request = request.query(query);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let began = self.clock.elapsed();
        let what = format!("waiting for {}", self.server());
        let (status, json, bytes) = progress::during(&self.output, &what, self.read(request)).await?;
        let took = self.clock.elapsed().saturating_sub(began);
        self.output.detail(&format!("{} {} -> {status} in {} ms", path.method.as_str(), path.path, took.as_millis()));
        self.read_answer(status, json, &bytes)
    }

    /// Status, whether it says that it is JSON, and the body.
    async fn read(&self, request: reqwest::RequestBuilder) -> Result<(StatusCode, bool, Vec<u8>), CliError> {
        let mut response = request.send().await.map_err(|error| self.failed(error))?;
        let json = is_media_type(&response, "json");
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(error))? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(self.not_tenure().cause(format!("the answer has more than {ANSWER_BYTES_MAX} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((status, json, bytes))
    }

    fn read_answer(&self, status: StatusCode, json: bool, bytes: &[u8]) -> Result<Value, CliError> {
        if !status.is_success() {
            return Err(match serde_json::from_slice::<Refusal>(bytes) {
                Ok(refusal) if json => refusal.into_error(status),
                Ok(_) | Err(_) => self.without_problem(status),
            });
        }
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        if !json {
            return Err(self.not_tenure().cause("the answer is not JSON"));
        }
        serde_json::from_slice(bytes).map_err(|error| self.not_tenure().caused_by(&error))
    }

    fn failed(&self, error: reqwest::Error) -> CliError {
        let server = self.server();
        let error = error.without_url();
        let failed = if error.is_timeout() && !error.is_connect() {
            CliError::new(Exit::Unreachable, code::TOO_SLOW, format!("`{server}` did not answer in time"))
                .hint("try again, or give it longer with --timeout; what was committed stays committed")
        } else {
            CliError::new(Exit::Unreachable, code::UNREACHABLE, format!("cannot reach `{server}`"))
                .hint("start it with `tenure serve`, or name another with --server or TENURE_SERVER")
        };
        failed.caused_by(&error)
    }

    fn not_tenure(&self) -> CliError {
        CliError::new(Exit::Failed, code::NOT_TENURE, format!("what answers at `{}` is not Tenure", self.server()))
            .hint("check --server; a proxy in between may answer in its place")
    }

    /// A refusal without a problem document comes from something in between.
    fn without_problem(&self, status: StatusCode) -> CliError {
        let error = self.not_tenure().cause(format!("it answered {status} without saying why"));
        CliError { exit: exit_of(status.as_u16()), ..error }
    }
}

fn is_media_type(response: &reqwest::Response, part: &str) -> bool {
    let said = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    said.is_some_and(|said| said.contains(part))
}

/// A problem document as it may come from any version: only the code is needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    code: String,
    title: String,
    detail: Option<String>,
    #[serde(alias = "request_id")]
    request_id: Option<String>,
    #[serde(default)]
    errors: Vec<Place>,
}

/// One thing wrong with what was sent.
#[derive(Debug, Deserialize)]
struct Place {
    pointer: String,
    reason: String,
}

impl Refusal {
    fn into_error(self, status: StatusCode) -> CliError {
        let mut error = CliError::new(exit_of(status.as_u16()), self.code, self.title);
        if let Some(detail) = self.detail {
            error = error.cause(detail);
        }
        for place in self.errors {
            let pointer = if place.pointer.is_empty() { "the whole body" } else { &place.pointer };
            error = error.cause(format!("{pointer}: {}", place.reason));
        }
        match (status, self.request_id) {
            (StatusCode::UNAUTHORIZED, _) => {
                error.hint("check TENURE_TOKEN or --token-file; `tenure doctor` tells more")
            }
            (StatusCode::FORBIDDEN, _) => error.hint("ask an owner for a token with a role that may do this"),
            (_, Some(request)) if status.is_server_error() => error.hint(format!("the logs have it as `{request}`")),
            _ => error,
        }
    }
}

/// How the process ends when the server answers with this status.
fn exit_of(status: u16) -> Exit {
    match status {
        401 | 403 | 409 => Exit::Refused,
        408 | 429 | 502..=504 => Exit::Unreachable,
        _ => Exit::Failed,
    }
}

/// Reads an address; a token never travels in clear beyond this machine.
fn read_server(server: &str) -> Result<Url, CliError> {
    let bad = |reason: &str| {
        CliError::new(Exit::Usage, code::BAD_SERVER, format!("`{server}` is not the address of a server"))
            .cause(reason)
            .hint("it looks like `https://tenure.example.org`")
    };
    let url = Url::parse(server).map_err(|error| bad(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        // Not repeated, since it holds a secret.
        return Err(CliError::new(Exit::Usage, code::BAD_SERVER, "the address of the server holds a user or password")
            .hint("leave them out and use TENURE_TOKEN"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("it must end after the path"));
    }
    match (url.scheme(), url.host_str()) {
        ("https", Some(_)) => Ok(url),
        ("http", Some(host)) if is_this_machine(host) => Ok(url),
        ("http", Some(_)) => Err(bad("a token would travel in clear; beyond this machine it must be `https`")),
        _ => Err(bad("it must begin with `https://`")),
    }
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Paint;

    #[test]
    fn a_token_travels_by_tls_or_not_far() {
        for good in
            ["https://id.example.org", "https://id.example.org/tenure/", "http://127.0.0.1:8080", "http://[::1]:1"]
        {
            assert!(read_server(good).is_ok(), "{good}");
        }
        for bad in
            ["", "id.example.org", "http://id.example.org", "http://127.0.0.1.evil.example", "ftp://x", "https://x?y"]
        {
            assert_eq!(read_server(bad).unwrap_err().exit, Exit::Usage, "{bad}");
        }
        let secret = read_server("https://ada:canary@id.example.org").unwrap_err();
        assert!(!secret.render(Paint::None).contains("canary"));
    }

    #[test]
    fn a_status_becomes_an_exit_code() {
        let all = [(400, 1), (401, 4), (403, 4), (404, 1), (409, 4), (422, 1), (429, 5), (500, 1), (502, 5), (503, 5)];
        for (status, number) in all {
            assert_eq!(exit_of(status).number(), number, "{status}");
        }
    }

    #[test]
    fn a_problem_is_told_with_its_places() {
        let refusal: Refusal = serde_json::from_str(
            r#"{"type":"urn:tenure:error:TEN-E0103","title":"the body is not acceptable","status":422,"code":"TEN-E0103",
                "requestId":"req_1","errors":[{"pointer":"/lastDay","reason":"`x` is not a day"}]}"#,
        )
        .unwrap();
        assert_eq!(
            refusal.into_error(StatusCode::UNPROCESSABLE_ENTITY).render(Paint::None),
            "error[TEN-E0103]: the body is not acceptable\n\
             cause: /lastDay: `x` is not a day\n\
             docs: docs/reference/errors.md#ten-e0103\n"
        );
    }
}
