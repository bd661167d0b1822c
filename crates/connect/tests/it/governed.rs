//! Keeping to a pace, in virtual time.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tenure_connect::fake::{FakeTarget, Fault};
use tenure_connect::{
    Allowance, AnyConnector, Batch, Change, Checked, Connector, Description, Desired, Expectation, Governed, Locator,
    Operation, Outcome, Pace, Page, Query, Refusal, RefusalClass, Verdict, Write,
};
use tenure_model::{Clock, Observed, SteppedClock, Value};
use tokio::time::Instant;

/// A system that takes its time and answers as it is told.
#[derive(Default)]
struct Peer {
    description: Option<Description>,
    takes: Duration,
    answers: Mutex<Vec<Refusal>>,
    down: Mutex<Option<Refusal>>,
    log: Mutex<Vec<&'static str>>,
    in_flight: AtomicU32,
    most_at_once: AtomicU32,
    allowance: Mutex<Option<Allowance>>,
    calls: AtomicUsize,
}

impl Peer {
    fn new(takes: Duration) -> Self {
        let clock = Arc::new(SteppedClock::at(Timestamp::UNIX_EPOCH));
        let description = Some(Connector::describe(&FakeTarget::new(clock)).clone());
        Self { description, takes, ..Self::default() }
    }

    async fn call(&self, what: &'static str) -> Result<(), Refusal> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.log.lock().unwrap().push(what);
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(self.takes).await;
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        if let Some(down) = self.down.lock().unwrap().clone() {
            return Err(down);
        }
        self.answers.lock().unwrap().pop().map_or(Ok(()), Err)
    }
}

fn seen(locator: &Locator) -> Observed {
    Observed { native_id: None, ..locator.nothing_there(Timestamp::UNIX_EPOCH) }
}

impl Connector for Peer {
    fn describe(&self) -> &Description {
        self.description.as_ref().unwrap()
    }
    async fn check(&self) -> Result<Checked, Refusal> {
        self.call("check").await.map(|()| Checked { peer: "a peer".into() })
    }
    async fn read(&self, _: &Query, _: &Page) -> Result<Batch, Refusal> {
        Err(Refusal::new(RefusalClass::Unsupported, "no"))
    }
    async fn get(&self, _: &Locator) -> Result<Option<Observed>, Refusal> {
        self.call("get").await.map(|()| None)
    }
    async fn plan(&self, _: &Desired) -> Result<Vec<Change>, Refusal> {
        self.call("plan").await.map(|()| Vec::new())
    }
    async fn apply(&self, change: &Change, _: &Operation) -> Outcome {
        let what = if change.write == Write::Disable { "disable" } else { "write" };
        match self.call(what).await {
            Ok(()) => Outcome::Done { seen: seen(&change.account) },
            Err(refusal) => Outcome::Refused(refusal),
        }
    }
    async fn verify(&self, expectation: &Expectation) -> Verdict {
        match self.call("verify").await {
            Ok(()) => Verdict::Met { seen: seen(&expectation.account) },
            Err(refusal) => Verdict::Undecided { refusal },
        }
    }
    fn allowance(&self) -> Option<Allowance> {
        *self.allowance.lock().unwrap()
    }
}

fn pace() -> Pace {
    Pace {
        at_once_max: 100,
        at_once_reserved: 10,
        per_second_max: None,
        per_second_reserved: 0,
        queue_max: 1000,
        wait_max: Duration::from_mins(10),
    }
}

/// The virtual time of the runtime.
#[derive(Debug)]
struct Virtual(Instant);

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::try_from(self.elapsed()).unwrap()
    }
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

fn governed(peer: &Arc<Peer>, pace: Pace) -> Arc<Governed> {
    let inner: Arc<dyn AnyConnector> = Arc::clone(peer) as Arc<dyn AnyConnector>;
    Arc::new(Governed::at(inner, Arc::new(Virtual(Instant::now())), pace))
}

fn ada() -> Locator {
    Locator::attribute("uid", "ada")
}

fn set() -> Change {
    Change::new(ada(), Write::Set { attributes: [("title".to_owned(), Value::from("x"))].into() })
}

fn operation() -> Operation {
    Operation { key: "0a".parse().unwrap(), generation: 1 }
}

