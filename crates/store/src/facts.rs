//! What was told of whom: each event as a fact about a person, with when it was so for its source
//! beside when we learnt it. Rows are never changed but in whom they speak of and in when they
//! begin to count, which follows from the zone of an engagement.

use jiff::Timestamp;
use tenure_model::{ConnectionName, EventId, Fact, PersonId, PersonKey};

use crate::db::row::{Fields, Param, Row, id, opt_id};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::FACTS_OF_PERSON_MAX;

const TABLE: &str = "fact";

/// An event as a fact, before it is known of whom it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFact<'a> {
    /// The event.
    pub event: EventId,
    /// Who told it.
    pub source: &'a ConnectionName,
    /// What the source calls the engagement.
    pub key: &'a str,
    /// When it was so for the source.
    pub as_of: Option<Timestamp>,
    /// The number that the source gave it.
    pub sequence: i64,
}

/// A fact that waits for somebody of whom it can speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The event.
    pub event: EventId,
    /// The question that it waits for.
    pub case: tenure_model::CaseId,
}

/// Keeps a new fact, of which it is not known yet of whom it speaks.
pub async fn insert(tx: &mut Tx, fact: &NewFact<'_>) -> Result<(), StoreError> {
    let sql = "INSERT INTO fact (event, person, source, source_key, as_of, sequence, counts_from) \
         VALUES ($1, NULL, $2, $3, $4, $5, 0)";
    let values = [
        id(fact.event),
        fact.source.as_str().into(),
        fact.key.into(),
        fact.as_of.map_or(Param::Null, Param::from),
        fact.sequence.into(),
    ];
    StoreError::unless_one(tx.execute(sql, &values).await?, TABLE, fact.event)
}

/// Says of whom a fact speaks; none takes it away from whom it was given to.
pub async fn give(tx: &mut Tx, event: EventId, person: Option<PersonId>) -> Result<(), StoreError> {
    let written = tx.execute("UPDATE fact SET person = $2 WHERE event = $1", &[id(event), opt_id(person)]).await?;
    StoreError::unless_one(written, TABLE, event)
}

/// What the source calls the engagement that an event speaks of.
pub async fn key_of(tx: &mut Tx, event: EventId) -> Result<Option<String>, StoreError> {
    let row = tx.query_opt("SELECT source_key FROM fact WHERE event = $1", &[id(event)]).await?;
    row.map(|row| row.of(TABLE).string("source_key")).transpose()
}

/// The source calls an engagement otherwise from now on, with everything that was told of it.
pub async fn rekey(tx: &mut Tx, source: &ConnectionName, from: &str, to: &str) -> Result<(), StoreError> {
    let values = [source.as_str().into(), from.into(), to.into()];
    let facts = "UPDATE fact SET source_key = $3 WHERE source = $1 AND source_key = $2";
    tx.execute(facts, &values).await?;
    let rows =
        "UPDATE engagement_spell SET source_key = $3, version = version + 1 WHERE source = $1 AND source_key = $2";
    tx.execute(rows, &values).await?;
    Ok(())
}

/// The facts about a person under this key of a source, by their events.
pub async fn under(
    tx: &mut Tx,
    person: PersonId,
    source: &ConnectionName,
    key: &str,
) -> Result<Vec<EventId>, StoreError> {
    let sql = "SELECT event FROM fact WHERE person = $1 AND source = $2 AND source_key = $3 ORDER BY event LIMIT $4";
    let values = [id(person), source.as_str().into(), key.into(), crate::limits::of_owner().into()];
    tx.query(sql, &values).await?.iter().map(|row| row.of(TABLE).id("event")).collect()
}

/// Gives to the second person what is known of the first under a name that the second has too.
pub async fn follow(tx: &mut Tx, from: PersonId, to: PersonId) -> Result<u64, StoreError> {
    let sql = "UPDATE fact SET person = $2 WHERE person = $1 AND EXISTS (SELECT 1 FROM fact f \
         WHERE f.person = $2 AND f.source = fact.source AND f.source_key = fact.source_key)";
    tx.execute(sql, &[id(from), id(to)]).await
}

