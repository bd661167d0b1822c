//! Scenarios: workflows tried out in virtual time, on the real engine and an in-memory store.
//!
//! Everything is the product but the world: connected systems are fakes that can be told to fail,
//! notices are kept instead of sent, and the clock is moved from one timer to the next. A scenario
//! is a document; [`test`] runs every one of a folder. `stage` builds the house, `play` lets
//! things happen, `expect` looks at what came of them.

pub mod document;
mod expect;
mod play;
mod stage;

use std::path::Path;
use std::time::Duration;

use tenure_blueprint::{self as blueprint, Problem, Written};
use tenure_model::{Clock as _, SystemClock};

use super::estate::{self, Read};
use super::fault::HouseError;
use document::Scenario;

/// How a scenario ended.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Its name.
    pub name: String,
    /// What to call it on a screen.
    pub title: String,
    /// In which file it stands.
    pub file: String,
    /// What is not as expected; nothing if it holds.
    pub faults: Vec<String>,
    /// How long it took, on the clock of the wall.
    pub took: Duration,
}

impl Verdict {
    /// Whether it holds.
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Runs the scenarios of a folder, perhaps only those whose name holds this text.
pub async fn test(folder: &Path, only: Option<&str>) -> Result<Vec<Verdict>, HouseError> {
    run(estate::read(folder).await?, &folder.display().to_string(), only).await
}

/// Runs the scenarios of these documents.
pub async fn test_texts(files: Vec<(String, String)>, only: Option<&str>) -> Result<Vec<Verdict>, HouseError> {
    run(estate::compile("the documents", files)?, "the documents", only).await
}

async fn run(read: Read, folder: &str, only: Option<&str>) -> Result<Vec<Verdict>, HouseError> {
    let clock = SystemClock::new();
    let mut scenarios: Vec<(&Written, Scenario)> = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    for written in read.documents.scenarios.values() {
        match understood(written, &read) {
            Ok(scenario) => scenarios.push((written, scenario)),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        let problems = problems.iter().map(ToString::to_string).collect();
        return Err(HouseError::Estate { folder: folder.to_owned(), problems });
    }
    let mut verdicts = Vec::new();
    for (written, scenario) in scenarios {
        if only.is_some_and(|only| !written.name.as_str().contains(only)) {
            continue;
        }
        let begun = clock.elapsed();
        let faults = match play::play(&read, &scenario).await {
            Ok(faults) => faults,
            Err(error) => vec![format!("it cannot be played: {error}")],
        };
        verdicts.push(Verdict {
            name: written.name.to_string(),
            title: written.title.clone(),
            file: written.file.clone(),
            faults,
            took: clock.elapsed().saturating_sub(begun),
        });
    }
    Ok(verdicts)
}

fn understood(written: &Written, read: &Read) -> Result<Scenario, Problem> {
    let bad = |code, reason: String, hint: &str| written.problem("", code, reason, hint.to_owned());
    let scenario: Scenario = serde_json::from_value(written.spec.clone()).map_err(|error| {
        bad(
            blueprint::Code::BadValue,
            format!("this is no scenario: {error}"),
            "docs/howto/test-a-workflow.md explains every key",
        )
    })?;
    let missing = scenario.run.iter().find(|name| {
        let name = name.trim_start_matches("workflow/");
        !read.estate.workflows.keys().any(|known| known.as_str() == name)
    });
    match missing {
        Some(name) => Err(bad(
            blueprint::Code::NamesNothing,
            format!("there is no workflow `{name}`"),
            "name workflows of this folder or shipped ones",
        )),
        None => Ok(scenario),
    }
}
