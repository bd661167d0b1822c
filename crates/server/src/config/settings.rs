//! The settings themselves. To add one, add a line; the file, the environment, the command line
//! and the page of the reference know it then.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;
use tenure_model::Assignee;

use super::table::settings;
use super::value::{LogFormat, Names, Nets, Seconds, Whole};
use super::{CLEAR_PHRASE, ConfigError};

settings! {
    /// Where the database is: `sqlite:PATH` or `postgres://…`.
    database_url: SecretString = "database.url", "sqlite:data/tenure.db", "0.1", true;
    /// The address and port of the HTTP API. Beyond this machine it needs TLS.
    listen: SocketAddr = "listen", "127.0.0.1:8080", "0.1", false;
    /// How others reach this installation, for links in notices. None: `listen` is used.
    public_url: Option<String> = "public_url", "", "0.1", false;
    /// The certificate chain in PEM.
    tls_certificate: Option<PathBuf> = "tls.certificate", "", "0.1", false;
    /// The private key in PEM, readable by nobody else.
    tls_key: Option<PathBuf> = "tls.key", "", "0.1", false;
    /// The folder of the estate: connections, roles, workflows.
    estate_folder: PathBuf = "estate.folder", "estate", "0.1", false;
    /// When that folder is put into force: `by-hand`, which is what `tenure apply` does, or `at-start`.
    estate_apply: ApplyFolder = "estate.apply", "by-hand", "0.2", false;
    /// The folder for what Tenure keeps besides the database, such as keys.
    data_folder: PathBuf = "data.folder", "data", "0.1", false;
    /// How logs are written: for people or for machines.
    log_format: LogFormat = "log.format", "text", "0.1", false;
    /// What is logged: a level such as `info`, or levels by module such as `info,tenure_engine=debug`.
    log_level: String = "log.level", "info", "0.1", false;
    /// Where traces are sent by OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`. None: nowhere.
    otel_endpoint: Option<String> = "otel.endpoint", "", "0.1", false;
    /// The most bytes of a body.
    body_bytes_max: Whole<1_024, 67_108_864> = "limits.body_bytes_max", "1048576", "0.1", false;
    /// The most items of a page.
    page_items_max: Whole<1, 10_000> = "limits.page_items_max", "500", "0.1", false;
    /// How long a request may take.
    request_seconds_max: Seconds<1, 600> = "limits.request_seconds_max", "30", "0.1", false;
    /// How long the body of a request may take to arrive.
    body_seconds_max: Seconds<1, 600> = "limits.body_seconds_max", "10", "0.1", false;
    /// How many requests are worked on at once; more are sent away.
    requests_max: Whole<1, 100_000> = "limits.requests_max", "512", "0.1", false;
    /// How many connections are open at once; more have to wait.
    connections_max: Whole<1, 100_000> = "limits.connections_max", "4096", "0.1", false;
    /// How long requests may still take when the server stops.
    drain_seconds_max: Seconds<0, 600> = "limits.drain_seconds_max", "20", "0.1", false;
    /// Who is asked when whoever a task is for is gone and nobody comes after them: a role or a team.
    tasks_fallback: Assignee = "tasks.fallback", "role:operator", "0.2", false;
    /// The attributes of people by which it is told that somebody works somewhere else now, with commas between them.
    owners_moved_by: Names = "owners.moved_by", "costCenter, department, jobTitle, manager, orgUnit, title", "0.2", false;
    /// Inner addresses that steps may call, such as `10.1.0.0/16`, with commas between them. None: only those that
    /// everybody can reach.
    calls_internal: Nets = "calls.internal", "", "0.2", false;
    /// `open` lets everybody on this machine read the metrics; only with a `listen` on loopback.
    metrics_access: MetricsAccess = "metrics.access", "token", "0.1", false;
    /// Says in so many words that tokens may travel in clear, to listen beyond this machine without TLS.
    listen_without_tls: Option<String> = "unsafe.listen_without_tls", "", "0.1", false;
}

