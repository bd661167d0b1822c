//! A SQLite file that is full, locked, read-only, away, or damaged at its end.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use serde_json::Value as Json;
use tenure_engine::journal::RunStatus;
use tenure_store::{Store, StoreError, StoreLimits};

use super::{Works, World, file, impatient};

/// Runs whose first step is under way and cannot end yet.
async fn held(works: &Works, world: &World, count: usize) -> Vec<tenure_model::RunId> {
    world.close();
    let mut runs = Vec::new();
    for _ in 0..count {
        runs.push(works.begin("line", Json::Null).await.unwrap());
    }
    for run in &runs {
        works.until(*run, RunStatus::Running).await;
    }
    runs
}

async fn execute(works: &Works, sql: &'static str, values: Vec<tenure_store::Param>) -> Result<u64, StoreError> {
    works.store.write(move |tx| Box::pin(async move { tx.execute(sql, &values).await })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_database() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let limits = StoreLimits { sqlite_pages_max: Some(1_000), ..impatient() };
    let works = Works::start(&file(&folder), limits, &world).await;
    let runs = held(&works, &world, 20).await;
    let (mut number, mut told) = (0, false);
    for size in [100_000, 1_000, 10] {
        loop {
            number += 1;
            let values = vec![format!("ballast-{number}").into(), "x".repeat(size).into()];
            match execute(&works, "INSERT INTO setting (name, body) VALUES ($1, $2)", values).await {
                Ok(_) => assert!(number < 10_000, "it is never full"),
                Err(StoreError::Full(_)) => {
                    // A small write of the engine may have found room since.
                    told |= matches!(works.store.trouble(), Some(StoreError::Full(_)));
                    break;
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    assert!(told);
    let refused = works.begin("line", "y".repeat(5_000).into()).await.unwrap_err();
    assert_eq!(refused.to_string(), "the database has no room left; free some space or raise its limit");
    world.open();
    works.until_answers(false).await;
    for run in &runs {
        let row = works.row(*run).await.unwrap().unwrap();
        assert!(!row.status.is_closed(), "{row:?}");
    }
    execute(&works, "DELETE FROM setting WHERE name LIKE 'ballast-%'", Vec::new()).await.unwrap();
    works.keeps(&runs, &world).await;
    works.begin("line", Json::Null).await.unwrap();
    assert!(works.store.trouble().is_none(), "{:?}", works.store.trouble());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_process_holds_locked() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let works = Works::start(&file(&folder), impatient(), &world).await;
    let runs = held(&works, &world, 20).await;
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", "faults::database::the_other_process"])
        .env("HOLD", folder.path().join("tenure.db"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("locked")));
    let refused = works.begin("line", Json::Null).await.unwrap_err();
    assert_eq!(refused.to_string(), "the database is busy with others; try again");
    world.open();
    works.until_answers(false).await;
    drop(other.stdin.take());
    other.wait().unwrap();
    works.keeps(&runs, &world).await;
}

/// Not a test: what the other process does. It lets go when its standard input is closed.
#[test]
#[ignore = "the other process of the test above"]
#[expect(clippy::disallowed_methods, reason = "it is told by its environment which file to hold")]
fn the_other_process() {
    let Ok(path) = std::env::var("HOLD") else { return };
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    println!("locked");
    std::io::stdout().flush().unwrap();
    std::io::stdin().lines().for_each(drop);
    connection.execute_batch("ROLLBACK").unwrap();
}

/// A version of the file format that may only be read stands for every reason not to write: the
/// rights of a file do not hold root, under which CI runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_may_only_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let works = Works::start(&file(&folder), impatient(), &world).await;
    let runs = held(&works, &world, 20).await;
    works.work.abort();
    drop(works);
    let path = folder.path().join("tenure.db");
    fold_log(&path).await;
    let whole = std::fs::read(&path).unwrap();
    let mut closed = whole.clone();
    closed[18] = 3;
    std::fs::write(&path, closed).unwrap();
    match Store::open(&file(&folder), impatient()).await {
        Ok(store) => {
            let refused = store.migrate().await.unwrap_err();
            assert!(chain(&refused).contains("read-only"), "{}", chain(&refused));
        }
        Err(refused) => assert!(chain(&refused).contains("readonly"), "{}", chain(&refused)),
    }
    std::fs::write(&path, whole).unwrap();
    world.open();
    let works = Works::start(&file(&folder), impatient(), &world).await;
    works.keeps(&runs, &world).await;
    works.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_goes_away_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let works = Works::start(&file(&folder), impatient(), &world).await;
    let runs = held(&works, &world, 20).await;
    let (path, away) = (folder.path().join("tenure.db"), folder.path().join("away.db"));
    std::fs::rename(&path, &away).unwrap();
    let refused = works.begin("line", Json::Null).await.unwrap_err();
    let said = format!("the database cannot be reached: `{}` is not the file that was opened", path.display());
    assert!(refused.to_string().starts_with(&said), "{refused}");
    world.open();
    works.until_answers(false).await;
    std::fs::rename(&away, &path).unwrap();
    works.keeps(&runs, &world).await;
    works.begin("line", Json::Null).await.unwrap();
}

/// What is on the disk when a process dies: everything that was written, nothing that was not.
/// Then the end of the log is damaged: flipped, cut, or gone as a whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_damaged_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let mut works = Works::start(&file(&folder), impatient(), &world).await;
    let (early, late) = (held(&works, &world, 5).await, held(&works, &world, 1).await);
    // Nothing is to be written after the last, such as a lease that is renewed.
    works.work.abort();
    assert!((&mut works.work).await.unwrap_err().is_cancelled());
    let last = execute(&works, "INSERT INTO setting (name, body) VALUES ('last', 'x')", Vec::new()).await;
    assert_eq!(last.unwrap(), 1);
    for (number, damage) in [Damage::Flipped, Damage::Cut, Damage::Emptied].into_iter().enumerate() {
        let dead = tempfile::tempdir().unwrap();
        for name in ["tenure.db", "tenure.db-wal", "tenure.db-shm"] {
            std::fs::copy(folder.path().join(name), dead.path().join(name)).unwrap();
        }
        let sound = tempfile::tempdir().unwrap();
        for name in ["tenure.db", "tenure.db-wal", "tenure.db-shm"] {
            std::fs::copy(dead.path().join(name), sound.path().join(name)).unwrap();
        }
        drop(Store::open(&file(&sound), impatient()).await.expect("an end without damage is no fault"));
        let log = dead.path().join("tenure.db-wal");
        let mut bytes = std::fs::read(&log).unwrap();
        damage.to(&mut bytes);
        std::fs::write(&log, bytes).unwrap();
        let refused = Store::open(&file(&dead), impatient()).await.unwrap_err().to_string();
        let said = format!("`{}` is damaged: ", log.display());
        assert!(
            refused.starts_with(&said) && refused.contains("that were acknowledged cannot be read back"),
            "{refused}"
        );
        let again = Store::open(&file(&dead), impatient()).await.unwrap_err().to_string();
        assert_eq!(again, refused, "asking twice repairs nothing in silence");
        if number < 2 {
            accept(&refused, &dead);
            goes_on(&dead, &early, &late).await;
        }
    }
}

/// Does what the message says for whoever wants to go on without what is lost.
fn accept(refused: &str, dead: &tempfile::TempDir) {
    let bytes: u64 = refused.rsplit_once(" bytes").unwrap().0.rsplit_once(' ').unwrap().1.parse().unwrap();
    std::fs::remove_file(dead.path().join("tenure.db-shm")).unwrap();
    let log = std::fs::OpenOptions::new().write(true).open(dead.path().join("tenure.db-wal")).unwrap();
    log.set_len(bytes).unwrap();
}

/// What was acknowledged before the damage is there and comes to its end.
async fn goes_on(dead: &tempfile::TempDir, early: &[tenure_model::RunId], late: &[tenure_model::RunId]) {
    let world = World::new();
    let works = Works::start(&file(dead), impatient(), &world).await;
    works.keeps(early, &world).await;
    works.keeps(late, &world).await;
    let gone = works.store.read(|tx| {
        Box::pin(async move { tx.query("SELECT name FROM setting WHERE name = 'last' ORDER BY name", &[]).await })
    });
    let gone: Result<Vec<_>, StoreError> = gone.await;
    assert!(gone.unwrap().is_empty(), "the last commit was the damaged one");
    works.stop().await;
}

/// What can happen to the end of a file.
enum Damage {
    Flipped,
    Cut,
    Emptied,
}

impl Damage {
    fn to(&self, log: &mut Vec<u8>) {
        let end = log.len();
        match self {
            // The last page.
            Self::Flipped => log[end - 4_096..].iter_mut().for_each(|byte| *byte = !*byte),
            Self::Cut => log.truncate(end - 100),
            Self::Emptied => log.clear(),
        }
    }
}

/// Brings everything from the log into the file, once nobody else has it open.
async fn fold_log(path: &std::path::Path) {
    for _ in 0..500 {
        let connection = rusqlite::Connection::open(path).unwrap();
        let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).unwrap();
        drop(connection);
        if busy == 0 {
            return;
        }
        tokio::time::sleep(super::LOOK).await;
    }
    panic!("{} is still in use", path.display());
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
