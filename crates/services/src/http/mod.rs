//! A small HTTP client for connectors: one server, one way to sign in, JSON in and out.
//!
//! It verifies certificates, follows no redirect, reads no body beyond its limit, and says of
//! every request that failed whether it can have had an effect. No error of it holds a secret, a
//! query or a body. What an answer means is decided by the connector; see [`Answer`] and [`Fault`].

mod answer;
mod auth;
mod call;
mod fault;
mod identity;
pub(crate) mod pause;
mod session;
mod sign;
mod xml;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Url};
use tenure_connect::{Refusal, RefusalClass, Secrets};
use tenure_model::Clock;
use tokio::sync::Semaphore;

pub use answer::{Answer, Body};
pub use auth::{Auth, SecretPlace};
pub use call::Call;
pub use fault::{Fault, class_of};
pub use identity::{Assertion, Hmac, Identity, Part, SigV4};
pub use session::{Login, SendIn};

use crate::limits::{
    HTTP_DIAL_TIME_MAX, HTTP_IDLE_TIME_MAX, HTTP_PAUSE_MAX, HTTP_PAUSE_USUAL, HTTP_READ_TRIES_MAX,
    HTTP_REQUESTS_AT_ONCE_MAX,
};
use call::Outgoing;
use identity::SignIn;

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Where everything is: `https://host/path`, or `http://` to this machine.
    pub url: String,
    /// Certificates to trust, in PEM; those of the machine if none.
    pub ca_file: Option<PathBuf>,
    /// Let secrets and personal data cross the network in the clear.
    pub allow_plain: bool,
    /// How to sign in.
    pub auth: Identity,
    /// How long one request may take.
    pub request_time_max: Duration,
    /// What bodies are called, besides `application/json`.
    pub media_type: &'static str,
    /// In what form answers come.
    pub speaks: Speech,
}

/// In what form answers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speech {
    /// JSON.
    #[default]
    Json,
    /// XML, which is handed on as the JSON that says the same.
    Xml,
}

