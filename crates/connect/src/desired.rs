//! What an account should be.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tenure_model::Attributes;

use crate::locator::Locator;

/// What an account should be. What is not named stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "should", rename_all = "kebab-case")]
pub enum Desired {
    /// There, usable, with these attributes and at least these entitlements.
    Present {
        /// Whose; where it is by an attribute, the account gets that attribute.
        account: Locator,
        /// The attributes that it should have.
        attributes: Attributes,
        /// The entitlements that it should hold.
        hold: BTreeSet<Locator>,
    },
    /// There or not, and usable by nobody.
    Disabled {
        /// Whose.
        account: Locator,
    },
    /// Usable.
    Enabled {
        /// Whose.
        account: Locator,
    },
    /// Holding some entitlements more and some fewer.
    Entitlements {
        /// Whose.
        account: Locator,
        /// To give.
        add: BTreeSet<Locator>,
        /// To take away.
        remove: BTreeSet<Locator>,
    },
}

impl Desired {
    /// Whose account.
    pub fn account(&self) -> &Locator {
        match self {
            Self::Present { account, .. }
            | Self::Disabled { account }
            | Self::Enabled { account }
            | Self::Entitlements { account, .. } => account,
        }
    }

    /// Every entitlement that is named, given or taken.
    pub fn entitlements(&self) -> impl Iterator<Item = &Locator> {
        let (first, second): (Option<&BTreeSet<Locator>>, Option<&BTreeSet<Locator>>) = match self {
            Self::Present { hold, .. } => (Some(hold), None),
            Self::Disabled { .. } | Self::Enabled { .. } => (None, None),
            Self::Entitlements { add, remove, .. } => (Some(add), Some(remove)),
        };
        first.into_iter().flatten().chain(second.into_iter().flatten())
    }
}
