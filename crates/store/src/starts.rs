//! How often each workflow began, and the starts that wait because one began too often.
//!
//! Starts are counted in parts of the time that a brake looks at, and each part in several rows, so
//! that transactions at the same moment do not wait for one row.

use jiff::Timestamp;
use tenure_model::{HeldId, Id as _, PersonId, RunId};

use crate::db::row::{Param, Row, id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::page;
use crate::removals::{HeldSize, HeldState};

const TABLE: &str = "held_start";
const COLUMNS: &str = "run, held, person, workflow, lane, source, external, body, at, state";
/// Rows over which a part of the time is spread.
const SPREAD: u8 = 16;

/// A start that waits, or waited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldStart {
    /// The run that it would be.
    pub run: RunId,
    /// Which set holds it.
    pub held: HeldId,
    /// For whom.
    pub person: PersonId,
    /// Of which workflow.
    pub workflow: String,
    /// In whose lane.
    pub lane: String,
    /// Who says so.
    pub source: String,
    /// What they call it.
    pub external: String,
    /// With what it begins, as JSON in the engine's words.
    pub body: String,
    /// Since when it waits.
    pub at: Timestamp,
    /// What became of it.
    pub state: StartState,
}

/// What became of a start that was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StartState {
    /// It waits.
    Waiting,
    /// It has begun.
    Begun,
    /// Somebody said no.
    Dropped,
    /// A newer word about the person took its place, or ended what it would have begun.
    Overtaken,
}

impl StartState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Begun, Self::Dropped, Self::Overtaken];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Begun => "begun",
            Self::Dropped => "dropped",
            Self::Overtaken => "overtaken",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// How often a workflow began since then.
pub async fn count(tx: &mut Tx, workflow: &str, since: Timestamp) -> Result<u64, StoreError> {
    let sql =
        "SELECT CAST(COALESCE(SUM(starts), 0) AS bigint) AS starts FROM start_tally WHERE workflow = $1 AND at > $2";
    tx.query_one(sql, &[workflow.into(), since.into()]).await?.of("start_tally").small("starts")
}

/// Notes that it began so often in the part of the time that began then.
pub async fn add(
    tx: &mut Tx,
    workflow: &str,
    at: Timestamp,
    starts: usize,
    spread_by: RunId,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO start_tally (workflow, at, part, starts) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (workflow, at, part) DO UPDATE SET starts = start_tally.starts + excluded.starts";
    let part = spread_by.uuid().as_bytes().last().copied().unwrap_or_default() % SPREAD;
    let starts = i64::try_from(starts).unwrap_or(i64::MAX);
    let values = [workflow.into(), at.into(), i64::from(part).into(), starts.into()];
    StoreError::unless_one(tx.execute(sql, &values).await?, "start_tally", workflow)
}

/// Forgets how often a workflow began: somebody looked at it, and counting begins anew.
pub async fn forget(tx: &mut Tx, workflow: &str) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM start_tally WHERE workflow = $1", &[workflow.into()]).await
}

/// Forgets what began before this moment: no brake looks so far back.
pub async fn forget_before(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM start_tally WHERE at < $1", &[before.into()]).await
}

/// The set that holds what waits under this name, if one is open.
pub async fn open_set(tx: &mut Tx, waits_as: &str) -> Result<Option<HeldId>, StoreError> {
    let row = tx.query_opt("SELECT id FROM held_set WHERE open_as = $1", &[waits_as.into()]).await?;
    row.map(|row| row.of("held_set").id("id")).transpose()
}

/// Holds these. One that was held before stays as it is.
pub async fn hold(tx: &mut Tx, starts: &[HeldStart]) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(starts.len() * 10);
    for start in starts {
        values.extend([
            id(start.run),
            id(start.held),
            id(start.person),
            (&start.workflow).into(),
            (&start.lane).into(),
            (&start.source).into(),
            (&start.external).into(),
            (&start.body).into(),
            start.at.into(),
            start.state.word().into(),
        ]);
    }
    let head = "INSERT INTO held_start (run, held, person, workflow, lane, source, external, body, at, state)";
    tx.insert_many(head, 10, "ON CONFLICT (run) DO NOTHING", &values).await.map(drop)
}

