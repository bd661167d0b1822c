//! Servers of others that are packages of Python: the applications that packs are held against,
//! and those whom notices go to.
//!
//! What is installed is pinned, one file for each, and each has an environment of its own.

use super::python;
use crate::machine::Workspace;
use crate::trouble::Result;

/// The applications, by the names of their files in `crates/testkit/apps`.
const APPS: [&str; 3] = ["aws-iam", "pocketbase", "synapse"];

/// Installs the applications unless they are there as pinned.
pub fn provide(workspace: &Workspace) -> Result<()> {
    let provide =
        |app: &&str| python::provide(workspace, &format!("apps/{app}"), &format!("crates/testkit/apps/{app}.txt"));
    APPS.iter().try_for_each(provide)
}

/// Installs a mail server and a receiver of webhooks unless they are there as pinned.
pub fn provide_notices(workspace: &Workspace) -> Result<()> {
    python::provide(workspace, "notices", "crates/testkit/notices/requirements.txt")
}
