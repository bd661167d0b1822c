//! Whether the installation is well, and who asks.

use serde::{Deserialize, Serialize};
use tenure_model::{Actor, ActorKind};
use utoipa::ToSchema;

/// Whether the installation is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// ok or failing.
    pub status: String,
    /// What was looked at; only names and states, no addresses.
    pub checks: Vec<Check>,
}

impl Health {
    /// Well only if every check is.
    pub fn of(checks: Vec<Check>) -> Self {
        let status = if checks.iter().all(|check| check.ok) { "ok" } else { "failing" };
        Self { status: status.to_owned(), checks }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// What.
    pub name: String,
    /// Whether it is well.
    pub ok: bool,
    /// What is wrong, as the title of an error; the logs have the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

/// Who asks, as Tenure sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhoAmI {
    /// The name in the ledger.
    pub name: String,
    /// caller, source or system.
    pub kind: String,
    /// What the caller may do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The connection that a source speaks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The token, by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl From<&Actor> for WhoAmI {
    fn from(actor: &Actor) -> Self {
        let name = actor.name.clone();
        match &actor.kind {
            ActorKind::Caller { token, roles } => Self {
                name,
                kind: "caller".to_owned(),
                roles: roles.iter().map(ToString::to_string).collect(),
                connection: None,
                token: Some(token.to_string()),
            },
            ActorKind::Source { token, connection } => Self {
                name,
                kind: "source".to_owned(),
                roles: Vec::new(),
                connection: Some(connection.to_string()),
                token: Some(token.to_string()),
            },
            ActorKind::System => {
                Self { name, kind: "system".to_owned(), roles: Vec::new(), connection: None, token: None }
            }
        }
    }
}
