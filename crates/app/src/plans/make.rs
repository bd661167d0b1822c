//! Asking for a plan: it is written down with its documents, and a durable run works it out.

use std::sync::Arc;

use jiff::ToSpan as _;
use serde_json::json;
use tenure_model::{PlanId, new_id};
use tenure_policy::authz::{Action, Thing};
use tenure_store::estates::EstateFile;
use tenure_store::plans::{self, PlanRow, PlanState};

use crate::cx::{Cx, send};
use crate::error::AppError;
use crate::limits::PLAN_GOOD_HOURS;
use crate::people::show;
use crate::plans::{Asked, begin};
use crate::versions;

/// Asks what these documents, or the facts at a moment, would come to. Without documents it is about
/// those in force. `people` are ids or keys; all if there are none.
pub async fn make(
    cx: &Cx,
    files: Option<Vec<(String, String)>>,
    people: Vec<String>,
    asked: Asked,
) -> Result<PlanRow, AppError> {
    cx.allow(Action::MakePlan, &Thing::Plan)?;
    let house = Arc::clone(&cx.house);
    let in_force = house.live.now();
    let files: Vec<EstateFile> =
        files.unwrap_or_default().into_iter().map(|(path, text)| versions::file(path, text)).collect();
    let hash = if files.is_empty() { in_force.hash.clone() } else { versions::hash(&files) };
    // The same documents are no documents: nothing is compared with itself.
    let files = if hash == in_force.hash { Vec::new() } else { files };
    if !files.is_empty() {
        // Everything that is wrong with documents is said at once, to whoever sent them.
        house
            .live
            .builder()
            .build(files.clone(), Some(&in_force.built))
            .map_err(|error| AppError::BadDocuments(error.0))?;
    }
    let now = house.clock.now();
    if asked.at.is_some_and(|at| at < now) {
        let reason = "is in the past; a plan shows now or later".to_owned();
        return Err(AppError::Invalid { pointer: "/at", reason });
    }
    let good_until = now.checked_add(PLAN_GOOD_HOURS.hours()).map_err(|error| AppError::Corrupt(error.to_string()))?;
    let id: PlanId = new_id(house.ids.as_ref());
    let base = in_force.version;
    let made_by = cx.actor.name.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let mut asked = asked;
            for name in &people {
                let found = show::find(tx, name).await?.ok_or_else(|| AppError::no("person", name))?;
                asked.people.push(found);
            }
            asked.people.sort();
            asked.people.dedup();
            let plan = PlanRow {
                id,
                state: PlanState::Making,
                asked: json!(asked).to_string(),
                made_by,
                made_at: now,
                good_until,
                base,
                hash,
                progress: None,
                people: 0,
                digest: None,
                report: None,
                applied_by: None,
                applied_at: None,
                version: None,
                note: None,
            };
            plans::insert(tx, &plan, &files).await?;
            tenure_store::journal::define(tx, vec![begin::making()]).await?;
            send(tx, begin::letter(&house, id, begin::making(), 0)).await?;
            Ok::<_, AppError>(plan)
        })
    });
    let plan = job.await?;
    cx.house.nudge();
    Ok(plan)
}
