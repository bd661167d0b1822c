//! What can be held in a connected system.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::EntitlementId;
use crate::name::{ConnectionName, NativeId};

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntitlementKind {
    /// A group; may contain other groups.
    Group,
    /// A role of the system itself.
    Role,
    /// A licence, of which there may be a limited number.
    Licence,
    /// A mailbox, or a right on one.
    Mailbox,
    /// A folder, drive, site or calendar that several people share.
    SharedResource,
}

impl EntitlementKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Group, Self::Role, Self::Licence, Self::Mailbox, Self::SharedResource];

    /// The word for it in documents and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Role => "role",
            Self::Licence => "licence",
            Self::Mailbox => "mailbox",
            Self::SharedResource => "shared-resource",
        }
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for EntitlementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A thing that can be held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entitlement {
    /// Ours.
    pub id: EntitlementId,
    /// Where.
    pub connection: ConnectionName,
    /// What kind.
    pub kind: EntitlementKind,
    /// What the system calls it.
    pub native_id: NativeId,
    /// The name a human would look for.
    pub name: String,
    /// Whether holding it gives power over the system itself.
    pub privileged: bool,
    /// Entitlements inside it: who holds this holds those.
    pub contains: BTreeSet<EntitlementId>,
}

/// Everything that is held by holding these, through any number of nestings. Loops are harmless.
pub fn closure(
    held: &BTreeSet<EntitlementId>,
    known: &BTreeMap<EntitlementId, Entitlement>,
) -> BTreeSet<EntitlementId> {
    let mut all = BTreeSet::new();
    let mut open: Vec<EntitlementId> = held.iter().copied().collect();
    while let Some(next) = open.pop() {
        if all.insert(next)
            && let Some(entitlement) = known.get(&next)
        {
            open.extend(entitlement.contains.iter().copied());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SeededIds, new_id};

    #[test]
    fn a_loop_of_groups_ends() {
        let ids = SeededIds::new(1);
        let names: Vec<EntitlementId> = (0..3).map(|_| new_id(&ids)).collect();
        let known = names
            .iter()
            .enumerate()
            .map(|(place, id)| {
                let entitlement = Entitlement {
                    id: *id,
                    connection: "ldap".parse().unwrap(),
                    kind: EntitlementKind::Group,
                    native_id: NativeId::new(place.to_string()),
                    name: place.to_string(),
                    privileged: false,
                    contains: [names[(place + 1) % 3]].into(),
                };
                (*id, entitlement)
            })
            .collect();
        assert_eq!(closure(&[names[0]].into(), &known).len(), 3);
    }
}
