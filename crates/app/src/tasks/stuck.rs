//! Runs that cannot go on by themselves: whoever the workflow names is asked, and what they say is
//! told to the run.
//!
//! A run asks about one step at a time, under a key that it has once for each time that it gets stuck.
//! What is asked of nobody by name is asked of whom the settings name.

use std::collections::BTreeSet;
use std::sync::Arc;

use tenure_engine::journal::RunRow;
use tenure_flow::{Node, RunState};
use tenure_model::{Actor, Assignee, HumanTask, Name, PersonId, RunId, TaskKind};
use tenure_store::{Tx, people, runs, tasks};

use super::open::{Opening, open};
use super::succeed::fallback;
use crate::cx::{Cx, House, send_to};
use crate::error::AppError;
use crate::people::show::KEYS;
use crate::runs::above::above;
use crate::runs::replay::{Replayed, replay};
use crate::runs::tell::Telling;
use crate::{limits, record};

const RETRY: &str = "retry";
const SKIP: &str = "skip";
const CANCEL: &str = "cancel";

/// As what a step ends that somebody lets the run go on without.
const SKIPPED: &str = "skipped";

/// Asks for the runs that are blocked and that nobody is asked for. Says for how many. A run that
/// cannot be read holds up no other.
pub(super) async fn ask(house: &Arc<House>) -> Result<usize, AppError> {
    let job = house.store.read(|tx| Box::pin(async move { tasks::unasked(tx, limits::TASK_BATCH).await }));
    let runs = job.await?;
    let mut asked = 0;
    for run in runs {
        match ask_for(house, run).await {
            Ok(()) => asked += 1,
            Err(error) => tracing::warn!(%run, %error, "nobody could be asked for a run that is stuck; trying again"),
        }
    }
    Ok(asked)
}

async fn ask_for(house: &Arc<House>, run: RunId) -> Result<(), AppError> {
    let found = replay(&own(house), run, None).await?;
    let Some((node, reason)) = stuck(&found.state).next() else { return Ok(()) };
    let (question, own) = (Question { found, node, reason }, Arc::clone(house));
    house.store.write(move |tx| Box::pin(async move { question.ask(&own, tx).await })).await
}

/// Whether the step that a task asks about does not need anybody's word any more.
pub(super) async fn is_settled(house: &Arc<House>, task: &HumanTask) -> Result<bool, AppError> {
    let (Some(run), Some(node)) = (task.waits, node_of(task)) else { return Ok(true) };
    let found = replay(&own(house), run, None).await?;
    Ok(!stuck(&found.state).any(|(stuck, _)| stuck == node))
}

/// Tells the run what was said, in the transaction in which it was.
pub(super) async fn answer(house: &House, tx: &mut Tx, actor: &Actor, task: &HumanTask) -> Result<(), AppError> {
    let (Some(run), Some(node), Some(end)) = (task.waits, node_of(task), task.state.end()) else { return Ok(()) };
    let Some(outcome) = &end.outcome else { return Ok(()) };
    let reason = end.comment.clone().unwrap_or_default();
    let word = match outcome.as_str() {
        SKIP => Telling::Skip { node: node.to_owned(), outcome: SKIPPED.to_owned(), reason },
        CANCEL => Telling::Cancel { reason, undo: true },
        _ => Telling::Retry,
    };
    let (told, event) = word.event(end.by.clone());
    if send_to(house, tx, run, event, ("task", &task.id.to_string())).await? {
        let entry = record::entry(house.clock.as_ref(), actor, told).about(run);
        record::write(tx, house.ids.as_ref(), &entry).await?;
    }
    Ok(())
}

fn own(house: &Arc<House>) -> Cx {
    Cx::new(Arc::clone(house), Actor::system("tasks"))
}

/// The steps that cannot go on without a human, and why.
fn stuck(state: &RunState) -> impl Iterator<Item = (String, String)> {
    state.nodes.iter().filter_map(|(id, node)| match node {
        Node::Blocked { reason, .. } | Node::UndoBlocked { reason, .. } => Some((id.clone(), reason.clone())),
        _ => None,
    })
}

/// A step that is stuck, and why.
struct Question {
    found: Replayed,
    node: String,
    reason: String,
}

