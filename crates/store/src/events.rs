//! Events as they came in, each stored once however often it is sent.

use tenure_model::{ConnectionName, Event, EventId, PersonKey};

use crate::db::row::{Row, id, json};
use crate::db::tx::Tx;
use crate::error::StoreError;
use crate::limits::page;

const TABLE: &str = "event";

/// Whether an event is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// It is, and it is stored now.
    New,
    /// The source sent it before.
    Before {
        /// As it was then.
        event: Box<Event>,
        /// What it was answered with, once it was.
        answer: Option<String>,
    },
}

/// Stores an event unless its source sent it before. Of several at once exactly one is new.
pub async fn insert_once(tx: &mut Tx, event: &Event) -> Result<Inserted, StoreError> {
    let sql = "INSERT INTO event (id, connection, external_id, subject_attribute, subject_value, kind, received_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (connection, external_id) DO NOTHING";
    let values = [
        id(event.id),
        event.connection.as_str().into(),
        (&event.external_id).into(),
        (&event.subject.attribute).into(),
        (&event.subject.value).into(),
        json(&event.kind)?,
        event.received_at.into(),
    ];
    if tx.execute(sql, &values).await? == 1 {
        return Ok(Inserted::New);
    }
    let sql = "SELECT id, connection, external_id, subject_attribute, subject_value, kind, received_at, answer \
         FROM event WHERE connection = $1 AND external_id = $2";
    let row = tx.query_one(sql, &[event.connection.as_str().into(), (&event.external_id).into()]).await?;
    let (event, answer) = read(&row)?;
    Ok(Inserted::Before { event: Box::new(event), answer })
}

/// Keeps what an event was answered with, so that a repeat gets the same.
pub async fn set_answer(tx: &mut Tx, event: EventId, answer: &str) -> Result<(), StoreError> {
    let written = tx.execute("UPDATE event SET answer = $2 WHERE id = $1", &[id(event), answer.into()]).await?;
    StoreError::unless_one(written, TABLE, event)
}

/// An event and what it was answered with.
pub async fn get(tx: &mut Tx, event: EventId) -> Result<Option<(Event, Option<String>)>, StoreError> {
    let sql = "SELECT id, connection, external_id, subject_attribute, subject_value, kind, received_at, answer \
         FROM event WHERE id = $1";
    tx.query_opt(sql, &[id(event)]).await?.as_ref().map(read).transpose()
}

/// Events, the newest first, from before the cursor, perhaps of one connection.
pub async fn list(
    tx: &mut Tx,
    connection: Option<&ConnectionName>,
    before: Option<EventId>,
    limit: usize,
) -> Result<Vec<(Event, Option<String>)>, StoreError> {
    let before = before.unwrap_or(tenure_model::Id::from_uuid(uuid::Uuid::max()));
    let rows = match connection {
        None => {
            let sql = "SELECT id, connection, external_id, subject_attribute, subject_value, kind, received_at, answer \
                 FROM event WHERE id < $1 ORDER BY id DESC LIMIT $2";
            tx.query(sql, &[id(before), page(limit).into()]).await?
        }
        Some(connection) => {
            let sql = "SELECT id, connection, external_id, subject_attribute, subject_value, kind, received_at, answer \
                 FROM event WHERE connection = $3 AND id < $1 ORDER BY id DESC LIMIT $2";
            tx.query(sql, &[id(before), page(limit).into(), connection.as_str().into()]).await?
        }
    };
    rows.iter().map(read).collect()
}

/// What a source said under this key, the newest first.
pub async fn of_subject(
    tx: &mut Tx,
    connection: &ConnectionName,
    key: &str,
    limit: usize,
) -> Result<Vec<Event>, StoreError> {
    let sql = "SELECT id, connection, external_id, subject_attribute, subject_value, kind, received_at, answer \
         FROM event WHERE connection = $1 AND subject_value = $2 ORDER BY id DESC LIMIT $3";
    let rows = tx.query(sql, &[connection.as_str().into(), key.into(), page(limit).into()]).await?;
    rows.iter().map(|row| read(row).map(|(event, _)| event)).collect()
}

fn read(row: &Row) -> Result<(Event, Option<String>), StoreError> {
    let row = row.of(TABLE);
    let event = Event {
        id: row.id("id")?,
        connection: row.parsed("connection")?,
        external_id: row.string("external_id")?,
        subject: PersonKey { attribute: row.string("subject_attribute")?, value: row.string("subject_value")? },
        kind: row.json("kind")?,
        received_at: row.time("received_at")?,
    };
    Ok((event, row.opt_text("answer")?.map(str::to_owned)))
}
