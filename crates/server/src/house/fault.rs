//! Why the house does not stand, each with its code and way out.

use tenure_api::Code;
use tenure_app::AppError;
use tenure_store::migrate::MigrateError;
use tenure_store::{OpenError, StoreError};

use crate::config::ConfigError;
use crate::http::MountError;
use crate::listen::ListenError;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the house does not stand.
#[derive(Debug, thiserror::Error)]
pub enum HouseError {
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database cannot be opened.
    #[error("the database cannot be opened")]
    Open(#[from] OpenError),
    /// The database cannot be brought up to this version.
    #[error("the database cannot be brought up to this version")]
    Migrate(#[from] MigrateError),
    /// The database refused something at the start.
    #[error("the database refused what is needed to start")]
    Store(#[from] StoreError),
    /// The estate has problems, all of them listed.
    #[error("the estate in `{folder}` has {} problems:\n{}", .problems.len(), .problems.join("\n"))]
    Estate {
        /// Where it is.
        folder: String,
        /// Each with file, line, column, reason and hint.
        problems: Vec<String>,
    },
    /// A connection's settings are of no use to its connector.
    #[error("connection `{connection}`: {reason}")]
    Connection {
        /// Which.
        connection: String,
        /// What is wrong.
        reason: String,
    },
    /// A channel's settings are of no use to it.
    #[error("channel `{channel}`: {reason}")]
    Channel {
        /// Which.
        channel: String,
        /// What is wrong.
        reason: String,
    },
    /// A file of our own cannot be read or written.
    #[error("`{path}`: {what}")]
    File {
        /// Which.
        path: String,
        /// What was tried, and the way out.
        what: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// Nobody can connect.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The doors do not fit the list of operations; a mistake of ours.
    #[error("the doors do not fit the list of operations")]
    Doors(#[from] MountError),
    /// Logs or traces cannot be set up.
    #[error("logs or traces cannot be set up")]
    Telemetry(#[source] Cause),
    /// A use case refused.
    #[error(transparent)]
    App(#[from] AppError),
}

impl HouseError {
    /// Something in a house beside the real one.
    pub(crate) fn inside(what: &str, reason: impl std::fmt::Display) -> Self {
        Self::Connection { connection: what.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn telemetry(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Telemetry(Box::new(error))
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Config(error) => error.code(),
            Self::Listen(error) => error.code(),
            Self::Open(_) | Self::Migrate(_) | Self::Store(_) => Code::StoreUnavailable,
            Self::Estate { .. } => Code::BadDocuments,
            Self::Connection { .. } | Self::Channel { .. } => Code::BadConnection,
            Self::File { .. } => Code::CannotRead,
            Self::Doors(_) | Self::Telemetry(_) | Self::App(_) => Code::Internal,
        }
    }
}
