//! Who is let off which rule.

pub(super) mod end;
pub(super) mod grant;
pub(super) mod list;
