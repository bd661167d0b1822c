//! Names that were made for people: each once within its generator, whoever asks at the same time,
//! and not again before it has rested.

use jiff::Timestamp;
use tenure_model::{Name, PersonId};

use crate::db::row::{Param, Row, id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::fold::fold;
use crate::limits::of_owner;

const TABLE: &str = "issued_name";

/// A name that was made for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Which generator made it.
    pub generator: Name,
    /// The name.
    pub name: String,
    /// For whom.
    pub person: PersonId,
    /// When.
    pub issued_at: Timestamp,
    /// Since when its holder has it no more.
    pub released_at: Option<Timestamp>,
}

/// Gives a name to a person, unless somebody else has it or it rests: it may be given again if it
/// was released before `rested_before`. Of several who ask at once exactly one gets it; the others
/// wait until that one has committed.
pub async fn reserve(
    tx: &mut Tx,
    generator: &Name,
    name: &str,
    person: PersonId,
    now: Timestamp,
    rested_before: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO issued_name (generator, name_folded, name, person, issued_at, released_at) \
         VALUES ($1, $2, $3, $4, $5, NULL) ON CONFLICT (generator, name_folded) DO UPDATE SET \
         name = excluded.name, person = excluded.person, issued_at = excluded.issued_at, released_at = NULL \
         WHERE issued_name.released_at IS NOT NULL \
         AND (issued_name.released_at < $6 OR issued_name.person = excluded.person)";
    let values =
        [generator.as_str().into(), fold(name).into(), name.into(), id(person), now.into(), rested_before.into()];
    Ok(tx.execute(sql, &values).await? == 1)
}

/// Takes the names of a generator from a person, but for one that is kept. They rest from now on.
pub async fn release(
    tx: &mut Tx,
    generator: &Name,
    person: PersonId,
    kept: Option<&str>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "UPDATE issued_name SET released_at = $3 \
         WHERE generator = $1 AND person = $2 AND released_at IS NULL AND name_folded <> $4";
    let kept = kept.map(fold).unwrap_or_default();
    tx.execute(sql, &[generator.as_str().into(), id(person), now.into(), kept.into()]).await
}

/// Which of these names of a generator were given at all, by their folded form.
pub async fn known(tx: &mut Tx, generator: &Name, names: &[String]) -> Result<Vec<Issued>, StoreError> {
    let list: Vec<Param> = names.iter().map(|name| fold(name).into()).collect();
    let rows = tx
        .query_in(
            "SELECT generator, name, person, issued_at, released_at FROM issued_name \
             WHERE generator = $1 AND name_folded",
            &[generator.as_str().into()],
            &list,
            "ORDER BY name_folded",
        )
        .await?;
    rows.iter().map(read).collect()
}

/// The names that a person has now, in order of the generators.
pub async fn of_person(tx: &mut Tx, person: PersonId) -> Result<Vec<Issued>, StoreError> {
    let sql = "SELECT generator, name, person, issued_at, released_at FROM issued_name \
         WHERE person = $1 AND released_at IS NULL ORDER BY generator, name_folded LIMIT $2";
    tx.query(sql, &[id(person), of_owner().into()]).await?.iter().map(read).collect()
}

/// Gives every name of one person to another, whether they have it or it rests; says which.
pub async fn hand_over(tx: &mut Tx, from: PersonId, to: PersonId) -> Result<Vec<(Name, String)>, StoreError> {
    let sql = "UPDATE issued_name SET person = $2 WHERE person = $1 \
         RETURNING generator, name, person, issued_at, released_at";
    let rows = tx.query(sql, &[id(from), id(to)]).await?;
    rows.iter().map(|row| read(row).map(|issued| (issued.generator, issued.name))).collect()
}

/// Gives one name of a person to another.
pub async fn hand_over_one(
    tx: &mut Tx,
    generator: &Name,
    name: &str,
    from: PersonId,
    to: PersonId,
) -> Result<u64, StoreError> {
    let sql = "UPDATE issued_name SET person = $4 WHERE generator = $1 AND name_folded = $2 AND person = $3";
    tx.execute(sql, &[generator.as_str().into(), fold(name).into(), id(from), id(to)]).await
}

fn read(row: &Row) -> Result<Issued, StoreError> {
    let row = row.of(TABLE);
    Ok(Issued {
        generator: row.parsed("generator")?,
        name: row.string("name")?,
        person: row.id("person")?,
        issued_at: row.time("issued_at")?,
        released_at: row.opt_time("released_at")?,
    })
}
