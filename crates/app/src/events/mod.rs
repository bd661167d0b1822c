//! Facts from sources.

pub mod accept;
pub mod list;
pub(crate) mod mapped;
pub(crate) mod meaning;
pub mod show;
pub mod source;
