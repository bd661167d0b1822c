//! What changed since a token, by the log of a real PostgreSQL.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tenure_connect::{AnyConnector, ChangeFeed, ChangeToken, Changed, Changes, ObjectClass, RefusalClass};
use tenure_connectors::sql::SqlConnector;
use tenure_testkit::postgresql::{PASSWORD, Postgresql};

use super::{Peer, connector};

pub const SLOT: &str = "tenure_people";
const POLLS_MAX: u32 = 500;
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A server with the tables of the tests, and what stands in it before a slot is made.
async fn peer(before: &str) -> Peer {
    let peer = Peer::Postgresql(Postgresql::start().await).with_tables();
    peer.sql(before);
    make_slot(&peer);
    peer
}

pub fn make_slot(peer: &Peer) {
    peer.sql(&format!("SELECT pg_create_logical_replication_slot('{SLOT}', 'test_decoding')"));
}

pub fn settings(peer: &Peer) -> Json {
    let mut settings = peer.settings();
    settings["accounts"]["slot"] = json!(SLOT);
    settings
}

fn captured(peer: &Peer) -> SqlConnector {
    connector(settings(peer))
}

/// What is told, as `name` or `-id`, and where to go on.
async fn since(sql: &dyn AnyConnector, token: &ChangeToken) -> (Vec<String>, ChangeToken) {
    match sql.changes(ObjectClass::Account, Some(token)).await.unwrap() {
        Changes::Since { changed, next, .. } => (changed.into_iter().map(name).collect(), next),
        Changes::Reset { why } => panic!("{why}"),
    }
}

fn name(one: Changed) -> String {
    match one {
        Changed::Now(seen) => seen.account().unwrap().name.clone(),
        Changed::Gone(id) => format!("-{id}"),
    }
}

async fn now(sql: &dyn AnyConnector) -> ChangeToken {
    match sql.changes(ObjectClass::Account, None).await.unwrap() {
        Changes::Since { next, .. } => next,
        Changes::Reset { why } => panic!("{why}"),
    }
}

