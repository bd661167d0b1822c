//! Lets a scenario happen: one thing after the other, with the clock moved from timer to timer.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan as _};
use serde_json::json;
use tenure_app::runs::tell::{Telling, tell};
use tenure_app::tasks::close;
use tenure_app::workflows::schedule;
use tenure_app::{Cx, runs};
use tenure_engine::journal::RunRow;
use tenure_flow::Node;
use tenure_flow::language::{Trigger, asks_for};
use tenure_model::{
    Actor, ActorKind, Attributes, Clock as _, CustomEvent, EventKind, IdentityKind, PersonKey, Role, Zone,
};
use tenure_store::runs::{Pulse, RunFilter};

use super::document::{Answer, Happening, Scenario, Then};
use super::expect;
use super::stage::{self, SOURCE, Stage, plain};
use crate::house::estate::Read;
use crate::house::fault::HouseError;

/// How long a scenario may go on in its own time after the last thing that it says.
const DAYS_MAX: i64 = 800;
/// Timers that are let go off.
const TIMERS_MAX: usize = 2_000;
/// Runs that are looked at.
pub(super) const RUNS_MAX: usize = 500;

/// Something on the time line.
enum Item<'a> {
    Happens(&'a Happening),
    Answered(&'a Answer),
    Looked(&'a Then),
}

/// Plays a scenario, and says what is not as expected.
pub(super) async fn play(read: &Read, scenario: &Scenario) -> Result<Vec<String>, HouseError> {
    let stage = stage::build(read, scenario).await?;
    let begin = stage.clock.now();
    // A schedule that is new begins with its next period.
    schedule::look(&stage.house).await?;
    let mut line: Vec<(Timestamp, u8, Item<'_>)> = Vec::new();
    line.extend(scenario.when.iter().map(|one| (one.at.unwrap_or(begin), 0, Item::Happens(one))));
    line.extend(scenario.answers.iter().filter_map(|one| Some((one.at?, 1, Item::Answered(one)))));
    line.extend(scenario.then.iter().filter_map(|one| Some((one.at?, 2, Item::Looked(one)))));
    line.sort_by_key(|(at, rank, _)| (*at, *rank));
    let mut play =
        Play { stage: &stage, at_once: scenario.answers.iter().filter(|one| one.at.is_none()).collect(), count: 0 };
    let mut faults = Vec::new();
    for (at, _, item) in line {
        play.until(Some(at)).await?;
        stage.aside.jump_to(at);
        play.settle().await?;
        match item {
            Item::Happens(one) => play.happen(one).await?,
            Item::Answered(one) => {
                if !play.answer(one).await? {
                    faults.push(format!("{at}: nobody asks for an answer to `{}`", one.step));
                }
            }
            Item::Looked(then) => faults.extend(expect::look(&stage, scenario, then).await?),
        }
    }
    let last = scenario.then.iter().filter(|then| then.at.is_none());
    for then in last {
        play.until(None).await?;
        faults.extend(expect::look(&stage, scenario, then).await?);
    }
    stage.aside.close().await;
    Ok(faults)
}

struct Play<'a> {
    stage: &'a Stage,
    at_once: Vec<&'a Answer>,
    count: usize,
}

impl Play<'_> {
    fn cx(&self, actor: Actor) -> Cx {
        Cx::new(std::sync::Arc::clone(&self.stage.house), actor)
    }

    /// Lets everything happen that happens by itself until this moment, or until nothing more does. A
    /// schedule goes on for ever: its periods begin while something else is waited for.
    async fn until(&mut self, end: Option<Timestamp>) -> Result<(), HouseError> {
        let longest = self.stage.clock.now().checked_add(DAYS_MAX.saturating_mul(24).hours());
        let last = end.unwrap_or(longest.unwrap_or(Timestamp::MAX));
        for _ in 0..TIMERS_MAX {
            let timer = self.settle().await?.next_due;
            let period = self.next_period().filter(|_| end.is_some() || timer.is_some());
            match timer.into_iter().chain(period).min().filter(|due| *due <= last) {
                Some(due) => self.stage.aside.jump_to(due),
                None => return Ok(()),
            }
            schedule::look(&self.stage.house).await?;
            self.stage.house.nudge();
        }
        Err(stuck(format!("after {TIMERS_MAX} timers and periods it still goes on")))
    }

    /// When the next period of a schedule begins.
    fn next_period(&self) -> Option<Timestamp> {
        let (estate, now) = (self.stage.house.estate(), self.stage.clock.now());
        let triggers = estate.workflows.values().flat_map(|workflow| &workflow.triggers);
        let next = |trigger: &Trigger| match trigger {
            Trigger::Schedule { schedule, .. } => Some(schedule.next(now)),
            Trigger::Event { .. } | Trigger::Date { .. } | Trigger::Demand { .. } => None,
        };
        triggers.filter_map(next).min()
    }

    /// Waits until the engine has nothing to do, notices are out, and nobody is asked for what is known.
    async fn settle(&mut self) -> Result<Pulse, HouseError> {
        loop {
            let now = self.stage.aside.rest().await?;
            if !self.answer_what_is_known().await? {
                return Ok(now);
            }
        }
    }

    async fn answer_what_is_known(&mut self) -> Result<bool, HouseError> {
        for place in 0..self.at_once.len() {
            let Some(answer) = self.at_once.get(place).copied() else { break };
            if self.answer(answer).await? {
                self.at_once.remove(place);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives an answer to whoever waits for it; false if nobody does, or nobody takes it from them.
    async fn answer(&self, answer: &Answer) -> Result<bool, HouseError> {
        for (row, nodes) in open_runs(self.stage).await? {
            for (id, node) in nodes.iter().filter(|(id, _)| asks_for(id, &answer.step)) {
                let given = match node {
                    Node::Asked { signal, .. } => self.close(signal, answer).await,
                    Node::Listening { signal, .. } if *id == answer.step => {
                        let (name, body) = (signal.clone(), json!({ "outcome": answer.outcome }));
                        let cx = self.cx(Actor::system(&answer.by));
                        tell(&cx, row.id, Telling::Signal { name, body }).await?;
                        true
                    }
                    _ => false,
                };
                if given {
                    self.stage.house.nudge();
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Ends a task as whoever answers; false if it is not theirs to end.
    async fn close(&self, task: &str, answer: &Answer) -> bool {
        let (Ok(task), Ok(outcome)) = (task.parse(), answer.outcome.parse()) else { return false };
        let token = tenure_model::new_id(self.stage.house.ids.as_ref());
        let kind = ActorKind::Caller { token, roles: [Role::Worker].into() };
        let cx = self.cx(Actor { name: answer.by.clone(), kind });
        let comment = Some("the scenario says so".to_owned());
        let answer = close::Answer { outcome: Some(outcome), comment, chosen: answer.choose.clone() };
        close::answer(&cx, task, answer).await.is_ok()
    }

    async fn happen(&mut self, one: &Happening) -> Result<(), HouseError> {
        self.count += 1;
        let cx = self.cx(Actor::system("scenario"));
        if let Some(name) = &one.start {
            let person = self.stage.people.get(&one.person).copied();
            let person = person.ok_or_else(|| stuck(format!("there is no person `{}`", one.person)))?;
            let mut input = one.input.clone();
            input.insert("person".to_owned(), json!(person));
            let workflow = name.trim_start_matches("workflow/").parse().map_err(|error| stuck(format!("{error}")))?;
            runs::start::start(&cx, workflow, None, serde_json::Value::Object(input)).await?;
            return Ok(());
        }
        if let Some(system) = &one.sign_in {
            self.stage.sign_in(system, &one.person, self.stage.clock.now())?;
            return self.stage.read(system).await;
        }
        let kind = self.event(one)?;
        let source = SOURCE.parse().map_err(|error| stuck(format!("{error}")))?;
        let subject = PersonKey { attribute: "employeeId".to_owned(), value: one.person.clone() };
        let accepted =
            tenure_app::events::accept::accept(&cx, source, format!("scenario-{}", self.count), subject, kind).await?;
        match accepted.case {
            Some(_) => Err(stuck(format!("the event about `{}` became a question for a human", one.person))),
            None => Ok(()),
        }
    }

    fn event(&self, one: &Happening) -> Result<EventKind, HouseError> {
        let attributes: Attributes =
            one.set.iter().filter_map(|(name, value)| Some((name.clone(), plain(value)?))).collect();
        let event = one.event.as_deref().unwrap_or_default();
        let zone: Zone = one.zone.parse().map_err(|error| stuck(format!("{error}")))?;
        let today = self.stage.clock.now().to_zoned(zone.rules()).date();
        match event {
            "employment.started" => Ok(EventKind::EmploymentStarted {
                kind: IdentityKind::Employee,
                first_day: one.first_day.unwrap_or(today),
                zone,
                attributes,
            }),
            "employment.ended" => {
                Ok(EventKind::EmploymentEnded { last_day: one.last_day.unwrap_or(today), urgent: one.urgent })
            }
            "person.changed" => Ok(EventKind::PersonChanged { attributes }),
            other => match other.parse::<CustomEvent>() {
                Ok(event) => match event.lacks(&attributes) {
                    Some((member, reason)) => Err(stuck(format!("`set: {{ {member}: … }}`: {reason}"))),
                    None => Ok(EventKind::Custom { event, attributes }),
                },
                Err(_) => Err(stuck(format!("there is no event `{other}`; a workflow is started by `start`"))),
            },
        }
    }
}

/// Runs that are not over, with where their steps stand.
pub(super) async fn open_runs(stage: &Stage) -> Result<Vec<(RunRow, BTreeMap<String, Node>)>, HouseError> {
    let cx = Cx::new(std::sync::Arc::clone(&stage.house), Actor::system("scenario"));
    let mut open = Vec::new();
    for row in runs::list::list(&cx, RunFilter::default(), None, RUNS_MAX).await? {
        if !row.status.is_closed() {
            let shown = runs::show::show(&cx, row.id).await?;
            open.push((row, shown.state.nodes));
        }
    }
    Ok(open)
}

fn stuck(reason: String) -> HouseError {
    HouseError::inside("scenario", reason)
}
