//! Use cases, one file per verb, and what a workflow step does.
//!
//! Every door comes through here, so that every rule and every entry of the ledger exists once.
//! A use case asks [`cx::Cx::allow`] first, decides with `policy`, writes in one transaction with
//! `store`, and never talks to the world: that is done by [`steps`], which the engine calls after
//! the commit. It knows no HTTP. Start at [`events::accept`], the first step of the walk.

pub mod access;
pub mod brakes;
pub mod cases;
pub mod connections;
pub mod cx;
pub mod deputies;
pub mod desk;
pub mod drift;
pub mod error;
pub mod estate;
pub mod events;
pub mod exceptions;
pub mod flows;
pub mod ledger;
pub mod limits;
pub mod live;
pub mod merges;
pub mod notices;
pub mod numbers;
pub mod owners;
pub mod people;
pub mod plans;
pub mod population;
pub mod probe;
mod reason;
pub mod reconcile;
pub mod record;
pub mod reviews;
pub mod rules;
pub mod runs;
pub mod sets;
pub mod sources;
pub mod steps;
pub mod tasks;
pub mod tickets;
pub mod tokens;
pub mod versions;
pub mod workflows;

pub use cx::{Cx, House};
pub use error::AppError;
pub use estate::{Estate, Workflow};
pub use live::{Builder, Built, CannotBuild, InForce, Live};
pub use probe::{NoProbe, Point, Probe};
