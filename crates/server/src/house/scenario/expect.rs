//! Looks at what came of a scenario: in the systems themselves, in the run, in what was told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use serde_json::Value as Json;
use tenure_app::{Cx, runs};
use tenure_connect::fake::FakeTarget;
use tenure_connect::{AnyConnector as _, Artifact};
use tenure_flow::Node;
use tenure_model::{AccountState, Actor, Clock as _, ConnectionName, Given, NativeId, Observed, PersonId};
use tenure_store::runs::RunFilter;
use tenure_store::{StoreError, accounts, people};

use super::document::{Scenario, Then};
use super::play::RUNS_MAX;
use super::stage::{Stage, plain};
use crate::house::fault::HouseError;

/// What is not as it must be now, each in a sentence.
pub(super) async fn look(stage: &Stage, scenario: &Scenario, then: &Then) -> Result<Vec<String>, HouseError> {
    let key = then.person.as_ref().or(scenario.when.first().map(|one| &one.person)).cloned().unwrap_or_default();
    let person = who(stage, &key).await?;
    let mut look = Look { stage, at: stage.clock.now().to_string(), faults: Vec::new() };
    for (system, wanted) in &then.accounts {
        let seen = look.seen(system, person, &key).await?;
        let state = seen.as_ref().map_or(AccountState::Absent, |(_, seen)| seen.state);
        look.same(&format!("the account at `{system}`"), &wanted.as_str(), &state.word());
    }
    for (system, wanted) in &then.holds {
        let held = look.seen(system, person, &key).await?.map(|(_, seen)| names(&seen)).unwrap_or_default();
        look.same(&format!("what the account at `{system}` holds"), wanted, &held);
    }
    for (system, wanted) in &then.attributes {
        let seen = look.seen(system, person, &key).await?;
        for (name, value) in wanted {
            let found = seen.as_ref().and_then(|(_, seen)| seen.attributes.get(name).cloned());
            look.same(&format!("`{name}` of the account at `{system}`"), &plain(value), &found);
        }
    }
    for (system, wanted) in &then.acts {
        let name = look.seen(system, person, &key).await?.map(|(name, _)| name);
        let acts = name.and_then(|name| look.system(system).map(|fake| acts(fake, &name))).unwrap_or_default();
        look.same(&format!("what `{system}` does for the account"), wanted, &acts);
    }
    let counted = [
        ("open sessions", then.sessions, Artifact::Session),
        ("refresh tokens", then.tokens, Artifact::Token),
        ("app passwords", then.app_passwords, Artifact::AppPassword),
        ("keys", then.keys, Artifact::Key),
    ];
    for (what, wanted, kind) in counted {
        if let Some(wanted) = wanted {
            let count: usize = stage.systems.values().map(|fake| fake.artifacts(&key.to_lowercase(), kind)).sum();
            look.same(&format!("the number of {what}"), &wanted, &count);
        }
    }
    for (system, wanted) in &then.writes {
        let count = look.system(system).map(FakeTarget::writes);
        look.same(&format!("the number of writes at `{system}`"), &Some(*wanted), &count);
    }
    if let Some(wanted) = &then.told {
        let (mut wanted, mut told) = (wanted.clone(), stage.told.all());
        wanted.sort();
        told.sort();
        look.same("what was told", &wanted, &told);
    }
    if let Some(wanted) = &then.sponsor {
        look.sponsor(person, wanted).await?;
    }
    look.run(scenario, then, person).await?;
    Ok(look.faults)
}

/// Whom a key means, also where they joined in the course of the scenario.
async fn who(stage: &Stage, key: &str) -> Result<Option<PersonId>, HouseError> {
    if let Some(known) = stage.people.get(key) {
        return Ok(Some(*known));
    }
    let key = key.to_owned();
    let job =
        stage.house.store.read(move |tx| Box::pin(async move { people::find_by_key(tx, "employeeId", &key).await }));
    let found = job.await.map_err(|error: StoreError| HouseError::from(error))?;
    Ok(found.first().map(|person| person.id))
}

/// What an account holds, by the names of the scenario.
fn names(seen: &Observed) -> BTreeSet<String> {
    let name = |id: &str| ["group-", "licence-"].iter().find_map(|kind| id.strip_prefix(kind)).unwrap_or(id).to_owned();
    seen.holds.iter().map(|id| name(id.as_str())).collect()
}

/// What a system does for an account, each with whose account it is for.
fn acts(fake: &FakeTarget, name: &str) -> BTreeSet<String> {
    let described = &fake.describe().actions;
    let line = |(action, with): (String, BTreeMap<String, Json>)| {
        let is_account = |given: &&String| {
            let rule = described.get(&action).and_then(|rule| rule.takes.get(*given));
            rule.is_some_and(|parameter| parameter.given == Given::Account)
        };
        let ids = with.iter().filter(|(given, _)| is_account(given)).filter_map(|(_, id)| id.as_str());
        let names: Vec<String> =
            ids.map(|id| fake.name_of(&NativeId::new(id)).unwrap_or_else(|| id.to_owned())).collect();
        if names.is_empty() { action } else { format!("{action} → {}", names.join(", ")) }
    };
    fake.acts(name).into_iter().map(line).collect()
}

