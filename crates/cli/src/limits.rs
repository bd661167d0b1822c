//! Every limit of the command line, by name.

use std::time::Duration;

/// How long one request may take, unless told otherwise; in the words of the command line.
pub const TIMEOUT_DEFAULT: &str = "30s";

/// How long connecting may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest answer that is read, in bytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The largest file or standard input that is read, in bytes.
pub const INPUT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The largest token file, in bytes.
pub const TOKEN_BYTES_MAX: u64 = 4 * 1024;

/// How many items a list shows, unless told otherwise.
pub const LIST_ITEMS_DEFAULT: usize = 50;

/// How many items are asked for at once.
pub const PAGE_ITEMS: usize = 100;

/// The most pages that one command asks for.
pub const PAGES_MAX: usize = 20_000;

/// How narrow a column of a table may become, in letters.
pub const COLUMN_WIDTH_MIN: usize = 8;

/// The width of a table when the terminal does not say.
pub const WIDTH_DEFAULT: usize = 100;

/// How long something takes before a progress line appears.
pub const PROGRESS_AFTER: Duration = Duration::from_secs(1);

/// How many candidates an error names.
pub const CANDIDATES_MAX: usize = 5;

/// The most causes of an error that are told.
pub const CAUSES_MAX: usize = 8;
