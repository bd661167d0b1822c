//! What somebody else changed in connected systems, and what humans do about it.
//!
//! Readings find it ([`crate::reconcile`]). Here it is listed, accepted as it is, or taken back by
//! a run; and accounts of nobody get an owner or end.

pub mod accept;
pub mod adopt;
pub mod compare;
pub mod disable;
pub mod link;
pub mod list;
pub mod restore;

use tenure_model::{ConnectionName, Observation};
use tenure_store::{Tx, observations};

use crate::error::AppError;
use crate::limits::REASON_CHARS_MAX;

/// The one account of nobody that is called so, by the system's own id or by its name.
async fn orphan(tx: &mut Tx, connection: &ConnectionName, account: &str) -> Result<Observation, AppError> {
    let mut found = observations::orphans_named(tx, connection, account).await?;
    if let Some(place) = found.iter().position(|seen| seen.native_id.as_str() == account) {
        return Ok(found.swap_remove(place));
    }
    match found.pop() {
        Some(only) if found.is_empty() => Ok(only),
        Some(_) => Err(AppError::Conflict(format!(
            "several accounts of nobody at `{connection}` are called `{account}`; name one by the id of its system"
        ))),
        None => Err(AppError::no(&format!("account of nobody at `{connection}` that is called"), account)),
    }
}

/// A reason that a human gives must be there and be short.
fn check_reason(reason: &str) -> Result<(), AppError> {
    let letters = reason.trim().chars().count();
    if letters == 0 || letters > REASON_CHARS_MAX {
        let reason = format!("a reason has 1 to {REASON_CHARS_MAX} characters, and this has {letters}");
        return Err(AppError::Invalid { pointer: "/reason", reason });
    }
    Ok(())
}
