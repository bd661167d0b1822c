//! Accounts as readings last saw them, those of nobody too.
//!
//! A reading holds what it sees against [`hashes`] and writes only what changed, so that a system
//! in which nothing changed costs no write at all.

use tenure_model::{AccountState, Attributes, ConnectionName, NativeId, Observation, PersonId};

use crate::db::row::{Param, Row, id, json, opt_id};
use crate::db::tx::Tx;
use crate::drifts;
use crate::error::StoreError;
use crate::fold::fold;
use crate::limits::{HASHES_AT_ONCE, KEY_MATCHES_MAX, count, page};

const TABLE: &str = "observation";

/// What the system calls an account, and the hash of what was seen of it.
pub type Hashed = (NativeId, [u8; 16]);

/// Every account of a connection that is there as far as is known, with its hash, from after this
/// one.
pub async fn hashes(
    tx: &mut Tx,
    connection: &ConnectionName,
    after: Option<&NativeId>,
) -> Result<Vec<Hashed>, StoreError> {
    let sql = "SELECT native_id, hash FROM observation \
         WHERE connection = $1 AND native_id > $2 AND state <> 'gone' ORDER BY native_id LIMIT $3";
    let after = after.map_or("", NativeId::as_str);
    let rows = tx.query(sql, &[connection.as_str().into(), after.into(), count(HASHES_AT_ONCE).into()]).await?;
    rows.iter()
        .map(|row| {
            let row = row.of(TABLE);
            Ok((
                NativeId::new(row.string("native_id")?),
                hash(row.bytes("hash")?).ok_or_else(|| row.bad("hash", "is not 16 bytes"))?,
            ))
        })
        .collect()
}

/// Those of these accounts that were ever seen.
pub async fn get_many(
    tx: &mut Tx,
    connection: &ConnectionName,
    wanted: &[NativeId],
) -> Result<Vec<Observation>, StoreError> {
    let head = "SELECT connection, native_id, hash, account, name, state, holds, attributes, first_seen_at, seen_at \
         FROM observation WHERE connection = $1 AND native_id";
    let list: Vec<Param> = wanted.iter().map(|native| native.as_str().into()).collect();
    let rows = tx.query_in(head, &[connection.as_str().into()], &list, "ORDER BY native_id").await?;
    rows.iter().map(read).collect()
}

/// What was last seen of the accounts that these people have in a system, by whose they are.
pub async fn of_people(
    tx: &mut Tx,
    connection: &ConnectionName,
    people: &[PersonId],
) -> Result<Vec<(PersonId, Attributes)>, StoreError> {
    let head = "SELECT a.person AS person, o.attributes AS attributes FROM account a \
         JOIN observation o ON o.connection = a.connection AND o.native_id = a.native_id \
         WHERE a.connection = $1 AND o.state <> 'gone' AND a.person";
    let list: Vec<Param> = people.iter().copied().map(id).collect();
    let rows = tx.query_in(head, &[connection.as_str().into()], &list, "ORDER BY a.person, o.native_id").await?;
    rows.iter()
        .map(|row| {
            let row = row.of(TABLE);
            Ok((row.id("person")?, row.json("attributes")?))
        })
        .collect()
}

/// Accounts of nobody that are there, from after this one.
pub async fn orphans(
    tx: &mut Tx,
    connection: &ConnectionName,
    after: Option<&NativeId>,
    limit: usize,
) -> Result<Vec<Observation>, StoreError> {
    let sql = "SELECT connection, native_id, hash, account, name, state, holds, attributes, first_seen_at, seen_at \
         FROM observation WHERE connection = $1 AND native_id > $2 AND account IS NULL AND state <> 'gone' \
         ORDER BY native_id LIMIT $3";
    let after = after.map_or("", NativeId::as_str);
    let values = [connection.as_str().into(), after.into(), page(limit).into()];
    tx.query(sql, &values).await?.iter().map(read).collect()
}

/// Accounts of nobody with this name, in a system; case and surrounding space do not count.
pub async fn orphans_named(
    tx: &mut Tx,
    connection: &ConnectionName,
    name: &str,
) -> Result<Vec<Observation>, StoreError> {
    let sql = "SELECT connection, native_id, hash, account, name, state, holds, attributes, first_seen_at, seen_at \
         FROM observation WHERE connection = $1 AND account IS NULL AND state <> 'gone' \
         AND (native_id = $2 OR name_folded = $3) ORDER BY native_id LIMIT $4";
    let values = [connection.as_str().into(), name.into(), fold(name).into(), page(KEY_MATCHES_MAX).into()];
    tx.query(sql, &values).await?.iter().map(read).collect()
}

/// How many accounts of nobody there are.
pub async fn count_orphans(tx: &mut Tx, connection: &ConnectionName) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) AS orphans FROM observation \
         WHERE connection = $1 AND account IS NULL AND state <> 'gone'";
    tx.query_one(sql, &[connection.as_str().into()]).await?.of(TABLE).int("orphans")
}

/// Writes what was seen, over what was seen before.
pub async fn put_many(tx: &mut Tx, seen: &[Observation]) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(seen.len() * 11);
    for one in seen {
        values.extend([
            one.connection.as_str().into(),
            one.native_id.as_str().into(),
            one.hash.as_slice().into(),
            opt_id(one.account),
            (&one.name).into(),
            fold(&one.name).into(),
            one.state.word().into(),
            json(&one.holds)?,
            json(&one.attributes)?,
            one.first_seen_at.into(),
            one.seen_at.into(),
        ]);
    }
    let head = "INSERT INTO observation (connection, native_id, hash, account, name, name_folded, state, holds, \
         attributes, first_seen_at, seen_at)";
    let tail = "ON CONFLICT (connection, native_id) DO UPDATE SET hash = excluded.hash, \
         account = COALESCE(excluded.account, observation.account), \
         name = excluded.name, name_folded = excluded.name_folded, state = excluded.state, holds = excluded.holds, \
         attributes = excluded.attributes, seen_at = excluded.seen_at";
    let written = tx.insert_many(head, 11, tail, &values).await?;
    if written == seen.len() as u64 { Ok(()) } else { StoreError::unless_one(written, TABLE, seen.len()) }
}

/// Writes what our own change was seen to come to. What is as it was before is no drift any more.
pub async fn record(tx: &mut Tx, seen: &Observation) -> Result<(), StoreError> {
    put_many(tx, std::slice::from_ref(seen)).await?;
    for drift in drifts::open_of(tx, &seen.connection, std::slice::from_ref(&seen.native_id)).await? {
        if let Some(next) = drift.seen(seen, "tenure") {
            drifts::update(tx, &next).await?;
        }
    }
    Ok(())
}

fn hash(bytes: &[u8]) -> Option<[u8; 16]> {
    bytes.try_into().ok()
}

fn read(row: &Row) -> Result<Observation, StoreError> {
    let row = row.of(TABLE);
    Ok(Observation {
        connection: row.parsed("connection")?,
        native_id: NativeId::new(row.string("native_id")?),
        account: row.opt_id("account")?,
        name: row.string("name")?,
        state: row.word("state", AccountState::from_word)?,
        holds: row.json("holds")?,
        attributes: row.json("attributes")?,
        hash: hash(row.bytes("hash")?).ok_or_else(|| row.bad("hash", "is not 16 bytes"))?,
        first_seen_at: row.time("first_seen_at")?,
        seen_at: row.time("seen_at")?,
    })
}
