//! Programs that `cargo xtask test` installs for the tests into the folder that builds go to.
#![expect(clippy::panic, reason = "a test that has no server must stop and say why")]

use std::path::PathBuf;

/// The folder below the target folder that holds them; `xtask` writes it.
const FOLDER: &str = "test-tools";

/// Where a program is that was installed for the tests.
pub fn find(path: &str) -> PathBuf {
    let ourselves = std::env::current_exe().unwrap_or_default();
    let found = ourselves.ancestors().map(|folder| folder.join(FOLDER).join(path)).find(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!("there is no `{FOLDER}/{path}` beside the build; `cargo xtask test` installs it once")
    })
}
