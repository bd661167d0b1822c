//! Services that are spoken to over HTTP: SCIM and whatever a pack describes; and the channels by
//! which notices go out: webhooks and mail.
//!
//! The connectors here implement [`tenure_connect::Connector`] as those in `connectors` do; what
//! they share is [`http`]: signing in, the pace, the pauses, and what an answer means. Look at
//! [`scim`] for the exemplar.

pub mod hook;
pub mod http;
pub mod limits;
mod look;
pub mod mail;
pub mod rest;
pub mod scim;
pub mod web;
