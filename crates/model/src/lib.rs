//! The nouns of Tenure: ids, values, identities, engagements, accounts, entitlements, grants
//! and events, with their states as enums whose transitions can refuse.
//!
//! It does no IO, reads no clock (except in [`clock`], which is that door) and knows no
//! database, no wire format and no connected system. Start at [`person`] and [`account`].

pub mod account;
pub mod action;
pub mod actor;
pub mod clock;
pub mod deputy;
pub mod drift;
pub mod engagement;
pub mod entitlement;
pub mod event;
pub mod exception;
pub mod grant;
pub mod history;
pub mod ids;
pub mod name;
pub mod notice;
pub mod person;
pub mod statement;
pub mod task;
pub mod ticket;
pub mod transition;
pub mod value;
pub mod work;

pub use account::{Account, AccountState, Observed};
pub use action::{ACTIONS, Given, KnownAction, Taken};
pub use actor::{Actor, ActorKind, Role};
pub use clock::{Clock, Ids, SeededIds, SteppedClock, SystemClock, SystemIds, new_id};
pub use deputy::Deputy;
pub use drift::{Closing, Difference, Differences, Drift, DriftKind, DriftPolicy, Observation, Part};
pub use engagement::{Engagement, EngagementState, Leave, UnknownZone, Zone};
pub use entitlement::{Entitlement, EntitlementKind};
pub use event::{CustomEvent, Event, EventKind, PersonKey, Terms};
pub use exception::Exception;
pub use grant::{Grant, GrantState, Reason};
pub use history::{Fact, stage::Stage};
pub use ids::{
    AccountId, CaseId, DeputyId, DriftId, EngagementId, EntitlementId, EventId, ExceptionId, GrantId, HeldId, Id,
    MergeId, NodeId, NotAnId, NoticeId, PersonId, PlanId, RemovalId, RequestId, RunId, SetId, TaskEntryId, TaskId,
    TokenId,
};
pub use name::{BadName, ConnectionName, Name, NativeId};
pub use notice::{FieldType, NoticeKind};
pub use person::{IdentityKind, Person, Standing, standing};
pub use statement::{Statement, Strength};
pub use task::{Assignee, BadAssignee, Choice, HumanTask, TaskEnd, TaskKind, TaskState};
pub use ticket::{TaskTicket, TicketState};
pub use transition::BadTransition;
pub use value::{Attributes, Value};
pub use work::{Effect, Ending, RefusalClass, RunEvent, Signal, Task};