/// A newer word came in these lanes, and takes the place of what waits there.
pub async fn overtake(tx: &mut Tx, lanes: &[String]) -> Result<u64, StoreError> {
    let list: Vec<Param> = lanes.iter().map(Param::from).collect();
    let head = "UPDATE held_start SET state = 'overtaken' WHERE state = 'waiting' AND lane";
    tx.execute_in(head, &[], &list, "").await
}

/// What waits of a workflow in a lane is not wanted any more.
pub async fn stop(tx: &mut Tx, lane: &str, workflow: &str) -> Result<u64, StoreError> {
    let sql = "UPDATE held_start SET state = 'overtaken' WHERE state = 'waiting' AND lane = $1 AND workflow = $2";
    tx.execute(sql, &[lane.into(), workflow.into()]).await
}

/// How much a set holds, or held.
pub async fn size(tx: &mut Tx, held: HeldId) -> Result<HeldSize, StoreError> {
    let sql = "SELECT count(DISTINCT person) AS people, count(*) AS starts FROM held_start \
         WHERE held = $1 AND state <> 'overtaken'";
    let row = tx.query_one(sql, &[id(held)]).await?;
    let row = row.of(TABLE);
    Ok(HeldSize { people: row.int("people")?, removals: row.int("starts")? })
}

/// What a set holds, or held, from after the cursor.
pub async fn of_set(
    tx: &mut Tx,
    held: HeldId,
    after: Option<RunId>,
    limit: usize,
) -> Result<Vec<HeldStart>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM held_start WHERE held = $1 AND run > $2 ORDER BY run LIMIT $3");
    let after = after.unwrap_or(RunId::from_uuid(uuid::Uuid::nil()));
    tx.query(&sql, &[id(held), id(after), page(limit).into()]).await?.iter().map(read).collect()
}

/// A set of starts that was answered and of which some still wait, with the answer.
pub async fn answered(tx: &mut Tx) -> Result<Option<(HeldId, HeldState)>, StoreError> {
    let sql = "SELECT id, state FROM held_set h WHERE family = 'starts' AND state <> 'open' AND EXISTS \
         (SELECT 1 FROM held_start s WHERE s.held = h.id AND s.state = 'waiting') ORDER BY id LIMIT 1";
    let row = tx.query_opt(sql, &[]).await?;
    row.map(|row| {
        let row = row.of("held_set");
        Ok((row.id("id")?, row.word("state", HeldState::from_word)?))
    })
    .transpose()
}

/// Those of a set that wait, the oldest first.
pub async fn waiting(tx: &mut Tx, held: HeldId, limit: usize) -> Result<Vec<HeldStart>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM held_start WHERE held = $1 AND state = 'waiting' ORDER BY at, run LIMIT $2");
    tx.query(&sql, &[id(held), page(limit).into()]).await?.iter().map(read).collect()
}

/// Notes what became of these.
pub async fn settle(tx: &mut Tx, runs: &[RunId], state: StartState) -> Result<u64, StoreError> {
    let list: Vec<Param> = runs.iter().copied().map(id).collect();
    let head = "UPDATE held_start SET state = $1 WHERE state = 'waiting' AND run";
    tx.execute_in(head, &[state.word().into()], &list, "").await
}

fn read(row: &Row) -> Result<HeldStart, StoreError> {
    let row = row.of(TABLE);
    Ok(HeldStart {
        run: row.id("run")?,
        held: row.id("held")?,
        person: row.id("person")?,
        workflow: row.string("workflow")?,
        lane: row.string("lane")?,
        source: row.string("source")?,
        external: row.string("external")?,
        body: row.string("body")?,
        at: row.time("at")?,
        state: row.word("state", StartState::from_word)?,
    })
}
