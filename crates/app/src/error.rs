//! Why a use case did not do what was asked. A door turns each into a status and a code.

use tenure_connect::Refusal;
use tenure_model::{BadTransition, CaseId, RunId};
use tenure_store::StoreError;

/// Why a use case did not do what was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Whoever asks may not do this.
    #[error("you may not do this: {action}")]
    Forbidden {
        /// What was asked.
        action: String,
    },
    /// It is not there, or whoever asks may not know of it.
    #[error("there is no {what}")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// It is there and does not allow this now.
    #[error("{0}")]
    Conflict(String),
    /// So much was sent to a run already that it takes no more signals.
    #[error("run `{run}` was sent {most} messages already, which is the most; skip its step or cancel it")]
    TooManySignals {
        /// Which run.
        run: RunId,
        /// The most.
        most: usize,
    },
    /// The same name was used before for something else.
    #[error("`{external}` was sent before with other content; give a new event a new id")]
    Differs {
        /// What the source calls it.
        external: String,
    },
    /// A value is wrong.
    #[error("{reason}")]
    Invalid {
        /// Where, as a JSON pointer.
        pointer: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// Documents are wrong, each problem with place, reason and way out.
    #[error("the documents have {} problems", .0.len())]
    BadDocuments(Vec<String>),
    /// A connected system said no.
    #[error("the connected system refused")]
    Target(#[source] Refusal),
    /// The database said no.
    #[error("the database refused")]
    Store(#[from] StoreError),
    /// What is stored cannot be read back.
    #[error("what is stored cannot be read: {0}")]
    Corrupt(String),
}

impl From<BadTransition> for AppError {
    fn from(refused: BadTransition) -> Self {
        Self::Conflict(refused.to_string())
    }
}

impl AppError {
    /// Something is not there.
    pub fn no(what: &str, id: impl std::fmt::Display) -> Self {
        Self::NotFound { what: format!("{what} `{id}`") }
    }

    /// A case is answered already.
    pub fn answered(case: CaseId) -> Self {
        Self::Conflict(format!("case `{case}` is answered already"))
    }
}
