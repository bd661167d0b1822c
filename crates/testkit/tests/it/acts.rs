//! What a system does for an account besides keeping it: once, seen, and taken back to what stood
//! there before.

use serde_json::{Value as Json, json};
use tenure_app::cx::Cx;
use tenure_app::runs::tell::{Telling, tell};
use tenure_app::runs::{show, undo};
use tenure_connect::fake::Fault;
use tenure_connect::{Act, Actions as _, Locator, Refusal, RefusalClass};
use tenure_engine::journal::RunStatus;
use tenure_flow::Node;
use tenure_model::{Account, AccountState, Actor, ActorKind, NativeId, Role, RunId, new_id};
use tenure_store::runs::RunFilter;
use tenure_store::{StoreError, accounts};

use crate::somebody::Somebody;

const ESTATE: &str = r#"apiVersion: tenure/v1
kind: Workflow
metadata: { name: away, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: reply, use: mailbox/auto-reply, with: { system: ldap, message: "{{ person.employeeId }} is away" } }
    - { id: forward, use: mailbox/forward, with: { system: ldap, to: E2 }, after: reply, onError: { retry: 3, backoff: 1m..1m, then: fail } }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: away-and-back, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: reply, use: mailbox/auto-reply, with: { system: ldap, message: gone } }
    - { id: back, use: connector/take-back, with: { step: reply }, after: reply }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: away-in-vain, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: reply, use: mailbox/auto-reply, with: { system: ldap, message: gone } }
    - { id: forward, use: mailbox/forward, with: { system: ldap, to: E2 }, after: reply, onError: { then: compensate } }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: to-herself, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: forward, use: mailbox/forward, with: { system: ldap, to: E1 }, onError: { then: fail } }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: to-nobody, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: forward, use: mailbox/forward, with: { system: ldap, to: E9 }, onError: { then: fail } }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: unheard-of, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: burn, use: connector/act, with: { system: ldap, action: mailbox/burn }, onError: { then: fail } }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: stuck, owner: it }
spec:
  trigger: { demand: true }
  steps:
    - { id: forward, use: mailbox/forward, with: { system: ldap, to: E2 }, onError: { retry: 0, then: ask it } }
"#;

impl Somebody {
    /// The same, and somebody else who has an account too.
    async fn of_two() -> Self {
        let scene = Self::new(ESTATE).await;
        let body = json!({ "id": "e2", "type": "employment.started", "firstDay": "2025-01-01", "person": { "employeeId": "E2" } });
        scene.stepped.tell(body).await.unwrap();
        let is_usable = async || scene.known("e2").await.is_some_and(|account| account.state == AccountState::Active);
        scene.holds("the other never came", is_usable).await;
        scene
    }

    /// What is known of an account that the system has.
    async fn known(&self, name: &str) -> Option<Account> {
        let native = self.stepped.directory.account(name)?.native_id?;
        let job = self
            .stepped
            .house
            .store
            .read(move |tx| Box::pin(async move { accounts::find(tx, &"ldap".parse().unwrap(), &native).await }));
        job.await.map_err(|error: StoreError| error).unwrap()
    }

    /// What the system does for an account, as JSON.
    fn acts(&self) -> Json {
        json!(self.stepped.directory.acts("e1"))
    }

    fn id_of(&self, name: &str) -> String {
        self.stepped.directory.account(name).unwrap().native_id.unwrap().to_string()
    }

    /// Somebody lets the mailbox answer before we do.
    async fn answers_already(&self, message: &str) {
        let (account, with) = (Locator::attribute("uid", "e1"), [("message".to_owned(), message.into())].into());
        let act = Act { account, action: "mailbox/auto-reply".to_owned(), with, back: None };
        let operation = tenure_connect::Operation { key: "0a".parse().unwrap(), generation: 1 };
        self.stepped.directory.act(&act, &operation).await.unwrap();
    }

    /// Somebody who may change what a run does.
    fn admin(&self) -> Cx {
        let kind = ActorKind::Caller { token: new_id(self.stepped.house.ids.as_ref()), roles: [Role::Admin].into() };
        Cx::new(self.stepped.house.clone(), Actor { name: "olga".to_owned(), kind })
    }

    /// They have a second account there.
    async fn with_second_account(&self, name: &str) -> String {
        let attributes = [("uid", name), ("employeeNumber", "E1b")].map(|(key, value)| (key.to_owned(), value.into()));
        drop((*self.stepped.directory).clone().with_account(attributes.into(), &[]));
        let own = self.known("e1").await.unwrap();
        let account = Account {
            id: new_id(self.stepped.house.ids.as_ref()),
            native_id: Some(NativeId::new(self.id_of(name))),
            name: name.to_owned(),
            holds: [].into(),
            version: 1,
            ..own
        };
        let job =
            self.stepped.house.store.write(move |tx| Box::pin(async move { accounts::upsert(tx, &account).await }));
        job.await.map_err(|error: StoreError| error).unwrap();
        name.to_owned()
    }

    async fn why(&self, run: RunId) -> String {
        show::show(&self.stepped.cx(), run).await.unwrap().row.note
    }

