//! A rule about what may be held together, by how many, and after what. It gives nothing: it
//! stops what would break it and names what breaks it already.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tenure_model::{ConnectionName, Name};

use crate::role::{Role, given};

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The name of the document.
    pub name: Name,
    /// What to call it on a screen.
    pub title: String,
    /// Who answers for it.
    pub owner: String,
    /// What it says.
    pub says: Says,
    /// What happens to access that would break it.
    pub effect: Effect,
    /// Who may be let off it, and for how long. None: nobody.
    pub exception: Option<ExceptionTerms>,
    /// Why there is such a rule, for whoever is stopped by it.
    pub because: String,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Says {
    /// No two of these together.
    Conflict {
        /// Two or more.
        never: Vec<Holding>,
    },
    /// Not more holders than these.
    Limit {
        /// Of what.
        of: Holding,
        /// How many.
        holders_max: u32,
    },
    /// This only together with all of those.
    Prerequisite {
        /// What.
        of: Holding,
        /// What it needs.
        needs: Vec<Holding>,
    },
}

/// What happens to access that would break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It is not given.
    Block,
    /// It waits until somebody makes an exception.
    Hold,
    /// It is given and told.
    Warn,
}

impl Effect {
    /// Every effect.
    pub const ALL: [Self; 3] = [Self::Block, Self::Hold, Self::Warn];

    /// The word for it in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Hold => "hold",
            Self::Warn => "warn",
        }
    }

    /// The effect of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.word() == word)
    }
}

/// On what terms somebody may be let off a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionTerms {
    /// The name of the approval that it needs.
    pub approval: String,
    /// For how many days at most.
    pub days_max: u16,
}

/// Something that can be held: a role, or an entitlement of a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holding {
    /// A role, written `role/NAME`.
    Role(Name),
    /// An entitlement, written `CONNECTION:ENTITLEMENT`.
    Entitlement {
        /// Where.
        connection: ConnectionName,
        /// What, by the name that documents use.
        entitlement: String,
    },
}

/// Why a text is not something that can be held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is nothing that can be held; write `role/NAME` or `CONNECTION:ENTITLEMENT`")]
pub struct NotAHolding(String);

impl FromStr for Holding {
    type Err = NotAHolding;
    fn from_str(text: &str) -> Result<Self, NotAHolding> {
        let wrong = || NotAHolding(text.chars().take(64).collect());
        if let Some(name) = text.strip_prefix("role/") {
            return name.parse().map(Self::Role).map_err(|_| wrong());
        }
        let (connection, entitlement) = text.split_once(':').ok_or_else(wrong)?;
        let connection = connection.parse().map_err(|_| wrong())?;
        let entitlement = entitlement.trim();
        if entitlement.is_empty() {
            return Err(wrong());
        }
        Ok(Self::Entitlement { connection, entitlement: entitlement.to_owned() })
    }
}

impl fmt::Display for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(name) => write!(f, "role/{name}"),
            Self::Entitlement { connection, entitlement } => write!(f, "{connection}:{entitlement}"),
        }
    }
}

impl Serialize for Holding {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Holding {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        crate::words::parsed(from)
    }
}

impl Says {
    /// Everything that it names.
    pub fn names(&self) -> Vec<&Holding> {
        match self {
            Self::Conflict { never } => never.iter().collect(),
            Self::Limit { of, .. } => vec![of],
            Self::Prerequisite { of, needs } => std::iter::once(of).chain(needs).collect(),
        }
    }
}

/// The first reason why something that a rule speaks of can never be held, if there is one.
pub fn contradiction(rule: &Rule, rules: &[Rule], roles: &[Role]) -> Option<String> {
    match &rule.says {
        Says::Conflict { never } => roles.iter().find_map(|role| {
            let held: Vec<&Holding> = never.iter().filter(|one| holds(role, one, roles)).collect();
            let [first, second, ..] = held.as_slice() else { return None };
            Some(format!("role {} gives both {first} and {second}, so nobody can hold it whole", role.name))
        }),
        Says::Prerequisite { of, needs } => rules.iter().find_map(|other| {
            let Says::Conflict { never } = &other.says else { return None };
            let need = needs.iter().find(|need| never.contains(need) && never.contains(of) && *need != of)?;
            Some(format!("{of} needs {need}, and rule {} says never both", other.name))
        }),
        Says::Limit { .. } => None,
    }
}

/// Whether whoever holds the role whole holds this too.
pub fn holds(role: &Role, holding: &Holding, roles: &[Role]) -> bool {
    match holding {
        Holding::Role(name) => {
            role.name == *name || given(role, roles).iter().any(|given| given.through.contains(&name))
        }
        Holding::Entitlement { connection, entitlement } => given(role, roles).iter().any(|given| {
            given.grant.when.is_none()
                && given.grant.connection == *connection
                && given.grant.entitlement.plain() == Some(entitlement.as_str())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holdings_are_read_and_written_alike() {
        for text in ["role/buyer-eu", "sap:profile/Z_PAY", "ldap:cn=a:b"] {
            assert_eq!(text.parse::<Holding>().unwrap().to_string(), text);
        }
        for bad in ["", "buyer", "role/Buyer", "SAP:x", "sap:", "sap: "] {
            assert!(bad.parse::<Holding>().is_err(), "{bad}");
        }
    }
}
