//! Asking humans to do what no machine can, and keeping what they said of it.
//!
//! Where there is no way to look at a system, the word of somebody who looked is all there is. It
//! is kept with their name, and nobody may take it for more than that.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{Assignee, ConnectionName, NativeId, TaskKind};

use crate::change::Write;
use crate::refusal::Refusal;

/// The attribute that says who attested last what an account is.
pub const ATTESTED_BY: &str = "attestedBy";

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Names what is asked; the same on every try. It is asked once.
    pub key: String,
    /// In which system.
    pub connection: ConnectionName,
    /// To do something, or to look whether it is so.
    pub kind: TaskKind,
    /// What, in a line.
    pub title: String,
    /// How it is done. It holds no secret.
    pub instructions: String,
    /// Of whom.
    pub assignee: Assignee,
    /// Who may not do it.
    pub barred: BTreeSet<String>,
    /// How long they have.
    pub within: Option<Duration>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nobody said yet.
    Asked {
        /// The task, by which whoever waits is told.
        task: String,
    },
    /// Somebody said.
    Said(Said),
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// In which task.
    pub task: String,
    /// Whether it is done, or is so.
    pub yes: bool,
    /// Who.
    pub by: String,
    /// By the word of which ticket system; none where we know who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ConnectionName>,
    /// When.
    pub at: Timestamp,
    /// What else.
    pub comment: Option<String>,
}

impl Said {
    /// Who, and by whose word.
    pub fn who(&self) -> String {
        match &self.via {
            Some(via) => format!("{}, says {via}", self.by),
            None => self.by.clone(),
        }
    }
}

/// That somebody who looked says that a write is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attestation {
    /// The key under which the write was asked for; one is kept once.
    pub key: String,
    /// In which system.
    pub connection: ConnectionName,
    /// On which account.
    pub account: NativeId,
    /// What is so.
    pub write: Write,
    /// Who says so.
    pub by: String,
    /// When they said so.
    pub at: Timestamp,
}

/// Where humans are asked, and what they said is kept.
pub trait Desk: Send + Sync {
    /// Asks, once however often, and says what became of it.
    fn ask<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Answer, Refusal>>;

    /// Keeps what somebody said, once.
    fn attest(&self, attestation: Attestation) -> BoxFuture<'_, Result<(), Refusal>>;

    /// What was said of the accounts of a system, or of one, in order.
    fn attested<'a>(
        &'a self,
        connection: &'a ConnectionName,
        account: Option<&'a NativeId>,
    ) -> BoxFuture<'a, Result<Vec<Attestation>, Refusal>>;
}