/// Why everything must be read again.
async fn reset(sql: &dyn AnyConnector, token: &ChangeToken) -> String {
    match sql.changes(ObjectClass::Account, Some(token)).await.unwrap() {
        Changes::Reset { why } => why,
        Changes::Since { changed, .. } => panic!("no reset: {:?}", changed.into_iter().map(name).collect::<Vec<_>>()),
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..POLLS_MAX {
        if is_so() {
            return;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    panic!("it did not come to this: {what}");
}

#[tokio::test]
async fn what_was_made_changed_or_vanished_is_told_once_and_again_for_the_same_token() {
    let peer = peer("INSERT INTO people (username, active) VALUES ('before', true)").await;
    let sql = captured(&peer);
    assert_eq!(sql.describe().feed(ObjectClass::Account), ChangeFeed::Precise);
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
    assert!(reset(&sql, &next).await.contains("does not go back"));
    assert!(reset(&sql, &ChangeToken::new("rubbish")).await.contains("not of this connection"));
    assert!(reset(&sql, &ChangeToken::new("FFFFFFFF/0")).await.contains("ends before"));
}

#[tokio::test]
async fn what_was_emptied_as_a_whole_is_read_as_a_whole_and_only_once() {
    let peer = peer("INSERT INTO people (username, active) VALUES ('before', true)").await;
    let sql = captured(&peer);
    let mut token = now(&sql).await;
    for emptied in ["TRUNCATE phones", "TRUNCATE people CASCADE", "TRUNCATE roles, person_roles"] {
        peer.sql(emptied);
        peer.sql("INSERT INTO people (username, active) VALUES ('later', true) ON CONFLICT DO NOTHING");
        assert!(reset(&sql, &token).await.contains("was emptied as a whole"), "{emptied}");
        token = now(&sql).await;
        // What came after it may be told once more; that it was emptied may not.
        token = since(&sql, &token).await.1;
    }
}

#[tokio::test]
async fn a_token_survives_a_restart_of_the_server_and_of_ours() {
    let mut peer = peer("SELECT 1").await;
    let token = now(&captured(&peer)).await;
    peer.sql("INSERT INTO people (username, active) VALUES ('ada', true)");
    let (_, next) = since(&captured(&peer), &token).await;
    peer.sql("INSERT INTO people (username, active) VALUES ('bob', true)");
    let Peer::Postgresql(server) = &mut peer else { panic!("another server") };
    server.restart().await;
    assert_eq!(since(&captured(&peer), &next).await.0, ["bob"]);
}

#[tokio::test]
async fn more_than_a_page_is_told_page_by_page() {
    let peer = peer("SELECT 1").await;
    let sql = captured(&peer);
    let (mut token, mut all, mut asked) = (now(&sql).await, std::collections::BTreeSet::new(), 0);
    peer.sql(
        "DO $$ BEGIN FOR i IN 1..1500 LOOP INSERT INTO people (username, active) VALUES ('u' || i, true); COMMIT; END \
         LOOP; END $$",
    );
    loop {
        let answer = sql.changes(ObjectClass::Account, Some(&token)).await.unwrap();
        let Changes::Since { changed, next, more } = answer else { panic!("{answer:?}") };
        all.extend(changed.into_iter().map(name));
        (token, asked) = (next, asked + 1);
        if !more {
            break;
        }
    }
    assert_eq!(all.len(), 1_500);
    assert!(asked > 3, "all was told in {asked} pages");
}

#[tokio::test]
async fn a_slot_that_went_away_means_that_everything_is_read_and_is_named_with_the_way_to_make_it() {
    let peer = peer("SELECT 1").await;
    let sql = captured(&peer);
    let token = now(&sql).await;
    peer.sql(&format!("SELECT pg_drop_replication_slot('{SLOT}')"));
    peer.sql("INSERT INTO people (username, active) VALUES ('ada', true)");
    assert!(reset(&sql, &token).await.contains("there is no logical slot `tenure_people`"));
    let refused = sql.changes(ObjectClass::Account, None).await.unwrap_err();
    assert_eq!(refused.class, RefusalClass::Invalid);
    assert!(refused.message.contains("pg_create_logical_replication_slot('tenure_people'"), "{refused}");
    assert_eq!(sql.check().await.unwrap_err().message, refused.message);
    make_slot(&peer);
    assert!(reset(&sql, &token).await.contains("does not go back"), "what was missed was not noticed");
}

#[tokio::test]
async fn the_log_is_let_go_by_asking_and_check_tells_how_much_is_kept() {
    let peer = peer("CREATE TABLE other (filling text)").await;
    let sql = captured(&peer);
    let mut token = now(&sql).await;
    peer.sql("INSERT INTO other SELECT repeat(i::text, 400) FROM generate_series(1, 20000) i");
    let kept = || -> u64 {
        let said = peer.sql(&format!(
            "SELECT (pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) / 1048576)::bigint FROM pg_replication_slots \
             WHERE slot_name = '{SLOT}'"
        ));
        said.parse().unwrap()
    };
    let before = kept();
    assert!(before > 10, "{before} MiB");
    let told = sql.check().await.unwrap().peer;
    assert!(told.contains("the slot `tenure_people` keeps") && !told.contains("keeps 0 MiB"), "{told}");
    // Nothing of this is ours, and it is let go all the same.
    for _ in 0..20 {
        let (told, next) = since(&sql, &token).await;
        assert_eq!(told, Vec::<String>::new());
        token = next;
        if kept() < 2 {
            return;
        }
        peer.sql("CHECKPOINT");
    }
    panic!("{} of {before} MiB are kept though we asked", kept());
}

/// Lets the commits go on that wait, also when the test does not come to its end.
struct Released<'a>(&'a Peer, &'a AtomicBool);

impl Drop for Released<'_> {
    fn drop(&mut self) {
        self.1.store(true, Ordering::SeqCst);
        self.0.sql("ALTER SYSTEM RESET synchronous_standby_names");
        self.0.sql("SELECT pg_reload_conf()");
    }
}

/// A commit that is in the log and waits for a standby: nobody sees its rows yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_nobody_sees_yet_is_told_when_it_is_seen() {
    let peer = peer("SELECT 1").await;
    let sql = captured(&peer);
    let token = now(&sql).await;
    peer.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    peer.sql("SELECT pg_reload_conf()");
    let waits = || peer.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "1";
    // The server takes the setting over in its own time; before that a commit does not wait.
    let is_over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let writing = threads.spawn(|| {
            for number in 0..POLLS_MAX {
                peer.sql(&format!("INSERT INTO people (username, active) VALUES ('late-{number}', true)"));
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
            }
            panic!("no commit waited");
        });
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let released = Released(&peer, &is_over);
                until("a commit waits", waits).await;
                let (told, next) = since(&sql, &token).await;
                let seen = peer.sql("SELECT count(*) FROM people").parse::<usize>().unwrap();
                assert_eq!(told.len(), seen, "what nobody sees was told as gone, or what is there was not told");
                let fresh = now(&sql).await;
                drop(released);
                until("no commit waits", || !waits()).await;
                let (late, _) = since(&sql, &next).await;
                assert!(late.iter().any(|name| *name == format!("late-{seen}")), "{late:?}");
                // A reading that began with the other token did not see it either.
                assert!(place(&fresh) <= place(&next), "{fresh:?} is behind {next:?}");
            });
        });
        writing.join().unwrap();
    });
}

fn place(token: &ChangeToken) -> u64 {
    let (high, low) = token.as_str().split_once('/').unwrap();
    (u64::from_str_radix(high, 16).unwrap() << 32) | u64::from_str_radix(low, 16).unwrap()
}

#[tokio::test]
async fn what_is_not_fit_for_it_is_told_before_anything_is_missed() {
    let peer = peer("SELECT 1").await;
    let refused = async |settings: Json| connector(settings).check().await.unwrap_err();

    peer.sql(&format!("CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}'"));
    peer.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain");
    let mut plain = settings(&peer);
    plain["database"]["user"] = json!("plain");
    let told = refused(plain.clone()).await;
    assert_eq!(told.class, RefusalClass::Permission);
    assert!(told.message.contains("run `ALTER ROLE plain REPLICATION`"), "{told}");
    peer.sql("ALTER ROLE plain REPLICATION");
    connector(plain).check().await.unwrap();

    peer.sql("SELECT pg_create_logical_replication_slot('other', 'pgoutput')");
    let mut other = settings(&peer);
    other["accounts"]["slot"] = json!("other");
    assert!(refused(other).await.message.contains("speaks `pgoutput`"));

    peer.sql("ALTER TABLE phones DROP CONSTRAINT phones_pkey");
    let told = refused(settings(&peer)).await.message;
    assert!(told.contains("ALTER TABLE public.phones REPLICA IDENTITY FULL"), "{told}");
    peer.sql("ALTER TABLE phones REPLICA IDENTITY FULL");
    captured(&peer).check().await.unwrap();

    peer.sql("CREATE VIEW somebody AS SELECT * FROM people");
    let mut view = settings(&peer);
    view["accounts"]["table"] = json!("somebody");
    assert!(refused(view).await.message.contains("`somebody` is no table"));
}
