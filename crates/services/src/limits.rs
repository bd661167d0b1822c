//! Every limit of the services, by name.

use std::time::Duration;

/// How long connecting and TLS to an HTTP server may take together.
pub const HTTP_DIAL_TIME_MAX: Duration = Duration::from_secs(10);

/// How long one HTTP request may take from the first byte to the last.
pub const HTTP_REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// How long an HTTP connection may rest and still be used. Many servers hang up after five seconds,
/// and a write over a line that ends at that moment would end in doubt.
pub const HTTP_IDLE_TIME_MAX: Duration = Duration::from_secs(3);

/// How many HTTP requests one connector has in flight.
pub const HTTP_REQUESTS_AT_ONCE_MAX: usize = 8;

/// Bytes of an HTTP answer that are read; a longer one is given up.
pub const HTTP_BODY_BYTES_MAX: usize = 32 << 20;

/// How often a reading request is sent again when the server was busy or the line broke.
pub const HTTP_READ_TRIES_MAX: u32 = 5;

/// The pause before a reading request is sent again when the server names none. It doubles.
pub const HTTP_PAUSE_USUAL: Duration = Duration::from_millis(100);

/// The longest pause that a server may ask for and that is waited through; a longer one is a refusal.
pub const HTTP_PAUSE_MAX: Duration = Duration::from_secs(5);

/// How long before its end a token is renewed.
pub const HTTP_TOKEN_MARGIN: Duration = Duration::from_secs(30);

/// How long a token lives when the server does not say.
pub const HTTP_TOKEN_LIFE_USUAL: Duration = Duration::from_mins(5);

/// How long a session is used before another is opened, where the server does not end it first.
pub const HTTP_SESSION_LIFE_USUAL: Duration = Duration::from_mins(15);

/// How long an assertion that we sign may be used.
pub const HTTP_ASSERTION_LIFE: Duration = Duration::from_mins(5);

/// How deep elements of XML may lie in each other.
pub const HTTP_XML_DEPTH_MAX: usize = 32;

/// How many elements an answer in XML may have.
pub const HTTP_XML_ELEMENTS_MAX: usize = 500_000;

/// How many groups of one SCIM user are read.
pub const SCIM_GROUPS_OF_USER_MAX: usize = 10_000;

/// How many objects are looked through for one that a server cannot be asked for.
pub const SCIM_SCAN_OBJECTS_MAX: usize = 200_000;

/// How many whole answers of servers without paging are kept while they are read in pages.
pub const SCIM_READINGS_OPEN_MAX: usize = 4;

/// How often a change is made anew because the object changed under our hands.
pub const SCIM_REPLANS_MAX: u32 = 3;

/// The longest name of a SCIM attribute, with its path.
pub const SCIM_PATH_LENGTH_MAX: usize = 256;

/// The pause between two looks at a server that shows its writes late.
pub const LOOK_PAUSE: Duration = Duration::from_millis(200);

/// How many objects a page holds where a pack does not say.
pub const REST_PAGE_USUAL: u32 = 1_000;

/// The highest number of a page, or of objects before it.
pub const REST_PAGE_NUMBER_MAX: u64 = 1_000_000_000;

/// How many objects are looked through for one that a service cannot be asked for.
pub const REST_SCAN_OBJECTS_MAX: usize = 200_000;

/// How many pages of a feed are let go by to come to its end.
pub const REST_FEED_PAGES_MAX: usize = 10_000;

/// How many artifacts of one account are listed and ended.
pub const REST_ARTIFACTS_MAX: usize = 10_000;

/// How long one call of a webhook may take, from the name of the host to the end of the answer.
pub const HOOK_TIME_MAX: Duration = Duration::from_secs(20);

/// How long connecting to the receiver of a webhook may take.
pub const HOOK_DIAL_TIME_MAX: Duration = Duration::from_secs(10);

/// The largest body of a webhook that goes out, in bytes.
pub const HOOK_BODY_BYTES_MAX: usize = 256 << 10;

/// The most keys of a webhook at once.
pub const HOOK_KEYS_MAX: usize = 5;

/// The most signatures that are looked at in one header.
pub const HOOK_SIGNATURES_MAX: usize = 10;

/// The longest id of a webhook that comes in, in bytes.
pub const HOOK_ID_BYTES_MAX: usize = 200;

/// How far the clock of whoever signs a webhook may be from ours.
pub const HOOK_AGE_MAX: Duration = Duration::from_mins(5);

/// How long connecting to a mail server may take.
pub const MAIL_DIAL_TIME_MAX: Duration = Duration::from_secs(10);

/// How long everything up to the text of a mail may take together.
pub const MAIL_TIME_MAX: Duration = Duration::from_secs(25);

/// How long a mail server may take to say that it has taken a mail over. Together with the time
/// before, less than a notice is held.
pub const MAIL_DOUBT_TIME_MAX: Duration = Duration::from_secs(25);

/// How long a mail server may take to say goodbye.
pub const MAIL_QUIT_TIME_MAX: Duration = Duration::from_secs(2);

/// The longest line of a mail server, in bytes.
pub const MAIL_LINE_BYTES_MAX: usize = 4096;

/// The most lines of one reply of a mail server.
pub const MAIL_REPLY_LINES_MAX: usize = 100;

/// The longest mail address, in bytes.
pub const MAIL_ADDRESS_BYTES_MAX: usize = 254;

/// The longest name before a mail address.
pub const MAIL_NAME_CHARS_MAX: usize = 100;
