//! Looking who is in a set, page by page: for whom the workflow could begin, and why not for others.

use std::collections::BTreeMap;

use tenure_model::{Person, PersonId, SetId};
use tenure_policy::PersonFacts;
use tenure_store::sets::{self, SetPerson, SetPersonState, SetRow, SetState};
use tenure_store::{StoreError, Tx};

use super::judge::Work;
use crate::cx::House;
use crate::error::AppError;
use crate::limits::{PLAN_STEP_TIME, SET_PAGE};
use crate::people::{facts, show};
use crate::plans::compute::Came;

/// Looks for as long as one step may.
pub(crate) async fn work(house: &House, id: SetId) -> Result<Came, AppError> {
    let began = house.clock.now();
    while let Some(work) = Work::of(house, id, SetState::Looking).await? {
        let job = house.store.read(move |tx| {
            Box::pin(async move {
                match work.condition {
                    Some(_) => everybody(tx, &work).await,
                    None => named(tx, &work).await,
                }
            })
        });
        let (set, people) = job.await?;
        let job = house.store.write(move |tx| {
            Box::pin(async move {
                sets::update(tx, &set).await?;
                sets::put(tx, id, &people).await
            })
        });
        job.await.map_err(|error: StoreError| AppError::from(error))?;
        if house.clock.now().duration_since(began).unsigned_abs() > PLAN_STEP_TIME {
            return Ok(Came::More);
        }
    }
    Ok(Came::Through)
}

/// A page of everybody: those of whom the condition holds.
async fn everybody(tx: &mut Tx, work: &Work) -> Result<(SetRow, Vec<SetPerson>), StoreError> {
    let mut set = work.next();
    let mut page = facts::page(tx, &[], set.progress, SET_PAGE).await?;
    let Some(last) = page.last().map(|facts| facts.person.id) else {
        set.state = SetState::Ready;
        return Ok((set, Vec::new()));
    };
    work.complete(tx, &mut page).await?;
    let mut meant: Vec<(i64, PersonFacts)> = Vec::new();
    for facts in page {
        set.looked_at += 1;
        match work.is_meant(&facts) {
            Ok(true) => meant.push((set.looked_at, facts)),
            Ok(false) => {}
            Err(reason) => {
                set.unclear += 1;
                set.note.get_or_insert(reason);
            }
        }
    }
    set.progress = Some(last);
    let (places, known): (Vec<i64>, Vec<PersonFacts>) = meant.into_iter().unzip();
    let judged = work.judge(tx, &known).await?;
    let row = |(place, facts): (i64, &PersonFacts)| {
        let person = facts.person.id;
        person_of(place, called(&facts.person), person, &judged)
    };
    Ok((set, places.into_iter().zip(&known).map(row).collect()))
}

/// A page of the names: whom they mean.
async fn named(tx: &mut Tx, work: &Work) -> Result<(SetRow, Vec<SetPerson>), StoreError> {
    let mut set = work.next();
    let page = sets::people(tx, set.id, Some(SetPersonState::Named), 0, SET_PAGE).await?;
    if page.is_empty() {
        set.state = SetState::Ready;
        return Ok((set, page));
    }
    let mut meant = Vec::with_capacity(page.len());
    for one in &page {
        meant.push(show::find(tx, &one.named).await?);
    }
    let ids: Vec<PersonId> = meant.iter().copied().flatten().collect();
    let mut known = facts::of_people(tx, &ids).await?;
    work.complete(tx, &mut known).await?;
    let judged = work.judge(tx, &known).await?;
    let mut places: BTreeMap<PersonId, i64> = sets::places_of(tx, set.id, &ids).await?;
    set.looked_at += i64::try_from(page.len()).unwrap_or(0);
    let mut people = Vec::with_capacity(page.len());
    for (one, person) in page.into_iter().zip(meant) {
        let cannot = |why: String| SetPerson { state: SetPersonState::Cannot, why: Some(why), ..one.clone() };
        people.push(match person {
            None => cannot("there is no such person, or more than one".to_owned()),
            Some(person) => {
                let first = *places.entry(person).or_insert(one.place);
                if first == one.place {
                    person_of(one.place, one.named, person, &judged)
                } else {
                    cannot(format!("is the same person as number {first}"))
                }
            }
        });
    }
    Ok((set, people))
}

/// Why somebody cannot begin, of those who were judged; none if they can.
pub(super) type Judged = BTreeMap<PersonId, Option<String>>;

/// Somebody as they were judged; who was not judged is not there any more.
pub(super) fn person_of(place: i64, named: String, person: PersonId, judged: &Judged) -> SetPerson {
    let why = judged.get(&person).cloned().unwrap_or_else(|| Some("is not there any more".to_owned()));
    let state = if why.is_none() { SetPersonState::Ready } else { SetPersonState::Cannot };
    SetPerson { place, named, person: Some(person), state, why, run: None }
}

/// By which key somebody is called in a list.
fn called(person: &Person) -> String {
    person.text("employeeId").map_or_else(|| person.id.to_string(), ToOwned::to_owned)
}
