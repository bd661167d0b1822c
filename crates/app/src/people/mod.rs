//! People, and why they have what they have.

pub mod decided;
pub mod facts;
pub(crate) mod hold;
pub mod list;
pub mod names;
pub mod plan;
pub mod remerge;
pub mod replay;
pub(crate) mod settle;
pub mod show;
pub mod sponsor;
pub mod story;
pub mod why;
