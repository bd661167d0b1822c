//! Of whom does an event speak?
//!
//! One person, nobody known, or a doubt that a human must resolve. A doubt is never guessed away:
//! the wrong person's access ending is worse than a question.

use std::collections::BTreeSet;

use serde::Serialize;
use tenure_model::{Engagement, Person, PersonId, PersonKey, Value};

/// Somebody whom the event might speak of.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Who.
    pub person: &'a Person,
    /// Their engagements from the source of the event.
    pub engagements: &'a [Engagement],
}

/// Of whom an event speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "match", rename_all = "kebab-case")]
pub enum Match {
    /// This one.
    One {
        /// Who.
        person: PersonId,
    },
    /// Nobody who is known.
    None,
    /// A human must say.
    Doubt {
        /// Who it might be; empty if the key itself is useless.
        candidates: Vec<PersonId>,
        /// Why it is not clear, as a sentence.
        why: String,
    },
}

/// Of whom the key speaks, among these candidates. The key counts if it equals, letter by letter,
/// the attribute of a person or the key of an engagement; what is equal only after folding case
/// and spaces is a doubt.
pub fn match_person(subject: &PersonKey, candidates: &[Candidate<'_>]) -> Match {
    if subject.value.trim().is_empty() {
        let why = format!("the event names nobody: its {} is empty", subject.attribute);
        return Match::Doubt { candidates: Vec::new(), why };
    }
    let exact = found(candidates, |value| value == subject.value, subject);
    let alike = found(candidates, |value| folded(value) == folded(&subject.value), subject);
    let mut exact_ids = exact.iter();
    match (exact_ids.next(), exact_ids.next()) {
        (Some(person), None) if alike.len() == 1 => Match::One { person: *person },
        (Some(_), None) => doubt(&alike, format!("{subject} is written alike for {} people", alike.len())),
        (Some(_), Some(_)) => doubt(&exact, format!("{} people have {subject}", exact.len())),
        (None, _) if alike.is_empty() => Match::None,
        (None, _) => doubt(&alike, format!("nobody has {subject}, but somebody's is written alike")),
    }
}

fn doubt(people: &BTreeSet<PersonId>, why: String) -> Match {
    Match::Doubt { candidates: people.iter().copied().collect(), why }
}

fn found(candidates: &[Candidate<'_>], fits: impl Fn(&str) -> bool, subject: &PersonKey) -> BTreeSet<PersonId> {
    candidates
        .iter()
        .filter(|candidate| {
            let attribute = candidate.person.attributes.get(&subject.attribute);
            attribute.is_some_and(|value| says(value, &fits))
                || candidate.engagements.iter().any(|engagement| fits(&engagement.key))
        })
        .map(|candidate| candidate.person.id)
        .collect()
}

fn says(value: &Value, fits: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Text(text) => fits(text),
        Value::Number(number) => fits(&number.to_string()),
        Value::List(items) => items.iter().any(|item| says(item, fits)),
        Value::Flag(_) | Value::Date(_) | Value::Instant(_) | Value::Cleared => false,
    }
}

fn folded(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use tenure_model::{IdentityKind, SeededIds, new_id};

    fn people(numbers: &[&str]) -> Vec<Person> {
        let ids = SeededIds::new(1);
        let person = |number: &&str| Person {
            id: new_id(&ids),
            kind: IdentityKind::Employee,
            display_name: (*number).into(),
            attributes: [("employeeId".to_owned(), Value::from(*number))].into(),
            sponsor: None,
            version: 1,
            since: Timestamp::UNIX_EPOCH,
        };
        numbers.iter().map(person).collect()
    }

    fn ask(value: &str, numbers: &[&str]) -> (Match, Vec<Person>) {
        let people = people(numbers);
        let candidates: Vec<Candidate<'_>> =
            people.iter().map(|person| Candidate { person, engagements: &[] }).collect();
        let subject = PersonKey { attribute: "employeeId".into(), value: value.into() };
        (match_person(&subject, &candidates), people)
    }

    #[test]
    fn exactly_one_is_a_match() {
        let (found, people) = ask("E1042", &["E1041", "E1042"]);
        assert_eq!(found, Match::One { person: people[1].id });
        assert_eq!(ask("E7", &["E1041"]).0, Match::None);
    }

    #[test]
    fn two_or_nearly_one_is_a_doubt() {
        for (value, numbers, says) in [
            ("E1", ["E1", "E1"], "2 people have employeeId E1"),
            ("E1", ["E1", "e1"], "written alike for 2 people"),
            ("e1 ", ["E1", "E2"], "nobody has employeeId e1 "),
            (" ", ["E1", " "], "its employeeId is empty"),
        ] {
            match ask(value, &numbers).0 {
                Match::Doubt { why, .. } => assert!(why.contains(says), "{why}"),
                other => panic!("{value}: {other:?}"),
            }
        }
    }
}
