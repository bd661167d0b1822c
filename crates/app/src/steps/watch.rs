//! `session/watch`: sees who is signed in with somebody's account, for as long as it is watched.
//!
//! Every while the systems are asked which sessions there are. One that was not there before, and one
//! that is over, are written into the ledger when they are seen, and a new one is an event with which
//! workflows begin. What was seen so far is kept beside the wait, so whoever goes on after a crash
//! knows it. A system that cannot be asked for a time leaves a gap that is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use tenure_connect::{Artifact, Locator, Reach, Refusal, SeenArtifact};
use tenure_engine::Order;
use tenure_flow::Span;
use tenure_ledger::{DetailKey, Entry, Fact, Hash, Word};
use tenure_model::{Account, AccountState, ConnectionName, Ending, PersonId};
use tenure_policy::PersonFacts;
use tenure_store::awaits::{self, Await};
use tenure_store::{StoreError, Tx};

use super::align::load;
use super::{Done, done, entry, grant, no, read, refused, store_refused};
use crate::cx::House;
use crate::limits::{SESSIONS_WATCHED_MAX, WATCH_LOOKS_EVERY, WATCH_LOOKS_EVERY_MIN, WATCH_LOOKS_MAX};
use crate::record;
use crate::workflows::awaits::signal_of;
use crate::workflows::begin::{self, Cause, Names};
use crate::workflows::start::{Happened, Older};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    person: PersonId,
    #[serde(default)]
    systems: Json,
    r#for: Option<Span>,
    until: Option<String>,
    every: Option<Span>,
}

/// What was seen so far.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Watched {
    since: Option<Timestamp>,
    looks: u64,
    sessions: Vec<Watching>,
    gaps: Vec<Gap>,
    /// How many more there were than are kept one by one.
    more: u64,
}

/// A session that was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Watching {
    system: ConnectionName,
    account: String,
    id: String,
    /// What the system calls it: from where, or with what.
    name: String,
    /// Since when, as the system says.
    opened_at: Option<Timestamp>,
    first_seen: Timestamp,
    last_seen: Timestamp,
    /// When it was not there any more.
    over_at: Option<Timestamp>,
}

/// A time in which nobody could look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Gap {
    system: ConnectionName,
    from: Timestamp,
    /// Until when; nothing while it lasts.
    until: Option<Timestamp>,
    why: String,
}

/// What is new since the look before.
#[derive(Debug, Default)]
struct News {
    opened: Vec<Watching>,
    over: Vec<Watching>,
    gaps: Vec<Gap>,
}

