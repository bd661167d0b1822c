//! Connectors written in code. Each one implements [`tenure_connect::Connector`] and knows one
//! protocol; none of them decides what should be true. Look at [`ldap`] for the exemplar. Those
//! that speak HTTP share a client and are in `services`; what is reached through programs of
//! others is in `outside`, and so is the SSH client that feeds are fetched with.

pub mod file;
pub mod ldap;
pub mod limits;
pub mod sql;
