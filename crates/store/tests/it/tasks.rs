//! What humans are asked to do: one task of a key, lists by whom it is for, reminders.

use jiff::ToSpan as _;
use tenure_engine::journal::{Commit, Journal as _, RunStatus};
use tenure_model::{Choice, HumanTask, TaskEnd, TaskKind, TaskState};
use tenure_store::journal::StoreJournal;
use tenure_store::tasks::{self, TaskEntry, TaskFilter};
use tenure_store::{Store, StoreError};

use crate::journal::run;
use crate::world::{each_db, new, now};

fn task(key: &str, assignee: &str) -> HumanTask {
    HumanTask {
        id: new(),
        key: key.into(),
        kind: TaskKind::Work,
        title: "give a badge".into(),
        instructions: "at the desk".into(),
        assignee: assignee.parse().unwrap(),
        barred: ["ada".to_owned()].into(),
        outcomes: ["done", "refused"].map(|word| word.parse().unwrap()).into(),
        choices: vec![Choice { name: "ldap a".into(), says: "asked for".into() }],
        about: Some(new()),
        connection: Some("badges".parse().unwrap()),
        waits: Some(new()),
        opened_at: now(),
        due_at: Some(now() + 2.hours()),
        remind_at: Some(now() + 1.hours()),
        state: TaskState::Open,
        version: 1,
    }
}

async fn insert(store: &Store, task: &HumanTask) -> (HumanTask, bool) {
    let task = task.clone();
    let job = store.write(move |tx| Box::pin(async move { tasks::insert_once(tx, &task).await }));
    job.await.map_err(|error: StoreError| error).unwrap()
}

#[tokio::test]
async fn there_is_one_task_of_a_key_and_whoever_comes_second_is_given_it() {
    each_db(async |store| {
        let first = task("k1", "team:desk");
        assert_eq!(insert(&store, &first).await, (first.clone(), true));
        assert_eq!(insert(&store, &task("k1", "person:bob")).await, (first, false));
    })
    .await;
}

