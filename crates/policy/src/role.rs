//! A role: a named bundle of access, who has it without asking, and who may ask for it.

use serde::{Deserialize, Serialize};
use tenure_model::{ConnectionName, Name};

use crate::day::Day;
use crate::entitlement_pattern::EntitlementPattern;
use crate::expression::Expression;

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// The name of the document.
    pub name: Name,
    /// What to call it on a screen.
    pub title: String,
    /// Who answers for it.
    pub owner: String,
    /// Who has it without asking. None: nobody.
    pub birthright: Option<Birthright>,
    /// Who may ask for it. None: nobody.
    pub requestable: Option<Requestable>,
    /// Roles whose grants are inside it.
    pub includes: Vec<Name>,
    /// What it gives.
    pub grants: Vec<RoleGrant>,
    /// How much harm it can do.
    pub risk: Risk,
    /// How often somebody must look whether its holders still need it, in days.
    pub review_days: Option<u16>,
}

/// Who has a role without asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Birthright {
    /// The condition.
    pub when: Expression,
    /// Who does not have it though the condition holds.
    pub except: Option<Expression>,
    /// The day on which it begins.
    pub from: Day,
    /// The last day on which it is given. After the last day of an engagement only if it says so.
    pub until: Day,
    /// For how many days it is kept after the condition stops to hold. A leaver has no grace.
    pub grace_days: u16,
}

impl Birthright {
    /// For whom this holds, from the first to the last day and no longer.
    pub fn of(when: Expression) -> Self {
        Self { when, except: None, from: Day::FIRST, until: Day::LAST, grace_days: 0 }
    }

    /// The whole condition as one text, exclusions included.
    pub fn condition(&self) -> String {
        match &self.except {
            None => self.when.text().to_owned(),
            Some(except) => format!("({}) && !({except})", self.when),
        }
    }
}

/// On what terms somebody may ask for a role. Whoever takes requests reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Requestable {
    /// The name of the approval that it needs.
    pub approval: String,
    /// For how many days at most.
    pub days_max: Option<u16>,
}

/// How much harm something can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// Little.
    Low,
    /// As most things.
    #[default]
    Medium,
    /// Much.
    High,
    /// The company may not survive it.
    Critical,
}

impl Risk {
    /// Every risk, the lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word for it in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The risk of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|risk| risk.word() == word)
    }
}

/// One thing that a role gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleGrant {
    /// Where.
    pub connection: ConnectionName,
    /// What, by the name that documents use, such as `group/finance` or `group/site-{person.site}`.
    pub entitlement: EntitlementPattern,
    /// Only for those who fit this too.
    pub when: Option<Expression>,
}

/// One thing that is given by holding a role, with the roles that lead to it, the held one first.
#[derive(Debug, Clone)]
pub struct Given<'r> {
    /// What.
    pub grant: &'r RoleGrant,
    /// Through which roles.
    pub through: Vec<&'r Name>,
}

/// Everything that holding a role gives: its own grants and those of every role inside it, each
/// role once. Names that are not there give nothing; a loop ends where it began.
pub fn given<'r>(role: &'r Role, roles: &'r [Role]) -> Vec<Given<'r>> {
    let mut all = Vec::new();
    let mut open: Vec<(&Role, Vec<&Name>)> = vec![(role, vec![&role.name])];
    let mut seen: Vec<&Name> = vec![&role.name];
    while let Some((next, through)) = open.pop() {
        all.extend(next.grants.iter().map(|grant| Given { grant, through: through.clone() }));
        for name in next.includes.iter().rev() {
            if !seen.contains(&name)
                && let Some(inner) = roles.iter().find(|known| known.name == *name)
            {
                seen.push(&inner.name);
                let path = through.iter().copied().chain([&inner.name]).collect();
                open.push((inner, path));
            }
        }
    }
    all
}

/// The first loop of roles inside each other, as the names along it, if there is one.
pub fn inclusion_loop(roles: &[Role]) -> Option<Vec<Name>> {
    let inside = |name: &Name| {
        let found = roles.iter().find(|role| role.name == *name);
        found.map(|role| role.includes.clone()).unwrap_or_default()
    };
    first_loop(roles.iter().map(|role| role.name.clone()), inside)
}

/// The first loop that is reached from these names, as the names along it. The first name comes
/// again at the end.
pub(crate) fn first_loop(names: impl Iterator<Item = Name>, next: impl Fn(&Name) -> Vec<Name>) -> Option<Vec<Name>> {
    let mut done: std::collections::BTreeSet<Name> = [].into();
    for start in names {
        let mut path: Vec<(Name, Vec<Name>)> = vec![(start.clone(), next(&start))];
        while let Some((name, open)) = path.last_mut() {
            let Some(inner) = open.pop() else {
                done.insert(name.clone());
                path.pop();
                continue;
            };
            if let Some(at) = path.iter().position(|(known, _)| *known == inner) {
                let mut names: Vec<Name> = path.iter().skip(at).map(|(known, _)| known.clone()).collect();
                names.push(inner);
                return Some(names);
            }
            if !done.contains(&inner) {
                let further = next(&inner);
                path.push((inner, further));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, includes: &[&str]) -> Role {
        Role {
            name: name.parse().unwrap(),
            title: name.into(),
            owner: "team".into(),
            birthright: None,
            requestable: None,
            includes: includes.iter().map(|inner| inner.parse().unwrap()).collect(),
            grants: vec![RoleGrant {
                connection: "ldap".parse().unwrap(),
                entitlement: format!("group/{name}").parse().unwrap(),
                when: None,
            }],
            risk: Risk::default(),
            review_days: None,
        }
    }

    #[test]
    fn a_role_gives_what_is_inside_it_once_and_says_through_what() {
        let roles = [role("a", &["b", "c"]), role("b", &["d"]), role("c", &["d", "nobody"]), role("d", &[])];
        let found: Vec<String> = given(&roles[0], &roles)
            .iter()
            .map(|given| {
                let path: Vec<&str> = given.through.iter().map(|name| name.as_str()).collect();
                format!("{} {}", given.grant.entitlement, path.join(">"))
            })
            .collect();
        assert_eq!(found, ["group/a a", "group/b a>b", "group/d a>b>d", "group/c a>c"]);
        assert_eq!(inclusion_loop(&roles), None);
    }

    #[test]
    fn a_loop_is_told_with_its_path_and_ends() {
        let roles = [role("x", &["a"]), role("a", &["b"]), role("b", &["c"]), role("c", &["a"])];
        let path: Vec<String> = inclusion_loop(&roles).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(path, ["a", "b", "c", "a"]);
        assert_eq!(given(&roles[1], &roles).len(), 3);
        assert_eq!(inclusion_loop(&[role("s", &["s"])]).unwrap().len(), 2);
    }
}
