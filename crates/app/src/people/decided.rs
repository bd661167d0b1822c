//! Keeping what a decision was made from, so that it can be made again at any time and come to the
//! same: the facts and the rules as they were read, whole, each once by its hash.

use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tenure_ledger::Entry;
use tenure_model::{Ending, RunId};
use tenure_policy::{PersonFacts, Plan, Rules};
use tenure_store::decisions::{self, Decision, Kept};
use tenure_store::journal::Attachment;
use tenure_store::{StoreError, Tx};

use crate::cx::House;
use crate::record;
use crate::steps::store_refused;

/// The rows for a decision of a run, with its entry of the ledger. The rules must be in the
/// database before a row names them, so they are written first, once for each form of them.
pub(crate) async fn attachments(
    house: &House,
    run: RunId,
    facts: &PersonFacts,
    rules: &Arc<Rules>,
    now: Timestamp,
    plan: &Plan,
    entry: &Entry,
) -> Result<Vec<Attachment>, Ending> {
    let rules_kept = keep_rules(house, rules).await.map_err(store_refused)?;
    let draft = record::draft(house.ids.as_ref(), entry);
    let body = serde_json::to_string(facts).unwrap_or_default();
    let decision = Decision {
        id: draft.id,
        person: facts.person.id,
        at: now,
        run: Some(run),
        facts: Kept { hash: Sha256::digest(body.as_bytes()).into(), body: Some(body) },
        rules: rules_kept,
        result: result(plan),
    };
    Ok(vec![Attachment::Decision(Box::new(decision)), Attachment::Ledger(draft)])
}

/// A moment as exactly as it is kept: whoever decides again must decide for the same one.
pub(crate) fn moment(now: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// The hash of what was decided.
pub(crate) fn result(plan: &Plan) -> [u8; 32] {
    Sha256::digest(serde_json::to_vec(plan).unwrap_or_default()).into()
}

async fn keep_rules(house: &House, rules: &Arc<Rules>) -> Result<Kept, StoreError> {
    let now = house.live.now();
    let kept = now.kept(rules);
    let Kept { hash, body: Some(body) } = kept else { return Ok(kept) };
    house.store.write(move |tx: &mut Tx| Box::pin(async move { decisions::keep(tx, hash, &body).await })).await?;
    now.keep(rules, hash);
    Ok(Kept { hash, body: None })
}
