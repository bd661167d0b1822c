//! What the steps of a workflow do: one file per verb, called by the engine after its commit.
//!
//! Every step may be called again for the same key at any time, also after it succeeded; each
//! looks before it acts. A step gives back its result and the rows that belong to it, which the
//! engine writes together with the journal: all or none.

mod act;
mod again;
mod align;
mod change;
mod drift;
mod emit;
mod foresee;
mod grant;
mod http;
mod human;
mod look;
mod notify;
mod peers;
mod plan;
mod restore;
mod review;
mod round;
mod seal;
mod set;
mod settle;
mod sponsor;
mod tell;
mod trigger;
mod wait;
mod watch;
mod wish;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;
use tenure_connect::Refusal;
use tenure_engine::{Ended, Order, Performer};
use tenure_ledger::Entry;
use tenure_model::{Account, AccountState, Actor, Ending, PersonId, RefusalClass};
use tenure_store::StoreError;
use tenure_store::journal::Attachment;

use crate::cx::House;
use crate::probe::Point;
use crate::record;

/// Carries out the steps of workflows.
#[derive(Debug, Clone)]
pub struct Steps {
    house: Arc<House>,
}

impl Steps {
    /// Steps that act through the connectors of this house.
    pub fn new(house: Arc<House>) -> Self {
        Self { house }
    }
}

type Done = Result<Ended<Attachment>, Ending>;

impl Performer for Steps {
    type Attachment = Attachment;

    #[tracing::instrument(name = "app.steps.perform", skip_all, fields(run = %order.run, action = order.task.action, node = order.task.node, attempt = order.task.attempt))]
    async fn perform(&self, order: Order) -> Ended<Attachment> {
        let house = self.house.as_ref();
        let ended = match order.task.action.as_str() {
            "access/align" => align::perform(&self.house, &order).await,
            "access/foresee" => foresee::perform(&self.house, &order).await,
            "access/change" => change::perform(house, &order).await,
            "access/settle" => settle::perform(&self.house, &order).await,
            "access/again" => again::perform(house, &order).await,
            "access/wish" => wish::perform(house, &order).await,
            "access/restore" => restore::perform(house, &order).await,
            "access/grant" => grant::give(&self.house, &order).await,
            "access/revoke" => grant::take(&self.house, &order).await,
            "lifecycle/emit" => emit::perform(&self.house, &order).await,
            "notify/send" => notify::perform(house, &order).await,
            "review/list" => review::list(house, &order).await,
            "review/take" => review::take(&self.house, &order).await,
            "review/begin" => review::begin(&self.house, &order).await,
            "review/close" => review::close(house, &order).await,
            "connector/look" => act::look(house, &order).await,
            "connector/do" => act::perform(house, &order).await,
            "connector/undo" => act::undo(house, &order).await,
            "approval/tell" => tell::perform(&self.house, &order).await,
            "person/look" => look::perform(house, &order).await,
            "session/watch" => watch::perform(&self.house, &order).await,
            "sponsor/transfer" => sponsor::perform(house, &order).await,
            "drift/plan" => drift::plan(&self.house, &order).await,
            "drift/disable" => drift::disable(house, &order).await,
            "lifecycle/trigger" => trigger::perform(&self.house, &order).await,
            "lifecycle/wait-for" => wait::perform(&self.house, &order).await,
            "lifecycle/round" => round::perform(&self.house, &order).await,
            "set/look" => set::look(house, &order).await,
            "set/start" => set::start(&self.house, &order).await,
            "estate/plan" => plan::make(house, &order).await,
            "estate/apply" => plan::apply(&self.house, &order).await,
            "evidence/seal" => seal::perform(house, &order),
            "human/task" => human::perform(&self.house, &order).await,
            "human/withdraw" => human::put_by(&self.house, &order).await,
            "http/call" => http::perform(house, &order).await,
            unknown => Err(refused(format!("there is no step `{unknown}`"))),
        };
        house.pass(Point::AfterEffect);
        ended.unwrap_or_else(Ended::from)
    }
}

/// What every step about a person takes.
#[derive(Debug, Deserialize)]
struct OfPerson {
    person: PersonId,
}

fn read<T: for<'de> Deserialize<'de>>(order: &Order) -> Result<T, Ending> {
    T::deserialize(&order.task.with).map_err(|error| refused(format!("its parameters: {error}")))
}

fn done(outcome: &str, output: Json) -> Ended<Attachment> {
    Ending::Done { outcome: outcome.to_owned(), output }.into()
}

fn refused(message: impl Into<String>) -> Ending {
    Ending::Refused { class: RefusalClass::Permanent, message: message.into(), retry_after_ms: None }
}

fn not_now(message: impl Into<String>) -> Ending {
    Ending::Refused { class: RefusalClass::Transient, message: message.into(), retry_after_ms: None }
}

/// What a connected system refused, as the end of a step.
fn no(refusal: Refusal) -> Ending {
    let class = if refusal.retry() { RefusalClass::Transient } else { RefusalClass::Permanent };
    let retry_after_ms = refusal.retry_after.and_then(|pause| u64::try_from(pause.as_millis()).ok());
    Ending::Refused { class, message: refusal.message, retry_after_ms }
}

/// Whether an account is there, in use or not.
fn stands(account: &Account) -> bool {
    !matches!(account.state, AccountState::Absent | AccountState::Gone | AccountState::SoftDeleted)
}

/// The database is not the world: when it does not answer, the step is tried again.
pub(crate) fn store_refused(error: StoreError) -> Ending {
    not_now(format!("the database refused: {error}"))
}

/// An entry about what a step of a run did.
fn entry(house: &House, order: &Order, what: &str) -> Entry {
    let mut entry = record::entry(house.clock.as_ref(), &Actor::system("engine"), what);
    entry.run = Some(order.run);
    entry.step = Some(tenure_ledger::Word::or_hash(&order.task.node));
    entry.attempt = Some(order.task.attempt);
    entry.generation = u64::try_from(order.generation).ok();
    entry
}

fn ledger(house: &House, entry: &Entry) -> Attachment {
    Attachment::Ledger(record::draft(house.ids.as_ref(), entry))
}
