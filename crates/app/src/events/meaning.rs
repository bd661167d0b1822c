//! What an event means: of whom it speaks, and what it changes about them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{Engagement, Event, EventKind, Name, Person, PersonId, PersonKey, Standing, standing};
use tenure_policy::authority::MayTell;
use tenure_policy::correlate::{Asked, Candidate, Likely, Match, Question, correlate, match_person};
use tenure_store::cases::Detail;
use tenure_store::facts::{self, Waiting};
use tenure_store::{Tx, engagements, people};

use crate::cx::House;
use crate::error::AppError;
use crate::estate::Estate;
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
        starts: String,
        /// What waited for them.
        found: Vec<Waiting>,
        /// Names that only a human can choose: by which generator, and why.
        unnamed: Vec<(Name, String)>,
    },
    /// It is kept and changes nothing: another source has the word on this.
    Noted {
        /// Of whom it speaks.
        person: PersonId,
        /// Whose word counts, as a sentence.
        why: String,
    },
    /// A human must say.
    Unclear {
        /// Whom it may mean.
        candidates: Vec<PersonId>,
        /// What is asked.
        question: String,
        /// What exactly is asked.
        detail: Option<Detail>,
    },
}

/// What a case asks, beside the sentence: the question, and what speaks for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Doubt {
    /// The question.
    pub question: Question,
    /// Whom it may mean, the likeliest first.
    pub likely: Vec<Likely>,
}

impl Doubt {
    /// What is kept with the case; nothing if there is no more to it than the candidates.
    fn detail(self) -> Result<Option<Detail>, AppError> {
        let kind = match &self.question {
            Question::Who if self.likely.iter().all(|one| one.score.is_none() && one.because.is_empty()) => {
                return Ok(None);
            }
            Question::Who => "correlation",
            Question::KeyChange { .. } => KEY_CHANGE,
        };
        let body = serde_json::to_string(&self).map_err(|error| AppError::Corrupt(error.to_string()))?;
        Ok(Some(Detail { kind: kind.to_owned(), body }))
    }
}

/// The kind of case that asks whether a source gave somebody another key.
pub(crate) const KEY_CHANGE: &str = "key-change";

/// Finds out of whom the event speaks and changes what is known of them.
#[tracing::instrument(name = "app.events.meaning", skip_all)]
pub(crate) async fn of(
    house: &House,
    tx: &mut Tx,
    event: &Event,
    also: &[PersonKey],
    now: Timestamp,
) -> Result<Meaning, AppError> {
    let found = people_of(tx, event, also).await?;
    let candidates: Vec<Candidate<'_>> =
        found.iter().map(|(person, engagements)| Candidate { person, engagements }).collect();
    let estate = house.estate();
    let matched = match estate.mappings.get(&event.connection).filter(|_| event.kind.introduces()) {
        None => match_person(&event.subject, &candidates),
        Some(mapping) => {
            let key = facts::key_of(tx, event.id).await?.unwrap_or_else(|| event.subject.value.clone());
            let asked = Asked { source: &event.connection, key: &key, subject: &event.subject, also, now };
            correlate(&mapping.matching, &asked, &candidates)
        }
    };
    let person = match matched {
        Match::One { person } => found.iter().map(|(known, _)| known).find(|known| known.id == person).cloned(),
        Match::None => None,
        Match::Doubt { candidates: likely, why, question } => {
            let candidates = likely.iter().map(|one| one.person).collect();
            let detail = Doubt { question, likely }.detail()?;
            return Ok(Meaning::Unclear { candidates, question: why, detail });
        }
    };
    apply(house, tx, event, person, now).await
}

/// Whether another source has the word on this event, so that it changes nothing.
async fn overruled(
    estate: &Estate,
    tx: &mut Tx,
    event: &Event,
    person: Option<&Person>,
) -> Result<Option<String>, AppError> {
    let told = match &event.kind {
        EventKind::EmploymentStarted { kind, .. } => Some(*kind),
        EventKind::EmploymentStated { terms, .. } => terms.kind,
        _ => None,
    };
    let Some(kind) = told.or(person.map(|person| person.kind)) else { return Ok(None) };
    let (word, source) = (event.kind.word(), &event.connection);
    match estate.authorities.may_tell(kind, word, source) {
        MayTell::No { only } => {
            let only: Vec<&str> = only.iter().map(Name::as_str).collect();
            Ok(Some(format!(
                "{} has the word on {word} of the kind {}, not {source}",
                only.join(", then "),
                kind.word()
            )))
        }
        MayTell::Yes { before } => {
            let Some(person) = person.filter(|_| !before.is_empty()) else { return Ok(None) };
            let engaged = engagements::of_person(tx, person.id).await?;
            let owner = before.iter().find(|owner| engaged.iter().any(|row| row.source == **owner));
            Ok(owner.map(|owner| format!("{owner} has spoken of them, and comes before {source} on {word}")))
        }
    }
}

/// Gives the event to this person, or to somebody new, and works out what they come to with it.
pub(crate) async fn apply(
    house: &House,
    tx: &mut Tx,
    event: &Event,
    person: Option<Person>,
    now: Timestamp,
) -> Result<Meaning, AppError> {
    let estate = house.estate();
    if let Some(why) = overruled(&estate, tx, event, person.as_ref()).await? {
        return Ok(match person {
            Some(person) => Meaning::Noted { person: person.id, why },
            None => Meaning::Unclear { candidates: Vec::new(), question: why, detail: None },
        });
    }
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
    let settled = settle::settle(house.ids.as_ref(), &estate, tx, person, now).await?;
    let urgent = event.kind.is_urgent();
    let starts = what_starts(&event.kind, &settled, now).to_owned();
    let Settled { person, found, unnamed, .. } = settled;
    Ok(Meaning::Changed { person: person.id, urgent, starts, found, unnamed })
}

/// Why the event cannot be given to this person: nobody is there to give it to, or the engagement
/// is somebody else's or not known. It waits, and is given to them once that is known.
async fn doubt(tx: &mut Tx, event: &Event, person: Option<&Person>) -> Result<Option<Meaning>, AppError> {
    let unclear = |candidates, question| Ok(Some(Meaning::Unclear { candidates, question, detail: None }));
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
fn what_starts<'e>(kind: &'e EventKind, settled: &Settled, now: Timestamp) -> &'e str {
    let is_here = |engagements: &[Engagement]| match standing(engagements, now) {
        Standing::Planned | Standing::Active | Standing::OnLeave => true,
        Standing::Left | Standing::None => false,
    };
    match (is_here(&settled.before), is_here(&settled.after)) {
        // What is a source's own says nothing of the standing of anybody.
        _ if matches!(kind, EventKind::Custom { .. }) => kind.word(),
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
            | EventKind::EmploymentConverted { .. }
            | EventKind::Custom { .. } => "person.changed",
        },
        (false, false) => "person.changed",
    }
}

/// Everybody whom a key of the event might name.
async fn people_of(tx: &mut Tx, event: &Event, also: &[PersonKey]) -> Result<Vec<(Person, Vec<Engagement>)>, AppError> {
    let mut found = people::find_by_key(tx, &event.subject.attribute, &event.subject.value).await?;
    for key in also {
        for person in people::find_by_key(tx, &key.attribute, &key.value).await? {
            if !found.iter().any(|known| known.id == person.id) {
                found.push(person);
            }
        }
    }
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
