//! `http/call`: one request to a URL, with the operation key as its idempotency key.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tenure_engine::Order;
use tenure_model::{Ending, RefusalClass};

use super::{Done, done, not_now, read, refused};

/// How long one request may take.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes of an answer that are kept.
const ANSWER_BYTES_MAX: usize = 64 << 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Call {
    url: String,
    #[serde(default)]
    body: Json,
}

pub(super) async fn perform(client: &reqwest::Client, order: &Order) -> Done {
    let call: Call = read(order)?;
    let url: reqwest::Url =
        call.url.parse().map_err(|error| refused(format!("`{}` is not a URL: {error}", call.url)))?;
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() != "https" && !loopback {
        return Err(refused("only https, or http to this machine, is called"));
    }
    let request = client
        .post(url)
        .timeout(REQUEST_TIME_MAX)
        .header("idempotency-key", order.key.as_str())
        .header("tenure-generation", order.generation)
        .json(&call.body);
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_connect() => return Err(not_now("nobody answers there")),
        Err(error) => return Err(Ending::Unknown { message: format!("no answer: {}", error.without_url()) }),
    };
    let status = response.status();
    let retry_after_ms = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
        .map(|seconds| seconds.saturating_mul(1_000));
    let bytes = response.bytes().await.map_err(|_| Ending::Unknown { message: "the answer broke off".to_owned() })?;
    let message = format!("it answered {status}");
    match status.as_u16() {
        200..=299 if bytes.len() <= ANSWER_BYTES_MAX => {
            let body: Json = serde_json::from_slice(&bytes).unwrap_or(Json::Null);
            Ok(done("done", json!({ "status": status.as_u16(), "body": body })))
        }
        200..=299 => Ok(done("done", json!({ "status": status.as_u16() }))),
        408 | 425 | 429 | 503 => Err(Ending::Refused { class: RefusalClass::Transient, message, retry_after_ms }),
        500..=599 => Err(Ending::Unknown { message }),
        _ => Err(refused(message)),
    }
}
