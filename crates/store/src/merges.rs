//! Who turned out to be one person, or two, and the record by which that can be undone.
//!
//! A person who was merged into another keeps their row, so that whatever speaks of them still
//! finds it; they have no keys, and lists leave them out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{MergeId, Name, Person, PersonId};
use uuid::Uuid;

use crate::db::row::{Param, Row, id, json};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::page;

const TABLE: &str = "person_merge";

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeKind {
    /// Two turned out to be one.
    Merge,
    /// One turned out to be two.
    Split,
}

impl MergeKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Split => "split",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Merge, Self::Split].into_iter().find(|kind| kind.word() == word)
    }
}

/// A merge or a split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// Ours.
    pub id: MergeId,
    /// Which of the two.
    pub kind: MergeKind,
    /// Who stayed.
    pub kept: PersonId,
    /// Who went into them, or came out of them.
    pub other: PersonId,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What was moved, and how both were before.
    pub record: MergeRecord,
    /// When and by whom it was undone.
    pub undone: Option<(Timestamp, String)>,
}

/// What was moved, and how both were before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MergeRecord {
    /// Who stayed, as they were.
    pub kept_before: Person,
    /// The other, as they were; after a split as they were made.
    pub other_before: Person,
    /// The rows that went from one to the other, by table.
    pub moved: BTreeMap<String, Vec<Uuid>>,
    /// The names that went with them, by generator.
    pub names: Vec<(Name, String)>,
}

impl MergeRecord {
    /// How many things went from one to the other; what was told of them goes along and is not counted.
    pub fn things(&self) -> usize {
        self.moved.iter().filter(|(table, _)| *table != TOLD).map(|(_, rows)| rows.len()).sum()
    }
}

/// Where what was told is kept.
const TOLD: &str = "fact";

/// A table whose rows belong to people, and how its rows go to another.
struct Owned {
    table: &'static str,
    all: &'static str,
    some: &'static str,
}

const OWNED: [Owned; 5] = [
    Owned {
        table: TOLD,
        all: "UPDATE fact SET person = $2 WHERE person = $1 RETURNING event AS id",
        some: "UPDATE fact SET person = $2 WHERE person = $1 AND event",
    },
    Owned {
        table: "engagement_spell",
        all: "UPDATE engagement_spell SET person = $2, version = version + 1 WHERE person = $1 RETURNING id",
        some: "UPDATE engagement_spell SET person = $2, version = version + 1 WHERE person = $1 AND id",
    },
    Owned {
        table: "account",
        all: "UPDATE account SET person = $2, version = version + 1 WHERE person = $1 RETURNING id",
        some: "UPDATE account SET person = $2, version = version + 1 WHERE person = $1 AND id",
    },
    Owned {
        table: "access_grant",
        all: "UPDATE access_grant SET person = $2, version = version + 1 WHERE person = $1 RETURNING id",
        some: "UPDATE access_grant SET person = $2, version = version + 1 WHERE person = $1 AND id",
    },
    Owned {
        table: "sponsored",
        all: "UPDATE person SET sponsor = $2, version = version + 1 WHERE sponsor = $1 RETURNING id",
        some: "UPDATE person SET sponsor = $2, version = version + 1 WHERE sponsor = $1 AND id",
    },
];

/// Gives everything that one person has to another, and says what that was.
pub async fn move_all(tx: &mut Tx, from: PersonId, to: PersonId) -> Result<BTreeMap<String, Vec<Uuid>>, StoreError> {
    let mut moved = BTreeMap::new();
    for owned in &OWNED {
        let rows = tx.query(owned.all, &[id(from), id(to)]).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.of(owned.table).uuid("id")).collect::<Result<_, _>>()?;
        if !ids.is_empty() {
            moved.insert(owned.table.to_owned(), ids);
        }
    }
    Ok(moved)
}

