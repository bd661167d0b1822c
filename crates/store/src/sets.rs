//! Sets: people for whom a workflow is started together, and what became of each of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tenure_engine::journal::RunStatus;
use tenure_model::{Id as _, PersonId, RunId, SetId};
use uuid::Uuid;

use crate::db::row::{Param, Row, id, opt_id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::page;

const TABLE: &str = "start_set";
const COLUMNS: &str = "id, state, workflow, definition, input, condition, made_by, made_at, good_until, progress, \
    looked_at, unclear, started_by, started_at, reason, note, version";
const PEOPLE: &str = "start_set_person";

/// Where a set stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetState {
    /// It is being looked who is in it.
    Looking,
    /// It can be looked at, and started.
    Ready,
    /// It is being started, one after the other.
    Starting,
    /// It was started for everybody for whom it could be.
    Started,
    /// Somebody stopped it.
    Cancelled,
    /// It could not go on.
    Failed,
}

impl SetState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Looking, Self::Ready, Self::Starting, Self::Started, Self::Cancelled, Self::Failed];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Looking => "looking",
            Self::Ready => "ready",
            Self::Starting => "starting",
            Self::Started => "started",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRow {
    /// Ours.
    pub id: SetId,
    /// Where it stands.
    pub state: SetState,
    /// The workflow that is started.
    pub workflow: String,
    /// The hash of its definition, as it was looked at.
    pub definition: String,
    /// What each run is given besides the person, as JSON.
    pub input: String,
    /// Who is in it, as an expression; nothing if they were named.
    pub condition: Option<String>,
    /// Who asked for it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// Until when it may be started.
    pub good_until: Timestamp,
    /// The last person who was looked at, where everybody is.
    pub progress: Option<PersonId>,
    /// How many people, or names, were looked at.
    pub looked_at: i64,
    /// Of how many of them the expression makes no sense.
    pub unclear: i64,
    /// Who started it.
    pub started_by: Option<String>,
    /// When.
    pub started_at: Option<Timestamp>,
    /// Why it was started.
    pub reason: Option<String>,
    /// What is to be said of it: why it failed or was cancelled, or what makes no sense.
    pub note: Option<String>,
    /// Raised with every write.
    pub version: i64,
}

/// What becomes of somebody in a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetPersonState {
    /// Nobody looked yet whom the name means.
    Named,
    /// It can be started for them.
    Ready,
    /// It cannot.
    Cannot,
    /// It was.
    Begun,
}

impl SetPersonState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Named, Self::Ready, Self::Cannot, Self::Begun];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Ready => "ready",
            Self::Cannot => "cannot",
            Self::Begun => "begun",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Somebody in a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetPerson {
    /// Their place, from 1.
    pub place: i64,
    /// As whom they were named, or what they are called.
    pub named: String,
    /// Who that is, if that is known, and nobody of the set was the same before.
    pub person: Option<PersonId>,
    /// What becomes of them.
    pub state: SetPersonState,
    /// Why it cannot be started for them.
    pub why: Option<String>,
    /// Their run.
    pub run: Option<RunId>,
}

/// Writes a new set.
pub async fn insert(tx: &mut Tx, set: &SetRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO start_set (id, state, workflow, definition, input, condition, made_by, made_at, \
         good_until, looked_at, unclear, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let values: [Param; 12] = [
        id(set.id),
        set.state.word().into(),
        (&set.workflow).into(),
        (&set.definition).into(),
        (&set.input).into(),
        set.condition.clone().into(),
        (&set.made_by).into(),
        set.made_at.into(),
        set.good_until.into(),
        set.looked_at.into(),
        set.unclear.into(),
        set.version.into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, set.id)
}

/// Writes how a set stands now, whose version is one more than what is stored.
pub async fn update(tx: &mut Tx, set: &SetRow) -> Result<(), StoreError> {
    let sql = "UPDATE start_set SET state = $2, progress = $3, looked_at = $4, unclear = $5, started_by = $6, \
         started_at = $7, reason = $8, note = $9, version = $10 WHERE id = $1 AND version = $10 - 1";
    let values = [
        id(set.id),
        set.state.word().into(),
        opt_id(set.progress),
        set.looked_at.into(),
        set.unclear.into(),
        set.started_by.clone().into(),
        set.started_at.into(),
        set.reason.clone().into(),
        set.note.clone().into(),
        set.version.into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, set.id)
}

/// One set.
pub async fn get(tx: &mut Tx, set: SetId) -> Result<Option<SetRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM start_set WHERE id = $1");
    tx.query_opt(&sql, &[id(set)]).await?.as_ref().map(read).transpose()
}

/// Sets, the newest first, from before the cursor.
pub async fn list(tx: &mut Tx, before: Option<SetId>, limit: usize) -> Result<Vec<SetRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM start_set WHERE id < $1 ORDER BY id DESC LIMIT $2");
    let before = before.unwrap_or(SetId::from_uuid(Uuid::max()));
    tx.query(&sql, &[id(before), page(limit).into()]).await?.iter().map(read).collect()
}

