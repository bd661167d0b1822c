//! What must change so that one person has what policy says, and why.
//!
//! [`plan`] is a pure function of facts, rules and a moment: it reads no clock and asks nobody.
//! [`desired`] says what should be, [`changes`] what that means for each account. Nothing is ever
//! deleted here, and nothing that Tenure did not give is taken from somebody who is present.

mod changes;
mod desired;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use tenure_model::{
    Account, AccountId, Attributes, ConnectionName, Engagement, EngagementId, EngagementState, Grant, GrantId,
    IdentityKind, Name, NativeId, Person, Reason, standing,
};

use crate::account::AccountTemplate;
use crate::expression::Facts;
use crate::role::Role;

/// Everything that is known of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// What a connection can take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// What a new account looks like.
    pub template: AccountTemplate,
    /// What the system calls the entitlements that documents name.
    pub entitlements: BTreeMap<String, NativeId>,
}

/// What is in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Every role.
    pub roles: Vec<Role>,
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

/// What can be done to an account. In the order in which it is done: what takes away comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Action {
    /// Nobody can use the account any more; everything on it is kept.
    DisableAccount {
        /// Which.
        account: AccountId,
    },
    /// The account loses an entitlement.
    RemoveEntitlement {
        /// Which account.
        account: AccountId,
        /// What, as documents name it.
        entitlement: String,
        /// What, as the system names it.
        native_id: NativeId,
    },
    /// A new account.
    CreateAccount {
        /// What it looks like.
        attributes: Attributes,
        /// What it holds from the start, by both names.
        entitlements: BTreeMap<String, NativeId>,
    },
    /// The account can be used again.
    EnableAccount {
        /// Which.
        account: AccountId,
    },
    /// The account gets an entitlement.
    AddEntitlement {
        /// Which account.
        account: AccountId,
        /// What, as documents name it.
        entitlement: String,
        /// What, as the system names it.
        native_id: NativeId,
    },
}

impl Action {
    /// Whether somebody loses something by it.
    pub fn takes_away(&self) -> bool {
        match self {
            Self::DisableAccount { .. } | Self::RemoveEntitlement { .. } => true,
            Self::CreateAccount { .. } | Self::EnableAccount { .. } | Self::AddEntitlement { .. } => false,
        }
    }

    /// The word for it on screens and in the journal.
    pub fn word(&self) -> &'static str {
        match self {
            Self::DisableAccount { .. } => "disable-account",
            Self::RemoveEntitlement { .. } => "remove-entitlement",
            Self::CreateAccount { .. } => "create-account",
            Self::EnableAccount { .. } => "enable-account",
            Self::AddEntitlement { .. } => "add-entitlement",
        }
    }
}

/// Something that a human should know, and that the plan does not touch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, thiserror::Error)]
#[serde(tag = "finding", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Finding {
    /// A role is not given.
    #[error("role {role} is not given, because {why}")]
    RoleNotMet {
        /// The role.
        role: Name,
        /// Why not.
        why: String,
    },
    /// A condition makes no sense; what it gave before is kept.
    #[error("role {role} cannot be decided, because {why}; nothing is given and nothing taken away for it")]
    RoleBroken {
        /// The role.
        role: Name,
        /// What is wrong.
        why: String,
    },
    /// A role names a connection that takes no accounts.
    #[error("connection {connection} is not set up to take accounts")]
    NoTarget {
        /// The connection.
        connection: ConnectionName,
    },
    /// A role names an entitlement that the connection does not know.
    #[error("connection {connection} has no entitlement `{entitlement}`")]
    NoEntitlement {
        /// The connection.
        connection: ConnectionName,
        /// The name in the document.
        entitlement: String,
    },
    /// A new account cannot be described.
    #[error("no account is made at {connection}, because {why}")]
    NoAccount {
        /// The connection.
        connection: ConnectionName,
        /// What is wrong.
        why: String,
    },
    /// An attribute of a new account stays empty.
    #[error("an account at {connection} is made without {what}")]
    LeftOut {
        /// The connection.
        connection: ConnectionName,
        /// Which attribute, and why.
        what: String,
    },
    /// An account is in a state that policy does not change by itself.
    #[error("account {account} at {connection} is left alone, because {why}")]
    LeftAlone {
        /// The connection.
        connection: ConnectionName,
        /// The account.
        account: AccountId,
        /// Why.
        why: String,
    },
    /// No engagement is known, so that nothing is decided.
    #[error("no engagement is known; nothing is given and nothing taken away")]
    Unheard,
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
    let moment = Moment::of(facts, now);
    if moment.presence == Presence::Unheard {
        let findings = vec![Finding::Unheard];
        return Plan {
            presence: moment.presence,
            desired: Vec::new(),
            changes: Vec::new(),
            closing: Vec::new(),
            findings,
        };
    }
    let (wanted, mut findings) = desired::desired(&moment, rules);
    let closing = desired::closing(&moment, &wanted);
    let changes = changes::changes(&moment, rules, &wanted, &closing, &mut findings);
    findings.sort();
    findings.dedup();
    let closing = closing.iter().map(|grant| grant.id).collect();
    Plan { presence: moment.presence, desired: wanted, changes, closing, findings }
}

