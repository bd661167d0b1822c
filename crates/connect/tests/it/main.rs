//! The contract against systems that misbehave, and the pace at which they are asked.

#[cfg(test)]
mod chaos;
#[cfg(test)]
mod exceptions;
#[cfg(test)]
mod governed;
