//! The full life of many users while things go wrong: nobody is lost and nobody is made twice.
//!
//! Each walks from joining to leaving: made, changed, put into a group and taken out, disabled and
//! enabled again, and at last deleted, with a look after every step. Between the last two
//! everybody is counted past the connector, on the server itself.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures::StreamExt as _;
use serde_json::json;
use tenure_connect::{
    AnyConnector, Change, Desired, Expectation, Locator, Operation, Outcome, Refusal, Usability, Verdict,
};
use tenure_model::{NativeId, Value};
use tenure_services::scim::ScimConnector;
use tenure_testkit::faulty::{Fault, FaultyLine};
use tenure_testkit::scim::{ScimKind, ScimServer};

use super::attributes;
use super::faults::broken;

/// What goes wrong, and how often.
const FAULTS: [Fault; 8] = [
    Fault::Busy(0),
    Fault::Busy(1),
    Fault::Failing(500),
    Fault::Failing(503),
    Fault::FailingAfter(502),
    Fault::Cut,
    Fault::Lost,
    Fault::Silent,
];
const FAULTS_OF_A_THOUSAND: u64 = 40;
const SEED: u64 = 0x5eed;
const WALKERS: usize = 4;
const TRIES_MAX: u32 = 60;
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug, Default)]
struct Tally {
    done: BTreeMap<&'static str, u64>,
    unknown: u64,
    refused: u64,
    errors: Vec<String>,
}

struct Walk<'a> {
    scim: &'a ScimConnector,
    tally: &'a Mutex<Tally>,
    staff: NativeId,
}

impl Walk<'_> {
    /// Makes it so, however often it takes, and looks whether it is.
    async fn settle(&self, step: &'static str, desired: Desired, expectation: Expectation) -> Result<(), String> {
        for _ in 0..TRIES_MAX {
            let changes = match self.scim.plan(&desired).await {
                Ok(changes) => changes,
                Err(refusal) => {
                    self.wait(step, refusal).await?;
                    continue;
                }
            };
            if changes.is_empty() {
                return self.look(step, &expectation).await;
            }
            for change in changes {
                if !self.made(step, &change).await? {
                    break;
                }
            }
        }
        Err(format!("{step} did not come to an end"))
    }

    async fn made(&self, step: &'static str, change: &Change) -> Result<bool, String> {
        let operation = Operation { key: "0a".parse().unwrap(), generation: 1 };
        match self.scim.apply(change, &operation).await {
            Outcome::Done { .. } => Ok(true),
            Outcome::Refused(refusal) => self.wait(step, refusal).await.map(|()| false),
            // Nothing is sent again before somebody looked, which the next plan does.
            Outcome::Unknown(_) => {
                self.tally.lock().unwrap().unknown += 1;
                Ok(false)
            }
        }
    }

    async fn wait(&self, step: &'static str, refusal: Refusal) -> Result<(), String> {
        self.tally.lock().unwrap().refused += 1;
        if !refusal.retry() {
            return Err(format!("{step}: {refusal}"));
        }
        tokio::time::sleep(refusal.retry_after.unwrap_or(PAUSE)).await;
        Ok(())
    }

    async fn look(&self, step: &'static str, expectation: &Expectation) -> Result<(), String> {
        for _ in 0..TRIES_MAX {
            match self.scim.verify(expectation).await {
                Verdict::Met { .. } => {
                    *self.tally.lock().unwrap().done.entry(step).or_default() += 1;
                    return Ok(());
                }
                Verdict::Unmet { differences, .. } => return Err(format!("{step}: {}", differences.join(", "))),
                Verdict::Undecided { refusal } => self.wait(step, refusal).await?,
            }
        }
        Err(format!("{step} could not be looked at"))
    }

    async fn joins_and_stays(&self, number: usize) -> Result<(), String> {
        let named = account(number);
        let plain = |account: &Locator| Expectation::of(account.clone());
        let attributes = attributes(&format!("user{number}"));
        let present = Desired::Present { account: named.clone(), attributes, hold: [].into() };
        self.settle("create", present, plain(&named)).await?;
        let id = self.native(&named).await?;

        let title: tenure_model::Attributes = [("title".to_owned(), Value::from("Countess"))].into();
        let changed = Desired::Present { account: id.clone(), attributes: title.clone(), hold: [].into() };
        self.settle("change", changed, Expectation { attributes: title, ..plain(&id) }).await?;

        let staff = || [Locator::Native(self.staff.clone())].into();
        let granted = Desired::Entitlements { account: id.clone(), add: staff(), remove: [].into() };
        self.settle("grant", granted, Expectation { holds: [self.staff.clone()].into(), ..plain(&id) }).await?;
        let revoked = Desired::Entitlements { account: id.clone(), add: [].into(), remove: staff() };
        self.settle("revoke", revoked, Expectation { lacks: [self.staff.clone()].into(), ..plain(&id) }).await?;

        self.settle("disable", Desired::Disabled { account: id.clone() }, Expectation::unusable(id.clone())).await?;
        let usable = Expectation { usability: Some(Usability::Usable), ..plain(&id) };
        self.settle("enable", Desired::Enabled { account: id }, usable).await
    }

    async fn leaves(&self, number: usize) -> Result<(), String> {
        let id = self.native(&account(number)).await?;
        let gone = Expectation { usability: Some(Usability::Gone), ..Expectation::of(id.clone()) };
        self.settle("delete", Desired::Deleted { account: id }, gone).await
    }

    async fn native(&self, account: &Locator) -> Result<Locator, String> {
        for _ in 0..TRIES_MAX {
            match self.scim.get(account).await {
                Ok(Some(seen)) => return Ok(Locator::Native(seen.native_id.unwrap())),
                Ok(None) => return Err(format!("`{account}` is not there")),
                Err(refusal) => self.wait("get", refusal).await?,
            }
        }
        Err(format!("`{account}` could not be found"))
    }
}

