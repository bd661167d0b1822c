//! Tests that start servers which take seconds.

mod ad;
mod sql;
