//! `approval/tell`: lets workflows know how a request was decided, those that begin with it and those
//! that wait for it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use tenure_engine::Order;
use tenure_model::PersonId;
use tenure_store::StoreError;

use super::align::load;
use super::{Done, done, read, store_refused};
use crate::cx::House;
use crate::runs::above::outermost;
use crate::workflows::begin::{self, Cause, Names};
use crate::workflows::start::{Happened, Older};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    person: Option<PersonId>,
    /// The step as its author called it.
    step: String,
    /// How it ended.
    outcome: String,
}

pub(super) async fn perform(house: &Arc<House>, order: &Order) -> Done {
    let Decided { person, step, outcome } = read(order)?;
    let Some(person) = person else { return Ok(done("done", json!({ "runs": [] }))) };
    let known = load(house, person).await?;
    let (own, key, run) = (Arc::clone(house), order.key.as_str().to_owned(), order.run);
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            // A run within a run asks for the outermost one.
            let asked = outermost(tx, run).await?;
            let (workflow, run) = (asked.as_ref().map(|row| row.name.clone()), asked.map_or(run, |row| row.id));
            // What was approved and done ends as done.
            let is_yes = matches!(outcome.as_str(), "approved" | "done");
            let event = if is_yes { "request.approved" } else { "request.denied" };
            let body = json!({ "workflow": workflow, "step": step, "outcome": outcome, "run": run });
            // A decision says nothing that makes older words about somebody void.
            let happened = Happened {
                event: event.to_owned(),
                source: workflow,
                older: Older::GoOn,
                input: [("body".to_owned(), body)].into_iter().collect(),
                ..Happened::default()
            };
            let because = run.to_string();
            let cause = Cause { source: "request", external: &because, names: Names::After(&key) };
            begin::begin(&own, tx, person, Some(&known), &happened, cause).await
        })
    });
    let runs = job.await.map_err(|error: StoreError| store_refused(error))?;
    house.nudge();
    Ok(done("done", json!({ "runs": runs })))
}
