//! Packs: what a service is like, as data.
//!
//! A pack holds no code and no secret. It is checked as a whole before it is used, and everything
//! that is wrong with it is told at once ([`Pack::check`]). The language is described in
//! `docs/howto/write-a-pack.md`; here are its types, and `take` reads them.

mod actions;
mod reader;
mod request;
mod signing;
mod take;
mod tickets;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;
use tenure_connect::{Artifact, RefusalClass, Reversibility, Shape as ValueShape, Verb};
use tenure_model::EntitlementKind;

use super::template::{Shape, Template};
pub(super) use actions::{ActionLook, ActionPlan};
pub use reader::{Fault, FaultKind};
pub(super) use tickets::{Stands, TicketPlan, Words};

/// A place in an answer, as a JSON pointer.
pub(super) type Pointer = String;

/// What a service is like.
#[derive(Debug, Clone)]
pub struct Pack {
    pub(super) about: Option<String>,
    pub(super) settings: BTreeMap<String, Setting>,
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) speaks: Speaks,
    pub(super) headers: Vec<(String, Template)>,
    pub(super) auth: AuthPlan,
    pub(super) check: Option<Request>,
    /// The service answers those whom it does not know too, with less.
    pub(super) answers_guests: bool,
    pub(super) errors: Vec<ErrorRule>,
    pub(super) requests_per_second_max: Option<u32>,
    pub(super) seen_after: Duration,
    pub(super) accounts: Accounts,
    pub(super) entitlements: Option<Entitlements>,
    pub(super) operations: BTreeMap<Verb, Operation>,
    pub(super) artifacts: BTreeMap<Artifact, ArtifactPlan>,
    pub(super) actions: BTreeMap<String, ActionPlan>,
    pub(super) tickets: Option<TicketPlan>,
    pub(super) exceptions: BTreeMap<String, String>,
}

/// What a connection has to say.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) about: String,
    pub(super) default: Option<String>,
}

/// How requests and answers are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Speaks {
    /// A method, a path, and JSON.
    Rest,
    /// JSON-RPC 2.0, all of it at this path.
    JsonRpc { path: Vec<String> },
    /// Forms, answered in XML.
    QueryXml,
}

/// How to sign in. Names of secrets are those of [`Pack::secrets`].
#[derive(Debug, Clone)]
pub(super) enum AuthPlan {
    Basic {
        user: Template,
        password: String,
    },
    Bearer {
        token: String,
    },
    Header {
        name: String,
        prefix: String,
        secret: String,
    },
    Session {
        login: Request,
        token: TokenPlace,
        send: crate::http::SendIn,
    },
    ClientCredentials {
        endpoint: Template,
        client_id: Template,
        secret: String,
        scope: Option<Template>,
        send_in: crate::http::SecretPlace,
    },
    Assertion {
        endpoint: Template,
        issuer: Template,
        subject: Option<Template>,
        audience: Option<Template>,
        scope: Option<Template>,
        key: String,
    },
    SigV4 {
        key_id: String,
        secret: String,
        region: Template,
        service: String,
    },
    Hmac {
        header: String,
        prefix: String,
        secret: String,
        over: Vec<crate::http::Part>,
        date_header: Option<String>,
    },
}

/// Where the token of a session is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenPlace {
    Header(String),
    At(Pointer),
    Cookie,
}

/// A request with holes.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) what: What,
    pub(super) query: Vec<(String, Template)>,
    pub(super) headers: Vec<(String, Template)>,
    pub(super) body: Option<Shape>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// A method and a path.
    Path { method: reqwest::Method, path: Vec<Template> },
    /// A method of JSON-RPC.
    Call(String),
}

/// What an answer that is no success means.
#[derive(Debug, Clone)]
pub(super) struct ErrorRule {
    pub(super) status: Vec<u16>,
    pub(super) at: Option<Pointer>,
    pub(super) is: Option<String>,
    pub(super) has: Option<String>,
    pub(super) means: Meaning,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A definite no.
    No(RefusalClass),
    /// Nobody knows.
    Unknown,
}

