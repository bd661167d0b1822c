//! What would have to be otherwise for somebody to have something: the smallest sets of values that
//! make a condition hold, found by trying them through the evaluator itself.

use std::collections::BTreeSet;

use tenure_model::{IdentityKind, Person, Standing};

use crate::expression::atoms::Atom;
use crate::expression::{Expression, Facts, Verdict};
use crate::limits::{COUNTERFACTUAL_SIZE_MAX, COUNTERFACTUAL_TRIES_MAX, COUNTERFACTUALS_MAX};

/// Values that would have to be so, all of them together.
pub type Needed = Vec<Atom>;

/// The smallest sets that make every condition hold; none if there is no small one.
pub fn smallest(conditions: &[&Expression], facts: &Facts<'_>) -> Vec<Needed> {
    let atoms: Vec<Atom> = conditions
        .iter()
        .flat_map(|condition| condition.atoms())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter(can_be)
        .collect();
    let mut tries = 0;
    for size in 1..=COUNTERFACTUAL_SIZE_MAX.min(atoms.len()) {
        let mut found = Vec::new();
        let mut places: Vec<usize> = (0..size).collect();
        loop {
            tries += 1;
            if tries > COUNTERFACTUAL_TRIES_MAX {
                return found;
            }
            let chosen: Vec<&Atom> = places.iter().filter_map(|place| atoms.get(*place)).collect();
            if of_different_paths(&chosen) && hold(conditions, facts, &chosen) {
                found.push(chosen.into_iter().cloned().collect());
                if found.len() == COUNTERFACTUALS_MAX {
                    return found;
                }
            }
            if !next(&mut places, atoms.len()) {
                break;
            }
        }
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// As a sentence: `person.department were "Finance" and person.grade were 7`.
pub fn in_words(needed: &[Atom]) -> String {
    let parts: Vec<String> = needed.iter().map(|atom| format!("{} were {}", atom.path, atom.says)).collect();
    parts.join(" and ")
}

/// Whether it is something that a source could say.
fn can_be(atom: &Atom) -> bool {
    match atom.path.as_str() {
        "person.kind" => atom.value.as_text().and_then(IdentityKind::from_word).is_some(),
        "person.standing" => atom.value.as_text().and_then(standing).is_some(),
        "person.id" | "person.displayName" | "person.firstDay" | "person.lastDay" => false,
        path => path.starts_with("person."),
    }
}

fn standing(word: &str) -> Option<Standing> {
    match word {
        "planned" => Some(Standing::Planned),
        "active" => Some(Standing::Active),
        "on-leave" => Some(Standing::OnLeave),
        "left" => Some(Standing::Left),
        "none" => Some(Standing::None),
        _ => None,
    }
}

fn of_different_paths(chosen: &[&Atom]) -> bool {
    let paths: BTreeSet<&str> = chosen.iter().map(|atom| atom.path.as_str()).collect();
    paths.len() == chosen.len()
}

fn hold(conditions: &[&Expression], facts: &Facts<'_>, chosen: &[&Atom]) -> bool {
    let mut person: Person = facts.person.clone();
    let mut supposed = facts.standing;
    for atom in chosen {
        match atom.path.as_str() {
            "person.kind" => {
                if let Some(kind) = atom.value.as_text().and_then(IdentityKind::from_word) {
                    person.kind = kind;
                }
            }
            "person.standing" => supposed = atom.value.as_text().and_then(standing).unwrap_or(supposed),
            path => {
                let name = path.strip_prefix("person.").unwrap_or(path);
                person.attributes.insert(name.to_owned(), atom.value.clone());
            }
        }
    }
    let supposed = Facts { person: &person, standing: supposed, ..*facts };
    conditions.iter().all(|condition| condition.verdict(&supposed) == Verdict::Holds)
}

/// The next choice of as many out of `count`, in order. False after the last.
fn next(places: &mut [usize], count: usize) -> bool {
    let size = places.len();
    for turn in (0..size).rev() {
        let most = count - size + turn;
        if places.get(turn).is_some_and(|place| *place < most) {
            let first = places.get(turn).copied().unwrap_or(0) + 1;
            for (more, place) in places.iter_mut().skip(turn).enumerate() {
                *place = first + more;
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn needed(condition: &str, attributes: &[(&str, &str)]) -> Vec<String> {
        let person = Person {
            id: "person_00000000000000000000000000".parse().unwrap(),
            kind: IdentityKind::Employee,
            display_name: "Ada".into(),
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
            sponsor: None,
            version: 1,
            since: Timestamp::UNIX_EPOCH,
        };
        let facts = Facts { person: &person, engagement: None, standing: Standing::Active, now: Timestamp::UNIX_EPOCH };
        let condition: Expression = condition.parse().unwrap();
        smallest(&[&condition], &facts).iter().map(|needed| in_words(needed)).collect()
    }

    #[test]
    fn the_smallest_change_is_named() {
        let sales = [("department", "Sales"), ("site", "Paris")];
        assert_eq!(
            needed(r#"person.kind == "employee" && person.department == "Finance""#, &sales),
            [r#"person.department were "Finance""#]
        );
        assert_eq!(
            needed(r#"person.department == "Finance" && person.site == "Rome""#, &sales),
            [r#"person.department were "Finance" and person.site were "Rome""#]
        );
        assert_eq!(
            needed(r#"person.department in ["Finance", "Treasury"]"#, &sales),
            [r#"person.department were "Finance""#, r#"person.department were "Treasury""#]
        );
        assert_eq!(needed(r#"person.site != "Paris""#, &sales), [r#"person.site were anything but "Paris""#]);
        assert_eq!(needed("person.grade > 6", &sales), ["person.grade were 7"]);
    }

    #[test]
    fn a_condition_that_nothing_can_fulfil_names_nothing() {
        let none: [&str; 0] = [];
        assert_eq!(needed(r#"person.a == "x" && person.a == "y""#, &[]), none);
    }
}
