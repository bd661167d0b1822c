//! Checking the whole record against what was signed.

use tenure_ledger::{Hash, PublicKey, Record, Verdict, Verifier};
use tenure_policy::authz::{Action, Thing};
use tenure_store::ledger;

use crate::cx::Cx;
use crate::error::AppError;
use crate::limits;

/// Reads every sealed entry again and checks it against the latest signed checkpoint.
pub async fn verify(cx: &Cx, pinned: &PublicKey) -> Result<Verdict, AppError> {
    cx.allow(Action::VerifyLedger, &Thing::Ledger)?;
    let job = cx.house.store.read(|tx| Box::pin(async move { ledger::latest_checkpoint(tx).await }));
    let signed = job.await?.map(|checkpoint| checkpoint.note);
    let mut verifier = match Verifier::new(signed.iter().map(String::as_str), pinned) {
        Ok(verifier) => verifier,
        Err(verdict) => return Ok(verdict),
    };
    let mut from = 0;
    loop {
        let page =
            cx.house.store.read(move |tx| Box::pin(async move { ledger::entries(tx, from, limits::PAGE_MAX).await }));
        let page = page.await?;
        if page.is_empty() {
            return Ok(verifier.finish());
        }
        for entry in &page {
            if entry.index != from {
                return Ok(Verdict::Missing { from: u64::try_from(from).unwrap_or(0), signed: u64::MAX });
            }
            from += 1;
            let record = Record { bytes: entry.body.as_bytes(), leaf: Some(Hash::from_bytes(entry.leaf_hash)) };
            if let Err(verdict) = verifier.push(record) {
                return Ok(verdict);
            }
        }
    }
}
