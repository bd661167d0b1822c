//! A real domain controller of Active Directory, by Samba, for one test.
//!
//! A domain takes seconds to make, so `cargo xtask test` makes one and every test starts a copy of
//! it, on an address of its own because the ports of a domain controller are fixed. It has the
//! containers `ou=people` and `ou=groups` and the groups `staff` and `finance`. It speaks LDAPS
//! only, and is killed and its folder removed when the value is dropped.
#![expect(clippy::expect_used, reason = "a test that has no server must stop and say why")]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::ldap_client::Client;
use crate::slapd::{certificates_at, folder_in_memory, run};
use crate::{daemon, tools};

const SAMBA: &str = "/usr/sbin/samba";
const LDAPS_PORT: u16 = 636;
const READY_POLLS_MAX: u32 = 3_000;

/// The base of every such domain.
pub const BASE_DN: &str = "dc=lab,dc=test";
/// Its administrator.
pub const ADMIN: &str = "Administrator@lab.test";
/// The administrator's password; `xtask` makes the domain with it.
pub const ADMIN_PASSWORD: &str = "Only-4-Tests";

/// A running domain controller.
#[derive(Debug)]
pub struct Samba {
    child: Child,
    folder: TempDir,
    address: Ipv4Addr,
}

impl Samba {
    /// Starts one.
    pub async fn start() -> Self {
        let made = tools::find("samba/domain");
        let folder = folder_in_memory();
        run(Command::new("cp").arg("-a").arg(made.join(".")).arg(folder.path()));
        let password = folder.path().join("password");
        fs::write(&password, ADMIN_PASSWORD).expect("the password file");
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).expect("its mode");
        let path = folder.path();
        let ready = |port| TcpStream::connect(SocketAddr::from((address_of(port), LDAPS_PORT))).is_ok();
        let (child, port) =
            daemon::start("samba", path, READY_POLLS_MAX, |port| spawn(path, address_of(port)), ready).await;
        let samba = Self { child, folder, address: address_of(port) };
        samba.change(&seed());
        samba
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("ldaps://{}:{LDAPS_PORT}", self.address)
    }

    /// The same as an address.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((self.address, LDAPS_PORT))
    }

    /// The file with the administrator's password.
    pub fn password_file(&self) -> PathBuf {
        self.file("password")
    }

    /// A file of its folder: `ca.crt` is the certificate of the authority that signed the server's,
    /// `server.crt` and `server.key`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Whether somebody can sign in, asked with a client of somebody else; if not, what is said.
    pub fn sign_in(&self, name: &str, password: &str) -> Result<(), String> {
        self.client(name, password).ask("ldapsearch", &["-b", "", "-s", "base", "1.1"]).map(drop)
    }

    /// What a client of somebody else finds, as LDIF.
    pub fn search(&self, base: &str, filter: &str, attributes: &[&str]) -> String {
        let arguments = [&["-LLL", "-o", "ldif-wrap=no", "-b", base, filter], attributes].concat();
        self.admin().run("ldapsearch", &arguments).unwrap_or_default()
    }

    /// Makes changes as the administrator, told as LDIF.
    pub fn change(&self, ldif: &str) {
        self.admin().change(self.folder.path(), ldif);
    }

    fn admin(&self) -> Client<'_> {
        self.client(ADMIN, ADMIN_PASSWORD)
    }

    fn client<'a>(&self, dn: &'a str, password: &'a str) -> Client<'a> {
        Client { url: self.url(), ca_file: Some(self.file("ca.crt")), dn, password }
    }
}

impl Drop for Samba {
    fn drop(&mut self) {
        daemon::stop(&mut self.child);
    }
}

/// An address of this machine that nobody else has while the port is ours.
fn address_of(port: u16) -> Ipv4Addr {
    let [high, low] = port.to_be_bytes();
    Ipv4Addr::new(127, 77, high, low)
}

fn spawn(folder: &Path, address: Ipv4Addr) -> Child {
    certificates_at(folder, address);
    let key = folder.join("server.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("its mode");
    for name in ["cache", "ncalrpc", "ntp", "winbindd"] {
        fs::create_dir_all(folder.join(name)).expect("a folder for samba");
    }
    let settings = folder.join("etc/smb.conf");
    fs::write(&settings, configuration(folder, address)).expect("smb.conf");
    let log = fs::File::create(folder.join("log")).expect("a log for samba");
    Command::new(SAMBA)
        .args(["-F", "--no-process-group", "-M", "single", "--debug-stdout", "-d", "1", "-s"])
        .arg(settings)
        // It ends when nobody holds the other side any more, even if the test was killed.
        .stdin(Stdio::piped())
        .stdout(log)
        .stderr(Stdio::null())
        .spawn()
        .expect("samba; `cargo xtask test connectors` installs it")
}

fn configuration(folder: &Path, address: Ipv4Addr) -> String {
    let folder = folder.display();
    format!(
        "[global]\nnetbios name = DC1\nrealm = LAB.TEST\nworkgroup = LAB\n\
         server role = active directory domain controller\nserver services = rpc, ldap, cldap, kdc\n\
         bind interfaces only = yes\ninterfaces = {address}/8\ndisable netbios = yes\n\
         rpc server dynamic port range = 49152-49170\n\
         private dir = {folder}/private\nlock directory = {folder}\nstate directory = {folder}/state\n\
         cache directory = {folder}/cache\npid directory = {folder}\nncalrpc dir = {folder}/ncalrpc\n\
         binddns dir = {folder}/bind-dns\nntp signd socket directory = {folder}/ntp\n\
         winbindd socket directory = {folder}/winbindd\nlog file = {folder}/log.%m\n\
         tls enabled = yes\ntls keyfile = {folder}/server.key\ntls certfile = {folder}/server.crt\n\
         tls cafile = {folder}/ca.crt\nldb:nosync = true\ntdb:nosync = true\n"
    )
}

fn seed() -> String {
    let add = |rdn: &str, rest: &str| format!("dn: {rdn},{BASE_DN}\nchangetype: add\n{rest}\n");
    let unit = |name: &str| add(&format!("ou={name}"), "objectClass: organizationalUnit\n");
    let group =
        |name: &str| add(&format!("cn={name},ou=groups"), &format!("objectClass: group\nsAMAccountName: {name}\n"));
    [unit("people"), unit("groups"), group("staff"), group("finance")].concat()
}
