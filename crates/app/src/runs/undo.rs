//! Taking back what a run did that is over: a run of its own, in the same lane, that does what the
//! first would have done had it been stopped. The same run is taken back once.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use tenure_engine::journal::{Definition, RunRow, Urgency};
use tenure_engine::message::{self, Busy, Start};
use tenure_flow::back::{Back, TakeBack};
use tenure_flow::limits::PAYLOAD_BYTES_MAX;
use tenure_ledger::{DetailKey, Hash};
use tenure_model::RunId;
use tenure_policy::authz::{Action, Thing};
use tenure_store::{journal, runs};

use super::alone::named;
use super::replay::{Replayed, replay};
use crate::cx::{Cx, send};
use crate::error::AppError;
use crate::estate::definition;
use crate::{reason, record};

/// The name of such a run.
const UNDO: &str = "undo";

/// What it comes to to take back a run.
#[derive(Debug, Clone)]
pub struct Undoing {
    /// The run.
    pub run: RunRow,
    /// What can be taken back of it, and what cannot.
    pub back: TakeBack,
    /// The run that takes it back, if there is one already.
    pub by: Option<RunId>,
}

/// Says what it comes to. Changes nothing.
pub async fn look(cx: &Cx, run: RunId) -> Result<Undoing, AppError> {
    Ok(looked(cx, run).await?.0)
}

/// Takes it back.
pub async fn undo(cx: &Cx, run: RunId, why: String) -> Result<RunId, AppError> {
    cx.allow(Action::CancelRun, &Thing::Run(Some(run)))?;
    reason::said(&why)?;
    let (Undoing { run: row, back, by }, replayed) = looked(cx, run).await?;
    if let Some(by) = by {
        return Err(AppError::Conflict(format!("run `{by}` takes `{run}` back already")));
    }
    if back.steps.is_empty() {
        return Err(AppError::Conflict(format!("there is nothing of run `{run}` that can be taken back")));
    }
    let input = json!({ "person": replayed.state.input.get("person"), "run": run, "back": back.given() });
    let bytes = input.to_string().len();
    if bytes > PAYLOAD_BYTES_MAX {
        let most = PAYLOAD_BYTES_MAX;
        return Err(AppError::Conflict(format!(
            "what is to be taken back of `{run}` is {bytes} bytes, of at most {most}"
        )));
    }
    let definition = definition_of(&back)?;
    let start = Start {
        lane: row.lane.clone(),
        definition: definition.hash.clone(),
        name: UNDO.to_owned(),
        urgency: Urgency::Normal,
        busy: Busy::Queue,
        input,
    };
    let now = cx.house.clock.now();
    let letter = message::start(undo_of(run), start, UNDO, &run.to_string(), now);
    let mut entry = record::entry(cx.house.clock.as_ref(), &cx.actor, "run.undone").about(run);
    entry.run = Some(undo_of(run));
    let entry = entry.with(DetailKey::Payload, Hash::of(why.as_bytes()));
    let ids = cx.house.ids.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            journal::define(tx, vec![definition]).await?;
            send(tx, letter).await?;
            record::write(tx, ids.as_ref(), &entry).await
        })
    });
    job.await.map_err(|error: tenure_store::StoreError| AppError::from(error))?;
    cx.house.nudge();
    Ok(undo_of(run))
}

async fn looked(cx: &Cx, run: RunId) -> Result<(Undoing, Replayed), AppError> {
    let found = replay(cx, run, None).await?;
    if !found.row.status.is_closed() {
        let said = format!("run `{run}` is not over; `tenure runs cancel` stops it and takes back what it did");
        return Err(AppError::Conflict(said));
    }
    let by = cx.house.store.read(move |tx| Box::pin(async move { runs::get(tx, undo_of(run)).await }));
    let by = by.await.map_err(|error: tenure_store::StoreError| AppError::from(error))?.map(|row| row.id);
    let back = TakeBack::of(&found.graph, &found.state, cx.house.clock.now());
    Ok((Undoing { run: found.row.clone(), back, by }, found))
}

fn undo_of(run: RunId) -> RunId {
    named(&format!("{UNDO}/{run}"))
}

fn definition_of(back: &TakeBack) -> Result<Definition, AppError> {
    let graph = serde_json::to_value(back.graph(UNDO)).map_err(|error| AppError::Corrupt(error.to_string()))?;
    definition(UNDO, &graph).map_err(AppError::Corrupt)
}

/// What a step does when it is taken back, in words: in which systems, or to how many grants.
pub fn what(back: &Back) -> String {
    if let Some(wishes) = back.with.get("wishes").and_then(Json::as_array) {
        let systems = wishes.iter().filter_map(|wish| wish.get("connection")?.as_str()).collect::<BTreeSet<&str>>();
        return format!("accounts in {}", systems.into_iter().collect::<Vec<_>>().join(", "));
    }
    if let Some(acts) = back.with.get("acts").and_then(Json::as_array) {
        let one =
            |act: &Json| Some(format!("{} in {}", act.pointer("/act/action")?.as_str()?, act.get("system")?.as_str()?));
        return acts.iter().filter_map(one).collect::<BTreeSet<String>>().into_iter().collect::<Vec<_>>().join(", ");
    }
    match back.with.pointer("/undo/grants").and_then(Json::as_array) {
        Some(grants) => format!("{} grants", grants.len()),
        None => back.action.clone(),
    }
}
