//! How an account is locked, seen to be locked, and unlocked: one attribute in every dialect.

use ldap3::Mod;
use tenure_connect::{Refusal, RefusalClass};
use tenure_model::AccountState;

use super::config::Disable;
use super::dn::equals;
use super::entry::Entry;

/// "Locked for ever" in the password policy of OpenLDAP. Any other time there is a lock-out after
/// wrong passwords, which ends by itself and is not a disablement.
const PPOLICY_LOCKED_FOR_EVER: &str = "000001010000Z";

/// The bit of `userAccountControl` that nobody signs in with.
const ACCOUNT_DISABLED: i64 = 2;
/// A person's account, with no other bit.
const NORMAL_ACCOUNT: &str = "512";
/// The rule of Active Directory that is true where all these bits are set.
const HAS_BITS: &str = "1.2.840.113556.1.4.803";

impl Disable {
    /// The attribute that holds the lock.
    pub(super) fn attribute(&self) -> &str {
        match self {
            Self::PpolicyLock => "pwdAccountLockedTime",
            Self::NsAccountLock => "nsAccountLock",
            Self::Attribute { name, .. } => name,
            Self::AccountControl => "userAccountControl",
        }
    }

    /// The value of an account that is usable, if it has one.
    pub(super) fn unlocked(&self) -> Option<&str> {
        match self {
            Self::PpolicyLock | Self::NsAccountLock => None,
            Self::Attribute { enabled, .. } => enabled.as_deref(),
            Self::AccountControl => Some(NORMAL_ACCOUNT),
        }
    }

    /// The change from what an entry shows to this state; every other bit of a number stays.
    pub(super) fn change(&self, entry: &Entry, wanted: AccountState) -> Result<Mod<String>, Refusal> {
        let locked = wanted == AccountState::Disabled;
        let value = match self {
            Self::AccountControl => {
                let bits = control_bits(entry).ok_or_else(|| {
                    let message = format!("`{}` shows no `userAccountControl`; let our bind DN read it", entry.dn);
                    Refusal::new(RefusalClass::Permission, message)
                })?;
                Some(if locked { bits | ACCOUNT_DISABLED } else { bits & !ACCOUNT_DISABLED }.to_string())
            }
            Self::PpolicyLock => locked.then(|| PPOLICY_LOCKED_FOR_EVER.to_owned()),
            Self::NsAccountLock => locked.then(|| "true".to_owned()),
            Self::Attribute { value, enabled, .. } => {
                if locked {
                    Some(value.clone())
                } else {
                    enabled.clone()
                }
            }
        };
        Ok(Mod::Replace(self.attribute().to_owned(), value.into_iter().collect()))
    }

    /// A filter that is true of locked accounts.
    pub(super) fn filter(&self) -> String {
        match self {
            Self::PpolicyLock => equals(self.attribute(), PPOLICY_LOCKED_FOR_EVER),
            Self::NsAccountLock => equals(self.attribute(), "true"),
            Self::Attribute { value, .. } => equals(self.attribute(), value),
            Self::AccountControl => format!("({}:{HAS_BITS}:={ACCOUNT_DISABLED})", self.attribute()),
        }
    }

    /// The state that an entry shows.
    pub(super) fn state(&self, entry: &Entry) -> AccountState {
        let shows =
            |locked: &str| entry.values(self.attribute()).iter().any(|value| value.eq_ignore_ascii_case(locked));
        let locked = match self {
            Self::PpolicyLock => shows(PPOLICY_LOCKED_FOR_EVER),
            Self::NsAccountLock => shows("true"),
            Self::Attribute { value, .. } => shows(value),
            Self::AccountControl => match control_bits(entry) {
                Some(bits) => bits & ACCOUNT_DISABLED != 0,
                None => return AccountState::Unknown,
            },
        };
        if locked { AccountState::Disabled } else { AccountState::Active }
    }
}

fn control_bits(entry: &Entry) -> Option<i64> {
    entry.value("userAccountControl")?.parse().ok()
}
