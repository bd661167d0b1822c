//! What a connector is, in types: describe, read, plan, apply, verify.
//!
//! A write ends in exactly one of three ways (see [`outcome`]): done and read back, refused, or
//! unknown; whoever gets `unknown` reads before anything else. This crate speaks no protocol,
//! decides nothing about who should have what, and stores nothing. Start at [`connector`]; the
//! suite that every connector has to pass is [`conformance`], and [`fake`] is a target for tests.

pub mod actions;
pub mod change;
pub mod channel;
pub mod chaos;
pub mod conformance;
pub mod connector;
pub mod description;
pub mod desired;
pub mod desk;
pub mod discovery;
pub mod expectation;
pub mod fake;
pub mod feed;
pub mod filter;
pub mod governed;
pub mod limits;
pub mod locator;
pub mod outcome;
pub mod pace;
pub mod plan;
pub mod query;
pub mod refusal;
pub mod screen;
pub mod secret;
pub mod surface;
pub mod tickets;
pub mod trust;
pub mod undo;
pub mod web;

pub use actions::{Act, ActionRule, Actions, Parameter, Sight};
pub use change::{BadOperationKey, Change, Operation, OperationKey, Write};
pub use channel::{Channel, Content, Facts, Letter, Message, Sent};
pub use connector::{AnyConnector, Checked, Connector};
pub use description::{
    AttributeRule, ClassDescription, Credential, Description, Limits, Reversibility, Shape, Verb, Witness,
};
pub use desired::Desired;
pub use desk::Desk;
pub use discovery::{Discovery, Suggestion};
pub use expectation::{Expectation, Usability, Verdict};
pub use feed::{ChangeFeed, ChangeToken, Changed, Changes};
pub use filter::{Filter, PushDown};
pub use governed::{Governed, Pace};
pub use locator::Locator;
pub use outcome::{Doubt, DoubtKind, Outcome, WriteFault};
pub use pace::Allowance;
pub use query::{Batch, Completeness, ObjectClass, Page, PageToken, Query, Seen, SeenEntitlement};
pub use refusal::{Refusal, RefusalClass};
pub use screen::{Keep, Kept, KeptWrite, Screen};
pub use secret::{BadSecretRef, FileSecrets, SecretError, SecretRef, SecretText, Secrets};
pub use surface::{Artifact, Reach, SeenArtifact};
pub use tickets::{NewTicket, Progress, SeenTicket, Tickets};
pub use undo::Undo;
pub use web::{WebCall, WebCaller, WebOutcome};
