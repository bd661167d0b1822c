//! A random company and random rules, the same for the same seed: attributes of every kind, some
//! missing, cleared, of two kinds or too large, engagements of every state, conditions that make
//! sense and conditions that do not.

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use tenure_model::{Attributes, Engagement, IdentityKind, Leave, Person, PersonId, SeededIds, Value, new_id};

use super::super::{Edit, of_role};
use crate::day::{Day, Edge};
use crate::limits::TEXT_BYTES_MAX;
use crate::plan::{Besides, PersonFacts, Rules};
use crate::role::{Birthright, Risk, Role, RoleGrant};

pub(super) fn now() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

/// A role that gives one group of its own name.
pub(super) fn role(name: &str, when: &str, lead_days: u16) -> Role {
    let when = when.parse().unwrap_or_else(|bad| panic!("{when}: {bad}"));
    let role = Role {
        name: name.parse().unwrap(),
        title: name.to_owned(),
        owner: "cfo-office".to_owned(),
        birthright: Some(Birthright {
            from: Day { edge: Edge::FirstDay, days: -i16::try_from(lead_days).unwrap() },
            ..Birthright::of(when)
        }),
        requestable: None,
        includes: Vec::new(),
        grants: Vec::new(),
        risk: Risk::default(),
        review_days: None,
    };
    giving(role, &format!("group/{name}"))
}

pub(super) fn giving(role: Role, entitlement: &str) -> Role {
    let grant =
        RoleGrant { connection: "ldap".parse().unwrap(), entitlement: entitlement.parse().unwrap(), when: None };
    Role { grants: vec![grant], ..role }
}

pub(super) struct Company {
    state: u64,
    ids: SeededIds,
}