    fn done(&self, what: &str) -> usize {
        self.stepped.directory.effects().iter().filter(|effect| effect.what.contains(what)).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_done_once_although_the_answer_is_lost_and_is_put_back_as_it_was() {
    let scene = Somebody::of_two().await;
    scene.answers_already("on holiday").await;
    scene.stepped.directory.inject(Fault::LoseResponse);
    let run = scene.start("away").await;
    assert_eq!(scene.ended(run).await, RunStatus::Done, "{}", scene.why(run).await);
    let other = scene.id_of("e2");
    assert_eq!(
        scene.acts(),
        json!({ "mailbox/auto-reply": { "message": "E1 is away" }, "mailbox/forward": { "to": other } })
    );
    assert_eq!((scene.done("mailbox/auto-reply"), scene.done("mailbox/forward")), (2, 1));

    let by = undo::undo(&scene.stepped.cx(), run, "a mistake".to_owned()).await.unwrap();
    assert_eq!(scene.ended(by).await, RunStatus::Done);
    assert_eq!(scene.acts(), json!({ "mailbox/auto-reply": { "message": "on holiday" } }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_so_before_is_neither_done_again_nor_taken_back() {
    let scene = Somebody::of_two().await;
    scene.answers_already("gone").await;
    let run = scene.start("away-and-back").await;
    assert_eq!(scene.ended(run).await, RunStatus::Done);
    assert_eq!(scene.acts(), json!({ "mailbox/auto-reply": { "message": "gone" } }));
    assert_eq!(scene.done("mailbox"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_step_takes_back_what_an_earlier_one_did() {
    let scene = Somebody::of_two().await;
    let run = scene.start("away-and-back").await;
    assert_eq!(scene.ended(run).await, RunStatus::Done);
    assert_eq!((scene.acts(), scene.done("take back")), (json!({}), 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_is_taken_back_when_a_later_step_fails_for_good() {
    let scene = Somebody::of_two().await;
    scene.answers_already("on holiday").await;
    scene.stepped.directory.pause();
    let run = scene.start("away-in-vain").await;
    assert!(scene.stepped.directory.until_waiting(1, std::time::Duration::from_secs(30)).await, "nobody wrote");
    // The first write goes through; the one behind it does not.
    let no = Refusal::new(RefusalClass::Permission, "the mailbox may not be forwarded");
    scene.stepped.directory.inject(Fault::LoseResponse);
    scene.stepped.directory.inject(Fault::Refuse(no));
    scene.stepped.directory.resume();
    assert_eq!(scene.ended(run).await, RunStatus::Failed);
    assert_eq!(scene.acts(), json!({ "mailbox/auto-reply": { "message": "on holiday" } }), "{}", scene.why(run).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_handed_to_oneself_to_nobody_or_by_a_name_that_is_not_known() {
    let scene = Somebody::of_two().await;
    for (workflow, why) in [
        ("to-herself", "whose account it is; name somebody else"),
        ("to-nobody", "nobody is known as `E9`"),
        ("unheard-of", "cannot do `mailbox/burn`"),
    ] {
        let run = scene.start(workflow).await;
        assert_eq!(scene.ended(run).await, RunStatus::Failed, "{workflow}");
        assert!(scene.why(run).await.contains(why), "{workflow}: {}", scene.why(run).await);
    }
    assert_eq!(scene.acts(), json!({}));
}

/// What somebody else set since it was taken back is theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_back_already_is_not_taken_back_again() {
    let scene = Somebody::of_two().await;
    let run = scene.start("away-and-back").await;
    assert_eq!(scene.ended(run).await, RunStatus::Done);
    scene.answers_already("gone").await;
    let by = undo::undo(&scene.stepped.cx(), run, "by mistake".to_owned()).await.unwrap();
    assert_eq!(scene.ended(by).await, RunStatus::Done);
    assert_eq!(scene.acts(), json!({ "mailbox/auto-reply": { "message": "gone" } }));
}

/// What is edited into a step that is stuck was never looked at, so nobody could put back what stood there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_done_but_what_was_looked_at() {
    let scene = Somebody::of_two().await;
    let no = Refusal::new(RefusalClass::Permission, "the mailbox may not be forwarded");
    scene.stepped.directory.inject(Fault::Refuse(no));
    scene.start("stuck").await;
    let cx = scene.stepped.cx();
    let filter = RunFilter { name: Some("stuck/forward".to_owned()), ..RunFilter::default() };
    scene.holds("nothing is forwarded", async || !scene.rows(filter.clone()).await.is_empty()).await;
    let part = scene.rows(filter).await[0];
    let blocked = async || match show::show(&cx, part).await.unwrap().state.nodes.get("write") {
        Some(Node::Blocked { reason, with, .. }) => Some((reason.clone(), with.clone())),
        _ => None,
    };
    scene.holds("it is not stuck", async || blocked().await.is_some()).await;
    let (_, mut with) = blocked().await.unwrap();
    with["act"]["with"]["to"] = json!(scene.id_of("e1"));
    let edit = Telling::Edit { node: "write".to_owned(), with, reason: "another one".to_owned() };
    tell(&scene.admin(), part, edit).await.unwrap();
    let refused = async || blocked().await.is_some_and(|(reason, _)| reason.contains("is not what was looked at"));
    scene.holds("what was not looked at is done", refused).await;
    assert_eq!(scene.acts(), json!({}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_for_several_accounts_is_taken_back_for_each() {
    let scene = Somebody::of_two().await;
    let second = scene.with_second_account("e1-admin").await;
    let run = scene.start("away-and-back").await;
    assert_eq!(scene.ended(run).await, RunStatus::Done);
    assert_eq!((scene.done("mailbox/auto-reply"), scene.done("take back")), (4, 2));
    let both = || (scene.acts(), json!(scene.stepped.directory.acts(&second)));
    assert_eq!(both(), (json!({}), json!({})), "a step took back only some of it");

    let run = scene.start("away").await;
    assert_eq!(scene.ended(run).await, RunStatus::Done, "{}", scene.why(run).await);
    assert_eq!(both().0["mailbox/auto-reply"], both().1["mailbox/auto-reply"]);
    let by = undo::undo(&scene.stepped.cx(), run, "a mistake".to_owned()).await.unwrap();
    assert_eq!(scene.ended(by).await, RunStatus::Done);
    assert_eq!(both(), (json!({}), json!({})), "only some of it is taken back with the run");
}
