//! Dovecot: mailboxes, somebody who brings mail by LMTP, and somebody who reads it by IMAP.
//!
//! What Dovecot sends goes to a program of ours, which keeps it; what is for an address of this server
//! it brings to the mailbox too, by Dovecot's own program for that.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;

use super::{ADMIN_PASSWORD, App};
use crate::daemon;

const PROGRAM: &str = "/usr/sbin/dovecot";
/// Whose address is a name and this is in the mailbox of that name.
const DOMAIN: &str = "@example.org";
/// Whoever has a mailbox. The last one is a pattern to those who ask carelessly.
const USERS: [&str; 5] = ["ada", "bob", "eve", "til~de", "*"];
/// Whose user database does not speak of scripts.
const BARE: &str = "eve";

const SETTINGS: &str = "\
base_dir = FOLDER/base
state_dir = FOLDER/state
log_path = FOLDER/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
first_valid_gid = 1
auth_username_format = %Ln
auth_username_chars =
mail_location = maildir:~/Maildir
postmaster_address = postmaster@example.org
hostname = example.org
sendmail_path = FOLDER/sendmail
doveadm_api_key = PASSWORD
mail_plugins = acl
protocol imap {
  mail_plugins = acl imap_acl
}
protocol lmtp {
  mail_plugins = acl sieve
}
plugin {
  acl = vfile
  acl_shared_dict = file:FOLDER/mail/shared
  acl_defaults_from_inbox = yes
  sieve = file:~/sieve;active=~/.dovecot.sieve
}
namespace inbox {
  inbox = yes
  separator = /
}
namespace shared {
  type = shared
  prefix = shared/%%u/
  separator = /
  location = maildir:FOLDER/mail/%%u/Maildir
  subscriptions = no
  list = children
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u FOLDER/users
}
userdb {
  driver = passwd-file
  args = username_format=%u FOLDER/users
}
service imap-login {
  inet_listener imap {
    port = IMAP_PORT
  }
  inet_listener imaps {
    port = 0
  }
}
service lmtp {
  inet_listener lmtp {
    port = LMTP_PORT
  }
}
service doveadm {
  inet_listener http {
    port = HTTP_PORT
  }
}
";
/// Where Dovecot is not started by root it is somebody's own, with all that belongs to it.
const OF_ONE_OWNER: &str = "\
default_internal_user = OWNER
default_login_user = OWNER
default_internal_group = OWNER_GROUP
service anvil {
  chroot =
}
service imap-login {
  chroot =
}
service stats {
  chroot =
}
";
const SENDMAIL: &str = "\
#!/bin/sh
for whom; do :; done
kept=$(mktemp FOLDER/sent/.XXXXXX)
{ echo \"to <$whom>\"; cat; } > \"$kept\"
case $whom in
  *DOMAIN) tail -n +2 \"$kept\" | /usr/lib/dovecot/dovecot-lda -c FOLDER/dovecot.conf -o log_path=FOLDER/sent/.log -d \"${whom%DOMAIN}\" ;;
esac
mv \"$kept\" FOLDER/sent/m$$
";

impl App {
    /// Starts a server with the mailboxes of `ada`, `bob`, `eve` and two with odd names. The scripts of
    /// Tenure run before those of the user, except for `eve`, of whom the server does not say so.
    pub async fn dovecot() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut app = Self::start("dovecot", folder, command).await;
        let key = STANDARD.encode(ADMIN_PASSWORD);
        app.keep("key", &key);
        app.say("authorization", &format!("X-Dovecot-API {key}"));
        app
    }

    /// Has `doveadm` do something, without any connector.
    pub async fn doveadm(&self, command: &str, with: Json) -> Json {
        let (status, mut answer) = self.ask("POST", "/doveadm/v1", Some(json!([[command, with, "1"]]))).await;
        assert!(status == 200 && answer[0][0] == "doveadmResponse", "{command}: {status} {answer}");
        answer[0][1].take()
    }

    /// Everything that an action could leave: scripts with their texts, and rights to inboxes.
    pub async fn dovecot_mark(&self) -> String {
        let mut mark = Vec::new();
        for user in USERS.into_iter().filter(|user| *user != "*") {
            let mut scripts = self.doveadm("sieveList", json!({ "user": user })).await;
            for script in scripts.as_array_mut().expect("scripts") {
                let named = json!({ "user": user, "scriptname": script["script"] });
                script["text"] = self.doveadm("sieveGet", named).await;
            }
            let scripts = scripts.as_array().expect("scripts").iter().map(Json::to_string);
            let scripts: std::collections::BTreeSet<String> = scripts.collect();
            let rights = self.doveadm("aclGet", json!({ "user": user, "mailbox": "INBOX" })).await;
            mark.push(format!("{user}: {scripts:?} {rights}"));
        }
        mark.join("\n")
    }

    /// Brings a message from outside into somebody's mailbox.
    pub async fn deliver(&self, to: &str, from: &str, subject: &str) {
        let mut line = self.line("lmtp").await;
        line.until("220 ").await.expect("a greeting");
        for (says, answer) in [
            ("LHLO tests.example.com".to_owned(), "250 "),
            (format!("MAIL FROM:<{from}>"), "250 "),
            (format!("RCPT TO:<{to}{DOMAIN}>"), "250 "),
            ("DATA".to_owned(), "354 "),
            (
                format!(
                    "From: <{from}>\r\nTo: <{to}{DOMAIN}>\r\nSubject: {subject}\r\n\
                     Message-ID: <{subject}.{to}@tests.example.com>\r\n\r\nhello\r\n."
                ),
                "250 ",
            ),
        ] {
            line.say(&says).await.expect("a line");
            assert!(line.until(answer).await.is_some(), "`{says}` is not answered with `{answer}`");
        }
    }

    /// The subjects of what is in somebody's mailbox.
    pub async fn mail_of(&self, user: &str) -> Vec<String> {
        let asked = json!({ "user": user, "field": ["hdr.subject"], "query": ["ALL"] });
        let found = self.doveadm("fetch", asked).await;
        let subject = |one: &Json| one["hdr.subject"].as_str().unwrap_or_default().to_owned();
        found.as_array().expect("messages").iter().map(subject).collect()
    }

    /// What Dovecot sent, each with `to <…>` before it.
    pub fn mail_sent(&self) -> Vec<String> {
        let entries = fs::read_dir(self.file("sent")).expect("a folder").flatten();
        let whole = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with('m'));
        whole.map(|entry| fs::read_to_string(entry.path()).expect("a message")).collect()
    }

    /// Somebody who comes in by IMAP.
    pub async fn imap(&self, user: &str) -> MailLine {
        let mut line = self.line("imap").await;
        line.until("* OK").await.expect("a greeting");
        let said = line.ask(&format!("LOGIN {user} {ADMIN_PASSWORD}")).await.expect("an answer");
        assert!(said.contains("a OK"), "{said}");
        line
    }

    async fn line(&self, port: &str) -> MailLine {
        let port = fs::read_to_string(self.file(port)).expect("a port").parse().expect("a number");
        MailLine(BufStream::new(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("a line")))
    }
}