/// What accounts are like.
#[derive(Debug, Clone)]
pub(super) struct Accounts {
    pub(super) native: String,
    pub(super) id: Pointer,
    pub(super) name: String,
    pub(super) list: List,
    pub(super) get: Option<Lookup>,
    pub(super) gone: Option<Lookup>,
    /// Those that were deleted and can be brought back, where the service keeps them apart.
    pub(super) bin: Option<Bin>,
    /// What changed since a moment.
    pub(super) feed: Option<Feed>,
    pub(super) with: Vec<Join>,
    pub(super) attributes: Vec<Attribute>,
    /// Any one of these says that an account is disabled.
    pub(super) disabled: Vec<Condition>,
    /// It takes all of these; with some of them nobody can say.
    pub(super) disabled_by_all: Vec<Condition>,
    pub(super) deleted: Vec<Condition>,
    pub(super) holds: Option<Holds>,
}

/// What accounts can hold.
#[derive(Debug, Clone)]
pub(super) struct Entitlements {
    pub(super) native: String,
    pub(super) kind: EntitlementKind,
    pub(super) id: Pointer,
    /// The attribute with the id, and the one with the name.
    pub(super) id_name: String,
    pub(super) name: Pointer,
    pub(super) name_name: String,
    pub(super) list: List,
    pub(super) get: Option<Lookup>,
}

/// How many are read.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) request: Request,
    pub(super) items: Pointer,
    pub(super) partial: bool,
    pub(super) leave: Vec<Condition>,
    pub(super) style: Style,
    pub(super) size_max: u32,
    pub(super) total: Option<Pointer>,
    pub(super) cut: Option<Condition>,
}

/// How one page follows another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Style {
    /// Everything comes at once.
    Whole,
    /// By the number of the page.
    Page { number: String, size: String, first: u64 },
    /// By how many came before.
    Offset { start: String, size: String, first: u64 },
    /// By what the answer says to send next.
    Cursor { next: Pointer, send: String, size: Option<String> },
    /// By an address: in the answer, or in its `Link` header.
    Link { next: Option<Pointer>, size: Option<String> },
}

/// How one is looked for.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    pub(super) request: Request,
    pub(super) answer: Pointer,
    /// Where the answer has the id of the account, which it does not show otherwise.
    pub(super) id: Option<Pointer>,
    /// Characters with which a value cannot be asked for in this way.
    pub(super) not_with: String,
    /// Characters that are written twice where they are meant as they are.
    pub(super) twice: String,
}

/// Where accounts are that were deleted and can be brought back.
#[derive(Debug, Clone)]
pub(super) struct Bin {
    pub(super) list: List,
    pub(super) get: Option<Lookup>,
}

/// What tells what changed since a moment, by addresses that are handed out for it.
#[derive(Debug, Clone)]
pub(super) struct Feed {
    pub(super) request: Request,
    /// What is asked besides, to begin now.
    pub(super) start: Vec<(String, Template)>,
    pub(super) items: Pointer,
    /// Where the address is at which there is more already.
    pub(super) next: Pointer,
    /// Where the address is to ask at another time.
    pub(super) later: Pointer,
    /// How it looks that somebody vanished.
    pub(super) gone: Vec<Condition>,
}

/// Another answer that belongs to an account.
#[derive(Debug, Clone)]
pub(super) struct Join {
    pub(super) name: String,
    pub(super) what: Joined,
}

/// How much of an answer belongs to an account.
#[derive(Debug, Clone)]
pub(super) enum Joined {
    /// One place in one answer.
    One(Box<Lookup>),
    /// Everything on all pages.
    All(Box<List>),
}

/// An attribute.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent yes-or-no facts, each with its own word")]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) shape: ValueShape,
    pub(super) many: bool,
    pub(super) required: bool,
    pub(super) unique: bool,
    pub(super) give: Give,
    pub(super) find: Option<Lookup>,
    pub(super) caseless: bool,
    pub(super) cleared: Json,
    /// What a new account gets where nothing is given.
    pub(super) usual: Option<Json>,
    /// Characters that the service does not keep.
    pub(super) not_with: String,
}

/// Where the value of an attribute is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    At(Pointer),
    /// In the element of a list that has this key.
    Among {
        list: Pointer,
        key: Pointer,
        is: String,
        value: Pointer,
    },
}

/// When an attribute can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Give {
    Always,
    Once,
    Never,
}

