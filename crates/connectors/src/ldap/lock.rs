//! How an account is locked, seen to be locked, and unlocked: one attribute in every dialect.

use std::collections::HashSet;

use ldap3::Mod;
use tenure_model::AccountState;

use super::config::Disable;
use super::dn::equals;
use super::entry::Entry;

/// "Locked for ever" in the password policy of OpenLDAP. Any other time there is a lock-out after
/// wrong passwords, which ends by itself and is not a disablement.
const PPOLICY_LOCKED_FOR_EVER: &str = "000001010000Z";

impl Disable {
    /// The attribute that holds the lock.
    pub(super) fn attribute(&self) -> &str {
        match self {
            Self::PpolicyLock => "pwdAccountLockedTime",
            Self::NsAccountLock => "nsAccountLock",
            Self::Attribute { name, .. } => name,
        }
    }

    fn locked(&self) -> &str {
        match self {
            Self::PpolicyLock => PPOLICY_LOCKED_FOR_EVER,
            Self::NsAccountLock => "true",
            Self::Attribute { value, .. } => value,
        }
    }

    /// The value of an account that is usable, if it has one.
    pub(super) fn unlocked(&self) -> Option<&str> {
        match self {
            Self::PpolicyLock | Self::NsAccountLock => None,
            Self::Attribute { enabled, .. } => enabled.as_deref(),
        }
    }

    /// The change that locks.
    pub(super) fn lock(&self) -> Mod<String> {
        Mod::Replace(self.attribute().to_owned(), HashSet::from([self.locked().to_owned()]))
    }

    /// The change that unlocks.
    pub(super) fn unlock(&self) -> Mod<String> {
        let values = self.unlocked().map(str::to_owned).into_iter().collect();
        Mod::Replace(self.attribute().to_owned(), values)
    }

    /// A filter that is true of locked accounts.
    pub(super) fn filter(&self) -> String {
        equals(self.attribute(), self.locked())
    }

    /// The state that an entry shows.
    pub(super) fn state(&self, entry: &Entry) -> AccountState {
        let values = entry.values(self.attribute());
        if values.iter().any(|value| value.eq_ignore_ascii_case(self.locked())) {
            AccountState::Disabled
        } else {
            AccountState::Active
        }
    }
}
