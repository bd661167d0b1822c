//! One campaign: who was asked, how far each is, and what became of the things that were asked about.

use jiff::Timestamp;
use tenure_model::Name;
use tenure_policy::authz::{Action, Thing};

use super::{Campaign, campaign, workflows};
use crate::cx::Cx;
use crate::error::AppError;
use crate::limits::REVIEW_RECORDS_MAX;
use crate::runs::replay::replay;

/// Shows it; since its workflow last began for many, unless another moment is said.
pub async fn show(cx: &Cx, workflow: Name, since: Option<Timestamp>) -> Result<Campaign, AppError> {
    cx.allow(Action::ReadRun, &Thing::Run(None))?;
    if !workflows(&cx.house).contains(&workflow) {
        return Err(AppError::no("review", workflow));
    }
    let now = cx.house.clock.now();
    let job = cx.house.store.read(move |tx| Box::pin(async move { campaign(tx, workflow, since, now).await }));
    let (mut found, open) = job.await?;
    let Some(mut things) = found.things else { return Ok(found) };
    found.more |= open.len() > REVIEW_RECORDS_MAX;
    for (run, shown) in open.into_iter().take(REVIEW_RECORDS_MAX) {
        let read = replay(cx, run, None).await?;
        things.add(&read.graph, &read.state, shown);
    }
    found.things = Some(things);
    Ok(found)
}
