//! The command line from outside: the built binary, its output, and how it ends.
//!
//! The peer that it asks plays whatever a network may put there: refusals, proxies, silence. What
//! a real server answers is tested where the server is.

#[cfg(test)]
mod asking;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod conforming;
#[cfg(test)]
mod deciding;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod tenure;
#[cfg(test)]
mod verifying;
#[cfg(test)]
mod words;
