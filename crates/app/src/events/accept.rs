//! Taking in a fact: once, however often it is sent, with everything that follows from it.
//!
//! One transaction holds the event, what it changes, the runs that it starts, and the entry of
//! the ledger. Either all of it is there afterwards or nothing; only then the source is answered.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenure_engine::journal::Urgency;
use tenure_engine::message::{self, Busy, Start};
use tenure_ledger::{DetailKey, Word};
use tenure_model::{CaseId, ConnectionName, Event, EventId, EventKind, NoticeKind, PersonId, PersonKey, RunId, new_id};
use tenure_store::events::Inserted;
use tenure_store::{Tx, cases, events, notices};

use super::meaning::{self, Meaning};
use super::source;
use crate::cx::{Cx, House, send};
use crate::error::AppError;
use crate::notices::write;
use crate::probe::Point;
use crate::record;

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
    /// The question that a human has to answer first.
    pub case: Option<CaseId>,
}

/// Takes in a fact.
#[tracing::instrument(name = "app.events.accept", skip_all, fields(connection = %connection, external = external_id))]
pub async fn accept(
    cx: &Cx,
    connection: ConnectionName,
    external_id: String,
    subject: PersonKey,
    kind: EventKind,
) -> Result<Accepted, AppError> {
    source::person_key(cx, &connection)?;
    let house = Arc::clone(&cx.house);
    let (now, id) = (house.clock.now(), new_id(house.ids.as_ref()));
    let event = Event { id, connection, external_id, subject, kind, received_at: now };
    let actor = cx.actor.clone();
    let accepted = cx
        .house
        .store
        .write(move |tx| {
            Box::pin(async move {
                match events::insert_once(tx, &event).await? {
                    Inserted::Before { event: before, answer } => repeat(&event, &before, answer.as_deref()),
                    Inserted::New => take_in(&Cx::new(house, actor), tx, &event, now).await,
                }
            })
        })
        .await?;
    cx.house.pass(Point::AfterIntake);
    cx.house.nudge();
    Ok(accepted)
}

/// The same id with the same content gets the first answer; with other content it is a mistake.
fn repeat(event: &Event, before: &Event, answer: Option<&str>) -> Result<Accepted, AppError> {
    if before.subject != event.subject || before.kind != event.kind {
        return Err(AppError::Differs { external: event.external_id.clone() });
    }
    let answer = answer.ok_or_else(|| AppError::Corrupt(format!("event `{}` has no answer", before.id)))?;
    let first: Accepted = serde_json::from_str(answer).map_err(|error| AppError::Corrupt(error.to_string()))?;
    Ok(Accepted { repeated: true, ..first })
}

async fn take_in(cx: &Cx, tx: &mut Tx, event: &Event, now: Timestamp) -> Result<Accepted, AppError> {
    let house = cx.house.as_ref();
    let mut accepted = Accepted { event: event.id, repeated: false, person: None, runs: Vec::new(), case: None };
    match meaning::of(house, tx, event, now).await? {
        Meaning::Changed { person, urgent, starts } => {
            accepted.person = Some(person);
            accepted.runs = begin(house, tx, event, person, starts, urgent).await?;
        }
        Meaning::Unclear { candidates, question } => {
            let case = cases::Case {
                id: new_id(house.ids.as_ref()),
                event: event.id,
                connection: event.connection.clone(),
                question,
                candidates,
                detail: None,
                opened_at: now,
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
            accepted.case = Some(case.id);
        }
    }
    record_it(cx, tx, event, &accepted).await?;
    let answer = serde_json::to_string(&accepted).map_err(|error| AppError::Corrupt(error.to_string()))?;
    events::set_answer(tx, event.id, &answer).await?;
    house.pass(Point::BeforeIntake);
    Ok(accepted)
}

/// Starts the workflows of an event, in the person's lane: the newest word about somebody counts.
pub(crate) async fn begin(
    house: &House,
    tx: &mut Tx,
    event: &Event,
    person: PersonId,
    starts: &str,
    urgent: bool,
) -> Result<Vec<RunId>, AppError> {
    let mut runs = Vec::new();
    for workflow in house.estate().started_by(starts) {
        let run: RunId = new_id(house.ids.as_ref());
        let start = Start {
            lane: person.to_string(),
            definition: workflow.definition.hash.clone(),
            name: workflow.name.to_string(),
            urgency: if urgent { Urgency::Urgent } else { Urgency::Normal },
            busy: Busy::Supersede,
            input: json!({ "person": person, "event": event.id, "because": event.kind.word() }),
        };
        let letter = message::start(run, start, "event", &event.id.to_string(), house.clock.now());
        send(tx, letter).await?;
        runs.push(run);
    }
    Ok(runs)
}

async fn record_it(cx: &Cx, tx: &mut Tx, event: &Event, accepted: &Accepted) -> Result<(), AppError> {
    let clock = cx.house.clock.as_ref();
    let mut entry = record::entry(clock, &cx.actor, "event.accepted").caused_by(event.id);
    entry.system = Some(event.connection.clone());
    entry.decision = Some(Word::or_hash(if accepted.case.is_some() { "held" } else { "accepted" }));
    entry.effect = Some(Word::or_hash(event.kind.word()));
    if let Some(person) = accepted.person {
        entry = entry.about(person);
    }
    entry = entry.with(DetailKey::Count, i64::try_from(accepted.runs.len()).unwrap_or(i64::MAX));
    record::write(tx, cx.house.ids.as_ref(), &entry).await?;
    Ok(())
}
