//! Taking in a fact: once, however often it is sent, with everything that follows from it.
//!
//! One transaction holds the event, what it changes, the runs that it starts, and the entry of
//! the ledger. Either all of it is there afterwards or nothing; only then the source is answered.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use tenure_ledger::{DetailKey, Entry, Word};
use tenure_model::{
    CaseId, ConnectionName, Event, EventId, EventKind, Name, NoticeKind, Person, PersonId, PersonKey, RunId, new_id,
};
use tenure_store::cases::Detail;
use tenure_store::events::Inserted;
use tenure_store::facts::{self as told, NewFact};
use tenure_store::{Tx, cases, events, notices, people};

use super::mapped::{self, Through};
use super::meaning::{self, Meaning};
use super::source;
use crate::cx::{Cx, House, send};
use crate::error::AppError;
use crate::limits::AS_OF_AHEAD_MAX;
use crate::notices::write;
use crate::people::{facts, names};
use crate::probe::Point;
use crate::record;
use crate::workflows::awaits;
use crate::workflows::begin::{self, Cause, Names};
use crate::workflows::dates;
use crate::workflows::facts as workflow_facts;
use crate::workflows::start::{self, Happened, Older};
use crate::workflows::unbegun;

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// What we call it.
    pub event: EventId,
    /// Whether it was sent before.
    #[serde(skip)]
    pub repeated: bool,
    /// Whom it turned out to be about.
    pub person: Option<PersonId>,
    /// The runs that it started.
    pub runs: Vec<RunId>,
    /// The question that a human has to answer.
    pub case: Option<CaseId>,
    /// Why it was only noted and changed nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why it began nothing, where it changed something and did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unbegun: Option<String>,
}

/// How a source places what it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// When it was so for the source; when it reached us if nothing is said.
    pub as_of: Option<Timestamp>,
    /// The number that the source gave it.
    pub sequence: Option<i64>,
    /// What the source calls the engagement, if not as it calls the person.
    pub engagement: Option<String>,
    /// The other keys by which the source knows the person. They help to find them, and are not kept.
    pub also: Vec<PersonKey>,
}

/// Takes in a fact that is so as of now.
pub async fn accept(
    cx: &Cx,
    connection: ConnectionName,
    external_id: String,
    subject: PersonKey,
    kind: EventKind,
) -> Result<Accepted, AppError> {
    accept_told(cx, connection, external_id, subject, kind, Told::default()).await
}

/// Takes in a fact, with its place among all that its source tells.
#[tracing::instrument(name = "app.events.accept", skip_all, fields(connection = %connection, external = external_id))]
pub async fn accept_told(
    cx: &Cx,
    connection: ConnectionName,
    external_id: String,
    subject: PersonKey,
    kind: EventKind,
    told: Told,
) -> Result<Accepted, AppError> {
    source::person_key(cx, &connection)?;
    let house = Arc::clone(&cx.house);
    let (now, id) = (house.clock.now(), new_id(house.ids.as_ref()));
    not_ahead(told.as_of, now)?;
    let Through { subject, also, engagement, kind } =
        mapped::through(&house.estate(), &connection, subject, kind, now)?;
    let told = Told { also, engagement: told.engagement.or(engagement), ..told };
    let event = Event { id, connection, external_id, subject, kind, received_at: now };
    let actor = cx.actor.clone();
    let accepted = cx
        .house
        .store
        .write(move |tx| Box::pin(async move { take(&Cx::new(house, actor), tx, &event, &told, now).await }))
        .await?;
    cx.house.pass(Point::AfterIntake);
    cx.house.nudge();
    Ok(accepted)
}

/// A source whose clock is ahead would have the last word for as long as it is.
fn not_ahead(as_of: Option<Timestamp>, now: Timestamp) -> Result<(), AppError> {
    let most = now.checked_add(AS_OF_AHEAD_MAX).unwrap_or(Timestamp::MAX);
    if as_of.is_none_or(|moment| moment <= most) {
        return Ok(());
    }
    let reason =
        "it lies more than a day ahead; set the clock of the source, and say by the days when something begins";
    Err(AppError::Invalid { pointer: "/asOf", reason: reason.to_owned() })
}

/// Takes in one fact in the transaction of the caller, unless it was sent before.
pub(crate) async fn take(
    cx: &Cx,
    tx: &mut Tx,
    event: &Event,
    place: &Told,
    now: Timestamp,
) -> Result<Accepted, AppError> {
    match events::insert_once(tx, event).await? {
        Inserted::Before { event: before, answer } => {
            let is_mapped = cx.house.estate().mappings.contains_key(&event.connection);
            repeat(event, &before, answer.as_deref(), is_mapped)
        }
        Inserted::New => {
            let key = place.engagement.as_ref().unwrap_or(&event.subject.value);
            // A source that only counts is not asked when.
            let as_of = place.as_of.or(if place.sequence.is_none() { Some(now) } else { None });
            let sequence = place.sequence.unwrap_or(0);
            told::insert(tx, &NewFact { event: event.id, source: &event.connection, key, as_of, sequence }).await?;
            take_in(cx, tx, event, &place.also, now).await
        }
    }
}

