//! A connected system, for the wire. Credentials are never shown, to nobody.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::ConnectionName;
use utoipa::ToSchema;

/// A connected system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    /// Its name in documents and paths.
    #[schema(value_type = String)]
    pub name: ConnectionName,
    /// What to call it on a screen.
    pub title: String,
    /// Which connector speaks to it, such as `ldap`.
    pub connector: String,
    /// source, target or both.
    pub direction: String,
    /// ok, failing or unchecked.
    pub state: String,
    /// What the last check found, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was last checked.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub checked_at: Option<Timestamp>,
}
