//! How fast a system lets us go, by its own last word.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the system last said about our share of its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Allowance {
    /// Requests in the window.
    pub requests: u32,
    /// Of them still left.
    pub left: u32,
    /// When the window begins anew.
    pub renews_at: Timestamp,
}
