//! The envelope that every document has.

use serde::Serialize;
use tenure_model::Name;

use crate::fields::{Fields, Notes, name_of, short, text};
use crate::problem::{Code, Place};
use crate::shape;
use crate::tree::{Node, Tree};

/// The one version of documents that is understood.
const API_VERSION: &str = "tenure/v1";

macro_rules! kinds {
    ($($(#[doc = $says:literal])* $name:ident;)*) => {
        /// What a document describes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[doc = $says])* $name,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word for it in documents.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// What it describes, as a sentence.
            pub fn says(self) -> &'static str {
                match self { $(Self::$name => concat!($($says),*),)* }
            }
        }
    };
}

kinds! {
    /// Whose word counts.
    Authority;
    /// Who has to agree, and what if nobody answers.
    Approval;
    /// When people work.
    Calendar;
    /// What needs a human first.
    Brake;
    /// A way by which notices go out.
    Channel;
    /// A connected system.
    Connection;
    /// How names are made.
    Generator;
    /// A named condition.
    Group;
    /// How the records of a source become what is said of people.
    Mapping;
    /// What is told by which channel.
    Notice;
    /// A bundle of access.
    Role;
    /// What may be held together, by how many, and after what.
    Rule;
    /// Those who do something together.
    Team;
    /// A workflow, tried out with people, faults and what is expected.
    Scenario;
    /// A process.
    Workflow;
    /// What a service is like.
    Pack;
}

impl Kind {
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

/// Where a document is written. The other place shows it and changes nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManagedBy {
    /// In files that somebody keeps.
    #[default]
    Git,
    /// In the console.
    Console,
}

impl ManagedBy {
    fn from_word(word: &str) -> Option<Self> {
        match word {
            "git" => Some(Self::Git),
            "console" => Some(Self::Console),
            _ => None,
        }
    }
}

/// A document whose envelope is right.
pub(crate) struct Document<'n> {
    pub(crate) kind: Kind,
    pub(crate) name: Name,
    pub(crate) title: String,
    pub(crate) owner: Option<String>,
    pub(crate) successor: Option<String>,
    pub(crate) managed_by: ManagedBy,
    pub(crate) place: Place,
    pub(crate) spec: &'n Node,
}

impl Document<'_> {
    /// Who answers for it. Whatever decides on access has somebody who does.
    pub(crate) fn need_owner(&self, notes: &mut Notes<'_>) -> Option<String> {
        if self.owner.is_none() {
            let reason = format!("the {} has no owner", self.kind.word().to_lowercase());
            notes.add(self.place, Code::MissingKey, reason, "add `owner: …` to `metadata`");
        }
        self.owner.clone()
    }
}

/// Opens the envelope. An empty document, as a `---` at the end leaves one, is nothing at all.
pub(crate) fn open<'n>(node: &'n Node, notes: &mut Notes<'_>) -> Option<Document<'n>> {
    if node.tree == Tree::Null {
        return None;
    }
    let fields = Fields::declared("the document", node, shape::ENVELOPE, notes)?;
    let version = fields.get("apiVersion").and_then(|found| text("apiVersion", found, notes));
    if let Some(version) = version.filter(|version| *version != API_VERSION) {
        let place = fields.get("apiVersion").map_or(node.place, |found| found.place);
        let reason = format!("`apiVersion` is `{}`", short(version));
        notes.add(place, Code::UnknownKind, reason, format!("write `{API_VERSION}`"));
    }
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
    let kind = fields.word("kind", &kinds, Kind::from_word, notes);
    let metadata = fields.get("metadata")?;
    let metadata = Fields::declared("metadata", metadata, shape::METADATA, notes)?;
    let name = metadata.get("name").and_then(|found| name_of("name", found, notes))?;
    let managed_by = metadata.word("managedBy", &["git", "console"], ManagedBy::from_word, notes).unwrap_or_default();
    let mut optional = |key| metadata.get(key).and_then(|found| text(key, found, notes)).map(ToOwned::to_owned);
    let title = optional("title").unwrap_or_else(|| name.to_string());
    let owner = optional("owner");
    let successor = optional("successor");
    if let Some(found) = metadata.get("successor") {
        check_successor(owner.as_deref(), successor.as_deref(), found.place, notes);
    }
    let (kind, place, spec) = (kind?, node.place, fields.get("spec")?);
    Some(Document { kind, name, title, owner, successor, managed_by, place, spec })
}

/// Whoever comes after somebody is somebody else.
fn check_successor(owner: Option<&str>, successor: Option<&str>, place: Place, notes: &mut Notes<'_>) {
    if owner.is_none() {
        let reason = "there is a successor and no owner".to_owned();
        notes.add(place, Code::MissingKey, reason, "add `owner: …` to `metadata`");
    } else if owner == successor {
        let reason = format!("the successor is the owner, `{}`", short(owner.unwrap_or_default()));
        notes.add(place, Code::BadValue, reason, "name another person or a team, or leave it out");
    }
}
