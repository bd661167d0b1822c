//! The settings of an LDAP connection, and what is refused among them.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tenure_connect::SecretRef;

use super::dialect::Dialect;
use super::dn::is_attribute_name;

/// How to reach a directory, and how accounts and groups look in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LdapConfig {
    /// Where: `ldaps://host:636`, or `ldap://host:389` with `startTls`.
    pub url: String,
    /// Turn a plain connection into TLS before anything else is said.
    #[serde(default)]
    pub start_tls: bool,
    /// Certificates to trust, in PEM; those of the machine if none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Let passwords and personal data cross the network in the clear.
    #[serde(default)]
    pub allow_plain: bool,
    /// Who we are.
    pub bind_dn: String,
    /// Our password.
    pub password: SecretRef,
    /// Under which everything is.
    pub base_dn: String,
    /// How accounts look.
    #[serde(default)]
    pub people: People,
    /// How groups look.
    #[serde(default)]
    pub groups: Groups,
    /// How an account is made unusable.
    #[serde(default)]
    pub disable: Disable,
    /// How the directory is asked what changed.
    #[serde(default)]
    pub changes: ChangeSource,
    /// What the directory calls things.
    #[serde(skip)]
    pub dialect: Dialect,
}

/// How accounts look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct People {
    /// Where they are, relative to the base.
    pub container: String,
    /// The attribute that names their entries.
    pub rdn: String,
    /// The object classes of a new entry; an entry with the first of them is an account.
    pub object_classes: Vec<String>,
    /// The attributes that are read and written; no other is touched. With `container` among them,
    /// the place of an entry below the base can be seen and changed.
    pub attributes: Vec<String>,
}

impl Default for People {
    fn default() -> Self {
        let attributes = [
            "uid",
            "cn",
            "sn",
            "givenName",
            "displayName",
            "mail",
            "title",
            "employeeNumber",
            "employeeType",
            "departmentNumber",
            "telephoneNumber",
            "mobile",
            "description",
        ];
        Self {
            container: "ou=people".into(),
            rdn: "uid".into(),
            object_classes: vec!["inetOrgPerson".into()],
            attributes: attributes.map(str::to_owned).into(),
        }
    }
}

/// How groups look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Groups {
    /// Where they are, relative to the base.
    pub container: String,
    /// Their object class.
    pub object_class: String,
    /// The attribute that holds their members.
    pub member: String,
    /// The attribute of an account by whose value it is a member, such as `uid` for `memberUid`;
    /// by its DN if none.
    pub member_by: Option<String>,
    /// Whether groups are members of groups, and accounts show what they hold through them.
    pub nested: bool,
    /// The attribute that names them.
    pub rdn: String,
    /// The DN that stays behind in a group that must not be empty; `cn=nobody` under the base if
    /// none. No entry needs to have it, and none should.
    pub placeholder: Option<String>,
}

impl Default for Groups {
    fn default() -> Self {
        Self {
            container: "ou=groups".into(),
            object_class: "groupOfNames".into(),
            member: "member".into(),
            member_by: None,
            nested: false,
            rdn: "cn".into(),
            placeholder: None,
        }
    }
}

/// How an account is made unusable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Disable {
    /// By the permanent lock of the password policy overlay of OpenLDAP. The policy of the account
    /// must have `pwdLockout: TRUE`, or the server takes no notice of the lock.
    #[default]
    PpolicyLock,
    /// By the account lock of 389 Directory Server.
    NsAccountLock,
    /// By an attribute of your own, which those who let people in must heed.
    Attribute {
        /// Its name.
        name: String,
        /// The value that means unusable.
        value: String,
        /// The value that means usable; the attribute is taken away if none.
        #[serde(default)]
        enabled: Option<String>,
    },
    /// By a bit of `userAccountControl`, which only Active Directory has.
    #[serde(skip)]
    AccountControl,
}

/// How a directory is asked what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeSource {
    /// In the best way that it announces.
    #[default]
    Announced,
    /// By content synchronization (RFC 4533), which tells who vanished.
    Syncrepl,
    /// By the log of accesses in `cn=accesslog`, which tells who vanished.
    Accesslog,
    /// By time stamps, which do not.
    Timestamps,
    /// By the directory synchronization of Active Directory, which tells memberships too.
    #[serde(skip)]
    Dirsync,
    /// By the update numbers of a domain controller.
    #[serde(skip)]
    UpdateNumbers,
}

/// How the line to the server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Privacy {
    /// TLS from the first byte.
    Ldaps,
    /// TLS after the first request.
    StartTls,
    /// Not at all.
    Plain,
}

