//! The last runs of a workflow, played again by a draft of it: what would have come of them.
//!
//! The draft is compiled as it would be in the estate in force. Nothing is written, and nothing is
//! asked of any system.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tenure_blueprint::diff::{Listed, listed};
use tenure_engine::journal::{RunRow, RunStatus};
use tenure_engine::message::facts_of;
use tenure_flow::redraft::{Difference, Recorded};
use tenure_flow::{Graph, Record};
use tenure_model::{Name, PersonId, RunId};
use tenure_policy::authz::{Action, Thing};
use tenure_store::estates::{self, EstateFile};
use tenure_store::runs::{self, RunFilter};
use tenure_store::{StoreError, journal};

use crate::cx::Cx;
use crate::error::AppError;
use crate::flows::status;
use crate::limits::{RECORDS_AT_ONCE, REDRAFTED_LOOKED_AT_MAX, REDRAFTED_RUNS_MAX, RUNS_AT_ONCE};
use crate::people::facts;
use crate::versions;
use crate::workflows::facts as known;

/// A run that is over, and what would have come of it.
#[derive(Debug, Clone)]
pub struct Redrafted {
    /// The run.
    pub run: RunRow,
    /// What would be otherwise.
    pub difference: Difference,
    /// How it would end, if it would end otherwise and that can be told.
    pub would_end: Option<RunStatus>,
}

/// Plays the last runs of a workflow that are over by this draft of it, the newest first.
pub async fn redraft(cx: &Cx, workflow: Name, document: String, last: usize) -> Result<Vec<Redrafted>, AppError> {
    cx.allow(Action::MakePlan, &Thing::Plan)?;
    if last == 0 || last > REDRAFTED_RUNS_MAX {
        let reason = format!("`{last}` is not between 1 and {REDRAFTED_RUNS_MAX}");
        return Err(AppError::Invalid { pointer: "/last", reason });
    }
    if !cx.house.estate().workflows.contains_key(&workflow) {
        return Err(AppError::no("workflow", &workflow));
    }
    let draft = draft(cx, &workflow, document).await?;
    let (mut played, mut before, mut looked_at) = (Vec::new(), None, 0);
    while played.len() < last && looked_at < REDRAFTED_LOOKED_AT_MAX {
        let page = page(cx, &workflow, before).await?;
        let Some(oldest) = page.last().map(|row| row.id) else { break };
        (before, looked_at) = (Some(oldest), looked_at + page.len());
        // What somebody stopped did not come to an end of its own.
        let is_over = |row: &RunRow| matches!(row.status, RunStatus::Done | RunStatus::Failed) && row.parent.is_none();
        for run in page.into_iter().filter(is_over).take(last - played.len()) {
            played.push(one(cx, run, &draft).await?);
        }
    }
    Ok(played)
}

async fn page(cx: &Cx, workflow: &Name, before: Option<RunId>) -> Result<Vec<RunRow>, StoreError> {
    let filter = RunFilter { name: Some(workflow.to_string()), ..RunFilter::default() };
    cx.house.store.read(move |tx| Box::pin(async move { runs::list(tx, &filter, before, RUNS_AT_ONCE).await })).await
}

/// The graph of the draft, in the place of the workflow of its name in the estate in force.
async fn draft(cx: &Cx, workflow: &Name, document: String) -> Result<Graph, AppError> {
    let in_force = cx.house.live.now();
    let version = in_force.version;
    let job = cx.house.store.read(move |tx| Box::pin(async move { estates::files(tx, version).await }));
    let files: Vec<EstateFile> = job.await.map_err(|error: StoreError| AppError::from(error))?;
    let texts: Vec<(String, String)> = files.into_iter().map(|file| (file.path, file.text)).collect();
    let is_other = |one: &Listed| (one.kind.as_str(), one.name.as_str()) != ("Workflow", workflow.as_str());
    let others = listed(&texts).into_iter().filter(is_other).map(|one| {
        let mut metadata = json!({ "name": one.name, "title": one.title });
        if let (Some(owner), Some(fields)) = (one.owner, metadata.as_object_mut()) {
            fields.insert("owner".to_owned(), owner.into());
        }
        let text = json!({ "apiVersion": "tenure/v1", "kind": one.kind, "metadata": metadata, "spec": one.spec });
        versions::file(format!("{}-{}.yaml", one.kind, one.name), text.to_string())
    });
    let files = others.chain([versions::file("draft".to_owned(), document)]).collect();
    let built = cx.house.live.builder().build(files, Some(&in_force.built));
    let built = built.map_err(|error| AppError::BadDocuments(error.0))?;
    let found = built.estate.workflows.get(workflow).ok_or_else(|| AppError::Invalid {
        pointer: "/document",
        reason: format!("it holds no document of kind Workflow with the name `{workflow}`"),
    })?;
    Graph::parse(&found.definition.body).map_err(|error| AppError::Corrupt(error.to_string()))
}

async fn one(cx: &Cx, run: RunRow, draft: &Graph) -> Result<Redrafted, AppError> {
    let (id, definition) = (run.id, run.definition.clone());
    let job = cx.house.store.read(move |tx| Box::pin(async move { journal::definition(tx, definition).await }));
    let body = job.await.map_err(|error: StoreError| AppError::from(error))?;
    let body = body.ok_or_else(|| AppError::Corrupt(format!("the definition of run `{id}` is gone")))?.body;
    let graph = Graph::parse(&body).map_err(|error| AppError::Corrupt(error.to_string()))?;
    let (mut recorded, mut after) = (Recorded::default(), 0);
    loop {
        let job =
            cx.house.store.read(move |tx| Box::pin(async move { runs::records(tx, id, after, RECORDS_AT_ONCE).await }));
        let records = job.await.map_err(|error: StoreError| AppError::from(error))?;
        let Some(newest) = records.last().map(|record| record.seq) else { break };
        after = newest;
        for record in &records {
            let facts = facts_of(&record.body).unwrap_or_else(|| "[]".to_owned());
            let facts: Vec<Record> =
                serde_json::from_str(&facts).map_err(|error| AppError::Corrupt(error.to_string()))?;
            for fact in &facts {
                recorded.take(&graph, fact, record.at);
            }
        }
    }
    let person = person(cx, &run).await?;
    let difference = recorded.redraft(&graph, draft, &person);
    let would_end = difference.would_end.map(status);
    Ok(Redrafted { run, difference, would_end })
}

/// What is known now of whom a run is about.
async fn person(cx: &Cx, run: &RunRow) -> Result<Json, AppError> {
    let Some(person) = run.lane.split('/').next().and_then(|id| id.parse::<PersonId>().ok()) else {
        return Ok(Json::Null);
    };
    let (estate, now) = (cx.house.estate(), cx.house.clock.now());
    let house = Arc::clone(&cx.house);
    let job = house.store.read(move |tx| {
        Box::pin(async move {
            let mut found = facts::of_people(tx, &[person]).await?;
            facts::add_sign_ins(tx, &estate, &mut found).await?;
            Ok::<_, StoreError>(found.first().map_or(Json::Null, |facts| known::of(facts, now)))
        })
    });
    Ok(job.await?)
}