struct Look<'a> {
    stage: &'a Stage,
    at: String,
    faults: Vec<String>,
}

impl Look<'_> {
    fn same<T: PartialEq + Debug>(&mut self, what: &str, wanted: &T, found: &T) {
        if wanted != found {
            self.faults.push(format!("{}: {what} is {found:?}, and must be {wanted:?}", self.at));
        }
    }

    fn system(&self, name: &str) -> Option<&FakeTarget> {
        let name: ConnectionName = name.parse().ok()?;
        self.stage.systems.get(&name)
    }

    /// The account of somebody as it truly is in the system.
    async fn seen(
        &mut self,
        system: &str,
        person: Option<PersonId>,
        key: &str,
    ) -> Result<Option<(String, Observed)>, HouseError> {
        let Some(fake) = self.system(system).cloned() else {
            self.faults.push(format!("{}: there is no system `{system}`", self.at));
            return Ok(None);
        };
        let mut names = vec![key.to_lowercase()];
        if let Some(person) = person {
            let job =
                self.stage.house.store.read(move |tx| Box::pin(async move { accounts::of_person(tx, person).await }));
            let rows = job.await.map_err(|error: StoreError| HouseError::from(error))?;
            names.extend(rows.into_iter().filter(|row| row.connection.as_str() == system).map(|row| row.name));
        }
        Ok(names.into_iter().find_map(|name| fake.account(&name).map(|seen| (name, seen))))
    }

    async fn sponsor(&mut self, person: Option<PersonId>, wanted: &str) -> Result<(), HouseError> {
        let Some(person) = person else { return Ok(()) };
        let job = self.stage.house.store.read(move |tx| Box::pin(async move { people::get(tx, person).await }));
        let found = job.await.map_err(|error: StoreError| HouseError::from(error))?.and_then(|person| person.sponsor);
        self.same("who answers for them", &self.stage.people.get(wanted).copied(), &found);
        Ok(())
    }

    /// How the newest run about somebody stands, and its steps.
    async fn run(&mut self, scenario: &Scenario, then: &Then, person: Option<PersonId>) -> Result<(), HouseError> {
        if then.run.is_none() && then.steps.is_empty() {
            return Ok(());
        }
        let name =
            then.workflow.as_ref().or(scenario.run.first()).map(|name| name.trim_start_matches("workflow/").to_owned());
        let cx = Cx::new(Arc::clone(&self.stage.house), Actor::system("scenario"));
        let filter = RunFilter { name, ..RunFilter::default() };
        let about = person.map(|person| person.to_string()).unwrap_or_default();
        let mut found = None;
        for row in runs::list::list(&cx, filter, None, RUNS_MAX).await? {
            let shown = runs::show::show(&cx, row.id).await?;
            let input =
                shown.state.input.get("person").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            if input == about || row.lane.starts_with(&about) {
                found = Some(shown);
                break;
            }
        }
        if let Some(wanted) = &then.run {
            let stands = found.as_ref().map_or("none", |shown| shown.row.status.word());
            let note = found.as_ref().map(|shown| shown.row.note.clone()).unwrap_or_default();
            if stands != wanted {
                self.faults.push(format!("{}: the run is {stands} ({note}), and must be {wanted}", self.at));
            }
        }
        for (step, wanted) in &then.steps {
            let node = found.as_ref().and_then(|shown| shown.state.nodes.get(step));
            let stands = node.map_or_else(|| "open".to_owned(), word);
            self.same(&format!("step `{step}`"), &wanted.as_str(), &stands.as_str());
        }
        Ok(())
    }
}

/// How a step stands, in a word.
fn word(node: &Node) -> String {
    match node {
        Node::Done { outcome, .. } => outcome.clone(),
        Node::Acting { .. } => "acting".to_owned(),
        Node::Retrying { .. } | Node::UndoRetrying { .. } => "retries".to_owned(),
        Node::Sleeping { .. } | Node::Listening { .. } | Node::Parent { .. } => "waits".to_owned(),
        Node::Asked { .. } | Node::UndoAsked { .. } => "asked".to_owned(),
        Node::Blocked { .. } | Node::UndoBlocked { .. } => "blocked".to_owned(),
        Node::Unreached => "unreached".to_owned(),
        Node::Failed { .. } => "failed".to_owned(),
        Node::Undoing { .. } => "undoing".to_owned(),
        Node::Undone => "undone".to_owned(),
        Node::Left { .. } => "left".to_owned(),
    }
}