/// Gives some of what one person has to another: whatever of it is still theirs. Says how much.
pub async fn move_some(
    tx: &mut Tx,
    moved: &BTreeMap<String, Vec<Uuid>>,
    from: PersonId,
    to: PersonId,
) -> Result<u64, StoreError> {
    let mut count = 0;
    for owned in &OWNED {
        let Some(ids) = moved.get(owned.table) else { continue };
        let list: Vec<Param> = ids.iter().copied().map(Param::Id).collect();
        count += tx.execute_in(owned.some, &[id(from), id(to)], &list, "").await?;
    }
    Ok(count)
}

/// Writes down what was done.
pub async fn insert(tx: &mut Tx, merge: &Merge) -> Result<(), StoreError> {
    let sql = "INSERT INTO person_merge (id, kind, kept, other, at, by_whom, reason, body) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = [
        id(merge.id),
        merge.kind.word().into(),
        id(merge.kept),
        id(merge.other),
        merge.at.into(),
        (&merge.by).into(),
        (&merge.reason).into(),
        json(&merge.record)?,
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, merge.id)
}

/// One merge or split.
pub async fn get(tx: &mut Tx, merge: MergeId) -> Result<Option<Merge>, StoreError> {
    let sql = "SELECT id, kind, kept, other, at, by_whom, reason, body, undone_at, undone_by \
         FROM person_merge WHERE id = $1";
    tx.query_opt(sql, &[id(merge)]).await?.as_ref().map(read).transpose()
}

/// Merges and splits, the newest first, from before the cursor, perhaps only of one person.
pub async fn list(
    tx: &mut Tx,
    person: Option<PersonId>,
    before: Option<MergeId>,
    limit: usize,
) -> Result<Vec<Merge>, StoreError> {
    let before = before.unwrap_or(tenure_model::Id::from_uuid(Uuid::max()));
    let rows = match person {
        None => {
            let sql = "SELECT id, kind, kept, other, at, by_whom, reason, body, undone_at, undone_by \
                 FROM person_merge WHERE id < $1 ORDER BY id DESC LIMIT $2";
            tx.query(sql, &[id(before), page(limit).into()]).await?
        }
        Some(person) => {
            let sql = "SELECT id, kind, kept, other, at, by_whom, reason, body, undone_at, undone_by \
                 FROM person_merge WHERE id < $1 AND (kept = $3 OR other = $3) ORDER BY id DESC LIMIT $2";
            tx.query(sql, &[id(before), page(limit).into(), id(person)]).await?
        }
    };
    rows.iter().map(read).collect()
}

/// Into whom somebody was merged, or went back after a split was undone, if that holds.
pub async fn merged_into(tx: &mut Tx, person: PersonId) -> Result<Option<PersonId>, StoreError> {
    let sql = "SELECT kept FROM person_merge WHERE other = $1 AND (kind = 'merge') = (undone_at IS NULL) \
         ORDER BY id DESC LIMIT 1";
    tx.query_opt(sql, &[id(person)]).await?.map(|row| row.of(TABLE).id("kept")).transpose()
}

/// Notes that it was undone. What is undone already is a conflict.
pub async fn undo(tx: &mut Tx, merge: MergeId, at: Timestamp, by: &str) -> Result<(), StoreError> {
    let sql = "UPDATE person_merge SET undone_at = $2, undone_by = $3 WHERE id = $1 AND undone_at IS NULL";
    StoreError::unless_one(tx.execute(sql, &[id(merge), at.into(), by.into()]).await?, TABLE, merge)
}

fn read(row: &Row) -> Result<Merge, StoreError> {
    let row = row.of(TABLE);
    let undone = match row.opt_time("undone_at")? {
        None => None,
        Some(at) => Some((at, row.string("undone_by")?)),
    };
    Ok(Merge {
        id: row.id("id")?,
        kind: row.word("kind", MergeKind::from_word)?,
        kept: row.id("kept")?,
        other: row.id("other")?,
        at: row.time("at")?,
        by: row.string("by_whom")?,
        reason: row.string("reason")?,
        record: row.json("body")?,
        undone,
    })
}
