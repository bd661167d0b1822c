//! Accounts in connected systems, as they were last seen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tenure_model::{Account, AccountId, AccountState, Attributes, ConnectionName, NativeId, PersonId};

use crate::db::row::{Param, Row, id, json, opt_id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::fold::{anywhere_as_written, fold};
use crate::limits::{KEY_MATCHES_MAX, of_owner, page};

const TABLE: &str = "account";

/// Writes an account: a new one as it is, a known one only if its version is one more than what
/// is stored.
pub async fn upsert(tx: &mut Tx, account: &Account) -> Result<(), StoreError> {
    let sql = "INSERT INTO account \
         (id, connection, person, native_id, name, name_folded, state, holds, seen_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET \
         connection = excluded.connection, person = excluded.person, native_id = excluded.native_id, \
         name = excluded.name, name_folded = excluded.name_folded, state = excluded.state, \
         holds = excluded.holds, seen_at = excluded.seen_at, version = excluded.version \
         WHERE account.version = excluded.version - 1";
    let written = tx.execute(sql, &values(account)?).await?;
    StoreError::unless_one(written, TABLE, account.id)
}

/// One account.
pub async fn get(tx: &mut Tx, account: AccountId) -> Result<Option<Account>, StoreError> {
    let sql = "SELECT id, connection, person, native_id, name, state, holds, seen_at, version \
         FROM account WHERE id = $1";
    tx.query_opt(sql, &[id(account)]).await?.as_ref().map(read).transpose()
}

/// Every account of a person, the oldest first.
pub async fn of_person(tx: &mut Tx, person: PersonId) -> Result<Vec<Account>, StoreError> {
    let sql = "SELECT id, connection, person, native_id, name, state, holds, seen_at, version \
         FROM account WHERE person = $1 ORDER BY id LIMIT $2";
    let rows = tx.query(sql, &[id(person), of_owner().into()]).await?;
    rows.iter().map(read).collect()
}

/// Every account of these people, by person.
pub async fn of_people(tx: &mut Tx, people: &[PersonId]) -> Result<Vec<Account>, StoreError> {
    let head = "SELECT id, connection, person, native_id, name, state, holds, seen_at, version \
         FROM account WHERE person";
    let people: Vec<Param> = people.iter().copied().map(id).collect();
    let rows = tx.query_in(head, &[], &people, "ORDER BY person, id").await?;
    rows.iter().map(read).collect()
}

/// The account that a system calls so.
pub async fn find(
    tx: &mut Tx,
    connection: &ConnectionName,
    native_id: &NativeId,
) -> Result<Option<Account>, StoreError> {
    let sql = "SELECT id, connection, person, native_id, name, state, holds, seen_at, version \
         FROM account WHERE connection = $1 AND native_id = $2";
    let values = [connection.as_str().into(), native_id.as_str().into()];
    tx.query_opt(sql, &values).await?.as_ref().map(read).transpose()
}

/// Those of these accounts of a system that are known.
pub async fn find_many(
    tx: &mut Tx,
    connection: &ConnectionName,
    wanted: &[NativeId],
) -> Result<Vec<Account>, StoreError> {
    let head = "SELECT id, connection, person, native_id, name, state, holds, seen_at, version \
         FROM account WHERE connection = $1 AND native_id";
    let list: Vec<Param> = wanted.iter().map(|native| native.as_str().into()).collect();
    let rows = tx.query_in(head, &[connection.as_str().into()], &list, "ORDER BY id").await?;
    rows.iter().map(read).collect()
}

/// Every account of this name in a system; case and surrounding space do not count.
pub async fn find_by_name(tx: &mut Tx, connection: &ConnectionName, name: &str) -> Result<Vec<Account>, StoreError> {
    let sql = "SELECT id, connection, person, native_id, name, state, holds, seen_at, version \
         FROM account WHERE connection = $1 AND name_folded = $2 ORDER BY id LIMIT $3";
    let values = [connection.as_str().into(), fold(name).into(), page(KEY_MATCHES_MAX).into()];
    tx.query(sql, &values).await?.iter().map(read).collect()
}

/// How many accounts a system has that somebody could use.
pub async fn count(tx: &mut Tx, connection: &ConnectionName) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) AS accounts FROM account WHERE connection = $1 AND state IN ('active', 'unknown')";
    tx.query_one(sql, &[connection.as_str().into()]).await?.of(TABLE).small("accounts")
}