pub(super) async fn perform(house: &Arc<House>, order: &Order) -> Done {
    let wanted: Wanted = read(order)?;
    let facts = load(house, wanted.person).await?;
    let now = house.clock.now();
    let until = grant::until(wanted.r#for, wanted.until.as_deref(), &facts, now)?;
    let until = until.ok_or_else(|| refused("it does not say `for` how long, or `until` when"))?;
    let (key, event) = (order.key.as_str().to_owned(), "session/watch".to_owned());
    let wait =
        Await { key, run: order.run, person: wanted.person, event, wanted: Map::new(), until: Some(until), came: None };
    let job = house.store.write(move |tx| Box::pin(async move { awaits::open_once(tx, &wait).await }));
    let found = job.await.map_err(|error: StoreError| store_refused(error))?;
    let mut watched: Watched = serde_json::from_value(Json::Object(found.wanted.clone())).unwrap_or_default();
    let (from, until) = (*watched.since.get_or_insert(now), found.until.unwrap_or(until));
    let seen = look(house, &facts, &wanted.systems).await?;
    let news = watched.take_in(seen, now);
    watched.looks += 1;
    keep(house, order, &facts, (&found.key, &watched), &news).await?;
    if now >= until {
        let open = watched.sessions.iter().filter(|one| one.over_at.is_none()).count();
        let Watched { sessions, gaps, more, looks, .. } = watched;
        return Ok(done(
            "done",
            json!({ "sessions": sessions, "open": open, "gaps": gaps, "more": more, "looks": looks }),
        ));
    }
    let next = pause(&wanted, until.duration_since(from)).and_then(|pause| now.checked_add(pause).ok());
    let message = format!("watches the sessions of {} until {until}", facts.person.display_name);
    let until = Some(next.map_or(until, |next| next.min(until)));
    Err(Ending::Asked { signal: signal_of(&found.key), message, until })
}

/// How long it is until the next look. Long watches look more seldom.
fn pause(wanted: &Wanted, whole: SignedDuration) -> Option<SignedDuration> {
    let asked = match wanted.every {
        Some(Span::Exact(every)) => SignedDuration::try_from(every).ok()?,
        _ => WATCH_LOOKS_EVERY,
    };
    Some(asked.max(WATCH_LOOKS_EVERY_MIN).max(whole / WATCH_LOOKS_MAX))
}

/// What each system shows of the sessions of an account, or why it shows nothing now.
type Shown = Vec<(ConnectionName, String, Result<Vec<SeenArtifact>, Refusal>)>;

async fn look(house: &House, facts: &PersonFacts, systems: &Json) -> Result<Shown, Ending> {
    let named: Option<BTreeSet<&str>> = systems.as_array().map(|all| all.iter().filter_map(Json::as_str).collect());
    let (mut shown, mut blind) = (Shown::new(), Vec::new());
    for account in facts.accounts.iter().filter(|account| is_meant(account, named.as_ref())) {
        let Some(native) = account.native_id.clone() else { continue };
        let Some(connector) = house.connector(&account.connection) else { continue };
        if !connector.describe().surface.get(&Artifact::Session).is_some_and(Reach::lists) {
            if named.is_some() {
                return Err(no(connector.describe().unsupported("show the sessions of an account")));
            }
            blind.push(account.connection.as_str());
            continue;
        }
        let seen = connector.artifacts(&Locator::Native(native), Artifact::Session).await;
        if let Err(refusal) = &seen
            && !refusal.retry()
        {
            return Err(no(refusal.clone()));
        }
        shown.push((account.connection.clone(), account.name.clone(), seen));
    }
    if shown.is_empty() && !blind.is_empty() {
        return Err(refused(format!("none of their systems shows sessions: {}", blind.join(", "))));
    }
    Ok(shown)
}

fn is_meant(account: &Account, named: Option<&BTreeSet<&str>>) -> bool {
    named.is_none_or(|names| names.contains(account.connection.as_str()))
        && !matches!(account.state, AccountState::Absent | AccountState::Gone | AccountState::SoftDeleted)
}

impl Watched {
    /// Takes a look in, and says what is new.
    fn take_in(&mut self, shown: Shown, now: Timestamp) -> News {
        let mut news = News::default();
        for (system, account, seen) in shown {
            match seen {
                Ok(seen) => {
                    self.gaps
                        .iter_mut()
                        .filter(|gap| gap.system == system && gap.until.is_none())
                        .for_each(|gap| gap.until = Some(now));
                    self.compare(&system, &account, seen, now, &mut news);
                }
                Err(refusal) => {
                    if !self.gaps.iter().any(|gap| gap.system == system && gap.until.is_none()) {
                        let gap = Gap { system, from: now, until: None, why: refusal.message };
                        news.gaps.push(gap.clone());
                        self.gaps.push(gap);
                    }
                }
            }
        }
        news
    }

    fn compare(
        &mut self,
        system: &ConnectionName,
        account: &str,
        seen: Vec<SeenArtifact>,
        now: Timestamp,
        news: &mut News,
    ) {
        let mut there: BTreeMap<String, SeenArtifact> =
            seen.into_iter().map(|one| (one.native_id.to_string(), one)).collect();
        let of_it = |one: &&mut Watching| one.system == *system && one.account == account && one.over_at.is_none();
        for known in self.sessions.iter_mut().filter(of_it) {
            if there.remove(&known.id).is_some() {
                known.last_seen = now;
            } else {
                known.over_at = Some(now);
                news.over.push(known.clone());
            }
        }
        for (id, one) in there {
            let (system, account) = (system.clone(), account.to_owned());
            let session = Watching {
                system,
                account,
                id,
                name: one.name,
                opened_at: one.made_at,
                first_seen: now,
                last_seen: now,
                over_at: None,
            };
            // Beyond what is kept they are counted, and are new with every look.
            if self.sessions.len() < SESSIONS_WATCHED_MAX {
                news.opened.push(session.clone());
                self.sessions.push(session);
            } else {
                self.more += 1;
            }
        }
    }
}

/// Writes down what was seen, and tells what is new.
async fn keep(
    house: &Arc<House>,
    order: &Order,
    facts: &PersonFacts,
    (key, watched): (&str, &Watched),
    news: &News,
) -> Result<(), Ending> {
    let Ok(Json::Object(kept)) = serde_json::to_value(watched) else {
        return Err(refused("what was seen cannot be written down"));
    };
    let mut entries: Vec<Entry> = Vec::new();
    for (what, sessions) in [("session.seen", &news.opened), ("session.over", &news.over)] {
        entries.extend(sessions.iter().map(|session| told(house, order, facts, what, session)));
    }
    for gap in &news.gaps {
        let mut blind = entry(house, order, "session.unseen").about(facts.person.id);
        blind.system = Some(gap.system.clone());
        entries.push(blind);
    }
    let happened: Vec<(String, Happened)> =
        news.opened.iter().map(|one| (format!("{key}/{}/{}", one.system, one.id), opened(one))).collect();
    let (own, known, key, because) = (Arc::clone(house), facts.clone(), key.to_owned(), order.run.to_string());
    let begun = !happened.is_empty();
    let job = house.store.write(move |tx: &mut Tx| {
        Box::pin(async move {
            awaits::keep(tx, &key, &kept).await?;
            for entry in &entries {
                record::write(tx, own.ids.as_ref(), entry).await?;
            }
            for (name, happened) in &happened {
                let cause = Cause { source: "session", external: &because, names: Names::After(name) };
                begin::begin(&own, tx, known.person.id, Some(&known), happened, cause).await?;
            }
            Ok(())
        })
    });
    job.await.map_err(|error: StoreError| store_refused(error))?;
    if begun {
        house.nudge();
    }
    Ok(())
}

fn told(house: &House, order: &Order, facts: &PersonFacts, what: &str, session: &Watching) -> Entry {
    let mut told = entry(house, order, what).about(facts.person.id);
    told.system = Some(session.system.clone());
    let evidence = serde_json::to_vec(session).unwrap_or_default();
    told.with(DetailKey::EvidenceKind, Word::or_hash("session"))
        .with(DetailKey::Evidence, Fact::Hash(Hash::of(&evidence)))
}

/// A session that was opened, for workflows that begin with it.
fn opened(session: &Watching) -> Happened {
    let body = json!({ "session": session.name, "account": session.account, "openedAt": session.opened_at });
    Happened {
        event: "session.opened".to_owned(),
        source: Some(session.system.to_string()),
        older: Older::GoOn,
        input: [("body".to_owned(), body)].into_iter().collect(),
        ..Happened::default()
    }
}

#[cfg(test)]
mod tests {
    use tenure_connect::RefusalClass;
    use tenure_model::NativeId;

    use super::*;

    fn shown(ids: &[&str]) -> Shown {
        let one = |id: &&str| SeenArtifact {
            kind: Artifact::Session,
            native_id: NativeId::new(*id),
            name: format!("from {id}"),
            made_at: None,
            used_at: None,
            ends_at: None,
        };
        vec![("ldap".parse().unwrap(), "ada".to_owned(), Ok(ids.iter().map(one).collect()))]
    }

    fn blind() -> Shown {
        let refusal = Refusal::new(RefusalClass::Network, "nobody answers");
        vec![("ldap".parse().unwrap(), "ada".to_owned(), Err(refusal))]
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_session_that_comes_back_is_another_one() {
        let mut watched = Watched::default();
        assert_eq!(watched.take_in(shown(&["a"]), at(1)).opened.len(), 1);
        assert!(watched.take_in(shown(&["a"]), at(2)).opened.is_empty());
        assert_eq!(watched.take_in(shown(&[]), at(3)).over.len(), 1);
        assert!(watched.take_in(shown(&[]), at(4)).over.is_empty());
        assert_eq!(watched.take_in(shown(&["a"]), at(5)).opened.len(), 1);
        let first = &watched.sessions[0];
        assert_eq!((first.last_seen, first.over_at, watched.sessions.len()), (at(2), Some(at(3)), 2));
    }

    #[test]
    fn a_time_in_which_nobody_could_look_is_told_and_ends_no_session() {
        let mut watched = Watched::default();
        watched.take_in(shown(&["a"]), at(1));
        let news = watched.take_in(blind(), at(2));
        assert_eq!((news.gaps.len(), news.over.len()), (1, 0));
        assert!(watched.take_in(blind(), at(3)).gaps.is_empty());
        watched.take_in(shown(&["a"]), at(4));
        assert_eq!((watched.gaps[0].from, watched.gaps[0].until), (at(2), Some(at(4))));
        assert_eq!(watched.take_in(blind(), at(5)).gaps.len(), 1);
    }

    #[test]
    fn more_than_are_kept_are_counted() {
        let mut watched = Watched::default();
        let ids: Vec<String> = (0..SESSIONS_WATCHED_MAX + 3).map(|number| format!("{number:05}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        assert_eq!(watched.take_in(shown(&ids), at(1)).opened.len(), SESSIONS_WATCHED_MAX);
        assert_eq!((watched.sessions.len(), watched.more), (SESSIONS_WATCHED_MAX, 3));
    }
}
