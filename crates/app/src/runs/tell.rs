//! Telling a run something: try again, stop, here is your answer, go on without it.

use std::sync::Arc;

use serde_json::Value as Json;
use tenure_engine::journal::RunRow;
use tenure_engine::message;
use tenure_model::{Actor, RunEvent, RunId, Signal, TaskKind};
use tenure_policy::authz::{Action, Thing};
use tenure_store::{Tx, journal, runs, tasks};

use crate::cx::{Cx, House, send};
use crate::error::AppError;
use crate::tasks::withdraw::withdraw;
use crate::{limits, reason, record};

/// What a run is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Telling {
    /// Try again what is blocked or waits to be tried again.
    Retry,
    /// Stop.
    Cancel {
        /// Why.
        reason: String,
        /// Whether what was done is to be taken back.
        undo: bool,
    },
    /// The answer that it waits for.
    Signal {
        /// The name that it waits for.
        name: String,
        /// What comes with it.
        body: Json,
    },
    /// Try a step that is stuck again, with this instead of what it was given.
    Edit {
        /// Which step.
        node: String,
        /// With what.
        with: Json,
        /// Why.
        reason: String,
    },
    /// Go on by this version of the workflow.
    Move {
        /// Its definition.
        definition: String,
        /// Why.
        reason: String,
    },
    /// Go on as if a step had ended so.
    Skip {
        /// Which step.
        node: String,
        /// With which outcome.
        outcome: String,
        /// Why.
        reason: String,
    },
}

impl Telling {
    /// How the ledger calls it, and what the engine hears.
    pub(crate) fn event(self, by: String) -> (&'static str, RunEvent) {
        match self {
            Self::Retry => ("run.retried", RunEvent::Retry { by }),
            Self::Cancel { reason, undo } => ("run.cancelled", RunEvent::Cancel { by, reason, undo }),
            Self::Signal { name, body } => ("run.signalled", RunEvent::Signalled(Signal { name, by, body })),
            Self::Edit { node, with, reason } => ("run.edited", RunEvent::Edit { node, with, by, reason }),
            Self::Move { definition, reason } => ("run.moved", RunEvent::Move { definition, by, reason }),
            Self::Skip { node, outcome, reason } => ("run.skipped", RunEvent::Skip { node, outcome, by, reason }),
        }
    }
}

/// Tells a run something. It is taken in after this returns, in the order in which it was told.
/// Gives the run as it was when it was told.
pub async fn tell(cx: &Cx, run: RunId, word: Telling) -> Result<RunRow, AppError> {
    let action = match word {
        Telling::Retry | Telling::Skip { .. } => Action::RetryRun,
        Telling::Edit { .. } | Telling::Move { .. } => Action::EditRun,
        Telling::Cancel { .. } => Action::CancelRun,
        Telling::Signal { .. } => Action::SignalRun,
    };
    cx.allow(action, &Thing::Run(Some(run)))?;
    check(&word)?;
    let by = cx.actor.name.clone();
    let passed = match &word {
        Telling::Skip { node, reason, .. } => Some((node.clone(), format!("{by} went on without it: {reason}"))),
        _ => None,
    };
    let (told, event) = word.event(by);
    let most = if action == Action::SignalRun { limits::LETTERS_OF_RUN_MAX } else { usize::MAX };
    let entry = record::entry(cx.house.clock.as_ref(), &cx.actor, told).about(run);
    let (house, actor) = (Arc::clone(&cx.house), cx.actor.clone());
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let row = runs::get(tx, run).await?.ok_or_else(|| AppError::no("run", run))?;
            if row.status.is_closed() {
                return Err(AppError::Conflict(format!("run `{run}` is over: {}", row.status.word())));
            }
            if most < usize::MAX && journal::letters_of(tx, run, most).await? >= most {
                return Err(AppError::TooManySignals { run, most });
            }
            let external = house.ids.uuid().to_string();
            send(tx, message::event(run, &row.lane, event, "api", &external, house.clock.now())).await?;
            record::write(tx, house.ids.as_ref(), &entry).await?;
            if let Some((node, why)) = passed {
                put_away(&house, tx, &actor, run, (&node, &why)).await?;
            }
            Ok(row)
        })
    });
    let row = job.await?;
    cx.house.nudge();
    Ok(row)
}

/// Takes back what a step asked of somebody that the run goes on without. A review is not decided by
/// that, and can be answered yet.
async fn put_away(
    house: &House,
    tx: &mut Tx,
    actor: &Actor,
    run: RunId,
    (node, why): (&str, &str),
) -> Result<(), AppError> {
    let (key, edited) = (format!("{run}/{node}"), format!("{run}/{node}/edition-"));
    for task in tasks::awaited_by(tx, run).await? {
        if !matches!(task.kind, TaskKind::Stuck | TaskKind::Review)
            && (task.key == key || task.key.starts_with(&edited))
        {
            withdraw(house, tx, actor, task, why).await?;
        }
    }
    Ok(())
}

fn check(word: &Telling) -> Result<(), AppError> {
    let reason = match word {
        Telling::Edit { with, .. } if !with.is_object() => {
            let reason = "give keys and values, as the step has them".to_owned();
            return Err(AppError::Invalid { pointer: "/with", reason });
        }
        Telling::Cancel { reason, .. }
        | Telling::Edit { reason, .. }
        | Telling::Move { reason, .. }
        | Telling::Skip { reason, .. } => reason,
        Telling::Retry | Telling::Signal { .. } => return Ok(()),
    };
    reason::said(reason)
}
