//! The bodies, one file per noun. Output types accept unknown fields when read, so that an old
//! client survives a new server; input types refuse them, so that a typing error is not lost.

pub mod access;
pub mod account;
pub mod case;
pub mod connection;
pub mod deputy;
pub mod drift;
pub mod estate;
pub mod event;
mod event_in;
pub mod exception;
pub mod ledger;
pub mod merge;
pub mod notice;
pub mod page;
pub mod person;
pub mod plan;
pub mod plans;
pub mod redraft;
pub mod rehearsal;
pub mod review;
pub mod run;
pub mod set;
pub mod source_reading;
pub mod story;
pub mod system;
pub mod task;
pub mod token;
pub mod undo;
pub mod value;
pub mod why;
