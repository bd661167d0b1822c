//! A real OpenLDAP server on a free loopback port, for one test.
//!
//! It has the overlays that the product relies on (password policy with lock-out, member-of), one
//! container each for people, groups and policies, and a certificate of its own authority. It is
//! killed and its folder removed when the value is dropped.
#![expect(clippy::panic, clippy::expect_used, reason = "a test that has no server must stop and say why")]

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::daemon;
use crate::ldap_client::Client;

const SLAPD: &str = "/usr/sbin/slapd";
const READY_TIME_MAX: Duration = Duration::from_secs(20);
const STARTS_MAX: u32 = 5;
/// How often one looks whether the log is there, and how long apart.
const LOOKS_MAX: u32 = 200;
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// The base of every such server.
pub const BASE_DN: &str = "dc=example,dc=org";
/// Its administrator.
pub const ADMIN_DN: &str = "cn=admin,dc=example,dc=org";
/// The administrator's password.
pub const ADMIN_PASSWORD: &str = "only-for-tests";

/// What a server keeps of what was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// Time stamps only.
    Nothing,
    /// What content synchronization needs to tell who vanished.
    Session,
    /// What content synchronization needs, but not who vanished.
    ContextAlone,
    /// A log of accesses.
    Log,
}

/// The lock of 389 Directory Server, which OpenLDAP can keep and does not heed.
const OWN_SCHEMA: &str = "attributetype ( 2.16.840.1.113730.3.1.610 NAME 'nsAccountLock' \
    EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )\n\
    objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'lockable' SUP top AUXILIARY MAY nsAccountLock )\n";

/// A running server.
#[derive(Debug)]
pub struct Slapd {
    child: Child,
    folder: TempDir,
    port: u16,
    tls_port: u16,
}

impl Slapd {
    /// Starts one with empty containers and the groups `staff` and `finance`.
    pub async fn start() -> Self {
        Self::start_with(0).await
    }

