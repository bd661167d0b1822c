//! Tests of the house as a whole.

mod crash;
mod seeds;
mod walk;
