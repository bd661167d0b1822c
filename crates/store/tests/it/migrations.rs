//! The schema: each step alone with data before and after it, and what must be refused.

use futures::future::join_all;
use tenure_store::migrate::{MigrateError, SCHEMA_VERSION};
use tenure_store::{Param, Store, StoreError};

use crate::world::{Db, Kind};

/// For each version a row that can be written as soon as it is there, and what reads it back.
const ROWS: [(&str, &str, &str); 26] = [
    (
        "INSERT INTO person (id, kind, display_name, name_folded, attributes, version, since) \
         VALUES ($1, 'employee', 'Ada', 'ada', '{}', 1, 0)",
        "SELECT display_name AS it FROM person WHERE id = $1",
        "Ada",
    ),
    (
        "INSERT INTO account (id, connection, name, name_folded, state, holds, version) \
         VALUES ($1, 'ldap', 'ada', 'ada', 'active', '[]', 1)",
        "SELECT state AS it FROM account WHERE id = $1",
        "active",
    ),
    (
        "INSERT INTO event (id, connection, external_id, subject_attribute, subject_value, kind, received_at) \
         VALUES ($1, 'hr', 'x', 'a', 'b', '{}', 0)",
        "SELECT external_id AS it FROM event WHERE id = $1",
        "x",
    ),
    (
        "INSERT INTO run_record (run, seq, at, body) VALUES ($1, 1, 0, 'body')",
        "SELECT body AS it FROM run_record WHERE run = $1",
        "body",
    ),
    (
        "INSERT INTO ledger_outbox (id, at, body) VALUES ($1, 0, 'leaf')",
        "SELECT body AS it FROM ledger_outbox WHERE id = $1",
        "leaf",
    ),
    (
        "INSERT INTO notice (id, channel, body, created_at, state, due, attempts) \
         VALUES ($1, 'mail', '{}', 0, 'waiting', 0, 0)",
        "SELECT channel AS it FROM notice WHERE id = $1",
        "mail",
    ),
    (
        "INSERT INTO run (id, lane, partition, generation, definition, name, urgency, status, note, seq, \
         started_at, updated_at) VALUES ($1, 'l', 0, 1, 'd', 'joiner', 1, 'running', '', 1, 0, 0)",
        "SELECT name AS it FROM run WHERE id = $1",
        "joiner",
    ),
    (
        "INSERT INTO notice_drop (notice, at, by_whom, reason) VALUES ($1, 0, 'ada', 'sent by hand')",
        "SELECT reason AS it FROM notice_drop WHERE notice = $1",
        "sent by hand",
    ),
    (
        "INSERT INTO estate_version (version, hash, at, by_whom, reason) \
         SELECT 1, 'h', 0, 'ada', 'first' FROM person WHERE id = $1",
        "SELECT v.reason AS it FROM estate_version v, person p WHERE v.version = 1 AND p.id = $1",
        "first",
    ),
    (
        "INSERT INTO human_task (id, key, kind, title, instructions, assignee, barred, outcomes, opened_at, state, \
         version) VALUES ($1, 'k', 'work', 'give a badge', '', 'team:desk', '[]', '[\"done\"]', 0, 'open', 1)",
        "SELECT title AS it FROM human_task WHERE id = $1",
        "give a badge",
    ),
    (
        "INSERT INTO issued_name (generator, name_folded, name, person, issued_at) VALUES ('user-name', 'ada', 'ada', $1, 0)",
        "SELECT name AS it FROM issued_name WHERE person = $1",
        "ada",
    ),
    (
        "INSERT INTO removal_turn (connection, turns) SELECT 'ldap', 7 FROM person WHERE id = $1",
        "SELECT t.connection AS it FROM removal_turn t, person p WHERE p.id = $1",
        "ldap",
    ),
    (
        "INSERT INTO rule_exception (id, rule, person, approved_by, because, valid_from, valid_until, version) \
         VALUES ($1, 'sod', $1, 'ada', 'a', 0, 1, 1)",
        "SELECT rule AS it FROM rule_exception WHERE id = $1",
        "sod",
    ),
    (
        "INSERT INTO reading (connection, holder, tally, held_until) VALUES ('ldap', $1, '{}', 0)",
        "SELECT connection AS it FROM reading WHERE holder = $1",
        "ldap",
    ),
    (
        "INSERT INTO kept_content (hash, body) VALUES ($1, 'facts')",
        "SELECT body AS it FROM kept_content WHERE hash = $1",
        "facts",
    ),
    (
        "INSERT INTO attestation (id, key, connection, account, body, by_whom, at) \
         VALUES ($1, 'k', 'badges', 'E7', '{}', 'carol', 0)",
        "SELECT by_whom AS it FROM attestation WHERE id = $1",
        "carol",
    ),
    (
        "INSERT INTO engagement_spell (id, person, kind, source, source_key, spell, zone, first_day, is_primary, \
          rescinded, version) VALUES ($1, $1, 'employee', 'hr', 'E1', 1, 'UTC', '2026-01-01', 0, 0, 1)",
        "SELECT source_key AS it FROM engagement_spell WHERE id = $1",
        "E1",
    ),
    (
        "INSERT INTO schedule (workflow, schedule, begun_at) SELECT 'review', '1d', 0 FROM person WHERE id = $1",
        "SELECT s.workflow AS it FROM schedule s, person p WHERE p.id = $1",
        "review",
    ),
    (
        "INSERT INTO task_ticket (key, task, connection, state, tries, wanted_at, version) \
         VALUES ('t', $1, 'service-desk', 'wanted', 0, 0, 1)",
        "SELECT connection AS it FROM task_ticket WHERE task = $1",
        "service-desk",
    ),
    (
        "INSERT INTO deputy (id, whom, name, valid_from, valid_until, reason, by_whom, version) \
         VALUES ($1, 'bob', 'carol', 0, 1, 'on leave', 'bob', 1)",
        "SELECT name AS it FROM deputy WHERE id = $1",
        "carol",
    ),
    (
        "INSERT INTO start_set (id, state, workflow, definition, input, made_by, made_at, good_until, looked_at, \
          unclear, version) VALUES ($1, 'looking', 'survey', 'd', '{}', 'ada', 0, 1, 0, 0, 1)",
        "SELECT workflow AS it FROM start_set WHERE id = $1",
        "survey",
    ),
    (
        "INSERT INTO event_await (key, run, person, event, wanted) VALUES ('k', $1, $1, 'custom.back', '{}')",
        "SELECT event AS it FROM event_await WHERE run = $1",
        "custom.back",
    ),
    (
        "INSERT INTO human_task_choices (task, choices) VALUES ($1, '[]')",
        "SELECT choices AS it FROM human_task_choices WHERE task = $1",
        "[]",
    ),
    ("UPDATE person SET sponsor = $1 WHERE id = $1", "SELECT display_name AS it FROM person WHERE sponsor = $1", "Ada"),
    (
        "INSERT INTO run_journal (run, seq, at, body) VALUES ($1, 2, 0, 'next')",
        "SELECT body AS it FROM run_journal WHERE run = $1 AND seq = 1",
        "body",
    ),
    (
        "INSERT INTO run_journal (run, seq, at, body) VALUES ($1, 3, 0, 'last')",
        "SELECT body AS it FROM run_journal WHERE run = $1 AND seq = 2",
        "next",
    ),
];