/// The same id with the same content gets the first answer; with other content it is a mistake.
/// What went through a mapping may look otherwise by now because the mapping changed.
fn repeat(event: &Event, before: &Event, answer: Option<&str>, is_mapped: bool) -> Result<Accepted, AppError> {
    let differs = if is_mapped { before.kind.word() != event.kind.word() } else { before.kind != event.kind };
    if before.subject != event.subject || differs {
        return Err(AppError::Differs { external: event.external_id.clone() });
    }
    let answer = answer.ok_or_else(|| AppError::Corrupt(format!("event `{}` has no answer", before.id)))?;
    let first: Accepted = serde_json::from_str(answer).map_err(|error| AppError::Corrupt(error.to_string()))?;
    Ok(Accepted { repeated: true, ..first })
}

async fn take_in(
    cx: &Cx,
    tx: &mut Tx,
    event: &Event,
    also: &[PersonKey],
    now: Timestamp,
) -> Result<Accepted, AppError> {
    let house = cx.house.as_ref();
    let mut accepted = Accepted {
        event: event.id,
        repeated: false,
        person: None,
        runs: Vec::new(),
        case: None,
        note: None,
        unbegun: None,
    };
    let before = known_before(tx, event, also).await?;
    match meaning::of(house, tx, event, also, now).await? {
        Meaning::Changed { person, urgent, starts, found, unnamed } => {
            accepted.person = Some(person);
            accepted.case = ask_for_names(house, tx, event, person, unnamed).await?;
            for waiting in found {
                let entry = record::entry(house.clock.as_ref(), &cx.actor, "case.resolved");
                let entry = Entry { decision: Some(Word::or_hash("is")), ..entry };
                let entry = entry.about(waiting.case).caused_by(waiting.event);
                record::write(tx, house.ids.as_ref(), &entry).await?;
            }
            let changed = changed(tx, before, person).await?;
            let begun = begin(house, tx, event, person, Begin { starts, urgent, changed }).await?;
            (accepted.runs, accepted.unbegun) = (begun.runs, begun.unbegun);
        }
        Meaning::Noted { person, why } => {
            accepted.person = Some(person);
            accepted.note = Some(why);
        }
        Meaning::Unclear { candidates, question, detail } => {
            accepted.case = Some(open_case(house, tx, event, candidates, question, detail).await?);
        }
    }
    record_it(cx, tx, event, &accepted).await?;
    let answer = serde_json::to_string(&accepted).map_err(|error| AppError::Corrupt(error.to_string()))?;
    events::set_answer(tx, event.id, &answer).await?;
    house.pass(Point::BeforeIntake);
    Ok(accepted)
}

/// Opens a case for each name that only a human can choose, unless one is open. Says the first.
pub(crate) async fn ask_for_names(
    house: &House,
    tx: &mut Tx,
    event: &Event,
    person: PersonId,
    unnamed: Vec<(Name, String)>,
) -> Result<Option<CaseId>, AppError> {
    let mut first = None;
    for (generator, why) in unnamed {
        let body = names::needs(&generator, person);
        if !cases::open_of_kind(tx, names::UNNAMED, &body).await?.is_empty() {
            continue;
        }
        let question = format!("generator `{generator}` has no name for them, because {why}; choose one");
        let detail = Some(Detail { kind: names::UNNAMED.to_owned(), body });
        let case = open_case(house, tx, event, vec![person], question, detail).await?;
        first.get_or_insert(case);
    }
    Ok(first)
}

async fn open_case(
    house: &House,
    tx: &mut Tx,
    event: &Event,
    candidates: Vec<PersonId>,
    question: String,
    detail: Option<Detail>,
) -> Result<CaseId, AppError> {
    let case = cases::Case {
        id: new_id(house.ids.as_ref()),
        event: event.id,
        connection: event.connection.clone(),
        question,
        candidates,
        detail,
        opened_at: event.received_at,
        resolution: None,
    };
    cases::insert(tx, &case).await?;
    let data = [
        ("case".to_owned(), case.id.to_string()),
        ("connection".to_owned(), case.connection.to_string()),
        ("event".to_owned(), case.event.to_string()),
    ];
    for notice in write::of(house, NoticeKind::CaseOpened, data.into(), None) {
        notices::insert(tx, &notice).await?;
    }
    Ok(case.id)
}