/// Writes people of a set as they stand now, by their places.
pub async fn put(tx: &mut Tx, set: SetId, people: &[SetPerson]) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(people.len() * 7);
    for one in people {
        values.extend([
            id(set),
            one.place.into(),
            (&one.named).into(),
            opt_id(one.person),
            one.state.word().into(),
            one.why.clone().into(),
            opt_id(one.run),
        ]);
    }
    let head = "INSERT INTO start_set_person (set_id, place, named, person, state, why, run)";
    let tail = "ON CONFLICT (set_id, place) DO UPDATE SET person = excluded.person, state = excluded.state, \
         why = excluded.why, run = excluded.run";
    let written = tx.insert_many(head, 7, tail, &values).await?;
    if usize::try_from(written) == Ok(people.len()) {
        return Ok(());
    }
    let what = format!("{written} of {} people were written", people.len());
    Err(StoreError::Inconsistent { table: PEOPLE, column: "place".to_owned(), id: set.to_string(), what })
}

/// People of a set in the order of their places, from after the cursor, perhaps only those who stand so.
pub async fn people(
    tx: &mut Tx,
    set: SetId,
    state: Option<SetPersonState>,
    after: i64,
    limit: usize,
) -> Result<Vec<SetPerson>, StoreError> {
    let mut values = vec![id(set), after.into(), page(limit).into()];
    let mut wanted = "";
    if let Some(state) = state {
        values.push(state.word().into());
        wanted = " AND state = $4";
    }
    let sql = format!(
        "SELECT place, named, person, state, why, run FROM start_set_person WHERE set_id = $1 AND place > $2{wanted} \
         ORDER BY place LIMIT $3"
    );
    tx.query(&sql, &values).await?.iter().map(read_person).collect()
}

/// Those of these people who are in the set already, each with their place.
pub async fn places_of(tx: &mut Tx, set: SetId, people: &[PersonId]) -> Result<BTreeMap<PersonId, i64>, StoreError> {
    let list: Vec<Param> = people.iter().copied().map(id).collect();
    let head = "SELECT person, place FROM start_set_person WHERE set_id = $1 AND person";
    let rows = tx.query_in(head, &[id(set)], &list, "ORDER BY place").await?;
    let place = |row: &Row| {
        let row = row.of(PEOPLE);
        Ok((row.id("person")?, row.int("place")?))
    };
    rows.iter().map(place).collect()
}

/// How many people of a set stand how.
pub async fn counts(tx: &mut Tx, set: SetId) -> Result<BTreeMap<SetPersonState, i64>, StoreError> {
    let sql = "SELECT state, count(*) AS people FROM start_set_person WHERE set_id = $1 GROUP BY state ORDER BY state";
    let count = |row: &Row| {
        let row = row.of(PEOPLE);
        Ok((row.word("state", SetPersonState::from_word)?, row.int("people")?))
    };
    tx.query(sql, &[id(set)]).await?.iter().map(count).collect()
}

/// How many runs of a set stand how. Those that nobody has taken in hand yet are not among them.
pub async fn runs(tx: &mut Tx, set: SetId) -> Result<BTreeMap<RunStatus, i64>, StoreError> {
    let sql = "SELECT r.status AS status, count(*) AS runs FROM start_set_person p JOIN run r ON r.id = p.run \
         WHERE p.set_id = $1 AND p.state = 'begun' GROUP BY r.status ORDER BY r.status";
    let count = |row: &Row| {
        let row = row.of("run");
        Ok((row.word("status", RunStatus::from_word)?, row.int("runs")?))
    };
    tx.query(sql, &[id(set)]).await?.iter().map(count).collect()
}

fn read_person(row: &Row) -> Result<SetPerson, StoreError> {
    let row = row.of(PEOPLE);
    Ok(SetPerson {
        place: row.int("place")?,
        named: row.string("named")?,
        person: row.opt_id("person")?,
        state: row.word("state", SetPersonState::from_word)?,
        why: row.opt_text("why")?.map(str::to_owned),
        run: row.opt_id("run")?,
    })
}

fn read(row: &Row) -> Result<SetRow, StoreError> {
    let row = row.of(TABLE);
    let text = |column: &str| row.opt_text(column).map(|text| text.map(str::to_owned));
    Ok(SetRow {
        id: row.id("id")?,
        state: row.word("state", SetState::from_word)?,
        workflow: row.string("workflow")?,
        definition: row.string("definition")?,
        input: row.string("input")?,
        condition: text("condition")?,
        made_by: row.string("made_by")?,
        made_at: row.time("made_at")?,
        good_until: row.time("good_until")?,
        progress: row.opt_id("progress")?,
        looked_at: row.int("looked_at")?,
        unclear: row.int("unclear")?,
        started_by: text("started_by")?,
        started_at: row.opt_time("started_at")?,
        reason: text("reason")?,
        note: text("note")?,
        version: row.int("version")?,
    })
}
