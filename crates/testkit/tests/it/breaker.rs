//! The brake on workflows: one that begins too often waits for a human, and nothing of it is lost.

use std::sync::Arc;

use serde_json::json;
use tenure_app::brakes::decide::{Said, decide};
use tenure_app::brakes::list::list;
use tenure_app::brakes::show::Shown;
use tenure_app::brakes::starts::{self, release};
use tenure_app::{AppError, Cx};
use tenure_model::{Actor, ActorKind, PersonId, Role, new_id};
use tenure_store::StoreError;
use tenure_store::removals::HeldState;
use tenure_store::starts::StartState;
use tenure_testkit::databases::{self, Database};

use crate::triggers::{Scene, workflow};

const NOON: &str = "2026-11-01T12:00:00Z";

fn careful(lane: &str, event: &str, starts: u32) -> String {
    let spec =
        format!("  trigger: {{ event: {event} }}\n  lane: {lane}\n  breaker: {{ starts: {starts}, within: 1h }}");
    workflow("care", &spec)
}

async fn changed(scene: &Scene, number: usize, mail: &str) {
    scene.told(number, "person.changed", json!({ "person": { "email": mail } })).await;
}

async fn open(scene: &Scene) -> Vec<Shown> {
    list(&scene.stepped.cx(), Some(HeldState::Open), None, 100).await.unwrap()
}

async fn say(scene: &Scene, shown: &Shown, yes: bool) -> Result<Shown, AppError> {
    let token = new_id(scene.stepped.house.ids.as_ref());
    let kind = ActorKind::Caller { token, roles: [Role::Operator].into() };
    let cx = Cx::new(Arc::clone(&scene.stepped.house), Actor { name: "ada".to_owned(), kind });
    let said = Said { yes, size: shown.size.removals, reason: "the import of the new site".to_owned() };
    decide(&cx, shown.set.id, said).await
}

async fn released(scene: &Scene) -> usize {
    let mut count = 0;
    loop {
        match release(&scene.stepped.house).await.unwrap() {
            0 => return count,
            more => count += more,
        }
    }
}

async fn alerts(scene: &Scene) -> usize {
    let job = scene.stepped.house.store.read(|tx| {
        let sql = "SELECT id FROM notice WHERE body LIKE '%held.opened%' ORDER BY id";
        Box::pin(async move { tx.query(sql, &[]).await })
    });
    job.await.map_err(|error: StoreError| error).unwrap().len()
}

