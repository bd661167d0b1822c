//! The estate as text: strict YAML documents, each of a kind, checked together.
//!
//! It reads texts that it is given and says everything that is wrong with them at once, each with
//! file, line and column, a code, the reason and a way out. It opens no file, talks to nobody and
//! is the only crate that knows YAML. Start at [`Estate::read`].

mod authority;
mod connection;
pub mod diff;
mod document;
mod estate;
mod feed;
mod fields;
mod generator;
pub mod limits;
mod mapping;
mod notice;
mod people;
mod problem;
mod role;
mod secrets;
mod team;
mod tree;

pub use connection::{Connection, Direction, Guard};
pub use document::Kind;
pub use estate::{Estate, Written};
pub use feed::Feed;
pub use notice::{Channel, Via};
pub use problem::{Code, Place, Problem};
pub use team::Team;
