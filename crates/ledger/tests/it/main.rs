//! The ledger from outside: whole logs, honest and tampered with.
//!
//! Every attack has a good twin beside it, so that a verifier that refuses everything fails too.

#[cfg(test)]
mod log;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod verification;
