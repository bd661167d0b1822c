//! What can be done to an account.

use std::collections::BTreeMap;

use serde::Serialize;
use tenure_model::{AccountId, Attributes, NativeId};

/// What can be done to an account. In the order in which it is done: what takes away comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Action {
    /// Nobody can use the account any more; everything on it is kept.
    DisableAccount {
        /// Which.
        account: AccountId,
    },
    /// The account is taken away, as far as its system does so.
    DeleteAccount {
        /// Which.
        account: AccountId,
        /// The name of the approval that it needs.
        approval: String,
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
    /// The account comes back from where deleted ones are kept, and can be used again.
    RestoreAccount {
        /// Which.
        account: AccountId,
    },
    /// The account can be used again.
    EnableAccount {
        /// Which.
        account: AccountId,
    },
    /// Attributes of the account get other values, its name and place among them.
    SetAttributes {
        /// Which.
        account: AccountId,
        /// The new values; [`tenure_model::Value::Cleared`] takes one away.
        attributes: Attributes,
        /// What was seen instead.
        before: Attributes,
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
            Self::DisableAccount { .. } | Self::DeleteAccount { .. } | Self::RemoveEntitlement { .. } => true,
            Self::CreateAccount { .. }
            | Self::RestoreAccount { .. }
            | Self::EnableAccount { .. }
            | Self::SetAttributes { .. }
            | Self::AddEntitlement { .. } => false,
        }
    }

    /// The word for it on screens and in the journal.
    pub fn word(&self) -> &'static str {
        match self {
            Self::DisableAccount { .. } => "disable-account",
            Self::DeleteAccount { .. } => "delete-account",
            Self::RemoveEntitlement { .. } => "remove-entitlement",
            Self::CreateAccount { .. } => "create-account",
            Self::RestoreAccount { .. } => "restore-account",
            Self::EnableAccount { .. } => "enable-account",
            Self::SetAttributes { .. } => "set-attributes",
            Self::AddEntitlement { .. } => "add-entitlement",
        }
    }

    /// The account that it is about. A new one has no id yet.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::CreateAccount { .. } => None,
            Self::DisableAccount { account }
            | Self::DeleteAccount { account, .. }
            | Self::RemoveEntitlement { account, .. }
            | Self::RestoreAccount { account }
            | Self::EnableAccount { account }
            | Self::SetAttributes { account, .. }
            | Self::AddEntitlement { account, .. } => Some(*account),
        }
    }
}
