//! Every limit of the connectors, by name.

use std::time::Duration;

/// How long connecting, TLS and signing in to an LDAP server may take together.
pub const LDAP_DIAL_TIME_MAX: Duration = Duration::from_secs(10);

/// How long one LDAP request may take.
pub const LDAP_REQUEST_TIME_MAX: Duration = Duration::from_secs(15);

/// Connections of one LDAP connector that work; as many more look at what was written.
pub const LDAP_CONNECTIONS_MAX: usize = 4;

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

/// How long a server may go on telling what changed, piece after piece.
pub const LDAP_FEED_TIME_MAX: Duration = Duration::from_mins(10);

/// How many groups are asked about in one request while groups within groups are followed.
pub const LDAP_GROUPS_AT_ONCE_MAX: usize = 50;

/// How many steps from group to group are followed.
pub const LDAP_GROUP_DEPTH_MAX: usize = 32;

/// The largest feed, in bytes.
pub const FILE_BYTES_MAX: u64 = 4 << 30;

/// The most rows of a feed.
pub const FILE_ROWS_MAX: u64 = 4_000_000;

/// The most columns of a feed.
pub const FILE_COLUMNS_MAX: usize = 1_000;

/// The longest record of a feed, in bytes.
pub const FILE_RECORD_BYTES_MAX: usize = 1 << 20;

/// How much of a feed is read at a time.
pub const FILE_CHUNK_BYTES: usize = 64 << 10;

/// How much of a feed is looked at to find its delimiter out.
pub const FILE_SAMPLE_BYTES: usize = 64 << 10;

/// How many records of it.
pub const FILE_SAMPLE_RECORDS: u64 = 200;

/// How deep maps within maps are read.
pub const FILE_JSON_DEPTH_MAX: usize = 8;

/// The most problems with rows that are named at once.
pub const FILE_PROBLEMS_TOLD_MAX: usize = 20;

/// The most files that one feed is put together from.
pub const FILE_FILES_MAX: usize = 1_000;

/// The most entries of a folder that are looked at.
pub const FILE_FOLDER_ENTRIES_MAX: usize = 100_000;

/// How many readings of a feed stay open for their later pages.
pub const FILE_READINGS_OPEN_MAX: usize = 4;

/// The most parts of a workbook.
pub const FILE_XLSX_PARTS_MAX: usize = 10_000;

/// The most that one part of a workbook may unfold to, in bytes.
pub const FILE_XLSX_PART_BYTES_MAX: u64 = 2 << 30;

/// How many times its size a part of a workbook may unfold to.
pub const FILE_XLSX_RATIO_MAX: u64 = 200;

/// Below this many bytes a part may unfold as it likes.
pub const FILE_XLSX_RATIO_FREE_BYTES: u64 = 10 << 20;

/// The most bytes of texts that cells of a workbook refer to.
pub const FILE_XLSX_STRINGS_BYTES_MAX: usize = 64 << 20;

/// The most of those texts.
pub const FILE_XLSX_STRINGS_MAX: usize = 1_000_000;

/// How long fetching a feed over HTTP may take.
pub const FILE_HTTP_TIME_MAX: Duration = Duration::from_mins(10);

/// How long the next piece of it may take.
pub const FILE_HTTP_PIECE_TIME_MAX: Duration = Duration::from_secs(30);

/// How many redirects are followed, all to the same host.
pub const FILE_HTTP_REDIRECTS_MAX: usize = 3;

/// How long one SFTP session may take.
pub const FILE_SFTP_TIME_MAX: Duration = Duration::from_mins(10);

/// How long one answer of an SFTP server may take.
pub const FILE_SFTP_ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// The longest packet of an SFTP server, in bytes.
pub const FILE_SFTP_PACKET_BYTES_MAX: u32 = 256 << 10;

/// How long connecting, TLS and signing in to a database may take together.
pub const SQL_DIAL_TIME_MAX: Duration = Duration::from_secs(10);

/// How long one statement may take.
pub const SQL_REQUEST_TIME_MAX: Duration = Duration::from_secs(15);

/// Connections of one connector to its database that work; as many more look at what was written.
pub const SQL_CONNECTIONS_MAX: usize = 4;

/// Statements that one connection to PostgreSQL keeps prepared.
pub const SQL_STATEMENTS_KEPT: usize = 64;

/// The most columns and lists of an account.
pub const SQL_ATTRIBUTES_MAX: usize = 500;

/// The longest name of a table with its schema, or of a column.
pub const SQL_IDENTIFIER_LENGTH_MAX: usize = 128;

/// How many rows that the log of PostgreSQL names are read at once.
pub const SQL_CAPTURED_AT_ONCE: usize = 500;

/// The longest answer of MariaDB or MySQL, in bytes.
pub const SQL_ANSWER_BYTES_MAX: usize = 64 << 20;
