//! The audit record: sealed in the background, listed and verified on demand.

pub mod list;
pub mod seal;
pub mod verify;
