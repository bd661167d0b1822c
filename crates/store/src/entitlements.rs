//! What can be held in connected systems.

use tenure_model::{ConnectionName, Entitlement, EntitlementId, EntitlementKind, NativeId};

use crate::db::row::{Row, id, json};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::page;

const TABLE: &str = "entitlement";

/// Writes an entitlement, new or known.
pub async fn upsert(tx: &mut Tx, entitlement: &Entitlement) -> Result<(), StoreError> {
    let sql = "INSERT INTO entitlement (id, connection, kind, native_id, name, privileged, contains) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET \
         connection = excluded.connection, kind = excluded.kind, native_id = excluded.native_id, \
         name = excluded.name, privileged = excluded.privileged, contains = excluded.contains";
    let values = [
        id(entitlement.id),
        entitlement.connection.as_str().into(),
        entitlement.kind.word().into(),
        entitlement.native_id.as_str().into(),
        (&entitlement.name).into(),
        entitlement.privileged.into(),
        json(&entitlement.contains)?,
    ];
    let written = tx.execute(sql, &values).await?;
    StoreError::unless_one(written, TABLE, entitlement.id)
}

/// One entitlement.
pub async fn get(tx: &mut Tx, entitlement: EntitlementId) -> Result<Option<Entitlement>, StoreError> {
    let sql = "SELECT id, connection, kind, native_id, name, privileged, contains FROM entitlement WHERE id = $1";
    tx.query_opt(sql, &[id(entitlement)]).await?.as_ref().map(read).transpose()
}

/// The entitlement that a system calls so.
pub async fn by_native(
    tx: &mut Tx,
    connection: &ConnectionName,
    native_id: &NativeId,
) -> Result<Option<Entitlement>, StoreError> {
    let sql = "SELECT id, connection, kind, native_id, name, privileged, contains FROM entitlement \
         WHERE connection = $1 AND native_id = $2";
    let values = [connection.as_str().into(), native_id.as_str().into()];
    tx.query_opt(sql, &values).await?.as_ref().map(read).transpose()
}

/// Every entitlement in order of ids, from after the cursor.
pub async fn list(tx: &mut Tx, after: Option<EntitlementId>, limit: usize) -> Result<Vec<Entitlement>, StoreError> {
    let sql = "SELECT id, connection, kind, native_id, name, privileged, contains FROM entitlement \
         WHERE id > $1 ORDER BY id LIMIT $2";
    let after = after.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::nil()));
    tx.query(sql, &[id(after), page(limit).into()]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Entitlement, StoreError> {
    let row = row.of(TABLE);
    Ok(Entitlement {
        id: row.id("id")?,
        connection: row.parsed("connection")?,
        kind: row.word("kind", EntitlementKind::from_word)?,
        native_id: NativeId::new(row.text("native_id")?),
        name: row.string("name")?,
        privileged: row.flag("privileged")?,
        contains: row.json("contains")?,
    })
}