fn account(number: usize) -> Locator {
    Locator::attribute("externalId", format!("E{number}"))
}

/// Everybody once, active, with the new title and in no group; by the server's own word.
async fn census(server: &ScimServer, many: usize) -> usize {
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for user in server.users().await {
        assert_eq!((&user["active"], &user["title"]), (&json!(true), &json!("Countess")), "{user}");
        *found.entry(user["externalId"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    assert_eq!(found.len(), many);
    for group in server.groups().await {
        assert!(group["members"].as_array().is_none_or(Vec::is_empty), "{group}");
    }
    found.values().filter(|times| **times > 1).count()
}

async fn life(kind: ScimKind, many: usize) {
    let (server, line, scim) = broken(kind).await;
    let staff = server.groups().await.into_iter().find(|group| group["displayName"] == "staff").unwrap();
    let staff = NativeId::new(staff["id"].as_str().unwrap());
    let tally = Mutex::default();
    let walk = &Walk { scim: &scim, tally: &tally, staff };
    let errors = |ends: Vec<Result<(), String>>| {
        tally.lock().unwrap().errors.extend(ends.into_iter().filter_map(Result::err));
    };

    let started = tokio::time::Instant::now();
    line.by_chance(SEED, FAULTS_OF_A_THOUSAND, &FAULTS);
    errors(each(many, |number| walk.joins_and_stays(number)).await);
    let twice = census(&server, many).await;
    errors(each(many, |number| walk.leaves(number)).await);
    line.calm();
    let left = server.users().await.len();

    let tally = tally.into_inner().unwrap();
    print(kind, many, started.elapsed(), &tally, &line);
    println!("errors {}, made twice {twice}, left over {left}", tally.errors.len());
    assert_eq!((tally.errors, twice, left), (Vec::new(), 0, 0));
    for step in ["create", "change", "grant", "revoke", "disable", "enable", "delete"] {
        assert_eq!(tally.done[step], many as u64, "{step}");
    }
    let injected: u64 = line.injected().values().sum();
    assert!(injected > many as u64 / 4, "only {injected} faults: nothing was shown");
}

async fn each<F: Future<Output = Result<(), String>>>(
    many: usize,
    one: impl Fn(usize) -> F,
) -> Vec<Result<(), String>> {
    futures::stream::iter((0..many).map(one)).buffer_unordered(WALKERS).collect().await
}

fn print(kind: ScimKind, many: usize, took: Duration, tally: &Tally, line: &FaultyLine) {
    println!("\n{} users on {} in {:.0} s", many, kind.name(), took.as_secs_f64());
    for (step, times) in &tally.done {
        println!("  {step:<28}{times:>8}  done and seen");
    }
    for (fault, times) in &line.injected() {
        println!("  {fault:<28}{times:>8}  injected");
    }
    for (method, times) in &line.forwarded() {
        println!("  {method:<28}{times:>8}  reached the server");
    }
    println!(
        "  {:<28}{:>8}\n  {:<28}{:>8}",
        "writes that ended unknown", tally.unknown, "refused and tried again", tally.refused
    );
}

mod slow {
    use super::*;

    #[tokio::test]
    async fn fifty_live_on_scim2_server() {
        life(ScimKind::Scim2Server, 50).await;
    }

    #[tokio::test]
    async fn fifty_live_on_scimmy() {
        life(ScimKind::Scimmy, 50).await;
    }

    #[tokio::test]
    #[ignore = "takes minutes; `cargo test --release -p tenure-services --test it a_thousand_live -- --ignored --nocapture` prints the table"]
    async fn a_thousand_live_on_both() {
        for kind in ScimKind::ALL {
            life(kind, 1_000).await;
        }
    }
}
