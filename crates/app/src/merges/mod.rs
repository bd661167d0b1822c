//! Two people who turn out to be one, and one who turns out to be two; and taking that back.
//!
//! Everything moves in one transaction, and a record says what it was, so that the way back needs no
//! memory but that record. Nothing is done in a connected system by it: policy decides anew about
//! whoever is left, and a run makes that so.

pub mod list;
pub mod merge;
pub mod split;
pub mod undo;

use tenure_engine::journal::RunStatus;
use tenure_ledger::{DetailKey, Word};
use tenure_model::{MergeId, PersonId, RunId};
use tenure_store::merges::{Merge, MergeKind};
use tenure_store::runs::{self, RunFilter};
use tenure_store::{Tx, merges, people};

use crate::cx::{Cx, House};
use crate::error::AppError;
use crate::workflows::begin::{self, Cause, Names};
use crate::workflows::start::Happened;
use crate::{limits, record};

/// A merge or split that was made or undone, and what follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// What was done.
    pub merge: Merge,
    /// The runs that bring their access in line.
    pub runs: Vec<RunId>,
}

/// A reason that a human gave.
fn reason(words: &str) -> Result<(), AppError> {
    let length = words.trim().chars().count();
    if (1..=limits::REASON_CHARS_MAX).contains(&length) {
        return Ok(());
    }
    let reason = format!("a reason has 1 to {} characters", limits::REASON_CHARS_MAX);
    Err(AppError::Invalid { pointer: "/reason", reason })
}

/// Whoever has a run under way is not moved from under it.
async fn at_rest(tx: &mut Tx, person: PersonId) -> Result<(), AppError> {
    for status in [RunStatus::Queued, RunStatus::Running, RunStatus::Compensating] {
        let filter = RunFilter { lane: Some(person.to_string()), status: Some(status), ..RunFilter::default() };
        if let Some(run) = runs::list(tx, &filter, None, 1).await?.first() {
            return Err(AppError::Conflict(format!(
                "run `{}` about `{person}` is under way; wait for its end, or cancel it",
                run.id
            )));
        }
    }
    Ok(())
}

/// Who is merged into somebody cannot be merged, split or named again.
async fn there(tx: &mut Tx, name: &str) -> Result<tenure_model::Person, AppError> {
    let no = || AppError::NotFound { what: format!("person `{name}`") };
    let id = match name.parse::<PersonId>() {
        Ok(id) => id,
        Err(_) => crate::people::show::find(tx, name).await?.ok_or_else(no)?,
    };
    if let Some(into) = merges::merged_into(tx, id).await? {
        return Err(AppError::Conflict(format!("`{id}` is merged into `{into}`; undo that first")));
    }
    people::get(tx, id).await?.ok_or_else(no)
}

/// Brings the access of these people in line with what is known of them now.
async fn realign(house: &House, tx: &mut Tx, merge: MergeId, whom: &[PersonId]) -> Result<Vec<RunId>, AppError> {
    let happened = Happened { event: "person.changed".to_owned(), ..Happened::default() };
    let cause = Cause { source: "merge", external: &merge.to_string(), names: Names::New };
    Ok(begin::for_people(house, tx, whom, &happened, cause).await?)
}

async fn note(cx: &Cx, tx: &mut Tx, merge: &Merge, what: &str) -> Result<(), AppError> {
    let moved = merge.record.things();
    let mut entry = record::entry(cx.house.clock.as_ref(), &cx.actor, what).about(merge.kept);
    entry.decision = Some(Word::or_hash(merge.kind.word()));
    entry.effect = Some(Word::or_hash(&merge.other.to_string()));
    entry = entry.with(DetailKey::Count, i64::try_from(moved).unwrap_or(i64::MAX));
    record::write(tx, cx.house.ids.as_ref(), &entry).await?;
    Ok(())
}

/// The word of the ledger for it.
fn word(kind: MergeKind) -> &'static str {
    match kind {
        MergeKind::Merge => "person.merged",
        MergeKind::Split => "person.split",
    }
}
