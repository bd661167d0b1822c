//! What a server answered, before anybody decides what it means.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value as Json;

use super::{Speech, pause, xml};
use crate::limits::HTTP_BODY_BYTES_MAX;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// How long the server wants us to wait.
    pub retry_after: Option<Duration>,
    /// Everything that the server said about its answer.
    pub headers: HeaderMap,
    /// What came with it.
    pub body: Body,
}

/// What came with an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// JSON.
    Json(Json),
    /// A web page, as a sign-in page or a proxy sends it.
    Page,
    /// Something that is no JSON.
    Other,
    /// More than is read.
    TooLong,
    /// Less than was announced.
    Broken,
}

impl Body {
    /// What came with a response, as far as it is read.
    pub(super) async fn of(mut response: Response, speaks: Speech) -> Self {
        let media_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().to_owned();
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > HTTP_BODY_BYTES_MAX => return Self::TooLong,
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => return Self::read(&media_type, &bytes, speaks),
                Err(error) => {
                    tracing::debug!(error = %error.without_url(), "an answer broke off");
                    return Self::Broken;
                }
            }
        }
    }

    /// Reads what was sent. A page is known by its name or its first characters.
    pub(super) fn read(media_type: &str, bytes: &[u8], speaks: Speech) -> Self {
        let text = bytes.trim_ascii();
        if text.is_empty() {
            return Self::Empty;
        }
        if let Ok(json) = serde_json::from_slice(text) {
            return Self::Json(json);
        }
        if speaks == Speech::Xml
            && let Some(json) = std::str::from_utf8(text).ok().and_then(xml::read)
        {
            return Self::Json(json);
        }
        let html = media_type.to_ascii_lowercase().contains("html");
        if html || text.first() == Some(&b'<') { Self::Page } else { Self::Other }
    }

    /// What it is, for a human who expected JSON; none if it is JSON.
    pub fn complaint(&self) -> Option<&'static str> {
        match self {
            Self::Json(_) => None,
            Self::Empty => Some("nothing where JSON was expected; check that the address is the service itself"),
            Self::Page => {
                Some("a web page where JSON was expected, perhaps to sign in; check the address and the credentials")
            }
            Self::Other => Some("something that is not JSON; check that the address is the service itself"),
            Self::TooLong => Some("more than we read in one answer; read smaller pages"),
            Self::Broken => Some("half an answer; the line or the server broke off"),
        }
    }
}

impl Answer {
    /// What was answered. A body that breaks off is [`Body::Broken`]: the status says already what
    /// became of the request.
    pub(super) async fn take(response: Response, speaks: Speech, now: Timestamp) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let retry_after = headers.get("retry-after").and_then(|value| pause::parse(value.to_str().ok()?, now));
        Self { status, retry_after, headers, body: Body::of(response, speaks).await }
    }

    /// A header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether the server did what it was asked.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The JSON that came, if it is that.
    pub fn json(&self) -> Option<&Json> {
        match &self.body {
            Body::Json(json) => Some(json),
            Body::Empty | Body::Page | Body::Other | Body::TooLong | Body::Broken => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_not_mistaken_for_an_answer() {
        assert_eq!(Body::read("application/json", b" \n", Speech::Json), Body::Empty);
        assert_eq!(Body::read("text/html", b"{\"a\":1}", Speech::Json), Body::Json(serde_json::json!({"a": 1})));
        assert_eq!(Body::read("application/scim+json", b"<!doctype html><html>", Speech::Json), Body::Page);
        assert_eq!(Body::read("text/html; charset=utf-8", b"please sign in", Speech::Json), Body::Page);
        assert_eq!(Body::read("application/json", b"{\"a\":", Speech::Json), Body::Other);
    }
}