/// What is held, by whom it is for.
async fn held(scene: &Scene, shown: &Shown) -> Vec<(PersonId, StartState)> {
    let rows = starts::list(&scene.stepped.cx(), shown.set.id, None, 100).await.unwrap();
    rows.into_iter().map(|(row, _)| (row.person, row.state)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_begins_too_often_waits_is_told_of_once_and_goes_on_after_a_yes() {
    for database in databases::each().await {
        let scene = Scene::on(&database, NOON, &[careful("own", "person.changed", 3)]).await;
        for number in 1..=7 {
            scene.hire(number, "Sales").await;
        }
        for number in 1..=5 {
            changed(&scene, number, "new@example.org").await;
        }
        scene.idle().await;
        assert_eq!(scene.count("care").await, 3);
        assert_eq!(scene.count("mover").await, 5, "what has a brake of its own was held with it");
        // Who dies takes nothing of it along, and time alone lets nothing go.
        scene.at("2026-11-01T15:00:00Z");
        let scene = scene.died(2);
        changed(&scene, 6, "new@example.org").await;
        scene.idle().await;
        assert_eq!((scene.count("care").await, released(&scene).await), (3, 0), "it went on before somebody said so");
        let sets = open(&scene).await;
        assert_eq!((sets.len(), alerts(&scene).await), (1, 1), "one alert, however much is held");
        assert_eq!((sets[0].set.family.as_str(), sets[0].size.people, sets[0].size.removals), ("starts", 3, 3));
        assert_eq!(sets[0].because, "`care` would begin more than 3 times within an hour; what comes after that waits");
        let blind = Shown { size: tenure_store::removals::HeldSize { people: 1, removals: 1 }, ..sets[0].clone() };
        assert!(say(&scene, &blind, true).await.is_err(), "a yes to what was not seen");
        assert_eq!(say(&scene, &sets[0], true).await.unwrap().set.state, HeldState::Approved);
        assert_eq!(released(&scene).await, 3);
        scene.idle().await;
        assert_eq!(scene.count("care").await, 6);
        // Counting begins anew.
        changed(&scene, 7, "new@example.org").await;
        scene.idle().await;
        assert_eq!((scene.count("care").await, open(&scene).await.len()), (7, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_no_drops_what_waits_and_a_quiet_hour_is_counted_anew() {
    for database in databases::each().await {
        let scene = Scene::on(&database, NOON, &[careful("own", "person.changed", 1)]).await;
        let mut people = Vec::new();
        for number in 1..=4 {
            people.push(scene.hire(number, "Sales").await);
        }
        changed(&scene, 1, "new@example.org").await;
        scene.at("2026-11-01T13:05:00Z");
        changed(&scene, 2, "new@example.org").await;
        assert_eq!(open(&scene).await.len(), 0, "an hour ago counts still");
        changed(&scene, 3, "new@example.org").await;
        let set = open(&scene).await.remove(0);
        assert_eq!(held(&scene, &set).await, [(people[2], StartState::Waiting)]);
        assert_eq!(say(&scene, &set, false).await.unwrap().set.state, HeldState::Refused);
        released(&scene).await;
        scene.idle().await;
        assert_eq!(held(&scene, &set).await, [(people[2], StartState::Dropped)]);
        assert_eq!(scene.count("care").await, 2);
        // Nobody said that more may come: the next one waits again.
        changed(&scene, 4, "new@example.org").await;
        assert_eq!(open(&scene).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_yes_lets_as_many_more_begin_within_the_same_hour() {
    let scene = Scene::on(&Database::sqlite(), NOON, &[careful("own", "person.changed", 2)]).await;
    for number in 1..=6 {
        scene.hire(number, "Sales").await;
    }
    for number in 1..=3 {
        changed(&scene, number, "new@example.org").await;
    }
    let set = open(&scene).await.remove(0);
    say(&scene, &set, true).await.unwrap();
    assert_eq!(released(&scene).await, 1);
    for number in 4..=6 {
        changed(&scene, number, "new@example.org").await;
    }
    scene.idle().await;
    let size = open(&scene).await.first().map(|shown| shown.size.removals);
    assert_eq!((scene.count("care").await, size), (5, Some(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_must_go_now_never_waits() {
    let scene = Scene::on(&Database::sqlite(), NOON, &[careful("own", "employment.ended", 1)]).await;
    for number in 1..=3 {
        scene.hire(number, "Sales").await;
    }
    for (number, urgent) in [(1, false), (2, false), (3, true)] {
        scene.told(number, "employment.ended", json!({ "lastDay": "2026-10-31", "urgent": urgent })).await;
    }
    scene.idle().await;
    let set = open(&scene).await.remove(0);
    assert_eq!((scene.count("care").await, set.size.removals), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_word_about_somebody_takes_the_place_of_one_that_waits() {
    let scene = Scene::on(&Database::sqlite(), NOON, &[careful("person", "person.changed", 1)]).await;
    let mut people = Vec::new();
    for number in 1..=3 {
        people.push(scene.hire(number, "Sales").await);
    }
    changed(&scene, 1, "new@example.org").await;
    changed(&scene, 2, "first@example.org").await;
    changed(&scene, 2, "second@example.org").await;
    changed(&scene, 3, "new@example.org").await;
    let set = open(&scene).await.remove(0);
    assert_eq!(set.size.removals, 2, "an older word about somebody waits beside the newer one");
    // An employment that ends is newer than all of it.
    scene.told(3, "employment.ended", json!({ "lastDay": "2026-10-31", "urgent": false })).await;
    let set = open(&scene).await.remove(0);
    assert_eq!(set.size.removals, 1);
    say(&scene, &set, true).await.unwrap();
    assert_eq!(released(&scene).await, 1);
    scene.idle().await;
    let became =
        [(people[1], StartState::Overtaken), (people[1], StartState::Begun), (people[2], StartState::Overtaken)];
    assert_eq!(held(&scene, &set).await, became);
    let lanes: Vec<String> = scene.runs("care").await.into_iter().map(|run| run.lane).collect();
    assert_eq!(lanes[..2], [people[0].to_string(), people[1].to_string()]);
}
