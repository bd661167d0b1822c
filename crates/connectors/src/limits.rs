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

/// The most changes that are told at once; beyond it a whole reading is asked for.
pub const LDAP_CHANGES_MAX: usize = 10_000;

/// How far the clock of a directory may be behind ours.
pub const LDAP_CLOCK_SKEW_MAX: Duration = Duration::from_mins(5);

/// Entries in a page while changes are asked for.
pub const LDAP_FEED_PAGE: i32 = 500;

/// Groups in a page while all memberships are read.
pub const LDAP_GROUP_PAGE: i32 = 100;

/// The most members of all groups together that are kept for one reading.
pub const LDAP_MEMBERS_MAX: usize = 5_000_000;
