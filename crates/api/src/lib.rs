//! What goes over the wire of HTTP version 1: the bodies, the error codes, the list of
//! operations and the OpenAPI document made from it.
//!
//! It opens no socket, knows no router and no database, and decides nothing: a body becomes a
//! type of `model` here, or a list of what is wrong with it, each with the place. Start at
//! [`operations`]; the errors are in [`codes`].

pub mod codes;
pub mod limits;
pub mod openapi;
pub mod operation;
pub mod operations;
pub mod problem;
pub mod wire;

pub use codes::{Code, CodeEntry};
pub use operation::{Access, Method, Operation};
pub use operations::OPERATIONS;
pub use problem::{FieldError, Problem};
pub use wire::access::{
    AccessChange, EntitlementChange, HolderView, LeftOut, MinedView, ProposalView, WhatIfIn, WhatIfView,
};
pub use wire::account::AccountView;
pub use wire::case::{CaseResolution, CaseView, LikelyView};
pub use wire::connection::ConnectionView;
pub use wire::deputy::{DeputyIn, DeputyView};
pub use wire::drift::{AcceptIn, DifferenceView, DriftView, GapView, OrphanIn, OrphanView, ReadingView, SettledView};
pub use wire::estate::{EstateFileView, EstateView, SucceededView, VersionView};
pub use wire::event::{BadEvent, EventAnswer, EventIn, EventParts, EventStatus, EventView};
pub use wire::exception::{ExceptionIn, ExceptionView};
pub use wire::ledger::{CheckpointView, LedgerEntryView};
pub use wire::merge::{MergeIn, MergeView, NameIn, NameView, SplitIn, SponsorIn, SponsorView};
pub use wire::notice::{DropIn, NoticeView};
pub use wire::page::{Page, PageQuery};
pub use wire::person::{EngagementView, GrantView, GrantWish, PersonDetail, PersonView, ValueView};
pub use wire::plan::{ChangeView, PlanView, StoppedView};
pub use wire::plans::{
    ApplyIn, ApproveIn, HeldAnswerView, HeldView, OutcomeView, PersonWhatIfIn, PlanIn, RefuseIn, RemovalView,
    SetPlanView, StartView,
};
pub use wire::redraft::{RedraftIn, RedraftView};
pub use wire::rehearsal::{RehearsalView, RehearseIn, RehearsedView};
pub use wire::review::{ReviewQuestionsView, ReviewThingsView, ReviewView, ReviewerView};
pub use wire::run::{
    CancelIn, EditIn, MigrateIn, MigrationView, RecordView, ReplayView, RunDetail, RunIn, RunStarted, RunView,
    SignalIn, SkipIn, StepView, WaitView,
};
pub use wire::set::{SetCancelIn, SetIn, SetPersonView, SetProgressView, SetStartIn, SetView};
pub use wire::source_reading::{ReadingCount, SourceReadingIn, SourceReadingView};
pub use wire::story::{FactView, SaidView, StoryView};
pub use wire::system::{Check, Health, WhoAmI};
pub use wire::task::{
    ChoiceView, CloseIn, CommentIn, EvidenceIn, ReassignIn, TaskDetail, TaskEndView, TaskEntryView, TaskView,
    TicketView,
};
pub use wire::token::{TokenCreated, TokenIn, TokenView};
pub use wire::undo::{UndoIn, UndoLeftView, UndoStepView, UndoView};
pub use wire::why::{WhyLink, WhyView};
