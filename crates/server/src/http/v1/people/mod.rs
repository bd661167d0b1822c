//! People.

pub(super) mod accounts;
pub(super) mod list;
pub(super) mod merge;
pub(super) mod name;
pub(super) mod plan;
pub(super) mod rehearse;
pub(super) mod show;
pub(super) mod split;
pub(super) mod sponsor;
pub(super) mod story;
pub(super) mod whatif;
pub(super) mod why;
