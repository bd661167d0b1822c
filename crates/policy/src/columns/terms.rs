//! Rules in the form in which the columns take them: who, from when, and what.

use std::collections::BTreeMap;
use std::fmt;

use tenure_model::{ConnectionName, Name};

use crate::day::{Day, Edge};
use crate::expression::Expression;
use crate::group::Group;
use crate::plan::Rules;
use crate::role::{Birthright, Role, given};

/// An entitlement as documents name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntitlementName {
    /// Where.
    pub connection: ConnectionName,
    /// What, such as `group/finance`.
    pub entitlement: String,
}

impl fmt::Display for EntitlementName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.connection, self.entitlement)
    }
}

/// That whoever fits gets something without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// By which role.
    pub role: Name,
    /// Who answers for it.
    pub owner: String,
    /// How many days before the first day it begins.
    pub lead_days: u16,
    /// Conditions that all hold.
    pub when: Vec<Expression>,
    /// What is given.
    pub gives: Vec<EntitlementName>,
    /// Why it cannot be asked of everybody at once, if it cannot.
    pub beyond: Option<&'static str>,
}

/// The terms of every role that gives something without being asked, by role.
pub fn terms_of(rules: &Rules) -> BTreeMap<Name, Vec<Terms>> {
    rules.roles.iter().map(|role| (role.name.clone(), of_role_among(role, &rules.roles, &rules.groups))).collect()
}

/// The terms of one role that has no other inside it.
pub fn of_role(role: &Role) -> Vec<Terms> {
    of_role_among(role, std::slice::from_ref(role), &[])
}

/// The terms of one role among others that may be inside it: one for everything that has no
/// condition of its own, and one for each that has. Where there are no groups, `person.groups` is
/// an attribute like any other.
pub fn of_role_among(role: &Role, roles: &[Role], groups: &[Group]) -> Vec<Terms> {
    let Some(birthright) = &role.birthright else { return Vec::new() };
    let lead_days = lead_days(birthright);
    let terms = |when: Vec<Expression>, gives: Vec<EntitlementName>, beyond: Option<&'static str>| Terms {
        role: role.name.clone(),
        owner: role.owner.clone(),
        lead_days: lead_days.unwrap_or_default(),
        when,
        gives,
        beyond,
    };
    let Some(conditions) = conditions(birthright) else {
        return vec![terms(Vec::new(), Vec::new(), Some("its condition and its exclusion are too long together"))];
    };
    let days = lead_days.is_none().then_some("it begins or ends on days that are decided for each person alone");
    let mut plain = Vec::new();
    let mut all = Vec::new();
    for given in given(role, roles) {
        let grant = given.grant;
        let by_facts = "what it gives is named by facts of each person";
        let beyond = days.or_else(|| grant.entitlement.plain().is_none().then_some(by_facts));
        let entitlement = grant.entitlement.text().to_owned();
        let name = EntitlementName { connection: grant.connection.clone(), entitlement };
        match (&grant.when, beyond) {
            (None, None) => plain.push(name),
            (when, beyond) => {
                let when = conditions.iter().chain(when).cloned().collect();
                all.push(terms(when, vec![name], beyond));
            }
        }
    }
    if !plain.is_empty() {
        all.insert(0, terms(conditions, plain, None));
    }
    let asks =
        |when: &Expression| !when.groups().is_empty() || (!groups.is_empty() && when.paths().contains("person.groups"));
    let asks_groups = |terms: &Terms| terms.when.iter().any(asks);
    for terms in all.iter_mut().filter(|terms| asks_groups(terms)) {
        terms.beyond = Some("it asks for groups, which are decided for each person alone");
    }
    all
}

/// How many days before the first one it begins, if it begins so and lasts to the last day.
fn lead_days(birthright: &Birthright) -> Option<u16> {
    let begins = birthright.from.edge == Edge::FirstDay && birthright.until == Day::LAST;
    begins.then(|| u16::try_from(-i32::from(birthright.from.days)).ok()).flatten()
}

/// The condition, and that the exclusion does not hold.
fn conditions(birthright: &Birthright) -> Option<Vec<Expression>> {
    let mut all = vec![birthright.when.clone()];
    if let Some(except) = &birthright.except {
        all.push(format!("!({except})").parse().ok()?);
    }
    Some(all)
}
