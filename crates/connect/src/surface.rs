//! What a person can still get in with, and how far a connector reaches for each of it.
//!
//! An account that is disabled says little while its sessions, tokens and keys live on. So a
//! connector declares every [`Artifact`]: whether the system has it, whether it can be listed,
//! and whether it can be ended. What is out of reach is said with a reason, and a certificate of
//! leaving repeats that reason.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::NativeId;

/// A kind of thing that lets somebody in, or that they leave behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Artifact {
    /// The account itself, which is ended by disabling it.
    Account,
    /// What it holds, which is ended by revoking it.
    Membership,
    /// Where it is signed in now.
    Session,
    /// What programs hold in its name: access and refresh tokens.
    Token,
    /// Passwords made for single programs.
    AppPassword,
    /// Keys: of an API, of SSH, certificates.
    Key,
    /// Paid seats.
    License,
    /// What it alone owns.
    Ownership,
}

impl Artifact {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Account,
        Self::Membership,
        Self::Session,
        Self::Token,
        Self::AppPassword,
        Self::Key,
        Self::License,
        Self::Ownership,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Membership => "membership",
            Self::Session => "session",
            Self::Token => "token",
            Self::AppPassword => "app-password",
            Self::Key => "key",
            Self::License => "license",
            Self::Ownership => "ownership",
        }
    }
}

impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How far a connector reaches for a kind of artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reach", rename_all = "kebab-case")]
pub enum Reach {
    /// The system has no such thing.
    NotThere,
    /// It can be listed, ended, and seen to have ended.
    Whole,
    /// It can be ended, and nobody can look whether it has.
    Unseen {
        /// Why not.
        why: String,
    },
    /// It can be listed, and only somebody else can end it.
    ListOnly {
        /// Why.
        why: String,
    },
    /// It can neither be listed nor ended from here.
    Out {
        /// Why.
        why: String,
    },
}

impl Reach {
    /// Out of reach, for this reason.
    pub fn out(why: impl Into<String>) -> Self {
        Self::Out { why: why.into() }
    }
    /// Whether it can be ended from here.
    pub fn ends(&self) -> bool {
        matches!(self, Self::Whole | Self::Unseen { .. })
    }
    /// Whether it can be listed from here.
    pub fn lists(&self) -> bool {
        matches!(self, Self::Whole | Self::ListOnly { .. })
    }
    /// Why it is not whole.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::NotThere | Self::Whole => None,
            Self::Unseen { why } | Self::ListOnly { why } | Self::Out { why } => Some(why),
        }
    }
}

/// An artifact as it was seen. Never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenArtifact {
    /// What kind.
    pub kind: Artifact,
    /// What the system calls it.
    pub native_id: NativeId,
    /// A name for humans, such as the device or the program.
    pub name: String,
    /// When it was made, if the system says.
    pub made_at: Option<Timestamp>,
    /// When it was last used, if the system says.
    pub used_at: Option<Timestamp>,
    /// When it ends by itself, if it does.
    pub ends_at: Option<Timestamp>,
}
