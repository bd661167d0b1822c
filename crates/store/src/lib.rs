//! All SQL, written once for SQLite and PostgreSQL.
//!
//! One module per aggregate with free functions over a [`Tx`], and [`journal`], which is what the
//! engine asks of a database. It decides nothing about identity and performs no effect. Start at
//! [`Store`]; what differs between the two databases is in `db/dialect.rs` and nowhere else.

pub mod accounts;
pub mod attestations;
pub mod awaits;
pub mod cases;
mod db;
pub mod decisions;
pub mod deputies;
pub mod drifts;
pub mod engagements;
pub mod entitlements;
pub mod error;
pub mod estates;
pub mod events;
pub mod exceptions;
pub mod facts;
pub mod fold;
pub mod grants;
pub mod journal;
pub mod ledger;
pub mod limits;
pub mod merges;
pub mod migrate;
pub mod names;
pub mod notices;
pub mod observations;
pub mod people;
pub mod plans;
pub mod population;
pub mod readings;
pub mod removals;
pub mod runs;
pub mod schedules;
pub mod sets;
pub mod settings;
pub mod source_readings;
pub mod starts;
pub mod tasks;
pub mod tickets;
pub mod tokens;
pub mod url;
pub mod values;

pub use db::Store;
pub use db::row::{Fields, Param, Row};
pub use db::tx::Tx;
pub use error::{OpenError, StoreError};
pub use limits::StoreLimits;
pub use url::DatabaseUrl;
