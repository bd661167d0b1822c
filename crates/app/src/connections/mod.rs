//! Connected systems.

pub mod check;
pub mod list;
