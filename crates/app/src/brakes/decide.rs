//! Saying yes or no to what the brakes hold.
//!
//! A yes is a ceiling and not a licence: it is for what was shown, it lets exactly that go for a day,
//! and what follows is worked out anew. Nobody says yes to what they asked for, and what takes access
//! away needs two different people.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::ToSpan as _;
use tenure_ledger::{DetailKey, Word};
use tenure_model::{HeldId, PersonId};
use tenure_policy::authz::{Action, Thing};
use tenure_store::removals::{self, HeldAnswer, HeldSet, HeldState};
use tenure_store::{StoreError, Tx, plans};

use super::show::{Shown, find};
use super::starts;
use crate::cx::{Cx, House};
use crate::error::AppError;
use crate::limits::{LET_GO_GOOD_HOURS, PLAN_PAGE, REASON_CHARS_MAX};
use crate::reconcile::act;
use crate::record;
use crate::workflows::begin::{self, Cause, Names};
use crate::workflows::start::{Happened, Older};

/// What is said of a held set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whether it may go on.
    pub yes: bool,
    /// How many removals whoever says so has seen.
    pub size: i64,
    /// Why.
    pub reason: String,
}

/// Says yes or no.
pub async fn decide(cx: &Cx, held: HeldId, said: Said) -> Result<Shown, AppError> {
    cx.allow(Action::DecideHeld, &Thing::Held)?;
    let length = said.reason.chars().count();
    if length == 0 || length > REASON_CHARS_MAX {
        let reason = format!("say why, in 1 to {REASON_CHARS_MAX} characters");
        return Err(AppError::Invalid { pointer: "/reason", reason });
    }
    let own = cx.clone();
    let job = cx.house.store.write(move |tx| {
        Box::pin(async move {
            answer(&own, tx, held, &said).await?;
            find(tx, held).await
        })
    });
    let shown = job.await?;
    cx.house.nudge();
    Ok(shown)
}

async fn answer(cx: &Cx, tx: &mut Tx, held: HeldId, said: &Said) -> Result<(), AppError> {
    let house = Arc::clone(&cx.house);
    let now = house.clock.now();
    let shown = find(tx, held).await?;
    if shown.set.state != HeldState::Open {
        return Err(AppError::Conflict(format!("`{held}` is {} already", shown.set.state.word())));
    }
    let by = cx.actor.name.clone();
    if said.yes {
        own_work(tx, &shown.set, &by).await?;
        if said.size != shown.size.removals {
            let (saw, holds) = (said.size, shown.size.removals);
            return Err(AppError::Conflict(format!(
                "`{held}` holds {holds} removals by now, and you saw {saw}; look at it again"
            )));
        }
    }
    let reason = said.reason.clone();
    removals::answer(tx, held, &HeldAnswer { by, at: now, yes: said.yes, size: shown.size.removals, reason }).await?;
    let answers = removals::answers(tx, held).await?;
    // Only a yes to what the set holds now counts: one to a smaller set is not one to this.
    let yes: BTreeSet<&str> = answers
        .iter()
        .filter(|answer| answer.yes && answer.size == shown.size.removals)
        .map(|answer| answer.by.as_str())
        .collect();
    let word = if !said.yes {
        removals::close(tx, held, HeldState::Refused, now).await?;
        "refused"
    } else if yes.len() >= usize::from(shown.set.yes_needed) {
        removals::close(tx, held, HeldState::Approved, now).await?;
        let until = now.checked_add(LET_GO_GOOD_HOURS.hours()).unwrap_or(now);
        removals::let_go(tx, held, now, until).await?;
        go_on(&house, tx, held).await?;
        starts::count_anew(tx, &shown.set).await?;
        "approved"
    } else {
        "seconded"
    };
    let mut entry = record::entry(house.clock.as_ref(), &cx.actor, "held.answered").about(held);
    entry.decision = Some(Word::or_hash(word));
    entry = entry.with(DetailKey::Count, shown.size.removals);
    record::write(tx, house.ids.as_ref(), &entry).await?;
    Ok(())
}

/// Nobody says yes to their own work: to what they asked for, nor to a plan that they made.
async fn own_work(tx: &mut Tx, set: &HeldSet, by: &str) -> Result<(), AppError> {
    let plan = match set.plan {
        Some(plan) => plans::get(tx, plan).await?,
        None => None,
    };
    let own =
        set.asked_by == by || plan.is_some_and(|plan| plan.made_by == by || plan.applied_by.as_deref() == Some(by));
    if own {
        return Err(AppError::Conflict(format!(
            "`{by}` asked for what `{}` holds; somebody else must say yes",
            set.id
        )));
    }
    Ok(())
}

/// Begins what was let go, for each person once.
async fn go_on(house: &House, tx: &mut Tx, held: HeldId) -> Result<(), AppError> {
    let mut after = None;
    let mut last: Option<PersonId> = None;
    loop {
        let page = removals::of_set(tx, held, after, PLAN_PAGE).await?;
        let Some(end) = page.last() else { return Ok(()) };
        after = Some((end.person, end.id));
        let mut people = Vec::new();
        for row in &page {
            if last != Some(row.person) {
                last = Some(row.person);
                people.push(row.person);
                act::begin_again(tx, house.clock.as_ref(), house.ids.as_ref(), row.person).await?;
            }
        }
        look_again(house, tx, &held.to_string(), &people, "person.changed").await?;
    }
}

/// Lets the workflows of an event look at people again, for a cause, once. What is under way for
/// them comes to its end first.
pub(crate) async fn look_again(
    house: &House,
    tx: &mut Tx,
    cause: &str,
    people: &[PersonId],
    event: &str,
) -> Result<usize, StoreError> {
    let input = [("because".to_owned(), cause.into())].into_iter().collect();
    let happened = Happened { event: event.to_owned(), older: Older::GoOn, input, ..Happened::default() };
    let cause = Cause { source: "brakes", external: cause, names: Names::After(cause) };
    Ok(begin::for_people(house, tx, people, &happened, cause).await?.len())
}
