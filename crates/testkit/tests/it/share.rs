//! However much is urgent, what is not has a share of every turn.

use std::sync::Arc;
use std::time::Duration;

use tenure_app::flows::Flows;
use tenure_engine::journal::{InboxRow, Urgency, private_lane};
use tenure_engine::sim::memory::MemoryJournal;
use tenure_engine::{Arrival, Busy, Core, Start, message};
use tenure_model::{Clock, RunEvent, RunId, SeededIds, SystemClock, new_id};

#[tokio::test]
async fn a_flood_of_events_does_not_keep_a_run_from_beginning() {
    let (clock, ids): (Arc<dyn Clock>, _) = (Arc::new(SystemClock::new()), SeededIds::new(1));
    let journal = Arc::new(MemoryJournal::default());
    for number in 0..100 {
        let run: RunId = new_id(&ids);
        let event = RunEvent::Retry { by: "ada".to_owned() };
        journal.send(vec![message::event(run, &private_lane(run), event, "test", &number.to_string(), clock.now())]);
    }
    let run: RunId = new_id(&ids);
    let start = Start {
        lane: private_lane(run),
        definition: "d".to_owned(),
        name: "d".to_owned(),
        urgency: Urgency::Bulk,
        busy: Busy::Queue,
        input: serde_json::Value::Null,
    };
    journal.send(vec![message::start(run, start, "test", "start", clock.now())]);
    let mut core = Core::new(Arc::new(Flows), journal, clock, &ids);
    core.claim((0..64).collect(), Duration::from_secs(10)).await.unwrap();
    let (arrivals, more) = core.gather(16, 0).await.unwrap();
    let is_ours =
        |arrival: &Arrival<String>| matches!(arrival, Arrival::Letter(InboxRow { run: of, .. }) if *of == run);
    assert!(arrivals.iter().any(is_ours), "the run has to wait for all of the flood");
    assert!(more && arrivals.len() <= 16 + 2);
}
