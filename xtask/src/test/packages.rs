//! Servers that tests need, and how they come onto the machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::limits::INSTALL_LOCK_S_MAX;
use crate::machine;
use crate::trouble::{Result, Trouble};

/// A server that some tests start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The store's tests run on it besides SQLite.
    Postgres,
    /// The connectors' tests write to it and read back.
    Slapd,
    /// The connectors' tests write to two of them and read back.
    Scim,
    /// The packs are held against them.
    Apps,
    /// Notices go to its mail server and its receiver of webhooks.
    Notices,
    /// Accounts are kept in it.
    Mariadb,
    /// Feeds are fetched from it.
    Sshd,
    /// A host with accounts of its own, to which the connectors' tests write.
    Host,
    /// A domain of Active Directory.
    Samba,
}

/// All of them.
const EVERY: [Need; 9] = [
    Need::Postgres,
    Need::Slapd,
    Need::Scim,
    Need::Apps,
    Need::Notices,
    Need::Mariadb,
    Need::Sshd,
    Need::Host,
    Need::Samba,
];

/// What starts a broker; it is on nobody's path.
const RABBITMQ: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// What answers to the API of Zabbix, and what its database is made from.
const ZABBIX_PAGES: &str = "/usr/share/zabbix/api_jsonrpc.php";
const ZABBIX_TABLES: &str = "/usr/share/zabbix-server-pgsql/schema.sql.gz";
/// What Dovecot is, what brings it mail, what it is read by, and what runs scripts.
const DOVECOT: [&str; 4] = [
    "/usr/sbin/dovecot",
    "/usr/lib/dovecot/lmtp",
    "/usr/lib/dovecot/imap",
    "/usr/lib/dovecot/modules/lib90_sieve_plugin.so",
];

/// Crates that need less than everything. A crate that is not listed gets every server.
const NEEDS: &[(&str, &[Need])] = &[
    ("xtask", &[]),
    ("tenure-api", &[]),
    ("tenure-blueprint", &[]),
    ("tenure-connect", &[]),
    ("tenure-connectors", &[Need::Postgres, Need::Slapd, Need::Mariadb, Need::Sshd, Need::Samba]),
    ("tenure-engine", &[]),
    ("tenure-flow", &[]),
    ("tenure-ledger", &[]),
    ("tenure-model", &[]),
    ("tenure-outside", &[Need::Host]),
    ("tenure-policy", &[]),
    ("tenure-services", &[Need::Scim, Need::Apps, Need::Notices]),
    ("tenure-store", &[Need::Postgres]),
];

/// What the tests of one package need, or of all.
pub fn needs_of(package: Option<&str>) -> &'static [Need] {
    let listed = package.and_then(|package| NEEDS.iter().find(|(name, _)| *name == package));
    listed.map_or(&EVERY, |(_, needs)| needs)
}

/// Installs what is missing where we may, and otherwise says what to install.
pub fn provide(needs: &[Need]) -> Result<()> {
    let missing: Vec<&str> =
        needs.iter().filter(|need| !is_there(**need)).flat_map(|need| debian(*need)).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !(Path::new("/etc/debian_version").exists() && machine::installed("apt-get") && machine::is_root()) {
        return Err(Trouble::new(format!(
            "test: these are missing: {}; install them (Debian: `sudo apt-get install {0}`), or run `cargo test`, which leaves out what needs a server",
            missing.join(" ")
        )));
    }
    machine::say(&format!("test: installing {}, which the tests start on loopback and stop again", missing.join(" ")));
    machine::run(apt().arg("update"))?;
    machine::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(&missing))?;
    match needs.iter().find(|need| !is_there(**need)) {
        Some(need) => Err(Trouble::new(format!("test: {need:?} is still not there after the installation"))),
        None => Ok(()),
    }
}

/// The newest PostgreSQL of this machine: the folder with `initdb`.
pub fn postgres_programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(|entry| {
        let folder = entry.ok()?;
        let major: u32 = folder.file_name().to_str()?.parse().ok()?;
        Some((major, folder.path().join("bin")))
    });
    let newest = debian.filter(|(_, programs)| programs.join("initdb").is_file()).max();
    let path = machine::variable("PATH").unwrap_or_default();
    let listed =
        std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file());
    newest.map(|(_, programs)| programs).or(listed)
}

fn is_there(need: Need) -> bool {
    match need {
        Need::Postgres => postgres_programs().is_some(),
        Need::Slapd => ["slapd", "ldapsearch", "openssl"].into_iter().all(machine::installed),
        Need::Scim => ["node", "npm"].into_iter().all(machine::installed) && has_python_environments(),
        Need::Apps => {
            let files = [RABBITMQ, ZABBIX_PAGES, ZABBIX_TABLES];
            let there =
                files.into_iter().chain(DOVECOT).all(|file| Path::new(file).exists()) && machine::installed("php");
            there && has_python_environments() && postgres_programs().is_some()
        }
        Need::Notices => machine::installed("openssl") && has_python_environments(),
        Need::Mariadb => ["mariadbd", "mariadb-install-db", "mariadb"].into_iter().all(machine::installed),
        Need::Sshd => ["sshd", "ssh", "ssh-keygen"].into_iter().all(machine::installed),
        Need::Host => ["sshd", "ssh", "sudo", "unshare", "setpriv"].into_iter().all(machine::installed),
        // What a domain is made from is a package of its own.
        Need::Samba => {
            let made_from = Path::new("/usr/share/samba/setup/provision.ldif");
            ["samba", "samba-tool", "ldapsearch", "openssl"].into_iter().all(machine::installed) && made_from.exists()
        }
    }
}

/// Debian's Python comes without what makes its environments.
fn has_python_environments() -> bool {
    machine::answers("python3", &["-m", "ensurepip", "--version"])
}

const fn debian(need: Need) -> &'static [&'static str] {
    match need {
        Need::Postgres => &["postgresql-15"],
        Need::Slapd => &["slapd", "ldap-utils", "openssl"],
        Need::Scim => &["python3-venv", "nodejs", "npm"],
        Need::Apps => &[
            "python3-venv",
            "rabbitmq-server",
            "postgresql-15",
            "zabbix-frontend-php",
            "zabbix-server-pgsql",
            "php-cli",
            "php-pgsql",
            "php-curl",
            "dovecot-core",
            "dovecot-imapd",
            "dovecot-lmtpd",
            "dovecot-sieve",
        ],
        Need::Notices => &["python3-venv", "openssl"],
        Need::Mariadb => &["mariadb-server", "mariadb-client"],
        Need::Sshd => &["openssh-server", "openssh-sftp-server", "openssh-client"],
        Need::Host => &["openssh-server", "openssh-client", "sudo", "passwd", "util-linux", "procps"],
        Need::Samba => {
            &["samba", "samba-ad-provision", "samba-dsdb-modules", "samba-vfs-modules", "ldap-utils", "openssl"]
        }
    }
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").stdin(std::process::Stdio::null());
    command.args(["-q", "-o", &format!("DPkg::Lock::Timeout={INSTALL_LOCK_S_MAX}")]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pure_crates_need_no_server_and_unknown_ones_get_all() {
        assert!(needs_of(Some("tenure-policy")).is_empty());
        assert_eq!(needs_of(Some("tenure-store")), [Need::Postgres]);
        assert_eq!(needs_of(None).len(), 9);
        assert_eq!(needs_of(Some("tenure-brand-new")).len(), 9);
    }
}
