//! What an event means: of whom it speaks, and what it changes about them.

use jiff::Timestamp;
use tenure_model::{Engagement, Event, EventKind, Person, PersonId, Standing, standing};
use tenure_policy::correlate::{Candidate, Match, match_person};
use tenure_store::facts::{self, Waiting};
use tenure_store::{Tx, engagements, people};

use crate::cx::House;
use crate::error::AppError;
use crate::people::settle::{self, Settled};

/// What an event means.
pub(crate) enum Meaning {
    /// It changed what is known of somebody, and this kind of event starts what follows.
    Changed {
        /// Of whom.
        person: PersonId,
        /// Whether access must end now.
        urgent: bool,
        /// The event whose workflows are to run now.
        starts: &'static str,
        /// What waited for them.
        found: Vec<Waiting>,
    },
    /// A human must say.
    Unclear {
        /// Whom it may mean.
        candidates: Vec<PersonId>,
        /// What is asked.
        question: String,
    },
}

/// Finds out of whom the event speaks and changes what is known of them.
#[tracing::instrument(name = "app.events.meaning", skip_all)]
pub(crate) async fn of(house: &House, tx: &mut Tx, event: &Event, now: Timestamp) -> Result<Meaning, AppError> {
    let found = people_of(tx, event).await?;
    let candidates: Vec<Candidate<'_>> =
        found.iter().map(|(person, engagements)| Candidate { person, engagements }).collect();
    let matched = match_person(&event.subject, &candidates);
    let person = match matched {
        Match::One { person } => found.iter().map(|(known, _)| known).find(|known| known.id == person).cloned(),
        Match::None => None,
        Match::Doubt { candidates, why, question: _ } => {
            let candidates = candidates.into_iter().map(|likely| likely.person).collect();
            return Ok(Meaning::Unclear { candidates, question: why });
        }
    };
    apply(house, tx, event, person, now).await
}

/// Gives the event to this person, or to somebody new, and works out what they come to with it.
pub(crate) async fn apply(
    house: &House,
    tx: &mut Tx,
    event: &Event,
    person: Option<Person>,
    now: Timestamp,
) -> Result<Meaning, AppError> {
    if let Some(unclear) = doubt(tx, event, person.as_ref()).await? {
        return Ok(unclear);
    }
    let person = if let Some(known) = person {
        known
    } else {
        let newcomer = settle::newcomer(house.ids.as_ref(), event, now);
        people::insert(tx, &newcomer).await?;
        newcomer
    };
    facts::give(tx, event.id, Some(person.id)).await?;
    let settled = settle::settle(house.ids.as_ref(), tx, person, now).await?;
    let urgent = matches!(event.kind, EventKind::EmploymentEnded { urgent: true, .. });
    let starts = what_starts(&event.kind, &settled, now);
    Ok(Meaning::Changed { person: settled.person.id, urgent, starts, found: settled.found })
}

/// Why the event cannot be given to this person: nobody is there to give it to, or the engagement
/// is somebody else's or not known. It waits, and is given to them once that is known.
async fn doubt(tx: &mut Tx, event: &Event, person: Option<&Person>) -> Result<Option<Meaning>, AppError> {
    let unclear = |candidates, question| Ok(Some(Meaning::Unclear { candidates, question }));
    let Some(person) = person else {
        if event.kind.introduces() {
            return Ok(None);
        }
        return unclear(Vec::new(), format!("nobody is known by {} of {}", event.subject, event.connection));
    };
    if !event.kind.is_of_engagement() {
        return Ok(None);
    }
    let key = facts::key_of(tx, event.id).await?;
    let key = key.ok_or_else(|| AppError::Corrupt(format!("event `{}` is no fact", event.id)))?;
    match engagements::find_by_key(tx, &event.connection, &key).await? {
        Some(known) if known.person != person.id => {
            unclear(vec![person.id, known.person], format!("engagement {key} belongs to somebody else"))
        }
        None if !event.kind.introduces() => {
            unclear(vec![person.id], format!("{} of {} has no engagement `{key}`", event.subject, event.connection))
        }
        Some(_) | None => Ok(None),
    }
}

/// The event whose workflows are to run now. What counts is what the person came to, and not by
/// which of several facts.
fn what_starts(kind: &EventKind, settled: &Settled, now: Timestamp) -> &'static str {
    let is_here = |engagements: &[Engagement]| match standing(engagements, now) {
        Standing::Planned | Standing::Active | Standing::OnLeave => true,
        Standing::Left | Standing::None => false,
    };
    match (is_here(&settled.before), is_here(&settled.after)) {
        (true, false) => "employment.ended",
        (false, true) => "employment.started",
        (false, false) if kind.is_of_engagement() => "employment.ended",
        (true, true) => match kind {
            EventKind::EmploymentStarted { .. } => "employment.started",
            EventKind::LeaveStarted { .. } => "leave.started",
            EventKind::LeaveEnded { .. } => "leave.ended",
            EventKind::PersonTransferred { .. } => "person.transferred",
            EventKind::PersonChanged { .. }
            | EventKind::EmploymentEnded { .. }
            | EventKind::EmploymentStated { .. }
            | EventKind::EmploymentRescinded
            | EventKind::EmploymentConverted { .. } => "person.changed",
        },
        (false, false) => "person.changed",
    }
}

/// Everybody whom the key of the event might name.
async fn people_of(tx: &mut Tx, event: &Event) -> Result<Vec<(Person, Vec<Engagement>)>, AppError> {
    let mut found = people::find_by_key(tx, &event.subject.attribute, &event.subject.value).await?;
    if let Some(engagement) = engagements::find_by_key(tx, &event.connection, &event.subject.value).await?
        && !found.iter().any(|person| person.id == engagement.person)
    {
        found.extend(people::get(tx, engagement.person).await?);
    }
    let mut with_engagements = Vec::with_capacity(found.len());
    for person in found {
        let mut theirs = engagements::of_person(tx, person.id).await?;
        theirs.retain(|engagement| engagement.source == event.connection);
        with_engagements.push((person, theirs));
    }
    Ok(with_engagements)
}
