//! Open runs while their workflow changes, and steps that are tried again with something else.

use std::time::Duration;

use serde_json::json;
use tenure_app::runs::edit::edit;
use tenure_app::runs::migrate::{check, migrate};
use tenure_app::runs::redraft::redraft;
use tenure_app::runs::replay::replay;
use tenure_app::runs::start::start;
use tenure_app::runs::tell::{Telling, tell};
use tenure_app::{AppError, Cx, versions};
use tenure_engine::journal::{RunRow, RunStatus};
use tenure_model::{Actor, ActorKind, Role, RunId, SeededIds, new_id};
use tenure_server::house::{Opened, Working};
use tenure_store::{StoreError, runs};

use crate::house::LONG;
use crate::live::{Place, files, put};

/// A workflow with this first step, and those that come then.
pub fn workflow(first: &str, then: &str) -> String {
    format!(
        "apiVersion: tenure/v1\nkind: Workflow\nmetadata: {{ name: walk, owner: it }}\nspec:\n  trigger: {{ demand: true }}\n  \
         steps:\n    - {{ id: wait, use: {first} }}\n{then}"
    )
}

fn wait_for(signal: &str, ends: &str) -> String {
    format!("core/wait-for, with: {{ signal: {signal} }}{ends}")
}

pub fn admin(opened: &Opened) -> Cx {
    let token = new_id(&SeededIds::new(7));
    let kind = ActorKind::Caller { token, roles: [Role::Admin].into() };
    Cx::new(opened.house.clone(), Actor { name: "ada".to_owned(), kind })
}

pub async fn force(opened: &Opened, text: &str) {
    let version = opened.house.live.now().version;
    let mut all = files(opened, version).await;
    all.retain(|file| file.path != "walk.yaml");
    all.push(versions::file("walk.yaml".to_owned(), text.to_owned()));
    put(opened, version + 1, all).await.unwrap();
    versions::follow::follow(&opened.house).await.unwrap();
}

