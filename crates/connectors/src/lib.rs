//! Connectors written in code. Each one implements [`tenure_connect::Connector`] and knows one
//! protocol; none of them decides what should be true. Look at [`ldap`] for the exemplar. Those
//! that speak HTTP share a client and are in `services`; programs of others are in `outside`.

pub mod file;
pub mod ldap;
pub mod limits;
mod openssh;
pub mod sql;
pub mod ssh;
