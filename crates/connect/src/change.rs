//! One write, and the key and generation under which it is done.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tenure_model::{Attributes, NativeId, Value};

use crate::description::Verb;
use crate::limits::OPERATION_KEY_LENGTH_MAX;
use crate::locator::Locator;
use crate::secret::SecretRef;
use crate::surface::Artifact;

/// One write to one account. Planned by a connector, and later applied by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Whose.
    pub account: Locator,
    /// What.
    pub write: Write,
    /// The same in one line for a human.
    pub summary: String,
}

/// What is written. Every one of them can be done twice with the same end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Write {
    /// Make the account.
    Create {
        /// With these attributes.
        attributes: Attributes,
    },
    /// Give these attributes these values, and leave the others.
    Set {
        /// The attributes; [`tenure_model::Value::Cleared`] takes the values away.
        attributes: Attributes,
    },
    /// Add values to an attribute that has several and take others away, and leave the rest of
    /// them to whoever else writes it.
    Amend {
        /// Of which attribute.
        attribute: String,
        /// To add.
        add: Vec<Value>,
        /// To take away.
        remove: Vec<Value>,
    },
    /// Give the account another name or place. These attributes say where an object is (see
    /// [`crate::AttributeRule::placing`]), and many systems change them by a call of their own.
    Move {
        /// The attributes.
        attributes: Attributes,
    },
    /// Give the account a password.
    SetPassword {
        /// Where the password is kept; it is read at the moment of use.
        secret: SecretRef,
        /// Whether its owner must choose another at the next sign-in.
        must_change: bool,
    },
    /// Make the account usable.
    Enable,
    /// Make the account unusable, and keep everything on it.
    Disable,
    /// Give one entitlement, and leave the others and other holders.
    Grant {
        /// Which.
        entitlement: NativeId,
        /// Its name, for humans.
        name: String,
    },
    /// Take one entitlement away, and leave the others and other holders.
    Revoke {
        /// Which.
        entitlement: NativeId,
        /// Its name, for humans.
        name: String,
    },
    /// End everything of one kind that is on the account, such as its sessions.
    End {
        /// Of which kind.
        artifact: Artifact,
    },
    /// Take the account away. Where nobody is, that is done already.
    Delete,
    /// Bring the account back out of wherever the system keeps what was deleted.
    Restore,
}

impl Write {
    /// What it is an instance of.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Create { .. } => Verb::Create,
            Self::Set { .. } => Verb::Set,
            Self::Amend { .. } => Verb::Amend,
            Self::Move { .. } => Verb::Move,
            Self::SetPassword { .. } => Verb::SetPassword,
            Self::Enable => Verb::Enable,
            Self::Disable => Verb::Disable,
            Self::Grant { .. } => Verb::Grant,
            Self::Revoke { .. } => Verb::Revoke,
            Self::End { .. } => Verb::End,
            Self::Delete => Verb::Delete,
            Self::Restore => Verb::Restore,
        }
    }
}

/// The single values of an attribute: of a list each, of anything else the one.
pub fn values(value: &Value) -> &[Value] {
    match value {
        Value::List(values) => values,
        Value::Cleared => &[],
        one @ (Value::Text(_) | Value::Number(_) | Value::Flag(_) | Value::Date(_) | Value::Instant(_)) => {
            std::slice::from_ref(one)
        }
    }
}

impl Change {
    /// A change with its summary.
    pub fn new(account: Locator, write: Write) -> Self {
        let summary = match &write {
            Write::Create { .. } => format!("create {account}"),
            Write::Set { attributes } => format!("set {} of {account}", names(attributes)),
            Write::Amend { attribute, add, remove } => {
                format!("add {} to {attribute} of {account} and remove {}", add.len(), remove.len())
            }
            Write::Move { attributes } => format!("move {account} by its {}", names(attributes)),
            Write::SetPassword { .. } => format!("set the password of {account}"),
            Write::Enable => format!("enable {account}"),
            Write::Disable => format!("disable {account}"),
            Write::Grant { name, .. } => format!("add {account} to {name}"),
            Write::Revoke { name, .. } => format!("remove {account} from {name}"),
            Write::End { artifact } => format!("end every {artifact} of {account}"),
            Write::Delete => format!("delete {account}"),
            Write::Restore => format!("restore {account}"),
        };
        Self { account, write, summary }
    }
}

fn names(attributes: &Attributes) -> String {
    attributes.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Under which key and generation a change is applied.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// The same for every attempt of the same step of the same run.
    pub key: OperationKey,
    /// Goes up whenever the run changes hands; an older one must not have the last word.
    pub generation: i64,
}

/// The key of an operation: lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperationKey(String);

/// Why a text is not an operation key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an operation key; use 1 to 128 lower-case hexadecimal digits")]
pub struct BadOperationKey(String);

impl OperationKey {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OperationKey {
    type Err = BadOperationKey;
    fn from_str(text: &str) -> Result<Self, BadOperationKey> {
        let digits = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if digits && !text.is_empty() && text.len() <= OPERATION_KEY_LENGTH_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadOperationKey(text.chars().take(OPERATION_KEY_LENGTH_MAX).collect()))
        }
    }
}

impl TryFrom<String> for OperationKey {
    type Error = BadOperationKey;
    fn try_from(text: String) -> Result<Self, BadOperationKey> {
        text.parse()
    }
}

impl From<OperationKey> for String {
    fn from(key: OperationKey) -> Self {
        key.0
    }
}

impl fmt::Display for OperationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_hexadecimal_and_bounded() {
        assert!("00ff".parse::<OperationKey>().is_ok());
        for bad in ["", "00FF", "xyz", "0 ", &"a".repeat(129)] {
            assert!(bad.parse::<OperationKey>().is_err(), "{bad}");
            assert!(serde_json::from_value::<OperationKey>(bad.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_summary_says_who_and_what() {
        let ada = Locator::attribute("uid", "ada");
        let grant = Write::Grant { entitlement: NativeId::new("9"), name: "staff".into() };
        assert_eq!(Change::new(ada.clone(), grant).summary, "add uid=ada to staff");
        assert_eq!(Change::new(ada, Write::Disable).summary, "disable uid=ada");
    }
}
