//! What would be if something about one person were otherwise. Nothing is written anywhere.

use jiff::Timestamp;
use tenure_model::{Attributes, Engagement, Value};
use tenure_policy::PersonFacts;
use tenure_policy::authz::{Action, Thing};
use tenure_store::StoreError;

use crate::cx::Cx;
use crate::error::AppError;
use crate::limits::SIMULATED_DAYS_MAX;
use crate::people::{facts, show};
use crate::plans::compute::event_for;
use crate::plans::outcome::{self, Outcome};
use crate::plans::simulate::{Walker, until};

/// What would be otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct If {
    /// Values that would be others; cleared ones would be gone.
    pub set: Attributes,
    /// Whether they would leave today.
    pub leave: bool,
    /// Until when it is looked; now, if no moment is named.
    pub at: Option<Timestamp>,
}

/// What would be done for somebody if this were so. None if nothing would be.
pub async fn whatif(cx: &Cx, name: String, if_so: If) -> Result<(PersonFacts, Option<Outcome>), AppError> {
    cx.allow(Action::PlanPerson, &Thing::Person(None))?;
    let house = cx.house.as_ref();
    let found = house.store.read(move |tx| {
        Box::pin(async move {
            match show::find(tx, &name).await? {
                Some(person) => facts::load(tx, person).await,
                None => Ok::<_, StoreError>(None),
            }
        })
    });
    let known = found.await?.ok_or_else(|| AppError::NotFound { what: "such person".to_owned() })?;
    let now = house.clock.now();
    let end = if_so.at.unwrap_or(now);
    if end < now || (end.as_second() - now.as_second()) / 86_400 > SIMULATED_DAYS_MAX {
        let reason = format!("is in the past, or more than {SIMULATED_DAYS_MAX} days away");
        return Err(AppError::Invalid { pointer: "/at", reason });
    }
    let facts = otherwise(known.clone(), &if_so, now);
    let in_force = house.live.now();
    let rules = in_force.resolved_rules().await.map_err(AppError::Target)?;
    let (plans, at_end) = until(&facts, &rules, now, end, house.ids.as_ref());
    let estate = &in_force.built.estate;
    let outcome = outcome::over_time(&facts, &plans, &rules, &estate.brakes).filter(|outcome| !outcome.is_empty()).map(
        |mut outcome| {
            let presence = plans.last().map(|(_, plan)| plan.presence);
            let event = presence.map_or("person.changed", event_for);
            outcome.happens = Walker::new(estate, &rules).walk(event, &at_end, &at_end, outcome.changes.len(), end);
            outcome
        },
    );
    Ok((known, outcome))
}

fn otherwise(mut facts: PersonFacts, if_so: &If, now: Timestamp) -> PersonFacts {
    for (name, value) in &if_so.set {
        if *value == Value::Cleared {
            facts.person.attributes.remove(name);
        } else {
            facts.person.attributes.insert(name.clone(), value.clone());
        }
    }
    if if_so.leave {
        let gone = |engagement: Engagement| Engagement { cut_at: Some(now), ..engagement };
        facts.engagements = facts.engagements.into_iter().map(gone).collect();
    }
    facts
}
