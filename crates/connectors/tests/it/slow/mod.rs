//! Tests that start servers which take seconds.

mod sql;
