//! How an object of a connected system is found.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_model::{AccountState, Attributes, NativeId, Observed};

/// How an object is found.
///
/// A locator also says *whose* an account is: an account that is there and answers to the locator
/// is the one that was meant, and one that only has the same name is a stranger's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Locator {
    /// By the id that the system gave it and never changes.
    Native(NativeId),
    /// By the value of an attribute, which must point at one object only.
    Attribute {
        /// The attribute.
        name: String,
        /// Its value.
        value: String,
    },
}

impl Locator {
    /// By an attribute.
    pub fn attribute(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Attribute { name: name.into(), value: value.into() }
    }

    /// By the system's own id.
    pub fn native(id: impl Into<String>) -> Self {
        Self::Native(NativeId::new(id))
    }

    /// What is seen when nothing answers to this locator. A native id is only known because the
    /// object was once seen, so then it is gone; otherwise it is absent.
    pub fn nothing_there(&self, at: Timestamp) -> Observed {
        let (native_id, state) = match self {
            Self::Native(id) => (Some(id.clone()), AccountState::Gone),
            Self::Attribute { .. } => (None, AccountState::Absent),
        };
        Observed { native_id, name: self.to_string(), state, holds: [].into(), attributes: Attributes::new(), at }
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native(id) => write!(f, "{id}"),
            Self::Attribute { name, value } => write!(f, "{name}={value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_known_by_its_native_id_is_gone_and_the_rest_is_absent() {
        let at = Timestamp::UNIX_EPOCH;
        assert_eq!(Locator::native("7f").nothing_there(at).state, AccountState::Gone);
        assert_eq!(Locator::attribute("uid", "ada").nothing_there(at).state, AccountState::Absent);
    }
}
