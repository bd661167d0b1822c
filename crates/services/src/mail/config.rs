//! The settings of a channel of mail.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};
use tenure_connect::{SecretRef, trust};

use super::address::{Address, BadAddress};

/// How the line to the server is made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailTls {
    /// In the clear first, and TLS before anything is said (port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (port 465).
    Implicit,
    /// Not at all.
    None,
}

/// Who we are to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailAuth {
    /// The name.
    pub user: String,
    /// The password.
    pub password: SecretRef,
}

/// How mails are signed for whoever receives them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailDkim {
    /// The domain that signs.
    pub domain: String,
    /// Under which name its public key is in the DNS.
    pub selector: String,
    /// The private key, RSA or Ed25519, as PKCS#8 in PEM.
    pub key: SecretRef,
}

/// The settings of a channel of mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailConfig {
    /// Where the server is: `host` or `host:port`.
    pub server: String,
    /// How the line is made safe.
    #[serde(default)]
    pub tls: MailTls,
    /// Let mails and passwords cross the network in the clear.
    #[serde(default)]
    pub allow_plain: bool,
    /// Certificates to trust, in PEM; those of the machine if none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// How to sign in.
    #[serde(default)]
    pub auth: Option<MailAuth>,
    /// Who writes: `Tenure <tenure@example.org>`.
    pub from: String,
    /// Where answers go.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// What we call ourselves to the server; the domain of `from` if none.
    #[serde(default)]
    pub hello: Option<String>,
    /// Where somebody can ask to get no more: `mailto:…` or `https://…`.
    #[serde(default)]
    pub unsubscribe: Option<String>,
    /// How mails are signed.
    #[serde(default)]
    pub dkim: Option<MailDkim>,
}

/// Why a channel of mail cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BadMailConfig {
    /// The server.
    #[error("`{0}` in `server` is not a host with an optional port, such as `smtp.example.org:587`")]
    Server(String),
    /// A plain line beyond this machine.
    #[error(
        "`tls: none` to `{0}` would send mails in the clear; use `starttls` or `implicit`, or say `allowPlain: true`"
    )]
    Plain(String),
    /// An address.
    #[error("`{place}`: {bad}")]
    Address {
        /// Where.
        place: &'static str,
        /// What is wrong with it.
        bad: BadAddress,
    },
    /// A word that goes over the line.
    #[error("`{place}` is no plain name of letters, digits, `.` and `-`")]
    Word {
        /// Where.
        place: &'static str,
    },
    /// Where to ask for no more.
    #[error("`unsubscribe` is neither `mailto:…` nor `https://…` without blanks")]
    Unsubscribe,
    /// The certificates to trust.
    #[error("no certificates to trust could be read; set `caFile` to a PEM file that we may read")]
    Certificates(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Settings that make sense.
pub(super) struct Settings {
    pub(super) server: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: MailTls,
    pub(super) server_name: ServerName<'static>,
    pub(super) trust: Arc<ClientConfig>,
    pub(super) auth: Option<MailAuth>,
    pub(super) from: Address,
    pub(super) reply_to: Option<Address>,
    pub(super) hello: String,
    pub(super) unsubscribe: Option<String>,
    pub(super) dkim: Option<MailDkim>,
}

impl Settings {
    pub(super) fn new(config: MailConfig) -> Result<Self, BadMailConfig> {
        let (host, port) =
            place(&config.server, config.tls).ok_or_else(|| BadMailConfig::Server(config.server.clone()))?;
        let server_name =
            ServerName::try_from(host.clone()).map_err(|_| BadMailConfig::Server(config.server.clone()))?;
        if config.tls == MailTls::None && !config.allow_plain && !is_this_machine(&host) {
            return Err(BadMailConfig::Plain(config.server));
        }
        let address = |place, text: &str| text.parse().map_err(|bad| BadMailConfig::Address { place, bad });
        let from: Address = address("from", &config.from)?;
        let reply_to = config.reply_to.as_deref().map(|text| address("replyTo", text)).transpose()?;
        let hello = config.hello.unwrap_or_else(|| from.domain().to_owned());
        word("hello", &hello)?;
        if let Some(dkim) = &config.dkim {
            word("dkim.domain", &dkim.domain)?;
            word("dkim.selector", &dkim.selector)?;
        }
        let good = |text: &String| {
            (text.starts_with("mailto:") || text.starts_with("https://"))
                && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>')
        };
        if config.unsubscribe.as_ref().is_some_and(|text| !good(text)) {
            return Err(BadMailConfig::Unsubscribe);
        }
        let trust = match config.tls {
            // A machine without authorities can still hand mail to itself.
            MailTls::None if config.ca_file.is_none() => trust::client(None).or_else(|_| trust::nobody()),
            MailTls::None | MailTls::Starttls | MailTls::Implicit => trust::client(config.ca_file.as_deref()),
        };
        Ok(Self {
            server: format!("{host}:{port}"),
            host,
            port,
            tls: config.tls,
            server_name,
            trust: Arc::new(trust.map_err(BadMailConfig::Certificates)?),
            auth: config.auth,
            from,
            reply_to,
            hello,
            unsubscribe: config.unsubscribe,
            dkim: config.dkim,
        })
    }
}

/// Host and port; the port that fits if none is said.
fn place(text: &str, tls: MailTls) -> Option<(String, u16)> {
    let usual = match tls {
        MailTls::Starttls => 587,
        MailTls::Implicit => 465,
        MailTls::None => 25,
    };
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.starts_with('[') => (host, port.parse().ok()?),
        Some(_) | None => (text, usual),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let plain = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
    (plain && port > 0).then(|| (host.to_owned(), port))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn word(place: &'static str, text: &str) -> Result<(), BadMailConfig> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    if text.is_empty() || !text.bytes().all(plain) { Err(BadMailConfig::Word { place }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(extra: serde_json::Value) -> Result<Settings, BadMailConfig> {
        let mut config = serde_json::json!({ "server": "127.0.0.1", "tls": "none", "from": "t@example.org" });
        config.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        Settings::new(serde_json::from_value(config).unwrap())
    }

    #[test]
    fn the_port_follows_from_how_the_line_is_made_safe() {
        for (text, tls, wanted) in [
            ("mx.example.org", MailTls::Starttls, Some(("mx.example.org", 587))),
            ("mx.example.org", MailTls::Implicit, Some(("mx.example.org", 465))),
            ("[::1]:2525", MailTls::None, Some(("::1", 2525))),
            ("::1", MailTls::None, Some(("::1", 25))),
            ("mx:0", MailTls::None, None),
            ("mx:x", MailTls::None, None),
            ("a b", MailTls::None, None),
            ("", MailTls::None, None),
        ] {
            let found = place(text, tls);
            assert_eq!(found.as_ref().map(|(host, port)| (host.as_str(), *port)), wanted, "{text}");
        }
    }

    #[test]
    fn what_would_be_careless_is_refused() {
        assert!(read(serde_json::json!({})).is_ok());
        assert!(
            read(serde_json::json!({ "server": "mx.example.org" })).err().unwrap().to_string().contains("allowPlain")
        );
        assert!(read(serde_json::json!({ "server": "mx.example.org", "allowPlain": true })).is_ok());
        for bad in [
            serde_json::json!({ "from": "x" }),
            serde_json::json!({ "hello": "a\r\nb" }),
            serde_json::json!({ "unsubscribe": "mailto:a\r\nBcc: b" }),
            serde_json::json!({ "unsubscribe": "http://x" }),
            serde_json::json!({ "caFile": "/none" }),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }
}
