//! A workflow for many at once: looked at first, gone through in parts, each person begun once.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, json};
use tenure_app::AppError;
use tenure_app::sets::cancel::cancel;
use tenure_app::sets::list::list;
use tenure_app::sets::make::{Who, make};
use tenure_app::sets::people::people;
use tenure_app::sets::show::{Shown, show};
use tenure_app::sets::start::start;
use tenure_engine::journal::{RunStatus, Urgency, private_lane};
use tenure_engine::message::{self, Busy, Start};
use tenure_model::{IdentityKind, Person, SetId, new_id};
use tenure_store::sets::{SetPersonState, SetState};
use tenure_store::{StoreError, journal};
use tenure_testkit::databases::{self, Database};

use crate::triggers::{Scene, workflow};

const NOON: &str = "2026-11-01T12:00:00Z";

fn survey(trigger: &str) -> String {
    workflow("survey", &format!("  trigger: {trigger}\n  breaker: {{ starts: 5, within: 1h }}"))
}

async fn made(scene: &Scene, name: &str, who: Who) -> Result<SetId, AppError> {
    make(&scene.stepped.cx(), name.parse().unwrap(), who, Map::new()).await.map(|set| set.id)
}

async fn shown(scene: &Scene, set: SetId) -> Shown {
    show(&scene.stepped.cx(), set).await.unwrap()
}

fn named(names: &[&str]) -> Who {
    Who::Named(names.iter().map(ToString::to_string).collect())
}

/// A set of whom it is known who is in it.
async fn looked(scene: &Scene, name: &str, who: Who) -> SetId {
    let set = made(scene, name, who).await.unwrap();
    let came = scene.stepped.comes_to(async || shown(scene, set).await.set.state == SetState::Ready).await;
    assert!(came, "{:?}", shown(scene, set).await);
    set
}

async fn begin(scene: &Scene, set: SetId, people: i64) -> Result<Shown, AppError> {
    start(&scene.stepped.cx(), set, people, "the move to the new site".to_owned()).await
}

async fn until(scene: &Scene, set: SetId, state: SetState) -> Shown {
    let came = scene.stepped.comes_to(async || shown(scene, set).await.set.state == state).await;
    scene.idle().await;
    let now = shown(scene, set).await;
    assert!(came, "{now:?}");
    now
}

/// Why it cannot begin for those for whom it cannot, by their numbers.
async fn reasons(scene: &Scene, set: SetId) -> Vec<(i64, String)> {
    let rows = people(&scene.stepped.cx(), set, Some(SetPersonState::Cannot), None, 100).await.unwrap();
    rows.into_iter().map(|(one, _)| (one.place, one.why.unwrap())).collect()
}

fn count(shown: &Shown, state: SetPersonState) -> i64 {
    shown.people.get(&state).copied().unwrap_or(0)
}

