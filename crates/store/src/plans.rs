//! Plans for a set of people: what was asked, whom it touches, and what became of it.

use jiff::Timestamp;
use tenure_model::{PersonId, PlanId};

use crate::db::row::{Param, Row, id, opt_id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::estates::{self, EstateFile};
use crate::limits::{count, page};

const TABLE: &str = "plan";
const FILES_MAX: usize = 10_000;

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlanState {
    /// It is being worked out.
    Making,
    /// It can be looked at, and put into force.
    Ready,
    /// It could not be worked out.
    Failed,
    /// It is being put into force.
    Applying,
    /// It is in force.
    Applied,
    /// What it rests on moved, so that it was not put into force.
    Moved,
}

impl PlanState {
    /// Every state.
    pub const ALL: [Self; 6] = [Self::Making, Self::Ready, Self::Failed, Self::Applying, Self::Applied, Self::Moved];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Making => "making",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Applying => "applying",
            Self::Applied => "applied",
            Self::Moved => "moved",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// Ours.
    pub id: PlanId,
    /// Where it stands.
    pub state: PlanState,
    /// What was asked, as JSON.
    pub asked: String,
    /// Who asked.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// Until when it may be put into force.
    pub good_until: Timestamp,
    /// The version of the estate that was in force.
    pub base: i64,
    /// The hash of the documents that it is for.
    pub hash: String,
    /// The last person who was looked at.
    pub progress: Option<PersonId>,
    /// How many people were looked at, or begun with.
    pub people: i64,
    /// The hash of every change of everybody whom it touches.
    pub digest: Option<String>,
    /// What it comes to, as JSON.
    pub report: Option<String>,
    /// Who put it into force.
    pub applied_by: Option<String>,
    /// When.
    pub applied_at: Option<Timestamp>,
    /// As which version of the estate.
    pub version: Option<i64>,
    /// What went wrong, if something did.
    pub note: Option<String>,
}

/// Somebody whom a plan touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanPerson {
    /// Who.
    pub person: PersonId,
    /// The hash of what is planned for them, and of the facts that it rests on.
    pub digest: String,
    /// What is planned, as JSON.
    pub body: String,
}

/// Writes a new plan with the documents that it is for.
pub async fn insert(tx: &mut Tx, plan: &PlanRow, files: &[EstateFile]) -> Result<(), StoreError> {
    let sql = "INSERT INTO plan (id, state, asked, made_by, made_at, good_until, base, hash, people) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values: [Param; 9] = [
        id(plan.id),
        plan.state.word().into(),
        (&plan.asked).into(),
        (&plan.made_by).into(),
        plan.made_at.into(),
        plan.good_until.into(),
        plan.base.into(),
        (&plan.hash).into(),
        plan.people.into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, plan.id)?;
    estates::write_texts(tx, files).await?;
    let rows: Vec<Param> =
        files.iter().flat_map(|file| [id(plan.id), (&file.path).into(), (&file.hash).into()]).collect();
    tx.insert_many("INSERT INTO plan_file (plan, path, hash)", 3, "", &rows).await?;
    Ok(())
}

/// The documents that a plan is for.
pub async fn files(tx: &mut Tx, plan: PlanId) -> Result<Vec<EstateFile>, StoreError> {
    let sql = "SELECT f.path, f.hash, t.body FROM plan_file f JOIN estate_text t ON t.hash = f.hash \
         WHERE f.plan = $1 ORDER BY f.path LIMIT $2";
    let rows = tx.query(sql, &[id(plan), count(FILES_MAX).into()]).await?;
    rows.iter().map(|row| estates::file(row, "plan_file")).collect()
}

/// One plan.
pub async fn get(tx: &mut Tx, plan: PlanId) -> Result<Option<PlanRow>, StoreError> {
    let sql = "SELECT id, state, asked, made_by, made_at, good_until, base, hash, progress, people, digest, report, \
         applied_by, applied_at, version, note FROM plan WHERE id = $1";
    tx.query_opt(sql, &[id(plan)]).await?.as_ref().map(read).transpose()
}

