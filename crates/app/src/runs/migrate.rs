//! Letting a run go on by the version of its workflow that is in force.

use tenure_engine::journal::RunRow;
use tenure_flow::{Graph, misfits};
use tenure_model::{Name, RunId};

use super::replay::replay;
use super::tell::{Telling, tell};
use crate::cx::Cx;
use crate::error::AppError;

/// Whether a run can go on by another version.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The run, as it is by the version that it has.
    pub run: RunRow,
    /// The definition that is in force.
    pub to: String,
    /// Why it cannot; nothing if it can.
    pub misfits: Vec<String>,
}

impl Migration {
    /// Whether it goes by that version already.
    pub fn is_there(&self) -> bool {
        self.run.definition == self.to
    }
}

/// Holds what a run did so far against the version in force. Changes nothing.
pub async fn check(cx: &Cx, run: RunId) -> Result<Migration, AppError> {
    let now = replay(cx, run, None).await?;
    let name: Name = now.row.name.parse().map_err(|_| part_of_another(run))?;
    let estate = cx.house.estate();
    let workflow = estate.workflows.get(&name).ok_or_else(|| AppError::no("workflow", &name))?;
    if now.row.parent.is_some() {
        return Err(part_of_another(run));
    }
    let to = workflow.definition.clone();
    let mut migration = Migration { run: now.row, to: to.hash, misfits: Vec::new() };
    if !migration.is_there() {
        let graph = Graph::parse(&to.body).map_err(|error| AppError::Corrupt(error.to_string()))?;
        migration.misfits = misfits(&now.graph, &graph, &now.state);
    }
    Ok(migration)
}

/// Lets a run go on by the version in force. What it did stays as it is; what comes, comes by that
/// version. A run that has got further meanwhile than fits says so in its records, and stays.
pub async fn migrate(cx: &Cx, run: RunId, reason: String) -> Result<Migration, AppError> {
    let migration = check(cx, run).await?;
    if migration.is_there() {
        return Err(AppError::Conflict(format!("run `{run}` goes by that version already")));
    }
    if !migration.misfits.is_empty() {
        return Err(AppError::Conflict(format!("run `{run}` keeps its version: {}", migration.misfits.join("; "))));
    }
    let word = Telling::Move { definition: migration.to.clone(), reason };
    Ok(Migration { run: tell(cx, run, word).await?, ..migration })
}

fn part_of_another(run: RunId) -> AppError {
    AppError::Conflict(format!("run `{run}` is a part of another one; its workflow has no version of its own"))
}
