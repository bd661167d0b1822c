//! The settings of a connection to a Linux host.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tenure_connect::SecretRef;

use super::gecos::Field;
use crate::limits::SSH_PATH_LENGTH_MAX;
use crate::openssh::{Host, is_plain};

/// The settings of a connection to a Linux host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SshConfig {
    /// The host.
    pub host: String,
    /// The port.
    #[serde(default = "ssh_port")]
    pub port: u16,
    /// Who we are there: root, or an account that may become root without a password.
    pub user: String,
    /// Our private key, as `file:PATH`.
    pub identity: SecretRef,
    /// The keys of the host that are believed, as OpenSSH writes them.
    pub known_hosts: PathBuf,
    /// Become root with `sudo`.
    #[serde(default)]
    pub sudo: bool,
    /// The uids of people; what the host's `/etc/login.defs` says if none.
    #[serde(default)]
    pub uids: Option<Uids>,
    /// Accounts that are never touched, besides root, ourselves, and those beyond the uids.
    #[serde(default)]
    pub protected: BTreeSet<String>,
    /// The part of the comment that says whose an account is; no two accounts share its value.
    #[serde(default = "other")]
    pub person_field: Field,
    /// Where keys are, as in `AuthorizedKeysFile` of the host's SSH server.
    #[serde(default = "key_files")]
    pub authorized_keys: Vec<String>,
    /// Groups whose members can do what root can.
    #[serde(default = "privileged")]
    pub privileged: BTreeSet<String>,
    /// What becomes of the home folder of a deleted account.
    #[serde(default)]
    pub home: Home,
    /// Where home folders are archived; they are not if this is not said. Root's alone.
    #[serde(default)]
    pub archive: Option<String>,
    /// The folder that shared drives are in; there are none if this is not said. Root's, and nobody
    /// else may write to it.
    #[serde(default)]
    pub drives: Option<String>,
    /// Write nothing.
    #[serde(default)]
    pub read_only: bool,
}

/// The uids of people, from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uids {
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
}

/// What becomes of the home folder of a deleted account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Home {
    /// It stays, under a uid that nobody gets again.
    #[default]
    Keep,
    /// It is removed with everything in it.
    Remove,
}

impl Home {
    /// The word for it in a request.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Remove => "remove",
        }
    }
}

fn ssh_port() -> u16 {
    22
}

fn other() -> Field {
    Field::Other
}

fn key_files() -> Vec<String> {
    [".ssh/authorized_keys", ".ssh/authorized_keys2"].map(str::to_owned).into()
}

fn privileged() -> BTreeSet<String> {
    ["root", "sudo", "wheel", "admin", "docker", "lxd", "disk", "shadow"].map(str::to_owned).into()
}

/// Why settings make no sense.
#[derive(Debug, thiserror::Error)]
#[error("`{place}` {reason}")]
pub struct BadSshConfig {
    place: &'static str,
    reason: &'static str,
}

