//! The journal: all or nothing, fenced, numbered, and each letter once.

use std::time::Duration;

use futures::future::join_all;
use jiff::ToSpan;
use tenure_engine::journal::{
    Commit, CommitError, Definition, Journal, LaneRow, Letter, Ownership, Parent, RecordRow, RunRow, RunStatus,
    Snapshot, TimerRow, Urgency, partition_of,
};
use tenure_model::{NodeId, RunId};
use tenure_store::journal::{Attachment, StoreJournal, letters_of, send};
use tenure_store::runs::{self, RunFilter};
use tenure_store::{DatabaseUrl, Store, StoreError, StoreLimits, accounts, ledger};

use crate::world::{account, each_db, new, now};

pub fn run(lane: &str, status: RunStatus) -> RunRow {
    RunRow {
        id: new(),
        lane: lane.into(),
        partition: partition_of(lane),
        generation: 1,
        definition: "d1".into(),
        name: "leaver".into(),
        urgency: Urgency::Normal,
        status,
        note: String::new(),
        seq: 1,
        parent: None,
        started_at: now(),
        updated_at: now(),
    }
}

fn record(run: RunId, seq: i64) -> RecordRow {
    RecordRow { run, seq, at: now(), body: format!("{{\"n\":{seq}}}") }
}

fn letter(run: &RunRow, external: &str, urgency: Urgency) -> Letter {
    Letter {
        run: run.id,
        partition: run.partition,
        urgency,
        source: "api".into(),
        external: external.into(),
        body: "{}".into(),
        at: now(),
    }
}

async fn post(store: &Store, letters: Vec<Letter>) -> Vec<bool> {
    let sent: Result<_, StoreError> = store.write(move |tx| Box::pin(async move { send(tx, &letters).await })).await;
    sent.unwrap()
}

async fn owned(journal: &StoreJournal, node: NodeId) -> Vec<Ownership> {
    journal.claim(node, (0..64).collect(), now(), Duration::from_secs(10)).await.unwrap()
}

fn all() -> Vec<u16> {
    (0..64).collect()
}