    /// Starts one that keeps this of what was changed.
    pub async fn start_keeping(keeps: Keeps) -> Self {
        let server = Self::start_as(0, keeps).await;
        // It answers before it has made the root of its log.
        let look = ["-LLL", "-b", "cn=accesslog", "-s", "base"];
        for _ in 0..LOOKS_MAX {
            if keeps != Keeps::Log || server.admin().run("ldapsearch", &look).is_some() {
                return server;
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        panic!("slapd made no log of accesses");
    }

    /// Starts one that has so many people already, every tenth of them in `staff`.
    pub async fn start_with(people: usize) -> Self {
        Self::start_as(people, Keeps::Nothing).await
    }

    async fn start_as(people: usize, keeps: Keeps) -> Self {
        assert!(
            Path::new(SLAPD).exists(),
            "there is no {SLAPD}; install it with `apt-get install -y --no-install-recommends slapd ldap-utils`"
        );
        let folder = tempfile::tempdir().expect("a folder for slapd");
        prepare(folder.path(), people, keeps);
        // Between finding a free port and using it somebody else may take it, so try again.
        for _ in 0..STARTS_MAX {
            let (port, tls_port) = (daemon::free_port(), daemon::free_port());
            let mut child = spawn(folder.path(), port, tls_port);
            if daemon::answers(&mut child, port, READY_TIME_MAX).await {
                return Self { child, folder, port, tls_port };
            }
            daemon::stop(&mut child);
        }
        let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        panic!("slapd did not start; its log says:\n{log}");
    }

    /// Where it answers in the clear and to StartTLS.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// Where it answers in TLS.
    pub fn tls_url(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls_port)
    }

    /// The port in the clear.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The file with the administrator's password.
    pub fn password_file(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    /// The certificate of the authority that signed the server's.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it and starts it again on the same ports, with the same data.
    pub async fn restart(&mut self) {
        daemon::stop(&mut self.child);
        self.child = spawn(self.folder.path(), self.port, self.tls_port);
        assert!(daemon::answers(&mut self.child, self.port, READY_TIME_MAX).await, "slapd did not come back");
    }

    /// Stops it for good.
    pub fn stop(&mut self) {
        daemon::stop(&mut self.child);
    }

    /// Whether this DN can sign in with this password, asked with the server's own client.
    pub fn can_bind(&self, dn: &str, password: &str) -> bool {
        self.client(dn, password).run("ldapwhoami", &[]).is_some()
    }

    /// What the server's own client finds, as LDIF.
    pub fn search(&self, base: &str, filter: &str, attributes: &[&str]) -> String {
        let arguments = [&["-LLL", "-o", "ldif-wrap=no", "-b", base, filter], attributes].concat();
        self.admin().run("ldapsearch", &arguments).unwrap_or_default()
    }

    /// Sets a password as the administrator.
    pub fn set_password(&self, dn: &str, password: &str) {
        let done = self.admin().run("ldappasswd", &["-s", password, dn]);
        assert!(done.is_some(), "the password of `{dn}` could not be set");
    }

    /// Makes a group in which nobody is.
    pub fn make_group(&self, name: &str) {
        self.change(&format!(
            "dn: cn={name},ou=groups,{BASE_DN}\nchangetype: add\nobjectClass: groupOfNames\ncn: {name}\nmember: \
             cn=nobody,{BASE_DN}\n"
        ));
    }

    /// The `config` of a connection to it, as lines of a document.
    pub fn config(&self) -> String {
        format!(
            "  config:\n    url: {}\n    bindDn: {ADMIN_DN}\n    password: {{ secret: \"file:{}\" }}\n    baseDn: {BASE_DN}\n",
            self.url(),
            self.password_file().display()
        )
    }

    /// Takes a member out of a group as the administrator.
    pub fn remove_member(&self, group: &str, member: &str) {
        self.change(&format!("dn: {group}\nchangetype: modify\ndelete: member\nmember: {member}\n"));
    }

    /// Makes changes as the administrator, told as LDIF.
    pub fn change(&self, ldif: &str) {
        self.admin().change(self.folder.path(), ldif);
    }

    fn admin(&self) -> Client<'_> {
        self.client(ADMIN_DN, ADMIN_PASSWORD)
    }

    fn client<'a>(&self, dn: &'a str, password: &'a str) -> Client<'a> {
        Client { url: self.url(), ca_file: None, dn, password }
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        daemon::stop(&mut self.child);
    }
}

fn spawn(folder: &Path, port: u16, tls_port: u16) -> Child {
    let log = fs::File::create(folder.join("log")).expect("a log for slapd");
    Command::new(SLAPD)
        .arg("-f")
        .arg(folder.join("slapd.conf"))
        .args(["-h", &format!("ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tls_port}"), "-d", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("slapd")
}

fn prepare(folder: &Path, people: usize, keeps: Keeps) {
    fs::create_dir(folder.join("db")).expect("a folder for data");
    let password = folder.join("password");
    fs::write(&password, ADMIN_PASSWORD).expect("the password file");
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).expect("its mode");
    certificates(folder);
    fs::create_dir(folder.join("log-db")).expect("a folder for the log");
    fs::write(folder.join("own.schema"), OWN_SCHEMA).expect("own.schema");
    fs::write(folder.join("slapd.conf"), configuration(folder, keeps)).expect("slapd.conf");
    fs::write(folder.join("seed.ldif"), seed(people)).expect("seed.ldif");
    run(Command::new(SLAPD)
        .args(["-T", "add", "-q", "-b", BASE_DN, "-f"])
        .arg(folder.join("slapd.conf"))
        .arg("-l")
        .arg(folder.join("seed.ldif")));
}

pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
}

/// A folder in memory where there is one, because servers that are made anew for each test would
/// otherwise wait for the disk most of the time.
pub(crate) fn folder_in_memory() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.expect("a folder for a server")
}

/// Makes an authority of its own (`ca.crt`) and a certificate of it for this machine (`server.crt`
/// with `server.key`).
pub(crate) fn certificates(folder: &Path) {
    certificates_at(folder, Ipv4Addr::LOCALHOST);
}

