//! Webhooks as the Standard Webhooks specification has them: a [`Channel`] that calls a URL and
//! signs what it sends, and the [`Keys`] with which a door believes what comes in.
//!
//! It follows no redirect, calls no inner address that the settings do not name, and reads nothing
//! of an answer but its status. Next: [`guard`], `key`.

pub mod guard;
mod key;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, Url};
use serde::{Deserialize, Serialize};
use tenure_connect::{
    Channel, Content, Doubt, DoubtKind, Facts, Message, Refusal, RefusalClass, SecretRef, Secrets, Sent,
};
use tenure_model::Clock;

pub use guard::{BadNet, Guard, Net};
pub use key::{BadKey, Keys, Signed};

use crate::http::{BadHttpConfig, address, certificates, pause};
use crate::limits::{HOOK_BODY_BYTES_MAX, HOOK_DIAL_TIME_MAX, HOOK_KEYS_MAX, HOOK_TIME_MAX, HTTP_IDLE_TIME_MAX};

/// The settings of a channel of webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HookConfig {
    /// Where to: `https://host/path`, or `http://` to this machine.
    pub url: String,
    /// The keys to sign with; two while one takes the place of the other.
    pub keys: Vec<SecretRef>,
    /// Inner addresses that may be called, such as `10.1.0.0/16`.
    #[serde(default)]
    pub allow_internal: Vec<Net>,
    /// Certificates to trust, in PEM; those of the machine if none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// Why a channel of webhooks cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BadHookConfig {
    /// The address, the certificates or the client.
    #[error(transparent)]
    Http(#[from] BadHttpConfig),
    /// The client.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
    /// How many keys.
    #[error("`keys` names {0} keys; name 1 to {HOOK_KEYS_MAX}")]
    Keys(usize),
    /// An inner address.
    #[error("`{url}`: {inner}", inner = guard::Inner)]
    Inner {
        /// As it was given.
        url: String,
    },
}

/// A way out by signed calls.
pub struct HookChannel {
    client: Client,
    url: Url,
    keys: Vec<SecretRef>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for HookChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookChannel").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl HookChannel {
    /// Takes settings that make sense; nothing is sent yet.
    pub fn new(config: HookConfig, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Result<Self, BadHookConfig> {
        let url = address(&config.url, "url", false)?;
        if config.keys.is_empty() || config.keys.len() > HOOK_KEYS_MAX {
            return Err(BadHookConfig::Keys(config.keys.len()));
        }
        let guard = Guard::new(&config.allow_internal);
        if !guard.lets_number(&url) {
            return Err(BadHookConfig::Inner { url: config.url });
        }
        // Whoever else set a provider chose the same one: it is the only one that is built in.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(guard))
            .connect_timeout(HOOK_DIAL_TIME_MAX)
            .timeout(HOOK_TIME_MAX)
            .pool_idle_timeout(HTTP_IDLE_TIME_MAX)
            .no_proxy();
        if let Some(path) = &config.ca_file {
            builder = builder.tls_certs_only(certificates(path)?);
        }
        let client = builder.build().map_err(BadHookConfig::Client)?;
        Ok(Self { client, url, keys: config.keys, secrets, clock })
    }

    #[tracing::instrument(name = "connectors.hook.send", skip_all, fields(id = message.id))]
    async fn call(&self, message: &Message, facts: &Facts) -> Sent {
        if facts.body.len() > HOOK_BODY_BYTES_MAX {
            let said = format!("the notice has {} bytes, and at most {HOOK_BODY_BYTES_MAX} are sent", facts.body.len());
            return Sent::Refused(Refusal::new(RefusalClass::Invalid, said));
        }
        let keys = match Keys::resolve(&self.keys, self.secrets.as_ref()) {
            Ok(keys) => keys,
            Err(bad) => return Sent::Refused(Refusal::new(RefusalClass::Auth, bad.to_string()).because(bad)),
        };
        // The moment of this try: a receiver does not believe an old one.
        let now = self.clock.now();
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("user-agent", concat!("tenure/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", now.as_second().to_string())
            .header("webhook-signature", keys.sign(&message.id, now, facts.body.as_bytes()));
        match request.body(facts.body.clone()).send().await {
            Ok(response) => self.meaning(&response),
            Err(error) => self.unanswered(error),
        }
    }

    fn meaning(&self, response: &Response) -> Sent {
        use RefusalClass::{Auth, Gone, Invalid, Maintenance, Rate};
        let status = response.status().as_u16();
        let (class, way) = match status {
            200..=299 => return Sent::Done,
            300..=399 => {
                (Maintenance, "it points elsewhere, and redirects are not followed; set `url` to the right address")
            }
            401 | 403 => (Auth, "it does not believe us; see that it has one of our keys"),
            410 => (Gone, "it wants no more; take the notice out of the estate"),
            413 => (Invalid, "it is too much for it"),
            429 => (Rate, "it wants to be called more slowly"),
            _ => (Maintenance, "look into its log"),
        };
        let refusal = Refusal::new(class, format!("`{}` answered with {status}: {way}", self.place()));
        let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        Sent::Refused(match asked.and_then(|text| pause::parse(text, self.clock.now())) {
            Some(wait) => refusal.after(wait),
            None => refusal,
        })
    }

    fn unanswered(&self, error: reqwest::Error) -> Sent {
        let error = error.without_url();
        let place = self.place();
        if guard::is_inner(&error) {
            let refusal = Refusal::new(RefusalClass::Permission, format!("`{place}`: {}", guard::Inner));
            return Sent::Refused(refusal.because(error));
        }
        if error.is_connect() {
            let said = format!("nobody answers at `{place}`, or its certificate was not accepted");
            return Sent::Refused(Refusal::new(RefusalClass::Network, said).because(error));
        }
        Sent::Unknown(Doubt::new(DoubtKind::LostResponse, format!("`{place}` was called and gave no answer")))
    }

    /// Where it goes, without what may be secret in a path.
    fn place(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

impl Channel for HookChannel {
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Sent> {
        async move {
            match &message.content {
                Content::Facts(facts) => self.call(message, facts).await,
                Content::Letter(_) => Sent::Refused(Refusal::new(
                    RefusalClass::Unsupported,
                    "words to somebody are not sent to a machine; name a channel of mail",
                )),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_connect::FileSecrets;
    use tenure_model::SystemClock;

    #[test]
    fn inner_addresses_are_refused_before_anything_is_sent() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let channel = |url: &str| {
            let config = serde_json::json!({ "url": url, "keys": ["file:/key"] });
            HookChannel::new(serde_json::from_value(config).unwrap(), Arc::new(FileSecrets), Arc::clone(&clock))
        };
        assert!(channel("https://hooks.example.org/in").is_ok());
        for inner in
            ["http://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://[::ffff:10.0.0.1]/", "https://0/"]
        {
            assert!(matches!(channel(inner), Err(BadHookConfig::Inner { .. })), "{inner}");
        }
        for bad in ["http://hooks.example.org/", "https://user:hunter2@x/", "ftp://x/", ""] {
            let said = channel(bad).err().unwrap().to_string();
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
