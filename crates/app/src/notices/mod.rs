//! What the outside is told.

pub mod deliver;
