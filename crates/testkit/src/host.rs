//! A Linux host with accounts of its own, for one test.
//!
//! A real OpenSSH server runs on a free loopback port in namespaces of mounts and processes of its
//! own: the programs are those of this machine; `/etc`, `/home`, `/run` and `/var` are not, and nor
//! are the processes. Whoever signs in there finds a whole host, and this machine's accounts stay
//! as they are. It takes root to start one. It is killed with everything that runs in it, and its
//! folder removed, when the value is dropped.
#![expect(clippy::expect_used, reason = "a test that has no server must stop and say why")]

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::daemon;
use crate::sshd::key;

const READY_POLLS_MAX: u32 = 1_000;
/// What of this machine's settings its programs need there.
const SETTINGS: [&str; 8] =
    ["alternatives", "default", "ld.so.cache", "login.defs", "nsswitch.conf", "os-release", "security", "skel"];
const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n\
                      daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nplain:x:998:998::/var/plain:/bin/sh\nflood:x:997:998::/var/plain:/var/flood\n\
                      tenure:x:1000:1000:,,,,T1:/var/tenure:/bin/sh\nglass:x:1001:1001:,,,,G1:/home/glass:/bin/sh\n\
                      nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
const GROUP: &str = "root:x:0:\ndaemon:x:1:\nsudo:x:27:\nshadow:x:42:\nnogroup:x:65534:\nplain:x:998:\n\
                     tenure:x:1000:\nglass:x:1001:\nstaff:x:500:\nfinance:x:501:\ncrontab:x:105:\n";
const SUDOERS: &str =
    "Defaults !lecture\nroot ALL=(ALL:ALL) ALL\ntenure ALL=(root) NOPASSWD: /bin/sh\n%sudo ALL=(ALL:ALL) ALL\n";
const PAM_SSHD: &str = "auth required pam_deny.so\naccount required pam_unix.so\nsession required pam_permit.so\n";
/// A tool that is wrong once about what it did, as `/etc/misstep` says.
const CLUMSY: &str = "#!/bin/sh\n[ \"$1\" = -D ] && exec REAL \"$@\"\nread -r misstep 2>/dev/null </etc/misstep\nrm -f /etc/misstep\n\
                      [ \"$misstep\" = fails ] && { echo 'cannot lock /etc/passwd' >&2; exit 1; }\n\
                      REAL \"$@\"\ncode=$?\n[ \"$misstep\" = denies ] && exit 1\n[ \"$misstep\" = loses ] || exit \"$code\"\n\
                      read -r all <\"/proc/$$/stat\"\nset -- ${all##*) }\nkill -KILL \"$4\"\n";

/// What is wrong with a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    Nothing,
    /// A tool is not there.
    Lacks(&'static str),
    /// A tool is wrong once after [`Host::misstep`].
    Clumsy(&'static str),
}

/// How a tool is wrong once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misstep {
    /// It does nothing and says so.
    Fails,
    /// It does what it is asked and says that it did not.
    Denies,
    /// It does what it is asked, and takes the line down before it says so.
    Loses,
}

/// A running host.
#[derive(Debug)]
pub struct Host {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Host {
    /// Starts one.
    pub async fn start() -> Self {
        Self::start_with(Trouble::Nothing).await
    }

