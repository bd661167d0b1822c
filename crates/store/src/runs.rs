//! Runs as people look at them: lists, one run, its records, and how many there are.
//!
//! A list goes from the newest to the oldest by the id, which sorts by the time of the start, so
//! every filter has an index that gives its rows in that order and stops at the limit. Counting
//! reads a tally of some hundred rows that every commit keeps.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use tenure_engine::journal::{RecordRow, RunRow, RunStatus, TimerRow};
use tenure_model::{Id, RunId};
use uuid::Uuid;

use crate::db::row::{Param, id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::journal::rows;
use crate::limits::{of_owner, page};

/// A run's row is written when more changes than how far it is: how far it is, and since when, is
/// what its newest record says.
const COLUMNS: &str = "id, lane, partition, generation, definition, name, urgency, status, note, \
    COALESCE((SELECT MAX(r.seq) FROM run_journal r WHERE r.run = run.id), seq) AS seq, \
    parent_run, parent_lane, parent_node, started_at, \
    COALESCE((SELECT r.at FROM run_journal r WHERE r.run = run.id ORDER BY r.seq DESC LIMIT 1), updated_at) \
    AS updated_at";

/// Which runs are wanted.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Only those that stand so.
    pub status: Option<RunStatus>,
    /// Only those of definitions of this name.
    pub name: Option<String>,
    /// Only those of this lane.
    pub lane: Option<String>,
    /// Only those that were started then or later, by the time in their ids.
    pub since: Option<Timestamp>,
}

/// Runs, the newest first, from before the cursor.
pub async fn list(
    tx: &mut Tx,
    filter: &RunFilter,
    before: Option<RunId>,
    limit: usize,
) -> Result<Vec<RunRow>, StoreError> {
    let (sql, values) = list_statement(filter, before, limit);
    tx.query(&sql, &values).await?.iter().map(rows::run).collect()
}

/// Those of these lanes in which a run acts at this moment.
pub async fn busy_lanes(tx: &mut Tx, lanes: &[String]) -> Result<Vec<String>, StoreError> {
    let list: Vec<Param> = lanes.iter().map(Param::from).collect();
    let head = "SELECT lane FROM run WHERE status IN ('running', 'compensating') AND lane";
    let rows = tx.query_in(head, &[], &list, "ORDER BY lane").await?;
    rows.iter().map(|row| row.of("run").string("lane")).collect()
}

/// Those of these lanes in which a run of this name is not over.
pub async fn open_in(tx: &mut Tx, name: &str, lanes: &[String]) -> Result<Vec<String>, StoreError> {
    let list: Vec<Param> = lanes.iter().map(Param::from).collect();
    let head = "SELECT lane FROM run WHERE name = $1 AND status NOT IN ('done', 'failed', 'cancelled') AND lane";
    let rows = tx.query_in(head, &[name.into()], &list, "ORDER BY lane").await?;
    rows.iter().map(|row| row.of("run").string("lane")).collect()
}

fn list_statement(filter: &RunFilter, before: Option<RunId>, limit: usize) -> (String, Vec<Param>) {
    let before = before.map_or(Uuid::max(), Id::uuid);
    let since = filter.since.map_or(Uuid::nil(), first_of);
    let mut values = vec![Param::Id(before), Param::Id(since), page(limit).into()];
    let mut sql = format!("SELECT {COLUMNS} FROM run WHERE id < $1 AND id >= $2");
    let status = filter.status.map(|status| status.word().to_owned());
    let wanted = [("lane", filter.lane.clone()), ("status", status), ("name", filter.name.clone())];
    for (column, value) in wanted.into_iter().filter_map(|(column, value)| Some((column, value?))) {
        values.push(value.into());
        // Writing to a string cannot fail.
        write!(sql, " AND {column} = ${}", values.len()).unwrap_or_default();
    }
    sql.push_str(" ORDER BY id DESC LIMIT $3");
    (sql, values)
}

/// One run.
pub async fn get(tx: &mut Tx, run: RunId) -> Result<Option<RunRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM run WHERE id = $1");
    tx.query_opt(&sql, &[id(run)]).await?.as_ref().map(rows::run).transpose()
}

