//! Sessions: opened by a request of the server's own kind, kept, and opened again when they end.

use std::fmt;

use serde_json::Value as Json;
use tenure_connect::{Refusal, RefusalClass, SecretText};

use super::auth::{Token, marked};
use super::call::{Call, Outgoing};
use super::identity::SignIn;
use super::{Answer, Speech, fault};
use crate::limits::HTTP_SESSION_LIFE_USUAL;

/// How a session is opened.
pub trait Login: Send + Sync + fmt::Debug {
    /// The request that opens it, with the secrets in it.
    fn call(&self) -> Result<Call, Refusal>;
    /// The token in what was answered; none if it is not there.
    fn token(&self, answer: &Answer) -> Option<SecretText>;
}

/// Where the token of a session goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendIn {
    /// Into a header.
    Header {
        /// Its name.
        name: String,
        /// What stands before the token.
        prefix: String,
    },
    /// Into the cookies, as they were given.
    Cookie,
    /// Into the body, under this name.
    Body {
        /// The name.
        name: String,
    },
}

impl SendIn {
    pub(super) fn put(&self, token: &SecretText, outgoing: &mut Outgoing) -> Result<(), Refusal> {
        match self {
            Self::Header { name, prefix } => outgoing.say_marked(name, marked(&format!("{prefix}{}", token.expose()))?),
            Self::Cookie => outgoing.say_marked("cookie", marked(token.expose())?),
            Self::Body { name } => {
                if let Ok(Json::Object(mut fields)) = serde_json::from_slice(&outgoing.body) {
                    fields.insert(name.clone(), token.expose().into());
                    outgoing.body = Json::Object(fields).to_string().into_bytes();
                }
                Ok(())
            }
        }
    }
}

/// Opens a session.
pub(super) async fn log_in(login: &dyn Login, sign_in: &SignIn) -> Result<Token, Refusal> {
    let call = login.call()?;
    let (name, server) = (call.name(), sign_in.line.base.as_str().trim_end_matches('/'));
    let outgoing = Outgoing::of(&sign_in.line.base, &call, "application/json")?;
    let response = outgoing.send(&sign_in.line.client).await;
    let response = response.map_err(|error| fault::unanswered(&name, server, error).as_read())?;
    let answer = Answer::take(response, Speech::Json, sign_in.clock.now()).await;
    let refused =
        |why: &str| Refusal::new(RefusalClass::Auth, format!("`{server}` opened no session at `{name}`: {why}"));
    match answer.status {
        200..=399 => {}
        408 | 425 | 429 | 500..=599 => return Err(fault::refused(&name, server, &answer)),
        status => return Err(refused(&format!("it answered with {status}; correct the name or the secret"))),
    }
    let text =
        login.token(&answer).ok_or_else(|| refused("its answer holds no token; correct the name or the secret"))?;
    let until = sign_in.clock.now().checked_add(HTTP_SESSION_LIFE_USUAL);
    let until = until.map_err(|error| refused("the clock is at its end").because(error))?;
    Ok(Token { text, until })
}
