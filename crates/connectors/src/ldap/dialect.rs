//! What a directory that keeps to the RFCs and Active Directory call the same things.

use super::config::LdapConfig;
use super::dn::{bytes_equal, equals};
use super::form;

/// How a directory differs from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// It keeps to the RFCs.
    #[default]
    Rfc,
    /// Active Directory, of Microsoft or of Samba.
    ActiveDirectory,
}

/// Somebody's account, and neither a computer's, a trust's, nor one that the domain itself needs,
/// such as `krbtgt` and `Administrator`.
const PERSON_OF_A_DOMAIN: &str = "(sAMAccountType=805306368)(!(isCriticalSystemObject=TRUE))";

/// What only the domain controller writes.
const READ_ONLY_IN_A_DOMAIN: [&str; 6] =
    ["objectSid", "primaryGroupID", "pwdLastSet", "lastLogonTimestamp", "whenCreated", "whenChanged"];

/// What has several values in the schemas that everybody uses, and mostly does.
const MANY: [&str; 6] = ["mail", "mailAlternateAddress", "telephoneNumber", "mobile", "departmentNumber", "labeledURI"];
const MANY_IN_A_DOMAIN: [&str; 5] = ["proxyAddresses", "otherTelephone", "otherMobile", "url", "servicePrincipalName"];

impl Dialect {
    /// The kind of connection.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Rfc => "ldap",
            Self::ActiveDirectory => "ad",
        }
    }

    /// The attribute that never changes, not even when an entry is moved.
    pub(super) fn id_attribute(self) -> &'static str {
        match self {
            Self::Rfc => "entryUUID",
            Self::ActiveDirectory => "objectGUID",
        }
    }

    /// A filter that is true of the entry with this id. An id that cannot be one is nobody's.
    pub(super) fn id_filter(self, id: &str) -> String {
        match self {
            Self::Rfc => equals(self.id_attribute(), id),
            Self::ActiveDirectory => form::guid_bytes(id)
                .map_or_else(|| "(!(objectClass=*))".to_owned(), |bytes| bytes_equal(self.id_attribute(), &bytes)),
        }
    }

    /// The parts of a filter that is true of accounts.
    pub(super) fn account_class(self, config: &LdapConfig) -> String {
        match self {
            Self::Rfc => equals("objectClass", config.people.object_classes.first().map_or("person", String::as_str)),
            Self::ActiveDirectory => PERSON_OF_A_DOMAIN.to_owned(),
        }
    }

    /// What is asked for of every account besides what the settings name.
    pub(super) fn own_attributes(self) -> &'static [&'static str] {
        match self {
            Self::Rfc => &["entryUUID"],
            Self::ActiveDirectory => &["objectGUID", "objectSid", "primaryGroupID"],
        }
    }

    /// What is asked for of every group besides its name.
    pub(super) fn group_attributes(self) -> &'static [&'static str] {
        match self {
            Self::Rfc => &["entryUUID"],
            Self::ActiveDirectory => &["objectGUID", "objectSid"],
        }
    }

    /// Whether only the server writes it.
    pub(super) fn is_read_only(self, name: &str) -> bool {
        self == Self::ActiveDirectory && one_of(name, &READ_ONLY_IN_A_DOMAIN)
    }

    /// Whether it usually has several values.
    pub(super) fn has_many(self, name: &str) -> bool {
        match self {
            Self::Rfc => one_of(name, &MANY),
            Self::ActiveDirectory => one_of(name, &MANY_IN_A_DOMAIN),
        }
    }

    /// Whether the server itself takes memberships along when an entry is moved or deleted.
    pub(super) fn keeps_links(self) -> bool {
        self == Self::ActiveDirectory
    }
}

pub(super) fn one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}
