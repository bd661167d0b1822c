//! What a connector says about itself: what it can read and write, how fast, and how far back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::actions::ActionRule;
use crate::change::Write;
use crate::feed::ChangeFeed;
use crate::limits::PAGE_OBJECTS_MAX;
use crate::query::ObjectClass;
use crate::refusal::{Refusal, RefusalClass};
use crate::surface::{Artifact, Reach};

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
    /// What it does for accounts besides keeping them, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub actions: BTreeMap<String, ActionRule>,
    /// Of which classes the system tells what changed, and how well.
    pub feeds: BTreeMap<ObjectClass, ChangeFeed>,
    /// How far it reaches for each kind of artifact; every kind is declared.
    pub surface: BTreeMap<Artifact, Reach>,
    /// The ways in which it can prove to the system who it is.
    pub credentials: BTreeSet<Credential>,
    /// Who saw what it says that it saw.
    #[serde(default)]
    pub witness: Witness,
    /// Cases of the conformance suite that it cannot pass, by name, and why not.
    pub exceptions: BTreeMap<String, String>,
}

impl Description {
    /// Of this kind, and able to do nothing yet. A connector fills in what it can.
    pub fn new(kind: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            classes: Vec::new(),
            limits: Limits {
                requests_at_once_max: 1,
                page_objects_max: PAGE_OBJECTS_MAX,
                requests_per_second_max: None,
            },
            consistency_delay: Duration::ZERO,
            verbs: BTreeMap::new(),
            actions: BTreeMap::new(),
            feeds: BTreeMap::new(),
            surface: BTreeMap::new(),
            credentials: BTreeSet::new(),
            witness: Witness::default(),
            exceptions: BTreeMap::new(),
        }
    }

    /// The class, if the connector has it.
    pub fn class(&self, class: ObjectClass) -> Option<&ClassDescription> {
        self.classes.iter().find(|known| known.class == class)
    }

    /// How well the system tells what changed.
    pub fn feed(&self, class: ObjectClass) -> ChangeFeed {
        self.feeds.get(&class).copied().unwrap_or_default()
    }

    /// Nothing if the connector can make this write at all; otherwise the refusal that says so.
    pub fn permits(&self, write: &Write) -> Result<(), Refusal> {
        let verb = write.verb();
        let reached = match write {
            Write::End { artifact } => self.surface.get(artifact).is_some_and(Reach::ends),
            _ => true,
        };
        if reached && self.verbs.contains_key(&verb) {
            return Ok(());
        }
        let what = match write {
            Write::End { artifact } => format!("end every {artifact}"),
            _ => format!("`{verb}`"),
        };
        Err(self.unsupported(&what))
    }

    /// The refusal for something that the connector cannot do at all.
    pub fn unsupported(&self, what: &str) -> Refusal {
        let kind = &self.kind;
        Refusal::new(
            RefusalClass::Unsupported,
            format!("a connection of kind `{kind}` cannot {what}; its page in the catalogue says what it can"),
        )
    }
}

/// Who saw what a connector says that it saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Witness {
    /// The connector itself, by another call than the write.
    #[default]
    ReadBack,
    /// A human, whose name stands in the attribute `attestedBy`. No machine can look.
    Attested,
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
#[expect(clippy::struct_excessive_bools, reason = "independent yes-or-no facts, each with its own word")]
pub struct AttributeRule {
    /// Its name in the system.
    pub name: String,
    /// What its values are.
    pub shape: Shape,
    /// It can have several values at once, in no order.
    pub many: bool,
    /// No account can be without it.
    pub required: bool,
    /// No two objects have the same value, so that one can be located by it.
    pub unique: bool,
    /// Its value can be read.
    pub read: bool,
    /// Its value can be changed.
    pub write: bool,
    /// Its value can only be given when the object is made.
    pub create_only: bool,
    /// Its value says where the object is, and is changed by [`Write::Move`] and not by
    /// [`Write::Set`].
    pub placing: bool,
    /// Its value must never be shown, logged or stored.
    pub secret: bool,
    /// Objects can be found by it.
    pub filterable: bool,
}