/// What is known of whom an event names, before it changes anything.
async fn known_before(tx: &mut Tx, event: &Event, also: &[PersonKey]) -> Result<Option<Person>, AppError> {
    let mut found: Vec<Person> = Vec::new();
    for key in std::iter::once(&event.subject).chain(also) {
        found.extend(people::find_by_key(tx, &key.attribute, &key.value).await?);
    }
    found.sort_by_key(|person| person.id);
    found.dedup_by_key(|person| person.id);
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// The attributes that are different now.
async fn changed(tx: &mut Tx, before: Option<Person>, person: PersonId) -> Result<BTreeSet<String>, AppError> {
    let Some(before) = before.filter(|before| before.id == person) else { return Ok(BTreeSet::new()) };
    let Some(after) = people::get(tx, person).await? else { return Ok(BTreeSet::new()) };
    let names = before.attributes.keys().chain(after.attributes.keys());
    let differs = |name: &&String| before.attributes.get(*name) != after.attributes.get(*name);
    Ok(names.filter(differs).cloned().collect())
}

/// What an event begins.
pub(crate) struct Begin {
    /// The event whose workflows are to run now.
    pub starts: String,
    /// Whether access must end now.
    pub urgent: bool,
    /// The attributes that changed.
    pub changed: BTreeSet<String>,
}

/// What began.
pub(crate) struct Begun {
    /// The runs.
    pub runs: Vec<RunId>,
    /// Why nothing did, where nothing did.
    pub unbegun: Option<String>,
}

/// Starts the workflows of an event, and sets the timers of those that a date starts.
pub(crate) async fn begin(
    house: &House,
    tx: &mut Tx,
    event: &Event,
    person: PersonId,
    what: Begin,
) -> Result<Begun, AppError> {
    let now = house.clock.now();
    let estate = house.estate();
    let also_changes = ["leave.started", "leave.ended", "person.transferred"].contains(&what.starts.as_str());
    let asks = start::asks_about_people(&estate, &what.starts)
        || start::asks_about_dates(&estate)
        || (also_changes && start::asks_about_people(&estate, "person.changed"));
    let known = if asks { facts::load(tx, person).await? } else { None };
    let mut input: Map<String, Json> = [("event".to_owned(), json!(event.id))].into_iter().collect();
    let mut older = Older::Stop;
    if let EventKind::Custom { attributes, .. } = &event.kind {
        input.insert("body".to_owned(), workflow_facts::plain_of(attributes));
        // It says nothing of what somebody should have.
        older = Older::GoOn;
    }
    let mut happened = Happened {
        event: what.starts.clone(),
        source: Some(event.connection.to_string()),
        changed: what.changed,
        urgent: what.urgent,
        older,
        input,
    };
    if also_changes && start::meant(&estate, known.as_ref(), &happened, now).next().is_none() {
        // Where no workflow starts on exactly this, something about the person changed all the same;
        // steps may wait for either.
        awaits::happened(house, tx, person, &what.starts, happened.body()).await?;
        "person.changed".clone_into(&mut happened.event);
    }
    let external = event.id.to_string();
    let cause = Cause { source: "event", external: &external, names: Names::New };
    let runs = begin::begin(house, tx, person, known.as_ref(), &happened, cause).await?;
    for (lane, name) in start::lanes(&start::ended_by(house, &what.starts), person) {
        start::stop_in(tx, (&lane, &name), &what.starts, &external, now).await?;
    }
    let dated = known.as_ref().map(|known| dates::moments(&estate, known, now)).unwrap_or_default();
    for moment in &dated {
        send(tx, dates::timer(person, moment, now)).await?;
    }
    let unbegun =
        runs.is_empty().then(|| unbegun::why(&estate, known.as_ref(), &happened, (&what.starts, &dated), now));
    Ok(Begun { runs, unbegun })
}

async fn record_it(cx: &Cx, tx: &mut Tx, event: &Event, accepted: &Accepted) -> Result<(), AppError> {
    let clock = cx.house.clock.as_ref();
    let mut entry = record::entry(clock, &cx.actor, "event.accepted").caused_by(event.id);
    entry.system = Some(event.connection.clone());
    entry.decision = Some(Word::or_hash(match (&accepted.person, &accepted.note) {
        (_, Some(_)) => "noted",
        (None, None) => "held",
        (Some(_), None) => "accepted",
    }));
    entry.effect = Some(Word::or_hash(event.kind.word()));
    if let Some(person) = accepted.person {
        entry = entry.about(person);
    }
    entry = entry.with(DetailKey::Count, i64::try_from(accepted.runs.len()).unwrap_or(i64::MAX));
    record::write(tx, cx.house.ids.as_ref(), &entry).await?;
    Ok(())
}
