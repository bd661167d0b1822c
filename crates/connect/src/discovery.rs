//! What can be found out about a system before its connection is fully set up.

use serde::{Deserialize, Serialize};

use crate::description::Description;

/// What the system itself says about its schema, and what it suggests for our settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discovery {
    /// The description with every class and attribute that the system has, whether or not the
    /// settings use it.
    pub description: Description,
    /// Settings that would fit.
    pub suggestions: Vec<Suggestion>,
}

/// A setting for which the system offers values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    /// Its path in the connection's document, such as `people.base`.
    pub setting: String,
    /// What could stand there, the best first.
    pub values: Vec<String>,
    /// Where that was found, in words.
    pub why: String,
}