/// Attributes that hold passwords or keys, which must never be read.
const SECRET_ATTRIBUTES: [&str; 7] = [
    "userPassword",
    "authPassword",
    "unicodePwd",
    "sambaNTPassword",
    "sambaLMPassword",
    "krbPrincipalKey",
    "pwdHistory",
];

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadLdapConfig {
    /// The address.
    #[error("`{url}` is not the address of an LDAP server; use `ldaps://HOST:PORT` or `ldap://HOST:PORT`")]
    Url {
        /// As it was given.
        url: String,
    },
    /// A plain line beyond this machine.
    #[error(
        "`{url}` would send passwords in the clear; use `ldaps://`, or set `startTls: true`, or say `allowPlain: true`"
    )]
    Plain {
        /// As it was given.
        url: String,
    },
    /// The name of an attribute or class.
    #[error("`{name}` in `{place}` is not the name of an attribute or object class")]
    Name {
        /// As it was given.
        name: String,
        /// Where.
        place: &'static str,
    },
    /// A plain line to a domain controller.
    #[error(
        "`{url}` would send passwords in the clear, and a domain controller takes none that way; use `ldaps://HOST:636`"
    )]
    DomainInClear {
        /// As it was given.
        url: String,
    },
    /// A secret among the attributes.
    #[error("`{name}` in `people.attributes` holds a secret, which is never read; take it out")]
    Secret {
        /// As it was given.
        name: String,
    },
    /// Something must be there.
    #[error("`{place}` is empty; it is needed")]
    Empty {
        /// Where.
        place: &'static str,
    },
    /// The certificates to trust.
    #[error("no certificates to trust could be read; set `caFile` to a PEM file that we may read")]
    Certificates {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl LdapConfig {
    /// The settings with the naming attribute among those that are read and written, and without
    /// the lock, which only [`tenure_connect::Write::Enable`] and its opposite may touch.
    pub(super) fn settled(mut self) -> Self {
        let rdn = self.people.rdn.clone();
        if self.attribute(&rdn).is_none() {
            self.people.attributes.push(rdn);
        }
        let by = self.groups.member_by.clone();
        if let Some(by) = by.filter(|by| self.attribute(by).is_none()) {
            self.people.attributes.push(by);
        }
        let lock = self.disable.attribute().to_owned();
        self.people.attributes.retain(|name| !name.eq_ignore_ascii_case(&lock));
        self
    }

    /// Demands that the settings make sense together, and says how private the line is.
    pub(super) fn privacy(&self) -> Result<Privacy, BadLdapConfig> {
        self.names()?;
        let url = || self.url.clone();
        let (scheme, rest) = self.url.split_once("://").ok_or_else(|| BadLdapConfig::Url { url: url() })?;
        let host = host_of(rest).ok_or_else(|| BadLdapConfig::Url { url: url() })?;
        if self.dialect == Dialect::ActiveDirectory && scheme == "ldap" {
            return Err(BadLdapConfig::DomainInClear { url: url() });
        }
        match (scheme, self.start_tls) {
            ("ldaps", false) => Ok(Privacy::Ldaps),
            ("ldap", true) => Ok(Privacy::StartTls),
            ("ldap", false) if self.allow_plain || is_loopback(host) => Ok(Privacy::Plain),
            ("ldap", false) => Err(BadLdapConfig::Plain { url: url() }),
            _ => Err(BadLdapConfig::Url { url: url() }),
        }
    }

    fn names(&self) -> Result<(), BadLdapConfig> {
        let (people, groups) = (&self.people, &self.groups);
        for (place, text) in [("baseDn", &self.base_dn), ("bindDn", &self.bind_dn)] {
            if text.trim().is_empty() {
                return Err(BadLdapConfig::Empty { place });
            }
        }
        if people.object_classes.is_empty() {
            return Err(BadLdapConfig::Empty { place: "people.objectClasses" });
        }
        let mut names: Vec<(&'static str, &String)> = vec![
            ("people.rdn", &people.rdn),
            ("groups.rdn", &groups.rdn),
            ("groups.member", &groups.member),
            ("groups.objectClass", &groups.object_class),
        ];
        names.extend(people.object_classes.iter().map(|name| ("people.objectClasses", name)));
        names.extend(people.attributes.iter().map(|name| ("people.attributes", name)));
        names.extend(groups.member_by.iter().map(|name| ("groups.memberBy", name)));
        if let Disable::Attribute { name, .. } = &self.disable {
            names.push(("disable.name", name));
        }
        let secret = |name: &&String| SECRET_ATTRIBUTES.iter().any(|secret| secret.eq_ignore_ascii_case(name));
        if let Some(name) = people.attributes.iter().find(secret) {
            return Err(BadLdapConfig::Secret { name: name.clone() });
        }
        match names.into_iter().find(|(_, name)| !is_attribute_name(name)) {
            Some((place, name)) => Err(BadLdapConfig::Name { name: name.clone(), place }),
            None => Ok(()),
        }
    }

    /// The DN under which accounts are.
    pub(super) fn people_dn(&self) -> String {
        under(&self.people.container, &self.base_dn)
    }

    /// The DN under which groups are.
    pub(super) fn groups_dn(&self) -> String {
        under(&self.groups.container, &self.base_dn)
    }

    /// The DN that stays behind in a group that must not be empty.
    pub(super) fn placeholder_dn(&self) -> String {
        self.groups.placeholder.clone().unwrap_or_else(|| under("cn=nobody", &self.base_dn))
    }

    /// The attribute as these settings spell it, if they have it.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.people.attributes.iter().map(String::as_str).find(|known| known.eq_ignore_ascii_case(name))
    }
}

