//! What a door must know of a source before it can read what the source sent.

use tenure_model::ConnectionName;
use tenure_policy::authz::{Action, Thing};

use crate::cx::Cx;
use crate::error::AppError;

/// The attribute by which this source names people. Nobody learns it who may not deliver for it.
pub fn person_key(cx: &Cx, connection: &ConnectionName) -> Result<String, AppError> {
    cx.allow(Action::PostEvent, &Thing::Event(Some(connection.clone())))?;
    match cx.house.estate().connections.get(connection) {
        Some(known) if known.is_source => Ok(known.person_key.clone()),
        Some(_) => Err(AppError::Conflict(format!("connection `{connection}` is not a source"))),
        None => Err(AppError::no("connection", connection)),
    }
}
