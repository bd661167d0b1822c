//! What would change, without changing anything.

pub(super) mod rule;
