//! Why somebody does something: asked for wherever it is sealed in the ledger.

use crate::error::AppError;
use crate::limits::REASON_CHARS_MAX;

/// Demands that somebody says why.
pub(crate) fn said(reason: &str) -> Result<(), AppError> {
    if reason.trim().is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        let reason = format!("say why, in 1 to {REASON_CHARS_MAX} characters");
        return Err(AppError::Invalid { pointer: "/reason", reason });
    }
    Ok(())
}
