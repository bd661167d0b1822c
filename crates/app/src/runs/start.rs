//! Starting a workflow by hand.

use serde_json::Value as Json;
use tenure_engine::journal::{Urgency, private_lane};
use tenure_engine::message::{self, Busy, Start};
use tenure_engine::{Begin, BeginError};
use tenure_ledger::{DetailKey, Word};
use tenure_model::{Name, RunId, new_id};
use tenure_policy::authz::{Action, Thing};
use tenure_store::StoreError;
use tenure_store::journal::Attachment;

use crate::cx::{Cx, send};
use crate::error::AppError;
use crate::estate::Workflow;
use crate::record;
use crate::workflows::start::with_defaults;

/// Starts a workflow by name. Without a lane the run shares nothing with any other.
pub async fn start(cx: &Cx, workflow: Name, lane: Option<String>, input: Json) -> Result<RunId, AppError> {
    cx.allow(Action::StartRun, &Thing::Run(None))?;
    let estate = cx.house.estate();
    let known = estate.workflows.get(&workflow).ok_or_else(|| AppError::no("workflow", &workflow))?;
    let run: RunId = new_id(cx.house.ids.as_ref());
    let start = Start {
        lane: lane.unwrap_or_else(|| private_lane(run)),
        definition: known.definition.hash.clone(),
        name: workflow.to_string(),
        urgency: Urgency::Normal,
        busy: Busy::Queue,
        input: given(known, input)?,
    };
    let mut entry = record::entry(cx.house.clock.as_ref(), &cx.actor, "run.started").about(run);
    entry = entry.with(DetailKey::Workflow, Word::or_hash(workflow.as_str()));
    let draft = record::draft(cx.house.ids.as_ref(), &entry);
    let begin = Begin { run, start, attachments: vec![Attachment::Ledger(draft)] };
    match cx.house.engine.get() {
        Some(engine) => match engine.begin(begin).await {
            Ok(()) => Ok(run),
            Err(BeginError::Elsewhere(begin)) => by_letter(cx, *begin).await,
            Err(BeginError::Refused(reason)) => Err(AppError::Conflict(reason)),
            Err(BeginError::Unknown) => Err(AppError::Store(StoreError::gone(format!(
                "it did not answer; whether {run} began is not known: look for it before you start another"
            )))),
        },
        None => by_letter(cx, begin).await,
    }
}

/// What a workflow is given, with its defaults. What it must be given and is not is told by name.
pub(crate) fn given(workflow: &Workflow, input: Json) -> Result<Json, AppError> {
    if workflow.inputs.is_empty() {
        return Ok(input);
    }
    let Json::Object(fields) = input else {
        let reason = "this workflow takes keys and values".to_owned();
        return Err(AppError::Invalid { pointer: "/input", reason });
    };
    let fields = with_defaults(workflow, fields);
    match workflow.inputs.keys().find(|name| !fields.contains_key(*name)) {
        Some(missing) => Err(AppError::Invalid {
            pointer: "/input",
            reason: format!("`{missing}` is missing; this workflow needs it"),
        }),
        None => Ok(Json::Object(fields)),
    }
}

/// Leaves it in the inbox, for whichever node has the lane.
async fn by_letter(cx: &Cx, begin: Begin<Attachment>) -> Result<RunId, AppError> {
    let Begin { run, start, attachments } = begin;
    let letter = message::start(run, start, "hand", "start", cx.house.clock.now());
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            send(tx, letter).await?;
            for row in &attachments {
                tenure_store::journal::attach(tx, row).await?;
            }
            Ok::<_, StoreError>(())
        })
    });
    job.await?;
    cx.house.nudge();
    Ok(run)
}