async fn write(governed: Arc<Governed>, change: Change) -> (Outcome, Duration) {
    let started = Instant::now();
    let outcome = AnyConnector::apply(governed.as_ref(), &change, &operation()).await;
    (outcome, started.elapsed())
}

fn rate(seconds: u64) -> Refusal {
    Refusal::new(RefusalClass::Rate, "slow down").after(Duration::from_secs(seconds))
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_pace_go_in_a_second() {
    let peer = Arc::new(Peer::new(Duration::ZERO));
    let governed = governed(&peer, Pace { per_second_max: Some(10), per_second_reserved: 2, ..pace() });
    let started = Instant::now();
    let calls = (0..40).map(|_| tokio::spawn(write(Arc::clone(&governed), set())));
    for call in futures::future::join_all(calls).await {
        assert!(call.unwrap().0.seen().is_some());
    }
    // Eight at once, for two are kept; the other 32 at ten in a second.
    let took = started.elapsed();
    assert!((Duration::from_millis(3_100)..Duration::from_millis(3_400)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn no_more_than_so_many_are_in_flight() {
    let peer = Arc::new(Peer::new(Duration::from_secs(1)));
    let governed = governed(&peer, Pace { at_once_max: 4, at_once_reserved: 1, ..pace() });
    let calls: Vec<_> = (0..12).map(|_| tokio::spawn(write(Arc::clone(&governed), set()))).collect();
    futures::future::join_all(calls).await;
    assert_eq!(peer.most_at_once.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_revocation_goes_before_a_hundred_others() {
    let peer = Arc::new(Peer::new(Duration::from_millis(10)));
    let governed = governed(&peer, Pace { per_second_max: Some(5), per_second_reserved: 1, ..pace() });
    let others: Vec<_> = (0..100).map(|_| tokio::spawn(write(Arc::clone(&governed), set()))).collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut worst = Duration::ZERO;
    for _ in 0..10 {
        let (outcome, took) = write(Arc::clone(&governed), Change::new(ada(), Write::Disable)).await;
        assert!(outcome.seen().is_some());
        worst = worst.max(took);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(worst < Duration::from_millis(300), "{worst:?}");
    futures::future::join_all(others).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_system_asks_for_is_honoured() {
    let peer = Arc::new(Peer::new(Duration::ZERO));
    peer.answers.lock().unwrap().push(rate(7));
    let governed = governed(&peer, pace());
    let (outcome, _) = write(Arc::clone(&governed), set()).await;
    let Outcome::Refused(refusal) = outcome else { panic!("not refused") };
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(7)));
    // Not even a revocation goes while the system says no.
    let (outcome, took) = write(Arc::clone(&governed), Change::new(ada(), Write::Disable)).await;
    assert!(outcome.seen().is_some() && took >= Duration::from_secs(7), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_would_wait_too_long_is_turned_away_at_once() {
    let peer = Arc::new(Peer::new(Duration::ZERO));
    peer.answers.lock().unwrap().push(rate(120));
    let governed = governed(&peer, Pace { wait_max: Duration::from_secs(30), ..pace() });
    drop(write(Arc::clone(&governed), set()).await);
    let (outcome, took) = write(Arc::clone(&governed), set()).await;
    let Outcome::Refused(refusal) = outcome else { panic!("not refused") };
    assert_eq!((refusal.class, took), (RefusalClass::Rate, Duration::ZERO));
    assert!(refusal.retry_after.unwrap() > Duration::from_secs(100));
}

#[tokio::test(start_paused = true)]
async fn a_queue_has_an_end_and_keeps_room_for_revocations() {
    let peer = Arc::new(Peer::new(Duration::from_secs(5)));
    let governed = governed(&peer, Pace { at_once_max: 2, at_once_reserved: 1, queue_max: 3, ..pace() });
    let calls: Vec<_> = (0..10).map(|_| tokio::spawn(write(Arc::clone(&governed), set()))).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (outcome, took) = write(Arc::clone(&governed), Change::new(ada(), Write::Disable)).await;
    assert!(outcome.seen().is_some() && took < Duration::from_secs(6), "{took:?}");
    let ends = futures::future::join_all(calls).await;
    let away = ends.iter().filter(|end| matches!(end.as_ref().unwrap().0, Outcome::Refused(_))).count();
    assert_eq!(away, 6, "one went, and of the others the queue held so many");
}

#[tokio::test(start_paused = true)]
async fn a_system_that_is_down_is_left_alone_and_asked_again_by_a_read() {
    let peer = Arc::new(Peer::new(Duration::ZERO));
    *peer.down.lock().unwrap() = Some(Refusal::new(RefusalClass::Network, "no route"));
    let governed = governed(&peer, pace());
    for _ in 0..5 {
        drop(write(Arc::clone(&governed), set()).await);
    }
    let (outcome, _) = write(Arc::clone(&governed), set()).await;
    let Outcome::Refused(refusal) = outcome else { panic!("not refused") };
    assert_eq!(refusal.class, RefusalClass::Maintenance);
    assert_eq!(peer.calls.load(Ordering::SeqCst), 5, "the sixth did not reach it");
    tokio::time::sleep(refusal.retry_after.unwrap()).await;
    // Still down: the trial is a read, and the rest is twice as long.
    drop(write(Arc::clone(&governed), set()).await);
    assert_eq!(*peer.log.lock().unwrap().last().unwrap(), "check");
    let (outcome, _) = write(Arc::clone(&governed), set()).await;
    let Outcome::Refused(refusal) = outcome else { panic!("not refused") };
    assert!(refusal.retry_after.unwrap() > Duration::from_secs(9), "{refusal:?}");
    *peer.down.lock().unwrap() = None;
    tokio::time::sleep(refusal.retry_after.unwrap()).await;
    assert!(write(Arc::clone(&governed), set()).await.0.seen().is_some());
    let log = peer.log.lock().unwrap();
    assert_eq!(log[log.len() - 2..], ["check", "write"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_good_is_an_answer_and_opens_nothing() {
    let peer = Arc::new(Peer::new(Duration::ZERO));
    *peer.down.lock().unwrap() = Some(Refusal::new(RefusalClass::Permission, "you may not"));
    let governed = governed(&peer, pace());
    for _ in 0..20 {
        let (Outcome::Refused(refusal), _) = write(Arc::clone(&governed), set()).await else { panic!("not refused") };
        assert_eq!(refusal.class, RefusalClass::Permission);
    }
    assert_eq!(peer.calls.load(Ordering::SeqCst), 20);
}

#[tokio::test(start_paused = true)]
async fn the_last_of_an_allowance_is_kept_for_revocations() {
    let peer = Arc::new(Peer::new(Duration::ZERO));
    let renews_at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(60);
    *peer.allowance.lock().unwrap() = Some(Allowance { requests: 100, left: 15, renews_at });
    let governed = governed(&peer, pace());
    drop(write(Arc::clone(&governed), set()).await);
    let (_, took) = write(Arc::clone(&governed), Change::new(ada(), Write::Disable)).await;
    assert_eq!(took, Duration::ZERO);
    let (_, took) = write(Arc::clone(&governed), set()).await;
    assert!(took >= Duration::from_secs(59), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_leaves_no_trace() {
    let peer = Arc::new(Peer::new(Duration::from_secs(10)));
    let governed = governed(&peer, Pace { at_once_max: 1, at_once_reserved: 0, queue_max: 2, ..pace() });
    for _ in 0..20 {
        let give_up = tokio::time::timeout(Duration::from_secs(1), write(Arc::clone(&governed), set())).await;
        assert!(give_up.is_err());
    }
    let (outcome, took) = write(Arc::clone(&governed), set()).await;
    assert!(outcome.seen().is_some() && took <= Duration::from_secs(11), "{took:?}");
}

#[tokio::test]
async fn it_answers_as_the_connector_behind_it_does() {
    let clock = Arc::new(SteppedClock::at(Timestamp::UNIX_EPOCH));
    let target = FakeTarget::new(clock.clone()).with_account([("uid".to_owned(), Value::from("ada"))].into(), &[]);
    let governed = Governed::new(Arc::new(target.clone()), clock);
    assert!(AnyConnector::get(&governed, &ada()).await.unwrap().is_some());
    target.inject(Fault::NoEffect);
    let outcome = AnyConnector::apply(&governed, &Change::new(ada(), Write::Disable), &operation()).await;
    assert!(matches!(outcome, Outcome::Unknown(_)));
}
