//! Durable runs, as people see and steer them.

pub(crate) mod above;
pub(crate) mod alone;
pub mod edit;
pub mod list;
pub mod migrate;
pub mod redraft;
pub mod replay;
pub mod show;
pub mod stand;
pub mod start;
pub mod tell;
pub mod undo;
