//! Reviews as a whole: all that a workflow with a review has asked since it last began, of whom, how
//! far they are, and what became of it.
//!
//! A campaign is nothing of its own; it is the runs of such a workflow and their questions, counted
//! when somebody looks. What is asked and what follows is done by `steps/review`.

mod count;
pub mod list;
pub mod show;

use std::collections::BTreeMap;

use jiff::Timestamp;
use tenure_engine::journal::RunStatus;
use tenure_flow::graph::GraphText;
use tenure_model::{Name, RunId, TaskKind};
use tenure_store::runs::{self, RunFilter};
use tenure_store::{StoreError, Tx, schedules, sets, tasks};

pub use count::{Questions, Reviewer, Things};

use crate::cx::House;
use crate::estate::Workflow;
use crate::limits::{REVIEW_PEOPLE_MAX, REVIEW_RUNS_PAGE};
use count::Counted;

/// The part of a step that looks at somebody which waits until what was taken is gone.
const CLOSE: &str = "review/close";
/// The one that takes it.
const TAKE: &str = "review/take";

/// A campaign, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// The workflow.
    pub workflow: Name,
    /// What began then or later is counted; everything if nothing.
    pub since: Option<Timestamp>,
    /// How many people it is about.
    pub people: i64,
    /// Whether there are more, which are not counted.
    pub more: bool,
    /// How many of its runs stand how.
    pub runs: BTreeMap<RunStatus, i64>,
    /// How far the questions are.
    pub questions: Questions,
    /// Who was asked, and how far each is.
    pub reviewers: Vec<Reviewer>,
    /// What became of what was asked about; only where one campaign is shown.
    pub things: Option<Things>,
}

/// Every workflow that reviews, by name.
fn workflows(house: &House) -> Vec<Name> {
    let estate = house.estate();
    estate.workflows.iter().filter(|(_, workflow)| reviews(workflow)).map(|(name, _)| name.clone()).collect()
}

fn reviews(workflow: &Workflow) -> bool {
    let graph = serde_json::from_str::<GraphText>(&workflow.definition.body);
    graph.is_ok_and(|graph| graph.steps.iter().any(|step| step.action == CLOSE))
}

/// When the workflow last began for many: by a set, or by its schedule.
async fn begun(tx: &mut Tx, workflow: &Name) -> Result<Option<Timestamp>, StoreError> {
    let sets = sets::list(tx, None, REVIEW_RUNS_PAGE).await?;
    let of_sets = sets.into_iter().filter(|set| set.workflow == workflow.as_str()).filter_map(|set| set.started_at);
    let schedules = schedules::all(tx).await?;
    let of_schedules = schedules.into_iter().filter(|one| one.workflow == workflow.as_str()).map(|one| one.at);
    Ok(of_sets.chain(of_schedules).max())
}

/// A campaign with its questions counted, and the runs of which only their records say what became of
/// so many things.
async fn campaign(
    tx: &mut Tx,
    workflow: Name,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Result<(Campaign, Vec<(RunId, i64)>), StoreError> {
    let begun = if since.is_some() { since } else { begun(tx, &workflow).await? };
    let mut counted = counted(tx, &workflow, begun, now).await?;
    let mut from = begun;
    if since.is_none() && begun.is_some() && counted.people == 0 {
        // A schedule that is seen for the first time has begun for nobody.
        (counted, from) = (self::counted(tx, &workflow, None, now).await?, None);
    }
    let Counted { people, more, runs, questions, reviewers, things, open } = counted;
    let reviewers = reviewers.into_values().collect();
    let campaign = Campaign { workflow, since: from, people, more, runs, questions, reviewers, things: Some(things) };
    Ok((campaign, open))
}

async fn counted(
    tx: &mut Tx,
    workflow: &Name,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Result<Counted, StoreError> {
    let filter = RunFilter { name: Some(workflow.to_string()), since, ..RunFilter::default() };
    let (mut counted, mut before) = (Counted::default(), None);
    loop {
        let page = runs::list(tx, &filter, before, REVIEW_RUNS_PAGE).await?;
        let Some(last) = page.last() else { return Ok(counted) };
        before = Some(last.id);
        let page: Vec<_> = page.into_iter().filter(|row| row.parent.is_none()).collect();
        let ids: Vec<RunId> = page.iter().map(|row| row.id).collect();
        let asked = tasks::of_runs(tx, &ids, TaskKind::Review).await?;
        counted.add(&page, asked, now);
        if counted.people >= REVIEW_PEOPLE_MAX {
            counted.more = true;
            return Ok(counted);
        }
    }
}
