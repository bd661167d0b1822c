//! The tracker that Roundup is started with in tests: made when Roundup is installed, and copied
//! for each test.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::machine;
use crate::trouble::{Because, Result};

/// What the administrator signs in with, as testkit knows it too.
const PASSWORD: &str = "Adm1n-of-tests!";

/// Makes it in this folder. As it comes, hashes of passwords take seconds, and it answers only at the
/// address that it was given; a test does not know its port before it listens.
pub fn make(home: &Path) -> Result<()> {
    let tracker = home.join("tracker");
    let admin = |arguments: &[&str]| {
        let mut command = Command::new(home.join("bin/roundup-admin"));
        machine::output(command.arg("-i").arg(&tracker).args(arguments)).map(drop)
    };
    let settings = "tracker_name=tests,tracker_web=http://127.0.0.1/,mail_domain=example.org,mail_host=127.0.0.1,\
                    mail_debug=mail.txt,password_pbkdf2_default_rounds=1000,web_allowed_api_origins=*,\
                    web_csrf_enforce_header_host=no";
    admin(&["install", "classic", "sqlite", settings])?;
    admin(&["initialise", PASSWORD])?;
    let stray = tracker.join("db/lock");
    if stray.exists() {
        fs::remove_file(&stray).because(|| format!("cannot remove `{}`", stray.display()))?;
    }
    Ok(())
}