/// The same for another address of this machine besides.
pub(crate) fn certificates_at(folder: &Path, address: Ipv4Addr) {
    let openssl = |arguments: &str| {
        run(Command::new("openssl").current_dir(folder).args(arguments.split(' ')));
    };
    let names = format!("subjectAltName=DNS:localhost,IP:127.0.0.1,IP:{address}\n");
    fs::write(folder.join("san"), names).expect("the names");
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!("req -x509 {key} -days 2 -subj /CN=authority -keyout ca.key -out ca.crt"));
    openssl(&format!("req {key} -subj /CN=localhost -keyout server.key -out server.csr"));
    openssl("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.crt");
}

fn configuration(folder: &Path, keeps: Keeps) -> String {
    let folder = folder.display();
    let schemas: String = ["core", "cosine", "inetorgperson", "nis"]
        .map(|name| format!("include /etc/ldap/schema/{name}.schema\n"))
        .concat();
    let modules: String = ["back_mdb", "memberof", "ppolicy", "syncprov", "accesslog"]
        .map(|name| format!("moduleload {name}\n"))
        .concat();
    let (log, overlay) = match keeps {
        Keeps::Nothing => (String::new(), ""),
        Keeps::Session => (String::new(), "overlay syncprov\nsyncprov-sessionlog 100\n"),
        Keeps::ContextAlone => (String::new(), "overlay syncprov\n"),
        Keeps::Log => (
            format!(
                "database mdb\nsuffix cn=accesslog\nrootdn \"{ADMIN_DN}\"\ndirectory {folder}/log-db\n\
                 index reqStart,reqResult,objectClass eq\n"
            ),
            "overlay accesslog\nlogdb cn=accesslog\nlogops writes\nlogsuccess TRUE\n",
        ),
    };
    format!(
        "{schemas}include {folder}/own.schema\npidfile {folder}/pid\nmodulepath /usr/lib/ldap\n{modules}\
         TLSCACertificateFile {folder}/ca.crt\nTLSCertificateFile {folder}/server.crt\n\
         TLSCertificateKeyFile {folder}/server.key\nsizelimit unlimited\n{log}\
         database mdb\nsuffix \"{BASE_DN}\"\nrootdn \"{ADMIN_DN}\"\nrootpw {ADMIN_PASSWORD}\n\
         directory {folder}/db\nmaxsize 1073741824\ndbnosync\n\
         index objectClass,uid,cn,employeeNumber,member,memberUid,entryUUID,entryCSN eq\n\
         access to attrs=userPassword by self write by anonymous auth by * none\n\
         access to * by users read by anonymous auth\n\
         overlay memberof\noverlay ppolicy\nppolicy_default \"cn=default,ou=policies,{BASE_DN}\"\n{overlay}"
    )
}

fn seed(people: usize) -> String {
    let unit = |name: &str| format!("dn: ou={name},{BASE_DN}\nobjectClass: organizationalUnit\nou: {name}\n\n");
    let person_dn = |number: usize| format!("uid=person{number},ou=people,{BASE_DN}");
    let group = |name: &str, every: usize| {
        let members = (0..people).step_by(every).map(|number| format!("member: {}\n", person_dn(number)));
        let members = members.collect::<Vec<_>>().concat();
        let head = format!("dn: cn={name},ou=groups,{BASE_DN}\nobjectClass: groupOfNames\ncn: {name}\n");
        format!("{head}member: cn=nobody,{BASE_DN}\n{members}\n")
    };
    let person = |number: usize| {
        format!(
            "dn: {}\nobjectClass: inetOrgPerson\nuid: person{number}\ncn: Person {number}\nsn: Number {number}\n\
             givenName: Person\nmail: person{number}@example.org\ntitle: Analyst\nemployeeNumber: P{number}\n\n",
            person_dn(number)
        )
    };
    let root = format!("dn: {BASE_DN}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example\n\n");
    let policy = format!(
        "dn: cn=default,ou=policies,{BASE_DN}\nobjectClass: device\nobjectClass: pwdPolicy\ncn: default\n\
         pwdAttribute: userPassword\npwdLockout: TRUE\npwdMaxFailure: 5\n\n"
    );
    let all = (0..people).map(person).collect::<Vec<_>>().concat();
    [
        root,
        unit("people"),
        unit("groups"),
        unit("policies"),
        policy,
        all,
        group("staff", 10),
        group("finance", usize::MAX),
    ]
    .concat()
}
