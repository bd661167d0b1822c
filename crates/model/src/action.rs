//! What systems do for an account besides keeping it: its mail goes on to somebody else, its folders
//! are handed over.
//!
//! These are the words that workflows and connectors share, so that a workflow fits whatever system
//! does it. A connector may know others besides, by names of its own.

use serde::{Deserialize, Serialize};

/// An action that goes by the same name everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownAction {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub takes: &'static [Taken],
}

/// Something that an action takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Its name.
    pub name: &'static str,
    /// What is given.
    pub given: Given,
    /// Whether it must be.
    pub needed: bool,
}

/// What an action is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Given {
    /// A text.
    Text,
    /// Yes or no.
    Flag,
    /// Another account of the same system.
    Account,
}

impl Given {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Text, Self::Flag, Self::Account];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Flag => "flag",
            Self::Account => "account",
        }
    }
}

const TO: Taken = Taken { name: "to", given: Given::Account, needed: true };
const NAME: Taken = Taken { name: "name", given: Given::Text, needed: false };

/// Every action that goes by the same name everywhere, by its name.
pub const ACTIONS: &[KnownAction] = &[
    KnownAction { name: "calendar/share", takes: &[TO] },
    KnownAction { name: "calendar/transfer", takes: &[TO] },
    KnownAction { name: "drive/archive", takes: &[] },
    KnownAction { name: "drive/create", takes: &[NAME] },
    KnownAction { name: "drive/transfer", takes: &[TO] },
    KnownAction { name: "folder/archive", takes: &[] },
    KnownAction { name: "folder/create", takes: &[NAME] },
    KnownAction { name: "folder/transfer", takes: &[TO] },
    KnownAction { name: "mailbox/archive", takes: &[] },
    KnownAction { name: "mailbox/auto-reply", takes: &[Taken { name: "message", given: Given::Text, needed: true }] },
    KnownAction { name: "mailbox/create", takes: &[] },
    KnownAction { name: "mailbox/delegate", takes: &[TO] },
    KnownAction { name: "mailbox/forward", takes: &[TO] },
    KnownAction { name: "mailbox/hold", takes: &[] },
    KnownAction { name: "reports/transfer", takes: &[TO] },
];

impl KnownAction {
    /// The action of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ACTIONS.iter().find(|action| action.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_sorted_and_each_is_there_once() {
        assert!(ACTIONS.windows(2).all(|pair| pair[0].name < pair[1].name), "{ACTIONS:#?}");
        assert_eq!(KnownAction::named("mailbox/forward").map(|action| action.takes.len()), Some(1));
        assert_eq!(KnownAction::named("mailbox/burn"), None);
    }
}
