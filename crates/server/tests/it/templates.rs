//! The library of workflows: every scenario holds, everything of Entra is covered, and a template
//! that is broken on purpose is noticed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tenure_blueprint::entra::TASKS;
use tenure_flow::kinds::Kind;
use tenure_server::house::{estate, scenario};

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/library")
}

#[derive(Debug, Deserialize)]
struct Coverage {
    task: Vec<TaskRow>,
    template: Vec<TemplateRow>,
    beyond: Vec<Beyond>,
}

#[derive(Debug, Deserialize)]
struct TaskRow {
    id: String,
    name: String,
    step: String,
}

#[derive(Debug, Deserialize)]
struct TemplateRow {
    workflow: String,
}

#[derive(Debug, Deserialize)]
struct Beyond {
    workflow: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_of_the_library_holds() {
    let verdicts = scenario::test(&library(), None).await.unwrap();
    let failed: Vec<_> = verdicts.iter().filter(|verdict| !verdict.holds()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(verdicts.len() >= 30, "{}", verdicts.len());
}

#[tokio::test]
async fn everything_of_entra_is_covered_by_a_step_and_a_workflow_with_scenarios() {
    let text = std::fs::read_to_string(library().join("../coverage.toml")).unwrap();
    let coverage: Coverage = toml::from_str(&text).unwrap();
    let covered: BTreeSet<(&str, &str, &str)> =
        coverage.task.iter().map(|row| (row.id.as_str(), row.name.as_str(), row.step.as_str())).collect();
    let known: BTreeSet<(&str, &str, &str)> = TASKS.iter().map(|task| (task.id, task.name, task.step)).collect();
    assert_eq!(covered, known, "31 of 31, each as the import takes it over");
    assert!(coverage.task.iter().all(|row| Kind::named(&row.step).is_some()), "{coverage:?}");
    assert_eq!((coverage.task.len(), coverage.template.len()), (31, 15));
    let read = estate::read(&library()).await.unwrap();
    let tried: BTreeSet<String> = read
        .documents
        .scenarios
        .values()
        .filter_map(|written| written.spec.get("run")?.as_str().map(ToOwned::to_owned))
        .collect();
    let named =
        coverage.template.iter().map(|row| &row.workflow).chain(coverage.beyond.iter().map(|row| &row.workflow));
    for workflow in named {
        assert!(read.documents.workflows.keys().any(|name| name.as_str() == workflow), "there is no {workflow}");
        assert!(tried.contains(workflow), "{workflow} has no scenario");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_that_is_broken_on_purpose_is_noticed() {
    let mut files = estate::load(&library()).await.unwrap();
    let whole = |files: &[(String, String)]| files.iter().find(|(path, _)| path == "offboard.yaml").unwrap().1.clone();
    let before = whole(&files);
    let broken = before.replace("use: signin/end-sessions", "use: person/look");
    assert_ne!(before, broken);
    files.iter_mut().filter(|(path, _)| path == "offboard.yaml").for_each(|(_, text)| text.clone_from(&broken));
    let verdicts = scenario::test_texts(files, Some("offboard-melbourne")).await.unwrap();
    let faults = verdicts.iter().flat_map(|verdict| &verdict.faults).cloned().collect::<Vec<_>>().join("\n");
    assert!(faults.contains("the number of open sessions is 3, and must be 0"), "{faults}");
}
