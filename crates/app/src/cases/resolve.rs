//! Answering a case: it is this person, it is somebody new, or the event means nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use tenure_ledger::Word;
use tenure_model::{CaseId, PersonId, RunId};
use tenure_policy::authz::{Action, Thing};
use tenure_policy::correlate::Question;
use tenure_store::cases::{self, Case, Detail, Resolution};
use tenure_store::{Tx, engagements, events, facts, people};

use crate::cases::show::{self, Shown};
use crate::cx::Cx;
use crate::error::AppError;
use crate::events::accept;
use crate::events::meaning::{self, Doubt, KEY_CHANGE, Meaning};
use crate::people::names;
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
    if known.detail.as_ref().is_some_and(|detail| detail.kind == names::UNNAMED) && answer != Answer::Dismiss {
        let way = "this case asks for a name; give one with `tenure people name`, or dismiss the case";
        return Err(AppError::Conflict(way.to_owned()));
    }
    let mut runs = Vec::new();
    if answer != Answer::Dismiss {
        if let (Some(person), Some(detail)) = (&person, &known.detail) {
            rekey(tx, &known, detail, person.id).await?;
        }
        match meaning::apply(&house, tx, &event, person, now).await? {
            Meaning::Changed { person, urgent, starts, unnamed, .. } => {
                accept::ask_for_names(&house, tx, &event, person, unnamed).await?;
                let what = accept::Begin { starts, urgent, changed: BTreeSet::new() };
                runs = accept::begin(&house, tx, &event, person, what).await?.runs;
            }
            Meaning::Noted { why, .. } => return Err(AppError::Conflict(why)),
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

/// The source calls an engagement otherwise now, and a human said that it is the same one.
async fn rekey(tx: &mut Tx, case: &Case, detail: &Detail, person: PersonId) -> Result<(), AppError> {
    if detail.kind != KEY_CHANGE {
        return Ok(());
    }
    let doubt: Doubt = serde_json::from_str(&detail.body).map_err(|error| AppError::Corrupt(error.to_string()))?;
    let Question::KeyChange { person: whose, from, to } = doubt.question else { return Ok(()) };
    if whose != person {
        return Ok(());
    }
    match engagements::find_by_key(tx, &case.connection, &from).await? {
        Some(known) if known.person == person => Ok(facts::rekey(tx, &case.connection, &from, &to).await?),
        Some(_) | None => Err(AppError::Conflict(format!("engagement {from} is not theirs any more; look again"))),
    }
}
