//! The domain of the tests: made once by Samba beside the build, and copied by every test.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::machine::{self, Workspace};
use crate::metadata::Metadata;
use crate::trouble::{Because, Result};

/// Where testkit looks for it, below the target folder.
const FOLDER: &str = "test-tools/samba";
/// What it is made with. `testkit::samba` knows the same names and password.
const PROVISION: [&str; 11] = [
    "domain",
    "provision",
    "--realm=LAB.TEST",
    "--domain=LAB",
    "--host-name=dc1",
    "--host-ip=127.0.0.1",
    "--server-role=dc",
    "--dns-backend=NONE",
    "--adminpass=Only-4-Tests",
    "--option=ldb:nosync=true",
    "--option=bind interfaces only=yes",
];

/// Makes the domain unless it is there, made by this Samba in this way.
pub fn provide(workspace: &Workspace) -> Result<()> {
    let folder = PathBuf::from(Metadata::ours(workspace)?.target_directory).join(FOLDER);
    let version = machine::output_quietly(Command::new("samba").arg("--version"))?;
    let made = format!("{version}{}", PROVISION.join(" "));
    let (domain, stamp) = (folder.join("domain"), folder.join("made"));
    if fs::read_to_string(&stamp).is_ok_and(|before| before == made) {
        return Ok(());
    }
    machine::say(&format!("test: making a domain in `{}`, of which the tests start copies", folder.display()));
    if folder.exists() {
        fs::remove_dir_all(&folder).because(|| format!("cannot empty `{}`", folder.display()))?;
    }
    fs::create_dir_all(&domain).because(|| format!("cannot make `{}`", domain.display()))?;
    let mut provision = Command::new("samba-tool");
    provision.args(PROVISION).arg(format!("--targetdir={}", domain.display()));
    machine::output_quietly(&mut provision)?;
    fs::write(&stamp, made).because(|| format!("cannot write `{}`", stamp.display()))
}
