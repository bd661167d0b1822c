//! What a connector says about itself: what it can read and write, how fast, and how far back.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::query::ObjectClass;

/// What a connector can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// The kind of connector, such as `ldap`.
    pub kind: String,
    /// Its object classes.
    pub classes: Vec<ClassDescription>,
    /// How much at once.
    pub limits: Limits,
    /// How long a write may take to be seen by a read; zero where reads follow writes.
    pub consistency_delay: Duration,
    /// What it can write, and how far each write can be taken back.
    pub verbs: BTreeMap<Verb, Reversibility>,
}

impl Description {
    /// The class, if the connector has it.
    pub fn class(&self, class: ObjectClass) -> Option<&ClassDescription> {
        self.classes.iter().find(|known| known.class == class)
    }
}

/// One class of objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassDescription {
    /// Which.
    pub class: ObjectClass,
    /// What the system calls it.
    pub native_name: String,
    /// The attribute that holds the native id.
    pub id_attribute: String,
    /// The attribute that gives an object its name.
    pub naming_attribute: String,
    /// Its attributes.
    pub attributes: Vec<AttributeRule>,
}

/// What can be done with an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "five independent yes-or-no facts, each with its own word")]
pub struct AttributeRule {
    /// Its name in the system.
    pub name: String,
    /// Its value can be read.
    pub read: bool,
    /// Its value can be changed.
    pub write: bool,
    /// Its value can only be given when the object is made.
    pub create_only: bool,
    /// Its value must never be shown, logged or stored.
    pub secret: bool,
    /// Objects can be found by it.
    pub filterable: bool,
}

impl AttributeRule {
    /// An attribute to read, write and find by.
    pub fn open(name: impl Into<String>) -> Self {
        Self { name: name.into(), read: true, write: true, create_only: false, secret: false, filterable: true }
    }
    /// An attribute that is given once, when the object is made.
    pub fn create_only(name: impl Into<String>) -> Self {
        Self { write: false, create_only: true, ..Self::open(name) }
    }
    /// An attribute that only the system writes.
    pub fn read_only(name: impl Into<String>) -> Self {
        Self { write: false, ..Self::open(name) }
    }
}

/// How much at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Requests in flight.
    pub requests_at_once_max: u32,
    /// Objects in a page.
    pub page_objects_max: u32,
    /// Requests in a second, if the system has such a limit.
    pub requests_per_second_max: Option<u32>,
}

/// What can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Make an account.
    Create,
    /// Change attributes.
    Set,
    /// Make it usable.
    Enable,
    /// Make it unusable.
    Disable,
    /// Give an entitlement.
    Grant,
    /// Take an entitlement away.
    Revoke,
}

/// How far a write can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reversibility {
    /// Not at all.
    R0,
    /// For some time, such as out of a recycle bin.
    R1,
    /// By another write, with something lost, such as a new native id.
    R2,
    /// By another write, with nothing lost.
    R3,
}