impl Company {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995, ids: SeededIds::new(seed) }
    }

    fn below(&mut self, most: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 11).unwrap() % most
    }

    fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(super) fn people(&mut self, count: usize) -> Vec<PersonFacts> {
        (0..count).map(|_| self.person()).collect()
    }

    fn person(&mut self) -> PersonFacts {
        let id: PersonId = new_id(&self.ids);
        let person = Person {
            id,
            kind: self.pick(&[
                IdentityKind::Employee,
                IdentityKind::Employee,
                IdentityKind::Contractor,
                IdentityKind::AiAgent,
            ]),
            display_name: format!("{} {}", self.pick(&["Ada", "Bo", "Ångström", "Zoë"]), self.below(1_000)),
            attributes: self.attributes(),
            sponsor: None,
            version: 1,
            since: now(),
        };
        let engagements = (0..self.pick(&[0, 1, 1, 1, 2, 3])).map(|_| self.engagement(id)).collect();
        PersonFacts {
            person,
            engagements,
            urgent: [].into(),
            accounts: Vec::new(),
            grants: Vec::new(),
            besides: Besides::default(),
        }
    }

    fn attributes(&mut self) -> Attributes {
        let mut all = Attributes::new();
        let texts = ["Finance", "Sales", "Engineering", "finance", ""];
        let mut put = |name: &str, value: Value| all.insert(name.to_owned(), value);
        put("department", self.pick(&texts).into());
        put("office", self.pick(&["Paris", "Berlin", "Finance", "2026-11-30"]).into());
        put("home", self.pick(&["Paris", "Berlin", "Oslo"]).into());
        put("level", Value::Number(i64::try_from(self.below(6)).unwrap()));
        put("limit", Value::Number(i64::try_from(self.below(6)).unwrap()));
        put("usesGit", Value::Flag(self.one_in(2)));
        put("hired", Value::Date(self.day()));
        put("review", self.day().to_string().into());
        let groups = ["git", "admins", "a*b", "mail"].map(|name| (name, self.one_in(2)));
        put("groups", Value::List(groups.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).into()).collect()));
        put("numbers", Value::List((0..i64::try_from(self.below(40)).unwrap()).map(Value::Number).collect()));
        put("mixed", if self.one_in(2) { "a".into() } else { Value::Number(2) });
        put("kind", "admin".into());
        let names: Vec<String> = all.keys().cloned().collect();
        for name in names {
            if self.one_in(6) {
                all.remove(&name);
            } else if self.one_in(20) {
                all.insert(name, Value::Cleared);
            }
        }
        if self.one_in(15) {
            all.insert("department".to_owned(), "x".repeat(TEXT_BYTES_MAX + 1).into());
        }
        all
    }

    fn day(&mut self) -> Date {
        date(2026, 11, 30).saturating_add((i64::try_from(self.below(24)).unwrap() - 12).days())
    }

    fn engagement(&mut self, person: PersonId) -> Engagement {
        let first_day = if self.one_in(3) { self.day() } else { date(2020, 1, 1) };
        let last_day = self.one_in(3).then(|| self.day());
        let leave = self.one_in(4).then(|| {
            let from = self.day();
            Leave { from, until: self.one_in(2).then(|| from.saturating_add(5.days())) }
        });
        Engagement {
            id: new_id(&self.ids),
            person,
            kind: IdentityKind::Employee,
            source: "hr".parse().unwrap(),
            key: format!("E{}", self.below(100_000)),
            spell: 1,
            zone: self.pick(&["UTC", "Australia/Melbourne", "America/Los_Angeles", "Pacific/Apia"]).parse().unwrap(),
            first_day,
            last_day,
            leaves: leave.into_iter().collect(),
            handover: None,
            primary: false,
            rescinded: self.one_in(15),
            cut_at: self.one_in(12).then(|| now() + (i64::try_from(self.below(96)).unwrap() - 48).hours()),
            version: 1,
        }
    }

    /// A condition of a few parts.
    pub(super) fn condition(&mut self, depth: usize) -> String {
        if depth == 0 || self.one_in(3) {
            return self.atom();
        }
        let (one, other) = (self.condition(depth - 1), self.condition(depth - 1));
        match self.below(6) {
            0 | 1 => format!("({one}) && ({other})"),
            2 | 3 => format!("({one}) || ({other})"),
            4 => format!("!({one})"),
            _ => format!("({one}) ? ({other}) : ({})", self.condition(depth - 1)),
        }
    }

    fn atom(&mut self) -> String {
        self.pick(&[
            "person.department == 'Finance'",
            "person.department != 'Finance'",
            "person.department in ['Sales', 'Engineering']",
            "person.department in ['Sales', 3]",
            "person.office == person.home",
            "person.office < person.home",
            "person.office == '2026-11-30'",
            "person.level >= 3",
            "person.level in [1, 2, 3]",
            "person.level > person.limit",
            "person.level - person.limit > 1",
            "person.usesGit",
            "person.usesGit == false",
            "'git' in person.groups",
            "'a*b' in person.groups",
            "person.groups.exists(g, g.startsWith('a'))",
            "person.groups.all(g, g != 'mail')",
            "size(person.groups) > 1",
            "person.numbers.exists(n, n == 30)",
            "has(person.department)",
            "has(person.groups)",
            "has(person.phone)",
            "person.phone == '1'",
            "person.hired <= today()",
            "person.hired < '2026-11-25'",
            "person.hired == '2026-11-28'",
            "person.hired > person.review",
            "person.review >= today()",
            "person.review < '2026'",
            "engagement.lastDay > today()",
            "has(engagement.lastDay)",
            "engagement.firstDay <= '2026-01-01'",
            "engagement.state == 'active'",
            "engagement.zone == 'UTC'",
            "person.kind == 'employee'",
            "person.kind in ['contractor', 'ai-agent']",
            "person.standing == 'active'",
            "person.firstDay > '2026-11-01'",
            "lower(person.department) == 'finance'",
            "person.department.startsWith('F')",
            "person.department.endsWith('e')",
            "person.department.contains('in')",
            "person.displayName.startsWith('Å')",
            "today() > '2026-11-30'",
            "true",
            "false",
            "person.level",
            "person.level == 'x'",
            "person.department > 3",
            "'x' in person.department",
            "person.mixed == 'a'",
            "person.mixed >= 2",
            "!person.mixed",
            "person.department + '/' + person.office == 'Finance/Paris'",
        ])
        .to_owned()
    }

    pub(super) fn rules(&mut self, count: usize) -> Rules {
        Rules { roles: (0..count).map(|number| self.role(number)).collect(), ..Rules::default() }
    }

    fn role(&mut self, number: usize) -> Role {
        let condition = self.condition(3);
        let lead = self.pick(&[0, 0, 3, 14]);
        let mut role = role(&format!("role-{number}"), &condition, lead);
        if self.one_in(3) {
            let shared = format!("shared/{}", self.below(4));
            let when = self.one_in(2).then(|| self.condition(1).parse().unwrap());
            role.grants.push(RoleGrant {
                connection: "app".parse().unwrap(),
                entitlement: shared.parse().unwrap(),
                when,
            });
        }
        role
    }

    /// Changes, adds or takes away a role or two.
    pub(super) fn edit(&mut self, rules: &mut Rules) -> Edit {
        let mut edit = Edit::new();
        for _ in 0..=self.below(2) {
            let number = self.below(rules.roles.len() + 1);
            let role = self.role(number);
            edit.insert(role.name.clone(), of_role(&role));
            rules.roles.retain(|known| known.name != role.name);
            if self.one_in(5) {
                edit.insert(role.name, Vec::new());
            } else {
                rules.roles.push(role);
            }
        }
        edit
    }

    /// Changes some people, adds some and takes some away. Gives who is new or changed, and who is gone.
    pub(super) fn change(&mut self, people: &mut Vec<PersonFacts>) -> (Vec<PersonFacts>, Vec<PersonId>) {
        let mut changed = Vec::new();
        for _ in 0..8 {
            let place = self.below(people.len());
            let other = self.person();
            let facts = &mut people[place];
            if changed.iter().any(|known: &PersonFacts| known.person.id == facts.person.id) {
                continue;
            }
            facts.person.attributes = other.person.attributes;
            facts.engagements = other.engagements;
            changed.push(facts.clone());
        }
        let gone: Vec<PersonId> = people
            .iter()
            .map(|facts| facts.person.id)
            .filter(|id| !changed.iter().any(|known| known.person.id == *id))
            .take(3)
            .collect();
        people.retain(|facts| !gone.contains(&facts.person.id));
        let new = self.people(3);
        people.extend(new.iter().cloned());
        changed.extend(new);
        (changed, gone)
    }
}
