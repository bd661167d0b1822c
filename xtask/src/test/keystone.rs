//! The database that OpenStack Keystone is started with in tests: to make it takes longer than all
//! that is tested on it, so it is made when Keystone is installed, and copied for each test.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use crate::machine;
use crate::trouble::{Because, Result};

/// What the administrator signs in with, as testkit knows it too.
const PASSWORD: &str = "Adm1n-of-tests!";
/// What tokens are sealed with: thirty-two bytes that are no secret.
const KEY: &str = "dGVudXJlLXRlc3RzLXRlbnVyZS10ZXN0cy10ZW51cmU=";

/// Makes it, and the settings that go with it, in this folder.
pub fn make(home: &Path) -> Result<()> {
    let (keys, path) = (home.join("keys"), home.join("keystone.conf"));
    let wrote = |path: &Path| format!("cannot write `{}`", path.display());
    fs::DirBuilder::new().mode(0o700).create(&keys).because(|| wrote(&keys))?;
    let key = keys.join("0");
    fs::write(&key, KEY).because(|| wrote(&key))?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).because(|| wrote(&key))?;
    fs::write(&path, settings(home, &keys)).because(|| wrote(&path))?;
    for arguments in [&["db_sync"][..], &["bootstrap", "--bootstrap-password", PASSWORD]] {
        let mut command = Command::new(home.join("bin/keystone-manage"));
        command.arg("--config-file").arg(&path).args(arguments);
        machine::output(&mut command)?;
    }
    Ok(())
}

/// Settings under which a request takes a few hundredths of a second: as they come, hashes are
/// dear, the disk is waited for, and for each request every role is looked up again.
fn settings(home: &Path, keys: &Path) -> String {
    let sealed = ["fernet_tokens", "fernet_receipts", "credential"];
    let sealed = sealed.map(|section| format!("[{section}]\nkey_repository = {}\n", keys.display())).concat();
    format!(
        "[database]\nconnection = sqlite:///{}/keystone.db\nsqlite_synchronous = false\n\
         [identity]\npassword_hash_rounds = 4\n\
         [cache]\nenabled = true\nbackend = oslo_cache.dict\n{sealed}",
        home.display()
    )
}
