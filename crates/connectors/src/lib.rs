//! Connectors written in code. Each one implements [`tenure_connect::Connector`] and knows one
//! protocol; none of them decides what should be true. Look at [`ldap`] for the exemplar.

pub mod file;
pub mod hook;
pub mod http;
pub mod ldap;
pub mod limits;
pub mod mail;
pub mod process;
pub mod rest;
pub mod scim;
pub mod sql;
mod trust;
pub mod web;
