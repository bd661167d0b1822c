//! The settings of a connection to a domain, which are few because a domain is always alike.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tenure_connect::SecretRef;

use crate::ldap::config::{ChangeSource, Disable, Groups, LdapConfig, People};
use crate::ldap::container::CONTAINER;
use crate::ldap::dialect::Dialect;

/// How to reach a domain, and where its people and groups are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdConfig {
    /// One domain controller: `ldaps://host:636`.
    pub url: String,
    /// Certificates to trust, in PEM; those of the machine if none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Who we are: a DN, `name@domain` or `DOMAIN\name`.
    pub bind_dn: String,
    /// Our password.
    pub password: SecretRef,
    /// The domain: `dc=example,dc=com`.
    pub base_dn: String,
    /// Where people are, and what of them is read and written.
    #[serde(default)]
    pub people: AdPeople,
    /// Where groups are.
    #[serde(default)]
    pub groups: AdGroups,
    /// How the domain controller is asked what changed.
    #[serde(default)]
    pub changes: AdChanges,
}

/// Where people are, and what of them is read and written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AdPeople {
    /// Where they are, with everything below it, relative to the base.
    pub container: String,
    /// The attributes that are read and written; no other is touched.
    pub attributes: Vec<String>,
}

/// Where groups are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AdGroups {
    /// Where they are, with everything below it, relative to the base.
    pub container: String,
    /// Whether accounts show what they hold only through groups in groups.
    pub nested: bool,
}

/// How a domain controller is asked what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdChanges {
    /// By directory synchronization, which tells memberships and who vanished, and needs the right
    /// "Replicating Directory Changes".
    #[default]
    Dirsync,
    /// By update numbers, which need no such right and do not tell memberships.
    UpdateNumbers,
}

impl Default for AdPeople {
    fn default() -> Self {
        let attributes = [
            "cn",
            "sAMAccountName",
            "userPrincipalName",
            "givenName",
            "sn",
            "displayName",
            "mail",
            "title",
            "department",
            "company",
            "employeeID",
            "telephoneNumber",
            "mobile",
            "physicalDeliveryOfficeName",
            "description",
            "proxyAddresses",
            "homeDirectory",
            "homeDrive",
            "profilePath",
            "scriptPath",
            "accountExpires",
            CONTAINER,
            "objectSid",
            "primaryGroupID",
            "lastLogonTimestamp",
        ];
        Self { container: "cn=Users".into(), attributes: attributes.map(str::to_owned).into() }
    }
}

impl Default for AdGroups {
    fn default() -> Self {
        Self { container: "cn=Users".into(), nested: true }
    }
}

impl From<AdConfig> for LdapConfig {
    fn from(ad: AdConfig) -> Self {
        let people = People {
            container: ad.people.container,
            rdn: "cn".into(),
            object_classes: vec!["user".into()],
            attributes: ad.people.attributes,
        };
        let groups = Groups {
            container: ad.groups.container,
            object_class: "group".into(),
            nested: ad.groups.nested,
            ..Groups::default()
        };
        Self {
            url: ad.url,
            start_tls: false,
            ca_file: ad.ca_file,
            allow_plain: false,
            bind_dn: ad.bind_dn,
            password: ad.password,
            base_dn: ad.base_dn,
            people,
            groups,
            disable: Disable::AccountControl,
            changes: match ad.changes {
                AdChanges::Dirsync => ChangeSource::Dirsync,
                AdChanges::UpdateNumbers => ChangeSource::UpdateNumbers,
            },
            dialect: Dialect::ActiveDirectory,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::BadLdapConfig;

    fn config(url: &str) -> LdapConfig {
        let config: AdConfig = serde_json::from_value(serde_json::json!({
            "url": url, "bindDn": "tenure@example.org", "password": "file:/run/secret", "baseDn": "dc=example,dc=org"
        }))
        .unwrap();
        config.into()
    }

    #[test]
    fn a_domain_is_never_spoken_to_in_the_clear() {
        for clear in ["ldap://dc1.example.org", "ldap://127.0.0.1:389", "ldap://localhost"] {
            let refused = config(clear).privacy().unwrap_err();
            assert!(matches!(refused, BadLdapConfig::DomainInClear { .. }), "{refused}");
            assert!(refused.to_string().contains("ldaps://HOST:636"), "{refused}");
        }
        config("ldaps://dc1.example.org:636").privacy().unwrap();
        let text = r#"{"url":"ldaps://h","bindDn":"a","password":"file:/x","baseDn":"b","startTls":true}"#;
        assert!(serde_json::from_str::<AdConfig>(text).unwrap_err().to_string().contains("startTls"));
    }
}
