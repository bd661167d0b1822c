//! Who we are to a server: a fixed token, a password, or a token that is fetched and renewed.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tenure_connect::{Refusal, RefusalClass, SecretRef, SecretText};

use super::identity::SignIn;
use super::{Body, Speech};
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

/// A token that was fetched.
pub(super) struct Token {
    pub(super) text: SecretText,
    pub(super) until: Timestamp,
}

/// Fetches a token with our own credentials.
pub(super) async fn fetch(auth: &Auth, url: &Url, sign_in: &SignIn) -> Result<Token, Refusal> {
    let Auth::ClientCredentials { client_id, client_secret, scope, send_in, .. } = auth else {
        return Err(Refusal::new(RefusalClass::Auth, "there is nowhere to fetch a token"));
    };
    let secret = sign_in.secret(client_secret)?;
    let mut form = vec![("grant_type", "client_credentials".to_owned())];
    form.extend(scope.iter().map(|scope| ("scope", scope.clone())));
    let header = match send_in {
        SecretPlace::Header => Some(basic(client_id, &secret)?),
        SecretPlace::Form => {
            form.extend([("client_id", client_id.clone()), ("client_secret", secret.expose().to_owned())]);
            None
        }
    };
    exchange(url, &form, header, sign_in).await
}

/// Exchanges what stands in a form for a token.
pub(super) async fn exchange(
    url: &Url,
    form: &[(&str, String)],
    header: Option<HeaderValue>,
    sign_in: &SignIn,
) -> Result<Token, Refusal> {
    let mut request = sign_in.line.client.post(url.clone());
    if let Some(header) = header {
        request = request.header("authorization", header);
    }
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(encoded(form));
    let failed = |class, why: &str| Refusal::new(class, format!("no token came from `{url}`: {why}"));
    let response = request
        .send()
        .await
        .map_err(|error| failed(RefusalClass::Network, "it did not answer").because(error.without_url()))?;
    let status = response.status().as_u16();
    let body = Body::of(response, Speech::Json).await;
    match (status, &body) {
        (200..=299, Body::Json(json)) => token(json, sign_in.clock.now())
            .ok_or_else(|| failed(RefusalClass::Auth, "its answer holds no bearer token")),
        (200..=299, _) => Err(failed(RefusalClass::Invalid, body.complaint().unwrap_or("it is not JSON"))),
        (429 | 500..=599, _) => Err(failed(RefusalClass::Maintenance, "it cannot serve now")),
        (_, _) => {
            let why = format!("it answered with {status}; correct `auth.clientId` and the secret of the client");
            Err(failed(RefusalClass::Auth, &why))
        }
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

pub(super) fn marked(text: &str) -> Result<HeaderValue, Refusal> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Refusal::new(RefusalClass::Auth, "the secret to sign in with has characters that a header cannot hold")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A name and a password as RFC 7617 writes them.
pub(super) fn basic(user: &str, password: &SecretText) -> Result<HeaderValue, Refusal> {
    marked(&format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose()))))
}

/// A form as a body (RFC 1866): everything but the unreserved characters of RFC 3986 in per cent.
/// Browsers draw that line elsewhere, and who signs a form may write it anew to check it.
pub(super) fn encoded<N: AsRef<str>, V: AsRef<str>>(form: &[(N, V)]) -> String {
    let url = Url::parse_with_params("form:", form).ok();
    let query = url.and_then(|url| url.query().map(str::to_owned)).unwrap_or_default();
    query.replace('*', "%2A").replace("%7E", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_what_was_put_in() {
        assert_eq!(encoded(&[("a", "b c*~"), ("d", "&=/é%7E")]), "a=b+c%2A~&d=%26%3D%2F%C3%A9%257E");
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
