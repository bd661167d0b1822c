//! What we are wired to.

use tenure_model::ConnectionName;
use tenure_policy::authz::{Action, Thing};

use crate::cx::Cx;
use crate::error::AppError;
use crate::estate::Connection;

/// Every connection.
pub fn list(cx: &Cx) -> Result<Vec<(ConnectionName, Connection)>, AppError> {
    cx.allow(Action::ListConnections, &Thing::Connection(None))?;
    Ok(cx.house.estate().connections.iter().map(|(name, known)| (name.clone(), known.clone())).collect())
}

/// One connection.
pub fn show(cx: &Cx, name: &ConnectionName) -> Result<Connection, AppError> {
    cx.allow(Action::ReadConnection, &Thing::Connection(Some(name.clone())))?;
    cx.house.estate().connections.get(name).cloned().ok_or_else(|| AppError::no("connection", name))
}