async fn until(opened: &Opened, run: RunId, is_so: impl Fn(&RunRow) -> bool) -> RunRow {
    let mut seen = None;
    for _ in 0..LONG.as_millis() / 20 {
        let row = opened.house.store.read(move |tx| Box::pin(async move { runs::get(tx, run).await })).await;
        seen = row.map_err(|error: StoreError| error).unwrap();
        if let Some(row) = seen.as_ref().filter(|row| is_so(row)) {
            return row.clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the run never came there: {seen:?}");
}

#[tokio::test]
async fn an_open_run_goes_on_by_the_version_in_force_if_its_past_fits() {
    let place = Place::new();
    place.write("walk.yaml", &workflow(&wait_for("go", ", ends: [received]"), ""));
    let opened = place.open("by-hand").await;
    let working = Working::start(&opened, opened.sealer());
    let cx = admin(&opened);
    let run = start(&cx, "walk".parse().unwrap(), None, json!({})).await.unwrap();
    let before = until(&opened, run, |row| row.status == RunStatus::Waiting).await;
    assert!(check(&cx, run).await.unwrap().is_there());
    assert!(matches!(migrate(&cx, run, "x".into()).await, Err(AppError::Conflict(_))), "there is no other version");

    force(&opened, &workflow("core/set, with: { a: 1 }", "")).await;
    let misfit = check(&cx, run).await.unwrap();
    assert_eq!(misfit.misfits, ["`wait` was begun as `core/wait-for`, and is `core/set` there"]);
    assert!(migrate(&cx, run, "x".into()).await.unwrap_err().to_string().contains("keeps its version"));

    let then =
        "    - { id: again, use: core/wait-for, after: wait.received, with: { signal: more }, ends: [received] }\n";
    force(&opened, &workflow(&wait_for("go", ""), then)).await;
    assert_eq!(check(&cx, run).await.unwrap().misfits, Vec::<String>::new());
    migrate(&cx, run, "there is more to wait for".into()).await.unwrap();
    let moved = until(&opened, run, |row| row.definition != before.definition).await;
    assert_eq!(moved.status, RunStatus::Waiting);
    // What it goes by is written, not only remembered.
    working.stop(LONG).await;
    drop(opened);
    let opened = place.open("by-hand").await;
    let working = Working::start(&opened, opened.sealer());
    let cx = admin(&opened);
    for signal in ["go", "more"] {
        let status = replay(&cx, run, None).await.unwrap();
        assert_eq!((status.differs, status.status), (None, RunStatus::Waiting), "{signal}");
        tell(&cx, run, Telling::Signal { name: signal.into(), body: json!(null) }).await.unwrap();
        let wanted = if signal == "go" { "again" } else { "" };
        until(&opened, run, |row| row.note.contains(wanted) && (wanted == "again" || row.status == RunStatus::Done))
            .await;
    }
    working.stop(LONG).await;
}

#[tokio::test]
async fn only_what_is_stuck_is_tried_with_something_else() {
    let place = Place::new();
    place.write("walk.yaml", &workflow(&wait_for("go", ", ends: [received]"), ""));
    let opened = place.open("by-hand").await;
    let working = Working::start(&opened, opened.sealer());
    let cx = admin(&opened);
    let run = start(&cx, "walk".parse().unwrap(), None, json!({})).await.unwrap();
    until(&opened, run, |row| row.status == RunStatus::Waiting).await;
    let refused = edit(&cx, run, "wait".into(), json!({}), "x".into()).await.unwrap_err();
    assert!(refused.to_string().contains("is not stuck"), "{refused}");
    assert!(matches!(edit(&cx, run, "none".into(), json!({}), "x".into()).await, Err(AppError::NotFound { .. })));
    working.stop(LONG).await;
}

#[tokio::test]
async fn the_last_runs_are_played_again_by_a_draft_and_nothing_is_done() {
    let place = Place::new();
    place.write(
        "walk.yaml",
        &workflow("core/set, with: { a: 1 }", "    - { id: prove, use: core/set, with: { b: 1 }, after: wait }\n"),
    );
    let opened = place.open("by-hand").await;
    let working = Working::start(&opened, opened.sealer());
    let cx = admin(&opened);
    let mut ids = Vec::new();
    for _ in 0..3 {
        let run = start(&cx, "walk".parse().unwrap(), None, json!({})).await.unwrap();
        until(&opened, run, |row| row.status == RunStatus::Done).await;
        ids.insert(0, run);
    }
    let open = start(&cx, "walk".parse().unwrap(), None, json!({})).await.unwrap();
    until(&opened, open, |row| row.status == RunStatus::Done).await;
    let played = async |last: usize, text: &str| redraft(&cx, "walk".parse().unwrap(), text.to_owned(), last).await;
    let same =
        workflow("core/set, with: { a: 1 }", "    - { id: prove, use: core/set, with: { b: 1 }, after: wait }\n");
    let found = played(50, &same).await.unwrap();
    assert_eq!(found.len(), 4);
    assert!(found.iter().all(|one| one.difference.is_none()), "{found:?}");
    let other = workflow(
        "core/set, with: { a: 2 }",
        "    - { id: badge, use: human/task, with: { title: x, for: \"team:desk\" }, after: wait, ends: [done, refused] }\n",
    );
    let found = played(2, &other).await.unwrap();
    assert_eq!(found.iter().map(|one| one.run.id).collect::<Vec<_>>(), [open, ids[0]]);
    for one in &found {
        assert_eq!(one.difference.less, ["prove"]);
        assert!(one.difference.untold.keys().any(|step| step.contains("badge")), "{one:?}");
        assert_eq!(one.would_end, None);
    }
    let bad = played(2, "kind: [").await.unwrap_err();
    assert!(matches!(bad, AppError::BadDocuments(_)), "{bad}");
    let another = played(2, &same.replace("name: walk", "name: run")).await.unwrap_err();
    assert!(another.to_string().contains("no document of kind Workflow with the name `walk`"), "{another}");
    assert!(matches!(played(0, &same).await, Err(AppError::Invalid { .. })));
    // Nothing of all that is a run, or a version.
    assert_eq!(opened.house.live.now().version, 1);
    working.stop(LONG).await;
}
