//! Working a plan out, page by page: the facts of some people in, what it comes to for them out.
//!
//! One step of a durable run works for so long and then begins the next one; how far it came stands
//! in the plan itself, so that a crash costs a page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use tenure_blueprint::diff::{Difference, difference};
use tenure_model::{PersonId, PlanId, Statement};
use tenure_policy::brakes;
use tenure_policy::plan::Presence;
use tenure_policy::{PersonFacts, Rules};
use tenure_store::estates::{self, EstateFile};
use tenure_store::plans::{self, PlanPerson, PlanRow, PlanState};
use tenure_store::{StoreError, Tx, values};

use crate::brakes::background;
use crate::cx::House;
use crate::error::AppError;
use crate::estate::Estate;
use crate::limits::{PLAN_PAGE, PLAN_STEP_TIME};
use crate::live::InForce;
use crate::people::facts;
use crate::plans::Asked;
use crate::plans::outcome::{self, Outcome};
use crate::plans::remaking::Remaking;
use crate::plans::report::{Report, Tally};
use crate::plans::simulate::{Walker, after, until};
use crate::plans::values::{Looked, then};

/// Everything that one plan is worked out with.
pub(crate) struct Work {
    pub(crate) plan: PlanRow,
    pub(crate) asked: Asked,
    pub(crate) files: Vec<EstateFile>,
    in_force: Arc<InForce>,
    /// The estate that the plan is for, its rules resolved.
    pub(crate) estate: Arc<Estate>,
    rules: Arc<Rules>,
    /// The rules in force; none where the documents are the same.
    without: Option<Arc<Rules>>,
    /// What is different in the documents about people; none where they are the same.
    remaking: Option<Arc<Remaking>>,
    now: Timestamp,
}

/// How far the work came.
pub(crate) enum Came {
    /// There is more to do.
    More,
    /// It is worked out.
    Through,
}

impl Work {
    /// Reads the plan and builds what it is for. Asks systems for the names of entitlements, no more.
    pub(crate) async fn of(house: &House, id: PlanId) -> Result<Self, AppError> {
        let job = house.store.read(move |tx| {
            Box::pin(async move {
                let plan = plans::get(tx, id).await?;
                let files = plans::files(tx, id).await?;
                Ok::<_, StoreError>(plan.map(|plan| (plan, files)))
            })
        });
        let (plan, files) = job.await?.ok_or_else(|| AppError::no("plan", id))?;
        let asked: Asked = serde_json::from_str(&plan.asked).map_err(|error| AppError::Corrupt(error.to_string()))?;
        let in_force = house.live.now();
        let now = house.clock.now();
        let resolved = in_force.resolved_rules().await.map_err(AppError::Target)?;
        let (estate, rules) = (Arc::clone(&in_force.built.estate), resolved);
        let same = Self { plan, asked, files, in_force, estate, rules, without: None, remaking: None, now };
        if same.files.is_empty() {
            return Ok(same);
        }
        let built = house.live.builder().build(same.files.clone(), Some(&same.in_force.built));
        let built = built.map_err(|error| AppError::Conflict(error.to_string()))?;
        let rules = Arc::new(built.resolved_rules().await.map_err(AppError::Target)?);
        let remaking = Remaking::of(&same.in_force, &built.estate, now).await.map(Arc::new);
        Ok(Self { estate: built.estate, without: Some(Arc::clone(&same.rules)), rules, remaking, ..same })
    }

    /// Bounds that are in force now: a plan cannot loosen the brakes that look at it.
    pub(crate) fn limits(&self) -> &brakes::Limits {
        &self.in_force.built.estate.brakes
    }

    /// What it comes to for these people; those for whom it comes to nothing are left out.
    pub(crate) fn outcomes(&self, house: &House, page: &[Looked]) -> Vec<(PlanPerson, Outcome)> {
        let walker = Walker::new(&self.estate, &self.rules);
        let of = |looked: &Looked| {
            let outcome = self.outcome(house, looked, &walker)?;
            let digest = outcome.digest(&looked.facts);
            // Names, texts and moments cannot fail to be written.
            let body = serde_json::to_string(&outcome).unwrap_or_default();
            Some((PlanPerson { person: looked.facts.person.id, digest, body }, outcome))
        };
        page.iter().filter_map(of).collect()
    }

