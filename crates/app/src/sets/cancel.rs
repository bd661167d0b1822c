//! Stopping a set: nobody is begun any more. What was begun goes on.

use tenure_ledger::{DetailKey, Word};
use tenure_model::SetId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::sets::{self, SetRow, SetState};

use super::get;
use super::show::Shown;
use crate::cx::Cx;
use crate::error::AppError;
use crate::{reason, record};

/// Stops a set, and says what was begun.
pub async fn cancel(cx: &Cx, id: SetId, reason: String) -> Result<Shown, AppError> {
    cx.allow(Action::CancelRun, &Thing::Run(None))?;
    reason::said(&reason)?;
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let house = &own.house;
            let set = get(tx, id).await?;
            if !matches!(set.state, SetState::Looking | SetState::Ready | SetState::Starting) {
                return Err(AppError::Conflict(format!(
                    "`{id}` is {} already; what goes on of it are runs, and each is cancelled by itself",
                    set.state.word()
                )));
            }
            let version = set.version + 1;
            let set = SetRow { state: SetState::Cancelled, note: Some(reason), version, ..set };
            sets::update(tx, &set).await?;
            let shown = Shown::of(tx, set).await?;
            let mut entry = record::entry(house.clock.as_ref(), &own.actor, "set.cancelled").about(id);
            entry = entry.with(DetailKey::Workflow, Word::or_hash(&shown.set.workflow));
            entry = entry.with(DetailKey::Count, shown.begun());
            record::write(tx, house.ids.as_ref(), &entry).await?;
            Ok(shown)
        })
    });
    job.await
}