impl SshConfig {
    /// Whether the settings make sense.
    pub(super) fn check(&self) -> Result<(), BadSshConfig> {
        let bad = |place, reason| Err(BadSshConfig { place, reason });
        // These become arguments of a program, where a leading dash would be an option.
        for (place, text) in [("host", &self.host), ("user", &self.user)] {
            if !is_plain(text) {
                return bad(place, "must be letters, digits, dots, colons and dashes");
            }
        }
        if self.identity_file().is_none() {
            return bad("identity", "must be a file, because the SSH client reads it itself; use `file:PATH`");
        }
        if !self.known_hosts.is_absolute() || self.known_hosts.to_string_lossy().contains(['"', '\n']) {
            return bad("knownHosts", "must be an absolute path without quotes");
        }
        if self.uids.is_some_and(|uids| uids.first == 0 || uids.first > uids.last || uids.last == u32::MAX) {
            return bad("uids", "must go from `first` to `last`, without 0, which is root");
        }
        if self.authorized_keys.is_empty() {
            return bad("authorizedKeys", "must name at least one file, such as `.ssh/authorized_keys`");
        }
        let strange = |file: &String| file.is_empty() || file.chars().any(char::is_control) || has_other_token(file);
        if self.authorized_keys.iter().any(strange) {
            return bad("authorizedKeys", "must be paths, in which `%h`, `%u`, `%U` and `%%` are all that is replaced");
        }
        if self.archive.as_ref().is_some_and(|folder| !is_folder(folder)) {
            return bad("archive", "must be an absolute path of letters, digits and `._-`, without `..`");
        }
        if self.drives.as_ref().is_some_and(|folder| !is_folder(folder)) {
            return bad("drives", "must be an absolute path of letters, digits and `._-`, without `..`");
        }
        if let (Some(drives), Some(archive)) = (&self.drives, &self.archive)
            && (Path::new(drives).starts_with(archive) || Path::new(archive).starts_with(drives))
        {
            return bad("drives", "must be apart from `archive`, so that no archive is taken for a drive");
        }
        Ok(())
    }

    pub(super) fn identity_file(&self) -> Option<&Path> {
        match &self.identity {
            SecretRef::File(path) => Some(path),
            SecretRef::Vault(_) => None,
        }
    }

    /// The way there.
    pub(super) fn there(&self) -> Host<'_> {
        let identity = self.identity_file().unwrap_or_else(|| Path::new("/dev/null"));
        Host {
            host: &self.host,
            port: self.port,
            user: &self.user,
            identity,
            known_hosts: &self.known_hosts,
            settings: "",
        }
    }

    /// Whether nobody may touch the account of this name, whatever its uid.
    pub(super) fn protects(&self, login: &str) -> bool {
        login == "root" || login == self.user || self.protected.contains(login)
    }
}

fn is_folder(text: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "._-".contains(sign);
    let part = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(plain);
    text.len() <= SSH_PATH_LENGTH_MAX && text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(part))
}

fn has_other_token(file: &str) -> bool {
    let mut signs = file.chars();
    while let Some(sign) = signs.next() {
        if sign == '%' && !matches!(signs.next(), Some('h' | 'u' | 'U' | '%')) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn check(more: &Json) -> Result<(), String> {
        let mut config = json!({
            "host": "web1.example.org", "user": "tenure", "identity": "file:/k", "knownHosts": "/etc/tenure/hosts",
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let config: SshConfig = serde_json::from_value(config).map_err(|error| error.to_string())?;
        config.check().map_err(|bad| bad.to_string())
    }

    #[test]
    fn what_would_be_careless_is_refused() {
        assert_eq!(check(&json!({})), Ok(()));
        assert_eq!(check(&json!({ "drives": "/srv/drives", "archive": "/srv/drives-archive" })), Ok(()));
        for bad in [
            json!({ "host": "-oProxyCommand=id" }),
            json!({ "user": "a b" }),
            json!({ "identity": "vault:k" }),
            json!({ "knownHosts": "known_hosts" }),
            json!({ "uids": { "first": 0, "last": 10 } }),
            json!({ "uids": { "first": 11, "last": 10 } }),
            json!({ "authorizedKeys": [] }),
            json!({ "authorizedKeys": ["/etc/keys/%i"] }),
            json!({ "archive": "archive" }),
            json!({ "archive": "/" }),
            json!({ "archive": "/var/../etc" }),
            json!({ "archive": "/var/lib/tenure/$(id)" }),
            json!({ "drives": "/srv/.." }),
            json!({ "drives": "/srv/drives", "archive": "/srv/drives/archive" }),
            json!({ "drives": "/srv/drives", "archive": "/srv/drives" }),
            json!({ "drives": "/srv/archive/drives", "archive": "/srv/archive" }),
            json!({ "password": "hunter2" }),
        ] {
            assert!(check(&bad).is_err(), "{bad}");
        }
    }
}
