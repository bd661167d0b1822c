//! Calling a URL that somebody else answers: the one way out that is not a directory of accounts.

use futures::future::BoxFuture;
use serde_json::Value as Json;

use crate::outcome::Doubt;
use crate::refusal::Refusal;

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct WebCall {
    /// Where.
    pub url: String,
    /// What is sent, as JSON.
    pub body: Json,
    /// The same for every attempt at the same thing.
    pub key: String,
    /// Newer generations win.
    pub generation: i64,
}

/// What came of a call.
#[derive(Debug, Clone)]
pub enum WebOutcome {
    /// It was answered well.
    Answered {
        /// The status.
        status: u16,
        /// The body, if it is JSON and not too large.
        body: Json,
    },
    /// It was answered with no, or never sent.
    Refused(Refusal),
    /// Nobody knows whether it had its effect.
    Unknown(Doubt),
}

/// Whoever makes calls.
pub trait WebCaller: Send + Sync {
    /// Makes one call.
    fn call(&self, call: WebCall) -> BoxFuture<'_, WebOutcome>;
}
