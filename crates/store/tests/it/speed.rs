//! How long the engine's usual commit takes. Run it by name; it promises nothing to the others.

use std::time::Duration;

use tenure_engine::journal::{Commit, Journal, Letter, RecordRow, RunRow, RunStatus, Urgency, partition_of};
use tenure_model::{Clock, SystemClock};
use tenure_store::StoreError;
use tenure_store::journal::{StoreJournal, send};

use crate::world::{Db, new, now};

const ROWS: usize = 512;
const COMMITS: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, not a promise"]
async fn a_commit_of_512_runs_records_and_letters() {
    let clock = SystemClock::new();
    for db in Db::all().await {
        let store = db.open().await;
        store.migrate().await.unwrap();
        let journal = StoreJournal::new(store.clone());
        let fence = journal.claim(new(), (0..64).collect(), now(), Duration::from_mins(1)).await.unwrap();
        let mut rows: Vec<RunRow> = Vec::new();
        let mut times = Vec::new();
        for round in 0..COMMITS {
            if round % 3 == 0 {
                rows = (0..ROWS).map(|number| row(&format!("person/{round}/{number}"))).collect();
            }
            let letters: Vec<Letter> = rows.iter().map(|row| letter(row, round)).collect();
            let sent: Result<_, StoreError> =
                store.write(move |tx| Box::pin(async move { send(tx, &letters).await })).await;
            assert_eq!(sent.unwrap().len(), ROWS);
            let inbox = journal.inbox((0..64).collect(), Urgency::Urgent, ROWS).await.unwrap();
            for row in &mut rows {
                row.seq += 1;
                row.status = [RunStatus::Running, RunStatus::Running, RunStatus::Done][round % 3];
            }
            let body = "x".repeat(256);
            let records = rows.iter().map(|row| RecordRow { run: row.id, seq: row.seq, at: now(), body: body.clone() });
            let commit = Commit {
                fence: fence.clone(),
                runs: rows.clone(),
                records: records.collect(),
                inbox_done: inbox.iter().map(|row| row.seq).collect(),
                ..Commit::new()
            };
            let before = clock.elapsed();
            journal.commit(commit).await.unwrap();
            times.push(clock.elapsed().saturating_sub(before));
        }
        times.sort();
        println!(
            "{:?}: p50 {:?}, p90 {:?}, max {:?}",
            db.kind,
            times[COMMITS / 2],
            times[COMMITS * 9 / 10],
            times[COMMITS - 1]
        );
        db.drop().await;
    }
}

fn row(lane: &str) -> RunRow {
    RunRow {
        id: new(),
        lane: lane.into(),
        partition: partition_of(lane),
        generation: 1,
        definition: "d1".into(),
        name: "leaver".into(),
        urgency: Urgency::Normal,
        status: RunStatus::Running,
        note: String::new(),
        seq: 0,
        parent: None,
        started_at: now(),
        updated_at: now(),
    }
}

fn letter(row: &RunRow, round: usize) -> Letter {
    Letter {
        run: row.id,
        partition: row.partition,
        urgency: Urgency::Normal,
        source: "engine".into(),
        external: format!("{}/{round}", row.lane),
        body: "y".repeat(200),
        at: now(),
    }
}