    fn outcome(&self, house: &House, looked: &Looked, walker: &Walker<'_>) -> Option<Outcome> {
        let (ids, known) = (house.ids.as_ref(), &looked.facts);
        let otherwise = looked.then.as_ref().map(|then| PersonFacts { person: then.person.clone(), ..known.clone() });
        let facts = otherwise.as_ref().unwrap_or(known);
        if let Some(end) = self.asked.at.filter(|end| *end > self.now) {
            let (plans, at_end) = until(facts, &self.rules, self.now, end, ids);
            let whole = outcome::over_time(facts, &plans, &self.rules, self.limits());
            let whole = whole.map(|outcome| outcome.with(looked.then.as_ref())).filter(|whole| !whole.is_empty());
            return whole.map(|mut outcome| {
                outcome.happens = walker.walk("person.changed", &at_end, &at_end, outcome.changes.len(), end);
                outcome
            });
        }
        let plan = tenure_policy::plan(facts, &self.rules, self.now);
        let without = self.without.as_ref().map(|rules| tenure_policy::plan(known, rules, self.now));
        let same = without.as_ref().is_some_and(|without| without.changes == plan.changes);
        let outcome = Outcome::of(facts, &plan, without.as_ref().unwrap_or(&plan), &self.rules, self.limits());
        let mut outcome = outcome.with(looked.then.as_ref());
        if outcome.is_empty() || (same && outcome.ends.is_empty() && outcome.values.is_empty()) {
            return None;
        }
        let event = event_for(plan.presence);
        let later = after(facts, &plan, self.now, ids);
        outcome.happens = walker.walk(event, facts, &later, outcome.changes.len(), self.now);
        Some(outcome)
    }

    /// A page of the people whom the plan is about, with everything that is known of them.
    pub(crate) async fn page(&self, house: &House, after: Option<PersonId>) -> Result<Vec<Looked>, AppError> {
        let only = self.asked.people.clone();
        let (rules, now) = (Arc::clone(&self.rules), self.now);
        let remaking = self.remaking.clone().map(|remaking| (Arc::clone(&self.estate), remaking));
        let job = house.store.read(move |tx| {
            Box::pin(async move {
                let holders = facts::holders(tx, &rules).await?;
                let mut page = facts::page(tx, &only, after, PLAN_PAGE).await?;
                for known in &mut page {
                    known.besides.holders.clone_from(&holders);
                }
                match remaking {
                    Some((estate, remaking)) => remade(tx, &estate, &remaking, page, now).await,
                    None => Ok(page.into_iter().map(|facts| Looked { facts, then: None }).collect()),
                }
            })
        });
        job.await
    }

    async fn difference(&self, house: &House) -> Result<Difference, StoreError> {
        if self.files.is_empty() {
            return Ok(Difference::default());
        }
        let version = self.in_force.version;
        let job = house.store.read(move |tx| Box::pin(async move { estates::files(tx, version).await }));
        let before: Vec<EstateFile> = job.await?;
        let pairs = |files: &[EstateFile]| -> Vec<(String, String)> {
            files.iter().map(|file| (file.path.clone(), file.text.clone())).collect()
        };
        Ok(difference(&pairs(&before), &pairs(&self.files)))
    }

    async fn finish(&mut self, house: &House) -> Result<(), AppError> {
        let id = self.plan.id;
        let mut tally = Tally::new(self.now);
        if let Some(remaking) = &self.remaking {
            tally.note(&remaking.notes);
        }
        let mut last = None;
        loop {
            let job = house.store.read(move |tx| Box::pin(async move { plans::people(tx, id, last, PLAN_PAGE).await }));
            let page: Vec<PlanPerson> = job.await.map_err(|error: StoreError| AppError::from(error))?;
            let Some(end) = page.last() else { break };
            last = Some(end.person);
            for one in &page {
                let outcome = serde_json::from_str(&one.body).map_err(|error| AppError::Corrupt(error.to_string()))?;
                tally.add(&outcome, &one.digest);
            }
        }
        let seen = background(house, &tally.removals, self.limits(), None).await?;
        let held = brakes::check(&tally.removals, self.limits(), &seen);
        let digest = tally.digest();
        let documents = self.difference(house).await?;
        let mut report = tally.report(documents, self.plan.people.unsigned_abs(), &held);
        report.over = over(&report, &self.asked);
        let body = serde_json::to_string(&report).map_err(|error| AppError::Corrupt(error.to_string()))?;
        let next = PlanRow { state: PlanState::Ready, digest: Some(digest), report: Some(body), ..self.plan.clone() };
        write(house, next, PlanState::Making, Vec::new()).await?;
        Ok(())
    }
}

