//! Signed webhooks that come in.

pub(super) mod receive;
