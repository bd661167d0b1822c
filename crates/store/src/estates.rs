//! The versions of the estate: which documents were in force since when, and who put them there.
//!
//! A text is kept once however many versions have it. Nothing is ever taken away: what was in
//! force can be shown, and compared, for as long as the installation lives.

use jiff::Timestamp;

use crate::db::row::{Param, Row};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::{count, page};

const TABLE: &str = "estate_version";

/// The most files of a version.
const FILES_MAX: usize = 10_000;

/// One file of documents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EstateFile {
    /// Where it stands below the folder of the estate.
    pub path: String,
    /// What it says.
    pub text: String,
    /// The hash of what it says.
    pub hash: String,
}

/// A version of the estate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EstateVersion {
    /// Its number, from 1 on without holes.
    pub version: i64,
    /// The hash of all its documents.
    pub hash: String,
    /// Since when it is in force.
    pub at: Timestamp,
    /// Who put it there.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Writes the next version. Somebody who was faster is a conflict, and nothing is written.
pub async fn insert(tx: &mut Tx, version: &EstateVersion, files: &[EstateFile]) -> Result<(), StoreError> {
    let newest = newest(tx).await?.map_or(0, |newest| newest.version);
    if newest + 1 != version.version {
        return Err(StoreError::Conflict { table: TABLE, id: version.version.to_string() });
    }
    let sql = "INSERT INTO estate_version (version, hash, at, by_whom, reason) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (version) DO NOTHING";
    let values: [Param; 5] = [
        version.version.into(),
        (&version.hash).into(),
        version.at.into(),
        (&version.by).into(),
        (&version.reason).into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, version.version)?;
    write_texts(tx, files).await?;
    let rows: Vec<Param> =
        files.iter().flat_map(|file| [version.version.into(), (&file.path).into(), (&file.hash).into()]).collect();
    let written = tx.insert_many("INSERT INTO estate_file (version, path, hash)", 3, "", &rows).await?;
    if written == files.len() as u64 { Ok(()) } else { StoreError::unless_one(written, "estate_file", version.version) }
}

/// Keeps texts under their hashes. Those that are known are left alone.
pub async fn write_texts(tx: &mut Tx, files: &[EstateFile]) -> Result<(), StoreError> {
    let texts: Vec<Param> = files.iter().flat_map(|file| [(&file.hash).into(), (&file.text).into()]).collect();
    let tail = "ON CONFLICT (hash) DO NOTHING";
    tx.insert_many("INSERT INTO estate_text (hash, body)", 2, tail, &texts).await?;
    Ok(())
}

/// The version in force.
pub async fn newest(tx: &mut Tx) -> Result<Option<EstateVersion>, StoreError> {
    let sql = "SELECT version, hash, at, by_whom, reason FROM estate_version ORDER BY version DESC LIMIT 1";
    tx.query_opt(sql, &[]).await?.as_ref().map(read).transpose()
}

/// One version.
pub async fn get(tx: &mut Tx, version: i64) -> Result<Option<EstateVersion>, StoreError> {
    let sql = "SELECT version, hash, at, by_whom, reason FROM estate_version WHERE version = $1";
    tx.query_opt(sql, &[version.into()]).await?.as_ref().map(read).transpose()
}

/// The version that was in force at a moment.
pub async fn at(tx: &mut Tx, moment: Timestamp) -> Result<Option<EstateVersion>, StoreError> {
    let sql = "SELECT version, hash, at, by_whom, reason FROM estate_version WHERE at <= $1 \
         ORDER BY version DESC LIMIT 1";
    tx.query_opt(sql, &[moment.into()]).await?.as_ref().map(read).transpose()
}

/// Versions, the newest first, from before this one.
pub async fn list(tx: &mut Tx, before: Option<i64>, limit: usize) -> Result<Vec<EstateVersion>, StoreError> {
    let sql = "SELECT version, hash, at, by_whom, reason FROM estate_version WHERE version < $1 \
         ORDER BY version DESC LIMIT $2";
    let rows = tx.query(sql, &[before.unwrap_or(i64::MAX).into(), page(limit).into()]).await?;
    rows.iter().map(read).collect()
}

/// The files of a version, by their paths.
pub async fn files(tx: &mut Tx, version: i64) -> Result<Vec<EstateFile>, StoreError> {
    let sql = "SELECT f.path, f.hash, t.body FROM estate_file f JOIN estate_text t ON t.hash = f.hash \
         WHERE f.version = $1 ORDER BY f.path LIMIT $2";
    let rows = tx.query(sql, &[version.into(), count(FILES_MAX).into()]).await?;
    rows.iter().map(|row| file(row, "estate_file")).collect()
}

pub(crate) fn file(row: &Row, table: &'static str) -> Result<EstateFile, StoreError> {
    let row = row.of(table);
    Ok(EstateFile { path: row.string("path")?, text: row.string("body")?, hash: row.string("hash")? })
}

fn read(row: &Row) -> Result<EstateVersion, StoreError> {
    let row = row.of(TABLE);
    Ok(EstateVersion {
        version: row.int("version")?,
        hash: row.string("hash")?,
        at: row.time("at")?,
        by: row.string("by_whom")?,
        reason: row.string("reason")?,
    })
}
