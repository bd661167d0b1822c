//! What somebody else changed in connected systems, until it is settled.

use tenure_model::{Closing, ConnectionName, Drift, DriftId, DriftKind, DriftPolicy, NativeId, PersonId};

use crate::db::row::{Param, Row, id, json, opt_id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::{of_owner, page};

const TABLE: &str = "drift";

/// How many differences of a kind are open at a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Where.
    pub connection: ConnectionName,
    /// Of which kind.
    pub kind: DriftKind,
    /// How many.
    pub count: i64,
}

/// Writes a new one.
pub async fn insert(tx: &mut Tx, drift: &Drift) -> Result<(), StoreError> {
    let sql = "INSERT INTO drift (id, connection, native_id, account, person, kind, policy, differences, found_at, \
         run, closed_at, closed_by, closed_why, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    StoreError::unless_one(tx.execute(sql, &values(drift)?).await?, TABLE, drift.id)
}

/// Writes a changed one, whose version is one more than what is stored.
pub async fn update(tx: &mut Tx, drift: &Drift) -> Result<(), StoreError> {
    let sql = "UPDATE drift SET connection = $2, native_id = $3, account = $4, person = $5, kind = $6, policy = $7, \
         differences = $8, found_at = $9, run = $10, closed_at = $11, closed_by = $12, closed_why = $13, version = $14 \
         WHERE id = $1 AND version = $14 - 1";
    StoreError::unless_one(tx.execute(sql, &values(drift)?).await?, TABLE, drift.id)
}

/// One of them.
pub async fn get(tx: &mut Tx, drift: DriftId) -> Result<Option<Drift>, StoreError> {
    let sql = "SELECT id, connection, native_id, account, person, kind, policy, differences, found_at, run, \
         closed_at, closed_by, closed_why, version FROM drift WHERE id = $1";
    tx.query_opt(sql, &[id(drift)]).await?.as_ref().map(read).transpose()
}

/// Everything open on these accounts of a connection.
pub async fn open_of(
    tx: &mut Tx,
    connection: &ConnectionName,
    accounts: &[NativeId],
) -> Result<Vec<Drift>, StoreError> {
    let head = "SELECT id, connection, native_id, account, person, kind, policy, differences, found_at, run, \
         closed_at, closed_by, closed_why, version FROM drift \
         WHERE closed_at IS NULL AND connection = $1 AND native_id";
    let list: Vec<Param> = accounts.iter().map(|native| native.as_str().into()).collect();
    tx.query_in(head, &[connection.as_str().into()], &list, "ORDER BY id").await?.iter().map(read).collect()
}

/// Open ones, the oldest first, perhaps only of a connection, from after the cursor.
pub async fn list_open(
    tx: &mut Tx,
    connection: Option<&ConnectionName>,
    after: Option<DriftId>,
    limit: usize,
) -> Result<Vec<Drift>, StoreError> {
    let of_one = "SELECT id, connection, native_id, account, person, kind, policy, differences, found_at, run, \
         closed_at, closed_by, closed_why, version FROM drift \
         WHERE closed_at IS NULL AND connection = $1 AND id > $2 ORDER BY id LIMIT $3";
    let of_all = "SELECT id, connection, native_id, account, person, kind, policy, differences, found_at, run, \
         closed_at, closed_by, closed_why, version FROM drift \
         WHERE closed_at IS NULL AND id > $1 ORDER BY id LIMIT $2";
    let after = id(after.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::nil())));
    let rows = match connection {
        Some(name) => tx.query(of_one, &[name.as_str().into(), after, page(limit).into()]).await?,
        None => tx.query(of_all, &[after, page(limit).into()]).await?,
    };
    rows.iter().map(read).collect()
}

/// Open ones of a connection that are to be taken back and for which no run was started, the oldest
/// first.
pub async fn list_waiting(tx: &mut Tx, connection: &ConnectionName, limit: usize) -> Result<Vec<Drift>, StoreError> {
    let sql = "SELECT id, connection, native_id, account, person, kind, policy, differences, found_at, run, \
         closed_at, closed_by, closed_why, version FROM drift \
         WHERE closed_at IS NULL AND connection = $1 AND policy = 'restore' AND run IS NULL AND person IS NOT NULL \
         ORDER BY id LIMIT $2";
    tx.query(sql, &[connection.as_str().into(), page(limit).into()]).await?.iter().map(read).collect()
}

/// Everything that was found about a person, the newest first; what is settled too.
pub async fn of_person(tx: &mut Tx, person: PersonId) -> Result<Vec<Drift>, StoreError> {
    let sql = "SELECT id, connection, native_id, account, person, kind, policy, differences, found_at, run, \
         closed_at, closed_by, closed_why, version FROM drift WHERE person = $1 ORDER BY id DESC LIMIT $2";
    tx.query(sql, &[id(person), of_owner().into()]).await?.iter().map(read).collect()
}

/// How many are open, by connection and kind.
pub async fn count_open(tx: &mut Tx) -> Result<Vec<Count>, StoreError> {
    let sql = "SELECT connection, kind, count(*) AS open FROM drift WHERE closed_at IS NULL \
         GROUP BY connection, kind ORDER BY connection, kind";
    let rows = tx.query(sql, &[]).await?;
    rows.iter()
        .map(|row| {
            let row = row.of(TABLE);
            Ok(Count {
                connection: row.parsed("connection")?,
                kind: row.word("kind", DriftKind::from_word)?,
                count: row.int("open")?,
            })
        })
        .collect()
}

fn values(drift: &Drift) -> Result<[Param; 14], StoreError> {
    let closing = drift.closing.as_ref();
    Ok([
        id(drift.id),
        drift.connection.as_str().into(),
        drift.native_id.as_str().into(),
        id(drift.account),
        opt_id(drift.person),
        drift.kind.word().into(),
        drift.policy.word().into(),
        json(&drift.differences)?,
        drift.found_at.into(),
        opt_id(drift.run),
        closing.map(|closing| closing.at).into(),
        closing.map(|closing| closing.by.as_str()).into(),
        closing.map(|closing| closing.why.as_str()).into(),
        drift.version.into(),
    ])
}

fn read(row: &Row) -> Result<Drift, StoreError> {
    let row = row.of(TABLE);
    let closing = match row.opt_time("closed_at")? {
        None => None,
        Some(at) => Some(Closing { at, by: row.string("closed_by")?, why: row.string("closed_why")? }),
    };
    Ok(Drift {
        id: row.id("id")?,
        connection: row.parsed("connection")?,
        native_id: NativeId::new(row.string("native_id")?),
        account: row.id("account")?,
        person: row.opt_id("person")?,
        kind: row.word("kind", DriftKind::from_word)?,
        policy: row.word("policy", DriftPolicy::from_word)?,
        differences: row.json("differences")?,
        found_at: row.time("found_at")?,
        run: row.opt_id("run")?,
        closing,
        version: row.int("version")?,
    })
}
