//! What would have to be otherwise for somebody to have something: the smallest sets of values that
//! make a condition hold, found by trying them through the evaluator itself.

use std::collections::BTreeSet;

use tenure_model::{IdentityKind, Name, Person, Standing};

use crate::expression::atoms::Atom;
use crate::expression::{Expression, Facts, Verdict};
use crate::group::{GROUPS, Group, Memberships, both};
use crate::limits::{COUNTERFACTUAL_SIZE_MAX, COUNTERFACTUAL_TRIES_MAX, COUNTERFACTUALS_MAX};

/// Values that would have to be so, all of them together.
pub type Needed = Vec<Atom>;

/// What is asked of somebody before they have something.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The condition.
    pub when: &'a Expression,
    /// Who does not have it though the condition holds.
    pub except: Option<&'a Expression>,
    /// Only for those who fit this too.
    pub also: Option<&'a Expression>,
    /// The groups that conditions can ask for.
    pub groups: &'a [Group],
}

impl Asked<'_> {
    /// Each part, what it is in words, and what it comes to.
    pub fn verdicts(&self, facts: &Facts<'_>) -> Vec<(String, Verdict)> {
        let memberships = Memberships::of(&self.groups_asked(), facts);
        let person = memberships.told(facts.person);
        let facts = Facts { person: &person, ..*facts };
        let mut found = vec![(self.when.to_string(), memberships.verdict(self.when, &facts))];
        found.extend(self.also.map(|also| (also.to_string(), memberships.verdict(also, &facts))));
        found.extend(self.except.map(|except| {
            let verdict = match memberships.verdict(except, &facts) {
                Verdict::Holds => Verdict::Fails,
                Verdict::Fails => Verdict::Holds,
                open @ (Verdict::NotKnown { .. } | Verdict::Broken { .. }) => open,
            };
            (format!("!({except})"), verdict)
        }));
        found
    }

    /// The smallest sets of values with which they would have it; none if there is no small one.
    pub fn smallest(&self, facts: &Facts<'_>) -> Vec<Needed> {
        let groups = self.groups_asked();
        let atoms: Vec<Atom> = self.atoms(&groups).into_iter().filter(can_be).collect();
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
                if of_different_paths(&chosen) && self.holds(&groups, facts, &chosen) {
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

    fn conditions(&self) -> impl Iterator<Item = &Expression> {
        [Some(self.when), self.except, self.also].into_iter().flatten()
    }

    /// The groups that are asked for, and those that they ask for.
    fn groups_asked(&self) -> Vec<Group> {
        if self.conditions().any(|condition| condition.groups().is_empty() && reads_groups(condition)) {
            return self.groups.to_vec();
        }
        let mut open: Vec<Name> =
            self.conditions().flat_map(Expression::groups).filter_map(|name| name.parse().ok()).collect();
        let mut found: Vec<Group> = Vec::new();
        while let Some(name) = open.pop() {
            let known = self.groups.iter().find(|group| group.name == name);
            if let Some(group) = known.filter(|group| !found.contains(group)) {
                open.extend(group.asks());
                found.push(group.clone());
            }
        }
        found
    }

    fn atoms(&self, groups: &[Group]) -> BTreeSet<Atom> {
        let mut atoms: BTreeSet<Atom> = self.when.atoms(false).into_iter().collect();
        atoms.extend(self.also.iter().flat_map(|also| also.atoms(false)));
        atoms.extend(self.except.iter().flat_map(|except| except.atoms(true)));
        for group in groups {
            // An exclusion may ask for it, so both ways count.
            for (condition, negated) in [(Some(&group.when), false), (group.except.as_ref(), true)] {
                let both =
                    condition.into_iter().flat_map(|condition| [condition.atoms(negated), condition.atoms(!negated)]);
                atoms.extend(both.flatten());
            }
        }
        atoms
    }

    fn holds(&self, groups: &[Group], facts: &Facts<'_>, chosen: &[&Atom]) -> bool {
        let (person, standing) = supposed(facts, chosen);
        let facts = Facts { person: &person, standing, ..*facts };
        let memberships = Memberships::of(groups, &facts);
        let person = memberships.told(&person);
        let facts = Facts { person: &person, ..facts };
        both(&memberships, self.when, self.except, &facts) == Verdict::Holds
            && self.also.is_none_or(|also| memberships.verdict(also, &facts) == Verdict::Holds)
    }
}

fn reads_groups(condition: &Expression) -> bool {
    condition.paths().contains(&format!("person.{GROUPS}"))
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
        "person.id" | "person.displayName" | "person.firstDay" | "person.lastDay" | "person.groups" => false,
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

/// The person and the standing, were it so.
fn supposed(facts: &Facts<'_>, chosen: &[&Atom]) -> (Person, Standing) {
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
    (person, supposed)
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

    fn asked(when: &str, except: Option<&str>, groups: &[Group], attributes: &[(&str, &str)]) -> Vec<String> {
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
        let (when, except): (Expression, Option<Expression>) =
            (when.parse().unwrap(), except.map(|except| except.parse().unwrap()));
        let asked = Asked { when: &when, except: except.as_ref(), also: None, groups };
        asked.smallest(&facts).iter().map(|needed| in_words(needed)).collect()
    }

    fn needed(condition: &str, attributes: &[(&str, &str)]) -> Vec<String> {
        asked(condition, None, &[], attributes)
    }

    #[test]
    fn what_keeps_somebody_out_is_named_too() {
        let (paris, lyon) = ([("site", "Paris"), ("department", "Sales")], [("site", "Lyon"), ("department", "Sales")]);
        let everybody = r#"person.kind == "employee""#;
        let except = Some(r#"person.site == "Paris""#);
        assert_eq!(asked(everybody, except, &[], &paris), [r#"person.site were anything but "Paris""#]);
        let group = Group {
            name: "finance".parse().unwrap(),
            title: "Finance".into(),
            owner: "cfo".into(),
            when: r#"person.department == "Finance""#.parse().unwrap(),
            except: None,
        };
        let asks = r#"inGroup("finance")"#;
        let wanted = [r#"person.department were "Finance""#];
        assert_eq!(asked(asks, None, std::slice::from_ref(&group), &lyon), wanted);
        let here = [("department", "Finance")];
        let out = asked(everybody, Some(asks), std::slice::from_ref(&group), &here);
        assert_eq!(out, [r#"person.department were anything but "Finance""#]);
        assert_eq!(asked(asks, None, &[], &lyon), Vec::<String>::new());
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
