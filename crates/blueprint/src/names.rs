//! What documents say of each other: every name leads somewhere, no road leads back to where it
//! began, and no two of them forbid what they both want.

use std::collections::{BTreeMap, BTreeSet};

use tenure_model::Name;
use tenure_policy::expression::words::nearest;
use tenure_policy::{Expression, Holding, group, role, rule};

use crate::document::Kind;
use crate::estate::Estate;
use crate::fields::Notes;
use crate::group::PlacedGroup;
use crate::problem::{Code, Place, Problem};
use crate::role::PlacedRole;
use crate::rule::PlacedRule;

/// Documents that name others, each with its file.
#[derive(Debug, Default)]
pub(crate) struct Naming {
    pub(crate) roles: Vec<(String, PlacedRole)>,
    pub(crate) rules: Vec<(String, PlacedRule)>,
    pub(crate) groups: Vec<(String, PlacedGroup)>,
}

/// Every name that was seen, even of a document that is otherwise wrong.
pub(crate) type Seen = BTreeMap<(Kind, Name), (String, Place)>;

/// What is asked of the documents.
pub(crate) struct Asking<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) seen: &'a Seen,
    pub(crate) problems: &'a mut Vec<Problem>,
}

impl Asking<'_> {
    /// Asks everything.
    pub(crate) fn all(mut self, naming: &Naming) {
        for (file, placed) in &naming.roles {
            self.role(file, placed);
        }
        for (file, placed) in &naming.rules {
            for (holding, place) in &placed.names {
                self.holding(file, holding, *place);
            }
        }
        for (file, placed) in &naming.groups {
            let conditions = std::iter::once(&placed.group.when).chain(&placed.group.except);
            self.asked_groups(file, placed.place, conditions);
        }
        self.loops(naming);
        self.contradictions(naming);
    }

    fn note(&mut self, file: &str, place: Place, code: Code, reason: String, hint: String) {
        Notes { file, problems: self.problems }.add(place, code, reason, hint);
    }

    fn role(&mut self, file: &str, placed: &PlacedRole) {
        for (name, place) in placed.role.includes.iter().zip(&placed.includes) {
            self.document(file, *place, Kind::Role, name);
        }
        for (grant, place) in placed.role.grants.iter().zip(&placed.grants) {
            let plain = grant.entitlement.plain();
            self.connection(file, *place, &grant.connection, plain, |known| grant.entitlement.could_be(known));
            self.asked_groups(file, *place, grant.when.iter().chain(grant.entitlement.expressions()));
        }
        let birthright = placed.role.birthright.iter();
        let conditions = birthright.flat_map(|right| std::iter::once(&right.when).chain(&right.except));
        self.asked_groups(file, placed.place, conditions);
    }

    fn holding(&mut self, file: &str, holding: &Holding, place: Place) {
        match holding {
            Holding::Role(name) => self.document(file, place, Kind::Role, name),
            Holding::Entitlement { connection, entitlement } => {
                self.connection(file, place, connection, Some(entitlement), |known| known == entitlement);
            }
        }
    }

    /// Every group that a condition asks for must be there.
    fn asked_groups<'e>(&mut self, file: &str, place: Place, conditions: impl Iterator<Item = &'e Expression>) {
        let names: BTreeSet<&String> = conditions.flat_map(Expression::groups).collect();
        for name in names {
            match name.parse::<Name>() {
                Ok(name) => self.document(file, place, Kind::Group, &name),
                Err(error) => {
                    let hint = "name a document of kind Group".to_owned();
                    self.note(file, place, Code::NamesNothing, error.to_string(), hint);
                }
            }
        }
    }

    fn document(&mut self, file: &str, place: Place, kind: Kind, name: &Name) {
        if self.seen.contains_key(&(kind, name.clone())) {
            return;
        }
        let known = self.seen.keys().filter(|(other, _)| *other == kind).map(|(_, known)| known.as_str());
        let hint = match nearest(name.as_str(), known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add a document of kind {} with this name", kind.word()),
        };
        let reason = format!("there is no {} `{name}`", kind.word().to_lowercase());
        self.note(file, place, Code::NamesNothing, reason, hint);
    }

    /// A connection must be there, take accounts, and have what is named of it.
    fn connection(&mut self, file: &str, place: Place, name: &Name, plain: Option<&str>, fits: impl Fn(&str) -> bool) {
        let Some(connection) = self.estate.connections.get(name) else {
            // A connection that is there but wrong was noted where it stands.
            return self.document(file, place, Kind::Connection, name);
        };
        if !connection.direction.takes_accounts() {
            let reason = format!("connection `{name}` is a source and takes no accounts");
            let hint = "write `direction: both` there, or name a target".to_owned();
            self.note(file, place, Code::NamesNothing, reason, hint);
        } else if !connection.entitlements.keys().any(|known| fits(known)) {
            let (reason, hint) = match plain.map(|wrong| (wrong, connection.entitlements.keys())) {
                Some((wrong, known)) => {
                    let hint = match nearest(wrong, known.map(String::as_str)) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("add it to `entitlements` of connection `{name}`"),
                    };
                    (format!("connection `{name}` has no entitlement `{wrong}`"), hint)
                }
                None => (
                    format!("connection `{name}` has no entitlement of such a name"),
                    format!("add what it can come to, to `entitlements` of connection `{name}`"),
                ),
            };
            self.note(file, place, Code::NamesNothing, reason, hint);
        }
    }

    fn loops(&mut self, naming: &Naming) {
        let roles: Vec<_> = naming.roles.iter().map(|(_, placed)| placed.role.clone()).collect();
        if let Some(path) = role::inclusion_loop(&roles) {
            let at = naming.roles.iter().find(|(_, placed)| Some(&placed.role.name) == path.first());
            let hint = "take one of them out of `includes`".to_owned();
            self.a_loop("roles stand inside each other", &path, at.map(|(file, placed)| (file, placed.place)), hint);
        }
        let groups: Vec<_> = naming.groups.iter().map(|(_, placed)| placed.group.clone()).collect();
        if let Some(path) = group::asking_loop(&groups) {
            let at = naming.groups.iter().find(|(_, placed)| Some(&placed.group.name) == path.first());
            let hint = "let one of them ask for facts instead".to_owned();
            self.a_loop("groups ask for each other", &path, at.map(|(file, placed)| (file, placed.place)), hint);
        }
    }

    fn a_loop(&mut self, what: &str, path: &[Name], at: Option<(&String, Place)>, hint: String) {
        let path: Vec<&str> = path.iter().map(Name::as_str).collect();
        if let Some((file, place)) = at {
            self.note(file, place, Code::Loop, format!("{what}: {}", path.join(" → ")), hint);
        }
    }

    fn contradictions(&mut self, naming: &Naming) {
        let rules: Vec<_> = naming.rules.iter().map(|(_, placed)| placed.rule.clone()).collect();
        let roles: Vec<_> = naming.roles.iter().map(|(_, placed)| placed.role.clone()).collect();
        for (file, placed) in &naming.rules {
            if let Some(why) = rule::contradiction(&placed.rule, &rules, &roles) {
                let reason = format!("rule `{}` contradicts: {why}", placed.rule.name);
                let hint = "change the rule or the role; as they stand, one of them can never be kept".to_owned();
                self.note(file, placed.place, Code::Contradiction, reason, hint);
            }
        }
    }
}
