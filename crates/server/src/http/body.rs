//! The JSON body of a request: in time, not too large, of the right type, with the place of
//! whatever is wrong with it.

use std::error::Error as _;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use tenure_api::problem::pointer_step;
use tenure_api::{Code, FieldError};

use super::edge::EdgeLimits;
use super::refusal::{Refusal, laid};

/// A JSON body.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refusal;
    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let limits: EdgeLimits = laid(&parts, "limits")?;
        check_media_type(&parts.headers)?;
        check_declared_length(&parts.headers, limits.body_bytes_max)?;
        let bytes = collect(body, limits.body_bytes_max, limits.body_timeout).await?;
        parse(&bytes).map(Self)
    }
}

/// A body that may be left out altogether.
impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Json<T> {
    type Rejection = Refusal;
    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Refusal> {
        let headers = request.headers();
        let no_type = !headers.contains_key(header::CONTENT_TYPE);
        let no_length = headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0");
        if no_type && no_length && !headers.contains_key(header::TRANSFER_ENCODING) {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

/// A body as it came, for a door that must look at every byte before it believes one.
#[derive(Debug, Clone)]
pub struct Raw(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Refusal;
    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let limits: EdgeLimits = laid(&parts, "limits")?;
        check_declared_length(&parts.headers, limits.body_bytes_max)?;
        collect(body, limits.body_bytes_max, limits.body_timeout).await.map(Self)
    }
}

/// What a browser sends from a form, within the same bounds.
#[derive(Debug, Clone)]
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Refusal;
    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let limits: EdgeLimits = laid(&parts, "limits")?;
        check_declared_length(&parts.headers, limits.body_bytes_max)?;
        let bytes = collect(body, limits.body_bytes_max, limits.body_timeout).await?;
        let whole = Request::from_parts(parts, Body::from(bytes));
        match axum::Form::<T>::from_request(whole, state).await {
            Ok(axum::Form(form)) => Ok(Self(form)),
            Err(FormRejection::InvalidFormContentType(_)) => {
                Err(Refusal::because(Code::WrongMediaType, "send what a form of a page sends"))
            }
            Err(_) => Err(Refusal::because(Code::BadRequest, "this is not what a form of a page sends")),
        }
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, parameters) = text.split_once(';').unwrap_or((text, ""));
    let parameters = parameters.trim().to_ascii_lowercase().replace('"', "");
    let json = kind.trim().eq_ignore_ascii_case("application/json");
    if json && (parameters.is_empty() || parameters == "charset=utf-8") {
        return Ok(());
    }
    Err(Refusal::because(Code::WrongMediaType, "send `content-type: application/json` and UTF-8"))
}

fn check_declared_length(headers: &HeaderMap, bytes_max: usize) -> Result<(), Refusal> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match declared {
        Some(bytes) if bytes > bytes_max as u64 => Err(too_large(bytes_max)),
        Some(_) | None => Ok(()),
    }
}

async fn collect(body: Body, bytes_max: usize, timeout: Duration) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(timeout, axum::body::to_bytes(body, bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // The only error besides a broken line is the limit; it is the cause and not the text that tells.
        Ok(Err(error)) if error.source().is_some_and(|cause| cause.to_string().contains("length limit")) => {
            Err(too_large(bytes_max))
        }
        Ok(Err(_)) => Err(Refusal::because(Code::NotJson, "the body was cut off")),
        Err(_) => Err(Refusal::because(Code::BodyTooSlow, format!("it took more than {} s", timeout.as_secs()))),
    }
}

fn too_large(bytes_max: usize) -> Refusal {
    Refusal::because(Code::BodyTooLarge, format!("a body has at most {bytes_max} bytes here"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    // A list would be taken as an object without names, by position; nobody means that.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Refusal::fields(vec![FieldError::new("", "send one JSON object and not a list")]));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer: String = error.path().iter().map(step).collect();
        refuse(error.inner(), &pointer)
    })?;
    reader.end().map_err(|error| refuse(&error, ""))?;
    Ok(parsed)
}

fn refuse(error: &serde_json::Error, pointer: &str) -> Refusal {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Data => {
            let full = error.to_string();
            // The place is told by the pointer; line and column would be a second, worse one.
            let reason = full.rsplit_once(" at line ").map_or(full.as_str(), |(reason, _)| reason);
            Refusal::fields(vec![FieldError::new(pointer, reason.chars().take(300).collect::<String>())])
        }
        Category::Io | Category::Syntax | Category::Eof => {
            Refusal::because(Code::NotJson, format!("reading stopped at line {line}, column {column}"))
        }
    }
}

fn step(segment: &serde_path_to_error::Segment) -> String {
    match segment {
        serde_path_to_error::Segment::Seq { index } => format!("/{index}"),
        serde_path_to_error::Segment::Map { key } => format!("/{}", pointer_step(key)),
        serde_path_to_error::Segment::Enum { variant } => format!("/{}", pointer_step(variant)),
        serde_path_to_error::Segment::Unknown => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_api::EventIn;

    fn refused(json: &str) -> tenure_api::Problem {
        *parse::<EventIn>(json.as_bytes()).unwrap_err().0
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        let typo = refused(r#"{"id":"1","type":"x","person":{},"lastDya":"2026-01-01"}"#);
        assert_eq!((typo.code.as_str(), typo.errors[0].pointer.as_str()), ("TEN-E0103", "/lastDya"));
        let kind = refused(r#"{"id":"1","type":"x","person":{},"urgent":"yes"}"#);
        assert_eq!(kind.errors[0].pointer, "/urgent");
        assert!(!kind.errors[0].reason.contains("line"), "{kind:?}");
        let missing = refused(r#"{"id":"1","type":"x"}"#);
        assert_eq!(missing.errors[0].reason, "missing field `person`");
    }

    #[test]
    fn a_list_is_not_an_object_without_names() {
        let list = refused(r#" ["1","x",{"employeeId":"E1"},null,null,null,null,null]"#);
        assert_eq!((list.code.as_str(), list.errors[0].pointer.as_str()), ("TEN-E0103", ""));
    }

    #[test]
    fn what_is_not_json_is_no_field_error() {
        for text in ["", "{", "{\"id\":NaN}", "\u{feff}{}", "{}{}", "<a/>", "{\"id\":\"\\ud800\"}"] {
            let code = refused(text).code;
            assert!(code == "TEN-E0102" || text == "{}{}", "{text}: {code}");
        }
        let tail = format!("{} x", r#"{"id":"1","type":"x","person":{}}"#);
        assert_eq!(refused(&tail).code, "TEN-E0102");
    }

    #[test]
    fn a_deep_body_is_refused_and_ends_nothing() {
        let deep = format!(r#"{{"id":"1","type":"x","person":{{"a":{}{}}}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(refused(&deep).code, "TEN-E0102");
    }
}
