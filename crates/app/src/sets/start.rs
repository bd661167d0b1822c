//! Starting a set that was looked at: for everybody in it for whom the workflow can still begin.
//!
//! The runs of a page and what the set says of its people are one transaction, and the runs are
//! named after set and person: however often a page is tried, nobody is begun twice. They do not
//! count for the brake on workflows, because somebody said how many they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tenure_engine::journal::Urgency;
use tenure_engine::message::{Busy, Start};
use tenure_ledger::{DetailKey, Word};
use tenure_model::{PersonId, SetId};
use tenure_policy::authz::{Action, Thing};
use tenure_store::sets::{self, SetPerson, SetPersonState, SetRow, SetState};
use tenure_store::{StoreError, Tx};

use super::judge::Work;
use super::look::person_of;
use super::show::Shown;
use super::{get, letter, starting};
use crate::cx::{Cx, House, send};
use crate::error::AppError;
use crate::limits::{PLAN_STEP_TIME, SET_PAGE};
use crate::people::facts;
use crate::plans::compute::Came;
use crate::workflows::begin::{self, Beginning, Cause, Names};
use crate::workflows::start::lane;
use crate::{reason, record};

/// Asks that a set be started, by somebody who saw that it is so many people. A durable run does it.
pub async fn start(cx: &Cx, id: SetId, people: i64, reason: String) -> Result<Shown, AppError> {
    cx.allow(Action::StartRun, &Thing::Run(None))?;
    reason::said(&reason)?;
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            let house = &own.house;
            let set = get(tx, id).await?;
            may_begin(tx, house, &set, people).await?;
            let mut entry = record::entry(house.clock.as_ref(), &own.actor, "set.started").about(id);
            entry = entry.with(DetailKey::Workflow, Word::or_hash(&set.workflow)).with(DetailKey::Count, people);
            let next = SetRow {
                state: SetState::Starting,
                started_by: Some(own.actor.name.clone()),
                started_at: Some(house.clock.now()),
                reason: Some(reason),
                version: set.version + 1,
                ..set
            };
            sets::update(tx, &next).await?;
            tenure_store::journal::define(tx, vec![starting()]).await?;
            send(tx, letter(house, id, starting(), 0)).await?;
            record::write(tx, house.ids.as_ref(), &entry).await?;
            Shown::of(tx, next).await
        })
    });
    let shown = job.await?;
    cx.house.nudge();
    Ok(shown)
}

async fn may_begin(tx: &mut Tx, house: &House, set: &SetRow, saw: i64) -> Result<(), AppError> {
    let id = set.id;
    if set.state != SetState::Ready {
        let word = set.state.word();
        return Err(AppError::Conflict(format!("`{id}` is {word}, and only one that is ready can be started")));
    }
    if set.good_until < house.clock.now() {
        return Err(AppError::Conflict(format!("`{id}` was good until {}; make a new one", set.good_until)));
    }
    let ready = sets::counts(tx, id).await?.get(&SetPersonState::Ready).copied().unwrap_or(0);
    if ready == 0 {
        return Err(AppError::Conflict(format!("in `{id}` there is nobody for whom `{}` can begin", set.workflow)));
    }
    if ready != saw {
        return Err(AppError::Conflict(format!(
            "in `{id}` there are {ready} people for whom it can begin, and you saw {saw}; look at it again"
        )));
    }
    Ok(())
}

/// Starts for as long as one step may.
pub(crate) async fn work(house: &Arc<House>, id: SetId) -> Result<Came, AppError> {
    let began = house.clock.now();
    while let Some(work) = Work::of(house, id, SetState::Starting).await? {
        one_page(house, Arc::new(work)).await?;
        house.nudge();
        if house.clock.now().duration_since(began).unsigned_abs() > PLAN_STEP_TIME {
            return Ok(Came::More);
        }
    }
    Ok(Came::Through)
}

/// Begins for the next people of a set, or says that there is nobody left.
async fn one_page(house: &Arc<House>, work: Arc<Work>) -> Result<(), StoreError> {
    let (own, id) = (Arc::clone(&work), work.set.id);
    let job = house.store.read(move |tx| {
        Box::pin(async move {
            let page = sets::people(tx, id, Some(SetPersonState::Ready), 0, SET_PAGE).await?;
            let ids: Vec<PersonId> = page.iter().filter_map(|one| one.person).collect();
            let mut known = facts::of_people(tx, &ids).await?;
            own.complete(tx, &mut known).await?;
            Ok((page, own.judge(tx, &known).await?))
        })
    });
    let (page, judged): (Vec<SetPerson>, BTreeMap<PersonId, Option<String>>) = job.await?;
    let own = Arc::clone(house);
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            let mut set = work.next();
            if page.is_empty() {
                set.state = SetState::Started;
            }
            // Whoever cancelled it meanwhile, or did this page, has written the set: then nothing of this is.
            sets::update(tx, &set).await?;
            let words = format!("set/{id}");
            let cause = Cause { source: "set", external: "start", names: Names::After(&words) };
            let mut beginnings: Vec<Beginning> = Vec::new();
            let mut people = Vec::with_capacity(page.len());
            for one in page {
                let Some(person) = one.person else { continue };
                let mut one = person_of(one.place, one.named, person, &judged);
                if one.state == SetPersonState::Ready {
                    let beginning = begin::beginning(&own, person, start_of(&work, person), cause.names);
                    one = SetPerson { state: SetPersonState::Begun, run: Some(beginning.run), ..one };
                    beginnings.push(beginning);
                }
                people.push(one);
            }
            begin::send_seen(&own, tx, beginnings, cause).await?;
            sets::put(tx, id, &people).await
        })
    });
    job.await
}

fn start_of(work: &Work, person: PersonId) -> Start {
    let mut input = work.input.clone();
    input.insert("person".to_owned(), json!(person));
    input.insert("because".to_owned(), json!("demand"));
    Start {
        lane: lane(&work.workflow, person),
        definition: work.workflow.definition.hash.clone(),
        name: work.workflow.name.to_string(),
        urgency: Urgency::Bulk,
        // That somebody asks for it says nothing that would make older words void.
        busy: Busy::Queue,
        input: Json::Object(input),
    }
}
