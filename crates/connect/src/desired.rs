//! What an account should be.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tenure_model::{Attributes, Value};

use crate::locator::Locator;
use crate::refusal::Refusal;
use crate::secret::SecretRef;
use crate::surface::Artifact;

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
    /// Having some values of an attribute more and some fewer, and the others as they are.
    Values {
        /// Whose.
        account: Locator,
        /// Of which attribute.
        attribute: String,
        /// To add.
        add: Vec<Value>,
        /// To take away.
        remove: Vec<Value>,
    },
    /// Having this password. Nobody can see whether it is so already, so it is always written.
    Password {
        /// Whose.
        account: Locator,
        /// Where the password is kept.
        secret: SecretRef,
        /// Whether its owner must choose another at the next sign-in.
        must_change: bool,
    },
    /// Having nothing of these kinds any more, such as sessions.
    Without {
        /// Whose.
        account: Locator,
        /// Of which kinds.
        artifacts: BTreeSet<Artifact>,
    },
    /// Not there any more.
    Deleted {
        /// Whose.
        account: Locator,
    },
}

impl Desired {
    /// Whose account.
    pub fn account(&self) -> &Locator {
        match self {
            Self::Present { account, .. }
            | Self::Disabled { account }
            | Self::Enabled { account }
            | Self::Entitlements { account, .. }
            | Self::Values { account, .. }
            | Self::Password { account, .. }
            | Self::Without { account, .. }
            | Self::Deleted { account } => account,
        }
    }

    /// The same with its attributes in another form, such as the one that a system reads back.
    pub fn with_attributes(
        &self,
        form: impl FnOnce(&Attributes) -> Result<Attributes, Refusal>,
    ) -> Result<Self, Refusal> {
        match self {
            Self::Present { account, attributes, hold } => {
                Ok(Self::Present { account: account.clone(), attributes: form(attributes)?, hold: hold.clone() })
            }
            Self::Disabled { .. }
            | Self::Enabled { .. }
            | Self::Entitlements { .. }
            | Self::Values { .. }
            | Self::Password { .. }
            | Self::Without { .. }
            | Self::Deleted { .. } => Ok(self.clone()),
        }
    }

    /// Every entitlement that is named, given or taken.
    pub fn entitlements(&self) -> impl Iterator<Item = &Locator> {
        let (first, second): (Option<&BTreeSet<Locator>>, Option<&BTreeSet<Locator>>) = match self {
            Self::Present { hold, .. } => (Some(hold), None),
            Self::Disabled { .. }
            | Self::Enabled { .. }
            | Self::Values { .. }
            | Self::Password { .. }
            | Self::Without { .. }
            | Self::Deleted { .. } => (None, None),
            Self::Entitlements { add, remove, .. } => (Some(add), Some(remove)),
        };
        first.into_iter().flatten().chain(second.into_iter().flatten())
    }
}
