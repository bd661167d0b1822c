//! `session/watch`: sees who is signed in with somebody's account, for as long as it is watched.
//!
//! Every while the systems are asked which sessions there are. One that was not there before, and one
//! that is over, are written into the ledger when they are seen, and a new one is an event with which
//! workflows begin. What was seen so far is kept beside the wait, so whoever goes on after a crash
//! knows it. A time in which a system was not asked, or did not answer, is a gap that is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use tenure_connect::{Artifact, Locator, Reach, SeenArtifact};
use tenure_engine::Order;
use tenure_flow::Span;
use tenure_ledger::{DetailKey, Entry, Fact, Hash, Word};
use tenure_model::{Account, ConnectionName, Ending, PersonId};
use tenure_policy::PersonFacts;
use tenure_store::awaits::{self, Await};
use tenure_store::{StoreError, Tx};

use super::align::load;
use super::{Done, done, entry, grant, no, read, refused, stands, store_refused};
use crate::cx::House;
use crate::limits::{
    SESSIONS_WATCHED_MAX, WATCH_GAPS_MAX, WATCH_LOOKS_EVERY, WATCH_LOOKS_EVERY_MIN, WATCH_LOOKS_MAX,
    WATCHED_NAME_CHARS_MAX,
};
use crate::record;
use crate::runs::above::outermost;
use crate::workflows::awaits::WATCH;
use crate::workflows::begin::{self, Cause, Names};
use crate::workflows::start::{Happened, Older, SESSION_OPENED};

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
    /// When it was looked at last.
    looked: Option<Timestamp>,
    looks: u64,
    sessions: Vec<Watching>,
    gaps: Vec<Gap>,
    /// So many that are over, and so many gaps, were left out for want of room.
    left_out: u64,
    /// So many more than can be kept were open at once.
    beyond: usize,
    /// It looks only once more, when its time is over.
    seldom: bool,
    /// The accounts of which sessions were seen before.
    seen_before: BTreeSet<String>,
    /// Systems that show no sessions.
    unseen: BTreeSet<ConnectionName>,
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
    account: String,
    from: Timestamp,
    /// Until when; nothing while it lasts.
    until: Option<Timestamp>,
    why: String,
}

/// What is new since the look before.
#[derive(Debug, Default)]
struct News {
    opened: Vec<Watching>,
    /// Those of them that were opened while their account was watched.
    told: Vec<Watching>,
    over: Vec<Watching>,
    gaps: Vec<Gap>,
}

pub(super) async fn perform(house: &Arc<House>, order: &Order) -> Done {
    let wanted: Wanted = read(order)?;
    let facts = load(house, wanted.person).await?;
    let now = house.clock.now();
    let found = begun(house, order, &wanted, &facts, now).await?;
    let until = found.until.unwrap_or(now);
    let mut watched: Watched = serde_json::from_value(Json::Object(found.wanted.clone())).unwrap_or_default();
    let from = *watched.since.get_or_insert(now);
    let pause = pause(&wanted, until.duration_since(from));
    let shown = look(house, &facts, &wanted.systems, &mut watched).await?;
    let news = watched.take_in(shown, now, pause);
    keep(house, order, &facts, (&found, &watched), news).await?;
    if now >= until {
        let open = watched.sessions.iter().filter(|one| one.over_at.is_none()).count();
        let Watched { sessions, gaps, left_out, beyond, looks, unseen, .. } = watched;
        let output = json!({
            "sessions": sessions, "open": open, "gaps": gaps, "leftOut": left_out, "beyond": beyond, "looks": looks,
            "unseen": unseen,
        });
        return Ok(done("done", output));
    }
    let next = now.checked_add(pause).ok().filter(|_| !watched.seldom).map_or(until, |next| next.min(until));
    let message = format!("watches the sessions of {} until {until}", facts.person.display_name);
    Err(Ending::Asked { signal: format!("{WATCH}{}", found.key), message, until: Some(next) })
}