/// The version whose rows went elsewhere, and since when: those after it read them back there.
const RECORDS: (usize, i64) = (4, 26);

/// The last version in which an engagement had one row for all its spells.
const SCHEMA_VERSION_BEFORE_SPELLS: i64 = 16;

fn key() -> Param {
    Param::Blob(vec![7; 16])
}

async fn run(store: &Store, sql: &'static str, values: Vec<Param>) -> Result<u64, StoreError> {
    store.write(move |tx| Box::pin(async move { tx.execute(sql, &values).await })).await
}

async fn read_back(store: &Store, version: usize) {
    let at = store.schema_version().await.unwrap();
    for (place, (_, sql, expected)) in ROWS[..version].iter().enumerate() {
        if place + 1 == RECORDS.0 && at >= RECORDS.1 {
            continue;
        }
        let row = store
            .read(move |tx| Box::pin(async move { tx.query_one(sql, &[key()]).await }))
            .await
            .map_err(|error: StoreError| error)
            .unwrap();
        assert_eq!(row.of("it").text("it").unwrap(), *expected);
    }
}

#[tokio::test]
async fn each_step_keeps_what_was_there_before() {
    for db in Db::all().await {
        let store = db.open().await;
        assert_eq!(store.schema_version().await.unwrap(), 0);
        for version in 1..=usize::try_from(SCHEMA_VERSION).unwrap() {
            let number = i64::try_from(version).unwrap();
            let applied = store.migrate_to(number).await.unwrap();
            assert_eq!(applied.iter().map(|step| step.version).collect::<Vec<_>>(), [number]);
            read_back(&store, version - 1).await;
            assert_eq!(run(&store, ROWS[version - 1].0, vec![key()]).await.unwrap(), 1);
            read_back(&store, version).await;
            assert_eq!(store.schema_version().await.unwrap(), number);
        }
        assert_eq!(store.migrate().await.unwrap(), []);
        db.drop().await;
    }
}

