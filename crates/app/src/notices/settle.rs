//! Seeing to a notice that did not arrive: trying it again now, or putting it aside.

use std::sync::Arc;

use tenure_model::NoticeId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::notices;

use super::list::{Shown, shown};
use crate::cx::Cx;
use crate::error::AppError;
use crate::{reason, record};

/// What is done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settling {
    /// It is tried again now.
    Retry,
    /// It is tried no more.
    Drop {
        /// Why.
        reason: String,
    },
}

/// Sees to a notice that did not arrive. Gives it as it was.
pub async fn settle(cx: &Cx, notice: NoticeId, settling: Settling) -> Result<Shown, AppError> {
    let (action, told) = match &settling {
        Settling::Retry => (Action::RetryNotice, "notice.retried"),
        Settling::Drop { .. } => (Action::DropNotice, "notice.dropped"),
    };
    cx.allow(action, &Thing::Notice(Some(notice)))?;
    if let Settling::Drop { reason } = &settling {
        reason::said(reason)?;
    }
    let (house, by, now) = (Arc::clone(&cx.house), cx.actor.name.clone(), cx.house.clock.now());
    let entry = record::entry(cx.house.clock.as_ref(), &cx.actor, told).about(notice);
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let found = notices::get_undelivered(tx, notice).await?;
            let found = found.ok_or_else(|| AppError::no("undelivered notice", notice))?;
            match settling {
                Settling::Retry => notices::retry(tx, notice, now).await?,
                Settling::Drop { reason } => notices::put_aside(tx, notice, now, &by, &reason).await?,
            }
            record::write(tx, house.ids.as_ref(), &entry).await?;
            shown(found)
        })
    });
    job.await
}
