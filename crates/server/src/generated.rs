//! The pages of the reference that come from what the doors are made of.

use tenure_policy::authz::{Authz, BadPolicies};

use crate::config;
use crate::http::access;

/// Why the pages cannot be written. A fault of ours.
#[derive(Debug, thiserror::Error)]
pub enum CannotGenerate {
    /// The policies that are part of the program do not load.
    #[error("the access table cannot be written, because the policies do not load")]
    Policies(#[from] BadPolicies),
    /// The OpenAPI document cannot be written.
    #[error("the OpenAPI document cannot be written")]
    Document(#[from] serde_json::Error),
}

/// Every page with the name of its file in `docs/reference`.
pub fn generated() -> Result<Vec<(&'static str, String)>, CannotGenerate> {
    Ok(vec![
        ("access.md", access::page(&Authz::embedded()?)),
        ("config.md", config::reference()),
        ("errors.md", tenure_api::codes::page()),
        ("openapi.json", tenure_api::openapi::text()?),
        ("steps.md", tenure_flow::kinds::page()),
    ])
}
