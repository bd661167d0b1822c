//! What a run gave or took is put back when it is taken back, in the systems too; and a write that
//! goes wrong within `access/ensure` ends as its author says.

use std::path::Path;

use tenure_server::house::{estate, scenario};

const WORKFLOWS: &str = r"apiVersion: tenure/v1
kind: Workflow
metadata: { name: give }
spec:
  trigger: { demand: true }
  steps:
    - { id: grant, use: access/grant, with: { system: entra, entitlement: group/emergency } }
    - { id: so, use: access/ensure, after: grant }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: give-for-nothing }
spec:
  trigger: { demand: true }
  steps:
    - { id: grant, use: access/grant, with: { system: entra, entitlement: group/emergency } }
    - { id: so, use: access/ensure, after: grant }
    - { id: pause, use: core/wait-until, with: { for: 1h }, after: so }
    - { id: end, use: core/fail, with: { reason: it was for nothing, undo: true }, after: pause }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: take-for-nothing }
spec:
  trigger: { demand: true }
  steps:
    - { id: take, use: access/revoke, with: { system: entra, entitlement: group/emergency } }
    - { id: so, use: access/ensure, after: take }
    - { id: pause, use: core/wait-until, with: { for: 1h }, after: so }
    - { id: end, use: core/fail, with: { reason: it was for nothing, undo: true }, after: pause }
---
apiVersion: tenure/v1
kind: Workflow
metadata: { name: never-so }
spec:
  trigger: { demand: true }
  steps:
    - { id: so, use: access/ensure, onError: { retry: 2, backoff: 1s..2s, then: compensate } }
";

fn scenario(name: &str, workflows: &str, rest: &str) -> String {
    format!(
        "---\napiVersion: tenure/v1\nkind: Scenario\nmetadata: {{ name: {name} }}\nspec:\n  run: [{workflows}, mover]\n  given:\n    \
         at: 2026-11-02T09:00:00Z\n    people: {{ E1: {{ displayName: Ada, firstDay: 2024-01-08 }} }}\n    systems: {{ entra: {{ \
         groups: [staff, emergency], accounts: {{ E1: {{ groups: [staff] }} }} }} }}\n{rest}"
    )
}

async fn hold(scenario_text: String) {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/library");
    let mut files = estate::load(&library).await.unwrap();
    files.retain(|(path, _)| path == "estate.yaml" || path == "notices.yaml");
    files.push(("ours.yaml".to_owned(), format!("{WORKFLOWS}{scenario_text}")));
    let verdicts = scenario::test_texts(files, None).await.unwrap();
    assert_eq!(verdicts.len(), 1);
    assert!(verdicts.iter().all(scenario::Verdict::holds), "{verdicts:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_is_gone_again() {
    let rest = "  when: { person: E1, start: give-for-nothing }\n  then:\n    - { at: 2026-11-02T09:30:00Z, holds: { entra: \
                [staff, emergency] } }\n    - { at: 2026-11-02T12:00:00Z, run: failed, holds: { entra: [staff] } }\n";
    hold(scenario("given", "give-for-nothing", rest)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_is_back_again() {
    let rest = "  when:\n    - { person: E1, start: give }\n    - { at: 2026-11-02T10:00:00Z, person: E1, start: \
                take-for-nothing }\n  then:\n    - { at: 2026-11-02T10:30:00Z, holds: { entra: [staff] } }\n    - { at: \
                2026-11-02T13:00:00Z, holds: { entra: [staff, emergency] } }\n";
    hold(scenario("taken", "give, take-for-nothing", rest)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_never_goes_ends_the_run_as_its_author_says() {
    let rest = "  when: { person: E1, start: never-so }\n  faults: [{ system: entra, refuse: true }]\n  then: [{ at: \
                2026-11-03T09:00:00Z, run: failed }]\n";
    let text = scenario("never", "never-so", rest).replace("{ groups: [staff] }", "{ groups: [] }");
    hold(text).await;
}
