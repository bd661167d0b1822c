//! The estate as text: strict YAML documents, each of a kind, checked together.
//!
//! It reads texts that it is given and says everything that is wrong with them at once, each with
//! file, line and column, a code, the reason and a way out. It opens no file, talks to nobody and
//! is the only crate that knows YAML. Start at [`Estate::read`].

mod authority;
mod brake;
mod connection;
pub mod diff;
mod document;
pub mod edit;
pub mod entra;
mod estate;
mod feed;
mod fields;
mod fix;
mod format;
mod generator;
mod group;
pub mod limits;
mod lint;
mod mapping;
mod names;
mod notice;
mod people;
mod problem;
mod role;
mod rule;
mod schema;
mod secrets;
mod shape;
mod source;
mod team;
mod tree;
mod watching;

pub use connection::{Connection, Direction, Guard};
pub use document::{Kind, ManagedBy};
pub use estate::{Estate, Written};
pub use feed::Feed;
pub use fix::{repair, spot};
pub use format::format;
pub use lint::lint;
pub use notice::{Channel, Via};
pub use problem::{Code, Place, Problem};
pub use schema::schemas;
pub use team::Team;
