//! Entries and checkpoints of the ledger, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

/// One entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LedgerEntryView {
    /// Its place in the log; absent until it is sealed.
    pub index: Option<i64>,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What was done, such as `account.disabled`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// The hash of the leaf in hexadecimal digits; absent until it is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf_hash: Option<String>,
    /// The entry itself, as it was sealed.
    #[schema(value_type = Object)]
    pub body: Json,
}

/// The newest signed statement of what the log holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckpointView {
    /// The name of the log.
    pub origin: String,
    /// How many entries.
    pub size: i64,
    /// The root hash in base 64.
    pub root_hash: String,
    /// The signed note as text, for `tenure verify`.
    pub note: String,
    /// When it was signed.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}