/// The facts at one moment.
pub(crate) struct Moment<'a> {
    facts: &'a PersonFacts,
    now: Timestamp,
    pub(crate) presence: Presence,
    /// The engagement that counts.
    pub(crate) engagement: Option<&'a Engagement>,
    /// An engagement that is over, if there is one.
    over: Option<&'a Engagement>,
}

impl<'a> Moment<'a> {
    pub(crate) fn of(facts: &'a PersonFacts, now: Timestamp) -> Self {
        let state = |engagement: &Engagement| {
            if facts.urgent.contains(&engagement.id) { EngagementState::Ended } else { engagement.state_at(now) }
        };
        let nearest = |known: &&'a Engagement| {
            (distance(state(known)), !known.primary, known.first_day, &known.source, &known.key)
        };
        let engagement = facts.engagements.iter().min_by_key(nearest);
        let over = facts.engagements.iter().filter(|known| distance(state(known)) >= distance(EngagementState::Ended));
        let presence = match engagement.map(state) {
            Some(EngagementState::Planned) => Presence::Coming,
            Some(EngagementState::Ended | EngagementState::Rescinded) => Presence::Over,
            None if needs_engagement(facts.person.kind) => Presence::Unheard,
            Some(EngagementState::Active | EngagementState::OnLeave) | None => Presence::Here,
        };
        Self { facts, now, presence, engagement, over: over.max_by_key(|known| (known.last_day, known.id)) }
    }

    pub(crate) fn view(&self) -> Facts<'a> {
        Facts {
            person: &self.facts.person,
            engagement: self.engagement,
            standing: standing(&self.facts.engagements, self.now),
            now: self.now,
        }
    }

    /// Why somebody who is not there loses access, as a sentence.
    fn why_over(&self) -> String {
        let Some(known) = self.over else { return "there is no engagement".to_owned() };
        let (key, source) = (&known.key, &known.source);
        match known.last_day {
            _ if self.facts.urgent.contains(&known.id) => format!("engagement {key} of {source} ends at once"),
            _ if known.rescinded => format!("engagement {key} of {source} never began"),
            Some(day) => format!("engagement {key} of {source} ended with {day}"),
            None => format!("engagement {key} of {source} is over"),
        }
    }
}

/// How far a state is from being there: the nearest engagement counts.
fn distance(state: EngagementState) -> u8 {
    match state {
        EngagementState::Active => 0,
        EngagementState::OnLeave => 1,
        EngagementState::Planned => 2,
        EngagementState::Ended => 3,
        EngagementState::Rescinded => 4,
    }
}

fn needs_engagement(kind: IdentityKind) -> bool {
    match kind {
        IdentityKind::Employee | IdentityKind::Contractor | IdentityKind::Vendor => true,
        IdentityKind::Customer | IdentityKind::ServiceAccount | IdentityKind::AiAgent => false,
    }
}

#[cfg(test)]
mod tests;
