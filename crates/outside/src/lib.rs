//! Connectors that reach a system through somebody else: a program of others, or a human. Each one
//! implements [`tenure_connect::Connector`]; none of them decides what should be true, and none
//! speaks a protocol of a target. Start at [`process`] and [`manual`]; accounts on hosts are
//! reached through the OpenSSH client ([`ssh`]), which feeds are fetched with too ([`openssh`]).

pub mod limits;
pub mod manual;
pub mod openssh;
pub mod process;
pub mod ssh;

pub use manual::{ManualConfig, ManualConnector};
pub use process::{ProcessConfig, ProcessConnector};
pub use ssh::{SshConfig, SshConnector};
