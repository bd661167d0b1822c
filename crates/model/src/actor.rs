//! Who asks.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::TokenId;
use crate::name::ConnectionName;

/// What somebody may do in Tenure itself. What each role may do is written in policy files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Answers for the installation.
    Owner,
    /// Runs the installation.
    Admin,
    /// Writes rules and workflows.
    PolicyAuthor,
    /// Puts rules and workflows into force; never the author's own.
    PolicyApprover,
    /// Connects systems and holds references to their credentials.
    ConnectorAdmin,
    /// Sees to runs that failed or wait.
    Operator,
    /// Helps people with their access.
    HelpDesk,
    /// Reads everything and changes nothing.
    Auditor,
    /// Does what they are asked to, and sees nothing else.
    Worker,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 9] = [
        Self::Owner,
        Self::Admin,
        Self::PolicyAuthor,
        Self::PolicyApprover,
        Self::ConnectorAdmin,
        Self::Operator,
        Self::HelpDesk,
        Self::Auditor,
        Self::Worker,
    ];

    /// The word for it in documents, policies and the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::PolicyAuthor => "policy-author",
            Self::PolicyApprover => "policy-approver",
            Self::ConnectorAdmin => "connector-admin",
            Self::Operator => "operator",
            Self::HelpDesk => "help-desk",
            Self::Auditor => "auditor",
            Self::Worker => "worker",
        }
    }

    /// The role of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What kind of caller this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ActorKind {
    /// Somebody with a token of the API.
    Caller {
        /// The token.
        token: TokenId,
        /// What its owner may do.
        roles: BTreeSet<Role>,
    },
    /// A source that may deliver events of its own connection and nothing else.
    Source {
        /// The token.
        token: TokenId,
        /// The connection.
        connection: ConnectionName,
    },
    /// Tenure itself, on behalf of a run, a timer or a bootstrap command.
    System,
}

/// Who asks for something to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// The name in the ledger.
    pub name: String,
    /// What kind.
    #[serde(flatten)]
    pub kind: ActorKind,
}

impl Actor {
    /// Tenure itself.
    pub fn system(name: &str) -> Self {
        Self { name: name.to_owned(), kind: ActorKind::System }
    }
}