/// Records of a run, from after this number.
pub async fn records(tx: &mut Tx, run: RunId, after: i64, limit: usize) -> Result<Vec<RecordRow>, StoreError> {
    let sql = "SELECT run, seq, at, body FROM run_journal WHERE run = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    tx.query(sql, &[id(run), after.into(), page(limit).into()]).await?.iter().map(rows::record).collect()
}

/// What a run waits for by the clock, the soonest first.
pub async fn timers(tx: &mut Tx, run: RunId) -> Result<Vec<TimerRow>, StoreError> {
    let sql = "SELECT run, node, due, partition FROM run_timer WHERE run = $1 ORDER BY due, node LIMIT $2";
    tx.query(sql, &[id(run), of_owner().into()]).await?.iter().map(rows::timer).collect()
}

/// How many runs stand how. Reads the tally and never the runs.
pub async fn counts_by_status(tx: &mut Tx) -> Result<BTreeMap<RunStatus, i64>, StoreError> {
    let mut counts = BTreeMap::new();
    for row in tx.query("SELECT status, runs FROM run_tally", &[]).await? {
        let row = row.of("run_tally");
        *counts.entry(row.word("status", RunStatus::from_word)?).or_default() += row.int("runs")?;
    }
    Ok(counts)
}

/// What the engine has before it, for whoever waits until it has nothing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    /// Letters that it has not taken in.
    pub letters: i64,
    /// Runs that have an effect under way.
    pub running: i64,
    /// Records that were written.
    pub records: i64,
    /// The next timer.
    pub next_due: Option<Timestamp>,
}

/// What the engine has before it. Counts everything: for small databases.
pub async fn pulse(tx: &mut Tx) -> Result<Pulse, StoreError> {
    let sql = "SELECT (SELECT COUNT(*) FROM inbox) AS letters, \
         (SELECT COUNT(*) FROM run WHERE status = 'running') AS running, \
         (SELECT COUNT(*) FROM run_journal) AS records, \
         (SELECT MIN(due) FROM run_timer) AS due";
    let row = tx.query_one(sql, &[]).await?;
    let row = row.of("run_timer");
    Ok(Pulse {
        letters: row.int("letters")?,
        running: row.int("running")?,
        records: row.int("records")?,
        next_due: row.opt_time("due")?,
    })
}

/// The smallest id of this millisecond.
fn first_of(moment: Timestamp) -> Uuid {
    let millisecond = u128::try_from(moment.as_millisecond()).unwrap_or(0);
    Uuid::from_u128(millisecond << 80)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, StoreLimits};

    #[tokio::test]
    async fn every_list_walks_an_index_and_sorts_nothing() {
        let store = Store::open(&"sqlite::memory:".parse().unwrap(), StoreLimits::default()).await.unwrap();
        store.migrate().await.unwrap();
        let filters = [
            (RunFilter::default(), "SEARCH run USING INDEX sqlite_autoindex_run_1 (id>? AND id<?)"),
            (
                RunFilter { status: Some(RunStatus::Failed), ..RunFilter::default() },
                "SEARCH run USING INDEX run_by_status (status=? AND id>? AND id<?)",
            ),
            (
                RunFilter { lane: Some("l".into()), ..RunFilter::default() },
                "SEARCH run USING INDEX run_by_lane (lane=? AND id>? AND id<?)",
            ),
            (
                RunFilter { name: Some("n".into()), ..RunFilter::default() },
                "SEARCH run USING INDEX run_by_name (name=? AND id>? AND id<?)",
            ),
        ];
        for (filter, expected) in filters {
            let (sql, values) = list_statement(&filter, None, 10);
            let plan = store
                .read(move |tx| Box::pin(async move { tx.query(&format!("EXPLAIN QUERY PLAN {sql}"), &values).await }))
                .await
                .map_err(|error: StoreError| error)
                .unwrap();
            let plan: Vec<&str> = plan.iter().map(|row| row.of("plan").text("detail").unwrap()).collect();
            let newest = ["COVERING INDEX", "INDEX"]
                .map(|index| format!("SEARCH r USING {index} sqlite_autoindex_run_journal_1 (run=?)"));
            let once = "CORRELATED SCALAR SUBQUERY";
            let of_run: Vec<&str> = plan.iter().filter(|line| !line.starts_with(once)).copied().collect();
            assert_eq!(of_run, [expected, &newest[0], &newest[1]]);
        }
    }
}
