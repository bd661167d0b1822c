//! The story of a person: what was told of them, when it was so, when we learnt it, and what all
//! of it comes to at any moment, as it was known at any moment.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tenure_model::history::{attributes, fold, in_order, stage};
use tenure_model::{Engagement, EngagementId, Fact, Id as _, Person, Stage, Standing, Value, standing};
use tenure_policy::authz::{Action, Thing};
use tenure_store::{StoreError, engagements, facts, people};

use super::settle::{rows_of, zone_of};
use super::show;
use crate::cx::Cx;
use crate::error::AppError;

/// The story of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// Who.
    pub person: Person,
    /// The moment of which it tells.
    pub at: Timestamp,
    /// What was known then; everything if none.
    pub known_at: Option<Timestamp>,
    /// Where they stood.
    pub stage: Stage,
    /// What their engagements came to.
    pub standing: Standing,
    /// The engagements.
    pub engagements: Vec<Engagement>,
    /// What the sources said of them then, and who said so.
    pub said: BTreeMap<String, attributes::Said>,
    /// Every fact, in the order in which it was told.
    pub facts: Vec<Fact>,
}

/// Tells the story of a person: as of now and of everything that is known, or of other moments.
pub async fn story(
    cx: &Cx,
    person: String,
    at: Option<Timestamp>,
    known_at: Option<Timestamp>,
) -> Result<Story, AppError> {
    cx.allow(Action::ReadPerson, &Thing::Person(None))?;
    let at = at.unwrap_or_else(|| cx.house.clock.now());
    let told = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let Some(id) = show::find(tx, &person).await? else { return Ok(None) };
            let (rows, told) = (engagements::of_person(tx, id).await?, facts::of_person(tx, id).await?);
            Ok::<_, StoreError>(people::get(tx, id).await?.map(|person| (person, rows, told)))
        })
    });
    let (person, rows, told) = told.await?.ok_or_else(|| AppError::NotFound { what: "such person".to_owned() })?;
    let mut facts: Vec<Fact> = told.into_iter().map(|(fact, _)| fact).collect();
    let mut old = rows.clone();
    old.retain(|row| !facts.iter().any(|fact| fold::begins(fact, row)));
    facts.retain(|fact| known_at.is_none_or(|known| fact.learnt_at <= known));
    in_order(&mut facts);
    let engagements =
        rows_of(person.id, &rows, &fold::engagements(&old, &facts), || EngagementId::from_uuid(uuid::Uuid::nil()));
    let sayings = attributes::sayings(&facts, |fact| zone_of(fact, &engagements), at);
    let said = sayings.into_iter().filter_map(|(name, of)| {
        let newest = of.into_values().max_by_key(|said| (said.since, said.source.clone()))?;
        (newest.value != Value::Cleared).then_some((name, newest))
    });
    Ok(Story {
        at,
        known_at,
        stage: stage::stage(&engagements, at),
        standing: standing(&engagements, at),
        said: said.collect(),
        engagements,
        facts,
        person,
    })
}
