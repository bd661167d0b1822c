//! An account in a connected system, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{Account, AccountId, AccountState, ConnectionName, PersonId};
use utoipa::ToSchema;

/// An account in a connected system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    /// Ours.
    #[schema(value_type = String)]
    pub id: AccountId,
    /// Where.
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// Whose, if that is known.
    #[schema(value_type = Option<String>)]
    pub person: Option<PersonId>,
    /// What the system calls it.
    pub native_id: Option<String>,
    /// The name a human would look for.
    pub name: String,
    /// absent, staged, active, suspended, disabled, soft-deleted, gone or unknown.
    #[schema(value_type = String)]
    pub state: AccountState,
    /// What it was last seen to hold, by the system's own ids.
    pub holds: Vec<String>,
    /// When it was last seen.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub seen_at: Option<Timestamp>,
    /// Goes up with every change.
    pub version: i64,
}

impl From<&Account> for AccountView {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id,
            connection: account.connection.clone(),
            person: account.person,
            native_id: account.native_id.as_ref().map(|id| id.as_str().to_owned()),
            name: account.name.clone(),
            state: account.state,
            holds: account.holds.iter().map(|id| id.as_str().to_owned()).collect(),
            seen_at: account.seen_at,
            version: account.version,
        }
    }
}
