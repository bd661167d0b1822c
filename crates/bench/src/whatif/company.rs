//! A company of any size with rules, the same for the same seed. Everybody can be made again by
//! number, so that nobody has to be kept.

use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::date;
use tenure_model::{
    Attributes, ConnectionName, Engagement, Id as _, IdentityKind, Leave, Name, Person, PersonId, Value,
};
use tenure_policy::columns::EntitlementName;
use tenure_policy::day::{Day, Edge};
use tenure_policy::plan::{Besides, PersonFacts};
use tenure_policy::role::{Birthright, Risk, Role, RoleGrant};
use uuid::Uuid;

use crate::trouble::{Because as _, Trouble};

const COUNTRIES: u64 = 30;
const OFFICES: u64 = 120;
const DEPARTMENTS: u64 = 300;
const TEAMS: u64 = 2_000;
const TITLES: u64 = 800;
const COST_CENTRES: u64 = 600;
const TYPES: [&str; 5] = ["FTE", "part-time", "intern", "contractor", "vendor"];
const GROUPS: [&str; 8] = ["git", "mail", "vpn", "admins", "oncall", "finance-close", "works-council", "travel"];
const ZONES: [&str; 4] = ["Europe/Paris", "America/New_York", "Asia/Tokyo", "Australia/Melbourne"];

/// The moment of every measurement.
pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_796_040_000).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A company.
#[derive(Debug, Clone, Copy)]
pub(super) struct Company {
    pub(super) seed: u64,
    pub(super) entitlements: usize,
}

/// Chance, from a seed and what it is for.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn of(seed: u64, what: u64, number: u64) -> Self {
        Self(seed ^ what.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }

    pub(super) fn place(&mut self, most: usize) -> usize {
        usize::try_from(self.below(most as u64)).unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.get(self.place(of.len())).copied()
    }

    fn word(&mut self, of: &[&str]) -> String {
        self.pick(of).unwrap_or_default().to_owned()
    }
}

impl Company {
    /// Somebody by number; `department` is the number of another department, if they moved.
    pub(super) fn person(self, number: u64, department: Option<u64>) -> PersonFacts {
        let mut chance = Chance::of(self.seed, 1, number);
        let team = chance.below(TEAMS);
        let department = department.unwrap_or(team % DEPARTMENTS);
        let office = chance.below(OFFICES);
        let mut attributes = Attributes::new();
        let mut put = |name: &str, value: Value| attributes.insert(name.to_owned(), value);
        put("department", format!("department {department}").into());
        put("team", format!("team {team}").into());
        put("office", format!("office {office}").into());
        put("country", format!("country {}", office % COUNTRIES).into());
        put("jobTitle", format!("title {}", chance.below(TITLES)).into());
        put("costCentre", format!("{}", 1_000 + (team + chance.below(3)) % COST_CENTRES).into());
        put("employeeType", chance.word(&TYPES).into());
        put("grade", Value::Number(i64::try_from(1 + chance.below(15)).unwrap_or(1)));
        put("usesGit", Value::Flag(chance.below(3) == 0));
        put("groups", Value::List(GROUPS.iter().filter(|_| chance.below(4) == 0).map(|name| (*name).into()).collect()));
        let hired = date(2006, 1, 1).saturating_add(i64::try_from(chance.below(7_600)).unwrap_or(0).days());
        put("hireDate", Value::Date(hired));
        if chance.below(4) > 0 {
            put("risk", Value::Number(i64::try_from(chance.below(100)).unwrap_or(0)));
        }
        let id = PersonId::from_uuid(Uuid::from_u128(u128::from(number) + (7_u128 << 76)));
        let person = Person {
            id,
            kind: IdentityKind::Employee,
            display_name: format!("Person {number}"),
            attributes,
            sponsor: None,
            version: 1,
            since: now(),
        };
        let engagements = engagement(id, number, &mut chance).into_iter().collect();
        PersonFacts {
            person,
            engagements,
            urgent: [].into(),
            accounts: Vec::new(),
            grants: Vec::new(),
            besides: Besides::default(),
        }
    }

    /// A rule by number, in one of its versions.
    pub(super) fn rule(self, number: u64, version: u64) -> Result<Role, Trouble> {
        let mut chance = Chance::of(self.seed, 2 + version, number);
        let condition = condition(&mut chance);
        let when = condition.parse().because(|| format!("a rule of ours cannot be read: {condition}"))?;
        // What a rule gives mostly stays when its condition is edited.
        let mut gives = Chance::of(self.seed, 1_000_000, number);
        let mut grants = Vec::new();
        for _ in 0..=gives.below(5) {
            grants.push(grant(Self::entitlement(gives.place(self.entitlements))?)?);
        }
        if chance.below(4) == 0 {
            grants.push(grant(Self::entitlement(chance.place(self.entitlements))?)?);
        }
        let leads = [0, 0, 7, 14];
        Ok(Role {
            name: name(&format!("rule-{number}"))?,
            title: format!("Rule {number}"),
            owner: "measured".to_owned(),
            birthright: Some(Birthright {
                from: Day { edge: Edge::FirstDay, days: -chance.pick(&leads).unwrap_or(0) },
                ..Birthright::of(when)
            }),
            requestable: None,
            includes: Vec::new(),
            grants,
            risk: Risk::default(),
            review_days: None,
        })
    }

