//! For whom of a set the workflow can begin, and why not for the others. Asked when it is looked who
//! is in a set, and again when somebody's turn comes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use tenure_flow::Formula;
use tenure_flow::language::Trigger;
use tenure_model::{PersonId, SetId};
use tenure_policy::PersonFacts;
use tenure_store::sets::{SetRow, SetState};
use tenure_store::{StoreError, Tx, merges, runs};

use super::make::formula;
use crate::cx::House;
use crate::error::AppError;
use crate::estate::{Estate, Workflow};
use crate::people::facts;
use crate::workflows::start::{lane, tells};

/// A set that is worked on, with what it speaks of.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) set: SetRow,
    pub(crate) workflow: Workflow,
    pub(crate) input: Map<String, Json>,
    pub(crate) condition: Option<Formula>,
    estate: Arc<Estate>,
    pub(crate) now: Timestamp,
}

impl Work {
    /// The set, if it stands so. One whose workflow is another by now cannot go on: who looked at it
    /// looked at something else.
    pub(crate) async fn of(house: &House, id: SetId, state: SetState) -> Result<Option<Self>, AppError> {
        let found = house.store.read(move |tx| Box::pin(async move { super::get(tx, id).await })).await?;
        if found.state != state {
            return Ok(None);
        }
        let (estate, name) = (house.estate(), &found.workflow);
        let workflow = estate.workflows.values().find(|known| known.name.as_str() == name);
        let workflow = workflow.filter(|known| known.definition.hash == found.definition).cloned();
        let workflow = workflow.ok_or_else(|| {
            AppError::Conflict(format!(
                "`{name}` is another workflow by now than the one that was looked at; make a new set"
            ))
        })?;
        let input = serde_json::from_str(&found.input).map_err(|error| AppError::Corrupt(error.to_string()))?;
        let condition = found.condition.as_deref().map(formula).transpose()?;
        Ok(Some(Self { set: found, workflow, input, condition, estate, now: house.clock.now() }))
    }

    /// The set as it is to be written next.
    pub(crate) fn next(&self) -> SetRow {
        SetRow { version: self.set.version + 1, ..self.set.clone() }
    }

    /// Everything that conditions ask about these people besides what was loaded.
    pub(crate) async fn complete(&self, tx: &mut Tx, known: &mut [PersonFacts]) -> Result<(), StoreError> {
        facts::add_sign_ins(tx, &self.estate, known).await
    }

    /// Whether the condition of the set holds of somebody; of people who are named it always does.
    pub(crate) fn is_meant(&self, known: &PersonFacts) -> Result<bool, String> {
        self.condition.as_ref().map_or(Ok(true), |condition| tells(condition, known, &self.input, self.now))
    }

    /// Why it cannot begin for each of these people; nothing for those for whom it can.
    pub(crate) async fn judge(
        &self,
        tx: &mut Tx,
        known: &[PersonFacts],
    ) -> Result<BTreeMap<PersonId, Option<String>>, StoreError> {
        let name = self.workflow.name.as_str();
        let lanes: Vec<String> = known.iter().map(|facts| lane(&self.workflow, facts.person.id)).collect();
        let open: BTreeSet<String> = runs::open_in(tx, name, &lanes).await?.into_iter().collect();
        let mut judged = BTreeMap::new();
        for (facts, lane) in known.iter().zip(&lanes) {
            let person = facts.person.id;
            let why = match merges::merged_into(tx, person).await? {
                Some(other) => Some(format!("turned out to be `{other}`")),
                None if open.contains(lane) => Some(format!("a run of `{name}` is not over for them")),
                None => self.why_not(facts),
            };
            judged.insert(person, why);
        }
        Ok(judged)
    }

    fn why_not(&self, known: &PersonFacts) -> Option<String> {
        match self.is_meant(known) {
            Ok(true) => {}
            Ok(false) => return Some("the condition of the set does not hold of them any more".to_owned()),
            Err(reason) => return Some(reason),
        }
        let mut why = None;
        for trigger in &self.workflow.triggers {
            let Trigger::Demand { when } = trigger else { continue };
            let Some(when) = when else { return None };
            match tells(when, known, &self.input, self.now) {
                Ok(true) => return None,
                Ok(false) => why = Some(format!("the workflow is for people of whom `{}` holds", when.text())),
                Err(reason) => why = Some(reason),
            }
        }
        why
    }
}
