//! Workflows, as they would be.

pub(super) mod redraft;
