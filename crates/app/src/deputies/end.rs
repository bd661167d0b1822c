//! Ending that somebody stands in for somebody else, before its time.

use std::sync::Arc;

use tenure_model::{Deputy, DeputyId};
use tenure_policy::authz::Action;
use tenure_store::deputies;

use super::thing;
use crate::cx::Cx;
use crate::error::AppError;
use crate::record;

/// Ends it now. What the deputy has in hand, whoever it is for takes back.
pub async fn end(cx: &Cx, deputy: DeputyId) -> Result<Deputy, AppError> {
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let house = Arc::clone(&own.house);
            let found = deputies::get(tx, deputy).await?;
            let found = found.filter(|found| own.allow(Action::ListDeputies, &thing(found)).is_ok());
            let found = found.ok_or_else(|| AppError::no("deputy", deputy))?;
            own.allow(Action::EndDeputy, &thing(&found))?;
            let ended = found.end(&own.actor.name, house.clock.now())?;
            deputies::update(tx, &ended).await?;
            let entry = record::entry(house.clock.as_ref(), &own.actor, "deputy.ended").about(deputy);
            record::write(tx, house.ids.as_ref(), &entry).await?;
            Ok::<_, AppError>(ended)
        })
    });
    job.await
}