/// The watch as it was begun, the first time now.
async fn begun(
    house: &House,
    order: &Order,
    wanted: &Wanted,
    facts: &PersonFacts,
    now: Timestamp,
) -> Result<Await, Ending> {
    let key = order.key.as_str().to_owned();
    let job = house.store.read(move |tx| Box::pin(async move { awaits::get(tx, &key).await }));
    if let Some(found) = job.await.map_err(|error: StoreError| store_refused(error))? {
        return Ok(found);
    }
    let until = grant::until(wanted.r#for, wanted.until.as_deref(), facts, now)?;
    let until = until.ok_or_else(|| refused("it does not say `for` how long, or `until` when"))?;
    let wait = Await {
        key: order.key.as_str().to_owned(),
        run: order.run,
        person: wanted.person,
        event: "session/watch".to_owned(),
        wanted: Map::new(),
        until: Some(until),
        came: None,
    };
    let job = house.store.write(move |tx| Box::pin(async move { awaits::open_once(tx, &wait).await }));
    job.await.map_err(|error: StoreError| store_refused(error))
}

/// How long it is until the next look. Long watches look more seldom.
fn pause(wanted: &Wanted, whole: SignedDuration) -> SignedDuration {
    let asked = wanted.every.and_then(|every| match every {
        Span::Exact(every) => SignedDuration::try_from(every).ok(),
        Span::Days(days) => Some(SignedDuration::from_hours(24) * i32::try_from(days).unwrap_or(i32::MAX)),
        Span::WorkingDays(_) | Span::WorkingMinutes(_) => None,
    });
    asked.unwrap_or(WATCH_LOOKS_EVERY).max(WATCH_LOOKS_EVERY_MIN).max(whole / WATCH_LOOKS_MAX)
}

/// What each system shows of the sessions of an account, or why it shows nothing now.
type Shown = BTreeMap<(ConnectionName, String), Result<Vec<SeenArtifact>, String>>;

async fn look(house: &House, facts: &PersonFacts, systems: &Json, watched: &mut Watched) -> Result<Shown, Ending> {
    let named: Option<BTreeSet<&str>> = systems.as_array().map(|all| all.iter().filter_map(Json::as_str).collect());
    let is_first = watched.looked.is_none();
    let mut shown = Shown::new();
    for account in facts.accounts.iter().filter(|account| is_meant(account, named.as_ref())) {
        let Some(native) = account.native_id.clone() else { continue };
        let key = (account.connection.clone(), account.name.clone());
        let connector = house
            .connector(&account.connection)
            .ok_or_else(|| refused(format!("there is no connection `{}`", account.connection)))?;
        if !connector.describe().surface.get(&Artifact::Session).is_some_and(Reach::lists) {
            if named.is_some() {
                return Err(no(connector.describe().unsupported("show the sessions of an account")));
            }
            watched.unseen.insert(account.connection.clone());
            continue;
        }
        // What cannot be looked at from the beginning is refused; later it is a gap.
        let seen = match connector.artifacts(&Locator::Native(native), Artifact::Session).await {
            Ok(seen) => Ok(seen),
            Err(refusal) if is_first && !refusal.retry() => return Err(no(refusal)),
            Err(refusal) => Err(refusal.message),
        };
        shown.insert(key, seen);
    }
    if is_first && shown.is_empty() && !watched.unseen.is_empty() {
        let unseen: Vec<&str> = watched.unseen.iter().map(ConnectionName::as_str).collect();
        return Err(refused(format!("none of their systems shows sessions: {}", unseen.join(", "))));
    }
    Ok(shown)
}

fn is_meant(account: &Account, named: Option<&BTreeSet<&str>>) -> bool {
    named.is_none_or(|names| names.contains(account.connection.as_str())) && stands(account)
}

impl Watched {
    /// Takes a look in, and says what is new.
    fn take_in(&mut self, shown: Shown, now: Timestamp, pause: SignedDuration) -> News {
        let mut news = News::default();
        if let Some(looked) = self.looked.filter(|looked| !self.seldom && now.duration_since(*looked) > pause * 2) {
            for (system, account) in shown.keys() {
                let gap = Gap::new(system, account, looked, "nobody looked");
                self.gap(Gap { until: Some(now), ..gap }, &mut news);
            }
        }
        // Who has no account there any more has no sessions there either.
        let is_there = |one: &Watching| shown.contains_key(&(one.system.clone(), one.account.clone()));
        for known in self.sessions.iter_mut().filter(|one| one.over_at.is_none() && !is_there(one)) {
            known.over_at = Some(now);
            news.over.push(known.clone());
        }
        let mut beyond = 0;
        for ((system, account), seen) in shown {
            let of_it = |gap: &&mut Gap| gap.system == system && gap.account == account && gap.until.is_none();
            match seen {
                Ok(seen) => {
                    self.gaps.iter_mut().filter(of_it).for_each(|gap| gap.until = Some(now));
                    beyond += self.compare(&system, &account, seen, now, &mut news);
                }
                Err(_) if self.gaps.iter_mut().any(|gap| of_it(&gap)) => {}
                Err(why) => self.gap(Gap::new(&system, &account, now, &why), &mut news),
            }
        }
        (self.looked, self.looks, self.beyond) = (Some(now), self.looks + 1, self.beyond.max(beyond));
        news
    }

    fn gap(&mut self, gap: Gap, news: &mut News) {
        news.gaps.push(gap.clone());
        if self.gaps.len() < WATCH_GAPS_MAX {
            self.gaps.push(gap);
        } else {
            self.left_out += 1;
        }
    }

    /// Holds what was seen of an account against what is known. Says how many there was no room for.
    fn compare(
        &mut self,
        system: &ConnectionName,
        account: &str,
        seen: Vec<SeenArtifact>,
        now: Timestamp,
        news: &mut News,
    ) -> usize {
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
        // Who was signed in before anybody looked did not open anything now.
        let is_watched = !self.seen_before.insert(format!("{system}/{account}"));
        let mut beyond = 0;
        for (id, one) in there {
            if !self.has_room() {
                beyond += 1;
                continue;
            }
            let session = Watching {
                system: system.clone(),
                account: account.to_owned(),
                id,
                name: short(&one.name),
                opened_at: one.made_at,
                first_seen: now,
                last_seen: now,
                over_at: None,
            };
            news.told.extend(is_watched.then(|| session.clone()));
            news.opened.push(session.clone());
            self.sessions.push(session);
        }
        beyond
    }

    /// Makes room for one more, if need be by leaving out one that is over.
    fn has_room(&mut self) -> bool {
        if self.sessions.len() < SESSIONS_WATCHED_MAX {
            return true;
        }
        let over = self.sessions.iter().position(|one| one.over_at.is_some());
        if let Some(place) = over {
            self.sessions.remove(place);
            self.left_out += 1;
        }
        over.is_some()
    }
}

impl Gap {
    fn new(system: &ConnectionName, account: &str, from: Timestamp, why: &str) -> Self {
        Self { system: system.clone(), account: account.to_owned(), from, until: None, why: short(why) }
    }
}

fn short(text: &str) -> String {
    text.chars().take(WATCHED_NAME_CHARS_MAX).collect()
}

/// Writes down what was seen, and tells what is new.
async fn keep(
    house: &Arc<House>,
    order: &Order,
    facts: &PersonFacts,
    (found, watched): (&Await, &Watched),
    news: News,
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
    let opened = news.told;
    let (begun, own, known, before, run) =
        (!opened.is_empty(), Arc::clone(house), facts.clone(), found.clone(), order.run);
    let job = house.store.write(move |tx: &mut Tx| {
        Box::pin(async move {
            awaits::keep(tx, &before.key, &before.wanted, &kept).await?;
            for entry in &entries {
                record::write(tx, own.ids.as_ref(), entry).await?;
            }
            let workflow = if begun { outermost(tx, run).await?.map(|row| row.name) } else { None };
            for session in &opened {
                // Two who watch see the same session, which was opened once.
                let name = session.event_name();
                let cause = Cause { source: "session", external: &name, names: Names::After(&name) };
                begin::begin(&own, tx, known.person.id, Some(&known), &session.happened(workflow.as_deref()), cause)
                    .await?;
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

impl Watching {
    fn event_name(&self) -> String {
        let since = self.opened_at.unwrap_or(self.first_seen);
        format!("session/{}/{}/{}/{since}", self.system, self.account, self.id)
    }

    /// That it was opened, for workflows that begin with it.
    fn happened(&self, workflow: Option<&str>) -> Happened {
        let body = json!({
            "session": self.name, "account": self.account, "openedAt": self.opened_at, "workflow": workflow,
        });
        Happened {
            event: SESSION_OPENED.to_owned(),
            source: Some(self.system.to_string()),
            older: Older::GoOn,
            input: [("body".to_owned(), body)].into_iter().collect(),
            ..Happened::default()
        }
    }
}

#[cfg(test)]
mod tests {
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
        [(("ldap".parse().unwrap(), "ada".to_owned()), Ok(ids.iter().map(one).collect()))].into()
    }

    fn blind() -> Shown {
        [(("ldap".parse().unwrap(), "ada".to_owned()), Err("nobody answers".to_owned()))].into()
    }

    const EVERY: SignedDuration = SignedDuration::from_secs(1);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_session_that_comes_back_is_another_one() {
        let mut watched = Watched::default();
        assert_eq!(watched.take_in(shown(&["a"]), at(1), EVERY).opened.len(), 1);
        assert!(watched.take_in(shown(&["a"]), at(2), EVERY).opened.is_empty());
        assert_eq!(watched.take_in(shown(&[]), at(3), EVERY).over.len(), 1);
        assert!(watched.take_in(shown(&[]), at(4), EVERY).over.is_empty());
        assert_eq!(watched.take_in(shown(&["a"]), at(5), EVERY).opened.len(), 1);
        let first = &watched.sessions[0];
        assert_eq!((first.last_seen, first.over_at, watched.sessions.len()), (at(2), Some(at(3)), 2));
    }

    #[test]
    fn a_time_in_which_nobody_could_look_is_told_and_ends_no_session() {
        let mut watched = Watched::default();
        watched.take_in(shown(&["a"]), at(1), EVERY);
        let news = watched.take_in(blind(), at(2), EVERY);
        assert_eq!((news.gaps.len(), news.over.len()), (1, 0));
        assert!(watched.take_in(blind(), at(3), EVERY).gaps.is_empty());
        watched.take_in(shown(&["a"]), at(4), EVERY);
        assert_eq!((watched.gaps[0].from, watched.gaps[0].until), (at(2), Some(at(4))));
        assert_eq!(watched.take_in(blind(), at(5), EVERY).gaps.len(), 1);
    }

    #[test]
    fn a_time_in_which_we_did_not_look_is_told() {
        let mut watched = Watched::default();
        watched.take_in(shown(&["a"]), at(1), EVERY);
        let news = watched.take_in(shown(&["a"]), at(9), EVERY);
        assert_eq!((news.gaps.len(), watched.gaps[0].from, watched.gaps[0].until), (1, at(1), Some(at(9))));
    }

    #[test]
    fn who_was_signed_in_before_anybody_saw_it_opens_nothing() {
        let mut watched = Watched::default();
        assert!(watched.take_in(blind(), at(1), EVERY).told.is_empty());
        let news = watched.take_in(shown(&["a"]), at(2), EVERY);
        assert_eq!((news.opened.len(), news.told.len()), (1, 0));
        assert_eq!(watched.take_in(shown(&["a", "b"]), at(3), EVERY).told.len(), 1);
    }

    #[test]
    fn with_an_account_its_sessions_are_over() {
        let mut watched = Watched::default();
        watched.take_in(shown(&["a"]), at(1), EVERY);
        assert_eq!(watched.take_in(Shown::new(), at(2), EVERY).over.len(), 1);
        assert_eq!(watched.sessions[0].over_at, Some(at(2)));
    }

    #[test]
    fn more_than_are_kept_are_counted_and_those_that_are_over_make_room() {
        let mut watched = Watched::default();
        let ids: Vec<String> = (0..SESSIONS_WATCHED_MAX + 3).map(|number| format!("{number:05}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        assert_eq!(watched.take_in(shown(&ids), at(1), EVERY).opened.len(), SESSIONS_WATCHED_MAX);
        watched.take_in(shown(&ids), at(2), EVERY);
        assert_eq!((watched.sessions.len(), watched.beyond), (SESSIONS_WATCHED_MAX, 3));
        watched.take_in(shown(&[]), at(3), EVERY);
        assert_eq!(watched.take_in(shown(&["new"]), at(4), EVERY).opened.len(), 1);
        assert_eq!((watched.sessions.len(), watched.left_out), (SESSIONS_WATCHED_MAX, 1));
    }

    #[test]
    fn all_that_is_kept_of_a_watch_fits_into_the_result_of_a_step() {
        let long = "x".repeat(10_000);
        let mut watched = Watched::default();
        for number in 0..SESSIONS_WATCHED_MAX + 200 {
            let id = format!("{number}-{}", "9".repeat(20));
            let mut one = shown(&[&id]);
            for seen in one.values_mut().flatten().flatten() {
                seen.name.clone_from(&long);
            }
            watched.take_in(one, at(2 * i64::try_from(number).unwrap()), EVERY);
            let blind: Shown = [(("ldap".parse().unwrap(), "ada".to_owned()), Err(long.clone()))].into();
            watched.take_in(blind, at(2 * i64::try_from(number).unwrap() + 1), EVERY);
        }
        let bytes = serde_json::to_vec(&watched).unwrap().len();
        assert!(bytes < tenure_flow::limits::PAYLOAD_BYTES_MAX, "{bytes}");
    }
}
