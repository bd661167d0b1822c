//! Everybody and every rule in memory, so that what concerns everybody is answered at once.
//!
//! It is built from the database when it is first asked, and made current before every answer:
//! by the sums of versions it is known whether anything changed, here or on another node, and by
//! the versions who. What is in doubt is loaded again; nothing is ever written from here. What the
//! plan for one person knows besides birthrights (grace, requests, what systems say) is not in it.

mod current;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::lock::Mutex;
use tenure_model::PersonId;
use tenure_policy::columns::{Index, NotKept};
use tenure_policy::plan::Besides;
use tenure_policy::{PersonFacts, Rules};
use tenure_store::people;
use tenure_store::population::Sums;

use crate::cx::House;
use crate::error::AppError;

/// Everybody, if anybody asked for that yet.
#[derive(Debug, Default)]
pub struct Population {
    held: Mutex<Option<Held>>,
}

/// Everybody as of some moment.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) index: Index,
    /// Of whom which versions are in it.
    versions: HashMap<PersonId, (i64, i64)>,
    sums: Sums,
    rules: Arc<Rules>,
    /// What is kept for those who asked, besides what the rules read.
    besides: BTreeSet<String>,
}

/// Asks everybody something. What is asked for and was not kept is loaded, once.
pub(crate) async fn ask<T>(house: &House, question: impl Fn(&mut Index) -> Result<T, NotKept>) -> Result<T, AppError> {
    let mut held = house.population.held.lock().await;
    let mut besides = held.as_ref().map(|held| held.besides.clone()).unwrap_or_default();
    loop {
        let now = current::bring_up_to_date(house, held.take(), &besides).await?;
        let known = held.insert(now);
        match question(&mut known.index) {
            Ok(answer) => return Ok(answer),
            Err(NotKept::TooMany { path }) if besides.insert(path.clone()) => {
                tracing::info!(path, "an attribute of everybody is loaded because somebody asks for it");
                *held = None;
            }
            Err(why @ (NotKept::TooMany { .. } | NotKept::Whole { .. } | NotKept::Beyond { .. })) => {
                return Err(AppError::Conflict(why.to_string()));
            }
        }
    }
}

/// What these people are called, by id. Whoever is gone meanwhile has no name.
pub(crate) async fn names(house: &House, wanted: Vec<PersonId>) -> Result<HashMap<PersonId, String>, AppError> {
    let found = house.store.read(move |tx| Box::pin(async move { people::of_ids(tx, &wanted).await })).await?;
    Ok(found.into_iter().map(|person| (person.id, person.display_name)).collect())
}

/// A person with engagements and nothing else: all that birthrights look at.
fn facts_of(person: tenure_model::Person, engagements: Vec<tenure_model::Engagement>) -> PersonFacts {
    PersonFacts {
        person,
        engagements,
        urgent: BTreeSet::new(),
        accounts: Vec::new(),
        grants: Vec::new(),
        besides: Besides::default(),
    }
}
