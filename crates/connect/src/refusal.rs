//! Why something was not done, in classes that a caller can act upon.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What kind of no it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalClass {
    /// The system could not be reached, and nothing was sent to it.
    Network,
    /// The system asks to come back more slowly.
    Rate,
    /// The system is up and cannot serve now.
    Maintenance,
    /// Something of that name is there already, and it is not the one that was meant.
    Exists,
    /// The object is not there.
    Gone,
    /// The object, or the reading, changed under our hands.
    Stale,
    /// The system does not accept who we are.
    Auth,
    /// The system knows us and does not let us.
    Permission,
    /// The system, or the connector before it, found a value or setting wrong.
    Invalid,
    /// The system or the connector cannot do this at all.
    Unsupported,
}

impl RefusalClass {
    /// Every class.
    pub const ALL: [Self; 10] = [
        Self::Network,
        Self::Rate,
        Self::Maintenance,
        Self::Exists,
        Self::Gone,
        Self::Stale,
        Self::Auth,
        Self::Permission,
        Self::Invalid,
        Self::Unsupported,
    ];

    /// The stable code of it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Rate => "rate",
            Self::Maintenance => "maintenance",
            Self::Exists => "exists",
            Self::Gone => "gone",
            Self::Stale => "stale",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::Invalid => "invalid",
            Self::Unsupported => "unsupported",
        }
    }

    /// Whether the same request may succeed later without anybody doing anything.
    pub fn retry(self) -> bool {
        match self {
            Self::Network | Self::Rate | Self::Maintenance => true,
            Self::Exists
            | Self::Gone
            | Self::Stale
            | Self::Auth
            | Self::Permission
            | Self::Invalid
            | Self::Unsupported => false,
        }
    }
}

impl fmt::Display for RefusalClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A definite no: the system is as it was before. The cause is for the log of the moment and is
/// not written to the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// What kind.
    pub class: RefusalClass,
    /// What was refused, where, why, and the way out.
    pub message: String,
    /// How long to wait at least, if the system said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
    #[serde(skip)]
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Refusal {
    /// A refusal with words for a human. Never put a secret into them.
    pub fn new(class: RefusalClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), retry_after: None, cause: None }
    }

    /// With what lies beneath.
    pub fn because(self, cause: impl Error + Send + Sync + 'static) -> Self {
        Self { cause: Some(Arc::new(cause)), ..self }
    }

    /// With the time to wait.
    pub fn after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// Whether the same request may succeed later without anybody doing anything.
    pub fn retry(&self) -> bool {
        self.class.retry()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_by_itself_is_retried() {
        let retried: Vec<_> = RefusalClass::ALL.into_iter().filter(|class| class.retry()).collect();
        assert_eq!(retried, [RefusalClass::Network, RefusalClass::Rate, RefusalClass::Maintenance]);
    }

    #[test]
    fn a_refusal_survives_the_journal_without_its_cause() {
        let refusal = Refusal::new(RefusalClass::Rate, "come back later")
            .after(Duration::from_secs(3))
            .because(std::io::Error::other("socket"));
        assert_eq!(refusal.source().unwrap().to_string(), "socket");
        let back: Refusal = serde_json::from_str(&serde_json::to_string(&refusal).unwrap()).unwrap();
        assert_eq!((back.class, back.retry_after), (RefusalClass::Rate, Some(Duration::from_secs(3))));
        assert!(back.source().is_none());
    }
}