impl Question {
    /// Asks, unless the run went on meanwhile.
    async fn ask(self, house: &House, tx: &mut Tx) -> Result<(), AppError> {
        let Replayed { row, state, .. } = &self.found;
        match runs::get(tx, row.id).await? {
            Some(now) if now.seq == row.seq => {}
            Some(_) | None => return Ok(()),
        }
        let about = state.input.get("person").and_then(|person| person.as_str()?.parse::<PersonId>().ok());
        let (workflow, path) = self.place(tx).await?;
        let opening = Opening {
            key: key(row, &self.node),
            kind: TaskKind::Stuck,
            title: cut(format!("`{workflow}` is stuck at `{path}`")),
            instructions: self.instructions(),
            assignee: self.whom(house),
            barred: themselves(tx, about).await?,
            outcomes: self.outcomes(),
            choices: Vec::new(),
            about,
            connection: None,
            due_at: None,
            waits: Some(row.id),
        };
        open(house, tx, opening).await?;
        Ok(())
    }

    /// Of which workflow it is a step, and where in it: a run within a run is a part of its parent.
    async fn place(&self, tx: &mut Tx) -> Result<(String, String), AppError> {
        let (mut workflow, mut path) = (self.found.row.name.clone(), self.node.clone());
        for (waits, row) in above(tx, &self.found.row).await? {
            path = format!("{}/{path}", waits.node);
            workflow = row.name;
        }
        Ok((workflow, path))
    }

    /// Whom the workflow names. A name that is no team's is nobody's.
    fn whom(&self, house: &House) -> Assignee {
        let step = self.found.graph.step(&self.node);
        let named = step.and_then(|step| step.on_error.ask.as_deref());
        let named = named.and_then(|named| named.parse().ok().or_else(|| Some(Assignee::Team(named.parse().ok()?))));
        match named {
            Some(Assignee::Team(team)) if !house.estate().teams.contains_key(&team) => fallback(house),
            Some(named) => named,
            None => fallback(house),
        }
    }

    fn is_undoing(&self) -> bool {
        matches!(self.found.state.nodes.get(&self.node), Some(Node::UndoBlocked { .. }))
    }

    /// Trying again is hoped for. What is being taken back already cannot be stopped.
    fn outcomes(&self) -> Vec<Name> {
        let words: &[&str] = if self.is_undoing() { &[RETRY, SKIP] } else { &[RETRY, SKIP, CANCEL] };
        words.iter().filter_map(|word| word.parse().ok()).collect()
    }

    fn instructions(&self) -> String {
        let run = self.found.row.id;
        let (what, ways) = if self.is_undoing() {
            let ways = "`retry` tries again to take it back, and `skip` leaves it as it is";
            ("What this step did cannot be taken back", ways)
        } else {
            let ways = "`retry` tries again, `skip` goes on without it, and `cancel` stops the run and takes back what \
                        it did";
            ("This step cannot go on", ways)
        };
        let text = format!("{what}: {}. Say how it goes on: {ways}. All of it: `tenure runs show {run}`.", self.reason);
        text.chars().take(limits::TASK_INSTRUCTIONS_CHARS_MAX).collect()
    }
}

/// The key of a step of a run that got stuck, from then until something else happens to the run.
fn key(row: &RunRow, node: &str) -> String {
    format!("stuck/{}/{}/{node}", row.id, row.seq)
}

/// The step that a task asks about.
fn node_of(task: &HumanTask) -> Option<&str> {
    (task.kind == TaskKind::Stuck).then(|| task.key.splitn(4, '/').nth(3)).flatten()
}

/// The name of whoever it is about, who does not say how it goes on.
async fn themselves(tx: &mut Tx, about: Option<PersonId>) -> Result<BTreeSet<String>, AppError> {
    let Some(about) = about else { return Ok(BTreeSet::new()) };
    let person = people::get(tx, about).await?;
    let names = person.iter().filter_map(|person| KEYS.into_iter().find_map(|key| person.text(key)));
    Ok(names.map(ToOwned::to_owned).collect())
}

fn cut(title: String) -> String {
    if title.chars().count() <= limits::TASK_TITLE_CHARS_MAX {
        return title;
    }
    title.chars().take(limits::TASK_TITLE_CHARS_MAX - 1).chain(['…']).collect()
}
