//! Questions that only a human can answer.

pub mod list;
pub mod resolve;
pub mod show;
