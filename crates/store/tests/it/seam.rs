//! The seam itself: groups, refusals, and what every statement is held to.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use tenure_engine::journal::{Commit, Journal, RecordRow};
use tenure_store::events::{self, Inserted};
use tenure_store::journal::StoreJournal;
use tenure_store::{DatabaseUrl, Param, Store, StoreError, StoreLimits, people};

use crate::world::{Db, Kind, each_db, event, new, person};

async fn names(store: &Store) -> Vec<String> {
    let people = store.read(|tx| Box::pin(people::list(tx, None, None, 1000))).await.map_err(|e: StoreError| e);
    people.unwrap().into_iter().map(|person| person.display_name).collect()
}

async fn add(store: &Store, name: &str) -> Result<(), StoreError> {
    let person = person(name, name);
    store.write(move |tx| Box::pin(async move { people::insert(tx, &person).await })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_job_does_not_hurt_its_neighbours() {
    each_db(async |store| {
        let jobs = (0..40).map(|number| {
            let store = store.clone();
            async move {
                let person = person(&format!("p{number:02}"), "E");
                store
                    .write(move |tx| {
                        Box::pin(async move {
                            people::insert(tx, &person).await?;
                            match number % 4 {
                                1 => Err(StoreError::AwaitedInTransaction),
                                2 => people::insert(tx, &person).await,
                                3 => panic!("planted"),
                                _ => Ok(()),
                            }
                        })
                    })
                    .await
            }
        });
        let ended = join_all(jobs).await;
        for (number, ended) in ended.iter().enumerate() {
            match (number % 4, ended) {
                (0, Ok(()))
                | (1, Err(StoreError::AwaitedInTransaction))
                | (2, Err(StoreError::Duplicate(_)))
                | (3, Err(StoreError::Panicked(_))) => {}
                other => panic!("{other:?}"),
            }
        }
        let expected: Vec<String> = (0..40).step_by(4).map(|number| format!("p{number:02}")).collect();
        assert_eq!(names(&store).await, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_the_world_within_a_transaction_is_refused() {
    for db in Db::all().await.into_iter().filter(|db| db.kind != Kind::Postgres) {
        let store = db.open().await;
        store.migrate().await.unwrap();
        let ended: Result<(), StoreError> = store
            .write(|tx| {
                Box::pin(async move {
                    people::insert(tx, &person("Ada", "E1")).await?;
                    std::future::pending().await
                })
            })
            .await;
        assert!(matches!(ended, Err(StoreError::AwaitedInTransaction)), "{ended:?}");
        assert!(names(&store).await.is_empty());
        add(&store, "Grace").await.unwrap();
        assert_eq!(names(&store).await, ["Grace"]);
    }
}

#[tokio::test]
async fn values_are_counted() {
    each_db(async |store| {
        for values in [vec![], vec!["a".into()], vec!["a".into(), "b".into(), "c".into()]] {
            let ended: Result<_, StoreError> = store
                .write(move |tx| {
                    Box::pin(
                        async move { tx.execute("INSERT INTO setting (name, body) VALUES ($1, $2)", &values).await },
                    )
                })
                .await;
            assert!(matches!(ended, Err(StoreError::Statement { .. })), "{ended:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn places_are_numbers_and_not_an_order() {
    each_db(async |store| {
        let row = store
            .write(|tx| {
                Box::pin(async move {
                    tx.execute("INSERT INTO setting (body, name) VALUES ($2, $1)", &["n".into(), "b".into()]).await?;
                    let sql = "SELECT name, body FROM setting WHERE body = $2 AND name = $1";
                    tx.query_one(sql, &["n".into(), "b".into()]).await
                })
            })
            .await
            .map_err(|error: StoreError| error)
            .unwrap();
        assert_eq!(row.of("setting").text("name").unwrap(), "n");
    })
    .await;
}

#[tokio::test]
async fn values_that_do_not_fit_are_refused_alike() {
    each_db(async |store| {
        let bad: [(&str, Param); 3] = [
            ("INSERT INTO run_tally (partition, status, runs) VALUES (1, 'a', $1)", "abc".into()),
            ("INSERT INTO setting (name, body) VALUES ('a', $1)", "nul\0nul".into()),
            ("INSERT INTO setting (name, body) VALUES ('a', $1)", Param::Null),
        ];
        for (sql, value) in bad {
            let ended: Result<_, StoreError> =
                store.write(move |tx| Box::pin(async move { tx.execute(sql, &[value]).await })).await;
            assert!(matches!(ended, Err(StoreError::Refused(_))), "{sql} {ended:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_transaction_is_over_after_a_failed_statement() {
    each_db(async |store| {
        let ended: Result<(), StoreError> = store
            .write(|tx| {
                Box::pin(async move {
                    people::insert(tx, &person("Ada", "E1")).await?;
                    let failed = tx.execute("INSERT INTO nowhere (a) VALUES (1)", &[]).await;
                    assert!(failed.is_err());
                    Ok(())
                })
            })
            .await;
        assert!(matches!(ended, Err(StoreError::Statement { .. })), "{ended:?}");
        assert!(names(&store).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_at_once_exactly_one_is_new() {
    each_db(async |store| {
        let fresh = AtomicUsize::new(0);
        join_all((0..50).map(async |_| {
            let event = event("hr-991");
            let inserted = store
                .write(move |tx| Box::pin(async move { events::insert_once(tx, &event).await }))
                .await
                .map_err(|error: StoreError| error)
                .unwrap();
            if inserted == Inserted::New {
                fresh.fetch_add(1, Ordering::SeqCst);
            }
        }))
        .await;
        assert_eq!(fresh.load(Ordering::SeqCst), 1);
    })
    .await;
}

#[tokio::test]
async fn a_reader_cannot_write() {
    each_db(async |store| {
        let person = person("Ada", "E1");
        let ended: Result<(), StoreError> =
            store.read(move |tx| Box::pin(async move { people::insert(tx, &person).await })).await;
        assert!(matches!(ended, Err(StoreError::Unwritable(_))), "{ended:?}");
        add(&store, "Grace").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_full_database_says_so_and_goes_on() {
    let db = Db::file();
    db.open().await.migrate().await.unwrap();
    let store = db.open_with(StoreLimits { sqlite_pages_max: Some(200), ..StoreLimits::default() }).await;
    let mut last = Ok(());
    for number in 0..1000 {
        last = add(&store, &format!("{number} {}", "x".repeat(2000))).await;
        if last.is_err() {
            break;
        }
    }
    assert!(matches!(last, Err(StoreError::Full(_))), "{last:?}");
    assert!(!names(&store).await.is_empty());
}

#[tokio::test]
async fn a_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let db = Db::file();
    db.open().await.migrate().await.unwrap();
    let DatabaseUrl::SqliteFile(path) = &db.url else { panic!() };
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_is_no_database_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "not a database, only some words that are long enough to look at".repeat(20)).unwrap();
    for url in [DatabaseUrl::SqliteFile(path), DatabaseUrl::SqliteFile(folder.path().join("none/x.db"))] {
        let error = Store::open(&url, StoreLimits::default()).await.unwrap_err();
        assert!(error.to_string().starts_with("cannot open the database at `"), "{error}");
    }
    let nobody: DatabaseUrl = "postgres://u:hush@127.0.0.1:1/x".parse().unwrap();
    let error = Store::open(&nobody, StoreLimits::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot open the database at `postgres://u@127.0.0.1:1/x`");
}

#[tokio::test]
async fn text_sorts_by_its_bytes_on_both() {
    each_db(async |store| {
        for name in ["b", "A", "a", "é", "Z", "ł", "_", "z"] {
            let values: [Param; 2] = [name.into(), "".into()];
            let written: Result<_, StoreError> = store
                .write(move |tx| {
                    Box::pin(
                        async move { tx.execute("INSERT INTO setting (name, body) VALUES ($1, $2)", &values).await },
                    )
                })
                .await;
            assert_eq!(written.unwrap(), 1);
        }
        let rows = store
            .read(|tx| Box::pin(async move { tx.query("SELECT name FROM setting ORDER BY name", &[]).await }))
            .await
            .map_err(|error: StoreError| error)
            .unwrap();
        let sorted: Vec<&str> = rows.iter().map(|row| row.of("setting").text("name").unwrap()).collect();
        assert_eq!(sorted, ["A", "Z", "_", "a", "b", "z", "é", "ł"]);
    })
    .await;
}

#[tokio::test]
async fn a_row_that_is_not_as_written_is_named() {
    each_db(async |store| {
        let ada = person("Ada", "E1");
        let id = ada.id;
        let error: StoreError = store
            .write(move |tx| {
                Box::pin(async move {
                    people::insert(tx, &ada).await?;
                    tx.execute("UPDATE person SET kind = 'robot'", &[]).await?;
                    people::get(tx, id).await
                })
            })
            .await
            .unwrap_err();
        let uuid = tenure_model::Id::uuid(id);
        let expected =
            format!("person holds a row that cannot be read: column kind of `{uuid}` is not a known word: `robot`");
        assert_eq!(error.to_string(), expected);
    })
    .await;
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_stop_the_transaction() {
    each_db(async |store| {
        let ada = person("Ada", "E1");
        let left = store.write(move |tx| Box::pin(async move { people::insert(tx, &ada).await }));
        assert!(futures::poll!(Box::pin(left)).is_pending() || !names(&store).await.is_empty());
        // Whatever became of it, the database takes the next job.
        add(&store, "Grace").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_server_that_may_lose_commits_is_refused() {
    for db in Db::all().await.into_iter().filter(|db| db.kind == Kind::Postgres) {
        let DatabaseUrl::Postgres(config) = &db.url else { panic!() };
        let mut careless = config.clone();
        careless.options(format!("{} -c synchronous_commit=off", config.get_options().unwrap()));
        let refused = Store::open(&DatabaseUrl::Postgres(careless), StoreLimits::default()).await.unwrap_err();
        let cause = std::error::Error::source(&refused).unwrap().to_string();
        assert!(
            cause.contains("answers `off` for synchronous_commit, and `on` or `remote_apply` is needed"),
            "{cause}"
        );
        db.drop().await;
    }
}

#[tokio::test]
async fn a_connection_that_dies_takes_only_its_own_transaction() {
    for db in Db::all().await.into_iter().filter(|db| db.kind == Kind::Postgres) {
        let store = db.open().await;
        store.migrate().await.unwrap();
        let ended: Result<(), StoreError> = store
            .write(|tx| {
                Box::pin(async move {
                    people::insert(tx, &person("Ada", "E1")).await?;
                    tx.execute("SELECT 1 FROM pg_stat_activity WHERE pg_terminate_backend(pg_backend_pid())", &[])
                        .await?;
                    Ok(())
                })
            })
            .await;
        assert!(matches!(ended, Err(StoreError::Unavailable { .. })), "{ended:?}");
        add(&store, "Grace").await.unwrap();
        assert_eq!(names(&store).await, ["Grace"]);
        db.drop().await;
    }
}

async fn written(store: &Store, run: tenure_model::RunId) -> Vec<i64> {
    let records = store.read(move |tx| Box::pin(tenure_store::runs::records(tx, run, 0, 1000))).await;
    records.map_err(|error: StoreError| error).unwrap().iter().map(|row| row.seq).collect()
}

/// Two nodes write to one server: while a commit stands on its fence, the owner does not change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fence_holds_until_the_commit() {
    each_db(async |store| {
        let journal = StoreJournal::new(store.clone());
        let (one, two): (tenure_model::NodeId, tenure_model::NodeId) = (new(), new());
        let lease = std::time::Duration::ZERO;
        let start = crate::world::now();
        let mine = journal.claim(one, (0..1).collect(), start, lease).await.unwrap();
        let run: tenure_model::RunId = new();
        let commits = (1..=200).map(async |seq| {
            let record = RecordRow { run, seq, at: start, body: "{}".into() };
            let ended = journal.commit(Commit { fence: mine.clone(), records: vec![record], ..Commit::new() }).await;
            (seq, ended.is_ok())
        });
        let later = start.checked_add(std::time::Duration::from_secs(1)).unwrap();
        let takeover = async {
            // A partition that is being written to at that moment is left for the next try.
            while journal.claim(two, (0..64).collect(), later, lease).await.unwrap().len() < 64 {}
            written(&store, run).await
        };
        let (ended, at_takeover) = futures::join!(join_all(commits), takeover);
        let mut told: Vec<i64> = ended.iter().filter(|(_, ok)| *ok).map(|(seq, _)| *seq).collect();
        told.sort_unstable();
        assert_eq!(written(&store, run).await, told, "what was told is what is there");
        assert_eq!(at_takeover, told, "nothing was written under the old epoch after the new owner came");
        assert!(journal.commit(Commit { fence: mine, ..Commit::new() }).await.is_err());
    })
    .await;
}

/// A commit that has passed its fence and then has to wait: nobody may take the partition now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_is_not_taken_between_the_fence_and_the_commit() {
    for db in Db::all().await.into_iter().filter(|db| db.kind == Kind::Postgres) {
        let store = db.open().await;
        store.migrate().await.unwrap();
        let journal = StoreJournal::new(store.clone());
        let start = crate::world::now();
        let mine = journal.claim(new(), (0..1).collect(), start, std::time::Duration::ZERO).await.unwrap();
        let ada = person("Ada", "E1");
        let changed = Box::new(tenure_model::Person { version: 2, ..ada.clone() });
        store
            .write(move |tx| Box::pin(async move { people::insert(tx, &ada).await }))
            .await
            .map_err(|e: StoreError| e)
            .unwrap();
        let (let_go, held) = tokio::sync::oneshot::channel::<()>();
        let holding = store.clone();
        let holder = tokio::spawn(async move {
            let job = holding.write(move |tx| {
                Box::pin(async move {
                    tx.execute("UPDATE person SET since = since", &[]).await?;
                    held.await.map_err(|_| StoreError::AwaitedInTransaction)
                })
            });
            job.await
        });
        // The holder must come first, or the commit would not have to wait.
        let held_rows =
            "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE 'UPDATE person%'";
        until_some(&store, held_rows).await;
        let attachments = vec![tenure_store::journal::Attachment::Person(changed)];
        let commit = Commit { fence: mine.clone(), attachments, ..Commit::new() };
        let committing = journal.clone();
        let commit = tokio::spawn(async move { committing.commit(commit).await });
        let waiting =
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE person SET kind%'";
        until_some(&store, waiting).await;
        let later = start.checked_add(std::time::Duration::from_secs(1)).unwrap();
        let taken = journal.claim(new(), (0..64).collect(), later, std::time::Duration::ZERO).await.unwrap();
        assert_eq!(taken.len(), 63, "a partition was taken under a commit");
        let_go.send(()).unwrap();
        holder.await.unwrap().unwrap();
        commit.await.unwrap().unwrap();
        db.drop().await;
    }
}

/// Asks until there is a row.
async fn until_some(store: &Store, sql: &'static str) {
    for _ in 0..10_000 {
        let rows = store.read(move |tx| Box::pin(async move { tx.query(sql, &[]).await })).await;
        if !rows.map_err(|error: StoreError| error).unwrap().is_empty() {
            return;
        }
    }
    panic!("it never came to: {sql}");
}
