//! The envelope that every document has.

use tenure_model::Name;

use crate::fields::{Fields, Notes, short, text};
use crate::problem::{Code, Place};
use crate::tree::{Node, Tree};

/// The one version of documents that is understood.
const API_VERSION: &str = "tenure/v1";

/// What a document describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Whose word counts.
    Authority,
    /// Who has to agree, and what if nobody answers.
    Approval,
    /// When people work.
    Calendar,
    /// What needs a human first.
    Brake,
    /// A way by which notices go out.
    Channel,
    /// A connected system.
    Connection,
    /// How names are made.
    Generator,
    /// How the records of a source become what is said of people.
    Mapping,
    /// What is told by which channel.
    Notice,
    /// A bundle of access.
    Role,
    /// Those who do something together.
    Team,
    /// A workflow, tried out with people, faults and what is expected.
    Scenario,
    /// A process.
    Workflow,
    /// What a service is like.
    Pack,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Approval,
        Self::Authority,
        Self::Brake,
        Self::Calendar,
        Self::Channel,
        Self::Connection,
        Self::Generator,
        Self::Mapping,
        Self::Notice,
        Self::Role,
        Self::Scenario,
        Self::Team,
        Self::Workflow,
        Self::Pack,
    ];

    /// The word for it in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Authority => "Authority",
            Self::Approval => "Approval",
            Self::Calendar => "Calendar",
            Self::Brake => "Brake",
            Self::Channel => "Channel",
            Self::Connection => "Connection",
            Self::Generator => "Generator",
            Self::Mapping => "Mapping",
            Self::Notice => "Notice",
            Self::Role => "Role",
            Self::Team => "Team",
            Self::Scenario => "Scenario",
            Self::Workflow => "Workflow",
            Self::Pack => "Pack",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A document whose envelope is right.
pub(crate) struct Document<'n> {
    pub(crate) kind: Kind,
    pub(crate) name: Name,
    pub(crate) title: String,
    pub(crate) owner: Option<String>,
    pub(crate) place: Place,
    pub(crate) spec: &'n Node,
}

/// Opens the envelope. An empty document, as a `---` at the end leaves one, is nothing at all.
pub(crate) fn open<'n>(node: &'n Node, notes: &mut Notes<'_>) -> Option<Document<'n>> {
    if node.tree == Tree::Null {
        return None;
    }
    let fields = Fields::of("the document", node, &["apiVersion", "kind", "metadata", "spec"], notes)?;
    let version = fields.text("apiVersion", notes);
    if let Some(version) = version.filter(|version| *version != API_VERSION) {
        let place = fields.get("apiVersion").map_or(node.place, |found| found.place);
        let reason = format!("`apiVersion` is `{}`", short(version));
        notes.add(place, Code::UnknownKind, reason, format!("write `{API_VERSION}`"));
    }
    fields.need("kind", notes);
    let kind = fields.word("kind", &Kind::ALL.map(Kind::word), Kind::from_word, notes);
    let metadata = fields.need("metadata", notes);
    let metadata = metadata.and_then(|found| Fields::of("metadata", found, &["name", "title", "owner"], notes));
    let spec = fields.need("spec", notes);
    let metadata = metadata?;
    let name = metadata.name("name", notes)?;
    let mut optional = |key| metadata.get(key).and_then(|found| text(key, found, notes)).map(ToOwned::to_owned);
    let title = optional("title").unwrap_or_else(|| name.to_string());
    let owner = optional("owner");
    Some(Document { kind: kind?, name, title, owner, place: node.place, spec: spec? })
}