/// So many more people in Finance, of whom nothing else is known.
async fn crowd(scene: &Scene, size: usize) -> BTreeSet<String> {
    let house = Arc::clone(&scene.stepped.house);
    let person = |number: usize| Person {
        id: new_id(house.ids.as_ref()),
        kind: IdentityKind::Employee,
        display_name: format!("Somebody {number}"),
        attributes: [
            ("department".to_owned(), "Finance".into()),
            ("employeeId".to_owned(), format!("C{number}").into()),
        ]
        .into(),
        sponsor: None,
        version: 1,
        since: house.clock.now(),
    };
    let people: Vec<Person> = (0..size).map(person).collect();
    let lanes = people.iter().map(|person| format!("{}/survey", person.id)).collect();
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            for person in &people {
                tenure_store::people::insert(tx, person).await?;
            }
            Ok(())
        })
    });
    job.await.map_err(|error: StoreError| error).unwrap();
    lanes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_a_file_are_looked_at_first_and_each_is_begun_once() {
    for database in databases::each().await {
        let ours = survey("{ demand: true, when: 'person.department == \"Finance\"' }");
        let scene = Scene::on(&database, NOON, &[ours]).await;
        let ada = scene.hire(1, "Finance").await;
        scene.hire(2, "Sales").await;
        let cy = scene.hire(3, "Finance").await;
        let set = looked(&scene, "survey", named(&["E1", "E9", " e1 ", "E2", &cy.to_string(), "z3@example.org"])).await;
        let expected = [
            (2, "there is no such person, or more than one"),
            (3, "is the same person as number 1"),
            (4, "the workflow is for people of whom `person.department == \"Finance\"` holds"),
            (6, "is the same person as number 5"),
        ];
        assert_eq!(reasons(&scene, set).await, expected.map(|(place, why)| (place, why.to_owned())));
        let now = shown(&scene, set).await;
        assert_eq!((now.set.looked_at, count(&now, SetPersonState::Ready), now.begun()), (6, 2, 0));
        assert_eq!(scene.count("survey").await, 0, "looking started something");
        for saw in [1, 3] {
            assert!(matches!(begin(&scene, set, saw).await, Err(AppError::Conflict(_))), "a yes to what was not seen");
        }
        begin(&scene, set, 2).await.unwrap();
        let now = until(&scene, set, SetState::Started).await;
        assert_eq!((now.begun(), now.runs.get(&RunStatus::Done)), (2, Some(&2)));
        assert_eq!(scene.lanes("survey").await, [ada, cy].map(|id| format!("{id}/survey")).into());
        assert!(scene.runs("survey").await.iter().all(|run| run.urgency == Urgency::Bulk));
        assert!(matches!(begin(&scene, set, 2).await, Err(AppError::Conflict(_))), "it was started twice");
        assert_eq!(list(&scene.stepped.cx(), None, 10).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_a_run_of_it_that_is_not_over_gets_no_second() {
    let ours = "apiVersion: tenure/v1\nkind: Workflow\nmetadata: { name: rest }\nspec:\n  trigger: { demand: true }\n  \
                steps:\n    - { id: rest, use: core/wait-until, with: { for: 36h } }\n";
    let scene = Scene::on(&Database::sqlite(), NOON, &[ours.to_owned()]).await;
    scene.hire(1, "Sales").await;
    scene.hire(2, "Sales").await;
    let first = looked(&scene, "rest", named(&["E1"])).await;
    let both = looked(&scene, "rest", named(&["E1", "E2"])).await;
    begin(&scene, first, 1).await.unwrap();
    let now = until(&scene, first, SetState::Started).await;
    assert_eq!(now.runs.get(&RunStatus::Waiting), Some(&1));
    // It was not so when it was looked at, and is so when the turn comes.
    begin(&scene, both, 2).await.unwrap();
    let now = until(&scene, both, SetState::Started).await;
    assert_eq!((now.begun(), count(&now, SetPersonState::Cannot)), (1, 1));
    let why = (1, "a run of `rest` is not over for them".to_owned());
    assert_eq!(reasons(&scene, both).await, std::slice::from_ref(&why));
    let third = looked(&scene, "rest", named(&["E1"])).await;
    assert_eq!(reasons(&scene, third).await, [why]);
    assert_eq!(scene.count("rest").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_of_thousands_goes_through_in_parts_and_survives_a_crash() {
    for database in databases::each().await {
        let scene = Scene::on(&database, NOON, &[survey("{ demand: true }")]).await;
        scene.hire(1, "Sales").await;
        let lanes = crowd(&scene, 2_500).await;
        let set = made(&scene, "survey", Who::Where("person.department == \"Finance\"".to_owned())).await.unwrap();
        // Each page seems to take as long as a step may.
        slowly(&scene, async || shown(&scene, set).await.set.state == SetState::Ready).await;
        let now = shown(&scene, set).await;
        assert_eq!((now.set.looked_at, count(&now, SetPersonState::Ready), now.people.len()), (2_501, 2_500, 1));
        assert!(scene.runs("set-look").await.len() > 1, "it was one part");
        begin(&scene, set, 2_500).await.unwrap();
        slowly(&scene, async || shown(&scene, set).await.begun() > 0).await;
        let scene = scene.stopped().await;
        let begun = shown(&scene, set).await.begun();
        assert!((1..2_500).contains(&begun), "it did not die in the middle: {begun}");
        let scene = scene.died(2);
        slowly(&scene, async || shown(&scene, set).await.set.state == SetState::Started).await;
        scene.idle().await;
        let now = shown(&scene, set).await;
        assert_eq!((now.begun(), now.runs.get(&RunStatus::Done)), (2_500, Some(&2_500)));
        assert_eq!(scene.lanes("survey").await, lanes, "somebody was left out, or begun twice");
        assert!(scene.runs("set-start").await.len() > 1, "it was one part");
        let held = tenure_app::brakes::list::list(&scene.stepped.cx(), None, None, 10).await.unwrap();
        assert!(held.is_empty(), "the brake held what somebody had seen");
    }
}

/// Waits until it is so, while each page seems to take as long as a step may.
async fn slowly(scene: &Scene, is_so: impl AsyncFn() -> bool) {
    for _ in 0..10_000 {
        if is_so().await {
            return;
        }
        scene.stepped.clock.advance(std::time::Duration::from_secs(16));
        scene.stepped.house.nudge();
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("it does not come to it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_is_tried_again_begins_nobody_twice() {
    let scene = Scene::on(&Database::sqlite(), NOON, &[survey("{ demand: true }")]).await;
    for number in 1..=3 {
        scene.hire(number, "Sales").await;
    }
    let set = looked(&scene, "survey", named(&["E1", "E2", "E3"])).await;
    begin(&scene, set, 3).await.unwrap();
    until(&scene, set, SetState::Started).await;
    // As if what the part wrote of the set were lost, and the runs were not.
    let house = &scene.stepped.house;
    let job = house.store.write(|tx| {
        Box::pin(async move {
            tx.execute("UPDATE start_set SET state = 'starting'", &[]).await?;
            tx.execute("UPDATE start_set_person SET state = 'ready', run = NULL", &[]).await
        })
    });
    assert_eq!(job.await.map_err(|error: StoreError| error).unwrap(), 3);
    let part = scene.runs("set-start").await.remove(0);
    let run = new_id(house.ids.as_ref());
    let input = json!({ "set": set, "part": 7 });
    let (lane, definition, name) = (private_lane(run), part.definition, part.name);
    let again = Start { lane, definition, name, urgency: Urgency::Normal, busy: Busy::Queue, input };
    let letter = message::start(run, again, "test", "again", house.clock.now());
    let job = house.store.write(move |tx| Box::pin(async move { journal::send(tx, &[letter]).await }));
    job.await.map_err(|error: StoreError| error).unwrap();
    let now = until(&scene, set, SetState::Started).await;
    assert_eq!((now.begun(), now.runs.get(&RunStatus::Done)), (3, Some(&3)));
    assert_eq!(scene.count("survey").await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_that_is_cancelled_in_the_middle_begins_nobody_any_more() {
    let scene = Scene::on(&Database::sqlite(), NOON, &[survey("{ demand: true }")]).await;
    crowd(&scene, 2_500).await;
    let set = looked(&scene, "survey", Who::Where("person.department == \"Finance\"".to_owned())).await;
    begin(&scene, set, 2_500).await.unwrap();
    while shown(&scene, set).await.begun() == 0 {
        scene.stepped.house.nudge();
        tokio::task::yield_now().await;
    }
    let stopped = cancel(&scene.stepped.cx(), set, "the wrong department".to_owned()).await.unwrap();
    let begun = stopped.begun();
    assert!((1..2_500).contains(&begun), "it was not in the middle: {begun}");
    scene.idle().await;
    let now = shown(&scene, set).await;
    assert_eq!(
        (now.set.state, now.begun(), now.set.note.as_deref()),
        (SetState::Cancelled, begun, Some("the wrong department"))
    );
    assert_eq!(count(&now, SetPersonState::Ready), 2_500 - begun);
    assert_eq!(i64::try_from(scene.count("survey").await).unwrap(), begun, "what was begun goes on, and nothing else");
    assert_eq!(now.runs.get(&RunStatus::Done), Some(&begun));
    assert!(matches!(begin(&scene, set, 1).await, Err(AppError::Conflict(_))));
    let again = cancel(&scene.stepped.cx(), set, "again".to_owned()).await;
    assert!(matches!(again, Err(AppError::Conflict(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_set_is_refused_with_the_reason() {
    let ours = [survey("{ demand: true }"), workflow("other", "  trigger: { event: person.changed }")];
    let scene = Scene::on(&Database::sqlite(), NOON, &ours).await;
    scene.hire(1, "Sales").await;
    let condition = |text: &str| Who::Where(text.to_owned());
    for (name, who, why) in [
        ("none", condition("true"), "there is no workflow `none`"),
        ("other", condition("true"), "is not started on demand"),
        ("survey", condition("persn.department == 'x'"), "persn"),
        ("survey", condition("steps.a.outcome == 'x'"), "known only within a run"),
        ("survey", Who::Named(Vec::new()), "0 people are named"),
        ("survey", Who::Named(vec!["E1".to_owned(); 50_001]), "50001 people are named"),
    ] {
        let refused = made(&scene, name, who).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    assert!(list(&scene.stepped.cx(), None, 10).await.unwrap().is_empty());
    let nobody = looked(&scene, "survey", condition("person.department == \"Nowhere\"")).await;
    let refused = begin(&scene, nobody, 0).await.unwrap_err().to_string();
    assert!(refused.contains("there is nobody for whom `survey` can begin"), "{refused}");
    // Of whom it makes no sense is told, and not taken for a no.
    let unclear = looked(&scene, "survey", condition("person.department > 3")).await;
    let set = shown(&scene, unclear).await.set;
    assert_eq!(set.unclear, 1);
    assert!(set.note.as_deref().is_some_and(|note| note.contains("department")), "{:?}", set.note);
    // What was looked at is good for a day.
    let old = looked(&scene, "survey", named(&["E1"])).await;
    scene.at("2026-11-03T12:00:00Z");
    let refused = begin(&scene, old, 1).await.unwrap_err().to_string();
    assert!(refused.contains("was good until"), "{refused}");
    assert!(start(&scene.stepped.cx(), old, 1, " ".to_owned()).await.unwrap_err().to_string().contains("say why"));
}
