//! A run that is told to go on by another version, where it is written: its past is judged there,
//! whatever somebody saw before.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tenure_app::flows::Flows;
use tenure_engine::journal::{Definition, private_lane};
use tenure_engine::sim::memory::MemoryJournal;
use tenure_engine::{Busy, Core, Start, message};
use tenure_model::{Clock, RunEvent, RunId, SeededIds, SystemClock, new_id};

/// A version that waits for this first.
fn version(hash: &str, signal: &str, first: &str) -> Definition {
    let step = json!({ "id": "wait", "use": first, "with": { "signal": signal } });
    let body = json!({ "name": "walk", "steps": [step, { "id": "then", "use": "do/it", "after": "wait" }] });
    Definition { hash: hash.to_owned(), name: "walk".to_owned(), body: body.to_string() }
}

#[tokio::test]
async fn a_run_that_does_not_fit_stays_and_says_why() {
    let (clock, ids): (Arc<dyn Clock>, _) = (Arc::new(SystemClock::new()), SeededIds::new(1));
    let journal = Arc::new(MemoryJournal::default());
    for definition in [
        version("old", "go", "core/wait-for"),
        version("other", "go", "core/set"),
        version("new", "go", "core/wait-for"),
    ] {
        journal.define(definition);
    }
    let run: RunId = new_id(&ids);
    let lane = private_lane(run);
    let start = Start {
        lane: lane.clone(),
        definition: "old".to_owned(),
        name: "walk".to_owned(),
        urgency: tenure_engine::journal::Urgency::Normal,
        busy: Busy::Queue,
        input: Json::Null,
    };
    journal.send(vec![message::start(run, start, "test", "start", clock.now())]);
    let mut core = Core::new(Arc::new(Flows), Arc::clone(&journal), clock.clone(), &ids);
    core.claim((0..64).collect(), Duration::from_secs(10)).await.unwrap();
    let mut seen = Vec::new();
    for definition in ["", "other", "nowhere", "new"] {
        if !definition.is_empty() {
            let event =
                RunEvent::Move { definition: definition.to_owned(), by: "ada".into(), reason: "it is better".into() };
            journal.send(vec![message::event(run, &lane, event, "test", definition, clock.now())]);
        }
        let (mut arrivals, _) = core.gather(16, 0).await.unwrap();
        core.turn(&mut arrivals).await.unwrap();
        let tables = journal.tables();
        let last = tables.records[&run].last().map(|record| record.body.clone()).unwrap();
        seen.push((tables.runs[&run].definition.clone(), last));
    }
    let by: Vec<&str> = seen.iter().map(|(definition, _)| definition.as_str()).collect();
    assert_eq!(by, ["old", "old", "old", "new"]);
    assert!(seen[1].1.contains("it keeps its version: `wait` was begun as `core/wait-for`"), "{}", seen[1].1);
    assert!(seen[2].1.contains("there is no definition `nowhere`"), "{}", seen[2].1);
    assert!(seen[3].1.contains("goes on by version new: it is better"), "{}", seen[3].1);
    assert_eq!(journal.tables().breaches, Vec::<String>::new());
    // Whoever takes it over goes by the new version too.
    let mut next = Core::new(Arc::new(Flows), Arc::clone(&journal), clock.clone(), &ids);
    core.release().await.unwrap();
    next.claim((0..64).collect(), Duration::from_secs(10)).await.unwrap();
    let signal = tenure_model::Signal { name: "go".into(), by: "x".into(), body: Json::Null };
    journal.send(vec![message::event(run, &lane, RunEvent::Signalled(signal), "test", "go", clock.now())]);
    let (mut arrivals, _) = next.gather(16, 0).await.unwrap();
    let turned = next.turn(&mut arrivals).await.unwrap();
    assert_eq!(turned.orders.first().map(|order| order.task.action.clone()).as_deref(), Some("do/it"));
}
