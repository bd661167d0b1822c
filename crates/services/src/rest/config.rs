//! The settings of a connection that a pack describes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenure_connect::{Refusal, SecretRef, SecretText, Secrets};

use super::ask::call;
use super::pack::{AuthPlan, Pack, Pointer, Request, Speaks, TokenPlace};
use super::template::{Scope, Template, scalar};
use crate::http::{Answer, Assertion, Auth, BadHttpConfig, Call, Hmac, HttpConfig, Identity, Login, SigV4, Speech};
use crate::limits::HTTP_REQUEST_TIME_MAX;

/// How to reach a service that a pack describes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestConfig {
    /// The name of the pack.
    pub pack: String,
    /// Where the service is: the address that its paths begin at.
    pub url: String,
    /// Certificates to trust, in PEM; those of the machine if none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Let secrets and personal data cross the network in the clear.
    #[serde(default)]
    pub allow_plain: bool,
    /// What the pack asks for.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// The secrets that it asks for.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretRef>,
    /// For how many seconds a write may not be seen; what the pack says if none.
    #[serde(default)]
    pub seen_after_seconds: Option<u64>,
    /// How many seconds one request may take.
    #[serde(default)]
    pub request_seconds_max: Option<u64>,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadRestConfig {
    /// The address, the line or the certificates.
    #[error(transparent)]
    Http(#[from] BadHttpConfig),
    /// Something that the pack asks for.
    #[error("pack `{pack}` asks for `{place}.{name}`, {about}; add it")]
    Missing {
        /// Which pack.
        pack: String,
        /// Among `settings` or `secrets`.
        place: &'static str,
        /// Its name.
        name: String,
        /// What it is.
        about: String,
    },
    /// Something that the pack does not ask for.
    #[error("pack `{pack}` has no `{place}.{name}`; it has {known}")]
    Unknown {
        /// Which pack.
        pack: String,
        /// Among `settings` or `secrets`.
        place: &'static str,
        /// Its name.
        name: String,
        /// Those that it has.
        known: String,
    },
    /// A text of the pack that cannot be filled.
    #[error("how to sign in cannot be told")]
    Auth {
        /// Why.
        #[source]
        source: Refusal,
    },
}

impl RestConfig {
    /// Every setting with its value.
    pub(super) fn settled(&self, pack: &Pack) -> Result<BTreeMap<String, String>, BadRestConfig> {
        let missing = |place, (name, about): (&String, &String)| BadRestConfig::Missing {
            pack: self.pack.clone(),
            place,
            name: name.clone(),
            about: about.clone(),
        };
        let unknown = |place, name: &String, known: Vec<&str>| BadRestConfig::Unknown {
            pack: self.pack.clone(),
            place,
            name: name.clone(),
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        };
        if let Some(name) = self.settings.keys().find(|name| !pack.settings.contains_key(*name)) {
            return Err(unknown("settings", name, pack.settings.keys().map(String::as_str).collect()));
        }
        if let Some(name) = self.secrets.keys().find(|name| !pack.secrets.contains_key(*name)) {
            return Err(unknown("secrets", name, pack.secrets.keys().map(String::as_str).collect()));
        }
        if let Some(secret) = pack.secrets.iter().find(|(name, _)| !self.secrets.contains_key(*name)) {
            return Err(missing("secrets", secret));
        }
        let settled = pack.settings.iter().map(|(name, setting)| {
            let value = self.settings.get(name).or(setting.default.as_ref());
            Ok((name.clone(), value.ok_or_else(|| missing("settings", (name, &setting.about)))?.clone()))
        });
        settled.collect()
    }

    /// How to reach the service.
    pub(super) fn http(
        &self,
        pack: &Pack,
        settings: &BTreeMap<String, String>,
        secrets: &Arc<dyn Secrets>,
    ) -> Result<HttpConfig, BadRestConfig> {
        let auth = self.identity(pack, settings, secrets).map_err(|source| BadRestConfig::Auth { source })?;
        Ok(HttpConfig {
            url: self.url.clone(),
            ca_file: self.ca_file.clone(),
            allow_plain: self.allow_plain,
            auth,
            request_time_max: self.request_seconds_max.map_or(HTTP_REQUEST_TIME_MAX, Duration::from_secs),
            media_type: "application/json",
            speaks: if pack.speaks == Speaks::QueryXml { Speech::Xml } else { Speech::Json },
        })
    }

    fn identity(
        &self,
        pack: &Pack,
        settings: &BTreeMap<String, String>,
        secrets: &Arc<dyn Secrets>,
    ) -> Result<Identity, Refusal> {
        let scope = Scope::new(settings);
        let text = |template: &Template| template.text(&scope);
        let maybe = |template: &Option<Template>| template.as_ref().map(text).transpose();
        let secret = |name: &String| {
            self.secrets.get(name).cloned().ok_or_else(|| {
                Refusal::new(tenure_connect::RefusalClass::Auth, format!("the secret `{name}` is missing"))
            })
        };
        Ok(match &pack.auth {
            AuthPlan::Basic { user, password } => Auth::Basic { user: text(user)?, password: secret(password)? }.into(),
            AuthPlan::Bearer { token } => Auth::Bearer { token: secret(token)? }.into(),
            AuthPlan::Header { name, prefix, secret: value } => {
                Identity::Header { name: name.clone(), prefix: prefix.clone(), secret: secret(value)? }
            }
            AuthPlan::Session { login, token, send } => {
                let login = RestLogin {
                    request: login.clone(),
                    token: token.clone(),
                    speaks: pack.speaks.clone(),
                    settings: settings.clone(),
                    secrets: self.secrets.clone(),
                    resolver: Arc::clone(secrets),
                };
                Identity::Session { login: Arc::new(login), send: send.clone() }
            }
            AuthPlan::ClientCredentials { endpoint, client_id, secret: value, scope, send_in } => {
                Auth::ClientCredentials {
                    endpoint: text(endpoint)?,
                    client_id: text(client_id)?,
                    client_secret: secret(value)?,
                    scope: maybe(scope)?,
                    send_in: *send_in,
                }
                .into()
            }
            AuthPlan::Assertion { endpoint, issuer, subject, audience, scope, key } => Identity::Assertion(Assertion {
                endpoint: text(endpoint)?,
                issuer: text(issuer)?,
                subject: maybe(subject)?,
                audience: maybe(audience)?,
                scope: maybe(scope)?,
                key: secret(key)?,
            }),
            AuthPlan::SigV4 { key_id, secret: value, region, service } => Identity::SigV4(SigV4 {
                key_id: secret(key_id)?,
                secret: secret(value)?,
                region: text(region)?,
                service: service.clone(),
            }),
            AuthPlan::Hmac { header, prefix, secret: value, over, date_header } => Identity::Hmac(Hmac {
                header: header.clone(),
                prefix: prefix.clone(),
                secret: secret(value)?,
                over: over.clone(),
                date_header: date_header.clone(),
            }),
        })
    }
}

/// How a session is opened, in the words of the pack.
#[derive(Debug)]
struct RestLogin {
    request: Request,
    token: TokenPlace,
    speaks: Speaks,
    settings: BTreeMap<String, String>,
    secrets: BTreeMap<String, SecretRef>,
    resolver: Arc<dyn Secrets>,
}

impl Login for RestLogin {
    fn call(&self) -> Result<Call, Refusal> {
        let mut scope = Scope::new(&self.settings);
        for (name, reference) in &self.secrets {
            let secret = self.resolver.resolve(reference).map_err(|cause| {
                let message = format!("the secret to sign in with cannot be had from `{reference}`");
                Refusal::new(tenure_connect::RefusalClass::Auth, message).because(cause)
            })?;
            scope = scope.with_secret(name, secret.expose());
        }
        call(&self.request, &self.speaks, &[], &scope)
    }

    fn token(&self, answer: &Answer) -> Option<SecretText> {
        let text = match &self.token {
            TokenPlace::Header(name) => answer.header(name)?.to_owned(),
            TokenPlace::At(pointer) => found(answer, &self.speaks, pointer)?,
            TokenPlace::Cookie => {
                let cookies = answer.headers.get_all("set-cookie").iter();
                let pairs: Vec<&str> = cookies.filter_map(|value| value.to_str().ok()?.split(';').next()).collect();
                pairs.join("; ")
            }
        };
        (!text.is_empty()).then(|| SecretText::new(text))
    }
}

fn found(answer: &Answer, speaks: &Speaks, pointer: &Pointer) -> Option<String> {
    let json = answer.json()?;
    let whole = if matches!(speaks, Speaks::JsonRpc { .. }) { json.get("result")? } else { json };
    whole.pointer(pointer).and_then(scalar)
}
