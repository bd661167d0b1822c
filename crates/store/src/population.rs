//! Whether what somebody keeps of everybody is still so.
//!
//! Every change of a person or of an engagement raises a version by one, and every new one adds
//! one, so that the sums differ after any commit of any node; which people it was is then found by
//! their versions.

use tenure_model::PersonId;

use crate::db::row::id;
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::page;

/// How many people and engagements there are, and how often they were changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// People.
    pub people: i64,
    /// The sum of their versions.
    pub versions: i64,
    /// Engagements.
    pub engagements: i64,
    /// The sum of their versions.
    pub engagement_versions: i64,
}

/// The version of what is known of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Whose.
    pub person: PersonId,
    /// Of the person.
    pub own: i64,
    /// Of all their engagements together.
    pub engagements: i64,
}

/// The sums as they are now.
pub async fn sums(tx: &mut Tx) -> Result<Sums, StoreError> {
    let sql = "SELECT COUNT(*) AS many, CAST(COALESCE(SUM(version), 0) AS bigint) AS versions FROM person";
    let people = tx.query_one(sql, &[]).await?;
    let sql = "SELECT COUNT(*) AS many, CAST(COALESCE(SUM(version), 0) AS bigint) AS versions FROM engagement_spell";
    let engagements = tx.query_one(sql, &[]).await?;
    let (people, engagements) = (people.of("person"), engagements.of("engagement_spell"));
    Ok(Sums {
        people: people.int("many")?,
        versions: people.int("versions")?,
        engagements: engagements.int("many")?,
        engagement_versions: engagements.int("versions")?,
    })
}

/// The versions of everybody in order of ids, from after this one.
pub async fn versions(tx: &mut Tx, after: Option<PersonId>, limit: usize) -> Result<Vec<Version>, StoreError> {
    let sql = "SELECT p.id, p.version, \
         (SELECT CAST(COALESCE(SUM(e.version + 1), 0) AS bigint) FROM engagement_spell e WHERE e.person = p.id) AS theirs \
         FROM person p WHERE p.id > $1 ORDER BY p.id LIMIT $2";
    let after = after.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::nil()));
    let rows = tx.query(sql, &[id(after), page(limit).into()]).await?;
    let read = |row: &crate::db::row::Row| {
        let row = row.of("person");
        Ok(Version { person: row.id("id")?, own: row.int("version")?, engagements: row.int("theirs")? })
    };
    rows.iter().map(read).collect()
}
