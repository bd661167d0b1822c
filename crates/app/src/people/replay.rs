//! A decision made once more from what was known then, and held against what came of it.

use jiff::Timestamp;
use tenure_model::PersonId;
use tenure_policy::{PersonFacts, Plan, Rules};
use tenure_store::decisions::{self, Decision};
use tenure_store::{StoreError, Tx, ledger};

use crate::error::AppError;
use crate::people::decided;

/// A decision that was made once more.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// As it is kept.
    pub decision: Decision,
    /// Its place in the ledger, once it is sealed.
    pub entry: Option<i64>,
    /// What was known then.
    pub facts: PersonFacts,
    /// What was in force then.
    pub rules: Rules,
    /// What comes of it now.
    pub plan: Plan,
    /// Whether that is what came of it then.
    pub same: bool,
}

/// What a decision was made from.
struct Kept {
    decision: Decision,
    entry: Option<i64>,
    facts: String,
    rules: String,
}

/// The decision about a person that held at a moment, made once more. Nothing if none was made
/// until then.
pub(crate) async fn replay(
    store: &tenure_store::Store,
    person: PersonId,
    at: Timestamp,
) -> Result<Option<Replayed>, AppError> {
    let job = store.read(move |tx| Box::pin(async move { load(tx, person, at).await }));
    let kept = job.await.map_err(|error: StoreError| AppError::from(error))?;
    kept.map(again).transpose()
}

async fn load(tx: &mut Tx, person: PersonId, at: Timestamp) -> Result<Option<Kept>, StoreError> {
    let Some(decision) = decisions::latest(tx, person, at).await? else { return Ok(None) };
    let missing = |what: &str| StoreError::Inconsistent {
        table: "kept_content",
        column: what.to_owned(),
        id: decision.id.to_string(),
        what: "is not there any more".to_owned(),
    };
    let facts = decisions::content(tx, decision.facts.hash).await?.ok_or_else(|| missing("facts"))?;
    let rules = decisions::content(tx, decision.rules.hash).await?.ok_or_else(|| missing("rules"))?;
    let entry = ledger::place_of(tx, decision.id).await?;
    Ok(Some(Kept { decision, entry, facts, rules }))
}

fn again(kept: Kept) -> Result<Replayed, AppError> {
    let Kept { decision, entry, facts, rules } = kept;
    let corrupt = |error: serde_json::Error| AppError::Corrupt(format!("decision `{}`: {error}", decision.id));
    let facts: PersonFacts = serde_json::from_str(&facts).map_err(corrupt)?;
    let rules: Rules = serde_json::from_str(&rules).map_err(corrupt)?;
    let plan = tenure_policy::plan(&facts, &rules, decision.at);
    let same = decided::result(&plan) == decision.result;
    Ok(Replayed { decision, entry, facts, rules, plan, same })
}
