//! Why somebody has what they have, or does not: from the fact a source told to what was read back.
//!
//! The chain of each answer is made of [`Link`]s, the outermost cause first. [`held`] explains what
//! is there, [`missing`] what is not and what would have to change, and [`values`] where a value
//! came from. With a moment the same is told as it was decided then ([`super::replay`]).

mod held;
mod missing;
mod seen;
mod values;

use std::sync::Arc;

use jiff::Timestamp;
use tenure_model::{Person, PersonId};
use tenure_policy::authz::{Action, Thing};
use tenure_policy::{PersonFacts, Plan, Rules};
use tenure_store::StoreError;

use self::seen::Seen;
use crate::cx::Cx;
use crate::error::AppError;
use crate::people::replay::{Replayed, replay};
use crate::people::{facts, show};

/// One link of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What kind of thing it is: event, engagement, role, request, grant, decision, entry, run,
    /// account, read-back, drift, nobody, timer, hold, value or need.
    pub kind: &'static str,
    /// Its id or name.
    pub id: String,
    /// What it says, as a sentence.
    pub says: String,
    /// When.
    pub at: Option<Timestamp>,
}

impl Link {
    fn new(kind: &'static str, id: impl ToString, says: impl Into<String>, at: Option<Timestamp>) -> Self {
        Self { kind, id: id.to_string(), says: says.into(), at }
    }
}

/// One answer, from the fact to the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// What it is about, such as `ldap group/staff`.
    pub access: String,
    /// Where it stands, such as `held`.
    pub state: String,
    /// The chain of reasons, the outermost first.
    pub chain: Vec<Link>,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// The answers for one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// Who.
    pub person: Person,
    /// The answers.
    pub because: Vec<Because>,
    /// The moment of the decision that was made once more, and whether it came to the same.
    pub replayed: Option<(Timestamp, bool)>,
}

impl Why {
    /// Whom it is about.
    pub fn id(&self) -> PersonId {
        self.person.id
    }
}

/// What is explained: facts, rules and what follows from them, now or then.
struct Told<'a> {
    facts: &'a PersonFacts,
    rules: &'a Rules,
    plan: &'a Plan,
    now: Timestamp,
    seen: &'a Seen,
}

/// Explains what a person has, perhaps only what bears this name; as it was decided at a moment, if
/// one is given.
pub async fn why(cx: &Cx, name: String, access: Option<String>, at: Option<Timestamp>) -> Result<Why, AppError> {
    cx.allow(Action::ReadWhy, &Thing::Person(None))?;
    let (wanted, rules) = (name.clone(), cx.house.rules());
    let own = Arc::clone(&rules);
    let found = cx.house.store.read(move |tx| {
        Box::pin(async move {
            let Some(person) = show::find(tx, &wanted).await? else { return Ok::<_, StoreError>(None) };
            let Some(facts) = facts::load_for(tx, person, &own).await? else { return Ok(None) };
            let seen = seen::load(tx, &facts).await?;
            Ok(Some((facts, seen)))
        })
    });
    let (facts, seen) = found.await?.ok_or_else(|| AppError::NotFound { what: "such person".to_owned() })?;
    let Some(at) = at else {
        let now = cx.house.clock.now();
        let plan = tenure_policy::plan(&facts, &rules, now);
        let told = Told { facts: &facts, rules: &rules, plan: &plan, now, seen: &seen };
        return Ok(Why { because: answers(&told, access.as_deref()), person: facts.person.clone(), replayed: None });
    };
    let then = replay(&cx.house.store, facts.person.id, at).await?;
    let then = then.ok_or_else(|| AppError::no(&format!("decision about `{name}` that was made until"), at))?;
    Ok(as_of(&then, &seen, access.as_deref()))
}

fn as_of(then: &Replayed, seen: &Seen, access: Option<&str>) -> Why {
    let seen = seen.until(then.decision.at);
    let told = Told { facts: &then.facts, rules: &then.rules, plan: &then.plan, now: then.decision.at, seen: &seen };
    let mut because = answers(&told, access);
    let place = then.entry.map_or_else(|| "not sealed yet".to_owned(), |place| format!("ledger entry {place}"));
    let says = if then.same {
        format!("made once more from what was known then, it comes to the same; {place}")
    } else {
        format!("made once more it comes to something else than then; {place}")
    };
    let run = then.decision.run.map_or_else(String::new, |run| run.to_string());
    for answer in &mut because {
        answer.chain.push(Link::new("decision", &run, says.clone(), Some(then.decision.at)));
    }
    Why { person: then.facts.person.clone(), because, replayed: Some((then.decision.at, then.same)) }
}

fn answers(told: &Told<'_>, access: Option<&str>) -> Vec<Because> {
    let mut because = held::accounts(told);
    because.extend(held::grants(told));
    because.extend(held::of_nobody(told));
    because.extend(missing::to_do(told));
    because.extend(missing::not_given(told));
    because.extend(missing::waiting(told));
    if let Some(wanted) = access {
        // Documents write `group/finance`; people write `ldap/group/finance` or `ldap group/finance`.
        let plain = |text: &str| text.replace([' ', '/'], "\u{1}").to_lowercase();
        let letters = plain(wanted);
        because.retain(|answer| plain(&answer.access).contains(&letters));
        because.extend(values::answer(told, wanted));
    }
    because
}