    /// Starts one with something wrong.
    pub async fn start_with(trouble: Trouble) -> Self {
        for tool in ["/usr/sbin/sshd", "/usr/bin/sudo", "/usr/bin/unshare", "/usr/bin/setpriv"] {
            assert!(Path::new(tool).exists(), "there is no {tool}; `cargo xtask test` installs it");
        }
        assert!(daemon::is_root(), "a host with accounts of its own takes root to start");
        let folder = tempfile::tempdir().expect("a folder for a host");
        for name in ["host", "client", "stranger"] {
            key(folder.path(), name);
        }
        furnish(folder.path());
        let ready = |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        let path = folder.path();
        let spawn = |port| spawn(path, port, trouble);
        let (child, port) = daemon::start("a host", path, READY_POLLS_MAX, spawn, ready).await;
        let host = Self { child, folder, port };
        for (key, name) in [("host", "known_hosts"), ("stranger", "wrong_hosts")] {
            let public = fs::read_to_string(host.file(&format!("{key}.pub"))).expect("a public key");
            fs::write(host.file(name), format!("[127.0.0.1]:{port} {public}")).expect("known hosts");
        }
        host
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A file of its folder: `client` and `stranger` are private keys, the first of which lets in
    /// as `root`, `tenure` (who may use `sudo`), `plain` (who may not) and `flood` (whose shell
    /// never stops talking); `known_hosts` and
    /// `wrong_hosts` know it rightly and wrongly; `etc`, `home` and `var` are its own.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Everything that says who may get in, past all connectors.
    pub fn mark(&self) -> String {
        let mut paths: Vec<PathBuf> =
            ["passwd", "shadow", "group", "gshadow"].map(|name| self.file("etc").join(name)).into();
        let homes = fs::read_dir(self.file("home")).expect("its homes");
        let mut keys: Vec<_> = homes.flatten().map(|home| home.path().join(".ssh/authorized_keys")).collect();
        keys.sort();
        paths.append(&mut keys);
        paths.iter().map(|path| fs::read_to_string(path).unwrap_or_default()).collect()
    }

    /// Everything about the home folders and the archives of them but what files contain and when
    /// a name last came into a folder, past all connectors.
    pub fn folders(&self) -> String {
        let mut find = Command::new("find");
        find.args([self.file("home"), self.file("var/lib")]).args(["-printf", "\n%p %y %m %U %G %n %l"]);
        let output = find.args(["!", "-type", "d", "-printf", " %s %T@"]).output().expect("find");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    }

    /// Lets an account in by `client`, as it would itself.
    pub fn let_in(&self, login: &str) {
        let key = fs::read_to_string(self.file("client.pub")).expect("a key");
        let line = format!(
            "mkdir -p -m 700 ~{login}/.ssh && echo '{}' >>~{login}/.ssh/authorized_keys && chown -R {login}: ~{login}/.ssh",
            key.trim()
        );
        self.run(&line);
    }

    /// Runs a line as root there, and gives what it says.
    pub fn run(&self, line: &str) -> String {
        let output = self.sign_in("root", line).output().expect("ssh");
        assert!(output.status.success(), "`{line}`: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// What comes of signing in as somebody and running a line.
    pub fn try_as(&self, login: &str, line: &str) -> Output {
        self.sign_in(login, line).output().expect("ssh")
    }

    /// Whether somebody is let in.
    pub fn lets_in(&self, login: &str) -> bool {
        self.try_as(login, "true").status.success()
    }

    /// Has the tool that the host was started with be wrong at its next use.
    pub fn misstep(&self, how: Misstep) {
        let word = match how {
            Misstep::Fails => "fails",
            Misstep::Denies => "denies",
            Misstep::Loses => "loses",
        };
        fs::write(self.file("etc").join("misstep"), format!("{word}\n")).expect("a mark");
    }

    /// Whether it was.
    pub fn has_misstepped(&self) -> bool {
        !self.file("etc").join("misstep").exists()
    }

    /// Signs in with the client that everybody uses.
    pub fn sign_in(&self, login: &str, line: &str) -> Command {
        let mut command = Command::new("ssh");
        command.args(["-F", "/dev/null", "-T", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o"]);
        command.arg(format!("UserKnownHostsFile={}", self.file("known_hosts").display()));
        command.args(["-p", &self.port.to_string(), "-i"]).arg(self.file("client"));
        command.args(["-l", login, "--", "127.0.0.1", line]).stdin(Stdio::null());
        command
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        daemon::stop(&mut self.child);
    }
}

fn furnish(folder: &Path) {
    let etc = folder.join("etc");
    for name in
        ["etc/ssh/keys", "home", "var/lib", "var/log", "var/mail", "var/spool/cron/crontabs", "var/tmp", "tools"]
    {
        fs::create_dir_all(folder.join(name)).expect("a folder");
    }
    for name in SETTINGS.map(|name| format!("/etc/{name}")).iter().chain(&["/etc/pam.d".to_owned()]) {
        let copied = Command::new("cp").args(["-a", name]).arg(&etc).status().expect("cp");
        assert!(copied.success(), "`{name}` cannot be copied");
    }
    let shadow = |line: &str| line.split(':').next().map(|login| format!("{login}:*:20000:0:99999:7:::\n"));
    let shadows: String = PASSWD.lines().filter_map(shadow).collect();
    let gshadow = |line: &str| line.split(':').next().map(|name| format!("{name}:*::\n"));
    let gshadows: String = GROUP.lines().filter_map(gshadow).collect();
    let put = |name: &str, text: &str, mode: u32| {
        let path = etc.join(name);
        fs::write(&path, text).expect("a setting");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
    };
    put("passwd", PASSWD, 0o644);
    put("shadow", &shadows, 0o640);
    put("group", GROUP, 0o644);
    put("gshadow", &gshadows, 0o640);
    put("sudoers", SUDOERS, 0o440);
    put("hosts", "127.0.0.1 localhost\n", 0o644);
    put("pam.d/sshd", PAM_SSHD, 0o644);
    put("../var/flood", "#!/bin/sh\nexec yes\n", 0o755);
    let public = fs::read_to_string(folder.join("client.pub")).expect("a public key");
    for login in ["root", "tenure", "plain", "flood"] {
        put(&format!("ssh/keys/{login}"), &public, 0o644);
    }
    // Whoever looks a folder over on the way to a key must be able to go through it.
    for folder in [folder, &etc] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("its mode");
    }
}

fn spawn(folder: &Path, port: u16, trouble: Trouble) -> Child {
    let place = folder.display();
    let config = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {place}/host\nPidFile none\nUsePAM yes\n\
         AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys2 /etc/ssh/keys/%u\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxStartups 100\n"
    );
    fs::write(folder.join("etc/ssh/sshd_config"), config).expect("its settings");
    let wrong = match trouble {
        Trouble::Nothing => String::new(),
        Trouble::Lacks(tool) => {
            fs::write(folder.join("tools/none"), "").expect("nothing");
            format!("mount --bind {place}/tools/none \"$(readlink -f \"$(command -v {tool})\")\"\n")
        }
        Trouble::Clumsy(tool) => {
            let wrapper = folder.join("tools").join(tool);
            fs::write(&wrapper, CLUMSY.replace("REAL", &format!("{place}/tools/{tool}.real"))).expect("a tool");
            fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).expect("its mode");
            let copied = format!("cp \"$(command -v {tool})\" {place}/tools/{tool}.real\n");
            copied + &format!("mount --bind {place}/tools/{tool} \"$(command -v {tool})\"\n")
        }
    };
    let start = format!(
        "set -e\nmount --bind {place}/home /home\nmount --bind {place}/var /var\nmount -t tmpfs tmpfs /run\n\
         mkdir /run/sshd\n{wrong}mount --bind {place}/etc /etc\nexec /usr/sbin/sshd -D -e\n"
    );
    let log = fs::File::create(folder.join("log")).expect("a log for a host");
    Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "/bin/sh", "-c", &start])
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log)
        .spawn()
        .expect("unshare")
}
