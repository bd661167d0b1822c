//! The services, real ones and those that misbehave. One binary for all of them.

#[cfg(test)]
mod hook;
#[cfg(test)]
mod http;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod rest;
#[cfg(test)]
mod scim;