/// Works on a plan for as long as one step may.
pub(crate) async fn work(house: &House, id: PlanId) -> Result<Came, AppError> {
    let mut work = Work::of(house, id).await?;
    if work.plan.state != PlanState::Making {
        return Ok(Came::Through);
    }
    let began = house.clock.now();
    loop {
        let page = work.page(house, work.plan.progress).await?;
        let Some(last) = page.last().map(|looked| looked.facts.person.id) else { break };
        let people = work.outcomes(house, &page).into_iter().map(|(row, _)| row).collect();
        let looked_at = work.plan.people + i64::try_from(page.len()).unwrap_or(0);
        work.plan = PlanRow { progress: Some(last), people: looked_at, ..work.plan };
        write(house, work.plan.clone(), PlanState::Making, people).await?;
        if house.clock.now().duration_since(began).unsigned_abs() > PLAN_STEP_TIME {
            return Ok(Came::More);
        }
    }
    work.finish(house).await?;
    Ok(Came::Through)
}

/// A page of people with what other documents about people would make of what is known of them. No name is
/// foreseen twice in a page.
async fn remade(
    tx: &mut Tx,
    estate: &Estate,
    remaking: &Remaking,
    page: Vec<PersonFacts>,
    now: Timestamp,
) -> Result<Vec<Looked>, AppError> {
    let ids: Vec<PersonId> = page.iter().map(|facts| facts.person.id).collect();
    let mut said: BTreeMap<PersonId, Vec<Statement>> = BTreeMap::new();
    for (person, statement) in values::of_people(tx, &ids).await? {
        said.entry(person).or_default().push(statement);
    }
    let (mut given, mut all) = (BTreeSet::new(), Vec::with_capacity(page.len()));
    for facts in page {
        let said = said.remove(&facts.person.id).unwrap_or_default();
        let then = then(tx, (estate, remaking), &facts, said, &mut given, now).await?;
        all.push(Looked { facts, then });
    }
    Ok(all)
}

async fn write(house: &House, plan: PlanRow, from: PlanState, people: Vec<PlanPerson>) -> Result<(), StoreError> {
    let job = house.store.write(move |tx| {
        Box::pin(async move {
            plans::update(tx, &plan, from).await?;
            plans::add_people(tx, plan.id, &people).await
        })
    });
    job.await
}

/// Writes that a plan came to nothing, and why.
pub(crate) async fn fail(tx: &mut Tx, id: PlanId, note: &str) -> Result<(), StoreError> {
    if let Some(plan) = plans::get(tx, id).await?.filter(|plan| plan.state == PlanState::Making) {
        let next = PlanRow { state: PlanState::Failed, note: Some(note.to_owned()), ..plan };
        plans::update(tx, &next, PlanState::Making).await?;
    }
    Ok(())
}

/// The event whose workflows carry out a plan for somebody who stands so.
pub(crate) fn event_for(presence: Presence) -> &'static str {
    match presence {
        Presence::Over => "employment.ended",
        Presence::Here | Presence::Coming | Presence::Unheard => "person.changed",
    }
}

/// Bounds that were asked for and are passed.
pub(crate) fn over(report: &Report, asked: &Asked) -> Vec<String> {
    let people = asked.people_max.filter(|most| report.people > *most);
    let writes = asked.writes_max.filter(|most| report.writes > *most);
    let people = people.map(|most| format!("it touches {} people, and at most {most} were wanted", report.people));
    let writes = writes.map(|most| format!("it makes {} writes, and at most {most} were wanted", report.writes));
    people.into_iter().chain(writes).collect()
}
