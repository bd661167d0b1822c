//! People, and why they have what they have.

pub mod facts;
pub mod list;
pub mod plan;
pub(crate) mod settle;
pub mod show;
pub mod story;
pub mod why;
