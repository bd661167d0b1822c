//! Answering a case: it is this person, it is somebody new, or the event means nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use tenure_ledger::Word;
use tenure_model::{CaseId, PersonId, RunId};
use tenure_policy::authz::{Action, Thing};
use tenure_store::cases::{self, Resolution};
use tenure_store::{Tx, events, people};

use crate::cases::show::{self, Shown};
use crate::cx::Cx;
use crate::error::AppError;
use crate::events::accept;
use crate::events::meaning::{self, Meaning};
use crate::{limits, record};

/// The answer to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It speaks of this one.
    Is(PersonId),
    /// It speaks of somebody who is not known yet.
    New,
    /// It is put aside.
    Dismiss,
}

/// An answered case, and what followed from the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The case as it is now.
    pub shown: Shown,
    /// The runs that the answer started.
    pub runs: Vec<RunId>,
}

/// Answers a case. What the event means happens in the same transaction.
pub async fn resolve(cx: &Cx, case: CaseId, answer: Answer, comment: Option<String>) -> Result<Resolved, AppError> {
    cx.allow(Action::ResolveCase, &Thing::Case(Some(case)))?;
    if comment.as_ref().is_some_and(|comment| comment.chars().count() > limits::REASON_CHARS_MAX) {
        let reason = format!("a comment has at most {} characters", limits::REASON_CHARS_MAX);
        return Err(AppError::Invalid { pointer: "/comment", reason });
    }
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let runs = settle(&own, tx, case, answer, comment).await?;
            Ok::<_, AppError>(Resolved { shown: show::find(tx, case).await?, runs })
        })
    });
    let resolved = job.await?;
    cx.house.nudge();
    Ok(resolved)
}

async fn settle(
    cx: &Cx,
    tx: &mut Tx,
    case: CaseId,
    answer: Answer,
    comment: Option<String>,
) -> Result<Vec<RunId>, AppError> {
    let house = Arc::clone(&cx.house);
    let now = house.clock.now();
    let known = cases::get(tx, case).await?.ok_or_else(|| AppError::no("case", case))?;
    if known.resolution.is_some() {
        return Err(AppError::answered(case));
    }
    let (event, _) = events::get(tx, known.event).await?.ok_or_else(|| AppError::no("event", known.event))?;
    let person = match answer {
        Answer::Is(id) => Some(people::get(tx, id).await?.ok_or_else(|| AppError::no("person", id))?),
        Answer::New | Answer::Dismiss => None,
    };
    let mut runs = Vec::new();
    if answer != Answer::Dismiss {
        match meaning::apply(&house, tx, &event, person, now).await? {
            Meaning::Changed { person, urgent, starts, .. } => {
                runs = {
                    let what = accept::Begin { starts, urgent, changed: BTreeSet::new() };
                    accept::begin(&house, tx, &event, person, what).await?
                };
            }
            Meaning::Unclear { question, .. } => return Err(AppError::Conflict(question)),
        }
    }
    let word = match answer {
        Answer::Is(_) => "is",
        Answer::New => "new",
        Answer::Dismiss => "dismissed",
    };
    let body = json!({ "answer": word, "comment": comment }).to_string();
    let resolution = Resolution { at: now, by: cx.actor.name.clone(), body };
    cases::resolve(tx, case, &resolution).await?;
    let mut entry = record::entry(house.clock.as_ref(), &cx.actor, "case.resolved").about(case).caused_by(event.id);
    entry.decision = Some(Word::or_hash(word));
    record::write(tx, house.ids.as_ref(), &entry).await?;
    Ok(runs)
}
