//! Making a name for somebody: by rule, or as a human chose it.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan as _};
use tenure_ledger::Word;
use tenure_model::{Name, Person, PersonId, Standing};
use tenure_policy::Generator;
use tenure_policy::authz::{Action, Thing};
use tenure_policy::expression::{Facts, Session};
use tenure_policy::generate::NoName;
use tenure_store::cases::{self, Resolution};
use tenure_store::fold::fold;
use tenure_store::{Tx, names, people, values};

use crate::cx::Cx;
use crate::error::AppError;
use crate::people::{hold, show};
use crate::record;

/// How many names are looked up at once before one is reserved.
const LOOKED_UP_AT_ONCE: usize = 64;

/// Makes a name by rule and reserves it, in the transaction of the caller: of several who ask at
/// once each gets another one.
pub(crate) async fn make(
    tx: &mut Tx,
    generator: &Generator,
    person: &Person,
    now: Timestamp,
) -> Result<Result<String, NoName>, AppError> {
    first(tx, generator, person, now, None).await
}

/// The name that would be made by rule, besides those in `given`. Nothing is reserved.
pub(crate) async fn foresee(
    tx: &mut Tx,
    generator: &Generator,
    person: &Person,
    given: &BTreeSet<String>,
    now: Timestamp,
) -> Result<Result<String, NoName>, AppError> {
    first(tx, generator, person, now, Some(given)).await
}

/// The first name by rule that nobody has: reserved, unless it is only foreseen, besides others.
async fn first(
    tx: &mut Tx,
    generator: &Generator,
    person: &Person,
    now: Timestamp,
    foreseen: Option<&BTreeSet<String>>,
) -> Result<Result<String, NoName>, AppError> {
    let facts = Facts { person, engagement: None, standing: Standing::None, now };
    let tried = match generator.names(&facts, &mut Session::new()) {
        Ok(tried) => tried,
        Err(why) => return Ok(Err(why)),
    };
    let is_given = |name: &String| foreseen.is_some_and(|given| given.contains(name));
    for some in tried.chunks(LOOKED_UP_AT_ONCE) {
        let taken = taken(tx, generator, some, person, now).await?;
        for name in some.iter().filter(|name| !taken.contains(&fold(name)) && !is_given(name)) {
            if is_anothers(tx, generator, name, person).await? {
                continue;
            }
            if foreseen.is_some()
                || names::reserve(tx, &generator.name, name, person.id, now, rested_before(generator, now)).await?
            {
                return Ok(Ok(name.clone()));
            }
        }
    }
    Ok(Err(NoName::Unspellable(format!("all {} names are taken", tried.len()))))
}

/// Those of some names that somebody else has, or that rest.
async fn taken(
    tx: &mut Tx,
    generator: &Generator,
    some: &[String],
    person: &Person,
    now: Timestamp,
) -> Result<BTreeSet<String>, AppError> {
    let rests = |issued: &names::Issued| issued.released_at.is_none_or(|at| at >= rested_before(generator, now));
    let known = names::known(tx, &generator.name, some).await?.into_iter();
    let others = known.filter(|issued| rests(issued) && issued.person != person.id);
    Ok(others.map(|issued| fold(&issued.name)).collect())
}

/// Whether somebody else has the name without it having been made for them.
async fn is_anothers(tx: &mut Tx, generator: &Generator, name: &str, person: &Person) -> Result<bool, AppError> {
    let holders = people::find_by_key(tx, &generator.attribute, name).await?;
    Ok(holders.iter().any(|holder| holder.id != person.id))
}

/// Names that were released before this moment may be given again.
fn rested_before(generator: &Generator, now: Timestamp) -> Timestamp {
    now.checked_sub((i64::from(generator.quarantine_days) * 24).hours()).unwrap_or(Timestamp::MIN)
}

/// A name that somebody has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Whose.
    pub person: Person,
    /// By which generator.
    pub generator: Name,
    /// The name.
    pub name: String,
}

