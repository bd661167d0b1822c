//! What must change so that one person has what policy says, and why.
//!
//! [`plan`] is a pure function of facts, rules and a moment: it reads no clock and asks nobody.
//! [`desired`] says what should be, [`rules`] what of it may not be, and [`changes`] what the rest
//! means for each account. Nothing is deleted unless a document says so, and nothing that Tenure
//! did not give is taken from somebody who is present.

mod action;
mod changes;
mod desired;
mod finding;
mod moment;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{
    Account, AccountId, Attributes, ConnectionName, Engagement, EngagementId, Exception, Grant, GrantId, Name,
    NativeId, Person, PersonId, Reason,
};

use crate::account::{AccountTemplate, Deletion};
use crate::group::Group;
use crate::role::Role;
use crate::rule::{Effect, Rule};
pub use action::Action;
pub use finding::Finding;
pub(crate) use moment::Moment;

/// Everything that is known of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonFacts {
    /// Who.
    pub person: Person,
    /// All engagements, whatever became of them.
    pub engagements: Vec<Engagement>,
    /// The engagements whose access ends at once, whatever their last day is.
    pub urgent: BTreeSet<EngagementId>,
    /// The person's accounts, as last seen.
    pub accounts: Vec<Account>,
    /// The person's grants, in every state.
    pub grants: Vec<Grant>,
    /// What else there may be to know.
    pub besides: Besides,
}

/// What there may be to know of a person besides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Besides {
    /// The attributes that accounts were last seen with. An account that is not here was never
    /// looked at so closely, and its attributes are left alone.
    pub seen: BTreeMap<AccountId, Attributes>,
    /// The rules that the person was let off, ever.
    pub exceptions: Vec<Exception>,
    /// For each rule that limits the number of holders: who holds the thing, the earliest first.
    pub holders: BTreeMap<Name, Vec<PersonId>>,
    /// When they were last seen to have signed in anywhere. No rule decides by it, so no decision keeps it.
    #[serde(skip)]
    pub last_sign_in: Option<jiff::Timestamp>,
}

/// What a connection can take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// What an account looks like.
    pub template: AccountTemplate,
    /// What the system calls the entitlements that documents name.
    pub entitlements: BTreeMap<String, NativeId>,
    /// When the account of somebody who left is deleted. None: never.
    pub deletion: Option<Deletion>,
    /// What its connector can do beyond making, disabling and giving.
    pub reach: Reach,
}

/// What a connector can do beyond what every one can.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reach {
    /// The attributes that say what an account is called and where it is.
    pub placing: BTreeSet<String>,
    /// It brings deleted accounts back.
    pub restores: bool,
    /// It deletes accounts.
    pub deletes: bool,
}

/// What is in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rules {
    /// Every role.
    pub roles: Vec<Role>,
    /// Every dynamic group.
    pub groups: Vec<Group>,
    /// What may be held together, by how many, and after what.
    pub rules: Vec<Rule>,
    /// Every connection that accounts are made in.
    pub targets: BTreeMap<ConnectionName, Target>,
}

/// Whether somebody is there, for access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// An engagement runs, or this kind of identity needs none.
    Here,
    /// The next engagement has not begun.
    Coming,
    /// Every engagement is over, or never was.
    Over,
    /// No engagement is known, where one is needed. Not hearing of somebody is not their leaving.
    Unheard,
}

/// That somebody should hold something. The caller keeps these as grants before the changes are
/// made, with their end: that is how a period of grace is remembered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// Where.
    pub connection: ConnectionName,
    /// What.
    pub entitlement: String,
    /// Why.
    pub reason: Reason,
    /// Until when; None as long as the reason holds.
    pub until: Option<Timestamp>,
    /// The grant that says so already, if there is one.
    pub grant: Option<GrantId>,
}

/// Something that should be held and is not given, because a rule says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stopped {
    /// Where.
    pub connection: ConnectionName,
    /// What.
    pub entitlement: String,
    /// Why it should be held.
    pub reason: Reason,
    /// The rule.
    pub rule: Name,
    /// Whether it waits for an exception.
    pub effect: Effect,
    /// Why it is not given, as a sentence.
    pub why: String,
    /// The grant that waits for it, if somebody decided on it already. It goes on waiting.
    pub grant: Option<GrantId>,
}

/// One change in one connected system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Where.
    pub connection: ConnectionName,
    /// What.
    #[serde(flatten)]
    pub action: Action,
    /// Why, each a sentence.
    pub why: Vec<String>,
}

/// What must change for one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Whether the person is there.
    pub presence: Presence,
    /// What should be, reason by reason.
    pub desired: Vec<Desired>,
    /// What to do, in this order.
    pub changes: Vec<Change>,
    /// Grants that have lost their reason. They end once the changes were read back.
    pub closing: Vec<GrantId>,
    /// What should be and is not given, because of rules.
    pub stopped: Vec<Stopped>,
    /// What a human should know.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.closing.is_empty()
    }
}

/// What must change so that this person has, at this moment, what the rules say.
pub fn plan(facts: &PersonFacts, rules: &Rules, now: Timestamp) -> Plan {
    let moment = Moment::of(facts, rules, now);
    let nothing = |findings| Plan {
        presence: moment.presence,
        desired: Vec::new(),
        changes: Vec::new(),
        closing: Vec::new(),
        stopped: Vec::new(),
        findings,
    };
    if moment.presence == Presence::Unheard {
        return nothing(vec![Finding::Unheard]);
    }
    let (wishes, mut findings) = desired::desired(&moment, rules);
    let (wanted, stopped) = rules::apply(&moment, rules, wishes, &mut findings);
    let closing = desired::closing(&moment, &wanted, &stopped);
    let changes = changes::changes(&moment, rules, &wanted, &closing, &mut findings);
    findings.sort();
    findings.dedup();
    let closing = closing.iter().map(|grant| grant.id).collect();
    Plan { desired: wanted, changes, closing, stopped, ..nothing(findings) }
}

#[cfg(test)]
mod tests;
