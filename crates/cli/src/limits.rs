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

/// How often a plan that is being worked out is looked at.
pub const PLAN_LOOK: Duration = Duration::from_millis(200);

/// How many people of a set are shown with it, of each kind.
pub const SET_PEOPLE_SHOWN: usize = 10;

/// How long a plan is waited for.
pub const PLAN_TIME_MAX: Duration = Duration::from_mins(30);

/// Lines of a plan besides its summary.
pub const PLAN_LINES_MAX: usize = 19;

/// Parts of a document, and findings, that a plan shows.
pub const PLAN_PARTS_MAX: usize = 6;

/// Folders within folders that are read.
pub const FOLDER_DEPTH_MAX: usize = 8;

/// Documents of a folder at most.
pub const FOLDER_FILES_MAX: usize = 10_000;

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

/// How long a stream of events may stay open; then it is asked for anew.
pub const STREAM_TIME_MAX: Duration = Duration::from_hours(24);

/// How long a stream may bring no event before the run itself is asked how it stands.
pub const STREAM_QUIET: Duration = Duration::from_secs(5);

/// The longest event of a stream, in bytes.
pub const STREAM_EVENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How far the clocks of this machine and of the server may be apart without a word.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(5);

/// How deep the folders of an estate may lie.
pub const ESTATE_DEPTH_MAX: usize = 16;

/// The most people of the sample company.
pub const DEMO_PEOPLE_MAX: u64 = 20_000;

/// How often a run is looked at that an event started, where the server has no stream.
pub const WATCH_EVERY: Duration = Duration::from_millis(100);

/// The largest file that is brought as evidence, in bytes; the server keeps no larger ones.
pub const EVIDENCE_BYTES_MAX: usize = 64 * 1024;

/// How many tasks one command ends.
pub const TASKS_AT_ONCE_MAX: usize = 50;

/// How long a run that was only just asked for may take until it is there.
pub const RUN_APPEARS_MAX: Duration = Duration::from_secs(10);
