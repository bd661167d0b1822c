//! What a human should know of a plan.

use jiff::Timestamp;
use serde::Serialize;
use tenure_model::{AccountId, ConnectionName, Name};

use crate::rule::Effect;

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
    /// An attribute of an account cannot be worked out.
    #[error("an account at {connection} keeps its {what}")]
    KeptAsItIs {
        /// The connection.
        connection: ConnectionName,
        /// Which attribute, and why.
        what: String,
    },
    /// Something is not given because of a rule.
    #[error("{what} is {}, because {why}", stopped(*effect))]
    Stopped {
        /// The rule.
        rule: Name,
        /// What is not given.
        what: String,
        /// Whether it waits for an exception.
        effect: Effect,
        /// Why.
        why: String,
    },
    /// Something that is there already, or is given with a warning, breaks a rule.
    #[error("rule {rule} is not kept: {why}")]
    Against {
        /// The rule.
        rule: Name,
        /// In what way.
        why: String,
    },
    /// A rule would be broken, and somebody made an exception.
    #[error("rule {rule} does not hold until {until}: {by} made an exception, because {because}")]
    Excepted {
        /// The rule.
        rule: Name,
        /// Until when.
        until: Timestamp,
        /// Who made it.
        by: String,
        /// Why.
        because: String,
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

fn stopped(effect: Effect) -> &'static str {
    match effect {
        Effect::Block => "not given",
        Effect::Hold => "held until somebody makes an exception",
        Effect::Warn => "given with a warning",
    }
}
