//! Readings of sources: rows as they were last taken over, readings as they were weighed, and rows
//! that are still to be taken in.

use jiff::Timestamp;
use tenure_model::ConnectionName;

use crate::db::row::{Fields, Param, Row};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::{count, page};

const READING: &str = "source_reading";
const ROW: &str = "source_row";

/// A row as it was last taken over. It holds no values, only their hashes and the terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRow {
    /// Its key.
    pub key: String,
    /// A hash of all it says.
    pub hash: String,
    /// A hash of each value by the name of its column, as JSON.
    pub marks: String,
    /// What it says of the engagement, as JSON.
    pub terms: String,
    /// Whether it was missing in the last whole reading.
    pub is_gone: bool,
}

/// How far a reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is being read; nothing was taken over yet.
    Surveying,
    /// It was weighed and is being taken over.
    Applying,
    /// Everything was taken over.
    Done,
    /// Everything was taken over but what is withheld.
    Held,
    /// It could not be read.
    Failed,
}

impl Stage {
    const ALL: [Self; 5] = [Self::Surveying, Self::Applying, Self::Done, Self::Held, Self::Failed];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Surveying => "surveying",
            Self::Applying => "applying",
            Self::Done => "done",
            Self::Held => "held",
            Self::Failed => "failed",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.word() == word)
    }

    /// Whether somebody works on it.
    pub fn is_open(self) -> bool {
        match self {
            Self::Surveying | Self::Applying => true,
            Self::Done | Self::Held | Self::Failed => false,
        }
    }
}

/// A reading. What it found, how it was weighed and what was taken over are JSON of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingRow {
    /// Of which source.
    pub source: ConnectionName,
    /// Which one, from 1.
    pub number: i64,
    /// How far it is.
    pub stage: Stage,
    /// When it began.
    pub started_at: Timestamp,
    /// When somebody last worked on it.
    pub touched_at: Timestamp,
    /// What it found.
    pub found: String,
    /// How it was weighed.
    pub verdict: String,
    /// What was taken over.
    pub applied: String,
    /// What a human said to what is withheld.
    pub answer: Option<String>,
}

/// Begins a reading. Of two that begin at once one is a duplicate.
pub async fn insert(tx: &mut Tx, reading: &ReadingRow) -> Result<bool, StoreError> {
    let sql = "INSERT INTO source_reading \
         (source, number, state, started_at, touched_at, found, verdict, applied, answer) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (source, number) DO NOTHING";
    Ok(tx.execute(sql, &values(reading)).await? == 1)
}

/// Writes how far a reading is.
pub async fn update(tx: &mut Tx, reading: &ReadingRow) -> Result<(), StoreError> {
    let sql = "UPDATE source_reading SET state = $3, started_at = $4, touched_at = $5, found = $6, verdict = $7, \
         applied = $8, answer = $9 WHERE source = $1 AND number = $2";
    let written = tx.execute(sql, &values(reading)).await?;
    StoreError::unless_one(written, READING, reading.number)
}

/// Readings of a source, the newest first.
pub async fn list(tx: &mut Tx, source: &ConnectionName, limit: usize) -> Result<Vec<ReadingRow>, StoreError> {
    let sql = "SELECT source, number, state, started_at, touched_at, found, verdict, applied, answer \
         FROM source_reading WHERE source = $1 ORDER BY number DESC LIMIT $2";
    tx.query(sql, &[source.as_str().into(), page(limit).into()]).await?.iter().map(read).collect()
}

/// What is known of the rows with these keys.
pub async fn known(tx: &mut Tx, source: &ConnectionName, keys: &[String]) -> Result<Vec<KnownRow>, StoreError> {
    let list: Vec<Param> = keys.iter().map(Param::from).collect();
    let head = "SELECT row_key, hash, marks, terms, is_gone FROM source_row WHERE source = $1 AND row_key";
    let rows = tx.query_in(head, &[source.as_str().into()], &list, " ORDER BY row_key").await?;
    rows.iter().map(known_row).collect()
}

/// Known rows that are not gone, from after this key, in the order of their keys.
pub async fn present(
    tx: &mut Tx,
    source: &ConnectionName,
    after: &str,
    limit: usize,
) -> Result<Vec<KnownRow>, StoreError> {
    let sql = "SELECT row_key, hash, marks, terms, is_gone FROM source_row \
         WHERE source = $1 AND row_key > $2 AND is_gone = 0 ORDER BY row_key LIMIT $3";
    let values = [source.as_str().into(), after.into(), count(limit).into()];
    tx.query(sql, &values).await?.iter().map(known_row).collect()
}

