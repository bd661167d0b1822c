//! A rehearsal: a workflow is carried out for a real person, with the real engine, steps and reads,
//! and nothing of it reaches the world.
//!
//! What is known of the person is copied into a house in memory. Before every connected system
//! stands a screen that lets reads through and keeps writes; notices and calls are heard and not
//! sent; whoever is asked says yes, or what the caller wants to be said; and the clock jumps from
//! one date to the next. Next: [`around`], which copies, and [`ears`], which hear.

mod around;
mod ears;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use tenure_app::runs::tell::{Telling, tell};
use tenure_app::tasks::close::{self, Answer};
use tenure_app::workflows::awaits;
use tenure_app::{AppError, Cx, runs, tasks};
use tenure_engine::journal::{RunRow, RunStatus};
use tenure_flow::Node;
use tenure_flow::language::asks_for;
use tenure_model::{
    Actor, ActorKind, Assignee, Clock as _, HumanTask, Name, PersonId, Role, RunId, SteppedClock, new_id,
};
use tenure_policy::authz::{Action, Thing};
use tenure_store::runs::RunFilter;

use self::ears::Ears;
pub use self::ears::{Rehearsed, Would};
use super::aside::{Aside, Furniture};
use super::fault::HouseError;

/// How far a rehearsal looks ahead.
const DAYS_MAX: i64 = 800;
/// Moments that it jumps to.
const JUMPS_MAX: usize = 200;
/// Answers that it gives.
const ANSWERS_MAX: usize = 200;
/// Runs of it that are looked at.
const RUNS_MAX: usize = 200;
/// What is said for whoever gives no answer in time.
const TIMEOUT: &str = "timeout";
/// The name of the runs that only wait for a date.
const TIMER: &str = "timer";

/// What is to be rehearsed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rehearse {
    /// What the workflow is given besides the person.
    pub input: Map<String, Json>,
    /// What whoever is asked at a step would say, instead of yes.
    pub answers: BTreeMap<String, Name>,
}

/// What would have come of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsal {
    /// For whom.
    pub person: PersonId,
    /// What they are called.
    pub name: String,
    /// How the run would stand at the end.
    pub status: RunStatus,
    /// Why, if it would not end well.
    pub note: String,
    /// When it would be over, or stand still.
    pub ends_at: Timestamp,
    /// What would happen, in order.
    pub would: Vec<Rehearsed>,
}

/// Carries a workflow out for somebody, in a house beside this one.
pub async fn rehearse(cx: &Cx, workflow: Name, person: String, asked: Rehearse) -> Result<Rehearsal, AppError> {
    cx.allow(Action::PlanPerson, &Thing::Person(None))?;
    let in_force = cx.house.live.now();
    if !in_force.built.estate.workflows.contains_key(&workflow) {
        return Err(AppError::no("workflow", &workflow));
    }
    let facts = tenure_app::people::show::show(cx, person).await?.facts;
    let clock = Arc::new(SteppedClock::at(cx.house.clock.now()));
    let ears = Ears::new(Arc::clone(&clock));
    let (person, name) = (facts.person.id, facts.person.display_name.clone());
    let with = Furniture {
        estate: (*in_force.built.estate).clone(),
        connectors: ears.screens(&in_force.built.connectors),
        channels: ears.channels(&in_force.built.channels),
        web: ears.web(),
        tasks_fallback: cx.house.tasks_fallback.clone(),
    };
    let aside = Aside::open(clock, Arc::clone(&cx.house.ids), with).await.map_err(inside)?;
    let given = Json::Object(asked.input.clone());
    around::copy(cx, &aside.house, facts, &given).await?;
    let mut play = Play { aside, ears, asked, answered: 0 };
    play.aside.run();
    let ended = play.play(workflow, person).await;
    let (ends_at, would) = (play.aside.clock.now(), play.ears.heard());
    play.aside.close().await;
    let row = ended.map_err(inside)?;
    Ok(Rehearsal { person, name, status: row.status, note: row.note, ends_at, would })
}

fn inside(error: HouseError) -> AppError {
    match error {
        HouseError::App(error) => error,
        HouseError::Store(error) => AppError::Store(error),
        other => AppError::Conflict(format!("the rehearsal could not go on: {other}")),
    }
}

struct Play {
    aside: Aside,
    ears: Ears,
    asked: Rehearse,
    answered: usize,
}

impl Play {
    fn cx(&self, actor: Actor) -> Cx {
        Cx::new(Arc::clone(&self.aside.house), actor)
    }

    async fn play(&mut self, workflow: Name, person: PersonId) -> Result<RunRow, HouseError> {
        let cx = self.cx(Actor::system("rehearsal"));
        let mut input = self.asked.input.clone();
        input.insert("person".to_owned(), json!(person));
        let run = runs::start::start(&cx, workflow, Some(person.to_string()), Json::Object(input)).await?;
        let end = self.aside.clock.now().checked_add(jiff::SignedDuration::from_hours(24 * DAYS_MAX));
        let end = end.unwrap_or(Timestamp::MAX);
        for _ in 0..JUMPS_MAX {
            let pulse = loop {
                let pulse = self.aside.rest().await?;
                if !self.answer(&cx).await? {
                    break pulse;
                }
            };
            let rows = self.rows(&cx).await?;
            self.hear_starts(&rows, run);
            let open: Vec<&RunRow> = rows.iter().filter(|row| moves(row)).collect();
            match pulse.next_due.filter(|due| *due <= end && !open.is_empty()) {
                Some(due) => {
                    self.hear_waits(&cx, &open).await?;
                    self.aside.jump_to(due);
                }
                // On a machine that is busy the engine may still be at it.
                None if open.iter().any(|row| is_at_it(row)) => {}
                None => break,
            }
        }
        Ok(runs::show::show(&cx, run).await?.row)
    }

