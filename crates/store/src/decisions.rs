//! What each decision was made from: the facts and the rules, whole, each kept once by its hash.

use jiff::Timestamp;
use tenure_model::{PersonId, RunId};
use uuid::Uuid;

use crate::db::row::{Param, Row, id, opt_id};
use crate::db::tx::Tx;
use crate::error::StoreError;

const TABLE: &str = "decision";

/// Something that is kept by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Of the body.
    pub hash: [u8; 32],
    /// As JSON; none if it is known to be kept already.
    pub body: Option<String>,
}

/// A decision about one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Of its entry in the ledger.
    pub id: Uuid,
    /// Whom it is about.
    pub person: PersonId,
    /// The moment that it was made for.
    pub at: Timestamp,
    /// The run that made it.
    pub run: Option<RunId>,
    /// What was known of the person.
    pub facts: Kept,
    /// What was in force.
    pub rules: Kept,
    /// The hash of what was decided.
    pub result: [u8; 32],
}

/// Keeps this under its hash, unless it is kept already.
pub async fn keep(tx: &mut Tx, hash: [u8; 32], body: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO kept_content (hash, body) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";
    tx.execute(sql, &[hash.as_slice().into(), body.into()]).await.map(|_| ())
}

/// Writes a decision and what it was made from.
pub async fn insert(tx: &mut Tx, decision: &Decision) -> Result<(), StoreError> {
    for kept in [&decision.facts, &decision.rules] {
        if let Some(body) = &kept.body {
            keep(tx, kept.hash, body).await?;
        }
    }
    let sql = "INSERT INTO decision (id, person, at, run, facts, rules, result) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        Param::Id(decision.id),
        id(decision.person),
        decision.at.into(),
        opt_id(decision.run),
        decision.facts.hash.as_slice().into(),
        decision.rules.hash.as_slice().into(),
        decision.result.as_slice().into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, decision.id)
}

/// The newest decision about a person that was made at this moment or before.
pub async fn latest(tx: &mut Tx, person: PersonId, until: Timestamp) -> Result<Option<Decision>, StoreError> {
    let sql = "SELECT id, person, at, run, facts, rules, result FROM decision \
         WHERE person = $1 AND at <= $2 ORDER BY at DESC, id DESC LIMIT 1";
    tx.query_opt(sql, &[id(person), until.into()]).await?.as_ref().map(read).transpose()
}

/// The first decision about a person that was made at this moment or after.
pub async fn first(tx: &mut Tx, person: PersonId, from: Timestamp) -> Result<Option<Decision>, StoreError> {
    let sql = "SELECT id, person, at, run, facts, rules, result FROM decision \
         WHERE person = $1 AND at >= $2 ORDER BY at, id LIMIT 1";
    tx.query_opt(sql, &[id(person), from.into()]).await?.as_ref().map(read).transpose()
}

/// What is kept under this hash.
pub async fn content(tx: &mut Tx, hash: [u8; 32]) -> Result<Option<String>, StoreError> {
    let row = tx.query_opt("SELECT hash, body FROM kept_content WHERE hash = $1", &[hash.as_slice().into()]).await?;
    row.map(|row| row.of("kept_content").string("body")).transpose()
}

fn read(row: &Row) -> Result<Decision, StoreError> {
    let row = row.of(TABLE);
    let kept = |column| Ok::<_, StoreError>(Kept { hash: row.hash(column)?, body: None });
    Ok(Decision {
        id: row.uuid("id")?,
        person: row.id("person")?,
        at: row.time("at")?,
        run: row.opt_id("run")?,
        facts: kept("facts")?,
        rules: kept("rules")?,
        result: row.hash("result")?,
    })
}
