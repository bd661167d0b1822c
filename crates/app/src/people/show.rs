//! One person, with everything that hangs on them.

use tenure_engine::journal::RunRow;
use tenure_model::{Person, PersonId};
use tenure_policy::PersonFacts;
use tenure_policy::authority::Merged;
use tenure_policy::authz::{Action, Thing};
use tenure_store::fold::fold;
use tenure_store::runs::{self, RunFilter};
use tenure_store::{StoreError, Tx, merges, people};

use crate::cx::Cx;
use crate::error::AppError;
use crate::people::{facts, hold};

/// How many of a person's runs are shown with them.
const RUNS_SHOWN: usize = 10;

/// How often somebody may have turned out to be somebody else.
const MERGES_FOLLOWED_MAX: usize = 16;

/// A person, with everything that hangs on them.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What is known.
    pub facts: PersonFacts,
    /// What each source says of them, and which word counts.
    pub merged: Merged,
    /// The latest runs about them.
    pub runs: Vec<RunRow>,
}

/// Shows one person, by our id or by a key that a source uses.
pub async fn show(cx: &Cx, name: String) -> Result<Shown, AppError> {
    cx.allow(Action::ReadPerson, &Thing::Person(None))?;
    let estate = cx.house.estate();
    let shown = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let Some(person) = find(tx, &name).await? else { return Ok(None) };
            let filter = RunFilter { lane: Some(person.to_string()), ..RunFilter::default() };
            let runs = runs::list(tx, &filter, None, RUNS_SHOWN).await?;
            let Some(facts) = facts::load(tx, person).await? else { return Ok(None) };
            let merged = hold::of_person(&estate, tx, &facts.person).await?;
            Ok::<_, AppError>(Some(Shown { facts, merged, runs }))
        })
    });
    shown.await?.ok_or_else(|| AppError::NotFound { what: "such person".to_owned() })
}

/// The keys by which people are named, the first of which is tried first.
pub(crate) const KEYS: [&str; 3] = ["employeeId", "email", "userName"];

/// The person who is known by a name, as somebody acts or is asked under it. None: it is the name of
/// nobody whom we know, such as one that only a token has.
pub(crate) async fn named(tx: &mut Tx, name: &str) -> Result<Option<Person>, StoreError> {
    let Some(found) = find(tx, name).await? else { return Ok(None) };
    // A key may still lead to somebody who turned out to be somebody else.
    match find(tx, &found.to_string()).await? {
        Some(person) => people::get(tx, person).await,
        None => Ok(None),
    }
}

/// Whether this is one of the names by which somebody is known.
pub(crate) fn goes_by(person: &Person, name: &str) -> bool {
    let texts = KEYS.into_iter().filter_map(|key| person.text(key)).map(fold);
    let own = [fold(&person.display_name), fold(&person.id.to_string())];
    let name = fold(name);
    texts.chain(own).any(|known| known == name)
}

/// Whom a name means: our id, or the value of a key that only one person has.
pub(crate) async fn find(tx: &mut Tx, name: &str) -> Result<Option<PersonId>, StoreError> {
    if let Ok(id) = name.parse::<PersonId>() {
        // Whoever asks by an old id means the one whom that person turned out to be.
        let mut id = id;
        for _ in 0..MERGES_FOLLOWED_MAX {
            match merges::merged_into(tx, id).await? {
                Some(into) => id = into,
                None => break,
            }
        }
        return Ok(people::get(tx, id).await?.map(|person| person.id));
    }
    for attribute in KEYS {
        if let [only] = people::find_by_key(tx, attribute, name).await?.as_slice() {
            return Ok(Some(only.id));
        }
    }
    Ok(None)
}
