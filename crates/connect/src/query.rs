//! What is read, in pages that say whether they are all there is.

use serde::{Deserialize, Serialize};
use tenure_model::{EntitlementKind, NativeId, Observed};

use crate::filter::Filter;
use crate::limits::{PAGE_OBJECTS_MAX, PAGE_OBJECTS_USUAL};
use crate::locator::Locator;

/// What kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectClass {
    /// Accounts.
    Account,
    /// What accounts can hold.
    Entitlement,
}

/// Which objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Query {
    /// Of this class.
    pub class: ObjectClass,
    /// Only those that answer to this; all if none.
    pub only: Option<Locator>,
    /// Only those that match this. A connector is given what it said that it can push down, and
    /// nothing else.
    pub filter: Option<Filter>,
}

impl Query {
    /// Every account.
    pub fn accounts() -> Self {
        Self { class: ObjectClass::Account, only: None, filter: None }
    }
    /// Every entitlement.
    pub fn entitlements() -> Self {
        Self { class: ObjectClass::Entitlement, only: None, filter: None }
    }
    /// Only what answers to the locator.
    pub fn only(self, locator: Locator) -> Self {
        Self { only: Some(locator), ..self }
    }
    /// Only what matches the filter, which must be what the connector pushes down.
    pub fn matching(self, pushed: Option<Filter>) -> Self {
        Self { filter: pushed, ..self }
    }
}

/// Where a reading goes on. It belongs to the connector that gave it and means nothing elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PageToken(String);

impl PageToken {
    /// The connector's own text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The connector's own text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    size: u32,
    after: Option<PageToken>,
}

impl Page {
    /// The first page, of the usual size.
    pub fn first() -> Self {
        Self::first_of(PAGE_OBJECTS_USUAL)
    }
    /// The first page, of this size (kept between 1 and the limit).
    pub fn first_of(size: u32) -> Self {
        Self { size: size.clamp(1, PAGE_OBJECTS_MAX), after: None }
    }
    /// The page after this one.
    pub fn then(&self, token: PageToken) -> Self {
        Self { size: self.size, after: Some(token) }
    }
    /// How many objects at most.
    pub fn size(&self) -> u32 {
        self.size
    }
    /// Where to go on; none for the first page.
    pub fn after(&self) -> Option<&PageToken> {
        self.after.as_ref()
    }
}

/// What a reading is worth. Only after `Whole` may absence be taken for a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Completeness {
    /// There are more pages.
    Open,
    /// With this page and those before it, that was everything.
    Whole,
    /// The system stopped before the end.
    Partial {
        /// Why, in words.
        why: String,
    },
}

/// A page of what was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// The objects.
    pub objects: Vec<Seen>,
    /// Where to go on.
    pub next: Option<PageToken>,
    /// What the reading is worth so far.
    pub completeness: Completeness,
    /// How many objects the system says there are in all, if it says.
    pub expected: Option<u64>,
}

/// An object as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Seen {
    /// An account.
    Account(Observed),
    /// Something to hold.
    Entitlement(SeenEntitlement),
}

impl Seen {
    /// The account, if it is one.
    pub fn account(&self) -> Option<&Observed> {
        match self {
            Self::Account(account) => Some(account),
            Self::Entitlement(_) => None,
        }
    }
    /// The entitlement, if it is one.
    pub fn entitlement(&self) -> Option<&SeenEntitlement> {
        match self {
            Self::Entitlement(entitlement) => Some(entitlement),
            Self::Account(_) => None,
        }
    }
}

/// An entitlement as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenEntitlement {
    /// What the system calls it.
    pub native_id: NativeId,
    /// What kind.
    pub kind: EntitlementKind,
    /// The short name a human would look for.
    pub name: String,
}
