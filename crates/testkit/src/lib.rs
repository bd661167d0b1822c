//! What tests of every crate share: real servers that are started, used and thrown away, and the
//! engine under its simulator.
//!
//! Nothing here is part of the product, and nothing here imitates our own code.

pub mod act;
pub mod apps;
pub mod chaos;
pub mod company;
mod daemon;
pub mod databases;
pub mod faulty;
pub mod graph;
pub mod held;
pub mod host;
mod ldap_client;
pub mod mariadb;
pub mod notices;
pub mod peer;
pub mod plants;
pub mod postgresql;
pub mod running;
pub mod samba;
pub mod scim;
pub mod seeds;
pub mod slapd;
pub mod sshd;
pub mod stepped;
pub mod tools;
pub mod trial;
pub mod wire;