/// Something that is so or not.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// The list of which one element is enough.
    pub(super) within: Option<Pointer>,
    /// A place, of which a hole can be a name.
    pub(super) at: Template,
    /// The value that it has; any if none.
    pub(super) is: Option<Shape>,
    /// What is a part of it.
    pub(super) has: Option<Template>,
    /// A list of which it is one, itself or at the same place in one.
    pub(super) among: Option<Template>,
    /// What else is so of the same element.
    pub(super) and: Vec<Condition>,
}

/// Where it stands what an account holds.
#[derive(Debug, Clone)]
pub(super) struct Holds {
    pub(super) within: Pointer,
    pub(super) id: Pointer,
    /// What is held and is no entitlement.
    pub(super) leave: Vec<Condition>,
}

/// A write.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) undo: Reversibility,
    pub(super) steps: Vec<Step>,
    /// Where the answer to the first step has the id of a new account.
    pub(super) id: Option<Pointer>,
    /// Whether it can be demanded with a password that its owner chooses another one.
    pub(super) demands_change: bool,
    /// Whether it would let somebody in who is kept out, so that it is made for the usable alone.
    pub(super) only_if_active: bool,
}

impl Operation {
    /// Whether what is sent holds some of what was read, which must not be old then.
    pub(super) fn puts_back(&self) -> bool {
        let bodies = self.steps.iter().filter_map(|step| step.request.body.as_ref());
        bodies.flat_map(Shape::holes).any(|hole| matches!(hole.name.as_str(), "account" | "object"))
    }
}

/// One request of a write, or one for each of several things.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) request: Request,
    pub(super) each: Option<Each>,
    /// Only those of them of which all of this is so.
    pub(super) only: Vec<Condition>,
    pub(super) accept: Vec<u16>,
}

/// For each of which things a step is made.
#[derive(Debug, Clone)]
pub(super) enum Each {
    /// Attributes that are given.
    Given,
    /// Attributes that are cleared.
    Cleared,
    /// The elements of a list on the account.
    Of(Pointer),
    /// What a question of its own has for an answer.
    Found(Box<Lookup>),
    /// The elements of a list that fills this hole.
    Put(Template),
}

/// How far a kind of artifact is reached.
#[derive(Debug, Clone)]
pub(super) enum ArtifactPlan {
    NotThere,
    Out(String),
    Reached(Box<Reached>),
}

/// What is done about a kind of artifact.
#[derive(Debug, Clone)]
pub(super) struct Reached {
    pub(super) why: Option<String>,
    pub(super) list: Option<ArtifactList>,
    /// Ends each of what is listed, or all at once where nothing is.
    pub(super) end: Vec<Step>,
}

/// How artifacts are listed.
#[derive(Debug, Clone)]
pub(super) struct ArtifactList {
    pub(super) request: Request,
    pub(super) items: Pointer,
    pub(super) leave: Vec<Condition>,
    pub(super) id: Pointer,
    pub(super) name: Option<Pointer>,
    pub(super) made_at: Option<Pointer>,
    pub(super) used_at: Option<Pointer>,
    pub(super) ends_at: Option<Pointer>,
}

impl Pack {
    /// Reads the `spec` of a document of kind `Pack`, or says everything that is wrong with it.
    pub fn check(spec: &Json) -> Result<Self, Vec<Fault>> {
        take::pack(spec)
    }

    /// What a connection has to say, each with its default and what it is for.
    pub fn settings(&self) -> impl Iterator<Item = (&str, Option<&str>, &str)> {
        self.settings.iter().map(|(name, one)| (name.as_str(), one.default.as_deref(), one.about.as_str()))
    }

    /// The secrets that a connection has to refer to, each with what it is.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        self.secrets.iter().map(|(name, about)| (name.as_str(), about.as_str()))
    }

    /// What its tickets are called, if it keeps any.
    pub fn tickets(&self) -> Option<&str> {
        self.tickets.as_ref().map(|plan| plan.native.as_str())
    }

    /// What the pack says of its service.
    pub fn about(&self) -> Option<&str> {
        self.about.as_deref()
    }

    /// The attribute of this name.
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.accounts.attributes.iter().find(|known| known.name == name)
    }
}
