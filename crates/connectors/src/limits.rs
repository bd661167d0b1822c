//! Every limit of the connectors, by name.

use std::time::Duration;

/// How long connecting, TLS and signing in to an LDAP server may take together.
pub const LDAP_DIAL_TIME_MAX: Duration = Duration::from_secs(10);

/// How long one LDAP request may take.
pub const LDAP_REQUEST_TIME_MAX: Duration = Duration::from_secs(15);

/// How many connections one LDAP connector holds at once.
pub const LDAP_CONNECTIONS_MAX: usize = 8;

/// How many paged readings one LDAP connector keeps open at once; each holds a connection.
pub const LDAP_READINGS_OPEN_MAX: usize = 4;

/// How many groups of one account are read.
pub const LDAP_GROUPS_OF_ACCOUNT_MAX: i32 = 10_000;

/// The longest name of an LDAP attribute.
pub const LDAP_ATTRIBUTE_NAME_LENGTH_MAX: usize = 128;
