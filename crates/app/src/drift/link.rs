//! Saying whose account it is. What follows for them from policy is done by a run, under the brakes.

use tenure_ledger::{DetailKey, Word};
use tenure_model::{Account, ConnectionName, Observation, PersonId, RunId, new_id};
use tenure_policy::authz::{Action, Thing};
use tenure_store::{Tx, accounts, observations, people};

use super::orphan;
use crate::cx::{Cx, House};
use crate::error::AppError;
use crate::record;
use crate::workflows::begin::{self, Cause, Names};
use crate::workflows::start::Happened;

/// An account that has somebody now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The account.
    pub account: Account,
    /// What was started for its owner.
    pub runs: Vec<RunId>,
}

/// Links it.
pub async fn link(cx: &Cx, connection: ConnectionName, account: String, person: PersonId) -> Result<Linked, AppError> {
    cx.allow(Action::SettleDrift, &Thing::Connection(Some(connection.clone())))?;
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let seen = orphan(tx, &connection, &account).await?;
            people::get(tx, person).await?.ok_or_else(|| AppError::no("person", person))?;
            let account = give(&own, tx, seen, person, "linked").await?;
            let runs = begin(&own.house, tx, person).await?;
            Ok::<_, AppError>(Linked { account, runs })
        })
    });
    let linked = job.await?;
    cx.house.nudge();
    Ok(linked)
}

/// Writes that the account is theirs.
pub(super) async fn give(
    cx: &Cx,
    tx: &mut Tx,
    seen: Observation,
    person: PersonId,
    decision: &str,
) -> Result<Account, AppError> {
    let house = &cx.house;
    let account = seen.owned(new_id(house.ids.as_ref()), person);
    accounts::upsert(tx, &account).await?;
    observations::put_many(tx, &[Observation { account: Some(account.id), ..seen }]).await?;
    let mut entry = record::entry(house.clock.as_ref(), &cx.actor, "orphan.settled").about(person);
    entry.system = Some(account.connection.clone());
    entry.decision = Some(Word::or_hash(decision));
    entry = entry.with(DetailKey::Account, account.id);
    record::write(tx, house.ids.as_ref(), &entry).await?;
    Ok(account)
}

/// Has policy look at the owner once more.
pub(super) async fn begin(house: &House, tx: &mut Tx, person: PersonId) -> Result<Vec<RunId>, AppError> {
    let input = [("because".to_owned(), "account.linked".into())].into_iter().collect();
    let happened = Happened { event: "person.changed".to_owned(), input, ..Happened::default() };
    let cause = Cause { source: "drift", external: "linked", names: Names::New };
    Ok(begin::for_people(house, tx, &[person], &happened, cause).await?)
}