#[tokio::test]
async fn a_list_holds_what_is_for_those_who_ask_and_is_not_over() {
    each_db(async |store| {
        let (desk, bob, over) = (task("a", "team:desk"), task("b", "person:bob"), task("c", "team:desk"));
        for task in [&desk, &bob, &over] {
            insert(&store, task).await;
        }
        let closing = |by: &str| {
            let comment = Some("x".to_owned());
            let (by, instead_of, chosen) = (by.into(), Some("bob".into()), vec!["ldap a".to_owned()]);
            TaskEnd { outcome: None, by, via: None, instead_of, at: now(), comment, chosen }
        };
        let closed = over.clone().closed(closing("tenure")).unwrap();
        let job = store.write(move |tx| {
            Box::pin(async move {
                tasks::update(tx, &closed).await?;
                assert_eq!(tasks::get(tx, closed.id).await?, Some(closed.clone()));
                let again = tasks::update(tx, &closed).await;
                assert!(matches!(again, Err(StoreError::Conflict { .. })), "an old version was written over");
                let of = |assignees: Option<&[&str]>, closed| TaskFilter {
                    assignees: assignees.map(|all| all.iter().map(|one| (*one).to_owned()).collect()),
                    closed,
                };
                let mut found = Vec::new();
                for filter in [
                    of(None, false),
                    of(Some(&["team:desk"]), false),
                    of(Some(&["team:desk"]), true),
                    of(Some(&[]), true),
                ] {
                    let keys: String =
                        tasks::list(tx, &filter, None, 10).await?.into_iter().map(|task| task.key).collect();
                    found.push(keys);
                }
                assert_eq!(found, ["ab", "a", "ac", ""]);
                let mut late = tasks::to_remind(tx, now() + 1.hours(), 10).await?;
                late.sort_by_key(|task| task.key.clone());
                assert_eq!(late.iter().map(|task| task.key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
                assert_eq!(tasks::to_remind(tx, now(), 10).await?, []);
                Ok(())
            })
        });
        job.await.map_err(|error: StoreError| error).unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_was_said_and_brought_is_read_back_in_order() {
    each_db(async |store| {
        let task = task("k", "team:desk");
        insert(&store, &task).await;
        let entry = |body: &str| TaskEntry {
            id: new(),
            task: task.id,
            at: now(),
            by: "ada".into(),
            body: body.into(),
            hash: None,
            media_type: None,
        };
        let (said, mut brought) = (entry("wait"), entry("badge.png"));
        (brought.hash, brought.media_type) = (Some([7; 32]), Some("image/png".into()));
        let id = task.id;
        let job = store.write(move |tx| {
            Box::pin(async move {
                tasks::add(tx, &said, None).await?;
                tasks::add(tx, &brought, Some(b"bytes")).await?;
                assert_eq!(tasks::entries(tx, id).await?, [said.clone(), brought.clone()]);
                assert_eq!(tasks::count_entries(tx, id).await?, 2);
                assert_eq!(tasks::evidence(tx, id, said.id).await?, None);
                assert_eq!(tasks::evidence(tx, new(), brought.id).await?, None, "another task gave it away");
                assert_eq!(tasks::evidence(tx, id, brought.id).await?, Some((brought, b"bytes".to_vec())));
                Ok(())
            })
        });
        job.await.map_err(|error: StoreError| error).unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_is_open_and_for_a_person_is_looked_through_page_by_page() {
    each_db(async |store| {
        let all = ["person:bob", "person:ada", "team:desk", "role:operator", "person:bob", "person:\u{fc}rsula"];
        for (place, assignee) in all.iter().enumerate() {
            insert(&store, &task(&format!("k{place}"), assignee)).await;
        }
        let over = task("over", "person:ada");
        insert(&store, &over).await;
        let closed = over.withdrawn("tenure", now(), "x").unwrap();
        let job = store.write(move |tx| {
            Box::pin(async move {
                tasks::update(tx, &closed).await?;
                let (mut seen, mut after) = (Vec::new(), None);
                loop {
                    let page = tasks::for_people(tx, after.as_ref(), 2).await?;
                    let Some(last) = page.last() else { break };
                    after = Some((last.assignee.to_string(), last.id));
                    seen.extend(page.into_iter().map(|task| task.assignee.to_string()));
                }
                assert_eq!(seen, ["person:ada", "person:bob", "person:bob", "person:\u{fc}rsula"]);
                Ok(())
            })
        });
        job.await.map_err(|error: StoreError| error).unwrap();
    })
    .await;
}

#[tokio::test]
async fn only_an_open_task_of_the_same_title_for_the_same_asks_alike() {
    each_db(async |store| {
        let stuck = |key: &str, title: &str, assignee: &str| HumanTask {
            kind: TaskKind::Stuck,
            title: title.into(),
            ..task(key, assignee)
        };
        let first = stuck("a", "`joiner` is stuck at `mail`", "team:desk");
        insert(&store, &first).await;
        for (task, alike) in [
            (stuck("b", "`joiner` is stuck at `mail`", "team:desk"), true),
            (stuck("c", "`joiner` is stuck at `call`", "team:desk"), false),
            (stuck("d", "`joiner` is stuck at `mail`", "person:bob"), false),
            (task("e", "team:desk"), false),
            (first, false),
        ] {
            let key = task.key.clone();
            let asked = store.read(move |tx| Box::pin(async move { tasks::is_asked_alike(tx, &task).await }));
            assert_eq!(asked.await.map_err(|error: StoreError| error).unwrap(), alike, "{key}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_stuck_is_asked_for_and_what_went_on_is_not() {
    each_db(async |store| {
        let runs = [RunStatus::Blocked, RunStatus::Blocked, RunStatus::Running, RunStatus::Done]
            .map(|status| run(status.word(), status));
        let [unasked, asked, moved, over] = runs.each_ref().map(|row| row.id);
        StoreJournal::new(store.clone()).commit(Commit { runs: runs.into(), ..Commit::new() }).await.unwrap();
        for run in [asked, moved, over] {
            let of = task(&run.to_string(), "team:desk");
            insert(&store, &HumanTask { kind: TaskKind::Stuck, waits: Some(run), ..of }).await;
        }
        let look = store.read(|tx| {
            Box::pin(async move { Ok::<_, StoreError>((tasks::unasked(tx, 9).await?, tasks::moved_on(tx, 9).await?)) })
        });
        let (found, gone) = look.await.unwrap();
        assert_eq!(found, [unasked]);
        assert_eq!(gone.into_iter().map(|task| task.waits).collect::<Vec<_>>(), [Some(moved)]);
    })
    .await;
}

#[tokio::test]
async fn open_tasks_are_found_by_how_their_keys_begin() {
    each_db(async |store| {
        for key in ["owner", "owner/E1/a", "owner/E1/a/2", "owner/É/b", "ownership", "p"] {
            insert(&store, &task(key, "team:desk")).await;
        }
        let under = async |after: &'static str| {
            let job = store.read(move |tx| Box::pin(async move { tasks::open_under(tx, "owner/", after, 2).await }));
            let found = job.await.map_err(|error: StoreError| error).unwrap();
            found.into_iter().map(|task| task.key).collect::<Vec<_>>()
        };
        assert_eq!(under("owner/").await, ["owner/E1/a", "owner/E1/a/2"]);
        assert_eq!(under("owner/E1/a/2").await, ["owner/É/b"]);
        let gone = task("owner/E1/a", "team:desk");
        let over = insert(&store, &gone).await.0.withdrawn("tenure", now(), "x").unwrap();
        store.write(move |tx| Box::pin(async move { tasks::update(tx, &over).await })).await.unwrap();
        assert_eq!(under("owner/").await, ["owner/E1/a/2", "owner/É/b"]);
    })
    .await;
}