/// The accounts that somebody can use and that were last seen to hold this.
pub async fn active_holders(
    tx: &mut Tx,
    connection: &ConnectionName,
    native_id: &NativeId,
) -> Result<Vec<AccountId>, StoreError> {
    let sql = "SELECT id, connection, person, native_id, name, state, holds, seen_at, version FROM account \
         WHERE connection = $1 AND state = 'active' AND holds LIKE $2 ESCAPE '\\' ORDER BY id LIMIT $3";
    // A first sieve, by the text; what the text means is looked at below.
    let pattern = anywhere_as_written(native_id.as_str());
    let values = [connection.as_str().into(), pattern.into(), of_owner().into()];
    let found: Vec<Account> = tx.query(sql, &values).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(found.into_iter().filter(|account| account.holds.contains(native_id)).map(|account| account.id).collect())
}

/// Notes the attributes that an account was seen with: those that a template speaks of.
pub async fn write_attributes(
    tx: &mut Tx,
    account: AccountId,
    attributes: &Attributes,
    seen_at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO account_attributes (account, attributes, seen_at) VALUES ($1, $2, $3) \
         ON CONFLICT (account) DO UPDATE SET attributes = excluded.attributes, seen_at = excluded.seen_at";
    let written = tx.execute(sql, &[id(account), json(attributes)?, seen_at.into()]).await?;
    StoreError::unless_one(written, "account_attributes", account)
}

/// The attributes that the accounts of a person were last seen with. An account that is missing
/// was never looked at so closely.
pub async fn attributes_of_person(
    tx: &mut Tx,
    person: PersonId,
) -> Result<BTreeMap<AccountId, Attributes>, StoreError> {
    let sql = "SELECT account_attributes.account AS account, account_attributes.attributes AS attributes \
         FROM account_attributes JOIN account ON account.id = account_attributes.account \
         WHERE account.person = $1 ORDER BY account_attributes.account LIMIT $2";
    let rows = tx.query(sql, &[id(person), of_owner().into()]).await?;
    let read = |row: &Row| {
        let row = row.of("account_attributes");
        Ok((row.id("account")?, row.json("attributes")?))
    };
    rows.iter().map(read).collect()
}

/// The same for these people, by person.
pub async fn attributes_of_people(
    tx: &mut Tx,
    people: &[PersonId],
) -> Result<BTreeMap<PersonId, BTreeMap<AccountId, Attributes>>, StoreError> {
    let head = "SELECT account_attributes.account AS account, account.person AS person, \
         account_attributes.attributes AS attributes \
         FROM account_attributes JOIN account ON account.id = account_attributes.account WHERE account.person";
    let people: Vec<Param> = people.iter().copied().map(id).collect();
    let mut found: BTreeMap<PersonId, BTreeMap<AccountId, Attributes>> = BTreeMap::new();
    for row in tx.query_in(head, &[], &people, "ORDER BY account.person, account_attributes.account").await? {
        let row = row.of("account_attributes");
        found.entry(row.id("person")?).or_default().insert(row.id("account")?, row.json("attributes")?);
    }
    Ok(found)
}

fn values(account: &Account) -> Result<[Param; 10], StoreError> {
    Ok([
        id(account.id),
        account.connection.as_str().into(),
        opt_id(account.person),
        account.native_id.as_ref().map(NativeId::as_str).into(),
        (&account.name).into(),
        fold(&account.name).into(),
        account.state.word().into(),
        json(&account.holds)?,
        account.seen_at.into(),
        account.version.into(),
    ])
}

fn read(row: &Row) -> Result<Account, StoreError> {
    let row = row.of(TABLE);
    Ok(Account {
        id: row.id("id")?,
        connection: row.parsed("connection")?,
        person: row.opt_id("person")?,
        native_id: row.opt_text("native_id")?.map(NativeId::new),
        name: row.string("name")?,
        state: row.word("state", AccountState::from_word)?,
        holds: row.json("holds")?,
        seen_at: row.opt_time("seen_at")?,
        version: row.int("version")?,
    })
}