impl AttributeRule {
    /// An attribute to read, write and find by: one text.
    pub fn open(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            shape: Shape::Text,
            many: false,
            required: false,
            unique: false,
            read: true,
            write: true,
            create_only: false,
            placing: false,
            secret: false,
            filterable: true,
        }
    }
    /// An attribute that is given once, when the object is made.
    pub fn create_only(name: impl Into<String>) -> Self {
        Self { write: false, create_only: true, ..Self::open(name) }
    }
    /// An attribute that only the system writes.
    pub fn read_only(name: impl Into<String>) -> Self {
        Self { write: false, ..Self::open(name) }
    }
    /// An attribute that can be given and never be seen.
    pub fn secret(name: impl Into<String>) -> Self {
        Self { read: false, secret: true, filterable: false, ..Self::open(name) }
    }
    /// An attribute that says where the object is.
    pub fn placing(name: impl Into<String>) -> Self {
        Self { write: false, placing: true, ..Self::open(name) }
    }
    /// With values of this shape.
    pub fn of(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }
    /// With several values at once.
    pub fn many(self) -> Self {
        Self { many: true, ..self }
    }
    /// Which no account can be without.
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }
    /// Which no two objects share.
    pub fn unique(self) -> Self {
        Self { unique: true, ..self }
    }
}

/// What the values of an attribute are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Text.
    #[default]
    Text,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// A day, without a zone.
    Date,
    /// A moment.
    Instant,
    /// The native id of another object, such as somebody's manager.
    Reference {
        /// Of this class.
        to: ObjectClass,
    },
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
    /// Add to the values of an attribute and take from them.
    Amend,
    /// Give another name or place.
    Move,
    /// Give a password.
    SetPassword,
    /// Make it usable.
    Enable,
    /// Make it unusable.
    Disable,
    /// Give an entitlement.
    Grant,
    /// Take an entitlement away.
    Revoke,
    /// End sessions, tokens, keys and the like.
    End,
    /// Take the account away.
    Delete,
    /// Bring a deleted account back.
    Restore,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 12] = [
        Self::Create,
        Self::Set,
        Self::Amend,
        Self::Move,
        Self::SetPassword,
        Self::Enable,
        Self::Disable,
        Self::Grant,
        Self::Revoke,
        Self::End,
        Self::Delete,
        Self::Restore,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Set => "set",
            Self::Amend => "amend",
            Self::Move => "move",
            Self::SetPassword => "set-password",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Grant => "grant",
            Self::Revoke => "revoke",
            Self::End => "end",
            Self::Delete => "delete",
            Self::Restore => "restore",
        }
    }

    /// Whether it takes something away that lets somebody in. Such a write never waits behind
    /// others.
    pub fn takes_away(self) -> bool {
        match self {
            Self::Disable | Self::Revoke | Self::End | Self::Delete => true,
            Self::Create
            | Self::Set
            | Self::Amend
            | Self::Move
            | Self::SetPassword
            | Self::Enable
            | Self::Grant
            | Self::Restore => false,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How far a write can be taken back. Known elsewhere as R0 to R3, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reversibility {
    /// By another write, with nothing lost.
    Exact,
    /// With nothing lost, for some time, such as out of a recycle bin.
    Window,
    /// By another write, with something lost, such as a new native id.
    Lossy,
    /// Not at all.
    Irreversible,
}

/// A way to prove to a system who we are. What it is proved with is always a reference, resolved
/// at the moment of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// Not at all: whoever reaches the system is let in.
    Nobody,
    /// A name and a password.
    Password,
    /// A token that was handed to us, or a key of an API.
    Token,
    /// A name and a secret, for which an authorization server hands out tokens.
    ClientCredentials,
    /// An assertion that we sign, for which an authorization server hands out tokens.
    SignedAssertion,
    /// A signature over each request.
    SignedRequest,
    /// A certificate of our own.
    ClientCertificate,
    /// A key of SSH.
    SshKey,
}
