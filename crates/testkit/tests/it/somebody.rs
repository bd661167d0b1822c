//! Somebody who was employed in a small house, and what happens to them.

use serde_json::{Value as Json, json};
use tenure_app::runs::{show, start};
use tenure_engine::journal::RunStatus;
use tenure_model::RunId;
use tenure_store::runs::{RunFilter, list};
use tenure_testkit::databases::Database;
use tenure_testkit::stepped::{Stepped, Workflows};

/// A source, a directory, and what follows from being employed.
pub const HOUSE: &str = r#"apiVersion: tenure/v1
kind: Connection
metadata: { name: hr, owner: it }
spec: { connector: memory, direction: source, authority: [employee], config: {} }
---
apiVersion: tenure/v1
kind: Connection
metadata: { name: ldap, owner: it }
spec:
  connector: memory
  direction: target
  config: {}
  account:
    match: employeeNumber
    set: { employeeNumber: person.employeeId, uid: lower(person.employeeId) }
  entitlements: { group/staff: group-staff, group/lab: group-lab, group/wiki: group-wiki, group/project: group-project }
---
apiVersion: tenure/v1
kind: Role
metadata: { name: staff, owner: it }
spec:
  birthright: { when: 'person.kind == "employee"' }
  grants: [{ connection: ldap, entitlement: group/staff }]
---
"#;

pub struct Somebody {
    pub stepped: Stepped,
    person: String,
}

impl Somebody {
    /// They are employed in the house with these documents besides, and have the group `staff` that follows from it.
    pub async fn new(besides: &str) -> Self {
        Self::of(&format!("{HOUSE}{besides}")).await
    }

    /// The same in a house of these documents alone.
    pub async fn of(estate: &str) -> Self {
        let database = Database::sqlite();
        let now = "2026-11-02T09:00:00Z".parse().unwrap();
        let files = [("all.yaml", estate.to_owned())];
        let stepped = Stepped::with(&database, &files, now, Workflows::Shipped, |_| [].into()).await.unwrap().run();
        let body = json!({ "id": "e1", "type": "employment.started", "firstDay": "2025-01-01", "person": { "employeeId": "E1" } });
        stepped.tell(body).await.unwrap();
        let scene = Self { stepped, person: String::new() };
        scene.holds("nobody came", async || scene.groups() == ["staff"]).await;
        let person = scene.rows(RunFilter::default()).await;
        let person = show::show(&scene.stepped.cx(), person[0]).await.unwrap().state.input["person"].clone();
        Self { person: person.as_str().unwrap().to_owned(), ..scene }
    }

    /// Waits until something is so.
    pub async fn holds(&self, otherwise: &str, is_so: impl AsyncFn() -> bool) {
        assert!(self.stepped.comes_to(is_so).await, "{otherwise}: {:?}", self.stepped.directory.account("e1"));
    }

    pub async fn rows(&self, filter: RunFilter) -> Vec<RunId> {
        let job = self.stepped.house.store.read(move |tx| Box::pin(async move { list(tx, &filter, None, 100).await }));
        job.await.map_err(|error: tenure_store::StoreError| error).unwrap().into_iter().map(|row| row.id).collect()
    }

    /// What they are in, in the directory.
    pub fn groups(&self) -> Vec<String> {
        let account = self.stepped.directory.account("e1");
        let mut groups: Vec<String> =
            account.iter().flat_map(|seen| &seen.holds).map(|id| id.to_string().replace("group-", "")).collect();
        groups.sort();
        groups
    }

    pub async fn start(&self, workflow: &str) -> RunId {
        self.start_with(workflow, json!({})).await
    }

    /// The same with more that it is given.
    pub async fn start_with(&self, workflow: &str, mut input: Json) -> RunId {
        input["person"] = json!(self.person);
        self.start_for(workflow, input).await
    }

    /// The same for whom this names.
    pub async fn start_for(&self, workflow: &str, input: Json) -> RunId {
        start::start(&self.stepped.cx(), workflow.parse().unwrap(), None, input).await.unwrap()
    }

    /// How a run ends.
    pub async fn ended(&self, run: RunId) -> RunStatus {
        let cx = self.stepped.cx();
        let is_over = async || show::show(&cx, run).await.is_ok_and(|shown| shown.row.status.is_closed());
        let is_ended = self.stepped.comes_to(is_over).await;
        let shown = show::show(&cx, run).await.unwrap();
        assert!(is_ended, "the run does not end: {:?}", shown.waits);
        shown.row.status
    }
}
