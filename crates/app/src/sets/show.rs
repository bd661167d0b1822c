//! One set: where it stands, how many of it, and how their runs stand.

use std::collections::BTreeMap;

use tenure_engine::journal::RunStatus;
use tenure_model::SetId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::Tx;
use tenure_store::sets::{self, SetPersonState, SetRow};

use super::get;
use crate::cx::Cx;
use crate::error::AppError;

/// A set as people see it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The row.
    pub set: SetRow,
    /// How many of its people stand how.
    pub people: BTreeMap<SetPersonState, i64>,
    /// How many of its runs stand how.
    pub runs: BTreeMap<RunStatus, i64>,
}

impl Shown {
    pub(super) async fn of(tx: &mut Tx, set: SetRow) -> Result<Self, AppError> {
        let (people, mut runs) = (sets::counts(tx, set.id).await?, sets::runs(tx, set.id).await?);
        // What nobody has taken in hand yet waits to begin.
        let begun = people.get(&SetPersonState::Begun).copied().unwrap_or(0);
        let left = begun - runs.values().sum::<i64>();
        if left > 0 {
            *runs.entry(RunStatus::Queued).or_default() += left;
        }
        Ok(Self { set, people, runs })
    }

    /// For how many it was begun.
    pub fn begun(&self) -> i64 {
        self.people.get(&SetPersonState::Begun).copied().unwrap_or(0)
    }
}

/// Shows one set.
pub async fn show(cx: &Cx, id: SetId) -> Result<Shown, AppError> {
    cx.allow(Action::ReadRun, &Thing::Run(None))?;
    let job = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let set = get(tx, id).await?;
            Shown::of(tx, set).await
        })
    });
    job.await
}
