//! People, and why they have what they have.

pub mod facts;
pub mod list;
pub mod plan;
pub mod show;
pub mod why;
