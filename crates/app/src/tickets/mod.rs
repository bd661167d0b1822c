//! Tasks that are also tickets in the system in which a team does its work: wanted in the
//! transaction of the task, opened and followed afterwards. Start at [`follow`].
//!
//! Only work has tickets. Who says yes to something, or that something is so, must be somebody
//! whom we know; the word of a ticket system about who closed a ticket is not enough for that.

pub mod follow;
mod settle;
pub(crate) mod want;
