//! One key, letter by letter: what holds where no mapping says more.

use std::collections::BTreeSet;

use tenure_model::{PersonId, PersonKey};

use super::{Candidate, Likely, Match, Question, folded, says};

/// Of whom the key speaks, among these candidates. The key counts if it equals, letter by letter,
/// the attribute of a person or the key of an engagement; what is equal only after folding case
/// and spaces is a doubt.
pub fn match_person(subject: &PersonKey, candidates: &[Candidate<'_>]) -> Match {
    if subject.value.trim().is_empty() {
        let why = format!("the event names nobody: its {} is empty", subject.attribute);
        return Match::Doubt { candidates: Vec::new(), why, question: Question::Who };
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
    let candidates = people.iter().copied().map(Likely::of).collect();
    Match::Doubt { candidates, why, question: Question::Who }
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

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use tenure_model::{IdentityKind, Person, SeededIds, Value, new_id};

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