#[tokio::test]
async fn a_step_may_run_twice() {
    for db in Db::all().await {
        let store = db.open().await;
        for version in 1..=SCHEMA_VERSION {
            store.migrate_to(version).await.unwrap();
            assert_eq!(run(&store, "DELETE FROM migration WHERE version = $1", vec![version.into()]).await.unwrap(), 1);
            assert_eq!(store.migrate_to(version).await.unwrap().len(), 1);
        }
        db.drop().await;
    }
}

#[tokio::test]
async fn engagements_of_before_become_their_first_spell() {
    for db in Db::all().await {
        let store = db.open().await;
        store.migrate_to(SCHEMA_VERSION_BEFORE_SPELLS).await.unwrap();
        run(&store, ROWS[0].0, vec![key()]).await.unwrap();
        let sql = "INSERT INTO engagement (id, person, kind, source, source_key, zone, first_day, leave, rescinded, version) \
             VALUES ($1, $1, 'employee', 'hr', 'E1', 'UTC', '2026-01-01', '{\"from\":\"2026-02-01\",\"until\":null}', 0, 3)";
        run(&store, sql, vec![key()]).await.unwrap();
        store.migrate().await.unwrap();
        let source = "hr".parse().unwrap();
        let found = store
            .read(move |tx| Box::pin(async move { tenure_store::engagements::find_by_key(tx, &source, "E1").await }));
        let found = found.await.map_err(|error: StoreError| error).unwrap().unwrap();
        assert_eq!((found.spell, found.version, found.leaves.len()), (1, 3, 1));
        db.drop().await;
    }
}

#[tokio::test]
async fn a_newer_or_an_edited_schema_is_refused() {
    for db in Db::all().await {
        let store = db.open().await;
        store.migrate().await.unwrap();
        run(&store, "UPDATE migration SET hash = 'other' WHERE version = 2", vec![]).await.unwrap();
        let refused = store.migrate().await.unwrap_err();
        assert!(matches!(refused, MigrateError::Changed { version: 2, .. }), "{refused:?}");
        assert!(matches!(store.schema_version().await, Err(MigrateError::Changed { .. })));
        run(&store, "DELETE FROM migration WHERE version = 2", vec![]).await.unwrap();
        run(&store, "INSERT INTO migration (version, name, hash) VALUES (99, 'later', '')", vec![]).await.unwrap();
        let refused = store.migrate().await.unwrap_err();
        let expected =
            format!("the database has schema 99 and this program knows {SCHEMA_VERSION}; use the newer program");
        assert_eq!(refused.to_string(), expected);
        db.drop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_migrate_at_once() {
    for db in Db::all().await {
        if db.kind == Kind::Memory {
            continue;
        }
        let (one, two) = (db.open().await, db.open().await);
        let ended = join_all([one.migrate(), two.migrate()]).await;
        let steps: usize = ended.into_iter().map(|applied| applied.unwrap().len()).sum();
        assert_eq!(steps, usize::try_from(SCHEMA_VERSION).unwrap());
        db.drop().await;
    }
}