/// Notes when facts begin to count.
pub async fn count_from(tx: &mut Tx, event: EventId, moment: Timestamp) -> Result<(), StoreError> {
    let written = tx.execute("UPDATE fact SET counts_from = $2 WHERE event = $1", &[id(event), moment.into()]).await?;
    StoreError::unless_one(written, TABLE, event)
}

/// The moments at which facts about this person begin to count: those to come, and those that came
/// since another moment because a day came and not because something was told.
pub async fn turns(
    tx: &mut Tx,
    person: PersonId,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<Timestamp>, StoreError> {
    let sql = "SELECT counts_from FROM fact WHERE person = $1 AND counts_from > $2 \
         AND (counts_from > $3 OR as_of IS NULL OR counts_from <> as_of) ORDER BY counts_from LIMIT $4";
    let values = [id(person), since.into(), now.into(), crate::limits::of_owner().into()];
    tx.query(sql, &values).await?.iter().map(|row| row.of(TABLE).time("counts_from")).collect()
}

/// Every fact about a person, with the moment from which it is noted to count, in the order in
/// which we learnt them.
pub async fn of_person(tx: &mut Tx, person: PersonId) -> Result<Vec<(Fact, Timestamp)>, StoreError> {
    let sql = "SELECT f.event, f.source, f.source_key, f.as_of, f.sequence, f.counts_from, e.external_id, \
         e.subject_attribute, e.subject_value, e.kind, e.received_at \
         FROM fact f JOIN event e ON e.id = f.event WHERE f.person = $1 ORDER BY f.event LIMIT $2";
    let most = i64::try_from(FACTS_OF_PERSON_MAX).unwrap_or(i64::MAX);
    let rows = tx.query(sql, &[id(person), (most + 1).into()]).await?;
    if rows.len() > FACTS_OF_PERSON_MAX {
        return Err(StoreError::Inconsistent {
            table: TABLE,
            column: "person".to_owned(),
            id: person.to_string(),
            what: format!("has more than {FACTS_OF_PERSON_MAX} facts, which is the most"),
        });
    }
    rows.iter().map(read).collect()
}

/// The facts under this key that wait for somebody, because nobody was known by it when they came.
/// Where a human has several to choose from, the question stays theirs.
pub async fn waiting(tx: &mut Tx, source: &ConnectionName, key: &str) -> Result<Vec<Waiting>, StoreError> {
    let sql = "SELECT f.event, c.id, c.candidates FROM fact f JOIN correlation_case c ON c.event = f.event \
         WHERE f.person IS NULL AND f.source = $1 AND f.source_key = $2 AND c.resolved_at IS NULL ORDER BY f.event";
    let rows = tx.query(sql, &[source.as_str().into(), key.into()]).await?;
    let mut waiting = Vec::with_capacity(rows.len());
    for row in &rows {
        let row = row.of("correlation_case");
        let candidates: Vec<PersonId> = row.json("candidates")?;
        if candidates.len() <= 1 {
            waiting.push(Waiting { event: row.id("event")?, case: row.id("id")? });
        }
    }
    Ok(waiting)
}

fn read(row: &Row) -> Result<(Fact, Timestamp), StoreError> {
    let row: Fields<'_> = row.of(TABLE);
    let fact = Fact {
        event: row.id("event")?,
        source: row.parsed("source")?,
        external_id: row.string("external_id")?,
        subject: PersonKey { attribute: row.string("subject_attribute")?, value: row.string("subject_value")? },
        key: row.string("source_key")?,
        kind: row.json("kind")?,
        as_of: row.opt_time("as_of")?,
        sequence: row.int("sequence")?,
        learnt_at: row.time("received_at")?,
    };
    Ok((fact, row.time("counts_from")?))
}