/// Gives a person another name of a generator: one that a human chose, or the next one by rule. The
/// name before rests from now on.
pub async fn give(cx: &Cx, person: String, generator: Name, name: Option<String>) -> Result<Given, AppError> {
    cx.allow(Action::NamePerson, &Thing::Person(None))?;
    let own = cx.clone();
    let job =
        cx.house.store.write(move |tx| Box::pin(async move { settle(&own, tx, &person, &generator, name).await }));
    let given = job.await?;
    cx.house.nudge();
    Ok(given)
}

async fn settle(cx: &Cx, tx: &mut Tx, person: &str, generator: &Name, name: Option<String>) -> Result<Given, AppError> {
    let house = cx.house.as_ref();
    let now = house.clock.now();
    let estate = house.estate();
    let known = estate.generators.get(generator).ok_or_else(|| AppError::no("generator", generator))?;
    let id = show::find(tx, person).await?.ok_or_else(|| AppError::no("person", person))?;
    let holder = people::get(tx, id).await?.ok_or_else(|| AppError::no("person", id))?;
    let name = if let Some(name) = name {
        chosen(tx, known, &holder, &name, now).await?
    } else {
        // What the person has now is no answer to the wish for another one.
        let bare = without(known, &holder);
        make(tx, known, &bare, now).await?.map_err(|why| AppError::Conflict(why.to_string()))?
    };
    names::release(tx, generator, id, Some(&name), now).await?;
    let said = values::of_person(tx, id).await?;
    let holding = hold::hold(&estate, tx, without(known, &holder), holder.kind, &said, now).await?;
    let body = needs(generator, id);
    for case in cases::open_of_kind(tx, UNNAMED, &body).await? {
        let resolution = Resolution { at: now, by: cx.actor.name.clone(), body: r#"{"answer":"named"}"#.to_owned() };
        cases::resolve(tx, case, &resolution).await?;
    }
    let mut entry = record::entry(house.clock.as_ref(), &cx.actor, "person.named").about(id);
    entry.effect = Some(Word::or_hash(known.name.as_str()));
    record::write(tx, house.ids.as_ref(), &entry).await?;
    Ok(Given { person: holding.person, generator: generator.clone(), name })
}

fn without(generator: &Generator, holder: &Person) -> Person {
    let mut bare = holder.clone();
    bare.attributes.remove(&generator.attribute);
    bare
}

/// The kind of case that asks for a name.
pub(crate) const UNNAMED: &str = "name";

/// What such a case is about.
pub(crate) fn needs(generator: &Name, person: PersonId) -> String {
    serde_json::json!({ "generator": generator, "person": person }).to_string()
}

/// A name that a human chose, with or without its domain.
async fn chosen(
    tx: &mut Tx,
    generator: &Generator,
    holder: &Person,
    name: &str,
    now: Timestamp,
) -> Result<String, AppError> {
    let invalid = |reason: String| AppError::Invalid { pointer: "/name", reason };
    let bare = match (&generator.domain, name.rsplit_once('@')) {
        (Some(domain), Some((bare, given))) if given == domain => bare,
        (Some(domain), Some(_)) => return Err(invalid(format!("it must end in `@{domain}`"))),
        (Some(_) | None, None) => name,
        (None, Some(_)) => return Err(invalid("it is no address; leave out what follows the `@`".to_owned())),
    };
    generator.check(bare).map_err(invalid)?;
    let whole = generator.whole(bare);
    if is_anothers(tx, generator, &whole, holder).await? {
        return Err(AppError::Conflict(format!("`{whole}` is somebody else's")));
    }
    if names::reserve(tx, &generator.name, &whole, holder.id, now, rested_before(generator, now)).await? {
        return Ok(whole);
    }
    let known = names::known(tx, &generator.name, std::slice::from_ref(&whole)).await?;
    match known.first() {
        Some(issued) if issued.person == holder.id => Ok(whole),
        Some(issued) if issued.released_at.is_some() => Err(AppError::Conflict(format!(
            "`{whole}` rests until {} days after its last holder lost it",
            generator.quarantine_days
        ))),
        Some(_) | None => Err(AppError::Conflict(format!("`{whole}` is somebody else's"))),
    }
}
