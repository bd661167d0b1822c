//! Every way to say who we are: in a header, by a session, or by a signature over the request.

use std::fmt;
use std::sync::Arc;

use reqwest::{Client, Url};
use tenure_connect::{Refusal, RefusalClass, SecretRef, SecretText, Secrets};
use tenure_model::Clock;
use tokio::sync::Mutex;

use super::auth::{Auth, Token, basic, marked};
use super::call::Outgoing;
use super::session::{Login, SendIn, log_in};
use super::{BadHttpConfig, address, auth, sign};

pub use super::sign::{Assertion, Hmac, Part, SigV4};

/// Who we are, and how it is said.
#[derive(Debug, Clone)]
pub enum Identity {
    /// In the header that is made for it.
    Auth(Auth),
    /// A secret in a header of the server's own.
    Header {
        /// Its name.
        name: String,
        /// What stands before the secret.
        prefix: String,
        /// The secret.
        secret: SecretRef,
    },
    /// By a session that is opened first, and again when it ended.
    Session {
        /// How it is opened.
        login: Arc<dyn Login>,
        /// Where its token goes.
        send: SendIn,
    },
    /// By a token that is fetched for an assertion that we sign (RFC 7523).
    Assertion(Assertion),
    /// By a signature of Amazon's making.
    SigV4(SigV4),
    /// By a keyed hash over parts of the request.
    Hmac(Hmac),
}

impl From<Auth> for Identity {
    fn from(auth: Auth) -> Self {
        Self::Auth(auth)
    }
}

/// The way to the server, for whoever has to fetch something to sign in with.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) client: Client,
    pub(super) base: Url,
    pub(super) allow_plain: bool,
}

/// Signs requests.
pub(super) struct SignIn {
    identity: Identity,
    token_url: Option<Url>,
    pub(super) line: Line,
    secrets: Arc<dyn Secrets>,
    pub(super) clock: Arc<dyn Clock>,
    token: Mutex<Option<Token>>,
}

impl SignIn {
    pub(super) fn new(
        identity: Identity,
        line: Line,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BadHttpConfig> {
        let endpoint = match &identity {
            Identity::Auth(Auth::ClientCredentials { endpoint, .. }) => Some(endpoint),
            Identity::Assertion(assertion) => Some(&assertion.endpoint),
            Identity::Auth(Auth::Bearer { .. } | Auth::Basic { .. })
            | Identity::Header { .. }
            | Identity::Session { .. }
            | Identity::SigV4(_)
            | Identity::Hmac(_) => None,
        };
        let token_url = endpoint.map(|text| address(text, "auth.endpoint", line.allow_plain)).transpose()?;
        Ok(Self { identity, token_url, line, secrets, clock, token: Mutex::default() })
    }

    /// Says in the request who we are. Secrets are marked so that no log shows them.
    pub(super) async fn sign(&self, outgoing: &mut Outgoing) -> Result<(), Refusal> {
        match &self.identity {
            Identity::Auth(Auth::Bearer { token }) => {
                outgoing.say_marked("authorization", marked(&format!("Bearer {}", self.secret(token)?.expose()))?)
            }
            Identity::Auth(Auth::Basic { user, password }) => {
                outgoing.say_marked("authorization", basic(user, &self.secret(password)?)?)
            }
            Identity::Auth(Auth::ClientCredentials { .. }) | Identity::Assertion(_) => {
                outgoing.say_marked("authorization", marked(&format!("Bearer {}", self.fetched().await?.expose()))?)
            }
            Identity::Header { name, prefix, secret } => {
                outgoing.say_marked(name, marked(&format!("{prefix}{}", self.secret(secret)?.expose()))?)
            }
            Identity::Session { send, .. } => send.put(&self.fetched().await?, outgoing),
            Identity::SigV4(way) => {
                let (key, secret) = (self.secret(&way.key_id)?, self.secret(&way.secret)?);
                sign::sigv4(way, &key, &secret, self.clock.now(), outgoing)
            }
            Identity::Hmac(way) => sign::hmac(way, &self.secret(&way.secret)?, self.clock.now(), outgoing),
        }
    }

    /// Forgets a token that was fetched; says whether there was one, so that another may help.
    pub(super) async fn forget(&self) -> bool {
        self.token.lock().await.take().is_some()
    }

    pub(super) fn secret(&self, reference: &SecretRef) -> Result<SecretText, Refusal> {
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
        let token = match (&self.identity, &self.token_url) {
            (Identity::Session { login, .. }, _) => log_in(login.as_ref(), self).await?,
            (Identity::Auth(auth), Some(url)) => auth::fetch(auth, url, self).await?,
            (Identity::Assertion(assertion), Some(url)) => {
                let form = sign::assertion_form(assertion, &self.secret(&assertion.key)?, now)?;
                auth::exchange(url, &form, None, self).await?
            }
            _ => return Err(Refusal::new(RefusalClass::Auth, "there is nowhere to fetch a token")),
        };
        let text = token.text.clone();
        *kept = Some(token);
        Ok(text)
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").finish_non_exhaustive()
    }
}
