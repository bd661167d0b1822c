//! Runs that are too much: each is put aside by name, and the others go on.

use serde_json::{Value as Json, json};
use tenure_engine::journal::RunStatus;
use tenure_model::{RunEvent, RunId, SystemClock, SystemIds, new_id};
use tenure_store::StoreLimits;

use super::{Works, World, file};

async fn works(folder: &tempfile::TempDir) -> (Works, World) {
    let world = World::new();
    (Works::start(&file(folder), StoreLimits::default(), &world).await, world)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graph_that_loops_fails_its_run_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (works, world) = works(&folder).await;
    let (bad, good) = (works.begin("loop", Json::Null).await.unwrap(), works.begin("line", Json::Null).await.unwrap());
    let row = works.until(bad, RunStatus::Failed).await;
    assert_eq!(row.note, "its definition `loop` is not there or cannot be read");
    assert_eq!(world.of(bad), [0usize; 0]);
    works.keeps(&[good], &world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_always_fails_asks_for_a_human() {
    let folder = tempfile::tempdir().unwrap();
    let (works, world) = works(&folder).await;
    let bad = works.begin("never", Json::Null).await.unwrap();
    let row = works.until(bad, RunStatus::Blocked).await;
    assert_eq!(row.note, "a: the target says no");
    let good = works.begin("line", Json::Null).await.unwrap();
    works.keeps(&[good], &world).await;
    assert_eq!(works.until(bad, RunStatus::Blocked).await.seq, row.seq, "it is not tried for ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_to_keep_is_named_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (works, world) = works(&folder).await;
    let result = works.begin("much", Json::Null).await.unwrap();
    let row = works.until(result, RunStatus::Blocked).await;
    assert_eq!(row.note, "a: its result is 8388610 bytes; at most 262144 are kept");
    let good = works.begin("line", Json::Null).await.unwrap();
    works.keeps(&[good], &world).await;
    assert!(std::fs::metadata(folder.path().join("tenure.db-wal")).unwrap().len() < 4 << 20);
    let start = works.begin("line", Json::String("x".repeat(5 << 20))).await.unwrap();
    let row = works.until(start, RunStatus::Cancelled).await;
    assert!(row.note.contains("at most 4194304 are"), "{}", row.note);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_grows_too_large_is_held_and_can_be_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (works, world) = works(&folder).await;
    let large = works.begin("grow", Json::Null).await.unwrap();
    let row = works.until(large, RunStatus::Blocked).await;
    assert!(
        row.note.ends_with("bytes; at most 33554432 are kept") && row.note.contains("the run would hold"),
        "{}",
        row.note
    );
    let good = works.begin("line", Json::Null).await.unwrap();
    works.keeps(&[good], &world).await;
    works.tell(large, RunEvent::Cancel { by: "ada".to_owned(), reason: "too much".to_owned(), undo: false }).await;
    assert_eq!(works.until(large, RunStatus::Cancelled).await.note, "too much");
    let input = json!("x".repeat(5 << 20));
    let refused = works.begin("line", input).await.unwrap();
    let row = works.until(refused, RunStatus::Cancelled).await;
    assert!(row.note.contains("at most 4194304 are"), "{}", row.note);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_for_a_run_that_nobody_knows_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (works, world) = works(&folder).await;
    let nobody: RunId = new_id(&SystemIds::new(std::sync::Arc::new(SystemClock::new())));
    works.signal(nobody, "go", 0..10).await.unwrap();
    let good = works.begin("line", Json::Null).await.unwrap();
    works.keeps(&[good], &world).await;
    assert_eq!(works.row(nobody).await.unwrap(), None);
}

mod slow {
    use super::*;

    const SIGNALS: usize = 100_000;
    const BATCH: usize = 10_000;

    /// Past the door, which takes 10,000 for a run, as if there were none: they lie in the inbox on
    /// the disk, and of those that nobody waits for the run keeps 1,000.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_flood_of_signals_for_one_run_stays_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let (works, world) = works(&folder).await;
        world.close();
        let run = works.begin("listen", json!({})).await.unwrap();
        works.until(run, RunStatus::Running).await;
        let before = resident_mib();
        for batch in 0..SIGNALS / BATCH {
            works.signal(run, "noise", batch * BATCH..(batch + 1) * BATCH).await.unwrap();
        }
        works.signal(run, "go", 0..1).await.unwrap();
        world.open();
        works.until(run, RunStatus::Done).await;
        let good = works.begin("line", Json::Null).await.unwrap();
        works.keeps(&[good], &world).await;
        let grown = resident_mib() - before;
        assert!(grown < 200, "{grown} MiB more");
    }

    fn resident_mib() -> i64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<i64>().unwrap() / 1024
    }
}
