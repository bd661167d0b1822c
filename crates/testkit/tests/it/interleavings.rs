//! Two opposite words about somebody, one coming at every point of what the other began, also past the
//! death of the worker: the newest wins, and nothing is half.
//!
//! Every write to the system stands at a door and is let in one by one, so that the next word comes
//! exactly when so many writes are in. With workflows that do not share a lane the newest does not
//! always win, and that is noticed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tenure_connect::fake::FakeTarget;
use tenure_connect::{
    AnyConnector, Batch, Change, Checked, Connector, Description, Desired, Expectation, Locator, Operation, Outcome,
    Page, Query, Refusal, Verdict,
};
use tenure_model::{AccountState, Observed};
use tenure_store::StoreError;
use tenure_store::runs::{Pulse, RunFilter, list, pulse};
use tenure_testkit::databases::Database;
use tenure_testkit::stepped::{Stepped, Workflows};
use tokio::sync::Semaphore;

/// A system with a door before its writes. A write that stands there comes in once it may, also when
/// whoever sent it is no more.
#[derive(Clone)]
struct Door {
    inside: FakeTarget,
    may: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Connector for Door {
    fn describe(&self) -> &Description {
        Connector::describe(&self.inside)
    }
    async fn check(&self) -> Result<Checked, Refusal> {
        Connector::check(&self.inside).await
    }
    async fn read(&self, query: &Query, page: &Page) -> Result<Batch, Refusal> {
        Connector::read(&self.inside, query, page).await
    }
    async fn get(&self, locator: &Locator) -> Result<Option<Observed>, Refusal> {
        Connector::get(&self.inside, locator).await
    }
    async fn plan(&self, desired: &Desired) -> Result<Vec<Change>, Refusal> {
        Connector::plan(&self.inside, desired).await
    }
    async fn apply(&self, change: &Change, operation: &Operation) -> Outcome {
        let (door, change, operation) = (self.clone(), change.clone(), operation.clone());
        let on_its_way = tokio::spawn(async move {
            door.waiting.fetch_add(1, Ordering::SeqCst);
            door.may.acquire().await.unwrap().forget();
            door.waiting.fetch_sub(1, Ordering::SeqCst);
            Connector::apply(&door.inside, &change, &operation).await
        });
        on_its_way.await.unwrap()
    }
    async fn verify(&self, expectation: &Expectation) -> Verdict {
        Connector::verify(&self.inside, expectation).await
    }
}

/// What is told of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Leaves,
    LeavesAtOnce,
    IsBack,
}

use Word::{IsBack, Leaves, LeavesAtOnce};

struct Case {
    stepped: Stepped,
    door: Door,
    sent: usize,
}

