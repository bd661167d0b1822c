//! The rows of the journal, read back.

use tenure_engine::journal::{InboxRow, LaneRow, Parent, RecordRow, RunRow, RunStatus, Snapshot, TimerRow, Urgency};

use crate::db::row::{Fields, Row};
use crate::error::StoreError;

pub(crate) fn run(row: &Row) -> Result<RunRow, StoreError> {
    let row = row.of("run");
    let parent = match row.opt_id("parent_run")? {
        None => None,
        Some(run) => Some(Parent { run, lane: row.string("parent_lane")?, node: row.string("parent_node")? }),
    };
    Ok(RunRow {
        id: row.id("id")?,
        lane: row.string("lane")?,
        partition: row.small("partition")?,
        generation: row.int("generation")?,
        definition: row.string("definition")?,
        name: row.string("name")?,
        urgency: urgency(&row)?,
        status: row.word("status", RunStatus::from_word)?,
        note: row.string("note")?,
        seq: row.int("seq")?,
        parent,
        started_at: row.time("started_at")?,
        updated_at: row.time("updated_at")?,
    })
}

pub(crate) fn record(row: &Row) -> Result<RecordRow, StoreError> {
    let row = row.of("run_journal");
    Ok(RecordRow { run: row.id("run")?, seq: row.int("seq")?, at: row.time("at")?, body: row.string("body")? })
}

pub(crate) fn snapshot(row: &Row) -> Result<Snapshot, StoreError> {
    let row = row.of("run_snapshot");
    Ok(Snapshot { run: row.id("run")?, seq: row.int("seq")?, body: row.string("body")? })
}

pub(crate) fn timer(row: &Row) -> Result<TimerRow, StoreError> {
    let row = row.of("run_timer");
    Ok(TimerRow {
        due: row.time("due")?,
        run: row.id("run")?,
        node: row.string("node")?,
        partition: row.small("partition")?,
    })
}

pub(crate) fn inbox(row: &Row) -> Result<InboxRow, StoreError> {
    let row = row.of("inbox");
    Ok(InboxRow {
        seq: row.int("seq")?,
        partition: row.small("partition")?,
        run: row.id("run")?,
        urgency: urgency(&row)?,
        body: row.string("body")?,
        at: row.time("at")?,
    })
}

pub(crate) fn lane(row: &Row) -> Result<LaneRow, StoreError> {
    let row = row.of("lane");
    Ok(LaneRow {
        lane: row.string("lane")?,
        partition: row.small("partition")?,
        generation: row.int("generation")?,
        live: row.opt_id("live")?,
        queued: row.json("queued")?,
    })
}

fn urgency(row: &Fields<'_>) -> Result<Urgency, StoreError> {
    let rank = row.int("urgency")?;
    Urgency::from_rank(rank).ok_or_else(|| row.bad("urgency", format_args!("is not a known rank: `{rank}`")))
}
