//! A durable runner that knows nothing of identity.

pub mod journal;
