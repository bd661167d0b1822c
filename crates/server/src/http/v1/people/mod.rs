//! People.

pub(super) mod accounts;
pub(super) mod list;
pub(super) mod plan;
pub(super) mod show;
pub(super) mod story;
pub(super) mod whatif;
pub(super) mod why;
