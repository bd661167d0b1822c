//! Trying whether a connected system answers.

use tenure_model::ConnectionName;
use tenure_policy::authz::{Action, Thing};

use crate::cx::Cx;
use crate::error::AppError;

/// Asks the system who it is. Nothing is written there.
pub async fn check(cx: &Cx, name: &ConnectionName) -> Result<String, AppError> {
    cx.allow(Action::CheckConnection, &Thing::Connection(Some(name.clone())))?;
    let estate = cx.house.estate();
    let known = estate.connections.get(name).ok_or_else(|| AppError::no("connection", name))?;
    let Some(connector) = cx.house.connector(name) else {
        return Ok(format!("{} only delivers events; there is nobody to call", known.connector));
    };
    connector.check().await.map(|checked| checked.peer).map_err(AppError::Target)
}
