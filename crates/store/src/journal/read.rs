//! What the engine reads between its commits.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tenure_engine::journal::{
    Definition, InboxRow, LaneRow, RecordRow, RunRow, Snapshot, StoredRun, TimerRow, Urgency,
};
use tenure_model::RunId;

use super::rows;
use crate::db::row::{Param, id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::count;

pub(super) async fn load(tx: &mut Tx, runs: Vec<RunId>) -> Result<Vec<StoredRun>, StoreError> {
    let ids: Vec<Param> = runs.iter().map(|run| id(*run)).collect();
    let head = "SELECT id, lane, partition, generation, definition, name, urgency, status, note, seq, \
         parent_run, parent_lane, parent_node, started_at, updated_at FROM run WHERE id";
    let mut stored: BTreeMap<RunId, RunRow> = BTreeMap::new();
    for row in tx.query_in(head, &[], &ids, "ORDER BY id").await? {
        let run = rows::run(&row)?;
        stored.insert(run.id, run);
    }
    let mut snapshots: BTreeMap<RunId, Snapshot> = BTreeMap::new();
    for row in tx.query_in("SELECT run, seq, body FROM run_snapshot WHERE run", &[], &ids, "ORDER BY run").await? {
        let snapshot = rows::snapshot(&row)?;
        snapshots.insert(snapshot.run, snapshot);
    }
    let mut records: BTreeMap<RunId, Vec<RecordRow>> = BTreeMap::new();
    let head = "SELECT r.run, r.seq, r.at, r.body FROM run_journal r LEFT JOIN run_snapshot s ON s.run = r.run \
         WHERE r.seq > COALESCE(s.seq, 0) AND r.run";
    for row in tx.query_in(head, &[], &ids, "ORDER BY r.run, r.seq").await? {
        let record = rows::record(&row)?;
        records.entry(record.run).or_default().push(record);
    }
    Ok(runs
        .into_iter()
        .filter_map(|run| {
            let row = stored.remove(&run)?;
            let records = records.remove(&run).unwrap_or_default();
            Some(StoredRun { row, snapshot: snapshots.remove(&run), records })
        })
        .collect())
}

/// A definition by its hash.
pub async fn definition(tx: &mut Tx, hash: String) -> Result<Option<Definition>, StoreError> {
    let row = tx.query_opt("SELECT hash, name, body FROM definition WHERE hash = $1", &[hash.into()]).await?;
    row.map(|row| {
        let row = row.of("definition");
        Ok(Definition { hash: row.string("hash")?, name: row.string("name")?, body: row.string("body")? })
    })
    .transpose()
}

pub(super) async fn lanes(tx: &mut Tx, names: Vec<String>) -> Result<Vec<LaneRow>, StoreError> {
    let names: Vec<Param> = names.into_iter().map(Param::Text).collect();
    let head = "SELECT lane, partition, generation, live, queued FROM lane WHERE lane";
    tx.query_in(head, &[], &names, "ORDER BY lane").await?.iter().map(rows::lane).collect()
}

pub(super) async fn inbox(
    tx: &mut Tx,
    partitions: Vec<u16>,
    from: Urgency,
    limit: usize,
) -> Result<Vec<InboxRow>, StoreError> {
    let head = "SELECT seq, partition, run, urgency, body, at FROM inbox WHERE urgency >= $2 AND partition";
    let fixed = [count(limit).into(), from.rank().into()];
    let found = tx.query_in(head, &fixed, &list(partitions), "ORDER BY urgency, seq LIMIT $1").await?;
    found.iter().map(rows::inbox).collect()
}

pub(super) async fn due(
    tx: &mut Tx,
    partitions: Vec<u16>,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<TimerRow>, StoreError> {
    let head = "SELECT run, node, due, partition FROM run_timer WHERE due <= $2 AND partition";
    let fixed = [count(limit).into(), until.into()];
    let found = tx.query_in(head, &fixed, &list(partitions), "ORDER BY due, run, node LIMIT $1").await?;
    found.iter().map(rows::timer).collect()
}

pub(super) async fn next_due(tx: &mut Tx, partitions: Vec<u16>) -> Result<Option<Timestamp>, StoreError> {
    let head = "SELECT run, node, due, partition FROM run_timer WHERE partition";
    let found = tx.query_in(head, &[], &list(partitions), "ORDER BY due, run, node LIMIT 1").await?;
    found.first().map(|row| row.of("run_timer").time("due")).transpose()
}

pub(super) async fn active_runs(
    tx: &mut Tx,
    partitions: Vec<u16>,
    after: Option<RunId>,
    limit: usize,
) -> Result<Vec<RunId>, StoreError> {
    let after = after.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::nil()));
    let head = "SELECT id FROM run WHERE status IN ('running', 'compensating') AND id > $1 AND partition";
    let fixed = [id(after), count(limit).into()];
    let found = tx.query_in(head, &fixed, &list(partitions), "ORDER BY id LIMIT $2").await?;
    found.iter().map(|row| row.of("run").id("id")).collect()
}

/// Partitions are few: they always fit into one piece, so that an order over them holds.
fn list(partitions: Vec<u16>) -> Vec<Param> {
    partitions.into_iter().map(Param::from).collect()
}
