//! A notice that did not arrive, for the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::NoticeId;
use utoipa::ToSchema;

/// A notice that did not arrive yet, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoticeView {
    /// Ours; the receiver gets it too.
    #[schema(value_type = String)]
    pub id: NoticeId,
    /// What it tells, such as `run.sealed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// By which channel it goes.
    pub channel: String,
    /// Which document of the estate asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// To whom, as the document says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// waiting or given-up.
    pub state: String,
    /// How often it was tried since somebody last saw to it.
    pub attempts: i64,
    /// Why it did not arrive when it was last tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it is tried next, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_try: Option<Timestamp>,
}

/// Why a notice is to be tried no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DropIn {
    /// Why.
    #[schema(examples("told them by phone"))]
    pub reason: String,
}
