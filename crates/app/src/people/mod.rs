//! People, and why they have what they have.

pub mod decided;
pub mod facts;
pub mod list;
pub mod plan;
pub mod replay;
pub(crate) mod settle;
pub mod show;
pub mod story;
pub mod why;
