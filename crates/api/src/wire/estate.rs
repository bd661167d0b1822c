//! The estate and its versions, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A version of the estate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionView {
    /// Its number, from 1 on without holes.
    pub version: i64,
    /// The hash of all its documents.
    pub hash: String,
    /// Since when it is in force.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Who put it there.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A version of the estate with its documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EstateView {
    /// Which version.
    #[serde(flatten)]
    pub version: VersionView,
    /// Its files, by their paths.
    pub files: Vec<EstateFileView>,
    /// Documents that have come to the successors of their owners. Only of what is in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub succeeded: Vec<SucceededView>,
}

/// A document that has come to the successor of its owner, who has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SucceededView {
    /// Which, such as `role staff`.
    pub document: String,
    /// Who the document says.
    pub owner: String,
    /// Who answers for it now.
    pub by: String,
    /// Since when.
    #[schema(value_type = String)]
    pub since: Timestamp,
}

/// A file of documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EstateFileView {
    /// Where it stands below the folder of the estate.
    pub path: String,
    /// What it says, letter by letter.
    pub text: String,
}
