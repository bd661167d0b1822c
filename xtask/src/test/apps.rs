//! Servers of others that are packages of Python: the applications that packs are held against,
//! and those whom notices go to.
//!
//! What is installed is pinned, one file for each, and each has an environment of its own.

use super::{keystone, python, roundup};
use crate::machine::Workspace;
use crate::trouble::Result;

/// The applications, by the names of their files in `crates/testkit/apps`.
const APPS: [&str; 5] = ["aws-iam", "keystone", "pocketbase", "roundup", "synapse"];

/// Installs the applications unless they are there as pinned.
pub fn provide(workspace: &Workspace) -> Result<()> {
    for app in APPS {
        let (name, pins) = (format!("apps/{app}"), format!("crates/testkit/apps/{app}.txt"));
        python::provide_and(workspace, &name, &pins, |home| match app {
            "keystone" => keystone::make(home),
            "roundup" => roundup::make(home),
            _ => Ok(()),
        })?;
    }
    Ok(())
}

/// Installs a mail server and a receiver of webhooks unless they are there as pinned.
pub fn provide_notices(workspace: &Workspace) -> Result<()> {
    python::provide(workspace, "notices", "crates/testkit/notices/requirements.txt")
}
