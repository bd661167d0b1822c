//! Rules in the form in which the columns take them: who, from when, and what.

use std::collections::BTreeMap;
use std::fmt;

use tenure_model::{ConnectionName, Name};

use crate::expression::Expression;
use crate::plan::Rules;
use crate::role::Role;

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
}

/// The terms of every role that gives something without being asked, by role.
pub fn terms_of(rules: &Rules) -> BTreeMap<Name, Vec<Terms>> {
    rules.roles.iter().map(|role| (role.name.clone(), of_role(role))).collect()
}

/// The terms of one role: one for everything that has no condition of its own, and one for each
/// that has.
pub fn of_role(role: &Role) -> Vec<Terms> {
    let Some(birthright) = &role.birthright else { return Vec::new() };
    let terms = |when: Vec<Expression>, gives: Vec<EntitlementName>| Terms {
        role: role.name.clone(),
        owner: role.owner.clone(),
        lead_days: birthright.lead_days,
        when,
        gives,
    };
    let mut plain = Vec::new();
    let mut all = Vec::new();
    for grant in &role.grants {
        let name = EntitlementName { connection: grant.connection.clone(), entitlement: grant.entitlement.clone() };
        match &grant.when {
            None => plain.push(name),
            Some(when) => all.push(terms(vec![birthright.when.clone(), when.clone()], vec![name])),
        }
    }
    if !plain.is_empty() {
        all.insert(0, terms(vec![birthright.when.clone()], plain));
    }
    all
}
