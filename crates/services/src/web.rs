//! Calls to URLs over HTTP, with the operation key as the idempotency key.
//!
//! Redirects are not followed, only https is spoken beyond this machine, and no inner address is
//! called that the settings do not name. What the answer means is decided by its status: a no that
//! came before anything happened, or not known.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value as Json;
use tenure_connect::{Doubt, DoubtKind, Refusal, RefusalClass, WebCall, WebCaller, WebOutcome};

use crate::hook::Guard;
use crate::hook::guard::is_inner;

/// How long one call may take.
const CALL_TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes of an answer that are kept.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Connections kept open to one host.
const IDLE_MAX: usize = 256;

/// Calls over HTTP.
#[derive(Debug, Clone)]
pub struct HttpCaller {
    client: reqwest::Client,
    guard: Guard,
}

impl HttpCaller {
    /// A caller with its own pool of connections, which calls nothing that the guard does not let. The
    /// TLS provider must be installed.
    pub fn new(guard: Guard) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(guard.clone()))
            .pool_max_idle_per_host(IDLE_MAX)
            // What a proxy calls is looked up by the proxy, past the guard.
            .no_proxy()
            .build()?;
        Ok(Self { client, guard })
    }

    async fn post(&self, call: WebCall) -> WebOutcome {
        let url: reqwest::Url = match call.url.parse() {
            Ok(url) => url,
            Err(_) => return invalid("the address is not a URL"),
        };
        let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return invalid("only https, or http to this machine, is called");
        }
        if !self.guard.lets_number(&url) {
            return inner();
        }
        let request = self
            .client
            .post(url)
            .timeout(CALL_TIME_MAX)
            .header("idempotency-key", &call.key)
            .header("tenure-generation", call.generation)
            .json(&call.body);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if is_inner(&error) => return inner(),
            Err(error) if error.is_connect() => {
                let refusal = Refusal::new(RefusalClass::Network, "nobody answers at that address");
                return WebOutcome::Refused(refusal.because(error.without_url()));
            }
            Err(_) => return unknown("no answer came"),
        };
        let status = response.status().as_u16();
        let pause = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let Ok(bytes) = response.bytes().await else { return unknown("the answer broke off") };
        read(status, pause.map(Duration::from_secs), &bytes)
    }
}

fn read(status: u16, pause: Option<Duration>, bytes: &[u8]) -> WebOutcome {
    let message = format!("it answered with {status}");
    match status {
        200..=299 => {
            let kept = if bytes.len() <= ANSWER_BYTES_MAX { bytes } else { &[] };
            WebOutcome::Answered { status, body: serde_json::from_slice(kept).unwrap_or(Json::Null) }
        }
        429 | 503 => {
            let refusal = Refusal::new(RefusalClass::Rate, message);
            WebOutcome::Refused(pause.map_or(refusal.clone(), |pause| refusal.after(pause)))
        }
        401 => WebOutcome::Refused(Refusal::new(RefusalClass::Auth, message)),
        403 => WebOutcome::Refused(Refusal::new(RefusalClass::Permission, message)),
        404 | 410 => WebOutcome::Refused(Refusal::new(RefusalClass::Gone, message)),
        408 | 425 | 500..=599 => unknown(&message),
        _ => invalid(&message),
    }
}

fn invalid(message: &str) -> WebOutcome {
    WebOutcome::Refused(Refusal::new(RefusalClass::Invalid, message))
}

fn inner() -> WebOutcome {
    let said =
        "it is an address of an inner network, and steps call only those that the setting `calls.internal` names";
    WebOutcome::Refused(Refusal::new(RefusalClass::Permission, said))
}

fn unknown(message: &str) -> WebOutcome {
    WebOutcome::Unknown(Doubt::new(DoubtKind::LostResponse, message))
}

impl WebCaller for HttpCaller {
    fn call(&self, call: WebCall) -> BoxFuture<'_, WebOutcome> {
        Box::pin(self.post(call))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_means() {
        assert!(matches!(read(200, None, b"{\"a\":1}"), WebOutcome::Answered { status: 200, .. }));
        assert!(matches!(read(500, None, b""), WebOutcome::Unknown(_)));
        assert!(matches!(read(404, None, b""), WebOutcome::Refused(no) if !no.retry()));
        let later = read(429, Some(Duration::from_secs(7)), b"");
        assert!(
            matches!(later, WebOutcome::Refused(no) if no.retry() && no.retry_after == Some(Duration::from_secs(7)))
        );
    }

    #[tokio::test]
    async fn only_safe_addresses_are_called() {
        drop(rustls::crypto::ring::default_provider().install_default());
        let caller = HttpCaller::new(Guard::new(&[])).unwrap();
        // The last ones are this machine, by number, by name, and as others write it.
        for bad in [
            "",
            "ftp://x",
            "http://example.org/",
            "http://127.0.0.1.evil.example/",
            "file:///etc/passwd",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[fd00::1]/",
            "https://2130706433/",
            "https://[::ffff:127.0.0.1]/",
            "http://localhost:9/",
        ] {
            let call = WebCall { url: bad.to_owned(), body: Json::Null, key: "k".to_owned(), generation: 1 };
            assert!(matches!(caller.call(call).await, WebOutcome::Refused(no) if !no.retry()), "{bad}");
        }
    }

    #[tokio::test]
    async fn an_inner_address_that_the_settings_name_is_called() {
        drop(rustls::crypto::ring::default_provider().install_default());
        let caller = HttpCaller::new(Guard::with_this_machine()).unwrap();
        let url = "http://127.0.0.1:1/".to_owned();
        let outcome = caller.call(WebCall { url, body: Json::Null, key: "k".to_owned(), generation: 1 }).await;
        let WebOutcome::Refused(refusal) = outcome else { panic!("{outcome:?}") };
        assert_eq!(refusal.class, RefusalClass::Network);
    }
}
