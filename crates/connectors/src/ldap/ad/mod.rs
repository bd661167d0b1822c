//! Active Directory, of Microsoft or of Samba: what a domain controller does its own way.
//!
//! The rest is LDAP as anywhere, so this is a dialect of the room above and has no connections,
//! paging or faults of its own. Everything goes over `ldaps://`.

pub(super) mod codes;
mod config;
pub(super) mod dirsync;
pub(super) mod mailbox;
pub(super) mod numbers;
pub(super) mod password;
pub(super) mod primary;

pub use config::{AdChanges, AdConfig, AdGroups, AdPeople};

use tenure_connect::{Refusal, RefusalClass};

use super::pool::Lease;
use super::read::root;

/// The capability by which a domain controller makes itself known.
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";

/// Demands that the server is a domain controller.
pub(super) async fn demand_domain(lease: &mut Lease, server: &str) -> Result<(), Refusal> {
    if root(lease, "supportedCapabilities").await?.iter().any(|capability| capability == ACTIVE_DIRECTORY) {
        return Ok(());
    }
    let message = format!("`{server}` is no domain controller of Active Directory; use the connector `ldap` for it");
    Err(Refusal::new(RefusalClass::Unsupported, message))
}