fn under(container: &str, base: &str) -> String {
    if container.is_empty() { base.to_owned() } else { format!("{container},{base}") }
}

/// The host in `host`, `host:port` or `[address]:port`; nothing may follow.
fn host_of(rest: &str) -> Option<&str> {
    let (host, port) = match rest.strip_prefix('[') {
        Some(bracketed) => {
            let (host, port) = bracketed.split_once(']')?;
            host.parse::<IpAddr>().ok()?;
            (host, port)
        }
        None => rest.find(':').map_or((rest, ""), |colon| rest.split_at(colon)),
    };
    let port_fits = port.is_empty() || port.strip_prefix(':').is_some_and(|digits| digits.parse::<u16>().is_ok());
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
    (port_fits && !host.is_empty() && host.bytes().all(letters)).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> LdapConfig {
        serde_json::from_value(serde_json::json!({
            "url": url, "bindDn": "cn=admin", "password": "file:/run/secret", "baseDn": "dc=example,dc=org"
        }))
        .unwrap()
    }

    #[test]
    fn a_plain_line_beyond_this_machine_must_be_asked_for() {
        let remote = config("ldap://ldap.example.org");
        assert!(remote.privacy().unwrap_err().to_string().contains("allowPlain: true"));
        assert_eq!(LdapConfig { allow_plain: true, ..remote.clone() }.privacy().unwrap(), Privacy::Plain);
        assert_eq!(LdapConfig { start_tls: true, ..remote }.privacy().unwrap(), Privacy::StartTls);
        for local in ["ldap://127.0.0.1:20389", "ldap://localhost", "ldap://[::1]:389"] {
            assert_eq!(config(local).privacy().unwrap(), Privacy::Plain, "{local}");
        }
        // A name that only looks local is remote.
        assert!(config("ldap://127.0.0.1.example.org").privacy().is_err());
        assert!(config("ldap://localhost.example.org").privacy().is_err());
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for bad in
            ["", "ldap", "ldap://", "http://x", "ldaps://h/dc=x", "ldaps://u@h", "ldaps://h:99999", "ldaps://[x]"]
        {
            assert!(matches!(config(bad).privacy(), Err(BadLdapConfig::Url { .. })), "{bad}");
        }
    }

    #[test]
    fn the_environment_and_unknown_fields_are_refused() {
        let text = r#"{"url":"ldaps://h","bindDn":"a","password":"env:X","baseDn":"b"}"#;
        assert!(serde_json::from_str::<LdapConfig>(text).unwrap_err().to_string().contains("environment"));
        let text = r#"{"url":"ldaps://h","bindDn":"a","password":"file:/x","baseDn":"b","verify":false}"#;
        assert!(serde_json::from_str::<LdapConfig>(text).unwrap_err().to_string().contains("verify"));
        let text = r#"{"kind":"attribute","name":"employeeType","value":"left"}"#;
        assert!(matches!(serde_json::from_str(text).unwrap(), Disable::Attribute { enabled: None, .. }));
    }

    #[test]
    fn a_secret_cannot_be_asked_for_and_the_lock_is_no_attribute() {
        let mut bad = config("ldaps://h");
        bad.people.attributes.push("USERPASSWORD".into());
        assert!(matches!(bad.privacy(), Err(BadLdapConfig::Secret { .. })));
        let lock = Disable::Attribute { name: "EmployeeType".into(), value: "left".into(), enabled: None };
        let mut own = LdapConfig { disable: lock, ..config("ldaps://h") };
        own.people.rdn = "cn".into();
        own.people.attributes = vec!["employeeType".into(), "sn".into()];
        assert_eq!(own.settled().people.attributes, ["sn", "cn"]);
    }

    #[test]
    fn a_name_cannot_carry_a_filter() {
        let mut bad = config("ldaps://h");
        bad.people.rdn = "uid=*)(x".into();
        assert!(matches!(bad.privacy(), Err(BadLdapConfig::Name { place: "people.rdn", .. })));
    }
}
