//! Services that are spoken to over HTTP: SCIM, whatever a pack describes, and webhooks.
//!
//! The connectors here implement [`tenure_connect::Connector`] as those in `connectors` do; what
//! they share is [`http`]: signing in, the pace, the pauses, and what an answer means. Look at
//! [`scim`] for the exemplar.

pub mod hook;
pub mod http;
pub mod limits;
mod look;
pub mod rest;
pub mod scim;
pub mod web;