/// Plans, the newest first, from before the cursor.
pub async fn list(tx: &mut Tx, before: Option<PlanId>, limit: usize) -> Result<Vec<PlanRow>, StoreError> {
    let sql = "SELECT id, state, asked, made_by, made_at, good_until, base, hash, progress, people, digest, report, \
         applied_by, applied_at, version, note FROM plan WHERE id < $1 ORDER BY id DESC LIMIT $2";
    let last = tenure_model::Id::from_uuid(uuid::Uuid::max());
    let rows = tx.query(sql, &[id(before.unwrap_or(last)), page(limit).into()]).await?;
    rows.iter().map(read).collect()
}

/// Writes how a plan stands now, if it stood as it is said.
pub async fn update(tx: &mut Tx, plan: &PlanRow, from: PlanState) -> Result<(), StoreError> {
    let sql = "UPDATE plan SET state = $3, progress = $4, people = $5, digest = $6, report = $7, applied_by = $8, \
         applied_at = $9, version = $10, note = $11 WHERE id = $1 AND state = $2";
    let values = [
        id(plan.id),
        from.word().into(),
        plan.state.word().into(),
        opt_id(plan.progress),
        plan.people.into(),
        plan.digest.clone().into(),
        plan.report.clone().into(),
        plan.applied_by.clone().into(),
        plan.applied_at.into(),
        plan.version.into(),
        plan.note.clone().into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, plan.id)
}

/// Writes people whom a plan touches. Those who are written already are left as they are.
pub async fn add_people(tx: &mut Tx, plan: PlanId, people: &[PlanPerson]) -> Result<(), StoreError> {
    let values: Vec<Param> =
        people.iter().flat_map(|one| [id(plan), id(one.person), (&one.digest).into(), (&one.body).into()]).collect();
    let tail = "ON CONFLICT (plan, person) DO NOTHING";
    tx.insert_many("INSERT INTO plan_person (plan, person, digest, body)", 4, tail, &values).await?;
    Ok(())
}

/// People whom a plan touches, by their ids, from after the cursor.
pub async fn people(
    tx: &mut Tx,
    plan: PlanId,
    after: Option<PersonId>,
    limit: usize,
) -> Result<Vec<PlanPerson>, StoreError> {
    let sql = "SELECT person, digest, body FROM plan_person WHERE plan = $1 AND person > $2 ORDER BY person LIMIT $3";
    let first = tenure_model::Id::from_uuid(uuid::Uuid::nil());
    let rows = tx.query(sql, &[id(plan), id(after.unwrap_or(first)), page(limit).into()]).await?;
    rows.iter().map(read_person).collect()
}

/// What a plan has for one person.
pub async fn person(tx: &mut Tx, plan: PlanId, person: PersonId) -> Result<Option<PlanPerson>, StoreError> {
    let sql = "SELECT person, digest, body FROM plan_person WHERE plan = $1 AND person = $2";
    tx.query_opt(sql, &[id(plan), id(person)]).await?.as_ref().map(read_person).transpose()
}

fn read_person(row: &Row) -> Result<PlanPerson, StoreError> {
    let row = row.of("plan_person");
    Ok(PlanPerson { person: row.id("person")?, digest: row.string("digest")?, body: row.string("body")? })
}

fn read(row: &Row) -> Result<PlanRow, StoreError> {
    let row = row.of(TABLE);
    let text = |column: &str| row.opt_text(column).map(|text| text.map(str::to_owned));
    Ok(PlanRow {
        id: row.id("id")?,
        state: row.word("state", PlanState::from_word)?,
        asked: row.string("asked")?,
        made_by: row.string("made_by")?,
        made_at: row.time("made_at")?,
        good_until: row.time("good_until")?,
        base: row.int("base")?,
        hash: row.string("hash")?,
        progress: row.opt_id("progress")?,
        people: row.int("people")?,
        digest: text("digest")?,
        report: text("report")?,
        applied_by: text("applied_by")?,
        applied_at: row.opt_time("applied_at")?,
        version: row.opt_int("version")?,
        note: text("note")?,
    })
}
