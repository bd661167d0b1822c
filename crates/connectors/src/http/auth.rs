//! Who we are to a server: a fixed token, a password, or a token that is fetched and renewed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::header::HeaderValue;
use reqwest::{Client, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenure_connect::{Refusal, RefusalClass, SecretRef, SecretText, Secrets};
use tenure_model::Clock;
use tokio::sync::Mutex;

use super::{BadHttpConfig, Body, address};
use crate::limits::{HTTP_TOKEN_LIFE_USUAL, HTTP_TOKEN_MARGIN};

/// How to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Auth {
    /// A token that somebody gave us.
    Bearer {
        /// The token.
        token: SecretRef,
    },
    /// A name and a password in every request.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: SecretRef,
    },
    /// A token that is fetched with our own credentials (RFC 6749, 4.4).
    ClientCredentials {
        /// Where tokens are fetched.
        endpoint: String,
        /// Who we are.
        client_id: String,
        /// Our secret.
        client_secret: SecretRef,
        /// What the token is for.
        #[serde(default)]
        scope: Option<String>,
        /// Where the secret goes.
        #[serde(default)]
        send_in: SecretPlace,
    },
}

/// Where the secret of a client goes when it fetches a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretPlace {
    /// Into the header, as RFC 6749 prefers.
    #[default]
    Header,
    /// Into the form.
    Form,
}

/// Signs requests.
pub(super) struct SignIn {
    auth: Auth,
    token_url: Option<Url>,
    client: Client,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    token: Mutex<Option<Token>>,
}

struct Token {
    text: SecretText,
    until: Timestamp,
}

impl SignIn {
    pub(super) fn new(
        auth: Auth,
        allow_plain: bool,
        client: Client,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadHttpConfig> {
        let token_url = match &auth {
            Auth::ClientCredentials { endpoint, .. } => Some(address(endpoint, "auth.endpoint", allow_plain)?),
            Auth::Bearer { .. } | Auth::Basic { .. } => None,
        };
        Ok(Self { auth, token_url, client, secrets, clock, token: Mutex::default() })
    }

    /// What goes into the header that says who we are. It is marked so that no log shows it.
    pub(super) async fn header(&self) -> Result<HeaderValue, Refusal> {
        match &self.auth {
            Auth::Bearer { token } => marked(&format!("Bearer {}", self.secret(token)?.expose())),
            Auth::Basic { user, password } => basic(user, &self.secret(password)?),
            Auth::ClientCredentials { .. } => marked(&format!("Bearer {}", self.fetched().await?.expose())),
        }
    }

    /// Forgets a token that was fetched; says whether there was one, so that another may help.
    pub(super) async fn forget(&self) -> bool {
        self.token.lock().await.take().is_some()
    }

    fn secret(&self, reference: &SecretRef) -> Result<SecretText, Refusal> {
        self.secrets.resolve(reference).map_err(|cause| {
            let message = format!("the secret to sign in with cannot be had from `{reference}`");
            Refusal::new(RefusalClass::Auth, message).because(cause)
        })
    }

    async fn fetched(&self) -> Result<SecretText, Refusal> {
        let mut kept = self.token.lock().await;
        let now = self.clock.now();
        if let Some(token) = kept.as_ref().filter(|token| token.until > now) {
            return Ok(token.text.clone());
        }
        let token = self.fetch(now).await?;
        let text = token.text.clone();
        *kept = Some(token);
        Ok(text)
    }

    async fn fetch(&self, now: Timestamp) -> Result<Token, Refusal> {
        let (Auth::ClientCredentials { client_id, client_secret, scope, send_in, endpoint: shown }, Some(token_url)) =
            (&self.auth, &self.token_url)
        else {
            return Err(Refusal::new(RefusalClass::Auth, "there is nowhere to fetch a token"));
        };
        let secret = self.secret(client_secret)?;
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(scope.as_deref().map(|scope| ("scope", scope)));
        let mut request = self.client.post(token_url.clone());
        match send_in {
            SecretPlace::Header => request = request.header("authorization", basic(client_id, &secret)?),
            SecretPlace::Form => form.extend([("client_id", client_id.as_str()), ("client_secret", secret.expose())]),
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(encoded(&form));
        let failed = |class, why: &str| Refusal::new(class, format!("no token came from `{shown}`: {why}"));
        let response = request
            .send()
            .await
            .map_err(|error| failed(RefusalClass::Network, "it did not answer").because(error.without_url()))?;
        let status = response.status().as_u16();
        let body = Body::of(response).await;
        match (status, &body) {
            (200..=299, Body::Json(json)) => {
                token(json, now).ok_or_else(|| failed(RefusalClass::Auth, "its answer holds no bearer token"))
            }
            (200..=299, _) => Err(failed(RefusalClass::Invalid, body.complaint().unwrap_or("it is not JSON"))),
            (429 | 500..=599, _) => Err(failed(RefusalClass::Maintenance, "it cannot serve now")),
            (_, _) => {
                let why = format!("it answered with {status}; correct `auth.clientId` and the secret of the client");
                Err(failed(RefusalClass::Auth, &why))
            }
        }
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").finish_non_exhaustive()
    }
}

fn token(json: &Json, now: Timestamp) -> Option<Token> {
    let text = json.get("access_token")?.as_str()?;
    let kind = json.get("token_type").and_then(Json::as_str).unwrap_or("bearer");
    if !kind.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let life = json.get("expires_in").and_then(Json::as_u64).map_or(HTTP_TOKEN_LIFE_USUAL, Duration::from_secs);
    let until = now.checked_add(life.saturating_sub(HTTP_TOKEN_MARGIN)).ok()?;
    Some(Token { text: SecretText::new(text), until })
}

fn marked(text: &str) -> Result<HeaderValue, Refusal> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Refusal::new(RefusalClass::Auth, "the secret to sign in with has characters that a header cannot hold")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A name and a password as RFC 7617 writes them.
fn basic(user: &str, password: &SecretText) -> Result<HeaderValue, Refusal> {
    marked(&format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose()))))
}

/// A form as a body (RFC 1866): everything but unreserved characters in per cent.
fn encoded(form: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params("form:", form).ok();
    url.and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_what_was_put_in() {
        assert_eq!(encoded(&[("a", "b c"), ("d", "&=/é")]), "a=b+c&d=%26%3D%2F%C3%A9");
    }

    #[test]
    fn a_header_shows_nothing_of_the_secret() {
        let header = basic("ada", &SecretText::new("hunter2")).unwrap();
        assert!(header.is_sensitive() && !format!("{header:?}").contains("YWRh"));
    }

    #[test]
    fn a_token_ends_before_its_end() {
        let now = Timestamp::UNIX_EPOCH;
        let json = serde_json::json!({"access_token": "t", "token_type": "Bearer", "expires_in": 60});
        assert_eq!(token(&json, now).unwrap().until.as_second(), 30);
        assert!(token(&serde_json::json!({"access_token": "t", "token_type": "mac"}), now).is_none());
    }
}
