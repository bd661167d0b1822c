//! Tickets of tasks: taken by one at a time, and never written over by whoever knows less.

use jiff::ToSpan as _;
use tenure_model::{HumanTask, NativeId, TaskId, TaskKind, TaskState, TaskTicket, TicketState};
use tenure_store::{Store, StoreError, tasks, tickets};

use crate::world::{each_db, new, now};

async fn task(store: &Store, key: &str) -> TaskId {
    let task = HumanTask {
        id: new(),
        key: key.into(),
        kind: TaskKind::Work,
        title: "give a badge".into(),
        instructions: String::new(),
        assignee: "team:desk".parse().unwrap(),
        barred: [].into(),
        outcomes: ["done".parse().unwrap()].into(),
        choices: Vec::new(),
        about: None,
        connection: None,
        waits: None,
        opened_at: now(),
        due_at: None,
        remind_at: None,
        state: TaskState::Open,
        version: 1,
    };
    let id = task.id;
    let job = store.write(move |tx| Box::pin(async move { tasks::insert_once(tx, &task).await }));
    job.await.map_err(|error: StoreError| error).unwrap();
    id
}

async fn wanted(store: &Store, task: TaskId, number: usize, connection: &str) -> TaskTicket {
    let ticket = TaskTicket::wanted(task, number, connection.parse().unwrap(), now());
    let own = ticket.clone();
    let job = store.write(move |tx| Box::pin(async move { tickets::insert(tx, &own).await }));
    job.await.map_err(|error: StoreError| error).unwrap();
    ticket
}

async fn claim(store: &Store, connection: &str, limit: usize) -> Vec<TaskTicket> {
    let connection = connection.parse().unwrap();
    let job = store.write(move |tx| {
        Box::pin(async move { tickets::claim(tx, &connection, now(), now() + 5.minutes(), limit).await })
    });
    job.await.map_err(|error: StoreError| error).unwrap()
}

async fn update(store: &Store, ticket: &TaskTicket) -> bool {
    let ticket = ticket.clone();
    let job = store.write(move |tx| Box::pin(async move { tickets::update(tx, &ticket).await }));
    job.await.map_err(|error: StoreError| error).unwrap()
}

async fn due(store: &Store) -> Vec<String> {
    let job = store.read(|tx| Box::pin(async move { tickets::due_connections(tx, now()).await }));
    let found = job.await.map_err(|error: StoreError| error).unwrap();
    found.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn what_is_due_is_taken_by_one_and_left_alone_by_others() {
    each_db(async |store| {
        let one = wanted(&store, task(&store, "a").await, 1, "desk").await;
        wanted(&store, task(&store, "b").await, 1, "desk").await;
        wanted(&store, task(&store, "c").await, 1, "other").await;
        assert_eq!(due(&store).await, ["desk", "other"]);
        let taken = claim(&store, "desk", 10).await;
        assert_eq!(taken.iter().map(|ticket| ticket.tries).collect::<Vec<_>>(), [1, 1]);
        assert!(taken.iter().any(|ticket| ticket.key == one.key));
        assert_eq!(claim(&store, "desk", 10).await, []);
        assert_eq!(due(&store).await, ["other"]);
    })
    .await;
}

#[tokio::test]
async fn what_was_let_go_meanwhile_is_not_written_over() {
    each_db(async |store| {
        let id = task(&store, "a").await;
        wanted(&store, id, 1, "desk").await;
        let [taken]: [TaskTicket; 1] = claim(&store, "desk", 10).await.try_into().unwrap();
        assert!(update(&store, &taken.clone().let_go("withdrawn", now())).await);
        let seen = taken.seen(NativeId::new("7"), Some("http://x/7".into()), "unread".into(), now());
        assert!(!update(&store, &seen).await, "an old version was written over");
        wanted(&store, id, 2, "desk").await;
        let job = store.read(move |tx| Box::pin(async move { tickets::of_task(tx, id).await }));
        let all = job.await.map_err(|error: StoreError| error).unwrap();
        assert_eq!(
            all.iter().map(|ticket| ticket.state).collect::<Vec<_>>(),
            [TicketState::Closing, TicketState::Wanted]
        );
        assert_eq!((all[0].say.as_deref(), all[0].tries), (Some("withdrawn"), 1));
        let over = all[0].clone().over();
        assert!(update(&store, &over).await);
        let job = store.read(move |tx| Box::pin(async move { tickets::of_task(tx, id).await }));
        assert_eq!(job.await.map_err(|error: StoreError| error).unwrap()[0], over);
    })
    .await;
}