    /// An entitlement by number.
    pub(super) fn entitlement(number: usize) -> Result<EntitlementName, Trouble> {
        let connection: ConnectionName = name(&format!("system-{}", number % 20))?;
        Ok(EntitlementName { connection, entitlement: format!("group/{number}") })
    }

    /// A department that a reorganisation moves people to.
    pub(super) fn other_department(self, number: u64) -> u64 {
        Chance::of(self.seed, 3, number).below(DEPARTMENTS)
    }
}

fn name(text: &str) -> Result<Name, Trouble> {
    text.parse().because(|| format!("`{text}` is no name"))
}

fn grant(name: EntitlementName) -> Result<RoleGrant, Trouble> {
    let entitlement = name.entitlement.parse().because(|| format!("`{}` is no name", name.entitlement))?;
    Ok(RoleGrant { connection: name.connection, entitlement, when: None })
}

/// Most are here, some left, some come, some are away, and of a few no engagement is known.
fn engagement(person: PersonId, number: u64, chance: &mut Chance) -> Option<Engagement> {
    let zone = chance.word(&ZONES).parse().ok()?;
    let day =
        |chance: &mut Chance| date(2026, 11, 20).saturating_add(i64::try_from(chance.below(40)).unwrap_or(0).days());
    let (first_day, last_day, leave) = match chance.below(100) {
        0 => return None,
        1..=4 => (date(2015, 1, 1), Some(date(2026, 5, 31)), None),
        5..=6 => (day(chance), None, None),
        7..=9 => (date(2015, 1, 1), Some(day(chance)), None),
        10..=11 => (date(2015, 1, 1), None, Some(Leave { from: date(2026, 10, 1), until: Some(day(chance)) })),
        _ => (date(2015, 1, 1), None, None),
    };
    Some(Engagement {
        id: tenure_model::EngagementId::from_uuid(Uuid::from_u128(u128::from(number) + (7_u128 << 76))),
        person,
        kind: IdentityKind::Employee,
        source: "hr".parse().ok()?,
        key: format!("E{number}"),
        spell: 1,
        zone,
        first_day,
        last_day,
        leaves: leave.into_iter().collect(),
        handover: None,
        primary: false,
        rescinded: false,
        cut_at: None,
        version: 1,
    })
}

/// A condition as people write them: a wide part, narrowed by some more, now and then an exception.
fn condition(chance: &mut Chance) -> String {
    let numbers = |chance: &mut Chance, word: &str, of: u64, most: u64| {
        let list: Vec<String> = (0..=chance.below(most)).map(|_| format!("'{word} {}'", chance.below(of))).collect();
        list.join(", ")
    };
    let mut parts = vec![match chance.below(6) {
        0 => format!("person.department in [{}]", numbers(chance, "department", DEPARTMENTS, 40)),
        1 => format!("person.country in [{}]", numbers(chance, "country", COUNTRIES, 8)),
        2 => format!("person.office == 'office {}' || person.grade >= 13", chance.below(OFFICES)),
        3 => format!("person.jobTitle in [{}]", numbers(chance, "title", TITLES, 30)),
        4 => format!("person.team in [{}]", numbers(chance, "team", TEAMS, 100)),
        _ => format!("person.employeeType == '{}'", chance.word(&TYPES)),
    }];
    for _ in 0..chance.below(3) {
        parts.push(match chance.below(9) {
            0 => format!("person.grade >= {}", 1 + chance.below(10)),
            1 => "person.usesGit".to_owned(),
            2 => format!("'{}' in person.groups", chance.word(&GROUPS)),
            3 => format!("person.groups.exists(g, g.startsWith('{}'))", chance.word(&["a", "f", "v", "m"])),
            4 => format!("person.hireDate < '20{}-01-01'", 10 + chance.below(16)),
            5 => format!("person.hireDate <= today() && person.employeeType != '{}'", chance.word(&TYPES)),
            6 => format!("size(person.groups) > {}", chance.below(3)),
            7 => format!("person.costCentre.startsWith('1{}')", chance.below(6)),
            _ => "engagement.state == 'active'".to_owned(),
        });
    }
    if chance.below(3) == 0 {
        parts.push(match chance.below(3) {
            0 => format!("!(person.country == 'country {}')", chance.below(COUNTRIES)),
            1 => "!(person.risk >= 80)".to_owned(),
            _ => format!("(has(person.risk) ? person.risk < 60 : person.grade > {})", chance.below(8)),
        });
    }
    let parts: Vec<String> = parts.iter().map(|part| format!("({part})")).collect();
    parts.join(" && ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_can_be_made_again_and_moved() {
        let company = Company { seed: 7, entitlements: 30 };
        assert_eq!(company.person(5, None), company.person(5, None));
        assert_ne!(company.person(5, None).person.attributes, company.person(6, None).person.attributes);
        let moved = company.person(5, Some(299));
        assert_eq!(moved.person.text("department"), Some("department 299"));
        assert_eq!(moved.person.attributes.len(), company.person(5, None).person.attributes.len());
        assert_eq!(company.rule(3, 0).unwrap(), company.rule(3, 0).unwrap());
        assert_ne!(company.rule(3, 0).unwrap().birthright, company.rule(3, 1).unwrap().birthright);
    }
}
