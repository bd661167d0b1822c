//! The World for tests: databases, clocks, ids, real servers. Never part of the product.

pub mod seeds;
