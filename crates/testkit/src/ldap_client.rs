//! The command-line clients of OpenLDAP, which look at a directory past our own code.
#![expect(clippy::panic, clippy::expect_used, reason = "a test without its client must stop and say why")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whom the clients speak to, and as whom.
pub(crate) struct Client<'a> {
    pub(crate) url: String,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) dn: &'a str,
    pub(crate) password: &'a str,
}

impl Client<'_> {
    /// What a client says, if it ends well.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Option<String> {
        self.ask(program, arguments).ok()
    }

    /// The same, or else what it complains of.
    pub(crate) fn ask(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(program);
        if let Some(ca_file) = &self.ca_file {
            command.env("LDAPTLS_CACERT", ca_file);
        }
        command.args(["-x", "-H", &self.url, "-D", self.dn, "-w", self.password]).args(arguments);
        let output = command.output().unwrap_or_else(|error| {
            panic!("there is no {program} ({error}); install it with `apt-get install ldap-utils`")
        });
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// Makes changes told as LDIF, by way of a file in this folder.
    pub(crate) fn change(&self, folder: &Path, ldif: &str) {
        let file = folder.join("change.ldif");
        fs::write(&file, ldif).expect("change.ldif");
        let done = self.ask("ldapmodify", &["-f", &file.display().to_string()]);
        assert!(done.is_ok(), "{done:?} for\n{ldif}");
    }
}
