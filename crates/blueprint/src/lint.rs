//! What is allowed in documents and still is seldom meant.

use std::collections::{BTreeMap, BTreeSet};

use tenure_model::Name;
use tenure_policy::expression::words::nearest;
use tenure_policy::{Expression, Role, Says, role, rule};

use crate::document::Kind;
use crate::estate::Estate;
use crate::problem::{Code, Problem};

/// Everything that looks like a slip in documents that fit together. Places are those of the
/// documents.
pub fn lint(estate: &Estate) -> Vec<Problem> {
    let mut lint = Lint { estate, found: Vec::new() };
    lint.owners();
    for role in estate.roles.values() {
        lint.role(role);
    }
    lint.rules();
    lint.groups();
    lint.attributes();
    lint.found.sort();
    lint.found
}

struct Lint<'e> {
    estate: &'e Estate,
    found: Vec<Problem>,
}

impl Lint<'_> {
    fn add(&mut self, kind: Kind, name: &Name, code: Code, reason: String, hint: &str) {
        let (file, place) = self.estate.places.get(&(kind, name.clone())).cloned().unwrap_or_default();
        self.found.push(Problem { file, place, code, reason, hint: hint.to_owned() });
    }

    fn owners(&mut self) {
        let unowned: Vec<Name> =
            self.estate.connections.values().filter(|one| one.owner.is_none()).map(|one| one.name.clone()).collect();
        for name in unowned {
            let reason = format!("nobody answers for connection `{name}`");
            self.add(Kind::Connection, &name, Code::Unowned, reason, "add `owner: …` to `metadata`");
        }
    }

    fn role(&mut self, role: &Role) {
        let name = &role.name;
        let all: Vec<Role> = self.estate.roles.values().cloned().collect();
        let included = all.iter().any(|other| other.includes.contains(name));
        if role.birthright.is_none() && role.requestable.is_none() && !included {
            let reason = format!("nobody can come to have role `{name}`");
            let hint = "add `birthright`, `requestable`, or put it into another role";
            self.add(Kind::Role, name, Code::Unreachable, reason, hint);
        }
        if let Some(right) = &role.birthright {
            match right.when.text().trim() {
                "false" => {
                    let reason = format!("the condition of role `{name}` never holds");
                    self.add(Kind::Role, name, Code::Unreachable, reason, "write a condition, or take the role away");
                }
                "true" if right.except.is_none() => {
                    let reason = format!("everybody has role `{name}`, machines and agents too");
                    let hint = "say for whom, such as `person.kind == \"employee\"`";
                    self.add(Kind::Role, name, Code::TooBroad, reason, hint);
                }
                _ => {}
            }
        }
        let mut seen: BTreeSet<(String, String, String)> = BTreeSet::new();
        for given in role::given(role, &all) {
            let condition = given.grant.when.as_ref().map(ToString::to_string).unwrap_or_default();
            let item = (given.grant.connection.to_string(), given.grant.entitlement.to_string(), condition);
            if !seen.insert(item.clone()) {
                let reason = format!("role `{name}` gives {} of {} twice", item.1, item.0);
                self.add(Kind::Role, name, Code::GivenTwice, reason, "leave one of them out");
            }
        }
    }

    fn rules(&mut self) {
        let roles: Vec<Role> = self.estate.roles.values().cloned().collect();
        let rules: Vec<_> = self.estate.constraints.values().cloned().collect();
        for one in &rules {
            let Says::Conflict { never } = &one.says else { continue };
            let held_by = |role: &&Role| never.iter().filter(|holding| rule::holds(role, holding, &roles)).count() == 1;
            let mut conditions: BTreeMap<String, &Role> = BTreeMap::new();
            for role in roles.iter().filter(held_by) {
                let Some(right) = &role.birthright else { continue };
                if let Some(other) = conditions.insert(right.condition(), role)
                    && !same_side(other, role, never, &roles)
                {
                    let reason = format!(
                        "rule `{}` says never both, and roles `{}` and `{}` are given to the same people",
                        one.name, other.name, role.name
                    );
                    let hint = "change one of the conditions; as it is, the rule stops both for everybody";
                    self.add(Kind::Rule, &one.name, Code::Contradiction, reason, hint);
                }
            }
        }
    }

    fn groups(&mut self) {
        let asked: BTreeSet<String> =
            self.expressions().iter().flat_map(|(_, _, one)| one.groups().iter().cloned()).collect();
        let all = self
            .expressions()
            .iter()
            .any(|(_, _, one)| one.groups().is_empty() && one.paths().contains("person.groups"));
        let idle: Vec<Name> =
            self.estate.groups.keys().filter(|name| !all && !asked.contains(name.as_str())).cloned().collect();
        for name in idle {
            let reason = format!("nobody asks for group `{name}`");
            self.add(Kind::Group, &name, Code::Unreachable, reason, "use it by `inGroup(…)`, or take it away");
        }
    }

    /// An attribute that is read in one place only and is spelt almost like one that is read often.
    fn attributes(&mut self) {
        let mut read: BTreeMap<String, Vec<(Kind, Name)>> = BTreeMap::new();
        for (kind, name, expression) in self.expressions() {
            for path in expression.paths() {
                read.entry(path.clone()).or_default().push((kind, name.clone()));
            }
        }
        let usual: Vec<&str> =
            read.iter().filter(|(_, places)| places.len() > 1).map(|(path, _)| path.as_str()).collect();
        let known =
            ["person.firstDay", "person.lastDay", "person.kind", "person.id", "person.standing", "person.displayName"];
        let slips: Vec<(Kind, Name, String, String)> = read
            .iter()
            .filter(|(path, places)| places.len() == 1 && !known.contains(&path.as_str()))
            .filter_map(|(path, places)| {
                let near = nearest(path, usual.iter().copied().chain(known)).filter(|near| is_slip(path, near))?;
                let (kind, name) = places.first()?;
                Some((*kind, name.clone(), path.clone(), near.to_owned()))
            })
            .collect();
        for (kind, name, path, near) in slips {
            let reason = format!("only {} `{name}` reads `{path}`", kind.word().to_lowercase());
            self.add(kind, &name, Code::Misspelt, reason, &format!("did you mean `{near}`?"));
        }
    }

    /// Every condition and mapping, with the document that it stands in.
    fn expressions(&self) -> Vec<(Kind, Name, Expression)> {
        let mut all = Vec::new();
        for role in self.estate.roles.values() {
            let right = role.birthright.iter().flat_map(|right| std::iter::once(&right.when).chain(&right.except));
            let grants = role.grants.iter().flat_map(|grant| grant.when.iter().chain(grant.entitlement.expressions()));
            all.extend(right.chain(grants).map(|one| (Kind::Role, role.name.clone(), one.clone())));
        }
        for group in self.estate.groups.values() {
            let conditions = std::iter::once(&group.when).chain(&group.except);
            all.extend(conditions.map(|one| (Kind::Group, group.name.clone(), one.clone())));
        }
        for connection in self.estate.connections.values() {
            let values = connection.account.set.values().map(|fill| &fill.value);
            all.extend(values.map(|one| (Kind::Connection, connection.name.clone(), one.clone())));
        }
        all
    }
}

/// Whether two roles hold the same one of the things that must not come together.
fn same_side(left: &Role, right: &Role, never: &[tenure_policy::Holding], roles: &[Role]) -> bool {
    never.iter().any(|one| rule::holds(left, one, roles) && rule::holds(right, one, roles))
}

/// Whether two words are so alike that one is more likely a slip than another word: of the same
/// length within one, and with the same first letter.
fn is_slip(path: &str, near: &str) -> bool {
    let tail = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    let (left, right) = (tail(path), tail(near));
    left.len() >= 4 && left.len().abs_diff(right.len()) <= 1 && left.chars().next() == right.chars().next()
}
