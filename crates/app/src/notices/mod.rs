//! What the outside is told.

pub mod deliver;
pub mod list;
pub mod settle;
pub mod write;