    /// Every run but those that only wait for a date, in the order of their ids.
    async fn rows(&self, cx: &Cx) -> Result<Vec<RunRow>, HouseError> {
        let mut rows = runs::list::list(cx, RunFilter::default(), None, RUNS_MAX).await?;
        rows.retain(|row| row.name != TIMER);
        rows.sort_by_key(|row| row.id);
        Ok(rows)
    }

    /// What else began by it.
    fn hear_starts(&self, rows: &[RunRow], run: RunId) {
        for row in rows.iter().filter(|row| row.id != run && row.parent.is_none()) {
            self.ears.start(row.id, &row.name);
        }
    }

    async fn hear_waits(&self, cx: &Cx, open: &[&RunRow]) -> Result<(), HouseError> {
        for row in open {
            for (step, node) in runs::show::show(cx, row.id).await?.state.nodes {
                match node {
                    Node::Sleeping { until } => self.ears.wait(row.id, &step, until),
                    Node::Asked { signal, until: Some(until), .. } if signal.starts_with(awaits::WATCH) => {
                        self.ears.wait(row.id, &step, until);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Lets whoever is asked answer; false if nobody is.
    async fn answer(&mut self, cx: &Cx) -> Result<bool, HouseError> {
        let wanted = tasks::list::Wanted::default();
        for task in tasks::list::list(cx, wanted, None, RUNS_MAX).await? {
            if self.answered < ANSWERS_MAX && self.close(&task).await? {
                self.answered += 1;
                return Ok(true);
            }
        }
        for row in self.rows(cx).await?.into_iter().filter(moves) {
            for (step, node) in runs::show::show(cx, row.id).await?.state.nodes {
                let (signal, what, answer) = match node {
                    Node::Asked { signal, .. } if signal.starts_with(awaits::WATCH) => {
                        if awaits::look_at_the_end(cx, &signal).await? {
                            return Ok(true);
                        }
                        continue;
                    }
                    Node::Listening { signal, .. } => (signal.clone(), format!("the signal `{signal}`"), "received"),
                    Node::Asked { signal, reason, .. } if signal.starts_with(awaits::SIGNAL) => {
                        (signal, reason, "came")
                    }
                    _ => continue,
                };
                if self.asked.answers.get(&step).is_some_and(|word| word.as_str() == TIMEOUT)
                    || !self.ears.ask(&step, &what, "outside", answer)
                {
                    continue;
                }
                if !awaits::take_as_come(cx, &signal).await? {
                    tell(cx, row.id, Telling::Signal { name: signal, body: Json::Null }).await?;
                }
                self.answered += 1;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Ends a task as whoever it is for would; false if nobody may.
    async fn close(&self, task: &HumanTask) -> Result<bool, HouseError> {
        let step = self.step_of(task).await?;
        let wanted =
            self.asked.answers.iter().find(|(word, _)| asks_for(&step, word)).map(|(_, outcome)| outcome.clone());
        let outcome = wanted.or_else(|| task.outcomes.first().cloned());
        let word = outcome.as_ref().map_or("", Name::as_str);
        let actor = self.whoever(task).filter(|_| word != TIMEOUT);
        let answer = if actor.is_some() || word == TIMEOUT { word } else { "nobody may answer" };
        let is_new = self.ears.ask(&step, &task.title, &task.assignee.to_string(), answer);
        let Some(actor) = actor.filter(|_| is_new) else { return Ok(false) };
        let said = Some("a rehearsal says so".to_owned());
        // What is not wholly as was hoped for is about all that is asked about.
        let all = task.choices.iter().filter(|_| outcome.as_ref() != task.outcomes.first());
        let chosen = all.map(|choice| choice.name.clone()).collect();
        Ok(close::answer(&self.cx(actor), task.id, Answer { outcome, comment: said, chosen }).await.is_ok())
    }

    async fn step_of(&self, task: &HumanTask) -> Result<String, HouseError> {
        let Some(run) = task.waits else { return Ok(String::new()) };
        let shown = runs::show::show(&self.cx(Actor::system("rehearsal")), run).await?;
        let id = task.id.to_string();
        let of = |(_, node): &(&String, &Node)| matches!(node, Node::Asked { signal, .. } if *signal == id);
        Ok(shown.state.nodes.iter().find(of).map(|(step, _)| step.clone()).unwrap_or_default())
    }

    /// Somebody who may end the task.
    fn whoever(&self, task: &HumanTask) -> Option<Actor> {
        let free = |name: &&String| !task.barred.contains(name.as_str());
        let estate = self.aside.house.estate();
        let (name, role) = match &task.assignee {
            Assignee::Person(name) => (Some(name).filter(free)?.clone(), Role::Worker),
            Assignee::Team(team) => (estate.teams.get(team)?.iter().find(free)?.clone(), Role::Worker),
            Assignee::Role(role) => ("rehearsal".to_owned(), *role),
        };
        let token = new_id(self.aside.house.ids.as_ref());
        Some(Actor { name, kind: ActorKind::Caller { token, roles: [role].into() } })
    }
}

/// Whether a run is not over, and does not stand still.
fn moves(row: &RunRow) -> bool {
    !row.status.is_closed() && row.status != RunStatus::Blocked
}

/// Whether a run has something to do by itself.
fn is_at_it(row: &RunRow) -> bool {
    matches!(row.status, RunStatus::Queued | RunStatus::Running | RunStatus::Compensating)
}
