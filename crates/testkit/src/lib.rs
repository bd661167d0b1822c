//! What tests of every crate share: real servers that are started, used and thrown away.
//!
//! Nothing here is part of the product, and nothing here imitates our own code.

pub mod slapd;
