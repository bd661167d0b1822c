//! The audit record: drafts are written with what they tell of, and sealed afterwards in one
//! unbroken row.
//!
//! What a leaf hash is and what is signed is the ledger's business; here they are only kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::db::row::{Param, Row};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::page;

const OUTBOX: &str = "ledger_outbox";
const ENTRY: &str = "ledger_entry";
const CHECKPOINT: &str = "ledger_checkpoint";

/// An entry that waits to be sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Given once, so that the same entry is never written twice.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// The entry as canonical JSON.
    pub body: String,
}

/// An entry in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place, from 0, without holes.
    pub index: i64,
    /// Its id.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// The entry as canonical JSON.
    pub body: String,
    /// The hash of its leaf.
    pub leaf_hash: [u8; 32],
}

/// What was signed about the first entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Of how many entries.
    pub size: i64,
    /// The root of their tree.
    pub root: [u8; 32],
    /// When.
    pub at: Timestamp,
    /// The signed note.
    pub note: String,
}

/// Writes drafts, in the transaction of what they tell of.
pub async fn append(tx: &mut Tx, drafts: &[Draft]) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(drafts.len() * 3);
    for draft in drafts {
        values.extend([Param::Id(draft.id), draft.at.into(), (&draft.body).into()]);
    }
    tx.insert_many("INSERT INTO ledger_outbox (id, at, body)", 3, "", &values).await?;
    Ok(())
}

/// Drafts that are not sealed, in the order in which they were written.
pub async fn unsealed(tx: &mut Tx, limit: usize) -> Result<Vec<Draft>, StoreError> {
    let sql = "SELECT id, at, body FROM ledger_outbox ORDER BY seq LIMIT $1";
    tx.query(sql, &[page(limit).into()]).await?.iter().map(read_draft).collect()
}

/// How many entries are sealed.
pub async fn size(tx: &mut Tx) -> Result<i64, StoreError> {
    let sql = "SELECT leaf_index FROM ledger_entry ORDER BY leaf_index DESC LIMIT 1";
    tx.query_opt(sql, &[]).await?.map_or(Ok(0), |row| Ok(row.of(ENTRY).int("leaf_index")? + 1))
}

/// Gives drafts their places from `from` on, which must be where the record ends. Whoever seals
/// at the same time as somebody else gets a conflict or a duplicate and has written nothing.
pub async fn seal(tx: &mut Tx, from: i64, sealed: &[(Uuid, [u8; 32])]) -> Result<(), StoreError> {
    if size(tx).await? != from {
        return Err(StoreError::Conflict { table: ENTRY, id: from.to_string() });
    }
    let ids: Vec<Param> = sealed.iter().map(|(id, _)| Param::Id(*id)).collect();
    let rows = tx.query_in("SELECT id, at, body FROM ledger_outbox WHERE id", &[], &ids, "ORDER BY seq").await?;
    let mut drafts = BTreeMap::new();
    for row in &rows {
        let draft = read_draft(row)?;
        drafts.insert(draft.id, draft);
    }
    let mut values = Vec::with_capacity(sealed.len() * 5);
    for (index, (id, leaf_hash)) in (from..).zip(sealed) {
        let Some(draft) = drafts.remove(id) else {
            return Err(StoreError::Conflict { table: OUTBOX, id: id.to_string() });
        };
        values.extend([index.into(), Param::Id(*id), draft.at.into(), draft.body.into(), leaf_hash.as_slice().into()]);
    }
    tx.insert_many("INSERT INTO ledger_entry (leaf_index, id, at, body, leaf_hash)", 5, "", &values).await?;
    let gone = tx.execute_in("DELETE FROM ledger_outbox WHERE id", &[], &ids, "").await?;
    if gone == sealed.len() as u64 { Ok(()) } else { Err(StoreError::Conflict { table: OUTBOX, id: from.to_string() }) }
}

/// Entries from this place on.
pub async fn entries(tx: &mut Tx, from: i64, limit: usize) -> Result<Vec<Entry>, StoreError> {
    let sql = "SELECT leaf_index, id, at, body, leaf_hash FROM ledger_entry \
         WHERE leaf_index >= $1 ORDER BY leaf_index LIMIT $2";
    tx.query(sql, &[from.into(), page(limit).into()]).await?.iter().map(read_entry).collect()
}

/// The entry at this place.
pub async fn get(tx: &mut Tx, index: i64) -> Result<Option<Entry>, StoreError> {
    let sql = "SELECT leaf_index, id, at, body, leaf_hash FROM ledger_entry WHERE leaf_index = $1";
    tx.query_opt(sql, &[index.into()]).await?.as_ref().map(read_entry).transpose()
}

/// The place of the entry with this id, once it is sealed.
pub async fn place_of(tx: &mut Tx, id: Uuid) -> Result<Option<i64>, StoreError> {
    let row = tx.query_opt("SELECT leaf_index FROM ledger_entry WHERE id = $1", &[Param::Id(id)]).await?;
    row.map(|row| row.of(ENTRY).int("leaf_index")).transpose()
}

/// The hashes of leaves from this place on, for computing roots and proofs.
pub async fn leaf_hashes(tx: &mut Tx, from: i64, limit: usize) -> Result<Vec<[u8; 32]>, StoreError> {
    let sql = "SELECT leaf_index, leaf_hash FROM ledger_entry WHERE leaf_index >= $1 ORDER BY leaf_index LIMIT $2";
    let rows = tx.query(sql, &[from.into(), page(limit).into()]).await?;
    rows.iter().map(|row| row.of(ENTRY).hash("leaf_hash")).collect()
}

/// Keeps what was signed.
pub async fn insert_checkpoint(tx: &mut Tx, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    let sql = "INSERT INTO ledger_checkpoint (size, root, at, note) VALUES ($1, $2, $3, $4)";
    let values =
        [checkpoint.size.into(), checkpoint.root.as_slice().into(), checkpoint.at.into(), (&checkpoint.note).into()];
    StoreError::unless_one(tx.execute(sql, &values).await?, CHECKPOINT, checkpoint.size)
}

/// The checkpoint of the most entries.
pub async fn latest_checkpoint(tx: &mut Tx) -> Result<Option<Checkpoint>, StoreError> {
    let sql = "SELECT size, root, at, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1";
    let row = tx.query_opt(sql, &[]).await?;
    row.map(|row| {
        let row = row.of(CHECKPOINT);
        Ok(Checkpoint {
            size: row.int("size")?,
            root: row.hash("root")?,
            at: row.time("at")?,
            note: row.string("note")?,
        })
    })
    .transpose()
}

fn read_draft(row: &Row) -> Result<Draft, StoreError> {
    let row = row.of(OUTBOX);
    Ok(Draft { id: row.uuid("id")?, at: row.time("at")?, body: row.string("body")? })
}

fn read_entry(row: &Row) -> Result<Entry, StoreError> {
    let row = row.of(ENTRY);
    Ok(Entry {
        index: row.int("leaf_index")?,
        id: row.uuid("id")?,
        at: row.time("at")?,
        body: row.string("body")?,
        leaf_hash: row.hash("leaf_hash")?,
    })
}
