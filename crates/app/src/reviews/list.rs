//! Every campaign, by the name of its workflow, with how far its questions are.

use tenure_model::Name;
use tenure_policy::authz::{Action, Thing};
use tenure_store::StoreError;

use super::{Campaign, campaign, workflows};
use crate::cx::Cx;
use crate::error::AppError;

/// Campaigns, from after the cursor.
pub async fn list(cx: &Cx, after: Option<Name>, limit: usize) -> Result<Vec<Campaign>, AppError> {
    cx.allow(Action::ListRuns, &Thing::Run(None))?;
    let now = cx.house.clock.now();
    let names = workflows(&cx.house).into_iter().filter(|name| after.as_ref().is_none_or(|after| name > after));
    let names: Vec<Name> = names.take(limit).collect();
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let mut found = Vec::new();
            for name in names {
                let (counted, _) = campaign(tx, name, None, now).await?;
                found.push(Campaign { things: None, reviewers: Vec::new(), ..counted });
            }
            Ok::<_, StoreError>(found)
        })
    });
    Ok(job.await?)
}