/// How many rows are known and not gone.
pub async fn count_present(tx: &mut Tx, source: &ConnectionName) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS rows FROM source_row WHERE source = $1 AND is_gone = 0";
    tx.query_one(sql, &[source.as_str().into()]).await?.of(ROW).small("rows")
}

/// Takes rows over as known.
pub async fn put(tx: &mut Tx, source: &ConnectionName, reading: i64, rows: &[KnownRow]) -> Result<(), StoreError> {
    let mut values: Vec<Param> = Vec::with_capacity(rows.len() * 7);
    for row in rows {
        values.extend([
            source.as_str().into(),
            (&row.key).into(),
            (&row.hash).into(),
            (&row.marks).into(),
            (&row.terms).into(),
            row.is_gone.into(),
            reading.into(),
        ]);
    }
    let head = "INSERT INTO source_row (source, row_key, hash, marks, terms, is_gone, reading)";
    let tail = " ON CONFLICT (source, row_key) DO UPDATE SET hash = excluded.hash, marks = excluded.marks, \
         terms = excluded.terms, is_gone = excluded.is_gone, reading = excluded.reading";
    let written = tx.insert_many(head, 7, tail, &values).await?;
    if written == rows.len() as u64 { Ok(()) } else { StoreError::unless_one(written, ROW, source) }
}

/// Keeps rows that are to be taken in, each with its body.
pub async fn stage(tx: &mut Tx, source: &ConnectionName, rows: &[(String, String)]) -> Result<(), StoreError> {
    let values: Vec<Param> =
        rows.iter().flat_map(|(key, body)| [source.as_str().into(), key.into(), body.into()]).collect();
    let head = "INSERT INTO source_staged (source, row_key, body)";
    let tail = " ON CONFLICT (source, row_key) DO UPDATE SET body = excluded.body";
    tx.insert_many(head, 3, tail, &values).await.map(drop)
}

/// Rows that are to be taken in, in the order of their keys.
pub async fn staged(tx: &mut Tx, source: &ConnectionName, limit: usize) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT row_key, body FROM source_staged WHERE source = $1 ORDER BY row_key LIMIT $2";
    let rows = tx.query(sql, &[source.as_str().into(), count(limit).into()]).await?;
    let pair = |row: &Row| {
        let row = row.of("source_staged");
        Ok((row.string("row_key")?, row.string("body")?))
    };
    rows.iter().map(pair).collect()
}

/// Forgets rows that were taken in, or all of a source.
pub async fn unstage(tx: &mut Tx, source: &ConnectionName, keys: Option<&[String]>) -> Result<(), StoreError> {
    match keys {
        None => tx.execute("DELETE FROM source_staged WHERE source = $1", &[source.as_str().into()]).await?,
        Some(keys) => {
            let list: Vec<Param> = keys.iter().map(Param::from).collect();
            let head = "DELETE FROM source_staged WHERE source = $1 AND row_key";
            tx.execute_in(head, &[source.as_str().into()], &list, "").await?
        }
    };
    Ok(())
}

fn values(reading: &ReadingRow) -> [Param; 9] {
    [
        reading.source.as_str().into(),
        reading.number.into(),
        reading.stage.word().into(),
        reading.started_at.into(),
        reading.touched_at.into(),
        (&reading.found).into(),
        (&reading.verdict).into(),
        (&reading.applied).into(),
        reading.answer.clone().into(),
    ]
}

fn read(row: &Row) -> Result<ReadingRow, StoreError> {
    let row: Fields<'_> = row.of(READING);
    Ok(ReadingRow {
        source: row.parsed("source")?,
        number: row.int("number")?,
        stage: row.word("state", Stage::from_word)?,
        started_at: row.time("started_at")?,
        touched_at: row.time("touched_at")?,
        found: row.string("found")?,
        verdict: row.string("verdict")?,
        applied: row.string("applied")?,
        answer: row.opt_text("answer")?.map(str::to_owned),
    })
}

fn known_row(row: &Row) -> Result<KnownRow, StoreError> {
    let row = row.of(ROW);
    Ok(KnownRow {
        key: row.string("row_key")?,
        hash: row.string("hash")?,
        marks: row.string("marks")?,
        terms: row.string("terms")?,
        is_gone: row.flag("is_gone")?,
    })
}
