//! What did not arrive, and why.

use tenure_model::NoticeId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::notices::{self, Standing, Undelivered};

use super::write::Told;
use crate::cx::Cx;
use crate::error::AppError;

/// A notice that did not arrive, with what it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The row.
    pub row: Undelivered,
    /// What it tells.
    pub told: Told,
}

/// Notices that did not arrive and were not put aside, the oldest first.
pub async fn list(
    cx: &Cx,
    standing: Option<Standing>,
    after: Option<NoticeId>,
    limit: usize,
) -> Result<Vec<Shown>, AppError> {
    cx.allow(Action::ListNotices, &Thing::Notice(None))?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move { notices::list_undelivered(tx, standing, after, limit).await.map_err(AppError::from) })
    });
    job.await?.into_iter().map(shown).collect()
}

pub(super) fn shown(row: Undelivered) -> Result<Shown, AppError> {
    let told = serde_json::from_str(&row.notice.body).map_err(|error| AppError::Corrupt(error.to_string()))?;
    Ok(Shown { row, told })
}
