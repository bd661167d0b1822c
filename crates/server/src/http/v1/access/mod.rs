//! Access of everybody together.

pub(super) mod mine;
pub(super) mod who;

use tenure_api::{Code, limits::SEARCH_BYTES_MAX};
use tenure_policy::columns::EntitlementName;

use crate::http::Refusal;

/// The entitlement that a query names.
fn named(connection: &str, entitlement: String) -> Result<EntitlementName, Refusal> {
    if entitlement.is_empty() || entitlement.len() > SEARCH_BYTES_MAX {
        return Err(Refusal::because(Code::BadRequest, format!("`entitlement` has 1 to {SEARCH_BYTES_MAX} bytes")));
    }
    let connection = connection.parse().map_err(|_| Refusal::absent("connection", connection))?;
    Ok(EntitlementName { connection, entitlement })
}
