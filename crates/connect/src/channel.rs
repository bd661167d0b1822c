//! Telling somebody something: the way out of notices.

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::outcome::Doubt;
use crate::refusal::Refusal;

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same on every try, so that whoever receives it can tell a repeat.
    pub id: String,
    /// When it was written; the same on every try.
    pub at: Timestamp,
    /// What is told.
    pub content: Content,
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Words to somebody.
    Letter(Letter),
    /// Facts for a machine.
    Facts(Facts),
}

/// Words to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The address.
    pub to: String,
    /// The subject, in one line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
}

/// Facts for a machine: ids and moments, nothing of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What happened, such as `run.sealed`.
    pub kind: String,
    /// JSON, byte for byte the same on every try.
    pub body: String,
}

/// How it ended.
#[derive(Debug, Clone)]
#[must_use = "a message whose end nobody looks at may be lost"]
pub enum Sent {
    /// Somebody took it over.
    Done,
    /// It was not taken.
    Refused(Refusal),
    /// Nobody knows. It is sent again under the same id.
    Unknown(Doubt),
}

/// A way out.
pub trait Channel: Send + Sync {
    /// Hands a message over, once.
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Sent>;
}