/// A line to Dovecot in one of its protocols, which are all lines of text.
#[derive(Debug)]
pub struct MailLine(BufStream<TcpStream>);

impl MailLine {
    async fn say(&mut self, text: &str) -> Option<()> {
        self.0.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
        self.0.flush().await.ok()
    }

    /// What is said up to a line that begins so; none once the line is closed.
    async fn until(&mut self, begin: &str) -> Option<String> {
        let mut said = String::new();
        loop {
            let start = said.len();
            if self.0.read_line(&mut said).await.ok()? == 0 {
                return None;
            }
            if said.get(start..)?.starts_with(begin) {
                return Some(said);
            }
        }
    }

    /// Gives a command of IMAP and hands back all that is said to it; none if the line is closed.
    pub async fn ask(&mut self, command: &str) -> Option<String> {
        self.say(&format!("a {command}")).await?;
        self.until("a ").await
    }
}

fn command(folder: &Path, http: u16) -> Command {
    let [imap, lmtp] = [daemon::free_port(), daemon::free_port()];
    let root = daemon::is_root();
    let id = |what| {
        let output = Command::new("id").arg(what).output().expect("id");
        String::from_utf8(output.stdout).expect("an id").trim().to_owned()
    };
    // Mail of root's is refused, so there it is the user `mail` who keeps it.
    let (owner, group) = if root { ("mail".to_owned(), "mail".to_owned()) } else { (id("-un"), id("-gn")) };
    let filled = |text: &str| {
        let [imap, lmtp, http] = [imap, lmtp, http].map(|port| port.to_string());
        let text = text.replace("IMAP_PORT", &imap).replace("LMTP_PORT", &lmtp).replace("HTTP_PORT", &http);
        let text = text.replace("OWNER_GROUP", &group).replace("OWNER", &owner).replace("PASSWORD", ADMIN_PASSWORD);
        text.replace("FOLDER", &folder.display().to_string()).replace("DOMAIN", DOMAIN)
    };
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a setting");
    let scripts =
        "userdb_sieve_before=~/sieve/tenure-auto-reply.sieve userdb_sieve_before2=~/sieve/tenure-forward.sieve";
    let user = |name: &str| {
        let home = folder.join("mail").join(name.replace('*', "star"));
        let scripts = if name == BARE { "" } else { scripts };
        format!("{name}:{ADMIN_PASSWORD}:{owner}:{group}::{}::{scripts}\n", home.display())
    };
    write("users", &USERS.map(user).concat());
    write("imap", &imap.to_string());
    write("lmtp", &lmtp.to_string());
    write("dovecot.conf", &filled(&if root { SETTINGS.to_owned() } else { format!("{OF_ONE_OWNER}{SETTINGS}") }));
    write("sendmail", &filled(SENDMAIL));
    let may =
        |name: &str, mode| fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode)).expect("a mode");
    may("sendmail", 0o755);
    // Whoever keeps the mail has to come through.
    may("", 0o755);
    for name in ["base", "state", "mail", "sent"] {
        fs::create_dir_all(folder.join(name)).expect("a folder");
    }
    if root {
        let given =
            Command::new("chown").arg("mail:mail").args(["mail", "sent"].map(|name| folder.join(name))).status();
        assert!(given.is_ok_and(|given| given.success()), "the mail cannot be given to whoever keeps it");
    }
    let mut command = Command::new(PROGRAM);
    command.arg("-F").arg("-c").arg(folder.join("dovecot.conf"));
    command
}