/// Why a server cannot be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum BadHttpConfig {
    /// The address.
    #[error("`{url}` in `{place}` is not the address of a server; use `https://HOST/PATH` without user, query or `#`")]
    Url {
        /// As it was given.
        url: String,
        /// Where.
        place: &'static str,
    },
    /// A plain line beyond this machine.
    #[error("`{url}` in `{place}` would send secrets in the clear; use `https://`, or say `allowPlain: true`")]
    Plain {
        /// As it was given.
        url: String,
        /// Where.
        place: &'static str,
    },
    /// The certificates to trust.
    #[error("no certificates to trust could be read; set `caFile` to a PEM file that we may read")]
    Certificates {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The client.
    #[error("the HTTP client cannot be set up")]
    Client {
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

/// A way to one server.
pub struct HttpClient {
    client: Client,
    base: Url,
    media_type: &'static str,
    speaks: Speech,
    sign_in: SignIn,
    clock: Arc<dyn Clock>,
    room: Semaphore,
}

impl HttpClient {
    /// Takes settings that make sense; nothing is sent yet.
    pub fn new(config: HttpConfig, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Result<Self, BadHttpConfig> {
        let base = address(&config.url, "url", config.allow_plain)?;
        // Whoever else set a provider chose the same one: it is the only one that is built in.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(HTTP_DIAL_TIME_MAX.min(config.request_time_max))
            .timeout(config.request_time_max)
            .pool_max_idle_per_host(HTTP_REQUESTS_AT_ONCE_MAX)
            .pool_idle_timeout(HTTP_IDLE_TIME_MAX)
            .no_proxy();
        if let Some(path) = &config.ca_file {
            builder = builder.tls_certs_only(certificates(path)?);
        }
        let client = builder.build().map_err(|source| BadHttpConfig::Client { source })?;
        let line = identity::Line { client: client.clone(), base: base.clone(), allow_plain: config.allow_plain };
        let sign_in = SignIn::new(config.auth, line, secrets, Arc::clone(&clock))?;
        let room = Semaphore::new(HTTP_REQUESTS_AT_ONCE_MAX);
        Ok(Self { client, base, media_type: config.media_type, speaks: config.speaks, sign_in, clock, room })
    }

    /// Where the server is.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Sends a request once. A server that no longer takes our token gets a new one.
    pub async fn send(&self, call: &Call) -> Result<Answer, Fault> {
        let answer = self.send_signed(call).await?;
        if answer.status == 401 && self.sign_in.forget().await {
            return self.send_signed(call).await;
        }
        Ok(answer)
    }

    /// Sends a request that changes nothing, again if the server was busy or the line broke. The
    /// answer is a good one or a definite no.
    pub async fn read(&self, call: &Call) -> Result<Answer, Refusal> {
        let mut pause = HTTP_PAUSE_USUAL;
        let mut left = HTTP_READ_TRIES_MAX;
        loop {
            left = left.saturating_sub(1);
            let refusal = match self.send(call).await {
                Ok(answer) if !may_be_better(&answer) => return Ok(answer),
                Ok(answer) => self.refusal(call, &answer),
                Err(fault) => fault.as_read(),
            };
            let wait = refusal.retry_after.unwrap_or(pause);
            if left == 0 || !refusal.retry() || wait > HTTP_PAUSE_MAX {
                return Err(refusal);
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(HTTP_PAUSE_MAX);
        }
    }

    /// The refusal that an answer means, with the server's own words in the cause.
    pub fn refusal(&self, call: &Call, answer: &Answer) -> Refusal {
        fault::refused(&call.name(), self.url(), answer)
    }

    /// Forgets what was fetched to sign in with; says whether there was anything, so that the next
    /// request may fare better.
    pub async fn renew(&self) -> bool {
        self.sign_in.forget().await
    }

    async fn send_signed(&self, call: &Call) -> Result<Answer, Fault> {
        let Ok(_room) = self.room.acquire().await else {
            return Err(Refusal::new(RefusalClass::Maintenance, "the connector is shutting down").into());
        };
        let mut outgoing = Outgoing::of(&self.base, call, self.media_type)?;
        self.sign_in.sign(&mut outgoing).await?;
        match outgoing.send(&self.client).await {
            Ok(response) => Ok(Answer::take(response, self.speaks, self.clock.now()).await),
            Err(error) => Err(fault::unanswered(&call.name(), self.url(), error)),
        }
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("url", &self.url()).finish_non_exhaustive()
    }
}

/// Whether the server may answer better when it is asked again.
fn may_be_better(answer: &Answer) -> bool {
    class_of(answer.status).map_or(answer.body == Body::Broken, RefusalClass::retry)
}

/// A URL that may be spoken to.
pub(crate) fn address(text: &str, place: &'static str, allow_plain: bool) -> Result<Url, BadHttpConfig> {
    let bad = || BadHttpConfig::Url { url: shown(text), place };
    let url: Url = text.parse().map_err(|_| bad())?;
    let plain = !url.username().is_empty() || url.password().is_some() || url.query().is_some();
    if plain || url.fragment().is_some() || url.host_str().is_none() {
        return Err(bad());
    }
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback || allow_plain => Ok(url),
        "http" => Err(BadHttpConfig::Plain { url: shown(text), place }),
        _ => Err(bad()),
    }
}

/// An address as it may be shown: what stands before an `@` or after a `?` may be a secret.
fn shown(text: &str) -> String {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    match (path.split_once("://"), path.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (_, _) => path.to_owned(),
    }
}

pub(crate) fn certificates(path: &std::path::Path) -> Result<Vec<reqwest::Certificate>, BadHttpConfig> {
    let pem = std::fs::read(path).map_err(|error| BadHttpConfig::Certificates { source: Box::new(error) })?;
    let found = reqwest::Certificate::from_pem_bundle(&pem)
        .map_err(|error| BadHttpConfig::Certificates { source: Box::new(error) })?;
    if found.is_empty() {
        return Err(BadHttpConfig::Certificates { source: "there is no certificate".into() });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_addresses_are_spoken_to() {
        for good in ["https://scim.example.org/v2", "http://127.0.0.1:8080/v2/", "http://[::1]/"] {
            assert!(address(good, "url", false).is_ok(), "{good}");
        }
        for bad in
            ["", "scim.example.org", "ftp://x/", "https://user:pass@x/", "https://x/?token=hunter2", "https://x/#a"]
        {
            let error = address(bad, "url", false).unwrap_err().to_string();
            assert!(!error.contains("pass") && !error.contains("hunter2"), "{error}");
        }
        let plain = address("http://scim.example.org/", "url", false).unwrap_err();
        assert!(plain.to_string().contains("allowPlain"), "{plain}");
        assert!(address("http://scim.example.org/", "url", true).is_ok());
    }
}
