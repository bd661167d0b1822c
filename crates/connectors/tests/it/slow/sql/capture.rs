//! What changed since a token, by the log of a real PostgreSQL.

use serde_json::json;
use tenure_connect::{AnyConnector, ChangeFeed, ChangeToken, Changed, Changes, ObjectClass, RefusalClass};
use tenure_connectors::sql::SqlConnector;
use tenure_testkit::postgresql::Postgresql;

use super::{Peer, connector};

const SLOT: &str = "tenure_people";

/// A database with the tables of the tests, and a slot if it is wanted.
async fn peer(slot: bool) -> (Peer, SqlConnector) {
    let peer = Peer::Postgresql(Postgresql::start().await).with_tables();
    if slot {
        peer.sql(&format!("SELECT pg_create_logical_replication_slot('{SLOT}', 'test_decoding')"));
    }
    let mut settings = peer.settings();
    settings["accounts"]["slot"] = json!(SLOT);
    (peer, connector(settings))
}

/// What is told, as `name` or `-id`, and where to go on.
async fn since(sql: &dyn AnyConnector, token: &ChangeToken) -> (Vec<String>, ChangeToken) {
    match sql.changes(ObjectClass::Account, Some(token)).await.unwrap() {
        Changes::Since { changed, next, .. } => {
            let name = |one: Changed| match one {
                Changed::Now(seen) => seen.account().unwrap().name.clone(),
                Changed::Gone(id) => format!("-{id}"),
            };
            (changed.into_iter().map(name).collect(), next)
        }
        Changes::Reset { why } => panic!("{why}"),
    }
}

async fn now(sql: &dyn AnyConnector) -> ChangeToken {
    match sql.changes(ObjectClass::Account, None).await.unwrap() {
        Changes::Since { next, .. } => next,
        Changes::Reset { why } => panic!("{why}"),
    }
}

#[tokio::test]
async fn what_was_made_changed_or_vanished_is_told_once_and_again_for_the_same_token() {
    let (peer, sql) = peer(true).await;
    assert_eq!(sql.describe().feed(ObjectClass::Account), ChangeFeed::Precise);
    peer.sql("INSERT INTO people (username, active) VALUES ('before', true)");
    let token = now(&sql).await;
    assert_eq!(since(&sql, &token).await.0, Vec::<String>::new(), "what was there before was told");
    peer.sql(
        "INSERT INTO people (username, title, active) VALUES ('ada', 'it''s id[bigint]:99 ', true), ('bob', '', true)",
    );
    peer.sql("UPDATE people SET title = 'x' WHERE username = 'ada'");
    peer.sql("BEGIN; INSERT INTO people (username, active) VALUES ('never', true); ROLLBACK");
    let (told, next) = since(&sql, &token).await;
    assert_eq!(told, ["ada", "bob"]);
    assert_eq!(since(&sql, &token).await.0, told, "the same token told something else");
    assert_eq!(since(&sql, &next).await.0, Vec::<String>::new());

    // What is held, a list, and a deletion.
    peer.sql("INSERT INTO person_roles SELECT p.id, r.id FROM people p, roles r WHERE p.username = 'bob' AND r.name = 'staff'");
    peer.sql("INSERT INTO phones SELECT id, '1' FROM people WHERE username = 'before'");
    let gone = peer.sql("SELECT id FROM people WHERE username = 'ada'").trim().to_owned();
    peer.sql("DELETE FROM people WHERE username = 'ada'");
    let (told, last) = since(&sql, &next).await;
    assert_eq!(told, ["bob".to_owned(), "before".to_owned(), format!("-{gone}")]);

    // The log before `last` is let go now; who asks from further back is told so.
    since(&sql, &last).await;
    let reset = sql.changes(ObjectClass::Account, Some(&next)).await.unwrap();
    assert!(matches!(&reset, Changes::Reset { why } if why.contains("does not go back")), "{reset:?}");
    peer.sql("TRUNCATE phones");
    let reset = sql.changes(ObjectClass::Account, Some(&last)).await.unwrap();
    assert!(matches!(&reset, Changes::Reset { why } if why.contains("emptied")), "{reset:?}");
    let strange = sql.changes(ObjectClass::Account, Some(&ChangeToken::new("rubbish"))).await.unwrap();
    assert!(matches!(strange, Changes::Reset { .. }));
}

#[tokio::test]
async fn a_slot_that_is_not_there_is_named_with_the_way_to_make_it() {
    let (_peer, sql) = peer(false).await;
    let refused = sql.changes(ObjectClass::Account, None).await.unwrap_err();
    assert_eq!(refused.class, RefusalClass::Invalid);
    assert!(refused.message.contains("pg_create_logical_replication_slot('tenure_people'"), "{refused}");
}