/// Who may read the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Whose token allows it.
    Token,
    /// Everybody on this machine.
    Open,
}

impl super::SettingValue for MetricsAccess {
    fn kind() -> String {
        "`token` or `open`".to_owned()
    }
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "token" => Ok(Self::Token),
            "open" => Ok(Self::Open),
            other => Err(format!("is {}; use `token` or `open`", tenure_api::problem::quoted(other))),
        }
    }
}

impl super::SettingValue for Assignee {
    fn kind() -> String {
        "a role or a team, such as `role:operator` or `team:facilities`".to_owned()
    }
    fn read(text: &str) -> Result<Self, String> {
        match text.parse() {
            // A person can leave too, and then nobody would be asked.
            Ok(Self::Person(_)) | Err(_) => {
                let text = tenure_api::problem::quoted(text);
                Err(format!("is {text}; use a role or a team, such as `role:operator` or `team:facilities`"))
            }
            Ok(many) => Ok(many),
        }
    }
}

/// When the folder of the estate is put into force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplyFolder {
    /// When somebody says so.
    ByHand,
    /// At each start at which it differs from what is in force.
    AtStart,
}

impl super::SettingValue for ApplyFolder {
    fn kind() -> String {
        "`by-hand` or `at-start`".to_owned()
    }
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "by-hand" => Ok(Self::ByHand),
            "at-start" => Ok(Self::AtStart),
            other => Err(format!("is {}; use `by-hand` or `at-start`", tenure_api::problem::quoted(other))),
        }
    }
}

impl Config {
    /// How others reach this installation, with no `/` at its end; nothing if nobody said.
    pub fn public_url(&self) -> String {
        let scheme = if self.tls_key.is_some() { "https" } else { "http" };
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if self.listen.ip().is_unspecified() => String::new(),
            None => format!("{scheme}://{}", self.listen),
        }
    }

    /// Whether whoever comes with a browser comes by TLS, to us or to what stands before us.
    pub fn by_tls(&self) -> bool {
        self.tls_key.is_some() || self.public_url().starts_with("https:")
    }

    /// What no setting alone can say.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let bad = |key: &str, reason: &str| {
            let (place, key, reason) = ("settings".to_owned(), key.to_owned(), reason.to_owned());
            Err(ConfigError::BadValue { place, key, reason })
        };
        match (&self.tls_certificate, &self.tls_key) {
            (Some(_), None) => return bad("tls.key", "is missing beside `tls.certificate`; set both or none"),
            (None, Some(_)) => return bad("tls.certificate", "is missing beside `tls.key`; set both or none"),
            (Some(_), Some(_)) | (None, None) => {}
        }
        let said = self.listen_without_tls.as_deref();
        if said.is_some_and(|said| said != CLEAR_PHRASE) {
            return bad("unsafe.listen_without_tls", &format!("does not say `{CLEAR_PHRASE}`"));
        }
        if self.public_url.as_ref().is_some_and(|url| !is_web(url)) {
            return bad(
                "public_url",
                "is no address of a host of the web; write one such as `https://tenure.example.org`, with no path",
            );
        }
        let loopback = self.listen.ip().is_loopback();
        if !loopback && self.tls_key.is_none() && said.is_none() {
            return Err(ConfigError::OpenWithoutTls { address: self.listen });
        }
        if !loopback && self.metrics_access == MetricsAccess::Open {
            return bad("metrics.access", "is `open` and `listen` reaches beyond this machine; use `token`");
        }
        Ok(())
    }
}

/// Whether this is the beginning of a link: a host, and no path, since pages and their cookies have theirs.
fn is_web(url: &str) -> bool {
    url.parse::<axum::http::Uri>().is_ok_and(|uri| {
        let host = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        matches!(uri.scheme_str(), Some("http" | "https")) && host && uri.path() == "/" && uri.query().is_none()
    })
}
