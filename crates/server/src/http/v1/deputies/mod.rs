//! Who stands in for whom.

pub(super) mod add;
pub(super) mod end;
pub(super) mod list;
