//! What an event means: of whom it speaks, and what it changes about them.

use jiff::Timestamp;
use tenure_model::{Attributes, BadTransition, Engagement, Event, EventKind, Person, PersonId, Value, new_id};
use tenure_policy::correlate::{Candidate, Match, match_person};
use tenure_store::{Tx, engagements, people};

use crate::cx::House;
use crate::error::AppError;

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

/// Changes what is known of this person, or of somebody new.
pub(crate) async fn apply(
    house: &House,
    tx: &mut Tx,
    event: &Event,
    person: Option<Person>,
    now: Timestamp,
) -> Result<Meaning, AppError> {
    match (&event.kind, person) {
        (EventKind::EmploymentStarted { attributes, .. }, person) => {
            let person = match person {
                Some(known) => change(tx, known, attributes).await?,
                None => add(house, tx, event, attributes, now).await?,
            };
            engage(house, tx, event, &person, now).await
        }
        (EventKind::PersonChanged { attributes }, Some(known)) => {
            let person = change(tx, known, attributes).await?;
            Ok(Meaning::Changed { person: person.id, urgent: false, starts: "person.changed" })
        }
        (EventKind::EmploymentEnded { .. }, Some(known)) => end(tx, event, &known, now).await,
        (EventKind::PersonChanged { .. } | EventKind::EmploymentEnded { .. }, None) => Ok(Meaning::Unclear {
            candidates: Vec::new(),
            question: format!("nobody is known by {} of {}", event.subject, event.connection),
        }),
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

async fn add(
    house: &House,
    tx: &mut Tx,
    event: &Event,
    attributes: &Attributes,
    now: Timestamp,
) -> Result<Person, AppError> {
    let EventKind::EmploymentStarted { kind, .. } = &event.kind else {
        return Err(AppError::Corrupt("only a start adds a person".to_owned()));
    };
    let mut attributes: Attributes = attributes.clone();
    attributes.retain(|_, value| *value != Value::Cleared);
    attributes.entry(event.subject.attribute.clone()).or_insert_with(|| event.subject.value.clone().into());
    let person = Person {
        id: new_id(house.ids.as_ref()),
        kind: *kind,
        display_name: display_name(&attributes, &event.subject.value),
        attributes,
        sponsor: None,
        version: 1,
        since: now,
    };
    people::insert(tx, &person).await?;
    Ok(person)
}

/// Takes over what the source says, and only that; what it cleared is taken away.
async fn change(tx: &mut Tx, known: Person, said: &Attributes) -> Result<Person, AppError> {
    let mut attributes = known.attributes.clone();
    for (name, value) in said {
        if *value == Value::Cleared {
            attributes.remove(name);
        } else {
            attributes.insert(name.clone(), value.clone());
        }
    }
    if attributes == known.attributes {
        return Ok(known);
    }
    let display_name = display_name(&attributes, &known.display_name);
    let person = Person { attributes, display_name, version: known.version + 1, ..known };
    people::update(tx, &person).await?;
    Ok(person)
}

fn display_name(attributes: &Attributes, otherwise: &str) -> String {
    let text = |name: &str| attributes.get(name).and_then(Value::as_text);
    match (text("displayName"), text("givenName"), text("familyName")) {
        (Some(name), _, _) | (None, Some(name), None) | (None, None, Some(name)) => name.to_owned(),
        (None, Some(given), Some(family)) => format!("{given} {family}"),
        (None, None, None) => otherwise.to_owned(),
    }
}

async fn engage(
    house: &House,
    tx: &mut Tx,
    event: &Event,
    person: &Person,
    now: Timestamp,
) -> Result<Meaning, AppError> {
    let EventKind::EmploymentStarted { kind, first_day, zone, .. } = &event.kind else {
        return Err(AppError::Corrupt("only a start engages".to_owned()));
    };
    match engagements::find_by_key(tx, &event.connection, &event.subject.value).await? {
        None => {
            let engagement = Engagement {
                id: new_id(house.ids.as_ref()),
                person: person.id,
                kind: *kind,
                source: event.connection.clone(),
                key: event.subject.value.clone(),
                zone: zone.clone(),
                first_day: *first_day,
                last_day: None,
                leave: None,
                rescinded: false,
                cut_at: None,
                version: 1,
            };
            engagements::insert(tx, &engagement).await?;
        }
        Some(known) if known.person != person.id => {
            let question = format!("engagement {} belongs to somebody else", known.key);
            return Ok(Meaning::Unclear { candidates: vec![person.id, known.person], question });
        }
        Some(known) => {
            let version = known.version;
            let again = known.clone().restart(*first_day, now);
            // One that is not over is corrected: the source knows the first day better now.
            let mut next = again.unwrap_or_else(|_: BadTransition| Engagement {
                first_day: *first_day,
                version: version + 1,
                ..known
            });
            next.zone = zone.clone();
            next.kind = *kind;
            engagements::update(tx, &next).await?;
        }
    }
    Ok(Meaning::Changed { person: person.id, urgent: false, starts: "employment.started" })
}

async fn end(tx: &mut Tx, event: &Event, person: &Person, now: Timestamp) -> Result<Meaning, AppError> {
    let EventKind::EmploymentEnded { last_day, urgent } = &event.kind else {
        return Err(AppError::Corrupt("only an end ends".to_owned()));
    };
    let known = engagements::find_by_key(tx, &event.connection, &event.subject.value).await?;
    let Some(known) = known.filter(|engagement| engagement.person == person.id) else {
        let question = format!("{} of {} has no engagement to end", event.subject, event.connection);
        return Ok(Meaning::Unclear { candidates: vec![person.id], question });
    };
    let version = known.version;
    let ended = known.end(*last_day).and_then(|ended| if *urgent { ended.cut(now) } else { Ok(ended) });
    let ended = match ended {
        Ok(ended) => Engagement { version: version + 1, ..ended },
        Err(refused) => {
            return Ok(Meaning::Unclear { candidates: vec![person.id], question: refused.to_string() });
        }
    };
    engagements::update(tx, &ended).await?;
    // What ends later is only noted now: the run for the change sets the timer for the end.
    let over = ended.ends_at().is_some_and(|end| end <= now);
    let starts = if over || ended.rescinded { "employment.ended" } else { "person.changed" };
    Ok(Meaning::Changed { person: person.id, urgent: *urgent, starts })
}