#[tokio::test]
async fn what_is_committed_is_read_back() {
    each_db(async |store| {
        let journal = StoreJournal::new(store.clone());
        let fence = owned(&journal, new()).await;
        assert_eq!(fence.len(), 64);
        let mut first = run("person/ada", RunStatus::Waiting);
        first.parent = Some(Parent { run: new(), lane: "l".into(), node: "n".into() });
        first.seq = 5;
        let timer = TimerRow { due: now() + 1.hour(), run: first.id, node: "wait".into(), partition: first.partition };
        let lane = LaneRow {
            lane: first.lane.clone(),
            partition: first.partition,
            generation: 1,
            live: Some(first.id),
            queued: vec![new(), new()],
        };
        let definition = Definition { hash: "d1".into(), name: "leaver".into(), body: "{}".into() };
        journal
            .commit(Commit {
                fence,
                definitions: vec![definition.clone(), definition.clone()],
                runs: vec![run("person/ada", RunStatus::Done), first.clone(), first.clone()],
                records: (1..=5).map(|seq| record(first.id, seq)).collect(),
                snapshots: vec![Snapshot { run: first.id, seq: 3, body: "{}".into() }],
                timers_set: vec![timer.clone()],
                lanes: vec![lane.clone()],
                letters: vec![letter(&first, "a", Urgency::Bulk)],
                ..Commit::new()
            })
            .await
            .unwrap();
        let loaded = journal.load(vec![new(), first.id]).await.unwrap();
        assert_eq!(loaded.len(), 1);
        assert_eq!(loaded[0].row, first);
        assert_eq!(loaded[0].snapshot.as_ref().map(|snapshot| snapshot.seq), Some(3));
        assert_eq!(loaded[0].records, [record(first.id, 4), record(first.id, 5)]);
        assert_eq!(journal.definition("d1".into()).await.unwrap(), Some(definition));
        assert_eq!(journal.definition("d2".into()).await.unwrap(), None);
        assert_eq!(journal.lanes(vec!["no".into(), "person/ada".into(), "nor".into()]).await.unwrap(), [lane]);
        assert_eq!(journal.next_due(all()).await.unwrap(), Some(timer.due));
        assert_eq!(journal.due(all(), now(), 10).await.unwrap(), []);
        assert_eq!(journal.due(all(), timer.due, 10).await.unwrap(), [timer.clone()]);
        assert_eq!(journal.inbox(all(), Urgency::Urgent, usize::MAX).await.unwrap().len(), 1);
        let cleared = Commit { timers_cleared: vec![(first.id, "wait".into())], ..Commit::new() };
        journal.commit(cleared).await.unwrap();
        assert_eq!(journal.next_due(all()).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_commit_under_an_old_epoch_is_refused_as_a_whole() {
    each_db(async |store| {
        let journal = StoreJournal::new(store.clone());
        let (old, other): (NodeId, NodeId) = (new(), new());
        let before = owned(&journal, old).await;
        assert_eq!(owned(&journal, other).await, [], "a lease that runs is not taken");
        let later = now() + 11.seconds();
        let after = journal.claim(other, (0..10).collect(), later, Duration::from_secs(10)).await.unwrap();
        assert_eq!(after.len(), 10);
        assert!(after.iter().all(|held| held.epoch == 2), "{after:?}");
        let row = run("x", RunStatus::Running);
        let commit = Commit { fence: before.clone(), runs: vec![row.clone()], ..Commit::new() };
        let refused = journal.commit(commit).await.unwrap_err();
        assert!(matches!(refused, CommitError::Fenced { partition: 0 }), "{refused:?}");
        assert_eq!(journal.load(vec![row.id]).await.unwrap(), []);
        // What it still holds it may still write to.
        let commit = Commit { fence: before[10..].to_vec(), runs: vec![row.clone()], ..Commit::new() };
        journal.commit(commit).await.unwrap();
        journal.release(other).await.unwrap();
        let again = journal.claim(old, (0..64).collect(), later, Duration::from_secs(10)).await.unwrap();
        assert_eq!(again.iter().map(|held| held.epoch).collect::<Vec<_>>()[..11], [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1]);
    })
    .await;
}

#[tokio::test]
async fn a_record_number_is_given_once() {
    each_db(async |store| {
        let journal = StoreJournal::new(store.clone());
        let row = run("x", RunStatus::Running);
        journal.commit(Commit { records: vec![record(row.id, 1)], ..Commit::new() }).await.unwrap();
        let again = Commit { runs: vec![row.clone()], records: vec![record(row.id, 1)], ..Commit::new() };
        let refused = journal.commit(again).await.unwrap_err();
        assert!(matches!(refused, CommitError::Unavailable(_)), "{refused:?}");
        assert_eq!(journal.load(vec![row.id]).await.unwrap(), []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_is_taken_once_and_urgent_ones_come_first() {
    each_db(async |store| {
        let journal = StoreJournal::new(store.clone());
        let row = run("x", RunStatus::Running);
        let (late, soon) = (letter(&row, "1", Urgency::Normal), letter(&row, "2", Urgency::Urgent));
        assert_eq!(post(&store, vec![late.clone(), soon.clone(), late.clone()]).await, [true, true, false]);
        let repeats =
            join_all((0..20).map(|_| post(&store, vec![late.clone(), letter(&row, "3", Urgency::Bulk)]))).await;
        assert_eq!(repeats.iter().filter(|sent| sent[1]).count(), 1);
        assert!(repeats.iter().all(|sent| !sent[0]));
        let waiting = journal.inbox(all(), Urgency::Urgent, 100).await.unwrap();
        let order: Vec<Urgency> = waiting.iter().map(|row| row.urgency).collect();
        assert_eq!(order, [Urgency::Urgent, Urgency::Normal, Urgency::Bulk]);
        let done = Commit { inbox_done: vec![waiting[0].seq, waiting[1].seq, waiting[0].seq], ..Commit::new() };
        journal.commit(done).await.unwrap();
        assert_eq!(journal.inbox(all(), Urgency::Urgent, 100).await.unwrap(), waiting[2..]);
        assert_eq!(journal.inbox(vec![row.partition + 1], Urgency::Urgent, 100).await.unwrap(), []);
        assert_eq!(post(&store, vec![soon]).await, [false], "one that was taken in is still known");
        let id = row.id;
        for (most, counted) in [(2, 2), (10, 3)] {
            let sent = store.read(move |tx| Box::pin(letters_of(tx, id, most))).await;
            assert_eq!(sent.map_err(|error: StoreError| error).unwrap(), counted, "of at most {most}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_refused_attachment_is_named_and_takes_everything_with_it() {
    each_db(async |store| {
        let journal = StoreJournal::new(store.clone());
        let good = account("ada");
        let stale = tenure_model::Account { version: 7, ..good.clone() };
        let row = run("x", RunStatus::Running);
        let draft = ledger::Draft { id: tenure_model::Id::uuid(new::<RunId>()), at: now(), body: "{}".into() };
        let commit = Commit {
            runs: vec![row.clone()],
            attachments: vec![
                Attachment::Ledger(draft.clone()),
                Attachment::Account(Box::new(good.clone())),
                Attachment::Account(Box::new(stale)),
            ],
            ..Commit::new()
        };
        let refused = journal.commit(commit).await.unwrap_err();
        assert!(matches!(refused, CommitError::Attachment { index: 2, .. }), "{refused:?}");
        assert_eq!(journal.load(vec![row.id]).await.unwrap(), []);
        let attachments = vec![Attachment::Ledger(draft.clone()), Attachment::Account(Box::new(good.clone()))];
        journal.commit(Commit { runs: vec![row.clone()], attachments, ..Commit::new() }).await.unwrap();
        let id = good.id;
        let seen = store
            .read(move |tx| Box::pin(async move { Ok((accounts::get(tx, id).await?, ledger::unsealed(tx, 9).await?)) }))
            .await
            .map_err(|error: StoreError| error)
            .unwrap();
        assert_eq!(seen, (Some(good.clone()), vec![draft]));
    })
    .await;
}

#[tokio::test]
async fn runs_are_listed_and_counted() {
    each_db(async |store| {
        let journal = StoreJournal::new(store.clone());
        let mut rows: Vec<RunRow> = (0..20)
            .map(|number| {
                let status = if number % 2 == 0 { RunStatus::Running } else { RunStatus::Waiting };
                let mut row = run(&format!("lane{}", number % 5), status);
                row.name = if number % 4 < 2 { "joiner".into() } else { "leaver".into() };
                row
            })
            .collect();
        let tally = rows.iter().map(|row| (row.status, 1)).collect();
        journal.commit(Commit { runs: rows.clone(), tally, ..Commit::new() }).await.unwrap();
        let mut tally = Vec::new();
        for row in &mut rows[..6] {
            tally.extend([(row.status, -1), (RunStatus::Done, 1)]);
            row.status = RunStatus::Done;
            row.seq += 1;
        }
        rows[7].definition = "d2".into();
        journal.commit(Commit { runs: rows[..8].to_vec(), tally, ..Commit::new() }).await.unwrap();
        rows.reverse();
        let filters = [
            RunFilter::default(),
            RunFilter { status: Some(RunStatus::Running), ..RunFilter::default() },
            RunFilter { lane: Some("lane3".into()), ..RunFilter::default() },
            RunFilter { name: Some("leaver".into()), ..RunFilter::default() },
            RunFilter { name: Some("joiner".into()), status: Some(RunStatus::Waiting), ..RunFilter::default() },
            RunFilter { since: Some(now()), ..RunFilter::default() },
        ];
        for filter in filters {
            let expected: Vec<&RunRow> = rows
                .iter()
                .filter(|row| filter.status.is_none_or(|status| status == row.status))
                .filter(|row| filter.lane.as_ref().is_none_or(|lane| *lane == row.lane))
                .filter(|row| filter.name.as_ref().is_none_or(|name| *name == row.name))
                .filter(|_| filter.since.is_none())
                .collect();
            let mut found = Vec::new();
            loop {
                let (filter, before) = (filter.clone(), found.last().map(|row: &RunRow| row.id));
                let page = store
                    .read(move |tx| Box::pin(async move { runs::list(tx, &filter, before, 3).await }))
                    .await
                    .map_err(|error: StoreError| error)
                    .unwrap();
                if page.is_empty() {
                    break;
                }
                found.extend(page);
            }
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
        }
        let counts = store.read(|tx| Box::pin(runs::counts_by_status(tx))).await.map_err(|error: StoreError| error);
        let counts: Vec<(RunStatus, i64)> = counts.unwrap().into_iter().filter(|(_, runs)| *runs != 0).collect();
        assert_eq!(counts, [(RunStatus::Running, 7), (RunStatus::Waiting, 7), (RunStatus::Done, 6)]);
        let lane = partition_of("lane3");
        let active = journal.active_runs(vec![lane], None, 100).await.unwrap();
        let mut expected: Vec<RunId> = rows
            .iter()
            .filter(|row| row.partition == lane && row.status == RunStatus::Running)
            .map(|row| row.id)
            .collect();
        expected.sort();
        assert_eq!(active, expected);
        assert_eq!(journal.active_runs(vec![lane], Some(active[0]), 100).await.unwrap(), expected[1..]);
    })
    .await;
}

/// A process that died held leases; the next one on the same file does not wait for them, and
/// two at the same time are refused.
#[tokio::test]
async fn one_process_works_on_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let url: DatabaseUrl = format!("sqlite:{}", folder.path().join("t.db").display()).parse().unwrap();
    let first = Store::open(&url, StoreLimits::default()).await.unwrap();
    first.migrate().await.unwrap();
    first.work_alone().await.unwrap();
    first.work_alone().await.expect("who holds it may ask again");
    let (dead, next): (NodeId, NodeId) = (new(), new());
    assert_eq!(owned(&StoreJournal::new(first.clone()), dead).await.len(), 64);
    let second = Store::open(&url, StoreLimits::default()).await.unwrap();
    let refused = second.work_alone().await.unwrap_err().to_string();
    assert!(refused.contains("another process works on") && refused.contains("PostgreSQL"), "{refused}");
    assert_eq!(owned(&StoreJournal::new(second.clone()), next).await, [], "the leases of the living stand");
    drop(first);
    second.work_alone().await.unwrap();
    let held = owned(&StoreJournal::new(second), next).await;
    assert_eq!(held.iter().map(|own| own.epoch).collect::<Vec<_>>(), [2; 64]);
}
