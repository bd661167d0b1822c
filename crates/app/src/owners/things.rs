//! What everybody answers for: documents by their `owner`, tokens by their name, and agents, accounts of
//! services and guests by their sponsor.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tenure_model::{IdentityKind, Person, PersonId};
use tenure_policy::template::to_the_minute;
use tenure_store::fold::fold;
use tenure_store::{StoreError, Tx, engagements, people, tokens};

use crate::estate::Estate;
use crate::limits::{SPONSORS_AT_ONCE, TOKENS_AT_ONCE};
use crate::people::show::KEYS;
use crate::tasks::succeed::is_gone_by;

/// The name of the owner of what has none. No document can say it.
pub(super) const NOBODY: &str = "";

/// One thing that somebody answers for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Thing {
    /// What, in words.
    pub(super) says: String,
    /// Since when.
    pub(super) since: Since,
}

/// Since when somebody answers for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Since {
    /// Since a document names them; the versions of the documents tell.
    Named,
    /// Since this moment, or later.
    At(Timestamp),
}

/// What is answered for, by the name of whoever does.
pub(super) type Things = BTreeMap<String, BTreeSet<Thing>>;

/// What everybody answers for.
pub(super) async fn things(tx: &mut Tx, estate: &Estate, now: Timestamp) -> Result<Things, StoreError> {
    let mut things = Things::new();
    for (owner, documents) in &estate.owners {
        let named = documents.iter().map(|says| Thing { says: says.clone(), since: Since::Named });
        things.entry(owner.clone()).or_default().extend(named);
    }
    add_tokens(tx, &mut things, now).await?;
    add_sponsored(tx, &mut things, now).await?;
    Ok(things)
}

async fn add_tokens(tx: &mut Tx, things: &mut Things, now: Timestamp) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = tokens::list(tx, after, TOKENS_AT_ONCE).await?;
        after = page.last().map(|token| token.id);
        for token in page.iter().filter(|token| token.is_good(now)) {
            let says = format!("token {}, good until {}", token.id, to_the_minute(token.expires_at));
            let thing = Thing { says, since: Since::At(token.created_at) };
            things.entry(token.owner.clone()).or_default().insert(thing);
        }
        if page.len() < TOKENS_AT_ONCE {
            return Ok(());
        }
    }
}

async fn add_sponsored(tx: &mut Tx, things: &mut Things, now: Timestamp) -> Result<(), StoreError> {
    let known: BTreeMap<String, String> = things.keys().map(|name| (fold(name), name.clone())).collect();
    let mut after = None;
    loop {
        let page = people::sponsored(tx, after, SPONSORS_AT_ONCE).await?;
        after = page.last().map(|person| person.id);
        let ids: Vec<PersonId> = page.iter().map(|person| person.id).collect();
        let theirs = engagements::of_people(tx, &ids).await?;
        let sponsors: BTreeSet<PersonId> = page.iter().filter_map(|person| person.sponsor).collect();
        let sponsors: Vec<PersonId> = sponsors.into_iter().collect();
        let sponsors: BTreeMap<PersonId, Person> =
            people::of_ids(tx, &sponsors).await?.into_iter().map(|person| (person.id, person)).collect();
        for person in &page {
            // What has left itself needs nobody any more.
            let own: Vec<_> = theirs.iter().filter(|row| row.person == person.id).cloned().collect();
            if is_gone_by(&own, now) {
                continue;
            }
            let sponsor = person.sponsor.and_then(|id| sponsors.get(&id));
            let owner = sponsor.map_or_else(|| NOBODY.to_owned(), |sponsor| name_of(sponsor, &known));
            let says = format!("{} {} ({})", word(person.kind), person.display_name, person.id);
            let thing = Thing { says, since: Since::At(person.since) };
            things.entry(owner).or_default().insert(thing);
        }
        if page.len() < SPONSORS_AT_ONCE {
            return Ok(());
        }
    }
}

fn word(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::Customer => "guest",
        IdentityKind::AiAgent
        | IdentityKind::ServiceAccount
        | IdentityKind::Employee
        | IdentityKind::Contractor
        | IdentityKind::Vendor => kind.word(),
    }
}

/// The name under which somebody answers for other things already, or else is asked.
fn name_of(person: &Person, known: &BTreeMap<String, String>) -> String {
    let keys = || KEYS.into_iter().filter_map(|key| person.text(key));
    let name = keys().find_map(|key| known.get(&fold(key)).map(String::as_str)).or_else(|| keys().next());
    name.map_or_else(|| person.id.to_string(), ToOwned::to_owned)
}
