//! Graphs as data: workflows, and later journeys. Pure: no IO, no clock, no chance, no async.
//!
//! [`compile`] turns a workflow as people write it into a graph, and proves of it what can be
//! proved; [`kinds`] lists every step there is. [`Graph`] is read and checked once; [`decide`] turns an event into facts and effects;
//! [`evolve`] folds facts into a [`RunState`]. Recovery runs `evolve` only. The engine performs
//! the effects and knows nothing of steps. Start at [`mod@decide`].

pub mod back;
pub mod condition;
pub mod decide;
pub mod formula;
pub mod graph;
pub mod kinds;
pub mod language;
pub mod limits;
pub mod moment;
pub mod moves;
pub mod redraft;
pub mod schedule;
pub mod start;
pub mod state;
pub mod undo;
pub mod view;

pub use back::TakeBack;
pub use condition::Condition;
pub use decide::{Decision, decide};
pub use formula::Formula;
pub use graph::{BadGraph, Graph, GraphText, Step};
pub use language::{Compiled, Fault, compile};
pub use moment::{Calendar, Moment, Span};
pub use moves::misfits;
pub use schedule::Schedule;
pub use state::{Node, Phase, Record, RunState, evolve};
pub use view::{Standing, Wait, standing, waits};