fn documents(lane: &str) -> Vec<(&'static str, String)> {
    let groups = "    group/staff: group-staff\n    group/finance: group-finance\n";
    let system = format!(
        "apiVersion: tenure/v1\nkind: Connection\nmetadata: {{ name: git }}\nspec:\n  connector: memory\n  direction: target\n  \
         config: {{}}\n  account:\n    match: employeeNumber\n    set:\n      employeeNumber: person.employeeId\n      uid: \
         lower(person.employeeId)\n  entitlements:\n{groups}"
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let hr = std::fs::read_to_string(root.join("examples/first-estate/connections/hr.yaml")).unwrap();
    let role = |name: &str| {
        format!(
            "apiVersion: tenure/v1\nkind: Role\nmetadata: {{ name: {name}, owner: it }}\nspec:\n  birthright: {{ when: \
             'person.kind == \"employee\"' }}\n  grants: [{{ connection: git, entitlement: group/{name} }}]\n"
        )
    };
    let mut all =
        vec![("hr.yaml", hr), ("git.yaml", system), ("roles.yaml", role("staff") + "---\n" + &role("finance"))];
    for path in ["joiner.yaml", "mover.yaml", "leaver.yaml"] {
        let text = std::fs::read_to_string(root.join("templates/workflows").join(path)).unwrap();
        let spec = format!("spec:\n  lane: {lane}\n");
        let text = text.replacen("spec:\n", &spec, 1);
        // With the fence out nobody looks again at what became so meanwhile either, which would mend it.
        let looks = if lane == "own" { "trigger: { demand: true }" } else { "trigger: { event: person.changed }" };
        all.push((path, text.replace("trigger: { event: person.changed }", looks)));
    }
    all
}

impl Case {
    /// Somebody is employed and has what they should, and the door is shut.
    async fn new(lane: &str) -> Self {
        let (database, documents) = (Database::sqlite(), documents(lane));
        let mut kept = None;
        let now = "2026-11-01T12:00:00Z".parse().unwrap();
        let stepped = Stepped::with(&database, &documents, now, Workflows::Shipped, |clock| {
            let inside = FakeTarget::new(clock).with_groups(["staff", "finance"]);
            let door = Door { inside, may: Arc::new(Semaphore::new(1_000)), waiting: Arc::default() };
            kept = Some(door.clone());
            [("git".parse().unwrap(), Arc::new(door) as Arc<dyn AnyConnector>)].into()
        });
        let stepped = stepped.await.unwrap().run();
        let mut case = Self { stepped, door: kept.unwrap(), sent: 0 };
        case.tell("employment.started", json!({ "firstDay": "2025-01-01" })).await;
        case.rest().await;
        assert_eq!(case.stands(), Some((AccountState::Active, 2)));
        let open = case.door.may.available_permits();
        case.door.may.acquire_many(open.try_into().unwrap()).await.unwrap().forget();
        case
    }

    async fn tell(&mut self, kind: &str, rest: Json) {
        self.sent += 1;
        let mut body = json!({ "id": format!("e{}", self.sent), "type": kind, "person": { "employeeId": "E1" } });
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        self.stepped.tell(body).await.unwrap();
        self.stepped.house.nudge();
    }

    async fn say(&mut self, word: Word) {
        // What comes later counts more. A spell ends before the next one begins, each a day further on.
        self.stepped.clock.advance(Duration::from_secs(1));
        let day = format!("2026-10-{:02}", 10 + 2 * self.sent);
        match word {
            Leaves => self.tell("employment.ended", json!({ "lastDay": day })).await,
            LeavesAtOnce => self.tell("employment.ended", json!({ "lastDay": day, "urgent": true })).await,
            IsBack => self.tell("employment.started", json!({ "firstDay": day })).await,
        }
    }

    /// Waits until nothing happens any more but that somebody stands at the door.
    async fn rest(&self) -> Pulse {
        let (mut quiet, mut last) = (0, None);
        for _ in 0..4_000 {
            let job = self.stepped.house.store.read(|tx| Box::pin(pulse(tx)));
            let now = job.await.map_err(|error: StoreError| error).unwrap();
            let waiting = self.door.waiting.load(Ordering::SeqCst);
            let same = last.as_ref() == Some(&(now.clone(), waiting)) && now.letters == 0;
            quiet = if same && (now.running == 0 || waiting > 0) { quiet + 1 } else { 0 };
            if quiet >= 6 {
                return now;
            }
            last = Some((now, waiting));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("it does not come to rest: {last:?}");
    }

    /// Lets so many writes in, one by one.
    async fn let_in(&self, writes: usize) {
        for _ in 0..writes {
            self.rest().await;
            if self.door.waiting.load(Ordering::SeqCst) == 0 {
                return;
            }
            self.door.may.add_permits(1);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.rest().await;
    }

    /// The worker dies with whatever it has in hand, and another one takes over.
    fn die(self, seed: u64) -> Self {
        Self { stepped: self.stepped.died(seed).unwrap().run(), ..self }
    }

    /// Everything comes in, and what is tried again is tried again.
    async fn end(&self) {
        self.door.may.add_permits(1_000);
        for _ in 0..20 {
            let pulse = self.rest().await;
            match pulse.next_due.filter(|due| due.duration_since(self.stepped.house.clock.now()).as_hours() < 1) {
                Some(due) => self.stepped.at(due),
                None => return,
            }
        }
    }

    async fn runs(&self) -> Vec<String> {
        let filter = RunFilter::default();
        let job = self.stepped.house.store.read(move |tx| Box::pin(async move { list(tx, &filter, None, 90).await }));
        let mut rows = job.await.map_err(|error: StoreError| error).unwrap();
        rows.sort_by_key(|row| row.id);
        rows.iter().map(|row| format!("{} {:?} {}", row.name, row.status, row.note)).collect()
    }

    /// Whether they can use the account, and how much it holds.
    fn stands(&self) -> Option<(AccountState, usize)> {
        self.door.inside.account("e1").map(|seen| (seen.state, seen.holds.len()))
    }
}

/// Says these words, so many writes apart, and tells how it ends otherwise than the last word wants.
async fn wrong(lane: &str, words: &[Word], gaps: &[usize], dies: bool) -> Option<String> {
    let mut case = Case::new(lane).await;
    for (place, word) in words.iter().enumerate() {
        case.say(*word).await;
        if let Some(gap) = gaps.get(place) {
            case.let_in(*gap).await;
        }
        if dies {
            case = case.die(50 + place as u64);
        }
    }
    case.end().await;
    let wanted = match words.last() {
        Some(IsBack) => Some((AccountState::Active, 2)),
        _ => Some((AccountState::Disabled, 0)),
    };
    let found = case.stands();
    if found == wanted {
        return None;
    }
    let runs = case.runs().await;
    Some(format!("{words:?} with {gaps:?} writes between, dies: {dies}: {found:?} after {runs:#?}"))
}

/// Every way to put up to `most` writes between these words.
fn gaps(words: usize, most: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 1..words {
        all = all.into_iter().flat_map(|gaps| (0..=most).map(move |gap| [gaps.clone(), vec![gap]].concat())).collect();
    }
    all
}

async fn all(lane: &str, words: &[&[Word]], most: usize, dies: &[bool]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for words in words {
        for gaps in gaps(words.len(), most) {
            for dies in dies {
                found.extend(wrong(lane, words, &gaps, *dies).await);
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_word_wins_wherever_it_comes() {
    let found = all("person", &[&[Leaves, IsBack], &[LeavesAtOnce, IsBack]], 3, &[false, true]).await;
    assert_eq!(found, BTreeSet::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_lane_the_newest_word_does_not_always_win() {
    let found = all("own", &[&[Leaves, IsBack]], 3, &[false]).await;
    assert_ne!(found, BTreeSet::new(), "the fence is out, and nobody noticed");
}

mod slow {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_newest_of_many_words_wins_wherever_they_come() {
        let words: [&[Word]; 3] =
            [&[Leaves, IsBack, Leaves], &[LeavesAtOnce, IsBack, LeavesAtOnce], &[Leaves, LeavesAtOnce, IsBack]];
        let found = all("person", &words, 2, &[false, true]).await;
        assert_eq!(found, BTreeSet::new());
    }
}
